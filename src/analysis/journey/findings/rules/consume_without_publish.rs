//! Messages that were taken and that nobody sent.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use crate::analysis::journey::findings::RuleHit;
use crate::analysis::journey::findings::advice;
use crate::analysis::journey::findings::chains::names_a_message;
use crate::analysis::journey::findings::context::RuleContext;
use crate::analysis::journey::findings::pairing::Pairing;
use crate::model::finding::{Confidence, Finding, FindingId, MissingPart, MissingPartPlace, Severity};
use crate::model::span::Span;

/// A finding a service and topic. Orphans are none of it: their parent is named, and that is what is missing.
pub(crate) fn find(scene: &RuleContext, pairing: &Pairing) -> Vec<RuleHit> {
    let mut unsent = BTreeMap::<_, Vec<usize>>::new();
    for consume in pairing.consumes.iter().copied().filter(|consume| is_unsent(scene, pairing, *consume)) {
        let span = &scene.journey.spans[consume];
        unsent.entry((span.service(), &span.name, span.topic())).or_default().push(consume);
    }
    if unsent.is_empty() {
        return vec![];
    }
    let here = senders_here(scene, pairing);
    unsent.into_values().map(|consumes| draft(scene, &here, &consumes)).collect()
}

fn is_unsent(scene: &RuleContext, pairing: &Pairing, consume: usize) -> bool {
    let (span, chains) = (&scene.journey.spans[consume], &pairing.chains);
    let takes = names_a_message(span) || matches!(span.message_operation().as_str(), "process" | "deliver");
    scene.in_tree[consume]
        && takes
        && pairing.sender(consume).is_none()
        && pairing.takes_a_message(consume)
        && !chains.linked_above[consume]
        && chains.consumer_root(scene.journey, consume).is_some()
}

/// Who sends to each topic here.
type Senders<'a> = HashMap<&'a str, BTreeSet<&'a str>>;

fn senders_here<'a>(scene: &'a RuleContext, pairing: &Pairing) -> Senders<'a> {
    let mut senders = Senders::new();
    for span in pairing.publishes.iter().map(|p| &scene.journey.spans[*p]) {
        span.topics().into_iter().for_each(|topic| _ = senders.entry(topic).or_default().insert(span.service()));
    }
    senders
}

/// Who is known to send to the topic: here, or elsewhere.
fn senders<'a>(scene: &'a RuleContext, here: &Senders<'a>, taken: &Span) -> BTreeSet<&'a str> {
    let topics = taken.topics();
    let here = topics.iter().filter_map(|topic| here.get(*topic)).flatten().copied();
    let known = topics.iter().filter_map(|topic| scene.grounds.known.published.get(*topic)).flatten();
    here.chain(known.map(String::as_str)).collect()
}

fn draft(scene: &RuleContext, here: &Senders, consumes: &[usize]) -> RuleHit {
    let (span, grounds) = (&scene.journey.spans[consumes[0]], scene.grounds);
    let senders = senders(scene, here, span);
    let external = span.topics().into_iter().any(|topic| grounds.known.is_external_topic(topic));
    let severity = if senders.is_empty() || external { Severity::Info } else { Severity::Warning };
    let sure = grounds.looked_up && !grounds.known.sampled;
    let confidence = if sure { Confidence::Medium } else { Confidence::Low };
    let (service, topic) = (span.service(), span.topic().unwrap_or(&span.name));
    let what = match consumes.len() {
        1 => format!("{service} took a message from {topic} that nobody here sent"),
        n => format!("{service} took {n} messages from {topic} that nobody here sent"),
    };
    let mut finding = Finding::new(FindingId::ConsumeWithoutPublish, severity, confidence, what);
    service.clone_into(&mut finding.service);
    finding.operation.clone_from(&span.name);
    finding.count = consumes.len();
    let proof = |c: &usize| scene.proof(*c, format!("taken{}", advice::message(&scene.journey.spans[*c])));
    finding.evidence = consumes.iter().map(proof).collect();
    if severity == Severity::Info {
        finding.causes = vec![format!("whoever sends to {topic} is not traced, or not ours")];
        return RuleHit { finding, spans: consumes.to_vec() };
    }
    let hole = |c: &usize| {
        let span = &scene.journey.spans[*c];
        let what = format!("publisher of {topic}");
        MissingPart { trace_id: span.trace_id, span_id: span.span_id, place: MissingPartPlace::Above, what }
    };
    finding.holes = consumes.iter().map(hole).collect();
    finding.causes = vec![
        "the message was sent in another journey, and the consumer began a new one".to_owned(),
        "the sender's span was not exported".to_owned(),
        "somebody who is not traced sends to the topic too".to_owned(),
    ];
    if !grounds.looked_up {
        finding.causes.insert(0, "the sender's trace could not be asked for by the message".to_owned());
    }
    let lines = |sender: &&str| advice::lines_of(scene, sender, "whether it sent the message");
    finding.next = senders.iter().take(3).map(lines).collect();
    RuleHit { finding, spans: consumes.to_vec() }
}

#[cfg(test)]
mod tests {
    use crate::analysis::journey::findings::test_support::told;
    use crate::model::finding::FindingId;

    #[test]
    fn a_message_from_nowhere_is_worth_a_look_only_where_its_senders_are_traced() {
        let table = [
            ("nobody sends", "b/take 9..20 consumer topic=t messaging.message.id=mmmm-1", vec!["info b/take ×1"]),
            (
                "somebody sends others",
                "a/send 0..1 producer topic=t messaging.message.id=mmmm-1\n  b/take 9..20 consumer topic=t\n\
                 b/take 29..40 consumer topic=t messaging.message.id=mmmm-2 trace=2",
                vec!["medium warning b/take ×1"],
            ),
            (
                "linked to what is not here",
                "a/send 0..1 producer topic=t\n  b/take 9..20 consumer topic=t link=1 messaging.message.id=mmmm-2",
                vec![],
            ),
            ("it only looked", "b/poll 9..20 consumer topic=t\nb/poll 29..40 consumer topic=t trace=2", vec![]),
            ("an orphan's parent is named", "?> b/take 9..20 consumer topic=t messaging.message.id=mmmm-2", vec![]),
        ];
        for (case, text, found) in table {
            assert_eq!(told(&[FindingId::ConsumeWithoutPublish], text), found, "{case}");
        }
    }
}
