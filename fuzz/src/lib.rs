//! What every target does with what it has read: the whole way to the screen, and what must hold there.

use std::sync::LazyLock;

use trace::analysis::journey::findings::known::Known;
use trace::analysis::journey::findings::{Grounds, Judged};
use trace::analysis::journey::timeline::{Lines, Options};
use trace::model::conventions::CORRELATION_KEYS;
use trace::model::evidence::Evidence;
use trace::model::journey::Journey;
use trace::model::log::LogEntry;
use trace::model::span::Span;
use trace::model::time::{Timestamp, Zone};
use trace::query::{Query, Subject};
use trace::render::{Format, View, escape, render};
use trace::report::find::Find;
use trace::report::logs::Logs;
use trace::report::timeline::TimelineReport;
use trace::report::{Body, Report};
use trace::stitch::stitch;
use trace::stitch::subjects::subjects;
use trace::wire::{Decoded, jaeger_json};

/// In this time the fuzzed answers come.
pub const NOW: Timestamp = Timestamp(1_795_403_428_000_000_000);

/// A journey of a real server, for what can only be told beside one.
pub static JOURNEY: LazyLock<Vec<Span>> = LazyLock::new(|| {
    let answer = include_bytes!("../../fixtures/jaeger-next/v1-trace.body");
    jaeger_json::traces(answer).expect("a recorded answer").spans
});

/// Tells what was decoded, and checks that nothing of it was lost silently.
pub fn tell_decoded(decoded: Decoded) {
    assert_eq!(decoded.skipped.is_empty(), decoded.skipped_count == 0, "{:?}", decoded.skipped);
    tell(Evidence { spans: decoded.spans, logs: decoded.logs, ..Evidence::default() });
}

/// Tells the first journey of the evidence in every form.
pub fn tell(evidence: Evidence) {
    let keys: Vec<String> = CORRELATION_KEYS.map(str::to_owned).to_vec();
    let candidates = subjects(&evidence, &keys);
    let subject = candidates.first().map_or_else(|| Subject::either("req-42"), |first| first.subject.clone());
    let query = Query::about(subject.clone(), keys.clone(), NOW);
    let (spans, lines) = (evidence.spans.len(), evidence.logs.len());
    let shell = Evidence { notes: evidence.notes.clone(), ..Evidence::default() };
    let journey = stitch(evidence, &query);
    assert!(journey.spans.len() <= spans && journey.logs.len() <= lines, "more came out than went in");
    assert!(candidates.is_empty() || !journey.is_empty(), "{subject:?} is listed and cannot be told");
    every_span_once(&journey);
    let full = Options { lines: Lines::All, full: true, ..Options::default() };
    let mut known = Known::default();
    known.learn(&journey);
    let grounds = Grounds { complete: true, settled: true, looked_up: true, known: &known, baseline: None };
    let judged = Judged::new(journey.clone(), &grounds);
    let bodies = [
        Body::Find(Box::new(Find::of(judged.clone(), keys, Options::compact()))),
        Body::Timeline(Box::new(TimelineReport::of(judged, full))),
        Body::Logs(Box::new(Logs::of(journey, Vec::<LogEntry>::new(), Default::default()))),
    ];
    for body in bodies {
        show(&Report::new(body).about(subject.text.clone(), &shell));
    }
}

/// Each span hangs in the forest exactly once.
fn every_span_once(journey: &Journey) {
    let mut seen = vec![0_u8; journey.spans.len()];
    let mut open = journey.forest.roots.clone();
    while let Some(index) = open.pop() {
        seen[index] += 1;
        assert!(seen[index] == 1, "a span stands twice in the forest");
        open.extend(&journey.forest.effects[index]);
    }
    assert!(seen.iter().all(|times| *times == 1), "a span is lost");
}

/// Renders in every form; each must be harmless, and the JSON be JSON.
pub fn show(report: &Report) {
    let wide = View { width: 100, colour: false, ascii: false, hyperlinks: false, zone: Zone::Utc, verbosity: 2 };
    let narrow = View { width: 40, ascii: true, zone: Zone::Offset(-12_345), verbosity: 0, ..wide };
    harmless(&render(report, Format::Table, &wide));
    assert!(harmless(&render(report, Format::Table, &narrow)).is_ascii(), "asked for ASCII");
    serde_json::from_str::<serde_json::Value>(harmless(&render(report, Format::Json, &wide))).expect("JSON");
}

/// Fails on anything that a terminal would act on.
pub fn harmless(bytes: &[u8]) -> &str {
    let text = std::str::from_utf8(bytes).expect("UTF-8");
    let bad = text.chars().find(|c| *c != '\n' && escape::is_unsafe(*c));
    assert!(bad.is_none(), "{bad:?} came through");
    text
}
