//! `consume_without_publish`: a message was consumed, and no publisher of it was found.
//!
//! A warning only where the topic has publishers that are traced: then a span is missing. Otherwise its publishers may
//! just not be ours: info. Never more than medium confidence, because the message may come from another journey.
//!
//! Silent for a consumer that has a link, for any link says where the message came from; for one that only polled; and
//! for orphans, whose missing parent is a finding of its own.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use crate::analysis::journey::findings::context::RuleContext;
use crate::analysis::journey::findings::message_identity::{message_identity, names_a_message};
use crate::analysis::journey::findings::rule_hit::RuleHit;
use crate::model::action::Purpose;
use crate::model::finding::{
    Cause, Confidence, EvidenceFact, Finding, FindingDetail, FindingId, MissingPartPlace, MissingThing, Severity,
};
use crate::model::span::Span;

/// Publishers whose lines are suggested to look at; more would be a list too long to work through.
const MAX_ACTIONS: usize = 3;

/// One hit for each service, operation and topic.
pub(super) fn find(context: &RuleContext) -> Vec<RuleHit> {
    let mut groups = BTreeMap::<_, Vec<usize>>::new();
    let consumes = context.pairing.consumes.iter().copied();
    for consume in consumes.filter(|consume| is_without_publish(context, *consume)) {
        let span = context.span(consume);
        groups.entry((span.service(), &span.name, span.topic())).or_default().push(consume);
    }
    if groups.is_empty() {
        return vec![];
    }
    let publishers = publishers_here(context);
    groups.into_values().map(|consumes| hit(context, &publishers, &consumes)).collect()
}

fn is_without_publish(context: &RuleContext, consume: usize) -> bool {
    let (span, pairing) = (context.span(consume), &context.pairing);
    let is_delivery = names_a_message(span) || matches!(span.message_operation().as_str(), "process" | "deliver");
    context.in_tree[consume]
        && is_delivery
        && pairing.sender(consume).is_none()
        && pairing.takes_a_message(consume)
        && !pairing.chains.linked_above[consume]
        && pairing.chains.consumer_root(context.journey, consume).is_some()
}

/// The services that publish to each topic in this journey.
type Publishers<'a> = HashMap<&'a str, BTreeSet<&'a str>>;

fn publishers_here<'a>(context: &RuleContext<'a>) -> Publishers<'a> {
    let mut publishers = Publishers::new();
    for publish in &context.pairing.publishes {
        let span = context.span(*publish);
        for topic in span.topics() {
            publishers.entry(topic).or_default().insert(span.service());
        }
    }
    publishers
}

/// The services that are known to publish to the topic of this message, here or elsewhere.
fn publishers_of<'a>(context: &RuleContext<'a>, here: &Publishers<'a>, consumed: &Span) -> BTreeSet<&'a str> {
    let topics = consumed.topics();
    let here = topics.iter().filter_map(|topic| here.get(*topic)).flatten().copied();
    let elsewhere = topics.iter().filter_map(|topic| context.input.known.published.get(*topic)).flatten();
    here.chain(elsewhere.map(String::as_str)).collect()
}

fn hit(context: &RuleContext, publishers: &Publishers, consumes: &[usize]) -> RuleHit {
    let (span, input) = (context.span(consumes[0]), context.input);
    let publishers = publishers_of(context, publishers, span);
    let is_external = span.topics().into_iter().any(|topic| input.known.is_external_topic(topic));
    let severity = if publishers.is_empty() || is_external { Severity::Info } else { Severity::Warning };
    let is_sure = input.looked_up && !input.known.sampled;
    let confidence = if is_sure { Confidence::Medium } else { Confidence::Low };
    let topic = span.topic().unwrap_or(&span.name).to_owned();
    let detail = FindingDetail::ConsumeWithoutPublish { topic: topic.clone() };
    let mut finding =
        Finding::new(FindingId::ConsumeWithoutPublish, severity, confidence, detail).at(span.service(), &span.name);
    finding.count = consumes.len();
    let evidence =
        |consume: &usize| context.evidence(*consume, EvidenceFact::Consumed(message_identity(context.span(*consume))));
    finding.evidence = consumes.iter().map(evidence).collect();
    if severity == Severity::Info {
        finding.causes = vec![Cause::PublishersNotTraced { topic }];
        return RuleHit { finding, spans: consumes.to_vec() };
    }
    let publisher = |consume: &usize| {
        let what = MissingThing::Publisher { topic: topic.clone() };
        context.missing_part(*consume, MissingPartPlace::Above, what)
    };
    finding.missing_parts = consumes.iter().map(publisher).collect();
    if !input.looked_up {
        finding.causes.push(Cause::PublisherNotLookedUp);
    }
    finding.causes.extend([Cause::SentInAnotherJourney, Cause::PublisherSpanNotExported, Cause::OtherPublishers]);
    let lines = |publisher: &&str| context.logs_of(publisher, Purpose::MessageSent);
    finding.actions = publishers.iter().take(MAX_ACTIONS).map(lines).collect();
    RuleHit { finding, spans: consumes.to_vec() }
}

#[cfg(test)]
mod tests {
    use crate::analysis::journey::findings::test_support::found_in;
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
            assert_eq!(found_in(&[FindingId::ConsumeWithoutPublish], text), found, "{case}");
        }
    }
}
