//! Numbers and names in words.

/// `1 span`, `2 spans`, `12 345 spans`: digits are grouped from five on.
pub(crate) fn counted(n: usize, what: &str) -> String {
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

/// The same of a number that may be larger than anything in memory.
pub(crate) fn counted_u64(n: u64, what: &str) -> String {
    counted(usize::try_from(n).unwrap_or(usize::MAX), what)
}

/// The first few names, and how many more there are.
pub(crate) fn first_few(names: &[impl AsRef<str>], most: usize) -> String {
    let first: Vec<&str> = names.iter().take(most).map(AsRef::as_ref).collect();
    let more = names.len().saturating_sub(most);
    let more = if more > 0 { format!(" and {more} more") } else { String::new() };
    format!("{}{more}", first.join(", "))
}

/// A text in one line, cut after this many characters.
pub(crate) fn shortened(text: &str, most: usize) -> String {
    let words = text.split_whitespace().collect::<Vec<_>>().join(" ");
    match words.char_indices().nth(most) {
        None => words,
        Some((end, _)) => format!("{}…", words[..end].trim_end()),
    }
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
            assert_eq!(shortened(text, 6), shown);
        }
    }
}
