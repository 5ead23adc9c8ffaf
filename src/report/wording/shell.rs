//! Words, flags and filters as they are typed.

use std::path::Path;

use crate::model::duration::format_duration;
use crate::model::filter::Filters;
use crate::model::log::Level;
use crate::model::pattern::Pattern;

/// A word as a POSIX shell takes it, and zsh, which looks for a program behind a leading `=`.
pub fn quoted(word: &str) -> String {
    let safe = |c: char| c.is_ascii_alphanumeric() || "_-./:@%+=,".contains(c);
    if !word.is_empty() && !word.starts_with('=') && word.chars().all(safe) {
        return word.to_owned();
    }
    format!("'{}'", word.replace('\'', "'\\''"))
}

/// The path of a file as a shell takes it, whatever bytes it has.
pub(crate) fn quoted_path(path: &Path) -> String {
    path.to_str().map_or_else(|| ansi_quoted(path.as_os_str().as_encoded_bytes()), quoted)
}

/// Bytes in the `$'…'` of bash, ksh and zsh: no other form holds what is not UTF-8.
fn ansi_quoted(bytes: &[u8]) -> String {
    let escaped = bytes.iter().map(|byte| match byte {
        b'\'' | b'\\' => format!("\\{}", char::from(*byte)),
        b' '..=b'~' => char::from(*byte).to_string(),
        _ => format!("\\x{byte:02x}"),
    });
    format!("$'{}'", escaped.collect::<String>())
}

/// A flag with its value: a value that begins with a dash would be taken for a flag of its own.
pub(crate) fn flag(name: &str, value: &str) -> String {
    let between = if value.starts_with('-') { "=" } else { " " };
    format!("{name}{between}{}", quoted(value))
}

/// Filters as they were typed.
pub(crate) fn filter_flags(filters: &Filters) -> String {
    let each = |name: &'static str, patterns: &[Pattern]| -> Vec<String> {
        patterns.iter().map(|pattern| flag(name, &pattern.to_string())).collect()
    };
    let duration = |name: &str, ns: Option<i64>| ns.map(|ns| format!("{name} {}", format_duration(ns)));
    let mut flags = each("--service", &filters.services);
    flags.extend(each("--operation", &filters.operations));
    flags.extend(filters.tags.iter().map(|(key, value)| flag("--tag", &format!("{key}={value}"))));
    flags.extend(filters.errors_only.then(|| "--error".to_owned()));
    flags.extend(duration("--min-duration", filters.min_duration_ns));
    flags.extend(duration("--max-duration", filters.max_duration_ns));
    flags.extend(each("--log", &filters.log));
    flags.extend((filters.level > Level::Unknown).then(|| format!("--level {}", filters.level.as_str())));
    flags.join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

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
        assert_eq!(ansi_quoted(b"it's\xff"), r"$'it\'s\xff'");
        assert_eq!([flag("--key", "a b"), flag("--key", "-x")], ["--key 'a b'", "--key=-x"]);
    }
}
