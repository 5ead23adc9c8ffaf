//! Traces that broke off from their visible cause.

use std::collections::BTreeMap;

use crate::analysis::journey::findings::RuleHit;
use crate::analysis::journey::findings::advice;
use crate::analysis::journey::findings::context::RuleContext;
use crate::analysis::journey::findings::lost_context;
use crate::analysis::journey::findings::pairing::{PairedBy, Pairing};
use crate::model::conventions::MessageRole;
use crate::model::finding::{Confidence, Finding, FindingId, Severity};

/// A span that began a trace of its own, what caused it, and what tells so.
struct Break {
    cause: usize,
    effect: usize,
    how: &'static str,
    confidence: Confidence,
}

/// A finding a pair of services and way between them.
pub(crate) fn find(scene: &RuleContext, pairing: &Pairing) -> Vec<RuleHit> {
    if scene.grounds.known.joined_by_id {
        return vec![];
    }
    let mut breaks = broken_messages(scene, pairing);
    if scene.journey.correlation_id.is_some() {
        let how = "it is the only call to this service that was open then";
        let of = |(cause, effect)| Break { cause, effect, how, confidence: Confidence::Medium };
        breaks.extend(lost_context::unjoined(scene, pairing).into_iter().map(of));
    }
    let mut cases = BTreeMap::<_, Vec<Break>>::new();
    for one in breaks {
        let (cause, effect) = (&scene.journey.spans[one.cause], &scene.journey.spans[one.effect]);
        let key = (effect.service(), &effect.name, cause.service(), cause.topic(), one.confidence, one.how);
        cases.entry(key).or_default().push(one);
    }
    cases.into_values().map(|breaks| draft(scene, &breaks)).collect()
}

/// Consumers that began a trace of their own, though who sent their message is here.
fn broken_messages(scene: &RuleContext, pairing: &Pairing) -> Vec<Break> {
    let (spans, chains) = (&scene.journey.spans, &pairing.chains);
    let of = |effect: usize| {
        let (cause, by) = pairing.sender(effect)?;
        let (how, confidence) = match by {
            PairedBy::Context => return None,
            PairedBy::Id => ("both name the same message", Confidence::High),
            PairedBy::Place => ("both name the same offset", Confidence::Medium),
            PairedBy::Key => ("both name the same key", Confidence::Medium),
            PairedBy::OnlyFit => ("it is the only message of the topic that waited then", Confidence::Medium),
            PairedBy::SomeFit => ("it is one of several messages of the topic that waited then", Confidence::Low),
        };
        let speaks = !chains.linked_above[effect] && !chains.linked_below[effect] && !chains.named_below[effect];
        let root = chains.consumer_root(scene.journey, effect)?;
        let apart = spans[root].trace_id != spans[cause].trace_id && scene.in_tree[cause] && scene.in_tree[effect];
        let by_id = confidence == Confidence::High || scene.journey.correlation_id.is_some();
        (speaks && apart && by_id).then_some(Break { cause, effect, how, confidence })
    };
    pairing.consumes.iter().copied().filter_map(of).collect()
}

fn draft(scene: &RuleContext, breaks: &[Break]) -> RuleHit {
    let (first, spans) = (&breaks[0], &scene.journey.spans);
    let (cause, effect) = (&spans[first.cause], &spans[first.effect]);
    let (from, to) = (cause.service(), effect.service());
    let is_message = effect.message_role() == Some(MessageRole::Consume);
    let what = match (is_message, breaks.len()) {
        (true, 1) => format!("took a message of {} from {from}", cause.topic().unwrap_or(&cause.name)),
        (true, n) => format!("took {n} messages of {} from {from}", cause.topic().unwrap_or(&cause.name)),
        (false, 1) => format!("was called by {from}"),
        (false, n) => format!("was called {n} times by {from}"),
    };
    let summary = format!("{to} {what} and began a trace of its own, without parent or link");
    let mut finding = Finding::new(FindingId::BrokenPropagation, Severity::Error, first.confidence, summary);
    to.clone_into(&mut finding.service);
    finding.operation.clone_from(&effect.name);
    finding.count = breaks.len();
    for one in breaks {
        let how = format!("began its own trace{}: {}", advice::message(&spans[one.effect]), one.how);
        finding.evidence.push(scene.proof(one.cause, format!("{} by {from}", cause.name)));
        finding.evidence.push(scene.proof(one.effect, how));
    }
    finding.evidence.sort();
    finding.causes = if is_message {
        vec![
            format!("{to} does not read the trace context from the message's headers"),
            format!("{from} does not write the trace context into the message's headers"),
            "a broker, bridge or queue between them drops the headers".to_owned(),
        ]
    } else {
        vec![
            format!("{from} does not send the trace context with its calls"),
            format!("{to} does not read it, or reads another format"),
            "a proxy between them drops the header".to_owned(),
        ]
    };
    let headers = if is_message { "the message" } else { "the call" };
    finding.next = vec![format!("see whether {headers} carries a `traceparent` header when it reaches {to}")];
    RuleHit { finding, spans: breaks.iter().flat_map(|one| [one.cause, one.effect]).collect() }
}

#[cfg(test)]
mod tests {
    use crate::analysis::journey::findings::test_support::{told, told_knowing};
    use crate::model::finding::FindingId;

    const OF: [FindingId; 1] = [FindingId::BrokenPropagation];

    #[test]
    fn a_trace_that_broke_off_is_told_as_surely_as_its_cause_is() {
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
            assert_eq!(told(&OF, text), found, "{case}");
            assert!(told_knowing(&OF, text, |known| known.joined_by_id = true).is_empty(), "{case}");
        }
    }
}
