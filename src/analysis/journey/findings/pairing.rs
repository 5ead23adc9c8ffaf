//! Which publish each consumed message came from: by link or parent, then by message ID, then by topic, partition and
//! offset, then by topic and key, last by topic and time. What is weaker never overrides what is stronger.

use std::collections::{BTreeMap, HashMap};

use crate::analysis::journey::findings::chains::{Chains, names_a_message};
use crate::analysis::journey::findings::context::RuleContext;
use crate::model::id::{SpanId, TraceId};
use crate::model::span::Span;

/// Of so many spans at one place of a topic the fitting one is looked for; beyond that the data is broken anyway.
const MOST_TWINS: usize = 16;

/// What tells that a message came from there, strongest first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum PairedBy {
    /// A parent, or a link.
    Context,
    /// The same message ID.
    Id,
    /// The same offset of the same partition.
    Place,
    /// The same key, in order.
    Key,
    /// The only message of its topic that waited just then.
    OnlyFit,
    /// One of several messages of its topic that waited.
    SomeFit,
}

/// Who took whose message.
pub(super) struct Pairing<'a> {
    scene: &'a RuleContext<'a>,
    /// What lies above and below.
    pub chains: Chains,
    /// Every span that sends, by start.
    pub publishes: Vec<usize>,
    /// Every span that takes, by start.
    pub consumes: Vec<usize>,
    /// Beside each span: how it is known that what it sent was taken.
    taken: Vec<Option<PairedBy>>,
    /// Beside each span: who sent what it takes.
    sender: Vec<Option<(usize, PairedBy)>>,
    /// Sends that only carry what other spans of their service created or send, each with one of those.
    carried: Vec<(usize, usize)>,
    /// Beside each span: whether it is such a send.
    carries: Vec<bool>,
}

impl<'a> Pairing<'a> {
    /// Of this journey.
    pub fn new(scene: &'a RuleContext<'a>) -> Self {
        let (chains, count) = (Chains::new(scene.journey), scene.journey.spans.len());
        let mut pairing = Self {
            scene,
            publishes: (0..count).filter(|span| chains.publishes(*span)).collect(),
            consumes: (0..count).filter(|span| chains.consumes(*span)).collect(),
            taken: vec![None; count],
            sender: vec![None; count],
            carried: vec![],
            carries: vec![false; count],
            chains,
        };
        if pairing.publishes.is_empty() {
            return pairing;
        }
        pairing.by_context();
        for tier in [Self::by_id, Self::by_id_alone, Self::by_place, Self::by_key, Self::by_time] {
            pairing.spread();
            tier(&mut pairing);
        }
        pairing.spread();
        pairing
    }

    /// Who sent what this span takes, and what tells so.
    pub fn sender(&self, consume: usize) -> Option<(usize, PairedBy)> {
        self.sender[consume]
    }

    /// Sent messages that nobody here is known to have taken, each once: not those that carry others.
    pub fn untaken(&self) -> impl Iterator<Item = usize> + '_ {
        self.publishes.iter().copied().filter(|p| self.taken[*p].is_none() && !self.carries[*p])
    }

    fn span(&self, index: usize) -> &'a Span {
        &self.scene.journey.spans[index]
    }

    fn pair(&mut self, publish: usize, consume: usize, by: PairedBy) {
        self.taken[publish].get_or_insert(by);
        self.sender[consume].get_or_insert((publish, by));
    }

    /// Parents and links; and which sends carry what others of their service created.
    fn by_context(&mut self) {
        let spans = &self.scene.journey.spans;
        let by_id: HashMap<(TraceId, SpanId), usize> =
            self.publishes.iter().map(|p| ((spans[*p].trace_id, spans[*p].span_id), *p)).collect();
        for publish in self.publishes.clone() {
            if self.chains.reaches[publish] {
                self.taken[publish] = Some(PairedBy::Context);
            }
            if let Some(above) = self.chains.publish_above[publish].filter(|above| self.may_be_one(*above, publish)) {
                self.carried.push((above, publish));
            }
        }
        for (index, span) in spans.iter().enumerate() {
            for publish in span.links.iter().filter_map(|l| by_id.get(&(l.trace_id, l.span_id))).copied() {
                let carries = self.chains.publishes(index) && span.service() == spans[publish].service();
                if !carries {
                    self.pair(publish, index, PairedBy::Context);
                } else if publish != index && self.may_be_one(index, publish) {
                    self.carried.push((index, publish));
                }
            }
            if let Some(publish) = self.chains.came_from[index].filter(|_| self.chains.consumes(index)) {
                self.sender[index].get_or_insert((publish, PairedBy::Context));
            }
        }
        self.carried.iter().for_each(|(carrier, _)| self.carries[*carrier] = true);
    }

    /// What was taken of a carrier was taken of all that it carries; what was sent twice under one ID is one message.
    fn spread(&mut self) {
        for (carrier, message) in &self.carried {
            if self.taken[*message].is_none() {
                self.taken[*message] = self.taken[*carrier];
            }
        }
        let key = |span: &'a Span| {
            let id = span.message_id().filter(|id| !is_poor(id))?;
            Some((span.service(), span.topic(), id))
        };
        let taken = self.publishes.iter().filter_map(|p| Some((key(self.span(*p))?, self.taken[*p]?)));
        let taken: HashMap<_, PairedBy> = taken.collect();
        for publish in &self.publishes {
            let span = &self.scene.journey.spans[*publish];
            if self.taken[*publish].is_none() {
                self.taken[*publish] = key(span).and_then(|key| taken.get(&key).copied());
            }
        }
    }

    /// Whether nothing stronger says of whom this message came. A sender that names another message is none: the span
    /// takes many at once, and names one.
    fn is_open(&self, consume: usize) -> bool {
        self.sender[consume].is_none_or(|(publish, _)| contradict(self.span(publish), self.span(consume)))
    }

    /// Whether two spans may be about one message.
    fn may_be_one(&self, a: usize, b: usize) -> bool {
        let (a, b) = (self.span(a), self.span(b));
        let (here, there) = (a.topics(), b.topics());
        let topic = here.is_empty() || there.is_empty() || here.iter().any(|topic| there.contains(topic));
        topic && a.message_id().zip(b.message_id()).is_none_or(|(a, b)| a == b)
    }

    /// The same ID on the same topic. Whoever names no topic may mean any.
    fn by_id(&mut self) {
        let open: Vec<usize> = self.consumes.iter().copied().filter(|c| self.is_open(*c)).collect();
        let consumes = SpansByMessage::new(self.scene, open.iter().copied());
        for publish in self.publishes.clone() {
            if self.taken[publish].is_none() && consumes.like(self.span(publish)).is_some() {
                self.taken[publish] = Some(PairedBy::Id);
            }
        }
        let publishes = SpansByMessage::new(self.scene, self.publishes.iter().copied());
        for consume in open {
            if let Some(publish) = publishes.like(self.span(consume)) {
                self.sender[consume] = Some((publish, PairedBy::Id));
            }
        }
    }

    /// The same ID alone, where what sends and what takes have different names for the way: exchange and queue, topic
    /// and subscription. Kafka has one name.
    fn by_id_alone(&mut self) {
        let mut last: HashMap<&str, usize> = HashMap::new();
        let names = |span: &Span| span.message_system() != "kafka";
        for consume in self.consumes.iter().copied().filter(|c| self.sender[*c].is_none()) {
            if let Some(id) = self.span(consume).message_id().filter(|id| !is_poor(id)) {
                last.insert(id, consume);
            }
        }
        for publish in self.publishes.clone() {
            let span = self.span(publish);
            let Some(consume) = span.message_id().and_then(|id| last.get(id)).copied() else { continue };
            let open = self.taken[publish].is_none() && names(span) && names(self.span(consume));
            if open && self.begins(publish) <= self.begins(consume) {
                self.pair(publish, consume, PairedBy::Id);
            }
        }
    }

    fn begins(&self, span: usize) -> i64 {
        self.scene.clocks.start(self.span(span)).0
    }

    /// The same offset. One of 0 is what many producers write that were not told theirs.
    fn by_place(&mut self) {
        let mut at: HashMap<(&str, (i64, i64)), Vec<usize>> = HashMap::new();
        for consume in self.consumes.iter().copied().filter(|c| self.is_open(*c)) {
            let span = self.span(consume);
            if let Some(place) = span.message_place() {
                span.topics().into_iter().for_each(|topic| at.entry((topic, place)).or_default().push(consume));
            }
        }
        for publish in self.untaken().collect::<Vec<_>>() {
            let span = self.span(publish);
            let Some(place) = span.message_place().filter(|(_, offset)| *offset > 0) else { continue };
            let there = span.topics().into_iter().filter_map(|topic| at.get(&(topic, place)));
            let there = there.flat_map(|all| all.iter().take(MOST_TWINS)).copied();
            let fitting: Vec<usize> = there.filter(|c| !contradict(span, self.span(*c))).collect();
            fitting.into_iter().for_each(|consume| self.pair(publish, consume, PairedBy::Place));
        }
    }

    /// The same key: the first sent is the first taken, in each group of consumers.
    fn by_key(&mut self) {
        let mut lanes: BTreeMap<(&str, &str), Lane> = BTreeMap::new();
        for (of, consume) in self.leftovers() {
            let span = self.span(of);
            if let Some(key) = span.message_key() {
                span.topics().into_iter().for_each(|t| lanes.entry((t, key)).or_default().add(of, consume));
            }
        }
        for lane in lanes.into_values() {
            self.drive(lane, |_| PairedBy::Key);
        }
    }

    /// What nothing else tells: a message of the topic waits when one of that topic is taken.
    fn by_time(&mut self) {
        let mut lanes: BTreeMap<&str, Lane> = BTreeMap::new();
        for (of, consume) in self.leftovers() {
            if !consume || self.takes_a_message(of) {
                self.span(of).topics().into_iter().for_each(|topic| lanes.entry(topic).or_default().add(of, consume));
            }
        }
        for lane in lanes.into_values() {
            self.drive(lane, |only| if only { PairedBy::OnlyFit } else { PairedBy::SomeFit });
        }
    }

    /// Whether a span took a message rather than looked for some, and speaks for itself.
    pub fn takes_a_message(&self, consume: usize) -> bool {
        let (span, chains) = (self.span(consume), &self.chains);
        let looks = matches!(span.message_operation().as_str(), "receive" | "poll" | "fetch" | "settle" | "ack")
            || ["poll", "receive", "fetch"].iter().any(|word| span.name.to_ascii_lowercase().contains(word));
        !chains.linked_below[consume] && !chains.named_below[consume] && (names_a_message(span) || !looks)
    }

    /// What is still open: each publish and each consume, and which of the two.
    fn leftovers(&self) -> Vec<(usize, bool)> {
        let chains = &self.chains;
        let publishes = self.untaken().filter(|p| !self.span(*p).is_error());
        let consumes = self.consumes.iter().copied().filter(|c| {
            let linked = chains.linked_above[*c] || chains.linked_below[*c];
            self.sender[*c].is_none() && !linked && !chains.named_below[*c]
        });
        publishes.map(|p| (p, false)).chain(consumes.map(|c| (c, true))).collect()
    }

    /// First in, first out, for each group of consumers, and each way of taking, by itself.
    fn drive(&mut self, mut lane: Lane, by: impl Fn(bool) -> PairedBy) {
        lane.publishes.retain(|p| self.taken[*p].is_none());
        lane.consumes.retain(|c| self.sender[*c].is_none());
        lane.publishes.sort_by_key(|p| (self.begins(*p), *p));
        lane.consumes.sort_by_key(|c| (self.begins(*c), *c));
        let mut groups: HashMap<(&str, &str), LanePosition> = HashMap::new();
        for consume in &lane.consumes {
            let span = self.span(*consume);
            let queue = groups.entry((group(span), &span.name)).or_default();
            let sent = lane.publishes.partition_point(|p| self.begins(*p) <= self.begins(*consume));
            let waiting = sent.saturating_sub(queue.next);
            queue.unclear = waiting > 1 || waiting == 1 && queue.unclear;
            let Some(publish) = lane.publishes.get(queue.next).copied().filter(|_| waiting > 0) else { continue };
            if !contradict(self.span(publish), span) {
                queue.next += 1;
                self.pair(publish, *consume, by(!queue.unclear));
            }
        }
    }
}

/// How far a group of consumers is in a lane.
#[derive(Default)]
struct LanePosition {
    next: usize,
    unclear: bool,
}

/// What was sent and what was taken under one name.
#[derive(Default)]
struct Lane {
    publishes: Vec<usize>,
    consumes: Vec<usize>,
}

impl Lane {
    fn add(&mut self, span: usize, consume: bool) {
        if consume { &mut self.consumes } else { &mut self.publishes }.push(span);
    }
}

/// Spans by the message and the topic that they name: of each the first.
struct SpansByMessage<'a> {
    on_topic: HashMap<(&'a str, &'a str), usize>,
    of_message: HashMap<&'a str, usize>,
    without_topic: HashMap<&'a str, usize>,
}

impl<'a> SpansByMessage<'a> {
    fn new(scene: &'a RuleContext<'a>, spans: impl Iterator<Item = usize>) -> Self {
        let mut named = Self { on_topic: HashMap::new(), of_message: HashMap::new(), without_topic: HashMap::new() };
        for index in spans {
            let span = &scene.journey.spans[index];
            let Some(id) = span.message_id() else { continue };
            named.of_message.entry(id).or_insert(index);
            let topics = span.topics();
            if topics.is_empty() {
                named.without_topic.entry(id).or_insert(index);
            }
            topics.into_iter().for_each(|topic| _ = named.on_topic.entry((id, topic)).or_insert(index));
        }
        named
    }

    /// The first that may be about the same message as this span.
    fn like(&self, span: &Span) -> Option<usize> {
        let id = span.message_id()?;
        let topics = span.topics();
        if topics.is_empty() {
            return self.of_message.get(id).copied();
        }
        let on_topic = topics.into_iter().find_map(|topic| self.on_topic.get(&(id, topic)));
        on_topic.or_else(|| self.without_topic.get(id)).copied()
    }
}

/// Who shares messages with whom: the consumer group, the service where none is told.
pub(super) fn group(span: &Span) -> &str {
    span.consumer_group().unwrap_or(span.service())
}

/// Whether a message ID is a small number, as counters give it: different messages may have it.
pub(super) fn is_poor(id: &str) -> bool {
    id.len() < 8 && id.bytes().all(|b| b.is_ascii_digit())
}

/// Whether two spans name different messages.
fn contradict(publish: &Span, consume: &Span) -> bool {
    let sent_at = publish.message_place().filter(|(_, offset)| *offset > 0);
    differ(publish.message_id(), consume.message_id())
        || differ(sent_at, consume.message_place())
        || differ(publish.message_key(), consume.message_key())
}

fn differ<T: PartialEq>(a: Option<T>, b: Option<T>) -> bool {
    a.zip(b).is_some_and(|(a, b)| a != b)
}
