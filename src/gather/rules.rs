//! Asking Prometheus for its rules, and whether what they look at was ever there.

use std::collections::{BTreeMap, BTreeSet};

use futures_util::future::join_all;

use crate::gather::metric_status::MetricStatus;
use crate::gather::sources::Sources;
use crate::model::evidence::{Evidence, Note, NoteCode};
use crate::model::rule::Rule;
use crate::model::time::{SECOND, Window};
use crate::source::role::Role;
use crate::wire::promql::needed;

/// Selectors that are checked for data at most: each costs one or two requests.
const MOST: usize = 100;

/// What came.
#[derive(Clone, Debug, Default)]
pub(crate) struct RulesAnswer {
    /// The rules, in a total order.
    pub(crate) rules: Vec<Rule>,
    /// What they need, and whether there was any of it in the window. What was not asked is not here.
    pub(crate) seen: BTreeMap<String, bool>,
    /// How Prometheus did.
    pub(crate) status: Evidence,
}

/// Asks for all rules, then for what each needs; none where metrics are left out.
pub(crate) async fn gather(window: Window, sources: &Sources<'_>) -> Option<RulesAnswer> {
    let (endpoint, metrics) = (sources.endpoint(Role::Metrics)?, sources.metrics()?);
    let mut status = MetricStatus::new(endpoint, sources.transport);
    let rules = status.take(metrics.rules().await);
    let all: BTreeSet<String> = rules.iter().filter_map(|rule| needed(&rule.query)).flatten().collect();
    if all.len() > MOST {
        let said = format!("whether there is data was asked of {MOST} of {} selectors", all.len());
        status.note(Note::new(NoteCode::Sampled, metrics.backend(), said));
    }
    let mut open: Vec<String> = all.into_iter().take(MOST).collect();
    let mut seen = BTreeMap::new();
    // What is there at the end costs little to see; only where nothing is, the whole time is looked through.
    let seconds = (window.length() / SECOND).max(1);
    let at_the_end = |selector: &str| format!("count({selector})");
    let ever = |selector: &str| format!("count(count_over_time({selector}[{seconds}s]))");
    for (query, is_all) in [(&at_the_end as &dyn Fn(&str) -> String, false), (&ever, true)] {
        let look = |selector: String| {
            let (metrics, query) = (&metrics, query(&selector));
            async move { (selector, metrics.instant(&query, window.to).await) }
        };
        for (selector, asked) in join_all(std::mem::take(&mut open).into_iter().map(look)).await {
            let came = asked.is_ok();
            let is_there = !status.take(asked).is_empty();
            if came {
                open.extend((!is_there).then(|| selector.clone()));
                // That nothing is there at the end says nothing of the time before.
                if is_there || is_all {
                    seen.insert(selector, is_there);
                }
            }
        }
    }
    let detail = format!("{} rules", rules.len());
    Some(RulesAnswer { rules, seen, status: status.into_evidence("rules", 0, detail, window) })
}
