//! The features of spans that are compared. Values that identify one journey are left out: they say nothing of others.

use schemars::JsonSchema;
use serde::Serialize;

use crate::analysis::stats::masking::mask;
use crate::analysis::window::steps::Entry;
use crate::model::attribute::Value;
use crate::model::conventions::{CORRELATION_KEYS, MESSAGE_ID_KEYS, SPAN_ID_FIELDS, TRACE_ID_FIELDS};
use crate::model::span::{Resource, Span};

/// Longest value, in bytes. Longer ones are free text, which no other journey shares.
const LONGEST: usize = 256;

/// Kind of a feature.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum FeatureKind {
    /// The entry of the journey.
    Entry,
    /// A value of an attribute of spans or their resource.
    Attribute,
    /// A step of the journey.
    Operation,
    /// A service that takes part.
    Service,
    /// Message, type or status of a failure.
    Failure,
}

/// Something that a journey has or does not have. Features of any service sort before those of one service.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct Feature {
    /// Kind.
    pub(crate) kind: FeatureKind,
    /// On spans of this service; none for any service.
    pub(crate) service: Option<String>,
    /// Key of the attribute; `entry`, `service` or `operation` for those kinds; `error` for messages of failed spans.
    pub(crate) key: String,
    /// Value.
    pub(crate) value: String,
    /// Whether it is an attribute of the resource, such as a host or a version, not of the span.
    pub(crate) is_of_resource: bool,
}

impl Feature {
    /// Order of features in the same journeys, the most meaningful first: entry, resource, service, operation, then
    /// attributes and failures, which are more often effects than causes.
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
pub(crate) enum Predicate {
    /// A value.
    Feature(Feature),
    /// The journey's largest number under this key is at least, or below, this.
    Range {
        /// The attribute's key.
        key: String,
        /// Whether the range is from the cut upwards, or below it.
        above: bool,
        /// The cut.
        cut: f64,
    },
}

impl Predicate {
    /// The attribute's key.
    pub(crate) fn key(&self) -> &str {
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
    pub(crate) fn text(&self) -> String {
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

/// A feature or a number of a span.
pub(super) enum SpanFeature {
    Feature(Feature),
    Number(String, f64),
}

/// The entry of a journey as a feature.
pub(super) fn entry_feature(entry: &Entry) -> Feature {
    Feature {
        kind: FeatureKind::Entry,
        service: None,
        key: "entry".to_owned(),
        value: entry.text(),
        is_of_resource: false,
    }
}

/// The features of a span, and those of its resource if that is given: it is the same for many spans.
pub(super) fn features(span: &Span, operation: String, resource: Option<&Resource>) -> Vec<SpanFeature> {
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
    if resource.is_some() {
        all.extend(service().map(|name| feature(FeatureKind::Service, None, "service", name)));
    }
    let own = span.attributes.iter().map(|pair| (pair, of(false)));
    let both =
        own.chain(resource.into_iter().flat_map(|resource| resource.attributes.iter()).map(|pair| (pair, of(true))));
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

/// Last word of a key, which says what the value is.
fn last_word(key: &str) -> &str {
    key.rsplit(['.', '_', '-']).next().unwrap_or(key)
}

/// Whether a value identifies one message, time or connection.
fn identifies_one_journey(key: &str) -> bool {
    const WORDS: [&str; 8] = ["port", "pid", "timestamp", "offset", "uuid", "uptime", "traceparent", "time"];
    let known = [&CORRELATION_KEYS[..], &MESSAGE_ID_KEYS, &TRACE_ID_FIELDS, &SPAN_ID_FIELDS];
    known.iter().any(|keys| keys.contains(&key)) || WORDS.contains(&last_word(key))
}

/// Whether a number is an identifier, whose size means nothing.
fn is_identifier(key: &str) -> bool {
    const WORDS: [&str; 9] = ["id", "key", "partition", "code", "version", "line", "lineno", "number", "generation"];
    WORDS.contains(&last_word(key))
}

/// Whether a key describes a failure.
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
