//! Any answer of Jaeger's `/api/v3`, and any OTLP JSON.
#![no_main]

use libfuzzer_sys::fuzz_target;
use trace::wire::otlp_json;

fuzz_target!(|bytes: &[u8]| {
    let _ = (otlp_json::services(bytes), otlp_json::summaries(bytes), otlp_json::error_text(bytes));
    if let Ok(decoded) = otlp_json::decode(bytes) {
        trace_fuzz::tell_decoded(decoded);
    }
});
