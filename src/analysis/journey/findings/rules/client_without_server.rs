//! `client_without_server`: a call without a span of the other side.
//!
//! Of a chain of clients in one service, the innermost is checked: it is the one that speaks to the network. It is served
//! if another service's span follows from it, links to it, or is a server beside it at the same time below a client that
//! wraps it.
//!
//! Calls that failed are one hit for each callee over all its callers: that a callee is down is one cause. Their
//! severity is error, and the error's own message tells how sure it is that the callee is to blame. Calls that succeeded
//! are a warning only where the same pair of services has both sides elsewhere, for then a span was lost; otherwise the
//! callee may simply not be instrumented: info, once for each pair.
//!
//! Silent on success for whatever makes no spans of ours: datastores, brokers, public hosts, probes, steps of a call such
//! as DNS and TLS. Of these, only being unreachable is reported. A call that failed because its caller had failed before is
//! no failure of its own.

use std::collections::{BTreeMap, HashMap, HashSet};

use crate::analysis::journey::critical_path::causes_first;
use crate::analysis::journey::findings::call_failure::classify;
use crate::analysis::journey::findings::context::RuleContext;
use crate::analysis::journey::findings::remote_peer::Remote;
use crate::analysis::journey::findings::rule_hit::{MAX_EVIDENCE, RuleHit};
use crate::model::action::{Action, LookAt};
use crate::model::finding::{
    CallFailure, Cause, Confidence, EvidenceFact, Finding, FindingDetail, FindingId, FindingKind, MissingPart,
    MissingPartPlace, MissingThing, Severity,
};
use crate::model::id::{SpanId, TraceId};
use crate::model::span::{Span, SpanKind};
use crate::model::time::Timestamp;

/// Layers of instrumentation above a call among which its server is looked for. Real ones have two or three; the limit
/// keeps deep traces linear.
const MAX_LAYERS: usize = 8;
/// How far a server may stick out of its client in time and still be its own, in nanoseconds: the clocks of one host
/// agree as well as this. The same 2 ms as in `clock_skew`.
const CLOCK_PRECISION: i64 = 2_000_000;

/// What the calls of one hit have in common: of those that failed, the callee and what came of it; of those that
/// succeeded, the pair of services.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum CallGroup<'a> {
    Failed { callee: &'a str, severity: Severity },
    Succeeded { caller: &'a str, callee: &'a str },
}

pub(super) fn find(context: &RuleContext) -> Vec<RuleHit> {
    let (journey, known) = (context.journey, context.input.known);
    let mut sides = None;
    let mut groups: BTreeMap<CallGroup, Vec<usize>> = BTreeMap::new();
    for (index, span) in journey.spans.iter().enumerate().filter(|(index, _)| context.in_tree[*index]) {
        let Some(remote) = Remote::new(span, known).filter(|_| span.message_role().is_none()) else { continue };
        let is_refused = span.is_error() && classify(span) == CallFailure::Unreachable;
        if context.cascade.consequence_of.contains_key(&index) || remote.is_silent && !is_refused {
            continue;
        }
        let sides = sides.get_or_insert_with(|| Sides::new(context));
        // A call that was refused has no server, not even beside it.
        let is_served = sides.is_followed(span, index) || !is_refused && sides.is_served_beside(context, index);
        if sides.is_layer(index) || is_served {
            continue;
        }
        let group = if span.is_error() {
            CallGroup::Failed { callee: remote.name, severity: context.cascade.severity(context.journey, index) }
        } else {
            CallGroup::Succeeded { caller: span.service(), callee: remote.name }
        };
        groups.entry(group).or_default().push(index);
    }
    let hit = |(group, calls): (CallGroup, Vec<usize>)| {
        let (finding, silent) = match group {
            CallGroup::Failed { callee, severity } => {
                (failed(context, callee, severity, &calls), EvidenceFact::FailedWithoutMessage)
            }
            CallGroup::Succeeded { caller, callee } => {
                (succeeded(context, caller, callee, &calls), EvidenceFact::Answered)
            }
        };
        RuleHit { finding: with_calls(context, finding, &calls, &silent), spans: calls }
    };
    groups.into_iter().map(hit).collect()
}

/// What is on the other side of each call.
struct Sides<'a> {
    /// Beside each span: whether a client of the same service is called below.
    layers: Vec<bool>,
    /// Beside each span: whether a server, or any span of another service, follows from it.
    answered: Vec<bool>,
    /// Spans that another span links to.
    linked: HashSet<(TraceId, SpanId)>,
    /// Below each span that has some: its servers by start, each with the latest end so far.
    servers: HashMap<usize, Vec<(Timestamp, Timestamp)>>,
    /// Beside each span: its service.
    service: Vec<&'a str>,
}

impl<'a> Sides<'a> {
    fn new(context: &RuleContext<'a>) -> Self {
        let journey = context.journey;
        let count = journey.spans.len();
        let mut sides = Self {
            layers: vec![false; count],
            answered: vec![false; count],
            linked: HashSet::new(),
            servers: HashMap::new(),
            service: journey.spans.iter().map(Span::service).collect(),
        };
        for index in causes_first(journey).into_iter().rev() {
            let span = &journey.spans[index];
            let Some((cause, _)) = journey.forest.cause[index] else { continue };
            let is_other = sides.service[cause] != sides.service[index];
            let is_call = span.kind == SpanKind::Client && Remote::new(span, context.input.known).is_some();
            sides.layers[cause] |= !is_other && (is_call || sides.layers[index]);
            sides.answered[cause] |= is_other || span.kind == SpanKind::Server || sides.answered[index];
            if is_other && span.kind == SpanKind::Server {
                let window = (context.clocks.start(span), context.clocks.end(span));
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

    /// Whether it only wraps another client of its service, which is the one to check.
    fn is_layer(&self, span: usize) -> bool {
        self.layers[span]
    }

    /// Whether a span of the other side follows from it, or links to it.
    fn is_followed(&self, client: &Span, call: usize) -> bool {
        self.answered[call] || self.linked.contains(&(client.trace_id, client.span_id))
    }

    /// Whether a server is beside it at the same time: a layer around it may have made the context that was sent.
    fn is_served_beside(&self, context: &RuleContext, call: usize) -> bool {
        let spans = &context.journey.spans;
        let client = &spans[call];
        let from = context.clocks.start(client).plus(-CLOCK_PRECISION);
        let to = context.clocks.end(client).plus(CLOCK_PRECISION);
        let mut at = call;
        for _ in 0..MAX_LAYERS {
            let Some((above, _)) = context.journey.forest.cause[at] else { break };
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

fn callers(context: &RuleContext, calls: &[usize]) -> Vec<String> {
    let mut callers: Vec<&str> = calls.iter().map(|call| context.span(*call).service()).collect();
    callers.sort_unstable();
    callers.dedup();
    callers.into_iter().map(str::to_owned).collect()
}

/// The finding with its calls as evidence; of those without an error message, this fact.
fn with_calls(context: &RuleContext, mut finding: Finding, calls: &[usize], silent: &EvidenceFact) -> Finding {
    finding.count = calls.len();
    let evidence = |call: &usize| {
        let message = context.span(*call).error_text();
        context.evidence(*call, if message.is_empty() { silent.clone() } else { EvidenceFact::Error { message } })
    };
    finding.evidence = calls.iter().take(MAX_EVIDENCE).map(evidence).collect();
    finding
}

fn failed(context: &RuleContext, callee: &str, severity: Severity, calls: &[usize]) -> Finding {
    let known = context.input.known;
    let failure = calls.iter().map(|call| classify(context.span(*call))).max().unwrap_or(CallFailure::Unknown);
    let callers = callers(context, calls);
    let service = callee.to_owned();
    let (confidence, causes, look_at) = match failure {
        CallFailure::Unreachable => (
            Confidence::High,
            [Cause::NotReady, Cause::WrongAddress],
            LookAt::RunningAndResolvable { service, callers: callers.clone() },
        ),
        CallFailure::TimedOut => {
            (Confidence::Medium, [Cause::NotReached, Cause::Hanging], LookAt::LogsAndLoad { service })
        }
        CallFailure::Answered => {
            let is_traced = known.traced.contains(known.in_spans(callee));
            (
                if is_traced { Confidence::Medium } else { Confidence::Low },
                [Cause::SpanLost, Cause::NoSpansOrProxy],
                LookAt::LogsAndDroppedSpans { service },
            )
        }
        CallFailure::Unknown => {
            (Confidence::Low, [Cause::NotReached, Cause::SpanLostOrNone], LookAt::ReceivedCalls { service })
        }
    };
    let detail = FindingDetail::FailedCall { callee: callee.to_owned(), callers, failure };
    let mut finding = Finding::new(FindingId::ClientWithoutServer, severity, confidence, detail)
        .at(context.span(calls[0]).service(), callee);
    finding.causes = causes.to_vec();
    finding.actions = vec![Action::LookAt(look_at)];
    finding.kind = (failure == CallFailure::Unreachable).then_some(FindingKind::CalleeDown);
    finding
}

fn succeeded(context: &RuleContext, caller: &str, callee: &str, calls: &[usize]) -> Finding {
    let traced_elsewhere = context.input.known.served.contains(&(caller.to_owned(), callee.to_owned()));
    let (severity, confidence) =
        if traced_elsewhere { (Severity::Warning, Confidence::Medium) } else { (Severity::Info, Confidence::Low) };
    let detail = FindingDetail::UnansweredCall { traced_elsewhere };
    let mut finding = Finding::new(FindingId::ClientWithoutServer, severity, confidence, detail).at(caller, callee);
    let service = callee.to_owned();
    if traced_elsewhere {
        finding.causes = vec![Cause::SpanDropped, Cause::InstanceWithoutSpans];
        finding.actions = vec![Action::LookAt(LookAt::DroppedSpansAndRestarts { service: service.clone() })];
        let server = |call: &usize| {
            context.missing_part(*call, MissingPartPlace::Below, MissingThing::Server { service: service.clone() })
        };
        finding.missing_parts = calls.iter().take(MAX_EVIDENCE).map(server).collect::<Vec<MissingPart>>();
    } else {
        finding.causes = vec![Cause::NotInstrumented { service: service.clone() }];
        finding.actions = vec![Action::LookAt(LookAt::Instrumentation { service })];
    }
    finding
}
