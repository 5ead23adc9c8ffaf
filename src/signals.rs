//! The two words that may come from outside while the process runs: Ctrl-C and SIGTERM. Part of the binary.

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

/// How long a command that was asked to end may take to lay out what it has.
const GRACE: Duration = Duration::from_millis(1500);
/// How long the answer of a command that was asked to end may take to be written.
const LAST_WORDS: Duration = Duration::from_millis(100);

/// The code of the signal that ends the process, once one has come.
pub type Signalled = Arc<OnceLock<Exit>>;

/// Ends the process on Ctrl-C and SIGTERM with their codes, whatever else it is doing: a thread of its own is never
/// busy with a file, a program that tells a token, or a long answer. A command that has something to show may show it
/// and end by itself, if it is quick; a second signal ends it at once.
pub fn end_on_signals(stop: Stop) -> io::Result<Signalled> {
    let runtime = Builder::new_current_thread().enable_all().build()?;
    // From here on, so that none comes too early.
    let mut signals = {
        let _inside = runtime.enter();
        Signals::new()?
    };
    let signalled = Signalled::default();
    let told = Arc::clone(&signalled);
    let listen = async move {
        let first = signals.next().await;
        told.get_or_init(|| first);
        stop.ask();
        let last = tokio::select! {
            second = signals.next() => second,
            () = patience(&stop) => first,
        };
        progress::wipe();
        let _at_rest = save::at_rest(2 * LAST_WORDS);
        exit(last.code())
    };
    thread::Builder::new().name("signals".to_owned()).spawn(move || runtime.block_on(listen))?;
    Ok(signalled)
}

/// Returns when a command that was asked to end need not be waited for any longer.
async fn patience(stop: &Stop) {
    if stop.stage() == Stage::Preparing {
        return;
    }
    let written = async {
        stop.entered(Stage::Writing).await;
        sleep(LAST_WORDS).await;
    };
    tokio::select! {
        () = sleep(GRACE) => {}
        () = written => {}
    }
}

/// What a user or a supervisor may tell us.
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

/// What a user may tell us.
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
