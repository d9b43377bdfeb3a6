//! The way to REST of a session that is waited for, and what was said there.

use std::time::{Duration, Instant};

use nutkin_core::Remark;
use nutkin_core::decide::kubernetes::Rest;
use nutkin_rest::{Overview, Probe, Ready};
use nutkin_shell::Error;

use crate::reach::{self, Reached};
use crate::session::KubernetesSession;

/// How long a way on which nobody answers is kept. It may lead to a JobManager that led before a change: high availability
/// names that one until its lease is over, 15 s by default (`high-availability.kubernetes.leader-election.lease-duration`).
const SAME: Duration = Duration::from_secs(1);

/// A TaskManager is counted a moment before its slots are. No longer: an image may give others than the options say.
const SLOTS: Duration = Duration::from_secs(5);

/// A way to REST, once there is one.
#[derive(Debug, Default)]
pub(crate) struct Way {
    reached: Option<Reached>,
    /// Since when nobody answers on it.
    silent: Option<Instant>,
    /// What REST said last.
    overview: Option<Overview>,
    /// Since when TaskManagers lack slots.
    lacking: Option<Instant>,
}

impl Way {
    /// Asks how the session is, whose TaskManagers have so many slots each.
    ///
    /// # Errors
    /// The session has no REST Service, or no way may be used.
    pub(crate) async fn ask(
        &mut self,
        session: &KubernetesSession,
        slots: u32,
    ) -> Result<Rest, Error> {
        if self.silent.is_some_and(|since| SAME <= since.elapsed()) {
            (self.reached, self.silent) = (None, None);
        }
        if self.reached.is_none() {
            self.reached = Some(reach::find(&session.api, &session.name, true).await?);
        }
        let Some(reached) = &self.reached else { return Ok(Rest::Silent) };
        let probe = Probe::new(std::slice::from_ref(&reached.url))?;
        let Some((overview, _)) = probe.overview().await else {
            self.silent.get_or_insert_with(Instant::now);
            return Ok(Rest::Silent);
        };
        self.silent = None;
        self.overview = Some(overview);
        let (task_managers, all) = (overview.taskmanagers, overview.slots_total);
        if all < task_managers.saturating_mul(slots) {
            self.lacking.get_or_insert_with(Instant::now);
        }
        Ok(Rest::Answers { task_managers, slots: all })
    }

    /// Whether TaskManagers have lacked slots for so long that they never will have more.
    pub(crate) fn is_settled(&self) -> bool {
        self.lacking.is_some_and(|since| SLOTS <= since.elapsed())
    }

    /// What was said, and the address to show, once somebody has answered.
    pub(crate) fn ready(&self, remarks: Vec<Remark>) -> Option<Ready> {
        let (overview, reached) = (self.overview?, self.reached.as_ref()?);
        let url = reached.tunnel.is_none().then(|| reached.url.clone());
        Some(Ready { overview, url, remarks })
    }
}
