//! Everything that may say something about a setting, asked in one way.

use toml::Spanned;
use url::Url;

use crate::model::evidence::Source;
use crate::options::address;
use crate::options::backends::BackendArgs;
use crate::options::environment::Environment;
use crate::options::files::{Chosen, Layer, Owner};
use crate::options::origin::{Origin, Sourced};
use crate::options::output::OutputArgs;
use crate::options::profile::Profile;

/// Whether configuration files and variables count.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ConfigSources {
    /// They do.
    Configuration,
    /// They do not: the answer must be the same everywhere, or no file may get in its way.
    Nothing,
}

/// Flags, variables and files.
#[derive(Clone, Copy)]
pub(crate) struct ConfigLayers<'a> {
    pub(crate) reading: ConfigSources,
    pub(crate) backends: &'a BackendArgs,
    pub(crate) output: &'a OutputArgs,
    pub(crate) surroundings: &'a Environment,
    pub(crate) chosen: &'a Chosen,
}

impl<'a> ConfigLayers<'a> {
    /// What the strongest layer that says anything says.
    pub(crate) fn told<T: Clone + 'a>(
        self,
        pick: impl Fn(&'a Profile) -> Option<&'a Spanned<T>>,
    ) -> Option<Sourced<T>> {
        self.told_in(pick).map(|(layer, told)| Sourced { value: told.get_ref().clone(), origin: origin(layer, told) })
    }

    /// The same, with the layer and the place.
    pub(crate) fn told_in<T>(
        self,
        pick: impl Fn(&'a Profile) -> Option<&'a Spanned<T>>,
    ) -> Option<(&'a Layer, &'a Spanned<T>)> {
        self.chosen.layers.iter().find_map(|layer| pick(&layer.profile).map(|told| (layer, told)))
    }

    /// The first of these variables that is set.
    pub(crate) fn variable(self, names: &[&'static str]) -> Option<Sourced<String>> {
        if self.reading == ConfigSources::Nothing {
            return None;
        }
        names.iter().find_map(|name| self.surroundings.var(name).map(|v| Sourced::variable(v.to_owned(), name)))
    }

    /// The addresses of a backend that the user's own files in force name.
    pub(crate) fn own_addresses(self, source: Source) -> impl Iterator<Item = Url> {
        let own = self.chosen.layers.iter().filter(|layer| layer.owner == Owner::User);
        own.filter_map(move |layer| address::read(layer.profile.url(source)?.get_ref().expose(), "").ok())
            .map(|read| read.url)
    }
}

/// Where a value stands, as an origin.
pub(crate) fn origin<T>(layer: &Layer, told: &Spanned<T>) -> Origin {
    Origin::File { owner: layer.owner, path: layer.path.clone(), line: layer.line(told) }
}
