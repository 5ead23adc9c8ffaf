//! The one place where text from outside is made harmless: one file a target.
//!
//! A log line, a span's name, an error text, a file name may hold anything. Whatever leaves this program goes through
//! the escaping of the place where it will be read.

pub mod ci;
pub mod csv;
pub mod drawing;
pub mod markdown;
pub mod number;
pub mod terminal;

pub use number::push_escaped;
pub use terminal::{ascii, is_unsafe, line, lines, one_line};
