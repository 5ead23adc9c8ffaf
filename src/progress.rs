//! A spinner on stderr, or nothing.

use std::io::{self, Write as _};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle, TermLike};

/// Whether there is a spinner on the last line of stderr.
static IS_DRAWN: AtomicBool = AtomicBool::new(false);

/// Removes the spinner from the terminal: for a process that ends at once.
pub fn clear() {
    if IS_DRAWN.load(Ordering::Acquire) {
        let _ = io::stderr().write_all(b"\r\x1b[K");
    }
}

/// Shows what is being waited for, and leaves nothing on the screen.
pub struct Progress(ProgressBar);

impl Progress {
    /// Shows nothing.
    pub fn silent() -> Self {
        Self(ProgressBar::with_draw_target(None, ProgressDrawTarget::hidden()))
    }

    /// A spinner on stderr; the caller knows that stderr is a terminal.
    pub(crate) fn spinner() -> Self {
        let bar = ProgressBar::new_spinner();
        bar.set_draw_target(ProgressDrawTarget::term_like_with_hz(Box::new(StderrTerminal), 20));
        if let Ok(style) = ProgressStyle::with_template("{spinner} {msg}  {elapsed}") {
            bar.set_style(style);
        }
        IS_DRAWN.store(true, Ordering::Release);
        bar.enable_steady_tick(Duration::from_millis(120));
        Self(bar)
    }

    /// A bar over this many runs; the caller knows that stderr is a terminal.
    pub(crate) fn bar(runs: usize) -> Self {
        let bar = ProgressBar::new(u64::try_from(runs).unwrap_or(u64::MAX));
        bar.set_draw_target(ProgressDrawTarget::term_like_with_hz(Box::new(StderrTerminal), 20));
        if let Ok(style) = ProgressStyle::with_template("{bar:30} {pos}/{len} runs  {elapsed}") {
            bar.set_style(style);
        }
        IS_DRAWN.store(true, Ordering::Release);
        bar.enable_steady_tick(Duration::from_millis(120));
        Self(bar)
    }

    /// One more run is done.
    pub(crate) fn step(&self) {
        self.0.inc(1);
    }

    /// What is being done now. The text must not contain data: it is not escaped.
    pub(crate) fn say(&self, text: impl Into<String>) {
        self.0.set_message(text.into());
    }

    /// Removes the spinner.
    pub(crate) fn done(&self) {
        self.0.finish_and_clear();
        IS_DRAWN.store(false, Ordering::Release);
    }
}

/// Columns left free for the `^C` that a terminal echoes: at the very end of the line it would wrap, and the line of the
/// spinner could no longer be removed.
const MARGIN: u16 = 4;
/// The width of a terminal that does not report it.
const USUAL_WIDTH: u16 = 80;

/// The terminal that stderr is, a little narrower than it is.
#[derive(Debug)]
struct StderrTerminal;

impl StderrTerminal {
    fn send(text: &str) -> io::Result<()> {
        io::stderr().write_all(text.as_bytes())
    }

    fn step(n: usize, way: char) -> io::Result<()> {
        if n == 0 { Ok(()) } else { Self::send(&format!("\x1b[{n}{way}")) }
    }
}

impl TermLike for StderrTerminal {
    fn width(&self) -> u16 {
        let width = terminal_size::terminal_size_of(io::stderr()).map_or(USUAL_WIDTH, |(width, _)| width.0);
        width.saturating_sub(MARGIN).max(1)
    }

    fn move_cursor_up(&self, n: usize) -> io::Result<()> {
        Self::step(n, 'A')
    }

    fn move_cursor_down(&self, n: usize) -> io::Result<()> {
        Self::step(n, 'B')
    }

    fn move_cursor_right(&self, n: usize) -> io::Result<()> {
        Self::step(n, 'C')
    }

    fn move_cursor_left(&self, n: usize) -> io::Result<()> {
        Self::step(n, 'D')
    }

    fn write_line(&self, text: &str) -> io::Result<()> {
        Self::send(&format!("{text}\n"))
    }

    fn write_str(&self, text: &str) -> io::Result<()> {
        Self::send(text)
    }

    fn clear_line(&self) -> io::Result<()> {
        Self::send("\r\x1b[2K")
    }

    fn flush(&self) -> io::Result<()> {
        Ok(())
    }
}
