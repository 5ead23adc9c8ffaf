//! The configuration files: finding, reading, and saying precisely what is wrong with them.

use std::collections::BTreeMap;
use std::fmt::Write;
use std::fs;
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use serde::Deserialize;
use toml::Spanned;
use toml::de::{DeTable, Deserializer};

use crate::error::Error;
use crate::model::evidence::Source;
use crate::options::profile::{Head, Profile};
use crate::options::surroundings::Surroundings;

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
    pub fn word(self) -> &'static str {
        match self {
            Self::Project => "project",
            Self::User => "user",
        }
    }
}

/// One file, read.
#[derive(Clone, Debug)]
pub struct ConfigFile {
    /// Whose.
    pub owner: Owner,
    /// Where.
    pub path: PathBuf,
    text: Arc<str>,
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
    text: Arc<str>,
}

/// The profile in force, and the layers it is made of, strongest first.
#[derive(Clone, Debug, Default)]
pub struct Chosen {
    /// Its name and where it was chosen; none for the files' top level.
    pub name: Option<(String, String)>,
    /// The named profile in the project's and the user's file, then their top levels.
    pub layers: Vec<Layer>,
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
pub fn read_all(named: Option<&Path>, surroundings: &Surroundings) -> Result<Vec<ConfigFile>, Error> {
    let variable = surroundings.var("TRACE_CONFIG").map(Path::new);
    if let Some(path) = named.or(variable) {
        let path = surroundings.cwd.join(path);
        let text = fs::read_to_string(&path).map_err(|e| Error::Config(format!("{}: {e}", path.display())))?;
        return Ok(vec![parse(Owner::User, path, &text)?]);
    }
    let places = [(Owner::Project, project_file(surroundings)), (Owner::User, user_file(surroundings))];
    let mut files = vec![];
    for (owner, path) in places {
        let Some(path) = path else { continue };
        match fs::read_to_string(&path) {
            Ok(text) => files.push(parse(owner, path, &text)?),
            Err(e) if e.kind() == std::io::ErrorKind::NotFound => {}
            Err(e) => return Err(Error::Config(format!("{}: {e}", path.display()))),
        }
    }
    Ok(files)
}

/// The user's own file, whether it exists or not.
pub fn user_file(surroundings: &Surroundings) -> Option<PathBuf> {
    let xdg = surroundings.var("XDG_CONFIG_HOME").map(PathBuf::from).filter(|path| path.is_absolute());
    let base = xdg.or_else(|| surroundings.home.as_ref().map(|home| home.join(".config")))?;
    Some(base.join("trace").join("config.toml"))
}

/// The nearest project file, searched upward to the folder that holds `.git`, or to the home folder.
///
/// Outside of both only the working directory itself counts: above it anybody may have written.
fn project_file(surroundings: &Surroundings) -> Option<PathBuf> {
    let folders: Vec<&Path> = surroundings.cwd.ancestors().collect();
    let is_edge = |folder: &&Path| folder.join(".git").exists() || surroundings.home.as_deref() == Some(*folder);
    let edge = folders.iter().position(is_edge).unwrap_or(0);
    folders[..=edge].iter().map(|folder| folder.join(PROJECT_FILE)).find(|path| path.is_file())
}

/// Decides which profile is in force.
///
/// # Errors
/// Usage: a name that no file has.
pub fn choose(files: Vec<ConfigFile>, flag: Option<&str>, surroundings: &Surroundings) -> Result<Chosen, Error> {
    let name = flag.map(|name| (name.to_owned(), "--profile".to_owned()));
    let name = name.or_else(|| surroundings.var("TRACE_PROFILE").map(|n| (n.to_owned(), "TRACE_PROFILE".to_owned())));
    let name = name.or_else(|| files.iter().find_map(default_profile));
    if let Some((name, from)) = &name
        && !files.iter().any(|file| file.profiles.contains_key(name))
    {
        return Err(no_such_profile(name, from, &files));
    }
    Ok(Chosen { layers: layers(files, name.as_ref().map(|(name, _)| name.as_str())), name })
}

fn default_profile(file: &ConfigFile) -> Option<(String, String)> {
    let told = file.default_profile.as_ref()?;
    let line = position(&file.text, told.span().start).0;
    Some((told.get_ref().clone(), format!("{}:{line}", file.path.display())))
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

/// What is said for the named profile goes before what is said for all, wherever it is said.
fn layers(files: Vec<ConfigFile>, name: Option<&str>) -> Vec<Layer> {
    let (mut named, mut tops) = (vec![], vec![]);
    for mut file in files {
        let layer = |profile| Layer { owner: file.owner, path: file.path.clone(), text: file.text.clone(), profile };
        named.extend(name.and_then(|name| file.profiles.remove(name)).map(layer));
        tops.push(layer(file.top));
    }
    named.append(&mut tops);
    named
}

fn parse(owner: Owner, path: PathBuf, text: &str) -> Result<ConfigFile, Error> {
    let told = |e: toml::de::Error| complaint(&path, text, e.span().unwrap_or(0..0), &plain_message(e.message(), &[]));
    let told_at_top =
        |e: toml::de::Error| complaint(&path, text, e.span().unwrap_or(0..0), &plain_message(e.message(), &HEAD_KEYS));
    let mut top = DeTable::parse(text).map_err(told)?;
    let span = top.span();
    let head: Vec<_> = HEAD_KEYS.iter().filter_map(|key| top.get_mut().remove_entry(*key)).collect();
    let head = Spanned::new(span, head.into_iter().collect::<DeTable<'_>>());
    let head = Head::deserialize(Deserializer::from(head)).map_err(told)?;
    let top = Profile::deserialize(Deserializer::from(top)).map_err(told_at_top)?;
    let file = ConfigFile {
        owner,
        text: text.into(),
        default_profile: head.default_profile,
        top,
        profiles: head.profiles,
        path,
    };
    refuse_credentials(&file)?;
    Ok(file)
}

/// A project file could send a user's password to its author, run a program or read a file; so it says nothing of credentials.
fn refuse_credentials(file: &ConfigFile) -> Result<(), Error> {
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

/// `message` with the file, the line, the column, the line itself and a caret.
fn complaint(path: &Path, text: &str, span: Range<usize>, message: &str) -> Error {
    let (line, column) = position(text, span.start);
    let shown = text.lines().nth(line - 1).unwrap_or_default();
    // One column a character, so that the caret stands below its place.
    let shown = shown.replace(char::is_control, " ");
    let secret = is_secret(&shown) || in_auth(text.get(..span.start).unwrap_or(text));
    let shown = if secret { starred(&shown) } else { shown };
    let width = text.get(span).map_or(1, |t| t.lines().next().unwrap_or_default().chars().count());
    let width = width.clamp(1, (shown.chars().count() + 2).saturating_sub(column).max(1));
    let margin = " ".repeat(line.to_string().len());
    let message = if secret { starred(message) } else { message.to_owned() };
    let mut told = format!("{}:{line}:{column}: {message}\n", path.display());
    let _ = write!(told, "{margin} |\n{line} | {shown}\n{margin} | {}{}", " ".repeat(column - 1), "^".repeat(width));
    Error::Config(told)
}

/// Whether a line is about signing in, where a secret may stand that should not.
fn is_secret(line: &str) -> bool {
    const WORDS: [&str; 12] =
        ["auth", "pass", "pwd", "pw", "bearer", "token", "secret", "key =", "apikey", "header", "value", "@"];
    let line = line.to_ascii_lowercase();
    WORDS.iter().any(|word| line.contains(word))
}

/// Whether what comes after this text stands in a table about signing in, or in a value that is not closed yet.
fn in_auth(before: &str) -> bool {
    let header = before.lines().rev().find(|line| line.trim_start().starts_with('['));
    let open = before.rfind('{').is_some_and(|at| !before[at..].contains('}'));
    header.is_some_and(|line| line.contains("auth")) || open
}

/// The text with every character between quotes, and after them, as a star: the caret stays in its place.
fn starred(line: &str) -> String {
    let Some(first) = line.find(['"', '\'']) else { return line.to_owned() };
    let star = |c: char| if c.is_alphanumeric() || c.is_ascii_punctuation() && !"\"'{}".contains(c) { '*' } else { c };
    line[..first].chars().chain(line[first..].chars().map(star)).collect()
}

/// Line and column, both from 1, in characters.
fn position(text: &str, offset: usize) -> (usize, usize) {
    let before = text.get(..offset).unwrap_or(text);
    let start = before.rfind('\n').map_or(0, |at| at + 1);
    (before.matches('\n').count() + 1, before[start..].chars().count() + 1)
}

/// The parser's message in our words: an unknown key names the one that was probably meant.
///
/// `more` are keys that are known at this place beside those that the message lists.
fn plain_message(message: &str, more: &[&str]) -> String {
    let what = if message.starts_with("unknown field") {
        "unknown key"
    } else if message.starts_with("unknown variant") {
        "unknown value"
    } else {
        return message.trim_end().replace('\n', ", ");
    };
    let quoted: Vec<&str> = message.split('`').skip(1).step_by(2).collect();
    let Some((unknown, known)) = quoted.split_first() else { return message.to_owned() };
    let known = if known.contains(&"keys") { [known, more].concat() } else { known.to_vec() };
    match nearest(unknown, &known) {
        Some(near) => format!("{what} `{unknown}`, did you mean `{near}`?"),
        None => format!("{what} `{unknown}`, known are {}", known.join(", ")),
    }
}

/// The known word that differs least, if it differs little.
fn nearest<'a>(word: &str, known: &[&'a str]) -> Option<&'a str> {
    let best = known.iter().map(|k| (distance(word, k), *k)).min()?;
    (best.0 <= word.chars().count().div_ceil(3)).then_some(best.1)
}

/// How many letters must be added, taken, changed or swapped with their neighbour.
fn distance(a: &str, b: &str) -> usize {
    let (a, b): (Vec<char>, Vec<char>) = (a.to_lowercase().chars().collect(), b.to_lowercase().chars().collect());
    let mut rows = vec![(0..=b.len()).collect::<Vec<_>>()];
    for i in 1..=a.len() {
        let mut row = vec![i];
        for j in 1..=b.len() {
            let change = rows[i - 1][j - 1] + usize::from(a[i - 1] != b[j - 1]);
            let mut least = change.min(rows[i - 1][j] + 1).min(row[j - 1] + 1);
            if i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1] {
                least = least.min(rows[i - 2][j - 2] + 1);
            }
            row.push(least);
        }
        rows.push(row);
    }
    rows[a.len()][b.len()]
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
        ];
        for text in wrong {
            let error = parse(Owner::User, "x.toml".into(), text).map(|_| ()).unwrap_err().to_string();
            assert!(error.contains("x.toml") && !error.contains("hunter2"), "{error}");
        }
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
            let world = Surroundings { cwd: cwd.to_path_buf(), home, ..Surroundings::default() };
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
}
