//! Figures of a window from metrics that count every span: of Prometheus, or Jaeger's own.

use std::collections::BTreeSet;
use std::time::Duration;

use tokio::time::timeout;

use crate::error::Error;
use crate::gather::backend_status;
use crate::gather::metric_families::{MetricFamily, MetricFigures};
use crate::gather::service_metrics::{NoServiceMetrics, ServiceMetricsQuery, service_metrics};
use crate::gather::span_metrics::{edges, measures, of_family};
use crate::model::action::{Action, AskingMode};
use crate::model::advice::Advice;
use crate::model::basis::{Basis, CountedFrom};
use crate::model::evidence::{BackendState, Evidence, Note, NoteCode};
use crate::model::filter::Filters;
use crate::model::measure::Measured;
use crate::model::time::Window;
use crate::report::text::first_few;
use crate::session::answer::{AnswerSummary, Found};
use crate::session::request::{FigureSource, WindowRequest};
use crate::session::window::WindowAnswer;
use crate::session::{Servers, Session};
use crate::source::failure::{Failure, FailureKind};
use crate::source::role::{MetricsLevel, Role};
use crate::source::server::endpoint::Endpoint;

/// How long to wait for Jaeger's list of services, with which the measured ones are only compared.
const LIST_TIMEOUT: Duration = Duration::from_secs(2);
/// How many services that are not measured are named: a line of a note holds about as many.
const MAX_NAMED: usize = 5;

/// What metrics are grouped by.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum MetricGrouping {
    /// Operations, and how often each failed.
    Errors,
    /// Operations, and how long each took.
    Operations,
    /// Services, and how long their calls took.
    Services,
    /// Caller and callee.
    Edges,
    /// The values of an attribute.
    Attributes,
}

/// The metrics that measured, so that the same are asked about another time.
#[derive(Clone, Debug)]
pub(super) enum MetricProvider {
    /// Metrics of Prometheus.
    Prometheus(MetricFamily),
    /// Jaeger's own.
    Jaeger,
}

/// What is to be measured.
#[derive(Clone, Copy, Debug)]
pub(crate) struct MetricQuestion<'a> {
    /// By what.
    pub(crate) grouping: MetricGrouping,
    /// Only of these.
    pub(crate) filters: &'a Filters,
    /// When.
    pub(crate) window: Window,
}

/// What was measured.
#[derive(Debug, Default)]
pub(crate) struct MeasuredWindow {
    /// The figures; none where spans are to be read.
    pub(crate) measured: Option<Measured>,
    /// The metrics that measured; none for a service graph.
    pub(super) provider: Option<MetricProvider>,
    /// How asking went.
    pub(crate) asked: Evidence,
}

impl Session {
    /// What is measured in the window, from backends whose metrics can answer the question.
    ///
    /// # Errors
    /// Usage: metrics are demanded, and the filters or the grouping ask for what no metric holds.
    pub(crate) async fn span_metrics(
        &self,
        question: MetricQuestion<'_>,
        figures: FigureSource,
    ) -> Result<MeasuredWindow, Error> {
        let Some(servers) = self.servers().filter(|_| figures != FigureSource::Spans) else {
            return Ok(MeasuredWindow::default());
        };
        if let Some(flag) = beyond_metrics(question) {
            return match figures {
                FigureSource::Metrics => {
                    let said = format!("{flag} asks for what no span metric tells");
                    Err(Error::usage(said, "drop it, or read spans with --via spans"))
                }
                FigureSource::Auto | FigureSource::Spans => Ok(MeasuredWindow::default()),
            };
        }
        let progress = self.config.progress.spinner();
        progress.say("asking for span metrics");
        let metrics = servers.measure(question, figures).await;
        progress.done();
        Ok(metrics)
    }

    /// The answer where all figures are measured and nothing was read.
    pub(crate) fn measured_window(&self, request: &WindowRequest, measured: &Measured) -> WindowAnswer {
        let basis = metric_basis(measured);
        let found = if basis.calls == 0 { Found::Nothing } else { Found::Something };
        WindowAnswer {
            summary: AnswerSummary { provenance: self.window_provenance(request), found, ..AnswerSummary::default() },
            basis,
        }
    }
}

impl Servers {
    async fn measure(&self, question: MetricQuestion<'_>, figures: FigureSource) -> MeasuredWindow {
        let MetricQuestion { grouping, filters, .. } = question;
        let mut asked = Evidence::default();
        let mut found = self.ask_prometheus(question, &mut asked).await;
        // Jaeger counts no edges, and of a service as a whole no single operation.
        let is_counted_by_jaeger = match grouping {
            MetricGrouping::Errors | MetricGrouping::Operations => true,
            MetricGrouping::Services => filters.operations.is_empty(),
            MetricGrouping::Edges | MetricGrouping::Attributes => false,
        };
        if found.is_none() && is_counted_by_jaeger {
            let measured = self.ask_jaeger(question, figures, &mut asked).await;
            found = measured.map(|measured| (measured, Some(MetricProvider::Jaeger)));
        }
        let found = found.and_then(|(measured, provider)| Some((selected(measured, filters)?, provider)));
        if let Some((measured, _)) = &found
            && measured.source == Role::Metrics.backend()
        {
            asked.notes.extend(self.services_not_measured(measured, filters).await);
        }
        if found.is_none() && figures == FigureSource::Metrics && asked.is_complete() {
            let said = match (&self.backends.metrics, grouping) {
                (Some(_), MetricGrouping::Edges) => "no metrics of a service graph with calls in this time",
                (Some(_), _) => {
                    "no span metrics that tell this and counted calls in this time, and none of jaeger's own"
                }
                (None, MetricGrouping::Edges) => "a service graph comes from prometheus, which is left out",
                (None, _) => "span metrics come from prometheus, which is left out; jaeger keeps none of its own",
            };
            asked.note(Note::new(NoteCode::Partial, Role::Metrics.backend(), said).with_actions(Advice::AskForSpans));
        }
        let (measured, provider) = found.unzip();
        MeasuredWindow { measured, provider: provider.flatten(), asked }
    }

    /// That services which Jaeger knows were not measured: they make no metrics, or were idle.
    async fn services_not_measured(&self, measured: &Measured, filters: &Filters) -> Option<Note> {
        let source = self.backends.span_source(&self.transport)?;
        timeout(LIST_TIMEOUT, source.connect()).await.ok()?.ok()?;
        let services = source.services();
        let of_measures = measured.measures.iter().map(|measure| measure.service.as_str());
        let of_edges = measured.edges.iter().flat_map(|edge| [edge.client.as_str(), edge.server.as_str()]);
        // Beside a graph, measures only name services.
        let known: BTreeSet<&str> = if measured.edges.is_empty() { of_measures.collect() } else { of_edges.collect() };
        let is_missing = |service: &&String| filters.wants_service(service) && !known.contains(service.as_str());
        let missing: Vec<&str> = services.iter().filter(is_missing).map(String::as_str).collect();
        let named = first_few(&missing, MAX_NAMED);
        let said = format!("{named} not in: known to jaeger, and no span metric counted them in this time");
        let note =
            Note::new(NoteCode::Info, Role::Spans.backend(), said).with_actions([Action::Use(AskingMode::FromSpans)]);
        (!missing.is_empty()).then_some(note)
    }

    /// How often each operation failed in another time, by the metrics that counted before.
    pub(super) async fn count_errors_again(
        &self,
        provider: &MetricProvider,
        filters: &Filters,
        window: Window,
    ) -> (Option<Measured>, Evidence) {
        let mut asked = Evidence::default();
        let question = MetricQuestion { grouping: MetricGrouping::Errors, filters, window };
        let measured = match (provider, &self.backends.metrics) {
            (MetricProvider::Jaeger, _) => self.ask_jaeger(question, FigureSource::Metrics, &mut asked).await,
            (MetricProvider::Prometheus(_), None) => None,
            (MetricProvider::Prometheus(family), Some(endpoint)) => {
                let Some(source) = self.backends.metric_source(&self.transport) else { return (None, asked) };
                let found = of_family(source.as_ref(), family, MetricFigures::Errors, filters, window).await;
                let found = found.map(|(measured, notes)| (Some(measured), notes));
                self.add_status(found, endpoint, window, &mut asked)
            }
        };
        (measured, asked)
    }

    /// What Prometheus counted; none where it counted nothing of a known name.
    async fn ask_prometheus(
        &self,
        question: MetricQuestion<'_>,
        asked: &mut Evidence,
    ) -> Option<(Measured, Option<MetricProvider>)> {
        let MetricQuestion { grouping, filters, window } = question;
        let (Some(endpoint), Some(source)) = (&self.backends.metrics, self.backends.metric_source(&self.transport))
        else {
            asked.backends.push(backend_status::left_out(Role::Metrics.backend()));
            return None;
        };
        let figures = match grouping {
            MetricGrouping::Edges => {
                let found = edges(source.as_ref(), window).await;
                return Some((self.add_status(found, endpoint, window, asked)?, None));
            }
            MetricGrouping::Errors => MetricFigures::Errors,
            MetricGrouping::Operations | MetricGrouping::Services | MetricGrouping::Attributes => {
                MetricFigures::Durations
            }
        };
        let mut provider = None;
        let found = measures(source.as_ref(), figures, filters, window).await.map(|found| {
            let (measured, family) = found.measured.unzip();
            provider = family.map(MetricProvider::Prometheus);
            (measured, found.notes)
        });
        Some((self.add_status(found, endpoint, window, asked)?, provider))
    }

    /// Adds how Prometheus did; gives back what it measured.
    fn add_status(
        &self,
        found: Result<(Option<Measured>, Vec<Note>), Failure>,
        endpoint: &Endpoint,
        window: Window,
        asked: &mut Evidence,
    ) -> Option<Measured> {
        let mut status = backend_status::asked(endpoint, &self.transport);
        let measured = match found {
            Ok((measured, notes)) => {
                notes.into_iter().for_each(|note| asked.note(backend_status::advised(note)));
                asked.coverage.metrics.add(window);
                status.items = measured.as_ref().map_or(0, |measured| measured.measures.len() + measured.edges.len());
                if let Some(note) = asked.notes.iter().find(|note| note.code.is_incomplete()) {
                    backend_status::lacking(&mut status, BackendState::Partial, note);
                }
                measured
            }
            Err(failure) => {
                backend_status::failed(&mut status, endpoint, &failure);
                asked.note(backend_status::note_of(endpoint, &failure));
                None
            }
        };
        asked.backends.push(status);
        measured
    }

    /// What Jaeger counted itself; none where it counts nothing. Where metrics are not demanded, a failure takes nothing
    /// from the answer: spans are read instead.
    async fn ask_jaeger(
        &self,
        question: MetricQuestion<'_>,
        figures: FigureSource,
        asked: &mut Evidence,
    ) -> Option<Measured> {
        let MetricQuestion { grouping, filters, window } = question;
        let (endpoint, source) = (self.backends.spans.as_ref()?, self.backends.span_source(&self.transport)?);
        let level = if grouping == MetricGrouping::Services { MetricsLevel::Service } else { MetricsLevel::Operation };
        let figures_wanted = match grouping {
            MetricGrouping::Errors => MetricFigures::Errors,
            _ => MetricFigures::Durations,
        };
        let query = ServiceMetricsQuery { figures: figures_wanted, level, window };
        let found = service_metrics(source.as_ref(), filters, query).await;
        let is_demanded = figures == FigureSource::Metrics;
        let mut status = backend_status::asked(endpoint, &self.transport);
        let measured = match found {
            Ok(Ok(measured)) => {
                asked.coverage.metrics.add(window);
                Some(measured)
            }
            Ok(Err(NoServiceMetrics::NothingKept)) => None,
            Ok(Err(NoServiceMetrics::OddLength)) => {
                let code = if is_demanded { NoteCode::Partial } else { NoteCode::Info };
                let said =
                    "jaeger's own metrics are of whole minutes up to an hour, or of whole hours; spans were read";
                asked.note(Note::new(code, Role::Spans.backend(), said).with_actions(Advice::WholeHours));
                None
            }
            Err(failure) if is_demanded => {
                backend_status::failed(&mut status, endpoint, &failure);
                asked.note(backend_status::note_of(endpoint, &failure));
                None
            }
            // Reading the spans will report that the command was to end.
            Err(failure) if matches!(failure.kind, FailureKind::Interrupted | FailureKind::LimitReached) => None,
            Err(failure) => {
                let said = format!("jaeger's own metrics could not be had: {}", failure.message);
                asked.note(Note::new(NoteCode::Info, Role::Spans.backend(), said));
                None
            }
        };
        if measured.is_some() || is_demanded {
            asked.backends.push(status);
        }
        measured
    }
}

/// The part of the measurements that the filters select; none where that is nothing.
fn selected(mut measured: Measured, filters: &Filters) -> Option<Measured> {
    // Beside a graph, measures only name services.
    if measured.edges.is_empty() {
        measured.measures.retain(|measure| filters.wants_operation(&measure.service, &measure.operation));
        return Some(measured).filter(|measured| !measured.measures.is_empty());
    }
    measured.edges.retain(|edge| filters.wants_service(&edge.client) || filters.wants_service(&edge.server));
    Some(measured).filter(|measured| !measured.edges.is_empty())
}

/// What figures from metrics are made from.
pub(crate) fn metric_basis(measured: &Measured) -> Basis {
    let of_edges = measured.edges.iter().map(|edge| edge.calls);
    let calls: f64 = measured.measures.iter().map(|measure| measure.calls).chain(of_edges).sum();
    Basis {
        via: CountedFrom::Metrics,
        metric: Some(measured.metric.clone()),
        backend: Some(measured.source),
        calls: calls.round() as u64,
        ..Basis::default()
    }
}

/// The flag that no metric can answer: metrics have labels for service, operation, kind and status; a service graph for
/// the two services.
fn beyond_metrics(question: MetricQuestion) -> Option<&'static str> {
    let MetricQuestion { grouping, filters, .. } = question;
    [
        ("--by attribute", grouping == MetricGrouping::Attributes),
        ("--operation", grouping == MetricGrouping::Edges && !filters.operations.is_empty()),
        ("--error", filters.errors_only),
        ("--tag", !filters.tags.is_empty()),
        ("--min-duration", filters.min_duration_ns.is_some()),
        ("--max-duration", filters.max_duration_ns.is_some()),
        ("--log", !filters.log.is_empty()),
    ]
    .into_iter()
    .find_map(|(flag, is_set)| is_set.then_some(flag))
}
