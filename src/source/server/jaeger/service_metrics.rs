//! Jaeger's own metrics of services, as its Monitor page shows them: rates and quantiles, from a metrics backend of its
//! own.

use crate::model::time::{HOUR, MINUTE, Window};
use crate::source::failure::Failure;
use crate::source::role::{MetricsLevel, ServiceMetric, ServiceMetricsSubject};
use crate::source::server::endpoint::Endpoint;
use crate::source::server::jaeger::v1;
use crate::source::server::request::Request;
use crate::source::server::transport::{Transport, display_url};
use crate::wire::jaeger_metrics::{self, Point};

/// Every kind of span: it counts those of servers alone where none is named.
const KINDS: [&str; 6] = ["unspecified", "internal", "server", "client", "producer", "consumer"];
/// The kinds by which something enters a service.
const ENTERING: [&str; 2] = ["server", "consumer"];
/// Nanoseconds in a millisecond.
const MILLI: i64 = 1_000_000;

/// Whether the rate over a time of this length can be asked for: Jaeger reads the first unit of a duration only, so that
/// 90 minutes become one hour.
pub(crate) fn is_askable(window: Window) -> bool {
    let length = millis(window);
    length > 0 && (length % (HOUR / MILLI) == 0 || length < HOUR / MILLI && length % (MINUTE / MILLI) == 0)
}

/// One metric of each operation or service; none where the server keeps none.
pub(crate) async fn fetch(
    transport: &Transport,
    endpoint: &Endpoint,
    metric: ServiceMetric,
    subject: ServiceMetricsSubject<'_>,
) -> Result<Option<Vec<Point>>, Failure> {
    let answer = transport.fetch(endpoint, &request(metric, subject)).await?;
    if matches!(answer.status, 404 | 405 | 501) || answer.is_html() {
        return Ok(None);
    }
    let answer = answer.checked(&display_url(&endpoint.url), v1::says)?;
    let points = transport.decode(endpoint, answer, jaeger_metrics::points).await?;
    // The names are read as one regular expression, and so `a.b` finds `axb` as well.
    Ok(Some(points.into_iter().filter(|point| subject.services.contains(&point.service)).collect()))
}

/// One value, over the whole time, at its end.
fn request(metric: ServiceMetric, subject: ServiceMetricsSubject<'_>) -> Request {
    let by_operation = subject.level == MetricsLevel::Operation;
    let (name, quantile) = match metric {
        ServiceMetric::Calls => ("calls", None),
        ServiceMetric::Errors => ("errors", None),
        ServiceMetric::Latency(share) => ("latencies", Some(share)),
    };
    let length = millis(subject.window);
    let mut request = Request::get(&["api", "metrics", name])
        .with("groupByOperation", by_operation)
        .with("endTs", subject.window.to.micros() / 1_000)
        .with("lookback", 1)
        .with("step", length)
        .with("ratePer", length);
    for kind in if by_operation { &KINDS[..] } else { &ENTERING } {
        request = request.with("spanKind", kind);
    }
    if let Some(share) = quantile {
        request = request.with("quantile", share);
    }
    subject.services.iter().fold(request, |request, service| request.with("service", escaped(service)))
}

fn millis(window: Window) -> i64 {
    window.length() / MILLI
}

/// Escapes a name for a regular expression. A dot is not escaped: older servers interpret the backslash themselves.
fn escaped(service: &str) -> String {
    let meant = |c| "\\+*?()|[]{}^$".contains(c);
    service.chars().flat_map(|c| meant(c).then_some('\\').into_iter().chain([c])).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::time::Timestamp;

    #[test]
    fn a_name_means_itself_only() {
        assert_eq!(escaped("billing.v1-eu"), "billing.v1-eu");
        assert_eq!(escaped("we(i)rd|a\\"), "we\\(i\\)rd\\|a\\\\");
    }

    #[test]
    fn only_lengths_of_one_unit_are_asked_about() {
        for (length, expected) in [
            (0, false),
            (MINUTE / 2, false),
            (MINUTE, true),
            (59 * MINUTE, true),
            (90 * MINUTE, false),
            (HOUR, true),
            (HOUR + 1, true), // the end of a window is its last moment
            (HOUR + MILLI, false),
            (7 * 24 * HOUR, true),
        ] {
            assert_eq!(is_askable(Window::new(Timestamp(HOUR), Timestamp(HOUR + length))), expected, "{length}");
        }
    }
}
