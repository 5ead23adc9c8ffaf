//! `broken_propagation`: a consumer or server began a trace of its own, though what caused it is in the journey.
//!
//! It is as sure as the match of cause and effect: high where both name the same message ID, medium where offset, key or
//! a unique fit in time match, low where several messages of the topic were waiting. All but the message ID may be shared
//! by chance, so they count only in a journey that a correlation ID holds together.
//!
//! Silent for a root without such a cause, which is an entry; for a consumer that has links, or that has them above or
//! below it; and where the configuration says that traces are joined by the correlation ID alone.

use std::collections::BTreeMap;

use crate::analysis::journey::findings::context::RuleContext;
use crate::analysis::journey::findings::lost_context;
use crate::analysis::journey::findings::message_identity::message_identity;
use crate::analysis::journey::findings::pairing::PairedBy;
use crate::analysis::journey::findings::rule_hit::RuleHit;
use crate::model::action::{Action, Carrier, LookAt};
use crate::model::conventions::MessageRole;
use crate::model::finding::{
    Cause, Confidence, EvidenceFact, Finding, FindingDetail, FindingId, MatchedBy, OperationRef, Severity,
};

/// A span that began a trace of its own, and the span that caused it.
struct Break {
    cause: usize,
    effect: usize,
    matched_by: MatchedBy,
    confidence: Confidence,
}

/// One hit for each pair of services and way between them.
pub(super) fn find(context: &RuleContext) -> Vec<RuleHit> {
    if context.input.known.joined_by_id {
        return vec![];
    }
    let mut breaks = broken_messages(context);
    if context.journey.correlation_id.is_some() {
        let broken_call = |(cause, effect)| Break {
            cause,
            effect,
            matched_by: MatchedBy::OnlyOpenCall,
            confidence: Confidence::Medium,
        };
        breaks.extend(lost_context::unjoined(context).into_iter().map(broken_call));
    }
    let mut groups = BTreeMap::<_, Vec<Break>>::new();
    for broken in breaks {
        let (cause, effect) = (context.span(broken.cause), context.span(broken.effect));
        let way = (effect.service(), &effect.name, cause.service(), cause.topic());
        let key = (way, broken.confidence, broken.matched_by);
        groups.entry(key).or_default().push(broken);
    }
    groups.into_values().map(|breaks| hit(context, &breaks)).collect()
}

/// Consumers that began a trace of their own, though the publish of their message is here.
fn broken_messages(context: &RuleContext) -> Vec<Break> {
    let (spans, pairing) = (&context.journey.spans, &context.pairing);
    let chains = &pairing.chains;
    let broken = |effect: usize| {
        let (cause, paired_by) = pairing.sender(effect)?;
        let (matched_by, confidence) = match paired_by {
            PairedBy::Context => return None,
            PairedBy::Id => (MatchedBy::MessageId, Confidence::High),
            PairedBy::Place => (MatchedBy::Offset, Confidence::Medium),
            PairedBy::Key => (MatchedBy::MessageKey, Confidence::Medium),
            PairedBy::OnlyFit => (MatchedBy::OnlyWaitingMessage, Confidence::Medium),
            PairedBy::SomeFit => (MatchedBy::AnyWaitingMessage, Confidence::Low),
        };
        let is_unlinked = !chains.linked_above[effect] && !chains.linked_below[effect] && !chains.named_below[effect];
        let root = chains.consumer_root(context.journey, effect)?;
        let is_apart =
            spans[root].trace_id != spans[cause].trace_id && context.in_tree[cause] && context.in_tree[effect];
        let is_one_journey = confidence == Confidence::High || context.journey.correlation_id.is_some();
        (is_unlinked && is_apart && is_one_journey).then_some(Break { cause, effect, matched_by, confidence })
    };
    pairing.consumes.iter().copied().filter_map(broken).collect()
}

fn hit(context: &RuleContext, breaks: &[Break]) -> RuleHit {
    let first = &breaks[0];
    let (cause, effect) = (context.span(first.cause), context.span(first.effect));
    let (from, to) = (cause.service().to_owned(), effect.service().to_owned());
    let is_message = effect.message_role() == Some(MessageRole::Consume);
    let topic = is_message.then(|| cause.topic().unwrap_or(&cause.name).to_owned());
    let detail = FindingDetail::BrokenPropagation { from: from.clone(), topic };
    let mut finding =
        Finding::new(FindingId::BrokenPropagation, Severity::Error, first.confidence, detail).at(&to, &effect.name);
    finding.count = breaks.len();
    for broken in breaks {
        let caused_by = EvidenceFact::CauseOfBreak(OperationRef::new(from.clone(), cause.name.clone()));
        let message = message_identity(context.span(broken.effect));
        let began = EvidenceFact::BeganOwnTrace { message, matched_by: broken.matched_by };
        finding.evidence.push(context.evidence(broken.cause, caused_by));
        finding.evidence.push(context.evidence(broken.effect, began));
    }
    finding.evidence.sort();
    let carrier = if is_message { Carrier::Message } else { Carrier::Call };
    finding.actions = vec![Action::LookAt(LookAt::ArrivingContext { carrier, service: to.clone() })];
    finding.causes = match carrier {
        Carrier::Message => vec![
            Cause::ContextNotReadFromMessage { service: to },
            Cause::ContextNotWrittenToMessage { service: from },
            Cause::HeadersDroppedByBroker,
        ],
        Carrier::Call => vec![
            Cause::ContextNotSent { service: from },
            Cause::ContextNotRead { service: to },
            Cause::HeaderDroppedByProxy,
        ],
    };
    RuleHit { finding, spans: breaks.iter().flat_map(|broken| [broken.cause, broken.effect]).collect() }
}

#[cfg(test)]
mod tests {
    use crate::analysis::journey::findings::test_support::{found_in, found_in_knowing};
    use crate::model::finding::FindingId;

    const OF: [FindingId; 1] = [FindingId::BrokenPropagation];

    #[test]
    fn a_broken_trace_is_as_sure_as_the_match_of_its_cause() {
        let table = [
            (
                "the same message",
                "a/send 0..1 producer topic=t event.id=event-0001\nb/take 9..20 consumer topic=t event.id=event-0001 trace=2",
                vec!["high error b/take ×1"],
            ),
            (
                "received and processed in a trace of their own",
                "a/send 0..1 producer topic=t event.id=event-0001\nb/poll 8..30 consumer topic=t trace=2\n  \
                 b/take 9..20 consumer topic=t event.id=event-0001",
                vec!["high error b/take ×1"],
            ),
            (
                "linked at the top",
                "a/send 0..1 producer topic=t event.id=event-0001\n~> b/poll 8..30 consumer topic=t trace=2 link=1\n  \
                 b/take 9..20 consumer topic=t event.id=event-0001",
                vec![],
            ),
            (
                "the only message of the topic",
                "a/send 0..1 producer topic=t\nb/take 9..20 consumer topic=t trace=2",
                vec!["medium error b/take ×1"],
            ),
            (
                "one after the other",
                "a/send 0..1 producer topic=t\nb/take 9..20 consumer topic=t trace=2\n\
                 a/send 30..31 producer topic=t\nb/take 39..50 consumer topic=t trace=3",
                vec!["medium error b/take ×2"],
            ),
            (
                "any of two",
                "a/send 0..1 producer topic=t\na/send 2..3 producer topic=t\nb/take 9..20 consumer topic=t trace=2\n\
                 b/take 39..50 consumer topic=t trace=3",
                vec!["low error b/take ×2"],
            ),
            ("before it was sent", "b/take 0..4 consumer topic=t trace=2\na/send 9..10 producer topic=t", vec![]),
            (
                "a call",
                "a/GET 0..50 client server.address=shop-service.default.svc\nshop_service/GET 9..20 server trace=2",
                vec!["medium error shop_service/GET ×1"],
            ),
            (
                "two calls at once",
                "a/GET 0..50 client peer.service=shop\na/GET 1..50 client peer.service=shop\nshop/GET 9..20 server trace=2",
                vec![],
            ),
            ("an entry", "a/GET 0..50 client peer.service=shop\nshop/GET 60..70 server trace=2", vec![]),
            (
                "a call that was answered",
                "a/GET 0..50 client peer.service=shop\n  shop/GET 3..4 server\nshop/GET 9..20 server trace=2",
                vec![],
            ),
        ];
        for (case, text, found) in table {
            assert_eq!(found_in(&OF, text), found, "{case}");
            assert!(found_in_knowing(&OF, text, |known| known.joined_by_id = true).is_empty(), "{case}");
        }
    }
}
