//! `trace demo`: a short guided tour on embedded data.

use crate::analysis::journey::findings::known::Knowledge;
use crate::analysis::journey::findings::{AnalysedJourney, FindingsInput};
use crate::analysis::journey::timeline::{LogDetail, TimelineOptions};
use crate::command::{Context, Outcome, Subcommand};
use crate::error::Error;
use crate::model::conventions::CORRELATION_KEYS;
use crate::model::evidence::Evidence;
use crate::model::provenance::{DataSelection, Provenance};
use crate::options::backends::BackendArgs;
use crate::options::layers::ConfigSources;
use crate::query::{Query, Subject};
use crate::report::find::FindReport;
use crate::report::timeline::TimelineReport;
use crate::report::tour::{TourReport, TourStep};
use crate::report::{Report, ReportBody};
use crate::source::demo::{self, DemoRun, Scenario};
use crate::stitch::stitch;

/// The flags of the command.
#[derive(clap::Args, Clone, Debug)]
pub struct DemoArgs {
    /// Show this run instead of the tour
    #[arg(value_name = "SCENARIO")]
    pub scenario: Option<String>,
}

impl Subcommand for DemoArgs {
    const EXAMPLES: Option<&'static str> = None;

    fn backends(&self) -> Option<&BackendArgs> {
        None
    }

    fn config_sources(&self) -> ConfigSources {
        ConfigSources::FlagsOnly
    }

    async fn run(&self, context: &Context) -> Result<Outcome, Error> {
        if context.format().is_rows() {
            return Err(Error::usage(
                "a tour has no main table, which jsonl and csv show",
                "`trace find --demo -o csv` has one; a tour can be table, markdown or json",
            ));
        }
        let names = match &self.scenario {
            Some(name) => vec![name.as_str()],
            None => demo::tour().to_vec(),
        };
        let mut steps = Vec::new();
        for name in names {
            let (scenario, run) = demo::find(name).ok_or_else(|| no_such_run(name))?;
            steps.extend(stops(&scenario, &run));
        }
        let tour = TourReport {
            welcome: "A tour on embedded data: an essay-marking platform, seen through its traces, log lines and \
                      metrics."
                .into(),
            steps,
            next: next(),
            runs: demo::scenarios().iter().map(|scenario| scenario.name.to_owned()).collect(),
        };
        Ok(context.show_without_session(&Report::new(Provenance::default(), tour)))
    }
}

/// A good run is found; of a broken one the whole timeline is shown as well where an error is to be read.
fn stops(scenario: &Scenario, run: &DemoRun) -> Vec<TourStep> {
    let flag = format!("--demo={}", scenario.name);
    let mut stops = vec![TourStep {
        title: scenario.title.to_owned(),
        text: run.truth.planted.as_ref().map_or("Nothing is wrong here.", |planted| planted.what).to_owned(),
        command: format!("trace find {flag}"),
        report: report(scenario, run, |analysed, query| {
            FindReport::new(analysed, query.keys, TimelineOptions::compact())
        }),
    }];
    if scenario.name == demo::DEFAULT_SCENARIO {
        stops.push(TourStep {
            title: "The same run, every span and line of it".to_owned(),
            text: "Calls nest; what a message set off begins a block of its own, with its wait in the queue."
                .to_owned(),
            command: format!("trace timeline --logs all {flag}"),
            report: report(scenario, run, |analysed, _| {
                let options = TimelineOptions { lines: LogDetail::All, ..TimelineOptions::default() };
                TimelineReport::new(analysed, options)
            }),
        });
    }
    stops
}

fn report<B: ReportBody + 'static>(
    scenario: &Scenario,
    run: &DemoRun,
    body: impl FnOnce(AnalysedJourney, Query) -> B,
) -> Report {
    let keys = CORRELATION_KEYS.map(str::to_owned).to_vec();
    let query = Query::about(Subject::correlation(&run.correlation_id), keys, demo::NOW);
    let evidence = demo::evidence(run);
    let status = Evidence { spans: vec![], logs: vec![], ..evidence.clone() };
    let journey = stitch(evidence, &query);
    let mut known = Knowledge::default();
    demo::embedded().iter().for_each(|(_, run)| known.learn_spans(&run.spans));
    known.learn(&journey);
    let input = FindingsInput { complete: true, settled: true, looked_up: true, known: &known, baseline: None };
    let analysed = AnalysedJourney::new(journey, &input);
    let provenance = Provenance {
        subject: Some(run.correlation_id.clone()),
        data: DataSelection::demo(Some(scenario.name.to_owned())),
        ..Provenance::from_evidence(&status)
    };
    Report::new(provenance, body(analysed, query))
}

fn next() -> Vec<String> {
    vec![
        "trace timeline --demo=fan-out-lost".to_owned(),
        "trace logs --demo".to_owned(),
        "trace missing --demo                  what did not happen, in all of these runs".to_owned(),
        "trace verify-pipeline --expect storage_reference_update --demo=missing-storage-update".to_owned(),
        "trace doctor                          whom would be asked on this machine".to_owned(),
        "trace find --correlation-id ID        your own".to_owned(),
    ]
}

fn no_such_run(name: &str) -> Error {
    let names: Vec<&str> = demo::scenarios().iter().map(|s| s.name).collect();
    Error::usage(format!("the demo has no run {name:?}"), format!("there are {}", names.join(", ")))
}
