//! Alerts and rules of a window, from metrics.

use crate::error::Error;
use crate::gather;
use crate::gather::alerts::AlertsAnswer;
use crate::gather::rules::RulesAnswer;
use crate::model::time::Window;
use crate::session::phases::{left_out, no_metrics_in_files};
use crate::session::{OpenedData, Session};
use crate::source::demo::platform;
use crate::source::role::Role;
use crate::wire::promql::needed;

impl Session {
    /// The alerts of a window.
    ///
    /// # Errors
    /// Usage: files hold none, or the backend that has them is left out.
    pub(crate) async fn alerts(&self, window: Window) -> Result<AlertsAnswer, Error> {
        match &self.data {
            OpenedData::Files(_) => Err(no_metrics_in_files("alerts")),
            OpenedData::Demo(_) => Ok(AlertsAnswer {
                stretches: platform::alerts(),
                rules: platform::rules(),
                step_ns: platform::STEP,
                ..AlertsAnswer::default()
            }),
            OpenedData::Servers(servers) => {
                let progress = self.config.progress.spinner();
                progress.say(format!("asking {} for alerts", Role::Metrics.backend().as_str()));
                let alerts = gather::alerts::gather(window, self.now, &servers.sources(&progress)).await;
                progress.done();
                alerts.ok_or_else(|| left_out("alerts"))
            }
        }
    }

    /// The rules, and whether what they look at had data in the window.
    ///
    /// # Errors
    /// As [`Session::alerts`].
    pub(crate) async fn rules(&self, window: Window) -> Result<RulesAnswer, Error> {
        match &self.data {
            OpenedData::Files(_) => Err(no_metrics_in_files("alerts")),
            OpenedData::Demo(_) => {
                let rules = platform::rules();
                let selectors = rules.iter().filter_map(|rule| needed(&rule.query)).flatten();
                let seen = selectors.map(|selector| (selector.clone(), platform::has(&selector))).collect();
                Ok(RulesAnswer { rules, seen, ..RulesAnswer::default() })
            }
            OpenedData::Servers(servers) => {
                let progress = self.config.progress.spinner();
                progress.say(format!("asking {} for its rules", Role::Metrics.backend().as_str()));
                let rules = gather::rules::gather(window, &servers.sources(&progress)).await;
                progress.done();
                rules.ok_or_else(|| left_out("rules"))
            }
        }
    }
}
