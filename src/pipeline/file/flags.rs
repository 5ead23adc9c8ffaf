//! A spec without a file: what `--expect` and `--in-order` say.

use std::collections::BTreeSet;

use crate::model::pattern::Pattern;
use crate::pipeline::spec::{ExpectedStep, Selector, Spec};

/// One step for each pattern of a span's name, called as the pattern is written; a pattern that comes again is called
/// `PATTERN (2)`, and with `in_order` it has to be seen again. The spec itself has no name.
///
/// # Errors
/// One sentence: a pattern that is wrong or empty.
pub fn from_flags(expect: &[String], in_order: bool) -> Result<Spec, String> {
    let mut names = BTreeSet::new();
    let mut steps = vec![];
    for text in expect {
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
    Ok(Spec { steps, in_order, ..Spec::default() })
}
