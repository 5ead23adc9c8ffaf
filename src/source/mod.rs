//! Where evidence comes from: servers, recordings of their answers, files, and the embedded demo.

pub mod demo;
pub(crate) mod failure;
pub mod file;
pub mod recording;
pub mod role;
pub mod server;
