//! Rules as tables of runs and specs, and the walks of the contract. Specs are drawn like runs.

mod case;
mod properties;
mod walks;

use case::{EvaluationCase, check, selector, settled, shown, spec};

use crate::analysis::journey::sketch::journey;
use crate::model::finding::{Confidence, Finding, FindingDetail, FindingId, Severity};
use crate::model::journey::{Journey, Skew};
use crate::model::time::{MINUTE, SECOND};
use crate::pipeline::evaluate::{MetricReading, SourceStatus};
use crate::pipeline::spec::{
    Absence, Comparison, Condition, Each, ExpectedCount, ExpectedStatus, ExpectedStep, Metric, Must, RepeatedGroup,
    Spec,
};
use crate::pipeline::verdict::{CheckKind, Verdict};

const RUN: &str = "
shop/POST /orders 0..120 server
  shop/publish orders 60..62 producer topic=orders event.id=m1
    ~> billing_service/process orders 104..314 consumer topic=orders trace=2 event.id=m1
      billing_service/charge 110..300 client amount=12 essay.id=e1
! billing_service 305 info invoice written
! billing_service 306 error could not bill
";

#[test]
fn steps_are_selected_and_what_must_hold_holds() {
    let table = [
        ("a: POST_/orders", "pass"),
        ("a: POST_/orders @shop kind:server\nb: charge @billing, after a", "pass"),
        ("a: charge @billing_service amount<13 essay.id=e* -missing, 1, ok", "pass"),
        ("a: charge @shop", "fail; ✗ a: not seen [charge by another service]"),
        ("a: charge kind:server", "fail; ✗ a: not seen [charge of another kind: client]"),
        ("a: charge amount=13", "fail; ✗ a: not seen [charge with amount = 12]"),
        ("a: charge colour", "fail; ✗ a: not seen [charge without colour]"),
        ("a: proces_orders", "fail; ✗ a: not seen [process orders of a similar name]"),
        ("a: nothing, optional", "pass; – a: "),
        ("a: nothing | log:invoice", "pass"),
        (
            "a: invoice_written",
            "fail; ✗ a: not seen / its work is in the logs of billing_service: \"invoice written\"; `seen: either` would accept that",
        ),
        ("a: log:invoice @shop", "fail; ✗ a: not seen [invoice written by another service]"),
        ("a: charge, max 100ms", "fail; ✗ a: took 190 ms; at most 100 ms allowed [charge too long by 90 ms]"),
        ("a: charge, min 1s", "fail; ✗ a: took 190 ms; at least 1 s expected [charge too short by 810 ms]"),
        ("a: charge, failed", "fail; ✗ a: it ended well; an error is expected [charge ended well]"),
        ("a: log:could, ok", "fail; ✗ a: it failed: could not bill [could not bill failed]"),
        ("a: *, 2", "fail; ✗ a: 4 seen; 2 expected"),
        ("a: *, 5..6", "fail; ✗ a: 4 of 5 seen"),
        ("a: publish*\nb: process*, same a", "pass"),
        ("a: publish*\nb: *, same a", "fail; ✗ b: 4 seen; 1 expected"),
    ];
    for (steps, expected) in table {
        assert_eq!(shown(&settled(journey(RUN)).evaluated(&spec(steps))), expected, "{steps}");
    }
}

#[test]
fn order_is_by_parent_link_or_message_and_else_by_time() {
    let table = [
        (
            "a: publish*\nb: process*, after a 100ms, trace a",
            "fail; ✗ b: in another trace than a [process orders in another trace]",
        ),
        ("a: publish*\nb: process*, after a 42ms", "pass"),
        (
            "a: publish*\nb: process*, after a 40ms",
            "fail; ✗ b: 42 ms after a; at most 40 ms allowed [process orders too late by 2 ms]",
        ),
        (
            "a: publish*\nb: process*, after a least 1s",
            "fail; ✗ b: 42 ms after a; at least 1 s expected [process orders too early by 958 ms]",
        ),
        ("a: process*\nb: charge, child a", "pass"),
        ("a: POST*\nb: charge, child a", "fail; ✗ b: no child of a [charge no child of a]"),
        (
            "a: charge\nb: publish*, after a",
            "fail; ✗ b: 50 ms before a; expected after it [publish orders before a by 50 ms]",
        ),
        ("a: charge\nb: publish*, before a", "pass"),
        ("a: publish*\nb: charge, before a", "fail; ✗ b: 50 ms after a; expected before it [charge after a by 50 ms]"),
    ];
    for (steps, expected) in table {
        assert_eq!(shown(&settled(journey(RUN)).evaluated(&spec(steps))), expected, "{steps}");
    }
    let reversed = journey("a/send 10..12 producer\n  ~> b/take 4..9 consumer trace=2");
    let outcome = settled(reversed).evaluated(&spec("a: send\nb: take, after a 1s"));
    assert_eq!(shown(&outcome), "pass; ✓ b: by the clocks 6 ms before a, from which it follows");
}

#[test]
fn in_order_wants_one_increasing_sequence() {
    let mut ordered = spec("a: A\nb: B\nc: C");
    ordered.in_order = true;
    let table = [
        ("s/A 0..1\ns/B 2..3\ns/C 4..5", "pass"),
        ("s/C 0..1\ns/A 2..3\ns/B 4..5\ns/C 6..7", "pass"),
        (
            "s/A 0..1\ns/C 2..3\ns/B 4..5",
            "fail; ✗ in order: c began 2 ms before b; expected after it [C order reversed]",
        ),
        (
            "s/A 9..20\n  s/B 5..6\n    s/C 7..8",
            "pass; ✓ in order: some steps are in order by parent, link, message or clock difference, not by the clocks",
        ),
    ];
    for (run, expected) in table {
        assert_eq!(shown(&settled(journey(run)).evaluated(&ordered)), expected, "{run}");
    }
}

#[test]
fn every_match_must_hold_where_that_is_said() {
    let run = "s/try 0..1 error: refused\ns/try 5..6";
    assert_eq!(shown(&settled(journey(run)).evaluated(&spec("a: try, ok"))), "pass");
    let all = spec("a: try, ok, every");
    assert_eq!(shown(&settled(journey(run)).evaluated(&all)), "fail; ✗ a: it failed: refused [try failed]");
    let young = settled(journey(run)).aged(1).without_loki(SourceStatus::Incomplete);
    assert_eq!(young.evaluated(&all).verdict, Verdict::Fail, "what failed has failed, whatever else may come");
}

#[test]
fn groups_ask_each_of_their_steps_once_for_each_value() {
    let run = "
s/batch 0..100
  s/essay 1..9 essay.id=e1
    s/store 2..3
    s/judge 4..5
  s/essay 11..19 essay.id=e2
    s/store 12..13
  s/essay 21..29 essay.id=e3
    s/store 22..23
    s/judge 24..25";
    let mut grouped = spec("store: store, group\njudge: judge, after store, group");
    grouped.groups =
        vec![RepeatedGroup { each: Each::Attribute("essay.id".into()), count: ExpectedCount::Range(3, Some(3)) }];
    let outcome = settled(journey(run)).evaluated(&grouped);
    assert_eq!(shown(&outcome), "fail; ✗ judge (e2): not seen");
    assert_eq!(check(&outcome, "store").seen.len(), 3);
    grouped.groups[0].count = ExpectedCount::Range(4, None);
    assert!(
        shown(&settled(journey(run)).evaluated(&grouped)).ends_with("✗ for each essay.id: 3 seen; at least 4 expected")
    );
    let mut each = spec("essay: essay\nstore: store, 1, group\njudge: judge, group");
    each.groups = vec![RepeatedGroup { each: Each::Step(0), count: ExpectedCount::SameAs(0) }];
    assert_eq!(shown(&settled(journey(run)).evaluated(&each)), "fail; ✗ judge (essay 2): not seen");
}

#[test]
fn absences_conditions_and_the_time_in_all() {
    let absent = |text: &str, status| Spec {
        absent: vec![Absence { what: selector(text), status, text: text.into() }],
        ..spec("a: POST*")
    };
    let run = || settled(journey(RUN));
    assert_eq!(shown(&run().evaluated(&absent("*", Some(ExpectedStatus::Error)))), "pass");
    assert_eq!(shown(&run().evaluated(&absent("charge", None))), "fail; ✗ charge: seen; none expected");
    let young = run().aged(5);
    assert_eq!(young.evaluated(&absent("charge", None)).verdict, Verdict::Fail);
    assert_eq!(young.evaluated(&absent("nothing", None)).verdict, Verdict::CannotTell);
    let no_loki = run().without_loki(SourceStatus::NotConfigured);
    assert_eq!(no_loki.evaluated(&absent("nothing", None)).verdict, Verdict::Pass);
    assert_eq!(no_loki.evaluated(&absent("log:nothing", None)).verdict, Verdict::CannotTell);

    let when = |cause: &str, then: &str| Spec {
        conditions: vec![Condition {
            if_seen: selector(cause),
            status: None,
            then: spec(&format!("x: {then}")).steps.remove(0),
            text: "when".into(),
        }],
        ..spec("a: POST*")
    };
    assert_eq!(shown(&run().evaluated(&when("charge", "process*"))), "pass");
    assert_eq!(shown(&run().evaluated(&when("charge", "nothing"))), "fail; ✗ when: not seen");
    assert_eq!(shown(&run().evaluated(&when("nothing", "nothing"))), "pass; – when: ");
    assert_eq!(run().aged(5).evaluated(&when("nothing", "nothing")).verdict, Verdict::CannotTell);

    let within = |ms: i64| Spec { within_ns: Some(ms * 1_000_000), ..spec("a: POST*\nb: charge") };
    assert_eq!(shown(&run().evaluated(&within(300))), "pass");
    let late = run().aged(5).evaluated(&within(200));
    assert_eq!(shown(&late), "fail; ✗ within 200 ms: took 300 ms; at most 200 ms allowed [charge too late by 100 ms]");
}

#[test]
fn findings_gate_when_they_are_sure_and_grave() {
    use Confidence::{High, Low, Medium};
    use FindingId::{ClockSkew, DuplicateConsume, ErrorOrigin, NotSampled, Orphan};
    use Severity::{Info, Warning};
    let forbid = |id| Spec { forbid: vec![id], ..spec("a: POST*") };
    let run = || settled(journey(RUN));
    let table = [
        (run(), Orphan, Verdict::Pass),
        (run().found(Orphan, Warning, High), Orphan, Verdict::Fail),
        (run().found(Orphan, Warning, High), ErrorOrigin, Verdict::Pass),
        (run().found(Orphan, Info, High), Orphan, Verdict::Pass),
        (run().found(Orphan, Warning, Low), Orphan, Verdict::CannotTell),
        (run().aged(5), Orphan, Verdict::CannotTell),
        (run().aged(5).found(ErrorOrigin, Warning, High), ErrorOrigin, Verdict::Fail),
        (run().found(ErrorOrigin, Warning, Low), ErrorOrigin, Verdict::Pass),
        (run().without_loki(SourceStatus::Incomplete), Orphan, Verdict::CannotTell),
        // Never graver than info, so info it is; a retry that went well is one of another kind.
        (run().found(ClockSkew, Info, High), ClockSkew, Verdict::Fail),
        (run().found(ClockSkew, Info, Low), ClockSkew, Verdict::Pass),
        (run().found(NotSampled, Info, Medium), NotSampled, Verdict::Fail),
        (run().found(DuplicateConsume, Info, High), DuplicateConsume, Verdict::Pass),
        (run().found(ErrorOrigin, Info, High), ErrorOrigin, Verdict::Pass),
    ];
    for (n, (case, id, verdict)) in table.into_iter().enumerate() {
        assert_eq!(case.evaluated(&forbid(id)).verdict, verdict, "row {n}");
    }
    let also =
        Finding { also: vec![Orphan], ..Finding::new(ErrorOrigin, Warning, High, FindingDetail::LogWithoutSpan) };
    let mut case = run();
    case.findings.list.push(also);
    assert_eq!(case.evaluated(&forbid(Orphan)).verdict, Verdict::Fail);
}

#[test]
fn metrics_must_say_so_in_every_sample() {
    let of = |empty_is_well| Spec {
        metrics: vec![Metric { name: "m".into(), query: "m".into(), is: (Comparison::Equal, 0.0), empty_is_well }],
        ..spec("a: POST*")
    };
    let table = [
        (MetricReading::Samples(vec![0.0, 0.0]), false, "pass"),
        (MetricReading::Samples(vec![0.0, 2.0]), false, "fail; ✗ m: 2; == 0 expected"),
        (MetricReading::Samples(vec![]), true, "pass"),
        (MetricReading::Samples(vec![]), false, "cannot tell; ? m: no data"),
        (MetricReading::Samples(vec![f64::NAN]), false, "cannot tell; ? m: NaN, which says nothing"),
        (MetricReading::NotAvailable("Prometheus is down".into()), true, "cannot tell; ? m: Prometheus is down"),
    ];
    for (reading, empty, expected) in table {
        let mut case = settled(journey(RUN));
        case.metrics = vec![reading];
        assert_eq!(shown(&case.evaluated(&of(empty))), expected);
    }
}

#[test]
fn the_finding_that_explains_a_missing_step_is_named() {
    let mut case = settled(journey("shop/publish orders 60..62 producer topic=orders"));
    let mut lost = Finding::new(
        FindingId::PublishWithoutConsume,
        Severity::Error,
        Confidence::High,
        FindingDetail::LogWithoutSpan,
    );
    lost.operation = "orders".into();
    case.findings.list.push(lost);
    let outcome = case.evaluated(&spec("a: publish*\nb: process_orders, after a"));
    assert_eq!(check(&outcome, "b").finding, Some(FindingId::PublishWithoutConsume));
}

fn skewed(mut run: Journey, service: &str, ahead_ns: i64) -> Journey {
    let reference = run.spans[0].service().to_owned();
    run.skew = vec![Skew { reference, service: service.into(), ahead_ns, within_ns: None, pairs: 3 }];
    run
}

#[test]
fn a_hundred_thousand_spans_and_twenty_steps_take_no_time() {
    let started = std::time::Instant::now();
    let mut drawn = String::new();
    for n in 0..2_000 {
        drawn.push_str(&format!("s/root {n}..{}\n", n + 50));
        (0..49).for_each(|k| drawn.push_str(&format!("  s/op{k} {}..{} essay.id=e{k}\n", n + k, n + k + 1)));
    }
    let run = journey(&drawn);
    let drawing = started.elapsed();
    let mut steps = String::from("root: root\n");
    (0..19).for_each(|k| steps.push_str(&format!("s{k}: op{k}, same root, after root 10s, group\n")));
    let mut spec = spec(&steps);
    spec.groups = vec![RepeatedGroup { each: Each::Step(0), count: ExpectedCount::default() }];
    spec.steps.iter_mut().skip(1).for_each(|step| step.count = ExpectedCount::Range(1, Some(1)));
    spec.in_order = true;
    let started = std::time::Instant::now();
    let outcome = settled(run).evaluated(&spec);
    assert_eq!(outcome.verdict, Verdict::Pass, "{}", shown(&outcome));
    assert!(started.elapsed().as_secs() < 10, "{:?} beside {drawing:?}", started.elapsed());
    println!("{:?}", started.elapsed());
}

#[test]
fn kinds_of_checks_follow_the_spec() {
    let spec = Spec {
        within_ns: Some(MINUTE),
        in_order: true,
        forbid: vec![FindingId::Orphan],
        steps: vec![ExpectedStep {
            name: "a".into(),
            any_of: vec![selector("POST*")],
            must: Must::default(),
            ..ExpectedStep::default()
        }],
        ..Spec::default()
    };
    let kinds: Vec<CheckKind> = settled(journey(RUN)).evaluated(&spec).checks.iter().map(|check| check.kind).collect();
    assert_eq!(kinds, [CheckKind::Step, CheckKind::Within, CheckKind::InOrder, CheckKind::Forbid]);
}
