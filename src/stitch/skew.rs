//! Clock skew between services, measured from pairs of spans of which one must come before the other.

use std::collections::{BTreeMap, BTreeSet};

use crate::model::conventions::MessageRole;
use crate::model::journey::{CauseKind, Forest, Skew};
use crate::model::span::{Span, SpanKind};

/// Nanoseconds by which an effect may come before its cause without being evidence of skew: synchronised clocks differ by
/// about as much.
const PRECISION_NS: i64 = 2_000_000;
/// Limits the work: each correction looks at every pair of services again, and broken data may need one for each service.
const MOST_COMPARISONS: usize = 10_000_000;

/// The time between causes in one service and their effects in another: negative is impossible with equal clocks.
#[derive(Clone, Copy)]
struct Slack {
    /// The shortest such time in nanoseconds, without the tenth of the pairs that is shortest: single spans have times that
    /// no skew explains.
    least_ns: i64,
    /// How many pairs have an effect before its cause; 0 unless most of them do, for a clock that is off is so always.
    contradicting: usize,
}

/// By service of the cause and service of the effect.
type Slacks<'a> = BTreeMap<(&'a str, &'a str), Slack>;
type SkewSamples<'a> = BTreeMap<(&'a str, &'a str), Samples>;

/// The times between causes and effects of two services.
#[derive(Default)]
struct Samples {
    times_ns: Vec<i64>,
    /// Those of callees that began after their caller had ended. Work is handed over like that, so only several that
    /// agree are evidence.
    handed_over_ns: Vec<i64>,
}

/// Hand-overs from which on they are evidence of skew.
const ENOUGH_HAND_OVERS: usize = 3;

/// The fewest and smallest skews with which no effect comes before its cause, by service: the largest contradiction is
/// explained first, as long as that leaves less of it.
pub(crate) fn measure(spans: &[Span], forest: &Forest) -> Vec<Skew> {
    let mut measured = SkewSamples::new();
    for (index, cause) in forest.cause.iter().enumerate() {
        if let Some((parent, via)) = cause {
            add_pair(&mut measured, &spans[*parent], &spans[index], *via);
        }
    }
    let mut slacks: Slacks = measured
        .into_iter()
        .map(|(pair, Samples { mut times_ns, handed_over_ns })| {
            // Fewer are no evidence, but help to tell which of two clocks is off.
            let is_evidence = !times_ns.is_empty() || handed_over_ns.len() >= ENOUGH_HAND_OVERS;
            times_ns.extend(handed_over_ns);
            let slack = slack(times_ns);
            (pair, if is_evidence { slack } else { Slack { contradicting: 0, ..slack } })
        })
        .collect();
    let mut skews: Vec<Skew> = Vec::new();
    let mut corrected = BTreeSet::new();
    let most = MOST_COMPARISONS / slacks.len().max(1);
    while corrected.len() < most
        && let Some(skew) = most_contradicted(&slacks).map(|pair| pair_skew(&slacks, pair))
    {
        let is_new = corrected.insert(skew.service.clone());
        if !is_new || contradiction_after(&slacks, &skew) >= contradiction(&slacks) {
            break;
        }
        shift(&mut slacks, &skew.service, skew.ahead_ns);
        skews.push(skew);
    }
    skews.sort_by(|a, b| (&a.service, &a.reference).cmp(&(&b.service, &b.reference)));
    skews
}

/// Adds a call or a message: the caller or publisher begins before its effect does, and a caller ends after the callee.
/// Other causes, such as links, may be of any order.
fn add_pair<'a>(measured: &mut SkewSamples<'a>, cause: &'a Span, effect: &'a Span, via: CauseKind) {
    let (a, b) = (cause.service(), effect.service());
    if a == b || a.is_empty() || b.is_empty() || !cause.has_sane_time() || !effect.has_sane_time() {
        return;
    }
    let is_call = via == CauseKind::Parent && cause.kind == SpanKind::Client && effect.kind == SpanKind::Server;
    let is_message =
        cause.message_role() == Some(MessageRole::Publish) && effect.message_role() == Some(MessageRole::Consume);
    // A receive may begin before the message is sent, for it polls. Only its end comes after that.
    let begins = if effect.is_receive() { effect.end() } else { effect.start };
    if is_call || is_message {
        measured.entry((a, b)).or_default().times_ns.push(begins.since(cause.start));
    }
    if is_call {
        // A callee that took longer than its caller waited goes on after it: only its start comes before the caller's end.
        let fits = effect.duration_ns <= cause.duration_ns;
        let last = if fits { effect.end() } else { effect.start };
        let samples = measured.entry((b, a)).or_default();
        let kind = if effect.start > cause.end() { &mut samples.handed_over_ns } else { &mut samples.times_ns };
        kind.push(cause.end().since(last));
    }
}

fn slack(mut times: Vec<i64>) -> Slack {
    times.sort_unstable();
    let contradicting = times.iter().filter(|time| **time < -PRECISION_NS).count();
    // More than half: a few effects before their cause are faults of single spans, not of a clock.
    let most_contradict = contradicting * 2 > times.len();
    // With fewer than ten pairs nothing is left out. Where some contradict, but not most, 0: the pair asks
    // for no correction.
    let least_ns = if most_contradict || contradicting == 0 { times[times.len() / 10] } else { 0 };
    Slack { least_ns, contradicting: if most_contradict { contradicting } else { 0 } }
}

/// The pair of services with the largest contradiction beyond the clocks' precision.
fn most_contradicted<'a>(slacks: &Slacks<'a>) -> Option<(&'a str, &'a str)> {
    let contradicted = slacks.iter().filter(|(_, slack)| slack.least_ns < -PRECISION_NS && slack.contradicting > 0);
    contradicted.min_by_key(|(_, slack)| slack.least_ns).map(|(pair, _)| *pair)
}

/// The skew of one of two services: of the one whose correction leaves less contradiction with all others.
fn pair_skew(slacks: &Slacks<'_>, (a, b): (&str, &str)) -> Skew {
    let (early, late) = (correction(slacks, (a, b), b), correction(slacks, (a, b), a));
    if contradiction_after(slacks, &early) <= contradiction_after(slacks, &late) { early } else { late }
}

/// The skew of one service: at least what the pair's contradiction needs, at most what its other pairs allow. The middle
/// of both is taken, so that the error is at most half of the range (`within_ns`), or the least where nothing limits it.
fn correction(slacks: &Slacks<'_>, (a, b): (&str, &str), off: &str) -> Skew {
    let slack = slacks[&(a, b)];
    let needed = -slack.least_ns;
    let is_behind = off == b;
    let allows = |((from, to), slack): (&(&str, &str), &Slack)| {
        let shrinks = if is_behind { *from == off } else { *to == off };
        (shrinks && slack.least_ns >= 0).then_some(slack.least_ns)
    };
    let most = slacks.iter().filter_map(allows).filter(|most| *most >= needed).min();
    let by = most.map_or(needed, |most| needed + (most - needed) / 2);
    Skew {
        reference: if is_behind { a } else { b }.to_owned(),
        service: off.to_owned(),
        ahead_ns: if is_behind { -by } else { by },
        within_ns: most.map(|most| (most - needed) / 2),
        pairs: slack.contradicting,
    }
}

fn contradiction_after(slacks: &Slacks<'_>, skew: &Skew) -> u64 {
    let mut corrected = slacks.clone();
    shift(&mut corrected, &skew.service, skew.ahead_ns);
    contradiction(&corrected)
}

/// The nanoseconds by which effects come before their causes, over all pairs of services.
fn contradiction(slacks: &Slacks<'_>) -> u64 {
    slacks.values().map(|slack| slack.least_ns.min(0).unsigned_abs()).fold(0, u64::saturating_add)
}

/// Sets a service's clock back by `ahead_ns`.
fn shift(slacks: &mut Slacks<'_>, service: &str, ahead_ns: i64) {
    for ((a, b), slack) in slacks.iter_mut() {
        if *a == service {
            slack.least_ns = slack.least_ns.saturating_add(ahead_ns);
        }
        if *b == service {
            slack.least_ns = slack.least_ns.saturating_sub(ahead_ns);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Two services, the slack between them, how many pairs contradict.
    type Drawn<'a> = (&'a str, &'a str, i64, usize);

    fn slacks<'a>(drawn: &[Drawn<'a>]) -> Slacks<'a> {
        drawn
            .iter()
            .map(|(a, b, ns, contradicting)| ((*a, *b), Slack { least_ns: *ns, contradicting: *contradicting }))
            .collect()
    }

    #[test]
    fn the_slack_of_a_pair_is_its_least_time_unless_only_outliers_contradict() {
        const BAD: i64 = -PRECISION_NS - 1;
        // Times, the slack, how many contradict.
        let table: [(&[i64], i64, usize); 8] = [
            (&[7], 7, 0),
            (&[9, 5], 5, 0),
            (&[-PRECISION_NS], -PRECISION_NS, 0),
            (&[BAD], BAD, 1),
            (&[BAD, 5], 0, 0),
            (&[5, BAD, BAD], BAD, 2),
            // A tenth may be an outlier even where all agree.
            (&[1, 2, 3, 4, 5, 6, 7, 8, 9, 10], 2, 0),
            (&[BAD - 9, BAD, BAD, BAD, BAD, BAD, BAD, BAD, BAD, 9], BAD, 9),
        ];
        for (times, least, contradicting) in table {
            let slack = slack(times.to_vec());
            assert_eq!((slack.least_ns, slack.contradicting), (least, contradicting), "{times:?}");
        }
    }

    #[test]
    fn the_largest_contradiction_beyond_the_precision_is_explained_first() {
        assert_eq!(most_contradicted(&slacks(&[("a", "b", -PRECISION_NS, 1)])), None, "noise");
        assert_eq!(most_contradicted(&slacks(&[("a", "b", -PRECISION_NS - 1, 1)])), Some(("a", "b")));
        assert_eq!(most_contradicted(&slacks(&[("a", "b", -PRECISION_NS - 1, 0)])), None, "no pair contradicts");
        let several = slacks(&[("a", "b", -5 * PRECISION_NS, 1), ("b", "c", -9 * PRECISION_NS, 2), ("c", "d", 8, 0)]);
        assert_eq!(most_contradicted(&several), Some(("b", "c")));
    }

    #[test]
    fn a_clock_is_set_to_the_middle_of_what_its_neighbours_allow() {
        let contradicted = ("a", "b", -100, 3);
        // Other slacks, whose clock, by how much it is ahead, how exactly that is known.
        let table: [(&[Drawn], &str, i64, Option<i64>); 8] = [
            (&[], "b", -100, None),
            (&[], "a", 100, None),
            (&[("b", "a", 300, 0)], "b", -200, Some(100)),
            (&[("b", "c", 500, 0), ("b", "a", 300, 0)], "b", -200, Some(100)),
            (&[("b", "c", 100, 0)], "b", -100, Some(0)),
            // Less than is needed limits nothing, and neither do slacks that the correction makes larger.
            (&[("b", "c", 99, 0)], "b", -100, None),
            (&[("c", "b", 300, 0)], "b", -100, None),
            (&[("c", "a", 140, 0), ("a", "c", 110, 0)], "a", 120, Some(20)),
        ];
        for (others, off, ahead, within) in table {
            let mut drawn = vec![contradicted];
            drawn.extend(others);
            let skew = correction(&slacks(&drawn), ("a", "b"), off);
            let reference = if off == "a" { "b" } else { "a" };
            assert_eq!((skew.ahead_ns, skew.within_ns, skew.pairs), (ahead, within, 3), "{others:?}");
            assert_eq!((skew.service.as_str(), skew.reference.as_str()), (off, reference));
        }
    }

    #[test]
    fn a_shift_changes_both_sides_and_contradictions_are_summed() {
        let mut drawn = slacks(&[("a", "b", -7, 1), ("b", "a", 4, 0), ("b", "c", -2, 0), ("c", "d", 5, 0)]);
        assert_eq!(contradiction(&drawn), 9);
        shift(&mut drawn, "b", -3);
        let least: Vec<i64> = drawn.values().map(|slack| slack.least_ns).collect();
        assert_eq!(least, [-4, 1, -5, 5]);
        let far = Skew { reference: String::new(), service: "b".into(), ahead_ns: i64::MIN, within_ns: None, pairs: 1 };
        assert!(contradiction_after(&drawn, &far) > i64::MAX as u64, "no overflow");
    }
}
