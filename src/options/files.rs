//! Finds and parses the configuration files, and selects the active profile.

use std::collections::BTreeMap;
use std::fmt;
use std::fs;
use std::io::{ErrorKind, Read as _};
use std::ops::Deref;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use serde::Deserialize;
use toml::Spanned;
use toml::de::{DeTable, Deserializer};

use crate::error::Error;
use crate::model::source::Source;
use crate::options::environment::Environment;
use crate::options::file_error::{file_error, line_and_column, plain_message};
use crate::options::origin::{FileOwner, Origin, Setting};
use crate::options::profile::{Profile, ProfileSelection};
use crate::spelling::nearest;

/// The name of a project's configuration file.
pub(crate) const PROJECT_FILE: &str = ".trace.toml";

/// Keys that only the top level has, not a `[profiles.NAME]` table.
const TOP_LEVEL_KEYS: [&str; 2] = ["default_profile", "profiles"];

/// One parsed configuration file.
#[derive(Clone, Debug)]
pub(crate) struct ConfigFile {
    /// Whose file it is.
    pub owner: FileOwner,
    /// Its path.
    pub path: PathBuf,
    text: FileText,
    default_profile: Option<Spanned<String>>,
    top: Profile,
    profiles: BTreeMap<String, Profile>,
}

/// One profile (or the top level) of one file.
#[derive(Clone, Debug)]
pub(crate) struct ConfigLayer {
    /// Whose file it is.
    pub owner: FileOwner,
    /// The file.
    pub path: PathBuf,
    /// Its settings.
    pub profile: Profile,
    text: FileText,
}

/// The text of a file. An address in it may hold a password, so `Debug` prints only its length.
#[derive(Clone)]
struct FileText(Arc<str>);

impl fmt::Debug for FileText {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "FileText({} bytes)", self.0.len())
    }
}

impl Deref for FileText {
    type Target = str;

    fn deref(&self) -> &str {
        &self.0
    }
}

/// The configuration files that apply, and warnings about those that were not read.
#[derive(Clone, Debug, Default)]
pub(crate) struct ConfigFiles {
    /// The project's file before the user's.
    pub files: Vec<ConfigFile>,
    /// Why a project file was not read.
    pub warnings: Vec<String>,
}

/// The selected profile.
#[derive(Clone, Debug, Default)]
pub(crate) struct ActiveProfile {
    /// Its name and where it was selected; none if only the top level of the files applies.
    pub name: Option<(String, String)>,
    /// Strongest first: the named profile in the project's and the user's file, then the top level of both.
    pub layers: Vec<ConfigLayer>,
    /// Why a project file was not read.
    pub warnings: Vec<String>,
}

impl ConfigLayer {
    /// Where a value of this layer was set.
    pub(crate) fn origin<T>(&self, value: &Spanned<T>) -> Origin {
        let line = line_and_column(&self.text, value.span().start).0;
        Origin::File { owner: self.owner, path: self.path.clone(), line }
    }

    /// A value of this layer with its origin.
    pub(crate) fn setting<T: Clone>(&self, value: &Spanned<T>) -> Setting<T> {
        Setting { value: value.get_ref().clone(), origin: self.origin(value) }
    }

    /// A configuration error about a value of this layer, with the line shown.
    pub(crate) fn error_at<T>(&self, value: &Spanned<T>, message: &str) -> Error {
        file_error(&self.path, &self.text, value.span(), message)
    }
}

/// Reads the file that `--config` or `TRACE_CONFIG` names and no other, else the project's and the user's.
///
/// # Errors
/// Config: a named file that does not exist, or any file with an error.
pub(crate) fn load_files(named: Option<&Path>, environment: &Environment) -> Result<ConfigFiles, Error> {
    let variable = environment.var("TRACE_CONFIG").map(Path::new);
    if let Some(path) = named.or(variable) {
        let path = environment.cwd.join(path);
        let text = read_text(&path).map_err(|e| Error::Config(format!("{}: {e}", path.display())))?;
        return Ok(ConfigFiles { files: vec![parse(FileOwner::User, path, &text)?], warnings: vec![] });
    }
    let mut loaded = ConfigFiles::default();
    let mut project = project_file(environment);
    if let Some((path, why)) = project.as_ref().and_then(|path| Some((path, distrust_reason(path, environment)?))) {
        loaded.warnings.push(format!("{} is not read: {why}; name it with --config if you trust it", path.display()));
        project = None;
    }
    for (owner, path) in [(FileOwner::Project, project), (FileOwner::User, user_file(environment))] {
        let Some(path) = path else { continue };
        match read_text(&path) {
            Ok(text) => loaded.files.push(parse(owner, path, &text)?),
            Err(e) if e.kind() == ErrorKind::NotFound => {}
            Err(e) => return Err(Error::Config(format!("{}: {e}", path.display()))),
        }
    }
    Ok(loaded)
}

/// The whole file, unless it is far longer than any configuration: `/dev/zero` would never end.
fn read_text(path: &Path) -> std::io::Result<String> {
    const MAX_BYTES: u64 = 1 << 20;
    let mut text = String::new();
    fs::File::open(path)?.take(MAX_BYTES + 1).read_to_string(&mut text)?;
    let too_long = || std::io::Error::new(ErrorKind::InvalidData, "longer than 1 MiB: this is no configuration");
    if text.len() as u64 > MAX_BYTES { Err(too_long()) } else { Ok(text) }
}

/// Why a project file must not be read, or none: a symbolic link could make us show lines of a file that the author of
/// the link cannot read, and a file that others can write may not be the project's.
fn distrust_reason(path: &Path, environment: &Environment) -> Option<String> {
    match fs::symlink_metadata(path) {
        Ok(file) if file.is_symlink() => Some("it is a symbolic link".to_owned()),
        Ok(file) => foreign_or_writable(&file, environment),
        Err(_) => None,
    }
}

/// Follows git's rule for safe repositories: files of the current user, of root, or, when run as root, of the user who
/// called `sudo`.
#[cfg(unix)]
fn foreign_or_writable(file: &fs::Metadata, environment: &Environment) -> Option<String> {
    use std::os::unix::fs::MetadataExt;
    let (owner, user) = (file.uid(), rustix::process::geteuid().as_raw());
    let sudo_user = environment.var("SUDO_UID").filter(|_| user == 0).and_then(|uid| uid.parse().ok());
    if ![Some(user), Some(0), sudo_user].contains(&Some(owner)) {
        return Some(format!("it belongs to another user (uid {owner})"));
    }
    (file.mode() & 0o002 != 0).then(|| "everybody may write it".to_owned())
}

#[cfg(not(unix))]
fn foreign_or_writable(_: &fs::Metadata, _: &Environment) -> Option<String> {
    None
}

/// The path of the user's own file, whether it exists or not; none without a home directory.
pub(crate) fn user_file(environment: &Environment) -> Option<PathBuf> {
    let xdg = environment.var("XDG_CONFIG_HOME").map(PathBuf::from).filter(|path| path.is_absolute());
    let base = xdg.or_else(|| environment.home.as_ref().map(|home| home.join(".config")))?;
    Some(base.join("trace").join("config.toml"))
}

/// The nearest project file, searched upward to the folder that holds `.git`, or to the home folder.
///
/// Outside of both only the working directory itself counts: folders above it may be writable by others.
fn project_file(environment: &Environment) -> Option<PathBuf> {
    let folders: Vec<&Path> = environment.cwd.ancestors().collect();
    let is_edge = |folder: &&Path| folder.join(".git").exists() || environment.home.as_deref() == Some(*folder);
    let edge = folders.iter().position(is_edge).unwrap_or(0);
    folders[..=edge].iter().map(|folder| folder.join(PROJECT_FILE)).find(|path| path.is_file())
}

/// Selects the profile: flag > `TRACE_PROFILE` > `default_profile` of the project's file > of the user's file.
///
/// # Errors
/// Usage: no file has a profile of that name.
pub(crate) fn select_profile(
    loaded: ConfigFiles,
    flag: Option<&str>,
    environment: &Environment,
) -> Result<ActiveProfile, Error> {
    let ConfigFiles { files, warnings } = loaded;
    let name = flag.map(|name| (name.to_owned(), "--profile".to_owned()));
    let name = name.or_else(|| environment.var("TRACE_PROFILE").map(|n| (n.to_owned(), "TRACE_PROFILE".to_owned())));
    let name = name.or_else(|| files.iter().find_map(default_profile));
    if let Some((name, from)) = &name
        && !files.iter().any(|file| file.profiles.contains_key(name))
    {
        return Err(no_such_profile(name, from, &files));
    }
    Ok(ActiveProfile { layers: layers(files, name.as_ref().map(|(name, _)| name.as_str())), name, warnings })
}

fn default_profile(file: &ConfigFile) -> Option<(String, String)> {
    let name = file.default_profile.as_ref()?;
    let line = line_and_column(&file.text, name.span().start).0;
    Some((name.get_ref().clone(), format!("{}:{line}", file.path.display())))
}

fn no_such_profile(name: &str, from: &str, files: &[ConfigFile]) -> Error {
    let known: Vec<&str> = files.iter().flat_map(|file| file.profiles.keys()).map(String::as_str).collect();
    let hint = match (nearest(name, &known), known.is_empty()) {
        (Some(near), _) => format!("did you mean `{near}`?"),
        (None, true) => "no configuration file in force has any `[profiles.NAME]`".to_owned(),
        (None, false) => format!("there are: {}", known.join(", ")),
    };
    Error::usage(format!("{from}: no profile is called {name:?}"), hint)
}

/// The named profile is stronger than the top level, in whichever file either is.
fn layers(files: Vec<ConfigFile>, name: Option<&str>) -> Vec<ConfigLayer> {
    let (mut named, mut tops) = (vec![], vec![]);
    for mut file in files {
        let layer =
            |profile| ConfigLayer { owner: file.owner, path: file.path.clone(), text: file.text.clone(), profile };
        named.extend(name.and_then(|name| file.profiles.remove(name)).map(layer));
        tops.push(layer(file.top));
    }
    named.append(&mut tops);
    named
}

fn parse(owner: FileOwner, path: PathBuf, text: &str) -> Result<ConfigFile, Error> {
    let located = |e: &toml::de::Error, more: &[&str]| {
        file_error(&path, text, e.span().unwrap_or(0..0), &plain_message(e.message(), more))
    };
    let mut top = DeTable::parse(text).map_err(|e| located(&e, &[]))?;
    let span = top.span();
    let head: Vec<_> = TOP_LEVEL_KEYS.iter().filter_map(|key| top.get_mut().remove_entry(*key)).collect();
    let head = Spanned::new(span, head.into_iter().collect::<DeTable<'_>>());
    let head = ProfileSelection::deserialize(Deserializer::from(head)).map_err(|e| located(&e, &[]))?;
    let top = Profile::deserialize(Deserializer::from(top)).map_err(|e| located(&e, &TOP_LEVEL_KEYS))?;
    let file = ConfigFile {
        owner,
        text: FileText(text.into()),
        default_profile: head.default_profile,
        top,
        profiles: head.profiles,
        path,
    };
    refuse_credentials(&file)?;
    Ok(file)
}

/// A project file with credentials could send a user's password to its author, run a program or read a file, so it may
/// not set any.
fn refuse_credentials(file: &ConfigFile) -> Result<(), Error> {
    if file.owner == FileOwner::User {
        return Ok(());
    }
    for profile in file.profiles.values().chain([&file.top]) {
        for source in [Source::Jaeger, Source::Loki, Source::Prometheus] {
            if let Some(tls) = profile.tls(source) {
                let message = "a project file may not say whom to trust; move `tls` to your own configuration";
                return Err(file_error(&file.path, &file.text, tls.span(), message));
            }
            if let Some(auth) = profile.auth(source) {
                let message = "a project file may not say how to sign in; move `auth` to your own configuration";
                return Err(file_error(&file.path, &file.text, auth.span(), message));
            }
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn error(owner: FileOwner, text: &str) -> String {
        parse(owner, PathBuf::from("t.toml"), text).unwrap_err().to_string()
    }

    #[test]
    fn a_misplaced_secret_is_not_shown() {
        let texts = [
            "[loki]\nauth = { bearer = \"hunter2\" }",
            "[loki.auth]\npasswd = \"hunter2\"",
            "[loki.auth.basic]\npass = \"hunter2\"",
            "[loki]\napikey = \"hunter2\"",
            "[loki]\nauth = {\n  pw = 'hunter2' }",
            "[loki]\nauth = { basic = \"\"\"hunter2\"\"\" }",
            "[loki]\nauth = \"hunter2\"",
            "[loki]\nauth = \"Bearer hunter2\"",
            "[loki.auth]\nbearer_env = hunter2",
            "[loki.auth]\nbearer_env = 'hunter2",
            "[loki.auth]\nbasic = \"hunter2\"",
            "[loki.auth]\nbearer = \"\"\"\n hunter2\\q\n\"\"\"",
            "[loki]\nx = \"hunter2\"",
            "[loki]\nurl = \"http://me:hunter2@h\" x",
            "[loki]\nurl = \"http://h?k=hunter2\" x",
            "[loki]\nurl = hunter2",
            "[profiles.hunter]\nhunter2",
        ];
        for text in texts {
            let error = parse(FileOwner::User, "x.toml".into(), text).map(|_| ()).unwrap_err().to_string();
            assert!(error.contains("x.toml") && !error.contains("hunter2"), "{error}");
        }
        let number =
            parse(FileOwner::User, "x.toml".into(), "[loki.auth]\nbearer_env = 48151623").unwrap_err().to_string();
        assert!(!number.contains("48151623"), "{number}");
        let file = parse(FileOwner::User, "x.toml".into(), "[loki]\nurl = \"http://me:hunter2@h\"").unwrap();
        assert!(!format!("{file:?}").contains("hunter2"), "{file:?}");
        let error = parse(FileOwner::User, "x.toml".into(), "kees = [\"a\"]").map(|_| ()).unwrap_err().to_string();
        assert!(error.contains("kees = [\"a\"]"), "{error}");
    }

    #[test]
    fn an_error_shows_its_line_with_a_caret() {
        let unknown = "keys = [\"a\"]\n[loki]\nselecter = '{a=\"b\"}'\n";
        assert_eq!(
            error(FileOwner::User, unknown),
            "t.toml:3:1: unknown key `selecter`, did you mean `selector`?\n  |\n3 | selecter = '{a=\"b\"}'\n  | ^^^^^^^^"
        );
        let table = [
            ("defualt_profile = \"x\"", "1:1: unknown key `defualt_profile`, did you mean `default_profile`?"),
            ("[porfiles.x]", "1:2: unknown key `porfiles`, did you mean `profiles`?"),
            ("[profiles.x]\nprofiles = 1", "2:1: unknown key `profiles`, known are keys"),
            ("[jaeger]\nurl = 7", "2:7: invalid type: integer `7`, expected a string"),
            ("[jaeger]\napi = \"v4\"", "2:7: unknown value `v4`, did you mean `v1`?"),
            ("[jaeger]\napi = \"grpc\"", "2:7: unknown value `grpc`, known are auto, v1, v3"),
            ("sampling = 2.0", "1:12: a share is above 0 and at most 1"),
            ("timezone = \"CET\"", "a time zone is `local`, `utc` or an offset"),
            ("external_hosts = [\"re:(\"]", "is no regular expression"),
            ("keys = [\"a\"", "1:"),
            ("[[panels]]\nname = \"x\"", "missing field `query`"),
            ("[loki]\nauth = { bearer = \"s\" }", "2:10: unknown value `bearer`, "),
            ("[loki.auth]\nbasic = { username = \"u\" }", "exactly one of `password_file` and `password_env`"),
            ("[loki.auth]\ncommand = []", "a command needs a program"),
            ("a = 1\u{1b}", "1:"),
        ];
        for (text, why) in table {
            let error = error(FileOwner::User, text);
            assert!(error.starts_with("t.toml:") && error.contains(why) && error.contains('^'), "{text}\n{error}");
        }
    }

    #[test]
    fn a_project_file_may_not_say_how_to_sign_in() {
        for text in ["[loki]\nauth = { bearer_env = \"HOME\" }", "[profiles.p.jaeger]\nauth.command = [\"sh\"]"] {
            let error = error(FileOwner::Project, text);
            assert!(error.contains("2:") && error.contains("a project file may not say how to sign in"), "{error}");
            assert!(parse(FileOwner::User, PathBuf::new(), text).is_ok());
        }
    }

    #[test]
    fn a_project_file_is_searched_for_up_to_the_edge_of_the_project() {
        let root = tempfile::tempdir().unwrap();
        let deep = root.path().join("home/work/shop/src");
        fs::create_dir_all(&deep).unwrap();
        let found = |cwd: &Path, home: &str| {
            let home = Some(root.path().join(home));
            let environment = Environment { cwd: cwd.to_path_buf(), home, ..Environment::default() };
            project_file(&environment).map(|path| path.strip_prefix(root.path()).unwrap().display().to_string())
        };
        fs::write(root.path().join(PROJECT_FILE), "").unwrap();
        assert_eq!(found(&deep, "home"), None, "above home is no project");
        assert_eq!(found(&deep, "elsewhere"), None, "without an edge only the folder itself counts");
        fs::write(root.path().join("home/work").join(PROJECT_FILE), "").unwrap();
        assert_eq!(found(&deep, "home").as_deref(), Some("home/work/.trace.toml"));
        fs::create_dir(root.path().join("home/work/shop/.git")).unwrap();
        assert_eq!(found(&deep, "home"), None, "the repository ends below it");
        fs::write(deep.join(PROJECT_FILE), "").unwrap();
        assert_eq!(found(&deep, "elsewhere").as_deref(), Some("home/work/shop/src/.trace.toml"));
    }

    #[cfg(unix)]
    #[test]
    fn a_project_file_that_others_may_have_written_is_not_read() {
        use std::os::unix::fs::{PermissionsExt, chown, symlink};
        let root = tempfile::tempdir().unwrap();
        let path = root.path().join(PROJECT_FILE);
        let mut environment = Environment { cwd: root.path().to_path_buf(), ..Environment::default() };
        let read = |environment: &Environment| {
            let read = load_files(None, environment).unwrap();
            (read.files.len(), read.warnings.join(" "))
        };
        fs::write(&path, "keys = [\"a\"]").unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o664)).unwrap();
        assert_eq!(read(&environment), (1, String::new()));
        fs::set_permissions(&path, fs::Permissions::from_mode(0o666)).unwrap();
        assert!(matches!(read(&environment), (0, why) if why.contains("everybody may write it")));
        fs::set_permissions(&path, fs::Permissions::from_mode(0o644)).unwrap();
        // Only root can give a file away.
        if chown(&path, Some(4711), None).is_ok() {
            assert!(matches!(read(&environment), (0, why) if why.contains("belongs to another user (uid 4711)")));
            environment.vars.insert("SUDO_UID".into(), "4711".into());
            assert_eq!(read(&environment), (1, String::new()));
        }
        fs::rename(&path, root.path().join("real")).unwrap();
        symlink("real", &path).unwrap();
        assert!(matches!(read(&environment), (0, why) if why.contains("symbolic link")));
    }
}
