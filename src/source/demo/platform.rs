//! What the platform's metrics show of the hour before [`NOW`]: batches that pass through three phases, of which the
//! last gets stuck; storage references; alerts beside those of the runs; and the rules behind them.

use std::collections::BTreeMap;

use super::{NOW, embedded};
use crate::model::metric::{Alert, AlertState, Panel, Series};
use crate::model::rule::{Rule, RuleKind};
use crate::model::time::{HOUR, MINUTE, SECOND, Timestamp};

/// Nanoseconds between two samples.
pub(crate) const STEP: i64 = 15 * SECOND;
/// The phase that is stuck.
pub(crate) const STUCK: &str = "cj_assessment";

const PHASES: [&str; 3] = ["student_matching", "spellcheck", STUCK];
/// How many essays a batch has.
const ESSAYS: f64 = 12.0;

/// When a batch came to each phase and when it ended there, in minutes before now; none where it never did.
struct Batch {
    stays: [Option<(i64, Option<i64>)>; 3],
    /// Whether its second phase failed.
    failed: bool,
}

/// Seven batches: the fourth fails at its spell check, the last two never end.
const BATCHES: [Batch; 7] = [
    batch([Some((59, Some(57))), Some((57, Some(51))), Some((51, Some(45)))]),
    batch([Some((56, Some(54))), Some((54, Some(48))), Some((48, Some(42)))]),
    batch([Some((53, Some(51))), Some((51, Some(44))), Some((44, Some(38)))]),
    Batch { stays: [Some((50, Some(48))), Some((48, Some(43))), None], failed: true },
    batch([Some((47, Some(45))), Some((45, Some(40))), Some((40, Some(35)))]),
    batch([Some((44, Some(42))), Some((42, Some(36))), Some((36, None))]),
    batch([Some((41, Some(39))), Some((39, Some(34))), Some((34, None))]),
];

const fn batch(stays: [Option<(i64, Option<i64>)>; 3]) -> Batch {
    Batch { stays, failed: false }
}

/// How many batches are in each status of each phase, over the hour.
pub(crate) fn phases() -> Panel {
    let mut series = vec![];
    for (nth, phase) in PHASES.iter().enumerate() {
        for status in ["completed", "failed", "in_progress"] {
            let value =
                |at: Timestamp| BATCHES.iter().filter(|batch| batch.status(nth, at) == Some(status)).count() as f64;
            series.push(Series { labels: labels(&[("phase", phase), ("status", status)]), samples: over(value) });
        }
    }
    Panel { name: "phases".to_owned(), query: String::new(), series, error: None }
}

impl Batch {
    fn status(&self, phase: usize, at: Timestamp) -> Option<&'static str> {
        let ago = |minutes: i64| NOW.plus(-minutes * MINUTE);
        let (from, to) = self.stays[phase]?;
        match to {
            _ if at < ago(from) => None,
            Some(to) if at >= ago(to) && self.failed && phase == 1 => Some("failed"),
            Some(to) if at >= ago(to) => Some("completed"),
            _ => Some("in_progress"),
        }
    }
}

/// Storage references per second over five minutes: one for each essay that was checked; failed are those of the runs.
pub(crate) fn storage() -> Vec<Panel> {
    const RANGE: i64 = 5 * MINUTE;
    let rate = |count: f64| count / (RANGE / SECOND) as f64;
    let checked = BATCHES.iter().filter(|batch| !batch.failed).filter_map(|batch| batch.stays[1]?.1);
    let checked: Vec<Timestamp> = checked.map(|minutes| NOW.plus(-minutes * MINUTE)).collect();
    let failed: Vec<Timestamp> = run_alerts().iter().map(|alert| alert.from).collect();
    let within = |all: &[Timestamp], at: Timestamp| {
        all.iter().filter(|then| **then <= at && at.since(**then) < RANGE).count() as f64
    };
    let panel = |name: &str, samples| Panel {
        name: name.to_owned(),
        series: vec![Series { labels: BTreeMap::new(), samples }],
        ..Panel::default()
    };
    vec![
        panel("updates/s", over(|at| rate(within(&checked, at) * ESSAYS))),
        panel("failures/s", over(|at| rate(within(&failed, at)))),
    ]
}

/// Alerts of the hour: those of the runs, that a phase is stuck, that spell checks fail since the new host came, and that
/// the spell checker's queue was long for a while.
pub(crate) fn alerts() -> Vec<Alert> {
    let mut all = run_alerts();
    let stuck = [
        ("alertname", "BatchPhaseStuck"),
        ("severity", "warning"),
        ("service_name", "batch_orchestrator_service"),
        ("phase", STUCK),
    ];
    let ago = |seconds: i64| NOW.plus(-seconds * SECOND);
    all.push(alert(&stuck, AlertState::Pending, ago(19 * 60), ago(9 * 60 + 15)));
    all.push(alert(&stuck, AlertState::Firing, ago(9 * 60), NOW));
    let failing =
        [("alertname", "SpellCheckFailing"), ("severity", "critical"), ("service_name", "spell_checker_service")];
    all.push(alert(&failing, AlertState::Pending, ago(22 * 60), ago(20 * 60)));
    all.push(alert(&failing, AlertState::Firing, ago(20 * 60 - 15), NOW));
    let lag = [("alertname", "SpellCheckerLag"), ("severity", "warning"), ("service_name", "spell_checker_service")];
    all.push(alert(&lag, AlertState::Pending, ago(120), ago(60)));
    all
}

fn run_alerts() -> Vec<Alert> {
    embedded().into_iter().flat_map(|(_, run)| run.alerts).collect()
}

fn alert(pairs: &[(&str, &str)], state: AlertState, from: Timestamp, to: Timestamp) -> Alert {
    let labels = labels(pairs);
    let label = |key: &str| labels.get(key).cloned();
    let (name, service) = (label("alertname").unwrap_or_default(), label("service_name"));
    Alert { name, state, service, from, to, ongoing: to == NOW, labels }
}

/// The rules behind them; one records, one queries a metric that does not exist, one cannot be evaluated.
pub(crate) fn rules() -> Vec<Rule> {
    let rule = |name: &str, kind, query: &str, state: Option<&str>| Rule {
        group: "reference".to_owned(),
        name: name.to_owned(),
        kind,
        query: query.to_owned(),
        health: "ok".to_owned(),
        last_error: String::new(),
        last_evaluation: Some(NOW.plus(-4 * SECOND)),
        state: state.map(str::to_owned),
        labels: BTreeMap::new(),
        annotations: BTreeMap::new(),
    };
    let alerting = |name, query, state, summary| Rule {
        annotations: labels(&[("summary", summary)]),
        ..rule(name, RuleKind::Alerting, query, Some(state))
    };
    let failing = Rule {
        health: "err".to_owned(),
        last_error: "found duplicate series for the match group {} on the right hand-side of the operation".to_owned(),
        ..alerting(
            "EssaysLost",
            "els_essays_total - cj_essays_total > 0",
            "inactive",
            "{{ $value }} essays never came back",
        )
    };
    vec![
        alerting(
            "BatchPhaseStuck",
            "bos_batch_phase_status{status=\"in_progress\"} > 0",
            "firing",
            "Batches stand still in {{ $labels.phase }}",
        ),
        failing,
        alerting("SpellCheckFailing", "rate(spell_checker_failures_total[5m]) > 0", "firing", "Spell checks fail"),
        alerting(
            "SpellCheckerLag",
            "spell_checker_queue_lag_seconds > 30",
            "inactive",
            "The spell checker lags {{ $value }} s behind its queue",
        ),
        alerting(
            "StorageReferencePropagationFailure",
            "increase(els_storage_reference_failures_total[1m]) > 0",
            "inactive",
            "Storage references are not propagated",
        ),
        alerting("UploadErrors", "increase(els_upload_errors_total[5m]) > 0", "inactive", "Uploads fail"),
        rule("phase:bos_batch_phase_status:sum", RuleKind::Recording, "sum by (phase) (bos_batch_phase_status)", None),
    ]
}

/// Whether there is a series that this selector wants.
pub(crate) fn has(selector: &str) -> bool {
    !selector.starts_with("els_upload_errors_total")
}

fn over(value: impl Fn(Timestamp) -> f64) -> Vec<(Timestamp, f64)> {
    (0..=HOUR / STEP).map(|nth| NOW.plus(nth * STEP - HOUR)).map(|at| (at, value(at))).collect()
}

fn labels(pairs: &[(&str, &str)]) -> BTreeMap<String, String> {
    pairs.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::analysis::window::phases::{PhaseWindow, phases as evaluate};
    use crate::model::time::Window;
    use crate::query::PhaseQueries;

    #[test]
    fn the_phase_that_is_stuck_is_found_and_no_other() {
        let window = Window::new(NOW.plus(-HOUR), NOW);
        let asked = PhaseWindow { window, step_ns: STEP, stuck_after_ns: 15 * MINUTE };
        let evaluated = evaluate(&phases().series, &PhaseQueries::default(), asked);
        let names: Vec<&str> = evaluated.iter().map(|phase| phase.phase.as_str()).collect();
        assert_eq!(names, PHASES);
        let stuck: Vec<_> =
            evaluated.iter().filter_map(|phase| Some((phase.phase.as_str(), phase.stuck?.since))).collect();
        let since = Timestamp(NOW.0 - 34 * MINUTE);
        assert_eq!(stuck, [(STUCK, since)], "since the last batch came to it");
    }
}
