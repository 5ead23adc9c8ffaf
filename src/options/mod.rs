//! Flags shared by commands, configuration files, and the settings they resolve to:
//! flag > environment > project file > user file > default.

pub mod address;
pub mod backend_settings;
pub mod backends;
pub mod certificates;
pub mod credentials;
pub mod criteria;
pub mod environment;
mod file_error;
mod files;
pub mod filters;
pub mod journey;
pub mod layers;
pub mod many_runs;
pub mod origin;
pub mod output;
pub mod phases;
mod profile;
pub mod settings;
pub mod sources;
pub mod subject;
pub mod time;
pub mod window;
