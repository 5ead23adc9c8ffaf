//! What of a span is compared, and what is not: whatever belongs to one journey only tells nothing of others.

use schemars::JsonSchema;
use serde::Serialize;

use crate::analysis::stats::masking::mask;
use crate::analysis::window::steps::Entry;
use crate::model::attribute::Value;
use crate::model::conventions::{CORRELATION_KEYS, MESSAGE_ID_KEYS, SPAN_ID_FIELDS, TRACE_ID_FIELDS};
use crate::model::span::Span;

/// Longer values are texts, not names of something that others have as well.
const LONGEST: usize = 256;

/// What kind of thing is compared.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum FeatureKind {
    /// What began it.
    Entry,
    /// A value of an attribute of spans or their resource.
    Attribute,
    /// A step that there is.
    Operation,
    /// A service that takes part.
    Service,
    /// What a failure says of itself: its message, type or status.
    Failure,
}

/// Something that a journey has or has not. Ordered: what is said of all services before what is said of one.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Feature {
    /// Its kind.
    pub kind: FeatureKind,
    /// Only on spans of this service; of any, where none is told.
    pub service: Option<String>,
    /// The attribute's key; `entry`, `service` or `operation` for those; `error` for what failed spans say.
    pub key: String,
    /// Its value.
    pub value: String,
    /// Whether it is told of whatever made the span, such as a host or a version, rather than of the span.
    pub is_of_resource: bool,
}

impl Feature {
    /// Of things in the very same journeys the least is what says most: what began them, who took part, what was done, and
    /// only then how.
    pub(super) fn plainness(&self) -> (u8, &Self) {
        let rank = match self.kind {
            FeatureKind::Entry => 0,
            FeatureKind::Attribute if self.is_of_resource => 1,
            FeatureKind::Service => 2,
            FeatureKind::Operation => 3,
            FeatureKind::Attribute => 4,
            FeatureKind::Failure => 5,
        };
        (rank, self)
    }
}

/// What is compared: a feature, or a range of numbers.
#[derive(Clone, Debug, PartialEq)]
pub enum Predicate {
    /// A value.
    Feature(Feature),
    /// The journey's largest number under this key is at least, or below, this.
    Range {
        /// The attribute's key.
        key: String,
        /// Whether it is at least so much, or below.
        above: bool,
        /// Where the cut is.
        cut: f64,
    },
}

impl Predicate {
    /// The attribute's key.
    pub fn key(&self) -> &str {
        match self {
            Self::Feature(feature) => &feature.key,
            Self::Range { key, .. } => key,
        }
    }

    /// Its kind.
    pub fn kind(&self) -> FeatureKind {
        match self {
            Self::Feature(feature) => feature.kind,
            Self::Range { .. } => FeatureKind::Attribute,
        }
    }

    /// In one line: `host.name=worker-7`, `spell: host.name=worker-7`, `batch.size ≥ 500`.
    pub fn text(&self) -> String {
        match self {
            Self::Range { key, above: true, cut } => format!("{key} ≥ {cut}"),
            Self::Range { key, cut, .. } => format!("{key} < {cut}"),
            Self::Feature(Feature { kind: FeatureKind::Operation, service, value, .. }) => {
                format!("step {} {value}", service.as_deref().unwrap_or_default())
            }
            Self::Feature(Feature { kind: FeatureKind::Entry, value, .. }) => format!("entry {value}"),
            Self::Feature(Feature { kind: FeatureKind::Service, value, .. }) => format!("service {value}"),
            Self::Feature(Feature { service: Some(service), key, value, .. }) => {
                format!("{service}: {key}={value}")
            }
            Self::Feature(Feature { key, value, .. }) => format!("{key}={value}"),
        }
    }
}

/// What a span has.
pub(super) enum SpanFeature {
    Feature(Feature),
    Number(String, f64),
}

/// What began a journey.
pub(super) fn entry_feature(entry: &Entry) -> Feature {
    Feature {
        kind: FeatureKind::Entry,
        service: None,
        key: "entry".to_owned(),
        value: entry.text(),
        is_of_resource: false,
    }
}

/// What this span has; its resource's only where it is new.
pub(super) fn features(span: &Span, operation: String, resource_is_new: bool) -> Vec<SpanFeature> {
    let service = || Some(span.service().to_owned()).filter(|service| !service.is_empty());
    let of = |is_of_resource| {
        move |kind, service, key: &str, value| {
            SpanFeature::Feature(Feature { kind, service, key: key.to_owned(), value, is_of_resource })
        }
    };
    let feature = of(false);
    let mut all = vec![feature(FeatureKind::Operation, service(), "operation", operation)];
    if span.is_error() {
        let text: String = mask(&span.error_text()).chars().take(LONGEST).collect();
        all.extend((!text.is_empty()).then(|| feature(FeatureKind::Failure, service(), "error", text)));
    }
    let resource = span.resource.attributes.iter().filter(|_| resource_is_new);
    if resource_is_new {
        all.extend(service().map(|name| feature(FeatureKind::Service, None, "service", name)));
    }
    let own = span.attributes.iter().map(|pair| (pair, of(false)));
    let both = own.chain(resource.map(|pair| (pair, of(true))));
    for ((key, value), feature) in both.filter(|((key, _), _)| !identifies_one_journey(key)) {
        let number = match value {
            Value::Int(n) => Some(*n as f64),
            Value::Float(n) => Some(*n).filter(|n| n.is_finite()),
            _ => None,
        };
        all.extend(number.filter(|_| !is_identifier(key)).map(|n| SpanFeature::Number(key.to_owned(), n)));
        let is_name = matches!(value, Value::Text(_) | Value::Bool(_) | Value::Int(_));
        let value = if is_name { value.to_string() } else { String::new() };
        if !value.is_empty() && value.len() <= LONGEST {
            let kind = if describes_failure(key) { FeatureKind::Failure } else { FeatureKind::Attribute };
            all.push(feature(kind, None, key, value.clone()));
            all.push(feature(kind, service(), key, value));
        }
    }
    all
}

/// What the key is about, by its last word.
fn last_word(key: &str) -> &str {
    key.rsplit(['.', '_', '-']).next().unwrap_or(key)
}

/// What tells messages, moments and connections apart, and nothing else.
fn identifies_one_journey(key: &str) -> bool {
    const WORDS: [&str; 8] = ["port", "pid", "timestamp", "offset", "uuid", "uptime", "traceparent", "time"];
    let known = [&CORRELATION_KEYS[..], &MESSAGE_ID_KEYS, &TRACE_ID_FIELDS, &SPAN_ID_FIELDS];
    known.iter().any(|keys| keys.contains(&key)) || WORDS.contains(&last_word(key))
}

/// Numbers that are names: their size means nothing.
fn is_identifier(key: &str) -> bool {
    const WORDS: [&str; 9] = ["id", "key", "partition", "code", "version", "line", "lineno", "number", "generation"];
    WORDS.contains(&last_word(key))
}

/// What a failure says of itself.
fn describes_failure(key: &str) -> bool {
    const KEYS: [&str; 8] = [
        "http.status_code",
        "http.response.status_code",
        "http.status_text",
        "rpc.grpc.status_code",
        "rpc.response.status_code",
        "rpc.status_code",
        "db.response.status_code",
        "status",
    ];
    let begins =
        |word: &str| key.strip_prefix(word).is_some_and(|rest| rest.is_empty() || rest.starts_with(['.', '_']));
    KEYS.contains(&key) || ["error", "exception", "otel.status", "status"].iter().any(|word| begins(word))
}
