//! `config show`: what is in force, and where each value came from.

use schemars::JsonSchema;
use serde::Serialize;

use crate::report::block::{Block, Role, Table, TableRow, one, plain};

/// Every value in force.
#[derive(Clone, Debug, Default, Serialize, JsonSchema)]
pub struct Config {
    /// By key.
    pub values: Vec<ConfigValue>,
    /// Files that were read, in order of precedence.
    pub files: Vec<String>,
}

/// One value.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct ConfigValue {
    /// Its key, with dots.
    pub key: String,
    /// The value; a secret is only said to be set.
    pub value: String,
    /// Where it came from: a flag, a variable, a file with its line, the default.
    pub origin: String,
}

impl Config {
    /// As a screen.
    pub fn blocks(&self) -> Vec<Block> {
        let row = |value: &ConfigValue| TableRow {
            cells: vec![plain(value.key.clone()), one(Role::Dim, value.origin.clone()), plain(value.value.clone())],
            below: vec![],
        };
        let head = ["key", "from", "value"].map(str::to_owned).to_vec();
        let table = Table { head, rows: self.values.iter().map(row).collect() };
        let files = match self.files.is_empty() {
            true => "no configuration file was read".to_owned(),
            false => format!("read: {}", self.files.join(", ")),
        };
        vec![Block::Table(table), Block::Blank, Block::Line(one(Role::Dim, files))]
    }
}
