//! Flags that select spans and log lines.

use clap::Args;

use crate::model::duration::{duration, positive_duration};
use crate::model::filter::Filters;
use crate::model::pattern::Pattern;

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

fn tag(text: &str) -> Result<(String, Pattern), String> {
    match text.split_once('=') {
        Some((key, value)) if !key.is_empty() => Ok((key.to_owned(), Pattern::parse(value)?)),
        _ => Err("write key=value, such as http.method=POST".to_owned()),
    }
}
