//! Any file as a pipeline's spec: read, or refused at a place that is in it.
#![no_main]

use libfuzzer_sys::fuzz_target;
use trace::pipeline::file::read;

fuzz_target!(|bytes: &[u8]| {
    let Err(complaints) = read("spec.yaml", bytes) else { return };
    assert!(!complaints.list.is_empty(), "refused without a word");
    let lines = complaints.source.split('\n').count();
    for complaint in &complaints.list {
        assert!((1..=lines).contains(&complaint.line) && complaint.column > 0 && complaint.length > 0, "{complaint:?}");
    }
    drop(complaints.to_string());
});
