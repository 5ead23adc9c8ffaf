//! Whole screens, as a person sees them.

use crate::analysis::sketch;
use crate::analysis::timeline::{Lines, Options};
use crate::model::evidence::{BackendState, BackendStatus, Coverage, Evidence, Note, NoteCode, Source};
use crate::model::journey::{Join, Journey, Reason, Skew};
use crate::model::log::ErrorContext;
use crate::model::metric::{Alert, AlertState, Panel, Series};
use crate::model::time::{HOUR, Window, Zone};
use crate::render::{Format, View, render};
use crate::report::find::Find;
use crate::report::logs::Logs;
use crate::report::span::SpanReport;
use crate::report::timeline::TimelineReport;
use crate::report::{Body, Report};

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
        name,
        url: format!("http://{}.internal:3100", name.word()),
        url_from: "default".into(),
        state: BackendState::Ok,
        detail: detail.into(),
        items,
        requests: 3,
        elapsed_ns: 14 * MS,
        error: String::new(),
        hint: String::new(),
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
        coverage: Coverage { traces: Some(hour), logs: Some(hour), metrics: None },
        ..Evidence::default()
    }
}

fn without_loki() -> Evidence {
    let mut evidence = evidence();
    evidence.backends[1].state = BackendState::Unreachable;
    let note =
        Note::new(NoteCode::Unreachable, Source::Loki, "http://loki.internal:3100 did not answer: connection refused");
    evidence.note(note.hint("is it running? set another address with --loki-url"));
    evidence
}

fn view(width: usize) -> View {
    View { width, colour: false, ascii: false, hyperlinks: false, zone: Zone::Offset(3600), verbosity: 0 }
}

fn shown(body: Body, evidence: &Evidence, view: &View) -> String {
    let report = Report::new(body).about(ID, evidence);
    let text = String::from_utf8(render(&report, Format::Table, view)).unwrap();
    // Commands are copied, so it is for the terminal to break them.
    for line in text.lines().filter(|line| !view.colour && !line.contains("trace span")) {
        assert!(unicode_width::UnicodeWidthStr::width(line) <= view.width, "wider than the view: {line}");
    }
    text
}

fn find(journey: Journey) -> Body {
    let keys = ["correlation_id", "correlation.id", "request_id"].map(str::to_owned).to_vec();
    Body::Find(Box::new(Find::of(journey, keys, Options::compact())))
}

fn timeline(journey: Journey) -> Body {
    Body::Timeline(Box::new(TimelineReport::of(journey, Options { lines: Lines::All, ..Options::default() })))
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
    journey.skew.push(Skew { reference: "cart".into(), service: "stock".into(), ahead_ns: -3 * MS, pairs: 11 });
    journey
}

#[test]
fn look() {
    let all = [
        shown(find(good()), &evidence(), &view(120)),
        shown(find(broken()), &evidence(), &view(120)),
        shown(find(broken()), &without_loki(), &view(80)),
        shown(find(broken()), &evidence(), &view(60)),
        shown(find(broken()), &evidence(), &View { ascii: true, ..view(100) }),
        shown(find(Journey::default()), &without_loki(), &view(100)),
        shown(timeline(broken()), &evidence(), &view(120)),
        shown(timeline(busy()), &evidence(), &view(120)),
        shown(find(busy()), &evidence(), &view(80)),
        shown(Body::Span(Box::new(SpanReport::of(broken(), 8).unwrap())), &evidence(), &view(100)),
        shown(Body::Logs(Box::new(Logs::of(broken(), vec![]))), &evidence(), &view(100)),
    ];
    println!("{}", all.join("\n────────────────\n"));
}
