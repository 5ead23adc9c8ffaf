//! The newest error lines of a window, whoever wrote them.

use std::collections::{BTreeMap, HashSet};

use futures_util::future::join_all;

use crate::backend::Backends;
use crate::backend::failure::Failure;
use crate::backend::loki::{self, Direction, Loki};
use crate::backend::transport::Transport;
use crate::gather::health;
use crate::gather::lines::USUAL_SELECTOR;
use crate::model::evidence::{BackendStatus, Evidence, Note, NoteCode, Source};
use crate::model::log::{LineKey, LogEntry};
use crate::model::time::{SECOND, Window};
use crate::progress::Progress;

/// Labels under which streams carry their service, the best first.
const SERVICE_LABELS: [&str; 6] = ["service_name", "service", "app", "application", "job", "container"];

/// What a Loki serves in one page unless told otherwise.
const MOST_LINES: usize = 5_000;

/// What came.
#[derive(Clone, Debug, Default)]
pub struct ErrorLines {
    /// Lines, how Loki did, and what is to be remarked.
    pub evidence: Evidence,
    /// Whether there may be more than the newest that were asked for.
    pub cut: bool,
    /// The streams they were looked for in.
    pub selector: String,
}

/// Asks for the newest so many error lines of this window.
pub async fn error_lines(
    window: Window,
    limit: usize,
    backends: &Backends,
    transport: &Transport,
    progress: &Progress,
) -> ErrorLines {
    let mut found = ErrorLines::default();
    let evidence = &mut found.evidence;
    let Some(endpoint) = &backends.loki else {
        evidence.note(Note::new(NoteCode::NotConfigured, Source::Loki, "lines come from loki, which is left out"));
        evidence.backends = vec![health::left_out(Source::Loki)];
        return found;
    };
    progress.say("asking loki for error lines");
    let mut asking =
        Asking { loki: Loki::new(transport, endpoint), limit, seen: HashSet::new(), lines: vec![], cut: false };
    let failed = match asking.selector(backends.loki_selector.as_deref(), window).await {
        Ok(selector) => {
            found.selector = selector;
            asking.everywhere(&found.selector, window).await.err()
        }
        Err(failure) => Some(failure),
    };
    let mut status = BackendStatus { items: asking.lines.len(), ..health::asked(endpoint, transport) };
    match failed {
        Some(failure) => {
            evidence.note(health::note_of(endpoint, &failure));
            status.state = health::state_of(endpoint, &failure);
            status.error.clone_from(&failure.message);
            failure.advice().clone_into(&mut status.hint);
        }
        None => evidence.coverage.logs.add(window),
    }
    evidence.backends = vec![status];
    evidence.logs = asking.lines;
    found.cut = asking.cut;
    found
}

/// How many error lines each service wrote in these times. Of a failure a remark is left.
pub async fn error_counts(
    windows: [Window; 2],
    lines: &ErrorLines,
    backends: &Backends,
    transport: &Transport,
) -> (BTreeMap<String, [f64; 2]>, Vec<Note>) {
    let mut counts: BTreeMap<String, [f64; 2]> = BTreeMap::new();
    let Some(endpoint) = backends.loki.as_ref().filter(|_| !lines.selector.is_empty()) else { return (counts, vec![]) };
    let loki = &Loki::new(transport, endpoint);
    let queries = loki::of_errors_apart(&lines.selector);
    let asked =
        windows.iter().enumerate().flat_map(|(at, window)| queries.iter().map(move |query| (at, *window, query)));
    let answers =
        asked.map(|(at, window, query)| async move { (at, loki.count(query, &SERVICE_LABELS, window).await) });
    for (at, answer) in join_all(answers).await {
        match answer {
            Ok(told) => {
                for series in told {
                    let service = SERVICE_LABELS.iter().find_map(|label| series.labels.get(*label)).cloned();
                    let value = series.samples.last().map_or(0.0, |(_, value)| *value);
                    counts.entry(service.unwrap_or_default()).or_default()[at] += value.max(0.0);
                }
            }
            Err(failure) => {
                let said = format!("error lines could not be counted: {}", failure.message);
                return (BTreeMap::new(), vec![Note::new(NoteCode::Partial, Source::Loki, said)]);
            }
        }
    }
    (counts, vec![])
}

struct Asking<'a> {
    loki: Loki<'a>,
    limit: usize,
    seen: HashSet<LineKey>,
    lines: Vec<LogEntry>,
    cut: bool,
}

impl Asking<'_> {
    async fn selector(&self, told: Option<&str>, window: Window) -> Result<String, Failure> {
        Ok(match told {
            Some(told) => told.to_owned(),
            None => loki::selector(&self.loki.labels(window).await?).unwrap_or_else(|| USUAL_SELECTOR.to_owned()),
        })
    }

    async fn everywhere(&mut self, selector: &str, window: Window) -> Result<(), Failure> {
        let [by_level, by_context, by_word] = loki::of_errors(selector);
        self.pages(&by_level, window).await?;
        self.pages(&by_context, window).await?;
        if self.lines.is_empty() {
            self.pages(&by_word, window).await?;
        }
        self.lines.sort_by(|a, b| b.time.cmp(&a.time).then_with(|| a.line.cmp(&b.line)));
        if self.lines.len() > self.limit {
            self.cut = true;
            self.lines.truncate(self.limit);
        }
        Ok(())
    }

    /// The newest lines of a query. Windows that are too much for the server are halved.
    async fn pages(&mut self, query: &str, window: Window) -> Result<(), Failure> {
        let mut left = self.limit;
        let mut most = MOST_LINES;
        let mut open = vec![window];
        while let Some(mut rest) = open.pop() {
            while !rest.is_empty() {
                if left == 0 {
                    self.cut = true;
                    return Ok(());
                }
                let asked = left.min(most);
                let page = match self.loki.page(query, rest, asked, Direction::Backward).await {
                    Ok(page) => page,
                    Err(failure) => match loki::most_lines(&failure.message) {
                        Some(less) if less < most => {
                            most = less.max(1);
                            continue;
                        }
                        _ if loki::wants_less(&failure) && rest.length() > SECOND => {
                            open.extend(rest.halves());
                            break;
                        }
                        _ => return Err(failure),
                    },
                };
                let came = page.logs.len() + page.skipped_count;
                let oldest = page.logs.iter().map(|line| line.time).min();
                let new = page.logs.into_iter().filter(|line| line.is_error() && self.seen.insert(LineKey::of(line)));
                let before = self.lines.len();
                self.lines.extend(new);
                left = left.saturating_sub(self.lines.len() - before);
                let Some(oldest) = oldest.filter(|_| came >= asked) else { break };
                // The last instant is asked for again, for its lines may go on; unless the page is that instant only.
                let again = oldest.plus(1);
                rest.to = if again < rest.to { again } else { oldest };
            }
        }
        Ok(())
    }
}
