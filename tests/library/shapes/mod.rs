//! Shapes that real data has and generated runs have not: mixed into a run, they are good and give no finding.
//!
//! How such spans look is taken from recorded data of many instrumentations: with the attribute names of the old
//! semantic conventions in some runs, with the new ones in others.

mod calls;
mod lifetimes;
mod messages;
mod oddities;
pub mod timings;

use serde_json::Value as Json;

use trace::model::attribute::{Attributes, Value};
use trace::model::log::Level;
use trace::model::span::{Link, SpanKind};
use trace::source::demo::DemoRun;
use trace::source::demo::random::Random;
use trace::source::demo::recorder::{
    ASSESSMENT, BATCH, ESSAY, KEY, LogDraft, MS, Recorder, SPELL, SpanCause, SpanDraft, SpanRef,
};

/// One shape.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Shape {
    /// Three clients, one inside the other, for one call; the server hangs on the innermost.
    ClientLayers,
    /// Two clients, one inside the other; the server is a child of the outer one.
    ServerBesideInnerClient,
    /// Clients of a database of an unknown system.
    UnknownDatabase,
    /// Clients of a cache of an unknown system.
    UnknownCache,
    /// Calls to hosts of third parties.
    ThirdParty,
    /// A server that begins its own trace and links to its client.
    LinkedServer,
    /// A message is received by one span and processed by another.
    ReceiveAndProcess,
    /// A message is created by one span and sent by another.
    CreateAndSend,
    /// One consumer takes many messages, by links.
    BatchConsumer,
    /// A poller that looks for work every few seconds, in traces of its own.
    Pollers,
    /// Health checks of the services.
    HealthChecks,
    /// Children keep coming for minutes under one parent.
    Stream,
    /// Children keep coming for minutes under a parent that never ends, so that it is not stored.
    EndlessStream,
    /// Work that goes on after what began it has ended.
    Outliving,
    /// Some spans are stored twice.
    Repeats,
    /// The first span is the child of a gateway's, which is not traced.
    Gateway,
    /// Children begin a fraction of a millisecond before their parents.
    Inversions,
    /// The clock of a process steps by hours.
    ClockStep,
    /// A caller gives up, long before its callee fails: an error by rights.
    GivesUp,
    /// Calls that fail twice, then succeed.
    Retries,
    /// A call is sent elsewhere, and answered there.
    Redirect,
    /// Two different spans have one ID.
    ReusedIds,
    /// Two groups of consumers take every message of a topic.
    TwoGroups,
    /// A service sends a message to itself.
    ToItself,
    /// A relay sends what it finds in a table, after its caller has answered.
    Relay,
    /// A task asks to be run again under the same ID.
    SentAgain,
    /// Every instance of a service takes the message.
    Broadcast,
    /// An answer goes to a queue of its own, which only the asking client reads.
    Reply,
    /// Servers are asked whether they are ready, and make no spans of that.
    Probes,
    /// Some of several like steps need no lookup: a cache has it.
    SparedLookups,
}

impl Shape {
    /// Every one.
    pub const ALL: [Self; 30] = [
        Self::ClientLayers,
        Self::ServerBesideInnerClient,
        Self::UnknownDatabase,
        Self::UnknownCache,
        Self::ThirdParty,
        Self::LinkedServer,
        Self::ReceiveAndProcess,
        Self::CreateAndSend,
        Self::BatchConsumer,
        Self::Pollers,
        Self::HealthChecks,
        Self::Stream,
        Self::EndlessStream,
        Self::Outliving,
        Self::Repeats,
        Self::Gateway,
        Self::Inversions,
        Self::ClockStep,
        Self::GivesUp,
        Self::Retries,
        Self::Redirect,
        Self::ReusedIds,
        Self::TwoGroups,
        Self::ToItself,
        Self::Relay,
        Self::SentAgain,
        Self::Broadcast,
        Self::Reply,
        Self::Probes,
        Self::SparedLookups,
    ];

    /// Whether something of the run is open for minutes because of it: no wait is a gap then.
    pub fn fills_time(self) -> bool {
        matches!(self, Self::Pollers | Self::HealthChecks | Self::Stream | Self::EndlessStream | Self::ClockStep)
    }

    fn draw(self, stage: &mut ShapeStage) {
        match self {
            Self::ClientLayers => calls::layers(stage),
            Self::ServerBesideInnerClient => calls::beside_inner(stage),
            Self::UnknownDatabase => calls::unknown_database(stage),
            Self::UnknownCache => calls::unknown_cache(stage),
            Self::ThirdParty => calls::third_party(stage),
            Self::LinkedServer => calls::linked_server(stage),
            Self::GivesUp => calls::gives_up(stage),
            Self::Retries => calls::retries(stage),
            Self::Redirect => calls::redirect(stage),
            Self::ReceiveAndProcess => messages::receive_and_process(stage),
            Self::CreateAndSend => messages::create_and_send(stage),
            Self::BatchConsumer => messages::batch(stage),
            Self::TwoGroups => messages::two_groups(stage),
            Self::ToItself => messages::to_itself(stage),
            Self::Relay => messages::relay(stage),
            Self::SentAgain => messages::sent_again(stage),
            Self::Broadcast => messages::broadcast(stage),
            Self::Reply => messages::reply(stage),
            Self::Probes => calls::probes(stage),
            Self::SparedLookups => calls::spared_lookups(stage),
            Self::Pollers => lifetimes::pollers(stage),
            Self::HealthChecks => lifetimes::health_checks(stage),
            Self::Stream => lifetimes::stream(stage),
            Self::EndlessStream => lifetimes::endless_stream(stage),
            Self::Outliving => lifetimes::outliving(stage),
            Self::Repeats => oddities::repeats(stage),
            Self::Gateway => oddities::gateway(stage),
            Self::Inversions => oddities::inversions(stage),
            Self::ClockStep => oddities::clock_step(stage),
            Self::ReusedIds => oddities::reused_ids(stage),
        }
    }
}

/// Mixes these shapes into a run, each under some work of it that ended well. What is planted stays as it is; the rest
/// of the truth follows. The same seed gives the same run.
pub fn mix(run: &mut DemoRun, shapes: &[Shape], seed: u64) {
    let mut recorder = resume(run, Random::new(seed, "shapes"));
    let hosts = hosts(&recorder);
    for shape in shapes {
        let index = recorder.random.below(hosts.len() as u64) as usize;
        let Some(&host) = hosts.get(index) else { break };
        let service = platform_service(recorder.spans[host.index].service());
        let new_names = recorder.random.below(2) == 0;
        shape.draw(&mut ShapeStage { r: &mut recorder, host, service, new_names });
    }
    (run.spans, run.logs, run.truth) = recorder.finish();
}

/// A recorder that goes on with a run; the run's spans and lines are taken out of it.
fn resume(run: &mut DemoRun, random: Random) -> Recorder {
    let start = run.spans.iter().map(|s| s.start).min().unwrap_or_default();
    let mut recorder = Recorder::new(run.truth.fault, start, run.correlation_id.clone(), random);
    recorder.spans = std::mem::take(&mut run.spans);
    recorder.logs = std::mem::take(&mut run.logs);
    recorder.failed = (0..recorder.spans.len()).filter(|i| recorder.spans[*i].is_error()).collect();
    recorder.planted = run.truth.planted.take();
    recorder.beside = std::mem::take(&mut run.truth.beside);
    recorder
}

/// Work that was called or took a message, and ended well.
fn hosts(recorder: &Recorder) -> Vec<SpanRef> {
    let all = (0..recorder.spans.len()).filter_map(|n| recorder.nth_span(n));
    all.filter(|at| {
        let span = &recorder.spans[at.index];
        matches!(span.kind, SpanKind::Server | SpanKind::Consumer) && !span.is_error()
    })
    .collect()
}

fn platform_service(name: &str) -> &'static str {
    [BATCH, ESSAY, SPELL, ASSESSMENT].into_iter().find(|service| *service == name).unwrap_or(BATCH)
}

/// Where a shape is drawn.
struct ShapeStage<'a> {
    r: &'a mut Recorder,
    /// The work it hangs on.
    host: SpanRef,
    /// Who does that work.
    service: &'static str,
    /// Whether attributes have the names of the new conventions.
    new_names: bool,
}

impl ShapeStage<'_> {
    /// The time at this percentage of the host's work, to the microsecond.
    fn at(&self, percent: i64) -> i64 {
        within(self.host, percent)
    }

    /// The name of the new conventions, or that of the old ones.
    fn named(&self, new: &'static str, old: &'static str) -> &'static str {
        if self.new_names { new } else { old }
    }

    /// A span without attributes.
    fn plain(
        &mut self,
        service: &'static str,
        kind: SpanKind,
        name: &str,
        cause: SpanCause,
        time: (i64, i64),
    ) -> SpanRef {
        let (from, to) = time;
        self.r.span(SpanDraft { service, kind, name: name.to_owned(), cause, from, to, attributes: vec![] })
    }

    /// Adds attributes.
    fn tell(&mut self, at: SpanRef, attributes: &[(&'static str, Value)]) {
        let more = attributes.iter().map(|(key, value)| ((*key).to_owned(), value.clone()));
        self.r.span_mut(at).attributes.0.extend(more);
    }

    /// Adds the correlation ID, as what begins a trace of its own must have it to belong to the run.
    fn carry_id(&mut self, at: SpanRef) {
        let id = text(&self.r.correlation_id);
        self.tell(at, &[(KEY, id)]);
    }

    /// Writes a copy of a span, as an exporter does that sends twice.
    fn repeat(&mut self, at: SpanRef) {
        if self.r.failed.contains(&at.index) {
            self.r.failed.insert(self.r.spans.len());
        }
        self.r.spans.push(self.r.spans[at.index].clone());
    }

    /// Lets a span link to another one.
    fn link(&mut self, at: SpanRef, to: SpanRef) {
        let (trace_id, span_id) = self.r.span_ids(to);
        self.r.span_mut(at).links.push(Link { trace_id, span_id, attributes: Attributes::default() });
    }

    /// Notes what fails by rights, and the finding that names it.
    fn plant_beside(&mut self, at: SpanRef, what: &'static str, finding: &'static str) {
        let planted = self.r.planted_at(at, what, finding);
        self.r.beside.push(planted);
    }

    /// A line about a span.
    fn line(&mut self, at: SpanRef, level: Level, event: &str, more: &[(&str, Json)]) {
        self.r.log(at, at.to - 100_000, LogDraft::new(level, event, more));
    }
}

/// The time at this percentage of a span, to the microsecond.
fn within(at: SpanRef, percent: i64) -> i64 {
    let into = (at.to - at.from) / 100 * percent;
    at.from + into - into % 1_000
}

/// The time plus milliseconds.
fn after(time: i64, ms: i64) -> i64 {
    time + ms * MS
}

fn text(value: &str) -> Value {
    Value::Text(value.to_owned())
}
