//! Updates a spec that people edited with what was learned.
//!
//! The lines of the file stay: each may be a decision of its author. Two things change: learned steps that no step of the
//! file selects are appended to the list, and the figures in the comment above a step, and above `within`, are renewed. A
//! line with `# keep` keeps the comment above it.

use std::fmt::Write;

use crate::model::pattern::Pattern;
use crate::model::span::SpanKind;
use crate::pipeline::file;
use crate::pipeline::learn::learned_pipeline::{LearnedCount, LearnedPipeline, LearnedStep};
use crate::pipeline::learn::step_names::StepNames;
use crate::pipeline::learn::yaml::step_yaml;
use crate::pipeline::matching::is_service;
use crate::pipeline::spec::{SeenIn, Selector, Spec};

/// Context lines around a change, as `diff -u` has them.
const CONTEXT_LINES: usize = 3;

/// The updated file.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Update {
    /// The whole text.
    pub text: String,
    /// What changes, as a unified diff; empty where nothing does.
    pub diff: String,
    /// Number of added steps.
    pub added: usize,
}

/// Replaces the lines `old`, from line `at` on (from 0), with `new`.
struct Edit {
    at: usize,
    old: Vec<String>,
    new: Vec<String>,
}

/// Updates the text of a valid spec; `path` is its name in the diff and in diagnostics.
///
/// # Errors
/// The steps are not a list with an item a line, or the result would not be a valid spec: its diagnostics.
pub fn update(path: &str, text: &str, spec: &Spec, draft: &LearnedPipeline) -> Result<Update, String> {
    let outline = file::outline(text).ok_or_else(|| format!("{path}: the steps are not a list with an item a line"))?;
    let mut step_names = StepNames::with_taken(
        outline.names.iter().map(|(name, _)| name.clone()).chain(spec.steps.iter().map(|step| step.name.clone())),
    );
    let existing_step =
        |step: &LearnedStep| spec.steps.iter().find(|old| old.any_of.iter().any(|selector| selects(selector, step)));
    let names: Vec<(String, String)> = draft
        .steps
        .iter()
        .map(|step| {
            (
                step.name.clone(),
                existing_step(step).map_or_else(|| step_names.unique(&step.name), |old| old.name.clone()),
            )
        })
        .collect();
    let name_of = |name: &str| names.iter().find(|(learned, _)| learned == name).map(|(_, name_of)| name_of.clone());
    let lines: Vec<&str> = text.lines().collect();
    let mut edits = vec![];
    if let (Some(within), Some(at)) = (draft.within_figures(), lines.iter().position(|l| l.starts_with("within:"))) {
        edits.extend(figures_edit(&lines, at, &within));
    }
    let mut added = vec![];
    for step in &draft.steps {
        if let Some(old) = existing_step(step) {
            let at = outline.names.iter().find(|(name, _)| *name == old.name).map(|(_, step_yaml)| *step_yaml);
            edits.extend(at.and_then(|at| figures_edit(&lines, at, &draft.figures(step))));
            continue;
        }
        let mut step = LearnedStep { name: name_of(&step.name).unwrap_or_default(), ..step.clone() };
        added.push(draft.figures(&step));
        if let Some(after) = &mut step.after {
            after.step = name_of(&after.step).unwrap_or_default();
        }
        if let LearnedCount::SameAs(other) = &mut step.count {
            *other = name_of(other).unwrap_or_default();
        }
        added.push(step_yaml(&step));
    }
    edits.sort_by_key(|edit| edit.at);
    edits.dedup_by_key(|edit| edit.at);
    let indent = " ".repeat(outline.indent);
    let indented =
        |pair: &[String]| pair.iter().zip(["# ", ""]).map(|(l, sign)| format!("{indent}{sign}{l}")).collect::<Vec<_>>();
    let new: Vec<String> = added.chunks(2).flat_map(indented).collect();
    let added = new.len() / 2;
    if added > 0 {
        let place = edits.iter().position(|edit| edit.at >= outline.below).unwrap_or(edits.len());
        edits.insert(place, Edit { at: outline.below.min(lines.len()), old: vec![], new });
    }
    let updated = Update { text: apply(&lines, &edits), diff: diff(path, &lines, &edits), added };
    match file::read(path, updated.text.as_bytes()) {
        Ok(_) => Ok(updated),
        Err(wrong) => Err(format!("with the new steps it is no sound spec:\n{wrong}")),
    }
}

/// Whether a selector of the file matches the spans of a learned step.
fn selects(selector: &Selector, step: &LearnedStep) -> bool {
    let SeenIn::Span(name) = &selector.what else { return false };
    name.matches(&step.example)
        && selector.service.as_ref().is_none_or(|service: &Pattern| is_service(service, &step.service))
        && selector.kind.is_none_or(|kind| kind == step.kind || step.kind == SpanKind::Unspecified)
}

/// Renews the figures in the comment above a line; none if it has none, is kept or is unchanged.
fn figures_edit(lines: &[&str], at: usize, figures: &str) -> Option<Edit> {
    let above = at.checked_sub(1)?;
    let (own, comment) = (lines.get(at)?, lines.get(above)?);
    let indent = &comment[..comment.len() - comment.trim_start().len()];
    let figures_text = comment.trim_start().strip_prefix("# in ")?;
    let is_ours = figures_text
        .split_once(" of ")
        .is_some_and(|(n, remaining)| n.parse::<usize>().is_ok() && remaining.contains(" runs"));
    let is_kept = own.contains("# keep") || comment.contains("# keep");
    let new = format!("{indent}# {figures}");
    (is_ours && !is_kept && new != **comment).then(|| Edit {
        at: above,
        old: vec![(*comment).to_owned()],
        new: vec![new],
    })
}

fn apply(lines: &[&str], edits: &[Edit]) -> String {
    let mut text = String::new();
    let mut next = 0;
    for edit in edits {
        lines[next..edit.at].iter().for_each(|step_yaml| text.extend([step_yaml, "\n"]));
        edit.new.iter().for_each(|step_yaml| text.extend([step_yaml.as_str(), "\n"]));
        next = edit.at + edit.old.len();
    }
    lines[next..].iter().for_each(|step_yaml| text.extend([step_yaml, "\n"]));
    text
}

fn diff(path: &str, lines: &[&str], edits: &[Edit]) -> String {
    if edits.is_empty() {
        return String::new();
    }
    let mut diff = format!("--- {path}\n+++ {path}\n");
    let mut lines_added = 0_usize;
    let mut lines_removed = 0_usize;
    let mut remaining = edits;
    while let Some(first) = remaining.first() {
        // Changes whose context lines touch are one hunk.
        let touches = |pair: &[Edit]| pair[0].at + pair[0].old.len() + 2 * CONTEXT_LINES >= pair[1].at;
        let hunk_edits = 1 + remaining.windows(2).take_while(|pair| touches(pair)).count();
        let (hunk, others) = remaining.split_at(hunk_edits);
        remaining = others;
        let end = hunk.last().map_or(first.at, |edit| edit.at + edit.old.len());
        let (from, to) = (first.at.saturating_sub(CONTEXT_LINES), (end + CONTEXT_LINES).min(lines.len()));
        let (old, new): (usize, usize) =
            hunk.iter().fold((0, 0), |(old, new), edit| (old + edit.old.len(), new + edit.new.len()));
        let count = to - from;
        let _ = writeln!(
            diff,
            "@@ -{},{count} +{},{} @@",
            from + 1,
            from + 1 + lines_added - lines_removed,
            count + new - old
        );
        lines_added += new;
        lines_removed += old;
        let mut next = from;
        for edit in hunk {
            lines[next..edit.at].iter().for_each(|step_yaml| diff.extend([" ", step_yaml, "\n"]));
            edit.old.iter().for_each(|step_yaml| diff.extend(["-", step_yaml, "\n"]));
            edit.new.iter().for_each(|step_yaml| diff.extend(["+", step_yaml, "\n"]));
            next = edit.at + edit.old.len();
        }
        lines[next..to].iter().for_each(|step_yaml| diff.extend([" ", step_yaml, "\n"]));
    }
    diff
}
