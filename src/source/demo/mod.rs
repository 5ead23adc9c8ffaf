//! The one scenario generator: runs of the reference platform, good and with planted faults, the truth beside them.
//!
//! A batch of essays comes in over HTTP at the batch orchestrator, goes by Kafka to the spell checker and the essay
//! lifecycle, and ends at the comparative assessment. The demo, fixtures, live tests and benchmarks all come from here.

pub(crate) mod hours;
mod line_format;
mod log_entry;
mod metrics;
mod pipeline;
pub(crate) mod platform;
pub mod random;
pub mod recorder;
mod services;
mod truth;

use self::random::Random;
use self::recorder::Recorder;
use crate::model::evidence::{BackendState, BackendStatus, Evidence, LookedUp, Note, NoteCode, Searched};
use crate::model::id::TraceId;
use crate::model::log::LogEntry;
use crate::model::metric::{Alert, Exemplar, Panel};
use crate::model::source::Source;
use crate::model::span::Span;
use crate::model::time::{HOUR, MINUTE, SECOND, Timestamp, Window, Windows};

pub use self::metrics::{MetricKind, Sample};
pub use self::truth::{Fault, Planted, Truth};

/// The fixed time of the demo: 2026-11-23T14:05:00Z.
pub const NOW: Timestamp = Timestamp(1_795_442_700_000_000_000);

/// One scenario: a name, what it shows, and its fault.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Scenario {
    /// Kebab-case.
    pub name: &'static str,
    /// One line for people.
    pub title: &'static str,
    /// What is planted.
    pub fault: Fault,
}

/// One generated run, as a backend would give it back, and the truth.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct DemoRun {
    /// Its correlation ID.
    pub correlation_id: String,
    /// Its stored spans.
    pub spans: Vec<Span>,
    /// Its lines, by time.
    pub logs: Vec<LogEntry>,
    /// Samples of the services' metrics after it.
    pub samples: Vec<Sample>,
    /// The exemplars among them.
    pub exemplars: Vec<Exemplar>,
    /// Alerts that it fired.
    pub alerts: Vec<Alert>,
    /// Panels around its time.
    pub panels: Vec<Panel>,
    /// The planted fault and what must be found.
    pub truth: Truth,
}

/// Every scenario, the good run first.
pub fn scenarios() -> Vec<Scenario> {
    let table = [
        ("complete", "a good run: one trace, four services, nothing missing", Fault::None),
        ("lost-message", "a message is published and never consumed", Fault::LostMessage),
        ("own-trace", "the spell checker starts its own trace, without a link", Fault::OwnTrace),
        ("linked-trace", "the spell checker starts its own trace, joined by a span link", Fault::LinkedTrace),
        ("missing-storage-update", "storage_reference_update never ran", Fault::MissingStorageUpdate),
        ("late-consumer", "a message waits 45 s in the queue", Fault::LateConsumer),
        ("parent-never-stored", "a span in the middle was never stored", Fault::ParentNeverStored),
        ("clock-off", "the spell checker's clock is 1.5 s behind", Fault::ClockOff),
        ("storage-error", "the storage reference update fails, and an alert fires", Fault::StorageError),
        ("database-cascade", "a database error fails everything above it", Fault::DatabaseCascade),
        ("callee-down", "nobody listens at the content service", Fault::CalleeDown),
        ("redelivery", "a message is delivered twice, the first attempt failed", Fault::Redelivery),
        ("logs-only-service", "the assessment service writes lines and has no spans", Fault::LogsOnlyService),
        ("untagged-spans", "only the first span carries the correlation ID", Fault::UntaggedSpans),
        ("logfmt-logs", "the lines are logfmt", Fault::LogfmtLogs),
        ("plain-logs", "the lines are plain text", Fault::PlainLogs),
        ("metadata-only-logs", "the lines carry the ID in structured metadata only", Fault::MetadataOnlyLogs),
        ("fan-out-lost", "twelve essays, of which one gets lost", Fault::FanOutLost),
        ("hostile-id", "an ID full of quotes, backslashes and umlauts", Fault::HostileId),
        ("untagged-consumer", "the spell checker's own trace carries no ID, only a link", Fault::UntaggedConsumer),
    ];
    table.map(|(name, title, fault)| Scenario { name, title, fault }).to_vec()
}

impl Scenario {
    /// The run of this scenario that starts here. The same seed gives the same run; seeds differ in IDs and jitter.
    pub fn run(&self, start: Timestamp, seed: u64) -> DemoRun {
        let mut random = Random::new(seed, self.name);
        let correlation_id = correlation_id(self.fault, &mut random);
        let mut recorder = Recorder::new(self.fault, start, correlation_id.clone(), random);
        let tally = pipeline::run(self.fault, &mut recorder);
        let panels = metrics::panels(&tally, recorder.origin);
        let samples = metrics::samples(&tally);
        let (spans, logs, truth) = recorder.finish();
        DemoRun {
            correlation_id,
            spans,
            logs,
            exemplars: samples.iter().filter_map(|s| s.exemplar.clone()).collect(),
            samples,
            alerts: metrics::alerts(&tally),
            panels,
            truth,
        }
    }
}

fn correlation_id(fault: Fault, random: &mut Random) -> String {
    let id = random.uuid();
    match fault {
        Fault::HostileId => {
            format!(r#"batch "{id}" it's \n\\ {{curly}} `tick` naïve-Zürich <&> /../ %0a end"#)
        }
        _ => id,
    }
}

/// The scenarios that `trace demo` walks through: a good run, the tour's default broken run, a lost message.
pub(crate) fn tour() -> [&'static str; 3] {
    ["complete", DEFAULT_SCENARIO, "lost-message"]
}

/// The scenario that the demo shows if none is named.
pub(crate) const DEFAULT_SCENARIO: &str = "storage-error";

/// Every scenario with its run in the demo: fixed IDs, fixed times, two to three minutes before [`NOW`].
pub fn embedded() -> Vec<(Scenario, DemoRun)> {
    let first = NOW.plus(-3 * MINUTE + 11_112_000_000);
    let run = |(n, scenario): (usize, Scenario)| (scenario, scenario.run(first.plus(n as i64 * 17 * SECOND / 10), 1));
    scenarios().into_iter().enumerate().map(run).collect()
}

/// The embedded run with this scenario name, correlation ID or trace ID.
pub fn find(text: &str) -> Option<(Scenario, DemoRun)> {
    let trace_id = TraceId::from_hex(text);
    let is_meant = |(scenario, run): &(Scenario, DemoRun)| {
        scenario.name == text || run.correlation_id == text || trace_id.is_some_and(|id| run.truth.traces.contains(&id))
    };
    embedded().into_iter().find(is_meant)
}

/// A run as complete evidence, as if three backends had answered; no server is queried.
pub fn evidence(run: &DemoRun) -> Evidence {
    Evidence {
        spans: run.spans.clone(),
        logs: run.logs.clone(),
        alerts: run.alerts.clone(),
        exemplars: run.exemplars.clone(),
        panels: run.panels.clone(),
        ..complete_evidence(Window::new(NOW.plus(-HOUR), NOW), [run.spans.len(), run.logs.len(), run.alerts.len()])
    }
}

/// Evidence without data, as three backends report it for this window; `items` are their numbers of spans, lines, alerts.
fn complete_evidence(window: Window, items: [usize; 3]) -> Evidence {
    let window: Windows = [window].into_iter().collect();
    let sources = [Source::Jaeger, Source::Loki, Source::Prometheus];
    Evidence {
        backends: sources.into_iter().zip(items).map(|(source, items)| status(source, items)).collect(),
        notes: vec![Note::new(NoteCode::Info, Source::Demo, "no server was asked")],
        coverage: Searched { traces: window.clone(), logs: window.clone(), metrics: window },
        looked_up: LookedUp::NotNeeded,
        ..Evidence::default()
    }
}

fn status(name: Source, items: usize) -> BackendStatus {
    let (url_from, detail) = ("--demo".to_owned(), "demo data".to_owned());
    BackendStatus { url_from, detail, items, ..BackendStatus::new(name, BackendState::Ok) }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;
    use crate::model::span::StatusCode;

    fn run(name: &str) -> DemoRun {
        scenarios().into_iter().find(|s| s.name == name).unwrap().run(NOW, 7)
    }

    #[test]
    fn the_demo_has_its_time_its_tour_and_every_fault_once() {
        assert_eq!(NOW.rfc3339(), "2026-11-23T14:05:00.000000000Z");
        let all = scenarios();
        assert_eq!((all.len(), all[0].fault), (20, Fault::None));
        assert_eq!(all.iter().map(|s| s.fault).collect::<std::collections::HashSet<_>>().len(), 20);
        assert!(tour().iter().all(|name| find(name).is_some()));
        let (scenario, run) = find("complete").unwrap();
        assert_eq!(find(&run.correlation_id), Some((scenario, run.clone())));
        assert_eq!(find(&run.spans[0].trace_id.to_string()), Some((scenario, run)));
        assert_eq!(find("nobody"), None);
    }

    #[test]
    fn every_run_agrees_with_its_truth() {
        for scenario in scenarios() {
            let (run, name) = (scenario.run(NOW, 7), scenario.name);
            let truth = &run.truth;
            let ids: BTreeSet<_> = run.spans.iter().map(|s| (s.trace_id, s.span_id)).collect();
            assert_eq!(
                (&ids, run.spans.len(), ids.len()),
                (&truth.spans, truth.span_count, truth.span_count),
                "{name}"
            );
            assert_eq!(run.spans.iter().map(|s| s.trace_id).collect::<BTreeSet<_>>(), truth.traces, "{name}");
            assert_eq!(run.spans.iter().filter(|s| s.is_error()).count(), truth.error_spans, "{name}");
            assert_eq!((run.logs.len(), truth.lines.len()), (truth.log_count, truth.log_count), "{name}");
            assert_eq!(truth.planted.is_none(), scenario.fault == Fault::None, "{name}");
            let small = scenario.fault != Fault::FanOutLost;
            assert!(!small || (9..=14).contains(&truth.span_count), "{name}: {} spans", truth.span_count);
            assert!(!small || (9..=16).contains(&truth.log_count), "{name}: {} lines", truth.log_count);
        }
    }

    #[test]
    fn a_seed_tells_the_whole_run() {
        for scenario in scenarios() {
            assert_eq!(scenario.run(NOW, 7), scenario.run(NOW, 7), "{}", scenario.name);
            let (a, b) = (scenario.run(NOW, 7).truth, scenario.run(NOW, 8).truth);
            assert!(a.spans.is_disjoint(&b.spans) && a.lines.is_disjoint(&b.lines), "{}", scenario.name);
            assert_eq!((a.span_count, a.log_count, a.error_spans), (b.span_count, b.log_count, b.error_spans));
        }
    }

    #[test]
    fn times_hang_together_and_fit_before_the_demos_now() {
        for (scenario, run) in embedded() {
            let name = scenario.name;
            let bounds = Window::new(NOW.plus(-3 * MINUTE), NOW.plus(-30 * SECOND));
            let micros = |at: Timestamp| at.0 % 1_000 == 0;
            for span in &run.spans {
                assert!(span.duration_ns > 0 && span.duration_ns < 2 * SECOND, "{name}: {}", span.name);
                assert!(bounds.contains(span.start) && bounds.contains(span.end()), "{name}: {}", span.name);
                assert!(micros(span.start) && micros(span.end()), "{name}: {}", span.name);
                assert!(span.events.iter().all(|e| span.window().contains(e.time)), "{name}: {}", span.name);
                assert!(span.events.is_sorted_by_key(|e| e.time));
            }
            assert!(run.logs.iter().all(|l| bounds.contains(l.time)), "{name}");
            assert!(run.alerts.iter().all(|a| a.from < a.to && a.to < NOW), "{name}");
            for line in &run.logs {
                let span = run.spans.iter().find(|s| Some(s.span_id) == line.span_id && s.service() == line.service);
                let near = |s: &Span| s.window().padded(MINUTE / 1_000, MINUTE / 1_000).contains(line.time);
                assert!(span.is_none_or(near), "{name}: {}", line.line);
            }
        }
    }

    #[test]
    fn effects_come_after_causes_unless_the_clock_is_off() {
        for scenario in scenarios() {
            let run = scenario.run(NOW, 7);
            let start = |id| run.spans.iter().find(|s| Some(s.span_id) == id).map(|s| s.start);
            let backwards = run.spans.iter().filter(|s| start(s.parent_id).is_some_and(|at| s.start < at)).count();
            assert_eq!(backwards, usize::from(scenario.fault == Fault::ClockOff), "{}", scenario.name);
        }
    }

    /// What each scenario must look like, said by another road than the one that made it.
    #[test]
    fn each_fault_is_there_and_no_other() {
        let named = |run: &DemoRun, part: &str| run.spans.iter().filter(|s| s.name.contains(part)).count();
        let complete = run("complete");
        assert_eq!((complete.truth.span_count, complete.truth.traces.len(), complete.truth.services.len()), (12, 1, 4));
        assert_eq!((complete.truth.error_spans, complete.alerts.len()), (0, 0));

        let orphans = |run: &DemoRun| {
            let stored: BTreeSet<_> = run.spans.iter().map(|s| s.span_id).collect();
            run.spans.iter().filter(|s| s.parent_id.is_some_and(|id| !stored.contains(&id))).count()
        };
        for scenario in scenarios() {
            let run = scenario.run(NOW, 7);
            let expected = if scenario.fault == Fault::ParentNeverStored { 2 } else { 0 };
            assert_eq!(orphans(&run), expected, "{}", scenario.name);
            let links: usize = run.spans.iter().map(|s| s.links.len()).sum();
            let linked = matches!(scenario.fault, Fault::LinkedTrace | Fault::StorageError | Fault::UntaggedConsumer);
            assert_eq!(links, usize::from(linked), "{}", scenario.name);
            let traces = if linked || scenario.fault == Fault::OwnTrace { 2 } else { 1 };
            assert_eq!(run.truth.traces.len(), traces, "{}", scenario.name);
        }

        let lost = run("lost-message");
        assert_eq!((named(&lost, "publish"), named(&lost, "consume")), (3, 2));
        let fan = run("fan-out-lost");
        let checks = (named(&fan, "publish.huleedu.spell_checker.check_request"), named(&fan, "consume.huleedu.spell"));
        assert_eq!((checks, named(&fan, "storage_reference_update")), ((12, 22), 11));
        assert_eq!(named(&run("missing-storage-update"), "storage_reference_update"), 0);
        let silent = run("logs-only-service");
        assert!(silent.spans.iter().all(|s| s.service() != "cj_assessment_service"));
        assert!(silent.logs.iter().any(|l| l.service == "cj_assessment_service" && l.trace_id.is_some()));
        let untagged = run("untagged-spans");
        assert_eq!(untagged.spans.iter().filter(|s| s.attributes.get("correlation_id").is_some()).count(), 1);
        let forgetful = run("untagged-consumer");
        let first = forgetful.spans[0].trace_id;
        let carries = |s: &Span| s.attributes.get("correlation_id").is_some();
        assert!(forgetful.spans.iter().all(|s| carries(s) == (s.trace_id == first)));
        let says = |l: &LogEntry| l.line.contains(&forgetful.correlation_id);
        assert!(forgetful.logs.iter().all(|l| says(l) == (l.trace_id == Some(first))));
        let twice = run("redelivery");
        let deliveries: Vec<&Span> =
            twice.spans.iter().filter(|s| s.name.ends_with("consume.huleedu.spell_checker.check_request.v1")).collect();
        assert_eq!(deliveries.iter().filter_map(|s| s.message_id()).collect::<BTreeSet<_>>().len(), 1);
        assert_eq!(deliveries.iter().map(|s| s.is_error()).collect::<Vec<_>>(), [true, false]);
    }

    #[test]
    fn an_error_is_in_status_exception_and_line_alike() {
        for (name, errors) in [("storage-error", 1), ("database-cascade", 3), ("callee-down", 3), ("redelivery", 2)] {
            let run = run(name);
            assert_eq!(run.truth.error_spans, errors, "{name}");
            for span in run.spans.iter().filter(|s| s.status.code == StatusCode::Error) {
                let exception = span.exceptions().last().unwrap();
                assert_eq!(exception.headline(), span.status.message, "{name}");
                assert!(exception.stacktrace.starts_with("Traceback"));
            }
            let contexts: Vec<_> = run.logs.iter().filter_map(|l| l.error_context.as_ref()).collect();
            assert!(!contexts.is_empty(), "{name}");
            for context in contexts {
                let span = run.spans.iter().find(|s| s.span_id.to_string() == context.span_id).unwrap();
                assert_eq!((span.name.as_str(), span.service()), (&*context.operation, &*context.service_name));
                assert_eq!(span.error_text(), format!("{}: {}", context.error_type, context.error_message));
                assert!(!context.context_data.is_empty() && !context.stack_trace.is_empty());
            }
        }
        let alerts = run("storage-error").alerts;
        assert!(alerts.len() == 1 && alerts[0].service.is_none());
    }

    #[test]
    fn lines_are_written_in_the_form_that_the_scenario_names() {
        let line = |name: &str| run(name).logs.remove(0);
        let json = line("complete");
        assert!(json.line.starts_with(r#"{"timestamp": "2026-11-23T14:05:00.00"#), "{}", json.line);
        assert_eq!((json.message.as_str(), json.fields.len()), ("Batch registration received", 8));
        assert!(line("logfmt-logs").line.contains(r#" msg="Batch registration received" "#));
        let id = run("plain-logs").correlation_id;
        assert!(
            line("plain-logs")
                .line
                .ends_with(&format!(" INFO batch_orchestrator_service [{id}] Batch registration received"))
        );
        let metadata = line("metadata-only-logs");
        assert_eq!(metadata.metadata.keys().collect::<Vec<_>>(), ["correlation_id", "span_id", "trace_id"]);
        let silent = run("metadata-only-logs");
        assert!(silent.logs.iter().all(|l| !l.line.contains(&silent.correlation_id)));

        let hostile = run("hostile-id");
        for part in ["\"", "'", "\\", "`", "{", "ï", "ü", "/../", "%0a", " "] {
            assert!(hostile.correlation_id.contains(part), "{part}");
        }
        for form in [r"na\u00efve-Z\u00fcrich", "naïve-Zürich"] {
            assert!(hostile.logs.iter().any(|l| l.line.contains(form)), "{form}");
        }
        for entry in &hostile.logs {
            let object: serde_json::Value = serde_json::from_str(&entry.line).unwrap();
            let carried = object.get("correlation_id").and_then(|id| id.as_str());
            assert!(carried.is_none_or(|id| id == hostile.correlation_id));
        }
    }

    #[test]
    fn evidence_of_the_demo_is_complete_and_says_what_it_is() {
        let (_, run) = find(DEFAULT_SCENARIO).unwrap();
        let evidence = evidence(&run);
        assert!(evidence.is_complete());
        let items: Vec<usize> = evidence.backends.iter().map(|b| b.items).collect();
        assert_eq!(items, [run.truth.span_count, run.truth.log_count, 1]);
        assert!(evidence.exemplars.iter().all(|e| run.truth.traces.contains(&e.trace_id)));
    }
}
