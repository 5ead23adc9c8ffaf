//! Statistics and text normalisation that the analyses share.

pub mod durations;
pub mod masking;
pub mod significance;
