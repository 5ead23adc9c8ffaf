//! Any answer of Loki's, and a line of logcli's.
#![no_main]

use libfuzzer_sys::fuzz_target;
use trace::model::evidence::Evidence;
use trace::wire::{loki_json, text};

fuzz_target!(|bytes: &[u8]| {
    let _ = (loki_json::labels(bytes), loki_json::index_stats(bytes), loki_json::counts(bytes), loki_json::version(bytes));
    if let Ok(line) = loki_json::logcli(&text(bytes)) {
        trace_fuzz::tell(Evidence { logs: vec![line], ..Evidence::default() });
    }
    if let Ok(decoded) = loki_json::streams(bytes) {
        trace_fuzz::tell_decoded(decoded);
    }
});
