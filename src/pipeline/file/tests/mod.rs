//! What is read, what is refused and how, and that nothing hurts.

mod bad;
mod good;

use std::time::{Duration, Instant};

use proptest::prelude::*;

use super::yaml::ScalarKind;
use super::*;
use crate::model::time::Human;
use crate::pipeline::from_patterns::from_patterns;
use crate::pipeline::spec::{
    AttributeTest, Each, ExpectedCount, ExpectedStatus, ExpectedStep, Relation, SeenIn, Selector,
};

/// What the schema can check in an editor.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Editor {
    Refuses,
    /// What is wrong is not for a schema to see.
    Passes,
    /// The text is not YAML as it is read here.
    Unread,
}

#[test]
fn good_specs_mean_what_they_say() {
    for (text, meaning) in good::GOOD {
        let spec = read("spec.yaml", text.as_bytes()).unwrap_or_else(|complaints| panic!("{complaints}"));
        let shown = shown(&spec);
        assert!(shown.trim() == meaning.trim(), "{text}\n{shown}");
    }
}

#[test]
fn bad_specs_are_refused_at_the_place_and_in_words() {
    for (text, place, message, _) in bad::BAD {
        let complaints = read("spec.yaml", text.as_bytes()).expect_err(text);
        let first = &complaints.list[0];
        assert_eq!(
            (format!("{}:{}", first.line, first.column).as_str(), first.message.as_str()),
            (*place, *message),
            "{text}"
        );
    }
}

#[test]
fn the_schema_agrees_as_far_as_it_can_see() {
    let schema = schema();
    assert!(jsonschema::meta::is_valid(&schema));
    let validator = jsonschema::draft202012::new(&schema).expect("a schema");
    let editor = |text: &str| {
        let mut errors = vec![];
        match yaml::parse(text, &mut errors) {
            Some(root) if errors.is_empty() && validator.is_valid(&json(&root)) => Editor::Passes,
            Some(_) if errors.is_empty() => Editor::Refuses,
            _ => Editor::Unread,
        }
    };
    for (text, _) in good::GOOD {
        assert_eq!(editor(text), Editor::Passes, "{text}");
    }
    for (text, .., expected) in bad::BAD {
        assert_eq!(editor(text), *expected, "{text}");
    }
}

#[test]
fn every_error_of_a_spec_is_reported_at_once() {
    let text = "pipeline: essays\nwithin: 90\nsteps:\n  - register: { span: 're:(', servce: batch }\n  \
        - spelling: { span: kafka.consume.*, after: registr, count: lots }\nforbid: [orphans, unusual_step]\n";
    let shown = read("essays.yaml", text.as_bytes()).expect_err("wrong").to_string();
    crate::golden::assert_golden("pipeline/every_error_of_a_spec_is_reported_at_once.txt", &shown);
}

#[test]
fn a_long_line_is_shown_around_the_place() {
    let text =
        format!("pipeline: p\nsteps: [{}a: {{ spn: x }}]\n", (0..200).map(|n| format!("s{n}, ")).collect::<String>());
    let shown = read("spec.yaml", text.as_bytes()).expect_err("wrong").to_string();
    assert!(shown.lines().all(|line| line.chars().count() < 200), "{shown}");
    let lines: Vec<&str> = shown.lines().collect();
    let caret = lines.iter().rposition(|line| line.ends_with('^')).expect("a caret");
    let column = lines[caret].find('^').expect("a caret");
    assert!(lines[caret - 1].chars().skip(column).collect::<String>().starts_with("spn"), "{shown}");
}

#[test]
fn patterns_of_span_names_make_a_spec_too() {
    let expect = ["POST /x", "kafka.*", "POST /x"].map(str::to_owned);
    let spec = from_patterns(&expect).expect("patterns");
    let names: Vec<&str> = spec.steps.iter().map(|step| step.name.as_str()).collect();
    assert_eq!((names.as_slice(), spec.in_order), (["POST /x", "kafka.*", "POST /x (2)"].as_slice(), false));
    assert!(from_patterns(&["re:(".to_owned()]).is_err_and(|why| why.contains("unclosed group")));
    assert!(from_patterns(&[String::new()]).is_err());
}

#[test]
fn hostile_files_end_quickly() {
    let steps =
        |step: &dyn Fn(usize) -> String| format!("pipeline: p\nsteps:\n{}", (0..1_000).map(step).collect::<String>());
    let metric = |query: &str| format!("pipeline: p\nmetrics: [{{ query: '{query}', is: 0 }}]\n");
    let files = [
        "[".repeat(LONGEST),
        "- ".repeat(LONGEST / 2),
        "{a: ".repeat(LONGEST / 4),
        "a".repeat(LONGEST),
        format!("{}: x", "a".repeat(LONGEST - 3)),
        "a: &a [*a, *a]\n".repeat(LONGEST / 15),
        format!("pipeline: p\nsteps:\n{}", "  - a\n".repeat(LONGEST / 6 - 4)),
        format!("pipeline: p\nsteps: [{}]", "x, ".repeat(LONGEST / 3 - 10)),
        steps(&|n| format!("  - s{n}: {{ span: x, after: s{} }}\n", (n + 1) % 1_000)),
        steps(&|n| format!("  - s{n}: {{ span: x, count: same as s{} }}\n", (n + 1) % 1_000)),
        steps(&|n| format!("  - {n:0>60}: {{ span: x, after: {:0>60}x }}\n", n + 5_000)),
        steps(&|n| format!("  - s{n}: {{ span: 're:\\w{{{}}}' }}\n", 20 + n % 7)),
        metric(&"(".repeat(4_000)),
        metric(&format!("{}1", "-".repeat(4_000))),
        metric(&"1+".repeat(2_000)),
        metric(&format!("{}1", "1^".repeat(2_000))),
        metric(&"{{ service }}".repeat(300)),
        format!("pipeline: p\nmetrics: [{}]", "{ query: 'sum(', is: 0 }, ".repeat(900)),
    ];
    for file in files {
        let begun = Instant::now();
        let complaints = read("spec.yaml", file.as_bytes()).map(|_| ()).map_err(|c| c.to_string());
        let shown = &file[..file.len().min(60)];
        assert!(begun.elapsed() < Duration::from_secs(20), "{shown} took {:?}", begun.elapsed());
        assert!(complaints.err().is_none_or(|shown| shown.len() < 100_000), "{shown}");
    }
    assert!(read("spec.yaml", &vec![b' '; LONGEST + 1]).is_err());
    assert!(read("spec.yaml", b"pipeline: \xff").is_err());
}

proptest! {
    #[test]
    fn no_bytes_do_any_harm(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
        message_or_text(&bytes);
    }

    #[test]
    fn nor_does_a_good_spec_with_something_else_in_it(which in 0..4_usize, at in any::<prop::sample::Index>(), cut in 0..9_usize, put in "[-a:{}\\[\\]'\"*&!|>#=.0-9 \n\té世]{0,6}") {
        let text = good::GOOD[which].0;
        let start = text.floor_char_boundary(at.index(text.len()));
        let end = text.floor_char_boundary((start + cut).min(text.len()));
        message_or_text(format!("{}{put}{}", &text[..start], &text[end.max(start)..]).as_bytes());
    }
}

fn message_or_text(bytes: &[u8]) {
    match read("spec.yaml", bytes) {
        Ok(spec) => drop(shown(&spec)),
        Err(complaints) => {
            assert!(!complaints.list.is_empty());
            drop(complaints.to_string());
        }
    }
}

/// As JSON, as an editor sees it.
fn json(node: &YamlNode) -> serde_json::Value {
    match (&node.value, node.kind()) {
        (YamlValue::List(items), _) => items.iter().map(json).collect(),
        (YamlValue::Table(pairs), _) => pairs.iter().map(|(key, value)| (key.text().to_owned(), json(value))).collect(),
        (_, ScalarKind::Nothing | ScalarKind::Unreadable) => serde_json::Value::Null,
        (_, ScalarKind::Flag) => node.text().eq_ignore_ascii_case("true").into(),
        (_, ScalarKind::Number) => serde_json::from_str(node.text()).expect("a number as JSON has them"),
        _ => node.text().into(),
    }
}

/// A spec in words.
fn shown(spec: &Spec) -> String {
    let mut lines = vec![format!("{} {:?} {:?} in_order={}", spec.name, spec.reach, spec.propagation, spec.in_order)];
    lines.extend(spec.within_ns.map(|ns| format!("within {}", Human(ns))));
    lines.push(format!(
        "services {:?} topics {} hosts {}",
        spec.services,
        values(&spec.external_topics),
        values(&spec.external_hosts)
    ));
    lines.extend(spec.steps.iter().map(|step| one_step(step, spec)));
    lines.extend(spec.groups.iter().map(|group| {
        let each = match &group.each {
            Each::Attribute(key) => key.clone(),
            Each::Step(step) => format!("match of {}", spec.steps[*step].name),
        };
        format!("for each {each}:{}", count(group.count, spec))
    }));
    lines.extend(spec.absent.iter().map(|a| format!("absent {}{} | {}", seen(&a.what), ended(a.status), a.text)));
    for c in &spec.conditions {
        lines.push(format!(
            "when {}{} then {} | {}",
            seen(&c.if_seen),
            ended(c.status),
            one_step(&c.then, spec),
            c.text
        ));
    }
    lines.push(format!("forbid {:?}", spec.forbid));
    for m in &spec.metrics {
        lines.push(format!("metric {}: {} {} {} empty={}", m.name, m.query, m.is.0.sign(), m.is.1, m.empty_is_well));
    }
    lines.join("\n")
}

fn one_step(step: &ExpectedStep, spec: &Spec) -> String {
    let seen: Vec<String> = step.any_of.iter().map(seen).collect();
    let mut text =
        format!("{}: {}{}{}", step.name, seen.join(" or "), ended(step.must.status), count(step.count, spec));
    let time = |ns: Option<i64>| ns.map_or("?".to_owned(), |ns| Human(ns).to_string());
    if (step.must.min_ns, step.must.max_ns) != (None, None) {
        text += &format!(" takes {}..{}", time(step.must.min_ns), time(step.must.max_ns));
    }
    for order in &step.order {
        let other = &spec.steps[order.step].name;
        text += &match order.relation {
            Relation::After { least_ns: None, most_ns: None } => format!(" after {other}"),
            Relation::After { least_ns, most_ns } => format!(" after {other} {}..{}", time(least_ns), time(most_ns)),
            Relation::Before => format!(" before {other}"),
            Relation::SameTrace => format!(" beside {other}"),
            Relation::ChildOf => format!(" below {other}"),
        };
    }
    let marks = [(step.every, " every"), (step.optional, " optional")];
    text.extend(marks.iter().filter(|(is, _)| *is).map(|(_, word)| *word));
    text + &step.group.map_or(String::new(), |group| format!(" in group {group}"))
}

fn seen(selector: &Selector) -> String {
    let mut text = match &selector.what {
        SeenIn::Span(name) => format!("span {name}"),
        SeenIn::Log(name) => format!("log {name}"),
    };
    text.extend(selector.service.iter().map(|service| format!(" by {service}")));
    text.extend(selector.kind.iter().map(|kind| format!(" ({})", kind.as_str())));
    for (key, test) in &selector.attributes {
        text += &match test {
            AttributeTest::Exists => format!(" {key}"),
            AttributeTest::Missing => format!(" no {key}"),
            AttributeTest::Is(pattern) => format!(" {key}={pattern}"),
            AttributeTest::IsNot(pattern) => format!(" {key}≠{pattern}"),
            AttributeTest::Compare(sign, number) => format!(" {key} {} {number}", sign.sign()),
        };
    }
    text
}

fn ended(status: Option<ExpectedStatus>) -> String {
    status.map_or(String::new(), |status| format!(" ends {status:?}"))
}

fn count(count: ExpectedCount, spec: &Spec) -> String {
    match count {
        ExpectedCount::Range(1, None) => String::new(),
        ExpectedCount::Range(least, most) => {
            format!(" × {least}..{}", most.map_or(String::new(), |most| most.to_string()))
        }
        ExpectedCount::SameAs(step) => format!(" × as {}", spec.steps[step].name),
    }
}

fn values(patterns: &[crate::model::pattern::Pattern]) -> String {
    patterns.iter().map(ToString::to_string).collect::<Vec<_>>().join(" ")
}
