//! Whole screens, as a person sees them.

use insta::assert_snapshot;

use crate::analysis::journey::findings::known::Knowledge;
use crate::analysis::journey::findings::{AnalysedJourney, FindingsInput};
use crate::analysis::journey::sketch;
use crate::analysis::journey::timeline::{LogDetail, TimelineOptions};
use crate::model::attribute::{Attributes, Value};
use crate::model::evidence::{BackendState, BackendStatus, Evidence, Note, NoteCode, Searched, Source};
use crate::model::filter::Filters;
use crate::model::journey::{Join, Journey, Reason, Skew};
use crate::model::log::{ErrorContext, Level, LogEntry};
use crate::model::metric::{Alert, AlertState, Panel, Series};
use crate::model::pattern::Pattern;
use crate::model::provenance::Provenance;
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
    evidence.note(note.hint("is it running? set another address with --loki-url"));
    evidence
}

fn view(width: usize) -> View {
    View { width, colour: false, ascii: false, hyperlinks: false, zone: Zone::Offset(3600), verbosity: 0 }
}

fn report(body: impl ReportBody + 'static, evidence: &Evidence) -> Report {
    Report::new(Provenance::from_evidence(Some(ID.to_owned()), evidence), body)
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

fn judged(journey: Journey) -> AnalysedJourney {
    let mut known = Knowledge::default();
    known.learn(&journey);
    AnalysedJourney::new(
        journey,
        &FindingsInput { complete: true, settled: true, looked_up: true, known: &known, baseline: None },
    )
}

fn find(journey: Journey) -> FindReport {
    let keys = ["correlation_id", "correlation.id", "request_id"].map(str::to_owned).to_vec();
    FindReport::new(judged(journey), keys, TimelineOptions::compact())
}

fn timeline(journey: Journey) -> TimelineReport {
    TimelineReport::new(judged(journey), TimelineOptions { lines: LogDetail::All, ..TimelineOptions::default() })
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
    assert_snapshot!(shown(find(good()), &evidence(), &view(120)), @"
    ✓ no errors in 3f2a9c1e-7c05-43a4-beae-034151654acd
    3 services · 2 traces · 9 spans · 0 log lines · 424 ms · 2026-11-22 14:02:11.112 +01:00
    complete · jaeger ✓ 14 ms (9 spans, v1, 4 services asked) · loki ✓ 14 ms (1 line) · prometheus ✓ 14 ms (1 alert)

      0 ms ┃  batch_orchestrator  POST /api/v1/batches/register          ████████████▏                                120 ms
      8 ms ┃  batch_orchestrator    INSERT batches                       ▕██▏                                          23 ms
     60 ms ┃  batch_orchestrator    ⇢ …spell_checker.check_request.v1          ▎                                        2 ms
     62 ms ┃                      ┊ 44 ms in the queue                         ┄┄┄┄┄
    106 ms ┃  spell_checker       ⇠ …spell_checker.check_request.v1                ▕████████████████████▊             208 ms
    110 ms ┃  spell_checker         load dictionary                                 ████▏                              40 ms
    150 ms ┃  spell_checker         check essay                                         ██████████████▍               140 ms
    300 ms ┃  spell_checker         ⇢ …essay.spellcheck.completed.v1                                   ▕                3 ms
    303 ms ┃                      ┊ 31 ms in the queue → trace 3e5834ee                                ┄┄┄┄
    334 ms ┃  essay_lifecycle     ⇠ …essay.spellcheck.completed.v1                                        ▕█████████   90 ms
    340 ms ┃  essay_lifecycle       storage_reference_update                                               ▐███████▌   80 ms

    ┃ critical path · ┊ waiting · … stands for huleedu.

    time      140 ms  33 %  spell_checker  check essay
               80 ms  18 %  essay_lifecycle  storage_reference_update
               44 ms  10 %  in the queue  …spell_checker.check_request.v1
    covered  2026-11-22 13:02 – 14:03 +01:00  traces, logs
    next     trace timeline 3f2a9c1e-7c05-43a4-beae-034151654acd
    ");
}

#[test]
fn a_broken_run_says_what_broke_first() {
    assert_snapshot!(shown(find(broken()), &evidence(), &view(120)), @"
    ✗ 1 error in 3f2a9c1e-7c05-43a4-beae-034151654acd
    3 services · 2 traces · 9 spans · 1 log line · 424 ms · 2026-11-22 14:02:11.112 +01:00
    complete · jaeger ✓ 14 ms (9 spans, v1, 4 services asked) · loki ✓ 14 ms (1 line) · prometheus ✓ 14 ms (1 alert)

    ✗ essay_lifecycle  storage_reference_update
      StorageReferenceError: content store rejected the reference: checksum does not match the one announced
      420 ms in · span 8ff34785 · passed on by essay_lifecycle ⇠ …essay.spellcheck.completed.v1

      0 ms ┃  batch_orchestrator  POST /api/v1/batches/register          ████████████▏                                120 ms
      8 ms ┃  batch_orchestrator    INSERT batches                       ▕██▏                                          23 ms
     60 ms ┃  batch_orchestrator    ⇢ …spell_checker.check_request.v1          ▎                                        2 ms
     62 ms ┃                      ┊ 44 ms in the queue                         ┄┄┄┄┄
    106 ms ┃  spell_checker       ⇠ …spell_checker.check_request.v1                ▕████████████████████▊             208 ms
    110 ms ┃  spell_checker         load dictionary                                 ████▏                              40 ms
    150 ms ┃  spell_checker         check essay                                         ██████████████▍               140 ms
    300 ms ┃  spell_checker         ⇢ …essay.spellcheck.completed.v1                                   ▕                3 ms
    303 ms ┃                      ┊ 31 ms in the queue → trace 3e5834ee                                ┄┄┄┄
    334 ms ┃✗ essay_lifecycle     ⇠ …essay.spellcheck.completed.v1                                        ▕█████████   90 ms
    340 ms ┃✗ essay_lifecycle       storage_reference_update                                               ▐███████▌   80 ms
    418 ms ┃  essay_lifecycle         │ error  StorageReferenceError: content store rejected the reference

    ┃ critical path · ┊ waiting · … stands for huleedu.

    lag of essay topic  ▁▅▂▆▂▆▃▇▃▇▄█▅▁▅▂▆▂▆▃▇▃▇▄█▅▁▅▂▆  min 0  max 12  last 8

    time      140 ms  33 %  spell_checker  check essay
               80 ms  18 %  essay_lifecycle  storage_reference_update
               44 ms  10 %  in the queue  …spell_checker.check_request.v1
    joined   trace 9f2c1a77 has tag correlation_id
             trace 3e5834ee is named in log lines of spell_checker
             2 log lines carry trace 9f2c1a77
    alert    ✗ StorageReferencePropagationFailure  fired 14:02:40 – 14:04:10 (unscoped)
    covered  2026-11-22 13:02 – 14:03 +01:00  traces, logs
    next     trace span 3f2a9c1e-7c05-43a4-beae-034151654acd 8ff34785
             trace missing 3f2a9c1e-7c05-43a4-beae-034151654acd
             trace timeline 3f2a9c1e-7c05-43a4-beae-034151654acd
             trace logs 3f2a9c1e-7c05-43a4-beae-034151654acd
    ");
}

#[test]
fn a_backend_that_is_down_costs_its_own_part() {
    assert_snapshot!(shown(find(broken()), &without_loki(), &view(80)), @"
    ✗ 1 error in 3f2a9c1e-7c05-43a4-beae-034151654acd
    3 services · 2 traces · 9 spans · 1 log line · 424 ms
    2026-11-22 14:02:11.112 +01:00
    NOT COMPLETE · jaeger ✓ 14 ms (9 spans, v1, 4 services asked) · loki ✗ no answer
    prometheus ✓ 14 ms (1 alert)
    missing  ✗ loki: http://loki.internal:3100 did not answer: connection refused
             → is it running? set another address with --loki-url

    ✗ essay_lifecycle  storage_reference_update
      StorageReferenceError: content store rejected the reference: checksum does not
      match the one announced
      420 ms in · span 8ff34785 · passed on by essay_lifecycle
      ⇠ …essay.spellcheck.completed.v1

      0 ms ┃  batch_orchestrator  POST /api/v…hes/register  ████▌             120 ms
      8 ms ┃  batch_orchestrator    INSERT batches          █▏                 23 ms
     60 ms ┃  batch_orchestrator    ⇢ …check_request.v1       ▏                 2 ms
     62 ms ┃                      ┊ 44 ms in the queue        ┄┄
    106 ms ┃  spell_checker       ⇠ …check_request.v1           ███████▊      208 ms
    110 ms ┃  spell_checker         load dictionary             █▋             40 ms
    150 ms ┃  spell_checker         check essay                  ▐████▉       140 ms
    300 ms ┃  spell_checker         ⇢ …essay.spellcheck.completed.v1   ▏        3 ms
    303 ms ┃                      ┊ 31 ms in the queue                 ┄┄
    334 ms ┃✗ essay_lifecycle     ⇠ …essay.spellcheck.completed.v1      ▐███   90 ms
    340 ms ┃✗ essay_lifecycle       storage_reference_update            ▕██▊   80 ms
    418 ms ┃  essay_lifecycle         │ error  StorageReferenceError: content store
           ┃                          rejected the reference

    ┃ critical path · ┊ waiting · … stands for huleedu.

    lag of essay topic  ▁▅▂▆▂▆▃▇▃▇▄█▅▁▅▂▆▂▆▃▇▃▇▄█▅▁▅▂▆  min 0  max 12  last 8

    time      140 ms  33 %  spell_checker  check essay
               80 ms  18 %  essay_lifecycle  storage_reference_update
               44 ms  10 %  in the queue  …spell_checker.check_request.v1
    joined   trace 9f2c1a77 has tag correlation_id
             trace 3e5834ee is named in log lines of spell_checker
             2 log lines carry trace 9f2c1a77
    alert    ✗ StorageReferencePropagationFailure  fired 14:02:40 – 14:04:10
               (unscoped)
    covered  2026-11-22 13:02 – 14:03 +01:00  traces, logs
    next     trace span 3f2a9c1e-7c05-43a4-beae-034151654acd 8ff34785
             trace missing 3f2a9c1e-7c05-43a4-beae-034151654acd
             trace timeline 3f2a9c1e-7c05-43a4-beae-034151654acd
             trace logs 3f2a9c1e-7c05-43a4-beae-034151654acd
    ");
}

#[test]
fn sixty_columns_are_enough() {
    assert_snapshot!(shown(find(broken()), &evidence(), &view(60)), @"
    ✗ 1 error in 3f2a9c1e-7c05-43a4-beae-034151654acd
    3 services · 2 traces · 9 spans · 1 log line · 424 ms
    2026-11-22 14:02:11.112 +01:00
    complete · jaeger ✓ 14 ms (9 spans, v1, 4 services asked)
    loki ✓ 14 ms (1 line) · prometheus ✓ 14 ms (1 alert)

    ✗ essay_lifecycle  storage_reference_update
      StorageReferenceError: content store rejected the
      reference: checksum does not match the one announced
      420 ms in · span 8ff34785 · passed on by essay_lifecycle
      ⇠ …essay.spellcheck.completed.v1

      0 ms┃  batch_orchestr… POST /ap…register ██▊        120 ms
      8 ms┃  batch_orchestr…  INSERT batches   ▌           23 ms
     60 ms┃  batch_orchestr…  ⇢ …eck_request.v1 ▕           2 ms
     62 ms┃                  ┊ 44 ms queued     ┄┄
    106 ms┃  spell_checker   ⇠ …eck_request.v1   ▐████▍   208 ms
    110 ms┃  spell_checker    load dictionary    ▐▌        40 ms
    150 ms┃  spell_checker    check essay         ▐██▊    140 ms
    300 ms┃  spell_checker    ⇢ …completed.v1         ▏     3 ms
    303 ms┃                  ┊ 31 ms in the queue     ┄
    334 ms┃✗ essay_lifecycle ⇠ …completed.v1          ▕██  90 ms
    340 ms┃✗ essay_lifecycle  storage_reference_update █▉  80 ms
    418 ms┃  essay_lifecycle   │ error  StorageReferenceError:
          ┃                    content store rejected the
          ┃                    reference

    ┃ critical path · ┊ waiting · … stands for huleedu.

    lag of essay topic  ▅▆▆▇▇█▅▅▆▆▇▇█▅▆    min 0  max 12  last 8

    time      140 ms  33 %  spell_checker  check essay
               80 ms  18 %  essay_lifecycle
               storage_reference_update
               44 ms  10 %  in the queue
               …spell_checker.check_request.v1
    joined   trace 9f2c1a77 has tag correlation_id
             trace 3e5834ee is named in log lines of
               spell_checker
             2 log lines carry trace 9f2c1a77
    alert    ✗ StorageReferencePropagationFailure  fired
               14:02:40 – 14:04:10 (unscoped)
    covered  2026-11-22 13:02 – 14:03 +01:00  traces, logs
    next     trace span 3f2a9c1e-7c05-43a4-beae-034151654acd 8ff34785
             trace missing 3f2a9c1e-7c05-43a4-beae-034151654acd
             trace timeline 3f2a9c1e-7c05-43a4-beae-034151654acd
             trace logs 3f2a9c1e-7c05-43a4-beae-034151654acd
    ");
}

#[test]
fn ascii_says_the_same() {
    let text = shown(find(broken()), &evidence(), &View { ascii: true, ..view(100) });
    assert!(text.is_ascii());
    assert_snapshot!(text, @"
    x 1 error in 3f2a9c1e-7c05-43a4-beae-034151654acd
    3 services | 2 traces | 9 spans | 1 log line | 424 ms | 2026-11-22 14:02:11.112 +01:00
    complete | jaeger ok 14 ms (9 spans, v1, 4 services asked) | loki ok 14 ms (1 line)
    prometheus ok 14 ms (1 alert)

    x essay_lifecycle  storage_reference_update
      StorageReferenceError: content store rejected the reference: checksum does not match the one
      announced
      420 ms in | span 8ff34785 | passed on by essay_lifecycle <- ..essay.spellcheck.completed.v1

      0 ms *  batch_orchestrator  POST /api/v1/batches/register         =======                   120 ms
      8 ms *  batch_orchestrator    INSERT batches                      ==                         23 ms
     60 ms *  batch_orchestrator    -> ..spell_checker.check_request.v1    |                        2 ms
     62 ms *                      : 44 ms in the queue                     ...
    106 ms *  spell_checker       <- ..spell_checker.check_request.v1         ============        208 ms
    110 ms *  spell_checker         load dictionary                           ===                  40 ms
    150 ms *  spell_checker         check essay                                 =========         140 ms
    300 ms *  spell_checker         -> ..essay.spellcheck.completed.v1                  ||          3 ms
    303 ms *                      : 31 ms in the queue -> trace 3e5834ee                 ..
    334 ms *x essay_lifecycle     <- ..essay.spellcheck.completed.v1                      ######   90 ms
    340 ms *x essay_lifecycle       storage_reference_update                               #####   80 ms
    418 ms *  essay_lifecycle         | error  StorageReferenceError: content store rejected the
           *                          reference

    * critical path | : waiting | .. stands for huleedu.

    lag of essay topic  _+.*.*-#-#=%+_+.*.*-#-#=%+_+.*  min 0  max 12  last 8

    time      140 ms  33 %  spell_checker  check essay
               80 ms  18 %  essay_lifecycle  storage_reference_update
               44 ms  10 %  in the queue  ..spell_checker.check_request.v1
    joined   trace 9f2c1a77 has tag correlation_id
             trace 3e5834ee is named in log lines of spell_checker
             2 log lines carry trace 9f2c1a77
    alert    x StorageReferencePropagationFailure  fired 14:02:40 - 14:04:10 (unscoped)
    covered  2026-11-22 13:02 - 14:03 +01:00  traces, logs
    next     trace span 3f2a9c1e-7c05-43a4-beae-034151654acd 8ff34785
             trace missing 3f2a9c1e-7c05-43a4-beae-034151654acd
             trace timeline 3f2a9c1e-7c05-43a4-beae-034151654acd
             trace logs 3f2a9c1e-7c05-43a4-beae-034151654acd
    ");
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
    assert_snapshot!(top, @"
    ␛[31m✗ 1 error␛[0m␛[2m in ␛[0m␛[1m3f2a9c1e-7c05-43a4-beae-034151654acd␛[0m
    3 services␛[2m · ␛[0m2 traces␛[2m · ␛[0m9 spans␛[2m · ␛[0m1 log line␛[2m · ␛[0m␛[1m424 ms␛[0m
    2026-11-22 14:02:11.112 +01:00
    ␛[32mcomplete␛[0m␛[2m · ␛[0mjaeger ␛[32m✓␛[0m 14 ms␛[2m (9 spans, v1, 4 services asked)␛[0m
    loki ␛[32m✓␛[0m 14 ms␛[2m (1 line)␛[0m␛[2m · ␛[0mprometheus ␛[32m✓␛[0m 14 ms␛[2m (1 alert)␛[0m

    ␛[31m✗ ␛[0m␛[1messay_lifecycle␛[0m␛[1m  storage_reference_update␛[0m
      ␛[31mStorageReferenceError: content store rejected the reference: checksum does not␛[0m
      ␛[31mmatch the one announced␛[0m
    ␛[2m  420 ms in · span 8ff34785 · passed on by essay_lifecycle␛[0m
      ␛[2m⇠ …essay.spellcheck.completed.v1␛[0m

    ␛[2m  0 ms␛[0m ␛[36m┃␛[0m  batch_orchestrator  POST /api/v…hes/register  ␛[36m████▌           ␛[0m  120 ms
    ␛[2m  8 ms␛[0m ␛[36m┃␛[0m  ␛[2mbatch_orchestrator␛[0m    INSERT batches          ␛[36m█▏              ␛[0m   23 ms
    ");
}

#[test]
fn nothing_found_says_where_was_looked_and_what_to_try() {
    assert_snapshot!(shown(nothing(), &evidence(), &view(100)), @"
    – nothing found for 3f2a9c1e-7c05-43a4-beae-034151654acd
    complete · jaeger ✓ 14 ms (9 spans, v1, 4 services asked) · loki ✓ 14 ms (1 line)
    prometheus ✓ 14 ms (1 alert)

    asked    jaeger http://jaeger.internal:3100
             loki http://loki.internal:3100
             prometheus http://prometheus.internal:3100
    tags     correlation_id · correlation.id · request_id
    covered  2026-11-22 13:02 – 14:03 +01:00  traces, logs
    try      trace find 3f2a9c1e-7c05-43a4-beae-034151654acd --since 7d · a longer time
             trace find 3f2a9c1e-7c05-43a4-beae-034151654acd --key KEY · another tag
             trace doctor · are these the right servers, and is new data coming in?
    ");
    assert!(shown(nothing(), &without_loki(), &view(100)).starts_with("– nothing found so far"));
}

#[test]
fn a_busy_run_is_folded_and_says_so() {
    assert_snapshot!(shown(timeline(busy()), &evidence(), &view(120)), @"
    ✗ 1 error, 2 findings in 3f2a9c1e-7c05-43a4-beae-034151654acd
    5 services · 1 trace · 50 spans · 3 log lines · about 900 ms on one clock (900 ms as recorded)
    2026-11-22 14:02:11.112 +01:00
    complete · jaeger ✓ 14 ms (9 spans, v1, 4 services asked) · loki ✓ 14 ms (1 line) · prometheus ✓ 14 ms (1 alert)

      0 ms ┃  gateway  GET /cart               █████████████████████████████████████████████████████████████████████  900 ms
      2 ms ┃  gateway    auth                  ▌                                                                        7 ms
     20 ms ┃  cart       GET /item ×11          ▒▒▒▒▒▒▒▒▒▒▒▒▒▒▒▒▒▒▒▒▒▒▒▒▒▒▒▒▒▒▒▒▒▒▒▒▒▒▒▒▒▒▒▒▒▒▒▒▒▒▒▒▒▒▒               700 ms
           ┃               p50 340 ms  max 700 ms  22 spans in all
     20 ms  ✗ cart       GET /item              ▐██████████████████████████████████▊                                  459 ms
                           HTTP 503
     22 ms    cart-db      SELECT               ▐███████████████████████████▉                                         368 ms
    700 ms    cart       ⇢ stock.reserved ×11                                                       ▒▒                 13 ms
                           p50 2 ms  max 2 ms
    703 ms    cart       ⇢ stock.reserved                                                           ▕                   2 ms
                           ✗ no consumer of stock.reserved
    702 ms             ┊ 61 ms in the queue                                                         ┄┄┄┄┄┄
    760 ms    stock    ⇠ stock.reserved ×11                                                              ▒▒▒▒▒▒▒▒▒▒   128 ms
                         p50 82 ms  max 117 ms
                       (parent span 1f2e3d4c is not stored)
    870 ms    mailer     send mail                                                                               ▐█▏   20 ms
    880 ms    mailer       │ warn  slow relay

    ┃ critical path · ┊ waiting · ×n alike, folded

    time      568 ms  63 %  cart-db  SELECT
              193 ms  21 %  gateway  GET /cart
              132 ms  14 %  cart  GET /item
    shown    44 spans are folded (--full unfolds them)
    clocks   stock is at least 3 ms behind cart (measured on 11 pairs)
             times are as recorded; --adjust-clocks puts them right
    covered  2026-11-22 13:02 – 14:03 +01:00  traces, logs
    next     trace span 3f2a9c1e-7c05-43a4-beae-034151654acd 8a8043bc
             trace missing 3f2a9c1e-7c05-43a4-beae-034151654acd
             trace logs 3f2a9c1e-7c05-43a4-beae-034151654acd
    ");
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
    assert_snapshot!(shown(report, &evidence(), &view(100)), @"
    ✗ essay_lifecycle_service  storage_reference_update
      StorageReferenceError: content store rejected the reference

    span     8ff34785799e5cbd
    trace    3e5834eeb7c087a318c2e1585f3c1600
    began    2026-11-22 14:02:11.452 +01:00
    took     80 ms
    kind     internal
    status   error  StorageReferenceError: content store rejected the reference: checksum does not match
               the one announced
    follows  essay_lifecycle_service process, its parent (span f1bbcdcb)
    path     on the critical path

    attributes
      storage.bucket  essays
      retries         3

    1 event
    14:02:11.522  exception  70 ms in  StorageReferenceError: content store rejected the reference
        at update (storage.py:42)
          at process (worker.py:7)

    next  trace timeline 3f2a9c1e-7c05-43a4-beae-034151654acd
          trace logs 3f2a9c1e-7c05-43a4-beae-034151654acd
    ");
}

#[test]
fn lines_in_time_order_with_their_errors_laid_out() {
    let mut journey = broken();
    journey.logs.insert(0, line("spell_checker_service", 112, Level::Info, "dictionary \x1b[31mloaded"));
    let around = vec![line("essay_lifecycle_service", 417, Level::Debug, "connecting to the content store")];
    let report = LogsReport::new(journey, around, Filters::default());
    assert_snapshot!(shown(report, &evidence(), &view(100)), @r#"
    ✗ 1 error line in 3f2a9c1e-7c05-43a4-beae-034151654acd
    2 log lines · 2 services · 1 line around them · 2026-11-22 14:02:11.224 +01:00
    complete · jaeger ✓ 14 ms (9 spans, v1, 4 services asked) · loki ✓ 14 ms (1 line)
    prometheus ✓ 14 ms (1 alert)

    14:02:11.224  info   spell_checker    dictionary \x1b[31mloaded
    14:02:11.529  debug  essay_lifecycle  - connecting to the content store
    14:02:11.530  error  essay_lifecycle  ✗ storage reference update failed
        type       StorageReferenceError
        message    content store rejected the reference
        operation  storage_reference_update
        trace      9f2c1a77000000000000000000000002
        data       essay_id = e-42
                   attempt = 3
        stack
        Traceback (most recent call last):
          File "storage.py", line 42, in update
            raise StorageReferenceError(reason)

    covered  2026-11-22 13:02 – 14:03 +01:00  traces, logs
    next     trace timeline 3f2a9c1e-7c05-43a4-beae-034151654acd --logs all
             trace logs 3f2a9c1e-7c05-43a4-beae-034151654acd -C 5
    "#);
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
    assert_snapshot!(shown(doctor(), &Evidence::default(), &view(100)), @"
    ✗ 2 backends need a look

    ✓ jaeger  http://jaeger.internal  (from TRACE_URL)
      state    answers
      version  1.50.0
      speaks   v1 (/api/traces)
      can      search without a service: no, each of 4 is asked
               tag filter: honoured
      auth     none
      clock    agrees with ours
      newest   2026-11-22 14:02:11.112 +01:00

    ✗ loki  http://loki.internal  (from TRACE_URL)
      state  does not answer: connection refused
      auth   none
      next   start it, or set another address with --loki-url

    – prometheus  http://prometheus.internal  (from TRACE_URL)
      state    answers
      version  not told
      auth     none
      clock    1 min 35 s behind ours
      next     set the clock of that machine
    ");
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
        next: next.into(),
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
    let provenance = || Provenance::from_evidence(Some(evil.to_owned()), &without_loki());
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
    let text = shown(FindReport::new(judged(broken()), vec![], options), &evidence(), &view(100));
    assert!(text.contains("– nothing to show: 9 spans and 1 log line are filtered out by --service nobody"), "{text}");
    assert!(text.contains(services), "{text}");
}

#[test]
fn a_service_that_only_writes_lines_is_told_and_lines_alone_make_a_story() {
    let text = format!("{GOOD}\n! cj_assessment_service 430 info scored\n! cj_assessment_service 431 info done");
    let journey = sketch::journey(&text);
    let text = shown(find(journey.clone()), &evidence(), &view(100));
    assert!(text.contains("unseen   cj_assessment wrote 2 lines and has no spans here\n"), "{text}");
    let lines = Journey { logs: journey.logs, ..Journey::default() };
    let text = shown(find(lines), &evidence(), &view(100));
    assert!(text.contains("│ info  scored") && !text.contains("unseen"), "{text}");
}

#[test]
fn backends_that_nobody_configured_take_one_line() {
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
