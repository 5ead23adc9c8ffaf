//! Which error caused which, and what came of each. No other place decides that.

use std::collections::{HashMap, HashSet};

use crate::analysis::journey::clocks::{Clocks, SAME_INSTANT_NS, asynchronous_cause};
use crate::analysis::journey::critical_path::causes_first;
use crate::analysis::journey::outcomes::Outcomes;
use crate::model::error_outcome::ErrorOutcome;
use crate::model::finding::Severity;
use crate::model::journey::Journey;
use crate::model::span::Span;
use crate::model::time::SECOND;

/// The errors of a journey, as they hang together. Spans are indices into it.
#[derive(Clone, Debug, Default)]
pub(crate) struct Cascade {
    /// Each error that explains one further up, with that one.
    pub(crate) caused: HashMap<usize, usize>,
    /// Each error that is only a consequence of one further up, which had ended or given up before, with that one.
    pub(crate) consequence_of: HashMap<usize, usize>,
    consequences: HashSet<usize>,
    outcomes: HashMap<usize, ErrorOutcome>,
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
        let outcomes = Outcomes::new(journey, &clocks, &order);
        let mut cascade = Self::default();
        cascade.relate_errors(journey, &clocks, &order, &outcomes);
        cascade.consequences = cascade.caused.values().chain(cascade.consequence_of.keys()).copied().collect();
        let failed: Vec<usize> = order.into_iter().filter(|span| journey.spans[*span].is_error()).collect();
        let mut refused: HashSet<usize> = failed.iter().copied().filter(|span| outcomes.is_refusal(*span)).collect();
        for span in failed.iter().rev().filter(|span| cascade.caused.contains_key(*span)) {
            if refused.contains(span) {
                refused.insert(cascade.caused[span]);
            }
        }
        for span in failed {
            // An error and those that it caused are one failure, with one outcome: that of the outermost.
            let above = cascade.caused.get(&span).or_else(|| cascade.consequence_of.get(&span));
            let above = above.and_then(|above| cascade.outcomes.get(above)).copied();
            cascade.outcomes.insert(span, outcomes.outcome(span, above, refused.contains(&span)));
        }
        cascade
    }

    /// What came of the error of this span; failed where it has none.
    pub(crate) fn outcome(&self, span: usize) -> ErrorOutcome {
        self.outcomes.get(&span).copied().unwrap_or_default()
    }

    /// How grave the error of this span is.
    pub(crate) fn severity(&self, journey: &Journey, span: usize) -> Severity {
        match self.outcome(span) {
            ErrorOutcome::Failed => Severity::Error,
            // Often an answer that the caller expects: "not found" before something is created.
            ErrorOutcome::Handled if journey.spans[span].is_client_fault() => Severity::Info,
            ErrorOutcome::Handled => Severity::Warning,
            ErrorOutcome::Recovered => Severity::Info,
        }
    }

    /// Whether the span failed because of another one: of one below it, or of one further up that had failed before.
    pub(crate) fn is_consequence(&self, span: usize) -> bool {
        self.consequences.contains(&span)
    }

    /// Those that failed because of this one, nearest first.
    pub(crate) fn failed_callers(&self, span: usize) -> impl Iterator<Item = usize> + '_ {
        std::iter::successors(self.caused.get(&span), |s| self.caused.get(s)).copied()
    }

    fn relate_errors(&mut self, journey: &Journey, clocks: &Clocks, order: &[usize], outcomes: &Outcomes) {
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
            let is_failure = journey.spans[span].is_error() && !outcomes.is_swallowed(span);
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::analysis::journey::sketch;

    /// The root errors that failed, that were handled, and that were recovered from.
    fn origins(text: &str) -> [String; 3] {
        let journey = sketch::journey(text);
        let cascade = Cascade::new(&journey);
        ErrorOutcome::ALL.map(|outcome| {
            let all = (0..journey.spans.len()).filter(|s| journey.spans[*s].is_error());
            let all = all.filter(|s| !cascade.is_consequence(*s) && cascade.outcome(*s) == outcome);
            all.map(|s| journey.spans[s].name.as_str()).collect::<Vec<_>>().join(" ")
        })
    }

    #[test]
    fn the_deepest_error_in_time_is_the_origin_and_needs_proof_to_be_other_than_failed() {
        let table = [
            (
                "deepest",
                "web/get 0..100 error\n  web/call 10..90 client\n    db/query 20..80 error: gone",
                "query",
                "",
                "",
            ),
            ("a consequence", "web/get 0..100 error: bad\n  web/cleanup 150..160 error: worse", "get", "", ""),
            ("just after", "web/get 0..100 error\n  db/query 20..900 error: gone", "query", "", ""),
            ("far too late", "web/get 0..100 error: bad\n  db/query 20..2000 error: gone", "get query", "", ""),
            (
                "gave up first",
                "web/call 0..100 client error: deadline exceeded\n  db/serve 5..500 server error: gone",
                "call serve",
                "",
                "",
            ),
            (
                "and broke it off",
                "web/call 0..100 client error: deadline exceeded\n  db/serve 5..500 server error: canceled",
                "call",
                "",
                "",
            ),
            (
                "and two of them",
                "web/call 0..100 error: timeout\n  db/serve 5..500 error: canceled\n    db/query 6..490 error: canceled",
                "call",
                "",
                "",
            ),
            (
                "by a link",
                "web/get 0..300 error\n  web/send 10..20 producer\n    ~> job/run 30..200 consumer trace=2 error: x",
                "run",
                "",
                "",
            ),
            (
                "later by a queue",
                "web/get 0..30 error: x\n  web/send 10..20 producer\n    ~> job/run 60..90 consumer error: y",
                "get run",
                "",
                "",
            ),
            ("an unset root", "web/get 0..100 server\n  db/query 20..80 client error: gone", "query", "", ""),
            (
                "answered well",
                "web/get 0..100 server http.status_code=200\n  db/query 20..80 client error: gone",
                "",
                "query",
                "",
            ),
            (
                "answered well, and not to an outsider",
                "a/get 0..9 server http.status_code=200\n  a/call 1..8 client error\n    b/get 2..7 server error: x",
                "",
                "get",
                "",
            ),
            (
                "the 500 was received, whatever the test says",
                "e2e/test 0..9 ok\n  e2e/GET 1..8 client error\n    api/GET 2..7 server http.status_code=500 error: x\n      api/db 3..6 error: y",
                "db",
                "",
                "",
            ),
            (
                "the 500 was received, and then a 200",
                "e2e/test 0..99\n  e2e/GET 1..8 client error\n    api/GET 2..7 server http.status_code=500\n  e2e/GET 11..18 client\n    api/GET 12..17 server http.status_code=200",
                "",
                "",
                "GET",
            ),
            (
                "answered before the background work failed",
                "web/get 0..9 server http.status_code=202\n  web/store 5..80 error: late",
                "store",
                "",
                "",
            ),
            (
                "went on, and failed with other words",
                "web/get 0..99 error\n  web/redis 6..10 client error: timeout\n  web/mysql 12..20 client",
                "redis",
                "",
                "",
            ),
            (
                "the next job of a loop went well",
                "w/loop 0..99 consumer\n  w/job 1..9\n    w/send 2..8 client error: x\n  w/job 11..19\n    w/send 12..18 client",
                "send",
                "",
                "",
            ),
            (
                "tried again in another attempt, of the same item",
                "w/loop 0..99 consumer\n  w/try 1..9\n    w/send 2..8 client order.id=7 error: x\n  w/try 11..19\n    w/send 12..18 client order.id=7",
                "",
                "",
                "send",
            ),
            (
                "tried again, and what it called failed once more",
                "w/run 0..99\n  w/try 1..9 error: x\n  w/try 11..19\n    w/send 12..18 client error: y",
                "try send",
                "",
                "",
            ),
            (
                "received again, processed with an error again",
                "web/send 0..2 producer\n  job/run 10..20 consumer event.id=e1\n    job/load 11..19 error: x\n  job/run 30..40 consumer event.id=e1\n    job/load 31..39 error: x",
                "load load",
                "",
                "",
            ),
            (
                "tried again well, then failed otherwise",
                "web/get 0..100 server error: bad template\n  web/try 10..20 client error: reset\n    db/serve 11..19 server error: busy\n  web/try 30..40 client",
                "get",
                "",
                "serve",
            ),
            (
                "one of many items failed",
                "web/get 0..100 server error: reset\n  web/try 10..20 client error: reset\n  web/try 30..40 client",
                "try",
                "",
                "",
            ),
            (
                "two retries",
                "web/get 0..100 server\n  web/try 10..20 client error\n  web/try 30..40 client error\n  web/try 50..60 client",
                "",
                "",
                "try try",
            ),
            (
                "another one later",
                "web/get 0..100 server\n  web/a 10..20 client error\n  web/b 30..40 client error",
                "a b",
                "",
                "",
            ),
            (
                "said to be well",
                "web/get 0..99 server error: bad\n  web/load 5..35 ok\n    web/redis 6..10 client error: timeout",
                "get",
                "redis",
                "",
            ),
            (
                "tried again",
                "web/get 0..99 error: bad\n  web/load 5..35\n    web/redis 6..10 error: late\n    web/redis 12..16",
                "get",
                "",
                "redis",
            ),
            (
                "another one succeeded",
                "web/get 0..99 error: bad\n  web/load 5..35\n    web/redis 6..10 error: late\n    web/mysql 12..16",
                "redis",
                "",
                "",
            ),
            (
                "another host answered",
                "web/get 0..99 error: bad\n  web/load 5..35\n    web/GET 6..10 server.address=a error\n    web/GET 12..16 server.address=b",
                "GET",
                "",
                "",
            ),
            (
                "the next of many went well",
                "web/get 0..99 error: bad\n  web/all 5..35\n    web/store 6..10 essay.id=1 error: x\n    web/store 12..16 essay.id=2",
                "store",
                "",
                "",
            ),
            (
                "succeeded before",
                "web/get 0..99 error: bad\n  web/load 5..35\n    web/redis 6..10\n    web/redis 12..16 error: late",
                "redis",
                "",
                "",
            ),
            (
                "sent well",
                "web/get 0..99 error: bad\n  web/send 5..7 producer ok\n    job/run 6..90 consumer error: gone",
                "run",
                "",
                "",
            ),
            ("outlived", "web/get 0..50 server\n  web/store 10..80 error: late", "store", "", ""),
            (
                "not across a queue",
                "web/get 0..900 server\n  web/send 10..20 producer\n    job/run 30..90 consumer error: y",
                "run",
                "",
                "",
            ),
            (
                "redelivered",
                "web/send 0..2 producer\n  job/run 10..20 consumer event.id=e1\n  job/run 30..40 consumer event.id=e1",
                "",
                "",
                "",
            ),
            (
                "redelivered after a failure",
                "web/send 0..2 producer\n  job/run 10..20 consumer event.id=e1 error: x\n    job/load 11..19 error: x\n  job/run 30..40 consumer event.id=e1",
                "",
                "",
                "load",
            ),
        ];
        for (name, text, failed, handled, recovered) in table {
            assert_eq!(origins(text), [failed, handled, recovered], "{name}");
        }
    }
}
