//! Requests and answers as data: what a backend wants asked, before and after the wire.

use std::fmt::Write as _;
use std::time::Duration;

use crate::model::time::Timestamp;
use crate::source::failure::{Failure, FailureKind, page};
use crate::wire::page_title;

/// How the parameters travel.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Method {
    /// In the address.
    Get,
    /// In a form body: queries may be long.
    PostForm,
}

/// One request: a path below the backend's base address, and parameters.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Request {
    /// How the parameters travel.
    pub method: Method,
    /// Path segments, not yet encoded.
    pub path: Vec<String>,
    /// Parameters, not yet encoded, in order.
    pub parameters: Vec<(&'static str, String)>,
    /// Headers beyond the usual ones.
    pub headers: Vec<(&'static str, &'static str)>,
}

impl Request {
    /// A GET of this path.
    pub fn get(path: &[&str]) -> Self {
        let path = path.iter().map(|s| (*s).to_owned()).collect();
        Self { method: Method::Get, path, parameters: Vec::new(), headers: Vec::new() }
    }

    /// A form POST to this path.
    pub fn post(path: &[&str]) -> Self {
        Self { method: Method::PostForm, ..Self::get(path) }
    }

    /// With one more parameter.
    #[must_use]
    pub fn with(mut self, name: &'static str, value: impl ToString) -> Self {
        self.parameters.push((name, value.to_string()));
        self
    }

    /// With one more header.
    #[must_use]
    pub fn header(mut self, name: &'static str, value: &'static str) -> Self {
        self.headers.push((name, value));
        self
    }

    /// The parameters as they go on the wire.
    pub fn encoded(&self) -> String {
        url::form_urlencoded::Serializer::new(String::new()).extend_pairs(&self.parameters).finish()
    }

    /// The whole request in one line, the same for the same question: the key of a recording.
    pub fn line(&self) -> String {
        let mut line = match self.method {
            Method::Get => "GET ".to_owned(),
            Method::PostForm => "POST ".to_owned(),
        };
        for segment in &self.path {
            let _ = write!(line, "/{}", url::form_urlencoded::byte_serialize(segment.as_bytes()).collect::<String>());
        }
        if !self.parameters.is_empty() {
            let _ = write!(line, "?{}", self.encoded());
        }
        line
    }
}

/// One answer, read whole.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Response {
    /// HTTP status.
    pub status: u16,
    /// The server's clock, from its `Date` header: whole seconds.
    pub date: Option<Timestamp>,
    /// How long after the asking began its head came.
    pub after: Duration,
    /// The body.
    pub body: Vec<u8>,
}

impl Response {
    /// Whether the body looks like a page instead of data.
    pub fn is_page(&self) -> bool {
        self.body.iter().find(|b| !b.is_ascii_whitespace() && !matches!(b, 0xef | 0xbb | 0xbf)) == Some(&b'<')
    }

    /// Whether there is no body to speak of.
    pub fn is_empty(&self) -> bool {
        self.body.iter().all(u8::is_ascii_whitespace)
    }

    /// Whether the status is 2xx.
    pub fn is_success(&self) -> bool {
        (200..300).contains(&self.status)
    }

    /// The beginning of the body as one line of text, for error messages.
    pub fn text(&self) -> String {
        let start = &self.body[..self.body.len().min(1200)];
        let text: String = String::from_utf8_lossy(start).split_whitespace().collect::<Vec<_>>().join(" ");
        match text.char_indices().nth(300) {
            Some((at, _)) => format!("{}…", &text[..at]),
            None => text,
        }
    }

    /// This answer if it is a 2xx with data; otherwise what went wrong, with what the server said.
    pub fn checked(self, address: &str, says: impl Fn(&Response) -> Option<String>) -> Result<Self, Failure> {
        if self.is_success() && !self.is_page() && !self.is_empty() {
            return Ok(self);
        }
        let text =
            if self.is_page() { None } else { says(&self).or_else(|| Some(self.text()).filter(|t| !t.is_empty())) };
        let said = text.as_ref().map(|text| format!(": {text}")).unwrap_or_default();
        let status = self.status;
        let failure = |kind, message: String| Failure::new(kind, message).answered(status, text.clone());
        Err(match status {
            200..300 | 304 if self.is_empty() => {
                failure(FailureKind::Malformed, format!("{address} sent an empty answer (HTTP {status})"))
                    .hint("does a proxy or a cache stand between? open the address in a browser")
            }
            200..300 => page(address, &page_title(&self.body).unwrap_or_default()),
            413 | 414 | 431 => failure(
                FailureKind::Rejected,
                format!("{address} says that the query is too long (HTTP {status}){said}"),
            )
            .hint("ask for fewer keys with --key, or raise the limit of the server or of the proxy before it"),
            300..400 => failure(
                FailureKind::MustAct,
                format!("{address} redirects to another place, or in a circle; it was not followed"),
            )
            .hint("name the final address, or sign in where the proxy wants it"),
            401 if said.contains("no org id") => {
                failure(FailureKind::MustAct, format!("{address} wants a tenant{said}"))
                    .hint("set `tenant` in the profile, or LOKI_ORG_ID")
            }
            407 => failure(
                FailureKind::MustAct,
                format!("the proxy before {address} wants to know who is asking (HTTP 407)"),
            )
            .hint("put the proxy's user name and password into HTTP_PROXY, or name the host in NO_PROXY"),
            401 | 403 => failure(FailureKind::MustAct, format!("{address} refuses access (HTTP {status}){said}"))
                .hint("set credentials for this backend; see `trace config show`"),
            404 | 410 => failure(FailureKind::NoSuchApi, format!("no such API at {address} (HTTP {status})"))
                .hint("does the address lack a base path, or name another kind of server?"),
            400..500 if !matches!(status, 408 | 429) => {
                failure(FailureKind::Rejected, format!("{address} refused the question (HTTP {status}){said}"))
            }
            _ => failure(FailureKind::Unreachable, format!("{address} failed (HTTP {status}){said}")),
        })
    }
}

/// A text as a string literal of LogQL or PromQL: JSON's escapes are all legal there, and backticks are never used.
pub fn quoted(text: &str) -> String {
    serde_json::to_string(text).unwrap_or_else(|_| "\"\"".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_is_one_literal() {
        assert_eq!(quoted("a\"b\\c`d{e}\n"), "\"a\\\"b\\\\c`d{e}\\n\"");
        assert_eq!(quoted(""), "\"\"");
    }

    fn answer(status: u16, body: &str) -> Response {
        Response { status, date: None, after: Duration::ZERO, body: body.as_bytes().to_vec() }
    }

    #[test]
    fn a_question_is_spelled_the_same_each_time() {
        let get = Request::get(&["api", "a b/ü"]);
        assert_eq!(get.line(), "GET /api/a+b%2F%C3%BC");
        assert_eq!(
            (get.encoded(), get.clone().with("q", "a&b=c d").encoded()),
            (String::new(), "q=a%26b%3Dc+d".into())
        );
        assert_eq!(get.with("q", 1).with("r", "").line(), "GET /api/a+b%2F%C3%BC?q=1&r=");
        assert_eq!(Request::post(&["x"]).with("q", "ä").line(), "POST /x?q=%C3%A4");
    }

    #[test]
    fn a_page_is_no_data_and_blanks_are_nothing() {
        let table = [
            ("<html>", true, false),
            (" \n<", true, false),
            ("\u{feff}<", true, false),
            ("{\"a\":\"<\"}", false, false),
            ("", false, true),
            (" \r\n", false, true),
        ];
        for (body, page, empty) in table {
            assert_eq!((answer(200, body).is_page(), answer(200, body).is_empty()), (page, empty), "{body:?}");
        }
        for (status, success) in [(199, false), (200, true), (299, true), (300, false)] {
            assert_eq!(answer(status, "x").is_success(), success);
        }
        assert_eq!(answer(500, " a\n  b ").text(), "a b");
        assert_eq!(answer(500, &"x".repeat(300)).text(), "x".repeat(300));
        assert_eq!(answer(500, &"x".repeat(301)).text(), format!("{}…", "x".repeat(300)));
    }

    #[test]
    fn every_status_has_its_kind_and_its_sentence() {
        let table = [
            (200, "", FailureKind::Malformed, "sent an empty answer"),
            (304, "", FailureKind::Malformed, "sent an empty answer"),
            (304, "x", FailureKind::MustAct, "redirects"),
            (302, "", FailureKind::MustAct, "redirects"),
            (400, "why", FailureKind::Rejected, "refused the question (HTTP 400): why"),
            (401, "no org id", FailureKind::MustAct, "wants a tenant: no org id"),
            (401, "no", FailureKind::MustAct, "refuses access (HTTP 401): no"),
            (403, "", FailureKind::MustAct, "refuses access (HTTP 403)"),
            (404, "", FailureKind::NoSuchApi, "no such API"),
            (407, "", FailureKind::MustAct, "the proxy before"),
            (408, "", FailureKind::Unreachable, "failed (HTTP 408)"),
            (410, "", FailureKind::NoSuchApi, "no such API"),
            (413, "", FailureKind::Rejected, "too long"),
            (414, "", FailureKind::Rejected, "too long"),
            (429, "", FailureKind::Unreachable, "failed (HTTP 429)"),
            (431, "", FailureKind::Rejected, "too long"),
            (500, "<p>", FailureKind::Unreachable, "failed (HTTP 500)"),
            (503, "", FailureKind::Unreachable, "failed (HTTP 503)"),
        ];
        for (status, body, kind, says) in table {
            let failure = answer(status, body).checked("http://h", |_| None).unwrap_err();
            assert_eq!(failure.kind, kind, "{status} {body}: {}", failure.message);
            assert!(failure.message.contains(says), "{status} {body}: {}", failure.message);
            assert!(
                body != "<p>" && !body.is_empty()
                    || failure.message.ends_with(|c: char| c != ' ' && c != ':' && c != '>')
            );
        }
        let signs_in = answer(200, "<title>Sign in</title>").checked("http://h", |_| None).unwrap_err();
        assert_eq!(signs_in, page("http://h", "Sign in"), "a page is not what was asked for");
        assert!(answer(204, "{}").checked("http://h", |_| None).is_ok());
        let said = answer(500, "raw").checked("http://h", |_| Some("told".into())).unwrap_err();
        assert_eq!(said.message, "http://h failed (HTTP 500): told");
    }
}
