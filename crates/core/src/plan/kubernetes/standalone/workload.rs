//! What keeps the pods alive: Deployments, or one or two StatefulSets; their names, and how their pods are found.

use serde_json::{Map, Value};

use super::super::steps::draft::{Draft, Role};
use super::super::steps::settings::Settings;
use crate::session::Session;
use nutkin_flink::Problem;

/// The kinds of workload.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Workload {
    /// One Deployment for each role.
    Deployments,
    /// One StatefulSet for each role.
    TwoStatefulSets,
    /// One StatefulSet; the first pods are JobManagers.
    OneStatefulSet,
}

/// Which kind of workload a session has.
const WORKLOAD: &str = "nutkin.standalone.workload";
/// How many StatefulSets a session has.
pub(super) const STATEFUL_SETS: &str = "nutkin.standalone.stateful-sets";

impl Workload {
    /// Reads the options.
    pub(super) fn read(session: &Session, settings: &mut Settings) -> Self {
        let text = |key: &str| session.configuration.text(key);
        let stateful = match text(WORKLOAD).as_deref() {
            None | Some("deployment") => false,
            Some("statefulset") => true,
            Some(_) => {
                let hint = "write deployment or statefulset";
                settings.problem(Problem::new(WORKLOAD, "no such workload").hint(hint));
                false
            }
        };
        match (stateful, text(STATEFUL_SETS).as_deref()) {
            (false, None) => Self::Deployments,
            (false, Some(_)) => {
                let hint = format!("set `{WORKLOAD}: statefulset`, or remove this option");
                let message = "the workload is not a StatefulSet";
                settings.problem(Problem::new(STATEFUL_SETS, message).hint(hint));
                Self::Deployments
            }
            (true, None | Some("2")) => Self::TwoStatefulSets,
            (true, Some("1")) => Self::OneStatefulSet,
            (true, Some(_)) => {
                let message = "a session has one StatefulSet or two";
                settings.problem(Problem::new(STATEFUL_SETS, message).hint("write 1 or 2"));
                Self::TwoStatefulSets
            }
        }
    }

    /// Name of a role's workload.
    pub(super) fn name(self, cluster_id: &str, role: Role) -> String {
        match (self, role) {
            (Self::OneStatefulSet, _) | (_, Role::JobManager) => cluster_id.to_owned(),
            (_, Role::TaskManager) => format!("{cluster_id}-taskmanager"),
        }
    }
}

/// Names of the pods that are JobManagers, where the workload names its pods.
pub(super) fn job_manager_hosts(draft: &Draft<'_>) -> Vec<String> {
    let count = draft.session.job_managers();
    (0..count).map(|ordinal| format!("{}-{ordinal}", draft.cluster_id)).collect()
}

/// Labels by which a role's pods are found.
pub(super) fn selector(draft: &Draft<'_>, workload: Workload) -> Map<String, Value> {
    match workload {
        Workload::OneStatefulSet => draft.labels(),
        _ => draft.selectors(),
    }
}
