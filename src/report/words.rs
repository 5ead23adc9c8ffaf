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
