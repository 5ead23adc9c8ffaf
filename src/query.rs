//! What is asked for: subject, time, limits. Knows neither URLs nor query languages.

use std::fmt;

use crate::model::id::TraceId;
use crate::model::pasted_id::{PastedId, pasted_id};
use crate::model::pattern::Pattern;
use crate::model::time::{DAY, HOUR, MINUTE, SECOND, Timestamp, Window};

/// The ID that is asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Subject {
    /// The ID as given.
    pub text: String,
    /// Whether it may be a correlation ID.
    pub as_correlation: bool,
    /// The trace ID it may be.
    pub as_trace: Option<TraceId>,
    /// The ID that the text may hold, where nothing has it as given.
    pub pasted: Option<PastedId>,
}

impl Subject {
    /// A correlation ID only.
    pub fn correlation(text: impl Into<String>) -> Self {
        Self { text: text.into(), as_correlation: true, as_trace: None, pasted: None }
    }

    /// A trace ID only.
    pub(crate) fn trace(id: TraceId) -> Self {
        Self { text: id.to_string(), as_correlation: false, as_trace: Some(id), pasted: None }
    }

    /// A correlation ID, or a trace ID where it looks like one: 15, 16 or 29 to 32 hex digits, which allows for leading zeros
    /// that were dropped, or the base64 of 16 bytes.
    pub(crate) fn either(text: impl Into<String>) -> Self {
        let text = text.into();
        let hex = matches!(text.len(), 15 | 16 | 29..=32).then(|| TraceId::from_hex(&text)).flatten();
        let base64 = (text.len() == 24 && text.ends_with("==")).then(|| TraceId::parse(&text)).flatten();
        let as_trace = hex.or(base64);
        Self { pasted: pasted_id(&text), text, as_correlation: true, as_trace }
    }
}

impl fmt::Display for Subject {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

/// The time in which to search.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TimeRange {
    /// Given by the user: never widened.
    Explicit(Window),
    /// From the ID itself, a UUIDv7 or ULID.
    FromId(Window, &'static str),
    /// Not given: the last 1 h, 6 h, 24 h, 7 d until something is found, since a short window is answered quickly.
    Widening,
}

impl TimeRange {
    /// The time range for an ID: the window that the user gave, else one from the ID itself, else widened step by step.
    pub(crate) fn new(window: Option<Window>, subject: &Subject, now: Timestamp) -> Self {
        let by_id = || window_of_id(&subject.text, now).filter(|_| subject.as_correlation);
        match window {
            Some(window) => Self::Explicit(window),
            None => by_id().map_or(Self::Widening, |(window, kind)| Self::FromId(window, kind)),
        }
    }

    /// The windows to try one after the other, each containing the one before.
    pub(crate) fn ladder(self, now: Timestamp) -> Vec<Window> {
        match self {
            Self::Explicit(window) | Self::FromId(window, _) => vec![window],
            Self::Widening => {
                [HOUR, 6 * HOUR, DAY, 7 * DAY].map(|back| Window::new(now.plus(-back), now.plus(1))).to_vec()
            }
        }
    }

    /// Whether the search may go beyond it where a journey begins or ends near its edges.
    pub(crate) fn may_grow(self) -> bool {
        !matches!(self, Self::Explicit(_))
    }
}

/// The window for the time inside a UUIDv7 or ULID, and which of them it is: from 5 min before, for clocks that differ, to
/// now, at most 24 h after. None where that time is over 30 days ago or in the future: then it is chance, or an old ID.
pub(crate) fn window_of_id(id: &str, now: Timestamp) -> Option<(Window, &'static str)> {
    let (millis, kind) = uuid7_millis(id).map(|m| (m, "UUIDv7")).or_else(|| ulid_millis(id).map(|m| (m, "ULID")))?;
    let at = Timestamp(millis.checked_mul(1_000_000)?);
    if at < now.plus(-30 * DAY) || at > now.plus(5 * MINUTE) {
        return None;
    }
    Some((Window::new(at.plus(-5 * MINUTE), at.plus(DAY).min(now).max(at.plus(1)).plus(1)), kind))
}

fn uuid7_millis(id: &str) -> Option<i64> {
    let hex: String = id.chars().filter(|c| *c != '-').collect();
    let dashes_fit = id.len() == 32 || id.len() == 36 && [8, 13, 18, 23].iter().all(|i| id.as_bytes()[*i] == b'-');
    if !dashes_fit || hex.len() != 32 || !hex.bytes().all(|b| b.is_ascii_hexdigit()) {
        return None;
    }
    let variant_fits = matches!(hex.as_bytes()[16].to_ascii_lowercase(), b'8' | b'9' | b'a' | b'b');
    (hex.as_bytes()[12] == b'7' && variant_fits).then(|| i64::from_str_radix(&hex[..12], 16).ok()).flatten()
}

fn ulid_millis(id: &str) -> Option<i64> {
    const ALPHABET: &str = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";
    if id.len() != 26 || !id.is_ascii() {
        return None;
    }
    let digits: Option<Vec<i64>> =
        id.chars().map(|c| ALPHABET.find(c.to_ascii_uppercase()).map(|n| n as i64)).collect();
    let digits = digits?;
    (digits[0] < 8).then(|| digits[..10].iter().fold(0, |n, d| n << 5 | d))
}

/// Limits on what is asked for and kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Bounds {
    /// Rounds of following links, lines and messages to more traces.
    pub rounds: usize,
    /// Traces of one journey.
    pub traces: usize,
    /// Spans of one journey.
    pub spans: usize,
    /// Lines of one journey.
    pub lines: usize,
    /// Requests in all.
    pub requests: usize,
    /// Requests in flight at one origin.
    pub in_flight: usize,
    /// Traces asked for in one search.
    pub search_limit: usize,
    /// Lines asked for in one page.
    pub page: usize,
}

impl Default for Bounds {
    fn default() -> Self {
        Self {
            rounds: 8,
            traces: 200,
            spans: 100_000,
            lines: 50_000,
            requests: 500,
            in_flight: 8,
            search_limit: 100,
            page: 1000,
        }
    }
}

/// A configured panel: a name and a PromQL template.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PanelTemplate {
    /// What it is called on the screen.
    pub name: String,
    /// PromQL with `{{ service }}`, `{{ correlation_id }}`, `{{ from }}`, `{{ to }}`.
    pub query: String,
}

/// The queries for the phases of a pipeline, and the meaning of their labels.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct PhaseQueries {
    /// PromQL for the number of batches of each phase in each status.
    pub(crate) query: String,
    /// The label that names the phase.
    pub(crate) phase_label: String,
    /// The label that names the status.
    pub(crate) status_label: String,
    /// The statuses that mean "in progress".
    pub(crate) in_progress: Vec<Pattern>,
    /// Phases in their order; others come after these.
    pub(crate) order: Vec<String>,
    /// PromQL with `{{ range }}`: storage references updated per second.
    pub(crate) storage_updates: String,
    /// PromQL with `{{ range }}`: storage references that could not be updated per second.
    pub(crate) storage_failures: String,
}

impl Default for PhaseQueries {
    /// The queries for the reference platform.
    fn default() -> Self {
        Self {
            query: "sum by (phase, status) (bos_batch_phase_status)".to_owned(),
            phase_label: "phase".to_owned(),
            status_label: "status".to_owned(),
            in_progress: ["in_progress", "IN_PROGRESS"].map(Pattern::exact).to_vec(),
            order: vec![],
            storage_updates: "sum(rate(els_storage_reference_updates_total[{{ range }}]))".to_owned(),
            storage_failures: "sum(rate(els_storage_reference_failures_total[{{ range }}]))".to_owned(),
        }
    }
}

/// A query for one journey.
#[derive(Clone, Debug)]
pub struct Query {
    /// The ID that is asked for.
    pub subject: Subject,
    /// The time in which to search.
    pub time: TimeRange,
    /// The present.
    pub now: Timestamp,
    /// Attribute keys that may have the correlation ID, likeliest first.
    pub keys: Vec<String>,
    /// The key to ask for first, because it found something last time; it does not decide what belongs.
    pub first_key: Option<String>,
    /// The services to search where a backend needs one; empty means all.
    pub services: Vec<String>,
    /// Panels to fill.
    pub panels: Vec<PanelTemplate>,
    /// Limits.
    pub bounds: Bounds,
}

impl Query {
    /// For this subject, under these keys, at this present; everything else is the default.
    pub fn about(subject: Subject, keys: Vec<String>, now: Timestamp) -> Self {
        Self {
            subject,
            time: TimeRange::Widening,
            now,
            keys,
            first_key: None,
            services: Vec::new(),
            panels: Vec::new(),
            bounds: Bounds::default(),
        }
    }
}

/// The default settle time in nanoseconds: exporters send spans in batches every few seconds, backends index them in a few
/// more.
pub(crate) const SETTLE: i64 = 30 * SECOND;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_that_holds_its_time_tells_where_to_look() {
        let now = Timestamp::from_rfc3339("2026-11-23T12:00:00Z").unwrap();
        let millis = now.plus(-2 * HOUR).millis();
        let uuid = format!("{:08x}-{:04x}-7abc-8def-0123456789ab", millis >> 16, millis & 0xffff);
        let (window, kind) = window_of_id(&uuid, now).unwrap();
        assert_eq!(kind, "UUIDv7");
        assert_eq!(window.from, now.plus(-2 * HOUR - 5 * MINUTE));
        assert_eq!(window.to, now.plus(1));
        assert_eq!(window_of_id("3f2a9c1e-7c05-43a4-beae-034151654acd", now), None, "a UUIDv4 tells nothing");
        let old = "01890a5d-ac96-774b-bcce-b302099a8057";
        assert_eq!(window_of_id(old, now), None, "2023 is out of reach, so it is no hint");
        assert_eq!(ulid_millis("01ARZ3NDEKTSV4RRFFQ69G5FAV"), Some(1_469_922_850_259));
    }

    #[test]
    fn only_what_looks_like_a_trace_id_is_tried_as_one() {
        assert!(Subject::either("83a9efd15c1c98a977e0711cc93ee28b").as_trace.is_some());
        assert!(Subject::either("977e0711cc93ee28").as_trace.is_some());
        assert!(Subject::either("77e0711cc93ee28").as_trace.is_some());
        assert!(Subject::either("g6nv0VwcmKl34HEcyT7iiw==").as_trace.is_some());
        for no in ["req-42", "12345678", "83a9efd1-5c1c-98a9-77e0-711cc93ee28b"] {
            assert!(Subject::either(no).as_trace.is_none(), "{no}");
        }
    }
}
