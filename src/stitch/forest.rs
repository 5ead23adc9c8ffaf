//! The causes of spans: the parent, else a link, else the publish of the same message. Cycles are broken and counted.

use std::collections::{HashMap, HashSet};

use crate::model::conventions::MessageRole;
use crate::model::id::{SpanId, TraceId};
use crate::model::journey::{CauseKind, Forest};
use crate::model::span::{Link, Span, SpanKind};

/// Among how many spans with one ID the best parent is chosen. Zipkin has two of one ID; many more are broken data, and
/// comparing all of them for each child would take the square of their number.
const MAX_SAME_ID: usize = 16;

/// Builds the forest of spans that are in their final order.
/// `others` are the IDs of stored spans that are not among these.
pub(crate) fn build(spans: &[Span], others: &HashSet<(TraceId, SpanId)>, oddities: &mut Vec<String>) -> Forest {
    let by_id = index_by_id(spans);
    let clients = index_clients(spans);
    let publishers = index_publishers(spans);
    let mut self_parents = 0;
    let mut cause: Vec<Option<(usize, CauseKind)>> = Vec::with_capacity(spans.len());
    let mut parents: Vec<Option<usize>> = Vec::with_capacity(spans.len());
    for (index, span) in spans.iter().enumerate() {
        self_parents += usize::from(span.parent_id == Some(span.span_id) && !has_twin(&by_id, spans, index));
        let parent = by_parent(&by_id, &clients, spans, index);
        parents.push(parent);
        cause.push(
            parent
                .filter(|parent| !is_unrelated_parent(&by_id, spans, *parent, index))
                .map(|p| (p, CauseKind::Parent))
                .or_else(|| by_link(&by_id, span, index).map(|p| (p, CauseKind::Link)))
                .or_else(|| by_message(&publishers, spans, index).map(|p| (p, CauseKind::Message))),
        );
    }
    if self_parents > 0 {
        oddities.push(format!("{self_parents} span(s) name themselves as their parent; taken as roots"));
    }
    let broken = break_cycles(spans, &mut cause);
    if broken > 0 {
        oddities.push(format!("{broken} cycle(s) of parents; each broken at its earliest span"));
    }
    let is_cut = |index: &usize| !matches!(cause[*index], Some((_, CauseKind::Parent)));
    let is_elsewhere = |span: &Span| span.parent_id.is_some_and(|parent| others.contains(&(span.trace_id, parent)));
    let stored_parents = (0..spans.len()).filter(is_cut).filter_map(|index| match parents[index] {
        Some(parent) => Some((index, Some(parent))),
        None => is_elsewhere(&spans[index]).then_some((index, None)),
    });
    let stored_parents = stored_parents.collect();
    Forest { stored_parents, ..with_effects(cause) }
}

type ById = HashMap<(TraceId, SpanId), Vec<usize>>;

fn index_by_id(spans: &[Span]) -> ById {
    let mut by_id: ById = HashMap::with_capacity(spans.len());
    for (index, span) in spans.iter().enumerate() {
        by_id.entry((span.trace_id, span.span_id)).or_default().push(index);
    }
    by_id
}

type Clients = HashMap<(TraceId, SpanId), usize>;

/// The first client span of each ID: in Zipkin its server has the same.
fn index_clients(spans: &[Span]) -> Clients {
    let clients = spans.iter().enumerate().rev().filter(|(_, span)| span.kind == SpanKind::Client);
    clients.map(|(index, span)| ((span.trace_id, span.span_id), index)).collect()
}

/// The publishes of each message, and of each message on each topic, by start. Those that name no topic are under none.
#[derive(Default)]
struct Publishers<'a> {
    of_message: HashMap<&'a str, Vec<usize>>,
    on_topic: HashMap<(&'a str, Option<&'a str>), Vec<usize>>,
}

fn index_publishers(spans: &[Span]) -> Publishers<'_> {
    let mut publishers = Publishers::default();
    for (index, span) in spans.iter().enumerate().filter(|(_, s)| s.message_role() == Some(MessageRole::Publish)) {
        if let Some(id) = span.message_id() {
            publishers.of_message.entry(id).or_default().push(index);
            publishers.on_topic.entry((id, span.topic())).or_default().push(index);
        }
    }
    publishers
}

/// Whether another span has the same ID: Zipkin's client and server share one.
fn has_twin(by_id: &ById, spans: &[Span], index: usize) -> bool {
    let span = &spans[index];
    by_id.get(&(span.trace_id, span.span_id)).is_some_and(|same| same.len() > 1)
}

fn by_parent(by_id: &ById, clients: &Clients, spans: &[Span], index: usize) -> Option<usize> {
    let span = &spans[index];
    if span.kind == SpanKind::Server
        && let Some(client) = clients.get(&(span.trace_id, span.span_id))
    {
        return Some(*client);
    }
    let candidates = by_id.get(&(span.trace_id, span.parent_id?))?;
    // Where client and server share an ID, a child is more likely the server's, in its own service.
    let rank = |other: &usize| {
        let other = &spans[*other];
        (other.service() != span.service(), other.kind != SpanKind::Server)
    };
    candidates.iter().copied().filter(|c| *c != index).take(MAX_SAME_ID).min_by_key(rank)
}

/// Whether the parent of a consumer has nothing to do with its message: a worker's loop, or whatever was open when the
/// consumer was set up. The message is known by a link to its publish, and the parent received no such message.
fn is_unrelated_parent(by_id: &ById, spans: &[Span], parent: usize, index: usize) -> bool {
    let (parent, span) = (&spans[parent], &spans[index]);
    let publishes = |link: &Link| {
        let target = by_id.get(&(link.trace_id, link.span_id)).and_then(|targets| targets.first());
        target.is_some_and(|target| spans[*target].message_role() == Some(MessageRole::Publish))
    };
    span.message_role() == Some(MessageRole::Consume)
        && parent.message_role() != Some(MessageRole::Publish)
        && parent.service() == span.service()
        && parent.links.is_empty()
        && span.links.iter().any(publishes)
}

fn by_link(by_id: &ById, span: &Span, index: usize) -> Option<usize> {
    let targets = span.links.iter().filter_map(|l| by_id.get(&(l.trace_id, l.span_id)));
    targets.flatten().copied().find(|t| *t != index)
}

/// The last publish of the same message before it was consumed; where clocks differ and all came later, the first.
fn by_message(publishers: &Publishers, spans: &[Span], index: usize) -> Option<usize> {
    let span = &spans[index];
    if span.message_role() != Some(MessageRole::Consume) {
        return None;
    }
    let id = span.message_id()?;
    let fitting = match span.topic() {
        None => [publishers.of_message.get(id), None],
        topic => [publishers.on_topic.get(&(id, topic)), publishers.on_topic.get(&(id, None))],
    };
    let fitting = || fitting.into_iter().flatten().map(|sent| sent.split_at(begun_before(sent, spans, span)));
    let before = fitting().filter_map(|(earlier, _)| earlier.last()).max();
    before.or_else(|| fitting().filter_map(|(_, later)| later.first()).min()).copied()
}

/// How many of these spans, sorted by start, had begun when this one did.
fn begun_before(sorted: &[usize], spans: &[Span], span: &Span) -> usize {
    sorted.partition_point(|p| spans[*p].start <= span.start)
}

/// Cuts each cycle at its earliest span, which becomes a root; returns how many there were.
fn break_cycles(spans: &[Span], cause: &mut [Option<(usize, CauseKind)>]) -> usize {
    const UNSEEN: usize = 0;
    let mut seen = vec![UNSEEN; spans.len()];
    let mut broken = 0;
    for start in 0..spans.len() {
        let walk = start + 1;
        let mut at = start;
        while seen[at] == UNSEEN {
            seen[at] = walk;
            let Some((next, _)) = cause[at] else { break };
            at = next;
        }
        if seen[at] == walk && cause[at].is_some() {
            cause[earliest_in_cycle(spans, cause, at)] = None;
            broken += 1;
        }
    }
    broken
}

fn earliest_in_cycle(spans: &[Span], cause: &[Option<(usize, CauseKind)>], at: usize) -> usize {
    let mut earliest = at;
    let mut next = cause[at];
    while let Some((index, _)) = next.filter(|(index, _)| *index != at) {
        if spans[index].start < spans[earliest].start {
            earliest = index;
        }
        next = cause[index];
    }
    earliest
}

/// Adds effects and roots to the causes, both in the order of the spans, which is by start.
fn with_effects(cause: Vec<Option<(usize, CauseKind)>>) -> Forest {
    let mut effects = vec![Vec::new(); cause.len()];
    let mut roots = Vec::new();
    for (index, cause) in cause.iter().enumerate() {
        match cause {
            Some((parent, _)) => effects[*parent].push(index),
            None => roots.push(index),
        }
    }
    Forest { cause, effects, roots, ..Forest::default() }
}
