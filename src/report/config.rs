//! `config show`: every value in effect, and where it came from.

use schemars::JsonSchema;
use serde::Serialize;
use serde_json::{Value, json};

use crate::model::provenance::Provenance;
use crate::report::block::{Block, Fact, Table, TableRow, TextRole, fact, plain, styled};
use crate::report::body::ReportBody;
use crate::report::facts::labelled;
use crate::report::frame::Frame;
use crate::report::rows::Rows;

/// Every value in effect.
#[derive(Clone, Debug, Default, Serialize, JsonSchema)]
pub(crate) struct ConfigReport {
    /// The profile in use; none if there is none.
    pub(crate) profile: Option<ConfigProfile>,
    /// Files that were read, most specific first.
    pub(crate) files: Vec<ConfigFileRecord>,
    /// Every value, by key.
    pub(crate) values: Vec<ConfigValue>,
    /// What is wrong with them.
    pub(crate) warnings: Vec<String>,
}

/// A profile, and where it was chosen.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub(crate) struct ConfigProfile {
    /// Its name.
    pub(crate) name: String,
    /// A flag, a variable, or a file with its line.
    pub(crate) from: String,
}

/// A file of settings.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub(crate) struct ConfigFileRecord {
    /// Whose it is: the project's or the user's.
    pub(crate) owner: String,
    /// Where it is.
    pub(crate) path: String,
}

/// One value.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub(crate) struct ConfigValue {
    /// Its key, with dots.
    pub(crate) name: String,
    /// The value; a secret is only said to be set.
    pub(crate) value: Value,
    /// The value for the screen.
    #[serde(skip)]
    pub(crate) text: String,
    /// The kind of place that it came from.
    pub(crate) origin: String,
    /// Where it came from: a flag, a variable, a file with its line, or the default.
    pub(crate) from: String,
}

impl ReportBody for ConfigReport {
    const NAME: &'static str = "config";
    type Record<'a> = &'a Self;

    fn record<'a>(&'a self, _: &'a Provenance) -> &'a Self {
        self
    }

    fn rows(&self) -> Option<Rows> {
        let row = |value: &ConfigValue| vec![json!(value.name), value.value.clone(), json!(value.from)];
        Some(Rows { kind: "value", columns: &["name", "value", "from"], rows: self.values.iter().map(row).collect() })
    }

    fn blocks(&self, _: &Frame) -> Vec<Block> {
        let profile = self.profile.as_ref().map_or("none".to_owned(), |p| format!("{} (from {})", p.name, p.from));
        let mut facts: Vec<Fact> = vec![fact("profile", plain(profile))];
        if self.files.is_empty() {
            facts.push(fact("files", plain("none")));
        }
        facts.extend(labelled("files", self.files.iter().map(|f| plain(format!("{} ({})", f.path, f.owner)))));
        let row = |value: &ConfigValue| {
            TableRow::new(vec![plain(&value.name), styled(TextRole::Dim, &value.from), plain(&value.text)])
        };
        let table = Table::new(&["key", "from", "value"], self.values.iter().map(row).collect());
        let mut blocks = vec![Block::Facts(facts), Block::Blank, Block::Table(table)];
        if !self.warnings.is_empty() {
            let warnings = labelled("warning", self.warnings.iter().map(|w| styled(TextRole::Warn, w)));
            blocks.extend([Block::Blank, Block::Facts(warnings)]);
        }
        blocks
    }
}
