//! Short names of services, topics and spans for the screen, without what all of them have in common. JSON has the full
//! names.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use crate::model::conventions::short_service;
use crate::model::id::SpanId;
use crate::model::journey::Journey;
use crate::model::span::Span;

/// Short names of services, topics and spans.
#[derive(Clone, Debug, Default)]
pub(crate) struct ShortNames {
    short: HashMap<String, String>,
    prefix: String,
    spans: Vec<SpanId>,
}

impl ShortNames {
    /// Short names for these services, no two of them alike.
    pub(crate) fn new<'a>(services: impl IntoIterator<Item = &'a str>) -> Self {
        let services: BTreeSet<&str> = services.into_iter().collect();
        let mut uses: BTreeMap<&str, usize> = BTreeMap::new();
        for service in &services {
            *uses.entry(short_service(service)).or_default() += 1;
        }
        let short = services.iter().filter(|service| uses.get(short_service(service)) == Some(&1));
        let short = short.map(|service| ((*service).to_owned(), short_service(service).to_owned())).collect();
        Self { short, ..Self::default() }
    }

    /// Short names for everything in a journey.
    pub(crate) fn in_journey(journey: &Journey) -> Self {
        let topics: BTreeSet<&str> = journey.spans.iter().filter_map(Span::topic).collect();
        let mut spans: Vec<SpanId> = journey.spans.iter().map(|s| s.span_id).collect();
        spans.sort_unstable();
        spans.dedup();
        Self { spans, ..Self::new(journey.services()).and_topics(&topics) }
    }

    /// And short names for these topics.
    #[must_use]
    pub(crate) fn and_topics(self, topics: &BTreeSet<&str>) -> Self {
        Self { prefix: common_prefix(topics).to_owned(), ..self }
    }

    /// The name of this service; a dash if it has none.
    pub(crate) fn get<'a>(&'a self, service: &'a str) -> &'a str {
        match service {
            "" => "–",
            _ => self.short.get(service).map_or(service, String::as_str),
        }
    }

    /// The name of this topic.
    pub(crate) fn topic(&self, topic: &str) -> String {
        match topic.strip_prefix(&self.prefix) {
            Some(rest) if !self.prefix.is_empty() => format!("…{rest}"),
            _ => topic.to_owned(),
        }
    }

    /// What all topics begin with, if that is left out; otherwise empty.
    pub(crate) fn topic_prefix(&self) -> &str {
        &self.prefix
    }

    /// Whether there is a span with this ID.
    pub(crate) fn has_span(&self, id: SpanId) -> bool {
        self.spans.binary_search(&id).is_ok()
    }

    /// The beginning of a span ID that no other span has: eight digits, or as many more as it takes.
    pub(crate) fn span(&self, id: SpanId) -> String {
        const LEAST: usize = 8;
        let whole = id.to_string();
        let at = self.spans.partition_point(|other| *other < id);
        let before = self.spans[..at].last();
        let after = self.spans[at..].iter().find(|other| **other != id);
        let alike = |other: &SpanId| whole.bytes().zip(other.to_string().bytes()).take_while(|(a, b)| a == b).count();
        let digits = before.into_iter().chain(after).map(alike).max().map_or(LEAST, |n| LEAST.max(n + 1));
        whole[..digits.min(whole.len())].to_owned()
    }
}

/// What all topics begin with, up to a dot; at least two parts of each stay.
fn common_prefix<'a>(topics: &BTreeSet<&'a str>) -> &'a str {
    // Between the first and the last in order, all others share what these two share.
    let (Some(first), Some(last)) = (topics.first(), topics.last()) else { return "" };
    let alike = first.bytes().zip(last.bytes()).take_while(|(a, b)| a == b).count();
    let ends = first.match_indices('.').map(|(at, _)| at + 1).filter(|end| *end <= alike);
    let stays = |end: &usize| topics.iter().all(|topic| topic[*end..].contains('.'));
    match ends.rev().find(stays) {
        Some(end) if topics.len() > 1 => &first[..end],
        _ => "",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::analysis::journey::sketch;

    #[test]
    fn endings_go_where_nothing_is_lost() {
        let names = ShortNames::new(["cart_service", "cart-service", "essay_service", "_service", "db"]);
        let shown = ["cart_service", "cart-service", "essay_service", "_service", "db", ""].map(|s| names.get(s));
        assert_eq!(shown, ["cart_service", "cart-service", "essay", "_service", "db", "–"]);
    }

    #[test]
    fn topics_lose_what_all_begin_with() {
        let table: [(&[&str], &str); 6] = [
            (&["shop.cart.changed.v1", "shop.stock.reserved.v1"], "shop."),
            (&["shop.cart.changed.v1", "shop.cart.emptied.v1"], "shop.cart."),
            (&["orders.v1", "orders.v2"], ""),
            (&["shop.cart.changed.v1"], ""),
            (&["shop.über.a", "shop.übel.a"], "shop."),
            (&[], ""),
        ];
        for (topics, prefix) in table {
            assert_eq!(common_prefix(&topics.iter().copied().collect()), prefix, "{topics:?}");
        }
    }

    #[test]
    fn a_span_is_called_by_what_no_other_has() {
        let mut journey = sketch::journey("a/one 0..1\na/two 1..2\na/three 2..3");
        for (span, id) in journey.spans.iter_mut().zip(["0123456789ab0000", "0123456789cd0000", "9123456789ab0000"]) {
            span.span_id = SpanId::from_hex(id).unwrap();
        }
        let names = ShortNames::in_journey(&journey);
        let shown: Vec<String> = journey.spans.iter().map(|s| names.span(s.span_id)).collect();
        assert_eq!(shown, ["0123456789a", "0123456789c", "91234567"]);
    }
}
