use super::*;
use crate::analysis::journey::sketch;

const GOOD: &str = "shop/POST /pay/12 0..100 server
  cart/get 5..15 client
  pay/send 20..22 producer topic=t
    ~> bill/take 30..90 consumer topic=t trace=2
      db/write 40..60 client";

fn two(a: &str, b: &str) -> Vec<String> {
    let mut diff = DiffFold::of_two();
    diff.add(DiffSide::First, &sketch::journey(a), &Filters::default());
    diff.add(DiffSide::Second, &sketch::journey(b), &Filters::default());
    let marked = |step: DiffStep| {
        (!step.changes.is_empty()).then(|| format!("{}/{} {:?}", step.service, step.operation, step.changes))
    };
    diff.finish().steps.into_iter().filter_map(marked).collect()
}

#[test]
fn two_journeys_differ_by_their_steps_and_never_by_their_ids() {
    let table: [(&str, &str, &[&str]); 9] = [
        ("/pay/12", "/pay/77", &[]),
        ("cart/get 5..15", "cart/get 6..17", &[]),
        ("  cart/get 5..15 client\n", "", &["cart/get [Missing]"]),
        ("cart/get 5..15 client", "cart/get 5..15 client\n  cart/put 5..9", &["cart/put [Added]"]),
        ("cart/get 5..15 client", "cart/get 5..15 client\n  cart/get 15..25 client", &["cart/get [More]"]),
        ("cart/get 5..15 client", "cart/get 5..15 client error: no", &["cart/get [Fails]"]),
        ("take 30..90", "take 530..590", &["bill/take [WaitsLonger]"]),
        (
            "bill/take 30..90 consumer topic=t trace=2\n      db/write 40..60",
            "bill/take 30..290 consumer topic=t trace=2\n      db/write 40..260",
            &["bill/take [SlowerBelow]", "db/write [Slower]"],
        ),
        (
            "pay/send 20..22 producer topic=t\n    ~> bill",
            "pay/send 20..22 producer topic=t\nbill",
            &["bill/take [Moved]"],
        ),
    ];
    for (from, to, expected) in table {
        assert!(GOOD.contains(from), "{from}");
        assert_eq!(two(GOOD, &GOOD.replace(from, to)), expected, "{from} → {to}");
    }
    assert_eq!(two(GOOD, &GOOD.replace("write 40..60 client", "write 40..60 client error: x")), ["db/write [Fails]"]);
    let deep = sketch::chain(50_000);
    let mut diff = DiffFold::of_two();
    diff.add(DiffSide::First, &deep, &Filters::default());
    diff.add(DiffSide::Second, &deep, &Filters::default());
    assert!(diff.finish().steps.iter().all(|step| step.changes.is_empty()));
}

/// A number of journeys of each drawing, compared.
fn many(sides: [(usize, &str); 2]) -> (bool, Vec<String>) {
    mixed(&sides.map(|(count, text)| vec![(count, text)]))
}

/// Numbers of journeys, each with its sketch.
type Mix<'a> = Vec<(usize, &'a str)>;

/// A number of journeys of each drawing on both sides, compared.
fn mixed(sides: &[Mix; 2]) -> (bool, Vec<String>) {
    let mut diff = DiffFold::of_many();
    for (side, mix) in [DiffSide::First, DiffSide::Second].into_iter().zip(sides) {
        for (count, text) in mix {
            (0..*count).for_each(|_| diff.add(side, &sketch::journey(text), &Filters::default()));
        }
    }
    let found = diff.finish();
    let marked = found.steps.iter().filter(|step| !step.changes.is_empty());
    (found.enough, marked.map(|step| format!("{} {:?}", step.operation, step.changes)).collect())
}

#[test]
fn few_journeys_are_marked_as_too_few_and_a_step_slow_because_of_another_is_slower_below() {
    let steps = |text: &str| (0..20).fold(text.to_owned(), |all, n| format!("{all}\n  step/s{n} 1..2 client"));
    let fine = steps("shop/pay 0..100 server\n  cart/get 5..90 client\n    db/select 10..80 client");
    let failing = fine.replace("90 client", "90 client error: no");
    let slow = fine.replace("0..100", "0..3100").replace("5..90", "5..3090").replace("10..80", "10..3080");
    let table: [(usize, &str, usize, bool, &[&str]); 6] = [
        (6, &failing, 6, true, &["get [Fails]"]),
        (3, &failing, 3, false, &[]),
        (50, &fine, 0, false, &[]),
        (0, &fine, 50, false, &[]),
        (30, &fine, 30, true, &[]),
        (30, &slow, 30, true, &["pay [SlowerBelow]", "get [SlowerBelow]", "select [Slower]"]),
    ];
    for (before, text, after, enough, changes) in table {
        let found = many([(before, &fine), (after, text)]);
        assert_eq!(found, (enough, changes.iter().map(ToString::to_string).collect()), "{before}, {after}");
    }
}

#[test]
fn many_differ_only_beyond_noise() {
    let mut changed = 0;
    for seed in 0..100_u64 {
        let mut dice = seed;
        let mut jitter = |most: u64| {
            dice = dice.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            (dice >> 33) % most
        };
        let (mut same, mut other) = (DiffFold::of_many(), DiffFold::of_many());
        for nth in 0..60 {
            let (get, fails) = (5 + jitter(40), jitter(10) == 0);
            let outcome = if fails { "error: no" } else { "" };
            let side = if nth < 30 { DiffSide::First } else { DiffSide::Second };
            let text = format!("shop/pay 0..200 server\n  cart/get 5..{} client {outcome}", 5 + get);
            same.add(side, &sketch::journey(&text), &Filters::default());
            let slow = format!("shop/pay 0..200 server\n  cart/get 5..{} client error: no\n  cart/new 1..2", 45 + get);
            let text = if nth < 30 { &text } else { &slow };
            other.add(side, &sketch::journey(text), &Filters::default());
        }
        changed += usize::from(same.finish().steps.iter().any(|step| !step.changes.is_empty()));
        let found: Vec<Vec<Change>> = other.finish().steps.into_iter().map(|step| step.changes).collect();
        assert_eq!(found, [vec![], vec![Change::Fails, Change::Slower], vec![Change::Added]], "{seed}");
    }
    assert!(changed <= 5, "{changed} of 100 claimed something of nothing");
}

#[test]
fn another_mix_of_entries_is_not_a_difference_and_a_change_within_one_is() {
    let pay = "shop/POST /pay/12 0..100 server\n  bank/charge 10..90 client";
    let list = "shop/GET /list 0..20 server\n  db/select 5..15 client";
    let slow = "shop/GET /list 0..420 server\n  db/select 5..415 client";
    let renamed = list.replace("/list", "/v2/list").replace("client", "client error: no");
    let all: [(&str, [Mix; 2], bool, &[&str]); 7] = [
        ("another mix", [vec![(90, pay), (10, list)], vec![(10, pay), (90, list)]], true, &[]),
        (
            "a rarer one is slower",
            [vec![(20, pay), (80, list)], vec![(80, pay), (20, slow)]],
            true,
            &["GET /list [SlowerBelow]", "select [Slower]"],
        ),
        (
            "one is gone",
            [vec![(50, pay), (50, list)], vec![(50, pay)]],
            true,
            &["GET /list [Missing]", "select [Missing]"],
        ),
        ("one is new", [vec![(50, pay)], vec![(50, pay), (50, list)]], true, &["GET /list [Added]", "select [Added]"]),
        (
            "one is renamed, and fails",
            [vec![(40, list)], vec![(40, &renamed)]],
            true,
            &["GET /list [Missing]", "select [Missing]", "GET /v2/list [Added]", "select [Added, Fails]"],
        ),
        ("a rare one may come later", [vec![(50, pay), (1, list)], vec![(50, pay)]], true, &[]),
        ("none is on both sides enough", [vec![(3, pay), (3, list)], vec![(3, pay), (3, list)]], false, &[]),
    ];
    for (what, sides, enough, changes) in all {
        assert_eq!(mixed(&sides), (enough, changes.iter().map(ToString::to_string).collect()), "{what}");
    }
    // One in ten lasts longer than any did before: the median knows nothing of it.
    let stuck = pay.replace("0..100", "0..5100").replace("10..90", "10..5090");
    let found = mixed(&[vec![(100, pay)], vec![(90, pay), (10, &stuck)]]);
    assert_eq!(found.1, ["POST /pay/# [SlowerAtTimes]", "charge [SlowerAtTimes]"]);
    assert_eq!(mixed(&[vec![(100, pay)], vec![(99, pay), (1, &stuck)]]).1, [""; 0]);
    // Enough journeys of the smaller entry alone do not answer for the whole.
    let rare: Vec<String> = (b'a'..=b'z').map(|c| format!("shop/GET /{} 0..9 server", char::from(c))).collect();
    let side =
        |common: usize| std::iter::once((common, pay)).chain(rare.iter().map(|text| (2, text.as_str()))).collect();
    assert_eq!(mixed(&[side(40), side(40)]), (false, vec![]));
    assert_eq!(mixed(&[side(60), side(60)]), (true, vec![]));
}
