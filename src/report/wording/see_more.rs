//! How to see more than a screen shows, in a clause: `--top 40 shows all`.

use std::fmt;

/// How to see more than the screen shows, or something more exact.
#[derive(Clone, Copy, Debug)]
pub(crate) enum SeeMore {
    /// As many rows as there are.
    Top(usize),
    /// As many entries as there are.
    Limit(usize),
    /// The JSON, whose table has all rows.
    Json,
    /// The JSON, which has the rest of a list.
    RestInJson,
    /// What is hidden unless everything is asked for.
    All,
    /// The same for what is below the least severity.
    AllSeverities,
    /// Stack traces.
    StackTraces,
    /// The command for all findings.
    Findings,
    /// Spans that are folded into one row.
    Unfolded,
    /// Spans for which there was no room.
    Full,
    /// Times on one clock.
    AdjustedClocks,
    /// Counts and durations from spans in place of metrics.
    ExactFromSpans,
    /// Durations where the metrics have none.
    DurationsFromSpans,
    /// Self time, queues and critical paths.
    CriticalPathsFromSpans,
    /// Topics, links and lost trace context.
    EdgesFromSpans,
    /// A time before, to compare with.
    TimeBefore,
    /// Enough samples to decide whether a phase is stuck.
    StuckPhases,
    /// A list of known failures without those that are obsolete.
    KnownFailures,
}

impl fmt::Display for SeeMore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Top(rows) => return write!(f, "--top {rows} shows all"),
            Self::Limit(entries) => return write!(f, "--limit {entries} shows all"),
            Self::Json => "-o json has all",
            Self::RestInJson => "all of them in `-o json`",
            Self::All => "--all shows them",
            Self::AllSeverities => "--all shows everything",
            Self::StackTraces => "--stack shows stack traces",
            Self::Findings => "see `trace missing`",
            Self::Unfolded => "--full unfolds them",
            Self::Full => "--full shows them",
            Self::AdjustedClocks => "--adjust-clocks puts them right",
            Self::ExactFromSpans => "--via spans is exact",
            Self::DurationsFromSpans => "--via spans has them",
            Self::CriticalPathsFromSpans => "--via spans does",
            Self::EdgesFromSpans => "--via spans shows them",
            Self::TimeBefore => "--since or --start names one",
            Self::StuckPhases => "--since asks for more, --stuck-after for less",
            Self::KnownFailures => "--write-known-failures writes the list without them",
        })
    }
}

/// That spans are deeper than what was asked for.
pub(crate) fn deeper_than(depth: usize) -> String {
    format!("deeper than --depth {depth}")
}

/// That columns of a table are hidden for want of room, and where they are.
pub(crate) fn hidden_columns(titles: &[&str]) -> String {
    format!("({}: left out at this width, -o json has them)", titles.join(", "))
}
