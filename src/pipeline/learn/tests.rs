//! Learned specs are read back as they were meant, whatever spans are called.

use proptest::prelude::*;

use super::yaml_scalar::scalar;
use super::*;
use crate::analysis::journey::findings::FindingSet;
use crate::analysis::journey::sketch::journey;
use crate::pipeline::spec::{ExpectedCount, Relation, SeenIn};

fn analysed(text: &str, rename: impl Fn(&mut String)) -> AnalysedJourney {
    let mut journey = journey(text);
    journey.spans.iter_mut().for_each(|span| rename(&mut span.name));
    AnalysedJourney { journey, findings: FindingSet::default() }
}

fn learned(runs: Vec<AnalysedJourney>) -> (String, Spec) {
    let mut learner = Learner::default();
    runs.into_iter().for_each(|run| learner.add(run));
    let yaml = learner.finish(&LearnOptions { force: true, name: None }).unwrap().yaml();
    let spec = file::read("learned.yaml", yaml.as_bytes()).unwrap_or_else(|wrong| panic!("{wrong}\n{yaml}"));
    (yaml, spec)
}

fn names(spec: &Spec) -> Vec<String> {
    let name = |step: &crate::pipeline::spec::ExpectedStep| match &step.any_of[0].what {
        SeenIn::Span(name) | SeenIn::Log(name) => name.to_string(),
    };
    spec.steps.iter().map(name).collect()
}

#[test]
fn names_that_differ_in_numbers_between_runs_are_one_step_and_others_are_not() {
    let run = |n: usize| {
        analysed("cart 0..90\n  users 5..20\n  stage 30..40\n  late 50..60", |name| match name.as_str() {
            "users" => *name = format!("GET users-{n}"),
            "stage" => "stage-1".clone_into(name),
            "late" => "stage-2".clone_into(name),
            _ => {}
        })
    };
    let (yaml, spec) = learned([17, 4711, 99].map(run).into());
    assert_eq!(names(&spec), ["cart", "GET users-*", "stage-1", "stage-2"], "{yaml}");
}

#[test]
fn what_varies_together_is_the_same_and_what_some_lack_is_optional() {
    let run = |essays: usize, cached: bool| {
        let mut text = "cart 0..900".to_owned();
        for n in 0..essays {
            text += &format!("\n  check {}..{}\n    store {}..{}", 10 + 20 * n, 25 + 20 * n, 12 + 20 * n, 20 + 20 * n);
        }
        text + if cached { "\n  miss 700..710" } else { "" }
    };
    let runs = [(3, true), (5, false), (4, true)].map(|(essays, cached)| analysed(&run(essays, cached), |_| ()));
    let (yaml, spec) = learned(runs.into());
    let step =
        |name: &str| spec.steps.iter().find(|step| step.name == name).unwrap_or_else(|| panic!("{name}\n{yaml}"));
    assert_eq!((step("check").count, step("miss").optional), (ExpectedCount::Range(3, Some(5)), true), "{yaml}");
    let check = spec.steps.iter().position(|step| step.name == "check").unwrap();
    assert_eq!(step("store").count, ExpectedCount::SameAs(check), "{yaml}");
    assert!(step("store").order.iter().all(|o| o.step == check && matches!(o.relation, Relation::After { .. })));
    assert_eq!(step("store").order.len(), 1);
}

#[test]
fn a_span_without_a_name_is_a_step() {
    for name in ["", " ", "\r", "\u{3000}"] {
        let run = || analysed("cart 0..90\n  odd 5..20", |old| *old = old.replace("odd", name));
        let runs: Vec<AnalysedJourney> = (0..3).map(|_| run()).collect();
        let (yaml, spec) = learned(runs.clone());
        assert_eq!(spec.steps.len(), 2, "{yaml}");
        let outcome = verify(&spec, &runs[0]);
        assert_eq!(outcome.verdict, Verdict::Pass, "{:#?}\n{yaml}", outcome.checks);
    }
}

proptest! {
    #[test]
    fn whatever_a_span_is_called_nothing_else_is_read(name in r#"[ -~\n\r\t\u{1b}\u{202e}äλ🦀*:#"'{}\[\]\\&!|>%@`]{0,40}"#, prefix in "(re:|- |\\* |!|# |::error::|)") {
        let name = prefix + &name;
        let quoted = scalar(&name);
        prop_assert!(!quoted.chars().any(|c| c.is_control() || c == '\u{202e}'), "{quoted:?}");
        let runs = (0..3).map(|_| analysed("cart 0..90\n  odd 5..20", |old| if old == "odd" { old.clone_from(&name); }));
        let runs: Vec<AnalysedJourney> = runs.collect();
        let (yaml, spec) = learned(runs.clone());
        prop_assert_eq!(spec.steps.len(), 2, "{}", &yaml);
        prop_assert!(!yaml.chars().any(|c| c != '\n' && c.is_control()));
        for run in &runs {
            let outcome = verify(&spec, run);
            prop_assert_eq!(outcome.verdict, Verdict::Pass, "{:#?}\n{}", outcome.checks, yaml);
        }
    }
}
