//! Decodes answers: short ones in place, a long one on its own thread, so that neither deadlines nor other backends wait
//! for it.

use std::sync::mpsc;
use std::thread;

use tokio::sync::oneshot;
use tokio::time::timeout_at;

use super::address::display_url;
use super::body_limits::BufferedBytes;
use super::state::Transport;
use crate::model::action::{Action, Limit, Narrowing};
use crate::model::time::Human;
use crate::source::failure::{Failure, FailureKind, malformed_answer};
use crate::source::server::endpoint::Endpoint;
use crate::source::server::request::Response;
use crate::wire::Malformed;

/// Bytes. Shorter answers are decoded faster than a thread starts.
const MAX_INLINE: usize = 64 << 10;

impl Transport {
    /// Decodes an answer.
    ///
    /// # Errors
    /// It cannot be decoded, or not within the deadline.
    pub(crate) async fn decode<T: Send + 'static>(
        &self,
        endpoint: &Endpoint,
        response: Response,
        decode: impl FnOnce(&[u8]) -> Result<T, Malformed> + Send + 'static,
    ) -> Result<T, Failure> {
        let decoded = self.run_off_thread(response.body.len(), move || decode(&response.body)).await?;
        decoded.map_err(|error| malformed_answer(&display_url(&endpoint.url), &error))
    }

    /// Runs `work` on this many bytes, for a long answer on another thread. One long answer is worked on at a time, and
    /// those that wait still count as buffered: the memory for answers stays bounded.
    pub(super) async fn run_off_thread<T: Send + 'static>(
        &self,
        bytes: usize,
        work: impl FnOnce() -> T + Send + 'static,
    ) -> Result<T, Failure> {
        // A replay has no deadlines, and must give the same result in the same order.
        if bytes < MAX_INLINE || self.shared.recording.is_replaying() {
            return Ok(work());
        }
        let mut buffered = BufferedBytes::new(&self.shared.buffered);
        buffered.add(bytes);
        let result = async {
            let _slot = self.shared.decode_slot.acquire().await;
            run_on_thread(work).await
        };
        tokio::select! {
            biased;
            () = self.shared.stop.requested() => Err(self.interruption()),
            result = timeout_at(self.deadline.get(), result) => result.ok().flatten().ok_or_else(|| self.decode_timeout()),
        }
    }

    fn decode_timeout(&self) -> Failure {
        let message = format!(
            "the answer could not be read within {} {}",
            Limit::Timeout.flag(),
            Human::from(self.shared.limits.total)
        );
        Failure::new(FailureKind::LimitReached, message)
            .with_actions([Action::Raise(Limit::Timeout), Action::Narrow(vec![Narrowing::Since])])
    }
}

/// Runs `work` on a new thread, or here if none can be started; none if it ended without a result.
async fn run_on_thread<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> Option<T> {
    // The work is sent to the thread, not moved into it: if the thread cannot be started, it is still here.
    let (work_sender, work_receiver) = mpsc::channel();
    let (result_sender, result) = oneshot::channel();
    let decoder = move || {
        if let Ok(work) = work_receiver.recv() {
            let work: Box<dyn FnOnce() -> T + Send> = work;
            let _ = result_sender.send(work());
        }
    };
    match thread::Builder::new().name("reader".to_owned()).spawn(decoder) {
        Ok(_) => {
            let _ = work_sender.send(Box::new(work));
            result.await.ok()
        }
        // A late result is better than none.
        Err(_) => Some(work()),
    }
}
