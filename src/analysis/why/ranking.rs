//! Which of all that differs is beyond chance, and by how much it differs.

use std::cmp::Ordering;
use std::collections::{BTreeMap, HashMap, HashSet};

use super::feature::{Feature, Kind, Thing};
use super::{Side, Why};
use crate::analysis::chance::{Factorials, difference_at_least, testable};

/// How likely anything at all is told where nothing differs; half of it goes to what the bad ones lack.
const LEVEL: f64 = 0.02;
/// Two shares that surely lie no further apart are the same to anybody who looks for a cause.
const LEAST: f64 = 0.01;
/// Into so many ranges the numbers of one key are cut.
const CUTS: usize = 16;
/// So many differences are looked at for what goes together.
const MOST: usize = 200;
/// Two things that so many of their journeys share are told in one row.
const TOGETHER: f64 = 0.9;
/// So many journeys stand beside each as examples.
const EXAMPLES: usize = 2;
/// So many things that may differ by chance are told, where nothing differs for sure.
const SUSPECTS: usize = 5;

/// What tells two sets of journeys apart.
#[derive(Clone, Debug, Default)]
pub struct Told {
    /// How many journeys are bad.
    pub bad: usize,
    /// How many are good.
    pub good: usize,
    /// How many are neither.
    pub neither: usize,
    /// Whether anything at all could be told: what all bad ones had and no good one would be beyond chance.
    pub enough: bool,
    /// How many things could have told them apart.
    pub family: usize,
    /// What the bad ones have, the most telling first.
    pub causes: Vec<Difference>,
    /// Where no cause is told: what the bad ones have most clearly more often than the good ones, though chance may have
    /// made it so.
    pub suspects: Vec<Difference>,
    /// What only says again that they are bad: what the failure says, and what was asked for.
    pub restated: Vec<Difference>,
    /// The steps and services that the bad ones lack.
    pub lacking: Vec<Difference>,
}

/// One thing that differs.
#[derive(Clone, Debug)]
pub struct Difference {
    /// What.
    pub thing: Thing,
    /// In how many of the bad ones.
    pub bad: usize,
    /// In how many of the good ones.
    pub good: usize,
    /// By how much the two shares differ at least, at 95 %.
    pub at_least: f64,
    /// How likely chance makes such a difference, by this one alone.
    pub p: f64,
    /// What nearly always comes with it.
    pub also: Vec<Thing>,
    /// Bad journeys that have it, or, of what is lacking, that lack it.
    pub examples: Vec<String>,
}

/// In which journeys something is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
struct Where {
    bad: usize,
    good: usize,
    /// The same for the same journeys, and, but for chance, for no others.
    print: u64,
}

impl Where {
    fn add(&mut self, nth: usize, side: Side) {
        let (bad, good) = if side == Side::Bad { (1, 0) } else { (0, 1) };
        let mixed = (nth as u64 + 1).wrapping_mul(0x9e37_79b9_7f4a_7c15);
        let mixed = (mixed ^ (mixed >> 29)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let print = self.print.wrapping_add(mixed ^ (mixed >> 32));
        *self = Self { bad: self.bad + bad, good: self.good + good, print };
    }
}

/// Things that are in the very same journeys, the plainest first.
struct Group {
    things: Vec<Thing>,
    place: Where,
}

pub(super) fn told(why: Why) -> Told {
    let bad = why.members.iter().filter(|member| member.side == Side::Bad).count();
    let good = why.members.len() - bad;
    let ways = Factorials::up_to(why.members.len());
    let enough = bad > 0 && good > 0 && ways.at_least(bad, bad, bad, bad + good) <= LEVEL / 2.0;
    let mut told = Told { bad, good, neither: why.neither, enough, ..Told::default() };
    if bad == 0 || good == 0 {
        return told;
    }
    let is_wanted =
        |kind: Kind| kind == Kind::Failure || why.question.kinds.is_empty() || why.question.kinds.contains(&kind);
    let about_errors = why.question.is_about_errors();
    let restates =
        |thing: &Thing| about_errors && thing.kind() == Kind::Failure || why.question.asks_about(thing.key());
    let (mut own, mut again, mut steps) = (vec![], vec![], vec![]);
    for (thing, place) in places(&why) {
        let is_step = matches!(thing.kind(), Kind::Operation | Kind::Service);
        if !is_wanted(thing.kind()) || place.bad + place.good == bad + good {
            continue;
        }
        if is_step && !restates(&thing) {
            let place = Where { bad: place.good, good: place.bad, ..place };
            steps.push((thing.clone(), place));
        }
        if restates(&thing) { &mut again } else { &mut own }.push((thing, place));
    }
    let (own, steps) = (grouped(own), grouped(steps));
    let own = Compared::of(own, bad, good, &ways);
    told.family = own.family;
    told.suspects = own.suspects();
    told.causes = own.beyond_chance();
    if !told.causes.is_empty() {
        told.suspects.clear();
    }
    told.restated = Compared::of(grouped(again), bad, good, &ways).beyond_chance();
    let lacking = Compared::of(steps, good, bad, &ways).beyond_chance();
    told.lacking = lacking.into_iter().map(|d| Difference { bad: d.good, good: d.bad, ..d }).collect();
    let sides =
        [(&mut told.causes, true), (&mut told.suspects, true), (&mut told.restated, true), (&mut told.lacking, false)];
    for (rows, has) in sides {
        fold(rows, &why);
        for row in rows {
            row.examples = examples(&row.thing, has, &why);
        }
    }
    told.suspects.truncate(SUSPECTS);
    told
}

/// Where each thing is. Ranges are only of keys with enough different numbers that do not rise with time.
fn places(why: &Why) -> Vec<(Thing, Where)> {
    let mut places = vec![Where::default(); why.known.len()];
    for (nth, member) in why.members.iter().enumerate() {
        for id in &member.has {
            if let Some(place) = places.get_mut(*id as usize) {
                place.add(nth, member.side);
            }
        }
    }
    let of =
        |(feature, id): (&Feature, &u32)| Some((Thing::Feature(feature.clone()), places.get(*id as usize).copied()?));
    let mut all: Vec<(Thing, Where)> = why.known.iter().filter_map(of).collect();
    for (key, numbers) in &why.numbers {
        if numbers.risen * 10 > numbers.values.len() * 9 {
            continue;
        }
        let mut sorted: Vec<f64> = numbers.values.iter().map(|(_, value)| *value).collect();
        sorted.sort_by(f64::total_cmp);
        let nth = |part: usize| sorted.get(sorted.len() * part / CUTS).copied();
        let mut cuts: Vec<f64> = (1..CUTS).filter_map(nth).filter(|cut| sorted.first() < Some(cut)).collect();
        cuts.dedup();
        for (cut, above) in cuts.iter().flat_map(|cut| [(*cut, true), (*cut, false)]) {
            let mut place = Where::default();
            for (nth, _) in numbers.values.iter().filter(|(_, value)| (*value >= cut) == above) {
                let side = why.members.get(*nth as usize).map_or(Side::Good, |member| member.side);
                place.add(*nth as usize, side);
            }
            all.push((Thing::Range { key: key.clone(), above, cut }, place));
        }
    }
    all
}

fn grouped(all: Vec<(Thing, Where)>) -> Vec<Group> {
    let mut groups: HashMap<Where, Vec<Thing>> = HashMap::new();
    for (thing, place) in all {
        groups.entry(place).or_default().push(thing);
    }
    let plainest = |mut things: Vec<Thing>| {
        things.sort_by(plainer);
        things
    };
    groups.into_iter().map(|(place, things)| Group { things: plainest(things), place }).collect()
}

/// Values before ranges, then by their own order.
fn plainer(a: &Thing, b: &Thing) -> Ordering {
    match (a, b) {
        (Thing::Feature(a), Thing::Feature(b)) => a.cmp(b),
        (Thing::Feature(_), Thing::Range { .. }) => Ordering::Less,
        (Thing::Range { .. }, Thing::Feature(_)) => Ordering::Greater,
        (Thing::Range { key: a, above, cut }, Thing::Range { key: b, above: other, cut: at }) => {
            a.cmp(b).then(other.cmp(above)).then(cut.total_cmp(at))
        }
    }
}

/// Everything that could differ, the surest difference first.
struct Compared {
    all: Vec<Difference>,
    /// Out of how many things that could show anything.
    family: usize,
    /// How many journeys the first set has.
    first: usize,
    second: usize,
}

impl Compared {
    fn of(groups: Vec<Group>, first: usize, second: usize, ways: &Factorials) -> Self {
        let all = first + second;
        let best = |group: &Group| {
            let having = group.place.bad + group.place.good;
            ways.at_least(having.min(first), first, having, all)
        };
        let family = testable(groups.iter().map(best).collect(), LEVEL / 2.0);
        let difference = |group: Group| {
            let Where { bad, good, .. } = group.place;
            let (at_least, p) =
                (difference_at_least(bad, first, good, second), ways.at_least(bad, first, bad + good, all));
            let mut things = group.things.into_iter();
            let thing = things.next()?;
            Some(Difference { thing, bad, good, at_least, p, also: things.collect(), examples: vec![] })
        };
        let mut all: Vec<Difference> = groups.into_iter().filter_map(difference).collect();
        all.sort_by(|a, b| {
            let surest = b.at_least.total_cmp(&a.at_least).then(a.p.total_cmp(&b.p));
            surest.then_with(|| plainer(&a.thing, &b.thing))
        });
        Self { all, family, first, second }
    }

    /// What is more often in the first set than chance makes it.
    fn beyond_chance(self) -> Vec<Difference> {
        let (all, family) = (self.all, self.family as f64);
        all.into_iter().filter(|one| one.at_least >= LEAST && one.p * family <= LEVEL / 2.0).collect()
    }

    /// What is more often in the first set, whatever made it so: common to two of it at least, where it has two.
    fn suspects(&self) -> Vec<Difference> {
        let is_more = |one: &&Difference| one.bad * self.second > one.good * self.first && one.bad >= self.first.min(2);
        self.all.iter().filter(is_more).take(MOST).cloned().collect()
    }
}

/// What nearly always comes together becomes one row, and of one key either its best range or its values are told.
fn fold(rows: &mut Vec<Difference>, why: &Why) {
    let mut ranged: BTreeMap<String, bool> = BTreeMap::new();
    rows.retain(|row| match &row.thing {
        Thing::Range { key, .. } => ranged.insert(key.clone(), true).is_none(),
        Thing::Feature(feature) => !*ranged.entry(feature.key.clone()).or_insert(false),
    });
    rows.truncate(MOST);
    let mut kept: Vec<(Difference, HashSet<usize>)> = vec![];
    for row in std::mem::take(rows) {
        let journeys: HashSet<usize> = (0..why.members.len()).filter(|nth| has(&row.thing, *nth, why)).collect();
        let shares = |(_, other): &&mut (Difference, HashSet<usize>)| {
            let both = journeys.intersection(other).count();
            both as f64 >= TOGETHER * (journeys.len() + other.len() - both) as f64
        };
        match kept.iter_mut().find(shares) {
            Some((same, _)) => same.also.extend(std::iter::once(row.thing).chain(row.also)),
            None => kept.push((row, journeys)),
        }
    }
    rows.extend(kept.into_iter().map(|(row, _)| row));
    for row in rows {
        let mut told: HashSet<(String, String)> = HashSet::from([unscoped(&row.thing)]);
        row.also.retain(|thing| told.insert(unscoped(thing)));
    }
}

/// The same value on spans of one service is no other thing to tell.
fn unscoped(thing: &Thing) -> (String, String) {
    match thing {
        Thing::Feature(feature) if feature.kind == Kind::Operation => (thing.text(), String::new()),
        Thing::Feature(feature) => (feature.key.clone(), feature.value.clone()),
        Thing::Range { key, .. } => (key.clone(), String::new()),
    }
}

fn has(thing: &Thing, nth: usize, why: &Why) -> bool {
    match thing {
        Thing::Feature(feature) => {
            let member = why.members.get(nth);
            why.known.get(feature).is_some_and(|id| member.is_some_and(|m| m.has.binary_search(id).is_ok()))
        }
        Thing::Range { key, above, cut } => {
            let values = why.numbers.get(key).map_or(&[][..], |numbers| &numbers.values);
            let at = values.binary_search_by(|(journey, _)| (*journey as usize).cmp(&nth));
            at.ok().and_then(|at| values.get(at)).is_some_and(|(_, value)| (value >= cut) == *above)
        }
    }
}

fn examples(thing: &Thing, wanted: bool, why: &Why) -> Vec<String> {
    let members = why.members.iter().enumerate().filter(|(_, member)| member.side == Side::Bad);
    let those = members.filter(|(nth, _)| has(thing, *nth, why) == wanted);
    those.filter_map(|(_, member)| member.handle.clone()).take(EXAMPLES).collect()
}
