//! Statistics and text normalisation that the analyses share.

pub(crate) mod durations;
pub(crate) mod masking;
pub(crate) mod significance;
