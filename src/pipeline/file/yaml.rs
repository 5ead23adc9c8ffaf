//! Parses YAML into a tree with positions. The only module that uses the YAML parser.
//!
//! Stricter than YAML: one document, no duplicate keys, no anchors, aliases or tags. A spec does not need them, they are
//! hard to review, and one that occurs is nearly always a pattern without quotes (`*`, `&`, `!`).

use std::collections::HashSet;
use std::ops::Range;

use granit_parser::{Event, Parser, ScalarStyle, Span};

use crate::pipeline::file::diagnostic::SpecError;

/// Most nodes of a file: bounds the memory of a hostile one.
const MOST_NODES: usize = 50_000;
/// Most regular expressions of a file: compiling one is expensive.
const MOST_EXPRESSIONS: usize = 500;
/// Deepest nesting. The grammar of a spec is far less deep; unbounded, a hostile file would exhaust the stack.
const DEEPEST: usize = 16;

/// A node with its position.
#[derive(Clone, Debug)]
pub(super) struct YamlNode {
    /// Position in bytes.
    pub at: Range<usize>,
    pub value: YamlValue,
}

#[derive(Clone, Debug)]
pub(super) enum YamlValue {
    /// A scalar, not typed yet.
    Text {
        text: String,
        quoted: bool,
    },
    List(Vec<YamlNode>),
    Table(Vec<(YamlNode, YamlNode)>),
    /// Invalid, and reported already.
    Unreadable,
}

/// The type of a node; plain scalars by the core schema of YAML 1.2.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum ScalarKind {
    Text,
    Number,
    Flag,
    Nothing,
    List,
    Table,
    Unreadable,
}

impl ScalarKind {
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::Text => "text",
            Self::Number => "a number",
            Self::Flag => "true or false",
            Self::Nothing => "nothing",
            Self::List => "a list",
            Self::Table => "a mapping",
            Self::Unreadable => "something unreadable",
        }
    }
}

impl YamlNode {
    pub fn kind(&self) -> ScalarKind {
        match &self.value {
            YamlValue::Text { quoted: true, .. } => ScalarKind::Text,
            YamlValue::Text { text, .. } => match text.as_str() {
                "" | "~" | "null" | "Null" | "NULL" => ScalarKind::Nothing,
                "true" | "True" | "TRUE" | "false" | "False" | "FALSE" => ScalarKind::Flag,
                text if is_number(text) => ScalarKind::Number,
                _ => ScalarKind::Text,
            },
            YamlValue::List(_) => ScalarKind::List,
            YamlValue::Table(_) => ScalarKind::Table,
            YamlValue::Unreadable => ScalarKind::Unreadable,
        }
    }

    /// A scalar's text; empty for anything else.
    pub(crate) fn text(&self) -> &str {
        if let YamlValue::Text { text, .. } = &self.value { text } else { "" }
    }

    /// The node in flow style, on one line.
    pub(crate) fn written(&self) -> String {
        match &self.value {
            YamlValue::Text { text, quoted: true } => format!("{text:?}"),
            YamlValue::Text { text, .. } => text.clone(),
            YamlValue::List(items) => format!("[{}]", items.iter().map(Self::written).collect::<Vec<_>>().join(", ")),
            YamlValue::Table(_) => format!("{{ {} }}", self.inside()),
            YamlValue::Unreadable => String::new(),
        }
    }

    /// The node in flow style without the outer braces.
    pub(crate) fn inside(&self) -> String {
        let YamlValue::Table(pairs) = &self.value else { return self.written() };
        pairs
            .iter()
            .map(|(key, value)| format!("{}: {}", key.written(), value.written()))
            .collect::<Vec<_>>()
            .join(", ")
    }
}

fn is_number(text: &str) -> bool {
    let digits = text.trim_start_matches(['-', '+']);
    match (text.strip_prefix("0x"), text.strip_prefix("0o"), digits) {
        (Some(hex), ..) => !hex.is_empty() && hex.chars().all(|c| c.is_ascii_hexdigit()),
        (_, Some(octal), _) => !octal.is_empty() && octal.chars().all(|c| ('0'..='7').contains(&c)),
        (.., ".inf" | ".Inf" | ".INF" | ".nan" | ".NaN" | ".NAN") => true,
        _ => {
            text.len() - digits.len() <= 1
                && digits.starts_with(|c: char| c.is_ascii_digit() || c == '.')
                && text.parse::<f64>().is_ok()
        }
    }
}

/// A collection whose end was not reached yet.
enum OpenCollection {
    List(usize, Vec<YamlNode>),
    Table(usize, Vec<(YamlNode, YamlNode)>, Option<YamlNode>),
}

/// Parses the document of a file; none if there is none, or none that can be read.
pub(super) fn parse(source: &str, errors: &mut Vec<SpecError>) -> Option<YamlNode> {
    let mut builder = Builder { source, errors, open: vec![], root: None, nodes: 0, expressions: 0 };
    builder.run().then_some(builder.root).flatten()
}

struct Builder<'a> {
    source: &'a str,
    errors: &'a mut Vec<SpecError>,
    open: Vec<OpenCollection>,
    root: Option<YamlNode>,
    nodes: usize,
    expressions: usize,
}

impl Builder<'_> {
    fn error(&mut self, at: Range<usize>, message: impl Into<String>, help: impl Into<String>) {
        self.errors.push(SpecError { at, message: message.into(), help: help.into() });
    }

    /// Whether the end of the file was reached.
    fn run(&mut self) -> bool {
        let options = granit_parser::options! {
            emit_unresolved_aliases: true,
            disallow_directives: true,
            flow_nesting_limit: DEEPEST,
            block_nesting_limit: DEEPEST,
        };
        let mut documents = 0;
        for event in Parser::new_from_str_with_options(self.source, options) {
            let (event, span) = match event {
                Ok(event) => event,
                Err(error) => {
                    let at = error.marker().byte_offset().unwrap_or(self.source.len()).min(self.source.len());
                    let (message, help) = (format!("this is no YAML: {}", error.info()), self.quoting(at));
                    self.error(at..at, message, help);
                    return false;
                }
            };
            let at = span.byte_range().unwrap_or_default();
            if matches!(event, Event::DocumentStart(..)) {
                documents += 1;
                if documents > 1 {
                    self.error(at, "a second document begins here", "one file is one spec: write a file for each");
                    return true;
                }
            }
            self.nodes += 1;
            if self.nodes > MOST_NODES || self.expressions > MOST_EXPRESSIONS {
                self.error(
                    at,
                    "this is too much for a spec",
                    format!("at most {MOST_NODES} values and {MOST_EXPRESSIONS} regular expressions are read"),
                );
                return false;
            }
            self.take(event, &span, at);
        }
        true
    }

    fn take(&mut self, event: Event, span: &Span, at: Range<usize>) {
        let anchor = match &event {
            Event::Scalar(_, _, anchor, _) | Event::SequenceStart(_, anchor, _) | Event::MappingStart(_, anchor, _) => {
                *anchor
            }
            _ => 0,
        };
        if anchor > 0 {
            let help = "write the value out; quote a text that begins with `&`";
            self.error(at.clone(), "anchors (`&name`) are not read here", help);
        }
        let tagged = event.tag().is_some();
        if tagged {
            let tag = span.tag_span().and_then(|tag| tag.byte_range()).unwrap_or(at.clone());
            let written = self.source.get(tag.clone()).unwrap_or_default().to_owned();
            let whole = self.source.get(tag.start..at.end).unwrap_or_default().trim_end();
            let help =
                format!("quote a text that begins with `!`: \"{}\"", if at.end > tag.end { whole } else { &written });
            self.error(tag, format!("`{written}` is a YAML tag here"), help);
        }
        match event {
            Event::Alias(_) | Event::UnresolvedAlias(_) => {
                let written = self.source.get(at.clone()).unwrap_or_default().to_owned();
                let help = format!("quote a pattern that begins with `*`: \"{written}\"");
                self.error(at.clone(), format!("`{written}` is a YAML alias here"), help);
                self.put(YamlNode { at, value: YamlValue::Unreadable });
            }
            Event::Scalar(..) if tagged => self.put(YamlNode { at, value: YamlValue::Unreadable }),
            Event::Scalar(text, style, ..) => {
                self.expressions += usize::from(text.trim_start_matches("!=").trim_start().starts_with("re:"));
                let quoted = style != ScalarStyle::Plain;
                self.put(YamlNode { at, value: YamlValue::Text { text: text.into_owned(), quoted } });
            }
            Event::SequenceStart(..) => self.open.push(OpenCollection::List(at.start, vec![])),
            Event::MappingStart(..) => self.open.push(OpenCollection::Table(at.start, vec![], None)),
            Event::SequenceEnd | Event::MappingEnd => match self.open.pop() {
                Some(OpenCollection::List(start, items)) => {
                    self.put(YamlNode { at: start..at.end, value: YamlValue::List(items) });
                }
                Some(OpenCollection::Table(start, pairs, _)) => {
                    let value = YamlValue::Table(self.without_repeats(pairs));
                    self.put(YamlNode { at: start..at.end, value });
                }
                None => {}
            },
            _ => {}
        }
    }

    fn put(&mut self, node: YamlNode) {
        match self.open.last_mut() {
            None => self.root = Some(node),
            Some(OpenCollection::List(_, items)) => items.push(node),
            Some(OpenCollection::Table(_, pairs, key)) => match key.take() {
                None => *key = Some(node),
                Some(key) => {
                    // An absent value has no position; errors about it point to its key.
                    let at = if node.at.is_empty() { key.at.clone() } else { node.at };
                    pairs.push((key, YamlNode { at, value: node.value }));
                }
            },
        }
    }

    fn without_repeats(&mut self, pairs: Vec<(YamlNode, YamlNode)>) -> Vec<(YamlNode, YamlNode)> {
        let mut seen = HashSet::new();
        let mut once = Vec::with_capacity(pairs.len());
        for (key, value) in pairs {
            if !matches!(key.value, YamlValue::Text { .. }) {
                self.error(key.at, "a key must be a word", "quote it if it is meant as it stands");
            } else if seen.insert(key.text().to_owned()) {
                once.push((key, value));
            } else {
                self.error(key.at.clone(), format!("`{}` stands here twice", key.text()), "leave one of the two away");
            }
        }
        once
    }

    /// Help for a syntax error: most are a value that begins with a YAML indicator.
    fn quoting(&self, at: usize) -> String {
        let start = self.source[..self.source.floor_char_boundary(at)].rfind('\n').map_or(0, |line| line + 1);
        let line = self.source[start..].lines().next().unwrap_or_default();
        let sign = line
            .split(": ")
            .skip(1)
            .find_map(|value| value.trim_start().chars().next().filter(|c| ">|!&*%@`".contains(*c)));
        match sign {
            Some(sign) => format!("quote a value that begins with `{sign}`"),
            None if line.contains('\t') => "indent with spaces: YAML takes no tabs".to_owned(),
            None => String::new(),
        }
    }
}
