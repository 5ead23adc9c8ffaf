//! The one word that may come from outside while a command runs: stop.

use std::sync::{Arc, OnceLock};
use std::time::{Duration, Instant};

use tokio::sync::watch;

/// What a command is doing, as far as it matters to whoever wants it to end.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Stage {
    /// Reading flags, files, secrets: there is nothing to show yet, and nothing to wait for.
    #[default]
    Preparing,
    /// Asking: a stopped command ends by itself, with what it has.
    Gathering,
    /// Writing the answer: all that is left to do.
    Writing,
}

/// Told to a command that somebody wants it to end, and by the command how far it is.
#[derive(Clone, Debug)]
pub struct Stop {
    begun: Instant,
    asked_at: Arc<OnceLock<Instant>>,
    asked: Arc<watch::Sender<bool>>,
    stage: Arc<watch::Sender<Stage>>,
}

impl Default for Stop {
    fn default() -> Self {
        Self {
            begun: Instant::now(),
            asked_at: Arc::default(),
            asked: Arc::new(watch::Sender::new(false)),
            stage: Arc::default(),
        }
    }
}

impl Stop {
    /// Asks the command to end.
    pub fn ask(&self) {
        self.asked_at.get_or_init(Instant::now);
        self.asked.send_replace(true);
    }

    /// Whether it was asked to.
    pub fn is_asked(&self) -> bool {
        *self.asked.borrow()
    }

    /// How long after its beginning it was asked to; none where it was not.
    pub fn after(&self) -> Option<Duration> {
        Some(self.asked_at.get()?.saturating_duration_since(self.begun))
    }

    /// Returns once it is asked to.
    pub async fn asked(&self) {
        // The sender lives as long as this does.
        let _ = self.asked.subscribe().wait_for(|asked| *asked).await;
    }

    /// From now on the command does this.
    pub fn enter(&self, stage: Stage) {
        self.stage.send_replace(stage);
    }

    /// What the command is doing.
    pub fn stage(&self) -> Stage {
        *self.stage.borrow()
    }

    /// Returns once the command does this.
    pub async fn entered(&self, stage: Stage) {
        let _ = self.stage.subscribe().wait_for(|now| *now == stage).await;
    }
}
