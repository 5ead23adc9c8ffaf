//! What a failed call shows of the other side.

use crate::model::finding::CallFailure;
use crate::model::span::Span;

/// What the messages of common runtimes and libraries say where the other side could not be reached.
const UNREACHABLE: [&str; 19] = [
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

/// And where it did not answer in time, or the connection broke.
const TIMED_OUT: [&str; 10] = [
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

/// What the error of a span shows: by its status code, or, where that is a general one, by its message.
pub(super) fn classify(span: &Span) -> CallFailure {
    let code = span.attributes.first(&["rpc.response.status_code", "rpc.grpc.status_code", "rpc.status_code"]);
    let code = code.map(|c| c.to_string().to_ascii_uppercase()).unwrap_or_default();
    match (span.http_status(), code.as_str()) {
        (Some(504), _) | (_, "1" | "4" | "CANCELLED" | "DEADLINE_EXCEEDED") => return CallFailure::TimedOut,
        (Some(status), _) if status >= 400 => return CallFailure::Answered,
        (_, "14" | "UNAVAILABLE") => return CallFailure::Unreachable,
        (_, "" | "0" | "2" | "OK" | "UNKNOWN") => {}
        _ => return CallFailure::Answered,
    }
    let mut text = span.error_text();
    text.push(' ');
    text.push_str(&span.status.message);
    text.push_str(span.attributes.text(&["error.type", "exception.type"]).unwrap_or_default());
    let text = text.to_ascii_lowercase();
    let says = |phrases: &[&str]| phrases.iter().any(|phrase| text.contains(phrase));
    match () {
        () if says(&UNREACHABLE) => CallFailure::Unreachable,
        () if says(&TIMED_OUT) => CallFailure::TimedOut,
        () => CallFailure::Unknown,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::analysis::journey::sketch;

    #[test]
    fn an_error_shows_what_became_of_the_call() {
        let table = [
            ("a/b 0..1 client error: Cannot connect to host x:8001 [Connection refused]", CallFailure::Unreachable),
            ("a/b 0..1 client rpc.grpc.status_code=14 error", CallFailure::Unreachable),
            ("a/b 0..1 client error: getaddrinfo ENOTFOUND x", CallFailure::Unreachable),
            ("a/b 0..1 client error: context deadline exceeded", CallFailure::TimedOut),
            ("a/b 0..1 client http.status_code=504 error", CallFailure::TimedOut),
            ("a/b 0..1 client http.status_code=503 error: Service Unavailable", CallFailure::Answered),
            ("a/b 0..1 client rpc.grpc.status_code=5 error", CallFailure::Answered),
            ("a/b 0..1 client error: boom", CallFailure::Unknown),
        ];
        for (text, failure) in table {
            assert_eq!(classify(&sketch::journey(text).spans[0]), failure, "{text}");
        }
    }
}
