//! Which publish each consumed message came from: by link or parent, then by message ID, then by topic, partition and
//! offset, then by topic and key, last by topic and time. What is weaker never overrides what is stronger.

use std::collections::{BTreeMap, HashMap};

use crate::analysis::journey::clocks::Clocks;
use crate::analysis::journey::findings::chains::Chains;
use crate::analysis::journey::findings::message_identity::{consumer_group, is_counter, names_a_message};
use crate::model::conventions::MessageRole;
use crate::model::id::{SpanId, TraceId};
use crate::model::journey::Journey;
use crate::model::span::Span;

/// Consumers with one offset among which the fitting one is looked for. Each consumer group has one; beyond this the
/// offsets are not real, and looking at all of them would take time with their square.
const MAX_SAME_OFFSET: usize = 16;

/// What shows which publish a message came from, strongest first.
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

/// Which publish each consumed message came from. Spans are indices into the journey.
pub(super) struct Pairing<'a> {
    journey: &'a Journey,
    /// Beside each span: when it began, in nanoseconds on the reference clock.
    starts: Vec<i64>,
    /// What is above and below each span.
    pub chains: Chains,
    /// Every span that publishes, by start.
    pub publishes: Vec<usize>,
    /// Every span that consumes, by start.
    pub consumes: Vec<usize>,
    /// Beside each span: what shows that the message that it published was consumed; none where nothing does.
    consumed_by: Vec<Option<PairedBy>>,
    /// Beside each span: the publish of the message that it consumed, and what shows it.
    sender: Vec<Option<(usize, PairedBy)>>,
    /// Publishes that only carry what other spans of their service created or publish, each with one of those.
    carried: Vec<(usize, usize)>,
    /// Beside each span: whether it is such a publish.
    carries: Vec<bool>,
}

impl<'a> Pairing<'a> {
    /// The messages of a journey.
    pub(crate) fn new(journey: &'a Journey, clocks: &Clocks) -> Self {
        let (chains, count) = (Chains::new(journey), journey.spans.len());
        let mut pairing = Self {
            journey,
            starts: journey.spans.iter().map(|span| clocks.start(span).0).collect(),
            publishes: (0..count).filter(|span| chains.publishes(*span)).collect(),
            consumes: (0..count).filter(|span| chains.consumes(*span)).collect(),
            consumed_by: vec![None; count],
            sender: vec![None; count],
            carried: vec![],
            carries: vec![false; count],
            chains,
        };
        if pairing.publishes.is_empty() {
            return pairing;
        }
        pairing.by_context();
        for tier in
            [Self::by_id, Self::by_id_alone, Self::by_place, Self::by_key, Self::by_time, Self::by_time_received]
        {
            pairing.spread();
            tier(&mut pairing);
        }
        pairing.spread();
        pairing
    }

    /// The publish of the message that this span consumed, and what shows it.
    pub(crate) fn sender(&self, consume: usize) -> Option<(usize, PairedBy)> {
        self.sender[consume]
    }

    /// Publishes of which no consumer is known, one for each message: not those that carry others.
    pub(crate) fn unconsumed(&self) -> impl Iterator<Item = usize> + '_ {
        self.publishes.iter().copied().filter(|p| self.consumed_by[*p].is_none() && !self.carries[*p])
    }

    fn span(&self, index: usize) -> &'a Span {
        &self.journey.spans[index]
    }

    fn pair(&mut self, publish: usize, consume: usize, by: PairedBy) {
        self.consumed_by[publish].get_or_insert(by);
        self.sender[consume].get_or_insert((publish, by));
    }

    /// Parents and links; and which publishes carry what others of their service created.
    fn by_context(&mut self) {
        let spans = &self.journey.spans;
        let by_id: HashMap<(TraceId, SpanId), usize> =
            self.publishes.iter().map(|p| ((spans[*p].trace_id, spans[*p].span_id), *p)).collect();
        for publish in self.publishes.clone() {
            if self.chains.reaches[publish] {
                self.consumed_by[publish] = Some(PairedBy::Context);
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

    /// What was consumed of a carrier was consumed of all that it carries; what was published twice under one ID is one
    /// message.
    fn spread(&mut self) {
        for (carrier, message) in &self.carried {
            if self.consumed_by[*message].is_none() {
                self.consumed_by[*message] = self.consumed_by[*carrier];
            }
        }
        let key = |span: &'a Span| {
            let id = span.message_id().filter(|id| !is_counter(id))?;
            Some((span.service(), span.topic(), id))
        };
        let consumed = self.publishes.iter().filter_map(|p| Some((key(self.span(*p))?, self.consumed_by[*p]?)));
        let consumed: HashMap<_, PairedBy> = consumed.collect();
        for publish in &self.publishes {
            let span = &self.journey.spans[*publish];
            if self.consumed_by[*publish].is_none() {
                self.consumed_by[*publish] = key(span).and_then(|key| consumed.get(&key).copied());
            }
        }
    }

    /// Whether nothing stronger shows from which publish this message came. A sender that names another message does not:
    /// the span consumes many at once, and names one.
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

    /// The same ID on the same topic. A span that names no topic may mean any.
    fn by_id(&mut self) {
        let open: Vec<usize> = self.consumes.iter().copied().filter(|c| self.is_open(*c)).collect();
        let consumes = SpansByMessage::new(self.journey, open.iter().copied());
        for publish in self.publishes.clone() {
            if self.consumed_by[publish].is_none() && consumes.first_about_message_of(self.span(publish)).is_some() {
                self.consumed_by[publish] = Some(PairedBy::Id);
            }
        }
        let publishes = SpansByMessage::new(self.journey, self.publishes.iter().copied());
        for consume in open {
            if let Some(publish) = publishes.first_about_message_of(self.span(consume)) {
                self.sender[consume] = Some((publish, PairedBy::Id));
            }
        }
    }

    /// The same ID alone, where publisher and consumer have different names for the way: exchange and queue, topic and
    /// subscription. Kafka has one name.
    fn by_id_alone(&mut self) {
        let mut last: HashMap<&str, usize> = HashMap::new();
        let names = |span: &Span| span.message_system() != "kafka";
        for consume in self.consumes.iter().copied().filter(|c| self.sender[*c].is_none()) {
            if let Some(id) = self.span(consume).message_id().filter(|id| !is_counter(id)) {
                last.insert(id, consume);
            }
        }
        for publish in self.publishes.clone() {
            let span = self.span(publish);
            let Some(consume) = span.message_id().and_then(|id| last.get(id)).copied() else { continue };
            let open = self.consumed_by[publish].is_none() && names(span) && names(self.span(consume));
            if open && self.begins(publish) <= self.begins(consume) {
                self.pair(publish, consume, PairedBy::Id);
            }
        }
    }

    fn begins(&self, span: usize) -> i64 {
        self.starts[span]
    }

    /// The same offset. Many producers write 0 because they do not know theirs.
    fn by_place(&mut self) {
        let mut at: HashMap<(&str, (i64, i64)), Vec<usize>> = HashMap::new();
        for consume in self.consumes.iter().copied().filter(|c| self.is_open(*c)) {
            let span = self.span(consume);
            if let Some(place) = span.message_place() {
                span.topics().into_iter().for_each(|topic| at.entry((topic, place)).or_default().push(consume));
            }
        }
        for publish in self.unconsumed().collect::<Vec<_>>() {
            let span = self.span(publish);
            let Some(place) = span.message_place().filter(|(_, offset)| *offset > 0) else { continue };
            let there = span.topics().into_iter().filter_map(|topic| at.get(&(topic, place)));
            let there = there.flat_map(|all| all.iter().take(MAX_SAME_OFFSET)).copied();
            let fitting: Vec<usize> = there.filter(|c| !contradict(span, self.span(*c))).collect();
            fitting.into_iter().for_each(|consume| self.pair(publish, consume, PairedBy::Place));
        }
    }

    /// The same key: the first published is the first consumed, in each group of consumers.
    fn by_key(&mut self) {
        let mut lanes: BTreeMap<(&str, &str), Lane> = BTreeMap::new();
        for (index, role) in self.leftovers() {
            let span = self.span(index);
            if let Some(key) = span.message_key() {
                span.topics().into_iter().for_each(|t| lanes.entry((t, key)).or_default().add(index, role));
            }
        }
        for lane in lanes.into_values() {
            self.drive(lane, |_| PairedBy::Key);
        }
    }

    /// Where nothing else shows it: a message of the topic waits when one of that topic is consumed.
    fn by_time(&mut self) {
        let mut lanes: BTreeMap<&str, Lane> = BTreeMap::new();
        for (index, role) in self.leftovers() {
            if role == MessageRole::Publish || self.takes_a_message(index) {
                let topics = self.span(index).topics().into_iter();
                topics.for_each(|topic| lanes.entry(topic).or_default().add(index, role));
            }
        }
        for lane in lanes.into_values() {
            self.drive(lane, |only| if only { PairedBy::OnlyFit } else { PairedBy::SomeFit });
        }
    }

    /// The same for consumers that only say that they received: in the trace of the publish they took its message, elsewhere
    /// they may as well have polled for nothing.
    fn by_time_received(&mut self) {
        let mut lanes: BTreeMap<(&str, TraceId), Lane> = BTreeMap::new();
        for (index, role) in self.leftovers() {
            let span = self.span(index);
            if role == MessageRole::Publish || !is_settlement(span) {
                let topics = span.topics().into_iter();
                topics.for_each(|topic| lanes.entry((topic, span.trace_id)).or_default().add(index, role));
            }
        }
        for lane in lanes.into_values() {
            self.drive(lane, |_| PairedBy::SomeFit);
        }
    }

    /// Whether a span consumed a message rather than polled for some, and no span below it names that message.
    pub(crate) fn takes_a_message(&self, consume: usize) -> bool {
        let (span, chains) = (self.span(consume), &self.chains);
        let looks = matches!(span.message_operation().as_str(), "receive" | "poll" | "fetch" | "settle" | "ack")
            || ["poll", "receive", "fetch"].iter().any(|word| span.name.to_ascii_lowercase().contains(word));
        !chains.linked_below[consume] && !chains.named_below[consume] && (names_a_message(span) || !looks)
    }

    /// Publishes and consumes that are not paired yet.
    fn leftovers(&self) -> Vec<(usize, MessageRole)> {
        let chains = &self.chains;
        let publishes = self.unconsumed().filter(|p| !self.span(*p).is_error());
        let consumes = self.consumes.iter().copied().filter(|c| {
            let linked = chains.linked_above[*c] || chains.linked_below[*c];
            self.sender[*c].is_none() && !linked && !chains.named_below[*c]
        });
        publishes.map(|p| (p, MessageRole::Publish)).chain(consumes.map(|c| (c, MessageRole::Consume))).collect()
    }

    /// First in, first out, for each group of consumers and each operation by itself.
    fn drive(&mut self, mut lane: Lane, by: impl Fn(bool) -> PairedBy) {
        lane.publishes.retain(|p| self.consumed_by[*p].is_none());
        lane.consumes.retain(|c| self.sender[*c].is_none());
        lane.publishes.sort_by_key(|p| (self.begins(*p), *p));
        lane.consumes.sort_by_key(|c| (self.begins(*c), *c));
        let mut groups: HashMap<(&str, &str), LanePosition> = HashMap::new();
        for consume in &lane.consumes {
            let span = self.span(*consume);
            let queue = groups.entry((consumer_group(span), &span.name)).or_default();
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
    /// The publish whose message comes next.
    next: usize,
    /// Whether several messages were waiting, so that any of them may be the one.
    unclear: bool,
}

/// Publishes and consumes of one topic, or of one key of it.
#[derive(Default)]
struct Lane {
    publishes: Vec<usize>,
    consumes: Vec<usize>,
}

impl Lane {
    fn add(&mut self, span: usize, role: MessageRole) {
        match role {
            MessageRole::Publish => self.publishes.push(span),
            MessageRole::Consume => self.consumes.push(span),
        }
    }
}

/// The first span that names each message, by topic too.
struct SpansByMessage<'a> {
    on_topic: HashMap<(&'a str, &'a str), usize>,
    of_message: HashMap<&'a str, usize>,
    without_topic: HashMap<&'a str, usize>,
}

impl<'a> SpansByMessage<'a> {
    fn new(journey: &'a Journey, spans: impl Iterator<Item = usize>) -> Self {
        let mut named = Self { on_topic: HashMap::new(), of_message: HashMap::new(), without_topic: HashMap::new() };
        for index in spans {
            let span = &journey.spans[index];
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
    fn first_about_message_of(&self, span: &Span) -> Option<usize> {
        let id = span.message_id()?;
        let topics = span.topics();
        if topics.is_empty() {
            return self.of_message.get(id).copied();
        }
        let on_topic = topics.into_iter().find_map(|topic| self.on_topic.get(&(id, topic)));
        on_topic.or_else(|| self.without_topic.get(id)).copied()
    }
}

/// Whether the span fetches or settles messages at the broker rather than handles one.
fn is_settlement(span: &Span) -> bool {
    matches!(span.message_operation().as_str(), "fetch" | "settle" | "ack" | "nack" | "commit")
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
