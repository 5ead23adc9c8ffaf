//! Which traces of a window are read.

use crate::model::filter::Filters;
use crate::model::pattern::Pattern;
use crate::model::time::Window;
use crate::query::Bounds;

/// The traces to read of a window.
#[derive(Clone, Debug)]
pub(crate) struct SampleQuery {
    /// The time in which their spans began.
    pub(crate) window: Window,
    /// Maximum number of traces of each service.
    pub(crate) limit: usize,
    /// Which of a service's traces, where it has more than are read.
    pub(crate) spread: SampleSpread,
    /// What one span of each trace must match, as far as a server can filter.
    pub(crate) filters: Filters,
    /// Services to query; empty means all.
    pub(crate) services: Vec<String>,
    /// Limits on requests and on what is kept.
    pub(crate) bounds: Bounds,
}

impl SampleQuery {
    /// The same query, for traces with errors only: the newest traces of a service may hold none of its errors.
    #[must_use]
    pub(crate) fn with_errors(mut self) -> Self {
        self.filters.tags.push(("error".to_owned(), Pattern::exact("true")));
        self
    }
}

/// Which traces of a service are read where it has more than are read.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum SampleSpread {
    /// The newest.
    #[default]
    Newest,
    /// Some of every part of the window, so that groups which are compared do not differ by time.
    Even,
}
