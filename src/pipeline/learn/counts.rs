//! How many matches each step has: always so many, between so many, or as many as another step.

use crate::pipeline::learn::learned_pipeline::LearnedCount;

/// Beside each step how many there are, from how many there were in each run. `cause` is the step that each comes after.
pub fn counts(seen: &[Vec<usize>], names: &[String], cause: &[Option<usize>]) -> Vec<LearnedCount> {
    let of = |step: usize| {
        let own = &seen[step];
        let some = || own.iter().copied().filter(|count| *count > 0);
        let (least, most) = (some().min().unwrap_or_default(), some().max().unwrap_or_default());
        let is_same = |other: usize| seen[other] == *own;
        let first = (0..step).find(|other| is_same(*other));
        // Only earlier steps are named, so that what counts in the end is always a range.
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
