//! Whether numbers of a window are taken from metrics that count every span, or from spans.

use crate::backend::prometheus::Prometheus;
use crate::command::Context;
use crate::command::desk::{Desk, progress};
use crate::error::Error;
use crate::gather::health;
use crate::gather::measures::measures;
use crate::model::basis::{Basis, Via};
use crate::model::evidence::{BackendState, BackendStatus, Evidence, Note, NoteCode, Source};
use crate::model::filter::Filters;
use crate::model::measure::Measured;
use crate::model::time::Window;
use crate::options::window::Way;

/// What is measured in the window, and how asking for it went; nothing measured where spans are to be read.
///
/// # Errors
/// Usage: metrics are wanted by name, and the filters ask for what no metric tells.
pub async fn measured(
    desk: &Desk,
    way: Way,
    filters: &Filters,
    window: Window,
    context: &Context,
) -> Result<(Option<Measured>, Evidence), Error> {
    let mut shell = Evidence::default();
    if way == Way::Spans {
        return Ok((None, shell));
    }
    if let Some(flag) = beyond_metrics(filters) {
        return match way {
            Way::Metrics => {
                let said = format!("{flag} asks for what no span metric tells");
                Err(Error::usage(said, "drop it, or read spans with --via spans"))
            }
            _ => Ok((None, shell)),
        };
    }
    let must = way == Way::Metrics;
    let Some(endpoint) = &desk.backends.prometheus else {
        shell.backends = vec![health::left_out(Source::Prometheus)];
        if must {
            shell.note(without(Source::Prometheus, "span metrics come from prometheus, which is left out"));
        }
        return Ok((None, shell));
    };
    let progress = progress(context);
    progress.say("asking prometheus for span metrics");
    let asked = measures(&Prometheus::new(&desk.transport, endpoint), window).await;
    progress.done();
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
    if measured.is_none() && must && shell.is_complete() {
        shell.note(without(
            Source::Prometheus,
            "prometheus has no span metrics of a known name with calls in this time",
        ));
    }
    shell.backends = vec![status];
    Ok((measured, shell))
}

/// What numbers from metrics rest on.
pub fn basis(measured: &Measured) -> Basis {
    let calls: f64 = measured.measures.iter().map(|measure| measure.calls).sum();
    Basis { via: Via::Metrics, metric: Some(measured.metric.clone()), calls: calls.round() as u64, ..Basis::default() }
}

/// The flag that no metric can answer: they know service, operation, kind and status.
fn beyond_metrics(filters: &Filters) -> Option<&'static str> {
    [
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
