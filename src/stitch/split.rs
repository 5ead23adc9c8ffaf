//! Evidence of many journeys, taken apart: each with whatever may belong to it, so that each can be stitched alone.

use std::collections::{BTreeMap, HashMap, HashSet};

use crate::model::evidence::Evidence;
use crate::model::id::TraceId;
use crate::model::log::LogEntry;
use crate::query::Subject;
use crate::stitch::id_matching::{Keys, spellings};
use crate::stitch::subjects::subjects;

/// Journeys, each with its share of the evidence. Notes, backends and coverage are everybody's.
#[derive(Clone, Debug, Default)]
pub struct SplitEvidence {
    /// Every journey that could be asked for, by time.
    pub all: Vec<(Subject, Evidence)>,
    /// What is wanted and none of these: one of them by another name, or nowhere, its share empty then.
    pub others: Vec<(Subject, Evidence)>,
}

/// Takes it apart.
pub fn split(evidence: Evidence, keys: &[String], wanted: &[Subject]) -> SplitEvidence {
    let mut subjects: Vec<Subject> = subjects(&evidence, keys).into_iter().map(|candidate| candidate.subject).collect();
    let all = subjects.len();
    let known: HashSet<String> = subjects.iter().map(|subject| subject.text.clone()).collect();
    subjects.extend(wanted.iter().filter(|subject| !known.contains(&subject.text)).cloned());
    if let [only] = subjects.as_slice() {
        let share = vec![(only.clone(), evidence)];
        return if all == 1 {
            SplitEvidence { all: share, ..SplitEvidence::default() }
        } else {
            SplitEvidence { others: share, ..SplitEvidence::default() }
        };
    }
    let mut ties = Ties::new(&evidence, &Keys::new(keys), &subjects);
    let shell = evidence.shell();
    let mut shares: BTreeMap<usize, Evidence> = BTreeMap::new();
    for span in evidence.spans {
        let share = ties.head(Tie::Trace(span.trace_id));
        shares.entry(share).or_insert_with(|| shell.clone()).spans.push(span);
    }
    for line in evidence.logs {
        if let Some(first) = ties.named_by(&line).first() {
            let share = ties.root(*first);
            shares.entry(share).or_insert_with(|| shell.clone()).logs.push(line);
        }
    }
    let mut wanted: BTreeMap<usize, usize> = BTreeMap::new();
    let shares_of: Vec<usize> = subjects.iter().map(|subject| ties.head(Tie::from_subject(subject))).collect();
    shares_of.iter().for_each(|share| *wanted.entry(*share).or_default() += 1);
    let mut take = |share: usize| {
        let left = wanted.entry(share).or_default();
        *left = left.saturating_sub(1);
        if *left == 0 { shares.remove(&share) } else { shares.get(&share).cloned() }
    };
    let share = |(subject, share)| (subject, take(share).unwrap_or_else(|| shell.clone()));
    let mut all_of_them: Vec<(Subject, Evidence)> = subjects.into_iter().zip(shares_of).map(share).collect();
    let others = all_of_them.split_off(all);
    SplitEvidence { all: all_of_them, others }
}

/// The same evidence in parts that have nothing to do with each other. Lines that name nobody are one of them.
pub fn parts(evidence: Evidence, keys: &[String]) -> Vec<Evidence> {
    let subjects: Vec<Subject> = subjects(&evidence, keys).into_iter().map(|candidate| candidate.subject).collect();
    let mut ties = Ties::new(&evidence, &Keys::new(keys), &subjects);
    let mut parts: BTreeMap<Option<usize>, Evidence> = BTreeMap::new();
    for span in evidence.spans {
        let part = ties.head(Tie::Trace(span.trace_id));
        parts.entry(Some(part)).or_default().spans.push(span);
    }
    for line in evidence.logs {
        let first = ties.named_by(&line).first().copied();
        let part = first.map(|first| ties.root(first));
        parts.entry(part).or_default().logs.push(line);
    }
    parts.into_values().collect()
}

/// What holds evidence together: a trace, or an ID.
#[derive(Clone, Debug)]
enum Tie {
    Trace(TraceId),
    Id(String),
}

impl Tie {
    fn from_subject(subject: &Subject) -> Self {
        match subject.as_trace {
            Some(trace) if !subject.as_correlation => Self::Trace(trace),
            _ => Self::Id(subject.text.clone()),
        }
    }
}

fn is_part(c: char) -> bool {
    c.is_ascii_alphanumeric() || c == '_' || c == '-'
}

/// Ties in groups: whatever one span or line names together is together.
struct Ties {
    traces: HashMap<TraceId, usize>,
    ids: HashMap<String, usize>,
    above: Vec<usize>,
    /// IDs that are more than one word, each in every way it may be spelled in a line.
    odd: Vec<(usize, Vec<String>)>,
}

impl Ties {
    fn new(evidence: &Evidence, keys: &Keys, subjects: &[Subject]) -> Self {
        let mut ties = Self { traces: HashMap::new(), ids: HashMap::new(), above: vec![], odd: vec![] };
        for subject in subjects {
            let tie = ties.head(Tie::from_subject(subject));
            if let Some(trace) = subject.as_trace {
                let trace = ties.head(Tie::Trace(trace));
                ties.join(tie, trace);
            }
            if subject.text.contains(|c| !is_part(c)) {
                ties.odd.push((tie, spellings(&subject.text)));
            }
        }
        for span in &evidence.spans {
            let trace = ties.head(Tie::Trace(span.trace_id));
            for one in keys.of_span(span) {
                if let Some(id) = ties.ids.get(&one.id) {
                    ties.join(trace, *id);
                }
            }
            for link in &span.links {
                let linked = ties.head(Tie::Trace(link.trace_id));
                ties.join(trace, linked);
            }
        }
        for line in &evidence.logs {
            let named = ties.named_by(line);
            named.windows(2).for_each(|pair| ties.join(pair[0], pair[1]));
        }
        ties
    }

    /// What a line names: its trace, and every known ID that is a field's value or a whole token of its text.
    fn named_by(&self, line: &LogEntry) -> Vec<usize> {
        let trace = line.trace_id.and_then(|trace| self.traces.get(&trace));
        let values = line.values().map(|(_, value)| value);
        let tokens = line.line.split(|c| !is_part(c));
        let words = values.chain(tokens).filter(|word| !word.is_empty());
        let trace_of = |word: &str| matches!(word.len(), 16 | 32).then(|| TraceId::from_hex(word)).flatten();
        let of_word = |word: &str| [self.ids.get(word), trace_of(word).and_then(|trace| self.traces.get(&trace))];
        let words = words.flat_map(of_word).flatten();
        let is_in = |spelling: &String| line.line.contains(spelling.as_str());
        let odd = self.odd.iter().filter(|(_, spelled)| spelled.iter().any(is_in)).map(|(tie, _)| tie);
        trace.into_iter().chain(words).chain(odd).copied().collect()
    }

    fn head(&mut self, tie: Tie) -> usize {
        let new = self.above.len();
        let place = match tie {
            Tie::Trace(trace) => *self.traces.entry(trace).or_insert(new),
            Tie::Id(id) => *self.ids.entry(id).or_insert(new),
        };
        if place == new {
            self.above.push(new);
        }
        self.root(place)
    }

    fn root(&mut self, mut at: usize) -> usize {
        while self.above[at] != at {
            // Half the way next time: long chains stay quick.
            self.above[at] = self.above[self.above[at]];
            at = self.above[at];
        }
        at
    }

    fn join(&mut self, a: usize, b: usize) {
        let (a, b) = (self.root(a), self.root(b));
        self.above[a.max(b)] = a.min(b);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::conventions::CORRELATION_KEYS;
    use crate::query::Query;
    use crate::source::demo;
    use crate::stitch::stitch;

    #[test]
    fn a_journey_among_others_is_the_same_as_alone() {
        let keys = CORRELATION_KEYS.map(str::to_owned).to_vec();
        let runs = demo::embedded();
        let mut all = Evidence::default();
        for (_, run) in &runs {
            all.spans.extend(run.spans.clone());
            all.logs.extend(run.logs.clone());
        }
        let by_trace = |(_, run): &(_, demo::DemoRun)| Subject::either(run.spans[0].trace_id.to_string());
        let wanted: Vec<Subject> = runs.iter().map(by_trace).chain([Subject::either("nobody")]).collect();
        let SplitEvidence { all: shares, others } = split(all, &keys, &wanted);
        assert!(shares.len() >= runs.len());
        for ((scenario, run), (_, by_trace)) in runs.into_iter().zip(&others) {
            let subject = Subject::correlation(&run.correlation_id);
            let query = Query::about(subject.clone(), keys.clone(), demo::NOW);
            let alone = Evidence { spans: run.spans.clone(), logs: run.logs.clone(), ..Evidence::default() };
            let share = shares.iter().find(|(other, _)| *other == subject).unwrap().1.clone();
            assert_eq!((by_trace.spans.len(), by_trace.logs.len()), (share.spans.len(), share.logs.len()));
            let (alone, share) = (stitch(alone, &query), stitch(share, &query));
            assert!(alone.spans == share.spans && alone.logs == share.logs, "{}", scenario.name);
            assert_eq!(alone.joins, share.joins, "{}", scenario.name);
        }
        let nobody = others.last().unwrap();
        assert!(nobody.0.text == "nobody" && nobody.1.spans.is_empty() && nobody.1.logs.is_empty());
    }
}
