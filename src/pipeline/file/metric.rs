//! Reads `metrics`. PromQL is parsed here, so that an invalid query is an error of the spec and not of a later run.

use std::ops::Range;

use promql_parser::parser;

use crate::pipeline::file::reader::SpecReader;
use crate::pipeline::file::values;
use crate::pipeline::file::yaml::YamlNode;
use crate::pipeline::spec::Metric;
use crate::spelling::nearest;

/// Longest query in bytes. Written queries are far shorter, and the depth of the parser grows with the length.
const LONGEST: usize = 4_096;
/// Deepest nesting of brackets, which the recursive parser can hold on its stack.
const DEEPEST: usize = 64;
/// The placeholders, each with a value that makes the query parse.
const VARIABLES: [(&str, &str); 4] = [("service", "\"x\""), ("correlation_id", "\"x\""), ("from", "1"), ("to", "2")];

/// Part of the query (none for all of it), message and help.
type MetricError = (Option<Range<usize>>, String, String);

pub(super) const KEYS: [&str; 4] = ["query", "is", "empty", "name"];

/// One of `metrics`.
pub(super) fn read(reader: &mut SpecReader, node: &YamlNode) -> Option<Metric> {
    let fields = reader.fields(node, "a metric", &KEYS)?;
    for (key, help) in [("query", "what is asked, in PromQL"), ("is", "what it must be: \"== 0\"")] {
        if fields.get(key).is_none() {
            reader.error(&node.at, format!("a metric needs `{key}`"), help);
        }
    }
    let query = fields.get("query").and_then(|query| checked_query(reader, query));
    let is = fields.get("is").and_then(|is| reader.parse_scalar(is, "a comparison", values::comparison));
    let empty = fields.get("empty").map(|empty| reader.choice(empty, &[("ok", ())]).is_some());
    let name = fields.get("name").map(|name| reader.text(name).unwrap_or_default().to_owned());
    let query = query?;
    Some(Metric { name: name.unwrap_or_else(|| query.clone()), query, is: is?, empty_is_well: empty.unwrap_or(false) })
}

fn checked_query(reader: &mut SpecReader, node: &YamlNode) -> Option<String> {
    let query = reader.text(node)?;
    match query_error(query) {
        None => Some(query.to_owned()),
        Some((part, message, help)) => {
            let at = part.map_or(node.at.clone(), |part| reader.part(node, part));
            reader.error(&at, message, help);
            None
        }
    }
}

/// The first error of a query.
fn query_error(query: &str) -> Option<MetricError> {
    if query.len() > LONGEST {
        return Some((
            None,
            format!("a query of {} bytes is too long", query.len()),
            format!("at most {LONGEST} are read"),
        ));
    }
    let filled = match filled(query) {
        Ok(filled) => filled,
        Err(query_error) => return Some(query_error),
    };
    if let Err((at, message)) = brackets(&filled) {
        return Some((Some(at..at + 1), format!("this is no PromQL: {message}"), String::new()));
    }
    let why = parser::parse(&filled).err()?;
    let cited = why.rsplit([' ', '`', '\'', '"']).find(|parse_scalar| !parse_scalar.is_empty()).unwrap_or_default();
    Some((place(query, cited), format!("this is no PromQL: {}", why.lines().next().unwrap_or_default()), String::new()))
}

/// Where the only piece like this is.
fn place(query: &str, piece: &str) -> Option<Range<usize>> {
    let start = query.find(piece).filter(|_| !piece.is_empty() && query.matches(piece).count() == 1)?;
    Some(start..start + piece.len())
}

/// As it is asked, with values of the kinds that will be filled in. Every part keeps its place.
///
/// Of templates only the placeholders are taken: a spec may come from anywhere, and a template can do much.
fn filled(query: &str) -> Result<String, MetricError> {
    let known = VARIABLES.map(|(name, _)| name);
    let help = || format!("known are {{{{ {} }}}}", known.join(" }}, {{ "));
    if let Some(at) = query.find("{%").or_else(|| query.find("{#")) {
        return Err((Some(at..at + 2), "only placeholders are filled in".to_owned(), help()));
    }
    let mut filled = query.to_owned();
    let mut from = 0;
    while let Some(start) = query[from..].find("{{").map(|at| from + at) {
        let Some(end) = query[start..].find("}}").map(|at| start + at + 2) else {
            return Err((Some(start..start + 2), "a placeholder is never closed".to_owned(), help()));
        };
        let name = query[start + 2..end - 2].trim();
        let Some((_, value)) = VARIABLES.iter().find(|(known, _)| *known == name) else {
            let help = nearest(name, &known).map_or_else(help, |near| format!("did you mean {{{{ {near} }}}}?"));
            return Err((Some(start..end), "unknown placeholder".to_owned(), help));
        };
        filled.replace_range(start..end, &format!("{value:<width$}", width = end - start));
        from = end;
    }
    Ok(filled)
}

/// Brackets in pairs, outside of strings. The parser says that one is missing, not where.
fn brackets(query: &str) -> Result<(), (usize, String)> {
    let mut open: Vec<(usize, char)> = vec![];
    let mut string = None;
    let mut escaped = false;
    for (at, c) in query.char_indices() {
        match (string, c) {
            (Some(_), _) if escaped => escaped = false,
            (Some('"' | '\''), '\\') => escaped = true,
            (Some(quote), c) if c == quote => string = None,
            (None, '"' | '\'' | '`') => string = Some(c),
            // A comment, up to the end of its line.
            (None, '#') => string = Some('\n'),
            (None, '(' | '[' | '{') if open.len() == DEEPEST => {
                return Err((at, format!("more than {DEEPEST} brackets stand in each other")));
            }
            (None, '(' | '[' | '{') => open.push((at, c)),
            (None, ')' | ']' | '}') => match open.pop() {
                Some((_, '(')) if c == ')' => {}
                Some((_, '[')) if c == ']' => {}
                Some((_, '{')) if c == '}' => {}
                _ => return Err((at, format!("`{c}` closes nothing"))),
            },
            _ => {}
        }
    }
    open.pop().map_or(Ok(()), |(at, bracket)| Err((at, format!("`{bracket}` is never closed"))))
}
