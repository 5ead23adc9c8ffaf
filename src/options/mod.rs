//! Flags shared by commands, and what they mean: flag > environment > project file > user file > default.

pub mod address;
pub mod credentials;
pub mod files;
pub mod profile;
pub mod surroundings;
pub mod time;
