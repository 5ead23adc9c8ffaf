//! Analysis of journeys, pure: of one journey, of the journeys of a time window, and the statistics both use.

pub mod journey;
pub(crate) mod stats;
pub(crate) mod window;
