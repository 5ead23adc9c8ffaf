//! The phases of a pipeline in a window, from metrics.

use crate::error::Error;
use crate::gather;
use crate::gather::phases::PhaseMetrics;
use crate::model::time::Window;
use crate::query::PhaseQueries;
use crate::session::{OpenedData, Session};
use crate::source::demo::platform;
use crate::source::role::Role;

impl Session {
    /// How many batches each phase had in each status.
    ///
    /// # Errors
    /// Usage: files hold no metrics, or the backend that has them is left out.
    pub(crate) async fn phases(&self, queries: &PhaseQueries, window: Window) -> Result<PhaseMetrics, Error> {
        match &self.data {
            OpenedData::Files(_) => Err(no_metrics_in_files("phases")),
            OpenedData::Demo(_) => {
                let mut phases = platform::phases();
                phases.query.clone_from(&queries.query);
                Ok(PhaseMetrics {
                    phases,
                    storage: platform::storage(),
                    step_ns: platform::STEP,
                    ..PhaseMetrics::default()
                })
            }
            OpenedData::Servers(servers) => {
                let progress = self.config.progress.spinner();
                progress.say(format!("asking {} how the phases stand", Role::Metrics.backend().as_str()));
                let phases = gather::phases::gather(queries, window, &servers.sources(&progress)).await;
                progress.done();
                phases.ok_or_else(|| left_out("phases"))
            }
        }
    }
}

pub(super) fn no_metrics_in_files(what: &str) -> Error {
    let said = format!("--input: {what} come from Prometheus, and files hold spans and lines");
    Error::usage(said, "drop --input to ask Prometheus; --replay answers from what --record kept of it")
}

pub(super) fn left_out(what: &str) -> Error {
    Error::usage(format!("--without prometheus: {what} come from it alone"), "leave prometheus in")
}
