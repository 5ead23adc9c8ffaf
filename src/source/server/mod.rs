//! Sources that are servers: one folder a backend, and the one transport they share.

pub mod auth;
pub mod backends;
pub mod endpoint;
pub mod jaeger;
pub mod loki;
pub mod mask;
pub(crate) mod prometheus;
pub mod request;
pub mod transport;
