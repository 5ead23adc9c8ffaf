//! What we sign in with, taken out of what servers say: whoever echoes a secret must not bring it to a screen or a file.

use std::fmt;

use regex::bytes::{Regex, RegexBuilder};
use secrecy::{ExposeSecret, SecretString};

use crate::model::id::decode_base64;
use crate::source::failure::Failure;
use crate::source::server::auth::Auth;
use crate::source::server::request::Response;

/// What stands where a secret stood.
const MASKED: &str = "[REDACTED]";

/// Shorter secrets, and those without both a letter and a digit, could be a word or a number of the data.
const DISTINCT: usize = 12;

/// Every spelling of every secret of a run. Prints as nothing.
#[derive(Clone, Default)]
pub struct Mask {
    refusals: Option<Regex>,
    data: Option<Regex>,
}

impl fmt::Debug for Mask {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Mask")
    }
}

impl Mask {
    /// A mask for what these ways of signing in, and these proxies' users, hold.
    pub fn new<'a>(ways: impl Iterator<Item = &'a Auth>, proxies: &[(String, SecretString)]) -> Self {
        let mut secrets: Vec<String> = ways.flat_map(secrets).collect();
        for (user, password) in proxies {
            secrets.extend(of_user(user, password.expose_secret()));
        }
        secrets.retain(|secret| !secret.is_empty());
        let distinct = secrets.iter().filter(|secret| is_distinct(secret));
        Self { data: pattern(distinct), refusals: pattern(secrets.iter()) }
    }

    /// An answer without our secrets. Refusals lose all of them; data only those that cannot be a word of its own, so
    /// that a password such as `cart` does not eat a service's name.
    pub fn answer(&self, mut answer: Response) -> Response {
        let is_data = answer.is_success() && !answer.is_page();
        let pattern = if is_data { &self.data } else { &self.refusals };
        if let Some(clean) = pattern.as_ref().and_then(|pattern| without(pattern, &answer.body)) {
            answer.body = clean;
        }
        answer
    }

    /// A failure without our secrets.
    pub fn failure(&self, failure: Failure) -> Failure {
        Failure { message: self.words(failure.message), hint: self.words(failure.hint), ..failure }
    }

    fn words(&self, text: String) -> String {
        let clean = self.refusals.as_ref().and_then(|pattern| without(pattern, text.as_bytes()));
        clean.map_or(text, |bytes| String::from_utf8_lossy(&bytes).into_owned())
    }
}

fn without(pattern: &Regex, bytes: &[u8]) -> Option<Vec<u8>> {
    pattern.is_match(bytes).then(|| pattern.replace_all(bytes, MASKED.as_bytes()).into_owned())
}

/// Any of these in any spelling; the longest first, so that none is left half.
fn pattern<'a>(secrets: impl Iterator<Item = &'a String>) -> Option<Regex> {
    let mut all: Vec<String> = secrets.flat_map(|secret| spellings(secret)).filter(|s| !s.is_empty()).collect();
    all.sort_by_key(|spelling| std::cmp::Reverse(spelling.len()));
    all.dedup();
    let escaped: Vec<String> = all.iter().map(|spelling| regex::escape(spelling)).collect();
    // A secret is at most 64 KiB; where its pattern is too large all the same, nothing can be masked.
    let build = |all: &[String]| RegexBuilder::new(&all.join("|")).size_limit(64 << 20).build().ok();
    (!escaped.is_empty()).then(|| build(&escaped)).flatten()
}

fn is_distinct(secret: &str) -> bool {
    secret.len() >= DISTINCT && secret.chars().any(|c| c.is_ascii_digit()) && secret.chars().any(char::is_alphabetic)
}

/// The secrets that a way of signing in holds: bare, and as they go on the wire.
fn secrets(auth: &Auth) -> Vec<String> {
    match auth {
        Auth::None | Auth::Missing(_) => vec![],
        Auth::Basic { username, password } => of_user(username, password.expose_secret()),
        Auth::Bearer(token) => vec![token.expose_secret().to_owned()],
        Auth::Header { value, .. } => of_header(value.expose_secret()),
    }
}

fn of_user(user: &str, password: &str) -> Vec<String> {
    let pair = format!("{user}:{password}");
    // A token may stand in the place of the user name.
    let alone = if password.is_empty() { user } else { password };
    let mut all = vec![alone.to_owned(), base64(pair.as_bytes()), pair];
    all.extend(Some(user.to_owned()).filter(|user| is_distinct(user)));
    all
}

/// A header's value; without its scheme where it has one, and without base64 where that is the scheme.
fn of_header(value: &str) -> Vec<String> {
    let Some((scheme, rest)) = value.split_once(' ') else { return vec![value.to_owned()] };
    let mut all = vec![value.to_owned(), rest.to_owned()];
    if scheme.eq_ignore_ascii_case("basic")
        && let Some(pair) = decode_base64(rest).and_then(|bytes| String::from_utf8(bytes).ok())
    {
        let (user, password) = pair.split_once(':').unwrap_or((&pair, ""));
        all.extend(of_user(user, password));
    }
    all
}

/// The spellings in which text comes back: as it is, quoted for JSON or HTML, percent-encoded, in base64.
fn spellings(secret: &str) -> Vec<String> {
    let mut all = vec![secret.to_owned()];
    // A line of JSON is itself quoted in the answer that brings it.
    for quoted in [in_json(secret), in_json(secret).replace('/', "\\/")] {
        all.extend([in_json(&quoted), in_json(&quoted).replace('/', "\\/"), quoted]);
    }
    let html = secret.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;");
    all.extend([html.replace('\'', "&#39;"), html.replace('\'', "&#x27;"), html]);
    for kept in ["", "-._~", "*-._", "-._~:@!$&'()*+,;=", "-._~:@!$&'()*+,;=/?"] {
        let upper = percent(secret, kept);
        let small = small_hex(&upper);
        all.extend([upper.replace("%20", "+"), small.replace("%20", "+"), small, upper]);
    }
    for skipped in 0..3 {
        all.extend(inside_base64(secret.as_bytes(), skipped));
    }
    all
}

/// The inside of a JSON string.
fn in_json(text: &str) -> String {
    let quoted = serde_json::Value::from(text).to_string();
    quoted[1..quoted.len() - 1].to_owned()
}

/// Percent-encodes all but letters, digits and these.
fn percent(text: &str, kept: &str) -> String {
    let is_kept = |byte: u8| byte.is_ascii_alphanumeric() || kept.as_bytes().contains(&byte);
    text.bytes().map(|b| if is_kept(b) { char::from(b).to_string() } else { format!("%{b:02X}") }).collect()
}

/// The same percent-encoded text, spelled `%2f` instead of `%2F`.
fn small_hex(text: &str) -> String {
    let mut hex = 0u8;
    let small = |c: char| {
        let told = if hex > 0 { c.to_ascii_lowercase() } else { c };
        hex = if c == '%' { 2 } else { hex.saturating_sub(1) };
        told
    };
    text.chars().map(small).collect()
}

/// What base64 makes of this text in the midst of another, where that many bytes of the other share its first group:
/// only the letters that depend on nothing but the text. Both alphabets, without padding.
fn inside_base64(text: &[u8], skipped: usize) -> Vec<String> {
    let mut bytes = vec![0; skipped];
    bytes.extend_from_slice(text);
    let whole = base64(&bytes);
    let first = (skipped * 8).div_ceil(6);
    let letters = whole.get(first..bytes.len() * 8 / 6).unwrap_or_default().to_owned();
    // Fewer letters could be a word.
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
    fn a_secret_is_taken_out_in_every_spelling() {
        let form: String = url::form_urlencoded::byte_serialize(SECRET.as_bytes()).collect();
        let told = [
            SECRET.to_owned(),
            serde_json::json!({ "token": SECRET }).to_string(),
            form.clone(),
            small_hex(&form),
            percent(SECRET, ""),
            base64(format!("Bearer {SECRET}").as_bytes()),
            base64(format!("xx{SECRET}xx").as_bytes()),
            base64(format!("x{SECRET}").as_bytes()),
            base64(b"px:pr0xy-secret-9"),
        ];
        for text in told {
            for status in [200, 500] {
                let clean = cleaned(status, &format!("before {text} after"));
                assert!(clean.contains("[REDACTED]") && clean.starts_with("before "), "{status} {text}: {clean}");
                assert!(!clean.contains("s3cret") && !clean.contains("token42") && !clean.contains("pr0xy"), "{clean}");
            }
        }
        let failure = Failure::new(FailureKind::MustAct, format!("x: {SECRET}")).hint(SECRET);
        let failure = mask().failure(failure);
        assert_eq!((failure.message.as_str(), failure.hint.as_str()), ("x: [REDACTED]", "[REDACTED]"));
        assert_eq!(format!("{:?}", mask()), "Mask");
    }

    #[test]
    fn a_word_of_the_data_is_not_taken_for_a_secret() {
        assert_eq!(cleaned(200, "{\"service\":\"cart\"}"), "{\"service\":\"cart\"}");
        assert_eq!(cleaned(403, "wrong password cart"), "wrong password [REDACTED]");
        assert_eq!(cleaned(200, "<p>cart</p>"), "<p>[REDACTED]</p>", "a page is no data");
    }

    #[test]
    fn a_secret_is_distinct_if_it_can_be_no_word_and_no_number() {
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
    fn a_header_is_taken_out_whole_and_in_its_parts() {
        assert_eq!(of_header("bare-token"), ["bare-token"]);
        assert_eq!(of_header("Bearer abc"), ["Bearer abc", "abc"]);
        let basic = format!("basic {}", base64(b"ann:p4ss"));
        let all = of_header(&basic);
        assert_eq!(all[..2], [basic, base64(b"ann:p4ss")]);
        assert!(all.iter().any(|secret| secret == "p4ss"), "{all:?}");
        // Base64 that is no Basic is a token like any other.
        assert_eq!(of_header(&format!("Digest {}", base64(b"ann:p4ss"))).len(), 2);
        assert_eq!(of_header("Basic no base64!").len(), 2);
    }

    #[test]
    fn the_spellings_are_what_others_make_of_a_text() {
        assert_eq!([in_json(""), in_json("a"), in_json("a\"b\\")], ["", "a", "a\\\"b\\\\"]);
        assert_eq!(small_hex("A%2FB%AB%CDEF%"), "A%2fB%ab%cdEF%");
        assert_eq!(percent("a b/ü", "/"), "a%20b/%C3%BC");
        assert_eq!([base64(b""), base64(b"f"), base64(b"fo"), base64(b"foo")], ["", "Zg==", "Zm8=", "Zm9v"]);
        assert_eq!(base64(b"\xfb\xef\xff\x00\x10Aladdin"), "++//ABBBbGFkZGlu");
        assert_eq!(inside_base64(b"abcde", 0), ["YWJjZG", "YWJjZG"]);
        assert!(inside_base64(b"abcd", 0).is_empty(), "five letters could be a word");
        assert_eq!(inside_base64(b"\xfb\xef\xff\xfb\xef\xff", 0), ["--__--__", "++//++//"]);
    }
}
