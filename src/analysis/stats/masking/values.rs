//! What varies from run to run: how IDs, addresses, times and numbers are written.

use std::net::Ipv6Addr;
use std::sync::LazyLock;

use regex::Regex;

/// What a value is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum ValueKind {
    Email,
    Id,
    Ip,
    Number,
    Text,
    Time,
}

impl ValueKind {
    pub(super) fn placeholder(self) -> &'static str {
        match self {
            Self::Email => "<email>",
            Self::Id => "<id>",
            Self::Ip => "<ip>",
            Self::Number => "<n>",
            Self::Text => "<text>",
            Self::Time => "<time>",
        }
    }
}

/// Values that can be recognized by their form alone, each from its first character on.
const FORMS: [(ValueKind, &str); 8] = [
    (
        ValueKind::Time,
        r"[0-9]{4}-[0-9]{2}-[0-9]{2}(?:T[0-9]{2}:[0-9]{2}(?::[0-9]{2}(?:[.,][0-9]+)?)?(?:Z|[+-][0-9]{2}:?[0-9]{2})?)?\b",
    ),
    (ValueKind::Time, r"[0-9]{1,2}:[0-9]{2}:[0-9]{2}(?:[.,][0-9]+)?Z?\b"),
    // An ISO 8601 duration, as Java writes them.
    (ValueKind::Number, r"P(?:[0-9.]+[YMWD])*(?:T(?:[0-9.]+[HMS])+|[0-9.]+[YMWD])\b"),
    (ValueKind::Email, r"[\w.%+-]+@(?:[\w-]+\.)+[A-Za-z][\w-]*"),
    // An address with its port.
    (
        ValueKind::Ip,
        r"(?:(?:25[0-5]|2[0-4][0-9]|1?[0-9]?[0-9])\.){3}(?:25[0-5]|2[0-4][0-9]|1?[0-9]?[0-9])(?::[0-9]+)?\b",
    ),
    // The address of a network card.
    (ValueKind::Ip, r"(?:[0-9A-Fa-f]{2}:){5}[0-9A-Fa-f]{2}\b"),
    (ValueKind::Id, r"[0-9A-Fa-f]{8}-(?:[0-9A-Fa-f]{4}-){3}[0-9A-Fa-f]{12}\b"),
    // A JSON web token.
    (ValueKind::Id, r"eyJ[\w-]{8,}(?:\.[\w-]+)*"),
];

/// All of them in one, a group for each: most words are none of these, and so that is found out at once.
static ANY_FORM: LazyLock<Regex> = LazyLock::new(|| {
    let groups = FORMS.map(|(_, form)| format!("({form})"));
    pattern(&format!("^(?:{})", groups.join("|")))
});

/// The value that a text begins with, and its length, where its form alone tells what it is.
pub(super) fn recognize(text: &str) -> Option<(ValueKind, usize)> {
    if let Some(length) = ipv6_length(text) {
        return Some((ValueKind::Ip, length));
    }
    let length = ANY_FORM.find(text)?.len();
    let groups = ANY_FORM.captures(text)?;
    let form = FORMS.iter().zip(1..).find(|(_, group)| groups.get(*group).is_some());
    form.map(|((value, _), _)| (*value, length))
}

/// The length of the IPv6 address that a text begins with: by itself, or in brackets with a port.
fn ipv6_length(text: &str) -> Option<usize> {
    let is_part = |c: char| c.is_ascii_hexdigit() || matches!(c, ':' | '.');
    // Without a digit it is rather a path in code, such as `add::bad`.
    let is_address = |text: &&str| {
        text.matches(':').count() > 1 && text.contains(|c: char| c.is_ascii_digit()) && text.parse::<Ipv6Addr>().is_ok()
    };
    let Some(inner) = text.strip_prefix('[') else {
        let run = &text[..text.find(|c| !is_part(c)).unwrap_or(text.len())];
        let address = [run, run.trim_end_matches(['.', ':'])].into_iter().find(is_address)?;
        return Some(address.len()).filter(|end| !text[*end..].starts_with(char::is_alphanumeric));
    };
    let end = inner.find(|c| !is_part(c)).filter(|end| inner[*end..].starts_with(']'))?;
    let _ = Some(&inner[..end]).filter(is_address)?;
    Some(end + 2 + port_length(&inner[end + 1..]))
}

/// The length of a colon and a port, where a text begins so.
fn port_length(text: &str) -> usize {
    let digits = text.strip_prefix(':').map_or(0, leading_digits);
    if digits > 0 { digits + 1 } else { 0 }
}

/// The length of the ID that a text begins with.
pub(super) fn id_length(text: &str) -> Option<usize> {
    prefixed_hex_length(text).or_else(|| hex_groups_length(text)).or_else(|| token_length(text))
}

/// `0x7f8a`: however short, it is the address of something.
fn prefixed_hex_length(text: &str) -> Option<usize> {
    let digits = text.strip_prefix("0x").or(text.strip_prefix("0X"))?;
    let length = digits.len() - digits.trim_start_matches(|c: char| c.is_ascii_hexdigit()).len();
    Some(length + 2).filter(|end| length > 0 && !text[*end..].starts_with(char::is_alphanumeric))
}

/// The most groups of hexadecimal digits, with dashes between them, that are an ID together: fewer than 8 digits may
/// be a word, and without a decimal digit among them they mostly are one.
fn hex_groups_length(text: &str) -> Option<usize> {
    let run = &text[..text.find(|c: char| !c.is_ascii_hexdigit() && c != '-').unwrap_or(text.len())];
    let is_end = |end: &usize| !text[*end..].starts_with(char::is_alphanumeric);
    let ends = run.match_indices('-').map(|(at, _)| at).chain([run.len()]);
    let ends: Vec<usize> = ends.filter(is_end).collect();
    ends.into_iter().rev().find(|end| {
        let groups = &run[..*end];
        let decimals = groups.bytes().filter(u8::is_ascii_digit).count();
        let has_digit = |group: &str| group.contains(|c: char| c.is_ascii_digit());
        // Words beside a number, as in `face-2-face` or `feed-20261122`, are none.
        let begins = groups.split('-').next().is_some_and(|group| has_digit(group) || group.len() >= 8);
        let is_one = groups.split('-').all(|group| has_digit(group) || group.len() >= 4);
        groups.len() >= 8 && decimals > 0 && begins && is_one
    })
}

/// Letters and digits in no order that a name would have, as in a ULID, which has 26. Names have fewer than three runs of
/// digits (`log4j2`), are shorter, or are words each with its version.
fn token_length(text: &str) -> Option<usize> {
    let length = text.find(|c: char| !c.is_ascii_alphanumeric()).unwrap_or(text.len());
    let word = &text[..length];
    let runs = word.split(|c: char| !c.is_ascii_digit()).filter(|digits| !digits.is_empty()).count();
    let is_one = length >= 16 && runs >= 3 && !CAMEL_CASE.is_match(word);
    is_one.then_some(length).filter(|end| !text[*end..].starts_with(char::is_alphanumeric))
}

/// Words in one, each with its version: `Base64Utf8Sha256`.
static CAMEL_CASE: LazyLock<Regex> = LazyLock::new(|| pattern("^(?:[A-Za-z]?[a-z]{2,}[0-9]{0,3})+$"));

/// The length of the hash of an object of Java, where a text begins with one: up to 8 hexadecimal digits without leading
/// zeros. Fewer than 4, or letters alone, may be a name after an `@`.
pub(super) fn java_hash_length(text: &str) -> Option<usize> {
    let length = text.len() - text.trim_start_matches(|c: char| c.is_ascii_hexdigit()).len();
    let is_end = !text[length..].starts_with(|c: char| c.is_alphanumeric() || c == '.');
    (length >= 4 && is_end && text[..length].contains(|c: char| c.is_ascii_digit())).then_some(length)
}

/// Whether letters and digits behind a dash are an ID, as in `essay-00af` or the name of a pod, rather than a name, as
/// in `backup-s3`.
pub(super) fn is_id_behind_dash(word: &str) -> bool {
    let is_mixed = word.contains(|c: char| c.is_ascii_digit()) && word.contains(char::is_alphabetic);
    // `dd36`, but not `ec2`: so short a name may be hexadecimal by accident.
    let is_hex = || word.len() >= 4 && word.chars().all(|c| c.is_ascii_hexdigit());
    let is_name = || {
        let letters = word.trim_end_matches(|c: char| c.is_ascii_digit());
        word.len() - letters.len() <= 3 && letters.chars().all(char::is_alphabetic) && !letters.is_empty()
    };
    is_mixed && (is_hex() || !is_name())
}

/// Whether a word behind an ID may be the random end of a Kubernetes pod name: five characters of its alphabet, which has
/// no vowels and no digits that look like letters.
pub(super) fn is_pod_suffix(word: &str) -> bool {
    const ALPHABET: &str = "bcdfghjklmnpqrstvwxz2456789";
    word.len() == 5 && word.chars().all(|c| ALPHABET.contains(c))
}

/// How many digits a number may have that belongs to a name, as in `utf8` or `x509`: longer ones are IDs.
const DIGITS_OF_NAME: usize = 3;

/// The length of the digits that belong to the name before them, with what a dot adds: `python3.12`.
pub(super) fn name_digits_length(text: &str) -> Option<usize> {
    let is_short = |digits: &usize| (1..=DIGITS_OF_NAME).contains(digits);
    let mut length = Some(leading_digits(text)).filter(is_short)?;
    while let Some(digits) = text[length..].strip_prefix('.').map(leading_digits).filter(is_short)
        && !text[length + 1 + digits..].starts_with(char::is_alphanumeric)
    {
        length += 1 + digits;
    }
    Some(length)
}

/// The length of a number, which a text begins with: with decimals, and with what separates thousands.
pub(super) fn number_length(text: &str) -> usize {
    let mut length = leading_digits(text);
    while let Some(digits) = text[length..].strip_prefix(['.', ',']).map(leading_digits).filter(|digits| *digits > 0) {
        length += 1 + digits;
    }
    length
}

pub(super) fn leading_digits(text: &str) -> usize {
    text.len() - text.trim_start_matches(|c: char| c.is_ascii_digit()).len()
}

/// A pattern that is written in this program.
///
/// # Panics
/// Where it is wrong, which every test that masks anything would show.
pub(super) fn pattern(text: &str) -> Regex {
    Regex::new(text).expect("a pattern of this program")
}
