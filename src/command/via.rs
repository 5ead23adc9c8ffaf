//! Whether numbers of a window are taken from metrics that count every span, or from spans.

use crate::backend::failure::FailureKind;
use crate::backend::prometheus::Prometheus;
use crate::command::Context;
use crate::command::desk::{Desk, progress};
use crate::error::Error;
use crate::gather::health;
use crate::gather::measures::measures;
use crate::gather::service_metrics::{Silence, service_metrics};
use crate::model::basis::{Basis, Via};
use crate::model::evidence::{BackendState, BackendStatus, Evidence, Note, NoteCode, Source};
use crate::model::filter::Filters;
use crate::model::measure::Measured;
use crate::model::time::Window;
use crate::options::window::Way;

/// For what metrics are wanted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Grouping {
    /// What each operation did.
    Operations,
    /// What each service did.
    Services,
    /// Who called whom.
    Edges,
    /// What is told apart by an attribute.
    Attributes,
}

/// What is measured in the window, and how asking for it went; nothing measured where spans are to be read.
///
/// # Errors
/// Usage: metrics are wanted by name, and the filters ask for what no metric tells.
pub async fn measured(
    desk: &Desk,
    way: Way,
    grouping: Grouping,
    filters: &Filters,
    window: Window,
    context: &Context,
) -> Result<(Option<Measured>, Evidence), Error> {
    let mut shell = Evidence::default();
    if way == Way::Spans {
        return Ok((None, shell));
    }
    if let Some(flag) = beyond_metrics(filters, grouping) {
        return match way {
            Way::Metrics => {
                let said = format!("{flag} asks for what no span metric tells");
                Err(Error::usage(said, "drop it, or read spans with --via spans"))
            }
            _ => Ok((None, shell)),
        };
    }
    let progress = progress(context);
    progress.say("asking for span metrics");
    let mut measured = of_prometheus(desk, window, &mut shell).await;
    // Jaeger counts no edges, and of a service as a whole no single operation.
    let is_counted =
        grouping == Grouping::Operations || grouping == Grouping::Services && filters.operations.is_empty();
    if measured.is_none() && is_counted {
        measured = of_jaeger(desk, way, grouping, filters, window, &mut shell).await;
    }
    progress.done();
    if measured.is_none() && way == Way::Metrics && shell.is_complete() {
        let said = match &desk.backends.prometheus {
            Some(_) => "no span metrics of a known name with calls in this time, and none of jaeger's own",
            None => "span metrics come from prometheus, which is left out; jaeger keeps none of its own",
        };
        shell.note(without(Source::Prometheus, said));
    }
    Ok((measured, shell))
}

/// What the same backend counted of each operation in another window.
pub async fn again(desk: &Desk, source: Source, filters: &Filters, window: Window) -> (Option<Measured>, Evidence) {
    let mut shell = Evidence::default();
    let measured = match source {
        Source::Jaeger => of_jaeger(desk, Way::Metrics, Grouping::Operations, filters, window, &mut shell).await,
        _ => of_prometheus(desk, window, &mut shell).await,
    };
    (measured, shell)
}

/// What Prometheus counted; none where it counted nothing of a known name.
async fn of_prometheus(desk: &Desk, window: Window, shell: &mut Evidence) -> Option<Measured> {
    let Some(endpoint) = &desk.backends.prometheus else {
        shell.backends.push(health::left_out(Source::Prometheus));
        return None;
    };
    let asked = measures(&Prometheus::new(&desk.transport, endpoint), window).await;
    let mut status = health::asked(endpoint, &desk.transport);
    let measured = match asked {
        Ok((measured, notes)) => {
            notes.into_iter().for_each(|note| shell.note(health::advised(note)));
            shell.coverage.metrics.add(window);
            status.items = measured.as_ref().map_or(0, |measured| measured.measures.len());
            if shell.notes.iter().any(|note| note.code.is_incomplete()) {
                status.state = BackendState::Partial;
            }
            measured.filter(|measured| !measured.measures.is_empty())
        }
        Err(failure) => {
            status = BackendStatus {
                state: health::state_of(endpoint, &failure),
                error: failure.message.clone(),
                hint: failure.advice().to_owned(),
                ..status
            };
            shell.note(health::note_of(endpoint, &failure));
            None
        }
    };
    shell.backends.push(status);
    measured
}

/// What Jaeger counted itself; none where it counts nothing. That it could not tell takes nothing from an answer that
/// spans give instead.
async fn of_jaeger(
    desk: &Desk,
    way: Way,
    grouping: Grouping,
    filters: &Filters,
    window: Window,
    shell: &mut Evidence,
) -> Option<Measured> {
    let endpoint = desk.backends.jaeger.as_ref()?;
    let (api, by_operation) = (desk.backends.jaeger_api, grouping == Grouping::Operations);
    let asked = service_metrics(&desk.transport, endpoint, api, filters, by_operation, window).await;
    let must = way == Way::Metrics;
    let mut status = health::asked(endpoint, &desk.transport);
    let measured = match asked {
        Ok(Ok(measured)) => {
            shell.coverage.metrics.add(window);
            Some(measured)
        }
        Ok(Err(Silence::NothingKept)) => None,
        Ok(Err(Silence::OddLength)) => {
            let code = if must { NoteCode::Partial } else { NoteCode::Info };
            let said = "jaeger's own metrics are of whole minutes up to an hour, or of whole hours; spans were read";
            shell.note(Note::new(code, Source::Jaeger, said).hint("--since 2h is such a time"));
            None
        }
        Err(failure) if must => {
            status.state = health::state_of(endpoint, &failure);
            status.error.clone_from(&failure.message);
            failure.advice().clone_into(&mut status.hint);
            shell.note(health::note_of(endpoint, &failure));
            None
        }
        // That the command was to end, who reads spans will say.
        Err(failure) if matches!(failure.kind, FailureKind::Interrupted | FailureKind::OutOfBounds) => None,
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
    let calls: f64 = measured.measures.iter().map(|measure| measure.calls).sum();
    Basis {
        via: Via::Metrics,
        metric: Some(measured.metric.clone()),
        backend: Some(measured.source),
        calls: calls.round() as u64,
        ..Basis::default()
    }
}

/// The flag that no metric can answer: they know service, operation, kind and status; of who calls whom the services.
fn beyond_metrics(filters: &Filters, grouping: Grouping) -> Option<&'static str> {
    [
        ("--by attribute", grouping == Grouping::Attributes),
        ("--operation", grouping == Grouping::Edges && !filters.operations.is_empty()),
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
    Note::new(NoteCode::Partial, source, said).hint("--via spans reads spans instead")
}
