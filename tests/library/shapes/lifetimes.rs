//! What lives otherwise than a call does: pollers, health checks, streams, work that outlives its cause.

use super::{ShapeStage, after, text};
use trace::model::attribute::Value;
use trace::model::span::SpanKind;
use trace::source::demo::recorder::{SpanCause, SpanRef};

const NOTIFY: &str = "notification_service";
const OUTBOX: &str = "outbox_relay_service";
/// Between two children of a stream.
const BEAT_MS: i64 = 12_000;

/// A relay asks its table for work, and a consumer asks its broker: each round a trace of its own.
pub(super) fn pollers(stage: &mut ShapeStage) {
    let rounds = 3 + stage.r.random.below(10) as i64;
    let system = stage.named("db.system.name", "db.system");
    for n in 0..rounds {
        let from = after(stage.at(10), 5_000 * n);
        let asked = stage.plain(OUTBOX, SpanKind::Client, "SELECT outbox", SpanCause::Nothing, (from, after(from, 3)));
        stage.carry_id(asked);
        stage.tell(asked, &[(system, text("postgresql"))]);
        let from = after(from, 700);
        let name = "receive huleedu.outbox.wakeup.v1";
        let polled = stage.plain(OUTBOX, SpanKind::Consumer, name, SpanCause::Nothing, (from, after(from, 100)));
        stage.carry_id(polled);
        let attributes = [
            ("messaging.system", text("kafka")),
            (stage.named("messaging.destination.name", "messaging.destination"), text("huleedu.outbox.wakeup.v1")),
            (stage.named("messaging.operation.type", "messaging.operation"), text("receive")),
            ("messaging.batch.message_count", Value::Int(0)),
        ];
        stage.tell(polled, &attributes);
    }
}

pub(super) fn health_checks(stage: &mut ShapeStage) {
    let rounds = 1 + stage.r.random.below(6) as i64;
    for n in 0..rounds {
        let from = after(stage.at(90), 10_000 * n);
        let status = stage.named("http.response.status_code", "http.status_code");
        let method = stage.named("http.request.method", "http.method");
        let alive =
            stage.plain(stage.service, SpanKind::Server, "GET /healthz", SpanCause::Nothing, (from, after(from, 1)));
        stage.carry_id(alive);
        stage.tell(alive, &[(method, text("GET")), ("http.route", text("/healthz")), (status, Value::Int(200))]);
    }
}

/// A subscription that lasts for minutes; each update is a child of it.
fn subscription(stage: &mut ShapeStage) -> SpanRef {
    let from = stage.at(70);
    let updates = 12 + stage.r.random.below(10) as i64;
    let time = (from, after(from, BEAT_MS * (updates + 1)));
    let open = stage.plain(NOTIFY, SpanKind::Server, "Notifications/Subscribe", SpanCause::Parent(stage.host), time);
    stage.tell(open, &[("rpc.system", text("grpc")), ("rpc.service", text("Notifications"))]);
    for n in 0..updates {
        let begins = after(from, 100 + BEAT_MS * n);
        stage.plain(NOTIFY, SpanKind::Internal, "push_update", SpanCause::Parent(open), (begins, after(begins, 8)));
    }
    open
}

pub(super) fn stream(stage: &mut ShapeStage) {
    subscription(stage);
}

pub(super) fn endless_stream(stage: &mut ShapeStage) {
    let open = subscription(stage);
    stage.r.drop_span(open);
}

/// A task in the background, and a call whose caller does not wait.
pub(super) fn outliving(stage: &mut ShapeStage) {
    let (from, to) = (stage.at(60), stage.host.to);
    let task = stage.plain(
        stage.service,
        SpanKind::Internal,
        "send_receipt",
        SpanCause::Parent(stage.host),
        (from, after(to, 900)),
    );
    let time = (after(from, 2), after(from, 4));
    let call = stage.plain(stage.service, SpanKind::Client, "Notifications/Notify", SpanCause::Parent(task), time);
    let peer = stage.named("server.address", "net.peer.name");
    stage.tell(call, &[("rpc.system", text("grpc")), (peer, text(NOTIFY))]);
    let time = (after(from, 3), after(to, 700));
    let served = stage.plain(NOTIFY, SpanKind::Server, "Notifications/Notify", SpanCause::Parent(call), time);
    stage.tell(served, &[("rpc.system", text("grpc"))]);
}
