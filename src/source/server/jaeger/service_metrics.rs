//! What Jaeger itself knows of services, as its page "Monitor" shows it: rates and quantiles that it takes from whatever
//! makes metrics of spans.

use crate::model::time::{HOUR, MINUTE, Window};
use crate::source::failure::Failure;
use crate::source::server::Endpoint;
use crate::source::server::jaeger::v1;
use crate::source::server::request::Request;
use crate::source::server::transport::{Transport, shown};
use crate::wire::jaeger_metrics::{self, Point};

/// Every kind of span: it counts those of servers alone where none is named.
const KINDS: [&str; 6] = ["unspecified", "internal", "server", "client", "producer", "consumer"];
/// The kinds by which something enters a service.
const ENTERING: [&str; 2] = ["server", "consumer"];
/// Nanoseconds in a millisecond.
const MILLI: i64 = 1_000_000;

/// What is asked for.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum ServiceMetric {
    /// Calls a second.
    Calls,
    /// The share of them that failed.
    Errors,
    /// How many milliseconds this share of them took at most.
    Latency(f64),
}

/// About whom, and when.
#[derive(Clone, Copy, Debug)]
pub struct MetricsSubject<'a> {
    /// These services: it has no way to ask about all.
    pub services: &'a [String],
    /// Each operation by itself; else each service as a whole, by what enters it.
    pub by_operation: bool,
    /// Over this time; [`is_told`] says whether it can be asked about.
    pub window: Window,
}

/// Whether it can tell of a time so long: of a duration it reads the first unit only, so that 90 minutes become one hour.
pub fn is_told(window: Window) -> bool {
    let length = millis(window);
    length > 0 && (length % (HOUR / MILLI) == 0 || length < HOUR / MILLI && length % (MINUTE / MILLI) == 0)
}

/// One figure of each operation or service; none where the server does not know such things.
pub async fn figures(
    transport: &Transport,
    endpoint: &Endpoint,
    figure: ServiceMetric,
    about: MetricsSubject<'_>,
) -> Result<Option<Vec<Point>>, Failure> {
    let answer = transport.fetch(endpoint, &request(figure, about)).await?;
    if matches!(answer.status, 404 | 405 | 501) || answer.is_page() {
        return Ok(None);
    }
    let answer = answer.checked(&shown(&endpoint.url), v1::says)?;
    let told = transport.read(endpoint, answer, jaeger_metrics::points).await?;
    // The names are read as one regular expression, and so `a.b` finds `axb` as well.
    Ok(Some(told.into_iter().filter(|point| about.services.contains(&point.service)).collect()))
}

/// One value, over the whole time, at its end.
fn request(figure: ServiceMetric, about: MetricsSubject<'_>) -> Request {
    let (word, quantile) = match figure {
        ServiceMetric::Calls => ("calls", None),
        ServiceMetric::Errors => ("errors", None),
        ServiceMetric::Latency(share) => ("latencies", Some(share)),
    };
    let length = millis(about.window);
    let mut request = Request::get(&["api", "metrics", word])
        .with("groupByOperation", about.by_operation)
        .with("endTs", about.window.to.micros() / 1_000)
        .with("lookback", 1)
        .with("step", length)
        .with("ratePer", length);
    for kind in if about.by_operation { &KINDS[..] } else { &ENTERING } {
        request = request.with("spanKind", kind);
    }
    if let Some(share) = quantile {
        request = request.with("quantile", share);
    }
    about.services.iter().fold(request, |request, service| request.with("service", escaped(service)))
}

fn millis(window: Window) -> i64 {
    window.length() / MILLI
}

/// A name as it stands in a regular expression. A dot is left alone: older servers take a backslash for their own.
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
        for (length, wanted) in [
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
            assert_eq!(is_told(Window::new(Timestamp(HOUR), Timestamp(HOUR + length))), wanted, "{length}");
        }
    }
}
