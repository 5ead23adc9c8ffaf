//! Alert episodes of a window, and the journeys that show them.

use std::cmp::Reverse;
use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::Serialize;

use crate::model::conventions::short_service;
use crate::model::filter::Filters;
use crate::model::finding::Severity;
use crate::model::metric::{ActiveAlert, Alert, AlertState, Series};
use crate::model::pattern::Pattern;
use crate::model::time::{HOUR, MINUTE, Timestamp, Window};

mod annotations;
mod examples;

pub(crate) use self::annotations::explain;
pub(crate) use self::examples::{AlertExamples, Example, ExampleReason};

/// State of an alert.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum EpisodeState {
    /// Firing.
    Firing,
    /// The condition holds, not yet for long enough.
    Pending,
    /// Over, whether it fired or not.
    Resolved,
}

impl From<AlertState> for EpisodeState {
    fn from(state: AlertState) -> Self {
        match state {
            AlertState::Firing => Self::Firing,
            AlertState::Pending => Self::Pending,
        }
    }
}

/// One alert, from when it became active until it was no longer.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
pub(crate) struct AlertEpisode {
    /// `alertname`.
    pub(crate) name: String,
    /// State.
    pub(crate) state: EpisodeState,
    /// Its label `severity`.
    pub(crate) severity: Option<String>,
    /// Service, from the labels `service_name`, `service`, `job` or `app`; none without any of them.
    pub(crate) service: Option<String>,
    /// Time from which the condition held.
    pub(crate) since: Timestamp,
    /// Whether it may have begun earlier: it was active at the window's start.
    pub(crate) at_least: bool,
    /// Time of the first firing sample; none if it did not fire.
    pub(crate) fired: Option<Timestamp>,
    /// Time of the last active sample.
    pub(crate) to: Timestamp,
    /// Whether it is still active.
    pub(crate) ongoing: bool,
    /// Every label.
    pub(crate) labels: BTreeMap<String, String>,
    /// Annotations of its rule; empty if unknown. For a resolved alert `…` replaces measured values.
    pub(crate) annotations: BTreeMap<String, String>,
    /// Whether any journey of its time, with its service if it has one, was read.
    pub(crate) journeys_read: bool,
    /// Journeys of its time that show it.
    pub(crate) examples: Vec<Example>,
}

impl AlertEpisode {
    /// Level for sorting and colours: error if it fires with a critical severity label, warning if it fires, else info.
    pub(crate) fn level(&self) -> Severity {
        let word = self.severity.as_deref().unwrap_or_default().to_ascii_lowercase();
        match self.state {
            _ if self.only_threatened() => Severity::Info,
            _ if ["critical", "page", "error", "fatal"].contains(&word.as_str()) => Severity::Error,
            _ => Severity::Warning,
        }
    }

    fn only_threatened(&self) -> bool {
        match self.state {
            EpisodeState::Firing => false,
            EpisodeState::Pending => true,
            EpisodeState::Resolved => self.fired.is_none(),
        }
    }

    /// Window of the journeys that may show it: from ten minutes before its start, because rules look back over a
    /// range, to an hour after; for one that began before the window, its last hour there. None for a watchdog,
    /// which always fires (severity `none`, no service).
    pub(crate) fn example_window(&self, asked: Window) -> Option<Window> {
        if self.service.is_none() && self.severity.as_deref() == Some("none") {
            return None;
        }
        let end = self.to.plus(5 * MINUTE);
        let from = if self.since >= asked.from { self.since } else { end.plus(-HOUR).max(asked.from) };
        Some(Window::new(from.plus(-10 * MINUTE), end.min(from.plus(HOUR))))
    }
}

/// What Prometheus has about alerts.
#[derive(Clone, Copy, Debug)]
pub(crate) struct AlertInput<'a> {
    /// Ranges of the window over which an alert was pending or fired.
    pub(crate) stretches: &'a [Alert],
    /// Start of each as seconds since the epoch, sampled over the window.
    pub(crate) since: &'a [Series],
    /// The active ones, as the server lists them.
    pub(crate) active: &'a [ActiveAlert],
    /// Those with a sample now; none if that was not queried or not answered.
    pub(crate) sampled: Option<&'a [Alert]>,
    /// Nanoseconds between two samples.
    pub(crate) step_ns: i64,
    /// The window.
    pub(crate) window: Window,
    /// The present.
    pub(crate) now: Timestamp,
}

/// Every episode: active before resolved, then by level, then the newest.
pub(crate) fn episodes(input: AlertInput) -> Vec<AlertEpisode> {
    // Two and a half steps: one missed scrape does not end an episode.
    let slack = input.step_ns.saturating_mul(5) / 2;
    let mut by_labels: BTreeMap<&BTreeMap<String, String>, Vec<&Alert>> = BTreeMap::new();
    for alert in input.stretches {
        by_labels.entry(&alert.labels).or_default().push(alert);
    }
    let mut all = vec![];
    for mut stretches in by_labels.into_values() {
        stretches.sort_by_key(|alert| (alert.from, alert.to, Reverse(alert.state)));
        let mut current: Option<AlertEpisode> = None;
        for alert in stretches {
            match &mut current {
                Some(episode) if alert.from.since(episode.to) <= slack => grow(episode, alert),
                _ => all.extend(current.replace(begun(alert))),
            }
        }
        all.extend(current);
    }
    for episode in &mut all {
        let early = episode.since.since(input.window.from) <= slack;
        match active_at(episode, input.since) {
            Some(since) => episode.since = since.min(episode.since),
            None => episode.at_least = early,
        }
        let is_late = input.window.to >= input.now && input.window.to.since(episode.to) <= slack;
        episode.ongoing = is_late && input.sampled.is_none();
    }
    for alert in input.sampled.into_iter().flatten() {
        let its = all.iter_mut().filter(|episode| is_same(&episode.labels, &alert.labels));
        match its.max_by_key(|episode| episode.to) {
            Some(last) => (last.ongoing, last.to) = (true, last.to.max(input.window.to.min(input.now))),
            None => all.push(AlertEpisode { ongoing: true, ..begun(alert) }),
        }
    }
    for ActiveAlert { alert, annotations } in input.active {
        let is_it = |episode: &&mut AlertEpisode| episode.ongoing && is_same(&episode.labels, &alert.labels);
        match all.iter_mut().find(is_it) {
            Some(episode) => {
                (episode.since, episode.at_least) = (alert.from.min(episode.since), false);
                (episode.state, episode.to) = (alert.state.into(), episode.to.max(alert.to));
                episode.annotations.clone_from(annotations);
            }
            None => all.push(AlertEpisode { ongoing: true, annotations: annotations.clone(), ..begun(alert) }),
        }
    }
    all.iter_mut().filter(|episode| !episode.ongoing).for_each(|episode| episode.state = EpisodeState::Resolved);
    all.sort_by(|a, b| {
        let key = |e: &AlertEpisode| (Reverse(e.ongoing), Reverse(e.level()), Reverse(e.since));
        key(a).cmp(&key(b)).then_with(|| (&a.name, &a.labels).cmp(&(&b.name, &b.labels)))
    });
    all
}

/// Alerts of the filtered services, and those without a service label, which may be about any.
pub(crate) fn of_services(mut all: Vec<AlertEpisode>, filters: &Filters) -> Vec<AlertEpisode> {
    let is_short_of = |service: &str| {
        let mut exact = filters.services.iter().filter_map(Pattern::as_exact);
        exact.any(|wanted| short_service(wanted) == short_service(service))
    };
    all.retain(|one| one.service.as_deref().is_none_or(|name| filters.wants_service(name) || is_short_of(name)));
    all
}

fn begun(alert: &Alert) -> AlertEpisode {
    AlertEpisode {
        name: alert.name.clone(),
        state: alert.state.into(),
        severity: alert.labels.get("severity").cloned(),
        service: alert.service.clone(),
        since: alert.from,
        at_least: false,
        fired: (alert.state == AlertState::Firing).then_some(alert.from),
        to: alert.to,
        ongoing: alert.ongoing,
        labels: alert.labels.clone(),
        annotations: BTreeMap::new(),
        journeys_read: false,
        examples: vec![],
    }
}

/// Extends an episode. One that fired stays firing, whatever it was before and after.
fn grow(episode: &mut AlertEpisode, alert: &Alert) {
    episode.to = episode.to.max(alert.to);
    if alert.state == AlertState::Firing {
        episode.state = EpisodeState::Firing;
        episode.fired = episode.fired.or(Some(alert.from));
    }
}

/// Whether two label sets are of one alert: a querier may add or drop labels.
fn is_same(one: &BTreeMap<String, String>, other: &BTreeMap<String, String>) -> bool {
    let (few, many) = if one.len() <= other.len() { (one, other) } else { (other, one) };
    few.iter().all(|(key, value)| many.get(key) == Some(value))
}

/// Start of an episode, by the first sample within it.
fn active_at(episode: &AlertEpisode, since: &[Series]) -> Option<Timestamp> {
    let is_its = |series: &&Series| {
        let name = series.labels.get("__name__").map_or(0, |_| 1);
        series.labels.len() - name == episode.labels.len()
            && episode.labels.iter().all(|(key, value)| series.labels.get(key) == Some(value))
    };
    let samples = since.iter().filter(is_its).flat_map(|series| &series.samples);
    let within = samples.filter(|(time, _)| *time >= episode.since && *time <= episode.to);
    within.filter_map(|(_, seconds)| Timestamp::from_seconds(*seconds)).filter(|at| at.is_sane()).min()
}

#[cfg(test)]
mod tests;
