//! Parses, runs, writes the bytes, chooses the exit code: the only file that prints, reads the clock or exits.

mod signals;

use std::io::{self, ErrorKind, IsTerminal, Write};
use std::path::PathBuf;
use std::process::exit;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;
use std::{env, panic, thread};

use anyhow::Context as _;
use clap::Parser;
use tokio::runtime::Builder;
use trace::cli::{App, run, secret_flag_error};
use trace::command::Outcome;
use trace::error::{Error, Exit};
use trace::model::time::Timestamp;
use trace::options::environment::Environment;
use trace::render::escape;
use trace::save::{self, Access};
use trace::stop::{Stage, Stop};

use signals::end_on_signals;

fn main() {
    panic::set_hook(Box::new(report_bug));
    disable_core_dumps();
    let app = App::try_parse().unwrap_or_else(|words| exit_with_clap_error(&words));
    let out = app.output.out.clone();
    let stop = Stop::default();
    let signalled =
        end_on_signals(stop.clone()).context("cannot start").unwrap_or_else(|e| exit(report_error(&e).code()));
    let outcome = run_app(app, environment(stop.clone()));
    stop.enter(Stage::Writing);
    let code = match outcome.and_then(|outcome| deliver(&outcome, out)) {
        Ok(code) => code,
        Err(error) => report_error(&error),
    };
    let code = if code == Exit::Output { code } else { signalled.get().copied().unwrap_or(code) };
    exit(code.code())
}

/// A crash must not write tokens to the disk.
fn disable_core_dumps() {
    #[cfg(unix)]
    {
        use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
        let _ = setrlimit(Resource::Core, Rlimit { current: Some(0), ..getrlimit(Resource::Core) });
    }
}

/// The process environment, read once.
fn environment(stop: Stop) -> Environment {
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap_or_default();
    let stdout_is_terminal = io::stdout().is_terminal();
    let columns = || terminal_size::terminal_size_of(io::stdout()).map(|(columns, _)| usize::from(columns.0));
    Environment {
        vars: env::vars_os().filter_map(|(k, v)| Some((k.into_string().ok()?, v.into_string().ok()?))).collect(),
        now: Timestamp(i64::try_from(now.as_nanos()).unwrap_or(i64::MAX)),
        // Where the directory was removed, nothing can be read from it anyway.
        cwd: env::current_dir().unwrap_or_else(|_| "/".into()),
        home: etcetera::home_dir().ok(),
        stdin_is_terminal: io::stdin().is_terminal(),
        stdout_is_terminal,
        stderr_is_terminal: io::stderr().is_terminal(),
        terminal_width: if stdout_is_terminal { columns() } else { None },
        stop,
    }
}

fn run_app(app: App, environment: Environment) -> anyhow::Result<Outcome> {
    let runtime = Builder::new_current_thread().enable_all().build().context("cannot start")?;
    let outcome = runtime.block_on(run(app, environment));
    runtime.shutdown_background();
    Ok(outcome?)
}

/// Writes messages and answer.
fn deliver(outcome: &Outcome, out: Option<PathBuf>) -> anyhow::Result<Exit> {
    // Where standard error is closed, that cannot be reported.
    let _ = io::stderr().write_all(&outcome.stderr);
    let (path, written) = match out {
        Some(path) => (path.display().to_string(), save::write_atomically(&path, &outcome.stdout, Access::Usual)),
        None => ("standard output".to_owned(), write_stdout(&outcome.stdout)),
    };
    match written {
        // A reader that stops reading, such as `head`, is not a failure.
        Err(e) if e.kind() != ErrorKind::BrokenPipe => Err(Error::Output { path, message: e.to_string() }.into()),
        _ => Ok(outcome.exit),
    }
}

/// Whether there was no standard output when the process began.
static STDOUT_IS_CLOSED: AtomicBool = AtomicBool::new(false);

/// Before `main`, std opens `/dev/null` where standard output is closed. From then on that looks like a redirection, and
/// an answer would be lost with code 0. The C library runs the functions in `.init_array` before std does that.
#[cfg(target_os = "linux")]
#[used]
#[allow(unsafe_code, reason = "the section holds pointers to functions of this very type, and this one needs no std")]
#[unsafe(link_section = ".init_array")]
static BEFORE_MAIN: extern "C" fn() = check_stdout;

#[cfg(target_os = "linux")]
extern "C" fn check_stdout() {
    let is_open = rustix::io::fcntl_getfd(rustix::stdio::stdout()).is_ok();
    STDOUT_IS_CLOSED.store(!is_open, Ordering::Relaxed);
}

/// Writes to standard output, as slowly as it is read.
fn write_stdout(mut bytes: &[u8]) -> io::Result<()> {
    if STDOUT_IS_CLOSED.load(Ordering::Relaxed) && !bytes.is_empty() {
        return Err(io::Error::other("it is closed"));
    }
    let mut stdout = io::stdout().lock();
    while !bytes.is_empty() {
        match stdout.write(bytes) {
            Ok(0) => return Err(ErrorKind::WriteZero.into()),
            Ok(written) => bytes = &bytes[written..],
            Err(e) if e.kind() == ErrorKind::Interrupted => {}
            // Another process that shares the pipe may have made it non-blocking.
            Err(e) if e.kind() == ErrorKind::WouldBlock => thread::sleep(Duration::from_millis(1)),
            Err(e) => return Err(e),
        }
    }
    loop {
        match stdout.flush() {
            Err(e) if e.kind() == ErrorKind::WouldBlock => thread::sleep(Duration::from_millis(1)),
            flushed => return flushed,
        }
    }
}

/// Help and version are answers; everything else is a usage error.
fn exit_with_clap_error(words: &clap::Error) -> ! {
    if let Some(error) = secret_flag_error(words) {
        exit(report_error(&error.into()).code());
    }
    if words.use_stderr() && words.kind() != clap::error::ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand {
        let _ = io::stderr().write_all(escape_lines(&words.render().to_string()).as_bytes());
        exit(words.exit_code())
    }
    let text = words.render();
    let text = if io::stdout().is_terminal() { text.ansi().to_string() } else { text.to_string() };
    let outcome = Outcome::answered(text);
    match deliver(&outcome, None) {
        Ok(_) => exit(words.exit_code()),
        Err(error) => exit(report_error(&error).code()),
    }
}

/// Reports the error and its hint; gives back its exit code.
fn report_error(error: &anyhow::Error) -> Exit {
    let known = error.downcast_ref::<Error>();
    let mut text = format!("error: {error:#}\n");
    if let Some(hint) = known.map(Error::hint).filter(|hint| !hint.is_empty()) {
        text += "hint: ";
        text += hint;
    }
    let _ = io::stderr().write_all(escape_lines(&text).as_bytes());
    known.map_or(Exit::Usage, Error::exit)
}

fn escape_lines(text: &str) -> String {
    text.lines().map(|line| format!("{}\n", escape::line(line))).collect()
}

fn report_bug(bug: &panic::PanicHookInfo<'_>) {
    let version = env!("CARGO_PKG_VERSION");
    let text =
        format!("error: a bug in trace {version}: {bug}\nhint: please report it with these lines and the command\n");
    let _ = io::stderr().write_all(escape_lines(&text).as_bytes());
    exit(Exit::Bug.code())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Nothing in the product panics on purpose: the test starts itself as a process, and panics there.
    #[test]
    fn a_panic_ends_with_70_and_says_what_to_report() {
        const NAME: &str = "tests::a_panic_ends_with_70_and_says_what_to_report";
        if env::var_os("TRACE_TEST_PANICS").is_some() {
            panic::set_hook(Box::new(report_bug));
            panic!("no such \x1b[31mthing");
        }
        let this = env::current_exe().expect("the test's own path");
        let run = std::process::Command::new(this)
            .args(["--exact", NAME, "--nocapture"])
            .env("TRACE_TEST_PANICS", "1")
            .output()
            .expect("it runs");
        let stderr = String::from_utf8_lossy(&run.stderr);
        assert_eq!(run.status.code(), Some(70), "{stderr}");
        for part in ["a bug in trace", "src/main.rs", "thing", "hint: please report it"] {
            assert!(stderr.contains(part), "{part}: {stderr}");
        }
        assert!(!stderr.contains('\x1b'), "{stderr}");
    }
}
