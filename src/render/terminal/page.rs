//! Where blocks are written: how wide, and in which style.

use crate::render::terminal::styled_text::{StyledLine, TextStyle};

/// Lines from top to bottom.
pub(super) type Lines = Vec<StyledLine>;

/// The columns in which blocks are written.
#[derive(Clone, Copy)]
pub(super) struct Page {
    /// How text is styled.
    pub style: TextStyle,
    /// How many columns.
    pub width: usize,
}
