//! The walks of the contract: what a user meets, and what the gate says.

use super::*;

const PIPELINE: &str = "
ask: publish_orders
take: process_orders, after ask 60s
bill: charge, after take, ok";

const ASKED: &str = "shop/publish orders 60..62 producer topic=orders event.id=m1";

fn open_ended() -> Spec {
    spec("ask: publish_orders\ntake: process_orders, after ask")
}

#[test]
fn a_run_five_seconds_old_passes_when_all_is_there_and_is_waited_for_when_not() {
    assert_eq!(settled(journey(RUN)).aged(5).evaluated(&spec(PIPELINE)).verdict, Verdict::Pass);
    let outcome = settled(journey(ASKED)).aged(5).evaluated(&open_ended());
    assert_eq!(outcome.verdict, Verdict::CannotTell);
    assert_eq!(outcome.waiting_for, ["take: 0 of 1 seen"]);
    assert!(outcome.until.is_some());
    let counted = settled(journey(RUN)).aged(5).evaluated(&spec("a: charge, 1"));
    assert_eq!((counted.verdict, counted.waiting_for), (Verdict::CannotTell, vec!["settle time".to_owned()]));
    assert_eq!(settled(journey(ASKED)).evaluated(&open_ended()).verdict, Verdict::Fail);
}

/// Any match that is right is enough, so one that failed says nothing yet; the report says how to have it decide.
#[test]
fn a_step_that_failed_may_be_mended_until_its_limits_have_passed() {
    let failed = || settled(journey(&RUN.replace("client amount", "client error amount")));
    let bill = |count: &str| spec(&format!("take: process_orders\nbill: charge, after take 60s, ok{count}"));
    let young = failed().aged(5).evaluated(&bill(""));
    assert_eq!(
        shown(&young),
        "cannot tell; ? bill: it failed / a later one that is as expected would mend it until 1 min 30 s after the run \
         began; `count: 1` decides by the first / the run's last span ended less than 30 s ago, so more may come / its \
         limit and a settle time have not passed [charge failed]"
    );
    assert_eq!(shown(&failed().evaluated(&bill(""))), "fail; ✗ bill: it failed [charge failed]");
    assert_eq!(failed().aged(5).evaluated(&bill(", 1")).verdict, Verdict::Fail);
}

#[test]
fn without_lines_a_missing_span_is_only_sure_where_nothing_could_lead_to_it() {
    let down = settled(journey(ASKED)).without_loki(SourceStatus::Incomplete);
    assert_eq!(down.evaluated(&open_ended()).verdict, Verdict::CannotTell);
    let by_spans = Spec { reach: crate::pipeline::spec::Reach::Spans, ..open_ended() };
    assert_eq!(down.evaluated(&by_spans).verdict, Verdict::Fail);
    let none = settled(journey(ASKED)).without_loki(SourceStatus::NotConfigured);
    assert_eq!(none.evaluated(&open_ended()).verdict, Verdict::Fail);
    let lines = spec("ask: publish_orders\ndone: log:invoice");
    let outcome = none.evaluated(&lines);
    assert_eq!(shown(&outcome), "cannot tell; ? done: not seen / Loki is not configured");
    assert_eq!(outcome.waiting_for, [""; 0]);
    assert_eq!(
        settled(journey(RUN)).without_loki(SourceStatus::Incomplete).evaluated(&spec(PIPELINE)).verdict,
        Verdict::Pass
    );
}

#[test]
fn an_id_that_exists_nowhere_fails_only_where_it_was_looked_for_to_the_end() {
    let nothing = || EvaluationCase { settled: true, ..settled(Journey::default()) };
    assert_eq!(nothing().evaluated(&open_ended()).verdict, Verdict::CannotTell);
    let ended = |seconds: i64| Some(crate::analysis::journey::sketch::ORIGIN.plus(60 * MINUTE - seconds * SECOND));
    let window = |seconds| EvaluationCase { window_end: ended(seconds), ..nothing() };
    assert_eq!(window(31).evaluated(&open_ended()).verdict, Verdict::Fail);
    assert_eq!(window(5).evaluated(&open_ended()).verdict, Verdict::CannotTell);
    assert_eq!(window(31).without_loki(SourceStatus::Incomplete).evaluated(&open_ended()).verdict, Verdict::CannotTell);
    assert_eq!(nothing().waiting(0).evaluated(&open_ended()).verdict, Verdict::Fail);
    let outcome = nothing().waiting(5).evaluated(&open_ended());
    assert_eq!((outcome.verdict, outcome.until), (Verdict::CannotTell, None));
    assert_eq!(outcome.waiting_for, ["anything that carries the ID"]);
    assert_eq!(window(31).evaluated(&spec("a: x, optional")).verdict, Verdict::Fail, "nothing carries the ID");
}

#[test]
fn a_consumer_that_comes_late_is_waited_for_and_no_longer_than_its_limit() {
    let late = "shop/publish orders 60..62 producer topic=orders\n  ~> b/process orders 45062..45100 consumer trace=2";
    let limit = |most: &str| spec(&format!("ask: publish_orders\ntake: process_orders, after ask {most}"));
    assert_eq!(
        settled(journey(ASKED)).aged(40).evaluated(&open_ended()).verdict,
        Verdict::Fail,
        "nobody asked to wait"
    );
    let waiting = settled(journey(ASKED)).aged(40).waiting(20).evaluated(&open_ended());
    assert_eq!((waiting.verdict, waiting.until), (Verdict::CannotTell, None));
    assert_eq!(waiting.waiting_for, ["take: 0 of 1 seen"]);
    assert_eq!(settled(journey(late)).aged(1).waiting(15).evaluated(&open_ended()).verdict, Verdict::Pass);
    let soon = settled(journey(ASKED)).aged(40).evaluated(&limit("60s"));
    assert_eq!(soon.verdict, Verdict::CannotTell, "its limit has not passed");
    assert_eq!(soon.until, Some(journey(ASKED).spans[0].end().plus(90 * SECOND)));
    assert_eq!(settled(journey(ASKED)).aged(91).waiting(500).evaluated(&limit("60s")).verdict, Verdict::Fail);
    let too_late = settled(journey(late)).aged(1).waiting(15).evaluated(&limit("30s"));
    assert_eq!(
        shown(&too_late),
        "fail; ✗ take: 45.0 s after ask; at most 30 s allowed [process orders too late by 15.0 s]"
    );
}

#[test]
fn what_was_sampled_out_is_not_known() {
    let run = || settled(journey(ASKED)).found(FindingId::TraceNotStored, Severity::Info, Confidence::Low);
    assert_eq!(run().evaluated(&open_ended()).verdict, Verdict::CannotTell);
    assert_eq!(run().evaluated(&spec("ask: publish_orders")).verdict, Verdict::Pass);
    let lines = settled(journey("! shop 5 info taken"));
    assert_eq!(lines.evaluated(&open_ended()).verdict, Verdict::CannotTell);
    assert_eq!(lines.evaluated(&spec("a: log:taken")).verdict, Verdict::Pass);
}

#[test]
fn a_batch_consumer_counts_once_for_all_that_it_takes() {
    let batch = "
shop/publish orders 0..1 producer topic=orders
  ~> billing/process orders 50..90 consumer topic=orders trace=2
shop/publish orders 2..3 producer topic=orders";
    assert_eq!(
        settled(journey(batch)).evaluated(&spec("ask: publish*, 2\ntake: process*, after ask 1s, 1")).verdict,
        Verdict::Pass
    );
}

#[test]
fn a_redelivery_that_succeeds_is_one_message() {
    let run = |second: &str| {
        format!(
            "shop/publish orders 0..1 producer event.id=m1\n  ~> b/process orders 5..9 consumer event.id=m1 error: no\n{second}"
        )
    };
    let again = "  ~> b/process orders 2005..2009 consumer event.id=m1";
    let wanted = spec("ask: publish*\ntake: process*, after ask, same ask, ok");
    assert_eq!(
        shown(&settled(journey(&run(again))).evaluated(&wanted)),
        "pass; ✓ take: 1 attempt(s) failed and were repeated well"
    );
    assert_eq!(settled(journey(&run(""))).evaluated(&wanted).verdict, Verdict::Fail);
    let loose = spec("ask: publish*\ntake: process*, after ask, ok");
    assert_eq!(settled(journey(&run(""))).aged(1).evaluated(&loose).verdict, Verdict::CannotTell, "it may be repeated");
    assert_eq!(settled(journey(&run(again))).aged(1).evaluated(&loose).verdict, Verdict::Pass);
}

#[test]
fn clocks_that_differ_break_no_limit_by_less_than_that() {
    let run = || journey("shop/publish orders 2000..2001 producer\n  ~> b/process orders 500..510 consumer trace=2");
    let wanted = |most: &str| spec(&format!("ask: publish*\ntake: process*, after ask {most}"));
    let corrected = skewed(run(), "b", -1_600_000_000);
    assert_eq!(shown(&settled(corrected.clone()).evaluated(&wanted("1s"))), "pass");
    let outcome = settled(corrected.clone()).evaluated(&wanted("20ms"));
    assert_eq!(shown(&outcome), "pass; ✓ take: 99 ms after ask, over 20 ms by less than the clocks differ");
    let unrelated = journey("shop/publish orders 2000..2001 producer\nb/process orders 500..510 consumer trace=2");
    let outcome = settled(skewed(unrelated, "b", -1_000_000_000)).evaluated(&wanted("1s"));
    assert_eq!(shown(&outcome), "pass; ✓ take: 500 ms before ask; the two clocks differ by more");
}
