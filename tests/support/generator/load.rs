//! Many spans: batches that fan out into essays, as wide as asked.

use trace::model::span::{Span, SpanKind};
use trace::model::time::Timestamp;
use trace::source::demo::Fault;
use trace::source::demo::random::Random;
use trace::source::demo::recorder::{BATCH, MS, Recorder, SPELL, SpanCause, SpanDraft};

const TOPIC: &str = "huleedu.spell_checker.check_request.v1";

/// `traces` traces of `spans_per_trace` spans each, all under the correlation ID `load-SEED`. Deterministic.
///
/// Traces begin 50 ms apart. Each is one batch: a root, then three spans an essay, cut where the count is reached.
pub fn load(seed: u64, traces: usize, spans_per_trace: usize, start: Timestamp) -> Vec<Span> {
    let mut spans = Vec::new();
    for n in 0..traces {
        let begin = start.plus(50 * MS * n as i64);
        let random = Random::new(seed, &format!("load-{n}"));
        let mut recorder = Recorder::new(Fault::None, begin, format!("load-{seed}"), random);
        batch(&mut recorder, spans_per_trace.saturating_sub(1).div_ceil(3));
        spans.extend(recorder.spans.into_iter().take(spans_per_trace));
    }
    spans
}

/// A batch of `essays` essays, each published, consumed and checked.
fn batch(recorder: &mut Recorder, essays: usize) {
    let begin = recorder.origin;
    let draft = |service, kind, name: &str, cause, from, to, attributes| {
        let name = name.to_owned();
        SpanDraft { service, kind, name, cause, from, to, attributes }
    };
    let end = begin + (60 + 10 * essays as i64) * MS;
    let tag = recorder.correlation_tag();
    let root = recorder.span(draft(BATCH, SpanKind::Server, "POST /batches", SpanCause::Nothing, begin, end, tag));
    for n in 0..essays {
        let from = begin + (50 + 10 * n as i64) * MS;
        let message = recorder.publish(BATCH, TOPIC, root, from);
        let consumed = message.publish.to + 40 * MS;
        let cause = SpanCause::Parent(message.publish);
        let work = recorder.consume(SPELL, &message, cause, consumed..consumed + 80 * MS);
        let tag = recorder.correlation_tag();
        let (from, to) = (consumed + 5 * MS, consumed + 60 * MS);
        recorder.span(draft(SPELL, SpanKind::Internal, "check essay", SpanCause::Parent(work), from, to, tag));
    }
}
