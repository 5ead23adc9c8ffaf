//! The layers a setting is looked up in: flags, environment variables, configuration files.

use toml::Spanned;
use url::Url;

use crate::model::source::Source;
use crate::options::address;
use crate::options::backends::BackendArgs;
use crate::options::environment::Environment;
use crate::options::files::{ActiveProfile, ConfigLayer};
use crate::options::origin::{FileOwner, Setting};
use crate::options::output::OutputArgs;
use crate::options::profile::Profile;

/// Which sources of configuration apply.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ConfigSources {
    /// Flags, environment variables and configuration files.
    FilesAndEnvironment,
    /// Flags only: the answer must be the same everywhere, or a broken configuration file must not get in the way.
    FlagsOnly,
}

/// Flags, environment variables and the active profile of the configuration files.
#[derive(Clone, Copy)]
pub(crate) struct ConfigLayers<'a> {
    pub(crate) sources: ConfigSources,
    pub(crate) backends: &'a BackendArgs,
    pub(crate) output: &'a OutputArgs,
    pub(crate) environment: &'a Environment,
    pub(crate) profile: &'a ActiveProfile,
}

impl<'a> ConfigLayers<'a> {
    /// The value in the strongest file layer that has one; none if no file sets it.
    pub(crate) fn in_files<T: Clone + 'a>(
        self,
        pick: impl Fn(&'a Profile) -> Option<&'a Spanned<T>>,
    ) -> Option<Setting<T>> {
        self.entry_in_files(pick).map(|(layer, value)| layer.setting(value))
    }

    /// Like [`Self::in_files`], with the layer and the position in the file, for error messages.
    pub(crate) fn entry_in_files<T>(
        self,
        pick: impl Fn(&'a Profile) -> Option<&'a Spanned<T>>,
    ) -> Option<(&'a ConfigLayer, &'a Spanned<T>)> {
        self.profile.layers.iter().find_map(|layer| pick(&layer.profile).map(|value| (layer, value)))
    }

    /// The first of these environment variables that is set and not empty.
    pub(crate) fn in_environment(self, names: &[&'static str]) -> Option<Setting<String>> {
        if self.sources == ConfigSources::FlagsOnly {
            return None;
        }
        names.iter().find_map(|name| self.environment.var(name).map(|v| Setting::variable(v.to_owned(), name)))
    }

    /// The addresses of a backend in the user's own files, strongest first. Addresses that cannot be parsed are
    /// skipped.
    pub(crate) fn user_addresses(self, source: Source) -> impl Iterator<Item = Url> {
        let own = self.profile.layers.iter().filter(|layer| layer.owner == FileOwner::User);
        own.filter_map(move |layer| address::parse(layer.profile.url(source)?.get_ref().expose_secret(), "").ok())
            .map(|address| address.url)
    }
}
