//! The sources of a session, as gathering sees them: by role, over one transport.

use crate::progress::Progress;
use crate::source::role::{LogSource, MetricSource, Role, SpanSource};
use crate::source::server::backends::Backends;
use crate::source::server::endpoint::Endpoint;
use crate::source::server::transport::Transport;

/// The sources of one question.
#[derive(Clone, Copy)]
pub struct Sources<'a> {
    /// The backends.
    pub backends: &'a Backends,
    /// Sends the requests, within the limits of this question.
    pub transport: &'a Transport,
    /// Shows what is being waited for.
    pub progress: &'a Progress,
}

impl<'a> Sources<'a> {
    /// The address of the backend with this role; none where it is left out.
    pub(crate) fn endpoint(&self, role: Role) -> Option<&'a Endpoint> {
        self.backends.endpoint(role)
    }

    /// The source of spans, not connected yet.
    pub fn spans(&self) -> Option<Box<dyn SpanSource + 'a>> {
        self.backends.span_source(self.transport)
    }

    /// The source of log lines.
    pub(crate) fn logs(&self) -> Option<Box<dyn LogSource + 'a>> {
        self.backends.log_source(self.transport)
    }

    /// The source of metrics.
    pub(crate) fn metrics(&self) -> Option<Box<dyn MetricSource + 'a>> {
        self.backends.metric_source(self.transport)
    }
}
