//! What belongs to a journey and why, and what touches it.

use std::collections::{BTreeMap, BTreeSet};

use crate::model::conventions::short_service;
use crate::model::id::TraceId;
use crate::model::journey::{Join, Journey, Reason};
use crate::report::block::{Fact, Role, fact, one, piece, plain};
use crate::report::frame::Ids;
use crate::report::names::ShortNames;
use crate::report::parts::labelled;
use crate::report::words::counted;

/// Why each part belongs, parts with the same reason together.
pub fn joined(journey: &Journey, names: &ShortNames, ids: Ids) -> Vec<Fact> {
    let tagged: BTreeSet<Option<TraceId>> = journey.joins.iter().filter(|j| is_tag(j)).map(|j| j.trace_id).collect();
    let mut groups: Vec<JoinGroup> = vec![];
    for join in journey.joins.iter().filter(|join| is_tag(join) || join.lines > 0 || !tagged.contains(&join.trace_id)) {
        match groups.iter_mut().find(|group| group.takes(join)) {
            Some(group) => group.joins.push(join),
            None => groups.push(JoinGroup { joins: vec![join] }),
        }
    }
    labelled("joined", groups.iter().map(|group| plain(group.because(names, ids))))
}

/// The strongest reason: what carries the ID itself needs no other on the screen. JSON has them all.
fn is_tag(join: &Join) -> bool {
    matches!(join.reason, Reason::Tag { .. })
}

/// Joins that one sentence tells.
struct JoinGroup<'a> {
    joins: Vec<&'a Join>,
}

impl JoinGroup<'_> {
    fn takes(&self, join: &Join) -> bool {
        let first = self.joins[0];
        match (&first.reason, &join.reason) {
            (Reason::LogLine { .. }, Reason::LogLine { .. }) => first.trace_id == join.trace_id,
            (Reason::Link { .. }, Reason::Link { .. }) | (Reason::Message { .. }, Reason::Message { .. }) => true,
            (one, other) => one == other,
        }
    }

    fn because(&self, names: &ShortNames, ids: Ids) -> String {
        let mut traces: Vec<TraceId> = self.joins.iter().filter_map(|j| j.trace_id).collect();
        traces.sort_unstable();
        traces.dedup();
        let n: usize = self.joins.iter().map(|j| j.lines).sum();
        let which = trace_list(&traces, ids);
        let (have, are) = if traces.len() == 1 { ("has", "is") } else { ("have", "are") };
        let carry = if n == 1 { "carries" } else { "carry" };
        let lines = counted(n, "log line");
        match &self.joins[0].reason {
            Reason::Tag { key } => format!("{which} {have} tag {key}"),
            Reason::TraceId => format!("{which} {are} the one asked for"),
            Reason::Link { .. } => format!("{which} {are} joined by a span link"),
            Reason::LogLine { .. } => format!("{which} {are} named in log lines of {}", self.writers(names)),
            Reason::Message { .. } => format!("{which} {have} the same message ID"),
            Reason::Text => format!("{lines} {carry} the ID"),
            Reason::TraceOfLine if traces.is_empty() => format!("{lines} {carry} a trace of the journey"),
            Reason::TraceOfLine => format!("{lines} {carry} {which}"),
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

fn trace_list(traces: &[TraceId], ids: Ids) -> String {
    const MOST: usize = 4;
    let shown = |trace: &TraceId| if ids == Ids::Whole { trace.to_string() } else { trace.short() };
    let shown: Vec<String> = traces.iter().take(MOST).map(shown).collect();
    let more = traces.len().saturating_sub(MOST);
    let rest = if more > 0 { format!(" and {more} more") } else { String::new() };
    format!("trace{} {}{rest}", if traces.len() == 1 { "" } else { "s" }, shown.join(", "))
}

/// Traces that touch the journey and are not of it, and those that nobody has.
pub fn neighbours(journey: &Journey) -> Vec<Fact> {
    const MOST: usize = 5;
    let related = journey.related.iter().take(MOST).map(|r| {
        let ids = r.correlation_ids.join(", ");
        vec![
            piece(Role::Plain, format!("trace {} of {ids}", r.trace_id.short())),
            piece(Role::Dim, format!(" ({})", r.why)),
        ]
    });
    let mut facts = labelled("related", related);
    let more = journey.related.len().saturating_sub(MOST);
    if more > 0 {
        facts.push(fact("", one(Role::Dim, format!("and {}", counted(more, "more trace")))));
    }
    let lost = journey.not_stored.iter().take(MOST);
    facts.extend(labelled(
        "lost",
        lost.map(|t| one(Role::Warn, format!("trace {} is named here and stored nowhere", t.short()))),
    ));
    let unread = journey.not_fetched.iter().take(MOST);
    facts.extend(labelled(
        "not here",
        unread.map(|t| plain(format!("trace {} is named here, and none of its spans was read", t.short()))),
    ));
    let several = journey
        .several_ids
        .iter()
        .take(MOST)
        .map(|id| plain(format!("{id} (the trace carries several IDs; none was followed)")));
    facts.extend(labelled("carries", several));
    facts
}

/// Services that wrote lines and have no span in a journey that has spans.
pub fn unseen(journey: &Journey, names: &ShortNames) -> Vec<Fact> {
    let seen: BTreeSet<&str> = journey.spans.iter().map(|s| short_service(s.service())).collect();
    let mut lines: BTreeMap<&str, usize> = BTreeMap::new();
    for line in journey.logs.iter().filter(|l| !l.service.is_empty() && !seen.contains(short_service(&l.service))) {
        *lines.entry(&line.service).or_default() += 1;
    }
    lines.retain(|_, _| !journey.spans.is_empty());
    let say = |(service, n): (&&str, &usize)| {
        plain(format!("{} wrote {} and has no spans here", names.get(service), counted(*n, "line")))
    };
    labelled("unseen", lines.iter().map(say))
}
