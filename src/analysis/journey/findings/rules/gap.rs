//! `gap`: long times in which nothing of the journey was open.

use std::collections::{HashMap, HashSet};

use crate::analysis::journey::clocks::{Clocks, asynchronous_cause};
use crate::analysis::journey::findings::RuleHit;
use crate::analysis::journey::findings::context::RuleContext;
use crate::analysis::journey::findings::pairing::{group, is_poor};
use crate::model::finding::{Confidence, Finding, FindingId, Severity};
use crate::model::id::{SpanId, TraceId};
use crate::model::journey::{Journey, is_orphan};
use crate::model::span::{Span, SpanKind};
use crate::model::time::{HOUR, Human, SECOND, Timestamp, Window};

/// A time in which nothing was open.
#[derive(Clone, Copy, Debug)]
pub struct Idle {
    /// From the last end before it to the first start after it, on the reference clock.
    pub window: Window,
    /// What ended last before it.
    pub before: usize,
    /// What began first after it.
    pub after: usize,
}

/// Every time in which nothing of the journey was open, and how long the journey took.
pub fn idle(journey: &Journey, clocks: &Clocks) -> (Vec<Idle>, i64) {
    let open = open(journey, clocks);
    let Some((first, _)) = open.first() else { return (vec![], 0) };
    let (mut until, mut last) = (first.from, None);
    let mut found = vec![];
    for (window, span) in &open {
        if let (Some(before), Some(after)) = (last, *span)
            && window.from > until
        {
            found.push(Idle { window: Window::new(until, window.from), before, after });
        }
        if window.to > until || last.is_none() {
            until = window.to.max(until);
            last = span.or(last);
        }
    }
    (found, until.since(first.from))
}

/// When something of the journey was open, by start: its spans, parents that are not stored but had children, and
/// lines of services that make no spans.
fn open(journey: &Journey, clocks: &Clocks) -> Vec<(Window, Option<usize>)> {
    let mut open = vec![];
    let mut traced: HashSet<&str> = HashSet::new();
    let mut lost: HashMap<(TraceId, SpanId), (Window, usize)> = HashMap::new();
    for (index, span) in journey.spans.iter().enumerate() {
        traced.insert(span.service());
        if journey.judged.get(index) == Some(&false) || !span.has_sane_time() {
            continue;
        }
        let window = Window::new(clocks.start(span), clocks.end(span));
        open.push((window, Some(index)));
        if let Some(parent) = span.parent_id.filter(|_| is_orphan(span, journey.forest.cause[index])) {
            let known = lost.entry((span.trace_id, parent)).or_insert((window, index));
            known.0 = known.0.hull(window);
        }
    }
    open.extend(lost.into_values().map(|(window, child)| (window, Some(child))));
    let silent = journey.logs.iter().filter(|line| line.time.is_sane() && !traced.contains(line.service.as_str()));
    open.extend(silent.map(|line| (Window::new(line.time, line.time), None)));
    open.sort_unstable_by_key(|(window, span)| (window.from, *span, window.to));
    open
}

/// Long times in which nothing was open.
pub(crate) fn find(scene: &RuleContext) -> Vec<RuleHit> {
    let (idle, run) = idle(scene.journey, &scene.clocks);
    let is_long = |idle: &&Idle| {
        let length = idle.window.length();
        length > 5 * SECOND && length > run / 5 || length > SECOND && length > run / 2
    };
    idle.iter().filter(is_long).filter_map(|idle| judge(scene, *idle, run)).collect()
}

/// What a long time without anything is. So long ones are few, so that each may look at the whole journey.
fn judge(scene: &RuleContext, idle: Idle, run: i64) -> Option<RuleHit> {
    let (wait, is_handed_over) = match crossing(scene, idle.window) {
        Crossing::ClockStep => return None,
        Crossing::Message { from, to } => (Some((from, to)), true),
        Crossing::Handover => (None, true),
        Crossing::Nothing => (None, false),
    };
    let length = idle.window.length();
    let (before, after) = wait.unwrap_or((idle.before, idle.after));
    let is_short = is_handed_over && !(length > 5 * SECOND && length > run / 5);
    let is_usual = scene
        .grounds
        .baseline
        .and_then(|b| b.longest_usual_wait(scene.journey, after))
        .is_some_and(|usual| length <= usual.saturating_add(SECOND.max(usual / 5)));
    if is_short || is_usual || wait.is_none() && is_repeated(scene, before, after) {
        return None;
    }
    let spans = &scene.journey.spans;
    let (a, b) = (&spans[before], &spans[after]);
    let is_entry = wait.is_none() && scene.journey.forest.cause[after].is_none() && a.trace_id != b.trace_id;
    // What comes between the spans of a page is somebody who reads it.
    let is_visit = is_entry
        && (b.kind == SpanKind::Server || b.is_of_a_browser() || scene.journey.forest.effects[after].is_empty())
        && b.kind != SpanKind::Consumer;
    let is_backoff = wait.is_some_and(|(from, to)| was_delivered_before(scene.journey, from, to));
    let severity = if is_visit || is_backoff { Severity::Info } else { Severity::Warning };
    let confidence = if wait.is_some() { Confidence::High } else { Confidence::Medium };
    let time = Human(length);
    let summary = match wait {
        Some(_) => format!("a message waited {time} between {} {} and {} {}", a.service(), a.name, b.service(), b.name),
        None => {
            format!("nothing happened for {time} between {} {} and {} {}", a.service(), a.name, b.service(), b.name)
        }
    };
    let mut finding = Finding::new(FindingId::Gap, severity, confidence, summary);
    b.service().clone_into(&mut finding.service);
    finding.operation.clone_from(&b.name);
    finding.evidence =
        vec![scene.proof(before, "ended before it"), scene.proof(after, format!("began after it, {time} later"))];
    (finding.causes, finding.next) = if wait.is_some() {
        finding.kind = "queue_wait";
        let causes = vec![
            format!("{} had other messages to take first", b.service()),
            format!("{} was down, starting, or rebalancing", b.service()),
            "the message was delayed or retried by the broker".to_owned(),
        ];
        (causes, vec![format!("look at the lag of {} on this topic, and at its restarts, at this time", b.service())])
    } else {
        let causes = vec![
            format!("{} waited for something that makes no spans", b.service()),
            "a timer, a schedule or a person came between".to_owned(),
        ];
        (causes, vec![format!("read what {} and {} wrote in their lines between the two", a.service(), b.service())])
    };
    Some(RuleHit { finding, spans: vec![before, after] })
}

/// What leads over a time in which nothing was open.
enum Crossing {
    /// An effect before its cause, or a call that began long after its caller had ended: a clock was set.
    ClockStep,
    /// A message.
    Message { from: usize, to: usize },
    /// Work that began after what set it off had ended: left to a table, a timer or a pool of threads.
    Handover,
    /// Nothing that is recorded.
    Nothing,
}

fn crossing(scene: &RuleContext, gap: Window) -> Crossing {
    let journey = scene.journey;
    let is_after = |span: usize| scene.clocks.start(&journey.spans[span]) >= gap.to;
    let mut message: Option<(Timestamp, usize, usize)> = linked(scene, gap);
    let mut is_handed_over = false;
    for (effect, cause) in journey.forest.cause.iter().enumerate() {
        let Some((cause, _)) = *cause else { continue };
        let (from, to) = (&journey.spans[cause], &journey.spans[effect]);
        if !from.has_sane_time() || !to.has_sane_time() || is_after(cause) == is_after(effect) {
            continue;
        }
        if is_after(cause) {
            return Crossing::ClockStep;
        }
        if asynchronous_cause(journey, effect).is_some() {
            let starts = scene.clocks.start(to);
            if message.is_none_or(|(first, ..)| starts < first) {
                message = Some((starts, cause, effect));
            }
        } else if from.kind == SpanKind::Client && to.kind == SpanKind::Server || gap.length() > HOUR {
            return Crossing::ClockStep;
        } else {
            is_handed_over |= scene.clocks.start(to) <= gap.to.plus(SECOND);
        }
    }
    let otherwise = if is_handed_over { Crossing::Handover } else { Crossing::Nothing };
    // Only a message that is the first thing after the silence is what was waited for.
    message
        .filter(|(starts, ..)| *starts <= gap.to.plus(SECOND))
        .map_or(otherwise, |(_, from, to)| Crossing::Message { from, to })
}

/// The first span after the gap that links to one before it, whatever its parent is: a relay's, a batch's.
fn linked(scene: &RuleContext, gap: Window) -> Option<(Timestamp, usize, usize)> {
    let spans = &scene.journey.spans;
    let is_before = |span: &Span| span.has_sane_time() && scene.clocks.start(span) < gap.to;
    let before: HashMap<(TraceId, SpanId), usize> = spans
        .iter()
        .enumerate()
        .filter(|(_, span)| is_before(span))
        .map(|(index, span)| ((span.trace_id, span.span_id), index))
        .collect();
    let after = spans.iter().enumerate().filter(|(_, span)| span.has_sane_time() && !is_before(span));
    let of = |(index, span): (usize, &Span)| {
        let from = span.links.iter().find_map(|link| before.get(&(link.trace_id, link.span_id)))?;
        Some((scene.clocks.start(span), *from, index))
    };
    after.filter_map(of).min()
}

/// Whether the same consumers got the message before: what lies between is how long they wait before they try again.
fn was_delivered_before(journey: &Journey, from: usize, to: usize) -> bool {
    let taken = &journey.spans[to];
    let is_same = |span: &Span| {
        span.start < taken.start
            && span.service() == taken.service()
            && span.name == taken.name
            && group(span) == group(taken)
    };
    let of_sender = journey.forest.effects[from].iter().map(|effect| &journey.spans[*effect]);
    let named = taken.message_id().filter(|id| !is_poor(id));
    let mut of_message = journey.spans.iter().filter(|span| named.is_some() && span.message_id() == named);
    of_sender.into_iter().any(is_same) || of_message.any(is_same)
}

/// Whether what came before or after is done again and again: a poller, a health check.
fn is_repeated(scene: &RuleContext, before: usize, after: usize) -> bool {
    let spans = &scene.journey.spans;
    let times = |span: usize| {
        let (service, name) = (spans[span].service(), &spans[span].name);
        spans.iter().filter(|s| s.service() == service && s.name == *name).take(2).count()
    };
    let is_entry = scene.journey.forest.cause[after].is_none();
    times(after) > 1 || is_entry && times(before) > 1
}
