//! Asking Prometheus how the phases of the pipeline stand, and how storage references are kept.

use crate::gather::metric_status::MetricStatus;
use crate::gather::metrics::{fill, unknown};
use crate::gather::sources::Sources;
use crate::model::advice::Advice;
use crate::model::evidence::Evidence;
use crate::model::metric::Panel;
use crate::model::time::{SECOND, Window};
use crate::query::PhaseQueries;
use crate::source::failure::{Failure, FailureKind};
use crate::source::role::{MetricSource, Role, SeriesReply, step_seconds};

/// Seconds over which a rate is taken at least: five scrapes a minute apart, so that one that failed leaves enough.
const SHORTEST_RANGE: i64 = 300;

/// What came.
#[derive(Clone, Debug, Default)]
pub(crate) struct PhaseMetrics {
    /// The series of the phases.
    pub(crate) phases: Panel,
    /// Storage references per second: updated, and failed.
    pub(crate) storage: Vec<Panel>,
    /// Nanoseconds between two samples.
    pub(crate) step_ns: i64,
    /// How Prometheus did.
    pub(crate) status: Evidence,
}

/// Asks for all three over the window; none where metrics are left out.
pub(crate) async fn gather(queries: &PhaseQueries, window: Window, sources: &Sources<'_>) -> Option<PhaseMetrics> {
    let (endpoint, metrics) = (sources.endpoint(Role::Metrics)?, sources.metrics()?);
    let mut status = MetricStatus::new(endpoint, sources.transport);
    let ask = |query: &str| ask(metrics.as_ref(), query.to_owned(), window);
    let (phases, updates, failures) =
        tokio::join!(ask(&queries.query), ask(&queries.storage_updates), ask(&queries.storage_failures));
    let mut panel = |name: &str, (query, asked): (String, Result<SeriesReply, Failure>)| {
        let error = asked.as_ref().err().map(|failure| failure.message.clone());
        Panel { name: name.to_owned(), query, series: status.take(asked), error }
    };
    let (phases, storage) = (panel("phases", phases), vec![panel("updates/s", updates), panel("failures/s", failures)]);
    let detail = format!("{} series", std::iter::once(&phases).chain(&storage).map(|p| p.series.len()).sum::<usize>());
    let status = status.into_evidence("phases", 0, detail, window);
    Some(PhaseMetrics { phases, storage, step_ns: step_seconds(window).saturating_mul(SECOND), status })
}

async fn ask(metrics: &dyn MetricSource, template: String, window: Window) -> (String, Result<SeriesReply, Failure>) {
    let range = step_seconds(window).max(SHORTEST_RANGE);
    let filled = fill(&template, |name| match name {
        "range" => Ok(format!("{range}s")),
        "from" => Ok(window.from.seconds_text()),
        "to" => Ok(window.to.seconds_text()),
        _ => Err(unknown(name, "range, from and to")),
    });
    match filled {
        Ok(query) => {
            let asked = metrics.range(&query, window).await;
            (query, asked)
        }
        Err(why) => (template, Err(Failure::new(FailureKind::Rejected, why).with_actions(Advice::CheckPhaseQueries))),
    }
}
