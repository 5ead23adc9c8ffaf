//! Learns the steps: which candidates become one, and their figures.

use crate::model::span::SpanKind;
use crate::model::time::{SECOND, Timestamp};
use crate::pipeline::learn::counts::counts;
use crate::pipeline::learn::learned_pipeline::{After, LearnedPipeline, LearnedStep, Limited};
use crate::pipeline::learn::order::{LearnedOrder, StepOccurrences};
use crate::pipeline::learn::sample_run::SampleRun;
use crate::pipeline::learn::signatures::{SignatureGroup, SignatureTable};
use crate::pipeline::learn::step_names::StepNames;

/// Steps in a learned spec. A longer one is not reviewed; the steps that are kept are the most specific ones.
const MOST: usize = 40;
/// Shortest learned limits, of a wait and of a duration: below these, scheduling and garbage collection decide, not the
/// pipeline.
const LEAST_WAIT: i64 = SECOND;
const LEAST_LENGTH: i64 = SECOND / 10;

/// Percentages of runs. Something in nearly all runs is expected in all, so that a run without it is an outlier, most
/// likely with lost data; something in fewer than `SOME` is an exception and not worth a step.
const NEARLY_ALL: usize = 95;
const SOME: usize = 5;

/// For each group and run its first start, in nanoseconds after the run's start; none if the run does not have it.
fn first_starts(
    groups: &[SignatureGroup],
    signatures: &SignatureTable,
    samples: &[SampleRun],
) -> Vec<Vec<Option<i64>>> {
    let mut group_of = vec![None; signatures.len()];
    for (group, held_out) in groups.iter().enumerate() {
        held_out.signatures.iter().for_each(|signature| group_of[*signature] = Some(group));
    }
    let mut first_starts = vec![vec![None; samples.len()]; groups.len()];
    for (run, sample) in samples.iter().enumerate() {
        let zero = sample.spans.iter().map(|sample_span| sample_span.start).min().unwrap_or(Timestamp(0));
        for sample_span in &sample.spans {
            if let Some(group) = sample_span.signature.and_then(|signature| group_of[signature]) {
                let at = sample_span.start.since(zero);
                let begin: &mut Option<i64> = &mut first_starts[group][run];
                *begin = Some(begin.map_or(at, |known| known.min(at)));
            }
        }
    }
    first_starts
}

/// Drops the runs that lack what nearly all others have: their data was lost without a trace of it. If more than a tenth
/// of the runs are like that, it is how the pipeline works, and none is dropped.
pub(crate) fn without_outliers(groups: &[SignatureGroup], signatures: &SignatureTable, samples: &mut Vec<SampleRun>) {
    let first_starts = first_starts(groups, signatures, samples);
    let all = samples.len();
    let is_usual = |runs: &&Vec<Option<i64>>| runs.iter().flatten().count() * 100 >= all * NEARLY_ALL;
    let usual: Vec<&Vec<Option<i64>>> = first_starts.iter().filter(is_usual).collect();
    let is_whole: Vec<bool> = (0..all).map(|run| usual.iter().all(|runs| runs[run].is_some())).collect();
    if is_whole.iter().filter(|is| !**is).count() * 10 <= all {
        let mut is_whole = is_whole.into_iter();
        samples.retain(|_| is_whole.next().unwrap_or(true));
    }
}

/// A candidate for a step, with what decides whether it becomes one.
struct StepCandidate<'a> {
    group: &'a SignatureGroup,
    /// From most to least specific: 0 entries, 1 messages, 2 calls between services, 3 internal work, 4 calls to others.
    rank: usize,
    runs: usize,
    begin: i64,
}

fn candidates<'a>(
    groups: &'a [SignatureGroup],
    signatures: &SignatureTable,
    samples: &[SampleRun],
) -> Vec<StepCandidate<'a>> {
    let ranks = ranks(signatures, samples);
    let first_starts = first_starts(groups, signatures, samples);
    let candidate = |(group, first_starts): (&'a SignatureGroup, Vec<Option<i64>>)| {
        let seen: Vec<i64> = first_starts.into_iter().flatten().collect();
        let rank = group.signatures.iter().map(|signature| ranks[*signature]).min().unwrap_or(usize::MAX);
        let sum = seen.iter().fold(0_i64, |sum, begin| sum.saturating_add(*begin));
        StepCandidate { group, rank, runs: seen.len(), begin: sum / i64::try_from(seen.len().max(1)).unwrap_or(1) }
    };
    groups.iter().zip(first_starts).map(candidate).collect()
}

fn ranks(signatures: &SignatureTable, samples: &[SampleRun]) -> Vec<usize> {
    let mut ranks = vec![usize::MAX; signatures.len()];
    for sample in samples {
        for sample_span in &sample.spans {
            let Some(signature) = sample_span.signature else { continue };
            let kind = signatures.kind(signature);
            let caller = sample_span.cause.and_then(|cause| sample.spans[cause].signature);
            let rank = match (sample_span.cause, sample_span.role) {
                (None, _) => 0,
                (_, Some(_)) => 1,
                _ if kind == SpanKind::Server
                    || caller.is_some_and(|caller| !signatures.is_one_service(caller, signature)) =>
                {
                    2
                }
                _ if kind == SpanKind::Client => 4,
                _ => 3,
            };
            ranks[signature] = ranks[signature].min(rank);
        }
    }
    ranks
}

/// Learns the steps. What concerns left-out and held-out runs and findings is filled in by the caller.
pub(crate) fn learn(groups: &[SignatureGroup], signatures: &SignatureTable, samples: &[SampleRun]) -> LearnedPipeline {
    let all = samples.len();
    let mut chosen = candidates(groups, signatures, samples);
    let seen = chosen.iter().filter(|candidate| candidate.runs > 0).count();
    chosen.retain(|candidate| candidate.runs > 0 && candidate.runs * 100 >= all * SOME);
    let rare = seen - chosen.len();
    chosen.sort_by_key(|candidate| (candidate.rank, candidate.runs < all, candidate.begin));
    let less_telling = chosen.len().saturating_sub(MOST);
    chosen.truncate(MOST);
    chosen.sort_by_key(|candidate| candidate.begin);

    let members: Vec<Vec<bool>> = chosen.iter().map(|candidate| signatures.members(candidate.group)).collect();
    let occurring = StepOccurrences::new(samples, &members);
    let edges = occurring.edges();
    let mut given = StepNames::default();
    let names: Vec<String> = chosen.iter().map(|candidate| given.name_for(candidate.group)).collect();
    let seen: Vec<Vec<usize>> = occurring.occurrences.iter().map(|runs| runs.iter().map(Vec::len).collect()).collect();
    let causes: Vec<Option<usize>> = edges.iter().map(|edge| edge.as_ref().map(|edge| edge.step)).collect();
    let counts = counts(&seen, &names, &causes);
    let after = |edge: LearnedOrder| {
        let wait = Limited::new(edge.waits, LEAST_WAIT)?;
        Some(After { step: names[edge.step].clone(), wait })
    };
    let steps = chosen.iter().zip(edges).zip(counts).enumerate().map(|(place, ((candidate, edge), count))| {
        let occurrences = || {
            samples
                .iter()
                .zip(&occurring.occurrences[place])
                .flat_map(|(sample, own)| own.iter().map(|at| sample.spans[*at]))
        };
        let runs = seen[place].iter().filter(|count| **count > 0).count();
        LearnedStep {
            name: names[place].clone(),
            span: candidate.group.pattern.clone(),
            example: candidate.group.name.clone(),
            service: candidate.group.service.clone(),
            kind: candidate.group.kind,
            attributes: signatures.attributes(&members[place]),
            after: edge.and_then(after),
            count,
            optional: runs < all,
            never_failed: !occurrences().any(|sample_span| sample_span.failed),
            took: Limited::new(
                occurrences().map(|sample_span| sample_span.end.since(sample_span.start)).collect(),
                LEAST_LENGTH,
            ),
            runs,
        }
    });
    let steps: Vec<LearnedStep> = steps.collect();
    let lengths = (0..all).filter_map(|run| {
        let spans = || occurring.occurrences.iter().flat_map(|runs| &runs[run]).map(|at| samples[run].spans[*at]);
        Some(
            spans()
                .map(|sample_span| sample_span.end)
                .max()?
                .since(spans().map(|sample_span| sample_span.start).min()?),
        )
    });
    let entry = steps.iter().find(|step| step.after.is_none()).or(steps.first());
    LearnedPipeline {
        pipeline: entry.map_or_else(|| "pipeline".to_owned(), |step| step.name.clone()),
        runs: all,
        left_out: vec![],
        aside: None,
        within: Limited::new(lengths.collect(), LEAST_WAIT),
        steps,
        rare,
        less_telling,
        never_failed: !samples
            .iter()
            .flat_map(|sample| &sample.spans)
            .any(|sample_span| sample_span.failed && sample_span.signature.is_some()),
        forbid: vec![],
    }
}
