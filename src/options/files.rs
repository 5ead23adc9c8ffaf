//! The configuration files: finding, reading, and saying precisely what is wrong with them.

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
use crate::model::evidence::Source;
use crate::options::complaint::{complaint, plain_message, position};
use crate::options::environment::Environment;
use crate::options::profile::{Head, Profile};
use crate::spelling::nearest;

/// The name of the file that a project may carry.
pub const PROJECT_FILE: &str = ".trace.toml";

/// The keys that only the top level has.
const HEAD_KEYS: [&str; 2] = ["default_profile", "profiles"];

/// Whose file it is, hence how far it is trusted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Owner {
    /// Came with a folder that somebody else may have written: no credentials, and none sent where it says.
    Project,
    /// The user's own.
    User,
}

impl Owner {
    /// The lower-case word.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Project => "project",
            Self::User => "user",
        }
    }
}

/// One file, read.
#[derive(Clone, Debug)]
pub struct LoadedConfigFile {
    /// Whose.
    pub owner: Owner,
    /// Where.
    pub path: PathBuf,
    text: FileText,
    default_profile: Option<Spanned<String>>,
    top: Profile,
    profiles: BTreeMap<String, Profile>,
}

/// One profile of one file.
#[derive(Clone, Debug)]
pub struct Layer {
    /// Whose.
    pub owner: Owner,
    /// The file.
    pub path: PathBuf,
    /// What it says.
    pub profile: Profile,
    text: FileText,
}

/// What a file says. It may hold a password in an address, and so it does not print.
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

/// The files in force, and what is to be said of one that is not.
#[derive(Clone, Debug, Default)]
pub struct Read {
    /// The project's first.
    pub files: Vec<LoadedConfigFile>,
    /// Why a project's file was not read.
    pub warnings: Vec<String>,
}

/// The profile in force, and the layers it is made of, strongest first.
#[derive(Clone, Debug, Default)]
pub struct Chosen {
    /// Its name and where it was chosen; none for the files' top level.
    pub name: Option<(String, String)>,
    /// The named profile in the project's and the user's file, then their top levels.
    pub layers: Vec<Layer>,
    /// What is to be said of files that were not read.
    pub warnings: Vec<String>,
}

impl Layer {
    /// The line on which a value stands, from 1.
    pub fn line<T>(&self, value: &Spanned<T>) -> usize {
        position(&self.text, value.span().start).0
    }

    /// An error about a value of this file, with the place shown.
    pub fn wrong<T>(&self, value: &Spanned<T>, message: &str) -> Error {
        complaint(&self.path, &self.text, value.span(), message)
    }
}

/// Reads the files in force: the one that `--config` or `TRACE_CONFIG` names and no other, else the project's and the user's.
///
/// # Errors
/// Config: a named file that is not there, or any file that is wrong.
pub fn read_all(named: Option<&Path>, surroundings: &Environment) -> Result<Read, Error> {
    let variable = surroundings.var("TRACE_CONFIG").map(Path::new);
    if let Some(path) = named.or(variable) {
        let path = surroundings.cwd.join(path);
        let text = text_of(&path).map_err(|e| Error::Config(format!("{}: {e}", path.display())))?;
        return Ok(Read { files: vec![parse(Owner::User, path, &text)?], warnings: vec![] });
    }
    let mut read = Read::default();
    let mut project = project_file(surroundings);
    if let Some((path, why)) = project.as_ref().and_then(|path| Some((path, stranger(path, surroundings)?))) {
        read.warnings.push(format!("{} is not read: {why}; name it with --config if you trust it", path.display()));
        project = None;
    }
    for (owner, path) in [(Owner::Project, project), (Owner::User, user_file(surroundings))] {
        let Some(path) = path else { continue };
        match text_of(&path) {
            Ok(text) => read.files.push(parse(owner, path, &text)?),
            Err(e) if e.kind() == ErrorKind::NotFound => {}
            Err(e) => return Err(Error::Config(format!("{}: {e}", path.display()))),
        }
    }
    Ok(read)
}

/// The whole file, unless it is far longer than any configuration.
fn text_of(path: &Path) -> std::io::Result<String> {
    const LONGEST: u64 = 1 << 20;
    let mut text = String::new();
    fs::File::open(path)?.take(LONGEST + 1).read_to_string(&mut text)?;
    let too_long = || std::io::Error::new(ErrorKind::InvalidData, "longer than 1 MiB: this is no configuration");
    if text.len() as u64 > LONGEST { Err(too_long()) } else { Ok(text) }
}

/// Why a project's file is not to be read at all: a link could make us show lines of a file that its author cannot
/// read, and what others may write is not the project's.
fn stranger(path: &Path, surroundings: &Environment) -> Option<String> {
    match fs::symlink_metadata(path) {
        Ok(file) if file.is_symlink() => Some("it is a symbolic link".to_owned()),
        Ok(file) => somebody_elses(&file, surroundings),
        Err(_) => None,
    }
}

/// As git decides whose repository is safe: ours, root's, or, for root, that of the user who called `sudo`.
#[cfg(unix)]
fn somebody_elses(file: &fs::Metadata, surroundings: &Environment) -> Option<String> {
    use std::os::unix::fs::MetadataExt;
    let (owner, me) = (file.uid(), rustix::process::geteuid().as_raw());
    let caller = surroundings.var("SUDO_UID").filter(|_| me == 0).and_then(|uid| uid.parse().ok());
    if ![Some(me), Some(0), caller].contains(&Some(owner)) {
        return Some(format!("it belongs to another user (uid {owner})"));
    }
    (file.mode() & 0o002 != 0).then(|| "everybody may write it".to_owned())
}

#[cfg(not(unix))]
fn somebody_elses(_: &fs::Metadata, _: &Environment) -> Option<String> {
    None
}

/// The user's own file, whether it exists or not.
pub fn user_file(surroundings: &Environment) -> Option<PathBuf> {
    let xdg = surroundings.var("XDG_CONFIG_HOME").map(PathBuf::from).filter(|path| path.is_absolute());
    let base = xdg.or_else(|| surroundings.home.as_ref().map(|home| home.join(".config")))?;
    Some(base.join("trace").join("config.toml"))
}

/// The nearest project file, searched upward to the folder that holds `.git`, or to the home folder.
///
/// Outside of both only the working directory itself counts: above it anybody may have written.
fn project_file(surroundings: &Environment) -> Option<PathBuf> {
    let folders: Vec<&Path> = surroundings.cwd.ancestors().collect();
    let is_edge = |folder: &&Path| folder.join(".git").exists() || surroundings.home.as_deref() == Some(*folder);
    let edge = folders.iter().position(is_edge).unwrap_or(0);
    folders[..=edge].iter().map(|folder| folder.join(PROJECT_FILE)).find(|path| path.is_file())
}

/// Decides which profile is in force.
///
/// # Errors
/// Usage: a name that no file has.
pub fn choose(read: Read, flag: Option<&str>, surroundings: &Environment) -> Result<Chosen, Error> {
    let Read { files, warnings } = read;
    let name = flag.map(|name| (name.to_owned(), "--profile".to_owned()));
    let name = name.or_else(|| surroundings.var("TRACE_PROFILE").map(|n| (n.to_owned(), "TRACE_PROFILE".to_owned())));
    let name = name.or_else(|| files.iter().find_map(default_profile));
    if let Some((name, from)) = &name
        && !files.iter().any(|file| file.profiles.contains_key(name))
    {
        return Err(no_such_profile(name, from, &files));
    }
    Ok(Chosen { layers: layers(files, name.as_ref().map(|(name, _)| name.as_str())), name, warnings })
}

fn default_profile(file: &LoadedConfigFile) -> Option<(String, String)> {
    let told = file.default_profile.as_ref()?;
    let line = position(&file.text, told.span().start).0;
    Some((told.get_ref().clone(), format!("{}:{line}", file.path.display())))
}

fn no_such_profile(name: &str, from: &str, files: &[LoadedConfigFile]) -> Error {
    let known: Vec<&str> = files.iter().flat_map(|file| file.profiles.keys()).map(String::as_str).collect();
    let hint = match (nearest(name, &known), known.is_empty()) {
        (Some(near), _) => format!("did you mean `{near}`?"),
        (None, true) => "no configuration file in force has any `[profiles.NAME]`".to_owned(),
        (None, false) => format!("there are: {}", known.join(", ")),
    };
    Error::usage(format!("{from}: no profile is called {name:?}"), hint)
}

/// What is said for the named profile goes before what is said for all, wherever it is said.
fn layers(files: Vec<LoadedConfigFile>, name: Option<&str>) -> Vec<Layer> {
    let (mut named, mut tops) = (vec![], vec![]);
    for mut file in files {
        let layer = |profile| Layer { owner: file.owner, path: file.path.clone(), text: file.text.clone(), profile };
        named.extend(name.and_then(|name| file.profiles.remove(name)).map(layer));
        tops.push(layer(file.top));
    }
    named.append(&mut tops);
    named
}

fn parse(owner: Owner, path: PathBuf, text: &str) -> Result<LoadedConfigFile, Error> {
    let told = |e: toml::de::Error| complaint(&path, text, e.span().unwrap_or(0..0), &plain_message(e.message(), &[]));
    let told_at_top =
        |e: toml::de::Error| complaint(&path, text, e.span().unwrap_or(0..0), &plain_message(e.message(), &HEAD_KEYS));
    let mut top = DeTable::parse(text).map_err(told)?;
    let span = top.span();
    let head: Vec<_> = HEAD_KEYS.iter().filter_map(|key| top.get_mut().remove_entry(*key)).collect();
    let head = Spanned::new(span, head.into_iter().collect::<DeTable<'_>>());
    let head = Head::deserialize(Deserializer::from(head)).map_err(told)?;
    let top = Profile::deserialize(Deserializer::from(top)).map_err(told_at_top)?;
    let file = LoadedConfigFile {
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

/// A project file could send a user's password to its author, run a program or read a file; so it says nothing of credentials.
fn refuse_credentials(file: &LoadedConfigFile) -> Result<(), Error> {
    if file.owner == Owner::User {
        return Ok(());
    }
    for profile in file.profiles.values().chain([&file.top]) {
        for source in [Source::Jaeger, Source::Loki, Source::Prometheus] {
            if let Some(tls) = profile.tls(source) {
                let message = "a project file may not say whom to trust; move `tls` to your own configuration";
                return Err(complaint(&file.path, &file.text, tls.span(), message));
            }
            if let Some(auth) = profile.auth(source) {
                let message = "a project file may not say how to sign in; move `auth` to your own configuration";
                return Err(complaint(&file.path, &file.text, auth.span(), message));
            }
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn wrong(owner: Owner, text: &str) -> String {
        parse(owner, PathBuf::from("t.toml"), text).unwrap_err().to_string()
    }

    #[test]
    fn a_secret_that_stands_where_it_should_not_is_not_shown() {
        let wrong = [
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
        for text in wrong {
            let error = parse(Owner::User, "x.toml".into(), text).map(|_| ()).unwrap_err().to_string();
            assert!(error.contains("x.toml") && !error.contains("hunter2"), "{error}");
        }
        let number = parse(Owner::User, "x.toml".into(), "[loki.auth]\nbearer_env = 48151623").unwrap_err().to_string();
        assert!(!number.contains("48151623"), "{number}");
        let file = parse(Owner::User, "x.toml".into(), "[loki]\nurl = \"http://me:hunter2@h\"").unwrap();
        assert!(!format!("{file:?}").contains("hunter2"), "{file:?}");
        let error = parse(Owner::User, "x.toml".into(), "kees = [\"a\"]").map(|_| ()).unwrap_err().to_string();
        assert!(error.contains("kees = [\"a\"]"), "{error}");
    }

    #[test]
    fn what_is_wrong_is_shown_where_it_is() {
        let unknown = "keys = [\"a\"]\n[loki]\nselecter = '{a=\"b\"}'\n";
        assert_eq!(
            wrong(Owner::User, unknown),
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
            let told = wrong(Owner::User, text);
            assert!(told.starts_with("t.toml:") && told.contains(why) && told.contains('^'), "{text}\n{told}");
        }
    }

    #[test]
    fn a_project_file_may_not_say_how_to_sign_in() {
        for text in ["[loki]\nauth = { bearer_env = \"HOME\" }", "[profiles.p.jaeger]\nauth.command = [\"sh\"]"] {
            assert!(wrong(Owner::Project, text).contains("2:"), "{}", wrong(Owner::Project, text));
            assert!(wrong(Owner::Project, text).contains("a project file may not say how to sign in"));
            assert!(parse(Owner::User, PathBuf::new(), text).is_ok());
        }
    }

    #[test]
    fn a_project_file_is_looked_for_up_to_the_edge_of_the_project() {
        let root = tempfile::tempdir().unwrap();
        let deep = root.path().join("home/work/shop/src");
        fs::create_dir_all(&deep).unwrap();
        let found = |cwd: &Path, home: &str| {
            let home = Some(root.path().join(home));
            let world = Environment { cwd: cwd.to_path_buf(), home, ..Environment::default() };
            project_file(&world).map(|path| path.strip_prefix(root.path()).unwrap().display().to_string())
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
        let mut world = Environment { cwd: root.path().to_path_buf(), ..Environment::default() };
        let read = |world: &Environment| {
            let read = read_all(None, world).unwrap();
            (read.files.len(), read.warnings.join(" "))
        };
        fs::write(&path, "keys = [\"a\"]").unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o664)).unwrap();
        assert_eq!(read(&world), (1, String::new()));
        fs::set_permissions(&path, fs::Permissions::from_mode(0o666)).unwrap();
        assert!(matches!(read(&world), (0, why) if why.contains("everybody may write it")));
        fs::set_permissions(&path, fs::Permissions::from_mode(0o644)).unwrap();
        // Only root can give a file away.
        if chown(&path, Some(4711), None).is_ok() {
            assert!(matches!(read(&world), (0, why) if why.contains("belongs to another user (uid 4711)")));
            world.vars.insert("SUDO_UID".into(), "4711".into());
            assert_eq!(read(&world), (1, String::new()));
        }
        fs::rename(&path, root.path().join("real")).unwrap();
        symlink("real", &path).unwrap();
        assert!(matches!(read(&world), (0, why) if why.contains("symbolic link")));
    }
}
