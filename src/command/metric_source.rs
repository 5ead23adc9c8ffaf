//! Whether numbers of a window are taken from metrics that count every span, or from spans.

use std::collections::BTreeSet;
use std::time::Duration;

use crate::command::Context;
use crate::command::session::{Session, progress};
use crate::command::window::is_one;
use crate::error::Error;
use crate::gather::backend_status;
use crate::gather::metric_families::{MetricFamily, MetricFigures};
use crate::gather::service_metrics::{NoServiceMetrics, ServiceMetricsQuery, service_metrics};
use crate::gather::span_metrics::{edges, measures, of_family};
use crate::model::basis::{Basis, CountedFrom};
use crate::model::evidence::{BackendState, Evidence, Note, NoteCode, Source};
use crate::model::filter::Filters;
use crate::model::measure::Measured;
use crate::model::time::Window;
use crate::options::sources::Supply;
use crate::options::window::{ViaChoice, WindowArgs};
use crate::report::text::first_few;
use crate::source::failure::{Failure, FailureKind};
use crate::source::role::MetricsLevel;
use crate::source::server::endpoint::Endpoint;

/// For what metrics are wanted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MetricGrouping {
    /// How often each operation failed.
    Errors,
    /// How long each operation took.
    Operations,
    /// How long calls of each service took.
    Services,
    /// Who called whom.
    Edges,
    /// What is told apart by an attribute.
    Attributes,
}

/// Who measured, so that the same is asked of another time.
#[derive(Clone, Debug)]
pub enum MetricProvider {
    /// Metrics of Prometheus.
    Prometheus(MetricFamily),
    /// Jaeger's own.
    Jaeger,
}

/// That metrics can be asked where they are wanted by name: of servers, about a window.
///
/// # Errors
/// Usage: nobody has metrics of that.
pub fn can_be_asked(way: ViaChoice, args: &WindowArgs, context: &Context) -> Result<(), Error> {
    if way != ViaChoice::Metrics {
        return Ok(());
    }
    let (said, hint) = match args.journey.sources.supply(&context.surroundings)? {
        Supply::Files(_) => {
            ("files hold spans and lines", "drop it to count their spans, or --input to ask the servers")
        }
        Supply::Demo(_) => ("the demo holds spans and lines", "drop it to count its spans"),
        Supply::Backends if is_one(args)? => ("no metric tells of one journey", "drop it to read the journey's spans"),
        Supply::Backends => return Ok(()),
    };
    Err(Error::usage(format!("--via metrics: {said}"), hint))
}

/// What is measured in the window, and how asking for it went; nothing measured where spans are to be read.
///
/// # Errors
/// Usage: metrics are wanted by name, and the filters ask for what no metric tells.
pub async fn measured(
    desk: &Session,
    way: ViaChoice,
    grouping: MetricGrouping,
    filters: &Filters,
    window: Window,
    context: &Context,
) -> Result<(Option<(Measured, Option<MetricProvider>)>, Evidence), Error> {
    let mut shell = Evidence::default();
    if way == ViaChoice::Spans {
        return Ok((None, shell));
    }
    if let Some(flag) = beyond_metrics(filters, grouping) {
        return match way {
            ViaChoice::Metrics => {
                let said = format!("{flag} asks for what no span metric tells");
                Err(Error::usage(said, "drop it, or read spans with --via spans"))
            }
            _ => Ok((None, shell)),
        };
    }
    let progress = progress(context);
    progress.say("asking for span metrics");
    let mut measured = of_prometheus(desk, grouping, filters, window, &mut shell).await;
    // Jaeger counts no edges, and of a service as a whole no single operation.
    let is_counted = match grouping {
        MetricGrouping::Errors | MetricGrouping::Operations => true,
        MetricGrouping::Services => filters.operations.is_empty(),
        MetricGrouping::Edges | MetricGrouping::Attributes => false,
    };
    if measured.is_none() && is_counted {
        let told = of_jaeger(desk, way, grouping, filters, window, &mut shell).await;
        measured = told.map(|measured| (measured, Some(MetricProvider::Jaeger)));
    }
    let measured = measured.and_then(|(measured, teller)| Some((wanted(measured, filters)?, teller)));
    if let Some((told, _)) = &measured
        && told.source == Source::Prometheus
    {
        shell.notes.extend(unmeasured(desk, told, filters).await);
    }
    progress.done();
    if measured.is_none() && way == ViaChoice::Metrics && shell.is_complete() {
        let said = match (&desk.backends.metrics, grouping) {
            (Some(_), MetricGrouping::Edges) => "no metrics of a service graph with calls in this time",
            (Some(_), _) => "no span metrics that tell this and counted calls in this time, and none of jaeger's own",
            (None, MetricGrouping::Edges) => "a service graph comes from prometheus, which is left out",
            (None, _) => "span metrics come from prometheus, which is left out; jaeger keeps none of its own",
        };
        shell.note(without(Source::Prometheus, said));
    }
    Ok((measured, shell))
}

/// That services which Jaeger knows are not among those that are measured: they make no metrics, or did nothing.
async fn unmeasured(desk: &Session, measured: &Measured, filters: &Filters) -> Option<Note> {
    let source = desk.backends.span_source(&desk.transport)?;
    tokio::time::timeout(PATIENCE, source.connect()).await.ok()?.ok()?;
    let services = source.services();
    let of_measures = measured.measures.iter().map(|measure| measure.service.as_str());
    let of_edges = measured.edges.iter().flat_map(|edge| [edge.client.as_str(), edge.server.as_str()]);
    // Beside a graph, measures only name services.
    let known: BTreeSet<&str> = if measured.edges.is_empty() { of_measures.collect() } else { of_edges.collect() };
    let is_not_in = |service: &&String| filters.wants_service(service) && !known.contains(service.as_str());
    let lacking: Vec<&str> = services.iter().filter(is_not_in).map(String::as_str).collect();
    let named = first_few(&lacking, NAMED);
    let said = format!("{named} not in: known to jaeger, and no span metric counted them in this time");
    let note = Note::new(NoteCode::Info, Source::Jaeger, said).hint("--via spans reads all");
    (!lacking.is_empty()).then_some(note)
}

/// So long Jaeger is waited for to tell its services,
const PATIENCE: Duration = Duration::from_secs(2);
/// and so many are named of those that are not measured.
const NAMED: usize = 5;

/// Of what was measured what the filters want; none where that is nothing.
fn wanted(mut measured: Measured, filters: &Filters) -> Option<Measured> {
    // Beside a graph, measures only name services.
    if measured.edges.is_empty() {
        measured.measures.retain(|measure| filters.wants_operation(&measure.service, &measure.operation));
        return Some(measured).filter(|measured| !measured.measures.is_empty());
    }
    measured.edges.retain(|edge| filters.wants_service(&edge.client) || filters.wants_service(&edge.server));
    Some(measured).filter(|measured| !measured.edges.is_empty())
}

/// How often each operation failed in another time, by whoever told it of this one.
pub async fn again(
    desk: &Session,
    teller: &MetricProvider,
    filters: &Filters,
    window: Window,
) -> (Option<Measured>, Evidence) {
    let mut shell = Evidence::default();
    let measured = match (teller, &desk.backends.metrics) {
        (MetricProvider::Jaeger, _) => {
            of_jaeger(desk, ViaChoice::Metrics, MetricGrouping::Errors, filters, window, &mut shell).await
        }
        (MetricProvider::Prometheus(_), None) => None,
        (MetricProvider::Prometheus(family), Some(endpoint)) => {
            let Some(source) = desk.backends.metric_source(&desk.transport) else { return (None, shell) };
            let asked = of_family(source.as_ref(), family, MetricFigures::Errors, filters, window).await;
            told(asked.map(|(measured, notes)| (Some(measured), notes)), endpoint, window, desk, &mut shell)
        }
    };
    (measured, shell)
}

/// What Prometheus counted; none where it counted nothing of a known name.
async fn of_prometheus(
    desk: &Session,
    grouping: MetricGrouping,
    filters: &Filters,
    window: Window,
    shell: &mut Evidence,
) -> Option<(Measured, Option<MetricProvider>)> {
    let (Some(endpoint), Some(source)) = (&desk.backends.metrics, desk.backends.metric_source(&desk.transport)) else {
        shell.backends.push(backend_status::left_out(Source::Prometheus));
        return None;
    };
    let figures = match grouping {
        MetricGrouping::Edges => {
            let measured = told(edges(source.as_ref(), window).await, endpoint, window, desk, shell)?;
            return Some((measured, None));
        }
        MetricGrouping::Errors => MetricFigures::Errors,
        MetricGrouping::Operations | MetricGrouping::Services | MetricGrouping::Attributes => MetricFigures::Durations,
    };
    let mut teller = None;
    let asked = measures(source.as_ref(), figures, filters, window).await.map(|found| {
        let (measured, family) = found.measured.unzip();
        teller = family.map(MetricProvider::Prometheus);
        (measured, found.notes)
    });
    Some((told(asked, endpoint, window, desk, shell)?, teller))
}

/// What came of Prometheus, and how it did.
fn told(
    asked: Result<(Option<Measured>, Vec<Note>), Failure>,
    endpoint: &Endpoint,
    window: Window,
    desk: &Session,
    shell: &mut Evidence,
) -> Option<Measured> {
    let mut status = backend_status::asked(endpoint, &desk.transport);
    let measured = match asked {
        Ok((measured, notes)) => {
            notes.into_iter().for_each(|note| shell.note(backend_status::advised(note)));
            shell.coverage.metrics.add(window);
            status.items = measured.as_ref().map_or(0, |measured| measured.measures.len() + measured.edges.len());
            if let Some(note) = shell.notes.iter().find(|note| note.code.is_incomplete()) {
                backend_status::lacking(&mut status, BackendState::Partial, note);
            }
            measured
        }
        Err(failure) => {
            backend_status::failed(&mut status, endpoint, &failure);
            shell.note(backend_status::note_of(endpoint, &failure));
            None
        }
    };
    shell.backends.push(status);
    measured
}

/// What Jaeger counted itself; none where it counts nothing. That it could not tell takes nothing from an answer that
/// spans give instead.
async fn of_jaeger(
    desk: &Session,
    way: ViaChoice,
    grouping: MetricGrouping,
    filters: &Filters,
    window: Window,
    shell: &mut Evidence,
) -> Option<Measured> {
    let (endpoint, source) = (desk.backends.spans.as_ref()?, desk.backends.span_source(&desk.transport)?);
    let figures = if grouping == MetricGrouping::Errors { MetricFigures::Errors } else { MetricFigures::Durations };
    let level = if grouping == MetricGrouping::Services { MetricsLevel::Service } else { MetricsLevel::Operation };
    let wanted = ServiceMetricsQuery { figures, level, window };
    let asked = service_metrics(source.as_ref(), filters, wanted).await;
    let must = way == ViaChoice::Metrics;
    let mut status = backend_status::asked(endpoint, &desk.transport);
    let measured = match asked {
        Ok(Ok(measured)) => {
            shell.coverage.metrics.add(window);
            Some(measured)
        }
        Ok(Err(NoServiceMetrics::NothingKept)) => None,
        Ok(Err(NoServiceMetrics::OddLength)) => {
            let code = if must { NoteCode::Partial } else { NoteCode::Info };
            let said = "jaeger's own metrics are of whole minutes up to an hour, or of whole hours; spans were read";
            shell.note(Note::new(code, Source::Jaeger, said).hint("--since 2h is such a time"));
            None
        }
        Err(failure) if must => {
            backend_status::failed(&mut status, endpoint, &failure);
            shell.note(backend_status::note_of(endpoint, &failure));
            None
        }
        // That the command was to end, who reads spans will say.
        Err(failure) if matches!(failure.kind, FailureKind::Interrupted | FailureKind::LimitReached) => None,
        Err(failure) => {
            let said = format!("jaeger's own metrics could not be had: {}", failure.message);
            shell.note(Note::new(NoteCode::Info, Source::Jaeger, said));
            None
        }
    };
    if measured.is_some() || must {
        shell.backends.push(status);
    }
    measured
}

/// What numbers from metrics rest on.
pub fn basis(measured: &Measured) -> Basis {
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

/// The flag that no metric can answer: they know service, operation, kind and status; of who calls whom the services.
fn beyond_metrics(filters: &Filters, grouping: MetricGrouping) -> Option<&'static str> {
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
    .find_map(|(flag, is_there)| is_there.then_some(flag))
}

fn without(source: Source, said: &str) -> Note {
    Note::new(NoteCode::Partial, source, said).hint("spans were read; --via spans asks for them without this note")
}
