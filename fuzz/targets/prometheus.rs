//! Any answer of Prometheus', told beside a journey.
#![no_main]

use libfuzzer_sys::fuzz_target;
use trace::model::evidence::Evidence;
use trace::model::metric::{Panel, Series};
use trace::wire::prometheus_json;
use trace_fuzz::{JOURNEY, NOW, tell};

fuzz_target!(|bytes: &[u8]| {
    let _ = (prometheus_json::error_text(bytes), prometheus_json::version(bytes));
    let mut evidence = Evidence { spans: JOURNEY.clone(), ..Evidence::default() };
    if let Ok(reply) = prometheus_json::answer(bytes) {
        let series: Vec<Series> = reply.data.into_series();
        evidence.alerts = prometheus_json::alerts_from_series(&series);
        assert!(evidence.alerts.iter().all(|alert| alert.from <= alert.to), "an alert ends before it begins");
        evidence.panels = vec![Panel { name: "p".into(), query: "up".into(), series, error: reply.error }];
    }
    if let Ok(reply) = prometheus_json::exemplars(bytes) {
        evidence.exemplars = reply.data;
        evidence.spans.iter_mut().zip(&evidence.exemplars).for_each(|(span, exemplar)| span.trace_id = exemplar.trace_id);
    }
    if let Ok(reply) = prometheus_json::alerts(bytes, NOW) {
        evidence.alerts.extend(reply.data);
    }
    if !(evidence.alerts.is_empty() && evidence.panels.is_empty() && evidence.exemplars.is_empty()) {
        tell(evidence);
    }
});
