use super::totals::Totals;
use super::*;
use crate::analysis::journey::sketch::{self, ORIGIN};
use crate::model::conventions::CORRELATION_KEYS;
use crate::model::span::Span;
use crate::model::time::{HOUR, SECOND};
use crate::source::demo;
use crate::stitch::every_journey::every_journey;

fn rows(scope: ErrorScope, texts: &[String]) -> Vec<Hotspot> {
    let mut hotspots = HotspotFold::new(scope);
    texts.iter().for_each(|text| hotspots.add(&sketch::journey(text), &Filters::default()));
    hotspots.rows()
}

fn found(text: &str) -> Vec<String> {
    let say = |row: &Hotspot| {
        let share = row.share.map_or("–".to_owned(), |share| format!("{share:.2}"));
        let (place, part) = (&row.place, if row.part == ErrorRole::Origin { "" } else { " passed on" });
        format!(
            "{}/{} {} ×{} of {} {share} {}{part}",
            place.service, place.operation, row.error_type, row.errors, row.calls, row.message
        )
    };
    rows(ErrorScope::default(), &[text.to_owned()]).iter().map(say).collect()
}

#[test]
fn errors_are_counted_by_place_and_kind_with_their_share_of_calls() {
    let table: [(&str, &[&str]); 8] = [
        ("web/get 0..10", &[]),
        (
            "web/get 0..100 error: HTTP 500\n  shop/call 10..90\n    db/query 11..15\n    db/query 20..80 error: row 7 gone",
            &["db/query  ×1 of 2 0.50 row <n> gone", "web/get  ×1 of 1 1.00 HTTP 500 passed on"],
        ),
        (
            "web/get 0..9 error.type=Timeout error\nweb/get 10..19 error.type=Reset error: gone",
            &["web/get Reset ×1 of 2 0.50 gone", "web/get Timeout ×1 of 2 0.50 "],
        ),
        ("web/get 0..9 http.status_code=503 error", &["web/get HTTP 503 ×1 of 1 1.00 "]),
        (
            "web/get 0..9\n! job 5 error disk 7 full\n! job 6 fatal disk 8 full\n! job 6 warn x",
            &["job/  ×2 of 0 – disk <n> full"],
        ),
        (
            "! job 1 error user ann is gone\n! job 2 error user bob is gone\n! job 3 error user eve is gone\n! job 4 error disk full",
            &["job/  ×3 of 0 – user <*> is gone", "job/  ×1 of 0 – disk full"],
        ),
        (
            "web/call 0..100 error: deadline exceeded\n  db/serve 5..500 error: canceled",
            &["web/call  ×1 of 1 1.00 deadline exceeded", "db/serve  ×1 of 1 1.00 canceled passed on"],
        ),
        ("web/get 0..9 error: boom\n! web 5 error boom, in other words", &["web/get  ×1 of 1 1.00 boom"]),
    ];
    for (text, expected) in table {
        assert_eq!(found(text), expected, "{text}");
    }
}

#[test]
fn a_trend_is_reported_beyond_noise_only() {
    let before = Window::new(ORIGIN, ORIGIN.plus(SECOND));
    let now = Window::new(before.to, before.to.plus(SECOND));
    let scope = ErrorScope { window: Some(now), before: Some(before), ..ErrorScope::default() };
    let calls = |at: usize, good: usize, bad: usize| -> String {
        let call = |n: usize| format!("web/get {at}..{}{}\n", at + 1, if n < bad { " error: x" } else { "" });
        (0..good + bad).map(call).collect()
    };
    let table = [
        ((10, 0), (9, 1), &[Some(Trend::New)][..]),
        ((9, 1), (10, 0), &[Some(Trend::Gone)][..]),
        ((90, 10), (85, 15), &[Some(Trend::Same)][..]),
        ((90, 10), (70, 30), &[Some(Trend::Worse)][..]),
        ((70, 30), (90, 10), &[Some(Trend::Better)][..]),
        ((0, 5), (0, 50), &[Some(Trend::Same)][..]),
        ((0, 0), (0, 3), &[None]), // nothing at all was recorded before
        ((3, 0), (3, 0), &[]),
    ];
    for ((good_before, bad_before), (good, bad), expected) in table {
        let text = calls(10, good_before, bad_before) + &calls(1_010, good, bad);
        let found: Vec<Option<Trend>> = rows(scope.clone(), &[text]).iter().map(|row| row.trend).collect();
        assert_eq!(found, expected, "{bad_before} then {bad}");
    }
    let outside = rows(scope.clone(), &["web/get 5000..5001 error: x".to_owned()]);
    assert!(outside.is_empty(), "what lies in neither time is not counted");
    let long = rows(scope, &["web/get 10..1500\nweb/get 20..1600 error: x\nweb/get 30..2500".to_owned()]);
    let found =
        |row: &Hotspot| (row.errors, row.calls, row.share, row.last_seen.map(|at| at.since(ORIGIN) * 1_000 / SECOND));
    assert_eq!(
        long.iter().map(found).collect::<Vec<_>>(),
        [(1, 2, Some(0.5), Some(1_600))],
        "a call counts when it ends"
    );
}

#[test]
fn what_only_lines_tell_has_no_trend_where_they_were_cut() {
    let (before, now) =
        (Window::new(ORIGIN, ORIGIN.plus(SECOND)), Window::new(ORIGIN.plus(SECOND), ORIGIN.plus(2 * SECOND)));
    let text = "web/get 10..11 error: x\nweb/get 1010..1011 error: x\n! job 10 error x\n! job 1010 error x\n! mail 1010 error x";
    let of = |names: &[&str]| CutLines::OfServices(names.iter().map(|name| (*name).to_owned()).collect());
    let table = [
        (CutLines::None, [("job", Some(Trend::Same)), ("mail", Some(Trend::New)), ("web", Some(Trend::Same))]),
        (of(&["job", "web"]), [("job", None), ("mail", Some(Trend::New)), ("web", Some(Trend::Same))]),
        (CutLines::Any, [("job", None), ("mail", None), ("web", Some(Trend::Same))]),
    ];
    for (cut_lines, expected) in table {
        let scope = ErrorScope { window: Some(now), before: Some(before), cut_lines, ..ErrorScope::default() };
        let rows = rows(scope, &[text.to_owned()]);
        let mut found: Vec<_> = rows.iter().map(|row| (row.place.service.as_str(), row.trend)).collect();
        found.sort_by_key(|(service, _)| *service);
        assert_eq!(found, expected);
    }
}

#[test]
fn a_share_is_taken_of_what_came_whatever_it_holds() {
    let scope = ErrorScope { sample: Some([sketch::trace(1)].into()), ..ErrorScope::default() };
    let text = "web/get 0..1\nweb/get 1..2\nweb/get 2..3 trace=2 error: rare\nweb/get 3..4 trace=3 error: rare";
    let rows = rows(scope, &[text.to_owned()]);
    assert_eq!(rows.iter().map(|row| (row.errors, row.calls, row.share)).collect::<Vec<_>>(), [(2, 2, Some(0.0))]);
}

/// Draws of a generator that always draws the same.
struct Draws(u64);

impl Draws {
    fn below(&mut self, n: u64) -> u64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % n
    }
}

/// A cascade of this depth below a root that may hold it, and what must be named: the origin, and how it ended.
fn cascade(draws: &mut Draws, depth: u64) -> (String, &'static str, String, u64) {
    let shape = ["passed on", "callee down", "retried", "given up"][draws.below(4) as usize];
    let mut text = "gate/in 0..5000 server".to_owned();
    if shape == "passed on" || shape == "callee down" || shape == "given up" {
        text += " error: HTTP 500";
    }
    let (mut from, mut to) = (10 + draws.below(50), 4_900);
    for level in 1..depth {
        let pad = "  ".repeat(level as usize);
        let fails = if shape == "retried" { "" } else { " error: upstream failed" };
        text += &format!("\n{pad}s{level}/op{level} {from}..{to} server{fails}");
        if draws.below(2) == 0 {
            text += &format!("\n{pad}  s{level}/cache {}..{} client", from + 1, from + 2);
        }
        (from, to) = (from + 5 + draws.below(20), to - 5 - draws.below(20));
    }
    let pad = "  ".repeat(depth as usize);
    let (origin, errors) = match shape {
        "callee down" => {
            text += &format!("\n{pad}s{depth}/call {from}..{to} client error: connection refused");
            (format!("s{depth}/call"), 1)
        }
        "retried" => {
            let tries = 1 + draws.below(3);
            for n in 0..tries {
                let at = from + 20 * n;
                text += &format!("\n{pad}s{depth}/call {at}..{} client error: reset by peer", at + 10);
            }
            text += &format!("\n{pad}s{depth}/call {}..{} client", from + 20 * tries, from + 20 * tries + 10);
            (format!("s{depth}/call"), tries)
        }
        "given up" => {
            // The called service goes on beyond the call, and ends well.
            text += &format!("\n{pad}s{depth}/call {from}..{to} client error: deadline exceeded");
            text += &format!("\n{pad}  slow/work {}..{} server", from + 1, to + 3_000);
            (format!("s{depth}/call"), 1)
        }
        _ => {
            text += &format!("\n{pad}s{depth}/query {from}..{to} client error: disk is full");
            (format!("s{depth}/query"), 1)
        }
    };
    (text, shape, origin, errors)
}

#[test]
fn the_origin_is_named_in_each_of_500_cascades() {
    for run in 0..500 {
        let mut draws = Draws(run * 7_919 + 1);
        let (text, shape, origin, errors) = cascade(&mut draws, run % 5 + 1);
        let all = rows(ErrorScope::default(), std::slice::from_ref(&text));
        let origins: Vec<_> = all.iter().filter(|row| row.part == ErrorRole::Origin).collect();
        let places: Vec<String> =
            origins.iter().map(|row| format!("{}/{}", row.place.service, row.place.operation)).collect();
        assert_eq!(places, [origin], "{shape}\n{text}");
        let recovered = if shape == "retried" { errors } else { 0 };
        assert_eq!((origins[0].errors, origins[0].outcomes.recovered), (errors, recovered), "{shape}\n{text}");
    }
}

#[test]
fn each_planted_fault_of_the_demo_is_the_origin() {
    let keys = CORRELATION_KEYS.map(str::to_owned);
    for (scenario, seed) in demo::scenarios().into_iter().flat_map(|one| (1..6).map(move |seed| (one, seed))) {
        let run = scenario.run(demo::NOW.plus(-HOUR), seed);
        let mut hotspots = HotspotFold::default();
        every_journey(demo::evidence(&run), &keys).for_each(|journey| hotspots.add(&journey, &Filters::default()));
        let rows = hotspots.rows();
        let origins: Vec<&ErrorPlace> = rows
            .iter()
            .filter(|row| row.part == ErrorRole::Origin && row.outcomes.failed > 0)
            .map(|row| &row.place)
            .collect();
        let planted = run.truth.planted.as_ref().map(|planted| planted.span);
        let is_planted = |span: &&Span| span.is_error() && Some((span.trace_id, span.span_id)) == planted;
        let of_span = |span: &Span| ErrorPlace { service: span.service().to_owned(), operation: span.name.clone() };
        let expected: Vec<ErrorPlace> = run.spans.iter().filter(is_planted).map(of_span).collect();
        assert_eq!(origins, expected.iter().collect::<Vec<_>>(), "{} {seed}", scenario.name);
    }
}

#[test]
fn metrics_count_and_what_was_read_tells_the_kinds() {
    let at =
        |service: &str, operation: &str| ErrorPlace { service: service.to_owned(), operation: operation.to_owned() };
    let window = Window::new(ORIGIN, ORIGIN.plus(SECOND));
    let mut fold = HotspotFold::new(ErrorScope { window: Some(window), ..ErrorScope::default() });
    let texts = [
        "web/get 0..9 error.type=Reset error: gone\nweb/get 10..19 error.type=Reset error: gone",
        "web/get 20..29 error.type=Timeout error\n! job 5 error disk 7 full\n! job 6 error disk 8 full\n! job 7 error no mount",
        "gate/in 30..90 error: HTTP 500\n  shop/call 40..80 error: boom",
    ];
    texts.iter().for_each(|text| fold.add(&sketch::journey(text), &Filters::default()));
    let errors = [
        (at("web", "get"), [100.4, 10.0]),
        (at("gate", "in"), [9.7, 10.0]),
        (at("mail", "send"), [3.0, 0.0]),
        (at("old", "thing"), [0.0, 5.0]),
        (at("noise", "thing"), [0.2, 0.0]),
    ];
    let calls = [(at("web", "get"), [1_000.0, 1_000.0]), (at("gate", "in"), [10.0, 10.0])];
    let lines = [("job", 40.0), ("cron", 7.0), ("mail", 5.0)].map(|(service, n)| (service.to_owned(), [n, 0.0]));
    let totals = Totals { calls: calls.into(), errors: errors.into(), lines: lines.into(), before_unavailable: false };
    assert_eq!(totals.failing(), ["web", "gate", "mail"]);
    let say = |row: &Hotspot| {
        let (place, trend) = (&row.place, row.trend);
        let share = row.share.map_or("–".to_owned(), |share| format!("{share:.2}"));
        format!(
            "{}/{} {} {:?} {}{}←{} of {} {share} {trend:?}, {} read",
            place.service,
            place.operation,
            row.error_type,
            row.part,
            if row.at_least { "≥" } else { "" },
            row.errors,
            row.errors_before.unwrap_or_default(),
            row.calls,
            row.read
        )
    };
    let found: Vec<String> = fold.counted_rows(&totals).iter().map(say).collect();
    let expected = [
        "web/get Reset Origin 66←6 of 1000 0.07 Some(Worse), 2 read",
        "web/get Timeout Origin 34←4 of 1000 0.03 Some(Worse), 1 read",
        "mail/send  Unknown 3←0 of 0 – Some(New), 0 read",
        "job/  Origin 26←0 of 0 – None, 2 read",
        "job/  Origin 14←0 of 0 – None, 1 read",
        "cron/  Unknown 7←0 of 0 – None, 0 read",
        "shop/call  Origin ≥1←0 of 0 – None, 1 read",
        "old/thing  Unknown 0←5 of 0 – Some(Gone), 0 read",
        "gate/in  Consequence 10←10 of 10 1.00 Some(Same), 1 read",
    ];
    assert_eq!(found, expected);
}
