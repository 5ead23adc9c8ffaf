//! The front door: look around once, parse, run, write the bytes, end with the right code.

use std::io::{self, ErrorKind, IsTerminal, Write};
use std::process::exit;
use std::{env, fs, panic};

use anyhow::Context as _;
use clap::Parser;
use trace::cli::{App, advice, run};
use trace::command::Outcome;
use trace::error::{Error, Exit};
use trace::model::time::Timestamp;
use trace::options::surroundings::Surroundings;
use trace::render::escape;
use trace::stop::Stop;

fn main() {
    panic::set_hook(Box::new(report_bug));
    without_core_dumps();
    let app = App::try_parse().unwrap_or_else(|words| end_with_usage(&words));
    end_on_signals();
    let out = app.output.out.clone();
    let outcome = match answer(app, look_around()) {
        Ok(outcome) => outcome,
        Err(error) => exit(complain(&error).code()),
    };
    // Nobody is left to be told where standard error is gone.
    let _ = io::stderr().write_all(&outcome.stderr);
    let written = match &out {
        Some(path) => fs::write(path, &outcome.stdout).map_err(|e| (path.display().to_string(), e)),
        None => write_out(&outcome.stdout).map_err(|e| ("standard output".to_owned(), e)),
    };
    match written {
        Ok(()) => exit(outcome.exit.code()),
        Err((path, e)) => exit(complain(&Error::Output { path, message: e.to_string() }.into()).code()),
    }
}

/// A secret in memory shall not end in a file, whatever happens.
fn without_core_dumps() {
    #[cfg(unix)]
    let _ = rustix::process::setrlimit(
        rustix::process::Resource::Core,
        rustix::process::Rlimit { current: Some(0), maximum: Some(0) },
    );
}

/// Everything the command may know of the world.
fn look_around() -> Surroundings {
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap_or_default();
    let stdout_is_terminal = io::stdout().is_terminal();
    let columns = || terminal_size::terminal_size_of(io::stdout()).map(|(columns, _)| usize::from(columns.0));
    Surroundings {
        vars: env::vars_os().filter_map(|(k, v)| Some((k.into_string().ok()?, v.into_string().ok()?))).collect(),
        now: Timestamp(i64::try_from(now.as_nanos()).unwrap_or(i64::MAX)),
        // Where it is gone, nothing can be read from it anyway.
        cwd: env::current_dir().unwrap_or_else(|_| "/".into()),
        home: etcetera::home_dir().ok(),
        stdin_is_terminal: io::stdin().is_terminal(),
        stdout_is_terminal,
        stderr_is_terminal: io::stderr().is_terminal(),
        terminal_width: if stdout_is_terminal { columns() } else { None },
        stop: Stop::default(),
    }
}

fn answer(app: App, surroundings: Surroundings) -> anyhow::Result<Outcome> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().context("cannot start")?;
    let outcome = runtime.block_on(run(app, surroundings));
    runtime.shutdown_background();
    Ok(outcome?)
}

/// Ends the process on Ctrl-C and SIGTERM with their codes, whatever else it is doing: a thread of its own is never
/// busy with a file, a program that tells a token, or a long answer.
fn end_on_signals() {
    std::thread::spawn(|| {
        let Ok(runtime) = tokio::runtime::Builder::new_current_thread().enable_all().build() else { return };
        let signal = runtime.block_on(interrupted());
        // The line may hold a spinner.
        if io::stderr().is_terminal() {
            let _ = io::stderr().write_all(b"\r\x1b[K");
        }
        exit(signal.code())
    });
}

#[cfg(unix)]
async fn interrupted() -> Exit {
    use tokio::signal::unix::{SignalKind, signal};
    match (signal(SignalKind::interrupt()), signal(SignalKind::terminate())) {
        (Ok(mut interrupt), Ok(mut terminate)) => tokio::select! {
            _ = interrupt.recv() => Exit::Interrupted,
            _ = terminate.recv() => Exit::Terminated,
        },
        _ => std::future::pending().await,
    }
}

#[cfg(not(unix))]
async fn interrupted() -> Exit {
    match tokio::signal::ctrl_c().await {
        Ok(()) => Exit::Interrupted,
        Err(_) => std::future::pending().await,
    }
}

/// A reader that has seen enough is no failure.
fn write_out(bytes: &[u8]) -> io::Result<()> {
    let mut stdout = io::stdout().lock();
    match stdout.write_all(bytes).and_then(|()| stdout.flush()) {
        Err(e) if e.kind() == ErrorKind::BrokenPipe => Ok(()),
        written => written,
    }
}

/// Help and version are answers; everything else clap says is a usage error.
fn end_with_usage(words: &clap::Error) -> ! {
    if let Some(error) = advice(words) {
        exit(complain(&error.into()).code());
    }
    if words.use_stderr() && words.kind() != clap::error::ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand {
        let _ = io::stderr().write_all(safe_lines(&words.render().to_string()).as_bytes());
    } else if let Err(e) = words.print().and_then(|()| io::stdout().flush())
        && e.kind() != ErrorKind::BrokenPipe
    {
        exit(complain(&Error::Output { path: "standard output".to_owned(), message: e.to_string() }.into()).code());
    }
    exit(words.exit_code())
}

/// Says what went wrong and what to do, and which code that is.
fn complain(error: &anyhow::Error) -> Exit {
    let known = error.downcast_ref::<Error>();
    let mut told = format!("error: {error:#}\n");
    if let Some(hint) = known.map(Error::hint).filter(|hint| !hint.is_empty()) {
        told += "hint: ";
        told += hint;
    }
    let _ = io::stderr().write_all(safe_lines(&told).as_bytes());
    known.map_or(Exit::Usage, Error::exit)
}

fn safe_lines(text: &str) -> String {
    text.lines().map(|line| format!("{}\n", escape::one_line(line))).collect()
}

fn report_bug(bug: &panic::PanicHookInfo<'_>) {
    let version = env!("CARGO_PKG_VERSION");
    let told =
        format!("error: a bug in trace {version}: {bug}\nhint: please report it with these lines and the command\n");
    let _ = io::stderr().write_all(safe_lines(&told).as_bytes());
    exit(Exit::Bug.code())
}
