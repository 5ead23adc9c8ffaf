//! Clocks: what each service's times would be on the reference clock.

use std::collections::HashMap;

use crate::model::conventions::MessageRole;
use crate::model::journey::{Journey, Via};
use crate::model::span::Span;
use crate::model::time::Timestamp;

/// By how much each service's clock is ahead. Services without a measured difference keep their times.
#[derive(Clone, Debug, Default)]
pub struct Clocks {
    ahead: HashMap<String, i64>,
}

impl Clocks {
    /// Every time as it was recorded.
    pub fn as_recorded() -> Self {
        Self::default()
    }

    /// Every time with the measured skew taken off, also where a reference was itself measured against another one.
    pub fn measured(journey: &Journey) -> Self {
        let steps: HashMap<&str, (&str, i64)> =
            journey.skew.iter().map(|s| (s.service.as_str(), (s.reference.as_str(), s.ahead_ns))).collect();
        let ahead = steps.keys().map(|service| ((*service).to_owned(), total(&steps, service))).collect();
        Self { ahead }
    }

    /// When this happened on the reference clock.
    pub fn correct(&self, service: &str, at: Timestamp) -> Timestamp {
        at.plus(-self.ahead.get(service).copied().unwrap_or_default())
    }

    /// When the span began.
    pub fn start(&self, span: &Span) -> Timestamp {
        self.correct(span.service(), span.start)
    }

    /// When the span ended.
    pub fn end(&self, span: &Span) -> Timestamp {
        self.start(span).plus(span.duration_ns)
    }
}

fn total(steps: &HashMap<&str, (&str, i64)>, service: &str) -> i64 {
    let (mut at, mut sum) = (service, 0_i64);
    for _ in 0..steps.len() {
        let Some((reference, ahead)) = steps.get(at) else { break };
        sum = sum.saturating_add(*ahead);
        at = reference;
    }
    sum
}

/// The span whose message or link set this one off, where the two are separated by a queue rather than by a call.
pub fn asynchronous_cause(journey: &Journey, span: usize) -> Option<(usize, Via)> {
    let (cause, via) = journey.forest.cause.get(span).copied().flatten()?;
    let (from, to) = (&journey.spans[cause], &journey.spans[span]);
    let hop = to.message_role() == Some(MessageRole::Consume)
        && (from.message_role() == Some(MessageRole::Publish) || from.service() != to.service());
    (via != Via::Parent || hop).then_some((cause, via))
}

#[cfg(test)]
mod tests {
    use super::*;
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
        assert_eq!(["a", "b", "c"].map(|s| clocks.correct(s, Timestamp(100)).0), [100, 90, 85]);
        let circle = Journey { skew: vec![skew("b", "a", 1), skew("a", "b", 1)], ..Journey::default() };
        let _ = Clocks::measured(&circle);
    }
}
