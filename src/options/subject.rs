//! The ID a command is about: its flags and its validation.

use clap::Args;

use crate::error::Error;
use crate::model::id::TraceId;
use crate::model::pasted_id::pasted_id;
use crate::query::Subject;

/// Bytes. No backend stores a longer value in a tag or finds it in a line.
const MAX_ID_BYTES: usize = 4096;

/// The ID. The argument and the two flags exclude each other.
#[derive(Args, Clone, Debug, Default)]
pub struct SubjectArgs {
    /// A correlation ID, or a trace ID; whichever it turns out to be
    #[arg(value_name = "ID")]
    pub id: Option<String>,
    /// A correlation ID, whatever it looks like
    #[arg(long, value_name = "ID", conflicts_with_all = ["id", "trace_id"])]
    pub correlation_id: Option<String>,
    /// A trace ID: 1 to 32 hex digits, or base64
    #[arg(long, value_name = "ID", conflicts_with = "id")]
    pub trace_id: Option<String>,
}

impl SubjectArgs {
    /// The ID; none if none was given, which only files and the demo allow.
    ///
    /// # Errors
    /// Usage: an ID that is empty or too long, or `--trace-id` with something else.
    pub(crate) fn subject(&self) -> Result<Option<Subject>, Error> {
        match (&self.id, &self.correlation_id, &self.trace_id) {
            (Some(id), ..) => checked("ID", id).map(|id| Some(Subject::either(id))),
            (None, Some(id), _) => checked("--correlation-id", id).map(|id| Some(Subject::correlation(id))),
            (None, None, Some(id)) => trace_id(checked("--trace-id", id)?).map(|id| Some(Subject::trace(id))),
            (None, None, None) => Ok(None),
        }
    }

    /// The ID, which must have been given.
    ///
    /// # Errors
    /// Usage: as [`SubjectArgs::subject`], or no ID.
    pub(crate) fn required(&self) -> Result<Subject, Error> {
        let none = || {
            Error::usage(
                "whom is this about? no ID was given",
                "add the ID, or --demo, or --input FILE to look at all in it",
            )
        };
        self.subject()?.ok_or_else(none)
    }
}

fn checked<'a>(name: &str, id: &'a str) -> Result<&'a str, Error> {
    let wrong =
        |why: String| Err(Error::usage(format!("{name}: {why}"), "a correlation ID is any text, such as req-42"));
    match id {
        _ if id.trim().is_empty() => wrong("it is empty".to_owned()),
        _ if id.len() > MAX_ID_BYTES => wrong(format!("it has {} bytes; {MAX_ID_BYTES} are the most", id.len())),
        _ if id.contains('\0') => wrong("it holds a NUL character, which nothing can carry".to_owned()),
        _ => Ok(id),
    }
}

fn trace_id(text: &str) -> Result<TraceId, Error> {
    let pasted = || pasted_id(text).and_then(|pasted| TraceId::parse(&pasted.text));
    TraceId::parse(text.trim()).or_else(pasted).ok_or_else(|| {
        Error::usage(
            format!("--trace-id: {text:?} is no trace ID"),
            "a trace ID has 1 to 32 hex digits, not all zero; use --correlation-id for any other text",
        )
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_is_any_text_that_is_neither_empty_nor_too_long() {
        let subject = |id: &str| SubjectArgs { id: Some(id.to_owned()), ..SubjectArgs::default() }.required();
        for id in ["req-42", "a b", "\"{}\\`", "line\nline", "ümlaut", &"x".repeat(4096)] {
            assert_eq!(subject(id).unwrap().text, id);
        }
        let long = "x".repeat(10_000);
        for (id, why) in [("", "empty"), ("  ", "empty"), ("a\0b", "NUL"), (long.as_str(), "10000 bytes")] {
            assert!(subject(id).unwrap_err().to_string().contains(why));
        }
        let trace = |id: &str| SubjectArgs { trace_id: Some(id.to_owned()), ..SubjectArgs::default() }.required();
        assert!(!trace("1F").unwrap().as_correlation);
        assert_eq!(trace("nope!").unwrap_err().to_string(), "--trace-id: \"nope!\" is no trace ID");
        assert!(SubjectArgs::default().required().unwrap_err().hint().contains("--demo"));
    }
}
