//! Whatever an ID holds, it is data: quoted for each place by one function, and read back by an independent parser.

use std::io::Write as _;
use std::process::{Command, Stdio};

use crate::support::length::cases;
use fastrand::Rng;
use promql_parser::parser::{Expr, parse};
use regex::Regex;
use trace::model::time::{Timestamp, Window};
use trace::report::wording::shell;
use trace::source::role::TraceSearch;
use trace::source::server::jaeger::{v1, v3};
use trace::source::server::transport::join_path;
use trace::source::server::{loki, request};
use url::Url;

/// Random strings a test: 100,000 at full length.
fn strings() -> usize {
    cases(100_000) as usize
}

/// What has broken out of strings before.
const NASTY: [&str; 64] = [
    "\"",
    "'",
    "`",
    "\\",
    "\\\\",
    "\\\"",
    "\\n",
    "\\x22",
    "\\u0022",
    "\\042",
    "{",
    "}",
    "{{",
    "}}",
    "{%",
    "(",
    ")",
    "[",
    "]",
    "|",
    "|=",
    "|~",
    "!=",
    "=~",
    ".",
    ".*",
    "+",
    "?",
    "^",
    "$",
    "*",
    "#",
    "//",
    "/*",
    "--",
    "-",
    "&",
    "&x=1",
    "=",
    ";",
    ":",
    ",",
    "%",
    "%22",
    "%2e%2e",
    "../",
    "..",
    "/",
    " ",
    "\t",
    "\n",
    "\r",
    "\r\n",
    "\0",
    "\u{7f}",
    "\u{85}",
    "\u{2028}",
    "\u{2029}",
    "\u{d7ff}",
    "\u{e000}",
    "\u{feff}",
    "\u{fffd}",
    "\u{10ffff}",
    "👩\u{200d}👧",
];

fn nasty(random: &mut Rng) -> String {
    let mark = |random: &mut Rng| match random.u8(0..8) {
        0 => random.char(..).to_string(),
        1 => random.alphanumeric().to_string(),
        _ => NASTY[random.usize(0..NASTY.len())].to_owned(),
    };
    (0..random.usize(1..9)).map(|_| mark(random)).collect()
}

fn each_nasty(seed: u64) -> impl Iterator<Item = String> {
    let mut random = Rng::with_seed(seed);
    (0..strings()).map(move |_| nasty(&mut random))
}

/// Reads one Go string literal at the beginning of a text, as Go's `strconv.Unquote` does; the value and what follows.
fn unquoted(literal: &str) -> Option<(String, &str)> {
    let mut chars = literal.strip_prefix('"')?.char_indices();
    let mut value = String::new();
    while let Some((at, c)) = chars.next() {
        match c {
            '"' => return Some((value, &literal[1 + at + 1..])),
            '\n' => return None,
            '\\' => match chars.next()?.1 {
                'a' => value.push('\x07'),
                'b' => value.push('\x08'),
                'f' => value.push('\x0c'),
                'n' => value.push('\n'),
                'r' => value.push('\r'),
                't' => value.push('\t'),
                'v' => value.push('\x0b'),
                '\\' => value.push('\\'),
                '"' => value.push('"'),
                'u' => {
                    let hex: String = chars.by_ref().take(4).map(|(_, c)| c).collect();
                    value.push(char::from_u32(u32::from_str_radix(&hex, 16).ok()?)?);
                }
                _ => return None,
            },
            c => value.push(c),
        }
    }
    None
}

#[test]
fn promql_has_one_matcher_with_the_very_value() {
    for (nth, text) in each_nasty(1).enumerate() {
        let literal = request::quoted(&text);
        assert_eq!(unquoted(&literal), Some((text.clone(), "")), "{literal}");
        // The parser takes its time.
        if nth % 5 > 0 {
            continue;
        }
        let query = format!("up{{x={literal}}}");
        let Ok(Expr::VectorSelector(selector)) = parse(&query) else { panic!("{query}") };
        let [matcher] = selector.matchers.matchers.as_slice() else { panic!("{query}") };
        assert_eq!((matcher.name.as_str(), matcher.value.as_str()), ("x", text.as_str()));
        assert!(selector.matchers.or_matchers.is_empty() && selector.offset.is_none() && selector.at.is_none());
    }
}

#[test]
fn logql_has_one_literal_with_the_very_value() {
    const ALL: &str = "{a=~\".+\"}";
    for text in each_nasty(2) {
        let one = loki::by_text(ALL, std::slice::from_ref(&text));
        let literal = one.strip_prefix("{a=~\".+\"} |= ").expect("a filter for the text");
        assert_eq!(unquoted(literal), Some((text.clone(), "")), "{one}");
        let field = loki::by_field(ALL, &["id".into(), "x-y".into()], std::slice::from_ref(&text));
        let (value, rest) = unquoted(field.strip_prefix("{a=~\".+\"} | id=").expect("a label")).expect("a literal");
        assert_eq!(value, text);
        assert_eq!(unquoted(rest.strip_prefix(" or x_y=").expect("a label")), Some((text, "")));
    }
}

/// Where a query needs a regular expression, the text matches itself there, and what differs from it does not.
#[test]
fn logql_regular_expressions_match_the_very_text() {
    const ALL: &str = "{a=~\".+\"}";
    let mut random = Rng::with_seed(3);
    // Each is compiled.
    for _ in 0..strings() / 10 {
        let (one, other) = (nasty(&mut random), nasty(&mut random));
        let query = loki::by_text(ALL, &[one.clone(), other.clone()]);
        let (pattern, rest) = unquoted(query.strip_prefix("{a=~\".+\"} |~ ").expect("a filter")).expect("a literal");
        assert_eq!(rest, "");
        let pattern = Regex::new(&format!("^(?:{pattern})$")).expect("a regular expression");
        assert!(pattern.is_match(&one) && pattern.is_match(&other), "{query}");
        let longer = format!("{one}z");
        assert!(longer == other || !pattern.is_match(&longer), "{query}");

        let query = loki::by_value(ALL, &["a.b".to_owned()], &one);
        let (pattern, rest) = unquoted(query.strip_prefix("{a=~\".+\"} |~ ").expect("a filter")).expect("a literal");
        assert_eq!(rest, "");
        let pattern = Regex::new(&pattern).expect("a regular expression");
        assert!(pattern.is_match(&format!("{{\"a.b\": \"{one}\"}}")), "{query}");
        assert!(!pattern.is_match(&format!("{{\"aXb\": \"{one}\"}}")), "{query}");
    }
}

#[test]
fn jaeger_gets_one_tag_with_the_very_value() {
    let window = Window::new(Timestamp(0), Timestamp(1_000_000));
    let mut random = Rng::with_seed(4);
    for text in each_nasty(4) {
        let key = nasty(&mut random);
        let search = TraceSearch { operation: None, tags: &[(&key, &text)], window, limit: 20 };
        for (request, name) in
            [(v1::search(&search, &text), "tags"), (v3::search(&search, Some(&text)), "query.attributes")]
        {
            let sent = request.encoded_parameters();
            let read: Vec<(String, String)> = url::form_urlencoded::parse(sent.as_bytes()).into_owned().collect();
            assert_eq!(read.len(), request.parameters.len(), "{sent}");
            assert!(read.iter().zip(&request.parameters).all(|(read, asked)| read.0 == asked.0 && read.1 == asked.1));
            let tags = read.iter().find(|(known, _)| known == name).map(|(_, tags)| tags.as_str()).expect("tags");
            let tags: serde_json::Map<String, serde_json::Value> = serde_json::from_str(tags).expect("JSON");
            assert_eq!(tags.len(), 1);
            assert_eq!(tags.get(&key).and_then(|value| value.as_str()), Some(text.as_str()));
        }
    }
}

/// The path of an address, decoded: segments that a server sees.
fn segments(url: &Url) -> Vec<String> {
    let decoded = |segment: &str| {
        let (mut bytes, mut rest) = (vec![], segment.as_bytes());
        while let Some((first, tail)) = rest.split_first() {
            let digits = tail.get(..2).and_then(|hex| u8::from_str_radix(std::str::from_utf8(hex).ok()?, 16).ok());
            match digits.filter(|_| *first == b'%') {
                Some(byte) => (bytes.push(byte), rest = &tail[2..]).1,
                None => (bytes.push(*first), rest = tail).1,
            }
        }
        String::from_utf8(bytes).expect("UTF-8")
    };
    url.path_segments().expect("a path").map(decoded).collect()
}

/// No path is built from data that is not checked first (trace IDs are digits by then); it could be. By the URL standard
/// line breaks and tabs are never part of an address, and `.` and `..` name no segment: they are left out, and climb nowhere.
#[test]
fn an_address_keeps_to_its_path() {
    let base = Url::parse("https://gateway.example:8443/base").expect("an address");
    for text in each_nasty(5) {
        let url = join_path(&base, &["api".to_owned(), text.clone(), "end".to_owned()]);
        assert_eq!((url.scheme(), url.host_str(), url.port()), ("https", Some("gateway.example"), Some(8443)), "{url}");
        assert_eq!((url.query(), url.fragment()), (None, None), "{url}");
        let kept: String = text.chars().filter(|c| !matches!(c, '\t' | '\n' | '\r')).collect();
        let mut expected = vec!["base".to_owned(), "api".to_owned(), kept, "end".to_owned()];
        expected.retain(|segment| !matches!(segment.as_str(), "." | ".."));
        assert_eq!(segments(&url), expected, "{text:?} {url}");
        assert_eq!(Url::parse(url.as_str()).expect("an address"), url, "read again it is the same");
    }
}

#[test]
fn a_shell_reads_one_word() {
    let words: Vec<String> =
        each_nasty(6).map(|word| word.replace('\0', "")).chain([String::new(), "=ls".into(), "-n".into()]).collect();
    let script: String = words.iter().map(|word| format!("printf '%s\\0' {}\n", shell::quoted(word))).collect();
    let mut shell = Command::new("sh").stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().expect("a shell");
    let mut pipe = shell.stdin.take().expect("its input");
    let writer = std::thread::spawn(move || pipe.write_all(script.as_bytes()));
    let said = shell.wait_with_output().expect("its output").stdout;
    writer.join().expect("a thread").expect("it reads all");
    let said = String::from_utf8(said).expect("UTF-8");
    let read: Vec<&str> = said.strip_suffix('\0').expect("an end").split('\0').collect();
    assert_eq!(read.len(), words.len());
    for (read, word) in read.iter().zip(&words) {
        assert_eq!(read, word);
    }
}
