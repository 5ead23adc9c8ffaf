//! Files that are written whole or not at all.

use std::fs::{self, File, Metadata, OpenOptions};
use std::io::{self, ErrorKind, Write as _};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError, TryLockError};
use std::time::{Duration, Instant};

use tempfile::{Builder, NamedTempFile};

/// Symbolic links that are followed: as many as Linux follows before it reports a loop.
const MAX_LINKS: usize = 40;

/// Who may read a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Access {
    /// The permissions of the file that is replaced; those of the umask for a new one.
    Usual,
    /// Read and write for the owner only.
    Private,
}

/// What a path leads to.
enum Target {
    /// A file to replace, with the metadata of what is there now.
    File(PathBuf, Option<Metadata>),
    /// A pipe, a device, an open descriptor: cannot be replaced.
    Stream,
}

/// Held while a temporary file is written beside its target.
static WRITING: Mutex<()> = Mutex::new(());

/// Writes a file: a reader sees the old content or the new one, never a part. A pipe, a device or an open descriptor gets
/// the bytes appended.
///
/// # Errors
/// The I/O error. The file is unchanged then, and no temporary file is left.
pub fn write_atomically(path: &Path, bytes: &[u8], access: Access) -> io::Result<()> {
    match resolve(path)? {
        // Never truncated: a shell's `>>` means the end of what is there.
        Target::Stream => OpenOptions::new().append(true).open(path)?.write_all(bytes),
        Target::File(target, before) => {
            let _guard = WRITING.lock().unwrap_or_else(PoisonError::into_inner);
            replace(&target, before, bytes, access)
        }
    }
}

/// The absolute path of a file, which need not exist; none for anything else, such as a pipe.
pub(crate) fn file_at(path: &Path) -> Option<PathBuf> {
    match fs::metadata(path) {
        Ok(there) if !there.is_file() => None,
        Ok(_) => fs::canonicalize(path).ok(),
        Err(_) => {
            let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
            Some(fs::canonicalize(folder).ok()?.join(path.file_name()?))
        }
    }
}

/// Waits until no file is half written, and keeps further writes from beginning while the guard lives: for a thread that
/// ends the process. None after `timeout`.
pub fn pause_writing(timeout: Duration) -> Option<MutexGuard<'static, ()>> {
    let until = Instant::now() + timeout;
    loop {
        match WRITING.try_lock() {
            Ok(guard) => return Some(guard),
            Err(TryLockError::Poisoned(guard)) => return Some(guard.into_inner()),
            Err(TryLockError::WouldBlock) if Instant::now() >= until => return None,
            Err(TryLockError::WouldBlock) => std::thread::sleep(Duration::from_millis(1)),
        }
    }
}

/// Follows symbolic links: their target is replaced, not the link.
fn resolve(path: &Path) -> io::Result<Target> {
    let mut path = path.to_owned();
    for _ in 0..MAX_LINKS {
        let is_descriptor = ["/proc", "/dev/fd", "/dev/stdin", "/dev/stdout", "/dev/stderr"];
        if is_descriptor.iter().any(|place| path.starts_with(place)) {
            return Ok(Target::Stream);
        }
        let there = match fs::symlink_metadata(&path) {
            Ok(there) => there,
            Err(e) if e.kind() == ErrorKind::NotFound => return Ok(Target::File(path, None)),
            Err(e) => return Err(e),
        };
        if !there.is_symlink() {
            return Ok(if there.is_file() { Target::File(path, Some(there)) } else { Target::Stream });
        }
        path = folder(&path).join(fs::read_link(&path)?);
    }
    Err(io::Error::other("too many symbolic links lead on from one another"))
}

fn replace(target: &Path, before: Option<Metadata>, bytes: &[u8], access: Access) -> io::Result<()> {
    if before.is_some() {
        // A file that is protected against writing is protected against being replaced.
        OpenOptions::new().write(true).open(target)?;
    }
    let mut new = temporary_file(target, access)?;
    // Through the file handle: errors of the wrapper name the temporary file, which means nothing to the user.
    new.as_file_mut().write_all(bytes)?;
    if let Some(before) = before.filter(|_| access == Access::Usual) {
        new.as_file().set_permissions(before.permissions())?;
    }
    new.persist(target).map(drop).map_err(|e| e.error)
}

/// A temporary file in the same folder, so that it can be renamed to the target. It is removed unless that happens.
fn temporary_file(target: &Path, access: Access) -> io::Result<NamedTempFile<File>> {
    let mut builder = Builder::new();
    builder.prefix(".trace-");
    // The mode that any program asks for; the umask takes from it.
    #[cfg(unix)]
    if access == Access::Usual {
        builder.permissions(std::os::unix::fs::PermissionsExt::from_mode(0o666));
    }
    let folder = folder(target);
    fs::metadata(folder)?;
    builder.tempfile_in(folder).map_err(|e| e.kind().into())
}

fn folder(path: &Path) -> &Path {
    path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."))
}

#[cfg(all(test, unix))]
mod tests {
    use super::*;
    use std::fs::Permissions;
    use std::os::unix::fs::{PermissionsExt as _, symlink};

    fn mode(path: &Path) -> u32 {
        fs::metadata(path).unwrap().permissions().mode() & 0o777
    }

    #[test]
    fn a_file_is_replaced_with_its_mode_and_through_links() {
        let folder = tempfile::tempdir().unwrap();
        let at = |name: &str| folder.path().join(name);
        fs::write(at("plain"), "of the same mode as any other").unwrap();
        write_atomically(&at("new"), b"1", Access::Usual).unwrap();
        assert_eq!(mode(&at("new")), mode(&at("plain")));
        fs::set_permissions(at("new"), Permissions::from_mode(0o640)).unwrap();
        symlink("new", at("link")).unwrap();
        symlink(at("link"), at("link to it")).unwrap();
        write_atomically(&at("link to it"), b"2", Access::Usual).unwrap();
        assert_eq!((fs::read(at("new")).unwrap(), mode(&at("new"))), (b"2".to_vec(), 0o640));
        assert!(fs::symlink_metadata(at("link")).unwrap().is_symlink());
        symlink("not yet", at("dangling")).unwrap();
        write_atomically(&at("dangling"), b"3", Access::Private).unwrap();
        assert_eq!((fs::read(at("not yet")).unwrap(), mode(&at("not yet"))), (b"3".to_vec(), 0o600));
        write_atomically(&at("new"), b"4", Access::Private).unwrap();
        assert_eq!(mode(&at("new")), 0o600, "what others could read becomes private");
    }

    #[test]
    fn a_failed_write_leaves_nothing_behind() {
        let folder = tempfile::tempdir().unwrap();
        let at = |name: &str| folder.path().join(name);
        symlink("round", at("round")).unwrap();
        fs::create_dir(at("folder")).unwrap();
        for (name, says) in [("round", "links"), ("folder", "directory"), ("no/such", "No such file")] {
            let error = write_atomically(&at(name), b"x", Access::Usual).unwrap_err().to_string();
            assert!(error.contains(says) && !error.contains(".trace-"), "{name}: {error}");
        }
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 2);
        assert!(write_atomically(Path::new("/dev/full"), b"x", Access::Usual).is_err());
    }
}
