//! Which error caused which, and which errors were recovered from. No other place decides that.

use std::collections::hash_map::Entry;
use std::collections::{BTreeSet, HashMap, HashSet};

use crate::analysis::journey::clocks::{Clocks, asynchronous_cause};
use crate::analysis::journey::critical_path::causes_first;
use crate::model::conventions::{CORRELATION_KEYS, MessageRole};
use crate::model::journey::Journey;
use crate::model::span::{Span, StatusCode};
use crate::model::time::{SECOND, Timestamp};

/// Ends that are at most this far apart are the same instant: a call is recorded in both services, each a moment later.
const SAME_INSTANT_NS: i64 = 2_000_000;
/// Enclosing spans that are searched for one that ended well. No real call stack is deeper; broken data may be endless.
const MAX_ENCLOSING: usize = 64;

/// A span's service and name.
type ServiceOperation<'a> = (&'a str, &'a str);
/// The same, the peer, and the subject: many clients are named after a method only, and a call about the next of many
/// items does not retry the one before.
type Call<'a> = (ServiceOperation<'a>, Option<&'a str>, BTreeSet<(&'a str, String)>);

/// The errors of a journey, as they hang together. Spans are indices into it.
#[derive(Clone, Debug, Default)]
pub(crate) struct Cascade {
    /// Each error that explains one further up, with that one.
    pub(crate) caused: HashMap<usize, usize>,
    /// Each error that is only a consequence of one further up, which had ended or given up before, with that one.
    pub(crate) consequence_of: HashMap<usize, usize>,
    /// Errors that were recovered from: the enclosing span ended well, or the message was processed later without error.
    pub(crate) recovered: HashSet<usize>,
    consequences: HashSet<usize>,
}

/// What an error has to do with one further up.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum ErrorRelation {
    /// It caused that one.
    Causes,
    /// It came of that one.
    FollowsFrom,
    /// Each is its own.
    Unrelated,
}

impl Cascade {
    /// The cascade of a journey.
    pub(crate) fn new(journey: &Journey) -> Self {
        let clocks = Clocks::measured(journey);
        let order = causes_first(journey);
        let enclosing = EnclosingSpans::new(journey, &clocks, &order);
        let mut cascade = Self::default();
        cascade.relate_errors(journey, &clocks, &order, &enclosing);
        cascade.consequences = cascade.caused.values().chain(cascade.consequence_of.keys()).copied().collect();
        cascade.find_recovered(journey, &clocks, &order, &enclosing);
        cascade
    }

    /// Whether the span failed because of another one: of one below it, or of one further up that had failed before.
    pub(crate) fn is_consequence(&self, span: usize) -> bool {
        self.consequences.contains(&span)
    }

    /// Those that failed because of this one, nearest first.
    pub(crate) fn failed_callers(&self, span: usize) -> impl Iterator<Item = usize> + '_ {
        std::iter::successors(self.caused.get(&span), |s| self.caused.get(s)).copied()
    }

    fn relate_errors(&mut self, journey: &Journey, clocks: &Clocks, order: &[usize], enclosing: &EnclosingSpans) {
        // The nearest error above, and how the work was passed on from it.
        let mut above: Vec<Option<(usize, Handover)>> = vec![None; journey.spans.len()];
        for span in order.iter().copied() {
            let Some((cause, _)) = journey.forest.cause[span] else { continue };
            let handover = match asynchronous_cause(journey, span) {
                Some(_) => Handover::Queued,
                None => Handover::Direct,
            };
            above[span] = if journey.spans[cause].is_error() {
                Some((cause, handover))
            } else {
                above[cause].map(|(upper, before)| (upper, before.max(handover)))
            };
            let is_failure = journey.spans[span].is_error() && !enclosing.swallowed.contains(&span);
            let Some((upper, handover)) = above[span].filter(|_| is_failure) else { continue };
            match relation(journey, clocks, [span, upper], handover) {
                ErrorRelation::FollowsFrom => _ = self.consequence_of.insert(span, upper),
                ErrorRelation::Causes => _ = self.caused.insert(span, upper),
                ErrorRelation::Unrelated => continue,
            }
            // What explains a consequence may be one of the same failure itself.
            if let Some(first) = self.consequence_of.get(&upper).copied()
                && relation(journey, clocks, [span, first], handover) == ErrorRelation::FollowsFrom
            {
                self.consequence_of.insert(span, first);
            }
        }
    }

    fn find_recovered(&mut self, journey: &Journey, clocks: &Clocks, order: &[usize], enclosing: &EnclosingSpans) {
        let processed = ProcessedMessages::new(journey, order);
        let upper = |span: &usize| self.caused.get(span).or_else(|| self.consequence_of.get(span)).copied();
        let is_top = |span: &usize| {
            journey.spans[*span].is_error() && !enclosing.swallowed.contains(span) && upper(span).is_none()
        };
        let latest = enclosing.latest(journey, clocks, order, is_top);
        let mut recovered = HashSet::new();
        for span in order.iter().copied().filter(|s| journey.spans[*s].is_error()) {
            let is_well = enclosing.swallowed.contains(&span)
                || upper(&span).map_or_else(
                    || processed.processed_later(journey, span) || enclosing.ended_well(journey, clocks, &latest, span),
                    |upper| recovered.contains(&upper),
                );
            if is_well {
                recovered.insert(span);
            }
        }
        self.recovered = recovered;
    }
}

/// How work was passed on from one span to another below it.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Handover {
    /// By calls only.
    Direct,
    /// Through a queue at least once.
    Queued,
}

/// The relation of the inner error to the outer one, given as the indices of both spans.
fn relation(journey: &Journey, clocks: &Clocks, [inner, outer]: [usize; 2], handover: Handover) -> ErrorRelation {
    let (inner, outer) = (&journey.spans[inner], &journey.spans[outer]);
    let (begins, done, ends) = (clocks.start(inner), clocks.end(inner), clocks.end(outer));
    if begins >= ends {
        // Work from a queue that failed after its sender may have failed for a reason of its own.
        if handover == Handover::Queued { ErrorRelation::Unrelated } else { ErrorRelation::FollowsFrom }
    } else if done > ends.plus(SAME_INSTANT_NS) && gave_up(outer) {
        if gave_up(inner) { ErrorRelation::FollowsFrom } else { ErrorRelation::Unrelated }
    } else if done <= ends.plus(SECOND.max(outer.duration_ns / 20)) {
        ErrorRelation::Causes
    } else {
        ErrorRelation::Unrelated
    }
}

/// Whether the span failed because it stopped waiting, or because its caller did.
fn gave_up(span: &Span) -> bool {
    let text = span.error_text().to_ascii_lowercase();
    let code = span.attributes.first(&["rpc.response.status_code", "rpc.grpc.status_code", "rpc.status_code"]);
    let code = code.map(|c| c.to_string().to_ascii_uppercase()).unwrap_or_default();
    ["deadline", "timeout", "timed out", "timedout", "cancel"].iter().any(|word| text.contains(word))
        || ["1", "4", "CANCELLED", "DEADLINE_EXCEEDED"].contains(&code.as_str())
}

/// To which delivery of a message each span belongs, and when each message was last processed well.
struct ProcessedMessages<'a> {
    of: Vec<Option<usize>>,
    well: HashMap<(&'a str, &'a str), Timestamp>,
}

impl<'a> ProcessedMessages<'a> {
    fn new(journey: &'a Journey, order: &[usize]) -> Self {
        let mut of: Vec<Option<usize>> = vec![None; journey.spans.len()];
        let mut well: HashMap<(&str, &str), Timestamp> = HashMap::new();
        for index in order.iter().copied() {
            let span = &journey.spans[index];
            let is_taken = span.message_role() == Some(MessageRole::Consume);
            of[index] = if is_taken {
                span.message_id().map(|_| index)
            } else {
                journey.forest.cause[index].and_then(|(cause, _)| of[cause])
            };
            if let Some(id) = span.message_id().filter(|_| is_taken && !span.is_error() && !is_settlement(span)) {
                let last = well.entry((span.service(), id)).or_insert(span.start);
                *last = span.start.max(*last);
            }
        }
        Self { of, well }
    }

    fn processed_later(&self, journey: &Journey, span: usize) -> bool {
        self.of[span].is_some_and(|delivery| {
            let delivery = &journey.spans[delivery];
            let key = delivery.message_id().map(|id| (delivery.service(), id));
            key.and_then(|key| self.well.get(&key)).is_some_and(|at| *at > delivery.start)
        })
    }
}

/// Whether the span settles a message at the broker, which does not process it.
fn is_settlement(span: &Span) -> bool {
    let keys = ["messaging.operation.type", "messaging.operation", "messaging.operation.name"];
    span.attributes.text(&keys).is_some_and(|word| ["settle", "ack", "nack", "commit"].contains(&word))
}

/// The caller of each span, without a queue between them.
struct EnclosingSpans {
    caller: Vec<Option<usize>>,
    well: Vec<Option<usize>>,
    /// Errors that were not passed on: an enclosing span has status OK, or retried the call with success.
    swallowed: HashSet<usize>,
}

/// The last failures below a span: when it ended and what it was; the second is of another kind.
type Latest<'a> = [Option<(Timestamp, ServiceOperation<'a>)>; 2];

impl EnclosingSpans {
    fn new(journey: &Journey, clocks: &Clocks, order: &[usize]) -> Self {
        let spans = &journey.spans;
        let within = |span: usize| {
            let cause = journey.forest.cause[span].map(|(cause, _)| cause);
            cause.filter(|_| asynchronous_cause(journey, span).is_none())
        };
        let caller: Vec<Option<usize>> = (0..spans.len()).map(within).collect();
        let mut well = vec![None; spans.len()];
        for span in order.iter().copied() {
            let ends = clocks.end(&spans[span]);
            let mut at = caller[span];
            for _ in 0..MAX_ENCLOSING {
                let Some(upper) = at else { break };
                let is_open = clocks.end(&spans[upper]) >= ends;
                if is_open && !spans[upper].is_error() {
                    well[span] = Some(upper);
                    break;
                }
                // Nothing that ended before this one did can have been open.
                at = if is_open { caller[upper] } else { well[upper] };
            }
        }
        let mut enclosing = Self { caller, well, swallowed: HashSet::new() };
        let failed: Vec<usize> = order.iter().copied().filter(|span| spans[*span].is_error()).collect();
        if !failed.is_empty() {
            let successes = enclosing.successes(journey, clocks, &failed);
            let is_swallowed = |span: &usize| enclosing.is_swallowed(journey, clocks, &successes, *span);
            enclosing.swallowed = failed.into_iter().filter(is_swallowed).collect();
        }
        enclosing
    }

    /// When what failed somewhere was last begun again and ended well, below each span.
    fn successes<'a>(
        &self,
        journey: &'a Journey,
        clocks: &Clocks,
        failed: &[usize],
    ) -> HashMap<(usize, Call<'a>), Timestamp> {
        let calls: HashSet<Call> = failed.iter().map(|span| call(&journey.spans[*span])).collect();
        let well = journey.spans.iter().enumerate();
        let well = well.filter(|(_, span)| !span.is_error() && calls.contains(&call(span)));
        let mut well: Vec<(Timestamp, usize)> = well.map(|(at, span)| (clocks.start(span), at)).collect();
        well.sort_unstable();
        let mut last = HashMap::new();
        for (begins, span) in well.into_iter().rev() {
            for upper in self.callers(span) {
                // The callers further up have a later success already.
                match last.entry((upper, call(&journey.spans[span]))) {
                    Entry::Vacant(entry) => _ = entry.insert(begins),
                    Entry::Occupied(_) => break,
                }
            }
        }
        last
    }

    fn is_swallowed(
        &self,
        journey: &Journey,
        clocks: &Clocks,
        successes: &HashMap<(usize, Call), Timestamp>,
        span: usize,
    ) -> bool {
        let (spans, failed) = (&journey.spans, &journey.spans[span]);
        let ends = clocks.end(failed);
        let again = |upper: usize| successes.get(&(upper, call(failed))).is_some_and(|begins| *begins >= ends);
        let is_open = |upper: &usize| clocks.end(&spans[*upper]) >= ends;
        let well = self.callers(span).take_while(|upper| !spans[*upper].is_error());
        // A caller that retried with success and failed later did so for another reason.
        let later = self.caller[span].filter(|upper| spans[*upper].is_error());
        well.filter(is_open).any(|upper| spans[upper].status.code == StatusCode::Ok || again(upper))
            || later
                .filter(is_open)
                .is_some_and(|upper| again(upper) && failed_for_another_reason(&spans[upper], failed))
    }

    fn callers(&self, span: usize) -> impl Iterator<Item = usize> + '_ {
        std::iter::successors(self.caller[span], |upper| self.caller[*upper]).take(MAX_ENCLOSING)
    }

    fn latest<'a>(
        &self,
        journey: &'a Journey,
        clocks: &Clocks,
        order: &[usize],
        counts: impl Fn(&usize) -> bool,
    ) -> Vec<Latest<'a>> {
        let mut latest: Vec<Latest> = vec![[None; 2]; journey.spans.len()];
        for index in order.iter().rev().copied() {
            let span = &journey.spans[index];
            let own = counts(&index).then(|| (clocks.end(span), place(span)));
            add(&mut latest[index], own);
            if let Some(caller) = self.caller[index] {
                for below in latest[index] {
                    add(&mut latest[caller], below);
                }
            }
        }
        latest
    }

    /// Whether what enclosed the error and was open then ended well, and nothing but further attempts failed in it later.
    fn ended_well(&self, journey: &Journey, clocks: &Clocks, latest: &[Latest], span: usize) -> bool {
        let failed = &journey.spans[span];
        let ended = clocks.end(failed);
        self.well[span].is_some_and(|well| {
            let mut others = latest[well].iter().flatten().filter(|(_, other)| *other != place(failed));
            !others.any(|(at, _)| *at > ended)
        })
    }
}

/// Whether what succeeded again was the very same call, or this one says that it failed for another reason.
fn failed_for_another_reason(upper: &Span, failed: &Span) -> bool {
    let (own, below) = (upper.error_text(), failed.error_text());
    !call(failed).2.is_empty() || !own.is_empty() && !own.contains(&*below)
}

fn place(span: &Span) -> ServiceOperation<'_> {
    (span.service(), &span.name)
}

fn call(span: &Span) -> Call<'_> {
    let tells = |key: &str| SUBJECT_KEYS.contains(&key) || key.ends_with("id") && !CORRELATION_KEYS.contains(&key);
    let about = span.attributes.iter().filter(|(key, _)| tells(key) && *key != "thread.id");
    (place(span), span.peer(), about.map(|(key, value)| (key, value.to_string())).collect())
}

/// What a call is about, beside whatever is an ID.
const SUBJECT_KEYS: [&str; 7] =
    ["url.full", "http.url", "url.path", "http.target", "db.statement", "db.query.text", "http.route"];

fn add<'a>(latest: &mut Latest<'a>, one: Option<(Timestamp, ServiceOperation<'a>)>) {
    let [first, second] = *latest;
    *latest = match (first, one) {
        (_, None) => return,
        (Some(a), Some(b)) if a.1 == b.1 => [first.max(one), second],
        _ if one > first => [one, first],
        _ => [first, second.max(one)],
    };
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::analysis::journey::sketch;

    /// Errors without a cause that were not recovered from, then those that were.
    fn origins(text: &str) -> [String; 2] {
        let journey = sketch::journey(text);
        let cascade = Cascade::new(&journey);
        let named = |recovered: bool| {
            let all = (0..journey.spans.len()).filter(|s| journey.spans[*s].is_error());
            let all = all.filter(|s| !cascade.is_consequence(*s));
            let all = all.filter(|s| cascade.recovered.contains(s) == recovered);
            all.map(|s| journey.spans[s].name.as_str()).collect::<Vec<_>>().join(" ")
        };
        [named(false), named(true)]
    }

    #[test]
    fn the_deepest_error_in_time_is_the_origin_unless_it_was_made_good() {
        let table = [
            ("deepest", "web/get 0..100 error\n  web/call 10..90 client\n    db/query 20..80 error: gone", "query", ""),
            ("a consequence", "web/get 0..100 error: bad\n  web/cleanup 150..160 error: worse", "get", ""),
            ("just after", "web/get 0..100 error\n  db/query 20..900 error: gone", "query", ""),
            ("far too late", "web/get 0..100 error: bad\n  db/query 20..2000 error: gone", "get query", ""),
            (
                "gave up first",
                "web/call 0..100 client error: deadline exceeded\n  db/serve 5..500 server error: gone",
                "call serve",
                "",
            ),
            (
                "and broke it off",
                "web/call 0..100 client error: deadline exceeded\n  db/serve 5..500 server error: canceled",
                "call",
                "",
            ),
            (
                "and two of them",
                "web/call 0..100 error: timeout\n  db/serve 5..500 error: canceled\n    db/query 6..490 error: canceled",
                "call",
                "",
            ),
            (
                "by a link",
                "web/get 0..300 error\n  web/send 10..20 producer\n    ~> job/run 30..200 consumer trace=2 error: x",
                "run",
                "",
            ),
            (
                "later by a queue",
                "web/get 0..30 error: x\n  web/send 10..20 producer\n    ~> job/run 60..90 consumer error: y",
                "get run",
                "",
            ),
            ("swallowed", "web/get 0..100 server\n  db/query 20..80 client error: gone", "", "query"),
            (
                "tried again well, then failed otherwise",
                "web/get 0..100 server error: bad template\n  web/try 10..20 client error: reset\n    db/serve 11..19 server error: busy\n  web/try 30..40 client",
                "get",
                "serve",
            ),
            (
                "one of many items failed",
                "web/get 0..100 server error: reset\n  web/try 10..20 client error: reset\n  web/try 30..40 client",
                "try",
                "",
            ),
            (
                "two retries",
                "web/get 0..100 server\n  web/try 10..20 client error\n  web/try 30..40 client error\n  web/try 50..60 client",
                "",
                "try try",
            ),
            (
                "another one later",
                "web/get 0..100 server\n  web/a 10..20 client error\n  web/b 30..40 client error",
                "a",
                "b",
            ),
            (
                "said to be well",
                "web/get 0..99 server error: bad\n  web/load 5..35 ok\n    web/redis 6..10 client error: timeout",
                "get",
                "redis",
            ),
            (
                "tried again",
                "web/get 0..99 error: bad\n  web/load 5..35\n    web/redis 6..10 error: late\n    web/redis 12..16",
                "get",
                "redis",
            ),
            (
                "another one succeeded",
                "web/get 0..99 error: bad\n  web/load 5..35\n    web/redis 6..10 error: late\n    web/mysql 12..16",
                "redis",
                "",
            ),
            (
                "another host answered",
                "web/get 0..99 error: bad\n  web/load 5..35\n    web/GET 6..10 server.address=a error\n    web/GET 12..16 server.address=b",
                "GET",
                "",
            ),
            (
                "the next of many went well",
                "web/get 0..99 error: bad\n  web/all 5..35\n    web/store 6..10 essay.id=1 error: x\n    web/store 12..16 essay.id=2",
                "store",
                "",
            ),
            (
                "succeeded before",
                "web/get 0..99 error: bad\n  web/load 5..35\n    web/redis 6..10\n    web/redis 12..16 error: late",
                "redis",
                "",
            ),
            (
                "sent well",
                "web/get 0..99 error: bad\n  web/send 5..7 producer ok\n    job/run 6..90 consumer error: gone",
                "run",
                "",
            ),
            ("outlived", "web/get 0..50 server\n  web/store 10..80 error: late", "store", ""),
            (
                "not across a queue",
                "web/get 0..900 server\n  web/send 10..20 producer\n    job/run 30..90 consumer error: y",
                "run",
                "",
            ),
            (
                "redelivered",
                "web/send 0..2 producer\n  job/run 10..20 consumer event.id=e1\n  job/run 30..40 consumer event.id=e1",
                "",
                "",
            ),
            (
                "redelivered after a failure",
                "web/send 0..2 producer\n  job/run 10..20 consumer event.id=e1 error: x\n    job/load 11..19 error: x\n  job/run 30..40 consumer event.id=e1",
                "",
                "load",
            ),
        ];
        for (name, text, failed, recovered) in table {
            assert_eq!(origins(text), [failed, recovered], "{name}");
        }
    }
}
