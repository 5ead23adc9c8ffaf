//! Parses backend addresses into base URLs that request paths are appended to.

use secrecy::SecretString;
use url::Url;

use crate::error::Error;
use crate::options::environment::Environment;

/// A base URL: http or https, a host, a path without trailing slash; no user information, query or fragment.
#[derive(Clone, Debug)]
pub(crate) struct Address {
    /// The URL, without user information.
    pub(crate) url: Url,
    /// The user name and password that were part of the address, percent-decoded; never shown.
    pub(crate) credentials: Option<(String, SecretString)>,
}

/// Parses an address; without a scheme it is `http`. `from` is the flag, variable or file that set it, for the error.
///
/// # Errors
/// Usage: not a URL, another scheme, no host, a query or a fragment.
pub(crate) fn parse(text: &str, from: &str) -> Result<Address, Error> {
    let text = text.trim();
    let wrong = |why: &str| {
        Error::usage(
            format!("{from}: {} is no address: {why}", without_secrets(text)),
            "write it as https://host:port/path, or host:port for plain http",
        )
    };
    if text.is_empty() {
        return Err(wrong("it is empty"));
    }
    if text.chars().any(|c| c.is_whitespace() || c.is_control() || c == '\\') {
        return Err(wrong("it holds white space, a control character or a backslash"));
    }
    let mut url = Url::parse(&with_scheme(text)).map_err(|e| wrong(&e.to_string()))?;
    if !matches!(url.scheme(), "http" | "https") {
        return Err(wrong(&format!("the scheme `{}` is neither http nor https", url.scheme())));
    }
    if matches!(url.host_str(), None | Some("" | "http" | "https")) {
        return Err(wrong("it names no host"));
    }
    let credentials = take_credentials(&mut url);
    normalize_path(&mut url);
    let extra = url.query().map(|_| "query").or(url.fragment().map(|_| "fragment"));
    url.set_query(None);
    url.set_fragment(None);
    match extra {
        Some(extra) => Err(Error::usage(
            format!("{from}: the address has a {extra}, which a base address cannot have"),
            format!("write {}", without_trailing_slash(&url)),
        )),
        None => Ok(Address { url, credentials }),
    }
}

/// The URL as it is usually written: no slash at the end.
pub(crate) fn without_trailing_slash(url: &Url) -> &str {
    url.as_str().trim_end_matches('/')
}

fn with_scheme(text: &str) -> String {
    if text.contains("://") { text.to_owned() } else { format!("http://{text}") }
}

/// The quoted text without anything that may be a secret: user information, query, fragment.
fn without_secrets(text: &str) -> String {
    let end = text.find(['?', '#']);
    match (text.rsplit_once('@'), end) {
        // A password may itself hold `@`, `?` or `#`: nothing of the text is certain not to belong to it.
        (Some(_), Some(_)) => "it".to_owned(),
        (Some((_, host_and_path)), None) => format!("`{host_and_path}`"),
        (None, end) => format!("`{}`", &text[..end.unwrap_or(text.len())]),
    }
}

/// User names and passwords in the proxy variables of the environment.
pub(crate) fn proxy_credentials(environment: &Environment) -> Vec<(String, SecretString)> {
    const NAMES: [&str; 6] = ["HTTP_PROXY", "http_proxy", "HTTPS_PROXY", "https_proxy", "ALL_PROXY", "all_proxy"];
    let credentials = |name| take_credentials(&mut Url::parse(&with_scheme(environment.var(name)?)).ok()?);
    NAMES.into_iter().filter_map(credentials).collect()
}

/// Removes user name and password from the URL; none if it has neither.
fn take_credentials(url: &mut Url) -> Option<(String, SecretString)> {
    if url.username().is_empty() && url.password().is_none() {
        return None;
    }
    let password = percent_decoded(url.password().unwrap_or_default());
    let credentials = (percent_decoded(url.username()), SecretString::from(password));
    // Both can only fail for URLs without a host.
    let _ = (url.set_username(""), url.set_password(None));
    Some(credentials)
}

/// Drops empty path segments: `//a//b/` becomes `/a/b`.
fn normalize_path(url: &mut Url) {
    let path: Vec<&str> = url.path().split('/').filter(|segment| !segment.is_empty()).collect();
    let path = path.join("/");
    url.set_path(&path);
}

fn percent_decoded(text: &str) -> String {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let [first, tail @ ..] = rest {
        let hex = if *first == b'%' { tail.get(..2).and_then(|h| std::str::from_utf8(h).ok()) } else { None };
        if let Some(byte) = hex.and_then(|h| u8::from_str_radix(h, 16).ok()) {
            bytes.push(byte);
            rest = &tail[2..];
        } else {
            bytes.push(*first);
            rest = tail;
        }
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::Exit;
    use secrecy::ExposeSecret;

    #[test]
    fn addresses_are_accepted_as_they_are_usually_written() {
        let table = [
            ("http://localhost:16686", "http://localhost:16686"),
            ("localhost:16686", "http://localhost:16686"),
            ("localhost", "http://localhost"),
            ("10.1.2.3:3100/", "http://10.1.2.3:3100"),
            ("https://obs.example.com/jaeger/", "https://obs.example.com/jaeger"),
            ("https://obs.example.com//a///b//", "https://obs.example.com/a/b"),
            (" https://obs.example.com:443 ", "https://obs.example.com"),
            ("HTTPS://OBS.Example.com", "https://obs.example.com"),
            ("[::1]:9090", "http://[::1]:9090"),
            ("http://[fe80::1]:9090/prom", "http://[fe80::1]:9090/prom"),
        ];
        for (text, url) in table {
            let address = parse(text, "--x-url").unwrap();
            assert_eq!(without_trailing_slash(&address.url), url, "{text}");
            assert!(address.credentials.is_none());
        }
    }

    #[test]
    fn user_information_is_removed_from_the_url() {
        let address = parse("https://ann:p%40ss@loki.example.com/x", "LOKI_ADDR").unwrap();
        let (user, password) = address.credentials.unwrap();
        assert_eq!(without_trailing_slash(&address.url), "https://loki.example.com/x");
        assert_eq!((user.as_str(), password.expose_secret()), ("ann", "p@ss"));
    }

    #[test]
    fn a_malformed_address_is_an_error_that_names_its_source() {
        let table = [
            ("", "it is empty"),
            ("ftp://host", "the scheme `ftp` is neither http nor https"),
            ("http://", "empty host"),
            ("https:/host", "names no host"),
            ("http://host:99999", "invalid port number"),
            ("::1:3100", "empty host"),
            ("a b", "white space"),
            ("javascript:alert(1)", "invalid port number"),
        ];
        for (text, why) in table {
            let error = parse(text, "LOKI_ADDR").unwrap_err();
            assert_eq!(error.exit(), Exit::Usage);
            assert!(error.to_string().starts_with("LOKI_ADDR: ") && error.to_string().contains(why), "{text}: {error}");
        }
        let error = parse("http://ann:secret@host:99999", "x").unwrap_err().to_string();
        assert!(!error.contains("secret"), "{error}");
        for text in
            ["http://h:99999/?k=s3cret", "http://u:s3cret@h:99999/?k=a@s3cret", "ftp://h/#s3cret", "u:s3?cret@h b"]
        {
            let error = parse(text, "x").unwrap_err().to_string();
            assert!(!error.contains("s3cret") && !error.contains("cret@"), "{error}");
        }
    }

    #[test]
    fn proxy_credentials_come_from_the_proxy_variables() {
        let mut environment = Environment::default();
        environment.vars.insert("https_proxy".into(), "px:pr%40xy@proxy:3128".into());
        environment.vars.insert("HTTP_PROXY".into(), "http://proxy:3128".into());
        let users = proxy_credentials(&environment);
        assert!(matches!(users.as_slice(), [(user, password)] if user == "px" && password.expose_secret() == "pr@xy"));
    }

    #[test]
    fn an_address_with_a_query_is_refused_and_the_hint_shows_the_address_without() {
        let error = parse("http://u:p@localhost:16686/search/?service=cart#x", "--jaeger-url").unwrap_err();
        assert_eq!(error.to_string(), "--jaeger-url: the address has a query, which a base address cannot have");
        assert_eq!(error.hint(), "write http://localhost:16686/search");
    }

    #[test]
    fn a_user_name_may_lack_a_password_and_vice_versa() {
        for (text, expected) in [("https://tok@h", ("tok", "")), ("https://:pw@h", ("", "pw")), ("u:p@h", ("u", "p"))] {
            let address = parse(text, "x").unwrap();
            let (user, password) = address.credentials.unwrap();
            assert_eq!((user.as_str(), password.expose_secret()), expected);
            assert_eq!(address.url.host_str(), Some("h"));
        }
    }

    #[test]
    fn an_error_shows_only_parts_of_an_address_that_cannot_be_secret() {
        let table = [
            ("ftp://h/a", "`ftp://h/a`"),
            ("ftp://u:p@h/a", "`h/a`"),
            ("ftp://h/a?k=v", "`ftp://h/a`"),
            ("ftp://u:p@h/a?k=v", "it"),
            ("h\u{7f}x", "`h\u{7f}x`"),
            ("h\\x", "`h\\x`"),
            ("h x", "`h x`"),
        ];
        for (text, shown) in table {
            let error = parse(text, "--x-url").unwrap_err().to_string();
            assert!(error.starts_with(&format!("--x-url: {shown} is no address: ")), "{error}");
        }
        for text in ["h\u{7f}x", "h\\x", "h x"] {
            assert!(parse(text, "x").unwrap_err().to_string().contains("it holds white space"), "{text:?}");
        }
    }
}
