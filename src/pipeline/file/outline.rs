//! Where the steps of a spec stand in its text, for whoever adds to it.

use crate::pipeline::file::yaml::{self, YamlNode, YamlValue};

/// Where the steps of a spec stand. Lines are counted from 0.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Outline {
    /// Every name of a step or of a group outside of groups, with its line.
    pub names: Vec<(String, usize)>,
    /// The first line below the last step.
    pub below: usize,
    /// How far the items of the list are indented.
    pub indent: usize,
}

/// Where the steps stand; none where they are no list with one item a line.
pub fn outline(text: &str) -> Option<Outline> {
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

/// Where the last character of it stands. Of what is not in brackets the parser only tells where the next thing begins.
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
