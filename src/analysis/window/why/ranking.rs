//! Ranks the features that differ beyond chance, by how much they differ.

use std::cmp::Ordering;
use std::collections::{BTreeMap, HashMap, HashSet};

use super::WhyFold;
use super::feature::{Feature, FeatureKind, Predicate};
use super::member::WhySide;
use super::strata::{BAD, GOOD, JourneySet, Strata};
use crate::analysis::stats::significance::{ContingencyTable, LnFactorials, StratifiedShares, tarone_family_size};

/// Probability that a screen reports anything where nothing differs (family-wise error rate),
const SCREEN: f64 = 0.02;
/// shared by its three parts: entries, causes and what is lacking.
const LEVEL: f64 = SCREEN / 3.0;
/// Entries with fewer journeys are combined with the others of their service: their strata could show nothing.
const LEAST_OF_ENTRY: usize = 4;
/// Least lower bound of the difference of two shares. A smaller one is not a cause of an incident, however significant.
const LEAST: f64 = 0.01;
/// Keys in a question that are about entries.
const ENTRY_KEYS: [&str; 3] = ["service", "operation", "http.route"];
/// Number of quantile ranges of a numeric key. Each cut is another test; sixteen still locate a limit to 6 %.
const CUTS: usize = 16;
/// Differences that are folded: comparing all pairs takes the square of their number.
const MOST: usize = 200;
/// Two features are one row if they share this part of their journeys (Jaccard index): the data cannot separate them.
const TOGETHER: f64 = 0.9;
/// Example journeys of each difference.
const EXAMPLES: usize = 2;
/// A suspect is this many times as common among the bad journeys, or more common by this share of all of them: 17 % against
/// 14 % says nothing. Chosen, not measured.
const SUSPICIOUS_RATIO: f64 = 2.0;
const SUSPICIOUS_DIFFERENCE: f64 = 0.25;
/// Suspects, which may differ by chance, that are shown if nothing is significant.
const SUSPECTS: usize = 5;

/// The differences between bad and good journeys.
#[derive(Clone, Debug, Default)]
pub(crate) struct WhyResult {
    /// Number of bad journeys.
    pub(crate) bad: usize,
    /// Number of good journeys.
    pub(crate) good: usize,
    /// Number of journeys that are neither.
    pub(crate) neither: usize,
    /// Number of good journeys with recovered errors.
    pub(crate) recovered: usize,
    /// Whether there is enough data: a feature of every bad and no good journey would be significant.
    pub(crate) enough: bool,
    /// Number of entries within which journeys are compared; none if all are compared with all.
    pub(crate) entries_compared: Option<usize>,
    /// Number of bad and good journeys that are compared: the others have an entry of only one side.
    pub(crate) compared: [usize; 2],
    /// Whether the slowest tenth is of all journeys, because every entry has too few.
    pub(crate) slow_of_all: bool,
    /// Number of tests that could have been significant.
    pub(crate) family: usize,
    /// Entries that are more frequent among the bad.
    pub(crate) entries: Vec<Difference>,
    /// Features of the bad, ranked.
    pub(crate) causes: Vec<Difference>,
    /// If there are no causes: features that are more frequent among the bad, possibly by chance, ranked.
    pub(crate) suspects: Vec<Difference>,
    /// Features that restate that a journey is bad: failure messages, and what the question is about.
    pub(crate) restated: Vec<Difference>,
    /// Steps and services that the bad lack.
    pub(crate) lacking: Vec<Difference>,
}

/// One feature that differs.
#[derive(Clone, Debug)]
pub(crate) struct Difference {
    /// The feature.
    pub(crate) predicate: Predicate,
    /// Number of compared bad journeys that have it.
    pub(crate) bad: usize,
    /// Number of compared good journeys that have it.
    pub(crate) good: usize,
    /// Number of bad and good journeys that are compared.
    pub(crate) of: [usize; 2],
    /// Share of the bad and of the good, weighted over the entries (Mantel and Haenszel).
    pub(crate) shares: [f64; 2],
    /// Lower 95 % bound of the difference of the two shares.
    pub(crate) at_least: f64,
    /// p-value, uncorrected.
    pub(crate) p: f64,
    /// Features that nearly always occur with it.
    pub(crate) also: Vec<Predicate>,
    /// Bad journeys that have it; for what is lacking, that lack it.
    pub(crate) examples: Vec<String>,
}

/// Whether a bad journey has a feature or lacks it.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Presence {
    Has,
    Lacks,
}

/// Features of the same journeys, the most meaningful first.
struct FeatureGroup {
    predicates: Vec<Predicate>,
    place: JourneySet,
}

/// The features to compare, by their role.
#[derive(Default)]
struct Sorted {
    /// Entries.
    entries: Vec<(Predicate, JourneySet)>,
    /// Possible causes.
    own: Vec<(Predicate, JourneySet)>,
    /// Features that restate that a journey is bad.
    restating: Vec<(Predicate, JourneySet)>,
    /// Steps and services, which may be lacking.
    steps: Vec<(Predicate, JourneySet)>,
}

impl WhyFold {
    /// Compares the bad with the good.
    pub(crate) fn finish(mut self) -> WhyResult {
        self.part_by_length();
        rank(self)
    }
}

fn rank(why: WhyFold) -> WhyResult {
    let bad = why.members.iter().filter(|member| member.side == WhySide::Bad).count();
    let good = why.members.len() - bad;
    let (neither, recovered, slow_of_all) = (why.neither, why.recovered, why.slow_of_all);
    let mut result = WhyResult { bad, good, neither, recovered, slow_of_all, ..WhyResult::default() };
    if bad == 0 || good == 0 {
        return result;
    }
    let factorials = LnFactorials::up_to(why.members.len());
    let is_enough = |strata: &Strata| strata.least_chance(&factorials) <= LEVEL;
    let (all, by_entry) = (Strata::one(&why.members), Strata::by_entry(&why.members, LEAST_OF_ENTRY));
    let is_parted = by_entry.sizes.len() > 1 && is_enough(&by_entry);
    result.entries_compared = is_parted.then(|| by_entry.compared().count());
    result.enough = is_parted || is_enough(&all);
    let strata = if is_parted { &by_entry } else { &all };
    result.compared = strata.journeys();
    let mut sorted = sorted(&why, strata, bad + good);
    if !is_parted {
        sorted.own.append(&mut sorted.entries);
    }
    let of_all = |predicates: Vec<(Predicate, JourneySet)>| {
        let predicates = predicates.into_iter().map(|(predicate, place)| (predicate, place.in_one())).collect();
        FeatureComparison::new(predicates, BAD, &all, &factorials).beyond_chance()
    };
    result.entries = of_all(sorted.entries);
    let own = FeatureComparison::new(sorted.own, BAD, strata, &factorials);
    result.family = own.family;
    result.suspects = own.suspects();
    result.causes = own.beyond_chance();
    if !result.causes.is_empty() {
        result.suspects.clear();
    }
    result.restated = of_all(sorted.restating);
    result.lacking = FeatureComparison::new(sorted.steps, GOOD, strata, &factorials).beyond_chance();
    let sides = [
        (&mut result.entries, Presence::Has),
        (&mut result.causes, Presence::Has),
        (&mut result.suspects, Presence::Has),
        (&mut result.restated, Presence::Has),
        (&mut result.lacking, Presence::Lacks),
    ];
    for (rows, presence) in sides {
        fold(rows, &why);
        for row in rows {
            row.examples = examples(&row.predicate, presence, &why);
        }
    }
    result.suspects.truncate(SUSPECTS);
    result
}

fn sorted(why: &WhyFold, strata: &Strata, all: usize) -> Sorted {
    let kinds = &why.question.kinds;
    let is_wanted = |kind: FeatureKind| match kind {
        FeatureKind::Failure => true,
        FeatureKind::Entry => kinds.is_empty() || kinds.contains(&FeatureKind::Operation),
        kind => kinds.is_empty() || kinds.contains(&kind),
    };
    let about_errors = why.question.is_about_errors();
    let is_restated = |predicate: &Predicate| match predicate.kind() {
        FeatureKind::Entry => ENTRY_KEYS.iter().any(|key| why.question.asks_about(key)),
        FeatureKind::Failure if about_errors => true,
        _ => why.question.asks_about(predicate.key()),
    };
    let mut sorted = Sorted::default();
    for (predicate, place) in places(why, strata) {
        if !is_wanted(predicate.kind()) || place.counts().iter().sum::<usize>() == all {
            continue;
        }
        let to = match predicate.kind() {
            _ if is_restated(&predicate) => &mut sorted.restating,
            FeatureKind::Entry => &mut sorted.entries,
            FeatureKind::Operation | FeatureKind::Service => {
                sorted.steps.push((predicate.clone(), place.clone()));
                &mut sorted.own
            }
            FeatureKind::Attribute | FeatureKind::Failure => &mut sorted.own,
        };
        to.push((predicate, place));
    }
    sorted
}

/// The journeys of each feature. Ranges are only built for keys whose values do not rise from journey to journey.
fn places(why: &WhyFold, strata: &Strata) -> Vec<(Predicate, JourneySet)> {
    let mut order: Vec<usize> = (0..why.members.len()).collect();
    order.sort_by_key(|nth| strata.of[*nth]);
    let mut places = vec![JourneySet::default(); why.known.len()];
    for nth in order {
        let member = &why.members[nth];
        for id in &member.has {
            if let Some(place) = places.get_mut(*id as usize) {
                place.add(nth, member, strata.of[nth]);
            }
        }
    }
    let mut place = |id: u32| places.get_mut(id as usize).map(std::mem::take);
    let of = |(feature, id): (&Feature, &u32)| Some((Predicate::Feature(feature.clone()), place(*id)?));
    let mut all: Vec<(Predicate, JourneySet)> = why.known.iter().filter_map(of).collect();
    for (key, numbers) in &why.numbers {
        if numbers.risen * 10 > numbers.values.len() * 9 {
            continue;
        }
        let mut sorted: Vec<f64> = numbers.values.iter().map(|(_, value)| *value).collect();
        sorted.sort_by(f64::total_cmp);
        let nth = |part: usize| sorted.get(sorted.len() * part / CUTS).copied();
        let mut cuts: Vec<f64> = (1..CUTS).filter_map(nth).filter(|cut| sorted.first() < Some(cut)).collect();
        cuts.dedup();
        let mut values: Vec<(usize, f64)> = numbers.values.iter().map(|(nth, value)| (*nth as usize, *value)).collect();
        values.sort_by_key(|(nth, _)| strata.of[*nth]);
        for (cut, above) in cuts.iter().flat_map(|cut| [(*cut, true), (*cut, false)]) {
            let mut place = JourneySet::default();
            for (nth, _) in values.iter().filter(|(_, value)| (*value >= cut) == above) {
                place.add(*nth, &why.members[*nth], strata.of[*nth]);
            }
            all.push((Predicate::Range { key: key.clone(), above, cut }, place));
        }
    }
    all
}

fn grouped(all: Vec<(Predicate, JourneySet)>) -> Vec<FeatureGroup> {
    let mut groups: HashMap<(u64, [usize; 2]), FeatureGroup> = HashMap::new();
    for (predicate, place) in all {
        let group = groups.entry((place.print, place.counts()));
        group.or_insert_with(|| FeatureGroup { predicates: vec![], place }).predicates.push(predicate);
    }
    let mut groups: Vec<FeatureGroup> = groups.into_values().collect();
    groups.iter_mut().for_each(|group| group.predicates.sort_by(plainer));
    groups
}

/// Values before ranges, then by meaning.
fn plainer(a: &Predicate, b: &Predicate) -> Ordering {
    match (a, b) {
        (Predicate::Feature(a), Predicate::Feature(b)) => a.plainness().cmp(&b.plainness()),
        (Predicate::Feature(_), Predicate::Range { .. }) => Ordering::Less,
        (Predicate::Range { .. }, Predicate::Feature(_)) => Ordering::Greater,
        (Predicate::Range { key: a, above, cut }, Predicate::Range { key: b, above: other, cut: at }) => {
            a.cmp(b).then(other.cmp(above)).then(cut.total_cmp(at))
        }
    }
}

/// The features that one side has more often, by the lower bound of the difference.
struct FeatureComparison {
    all: Vec<Difference>,
    /// Number of tests that could be significant.
    family: usize,
    /// Number of journeys of this side.
    first: usize,
}

impl FeatureComparison {
    fn new(predicates: Vec<(Predicate, JourneySet)>, first: usize, strata: &Strata, factorials: &LnFactorials) -> Self {
        let groups = grouped(predicates);
        let best = |group: &FeatureGroup| {
            factorials.stratified(group.place.tables(strata, first).map(ContingencyTable::most_extreme))
        };
        let family = tarone_family_size(groups.iter().map(best).collect(), LEVEL);
        let difference = |FeatureGroup { predicates, place }: FeatureGroup| {
            let shares = StratifiedShares::new(place.all_tables(strata, first));
            let [more, less] = shares.shares();
            let mut predicates = predicates.into_iter();
            let restated_by = predicates.next().filter(|_| more > less)?;
            let [bad, good] = place.compared(strata);
            Some(Difference {
                predicate: restated_by,
                bad,
                good,
                of: strata.journeys(),
                shares: if first == BAD { [more, less] } else { [less, more] },
                at_least: shares.least_difference(),
                p: factorials.stratified(place.tables(strata, first)),
                also: predicates.collect(),
                examples: vec![],
            })
        };
        let mut all: Vec<Difference> = groups.into_iter().filter_map(difference).collect();
        all.sort_by(|a, b| {
            let surest = b.at_least.total_cmp(&a.at_least).then(a.p.total_cmp(&b.p));
            surest.then_with(|| plainer(&a.predicate, &b.predicate))
        });
        Self { all, family, first: strata.journeys()[first] }
    }

    /// The significant ones.
    fn beyond_chance(self) -> Vec<Difference> {
        let (all, family) = (self.all, self.family as f64);
        all.into_iter().filter(|one| one.at_least >= LEAST && one.p * family <= LEVEL).collect()
    }

    /// All of them that at least two bad journeys share, if there are two.
    fn suspects(&self) -> Vec<Difference> {
        let stands_out = |one: &&Difference| {
            let [bad, others] = one.shares;
            bad >= others * SUSPICIOUS_RATIO || bad - others >= SUSPICIOUS_DIFFERENCE
        };
        let shared = self.all.iter().filter(|one| one.bad >= self.first.min(2));
        shared.filter(stands_out).take(MOST).cloned().collect()
    }
}

/// Folds features that nearly always occur together into one row, and keeps either the best range or the values of a key.
fn fold(rows: &mut Vec<Difference>, why: &WhyFold) {
    let mut ranged: BTreeMap<String, bool> = BTreeMap::new();
    rows.retain(|row| match &row.predicate {
        Predicate::Range { key, .. } => ranged.insert(key.clone(), true).is_none(),
        Predicate::Feature(feature) => !*ranged.entry(feature.key.clone()).or_insert(false),
    });
    rows.truncate(MOST);
    let mut kept: Vec<(Difference, HashSet<usize>)> = vec![];
    for row in std::mem::take(rows) {
        let journeys: HashSet<usize> = (0..why.members.len()).filter(|nth| has(&row.predicate, *nth, why)).collect();
        let shares = |(_, other): &&mut (Difference, HashSet<usize>)| {
            let both = journeys.intersection(other).count();
            both as f64 >= TOGETHER * (journeys.len() + other.len() - both) as f64
        };
        match kept.iter_mut().find(shares) {
            Some((same, _)) => same.also.extend(std::iter::once(row.predicate).chain(row.also)),
            None => kept.push((row, journeys)),
        }
    }
    rows.extend(kept.into_iter().map(|(row, _)| row));
    for row in rows {
        let mut result: HashSet<(String, String)> = HashSet::from([unscoped(&row.predicate)]);
        row.also.retain(|predicate| result.insert(unscoped(predicate)));
    }
}

/// A feature without its service: the same value on one service adds nothing.
fn unscoped(predicate: &Predicate) -> (String, String) {
    match predicate {
        Predicate::Feature(feature) if feature.kind == FeatureKind::Operation => (predicate.text(), String::new()),
        Predicate::Feature(feature) => (feature.key.clone(), feature.value.clone()),
        Predicate::Range { key, .. } => (key.clone(), String::new()),
    }
}

fn has(predicate: &Predicate, nth: usize, why: &WhyFold) -> bool {
    match predicate {
        Predicate::Feature(feature) => {
            let member = why.members.get(nth);
            why.known.get(feature).is_some_and(|id| member.is_some_and(|m| m.has.binary_search(id).is_ok()))
        }
        Predicate::Range { key, above, cut } => {
            let values = why.numbers.get(key).map_or(&[][..], |numbers| &numbers.values);
            let at = values.binary_search_by(|(journey, _)| (*journey as usize).cmp(&nth));
            at.ok().and_then(|at| values.get(at)).is_some_and(|(_, value)| (value >= cut) == *above)
        }
    }
}

/// Bad journeys that have the feature, or that lack it.
fn examples(predicate: &Predicate, presence: Presence, why: &WhyFold) -> Vec<String> {
    let members = why.members.iter().enumerate().filter(|(_, member)| member.side == WhySide::Bad);
    let those = members.filter(|(nth, _)| has(predicate, *nth, why) == (presence == Presence::Has));
    those.filter_map(|(_, member)| member.handle.clone()).take(EXAMPLES).collect()
}
