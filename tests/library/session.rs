//! A session is asked more than once, whatever its data is.

use std::path::Path;

use crate::support::jaeger::Jaeger;
use trace::model::conventions::CORRELATION_KEYS;
use trace::model::provenance::{DataSelection, Supply};
use trace::model::time::{MINUTE, Timestamp};
use trace::query::{Bounds, Subject};
use trace::session::answer::Found;
use trace::session::config::{BackendPages, ProgressDisplay, RecordingMode, SessionConfig};
use trace::session::request::{JourneyRequest, WindowRequest};
use trace::session::{RecordingResult, Session};
use trace::source::demo::{DemoRun, NOW, scenarios};
use trace::source::server::transport::Limits;
use trace::stop::Stop;

fn config(supply: Supply, recording: RecordingMode, now: Timestamp) -> SessionConfig {
    SessionConfig {
        data: DataSelection { supply, ..DataSelection::default() },
        recording,
        limits: Limits::default(),
        bounds: Bounds::default(),
        keys: CORRELATION_KEYS.map(str::to_owned).to_vec(),
        services: vec![],
        panels: vec![],
        settle_ns: MINUTE / 2,
        pages: BackendPages::default(),
        last_key: None,
        now,
        stop: Stop::default(),
        progress: ProgressDisplay::Hidden,
    }
}

fn run() -> DemoRun {
    scenarios()[0].run(NOW.plus(-10 * MINUTE), 7)
}

/// Asks twice for the run, and hands the spans of both answers over; then for the window.
#[tokio::main(flavor = "current_thread")]
async fn spans_of_two_answers(session: &Session, run: &DemoRun, between: impl FnOnce()) -> [usize; 3] {
    let subject = Some(Subject::correlation(&run.correlation_id));
    let request = JourneyRequest { subject, ..JourneyRequest::default() };
    let first = session.journey(&request).await.expect("the first answer");
    between();
    let second = session.journey(&request).await.expect("the second answer");
    assert!(first.summary.provenance.complete, "{:?}", first.summary.provenance.notes);
    let mut of_window = 0;
    session.begin_question();
    let window = WindowRequest { traces_per_service: 10, ..WindowRequest::default() };
    let window = session.window(&window, |journey| of_window += journey.spans.len()).await.expect("the window");
    assert_eq!(window.summary.found, Found::from_count(of_window));
    [first.analysed.journey.spans.len(), second.analysed.journey.spans.len(), of_window]
}

#[test]
fn a_second_question_sees_what_came_since_the_first() {
    let run = run();
    let jaeger = Jaeger::holding(&run.spans[..6]);
    let folder = tempfile::tempdir().expect("a folder");
    let recording = RecordingMode::Record(folder.path().to_owned());
    let session = Session::open(config(Supply::Backends, recording, NOW), || jaeger.backends()).expect("a session");
    let arrive = || *jaeger.store.lock().expect("the spans") = run.spans.clone();
    let all = run.spans.len();
    assert_eq!(spans_of_two_answers(&session, &run, arrive), [6, all, all]);
    let finished = session.finish();
    assert!(!finished.requests.is_empty() && matches!(finished.recording, RecordingResult::Done));
    assert!(folder.path().join("exchanges.jsonl").is_file(), "a finished session has written its recording");
}

#[test]
fn files_and_the_demo_give_the_same_answer_to_the_same_question() {
    let (run, nothing) = (run(), || {});
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/cases/v1.json");
    let offline = |supply| Session::open(config(supply, RecordingMode::Off, NOW), || unreachable!("no backend"));
    let demo = offline(Supply::Demo(None)).expect("a session");
    let embedded = DemoRun { correlation_id: "complete".to_owned(), ..run };
    let [first, second, window] = spans_of_two_answers(&demo, &embedded, nothing);
    assert!(first > 0 && first == second && window > 0);
    assert!(demo.finish().requests.is_empty());
    let files = offline(Supply::Files(vec![file])).expect("a session");
    let mut spans = vec![];
    for _ in 0..2 {
        let request = WindowRequest::default();
        let read = files.window(&request, |journey| spans.push(journey.spans.len()));
        read_now(read).expect("the file");
    }
    assert!(spans.len() >= 2 && spans[0] > 0 && spans[..spans.len() / 2] == spans[spans.len() / 2..]);
    assert!(files.finish().requests.is_empty());
}

#[tokio::main(flavor = "current_thread")]
async fn read_now<T>(read: impl Future<Output = T>) -> T {
    read.await
}
