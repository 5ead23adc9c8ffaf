//! Each backend's connections on a thread of their own: whoever floods its socket keeps neither the deadline nor the
//! other backends waiting.

use std::future::Future;
use std::sync::OnceLock;
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

fn begin(source: Source) -> Option<Handle> {
    let runtime = Builder::new_current_thread().enable_all().build().ok()?;
    let handle = runtime.handle().clone();
    let named = thread::Builder::new().name(source.word().to_owned()).stack_size(STACK);
    named.spawn(move || runtime.block_on(std::future::pending::<()>())).ok()?;
    Some(handle)
}
