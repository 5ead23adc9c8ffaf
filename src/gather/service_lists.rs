//! What the source of spans lists for all times: whether a service is traced at all, and whether a topic ever had a
//! consumer. Asked only where a finding may depend on it. A failure is not reported: what is not listed is unknown.

use std::collections::BTreeSet;

use super::Gathering;
use crate::gather::message_consumers::KEPT;
use crate::model::conventions::MessageRole;
use crate::model::evidence::Listed;
use crate::model::span::Span;
use crate::stitch::membership::Membership;

/// Services whose operations are listed: one request each. Chosen, not measured.
const MOST_SERVICES: usize = 20;

impl Gathering<'_> {
    /// Asks for the operations of the services that only write lines; and, where neither a message nor its topic has a
    /// consumer, for those of the others.
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
        let has_no_consumer = |span: &Span| span.topic().is_some_and(|topic| !topics.contains(topic));
        let all = self.unconsumed(members).iter().any(has_no_consumer);
        let only_writes = |service: &str| in_lines.contains(service) && !seen.contains(service);
        let mut wanted: Vec<&str> = listed.iter().map(String::as_str).filter(|s| all || only_writes(s)).collect();
        wanted.sort_by_key(|service| (!only_writes(service), seen.contains(service)));
        wanted
    }
}
