//! Ctrl-C and SIGTERM. Part of the binary.

use std::io;
use std::process::exit;
use std::sync::{Arc, OnceLock};
use std::thread;
use std::time::Duration;

use tokio::runtime::Builder;
use tokio::time::sleep;
use trace::error::Exit;
use trace::stop::{Stage, Stop};
use trace::{progress, save};

/// How long a command may take to lay out what it has. A second signal ends it at once.
const GRACE: Duration = Duration::from_millis(1500);
/// How long it may then take to write the answer: a pipe that is not read must not keep the process alive.
const WRITE_GRACE: Duration = Duration::from_millis(100);

/// The exit code of the first signal, once one has arrived.
pub type Signalled = Arc<OnceLock<Exit>>;

/// Ends the process on Ctrl-C and SIGTERM with their codes, whatever else it is doing: the thread that does so is never
/// blocked by a file, a program that prints a token, or a long answer. A command that has something to show may show it
/// and end by itself, if it is quick; a second signal ends it at once.
pub fn end_on_signals(stop: Stop) -> io::Result<Signalled> {
    let runtime = Builder::new_current_thread().enable_all().build()?;
    // Signals are handled from here on, so that none arrives too early.
    let mut signals = {
        let _inside = runtime.enter();
        Signals::new()?
    };
    let signalled = Signalled::default();
    let first_signal = Arc::clone(&signalled);
    let listen = async move {
        let first = signals.next().await;
        first_signal.get_or_init(|| first);
        stop.request();
        let last = tokio::select! {
            second = signals.next() => second,
            () = grace_period(&stop) => first,
        };
        progress::clear();
        let _writing = save::pause_writing(2 * WRITE_GRACE);
        exit(last.code())
    };
    thread::Builder::new().name("signals".to_owned()).spawn(move || runtime.block_on(listen))?;
    Ok(signalled)
}

/// Returns when the time is over that a command gets to end by itself.
async fn grace_period(stop: &Stop) {
    if stop.stage() == Stage::Preparing {
        return;
    }
    let written = async {
        stop.entered(Stage::Writing).await;
        sleep(WRITE_GRACE).await;
    };
    tokio::select! {
        () = sleep(GRACE) => {}
        () = written => {}
    }
}

/// The signals that end the process.
#[cfg(unix)]
struct Signals {
    interrupt: tokio::signal::unix::Signal,
    terminate: tokio::signal::unix::Signal,
}

#[cfg(unix)]
impl Signals {
    fn new() -> io::Result<Self> {
        use tokio::signal::unix::{SignalKind, signal};
        // A file that may not grow any further is an error of the write that hits the limit, not the end of the process.
        drop(signal(SignalKind::from_raw(rustix::process::Signal::XFSZ.as_raw()))?);
        Ok(Self { interrupt: signal(SignalKind::interrupt())?, terminate: signal(SignalKind::terminate())? })
    }

    async fn next(&mut self) -> Exit {
        tokio::select! {
            _ = self.interrupt.recv() => Exit::Interrupted,
            _ = self.terminate.recv() => Exit::Terminated,
        }
    }
}

/// The signals that end the process.
#[cfg(not(unix))]
struct Signals;

#[cfg(not(unix))]
impl Signals {
    fn new() -> io::Result<Self> {
        Ok(Self)
    }

    async fn next(&mut self) -> Exit {
        match tokio::signal::ctrl_c().await {
            Ok(()) => Exit::Interrupted,
            Err(_) => std::future::pending().await,
        }
    }
}
