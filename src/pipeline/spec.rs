//! A pipeline's expectations, as reviewers read them and as they are judged.

use crate::model::finding::FindingId;
use crate::model::pattern::Pattern;
use crate::model::span::SpanKind;

/// What a pipeline's runs should look like.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Spec {
    /// What the pipeline is called.
    pub name: String,
    /// From the first matched step's start to the last one's end at most, in nanoseconds.
    pub within_ns: Option<i64>,
    /// Whether lines may lead to more traces, so that a step not seen depends on them too.
    pub reach: Reach,
    /// Services to ask where services must be asked one by one; empty means all.
    pub services: Vec<String>,
    /// How services hand on whose work they do.
    pub propagation: Propagation,
    /// Topics that nobody here consumes.
    pub external_topics: Vec<Pattern>,
    /// Hosts that are not ours.
    pub external_hosts: Vec<Pattern>,
    /// The steps, in the order of the file; those of a group stand together.
    pub steps: Vec<ExpectedStep>,
    /// Repeated groups of steps.
    pub groups: Vec<RepeatedGroup>,
    /// Whether the steps must be seen in the order in which they are written.
    pub in_order: bool,
    /// What must not be seen.
    pub absent: Vec<Absence>,
    /// What must be seen if something else is.
    pub conditions: Vec<Condition>,
    /// Findings that must not be made.
    pub forbid: Vec<FindingId>,
    /// What metrics must say.
    pub metrics: Vec<Metric>,
}

/// Where steps on spans may come from.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Reach {
    /// From wherever traces are named: spans, links, lines.
    #[default]
    All,
    /// From spans alone: lines are not needed to find them.
    Spans,
}

/// How services hand on whose work they do.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Propagation {
    /// By trace context: one trace, or traces joined by links.
    #[default]
    TraceContext,
    /// By the correlation ID alone: traces of their own are no break.
    CorrelationId,
}

/// One expected step.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ExpectedStep {
    /// Its name, unique in the spec.
    pub name: String,
    /// What it is seen as: any one of these.
    pub any_of: Vec<Selector>,
    /// What must hold of the matches.
    pub must: Must,
    /// When it must be, beside other steps.
    pub order: Vec<Order>,
    /// How many matches there must be.
    pub count: ExpectedCount,
    /// Whether what must hold must hold for all matches, not only for as many as `count` needs.
    pub every: bool,
    /// Whether it may be missing.
    pub optional: bool,
    /// The repeated group it is part of, as an index into the spec's groups.
    pub group: Option<usize>,
}

impl Spec {
    /// Every selector in it.
    fn selectors(&self) -> impl Iterator<Item = &Selector> {
        let steps = self.steps.iter().chain(self.conditions.iter().map(|condition| &condition.then));
        let ifs = self.conditions.iter().map(|condition| &condition.if_seen);
        let absent = self.absent.iter().map(|absence| &absence.what);
        steps.flat_map(|step| &step.any_of).chain(ifs).chain(absent)
    }

    /// Whether anything in it is about spans.
    pub fn needs_spans(&self) -> bool {
        !self.forbid.is_empty() || self.selectors().any(|selector| matches!(selector.what, SeenIn::Span(_)))
    }

    /// Whether anything in it can be seen in lines alone.
    pub fn needs_lines(&self) -> bool {
        let only_lines =
            |step: &ExpectedStep| step.any_of.iter().all(|selector| matches!(selector.what, SeenIn::Log(_)));
        let absent = self.absent.iter().map(|absence| &absence.what);
        let ifs = self.conditions.iter().map(|condition| &condition.if_seen);
        self.steps.iter().chain(self.conditions.iter().map(|condition| &condition.then)).any(only_lines)
            || absent.chain(ifs).any(|selector| matches!(selector.what, SeenIn::Log(_)))
    }

    /// The longest time that any of it may still take after what is there.
    pub fn longest_wait_ns(&self) -> i64 {
        let steps = self.steps.iter().chain(self.conditions.iter().map(|condition| &condition.then));
        let most = steps.flat_map(|step| &step.order).filter_map(|order| match order.relation {
            Relation::After { most_ns, .. } => most_ns,
            _ => None,
        });
        most.chain(self.within_ns).max().unwrap_or_default()
    }

    /// The span with which a run begins: the name, and the service where it is told.
    pub fn entry(&self) -> Option<(Pattern, Option<Pattern>)> {
        let selectors = self.steps.iter().flat_map(|step| &step.any_of);
        let first = selectors.filter_map(|selector| match &selector.what {
            SeenIn::Span(name) => Some((name.clone(), selector.service.clone())),
            SeenIn::Log(_) => None,
        });
        { first }.next()
    }
}

/// What a step is seen as. Everything that is told must fit.
#[derive(Clone, Debug, PartialEq)]
pub struct Selector {
    /// What is looked at.
    pub what: SeenIn,
    /// Which service; by its whole or its short name.
    pub service: Option<Pattern>,
    /// Which kind of span; never told of lines.
    pub kind: Option<SpanKind>,
    /// Which attributes of the span or its resource, or which fields of the line.
    pub attributes: Vec<(String, AttributeTest)>,
}

impl Selector {
    /// Spans whose name matches.
    pub fn span(name: Pattern) -> Self {
        Self { what: SeenIn::Span(name), service: None, kind: None, attributes: vec![] }
    }
}

/// What a selector searches, and for which text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SeenIn {
    /// A span by its name.
    Span(Pattern),
    /// A line by a part of its text, or by a field that it has.
    Log(Pattern),
}

/// A test of an attribute's value.
#[derive(Clone, Debug, PartialEq)]
pub enum AttributeTest {
    /// It is there.
    Exists,
    /// It is not there.
    Missing,
    /// It is as the pattern says.
    Is(Pattern),
    /// It is there and not as the pattern says.
    IsNot(Pattern),
    /// As a number it compares so.
    Compare(Comparison, f64),
}

/// How a number is compared.
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
    /// Whether it holds.
    pub fn holds(self, left: f64, right: f64) -> bool {
        match self {
            Self::Less => left < right,
            Self::AtMost => left <= right,
            Self::More => left > right,
            Self::AtLeast => left >= right,
            // Written by a person, compared with what was written by a program: bits would say too much.
            Self::Equal => (left - right).abs() <= f64::EPSILON * left.abs().max(right.abs()),
            Self::NotEqual => !Self::Equal.holds(left, right),
        }
    }

    /// As it is written.
    pub fn sign(self) -> &'static str {
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

/// What must hold of a step's matches.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Must {
    /// How it ended.
    pub status: Option<ExpectedStatus>,
    /// It took at least so long, in nanoseconds.
    pub min_ns: Option<i64>,
    /// It took at most so long, in nanoseconds.
    pub max_ns: Option<i64>,
}

/// How a span, or a line, must have ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ExpectedStatus {
    /// Not an error: unset or OK; a line below error level.
    Ok,
    /// An error.
    Error,
}

/// When a step must be, beside another one. Steps are indices into the spec's steps.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Order {
    /// The other step.
    pub step: usize,
    /// How the two stand.
    pub relation: Relation,
}

/// How a step stands to another one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Relation {
    /// It begins after the other one: paired by parent, link or message, else first after first. Between the two lie at
    /// least and at most so many nanoseconds: from publish to consume from end to start, else from start to start.
    After {
        /// At least.
        least_ns: Option<i64>,
        /// At most.
        most_ns: Option<i64>,
    },
    /// It begins before the other one does.
    Before,
    /// It is in the same trace.
    SameTrace,
    /// It is a child of it, however deep.
    ChildOf,
}

/// How many matches there must be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ExpectedCount {
    /// So many, both ends included; no upper end means any number.
    Range(usize, Option<usize>),
    /// As many as this step has, as an index into the spec's steps.
    SameAs(usize),
}

impl Default for ExpectedCount {
    fn default() -> Self {
        Self::Range(1, None)
    }
}

/// Steps that are expected again and again: once for each of something.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RepeatedGroup {
    /// For each of what.
    pub each: Each,
    /// How many there must be of them.
    pub count: ExpectedCount,
}

/// What a group is repeated for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Each {
    /// Each value of an attribute that matches of its steps carry, or have above them.
    Attribute(String),
    /// Each match of a step: what follows from it belongs to it.
    Step(usize),
}

/// What must not be seen.
#[derive(Clone, Debug, PartialEq)]
pub struct Absence {
    /// What.
    pub what: Selector,
    /// Only where it ended so.
    pub status: Option<ExpectedStatus>,
    /// As it was written.
    pub text: String,
}

/// What must be seen if something else is.
#[derive(Clone, Debug, PartialEq)]
pub struct Condition {
    /// If this is seen,
    pub if_seen: Selector,
    /// and ended so,
    pub status: Option<ExpectedStatus>,
    /// then this must be too, by the same rules as any step.
    pub then: ExpectedStep,
    /// As it was written.
    pub text: String,
}

/// What a metric must say at the journey's end.
#[derive(Clone, Debug, PartialEq)]
pub struct Metric {
    /// What it is called on the screen.
    pub name: String,
    /// PromQL, with the variables of panels.
    pub query: String,
    /// How every sample must compare.
    pub is: (Comparison, f64),
    /// Whether no data is well too.
    pub empty_is_well: bool,
}
