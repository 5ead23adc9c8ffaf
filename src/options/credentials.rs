//! Credentials of a backend: where the secret is, and reading it when the backend is about to be queried.

use std::fmt;
use std::fs;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::mpsc;
use std::thread;
use std::time::{Duration, Instant};

use secrecy::{ExposeSecret, SecretString};

use crate::error::Error;
use crate::model::time::Human;
use crate::options::environment::Environment;
use crate::options::profile::{AuthConfig, SecretConfig};
use crate::source::server::auth::Auth;
use crate::source::server::mask::base64;

/// The variables that may hold secrets. Programs that print a token do not inherit them.
const SECRET_VARIABLES: [&str; 11] = [
    "TRACE_JAEGER_TOKEN",
    "TRACE_LOKI_TOKEN",
    "TRACE_PROMETHEUS_TOKEN",
    "LOKI_PASSWORD",
    "LOKI_BEARER_TOKEN",
    // Addresses may hold a password.
    "TRACE_JAEGER_URL",
    "JAEGER_QUERY_URL",
    "TRACE_LOKI_URL",
    "LOKI_ADDR",
    "TRACE_PROMETHEUS_URL",
    "PROMETHEUS_URL",
];

/// The variables that may hold secrets: the well-known ones, then those that these credentials name.
pub(crate) fn secret_variables<'a>(all: impl Iterator<Item = &'a Credentials>) -> Vec<String> {
    let named = all.filter_map(|credentials| match &credentials.secret {
        SecretLocation::Variable(name) => Some(name.clone()),
        _ => None,
    });
    SECRET_VARIABLES.map(str::to_owned).into_iter().chain(named).collect()
}

/// How to sign in, before the secret has been read. Displays where the secret is, never the secret.
#[derive(Clone, Debug)]
pub(crate) struct Credentials {
    /// What the secret is used as.
    pub(crate) scheme: Scheme,
    /// The header that carries it; none for `Authorization`.
    pub(crate) header: Option<String>,
    /// Where the secret is.
    pub(crate) secret: SecretLocation,
}

/// What a secret is used as.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Scheme {
    /// The password of this user.
    Basic(String),
    /// User name and password as in an address, `user:password`; some servers take a token in either place.
    UserInfo,
    /// A bearer token.
    Bearer,
    /// A whole header value.
    HeaderValue,
}

/// Where a secret is.
#[derive(Clone, Debug)]
pub(crate) enum SecretLocation {
    /// In a file; refused if other users can read it.
    File(PathBuf),
    /// In an environment variable.
    Variable(String),
    /// On the standard output of a program; the first word is the program.
    Command(Vec<String>),
    /// In the address itself, as `user:password`, and the configuration file that holds the address, if any.
    Address(SecretString, Option<PathBuf>),
}

impl Credentials {
    /// From a configuration file. Relative paths start at `folder`, `~/` at the user's home.
    pub(crate) fn from_config(config: &AuthConfig, folder: &Path, home: Option<&Path>) -> Self {
        let file = |path: &Path| SecretLocation::File(resolve_path(path, folder, home));
        let secret = |location: &SecretConfig| match location {
            SecretConfig::File(path) => file(path),
            SecretConfig::Env(name) => SecretLocation::Variable(name.clone()),
        };
        let (scheme, header, secret) = match config {
            AuthConfig::Basic(basic) => (Scheme::Basic(basic.username.clone()), None, secret(&basic.password)),
            AuthConfig::BearerFile(path) => (Scheme::Bearer, None, file(path)),
            AuthConfig::BearerEnv(name) => (Scheme::Bearer, None, SecretLocation::Variable(name.clone())),
            AuthConfig::Header(header) => (Scheme::HeaderValue, Some(header.name.clone()), secret(&header.value)),
            AuthConfig::Command(command) => (Scheme::Bearer, None, SecretLocation::Command(command.0.clone())),
        };
        Self { scheme, header, secret }
    }

    /// Reads the secret. A program that prints it does not inherit the variables `secret_variables`, and gets half of
    /// `timeout`, which bounds the whole command: the requests need the rest.
    ///
    /// # Errors
    /// Secret: missing, empty, readable by others, not valid in a header, or a program that failed.
    pub(crate) fn resolve(
        &self,
        environment: &Environment,
        secret_variables: &[String],
        timeout: Duration,
    ) -> Result<Auth, Error> {
        let secret = self.secret.read(environment, secret_variables, timeout / 2)?;
        if secret.expose_secret().chars().any(char::is_control) {
            return Err(Error::Secret(format!("the secret of {} holds a control character", self.secret)));
        }
        Ok(match (&self.header, &self.scheme) {
            (None, Scheme::Basic(username)) => Auth::Basic { username: username.clone(), password: secret },
            (None, Scheme::Bearer) => Auth::Bearer(secret),
            (None, Scheme::UserInfo) => {
                Auth::Header { name: "Authorization".to_owned(), value: header_value(&Scheme::UserInfo, &secret) }
            }
            (None, Scheme::HeaderValue) => Auth::Header { name: "Authorization".to_owned(), value: secret },
            (Some(name), scheme) => Auth::Header { name: name.clone(), value: header_value(scheme, &secret) },
        })
    }
}

impl fmt::Display for Credentials {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.scheme {
            Scheme::Basic(username) => write!(f, "basic, user {username}, password")?,
            Scheme::UserInfo => f.write_str("basic, user name and password")?,
            Scheme::Bearer => f.write_str("bearer token")?,
            Scheme::HeaderValue => f.write_str("header")?,
        }
        if let Some(header) = &self.header {
            write!(f, " {header}")?;
        }
        write!(f, " set (from {})", self.secret)
    }
}

impl fmt::Display for SecretLocation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::File(path) => write!(f, "{}", path.display()),
            Self::Variable(name) => f.write_str(name),
            // The arguments may hold a secret.
            Self::Command(words) => write!(f, "the program `{}`", words.first().map_or("", String::as_str)),
            Self::Address(..) => f.write_str("the address"),
        }
    }
}

impl SecretLocation {
    fn read(
        &self,
        environment: &Environment,
        secret_variables: &[String],
        time_limit: Duration,
    ) -> Result<SecretString, Error> {
        let text = match self {
            Self::File(path) => read_private(path)?,
            Self::Variable(name) => environment.var(name).map(str::to_owned).unwrap_or_default(),
            Self::Command(words) => run_token_program(words, secret_variables, time_limit)?,
            Self::Address(secret, file) => {
                file.as_deref()
                    .map_or(Ok(()), |path| open_without_blocking(path).map_or(Ok(()), |f| check_private(path, &f)))?;
                return Ok(secret.clone());
            }
        };
        let text = text.trim();
        match self {
            Self::Variable(name) if text.is_empty() => {
                Err(Error::Secret(format!("{name} is not set, but a secret should be in it")))
            }
            _ if text.is_empty() => Err(Error::Secret(format!("{self}: it holds no secret"))),
            _ => Ok(SecretString::from(text.to_owned())),
        }
    }
}

/// A path in a configuration file: relative ones start at `folder`, `~/` at the home folder.
pub(crate) fn resolve_path(path: &Path, folder: &Path, home: Option<&Path>) -> PathBuf {
    match (path.strip_prefix("~"), home) {
        (Ok(rest), Some(home)) => home.join(rest),
        _ => folder.join(path),
    }
}

/// Longer than any token; a wrong path may be a log file or `/dev/zero`.
const MAX_SECRET_BYTES: u64 = 64 * 1024;

/// Reads a file that holds a secret. Its type and permissions are checked on the open file, so that it cannot be
/// exchanged between check and read.
pub(crate) fn read_private(path: &Path) -> Result<String, Error> {
    let wrong = |why: &str| Error::Secret(format!("{}: {why}", path.display()));
    let failed = |e: std::io::Error| wrong(&e.to_string());
    let file = open_without_blocking(path).map_err(failed)?;
    let kind = file.metadata().map_err(failed)?;
    if !kind.is_file() {
        let what = if kind.is_dir() { "a folder" } else { "a pipe or a device" };
        return Err(wrong(&format!(
            "a secret should be in it, but it is {what}; name a file, or a program with `auth.command`"
        )));
    }
    check_private(path, &file)?;
    let mut text = String::new();
    file.take(MAX_SECRET_BYTES + 1).read_to_string(&mut text).map_err(failed)?;
    if text.len() as u64 > MAX_SECRET_BYTES { Err(wrong("it is longer than any token")) } else { Ok(text) }
}

/// Opens a file. If it is a named pipe, does not wait for a writer.
pub(crate) fn open_without_blocking(path: &Path) -> std::io::Result<fs::File> {
    let mut options = fs::File::options();
    options.read(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::custom_flags(&mut options, rustix::fs::OFlags::NONBLOCK.bits().cast_signed());
    options.open(path)
}

#[cfg(unix)]
fn check_private(path: &Path, file: &fs::File) -> Result<(), Error> {
    use std::os::unix::fs::PermissionsExt;
    let mode = file.metadata().map_err(|e| Error::Secret(format!("{}: {e}", path.display())))?.permissions().mode();
    let for_others = mode & 0o077;
    if for_others == 0 {
        return Ok(());
    }
    let path = path.display();
    Err(Error::Secret(format!(
        "{path} holds a secret, but others can read it (mode {:o}): chmod 600 {path}",
        mode & 0o777
    )))
}

#[cfg(not(unix))]
fn check_private(_: &Path, _: &fs::File) -> Result<(), Error> {
    Ok(())
}

/// The standard output of a program, which is killed after `time_limit`. Its standard error is inherited, so that it can
/// ask for a touch or a PIN.
fn run_token_program(words: &[String], secret_variables: &[String], time_limit: Duration) -> Result<String, Error> {
    let Some((program, arguments)) = words.split_first() else { return Ok(String::new()) };
    let failed = |why: String| Error::Secret(format!("the program `{program}` should tell a token, but {why}"));
    let mut command = Command::new(program);
    for name in secret_variables {
        command.env_remove(name);
    }
    let mut child = command
        .args(arguments)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .spawn()
        .map_err(|e| failed(format!("cannot be started: {e}")))?;
    let output = child.stdout.take();
    let (sender, output_text) = mpsc::channel();
    thread::spawn(move || {
        let mut text = String::new();
        // A longer output is not read to its end: the pipe closes, which ends the program.
        let read = output.map(|o| o.take(MAX_SECRET_BYTES + 1).read_to_string(&mut text)).transpose();
        // Fails if the program took too long and the receiver is gone.
        let _ = sender.send(read.map(|_| text));
    });
    let started = Instant::now();
    let status = loop {
        match child.try_wait() {
            Ok(Some(status)) => break status,
            Ok(None) if started.elapsed() < time_limit => thread::sleep(Duration::from_millis(10)),
            Ok(None) => {
                let _ = child.kill().and_then(|()| child.wait());
                return Err(failed(format!("did not end within {}, half of --timeout", Human::from(time_limit))));
            }
            Err(e) => return Err(failed(e.to_string())),
        }
    };
    if !status.success() {
        return Err(failed(format!("failed ({status})")));
    }
    match output_text.recv_timeout(time_limit.saturating_sub(started.elapsed())) {
        Ok(Ok(text)) if text.len() as u64 > MAX_SECRET_BYTES => {
            Err(failed("said more than any token is long".to_owned()))
        }
        Ok(Ok(text)) => Ok(text),
        Ok(Err(_)) => Err(failed("what it printed is not text".to_owned())),
        Err(_) => Err(failed("it never closed its output".to_owned())),
    }
}

fn header_value(scheme: &Scheme, secret: &SecretString) -> SecretString {
    let secret = secret.expose_secret();
    SecretString::from(match scheme {
        Scheme::Basic(username) => format!("Basic {}", base64(format!("{username}:{secret}").as_bytes())),
        Scheme::UserInfo => format!("Basic {}", base64(secret.as_bytes())),
        Scheme::Bearer => format!("Bearer {secret}"),
        Scheme::HeaderValue => secret.to_owned(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::Exit;

    /// Longer than any of these programs takes.
    const LONG: Duration = Duration::from_mins(1);

    fn bearer(secret: SecretLocation) -> Credentials {
        Credentials { scheme: Scheme::Bearer, header: None, secret }
    }

    #[test]
    fn a_custom_header_carries_the_whole_value() {
        let mut environment = Environment::default();
        environment.vars.insert("P".into(), "open sesame".into());
        let basic = Credentials {
            scheme: Scheme::Basic("Aladdin".into()),
            header: Some("X-Auth".into()),
            secret: SecretLocation::Variable("P".into()),
        };
        let Auth::Header { name, value } = basic.resolve(&environment, &[], LONG).unwrap() else { panic!("a header") };
        assert_eq!((name.as_str(), value.expose_secret()), ("X-Auth", "Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ=="));
        assert_eq!([base64(b""), base64(b"f"), base64(b"fo"), base64(b"foo")], ["", "Zg==", "Zm8=", "Zm9v"]);
        assert_eq!(basic.to_string(), "basic, user Aladdin, password X-Auth set (from P)");
    }

    #[cfg(unix)]
    #[test]
    fn a_secret_file_that_others_can_read_is_refused() {
        use std::os::unix::fs::PermissionsExt;
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("token");
        fs::write(&path, "t0ken\n").unwrap();
        let environment = Environment::default();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o640)).unwrap();
        let error = bearer(SecretLocation::File(path.clone())).resolve(&environment, &[], LONG).unwrap_err();
        assert_eq!(error.exit(), Exit::ActionNeeded);
        assert!(error.to_string().contains("mode 640") && !error.to_string().contains("t0ken"), "{error}");
        fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).unwrap();
        let auth = bearer(SecretLocation::File(path)).resolve(&environment, &[], LONG).unwrap();
        assert!(matches!(&auth, Auth::Bearer(token) if token.expose_secret() == "t0ken"));
        assert!(!format!("{auth:?}").contains("t0ken"));
    }

    #[cfg(unix)]
    #[test]
    fn any_permission_for_group_or_others_is_refused() {
        use std::os::unix::fs::PermissionsExt;
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("token");
        fs::write(&path, "t0ken\n").unwrap();
        for mode in (0o400..=0o777).filter(|mode| mode & 0o400 != 0) {
            fs::set_permissions(&path, fs::Permissions::from_mode(mode)).unwrap();
            let read = bearer(SecretLocation::File(path.clone())).resolve(&Environment::default(), &[], LONG);
            assert_eq!(read.is_ok(), mode.trailing_zeros() >= 6, "{mode:o}");
            let inline = SecretLocation::Address(SecretString::from("u:p"), Some(path.clone()));
            let read = Credentials { scheme: Scheme::UserInfo, header: None, secret: inline };
            assert_eq!(
                read.resolve(&Environment::default(), &[], LONG).is_ok(),
                mode.trailing_zeros() >= 6,
                "{mode:o}"
            );
        }
    }

    #[cfg(unix)]
    #[test]
    fn a_pipe_or_device_is_refused_without_waiting() {
        use std::os::unix::fs::{OpenOptionsExt, symlink};
        let folder = tempfile::tempdir().unwrap();
        let at = |name: &str| folder.path().join(name);
        fs::create_dir(at("folder")).unwrap();
        rustix::fs::mkfifoat(rustix::fs::CWD, at("pipe"), rustix::fs::Mode::RUSR).unwrap();
        let private = |name: &str, bytes: &[u8]| {
            let mut file = fs::File::options().write(true).create_new(true).mode(0o600).open(at(name)).unwrap();
            std::io::Write::write_all(&mut file, bytes).unwrap();
        };
        private("huge", &vec![b'x'; 100_000]);
        private("bytes", &[0xff, 0xfe]);
        private("empty", b" \n");
        private("token", b"t0ken");
        symlink("token", at("link")).unwrap();
        symlink("pipe", at("link-to-pipe")).unwrap();
        let table = [
            ("folder", "a folder"),
            ("pipe", "a pipe or a device"),
            ("link-to-pipe", "a pipe or a device"),
            ("/dev/zero", "a pipe or a device"),
            ("huge", "longer than any token"),
            ("bytes", "UTF-8"),
            ("empty", "holds no secret"),
            ("gone", "No such file"),
        ];
        for (name, why) in table {
            let error = bearer(SecretLocation::File(at(name))).resolve(&Environment::default(), &[], LONG).unwrap_err();
            assert_eq!(error.exit(), Exit::ActionNeeded);
            assert!(error.to_string().contains(why), "{name}: {error}");
        }
        assert!(bearer(SecretLocation::File(at("link"))).resolve(&Environment::default(), &[], LONG).is_ok());
        let endless = bearer(SecretLocation::Command(vec!["yes".into()]))
            .resolve(&Environment::default(), &[], LONG)
            .unwrap_err();
        assert!(endless.to_string().contains("failed"), "{endless}");
    }

    #[cfg(unix)]
    #[test]
    fn a_program_prints_a_token_or_the_error_says_why_not() {
        let environment = Environment::default();
        let run = |script: &str| {
            bearer(SecretLocation::Command(vec!["sh".into(), "-c".into(), script.into()])).resolve(
                &environment,
                &[],
                LONG,
            )
        };
        assert!(matches!(run("echo abc").unwrap(), Auth::Bearer(token) if token.expose_secret() == "abc"));
        for (script, why) in
            [("exit 3", "failed"), ("true", "holds no secret"), ("printf 'a\\nb'", "control character")]
        {
            let error = run(script).unwrap_err();
            assert_eq!(error.exit(), Exit::ActionNeeded);
            assert!(error.to_string().contains(why), "{error}");
        }
        let error = bearer(SecretLocation::Command(vec!["/no/such/program".into()]))
            .resolve(&environment, &[], LONG)
            .unwrap_err();
        assert!(error.to_string().contains("cannot be started"), "{error}");
    }

    #[test]
    fn a_secret_variable_is_listed_and_an_unset_one_is_an_error() {
        let all = [bearer(SecretLocation::Variable("MINE".into())), bearer(SecretLocation::File("f".into()))];
        let names = secret_variables(all.iter());
        assert_eq!(names.len(), SECRET_VARIABLES.len() + 1);
        assert!(names.iter().any(|name| name == "LOKI_ADDR") && names.last().is_some_and(|name| name == "MINE"));
        let error = all[0].resolve(&Environment::default(), &[], LONG).unwrap_err();
        assert_eq!(error.to_string(), "MINE is not set, but a secret should be in it");
    }

    #[test]
    fn a_path_in_a_file_is_relative_to_its_folder_or_the_home() {
        let (folder, home) = (Path::new("/etc/t"), Path::new("/home/a"));
        let table = [
            ("x", Some(home), "/etc/t/x"),
            ("/x", Some(home), "/x"),
            ("~/x", Some(home), "/home/a/x"),
            ("~/x", None, "/etc/t/~/x"),
        ];
        for (path, home, expected) in table {
            assert_eq!(resolve_path(Path::new(path), folder, home), Path::new(expected), "{path}");
        }
    }

    #[cfg(unix)]
    #[test]
    fn a_token_may_be_as_long_as_64_kib_and_no_longer() {
        use std::os::unix::fs::OpenOptionsExt;
        let folder = tempfile::tempdir().unwrap();
        for (length, fits) in [(65_536, true), (65_537, false), (70_000, false)] {
            let path = folder.path().join(length.to_string());
            let mut file = fs::File::options().write(true).create_new(true).mode(0o600).open(&path).unwrap();
            std::io::Write::write_all(&mut file, "x".repeat(length).as_bytes()).unwrap();
            assert_eq!(read_private(&path).is_ok(), fits, "{length}");
            let output = run_token_program(&["cat".to_owned(), path.display().to_string()], &[], LONG);
            assert_eq!(output.as_ref().map(String::len).ok(), fits.then_some(length), "{length}");
        }
    }

    #[cfg(unix)]
    #[test]
    fn a_program_is_killed_after_its_time_limit() {
        let shell =
            |line: &str, time| run_token_program(&["sh".to_owned(), "-c".to_owned(), line.to_owned()], &[], time);
        let short = Duration::from_millis(200);
        assert_eq!(shell("sleep 0.1; echo token", LONG).unwrap(), "token\n");
        assert_eq!(run_token_program(&[], &[], LONG).unwrap(), "");
        let slow = bearer(SecretLocation::Command(["sleep", "3"].map(str::to_owned).to_vec()));
        let error = slow.resolve(&Environment::default(), &[], 2 * short).unwrap_err().to_string();
        assert!(error.contains("within 200 ms, half of --timeout"), "{error}");
        for (line, time, why) in [
            ("exec sleep 3", short, "did not end within 200 ms, half of --timeout"),
            ("sleep 3 & echo token", short, "never closed its output"),
            ("echo token; exit 3", LONG, "failed (exit status: 3)"),
            (r"printf '\377'", LONG, "what it printed is not text"),
            ("head -c 65537 /dev/zero; true", LONG, "said more than any token is long"),
        ] {
            let error = shell(line, time).unwrap_err().to_string();
            assert!(error.contains(why), "{line}: {error}");
        }
    }
}
