//! Asking Prometheus for its rules, and whether what they look at was ever there.

use std::collections::{BTreeMap, BTreeSet};

use futures_util::future::join_all;

use crate::backend::Endpoint;
use crate::backend::prometheus::Prometheus;
use crate::backend::transport::Transport;
use crate::gather::standing::Standing;
use crate::model::evidence::{Evidence, Note, NoteCode, Source};
use crate::model::rule::Rule;
use crate::model::time::{SECOND, Window};
use crate::wire::promql::selectors;

/// So many selectors are looked for at most.
const MOST: usize = 100;

/// What came.
#[derive(Clone, Debug, Default)]
pub struct Ruled {
    /// The rules, in a total order.
    pub rules: Vec<Rule>,
    /// What they look at, and whether there was any of it in the window. What was not asked is not here.
    pub seen: BTreeMap<String, bool>,
    /// How Prometheus did.
    pub shell: Evidence,
}

/// Asks for all rules, then for what each looks at.
pub async fn gather(window: Window, endpoint: &Endpoint, transport: &Transport) -> Ruled {
    let prometheus = Prometheus::new(transport, endpoint);
    let mut standing = Standing::new(endpoint, transport);
    let rules = standing.take(prometheus.rules().await);
    let all: BTreeSet<String> = rules.iter().filter_map(|rule| selectors(&rule.query)).flatten().collect();
    if all.len() > MOST {
        let said = format!("whether there is data was asked of {MOST} of {} selectors", all.len());
        standing.note(Note::new(NoteCode::Sampled, Source::Prometheus, said));
    }
    let seconds = (window.length() / SECOND).max(1);
    let look = |selector: String| {
        let prometheus = &prometheus;
        async move {
            let query = format!("count(count_over_time({selector}[{seconds}s]))");
            let asked = prometheus.instant(&query, window.to).await;
            (selector, asked)
        }
    };
    let mut seen = BTreeMap::new();
    for (selector, asked) in join_all(all.into_iter().take(MOST).map(look)).await {
        let came = asked.is_ok();
        let series = standing.take(asked);
        if came {
            seen.insert(selector, !series.is_empty());
        }
    }
    let detail = format!("{} rules", rules.len());
    Ruled { rules, seen, shell: standing.shell("rules", 0, detail, window) }
}
