//! What went wrong on the way, in a sentence: one each for what a person can tell apart.

use std::error::Error as StdError;
use std::io::{self, ErrorKind};
use std::time::Duration;

use super::Limits;
use super::retry::Again;
use crate::model::time::Human;
use crate::source::failure::{Failure, FailureKind};

/// A failure, and whether it may be different next time.
#[derive(Clone, Debug)]
pub struct TransportError {
    /// What to say.
    pub failure: Failure,
    /// Whether to try again.
    pub again: Again,
    /// Whether it cost as much time as one answer may.
    pub hung: bool,
}

impl TransportError {
    /// A failure that would only repeat itself.
    pub fn lasting(failure: Failure) -> Self {
        Self { failure, again: Again::Never, hung: false }
    }

    fn passing(kind: FailureKind, message: String, again: Again) -> Self {
        Self { failure: Failure::new(kind, message), again, hung: false }
    }

    fn hint(mut self, hint: &str) -> Self {
        self.failure = self.failure.hint(hint);
        self
    }
}

impl From<Failure> for TransportError {
    fn from(failure: Failure) -> Self {
        Self::lasting(failure)
    }
}

/// Where the request was on its way.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RequestStage {
    /// Nothing came yet.
    Asking,
    /// So many bytes of the body had come.
    Reading(usize),
}

/// Half of the time is gone: there is none to try again.
pub fn too_late(address: &str, what: &str, limit: Duration) -> TransportError {
    let failure = Failure::new(FailureKind::Unreachable, format!("{address}: {what} within {}", Human::from(limit)))
        .hint("the server is overloaded or stuck; one answer may take half of --timeout");
    TransportError { hung: true, ..TransportError::lasting(failure) }
}

/// What an error means. `proxy` is the place that stood between, where one did.
pub fn explain(
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
        return unconnected(&to, limits);
    }
    if let Some(trouble) = tunnel(address, error, proxy).or_else(|| secure(&to, error)) {
        return trouble;
    }
    if find::<hyper::Error>(error).is_some_and(hyper::Error::is_parse) {
        let cause = deepest(error);
        let is_flood = cause.contains("too large");
        let what = if is_flood { "sent more headers than anyone reads" } else { "does not speak HTTP" };
        return TransportError::lasting(
            Failure::new(FailureKind::Malformed, format!("{to} {what}: {cause}"))
                .hint("does something else listen there? check the port"),
        );
    }
    if error.is_connect() {
        return connecting(&to, address, error, proxy);
    }
    lost(&to, error, stage)
}

/// No connection came about in time; where that took half of all the time, there is none to try again.
fn unconnected(to: &str, limits: &Limits) -> TransportError {
    let again = if limits.connect * 2 < limits.total { Again::Often } else { Again::Never };
    let message = format!("{to}: no connection within {}", Human::from(limits.connect));
    TransportError::passing(FailureKind::Unreachable, message, again)
        .hint("is the address right, and does a firewall swallow it? see --connect-timeout")
}

/// No connection came about.
fn connecting(to: &str, address: &str, error: &reqwest::Error, proxy: Option<&str>) -> TransportError {
    let cause = deepest(error);
    if let Some(cause) = unresolved(error) {
        let host = host(proxy.map_or(address, |proxy| proxy));
        let again = if is_temporary(&cause) { Again::Often } else { Again::Never };
        return TransportError::passing(FailureKind::Absent, format!("cannot resolve {host}: {cause}"), again)
            .hint("is the name right, and does this machine's DNS know it?");
    }
    let again = match find::<io::Error>(error).map(io::Error::kind) {
        Some(ErrorKind::NetworkUnreachable | ErrorKind::HostUnreachable | ErrorKind::AddrNotAvailable) => Again::Never,
        _ => Again::Often,
    };
    let hint = if proxy.is_some() {
        "is the proxy of the environment right?"
    } else {
        "is it running, and is this its address?"
    };
    TransportError::passing(FailureKind::Absent, format!("cannot connect to {to}: {cause}"), again).hint(hint)
}

/// The connection was there, and is no more.
fn lost(to: &str, error: &reqwest::Error, stage: RequestStage) -> TransportError {
    let cause = plain(&deepest(error));
    match stage {
        RequestStage::Asking => {
            TransportError::passing(FailureKind::Unreachable, format!("{to}: {cause}"), Again::Often)
        }
        RequestStage::Reading(bytes) if error.is_decode() && find::<hyper::Error>(error).is_none() => {
            TransportError::lasting(Failure::new(
                FailureKind::Malformed,
                format!("{to} sent an answer that cannot be unpacked: {cause} (after {bytes} bytes)"),
            ))
        }
        RequestStage::Reading(bytes) => {
            let message = format!("{to}: {cause} (after {bytes} bytes)");
            TransportError::passing(FailureKind::Unreachable, message, Again::Once)
        }
    }
}

/// What the proxy did instead of opening a way to the server.
fn tunnel(address: &str, error: &reqwest::Error, proxy: Option<&str>) -> Option<TransportError> {
    let proxy = proxy?;
    let mut told = chain(error).map(ToString::to_string);
    let (kind, what, again, hint) = told.find_map(|text| tunnel_sentence(text.strip_prefix("tunnel error: ")?))?;
    let message = format!("the proxy {proxy} {what} (on the way to {address})");
    Some(TransportError::passing(kind, message, again).hint(hint))
}

/// What the library says of a tunnel that did not open: its kind, what the proxy did, whether to try again, a hint.
fn tunnel_sentence(told: &str) -> Option<(FailureKind, &'static str, Again, &'static str)> {
    match told {
        "proxy authorization required" => Some((
            FailureKind::MustAct,
            "wants to know who is asking (HTTP 407)",
            Again::Never,
            "put the proxy's user name and password into HTTPS_PROXY, or name the host in NO_PROXY",
        )),
        "unsuccessful" | "proxy response headers too long" => Some((
            FailureKind::Unreachable,
            "refused to connect",
            Again::Never,
            "may it connect there? else name the host in NO_PROXY",
        )),
        "unexpected end of file" | "io error establishing tunnel" => {
            Some((FailureKind::Unreachable, "broke off", Again::Often, "is the proxy of the environment well?"))
        }
        _ => None,
    }
}

/// TLS in one sentence for each thing that can be wrong. Nothing of it is different next time.
fn secure(address: &str, error: &reqwest::Error) -> Option<TransportError> {
    let lasting = |what: String, hint: &str| {
        Some(TransportError::lasting(Failure::new(FailureKind::MustAct, format!("{address}: {what}")).hint(hint)))
    };
    let error = find::<rustls::Error>(error)?;
    let (what, hint) = tls_sentence(error);
    lasting(what, hint)
}

fn tls_sentence(error: &rustls::Error) -> (String, &'static str) {
    use rustls::{AlertDescription as Alert, CertificateError as Bad, Error};
    const CLOCK: &str = "renew it, or is this machine's clock wrong?";
    const ROOTS: &str = "name its CA: --ca-cert, `tls = { ca = … }` in the profile, or the system's roots";
    let fixed = |text: &str, hint| (text.to_owned(), hint);
    match error {
        Error::InvalidCertificate(bad) => match bad {
            Bad::Expired | Bad::ExpiredContext { .. } => fixed("its certificate has expired", CLOCK),
            Bad::NotValidYet | Bad::NotValidYetContext { .. } => fixed("its certificate is not valid yet", CLOCK),
            Bad::Other(other) if other.0.is::<SelfSigned>() => fixed("its certificate is self-signed", ROOTS),
            Bad::Other(other) if other.0.is::<Authority>() => fixed(
                "its certificate is a CA's, which may not stand for a server, even if the CA is trusted",
                "give the server one that the CA signed, or one with basicConstraints=CA:FALSE",
            ),
            Bad::UnknownIssuer | Bad::BadSignature => fixed("its certificate comes from an unknown CA", ROOTS),
            Bad::NotValidForName | Bad::NotValidForNameContext { .. } => {
                fixed("its certificate is for another host name", "use the name that the certificate has")
            }
            Bad::Revoked => fixed("its certificate was revoked", "ask whoever runs it"),
            other => (format!("its certificate is not accepted: {other}").to_lowercase(), ROOTS),
        },
        Error::AlertReceived(Alert::CertificateRequired) => fixed("it wants a client certificate", CLIENT),
        Error::AlertReceived(Alert::ProtocolVersion) | Error::PeerIncompatible(_) => {
            fixed("it only speaks a TLS too old to be safe", "it should speak TLS 1.2 or 1.3")
        }
        Error::AlertReceived(alert @ (Alert::UnknownCA | Alert::BadCertificate | Alert::CertificateUnknown)) => {
            (format!("it does not accept the client certificate ({alert:?})").to_lowercase(), CLIENT)
        }
        Error::AlertReceived(Alert::HandshakeFailure) => fixed("it refused the TLS handshake", CLIENT),
        Error::InvalidMessage(_) => {
            fixed("it does not speak TLS at all", "check the scheme and the port: should it be http://?")
        }
        other => {
            (format!("TLS failed: {}", other.to_string().to_lowercase()), "check the certificate and the host name")
        }
    }
}

const CLIENT: &str = "name one: `tls = { cert = …, key = … }` in the profile, or TRACE_<BACKEND>_CLIENT_CERT and _KEY";

/// A certificate that vouches for itself.
#[derive(Debug, thiserror::Error)]
#[error("self-signed")]
pub struct SelfSigned;

/// A certificate for signing others, used as a server's own.
#[derive(Debug, thiserror::Error)]
#[error("a CA's")]
pub struct Authority;

/// The causes of an error, outermost first. An I/O error hides its own: they are brought to light.
fn chain(error: &reqwest::Error) -> impl Iterator<Item = &(dyn StdError + 'static)> {
    let first: &(dyn StdError + 'static) = error;
    std::iter::successors(first.source(), |&cause| below(cause))
}

fn below<'a>(cause: &'a (dyn StdError + 'static)) -> Option<&'a (dyn StdError + 'static)> {
    match cause.downcast_ref::<io::Error>().and_then(io::Error::get_ref) {
        Some(inner) => Some(inner),
        None => cause.source(),
    }
}

fn find<T: StdError + 'static>(error: &reqwest::Error) -> Option<&T> {
    chain(error).find_map(|cause| cause.downcast_ref())
}

/// The innermost cause: the sentence that tells what really happened, and never an address with secrets.
pub fn deepest(error: &reqwest::Error) -> String {
    let text = chain(error).last().map(|cause| cause.to_string().to_lowercase());
    text.filter(|text| !text.is_empty()).unwrap_or_else(|| "the request failed".to_owned())
}

/// What the libraries say in the words of the trade.
fn plain(cause: &str) -> String {
    let said = match cause {
        c if c.contains("before message completed") => "the connection was closed before an answer came",
        c if c.contains("end of file before message length") => "the answer ended before its end",
        c if c.contains("unexpected eof during chunk") => "the answer ended before its end",
        c => c,
    };
    said.to_owned()
}

/// Why a name has no address; none if that was not it.
fn unresolved(error: &reqwest::Error) -> Option<String> {
    let is_it = chain(error).any(|cause| {
        let text = cause.to_string();
        text == "dns error" || text.starts_with("failed to lookup address information")
    });
    is_it.then(|| {
        let cause = deepest(error);
        cause.trim_start_matches("failed to lookup address information: ").to_owned()
    })
}

/// The resolver itself was in trouble, and does not know whether the name is there.
fn is_temporary(cause: &str) -> bool {
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
    fn half_of_the_time_is_too_much_to_wait_for_a_connection_twice() {
        let table = [(3_000, 6_001, Again::Often), (3_000, 6_000, Again::Never), (3_000, 5_000, Again::Never)];
        for (connect, total, again) in table {
            let [connect, total] = [connect, total].map(Duration::from_millis);
            let trouble = unconnected("http://h", &Limits { total, connect, ..Limits::default() });
            assert_eq!((trouble.again, trouble.hung), (again, false));
            assert_eq!(trouble.failure.message, "http://h: no connection within 3.00 s");
            assert!(trouble.failure.hint.contains("--connect-timeout"));
        }
        let late = too_late("http://h", "no answer", Duration::from_secs(15));
        assert_eq!((late.again, late.hung), (Again::Never, true));
        assert_eq!(late.failure.message, "http://h: no answer within 15.0 s");
    }

    #[test]
    fn a_proxy_that_opens_no_way_says_why() {
        let table = [
            ("proxy authorization required", Some((FailureKind::MustAct, "HTTP 407", Again::Never, "HTTPS_PROXY"))),
            ("unsuccessful", Some((FailureKind::Unreachable, "refused", Again::Never, "NO_PROXY"))),
            ("proxy response headers too long", Some((FailureKind::Unreachable, "refused", Again::Never, "NO_PROXY"))),
            ("unexpected end of file", Some((FailureKind::Unreachable, "broke off", Again::Often, "well?"))),
            ("io error establishing tunnel", Some((FailureKind::Unreachable, "broke off", Again::Often, "well?"))),
            ("something new", None),
        ];
        for (told, wanted) in table {
            let found = tunnel_sentence(told);
            assert_eq!(found.map(|(kind, _, again, _)| (kind, again)), wanted.map(|(kind, _, again, _)| (kind, again)));
            let (_, what, _, hint) = found.unwrap_or((FailureKind::Absent, "", Again::Never, ""));
            let (_, has, _, hints) = wanted.unwrap_or((FailureKind::Absent, "", Again::Never, ""));
            assert!(what.contains(has) && hint.contains(hints), "{told}: {what}; {hint}");
        }
    }

    #[test]
    fn each_thing_that_is_wrong_with_tls_has_its_sentence() {
        let bad = Error::InvalidCertificate;
        let other = |why: std::sync::Arc<dyn StdError + Send + Sync>| bad(Bad::Other(OtherError(why)));
        let said = Error::AlertReceived;
        let table = [
            (bad(Bad::Expired), "its certificate has expired", "clock"),
            (bad(Bad::NotValidYet), "its certificate is not valid yet", "clock"),
            (other(std::sync::Arc::new(SelfSigned)), "its certificate is self-signed", "--ca-cert"),
            (other(std::sync::Arc::new(Authority)), "its certificate is a CA's,", "basicConstraints"),
            (other(std::sync::Arc::new(std::fmt::Error)), "its certificate is not accepted: ", "--ca-cert"),
            (bad(Bad::UnknownIssuer), "its certificate comes from an unknown CA", "--ca-cert"),
            (bad(Bad::BadSignature), "its certificate comes from an unknown CA", "--ca-cert"),
            (bad(Bad::NotValidForName), "its certificate is for another host name", "the name"),
            (bad(Bad::Revoked), "its certificate was revoked", "whoever"),
            (bad(Bad::BadEncoding), "its certificate is not accepted: badencoding", "--ca-cert"),
            (said(Alert::CertificateRequired), "it wants a client certificate", "CLIENT_CERT"),
            (said(Alert::ProtocolVersion), "it only speaks a TLS too old", "1.3"),
            (Error::PeerIncompatible(PeerIncompatible::Tls12NotOffered), "it only speaks a TLS too old", "1.3"),
            (said(Alert::UnknownCA), "it does not accept the client certificate (unknownca)", "CLIENT_CERT"),
            (said(Alert::BadCertificate), "it does not accept the client certificate (badcert", "CLIENT_CERT"),
            (said(Alert::CertificateUnknown), "it does not accept the client certificate (certif", "CLIENT_CERT"),
            (said(Alert::HandshakeFailure), "it refused the TLS handshake", "CLIENT_CERT"),
            (Error::InvalidMessage(InvalidMessage::InvalidCcs), "it does not speak TLS at all", "http://"),
            (said(Alert::InternalError), "TLS failed: received fatal alert: ", "check"),
        ];
        for (error, sentence, hints) in table {
            let (told, hint) = tls_sentence(&error);
            assert!(told.starts_with(sentence) && hint.contains(hints), "{error:?}: {told}; {hint}");
        }
    }

    #[test]
    fn the_words_of_libraries_become_ours() {
        let table = [
            ("connection closed before message completed", "the connection was closed before an answer came"),
            ("end of file before message length reached", "the answer ended before its end"),
            ("unexpected eof during chunk size line", "the answer ended before its end"),
            ("connection reset by peer (os error 104)", "connection reset by peer (os error 104)"),
        ];
        for (cause, said) in table {
            assert_eq!(plain(cause), said);
        }
        for (cause, temporary) in [
            ("temporary failure in name resolution", true),
            ("try again", true),
            ("request timed out", true),
            ("name or service not known", false),
        ] {
            assert_eq!(is_temporary(cause), temporary, "{cause}");
        }
        for (address, name) in [("http://loki.example:80/x", "loki.example"), ("no address", "no address")] {
            assert_eq!(host(address), name);
        }
    }
}
