//! Explains a step that was not seen: the nearest span or line, a line about the same work, the finding behind it.

use std::collections::HashSet;

use crate::model::finding::{Concerns, Finding, FindingId};
use crate::model::id::{SpanId, TraceId};
use crate::model::pattern::Pattern;
use crate::pipeline::matching::{MatchedItem, is_service, line_contains, passes};
use crate::pipeline::spec::{AttributeTest, ExpectedStep, Relation, SeenIn, Selector};
use crate::pipeline::steps::EvaluationContext;
use crate::pipeline::verdict::{Check, CheckState, Nearest};

/// Names that are searched for a similar one. Bounds the work; a run with more has generated names
/// (IDs in them), whose similarity says nothing.
const MOST_NAMES: usize = 5_000;
/// Shorter names occur in too many texts by chance.
const SHORTEST_NAME: usize = 3;

/// Adds to an unmet check what happened instead, and which finding explains it.
pub(crate) fn explain(context: &EvaluationContext, step: &ExpectedStep, check: &mut Check) {
    if !matches!(check.state, CheckState::Broken | CheckState::Undecided)
        || check.seen.is_empty() && context.input.journey.is_empty()
    {
        return;
    }
    let is_whole_run = check.of.is_none();
    if check.seen.is_empty() && is_whole_run {
        check.nearest = step.any_of.iter().find_map(|selector| nearest(context, selector));
        if let Some(note) = logged_instead(context, step).filter(|_| !is_same_span(step, check)) {
            check.why.push(note);
        }
    }
    if check.state == CheckState::Broken || check.seen.is_empty() {
        // If the span itself was seen and only differs in something, that difference is the reason, not a finding.
        if !is_same_span(step, check) {
            check.finding = explaining_finding(context, step, check).map(|finding| finding.id);
        }
    }
}

/// Whether the nearest span has the expected name and differs only in other conditions.
fn is_same_span(step: &ExpectedStep, check: &Check) -> bool {
    let names = step.any_of.iter().filter_map(|selector| match &selector.what {
        SeenIn::Span(name) => Some(name),
        SeenIn::Log(_) => None,
    });
    let is_it = |nearest: &Nearest| names.clone().any(|name| name.matches(&nearest.sight.name));
    check.nearest.as_ref().is_some_and(is_it)
}

fn nearest(context: &EvaluationContext, selector: &Selector) -> Option<Nearest> {
    match &selector.what {
        SeenIn::Span(name) => same_name(context, selector, name).or_else(|| similar_name(context, name)),
        SeenIn::Log(text) => {
            let lines = &context.matches.lookup.journey.logs;
            let (index, line) = lines.iter().enumerate().find(|(_, line)| line_contains(line, text))?;
            let lookup = &context.matches.lookup;
            let differs = match &selector.service {
                Some(service) if !is_service(service, &line.service) => "by another service".to_owned(),
                _ => attribute(selector, |key| lookup.values(MatchedItem::Line(index), key))?,
            };
            Some(Nearest { differs, sight: lookup.sight(MatchedItem::Line(index)) })
        }
    }
}

/// The span of that name that differs in the fewest other conditions; the earliest of several.
fn same_name(context: &EvaluationContext, selector: &Selector, name: &Pattern) -> Option<Nearest> {
    let (lookup, spans) = (&context.matches.lookup, &context.matches.lookup.journey.spans);
    let differences = |index: usize| {
        let span = &spans[index];
        let service = selector.service.as_ref().filter(|service| !is_service(service, span.service()));
        let kind = selector.kind.filter(|kind| *kind != span.kind);
        let mut all = vec![];
        all.extend(service.map(|_| "by another service".to_owned()));
        all.extend(kind.map(|_| format!("of another kind: {}", span.kind.as_str())));
        all.extend(attribute(selector, |key| lookup.values(MatchedItem::Span(index), key)));
        all
    };
    let named = lookup.names().filter(|(text, _)| name.matches(text)).flat_map(|(_, all)| all.iter().copied());
    let differing = named.map(|index| (differences(index), index)).filter(|(all, _)| !all.is_empty());
    let nearest = differing.min_by_key(|(all, index)| (all.len(), *index));
    nearest
        .map(|(all, index)| Nearest { differs: all.join(", "), sight: lookup.sight(MatchedItem::Span(index)) })
        .or_else(|| same_name_in_other_journey(context, name))
}

/// A span of that name that is part of another journey, shown as context of this one.
fn same_name_in_other_journey(context: &EvaluationContext, name: &Pattern) -> Option<Nearest> {
    let journey = context.matches.lookup.journey;
    let is_other = |index: &usize| journey.is_own.get(*index) == Some(&false);
    let index = (0..journey.spans.len()).filter(is_other).find(|index| name.matches(&journey.spans[*index].name))?;
    let sight = context.matches.lookup.sight(MatchedItem::Span(index));
    Some(Nearest { differs: "in another journey".to_owned(), sight })
}

/// The first attribute test that fails, described.
fn attribute(selector: &Selector, values: impl Fn(&str) -> Vec<String>) -> Option<String> {
    let wrong = selector.attributes.iter().map(|(key, test)| (key, test, values(key)));
    let (key, test, values) = wrong.into_iter().find(|(_, test, values)| !passes(test, values))?;
    Some(match (test, values.first()) {
        (_, None) => format!("without {key}"),
        (AttributeTest::Missing, Some(_)) => format!("with {key}"),
        (_, Some(value)) => format!("with {key} = {value}"),
    })
}

/// A span with a name at a small edit distance: a quarter of the name's length, at least 1.
fn similar_name(context: &EvaluationContext, name: &Pattern) -> Option<Nearest> {
    let text = name.to_string();
    if text.starts_with("re:") || text.trim_matches('*').is_empty() {
        return None;
    }
    let expected = text.replace('*', "").to_lowercase();
    let length = expected.chars().count();
    let most = (length / 4).max(1);
    let distances = context.matches.lookup.names().take(MOST_NAMES).filter_map(|(text, spans)| {
        let lower = text.to_lowercase();
        // The distance takes the product of both lengths to compute, and names may be whole SQL statements.
        let is_comparable = lower.chars().count().abs_diff(length) <= most;
        let distance =
            is_comparable.then(|| strsim::levenshtein(&expected, &lower)).filter(|distance| *distance <= most);
        distance.zip(spans.first().copied()).filter(|_| !name.matches(text))
    });
    let (_, index) = distances.min()?;
    let sight = context.matches.lookup.sight(MatchedItem::Span(index));
    Some(Nearest { differs: "of a similar name".to_owned(), sight })
}

/// A log line about the work of a missing span step: the step is still missing, but `seen: either` would accept it.
fn logged_instead(context: &EvaluationContext, step: &ExpectedStep) -> Option<String> {
    let plain_words = |text: &str| -> String {
        let plain = text.chars().map(|c| if c.is_alphanumeric() { c.to_ascii_lowercase() } else { ' ' });
        plain.collect::<String>().split_whitespace().collect::<Vec<_>>().join(" ")
    };
    let of_spans = step.any_of.iter().filter_map(|selector| match &selector.what {
        SeenIn::Span(name) if !name.to_string().starts_with("re:") => Some((selector, plain_words(&name.to_string()))),
        _ => None,
    });
    let expected: Vec<_> = of_spans.filter(|(_, plain_words)| plain_words.len() >= 4).collect();
    let line = context.input.journey.logs.iter().find(|line| {
        let message = plain_words(&line.message);
        let fits = |selector: &Selector| selector.service.as_ref().is_none_or(|s| is_service(s, &line.service));
        expected.iter().any(|(selector, plain_words)| fits(selector) && message.contains(plain_words.as_str()))
    })?;
    let by = if line.service.is_empty() { String::new() } else { format!(" of {}", line.service) };
    let message = line.message.lines().next().unwrap_or_default();
    Some(format!("its work is in the logs{by}: \"{message}\"; `seen: either` would accept that"))
}

/// The first finding about what this step selects, or about what it follows from.
fn explaining_finding<'a>(context: &EvaluationContext<'a>, step: &ExpectedStep, check: &Check) -> Option<&'a Finding> {
    let matches = context.matches;
    let own: HashSet<(TraceId, SpanId)> = check.seen.iter().filter_map(|s| s.trace_id.zip(s.span_id)).collect();
    let spans = &matches.lookup.journey.spans;
    let before = step.order.iter().filter(|order| matches!(order.relation, Relation::After { .. } | Relation::ChildOf));
    let before = before.flat_map(|order| &matches.all[order.step]).filter_map(|found| found.at);
    let before: HashSet<(TraceId, SpanId)> = before.map(|at| (spans[at].trace_id, spans[at].span_id)).collect();
    let places = |finding: &Finding| -> HashSet<(TraceId, SpanId)> {
        let proofs = finding.evidence.iter().filter_map(|proof| proof.trace_id.zip(proof.span_id));
        proofs.chain(finding.missing_parts.iter().map(|part| (part.trace_id, part.span_id))).collect()
    };
    let named = |finding: &Finding| {
        let mut missing = finding.missing_parts.iter().flat_map(|part| part.what.names());
        is_about(step, &finding.operation) || missing.any(|name| is_named_in(step, name))
    };
    let is_lost = |finding: &Finding| finding.concerns(Concerns::Storage);
    let service = |finding: &Finding| {
        finding.is(FindingId::LogWithoutSpan)
            && step.any_of.iter().any(|s| s.service.as_ref().is_some_and(|s| is_service(s, &finding.service)))
    };
    let rules: [&dyn Fn(&Finding) -> bool; 4] = [
        &|finding| !own.is_disjoint(&places(finding)),
        &|finding| check.seen.is_empty() && (named(finding) || service(finding)),
        &|finding| check.seen.is_empty() && !before.is_disjoint(&places(finding)),
        &|finding| {
            check.seen.is_empty()
                && (finding.is(FindingId::ErrorOrigin) && is_near(finding, &before) || is_lost(finding))
        },
    ];
    let findings = &context.input.findings.list;
    rules.iter().find_map(|rule| findings.iter().find(|finding| rule(finding)))
}

/// Whether an error is in a trace of the step's predecessors: the step was then never reached.
fn is_near(finding: &Finding, before: &HashSet<(TraceId, SpanId)>) -> bool {
    let traces: HashSet<TraceId> = before.iter().map(|(trace, _)| *trace).collect();
    finding.evidence.iter().any(|proof| proof.trace_id.is_some_and(|trace| traces.contains(&trace)))
}

/// Whether the text is what the step selects, or a part of it, such as a topic in a span name.
fn is_about(step: &ExpectedStep, text: &str) -> bool {
    let is_part = |selector: &Selector| pattern(selector).to_string().contains(text);
    text.len() >= SHORTEST_NAME && step.any_of.iter().any(is_part) || is_named_in(step, text)
}

/// Whether the text contains what the step selects, such as a span name after its service's name.
fn is_named_in(step: &ExpectedStep, text: &str) -> bool {
    let is_named = |selector: &Selector| {
        let pattern = pattern(selector);
        let written = pattern.to_string();
        let literal = written.trim_matches('*');
        literal.len() >= SHORTEST_NAME
            && !written.starts_with("re:")
            && (pattern.matches(text) || text.contains(literal))
    };
    text.len() >= SHORTEST_NAME && step.any_of.iter().any(is_named)
}

fn pattern(selector: &Selector) -> &Pattern {
    let (SeenIn::Span(pattern) | SeenIn::Log(pattern)) = &selector.what;
    pattern
}
