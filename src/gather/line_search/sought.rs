//! Which lines are looked for.

use crate::model::log::LogEntry;
use crate::model::pattern::Pattern;
use crate::source::role::{LineMatch, LogSource};

/// Which lines are searched for, of all services.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) enum LineFilter {
    /// Those that tell of a failure.
    #[default]
    Errors,
    /// Those in whose text one of these stands.
    Texts(Vec<Pattern>),
}

impl LineFilter {
    /// What a server is asked, so that each line is given by one of these, or by few of them.
    pub(crate) fn queries(&self, source: &dyn LogSource, streams: &str) -> Vec<String> {
        match self {
            Self::Errors => source.queries(streams, LineMatch::Errors),
            Self::Texts(texts) => {
                texts.iter().flat_map(|text| source.queries(streams, LineMatch::Like(text))).collect()
            }
        }
    }

    /// Whether a line that was given is one of them: reading tells it better than asking.
    pub(crate) fn has(&self, line: &LogEntry) -> bool {
        match self {
            Self::Errors => line.is_error(),
            Self::Texts(texts) => texts.iter().any(|text| text.found_in(&line.line)),
        }
    }

    /// What they are called.
    pub(crate) fn as_str(&self) -> &'static str {
        match self {
            Self::Errors => "error lines",
            Self::Texts(_) => "lines with the text that was asked for",
        }
    }
}
