//! The metrics made from spans, whichever collector made them, recognized by their names and labels.

use std::collections::BTreeSet;

use futures_util::future::join_all;

use crate::gather::metrics::notes_of;
use crate::model::evidence::{Note, NoteCode};
use crate::model::filter::Filters;
use crate::model::metric::Series;
use crate::model::pattern::Pattern;
use crate::model::time::Window;
use crate::source::failure::Failure;
use crate::source::role::MetricSource;
use crate::source::server::request::quoted;

/// What is wanted of them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum MetricFigures {
    /// Calls.
    Calls,
    /// Calls, and how many of them failed.
    Errors,
    /// Calls, and how long they took.
    Durations,
}

/// Metrics that one producer makes, as far as they are there.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct MetricFamily {
    /// The counter of calls.
    pub(crate) calls: String,
    /// A counter of its own for what failed.
    pub(crate) errors: Option<String>,
    /// The histogram of lengths.
    pub(crate) lengths: Option<DurationHistogram>,
    /// The labels that distinguish its spans.
    pub(crate) labels: FamilyLabels,
}

/// A histogram of lengths.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct DurationHistogram {
    /// The metric of its buckets.
    pub(crate) name: String,
    /// The unit that its name tells.
    pub(crate) unit: Option<DurationUnit>,
}

/// What one is of a length.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum DurationUnit {
    /// A second.
    Seconds,
    /// A thousandth of it.
    Milliseconds,
}

impl DurationUnit {
    /// In nanoseconds.
    pub(crate) fn ns(self) -> f64 {
        match self {
            Self::Seconds => 1e9,
            Self::Milliseconds => 1e6,
        }
    }

    /// Of a histogram with these bounds: none that is made for calls has such ones in milliseconds.
    pub(crate) fn of_bounds(bounds: impl Iterator<Item = f64>) -> Self {
        let bounds = bounds.filter(|bound| bound.is_finite() && *bound > 0.0);
        let (least, most) = bounds.fold((f64::INFINITY, 0.0_f64), |(least, most), b| (least.min(b), most.max(b)));
        if least < 0.1 && most <= 600.0 { Self::Seconds } else { Self::Milliseconds }
    }
}

/// Labels in use, however their producer calls them; where a series has several, the first counts.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct FamilyLabels {
    /// Whose span it was.
    pub(crate) service: Vec<&'static str>,
    /// Its name.
    pub(crate) operation: Vec<&'static str>,
    /// Its kind.
    pub(crate) kind: Vec<&'static str>,
    /// How it ended.
    pub(crate) status: Vec<&'static str>,
}

/// Where what is scraped has a label of its own that Prometheus gives as well, its own becomes `exported_…`.
const SERVICE: [&str; 4] = ["exported_service_name", "service_name", "exported_service", "service"];
const OPERATION: [&str; 3] = ["span_name", "operation", "span_operation"];
const KIND: [&str; 2] = ["span_kind", "kind"];
const STATUS: [&str; 2] = ["status_code", "status"];

impl FamilyLabels {
    /// Those among these.
    pub(crate) fn among(names: &[String]) -> Self {
        let has = |label: &&str| names.iter().any(|name| name == label);
        Self {
            service: SERVICE.into_iter().filter(has).collect(),
            operation: OPERATION.into_iter().filter(has).collect(),
            kind: KIND.into_iter().filter(has).collect(),
            status: STATUS.into_iter().filter(has).collect(),
        }
    }

    /// Of calls, all that tells them apart.
    pub(crate) fn of_calls(&self) -> Vec<&'static str> {
        [&self.service[..], &self.operation, &self.kind, &self.status].concat()
    }

    /// Of lengths.
    pub(crate) fn of_lengths(&self) -> Vec<&'static str> {
        [&self.service[..], &self.operation, &self.kind, &["le"]].concat()
    }
}

impl MetricFamily {
    /// Whether it tells these figures of spans: other counters are called so as well.
    fn tells(&self, figures: MetricFigures) -> bool {
        let labels = &self.labels;
        let tells_spans_apart = !labels.operation.is_empty() || !labels.kind.is_empty();
        !labels.service.is_empty()
            && tells_spans_apart
            && match figures {
                MetricFigures::Calls => true,
                MetricFigures::Errors => !labels.status.is_empty() || self.errors.is_some(),
                MetricFigures::Durations => self.lengths.is_some(),
            }
    }

    /// The series of one of its metrics that are of spans, and of the services that are wanted as far as a server can tell.
    pub(crate) fn selector(&self, metric: &str, filters: &Filters) -> String {
        let mut matchers = vec![];
        if let ([label], _) | ([], [label]) = (&self.labels.operation[..], &self.labels.kind[..]) {
            matchers.push(format!("{label}!=\"\""));
        }
        let exact: Option<Vec<&str>> = filters.services.iter().map(Pattern::as_exact).collect();
        if let ([label], Some(services)) = (&self.labels.service[..], exact.filter(|all| !all.is_empty())) {
            let any: Vec<String> = services.iter().map(|service| regex::escape(service)).collect();
            // Short names are meant too: what comes is looked at again.
            matchers.push(format!("{label}=~{}", quoted(&format!("(?:{}).*", any.join("|")))));
        }
        if matchers.is_empty() { metric.to_owned() } else { format!("{metric}{{{}}}", matchers.join(",")) }
    }

    /// Of one of its metrics the series of the operations that these are of; none where there are none.
    pub(crate) fn those(&self, metric: &str, of: &[Series]) -> Option<String> {
        let any = |labels: &[&'static str]| {
            let [label] = labels else { return None };
            let values: BTreeSet<String> =
                of.iter().filter_map(|series| series.labels.get(*label)).map(|value| regex::escape(value)).collect();
            let values: Vec<String> = values.into_iter().collect();
            (values.len() <= MOST_NEW).then(|| format!("{label}=~{}", quoted(&values.join("|"))))
        };
        let matchers: Vec<String> =
            [any(&self.labels.service), any(&self.labels.operation)].into_iter().flatten().collect();
        (!of.is_empty()).then(|| format!("{metric}{{{}}}", matchers.join(",")))
    }
}

/// Values in one matcher at most: bounds the length of a query.
const MOST_NEW: usize = 200;

/// What names of known producers begin with, those first that can mean nothing else.
const PREFIXES: [&str; 4] = ["traces_span_metrics_", "traces_spanmetrics_", "spanmetrics_", "span_metrics_"];
/// How counters of calls are called behind that.
const CALLS: [&str; 2] = ["calls_total", "calls"];
/// How histograms are.
const LENGTHS: [(&str, Option<DurationUnit>); 6] = [
    ("duration_milliseconds_bucket", Some(DurationUnit::Milliseconds)),
    ("duration_seconds_bucket", Some(DurationUnit::Seconds)),
    ("latency_milliseconds_bucket", Some(DurationUnit::Milliseconds)),
    ("latency_seconds_bucket", Some(DurationUnit::Seconds)),
    ("duration_bucket", None),
    ("latency_bucket", None),
];
/// Producers that count what failed by itself: calls, errors, and what the name of their lengths begins with.
const APART: [(&str, &str, &str); 2] =
    [("span_total", "span_errors_total", "span_"), ("spans_total", "spans_errors_total", "spans_")];

/// Families of which the labels are read at most: each costs a request.
const MOST: usize = 10;

/// The families that tell such figures in this window, the best known first; with remarks.
pub(crate) async fn families(
    source: &dyn MetricSource,
    figures: MetricFigures,
    window: Window,
) -> Result<(Vec<MetricFamily>, Vec<Note>), Failure> {
    let names = source.names(&matchers(), window).await?;
    let (mut families, mut notes) = (vec![], notes_of(source.backend(), &names));
    let mut candidates = candidates(&names.data);
    if candidates.len() > MOST {
        let said = format!("{MOST} of {} metrics whose names fit were looked at", candidates.len());
        notes.push(Note::new(NoteCode::Info, source.backend(), said));
        candidates.truncate(MOST);
    }
    let labels = join_all(candidates.iter().map(|family| source.labels(&family.calls, window))).await;
    for (family, labels) in candidates.into_iter().zip(labels) {
        let labels = labels?;
        notes.extend(notes_of(source.backend(), &labels));
        let family = MetricFamily { labels: FamilyLabels::among(&labels.data), ..family };
        families.extend(Some(family).filter(|family| family.tells(figures)));
    }
    Ok((families, notes))
}

/// Known names; and names that end so, whatever they begin with, of metrics with a kind of span.
fn matchers() -> [String; 2] {
    let endings: Vec<&str> = CALLS.into_iter().chain(LENGTHS.iter().map(|(name, _)| *name)).collect();
    let (any, known) = (endings.join("|"), PREFIXES.join("|"));
    let apart: Vec<&str> = APART.iter().flat_map(|(calls, errors, _)| [*calls, *errors]).collect();
    let begun: Vec<&str> = APART.iter().map(|(.., prefix)| *prefix).collect();
    [
        format!("{{__name__=~\"(?:{known}|{})?(?:{any})|{}\"}}", begun.join("|"), apart.join("|")),
        format!("{{__name__=~\".+_(?:{any})\",span_kind!=\"\"}}"),
    ]
}

/// The families that these names make up, their labels not looked at.
fn candidates(names: &[String]) -> Vec<MetricFamily> {
    let is_plain = |name: &&str| name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_' || b == b':');
    let names: BTreeSet<&str> = names.iter().map(String::as_str).filter(is_plain).collect();
    let lengths = |prefix: &str| {
        let of = |(ending, unit): &(&str, Option<DurationUnit>)| DurationHistogram {
            name: format!("{prefix}{ending}"),
            unit: *unit,
        };
        LENGTHS.iter().map(of).find(|lengths| names.contains(lengths.name.as_str()))
    };
    let prefix = |name: &'_ str| CALLS.iter().find_map(|ending| name.strip_suffix(ending)).map(str::to_owned);
    let prefixes: BTreeSet<String> = names.iter().filter_map(|name| prefix(name)).collect();
    let mut prefixes: Vec<String> = prefixes.into_iter().collect();
    let rank = |prefix: &String| {
        let known = PREFIXES.iter().position(|known| known == prefix);
        (known.unwrap_or(PREFIXES.len()), prefix.is_empty(), prefix.clone())
    };
    prefixes.sort_by_cached_key(rank);
    let by_prefix = prefixes.iter().filter_map(|prefix| {
        let calls =
            CALLS.iter().map(|ending| format!("{prefix}{ending}")).find(|name| names.contains(name.as_str()))?;
        Some(MetricFamily { calls, lengths: lengths(prefix), ..MetricFamily::default() })
    });
    let apart = APART.iter().filter(|(calls, ..)| names.contains(calls)).map(|(calls, errors, prefix)| MetricFamily {
        calls: (*calls).to_owned(),
        errors: names.contains(errors).then(|| (*errors).to_owned()),
        lengths: lengths(prefix),
        ..MetricFamily::default()
    });
    by_prefix.chain(apart).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Calls, errors counted apart, and lengths with their unit.
    type FamilyNames<'a> = (&'a str, Option<&'a str>, Option<(&'a str, Option<DurationUnit>)>);

    #[test]
    fn metrics_of_every_maker_that_belong_together_are_one_family() {
        let (ms, s) = (Some(DurationUnit::Milliseconds), Some(DurationUnit::Seconds));
        let table: [(&[&str], &[FamilyNames]); 7] = [
            (&[], &[]),
            (
                &["traces_span_metrics_calls_total", "traces_span_metrics_duration_milliseconds_bucket"],
                &[(
                    "traces_span_metrics_calls_total",
                    None,
                    Some(("traces_span_metrics_duration_milliseconds_bucket", ms)),
                )],
            ),
            (
                &["traces_spanmetrics_calls_total", "traces_spanmetrics_latency_bucket", "calls_total"],
                &[
                    ("traces_spanmetrics_calls_total", None, Some(("traces_spanmetrics_latency_bucket", None))),
                    ("calls_total", None, None),
                ],
            ),
            (
                &["calls", "calls_total", "duration_seconds_bucket", "latency_bucket"],
                &[("calls_total", None, Some(("duration_seconds_bucket", s)))],
            ),
            (
                &["shop_calls_total", "shop_duration_bucket"],
                &[("shop_calls_total", None, Some(("shop_duration_bucket", None)))],
            ),
            (
                &["span_total", "span_errors_total", "span_duration_seconds_bucket"],
                &[("span_total", Some("span_errors_total"), Some(("span_duration_seconds_bucket", s)))],
            ),
            (&["spans_total", "span_latency_bucket"], &[("spans_total", None, None)]),
        ];
        for (names, wanted) in table {
            let names: Vec<String> = names.iter().map(|name| (*name).to_owned()).collect();
            let found = candidates(&names);
            let families: Vec<FamilyNames> = found
                .iter()
                .map(|f| (f.calls.as_str(), f.errors.as_deref(), f.lengths.as_ref().map(|l| (l.name.as_str(), l.unit))))
                .collect();
            assert_eq!(families, wanted, "{names:?}");
        }
    }

    #[test]
    fn labels_tell_whether_it_counts_spans_and_what_of_them() {
        let lengths = Some(DurationHistogram { name: "latency_bucket".to_owned(), unit: None });
        let family = |labels: &str, errors: Option<&str>| MetricFamily {
            calls: "calls_total".to_owned(),
            errors: errors.map(str::to_owned),
            lengths: lengths.clone(),
            labels: FamilyLabels::among(&labels.split(' ').map(str::to_owned).collect::<Vec<_>>()),
        };
        // Labels, whether it has errors and durations, and the series of `shop` and `cart.*`.
        let services = vec![Pattern::exact("shop"), Pattern::exact("a.b")];
        let some = Filters { services, ..Filters::default() };
        let table = [
            ("job instance service", None, [false, false], "calls_total{service=~\"(?:shop|a\\\\.b).*\"}"),
            (
                "service_name span_name span_kind status_code",
                None,
                [true, true],
                "calls_total{span_name!=\"\",service_name=~\"(?:shop|a\\\\.b).*\"}",
            ),
            ("service span_kind", None, [false, true], "calls_total{span_kind!=\"\",service=~\"(?:shop|a\\\\.b).*\"}"),
            (
                "service span_kind",
                Some("e"),
                [true, true],
                "calls_total{span_kind!=\"\",service=~\"(?:shop|a\\\\.b).*\"}",
            ),
            ("exported_service service span_name operation", None, [false, true], "calls_total"),
        ];
        for (labels, errors, has_figures, selector) in table {
            let family = family(labels, errors);
            assert_eq!(
                [family.tells(MetricFigures::Errors), family.tells(MetricFigures::Durations)],
                has_figures,
                "{labels}"
            );
            assert_eq!(family.selector(&family.calls, &some), selector);
        }
        let all = Filters { services: vec![Pattern::parse("c*").unwrap()], ..Filters::default() };
        assert_eq!(family("service span_kind", None).selector("x", &all), "x{span_kind!=\"\"}");
    }

    #[test]
    fn where_no_name_tells_the_unit_the_bounds_do() {
        let unit = |bounds: &[f64]| DurationUnit::of_bounds(bounds.iter().copied());
        assert_eq!(unit(&[0.002, 0.1, 16.384, f64::INFINITY]), DurationUnit::Seconds);
        assert_eq!(unit(&[2.0, 100.0, 15_000.0, f64::INFINITY]), DurationUnit::Milliseconds);
        assert_eq!(unit(&[0.05, 1.0, 10_000.0]), DurationUnit::Milliseconds);
        assert_eq!(unit(&[]), DurationUnit::Milliseconds);
    }
}
