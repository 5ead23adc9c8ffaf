use super::*;
use crate::analysis::journey::sketch;
use crate::model::attribute::{Attributes, Value};
use crate::model::pattern::Pattern;
use crate::model::span::Event;

fn drawn(text: &str, options: &TimelineOptions) -> Vec<String> {
    let journey = sketch::journey(text);
    let timeline = draw(&journey, &[], options);
    let ms = |ns: i64| ns / 1_000_000;
    let name = |span: usize| journey.spans[span].name.clone();
    let say = |row: &TimelineRow| {
        let what = match &row.content {
            RowContent::Span(s) => name(*s),
            RowContent::Fold(f) => {
                format!("{} ×{} p50 {} max {} of {}", name(f.first), f.count, ms(f.p50_ns), ms(f.max_ns), f.spans)
            }
            RowContent::MessageWait(q) => format!("queue {}..{}", ms(q.wait_ns), ms(q.longest_ns)),
            RowContent::Line(l) => format!("line {}", journey.logs[*l].message),
            RowContent::Exception(..) => "exception".into(),
            RowContent::Link(..) => "link".into(),
            RowContent::MissingEffect(what) => format!("no {what:?}"),
            RowContent::MissingParent(_, parent) => format!("hole {}", parent.short()),
            RowContent::More { spans, others } => format!("more {spans}+{others}"),
        };
        format!("{}{}{what}", "  ".repeat(row.depth), if row.critical { "*" } else { "" })
    };
    timeline.rows.iter().map(say).collect()
}

#[test]
fn messages_begin_blocks_and_queues_stand_between() {
    let text = "a/root 0..100
  a/send 10..12 producer topic=t
    ~> b/work 50..200 consumer topic=t
      b/db 60..150
  a/after 20..90
! b 70 error no";
    let rows = drawn(text, &TimelineOptions::default());
    assert_eq!(rows, ["*root", "  *send", "  *after", "queue 38..38", "*work", "  *db", "    line no"]);
}

#[test]
fn like_siblings_fold_and_the_odd_one_stands_alone() {
    let mut text = String::from("a/root 0..100\n");
    for i in 0..12 {
        let error = if i == 5 { " error: no" } else { "" };
        text += &format!("  a/get {}..{}{error}\n    b/db {}..{}\n", i * 8, i * 8 + 6, i * 8 + 1, i * 8 + 2);
    }
    let rows = drawn(&text, &TimelineOptions::default());
    assert_eq!(rows, ["*root", "  *get ×11 p50 6 max 6 of 22", "  *get", "    *db"]);
    assert_eq!(drawn(&text, &TimelineOptions { full: true, ..TimelineOptions::default() }).len(), 25);
    assert_eq!(drawn(&text, &TimelineOptions { depth: Some(1), ..TimelineOptions::default() }), ["*root"]);
}

#[test]
fn a_fan_out_with_one_lost_shows_which() {
    let mut text = String::from("a/root 0..100\n");
    for i in 0..12 {
        text += &format!("  a/send {i}..{} producer topic=t\n", i + 1);
        if i != 7 {
            text += &format!("    ~> b/work {}..{} consumer topic=t\n", i * 10 + 50, i * 10 + 90);
        }
    }
    let rows = drawn(&text, &TimelineOptions::default());
    let expected =
        ["*root", "  *send ×11 p50 1 max 1 of 11", "  *send", "queue 49..148", "*work ×11 p50 40 max 40 of 11"];
    assert_eq!(rows, expected);
}

#[test]
fn a_message_that_comes_twice_is_delivered_again_and_one_that_has_no_consumer_is_marked() {
    let text = "a/send 0..2 producer topic=t messaging.message.id=m1
  ~> b/work 12..20 consumer topic=t messaging.message.id=m1
  ~> c/work 14..20 consumer topic=t messaging.message.id=m1
  ~> b/work 62..70 consumer topic=t messaging.message.id=m1
a/send 80..82 producer topic=t messaging.message.id=m2";
    let journey = sketch::journey(text);
    let timeline = draw(&journey, &[], &TimelineOptions::default());
    let queues = timeline.rows.iter().filter_map(|r| match &r.content {
        RowContent::MessageWait(q) => Some((q.again, q.wait_ns / 1_000_000)),
        _ => None,
    });
    assert_eq!(queues.collect::<Vec<_>>(), [(false, 10), (false, 12), (true, 50)]);
    let unconsumed = |span: usize| timeline.messages.is_unconsumed(span);
    assert_eq!((0..journey.spans.len()).filter(|s| unconsumed(*s)).collect::<Vec<_>>(), [4]);
}

#[test]
fn filters_leave_out_spans_and_count_them() {
    let mut text = String::from("a/root 0..100\n");
    for i in 0..5 {
        text += &format!("  a/get {}..{}\n    b_service/db {}..{}\n", i * 8, i * 8 + 6, i * 8 + 1, i * 8 + 2);
    }
    text += "! a 50 error no\n! b_service 51 error no";
    let filters = Filters { services: vec![Pattern::exact("b")], ..Filters::default() };
    let options = TimelineOptions { filters, ..TimelineOptions::default() };
    let timeline = draw(&sketch::journey(&text), &[], &options);
    assert_eq!((timeline.filtered, timeline.filtered_lines), (6, 1));
    assert_eq!(drawn(&text, &options), ["*db"; 5].iter().copied().chain(["line no"]).collect::<Vec<_>>());
}

#[test]
fn a_parent_that_was_never_stored_keeps_its_place() {
    let rows = drawn("a/one 0..10\n?> b/two 20..30\n?> b/three 30..40", &TimelineOptions::default());
    assert_eq!(rows, ["*one", "hole 1f2e3d4c", "  *two", "  *three"]);
}

#[test]
fn the_compact_form_keeps_what_tells_most() {
    let mut text = String::from("a/root 0..1000\n");
    for i in 0..200 {
        text += &format!("  a/step{i} {}..{}\n", i * 4, i * 4 + 2 + i % 2);
    }
    text += "  a/bad 900..950\n    b/worse 910..940 error: no\n";
    let rows = drawn(&text, &TimelineOptions::compact());
    assert!(rows.len() <= 24, "{}", rows.len());
    for kept in ["*root", "  *bad", "    *worse"] {
        assert!(rows.iter().any(|r| r == kept), "{kept} in {rows:#?}");
    }
}

#[test]
fn lines_of_failures_are_drawn_and_all_where_there_is_nothing_else() {
    let (spans, lines) = ("a/root 0..10", "\n! a 1 info well\n! a 2 error no");
    let (none, errors, all): (&[&str], &[&str], &[&str]) = (&[], &["no"], &["well", "no"]);
    let table = [
        (spans, LogDetail::Errors, errors),
        (spans, LogDetail::All, all),
        (spans, LogDetail::None, none),
        ("", LogDetail::Errors, all),
        ("", LogDetail::All, all),
        ("", LogDetail::None, none),
    ];
    for (spans, which, expected) in table {
        let rows = drawn(&format!("{spans}{lines}"), &TimelineOptions { lines: which, ..TimelineOptions::default() });
        let found: Vec<&str> = rows.iter().filter_map(|row| row.trim().strip_prefix("line ")).collect();
        assert_eq!(found, expected, "{spans:?} {which:?}");
    }
}

#[test]
fn an_exception_is_drawn_unless_the_error_of_its_span_says_the_same() {
    let exception = |message: &str| Event {
        time: sketch::ORIGIN,
        name: "exception".into(),
        attributes: Attributes(vec![("exception.message".into(), Value::Text(message.into()))]),
    };
    // The error text is the last exception's.
    for (span, expected) in [("a/x 0..9 error", vec![0]), ("a/x 0..9", vec![0, 1, 2])] {
        let mut journey = sketch::journey(span);
        journey.spans[0].events = ["first", "last", "last"].map(exception).to_vec();
        let rows = draw(&journey, &[], &TimelineOptions::default()).rows;
        let found = rows.iter().filter_map(|row| match row.content {
            RowContent::Exception(0, nth) => Some(nth),
            _ => None,
        });
        assert_eq!(found.collect::<Vec<_>>(), expected, "{span}");
    }
}

#[test]
fn a_fold_shows_what_failed_below_it_and_what_was_waited_for() {
    let mut text = String::from("a/root 0..100\n");
    for i in 0..8 {
        text += &format!("  a/get {}..{}\n    b/db {}..{} error: no\n", i * 8, i * 8 + 6, i * 8 + 1, i * 8 + 2);
    }
    let journey = sketch::journey(&text);
    let rows = draw(&journey, &[], &TimelineOptions::default()).rows;
    let folds = rows.iter().filter_map(|row| match &row.content {
        RowContent::Fold(fold) => Some((fold.count, fold.spans, fold.errors, row.critical)),
        _ => None,
    });
    assert_eq!(folds.collect::<Vec<_>>(), [(5, 10, 5, true)]);
    assert_eq!(rows.len(), 1 + 3 * 2 + 1, "the first three stand alone");
}

#[test]
fn very_long_and_very_deep_journeys_are_drawn() {
    let deep = sketch::chain(100_000);
    assert_eq!(draw(&deep, &[], &TimelineOptions::default()).rows.len(), 100_000);
    assert!(draw(&deep, &[], &TimelineOptions::compact()).rows.len() <= 24);
}
