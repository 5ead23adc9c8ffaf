//! Servers that began a trace of their own, and the calls that they answer.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use crate::analysis::journey::findings::context::RuleContext;
use crate::model::conventions::short_service;
use crate::model::journey::Journey;
use crate::model::span::{Span, SpanKind};

/// What happens between the callers of a service and it, in the order in which events of one instant are taken.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum CallEvent {
    CallBegan,
    ServerBegan,
    CallEnded,
}

/// Calls without an answering span, each with the one server root that began while it alone was open.
pub(super) fn unjoined(context: &RuleContext) -> Vec<(usize, usize)> {
    let spans = &context.journey.spans;
    // By service, under a name that callers and servers share.
    let mut events: BTreeMap<String, Vec<(i64, CallEvent, usize)>> = BTreeMap::new();
    for (index, span) in spans.iter().enumerate().filter(|(index, _)| is_server_root(context, *index)) {
        let began = (context.clocks.start(span).0, CallEvent::ServerBegan, index);
        events.entry(plain_name(span.service())).or_default().push(began);
    }
    if events.is_empty() {
        return vec![];
    }
    for (index, span) in spans.iter().enumerate() {
        let is_unanswered =
            span.kind == SpanKind::Client && context.in_tree[index] && !context.pairing.chains.reaches[index];
        for peer in peers(span).into_iter().filter(|_| is_unanswered && is_innermost(context.journey, index)) {
            if let Some(events) = events.get_mut(&peer) {
                events.push((context.clocks.start(span).0, CallEvent::CallBegan, index));
                events.push((context.clocks.end(span).0, CallEvent::CallEnded, index));
            }
        }
    }
    let mut pairs: Vec<(usize, usize)> = events.into_values().flat_map(|events| only_fits(spans, events)).collect();
    pairs.sort_unstable();
    pairs
}

fn is_server_root(context: &RuleContext, index: usize) -> bool {
    let span = context.span(index);
    span.kind == SpanKind::Server
        && context.in_tree[index]
        && span.parent_id.is_none()
        && span.links.is_empty()
        && context.journey.forest.cause[index].is_none()
}

/// Of a client inside a client, the inner one speaks to the network.
fn is_innermost(journey: &Journey, index: usize) -> bool {
    !journey.forest.effects[index].iter().any(|below| journey.spans[*below].kind == SpanKind::Client)
}

/// Calls that were open alone when a server began, each with that server, where it is the only one.
fn only_fits(spans: &[Span], mut events: Vec<(i64, CallEvent, usize)>) -> Vec<(usize, usize)> {
    events.sort_unstable();
    let mut open = BTreeSet::new();
    let mut served: HashMap<usize, Vec<usize>> = HashMap::new();
    for (_, event, index) in events {
        match event {
            CallEvent::CallBegan => _ = open.insert(index),
            CallEvent::CallEnded => _ = open.remove(&index),
            // Where several calls are open, any of them may be the one.
            CallEvent::ServerBegan if open.len() == 1 => {
                open.iter().for_each(|call| served.entry(*call).or_default().push(index));
            }
            CallEvent::ServerBegan => {}
        }
    }
    let only = served.into_iter().filter_map(|(call, servers)| match servers.as_slice() {
        [server] => Some((call, *server)),
        _ => None,
    });
    only.filter(|(call, server)| may_answer(&spans[*call], &spans[*server])).collect()
}

/// Whether the server may have answered the call: another service, in another trace, by the same method.
fn may_answer(call: &Span, server: &Span) -> bool {
    let method = |span: &Span| {
        span.attributes.text(&["http.request.method", "http.method", "rpc.method"]).map(str::to_ascii_lowercase)
    };
    call.service() != server.service()
        && call.trace_id != server.trace_id
        && method(call).zip(method(server)).is_none_or(|(a, b)| a == b)
}

/// The names that a call has for its other side.
fn peers(span: &Span) -> BTreeSet<String> {
    let named = ["peer.service", "server.address", "net.peer.name", "http.host", "rpc.service"];
    let named = named.iter().filter_map(|key| span.attributes.text(&[key]));
    let hosts = span.attributes.text(&["url.full", "http.url"]).and_then(|url| url.split_once("://"));
    let hosts = hosts.map(|(_, rest)| rest.split('/').next().unwrap_or_default());
    named.chain(hosts).map(plain_name).filter(|name| !name.is_empty()).collect()
}

/// A name of a service as its host and its spans share it: of `content-service.default.svc:8001`, `content`.
pub(super) fn plain_name(name: &str) -> String {
    let host = name.split([':', '.', '/']).next().unwrap_or_default();
    short_service(host).to_ascii_lowercase().replace('-', "_")
}
