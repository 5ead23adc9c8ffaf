//! Texts with their variable parts masked, so that the same complaint about two essays is one.

use std::collections::{BTreeMap, BTreeSet};
use std::net::{IpAddr, SocketAddr};

/// A name with its numbers and IDs masked.
pub fn masked(text: &str) -> String {
    let mut masked = String::with_capacity(text.len());
    let is_part = |c: char| c.is_alphanumeric() || c == '-';
    let mut rest = text;
    while let Some(first) = rest.chars().next() {
        let end = rest.find(|c: char| is_part(c) != is_part(first)).unwrap_or(rest.len());
        let (word, tail) = rest.split_at(end);
        if is_id(word) {
            masked.push('#');
        } else {
            let parts = word.split('-').map(|p| if p.contains(|c: char| c.is_ascii_digit()) { "#" } else { p });
            masked.push_str(&parts.collect::<Vec<_>>().join("-"));
        }
        rest = tail;
    }
    masked
}

/// The longest part of a message that is read, in bytes: what is longer is a dump.
const LONGEST: usize = 2_000;
/// So many words at least has a message of which one may be variable for no other reason than that it varies.
const WORDS: usize = 4;
/// So many texts at least must differ in one word for that word to be variable.
const ALIKE: usize = 3;

/// What a message says whatever it says it of: IDs, numbers, addresses, times and quoted texts are masked.
pub fn template(message: &str) -> String {
    let line = message.lines().map(str::trim).find(|line| !line.is_empty()).unwrap_or_default();
    let end = (0..=LONGEST.min(line.len())).rev().find(|end| line.is_char_boundary(*end)).unwrap_or(0);
    let unquoted = without_quoted(&line[..end]);
    unquoted.split_whitespace().map(word).collect::<Vec<_>>().join(" ")
}

/// Texts in quotes are values. An apostrophe inside a word is none.
fn without_quoted(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut before = ' ';
    let mut rest = text;
    while let Some(c) = rest.chars().next() {
        let tail = &rest[c.len_utf8()..];
        let closes = |at: usize| !tail[at + 1..].starts_with(char::is_alphanumeric);
        let opens = matches!(c, '"' | '\'' | '`') && !before.is_alphanumeric();
        match tail.find(c).filter(|at| opens && closes(*at)) {
            Some(at) => {
                out.push_str("<text>");
                rest = &tail[at + 1..];
                before = '>';
            }
            None => {
                out.push(c);
                rest = tail;
                before = c;
            }
        }
    }
    out
}

/// One word: what encloses it stays.
fn word(word: &str) -> String {
    let encloses = |c: char| "()[]{},;:.!?".contains(c);
    let start = word.len() - word.trim_start_matches(encloses).len();
    let core = word[start..].trim_end_matches(encloses);
    let (head, tail) = (&word[..start], &word[start + core.len()..]);
    let address = word.trim_matches(|c: char| "(){},;.!?".contains(c));
    if address.parse::<SocketAddr>().is_ok() || address.contains("::") && address.parse::<IpAddr>().is_ok() {
        return word.replacen(address, "<ip>", 1);
    }
    format!("{head}{}{tail}", value(core))
}

fn value(core: &str) -> String {
    if let Some((key, rest)) = core.split_once('=').filter(|(key, _)| !key.contains('/')) {
        let rest = if rest.is_empty() || rest.contains('=') { numbers(rest) } else { word(rest) };
        return format!("{}={rest}", numbers(key));
    }
    if core.parse::<IpAddr>().is_ok() || core.parse::<SocketAddr>().is_ok() {
        return "<ip>".to_owned();
    }
    if is_time(core) {
        return "<time>".to_owned();
    }
    core.split('/').map(part).collect::<Vec<_>>().join("/")
}

/// A part of a path, or a word: behind a dash, what has a digit tells which one it is.
fn part(part: &str) -> String {
    if part.contains('=') {
        return value(part);
    }
    if is_id(part) {
        return "<id>".to_owned();
    }
    let piece = |(nth, piece): (usize, &str)| match () {
        () if nth == 0 || !piece.contains(|c: char| c.is_ascii_digit()) => numbers(piece),
        () if piece.chars().all(char::is_alphanumeric) && piece.contains(char::is_alphabetic) => "<id>".to_owned(),
        () => numbers(piece),
    };
    part.split('-').enumerate().map(piece).collect::<Vec<_>>().join("-")
}

/// Eight hex digits and more, a digit among them; dashes between.
fn is_id(word: &str) -> bool {
    let digits = word.strip_prefix("0x").unwrap_or(word);
    let is_hex = digits.chars().all(|c| c.is_ascii_hexdigit() || c == '-');
    is_hex && (digits.len() >= 8 || digits.len() < word.len()) && word.contains(|c: char| c.is_ascii_digit())
}

/// `2026-11-22`, `13:02:11`, or both.
fn is_time(word: &str) -> bool {
    let is_part = |c: char| c.is_ascii_digit() || "-:.TZ+,".contains(c);
    let marks = |mark: char| word.matches(mark).count();
    let is_date = marks('-') == 2 && (8..=10).contains(&word.len());
    word.starts_with(|c: char| c.is_ascii_digit()) && word.chars().all(is_part) && (is_date || marks(':') >= 2)
}

/// Numbers that do not belong to a name such as `utf8`.
fn numbers(part: &str) -> String {
    let mut out = String::with_capacity(part.len());
    let mut before = ' ';
    let mut rest = part;
    while let Some(c) = rest.chars().next() {
        if c.is_ascii_digit() {
            let end = rest.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(rest.len());
            let digits = rest[..end].trim_end_matches('.');
            let belongs = before.is_alphabetic() && digits.len() <= 3;
            out.push_str(if belongs { digits } else { "<n>" });
            rest = &rest[digits.len()..];
            before = '0';
        } else {
            out.push(c);
            rest = &rest[c.len_utf8()..];
            before = c;
        }
    }
    out
}

/// Templates with how often each was seen; those that differ in one word only become one. By count, then text.
pub fn clustered(templates: &BTreeMap<String, u64>) -> Vec<(String, u64)> {
    let mut groups: BTreeMap<String, BTreeSet<&str>> = BTreeMap::new();
    for template in templates.keys() {
        let words: Vec<&str> = template.split(' ').collect();
        for at in (0..words.len()).filter(|_| words.len() >= WORDS) {
            let but_one: Vec<&str> = words.iter().enumerate().map(|(n, w)| if n == at { "<*>" } else { w }).collect();
            groups.entry(but_one.join(" ")).or_default().insert(template);
        }
    }
    let mut groups: Vec<(String, BTreeSet<&str>)> = groups.into_iter().filter(|(_, of)| of.len() >= ALIKE).collect();
    groups.sort_by(|a, b| b.1.len().cmp(&a.1.len()).then_with(|| a.0.cmp(&b.0)));
    let mut left: BTreeSet<&str> = templates.keys().map(String::as_str).collect();
    let mut all: Vec<(String, u64)> = vec![];
    let count = |of: &BTreeSet<&str>| of.iter().filter_map(|one| templates.get(*one)).sum();
    for (cluster, of) in groups {
        let own: BTreeSet<&str> = of.intersection(&left).copied().collect();
        if own.len() >= ALIKE {
            left.retain(|one| !own.contains(one));
            all.push((cluster, count(&own)));
        }
    }
    all.extend(left.into_iter().map(|one| (one.to_owned(), templates.get(one).copied().unwrap_or_default())));
    all.sort_by(|a, b| b.1.cmp(&a.1).then_with(|| a.0.cmp(&b.0)));
    all
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_and_ids_do_not_make_two_names() {
        let table = [
            ("version 3 expected, 12 given", "version # expected, # given"),
            ("essay-001 of batch-00af", "essay-# of batch-#"),
            ("no 3f2a9c1e-7c05-43a4-beae-034151654acd!", "no #!"),
            ("well-known face", "well-known face"),
            ("", ""),
        ];
        for (text, wanted) in table {
            assert_eq!(masked(text), wanted);
        }
    }

    #[test]
    fn what_varies_in_a_message_is_masked() {
        let table = [
            ("version 3 expected, 12.5 given", "version <n> expected, <n> given"),
            ("essay 3f2a9c1e-7c05-43a4-beae-034151654acd: gone", "essay <id>: gone"),
            ("at 2026-11-22T13:02:11.112Z, [13:02:11] on 2026-11-22", "at <time>, [<time>] on <time>"),
            ("connect to 10.0.0.7:5432 (::1) or 10.0.0.7 failed.", "connect to <ip> (<ip>) or <ip> failed."),
            ("no \"Müller & Co\" in 'x' or `y`; don't", "no <text> in <text> or <text>; don't"),
            ("GET /v1/essays/00af31c2d4/page/7?user=12 took 45ms", "GET /v1/essays/<id>/page/<n>?user=<n> took <n>ms"),
            ("id=17 key= utf8 s3 0x7f order-001 of b-dd36", "id=<n> key= utf8 s3 <id> order-<n> of b-<id>"),
            ("first\n  second", "first"),
            ("  \"open", "\"open"),
            ("über 7 Brücken…", "über <n> Brücken…"),
            ("", ""),
        ];
        for (text, wanted) in table {
            assert_eq!(template(text), wanted);
        }
    }

    #[test]
    fn any_text_has_a_template_of_its_size() {
        let pieces =
            ["'", "\"", "=", "12", "a", "ü", " ", ":", "::1", "/", "-", ".", "0x", "\u{200b}", "<n>", "13:02:11"];
        for seed in 0_usize..4_000 {
            let text: String =
                (0..8).map(|n| pieces[(seed / 3_usize.pow(n) + seed * 7 + n as usize) % pieces.len()]).collect();
            let once = template(&text);
            assert!(once.len() <= 6 * text.len(), "{text:?} {once:?}");
        }
        assert!(template(&"ü".repeat(5_000)).len() <= LONGEST);
    }

    #[test]
    fn texts_that_differ_in_one_word_are_one() {
        let told = ["no user anna here now", "no user berta here now", "no user carl here now", "no user", "no way"];
        let templates: BTreeMap<String, u64> = told.iter().zip(1..).map(|(text, n)| ((*text).to_owned(), n)).collect();
        let wanted = [("no user <*> here now", 6), ("no way", 5), ("no user", 4)];
        assert_eq!(clustered(&templates), wanted.map(|(text, n)| (text.to_owned(), n)));
    }
}
