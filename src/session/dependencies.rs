//! The calls between services that Jaeger counts itself.

use std::time::Duration;

use tokio::time::timeout;

use crate::model::time::Window;
use crate::report::map::Dependencies;
use crate::session::Session;

/// How long to wait: they are only compared with what was counted here, so a slow answer is not worth more.
const TIMEOUT: Duration = Duration::from_secs(10);

impl Session {
    /// How often each service called each other, by Jaeger's own count. None where Jaeger gives none, or not in time: the
    /// answer is complete without it.
    pub(crate) async fn dependencies(&self, window: Window) -> Option<Dependencies> {
        let servers = self.servers()?;
        let source = servers.backends.span_source(&servers.transport)?;
        let calls = timeout(TIMEOUT, source.dependencies(window)).await.ok()?.ok().flatten()?;
        let mut counts = Dependencies::new();
        for (caller, callee, calls) in calls {
            let count = counts.entry((caller, callee)).or_default();
            *count = count.saturating_add(calls);
        }
        Some(counts)
    }
}
