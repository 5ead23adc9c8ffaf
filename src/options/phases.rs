//! What is asked about the phases of the pipeline, and what its answers mean.

use serde::Deserialize;
use toml::Spanned;

use crate::error::Error;
use crate::model::pattern::Pattern;
use crate::options::layers::{ConfigLayers, origin};
use crate::options::origin::Sourced;
use crate::options::profile::{PatternText, Profile, Provided};
use crate::query::PhaseQueries;

/// `[phases]`.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct PhasesPart {
    /// PromQL: how much of each phase is in each status.
    pub query: Provided<String>,
    /// The label that names the phase.
    pub phase_label: Provided<String>,
    /// The label that names the status.
    pub status_label: Provided<String>,
    /// The statuses that mean "in progress".
    pub in_progress: Provided<Vec<PatternText>>,
    /// The phases in their order.
    pub order: Provided<Vec<String>>,
    /// PromQL: storage references updated per second.
    pub storage_updates: Provided<String>,
    /// PromQL: storage references that could not be updated per second.
    pub storage_failures: Provided<String>,
}

/// The same, decided.
#[derive(Clone, Debug)]
pub struct PhaseSettings {
    /// PromQL: how much of each phase is in each status.
    pub query: Sourced<String>,
    /// The label that names the phase.
    pub phase_label: Sourced<String>,
    /// The label that names the status.
    pub status_label: Sourced<String>,
    /// The statuses that mean "in progress".
    pub in_progress: Sourced<Vec<Pattern>>,
    /// The phases in their order; the others come after these.
    pub order: Sourced<Vec<String>>,
    /// PromQL: storage references updated per second.
    pub storage_updates: Sourced<String>,
    /// PromQL: storage references that could not be updated per second.
    pub storage_failures: Sourced<String>,
}

impl PhaseSettings {
    /// The values alone.
    pub fn queries(&self) -> PhaseQueries {
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

    /// The texts by their keys.
    pub fn texts(&self) -> [(&'static str, &Sourced<String>); 5] {
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
        let usual = PhaseQueries::default();
        let plain = |texts: Vec<PatternText>| texts.into_iter().map(|text| text.0).collect();
        let in_progress = self.told(|p| p.phases.in_progress.as_ref()).map(|told| told.map(plain));
        let order = self.told(|p| p.phases.order.as_ref());
        Ok(PhaseSettings {
            query: self.filled(|p| p.phases.query.as_ref(), usual.query)?,
            phase_label: self.filled(|p| p.phases.phase_label.as_ref(), usual.phase_label)?,
            status_label: self.filled(|p| p.phases.status_label.as_ref(), usual.status_label)?,
            in_progress: in_progress.unwrap_or(Sourced::default(usual.in_progress)),
            order: order.unwrap_or(Sourced::default(usual.order)),
            storage_updates: self.filled(|p| p.phases.storage_updates.as_ref(), usual.storage_updates)?,
            storage_failures: self.filled(|p| p.phases.storage_failures.as_ref(), usual.storage_failures)?,
        })
    }

    /// A text that must not be empty.
    fn filled(
        self,
        pick: impl Fn(&'a Profile) -> Option<&'a Spanned<String>>,
        usual: String,
    ) -> Result<Sourced<String>, Error> {
        match self.told_in(pick) {
            None => Ok(Sourced::default(usual)),
            Some((layer, told)) if told.get_ref().trim().is_empty() => Err(layer.wrong(told, "it is empty")),
            Some((layer, told)) => Ok(Sourced { value: told.get_ref().clone(), origin: origin(layer, told) }),
        }
    }
}
