//! Asking Prometheus: alerts of the time, exemplars, configured panels.

use std::collections::BTreeSet;

use futures_util::future::join_all;

use crate::gather::backend_status;
use crate::gather::fetched::Fetched;
use crate::model::advice::Advice;
use crate::model::evidence::{Note, NoteCode};
use crate::model::metric::Panel;
use crate::model::source::Source;
use crate::model::time::{MINUTE, SECOND, Timestamp, Window};
use crate::query::{PanelTemplate, Query};
use crate::source::failure::{Failure, FailureKind};
use crate::source::role::{MetricSource, SeriesReply, step_seconds};
use crate::source::server::request::quoted;
use crate::wire::prometheus_json::{self, PrometheusReply};

/// What of a journey a panel may ask about.
pub(crate) struct PanelSubject {
    /// Its services.
    pub(crate) services: BTreeSet<String>,
    /// Its ID.
    pub(crate) id: String,
}

/// Bytes of a query, its values filled in: a server takes no longer one.
const LONGEST_QUERY: usize = 1 << 20;

/// Alerts from before the journey to after it, exemplars that carry its traces, and the configured panels.
pub(crate) async fn gather(source: &dyn MetricSource, query: &Query, about: &PanelSubject, extent: Window) -> Fetched {
    let window = window(extent, query);
    let panels = join_all(query.panels.iter().map(|template| panel(source, template, about, window)));
    let (alerts, exemplars, panels) = tokio::join!(source.range("ALERTS", window), source.exemplars(window), panels);
    let mut fetched = Fetched { metrics_window: alerts.is_ok().then_some(window), ..Fetched::default() };
    let alerts_came = alerts.is_ok();
    match alerts {
        Ok(reply) => {
            fetched.alerts = prometheus_json::alerts_from_series(&reply.data);
            let fresh = window.to.plus(-2 * step_seconds(window) * SECOND);
            fetched.alerts.iter_mut().for_each(|alert| alert.ongoing = alert.to >= fresh && window.to >= query.now);
            fetched.notes.extend(notes_of(source.backend(), &reply));
        }
        Err(failure) => fetched.failures.push((source.backend(), failure)),
    }
    match exemplars {
        Ok(reply) => {
            fetched.notes.extend(notes_of(source.backend(), &reply));
            fetched.exemplars = reply.data;
        }
        Err(failure) if concerns_all(&failure) => fetched.failures.push((source.backend(), failure)),
        Err(failure) if alerts_came => fetched.notes.push(without_exemplars(source.backend(), &failure)),
        Err(_) => {}
    }
    for (panel, asked) in panels {
        match asked {
            Ok(reply) => fetched.notes.extend(notes_of(source.backend(), &reply)),
            Err(PanelError::Failed(failure)) if concerns_all(&failure) => {
                fetched.failures.push((source.backend(), failure));
            }
            Err(_) if !fetched.failures.is_empty() => {}
            Err(why) => fetched.notes.push(without_panel(source.backend(), &panel, &why)),
        }
        fetched.panels.push(panel);
    }
    fetched
}

/// Whether the failure concerns all questions, not one: a sign-in is missing for all of them.
fn concerns_all(failure: &Failure) -> bool {
    matches!(failure.kind, FailureKind::ActionNeeded | FailureKind::Interrupted)
}

/// From 5 min before the journey to 10 min after it, as far as it has happened.
fn window(extent: Window, query: &Query) -> Window {
    let wide = extent.padded(5 * MINUTE, 10 * MINUTE);
    Window::new(wide.from, wide.to.min(query.now).max(wide.from.plus(SECOND)))
}

/// A server without exemplar storage is not sick: it is said, and the answer stays complete.
fn without_exemplars(backend: Source, failure: &Failure) -> Note {
    match failure.kind {
        FailureKind::Rejected | FailureKind::NoSuchApi => {
            Note::new(NoteCode::Info, backend, format!("no exemplars: {}", failure.message))
        }
        _ => failure.note(backend),
    }
}

/// Why a panel has no series.
enum PanelError {
    /// Its template makes no query.
    Malformed(String),
    /// Its query brought nothing.
    Failed(Failure),
}

impl PanelError {
    fn words(&self) -> &str {
        match self {
            Self::Malformed(why) => why,
            Self::Failed(failure) => &failure.message,
        }
    }
}

/// The results of these queries at an instant: the values of their samples, or why there are none; with notes. A partial
/// answer gives no result.
pub(crate) async fn readings(
    source: &dyn MetricSource,
    templates: impl Iterator<Item = PanelTemplate>,
    about: &PanelSubject,
    extent: Window,
    at: Timestamp,
) -> (Vec<Result<Vec<f64>, String>>, Fetched) {
    let ask = |template: PanelTemplate| async move {
        let promql = filled(&template, about, extent).map_err(PanelError::Malformed)?;
        source.instant(&promql, at).await.map_err(PanelError::Failed)
    };
    let mut fetched = Fetched::default();
    let mut read = |asked: Result<SeriesReply, PanelError>| match asked {
        Ok(reply) => {
            fetched.notes.extend(notes_of(source.backend(), &reply));
            match reply.warnings.iter().chain(&reply.skipped).next() {
                Some(why) => Err(format!("{} did not tell everything: {why}", source.backend().as_str())),
                None => {
                    Ok(reply.data.iter().filter_map(|series| series.samples.last()).map(|(_, value)| *value).collect())
                }
            }
        }
        Err(why) => {
            let said = why.words().to_owned();
            if let PanelError::Failed(failure) = why {
                fetched.failures.push((source.backend(), failure));
            }
            Err(said)
        }
    };
    let values = join_all(templates.map(ask)).await.into_iter().map(&mut read).collect();
    fetched.notes = fetched.notes.into_iter().map(backend_status::advised).collect();
    (values, fetched)
}

fn without_panel(backend: Source, panel: &Panel, why: &PanelError) -> Note {
    let message = format!("panel {:?}: {}", panel.name, why.words());
    Note::new(NoteCode::Partial, backend, message).with_actions(Advice::CheckPanelQuery)
}

async fn panel(
    source: &dyn MetricSource,
    template: &PanelTemplate,
    about: &PanelSubject,
    window: Window,
) -> (Panel, Result<SeriesReply, PanelError>) {
    let mut panel = Panel { name: template.name.clone(), query: String::new(), series: Vec::new(), error: None };
    let asked = match filled(template, about, window) {
        Ok(promql) => {
            panel.query.clone_from(&promql);
            source.range(&promql, window).await.map_err(PanelError::Failed)
        }
        Err(why) => Err(PanelError::Malformed(why)),
    };
    match &asked {
        Ok(reply) => panel.series.clone_from(&reply.data),
        Err(why) => panel.error = Some(why.words().to_owned()),
    }
    (panel, asked)
}

/// The template with its values in the places of `{{ name }}`.
fn filled(template: &PanelTemplate, about: &PanelSubject, window: Window) -> Result<String, String> {
    fill(&template.query, |name| value(name, about, window))
}

/// A text with values in the places of `{{ name }}`. It may come from the project file of another person, so it
/// has names and nothing to compute: it can use up neither time nor memory.
pub(super) fn fill(template: &str, value: impl Fn(&str) -> Result<String, String>) -> Result<String, String> {
    let mut query = String::new();
    let mut rest = template;
    while let Some((before, from_name)) = rest.split_once("{{") {
        let (name, after) = from_name.split_once("}}").ok_or("a `{{` without its `}}`")?;
        query.push_str(before);
        query.push_str(&value(name.trim())?);
        if query.len() > LONGEST_QUERY {
            return Err(format!("with its values it is longer than {LONGEST_QUERY} bytes"));
        }
        rest = after;
    }
    query.push_str(rest);
    Ok(query)
}

/// The value of a name: texts as PromQL string literals, times as seconds. Nothing else gets into a query.
fn value(name: &str, about: &PanelSubject, window: Window) -> Result<String, String> {
    match name {
        "service" => {
            let services: Vec<String> = about.services.iter().map(|service| regex::escape(service)).collect();
            Ok(quoted(&services.join("|")))
        }
        "correlation_id" => Ok(quoted(&about.id)),
        "from" => Ok(window.from.seconds_text()),
        "to" => Ok(window.to.seconds_text()),
        _ => Err(unknown(name, "service, correlation_id, from and to")),
    }
}

/// A name for which nothing stands.
pub(super) fn unknown(name: &str, known: &str) -> String {
    let name: String = name.chars().take(40).collect();
    format!("{{{{ {name} }}}} is none of {known}")
}

/// What the server remarks on its answer, and what of it could not be read.
pub(crate) fn notes_of<T>(backend: Source, reply: &PrometheusReply<T>) -> Vec<Note> {
    let note = |code, text: String| Note::new(code, backend, text);
    let warnings =
        reply.warnings.iter().map(|text| note(NoteCode::Partial, format!("{} warns: {text}", backend.as_str())));
    let infos = reply.infos.iter().map(|text| note(NoteCode::Info, format!("{} says: {text}", backend.as_str())));
    let skipped = reply.skipped.iter().map(|why| note(NoteCode::Skipped, why.clone()));
    warnings.chain(infos).chain(skipped).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fill(query: &str) -> Result<String, String> {
        let about =
            PanelSubject { services: ["a.b".to_owned(), "c".to_owned()].into(), id: "x\"} or up{a=\"".to_owned() };
        let window = Window::new(Timestamp(1_000 * SECOND), Timestamp(2_000 * SECOND));
        filled(&PanelTemplate { name: "p".into(), query: query.into() }, &about, window)
    }

    #[test]
    fn a_panel_takes_values_as_whole_literals_and_nothing_else() {
        assert_eq!(fill("up{s=~{{ service }}}").as_deref(), Ok("up{s=~\"a\\\\.b|c\"}"));
        assert_eq!(fill("up{id={{ correlation_id }}}").as_deref(), Ok("up{id=\"x\\\"} or up{a=\\\"\"}"));
        assert_eq!(fill("up @ {{ to }} offset {{ from }}").as_deref(), Ok("up @ 2000.000 offset 1000.000"));
        assert_eq!(fill("a{b=\"{%\"} {{from}}{{\tto\n}} }}").as_deref(), Ok("a{b=\"{%\"} 1000.0002000.000 }}"));
        assert_eq!(fill("up").as_deref(), Ok("up"));
    }

    #[test]
    fn a_panel_computes_nothing() {
        let unknown = ["nothing", "", "service|length", "'x' * 9999999999", "\"x\"|indent(9999999999)", "{{ service"];
        for name in unknown {
            let said = fill(&format!("up{{{{ {name} }}}}")).unwrap_err();
            assert_eq!(said, format!("{{{{ {name} }}}} is none of service, correlation_id, from and to"));
        }
        assert_eq!(fill(&format!("{{{{{}}}}}", "é".repeat(99))).unwrap_err().matches('é').count(), 40);
        assert_eq!(fill("up{{ service }").unwrap_err(), "a `{{` without its `}}`");
        let doubling = "{% set x = x ~ x %}".repeat(99);
        assert_eq!(fill(&doubling), Ok(doubling), "which Prometheus refuses");
        let long = |times| fill(&"{{ from }}".repeat(times)).map(|query| query.len());
        assert_eq!(long((1 << 20) / 8), Ok(1 << 20));
        assert_eq!(long((1 << 20) / 8 + 1).unwrap_err(), "with its values it is longer than 1048576 bytes");
    }

    #[test]
    fn no_id_leaves_its_literal() {
        const MARKS: [&str; 24] = [
            "\"", "\\", "'", "`", "{", "}", "{{", "}}", "{%", "%}", "{#", "\n", "\0", "\u{2028}", "\u{fffd}", "👩",
            "or", "up", "=~", ",", " ", "\\\"", "\\u0022", "x",
        ];
        let mut random = fastrand::Rng::with_seed(7);
        let window = Window::new(Timestamp(0), Timestamp(SECOND));
        let template =
            PanelTemplate { name: "p".into(), query: "up{id={{ correlation_id }},service=~{{ service }}}".into() };
        for _ in 0..crate::length::cases(10_000) {
            let mut nasty =
                || (0..random.usize(0..12)).map(|_| MARKS[random.usize(0..MARKS.len())]).collect::<String>();
            let about = PanelSubject { services: [nasty(), nasty()].into(), id: nasty() };
            let query = filled(&template, &about, window).unwrap();
            let promql_parser::parser::Expr::VectorSelector(selector) = promql_parser::parser::parse(&query).unwrap()
            else {
                panic!("{query}");
            };
            let [id, service] = selector.matchers.matchers.as_slice() else { panic!("{query}") };
            assert_eq!(id.value, about.id);
            let wanted = regex::Regex::new(&format!("^(?:{})$", service.value)).unwrap();
            assert!(about.services.iter().all(|service| wanted.is_match(service)), "{query}");
        }
    }
}
