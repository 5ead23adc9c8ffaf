//! Masked messages that differ in one word only, as one.
//!
//! Values that no rule recognizes are recognized by how they vary: the idea of log template miners such as Drain.

use std::collections::{BTreeMap, BTreeSet};

/// How many words a message has at least of which one may be variable for no other reason than that it varies: of
/// three, the two that stay are too little to say that it is the same message.
const FEWEST_WORDS: usize = 4;
/// Longer messages are never clustered: each word in turn is replaced and all others are joined again, so that the work
/// grows with the square of their number.
const MOST_WORDS: usize = 64;
/// How many texts must differ in one word at least for that word to be variable: two may well be two errors.
const FEWEST_TEXTS: usize = 3;

/// Masked messages with how often each was seen; those that differ in one word only are one. Most often seen first,
/// then by text.
pub(crate) fn cluster_counts(messages: &BTreeMap<String, u64>) -> Vec<(String, u64)> {
    let mut counts: BTreeMap<String, u64> = BTreeMap::new();
    for (message, cluster) in clusters(messages.keys().map(String::as_str)) {
        *counts.entry(cluster).or_default() += messages.get(message).copied().unwrap_or_default();
    }
    let mut counts: Vec<(String, u64)> = counts.into_iter().collect();
    counts.sort_by(|a, b| b.1.cmp(&a.1).then_with(|| a.0.cmp(&b.0)));
    counts
}

/// What each masked message becomes where those that differ in one word only are one, that word `<*>`.
pub(crate) fn clusters<'a>(messages: impl Iterator<Item = &'a str>) -> BTreeMap<&'a str, String> {
    let mut left: BTreeSet<&str> = messages.collect();
    let mut groups: BTreeMap<String, BTreeMap<&str, &str>> = BTreeMap::new();
    for message in &left {
        let words: Vec<&str> = message.split(' ').collect();
        let is_code = |at: &usize| names_code(words[*at]);
        for at in (0..words.len()).filter(|at| (FEWEST_WORDS..=MOST_WORDS).contains(&words.len()) && !is_code(at)) {
            let but_one: Vec<&str> = words.iter().enumerate().map(|(n, w)| if n == at { "<*>" } else { w }).collect();
            groups.entry(but_one.join(" ")).or_default().insert(message, words[at]);
        }
    }
    // Where every word that varies was kept as a name, it says which step or product it is about.
    groups.retain(|_, varying| varying.len() >= FEWEST_TEXTS && !varying.values().all(|word| has_digit(word)));
    let mut groups: Vec<(String, BTreeSet<&str>)> =
        groups.into_iter().map(|(cluster, varying)| (cluster, varying.into_keys().collect())).collect();
    groups.sort_by(|a, b| b.1.len().cmp(&a.1.len()).then_with(|| a.0.cmp(&b.0)));
    let mut clusters: BTreeMap<&str, String> = BTreeMap::new();
    for (cluster, members) in groups {
        let members: BTreeSet<&str> = members.intersection(&left).copied().collect();
        if members.len() >= FEWEST_TEXTS {
            left.retain(|message| !members.contains(message));
            clusters.extend(members.into_iter().map(|message| (message, cluster.clone())));
        }
    }
    clusters.extend(left.into_iter().map(|message| (message, message.to_owned())));
    clusters
}

/// Whether a word of a masked message is a code: what was kept of digits alone tells errors apart.
fn names_code(word: &str) -> bool {
    let core = word.trim_matches(|c: char| !c.is_alphanumeric());
    let digits = core.rsplit(['=', ':']).next().unwrap_or(core);
    !digits.is_empty() && digits.bytes().all(|b| b.is_ascii_digit())
}

fn has_digit(word: &str) -> bool {
    word.contains(|c: char| c.is_ascii_digit())
}
