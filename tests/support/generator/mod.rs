//! What the tests need beside the demo's runs: real servers' formats, and many spans.

pub mod export;
pub mod load;
