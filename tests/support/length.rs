//! How many random cases a test tries: a tenth, or all of them with `TRACE_TEST_FULL=1`, as in `.ci/nightly`.

/// Whether tests run at full length: all random cases, every fault, bodies of full size.
pub fn is_full() -> bool {
    std::env::var_os("TRACE_TEST_FULL").is_some_and(|value| !value.is_empty() && value != "0")
}

/// The number of random cases of a property whose full number is this one. A tenth takes a debug build about a second.
pub fn cases(full: u32) -> u32 {
    if is_full() { full } else { full / 10 }
}
