//! The newest journeys that begin in some way: which IDs there are to ask for.

use crate::support::jaeger::{Jaeger, transport};
use trace::gather::recent_journeys::{Recent, RecentQuery, recent};
use trace::gather::sources::Sources;
use trace::model::conventions::CORRELATION_KEYS;
use trace::model::evidence::NoteCode;
use trace::model::filter::Filters;
use trace::model::pattern::Pattern;
use trace::model::source::Source;
use trace::model::span::Span;
use trace::model::time::{HOUR, MINUTE, Window};
use trace::progress::Progress;
use trace::query::Bounds;
use trace::source::demo::{NOW, scenarios};
use trace::source::server::transport::Limits;

const ROOT: &str = "POST /api/v1/batches/register";

/// A good run a minute, the newest first; every fourth one is of a consumer that carries no ID.
fn runs(count: i64) -> (Vec<Span>, Vec<String>) {
    let mut spans = vec![];
    let mut ids = vec![];
    for n in 1..=count {
        let which = if n % 4 == 0 { "untagged-consumer" } else { "complete" };
        let scenario = scenarios().into_iter().find(|s| s.name == which).expect("the scenario");
        let run = scenario.run(NOW.plus(-n * MINUTE), n.unsigned_abs());
        spans.extend(run.spans);
        ids.push(run.correlation_id);
    }
    (spans, ids)
}

fn wanted(root: &str, newest: usize) -> RecentQuery {
    RecentQuery {
        root: Some(Pattern::parse(root).expect("a pattern")),
        root_service: None,
        filters: Filters::default(),
        window: Window::new(NOW.plus(-HOUR), NOW),
        newest,
        ended_before: None,
        keys: CORRELATION_KEYS.map(str::to_owned).to_vec(),
        services: vec![],
        bounds: Bounds::default(),
    }
}

#[tokio::main(flavor = "current_thread")]
async fn found(jaeger: &Jaeger, wanted: &RecentQuery) -> Recent {
    let (backends, transport, progress) = (jaeger.backends(), transport(Limits::default()), Progress::silent());
    let sources = Sources { backends: &backends, transport: &transport, progress: &progress };
    let found = recent(wanted, &sources).await;
    jaeger.server.assert_only_expected();
    found
}

fn texts(recent: &Recent) -> Vec<&str> {
    recent.journeys.iter().map(|journey| journey.subject.text.as_str()).collect()
}

fn is_sampled(recent: &Recent) -> bool {
    recent.status.notes.iter().any(|note| note.code == NoteCode::Sampled)
}

/// However the server must be asked, the same IDs come, the newest first; that there are more is said.
#[test]
fn the_newest_come_first_however_they_are_asked_for() {
    let (spans, ids) = runs(12);
    let all = found(&Jaeger::holding(&spans), &wanted(ROOT, 50));
    assert_eq!(
        (texts(&all), is_sampled(&all), all.status.is_complete()),
        (ids.iter().map(String::as_str).collect(), false, true)
    );
    let newest: Vec<&str> = ids[..5].iter().map(String::as_str).collect();
    let by_service = |line: &str| {
        let wants_one =
            br#"{"error":{"httpCode":400,"message":"this storage backend requires a service name to search"}}"#;
        let is_search = line.contains("/api/v3/traces?") && !line.contains("query.service_name=");
        is_search.then(|| (400, "text/plain", wants_one.to_vec()))
    };
    let few =
        |limit: usize| RecentQuery { bounds: Bounds { search_limit: limit, ..Bounds::default() }, ..wanted(ROOT, 5) };
    let table = [
        (Jaeger::holding(&spans), wanted(ROOT, 5)),
        (Jaeger::holding(&spans), wanted("POST *register", 5)),
        (Jaeger::holding(&spans), few(2)),
        (
            Jaeger::holding(&spans),
            RecentQuery { root_service: Pattern::parse("batch_orchestrator").ok(), ..wanted(ROOT, 5) },
        ),
        (Jaeger::with(&spans, by_service), wanted(ROOT, 5)),
    ];
    for (index, (jaeger, wanted)) in table.iter().enumerate() {
        let recent = found(jaeger, wanted);
        assert_eq!(texts(&recent), newest, "{index}: {:?}", jaeger.searches());
        assert!(is_sampled(&recent) && recent.status.is_complete(), "{index}: {:?}", recent.status.notes);
    }
}

/// What is below the top, in another service, or not yet settled is not meant; what carries no ID is named by its trace.
#[test]
fn only_what_is_wanted_is_named() {
    let (spans, ids) = runs(8);
    let jaeger = Jaeger::holding(&spans);
    assert!(texts(&found(&jaeger, &wanted("storage_reference_update", 50))).is_empty(), "never the top of a trace");
    let elsewhere = RecentQuery { root_service: Pattern::parse("spell_checker_service").ok(), ..wanted(ROOT, 50) };
    assert!(texts(&found(&jaeger, &elsewhere)).is_empty());
    let settled = RecentQuery { ended_before: Some(NOW.plus(-5 * MINUTE / 2)), ..wanted(ROOT, 2) };
    assert_eq!(texts(&found(&jaeger, &settled)), [&ids[2], &ids[3]]);
    let own = found(&jaeger, &wanted("kafka.consume.*", 50));
    let traces: Vec<String> = own.journeys.iter().filter_map(|j| Some(j.subject.as_trace?.to_string())).collect();
    assert_eq!((texts(&own).len(), traces.len()), (2, 2), "{:?}", texts(&own));
    let nothing = found(&jaeger, &wanted("GET /nothing", 5));
    assert!(nothing.journeys.is_empty() && nothing.status.is_complete() && !is_sampled(&nothing));
    let failing = Filters { errors_only: true, ..Filters::default() };
    assert!(found(&jaeger, &RecentQuery { filters: failing, ..wanted(ROOT, 5) }).journeys.is_empty());
}

/// A Jaeger that fails, or is left out, is not an empty answer.
#[test]
fn a_jaeger_that_does_not_answer_is_reported() {
    let sick = Jaeger::with(&[], |_| Some((500, "text/plain", b"on fire".to_vec())));
    let answer = found(&sick, &wanted(ROOT, 5));
    assert!(!answer.status.is_complete() && answer.status.backends[0].error.contains("on fire"), "{:?}", answer.status);
    assert_eq!(answer.status.backends[0].name, Source::Jaeger);
}
