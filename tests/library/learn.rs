//! What is learned from good runs lets good runs pass and finds what is planted in others, by the step that it hits.

use trace::analysis::journey::findings::known::Knowledge;
use trace::analysis::journey::findings::{AnalysedJourney, FindingsInput};
use trace::model::conventions::CORRELATION_KEYS;
use trace::model::time::{DAY, MINUTE};
use trace::pipeline::evaluate::{EvaluationInput, SourceStatus, evaluate};
use trace::pipeline::file;
use trace::pipeline::learn::learned_pipeline::LearnedPipeline;
use trace::pipeline::learn::{LearnOptions, Learner, update};
use trace::pipeline::spec::Spec;
use trace::pipeline::verdict::{CheckState, RunOutcome, Verdict};
use trace::query::{Query, Subject};
use trace::source::demo::{self, NOW, scenarios};
use trace::stitch::stitch;

fn analysed(scenario: &str, seed: u64) -> AnalysedJourney {
    let scenario = scenarios().into_iter().find(|s| s.name == scenario).expect("the scenario");
    let run = scenario.run(NOW.plus(-5 * MINUTE), seed);
    let keys = CORRELATION_KEYS.map(str::to_owned).to_vec();
    let query = Query::about(Subject::correlation(run.correlation_id.clone()), keys, NOW);
    let journey = stitch(demo::evidence(&run), &query);
    // Known from good runs: each topic has a consumer.
    let mut known = Knowledge::default();
    demo::embedded().iter().for_each(|(_, other)| known.learn_spans(&other.spans));
    known.learn(&journey);
    AnalysedJourney::new(
        journey,
        &FindingsInput { complete: true, settled: true, looked_up: true, known: &known, baseline: None },
    )
}

fn verify(spec: &Spec, analysed: &AnalysedJourney) -> RunOutcome {
    let ground = EvaluationInput {
        journey: &analysed.journey,
        findings: &analysed.findings,
        spans: SourceStatus::Complete,
        lines: SourceStatus::Complete,
        metrics: SourceStatus::Complete,
        settled: true,
        settle_ns: 0,
        now: NOW.plus(DAY),
        wait_until: None,
        window_end: None,
        readings: &[],
    };
    evaluate(spec, &ground)
}

fn learned(runs: impl Iterator<Item = AnalysedJourney>, options: &LearnOptions) -> LearnedPipeline {
    let mut learner = Learner::default();
    runs.for_each(|run| learner.add(run));
    learner.finish(options).expect("enough good runs")
}

fn from_fifty() -> (LearnedPipeline, Spec) {
    let draft = learned((1..=50).map(|seed| analysed("complete", seed)), &LearnOptions::default());
    let spec = file::read("learned.yaml", draft.yaml().as_bytes()).expect("a sound spec");
    (draft, spec)
}

#[test]
fn good_runs_pass_and_each_planted_fault_breaks_the_step_that_it_hits() {
    let (draft, spec) = from_fifty();
    println!("{}", draft.yaml());
    assert_eq!((draft.runs, draft.aside.as_ref().map(|aside| (aside.runs, aside.passed))), (40, Some((10, 10))));
    let learned_from = (1..=50).filter(|seed| verify(&spec, &analysed("complete", *seed)).verdict == Verdict::Pass);
    assert_eq!(learned_from.count(), 50, "what it was learned from passes");
    let fresh = (101..=200).filter(|seed| verify(&spec, &analysed("complete", *seed)).verdict == Verdict::Pass).count();
    println!("fresh good runs that pass: {fresh} of 100");
    assert!(fresh >= 99, "{fresh} of 100");

    let table = [
        ("lost-message", "consume-assessment-request"),
        ("missing-storage-update", "storage-reference-update"),
        ("storage-error", "storage-reference-update"),
        ("database-cascade", "storage-reference-update"),
        ("callee-down", "score-essays"),
        ("own-trace", "broken_propagation"),
        ("late-consumer", "consume-check-request"),
        ("logs-only-service", "consume-assessment-request"),
        ("parent-never-stored", "consume-check-complete"),
    ];
    for (scenario, named) in table {
        let mut first = vec![];
        for seed in 1..=20 {
            let outcome = verify(&spec, &analysed(scenario, seed));
            let broken = outcome.checks.iter().filter(|check| check.state == CheckState::Broken);
            let broken: Vec<String> = broken.map(|check| check.name.clone()).collect();
            assert_eq!(outcome.verdict, Verdict::Fail, "{scenario} {seed}");
            assert!(broken.iter().any(|name| name == named), "{scenario} {seed}: {broken:?}");
            first = broken;
        }
        println!("{scenario:24} {named:28} broken: {}", first.join(", "));
    }
}

#[test]
fn what_is_learned_does_not_depend_on_the_order_of_the_runs_and_holds_for_all_of_them() {
    let names =
        ["complete", "linked-trace", "untagged-spans", "logfmt-logs", "clock-off", "redelivery", "fan-out-lost"];
    for with in 1..names.len() {
        let runs = || (1..=9_u64).map(|seed| analysed(names[usize::try_from(seed).expect("small") % (with + 1)], seed));
        let draft = learned(runs(), &LearnOptions::default());
        let spec = file::read("learned.yaml", draft.yaml().as_bytes())
            .unwrap_or_else(|wrong| panic!("{wrong}\n{}", draft.yaml()));
        let mut backwards: Vec<AnalysedJourney> = runs().collect();
        backwards.reverse();
        assert_eq!(learned(backwards.into_iter(), &LearnOptions::default()).yaml(), draft.yaml(), "{with}");
        if draft.left_out.is_empty() {
            for run in runs() {
                let outcome = verify(&spec, &run);
                assert_eq!(outcome.verdict, Verdict::Pass, "{with}: {:#?}\n{}", outcome.checks, draft.yaml());
            }
        }
    }
}

#[test]
fn too_few_good_runs_teach_nothing_and_bad_ones_are_said() {
    let mut learner = Learner::default();
    ["complete", "storage-error", "complete"].iter().for_each(|name| learner.add(analysed(name, 1)));
    learner.leave_out("that did not come whole");
    let few = learner.finish(&LearnOptions::default()).expect_err("too few");
    assert_eq!((few.good, few.left_out.len()), (2, 2), "{few:?}");
    let runs = ["complete", "storage-error"].map(|name| analysed(name, 1)).into_iter();
    let draft = learned(runs, &LearnOptions { force: true, name: Some("it's: #1".into()) });
    assert!(draft.yaml().contains("# Left out: 1 run that failed.\n"), "{}", draft.yaml());
    assert_eq!(file::read("x", draft.yaml().as_bytes()).expect("sound").name, "it's: #1");
}

#[test]
fn an_update_adds_what_is_new_renews_figures_and_keeps_what_people_wrote() {
    let (draft, _) = from_fifty();
    let old = "\
pipeline: essays   # ours
steps:
  # in 3 of 3 runs; took 1 s
  - begin: { span: \"POST *\", max: 9s }   # agreed with the platform team
  # in 3 of 3 runs; took 1 s
  - storage: { span: storage_reference_update }   # keep
forbid: [gap]
";
    let spec = file::read("old.yaml", old.as_bytes()).expect("sound");
    let updated = update("old.yaml", old, &spec, &draft).expect("an update");
    let spec = file::read("new.yaml", updated.text.as_bytes()).expect("sound");
    assert_eq!((updated.added, spec.steps.len()), (draft.steps.len() - 2, draft.steps.len()));
    println!("{}", updated.diff);
    let removed: Vec<&str> = updated.diff.lines().skip(2).filter(|line| line.starts_with('-')).collect();
    assert_eq!(removed, ["-  # in 3 of 3 runs; took 1 s"], "only the figures of what is not kept are renewed");
    let hand_written = old.lines().filter(|line| !line.contains("# in 3 of 3") || line.contains("keep"));
    assert!(hand_written.clone().count() == 5 && { hand_written }.all(|line| updated.text.lines().any(|l| l == line)));
    assert!(updated.text.contains("after: { begin: "), "new steps name old ones as the file does");
    let again = update("old.yaml", &updated.text, &spec, &draft).expect("an update");
    assert_eq!((again.diff.as_str(), again.text), ("", updated.text), "a second time nothing changes");
}
