//! Waiting for what is still to come: it ends as soon as nothing can change, and not before.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use crate::support::jaeger::{Jaeger, Store};
use trace::gather::sources::Sources;
use trace::gather::wait::{Patience, WaitDecision, Waited, until};
use trace::model::conventions::CORRELATION_KEYS;
use trace::model::evidence::Evidence;
use trace::model::span::Span;
use trace::model::time::{MINUTE, SECOND, Timestamp};
use trace::progress::Progress;
use trace::query::{Query, Subject};
use trace::source::demo::{DemoRun, NOW, scenarios};
use trace::source::recording::Recording;
use trace::source::server::transport::{Limits, Transport};
use trace::stop::Stop;

fn run() -> DemoRun {
    scenarios()[0].run(NOW.plus(-2 * MINUTE), 7)
}

fn query(run: &DemoRun) -> Query {
    Query::about(Subject::correlation(&run.correlation_id), CORRELATION_KEYS.map(str::to_owned).to_vec(), NOW)
}

/// Waits at most this many milliseconds, with half a second to settle.
#[tokio::main(flavor = "current_thread")]
async fn waited(
    jaeger: &Jaeger,
    query: &Query,
    wait_ms: u64,
    stop: Stop,
    judge: impl FnMut(&Evidence, Timestamp) -> WaitDecision,
) -> Waited {
    let limits = Limits { open: Duration::from_millis(100), ..Limits::default() };
    let transport = Transport::new(limits, Recording::Off, stop);
    let patience = Patience { wait: Duration::from_millis(wait_ms), settle: Duration::from_millis(500) };
    let (backends, progress) = (jaeger.backends(), Progress::silent());
    let sources = Sources { backends: &backends, transport: &transport, progress: &progress };
    until(query, &sources, patience, judge).await
}

/// Changes what the Jaeger holds after a while.
fn later(store: &Store, ms: u64, change: impl FnOnce(&mut Vec<Span>) + Send + 'static) {
    let store = Arc::clone(store);
    std::thread::spawn(move || {
        std::thread::sleep(Duration::from_millis(ms));
        change(&mut store.lock().expect("the spans"));
    });
}

/// Enough spans, else the missing ones are waited for.
fn wants(count: usize) -> impl FnMut(&Evidence, Timestamp) -> WaitDecision {
    move |evidence, _| match count.saturating_sub(evidence.spans.len()) {
        0 => WaitDecision::Enough,
        missing => WaitDecision::For((0..missing).map(|n| format!("span {n}")).collect()),
    }
}

/// The last half of a run comes late and out of order: it is waited for, also while the count does not change, and
/// not a moment longer. What a server forgets in between was seen all the same.
#[test]
fn what_comes_late_is_waited_for_and_no_longer() {
    let run = run();
    let (early, late) = run.spans.split_at(6);
    let jaeger = Jaeger::holding(early);
    let late = late.to_vec();
    later(&jaeger.store, 900, move |held| *held = late);
    let begun = Instant::now();
    let Waited { evidence, query: asked, rounds } = waited(&jaeger, &query(&run), 20_000, Stop::default(), wants(12));
    let ids: BTreeSet<_> = evidence.spans.iter().map(|s| (s.trace_id, s.span_id)).collect();
    assert_eq!((ids, evidence.spans.len()), (run.truth.spans.clone(), 12));
    assert!(begun.elapsed() < Duration::from_secs(6), "{:?}", begun.elapsed());
    assert!((2..=4).contains(&rounds) && asked.now.since(NOW) >= SECOND / 2, "{rounds} {}", asked.now.since(NOW));
    assert!(evidence.is_complete() && asked.time == query(&run).time);
}

/// What never comes is waited for as long as was said; the windows of the first round are not widened again.
#[test]
fn what_never_comes_ends_the_waiting_in_time() {
    let run = run();
    let jaeger = Jaeger::holding(&run.spans[..6]);
    let begun = Instant::now();
    let mut times = vec![];
    let mut judge = wants(12);
    let Waited { rounds, evidence, .. } = waited(&jaeger, &query(&run), 1_500, Stop::default(), |evidence, now| {
        times.push(now.since(NOW));
        judge(evidence, now)
    });
    let took = begun.elapsed();
    assert!(took >= Duration::from_millis(1_500) && took < Duration::from_secs(4), "{took:?}");
    assert_eq!((evidence.spans.len(), times.len()), (6, rounds));
    assert!((3..=4).contains(&rounds) && times.is_sorted(), "a growing pause: {rounds}, {times:?}");
    assert!(times.last().is_some_and(|last| *last >= 1_500_000_000), "asked once more at the very end: {times:?}");
    let starts: BTreeSet<String> = jaeger
        .searches()
        .iter()
        .filter(|line| line.contains("correlation_id"))
        .filter_map(|line| line.split("start_time_min=").nth(1)?.split(' ').next().map(str::to_owned))
        .collect();
    assert_eq!(starts.len(), 1, "{starts:?}");
}

/// Nothing there at all, and then all of it: found in the first hour, without looking through the week again.
#[test]
fn a_run_that_has_not_begun_is_waited_for() {
    let run = run();
    let jaeger = Jaeger::holding(&[]);
    let spans = run.spans.clone();
    later(&jaeger.store, 700, move |held| *held = spans);
    let waited = waited(&jaeger, &query(&run), 20_000, Stop::default(), wants(12));
    assert_eq!(waited.evidence.spans.len(), 12);
}

/// Only time is missing: nothing is asked until it has passed, and settling may go a little beyond the waiting.
#[test]
fn time_that_must_pass_is_slept_through() {
    let run = run();
    let jaeger = Jaeger::holding(&run.spans);
    let settled = NOW.plus(SECOND + SECOND / 10);
    let judge =
        |_: &Evidence, now: Timestamp| if now < settled { WaitDecision::Until(settled) } else { WaitDecision::Enough };
    let done = waited(&jaeger, &query(&run), 1_000, Stop::default(), judge);
    assert_eq!((done.rounds, done.query.now >= settled), (2, true));
    let never = waited(&jaeger, &query(&run), 300, Stop::default(), |_, now| WaitDecision::Until(now.plus(MINUTE)));
    assert!(never.query.now.since(NOW) < 3 * SECOND, "no longer than the waiting and the settling");
}

/// A backend that was ill is asked again; what it says when it is well is whole.
#[test]
fn a_backend_that_was_ill_is_asked_again() {
    let run = run();
    let ill = Arc::new(AtomicBool::new(true));
    let says = Arc::clone(&ill);
    let jaeger = Jaeger::with(&run.spans, move |_| {
        says.load(Ordering::Relaxed).then(|| (500, "text/plain", b"compacting".to_vec()))
    });
    let heals = Arc::clone(&ill);
    later(&jaeger.store, 400, move |_| heals.store(false, Ordering::Relaxed));
    let mut first = None;
    let mut judge = wants(12);
    let done = waited(&jaeger, &query(&run), 20_000, Stop::default(), |evidence, now| {
        first.get_or_insert(evidence.is_complete());
        judge(evidence, now)
    });
    assert_eq!((first, done.evidence.is_complete(), done.evidence.spans.len()), (Some(false), true, 12));
}

/// An interruption ends the wait.
#[test]
fn an_interruption_ends_the_waiting_at_once() {
    let run = run();
    let jaeger = Jaeger::holding(&run.spans[..6]);
    let stop = Stop::default();
    let requested = stop.clone();
    later(&jaeger.store, 1_200, move |_| requested.request());
    let begun = Instant::now();
    let done = waited(&jaeger, &query(&run), 60_000, stop, wants(12));
    assert!(begun.elapsed() < Duration::from_secs(3), "{:?}", begun.elapsed());
    assert!(done.evidence.spans.len() == 6 && !done.evidence.is_complete(), "{:?}", done.evidence.notes);
}
