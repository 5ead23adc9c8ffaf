//! Specs and runs in few words, to be bent by each test.

use crate::analysis::journey::findings::FindingSet;
use crate::model::finding::{Confidence, Finding, FindingDetail, FindingId, Severity};
use crate::model::journey::Journey;
use crate::model::pattern::Pattern;
use crate::model::span::SpanKind;
use crate::model::time::{MINUTE, SECOND, Timestamp};
use crate::pipeline::evaluate::{EvaluationInput, MetricReading, SourceStatus, evaluate};
use crate::pipeline::spec::{
    AttributeTest, Comparison, ExpectedCount, ExpectedStatus, ExpectedStep, Order, Relation, SeenIn, Selector, Spec,
};
use crate::pipeline::verdict::{Check, CheckState, RunOutcome};

pub(crate) fn pattern(text: &str) -> Pattern {
    Pattern::parse(text).unwrap()
}

/// `span` or `log: text`, then `@service`, `key=value`, `kind:word`.
pub(crate) fn selector(text: &str) -> Selector {
    let mut words = text.split(' ');
    let head = words.next().unwrap().replace('_', " ").replace("  ", "_");
    let what = match head.strip_prefix("log:") {
        Some(text) => SeenIn::Log(pattern(text)),
        None => SeenIn::Span(pattern(&head)),
    };
    let mut selector = Selector { what, service: None, kind: None, attributes: vec![] };
    for word in words {
        if let Some(service) = word.strip_prefix('@') {
            selector.service = Some(pattern(service));
        } else if let Some(kind) = word.strip_prefix("kind:") {
            selector.kind = Some(SpanKind::from_word(kind));
        } else if let Some((key, value)) = word.split_once("!=") {
            selector.attributes.push((key.into(), AttributeTest::IsNot(pattern(value))));
        } else if let Some((key, value)) = word.split_once('<') {
            selector.attributes.push((key.into(), AttributeTest::Compare(Comparison::Less, value.parse().unwrap())));
        } else if let Some((key, value)) = word.split_once('=') {
            selector.attributes.push((key.into(), AttributeTest::Is(pattern(value))));
        } else if let Some(key) = word.strip_prefix('-') {
            selector.attributes.push((key.into(), AttributeTest::Missing));
        } else {
            selector.attributes.push((word.into(), AttributeTest::Exists));
        }
    }
    selector
}

pub(crate) fn ns(text: &str) -> i64 {
    text.strip_suffix("ms").map_or_else(
        || text.strip_suffix('s').unwrap().parse::<i64>().unwrap() * SECOND,
        |ms| ms.parse::<i64>().unwrap() * 1_000_000,
    )
}

/// One step a line: `name: selector | selector, after a 30s, 2..3, ok, optional, every`.
pub(crate) fn spec(text: &str) -> Spec {
    let mut spec = Spec { name: "test".into(), ..Spec::default() };
    let names: Vec<&str> = text.lines().filter_map(|l| l.trim().split_once(": ").map(|(name, _)| name)).collect();
    for line in text.lines().filter(|l| !l.trim().is_empty()) {
        let (name, rest) = line.trim().split_once(": ").unwrap();
        let mut parts = rest.split(", ");
        let any_of = parts.next().unwrap().split(" | ").map(selector).collect();
        let mut step = ExpectedStep { name: name.into(), any_of, ..ExpectedStep::default() };
        parts.for_each(|part| rule(&mut step, part, &names));
        spec.steps.push(step);
    }
    spec
}

pub(crate) fn rule(step: &mut ExpectedStep, part: &str, names: &[&str]) {
    let place = |name: &str| names.iter().position(|n| *n == name).unwrap();
    let words: Vec<&str> = part.split(' ').collect();
    let order = |name: &str, relation| Order { step: place(name), relation };
    match words.as_slice() {
        ["after", name] => step.order.push(order(name, Relation::After { least_ns: None, most_ns: None })),
        ["after", name, most] => {
            step.order.push(order(name, Relation::After { least_ns: None, most_ns: Some(ns(most)) }));
        }
        ["after", name, "least", least] => {
            step.order.push(order(name, Relation::After { least_ns: Some(ns(least)), most_ns: None }));
        }
        ["before", name] => step.order.push(order(name, Relation::Before)),
        ["trace", name] => step.order.push(order(name, Relation::SameTrace)),
        ["child", name] => step.order.push(order(name, Relation::ChildOf)),
        ["same", name] => step.count = ExpectedCount::SameAs(place(name)),
        ["ok"] => step.must.status = Some(ExpectedStatus::Ok),
        ["failed"] => step.must.status = Some(ExpectedStatus::Error),
        ["max", most] => step.must.max_ns = Some(ns(most)),
        ["min", least] => step.must.min_ns = Some(ns(least)),
        ["optional"] => step.optional = true,
        ["every"] => step.every = true,
        ["group"] => step.group = Some(0),
        [range] => {
            let (least, most) = range.split_once("..").unwrap_or((range, range));
            step.count = ExpectedCount::Range(least.parse().unwrap(), most.parse().ok());
        }
        _ => panic!("{part}"),
    }
}

/// The input of an evaluation, to be changed by each test.
#[derive(Clone)]
pub(crate) struct EvaluationCase {
    pub(crate) journey: Journey,
    pub(crate) findings: FindingSet,
    pub(crate) jaeger: SourceStatus,
    pub(crate) loki: SourceStatus,
    pub(crate) prometheus: SourceStatus,
    pub(crate) settled: bool,
    pub(crate) age: i64,
    pub(crate) wait: Option<i64>,
    pub(crate) window_end: Option<Timestamp>,
    pub(crate) metrics: Vec<MetricReading>,
}

/// Complete and an hour old.
pub(crate) fn settled(journey: Journey) -> EvaluationCase {
    EvaluationCase {
        journey,
        findings: FindingSet::default(),
        jaeger: SourceStatus::Complete,
        loki: SourceStatus::Complete,
        prometheus: SourceStatus::Complete,
        settled: true,
        age: 60 * MINUTE,
        wait: None,
        window_end: None,
        metrics: vec![],
    }
}

impl EvaluationCase {
    /// So old, and as settled as that makes it.
    pub(crate) fn aged(mut self, seconds: i64) -> Self {
        self.age = seconds * SECOND;
        self.settled = seconds >= 30;
        self
    }

    /// Waiting was requested, and goes on for some seconds.
    pub(crate) fn waiting(mut self, seconds: i64) -> Self {
        self.wait = Some(seconds * SECOND);
        self
    }

    pub(crate) fn without_loki(mut self, source_status: SourceStatus) -> Self {
        self.loki = source_status;
        self
    }

    pub fn found(mut self, id: FindingId, severity: Severity, confidence: Confidence) -> Self {
        self.findings.list.push(Finding::new(id, severity, confidence, FindingDetail::LogWithoutSpan));
        self
    }

    pub(crate) fn evaluated(&self, spec: &Spec) -> RunOutcome {
        let newest = self.journey.extent().map_or(crate::analysis::journey::sketch::ORIGIN, |extent| extent.to);
        let now = newest.plus(self.age);
        let ground = EvaluationInput {
            journey: &self.journey,
            findings: &self.findings,
            spans: self.jaeger,
            lines: self.loki,
            metrics: self.prometheus,
            settled: self.settled,
            settle_ns: 30 * SECOND,
            now,
            wait_until: self.wait.map(|wait| now.plus(wait)),
            window_end: self.window_end,
            readings: &self.metrics,
        };
        evaluate(spec, &ground)
    }
}

pub(crate) fn check<'a>(outcome: &'a RunOutcome, name: &str) -> &'a Check {
    outcome.checks.iter().find(|check| check.name == name).unwrap()
}

/// The verdict and every reason, as one line.
pub(crate) fn shown(outcome: &RunOutcome) -> String {
    let mut shown = outcome.verdict.as_str().to_owned();
    for check in outcome.checks.iter().filter(|c| c.state != CheckState::Met || !c.why.is_empty()) {
        let sign = ["✓", "✗", "?", "–"][check.state as usize];
        let of = check.of.as_ref().map(|of| format!(" ({of})")).unwrap_or_default();
        let near = check.nearest.as_ref().map(|n| format!(" [{} {}]", n.sight.name, n.differs)).unwrap_or_default();
        shown.push_str(&format!("; {sign} {}{of}: {}{near}", check.name, check.why.join(" / ")));
    }
    shown
}
