//! `duplicate_consume`: one message was processed twice by one consumer group.
//!
//! Deliveries are those of one message where consumer group, service, operation, topic and a strong message identity are
//! the same: a message ID that is not a small counter, or an offset. Keys are shared by many messages and prove nothing.
//!
//! Info where it is a retry: every delivery but the last failed, or the consumer sent the message again itself. Silent
//! for layers of instrumentation (one delivery inside another), for receiving and settling beside processing, and for a
//! broadcast, which reaches each instance once at the same time.

use std::collections::{BTreeMap, HashMap, HashSet};

use crate::analysis::journey::critical_path::causes_first;
use crate::analysis::journey::findings::context::RuleContext;
use crate::analysis::journey::findings::message_identity::{consumer_group, is_counter, message_identity};
use crate::analysis::journey::findings::rule_hit::RuleHit;
use crate::model::action::{Action, CommandName, Invocation, Purpose};
use crate::model::finding::{Cause, Confidence, EvidenceFact, Finding, FindingDetail, FindingId, Redelivery, Severity};
use crate::model::journey::CauseKind;
use crate::model::span::{Span, SpanKind};
use crate::model::time::SECOND;

/// Within this, in nanoseconds, deliveries to different instances are one broadcast. An instance that is given what
/// another one did not finish gets it when the broker gives up on that one, which takes longer.
const BROADCAST: i64 = SECOND;

/// What makes two deliveries those of one message to one group of consumers, by the same operation: group, service,
/// operation, topic and identity.
type Delivered<'a> = (&'a str, &'a str, &'a str, Option<&'a str>, StrongIdentity<'a>);

/// What repeats of one consumer are reported by: service, operation, topic, and whether all are retries.
type Consumer<'a> = (&'a str, &'a str, Option<&'a str>, bool);

/// What no other message has.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
enum StrongIdentity<'a> {
    Id(&'a str),
    Place(i64, i64),
}

/// One hit for each consumer and topic, retries apart from repeats.
pub(super) fn find(context: &RuleContext) -> Vec<RuleHit> {
    let pairing = &context.pairing;
    let mut deliveries: HashMap<Delivered, Vec<usize>> = HashMap::new();
    for consume in pairing.consumes.iter().copied().filter(|consume| context.in_tree[*consume]) {
        if let Some(key) = delivered(context.span(consume))
            && !is_inside_same(context, consume, &key)
        {
            deliveries.entry(key).or_default().push(consume);
        }
    }
    deliveries.retain(|_, all| all.len() > 1);
    if deliveries.is_empty() {
        return vec![];
    }
    let failed = failed(context);
    let mut groups = BTreeMap::<_, Vec<Vec<usize>>>::new();
    for (key, all) in deliveries {
        if is_broadcast(context, &all) {
            continue;
        }
        // What a consumer sends again while it works on it, it means to try again.
        let sent_again: HashSet<usize> =
            all.iter().filter_map(|consume| pairing.chains.consume_above[pairing.sender(*consume)?.0]).collect();
        // All but the last failed: tried again until it succeeded, or until it was given up.
        let is_retry = all
            .split_last()
            .is_some_and(|(_, earlier)| earlier.iter().all(|consume| failed[*consume] || sent_again.contains(consume)));
        let (_, service, name, topic, _) = key;
        groups.entry((service, name, topic, is_retry)).or_default().push(all);
    }
    let hit = |((.., is_retry), mut messages): (Consumer, Vec<Vec<usize>>)| {
        messages.sort_unstable();
        let has_failed = messages.iter().flatten().any(|delivery| failed[*delivery]);
        let again = match (is_retry, has_failed) {
            (false, _) => Redelivery::Unexplained,
            (true, true) => Redelivery::AfterFailure,
            (true, false) => Redelivery::SentAgain,
        };
        hit(context, &messages, again, &failed)
    };
    groups.into_iter().map(hit).collect()
}

/// Of a span that processes one message, identified well enough to know it again.
fn delivered(span: &Span) -> Option<Delivered<'_>> {
    if matches!(span.message_operation().as_str(), "receive" | "poll" | "fetch" | "settle" | "ack" | "create") {
        return None;
    }
    let id = span.message_id().filter(|id| !is_counter(id)).map(StrongIdentity::Id);
    let place =
        || span.topic().and(span.message_place()).map(|(partition, offset)| StrongIdentity::Place(partition, offset));
    Some((consumer_group(span), span.service(), span.name.as_str(), span.topic(), id.or_else(place)?))
}

/// Whether the span right around it, or one that it links to, is the same delivery: layers of instrumentation.
fn is_inside_same(context: &RuleContext, consume: usize, key: &Delivered) -> bool {
    let above = context.journey.forest.cause[consume].filter(|(_, via)| *via != CauseKind::Message);
    above.is_some_and(|(above, _)| delivered(context.span(above)).is_some_and(|outer| outer == *key))
}

/// Whether each delivery went to another instance, all at the same time.
fn is_broadcast(context: &RuleContext, deliveries: &[usize]) -> bool {
    let spans = || deliveries.iter().map(|delivery| context.span(*delivery));
    let instances: HashSet<&str> = spans().filter_map(instance).collect();
    let starts = || spans().map(|span| span.start);
    let spread = starts().max().unwrap_or_default().since(starts().min().unwrap_or_default());
    instances.len() == deliveries.len() && spread <= BROADCAST
}

/// The process of a service that made the span.
fn instance(span: &Span) -> Option<&str> {
    let keys = ["service.instance.id", "k8s.pod.name", "container.id", "host.name"];
    span.resource.attributes.text(&keys)
}

/// Beside each span: whether it failed, or something of its own service within it did.
fn failed(context: &RuleContext) -> Vec<bool> {
    let spans = &context.journey.spans;
    let is_failure = |span: &Span| span.is_error() && !matches!(span.kind, SpanKind::Client | SpanKind::Producer);
    let mut failed: Vec<bool> = spans.iter().map(is_failure).collect();
    for index in causes_first(context.journey).into_iter().rev() {
        if let Some((above, CauseKind::Parent)) = context.journey.forest.cause[index]
            && spans[above].service() == spans[index].service()
        {
            failed[above] |= failed[index];
        }
    }
    failed
}

fn hit(context: &RuleContext, messages: &[Vec<usize>], again: Redelivery, failed: &[bool]) -> RuleHit {
    let span = context.span(messages[0][0]);
    let is_retry = again != Redelivery::Unexplained;
    let severity = if is_retry { Severity::Info } else { Severity::Warning };
    let topic = span.topic().unwrap_or(&span.name).to_owned();
    let deliveries = messages.iter().map(Vec::len).max().unwrap_or_default();
    let detail = FindingDetail::DuplicateConsume { topic, deliveries, again };
    let mut finding =
        Finding::new(FindingId::DuplicateConsume, severity, Confidence::High, detail).at(span.service(), &span.name);
    finding.count = messages.len();
    for deliveries in messages {
        for (nth, delivery) in deliveries.iter().enumerate() {
            let message = message_identity(context.span(*delivery));
            let shows = EvidenceFact::Delivery { number: nth + 1, message, failed: failed[*delivery] };
            finding.evidence.push(context.evidence(*delivery, shows));
        }
    }
    finding.evidence.sort();
    if !is_retry {
        finding.causes = vec![Cause::NotAcknowledged, Cause::SentTwice, Cause::RestartedBeforeCommit];
        let timeline = Invocation::new(CommandName::Timeline).about(context.journey_id());
        finding.actions = vec![
            context.logs_of(span.service(), Purpose::RebalanceOrRestart),
            Action::Run(timeline, Purpose::SendsAboveDeliveries),
        ];
    }
    RuleHit { finding, spans: messages.iter().flatten().copied().collect() }
}

#[cfg(test)]
mod tests {
    use crate::analysis::journey::findings::test_support::found_in;
    use crate::model::finding::FindingId;

    #[test]
    fn a_message_processed_twice_is_a_warning_and_a_retry_is_not() {
        let delivered = |attempts: &[(&str, &str)]| {
            let line = |(of, how): &(&str, &str)| format!("\n  {of} consumer topic=t event.id=event-0001 {how}");
            format!("a/send 0..1 producer topic=t event.id=event-0001{}", attempts.iter().map(line).collect::<String>())
        };
        let table = [
            ("twice well", delivered(&[("b/take 9..20", ""), ("b/take 29..40", "")]), vec!["high warning b/take ×1"]),
            ("a retry", delivered(&[("b/take 9..20", "error"), ("b/take 29..40", "")]), vec!["info b/take ×1"]),
            ("given up", delivered(&[("b/take 9..20", "error"), ("b/take 29..40", "error")]), vec!["info b/take ×1"]),
            (
                "well again after a retry",
                delivered(&[("b/take 9..20", "error"), ("b/take 29..40", ""), ("b/take 49..60", "")]),
                vec!["high warning b/take ×1"],
            ),
            ("two services", delivered(&[("b/take 9..20", ""), ("c/take 29..40", "")]), vec![]),
            (
                "two groups of one service",
                delivered(&[
                    ("b/take 9..20", "messaging.consumer.group.name=x"),
                    ("b/take 29..40", "messaging.consumer.group.name=y"),
                ]),
                vec![],
            ),
            (
                "received, then processed",
                delivered(&[
                    ("b/t receive 9..20", "messaging.operation.type=receive"),
                    ("b/t process 20..40", "messaging.operation.type=process"),
                ]),
                vec![],
            ),
            ("one inside the other", delivered(&[("b/take 9..20", "\n    b/take 10..19 consumer topic=t event.id=event-0001")]), vec![]),
            (
                "a small number is no identity",
                "b/take 9..20 consumer topic=t messaging.message.id=7\nb/take 29..40 consumer topic=t messaging.message.id=7".into(),
                vec![],
            ),
        ];
        for (case, text, found) in table {
            assert_eq!(found_in(&[FindingId::DuplicateConsume], &text), found, "{case}");
        }
    }
}
