//! The health of each backend.

use crate::gather;
use crate::model::evidence::BackendState;
use crate::report::doctor::DoctorRow;
use crate::session::{OpenedData, Session};
use crate::source::demo;
use crate::source::failure::{Failure, Received};
use crate::source::role::Role;

/// The health of each backend.
pub(crate) struct BackendHealth {
    /// A row a backend.
    pub(crate) checks: Vec<DoctorRow>,
    /// What interrupted the checks, and whether any backend had answered by then.
    pub(crate) interruption: Option<(Failure, Received)>,
}

impl Session {
    /// Checks each backend; for the demo, all three as if they had been asked.
    pub(crate) async fn health(&self) -> BackendHealth {
        let OpenedData::Servers(servers) = &self.data else {
            let checks = Role::ALL.map(demo_row).to_vec();
            return BackendHealth { checks, interruption: None };
        };
        let progress = self.config.progress.spinner();
        progress.say("examining jaeger, loki and prometheus");
        let checks = gather::doctor::examine(&servers.sources(&progress), self.now).await;
        progress.done();
        let has_answered = |check: &DoctorRow| matches!(check.state, BackendState::Ok | BackendState::Partial);
        let received = if checks.iter().any(has_answered) { Received::Something } else { Received::Nothing };
        let interruption = servers.transport.interrupted().map(|failure| (failure, received));
        BackendHealth { checks, interruption }
    }
}

fn demo_row(role: Role) -> DoctorRow {
    DoctorRow {
        dialect: "demo data, no server was asked".to_owned(),
        auth: "none".to_owned(),
        newest: Some(demo::NOW),
        ..DoctorRow::blank(role.backend(), "--demo")
    }
}
