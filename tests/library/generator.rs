//! The generators that only tests use: what they make agrees with its truth.

use std::collections::BTreeSet;

use serde_json::Value as Json;
use trace::source::demo::{DemoRun, NOW, scenarios};

use crate::shapes::timings::shuffle;
use crate::shapes::{Shape, mix};
use crate::support::generator::export::{to_loki_push, to_openmetrics, to_otlp_json};
use crate::support::generator::load::load;

fn runs() -> Vec<DemoRun> {
    scenarios().iter().map(|s| s.run(NOW, 7)).collect()
}

fn len(value: &Json) -> usize {
    value.as_array().map_or(0, Vec::len)
}

#[test]
fn otlp_holds_every_span_event_and_link() {
    for run in runs() {
        let body: Json = serde_json::from_str(&to_otlp_json(&run.spans)).unwrap();
        let spans: Vec<&Json> = body["resourceSpans"]
            .as_array()
            .unwrap()
            .iter()
            .flat_map(|r| r["scopeSpans"][0]["spans"].as_array().unwrap())
            .collect();
        assert_eq!(spans.len(), run.truth.span_count);
        let count = |key: &str| spans.iter().map(|s| len(&s[key])).sum::<usize>();
        assert_eq!(count("events"), run.spans.iter().map(|s| s.events.len()).sum::<usize>());
        assert_eq!(count("links"), run.spans.iter().map(|s| s.links.len()).sum::<usize>());
        assert_eq!(spans.iter().filter(|s| s["status"]["code"] == 2).count(), run.truth.error_spans);
        assert!(spans.iter().all(|s| s["startTimeUnixNano"].is_string() && s["traceId"].is_string()));
    }
}

#[test]
fn a_push_holds_every_line_once_and_metadata_where_there_is_some() {
    for run in runs() {
        let body: Json = serde_json::from_str(&to_loki_push(&run.logs)).unwrap();
        let values: Vec<&Json> = body["streams"]
            .as_array()
            .unwrap()
            .iter()
            .flat_map(|stream| stream["values"].as_array().unwrap())
            .collect();
        let lines = values.iter().map(|v| v[1].as_str().unwrap().to_owned()).collect();
        assert_eq!((values.len(), run.truth.lines), (run.truth.log_count, lines));
        let with_metadata = values.iter().filter(|v| v[2]["trace_id"].is_string()).count();
        assert_eq!(with_metadata, run.logs.iter().filter(|l| !l.metadata.is_empty()).count());
    }
}

#[test]
fn a_scrape_is_typed_ended_and_carries_its_exemplar() {
    let run = scenarios()[0].run(NOW, 7);
    let page = to_openmetrics(&run.samples);
    assert!(page.starts_with("# TYPE bos_batch_phase_status gauge\nbos_batch_phase_status{phase="), "{page}");
    assert!(page.contains("# TYPE els_storage_reference_updates counter\nels_storage_reference_updates_total 1\n"));
    assert!(page.contains(&format!("_bucket{{le=\"0.25\"}} 1 # {{trace_id=\"{}\"", run.exemplars[0].trace_id)));
    assert!(page.contains("_bucket{le=\"+Inf\"} 1\n"), "{page}");
    assert!(page.ends_with("\n# EOF\n"));
}

#[test]
fn a_load_has_the_size_asked_for_and_hangs_together() {
    let spans = load(3, 5, 101, NOW);
    assert_eq!(spans.len(), 505);
    assert_eq!(spans, load(3, 5, 101, NOW));
    let ids: BTreeSet<_> = spans.iter().map(|s| (s.trace_id, s.span_id)).collect();
    assert_eq!(ids.len(), 505);
    assert_eq!(spans.iter().filter(|s| s.parent_id.is_none()).count(), 5);
    assert!(spans.iter().filter_map(|s| Some((s.trace_id, s.parent_id?))).all(|parent| ids.contains(&parent)));
    assert!(spans.iter().all(|s| s.attributes.get("correlation_id").is_some()));
    assert_eq!(load(3, 2, 0, NOW), []);
    assert_eq!(load(3, 2, 1, NOW).len(), 2);
}

#[test]
fn fifty_thousand_spans_are_made_at_once() {
    assert_eq!(load(1, 1, 50_000, NOW).len(), 50_000);
}

#[test]
fn a_mixed_run_agrees_with_its_truth_and_keeps_what_was_planted() {
    for scenario in scenarios() {
        let plain = scenario.run(NOW, 3);
        for shape in Shape::ALL {
            let mut run = plain.clone();
            mix(&mut run, &[shape], 5);
            let name = format!("{} {shape:?}", scenario.name);
            let truth = &run.truth;
            assert_eq!((run.spans.len(), run.logs.len()), (truth.span_count, truth.log_count), "{name}");
            assert_eq!(run.spans.iter().map(|s| (s.trace_id, s.span_id)).collect::<BTreeSet<_>>(), truth.spans);
            assert_eq!(truth.error_spans, run.spans.iter().filter(|s| s.is_error()).count(), "{name}");
            assert_eq!(truth.planted, plain.truth.planted, "{name}");
            assert_eq!(!truth.beside.is_empty(), shape == Shape::GivesUp, "{name}");
            assert!(run.spans != plain.spans, "{name}");
            assert!(run.spans.iter().all(|s| s.duration_ns > 0 && s.start.0 % 1_000 == 0), "{name}");
            let mut again = plain.clone();
            mix(&mut again, &[shape], 5);
            assert!(again == run, "{name}");
        }
    }
}

#[test]
fn shuffled_times_keep_their_order() {
    for scenario in scenarios() {
        let plain = scenario.run(NOW, 2);
        let mut run = plain.clone();
        shuffle(&mut run, 9);
        assert!(run != plain, "{}", scenario.name);
        let begins = |run: &DemoRun, n: usize| run.spans[n].start.plus(-run.truth.fault.ahead(run.spans[n].service()));
        for n in 0..run.spans.len() {
            for m in 0..run.spans.len() {
                assert_eq!(begins(&plain, n) < begins(&plain, m), begins(&run, n) < begins(&run, m));
            }
            assert!(run.spans[n].events.iter().all(|e| run.spans[n].window().contains(e.time)));
        }
        assert_eq!(run.truth, plain.truth);
    }
}
