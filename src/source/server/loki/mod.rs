//! Loki: lines by text, by label and structured metadata; every answer a page of a longer one.

pub mod errors;
mod re2;

use regex::escape;

use crate::model::metric::Series;
use crate::model::pattern::{Pattern, PatternForm};
use crate::model::time::{SECOND, Window};
use crate::source::failure::{Failure, FailureKind};
use crate::source::server::Endpoint;
use crate::source::server::request::{Request, Response, quoted};
use crate::source::server::transport::{Transport, shown};
use crate::wire::Decoded;
use crate::wire::loki_json::{self, IndexStats};
use crate::wire::prometheus_json::{self, PrometheusReply};

/// Labels that, one of them, nearly every stream has; in the order of preference.
const SELECTOR_LABELS: [&str; 8] =
    ["service_name", "app", "job", "container", "namespace", "compose_service", "filename", "service"];

/// Which end of a time a page begins at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Direction {
    /// Oldest first.
    Forward,
    /// Newest first.
    Backward,
}

impl Direction {
    fn as_str(self) -> &'static str {
        match self {
            Self::Forward => "forward",
            Self::Backward => "backward",
        }
    }
}

/// A 200 that is an error says so in few words; longer answers are not read twice to find out.
const LONGEST_ERROR: usize = 16 << 10;

/// A Loki at some address.
pub struct Loki<'a> {
    transport: &'a Transport,
    endpoint: &'a Endpoint,
}

impl<'a> Loki<'a> {
    /// Nothing is asked yet.
    pub fn new(transport: &'a Transport, endpoint: &'a Endpoint) -> Self {
        Self { transport, endpoint }
    }

    /// One page of lines from one end of a time.
    pub async fn page(&self, query: &str, window: Window, limit: usize, from: Direction) -> Result<Decoded, Failure> {
        let request = Request::post(&["loki", "api", "v1", "query_range"])
            .header("X-Loki-Response-Encoding-Flags", "categorize-labels")
            .with("query", query)
            .with("start", window.from.0)
            .with("end", window.to.0)
            .with("limit", limit)
            .with("direction", from.as_str());
        let answer = self.ask(&request).await?;
        self.transport.read(self.endpoint, answer, loki_json::streams).await
    }

    /// How many lines of a query there are in this time, by a label; of its values only so many, those with the most.
    pub async fn count(
        &self,
        query: &str,
        by: Option<&str>,
        most: Option<usize>,
        window: Window,
    ) -> Result<PrometheusReply<Vec<Series>>, Failure> {
        let seconds = (window.length() / SECOND).max(1);
        let all = format!("sum by ({}) (count_over_time({query} [{seconds}s]))", by.unwrap_or_default());
        let counting = most.map_or(all.clone(), |most| format!("topk({most}, {all})"));
        // A range here leaves out its beginning and has its end: the other way round than a window, and than pages.
        let last = window.to.0.saturating_sub(1);
        let request = Request::post(&["loki", "api", "v1", "query"]).with("query", counting).with("time", last);
        let answer = self.ask(&request).await?;
        self.transport.read(self.endpoint, answer, loki_json::counts).await
    }

    /// The labels in use in this time.
    pub async fn labels(&self, window: Window) -> Result<Vec<String>, Failure> {
        let request =
            Request::get(&["loki", "api", "v1", "labels"]).with("start", window.from.0).with("end", window.to.0);
        let answer = self.ask(&request).await?;
        self.transport.read(self.endpoint, answer, loki_json::labels).await
    }

    /// How much a selector would read in this time.
    pub async fn stats(&self, selector: &str, window: Window) -> Result<IndexStats, Failure> {
        let request = Request::get(&["loki", "api", "v1", "index", "stats"])
            .with("query", selector)
            .with("start", window.from.0)
            .with("end", window.to.0);
        let answer = self.ask(&request).await?;
        self.transport.read(self.endpoint, answer, loki_json::index_stats).await
    }

    /// Its version; empty where it was built without one.
    pub async fn version(&self) -> Result<(String, Response), Failure> {
        let answer = self.ask(&Request::get(&["loki", "api", "v1", "status", "buildinfo"])).await?;
        Ok((loki_json::version(&answer.body).unwrap_or_default(), answer))
    }

    async fn ask(&self, request: &Request) -> Result<Response, Failure> {
        let address = shown(&self.endpoint.url);
        let answer = self.transport.fetch(self.endpoint, request).await?.checked(&address, |_| None)?;
        let short = answer.body.len() < LONGEST_ERROR;
        match short.then(|| prometheus_json::refusal(&answer.body)).flatten() {
            Some(said) => Err(Failure::new(FailureKind::Rejected, format!("{address} refused the question: {said}"))),
            None => Ok(answer),
        }
    }
}

/// The label that nearly every stream has, of those in use; none where there are no streams at all.
pub fn best_label(labels: &[String]) -> Option<&str> {
    let known = SELECTOR_LABELS.iter().copied().find(|l| labels.iter().any(|have| have == l));
    known.or_else(|| labels.iter().map(String::as_str).find(|l| is_label_name(l)))
}

/// The selector for all streams, from the labels in use; none where there are no streams at all.
pub fn selector(labels: &[String]) -> Option<String> {
    best_label(labels).map(|label| format!("{{{label}=~\".+\"}}"))
}

/// Of these streams those with this value of a label.
pub fn only(selector: &str, label: &str, value: &str) -> String {
    narrowed(selector, &format!("{label}={}", quoted(value)))
}

/// Of these streams those with none of these values of a label.
pub fn without(selector: &str, label: &str, values: &[String]) -> String {
    let any = values.iter().map(|value| escape(value)).collect::<Vec<_>>().join("|");
    narrowed(selector, &format!("{label}!~{}", quoted(&any)))
}

fn narrowed(selector: &str, matcher: &str) -> String {
    let inner = selector.trim().trim_start_matches('{').trim_end_matches('}').trim_end_matches([' ', ',']);
    format!("{{{inner},{matcher}}}")
}

/// Lines in whose text one of these stands.
pub fn by_text(selector: &str, texts: &[String]) -> String {
    match texts {
        [one] => format!("{selector} |= {}", quoted(one)),
        many => {
            let any: Vec<String> = many.iter().map(|t| escape(t)).collect();
            format!("{selector} |~ {}", quoted(&any.join("|")))
        }
    }
}

/// Lines in whose text this stands somewhere; perhaps a few more: pieces of it may stand in another order.
pub fn like(selector: &str, text: &Pattern) -> String {
    match text.form() {
        PatternForm::Pieces(pieces) => {
            let found = pieces.iter().filter(|piece| !piece.is_empty()).map(|piece| format!(" |= {}", quoted(piece)));
            format!("{selector}{}", found.collect::<String>())
        }
        PatternForm::Expression(expression) => format!("{selector} |~ {}", quoted(&re2::at_least(expression))),
    }
}

/// Lines in whose text this stands as the value of one of these keys: for IDs too short to be looked for alone.
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

/// The most lines a page may have, if a refusal tells it: `… limit > max_entries_limit_per_query (5001 > 5000)`.
pub fn most_lines(refusal: &str) -> Option<usize> {
    let after = &refusal[refusal.find("max_entries_limit_per_query")?..];
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

/// Whether a refusal or failure would go away with a shorter window.
pub fn wants_less(failure: &Failure) -> bool {
    const SIGNS: [&str; 5] = [
        "query time range exceeds the limit",
        "would read too many bytes",
        "request timed out, decrease the duration",
        "Request timed out, decrease the duration",
        "received message larger than max",
    ];
    SIGNS.iter().any(|sign| failure.message.contains(sign)) || is_of_too_many(failure)
}

/// Whether it was refused because there are too many series.
pub fn is_of_too_many(failure: &Failure) -> bool {
    ["maximum of series", "maximum number of series"].iter().any(|sign| failure.message.contains(sign))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_is_data_wherever_it_stands_in_a_query() {
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
        for (labels, wanted) in table {
            let labels: Vec<String> = labels.iter().map(|label| (*label).to_owned()).collect();
            assert_eq!(selector(&labels).as_deref(), wanted, "{labels:?}");
        }
        assert_eq!(only(" {a=~\".+\", } ", "b", "}\""), "{a=~\".+\",b=\"}\\\"\"}");
        assert_eq!(without("{a=\"{}\"}", "a", &["x.y".into(), "z".into()]), "{a=\"{}\",a!~\"x\\\\.y|z\"}");
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
    fn the_server_tells_how_long_a_page_may_be() {
        let text = "max entries limit per query exceeded, limit > max_entries_limit_per_query (5001 > 5000)";
        assert_eq!(most_lines(text), Some(5000));
        assert_eq!(most_lines("parse error"), None);
    }
}
