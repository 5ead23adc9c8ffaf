//! A pipeline spec: what a run is expected to contain.

use crate::model::finding::FindingId;
use crate::model::pattern::Pattern;
use crate::model::span::SpanKind;

/// The expectations of one pipeline.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Spec {
    /// Name of the pipeline.
    pub name: String,
    /// Longest time from the first matched step's start to the last one's end, in nanoseconds; none for no limit.
    pub within_ns: Option<i64>,
    /// Where traces of the run may be found: if log lines can name one, a missing span depends on the log source too.
    pub reach: Reach,
    /// Services to search on a backend that is searched service by service; empty means all.
    pub services: Vec<String>,
    /// How services pass on the correlation.
    pub propagation: Propagation,
    /// Topics whose consumers are outside of the traced system.
    pub external_topics: Vec<Pattern>,
    /// Hosts outside of the traced system: a call to one has no server span.
    pub external_hosts: Vec<Pattern>,
    /// The steps, in the order of the file; those of a group are adjacent.
    pub steps: Vec<ExpectedStep>,
    /// Repeated groups of steps.
    pub groups: Vec<RepeatedGroup>,
    /// Whether the steps must occur in the order of the file.
    pub in_order: bool,
    /// Selectors that must match nothing.
    pub absent: Vec<Absence>,
    /// Steps required only if another selector matches.
    pub conditions: Vec<Condition>,
    /// Findings that the run must not have.
    pub forbid: Vec<FindingId>,
    /// Metric queries and the values that they must return.
    pub metrics: Vec<Metric>,
}

/// Where traces of a run may be found.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Reach {
    /// Through tags, links and log lines that name a trace.
    #[default]
    All,
    /// Through spans alone: log lines are not needed to find a trace.
    Spans,
}

/// How services pass on the correlation.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Propagation {
    /// Trace context: one trace, or traces connected by links.
    #[default]
    TraceContext,
    /// The correlation ID alone: a new trace per service is not broken propagation.
    CorrelationId,
}

/// One expected step.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ExpectedStep {
    /// Name, unique in the spec.
    pub name: String,
    /// Selectors of its spans and lines; one that matches is enough.
    pub any_of: Vec<Selector>,
    /// Requirements on each match.
    pub must: Must,
    /// Relations to other steps.
    pub order: Vec<Order>,
    /// Expected number of matches.
    pub count: ExpectedCount,
    /// Whether all matches must meet the requirements, not only as many as `count` needs.
    pub every: bool,
    /// Whether the step may be missing.
    pub optional: bool,
    /// Index of its repeated group in [`Spec::groups`]; none outside of groups.
    pub group: Option<usize>,
}

impl Spec {
    /// Every selector of the spec.
    fn selectors(&self) -> impl Iterator<Item = &Selector> {
        let steps = self.steps.iter().chain(self.conditions.iter().map(|condition| &condition.then));
        let ifs = self.conditions.iter().map(|condition| &condition.if_seen);
        let absent = self.absent.iter().map(|absence| &absence.what);
        steps.flat_map(|step| &step.any_of).chain(ifs).chain(absent)
    }

    /// Whether any expectation needs spans.
    pub(crate) fn needs_spans(&self) -> bool {
        !self.forbid.is_empty() || self.selectors().any(|selector| matches!(selector.what, SeenIn::Span(_)))
    }

    /// Whether any expectation can be met by log lines only.
    pub(crate) fn needs_lines(&self) -> bool {
        let only_lines =
            |step: &ExpectedStep| step.any_of.iter().all(|selector| matches!(selector.what, SeenIn::Log(_)));
        let absent = self.absent.iter().map(|absence| &absence.what);
        let ifs = self.conditions.iter().map(|condition| &condition.if_seen);
        self.steps.iter().chain(self.conditions.iter().map(|condition| &condition.then)).any(only_lines)
            || absent.chain(ifs).any(|selector| matches!(selector.what, SeenIn::Log(_)))
    }

    /// Longest wait that the spec allows after what has been seen, in nanoseconds; 0 without limits.
    pub(crate) fn longest_wait_ns(&self) -> i64 {
        let steps = self.steps.iter().chain(self.conditions.iter().map(|condition| &condition.then));
        let most = steps.flat_map(|step| &step.order).filter_map(|order| match order.relation {
            Relation::After { most_ns, .. } => most_ns,
            _ => None,
        });
        most.chain(self.within_ns).max().unwrap_or_default()
    }

    /// The span that begins a run: the first span selector's name, and its service if it has one.
    pub(crate) fn entry(&self) -> Option<(Pattern, Option<Pattern>)> {
        let selectors = self.steps.iter().flat_map(|step| &step.any_of);
        let first = selectors.filter_map(|selector| match &selector.what {
            SeenIn::Span(name) => Some((name.clone(), selector.service.clone())),
            SeenIn::Log(_) => None,
        });
        { first }.next()
    }
}

/// Selects spans or log lines. All conditions that are set must hold.
#[derive(Clone, Debug, PartialEq)]
pub struct Selector {
    /// Spans by name or lines by text.
    pub what: SeenIn,
    /// Service, by its full or short name; none for any.
    pub service: Option<Pattern>,
    /// Span kind; none for any, and always none for lines.
    pub kind: Option<SpanKind>,
    /// Tests of attributes of the span or its resource, or of fields of the line.
    pub attributes: Vec<(String, AttributeTest)>,
}

impl Selector {
    /// Spans whose name matches.
    pub(crate) fn span(name: Pattern) -> Self {
        Self { what: SeenIn::Span(name), service: None, kind: None, attributes: vec![] }
    }
}

/// What a selector searches, and for which text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SeenIn {
    /// Spans whose name matches.
    Span(Pattern),
    /// Lines that contain the text, or have a field of that name.
    Log(Pattern),
}

/// A test of an attribute's value.
#[derive(Clone, Debug, PartialEq)]
pub enum AttributeTest {
    /// Present, with any value.
    Exists,
    /// Not present.
    Missing,
    /// Present, and matches.
    Is(Pattern),
    /// Present, and does not match.
    IsNot(Pattern),
    /// Compares so as a number; false for other values.
    Compare(Comparison, f64),
}

/// A comparison of numbers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Comparison {
    /// `<`
    Less,
    /// `<=`
    AtMost,
    /// `>`
    More,
    /// `>=`
    AtLeast,
    /// `==`
    Equal,
    /// `!=`
    NotEqual,
}

impl Comparison {
    /// Whether `left` compares so with `right`.
    pub(crate) fn holds(self, left: f64, right: f64) -> bool {
        match self {
            Self::Less => left < right,
            Self::AtMost => left <= right,
            Self::More => left > right,
            Self::AtLeast => left >= right,
            // The spec has a decimal written by a person, the data one printed by a program: `0.1 + 0.2` must equal `0.3`.
            Self::Equal => (left - right).abs() <= f64::EPSILON * left.abs().max(right.abs()),
            Self::NotEqual => !Self::Equal.holds(left, right),
        }
    }

    /// The operator as a spec has it.
    pub(crate) fn sign(self) -> &'static str {
        match self {
            Self::Less => "<",
            Self::AtMost => "<=",
            Self::More => ">",
            Self::AtLeast => ">=",
            Self::Equal => "==",
            Self::NotEqual => "!=",
        }
    }
}

/// Requirements on each match of a step; none means not checked.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Must {
    /// Expected outcome. None is the default: a span must not have failed, a line may have any level.
    pub status: Option<ExpectedStatus>,
    /// Shortest duration, in nanoseconds.
    pub min_ns: Option<i64>,
    /// Longest duration, in nanoseconds.
    pub max_ns: Option<i64>,
}

/// Expected outcome of a span or a line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ExpectedStatus {
    /// Span status unset or OK; line below error level.
    Ok,
    /// Either of the two.
    Any,
    /// Span status error; line at error level or above.
    Error,
}

/// A required relation to another step.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Order {
    /// Index of the other step in [`Spec::steps`].
    pub step: usize,
    /// The relation.
    pub relation: Relation,
}

/// How a step relates to another one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Relation {
    /// Begins after the other one. Matches are paired by parent, link or message, the rest in order of time. The wait is
    /// measured from publish end to consume start, else from start to start.
    After {
        /// Shortest wait, in nanoseconds.
        least_ns: Option<i64>,
        /// Longest wait, in nanoseconds.
        most_ns: Option<i64>,
    },
    /// Begins before the other one.
    Before,
    /// In the same trace.
    SameTrace,
    /// A descendant of it.
    ChildOf,
}

/// Expected number of matches.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ExpectedCount {
    /// Least and most, both included; no upper end means any number.
    Range(usize, Option<usize>),
    /// As many as the step with this index in [`Spec::steps`] has.
    SameAs(usize),
}

impl Default for ExpectedCount {
    fn default() -> Self {
        Self::Range(1, None)
    }
}

/// Steps that are expected once for each of something.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RepeatedGroup {
    /// What the group is repeated for.
    pub each: Each,
    /// Expected number of repetitions.
    pub count: ExpectedCount,
}

/// What a group is repeated for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Each {
    /// Each value of an attribute that matches of the group's steps have, or inherit from an ancestor.
    Attribute(String),
    /// Each match of the step with this index; what follows from the match belongs to its repetition.
    Step(usize),
}

/// A selector that must match nothing.
#[derive(Clone, Debug, PartialEq)]
pub struct Absence {
    /// The selector.
    pub what: Selector,
    /// Counts only matches with this outcome; none counts all.
    pub status: Option<ExpectedStatus>,
    /// The expectation as the file has it, on one line.
    pub text: String,
}

/// A step that is required only if a selector matches.
#[derive(Clone, Debug, PartialEq)]
pub struct Condition {
    /// The condition.
    pub if_seen: Selector,
    /// Counts only matches of the condition with this outcome; none counts all.
    pub status: Option<ExpectedStatus>,
    /// The step that is then required.
    pub then: ExpectedStep,
    /// The expectation as the file has it, on one line.
    pub text: String,
}

/// A metric query and the value that it must return at the end of the run.
#[derive(Clone, Debug, PartialEq)]
pub struct Metric {
    /// Display name.
    pub name: String,
    /// PromQL, with the placeholders that dashboard panels have.
    pub query: String,
    /// Comparison that every sample must meet.
    pub is: (Comparison, f64),
    /// Whether an empty result meets the expectation.
    pub empty_is_well: bool,
}
