//! The newest traces of each service in a window, whole. The limit is part of the question: what is cut is told, and the
//! answer is complete all the same.

use std::cell::Cell;
use std::collections::HashSet;

use futures_util::future::join_all;

use crate::backend::Backends;
use crate::backend::failure::Failure;
use crate::backend::jaeger::{Jaeger, Search, Times};
use crate::backend::transport::Transport;
use crate::gather::haul::SpansByTrace;
use crate::gather::health;
use crate::gather::traces::is_too_deep;
use crate::model::basis::SampledService;
use crate::model::evidence::{BackendStatus, Evidence, Note, NoteCode, Source};
use crate::model::filter::Filters;
use crate::model::id::TraceId;
use crate::model::pattern::Pattern;
use crate::model::span::StatusCode;
use crate::model::time::Window;
use crate::progress::Progress;
use crate::query::Bounds;
use crate::report::words::counted;
use crate::wire::Decoded;

/// Which traces are wanted.
#[derive(Clone, Debug)]
pub struct Wanted {
    /// When their spans began.
    pub window: Window,
    /// The newest so many of each service.
    pub limit: usize,
    /// What one span of each must be like, as far as a server can look for it.
    pub filters: Filters,
    /// Only these services are asked; empty means all.
    pub services: Vec<String>,
    /// How much may be asked and kept.
    pub bounds: Bounds,
}

impl Wanted {
    /// The same look, for traces with errors only: the newest traces of a service may hold none of its errors.
    #[must_use]
    pub fn with_errors(mut self) -> Self {
        self.filters.tags.push(("error".to_owned(), Pattern::exact("true")));
        self
    }
}

/// What came.
#[derive(Clone, Debug, Default)]
pub struct Sampled {
    /// Spans, how Jaeger did, and what is to be remarked.
    pub evidence: Evidence,
    /// How many traces of each service came with the first look, by name.
    pub services: Vec<SampledService>,
    /// What came with each look.
    pub looks: Vec<Looked>,
}

/// What one look brought.
#[derive(Clone, Debug, Default)]
pub struct Looked {
    /// Its traces.
    pub traces: HashSet<TraceId>,
    /// Of how many services there may be more.
    pub cut: usize,
}

impl Sampled {
    /// What is to be remarked of looks for errors, which came after so many plain ones: that they were cut at this limit,
    /// or that a server which gives traces with errors finds none by them, as Jaeger 2 with its memory storage.
    pub fn remarks_on_errors(&self, plain: usize, limit: usize) -> Option<Note> {
        let (plain, failed) = self.looks.split_at_checked(plain)?;
        let cut = failed.iter().map(|look| look.cut).max()?;
        let note = |said: String| Note::new(NoteCode::Sampled, Source::Jaeger, said);
        if cut > 0 {
            let said = format!("errors of {} cut at the newest {limit} traces with errors", counted(cut, "service"));
            return Some(note(said).hint("--limit raises it; counts are at least these"));
        }
        let is_cut = plain.iter().any(|look| look.cut > 0) && failed.iter().all(|look| look.traces.is_empty());
        let fails = || self.evidence.spans.iter().any(|span| span.status.code == StatusCode::Error);
        let said = "this server finds no traces by their errors; those beyond the sample are not counted";
        (is_cut && fails()).then(|| note(said.to_owned()).hint("--limit raises it"))
    }
}

/// So many traces are asked for at most because lines name them.
const MOST_NAMED: usize = 500;

/// Asks each service for its newest traces in several looks, then for the traces that are named and did not come.
pub async fn samples(
    looks: &[Wanted],
    named: &[TraceId],
    backends: &Backends,
    transport: &Transport,
    progress: &Progress,
) -> Sampled {
    let mut sampled = Sampled::default();
    let evidence = &mut sampled.evidence;
    let Some(endpoint) = &backends.jaeger else {
        evidence.note(Note::new(NoteCode::NotConfigured, Source::Jaeger, "spans come from jaeger, which is left out"));
        evidence.backends = vec![health::left_out(Source::Jaeger)];
        return sampled;
    };
    progress.say("asking jaeger for the newest traces of each service");
    let mut detail = String::new();
    let mut answers: Vec<Answer> = vec![];
    match Jaeger::connect(transport, endpoint, backends.jaeger_api).await {
        Ok(jaeger) => {
            jaeger.dialect.word().clone_into(&mut detail);
            for wanted in looks {
                let mut came = Asking::new(&jaeger, wanted, transport).everywhere().await;
                let services: Vec<SampledService> = came.iter().filter_map(Answer::sampled).collect();
                sampled.looks.push(Looked {
                    traces: came.iter().flat_map(|answer| &answer.decoded.spans).map(|span| span.trace_id).collect(),
                    cut: services.iter().filter(|service| service.cut).count(),
                });
                if sampled.looks.len() == 1 {
                    sampled.services = services;
                }
                answers.append(&mut came);
            }
            let known = |id: &&TraceId| !sampled.looks.iter().any(|look| look.traces.contains(*id));
            let lacking = named.iter().filter(known).take(MOST_NAMED).map(|id| jaeger.trace(*id, Times::AsServed));
            answers.extend(join_all(lacking).await.into_iter().map(|answer| match answer {
                Ok(decoded) => Answer { decoded: decoded.unwrap_or_default(), ..Answer::default() },
                Err(failure) => Answer::failed(String::new(), failure),
            }));
        }
        Err(failure) => answers.push(Answer::failed(String::new(), failure)),
    }
    let mut status = BackendStatus { detail, ..health::asked(endpoint, transport) };
    let mut traces = SpansByTrace::default();
    let mut failed: Option<Failure> = None;
    for answer in answers {
        answer.decoded.skipped.iter().for_each(|why| {
            evidence.note(health::advised(Note::new(NoteCode::Skipped, Source::Jaeger, why.as_str())));
        });
        answer.decoded.errors.iter().for_each(|why| {
            let said = format!("jaeger says: {why}");
            evidence.note(health::advised(Note::new(NoteCode::Partial, Source::Jaeger, said)));
        });
        traces.add(answer.decoded.spans);
        failed = failed.or(answer.failure);
    }
    match failed {
        Some(failure) => {
            evidence.note(health::note_of(endpoint, &failure));
            status.state = health::state_of(endpoint, &failure);
            status.error.clone_from(&failure.message);
            failure.advice().clone_into(&mut status.hint);
        }
        None => looks.iter().for_each(|wanted| evidence.coverage.traces.add(wanted.window)),
    }
    evidence.spans = traces.0.into_values().flatten().collect();
    let most = looks.first().map_or(0, |wanted| wanted.bounds.spans);
    if evidence.spans.len() > most {
        evidence.spans.truncate(most);
        let said = format!("more than {most} spans; the rest was dropped");
        evidence.note(
            Note::new(NoteCode::BoundReached, Source::Jaeger, said).hint("raise --max-spans, or narrow the time"),
        );
    }
    status.items = evidence.spans.len();
    evidence.backends = vec![status];
    evidence.notes.sort();
    sampled.services.sort();
    sampled
}

/// What one service gave.
#[derive(Default)]
struct Answer {
    service: String,
    decoded: Decoded,
    limit: usize,
    failure: Option<Failure>,
}

impl Answer {
    fn failed(service: String, failure: Failure) -> Self {
        Self { service, failure: Some(failure), ..Self::default() }
    }

    fn sampled(&self) -> Option<SampledService> {
        let mut traces: Vec<_> = self.decoded.spans.iter().map(|span| span.trace_id).collect();
        traces.sort_unstable();
        traces.dedup();
        let (service, traces) = (self.service.clone(), traces.len());
        (self.failure.is_none()).then_some(SampledService { service, traces, cut: traces >= self.limit })
    }
}

struct Asking<'a> {
    jaeger: &'a Jaeger<'a>,
    wanted: &'a Wanted,
    limit: Cell<usize>,
}

impl<'a> Asking<'a> {
    fn new(jaeger: &'a Jaeger<'a>, wanted: &'a Wanted, transport: &Transport) -> Self {
        if wanted.bounds.requests == Bounds::default().requests {
            transport.allow_at_least(60 * jaeger.services.len());
        }
        Self { jaeger, wanted, limit: Cell::new(wanted.limit.max(1)) }
    }

    async fn everywhere(&self) -> Vec<Answer> {
        let all = if self.wanted.services.is_empty() { &self.jaeger.services } else { &self.wanted.services };
        let wanted = all.iter().filter(|service| self.wanted.filters.wants_service(service));
        join_all(wanted.map(|service| self.ask(service))).await
    }

    async fn ask(&self, service: &str) -> Answer {
        let filters = &self.wanted.filters;
        let only = if filters.operations.len() == 1 { filters.operations.first() } else { None };
        let operation = only.and_then(Pattern::as_exact);
        let tags = filters.tags.iter().filter_map(|(key, value)| Some((key.as_str(), value.as_exact()?)));
        let tags: Vec<(&str, &str)> = tags.collect();
        loop {
            let limit = self.limit.get();
            let search = Search { operation, tags: &tags, window: self.wanted.window, limit };
            match self.jaeger.search(&search, Some(service)).await {
                Ok(decoded) => return Answer { service: service.to_owned(), decoded, limit, failure: None },
                Err(failure) if is_too_deep(&failure) && limit > 1 => self.limit.set(limit / 2),
                Err(failure) => return Answer::failed(service.to_owned(), failure),
            }
        }
    }
}
