//! What a PromQL expression looks at.

use promql_parser::label::MatchOp;
use promql_parser::parser::{self, Expr, VectorSelector};

/// A longer expression is not read: the parser's depth grows with it.
const LONGEST: usize = 4_096;
/// So deep brackets stand in each other at most.
const DEEPEST: i32 = 64;

/// The series that an expression selects, each once, by text; without those of which it asks whether they are absent.
/// None where the expression cannot be read.
pub fn selectors(expression: &str) -> Option<Vec<String>> {
    if expression.len() > LONGEST || depth(expression) > DEEPEST {
        return None;
    }
    let tree = parser::parse(expression).ok()?;
    let (mut found, mut open) = (vec![], vec![&tree]);
    while let Some(expr) = open.pop() {
        match expr {
            Expr::VectorSelector(selector) => found.push(text(selector)?),
            Expr::MatrixSelector(matrix) => found.push(text(&matrix.vs)?),
            Expr::Aggregate(it) => open.push(&it.expr),
            Expr::Unary(it) => open.push(&it.expr),
            Expr::Paren(it) => open.push(&it.expr),
            Expr::Subquery(it) => open.push(&it.expr),
            Expr::Binary(it) => open.extend([&*it.lhs, &*it.rhs]),
            Expr::Call(call) if call.func.name.starts_with("absent") => {}
            Expr::Call(call) => open.extend(call.args.args.iter().map(|argument| &**argument)),
            Expr::NumberLiteral(_) | Expr::StringLiteral(_) | Expr::Extension(_) => {}
        }
    }
    found.sort();
    found.dedup();
    Some(found)
}

/// How deep brackets stand in each other, those in strings counted as well.
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
    fn an_expression_tells_what_it_looks_at() {
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
        for (expression, wanted) in table {
            let found = selectors(expression);
            assert_eq!(
                found.as_deref(),
                wanted.map(|all| all.iter().map(|s| (*s).to_owned()).collect::<Vec<_>>()).as_deref(),
                "{expression}"
            );
            for selector in found.unwrap_or_default() {
                assert_eq!(selectors(&selector), Some(vec![selector.clone()]), "{selector}");
            }
        }
        assert_eq!(selectors(&"(".repeat(9_999)), None);
        assert_eq!(selectors(&format!("{}a{}", "(".repeat(999), ")".repeat(999))), None);
        assert!(selectors(&format!("a{}", "+a".repeat(2_000))).is_some());
        assert!(selectors(&format!("{}a", "-".repeat(4_000))).is_some());
    }
}
