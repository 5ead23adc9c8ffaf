//! Files that are written whole or not at all.

use std::fs::{self, File, Metadata, OpenOptions};
use std::io::{self, ErrorKind, Write as _};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError, TryLockError};
use std::time::{Duration, Instant};

use tempfile::{Builder, NamedTempFile};

/// How many symbolic links lead on from one another before they are taken for a circle; as Linux counts.
const MOST_LINKS: usize = 40;

/// Who may read a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Access {
    /// Whoever could read the file before; of a new one, whom the umask lets.
    Usual,
    /// Its owner only.
    Private,
}

/// Where bytes go.
enum Destination {
    /// A file that is replaced whole, and what is there now.
    File(PathBuf, Option<Metadata>),
    /// A pipe, a device, an open descriptor: cannot be replaced.
    Stream,
}

/// Held while a file has a half-written one beside it.
static BEING_WRITTEN: Mutex<()> = Mutex::new(());

/// Writes this file: at any moment it is the old one or the new one. Where the path leads to a pipe, a device or an
/// open descriptor, the bytes go there.
///
/// # Errors
/// As the system says. Then the file is as it was, and nothing is left beside it.
pub fn whole(path: &Path, bytes: &[u8], access: Access) -> io::Result<()> {
    match place(path)? {
        // Never truncated: a shell's `>>` means the end of what is there.
        Destination::Stream => OpenOptions::new().append(true).open(path)?.write_all(bytes),
        Destination::File(target, before) => {
            let _at_work = BEING_WRITTEN.lock().unwrap_or_else(PoisonError::into_inner);
            replace(&target, before, bytes, access)
        }
    }
}

/// Which file a path means, however it is spelled, whether it is there or not; none of what is no file, such as a pipe.
pub fn file_at(path: &Path) -> Option<PathBuf> {
    match fs::metadata(path) {
        Ok(there) if !there.is_file() => None,
        Ok(_) => fs::canonicalize(path).ok(),
        Err(_) => {
            let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
            Some(fs::canonicalize(folder).ok()?.join(path.file_name()?))
        }
    }
}

/// Waits until no file is half written, at most so long, and keeps any further one from being begun: for whoever ends
/// the process from another thread.
pub fn at_rest(most: Duration) -> Option<MutexGuard<'static, ()>> {
    let until = Instant::now() + most;
    loop {
        match BEING_WRITTEN.try_lock() {
            Ok(guard) => return Some(guard),
            Err(TryLockError::Poisoned(guard)) => return Some(guard.into_inner()),
            Err(TryLockError::WouldBlock) if Instant::now() >= until => return None,
            Err(TryLockError::WouldBlock) => std::thread::sleep(Duration::from_millis(1)),
        }
    }
}

/// Follows the links: what they lead to is replaced, not they.
fn place(path: &Path) -> io::Result<Destination> {
    let mut path = path.to_owned();
    for _ in 0..MOST_LINKS {
        let is_descriptor = ["/proc", "/dev/fd", "/dev/stdin", "/dev/stdout", "/dev/stderr"];
        if is_descriptor.iter().any(|place| path.starts_with(place)) {
            return Ok(Destination::Stream);
        }
        let there = match fs::symlink_metadata(&path) {
            Ok(there) => there,
            Err(e) if e.kind() == ErrorKind::NotFound => return Ok(Destination::File(path, None)),
            Err(e) => return Err(e),
        };
        if !there.is_symlink() {
            return Ok(if there.is_file() { Destination::File(path, Some(there)) } else { Destination::Stream });
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
    let mut new = beside(target, access)?;
    // To the file itself: a complaint of the other names a file that nobody knows.
    new.as_file_mut().write_all(bytes)?;
    if let Some(before) = before.filter(|_| access == Access::Usual) {
        new.as_file().set_permissions(before.permissions())?;
    }
    new.persist(target).map(drop).map_err(|e| e.error)
}

/// A new file in the same folder, so that it can take the other's name. It goes away unless it does.
fn beside(target: &Path, access: Access) -> io::Result<NamedTempFile<File>> {
    let mut builder = Builder::new();
    builder.prefix(".trace-");
    // What anybody asks for in a new file; the umask takes from it.
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
        whole(&at("new"), b"1", Access::Usual).unwrap();
        assert_eq!(mode(&at("new")), mode(&at("plain")));
        fs::set_permissions(at("new"), Permissions::from_mode(0o640)).unwrap();
        symlink("new", at("link")).unwrap();
        symlink(at("link"), at("link to it")).unwrap();
        whole(&at("link to it"), b"2", Access::Usual).unwrap();
        assert_eq!((fs::read(at("new")).unwrap(), mode(&at("new"))), (b"2".to_vec(), 0o640));
        assert!(fs::symlink_metadata(at("link")).unwrap().is_symlink());
        symlink("not yet", at("dangling")).unwrap();
        whole(&at("dangling"), b"3", Access::Private).unwrap();
        assert_eq!((fs::read(at("not yet")).unwrap(), mode(&at("not yet"))), (b"3".to_vec(), 0o600));
        whole(&at("new"), b"4", Access::Private).unwrap();
        assert_eq!(mode(&at("new")), 0o600, "what others could read becomes private");
    }

    #[test]
    fn what_fails_leaves_nothing_behind() {
        let folder = tempfile::tempdir().unwrap();
        let at = |name: &str| folder.path().join(name);
        symlink("round", at("round")).unwrap();
        fs::create_dir(at("folder")).unwrap();
        for (name, says) in [("round", "links"), ("folder", "directory"), ("no/such", "No such file")] {
            let error = whole(&at(name), b"x", Access::Usual).unwrap_err().to_string();
            assert!(error.contains(says) && !error.contains(".trace-"), "{name}: {error}");
        }
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 2);
        assert!(whole(Path::new("/dev/full"), b"x", Access::Usual).is_err());
    }
}
