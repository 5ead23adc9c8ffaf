//! Reads selectors.

use crate::model::span::SpanKind;
use crate::pipeline::file::reader::{Fields, SpecReader};
use crate::pipeline::file::values;
use crate::pipeline::file::yaml::{ScalarKind, YamlNode, YamlValue};
use crate::pipeline::spec::{AttributeTest, ExpectedStatus, SeenIn, Selector};

pub(super) const KEYS: [&str; 5] = ["span", "log", "service", "kind", "attributes"];
/// The keys of a selector that may also have an outcome.
pub(super) const KEYS_WITH_STATUS: [&str; 6] = ["span", "log", "service", "kind", "attributes", "status"];

pub(super) const KINDS: [SpanKind; 5] =
    [SpanKind::Server, SpanKind::Client, SpanKind::Producer, SpanKind::Consumer, SpanKind::Internal];

/// What counts as a match if a step has both `span` and `log`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum SelectorScope {
    Span,
    Log,
    Either,
}

/// A selector with an optional outcome, as `absent` and `if` have it.
pub(super) fn selector_with_status(
    reader: &mut SpecReader,
    node: &YamlNode,
    what: &str,
) -> Option<(Selector, Option<ExpectedStatus>)> {
    if node.kind() == ScalarKind::Text {
        return reader.pattern(node).map(|name| (Selector::span(name), None));
    }
    let fields = reader.fields(node, what, &KEYS_WITH_STATUS)?;
    let status = status(reader, &fields);
    Some((single_selector(reader, node, &fields)?, status))
}

/// The only selector of fields without `seen` and `any_of`.
fn single_selector(reader: &mut SpecReader, node: &YamlNode, fields: &Fields) -> Option<Selector> {
    match (fields.get("span"), fields.key("log")) {
        (Some(_), Some(log)) => {
            reader.error(&log.at, "`span` and `log` do not stand together here", "write one for each");
            None
        }
        (None, None) => {
            reader.error(
                &node.at,
                "what is looked for? neither `span` nor `log` is told",
                "write { span: NAME } or { log: TEXT }",
            );
            None
        }
        _ => selectors(reader, fields).pop(),
    }
}

/// All selectors of a step.
pub(super) fn step_selectors(reader: &mut SpecReader, node: &YamlNode, fields: &Fields) -> Vec<Selector> {
    let Some(alternatives) = fields.get("any_of") else { return span_or_log(reader, node, fields) };
    for key in ["span", "log", "service", "kind", "attributes", "seen"] {
        if let Some(key) = fields.key(key) {
            let message = format!("`{}` does not stand beside `any_of`", key.text());
            reader.error(&key.at, message, "write it inside of each alternative that it is about");
        }
    }
    let items = reader.list(Some(alternatives), "a list of alternatives");
    if items.is_empty() && matches!(&alternatives.value, YamlValue::List(items) if items.is_empty()) {
        reader.error(&alternatives.at, "no alternative is told", "write any_of: [ { span: NAME }, { span: OTHER } ]");
    }
    let mut selectors = vec![];
    for item in items {
        if item.kind() == ScalarKind::Text {
            selectors.extend(reader.pattern(item).map(Selector::span));
        } else if let Some(fields) = reader.fields(item, "an alternative", &KEYS) {
            selectors.extend(single_selector(reader, item, &fields));
        }
    }
    selectors
}

fn span_or_log(reader: &mut SpecReader, node: &YamlNode, fields: &Fields) -> Vec<Selector> {
    let choices = [("span", SelectorScope::Span), ("log", SelectorScope::Log), ("either", SelectorScope::Either)];
    let seen = fields.get("seen").map(|seen| (seen, reader.choice(seen, &choices)));
    let (span, log) = (fields.key("span"), fields.key("log"));
    match (seen, span, log) {
        (_, None, None) => {
            let help = "write { span: NAME }, { log: TEXT } or { any_of: [ … ] }";
            reader.error(&node.at, "what is looked for? none of `span`, `log` and `any_of` is told", help);
        }
        (None, Some(_), Some(log)) => {
            let help = "add `seen: either`, or `seen: span` or `seen: log` for one of them";
            reader.error(&log.at, "which counts, the span or the line?", help);
        }
        (Some((seen, Some(SelectorScope::Span | SelectorScope::Either))), None, _) => {
            reader.error(&seen.at, format!("`seen: {}` needs a `span`", seen.text()), "write span: NAME beside it");
        }
        (Some((seen, Some(SelectorScope::Log | SelectorScope::Either))), _, None) => {
            reader.error(&seen.at, format!("`seen: {}` needs a `log`", seen.text()), "write log: TEXT beside it");
        }
        _ => {}
    }
    let scope = seen.and_then(|(_, choice)| choice).unwrap_or(SelectorScope::Either);
    let mut selectors = selectors(reader, fields);
    selectors.retain(|selector| match selector.what {
        SeenIn::Span(_) => scope != SelectorScope::Log,
        SeenIn::Log(_) => scope != SelectorScope::Span,
    });
    selectors
}

/// A selector for each of `span` and `log`.
fn selectors(reader: &mut SpecReader, fields: &Fields) -> Vec<Selector> {
    let service = fields.get("service").and_then(|service| reader.pattern(service));
    let kinds = KINDS.map(|kind| (kind.as_str(), kind));
    let kind = fields.get("kind").and_then(|kind| reader.choice(kind, &kinds));
    if let (Some(key), None, Some(_)) = (fields.key("kind"), fields.get("span"), fields.get("log")) {
        reader.error(&key.at, "a line has no `kind`", "leave it away, or look for a span");
    }
    let attributes = fields.get("attributes").map(|node| attributes(reader, node)).unwrap_or_default();
    let span = fields.get("span").and_then(|span| reader.pattern(span)).map(SeenIn::Span);
    let log = fields.get("log").and_then(|log| reader.pattern(log)).map(SeenIn::Log);
    let selector = |what: SeenIn| {
        let kind = kind.filter(|_| matches!(what, SeenIn::Span(_)));
        Selector { what, service: service.clone(), kind, attributes: attributes.clone() }
    };
    span.into_iter().chain(log).map(selector).collect()
}

fn attributes(reader: &mut SpecReader, node: &YamlNode) -> Vec<(String, AttributeTest)> {
    let YamlValue::Table(pairs) = &node.value else {
        reader.expected(node, "attributes", "write { \"essay.id\": \"*\", http.method: POST }");
        return vec![];
    };
    let test = |(key, value): &(YamlNode, YamlNode)| {
        if key.text().is_empty() {
            reader.error(&key.at, "an attribute without a name", "");
        }
        Some((key.text().to_owned(), reader.parse_scalar(value, "the attribute's value", values::test)?))
    };
    pairs.iter().filter_map(test).collect()
}

pub(super) fn status(reader: &mut SpecReader, fields: &Fields) -> Option<ExpectedStatus> {
    let choices = [("ok", ExpectedStatus::Ok), ("any", ExpectedStatus::Any), ("error", ExpectedStatus::Error)];
    reader.choice(fields.get("status")?, &choices)
}
