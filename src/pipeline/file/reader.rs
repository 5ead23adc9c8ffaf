//! Reads a YAML tree by what is expected at each node, and collects every error.

use std::ops::Range;

use crate::model::pattern::Pattern;
use crate::pipeline::file::diagnostic::{MOST, SpecError};
use crate::pipeline::file::values::{self, Correction};
use crate::pipeline::file::yaml::{ScalarKind, YamlNode, YamlValue};
use crate::spelling::nearest;

/// Longest list. Specs are written and reviewed by people.
const LONGEST_LIST: usize = 1_000;

/// Collects errors while a file is read.
pub(super) struct SpecReader<'s> {
    pub source: &'s str,
    pub errors: Vec<SpecError>,
}

/// The values of a mapping by key. A key of two words may be written with a space or an underscore.
pub(super) struct Fields<'n>(Vec<(&'static str, &'n YamlNode, &'n YamlNode)>);

impl<'n> Fields<'n> {
    pub(crate) fn get(&self, key: &str) -> Option<&'n YamlNode> {
        self.0.iter().find(|(known, ..)| *known == key).map(|(_, _, value)| *value)
    }

    /// The node of the key itself.
    pub(crate) fn key(&self, key: &str) -> Option<&'n YamlNode> {
        self.0.iter().find(|(known, ..)| *known == key).map(|(_, key, _)| *key)
    }
}

impl SpecReader<'_> {
    pub(crate) fn error(&mut self, at: &Range<usize>, message: impl Into<String>, help: impl Into<String>) {
        self.errors.push(SpecError { at: at.clone(), message: message.into(), help: help.into() });
    }

    /// Reports that a node is something else than expected.
    pub(crate) fn expected(&mut self, node: &YamlNode, expected: &str, help: impl Into<String>) {
        match node.kind() {
            ScalarKind::Unreadable => {}
            found => self.error(&node.at, format!("expected {expected}, found {}", found.as_str()), help),
        }
    }

    /// A suggestion for an unknown word; none if no known one is similar.
    pub(crate) fn suggestion(&self, word: &str, known: &[&str]) -> Option<String> {
        let near = self.is_read().then(|| nearest(word, known)).flatten()?;
        Some(format!("did you mean `{near}`?"))
    }

    /// Line of a byte position, from 1; none once too many errors were found.
    pub fn line(&self, at: usize) -> Option<usize> {
        self.is_read().then(|| self.source[..at].matches('\n').count() + 1)
    }

    /// Whether the next error will be listed at all: suggestions and line numbers cost time.
    fn is_read(&self) -> bool {
        self.errors.len() < MOST / 2
    }

    /// A mapping with these keys and no others.
    pub(crate) fn fields<'n>(&mut self, node: &'n YamlNode, what: &str, known: &[&'static str]) -> Option<Fields<'n>> {
        let YamlValue::Table(pairs) = &node.value else {
            self.expected(node, what, format!("its keys: {}", known.join(", ")));
            return None;
        };
        let mut fields = Fields(vec![]);
        for (key, value) in pairs {
            let word = key.text().replace(' ', "_");
            match known.iter().find(|known| **known == word) {
                None => {
                    let help =
                        self.suggestion(&word, known).unwrap_or_else(|| format!("known are {}", known.join(", ")));
                    self.error(&key.at, format!("unknown key `{}`", key.text()), help);
                }
                Some(known) if fields.key(known).is_some() => {
                    self.error(&key.at, format!("`{}` stands here twice", key.text()), "leave one of the two away");
                }
                Some(known) => fields.0.push((known, key, value)),
            }
        }
        Some(fields)
    }

    /// The items of a list; a single value is an error.
    pub(crate) fn list<'n>(&mut self, node: Option<&'n YamlNode>, what: &str) -> &'n [YamlNode] {
        let Some(node) = node else { return &[] };
        let YamlValue::List(items) = &node.value else {
            self.expected(node, what, "begin each with `- `, or write [ … ]");
            return &[];
        };
        if items.len() > LONGEST_LIST {
            let message = format!("{what} of {} entries is too long", items.len());
            self.error(&node.at, message, format!("at most {LONGEST_LIST} are read"));
            return &[];
        }
        items
    }

    /// Text that is not empty.
    pub(crate) fn text<'n>(&mut self, node: &'n YamlNode) -> Option<&'n str> {
        match node.kind() {
            ScalarKind::Text if node.text().trim().is_empty() => {
                self.error(&node.at, "expected text, found nothing", "write what is meant, or leave the key away");
            }
            ScalarKind::Text => return Some(node.text()),
            ScalarKind::Number | ScalarKind::Flag => {
                self.expected(node, "text", format!("quote it: \"{}\"", node.text()));
            }
            _ => self.expected(node, "text", ""),
        }
        None
    }

    /// Any scalar, as it is written.
    pub(crate) fn scalar<'n>(&mut self, node: &'n YamlNode, what: &str) -> Option<&'n str> {
        match node.kind() {
            ScalarKind::Text | ScalarKind::Number | ScalarKind::Flag if !node.text().trim().is_empty() => {
                Some(node.text())
            }
            ScalarKind::Text => {
                self.error(&node.at, format!("expected {what}, found nothing"), "");
                None
            }
            _ => {
                self.expected(node, what, "");
                None
            }
        }
    }

    /// Parses a scalar in one of the value formats.
    pub(crate) fn parse_scalar<T>(
        &mut self,
        node: &YamlNode,
        what: &str,
        parse: impl Fn(&str) -> Result<T, Correction>,
    ) -> Option<T> {
        let text = self.scalar(node, what)?;
        parse(text).map_err(|(message, help)| self.error(&node.at, message, help)).ok()
    }

    pub(crate) fn pattern(&mut self, node: &YamlNode) -> Option<Pattern> {
        let text = self.text(node)?;
        values::pattern(text).map_err(|(message, help)| self.error(&node.at, message, help)).ok()
    }

    /// Each of a list of patterns.
    pub(crate) fn patterns(&mut self, node: Option<&YamlNode>) -> Vec<Pattern> {
        self.list(node, "a list of patterns").iter().filter_map(|item| self.pattern(item)).collect()
    }

    /// `true` or `false`; false where nothing is said.
    pub(crate) fn flag(&mut self, node: Option<&YamlNode>) -> bool {
        let Some(node) = node else { return false };
        if node.kind() == ScalarKind::Flag {
            return node.text().eq_ignore_ascii_case("true");
        }
        let help = match node.text().to_lowercase().as_str() {
            "yes" | "on" | "y" => "write true",
            "no" | "off" | "n" => "write false",
            _ => "",
        };
        self.expected(node, "true or false", help);
        false
    }

    /// One of a few words.
    pub(crate) fn choice<T: Copy>(&mut self, node: &YamlNode, choices: &[(&str, T)]) -> Option<T> {
        let text = self.text(node)?;
        let found = choices.iter().find(|(word, _)| *word == text).map(|(_, value)| *value);
        if found.is_none() {
            let known: Vec<&str> = choices.iter().map(|(word, _)| *word).collect();
            let help = self.suggestion(text, &known).unwrap_or_else(|| format!("known are {}", known.join(", ")));
            self.error(&node.at, format!("unknown value `{text}`"), help);
        }
        found
    }

    /// A part of a scalar, where the file has it letter by letter; else all of it.
    pub(crate) fn part(&self, node: &YamlNode, part: Range<usize>) -> Range<usize> {
        let written = self.source.get(node.at.clone()).unwrap_or_default();
        match written.find(node.text()) {
            Some(offset) => node.at.start + offset + part.start..node.at.start + offset + part.end,
            None => node.at.clone(),
        }
    }
}
