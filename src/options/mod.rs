//! Flags shared by commands, configuration files, and the settings they resolve to:
//! flag > environment > project file > user file > default.

pub(crate) mod address;
pub(crate) mod backend_settings;
pub(crate) mod backends;
pub(crate) mod certificates;
pub(crate) mod credentials;
pub(crate) mod criteria;
pub mod environment;
mod file_error;
mod files;
pub(crate) mod filters;
pub mod journey;
pub(crate) mod layers;
pub(crate) mod many_runs;
pub(crate) mod origin;
pub(crate) mod output;
pub(crate) mod phases;
mod profile;
pub(crate) mod settings;
pub(crate) mod sources;
pub(crate) mod subject;
pub(crate) mod time;
pub(crate) mod window;
