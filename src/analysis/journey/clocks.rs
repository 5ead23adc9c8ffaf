//! Clocks: what each service's times would be on the reference clock.

use std::collections::HashMap;

use crate::model::conventions::MessageRole;
use crate::model::journey::{CauseKind, Journey};
use crate::model::span::Span;
use crate::model::time::Timestamp;

/// Ends that are at most this far apart are the same instant: a call is recorded in both services, each a moment later.
pub(super) const SAME_INSTANT_NS: i64 = 2_000_000;

/// By how much each service's clock is ahead. Services without a measured difference keep their times; by default all
/// do.
#[derive(Clone, Debug, Default)]
pub(crate) struct Clocks {
    ahead: HashMap<String, i64>,
}

impl Clocks {
    /// Every time with the measured skew taken off, also where a reference was itself measured against another one.
    pub(crate) fn measured(journey: &Journey) -> Self {
        let steps: HashMap<&str, (&str, i64)> =
            journey.skew.iter().map(|s| (s.service.as_str(), (s.reference.as_str(), s.ahead_ns))).collect();
        let ahead = steps.keys().map(|service| ((*service).to_owned(), total_ahead(&steps, service))).collect();
        Self { ahead }
    }

    /// When this happened on the reference clock.
    pub(crate) fn adjust(&self, service: &str, at: Timestamp) -> Timestamp {
        at.plus(-self.ahead.get(service).copied().unwrap_or_default())
    }

    /// When the work of the span began.
    pub fn start(&self, span: &Span) -> Timestamp {
        self.adjust(span.service(), span.work_start())
    }

    /// When the span ended.
    pub(crate) fn end(&self, span: &Span) -> Timestamp {
        self.start(span).plus(span.work_ns())
    }
}

fn total_ahead(steps: &HashMap<&str, (&str, i64)>, service: &str) -> i64 {
    let (mut at, mut sum) = (service, 0_i64);
    for _ in 0..steps.len() {
        let Some((reference, ahead)) = steps.get(at) else { break };
        sum = sum.saturating_add(*ahead);
        at = reference;
    }
    sum
}

/// The span whose message or link set this one off, where the two are separated by a queue rather than by a call.
pub(crate) fn asynchronous_cause(journey: &Journey, span: usize) -> Option<(usize, CauseKind)> {
    let (cause, via) = journey.forest.cause.get(span).copied().flatten()?;
    let (from, to) = (&journey.spans[cause], &journey.spans[span]);
    let hop = to.message_role() == Some(MessageRole::Consume)
        && (from.message_role() == Some(MessageRole::Publish) || from.service() != to.service());
    (via != CauseKind::Parent || hop).then_some((cause, via))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::analysis::journey::sketch;
    use crate::model::journey::Skew;

    #[test]
    fn skew_adds_up_along_references_and_a_circle_of_them_ends() {
        let skew = |reference: &str, service: &str, ahead_ns| Skew {
            reference: reference.into(),
            service: service.into(),
            ahead_ns,
            within_ns: None,
            pairs: 3,
        };
        let journey = Journey { skew: vec![skew("a", "b", 10), skew("b", "c", 5)], ..Journey::default() };
        let clocks = Clocks::measured(&journey);
        assert_eq!(["a", "b", "c"].map(|s| clocks.adjust(s, Timestamp(100)).0), [100, 90, 85]);
        let circle = Journey { skew: vec![skew("b", "a", 1), skew("a", "b", 1)], ..Journey::default() };
        let _ = Clocks::measured(&circle);
    }

    #[test]
    fn a_message_or_a_link_is_not_a_call() {
        // What came first, what came of it, how that is known.
        let table = [
            ("a/send 0..9 producer", "  a/work 1..2 consumer", Some(CauseKind::Parent)),
            ("a/call 0..9 client", "  b/work 1..2 consumer", Some(CauseKind::Parent)),
            ("a/step 0..9", "  a/work 1..2 consumer", None),
            ("a/send 0..9 producer", "  b/work 1..2", None),
            ("a/send 0..9 producer", "  a/work 1..2", None),
            ("a/call 0..9 client", "  b/work 1..2 server", None),
            ("a/step 0..9", "  ~> a/work 1..2", Some(CauseKind::Message)),
            ("a/step 0..9", "  ~> b/work 1..2 trace=2", Some(CauseKind::Link)),
        ];
        for (cause, effect, via) in table {
            let journey = sketch::journey(&format!("{cause}\n{effect}"));
            assert_eq!(asynchronous_cause(&journey, 1), via.map(|via| (0, via)), "{cause} {effect}");
            assert_eq!(asynchronous_cause(&journey, 0), None);
        }
    }

    #[test]
    fn a_span_is_moved_as_a_whole() {
        let journey = sketch::journey("a/x 10..30");
        let clocks = Clocks { ahead: HashMap::from([("a".to_owned(), 4_000_000)]) };
        let span = &journey.spans[0];
        let moved = [clocks.start(span), clocks.end(span)].map(|at| at.since(sketch::ORIGIN) / 1_000_000);
        assert_eq!(moved, [6, 26]);
    }
}
