//! Readings of a spec's metrics at a journey's end.

use crate::gather::backend_status;
use crate::gather::metrics::{PanelSubject, readings};
use crate::model::evidence::{BackendState, Note};
use crate::model::provenance::Provenance;
use crate::model::time::{Human, MINUTE};
use crate::pipeline::evaluate::MetricReading;
use crate::pipeline::spec::Metric;
use crate::query::PanelTemplate;
use crate::session::Servers;
use crate::session::answer::JourneyAnswer;
use crate::source::failure::{Failure, FailureKind};
use crate::source::role::Role;
use crate::source::server::transport::Transport;

impl Servers {
    /// The readings of metrics a minute after the journey's end, when they were scraped. How the backend did is added to
    /// the answer.
    pub(super) async fn readings(
        &self,
        transport: &Transport,
        answer: &mut JourneyAnswer,
        metrics: &[Metric],
    ) -> Vec<MetricReading> {
        let none = |why: String| metrics.iter().map(|_| MetricReading::NotAvailable(why.clone())).collect();
        let journey = &answer.analysed.journey;
        let Some(extent) = journey.span_extent() else { return none("there is no journey to measure at".to_owned()) };
        let Some(source) = self.backends.metric_source(transport) else {
            return none(format!("{} is left out", Role::Metrics.backend().as_str()));
        };
        let backend = source.backend();
        let at = extent.to.plus(MINUTE);
        if at > answer.query.now {
            let left = Human(at.since(answer.query.now));
            return none(format!("metrics are read a minute after the run's end: that is in {left}"));
        }
        let about = PanelSubject {
            services: journey.services().into_iter().map(str::to_owned).collect(),
            id: journey.correlation_id.clone().unwrap_or_else(|| answer.query.subject.text.clone()),
        };
        let templates = metrics.iter().map(|m| PanelTemplate { name: m.name.clone(), query: m.query.clone() });
        let (samples, fetched) = readings(source.as_ref(), templates, &about, extent, at).await;
        let provenance = &mut answer.summary.provenance;
        fetched.failures.iter().for_each(|(_, failure)| add_note(provenance, failure.note(backend), Some(failure)));
        fetched.notes.into_iter().for_each(|note| add_note(provenance, note, None));
        samples
            .into_iter()
            .map(|samples| samples.map_or_else(MetricReading::NotAvailable, MetricReading::Samples))
            .collect()
    }
}

/// Adds a note, and what it means for the backend's row; once, for the first thing that is missing.
fn add_note(provenance: &mut Provenance, note: Note, failure: Option<&Failure>) {
    if note.code.is_incomplete() {
        let status = provenance.backends.iter_mut().find(|backend| backend.name == Role::Metrics.backend());
        let Some(status) = status.filter(|status| status.state == BackendState::Ok) else { return };
        let refuses = |failure: &Failure| matches!(failure.kind, FailureKind::ActionNeeded | FailureKind::NoSuchApi);
        let state = if failure.is_some_and(refuses) { BackendState::Refused } else { BackendState::Partial };
        backend_status::lacking(status, state, &note);
    }
    provenance.note(note);
}
