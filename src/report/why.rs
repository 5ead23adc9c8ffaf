//! `why`: what the bad journeys have in common that the good ones have not.

use schemars::JsonSchema;
use serde::Serialize;
use serde_json::json;

use crate::analysis::window::why::{Difference, Feature, FeatureKind, Predicate, Question, Slow, WhyResult};
use crate::model::basis::Basis;
use crate::model::criteria::Criteria;
use crate::model::provenance::Provenance;
use crate::model::time::Human;
use crate::report::block::{Block, Fact, Line, Role, Table, TableRow, fact, one, piece, plain};
use crate::report::body::ReportBody;
use crate::report::frame::Frame;
use crate::report::parts;
use crate::report::rows::Rows;
use crate::report::window;
use crate::report::words::{counted, some};

/// How many rows of what only restates the question, and of what is lacking, are shown.
const FEW: usize = 3;
/// What stands over entries.
const BEGAN: &str = "what began them";
/// What stands over suspects.
const SUSPECT: &str = "suspect, perhaps by chance";
/// Those that are not the ones that were asked for.
const OTHERS: &str = "all others";
/// The slow where nothing that began alike has a tenth.
const SLOW_OF_ALL: &str = "the slowest tenth of all";
/// How many things that come with another are named.
const ALSO: usize = 4;

/// The question in words.
#[derive(Clone, Debug)]
pub struct WhyQuestion {
    bad: String,
    good: String,
    /// What the bad ones are called: `bad` or `slow`.
    word: &'static str,
    /// Whether the user said which are bad: that there is none may be a slip.
    is_own: bool,
}

impl WhyQuestion {
    /// This question.
    pub fn describe(question: &Question) -> Self {
        let (bad, good) = (&question.bad, &question.good);
        let text = |criteria: &Option<Criteria>, other: &str| {
            criteria.as_ref().map_or_else(|| other.to_owned(), |told| told.text.clone())
        };
        let is_own = bad.is_some() || good.is_some();
        match question.slow {
            Some(Slow::Tenth) => {
                Self { bad: "the slowest tenth of each entry".into(), good: OTHERS.into(), word: "slow", is_own }
            }
            Some(Slow::Over(limit)) => {
                Self { bad: format!("longer than {}", Human(limit)), good: OTHERS.into(), word: "slow", is_own }
            }
            None => Self {
                bad: text(bad, if good.is_some() { OTHERS } else { "error, not made good" }),
                good: text(good, OTHERS),
                word: "bad",
                is_own,
            },
        }
    }
}

/// What tells two sets of journeys apart.
#[derive(Clone, Debug)]
pub struct WhyReport {
    asked: WhyQuestion,
    told: WhyResult,
    basis: Basis,
    top: usize,
}

/// The same as JSON.
#[derive(Serialize, JsonSchema)]
pub struct WhyRecord<'a> {
    /// What can be said.
    verdict: WhyVerdict,
    /// Which journeys are bad, as it was asked.
    bad: &'a str,
    /// Which are good.
    good: &'a str,
    bad_journey_count: usize,
    good_journey_count: usize,
    /// How many of the good ones had errors that were made good: retried, or caught.
    made_good_count: usize,
    /// How many are neither, or have no span that the filters want.
    left_out_count: usize,
    /// Within how many entry operations the bad ones are compared with the good ones, the rare ones of a service as one;
    /// null where all are compared with all, for within them there are too few.
    entries_compared_count: Option<usize>,
    /// How many bad ones are compared so: the others began with what no good one did.
    bad_compared_count: usize,
    /// How many good ones are.
    good_compared_count: usize,
    /// How many things could have told them apart; what is told is beyond chance among so many.
    compared_count: usize,
    /// The entry operations that are commoner among the bad ones; where nothing is compared within them, they are causes.
    entries: Vec<DifferenceRecord<'a>>,
    /// What the bad ones have, the surest difference first.
    causes: Vec<DifferenceRecord<'a>>,
    /// Where no cause is told: what the bad ones have most clearly more often; chance may have made it so.
    suspects: Vec<DifferenceRecord<'a>>,
    /// What only says again that they are bad: what the failure says of itself, and what was asked for.
    restated: Vec<DifferenceRecord<'a>>,
    /// Steps and services that the bad ones lack.
    lacking: Vec<DifferenceRecord<'a>>,
    /// What the numbers rest on.
    basis: &'a Basis,
}

/// What can be said of two sets.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
enum WhyVerdict {
    /// Something tells them apart.
    ToldApart,
    /// Nothing does, beyond chance.
    NothingTellsThemApart,
    /// There are so few of one of them that nothing could be told, whatever they had in common.
    TooFew,
}

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
    /// The share of that; entry operations weighed by how much each can tell, where they are compared by themselves.
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
    /// Of this answer.
    pub fn new(asked: WhyQuestion, told: WhyResult, basis: Basis, top: usize) -> Self {
        Self { asked, told, basis, top }
    }

    fn verdict(&self) -> WhyVerdict {
        if !self.told.enough {
            WhyVerdict::TooFew
        } else if [&self.told.entries, &self.told.causes, &self.told.lacking].iter().all(|rows| rows.is_empty()) {
            WhyVerdict::NothingTellsThemApart
        } else {
            WhyVerdict::ToldApart
        }
    }

    fn records<'a>(rows: &'a [Difference]) -> Vec<DifferenceRecord<'a>> {
        let record = |row: &'a Difference| {
            let (service, value, range) = match &row.thing {
                Predicate::Feature(Feature { service, value, .. }) => (service.as_deref(), Some(value.as_str()), None),
                Predicate::Range { above, cut, .. } => (None, None, Some((*above, *cut))),
            };
            DifferenceRecord {
                text: row.thing.text(),
                kind: row.thing.kind(),
                service,
                key: row.thing.key(),
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

    /// What tells most: a cause, unless it is known only of the lesser part, and what began them tells of more.
    fn first(&self) -> Option<&Difference> {
        let (cause, entry) = (self.told.causes.first(), self.told.entries.first());
        let is_lesser = |cause: &&Difference| cause.of[0] * 2 < self.told.bad;
        match (cause.filter(is_lesser), entry) {
            (Some(cause), Some(entry)) if entry.bad > cause.bad => Some(entry),
            _ => cause.or(entry),
        }
    }

    fn title(&self, frame: &Frame) -> Line {
        let WhyResult { bad, good, .. } = self.told;
        let word = self.asked.word;
        let is_all = self.basis.cut() == 0 && frame.provenance.complete;
        let meant = if self.asked.is_own { format!(": {}", self.asked.bad) } else { format!(" {word}") };
        match (self.verdict(), self.first()) {
            (WhyVerdict::TooFew, _) if bad == 0 && good == 0 => one(Role::Strong, "– no journey to compare"),
            (WhyVerdict::TooFew, _) if bad == 0 && !is_all => {
                let all = counted(good, "journey");
                one(Role::Strong, format!("– none seen that is{meant}, among {all} that were read; there may be more"))
            }
            (WhyVerdict::TooFew, _) if bad == 0 && self.asked.is_own => {
                one(Role::Strong, format!("– none of {} is{meant}", counted(good, "journey")))
            }
            (WhyVerdict::TooFew, _) if bad == 0 && self.told.made_good > 0 => {
                let said = format!("✓ nothing failed for good in {}", counted(good, "journey"));
                let made_good = format!("; in {} something did, and was made good", self.told.made_good);
                vec![piece(Role::Good, said), piece(Role::Plain, made_good)]
            }
            (WhyVerdict::TooFew, _) if bad == 0 => {
                one(Role::Good, format!("✓ none of {} is {word}", counted(good, "journey")))
            }
            (WhyVerdict::TooFew, _) if good == 0 => one(
                Role::Warn,
                format!("– all of {} are {word}: nothing to compare them with", counted(bad, "journey")),
            ),
            (WhyVerdict::TooFew, _) => one(
                Role::Warn,
                format!("– too few to tell: {bad} {word} and {good} other of {}", counted(bad + good, "journey")),
            ),
            (WhyVerdict::NothingTellsThemApart, _) => one(
                Role::Strong,
                format!("– nothing tells the {bad} {word} journeys from the {good} others, beyond chance"),
            ),
            (WhyVerdict::ToldApart, None) => {
                one(Role::Warn, format!("! the {bad} {word} journeys lack what the {good} others have"))
            }
            (WhyVerdict::ToldApart, Some(first)) => vec![
                piece(Role::Warn, format!("! {} of {} {word} journeys have ", first.bad, first.of[0])),
                piece(Role::Strong, first.thing.text()),
                piece(Role::Warn, format!(", {} of {} others do", first.good, first.of[1])),
            ],
        }
    }

    /// Which are bad, in words.
    fn bad(&self) -> &str {
        if self.told.slow_of_all { SLOW_OF_ALL } else { &self.asked.bad }
    }

    fn question(&self) -> Line {
        let (bad, WhyQuestion { good, word, .. }) = (self.bad(), &self.asked);
        let WhyResult { bad: bads, good: goods, made_good, neither, .. } = self.told;
        let others = if good == OTHERS { goods.to_string() } else { format!("{good} ({goods})") };
        let made_good =
            if made_good > 0 { format!(", {made_good} with errors that were made good") } else { String::new() };
        let left_out = if neither > 0 { format!(" · {neither} left out") } else { String::new() };
        one(Role::Dim, format!("{word}: {bad} ({bads}) · others: {others}{made_good}{left_out}"))
    }

    fn table(&self, title: &str, rows: &[Difference], most: usize) -> Table {
        let is_plain = title.is_empty() || title == BEGAN;
        let of = |n: usize, all: usize, share: f64| plain(format!("{n} of {all}  {:>3.0} %", share * 100.0));
        let doubt = if title == SUSPECT { "? " } else { "" };
        let row = |row: &Difference| {
            let named: Vec<String> = row.also.iter().map(Predicate::text).collect();
            let also = one(Role::Dim, format!("also {}", some(&named, ALSO)));
            TableRow {
                cells: vec![
                    of(row.bad, row.of[0], row.shares[0]),
                    of(row.good, row.of[1], row.shares[1]),
                    vec![piece(Role::Dim, doubt), piece(Role::Strong, row.thing.text())],
                ],
                below: if row.also.is_empty() { vec![] } else { vec![Block::Line(also)] },
            }
        };
        // Beside a count stands a share that is not simply that of it.
        let weighed = if self.told.entries_compared.is_some_and(|n| n > 1) && !is_plain { ", weighed" } else { "" };
        let head = vec![format!("{}{weighed}", self.asked.word), format!("others{weighed}"), title.to_owned()];
        let head = if title.is_empty() { vec![] } else { head };
        Table { head, rows: rows.iter().take(most).map(row).collect(), ..Table::default() }
    }

    /// With whom the bad ones are compared, and which cannot be.
    fn compared(&self) -> Vec<Fact> {
        let Some(entries) = self.told.entries_compared else { return vec![] };
        let within = match entries {
            1 => String::new(),
            several => format!(", within {}; shares are weighed over them", counted(several, "entry operation")),
        };
        let mut facts =
            vec![fact("compared", one(Role::Dim, format!("only with others that began the same way{within}")))];
        let (all, word) = (self.told.bad, self.asked.word);
        let alone = all - self.told.compared[0];
        if alone > 0 {
            let said = format!("{alone} of the {all} {word} ones, which began with what no other did");
            facts.push(fact("left over", plain(said)));
        }
        facts
    }

    fn unshown(&self) -> Vec<Fact> {
        let more = |rows: &[Difference], most: usize| rows.len().saturating_sub(most);
        let causes = more(&self.told.causes, self.top);
        let rest = more(&self.told.restated, FEW) + more(&self.told.lacking, FEW);
        let mut facts = vec![];
        let all = format!("--top {} shows all", self.top + causes);
        facts.extend(parts::unshown(causes, "more row", &all));
        facts.extend(parts::unshown(rest, "more restated or lacking row", "-o json has all"));
        facts
    }

    fn commands(&self, frame: &Frame) -> Vec<String> {
        let look = if self.asked.word == "slow" { "timeline" } else { "missing" };
        let first = self.told.causes.iter().chain(&self.told.suspects);
        let rows = first.chain(&self.told.lacking).chain(&self.told.restated);
        let example = rows.flat_map(|row| &row.examples).next().map(|id| frame.command_about(id, look));
        let made_good = (self.told.bad == 0 && self.told.made_good > 0).then(|| frame.beside("trace why --bad error"));
        vec![example.or(made_good).unwrap_or_else(|| frame.beside("trace hotspots"))]
    }
}

impl ReportBody for WhyReport {
    const NAME: &'static str = "why";
    type Record<'a> = WhyRecord<'a>;

    fn record<'a>(&'a self, _: &'a Provenance) -> WhyRecord<'a> {
        WhyRecord {
            verdict: self.verdict(),
            bad: self.bad(),
            good: &self.asked.good,
            bad_journey_count: self.told.bad,
            good_journey_count: self.told.good,
            made_good_count: self.told.made_good,
            left_out_count: self.told.neither,
            entries_compared_count: self.told.entries_compared,
            bad_compared_count: self.told.compared[0],
            good_compared_count: self.told.compared[1],
            compared_count: self.told.family,
            entries: Self::records(&self.told.entries),
            causes: Self::records(&self.told.causes),
            suspects: Self::records(&self.told.suspects),
            restated: Self::records(&self.told.restated),
            lacking: Self::records(&self.told.lacking),
            basis: &self.basis,
        }
    }

    /// Its main table: the entries, the causes, then what only restates, then what is lacking.
    fn rows(&self) -> Option<Rows> {
        let parts = [
            ("entry", &self.told.entries),
            ("cause", &self.told.causes),
            ("suspect", &self.told.suspects),
            ("restated", &self.told.restated),
            ("lacking", &self.told.lacking),
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
        let mut blocks = vec![Block::Line(self.title(frame)), Block::Line(self.question())];
        blocks.push(window::line(&self.basis));
        blocks.extend(frame.asking());
        let mut tables = [("what", &self.told.causes, self.top), (BEGAN, &self.told.entries, FEW)];
        if self.told.entries.first().is_some_and(|entry| self.first().is_some_and(|first| std::ptr::eq(first, entry))) {
            tables.reverse();
        }
        for (title, rows, most) in tables.into_iter().filter(|(_, rows, _)| !rows.is_empty()) {
            blocks.extend([Block::Blank, Block::Table(self.table(title, rows, most))]);
        }
        if !self.told.suspects.is_empty() {
            blocks.extend([Block::Blank, Block::Table(self.table(SUSPECT, &self.told.suspects, self.top))]);
        }
        if !self.told.restated.is_empty() {
            blocks
                .extend([Block::Blank, Block::Line(one(Role::Dim, "what the failure itself says, or was asked for"))]);
            blocks.push(Block::Table(self.table("", &self.told.restated, FEW)));
        }
        if !self.told.lacking.is_empty() {
            let said = format!("what the {} ones lack, maybe because they ended early", self.asked.word);
            blocks.extend([Block::Blank, Block::Line(one(Role::Dim, said))]);
            blocks.push(Block::Table(self.table("", &self.told.lacking, FEW)));
        }
        let mut facts = self.unshown();
        facts.extend(self.compared());
        if self.told.enough && !self.told.causes.is_empty() {
            let said = "shown is what chance alone would not make; it goes with the failures, it need not cause them";
            facts.push(fact("rule", one(Role::Dim, said)));
        }
        if !self.told.suspects.is_empty() {
            let said = "what differs most is no cause yet: chance alone may have made it so; more journeys would tell";
            facts.push(fact("suspects", one(Role::Dim, said)));
        }
        facts.extend(frame.remarks());
        facts.extend(frame.covered());
        facts.extend(parts::next(&self.commands(frame)));
        blocks.extend([Block::Blank, Block::Facts(facts)]);
        blocks
    }
}
