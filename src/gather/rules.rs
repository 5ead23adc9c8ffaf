//! Asking Prometheus for its rules, and whether what they look at was ever there.

use std::collections::{BTreeMap, BTreeSet};

use futures_util::future::join_all;

use crate::gather::metric_status::MetricStatus;
use crate::model::evidence::{Evidence, Note, NoteCode, Source};
use crate::model::rule::Rule;
use crate::model::time::{SECOND, Window};
use crate::source::server::Endpoint;
use crate::source::server::prometheus::Prometheus;
use crate::source::server::transport::Transport;
use crate::wire::promql::needed;

/// So many selectors are looked for at most.
const MOST: usize = 100;

/// What came.
#[derive(Clone, Debug, Default)]
pub struct RulesAnswer {
    /// The rules, in a total order.
    pub rules: Vec<Rule>,
    /// What they need, and whether there was any of it in the window. What was not asked is not here.
    pub seen: BTreeMap<String, bool>,
    /// How Prometheus did.
    pub shell: Evidence,
}

/// Asks for all rules, then for what each needs.
pub async fn gather(window: Window, endpoint: &Endpoint, transport: &Transport) -> RulesAnswer {
    let prometheus = Prometheus::new(transport, endpoint);
    let mut standing = MetricStatus::new(endpoint, transport);
    let rules = standing.take(prometheus.rules().await);
    let all: BTreeSet<String> = rules.iter().filter_map(|rule| needed(&rule.query)).flatten().collect();
    if all.len() > MOST {
        let said = format!("whether there is data was asked of {MOST} of {} selectors", all.len());
        standing.note(Note::new(NoteCode::Sampled, Source::Prometheus, said));
    }
    let mut open: Vec<String> = all.into_iter().take(MOST).collect();
    let mut seen = BTreeMap::new();
    // What is there at the end costs little to see; only where nothing is, the whole time is looked through.
    let seconds = (window.length() / SECOND).max(1);
    let at_the_end = |selector: &str| format!("count({selector})");
    let ever = |selector: &str| format!("count(count_over_time({selector}[{seconds}s]))");
    for (query, is_all) in [(&at_the_end as &dyn Fn(&str) -> String, false), (&ever, true)] {
        let look = |selector: String| {
            let (prometheus, query) = (&prometheus, query(&selector));
            async move { (selector, prometheus.instant(&query, window.to).await) }
        };
        for (selector, asked) in join_all(std::mem::take(&mut open).into_iter().map(look)).await {
            let came = asked.is_ok();
            let is_there = !standing.take(asked).is_empty();
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
    RulesAnswer { rules, seen, shell: standing.shell("rules", 0, detail, window) }
}
