//! What belongs to a journey: a fixed point over the evidence. Pure, so that gathering can compute it after every round
//! and see what to ask for next.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

use crate::model::conventions::MessageRole;
use crate::model::evidence::Evidence;
use crate::model::id::{SpanId, TraceId};
use crate::model::journey::{Reason, Related};
use crate::model::log::LogEntry;
use crate::model::span::Span;
use crate::query::Query;
use crate::stitch::id_matching::{Carried, Keys, LineMatcher};

/// What of the evidence belongs to the journey, why, and what it names that is not in the evidence.
#[derive(Debug, Default)]
pub(crate) struct Membership {
    /// The correlation ID that was followed; none where a trace was asked for that carries none or several.
    pub(crate) correlation_id: Option<String>,
    /// The correlation IDs of a trace that was asked for, where it has several: none of them is followed.
    pub(crate) several_ids: Vec<String>,
    /// The journey's own IDs: the one that is followed, or all of a trace that was asked for.
    pub(crate) ids: BTreeSet<String>,
    /// The keys that have these IDs as values, by rank. A trace with another value of one of these keys is another
    /// journey's; values of other keys say nothing.
    pub(crate) key_ranks: BTreeSet<usize>,
    /// Traces that belong as a whole, each with the reasons.
    pub(crate) traces: BTreeMap<TraceId, BTreeSet<Reason>>,
    /// Traces of other journeys of which only these spans belong, with the spans below them.
    pub(crate) arrivals: BTreeMap<TraceId, BTreeSet<SpanId>>,
    /// Traces of other journeys that touch this one.
    pub(crate) related: BTreeMap<TraceId, Related>,
    /// For each line of the evidence the reason why it belongs; none if it does not.
    pub(crate) lines: Vec<Option<Reason>>,
    /// Traces that links or lines name and of which the evidence has no span.
    pub(crate) not_fetched: BTreeSet<TraceId>,
}

impl Membership {
    /// Whether nothing belongs.
    pub(crate) fn is_empty(&self) -> bool {
        self.traces.is_empty() && self.lines.iter().all(Option::is_none)
    }
}

/// A trace in the evidence.
#[derive(Default)]
struct CandidateFacts<'a> {
    spans: Vec<&'a Span>,
    /// The correlation IDs that its spans carry: by rank of the key, by ID, the attributes' names.
    carried: BTreeMap<usize, BTreeMap<String, BTreeSet<String>>>,
}

impl CandidateFacts<'_> {
    /// The names of the attributes that have this ID.
    fn names_of(&self, id: &str) -> BTreeSet<String> {
        self.carried.values().filter_map(|ids| ids.get(id)).flatten().cloned().collect()
    }

    /// The IDs under the likeliest of the keys that it has.
    fn likeliest(&self) -> Vec<String> {
        self.carried.values().next().map(|ids| ids.keys().cloned().collect()).unwrap_or_default()
    }

    /// The IDs under these keys.
    fn under(&self, ranks: &BTreeSet<usize>) -> Vec<&String> {
        self.carried.iter().filter(|(rank, _)| ranks.contains(rank)).flat_map(|(_, ids)| ids.keys()).collect()
    }
}

/// The spans that publish or consume one message on one topic.
#[derive(Default)]
struct Handlers<'a> {
    spans: Vec<&'a Span>,
    publish: bool,
    consume: bool,
}

impl<'a> Handlers<'a> {
    fn add(&mut self, span: &'a Span, role: MessageRole) {
        self.spans.push(span);
        match role {
            MessageRole::Publish => self.publish = true,
            MessageRole::Consume => self.consume = true,
        }
    }
}

struct MemberSearch<'a> {
    keys: Keys,
    candidates: BTreeMap<TraceId, CandidateFacts<'a>>,
    links_into: HashMap<TraceId, Vec<&'a Span>>,
    messages: HashMap<&'a str, BTreeMap<Option<&'a str>, Handlers<'a>>>,
    followed_messages: HashSet<(&'a str, Option<&'a str>)>,
    found: Membership,
    open: Vec<TraceId>,
    /// Related traces without an ID of their own: what follows from their arrivals belongs.
    shared: BTreeSet<TraceId>,
    open_arrivals: Vec<(TraceId, SpanId)>,
}

/// What of the evidence belongs to the query's subject.
pub(crate) fn membership(evidence: &Evidence, query: &Query) -> Membership {
    let mut search = MemberSearch::new(evidence, query);
    search.seed(query);
    search.seed_lines(&evidence.logs);
    search.follow();
    search.lines_by_trace(&evidence.logs);
    search.found
}

impl<'a> MemberSearch<'a> {
    fn new(evidence: &'a Evidence, query: &Query) -> Self {
        let keys = Keys::new(&query.keys);
        let mut candidates: BTreeMap<TraceId, CandidateFacts<'a>> = BTreeMap::new();
        let mut links_into: HashMap<TraceId, Vec<&Span>> = HashMap::new();
        let mut messages: HashMap<&str, BTreeMap<Option<&str>, Handlers>> = HashMap::new();
        for span in &evidence.spans {
            let candidate = candidates.entry(span.trace_id).or_default();
            for Carried { key, rank, id } in keys.of_span(span) {
                candidate.carried.entry(rank).or_default().entry(id).or_default().insert(key);
            }
            candidate.spans.push(span);
            for link in span.links.iter().filter(|l| l.trace_id != span.trace_id) {
                links_into.entry(link.trace_id).or_default().push(span);
            }
            if let (Some(id), Some(role)) = (span.message_id(), span.message_role()) {
                messages.entry(id).or_default().entry(span.topic()).or_default().add(span, role);
            }
        }
        let found = Membership { lines: vec![None; evidence.logs.len()], ..Membership::default() };
        Self {
            keys,
            candidates,
            links_into,
            messages,
            followed_messages: HashSet::new(),
            found,
            open: Vec::new(),
            shared: BTreeSet::new(),
            open_arrivals: vec![],
        }
    }

    /// Takes in the ID itself, the trace that it may be, and the one correlation ID that such a trace carries.
    fn seed(&mut self, query: &Query) {
        if query.subject.as_correlation {
            self.found.ids = BTreeSet::from([query.subject.text.clone()]);
            self.found.correlation_id = Some(query.subject.text.clone());
        }
        let asked = query.subject.as_trace.and_then(|id| self.candidates.get(&id));
        match asked.map(CandidateFacts::likeliest).unwrap_or_default().as_slice() {
            [] => {}
            [only] => {
                self.found.ids = BTreeSet::from([only.clone()]);
                self.found.correlation_id = Some(only.clone());
            }
            several => {
                self.found.ids = several.iter().cloned().collect();
                self.found.several_ids = several.to_vec();
            }
        }
        self.found.key_ranks = self.own_key_ranks();
        // A correlation ID that only looks like a trace ID is not a trace that got lost.
        let is_a_guess = query.subject.as_correlation;
        if let Some(id) = query.subject.as_trace.filter(|id| !is_a_guess || self.candidates.contains_key(id)) {
            self.take(id, Reason::TraceId);
        }
        let Some(id) = self.found.correlation_id.clone() else { return };
        let carriers: Vec<(TraceId, BTreeSet<String>)> =
            self.candidates.iter().map(|(trace, candidate)| (*trace, candidate.names_of(&id))).collect();
        for (trace, names) in carriers {
            for key in names {
                self.take(trace, Reason::Tag { key });
            }
        }
    }

    /// The ranks of the keys that have the journey's IDs as values; the likeliest key where none has.
    fn own_key_ranks(&self) -> BTreeSet<usize> {
        let holds = |ids: &BTreeMap<String, BTreeSet<String>>| ids.keys().any(|id| self.found.ids.contains(id));
        let carried = self.candidates.values().flat_map(|candidate| &candidate.carried);
        let ranks: BTreeSet<usize> = carried.filter(|(_, ids)| holds(ids)).map(|(rank, _)| *rank).collect();
        if ranks.is_empty() { BTreeSet::from([0]) } else { ranks }
    }

    /// Takes in lines that carry the ID, and the traces that they name.
    fn seed_lines(&mut self, lines: &[LogEntry]) {
        let Some(id) = self.found.correlation_id.clone() else { return };
        let matcher = LineMatcher::new(&id, &self.keys);
        let hits: Vec<usize> = (0..lines.len()).filter(|index| matcher.matches(&lines[*index])).collect();
        for index in hits {
            self.found.lines[index] = Some(Reason::Text);
            if let Some(trace) = lines[index].trace_id {
                self.take(trace, Reason::LogLine { service: lines[index].service.clone() });
            }
        }
    }

    /// Adds a trace, or notes it as not fetched or related.
    fn take(&mut self, trace: TraceId, reason: Reason) {
        if let Some(reasons) = self.found.traces.get_mut(&trace) {
            reasons.insert(reason);
            return;
        }
        let Some(candidate) = self.candidates.get(&trace) else {
            self.found.not_fetched.insert(trace);
            return;
        };
        if self.is_foreign(candidate) && reason != Reason::TraceId {
            let why = match &reason {
                Reason::Link { from_trace, .. } if *from_trace == trace => "it links to this journey".to_owned(),
                Reason::Link { from_trace, .. } => format!("trace {} links to it", from_trace.short()),
                Reason::LogLine { service } => format!("named in a line of {service}"),
                Reason::Message { id } => format!("handles the same message {id}"),
                _ => "touches this journey".to_owned(),
            };
            let correlation_ids = candidate.under(&self.found.key_ranks).into_iter().cloned().collect();
            self.found.related.entry(trace).or_insert(Related { trace_id: trace, correlation_ids, why });
            return;
        }
        if matches!(reason, Reason::Link { .. } | Reason::Message { .. }) && self.is_shared(candidate) {
            let why = "its messages are of several journeys".to_owned();
            self.found.related.entry(trace).or_insert(Related { trace_id: trace, correlation_ids: vec![], why });
            self.shared.insert(trace);
            return;
        }
        self.found.traces.insert(trace, BTreeSet::from([reason]));
        self.open.push(trace);
    }

    /// Whether a trace has no ID of its own, and its spans link to traces of other journeys as well: a worker that handles
    /// all its messages under one root.
    fn is_shared(&self, candidate: &CandidateFacts<'_>) -> bool {
        let linking = || candidate.spans.iter().filter(|span| !span.links.is_empty());
        candidate.under(&self.found.key_ranks).is_empty() && linking().nth(1).is_some() && {
            let targets = linking().flat_map(|span| &span.links).filter_map(|link| self.candidates.get(&link.trace_id));
            targets.into_iter().any(|target| self.is_foreign(target))
        }
    }

    /// Whether a trace has values of the journey's keys, and none is the journey's.
    fn is_foreign(&self, candidate: &CandidateFacts<'_>) -> bool {
        let carried = candidate.under(&self.found.key_ranks);
        !carried.is_empty() && !carried.into_iter().any(|id| self.found.ids.contains(id))
    }

    /// Follows links in both directions, and messages, until nothing new comes in.
    fn follow(&mut self) {
        loop {
            if let Some((trace, arrival)) = self.open_arrivals.pop() {
                self.follow_arrival(trace, arrival);
                continue;
            }
            let Some(trace) = self.open.pop() else { break };
            let spans = self.candidates.get(&trace).map(|d| d.spans.clone()).unwrap_or_default();
            for span in spans {
                for link in span.links.iter().filter(|l| l.trace_id != trace) {
                    self.take(link.trace_id, Reason::Link { from_trace: trace, from_span: span.span_id });
                    self.add_arrival(link.trace_id, link.span_id);
                }
                self.follow_message(span);
            }
            for span in self.links_into.get(&trace).cloned().unwrap_or_default() {
                self.take(span.trace_id, Reason::Link { from_trace: span.trace_id, from_span: span.span_id });
                self.add_arrival(span.trace_id, span.span_id);
            }
        }
    }

    /// Follows links and messages of the spans below an arrival.
    fn follow_arrival(&mut self, trace: TraceId, arrival: SpanId) {
        let spans = self.candidates.get(&trace).map(|candidate| candidate.spans.clone()).unwrap_or_default();
        let mut children: HashMap<SpanId, Vec<&Span>> = HashMap::new();
        for span in &spans {
            children.entry(span.parent_id.unwrap_or(span.span_id)).or_default().push(span);
        }
        let (mut below, mut open) = (HashSet::from([arrival]), vec![arrival]);
        while let Some(id) = open.pop() {
            let new = children.get(&id).into_iter().flatten().map(|span| span.span_id);
            open.extend(new.filter(|id| below.insert(*id)).collect::<Vec<_>>());
        }
        for span in spans.into_iter().filter(|span| below.contains(&span.span_id)) {
            self.follow_message(span);
        }
        let points_here = |span: &&&Span| span.links.iter().any(|l| l.trace_id == trace && below.contains(&l.span_id));
        let into = self.links_into.get(&trace).into_iter().flatten().filter(points_here);
        for span in into.copied().collect::<Vec<_>>() {
            self.take(span.trace_id, Reason::Link { from_trace: span.trace_id, from_span: span.span_id });
            self.add_arrival(span.trace_id, span.span_id);
        }
    }

    /// Takes in the other spans that publish or consume the same message. Only where the evidence has both does a message
    /// join traces: IDs such as small numbers are not unique, and two consumers of number 7 have nothing in common.
    fn follow_message(&mut self, span: &'a Span) {
        let Some(id) = span.message_id().filter(|_| span.message_role().is_some()) else { return };
        if !self.followed_messages.insert((id, span.topic())) {
            return;
        }
        for other in self.handlers(id, span) {
            self.take(other.trace_id, Reason::Message { id: id.to_owned() });
            self.add_arrival(other.trace_id, other.span_id);
        }
    }

    /// The spans of other traces that handle this message, where it is both published and consumed. One without a topic may
    /// mean any. Each is returned once only, since one message may be on very many topics.
    fn handlers(&mut self, id: &str, span: &'a Span) -> Vec<&'a Span> {
        let Some(by_topic) = self.messages.get_mut(id) else { return vec![] };
        let topics: BTreeSet<Option<&str>> = match span.topic() {
            None => by_topic.keys().copied().collect(),
            topic => BTreeSet::from([None, topic]),
        };
        let has = |role: fn(&Handlers) -> bool| topics.iter().filter_map(|topic| by_topic.get(topic)).any(role);
        if !has(|handlers| handlers.publish) || !has(|handlers| handlers.consume) {
            return vec![];
        }
        let mut others = Vec::new();
        for topic in topics {
            let Some(handlers) = by_topic.get_mut(&topic) else { continue };
            let spans = std::mem::take(&mut handlers.spans);
            let (own, other): (Vec<_>, Vec<_>) = spans.into_iter().partition(|s| s.trace_id == span.trace_id);
            // One span is enough for another trace to find this one.
            handlers.spans = own.into_iter().take(1).collect();
            others.extend(other);
        }
        others
    }

    /// Notes the span of a related trace that touches the journey.
    fn add_arrival(&mut self, trace: TraceId, span: SpanId) {
        if self.found.related.contains_key(&trace)
            && self.found.arrivals.entry(trace).or_default().insert(span)
            && self.shared.contains(&trace)
        {
            self.open_arrivals.push((trace, span));
        }
    }

    /// Takes in lines without the ID that name a trace of the journey, in a field or in their text.
    fn lines_by_trace(&mut self, lines: &[LogEntry]) {
        for (index, line) in lines.iter().enumerate() {
            let mut named = line.trace_id.into_iter().chain(hex_tokens(&line.line));
            if self.found.lines[index].is_none()
                && named.any(|trace| self.found.traces.contains_key(&trace) || self.found.not_fetched.contains(&trace))
            {
                self.found.lines[index] = Some(Reason::TraceOfLine);
            }
        }
    }
}

/// Every word of 16 to 32 hex digits in a text, as a trace ID.
fn hex_tokens(text: &str) -> impl Iterator<Item = TraceId> + '_ {
    text.split(|c: char| !c.is_ascii_alphanumeric()).filter(|t| t.len() >= 16).filter_map(TraceId::from_hex)
}

/// The spans that belong: all of the traces that belong, and of related ones the arrivals with all spans below them.
pub(crate) fn spans_in(spans: Vec<Span>, membership: &Membership) -> Vec<Span> {
    let mut below: HashMap<TraceId, HashSet<SpanId>> =
        membership.arrivals.iter().map(|(t, ids)| (*t, ids.iter().copied().collect())).collect();
    let children_of: Vec<(TraceId, SpanId, SpanId)> = spans
        .iter()
        .filter(|s| below.contains_key(&s.trace_id))
        .filter_map(|s| s.parent_id.map(|p| (s.trace_id, p, s.span_id)))
        .collect();
    let mut children: HashMap<(TraceId, SpanId), Vec<SpanId>> = HashMap::new();
    for (trace, parent, child) in children_of {
        children.entry((trace, parent)).or_default().push(child);
    }
    for (trace, ids) in &mut below {
        let mut open: Vec<SpanId> = ids.iter().copied().collect();
        while let Some(id) = open.pop() {
            open.extend(children.get(&(*trace, id)).into_iter().flatten().filter(|c| ids.insert(**c)));
        }
    }
    let is_in = |s: &Span| {
        membership.traces.contains_key(&s.trace_id)
            || below.get(&s.trace_id).is_some_and(|ids| ids.contains(&s.span_id))
    };
    spans.into_iter().filter(is_in).collect()
}
