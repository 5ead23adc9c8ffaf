//! Flags that select spans and log lines.

use clap::Args;

use crate::error::Error;
use crate::model::duration::{duration, positive_duration};
use crate::model::filter::Filters;
use crate::model::pattern::Pattern;
use crate::report::wording::shell::filter_flags;

/// What is shown of a journey. Texts match exactly, `*` is anything, `re:…` a regular expression.
#[derive(Args, Clone, Debug, Default)]
#[command(next_help_heading = "Filters (exact; `*` is anything, `re:…` a regular expression)")]
pub struct FilterArgs {
    /// Only these services, by their whole name or the short one shown; repeatable
    #[arg(long, value_name = "NAME", value_parser = Pattern::parse)]
    pub service: Vec<Pattern>,
    /// Only spans of this name; repeatable
    #[arg(long, value_name = "NAME", value_parser = Pattern::parse)]
    pub operation: Vec<Pattern>,
    /// Only spans that carry this attribute; repeatable, all must be there
    #[arg(long, value_name = "KEY=VALUE", value_parser = tag)]
    pub tag: Vec<(String, Pattern)>,
    /// Only errors
    #[arg(long)]
    pub error: bool,
    /// Only spans at least this long
    #[arg(long, value_name = "DURATION", value_parser = duration)]
    pub min_duration: Option<i64>,
    /// Only spans at most this long
    #[arg(long, value_name = "DURATION", value_parser = positive_duration)]
    pub max_duration: Option<i64>,
    /// Only lines that contain this; repeatable
    #[arg(long, value_name = "TEXT", value_parser = Pattern::parse)]
    pub log: Vec<Pattern>,
}

impl FilterArgs {
    /// For a command that shows only lines: refuses what only spans meet.
    ///
    /// # Errors
    /// Usage: such a filter is given.
    pub(crate) fn refuse_about_spans(&self, command: &str) -> Result<(), Error> {
        let Filters { operations, tags, min_duration_ns, max_duration_ns, .. } = self.filters();
        let about_spans = Filters { operations, tags, min_duration_ns, max_duration_ns, ..Filters::default() };
        refuse(
            &about_spans,
            format!("trace {command} shows lines, and only spans have that"),
            "trace timeline takes it",
        )
    }

    /// For a command that shows only spans: refuses what only lines meet.
    ///
    /// # Errors
    /// Usage: such a filter is given.
    pub(crate) fn refuse_about_lines(&self, command: &str) -> Result<(), Error> {
        let about_lines = Filters { log: self.log.clone(), ..Filters::default() };
        refuse(&about_lines, format!("trace {command} reads spans, and only lines have that"), "trace logs takes it")
    }

    /// For a command that shows findings, which have a service and an operation: refuses the other filters.
    ///
    /// # Errors
    /// Usage: such a filter is given.
    pub(crate) fn refuse_not_of_findings(&self) -> Result<(), Error> {
        let others = Filters { services: vec![], operations: vec![], ..self.filters() };
        let said = "findings have a service and an operation, nothing else to select them by";
        refuse(&others, said.to_owned(), "with --recent it selects the runs")
    }

    /// The filters that the flags describe.
    pub(crate) fn filters(&self) -> Filters {
        Filters {
            services: self.service.clone(),
            operations: self.operation.clone(),
            tags: self.tag.clone(),
            errors_only: self.error,
            min_duration_ns: self.min_duration,
            max_duration_ns: self.max_duration,
            log: self.log.clone(),
            ..Filters::default()
        }
    }
}

fn refuse(filters: &Filters, said: String, hint: &str) -> Result<(), Error> {
    if filters.is_empty() { Ok(()) } else { Err(Error::usage(format!("{}: {said}", filter_flags(filters)), hint)) }
}

fn tag(text: &str) -> Result<(String, Pattern), String> {
    match text.split_once('=') {
        Some((key, value)) if !key.is_empty() => Ok((key.to_owned(), Pattern::parse(value)?)),
        _ => Err("write key=value, such as http.method=POST".to_owned()),
    }
}
