//! What is wanted, planned: the objects, and what the change of a session that exists keeps to.

use crate::decide::About;
use crate::kubernetes::shape;
use crate::plan::kubernetes::native::ClientMachine;
use crate::plan::kubernetes::{self, Objects};
use crate::plan::network;
use crate::selection::Platform;
use crate::session::Session;
use nutkin_flink::FlinkVersion;
use nutkin_flink::problem::Problem;

/// A planned session.
#[derive(Debug, Clone, PartialEq)]
pub struct Plan {
    /// Its objects.
    pub objects: Objects,
    /// The release.
    pub flink: FlinkVersion,
    /// `spec.restartNonce`.
    pub restart_nonce: Option<i64>,
    /// When somebody asked for a restart: [`Session::restarted`].
    pub restarted: Option<String>,
    /// How many TaskManagers may be missing while a change replaces them: `nutkin.upgrade.max-unavailable`.
    pub max_unavailable: usize,
    /// Slots of each TaskManager, as far as options say it. An image may give others.
    pub slots: u32,
    /// That others than the cluster reach REST, in one line.
    pub open: Option<String>,
}

impl Plan {
    /// Plans a session, from what the machine has that it is made from.
    ///
    /// # Errors
    /// All that is wrong with options, templates and files, at once.
    pub fn of(session: &Session, client: &ClientMachine) -> Result<Self, Vec<Problem>> {
        // Both are checked with the other options, before anything is planned.
        let number = |key: &str| session.configuration.text(key)?.trim().parse::<u32>().ok();
        let max_unavailable = number("nutkin.upgrade.max-unavailable").unwrap_or(1);
        let objects = kubernetes::plan(session, client)?;
        Ok(Self {
            open: network::exposed(&session.configuration, &objects.items),
            objects,
            flink: session.flink,
            restart_nonce: session.restart_nonce,
            restarted: session.restarted.clone(),
            max_unavailable: usize::try_from(max_unavailable).unwrap_or(usize::MAX),
            slots: number("taskmanager.numberOfTaskSlots").unwrap_or(1),
        })
    }

    /// The session that it makes.
    pub fn about(&self) -> About {
        let job_managers = shape::job_managers(self.objects.workload());
        About {
            platform: Platform::Kubernetes,
            name: self.objects.cluster_id.clone(),
            namespace: Some(self.objects.namespace.clone()),
            flink_version: self.flink.to_string(),
            job_managers: u32::try_from(job_managers).unwrap_or(u32::MAX),
            task_managers: None,
        }
    }
}
