//! Servers that began a trace of their own, and the calls that they fit.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use crate::analysis::journey::findings::context::RuleContext;
use crate::analysis::journey::findings::pairing::Pairing;
use crate::model::conventions::short_service;
use crate::model::journey::Journey;
use crate::model::span::{Span, SpanKind};

/// What happens on the way to one service: a call begins, a server begins, a call ends.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum CallEvent {
    Called,
    Served,
    Left,
}

/// Calls without an answering span, each with the one server root that began while it alone was open.
pub(super) fn unjoined(scene: &RuleContext, pairing: &Pairing) -> Vec<(usize, usize)> {
    let spans = &scene.journey.spans;
    let mut steps: BTreeMap<String, Vec<(i64, CallEvent, usize)>> = BTreeMap::new();
    for (index, span) in spans.iter().enumerate().filter(|(index, _)| is_root(scene, *index)) {
        steps.entry(plain_name(span.service())).or_default().push((
            scene.clocks.start(span).0,
            CallEvent::Served,
            index,
        ));
    }
    if steps.is_empty() {
        return vec![];
    }
    for (index, span) in spans.iter().enumerate() {
        let open = span.kind == SpanKind::Client && scene.in_tree[index] && !pairing.chains.reaches[index];
        for way in peers(span).into_iter().filter(|_| open && is_innermost(scene.journey, index)) {
            if let Some(steps) = steps.get_mut(&way) {
                steps.push((scene.clocks.start(span).0, CallEvent::Called, index));
                steps.push((scene.clocks.end(span).0, CallEvent::Left, index));
            }
        }
    }
    let mut pairs: Vec<(usize, usize)> = steps.into_values().flat_map(|steps| fits(spans, steps)).collect();
    pairs.sort_unstable();
    pairs
}

fn is_root(scene: &RuleContext, index: usize) -> bool {
    let span = &scene.journey.spans[index];
    span.kind == SpanKind::Server
        && scene.in_tree[index]
        && span.parent_id.is_none()
        && span.links.is_empty()
        && scene.journey.forest.cause[index].is_none()
}

/// Of a client inside a client the inner one speaks to the network.
fn is_innermost(journey: &Journey, index: usize) -> bool {
    !journey.forest.effects[index].iter().any(|below| journey.spans[*below].kind == SpanKind::Client)
}

fn fits(spans: &[Span], mut steps: Vec<(i64, CallEvent, usize)>) -> Vec<(usize, usize)> {
    steps.sort_unstable();
    let mut open = BTreeSet::new();
    let mut served: HashMap<usize, Vec<usize>> = HashMap::new();
    for (_, step, index) in steps {
        match step {
            CallEvent::Called => _ = open.insert(index),
            CallEvent::Left => _ = open.remove(&index),
            // Where several calls are open, each of them may be the one: none of them is alone with this server.
            CallEvent::Served if open.len() == 1 => {
                open.iter().for_each(|call| served.entry(*call).or_default().push(index));
            }
            CallEvent::Served => {}
        }
    }
    let alone = served.into_iter().filter_map(|(call, servers)| match servers.as_slice() {
        [one] => Some((call, *one)),
        _ => None,
    });
    alone.filter(|(call, server)| may_answer(&spans[*call], &spans[*server])).collect()
}

/// Whether the server may be what the call spoke to: another service, in another trace, the same method.
fn may_answer(call: &Span, server: &Span) -> bool {
    let method = |span: &Span| {
        span.attributes.text(&["http.request.method", "http.method", "rpc.method"]).map(str::to_ascii_lowercase)
    };
    call.service() != server.service()
        && call.trace_id != server.trace_id
        && method(call).zip(method(server)).is_none_or(|(a, b)| a == b)
}

/// The names under which a call knows its other side.
fn peers(span: &Span) -> BTreeSet<String> {
    let named = ["peer.service", "server.address", "net.peer.name", "http.host", "rpc.service"];
    let named = named.iter().filter_map(|key| span.attributes.text(&[key]));
    let hosts = span.attributes.text(&["url.full", "http.url"]).and_then(|url| url.split_once("://"));
    let hosts = hosts.map(|(_, rest)| rest.split('/').next().unwrap_or_default());
    named.chain(hosts).map(plain_name).filter(|name| !name.is_empty()).collect()
}

/// A service's name as hosts and services share it: `content-service.default.svc:8001` is `content`.
pub(super) fn plain_name(name: &str) -> String {
    let host = name.split([':', '.', '/']).next().unwrap_or_default();
    short_service(host).to_ascii_lowercase().replace('-', "_")
}
