//! LogQL queries for error lines. They select what counts as an error when a line is read, as far as LogQL can express it, so
//! that counts match what reading the lines would give.

use crate::source::server::request::quoted;

/// Labels and metadata with the level of a line.
const LEVEL_NAMES: [&str; 4] = ["detected_level", "level", "severity_text", "severity"];
/// Levels of errors.
const LEVELS: &str = "error|err|eror|severe|fatal|critical|crit|alert|emerg|emergency|panic";
/// The same in capitals, as plain text has them.
const CAPITALS: &str = "ERROR|ERR|EROR|SEVERE|FATAL|CRITICAL|CRIT|ALERT|EMERG|EMERGENCY|PANIC";

/// Queries of error lines, each line by exactly one of them: by its level label; by the error context in its text; by the
/// level in its text if it has no level label.
pub(super) fn queries(selector: &str) -> [String; 3] {
    let (levels, context, in_text) = (quoted(&format!("(?i)({LEVELS})")), quoted(&context()), quoted(&level_in_text()));
    let any = LEVEL_NAMES.map(|name| format!("{name}=~{levels}")).join(" or ");
    let other = LEVEL_NAMES.map(|name| format!("{name}!~{levels}")).join(" | ");
    // Loki itself says `unknown` of a line whose level it does not see.
    let none = LEVEL_NAMES.map(|name| match name {
        "detected_level" => format!("({name}=\"\" or {name}=\"unknown\")"),
        name => format!("{name}=\"\""),
    });
    [
        format!("{selector} | {any}"),
        format!("{selector} |= \"error_context\" |~ {context} | {other}"),
        format!("{selector} |~ {in_text} !~ {context} | {}", none.join(" | ")),
    ]
}

/// An error context that holds something, in JSON and in logfmt; not `null`, `None`, `{}` or `""`.
fn context() -> String {
    // No expression can look ahead: a word that begins as they do must go on in another way.
    const WORD: &str = r#"[^\s\\"'{}\[\],nN]|n(?:[^u]|u(?:[^l]|l(?:[^l]|l\w)))|N(?:[^o]|o(?:[^n]|n(?:[^e]|e\w)))"#;
    let value = format!(r#"(?:[\\"'\[]*(?:{WORD})|[\\"']+(?:null|None) )"#);
    let inside = r#"[\\"']*\{(?:[^}]|\{\s*\})*:\s*"#;
    let key = r#"(?:^|[^A-Za-z0-9_-])error_context(?:[._][\w.]+)?(?:[\\"']*\s*:\s*|=)"#;
    format!("{key}(?:{inside})?{value}")
}

/// The level in a field, or in capitals among the first words of what is said.
fn level_in_text() -> String {
    let field = r#"(?:^|[\s{,"'\\.])(?:level|severity|severity_text|lvl|log_level|levelname|loglevel)"#;
    let field = format!(r#"{field}(?:[\\"']*\s*:\s*|=)[\\"']*(?:(?i:{LEVELS})|[56]0)(?:\W|$)"#);
    let message = r#"["'\s](?:message|msg|event|body|log)(?:[\\"']*\s*:\s*|=)[\\"']*(?:[^\s"\\]+\s+){0,5}"#;
    let start = r"^\s*(?:[^\s{]\S*\s+(?:\S+\s+){0,4})?";
    let word = format!(r"[^A-Za-z\s{{]*(?:{CAPITALS})[^A-Za-z\s]*(?:\s|$)");
    format!("{field}|(?:{message}|{start}){word}")
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use regex::Regex;

    use super::*;
    use crate::model::time::Timestamp;
    use crate::wire::log_line;

    #[test]
    fn what_is_asked_for_is_what_is_read_as_an_error() {
        // Whether the text has an error context, and whether it has an error level.
        let table = [
            (r#"{"level":"error","msg":"boom"}"#, false, true),
            (r#"{"level":"error","msg":"boom","error_context":null}"#, false, true),
            (r#"{"level":"error","error_context":{}}"#, false, true),
            (r#"{"level":"error","error_context":""}"#, false, true),
            (r#"{"level":"info","error_context":"{}","x":"y"}"#, false, false),
            (r#"{"level": "info", "error_context": None, "x": "y"}"#, false, false),
            (r#"{"error_context":{"error_type":null,"error_message":null}}"#, false, false),
            (r#"{"error_context":{"error_type":"E"}}"#, true, false),
            (r#"{"error_context": {"context_data": {}, "code": 7}}"#, true, false),
            (r#"{"error_context":{"context_data":{"essay":{"id":"e1"}}}}"#, true, false),
            (r#"{"error_context":"{\"error_type\": \"E\"}"}"#, true, false),
            (r#"{"error_context":"null pointer"}"#, true, false),
            (r#"{"error_context":"not found","level":"warn"}"#, true, false),
            (r#"{"not_error_context":{"a":1}}"#, false, false),
            ("msg=x error_context=null", false, false),
            ("msg=x error_context=\"\" a=1", false, false),
            ("msg=x error_context= a=1", false, false),
            ("msg=x error_context_error_type=E", true, false),
            ("msg=x error_context=boom", true, false),
            ("error_contexts=1 msg=x", false, false),
            ("level=error msg=boom", false, true),
            ("level=info msg=\"no error\"", false, false),
            ("GET /health 200 errors=0", false, false),
            ("2026-11-22 13:02:11,112 [main] ERROR it broke", false, true),
            ("[FATAL] gone", false, true),
            ("an error was avoided", false, false),
            (r#"{"severity":"CRITICAL","message":"x"}"#, false, true),
            (r#"{"level":50,"msg":"x"}"#, false, true),
            (r#"{"level":30,"msg":"error 50"}"#, false, false),
            (r#"{"msg":"ERROR it broke"}"#, false, true),
            (r#"{"log":"2026-11-22 ERROR it broke\n","stream":"stdout"}"#, false, true),
            (r#"{"log":"{\"level\":\"error\"}\n","stream":"stderr"}"#, false, true),
            (r#"{"a": "ERROR", "msg": "fine"}"#, false, false),
        ];
        let [context, level] = [context(), level_in_text()].map(|pattern| Regex::new(&pattern).unwrap());
        for (line, has_context, has_level) in table {
            assert_eq!((context.is_match(line), level.is_match(line)), (has_context, has_level), "{line}");
            let read = log_line::entry(Timestamp(0), line.to_owned(), BTreeMap::new(), BTreeMap::new());
            assert_eq!(
                (read.error_context.is_some(), read.is_error()),
                (has_context, has_context || has_level),
                "{line}"
            );
        }
    }
}
