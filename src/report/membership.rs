//! Why traces and log lines belong to a journey, and what touches it without belonging to it.

use std::collections::{BTreeMap, BTreeSet};

use crate::model::conventions::short_service;
use crate::model::id::TraceId;
use crate::model::journey::{Join, Journey, Reason};
use crate::report::block::{Fact, TextRole, fact, piece, plain, styled};
use crate::report::facts::labelled;
use crate::report::frame::IdLength;
use crate::report::names::ShortNames;
use crate::report::text::counted;

/// By what each trace and log line was matched, those with the same reason together.
pub(crate) fn matched_by(journey: &Journey, names: &ShortNames, ids: IdLength) -> Vec<Fact> {
    let tagged: BTreeSet<Option<TraceId>> = journey.joins.iter().filter(|j| is_tag(j)).map(|j| j.trace_id).collect();
    let mut groups: Vec<JoinGroup> = vec![];
    for join in journey.joins.iter().filter(|join| is_tag(join) || join.lines > 0 || !tagged.contains(&join.trace_id)) {
        match groups.iter_mut().find(|group| group.includes(join)) {
            Some(group) => group.joins.push(join),
            None => groups.push(JoinGroup { joins: vec![join] }),
        }
    }
    labelled("joined", groups.iter().map(|group| plain(group.sentence(names, ids))))
}

/// The strongest reason: a trace that carries the ID itself needs no other on the screen. JSON has them all.
fn is_tag(join: &Join) -> bool {
    matches!(join.reason, Reason::Tag { .. })
}

/// Joins that share one sentence.
struct JoinGroup<'a> {
    joins: Vec<&'a Join>,
}

impl JoinGroup<'_> {
    fn includes(&self, join: &Join) -> bool {
        let first = self.joins[0];
        match (&first.reason, &join.reason) {
            (Reason::LogLine { .. }, Reason::LogLine { .. }) => first.trace_id == join.trace_id,
            (Reason::Link { .. }, Reason::Link { .. }) | (Reason::Message { .. }, Reason::Message { .. }) => true,
            (a, b) => a == b,
        }
    }

    fn sentence(&self, names: &ShortNames, ids: IdLength) -> String {
        let mut traces: Vec<TraceId> = self.joins.iter().filter_map(|j| j.trace_id).collect();
        traces.sort_unstable();
        traces.dedup();
        let line_count: usize = self.joins.iter().map(|j| j.lines).sum();
        let these = trace_list(&traces, ids);
        let (have, are) = if traces.len() == 1 { ("has", "is") } else { ("have", "are") };
        let carry = if line_count == 1 { "carries" } else { "carry" };
        let lines = counted(line_count, "log line");
        match &self.joins[0].reason {
            Reason::Tag { key } => format!("{these} {have} tag {key}"),
            Reason::TraceId => format!("{these} {are} the one asked for"),
            Reason::Link { .. } => format!("{these} {are} joined by a span link"),
            Reason::LogLine { .. } => format!("{these} {are} named in log lines of {}", self.writers(names)),
            Reason::Message { .. } => format!("{these} {have} the same message ID"),
            Reason::Text => format!("{lines} {carry} the ID"),
            Reason::TraceOfLine if traces.is_empty() => format!("{lines} {carry} a trace of the journey"),
            Reason::TraceOfLine => format!("{lines} {carry} {these}"),
        }
    }

    fn writers(&self, names: &ShortNames) -> String {
        let writer = |join: &&Join| match &join.reason {
            Reason::LogLine { service } => Some(names.get(service).to_owned()),
            _ => None,
        };
        self.joins.iter().filter_map(writer).collect::<Vec<_>>().join(", ")
    }
}

fn trace_list(traces: &[TraceId], ids: IdLength) -> String {
    const MOST: usize = 4;
    let shown = |trace: &TraceId| if ids == IdLength::Full { trace.to_string() } else { trace.short() };
    let shown: Vec<String> = traces.iter().take(MOST).map(shown).collect();
    let more = traces.len().saturating_sub(MOST);
    let rest = if more > 0 { format!(" and {more} more") } else { String::new() };
    format!("trace{} {}{rest}", if traces.len() == 1 { "" } else { "s" }, shown.join(", "))
}

/// Traces that touch the journey and do not belong to it, and those that could not be read.
pub(crate) fn neighbours(journey: &Journey) -> Vec<Fact> {
    const MOST: usize = 5;
    let related = journey.related.iter().take(MOST).map(|r| {
        let of = if r.correlation_ids.is_empty() { "" } else { " of " };
        let ids = r.correlation_ids.join(", ");
        vec![
            piece(TextRole::Plain, format!("trace {}{of}{ids}", r.trace_id.short())),
            piece(TextRole::Dim, format!(" ({})", r.why)),
        ]
    });
    let mut facts = labelled("related", related);
    let more = journey.related.len().saturating_sub(MOST);
    if more > 0 {
        facts.push(fact("", styled(TextRole::Dim, format!("and {}", counted(more, "more trace")))));
    }
    let not_stored = journey.not_stored.iter().take(MOST);
    facts.extend(labelled(
        "lost",
        not_stored.map(|t| styled(TextRole::Warn, format!("trace {} is named here and stored nowhere", t.short()))),
    ));
    let not_fetched = journey.not_fetched.iter().take(MOST);
    facts.extend(labelled(
        "not here",
        not_fetched.map(|t| plain(format!("trace {} is named here, and none of its spans was read", t.short()))),
    ));
    let several_ids = journey
        .several_ids
        .iter()
        .take(MOST)
        .map(|id| plain(format!("{id} (the trace carries several IDs; none was followed)")));
    facts.extend(labelled("carries", several_ids));
    facts
}

/// Services that wrote log lines and have no span, in a journey that has spans.
pub(crate) fn services_without_spans(journey: &Journey, names: &ShortNames) -> Vec<Fact> {
    let seen: BTreeSet<&str> = journey.spans.iter().map(|s| short_service(s.service())).collect();
    let mut lines: BTreeMap<&str, usize> = BTreeMap::new();
    for line in journey.logs.iter().filter(|l| !l.service.is_empty() && !seen.contains(short_service(&l.service))) {
        *lines.entry(&line.service).or_default() += 1;
    }
    lines.retain(|_, _| !journey.spans.is_empty());
    let line = |(service, n): (&&str, &usize)| {
        plain(format!("{} wrote {} and has no spans here", names.get(service), counted(*n, "line")))
    };
    labelled("unseen", lines.iter().map(line))
}
