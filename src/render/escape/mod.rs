//! The one place where text from outside is made harmless: one file a target.
//!
//! A log line, a span's name, an error text, a file name may hold anything. Whatever leaves this program goes through
//! the escaping of the place where it will be read.

pub(crate) mod ci;
pub(crate) mod csv;
pub(crate) mod drawing;
pub(crate) mod markdown;
pub(crate) mod number;
pub(crate) mod terminal;

pub(crate) use number::push_escaped;
pub use terminal::{ascii, is_unsafe, line, lines, one_line};
