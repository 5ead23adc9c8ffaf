//! What exporters, gateways and clocks make of good spans.

use std::collections::HashMap;

use super::{ShapeStage, after, text, within};
use trace::model::attribute::{Attributes, Value};
use trace::model::span::{Event, SpanKind};
use trace::model::time::{HOUR, Timestamp};
use trace::source::demo::recorder::{MS, SpanCause};

const TEXTS: &str = "text_store_service";
const SEARCH: &str = "search_service";

/// Every third span or so comes twice.
pub(super) fn repeats(stage: &mut ShapeStage) {
    let written = stage.r.spans.len();
    let first = stage.r.random.below(3) as usize;
    for n in (first..written).step_by(3) {
        if let Some(at) = stage.r.nth_span(n) {
            stage.repeat(at);
        }
    }
}

/// The servers that begin traces were called by a gateway whose spans are not stored. What is stored twice stays alike.
pub(super) fn gateway(stage: &mut ShapeStage) {
    let mut callers = HashMap::new();
    for n in 0..stage.r.spans.len() {
        let Some(at) = stage.r.nth_span(n) else { continue };
        let span = &stage.r.spans[at.index];
        if span.kind == SpanKind::Server && span.parent_id.is_none() && span.links.is_empty() {
            let outside = *callers.entry(stage.r.span_ids(at)).or_insert_with(|| stage.r.random.span_id());
            stage.r.span_mut(at).parent_id = Some(outside);
        }
    }
}

/// A server and a child of its own begin a little before what called them.
pub(super) fn inversions(stage: &mut ShapeStage) {
    let peer = stage.named("server.address", "net.peer.name");
    let (from, to) = (stage.at(40), stage.at(70));
    let call = stage.plain(stage.service, SpanKind::Client, "GET", SpanCause::Parent(stage.host), (from, to));
    stage.tell(call, &[(peer, text(TEXTS)), (stage.named("http.request.method", "http.method"), text("GET"))]);
    let time = (from - 3 * MS / 10, to - MS);
    let served = stage.plain(TEXTS, SpanKind::Server, "GET /v1/texts/{id}", SpanCause::Parent(call), time);
    let time = (time.0 - MS / 10, within(served, 50));
    stage.plain(TEXTS, SpanKind::Internal, "read", SpanCause::Parent(served), time);
}

/// The clock of the called process is set while it works: what it begins later begins hours earlier, or later.
pub(super) fn clock_step(stage: &mut ShapeStage) {
    let step = if stage.r.random.below(2) == 0 { -3 * HOUR } else { 2 * HOUR };
    let peer = stage.named("server.address", "net.peer.name");
    let time = (stage.at(20), stage.at(80));
    let call = stage.plain(stage.service, SpanKind::Client, "Search/Index", SpanCause::Parent(stage.host), time);
    stage.tell(call, &[("rpc.system", text("grpc")), (peer, text(SEARCH))]);
    let time = (within(call, 10), within(call, 90));
    let served = stage.plain(SEARCH, SpanKind::Server, "Search/Index", SpanCause::Parent(call), time);
    stage.tell(served, &[("rpc.system", text("grpc"))]);
    for n in 0..3 {
        let time = (within(served, 30 + 20 * n) + step, within(served, 45 + 20 * n) + step);
        stage.plain(SEARCH, SpanKind::Internal, "index_shard", SpanCause::Parent(served), time);
    }
    let time = Timestamp(within(served, 95) + step);
    let event = Event { time, name: "indexed".to_owned(), attributes: Attributes(vec![("n".into(), Value::Int(3))]) };
    stage.r.span_mut(served).events.push(event);
}

/// Two workers that were forked with one state of their random numbers give one ID twice, and each has a child.
pub(super) fn reused_ids(stage: &mut ShapeStage) {
    let shared = stage.r.random.span_id();
    for n in 0..2 {
        let time = (stage.at(20 + 30 * n), stage.at(40 + 30 * n));
        let name = ["tokenize", "stem"][n as usize];
        let worker = stage.plain(stage.service, SpanKind::Internal, name, SpanCause::Parent(stage.host), time);
        stage.r.span_mut(worker).span_id = shared;
        let time = (within(worker, 10), after(within(worker, 10), 1));
        stage.plain(stage.service, SpanKind::Internal, "read_chunk", SpanCause::Parent(worker), time);
    }
}
