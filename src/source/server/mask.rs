//! Masks our secrets in answers: a server that echoes one must not bring it to a screen or a file.

use std::fmt;

use regex::bytes::{Regex, RegexBuilder};
use secrecy::{ExposeSecret, SecretString};

use crate::model::action::Action;
use crate::model::advice::Advice;
use crate::model::id::decode_base64;
use crate::source::failure::Failure;
use crate::source::server::auth::Auth;
use crate::source::server::request::Response;

/// What a secret is replaced by.
const REPLACEMENT: &str = "[REDACTED]";

/// Shorter secrets, and those without both a letter and a digit, could be an ordinary word or number of the data.
const MIN_DISTINCT_BYTES: usize = 12;

/// Every spelling of every secret of a run. `Debug` shows none of them.
#[derive(Clone, Default)]
pub struct Mask {
    /// All secrets.
    errors: Option<Regex>,
    /// Secrets that cannot be an ordinary word of the data.
    data: Option<Regex>,
}

impl fmt::Debug for Mask {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Mask")
    }
}

impl Mask {
    /// A mask for these credentials, and for these user names and passwords of proxies.
    pub(crate) fn new<'a>(credentials: impl Iterator<Item = &'a Auth>, proxies: &[(String, SecretString)]) -> Self {
        let mut secrets: Vec<String> = credentials.flat_map(secrets).collect();
        for (user, password) in proxies {
            secrets.extend(user_secrets(user, password.expose_secret()));
        }
        secrets.retain(|secret| !secret.is_empty());
        let distinct = secrets.iter().filter(|secret| is_distinct(secret));
        Self { data: pattern(distinct), errors: pattern(secrets.iter()) }
    }

    /// An answer without our secrets. In errors all of them are masked, in data only those that cannot be a word of it: a
    /// password such as `cart` must not mask the name of a service.
    pub(crate) fn answer(&self, mut answer: Response) -> Response {
        let is_data = answer.is_success() && !answer.is_html();
        let pattern = if is_data { &self.data } else { &self.errors };
        if let Some(clean) = pattern.as_ref().and_then(|pattern| replaced(pattern, &answer.body)) {
            answer.body = clean;
        }
        answer
    }

    /// A failure without our secrets.
    pub(crate) fn failure(&self, failure: Failure) -> Failure {
        let masked = |action| match action {
            Action::Advise(Advice::Quote(text)) => Action::Advise(Advice::Quote(self.text(text))),
            other => other,
        };
        let actions = failure.actions.into_iter().map(masked).collect();
        let summary = failure.summary.map(|text| self.text(text));
        Failure { message: self.text(failure.message), summary, actions, ..failure }
    }

    fn text(&self, text: String) -> String {
        let clean = self.errors.as_ref().and_then(|pattern| replaced(pattern, text.as_bytes()));
        clean.map_or(text, |bytes| String::from_utf8_lossy(&bytes).into_owned())
    }
}

/// The text with every match replaced; none if nothing matches.
fn replaced(pattern: &Regex, bytes: &[u8]) -> Option<Vec<u8>> {
    pattern.is_match(bytes).then(|| pattern.replace_all(bytes, REPLACEMENT.as_bytes()).into_owned())
}

/// Matches any spelling of these secrets, the longest first, so that no part of one is left.
fn pattern<'a>(secrets: impl Iterator<Item = &'a String>) -> Option<Regex> {
    let mut all: Vec<String> = secrets.flat_map(|secret| spellings(secret)).filter(|s| !s.is_empty()).collect();
    all.sort_by_key(|spelling| std::cmp::Reverse(spelling.len()));
    all.dedup();
    let escaped: Vec<String> = all.iter().map(|spelling| regex::escape(spelling)).collect();
    // Secrets are limited to 64 KiB, so the pattern is not too large in practice; if it is, nothing can be masked.
    let build = |all: &[String]| RegexBuilder::new(&all.join("|")).size_limit(64 << 20).build().ok();
    (!escaped.is_empty()).then(|| build(&escaped)).flatten()
}

fn is_distinct(secret: &str) -> bool {
    secret.len() >= MIN_DISTINCT_BYTES
        && secret.chars().any(|c| c.is_ascii_digit())
        && secret.chars().any(char::is_alphabetic)
}

/// The secrets in credentials: bare, and as they are sent.
fn secrets(auth: &Auth) -> Vec<String> {
    match auth {
        Auth::None | Auth::Missing(_) => vec![],
        Auth::Basic { username, password } => user_secrets(username, password.expose_secret()),
        Auth::Bearer(token) => vec![token.expose_secret().to_owned()],
        Auth::Header { value, .. } => header_secrets(value.expose_secret()),
    }
}

fn user_secrets(user: &str, password: &str) -> Vec<String> {
    let pair = format!("{user}:{password}");
    // Some servers take a token as the user name.
    let alone = if password.is_empty() { user } else { password };
    let mut all = vec![alone.to_owned(), base64(pair.as_bytes()), pair];
    all.extend(Some(user.to_owned()).filter(|user| is_distinct(user)));
    all
}

/// The value of a header; if it has a scheme, also without it, and for `Basic` decoded.
fn header_secrets(value: &str) -> Vec<String> {
    let Some((scheme, rest)) = value.split_once(' ') else { return vec![value.to_owned()] };
    let mut all = vec![value.to_owned(), rest.to_owned()];
    if scheme.eq_ignore_ascii_case("basic")
        && let Some(pair) = decode_base64(rest).and_then(|bytes| String::from_utf8(bytes).ok())
    {
        let (user, password) = pair.split_once(':').unwrap_or((&pair, ""));
        all.extend(user_secrets(user, password));
    }
    all
}

/// The spellings in which a server may echo a secret: as it is, escaped for JSON or HTML, percent-encoded, in base64.
fn spellings(secret: &str) -> Vec<String> {
    let mut all = vec![secret.to_owned()];
    // A log line may be JSON, and is escaped once more in the answer.
    for quoted in [json_escaped(secret), json_escaped(secret).replace('/', "\\/")] {
        all.extend([json_escaped(&quoted), json_escaped(&quoted).replace('/', "\\/"), quoted]);
    }
    let html = secret.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;");
    all.extend([html.replace('\'', "&#39;"), html.replace('\'', "&#x27;"), html]);
    for kept in ["", "-._~", "*-._", "-._~:@!$&'()*+,;=", "-._~:@!$&'()*+,;=/?"] {
        let upper = percent_encoded(secret, kept);
        let small = lower_hex(&upper);
        all.extend([upper.replace("%20", "+"), small.replace("%20", "+"), small, upper]);
    }
    for skipped in 0..3 {
        all.extend(base64_infixes(secret.as_bytes(), skipped));
    }
    all
}

/// The text escaped for a JSON string, without the quotes.
fn json_escaped(text: &str) -> String {
    let quoted = serde_json::Value::from(text).to_string();
    quoted[1..quoted.len() - 1].to_owned()
}

/// Percent-encodes all but ASCII letters, digits and `kept`.
fn percent_encoded(text: &str, kept: &str) -> String {
    let is_kept = |byte: u8| byte.is_ascii_alphanumeric() || kept.as_bytes().contains(&byte);
    text.bytes().map(|b| if is_kept(b) { char::from(b).to_string() } else { format!("%{b:02X}") }).collect()
}

/// Percent-encoded text with lower-case hex digits.
fn lower_hex(text: &str) -> String {
    let mut hex = 0u8;
    let small = |c: char| {
        let lowered = if hex > 0 { c.to_ascii_lowercase() } else { c };
        hex = if c == '%' { 2 } else { hex.saturating_sub(1) };
        lowered
    };
    text.chars().map(small).collect()
}

/// The text in base64 inside of a longer text, of which `skipped` bytes share its first group of three: only the letters
/// that depend on this text alone. In both alphabets, without padding.
fn base64_infixes(text: &[u8], skipped: usize) -> Vec<String> {
    let mut bytes = vec![0; skipped];
    bytes.extend_from_slice(text);
    let whole = base64(&bytes);
    let first = (skipped * 8).div_ceil(6);
    let letters = whole.get(first..bytes.len() * 8 / 6).unwrap_or_default().to_owned();
    // Fewer letters could be an ordinary word.
    if letters.len() < 6 { vec![] } else { vec![letters.replace('+', "-").replace('/', "_"), letters] }
}

/// Standard base64 with padding.
pub fn base64(bytes: &[u8]) -> String {
    const LETTERS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let letters = |chunk: &[u8]| -> [char; 4] {
        let bits = (0..3).fold(0u32, |bits, i| bits << 8 | u32::from(chunk.get(i).copied().unwrap_or(0)));
        [0, 1, 2, 3].map(|i| if i <= chunk.len() { LETTERS[(bits >> (18 - 6 * i) & 63) as usize] as char } else { '=' })
    };
    bytes.chunks(3).flat_map(letters).collect()
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::source::failure::FailureKind;

    const SECRET: &str = "s3cret/+\"&~ token42";

    fn mask() -> Mask {
        let auth = Auth::Bearer(SecretString::from(SECRET));
        let short = Auth::Basic { username: "me".into(), password: SecretString::from("cart") };
        Mask::new([&auth, &short].into_iter(), &[("px".into(), SecretString::from("pr0xy-secret-9"))])
    }

    fn cleaned(status: u16, body: &str) -> String {
        let answer = Response { status, date: None, after: Duration::ZERO, body: body.as_bytes().to_vec() };
        String::from_utf8(mask().answer(answer).body).unwrap()
    }

    #[test]
    fn a_secret_is_masked_in_every_spelling() {
        let form: String = url::form_urlencoded::byte_serialize(SECRET.as_bytes()).collect();
        let spellings = [
            SECRET.to_owned(),
            serde_json::json!({ "token": SECRET }).to_string(),
            form.clone(),
            lower_hex(&form),
            percent_encoded(SECRET, ""),
            base64(format!("Bearer {SECRET}").as_bytes()),
            base64(format!("xx{SECRET}xx").as_bytes()),
            base64(format!("x{SECRET}").as_bytes()),
            base64(b"px:pr0xy-secret-9"),
        ];
        for text in spellings {
            for status in [200, 500] {
                let clean = cleaned(status, &format!("before {text} after"));
                assert!(clean.contains("[REDACTED]") && clean.starts_with("before "), "{status} {text}: {clean}");
                assert!(!clean.contains("s3cret") && !clean.contains("token42") && !clean.contains("pr0xy"), "{clean}");
            }
        }
        let failure = Failure::new(FailureKind::ActionNeeded, format!("x: {SECRET}"))
            .with_actions(Advice::Quote(SECRET.to_owned()));
        let failure = mask().failure(failure);
        assert_eq!(failure.message, "x: [REDACTED]");
        assert_eq!(failure.actions, Vec::from(Advice::Quote("[REDACTED]".to_owned())));
        assert_eq!(format!("{:?}", mask()), "Mask");
    }

    #[test]
    fn an_ordinary_word_of_the_data_is_not_masked() {
        assert_eq!(cleaned(200, "{\"service\":\"cart\"}"), "{\"service\":\"cart\"}");
        assert_eq!(cleaned(403, "wrong password cart"), "wrong password [REDACTED]");
        assert_eq!(cleaned(200, "<p>cart</p>"), "<p>[REDACTED]</p>", "a page is not data");
    }

    #[test]
    fn a_secret_is_distinct_unless_it_could_be_a_word_or_number() {
        let table = [
            ("abcdefghij12", true),
            ("abcdefghij1", false),
            ("abcdefghijkl", false),
            ("123456789012", false),
            ("1234-5678-9012", false),
            ("a1", false),
        ];
        for (secret, distinct) in table {
            assert_eq!(is_distinct(secret), distinct, "{secret}");
        }
    }

    #[test]
    fn a_header_is_masked_whole_and_in_parts() {
        assert_eq!(header_secrets("bare-token"), ["bare-token"]);
        assert_eq!(header_secrets("Bearer abc"), ["Bearer abc", "abc"]);
        let basic = format!("basic {}", base64(b"ann:p4ss"));
        let all = header_secrets(&basic);
        assert_eq!(all[..2], [basic, base64(b"ann:p4ss")]);
        assert!(all.iter().any(|secret| secret == "p4ss"), "{all:?}");
        // Base64 of another scheme is a token like any other.
        assert_eq!(header_secrets(&format!("Digest {}", base64(b"ann:p4ss"))).len(), 2);
        assert_eq!(header_secrets("Basic no base64!").len(), 2);
    }

    #[test]
    fn spellings_match_those_of_other_programs() {
        assert_eq!([json_escaped(""), json_escaped("a"), json_escaped("a\"b\\")], ["", "a", "a\\\"b\\\\"]);
        assert_eq!(lower_hex("A%2FB%AB%CDEF%"), "A%2fB%ab%cdEF%");
        assert_eq!(percent_encoded("a b/ü", "/"), "a%20b/%C3%BC");
        assert_eq!([base64(b""), base64(b"f"), base64(b"fo"), base64(b"foo")], ["", "Zg==", "Zm8=", "Zm9v"]);
        assert_eq!(base64(b"\xfb\xef\xff\x00\x10Aladdin"), "++//ABBBbGFkZGlu");
        assert_eq!(base64_infixes(b"abcde", 0), ["YWJjZG", "YWJjZG"]);
        assert!(base64_infixes(b"abcd", 0).is_empty(), "five letters could be a word");
        assert_eq!(base64_infixes(b"\xfb\xef\xff\xfb\xef\xff", 0), ["--__--__", "++//++//"]);
    }
}
