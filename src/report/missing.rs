//! `missing`: everything that is missing and everything that went wrong, with its evidence.

use std::cmp::Reverse;
use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::Serialize;
use serde_json::json;

use crate::analysis::journey::findings::{AnalysedJourney, FindingSet};
use crate::model::action::{About, Argument, CommandName, Invocation};
use crate::model::finding::{Confidence, Finding, FindingId, Severity};
use crate::model::provenance::Provenance;
use crate::model::time::Timestamp;
use crate::report::block::{Block, Fact, Table, TableRow, TextRole, fact, piece, plain, styled};
use crate::report::body::ReportBody;
use crate::report::finding_record::FindingRecord;
use crate::report::findings;
use crate::report::frame::Frame;
use crate::report::names::ShortNames;
use crate::report::rows::Rows;
use crate::report::text::counted;
use crate::report::wording::SameData;
use crate::report::wording::findings::summary;
use crate::report::wording::see_more::SeeMore;
use crate::report::wording::shell::quoted;

/// How many runs are worth comparing with, in the command that does.
const COMPARED: usize = 50;
/// How many kinds of findings a table over many runs shows.
const KINDS: usize = 40;
/// How many example runs are named for each.
const EXAMPLES: usize = 2;

/// How many IDs that nothing carries are named: a screen of 24 lines holds them.
const LOST: usize = 40;

/// The findings of one run, or of many.
#[derive(Clone, Debug)]
pub(crate) struct MissingReport {
    runs: Vec<MissingRun>,
    /// The least severity that the screen shows.
    least: Severity,
    /// What selected the findings, as flags; empty where all are there.
    selected_by: String,
}

/// Whether a run was compared with others.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum BaselineComparison {
    /// No comparison was asked for.
    NotAsked,
    /// There were too few runs like it.
    TooFew,
    /// It was.
    Compared,
}

/// One run, and what was found in it.
#[derive(Clone, Debug)]
pub(crate) struct MissingRun {
    subject: String,
    findings: FindingSet,
    complete: bool,
    settled: bool,
    /// When its first span began; none without spans.
    origin: Option<Timestamp>,
    names: ShortNames,
    services: usize,
    traces: usize,
    spans: usize,
    lines: usize,
    /// Whether it was compared with other runs.
    pub(crate) comparison: BaselineComparison,
}

impl MissingRun {
    /// What is kept of a journey.
    pub(crate) fn new(subject: &str, analysed: AnalysedJourney, provenance: &Provenance) -> Self {
        let AnalysedJourney { journey, findings } = analysed;
        Self {
            subject: subject.to_owned(),
            findings,
            complete: provenance.complete,
            settled: provenance.settled,
            origin: journey.span_extent().map(|extent| extent.from),
            names: ShortNames::in_journey(&journey),
            services: journey.services().len(),
            traces: journey.traces.len(),
            spans: journey.spans.len(),
            lines: journey.logs.len(),
            comparison: BaselineComparison::NotAsked,
        }
    }

    fn is_empty(&self) -> bool {
        self.spans == 0 && self.lines == 0
    }
}

/// The findings of runs as JSON.
#[derive(Serialize, JsonSchema)]
pub(crate) struct MissingRecord<'a> {
    /// Every finding of every run, by severity within each run.
    findings: Vec<RunFindingRecord<'a>>,
    /// Every run.
    runs: Vec<MissingRunRecord<'a>>,
    /// The IDs that nothing carries.
    not_found: Vec<&'a str>,
}

/// A finding, and the run in which it was made.
#[derive(Serialize, JsonSchema)]
struct RunFindingRecord<'a> {
    /// In which run.
    subject: &'a str,
    #[serde(flatten)]
    finding: FindingRecord<'a>,
}

#[derive(Serialize, JsonSchema)]
struct MissingRunRecord<'a> {
    subject: &'a str,
    /// Whether every backend answered all that was asked.
    complete: bool,
    /// Whether its newest span ended longer ago than the settle time.
    settled: bool,
    service_count: usize,
    trace_count: usize,
    span_count: usize,
    log_count: usize,
    /// Whether it was compared with other runs; if not, only broken links within it are known.
    compared: bool,
    finding_count: usize,
    /// How many findings that something is missing are withheld because more may still arrive.
    withheld_finding_count: usize,
    /// The highest severity among its findings.
    worst: Option<Severity>,
}

impl MissingReport {
    /// The report on these runs. Findings below the least severity are in the data, not on the screen.
    pub(crate) fn new(runs: Vec<MissingRun>, least: Severity) -> Self {
        Self { runs, least, selected_by: String::new() }
    }

    /// The same, of findings that these flags selected.
    pub(crate) fn selected_by(self, selected_by: String) -> Self {
        Self { selected_by, ..self }
    }

    fn shown<'a>(&'a self, run: &'a MissingRun) -> impl Iterator<Item = &'a Finding> {
        run.findings.list.iter().filter(|finding| finding.severity >= self.least)
    }

    fn one_run(&self, run: &MissingRun, frame: &Frame) -> Vec<Block> {
        let shown: Vec<&Finding> = self.shown(run).collect();
        let (role, verdict, of) = match verdict(run) {
            _ if !frame.any_backend_responded() => (TextRole::Error, "✗ nobody answered".to_owned(), " for "),
            (role, verdict) if run.is_empty() => (role, verdict, " for "),
            _ if run.findings.list.is_empty() && !self.selected_by.is_empty() => {
                (TextRole::Plain, format!("– no finding by {}", self.selected_by), " in ")
            }
            (TextRole::Good, verdict) if run.comparison != BaselineComparison::Compared => {
                (TextRole::Good, verdict, ": ")
            }
            (role, verdict) => (role, verdict, " in "),
        };
        let title = vec![piece(role, verdict), piece(TextRole::Dim, of), piece(TextRole::Strong, &run.subject)];
        let mut numbers = vec![
            plain(counted(run.services, "service")),
            plain(counted(run.traces, "trace")),
            plain(counted(run.spans, "span")),
            plain(counted(run.lines, "log line")),
        ];
        if !run.settled {
            numbers.push(styled(TextRole::Warn, "still under way"));
        }
        let mut blocks = vec![Block::Line(title), Block::Flow(numbers)];
        blocks.extend(frame.completeness());
        let data = SameData::for_run(&run.subject, frame.provenance);
        for finding in &shown {
            blocks.push(Block::Blank);
            blocks.extend(findings::full(finding, &run.names, run.origin, &data));
        }
        let mut facts: Vec<Fact> = findings::withheld(run.findings.withheld).into_iter().collect();
        facts.extend(self.hidden(run.findings.list.len() - shown.len()));
        facts.extend(frame.links());
        facts.extend(frame.notes());
        facts.extend(frame.searched());
        facts.extend(frame.next(&next_of_run(run, &shown)));
        blocks.push(Block::Blank);
        blocks.push(Block::Facts(facts));
        blocks
    }

    /// How many findings are below what the screen shows; none if none is.
    fn hidden(&self, n: usize) -> Option<Fact> {
        let below = || format!("{} below {}", counted(n, "finding"), self.least.as_str());
        (n > 0).then(|| fact("unshown", plain(format!("{}; {}", below(), SeeMore::AllSeverities))))
    }

    fn many_runs(&self, frame: &Frame) -> Vec<Block> {
        let runs = &self.runs;
        if runs.is_empty() {
            return no_runs(frame);
        }
        let with_findings = runs.iter().filter(|run| self.shown(run).next().is_some()).count();
        let (role, mark) = match self.highest_severity() {
            Some(Severity::Error) => (TextRole::Error, "✗ "),
            Some(Severity::Warning) => (TextRole::Warn, "! "),
            _ => (TextRole::Good, "✓ "),
        };
        let lost: Vec<&str> = runs.iter().filter(|run| run.is_empty()).map(|run| run.subject.as_str()).collect();
        let there = runs.len() - lost.len();
        let is_sure = lost.is_empty() && runs.iter().all(|run| run.complete && run.settled);
        let so_far = if runs.iter().all(|run| run.complete) { "" } else { " so far" };
        let (role, title) = match (with_findings, counted(runs.len(), "run")) {
            _ if !frame.any_backend_responded() => {
                (TextRole::Error, format!("✗ nobody answered for {}", counted(lost.len(), "ID")))
            }
            _ if there == 0 => (TextRole::Warn, format!("– none of {} found{so_far}", counted(lost.len(), "ID"))),
            (0, runs) if !self.selected_by.is_empty() => {
                (TextRole::Plain, format!("– no finding by {} in {runs}", self.selected_by))
            }
            (0, runs) if is_sure => (role, format!("{mark}nothing wrong in {runs}")),
            (0, _) => (TextRole::Warn, format!("– nothing wrong seen in {}{so_far}", counted(there, "run"))),
            (n, runs) => (role, format!("{mark}{n} of {runs} with findings")),
        };
        let mut title = styled(role, title);
        if !lost.is_empty() && there > 0 {
            title.push(piece(TextRole::Warn, format!(", {} not found{so_far}", counted(lost.len(), "ID"))));
        }
        let mut blocks = vec![Block::Line(title)];
        blocks.extend(frame.completeness());
        let kinds = self.kinds();
        if !kinds.is_empty() {
            blocks.push(Block::Blank);
            blocks.push(Block::Table(self.table(&kinds)));
        }
        let mut facts = vec![];
        if !lost.is_empty() && frame.any_backend_responded() {
            let shown = lost.iter().take(LOST).map(|id| quoted(id)).collect::<Vec<_>>().join("  ");
            let more = lost.len().saturating_sub(LOST);
            let more = if more > 0 { format!("  … and {more} more, {}", SeeMore::RestInJson) } else { String::new() };
            facts.push(fact("not found", styled(TextRole::Warn, shown + &more)));
        }
        if kinds.len() > KINDS {
            let more = counted(kinds.len() - KINDS, "more kind");
            facts.push(fact("unshown", plain(format!("{more}, {}", SeeMore::RestInJson))));
        }
        facts.extend(self.hidden(runs.iter().map(|run| run.findings.list.len() - self.shown(run).count()).sum()));
        facts.extend(findings::withheld(runs.iter().map(|run| run.findings.withheld).sum()));
        let incomplete = runs.iter().filter(|run| !run.complete).count();
        if incomplete > 0 {
            let text = format!("{} could not be read whole", counted(incomplete, "run"));
            facts.push(fact("missing", styled(TextRole::Warn, text)));
        }
        facts.extend(frame.notes());
        facts.extend(frame.searched());
        let worst = runs.iter().max_by_key(|run| (self.shown(run).map(|f| f.severity).max(), Reverse(&run.subject)));
        let worst = worst.filter(|_| with_findings > 0).map(|run| About::Id(run.subject.clone()));
        let next = worst.map(|id| Invocation::new(CommandName::Missing).about(id));
        facts.extend(frame.next(next.as_slice()));
        blocks.push(Block::Blank);
        blocks.push(Block::Facts(facts));
        blocks
    }

    fn highest_severity(&self) -> Option<Severity> {
        self.runs.iter().flat_map(|run| self.shown(run)).map(|finding| finding.severity).max()
    }

    /// Findings of each kind, over all runs: the most severe and most frequent first.
    fn kinds(&self) -> Vec<AlikeFindings<'_>> {
        let mut kinds: BTreeMap<(FindingId, &str, &str), AlikeFindings> = BTreeMap::new();
        for run in &self.runs {
            for finding in self.shown(run) {
                let alike = kinds.entry((finding.id, &finding.service, &finding.operation)).or_insert_with(|| {
                    AlikeFindings { first: finding, worst: finding.severity, sure: false, runs: vec![] }
                });
                alike.worst = alike.worst.max(finding.severity);
                alike.sure |= finding.confidence > Confidence::Low;
                if alike.runs.last() != Some(&run.subject.as_str()) {
                    alike.runs.push(&run.subject);
                }
            }
        }
        let mut kinds: Vec<AlikeFindings> = kinds.into_values().collect();
        kinds.sort_by_key(|alike| (Reverse(alike.worst), Reverse(alike.runs.len())));
        kinds
    }

    fn table(&self, kinds: &[AlikeFindings]) -> Table {
        let row = |alike: &AlikeFindings| {
            let (role, mark) = findings::mark(alike.worst);
            let mut examples: Vec<String> = alike.runs.iter().take(EXAMPLES).map(|id| quoted(id)).collect();
            if alike.runs.len() > EXAMPLES {
                examples.push("…".to_owned());
            }
            let counts = format!("{}/{}", alike.runs.len(), self.runs.len());
            let cells = vec![
                styled(role, format!("{mark}{}", alike.first.id.as_str())),
                styled(TextRole::Strong, counts),
                vec![
                    piece(TextRole::Plain, summary(alike.first)),
                    piece(TextRole::Dim, if alike.sure { "" } else { "  (low confidence)" }),
                ],
            ];
            TableRow { cells, below: vec![Block::Line(styled(TextRole::Dim, examples.join("  ")))] }
        };
        Table::new(&["finding", "runs", "such as"], kinds.iter().take(KINDS).map(row).collect())
    }
}

impl ReportBody for MissingReport {
    const NAME: &'static str = "missing";
    type Record<'a> = MissingRecord<'a>;

    fn record<'a>(&'a self, provenance: &'a Provenance) -> MissingRecord<'a> {
        let findings = self.runs.iter().flat_map(|run| {
            let data = SameData::for_run(&run.subject, provenance);
            let findings = FindingRecord::all(&run.findings.list, &data).into_iter();
            findings.map(|finding| RunFindingRecord { subject: &run.subject, finding })
        });
        let lost = self.runs.iter().filter(|run| run.is_empty());
        MissingRecord {
            findings: findings.collect(),
            runs: self.runs.iter().map(MissingRunRecord::new).collect(),
            not_found: lost.map(|run| run.subject.as_str()).collect(),
        }
    }

    fn rows(&self) -> Option<Rows> {
        let row = |run: &MissingRun, finding: &Finding| {
            let first = finding.evidence.first();
            vec![
                json!(run.subject),
                json!(finding.id),
                json!(finding.severity),
                json!(finding.confidence),
                json!(finding.service),
                json!(finding.operation),
                json!(finding.count),
                json!(summary(finding)),
                json!(first.and_then(|item| item.time)),
                json!(first.and_then(|item| item.trace_id)),
                json!(first.and_then(|item| item.span_id)),
            ]
        };
        let rows = self.runs.iter().flat_map(|run| run.findings.list.iter().map(move |f| row(run, f)));
        Some(Rows {
            kind: "finding",
            columns: &[
                "subject",
                "id",
                "severity",
                "confidence",
                "service",
                "operation",
                "count",
                "summary",
                "time",
                "trace_id",
                "span_id",
            ],
            rows: rows.collect(),
        })
    }

    fn blocks(&self, frame: &Frame) -> Vec<Block> {
        match self.runs.as_slice() {
            [run] => self.one_run(run, frame),
            _ => self.many_runs(frame),
        }
    }
}

/// Findings of one kind, over all runs.
struct AlikeFindings<'a> {
    first: &'a Finding,
    worst: Severity,
    /// Whether the confidence of any of them is above low, so that it may decide an exit code.
    sure: bool,
    runs: Vec<&'a str>,
}

impl<'a> MissingRunRecord<'a> {
    fn new(run: &'a MissingRun) -> Self {
        Self {
            subject: &run.subject,
            complete: run.complete,
            settled: run.settled,
            service_count: run.services,
            trace_count: run.traces,
            span_count: run.spans,
            log_count: run.lines,
            compared: run.comparison == BaselineComparison::Compared,
            finding_count: run.findings.list.len(),
            withheld_finding_count: run.findings.withheld,
            worst: run.findings.list.iter().map(|finding| finding.severity).max(),
        }
    }
}

/// The numbers of errors and warnings in one run. That nothing is wrong is only stated of a complete answer, and that
/// nothing is missing only where other runs were compared.
fn verdict(run: &MissingRun) -> (TextRole, String) {
    let count = |severity| run.findings.list.iter().filter(|f| f.severity == severity).count();
    let (errors, warnings) = (count(Severity::Error), count(Severity::Warning));
    let counts = [(errors, "error"), (warnings, "warning")].into_iter().filter(|(n, _)| *n > 0);
    let counts: Vec<String> = counts.map(|(n, what)| counted(n, what)).collect();
    match counts.join(", ") {
        counts if errors > 0 => (TextRole::Error, format!("✗ {counts}")),
        counts if warnings > 0 => (TextRole::Warn, format!("! {counts}")),
        _ if run.is_empty() && run.complete => (TextRole::Strong, "– nothing found".to_owned()),
        _ if run.is_empty() => (TextRole::Warn, "– nothing found so far".to_owned()),
        _ if !run.complete || !run.settled => (TextRole::Warn, "– nothing wrong seen so far".to_owned()),
        _ if run.comparison != BaselineComparison::Compared => {
            (TextRole::Good, "✓ no broken links within this journey".to_owned())
        }
        _ => (TextRole::Good, "✓ nothing missing, nothing wrong".to_owned()),
    }
}

/// The comparison with other runs, the first span of the evidence that is stored, then the whole run.
fn next_of_run(run: &MissingRun, shown: &[&Finding]) -> Vec<Invocation> {
    let evidence = shown.iter().flat_map(|finding| &finding.evidence);
    let span = evidence.filter_map(|item| item.span_id).find(|span| run.names.has_span(*span));
    let span = span.map(|span| Invocation::new(CommandName::Span).with(Argument::Span(run.names.span(span))));
    let timeline = (!run.is_empty()).then(|| Invocation::new(CommandName::Timeline));
    let is_clean = shown.is_empty() && !run.is_empty() && run.comparison == BaselineComparison::NotAsked;
    let comparison = Invocation::new(CommandName::Missing).with(Argument::Baseline(COMPARED));
    let comparison = is_clean.then_some(comparison);
    comparison.into_iter().chain(span).chain(timeline).collect()
}

fn no_runs(frame: &Frame) -> Vec<Block> {
    let title = if frame.provenance.complete {
        styled(TextRole::Strong, "– no run found")
    } else {
        styled(TextRole::Warn, "– no run found so far")
    };
    let mut blocks = vec![Block::Line(title)];
    blocks.extend(frame.completeness());
    let mut facts = frame.notes();
    facts.extend(frame.searched());
    if !frame.provenance.is_from_files() {
        facts.extend(frame.next(&[Invocation::new(CommandName::Doctor).about(About::Installation)]));
    }
    blocks.extend([Block::Blank, Block::Facts(facts)]);
    blocks
}
