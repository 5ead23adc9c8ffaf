//! `missing`: everything that is not there and should be, and everything that went wrong, with its evidence.

use std::cmp::Reverse;
use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::Serialize;
use serde_json::json;

use crate::analysis::journey::findings::{AnalysedJourney, FindingSet};
use crate::model::finding::{Confidence, Finding, FindingId, Severity};
use crate::model::provenance::Provenance;
use crate::model::time::Timestamp;
use crate::report::block::{Block, Fact, Role, Table, TableRow, fact, one, piece, plain};
use crate::report::body::ReportBody;
use crate::report::finding_record::FindingRecord;
use crate::report::findings;
use crate::report::frame::Frame;
use crate::report::names::ShortNames;
use crate::report::parts;
use crate::report::rows::Rows;
use crate::report::wording::SameData;
use crate::report::wording::findings::summary;
use crate::report::words::{counted, quoted};

/// How many kinds of findings a table over many runs shows.
const KINDS: usize = 40;
/// How many example runs stand beside each.
const EXAMPLES: usize = 2;

/// The findings of one run, or of many.
#[derive(Clone, Debug)]
pub struct MissingReport {
    runs: Vec<MissingRun>,
    /// The least severity that the screen shows.
    least: Severity,
}

/// One run, and what was found in it.
#[derive(Clone, Debug)]
pub struct MissingRun {
    subject: String,
    judgement: FindingSet,
    complete: bool,
    settled: bool,
    origin: Option<Timestamp>,
    names: ShortNames,
    services: usize,
    traces: usize,
    spans: usize,
    lines: usize,
}

impl MissingRun {
    /// What is kept of a judged journey.
    pub fn new(subject: &str, judged: AnalysedJourney, complete: bool, settled: bool) -> Self {
        let AnalysedJourney { journey, judgement } = judged;
        Self {
            subject: subject.to_owned(),
            judgement,
            complete,
            settled,
            origin: journey.span_extent().map(|extent| extent.from),
            names: ShortNames::in_journey(&journey),
            services: journey.services().len(),
            traces: journey.traces.len(),
            spans: journey.spans.len(),
            lines: journey.logs.len(),
        }
    }

    fn is_empty(&self) -> bool {
        self.spans == 0 && self.lines == 0
    }
}

/// The findings of runs as JSON.
#[derive(Serialize, JsonSchema)]
pub struct MissingRecord<'a> {
    /// Every finding of every run, gravest first within each run.
    findings: Vec<RunFindingRecord<'a>>,
    /// Every run that was looked at.
    runs: Vec<MissingRunRecord<'a>>,
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
    /// Whether everything that was asked for came.
    complete: bool,
    /// Whether its newest span ended longer ago than the settle time.
    settled: bool,
    service_count: usize,
    trace_count: usize,
    span_count: usize,
    log_count: usize,
    finding_count: usize,
    /// How many findings of the missing kind are withheld while more may still come.
    withheld_finding_count: usize,
    /// The gravest severity among its findings.
    worst: Option<Severity>,
}

impl MissingReport {
    /// Of these runs. What is below the least severity is in the data, not on the screen.
    pub fn new(runs: Vec<MissingRun>, least: Severity) -> Self {
        Self { runs, least }
    }

    /// The gravest of what may decide an exit code.
    pub fn gravest(&self) -> Option<Severity> {
        self.runs.iter().filter_map(|run| run.judgement.gravest()).max()
    }

    /// Whether nothing at all was found of any run.
    pub fn is_empty(&self) -> bool {
        self.runs.iter().all(MissingRun::is_empty)
    }

    fn shown<'a>(&'a self, run: &'a MissingRun) -> impl Iterator<Item = &'a Finding> {
        run.judgement.findings.iter().filter(|finding| finding.severity >= self.least)
    }

    fn one(&self, run: &MissingRun, frame: &Frame) -> Vec<Block> {
        let shown: Vec<&Finding> = self.shown(run).collect();
        let (role, verdict) = verdict(run);
        let title = vec![piece(role, verdict), piece(Role::Dim, " in "), piece(Role::Strong, &run.subject)];
        let numbers = [
            plain(counted(run.services, "service")),
            plain(counted(run.traces, "trace")),
            plain(counted(run.spans, "span")),
            plain(counted(run.lines, "log line")),
        ];
        let mut numbers = numbers.to_vec();
        if !run.settled {
            numbers.push(one(Role::Warn, "still under way"));
        }
        let mut blocks = vec![Block::Line(title), Block::Flow(numbers)];
        blocks.extend(frame.asking());
        for finding in &shown {
            blocks.push(Block::Blank);
            blocks.extend(findings::full(
                finding,
                &run.names,
                run.origin,
                &SameData::of_run(&run.subject, frame.provenance),
            ));
        }
        let mut facts = findings::withheld(&run.judgement);
        facts.extend(self.unshown(run.judgement.findings.len() - shown.len()));
        facts.extend(frame.links());
        facts.extend(frame.remarks());
        facts.extend(frame.covered());
        let evidence = shown.iter().flat_map(|finding| &finding.evidence);
        let span = evidence.filter_map(|item| item.span_id).find(|span| run.names.knows(*span));
        let mut commands: Vec<String> = span.map(|s| frame.command("span", &run.names.span(s))).into_iter().collect();
        if !run.is_empty() {
            commands.push(frame.command("timeline", ""));
        }
        facts.extend(parts::next(&commands));
        blocks.push(Block::Blank);
        blocks.push(Block::Facts(facts));
        blocks
    }

    /// How much is not on the screen for being below what it shows.
    fn unshown(&self, n: usize) -> Vec<Fact> {
        let say = || plain(format!("{} below {}; --all shows everything", counted(n, "finding"), self.least.as_str()));
        (n > 0).then(|| fact("unshown", say())).into_iter().collect()
    }

    fn many(&self, runs: &[MissingRun], frame: &Frame) -> Vec<Block> {
        if runs.is_empty() {
            return Self::none(frame);
        }
        let bad = runs.iter().filter(|run| self.shown(run).next().is_some()).count();
        let (role, mark) = match self.worst() {
            Some(Severity::Error) => (Role::Error, "✗ "),
            Some(Severity::Warning) => (Role::Warn, "! "),
            _ => (Role::Good, "✓ "),
        };
        let all = counted(runs.len(), "run");
        let said = if bad == 0 { format!("nothing wrong in {all}") } else { format!("{bad} of {all} with findings") };
        let title = one(role, format!("{mark}{said}"));
        let mut blocks = vec![Block::Line(title)];
        blocks.extend(frame.asking());
        let kinds = self.kinds();
        if !kinds.is_empty() {
            blocks.push(Block::Blank);
            blocks.push(Block::Table(self.table(&kinds)));
        }
        let mut facts = vec![];
        if kinds.len() > KINDS {
            facts.push(fact(
                "unshown",
                plain(format!("{}, all of them in `-o json`", counted(kinds.len() - KINDS, "more kind"))),
            ));
        }
        let below: usize = runs.iter().map(|run| run.judgement.findings.len() - self.shown(run).count()).sum();
        facts.extend(self.unshown(below));
        let withheld: usize = runs.iter().map(|run| run.judgement.withheld).sum();
        facts.extend(findings::withheld(&FindingSet { findings: vec![], withheld }));
        let incomplete = runs.iter().filter(|run| !run.complete).count();
        if incomplete > 0 {
            facts.push(fact(
                "missing",
                one(Role::Warn, format!("{} could not be read whole", counted(incomplete, "run"))),
            ));
        }
        facts.extend(frame.remarks());
        facts.extend(frame.covered());
        let worst = runs.iter().max_by_key(|run| (self.shown(run).map(|f| f.severity).max(), Reverse(&run.subject)));
        let next = worst.filter(|_| bad > 0).map(|run| frame.command_about(&run.subject, "missing"));
        facts.extend(parts::next(&next.into_iter().collect::<Vec<_>>()));
        blocks.push(Block::Blank);
        blocks.push(Block::Facts(facts));
        blocks
    }

    /// No run was found to look at.
    fn none(frame: &Frame) -> Vec<Block> {
        let (role, said) = if frame.provenance.complete {
            (Role::Strong, "– no run found")
        } else {
            (Role::Warn, "– no run found so far")
        };
        let mut blocks = vec![Block::Line(one(role, said))];
        blocks.extend(frame.asking());
        let mut facts = frame.remarks();
        facts.extend(frame.covered());
        if !frame.provenance.flags.contains("--input") {
            facts.extend(parts::next(&["trace doctor".to_owned()]));
        }
        blocks.extend([Block::Blank, Block::Facts(facts)]);
        blocks
    }

    fn worst(&self) -> Option<Severity> {
        self.runs.iter().flat_map(|run| self.shown(run)).map(|finding| finding.severity).max()
    }

    /// Findings that are alike, over all runs: gravest and most frequent first.
    fn kinds(&self) -> Vec<Alike<'_>> {
        let mut kinds: BTreeMap<(FindingId, &str, &str), Alike> = BTreeMap::new();
        for run in &self.runs {
            for finding in self.shown(run) {
                let alike = kinds.entry((finding.id, &finding.service, &finding.operation)).or_insert_with(|| Alike {
                    first: finding,
                    worst: finding.severity,
                    sure: false,
                    runs: vec![],
                });
                alike.worst = alike.worst.max(finding.severity);
                alike.sure |= finding.confidence > Confidence::Low;
                if alike.runs.last() != Some(&run.subject.as_str()) {
                    alike.runs.push(&run.subject);
                }
            }
        }
        let mut kinds: Vec<Alike> = kinds.into_values().collect();
        kinds.sort_by_key(|alike| (Reverse(alike.worst), Reverse(alike.runs.len())));
        kinds
    }

    fn table(&self, kinds: &[Alike]) -> Table {
        let row = |alike: &Alike| {
            let (role, mark) = findings::mark(alike.worst);
            let mut examples: Vec<String> = alike.runs.iter().take(EXAMPLES).map(|id| quoted(id)).collect();
            if alike.runs.len() > EXAMPLES {
                examples.push("…".to_owned());
            }
            let counts = format!("{}/{}", alike.runs.len(), self.runs.len());
            let cells = vec![
                one(role, format!("{mark}{}", alike.first.id.as_str())),
                one(Role::Strong, counts),
                vec![
                    piece(Role::Plain, summary(alike.first)),
                    piece(Role::Dim, if alike.sure { "" } else { "  (low confidence)" }),
                ],
            ];
            TableRow { cells, below: vec![Block::Line(one(Role::Dim, examples.join("  ")))] }
        };
        let head = ["finding", "runs", "such as"].map(str::to_owned).to_vec();
        Table { head, rows: kinds.iter().take(KINDS).map(row).collect(), ..Table::default() }
    }
}

impl ReportBody for MissingReport {
    const NAME: &'static str = "missing";
    type Record<'a> = MissingRecord<'a>;

    fn record<'a>(&'a self, provenance: &'a Provenance) -> MissingRecord<'a> {
        let findings = self.runs.iter().flat_map(|run| {
            let data = SameData::of_run(&run.subject, provenance);
            let findings = FindingRecord::all(&run.judgement.findings, &data).into_iter();
            findings.map(|finding| RunFindingRecord { subject: &run.subject, finding })
        });
        MissingRecord { findings: findings.collect(), runs: self.runs.iter().map(MissingRunRecord::new).collect() }
    }

    /// Its main table: the findings.
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
        let rows = self.runs.iter().flat_map(|run| run.judgement.findings.iter().map(move |f| row(run, f)));
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
            [run] => self.one(run, frame),
            runs => self.many(runs, frame),
        }
    }
}

/// Findings that are alike, over all runs.
struct Alike<'a> {
    first: &'a Finding,
    worst: Severity,
    /// Whether any of them may decide an exit code.
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
            finding_count: run.judgement.findings.len(),
            withheld_finding_count: run.judgement.withheld,
            worst: run.judgement.findings.iter().map(|finding| finding.severity).max(),
        }
    }
}

/// What is wrong in one run, in numbers; that nothing is only where that can be said.
fn verdict(run: &MissingRun) -> (Role, String) {
    let count = |severity| run.judgement.findings.iter().filter(|f| f.severity == severity).count();
    let (errors, warnings) = (count(Severity::Error), count(Severity::Warning));
    let parts = [(errors, "error"), (warnings, "warning")].into_iter().filter(|(n, _)| *n > 0);
    let told = parts.map(|(n, what)| counted(n, what)).collect::<Vec<_>>().join(", ");
    match told.as_str() {
        "" if run.is_empty() && run.complete => (Role::Strong, "– nothing found".to_owned()),
        "" if run.is_empty() => (Role::Warn, "– nothing found so far".to_owned()),
        "" if !run.complete || !run.settled => (Role::Warn, "– nothing wrong seen so far".to_owned()),
        "" => (Role::Good, "✓ nothing missing, nothing wrong".to_owned()),
        told if errors > 0 => (Role::Error, format!("✗ {told}")),
        told => (Role::Warn, format!("! {told}")),
    }
}
