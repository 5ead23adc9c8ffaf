//! Asking Prometheus which alerts there were and are.

use crate::gather::metric_status::MetricStatus;
use crate::gather::sources::Sources;
use crate::model::evidence::{Evidence, Note, NoteCode};
use crate::model::metric::{ActiveAlert, Alert, Series};
use crate::model::rule::{Rule, RuleKind};
use crate::model::time::{SECOND, Timestamp, Window};
use crate::source::failure::{Failure, FailureKind};
use crate::source::role::Role;
use crate::source::role::{MetricSource, step_seconds};
use crate::wire::prometheus_json::alerts_from_series;

/// What came.
#[derive(Clone, Debug, Default)]
pub(crate) struct AlertsAnswer {
    /// Stretches of the window over which an alert was pending or fired.
    pub(crate) stretches: Vec<Alert>,
    /// Since when each was active, as seconds, over the window.
    pub(crate) since: Vec<Series>,
    /// Those that are active now, as the server lists them; empty where the window ends before.
    pub(crate) active: Vec<ActiveAlert>,
    /// Those of which there is a sample now: what is over has none. None where the window ends before, or none was had.
    pub(crate) sampled: Option<Vec<Alert>>,
    /// The rules behind them; empty where they could not be had.
    pub(crate) rules: Vec<Rule>,
    /// Whether no alert could be, for this server has no rules.
    pub(crate) no_rules: bool,
    /// Nanoseconds between two samples.
    pub(crate) step_ns: i64,
    /// How Prometheus did.
    pub(crate) status: Evidence,
}

/// Asks for the alerts of the window, and for those of now where it reaches so far; none where metrics are left out.
pub(crate) async fn gather(window: Window, now: Timestamp, sources: &Sources<'_>) -> Option<AlertsAnswer> {
    let (endpoint, metrics) = (sources.endpoint(Role::Metrics)?, sources.metrics()?);
    let mut status = MetricStatus::new(endpoint, sources.transport);
    let (alerts, since) = (over("max_over_time", "ALERTS", window), over("last_over_time", "ALERTS_FOR_STATE", window));
    let is_now = window.to >= now;
    let active = async { if is_now { Some(metrics.alerts(now).await) } else { None } };
    let sampled = async { if is_now { Some(metrics.instant("ALERTS", now).await) } else { None } };
    let (alerts, since, active, sampled) =
        tokio::join!(metrics.range(&alerts, window), metrics.range(&since, window), active, sampled);
    let stretches = alerts_from_series(&status.take(alerts));
    let sampled = sampled.map(|asked| alerts_from_series(&status.take(asked))).filter(|_| status.is_well());
    let since = status.take(since);
    let active = match active {
        Some(Err(failure)) if status.is_well() && has_no_list(&failure) => {
            let said = format!("which alerts are active is taken from ALERTS alone: {}", failure.message);
            status.note(Note::new(NoteCode::Info, metrics.backend(), said));
            vec![]
        }
        Some(asked) => status.take(asked),
        None => vec![],
    };
    let items = stretches.len().max(active.len());
    let rules = if status.is_well() { rules(metrics.as_ref(), &mut status).await } else { None };
    let could_fire = |rule: &Rule| rule.kind == RuleKind::Alerting;
    let no_rules = items == 0 && rules.as_ref().is_some_and(|rules| !rules.iter().any(could_fire));
    let rules = rules.unwrap_or_default();
    Some(AlertsAnswer {
        stretches,
        since,
        active,
        sampled,
        rules,
        no_rules,
        step_ns: step_ns(window),
        status: status.into_evidence("alerts", items, String::new(), window),
    })
}

/// What they say of their alerts helps to read an answer; that it could not be had takes nothing from it.
async fn rules(metrics: &dyn MetricSource, status: &mut MetricStatus<'_>) -> Option<Vec<Rule>> {
    match metrics.rules().await {
        Ok(reply) => Some(reply.data),
        Err(failure) if has_no_list(&failure) => None,
        Err(failure) => {
            let said = format!("what the rules say of their alerts is not known: {}", failure.message);
            status.note(Note::new(NoteCode::Info, metrics.backend(), said));
            None
        }
    }
}

/// Nanoseconds between two samples of this window.
pub(crate) fn step_ns(window: Window) -> i64 {
    step_seconds(window).saturating_mul(SECOND)
}

/// Not everything that answers queries evaluates rules.
fn has_no_list(failure: &Failure) -> bool {
    matches!(failure.kind, FailureKind::NoSuchApi | FailureKind::Rejected)
}

/// The metric itself; where samples are far apart, so that nothing between them is overlooked, what was since the last.
fn over(function: &str, metric: &str, window: Window) -> String {
    match step_seconds(window) {
        ..=60 => metric.to_owned(),
        step => format!("{function}({metric}[{step}s])"),
    }
}
