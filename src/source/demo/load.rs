//! Many spans for tests and benchmarks: batches that fan out into essays, as wide as asked.

use super::Fault;
use super::pipeline;
use super::random::Random;
use super::recorder::{MS, Recorder};
use crate::model::span::Span;
use crate::model::time::Timestamp;

/// So many traces of so many spans each, all under the correlation ID `load-SEED`. Deterministic.
///
/// Traces begin 50 ms apart. Each is one batch: a root, then five spans an essay, cut where the count is reached.
pub fn load(seed: u64, traces: usize, spans_per_trace: usize, start: Timestamp) -> Vec<Span> {
    let mut spans = Vec::new();
    for n in 0..traces {
        let begin = start.plus(50 * MS * n as i64);
        let random = Random::new(seed, &format!("load-{n}"));
        let mut recorder = Recorder::new(Fault::None, begin, format!("load-{seed}"), random);
        pipeline::essays(&mut recorder, spans_per_trace.saturating_sub(1).div_ceil(5));
        spans.extend(recorder.into_spans().into_iter().take(spans_per_trace));
    }
    spans
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;
    use crate::source::demo::NOW;

    #[test]
    fn a_load_has_the_size_asked_for_and_hangs_together() {
        let spans = load(3, 5, 101, NOW);
        assert_eq!(spans.len(), 505);
        assert_eq!(spans, load(3, 5, 101, NOW));
        let ids: BTreeSet<_> = spans.iter().map(|s| (s.trace_id, s.span_id)).collect();
        assert_eq!(ids.len(), 505);
        assert_eq!(spans.iter().filter(|s| s.parent_id.is_none()).count(), 5);
        assert!(spans.iter().filter_map(|s| Some((s.trace_id, s.parent_id?))).all(|parent| ids.contains(&parent)));
        assert!(spans.iter().all(|s| s.attributes.get("correlation_id").is_some()));
        assert_eq!(load(3, 2, 0, NOW), []);
        assert_eq!(load(3, 2, 1, NOW).len(), 2);
    }

    #[test]
    fn fifty_thousand_spans_are_made_at_once() {
        assert_eq!(load(1, 1, 50_000, NOW).len(), 50_000);
    }
}
