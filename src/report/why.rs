//! `why`: what the bad journeys have in common and the good ones do not.

use schemars::JsonSchema;
use serde::Serialize;
use serde_json::json;

use crate::analysis::window::why::{Difference, Feature, FeatureKind, Predicate, Question, Slow, WhyResult};
use crate::model::action::{About, Argument, CommandName, Invocation};
use crate::model::basis::Basis;
use crate::model::provenance::Provenance;
use crate::model::time::Human;
use crate::report::block::{Block, Fact, Line, Table, TableRow, TextRole, fact, piece, plain, styled};
use crate::report::body::ReportBody;
use crate::report::facts::hidden;
use crate::report::frame::Frame;
use crate::report::rows::Rows;
use crate::report::text::{counted, first_few};
use crate::report::window_screen::basis_line;
use crate::report::wording::see_more::SeeMore;

/// How many rows of entries, of what only restates the question, and of what is lacking, are shown.
const FEW: usize = 3;
/// The slow journeys if no entry operation has enough of them for a tenth.
const SLOW_OF_ALL: &str = "the slowest tenth of all";
/// How many things that come with another are named.
const ALSO: usize = 4;

/// What the rows of a table are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Section {
    Causes,
    /// The entry operations that began the journeys.
    Entries,
    Suspects,
    /// What only restates that the journeys are bad.
    Restated,
    Lacking,
}

impl Section {
    /// The title of the column with the differences; none if a line above the table says what they are.
    fn title(self) -> Option<&'static str> {
        match self {
            Self::Causes => Some("what"),
            Self::Entries => Some("what began them"),
            Self::Suspects => Some("suspect, perhaps by chance"),
            Self::Restated | Self::Lacking => None,
        }
    }

    /// Whether shares are weighed over the entry operations if the journeys are compared within several.
    fn is_weighed(self) -> bool {
        matches!(self, Self::Causes | Self::Suspects)
    }
}

/// The journeys that the bad ones are compared with.
#[derive(Clone, Debug)]
enum Others {
    /// All that are not bad.
    All,
    /// Those that meet these criteria, in the user's words.
    Chosen(String),
}

impl Others {
    fn as_str(&self) -> &str {
        match self {
            Self::All => "all others",
            Self::Chosen(text) => text,
        }
    }
}

/// What makes a journey bad.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum BadKind {
    Bad,
    Slow,
}

impl BadKind {
    fn as_str(self) -> &'static str {
        match self {
            Self::Bad => "bad",
            Self::Slow => "slow",
        }
    }
}

/// The question in words.
#[derive(Clone, Debug)]
pub(crate) struct WhyQuestion {
    /// Which journeys are bad.
    bad: String,
    others: Others,
    bad_kind: BadKind,
    /// Whether the user chose the bad or the good journeys: if there are none, the criteria may be mistyped.
    is_chosen: bool,
}

impl WhyQuestion {
    /// The wording of this question.
    pub(crate) fn new(question: &Question) -> Self {
        let is_chosen = question.bad.is_some() || question.good.is_some();
        let slow = |bad: String| Self { bad, others: Others::All, bad_kind: BadKind::Slow, is_chosen };
        match question.slow {
            Some(Slow::Tenth) => return slow("the slowest tenth of each entry".to_owned()),
            Some(Slow::Over(limit)) => return slow(format!("longer than {}", Human(limit))),
            None => {}
        }
        let others = question.good.as_ref().map_or(Others::All, |criteria| Others::Chosen(criteria.text.clone()));
        let bad = match (&question.bad, &others) {
            (Some(criteria), _) => criteria.text.clone(),
            (None, Others::Chosen(_)) => Others::All.as_str().to_owned(),
            (None, Others::All) => "an error that failed".to_owned(),
        };
        Self { bad, others, bad_kind: BadKind::Bad, is_chosen }
    }
}

/// How bad journeys differ from the others.
#[derive(Clone, Debug)]
pub(crate) struct WhyReport {
    question: WhyQuestion,
    result: WhyResult,
    basis: Basis,
    top: usize,
}

/// The same as JSON.
#[derive(Serialize, JsonSchema)]
pub(crate) struct WhyRecord<'a> {
    /// The result in a word.
    verdict: WhyVerdict,
    /// Which journeys are bad, as in the question.
    bad: &'a str,
    /// Which are good.
    good: &'a str,
    bad_journey_count: usize,
    good_journey_count: usize,
    /// How many of the good ones had errors, all of them handled or recovered.
    recovered_count: usize,
    /// How many are neither, or have no span that passes the filters.
    left_out_count: usize,
    /// Within how many entry operations the bad ones are compared with the good ones, the rare ones of a service as one;
    /// null if all are compared with all, because within them there are too few.
    entries_compared_count: Option<usize>,
    /// How many bad ones are compared so: the others began with what no good one did.
    bad_compared_count: usize,
    /// How many good ones are.
    good_compared_count: usize,
    /// How many features were compared; a difference is only listed if it is beyond chance among that many.
    compared_count: usize,
    /// The entry operations that are commoner among the bad ones; if nothing is compared within them, they are causes.
    entries: Vec<DifferenceRecord<'a>>,
    /// What the bad ones have, the surest difference first.
    causes: Vec<DifferenceRecord<'a>>,
    /// Without a cause: what the bad ones have most clearly more often; chance may have made it so.
    suspects: Vec<DifferenceRecord<'a>>,
    /// What only restates that they are bad: the failure's own attributes, and what was asked for.
    restated: Vec<DifferenceRecord<'a>>,
    /// Steps and services that the bad ones lack.
    lacking: Vec<DifferenceRecord<'a>>,
    /// What the numbers rest on.
    basis: &'a Basis,
}

/// How two sets of journeys compare.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
enum WhyVerdict {
    /// They differ.
    #[serde(rename = "told_apart")]
    Differ,
    /// Nothing differs beyond chance.
    #[serde(rename = "nothing_tells_them_apart")]
    Alike,
    /// There are so few of one of them that no difference could be beyond chance.
    TooFew,
}

/// One difference as JSON.
#[derive(Serialize, JsonSchema)]
struct DifferenceRecord<'a> {
    /// In one line.
    text: String,
    kind: FeatureKind,
    /// Only on spans of this service; null for any.
    service: Option<&'a str>,
    /// The attribute's key; `entry`, `service` and `operation` for those, `error` for what failures say.
    key: &'a str,
    /// Its value; null for a range.
    value: Option<&'a str>,
    /// The least number of the range.
    #[serde(skip_serializing_if = "Option::is_none")]
    from: Option<f64>,
    /// The first number above the range.
    #[serde(skip_serializing_if = "Option::is_none")]
    below: Option<f64>,
    /// In how many bad journeys, of those that are compared for it.
    bad_count: usize,
    bad_compared_count: usize,
    /// The share of that. If journeys are compared within entry operations, those are weighed by how much each can show.
    bad_share: f64,
    /// In how many good ones, of those that are compared.
    good_count: usize,
    good_compared_count: usize,
    /// The share of that, weighed in the same way.
    good_share: f64,
    /// By how much the shares differ at least, at 95 %: rows are sorted by it.
    difference_at_least: f64,
    /// How likely chance makes such a difference, by this row alone.
    p_value: f64,
    /// What nearly always comes with it.
    also: Vec<String>,
    /// Bad journeys to look at.
    examples: &'a [String],
}

impl WhyReport {
    /// The report on this result, with this many causes on the screen.
    pub(crate) fn new(question: WhyQuestion, result: WhyResult, basis: Basis, top: usize) -> Self {
        Self { question, result, basis, top }
    }

    fn verdict(&self) -> WhyVerdict {
        if !self.result.enough {
            WhyVerdict::TooFew
        } else if [&self.result.entries, &self.result.causes, &self.result.lacking].iter().all(|rows| rows.is_empty()) {
            WhyVerdict::Alike
        } else {
            WhyVerdict::Differ
        }
    }

    fn records<'a>(rows: &'a [Difference]) -> Vec<DifferenceRecord<'a>> {
        let record = |row: &'a Difference| {
            let (service, value, range) = match &row.predicate {
                Predicate::Feature(Feature { service, value, .. }) => (service.as_deref(), Some(value.as_str()), None),
                Predicate::Range { above, cut, .. } => (None, None, Some((*above, *cut))),
            };
            DifferenceRecord {
                text: row.predicate.text(),
                kind: row.predicate.kind(),
                service,
                key: row.predicate.key(),
                value,
                from: range.filter(|(above, _)| *above).map(|(_, cut)| cut),
                below: range.filter(|(above, _)| !above).map(|(_, cut)| cut),
                bad_count: row.bad,
                bad_compared_count: row.of[0],
                bad_share: row.shares[0],
                good_count: row.good,
                good_compared_count: row.of[1],
                good_share: row.shares[1],
                difference_at_least: row.at_least,
                p_value: row.p,
                also: row.also.iter().map(Predicate::text).collect(),
                examples: &row.examples,
            }
        };
        rows.iter().map(record).collect()
    }

    /// The clearest difference: a cause, unless it is known of less than half of the bad journeys and an entry of more.
    fn clearest(&self) -> Option<(Section, &Difference)> {
        let cause = self.result.causes.first().map(|cause| (Section::Causes, cause));
        let entry = self.result.entries.first().map(|entry| (Section::Entries, entry));
        let is_of_few = |cause: &Difference| cause.of[0] * 2 < self.result.bad;
        match (cause, entry) {
            (Some((_, cause)), Some((_, first))) if is_of_few(cause) && first.bad > cause.bad => entry,
            _ => cause.or(entry),
        }
    }

    fn title(&self, frame: &Frame) -> Line {
        let WhyResult { bad, good, recovered, .. } = self.result;
        let word = self.question.bad_kind.as_str();
        let is_complete = self.basis.cut_services() == 0 && frame.provenance.complete;
        let bad_text = if self.question.is_chosen { format!(": {}", self.question.bad) } else { format!(" {word}") };
        let goods = || counted(good, "journey");
        match (self.verdict(), self.clearest()) {
            (WhyVerdict::TooFew, _) if bad == 0 && good == 0 => styled(TextRole::Strong, "– no journey to compare"),
            (WhyVerdict::TooFew, _) if bad == 0 && !is_complete => {
                let text =
                    format!("– none seen that is{bad_text}, among {} that were read; there may be more", goods());
                styled(TextRole::Strong, text)
            }
            (WhyVerdict::TooFew, _) if bad == 0 && self.question.is_chosen => {
                styled(TextRole::Strong, format!("– none of {} is{bad_text}", goods()))
            }
            (WhyVerdict::TooFew, _) if bad == 0 && recovered > 0 => {
                let errors = format!("; {recovered} had errors that were handled or recovered");
                let text = format!("✓ none of {} failed", goods());
                vec![piece(TextRole::Good, text), piece(TextRole::Plain, errors)]
            }
            (WhyVerdict::TooFew, _) if bad == 0 => styled(TextRole::Good, format!("✓ none of {} is {word}", goods())),
            (WhyVerdict::TooFew, _) if good == 0 => {
                let bads = counted(bad, "journey");
                styled(TextRole::Warn, format!("– all of {bads} are {word}: nothing to compare them with"))
            }
            (WhyVerdict::TooFew, _) => {
                let total = counted(bad + good, "journey");
                styled(TextRole::Warn, format!("– too few to tell: {bad} {word} and {good} other of {total}"))
            }
            (WhyVerdict::Alike, _) => {
                let text = format!("– nothing tells the {bad} {word} journeys from the {good} others, beyond chance");
                styled(TextRole::Strong, text)
            }
            (WhyVerdict::Differ, None) => {
                styled(TextRole::Warn, format!("! the {bad} {word} journeys lack what the {good} others have"))
            }
            (WhyVerdict::Differ, Some((_, first))) => vec![
                piece(TextRole::Warn, format!("! {} of {} {word} journeys have ", first.bad, first.of[0])),
                piece(TextRole::Strong, first.predicate.text()),
                piece(TextRole::Warn, format!(", {} of {} others do", first.good, first.of[1])),
            ],
        }
    }

    /// Which are bad, in words.
    fn bad(&self) -> &str {
        if self.result.slow_of_all { SLOW_OF_ALL } else { &self.question.bad }
    }

    fn question_line(&self) -> Line {
        let (word, bad) = (self.question.bad_kind.as_str(), self.bad());
        let WhyResult { bad: bad_count, good, recovered, neither, .. } = self.result;
        let others = match &self.question.others {
            Others::All => good.to_string(),
            Others::Chosen(text) => format!("{text} ({good})"),
        };
        let with_errors = match recovered {
            0 => String::new(),
            n => format!(", {n} with errors that were handled or recovered"),
        };
        let left_out = if neither > 0 { format!(" · {neither} left out") } else { String::new() };
        styled(TextRole::Dim, format!("{word}: {bad} ({bad_count}) · others: {others}{with_errors}{left_out}"))
    }

    fn table(&self, section: Section, rows: &[Difference]) -> Table {
        let most = match section {
            Section::Causes | Section::Suspects => self.top,
            Section::Entries | Section::Restated | Section::Lacking => FEW,
        };
        let count = |n: usize, of: usize, share: f64| plain(format!("{n} of {of}  {:>3.0} %", share * 100.0));
        let doubt = if section == Section::Suspects { "? " } else { "" };
        let row = |row: &Difference| {
            let also: Vec<String> = row.also.iter().map(Predicate::text).collect();
            let also_line = || Block::Line(styled(TextRole::Dim, format!("also {}", first_few(&also, ALSO))));
            TableRow {
                cells: vec![
                    count(row.bad, row.of[0], row.shares[0]),
                    count(row.good, row.of[1], row.shares[1]),
                    vec![piece(TextRole::Dim, doubt), piece(TextRole::Strong, row.predicate.text())],
                ],
                below: if also.is_empty() { vec![] } else { vec![also_line()] },
            }
        };
        let rows = rows.iter().take(most).map(row).collect();
        let Some(title) = section.title() else { return Table::new(&[], rows) };
        // A weighed share is not simply that of the counts beside it.
        let is_weighed = section.is_weighed() && self.result.entries_compared.is_some_and(|n| n > 1);
        let weighed = if is_weighed { ", weighed" } else { "" };
        let word = self.question.bad_kind.as_str();
        Table::new(&[&format!("{word}{weighed}"), &format!("others{weighed}"), title], rows)
    }

    /// Which others the bad journeys are compared with, and how many have none to be compared with.
    fn compared(&self) -> Vec<Fact> {
        let Some(entries) = self.result.entries_compared else { return vec![] };
        let within = match entries {
            1 => String::new(),
            n => format!(", within {}; shares are weighed over them", counted(n, "entry operation")),
        };
        let text = format!("only with others that began the same way{within}");
        let mut facts = vec![fact("compared", styled(TextRole::Dim, text))];
        let (bad, word) = (self.result.bad, self.question.bad_kind.as_str());
        let left_over = bad - self.result.compared[0];
        if left_over > 0 {
            let text = format!("{left_over} of the {bad} {word} ones, which began with what no other did");
            facts.push(fact("left over", plain(text)));
        }
        facts
    }

    /// Rows that are not on the screen.
    fn hidden(&self) -> Vec<Fact> {
        let more = |rows: &[Difference], most: usize| rows.len().saturating_sub(most);
        let causes = more(&self.result.causes, self.top);
        let others = more(&self.result.restated, FEW) + more(&self.result.lacking, FEW);
        let causes = hidden(causes, "more row", SeeMore::Top(self.top + causes));
        causes.into_iter().chain(hidden(others, "more restated or lacking row", SeeMore::Json)).collect()
    }

    fn next(&self) -> Invocation {
        let WhyResult { causes, suspects, lacking, restated, .. } = &self.result;
        let rows = causes.iter().chain(suspects).chain(lacking).chain(restated);
        if let Some(example) = rows.flat_map(|row| &row.examples).next() {
            let command = match self.question.bad_kind {
                BadKind::Slow => CommandName::Timeline,
                BadKind::Bad => CommandName::Missing,
            };
            return Invocation::new(command).about(About::Id(example.clone()));
        }
        // All of them are compared with none.
        let has_others = self.result.good > self.result.recovered;
        if self.result.bad == 0 && self.result.recovered > 0 && has_others {
            return Invocation::new(CommandName::Why).about(About::Question).with(Argument::ErrorsAreBad);
        }
        Invocation::new(CommandName::Hotspots).about(About::Question)
    }
}

impl ReportBody for WhyReport {
    const NAME: &'static str = "why";
    type Record<'a> = WhyRecord<'a>;

    fn record<'a>(&'a self, _: &'a Provenance) -> WhyRecord<'a> {
        WhyRecord {
            verdict: self.verdict(),
            bad: self.bad(),
            good: self.question.others.as_str(),
            bad_journey_count: self.result.bad,
            good_journey_count: self.result.good,
            recovered_count: self.result.recovered,
            left_out_count: self.result.neither,
            entries_compared_count: self.result.entries_compared,
            bad_compared_count: self.result.compared[0],
            good_compared_count: self.result.compared[1],
            compared_count: self.result.family,
            entries: Self::records(&self.result.entries),
            causes: Self::records(&self.result.causes),
            suspects: Self::records(&self.result.suspects),
            restated: Self::records(&self.result.restated),
            lacking: Self::records(&self.result.lacking),
            basis: &self.basis,
        }
    }

    fn rows(&self) -> Option<Rows> {
        let parts = [
            ("entry", &self.result.entries),
            ("cause", &self.result.causes),
            ("suspect", &self.result.suspects),
            ("restated", &self.result.restated),
            ("lacking", &self.result.lacking),
        ];
        let row = |part: &str, r: DifferenceRecord| {
            vec![
                json!(part),
                json!(r.text),
                json!(r.kind),
                json!(r.service),
                json!(r.key),
                json!(r.value),
                json!(r.bad_count),
                json!(r.bad_compared_count),
                json!(r.bad_share),
                json!(r.good_count),
                json!(r.good_compared_count),
                json!(r.good_share),
                json!(r.difference_at_least),
                json!(r.p_value),
                json!(r.also.join("; ")),
                json!(r.examples.first()),
            ]
        };
        let rows = parts.iter().flat_map(|(part, rows)| Self::records(rows).into_iter().map(|r| row(part, r)));
        Some(Rows {
            kind: "difference",
            columns: &[
                "part",
                "text",
                "kind",
                "service",
                "key",
                "value",
                "bad_count",
                "bad_compared_count",
                "bad_share",
                "good_count",
                "good_compared_count",
                "good_share",
                "difference_at_least",
                "p_value",
                "also",
                "example",
            ],
            rows: rows.collect(),
        })
    }

    fn blocks(&self, frame: &Frame) -> Vec<Block> {
        let WhyResult { entries, causes, suspects, restated, lacking, .. } = &self.result;
        let mut blocks = vec![Block::Line(self.title(frame)), Block::Line(self.question_line())];
        blocks.push(basis_line(&self.basis));
        blocks.extend(frame.completeness());
        let mut tables = [(Section::Causes, causes), (Section::Entries, entries)];
        if self.clearest().is_some_and(|(section, _)| section == Section::Entries) {
            tables.reverse();
        }
        for (section, rows) in tables.into_iter().chain([(Section::Suspects, suspects)]) {
            if !rows.is_empty() {
                blocks.extend([Block::Blank, Block::Table(self.table(section, rows))]);
            }
        }
        if !restated.is_empty() {
            let text = "what the failure itself says, or was asked for";
            blocks.extend([Block::Blank, Block::Line(styled(TextRole::Dim, text))]);
            blocks.push(Block::Table(self.table(Section::Restated, restated)));
        }
        if !lacking.is_empty() {
            let word = self.question.bad_kind.as_str();
            let text = format!("what the {word} ones lack, maybe because they ended early");
            blocks.extend([Block::Blank, Block::Line(styled(TextRole::Dim, text))]);
            blocks.push(Block::Table(self.table(Section::Lacking, lacking)));
        }
        let mut facts = self.hidden();
        facts.extend(self.compared());
        if self.result.enough && !causes.is_empty() {
            let text = "shown is what chance alone would not make; it goes with the failures, it need not cause them";
            facts.push(fact("rule", styled(TextRole::Dim, text)));
        }
        if !suspects.is_empty() {
            let text = "what differs most is no cause yet: chance alone may have made it so; more journeys would tell";
            facts.push(fact("suspects", styled(TextRole::Dim, text)));
        }
        facts.extend(frame.notes());
        facts.extend(frame.searched());
        facts.extend(frame.next(&[self.next()]));
        blocks.extend([Block::Blank, Block::Facts(facts)]);
        blocks
    }
}
