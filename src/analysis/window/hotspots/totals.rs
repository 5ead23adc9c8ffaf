//! Counts from metrics, which have no error types, divided in the proportions of the errors that were read.

use std::collections::BTreeMap;

use super::{ErrorComparison, Hotspot, HotspotFold, HotspotKey, HotspotTally, TimeBefore, in_order, lines};
use crate::analysis::journey::errors::ErrorPlace;
use crate::analysis::window::occurrences::ErrorRole;
use crate::model::conventions::short_service;
use crate::model::filter::Filters;
use crate::model::measure::Measured;

/// Two counts: of the window, and of the time before.
pub(crate) type WindowCounts = [f64; 2];

/// Counts of all calls, errors and error lines by place.
#[derive(Clone, Debug, Default)]
pub(crate) struct Totals {
    /// Calls.
    pub(crate) calls: BTreeMap<ErrorPlace, WindowCounts>,
    /// Errors among them.
    pub(crate) errors: BTreeMap<ErrorPlace, WindowCounts>,
    /// Error lines of each service.
    pub(crate) lines: BTreeMap<String, WindowCounts>,
    /// Whether the time before could not be queried.
    pub(crate) before_unavailable: bool,
}

impl Totals {
    /// Totals of what was measured in the window and in the time before.
    pub(crate) fn from_measured(measured: [Option<&Measured>; 2], filters: &Filters) -> Self {
        let mut totals = Self::default();
        for (at, measured) in measured.into_iter().enumerate() {
            let Some(measured) = measured else { continue };
            let wanted = |(service, operation): (&str, &str)| filters.wants_operation(service, operation);
            for measure in measured.measures.iter().filter(|m| wanted((&m.service, &m.operation))) {
                let place = ErrorPlace { service: measure.service.clone(), operation: measure.operation.clone() };
                totals.calls.entry(place.clone()).or_default()[at] += measure.calls;
                if measure.errors > 0.0 {
                    totals.errors.entry(place).or_default()[at] += measure.errors;
                }
            }
        }
        totals
    }

    /// Number of calls counted in the window and in the time before.
    pub(crate) fn counted(&self) -> [u64; 2] {
        [0, 1].map(|at: usize| rounded(self.calls.values().map(|calls| calls[at]).sum()))
    }

    /// Whether nothing was counted in the window.
    pub(crate) fn is_empty(&self) -> bool {
        self.calls.values().chain(self.errors.values()).chain(self.lines.values()).all(|[now, _]| *now < 0.5)
    }

    /// Whether errors can be compared with the time before.
    pub(crate) fn compared(&self) -> ErrorComparison {
        if self.has_lines_before() || self.has_calls_before() {
            ErrorComparison::Compared
        } else if self.before_unavailable {
            ErrorComparison::NotAvailable
        } else {
            ErrorComparison::NothingRecorded
        }
    }

    /// Whether any error line was counted in the time before.
    fn has_lines_before(&self) -> bool {
        self.lines.values().any(|[_, before]| *before >= 0.5)
    }

    /// Whether any call was counted in the time before.
    fn has_calls_before(&self) -> bool {
        self.calls.values().any(|[_, before]| *before >= 0.5)
    }

    /// Services with errors, the most first.
    pub(crate) fn failing(&self) -> Vec<String> {
        let mut services: BTreeMap<&str, f64> = BTreeMap::new();
        for (place, [now, _]) in self.errors.iter().filter(|(_, [now, _])| *now >= 0.5) {
            *services.entry(&place.service).or_default() += now;
        }
        let mut services: Vec<(&str, f64)> = services.into_iter().collect();
        services.sort_by(|a, b| b.1.total_cmp(&a.1).then(a.0.cmp(b.0)));
        services.into_iter().map(|(service, _)| service.to_owned()).collect()
    }
}

impl HotspotFold {
    /// The rows with these counts. Types, messages, examples and proportions are of the errors that were read.
    pub(crate) fn counted_rows(self, totals: &Totals) -> Vec<Hotspot> {
        let mut spans: BTreeMap<ErrorPlace, Vec<(HotspotKey, HotspotTally)>> = BTreeMap::new();
        let mut of_lines: BTreeMap<String, Vec<(HotspotKey, HotspotTally)>> = BTreeMap::new();
        for (key, tally) in lines::merge_similar(self.rows) {
            if key.lines_only {
                of_lines.entry(key.place.service.clone()).or_default().push((key, tally));
            } else {
                spans.entry(key.place.clone()).or_default().push((key, tally));
            }
        }
        let mut rows = vec![];
        for (place, errors) in &totals.errors {
            let calls = totals.calls.get(place).copied().unwrap_or_default();
            let known = spans.remove(place).unwrap_or_default();
            let unread = HotspotKey { place: place.clone(), part: ErrorRole::Unknown, ..HotspotKey::default() };
            rows.extend(divided(known, 0, *errors, calls, unread));
        }
        // Errors that were read and that no metric counts; there may be more of them.
        let uncounted = spans.into_values().flatten().map(|(key, tally)| tally.row(key, [0, 0], TimeBefore::Unknown));
        rows.extend(uncounted.map(|row| Hotspot { at_least: true, ..row }));
        // Errors of lines only, as their share of all error lines of the service.
        let mut counts = totals.lines.clone();
        for (service, known) in of_lines {
            let read = self.error_lines.get(&service).copied().unwrap_or_default();
            let beside = read.saturating_sub(known.iter().map(|(_, tally)| tally.errors).sum());
            let counted = counts.remove(&service);
            let unread =
                HotspotKey { place: ErrorPlace { service, operation: String::new() }, ..HotspotKey::default() };
            match counted {
                Some(counted) => rows.extend(divided(known, beside, counted, [0.0; 2], unread)),
                None => rows.extend(known.into_iter().map(|(key, tally)| tally.row(key, [0, 0], TimeBefore::Unknown))),
            }
        }
        // Unread lines of a service with failed spans are assumed to be about those.
        let is_same = |one: &str, other: &str| short_service(one) == short_service(other);
        let fails_in_spans = |service: &str| rows.iter().any(|row: &Hotspot| is_same(&row.place.service, service));
        let unread = counts.into_iter().filter(|(service, _)| {
            !self.error_lines.keys().any(|read| is_same(read, service)) && !fails_in_spans(service)
        });
        let unread: Vec<Hotspot> = unread
            .map(|(service, counts)| {
                let place = ErrorPlace { service, operation: String::new() };
                let key = HotspotKey { place, part: ErrorRole::Unknown, lines_only: true, ..HotspotKey::default() };
                counted(HotspotTally::default(), key, counts.map(rounded), [0.0; 2])
            })
            .collect();
        rows.extend(unread);
        let (lines_before, calls_before) = (totals.has_lines_before(), totals.has_calls_before());
        for row in rows.iter_mut().filter(|row| !if row.lines_only { lines_before } else { calls_before }) {
            (row.errors_before, row.trend) = (None, None);
        }
        rows.retain(|row| row.errors > 0 || row.errors_before.is_some_and(|before| before > 0));
        in_order(rows)
    }
}

/// One row for each type that was read, in proportion; one of unknown type if none was.
fn divided(
    known: Vec<(HotspotKey, HotspotTally)>,
    others: u64,
    errors: WindowCounts,
    calls: WindowCounts,
    unread: HotspotKey,
) -> Vec<Hotspot> {
    let read: Vec<u64> = known.iter().map(|(_, tally)| tally.errors).collect();
    let all = read.iter().sum::<u64>() + others;
    if all == 0 {
        return vec![counted(HotspotTally::default(), unread, errors.map(rounded), calls)];
    }
    let parts = errors.map(|errors| portions(rounded(errors), &read, all));
    let row = |(nth, (key, tally))| counted(tally, key, [parts[0][nth], parts[1][nth]], calls);
    known.into_iter().enumerate().filter(|(nth, _)| read[*nth] > 0).map(row).collect()
}

fn counted(tally: HotspotTally, key: HotspotKey, errors: [u64; 2], calls: WindowCounts) -> Hotspot {
    let calls = calls.map(rounded);
    let now = errors[0];
    let outcomes = tally.outcomes.in_proportion(now);
    let row = tally.row(key, [0, 0], TimeBefore::Unknown);
    Hotspot {
        errors: now,
        outcomes,
        calls: calls[0],
        share: (calls[0] > 0).then(|| (now as f64 / calls[0] as f64).min(1.0)),
        errors_before: Some(errors[1]),
        trend: super::trend(errors, errors, calls),
        ..row
    }
}

/// Divides a total in these proportions into whole numbers that add up to it.
fn portions(total: u64, weights: &[u64], all: u64) -> Vec<u64> {
    let (mut sum, mut given) = (0_u64, 0_u64);
    let mut parts = vec![];
    for weight in weights {
        sum += weight;
        let upto = (u128::from(total) * u128::from(sum) / u128::from(all.max(1))) as u64;
        parts.push(upto - given);
        given = upto;
    }
    parts
}

fn rounded(count: f64) -> u64 {
    count.max(0.0).round() as u64
}

impl HotspotFold {
    /// The rows: root errors first, current before gone, then by errors that failed.
    pub(crate) fn rows(self) -> Vec<Hotspot> {
        let row = |(key, tally): (HotspotKey, HotspotTally)| {
            let calls = self.calls.get(&key.place).copied().unwrap_or_default();
            let is_cut = key.lines_only && self.scope.cut_lines.holds(&key.place.service);
            let recorded = if key.lines_only { self.before.lines } else { self.before.spans };
            let is_comparable = recorded && !is_cut && self.scope.before.is_some();
            tally.row(key, calls, if is_comparable { TimeBefore::Comparable } else { TimeBefore::Unknown })
        };
        in_order(lines::merge_similar(self.rows).into_iter().map(row).collect())
    }
}
