//! Runs the connections of each backend on their own thread: a server that floods its socket must not keep deadlines or
//! other backends waiting.

use std::future::Future;
use std::sync::{OnceLock, mpsc};
use std::thread;

use tokio::runtime::{Builder, Handle};
use tokio::task::JoinHandle;

use crate::model::source::Source;

/// Bytes: deep enough for TLS and HTTP, while the default may be more than there is where memory is limited.
const STACK: usize = 1 << 20;

static JAEGER: OnceLock<Option<Handle>> = OnceLock::new();
static LOKI: OnceLock<Option<Handle>> = OnceLock::new();
static PROMETHEUS: OnceLock<Option<Handle>> = OnceLock::new();

/// Runs `work` on the thread of a backend, or here if none can be started. Dropping the future aborts the work.
pub(super) async fn on_backend_thread<F>(source: Source, work: F) -> F::Output
where
    F: Future + Send + 'static,
    F::Output: Send + 'static,
{
    let thread = match source {
        Source::Jaeger => &JAEGER,
        Source::Loki => &LOKI,
        _ => &PROMETHEUS,
    };
    let Some(handle) = thread.get_or_init(|| start(source)) else { return work.await };
    let mut running = AbortOnDrop(handle.spawn(work));
    match (&mut running.0).await {
        Ok(output) => output,
        // Only a panic or an abort ends it early: a panic ends the process, an abort drops this future.
        Err(_) => std::future::pending().await,
    }
}

struct AbortOnDrop<T>(JoinHandle<T>);

impl<T> Drop for AbortOnDrop<T> {
    fn drop(&mut self) {
        self.0.abort();
    }
}

/// Starts the thread of a backend; none if that fails. Its runtime is made on the thread, because a runtime must not be
/// dropped inside of another one, which would happen here if the thread cannot be started.
fn start(source: Source) -> Option<Handle> {
    let (sender, handle) = mpsc::channel();
    let run = move || {
        if let Ok(runtime) = Builder::new_current_thread().enable_all().build()
            && sender.send(runtime.handle().clone()).is_ok()
        {
            runtime.block_on(std::future::pending::<()>());
        }
    };
    thread::Builder::new().name(source.as_str().to_owned()).stack_size(STACK).spawn(run).ok()?;
    handle.recv().ok()
}
