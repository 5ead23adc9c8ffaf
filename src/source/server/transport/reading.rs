//! Reading answers: short ones on the spot, a long one on a thread of its own, so that it keeps neither the deadline nor
//! the other backends waiting.

use std::sync::mpsc;
use std::thread;

use tokio::sync::oneshot;
use tokio::time::timeout_at;

use super::bounds::Held;
use super::{Transport, shown, stopped};
use crate::model::time::Human;
use crate::source::failure::{Failure, FailureKind, malformed};
use crate::source::server::endpoint::Endpoint;
use crate::source::server::request::Response;
use crate::wire::Malformed;

/// Shorter answers are read sooner than a thread begins.
const SHORT: usize = 64 << 10;

impl Transport {
    /// What `decode` makes of an answer.
    ///
    /// # Errors
    /// When it cannot be read, or not within the deadline.
    pub async fn read<T: Send + 'static>(
        &self,
        endpoint: &Endpoint,
        answer: Response,
        decode: impl FnOnce(&[u8]) -> Result<T, Malformed> + Send + 'static,
    ) -> Result<T, Failure> {
        let read = self.apart(answer.body.len(), move || decode(&answer.body)).await?;
        read.map_err(|error| malformed(&shown(&endpoint.url), &error))
    }

    /// Works through so many bytes, those of a long answer apart from everything else. One at a time, and what waits
    /// for its turn counts as held: the memory that answers may take stays bounded.
    pub(super) async fn apart<T: Send + 'static>(
        &self,
        bytes: usize,
        work: impl FnOnce() -> T + Send + 'static,
    ) -> Result<T, Failure> {
        // A replay has all the time in the world, and no order but its own.
        if bytes < SHORT || self.common.tape.is_replaying() {
            return Ok(work());
        }
        let mut held = Held::new(&self.common.held);
        held.add(bytes);
        let done = async {
            let _turn = self.common.reader.acquire().await;
            on_a_thread(work).await
        };
        tokio::select! {
            biased;
            () = self.common.stop.asked() => Err(stopped(&self.common.stop)),
            done = timeout_at(self.deadline.get(), done) => done.ok().flatten().ok_or_else(|| self.read_too_late()),
        }
    }

    fn read_too_late(&self) -> Failure {
        let message =
            format!("the answer could not be read within --timeout {}", Human::from(self.common.limits.total));
        Failure::new(FailureKind::OutOfBounds, message).hint("raise --timeout, or narrow the time with --since")
    }
}

/// None if the work ended without a result.
async fn on_a_thread<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> Option<T> {
    let (give, given) = mpsc::channel();
    let (tell, told) = oneshot::channel();
    let reader = move || {
        if let Ok(work) = given.recv() {
            let work: Box<dyn FnOnce() -> T + Send> = work;
            let _ = tell.send(work());
        }
    };
    match thread::Builder::new().name("reader".to_owned()).spawn(reader) {
        Ok(_) => {
            let _ = give.send(Box::new(work));
            told.await.ok()
        }
        // Where no thread is to be had, late is better than never.
        Err(_) => Some(work()),
    }
}
