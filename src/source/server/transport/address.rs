//! The URLs of requests.

use url::Url;

/// An address as it may be shown: without user information, query and fragment, and without a slash at the end.
pub fn display_url(url: &Url) -> String {
    let mut url = url.clone();
    let _ = url.set_username("");
    let _ = url.set_password(None);
    url.set_query(None);
    url.set_fragment(None);
    url.as_str().trim_end_matches('/').to_owned()
}

/// The base URL with these path segments, percent-encoded, below its own path.
pub fn join_path(base: &Url, path: &[String]) -> Url {
    let mut url = base.clone();
    if let Ok(mut segments) = url.path_segments_mut() {
        // URLs drop these characters, but only after looking for `..`: `.\t.` would become a step upwards.
        let path = path.iter().map(|segment| segment.replace(['\t', '\n', '\r'], ""));
        segments.pop_if_empty().extend(path);
    }
    url
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_path_of_the_base_url_is_kept() {
        let table = [
            ("http://gw/select/jaeger", "http://gw/select/jaeger/api/traces"),
            ("http://gw/select/jaeger/", "http://gw/select/jaeger/api/traces"),
            ("http://gw", "http://gw/api/traces"),
        ];
        for (base, joined) in table {
            let url = join_path(&Url::parse(base).unwrap(), &["api".into(), "traces".into()]);
            assert_eq!(url.as_str(), joined);
        }
        let odd = join_path(&Url::parse("http://gw").unwrap(), &["api".into(), "../x/?#".into()]);
        assert_eq!(odd.as_str(), "http://gw/api/..%2Fx%2F%3F%23");
    }

    #[test]
    fn an_address_is_shown_without_its_secrets() {
        let url = Url::parse("http://me:hunter2@host:1/x/?token=1#y").unwrap();
        assert_eq!(display_url(&url), "http://host:1/x");
    }
}
