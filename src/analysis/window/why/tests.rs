//! Planted causes among thirty attributes, and nothing planted, over many seeds.

use std::fmt::Write;

use super::*;
use crate::analysis::journey::sketch;
use crate::model::attribute::Value;

/// A small source of numbers.
struct Dice(u64);

impl Dice {
    fn below(&mut self, end: u64) -> u64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % end
    }

    fn chance(&mut self, percent: u64) -> bool {
        self.below(100) < percent
    }
}

/// What makes journeys bad: the attribute that fails, and with what share of them.
#[derive(Clone, Copy)]
enum PlantedCause {
    Nothing,
    Host,
    Version,
    Tenant,
    Size,
}

impl PlantedCause {
    fn text(self) -> &'static str {
        match self {
            Self::Nothing => "",
            Self::Host => "host.name=worker-7",
            Self::Version => "pay: service.version=v2",
            Self::Tenant => "tenant_id=3",
            Self::Size => "batch.size ≥",
        }
    }
}

/// One journey of three services with thirty attributes, of which one may make it bad.
fn run(planted: PlantedCause, nth: usize, dice: &mut Dice, bad: Option<bool>) -> (Journey, bool) {
    let (host, version, tenant) = (dice.below(10), dice.below(3), dice.below(12));
    let size = dice.below(1_000);
    let is_hit = match planted {
        PlantedCause::Nothing => false,
        PlantedCause::Host => host == 7,
        PlantedCause::Version => version == 2,
        PlantedCause::Tenant => tenant == 3,
        PlantedCause::Size => size >= 800,
    };
    let is_bad = bad.unwrap_or_else(|| dice.chance(if is_hit { 90 } else { 1 }));
    let outcome = if is_bad { "error: connection refused" } else { "" };
    let mut noise = String::new();
    for key in 0..24 {
        let _ = write!(noise, " noise.{key}={}", dice.below(2 + key));
    }
    let text = format!(
        "shop/order 0..100 server version=v{} correlation_id=c{nth} order.id=o{nth}{noise} {outcome}\n  pay/charge 10..90 client port={} {outcome}\n    db/get 20..30",
        dice.below(3),
        dice.below(60_000)
    );
    let mut journey = sketch::journey(&text);
    for span in &mut journey.spans {
        let mut resource = (*span.resource).clone();
        if resource.service == "pay" {
            resource.attributes.push("host.name", Value::Text(format!("worker-{host}")));
            resource.attributes.push("k8s.pod.name", Value::Text(format!("pay-{host}f")));
            resource.attributes.push("service.version", Value::Text(format!("v{version}")));
            span.attributes.push("tenant_id", Value::Int(tenant as i64));
            span.attributes.push("batch.size", Value::Int(size as i64));
            span.attributes.push("kafka.seq", Value::Int(nth as i64 * 3));
        } else {
            resource.attributes.push("service.version", Value::Text(format!("v{}", dice.below(3))));
        }
        span.resource = Arc::new(resource);
    }
    (journey, is_bad)
}

/// Generates a number of journeys, or as many as give a number of bad ones among four times as many good ones.
fn compared(planted: PlantedCause, seed: u64, journeys: usize, bad: Option<usize>) -> WhyResult {
    let mut dice = Dice(seed.wrapping_mul(0x9e37_79b9).wrapping_add(7));
    let mut why = WhyFold::default();
    let (mut bads, mut goods) = (0, 0);
    for nth in 0.. {
        let fixed = matches!(planted, PlantedCause::Nothing).then(|| dice.chance(20));
        let (journey, is_bad) = run(planted, nth, &mut dice, fixed);
        let counter = if is_bad { &mut bads } else { &mut goods };
        let most = bad.map_or(usize::MAX, |bad| if is_bad { bad } else { 4 * bad });
        if *counter < most {
            *counter += 1;
            why.add(&journey, &Filters::default());
        }
        if bad.map_or(nth + 1 == journeys, |bad| bads == bad && goods == 4 * bad) {
            break;
        }
    }
    why.finish()
}

fn percent(count: usize) -> usize {
    count * 100 / windows() as usize
}

/// Windows that are compared in a test: a hundred at full length.
fn windows() -> u64 {
    if crate::length::is_full() { 100 } else { 30 }
}

/// The percentage of windows in which the planted cause is first, or in which nothing is claimed where nothing is planted.
fn right(planted: PlantedCause, journeys: usize, bad: Option<usize>) -> usize {
    let is_right = |seed: &u64| {
        let result = compared(planted, *seed, journeys, bad);
        let restated = |row: &Difference| row.predicate.text() == "pay: error=connection refused";
        assert!(!result.enough || result.restated.iter().any(restated));
        assert!(result.causes.is_empty() || result.suspects.is_empty());
        match (planted, result.causes.as_slice()) {
            (PlantedCause::Nothing, rest) => rest.is_empty() && result.lacking.is_empty(),
            (planted, [first, ..]) => {
                let mut all = std::iter::once(&first.predicate).chain(&first.also);
                all.any(|thing| thing.text().starts_with(planted.text()))
            }
            _ => false,
        }
    };
    percent((0..windows()).filter(is_right).count())
}

#[test]
fn a_planted_cause_is_first_among_thirty_attributes() {
    for planted in [PlantedCause::Host, PlantedCause::Version, PlantedCause::Tenant, PlantedCause::Size] {
        let right = right(planted, 100, None);
        assert!(right >= 95, "{}: {right} %", planted.text());
    }
}

#[test]
fn ten_bad_ones_are_enough_where_few_good_ones_share_the_cause() {
    for planted in [PlantedCause::Host, PlantedCause::Tenant] {
        let right = right(planted, 0, Some(10));
        assert!(right >= 95, "{}: {right} %", planted.text());
    }
}

#[test]
fn nothing_is_claimed_of_nothing() {
    let right =
        [(100, None), (12, None), (0, Some(10)), (0, Some(3))].map(|(all, bad)| right(PlantedCause::Nothing, all, bad));
    assert!(right.iter().all(|right| *right >= 95), "{right:?} %");
}

#[test]
fn with_few_journeys_the_first_suspect_is_the_planted_one_and_not_a_claim() {
    let mut hit = 0;
    for seed in 0..windows() {
        let few = compared(PlantedCause::Host, seed, 0, Some(3));
        assert!(few.enough && (few.bad, few.good) == (3, 12) && few.suspects.len() <= 5, "{seed}");
        let first = few.causes.first().or(few.suspects.first()).unwrap();
        hit +=
            usize::from(std::iter::once(&first.predicate).chain(&first.also).any(|t| t.text() == "host.name=worker-7"));
    }
    assert!(percent(hit) >= 70, "{hit} of {}", windows());
    let one = compared(PlantedCause::Host, 1, 0, Some(1));
    assert!(!one.enough && one.causes.is_empty() && !one.suspects.is_empty() && (one.bad, one.good) == (1, 4));
}

#[test]
fn the_slow_can_be_bad() {
    let mut why = WhyFold::new(Question { slow: Some(Slow::Tenth), ..Question::default() });
    for nth in 0..100 {
        let (to, host) = if nth % 10 == 3 { (900, "slow") } else { (100 + nth, "quick") };
        why.add(&sketch::journey(&format!("a/b 0..{to} host={host} port={nth}")), &Filters::default());
    }
    // What always takes long is not slow for what it is.
    for nth in 0..20 {
        why.add(&sketch::journey(&format!("a/report 0..{} host=quick", 5_000 + nth)), &Filters::default());
    }
    let result = why.finish();
    assert_eq!((result.bad, result.good), (12, 108));
    let first = &result.causes[0];
    assert_eq!((first.predicate.text().as_str(), first.bad, first.good), ("host=slow", 10, 0));
}

/// Journeys of two entries, of which one fails far more often; a host may fail within it.
/// Two entries of which one fails more often; on `bad_host` most of all, if there is one.
fn of_two_entries(seed: u64, bad_host: Option<u64>) -> WhyResult {
    let mut dice = Dice(seed.wrapping_mul(0x9e37_79b9).wrapping_add(11));
    let mut why = WhyFold::default();
    for nth in 0..200 {
        let (may_fail, host) = (dice.chance(60), dice.below(6));
        let percent = match (may_fail, bad_host) {
            (true, Some(bad)) => 10 + 80 * u64::from(host == bad),
            (true, None) => 30,
            (false, _) => 1,
        };
        let outcome = if dice.chance(percent) { "error: refused" } else { "" };
        let (entry, more) = if may_fail { ("POST /pay", "gateway=new") } else { ("GET /list", "gateway=old") };
        let noise = (0..12).map(|key| format!(" noise.{key}={}", dice.below(2 + key))).collect::<String>();
        let text = format!(
            "shop/{entry} 0..100 server {more} order.id=o{nth}{noise} {outcome}\n  pay/work 5..90 client pool={host} {outcome}"
        );
        why.add(&sketch::journey(&text), &Filters::default());
    }
    why.finish()
}

#[test]
fn the_entry_that_fails_is_shown_apart_and_explains_nothing_else() {
    let (mut first, mut entries, mut claimed) = (0, 0, 0);
    for seed in 0..windows() {
        let result = of_two_entries(seed, Some(5));
        let texts = |rows: &[Difference]| rows.iter().map(|row| row.predicate.text()).collect::<Vec<_>>();
        assert!(result.entries_compared.is_some(), "{seed}");
        first += usize::from(texts(&result.causes).first().is_some_and(|cause| cause == "pool=5"));
        let nothing = of_two_entries(seed, None);
        entries +=
            usize::from([&result, &nothing].iter().all(|result| texts(&result.entries) == ["entry shop POST /pay"]));
        claimed += usize::from(!nothing.causes.is_empty() || !nothing.lacking.is_empty());
    }
    let [first, entries, claimed] = [first, entries, claimed].map(percent);
    assert!(first >= 95 && entries >= 90 && claimed <= 5, "{first} %, {entries} %; of nothing {claimed} %");
}

#[test]
fn where_one_entry_has_all_the_bad_ones_it_is_what_they_have() {
    let mut why = WhyFold::default();
    for nth in 0..60 {
        let bad = nth % 3 == 0;
        let (entry, outcome) = if bad { ("POST /pay", "error: no") } else { ("GET /list", "") };
        why.add(&sketch::journey(&format!("shop/{entry} 0..9 server {outcome}")), &Filters::default());
    }
    let result = why.finish();
    assert_eq!((result.entries_compared, result.enough), (None, true));
    assert_eq!(result.causes.iter().map(|row| row.predicate.text()).collect::<Vec<_>>(), ["entry shop POST /pay"]);
}

#[test]
fn errors_that_were_recovered_make_no_journey_bad_unless_they_are_asked_about() {
    let retried = "shop/pay 0..100 server\n  shop/call 5..20 client error: reset\n  shop/call 30..50 client";
    let failed = "shop/pay 0..100 server error: reset\n  shop/call 5..20 client error: reset";
    let asked = |bad: Option<&str>| {
        let bad = bad.map(|text| crate::options::criteria::parse_criteria(text).unwrap());
        let mut why = WhyFold::new(Question { bad, ..Question::default() });
        [retried, retried, failed].iter().for_each(|text| why.add(&sketch::journey(text), &Filters::default()));
        let result = why.finish();
        (result.bad, result.good, result.recovered)
    };
    assert_eq!(asked(None), (1, 2, 2));
    assert_eq!(asked(Some("error")), (3, 0, 0));
}

/// A number of journeys, and how each is drawn.
fn all_of(parts: &[(usize, &str)]) -> WhyFold {
    let mut why = WhyFold::default();
    for (count, text) in parts {
        (0..*count).for_each(|_| why.add(&sketch::journey(text), &Filters::default()));
    }
    why
}

#[test]
fn what_only_one_side_began_with_hides_no_cause_and_is_counted() {
    let parts = [
        (45, "web/list 0..9 server pool=old error: slow"),
        (5, "web/list 0..9 server pool=new error: slow"),
        (5, "web/list 0..9 server pool=old"),
        (495, "web/list 0..9 server pool=new"),
        (300, "web/pay 0..9 server pool=new error: boom"),
        (1, "web/pay 0..9 server pool=old"),
    ];
    for parts in [&parts[..], &parts[..5]] {
        let result = all_of(parts).finish();
        let first = &result.causes[0];
        let bad = if parts.len() == 6 { 350 } else { 50 };
        assert_eq!((first.predicate.text().as_str(), first.bad, first.of[0]), ("pool=old", 45, bad), "{}", parts.len());
        assert!(first.shares[0] > 0.8 && first.shares[1] < 0.05, "{:?}", first.shares);
        assert_eq!((result.bad, result.compared[0]), (350, bad));
        // What failures say is result of all of them.
        let said: Vec<(String, usize)> = result.restated.iter().map(|row| (row.predicate.text(), row.bad)).collect();
        assert_eq!(said, [("web: error=boom".to_owned(), 300), ("web: error=slow".to_owned(), 50)]);
    }
}

#[test]
fn the_criterion_itself_is_not_a_cause() {
    let bad = crate::options::criteria::parse_criteria("operation=pay").unwrap();
    let mut asked = WhyFold::new(Question { bad: Some(bad), ..Question::default() });
    for text in ["web/list 0..9 server", "web/pay 0..9 server"] {
        (0..30).for_each(|_| asked.add(&sketch::journey(text), &Filters::default()));
    }
    let result = asked.finish();
    assert!(result.causes.is_empty() && result.entries.is_empty() && !result.restated.is_empty(), "{result:?}");
}

#[test]
fn with_too_few_journeys_for_a_tenth_none_is_slow() {
    let slow = |alike: usize, others: usize| {
        let mut why = WhyFold::new(Question { slow: Some(Slow::Tenth), ..Question::default() });
        let add = |why: &mut WhyFold, text: String| why.add(&sketch::journey(&text), &Filters::default());
        (0..alike).for_each(|nth| add(&mut why, format!("a/b 0..{}", 100 + nth)));
        (0..others).for_each(|nth| add(&mut why, format!("s{nth}/x{nth} 0..{}", 5_000 + nth)));
        let result = why.finish();
        (result.bad, result.good, result.neither, result.slow_of_all)
    };
    assert_eq!(slow(20, 6), (2, 18, 6, false));
    assert_eq!(slow(11, 0), (1, 10, 0, false));
    assert_eq!(slow(0, 9), (1, 8, 0, true));
}
