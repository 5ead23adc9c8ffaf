//! "Did you mean": the known word nearest to a misspelt one.

/// The longest word, in characters, that is compared: a longer one is not off by a letter or two, and comparing takes
/// the product of both lengths.
const LONGEST: usize = 40;

/// The known word that a misspelt one was meant to be: the one with the fewest letters added, left out, changed or
/// swapped with their neighbour, upper case as lower; of equally near ones the first by text. None where more than a
/// third of the letters differ: such a word is rather another one.
pub(crate) fn nearest<'a>(word: &str, known: &[&'a str]) -> Option<&'a str> {
    let length = word.chars().take(LONGEST + 1).count();
    let most = length.div_ceil(3);
    let word = word.to_lowercase();
    let comparable = known.iter().filter(|k| k.chars().count().abs_diff(length) <= most && length <= LONGEST);
    // Swapped neighbours are the slip that is made most often: they are one letter off, not two.
    let best = comparable.map(|k| (strsim::osa_distance(&word, &k.to_lowercase()), *k)).min()?;
    (best.0 <= most).then_some(best.1)
}

#[cfg(test)]
mod tests {
    use super::nearest;

    #[test]
    fn a_slip_is_understood_and_another_word_is_not() {
        let known = ["service", "operation", "min-duration", "log", "re"];
        let table = [
            ("servcie", Some("service")),
            ("Operations", Some("operation")),
            ("lgo", Some("log")),
            ("minduration", Some("min-duration")),
            ("host", None),
            ("", None),
        ];
        for (word, expected) in table {
            assert_eq!(nearest(word, &known), expected, "{word}");
        }
        assert_eq!(nearest("ac", &["ab", "aa"]), Some("aa"), "of equally near ones the first by text");
        let long = "x".repeat(super::LONGEST + 1);
        assert_eq!(nearest(&long, &[&long[1..]]), None);
    }
}
