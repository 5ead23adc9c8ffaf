//! The one word that may come from outside while a command runs: stop.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use tokio::sync::watch;

/// Told to a command that somebody wants it to end, and by the command whether it has something to show by then.
#[derive(Clone, Debug)]
pub struct Stop {
    asked: Arc<watch::Sender<bool>>,
    gathering: Arc<AtomicBool>,
}

impl Default for Stop {
    fn default() -> Self {
        Self { asked: Arc::new(watch::Sender::new(false)), gathering: Arc::default() }
    }
}

impl Stop {
    /// Asks the command to end.
    pub fn ask(&self) {
        self.asked.send_replace(true);
    }

    /// Whether it was asked to.
    pub fn is_asked(&self) -> bool {
        *self.asked.borrow()
    }

    /// Returns once it is asked to.
    pub async fn asked(&self) {
        // The sender lives as long as this does.
        let _ = self.asked.subscribe().wait_for(|asked| *asked).await;
    }

    /// From now on there is something to show: a stopped command ends by itself, with what it has.
    pub fn gathering(&self) {
        self.gathering.store(true, Ordering::Release);
    }

    /// Whether a stopped command will end by itself.
    pub fn will_show(&self) -> bool {
        self.gathering.load(Ordering::Acquire)
    }
}
