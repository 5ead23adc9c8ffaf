//! `gap`: a long time in which no span of the journey was open.
//!
//! Long is more than 5 s and a fifth of the run, so that neither a short run nor a slow one is full of gaps; or, where
//! nothing explains it, more than 1 s and half of the run, which is a short run that mostly stood still. A message's wait,
//! and work that was handed to a table, a timer or a pool of threads, are usual up to the first of these. With a baseline,
//! a wait must also be longer than all but a hundredth of the usual ones, by a second or a fifth, the greater of the two.
//!
//! Silent across a clock that jumped, between repeats of a poller, and where a baseline says that it is usual. Info
//! between two visits of one user, and while a message waits to be tried again.

use std::collections::HashMap;

use crate::analysis::journey::clocks::asynchronous_cause;
use crate::analysis::journey::findings::context::RuleContext;
use crate::analysis::journey::findings::idle_times::{IdleTime, IdleTimes};
use crate::analysis::journey::findings::message_identity::{consumer_group, is_counter};
use crate::analysis::journey::findings::rule_hit::RuleHit;
use crate::model::action::{Action, LogTime, LookAt};
use crate::model::finding::{
    Cause, Confidence, EvidenceFact, Finding, FindingDetail, FindingId, FindingKind, OperationRef, Severity,
};
use crate::model::id::{SpanId, TraceId};
use crate::model::journey::Journey;
use crate::model::span::{Span, SpanKind};
use crate::model::time::{HOUR, SECOND, Timestamp, Window};

pub(super) fn find(context: &RuleContext) -> Vec<RuleHit> {
    let IdleTimes { times, run_ns } = IdleTimes::new(context.journey, &context.clocks);
    // So long ones are few (at most four of the first kind in a run, one of the second), and each may look at the whole
    // journey. The limits of the second kind meet at a run of 2 s: a shorter run needs a full second without spans.
    let long = times.into_iter().filter(|idle| {
        let length = idle.window.length();
        is_long(length, run_ns) || length > SECOND && length > run_ns / 2
    });
    long.filter_map(|idle| hit(context, idle, run_ns)).collect()
}

/// Whether a time without spans is long even where something explains it, such as a queue.
///
/// The two limits meet at a run of 25 s: 5 s decide in a shorter run, a fifth in a longer one.
fn is_long(length_ns: i64, run_ns: i64) -> bool {
    length_ns > 5 * SECOND && length_ns > run_ns / 5
}

fn hit(context: &RuleContext, idle: IdleTime, run_ns: i64) -> Option<RuleHit> {
    let (message, is_handed_over) = match crossing(context, idle.window) {
        Crossing::ClockJump => return None,
        Crossing::Message { from, to } => (Some((from, to)), true),
        Crossing::Handover => (None, true),
        Crossing::Nothing => (None, false),
    };
    let length_ns = idle.window.length();
    let (before, after) = message.unwrap_or((idle.before, idle.after));
    let is_short = is_handed_over && !is_long(length_ns, run_ns);
    let is_repeat = message.is_none() && is_repeated(context, before, after);
    if is_short || is_repeat || is_usual(context, after, length_ns) {
        return None;
    }
    let (ended, began) = (context.span(before), context.span(after));
    let is_entry =
        message.is_none() && context.journey.forest.cause[after].is_none() && ended.trace_id != began.trace_id;
    // Between the spans of a page its user reads it.
    let is_visit = is_entry
        && (began.kind == SpanKind::Server
            || began.is_from_browser()
            || context.journey.forest.effects[after].is_empty())
        && began.kind != SpanKind::Consumer;
    let is_backoff = message.is_some_and(|(from, to)| was_delivered_before(context.journey, from, to));
    let severity = if is_visit || is_backoff { Severity::Info } else { Severity::Warning };
    let confidence = if message.is_some() { Confidence::High } else { Confidence::Medium };
    let detail = FindingDetail::Gap {
        duration_ns: length_ns,
        before: OperationRef::new(ended.service(), &ended.name),
        queue_wait: message.is_some(),
    };
    let mut finding = Finding::new(FindingId::Gap, severity, confidence, detail).at(began.service(), &began.name);
    finding.evidence = vec![
        context.evidence(before, EvidenceFact::EndedBeforeGap),
        context.evidence(after, EvidenceFact::BeganAfterGap { duration_ns: length_ns }),
    ];
    let service = began.service().to_owned();
    if message.is_some() {
        finding.kind = Some(FindingKind::QueueWait);
        finding.causes = vec![
            Cause::ConsumerBusy { service: service.clone() },
            Cause::ConsumerStarting { service: service.clone() },
            Cause::DelayedByBroker,
        ];
        finding.actions = vec![Action::LookAt(LookAt::LagOf { service })];
    } else {
        finding.causes = vec![Cause::WaitedForUntraced { service: service.clone() }, Cause::TimerOrPerson];
        let services = vec![ended.service().to_owned(), service];
        finding.actions = vec![Action::LookAt(LookAt::Logs { services, when: LogTime::Between })];
    }
    Some(RuleHit { finding, spans: vec![before, after] })
}

/// Whether good runs wait as long before this span.
///
/// The margin above their 99th percentile is a second up to a usual wait of 5 s, and a fifth of it beyond: of fewer than
/// 100 waits that percentile is the longest, which a run can exceed by chance.
fn is_usual(context: &RuleContext, after: usize, length_ns: i64) -> bool {
    let usual = context.input.baseline.and_then(|baseline| baseline.longest_usual_wait(context.journey, after));
    usual.is_some_and(|usual| length_ns <= usual.saturating_add(SECOND.max(usual / 5)))
}

/// What leads over a time in which nothing was open.
enum Crossing {
    /// An effect before its cause, or a call that began long after its caller had ended: a clock jumped.
    ClockJump,
    /// A message.
    Message { from: usize, to: usize },
    /// Work that began after what set it off had ended: left to a table, a timer or a pool of threads.
    Handover,
    /// Nothing that is recorded.
    Nothing,
}

fn crossing(context: &RuleContext, gap: Window) -> Crossing {
    let journey = context.journey;
    let is_after = |span: &Span| context.clocks.start(span) >= gap.to;
    let mut message: Option<(Timestamp, usize, usize)> = first_link_across(context, gap);
    let mut is_handed_over = false;
    for (effect, cause) in journey.forest.cause.iter().enumerate() {
        let Some((cause, _)) = *cause else { continue };
        let (from, to) = (&journey.spans[cause], &journey.spans[effect]);
        if !from.has_sane_time() || !to.has_sane_time() || is_after(from) == is_after(to) {
            continue;
        }
        if is_after(from) {
            return Crossing::ClockJump;
        }
        if asynchronous_cause(journey, effect).is_some() {
            let starts = context.clocks.start(to);
            if message.is_none_or(|(first, ..)| starts < first) {
                message = Some((starts, cause, effect));
            }
        } else if from.kind == SpanKind::Client && to.kind == SpanKind::Server || gap.length() > HOUR {
            // A call is not handed over, and no process hands work over within itself for an hour.
            return Crossing::ClockJump;
        } else {
            // Later than a second after the gap, other spans had begun before it: the gap did not end with this work.
            is_handed_over |= context.clocks.start(to) <= gap.to.plus(SECOND);
        }
    }
    let otherwise = if is_handed_over { Crossing::Handover } else { Crossing::Nothing };
    // Only a message that is about the first thing after the gap is what was waited for.
    message
        .filter(|(starts, ..)| *starts <= gap.to.plus(SECOND))
        .map_or(otherwise, |(_, from, to)| Crossing::Message { from, to })
}

/// The first span after the gap that links to one before it, whatever its parent is: a relay's, a batch's.
fn first_link_across(context: &RuleContext, gap: Window) -> Option<(Timestamp, usize, usize)> {
    let spans = &context.journey.spans;
    let is_before = |span: &Span| span.has_sane_time() && context.clocks.start(span) < gap.to;
    let before: HashMap<(TraceId, SpanId), usize> = spans
        .iter()
        .enumerate()
        .filter(|(_, span)| is_before(span))
        .map(|(index, span)| ((span.trace_id, span.span_id), index))
        .collect();
    let after = spans.iter().enumerate().filter(|(_, span)| span.has_sane_time() && !is_before(span));
    let linked = |(index, span): (usize, &Span)| {
        let from = span.links.iter().find_map(|link| before.get(&(link.trace_id, link.span_id)))?;
        Some((context.clocks.start(span), *from, index))
    };
    after.filter_map(linked).min()
}

/// Whether the same consumers received the message before: between the two they wait before they try again.
fn was_delivered_before(journey: &Journey, from: usize, to: usize) -> bool {
    let consumed = &journey.spans[to];
    let is_same = |span: &Span| {
        span.start < consumed.start
            && span.service() == consumed.service()
            && span.name == consumed.name
            && consumer_group(span) == consumer_group(consumed)
    };
    let of_sender = journey.forest.effects[from].iter().map(|effect| &journey.spans[*effect]);
    let id = consumed.message_id().filter(|id| !is_counter(id));
    let mut of_message = journey.spans.iter().filter(|span| id.is_some() && span.message_id() == id);
    of_sender.into_iter().any(is_same) || of_message.any(is_same)
}

/// Whether what came before or after is done again and again: by a poller, a health check.
fn is_repeated(context: &RuleContext, before: usize, after: usize) -> bool {
    let spans = &context.journey.spans;
    let times = |span: usize| {
        let (service, name) = (spans[span].service(), &spans[span].name);
        // One is the span itself; a second is enough to call it repeated.
        spans.iter().filter(|s| s.service() == service && s.name == *name).take(2).count()
    };
    let is_entry = context.journey.forest.cause[after].is_none();
    times(after) > 1 || is_entry && times(before) > 1
}
