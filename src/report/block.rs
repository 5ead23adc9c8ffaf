//! Neutral blocks: what a report wants to show people, without saying how it looks.
//!
//! Text in blocks is as it came: whoever renders it makes it safe.

/// What a piece of text is. Colour follows from it, and only from it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Role {
    /// Text.
    #[default]
    Plain,
    /// What the eye should find first.
    Strong,
    /// What may be typed as it is. Never broken.
    Command,
    /// The address of a page. Never broken.
    Link,
    /// What may be overlooked.
    Dim,
    /// Something failed.
    Error,
    /// The answer may not be the whole one.
    Warn,
    /// All is well.
    Good,
    /// The critical path.
    Critical,
}

/// A run of text in one role.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Piece {
    /// The text.
    pub text: String,
    /// What it is.
    pub role: Role,
}

/// Pieces side by side.
pub type Line = Vec<Piece>;

/// One piece.
pub fn piece(role: Role, text: impl Into<String>) -> Piece {
    Piece { text: text.into(), role }
}

/// A line of one plain piece.
pub fn plain(text: impl Into<String>) -> Line {
    vec![piece(Role::Plain, text)]
}

/// A line of one piece.
pub fn one(role: Role, text: impl Into<String>) -> Line {
    vec![piece(role, text)]
}

/// A part of a report.
#[derive(Clone, Debug, PartialEq)]
pub enum Block {
    /// An empty line.
    Blank,
    /// A line, wrapped between words where it is too long.
    Line(Line),
    /// Items side by side, wrapped between items.
    Flow(Vec<Line>),
    /// Labelled things below each other, labels aligned.
    Facts(Vec<Fact>),
    /// Rows in aligned columns; the last column is wrapped.
    Table(Table),
    /// Text of several lines, kept as it is, indented.
    Text(usize, String),
    /// Bars along a common time.
    Waterfall(Waterfall),
    /// Values along a common time.
    Charts(Vec<Chart>),
}

/// A label and what it labels.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fact {
    /// The label; empty means the one above goes on.
    pub label: &'static str,
    /// What is said: items side by side.
    pub items: Vec<Line>,
}

/// A fact of one item.
pub fn fact(label: &'static str, line: Line) -> Fact {
    Fact { label, items: vec![line] }
}

/// Rows in columns.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Table {
    /// Column titles; empty where the columns speak for themselves.
    pub head: Vec<String>,
    /// The rows.
    pub rows: Vec<TableRow>,
    /// How many of the first columns hold numbers, which end below each other. The last column is what they are about
    /// then, a name, and each row is one line.
    pub numbers: usize,
    /// Columns of numbers that may be left out where there is little room for the name, the first to go first.
    pub spare: Vec<usize>,
}

/// One row of a table.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct TableRow {
    /// Its cells.
    pub cells: Vec<Line>,
    /// What stands below it, a little indented.
    pub below: Vec<Block>,
}

/// Bars along a common time.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Waterfall {
    /// How long the common time is.
    pub length_ns: i64,
    /// From top to bottom.
    pub rows: Vec<Bar>,
}

/// One row of a waterfall.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Bar {
    /// When it begins; none where no time is told.
    pub from_ns: Option<i64>,
    /// How long it is.
    pub length_ns: i64,
    /// What the bar is drawn as.
    pub style: BarStyle,
    /// Whether the journey lasted as long as it did because of it.
    pub critical: bool,
    /// Whether it failed.
    pub failed: bool,
    /// Who; empty for rows that belong to the one above.
    pub service: String,
    /// How deep the label is nested.
    pub depth: usize,
    /// What.
    pub label: Line,
    /// The same in fewer words, to be shown where the label does not fit.
    pub shorter: Vec<Line>,
    /// What is said behind the label where there is room for both, else below it; may be empty.
    pub note: Line,
    /// What is cut where nothing fits.
    pub cut: CutSide,
    /// How long, in words; may be empty.
    pub length: String,
}

/// Which part of a text goes where it is too long.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum CutSide {
    /// Its middle: names differ at both ends.
    #[default]
    Middle,
    /// Its beginning: what is dotted tells most at its end.
    Start,
}

/// What a bar is drawn as.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum BarStyle {
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
pub struct Chart {
    /// What is shown.
    pub name: String,
    /// The values, by time.
    pub values: Vec<f64>,
    /// What is said beside it: smallest, largest, last.
    pub caption: Line,
}
