//! From evidence to an analysed journey.

use crate::analysis::journey::findings::known::Knowledge;
use crate::analysis::journey::findings::{AnalysedJourney, FindingsInput};
use crate::gather::backend_status::no_backend;
use crate::model::evidence::{Evidence, LookedUp, Note, NoteCode};
use crate::model::journey::Journey;
use crate::model::provenance::{DataSelection, Provenance};
use crate::model::span::Span;
use crate::model::time::Human;
use crate::pipeline::evaluate::MetricReading;
use crate::query::{Query, TimeRange};
use crate::session::answer::JourneyAnswer;
use crate::session::answer::{AnswerSummary, Found};
use crate::session::links::links;
use crate::session::request::JourneyRequest;
use crate::session::{OpenedData, Session};
use crate::stitch::stitch;

/// A journey without findings: they depend on what other journeys show as well.
pub(super) struct StitchedJourney {
    query: Query,
    /// How the backends did; without what was found.
    asked: Evidence,
    journey: Journey,
}

impl StitchedJourney {
    /// The journey of this evidence. What it shows is added to what is known.
    pub(super) fn new(mut evidence: Evidence, query: Query, known: &mut Knowledge) -> Self {
        let asked = Evidence { looked_up: std::mem::take(&mut evidence.looked_up), ..evidence.take_status() };
        known.learn_spans(&evidence.spans);
        known.learn_lists(&evidence.listed);
        let journey = stitch(evidence, &query);
        known.learn_joins(&journey);
        Self { query, asked, journey }
    }

    /// The ID by which it was asked for.
    pub(super) fn id(&self) -> &str {
        &self.query.subject.text
    }

    /// With its findings, given what is known.
    pub(super) fn analyse(self, known: &Knowledge, request: &JourneyRequest, session: &Session) -> JourneyAnswer {
        let Self { query, mut asked, journey } = self;
        let unsettled = session.unsettled(&journey, &query, known);
        let settled = unsettled.is_none();
        asked.notes.extend(unsettled);
        if asked.is_complete() {
            asked.notes.extend(no_backend(&asked.backends));
        }
        asked.notes.extend(journey.oddities.iter().map(|oddity| Note::general(NoteCode::Oddity, oddity.as_str())));
        let input = FindingsInput {
            complete: asked.is_complete(),
            settled: settled && !session.ends_at_the_edge(&journey, &query),
            looked_up: !matches!(asked.looked_up, LookedUp::Part { .. }),
            known,
            baseline: request.baseline,
        };
        let links = links(&session.config.pages, &journey);
        let analysed = AnalysedJourney::new(journey, &input);
        let provenance = Provenance {
            subject: Some(query.subject.text.clone()).filter(|subject| !subject.is_empty()),
            settled,
            data: DataSelection { times: request.times.clone(), ..session.config.data.clone() },
            filters: request.filters.clone(),
            links,
            ..Provenance::from_evidence(&asked)
        };
        let summary = AnswerSummary {
            provenance,
            found: if analysed.journey.is_empty() { Found::Nothing } else { Found::Something },
            not_found: Vec::new(),
            worst: analysed.findings.worst_severity(),
        };
        let unread = session.why_no_metrics();
        let readings = request.metrics.iter().map(|_| MetricReading::NotAvailable(unread.to_owned())).collect();
        JourneyAnswer { analysed, query, context_lines: Vec::new(), readings, summary }
    }
}

impl Session {
    /// Why a metric has no reading where none was asked for.
    fn why_no_metrics(&self) -> &'static str {
        match self.data {
            OpenedData::Demo(_) => "the demo asks no Prometheus: leave --demo out, and give --prometheus-url",
            OpenedData::Files(_) => "a file holds no metrics: leave --input out, and give --prometheus-url",
            OpenedData::Servers(_) => "nobody was asked",
        }
    }

    /// Whether a window that the user gave ends so soon after the journey's newest span that what followed may lie
    /// outside of it.
    fn ends_at_the_edge(&self, journey: &Journey, query: &Query) -> bool {
        let TimeRange::Explicit(window) = query.time else { return false };
        let newest = journey.span_extent().map(|extent| extent.to);
        newest.is_some_and(|newest| window.to < query.now && window.to.since(newest) <= self.config.settle_ns)
    }

    /// A note where more spans may still come: the newest is younger than the settle time, or a file is still written. The
    /// demo does not grow.
    fn unsettled(&self, journey: &Journey, query: &Query, known: &Knowledge) -> Option<Note> {
        if matches!(self.data, OpenedData::Files(_)) {
            return self.cut_off(journey, known);
        }
        self.servers()?;
        let newest = journey.span_extent()?.to.min(query.now);
        let age = query.now.since(newest);
        let message = format!("the newest span ended {} ago; more may still come", Human(age));
        (age <= self.config.settle_ns).then(|| Note::general(NoteCode::TooYoung, message))
    }

    /// A note where a journey looks cut off by the end of a file with several: it is among the newest, and a parent is not
    /// there yet. Parents are exported after their children.
    fn cut_off(&self, journey: &Journey, known: &Knowledge) -> Option<Note> {
        let newest = journey.spans.iter().filter(|span| span.has_sane_time()).map(Span::end).max()?;
        let before_the_end = known.newest?.since(newest);
        let mut spans = journey.spans.iter().enumerate();
        let is_cut_off = known.spans > journey.spans.len()
            && before_the_end <= self.config.settle_ns
            && spans.any(|(index, span)| journey.forest.is_orphan(index, span));
        let message = "its newest span is among the last of the file, and a parent is missing; more may still come";
        is_cut_off.then(|| Note::general(NoteCode::TooYoung, message))
    }
}
