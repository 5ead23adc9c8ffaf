//! Requests and responses as data, independent of the HTTP client.

use std::fmt::Write as _;
use std::time::Duration;

use crate::model::action::{Action, ConfigItem};
use crate::model::advice::Advice;
use crate::model::time::Timestamp;
use crate::source::failure::{Failure, FailureKind, html_page};
use crate::wire::page_title;

/// How a request is sent, and where its parameters are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Method {
    /// GET with the parameters in the URL.
    Get,
    /// POST with the parameters in a form body, for queries that may be long.
    PostForm,
}

/// One request: a path below the backend's base URL, and parameters.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Request {
    /// How it is sent.
    pub method: Method,
    /// Path segments, not yet encoded.
    pub path: Vec<String>,
    /// Parameters, not yet encoded, in order.
    pub parameters: Vec<(&'static str, String)>,
    /// Headers beyond those of every request.
    pub headers: Vec<(&'static str, &'static str)>,
}

impl Request {
    /// A GET request for this path.
    pub(crate) fn get(path: &[&str]) -> Self {
        let path = path.iter().map(|s| (*s).to_owned()).collect();
        Self { method: Method::Get, path, parameters: Vec::new(), headers: Vec::new() }
    }

    /// A POST request with a form to this path.
    pub(crate) fn post(path: &[&str]) -> Self {
        Self { method: Method::PostForm, ..Self::get(path) }
    }

    /// With one more parameter.
    #[must_use]
    pub(crate) fn with(mut self, name: &'static str, value: impl ToString) -> Self {
        self.parameters.push((name, value.to_string()));
        self
    }

    /// With one more header.
    #[must_use]
    pub(crate) fn header(mut self, name: &'static str, value: &'static str) -> Self {
        self.headers.push((name, value));
        self
    }

    /// The parameters, form-encoded.
    pub fn encoded_parameters(&self) -> String {
        url::form_urlencoded::Serializer::new(String::new()).extend_pairs(&self.parameters).finish()
    }

    /// The whole request in one line, the same for equal requests: the key of a recording.
    pub(crate) fn to_line(&self) -> String {
        let mut line = match self.method {
            Method::Get => "GET ".to_owned(),
            Method::PostForm => "POST ".to_owned(),
        };
        for segment in &self.path {
            let _ = write!(line, "/{}", url::form_urlencoded::byte_serialize(segment.as_bytes()).collect::<String>());
        }
        if !self.parameters.is_empty() {
            let _ = write!(line, "?{}", self.encoded_parameters());
        }
        line
    }
}

/// One answer, with its whole body.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Response {
    /// HTTP status.
    pub status: u16,
    /// The server's clock, from its `Date` header: whole seconds; none without such a header.
    pub date: Option<Timestamp>,
    /// The time from the start of the command until the head of the answer arrived.
    pub after: Duration,
    /// The body, unpacked.
    pub body: Vec<u8>,
}

impl Response {
    /// Whether the body looks like an HTML page instead of data.
    pub(crate) fn is_html(&self) -> bool {
        self.body.iter().find(|b| !b.is_ascii_whitespace() && !matches!(b, 0xef | 0xbb | 0xbf)) == Some(&b'<')
    }

    /// Whether the body is empty or white space.
    pub(crate) fn is_empty(&self) -> bool {
        self.body.iter().all(u8::is_ascii_whitespace)
    }

    /// Whether the status is 2xx.
    pub(crate) fn is_success(&self) -> bool {
        (200..300).contains(&self.status)
    }

    /// The beginning of the body as one line of text, for error messages.
    pub(crate) fn excerpt(&self) -> String {
        let start = &self.body[..self.body.len().min(1200)];
        let text: String = String::from_utf8_lossy(start).split_whitespace().collect::<Vec<_>>().join(" ");
        match text.char_indices().nth(300) {
            Some((at, _)) => format!("{}…", &text[..at]),
            None => text,
        }
    }

    /// The answer itself if it is a 2xx with data. `error_text` finds the server's error text in the body of another one,
    /// whose beginning is quoted otherwise.
    ///
    /// # Errors
    /// By its status.
    pub(crate) fn checked(
        self,
        address: &str,
        error_text: impl Fn(&Response) -> Option<String>,
    ) -> Result<Self, Failure> {
        if self.is_success() && !self.is_html() && !self.is_empty() {
            return Ok(self);
        }
        let text = if self.is_html() {
            None
        } else {
            error_text(&self).or_else(|| Some(self.excerpt()).filter(|t| !t.is_empty()))
        };
        let said = text.as_ref().map(|text| format!(": {text}")).unwrap_or_default();
        let status = self.status;
        let failure = |kind, message: String| Failure::new(kind, message).answered(status, text.clone());
        Err(match status {
            200..300 | 304 if self.is_empty() => {
                failure(FailureKind::Malformed, format!("{address} sent an empty answer (HTTP {status})"))
                    .with_actions(Advice::CheckProxyOrCache)
            }
            200..300 => html_page(address, &page_title(&self.body).unwrap_or_default()),
            413 | 414 | 431 => failure(
                FailureKind::Rejected,
                format!("{address} says that the query is too long (HTTP {status}){said}"),
            )
            .with_actions(Advice::FewerKeysOrServerLimit),
            300..400 => failure(
                FailureKind::ActionNeeded,
                format!("{address} redirects to another place, or in a circle; it was not followed"),
            )
            .with_actions(Advice::NameFinalAddressOrSignIn),
            401 if said.contains("no org id") => {
                failure(FailureKind::ActionNeeded, format!("{address} wants a tenant{said}"))
                    .with_actions([Action::Configure(ConfigItem::Tenant)])
            }
            407 => failure(
                FailureKind::ActionNeeded,
                format!("the proxy before {address} wants to know who is asking (HTTP 407)"),
            )
            .with_actions(Advice::SetProxyCredentials),
            401 | 403 => failure(FailureKind::ActionNeeded, format!("{address} refuses access (HTTP {status}){said}"))
                .with_actions([Action::Configure(ConfigItem::Credentials)]),
            404 | 410 => failure(FailureKind::NoSuchApi, format!("no such API at {address} (HTTP {status})"))
                .with_actions(Advice::CheckBasePath),
            400..500 if !matches!(status, 408 | 429) => {
                failure(FailureKind::Rejected, format!("{address} refused the question (HTTP {status}){said}"))
            }
            _ => failure(FailureKind::Unreachable, format!("{address} failed (HTTP {status}){said}")),
        })
    }
}

/// The text as a string literal of LogQL or PromQL. All escapes of JSON are valid there.
pub fn quoted(text: &str) -> String {
    serde_json::to_string(text).unwrap_or_else(|_| "\"\"".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn any_text_is_one_literal() {
        assert_eq!(quoted("a\"b\\c`d{e}\n"), "\"a\\\"b\\\\c`d{e}\\n\"");
        assert_eq!(quoted(""), "\"\"");
    }

    fn answer(status: u16, body: &str) -> Response {
        Response { status, date: None, after: Duration::ZERO, body: body.as_bytes().to_vec() }
    }

    #[test]
    fn a_request_always_has_the_same_line() {
        let get = Request::get(&["api", "a b/ü"]);
        assert_eq!(get.to_line(), "GET /api/a+b%2F%C3%BC");
        assert_eq!(
            (get.encoded_parameters(), get.clone().with("q", "a&b=c d").encoded_parameters()),
            (String::new(), "q=a%26b%3Dc+d".into())
        );
        assert_eq!(get.with("q", 1).with("r", "").to_line(), "GET /api/a+b%2F%C3%BC?q=1&r=");
        assert_eq!(Request::post(&["x"]).with("q", "ä").to_line(), "POST /x?q=%C3%A4");
    }

    #[test]
    fn html_is_not_data_and_white_space_is_empty() {
        let table = [
            ("<html>", true, false),
            (" \n<", true, false),
            ("\u{feff}<", true, false),
            ("{\"a\":\"<\"}", false, false),
            ("", false, true),
            (" \r\n", false, true),
        ];
        for (body, page, empty) in table {
            assert_eq!((answer(200, body).is_html(), answer(200, body).is_empty()), (page, empty), "{body:?}");
        }
        for (status, success) in [(199, false), (200, true), (299, true), (300, false)] {
            assert_eq!(answer(status, "x").is_success(), success);
        }
        assert_eq!(answer(500, " a\n  b ").excerpt(), "a b");
        assert_eq!(answer(500, &"x".repeat(300)).excerpt(), "x".repeat(300));
        assert_eq!(answer(500, &"x".repeat(301)).excerpt(), format!("{}…", "x".repeat(300)));
    }

    #[test]
    fn every_status_has_its_kind_and_message() {
        let table = [
            (200, "", FailureKind::Malformed, "sent an empty answer"),
            (304, "", FailureKind::Malformed, "sent an empty answer"),
            (304, "x", FailureKind::ActionNeeded, "redirects"),
            (302, "", FailureKind::ActionNeeded, "redirects"),
            (400, "why", FailureKind::Rejected, "refused the question (HTTP 400): why"),
            (401, "no org id", FailureKind::ActionNeeded, "wants a tenant: no org id"),
            (401, "no", FailureKind::ActionNeeded, "refuses access (HTTP 401): no"),
            (403, "", FailureKind::ActionNeeded, "refuses access (HTTP 403)"),
            (404, "", FailureKind::NoSuchApi, "no such API"),
            (407, "", FailureKind::ActionNeeded, "the proxy before"),
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
        assert_eq!(signs_in, html_page("http://h", "Sign in"), "a page is not data");
        assert!(answer(204, "{}").checked("http://h", |_| None).is_ok());
        let failure = answer(500, "raw").checked("http://h", |_| Some("told".into())).unwrap_err();
        assert_eq!(failure.message, "http://h failed (HTTP 500): told");
    }
}
