//! How each backend is: what it can do, whose clock it has, how fresh its data is, and what to do if it is not well.

use futures_util::future::join_all;

use crate::gather::backend_status;
use crate::model::evidence::{BackendState, Source};
use crate::model::span::Span;
use crate::model::time::{DAY, HOUR, MINUTE, Timestamp, Window};
use crate::report::doctor::{Ability, DoctorRow};
use crate::source::failure::Failure;
use crate::source::server::jaeger::{Dialect, Jaeger, TraceSearch};
use crate::source::server::loki::{self, Direction, Loki};
use crate::source::server::prometheus::Prometheus;
use crate::source::server::request::Response;
use crate::source::server::transport::{Transport, shown};
use crate::source::server::{Auth, Backends, Endpoint, JaegerApi};

/// How many services are asked for their newest span.
const SERVICES_ASKED: usize = 8;

/// Looks at all three at once.
pub async fn examine(backends: &Backends, transport: &Transport, now: Timestamp) -> Vec<DoctorRow> {
    let clinic = Examiner { transport, now };
    let (jaeger, loki, prometheus) = tokio::join!(
        async {
            match &backends.jaeger {
                Some(endpoint) => clinic.jaeger(endpoint, backends.jaeger_api).await,
                None => left_out(Source::Jaeger),
            }
        },
        async {
            match &backends.loki {
                Some(endpoint) => clinic.loki(endpoint, backends.loki_selector.as_deref()).await,
                None => left_out(Source::Loki),
            }
        },
        async {
            match &backends.prometheus {
                Some(endpoint) => clinic.prometheus(endpoint).await,
                None => left_out(Source::Prometheus),
            }
        },
    );
    let known = |row: DoctorRow| DoctorRow { breaker: backends.get(row.name).map(|e| transport.breaker(e)), ..row };
    [jaeger, loki, prometheus].map(|row| known(clinic.judged(row))).to_vec()
}

struct Examiner<'a> {
    transport: &'a Transport,
    now: Timestamp,
}

impl Examiner<'_> {
    /// Of a backend that was still answering when the command was asked to end, nothing is concluded.
    fn judged(&self, mut row: DoctorRow) -> DoctorRow {
        if let Some(failure) = self.transport.interrupted().filter(|_| row.state == BackendState::Ok) {
            row.state = BackendState::Partial;
            row.error = failure.message;
            row.next.clear();
        }
        row
    }

    async fn jaeger(&self, endpoint: &Endpoint, api: JaegerApi) -> DoctorRow {
        let mut row = blank(endpoint);
        let jaeger = match Jaeger::connect(self.transport, endpoint, api).await {
            Ok(jaeger) => jaeger,
            Err(failure) => return self.unwell(row, endpoint, &failure),
        };
        let window = Window::new(self.now.plus(-HOUR), self.now.plus(1));
        let (version, tags, newest) =
            tokio::join!(jaeger.version(), tags(&jaeger, window), newest_span(&jaeger, self.now));
        let (version, answer) = version.unwrap_or_default();
        row.version = version;
        row.clock_difference_ns = self.clock_difference(answer.as_ref());
        row.dialect = format!(
            "{} ({})",
            jaeger.dialect.as_str(),
            if jaeger.dialect == Dialect::V1 { "/api/traces" } else { "/api/v3/traces" }
        );
        row.abilities = vec![
            ability("services", jaeger.services.len().to_string()),
            ability(
                "tag search without a service",
                if jaeger.serviceless { "yes" } else { "no: every service is asked" },
            ),
        ];
        // Who lists services and finds nothing is of no use.
        let (tags, newest) = match tags.and_then(|tags| Ok((tags, newest?))) {
            Ok(found) => found,
            Err(failure) => return self.unwell(row, endpoint, &failure),
        };
        row.abilities.push(ability("tag filter", tags.words()));
        row.newest = newest;
        if tags == TagFilter::Ignored {
            row.next =
                "answers are filtered here instead, which costs more: use --jaeger-api v1 if the server has it".into();
        } else if jaeger.services.is_empty() {
            row.next = "it knows no service yet: do your services send their spans here?".into();
        } else {
            row.next = stale_advice(newest, self.now, "span");
        }
        row
    }

    async fn loki(&self, endpoint: &Endpoint, selector: Option<&str>) -> DoctorRow {
        let mut row = blank(endpoint);
        let loki = Loki::new(self.transport, endpoint);
        let week = Window::new(self.now.plus(-7 * DAY), self.now.plus(1));
        let (version, labels) = tokio::join!(loki.version(), loki.labels(week));
        let labels = match labels {
            Ok(labels) => labels,
            Err(failure) => return self.unwell(row, endpoint, &failure),
        };
        if let Ok((version, answer)) = version {
            row.version = Some(version).filter(|v| !v.is_empty());
            row.clock_difference_ns = self.clock_difference(Some(&answer));
        }
        let found = loki::selector(&labels);
        let in_use = selector.map(ToOwned::to_owned).or(found.clone());
        let newest = match &in_use {
            Some(selector) => match loki.page(selector, week, 20, Direction::Backward).await {
                Ok(page) => page.logs,
                Err(failure) => return self.unwell(row, endpoint, &failure),
            },
            None => Vec::new(),
        };
        let has_metadata = newest.iter().any(|line| !line.metadata.is_empty());
        row.dialect = "/loki/api/v1".into();
        row.abilities = vec![
            ability("labels", if labels.is_empty() { "none".into() } else { labels.join(", ") }),
            ability("selector", in_use.unwrap_or_else(|| "none: no streams".into())),
            ability("structured metadata", if has_metadata { "yes" } else { "not seen" }),
        ];
        row.newest = newest.iter().map(|line| line.time).max();
        row.next = if newest.is_empty() {
            "no line in 7 days: does anything ship logs here, and is the tenant right?".into()
        } else if selector.is_none() && found.as_deref() != Some("{service_name=~\".+\"}") {
            "streams without that label are not asked: set `selector` in the profile".into()
        } else {
            stale_advice(row.newest, self.now, "line")
        };
        row
    }

    async fn prometheus(&self, endpoint: &Endpoint) -> DoctorRow {
        let mut row = blank(endpoint);
        let prometheus = Prometheus::new(self.transport, endpoint);
        let window = Window::new(self.now.plus(-HOUR), self.now);
        let (version, newest, exemplars, alerts) = tokio::join!(
            prometheus.version(),
            prometheus.instant("max(timestamp(up))", self.now),
            prometheus.exemplars(window),
            prometheus.instant("count(ALERTS)", self.now),
        );
        let newest = match newest {
            Ok(told) => told.data,
            Err(failure) => return self.unwell(row, endpoint, &failure),
        };
        if let Ok((version, answer)) = version {
            row.version = Some(version).filter(|v| !v.is_empty());
            row.clock_difference_ns = self.clock_difference(Some(&answer));
        }
        let alerts = alerts.ok().and_then(|told| told.data.first()?.samples.first().map(|s| s.1)).unwrap_or(0.0);
        row.dialect = "/api/v1".into();
        row.abilities = vec![
            ability(
                "exemplars",
                match exemplars {
                    Ok(told) if told.data.is_empty() => {
                        "none in the last hour (needs --enable-feature=exemplar-storage)".into()
                    }
                    Ok(told) => format!("{} in the last hour", told.data.len()),
                    Err(failure) => format!("no: {}", failure.message),
                },
            ),
            ability("alerts now", format!("{alerts}")),
        ];
        row.newest =
            newest.first().and_then(|series| series.samples.first()).and_then(|(_, v)| Timestamp::from_seconds(*v));
        row.next = stale_advice(row.newest, self.now, "sample");
        row
    }

    /// Why a backend is not well. One that gave something is there, whatever it owes.
    fn unwell(&self, mut row: DoctorRow, endpoint: &Endpoint, failure: &Failure) -> DoctorRow {
        let state = backend_status::state_of(endpoint, failure);
        let gave_something = self.transport.has_answered(endpoint.source);
        row.state = if state == BackendState::Unreachable && gave_something { BackendState::Partial } else { state };
        row.error.clone_from(&failure.message);
        row.next = match row.state {
            BackendState::NotConfigured => {
                format!("name its address with --{}-url or in the profile", row.name.as_str())
            }
            _ => failure.advice().to_owned(),
        };
        row
    }

    /// Server minus ours; its header tells whole seconds, so that less than one says nothing.
    fn clock_difference(&self, answer: Option<&Response>) -> Option<i64> {
        let answer = answer?;
        let here = self.now.plus(i64::try_from(answer.after.as_nanos()).unwrap_or(0));
        let difference = answer.date?.plus(500_000_000).since(here);
        Some(if difference.abs() < 1_000_000_000 { 0 } else { difference })
    }
}

fn ability(what: &str, answer: impl Into<String>) -> Ability {
    Ability { what: what.to_owned(), answer: answer.into() }
}

/// Whether a search finds what carries a tag and nothing else.
#[derive(Clone, Copy, PartialEq, Eq)]
enum TagFilter {
    Honoured,
    Ignored,
    Unknown,
}

impl TagFilter {
    fn words(self) -> &'static str {
        match self {
            Self::Honoured => "honoured",
            Self::Ignored => "ignored: every trace comes back",
            Self::Unknown => "unknown: no service to ask",
        }
    }
}

async fn tags(jaeger: &Jaeger<'_>, window: Window) -> Result<TagFilter, Failure> {
    let search = TraceSearch { operation: None, tags: &[("trace.doctor", "no span has this")], window, limit: 5 };
    let service = if jaeger.serviceless { None } else { jaeger.services.first().map(String::as_str) };
    if service.is_none() && !jaeger.serviceless {
        return Ok(TagFilter::Unknown);
    }
    let found = jaeger.search(&search, service).await?;
    Ok(if found.spans.is_empty() { TagFilter::Honoured } else { TagFilter::Ignored })
}

/// The newest span that is found; a failure where that is why there is none.
async fn newest_span(jaeger: &Jaeger<'_>, now: Timestamp) -> Result<Option<Timestamp>, Failure> {
    for back in [HOUR, DAY, 7 * DAY] {
        let window = Window::new(now.plus(-back), now.plus(1));
        let some = jaeger.services.iter().take(SERVICES_ASKED);
        let found = join_all(some.map(|service| jaeger.newest(service, window))).await;
        let (found, failed): (Vec<_>, Vec<_>) = found.into_iter().partition(Result::is_ok);
        let spans = found.into_iter().flatten().flat_map(|decoded| decoded.spans);
        if let Some(newest) = spans.filter(Span::has_sane_time).map(|s| s.end()).max() {
            return Ok(Some(newest));
        }
        failed.into_iter().next().map_or(Ok(()), |failed| failed.map(|_| ()))?;
    }
    Ok(None)
}

fn stale_advice(newest: Option<Timestamp>, now: Timestamp, what: &str) -> String {
    match newest {
        None => format!("no {what} was found: is anything being sent?"),
        Some(at) if now.since(at) > 15 * MINUTE => format!("the newest {what} is old: is anything still being sent?"),
        Some(_) => String::new(),
    }
}

fn blank(endpoint: &Endpoint) -> DoctorRow {
    DoctorRow {
        url: shown(&endpoint.url),
        auth: match &endpoint.auth {
            Auth::None => "none".into(),
            Auth::Missing(_) => "configured, but the secret cannot be had".into(),
            Auth::Basic { username, .. } => format!("basic, as {username}"),
            Auth::Bearer(_) => "bearer token".into(),
            Auth::Header { name, .. } => format!("header {name}"),
        },
        ..DoctorRow::blank(endpoint.source, &endpoint.url_from)
    }
}

fn left_out(source: Source) -> DoctorRow {
    DoctorRow { state: BackendState::LeftOut, ..DoctorRow::blank(source, "--without") }
}
