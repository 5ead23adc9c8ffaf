//! Failures that are known and put up with for now: only new ones fail a gate.
//!
//! One a line: the kind of expectation, then its name as the spec has it; `#` begins a comment. Runs have other IDs each
//! time, so none is named.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use crate::pipeline::verdict::{Check, Kind, Outcome, State, Verdict};

/// The kinds by their words.
const KINDS: [(&str, Kind); 8] = [
    ("step", Kind::Step),
    ("within", Kind::Within),
    ("in_order", Kind::InOrder),
    ("group", Kind::Group),
    ("absent", Kind::Absent),
    ("when", Kind::When),
    ("forbid", Kind::Forbid),
    ("metric", Kind::Metric),
];

/// The expectations that are known to be broken.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct KnownFailures(Vec<(Kind, String)>);

impl KnownFailures {
    /// From a file's text.
    ///
    /// # Errors
    /// The first line that is none, by its number.
    pub fn parse(text: &str) -> Result<Self, String> {
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

    /// Whether a run failed, and in nothing that is not known.
    pub fn cover(&self, outcome: &Outcome) -> bool {
        let mut broken = outcome.checks.iter().filter(|check| check.state == State::Broken).peekable();
        outcome.verdict == Verdict::Fail && broken.peek().is_some() && broken.all(|check| self.covers(check))
    }

    fn covers(&self, check: &Check) -> bool {
        self.0.iter().any(|(kind, name)| *kind == check.kind && *name == one_line(&check.name))
    }
}

/// The failures of these runs as a file, each with how many runs it fails.
pub fn written<'a>(pipeline: &str, outcomes: impl Iterator<Item = &'a Outcome>) -> String {
    let mut counts: BTreeMap<(Kind, String), usize> = BTreeMap::new();
    let mut runs = 0;
    for outcome in outcomes {
        runs += 1;
        let mut broken: Vec<_> = outcome.checks.iter().filter(|check| check.state == State::Broken).collect();
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
        let word = KINDS.iter().find(|(_, known)| *known == kind).map_or("step", |(word, _)| *word);
        let _ = writeln!(text, "\n# in {n} of {runs} runs\n{}", format!("{word} {name}").trim_end());
    }
    text
}

/// Names come from the spec, which may break lines.
fn one_line(name: &str) -> String {
    name.split_whitespace().collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn outcome(broken: &[(Kind, &str)]) -> Outcome {
        let check = |(kind, name): &(Kind, &str)| Check {
            kind: *kind,
            name: (*name).to_owned(),
            of: None,
            state: State::Broken,
            why: vec![],
            depends_on: vec![],
            seen: vec![],
            expected: String::new(),
            wait_ns: None,
            nearest: None,
            finding: None,
            value: None,
        };
        let verdict = if broken.is_empty() { Verdict::Pass } else { Verdict::Fail };
        Outcome { verdict, checks: broken.iter().map(check).collect(), waiting_for: vec![], until: None }
    }

    #[test]
    fn what_was_written_is_known_and_nothing_else_is() {
        let ours = outcome(&[(Kind::Step, "spelling"), (Kind::Absent, "{ span: \"*\",\n status: error }")]);
        let text = written("essay-batch", [&ours, &outcome(&[])].into_iter());
        let known = KnownFailures::parse(&text).unwrap();
        assert!(known.cover(&ours) && known.cover(&outcome(&[(Kind::Step, "spelling")])), "{text}");
        assert!(text.contains("# in 1 of 2 runs\nstep spelling\n"), "{text}");
        let new = [(Kind::Step, "spelling"), (Kind::Step, "storage")];
        assert!(!known.cover(&outcome(&new)) && !known.cover(&outcome(&[])));
        assert!(KnownFailures::parse("\n# x\nstop spelling").unwrap_err().starts_with("line 3: \"stop\""));
    }
}
