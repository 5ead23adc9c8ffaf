//! "Did you mean": the known word nearest to a misspelt one.

/// Nobody misspells a longer word by a letter or two, and comparing takes the product of the lengths.
const LONGEST: usize = 40;

/// The known word that differs least, if it differs little.
pub fn nearest<'a>(word: &str, known: &[&'a str]) -> Option<&'a str> {
    let length = word.chars().take(LONGEST + 1).count();
    let most = length.div_ceil(3);
    let near = known.iter().filter(|k| k.chars().count().abs_diff(length) <= most && length <= LONGEST);
    let best = near.map(|k| (distance(word, k), *k)).min()?;
    (best.0 <= most).then_some(best.1)
}

/// How many letters must be added, taken, changed or swapped with their neighbour.
fn distance(a: &str, b: &str) -> usize {
    let (a, b): (Vec<char>, Vec<char>) = (a.to_lowercase().chars().collect(), b.to_lowercase().chars().collect());
    let mut rows = vec![(0..=b.len()).collect::<Vec<_>>()];
    for i in 1..=a.len() {
        let mut row = vec![i];
        for j in 1..=b.len() {
            let change = rows[i - 1][j - 1] + usize::from(a[i - 1] != b[j - 1]);
            let mut least = change.min(rows[i - 1][j] + 1).min(row[j - 1] + 1);
            if i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1] {
                least = least.min(rows[i - 2][j - 2] + 1);
            }
            row.push(least);
        }
        rows.push(row);
    }
    rows[a.len()][b.len()]
}
