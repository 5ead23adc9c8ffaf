//! What Jaeger lists, of all times: whether a service is traced at all, and whether anybody ever took from a topic.
//! Asked only where a judgement of this journey may rest on it, and never missed: what is not told is not known.

use std::collections::BTreeSet;

use super::Gathering;
use crate::gather::message_consumers::KEPT;
use crate::model::conventions::MessageRole;
use crate::model::evidence::Listed;
use crate::model::span::Span;
use crate::stitch::membership::Membership;

/// How many services are asked what they do.
const MOST_SERVICES: usize = 20;

impl Gathering<'_> {
    /// Asks what the services do that only write lines, and, where a message was taken by nobody and its topic by nobody
    /// either, what the others do.
    pub(super) async fn ask_lists(&mut self, members: &Membership) {
        let Some(traces) = self.traces.as_ref().filter(|_| !self.is_over()) else { return };
        let services: BTreeSet<String> = traces.listed().iter().cloned().collect();
        let asked = self.worth_asking(&services, members);
        let room = self.sources.transport.requests_left().saturating_sub(KEPT).min(MOST_SERVICES);
        let operations = traces.operations(&asked[..asked.len().min(room)]).await;
        self.evidence.listed = Listed { services, operations };
    }

    /// Those first that lines name without spans, then those of which nothing is at hand.
    fn worth_asking<'s>(&self, listed: &'s BTreeSet<String>, members: &Membership) -> Vec<&'s str> {
        let seen: BTreeSet<&str> = self.evidence.spans.iter().map(Span::service).collect();
        let lines = self.evidence.logs.iter().zip(&members.lines).filter(|(_, why)| why.is_some());
        let in_lines: BTreeSet<&str> = lines.map(|(line, _)| line.service.as_str()).collect();
        let is_consumer = |span: &&Span| span.message_role() == Some(MessageRole::Consume);
        let topics: BTreeSet<&str> = self.evidence.spans.iter().filter(is_consumer).filter_map(Span::topic).collect();
        let nobody_takes = |span: &Span| span.topic().is_some_and(|topic| !topics.contains(topic));
        let all = self.unheard(members).iter().any(nobody_takes);
        let only_writes = |service: &str| in_lines.contains(service) && !seen.contains(service);
        let mut wanted: Vec<&str> = listed.iter().map(String::as_str).filter(|s| all || only_writes(s)).collect();
        wanted.sort_by_key(|service| (!only_writes(service), seen.contains(service)));
        wanted
    }
}
