//! Screens about a time window: the answer, what its numbers rest on, the numbers, what to run next.

use crate::model::action::{About, CommandName, Invocation};
use crate::model::basis::{Basis, CountedFrom};
use crate::model::measure::Estimate;
use crate::model::source::Source;
use crate::model::time::Human;
use crate::report::block::{Block, Fact, Line, TextRole, styled};
use crate::report::frame::{Frame, MetricUse};
use crate::report::text::counted;

/// What is particular to the screen of one command.
#[derive(Default)]
pub(crate) struct WindowScreen {
    /// The answer in one line.
    pub(crate) answer: Line,
    /// The numbers.
    pub(crate) body: Vec<Block>,
    /// Remarks below them.
    pub(crate) facts: Vec<Fact>,
    /// What to run next.
    pub(crate) next: Vec<Invocation>,
}

/// The whole screen.
pub(crate) fn blocks(frame: &Frame, basis: &Basis, screen: WindowScreen) -> Vec<Block> {
    let mut blocks = vec![Block::Line(screen.answer), basis_line(basis)];
    blocks.extend(frame.completeness_with(MetricUse::for_basis(basis)));
    if !screen.body.is_empty() {
        blocks.push(Block::Blank);
        blocks.extend(screen.body);
    }
    let mut facts = screen.facts;
    facts.extend(frame.notes());
    facts.extend(frame.searched());
    facts.extend(frame.next(&screen.next));
    if !facts.is_empty() {
        blocks.extend([Block::Blank, Block::Facts(facts)]);
    }
    blocks
}

/// The screen if there was nothing to count. That there is nothing is only stated of a complete answer.
pub(crate) fn nothing(frame: &Frame, basis: &Basis, what: &str) -> Vec<Block> {
    let answer = if frame.provenance.complete {
        styled(TextRole::Strong, format!("– no {what}"))
    } else {
        styled(TextRole::Warn, format!("– no {what} so far"))
    };
    let has_backends = !frame.provenance.backends.is_empty();
    let doctor = || Invocation::new(CommandName::Doctor).about(About::Installation);
    let next = has_backends.then(doctor).into_iter().collect();
    blocks(frame, basis, WindowScreen { answer, next, ..WindowScreen::default() })
}

/// `61 %`, `0.4 %`; a dash if the whole is nothing.
pub(crate) fn percent(part: f64, whole: f64) -> String {
    let share = 100.0 * part / whole;
    match share {
        _ if !share.is_finite() => "–".to_owned(),
        0.0 => "0 %".to_owned(),
        share if share < 0.1 => "<0.1 %".to_owned(),
        share if share < 9.95 => format!("{share:.1} %"),
        share => format!("{share:.0} %"),
    }
}

/// A duration: exact, `1.2 s`; between two bounds, `500 ms–1 s`, `>10 s`; or estimated by a backend, `~700 ms`. A dash if it
/// is unknown.
pub(crate) fn duration(estimate: Option<Estimate>) -> String {
    match estimate {
        None => "–".to_owned(),
        Some(Estimate { low_ns, high_ns: Some(high), .. }) if low_ns == high => Human(high).to_string(),
        Some(Estimate { low_ns, high_ns: Some(high), .. }) => format!("{}–{}", Human(low_ns), Human(high)),
        Some(Estimate { low_ns, high_ns: None, value_ns }) if value_ns > low_ns => format!("~{}", Human(value_ns)),
        Some(Estimate { low_ns, high_ns: None, .. }) => format!(">{}", Human(low_ns)),
    }
}

/// `from 1 234 spans in 56 journeys, a sample: at most the newest 200 traces of each of 4 services`.
pub(crate) fn basis_line(basis: &Basis) -> Block {
    Block::Line(styled(TextRole::Dim, sentence(basis)))
}

fn sentence(basis: &Basis) -> String {
    let calls = usize::try_from(basis.calls).unwrap_or(usize::MAX);
    if basis.via == CountedFrom::Metrics {
        let metric = basis.metric.as_deref().unwrap_or("metrics");
        let owner = if basis.backend == Some(Source::Jaeger) { " of jaeger itself" } else { "" };
        let all = format!("from about {}, counted by {metric}{owner}", counted(calls, "call"));
        let lines = if basis.lines > 0 { format!(" and {}", counted(basis.lines, "line")) } else { String::new() };
        let read = format!("; kinds and examples from {}{lines}", counted(basis.journeys, "journey"));
        return if basis.journeys > 0 { all + &read } else { all };
    }
    let spans = format!("from {} in {}", counted(calls, "span"), counted(basis.journeys, "journey"));
    let lines = if basis.lines > 0 { format!(" and {}", counted(basis.lines, "line")) } else { String::new() };
    let sample = sample(basis).map(|sample| format!(", {sample}")).unwrap_or_default();
    format!("{spans}{lines}{sample}")
}

/// The words before and after the number of traces in a sample, which say how they were chosen.
pub(crate) fn sample_choice(basis: &Basis) -> [&'static str; 2] {
    if basis.evenly { ["", ", from all of the time"] } else { ["the newest ", ""] }
}

/// `a sample: at most the newest 200 traces of each of 4 services`; none if everything was read.
pub(crate) fn sample(basis: &Basis) -> Option<String> {
    let (limit, services) = (basis.limit?, basis.services.len());
    let [newest, from] = sample_choice(basis);
    let text = || format!("a sample: at most {newest}{limit} traces of each of {}{from}", counted(services, "service"));
    (basis.cut_services() > 0).then(text)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::basis::SampledService;

    #[test]
    fn the_basis_says_what_was_read_and_whether_that_was_everything() {
        let service = |name: &str, cut| SampledService { service: name.to_owned(), traces: 200, cut };
        let read = Basis { calls: 12_345, journeys: 1, ..Basis::default() };
        let all = Basis { limit: Some(200), services: vec![service("a", false)], lines: 2, ..read.clone() };
        let cut = Basis { services: vec![service("a", false), service("b", true)], ..all.clone() };
        let exemplified = Basis { via: CountedFrom::Metrics, metric: Some("calls_total".to_owned()), ..read.clone() };
        let metrics = Basis { journeys: 0, ..exemplified.clone() };
        let own = Basis { backend: Some(Source::Jaeger), ..metrics.clone() };
        let table = [
            (&read, "from 12 345 spans in 1 journey"),
            (&all, "from 12 345 spans in 1 journey and 2 lines"),
            (
                &cut,
                "from 12 345 spans in 1 journey and 2 lines, a sample: at most the newest 200 traces of each of 2 services",
            ),
            (&metrics, "from about 12 345 calls, counted by calls_total"),
            (&own, "from about 12 345 calls, counted by calls_total of jaeger itself"),
            (&exemplified, "from about 12 345 calls, counted by calls_total; kinds and examples from 1 journey"),
        ];
        for (basis, text) in table {
            assert_eq!(sentence(basis), text);
        }
    }
}
