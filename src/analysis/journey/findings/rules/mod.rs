//! One file a finding, named by its ID: the rule that makes it, and its test. What several rules need lies beside this
//! folder.

mod broken_propagation;
mod client_without_server;
mod clock_skew;
mod consume_without_publish;
mod duplicate_consume;
mod error_origin;
mod gap;
mod log_without_span;
mod not_sampled;
mod orphan;
mod publish_without_consume;
mod sibling_deviation;
mod trace_not_stored;
mod unusual_step;
mod usually_followed_by;

use crate::analysis::journey::findings::context::RuleContext;
use crate::analysis::journey::findings::rule_hit::RuleHit;
use crate::model::finding::FindingId;

/// A finding, and how it is made.
pub(super) struct Rule {
    /// The finding.
    pub id: FindingId,
    /// Makes it, as often as it applies. Merging and withholding come later.
    pub find: fn(&RuleContext) -> Vec<RuleHit>,
}

/// Every rule. Where several hits of one finding may be the cause of another one, the first is taken.
pub(super) const RULES: [Rule; FindingId::ALL.len()] = [
    Rule { id: FindingId::PublishWithoutConsume, find: publish_without_consume::find },
    Rule { id: FindingId::ConsumeWithoutPublish, find: consume_without_publish::find },
    Rule { id: FindingId::DuplicateConsume, find: duplicate_consume::find },
    Rule { id: FindingId::BrokenPropagation, find: broken_propagation::find },
    Rule { id: FindingId::TraceNotStored, find: trace_not_stored::find },
    Rule { id: FindingId::NotSampled, find: not_sampled::find },
    Rule { id: FindingId::LogWithoutSpan, find: log_without_span::find },
    Rule { id: FindingId::ErrorOrigin, find: error_origin::find },
    Rule { id: FindingId::ClientWithoutServer, find: client_without_server::find },
    Rule { id: FindingId::Orphan, find: orphan::find },
    Rule { id: FindingId::Gap, find: gap::find },
    Rule { id: FindingId::SiblingDeviation, find: sibling_deviation::find },
    Rule { id: FindingId::UsuallyFollowedBy, find: usually_followed_by::find },
    Rule { id: FindingId::UnusualStep, find: unusual_step::find },
    Rule { id: FindingId::ClockSkew, find: clock_skew::find },
];

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn every_finding_has_one_rule() {
        let ids: BTreeSet<FindingId> = RULES.iter().map(|rule| rule.id).collect();
        assert!(ids.into_iter().eq(FindingId::ALL));
    }
}
