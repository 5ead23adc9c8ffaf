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
pub(super) struct FindingRule {
    /// The finding.
    pub id: FindingId,
    /// Makes it, as often as it applies. Merging and withholding come later.
    pub find: fn(&RuleContext) -> Vec<RuleHit>,
}

/// Every rule. Where several hits of one finding may be the cause of another one, the first is taken.
pub(super) const RULES: [FindingRule; FindingId::ALL.len()] = [
    FindingRule { id: FindingId::PublishWithoutConsume, find: publish_without_consume::find },
    FindingRule { id: FindingId::ConsumeWithoutPublish, find: consume_without_publish::find },
    FindingRule { id: FindingId::DuplicateConsume, find: duplicate_consume::find },
    FindingRule { id: FindingId::BrokenPropagation, find: broken_propagation::find },
    FindingRule { id: FindingId::TraceNotStored, find: trace_not_stored::find },
    FindingRule { id: FindingId::NotSampled, find: not_sampled::find },
    FindingRule { id: FindingId::LogWithoutSpan, find: log_without_span::find },
    FindingRule { id: FindingId::ErrorOrigin, find: error_origin::find },
    FindingRule { id: FindingId::ClientWithoutServer, find: client_without_server::find },
    FindingRule { id: FindingId::Orphan, find: orphan::find },
    FindingRule { id: FindingId::Gap, find: gap::find },
    FindingRule { id: FindingId::SiblingDeviation, find: sibling_deviation::find },
    FindingRule { id: FindingId::UsuallyFollowedBy, find: usually_followed_by::find },
    FindingRule { id: FindingId::UnusualStep, find: unusual_step::find },
    FindingRule { id: FindingId::ClockSkew, find: clock_skew::find },
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
