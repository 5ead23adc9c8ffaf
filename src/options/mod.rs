//! Flags shared by commands, and what they mean: flag > environment > project file > user file > default.

pub mod address;
pub mod backends;
pub mod certificates;
mod complaint;
pub mod credentials;
pub mod environment;
pub mod files;
pub mod filters;
pub mod journey;
pub mod layers;
pub mod many;
pub mod memory;
pub mod origin;
pub mod output;
pub mod phases;
pub mod profile;
pub mod settings;
pub mod sources;
pub mod subject;
pub mod target;
pub mod terms;
pub mod time;
pub mod window;
