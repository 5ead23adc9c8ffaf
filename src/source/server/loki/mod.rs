//! Loki: lines by text, by label and structured metadata; every answer a page of a longer one.

mod errors;
mod re2;

use async_trait::async_trait;
use regex::escape;

use crate::model::metric::Series;
use crate::model::pattern::{Pattern, PatternForm};
use crate::model::source::Source;
use crate::model::time::{SECOND, Window};
use crate::source::failure::{Failure, FailureKind, Refusal};
use crate::source::role::{Direction, LineMatch, LogSource};
use crate::source::server::endpoint::Endpoint;
use crate::source::server::request::{Request, Response, quoted};
use crate::source::server::transport::{Transport, display_url};
use crate::wire::Decoded;
use crate::wire::loki_json;
use crate::wire::prometheus_json::{self, PrometheusReply};

/// Labels that, one of them, nearly every stream has; in the order of preference.
const SELECTOR_LABELS: [&str; 8] =
    ["service_name", "app", "job", "container", "namespace", "compose_service", "filename", "service"];

/// The streams of all services: Loki 3 gives every stream this label.
const ALL_SERVICES: &str = "{service_name=~\".+\"}";

/// A 200 that is an error says so in few words; longer answers are not read twice to find out.
const LONGEST_ERROR: usize = 16 << 10;

/// A Loki at some address.
pub(crate) struct Loki<'a> {
    transport: &'a Transport,
    endpoint: &'a Endpoint,
}

impl<'a> Loki<'a> {
    /// Sends nothing yet.
    pub(crate) fn new(transport: &'a Transport, endpoint: &'a Endpoint) -> Self {
        Self { transport, endpoint }
    }

    async fn ask(&self, request: &Request) -> Result<Response, Failure> {
        let address = display_url(&self.endpoint.url);
        let answer = self.transport.fetch(self.endpoint, request).await;
        let answer = answer.and_then(|answer| answer.checked(&address, |_| None));
        let answer = answer.map_err(|failure| failure.recognized(refusal))?;
        let short = answer.body.len() < LONGEST_ERROR;
        match short.then(|| prometheus_json::refusal(&answer.body)).flatten() {
            Some(said) => {
                let failure = Failure::new(FailureKind::Rejected, format!("{address} refused the question: {said}"));
                Err(failure.answered(answer.status, Some(said)).recognized(refusal))
            }
            None => Ok(answer),
        }
    }
}

#[async_trait(?Send)]
impl LogSource for Loki<'_> {
    fn backend(&self) -> Source {
        Source::Loki
    }

    fn usual_streams(&self) -> &'static str {
        ALL_SERVICES
    }

    fn best_label<'l>(&self, labels: &'l [String]) -> Option<&'l str> {
        best_label(labels)
    }

    fn streams_with(&self, label: &str) -> String {
        streams_with(label)
    }

    fn streams_of_value(&self, streams: &str, label: &str, value: &str) -> String {
        narrowed(streams, &format!("{label}={}", quoted(value)))
    }

    fn streams_without(&self, streams: &str, label: &str, values: &[String]) -> String {
        let any = values.iter().map(|value| escape(value)).collect::<Vec<_>>().join("|");
        narrowed(streams, &format!("{label}!~{}", quoted(&any)))
    }

    fn streams_of_labels(&self, labels: &[(&str, &str)]) -> String {
        let matchers: Vec<String> = labels.iter().map(|(label, value)| format!("{label}={}", quoted(value))).collect();
        format!("{{{}}}", matchers.join(","))
    }

    fn queries(&self, streams: &str, lines: LineMatch<'_>) -> Vec<String> {
        match lines {
            LineMatch::AnyText(texts) => vec![by_text(streams, texts)],
            LineMatch::Like(text) => vec![like(streams, text)],
            LineMatch::KeyedValue { keys, value } => vec![by_value(streams, keys, value)],
            LineMatch::Field { names, values } => vec![by_field(streams, names, values)],
            LineMatch::Errors => errors::queries(streams).into(),
        }
    }

    /// `max_entries_limit_per_query` unless configured otherwise.
    fn page_limit(&self) -> usize {
        5_000
    }

    async fn page(&self, query: &str, window: Window, limit: usize, from: Direction) -> Result<Decoded, Failure> {
        let direction = match from {
            Direction::Forward => "forward",
            Direction::Backward => "backward",
        };
        let request = Request::post(&["loki", "api", "v1", "query_range"])
            .header("X-Loki-Response-Encoding-Flags", "categorize-labels")
            .with("query", query)
            .with("start", window.from.0)
            .with("end", window.to.0)
            .with("limit", limit)
            .with("direction", direction);
        let answer = self.ask(&request).await?;
        self.transport.decode(self.endpoint, answer, loki_json::streams).await
    }

    async fn count(
        &self,
        query: &str,
        by: Option<&str>,
        top: Option<usize>,
        window: Window,
    ) -> Result<PrometheusReply<Vec<Series>>, Failure> {
        let seconds = (window.length() / SECOND).max(1);
        let all = format!("sum by ({}) (count_over_time({query} [{seconds}s]))", by.unwrap_or_default());
        let counting = top.map_or(all.clone(), |top| format!("topk({top}, {all})"));
        // A range excludes its start and includes its end: the reverse of a window, and of pages.
        let last = window.to.0.saturating_sub(1);
        let request = Request::post(&["loki", "api", "v1", "query"]).with("query", counting).with("time", last);
        let answer = self.ask(&request).await?;
        self.transport.decode(self.endpoint, answer, loki_json::counts).await
    }

    async fn labels(&self, window: Window) -> Result<Vec<String>, Failure> {
        let request =
            Request::get(&["loki", "api", "v1", "labels"]).with("start", window.from.0).with("end", window.to.0);
        let answer = self.ask(&request).await?;
        self.transport.decode(self.endpoint, answer, loki_json::labels).await
    }

    async fn bytes(&self, streams: &str, window: Window) -> Option<u64> {
        let request = Request::get(&["loki", "api", "v1", "index", "stats"])
            .with("query", streams)
            .with("start", window.from.0)
            .with("end", window.to.0);
        let answer = self.ask(&request).await.ok()?;
        self.transport.decode(self.endpoint, answer, loki_json::index_stats).await.ok().map(|stats| stats.bytes)
    }

    async fn version(&self) -> Result<(String, Response), Failure> {
        let answer = self.ask(&Request::get(&["loki", "api", "v1", "status", "buildinfo"])).await?;
        Ok((loki_json::version(&answer.body).unwrap_or_default(), answer))
    }
}

/// The label that nearly every stream has, of those in use; none where there are no streams at all.
fn best_label(labels: &[String]) -> Option<&str> {
    let known = SELECTOR_LABELS.iter().copied().find(|l| labels.iter().any(|have| have == l));
    known.or_else(|| labels.iter().map(String::as_str).find(|l| is_label_name(l)))
}

fn streams_with(label: &str) -> String {
    format!("{{{label}=~\".+\"}}")
}

fn narrowed(selector: &str, matcher: &str) -> String {
    let inner = selector.trim().trim_start_matches('{').trim_end_matches('}').trim_end_matches([' ', ',']);
    format!("{{{inner},{matcher}}}")
}

/// Query of lines that contain one of the texts.
pub fn by_text(selector: &str, texts: &[String]) -> String {
    match texts {
        [one] => format!("{selector} |= {}", quoted(one)),
        many => {
            let any: Vec<String> = many.iter().map(|t| escape(t)).collect();
            format!("{selector} |~ {}", quoted(&any.join("|")))
        }
    }
}

/// Query of lines that contain the pattern, and perhaps a few more: its pieces may occur in another order.
fn like(selector: &str, text: &Pattern) -> String {
    match text.form() {
        PatternForm::Pieces(pieces) => {
            let found = pieces.iter().filter(|piece| !piece.is_empty()).map(|piece| format!(" |= {}", quoted(piece)));
            format!("{selector}{}", found.collect::<String>())
        }
        PatternForm::Expression(expression) => format!("{selector} |~ {}", quoted(&re2::at_least(expression))),
    }
}

/// Query of lines that contain the value after one of these keys: for IDs too short to be searched for alone.
pub fn by_value(selector: &str, keys: &[String], value: &str) -> String {
    let keys: Vec<String> = keys.iter().map(|key| escape(key)).collect();
    let pattern =
        format!("(?:{})[\"'\\\\]*\\s*[:=]\\s*[\\[\"'\\\\]*{}(?:[^A-Za-z0-9_-]|$)", keys.join("|"), escape(value));
    format!("{selector} |~ {}", quoted(&pattern))
}

/// Lines of which a label or a piece of structured metadata under one of these names is one of these values.
pub fn by_field(selector: &str, names: &[String], values: &[String]) -> String {
    let mut names: Vec<String> = names.iter().map(|n| label_name(n)).filter(|n| is_label_name(n)).collect();
    names.sort_unstable();
    names.dedup();
    let test = match values {
        [one] => format!("={}", quoted(one)),
        many => format!("=~{}", quoted(&many.iter().map(|v| escape(v)).collect::<Vec<_>>().join("|"))),
    };
    let any: Vec<String> = names.iter().map(|name| format!("{name}{test}")).collect();
    format!("{selector} | {}", any.join(" or "))
}

/// A key as Loki stores it: what no label name may hold becomes `_`.
fn label_name(key: &str) -> String {
    key.chars().map(|c| if c.is_ascii_alphanumeric() || c == '_' { c } else { '_' }).collect()
}

fn is_label_name(name: &str) -> bool {
    let mut chars = name.chars();
    chars.next().is_some_and(|c| c.is_ascii_alphabetic() || c == '_')
        && chars.all(|c| c.is_ascii_alphanumeric() || c == '_')
}

/// What an error text of Loki's says is wrong with a query.
fn refusal(_status: u16, text: &str) -> Option<Refusal> {
    const DATA: [&str; 5] = [
        "query time range exceeds the limit",
        "would read too many bytes",
        "request timed out, decrease the duration",
        "Request timed out, decrease the duration",
        "received message larger than max",
    ];
    const SERIES: [&str; 2] = ["maximum of series", "maximum number of series"];
    if let Some(most) = page_limit(text) {
        Some(Refusal::PageTooLong(most))
    } else if SERIES.iter().any(|sign| text.contains(sign)) {
        Some(Refusal::TooManySeries)
    } else {
        DATA.iter().any(|sign| text.contains(sign)).then_some(Refusal::TooMuchData)
    }
}

/// The lines a page may have: `… limit > max_entries_limit_per_query (5001 > 5000)`.
fn page_limit(text: &str) -> Option<usize> {
    let after = &text[text.find("max_entries_limit_per_query")?..];
    after
        .split('>')
        .nth(1)?
        .trim()
        .trim_end_matches(|c: char| !c.is_ascii_digit())
        .split(|c: char| !c.is_ascii_digit())
        .next()?
        .parse()
        .ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_is_data_wherever_it_is_in_a_query() {
        let nasty = "a\"b\\c`d{e}|=\n".to_owned();
        assert_eq!(by_text("{a=~\".+\"}", std::slice::from_ref(&nasty)), "{a=~\".+\"} |= \"a\\\"b\\\\c`d{e}|=\\n\"");
        assert_eq!(
            by_field("{a=~\".+\"}", &["x-correlation.id".into(), "ok".into(), "9".into()], &[nasty]),
            "{a=~\".+\"} | ok=\"a\\\"b\\\\c`d{e}|=\\n\" or x_correlation_id=\"a\\\"b\\\\c`d{e}|=\\n\""
        );
        assert_eq!(by_text("{a=~\".+\"}", &["x.y".into(), "z".into()]), "{a=~\".+\"} |~ \"x\\\\.y|z\"");
    }

    #[test]
    fn a_selector_is_made_of_the_best_label_in_use() {
        let table: [(&[&str], Option<&str>); 6] = [
            (&["job", "zone", "service_name"], Some("{service_name=~\".+\"}")),
            (&["zone", "filename"], Some("{filename=~\".+\"}")),
            (&["zone", "area"], Some("{zone=~\".+\"}")),
            (&["9a", "a-b", "\"", "", "_ok9"], Some("{_ok9=~\".+\"}")),
            (&["9a", "-a", "a\"", "a}"], None),
            (&[], None),
        ];
        for (labels, expected) in table {
            let labels: Vec<String> = labels.iter().map(|label| (*label).to_owned()).collect();
            assert_eq!(best_label(&labels).map(streams_with).as_deref(), expected, "{labels:?}");
        }
        assert_eq!(narrowed(" {a=~\".+\", } ", "b=\"}\""), "{a=~\".+\",b=\"}\"}");
    }

    #[test]
    fn a_short_id_is_looked_for_behind_its_key() {
        let query = by_value("{a=~\".+\"}", &["order.id".into(), "oid".into()], "4.2");
        let (selector, literal) = query.split_once(" |~ ").unwrap();
        assert_eq!(selector, "{a=~\".+\"}");
        let pattern = regex::Regex::new(&serde_json::from_str::<String>(literal).unwrap()).unwrap();
        for line in ["order.id=4.2", "{\"oid\": \"4.2\"}", "oid : [4.2]", "{\\\"order.id\\\":\\\"4.2\\\"}"] {
            assert!(pattern.is_match(line), "{line}");
        }
        for line in ["order.id=4.25", "order.id=4x2", "orderXid=4.2", "4.2", "oid=14.2", "oid=4.2-b"] {
            assert!(!pattern.is_match(line), "{line}");
        }
    }

    #[test]
    fn a_refusal_is_recognized_by_the_texts_of_loki() {
        let table = [
            (
                "max entries limit per query exceeded, limit > max_entries_limit_per_query (5001 > 5000)",
                Some(Refusal::PageTooLong(5000)),
            ),
            ("maximum of series (500) reached for a single query", Some(Refusal::TooManySeries)),
            ("the query would read too many bytes (query: 1 TB, limit: 1 GB)", Some(Refusal::TooMuchData)),
            ("parse error", None),
        ];
        for (text, expected) in table {
            assert_eq!(refusal(400, text), expected, "{text}");
        }
    }
}
