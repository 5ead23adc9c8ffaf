//! The one place where facts and actions become sentences, flags and shell text.

pub mod actions;

use crate::model::filter::Filters;

/// The data that an answer rests on, as far as a command needs it to be about the same.
#[derive(Clone, Copy, Debug)]
pub struct SameData<'a> {
    /// The ID that the answer is about; none where it is about several, or about none.
    pub subject: Option<&'a str>,
    /// The flags that name the data, such as `--demo`; may be empty.
    pub flags: &'a str,
    /// What of the data was asked about.
    pub filters: &'a Filters,
}

impl SameData<'_> {
    /// Whether the flags alone say what the answer is about: a run of the demo is its only one.
    fn is_named_by_flags(&self) -> bool {
        self.subject.is_none() || self.flags.starts_with("--demo")
    }
}
