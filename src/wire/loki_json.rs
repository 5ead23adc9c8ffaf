//! Loki's answers: log lines, counts, labels, index statistics. Its errors are plain text, not JSON.
//!
//! Source: `pkg/util/marshal/query.go` of Loki 2.9 to 3.7. Times are nanoseconds, as text.

use std::collections::{BTreeMap, HashSet};

use serde::Deserialize;
use serde_json::value::RawValue;

use crate::model::log::LogEntry;
use crate::model::metric::Series;
use crate::model::time::Timestamp;
use crate::wire::json::{Items, Json, OneOrMany};
use crate::wire::prometheus_json::{self, PrometheusReply};
use crate::wire::{Decoded, Malformed, Skips, item, log_line, parse, read_tree, read_with_rest, with_tree};

#[derive(Deserialize)]
struct LokiDocument<'a> {
    #[serde(borrow)]
    data: Option<OneOrMany<LokiData<'a>>>,
    #[serde(borrow)]
    warnings: Option<&'a RawValue>,
    #[serde(borrow)]
    error: Option<&'a RawValue>,
    #[serde(borrow)]
    status: Option<&'a RawValue>,
    #[serde(borrow, rename = "isPartial")]
    is_partial: Option<&'a RawValue>,
}

impl LokiDocument<'_> {
    /// Warnings and errors that the server sent beside its data.
    fn complaints(&self) -> Vec<String> {
        let text = |raw: Option<&RawValue>| raw.and_then(|raw| item(raw, |json| json.owned_text()).ok());
        let mut complaints = self.warnings.and_then(|raw| item(raw, |json| json.texts()).ok()).unwrap_or_default();
        complaints.extend(text(self.error).filter(|text| !text.is_empty()));
        if complaints.is_empty() && text(self.status).as_deref() == Some("error") {
            complaints.push("the answer is an error".to_owned());
        }
        if text(self.is_partial).as_deref() == Some("true") {
            complaints.push(prometheus_json::PARTIAL.to_owned());
        }
        complaints
    }
}

#[derive(Deserialize)]
struct LokiData<'a> {
    #[serde(borrow, rename = "resultType")]
    result_type: Option<&'a RawValue>,
    #[serde(borrow, default)]
    result: OneOrMany<Stream<'a>>,
}

#[derive(Deserialize)]
struct Stream<'a> {
    #[serde(borrow)]
    stream: Option<&'a RawValue>,
    #[serde(borrow, default)]
    values: Items<'a>,
}

/// The lines of `query_range`, stream after stream in the order they came. Its warnings are in `errors`.
pub(crate) fn streams(bytes: &[u8]) -> Result<Decoded, Malformed> {
    let (decoded, rest) = read_with_rest(bytes, |text| {
        let document: OneOrMany<LokiDocument> = parse(text)?;
        let is_streams = |d: &LokiData| d.result_type.is_none_or(|kind| kind.get() == "\"streams\"");
        match document.items.into_iter().next() {
            Some(mut document) if document.data.as_ref().is_some_and(|data| data.items.iter().all(is_streams)) => {
                let complaints = document.complaints();
                Ok(Ok(lines(document.data.take().unwrap_or_default(), complaints)))
            }
            _ => parse::<Json>(text).map(|tree| empty_or_wrong(&tree)),
        }
    })?;
    Ok(decoded.and_rest(rest))
}

/// `data: null` is an empty answer.
fn empty_or_wrong(tree: &Json) -> Result<Decoded, Malformed> {
    let has_data = tree.entries().iter().any(|(key, value)| key == "data" && value.is_null());
    if has_data { Ok(Decoded::default()) } else { Err(Malformed::wrong_shape(tree)) }
}

fn lines(data: OneOrMany<LokiData>, errors: Vec<String>) -> Decoded {
    let mut skips = Skips::default();
    let mut decoded = Decoded { errors, ..Decoded::default() };
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
    decoded.skipped_count = skips.count();
    decoded.skipped = skips.sentences("line", "lines");
    decoded
}

/// `[time, line]`, or `[time, line, {structuredMetadata, parsed}]` where the request asked for `categorize-labels`.
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
    if !parsed.is_empty() {
        let known: HashSet<String> = entry.fields.iter().map(|(key, _)| key.replace('.', "_")).collect();
        entry.fields.extend(parsed.into_iter().filter(|(key, _)| !known.contains(key)));
    }
    Ok(entry)
}

/// One line as `logcli -o jsonl` writes it: `{"labels":{},"line":"…","timestamp":"…"}`; `Err` says what is wrong.
pub(crate) fn logcli(text: &str) -> Result<LogEntry, String> {
    with_tree(text, |json| {
        let time = json.get(&["timestamp"]);
        let at = log_line::instant(time).ok_or_else(|| format!("its timestamp is {}", time.outline()))?;
        Ok(log_line::entry(at, json.get(&["line"]).owned_text(), json.get(&["labels"]).labels(), BTreeMap::new()))
    })?
}

/// The series of a metric query, such as `count_over_time`. An error beside them is a warning: there are series.
pub(crate) fn counts(bytes: &[u8]) -> Result<PrometheusReply<Vec<Series>>, Malformed> {
    let PrometheusReply { data, warnings, infos, error, skipped } = prometheus_json::answer(bytes)?;
    let warnings = warnings.into_iter().chain(error).collect();
    Ok(PrometheusReply { data: data.into_series(), warnings, infos, error: None, skipped })
}

/// The names in the `data` of `labels` and `label/…/values`, sorted; an answer without `data` has none.
pub(crate) fn labels(bytes: &[u8]) -> Result<Vec<String>, Malformed> {
    read_tree(bytes, |tree| {
        if tree.get(&["status", "data"]).is_null() {
            return Err(Malformed::wrong_shape(tree));
        }
        let mut names = tree.get(&["data"]).texts();
        names.sort_unstable();
        Ok(names)
    })
}

/// What `index/stats` estimates for a selector and a window.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct IndexStats {
    /// Streams.
    pub(crate) streams: u64,
    /// Chunks.
    pub(crate) chunks: u64,
    /// Bytes that a query would read.
    pub(crate) bytes: u64,
    /// Lines.
    pub(crate) entries: u64,
}

/// The answer of `index/stats`.
pub(crate) fn index_stats(bytes: &[u8]) -> Result<IndexStats, Malformed> {
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

/// The `version` of `status/buildinfo`; empty in a build that does not know it.
pub(crate) fn version(bytes: &[u8]) -> Result<String, Malformed> {
    prometheus_json::version(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::log::Level;

    const ANSWER: &str = r#"{"status":"success","warnings":["slow"],"data":{"resultType":"streams","encodingFlags":["categorize-labels"],"result":[
        {"stream":{"service_name":"orders","level":"error"},"values":[
          ["1706678909209712000","a \u003cline\u003e",{"structuredMetadata":{"trace_id":"83a9efd15c1c98a977e0711cc93ee28b"},"parsed":{"status":"500"}}],
          ["1706678909209712001","b",{}]]},
        {"stream":{"service_name":"cart"},"values":[["1706678909209712002","{\"level\":\"warn\",\"msg\":\"half \ud83d\"}"]]}],
        "stats":{"summary":{}}}}"#;

    #[test]
    fn a_whole_answer_is_read() {
        let decoded = streams(ANSWER.as_bytes()).unwrap();
        let [first, second, third] = &decoded.logs[..] else { panic!("{decoded:?}") };
        assert_eq!(
            (first.time.0, first.message.as_str(), first.level),
            (1_706_678_909_209_712_000, "a <line>", Level::Error)
        );
        assert_eq!((first.service.as_str(), first.metadata.len(), first.labels.len()), ("orders", 1, 2));
        assert!(first.trace_id.is_some());
        assert_eq!(first.fields, [("status".to_owned(), "500".to_owned())]);
        assert_eq!((second.line.as_str(), second.metadata.len()), ("b", 0));
        assert_eq!(
            (third.service.as_str(), third.level, third.message.as_str()),
            ("cart", Level::Warn, "half \u{FFFD}")
        );
        assert_eq!((decoded.errors, decoded.skipped), (vec!["slow".to_owned()], vec![]));
    }

    #[test]
    fn empty_answers_have_no_lines() {
        let empty = [
            r#"{"status":"success","data":{"resultType":"streams","result":[]}}"#,
            r#"{"status":"success","data":{"resultType":"streams","result":null}}"#,
            r#"{"status":"success","data":null}"#,
            r#"{"data":{"resultType":"streams","result":[{"stream":{},"values":null}]}}"#,
        ];
        for empty in empty {
            assert_eq!(streams(empty.as_bytes()), Ok(Decoded::default()), "{empty}");
        }
        assert_eq!(labels(br#"{"status":"success"}"#), Ok(vec![]));
        assert_eq!(labels(br#"{"status":"success","data":["b","a"]}"#), Ok(vec!["a".into(), "b".into()]));
    }

    #[test]
    fn one_bad_line_never_loses_the_rest() {
        for bad in ["5", "null", "[]", r#"["1"]"#, r#"["x","y"]"#, r#"["1",{}]"#, r#"[[],"y"]"#] {
            let answer = format!(
                r#"{{"data":{{"resultType":"streams","result":[7,{{"stream":null,"values":[["1","a"],{bad},["2","b"]]}}]}}}}"#
            );
            let decoded = streams(answer.as_bytes()).unwrap();
            assert_eq!((decoded.logs.len(), decoded.skipped.len()), (2, 2), "{bad}");
        }
    }

    #[test]
    fn an_answer_to_another_question_is_refused() {
        let matrix = br#"{"status":"success","data":{"resultType":"matrix","result":[{"metric":{},"values":[[1,"2"],[2.5,"3"]]}]}}"#;
        assert!(matches!(streams(matrix), Err(Malformed::WrongShape { .. })));
        assert_eq!(
            counts(matrix).unwrap().data[0].samples,
            [(Timestamp(1_000_000_000), 2.0), (Timestamp(2_500_000_000), 3.0)]
        );
        let partial = br#"{"status":"success","isPartial":true,"warnings":["slow"],"error":"one shard is down","data":{"resultType":"vector","result":[]}}"#;
        assert_eq!(counts(partial).unwrap().warnings, ["slow", prometheus_json::PARTIAL, "one shard is down"]);
        let text = b"parse error at line 1, col 25: literal not terminated";
        assert!(matches!(streams(text), Err(Malformed::NotJson { at: 0, .. })));
    }

    #[test]
    fn statistics_and_versions_are_read() {
        let stats = index_stats(br#"{"streams":3,"chunks":"4","bytes":5e3,"entries":6}"#).unwrap();
        assert_eq!(stats, IndexStats { streams: 3, chunks: 4, bytes: 5000, entries: 6 });
        assert!(index_stats(br#"{"status":"success"}"#).is_err());
        assert_eq!(version(br#"{"version":"","revision":""}"#), Ok(String::new()));
        assert_eq!(version(br#"{"status":"success","data":{"version":"2.42.0"}}"#), Ok("2.42.0".into()));
        assert!(version(b"{}").is_err());
    }

    #[test]
    fn a_line_of_logcli_is_read() {
        let line = logcli(r#"{"labels":{"service_name":"cart"},"line":"level=error msg=boom","timestamp":"2026-11-22T13:02:11.112Z"}"#).unwrap();
        assert_eq!((line.service.as_str(), line.level, line.message.as_str()), ("cart", Level::Error, "boom"));
        assert!(logcli(r#"{"line":"a","timestamp":"noon"}"#).is_err());
    }
}
