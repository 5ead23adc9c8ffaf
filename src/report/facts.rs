//! Facts that several reports state in the same form.

use crate::report::block::{Fact, Line, fact, plain};
use crate::report::text::counted;
use crate::report::wording::see_more::SeeMore;

/// Facts of one kind, labelled once.
pub(crate) fn labelled(label: &'static str, lines: impl Iterator<Item = Line>) -> Vec<Fact> {
    lines.enumerate().map(|(nth, line)| fact(if nth == 0 { label } else { "" }, line)).collect()
}

/// How much more there is than the screen shows, and how to see that; none if the screen shows all.
pub(crate) fn hidden(more: usize, what: &str, how: SeeMore) -> Option<Fact> {
    (more > 0).then(|| fact("unshown", plain(format!("… and {}; {how}", counted(more, what)))))
}
