//! Numbers that are kept, because they tell what something is: versions, products, formats, and the codes of errors.

use std::sync::LazyLock;

use regex::Regex;

use super::values::{leading_digits, pattern};

/// The length of the version, name or code that `rest` begins with, where it begins with one. `before` is what was read
/// before, as it was written down: what it says of a number must not depend on a value that was replaced.
pub(super) fn kept_length(before: &str, rest: &str) -> Option<usize> {
    NAMES
        .find(rest)
        .map(|name| name.len())
        .or_else(|| version_length(before, rest))
        .or_else(|| code_length(before, rest))
}

/// Names whose numbers would otherwise be counts or IDs.
static NAMES: LazyLock<Regex> = LazyLock::new(|| {
    let names = [
        // Errors of Oracle's products.
        r"(?:ASM|CLSR?|CRS|DGM|DIA|DRG|EXP|IMP|KUP|LPX|LRM|NID|NNL|OCI|ORA|PCC|PLS|PRCR|PROT|PRVF|QSM|RMAN|SP2|SQL|TNS|UDE|UDI)-[0-9]{4,5}",
        // Other error codes: of MySQL, of IBM (`WSVR0001I`, `SQL0204N`), of compilers (`E0502`).
        r"MY-[0-9]{6}",
        r"[A-Z]{3,5}[0-9]{4,5}[A-Z]",
        r"E[0-9]{3,5}",
        // Standards, character sets, algorithms, reports of vulnerabilities.
        r"(?i:aes|cve|iso|latin|pkcs|rfc|rsa|sha|ucs|utf|windows)-?[0-9]{1,5}(?:-[0-9]{1,5})*",
        r"(?i:cp|ibm)[0-9]{3,4}",
        // Language models, which the names of spans of generative AI end with.
        r"(?i:claude|gemini|gpt|llama|mistral|qwen)-[0-9](?:\.[0-9])?[a-z]?(?:-[0-9])?",
        // Abbreviations that have a number inside or before.
        r"(?i:2fa|3ds|a11y|b2[bc]|e2e|h2c|i18n|k[38]s|l10n|log4[a-z]|o11y|p2p|[1-5]xx)",
        // Versions: `v1`, `ordersV2`, `TLSv1.3`, `v1beta1`, `v2.0.0-rc.1`.
        r"\pL*?[vV][0-9]{1,3}(?:\.[0-9]{1,4})*(?:(?:alpha|beta|rc)[0-9]{1,3})?(?:-(?i:alpha|beta|dev|m|pre|rc|snapshot)[.-]?[0-9]{0,4})?",
    ];
    pattern(&format!(r"^(?:{})\b", names.join("|")))
});

/// What a number with a dot behind it is the version of.
const VERSIONED: [&str; 12] =
    ["http", "java", "mozilla", "nginx", "node", "protocol", "python", "release", "ruby", "ssl", "tls", "version"];

/// The length of a version without a `v`: of three parts, or of two behind what has versions.
fn version_length(before: &str, rest: &str) -> Option<usize> {
    static PARTS: LazyLock<Regex> = LazyLock::new(|| {
        pattern(r"^[0-9]{1,3}(?:\.[0-9]{1,4}){1,3}(?:-(?i:alpha|beta|dev|m|pre|rc|snapshot)[.-]?[0-9]{0,4})?\b")
    });
    if !rest.starts_with(|c: char| c.is_ascii_digit()) {
        return None;
    }
    let found = PARTS.find(rest).filter(|found| !is_continued(&rest[found.end()..]));
    let Some(found) = found else {
        // `HTTP/2` has one part.
        let digits = leading_digits(rest);
        let is_http = before.strip_suffix('/').is_some_and(|before| last_word(before).eq_ignore_ascii_case("http"));
        return (digits == 1 && is_http && !is_continued(&rest[1..])).then_some(1);
    };
    let parts: Vec<&str> = found.as_str().split('-').next()?.split('.').collect();
    let is_versioned = || {
        let name = last_word(before.trim_end_matches([' ', '/', '-', ':', '='])).to_ascii_lowercase();
        VERSIONED.contains(&name.as_str())
    };
    let is_one = match parts.as_slice() {
        // A date, or thousands apart.
        [_, _, year] if year.len() == 4 => false,
        [_, thousands @ ..] if parts.len() > 2 => !thousands.iter().all(|part| part.len() == 3),
        _ => is_versioned(),
    };
    is_one.then_some(found.len())
}

/// How many digits a code has at most: SQLSTATE, and most of what operating systems and databases count their errors
/// by. Longer numbers are IDs.
const LONGEST: usize = 5;

/// The length of a code: a number which the words around it say is one.
fn code_length(before: &str, rest: &str) -> Option<usize> {
    let named = CodeWord::before(before);
    if let Some(length) = named.as_ref().and_then(|_| lettered_code_length(rest)) {
        return Some(length);
    }
    let digits = leading_digits(rest);
    let (number, after) = rest.split_at(digits);
    if !(1..=LONGEST).contains(&digits) || is_continued(after) {
        return None;
    }
    let is_status = is_http_status(number);
    let is_code = match named {
        Some(CodeWord::Http) => digits == 3,
        Some(CodeWord::Code) => is_status || !is_count(after),
        Some(CodeWord::Error) => !is_count(after),
        // The exit status of a process is at most 255, the number of a signal less.
        Some(CodeWord::Exit) => digits <= 3 && !is_count(after),
        Some(CodeWord::Answer) => is_status && !is_count(after),
        None => false,
    };
    let is_code = is_code
        || is_status && is_http_status_line(rest)
        || is_status && is_in_brackets(before, after)
        || is_sqlstate(number) && !before.ends_with(['/', '-', '=', '_'])
        || is_grpc_status(after)
        || is_alone(before, after)
        // `404: not found`; of fewer digits it is rather a place in a list, `1: not found`.
        || before.is_empty() && digits >= 3 && after.starts_with(": ");
    is_code.then_some(digits)
}

/// Whether what follows belongs to the same number, or makes a word of it.
fn is_continued(after: &str) -> bool {
    let mut next = after.chars();
    match next.next() {
        Some('.' | ',' | ':' | '/') => next.next().is_some_and(|c| c.is_ascii_digit()),
        Some('%') => true,
        Some(c) => c.is_alphanumeric(),
        None => false,
    }
}

/// A word that says what a number behind it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum CodeWord {
    /// A code and nothing else: `code 14`.
    Code,
    /// A number of an error; but it may be of how many errors there are: `error 1205`, `error: 3 rows`.
    Error,
    /// How a process ended.
    Exit,
    /// What HTTP answers.
    Http,
    /// Words after which a number is an answer: a status, or a count.
    Answer,
}

impl CodeWord {
    /// The one that a text ends with, but for what may be between it and its number: `status code is "`, `errno=`.
    fn before(text: &str) -> Option<Self> {
        /// Words that may be between as well.
        const FILLERS: [&str; 9] = ["a", "an", "is", "no", "number", "of", "the", "was", "with"];
        /// `responded with a 500`: more of them are another sentence.
        const MOST_FILLERS: usize = 2;
        let mut text = without_gap(text.strip_suffix('#').unwrap_or(text));
        for _ in 0..MOST_FILLERS {
            let Some(filler) = FILLERS.iter().find(|filler| last_word(text).eq_ignore_ascii_case(filler)) else {
                break;
            };
            text = without_gap(&text[..text.len() - filler.len()]);
        }
        let word = last_word(text);
        if !word.is_empty() && word.bytes().all(|b| b.is_ascii_digit()) {
            // `HTTP/1.1 503`: the version of the protocol is between.
            let before = text.trim_end_matches(|c: char| c.is_ascii_digit() || c == '.').strip_suffix('/')?;
            return Some(Self::Http).filter(|_| last_word(before).eq_ignore_ascii_case("http"));
        }
        Self::from_word(word)
    }

    /// Of names such as `http.status_code`, `exitCode` and `HTTPStatus` the last part tells.
    fn from_word(word: &str) -> Option<Self> {
        let word = word.rsplit('_').next().unwrap_or(word);
        let hump = word.rfind(|c: char| c.is_ascii_uppercase()).filter(|at| word[*at..].len() > 1);
        let hump = hump.filter(|_| word.contains(|c: char| c.is_ascii_lowercase())).map_or(word, |at| &word[at..]);
        Some(match hump.to_ascii_lowercase().as_str() {
            "code" | "errcode" | "errno" | "errorcode" | "exitcode" | "hresult" | "returncode" | "sqlcode"
            | "sqlstate" | "status" | "statuscode" => Self::Code,
            "err" | "error" => Self::Error,
            "exit" | "exited" | "signal" => Self::Exit,
            "http" | "https" => Self::Http,
            "answered" | "got" | "received" | "replied" | "responded" | "response" | "returned" | "failed" => {
                Self::Answer
            }
            _ => return None,
        })
    }
}

/// A text without the marks at its end that may be between a word and its number.
fn without_gap(text: &str) -> &str {
    text.trim_end_matches([' ', '=', ':', '"', '\'', '`', '[', '(', '{', '-', '_', '.', '\\'])
}

/// The letters, digits and underscores that a text ends with.
fn last_word(text: &str) -> &str {
    let start = text.trim_end_matches(|c: char| c.is_alphanumeric() || c == '_').len();
    &text[start..]
}

/// The length of a code that has letters, behind a word that says it is one: `SQLSTATE 40P01`, `HRESULT 0x80070005`.
fn lettered_code_length(rest: &str) -> Option<usize> {
    static FORM: LazyLock<Regex> = LazyLock::new(|| pattern(r"^(?:0[xX][0-9A-Fa-f]{1,8}|[0-9][0-9A-Z]{4})\b"));
    let found = FORM.find(rest)?;
    found.as_str().contains(char::is_alphabetic).then_some(found.len())
}

/// Whether a number is one of those with which HTTP says that something failed.
fn is_http_status(number: &str) -> bool {
    matches!(number.parse::<u16>(), Ok(400..=418 | 421..=426 | 428 | 429 | 431 | 451 | 499 | 500..=511 | 520..=527))
        && number.len() == 3
}

/// What HTTP says beside a status, in small letters.
const REASONS: [&str; 24] = [
    "bad gateway",
    "bad request",
    "client closed request",
    "conflict",
    "content too large",
    "forbidden",
    "gateway time",
    "gone",
    "internal server error",
    "length required",
    "locked",
    "method not allowed",
    "not acceptable",
    "not found",
    "not implemented",
    "payload too large",
    "payment required",
    "precondition failed",
    "request timeout",
    "service unavailable",
    "too many requests",
    "unauthorized",
    "unprocessable",
    "unsupported media type",
];

/// Whether a text begins as an answer of HTTP does, or calls itself one: `404 Not Found`, `503 response`.
pub(super) fn is_http_status_line(text: &str) -> bool {
    let (number, after) = text.split_at(leading_digits(text));
    let after = after.trim_start_matches([' ', ':', '-', '(', ',']).to_ascii_lowercase();
    let word = after.split(|c: char| !c.is_alphanumeric()).next().unwrap_or_default();
    let is_called_so = matches!(word, "error" | "page" | "reply" | "response" | "status");
    is_http_status(number) && (is_called_so || REASONS.iter().any(|reason| after.starts_with(reason)))
}

fn is_in_brackets(before: &str, after: &str) -> bool {
    before.ends_with('(') && after.starts_with(')') || before.ends_with('[') && after.starts_with(']')
}

/// What SQL says most often of what failed: five digits that are hardly ever anything else.
fn is_sqlstate(number: &str) -> bool {
    matches!(
        number,
        "08000"
            | "08001"
            | "08003"
            | "08004"
            | "08006"
            | "22001"
            | "22003"
            | "22007"
            | "22012"
            | "23000"
            | "23001"
            | "23502"
            | "23503"
            | "23505"
            | "23514"
            | "25006"
            | "28000"
            | "40001"
            | "42501"
            | "42601"
            | "42703"
            | "42804"
            | "42883"
            | "53100"
            | "53200"
            | "53300"
            | "55006"
            | "57014"
            | "58000"
            | "58030"
    )
}

/// Whether the name of a status of gRPC follows its number: `14 UNAVAILABLE: no connection`.
fn is_grpc_status(after: &str) -> bool {
    const NAMES: [&str; 16] = [
        "ABORTED",
        "ALREADY_EXISTS",
        "CANCELLED",
        "DATA_LOSS",
        "DEADLINE_EXCEEDED",
        "FAILED_PRECONDITION",
        "INTERNAL",
        "INVALID_ARGUMENT",
        "NOT_FOUND",
        "OUT_OF_RANGE",
        "PERMISSION_DENIED",
        "RESOURCE_EXHAUSTED",
        "UNAUTHENTICATED",
        "UNAVAILABLE",
        "UNIMPLEMENTED",
        "UNKNOWN",
    ];
    let after = after.trim_start_matches([' ', ':', '-', '(']);
    NAMES.iter().any(|name| after.strip_prefix(name).is_some_and(|rest| !rest.starts_with(char::is_alphanumeric)))
}

/// Whether nothing else is there: of such a text the number is what tells it apart.
fn is_alone(before: &str, after: &str) -> bool {
    !before.contains(char::is_alphanumeric) && !after.contains(char::is_alphanumeric)
}

/// Whether what follows a number is what it counts: `rows`, `ms`, `of 5`.
fn is_count(after: &str) -> bool {
    const UNITS: [&str; 17] = [
        "b", "bytes", "gb", "h", "kb", "kib", "m", "mb", "mib", "min", "minute", "more", "ms", "of", "s", "sec",
        "times",
    ];
    /// Words that end as several things do.
    const SINGULAR: [&str; 9] = ["address", "as", "does", "has", "is", "status", "this", "unless", "was"];
    let word = after.strip_prefix(' ').unwrap_or_default().split(|c: char| !c.is_alphanumeric()).next();
    let word = word.unwrap_or_default().to_ascii_lowercase();
    let is_several = word.len() > 2 && word.ends_with('s') && !word.ends_with("ss");
    UNITS.contains(&word.as_str()) || is_several && !SINGULAR.contains(&word.as_str())
}
