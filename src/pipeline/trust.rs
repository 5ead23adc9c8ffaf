//! How far it can be trusted that what is not here is nowhere.

use crate::model::evidence::Source;
use crate::model::finding::FindingId;
use crate::model::time::{Human, Timestamp};
use crate::pipeline::input::{EvaluationInput, SourceStatus};
use crate::pipeline::spec::{Reach, SeenIn, Selector};

/// Which sources an expectation reads.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Needs {
    /// Spans.
    pub spans: bool,
    /// Lines.
    pub lines: bool,
}

impl Needs {
    /// Of what is seen as one of these.
    pub fn from_selectors(selectors: &[Selector]) -> Self {
        let lines = selectors.iter().any(|s| matches!(s.what, SeenIn::Log(_)));
        Self { spans: selectors.iter().any(|s| matches!(s.what, SeenIn::Span(_))), lines }
    }

    /// Of a finding that must not be made.
    pub fn of_finding(id: FindingId) -> Self {
        Self { spans: true, lines: id == FindingId::LogWithoutSpan }
    }
}

/// Why something that is not here may yet be somewhere.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Doubt {
    /// A source did not tell everything.
    Incomplete(Source),
    /// Nobody said where a source is.
    NotConfigured(Source),
    /// Not all of the file could be read.
    HalfRead,
    /// The file holds nothing of this source's kind about the run.
    NotHeld(Source),
    /// The file or the demo holds nothing about the run.
    Without(Source),
    /// A trace of the run is stored nowhere.
    Lost,
    /// The explicit window ends too early.
    Window,
    /// The run is too young until then.
    Unsettled(Timestamp),
    /// A limit and a settle time have not passed until then.
    Early(Timestamp),
    /// Nothing is there yet, and nobody said how long to wait.
    Unwaited,
    /// Waiting was asked for, and ended before anything could be told.
    Waiting,
}

impl Doubt {
    /// In a sentence.
    pub fn why(self, settle_ns: i64) -> String {
        match self {
            Self::Incomplete(source) => format!("{} did not tell everything, and it may lie there", title(source)),
            Self::NotConfigured(source) => format!("{} is not configured", title(source)),
            Self::HalfRead => "not all of the file could be read, and it may lie there".to_owned(),
            Self::NotHeld(Source::Loki) => "the file holds no log line of this run".to_owned(),
            Self::NotHeld(_) => "the file holds no span of this run".to_owned(),
            Self::Without(source) => format!("{} has no such ID", title(source)),
            Self::Lost => "a trace of this run is named and stored nowhere, and it may lie there".to_owned(),
            Self::Window => "the window that was asked ends too early to tell".to_owned(),
            Self::Unsettled(_) => {
                format!("the run's last span ended less than {} ago, so more may come", length(settle_ns))
            }
            Self::Early(_) => "its limit and a settle time have not passed".to_owned(),
            Self::Unwaited => "nothing carries the ID yet, and more may come: --wait waits for it".to_owned(),
            Self::Waiting => "it had not come when waiting ended".to_owned(),
        }
    }

    /// Until when time alone, or asking again, may take the doubt away: none where it cannot.
    fn ends(self) -> Option<Ends> {
        match self {
            Self::Unsettled(at) | Self::Early(at) => Some(Ends::At(at)),
            Self::Incomplete(_) | Self::Waiting => Some(Ends::Open),
            Self::NotConfigured(_)
            | Self::HalfRead
            | Self::NotHeld(_)
            | Self::Without(_)
            | Self::Lost
            | Self::Window
            | Self::Unwaited => None,
        }
    }

    fn sources(self, needs: Needs) -> Vec<Source> {
        match self {
            Self::Incomplete(source) | Self::NotConfigured(source) | Self::NotHeld(source) => vec![source],
            Self::Lost => vec![Source::Jaeger],
            _ => {
                let all = [(needs.spans, Source::Jaeger), (needs.lines, Source::Loki)];
                all.into_iter().filter(|(needed, _)| *needed).map(|(_, source)| source).collect()
            }
        }
    }
}

/// When waiting stops being of use.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Ends {
    /// Then.
    At(Timestamp),
    /// Nobody can say.
    Open,
}

/// Doubts about one absence; none means that it is sure.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Doubts {
    all: Vec<Doubt>,
    needs: Needs,
}

impl Doubts {
    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.all.is_empty()
    }

    /// Whether nothing is doubted but that a trace is lost.
    pub fn are_of_loss(&self) -> bool {
        self.all == [Doubt::Lost]
    }

    /// Each in a sentence.
    pub fn why(&self, settle_ns: i64) -> Vec<String> {
        self.all.iter().map(|doubt| doubt.why(settle_ns)).collect()
    }

    /// On which sources they rest.
    pub fn sources(&self) -> Vec<Source> {
        let mut all: Vec<Source> = self.all.iter().flat_map(|doubt| doubt.sources(self.needs)).collect();
        all.sort_unstable();
        all.dedup();
        all
    }

    /// Until when waiting may change something: none where it cannot.
    pub fn end(&self) -> Option<Ends> {
        self.all.iter().filter_map(|doubt| doubt.ends()).max()
    }

    /// Those of another one too.
    pub fn join(&mut self, more: &Self) {
        self.needs.spans |= more.needs.spans;
        self.needs.lines |= more.needs.lines;
        more.all.iter().for_each(|doubt| self.add(*doubt));
    }

    /// One more.
    pub fn add(&mut self, doubt: Doubt) {
        if !self.all.contains(&doubt) {
            self.all.push(doubt);
            self.all.sort_unstable();
        }
    }
}

/// What an absence rests on in one run.
#[derive(Clone, Copy, Debug)]
pub struct Trust<'a> {
    ground: &'a EvaluationInput<'a>,
    reach: Reach,
    newest: Option<Timestamp>,
    lost: bool,
}

impl<'a> Trust<'a> {
    /// In this run.
    pub fn new(ground: &'a EvaluationInput<'a>, reach: Reach) -> Self {
        let journey = ground.journey;
        let named = |id| ground.judgement.findings.iter().any(|finding| finding.is(id));
        let only_lines = journey.spans.is_empty() && !journey.logs.is_empty();
        let lost = only_lines || named(FindingId::TraceNotStored) || named(FindingId::NotSampled);
        Self { ground, reach, newest: journey.span_extent().map(|extent| extent.to.min(ground.now)), lost }
    }

    /// Doubts that more of what these sources tell may come, or lie where nobody looked.
    pub fn doubts(&self, needs: Needs) -> Doubts {
        let ground = self.ground;
        let mut doubts = self.open_sources(needs);
        if self.lost && needs.spans {
            doubts.add(Doubt::Lost);
        }
        match self.newest {
            _ if matches!(ground.jaeger, SourceStatus::Without(_)) => {}
            None if !self.is_nowhere() => doubts.add(match (ground.wait_until, ground.window_end) {
                (Some(_), _) => Doubt::Waiting,
                (None, Some(_)) => Doubt::Window,
                (None, None) => Doubt::Unwaited,
            }),
            None => {}
            Some(newest) => {
                let settled = newest.plus(ground.settle_ns);
                if !ground.settled {
                    doubts.add(Doubt::Unsettled(settled));
                } else if ground.window_end.is_some_and(|end| end < settled) {
                    doubts.add(Doubt::Window);
                }
            }
        }
        doubts
    }

    /// Doubts that something expected is finally missing. The limits it has end at the deadline.
    pub fn of_missing(&self, needs: Needs, deadline: Option<Timestamp>) -> Doubts {
        let mut doubts = self.doubts(needs);
        match deadline.map(|deadline| deadline.plus(self.ground.settle_ns)) {
            Some(past) if self.ground.now < past => doubts.add(Doubt::Early(past)),
            None if !self.ground.waited() => doubts.add(Doubt::Waiting),
            _ => {}
        }
        if deadline.is_some_and(|deadline| self.ground.window_end.is_some_and(|end| end < deadline)) {
            doubts.add(Doubt::Window);
        }
        doubts
    }

    /// Doubts for what was not asked or not answered alone: what time cannot change.
    pub fn open_sources(&self, needs: Needs) -> Doubts {
        let mut doubts = Doubts { all: vec![], needs };
        let leads = needs.spans && self.reach == Reach::All;
        for (source, needed, leads) in [(Source::Jaeger, needs.spans, false), (Source::Loki, needs.lines, leads)] {
            match self.ground.standing(source) {
                SourceStatus::Incomplete if needed || leads => doubts.add(Doubt::Incomplete(source)),
                SourceStatus::NotConfigured if needed => doubts.add(Doubt::NotConfigured(source)),
                SourceStatus::HalfRead if needed || leads => doubts.add(Doubt::HalfRead),
                SourceStatus::NotHeld if needed => doubts.add(Doubt::NotHeld(source)),
                SourceStatus::Without(place) if needed => doubts.add(Doubt::Without(place)),
                _ => {}
            }
        }
        doubts
    }

    /// Whether nothing carries the ID, and nothing will: asked in full, in a window that ended a settle time ago or
    /// after waiting.
    pub fn is_nowhere(&self) -> bool {
        let ground = self.ground;
        let past = |end: Timestamp| end.plus(ground.settle_ns) <= ground.now;
        ground.journey.is_empty()
            && ground.jaeger == SourceStatus::Complete
            && ground.loki != SourceStatus::Incomplete
            && ground.waited()
            && (ground.wait_until.is_some() || ground.window_end.is_some_and(past))
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

/// A length of time as a limit is written: `30 s`.
pub fn length(ns: i64) -> String {
    Human(ns).to_string().replace(".00 ", " ").replace(".0 ", " ")
}
