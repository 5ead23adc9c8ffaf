//! Asking again and again until nothing more can change: spans come late, out of order, or never.

use std::collections::{BTreeSet, HashSet};
use std::time::Duration;

use tokio::time::Instant;

use crate::gather::gather;
use crate::gather::sources::Sources;
use crate::model::evidence::{BackendState, Evidence};
use crate::model::id::{SpanId, TraceId};
use crate::model::log::LineKey;
use crate::model::time::{Timestamp, Window};
use crate::query::{Query, TimeRange};
use crate::report::text::first_few;
use crate::source::failure::Received;

/// The first pause between two rounds: what is late is mostly late by an export batch, whose default is 5 s or less.
const FIRST_PAUSE: Duration = Duration::from_millis(500);
/// The longest pause: what arrives is shown at most this much later, and a long wait costs 12 rounds a minute.
const LONGEST_PAUSE: Duration = Duration::from_secs(5);
/// Each pause as a percentage of the one before: 500 ms reach 5 s in 6 rounds.
const GROWTH: u32 = 150;
/// Missing steps named on the progress line, which must not wrap.
const MOST_NAMED: usize = 3;

/// Whether to ask again.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum WaitDecision {
    /// Nothing that may still come changes anything.
    Enough,
    /// These are still missing. They are shown as they are, so they must be escaped.
    For(Vec<String>),
    /// All is there; only time must pass until then.
    Until(Timestamp),
}

/// How long to wait.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Patience {
    /// For what is still to come.
    pub wait: Duration,
    /// Beyond that, for what came late to settle.
    pub settle: Duration,
}

/// What there was in the end.
#[derive(Clone, Debug)]
pub struct Waited {
    /// All that any round found; how the backends did, and what is to be remarked, is the last round's.
    pub evidence: Evidence,
    /// The question, at the time of the last round.
    pub query: Query,
    /// How often was asked.
    pub rounds: usize,
}

/// Asks in rounds until `check` has enough or the time is over; once where a recording is played. Each round has
/// its own `--timeout`; none looks further back than the first. A backend that failed is asked again in the next one, if
/// its breaker lets it be.
pub async fn until<J>(query: &Query, sources: &Sources<'_>, patience: Patience, mut check: J) -> Waited
where
    J: FnMut(&Evidence, Timestamp) -> WaitDecision,
{
    let (transport, progress) = (sources.transport, sources.progress);
    let begun = Instant::now();
    let last = begun + patience.wait + patience.settle + transport.round_limit();
    let mut waited = Waited { evidence: gather(query, sources).await, query: query.clone(), rounds: 1 };
    let time = asked_again(query, &waited.evidence);
    let mut pauses = pauses();
    while transport.interrupted().is_none() && !transport.recording().is_replaying() && may_answer(&waited.evidence) {
        let since = Instant::now() - begun;
        let pause = match check(&waited.evidence, waited.query.now) {
            WaitDecision::Enough => break,
            WaitDecision::For(what) => {
                let left = patience.wait.saturating_sub(since);
                progress.say(format!("waiting for {}; {} s left", first_few(&what, MOST_NAMED), left.as_secs()));
                pauses.next().unwrap_or(LONGEST_PAUSE).min(left)
            }
            WaitDecision::Until(at) => {
                let left = (patience.wait + patience.settle).saturating_sub(since);
                progress.say(format!("waiting for what came to settle; {} s left", left.as_secs()));
                let now = now(query, begun);
                Duration::from_nanos(at.since(now).max(0).unsigned_abs()).max(FIRST_PAUSE).min(left)
            }
        };
        if pause.is_zero() {
            break;
        }
        if let Err(failure) = transport.sleep(pause).await {
            waited.evidence.note(failure.interruption(Received::Something));
            break;
        }
        transport.begin_round(last.saturating_duration_since(Instant::now()));
        waited.query.now = now(query, begun);
        let round = Query { time: until_now(time, query.now, waited.query.now), ..waited.query.clone() };
        let found = gather(&round, sources).await;
        waited.evidence = united(waited.evidence, found);
        waited.rounds += 1;
    }
    waited
}

/// What time it is, in the time in which the question lives.
fn now(query: &Query, begun: Instant) -> Timestamp {
    query.now.plus(i64::try_from(begun.elapsed().as_nanos()).unwrap_or(i64::MAX))
}

fn pauses() -> impl Iterator<Item = Duration> {
    std::iter::successors(Some(FIRST_PAUSE), |pause| Some((*pause * GROWTH / 100).min(LONGEST_PAUSE)))
}

/// Whether any backend may ever give something: waiting does not help where a person must act.
fn may_answer(evidence: &Evidence) -> bool {
    use BackendState::{LeftOut, NotConfigured, NotNeeded, Refused};
    evidence.backends.iter().any(|b| !matches!(b.state, LeftOut | NotConfigured | NotNeeded | Refused))
}

/// The window of all rounds but the first: what the first one asked about where it found something, and its first window
/// where it found nothing.
fn asked_again(query: &Query, first: &Evidence) -> Window {
    let narrow = query.time.ladder(query.now)[0];
    let is_explicit = matches!(query.time, TimeRange::Explicit(_));
    if is_explicit || first.spans.is_empty() && first.logs.is_empty() {
        return narrow;
    }
    let covered = first.coverage.traces.iter().chain(first.coverage.logs.iter()).reduce(Window::hull);
    covered.unwrap_or(narrow)
}

/// A window that reached up to the first round reaches up to this one.
fn until_now(window: Window, first: Timestamp, now: Timestamp) -> TimeRange {
    let to = if window.to >= first { now.plus(1).max(window.to) } else { window.to };
    TimeRange::Explicit(Window::new(window.from, to))
}

/// What a round found, with all that only earlier ones did: nothing that was seen is lost.
fn united(before: Evidence, mut found: Evidence) -> Evidence {
    let known: HashSet<(TraceId, SpanId)> = found.spans.iter().map(|s| (s.trace_id, s.span_id)).collect();
    found.spans.extend(before.spans.into_iter().filter(|s| !known.contains(&(s.trace_id, s.span_id))));
    let known: HashSet<LineKey> = found.logs.iter().map(LineKey::new).collect();
    found.logs.extend(before.logs.into_iter().filter(|line| !known.contains(&LineKey::new(line))));
    let here: BTreeSet<TraceId> = found.spans.iter().map(|span| span.trace_id).collect();
    found.not_stored.retain(|trace| !here.contains(trace));
    if found.coverage.metrics.is_empty() {
        (found.alerts, found.exemplars, found.panels) = (before.alerts, before.exemplars, before.panels);
    }
    for (all, earlier) in [
        (&mut found.coverage.traces, before.coverage.traces),
        (&mut found.coverage.logs, before.coverage.logs),
        (&mut found.coverage.metrics, before.coverage.metrics),
    ] {
        earlier.iter().for_each(|window| all.add(window));
    }
    found.listed.services.extend(before.listed.services);
    for (service, operations) in before.listed.operations {
        found.listed.operations.entry(service).or_default().extend(operations);
    }
    found
}
