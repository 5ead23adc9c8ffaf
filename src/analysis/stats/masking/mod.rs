//! The one masker: names and messages with what varies from run to run replaced, so that the same step, and the same
//! error, of two runs are equal.
//!
//! Replaced are IDs, UUIDs, long hexadecimal numbers, addresses, times, counts and quoted text. Kept is what tells
//! steps and errors apart: versions (`v1`, `1.25.3`), names of products and formats (`s3`, `ec2`, `utf8`) and codes
//! (`HTTP 404`, `SQLSTATE 23505`, `ORA-00001`).
//!
//! Replacing every number, as most tools that group errors do, makes one error of `HTTP 404` and `HTTP 503`
//! (<https://github.com/getsentry/sentry/issues/71630>), and one step of `s3 PutObject` and `ec2 PutObject`. So a
//! number is kept where it belongs to a word, or where the words around it say that it is a code; elsewhere it is a
//! count or an ID.

mod clusters;
mod codes;
mod values;

#[cfg(test)]
mod tests;

pub(crate) use clusters::{cluster_counts, clusters};

use values::ValueKind;

/// The longest part of a message that is read, in bytes: what is longer is a dump, whose end tells nothing more.
const LONGEST: usize = 2_000;

/// A name, or any short text, with each value in it replaced by `#`. White space stays as it is.
pub(crate) fn mask(text: &str) -> String {
    Masker::new(text, |_| "#").masked()
}

/// The first line of a message that is not blank, with each value replaced by what it is: `<id>`, `<n>`, `<ip>`,
/// `<time>`, `<email>`, `<text>`. White space is one space.
pub(crate) fn mask_message(message: &str) -> String {
    let line = message.lines().map(str::trim).find(|line| !line.is_empty()).unwrap_or_default();
    let end = (0..=LONGEST.min(line.len())).rev().find(|end| line.is_char_boundary(*end)).unwrap_or(0);
    let words: Vec<&str> = line[..end].split_whitespace().collect();
    Masker::new(&words.join(" "), ValueKind::placeholder).masked()
}

/// What may enclose text that is a value.
const QUOTES: [char; 3] = ['"', '\'', '`'];

/// Reads a text from left to right and writes it down again, values replaced.
struct Masker<'a> {
    text: &'a str,
    /// What has been read, in bytes.
    at: usize,
    out: String,
    placeholder: fn(ValueKind) -> &'static str,
    /// Whether the last brace that was written opens: what is quoted before a colon is a key there.
    in_braces: bool,
    /// Where in the text the last value ended that was replaced.
    value_end: usize,
    /// Where the last one ended that was an ID.
    id_end: usize,
}

impl<'a> Masker<'a> {
    fn new(text: &'a str, placeholder: fn(ValueKind) -> &'static str) -> Self {
        Self {
            text,
            at: 0,
            out: String::with_capacity(text.len()),
            placeholder,
            in_braces: false,
            value_end: 0,
            id_end: 0,
        }
    }

    fn masked(mut self) -> String {
        // Most names have nothing to replace.
        if !self.text.contains(|c: char| c.is_ascii_digit() || c == '@' || QUOTES.contains(&c)) {
            return self.text.to_owned();
        }
        while let Some(c) = self.unread().chars().next() {
            let begins_word = !self.before().is_alphanumeric();
            if QUOTES.contains(&c) && begins_word && self.read_quoted(c) {
                continue;
            }
            if (begins_word || self.at == self.value_end || c == '@') && self.read_value() {
                continue;
            }
            if c.is_alphanumeric() {
                self.read_word();
            } else {
                self.keep(c.len_utf8());
            }
        }
        without_lists(self.out, self.placeholder)
    }

    fn unread(&self) -> &'a str {
        &self.text[self.at..]
    }

    /// The character before what is to be read; a space at the beginning.
    fn before(&self) -> char {
        self.text[..self.at].chars().next_back().unwrap_or(' ')
    }

    fn keep(&mut self, length: usize) {
        let kept = &self.unread()[..length];
        if let Some(brace) = kept.rfind(['{', '}']) {
            self.in_braces = kept[brace..].starts_with('{');
        }
        self.out.push_str(kept);
        self.at += length;
    }

    fn replace(&mut self, length: usize, value: ValueKind) {
        self.out.push_str((self.placeholder)(value));
        self.at += length;
        self.value_end = self.at;
        if value == ValueKind::Id {
            self.id_end = self.at;
        }
    }

    /// Text in quotes is a value, unless it is a name in code, a key, a URL, a message itself, or a code. An apostrophe
    /// inside a word is not a quote. Returns whether there was such text.
    fn read_quoted(&mut self, quote: char) -> bool {
        // A value may become any of these: what is masked would else be read anew, and be another text.
        let is_value = |c: char| matches!(c, '#' | '<' | '>');
        let tail = &self.unread()[1..];
        let closes = |end: &usize| !tail[end + 1..].starts_with(|c: char| c.is_alphanumeric() || is_value(c));
        let Some(end) = tail.find(quote).filter(closes).filter(|_| !is_value(self.before())) else { return false };
        let (inner, after) = (&tail[..end], &tail[end + 1..]);
        let is_key = self.in_braces && after.starts_with(':') && !inner.contains(' ');
        let is_code = || codes::kept_length(&self.out, inner) == Some(end);
        if inner.contains(": ") || inner.contains("://") || codes::is_http_status_line(inner) {
            self.keep(1);
            self.out.push_str(&Masker::new(inner, self.placeholder).masked());
            self.at += end;
            self.keep(1);
        } else if is_key || is_sql_name(&self.out, quote) || is_name(inner) || is_code() {
            self.keep(end + 2);
        } else {
            self.replace(end + 2, ValueKind::Text);
        }
        true
    }

    /// What is known as a whole, whatever characters it is written with: an address, a time, a code, an ID. Returns
    /// whether there was such a value.
    fn read_value(&mut self) -> bool {
        let rest = self.unread();
        if !rest.starts_with(|c: char| c.is_alphanumeric() || matches!(c, ':' | '[' | '@')) {
            return false;
        }
        let word = rest.split(|c: char| c == '/' || c.is_whitespace()).next().unwrap_or_default();
        if !word.contains(|c: char| c.is_ascii_digit() || c == '@') {
            return false;
        }
        if let Some((value, length)) = values::recognize(rest) {
            self.replace(length, value);
        } else if let Some(length) = codes::kept_length(&self.out, rest) {
            self.keep(length);
        } else if let Some(length) = values::id_length(rest) {
            self.replace(length, ValueKind::Id);
        } else if let Some(length) = rest.strip_prefix('@').and_then(values::java_hash_length) {
            // An object of Java: its class, and its hash.
            self.keep(1);
            self.replace(length, ValueKind::Id);
        } else {
            return false;
        }
        true
    }

    /// A run of letters and digits. Digits behind letters belong to a name such as `utf8`; others are a number.
    fn read_word(&mut self) {
        let rest = self.unread();
        let length = rest.find(|c: char| !c.is_alphanumeric()).unwrap_or(rest.len());
        let word = &rest[..length];
        if self.is_behind_dash()
            && (values::is_id_behind_dash(word) || self.id_end + 1 == self.at && values::is_pod_suffix(word))
        {
            return self.replace(length, ValueKind::Id);
        }
        let end = self.at + length;
        let in_name = word.starts_with(char::is_alphabetic);
        while self.at < end {
            let rest = self.unread();
            let letters = rest.find(|c: char| !c.is_alphanumeric() || c.is_ascii_digit()).unwrap_or(rest.len());
            if letters > 0 {
                self.keep(letters);
            } else if let Some(length) = values::name_digits_length(rest).filter(|_| in_name) {
                self.keep(length);
            } else {
                self.replace(values::number_length(rest), ValueKind::Number);
            }
        }
    }

    /// Whether a dash joins what is to be read to what was before it: such a part tells which one it is.
    fn is_behind_dash(&self) -> bool {
        self.text[..self.at].strip_suffix('-').is_some_and(|before| before.ends_with(char::is_alphanumeric))
    }
}

/// A list of values is one value, however long.
fn without_lists(mut text: String, placeholder: fn(ValueKind) -> &'static str) -> String {
    for value in [ValueKind::Number, ValueKind::Id, ValueKind::Ip, ValueKind::Text] {
        let mask = placeholder(value);
        for list in [format!("{mask},{mask}"), format!("{mask}, {mask}")] {
            while text.contains(&list) {
                text = text.replace(&list, mask);
            }
        }
    }
    text
}

/// Whether it is what code calls something: `users_email_key`, `this.repo`, `String.length()`, `orders.v1`.
fn is_name(text: &str) -> bool {
    let is_part = |c: char| c.is_ascii_alphanumeric() || "_.$()".contains(c);
    text.chars().all(is_part)
        && text.contains(['_', '.', '('])
        && text.contains(|c: char| c.is_ascii_alphabetic())
        && mask(text) == text
}

/// Whether a statement names a table here: what SQL quotes with `"` or `` ` `` is a name, not a value.
fn is_sql_name(before: &str, quote: char) -> bool {
    const BEFORE_TABLE: [&str; 5] = ["FROM", "INTO", "JOIN", "TABLE", "UPDATE"];
    let before = before.trim_end();
    quote != '\'' && (BEFORE_TABLE.iter().any(|word| before.ends_with(word)) || before.ends_with(&format!("{quote}.")))
}
