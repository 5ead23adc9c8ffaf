//! What belongs to a journey: a fixed point over the evidence at hand. Pure, so that gathering can ask it
//! after every round what to look for next.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

use crate::model::evidence::Evidence;
use crate::model::id::{SpanId, TraceId};
use crate::model::journey::{Reason, Related};
use crate::model::log::LogEntry;
use crate::model::span::Span;
use crate::query::Query;
use crate::stitch::matching::{Keys, LineMatcher};

/// What of the evidence belongs to the journey, why, and what it names that is not there yet.
#[derive(Debug, Default)]
pub struct Membership {
    /// The ID that was followed.
    pub correlation_id: Option<String>,
    /// IDs that the asked trace carries when there are several; none is followed.
    pub several_ids: Vec<String>,
    /// Traces that are in as a whole, each with its reasons.
    pub traces: BTreeMap<TraceId, BTreeSet<Reason>>,
    /// Traces of other journeys, of which only these spans and what follows from them are in.
    pub arrivals: BTreeMap<TraceId, BTreeSet<SpanId>>,
    /// Traces that touch ours and belong to another journey.
    pub related: BTreeMap<TraceId, Related>,
    /// Beside each line of the evidence: why it is in, if it is.
    pub lines: Vec<Option<Reason>>,
    /// Traces that are named by links or lines and of which no span is at hand.
    pub wanted: BTreeSet<TraceId>,
}

impl Membership {
    /// Whether nothing belongs.
    pub fn is_empty(&self) -> bool {
        self.traces.is_empty() && self.lines.iter().all(Option::is_none)
    }
}

/// What one trace at hand carries.
#[derive(Default)]
struct Dossier<'a> {
    spans: Vec<&'a Span>,
    ids: BTreeSet<String>,
    keys_of: BTreeMap<String, BTreeSet<String>>,
}

struct Search<'a> {
    keys: Keys,
    dossiers: BTreeMap<TraceId, Dossier<'a>>,
    links_into: HashMap<TraceId, Vec<(&'a Span, SpanId)>>,
    messages: HashMap<&'a str, Vec<&'a Span>>,
    found: Membership,
    open: Vec<TraceId>,
}

/// Decides what belongs.
pub fn membership(evidence: &Evidence, query: &Query) -> Membership {
    let mut search = Search::new(evidence, query);
    search.seed(query);
    search.seed_lines(&evidence.logs);
    search.follow();
    search.lines_by_trace(&evidence.logs);
    search.found
}

impl<'a> Search<'a> {
    fn new(evidence: &'a Evidence, query: &Query) -> Self {
        let keys = Keys::new(&query.keys);
        let mut dossiers: BTreeMap<TraceId, Dossier<'a>> = BTreeMap::new();
        let mut links_into: HashMap<TraceId, Vec<(&Span, SpanId)>> = HashMap::new();
        let mut messages: HashMap<&str, Vec<&Span>> = HashMap::new();
        for span in &evidence.spans {
            let dossier = dossiers.entry(span.trace_id).or_default();
            for (key, id) in keys.of_span(span) {
                dossier.keys_of.entry(id.clone()).or_default().insert(key);
                dossier.ids.insert(id);
            }
            dossier.spans.push(span);
            for link in span.links.iter().filter(|l| l.trace_id != span.trace_id) {
                links_into.entry(link.trace_id).or_default().push((span, link.span_id));
            }
            if let Some(id) = span.message_id().filter(|_| span.message_role().is_some()) {
                messages.entry(id).or_default().push(span);
            }
        }
        let found = Membership { lines: vec![None; evidence.logs.len()], ..Membership::default() };
        Self { keys, dossiers, links_into, messages, found, open: Vec::new() }
    }

    /// The ID itself, the trace it may be, and the one correlation ID that such a trace carries.
    fn seed(&mut self, query: &Query) {
        if query.subject.as_correlation {
            self.found.correlation_id = Some(query.subject.text.clone());
        }
        if let Some(id) = query.subject.as_trace {
            if let Some(dossier) = self.dossiers.get(&id) {
                let carried: Vec<String> = dossier.ids.iter().cloned().collect();
                match carried.as_slice() {
                    [] => {}
                    [one] => self.found.correlation_id = Some(one.clone()),
                    _ => self.found.several_ids = carried,
                }
            }
            self.take(id, Reason::TraceId);
        }
        let Some(id) = self.found.correlation_id.clone() else { return };
        let carriers: Vec<(TraceId, BTreeSet<String>)> =
            self.dossiers.iter().filter_map(|(t, d)| d.keys_of.get(&id).map(|keys| (*t, keys.clone()))).collect();
        for (trace, keys) in carriers {
            for key in keys {
                self.take(trace, Reason::Tag { key });
            }
        }
    }

    /// Lines that carry the ID, and the traces that they name.
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

    /// Takes a trace in, or marks it as wanted or related.
    fn take(&mut self, trace: TraceId, reason: Reason) {
        if let Some(reasons) = self.found.traces.get_mut(&trace) {
            reasons.insert(reason);
            return;
        }
        let Some(dossier) = self.dossiers.get(&trace) else {
            self.found.wanted.insert(trace);
            return;
        };
        if self.is_foreign(dossier) && reason != Reason::TraceId {
            let why = match &reason {
                Reason::Link { from_trace, .. } if *from_trace == trace => "it links to this journey".to_owned(),
                Reason::Link { from_trace, .. } => format!("trace {} links to it", from_trace.short()),
                Reason::LogLine { service } => format!("named in a line of {service}"),
                Reason::Message { id } => format!("handles the same message {id}"),
                _ => "touches this journey".to_owned(),
            };
            let correlation_ids = dossier.ids.iter().cloned().collect();
            self.found.related.entry(trace).or_insert(Related { trace_id: trace, correlation_ids, why });
            return;
        }
        self.found.traces.insert(trace, BTreeSet::from([reason]));
        self.open.push(trace);
    }

    /// Whether a trace carries values of the key, and ours is not among them.
    fn is_foreign(&self, dossier: &Dossier<'_>) -> bool {
        let ours = self.found.correlation_id.as_ref();
        !dossier.ids.is_empty() && ours.is_some_and(|id| !dossier.ids.contains(id))
    }

    /// Links in both directions and shared messages, until nothing new comes in.
    fn follow(&mut self) {
        while let Some(trace) = self.open.pop() {
            let spans = self.dossiers.get(&trace).map(|d| d.spans.clone()).unwrap_or_default();
            for span in spans {
                for link in span.links.iter().filter(|l| l.trace_id != trace) {
                    self.take(link.trace_id, Reason::Link { from_trace: trace, from_span: span.span_id });
                    self.arrive(link.trace_id, link.span_id);
                }
                let same_message = span.message_id().and_then(|id| self.messages.get(id)).cloned().unwrap_or_default();
                for other in same_message.into_iter().filter(|o| o.trace_id != trace && span.message_role().is_some()) {
                    let id = span.message_id().unwrap_or_default().to_owned();
                    self.take(other.trace_id, Reason::Message { id });
                    self.arrive(other.trace_id, other.span_id);
                }
            }
            for (span, _) in self.links_into.get(&trace).cloned().unwrap_or_default() {
                self.take(span.trace_id, Reason::Link { from_trace: span.trace_id, from_span: span.span_id });
                self.arrive(span.trace_id, span.span_id);
            }
        }
    }

    /// Of a related trace, the span that touches ours is in.
    fn arrive(&mut self, trace: TraceId, span: SpanId) {
        if self.found.related.contains_key(&trace) {
            self.found.arrivals.entry(trace).or_default().insert(span);
        }
    }

    /// Lines that do not carry the ID but name a trace of the journey, in a field or somewhere in their text.
    fn lines_by_trace(&mut self, lines: &[LogEntry]) {
        for (index, line) in lines.iter().enumerate() {
            let mut named = line.trace_id.into_iter().chain(hex_tokens(&line.line));
            if self.found.lines[index].is_none() && named.any(|trace| self.found.traces.contains_key(&trace)) {
                self.found.lines[index] = Some(Reason::TraceOfLine);
            }
        }
    }
}

/// Every run of 16 to 32 hex digits that stands alone in a text, read as a trace ID.
fn hex_tokens(text: &str) -> impl Iterator<Item = TraceId> + '_ {
    text.split(|c: char| !c.is_ascii_alphanumeric()).filter(|t| t.len() >= 16).filter_map(TraceId::from_hex)
}

/// Of the spans at hand, those that are in: whole traces, and of related ones the arrivals with all that is below them.
pub fn spans_in(spans: Vec<Span>, membership: &Membership) -> Vec<Span> {
    let mut below: HashMap<TraceId, HashSet<SpanId>> =
        membership.arrivals.iter().map(|(t, ids)| (*t, ids.iter().copied().collect())).collect();
    let candidates: Vec<(TraceId, SpanId, SpanId)> = spans
        .iter()
        .filter(|s| below.contains_key(&s.trace_id))
        .filter_map(|s| s.parent_id.map(|p| (s.trace_id, p, s.span_id)))
        .collect();
    let mut children: HashMap<(TraceId, SpanId), Vec<SpanId>> = HashMap::new();
    for (trace, parent, child) in candidates {
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
