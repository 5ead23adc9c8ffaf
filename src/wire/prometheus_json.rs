//! Prometheus' answers: instant and range queries, exemplars, alerts.
//!
//! Source: `web/api/v1/json_codec.go` of Prometheus 2.42 to 3.x. Times are float seconds, values are texts.

use std::collections::BTreeMap;

use crate::model::conventions::{SPAN_ID_FIELDS, TRACE_ID_FIELDS};
use crate::model::id::{SpanId, TraceId};
use crate::model::metric::{ActiveAlert, Alert, AlertState, Exemplar, Series};
use crate::model::time::Timestamp;
use crate::wire::json::Json;
use crate::wire::{Malformed, Skips, parse, read_tree, read_with_rest};

/// An answer of Prometheus' HTTP API, without its envelope.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct PrometheusReply<T> {
    /// The answer itself.
    pub(crate) data: T,
    /// The server's warnings.
    pub(crate) warnings: Vec<String>,
    /// The server's remarks, less grave than warnings.
    pub(crate) infos: Vec<String>,
    /// Why it could not answer, as `bad_data: …`; there may be data all the same.
    pub(crate) error: Option<String>,
    /// What could not be decoded and was left out, and why: one sentence a reason.
    pub(crate) skipped: Vec<String>,
}

/// The result of a query, by its `resultType`.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum QueryResult {
    /// Series with one sample each.
    Vector(Vec<Series>),
    /// Series with samples over time.
    Matrix(Vec<Series>),
    /// One number.
    Scalar(Timestamp, f64),
    /// One text.
    Text(String),
}

impl Default for QueryResult {
    fn default() -> Self {
        Self::Vector(Vec::new())
    }
}

impl QueryResult {
    /// The result as series: a scalar is one series without labels, a string none.
    pub(crate) fn into_series(self) -> Vec<Series> {
        match self {
            Self::Vector(series) | Self::Matrix(series) => series,
            Self::Scalar(time, value) => vec![Series { labels: BTreeMap::new(), samples: vec![(time, value)] }],
            Self::Text(_) => Vec::new(),
        }
    }
}

/// The warning for `isPartial`, by which VictoriaMetrics says that some of its storage did not answer.
pub(crate) const PARTIAL: &str = "the answer is partial: not all of the storage answered";

/// Decodes the envelope, and `data` in it by `decode`. `named` is what one, and several, of the items are called where
/// some are left out.
pub(super) fn envelope<T: Default>(
    bytes: &[u8],
    decode: impl Fn(&Json, &mut Skips) -> Option<T>,
    named: (&str, &str),
) -> Result<PrometheusReply<T>, Malformed> {
    let decode = |tree: &Json| {
        if let Some(key) = ["status", "data", "error"].iter().find(|key| count(tree, key) > 1) {
            return Err(Malformed::WrongShape { found: format!("`{key}` stands there twice") });
        }
        let (data, error) = (tree.get(&["data"]), error_of(tree));
        let is_partial = tree.get(&["isPartial"]).text().as_deref() == Some("true");
        let is_envelope = error.is_some() || tree.entries().iter().any(|(key, _)| key == "data" || key == "status");
        let mut skips = Skips::default();
        let decoded = if data.is_null() { is_envelope.then(T::default) } else { decode(data, &mut skips) };
        Ok(PrometheusReply {
            data: decoded.or_else(|| error.is_some().then(T::default)).ok_or_else(|| Malformed::wrong_shape(tree))?,
            warnings: tree
                .get(&["warnings"])
                .texts()
                .into_iter()
                .chain(is_partial.then(|| PARTIAL.to_owned()))
                .collect(),
            infos: tree.get(&["infos"]).texts(),
            error,
            skipped: skips.sentences(named.0, named.1),
        })
    };
    let (mut reply, rest) = read_with_rest(bytes, |text| parse::<Json>(text).map(|tree| decode(&tree)))?;
    reply.skipped.extend(rest);
    Ok(reply)
}

/// How often an object has a key: JSON allows repeats, and which one counts would be a guess here.
fn count(tree: &Json, key: &str) -> usize {
    tree.entries().iter().filter(|(k, _)| k == key).count()
}

/// The error of an answer without data: then it is a refusal, whatever its HTTP status.
pub(crate) fn refusal(bytes: &[u8]) -> Option<String> {
    read_tree(bytes, |tree| Ok(error_of(tree).filter(|_| tree.get(&["data"]).is_null()))).ok().flatten()
}

fn error_of(tree: &Json) -> Option<String> {
    let text = tree.get(&["error"]).text();
    let kind = tree.get(&["errorType"]).text();
    match (kind, text) {
        (Some(kind), Some(text)) => Some(format!("{kind}: {text}")),
        (None, Some(text)) => Some(text.into_owned()),
        (kind, None) if tree.get(&["status"]).str() == Some("error") => {
            Some(kind.unwrap_or("error".into()).into_owned())
        }
        (_, None) => None,
    }
}

/// The message of an error body: `bad_data: invalid parameter …`. None for any other body.
pub(crate) fn error_text(bytes: &[u8]) -> Option<String> {
    read_tree(bytes, |tree| Ok(error_of(tree))).ok().flatten()
}

/// The answer of `query` and `query_range`.
pub(crate) fn answer(bytes: &[u8]) -> Result<PrometheusReply<QueryResult>, Malformed> {
    envelope(bytes, answer_of, ("series", "series"))
}

fn answer_of(data: &Json, skips: &mut Skips) -> Option<QueryResult> {
    let result = data.get(&["result"]);
    match data.get(&["resultType"]).str()? {
        "vector" => Some(QueryResult::Vector(all_series(result, skips))),
        "matrix" => Some(QueryResult::Matrix(all_series(result, skips))),
        "scalar" => sample(result).map(|(time, value)| QueryResult::Scalar(time, value)),
        "string" => Some(QueryResult::Text(result.list().get(1)?.owned_text())),
        _ => None,
    }
}

fn all_series(result: &Json, skips: &mut Skips) -> Vec<Series> {
    let mut decoded = Vec::new();
    if !matches!(result, Json::List(_) | Json::Null) {
        skips.add("the answer has no list of series");
    }
    for item in result.list() {
        match series(item, skips) {
            Some(series) => decoded.push(series),
            None => skips.add(format!("it is {}", item.outline())),
        }
    }
    decoded
}

/// One series. A native histogram has no single value to show: its series is kept without samples, and counted as
/// skipped.
fn series(json: &Json, skips: &mut Skips) -> Option<Series> {
    let Json::Object(_) = json else { return None };
    let labels = json.get(&["metric"]).labels();
    let instant = sample(json.get(&["value"]));
    let range = json.get(&["values"]).list();
    let mut samples: Vec<(Timestamp, f64)> = instant.into_iter().chain(range.iter().filter_map(sample)).collect();
    samples.sort_by_key(|(time, _)| *time);
    let sent = usize::from(!json.get(&["value"]).is_null()) + range.len();
    if sent > samples.len() {
        skips.add("some of its samples are no numbers");
    }
    if samples.is_empty() && !json.get(&["histogram", "histograms"]).is_null() {
        skips.add("it holds native histograms, which have no single value");
    }
    Some(Series { labels, samples })
}

fn sample(json: &Json) -> Option<(Timestamp, f64)> {
    match json.list() {
        [time, value, ..] => Some((Timestamp::from_seconds(time.float()?)?, value.float()?)),
        _ => None,
    }
}

/// The texts of `label/…/values`.
pub(crate) fn values(bytes: &[u8]) -> Result<PrometheusReply<Vec<String>>, Malformed> {
    envelope(bytes, |data, _| Some(data.texts()), ("value", "values"))
}

/// The exemplars of `query_exemplars` that name a trace; others cannot be followed. An empty answer (204) has none.
pub(crate) fn exemplars(bytes: &[u8]) -> Result<PrometheusReply<Vec<Exemplar>>, Malformed> {
    match envelope(bytes, |data, _| Some(all_exemplars(data)), ("exemplar", "exemplars")) {
        Err(Malformed::Empty) => Ok(PrometheusReply::default()),
        other => other,
    }
}

fn all_exemplars(data: &Json) -> Vec<Exemplar> {
    let of_series = |series: &Json| {
        let labels: BTreeMap<String, String> = series.get(&["seriesLabels"]).labels();
        let metric = labels.get("__name__").cloned().unwrap_or_default();
        let decode = |json: &Json| exemplar(json, &metric, &labels);
        series.get(&["exemplars"]).list().iter().filter_map(decode).collect::<Vec<_>>()
    };
    data.list().iter().flat_map(of_series).collect()
}

fn exemplar(json: &Json, metric: &str, labels: &BTreeMap<String, String>) -> Option<Exemplar> {
    let own = json.get(&["labels"]);
    let trace = own.get(&TRACE_ID_FIELDS).text().or_else(|| own.get(&["TraceID"]).text())?;
    let span = own.get(&SPAN_ID_FIELDS).text().or_else(|| own.get(&["SpanID"]).text());
    Some(Exemplar {
        metric: metric.to_owned(),
        labels: labels.clone(),
        trace_id: TraceId::parse(&trace)?,
        span_id: span.and_then(|text| SpanId::parse(&text)),
        time: Timestamp::from_seconds(json.get(&["timestamp"]).float()?)?,
        value: json.get(&["value"]).float().unwrap_or(f64::NAN),
    })
}

/// The active alerts of `alerts`, each from when it became active until `now`.
pub(crate) fn alerts(bytes: &[u8], now: Timestamp) -> Result<PrometheusReply<Vec<ActiveAlert>>, Malformed> {
    let decode = |data: &Json, skips: &mut Skips| {
        let read = |json: &Json| {
            let alert = active_alert(json, now);
            if alert.is_none() {
                skips.add("it is neither firing nor pending");
            }
            alert
        };
        Some(data.get(&["alerts"]).list().iter().filter_map(read).collect())
    };
    envelope(bytes, decode, ("alert", "alerts"))
}

fn active_alert(json: &Json, now: Timestamp) -> Option<ActiveAlert> {
    let labels: BTreeMap<String, String> = json.get(&["labels"]).labels();
    let from = Timestamp::from_rfc3339(json.get(&["activeAt"]).str().unwrap_or_default()).unwrap_or(now);
    let alert = Alert {
        name: labels.get("alertname").cloned().unwrap_or_default(),
        state: state(json.get(&["state"]).str()?)?,
        service: service(&labels),
        from,
        to: now.max(from),
        ongoing: true,
        labels,
    };
    Some(ActiveAlert { alert, annotations: json.get(&["annotations"]).labels() })
}

fn state(word: &str) -> Option<AlertState> {
    match word {
        "firing" => Some(AlertState::Firing),
        "pending" => Some(AlertState::Pending),
        _ => None,
    }
}

fn service(labels: &BTreeMap<String, String>) -> Option<String> {
    ["service_name", "service", "job", "app"].iter().find_map(|key| labels.get(*key)).filter(|s| !s.is_empty()).cloned()
}

/// The alerts in range series of `ALERTS`: one for each stretch without a gap of more than 2.5 steps, so that one missed
/// scrape, or two samples that jitter, do not make two alerts of one.
///
/// The step is the smallest distance between two samples of any series: what was asked for may have been coarsened by
/// the server.
pub(crate) fn alerts_from_series(series: &[Series]) -> Vec<Alert> {
    let distances = series.iter().flat_map(|s| s.samples.windows(2).map(|w| w[1].0.since(w[0].0)));
    let longest_gap_ns = distances.filter(|ns| *ns > 0).min().map_or(i64::MAX, |step| step.saturating_mul(5) / 2);
    let mut alerts: Vec<Alert> = series.iter().flat_map(|series| stretches(series, longest_gap_ns)).collect();
    alerts.sort_by(|a, b| (a.from, &a.name, &a.labels).cmp(&(b.from, &b.name, &b.labels)));
    alerts
}

fn stretches(series: &Series, longest_gap_ns: i64) -> Vec<Alert> {
    let Some(state) = series.labels.get("alertstate").and_then(|word| state(word)) else {
        return Vec::new();
    };
    let times: Vec<Timestamp> =
        series.samples.iter().filter(|(_, value)| *value > 0.0).map(|(time, _)| *time).collect();
    let unbroken = times.chunk_by(|a, b| b.since(*a) <= longest_gap_ns);
    let alert = |stretch: &[Timestamp]| {
        let mut labels = series.labels.clone();
        labels.retain(|key, _| key != "__name__" && key != "alertstate");
        Some(Alert {
            name: labels.get("alertname").cloned().unwrap_or_default(),
            state,
            service: service(&labels),
            from: *stretch.first()?,
            to: *stretch.last()?,
            ongoing: false,
            labels,
        })
    };
    unbroken.filter_map(alert).collect()
}

/// The `version` of `status/buildinfo`; empty in a build that does not know it.
pub(crate) fn version(bytes: &[u8]) -> Result<String, Malformed> {
    read_tree(bytes, |tree| {
        let data = tree.get(&["data"]);
        let info = if data.is_null() { tree } else { data };
        match info.entries().iter().find(|(key, _)| key == "version") {
            Some((_, version)) => Ok(version.owned_text()),
            None => Err(Malformed::wrong_shape(tree)),
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::time::SECOND;

    #[test]
    fn every_kind_of_answer_is_read() {
        let vector = br#"{"status":"success","data":{"resultType":"vector","result":[
            {"metric":{"__name__":"up","job":"a"},"value":[1706678909.123,"1"]},{"metric":{},"value":[1706678909,"+Inf"]},
            {"metric":{"job":"h"},"histogram":[1706678909,{"count":"5"}]},7]},"warnings":["w"],"infos":["i"]}"#;
        let reply = answer(vector).unwrap();
        let QueryResult::Vector(series) = &reply.data else { panic!("{reply:?}") };
        assert_eq!(series[0].samples, [(Timestamp(1_706_678_909_123_000_000), 1.0)]);
        assert!(series[1].samples[0].1.is_infinite());
        assert_eq!((series.len(), series[2].samples.len()), (3, 0));
        assert_eq!(reply.skipped.len(), 2, "the histogram and the number");
        assert_eq!((reply.warnings, reply.infos, reply.error), (vec!["w".to_owned()], vec!["i".to_owned()], None));

        let matrix = br#"{"data":{"resultType":"matrix","result":[{"metric":{"a":"b"},"values":[[2,"1e-07"],[1,"NaN"],[3,"x"]]}]}}"#;
        let series = answer(matrix).unwrap().data.into_series();
        assert_eq!(series[0].samples.len(), 2);
        assert!(series[0].samples[0].1.is_nan(), "sorted by time");

        let scalar = answer(br#"{"status":"success","data":{"resultType":"scalar","result":[1,"2"]}}"#).unwrap();
        assert_eq!(scalar.data, QueryResult::Scalar(Timestamp(SECOND), 2.0));
        let text = answer(br#"{"status":"success","data":{"resultType":"string","result":[1,"hi"]}}"#).unwrap();
        assert_eq!(text.data, QueryResult::Text("hi".into()));
        let empty = answer(br#"{"status":"success","data":{"resultType":"vector","result":null}}"#).unwrap();
        assert_eq!(empty, PrometheusReply::default());
    }

    #[test]
    fn an_error_body_says_why() {
        let body =
            br#"{"status":"error","errorType":"bad_data","error":"invalid parameter \"query\": 1:4: parse error"}"#;
        let why = "bad_data: invalid parameter \"query\": 1:4: parse error";
        assert_eq!(error_text(body).as_deref(), Some(why));
        assert_eq!(answer(body).unwrap().error.as_deref(), Some(why));
        assert_eq!((error_text(b"Service Unavailable"), error_text(br#"{"status":"success"}"#)), (None, None));
        assert!(matches!(
            answer(br#"{"data":{"resultType":"streams","result":[]}}"#),
            Err(Malformed::WrongShape { .. })
        ));
    }

    #[test]
    fn exemplars_that_name_a_trace_are_kept() {
        let body = br#"{"status":"success","data":[{"seriesLabels":{"__name__":"latency","service":"cart"},"exemplars":[
            {"labels":{"traceID":"83a9efd15c1c98a977e0711cc93ee28b","span_id":"e127af99e3b3e074"},"value":"0.3","timestamp":1706678909.123},
            {"labels":{"TraceID":"1f"},"value":0.4,"timestamp":"1"},{"labels":{},"value":"1","timestamp":1},{"labels":{"trace_id":"?"}},null]},null]}"#;
        let found = exemplars(body).unwrap().data;
        assert_eq!((found.len(), found[0].metric.as_str(), found[0].value), (2, "latency", 0.3));
        assert!(found[0].span_id.is_some() && found[1].span_id.is_none());
        assert_eq!(exemplars(b"").unwrap().data, []);
    }

    #[test]
    fn active_alerts_are_read() {
        let body = br#"{"status":"success","data":{"alerts":[{"labels":{"alertname":"Down","job":"cart"},"annotations":{"summary":"cart is down"},"state":"firing","activeAt":"2026-11-22T13:02:11.112Z","value":"1e+00"},
            {"labels":{"alertname":"Slow"},"state":"pending","activeAt":"?"},{"state":"inactive"}]}}"#;
        let now = Timestamp::from_rfc3339("2026-11-22T14:00:00Z").unwrap();
        let reply = alerts(body, now).unwrap();
        let [down, slow] = &reply.data[..] else { panic!("{reply:?}") };
        assert_eq!(
            (down.alert.name.as_str(), down.alert.state, down.alert.service.as_deref()),
            ("Down", AlertState::Firing, Some("cart"))
        );
        assert_eq!((down.annotations["summary"].as_str(), slow.annotations.len()), ("cart is down", 0));
        assert_eq!((down.alert.to, slow.alert.from, slow.alert.service.as_deref()), (now, now, None));
        assert_eq!(reply.skipped.len(), 1);
        assert_eq!(alerts(br#"{"status":"success","data":{"alerts":null}}"#, now).unwrap().data, []);
    }

    #[test]
    fn a_gap_parts_an_alert_in_two() {
        let at = |seconds: &[i64]| seconds.iter().map(|s| (Timestamp(s * SECOND), 1.0)).collect::<Vec<_>>();
        let series = |state: &str, seconds: &[i64]| {
            let labels = [("__name__", "ALERTS"), ("alertname", "Down"), ("alertstate", state), ("service", "cart")];
            Series { labels: labels.map(|(k, v)| (k.into(), v.into())).into(), samples: at(seconds) }
        };
        let all = [series("firing", &[30, 45, 60, 90, 180]), series("pending", &[0, 15]), series("off", &[1])];
        let alerts = alerts_from_series(&all);
        let stretches: Vec<_> = alerts.iter().map(|a| (a.state, a.from.0 / SECOND, a.to.0 / SECOND)).collect();
        assert_eq!(
            stretches,
            [(AlertState::Pending, 0, 15), (AlertState::Firing, 30, 90), (AlertState::Firing, 180, 180)]
        );
        assert_eq!((alerts[0].service.as_deref(), alerts[0].labels.len()), (Some("cart"), 2));
        assert_eq!(alerts_from_series(&[series("firing", &[5])]).len(), 1);
        assert_eq!(alerts_from_series(&[]), []);
    }
}
