//! Jaeger's `/api/metrics` about services: OpenMetrics in the JSON form of protocol buffers.

use crate::wire::json::Json;
use crate::wire::{Malformed, read_tree};

/// The newest sample of one operation, or of a whole service.
#[derive(Clone, Debug, PartialEq)]
pub struct Point {
    /// The service.
    pub service: String,
    /// The operation; empty for a whole service.
    pub operation: String,
    /// The newest value.
    pub value: f64,
}

/// The newest value of each series. A series without a finite number is left out: Jaeger writes `NaN` where there were no
/// calls.
pub(crate) fn points(bytes: &[u8]) -> Result<Vec<Point>, Malformed> {
    read_tree(bytes, |tree| {
        if !tree.entries().iter().any(|(key, _)| key == "metrics" || key == "type") {
            return Err(Malformed::wrong_shape(tree));
        }
        Ok(tree.get(&["metrics"]).list().iter().filter_map(point).collect())
    })
}

fn point(metric: &Json) -> Option<Point> {
    let label = |name: &str| {
        let mut labels = metric.get(&["labels"]).list().iter();
        let found = labels.find(|label| label.get(&["name"]).str() == Some(name))?;
        Some(found.get(&["value"]).owned_text())
    };
    let number = |point: &Json| point.get(&["gaugeValue", "gauge_value"]).get(&["doubleValue", "double_value"]).float();
    let value = metric.get(&["metricPoints", "metric_points"]).list().iter().rev().find_map(number)?;
    let operation = label("operation").unwrap_or_default();
    value.is_finite().then(|| Some(Point { service: label("service_name")?, operation, value }))?
}

#[cfg(test)]
mod tests {
    use super::*;

    /// As Jaeger 2.13 answered, one series left out of it and some broken ones put into it.
    #[test]
    fn the_newest_number_of_each_series_is_read() {
        let answer = br#"{"name":"service_operation_error_rate","type":"GAUGE","help":"error rate","metrics":[
          {"labels":[{"name":"operation","value":"charge"},{"name":"service_name","value":"billing.v1"}],
           "metricPoints":[{"gaugeValue":{"doubleValue":0.5},"timestamp":"2026-11-24T10:45:04.999Z"},
                           {"gaugeValue":{"doubleValue":1},"timestamp":"2026-11-24T10:46:04.999Z"}]},
          {"labels":[{"name":"service_name","value":"shop"}],"metricPoints":[{"gaugeValue":{"doubleValue":"NaN"}}]},
          {"labels":[{"name":"service_name","value":"shop"}],"metricPoints":[{"gaugeValue":{"doubleValue":0.2}}]},
          {"labels":[],"metricPoints":[{"gaugeValue":{"doubleValue":3}}]},
          {"labels":null,"metricPoints":7}, null]}"#;
        let read = points(answer).unwrap();
        let rows: Vec<_> = read.iter().map(|p| (p.service.as_str(), p.operation.as_str(), p.value)).collect();
        assert_eq!(rows, [("billing.v1", "charge", 1.0), ("shop", "", 0.2)]);
        assert_eq!(points(br#"{"name":"","type":"GAUGE","help":""}"#), Ok(vec![]));
        assert!(points(br#"{"data":null,"errors":[{"code":501,"msg":"disabled"}]}"#).is_err());
        assert!(points(b"<html>").is_err());
    }
}
