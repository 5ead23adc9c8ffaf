//! Alerts of a time, each told once, and the journeys that show it.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet};

use schemars::JsonSchema;
use serde::Serialize;

use crate::analysis::errors::{self, Failure};
use crate::model::conventions::short_service;
use crate::model::filter::Filters;
use crate::model::finding::Severity;
use crate::model::id::{SpanId, TraceId};
use crate::model::journey::Journey;
use crate::model::metric::{Alert, AlertState, Series};
use crate::model::pattern::Pattern;
use crate::model::span::Span;
use crate::model::time::{MINUTE, Timestamp, Window};

/// So many journeys stand beside an alert at most.
const EXAMPLES: usize = 3;
/// A span is slow that took so many times what is usual of its operation.
const SLOW: f64 = 3.0;
/// What is usual is known from so many calls.
const ENOUGH: u32 = 10;

/// One alert from when it became active until it was so no more.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
pub struct Episode {
    /// `alertname`.
    pub name: String,
    /// How it is, or where it is over, whether it fired.
    pub state: AlertState,
    /// Its label `severity`.
    pub severity: Option<String>,
    /// The service it is about, from `service_name`, `service`, `job` or `app`; none is "unscoped".
    pub service: Option<String>,
    /// Since when its condition held.
    pub since: Timestamp,
    /// Whether it may be longer: it was so when the window began.
    pub at_least: bool,
    /// When it was first seen firing; none where it was not.
    pub fired: Option<Timestamp>,
    /// When it was last seen so.
    pub to: Timestamp,
    /// Whether it is still so.
    pub ongoing: bool,
    /// Every label.
    pub labels: BTreeMap<String, String>,
    /// Whether any journey of its time was read that its service, where it names one, takes part in.
    pub journeys_read: bool,
    /// Journeys of its time that show it.
    pub examples: Vec<Example>,
}

impl Episode {
    /// How grave it is: what fires and is critical, what fires, what only threatens to.
    pub fn grave(&self) -> Severity {
        let word = self.severity.as_deref().unwrap_or_default().to_ascii_lowercase();
        match self.state {
            AlertState::Pending => Severity::Info,
            AlertState::Firing if ["critical", "page", "error", "fatal"].contains(&word.as_str()) => Severity::Error,
            AlertState::Firing => Severity::Warning,
        }
    }

    /// When journeys that show it may have been.
    pub fn touches(&self) -> Window {
        Window::new(self.since.plus(-10 * MINUTE), self.to.plus(5 * MINUTE))
    }
}

/// A journey that shows an alert.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, JsonSchema)]
pub struct Example {
    /// Why.
    pub because: Because,
    /// What to ask for to see it.
    pub id: String,
    /// The service.
    pub service: String,
    /// The operation; empty where only a line tells.
    pub operation: String,
    /// When.
    pub time: Timestamp,
    /// What failed; empty where it was slow.
    pub error: String,
    /// How long it took; none where it failed.
    pub took_ns: Option<i64>,
    /// How long that usually takes.
    pub usual_ns: Option<i64>,
    /// The trace.
    pub trace_id: Option<TraceId>,
    /// The span.
    pub span_id: Option<SpanId>,
}

/// Why a journey shows an alert.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Because {
    /// Something failed in it.
    Error,
    /// Something was slow in it.
    Slow,
}

/// What Prometheus told of alerts.
#[derive(Clone, Copy, Debug)]
pub struct Told<'a> {
    /// Stretches of the window over which an alert was pending or fired.
    pub stretches: &'a [Alert],
    /// Since when each was active, as seconds, over the window.
    pub since: &'a [Series],
    /// Those that are active now.
    pub active: &'a [Alert],
    /// Nanoseconds between two samples.
    pub step_ns: i64,
    /// The window.
    pub window: Window,
    /// The present.
    pub now: Timestamp,
}

/// Every alert once: what still is before what is over, gravest first, then the newest.
pub fn episodes(told: Told) -> Vec<Episode> {
    let slack = told.step_ns.saturating_mul(5) / 2;
    let mut by_labels: BTreeMap<&BTreeMap<String, String>, Vec<&Alert>> = BTreeMap::new();
    for alert in told.stretches {
        by_labels.entry(&alert.labels).or_default().push(alert);
    }
    let mut all = vec![];
    for mut stretches in by_labels.into_values() {
        stretches.sort_by_key(|alert| (alert.from, alert.to, Reverse(alert.state)));
        let mut current: Option<Episode> = None;
        for alert in stretches {
            match &mut current {
                Some(episode) if alert.from.since(episode.to) <= slack => grow(episode, alert),
                _ => all.extend(current.replace(begun(alert))),
            }
        }
        all.extend(current);
    }
    for episode in &mut all {
        let early = episode.since.since(told.window.from) <= slack;
        match active_at(episode, told.since) {
            Some(since) => episode.since = since.min(episode.since),
            None => episode.at_least = early,
        }
        episode.ongoing = told.window.to >= told.now && told.window.to.since(episode.to) <= slack;
    }
    for alert in told.active {
        let is_it = |episode: &&mut Episode| episode.ongoing && is_same(&episode.labels, &alert.labels);
        match all.iter_mut().find(is_it) {
            Some(episode) => {
                (episode.state, episode.since, episode.at_least) = (alert.state, alert.from.min(episode.since), false);
                episode.to = episode.to.max(alert.to);
            }
            None => all.push(Episode { ongoing: true, ..begun(alert) }),
        }
    }
    all.sort_by(|a, b| {
        let key = |e: &Episode| (Reverse(e.ongoing), Reverse(e.grave()), Reverse(e.since));
        key(a).cmp(&key(b)).then_with(|| (&a.name, &a.labels).cmp(&(&b.name, &b.labels)))
    });
    all
}

/// Those of the services that the filters want, and those that name none: they may be about any.
pub fn wanted(mut all: Vec<Episode>, filters: &Filters) -> Vec<Episode> {
    let is_short_of = |service: &str| {
        let mut told = filters.services.iter().filter_map(Pattern::as_exact);
        told.any(|wanted| short_service(wanted) == short_service(service))
    };
    all.retain(|one| one.service.as_deref().is_none_or(|name| filters.wants_service(name) || is_short_of(name)));
    all
}

fn begun(alert: &Alert) -> Episode {
    Episode {
        name: alert.name.clone(),
        state: alert.state,
        severity: alert.labels.get("severity").cloned(),
        service: alert.service.clone(),
        since: alert.from,
        at_least: false,
        fired: (alert.state == AlertState::Firing).then_some(alert.from),
        to: alert.to,
        ongoing: alert.ongoing,
        labels: alert.labels.clone(),
        journeys_read: false,
        examples: vec![],
    }
}

/// An alert that fired is told of as one that fired, whatever it was before and after.
fn grow(episode: &mut Episode, alert: &Alert) {
    episode.to = episode.to.max(alert.to);
    if alert.state == AlertState::Firing {
        episode.state = AlertState::Firing;
        episode.fired = episode.fired.or(Some(alert.from));
    }
}

/// Labels that a querier adds or takes away do not make another alert.
fn is_same(one: &BTreeMap<String, String>, other: &BTreeMap<String, String>) -> bool {
    let (few, many) = if one.len() <= other.len() { (one, other) } else { (other, one) };
    few.iter().all(|(key, value)| many.get(key) == Some(value))
}

/// When it became active, as the first sample within its time says.
fn active_at(episode: &Episode, since: &[Series]) -> Option<Timestamp> {
    let is_its = |series: &&Series| {
        let name = series.labels.get("__name__").map_or(0, |_| 1);
        series.labels.len() - name == episode.labels.len()
            && episode.labels.iter().all(|(key, value)| series.labels.get(key) == Some(value))
    };
    let samples = since.iter().filter(is_its).flat_map(|series| &series.samples);
    let within = samples.filter(|(time, _)| *time >= episode.since && *time <= episode.to);
    within.filter_map(|(_, seconds)| Timestamp::from_seconds(*seconds)).filter(|at| at.is_sane()).min()
}

/// Looks for the journeys that show alerts, in any number of journeys.
#[derive(Clone, Debug, Default)]
pub struct Showing {
    wanted: Vec<Wanted>,
    usual: BTreeMap<(String, String), Usual>,
}

/// What is looked for, for one alert.
#[derive(Clone, Debug)]
struct Wanted {
    service: Option<String>,
    window: Window,
    near: Timestamp,
    words: BTreeSet<String>,
    /// Whether a journey of its time and service came by.
    read: bool,
    failed: Vec<Example>,
    /// The slowest of each operation.
    slowest: BTreeMap<String, Example>,
}

impl Showing {
    /// For these alerts.
    pub fn of(episodes: &[Episode]) -> Self {
        let wanted = |episode: &Episode| Wanted {
            service: episode.service.as_deref().map(|service| short_service(service).to_owned()),
            window: episode.touches(),
            near: episode.since,
            words: words(&episode.name),
            read: false,
            failed: vec![],
            slowest: BTreeMap::new(),
        };
        Self { wanted: episodes.iter().map(wanted).collect(), usual: BTreeMap::new() }
    }

    /// Looks at one journey.
    pub fn add(&mut self, journey: &Journey, filters: &Filters) {
        let (Some(extent), Some(id)) = (journey.extent(), journey.handle()) else { return };
        let judged =
            journey.spans.iter().zip(&journey.judged).filter(|(span, judged)| **judged && span.has_sane_time());
        for (span, _) in judged.clone() {
            let service = short_service(span.service());
            if self.wanted.iter().any(|wanted| wanted.service.as_deref() == Some(service)) {
                let operation = (service.to_owned(), span.name.clone());
                self.usual.entry(operation).or_default().add(span.duration_ns);
            }
        }
        let touched = |wanted: &Wanted| wanted.window.from <= extent.to && extent.from < wanted.window.to;
        if !self.wanted.iter().any(touched) {
            return;
        }
        let failures = errors::of(journey);
        for wanted in self.wanted.iter_mut().filter(|wanted| touched(wanted)) {
            let is_its = |service: &str| wanted.service.as_deref().is_none_or(|its| short_service(service) == its);
            wanted.read |= journey.spans.iter().any(|span| is_its(span.service()));
            let shown = failures
                .iter()
                .filter(|failure| wanted.shows(failure) && filters.wants_service(&failure.place.service));
            if let Some(example) = shown.map(|failure| failed(&id, failure)).min_by_key(|example| wanted.rank(example))
            {
                wanted.failed.push(example);
                wanted.keep_best();
            }
            let Some(service) = wanted.service.clone() else { continue };
            for (span, _) in judged.clone().filter(|(span, _)| short_service(span.service()) == service) {
                if wanted.window.contains(span.start) && !span.is_error() && filters.wants_span(span) {
                    wanted.slow(&id, span);
                }
            }
        }
    }

    /// Puts what was found beside each alert: what failed, then what was slowest.
    pub fn finish(self, episodes: &mut [Episode]) {
        for (episode, mut wanted) in episodes.iter_mut().zip(self.wanted) {
            episode.journeys_read = wanted.read;
            wanted.keep_what_speaks_of_it();
            let usual = |example: &Example| {
                let calls = self.usual.get(&(short_service(&example.service).to_owned(), example.operation.clone()))?;
                calls.median().filter(|_| calls.count >= ENOUGH)
            };
            let slow = wanted.slowest.into_values().filter_map(|example| {
                let (usual, took) = (usual(&example)?, example.took_ns?);
                (took as f64 >= usual as f64 * SLOW).then_some(Example { usual_ns: Some(usual), ..example })
            });
            let mut slow: Vec<Example> = slow.collect();
            slow.sort_by(|a, b| Reverse(a.took_ns).cmp(&Reverse(b.took_ns)).then_with(|| a.cmp(b)));
            for example in wanted.failed.into_iter().chain(slow) {
                let is_new = episode.examples.iter().all(|known| known.id != example.id);
                if is_new && episode.examples.len() < EXAMPLES {
                    episode.examples.push(example);
                }
            }
        }
    }
}

impl Wanted {
    /// What speaks of the same as the alert's name comes first, then what is nearest to its beginning.
    fn rank(&self, example: &Example) -> (Reverse<usize>, u64, Example) {
        let said = words(&format!("{} {} {}", example.service, example.operation, example.error));
        let far = example.time.since(self.near).unsigned_abs();
        (Reverse(said.intersection(&self.words).count()), far, example.clone())
    }

    /// An alert that names no service is shown by what speaks of the same as its name, where anything does.
    fn keep_what_speaks_of_it(&mut self) {
        let shared = |example: &&Example| self.rank(example).0.0 > 0;
        let speaking: Vec<Example> = self.failed.iter().filter(shared).cloned().collect();
        if self.service.is_none() && !speaking.is_empty() {
            self.failed = speaking;
        }
    }

    fn keep_best(&mut self) {
        let mut failed = std::mem::take(&mut self.failed);
        failed.sort_by_cached_key(|example| self.rank(example));
        failed.truncate(EXAMPLES);
        self.failed = failed;
    }

    fn shows(&self, failure: &Failure) -> bool {
        let is_its = |service: &str| self.service.as_deref().is_none_or(|wanted| short_service(service) == wanted);
        let somewhere =
            is_its(&failure.place.service) || failure.passed_on_by.iter().any(|place| is_its(&place.service));
        somewhere && self.window.contains(failure.time)
    }

    fn slow(&mut self, id: &str, span: &Span) {
        let known = self.slowest.get(&span.name);
        let is_slower = known.is_none_or(|known| {
            (known.took_ns, Reverse(&known.id)) < (Some(span.duration_ns), Reverse(&id.to_owned()))
        });
        if is_slower {
            self.slowest.insert(span.name.clone(), slow(id, span));
        }
    }
}

/// The words of a name, however they are joined, in lower case; short ones, and those that every alert or error has, tell
/// nothing.
fn words(text: &str) -> BTreeSet<String> {
    const EMPTY: [&str; 12] = [
        "alert",
        "error",
        "errors",
        "exception",
        "failed",
        "failing",
        "failure",
        "failures",
        "high",
        "rate",
        "service",
        "with",
    ];
    let mut spaced = String::new();
    for c in text.chars() {
        if c.is_uppercase() {
            spaced.push(' ');
        }
        spaced.extend(c.to_lowercase());
    }
    let all = spaced.split(|c: char| !c.is_alphanumeric());
    all.filter(|word| word.len() > 3 && !EMPTY.contains(word)).map(str::to_owned).collect()
}

fn failed(id: &str, failure: &Failure) -> Example {
    Example {
        because: Because::Error,
        id: id.to_owned(),
        service: failure.place.service.clone(),
        operation: failure.place.operation.clone(),
        time: failure.time,
        error: failure.what.clone(),
        took_ns: None,
        usual_ns: None,
        trace_id: failure.trace_id,
        span_id: failure.span_id,
    }
}

fn slow(id: &str, span: &Span) -> Example {
    Example {
        because: Because::Slow,
        id: id.to_owned(),
        service: span.service().to_owned(),
        operation: span.name.clone(),
        time: span.start,
        error: String::new(),
        took_ns: Some(span.duration_ns),
        usual_ns: None,
        trace_id: Some(span.trace_id),
        span_id: Some(span.span_id),
    }
}

/// How long calls usually take, to an eighth of a doubling.
#[derive(Clone, Debug, Default)]
struct Usual {
    count: u32,
    buckets: BTreeMap<i32, u32>,
}

impl Usual {
    fn add(&mut self, ns: i64) {
        let bucket = ((ns.max(1) as f64).log2() * 8.0).ceil() as i32;
        self.count = self.count.saturating_add(1);
        *self.buckets.entry(bucket).or_default() += 1;
    }

    fn median(&self) -> Option<i64> {
        let mut below = 0_u32;
        let middle = self.count.div_ceil(2);
        let found = self.buckets.iter().find(|(_, count)| {
            below = below.saturating_add(**count);
            below >= middle
        });
        found.map(|(bucket, _)| (f64::from(*bucket) / 8.0).exp2() as i64)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::analysis::sketch::{ORIGIN, journey};
    use crate::model::time::SECOND;

    fn alert(name: &str, state: AlertState, from: i64, to: i64) -> Alert {
        let labels: BTreeMap<String, String> =
            [("alertname", name), ("service", "b_service"), ("severity", "critical")]
                .map(|(k, v)| (k.to_owned(), v.to_owned()))
                .into();
        let (from, to) = (ORIGIN.plus(from * SECOND), ORIGIN.plus(to * SECOND));
        Alert {
            name: name.to_owned(),
            state,
            service: labels.get("service").cloned(),
            from,
            to,
            ongoing: false,
            labels,
        }
    }

    #[test]
    fn an_alert_is_told_once_from_when_its_condition_held() {
        use AlertState::{Firing, Pending};
        let window = Window::new(ORIGIN, ORIGIN.plus(1_000 * SECOND));
        let stretches = [
            alert("a", Pending, 100, 150),
            alert("a", Firing, 160, 300),
            alert("a", Firing, 700, 990),
            alert("b", Pending, 0, 50),
            alert("c", Pending, 400, 410),
        ];
        let active = [
            Alert { from: ORIGIN.plus(697 * SECOND), ongoing: true, ..alert("a", Firing, 0, 1_000) },
            alert("d", Pending, 999, 1_000),
        ];
        let mut labels = alert("c", Pending, 0, 0).labels;
        labels.insert("__name__".to_owned(), "ALERTS_FOR_STATE".to_owned());
        let seconds = ORIGIN.0 / SECOND + 395;
        let since = [Series { labels, samples: vec![(ORIGIN.plus(400 * SECOND), seconds as f64)] }];
        let told = Told {
            stretches: &stretches,
            since: &since,
            active: &active,
            step_ns: 10 * SECOND,
            window,
            now: window.to,
        };
        let found: Vec<_> = episodes(told)
            .into_iter()
            .map(|e| {
                (
                    e.name.clone(),
                    e.grave(),
                    e.since.since(ORIGIN) / SECOND,
                    e.at_least,
                    e.fired.map(|at| at.since(ORIGIN) / SECOND),
                    e.ongoing,
                )
            })
            .collect();
        let wanted = [
            ("a", Severity::Error, 697, false, Some(700), true),
            ("d", Severity::Info, 999, false, None, true),
            ("a", Severity::Error, 100, false, Some(160), false),
            ("c", Severity::Info, 394, false, None, false),
            ("b", Severity::Info, 0, true, None, false),
        ];
        assert_eq!(found, wanted.map(|(name, g, s, l, f, o)| (name.to_owned(), g, s, l, f, o)));
        assert!(episodes(Told { stretches: &[], since: &[], active: &[], ..told }).is_empty());
    }

    #[test]
    fn an_unscoped_alert_is_shown_by_what_speaks_of_it_and_kept_whatever_service_is_wanted() {
        let alert = |service: Option<&str>| Alert {
            service: service.map(str::to_owned),
            labels: [("service", service.unwrap_or("-"))].map(|(k, v)| (k.to_owned(), v.to_owned())).into(),
            name: "CardStoreFailure".to_owned(),
            state: AlertState::Firing,
            from: ORIGIN,
            to: ORIGIN.plus(MINUTE),
            ongoing: true,
        };
        let stretches = [alert(None), alert(Some("pay_service")), alert(Some("shop"))];
        let window = Window::new(ORIGIN.plus(-MINUTE), ORIGIN.plus(MINUTE));
        let told = Told { stretches: &stretches, since: &[], active: &[], step_ns: SECOND, window, now: window.to };
        let filters = Filters { services: vec![Pattern::exact("pay")], ..Filters::default() };
        let kept = |filters: &Filters| wanted(episodes(told), filters).into_iter().map(|e| e.service);
        let name = |text: &str| Some(text.to_owned());
        let all = [None, name("pay_service"), name("shop")];
        assert_eq!(kept(&Filters::default()).collect::<BTreeSet<_>>(), all.into());
        assert_eq!(kept(&filters).collect::<BTreeSet<_>>(), [None, name("pay_service")].into());

        let mut found = episodes(told);
        let mut showing = Showing::of(&found);
        for (id, text) in [("it", "a/put 0..9 error: card store is full"), ("other", "shop/get 0..9 error: failure")] {
            showing.add(&Journey { correlation_id: name(id), ..journey(text) }, &Filters::default());
        }
        showing.finish(&mut found);
        let shown = |service: Option<&str>| {
            let episode = found.iter().find(|e| e.service.as_deref() == service).unwrap();
            (episode.journeys_read, episode.examples.iter().map(|e| e.id.as_str()).collect::<Vec<_>>())
        };
        assert_eq!(shown(None), (true, vec!["it"]));
        assert_eq!(shown(Some("pay_service")), (false, vec![]));
        assert_eq!(shown(Some("shop")), (true, vec!["other"]));
    }

    #[test]
    fn journeys_that_show_an_alert_are_those_of_its_service_and_time_that_failed_or_were_slow() {
        let told = |stretches: &[Alert]| {
            let window = Window::new(ORIGIN.plus(-MINUTE), ORIGIN.plus(MINUTE));
            episodes(Told { stretches, since: &[], active: &[], step_ns: SECOND, window, now: window.to })
        };
        let mut found = told(&[alert("a", AlertState::Firing, 30, 40)]);
        let mut showing = Showing::of(&found);
        let usual = "b/op 0..100 server";
        let drawn: Vec<(String, &str)> = (0..20)
            .map(|n| (format!("u{n}"), usual))
            .chain([
                ("slow".to_owned(), "b/op 0..900 server"),
                ("other service".to_owned(), "c/op 0..100 error: no"),
                ("near".to_owned(), "x/top 29000..29900 error: no\n  b/op 29100..29800 error: deep"),
                ("far".to_owned(), "b/op 1000..1100 error: far"),
                ("too late".to_owned(), "b/op 900000..900100 error: late"),
            ])
            .collect();
        for (id, text) in drawn.iter().rev() {
            showing.add(&Journey { correlation_id: Some(id.clone()), ..journey(text) }, &Filters::default());
        }
        showing.finish(&mut found);
        let examples: Vec<_> = found[0].examples.iter().map(|e| (e.id.as_str(), e.because, e.error.as_str())).collect();
        assert_eq!(
            examples,
            [("near", Because::Error, "deep"), ("far", Because::Error, "far"), ("slow", Because::Slow, "")]
        );
        let usual = found[0].examples[2].usual_ns.unwrap();
        assert!((100_000_000..110_000_000).contains(&usual), "{usual}");
    }
}
