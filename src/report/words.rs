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

/// A word as a POSIX shell wants it.
pub fn quoted(word: &str) -> String {
    let safe = |c: char| c.is_ascii_alphanumeric() || "_-./:@%+=,".contains(c);
    // Alone it is standard input, to a flag as well.
    if word == "-" || !word.is_empty() && !word.starts_with('-') && word.chars().all(safe) {
        return word.to_owned();
    }
    let quoted = format!("'{}'", word.replace('\'', "'\\''"));
    if word.starts_with('-') { format!("-- {quoted}") } else { quoted }
}
