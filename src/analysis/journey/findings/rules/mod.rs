//! One file a finding: what it is found by, and its test.

pub(super) mod broken_propagation;
pub(super) mod client_without_server;
pub(super) mod clock_skew;
pub(super) mod consume_without_publish;
pub(super) mod duplicate_consume;
pub(super) mod error_origin;
pub(super) mod gap;
pub(super) mod log_without_span;
pub(super) mod orphan;
pub(super) mod publish_without_consume;
pub(super) mod sibling_deviation;
pub(super) mod trace_not_stored;
pub(super) mod usually_followed_by;
