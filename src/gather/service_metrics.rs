//! Metrics of services that the span source itself keeps.

use std::collections::BTreeMap;

use futures_util::future::try_join_all;

use crate::gather::metric_families::MetricFigures;
use crate::model::filter::Filters;
use crate::model::measure::{Histogram, Measure, Measured};
use crate::model::time::{SECOND, Window};
use crate::source::failure::Failure;
use crate::source::role::{MetricsLevel, ServiceMetric, ServiceMetricsSubject, SpanSource};
use crate::wire::jaeger_metrics::Point;

/// Services in one request at most: their names are in its URL, which servers limit to some 8 KB.
const AT_ONCE: usize = 100;
/// The quantiles that Jaeger is asked for: those of its own Monitor page.
const SHARES: [f64; 4] = [0.5, 0.9, 0.95, 0.99];
/// Nanoseconds in a millisecond, in which its page takes every length to be.
const MILLIS: f64 = 1e6;

/// Why nothing is known.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum NoServiceMetrics {
    /// It keeps no such metrics, or there was nothing to count.
    NothingKept,
    /// It cannot be asked about a time so long.
    OddLength,
}

/// What of it is wanted.
#[derive(Clone, Copy, Debug)]
pub(crate) struct ServiceMetricsQuery {
    /// Lengths are asked for only where they are.
    pub(crate) figures: MetricFigures,
    /// What a row is of.
    pub(crate) level: MetricsLevel,
    /// When.
    pub(crate) window: Window,
}

/// The calls of a window as the span source itself counts them, by operation or by service.
pub(crate) async fn service_metrics(
    source: &dyn SpanSource,
    filters: &Filters,
    query: ServiceMetricsQuery,
) -> Result<Result<Measured, NoServiceMetrics>, Failure> {
    let ServiceMetricsQuery { figures, level, window } = query;
    source.connect().await?;
    let mut services = source.services().to_vec();
    services.retain(|service| filters.wants_service(service));
    let client = ServiceMetricsClient { source, level, window };
    let Some(first) = services.first() else { return Ok(Err(NoServiceMetrics::NothingKept)) };
    if !source.has_metrics_of(window) {
        // A server without such metrics must not be reported as one that cannot be asked about this time.
        let minute = Window::new(window.to.plus(-60 * SECOND), window.to);
        let probe = ServiceMetricsClient { window: minute, ..client };
        let kept = probe.fetch(ServiceMetric::Calls, std::slice::from_ref(first)).await?.is_some();
        return Ok(Err(if kept { NoServiceMetrics::OddLength } else { NoServiceMetrics::NothingKept }));
    }
    let Some(calls) = client.fetch(ServiceMetric::Calls, &services).await? else {
        return Ok(Err(NoServiceMetrics::NothingKept));
    };
    let mut called: Vec<String> = calls.iter().filter(|p| p.value > 0.0).map(|p| p.service.clone()).collect();
    called.sort_unstable();
    called.dedup();
    if called.is_empty() {
        return Ok(Err(NoServiceMetrics::NothingKept));
    }
    let shares = if figures == MetricFigures::Durations { &SHARES[..] } else { &[] };
    let latencies = shares.iter().map(|share| client.fetch(ServiceMetric::Latency(*share), &called));
    let (errors, latencies) = tokio::join!(client.fetch(ServiceMetric::Errors, &called), try_join_all(latencies));
    let seconds = window.length() as f64 / SECOND as f64;
    let metric = match level {
        MetricsLevel::Operation => "service_operation_call_rate",
        MetricsLevel::Service => "service_call_rate",
    };
    Ok(Ok(Measured {
        source: source.backend(),
        metric: metric.to_owned(),
        measures: table(&calls, &errors?.unwrap_or_default(), &latencies?, seconds),
        edges: vec![],
    }))
}

#[derive(Clone, Copy)]
struct ServiceMetricsClient<'a> {
    source: &'a dyn SpanSource,
    level: MetricsLevel,
    window: Window,
}

impl ServiceMetricsClient<'_> {
    /// One metric of all these services; none where the server keeps none.
    async fn fetch(&self, metric: ServiceMetric, services: &[String]) -> Result<Option<Vec<Point>>, Failure> {
        let requests = services.chunks(AT_ONCE).map(|services| {
            let subject = ServiceMetricsSubject { services, level: self.level, window: self.window };
            self.source.service_metrics(metric, subject)
        });
        let points: Option<Vec<Vec<Point>>> = try_join_all(requests).await?.into_iter().collect();
        Ok(points.map(|points| points.into_iter().flatten().collect()))
    }
}

type OperationKey<'a> = (&'a str, &'a str);

fn key(point: &Point) -> OperationKey<'_> {
    (&point.service, &point.operation)
}

fn table(calls: &[Point], errors: &[Point], lengths: &[Option<Vec<Point>>], seconds: f64) -> Vec<Measure> {
    let shares: BTreeMap<OperationKey, f64> = errors.iter().map(|point| (key(point), point.value)).collect();
    let mut quantiles: BTreeMap<OperationKey, Vec<(f64, f64)>> = BTreeMap::new();
    for (share, points) in SHARES.iter().zip(lengths) {
        for point in points.iter().flatten() {
            quantiles.entry(key(point)).or_default().push((*share, point.value * MILLIS));
        }
    }
    let measure = |point: &Point| {
        let calls = point.value * seconds;
        let failed = shares.get(&key(point)).copied().unwrap_or_default().clamp(0.0, 1.0);
        Measure {
            service: point.service.clone(),
            operation: point.operation.clone(),
            kind: None,
            calls,
            errors: calls * failed,
            durations: Histogram::from_quantiles(calls, quantiles.get(&key(point)).cloned().unwrap_or_default()),
        }
    };
    calls.iter().filter(|point| point.value > 0.0).map(measure).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rates_and_shares_become_counts() {
        let point = |service: &str, operation: &str, value| Point {
            service: service.to_owned(),
            operation: operation.to_owned(),
            value,
        };
        let calls = [point("shop", "GET /x", 20.0), point("shop", "SELECT", 0.0), point("billing", "charge", 0.1)];
        let errors = [point("shop", "GET /x", 0.2), point("nobody", "", 7.0)];
        let lengths =
            [Some(vec![point("shop", "GET /x", 40.0)]), None, Some(vec![point("shop", "GET /x", 775.0)]), None];
        let measured = table(&calls, &errors, &lengths, 60.0);
        let rows: Vec<_> = measured.iter().map(|m| (m.operation.as_str(), m.calls, m.errors)).collect();
        assert_eq!(rows, [("GET /x", 1_200.0, 240.0), ("charge", 6.0, 0.0)]);
        let at = |nth: usize, share| measured[nth].durations.quantile(share).map(|e| (e.high_ns, e.value_ns));
        assert_eq!((at(0, 0.5), at(0, 0.95), at(1, 0.5)), (Some((None, 40_000_000)), Some((None, 775_000_000)), None));
    }
}
