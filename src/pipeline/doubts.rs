//! Whether what was not seen is known to be absent: a missing span proves nothing while a source is incomplete.

use crate::model::finding::{Concerns, FindingId, MadeFrom};
use crate::model::source::Source;
use crate::model::time::{Human, Timestamp};
use crate::pipeline::input::{EvaluationInput, SourceStatus};
use crate::pipeline::spec::{Reach, SeenIn, Selector};

/// The kinds of data that an expectation reads.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Needs {
    /// Spans.
    pub(crate) spans: bool,
    /// Log lines.
    pub(crate) lines: bool,
}

impl Needs {
    /// What these selectors read.
    pub(crate) fn from_selectors(selectors: &[Selector]) -> Self {
        let lines = selectors.iter().any(|s| matches!(s.what, SeenIn::Log(_)));
        Self { spans: selectors.iter().any(|s| matches!(s.what, SeenIn::Span(_))), lines }
    }

    /// What a finding is derived from.
    pub(crate) fn for_finding(id: FindingId) -> Self {
        Self { spans: true, lines: id.made_from() == MadeFrom::SpansAndLogs }
    }
}

/// A reason why something that was not seen may still exist.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Doubt {
    /// A source's answer is incomplete.
    Incomplete(Source),
    /// No address of the source is configured.
    NotConfigured(Source),
    /// Parts of the file are unreadable.
    PartlyRead,
    /// The file has no data of this source's kind for the run.
    NoneInFile(Source),
    /// The file or the demo does not have the ID.
    UnknownId(Source),
    /// A trace of the run is named and not stored.
    Lost,
    /// The explicit window ends too early.
    Window,
    /// The settle time of the run ends then.
    Unsettled(Timestamp),
    /// The step's limit and a settle time end then.
    Early(Timestamp),
    /// Nothing carries the ID yet, and no wait was requested.
    NotWaited,
    /// The requested wait ended before anything was seen.
    Waiting,
}

impl Doubt {
    /// The reason in a sentence.
    pub(crate) fn why(self, settle_ns: i64) -> String {
        match self {
            Self::Incomplete(source) => format!("{} did not tell everything, and it may lie there", title(source)),
            Self::NotConfigured(source) => format!("{} is not configured", title(source)),
            Self::PartlyRead => "not all of the file could be read, and it may lie there".to_owned(),
            Self::NoneInFile(Source::Loki) => "the file holds no log line of this run".to_owned(),
            Self::NoneInFile(_) => "the file holds no span of this run".to_owned(),
            Self::UnknownId(source) => format!("{} has no such ID", title(source)),
            Self::Lost => "a trace of this run is named and stored nowhere, and it may lie there".to_owned(),
            Self::Window => "the window that was asked ends too early to tell".to_owned(),
            Self::Unsettled(_) => {
                format!("the run's last span ended less than {} ago, so more may come", duration_text(settle_ns))
            }
            Self::Early(_) => "its limit and a settle time have not passed".to_owned(),
            Self::NotWaited => "nothing carries the ID yet, and more may come: --wait waits for it".to_owned(),
            Self::Waiting => "it had not come when waiting ended".to_owned(),
        }
    }

    /// Until when waiting or querying again may resolve the doubt; none where it cannot.
    fn wait_end(self) -> Option<WaitEnd> {
        match self {
            Self::Unsettled(at) | Self::Early(at) => Some(WaitEnd::At(at)),
            Self::Incomplete(_) | Self::Waiting => Some(WaitEnd::Open),
            Self::NotConfigured(_)
            | Self::PartlyRead
            | Self::NoneInFile(_)
            | Self::UnknownId(_)
            | Self::Lost
            | Self::Window
            | Self::NotWaited => None,
        }
    }

    fn sources(self, needs: Needs) -> Vec<Source> {
        match self {
            Self::Incomplete(source) | Self::NotConfigured(source) | Self::NoneInFile(source) => vec![source],
            Self::Lost => vec![Source::Jaeger],
            _ => {
                let all = [(needs.spans, Source::Jaeger), (needs.lines, Source::Loki)];
                all.into_iter().filter(|(needed, _)| *needed).map(|(_, source)| source).collect()
            }
        }
    }
}

/// Until when waiting can change the result.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum WaitEnd {
    /// Until this time.
    At(Timestamp),
    /// No known end.
    Open,
}

/// The doubts about one absence; empty means that it is certain.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Doubts {
    all: Vec<Doubt>,
    needs: Needs,
}

impl Doubts {
    /// Whether the absence is certain.
    pub(crate) fn is_empty(&self) -> bool {
        self.all.is_empty()
    }

    /// Whether a trace that is not stored is the only doubt.
    pub(crate) fn are_only_lost_trace(&self) -> bool {
        self.all == [Doubt::Lost]
    }

    /// One sentence each.
    pub(crate) fn why(&self, settle_ns: i64) -> Vec<String> {
        self.all.iter().map(|doubt| doubt.why(settle_ns)).collect()
    }

    /// The sources they depend on, each once.
    pub(crate) fn sources(&self) -> Vec<Source> {
        let mut all: Vec<Source> = self.all.iter().flat_map(|doubt| doubt.sources(self.needs)).collect();
        all.sort_unstable();
        all.dedup();
        all
    }

    /// Until when waiting may resolve a doubt; none where it cannot.
    pub(crate) fn end(&self) -> Option<WaitEnd> {
        self.all.iter().filter_map(|doubt| doubt.wait_end()).max()
    }

    /// Adds the doubts of another absence.
    pub(crate) fn join(&mut self, more: &Self) {
        self.needs.spans |= more.needs.spans;
        self.needs.lines |= more.needs.lines;
        more.all.iter().for_each(|doubt| self.add(*doubt));
    }

    /// Adds one, each kept once.
    pub(crate) fn add(&mut self, doubt: Doubt) {
        if !self.all.contains(&doubt) {
            self.all.push(doubt);
            self.all.sort_unstable();
        }
    }
}

/// Derives the doubts about absences in one run.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Trust<'a> {
    input: &'a EvaluationInput<'a>,
    reach: Reach,
    newest: Option<Timestamp>,
    lost: bool,
}

impl<'a> Trust<'a> {
    /// For this run; `reach` says whether log lines may lead to its traces.
    pub(crate) fn new(input: &'a EvaluationInput<'a>, reach: Reach) -> Self {
        let journey = input.journey;
        let only_lines = journey.spans.is_empty() && !journey.logs.is_empty();
        let lost = only_lines || input.findings.list.iter().any(|finding| finding.concerns(Concerns::Storage));
        Self { input, reach, newest: journey.span_extent().map(|extent| extent.to.min(input.now)), lost }
    }

    /// Doubts that these sources have, or will still get, more of this run.
    pub(crate) fn doubts(&self, needs: Needs) -> Doubts {
        let input = self.input;
        let mut doubts = self.source_doubts(needs);
        if self.lost && needs.spans {
            doubts.add(Doubt::Lost);
        }
        match self.newest {
            _ if matches!(input.spans, SourceStatus::UnknownId(_)) => {}
            None if !self.is_conclusively_empty() => doubts.add(match (input.wait_until, input.window_end) {
                (Some(_), _) => Doubt::Waiting,
                (None, Some(_)) => Doubt::Window,
                (None, None) => Doubt::NotWaited,
            }),
            None => {}
            Some(newest) => {
                let settled = newest.plus(input.settle_ns);
                if !input.settled {
                    doubts.add(Doubt::Unsettled(settled));
                } else if input.window_end.is_some_and(|end| end < settled) {
                    doubts.add(Doubt::Window);
                }
            }
        }
        doubts
    }

    /// Doubts that something expected is missing for good; its limits end at the deadline.
    pub(crate) fn doubts_if_missing(&self, needs: Needs, deadline: Option<Timestamp>) -> Doubts {
        let mut doubts = self.doubts(needs);
        match deadline.map(|deadline| deadline.plus(self.input.settle_ns)) {
            Some(past) if self.input.now < past => doubts.add(Doubt::Early(past)),
            None if !self.input.waited() => doubts.add(Doubt::Waiting),
            _ => {}
        }
        if deadline.is_some_and(|deadline| self.input.window_end.is_some_and(|end| end < deadline)) {
            doubts.add(Doubt::Window);
        }
        doubts
    }

    /// Doubts about incomplete and unconfigured sources only, which the passing of time does not resolve.
    pub(crate) fn source_doubts(&self, needs: Needs) -> Doubts {
        let mut doubts = Doubts { all: vec![], needs };
        let leads = needs.spans && self.reach == Reach::All;
        for (source, needed, leads) in [(Source::Jaeger, needs.spans, false), (Source::Loki, needs.lines, leads)] {
            match self.input.status(source) {
                SourceStatus::Incomplete if needed || leads => doubts.add(Doubt::Incomplete(source)),
                SourceStatus::NotConfigured if needed => doubts.add(Doubt::NotConfigured(source)),
                SourceStatus::PartlyRead if needed || leads => doubts.add(Doubt::PartlyRead),
                SourceStatus::NoneInFile if needed => doubts.add(Doubt::NoneInFile(source)),
                SourceStatus::UnknownId(place) if needed => doubts.add(Doubt::UnknownId(place)),
                _ => {}
            }
        }
        doubts
    }

    /// Whether nothing carries the ID and nothing will: searched in full, in a window that ended a settle time ago or
    /// after the requested wait.
    pub(crate) fn is_conclusively_empty(&self) -> bool {
        let input = self.input;
        let past = |end: Timestamp| end.plus(input.settle_ns) <= input.now;
        input.journey.is_empty()
            && input.spans == SourceStatus::Complete
            && input.lines != SourceStatus::Incomplete
            && input.waited()
            && (input.wait_until.is_some() || input.window_end.is_some_and(past))
    }
}

fn title(source: Source) -> &'static str {
    match source {
        Source::Jaeger => "Jaeger",
        Source::Loki => "Loki",
        Source::Prometheus => "Prometheus",
        Source::File => "the file",
        Source::Demo => "the demo",
    }
}

/// A duration as a limit is written, without trailing zeros: `30 s`.
pub(crate) fn duration_text(ns: i64) -> String {
    Human(ns).to_string().replace(".00 ", " ").replace(".0 ", " ")
}
