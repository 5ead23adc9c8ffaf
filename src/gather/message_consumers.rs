//! Consumers of the journey's messages. No backend can be asked which spans link to a span, so before a message counts as
//! lost, the spans with the message's ID are searched for once, then those of its topic around its time. Links and IDs are
//! checked here.

use std::collections::{BTreeMap, BTreeSet};

use futures_util::future::join_all;

use super::Gathering;
use crate::analysis::journey::messages::unconsumed;
use crate::gather::fetched::{Fetched, SpansByTrace};
use crate::gather::traces::Splits;
use crate::model::action::Limit;
use crate::model::conventions::{MESSAGE_ID_KEYS, MessageRole, TOPIC_KEYS};
use crate::model::evidence::{LookedUp, NoteCode};
use crate::model::id::{SpanId, TraceId};
use crate::model::span::Span;
use crate::model::time::{HOUR, MINUTE, Window};
use crate::query::TimeRange;
use crate::source::role::Role;
use crate::stitch::id_matching::Keys;
use crate::stitch::membership::Membership;

/// Messages of one journey that are looked up. Each costs up to 5 requests, so 20 leave most of the 500 to the journey.
const MOST_MESSAGES: usize = 20;
/// A consumer whose clock is behind begins before its publish. A minute is far more than NTP leaves; chosen, not
/// measured.
const BEFORE: i64 = MINUTE;
/// A message is looked for this long after its publish. A queue that is further behind is an incident of its own;
/// chosen, not measured.
const AFTER: i64 = HOUR;
/// A busy topic returns more than the limit: its time is cut in two at most 4 times, 9 requests.
const SPLITS: Splits = Splits::AtMost(4);
/// Requests that are left to what comes after.
pub(super) const KEPT: usize = 50;

type Id = (TraceId, SpanId);

impl Gathering<'_> {
    /// Searches for consumers of the messages that have none so far, until no new one is found; gives back what belongs to
    /// the journey in the end.
    pub(super) async fn look_up(&mut self, mut members: Membership) -> Membership {
        let mut looking = LookupState::default();
        loop {
            let open = looking.open(self.unconsumed(&members));
            if open.is_empty() {
                break;
            }
            self.sources.progress.say("asking who took what was published");
            let found = self.consumers_of(&open, &members, &mut looking).await;
            if found.spans.0.is_empty() {
                continue;
            }
            self.take(found);
            members = self.follow().await;
            members = self.grow(members).await;
        }
        self.evidence.looked_up = looking.finish(&self.unconsumed(&members));
        members
    }

    /// The publishes of the journey's own traces without a consumer so far, by time.
    pub(super) fn unconsumed(&self, members: &Membership) -> Vec<Span> {
        let keys = Keys::new(&self.query.keys);
        let is_in =
            |span: &&Span| members.traces.contains_key(&span.trace_id) || members.arrivals.contains_key(&span.trace_id);
        let at_hand: Vec<&Span> = self.evidence.spans.iter().filter(is_in).collect();
        let ours = |span: &&Span| members.traces.contains_key(&span.trace_id) && !is_anothers(&[span], &keys, members);
        let unconsumed = unconsumed(&at_hand).into_iter().map(|index| at_hand[index]);
        let mut unconsumed: Vec<Span> = unconsumed.filter(ours).cloned().collect();
        unconsumed.sort_by_key(|span| (span.start, span.trace_id, span.span_id));
        unconsumed.dedup_by_key(|span| (span.trace_id, span.span_id));
        unconsumed
    }

    /// Whole traces that took one of these messages: by the message's ID, else by its topic.
    async fn consumers_of(&self, publishes: &[Span], members: &Membership, looking: &mut LookupState) -> Fetched {
        let mut found = Fetched::default();
        let by_id = join_all(publishes.iter().map(|publish| self.by_message(publish))).await;
        let mut silent: Vec<(&Span, LookupAnswer)> = Vec::new();
        for (publish, asked) in publishes.iter().zip(by_id) {
            let fitting = self.fitting(&asked.fetched, &[publish], members);
            if fitting.0.is_empty() {
                silent.push((publish, asked));
            } else {
                looking.asked.insert(id(publish));
                found.spans.add(fitting.0.into_values().flatten().collect());
            }
        }
        let mut by_topic: BTreeMap<&str, Vec<(&Span, LookupAnswer)>> = BTreeMap::new();
        for (publish, asked) in silent {
            match publish.topic() {
                Some(topic) => by_topic.entry(topic).or_default().push((publish, asked)),
                None => looking.note_result(publish, &asked, None),
            }
        }
        for (topic, silent) in by_topic {
            let publishes: Vec<&Span> = silent.iter().map(|(publish, _)| *publish).collect();
            let asked = self.by_topic(topic, &publishes).await;
            let fitting = self.fitting(&asked.fetched, &publishes, members);
            silent.iter().for_each(|(publish, by_id)| looking.note_result(publish, by_id, Some(&asked)));
            found.spans.add(fitting.0.into_values().flatten().collect());
        }
        match &self.traces {
            Some(traces) => traces.with_recorded_times(found).await,
            None => found,
        }
    }

    async fn by_message(&self, publish: &Span) -> LookupAnswer {
        let Some((key, message)) = publish.attributes.named_text(&MESSAGE_ID_KEYS) else {
            return LookupAnswer::default();
        };
        self.asked(&[(key, message)], self.time_of(publish)).await
    }

    /// What this topic saw around these publishes. Publishers and consumers may have it under different keys: those that
    /// consumers of the journey use, or all where it has no consumer.
    async fn by_topic(&self, topic: &str, publishes: &[&Span]) -> LookupAnswer {
        let key = |span: &Span| span.attributes.named_text(&TOPIC_KEYS).map(|(key, _)| key);
        let takes = |span: &&Span| span.message_role() == Some(MessageRole::Consume);
        let mut keys: BTreeSet<&str> = self.evidence.spans.iter().filter(takes).filter_map(key).collect();
        if keys.is_empty() {
            keys.extend(TOPIC_KEYS);
        }
        keys.extend(publishes.iter().filter_map(|publish| key(publish)));
        let tags: Vec<(&str, &str)> = keys.into_iter().map(|key| (key, topic)).collect();
        let window = publishes.iter().map(|publish| self.time_of(publish)).reduce(Window::hull);
        match window {
            Some(window) => self.asked(&tags, window).await,
            None => LookupAnswer::default(),
        }
    }

    /// One question to Jaeger, if it can be asked.
    async fn asked(&self, tags: &[(&str, &str)], window: Window) -> LookupAnswer {
        let not = |why: &str| LookupAnswer { fetched: Fetched::default(), why_not: Some(why.to_owned()) };
        let Some(traces) = &self.traces else {
            return not(&format!("{} cannot be asked", Role::Spans.backend().as_str()));
        };
        if self.is_over() {
            return not("the command was asked to end");
        }
        if traces.requests_a_tag() * tags.len() + KEPT > self.sources.transport.requests_left() {
            return not(&format!("the bound on requests ({}) leaves too few for it", Limit::Requests.flag()));
        }
        let fetched = traces.by_tags(tags, window, SPLITS).await;
        let failure = fetched.failures.first().map(|(_, failure)| failure.message.clone());
        let cut = fetched.notes.iter().find(|note| note.code.is_incomplete() && note.code != NoteCode::Skipped);
        let why_not = failure.or_else(|| cut.map(|note| note.message.clone()));
        LookupAnswer { fetched, why_not }
    }

    /// When a message may have been taken: around its publish, and to the end of what was asked about.
    fn time_of(&self, publish: &Span) -> Window {
        let asked_to = match self.query.time {
            TimeRange::Explicit(window) => window.to,
            _ => publish.end(),
        };
        let from = publish.start.plus(-BEFORE);
        let to = publish.end().plus(AFTER).max(asked_to).min(self.query.now.plus(1));
        Window::new(from, to.max(from.plus(1)))
    }

    /// Of these traces, as a whole, those that take one of the messages or link to the journey. Another journey's trace
    /// must link: message IDs may be small numbers.
    fn fitting(&self, fetched: &Fetched, publishes: &[&Span], members: &Membership) -> SpansByTrace {
        let keys = Keys::new(&self.query.keys);
        let links = |span: &Span| span.links.iter().any(|link| members.traces.contains_key(&link.trace_id));
        let takes = |span: &Span| publishes.iter().any(|publish| is_taken_by(publish, span));
        let fits = |trace: &TraceId, spans: &[Span]| {
            let all: Vec<&Span> = spans.iter().collect();
            !members.traces.contains_key(trace)
                && (all.iter().any(|span| links(span))
                    || all.iter().any(|span| takes(span)) && !is_anothers(&all, &keys, members))
        };
        let fitting = fetched.spans.0.iter().filter(|(trace, spans)| fits(trace, spans));
        SpansByTrace(fitting.map(|(trace, spans)| (*trace, spans.clone())).collect())
    }
}

/// What one question brought, and why it was not answered whole.
#[derive(Default)]
struct LookupAnswer {
    fetched: Fetched,
    why_not: Option<String>,
}

/// How far the asking is.
#[derive(Default)]
struct LookupState {
    /// Who was chosen to be asked about.
    chosen: BTreeSet<Id>,
    /// Who was asked about so that the answer is whole.
    asked: BTreeSet<Id>,
    /// Why it was not of some.
    why: Option<String>,
}

impl LookupState {
    /// Of these those to ask about now, as many of each topic as of any other.
    fn open(&mut self, unconsumed: Vec<Span>) -> Vec<Span> {
        let mut by_topic: BTreeMap<Option<String>, usize> = BTreeMap::new();
        let mut open: Vec<(usize, Span)> = Vec::new();
        for span in unconsumed.into_iter().filter(|span| !self.chosen.contains(&id(span))) {
            let before = by_topic.entry(span.topic().map(str::to_owned)).or_default();
            open.push((*before, span));
            *before += 1;
        }
        open.sort_by_key(|(before, _)| *before);
        open.truncate(MOST_MESSAGES.saturating_sub(self.chosen.len()));
        self.chosen.extend(open.iter().map(|(_, span)| id(span)));
        open.into_iter().map(|(_, span)| span).collect()
    }

    /// Notes whether a consumer of this message would have been found. A topic may be too busy to be read whole; that is
    /// no loss where its consumers carry the message's ID.
    fn note_result(&mut self, publish: &Span, by_id: &LookupAnswer, by_topic: Option<&LookupAnswer>) {
        let key = publish.attributes.named_text(&MESSAGE_ID_KEYS).map(|(key, _)| key);
        let carries = |span: &Span| {
            span.message_role() == Some(MessageRole::Consume) && span.attributes.named_text(key.as_slice()).is_some()
        };
        let succeeded = |asked: &LookupAnswer| asked.why_not.is_none();
        let by_id_alone = key.is_some() && succeeded(by_id);
        let is_whole = match by_topic {
            Some(topic) if by_id_alone => succeeded(topic) || topic.fetched.spans.iter().any(carries),
            Some(topic) => succeeded(topic) && succeeded(by_id),
            None => by_id_alone,
        };
        if is_whole {
            self.asked.insert(id(publish));
        } else {
            let nothing = || "it names neither a message nor a topic".to_owned();
            let why = [Some(by_id), by_topic].into_iter().flatten().find_map(|asked| asked.why_not.clone());
            self.why.get_or_insert_with(|| why.unwrap_or_else(nothing));
        }
    }

    /// The result for the messages that have no consumer yet.
    fn finish(self, unconsumed: &[Span]) -> LookedUp {
        if unconsumed.iter().all(|span| self.asked.contains(&id(span))) {
            return if self.chosen.is_empty() { LookedUp::NotNeeded } else { LookedUp::All };
        }
        let too_many = || format!("not more than {MOST_MESSAGES} messages of a journey are looked for");
        LookedUp::Part { asked: self.asked, why: self.why.unwrap_or_else(too_many) }
    }
}

fn id(span: &Span) -> Id {
    (span.trace_id, span.span_id)
}

/// Whether this span takes that very message, as far as both tell its topic.
fn is_taken_by(publish: &Span, span: &Span) -> bool {
    let same_topic = publish.topic().zip(span.topic()).is_none_or(|(a, b)| a == b);
    let same_message = publish.message_id().is_some_and(|message| span.message_id() == Some(message));
    span.message_role() == Some(MessageRole::Consume) && same_message && same_topic
}

/// Whether these spans carry values of our key, and ours is not among them.
fn is_anothers(spans: &[&Span], keys: &Keys, members: &Membership) -> bool {
    let carried = spans.iter().flat_map(|span| keys.of_span(span));
    let mut carried = carried.filter(|one| members.key_ranks.contains(&one.rank)).peekable();
    carried.peek().is_some() && !carried.any(|one| members.ids.contains(&one.id))
}
