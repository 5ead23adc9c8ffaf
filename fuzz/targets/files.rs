//! Any file: its form found out, read, told.
#![no_main]

use libfuzzer_sys::fuzz_target;
use trace::source::file;

fuzz_target!(|bytes: &[u8]| {
    match file::read("f", bytes) {
        Ok(evidence) => {
            let twice = file::together(vec![evidence.clone(), evidence.clone()]);
            assert_eq!(twice.logs.len(), evidence.logs.len(), "a file given twice says no more");
            trace_fuzz::tell(twice);
        }
        Err(error) => drop(error.to_string()),
    }
});
