//! What came of each error: failed, handled or recovered.
//!
//! An error is failed until something proves otherwise. An unset status proves nothing: test roots, cron jobs, worker
//! loops and most consumers leave it unset, whatever happens below them.

use std::collections::hash_map::Entry;
use std::collections::{BTreeSet, HashMap, HashSet};

use crate::analysis::journey::clocks::{Clocks, SAME_INSTANT_NS, asynchronous_cause};
use crate::model::conventions::{CORRELATION_KEYS, MessageRole};
use crate::model::error_outcome::ErrorOutcome;
use crate::model::journey::Journey;
use crate::model::span::{Span, SpanKind, StatusCode};
use crate::model::time::{Timestamp, Window};

/// Enclosing spans that are searched for one that ended well. No real call stack is deeper; broken data may be endless.
const MAX_ENCLOSING: usize = 64;

/// Calls beside a canceled one that are looked at: a request is hedged once or twice.
const MAX_HEDGES: usize = 16;

/// Service, operation, peer, and subject of a span: many clients are named after a method only, and a call about the
/// next of many items does not retry the one before.
type Call<'a> = (&'a str, &'a str, Option<&'a str>, BTreeSet<(&'a str, String)>);

/// What proves the outcome of each error. Spans are indices into the journey.
pub(super) struct Outcomes<'a> {
    journey: &'a Journey,
    clocks: &'a Clocks,
    /// The caller of each span, without a queue between them.
    caller: Vec<Option<usize>>,
    /// Whether the span or one below it failed, and nothing shows that this came to nothing.
    has_failure: Vec<bool>,
    /// Errors after which the same call succeeded.
    retried: HashSet<usize>,
    /// The same, with the subject in common and other spans between: the span that encloses both attempts.
    retried_within: HashMap<usize, usize>,
    /// Errors of a message that was processed later without one.
    reprocessed: HashSet<usize>,
}

impl<'a> Outcomes<'a> {
    /// `order` has every span after the one it follows from.
    pub(super) fn new(journey: &'a Journey, clocks: &'a Clocks, order: &[usize]) -> Self {
        let spans = &journey.spans;
        let called = |span: usize| {
            let cause = journey.forest.cause[span].map(|(cause, _)| cause);
            cause.filter(|_| asynchronous_cause(journey, span).is_none())
        };
        let mut outcomes = Self {
            journey,
            clocks,
            caller: (0..spans.len()).map(called).collect(),
            has_failure: spans.iter().map(Span::is_error).collect(),
            retried: HashSet::new(),
            retried_within: HashMap::new(),
            reprocessed: HashSet::new(),
        };
        let failed: Vec<usize> = order.iter().copied().filter(|span| spans[*span].is_error()).collect();
        if !failed.is_empty() {
            outcomes.find_retries(order);
            outcomes.find_retries_by_subject(&failed);
            outcomes.find_reprocessed(order);
        }
        outcomes
    }

    /// What came of an error. `above` is the outcome of the error that it caused or that it comes from: they are one
    /// failure. `was_refused` says that a server's 5xx is part of it.
    pub(super) fn outcome(&self, span: usize, above: Option<ErrorOutcome>, was_refused: bool) -> ErrorOutcome {
        if self.reprocessed.contains(&span) {
            return ErrorOutcome::Recovered;
        }
        above.unwrap_or_else(|| {
            if self.is_retried(span) {
                ErrorOutcome::Recovered
            } else if !was_refused && self.open_callers(span).any(|caller| says_well(&self.journey.spans[caller])) {
                ErrorOutcome::Handled
            } else {
                ErrorOutcome::Failed
            }
        })
    }

    /// Whether the error is a server's 5xx that a client outside the service received. Nothing above it changes that.
    pub(super) fn is_refusal(&self, span: usize) -> bool {
        let server = &self.journey.spans[span];
        let caller = self.caller[span].map(|caller| self.journey.spans[caller].service());
        server.kind == SpanKind::Server
            && server.is_error()
            && server.http_status().is_some_and(|status| status >= 500)
            && caller != Some(server.service())
    }

    /// Whether the error went no further up: a span between says that it ended well, the call was made again with
    /// success, or the caller went on and failed for another reason.
    pub(super) fn is_swallowed(&self, span: usize) -> bool {
        let (spans, failed) = (&self.journey.spans, &self.journey.spans[span]);
        let is_well = |caller: &usize| !spans[*caller].is_error();
        if self.open_callers(span).take_while(is_well).any(|caller| says_well(&spans[caller])) {
            return true;
        }
        let Some(caller) = self.caller[span] else { return false };
        if self.retried.contains(&span) {
            return is_well(&caller) || failed_for_another_reason(&spans[caller], failed);
        }
        if let Some(within) = self.retried_within.get(&span) {
            let mut between = self.callers(span).take_while(|caller| caller != within);
            return between.all(|caller| is_well(&caller));
        }
        self.went_on(caller, span)
    }

    fn is_retried(&self, span: usize) -> bool {
        self.retried.contains(&span) || self.retried_within.contains_key(&span)
    }

    /// The callers, nearest first.
    fn callers(&self, span: usize) -> impl Iterator<Item = usize> + '_ {
        std::iter::successors(self.caller[span], |upper| self.caller[*upper]).take(MAX_ENCLOSING)
    }

    /// Those that had not ended before the span did. Both ends of a call may be recorded a moment apart.
    fn open_callers(&self, span: usize) -> impl Iterator<Item = usize> + '_ {
        let ended = self.clocks.end(&self.journey.spans[span]);
        let is_open = move |caller: &usize| self.end(*caller).plus(SAME_INSTANT_NS) >= ended;
        self.callers(span).filter(is_open)
    }

    fn start(&self, span: usize) -> Timestamp {
        self.clocks.start(&self.journey.spans[span])
    }

    fn end(&self, span: usize) -> Timestamp {
        self.clocks.end(&self.journey.spans[span])
    }

    /// Later attempts beside each error, in the same enclosing span; on the way, up the tree, which spans have a failure.
    fn find_retries(&mut self, order: &[usize]) {
        let spans = &self.journey.spans;
        for span in order.iter().rev().copied() {
            let called = |effect: &usize| self.caller[*effect] == Some(span);
            let callees: Vec<usize> = self.journey.forest.effects[span].iter().copied().filter(called).collect();
            if !callees.iter().any(|callee| self.has_failure[*callee]) {
                continue;
            }
            let mut well: HashMap<Call, Vec<Window>> = HashMap::new();
            for callee in callees.iter().copied().filter(|callee| !self.has_failure[*callee]) {
                let window = Window::new(self.start(callee), self.end(callee));
                well.entry(call(&spans[callee])).or_default().push(window);
            }
            well.values_mut().for_each(|windows| windows.sort_unstable_by_key(|window| window.from));
            let again = |callee: &usize| {
                let failed = &spans[*callee];
                failed.is_error() && well.get(&call(failed)).is_some_and(|well| self.succeeded_later(*callee, well))
            };
            let retried: Vec<usize> = callees.iter().copied().filter(again).collect();
            self.retried.extend(retried);
            let remains = callees.iter().any(|callee| self.has_failure[*callee] && !self.retried.contains(callee));
            self.has_failure[span] = spans[span].is_error() || remains && !says_well(&spans[span]);
        }
    }

    /// Whether one of the calls that went well, in the order of their starts, began after the failed one. A call that
    /// was canceled may also have been overtaken by a second one, begun while it ran: a hedged request.
    fn succeeded_later(&self, failed: usize, well: &[Window]) -> bool {
        let (began, ended) = (self.start(failed), self.end(failed));
        let is_later = well.last().is_some_and(|last| last.from >= ended);
        is_later
            || is_canceled(&self.journey.spans[failed]) && {
                let begun_since = &well[well.partition_point(|window| window.from < began)..];
                begun_since.iter().take(MAX_HEDGES).any(|window| window.to <= ended.plus(SAME_INSTANT_NS))
            }
    }

    /// Later attempts further away: only with a subject in common, such as an ID, is it the same work.
    fn find_retries_by_subject(&mut self, failed: &[usize]) {
        let spans = &self.journey.spans;
        let calls = failed.iter().map(|span| call(&spans[*span]));
        let calls: HashSet<Call> = calls.filter(|(.., subject)| !subject.is_empty()).collect();
        if calls.is_empty() {
            return;
        }
        let well = (0..spans.len()).filter(|span| !self.has_failure[*span] && calls.contains(&call(&spans[*span])));
        let mut well: Vec<(Timestamp, usize)> = well.map(|span| (self.start(span), span)).collect();
        well.sort_unstable();
        let mut last = HashMap::new();
        for (begins, span) in well.into_iter().rev() {
            for upper in self.callers(span) {
                // The callers further up have a later success already.
                match last.entry((upper, call(&spans[span]))) {
                    Entry::Vacant(entry) => _ = entry.insert(begins),
                    Entry::Occupied(_) => break,
                }
            }
        }
        let within = |span: usize| {
            let again = |upper: &usize| last.get(&(*upper, call(&spans[span]))).is_some_and(|at| *at >= self.end(span));
            self.callers(span).find(again)
        };
        let found = failed.iter().filter_map(|span| Some((*span, within(*span)?)));
        self.retried_within = found.collect();
    }

    /// Errors while a message was processed, where a later delivery of it to the same service went well and none failed
    /// after that.
    fn find_reprocessed(&mut self, order: &[usize]) {
        let spans = &self.journey.spans;
        // To which delivery each span belongs.
        let mut delivery: Vec<Option<usize>> = vec![None; spans.len()];
        // The last delivery that went well, and the last that failed.
        let mut last: HashMap<(&str, &str), [Option<Timestamp>; 2]> = HashMap::new();
        for index in order.iter().copied() {
            let span = &spans[index];
            let is_delivery = span.message_role() == Some(MessageRole::Consume);
            delivery[index] = if is_delivery {
                span.message_id().map(|_| index)
            } else {
                self.journey.forest.cause[index].and_then(|(cause, _)| delivery[cause])
            };
            if let Some(id) = span.message_id().filter(|_| is_delivery && !is_settlement(span)) {
                let last = last.entry((span.service(), id)).or_default();
                let last = &mut last[usize::from(self.has_failure[index])];
                *last = (*last).max(Some(span.start));
            }
        }
        let is_reprocessed = |index: &usize| {
            let Some(delivery) = delivery[*index].map(|delivery| &spans[delivery]) else { return false };
            let [well, failed] =
                delivery.message_id().and_then(|id| last.get(&(delivery.service(), id)).copied()).unwrap_or_default();
            well > Some(delivery.start) && well > failed
        };
        let failed = order.iter().copied().filter(|index| spans[*index].is_error());
        self.reprocessed = failed.filter(is_reprocessed).collect();
    }

    /// Whether the caller did more after this error, with success, before an exception of its own with other words ended
    /// it. An exception right after the error is taken to pass it on, in whatever words.
    fn went_on(&self, caller: usize, span: usize) -> bool {
        let spans = &self.journey.spans;
        let (upper, ended) = (&spans[caller], self.end(span));
        let Some(exception) = upper.exceptions().last().filter(|_| upper.is_error()) else { return false };
        let raised = self.clocks.adjust(upper.service(), exception.event.time);
        let (own, below) = (exception.headline(), spans[span].error_text());
        let is_other = !below.is_empty()
            && !own.contains(&*below)
            && !below.contains(exception.message)
            && !exception.stacktrace.contains(&*below);
        let is_more = |effect: &usize| {
            self.caller[*effect] == Some(caller)
                && !self.has_failure[*effect]
                && self.start(*effect) >= ended
                && self.end(*effect) <= raised
        };
        is_other && raised > ended && self.journey.forest.effects[caller].iter().any(is_more)
    }
}

/// Whether the span says that it ended well: by its status, or as a server by the answer it gave.
fn says_well(span: &Span) -> bool {
    let answered =
        || span.http_status().is_some_and(|status| (100..400).contains(&status)) || span.grpc_code() == Some(0);
    match span.status.code {
        StatusCode::Ok => true,
        StatusCode::Error => false,
        StatusCode::Unset => span.kind == SpanKind::Server && !span.is_error() && answered(),
    }
}

/// Whether its caller called it off.
fn is_canceled(span: &Span) -> bool {
    span.grpc_code() == Some(1) || span.error_text().to_ascii_lowercase().contains("cancel")
}

/// Whether the span settles a message at the broker, which does not process it.
fn is_settlement(span: &Span) -> bool {
    ["settle", "ack", "nack", "commit"].contains(&span.message_operation().as_str())
}

/// Whether what succeeded again was the very same call, or this one says that it failed for another reason.
fn failed_for_another_reason(upper: &Span, failed: &Span) -> bool {
    let (own, below) = (upper.error_text(), failed.error_text());
    !call(failed).3.is_empty() || !own.is_empty() && !own.contains(&*below)
}

fn call(span: &Span) -> Call<'_> {
    let is_subject = |key: &str| SUBJECT_KEYS.contains(&key) || key.ends_with("id") && !CORRELATION_KEYS.contains(&key);
    let subject = span.attributes.iter().filter(|(key, _)| is_subject(key) && *key != "thread.id");
    (span.service(), &span.name, span.peer(), subject.map(|(key, value)| (key, value.to_string())).collect())
}

/// What a call is about, beside whatever is an ID.
const SUBJECT_KEYS: [&str; 7] =
    ["url.full", "http.url", "url.path", "http.target", "db.statement", "db.query.text", "http.route"];
