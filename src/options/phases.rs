//! The settings of `trace phases`: the PromQL to run, and which labels hold phase and status.

use toml::Spanned;

use crate::error::Error;
use crate::model::pattern::Pattern;
use crate::options::layers::ConfigLayers;
use crate::options::origin::Setting;
use crate::options::profile::{PatternConfig, Profile};
use crate::query::PhaseQueries;

/// `[phases]` with defaults filled in.
#[derive(Clone, Debug)]
pub(crate) struct PhaseSettings {
    /// PromQL: how much of each phase is in each status.
    pub(crate) query: Setting<String>,
    /// The label that names the phase.
    pub(crate) phase_label: Setting<String>,
    /// The label that names the status.
    pub(crate) status_label: Setting<String>,
    /// The statuses that mean "in progress".
    pub(crate) in_progress: Setting<Vec<Pattern>>,
    /// The phases in their order; phases not listed come after these.
    pub(crate) order: Setting<Vec<String>>,
    /// PromQL: storage references updated per second.
    pub(crate) storage_updates: Setting<String>,
    /// PromQL: storage references that could not be updated per second.
    pub(crate) storage_failures: Setting<String>,
}

impl PhaseSettings {
    /// The values, without their origins.
    pub(crate) fn queries(&self) -> PhaseQueries {
        PhaseQueries {
            query: self.query.value.clone(),
            phase_label: self.phase_label.value.clone(),
            status_label: self.status_label.value.clone(),
            in_progress: self.in_progress.value.clone(),
            order: self.order.value.clone(),
            storage_updates: self.storage_updates.value.clone(),
            storage_failures: self.storage_failures.value.clone(),
        }
    }

    /// The settings that are one text, by their configuration keys.
    pub(crate) fn keyed_settings(&self) -> [(&'static str, &Setting<String>); 5] {
        [
            ("phases.query", &self.query),
            ("phases.phase_label", &self.phase_label),
            ("phases.status_label", &self.status_label),
            ("phases.storage_updates", &self.storage_updates),
            ("phases.storage_failures", &self.storage_failures),
        ]
    }
}

impl<'a> ConfigLayers<'a> {
    pub(crate) fn phases(self) -> Result<PhaseSettings, Error> {
        let defaults = PhaseQueries::default();
        let patterns = |texts: Vec<PatternConfig>| texts.into_iter().map(|text| text.0).collect();
        let in_progress = self.in_files(|p| p.phases.in_progress.as_ref()).map(|setting| setting.map(patterns));
        let order = self.in_files(|p| p.phases.order.as_ref());
        Ok(PhaseSettings {
            query: self.non_empty(|p| p.phases.query.as_ref(), defaults.query)?,
            phase_label: self.non_empty(|p| p.phases.phase_label.as_ref(), defaults.phase_label)?,
            status_label: self.non_empty(|p| p.phases.status_label.as_ref(), defaults.status_label)?,
            in_progress: in_progress.unwrap_or(Setting::default(defaults.in_progress)),
            order: order.unwrap_or(Setting::default(defaults.order)),
            storage_updates: self.non_empty(|p| p.phases.storage_updates.as_ref(), defaults.storage_updates)?,
            storage_failures: self.non_empty(|p| p.phases.storage_failures.as_ref(), defaults.storage_failures)?,
        })
    }

    /// A text that must not be empty.
    fn non_empty(
        self,
        pick: impl Fn(&'a Profile) -> Option<&'a Spanned<String>>,
        default: String,
    ) -> Result<Setting<String>, Error> {
        match self.entry_in_files(pick) {
            None => Ok(Setting::default(default)),
            Some((layer, text)) if text.get_ref().trim().is_empty() => Err(layer.error_at(text, "it is empty")),
            Some((layer, text)) => Ok(layer.setting(text)),
        }
    }
}
