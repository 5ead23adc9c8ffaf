//! A request to end a command while it runs.

use std::sync::{Arc, OnceLock};
use std::time::{Duration, Instant};

use tokio::sync::watch;

/// The stage of a command: it decides how much time a command gets to end by itself.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Stage {
    /// Reading flags, files and secrets: there is nothing to show yet, so it is ended at once.
    #[default]
    Preparing,
    /// Asking backends: it ends by itself and shows what it has.
    Gathering,
    /// Writing the answer.
    Writing,
}

/// Shared between a command and the thread that handles signals: whether the command should end, and its stage.
#[derive(Clone, Debug)]
pub struct Stop {
    started: Instant,
    requested_at: Arc<OnceLock<Instant>>,
    requested: Arc<watch::Sender<bool>>,
    stage: Arc<watch::Sender<Stage>>,
}

impl Default for Stop {
    fn default() -> Self {
        Self {
            started: Instant::now(),
            requested_at: Arc::default(),
            requested: Arc::new(watch::Sender::new(false)),
            stage: Arc::default(),
        }
    }
}

impl Stop {
    /// Requests that the command ends.
    pub fn request(&self) {
        self.requested_at.get_or_init(Instant::now);
        self.requested.send_replace(true);
    }

    /// Whether that was requested.
    pub(crate) fn is_requested(&self) -> bool {
        *self.requested.borrow()
    }

    /// How long after the start it was requested; none if it was not.
    pub(crate) fn requested_after(&self) -> Option<Duration> {
        Some(self.requested_at.get()?.saturating_duration_since(self.started))
    }

    /// Returns once it is requested.
    pub(crate) async fn requested(&self) {
        // The sender lives as long as `self`, so this cannot fail.
        let _ = self.requested.subscribe().wait_for(|requested| *requested).await;
    }

    /// The command enters this stage.
    pub fn enter(&self, stage: Stage) {
        self.stage.send_replace(stage);
    }

    /// The stage of the command.
    pub fn stage(&self) -> Stage {
        *self.stage.borrow()
    }

    /// Returns once the command is in this stage.
    pub async fn entered(&self, stage: Stage) {
        let _ = self.stage.subscribe().wait_for(|now| *now == stage).await;
    }
}
