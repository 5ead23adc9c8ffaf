//! `trace span`: one span whole.

use crate::analysis::journey::timeline::TimelineOptions;
use crate::command::journey::{JourneyRequest, ask};
use crate::command::{Context, Outcome};
use crate::error::Error;
use crate::model::journey::Journey;
use crate::model::span::Span;
use crate::options::journey::JourneyArgs;
use crate::report::find::FindReport;
use crate::report::span::SpanReport;

/// Lines to copy.
pub const EXAMPLES: &str = "\
Examples:
  trace span req-42 e127af99e3b3e074
  trace span req-42 e127            a prefix, if no other span has it
  trace span --demo e127";

/// Flags.
#[derive(clap::Args, Clone, Debug)]
#[command(allow_missing_positional = true)]
pub struct SpanArgs {
    /// The journey.
    #[command(flatten)]
    pub journey: JourneyArgs,
    /// The span: its ID, or the beginning of it; `timeline -v` shows them
    #[arg(value_name = "SPAN", required = true, help_heading = None)]
    pub span: String,
}

/// Runs it.
///
/// # Errors
/// Whatever kept it from running at all.
pub async fn run(args: &SpanArgs, context: &Context) -> Result<Outcome, Error> {
    let prefix = span_prefix(&args.span)?;
    let mut told = ask(&args.journey, &JourneyRequest::plain(context), context).await?;
    let index = match place(&told.judged.journey, &prefix) {
        Ok(index) => Some(index),
        Err(error) if told.judged.journey.spans.is_empty() || !told.footing.is_complete() => {
            told.footing.say(&format!("error: {error}"));
            None
        }
        Err(error) => return Err(error),
    };
    let report = index.and_then(|index| SpanReport::new(told.judged.journey.clone(), index));
    Ok(match report {
        Some(report) => told.outcome(&args.journey, context, |_, _| report),
        None => told.outcome(&args.journey, context, |judged, query| {
            FindReport::new(judged, query.keys.clone(), TimelineOptions::compact())
        }),
    })
}

/// What may be the beginning of a span ID.
fn span_prefix(text: &str) -> Result<String, Error> {
    let prefix = text.trim().to_ascii_lowercase();
    if prefix.is_empty() || prefix.len() > 16 || !prefix.bytes().all(|b| b.is_ascii_hexdigit()) {
        return Err(Error::usage(
            format!("{prefix:?} is no span ID: those are up to 16 hex digits"),
            "`trace timeline -v` shows the IDs of all spans",
        ));
    }
    Ok(prefix)
}

/// The one span whose ID begins so.
fn place(journey: &Journey, prefix: &str) -> Result<usize, Error> {
    let begins = |span: &Span| span.span_id.to_string().starts_with(prefix);
    let found: Vec<usize> = (0..journey.spans.len()).filter(|index| begins(&journey.spans[*index])).collect();
    match found.as_slice() {
        [one] => Ok(*one),
        [] => Err(Error::usage(
            format!("no span of this journey has an ID that begins with {prefix:?}"),
            "`trace timeline -v` shows the IDs of all spans",
        )),
        many => {
            let line = |index: &usize| {
                let span = &journey.spans[*index];
                format!("  {}   {}  {}", span.span_id, span.service(), span.name)
            };
            let lines: Vec<String> = many.iter().take(10).map(line).collect();
            let message = format!("{} spans have an ID that begins with {prefix:?}:\n{}", many.len(), lines.join("\n"));
            Err(Error::usage(message, "write more of its ID"))
        }
    }
}
