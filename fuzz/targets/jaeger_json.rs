//! Any answer of Jaeger's `/api/traces`, `/api/services`, and a span that stands alone.
#![no_main]

use libfuzzer_sys::fuzz_target;
use trace::wire::{jaeger_json, text};

fuzz_target!(|bytes: &[u8]| {
    let _ = (jaeger_json::services(bytes), jaeger_json::error_text(bytes));
    for decoded in [jaeger_json::traces(bytes), jaeger_json::span_alone(&text(bytes))].into_iter().flatten() {
        trace_fuzz::tell_decoded(decoded);
    }
});
