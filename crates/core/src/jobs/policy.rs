//! The operator's options that change how a job is treated.

use nutkin_flink::Configuration;

/// The option that lets a job go on from its last checkpoint where it takes no savepoint now.
pub(super) const FALLBACK: &str = "kubernetes.operator.job.upgrade.last-state-fallback.enabled";

/// Options of the operator that hold here too. Those of the job come before those of the session.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Policy {
    /// `kubernetes.operator.job.restart.failed`, false by default: a job that has failed is submitted again.
    pub restart_failed: bool,
    /// `kubernetes.operator.job.upgrade.last-state-fallback.enabled`, true by default: where a savepoint cannot
    /// be taken now, the job goes on from its last checkpoint.
    pub last_state_fallback: bool,
}

impl Policy {
    /// What the options of the session and of the job say.
    pub fn of(session: &Configuration, job: &Configuration) -> Self {
        let is = |key: &str, default: bool| {
            let entry = job.get(key).or_else(|| session.get(key));
            entry.map_or(default, |entry| entry.value.to_string().trim() == "true")
        };
        Self {
            restart_failed: is("kubernetes.operator.job.restart.failed", false),
            last_state_fallback: is(FALLBACK, true),
        }
    }
}
