//! A spinner on stderr, or nothing.

use std::time::Duration;

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

/// Tells what is being waited for. Leaves nothing behind.
pub struct Progress(ProgressBar);

impl Progress {
    /// Says nothing.
    pub fn silent() -> Self {
        Self(ProgressBar::with_draw_target(None, ProgressDrawTarget::hidden()))
    }

    /// A spinner on stderr; the caller knows that stderr is a terminal.
    pub fn spinner() -> Self {
        let bar = ProgressBar::new_spinner();
        if let Ok(style) = ProgressStyle::with_template("{spinner} {msg}  {elapsed}") {
            bar.set_style(style);
        }
        bar.enable_steady_tick(Duration::from_millis(120));
        Self(bar)
    }

    /// What is being done now. The text must be ours, not data.
    pub fn say(&self, text: impl Into<String>) {
        self.0.set_message(text.into());
    }

    /// Removes the spinner.
    pub fn done(&self) {
        self.0.finish_and_clear();
    }
}
