//! Learns the number of matches of each step: a range, or as many as another step.

use crate::pipeline::learn::learned_pipeline::LearnedCount;

/// For each step its count, from the counts in each run. `cause` is the step that each comes after.
pub(crate) fn counts(seen: &[Vec<usize>], names: &[String], cause: &[Option<usize>]) -> Vec<LearnedCount> {
    let of = |step: usize| {
        let own = &seen[step];
        let some = || own.iter().copied().filter(|count| *count > 0);
        let (least, most) = (some().min().unwrap_or_default(), some().max().unwrap_or_default());
        let is_same = |other: usize| seen[other] == *own;
        let first = (0..step).find(|other| is_same(*other));
        // Only earlier steps are referred to, so that a chain of references always ends at a range.
        let nearest = cause[step].filter(|cause| *cause < step && is_same(*cause));
        match nearest.or(first) {
            Some(other) if least < most && own.iter().all(|count| *count > 0) => {
                LearnedCount::SameAs(names[other].clone())
            }
            _ => LearnedCount::Range(least, most),
        }
    };
    (0..seen.len()).map(of).collect()
}
