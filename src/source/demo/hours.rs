//! The platform over two hours before [`NOW`], for commands that look at many journeys: ordinary runs with everyday
//! jitter, the embedded runs among them, and one incident. Since [`NEW_HOST_SINCE`] a new host of the spell checker runs a new version,
//! which cannot read the dictionary in a third of its runs, and builds it anew in others. Of runs in which nothing goes
//! wrong no lines are stored.

use super::pipeline;
use super::random::Random;
use super::recorder::{ASSESSMENT, BATCH, ESSAY, Jitter, Recorder, SPELL};
use super::{DemoRun, Fault, NOW, complete_evidence, embedded};
use crate::model::attribute::Value;
use crate::model::evidence::Evidence;
use crate::model::id::TraceId;
use crate::model::log::Level;
use crate::model::time::{HOUR, MINUTE, SECOND, Timestamp, Window};

/// When the new host started: 13:40.
pub(crate) const NEW_HOST_SINCE: Timestamp = Timestamp(NOW.0 - 25 * MINUTE);
/// The new host.
pub(crate) const NEW_HOST: &str = "spell-checker-service-3";
/// The version that only the new host runs.
pub(crate) const NEW_VERSION: &str = "2.4.0";

/// Nanoseconds between two ordinary runs of the first hour, and of the second, in which schools are busier.
const EVERY: [i64; 2] = [MINUTE, 25 * SECOND];
/// The last ordinary run begins at least this long before now.
const LAST: i64 = MINUTE;
/// Which hosts of the spell checker a run uses.
#[derive(Clone, Copy, PartialEq, Eq)]
enum HostGeneration {
    Old,
    New,
}

/// Number of schools, each a tenant.
const TENANTS: u64 = 40;

/// What is stored of a window: every run that began in it.
pub(crate) fn stored_in(window: Window) -> Evidence {
    let began = |run: &DemoRun| run.spans.iter().map(|span| span.start).min();
    let embedded =
        embedded().into_iter().map(|(_, run)| run).filter(|run| began(run).is_some_and(|at| window.contains(at)));
    let ordinary = ordinary().filter(|(_, start)| window.contains(*start)).map(|(nth, start)| run(nth, start));
    let (mut spans, mut logs, mut alerts) = (vec![], vec![], 0);
    for run in ordinary.chain(embedded) {
        spans.extend(run.spans);
        logs.extend(run.logs);
        alerts += run.alerts.len();
    }
    let items = [spans.len(), logs.len(), alerts];
    Evidence { spans, logs, ..complete_evidence(window, items) }
}

/// The ordinary run with this correlation ID or trace ID.
pub(crate) fn find(text: &str) -> Option<DemoRun> {
    let trace_id = TraceId::from_hex(text);
    let is_meant =
        |run: &DemoRun| run.correlation_id == text || trace_id.is_some_and(|id| run.truth.traces.contains(&id));
    ordinary().map(|(nth, start)| run(nth, start)).find(is_meant)
}

/// Number and start of each ordinary run.
fn ordinary() -> impl Iterator<Item = (i64, Timestamp)> {
    let [early, late] = EVERY.map(|every| move |nth: i64| (every, nth * every));
    let first = (0..HOUR / EVERY[0]).map(early).map(|(every, at)| (every, at - 2 * HOUR));
    let second = (0..(HOUR - LAST) / EVERY[1]).map(late).map(|(every, at)| (every, at - HOUR));
    first.chain(second).zip(0..).map(|((every, at), nth)| {
        let later = Random::new(1, &format!("start-{nth}")).below(every.unsigned_abs() / 4);
        (nth, NOW.plus(at).plus(later as i64))
    })
}

/// One ordinary run. Its fault follows from its host and its number.
fn run(nth: i64, start: Timestamp) -> DemoRun {
    let mut random = Random::new(1, &format!("run-{nth}"));
    let id = random.uuid();
    let is_new = start >= NEW_HOST_SINCE && random.below(2) == 0;
    let fault = match (random.below(12), nth % 60) {
        (0..5, _) if is_new => Fault::DictionaryUnreadable,
        (5..8, _) if is_new => Fault::DictionaryRebuilt,
        (_, 37) => Fault::CalleeDown,
        (_, 11) => Fault::Redelivery,
        _ => Fault::None,
    };
    let tenant = format!("school-{:02}", random.below(TENANTS) + 1);
    let mut recorder = Recorder::new(fault, start, id.clone(), random);
    recorder.jitter(Jitter::Everyday);
    if fault == Fault::None {
        recorder.store_from(Level::Warn);
    }
    set_hosts(&mut recorder, if is_new { HostGeneration::New } else { HostGeneration::Old });
    pipeline::run(fault, &mut recorder);
    if let Some(root) = recorder.nth_span(0) {
        recorder.span_mut(root).attributes.push("tenant.id", Value::Text(tenant));
    }
    let (spans, logs, truth) = recorder.finish();
    DemoRun { correlation_id: id, spans, logs, truth, ..DemoRun::default() }
}

/// Chooses host and version of each service.
fn set_hosts(recorder: &mut Recorder, generation: HostGeneration) {
    let table = [(BATCH, 2, "5.1.0"), (SPELL, 3, "2.3.7"), (ESSAY, 3, "3.0.2"), (ASSESSMENT, 2, "1.9.4")];
    for (service, hosts, version) in table {
        let host = format!("{}-{}", service.replace('_', "-"), recorder.random.below(hosts));
        recorder.set_host(service, &host, version);
    }
    if generation == HostGeneration::New {
        recorder.set_host(SPELL, NEW_HOST, NEW_VERSION);
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn two_hours_have_the_incident_among_ordinary_runs() {
        let asked = Window::new(NOW.plus(-2 * HOUR), NOW);
        let all = stored_in(asked);
        assert_eq!(all.spans, stored_in(asked).spans);
        let runs: Vec<DemoRun> = ordinary().map(|(nth, start)| run(nth, start)).collect();
        let ids: BTreeSet<&str> = runs.iter().map(|run| run.correlation_id.as_str()).collect();
        assert_eq!((ids.len(), runs.len()), (201, 201));
        assert!(runs.iter().flat_map(|run| &run.spans).all(|span| span.start < NOW && span.end() < NOW));
        let is_new = |run: &&DemoRun| {
            let mut values = run.spans.iter().filter_map(|span| span.resource.attributes.get("service.version"));
            values.any(|version| version.to_string() == NEW_VERSION)
        };
        let new: Vec<&DemoRun> = runs.iter().filter(is_new).collect();
        let count = |fault: Fault| new.iter().filter(|run| run.truth.fault == fault).count();
        let (unreadable, rebuilt) = (count(Fault::DictionaryUnreadable), count(Fault::DictionaryRebuilt));
        assert!(new.iter().flat_map(|run| &run.spans).all(|span| span.start >= NEW_HOST_SINCE));
        assert!((10..=15).contains(&unreadable) && rebuilt >= 3, "{unreadable}, {rebuilt} of {}", new.len());
        assert_eq!(find(new[0].correlation_id.as_str()).as_ref(), Some(new[0]));
    }
}
