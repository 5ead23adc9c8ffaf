//! Checks of `absent`, `when`, `forbid` and `metrics`.

use crate::model::finding::{Concerns, Confidence, Finding, FindingId};
use crate::model::metric::float_text;
use crate::model::source::Source;
use crate::model::time::MINUTE;
use crate::pipeline::doubts::{Needs, WaitEnd};
use crate::pipeline::input::{MetricReading, SourceStatus};
use crate::pipeline::spec::{Absence, Condition, Metric};
use crate::pipeline::step_matches::MatchScope;
use crate::pipeline::steps::{CheckResult, EvaluationContext, blank};
use crate::pipeline::verdict::{CheckKind, CheckState, Sighting};

/// Checks that a selector matches nothing.
pub(crate) fn absent(context: &EvaluationContext, absence: &Absence) -> CheckResult {
    let mut check = blank(CheckKind::Absent, &absence.text);
    let seen = context.matches.lookup.select_with_status(&absence.what, absence.status);
    if seen.is_empty() {
        let doubts = context.trust.doubts(Needs::from_selectors(std::slice::from_ref(&absence.what)));
        return if doubts.is_empty() {
            CheckResult::closed(check)
        } else {
            CheckResult::doubted(check, &doubts, context.input.settle_ns, None)
        };
    }
    check.state = CheckState::Broken;
    check.seen = seen.iter().map(|found| context.matches.lookup.sight(found.item)).collect();
    check.seen.sort();
    check.why.push(match seen.len() {
        1 => "seen; none expected".to_owned(),
        many => format!("seen {many} times; none expected"),
    });
    CheckResult::closed(check)
}

/// Checks a step that is required only if the condition matches.
pub(crate) fn when(context: &EvaluationContext, condition: &Condition) -> CheckResult {
    let mut check = blank(CheckKind::When, &condition.text);
    if context.matches.lookup.select_with_status(&condition.if_seen, condition.status).is_empty() {
        check.state = CheckState::NotNeeded;
        let doubts = context.trust.doubts(Needs::from_selectors(std::slice::from_ref(&condition.if_seen)));
        return if doubts.is_empty() {
            CheckResult::closed(check)
        } else {
            CheckResult::doubted(check, &doubts, context.input.settle_ns, None)
        };
    }
    let own = context.matches.lookup.select(&condition.then.any_of);
    let mut result = context.check_step(&condition.then, None, &own, MatchScope::default());
    result.check.kind = CheckKind::When;
    result.check.name.clone_from(&condition.text);
    result
}

/// Checks that the run does not have a finding.
pub(crate) fn forbid(context: &EvaluationContext, id: FindingId) -> CheckResult {
    let mut check = blank(CheckKind::Forbid, id.as_str());
    let made: Vec<&Finding> = context.input.findings.list.iter().filter(|finding| finding.is(id)).collect();
    let gating: Vec<&&Finding> = made.iter().filter(|finding| finding.gates(id.least_severity())).collect();
    let settle_ns = context.input.settle_ns;
    let doubts = context.trust.doubts(Needs::for_finding(id));
    if let Some(first) = gating.first() {
        check.forbidden = gating.iter().take(3).map(|finding| (**finding).clone()).collect();
        check.finding = Some(first.id);
        check.seen = gating.iter().flat_map(|finding| sights(context, finding)).collect();
        check.seen.sort();
        check.seen.dedup();
        let lost_is_meant = id.concerns() == Concerns::Storage;
        if !id.is_of_the_missing_kind() || doubts.is_empty() || lost_is_meant && doubts.are_only_lost_trace() {
            check.state = CheckState::Broken;
            return CheckResult::closed(check);
        }
        return CheckResult::doubted(check, &doubts, settle_ns, None);
    }
    let unsure =
        made.iter().find(|finding| finding.confidence == Confidence::Low && finding.severity >= id.least_severity());
    if let Some(finding) = unsure {
        check.forbidden = vec![(*finding).clone()];
        check.finding = Some(finding.id);
        if id.is_of_the_missing_kind() && doubts.is_empty() {
            check.state = CheckState::Undecided;
            check.depends_on = vec![Source::Jaeger];
            return CheckResult::closed(check);
        }
    }
    if doubts.is_empty() { CheckResult::closed(check) } else { CheckResult::doubted(check, &doubts, settle_ns, None) }
}

/// The spans in a finding's evidence.
fn sights(context: &EvaluationContext, finding: &Finding) -> Vec<Sighting> {
    let lookup = &context.matches.lookup;
    let keys: std::collections::HashSet<_> =
        finding.evidence.iter().filter_map(|proof| proof.trace_id.zip(proof.span_id)).collect();
    let spans = lookup.journey.spans.iter().enumerate();
    let proofs = spans.filter(|(_, span)| keys.contains(&(span.trace_id, span.span_id)));
    proofs.map(|(index, _)| lookup.sight(lookup.span(index).item)).collect()
}

/// Checks the samples of a metric query.
pub(crate) fn metric(context: &EvaluationContext, metric: &Metric, reading: Option<&MetricReading>) -> CheckResult {
    let (comparison, right) = metric.is;
    let mut check = blank(CheckKind::Metric, &metric.name);
    check.expected = format!("{} {}", comparison.sign(), float_text(right));
    let input = context.input;
    let why = match reading {
        Some(MetricReading::Samples(samples)) if !input.settled => {
            check.value = samples.iter().copied().find(|sample| !sample.is_nan());
            "the run may not have ended, so its end cannot be judged".to_owned()
        }
        Some(MetricReading::Samples(samples)) if samples.iter().all(|sample| sample.is_nan()) => {
            if metric.empty_is_well {
                return CheckResult::closed(check);
            }
            if samples.is_empty() { "no data".to_owned() } else { "NaN, which says nothing".to_owned() }
        }
        Some(MetricReading::Samples(samples)) => {
            let wrong = samples.iter().copied().find(|sample| !sample.is_nan() && !comparison.holds(*sample, right));
            check.value = wrong.or_else(|| samples.iter().copied().find(|sample| !sample.is_nan()));
            if let Some(wrong) = wrong {
                check.state = CheckState::Broken;
                check.why.push(format!("{}; {} expected", float_text(wrong), check.expected));
                return CheckResult::closed(check);
            }
            if metric.empty_is_well || !samples.iter().any(|sample| sample.is_nan()) {
                return CheckResult::closed(check);
            }
            "NaN among the samples, which says nothing".to_owned()
        }
        Some(MetricReading::NotAvailable(why)) => why.clone(),
        None => "it was not asked".to_owned(),
    };
    check.state = CheckState::Undecided;
    check.why.push(why);
    check.depends_on = vec![Source::Prometheus];
    let had = matches!(reading, Some(MetricReading::Samples(_)));
    let open = match (input.metrics, input.journey.span_extent()) {
        (SourceStatus::Complete, Some(extent)) if !had || !input.settled => {
            let until = extent.to.min(input.now).plus(input.settle_ns.max(MINUTE));
            Some((format!("metric {}", metric.name), WaitEnd::At(until)))
        }
        (SourceStatus::Incomplete, _) => Some((format!("metric {}", metric.name), WaitEnd::Open)),
        _ => None,
    };
    CheckResult { check, open }
}
