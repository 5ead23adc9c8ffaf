//! Each backend's connections on a thread of their own: whoever floods its socket keeps neither the deadline nor the
//! other backends waiting.

use std::future::Future;
use std::sync::{OnceLock, mpsc};
use std::thread;

use tokio::runtime::{Builder, Handle};
use tokio::task::JoinHandle;

use crate::model::evidence::Source;

/// Deep enough for TLS and HTTP; more would be missed where memory is short.
const STACK: usize = 1 << 20;

static JAEGER: OnceLock<Option<Handle>> = OnceLock::new();
static LOKI: OnceLock<Option<Handle>> = OnceLock::new();
static PROMETHEUS: OnceLock<Option<Handle>> = OnceLock::new();

/// Runs this on the thread of a backend; where no thread can be had, here. Ends with whoever waits for it.
pub async fn on_lane<F>(source: Source, work: F) -> F::Output
where
    F: Future + Send + 'static,
    F::Output: Send + 'static,
{
    let lane = match source {
        Source::Jaeger => &JAEGER,
        Source::Loki => &LOKI,
        _ => &PROMETHEUS,
    };
    let Some(handle) = lane.get_or_init(|| begin(source)) else { return work.await };
    let mut running = Running(handle.spawn(work));
    match (&mut running.0).await {
        Ok(done) => done,
        // A panic has ended the process by now, and nobody else ends it early.
        Err(_) => std::future::pending().await,
    }
}

/// Work that ends when nobody waits for it any more.
struct Running<T>(JoinHandle<T>);

impl<T> Drop for Running<T> {
    fn drop(&mut self) {
        self.0.abort();
    }
}

/// The runtime is made on the thread: where no thread can be had there is none to be dropped, which inside of another one
/// is a panic.
fn begin(source: Source) -> Option<Handle> {
    let (tell, told) = mpsc::channel();
    let lane = move || {
        if let Ok(runtime) = Builder::new_current_thread().enable_all().build()
            && tell.send(runtime.handle().clone()).is_ok()
        {
            runtime.block_on(std::future::pending::<()>());
        }
    };
    thread::Builder::new().name(source.as_str().to_owned()).stack_size(STACK).spawn(lane).ok()?;
    told.recv().ok()
}
