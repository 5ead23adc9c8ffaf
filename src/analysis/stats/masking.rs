//! Texts with their variable parts masked, so that the same complaint about two essays is one.

use std::collections::{BTreeMap, BTreeSet};
use std::net::{IpAddr, Ipv4Addr, SocketAddr};

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
/// Longer ones are told apart by every word.
const MOST_WORDS: usize = 64;
/// So many texts at least must differ in one word for that word to be variable.
const ALIKE: usize = 3;

/// Behind these words a number tells what kind of error it is.
const CODES: [&str; 5] = ["code", "errno", "http", "sqlstate", "status"];
/// What stands around a word.
const ENCLOSING: &str = "()[]{}<>\"'`,;:.!?";

/// What a message says whatever it says it of: IDs, numbers, addresses, times and quoted texts are masked.
pub fn template(message: &str) -> String {
    let line = message.lines().map(str::trim).find(|line| !line.is_empty()).unwrap_or_default();
    let end = (0..=LONGEST.min(line.len())).rev().find(|end| line.is_char_boundary(*end)).unwrap_or(0);
    let unquoted = without_quoted(&line[..end]);
    let mut before = "";
    let masked = unquoted.split_whitespace().map(|text| {
        let masked = if is_code(before, text) { text.to_owned() } else { word(text) };
        before = text;
        masked
    });
    without_repeats(masked.collect::<Vec<_>>().join(" "))
}

/// Whether it is a short number that this word makes a code, as in `status code 503`.
fn is_code(before: &str, text: &str) -> bool {
    let is_enclosing = |c: char| ENCLOSING.contains(c);
    let (name, number) = (before.trim_matches(is_enclosing), text.trim_matches(is_enclosing));
    let is_number = (1..=5).contains(&number.len()) && number.bytes().all(|b| b.is_ascii_digit());
    is_number && CODES.iter().any(|code| name.eq_ignore_ascii_case(code))
}

/// A list of values is one value, however long.
fn without_repeats(mut text: String) -> String {
    for mask in ["<n>", "<id>", "<ip>", "<text>"] {
        for list in [format!("{mask},{mask}"), format!("{mask}, {mask}")] {
            while text.contains(&list) {
                text = text.replace(&list, mask);
            }
        }
    }
    text
}

/// Texts in quotes are values, unless they are names in code, keys, URLs, or messages themselves. An apostrophe inside a word
/// is no quote.
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
                let (inner, after) = (&tail[..at], &tail[at + 1..]);
                let is_key = || out.rfind('{') > out.rfind('}') && after.starts_with(':') && !inner.contains(' ');
                if inner.contains(": ") || inner.contains("://") {
                    out.extend([c.to_string(), without_quoted(inner), c.to_string()]);
                } else if is_name(inner) || is_key() {
                    out.push_str(&rest[..rest.len() - after.len()]);
                } else {
                    out.push_str("<text>");
                }
                rest = after;
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

/// Whether it is what code calls something: `users_email_key`, `this.repo`, `String.length()`.
fn is_name(text: &str) -> bool {
    let is_part = |c: char| c.is_ascii_alphabetic() || "_.$()".contains(c);
    text.chars().all(is_part) && text.contains(['_', '.', '(']) && text.contains(|c: char| c.is_ascii_alphabetic())
}

/// One word: what encloses it stays.
fn word(word: &str) -> String {
    let encloses = |c: char| ENCLOSING.contains(c);
    let start = word.len() - word.trim_start_matches(encloses).len();
    let core = word[start..].trim_end_matches(encloses);
    let (head, tail) = (&word[..start], &word[start + core.len()..]);
    let address = word.trim_matches(|c: char| "(){}<>,;.!?".contains(c));
    if address.parse::<SocketAddr>().is_ok() || address.contains("::") && address.parse::<IpAddr>().is_ok() {
        return word.replacen(address, "<ip>", 1);
    }
    format!("{head}{}{tail}", value(core))
}

fn value(core: &str) -> String {
    if let Some((key, rest)) = core.split_once('=').filter(|(key, _)| !key.contains('/')) {
        let rest = if is_code(key, rest) { rest.to_owned() } else { values(rest) };
        return format!("{}={rest}", numbers(key));
    }
    if core.parse::<IpAddr>().is_ok() || core.parse::<SocketAddr>().is_ok() {
        return "<ip>".to_owned();
    }
    if is_time(core) {
        return "<time>".to_owned();
    }
    if is_email(core) {
        return "<email>".to_owned();
    }
    core.split('/').map(part).collect::<Vec<_>>().join("/")
}

/// What stands behind an equals sign: a value, or the first of some.
fn values(rest: &str) -> String {
    match rest.split_once('&') {
        Some((first, others)) => format!("{}&{}", word(first), value(others)),
        None if rest.contains('=') => numbers(rest),
        None => word(rest),
    }
}

/// A part of a path, or a word: behind a dash, what has a digit tells which one it is.
fn part(part: &str) -> String {
    if part.contains('=') {
        return value(part);
    }
    if is_id(part) || is_token(part) {
        return "<id>".to_owned();
    }
    // An object of Java: its class, and its hash.
    if let Some((class, hash)) = part.rsplit_once('@').filter(|(_, hash)| is_hash(hash)) {
        return format!("{}@<id>{}", numbers(class), &hash[hex_digits(hash)..]);
    }
    let piece = |(nth, piece): (usize, &str)| match () {
        () if nth == 0 || !piece.contains(|c: char| c.is_ascii_digit()) || is_version(piece) => numbers(piece),
        () if piece.chars().all(char::is_alphanumeric) && piece.contains(char::is_alphabetic) => "<id>".to_owned(),
        () => numbers(piece),
    };
    part.split('-').enumerate().map(piece).collect::<Vec<_>>().join("-")
}

/// `v1`.
fn is_version(piece: &str) -> bool {
    piece.strip_prefix('v').is_some_and(|digits| digits.len() <= 3 && digits.bytes().all(|b| b.is_ascii_digit()))
}

/// Eight hex digits and more, a digit among them; dashes between.
fn is_id(word: &str) -> bool {
    let digits = word.strip_prefix("0x").unwrap_or(word);
    let is_hex = digits.chars().all(|c| c.is_ascii_hexdigit() || c == '-');
    is_hex && (digits.len() >= 8 || digits.len() < word.len()) && word.contains(|c: char| c.is_ascii_digit())
}

/// Letters and digits in no order that a name would have, as a ULID; or what a JSON web token begins with.
fn is_token(word: &str) -> bool {
    let is_part = |c: char| c.is_ascii_alphanumeric() || "-_.".contains(c);
    let runs = || word.split(|c: char| !c.is_ascii_digit()).filter(|digits| !digits.is_empty()).count();
    let is_mixed = || !word.contains(['-', '.']) && runs() >= 3;
    word.len() >= 16 && word.chars().all(is_part) && (word.starts_with("eyJ") || is_mixed())
}

fn is_hash(text: &str) -> bool {
    let (digits, rest) = text.split_at(hex_digits(text));
    !rest.starts_with(|c: char| c.is_alphanumeric() || c == '.') && digits.contains(|c: char| c.is_ascii_digit())
}

fn hex_digits(text: &str) -> usize {
    text.len() - text.trim_start_matches(|c: char| c.is_ascii_hexdigit()).len()
}

/// `somebody@example.com`.
fn is_email(word: &str) -> bool {
    let is_part = |c: char| c.is_alphanumeric() || "._%+-".contains(c);
    word.split_once('@').is_some_and(|(who, host)| {
        !who.is_empty() && host.contains('.') && who.chars().all(is_part) && host.chars().all(is_part)
    })
}

/// `2026-11-22`, `13:02:11`, or both.
fn is_time(word: &str) -> bool {
    let is_part = |c: char| c.is_ascii_digit() || "-:.TZ+,".contains(c);
    let marks = |mark: char| word.matches(mark).count();
    let is_date = marks('-') == 2 && (8..=10).contains(&word.len());
    word.starts_with(|c: char| c.is_ascii_digit()) && word.chars().all(is_part) && (is_date || marks(':') >= 2)
}

/// Addresses, and numbers that do not belong to a name such as `utf8`; those of `2m30s` do not.
fn numbers(part: &str) -> String {
    let mut out = String::with_capacity(part.len());
    let (mut before, mut in_name) = (' ', false);
    let mut rest = part;
    while let Some(c) = rest.chars().next() {
        if !before.is_alphanumeric() {
            in_name = c.is_alphabetic();
        }
        if c.is_ascii_digit() {
            let end = rest.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(rest.len());
            let digits = rest[..end].trim_end_matches('.');
            let is_address = digits.parse::<Ipv4Addr>().is_ok();
            let belongs = in_name && before.is_alphabetic() && digits.len() <= 3;
            out.push_str(if is_address {
                "<ip>"
            } else if belongs {
                digits
            } else {
                "<n>"
            });
            rest = &rest[digits.len()..];
            if is_address {
                rest = without_port(rest);
            }
            before = '0';
        } else {
            out.push(c);
            rest = &rest[c.len_utf8()..];
            before = c;
        }
    }
    out
}

/// What follows a port, where there is one.
fn without_port(rest: &str) -> &str {
    let port = rest.strip_prefix(':').filter(|port| port.starts_with(|c: char| c.is_ascii_digit()));
    port.map_or(rest, |port| port.trim_start_matches(|c: char| c.is_ascii_digit()))
}

/// Templates with how often each was seen; those that differ in one word only become one. By count, then text.
pub fn clustered(templates: &BTreeMap<String, u64>) -> Vec<(String, u64)> {
    let mut all: BTreeMap<String, u64> = BTreeMap::new();
    for (template, cluster) in clusters(templates.keys().map(String::as_str)) {
        *all.entry(cluster).or_default() += templates.get(template).copied().unwrap_or_default();
    }
    let mut all: Vec<(String, u64)> = all.into_iter().collect();
    all.sort_by(|a, b| b.1.cmp(&a.1).then_with(|| a.0.cmp(&b.0)));
    all
}

/// What each template becomes where those that differ in one word only become one.
pub fn clusters<'a>(templates: impl Iterator<Item = &'a str>) -> BTreeMap<&'a str, String> {
    let mut left: BTreeSet<&str> = templates.collect();
    let mut groups: BTreeMap<String, BTreeSet<&str>> = BTreeMap::new();
    for template in &left {
        let words: Vec<&str> = template.split(' ').collect();
        for at in (0..words.len()).filter(|_| (WORDS..=MOST_WORDS).contains(&words.len())) {
            let but_one: Vec<&str> = words.iter().enumerate().map(|(n, w)| if n == at { "<*>" } else { w }).collect();
            groups.entry(but_one.join(" ")).or_default().insert(template);
        }
    }
    let mut groups: Vec<(String, BTreeSet<&str>)> = groups.into_iter().filter(|(_, of)| of.len() >= ALIKE).collect();
    groups.sort_by(|a, b| b.1.len().cmp(&a.1.len()).then_with(|| a.0.cmp(&b.0)));
    let mut all: BTreeMap<&str, String> = BTreeMap::new();
    for (cluster, of) in groups {
        let own: BTreeSet<&str> = of.intersection(&left).copied().collect();
        if own.len() >= ALIKE {
            left.retain(|one| !own.contains(one));
            all.extend(own.into_iter().map(|one| (one, cluster.clone())));
        }
    }
    all.extend(left.into_iter().map(|one| (one, one.to_owned())));
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
            (
                "Connection to node -1 (localhost/127.0.0.1:9092) failed",
                "Connection to node -<n> (localhost/<ip>) failed",
            ),
            ("read tcp 10.1.2.3:43122->10.1.2.4:5432: i/o timeout", "read tcp <ip>-><ip>: i/o timeout"),
            ("Get \"http://10.0.0.7:80/v1/x/42\": EOF", "Get \"http://<ip>/v1/x/<n>\": EOF"),
            (
                "unique constraint \"users_email_key\" DETAIL: Key (email, id)=(a.b@example.com, 42) exists",
                "unique constraint \"users_email_key\" DETAIL: Key (email, id)=(<email>, <n>) exists",
            ),
            (
                "Pool(host='content', port=8001): url: /v1/x/123 (by NewError('<a.B object at 0x7f8a1c2d3e4f>: [Errno 111] no'))",
                "Pool(host=<text>, port=<n>): url: /v1/x/<n> (by NewError('<a.B object at <id>>: [Errno 111] no'))",
            ),
            (
                "status code 503, SQLSTATE 40001, code=14: HTTP 500",
                "status code 503, SQLSTATE 40001, code=14: HTTP 500",
            ),
            ("Task a.Task@7d4991ad of a.Pool@28d9b[size = 1]", "Task a.Task@<id> of a.Pool@<id>[size = <n>]"),
            (
                "no {3f2a9c1e-7c05-43a4-beae-034151654acd} in 2m30s, 1.5s or 30000ms",
                "no {<id>} in <n>m<n>s, <n>s or <n>ms",
            ),
            ("Topic orders-v1 from pod web-7d9f8b6c5d-x2k9p", "Topic orders-v1 from pod web-<id>-<id>"),
            ("01ARZ3NDEKTSV4RRFFQ69G5FAV eyJhbGciOiJIUzI1NiJ9.eyJzdWIi.a-b", "<id> <id>"),
            (
                "{\"size\": 4, \"message\":\"no user 7\"} for \"anna\": no",
                "{\"size\": <n>, \"message\":<text>} for <text>: no",
            ),
            ("KeyError: 'essay_id'; sizes [1, 2, 33] and 1,234,567", "KeyError: 'essay_id'; sizes [<n>] and <n>"),
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
            ["'", "\"", "=", "12", "a", "ü", " ", ": ", "::1", "/", "-", ".", "0x", "@\u{200b}", "<n>", "1.2.3.4:"];
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
