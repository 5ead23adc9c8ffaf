//! Addresses of the backends' own pages about the same thing, where the configuration names them (`ui_url`).

use serde_json::json;
use url::Url;

use crate::model::journey::Journey;
use crate::model::provenance::PageLink;
use crate::model::time::{MINUTE, Window};
use crate::session::config::BackendPages;
use crate::source::server::loki::by_text;
use crate::source::server::transport::join_path;
use crate::stitch::id_matching::spellings;

/// How many traces get a link at most: more pages than that are not opened one by one.
const MAX_TRACES: usize = 20;

/// A page for each trace in Jaeger, and one for the lines in Grafana's Explore.
pub(super) fn links(pages: &BackendPages, journey: &Journey) -> Vec<PageLink> {
    let mut links = Vec::new();
    if let Some(jaeger) = &pages.jaeger {
        links.extend(journey.traces.iter().take(MAX_TRACES).map(|trace| {
            let url = join_path(jaeger, &["trace".to_owned(), trace.trace_id.to_string()]);
            PageLink { what: format!("trace {}", trace.trace_id.short()), url: url.into() }
        }));
    }
    if let (Some(grafana), Some(extent), Some(id)) = (&pages.grafana, journey.extent(), &journey.correlation_id) {
        let selector = pages.streams.as_deref().unwrap_or("{service_name=~\".+\"}");
        let url = explore(grafana, &by_text(selector, &spellings(id)), extent.padded(MINUTE, MINUTE));
        links.push(PageLink { what: "log lines".to_owned(), url: url.into() });
    }
    links
}

/// Grafana's Explore with one query, as its `panes` parameter has it since version 10.
fn explore(ui: &Url, query: &str, window: Window) -> Url {
    let range = json!({ "from": window.from.millis().to_string(), "to": window.to.millis().to_string() });
    let queries = json!([{ "refId": "A", "expr": query, "datasource": { "type": "loki" } }]);
    let panes = json!({ "trace": { "datasource": "loki", "queries": queries, "range": range } });
    let mut url = join_path(ui, &["explore".to_owned()]);
    url.query_pairs_mut().append_pair("schemaVersion", "1").append_pair("panes", &panes.to_string());
    url
}
