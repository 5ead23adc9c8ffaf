//! Runs in which nothing is wrong, in every shape that messages have: nothing above info.

use crate::analysis::journey::findings::test_support::{findings, found_in, found_in_knowing, short};
use crate::analysis::journey::{findings::known::Knowledge, sketch};
use crate::model::finding::{FindingId, Severity};

#[test]
fn good_runs_of_every_shape_give_nothing_above_info() {
    let shapes = [
        (
            "linked, in a trace of its own",
            "a/send 0..1 producer topic=t event.id=event-0001\n  \
             ~> b/take 9..20 consumer topic=t event.id=event-0001 trace=2",
        ),
        (
            "linked without any messaging attribute",
            "a/send 0..1 producer topic=t\n  ~> b/handle 9..20 internal trace=2",
        ),
        (
            "received and processed, siblings",
            "a/send 0..1 producer topic=t messaging.message.id=mmmm-1\n  \
             b/receive 9..10 consumer topic=t messaging.message.id=mmmm-1 messaging.operation.type=receive\n  \
             b/process 11..20 consumer topic=t messaging.message.id=mmmm-1 messaging.operation.type=process",
        ),
        (
            "received in a trace of its own, processed below, linked there",
            "a/send 0..1 producer topic=t messaging.message.id=mmmm-1\n\
             b/t receive 8..30 consumer topic=t trace=2 messaging.operation.type=receive\n  \
             b/t process 9..20 consumer topic=t messaging.message.id=mmmm-1 link=1 messaging.operation.type=process",
        ),
        (
            "created, then sent by a span that links to both",
            "a/root 0..9\n  a/create 0..1 producer topic=t\n    b/take 20..30 consumer topic=t\n  \
             a/create 1..2 producer topic=t\n    b/take 31..40 consumer topic=t\n  \
             a/send 3..4 client messaging.operation.type=send topic=t link=2 link=4",
        ),
        (
            "created, sent below, consumed as the creation's child",
            "a/create 0..9 producer topic=t\n  a/send 1..4 producer topic=t\n  b/take 20..30 consumer topic=t",
        ),
        (
            "layers of instrumentation",
            "a/outer 0..9 producer topic=t\n  a/between 1..8\n    a/inner 2..7 producer topic=t\n      \
             b/outer 20..40 consumer topic=t\n        b/inner 21..39 consumer topic=t",
        ),
        (
            "a send that failed and was tried again",
            "a/root 0..9 server\n  a/send 1..2 producer topic=t error: timeout\n  a/send 3..4 producer topic=t\n    \
             b/take 9..20 consumer topic=t",
        ),
        (
            "the same message sent twice because the first try failed",
            "a/root 0..9 server\n  a/send 1..2 producer topic=t event.id=event-0001 error: timeout\n  \
             a/send 3..4 producer topic=t event.id=event-0001\n    b/take 9..20 consumer topic=t event.id=event-0001",
        ),
        (
            "delivered again after a failure",
            "a/send 0..1 producer topic=t event.id=event-0001\n  \
             b/take 9..20 consumer topic=t event.id=event-0001 error: busy\n  \
             b/take 29..40 consumer topic=t event.id=event-0001",
        ),
        (
            "failed inside, delivered again",
            "a/send 0..1 producer topic=t event.id=event-0001\n  b/take 9..20 consumer topic=t event.id=event-0001\n    \
             b/work 10..19 error: busy\n  b/take 29..40 consumer topic=t event.id=event-0001",
        ),
        (
            "two groups of consumers",
            "a/send 0..1 producer topic=t event.id=event-0001\n  b/take 9..20 consumer topic=t event.id=event-0001\n  \
             c/take 9..20 consumer topic=t event.id=event-0001",
        ),
        ("a child elsewhere that says nothing of messages", "a/send 0..1 producer topic=t\n  b/handle 9..20 server"),
        (
            "to itself",
            "a/send 0..1 producer topic=t\n  a/take 9..20 consumer topic=t\n    a/send 10..11 producer topic=u\n      \
             a/take 12..13 consumer topic=u",
        ),
        (
            "exchange and queue, the same routing key",
            "a/send 0..1 producer topic=orders messaging.system=rabbitmq messaging.rabbitmq.destination.routing_key=new \
             messaging.message.id=mmmm-1\n  ~> b/take 9..20 consumer topic=billing-q trace=2 messaging.system=rabbitmq \
             messaging.message.id=mmmm-1 messaging.rabbitmq.destination.routing_key=new",
        ),
        (
            "exchange and queue, by message ID alone, in the same trace",
            "a/root 0..40\n  a/send 0..1 producer topic=orders messaging.system=rabbitmq messaging.message.id=mmmm-1\n  \
             b/take 9..20 consumer topic=billing-q messaging.system=rabbitmq messaging.message.id=mmmm-1",
        ),
        (
            "the context is that of what was open around the send",
            "a/GET 0..9 server\n  a/send 1..2 producer topic=t\n  b/take 20..30 consumer topic=t",
        ),
        (
            "by offset, below another span",
            "a/GET 0..9 server\n  a/send 1..2 producer topic=t messaging.kafka.partition=1 messaging.kafka.offset=7\n  \
             b/take 20..30 consumer topic=t messaging.kafka.partition=1 messaging.kafka.offset=7",
        ),
        (
            "by key, the producer's offset unknown",
            "a/GET 0..9 server\n  a/send 1..2 producer topic=t messaging.kafka.partition=1 messaging.kafka.offset=0 \
             messaging.kafka.message.key=k\n  b/take 20..30 consumer topic=t messaging.kafka.partition=1 \
             messaging.kafka.offset=7 messaging.kafka.message.key=k",
        ),
        (
            "looks for messages",
            "b/poll 1..2 consumer topic=t\nb/poll 3..4 consumer topic=t trace=2\nb/kafka.poll 5..6 consumer trace=3",
        ),
        (
            "looks for messages beside somebody who sends",
            "a/send 0..1 producer topic=t\n  b/take 9..20 consumer topic=t\nb/t receive 30..31 consumer topic=t trace=2\n\
             b/t poll 40..41 consumer topic=t trace=3",
        ),
        ("looks and never says for what", "b/consume 1..2 consumer\nb/consume 3..4 consumer trace=2"),
        ("only consumers are traced", "b/take 9..20 consumer topic=t event.id=event-0001\n  b/store 10..19"),
        (
            "only consumers are traced, many",
            "b/take 9..20 consumer topic=t event.id=event-0001\nb/take 29..40 consumer topic=t event.id=event-0002 trace=2\n\
             c/process 50..60 consumer topic=u trace=3 messaging.operation=process",
        ),
        ("an entry called by nobody here", "shop/GET 0..9 server\nshop/GET 20..29 server trace=2"),
        (
            "a server linked from a trace of its own",
            "a/GET 0..50 client peer.service=shop\n  ~> shop/GET 9..20 server trace=2",
        ),
        ("lines of a proxy", "a/GET 0..9 server\n! envoy 5 info GET"),
    ];
    for (shape, text) in shapes {
        let found = found_in(&FindingId::ALL, text);
        assert!(found.iter().all(|line| line.starts_with("info")), "{shape}: {found:?}");
    }
}

#[test]
fn one_consumer_takes_fifty_messages() {
    let sends: String =
        (0..50).map(|n| format!("a/send {n}..{} producer topic=t event.id=event-{n:04}\n", n + 1)).collect();
    let links: String = (1..=50).map(|n| format!(" link={n}")).collect();
    let batch = format!("{sends}b/take 99..120 consumer topic=t trace=2{links}");
    assert_eq!(found_in(&FindingId::ALL, &batch), [""; 0]);
    let lost = batch.replace(" link=17 ", " ");
    let found = found_in_knowing(&FindingId::ALL, &lost, |known| {
        known.consumed.entry("t".into()).or_default().insert("b".into());
    });
    assert_eq!(found, ["high error a/send ×1"]);
}

#[test]
fn spans_under_another_id_and_reused_ids_give_no_findings() {
    let text = "a/send 0..1 producer topic=t\na/send 2..3 producer topic=t\nb/take 9..20 consumer topic=t trace=2 event.id=event-0001";
    let mut other = sketch::journey(text);
    other.is_own = vec![false; other.spans.len()];
    let mut reused = sketch::journey(text);
    reused.spans[1].span_id = reused.spans[0].span_id;
    for journey in [other, reused] {
        let mut known = Knowledge::default();
        known.learn(&journey);
        let found = findings(&journey, &known);
        let above_info = found.iter().filter(|f| f.severity > Severity::Info);
        assert_eq!(above_info.map(short).collect::<Vec<_>>(), [""; 0]);
    }
}
