//! Small words that many reports use.

/// `1 span`, `2 spans`.
pub fn counted(n: usize, what: &str) -> String {
    let digits = n.to_string();
    let mut grouped = String::new();
    for (nth, digit) in digits.chars().enumerate() {
        if nth > 0 && (digits.len() - nth).is_multiple_of(3) && digits.len() > 4 {
            grouped.push(' ');
        }
        grouped.push(digit);
    }
    format!("{grouped} {what}{}", if n == 1 { "" } else { "s" })
}

/// The first few names, and how many more there are.
pub fn some(names: &[impl AsRef<str>], most: usize) -> String {
    let first: Vec<&str> = names.iter().take(most).map(AsRef::as_ref).collect();
    let more = names.len().saturating_sub(most);
    let more = if more > 0 { format!(" and {more} more") } else { String::new() };
    format!("{}{more}", first.join(", "))
}

/// Words in one line, cut where they are more than so many characters.
pub fn short(text: &str, most: usize) -> String {
    let words = text.split_whitespace().collect::<Vec<_>>().join(" ");
    match words.char_indices().nth(most) {
        None => words,
        Some((end, _)) => format!("{}…", words[..end].trim_end()),
    }
}

/// A word as a POSIX shell wants it, and zsh, which looks for a program behind a leading `=`.
pub fn quoted(word: &str) -> String {
    let safe = |c: char| c.is_ascii_alphanumeric() || "_-./:@%+=,".contains(c);
    if !word.is_empty() && !word.starts_with('=') && word.chars().all(safe) {
        return word.to_owned();
    }
    format!("'{}'", word.replace('\'', "'\\''"))
}

/// A flag with its value: a value that begins with a dash would be taken for a flag of its own.
pub fn flag(name: &str, value: &str) -> String {
    let between = if value.starts_with('-') { "=" } else { " " };
    format!("{name}{between}{}", quoted(value))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_count_is_grouped_from_five_digits_on() {
        let table = [
            (0, "0 spans"),
            (1, "1 span"),
            (123, "123 spans"),
            (9999, "9999 spans"),
            (12345, "12 345 spans"),
            (123_456, "123 456 spans"),
            (1_234_567, "1 234 567 spans"),
        ];
        for (n, text) in table {
            assert_eq!(counted(n, "span"), text);
        }
    }

    #[test]
    fn a_long_text_is_one_short_line() {
        let table =
            [("", ""), (" a\n b ", "a b"), ("abcdef", "abcdef"), ("abcdefg", "abcdef…"), ("ab cd efg", "ab cd…")];
        for (text, shown) in table {
            assert_eq!(short(text, 6), shown);
        }
    }

    #[test]
    fn a_shell_reads_a_word_as_it_was() {
        let table = [
            ("", "''"),
            ("a-b_c./:@%+,9", "a-b_c./:@%+,9"),
            ("a=b", "a=b"),
            ("=ls", "'=ls'"),
            ("a b", "'a b'"),
            ("it's", "'it'\\''s'"),
            ("$(x)", "'$(x)'"),
            ("ü", "'ü'"),
        ];
        for (word, text) in table {
            assert_eq!(quoted(word), text);
        }
        assert_eq!([flag("--key", "a b"), flag("--key", "-x")], ["--key 'a b'", "--key=-x"]);
    }
}
