//! What holds for every run: of the demo, and drawn at random.

use proptest::prelude::*;
use std::collections::HashSet;

use super::*;
use crate::model::conventions::CORRELATION_KEYS;
use crate::model::evidence::Evidence;
use crate::model::id::SpanId;
use crate::query::{Query, Subject};
use crate::source::demo;
use crate::stitch::stitch;

const PLATFORM: &str = "
register: POST_/api/v1/batches/register @batch_orchestrator kind:server, max 10s
ask: kafka.publish.huleedu.spell__checker.check__request.v1, after register
spelling: kafka.consume.huleedu.spell__checker.check__request.v1, after ask 60s, same ask, ok
storage: storage__reference__update, after spelling, ok
judge: kafka.consume.huleedu.cj__assessment.assessment__request.v1, after storage
done: log:CJ_assessment_complete, optional";

fn platform() -> Spec {
    Spec {
        within_ns: Some(2 * MINUTE),
        in_order: true,
        absent: vec![Absence { what: selector("log:error__context"), status: None, text: "log".into() }],
        ..spec(PLATFORM)
    }
}

/// The steps that must each be there.
const NEEDED: [&str; 5] = ["POST", "publish.huleedu.spell", "consume.huleedu.spell", "storage_", "consume.huleedu.cj"];

fn stitched(id: &str, evidence: Evidence) -> Journey {
    let keys = CORRELATION_KEYS.map(str::to_owned).to_vec();
    stitch(evidence, &Query::about(Subject::correlation(id), keys, demo::NOW))
}

fn run(scenario: usize, seed: u64) -> (String, Evidence) {
    let run = demo::scenarios()[scenario].run(demo::NOW.plus(-10 * MINUTE), seed);
    (run.correlation_id.clone(), demo::evidence(&run))
}

#[test]
fn the_demos_runs_are_evaluated_as_they_are() {
    let broken = [
        "lost-message",
        "missing-storage-update",
        "storage-error",
        "database-cascade",
        "callee-down",
        "redelivery",
        "logs-only-service",
        "fan-out-lost",
    ];
    for (n, scenario) in demo::scenarios().into_iter().enumerate() {
        let (id, evidence) = run(n, 1);
        let outcome = settled(stitched(&id, evidence)).evaluated(&platform());
        let expected = if broken.contains(&scenario.name) { Verdict::Fail } else { Verdict::Pass };
        assert_eq!(outcome.verdict, expected, "{}: {}", scenario.name, shown(&outcome));
    }
}

/// A run at random: some steps are doubled, failed, late, linked, or not there.
fn drawn() -> impl Strategy<Value = Journey> {
    let step = (0..3_usize, any::<bool>(), 0..50_i64, 0..4_usize);
    proptest::collection::vec(step, 1..8).prop_map(|steps| {
        let mut text = String::from("s/root 0..1000 server\n");
        for (n, (name, is_error, at, depth)) in steps.into_iter().enumerate() {
            let name = ["A", "B", "C"][name];
            let (indent, way) = [("  ", ""), ("    ", ""), ("  ", "~> "), ("", "")][depth];
            let error = if is_error { " error" } else { "" };
            text.push_str(&format!("{indent}{way}s{}/{name} {at}..{} trace={}{error}\n", n % 3, at + 5, n % 2 + 1));
        }
        journey(&text)
    })
}

/// Some steps on A, B and C at random.
fn wanted() -> impl Strategy<Value = Spec> {
    let rule = prop_oneof![
        Just(""),
        Just(", ok"),
        Just(", ok, every"),
        Just(", optional"),
        Just(", 1"),
        Just(", 1..2, ok"),
        Just(", max 5ms"),
        Just(", failed")
    ];
    let order = prop_oneof![Just(""), Just(", after a"), Just(", after a 1s"), Just(", before a"), Just(", same a")];
    let more = (rule.clone(), rule, order, any::<bool>(), any::<bool>());
    more.prop_map(|(first, second, order, in_order, absent)| {
        let absence = Absence { what: selector("C"), status: Some(ExpectedStatus::Error), text: "C".into() };
        Spec {
            in_order,
            absent: if absent { vec![absence] } else { vec![] },
            ..spec(&format!("a: A{first}\nb: B{second}{order}"))
        }
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    #[test]
    fn the_order_of_answers_changes_nothing(scenario in 0..19_usize, seed in 0..50_u64, by in any::<u64>()) {
        let (id, evidence) = run(scenario, seed);
        let mut shuffled = evidence.clone();
        let mut random = fastrand::Rng::with_seed(by);
        random.shuffle(&mut shuffled.spans);
        random.shuffle(&mut shuffled.logs);
        let before = settled(stitched(&id, evidence)).evaluated(&platform());
        prop_assert_eq!(before, settled(stitched(&id, shuffled)).evaluated(&platform()));
    }

    #[test]
    fn without_a_needed_span_nothing_passes(scenario in 0..19_usize, seed in 0..50_u64, gone in 0..5_usize) {
        let (id, mut evidence) = run(scenario, seed);
        evidence.spans.retain(|span| !span.name.contains(NEEDED[gone]));
        let outcome = settled(stitched(&id, evidence)).evaluated(&platform());
        prop_assert_ne!(outcome.verdict, Verdict::Pass, "{}", shown(&outcome));
    }

    #[test]
    fn without_a_source_nothing_that_passed_fails(scenario in 0..19_usize, seed in 0..50_u64, which in 0..3_usize) {
        let (id, mut evidence) = run(scenario, seed);
        let mut before = settled(stitched(&id, evidence.clone()));
        let spec = Spec { metrics: vec![metric()], ..platform() };
        before.metrics = vec![MetricReading::Samples(vec![0.0])];
        for source_status in [SourceStatus::Incomplete, SourceStatus::NotConfigured] {
            let mut after = before.clone();
            match which {
                0 => {
                    evidence.spans.clear();
                    after = EvaluationCase { jaeger: source_status, journey: stitched(&id, evidence.clone()), ..after };
                }
                1 => {
                    evidence.logs.clear();
                    after = EvaluationCase { loki: source_status, journey: stitched(&id, evidence.clone()), ..after };
                }
                _ => after = EvaluationCase { prometheus: source_status, metrics: vec![MetricReading::NotAvailable("down".into())], ..after },
            }
            let (before, after) = (before.evaluated(&spec), after.evaluated(&spec));
            prop_assert!(before.verdict != Verdict::Pass || after.verdict != Verdict::Fail, "{}", shown(&after));
        }
    }
}

fn metric() -> Metric {
    Metric { name: "m".into(), query: "m".into(), is: (Comparison::Equal, 0.0), empty_is_well: false }
}

/// The run without some of its spans, and with some that no step expects.
fn bent(journey: &Journey, keep: impl Fn(usize) -> bool, more: usize) -> Journey {
    let mut spans: Vec<_> = journey.spans.clone();
    let mut index = 0;
    spans.retain(|_| {
        index += 1;
        keep(index - 1)
    });
    for n in 0..more {
        let mut span = journey.spans[n % journey.spans.len()].clone();
        span.name = "nobody asks".into();
        span.span_id = SpanId::from_u64(n as u64 + 1).unwrap();
        spans.push(span);
    }
    spans.sort_by_key(|span| (span.start, -span.duration_ns, span.span_id));
    let forest = crate::stitch::forest::build(&spans, &HashSet::new(), &mut vec![]);
    Journey { is_own: vec![true; spans.len()], spans, forest, ..journey.clone() }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2_000))]

    #[test]
    fn spans_that_no_step_asks_for_change_no_verdict(run in drawn(), spec in wanted(), more in 0..5_usize) {
        let before = settled(bent(&run, |_| true, 0)).evaluated(&spec);
        let after = settled(bent(&run, |_| true, more)).evaluated(&spec);
        prop_assert_eq!(before.verdict, after.verdict);
    }

    #[test]
    fn what_an_incomplete_answer_hides_turns_no_pass_into_fail(
        run in drawn(), spec in wanted(), hidden in any::<u16>(), young in any::<bool>()
    ) {
        let whole = settled(bent(&run, |_| true, 0)).evaluated(&spec);
        let mut cut = settled(bent(&run, |n| n >= 16 || hidden & (1 << n) == 0, 0));
        cut.jaeger = SourceStatus::Incomplete;
        let cut = if young { cut.aged(1) } else { cut }.evaluated(&spec);
        prop_assert!(whole.verdict != Verdict::Pass || cut.verdict != Verdict::Fail, "{} but {}", shown(&whole), shown(&cut));
        prop_assert!(
            whole.verdict != Verdict::Fail || cut.verdict != Verdict::Pass || hidden != 0,
            "{} but {}", shown(&whole), shown(&cut)
        );
    }
}
