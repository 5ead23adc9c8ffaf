//! Where a redirect leads, and whether to go there: pure.
//!
//! Only within the same origin, so that what signs us in goes nowhere else, and only a few times.

use url::Url;

use super::shown;
use crate::source::failure::{Failure, FailureKind};
use crate::source::server::request::Method;

/// How many redirects are followed.
const MOST: usize = 3;
/// The longest form that is asked as an address instead: servers bear 8 KiB.
const LONGEST: usize = 4096;

/// What is asked next.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Hop {
    /// Where.
    pub url: Url,
    /// How.
    pub method: Method,
}

/// Whether a status says that the answer is elsewhere.
pub fn is_redirect(status: u16) -> bool {
    matches!(status, 301 | 302 | 303 | 307 | 308)
}

/// What to ask next after an answer that says "elsewhere".
///
/// # Errors
/// `MustAct`: to another origin, or a form that would be lost. Others: in a circle, or to nowhere.
pub fn decide(from: &Hop, status: u16, location: Option<&[u8]>, followed: usize, form: &str) -> Result<Hop, Failure> {
    let address = shown(&from.url);
    let wrong = |what: &str| Failure::new(FailureKind::Malformed, format!("{address} {what}"));
    let location = location.ok_or_else(|| wrong("redirects, and does not say where to"))?;
    let target = std::str::from_utf8(location).ok().and_then(|text| from.url.join(text.trim()).ok());
    let mut target = target.ok_or_else(|| wrong("redirects to something that is no address"))?;
    if target.origin() != from.url.origin() {
        return Err(Failure::new(
            FailureKind::MustAct,
            format!("{address} redirects to {}, which was not followed", place(&target)),
        )
        .hint("name the final address, or sign in where the proxy wants it"));
    }
    if !target.username().is_empty() || target.password().is_some() {
        return Err(wrong("redirects to an address that says who is asking; it was not followed"));
    }
    if followed >= MOST {
        return Err(Failure::new(
            FailureKind::Unreachable,
            format!("{address} redirects in a circle, or more than {MOST} times"),
        )
        .hint("name the final address"));
    }
    target.set_fragment(None);
    let keeps_its_way = from.method == Method::Get || matches!(status, 307 | 308);
    if keeps_its_way {
        return Ok(Hop { url: target, method: from.method });
    }
    // Our forms only ask: the same parameters in the address ask the same, if there is room for them.
    if target.query().is_none() && form.len() <= LONGEST {
        target.set_query(Some(form).filter(|form| !form.is_empty()));
        return Ok(Hop { url: target, method: Method::Get });
    }
    Err(Failure::new(
        FailureKind::MustAct,
        format!("{address} redirects a form (HTTP {status}), which would lose the question; it was not followed"),
    )
    .hint("name the final address"))
}

/// Scheme, host and port; of what has no host, the scheme.
fn place(url: &Url) -> String {
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

    /// A `Location`, whether it leads elsewhere, and whether it can be followed at all.
    #[derive(Clone, Copy, Debug, PartialEq, Eq)]
    enum Lot {
        Stays,
        Leaves,
        Broken,
    }

    fn shapes(base: &str, path: &str) -> Vec<(String, Lot)> {
        vec![
            (format!("{base}/{path}"), Lot::Stays),
            (format!("/{path}?a=1"), Lot::Stays),
            (format!("../{path}#x"), Lot::Stays),
            (format!("https://other.example/{path}?token={SECRET}"), Lot::Leaves),
            (format!("//other.example/{path}"), Lot::Leaves),
            (format!("{}/{path}", &base[..base.len() - 1]), Lot::Leaves),
            (format!("http://me:{SECRET}@other.example/{path}"), Lot::Leaves),
            (format!("file:///{path}"), Lot::Leaves),
            (format!("data:text/plain,{SECRET}"), Lot::Leaves),
            (format!("ftp://{SECRET}@here.example:8080/{path}"), Lot::Leaves),
            (base.replacen("://", &format!("://me:{SECRET}@"), 1), Lot::Broken),
            (format!("http://[{path}"), Lot::Broken),
        ]
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(20_000))]

        #[test]
        fn it_never_leaves_the_origin(
            (https, shape, path) in (any::<bool>(), 0..12usize, "[a-z0-9]{1,8}"),
            (status, form, followed) in (prop::sample::select(vec![301, 302, 303, 307, 308]), any::<bool>(), 0..5usize),
        ) {
            let base = if https { "https://here.example:8443" } else { "http://here.example:8080" };
            let method = if form { Method::PostForm } else { Method::Get };
            let from = Hop { url: Url::parse(base).unwrap().join("/api/x?q=1").unwrap(), method };
            let (location, lot) = shapes(base, &path)[shape].clone();
            let outcome = decide(&from, status, Some(location.as_bytes()), followed, "query=up");
            let told = format!("{outcome:?}");
            match lot {
                Lot::Leaves => {
                    let failure = outcome.unwrap_err();
                    prop_assert_eq!(failure.kind, FailureKind::MustAct);
                    prop_assert!(!told.contains(SECRET), "{}", told);
                    let names = ["other.example", "file:", "data:", "ftp:", "here.example:8", "redirects to"];
                    prop_assert!(names.iter().any(|n| failure.message.contains(n)));
                }
                Lot::Broken => {
                    prop_assert_eq!(outcome.unwrap_err().kind, FailureKind::Malformed);
                    prop_assert!(!told.contains(SECRET), "{}", told);
                }
                Lot::Stays if followed >= 3 => prop_assert_eq!(outcome.unwrap_err().kind, FailureKind::Unreachable),
                Lot::Stays => {
                    let keeps = !form || status >= 307;
                    match outcome {
                        Ok(hop) => {
                            prop_assert_eq!(hop.url.origin(), from.url.origin());
                            prop_assert_eq!(hop.method, if keeps { method } else { Method::Get });
                            prop_assert!(keeps || hop.url.query() == Some("query=up"));
                        }
                        Err(failure) => prop_assert!(!keeps && location.contains('?'), "{:?}", failure),
                    }
                }
            }
        }
    }

    #[test]
    fn a_port_that_cannot_be_and_no_location_lead_nowhere() {
        let from = Hop { url: Url::parse("http://here/x").unwrap(), method: Method::Get };
        for location in [None, Some(&b"http://here:99999/"[..]), Some(b"\xff\xfe"), Some(b"http://")] {
            let failure = decide(&from, 302, location, 0, "").unwrap_err();
            assert_eq!(failure.kind, FailureKind::Malformed, "{failure:?}");
        }
    }
}
