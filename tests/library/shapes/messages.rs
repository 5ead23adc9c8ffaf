//! Messages: received and processed, created and sent, in batches, by two groups, to oneself.

use std::sync::Arc;

use serde_json::json;

use super::{ShapeStage, after, text, within};
use trace::model::attribute::Value;
use trace::model::log::Level;
use trace::model::span::SpanKind;
use trace::source::demo::recorder::{SpanCause, SpanRef};

const AUDIT: &str = "audit_service";
const NOTIFY: &str = "notification_service";

/// One message and where it goes.
struct Letter<'a> {
    topic: &'static str,
    id: &'a str,
    operation: &'static str,
}

impl ShapeStage<'_> {
    /// Lets a span speak of a message.
    fn about(&mut self, at: SpanRef, letter: &Letter) {
        let operation = if letter.operation == "send" && !self.new_names { "publish" } else { letter.operation };
        let attributes = [
            ("messaging.system", text("kafka")),
            (self.named("messaging.destination.name", "messaging.destination"), text(letter.topic)),
            (self.named("messaging.operation.type", "messaging.operation"), text(operation)),
            (self.named("messaging.message.id", "messaging.message_id"), text(letter.id)),
        ];
        let known = if letter.id.is_empty() { &attributes[..3] } else { &attributes };
        self.tell(at, known);
    }

    fn send(&mut self, letter: &Letter, cause: SpanCause, from: i64) -> SpanRef {
        let name = format!("{} {}", letter.operation, letter.topic);
        let sent = self.plain(self.service, SpanKind::Producer, &name, cause, (from, after(from, 2)));
        self.about(sent, letter);
        sent
    }

    fn take(&mut self, service: &'static str, letter: &Letter, cause: SpanCause, time: (i64, i64)) -> SpanRef {
        let name = format!("{} {}", letter.operation, letter.topic);
        let taken = self.plain(service, SpanKind::Consumer, &name, cause, time);
        self.about(taken, letter);
        taken
    }

    fn wait(&mut self) -> i64 {
        self.r.jittered(30)
    }
}

/// Three instrumentations, three ways: beside each other, one around the other, each in its own trace.
pub(super) fn receive_and_process(stage: &mut ShapeStage) {
    const TOPIC: &str = "huleedu.audit.entry.v1";
    let id = stage.r.random.uuid();
    let letter = |operation| Letter { topic: TOPIC, id: &id, operation };
    let sent = stage.send(&letter("send"), SpanCause::Parent(stage.host), stage.at(40));
    let from = sent.to + stage.wait();
    let of_none = Letter { id: "", ..letter("receive") };
    match stage.r.random.below(3) {
        0 => {
            stage.take(AUDIT, &letter("receive"), SpanCause::Parent(sent), (from, after(from, 2)));
            stage.take(AUDIT, &letter("process"), SpanCause::Parent(sent), (after(from, 3), after(from, 20)));
        }
        1 => {
            let received = stage.take(AUDIT, &of_none, SpanCause::Nothing, (from, after(from, 30)));
            stage.carry_id(received);
            let time = (after(from, 3), after(from, 20));
            let processed = stage.take(AUDIT, &letter("process"), SpanCause::Parent(received), time);
            stage.link(processed, sent);
        }
        _ => {
            let received = stage.take(AUDIT, &of_none, SpanCause::Link(sent), (from, after(from, 2)));
            stage.carry_id(received);
            stage.take(AUDIT, &letter("process"), SpanCause::Parent(sent), (after(from, 3), after(from, 20)));
        }
    }
}

/// The message is created, then a client sends it: below, or with a link.
pub(super) fn create_and_send(stage: &mut ShapeStage) {
    const TOPIC: &str = "huleedu.mail.outgoing.v1";
    let id = stage.r.random.uuid();
    let letter = |operation| Letter { topic: TOPIC, id: &id, operation };
    let created = stage.send(&letter("create"), SpanCause::Parent(stage.host), stage.at(30));
    let is_below = stage.r.random.below(2) == 0;
    let cause = if is_below { SpanCause::Parent(created) } else { SpanCause::Parent(stage.host) };
    let kind = if is_below { SpanKind::Producer } else { SpanKind::Client };
    let time = (after(created.from, 1), after(created.from, 6));
    let sent = stage.plain(stage.service, kind, &format!("send {TOPIC}"), cause, time);
    stage.about(sent, &Letter { id: if is_below { &id } else { "" }, ..letter("send") });
    if !is_below {
        stage.link(sent, created);
    }
    let from = sent.to + stage.wait();
    stage.take(NOTIFY, &letter("process"), SpanCause::Parent(created), (from, after(from, 15)));
}

/// Many messages, and one consumer in a trace of its own that links to all of them.
pub(super) fn batch(stage: &mut ShapeStage) {
    const TOPIC: &str = "huleedu.statistics.word_count.v1";
    let count = 5 + stage.r.random.below(16) as i64;
    let mut sent = vec![];
    for n in 0..count {
        let id = stage.r.random.uuid();
        let from = stage.at(20 + 2 * n);
        sent.push(stage.send(
            &Letter { topic: TOPIC, id: &id, operation: "send" },
            SpanCause::Parent(stage.host),
            from,
        ));
    }
    let Some(last) = sent.last() else { return };
    let from = last.to + stage.wait();
    let letter = Letter { topic: TOPIC, id: "", operation: "process" };
    let taken = stage.take(AUDIT, &letter, SpanCause::Nothing, (from, after(from, 40)));
    stage.carry_id(taken);
    stage.tell(taken, &[("messaging.batch.message_count", Value::Int(count))]);
    sent.into_iter().for_each(|message| stage.link(taken, message));
    stage.plain(
        AUDIT,
        SpanKind::Internal,
        "count_words",
        SpanCause::Parent(taken),
        (within(taken, 10), within(taken, 90)),
    );
}

/// Two groups, one of which is of the sender's own service.
pub(super) fn two_groups(stage: &mut ShapeStage) {
    const TOPIC: &str = "huleedu.batch.progress.v1";
    let id = stage.r.random.uuid();
    let letter = |operation| Letter { topic: TOPIC, id: &id, operation };
    let sent = stage.send(&letter("send"), SpanCause::Parent(stage.host), stage.at(50));
    let group = stage.named("messaging.consumer.group.name", "messaging.kafka.consumer.group");
    for (service, name) in [(NOTIFY, "mailers"), (NOTIFY, "websockets"), (AUDIT, "audit")] {
        let from = sent.to + stage.wait();
        let taken = stage.take(service, &letter("process"), SpanCause::Parent(sent), (from, after(from, 12)));
        stage.tell(taken, &[(group, text(name))]);
    }
}

pub(super) fn to_itself(stage: &mut ShapeStage) {
    const TOPIC: &str = "huleedu.outbox.later.v1";
    let id = stage.r.random.uuid();
    let letter = |operation| Letter { topic: TOPIC, id: &id, operation };
    let sent = stage.send(&letter("send"), SpanCause::Parent(stage.host), stage.at(60));
    let from = sent.to + stage.wait();
    let taken = stage.take(stage.service, &letter("process"), SpanCause::Parent(sent), (from, after(from, 25)));
    stage.line(taken, Level::Info, "Outbox entry handled", &[("message_id", json!(id))]);
}

/// The message lies in a table until a relay comes by: its send is a child of work that has long ended.
pub(super) fn relay(stage: &mut ShapeStage) {
    const TOPIC: &str = "huleedu.essay.archived.v1";
    let id = stage.r.random.uuid();
    let letter = |operation| Letter { topic: TOPIC, id: &id, operation };
    let system = stage.named("db.system.name", "db.system");
    let time = (stage.at(30), stage.at(40));
    let kept = stage.plain(stage.service, SpanKind::Client, "INSERT outbox", SpanCause::Parent(stage.host), time);
    stage.tell(kept, &[(system, text("postgresql"))]);
    let from = stage.host.to + stage.r.jittered(1_200);
    let name = format!("send {TOPIC}");
    let sent = stage.plain(
        "outbox_relay_service",
        SpanKind::Producer,
        &name,
        SpanCause::Parent(stage.host),
        (from, after(from, 2)),
    );
    stage.about(sent, &letter("send"));
    let from = sent.to + stage.wait();
    stage.take(AUDIT, &letter("process"), SpanCause::Parent(sent), (from, after(from, 15)));
}

/// A task that is not done yet puts itself into the queue again, as Celery does.
pub(super) fn sent_again(stage: &mut ShapeStage) {
    const TOPIC: &str = "huleedu.tasks";
    let id = stage.r.random.uuid();
    let letter = |operation| Letter { topic: TOPIC, id: &id, operation };
    let mut sent = stage.send(&letter("send"), SpanCause::Parent(stage.host), stage.at(35));
    for _ in 0..2 {
        let from = sent.to + stage.wait();
        let taken = stage.take(AUDIT, &letter("process"), SpanCause::Parent(sent), (from, after(from, 30)));
        let name = format!("send {TOPIC}");
        let time = (after(taken.from, 20), after(taken.from, 22));
        sent = stage.plain(AUDIT, SpanKind::Producer, &name, SpanCause::Parent(taken), time);
        stage.about(sent, &letter("send"));
    }
    let from = sent.to + stage.wait();
    stage.take(AUDIT, &letter("process"), SpanCause::Parent(sent), (from, after(from, 30)));
}

/// Three instances, each with a queue of its own at one exchange.
pub(super) fn broadcast(stage: &mut ShapeStage) {
    const TOPIC: &str = "huleedu.settings.changed.v1";
    let id = stage.r.random.uuid();
    let letter = |operation| Letter { topic: TOPIC, id: &id, operation };
    let sent = stage.send(&letter("send"), SpanCause::Parent(stage.host), stage.at(45));
    for instance in 0..3 {
        let from = sent.to + stage.wait();
        let taken = stage.take(NOTIFY, &letter("process"), SpanCause::Parent(sent), (from, after(from, 4)));
        let resource = Arc::make_mut(&mut stage.r.span_mut(taken).resource);
        resource.attributes.push("service.instance.id", text(&format!("{NOTIFY}-{instance}")));
    }
}

/// A question by message; the answer goes to a queue that lives as long as the question.
pub(super) fn reply(stage: &mut ShapeStage) {
    const TOPIC: &str = "huleedu.quota.ask";
    let (asked, answered) = (stage.r.random.uuid(), stage.r.random.uuid());
    let letter = |operation| Letter { topic: TOPIC, id: &asked, operation };
    let sent = stage.send(&letter("send"), SpanCause::Parent(stage.host), stage.at(20));
    let from = sent.to + stage.wait();
    let taken = stage.take(AUDIT, &letter("process"), SpanCause::Parent(sent), (from, after(from, 12)));
    let time = (within(taken, 80), within(taken, 90));
    let reply = stage.plain(AUDIT, SpanKind::Producer, "send amq.gen-1f2e", SpanCause::Parent(taken), time);
    stage.about(reply, &Letter { topic: "amq.gen-1f2eZkq0", id: &answered, operation: "send" });
}
