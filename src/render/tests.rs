//! Whole screens, as a person sees them.

use crate::analysis::journey::findings::known::Knowledge;
use crate::analysis::journey::findings::{AnalysedJourney, FindingsInput};
use crate::analysis::journey::sketch;
use crate::analysis::journey::timeline::{LogDetail, TimelineOptions};
use crate::golden::assert_golden;
use crate::model::advice::Advice;
use crate::model::attribute::{Attributes, Value};
use crate::model::evidence::{BackendState, BackendStatus, Evidence, Note, NoteCode, Searched};
use crate::model::filter::Filters;
use crate::model::journey::{Join, Journey, Reason, Skew};
use crate::model::log::{ErrorContext, Level, LogEntry};
use crate::model::metric::{Alert, AlertState, Panel, Series};
use crate::model::pattern::Pattern;
use crate::model::provenance::Provenance;
use crate::model::source::Source;
use crate::model::span::{Event, Resource};
use crate::model::time::{HOUR, Window, Zone};
use crate::render::{Format, View, escape, render};
use crate::report::config::ConfigReport;
use crate::report::doctor::{Ability, DoctorReport, DoctorRow};
use crate::report::find::FindReport;
use crate::report::logs::LogsReport;
use crate::report::span::SpanReport;
use crate::report::timeline::TimelineReport;
use crate::report::tour::{TourReport, TourStep};
use crate::report::{Report, ReportBody};

const ID: &str = "3f2a9c1e-7c05-43a4-beae-034151654acd";
const MS: i64 = 1_000_000;

const GOOD: &str = "batch_orchestrator_service/POST /api/v1/batches/register 0..120 server
  batch_orchestrator_service/INSERT batches 8..31 client
  batch_orchestrator_service/publish 60..62 producer topic=huleedu.spell_checker.check_request.v1
    ~> spell_checker_service/process 106..314 consumer topic=huleedu.spell_checker.check_request.v1
      spell_checker_service/load dictionary 110..150
      spell_checker_service/check essay 150..290
      spell_checker_service/publish 300..303 producer topic=huleedu.essay.spellcheck.completed.v1
        ~> essay_lifecycle_service/process 334..424 consumer topic=huleedu.essay.spellcheck.completed.v1 trace=2
          essay_lifecycle_service/storage_reference_update 340..420";

fn good() -> Journey {
    sketch::journey(GOOD)
}

fn broken() -> Journey {
    let text = GOOD.replace(
        "storage_reference_update 340..420",
        "storage_reference_update 340..420 error: StorageReferenceError: content store rejected the reference: checksum does not match the one announced",
    );
    let text = text.replace("trace=2\n", "trace=2 error\n")
        + "\n! essay_lifecycle_service 418 error storage reference update failed";
    let mut journey = sketch::journey(&text);
    let join = |n, lines, reason| Join { trace_id: Some(sketch::trace(n)), lines, reason };
    journey.joins = vec![
        join(1, 0, Reason::Tag { key: "correlation_id".into() }),
        join(2, 0, Reason::LogLine { service: "spell_checker_service".into() }),
        join(1, 2, Reason::TraceOfLine),
    ];
    journey.alerts.push(Alert {
        name: "StorageReferencePropagationFailure".into(),
        state: AlertState::Firing,
        service: None,
        from: sketch::ORIGIN.plus(29_000 * MS),
        to: sketch::ORIGIN.plus(119_000 * MS),
        ongoing: false,
        labels: std::collections::BTreeMap::default(),
    });
    let samples = (0..30).map(|i| (sketch::ORIGIN.plus(i * 1_000 * MS), ((i * 7) % 13) as f64)).collect();
    journey.panels.push(Panel {
        name: "lag of essay topic".into(),
        query: "kafka_lag".into(),
        series: vec![Series { labels: std::collections::BTreeMap::default(), samples }],
        error: None,
    });
    journey.logs[0].error_context = Some(ErrorContext {
        error_type: "StorageReferenceError".into(),
        error_message: "content store rejected the reference".into(),
        operation: "storage_reference_update".into(),
        service_name: "essay_lifecycle_service".into(),
        trace_id: "9f2c1a77000000000000000000000002".into(),
        stack_trace: "Traceback (most recent call last):\n  File \"storage.py\", line 42, in update\n    raise StorageReferenceError(reason)".into(),
        context_data: vec![("essay_id".into(), "e-42".into()), ("attempt".into(), "3".into())],
        ..ErrorContext::default()
    });
    journey
}

fn status(name: Source, items: usize, detail: &str) -> BackendStatus {
    BackendStatus {
        url: format!("http://{}.internal:3100", name.as_str()),
        url_from: "default".into(),
        detail: detail.into(),
        items,
        requests: 3,
        elapsed_ns: 14 * MS,
        ..BackendStatus::new(name, BackendState::Ok)
    }
}

fn evidence() -> Evidence {
    let hour = Window::new(sketch::ORIGIN.plus(-HOUR), sketch::ORIGIN.plus(60_000 * MS));
    Evidence {
        backends: vec![
            status(Source::Jaeger, 9, "v1, 4 services asked"),
            status(Source::Loki, 1, ""),
            status(Source::Prometheus, 1, ""),
        ],
        coverage: Searched {
            traces: [hour].into_iter().collect(),
            logs: [hour].into_iter().collect(),
            ..Searched::default()
        },
        ..Evidence::default()
    }
}

fn without_loki() -> Evidence {
    let mut evidence = evidence();
    evidence.backends[1].state = BackendState::Unreachable;
    let note =
        Note::new(NoteCode::Unreachable, Source::Loki, "http://loki.internal:3100 did not answer: connection refused");
    evidence.note(note.with_actions(Advice::Quote("is it running? set another address with --loki-url".to_owned())));
    evidence
}

fn view(width: usize) -> View {
    View { width, colour: false, ascii: false, hyperlinks: false, zone: Zone::Offset(3600), verbosity: 0 }
}

fn report(body: impl ReportBody + 'static, evidence: &Evidence) -> Report {
    let provenance = Provenance { subject: Some(ID.to_owned()), ..Provenance::from_evidence(evidence) };
    Report::new(provenance, body)
}

fn shown(body: impl ReportBody + 'static, evidence: &Evidence, view: &View) -> String {
    let report = report(body, evidence);
    let text = String::from_utf8(render(&report, Format::Table, view)).unwrap();
    // Commands are copied, so it is for the terminal to break them.
    for line in text.lines().filter(|line| !view.colour && !line.contains("trace span")) {
        assert!(unicode_width::UnicodeWidthStr::width(line) <= view.width, "wider than the view: {line}");
    }
    text
}

fn analysed(journey: Journey) -> AnalysedJourney {
    let mut known = Knowledge::default();
    known.learn(&journey);
    AnalysedJourney::new(
        journey,
        &FindingsInput { complete: true, settled: true, looked_up: true, known: &known, baseline: None },
    )
}

fn find(journey: Journey) -> FindReport {
    let keys = ["correlation_id", "correlation.id", "request_id"].map(str::to_owned).to_vec();
    FindReport::new(analysed(journey), keys, TimelineOptions::compact())
}

fn timeline(journey: Journey) -> TimelineReport {
    TimelineReport::new(analysed(journey), TimelineOptions { lines: LogDetail::All, ..TimelineOptions::default() })
}

fn busy() -> Journey {
    let mut text = String::from("gateway/GET /cart 0..900 server\n  gateway/auth 2..9 client\n");
    for i in 0..12 {
        let error = if i == 7 { " error: HTTP 503" } else { "" };
        text += &format!("  cart/GET /item 20.{i}..{}{error}\n    cart-db/SELECT 22..{}\n", 60 + i * 60, 40 + i * 50);
        text += &format!("  cart/publish {}..{} producer topic=stock.reserved\n", 700 + i, 702 + i);
        if i != 3 {
            text += &format!("    ~> stock/process {}..{} consumer topic=stock.reserved\n", 760 + i, 800 + i * 8);
        }
    }
    text += "?> mailer/send mail 870..890 client http.method=POST\n! mailer 880 warn slow relay\n! cart 30 info cache miss\n! cart 31 info cache miss";
    let mut journey = sketch::journey(&text);
    journey.skew.push(Skew {
        reference: "cart".into(),
        service: "stock".into(),
        ahead_ns: -3 * MS,
        within_ns: None,
        pairs: 11,
    });
    journey
}

fn nothing() -> FindReport {
    find(Journey::default())
}

#[test]
fn a_good_run() {
    assert_golden("render/a_good_run.txt", &shown(find(good()), &evidence(), &view(120)));
}

#[test]
fn a_broken_run_says_what_broke_first() {
    assert_golden("render/a_broken_run_says_what_broke_first.txt", &shown(find(broken()), &evidence(), &view(120)));
}

#[test]
fn a_backend_that_is_down_costs_its_own_part() {
    assert_golden(
        "render/a_backend_that_is_down_costs_its_own_part.txt",
        &shown(find(broken()), &without_loki(), &view(80)),
    );
}

#[test]
fn sixty_columns_are_enough() {
    assert_golden("render/sixty_columns_are_enough.txt", &shown(find(broken()), &evidence(), &view(60)));
}

#[test]
fn ascii_says_the_same() {
    let text = shown(find(broken()), &evidence(), &View { ascii: true, ..view(100) });
    assert!(text.is_ascii());
    assert_golden("render/ascii_says_the_same.txt", &text);
}

#[test]
fn colour_adds_nothing_that_is_not_said_in_words() {
    let coloured = shown(find(broken()), &evidence(), &View { colour: true, ..view(80) });
    let mut plain = String::new();
    let mut rest = coloured.as_str();
    while let Some((before, after)) = rest.split_once('\x1b') {
        plain += before;
        rest = after.split_once('m').unwrap().1;
    }
    plain += rest;
    let bare: Vec<&str> = plain.lines().map(str::trim_end).collect();
    assert_eq!(bare.join("\n") + "\n", shown(find(broken()), &evidence(), &view(80)));
    let top: String = coloured.lines().take(14).map(|line| line.replace('\x1b', "␛") + "\n").collect();
    assert_golden("render/colour_adds_nothing_that_is_not_said_in_words.txt", &top);
}

#[test]
fn nothing_found_says_where_was_looked_and_what_to_try() {
    assert_golden(
        "render/nothing_found_says_where_was_looked_and_what_to_try.txt",
        &shown(nothing(), &evidence(), &view(100)),
    );
    assert!(shown(nothing(), &without_loki(), &view(100)).starts_with("– nothing found so far"));
}

#[test]
fn a_busy_run_is_folded_and_says_so() {
    assert_golden("render/a_busy_run_is_folded_and_says_so.txt", &shown(timeline(busy()), &evidence(), &view(120)));
}

#[test]
fn a_span_whole() {
    let mut journey = broken();
    let span = &mut journey.spans[8];
    span.attributes.push("storage.bucket", Value::Text("essays".into()));
    span.attributes.push("retries", Value::Int(3));
    let mut event =
        Event { time: span.start.plus(70 * MS), name: "exception".into(), attributes: Attributes::default() };
    event.attributes.push("exception.type", Value::Text("StorageReferenceError".into()));
    event.attributes.push("exception.message", Value::Text("content store rejected the reference".into()));
    event
        .attributes
        .push("exception.stacktrace", Value::Text("at update (storage.py:42)\n  at process (worker.py:7)".into()));
    span.events.push(event);
    let report = SpanReport::new(journey, 8).unwrap();
    assert_golden("render/a_span_whole.txt", &shown(report, &evidence(), &view(100)));
}

#[test]
fn lines_in_time_order_with_their_errors_laid_out() {
    let mut journey = broken();
    journey.logs.insert(0, line("spell_checker_service", 112, Level::Info, "dictionary \x1b[31mloaded"));
    let around = vec![line("essay_lifecycle_service", 417, Level::Debug, "connecting to the content store")];
    let report = LogsReport::new(journey, around, Filters::default());
    assert_golden("render/lines_in_time_order_with_their_errors_laid_out.txt", &shown(report, &evidence(), &view(100)));
}

fn line(service: &str, ms: i64, level: Level, message: &str) -> LogEntry {
    LogEntry {
        time: sketch::ORIGIN.plus(ms * MS),
        service: service.into(),
        level,
        message: message.into(),
        line: message.into(),
        ..LogEntry::default()
    }
}

#[test]
fn the_doctor_says_what_to_do() {
    assert_golden("render/the_doctor_says_what_to_do.txt", &shown(doctor(), &Evidence::default(), &view(100)));
}

fn doctor() -> DoctorReport {
    let row = |name: Source, state, next: &str| DoctorRow {
        name,
        url: format!("http://{}.internal", name.as_str()),
        url_from: "TRACE_URL".into(),
        state,
        error: String::new(),
        version: None,
        dialect: String::new(),
        abilities: vec![],
        auth: "none".into(),
        clock_difference_ns: None,
        newest: None,
        breaker: None,
        next: if next.is_empty() { vec![] } else { Advice::Quote(next.to_owned()).into() },
    };
    let ability = |what: &str, answer: &str| Ability { what: what.into(), answer: answer.into() };
    let jaeger = DoctorRow {
        version: Some("1.50.0".into()),
        dialect: "v1 (/api/traces)".into(),
        abilities: vec![
            ability("search without a service", "no, each of 4 is asked"),
            ability("tag filter", "honoured"),
        ],
        clock_difference_ns: Some(12 * MS),
        newest: Some(sketch::ORIGIN),
        ..row(Source::Jaeger, BackendState::Ok, "")
    };
    let loki = DoctorRow {
        error: "connection refused".into(),
        ..row(Source::Loki, BackendState::Unreachable, "start it, or set another address with --loki-url")
    };
    let prometheus = DoctorRow {
        clock_difference_ns: Some(-95_000 * MS),
        ..row(Source::Prometheus, BackendState::Ok, "set the clock of that machine")
    };
    DoctorReport { checks: vec![jaeger, loki, prometheus] }
}

#[test]
fn nothing_from_outside_reaches_the_terminal_unescaped() {
    let mut journey = broken();
    let evil = "\x1b]8;;http://evil\x07\u{202e}\u{9b}2J\u{200b}";
    for span in &mut journey.spans {
        span.name = evil.into();
        span.status.message = evil.into();
        span.resource = std::sync::Arc::new(Resource { service: evil.into(), ..Resource::default() });
    }
    journey.logs[0].message = evil.into();
    journey.alerts[0].name = evil.into();
    let provenance = || Provenance { subject: Some(evil.to_owned()), ..Provenance::from_evidence(&without_loki()) };
    let reports = [
        Report::new(provenance(), find(journey.clone())),
        Report::new(provenance(), timeline(journey.clone())),
        Report::new(provenance(), LogsReport::new(journey, vec![], Filters::default())),
    ];
    for report in reports {
        for format in [Format::Table, Format::Json] {
            let text = String::from_utf8(render(&report, format, &view(80))).unwrap();
            assert!(!text.chars().any(|c| c != '\n' && escape::is_unsafe(c)), "{text}");
        }
    }
}

#[test]
fn json_keeps_to_the_schema_and_holds_all() {
    let validator = jsonschema::validator_for(&crate::report::schema()).unwrap();
    let tour = TourReport {
        welcome: "hello".into(),
        steps: vec![TourStep {
            title: "one".into(),
            text: "look".into(),
            command: "trace find --demo".into(),
            report: Report::new(Provenance::default(), find(good())),
        }],
        runs: vec!["complete".into()],
        next: vec![],
    };
    let evidence_without_loki = without_loki();
    let reports = [
        report(find(broken()), &evidence_without_loki),
        report(nothing(), &evidence_without_loki),
        report(timeline(busy()), &evidence_without_loki),
        report(SpanReport::new(broken(), 0).unwrap(), &evidence_without_loki),
        report(LogsReport::new(broken(), vec![], Filters::default()), &evidence_without_loki),
        report(doctor(), &evidence_without_loki),
        report(ConfigReport::default(), &evidence_without_loki),
        report(tour, &evidence_without_loki),
    ];
    for report in reports {
        let json: serde_json::Value = serde_json::from_slice(&render(&report, Format::Json, &view(80))).unwrap();
        let wrong: Vec<String> = validator.iter_errors(&json).map(|e| e.to_string()).collect();
        assert!(wrong.is_empty(), "{}: {wrong:?}", json["report"]);
        assert_eq!(json["schema_version"], 1);
        assert_eq!(json["complete"], false);
    }
    let report = report(find(broken()), &evidence());
    let json = serde_json::to_value(&report).unwrap();
    let keys: Vec<&str> = json.as_object().unwrap().keys().map(String::as_str).collect();
    assert_eq!(
        keys[..8],
        ["schema_version", "report", "subject", "window", "complete", "settled", "notes", "backends"]
    );
    for key in ["traces", "spans", "logs", "alerts", "joins", "related", "findings"] {
        assert!(json[key].is_array(), "{key}");
    }
    assert_eq!(json["spans"][8]["error"], true);
    assert_eq!(json["spans"][8]["service"], "essay_lifecycle_service");
}

#[test]
fn filters_that_leave_nothing_say_so_and_name_the_services() {
    let filters = |service: &str| Filters { services: vec![Pattern::exact(service)], ..Filters::default() };
    let logs = |service| LogsReport::new(broken(), vec![], filters(service));
    let services = "services  batch_orchestrator · essay_lifecycle · spell_checker\n";
    let text = shown(logs("nobody"), &evidence(), &view(100));
    assert!(text.starts_with("– nothing to show in") && text.contains(services), "{text}");
    assert!(text.contains("1 log line, all filtered out by --service nobody\n"), "{text}");
    let text = shown(logs("spell_checker"), &evidence(), &view(100));
    assert!(text.contains("all filtered out by --service spell_checker\n") && !text.contains("services  "), "{text}");
    assert!(shown(logs("essay_lifecycle"), &evidence(), &view(100)).starts_with("✗ 1 error line"));

    let options = TimelineOptions { filters: filters("nobody"), ..TimelineOptions::compact() };
    let text = shown(FindReport::new(analysed(broken()), vec![], options), &evidence(), &view(100));
    assert!(text.contains("– nothing to show: 9 spans and 1 log line are filtered out by --service nobody"), "{text}");
    assert!(text.contains(services), "{text}");
}

#[test]
fn a_service_that_only_logs_is_listed_and_lines_alone_make_a_journey() {
    let text = format!("{GOOD}\n! cj_assessment_service 430 info scored\n! cj_assessment_service 431 info done");
    let journey = sketch::journey(&text);
    let text = shown(find(journey.clone()), &evidence(), &view(100));
    assert!(text.contains("unseen   cj_assessment wrote 2 lines and has no spans here\n"), "{text}");
    let lines = Journey { logs: journey.logs, ..Journey::default() };
    let text = shown(find(lines), &evidence(), &view(100));
    assert!(text.contains("│ info  scored") && !text.contains("unseen"), "{text}");
}

#[test]
fn backends_without_configuration_take_one_line() {
    let mut evidence = evidence();
    for source in [Source::Loki, Source::Prometheus] {
        evidence.note(Note::new(NoteCode::NotConfigured, source, "no such thing is configured"));
    }
    let said = "note     not configured: loki, prometheus (none at their usual addresses; -v tells more)\n";
    assert!(shown(find(good()), &evidence, &view(100)).contains(said));
    let verbose = View { verbosity: 1, ..view(100) };
    assert!(shown(find(good()), &evidence, &verbose).contains("prometheus: no such thing is configured"));
    for backend in &mut evidence.backends {
        backend.state = BackendState::NotConfigured;
    }
    let text = shown(nothing(), &evidence, &view(100));
    assert!(text.starts_with("✗ nobody answered") && text.contains("trace doctor"), "{text}");
    assert!(!text.contains("--since") && !text.contains("tags") && !text.contains("not configured: "), "{text}");
}

#[test]
fn fifty_thousand_spans_are_drawn() {
    let mut text = String::from("a/root 0..60000\n");
    for i in 0..25_000 {
        text += &format!("  a/step{i} {i}..{}\n    b/call {i}..{}\n", i + 2, i + 1);
    }
    let journey = sketch::journey(&text);
    let lines = shown(timeline(journey.clone()), &evidence(), &view(120)).lines().count();
    let compact = shown(find(journey), &evidence(), &view(120)).lines().count();
    assert!(lines > 50_000 && compact < 60, "{lines} {compact}");
}
