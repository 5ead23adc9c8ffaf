//! What the metrics of a spec say at a journey's end.

use crate::command::journey::JourneyAnswer;
use crate::command::session::Session;
use crate::gather::backend_status;
use crate::gather::metrics::{PanelSubject, readings as read};
use crate::model::evidence::{BackendState, Evidence, Note};
use crate::model::time::{Human, MINUTE};
use crate::pipeline::evaluate::MetricReading;
use crate::pipeline::spec::Metric;
use crate::query::PanelTemplate;
use crate::source::failure::{Failure, FailureKind};
use crate::source::role::Role;
use crate::source::server::transport::Transport;

/// What metrics say a minute after the journey's end: by then they were scraped. How Prometheus did goes to what the
/// journey rests on.
pub async fn readings(
    desk: &Session,
    transport: &Transport,
    told: &mut JourneyAnswer,
    metrics: &[Metric],
) -> Vec<MetricReading> {
    let none = |why: String| metrics.iter().map(|_| MetricReading::NotAvailable(why.clone())).collect();
    let journey = &told.judged.journey;
    let Some(extent) = journey.span_extent() else { return none("there is no journey to measure at".to_owned()) };
    let Some(source) = desk.backends.metric_source(transport) else {
        return none(format!("{} is left out", Role::Metrics.backend().as_str()));
    };
    let backend = source.backend();
    let at = extent.to.plus(MINUTE);
    if at > told.query.now {
        let left = Human(at.since(told.query.now));
        return none(format!("metrics are read a minute after the run's end: that is in {left}"));
    }
    let about = PanelSubject {
        services: journey.services().into_iter().map(str::to_owned).collect(),
        id: journey.correlation_id.clone().unwrap_or_else(|| told.query.subject.text.clone()),
    };
    let templates = metrics.iter().map(|m| PanelTemplate { name: m.name.clone(), query: m.query.clone() });
    let (samples, fetched) = read(source.as_ref(), templates, &about, extent, at).await;
    let shell = &mut told.footing.shell;
    fetched.failures.iter().for_each(|(_, failure)| remark(shell, failure.note(backend), Some(failure)));
    fetched.notes.into_iter().for_each(|note| remark(shell, note, None));
    samples
        .into_iter()
        .map(|samples| samples.map_or_else(MetricReading::NotAvailable, MetricReading::Samples))
        .collect()
}

/// Says how Prometheus did. That it is not well is said once.
fn remark(shell: &mut Evidence, note: Note, failure: Option<&Failure>) {
    if note.code.is_incomplete() {
        let status = shell.backends.iter_mut().find(|backend| backend.name == Role::Metrics.backend());
        let Some(status) = status.filter(|status| status.state == BackendState::Ok) else { return };
        let refuses = |failure: &Failure| matches!(failure.kind, FailureKind::ActionNeeded | FailureKind::NoSuchApi);
        let state = if failure.is_some_and(refuses) { BackendState::Refused } else { BackendState::Partial };
        backend_status::lacking(status, state, &note);
    }
    shell.note(note);
}
