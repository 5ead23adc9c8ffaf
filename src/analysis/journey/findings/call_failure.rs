//! What a failed call says of the other side.

use crate::model::span::Span;

/// What became of a call, as far as its own error tells.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum CallFailure {
    /// It does not tell.
    Untold,
    /// Somebody answered, with an error.
    Answered,
    /// Nobody answered in time, or the connection broke.
    Late,
    /// Nobody is there.
    Down,
}

const DOWN: [&str; 19] = [
    "connection refused",
    "econnrefused",
    "actively refused",
    "no route to host",
    "host is unreachable",
    "host unreachable",
    "network is unreachable",
    "ehostunreach",
    "name or service not known",
    "getaddrinfo",
    "enotfound",
    "no such host",
    "could not resolve",
    "name resolution",
    "unknownhost",
    "unknown host",
    "nxdomain",
    "cannot connect to host",
    "unavailable",
];

const LATE: [&str; 10] = [
    "deadline",
    "timeout",
    "timed out",
    "timedout",
    "cancel",
    "connection reset",
    "econnreset",
    "broken pipe",
    "hang up",
    "unexpected eof",
];

impl CallFailure {
    /// Of this span.
    pub fn classify(span: &Span) -> Self {
        let code = span.attributes.first(&["rpc.response.status_code", "rpc.grpc.status_code", "rpc.status_code"]);
        let code = code.map(|c| c.to_string().to_ascii_uppercase()).unwrap_or_default();
        match (span.http_status(), code.as_str()) {
            (Some(504), _) | (_, "1" | "4" | "CANCELLED" | "DEADLINE_EXCEEDED") => return Self::Late,
            (Some(status), _) if status >= 400 => return Self::Answered,
            (_, "14" | "UNAVAILABLE") => return Self::Down,
            (_, "" | "0" | "2" | "OK" | "UNKNOWN") => {}
            _ => return Self::Answered,
        }
        let mut text = span.error_text();
        text.push(' ');
        text.push_str(&span.status.message);
        text.push_str(span.attributes.text(&["error.type", "exception.type"]).unwrap_or_default());
        let text = text.to_ascii_lowercase();
        let says = |words: &[&str]| words.iter().any(|word| text.contains(word));
        match () {
            () if says(&DOWN) => Self::Down,
            () if says(&LATE) => Self::Late,
            () => Self::Untold,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::analysis::journey::sketch;

    #[test]
    fn an_error_tells_what_became_of_the_call() {
        let table = [
            ("a/b 0..1 client error: Cannot connect to host x:8001 [Connection refused]", CallFailure::Down),
            ("a/b 0..1 client rpc.grpc.status_code=14 error", CallFailure::Down),
            ("a/b 0..1 client error: getaddrinfo ENOTFOUND x", CallFailure::Down),
            ("a/b 0..1 client error: context deadline exceeded", CallFailure::Late),
            ("a/b 0..1 client http.status_code=504 error", CallFailure::Late),
            ("a/b 0..1 client http.status_code=503 error: Service Unavailable", CallFailure::Answered),
            ("a/b 0..1 client rpc.grpc.status_code=5 error", CallFailure::Answered),
            ("a/b 0..1 client error: boom", CallFailure::Untold),
        ];
        for (text, wanted) in table {
            assert_eq!(CallFailure::classify(&sketch::journey(text).spans[0]), wanted, "{text}");
        }
    }
}
