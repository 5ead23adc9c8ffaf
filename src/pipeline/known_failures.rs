//! Known failures, which do not fail a gate; only new ones do.
//!
//! One a line: the kind of expectation, then its name as the spec has it; `#` begins a comment. No correlation IDs, because
//! every run has another one.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use schemars::JsonSchema;
use serde::Serialize;

use crate::pipeline::verdict::{Check, CheckKind, CheckState, RunOutcome, Verdict};

/// The kinds by their names in the file.
const KINDS: [(&str, CheckKind); 8] = [
    ("step", CheckKind::Step),
    ("within", CheckKind::Within),
    ("in_order", CheckKind::InOrder),
    ("group", CheckKind::Group),
    ("absent", CheckKind::Absent),
    ("when", CheckKind::When),
    ("forbid", CheckKind::Forbid),
    ("metric", CheckKind::Metric),
];

/// The current state of a known failure.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum KnownFailureState {
    /// At least one run breaks it.
    Fails,
    /// No run breaks it; it is undecided in some.
    Undecided,
    /// Every run meets it.
    Obsolete,
    /// The spec has no such expectation.
    Unknown,
}

/// A known failure.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub(crate) struct KnownFailure {
    /// The kind of expectation.
    pub(crate) kind: CheckKind,
    /// The step's name, or the expectation as it was written.
    pub(crate) name: String,
    /// Its current state.
    pub(crate) now: KnownFailureState,
}

impl KnownFailure {
    /// Its line in the file: `step spelling`.
    pub fn line(&self) -> String {
        line(self.kind, &self.name)
    }
}

/// The expectations that are known to be broken, in the order of the file.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct KnownFailures(Vec<(CheckKind, String)>);

impl KnownFailures {
    /// Parses a file's text.
    ///
    /// # Errors
    /// The first invalid line, with its number.
    pub(crate) fn parse(text: &str) -> Result<Self, String> {
        let mut known = vec![];
        for (number, line) in text.lines().enumerate() {
            let line = line.trim();
            if line.is_empty() || line.starts_with('#') {
                continue;
            }
            let (word, name) = line.split_once(' ').unwrap_or((line, ""));
            let kind = KINDS.iter().find(|(known, _)| *known == word).map(|(_, kind)| *kind);
            let Some(kind) = kind else {
                let words: Vec<&str> = KINDS.iter().map(|(word, _)| *word).collect();
                return Err(format!("line {}: {word:?} is none of {}", number + 1, words.join(", ")));
            };
            known.push((kind, name.trim().to_owned()));
        }
        Ok(Self(known))
    }

    /// Whether a run failed and every broken expectation is known.
    pub(crate) fn cover(&self, outcome: &RunOutcome) -> bool {
        let mut broken = outcome.checks.iter().filter(|check| check.state == CheckState::Broken).peekable();
        outcome.verdict == Verdict::Fail && broken.peek().is_some() && broken.all(|check| self.covers(check))
    }

    fn covers(&self, check: &Check) -> bool {
        self.0.iter().any(|(kind, name)| is_about(check, *kind, name))
    }

    /// The state of each in these runs, in the order of the file. Every run has a check for every expectation.
    pub(crate) fn states_after(&self, outcomes: &[&RunOutcome]) -> Vec<KnownFailure> {
        let now = |kind, name: &str| {
            let checks = outcomes.iter().flat_map(|outcome| &outcome.checks);
            let states: Vec<CheckState> = checks.filter(|c| is_about(c, kind, name)).map(|c| c.state).collect();
            match () {
                () if states.contains(&CheckState::Broken) => KnownFailureState::Fails,
                () if states.contains(&CheckState::Undecided) || outcomes.is_empty() => KnownFailureState::Undecided,
                () if states.is_empty() => KnownFailureState::Unknown,
                () => KnownFailureState::Obsolete,
            }
        };
        self.0
            .iter()
            .map(|(kind, name)| KnownFailure { kind: *kind, name: name.clone(), now: now(*kind, name) })
            .collect()
    }
}

fn is_about(check: &Check, kind: CheckKind, name: &str) -> bool {
    kind == check.kind && name == one_line(&check.name)
}

fn line(kind: CheckKind, name: &str) -> String {
    let word = KINDS.iter().find(|(_, known)| *known == kind).map_or("step", |(word, _)| *word);
    format!("{word} {name}").trim_end().to_owned()
}

/// The failures of these runs as a file, each with the number of runs it breaks, and known ones that are undecided now.
pub(crate) fn to_text<'a>(
    pipeline: &str,
    outcomes: impl Iterator<Item = &'a RunOutcome>,
    known: &[KnownFailure],
) -> String {
    let mut counts: BTreeMap<(CheckKind, String), usize> = BTreeMap::new();
    let mut runs = 0;
    for outcome in outcomes {
        runs += 1;
        let mut broken: Vec<_> = outcome.checks.iter().filter(|check| check.state == CheckState::Broken).collect();
        broken.dedup_by(|a, b| (a.kind, &a.name) == (b.kind, &b.name));
        for check in broken {
            *counts.entry((check.kind, one_line(&check.name))).or_default() += 1;
        }
    }
    let mut text = format!(
        "# Known failures of {}: `trace verify-pipeline --known-failures THIS` fails on others only.\n",
        one_line(pipeline)
    );
    for ((kind, name), n) in counts {
        let _ = writeln!(text, "\n# in {n} of {runs} runs\n{}", line(kind, &name));
    }
    for open in known.iter().filter(|failure| failure.now == KnownFailureState::Undecided) {
        let _ = writeln!(text, "\n# known before, and undecided in {runs} runs\n{}", open.line());
    }
    text
}

/// Names come from the spec, which may contain line breaks.
fn one_line(name: &str) -> String {
    name.split_whitespace().collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn outcome(broken: &[(CheckKind, &str)]) -> RunOutcome {
        let checks = broken.iter().map(|(kind, name)| check(*kind, name, CheckState::Broken)).collect();
        let verdict = if broken.is_empty() { Verdict::Pass } else { Verdict::Fail };
        RunOutcome { verdict, checks, waiting_for: vec![], until: None }
    }

    fn outcome_of(steps: &[(CheckState, &str)]) -> RunOutcome {
        let checks = steps.iter().map(|(state, name)| check(CheckKind::Step, name, *state)).collect();
        RunOutcome { checks, ..outcome(&[]) }
    }

    fn check(kind: CheckKind, name: &str, state: CheckState) -> Check {
        Check {
            kind,
            name: name.to_owned(),
            of: None,
            state,
            why: vec![],
            depends_on: vec![],
            seen: vec![],
            expected: String::new(),
            wait_ns: None,
            nearest: None,
            finding: None,
            forbidden: vec![],
            value: None,
        }
    }

    #[test]
    fn what_was_written_is_known_and_nothing_else_is() {
        let ours = outcome(&[(CheckKind::Step, "spelling"), (CheckKind::Absent, "{ span: \"*\",\n status: error }")]);
        let text = to_text("essay-batch", [&ours, &outcome(&[])].into_iter(), &[]);
        let known = KnownFailures::parse(&text).unwrap();
        assert!(known.cover(&ours) && known.cover(&outcome(&[(CheckKind::Step, "spelling")])), "{text}");
        assert!(text.contains("# in 1 of 2 runs\nstep spelling\n"), "{text}");
        let new = [(CheckKind::Step, "spelling"), (CheckKind::Step, "storage")];
        assert!(!known.cover(&outcome(&new)) && !known.cover(&outcome(&[])));
        let reported = outcome_of(&[(CheckState::Broken, "a"), (CheckState::Met, "b"), (CheckState::Undecided, "c")]);
        let more = outcome_of(&[(CheckState::Met, "a"), (CheckState::Met, "b"), (CheckState::Met, "c")]);
        let old = KnownFailures::parse("step a\nstep b\nstep c\nstep d\nwithin b\n").unwrap();
        let after = old.states_after(&[&reported, &more]);
        let now: Vec<KnownFailureState> = after.iter().map(|failure| failure.now).collect();
        assert_eq!(
            now,
            [
                KnownFailureState::Fails,
                KnownFailureState::Obsolete,
                KnownFailureState::Undecided,
                KnownFailureState::Unknown,
                KnownFailureState::Unknown
            ]
        );
        assert!(
            old.states_after(&[]).iter().all(|failure| failure.now == KnownFailureState::Undecided),
            "nothing was seen"
        );
        let text = to_text("p", [&reported, &more].into_iter(), &after);
        let lines: Vec<&str> = text.lines().filter(|line| line.starts_with(char::is_alphabetic)).collect();
        assert_eq!(lines, ["step a", "step c"]);
        assert!(KnownFailures::parse("\n# x\nstop spelling").unwrap_err().starts_with("line 3: \"stop\""));
    }
}
