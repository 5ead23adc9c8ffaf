//! The same run with other times: what took long is short, what waited little waits long.

use std::collections::BTreeMap;

use trace::model::time::Timestamp;
use trace::source::demo::DemoRun;
use trace::source::demo::random::Random;

/// Stretches every time between two instants of the run by a factor of its own, from 0.5 to 3. The order of all instants
/// stays as it was, so causes stay before effects. What lines say of their time in their text stays.
pub fn shuffle(run: &mut DemoRun, seed: u64) {
    let fault = run.truth.fault;
    // The instants are true ones: a clock that is off stays off by as much.
    let of_spans = run.spans.iter().flat_map(|s| {
        let events = s.events.iter().map(|e| e.time);
        let ahead = fault.ahead(s.service());
        [s.start, s.end()].into_iter().chain(events).map(move |at| at.plus(-ahead))
    });
    let of_lines = run.logs.iter().map(|l| l.time.plus(-fault.ahead(&l.service)));
    let stretched = stretched(of_spans.chain(of_lines), &mut Random::new(seed, "timings"));
    let moved = |service: &str, at: Timestamp| {
        let ahead = fault.ahead(service);
        let at = at.plus(-ahead);
        stretched.get(&at).copied().unwrap_or(at).plus(ahead)
    };
    for span in &mut run.spans {
        let (start, end) = (moved(span.service(), span.start), moved(span.service(), span.end()));
        for at in 0..span.events.len() {
            span.events[at].time = moved(span.service(), span.events[at].time);
        }
        (span.start, span.duration_ns) = (start, end.since(start));
    }
    run.logs.iter_mut().for_each(|line| line.time = moved(&line.service, line.time));
}

fn stretched(instants: impl Iterator<Item = Timestamp>, random: &mut Random) -> BTreeMap<Timestamp, Timestamp> {
    let mut moved: BTreeMap<Timestamp, Timestamp> = instants.map(|at| (at, at)).collect();
    let mut last: Option<(Timestamp, Timestamp)> = None;
    for (at, to) in &mut moved {
        if let Some((before, now)) = last {
            let length = at.since(before) / 1_000;
            let percent = 50 + random.below(251) as i64;
            *to = now.plus((length.saturating_mul(percent) / 100).max(1) * 1_000);
        }
        last = Some((*at, *to));
    }
    moved
}
