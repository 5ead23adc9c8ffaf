//! A learned pipeline as YAML: the comment above each line has the figures behind it.

use std::fmt::Write;

use crate::model::span::SpanKind;
use crate::pipeline::learn::learned_pipeline::{HeldOut, LearnedCount, LearnedPipeline, LearnedStep};
use crate::pipeline::learn::limit::spec_duration;
use crate::pipeline::learn::signatures::literal_pattern;
use crate::pipeline::learn::yaml_scalar::scalar;

impl LearnedPipeline {
    /// The spec as YAML.
    pub fn yaml(&self) -> String {
        let mut yaml = String::new();
        for line in self.header() {
            let _ = writeln!(yaml, "# {line}");
        }
        let _ = writeln!(yaml, "pipeline: {}", scalar(&self.pipeline));
        let seen = self.seen(self.runs);
        if let Some((within, figures)) = self.within.zip(self.within_figures()) {
            let _ = writeln!(yaml, "# {figures}\nwithin: {}", spec_duration(within.limit_ns));
        }
        if !self.steps.is_empty() {
            yaml.push_str("steps:\n");
        }
        for step in &self.steps {
            let _ = writeln!(yaml, "  # {}\n  {}", self.figures(step), step_yaml(step));
        }
        if self.never_failed {
            let _ = writeln!(yaml, "absent:\n  # {seen}: nothing failed\n  - {{ span: \"*\", status: error }}");
        }
        if !self.forbid.is_empty() {
            let words: Vec<&str> = self.forbid.iter().map(|id| id.as_str()).collect();
            let _ = writeln!(yaml, "# {seen}: never found\nforbid: [{}]", words.join(", "));
        }
        yaml
    }

    /// The header comment, line by line.
    pub(crate) fn header(&self) -> Vec<String> {
        let mut header = vec![format!("Learned by `trace learn-pipeline` from {}.", runs(self.runs, "good run"))];
        let left_out = self.left_out.iter().map(|left| format!("Left out: {} {}.", runs(left.runs, "run"), left.why));
        header.extend(left_out);
        header.extend(self.aside.as_ref().map(HeldOut::summary));
        if self.rare > 0 {
            header
                .push(format!("No steps: {} of spans that fewer than 5 % of the runs have.", runs(self.rare, "kind")));
        }
        if self.less_telling > 0 {
            header.push(format!("No steps: {} of spans that tell less than these.", runs(self.less_telling, "kind")));
        }
        header.push("Limits are three times the most that was seen. Whoever reviews it knows better.".to_owned());
        header
    }

    fn seen(&self, runs: usize) -> String {
        format!("in {runs} of {} runs", self.runs)
    }

    /// The figures behind `within`, on one line; none without a limit.
    pub(crate) fn within_figures(&self) -> Option<String> {
        self.within.map(|within| format!("{}; all steps took {}", self.seen(self.runs), within.seen.text()))
    }

    /// The figures behind a step, on one line.
    pub(crate) fn figures(&self, step: &LearnedStep) -> String {
        let mut parts = vec![self.seen(step.runs)];
        parts.extend(step.took.map(|took| format!("took {}", took.seen.text())));
        parts.extend(step.after.as_ref().map(|after| format!("waited {}", after.wait.seen.text())));
        parts.join("; ")
    }
}

impl HeldOut {
    /// The result in a sentence.
    pub(crate) fn summary(&self) -> String {
        let broken: Vec<String> =
            self.broken.iter().map(|(name, times)| format!("{} {times}×", scalar(name))).collect();
        let broken = if broken.is_empty() { String::new() } else { format!("; broken: {}", broken.join(", ")) };
        let (all, passed) = (runs(self.runs, "more good run"), self.passed);
        format!("{all} kept aside and verified: {passed} of {} pass{broken}.", self.runs)
    }
}

/// `1 run`, `2 runs`.
fn runs(n: usize, what: &str) -> String {
    format!("{n} {what}{}", if n == 1 { "" } else { "s" })
}

/// A step as an item of the list.
pub(crate) fn step_yaml(step: &LearnedStep) -> String {
    let mut parts = vec![format!("span: {}", scalar(&step.span))];
    if !step.service.is_empty() {
        parts.push(format!("service: {}", scalar(&literal_pattern(&step.service))));
    }
    if step.kind != SpanKind::Unspecified {
        parts.push(format!("kind: {}", step.kind.as_str()));
    }
    if !step.attributes.is_empty() {
        let attributes = step.attributes.iter().map(|(key, value)| format!("{}: {}", scalar(key), scalar(value)));
        parts.push(format!("attributes: {{ {} }}", attributes.collect::<Vec<_>>().join(", ")));
    }
    if let Some(after) = &step.after {
        parts.push(format!("after: {{ {}: {} }}", scalar(&after.step), spec_duration(after.wait.limit_ns)));
    }
    match &step.count {
        LearnedCount::Range(1, 1) => {}
        LearnedCount::Range(least, most) if least == most => parts.push(format!("count: {least}")),
        LearnedCount::Range(least, most) => parts.push(format!("count: {least}..{most}")),
        LearnedCount::SameAs(other) => parts.push(format!("count: same as {other}")),
    }
    if step.optional {
        parts.push("optional: true".to_owned());
    }
    if !step.never_failed {
        parts.push("status: any".to_owned());
    }
    parts.extend(step.took.map(|took| format!("max: {}", spec_duration(took.limit_ns))));
    format!("- {}: {{ {} }}", scalar(&step.name), parts.join(", "))
}
