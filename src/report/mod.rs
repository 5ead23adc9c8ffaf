//! What is shown: one file a report, each as neutral blocks for people and as data for programs.
//!
//! A report implements `ReportBody` and has a line in the list `REPORTS`.

pub(crate) mod alerts;
pub(crate) mod block;
mod body;
mod charts;
pub(crate) mod config;
pub(crate) mod diff;
pub(crate) mod doctor;
pub(crate) mod errors;
mod facts;
mod filters;
pub(crate) mod find;
mod finding_record;
mod findings;
mod frame;
pub(crate) mod graph;
pub(crate) mod hotspots;
mod journey_facts;
mod journey_header;
mod journey_record;
pub(crate) mod latency;
pub(crate) mod learned;
mod log_lines;
pub(crate) mod logs;
pub(crate) mod map;
mod membership;
pub(crate) mod missing;
mod names;
pub(crate) mod phases;
pub(crate) mod rows;
pub(crate) mod rules;
pub(crate) mod span;
pub(crate) mod spec_check;
mod status_records;
pub(crate) mod text;
pub(crate) mod timeline;
pub(crate) mod tour;
pub(crate) mod verify;
mod waterfall;
pub(crate) mod why;
pub(crate) mod window_screen;
pub mod wording;

use schemars::{JsonSchema, SchemaGenerator, generate::SchemaSettings};
use serde_json::{Value, json};

pub(crate) use body::{Report, ReportBody};

/// Every report, in the order of the JSON Schema.
const REPORTS: [ReportKind; 20] = [
    kind::<find::FindReport>(),
    kind::<timeline::TimelineReport>(),
    kind::<span::SpanReport>(),
    kind::<logs::LogsReport>(),
    kind::<missing::MissingReport>(),
    kind::<hotspots::HotspotsReport>(),
    kind::<errors::ErrorsReport>(),
    kind::<verify::VerificationReport>(),
    kind::<spec_check::SpecCheckReport>(),
    kind::<learned::LearnedReport>(),
    kind::<latency::LatencyReport>(),
    kind::<map::MapReport>(),
    kind::<phases::PhasesReport>(),
    kind::<alerts::AlertsReport>(),
    kind::<rules::RulesReport>(),
    kind::<why::WhyReport>(),
    kind::<diff::DiffReport>(),
    kind::<doctor::DoctorReport>(),
    kind::<config::ConfigReport>(),
    kind::<tour::TourReport>(),
];

/// A report without its data.
struct ReportKind {
    name: &'static str,
    schema: fn(&mut SchemaGenerator) -> Value,
}

const fn kind<B: ReportBody + 'static>() -> ReportKind {
    ReportKind { name: B::NAME, schema: document_schema::<B::Record<'static>> }
}

fn document_schema<R: JsonSchema>(generator: &mut SchemaGenerator) -> Value {
    <body::Document<R> as JsonSchema>::json_schema(generator).to_value()
}

/// The JSON Schema of every report.
pub fn schema() -> Value {
    let mut generator = SchemaSettings::draft2020_12().for_serialize().into_generator();
    let reports = REPORTS.iter().map(|kind| {
        let mut schema = (kind.schema)(&mut generator);
        schema["title"] = json!(kind.name);
        schema["properties"]["report"] = json!({ "const": kind.name });
        schema
    });
    let reports: Vec<Value> = reports.collect();
    json!({
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "trace reports",
        "description": "what every command prints with `-o json`; times are RFC 3339 in UTC with nanoseconds",
        "oneOf": reports,
        "$defs": generator.take_definitions(true),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    use std::collections::BTreeSet;
    use std::path::Path;

    /// The names that the files below this one give to reports.
    fn names_in(folder: &Path, names: &mut BTreeSet<String>) {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                names_in(&path, names);
                continue;
            }
            let text = std::fs::read_to_string(&path).unwrap();
            let name = |line: &str| {
                Some(line.trim().strip_prefix("const NAME: &'static str = \"")?.strip_suffix("\";")?.to_owned())
            };
            names.extend(text.lines().filter_map(name));
        }
    }

    #[test]
    fn every_report_is_in_the_schema_once() {
        let mut written = BTreeSet::new();
        names_in(&Path::new(env!("CARGO_MANIFEST_DIR")).join("src/report"), &mut written);
        let listed: BTreeSet<String> = REPORTS.iter().map(|kind| kind.name.to_owned()).collect();
        assert_eq!(listed, written);
        assert_eq!(listed.len(), REPORTS.len(), "two reports of one name");
    }
}
