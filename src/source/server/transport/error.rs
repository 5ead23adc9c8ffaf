//! Errors of a request, with a message for each cause that a user can act on.

use std::error::Error as StdError;
use std::io::{self, ErrorKind};
use std::time::Duration;

use super::limits::Limits;
use super::retry::Retry;
use crate::model::advice::Advice;
use crate::model::time::Human;
use crate::source::failure::{Failure, FailureKind};

/// A failed attempt.
#[derive(Clone, Debug)]
pub(super) struct TransportError {
    /// The failure after the last attempt.
    pub(super) failure: Failure,
    /// Whether another attempt may succeed.
    pub(super) retry: Retry,
    /// Whether it took all the time that one answer may take.
    pub(super) timed_out: bool,
}

impl TransportError {
    /// An error that another attempt would only repeat.
    pub(super) fn permanent(failure: Failure) -> Self {
        Self { failure, retry: Retry::Never, timed_out: false }
    }

    fn new(kind: FailureKind, message: String, retry: Retry) -> Self {
        Self { failure: Failure::new(kind, message), retry, timed_out: false }
    }

    fn summarized(mut self, summary: String) -> Self {
        self.failure.summary = Some(summary);
        self
    }

    fn advise(mut self, advice: Advice) -> Self {
        self.failure = self.failure.with_actions(advice);
        self
    }
}

impl From<Failure> for TransportError {
    fn from(failure: Failure) -> Self {
        Self::permanent(failure)
    }
}

/// How far a request had come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum RequestStage {
    /// Nothing of the answer had arrived.
    AwaitingResponse,
    /// The head and this many bytes of the body had arrived.
    ReadingBody(usize),
}

/// No answer in the time that one answer may take. Not retried: that would use up the time of the whole command.
pub(super) fn answer_timeout(address: &str, what: &str, limit: Duration) -> TransportError {
    let failure = Failure::new(FailureKind::Unreachable, format!("{address}: {what} within {}", Human::from(limit)))
        .with_actions(Advice::CheckLoadForOneAnswer);
    TransportError { timed_out: true, ..TransportError::permanent(failure) }
}

/// The error for an error of the HTTP client. `proxy` is the proxy that was used, if any.
pub(super) fn from_reqwest(
    address: &str,
    error: &reqwest::Error,
    limits: &Limits,
    stage: RequestStage,
    proxy: Option<&str>,
) -> TransportError {
    let to = match proxy {
        Some(proxy) => format!("{address} through the proxy {proxy}"),
        None => address.to_owned(),
    };
    if error.is_timeout() {
        return connect_timeout(&to, limits);
    }
    if let Some(error) = proxy_tunnel_error(address, error, proxy).or_else(|| tls_error(&to, error)) {
        return error;
    }
    if find_cause::<hyper::Error>(error).is_some_and(hyper::Error::is_parse) {
        let cause = root_cause(error);
        // The client says so only in words.
        let is_header_flood = cause.contains("too large");
        let what = if is_header_flood { "sent more headers than anyone reads" } else { "does not speak HTTP" };
        return TransportError::permanent(
            Failure::new(FailureKind::Malformed, format!("{to} {what}: {cause}")).with_actions(Advice::CheckPort),
        );
    }
    if error.is_connect() {
        return connect_error(&to, address, error, proxy);
    }
    connection_lost(&to, error, stage)
}

/// No connection in time. Not retried if that takes half of the time for all requests.
fn connect_timeout(to: &str, limits: &Limits) -> TransportError {
    let retry = if limits.connect * 2 < limits.total { Retry::Allowed } else { Retry::Never };
    let message = format!("{to}: no connection within {}", Human::from(limits.connect));
    TransportError::new(FailureKind::Unreachable, message, retry).advise(Advice::CheckAddressAndFirewall)
}

/// The connection could not be established.
fn connect_error(to: &str, address: &str, error: &reqwest::Error, proxy: Option<&str>) -> TransportError {
    let cause = root_cause(error);
    if let Some(cause) = dns_failure(error) {
        let host = host(proxy.map_or(address, |proxy| proxy));
        let retry = if is_temporary_dns_failure(&cause) { Retry::Allowed } else { Retry::Never };
        return TransportError::new(FailureKind::Absent, format!("cannot resolve {host}: {cause}"), retry)
            .advise(Advice::CheckNameAndDns);
    }
    let retry = match find_cause::<io::Error>(error).map(io::Error::kind) {
        Some(ErrorKind::NetworkUnreachable | ErrorKind::HostUnreachable | ErrorKind::AddrNotAvailable) => Retry::Never,
        _ => Retry::Allowed,
    };
    let advice = if proxy.is_some() { Advice::CheckProxyAddress } else { Advice::CheckRunningAndAddress };
    let summary = format!("cannot connect to {to}: {}", without_os_code(&cause));
    TransportError::new(FailureKind::Absent, format!("cannot connect to {to}: {cause}"), retry)
        .summarized(summary)
        .advise(advice)
}

/// The connection was established and failed later.
fn connection_lost(to: &str, error: &reqwest::Error, stage: RequestStage) -> TransportError {
    let cause = reworded(&root_cause(error));
    match stage {
        RequestStage::AwaitingResponse => {
            TransportError::new(FailureKind::Unreachable, format!("{to}: {cause}"), Retry::Allowed)
                .summarized(format!("{to}: {}", without_os_code(&cause)))
        }
        RequestStage::ReadingBody(bytes) if error.is_decode() && find_cause::<hyper::Error>(error).is_none() => {
            let summary = format!("{to} sent an answer that cannot be unpacked: {cause}");
            let details = format!("after {bytes} bytes");
            TransportError::permanent(Failure::with_details(FailureKind::Malformed, summary, &details))
        }
        RequestStage::ReadingBody(bytes) => {
            let details = format!("after {bytes} bytes");
            let failure = Failure::with_details(FailureKind::Unreachable, format!("{to}: {cause}"), &details);
            TransportError { failure, retry: Retry::Once, timed_out: false }
        }
    }
}

/// The proxy did not open a tunnel to the server; none if that is not the error.
fn proxy_tunnel_error(address: &str, error: &reqwest::Error, proxy: Option<&str>) -> Option<TransportError> {
    let proxy = proxy?;
    let mut causes = causes(error).map(ToString::to_string);
    let (kind, what, retry, advice) =
        causes.find_map(|cause| proxy_tunnel_message(cause.strip_prefix("tunnel error: ")?))?;
    let details = format!("on the way to {address}");
    let failure = Failure::with_details(kind, format!("the proxy {proxy} {what}"), &details);
    Some(TransportError { failure, retry, timed_out: false }.advise(advice))
}

/// For the client's message about a tunnel that did not open: the kind of failure, what the proxy did, whether to retry,
/// and advice. The client has no type for it.
fn proxy_tunnel_message(cause: &str) -> Option<(FailureKind, &'static str, Retry, Advice)> {
    match cause {
        "proxy authorization required" => Some((
            FailureKind::ActionNeeded,
            "wants to know who is asking (HTTP 407)",
            Retry::Never,
            Advice::SetTunnelCredentials,
        )),
        "unsuccessful" | "proxy response headers too long" => {
            Some((FailureKind::Unreachable, "refused to connect", Retry::Never, Advice::CheckProxyPermission))
        }
        "unexpected end of file" | "io error establishing tunnel" => {
            Some((FailureKind::Unreachable, "broke off", Retry::Allowed, Advice::CheckProxyHealth))
        }
        _ => None,
    }
}

/// TLS failed; none if that is not the error. Another attempt would fail the same way.
fn tls_error(address: &str, error: &reqwest::Error) -> Option<TransportError> {
    let (message, advice) = tls_message(find_cause::<rustls::Error>(error)?);
    let failure = Failure::new(FailureKind::ActionNeeded, format!("{address}: {message}")).with_actions(advice);
    Some(TransportError::permanent(failure))
}

/// What is wrong, and advice.
fn tls_message(error: &rustls::Error) -> (String, Advice) {
    use rustls::{AlertDescription as Alert, CertificateError as Bad, Error};
    let fixed = |text: &str, advice| (text.to_owned(), advice);
    match error {
        Error::InvalidCertificate(bad) => match bad {
            Bad::Expired | Bad::ExpiredContext { .. } => {
                fixed("its certificate has expired", Advice::RenewCertificateOrSetClock)
            }
            Bad::NotValidYet | Bad::NotValidYetContext { .. } => {
                fixed("its certificate is not valid yet", Advice::RenewCertificateOrSetClock)
            }
            Bad::Other(other) if other.0.is::<SelfSigned>() => {
                fixed("its certificate is self-signed", Advice::TrustAuthority)
            }
            Bad::Other(other) if other.0.is::<CaAsServer>() => fixed(
                "its certificate is a CA's, which may not stand for a server, even if the CA is trusted",
                Advice::ServerCertificateOfItsOwn,
            ),
            Bad::UnknownIssuer | Bad::BadSignature => {
                fixed("its certificate comes from an unknown CA", Advice::TrustAuthority)
            }
            Bad::NotValidForName | Bad::NotValidForNameContext { .. } => {
                fixed("its certificate is for another host name", Advice::UseCertificateName)
            }
            Bad::Revoked => fixed("its certificate was revoked", Advice::AskOperator),
            other => (format!("its certificate is not accepted: {other}").to_lowercase(), Advice::TrustAuthority),
        },
        Error::AlertReceived(Alert::CertificateRequired) => {
            fixed("it wants a client certificate", Advice::NameClientCertificate)
        }
        Error::AlertReceived(Alert::ProtocolVersion) | Error::PeerIncompatible(_) => {
            fixed("it only speaks a TLS too old to be safe", Advice::ServerNeedsNewerTls)
        }
        Error::AlertReceived(alert @ (Alert::UnknownCA | Alert::BadCertificate | Alert::CertificateUnknown)) => (
            format!("it does not accept the client certificate ({alert:?})").to_lowercase(),
            Advice::NameClientCertificate,
        ),
        Error::AlertReceived(Alert::HandshakeFailure) => {
            fixed("it refused the TLS handshake", Advice::NameClientCertificate)
        }
        Error::InvalidMessage(_) => fixed("it does not speak TLS at all", Advice::CheckSchemeAndPort),
        other => (format!("TLS failed: {}", other.to_string().to_lowercase()), Advice::CheckCertificate),
    }
}

/// Verification failed because the certificate is its own issuer.
#[derive(Debug, thiserror::Error)]
#[error("self-signed")]
pub(super) struct SelfSigned;

/// Verification failed because a server uses the certificate of a CA as its own.
#[derive(Debug, thiserror::Error)]
#[error("a CA's")]
pub(super) struct CaAsServer;

/// The causes of an error, outermost first, including those that an I/O error wraps without naming them as its source.
fn causes(error: &reqwest::Error) -> impl Iterator<Item = &(dyn StdError + 'static)> {
    let first: &(dyn StdError + 'static) = error;
    std::iter::successors(first.source(), |&cause| next_cause(cause))
}

fn next_cause<'a>(cause: &'a (dyn StdError + 'static)) -> Option<&'a (dyn StdError + 'static)> {
    match cause.downcast_ref::<io::Error>().and_then(io::Error::get_ref) {
        Some(inner) => Some(inner),
        None => cause.source(),
    }
}

fn find_cause<T: StdError + 'static>(error: &reqwest::Error) -> Option<&T> {
    causes(error).find_map(|cause| cause.downcast_ref())
}

/// The message of the innermost cause. Outer ones may show the URL with secrets.
pub(super) fn root_cause(error: &reqwest::Error) -> String {
    let text = causes(error).last().map(|cause| cause.to_string().to_lowercase());
    text.filter(|text| !text.is_empty()).unwrap_or_else(|| "the request failed".to_owned())
}

/// The operating system's text of an error without the number after it.
fn without_os_code(cause: &str) -> &str {
    cause.split_once(" (os error ").map_or(cause, |(text, _)| text)
}

/// A message of the HTTP client in plain words.
fn reworded(cause: &str) -> String {
    let text = match cause {
        c if c.contains("before message completed") => "the connection was closed before an answer came",
        c if c.contains("end of file before message length") => "the answer ended before its end",
        c if c.contains("unexpected eof during chunk") => "the answer ended before its end",
        c => c,
    };
    text.to_owned()
}

/// Why the host name was not resolved; none if that is not the error.
fn dns_failure(error: &reqwest::Error) -> Option<String> {
    let is_dns = causes(error).any(|cause| {
        let text = cause.to_string();
        text == "dns error" || text.starts_with("failed to lookup address information")
    });
    is_dns.then(|| {
        let cause = root_cause(error);
        cause.trim_start_matches("failed to lookup address information: ").to_owned()
    })
}

/// Whether the resolver itself failed, rather than finding no such name.
fn is_temporary_dns_failure(cause: &str) -> bool {
    ["temporary", "try again", "timed out"].iter().any(|word| cause.contains(word))
}

fn host(address: &str) -> String {
    let host = url::Url::parse(address).ok().and_then(|url| url.host_str().map(str::to_owned));
    host.unwrap_or_else(|| address.to_owned())
}

#[cfg(test)]
mod tests {
    use rustls::{
        AlertDescription as Alert, CertificateError as Bad, Error, InvalidMessage, OtherError, PeerIncompatible,
    };

    use super::*;

    #[test]
    fn a_connect_timeout_of_half_the_time_is_not_retried() {
        let table = [(3_000, 6_001, Retry::Allowed), (3_000, 6_000, Retry::Never), (3_000, 5_000, Retry::Never)];
        for (connect, total, retry) in table {
            let [connect, total] = [connect, total].map(Duration::from_millis);
            let error = connect_timeout("http://h", &Limits { total, connect, ..Limits::default() });
            assert_eq!((error.retry, error.timed_out), (retry, false));
            assert_eq!(error.failure.message, "http://h: no connection within 3.00 s");
            assert_eq!(error.failure.actions, Vec::from(Advice::CheckAddressAndFirewall));
        }
        let late = answer_timeout("http://h", "no answer", Duration::from_secs(15));
        assert_eq!((late.retry, late.timed_out), (Retry::Never, true));
        assert_eq!(late.failure.message, "http://h: no answer within 15.0 s");
    }

    #[test]
    fn each_failure_of_a_proxy_tunnel_has_its_message() {
        let table = [
            (
                "proxy authorization required",
                Some((FailureKind::ActionNeeded, "HTTP 407", Retry::Never, Advice::SetTunnelCredentials)),
            ),
            ("unsuccessful", Some((FailureKind::Unreachable, "refused", Retry::Never, Advice::CheckProxyPermission))),
            (
                "proxy response headers too long",
                Some((FailureKind::Unreachable, "refused", Retry::Never, Advice::CheckProxyPermission)),
            ),
            (
                "unexpected end of file",
                Some((FailureKind::Unreachable, "broke off", Retry::Allowed, Advice::CheckProxyHealth)),
            ),
            (
                "io error establishing tunnel",
                Some((FailureKind::Unreachable, "broke off", Retry::Allowed, Advice::CheckProxyHealth)),
            ),
            ("something new", None),
        ];
        for (cause, expected) in table {
            let found = proxy_tunnel_message(cause);
            let what = found.as_ref().map_or("", |(_, what, ..)| what);
            let has = expected.as_ref().map_or("", |(_, has, ..)| has);
            assert!(what.contains(has), "{cause}: {what}");
            let without_text = |(kind, _, retry, advice)| (kind, retry, advice);
            assert_eq!(found.map(without_text), expected.map(without_text));
        }
    }

    #[test]
    fn each_tls_error_has_its_message() {
        let bad = Error::InvalidCertificate;
        let other = |why: std::sync::Arc<dyn StdError + Send + Sync>| bad(Bad::Other(OtherError(why)));
        let alert = Error::AlertReceived;
        let table = [
            (bad(Bad::Expired), "its certificate has expired", Advice::RenewCertificateOrSetClock),
            (bad(Bad::NotValidYet), "its certificate is not valid yet", Advice::RenewCertificateOrSetClock),
            (other(std::sync::Arc::new(SelfSigned)), "its certificate is self-signed", Advice::TrustAuthority),
            (other(std::sync::Arc::new(CaAsServer)), "its certificate is a CA's,", Advice::ServerCertificateOfItsOwn),
            (other(std::sync::Arc::new(std::fmt::Error)), "its certificate is not accepted: ", Advice::TrustAuthority),
            (bad(Bad::UnknownIssuer), "its certificate comes from an unknown CA", Advice::TrustAuthority),
            (bad(Bad::BadSignature), "its certificate comes from an unknown CA", Advice::TrustAuthority),
            (bad(Bad::NotValidForName), "its certificate is for another host name", Advice::UseCertificateName),
            (bad(Bad::Revoked), "its certificate was revoked", Advice::AskOperator),
            (bad(Bad::BadEncoding), "its certificate is not accepted: badencoding", Advice::TrustAuthority),
            (alert(Alert::CertificateRequired), "it wants a client certificate", Advice::NameClientCertificate),
            (alert(Alert::ProtocolVersion), "it only speaks a TLS too old", Advice::ServerNeedsNewerTls),
            (
                Error::PeerIncompatible(PeerIncompatible::Tls12NotOffered),
                "it only speaks a TLS too old",
                Advice::ServerNeedsNewerTls,
            ),
            (
                alert(Alert::UnknownCA),
                "it does not accept the client certificate (unknownca)",
                Advice::NameClientCertificate,
            ),
            (
                alert(Alert::BadCertificate),
                "it does not accept the client certificate (badcert",
                Advice::NameClientCertificate,
            ),
            (
                alert(Alert::CertificateUnknown),
                "it does not accept the client certificate (certif",
                Advice::NameClientCertificate,
            ),
            (alert(Alert::HandshakeFailure), "it refused the TLS handshake", Advice::NameClientCertificate),
            (
                Error::InvalidMessage(InvalidMessage::InvalidCcs),
                "it does not speak TLS at all",
                Advice::CheckSchemeAndPort,
            ),
            (alert(Alert::InternalError), "TLS failed: received fatal alert: ", Advice::CheckCertificate),
        ];
        for (error, start, expected) in table {
            let (message, advice) = tls_message(&error);
            assert!(message.starts_with(start), "{error:?}: {message}");
            assert_eq!(advice, expected, "{error:?}");
        }
    }

    #[test]
    fn messages_of_the_http_client_are_reworded() {
        let table = [
            ("connection closed before message completed", "the connection was closed before an answer came"),
            ("end of file before message length reached", "the answer ended before its end"),
            ("unexpected eof during chunk size line", "the answer ended before its end"),
            ("connection reset by peer (os error 104)", "connection reset by peer (os error 104)"),
        ];
        for (cause, text) in table {
            assert_eq!(reworded(cause), text);
        }
        for (cause, temporary) in [
            ("temporary failure in name resolution", true),
            ("try again", true),
            ("request timed out", true),
            ("name or service not known", false),
        ] {
            assert_eq!(is_temporary_dns_failure(cause), temporary, "{cause}");
        }
        for (address, name) in [("http://loki.example:80/x", "loki.example"), ("no address", "no address")] {
            assert_eq!(host(address), name);
        }
    }
}
