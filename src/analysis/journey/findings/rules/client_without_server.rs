//! `client_without_server`: calls of which the other side is not there.

use std::collections::{BTreeMap, HashMap, HashSet};

use crate::analysis::journey::critical_path::downwards;
use crate::analysis::journey::findings::call_failure::CallFailure;
use crate::analysis::journey::findings::context::RuleContext;
use crate::analysis::journey::findings::remote_peer::Remote;
use crate::analysis::journey::findings::{MOST_PROOFS, RuleHit};
use crate::model::finding::{Confidence, Finding, FindingId, MissingPart, MissingPartPlace, Severity};
use crate::model::id::{SpanId, TraceId};
use crate::model::span::{Span, SpanKind};
use crate::model::time::Timestamp;

/// So many layers of instrumentation are looked through.
const MOST_LAYERS: usize = 8;
/// Clocks on one host agree as well as this.
const PRECISION: i64 = 2_000_000;

/// What the calls to one callee have in common: for those that failed, who was called and whether it was made good;
/// for those that succeeded, who called whom.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum CallGroup<'a> {
    Failed { callee: &'a str, recovered: bool },
    Well { caller: &'a str, callee: &'a str },
}

/// Calls without their other side: one for each callee that failed, one for each pair of services otherwise.
pub(crate) fn find(scene: &RuleContext) -> Vec<RuleHit> {
    let (journey, known) = (scene.journey, scene.grounds.known);
    let mut sides = None;
    let mut groups: BTreeMap<CallGroup, Vec<usize>> = BTreeMap::new();
    for (index, span) in journey.spans.iter().enumerate().filter(|(index, _)| scene.in_tree[*index]) {
        let Some(remote) = Remote::new(span, known).filter(|_| span.message_role().is_none()) else { continue };
        let trouble = CallFailure::classify(span);
        // What failed only because its caller had failed before is no failure of its own.
        if scene.cascade.follows.contains_key(&index)
            || remote.is_silent && !(span.is_error() && trouble == CallFailure::Down)
        {
            continue;
        }
        let sides = sides.get_or_insert_with(|| Sides::new(scene));
        if sides.is_layer(index) || sides.is_served(scene, index, span.is_error() && trouble == CallFailure::Down) {
            continue;
        }
        let group = if span.is_error() {
            CallGroup::Failed { callee: remote.name, recovered: scene.cascade.recovered.contains(&index) }
        } else {
            CallGroup::Well { caller: span.service(), callee: remote.name }
        };
        groups.entry(group).or_default().push(index);
    }
    let draft = |(group, calls)| match group {
        CallGroup::Failed { callee, recovered } => failed(scene, callee, recovered, calls),
        CallGroup::Well { caller, callee } => well(scene, caller, callee, calls),
    };
    groups.into_iter().map(draft).collect()
}

/// Who is on the other side of whom.
struct Sides<'a> {
    /// Whether a client of the same service is called below.
    layers: Vec<bool>,
    /// Whether a server, or any span of another service, follows from it.
    answered: Vec<bool>,
    /// Spans that are linked to by another service.
    linked: HashSet<(TraceId, SpanId)>,
    /// Below each span that has some: its servers by start, each with the latest end so far.
    servers: HashMap<usize, Vec<(Timestamp, Timestamp)>>,
    service: Vec<&'a str>,
}

impl<'a> Sides<'a> {
    fn new(scene: &RuleContext<'a>) -> Self {
        let journey = scene.journey;
        let count = journey.spans.len();
        let mut sides = Self {
            layers: vec![false; count],
            answered: vec![false; count],
            linked: HashSet::new(),
            servers: HashMap::new(),
            service: journey.spans.iter().map(Span::service).collect(),
        };
        for index in downwards(journey).into_iter().rev() {
            let span = &journey.spans[index];
            let Some((cause, _)) = journey.forest.cause[index] else { continue };
            let is_other = sides.service[cause] != sides.service[index];
            let is_call = span.kind == SpanKind::Client && Remote::new(span, scene.grounds.known).is_some();
            sides.layers[cause] |= !is_other && (is_call || sides.layers[index]);
            sides.answered[cause] |= is_other || span.kind == SpanKind::Server || sides.answered[index];
            if is_other && span.kind == SpanKind::Server {
                let window = (scene.clocks.start(span), scene.clocks.end(span));
                sides.servers.entry(cause).or_default().push(window);
            }
        }
        for servers in sides.servers.values_mut() {
            servers.sort_unstable();
            let mut latest = Timestamp(i64::MIN);
            for (_, end) in servers.iter_mut() {
                latest = latest.max(*end);
                *end = latest;
            }
        }
        let links = journey.spans.iter().flat_map(|span| &span.links);
        sides.linked = links.map(|link| (link.trace_id, link.span_id)).collect();
        sides
    }

    /// Whether it only wraps another client of its service, which is the one to judge.
    fn is_layer(&self, span: usize) -> bool {
        self.layers[span]
    }

    /// Whether a span of the other side is there: below it, linked to it, or, where a layer around it made the context
    /// that was sent, beside it at the same time. A call that was refused has none beside it.
    fn is_served(&self, scene: &RuleContext, call: usize, refused: bool) -> bool {
        let spans = &scene.journey.spans;
        let client = &spans[call];
        if self.answered[call] || self.linked.contains(&(client.trace_id, client.span_id)) {
            return true;
        }
        let (from, to) = (scene.clocks.start(client).plus(-PRECISION), scene.clocks.end(client).plus(PRECISION));
        let mut at = call;
        for _ in 0..MOST_LAYERS {
            let Some((above, _)) = scene.journey.forest.cause[at].filter(|_| !refused) else { break };
            if self.service[above] != self.service[call] {
                break;
            }
            if let Some(servers) = self.servers.get(&above) {
                let begun = servers.partition_point(|(start, _)| *start <= to);
                if begun > 0 && servers[begun - 1].1 >= from {
                    return true;
                }
            }
            if !matches!(spans[above].kind, SpanKind::Client | SpanKind::Internal | SpanKind::Unspecified) {
                break;
            }
            at = above;
        }
        false
    }
}

fn callers<'a>(scene: &RuleContext<'a>, calls: &[usize]) -> Vec<&'a str> {
    let mut callers: Vec<&str> = calls.iter().map(|c| scene.journey.spans[*c].service()).collect();
    callers.sort_unstable();
    callers.dedup();
    callers
}

fn draft(scene: &RuleContext, mut finding: Finding, callee: &str, calls: Vec<usize>, what: &str) -> RuleHit {
    let first = &scene.journey.spans[calls[0]];
    first.service().clone_into(&mut finding.service);
    callee.clone_into(&mut finding.operation);
    finding.count = calls.len();
    let proof = |call: &usize| {
        let text = scene.journey.spans[*call].error_text();
        scene.proof(*call, if text.is_empty() { what.to_owned() } else { text })
    };
    finding.evidence = calls.iter().take(MOST_PROOFS).map(proof).collect();
    RuleHit { finding, spans: calls }
}

fn failed(scene: &RuleContext, callee: &str, recovered: bool, calls: Vec<usize>) -> RuleHit {
    let troubles = calls.iter().map(|c| CallFailure::classify(&scene.journey.spans[*c]));
    let trouble = troubles.max().unwrap_or(CallFailure::Untold);
    let who = callers(scene, &calls).join(", ");
    let is_known = scene.grounds.known.traced.contains(scene.grounds.known.in_spans(callee));
    let (confidence, said, causes, next): (_, _, [&str; 2], _) = match trouble {
        CallFailure::Down => (
            Confidence::High,
            format!("{callee} is down for {who}: nobody answers there"),
            ["it is not running, or not ready", "its name or port is wrong, or the network does not lead there"],
            format!("see whether {callee} was running then, and whether its name resolves from {who}"),
        ),
        CallFailure::Late => (
            Confidence::Medium,
            format!("{callee} did not answer {who} in time, and has no span"),
            ["it was not reached", "it hangs or is overloaded, and its span has not ended"],
            format!("look at the lines and the load of {callee} at this time"),
        ),
        CallFailure::Answered => (
            if is_known { Confidence::Medium } else { Confidence::Low },
            format!("{callee} answered {who} with an error, and its span is not stored"),
            ["its span was lost", "it makes no spans, or a proxy answered in its place"],
            format!("look at the lines of {callee}, and at dropped spans of its exporter"),
        ),
        CallFailure::Untold => (
            Confidence::Low,
            format!("a call of {who} to {callee} failed, and {callee} has no span of it"),
            ["it was not reached", "its span was lost, or it makes none"],
            format!("see whether {callee} got the call: its lines, its count of requests"),
        ),
    };
    let severity = if recovered { Severity::Info } else { Severity::Error };
    let mut finding = Finding::new(FindingId::ClientWithoutServer, severity, confidence, said);
    finding.causes = causes.map(str::to_owned).to_vec();
    finding.next = vec![next];
    finding.kind = if trouble == CallFailure::Down { "callee_down" } else { "" };
    draft(scene, finding, callee, calls, "failed, without saying why")
}

fn well(scene: &RuleContext, caller: &str, peer: &str, calls: Vec<usize>) -> RuleHit {
    let is_served = scene.grounds.known.served.contains(&(caller.to_owned(), peer.to_owned()));
    let times = if calls.len() > 1 { format!(" {} times", calls.len()) } else { String::new() };
    let mut finding = if is_served {
        let said = format!("{peer} answered {caller}{times}, as it does elsewhere, but its span is lost");
        Finding::new(FindingId::ClientWithoutServer, Severity::Warning, Confidence::Medium, said)
    } else {
        let said = format!("{peer} answered {caller}{times} and made no span");
        Finding::new(FindingId::ClientWithoutServer, Severity::Info, Confidence::Low, said)
    };
    if is_served {
        finding.causes = vec![
            "its exporter dropped the span, or the process ended before it was sent".to_owned(),
            "the call went to an instance that makes no spans".to_owned(),
        ];
        finding.next = vec![format!("look at dropped spans and restarts of {peer} at this time")];
        let hole = |call: &usize| {
            let span = &scene.journey.spans[*call];
            let what = format!("server span of {peer}");
            MissingPart { trace_id: span.trace_id, span_id: span.span_id, place: MissingPartPlace::Below, what }
        };
        finding.holes = calls.iter().take(MOST_PROOFS).map(hole).collect();
    } else {
        finding.causes = vec![format!("{peer} is not instrumented, or does not read the trace context")];
        finding.next = vec![format!("see whether {peer} makes spans at all")];
    }
    draft(scene, finding, peer, calls, "answered well, no span of the other side")
}
