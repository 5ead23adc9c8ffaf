//! The JSON Schema of specs, for editors: keys and values. What needs the whole file, such as the names of other steps, or
//! a parser of its own, such as PromQL, is checked by reading it.

use serde_json::{Value, json};

use crate::model::finding::FindingId;
use crate::model::span::SpanKind;
use crate::pipeline::file::selector::KINDS;

/// The schema, in draft 2020-12.
pub fn schema() -> Value {
    let findings: Vec<&str> = FindingId::ALL.iter().filter(|id| !id.needs_baseline()).map(|id| id.as_str()).collect();
    let expectations = ["steps", "absent", "when", "forbid", "metrics"];
    let expectations = expectations.map(|key| json!({ "required": [key], "properties": { key: { "minItems": 1 } } }));
    json!({
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "What a pipeline's runs should look like",
        "type": "object",
        "additionalProperties": false,
        "required": ["pipeline"],
        "anyOf": expectations,
        "properties": {
            "pipeline": described("text", "What the pipeline is called."),
            "within": described("limit", "From the first step's start to the last one's end at most."),
            "reach": choice("Where steps may come from: `spans` alone, or `all`, where lines may lead to more traces.", &["all", "spans"]),
            "services": list("Services to ask where services must be asked one by one.", "text"),
            "propagation": choice("How services hand on whose work they do.", &["trace-context", "correlation-id"]),
            "external_topics": list("Topics that nobody here consumes.", "pattern"),
            "external_hosts": list("Hosts that are not ours.", "pattern"),
            "in_order": { "type": "boolean", "description": "Whether steps are seen in the order in which they are written." },
            "steps": {
                "type": "array", "maxItems": 1000,
                "description": "What is expected: `- NAME: { span: … }`, or just the span's name.",
                "items": named(json!([
                    { "$ref": "#/$defs/pattern" }, { "$ref": "#/$defs/step" }, { "$ref": "#/$defs/group" }
                ])),
            },
            "absent": list("What must not be seen.", "seen"),
            "when": list("What must be seen if something else is.", "condition"),
            "forbid": {
                "type": "array", "maxItems": 1000,
                "description": "Findings that must not be made.",
                "items": { "enum": findings },
            },
            "metrics": list("What metrics must say at the end.", "metric"),
        },
        "$defs": definitions(),
    })
}

fn definitions() -> Value {
    let kinds = KINDS.map(SpanKind::as_str);
    let selecting = json!({
        "span": described("pattern", "A span by its name: `*` stands for anything, `re:` begins a regular expression."),
        "log": described("pattern", "A line by a part of its text, or by a field that it has."),
        "service": described("pattern", "By which service."),
        "kind": choice("Which kind of span.", &kinds),
        "attributes": {
            "type": "object",
            "description": "Attributes of the span, fields of the line: `*` is there, `!*` is not, `!= x`, `< 500`, else a pattern.",
            "additionalProperties": { "$ref": "#/$defs/test" },
        },
    });
    let status = json!({ "status": choice("How it ended. `ok` is the default for the span of a step.", &["ok", "any", "error"]) });
    let step = joined(&[&selecting, &status, &step_properties()]);
    let mut then = step.clone();
    if let Value::Object(properties) = &mut then {
        properties.remove("optional");
    }
    json!({
        "text": { "type": "string", "pattern": "\\S" },
        "pattern": { "type": "string", "pattern": "^(?!re:$)(?=[\\s\\S]*\\S)" },
        "name": { "type": ["string", "number", "boolean"] },
        "names": { "anyOf": [
            { "$ref": "#/$defs/name" },
            { "type": "array", "maxItems": 1000, "items": { "$ref": "#/$defs/name" } },
        ] },
        "length": { "type": "string", "pattern": LENGTH_ALONE },
        "limit": { "type": "string", "pattern": LENGTH_ALONE, "not": { "pattern": "^[0.\\s]+[a-z]+\\s*$" } },
        "wait": { "anyOf": [{ "type": "null" }, { "type": "string", "pattern": format!(
            "^\\s*({LENGTH}|[<>]={LENGTH}|{LENGTH}\\.\\.({LENGTH})?|\\.\\.{LENGTH})\\s*$"
        ) }] },
        "count": { "anyOf": [
            { "type": "integer", "minimum": 0 },
            { "type": "string", "pattern": "^\\s*(\\d+|\\d+\\s*\\.\\.(\\s*\\d+)?|\\.\\.\\s*\\d+|[<>]=\\s*\\d+|same as\\s+\\S.*)\\s*$" },
        ] },
        "test": { "type": ["string", "number", "boolean"], "not": { "type": "string", "pattern": "^\\s*(<|>|==)(?!=?\\s*[-+.\\d])" } },
        "seen": { "anyOf": [{ "$ref": "#/$defs/pattern" }, selector(&joined(&[&selecting, &status]))] },
        "alternative": { "anyOf": [{ "$ref": "#/$defs/pattern" }, selector(&selecting)] },
        "step": looked_for(&step),
        "then": { "anyOf": [{ "$ref": "#/$defs/pattern" }, looked_for(&then)] },
        "group": object(&["for_each", "steps"], json!({
            "for_each": {
                "description": "For each value of an attribute, or for each match of a step.",
                "anyOf": [
                    object(&["attribute"], json!({ "attribute": { "$ref": "#/$defs/text" } })),
                    object(&["step"], json!({ "step": { "$ref": "#/$defs/name" } })),
                ],
            },
            "count": described("count", "How many of them: 12, 1..5, 2.., same as STEP."),
            "steps": {
                "type": "array", "minItems": 1, "maxItems": 1000,
                "items": named(json!([{ "$ref": "#/$defs/pattern" }, { "$ref": "#/$defs/step" }])),
            },
        })),
        "condition": object(&["if", "then"], json!({ "if": { "$ref": "#/$defs/seen" }, "then": { "$ref": "#/$defs/then" } })),
        "metric": object(&["query", "is"], json!({
            "query": described("text", "PromQL; {{ service }}, {{ correlation_id }}, {{ from }} and {{ to }} are filled in."),
            "is": {
                "description": "What every sample must be: == 0, < 0.5; a bare number is meant itself.",
                "anyOf": [{ "type": "number" }, { "type": "string", "pattern": "^\\s*([<>]=?|[!=]=)?\\s*[-+.\\d]" }],
            },
            "empty": choice("`ok`: no data is well too.", &["ok"]),
            "name": described("text", "What it is called on the screen."),
        })),
    })
}

/// A length of time, roughly: a number and its unit, again and again.
const LENGTH: &str = "\\s*(\\d+(\\.\\d+)?\\s*[a-zµ]+\\s*)+";
const LENGTH_ALONE: &str = "^\\s*(0|(\\d+(\\.\\d+)?\\s*[a-zµ]+\\s*)+)\\s*$";

fn step_properties() -> Value {
    json!({
        "seen": choice("Which counts where both `span` and `log` are told.", &["span", "log", "either"]),
        "any_of": {
            "type": "array", "minItems": 1, "maxItems": 1000,
            "description": "Any one of these.",
            "items": { "$ref": "#/$defs/alternative" },
        },
        "min": described("length", "It takes at least so long."),
        "max": described("limit", "It takes at most so long."),
        "after": {
            "description": "It begins after these; with a wait: { STEP: 30s }, { STEP: 1s..30s }.",
            "anyOf": [
                { "$ref": "#/$defs/names" },
                { "type": "object", "additionalProperties": { "$ref": "#/$defs/wait" } },
            ],
        },
        "before": described("names", "It begins before these."),
        "same_trace": described("names", "It is in the same trace as these."),
        "same trace": described("names", "It is in the same trace as these."),
        "child_of": described("names", "It is a child of these, however deep."),
        "child of": described("names", "It is a child of these, however deep."),
        "count": described("count", "How many: 3, 1..5, 2.., >= 2, same as STEP. One or more unless told."),
        "every": { "type": "boolean", "description": "Whether status, lengths and waits must hold for all matches." },
        "optional": { "type": "boolean", "description": "Whether it may be missing." },
    })
}

/// The body of a step: its selectors in exactly one of the possible forms.
fn looked_for(properties: &Value) -> Value {
    let mut step = object(&[], properties.clone());
    let no = |keys: &[&str]| {
        let some: Vec<Value> = keys.iter().map(|key| json!({ "required": [key] })).collect();
        json!({ "not": { "anyOf": some } })
    };
    step["oneOf"] = json!([
        { "required": ["any_of"], "allOf": [no(&["span", "log", "service", "kind", "attributes", "seen"])] },
        { "required": ["span", "log", "seen"] },
        { "required": ["span"], "properties": { "seen": { "const": "span" } }, "allOf": [no(&["log"])] },
        { "required": ["log"], "properties": { "seen": { "const": "log" } }, "allOf": [no(&["span", "kind", "min", "max"])] },
    ]);
    step
}

/// One span or one line.
fn selector(properties: &Value) -> Value {
    let mut selector = object(&[], properties.clone());
    selector["oneOf"] = json!([{ "required": ["span"] }, { "required": ["log"], "properties": { "kind": false } }]);
    selector
}

/// `NAME: BODY`, or the span's name alone.
fn named(bodies: Value) -> Value {
    json!({ "anyOf": [
        { "$ref": "#/$defs/pattern" },
        {
            "type": "object", "minProperties": 1, "maxProperties": 1,
            "propertyNames": { "not": { "enum": [
                "span", "log", "seen", "any_of", "service", "kind", "attributes", "status", "min", "max", "after",
                "before", "same_trace", "same trace", "child_of", "child of", "count", "every", "optional", "for_each",
                "steps",
            ] } },
            "additionalProperties": { "anyOf": bodies },
        },
    ] })
}

fn object(required: &[&str], properties: Value) -> Value {
    json!({ "type": "object", "additionalProperties": false, "required": required, "properties": properties })
}

fn described(definition: &str, description: &str) -> Value {
    json!({ "$ref": format!("#/$defs/{definition}"), "description": description })
}

fn list(description: &str, of: &str) -> Value {
    json!({ "type": "array", "maxItems": 1000, "description": description, "items": { "$ref": format!("#/$defs/{of}") } })
}

fn choice(description: &str, words: &[&str]) -> Value {
    json!({ "enum": words, "description": description })
}

fn joined(parts: &[&Value]) -> Value {
    parts.iter().filter_map(|part| part.as_object()).flatten().map(|(k, v)| (k.clone(), v.clone())).collect()
}
