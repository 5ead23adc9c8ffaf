//! Loki's answers: lines, counts, labels, index statistics. Errors of Loki are plain text.
//!
//! Source: `pkg/util/marshal/query.go` of Loki 2.9 to 3.7. Times are texts of ns.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::value::RawValue;

use crate::model::log::LogEntry;
use crate::model::metric::Series;
use crate::model::time::Timestamp;
use crate::wire::json::{Items, Json, Many};
use crate::wire::prometheus_json::{self, Answer};
use crate::wire::{Decoded, Malformed, Skips, item, log_line, parse, read, read_tree, with_tree};

#[derive(Deserialize)]
struct Document<'a> {
    #[serde(borrow)]
    data: Option<Many<Data<'a>>>,
    #[serde(borrow)]
    warnings: Option<&'a RawValue>,
}

#[derive(Deserialize)]
struct Data<'a> {
    #[serde(borrow, rename = "resultType")]
    result_type: Option<&'a RawValue>,
    #[serde(borrow, default)]
    result: Many<Stream<'a>>,
}

#[derive(Deserialize)]
struct Stream<'a> {
    #[serde(borrow)]
    stream: Option<&'a RawValue>,
    #[serde(borrow, default)]
    values: Items<'a>,
}

/// The lines of `query_range`, stream after stream in the order they came. Its `warnings` are in `errors`.
pub fn streams(bytes: &[u8]) -> Result<Decoded, Malformed> {
    read(bytes, |text| {
        let document: Many<Document> = parse(text)?;
        let is_streams = |d: &Data| d.result_type.is_none_or(|kind| kind.get() == "\"streams\"");
        match document.items.into_iter().next() {
            Some(Document { data: Some(data), warnings }) if data.items.iter().all(is_streams) => {
                Ok(Ok(lines(data, warnings)))
            }
            _ => parse::<Json>(text).map(|tree| empty_or_wrong(&tree)),
        }
    })
}

/// `data: null` is an empty answer.
fn empty_or_wrong(tree: &Json) -> Result<Decoded, Malformed> {
    let has_data = tree.entries().iter().any(|(key, value)| key == "data" && value.is_null());
    if has_data { Ok(Decoded::default()) } else { Err(Malformed::wrong_shape(tree)) }
}

fn lines(data: Many<Data>, warnings: Option<&RawValue>) -> Decoded {
    let mut skips = Skips::default();
    let mut decoded = Decoded::default();
    decoded.errors = warnings.and_then(|raw| item(raw, |json| json.texts()).ok()).unwrap_or_default();
    skips.add_many(data.misplaced, "the answer has no list of streams");
    for data in data.items {
        skips.add_many(data.result.misplaced, "its stream is no object");
        for stream in data.result.items {
            let labels: BTreeMap<String, String> =
                stream.stream.and_then(|raw| item(raw, |json| json.labels()).ok()).unwrap_or_default();
            skips.add_many(usize::from(stream.values.misplaced), "its stream has no list of lines");
            for raw in stream.values.raw {
                match item(raw, |json| line(json, &labels)) {
                    Ok(Ok(entry)) => decoded.logs.push(entry),
                    Ok(Err(reason)) | Err(reason) => skips.add(reason),
                }
            }
        }
    }
    decoded.skipped = skips.sentences("line", "lines");
    decoded
}

/// `[time, line]`, or `[time, line, {structuredMetadata, parsed}]` if the labels were asked for by kind.
fn line(json: &Json, labels: &BTreeMap<String, String>) -> Result<LogEntry, String> {
    let [time, text, rest @ ..] = json.list() else {
        return Err(format!("it is {}", json.outline()));
    };
    let time = time.int().ok_or_else(|| format!("its time is {}", time.outline()))?;
    let text = text.text().ok_or_else(|| format!("its text is {}", text.outline()))?;
    let kinds = rest.first().unwrap_or(&Json::Null);
    let metadata = kinds.get(&["structuredMetadata", "structured_metadata"]).labels();
    let mut entry = log_line::entry(Timestamp(time), text.into_owned(), labels.clone(), metadata);
    let parsed: Vec<(String, String)> = kinds.get(&["parsed"]).labels();
    let unknown = |(key, _): &(String, String)| !entry.fields.iter().any(|(k, _)| k.replace('.', "_") == *key);
    let fresh: Vec<_> = parsed.into_iter().filter(unknown).collect();
    entry.fields.extend(fresh);
    Ok(entry)
}

/// One line as `logcli -o jsonl` writes it: `{"labels":{},"line":"…","timestamp":"…"}`; `Err` says what is wrong.
pub fn logcli(text: &str) -> Result<LogEntry, String> {
    with_tree(text, |json| {
        let time = json.get(&["timestamp"]);
        let at = log_line::instant(time).ok_or_else(|| format!("its timestamp is {}", time.outline()))?;
        Ok(log_line::entry(at, json.get(&["line"]).owned_text(), json.get(&["labels"]).labels(), BTreeMap::new()))
    })?
}

/// The series of a metric query, such as `count_over_time`.
pub fn counts(bytes: &[u8]) -> Result<Vec<Series>, Malformed> {
    prometheus_json::answer(bytes).map(|reply| Answer::into_series(reply.data))
}

/// The names in the `data` of `labels` and `label/…/values`, sorted; an answer without `data` has none.
pub fn labels(bytes: &[u8]) -> Result<Vec<String>, Malformed> {
    read_tree(bytes, |tree| {
        if tree.get(&["status", "data"]).is_null() {
            return Err(Malformed::wrong_shape(tree));
        }
        let mut names = tree.get(&["data"]).texts();
        names.sort_unstable();
        Ok(names)
    })
}

/// What `index/stats` promises for a selector and a window.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct IndexStats {
    /// Streams.
    pub streams: u64,
    /// Chunks.
    pub chunks: u64,
    /// Bytes to read.
    pub bytes: u64,
    /// Lines.
    pub entries: u64,
}

/// The answer of `index/stats`.
pub fn index_stats(bytes: &[u8]) -> Result<IndexStats, Malformed> {
    read_tree(bytes, |tree| {
        let bare = tree.get(&["data"]);
        let stats = if bare.is_null() { tree } else { bare };
        let count = |key| stats.get(&[key]).int().and_then(|n| u64::try_from(n).ok());
        let bytes = count("bytes").ok_or_else(|| Malformed::wrong_shape(tree))?;
        Ok(IndexStats {
            streams: count("streams").unwrap_or(0),
            chunks: count("chunks").unwrap_or(0),
            bytes,
            entries: count("entries").unwrap_or(0),
        })
    })
}

/// The `version` of `status/buildinfo`; a build that does not know its version says "".
pub fn version(bytes: &[u8]) -> Result<String, Malformed> {
    prometheus_json::version(bytes)
}
