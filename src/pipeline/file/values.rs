//! Parses the values of a spec: durations, waits, counts, attribute tests, comparisons.

use crate::model::duration::{duration, has_months};
use crate::model::pattern::Pattern;
use crate::pipeline::spec::{AttributeTest, Comparison};

/// Message and help of an invalid value.
pub(super) type Correction = (String, String);

/// A count whose step name is not resolved yet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum CountDraft {
    Range(usize, Option<usize>),
    SameAs(String),
}

const UNITS: &str = "write a length with its unit: 30s, 1.5s, 250ms, 2m, 1h";
const WAITS: &str = "write the longest wait (30s), the least (>= 1s), or both (1s..30s)";
const COUNTS: &str = "write 3, 1..5, 2.., >= 2, <= 5 or same as STEP";

/// A pattern, with `*` and `re:`.
pub(super) fn pattern(text: &str) -> Result<Pattern, Correction> {
    Pattern::parse(text).map_err(|why| (why, String::new()))
}

/// A duration such as `30s`, in nanoseconds.
pub(super) fn length(text: &str) -> Result<i64, Correction> {
    if text.trim().parse::<f64>().is_ok() {
        let seconds = text.trim();
        return Err((format!("`{seconds}` has no unit"), format!("did you mean {seconds}s or {seconds}ms?")));
    }
    match duration(text) {
        Ok(ns) => Ok(ns),
        Err(why) if has_months(text) => Err((why, UNITS.to_owned())),
        Err(_) => Err((format!("`{text}` is no length of time"), UNITS.to_owned())),
    }
}

/// A duration greater than 0, in nanoseconds.
pub(super) fn limit(text: &str) -> Result<i64, Correction> {
    match length(text)? {
        0 => Err(("nothing takes no time at all".to_owned(), UNITS.to_owned())),
        ns => Ok(ns),
    }
}

/// The least and the longest wait, in nanoseconds.
pub(super) fn wait(text: &str) -> Result<(Option<i64>, Option<i64>), Correction> {
    let (least, most) =
        range(text, |end| length(end).map_err(|(message, _)| (message, WAITS.to_owned())), |most| (None, Some(most)))?;
    match (least, most) {
        (Some(least), Some(most)) if least > most => Err((
            format!("the least wait of `{text}` is longer than the longest"),
            "write the shorter one first".to_owned(),
        )),
        both => Ok(both),
    }
}

/// A count such as `3`, `1..5` or `same as STEP`.
pub(super) fn count(text: &str) -> Result<CountDraft, Correction> {
    if let Some(step) = text.trim().strip_prefix("same as") {
        let step = step.trim();
        return if step.is_empty() {
            Err(("the same as what?".to_owned(), COUNTS.to_owned()))
        } else {
            Ok(CountDraft::SameAs(step.to_owned()))
        };
    }
    let number =
        |end: &str| end.trim().parse::<usize>().map_err(|_| (format!("`{text}` is no count"), COUNTS.to_owned()));
    match range(text, number, |exact| (Some(exact), Some(exact)))? {
        (least, Some(most)) if least.is_some_and(|least| least > most) => {
            Err((format!("the least of `{text}` is more than the most"), "write the smaller one first".to_owned()))
        }
        (least, most) => Ok(CountDraft::Range(least.unwrap_or(0), most)),
    }
}

/// `A..B`, `A..`, `..B`, `>= A`, `<= B`, or a single value, which `alone` turns into a range.
fn range<T>(
    text: &str,
    end: impl Fn(&str) -> Result<T, Correction>,
    alone: impl Fn(T) -> (Option<T>, Option<T>),
) -> Result<(Option<T>, Option<T>), Correction> {
    let text = text.trim();
    if let Some(least) = text.strip_prefix(">=") {
        return Ok((Some(end(least)?), None));
    }
    if let Some(most) = text.strip_prefix("<=") {
        return Ok((None, Some(end(most)?)));
    }
    let Some((least, most)) = text.split_once("..") else { return Ok(alone(end(text)?)) };
    let optional = |part: &str| if part.trim().is_empty() { Ok(None) } else { end(part).map(Some) };
    // `..` without ends is not a range: parsing it as an end reports the error.
    let (least, most) = if text == ".." { (Some(end(text)?), None) } else { (optional(least)?, optional(most)?) };
    Ok((least, most))
}

/// Longer operators first: `<` is a prefix of `<=`.
const SIGNS: [Comparison; 6] = [
    Comparison::AtMost,
    Comparison::AtLeast,
    Comparison::Equal,
    Comparison::NotEqual,
    Comparison::Less,
    Comparison::More,
];

fn signed(text: &str) -> Option<(Comparison, &str)> {
    let text = text.trim();
    SIGNS.iter().find_map(|sign| Some((*sign, text.strip_prefix(sign.sign())?.trim())))
}

fn number(text: &str) -> Option<f64> {
    text.parse::<f64>().ok().filter(|number| number.is_finite())
}

/// A comparison such as `== 0` or `< 0.5`; a bare number means `==`.
pub(super) fn comparison(text: &str) -> Result<(Comparison, f64), Correction> {
    let (sign, value) = signed(text).unwrap_or((Comparison::Equal, text.trim()));
    let error =
        || (format!("`{text}` compares with no number"), "write == 0, != 0, < 0.5, <= 2, > 1 or >= 1".to_owned());
    Ok((sign, number(value).ok_or_else(error)?))
}

/// An attribute test: `*`, `!*`, `!= x`, `>= 400`, or a pattern.
pub(super) fn test(text: &str) -> Result<AttributeTest, Correction> {
    match (text, signed(text)) {
        ("*", _) => Ok(AttributeTest::Exists),
        ("!*", _) => Ok(AttributeTest::Missing),
        (_, Some((Comparison::NotEqual, value))) => pattern(value).map(AttributeTest::IsNot),
        (_, Some((sign, value))) => number(value).map(|number| AttributeTest::Compare(sign, number)).ok_or_else(|| {
            let help = format!("to match this very text, write 're:^{}$'", regex::escape(text));
            (format!("`{}` compares with a number, and `{value}` is none", sign.sign()), help)
        }),
        (text, None) => pattern(text).map(AttributeTest::Is),
    }
}
