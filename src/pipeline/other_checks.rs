//! Expectations that are no steps: absences, conditions, findings that must not be made, metrics.

use crate::model::evidence::Source;
use crate::model::finding::{Confidence, Finding, FindingId};
use crate::model::metric::float_text;
use crate::model::time::MINUTE;
use crate::pipeline::input::{MetricReading, SourceStatus};
use crate::pipeline::spec::{Absence, Condition, Metric};
use crate::pipeline::step_matches::MatchScope;
use crate::pipeline::steps::{CheckResult, EvaluationContext, blank};
use crate::pipeline::trust::{Ends, Needs};
use crate::pipeline::verdict::{CheckKind, CheckState, Sight};

/// What must not be seen.
pub fn absent(bench: &EvaluationContext, absence: &Absence) -> CheckResult {
    let mut check = blank(CheckKind::Absent, &absence.text);
    let seen = bench.cast.field.ended_so(&absence.what, absence.status);
    if seen.is_empty() {
        let doubts = bench.trust.doubts(Needs::from_selectors(std::slice::from_ref(&absence.what)));
        return if doubts.is_empty() {
            CheckResult::closed(check)
        } else {
            CheckResult::doubted(check, &doubts, bench.ground.settle_ns, None)
        };
    }
    check.state = CheckState::Broken;
    check.seen = seen.iter().map(|found| bench.cast.field.sight(found.item)).collect();
    check.seen.sort();
    check.why.push(match seen.len() {
        1 => "seen; none expected".to_owned(),
        many => format!("seen {many} times; none expected"),
    });
    CheckResult::closed(check)
}

/// What must be seen if something else is.
pub fn when(bench: &EvaluationContext, condition: &Condition) -> CheckResult {
    let mut check = blank(CheckKind::When, &condition.text);
    if bench.cast.field.ended_so(&condition.if_seen, condition.status).is_empty() {
        check.state = CheckState::NotNeeded;
        let doubts = bench.trust.doubts(Needs::from_selectors(std::slice::from_ref(&condition.if_seen)));
        return if doubts.is_empty() {
            CheckResult::closed(check)
        } else {
            CheckResult::doubted(check, &doubts, bench.ground.settle_ns, None)
        };
    }
    let own = bench.cast.field.select(&condition.then.any_of);
    let mut ruling = bench.judge(&condition.then, None, &own, MatchScope::default());
    ruling.check.kind = CheckKind::When;
    ruling.check.name.clone_from(&condition.text);
    ruling
}

/// A finding that must not be made.
pub fn forbid(bench: &EvaluationContext, id: FindingId) -> CheckResult {
    let mut check = blank(CheckKind::Forbid, id.as_str());
    let made: Vec<&Finding> = bench.ground.judgement.findings.iter().filter(|finding| finding.is(id)).collect();
    let gating: Vec<&&Finding> = made.iter().filter(|finding| finding.gates(id.least_severity())).collect();
    let settle_ns = bench.ground.settle_ns;
    let doubts = bench.trust.doubts(Needs::of_finding(id));
    if let Some(first) = gating.first() {
        check.forbidden = gating.iter().take(3).map(|finding| (**finding).clone()).collect();
        check.finding = Some(first.id);
        check.seen = gating.iter().flat_map(|finding| sights(bench, finding)).collect();
        check.seen.sort();
        check.seen.dedup();
        let lost_is_meant = matches!(id, FindingId::TraceNotStored | FindingId::NotSampled);
        if !id.is_of_the_missing_kind() || doubts.is_empty() || lost_is_meant && doubts.are_of_loss() {
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

/// Where the spans lie that a finding rests on.
fn sights(bench: &EvaluationContext, finding: &Finding) -> Vec<Sight> {
    let field = &bench.cast.field;
    let keys: std::collections::HashSet<_> =
        finding.evidence.iter().filter_map(|proof| proof.trace_id.zip(proof.span_id)).collect();
    let spans = field.journey.spans.iter().enumerate();
    let proofs = spans.filter(|(_, span)| keys.contains(&(span.trace_id, span.span_id)));
    proofs.map(|(index, _)| field.sight(field.span(index).item)).collect()
}

/// What a metric must say.
pub fn metric(bench: &EvaluationContext, metric: &Metric, reading: Option<&MetricReading>) -> CheckResult {
    let (comparison, right) = metric.is;
    let mut check = blank(CheckKind::Metric, &metric.name);
    check.expected = format!("{} {}", comparison.sign(), float_text(right));
    let ground = bench.ground;
    let why = match reading {
        Some(MetricReading::Samples(samples)) if !ground.settled => {
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
        Some(MetricReading::NotHad(why)) => why.clone(),
        None => "it was not asked".to_owned(),
    };
    check.state = CheckState::Undecided;
    check.why.push(why);
    check.depends_on = vec![Source::Prometheus];
    let had = matches!(reading, Some(MetricReading::Samples(_)));
    let open = match (ground.prometheus, ground.journey.span_extent()) {
        (SourceStatus::Complete, Some(extent)) if !had || !ground.settled => {
            let until = extent.to.min(ground.now).plus(ground.settle_ns.max(MINUTE));
            Some((format!("metric {}", metric.name), Ends::At(until)))
        }
        (SourceStatus::Incomplete, _) => Some((format!("metric {}", metric.name), Ends::Open)),
        _ => None,
    };
    CheckResult { check, open }
}
