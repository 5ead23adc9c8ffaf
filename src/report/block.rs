//! Neutral blocks: what a report shows people, without saying how it looks.
//!
//! Text in blocks is raw: the renderer makes it safe.

use crate::model::error_outcome::ErrorOutcome;

/// What a piece of text means. Colour follows from it, and only from it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum TextRole {
    /// Text.
    #[default]
    Plain,
    /// What the eye should find first.
    Strong,
    /// A command that can be copied. Never broken.
    Command,
    /// The address of a page. Never broken.
    Link,
    /// What may be overlooked.
    Dim,
    /// Something failed.
    Error,
    /// The answer may be incomplete, or something needs attention.
    Warn,
    /// Nothing is wrong.
    Good,
    /// The critical path.
    Critical,
}

/// A run of text in one role.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Piece {
    /// The text.
    pub(crate) text: String,
    /// What it means.
    pub(crate) role: TextRole,
}

/// Pieces side by side.
pub(crate) type Line = Vec<Piece>;

/// One piece.
pub(crate) fn piece(role: TextRole, text: impl Into<String>) -> Piece {
    Piece { text: text.into(), role }
}

/// A line of one plain piece.
pub(crate) fn plain(text: impl Into<String>) -> Line {
    vec![piece(TextRole::Plain, text)]
}

/// A line of one piece in this role.
pub(crate) fn styled(role: TextRole, text: impl Into<String>) -> Line {
    vec![piece(role, text)]
}

/// A part of a report.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Block {
    /// An empty line.
    Blank,
    /// A line, wrapped between words if it is too long.
    Line(Line),
    /// The same below the line that it belongs to. Its text begins with the indent.
    Item(Line),
    /// Items side by side, wrapped between items.
    Flow(Vec<Line>),
    /// Labelled lines, labels aligned.
    Facts(Vec<Fact>),
    /// Rows in aligned columns; the last column is wrapped.
    Table(Table),
    /// Text of several lines, indented by this many columns.
    Text(usize, String),
    /// Bars along a common time.
    Waterfall(Waterfall),
    /// Values along a common time.
    Charts(Vec<Chart>),
}

/// A labelled line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Fact {
    /// The label; empty if the line belongs to the label above.
    pub(crate) label: &'static str,
    /// Items side by side.
    pub(crate) items: Vec<Line>,
}

/// A fact of one item.
pub(crate) fn fact(label: &'static str, line: Line) -> Fact {
    Fact { label, items: vec![line] }
}

/// Rows in columns.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Table {
    /// Column titles; empty if the columns need none.
    pub(crate) head: Vec<String>,
    /// The rows.
    pub(crate) rows: Vec<TableRow>,
    /// How many of the first columns hold numbers, which are aligned to the right. If there are any, the last column is
    /// the name of what they are about, and each row is one line.
    pub(crate) numbers: usize,
    /// Columns of numbers that may be hidden if there is little room for the name, in the order in which they are.
    pub(crate) spare: Vec<usize>,
}

/// One row of a table.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct TableRow {
    /// Its cells.
    pub(crate) cells: Vec<Line>,
    /// Blocks below it, a little indented.
    pub(crate) below: Vec<Block>,
}

impl Table {
    /// A table with these titles and rows, whose last column is wrapped.
    pub(crate) fn new(head: &[&str], rows: Vec<TableRow>) -> Self {
        Self { head: head.iter().map(|title| (*title).to_owned()).collect(), rows, ..Self::default() }
    }
}

impl TableRow {
    /// A row with nothing below it.
    pub(crate) fn new(cells: Vec<Line>) -> Self {
        Self { cells, below: vec![] }
    }
}

/// Bars along a common time.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Waterfall {
    /// The common time, in nanoseconds.
    pub(crate) duration_ns: i64,
    /// From top to bottom.
    pub(crate) rows: Vec<Bar>,
}

/// One row of a waterfall.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Bar {
    /// When it begins, in nanoseconds from the start of the common time; none without a time.
    pub(crate) from_ns: Option<i64>,
    /// How long it is, in nanoseconds.
    pub(crate) duration_ns: i64,
    /// How the bar is drawn.
    pub(crate) style: BarStyle,
    /// Whether it is on the critical path.
    pub(crate) critical: bool,
    /// What came of its error; none of a span without one.
    pub(crate) outcome: Option<ErrorOutcome>,
    /// The service; empty for rows that belong to the one above.
    pub(crate) service: String,
    /// How deep the label is nested.
    pub(crate) depth: usize,
    /// What is done.
    pub(crate) label: Line,
    /// Shorter wordings of the label, for when it does not fit, the longest first.
    pub(crate) shorter: Vec<Line>,
    /// A note behind the label if there is room for both, otherwise below it; may be empty.
    pub(crate) note: Line,
    /// What is cut if no wording fits.
    pub(crate) cut: CutSide,
    /// Its duration in words; may be empty.
    pub(crate) duration: String,
}

/// Which part of a text is cut if it is too long.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum CutSide {
    /// Its middle: names differ at both ends.
    #[default]
    Middle,
    /// Its beginning: dotted names differ most at their end.
    Start,
}

/// How a bar is drawn.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum BarStyle {
    /// Work.
    #[default]
    Solid,
    /// Several spans in one bar.
    Many,
    /// Waiting.
    Dotted,
    /// No bar: the label takes its room.
    None,
}

/// Values along a common time.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Chart {
    /// What is shown.
    pub(crate) name: String,
    /// The values, by time.
    pub(crate) values: Vec<f64>,
    /// The text beside it, such as its smallest, largest and last value.
    pub(crate) caption: Line,
}
