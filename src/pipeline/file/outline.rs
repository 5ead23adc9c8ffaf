//! Line numbers of the steps in a spec's text, to insert more of them.

use crate::pipeline::file::yaml::{self, YamlNode, YamlValue};

/// Line numbers of the steps of a spec, from 0.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Outline {
    /// Every name of a step or of a group outside of groups, with its line.
    pub(crate) names: Vec<(String, usize)>,
    /// The first line below the last step.
    pub(crate) below: usize,
    /// Indentation of the list items, in characters.
    pub(crate) indent: usize,
}

/// The outline; none if the steps are not a list with an item a line.
pub(crate) fn outline(text: &str) -> Option<Outline> {
    let source = text.strip_prefix('\u{feff}').unwrap_or(text);
    let root = yaml::parse(source, &mut vec![])?;
    let YamlValue::Table(pairs) = &root.value else { return None };
    let (_, steps) = pairs.iter().find(|(key, _)| key.text() == "steps")?;
    let YamlValue::List(items) = &steps.value else { return None };
    let line = |at: usize| source[..source.floor_char_boundary(at)].matches('\n').count();
    let name = |item: &YamlNode| match &item.value {
        YamlValue::Table(pairs) => pairs.first().map(|(key, _)| (key.text().to_owned(), line(key.at.start))),
        _ => Some((item.text().to_owned(), line(item.at.start))),
    };
    let first = items.first()?.at.start;
    let begin = source[..first].rfind('\n').map_or(0, |at| at + 1);
    let indent = source[begin..first].strip_suffix("- ").filter(|before| before.trim().is_empty())?.len();
    let below = line(items.iter().map(|item| end(source, item)).max()?) + 1;
    Some(Outline { names: items.iter().filter_map(name).collect(), below, indent })
}

/// Position of a node's last character. For a block collection the parser's end is where the next token begins, so that
/// the last inner node is used.
fn end(source: &str, node: &YamlNode) -> usize {
    let mut last = node;
    loop {
        let in_brackets = source.get(last.at.start..).is_some_and(|text| text.starts_with(['{', '[']));
        let inner = match &last.value {
            YamlValue::Table(pairs) if !in_brackets => pairs.last().map(|(_, value)| value),
            YamlValue::List(items) if !in_brackets => items.last(),
            _ => None,
        };
        match inner {
            Some(inner) => last = inner,
            None => return last.at.end.saturating_sub(1),
        }
    }
}
