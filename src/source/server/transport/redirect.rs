//! Decides whether to follow a redirect. Pure.
//!
//! Only within the same origin, so that credentials are not sent elsewhere, and only a few times.

use url::Url;

use super::address::display_url;
use crate::model::advice::Advice;
use crate::source::failure::{Failure, FailureKind};
use crate::source::server::request::Method;

/// Redirects followed for one request: to `https` is not one (another origin), so a slash and a moved path are enough.
const MAX_REDIRECTS: usize = 3;
/// The longest form, in bytes, that is sent as a query instead: servers accept URLs up to about 8 KiB.
const MAX_QUERY_BYTES: usize = 4096;

/// Where a request is sent, and how.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct RequestTarget {
    /// The URL, with its query.
    pub(super) url: Url,
    /// The method.
    pub(super) method: Method,
}

/// Whether a status is a redirect.
pub(super) fn is_redirect(status: u16) -> bool {
    matches!(status, 301 | 302 | 303 | 307 | 308)
}

/// The next target after a redirect; `followed` counts the redirects before it, `form` is the encoded body of the request.
///
/// # Errors
/// `ActionNeeded`: to another origin, or the form would be lost. `Unreachable`: too many redirects. `Malformed`: no usable
/// location.
pub(super) fn follow(
    from: &RequestTarget,
    status: u16,
    location: Option<&[u8]>,
    followed: usize,
    form: &str,
) -> Result<RequestTarget, Failure> {
    let address = display_url(&from.url);
    let wrong = |what: &str| Failure::new(FailureKind::Malformed, format!("{address} {what}"));
    let location = location.ok_or_else(|| wrong("redirects, and does not say where to"))?;
    let target = std::str::from_utf8(location).ok().and_then(|text| from.url.join(text.trim()).ok());
    let mut target = target.ok_or_else(|| wrong("redirects to something that is no address"))?;
    if target.origin() != from.url.origin() {
        return Err(Failure::new(
            FailureKind::ActionNeeded,
            format!("{address} redirects to {}, which was not followed", origin_of(&target)),
        )
        .with_actions(Advice::NameFinalAddressOrSignIn));
    }
    if !target.username().is_empty() || target.password().is_some() {
        return Err(wrong("redirects to an address that says who is asking; it was not followed"));
    }
    if followed >= MAX_REDIRECTS {
        return Err(Failure::new(
            FailureKind::Unreachable,
            format!("{address} redirects in a circle, or more than {MAX_REDIRECTS} times"),
        )
        .with_actions(Advice::NameFinalAddress));
    }
    target.set_fragment(None);
    let keeps_method = from.method == Method::Get || matches!(status, 307 | 308);
    if keeps_method {
        return Ok(RequestTarget { url: target, method: from.method });
    }
    // A browser would drop the form. Ours are queries: the same parameters in the URL have the same answer.
    if target.query().is_none() && form.len() <= MAX_QUERY_BYTES {
        target.set_query(Some(form).filter(|form| !form.is_empty()));
        return Ok(RequestTarget { url: target, method: Method::Get });
    }
    Err(Failure::new(
        FailureKind::ActionNeeded,
        format!("{address} redirects a form (HTTP {status}), which would lose the question; it was not followed"),
    )
    .with_actions(Advice::NameFinalAddress))
}

/// Scheme, host and port; of a URL without a host, the scheme.
fn origin_of(url: &Url) -> String {
    match url.host_str() {
        Some(host) => {
            let port = url.port().map(|port| format!(":{port}")).unwrap_or_default();
            format!("{}://{host}{port}", url.scheme())
        }
        None => format!("a {}: address", url.scheme()),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const SECRET: &str = "s3cr3t";

    /// Where a `Location` leads.
    #[derive(Clone, Copy, Debug, PartialEq, Eq)]
    enum Destination {
        Stays,
        Leaves,
        Broken,
    }

    /// Locations of every form, and where they lead.
    fn locations(base: &str, path: &str) -> Vec<(String, Destination)> {
        vec![
            (format!("{base}/{path}"), Destination::Stays),
            (format!("/{path}?a=1"), Destination::Stays),
            (format!("../{path}#x"), Destination::Stays),
            (format!("https://other.example/{path}?token={SECRET}"), Destination::Leaves),
            (format!("//other.example/{path}"), Destination::Leaves),
            (format!("{}/{path}", &base[..base.len() - 1]), Destination::Leaves),
            (format!("http://me:{SECRET}@other.example/{path}"), Destination::Leaves),
            (format!("file:///{path}"), Destination::Leaves),
            (format!("data:text/plain,{SECRET}"), Destination::Leaves),
            (format!("ftp://{SECRET}@here.example:8080/{path}"), Destination::Leaves),
            (base.replacen("://", &format!("://me:{SECRET}@"), 1), Destination::Broken),
            (format!("http://[{path}"), Destination::Broken),
        ]
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(crate::length::cases(20_000)))]

        #[test]
        fn a_redirect_never_leaves_the_origin(
            (https, shape, path) in (any::<bool>(), 0..12usize, "[a-z0-9]{1,8}"),
            (status, form, followed) in (prop::sample::select(vec![301, 302, 303, 307, 308]), any::<bool>(), 0..5usize),
        ) {
            let base = if https { "https://here.example:8443" } else { "http://here.example:8080" };
            let method = if form { Method::PostForm } else { Method::Get };
            let from = RequestTarget { url: Url::parse(base).unwrap().join("/api/x?q=1").unwrap(), method };
            let (location, destination) = locations(base, &path)[shape].clone();
            let outcome = follow(&from, status, Some(location.as_bytes()), followed, "query=up");
            let shown = format!("{outcome:?}");
            match destination {
                Destination::Leaves => {
                    let failure = outcome.unwrap_err();
                    prop_assert_eq!(failure.kind, FailureKind::ActionNeeded);
                    prop_assert!(!shown.contains(SECRET), "{}", shown);
                    let names = ["other.example", "file:", "data:", "ftp:", "here.example:8", "redirects to"];
                    prop_assert!(names.iter().any(|n| failure.message.contains(n)));
                }
                Destination::Broken => {
                    prop_assert_eq!(outcome.unwrap_err().kind, FailureKind::Malformed);
                    prop_assert!(!shown.contains(SECRET), "{}", shown);
                }
                Destination::Stays if followed >= 3 => prop_assert_eq!(outcome.unwrap_err().kind, FailureKind::Unreachable),
                Destination::Stays => {
                    let keeps = !form || status >= 307;
                    match outcome {
                        Ok(target) => {
                            prop_assert_eq!(target.url.origin(), from.url.origin());
                            prop_assert_eq!(target.method, if keeps { method } else { Method::Get });
                            prop_assert!(keeps || target.url.query() == Some("query=up"));
                        }
                        Err(failure) => prop_assert!(!keeps && location.contains('?'), "{:?}", failure),
                    }
                }
            }
        }
    }

    #[test]
    fn an_invalid_or_missing_location_is_malformed() {
        let from = RequestTarget { url: Url::parse("http://here/x").unwrap(), method: Method::Get };
        for location in [None, Some(&b"http://here:99999/"[..]), Some(b"\xff\xfe"), Some(b"http://")] {
            let failure = follow(&from, 302, location, 0, "").unwrap_err();
            assert_eq!(failure.kind, FailureKind::Malformed, "{failure:?}");
        }
    }
}
