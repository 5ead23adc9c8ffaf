//! How each backend is: what it can do, whose clock it has, how fresh its data is, and what to do if it is not well.

use futures_util::future::join_all;

use crate::gather::backend_status;
use crate::gather::sources::Sources;
use crate::model::action::Action;
use crate::model::advice::{Advice, DataKind};
use crate::model::evidence::BackendState;
use crate::model::span::Span;
use crate::model::time::{DAY, HOUR, MINUTE, Timestamp, Window};
use crate::report::doctor::{Ability, DoctorRow};
use crate::source::failure::Failure;
use crate::source::role::{Direction, LogSource, MetricSource, Role, SpanSource, TraceSearch};
use crate::source::server::auth::Auth;
use crate::source::server::endpoint::Endpoint;
use crate::source::server::request::Response;
use crate::source::server::transport::{Transport, display_url};

/// Services searched for their newest span: one of them is nearly always active, and `doctor` should take a second.
const SERVICES_ASKED: usize = 8;

/// Examines the source of every role, all at the same time.
pub(crate) async fn examine(sources: &Sources<'_>, now: Timestamp) -> Vec<DoctorRow> {
    let examiner = Examiner { transport: sources.transport, now };
    join_all(Role::ALL.map(|role| examiner.examine(sources, role))).await
}

struct Examiner<'a> {
    transport: &'a Transport,
    now: Timestamp,
}

impl Examiner<'_> {
    async fn examine(&self, sources: &Sources<'_>, role: Role) -> DoctorRow {
        let Some(endpoint) = sources.endpoint(role) else {
            return DoctorRow { state: BackendState::LeftOut, ..DoctorRow::blank(role.backend(), "--without") };
        };
        let row = blank(endpoint);
        let row = match role {
            Role::Spans => match sources.spans() {
                Some(source) => self.spans(row, endpoint, source.as_ref()).await,
                None => row,
            },
            Role::Logs => match sources.logs() {
                Some(source) => self.logs(row, endpoint, source.as_ref(), sources.backends.streams.as_deref()).await,
                None => row,
            },
            Role::Metrics => match sources.metrics() {
                Some(source) => self.metrics(row, endpoint, source.as_ref()).await,
                None => row,
            },
        };
        DoctorRow { breaker: Some(self.transport.breaker(endpoint)), ..self.with_interruption(row) }
    }

    /// Of a backend that was still answering when the command was asked to end, nothing is concluded.
    fn with_interruption(&self, mut row: DoctorRow) -> DoctorRow {
        if let Some(failure) = self.transport.interrupted().filter(|_| row.state == BackendState::Ok) {
            row.state = BackendState::Partial;
            row.error = failure.message;
            row.next.clear();
        }
        row
    }

    async fn spans(&self, mut row: DoctorRow, endpoint: &Endpoint, source: &dyn SpanSource) -> DoctorRow {
        if let Err(failure) = source.connect().await {
            return self.unwell(row, endpoint, &failure);
        }
        let window = Window::new(self.now.plus(-HOUR), self.now.plus(1));
        let (version, tags, newest) =
            tokio::join!(source.version(), tags(source, window), newest_span(source, self.now));
        let (version, answer) = version.unwrap_or_default();
        row.version = version;
        row.clock_difference_ns = self.clock_difference(answer.as_ref());
        row.dialect = format!("{} ({})", source.api(), source.search_path());
        row.abilities = vec![
            ability("services", source.services().len().to_string()),
            ability(
                "tag search without a service",
                if source.searches_all_services() { "yes" } else { "no: every service is asked" },
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
            row.next = Advice::FilteredHere.into();
        } else if source.services().is_empty() {
            row.next = Advice::NoServiceKnown.into();
        } else {
            row.next = stale_advice(newest, self.now, DataKind::Span);
        }
        row
    }

    async fn logs(
        &self,
        mut row: DoctorRow,
        endpoint: &Endpoint,
        source: &dyn LogSource,
        selector: Option<&str>,
    ) -> DoctorRow {
        let week = Window::new(self.now.plus(-7 * DAY), self.now.plus(1));
        let (version, labels) = tokio::join!(source.version(), source.labels(week));
        let labels = match labels {
            Ok(labels) => labels,
            Err(failure) => return self.unwell(row, endpoint, &failure),
        };
        if let Ok((version, answer)) = version {
            row.version = Some(version).filter(|v| !v.is_empty());
            row.clock_difference_ns = self.clock_difference(Some(&answer));
        }
        let found = source.best_label(&labels).map(|label| source.streams_with(label));
        let in_use = selector.map(ToOwned::to_owned).or(found.clone());
        let newest = match &in_use {
            Some(selector) => match source.page(selector, week, 20, Direction::Backward).await {
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
            Advice::NoLineInAWeek.into()
        } else if selector.is_none() && found.as_deref() != Some(source.usual_streams()) {
            Advice::OtherStreamsNotSearched.into()
        } else {
            stale_advice(row.newest, self.now, DataKind::Line)
        };
        row
    }

    async fn metrics(&self, mut row: DoctorRow, endpoint: &Endpoint, source: &dyn MetricSource) -> DoctorRow {
        let window = Window::new(self.now.plus(-HOUR), self.now);
        let (version, newest, exemplars, alerts) = tokio::join!(
            source.version(),
            source.instant("max(timestamp(up))", self.now),
            source.exemplars(window),
            source.instant("count(ALERTS)", self.now),
        );
        let newest = match newest {
            Ok(reply) => reply.data,
            Err(failure) => return self.unwell(row, endpoint, &failure),
        };
        if let Ok((version, answer)) = version {
            row.version = Some(version).filter(|v| !v.is_empty());
            row.clock_difference_ns = self.clock_difference(Some(&answer));
        }
        let alerts = alerts.ok().and_then(|reply| reply.data.first()?.samples.first().map(|s| s.1)).unwrap_or(0.0);
        row.dialect = "/api/v1".into();
        row.abilities = vec![
            ability(
                "exemplars",
                match exemplars {
                    Ok(reply) if reply.data.is_empty() => {
                        "none in the last hour (needs --enable-feature=exemplar-storage)".into()
                    }
                    Ok(reply) => format!("{} in the last hour", reply.data.len()),
                    Err(failure) => format!("no: {}", failure.message),
                },
            ),
            ability("alerts now", format!("{alerts}")),
        ];
        row.newest =
            newest.first().and_then(|series| series.samples.first()).and_then(|(_, v)| Timestamp::from_seconds(*v));
        row.next = stale_advice(row.newest, self.now, DataKind::Sample);
        row
    }

    /// Why a backend is not well. One that gave something is there, whatever it owes.
    fn unwell(&self, mut row: DoctorRow, endpoint: &Endpoint, failure: &Failure) -> DoctorRow {
        let state = backend_status::state_of(endpoint, failure);
        let gave_something = self.transport.has_answered(endpoint.source);
        row.state = if state == BackendState::Unreachable && gave_something { BackendState::Partial } else { state };
        row.error.clone_from(&failure.message);
        row.next = match row.state {
            BackendState::NotConfigured => Advice::NameAddressOrProfile(row.name).into(),
            _ => failure.next_actions(),
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

async fn tags(source: &dyn SpanSource, window: Window) -> Result<TagFilter, Failure> {
    let search = TraceSearch { operation: None, tags: &[("trace.doctor", "no span has this")], window, limit: 5 };
    let service = if source.searches_all_services() { None } else { source.services().first().map(String::as_str) };
    if service.is_none() && !source.searches_all_services() {
        return Ok(TagFilter::Unknown);
    }
    let found = source.search(&search, service).await?;
    Ok(if found.spans.is_empty() { TagFilter::Honoured } else { TagFilter::Ignored })
}

/// The newest span that is found; a failure where that is why there is none.
async fn newest_span(source: &dyn SpanSource, now: Timestamp) -> Result<Option<Timestamp>, Failure> {
    for back in [HOUR, DAY, 7 * DAY] {
        let window = Window::new(now.plus(-back), now.plus(1));
        let any = TraceSearch { operation: None, tags: &[], window, limit: 1 };
        let some = source.services().iter().take(SERVICES_ASKED);
        let found = join_all(some.map(|service| source.search(&any, Some(service)))).await;
        let (found, failed): (Vec<_>, Vec<_>) = found.into_iter().partition(Result::is_ok);
        let spans = found.into_iter().flatten().flat_map(|decoded| decoded.spans);
        if let Some(newest) = spans.filter(Span::has_sane_time).map(|s| s.end()).max() {
            return Ok(Some(newest));
        }
        failed.into_iter().next().map_or(Ok(()), |failed| failed.map(|_| ()))?;
    }
    Ok(None)
}

fn stale_advice(newest: Option<Timestamp>, now: Timestamp, kind: DataKind) -> Vec<Action> {
    match newest {
        None => Advice::NothingFound(kind).into(),
        Some(at) if now.since(at) > 15 * MINUTE => Advice::DataIsOld(kind).into(),
        Some(_) => vec![],
    }
}

fn blank(endpoint: &Endpoint) -> DoctorRow {
    DoctorRow {
        url: display_url(&endpoint.url),
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
