//! The first lines of a screen about one journey: the answer, then the journey in numbers.

use crate::analysis::journey::clocks::Clocks;
use crate::analysis::journey::errors::{self, JourneyError};
use crate::analysis::journey::findings::{AnalysedJourney, FindingSet};
use crate::model::finding::Severity;
use crate::model::journey::Journey;
use crate::model::time::{Human, Window};
use crate::report::block::{Block, Line, TextRole, piece, plain, styled};
use crate::report::findings;
use crate::report::frame::Frame;
use crate::report::text::counted;
use crate::report::wording::outcomes::after_count;

/// The answer in one line, then the journey in numbers.
pub(crate) fn blocks(frame: &Frame, analysed: &AnalysedJourney, errors: &[JourneyError]) -> Vec<Block> {
    let journey = &analysed.journey;
    let id = frame.provenance.subject.as_deref().or(journey.correlation_id.as_deref()).unwrap_or_default();
    let mut items = vec![
        plain(counted(journey.services().len(), "service")),
        plain(counted(journey.traces.len(), "trace")),
        plain(counted(journey.spans.len(), "span")),
        plain(counted(journey.logs.len(), "log line")),
    ];
    if let Some(extent) = journey.span_extent() {
        items.push(end_to_end_time(journey, extent));
        items.push(plain(frame.zone.full(extent.from)));
    }
    if !frame.provenance.settled {
        items.push(styled(TextRole::Warn, "still under way"));
    }
    let (role, verdict) = verdict(frame, errors, &analysed.findings);
    let title = vec![piece(role, verdict), piece(TextRole::Dim, " in "), piece(TextRole::Strong, id)];
    vec![Block::Line(title), Block::Flow(items)]
}

/// Errors, and what else was found. That nothing is wrong is only stated of a complete answer.
fn verdict(frame: &Frame, errors: &[JourneyError], findings: &FindingSet) -> (TextRole, String) {
    let (outcomes, others) = (errors::outcome_counts(errors), findings::beside_errors(findings).count());
    let worst = errors.iter().map(|error| error.severity);
    let worst = worst.chain(findings.warnings_and_errors().map(|finding| finding.severity)).max();
    let errors = match errors::total_count(errors) {
        0 => None,
        n => Some(format!("{}{}", counted(n, "error"), after_count(outcomes))),
    };
    let others = (others > 0).then(|| counted(others, "finding"));
    let counts: Vec<String> = errors.into_iter().chain(others).collect();
    match (counts.join(", "), worst) {
        _ if counts.is_empty() && frame.provenance.complete => (TextRole::Good, "✓ no errors".to_owned()),
        _ if counts.is_empty() => (TextRole::Warn, "– no errors seen so far".to_owned()),
        (counts, Some(Severity::Error)) => (TextRole::Error, format!("✗ {counts}")),
        (counts, Some(Severity::Warning)) => (TextRole::Warn, format!("! {counts}")),
        (counts, _) if frame.provenance.complete => (TextRole::Good, format!("✓ {counts}")),
        (counts, _) => (TextRole::Warn, format!("– {counts} so far")),
    }
}

/// From the first start to the last end. If clocks differ it is measured on one clock, with the recorded time behind it.
fn end_to_end_time(journey: &Journey, recorded: Window) -> Line {
    let clocks = Clocks::measured(journey);
    let spans = journey.spans.iter().filter(|span| span.has_sane_time());
    let on_one = spans.map(|span| Window::new(clocks.start(span), clocks.end(span))).reduce(Window::hull);
    let recorded = Human(recorded.length());
    match on_one.filter(|_| !journey.skew.is_empty()) {
        Some(on_one) => vec![
            piece(TextRole::Strong, format!("about {}", Human(on_one.length()))),
            piece(TextRole::Dim, format!(" on one clock ({recorded} as recorded)")),
        ],
        None => styled(TextRole::Strong, recorded.to_string()),
    }
}
