//! Traces that the journey names and that are not stored: which, by what, and whether they were sampled.

use std::collections::{BTreeMap, HashMap, HashSet};

use crate::analysis::journey::findings::context::RuleContext;
use crate::model::finding::{EvidenceFact, EvidenceItem};
use crate::model::id::TraceId;
use crate::model::journey::Journey;
use crate::model::log::LogEntry;

/// Lines and links that are shown of one trace; the others say no more of it.
const MAX_EVIDENCE: usize = 5;

/// Whether what is not stored was sampled, as far as the lines that name it say.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Sampling {
    /// No line says that it was not.
    Sampled,
    /// It was left out on purpose.
    NotSampled,
}

/// A trace that is named and not stored.
pub(super) struct UnstoredTrace {
    /// Which.
    pub trace: TraceId,
    /// Whether it was looked for; a file has nothing to look in.
    pub looked_up: bool,
    /// Whether it was sampled.
    pub sampling: Sampling,
    /// How often it is named.
    pub times: usize,
    /// The first service that names it; empty where the line has none.
    pub service: String,
    /// The first lines and links that name it, by time.
    pub evidence: Vec<EvidenceItem>,
}

/// A journey of which only log lines are stored.
pub(super) struct UnstoredJourney {
    /// Whether its traces were sampled.
    pub sampling: Sampling,
    /// The service of its first line.
    pub service: String,
    /// Its first lines.
    pub evidence: Vec<EvidenceItem>,
}

/// Whether no span of the journey is stored, but log lines are: then every other finding would only repeat that.
pub(super) fn is_nothing_stored(journey: &Journey) -> bool {
    journey.spans.is_empty() && !journey.logs.is_empty()
}

/// The journey, where no span of it is stored.
pub(super) fn unstored_journey(context: &RuleContext) -> Option<UnstoredJourney> {
    let lines = &context.journey.logs;
    let first = lines.first().filter(|_| is_nothing_stored(context.journey))?;
    let flags: Vec<Sampling> = lines.iter().filter_map(sampling_flag).collect();
    let is_unsampled = !flags.is_empty() && flags.iter().all(|flag| *flag == Sampling::NotSampled);
    let shown = lines.iter().filter(|line| line.trace_id.is_some() || lines.len() <= MAX_EVIDENCE);
    Some(UnstoredJourney {
        sampling: if is_unsampled { Sampling::NotSampled } else { Sampling::Sampled },
        service: first.service.clone(),
        evidence: shown.take(MAX_EVIDENCE).map(line_as_evidence).collect(),
    })
}

/// Every trace that is named and not stored, by its ID.
pub(super) fn unstored_traces(context: &RuleContext) -> Vec<UnstoredTrace> {
    let journey = context.journey;
    let stored: HashSet<TraceId> = journey.traces.iter().map(|trace| trace.trace_id).collect();
    let looked_up = journey.not_stored.iter().map(|trace| (*trace, true));
    let not_looked_up = journey.not_fetched.iter().map(|trace| (*trace, false));
    let missing: BTreeMap<TraceId, bool> =
        not_looked_up.chain(looked_up).filter(|(trace, _)| !stored.contains(trace)).collect();
    if missing.is_empty() {
        return vec![];
    }
    let mut mentions = mentions(context, &missing);
    let unstored = |(trace, looked_up)| {
        let Mentions { mut evidence, service, times, is_unsampled } = mentions.remove(&trace)?;
        evidence.sort();
        let sampling = if is_unsampled { Sampling::NotSampled } else { Sampling::Sampled };
        Some(UnstoredTrace { trace, looked_up, sampling, times, service, evidence })
    };
    missing.into_iter().filter_map(unstored).collect()
}

/// What names a trace.
#[derive(Default)]
struct Mentions {
    evidence: Vec<EvidenceItem>,
    service: String,
    times: usize,
    is_unsampled: bool,
}

impl Mentions {
    fn add(&mut self, service: &str, evidence: EvidenceItem) {
        if self.times == 0 {
            service.clone_into(&mut self.service);
        }
        self.times += 1;
        if self.evidence.len() < MAX_EVIDENCE {
            self.evidence.push(evidence);
        }
    }
}

fn mentions(context: &RuleContext, missing: &BTreeMap<TraceId, bool>) -> HashMap<TraceId, Mentions> {
    let mut mentions: HashMap<TraceId, Mentions> = HashMap::new();
    for line in &context.journey.logs {
        if let Some(trace) = line.trace_id.filter(|trace| missing.contains_key(trace)) {
            let mentions = mentions.entry(trace).or_default();
            mentions.add(&line.service, line_as_evidence(line));
            mentions.is_unsampled |= sampling_flag(line) == Some(Sampling::NotSampled);
        }
    }
    for (index, span) in context.journey.spans.iter().enumerate().filter(|(index, _)| context.in_tree[*index]) {
        for link in span.links.iter().filter(|link| missing.contains_key(&link.trace_id)) {
            let shows = EvidenceFact::LinksTo { operation: span.name.clone(), trace: link.trace_id };
            mentions.entry(link.trace_id).or_default().add(span.service(), context.evidence(index, shows));
        }
    }
    mentions
}

fn line_as_evidence(line: &LogEntry) -> EvidenceItem {
    let shows = EvidenceFact::LogLineOf { service: line.service.clone(), message: line.message.clone() };
    EvidenceItem { time: Some(line.time), trace_id: line.trace_id, span_id: line.span_id, shows }
}

/// What a line says of the sampling of its own trace; none where it says nothing. The spellings are those of W3C trace
/// context, OpenTelemetry's log bridges, and B3.
fn sampling_flag(line: &LogEntry) -> Option<Sampling> {
    let is_unsampled = line.values().find_map(|(key, value)| {
        let key: String = key.rsplit('.').next().unwrap_or(key).chars().filter(char::is_ascii_alphanumeric).collect();
        let flags = match key.to_ascii_lowercase().as_str() {
            "traceparent" => {
                let parts: Vec<&str> = value.split('-').collect();
                let is_own = line.trace_id.is_none_or(|id| parts.get(1).and_then(|t| TraceId::from_hex(t)) == Some(id));
                parts.get(3).copied().filter(|_| is_own)?
            }
            "traceflags" | "oteltraceflags" => value,
            "flags" if line.trace_id.is_some() && value.len() == 2 => value,
            "oteltracesampled" | "xb3sampled" if line.trace_id.is_some() => {
                return match value.to_ascii_lowercase().as_str() {
                    "false" | "0" => Some(true),
                    "true" | "1" => Some(false),
                    _ => None,
                };
            }
            _ => return None,
        };
        // The lowest bit says it; the next one is the only other that is in use, so greater values are no trace flags.
        u8::from_str_radix(flags, 16).ok().filter(|flags| *flags < 4).map(|flags| flags & 1 == 0)
    })?;
    Some(if is_unsampled { Sampling::NotSampled } else { Sampling::Sampled })
}
