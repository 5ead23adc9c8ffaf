//! Messages that were processed twice.

use std::collections::{BTreeMap, HashMap, HashSet};

use crate::analysis::journey::findings::RuleHit;
use crate::analysis::journey::findings::advice;
use crate::analysis::journey::findings::context::RuleContext;
use crate::analysis::journey::findings::pairing::{Pairing, group, is_poor};
use crate::model::finding::{Confidence, Finding, FindingId, Severity};
use crate::model::journey::CauseKind;
use crate::model::span::{Span, SpanKind};
use crate::model::time::SECOND;

/// What makes two deliveries those of one message to one group of consumers, by the same operation.
type Delivered<'a> = (&'a str, &'a str, &'a str, Option<&'a str>, Identity<'a>);

#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
enum Identity<'a> {
    Id(&'a str),
    Place(i64, i64),
}

/// A finding a consumer and topic, retries apart from repeats.
pub(crate) fn find(scene: &RuleContext, pairing: &Pairing) -> Vec<RuleHit> {
    let mut deliveries: HashMap<Delivered, Vec<usize>> = HashMap::new();
    for consume in pairing.consumes.iter().copied().filter(|c| scene.in_tree[*c]) {
        if let Some(key) = delivered(&scene.journey.spans[consume])
            && !is_inside_same(scene, consume, &key)
        {
            deliveries.entry(key).or_default().push(consume);
        }
    }
    deliveries.retain(|_, all| all.len() > 1);
    let mut cases = BTreeMap::<_, Vec<Vec<usize>>>::new();
    if deliveries.is_empty() {
        return vec![];
    }
    let failed = failed(scene);
    let (chains, sender) = (&pairing.chains, |consume| Some(pairing.sender(consume)?.0));
    for (key, all) in deliveries {
        if is_broadcast(scene, &all) {
            continue;
        }
        // What a consumer sends again while it works on it, it means to try again.
        let sent_again: HashSet<usize> = all.iter().filter_map(|c| chains.consume_above[sender(*c)?]).collect();
        // All but the last failed: tried again until it went well, or until it was given up.
        let is_retry =
            all.split_last().is_some_and(|(_, earlier)| earlier.iter().all(|c| failed[*c] || sent_again.contains(c)));
        let (_, service, name, topic, _) = key;
        cases.entry((service, name, topic, is_retry)).or_default().push(all);
    }
    cases
        .into_iter()
        .map(|((.., is_retry), mut messages)| {
            messages.sort_unstable();
            draft(scene, &messages, is_retry, &failed)
        })
        .collect()
}

/// Of a span that processes one message, named well enough to know it again.
fn delivered(span: &Span) -> Option<Delivered<'_>> {
    if matches!(span.message_operation().as_str(), "receive" | "poll" | "fetch" | "settle" | "ack" | "create") {
        return None;
    }
    let id = span.message_id().filter(|id| !is_poor(id)).map(Identity::Id);
    let place = || span.topic().and(span.message_place()).map(|(partition, offset)| Identity::Place(partition, offset));
    Some((group(span), span.service(), span.name.as_str(), span.topic(), id.or_else(place)?))
}

/// Whether a span right around it, or one that it links to, is the same delivery: layers of instrumentation.
fn is_inside_same(scene: &RuleContext, consume: usize, key: &Delivered) -> bool {
    let above = scene.journey.forest.cause[consume].filter(|(_, via)| *via != CauseKind::Message);
    above.is_some_and(|(above, _)| delivered(&scene.journey.spans[above]).is_some_and(|outer| outer == *key))
}

/// Whether each went to another instance at once: one that is sent to all of them. Who is given what another one did
/// not finish gets it later.
fn is_broadcast(scene: &RuleContext, deliveries: &[usize]) -> bool {
    const AT_ONCE: i64 = SECOND;
    let spans = || deliveries.iter().map(|delivery| &scene.journey.spans[*delivery]);
    let instances: HashSet<&str> = spans().filter_map(instance).collect();
    let starts = || spans().map(|span| span.start);
    let spread = starts().max().unwrap_or_default().since(starts().min().unwrap_or_default());
    instances.len() == deliveries.len() && spread <= AT_ONCE
}

/// Which of the processes of a service made the span.
fn instance(span: &Span) -> Option<&str> {
    let keys = ["service.instance.id", "k8s.pod.name", "container.id", "host.name"];
    span.resource.attributes.text(&keys)
}

/// Beside each span: whether it failed, or something of its own service within it did.
fn failed(scene: &RuleContext) -> Vec<bool> {
    let spans = &scene.journey.spans;
    let mut failed: Vec<bool> =
        spans.iter().map(|s| s.is_error() && !matches!(s.kind, SpanKind::Client | SpanKind::Producer)).collect();
    for index in crate::analysis::journey::critical_path::downwards(scene.journey).into_iter().rev() {
        if let Some((above, CauseKind::Parent)) = scene.journey.forest.cause[index]
            && spans[above].service() == spans[index].service()
        {
            failed[above] |= failed[index];
        }
    }
    failed
}

fn draft(scene: &RuleContext, messages: &[Vec<usize>], is_retry: bool, failed: &[bool]) -> RuleHit {
    let span = &scene.journey.spans[messages[0][0]];
    let severity = if is_retry { Severity::Info } else { Severity::Warning };
    let (service, topic) = (span.service(), span.topic().unwrap_or(&span.name));
    let times = messages.iter().map(Vec::len).max().unwrap_or_default();
    let often = if times == 2 { "twice".to_owned() } else { format!("{times} times") };
    let why = match messages.iter().flatten().any(|delivery| failed[*delivery]) {
        true if messages.len() == 1 => "because it failed before",
        true => "because they failed before",
        false => "because it sent it again itself",
    };
    let summary = match (messages.len(), is_retry) {
        (1, true) => format!("{service} got a message of {topic} {often}, {why}"),
        (n, true) => format!("{service} got {n} messages of {topic} again, {why}"),
        (1, false) => format!("{service} processed a message of {topic} {often}"),
        (n, false) => format!("{service} processed {n} messages of {topic} more than once"),
    };
    let mut finding = Finding::new(FindingId::DuplicateConsume, severity, Confidence::High, summary);
    service.clone_into(&mut finding.service);
    finding.operation.clone_from(&span.name);
    finding.count = messages.len();
    for deliveries in messages {
        for (nth, delivery) in deliveries.iter().enumerate() {
            let how = if failed[*delivery] { "failed" } else { "well" };
            let message = advice::message(&scene.journey.spans[*delivery]);
            finding.evidence.push(scene.proof(*delivery, format!("delivery {}{message}, ended {how}", nth + 1)));
        }
    }
    finding.evidence.sort();
    if !is_retry {
        finding.causes = vec![
            "the first delivery was not acknowledged in time: it took longer than the broker waits, or the group rebalanced".to_owned(),
            "the sender sent the message twice".to_owned(),
            "the consumer was restarted before it committed".to_owned(),
        ];
        finding.next = vec![
            advice::lines_of(scene, service, "of a rebalance or a restart between the deliveries"),
            "see whether the sends are one or two: `trace timeline` shows them above the deliveries".to_owned(),
        ];
    }
    RuleHit { finding, spans: messages.iter().flatten().copied().collect() }
}

#[cfg(test)]
mod tests {
    use crate::analysis::journey::findings::test_support::told;
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
            assert_eq!(told(&[FindingId::DuplicateConsume], &text), found, "{case}");
        }
    }
}
