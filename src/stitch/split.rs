//! Evidence of many journeys split into one part each, with everything that may belong to it, to be stitched by itself.

use std::collections::{BTreeMap, HashMap, HashSet};

use crate::model::evidence::Evidence;
use crate::model::id::TraceId;
use crate::model::log::LogEntry;
use crate::query::Subject;
use crate::stitch::id_matching::{Keys, spellings};
use crate::stitch::subjects::subjects;

/// Journeys, each with its part of the evidence. Notes, backends and coverage are in every part.
#[derive(Clone, Debug, Default)]
pub(crate) struct SplitEvidence {
    /// Every journey in the evidence, by time.
    pub(crate) all: Vec<(Subject, Evidence)>,
    /// Subjects that were asked for and are none of these: another ID of one of them, or not in the evidence, with an empty
    /// part.
    pub(crate) others: Vec<(Subject, Evidence)>,
}

/// Splits evidence into its journeys, and the subjects that were asked for.
pub(crate) fn split(evidence: Evidence, keys: &[String], asked: &[Subject]) -> SplitEvidence {
    let mut subjects: Vec<Subject> = subjects(&evidence, keys).into_iter().map(|candidate| candidate.subject).collect();
    let all = subjects.len();
    let known: HashSet<String> = subjects.iter().map(|subject| subject.text.clone()).collect();
    subjects.extend(asked.iter().filter(|subject| !known.contains(&subject.text)).cloned());
    if let [only] = subjects.as_slice() {
        let share = vec![(only.clone(), evidence)];
        return if all == 1 {
            SplitEvidence { all: share, ..SplitEvidence::default() }
        } else {
            SplitEvidence { others: share, ..SplitEvidence::default() }
        };
    }
    let mut ties = Ties::new(&evidence, &Keys::new(keys), &subjects);
    let empty_part = evidence.status_only();
    let mut shares: BTreeMap<usize, Evidence> = BTreeMap::new();
    for span in evidence.spans {
        let share = ties.group(Tie::Trace(span.trace_id));
        shares.entry(share).or_insert_with(|| empty_part.clone()).spans.push(span);
    }
    for line in evidence.logs {
        if let Some(first) = ties.named_by(&line).first() {
            let share = ties.root(*first);
            shares.entry(share).or_insert_with(|| empty_part.clone()).logs.push(line);
        }
    }
    let mut uses: BTreeMap<usize, usize> = BTreeMap::new();
    let shares_of: Vec<usize> = subjects.iter().map(|subject| ties.group(Tie::from_subject(subject))).collect();
    shares_of.iter().for_each(|share| *uses.entry(*share).or_default() += 1);
    // The last one that uses a part takes it, so that a large one is not copied.
    let mut take = |share: usize| {
        let left = uses.entry(share).or_default();
        *left = left.saturating_sub(1);
        if *left == 0 { shares.remove(&share) } else { shares.get(&share).cloned() }
    };
    let share = |(subject, share)| (subject, take(share).unwrap_or_else(|| empty_part.clone()));
    let mut parts: Vec<(Subject, Evidence)> = subjects.into_iter().zip(shares_of).map(share).collect();
    let others = parts.split_off(all);
    SplitEvidence { all: parts, others }
}

/// The evidence in parts that nothing joins, each span and line in one of them. Lines that name neither a trace nor an ID
/// are one part.
pub(crate) fn parts(evidence: Evidence, keys: &[String]) -> Vec<Evidence> {
    let subjects: Vec<Subject> = subjects(&evidence, keys).into_iter().map(|candidate| candidate.subject).collect();
    let mut ties = Ties::new(&evidence, &Keys::new(keys), &subjects);
    let mut parts: BTreeMap<Option<usize>, Evidence> = BTreeMap::new();
    for span in evidence.spans {
        let part = ties.group(Tie::Trace(span.trace_id));
        parts.entry(Some(part)).or_default().spans.push(span);
    }
    for line in evidence.logs {
        let first = ties.named_by(&line).first().copied();
        let part = first.map(|first| ties.root(first));
        parts.entry(part).or_default().logs.push(line);
    }
    parts.into_values().collect()
}

/// What joins evidence: a trace, or an ID.
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

/// Ties in groups, a disjoint-set forest: ties that one span or line names are in one group.
struct Ties {
    traces: HashMap<TraceId, usize>,
    ids: HashMap<String, usize>,
    /// Beside each tie another one of its group, nearer to the root; a root has itself.
    parents: Vec<usize>,
    /// IDs that are more than one word, each in every spelling: single words do not find them in a line.
    multi_word: Vec<(usize, Vec<String>)>,
}

impl Ties {
    fn new(evidence: &Evidence, keys: &Keys, subjects: &[Subject]) -> Self {
        let mut ties = Self { traces: HashMap::new(), ids: HashMap::new(), parents: vec![], multi_word: vec![] };
        for subject in subjects {
            let tie = ties.group(Tie::from_subject(subject));
            if let Some(trace) = subject.as_trace {
                let trace = ties.group(Tie::Trace(trace));
                ties.join(tie, trace);
            }
            if subject.text.contains(|c| !is_part(c)) {
                ties.multi_word.push((tie, spellings(&subject.text)));
            }
        }
        for span in &evidence.spans {
            let trace = ties.group(Tie::Trace(span.trace_id));
            for carried in keys.of_span(span) {
                if let Some(id) = ties.ids.get(&carried.id) {
                    ties.join(trace, *id);
                }
            }
            for link in &span.links {
                let linked = ties.group(Tie::Trace(link.trace_id));
                ties.join(trace, linked);
            }
        }
        for line in &evidence.logs {
            let named = ties.named_by(line);
            named.windows(2).for_each(|pair| ties.join(pair[0], pair[1]));
        }
        ties
    }

    /// The ties that a line names: its trace, and every known ID that is a field's value or a whole token of its text.
    fn named_by(&self, line: &LogEntry) -> Vec<usize> {
        let trace = line.trace_id.and_then(|trace| self.traces.get(&trace));
        let values = line.values().map(|(_, value)| value);
        let tokens = line.line.split(|c| !is_part(c));
        let words = values.chain(tokens).filter(|word| !word.is_empty());
        // Trace IDs of 64 and of 128 bits; shorter words of hexadecimal digits are rarely one.
        let trace_of = |word: &str| matches!(word.len(), 16 | 32).then(|| TraceId::from_hex(word)).flatten();
        let of_word = |word: &str| [self.ids.get(word), trace_of(word).and_then(|trace| self.traces.get(&trace))];
        let words = words.flat_map(of_word).flatten();
        let is_in = |spelling: &String| line.line.contains(spelling.as_str());
        let multi_word = self.multi_word.iter().filter(|(_, spellings)| spellings.iter().any(is_in));
        trace.into_iter().chain(words).chain(multi_word.map(|(tie, _)| tie)).copied().collect()
    }

    /// The root of a tie's group; a tie that is not known is added as a group of its own.
    fn group(&mut self, tie: Tie) -> usize {
        let new = self.parents.len();
        let place = match tie {
            Tie::Trace(trace) => *self.traces.entry(trace).or_insert(new),
            Tie::Id(id) => *self.ids.entry(id).or_insert(new),
        };
        if place == new {
            self.parents.push(new);
        }
        self.root(place)
    }

    fn root(&mut self, mut at: usize) -> usize {
        while self.parents[at] != at {
            // Path halving: long chains stay quick.
            self.parents[at] = self.parents[self.parents[at]];
            at = self.parents[at];
        }
        at
    }

    fn join(&mut self, a: usize, b: usize) {
        let (a, b) = (self.root(a), self.root(b));
        self.parents[a.max(b)] = a.min(b);
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
        let mut evidence = Evidence::default();
        for (_, run) in &runs {
            evidence.spans.extend(run.spans.clone());
            evidence.logs.extend(run.logs.clone());
        }
        let by_trace = |(_, run): &(_, demo::DemoRun)| Subject::either(run.spans[0].trace_id.to_string());
        let asked: Vec<Subject> = runs.iter().map(by_trace).chain([Subject::either("unknown")]).collect();
        let SplitEvidence { all: shares, others } = split(evidence, &keys, &asked);
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
        let unknown = others.last().unwrap();
        assert!(unknown.0.text == "unknown" && unknown.1.spans.is_empty() && unknown.1.logs.is_empty());
    }
}
