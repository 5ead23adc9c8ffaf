//! The series that a PromQL expression selects.

use promql_parser::label::MatchOp;
use promql_parser::parser::{self, Expr, VectorSelector, token};

/// The longest expression that is parsed, in bytes: the parser recurses, and its depth grows with the text.
const LONGEST: usize = 4_096;
/// The deepest nesting of brackets that is parsed, for the same reason.
const DEEPEST: i32 = 64;

/// Series that exist only while something is wrong: without them all is well.
const ONLY_ON_TROUBLE: [&str; 2] = ["ALERTS", "ALERTS_FOR_STATE"];

/// The selectors in an expression, each once, sorted; without those inside `absent()`, which ask for series that should
/// not exist. None where the expression cannot be parsed.
pub(crate) fn selectors(expression: &str) -> Option<Vec<String>> {
    parsed(expression).map(|found| sorted(found.into_iter().map(|(selector, _)| selector)))
}

/// The selectors without which an expression has no result. None where that is unknown: where the expression cannot be
/// parsed, or each of its selectors may be empty while all is well.
pub(crate) fn needed(expression: &str) -> Option<Vec<String>> {
    let found = parsed(expression)?;
    let selects_nothing = found.is_empty();
    let required = found.into_iter().filter(|(_, need)| *need == Need::Required);
    let required = sorted(required.map(|(selector, _)| selector));
    (selects_nothing || !required.is_empty()).then_some(required)
}

/// Whether a selector must find series for the expression to have a result.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Need {
    Required,
    /// It is one side of an `or`, or the right one of an `unless`; or it exists only when something is wrong.
    Optional,
}

/// Each selector as text, and whether it is required.
fn parsed(expression: &str) -> Option<Vec<(String, Need)>> {
    if expression.len() > LONGEST || depth(expression) > DEEPEST {
        return None;
    }
    let tree = parser::parse(expression).ok()?;
    let (mut found, mut open) = (vec![], vec![(&tree, Need::Required)]);
    while let Some((expr, need)) = open.pop() {
        match expr {
            Expr::VectorSelector(selector) => found.push(selector_with_need(selector, need)?),
            Expr::MatrixSelector(matrix) => found.push(selector_with_need(&matrix.vs, need)?),
            Expr::Aggregate(it) => open.push((&it.expr, need)),
            Expr::Unary(it) => open.push((&it.expr, need)),
            Expr::Paren(it) => open.push((&it.expr, need)),
            Expr::Subquery(it) => open.push((&it.expr, need)),
            Expr::Binary(it) => {
                let (left, right) = match it.op.id() {
                    token::T_LOR => (Need::Optional, Need::Optional),
                    token::T_LUNLESS => (need, Need::Optional),
                    _ => (need, need),
                };
                open.extend([(&*it.lhs, left), (&*it.rhs, right)]);
            }
            Expr::Call(call) if call.func.name.starts_with("absent") => {}
            Expr::Call(call) => open.extend(call.args.args.iter().map(|argument| (&**argument, need))),
            Expr::NumberLiteral(_) | Expr::StringLiteral(_) | Expr::Extension(_) => {}
        }
    }
    Some(found)
}

fn selector_with_need(selector: &VectorSelector, need: Need) -> Option<(String, Need)> {
    let named = selector.matchers.matchers.iter().filter(|matcher| matcher.name == "__name__");
    let mut names = named.map(|matcher| matcher.value.as_str()).chain(selector.name.as_deref());
    let need = if names.any(|name| ONLY_ON_TROUBLE.contains(&name)) { Need::Optional } else { need };
    Some((text(selector)?, need))
}

fn sorted(selectors: impl Iterator<Item = String>) -> Vec<String> {
    let mut sorted: Vec<String> = selectors.collect();
    sorted.sort();
    sorted.dedup();
    sorted
}

/// The depth of nested brackets. Those inside strings count as well: that only refuses what is odd anyway.
fn depth(expression: &str) -> i32 {
    let (mut now, mut most) = (0_i32, 0);
    for c in expression.chars() {
        now += match c {
            '(' | '{' | '[' => 1,
            ')' | '}' | ']' => -1,
            _ => 0,
        };
        most = most.max(now);
    }
    most
}

/// The selector as PromQL; none where it has alternatives, which only one server understands.
fn text(selector: &VectorSelector) -> Option<String> {
    if !selector.matchers.or_matchers.is_empty() {
        return None;
    }
    let matcher = |matcher: &promql_parser::label::Matcher| {
        let op = match &matcher.op {
            MatchOp::Equal => "=",
            MatchOp::NotEqual => "!=",
            MatchOp::Re(_) => "=~",
            MatchOp::NotRe(_) => "!~",
        };
        let value: String = matcher.value.chars().flat_map(escaped).collect();
        format!("{}{op}\"{value}\"", matcher.name)
    };
    let matchers: Vec<String> = selector.matchers.matchers.iter().map(matcher).collect();
    let name = selector.name.clone().unwrap_or_default();
    Some(if matchers.is_empty() { name } else { format!("{name}{{{}}}", matchers.join(",")) })
}

fn escaped(c: char) -> impl Iterator<Item = char> {
    let (first, second) = match c {
        '"' | '\\' => ('\\', Some(c)),
        '\n' => ('\\', Some('n')),
        _ => (c, None),
    };
    std::iter::once(first).chain(second)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_selectors_of_an_expression_are_found() {
        let table: [(&str, Option<&[&str]>); 8] = [
            ("increase(a_total[1m]) > 0", Some(&["a_total"])),
            (
                "sum by (x) (rate(a{b=~\"c.*\",d!=\"\"}[5m])) / on (x) b offset 5m",
                Some(&["a{b=~\"c.*\",d!=\"\"}", "b"]),
            ),
            ("a and a unless -b", Some(&["a", "b"])),
            ("absent(a) or absent_over_time(b[5m]) or c", Some(&["c"])),
            ("max_over_time(sum(a{e=\"\\\"\\\\\\n\"})[1h:1m])", Some(&["a{e=\"\\\"\\\\\\n\"}"])),
            ("vector(1)", Some(&[])),
            ("sum(", None),
            ("", None),
        ];
        for (expression, expected) in table {
            let found = selectors(expression);
            assert_eq!(
                found.as_deref(),
                expected.map(|all| all.iter().map(|s| (*s).to_owned()).collect::<Vec<_>>()).as_deref(),
                "{expression}"
            );
            for selector in found.unwrap_or_default() {
                assert_eq!(selectors(&selector), Some(vec![selector.clone()]), "{selector}");
            }
        }
        assert_eq!(selectors(&"(".repeat(9_999)), None);
        assert_eq!(needed(&"(".repeat(9_999)), None);
        assert_eq!(selectors(&format!("{}a{}", "(".repeat(999), ")".repeat(999))), None);
        assert!(selectors(&format!("a{}", "+a".repeat(2_000))).is_some());
        assert!(selectors(&format!("{}a", "-".repeat(4_000))).is_some());
    }

    #[test]
    fn a_selector_that_may_be_empty_is_not_needed() {
        let table: [(&str, Option<&[&str]>); 10] = [
            ("a / on (x) b and c", Some(&["a", "b", "c"])),
            ("sum(a) / (b or vector(0)) > 1", Some(&["a"])),
            ("a unless b", Some(&["a"])),
            ("a unless (b and c) or d", None),
            ("a or b", None),
            ("ALERTS{alertstate=\"firing\"} > 0", None),
            ("count({__name__=\"ALERTS_FOR_STATE\"}) and a", Some(&["a"])),
            ("a unless on (x) ALERTS", Some(&["a"])),
            ("vector(1)", Some(&[])),
            ("sum(", None),
        ];
        for (expression, expected) in table {
            let expected = expected.map(|all| all.iter().map(|s| (*s).to_owned()).collect::<Vec<_>>());
            assert_eq!(needed(expression), expected, "{expression}");
        }
    }
}
