//! What was asked, for those who want to know: `-v` and `--show-queries`.

use std::collections::BTreeMap;

use crate::model::source::Source;
use crate::options::output::OutputArgs;
use crate::render::escape;
use crate::session::FinishedSession;
use crate::source::server::backends::Backends;
use crate::source::server::endpoint::Endpoint;
use crate::source::server::request::Request;
use crate::source::server::transport::{RequestLog, RequestOutcome, join_path};

/// The requests that were made: for `-v` one line a kind, for `-vv` one a request; for `--show-queries` as addresses to
/// paste elsewhere, the LogQL or PromQL of each above it.
pub(super) fn request_log(finished: &FinishedSession, output: &OutputArgs) -> String {
    let requests = &finished.requests;
    let mut text = String::new();
    let lines = match output.verbose {
        0 => vec![],
        1 => in_kinds(requests),
        _ => requests.iter().map(in_one_line).collect(),
    };
    let lines = lines.into_iter().chain(breakers(finished).filter(|_| output.verbose > 0));
    text.extend(lines.map(|line| escape::line(&line) + "\n"));
    if output.show_queries {
        let endpoint = |source: Source| {
            finished.backends.iter().flat_map(Backends::endpoints).find(move |endpoint| endpoint.source == source)
        };
        text.extend(requests.iter().filter_map(|request| to_paste(request, endpoint(request.source)?)));
    }
    text
}

/// A line for each backend that failed.
fn breakers(finished: &FinishedSession) -> impl Iterator<Item = String> {
    let failed = finished.breakers.iter().filter(|(_, breaker)| !breaker.is_plain());
    failed.map(|(source, breaker)| format!("{:<10}  breaker {}", source.as_str(), breaker.line()))
}

fn in_one_line(asked: &RequestLog) -> String {
    let (source, result, line) = (asked.source.as_str(), &asked.outcome, asked.request.to_line());
    format!("{source} {result} in {} ms: {line}", asked.elapsed.as_millis())
}

/// `jaeger  GET /api/traces ×40  slowest 172 ms`, in the order in which each kind was first asked.
fn in_kinds(asked: &[RequestLog]) -> Vec<String> {
    let mut kinds: Vec<(Source, String, Vec<&RequestLog>)> = Vec::new();
    for one in asked {
        let kind = kind(one);
        match kinds.iter_mut().find(|(source, known, _)| *source == one.source && *known == kind) {
            Some((_, _, all)) => all.push(one),
            None => kinds.push((one.source, kind, vec![one])),
        }
    }
    kinds.sort_by_key(|(source, ..)| *source);
    let say = |(source, kind, all): (Source, String, Vec<&RequestLog>)| {
        let slowest = all.iter().map(|one| one.elapsed).max().unwrap_or_default();
        let times = if all.len() > 1 { format!(" ×{}", all.len()) } else { String::new() };
        let took = if all.len() > 1 { "slowest " } else { "" };
        let (source, ms) = (source.as_str(), slowest.as_millis());
        format!("{source:<10}  {kind}{times}  {took}{ms} ms{}", other_results(&all))
    };
    kinds.into_iter().map(say).collect()
}

/// Method and path, with a dummy for every ID in it.
fn kind(asked: &RequestLog) -> String {
    let is_id = |part: &str| part.len() >= 16 && part.bytes().all(|b| b.is_ascii_hexdigit());
    let path = asked.request.path.iter().map(|part| if is_id(part) { "ID" } else { part });
    let bare = Request { path: path.map(str::to_owned).collect(), parameters: vec![], ..asked.request.clone() };
    bare.to_line()
}

/// What did not end well, each result once.
fn other_results(asked: &[&RequestLog]) -> String {
    let mut results: BTreeMap<String, usize> = BTreeMap::new();
    for one in asked {
        let result = match &one.outcome {
            RequestOutcome::Answered { status: 200, .. } => continue,
            RequestOutcome::Answered { status, .. } => status.to_string(),
            RequestOutcome::Failed { summary, .. } => summary.clone(),
        };
        *results.entry(result).or_default() += 1;
    }
    results.iter().map(|(result, n)| format!("  {n} × {result}")).collect()
}

fn to_paste(asked: &RequestLog, endpoint: &Endpoint) -> Option<String> {
    let mut url = join_path(&endpoint.url, &asked.request.path);
    url.set_username("").ok()?;
    url.set_password(None).ok()?;
    if !asked.request.parameters.is_empty() {
        url.set_query(Some(&asked.request.encoded_parameters()));
    }
    let query = asked.request.parameters.iter().find(|(name, _)| *name == "query");
    let query = query.map(|(_, text)| format!("# {}: {}\n", asked.source.as_str(), escape::one_line(text)));
    Some(format!("{}{url}\n", query.unwrap_or_default()))
}
