//! A spec without a file: one step for each pattern of a span name.

use std::collections::BTreeSet;

use crate::model::pattern::Pattern;
use crate::pipeline::spec::{ExpectedStep, Selector, Spec};

/// One step for each pattern, named as the pattern is written; a pattern that comes again is named `PATTERN (2)`. The spec
/// has no name, and its steps may come in any order.
///
/// # Errors
/// One sentence: a pattern that is invalid or empty.
pub(crate) fn from_patterns(patterns: &[String]) -> Result<Spec, String> {
    let mut names = BTreeSet::new();
    let mut steps = vec![];
    for text in patterns {
        if text.trim().is_empty() {
            return Err("an empty name is no span's".to_owned());
        }
        let span = Selector::span(Pattern::parse(text)?);
        let numbered = (2..).map(|number| format!("{text} ({number})"));
        let name = std::iter::once(text.clone()).chain(numbered).find(|name| !names.contains(name));
        let name = name.unwrap_or_default();
        names.insert(name.clone());
        steps.push(ExpectedStep { name, any_of: vec![span], ..ExpectedStep::default() });
    }
    Ok(Spec { steps, ..Spec::default() })
}
