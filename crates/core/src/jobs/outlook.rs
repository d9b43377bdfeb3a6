//! What is to come from a job of a file, for `plan`.

use super::{JobStep, Known, ObservedJob, Policy, decide, settle};
use crate::record::JobRecord;
use crate::session::SessionJob;
use crate::words::outlook as words;
use nutkin_flink::Configuration;

/// What is known of one job, and what follows from it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Next {
    /// Its record, settled.
    pub record: Option<JobRecord>,
    /// How its generation is.
    pub state: ObservedJob,
    /// What is to be done, in order.
    pub steps: Vec<JobStep>,
}

/// Settles what is remembered of a job with what the session knows, and decides. `are_lost` tells that the session
/// loses its jobs before.
pub fn next(
    job: &SessionJob,
    session: &Configuration,
    remembered: Option<&JobRecord>,
    known: &Known,
    are_lost: bool,
) -> Next {
    let record = settle(job, remembered, known);
    let state = record.as_ref().and_then(|record| known.get(&record.generation)).copied();
    // What has ended is noted before.
    let stays = |state: &ObservedJob| !are_lost || !state.is_alive();
    let state = state.filter(stays).unwrap_or(ObservedJob::Absent);
    let policy = Policy::of(session, &job.configuration);
    let steps = decide(job, policy, record.as_ref(), state);
    Next { record, state, steps }
}

/// One job of the file, and what `up` would do for it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Outlook {
    /// Its name in the file.
    pub name: String,
    /// What would be done, in order.
    pub steps: Vec<JobStep>,
}

impl Outlook {
    /// A line for people; nothing where nothing is done.
    pub fn line(&self) -> Option<String> {
        let steps: Vec<&str> = self.steps.iter().filter_map(JobStep::words).collect();
        let sign = match self.steps.first()? {
            JobStep::Submit { .. } => '+',
            _ => '~',
        };
        (!steps.is_empty()).then(|| words::line(sign, &self.name, &steps))
    }

    /// The words of the steps for programs.
    pub fn names(&self) -> Vec<&'static str> {
        self.steps.iter().filter(|step| step.words().is_some()).map(JobStep::name).collect()
    }
}

impl JobStep {
    /// What people read; nothing of a step that only looks.
    fn words(&self) -> Option<&'static str> {
        Some(match self {
            Self::Cancel(_) => words::CANCELED,
            Self::StopWithSavepoint(_) => words::STOPPED,
            Self::CancelAtCheckpoint(_) => words::AT_CHECKPOINT,
            Self::Recall(_) => return None,
            Self::Submit { .. } => words::SUBMITTED,
            Self::Savepoint(_) => words::SAVEPOINT,
            Self::Checkpoint(_) => words::CHECKPOINT,
        })
    }

    fn name(&self) -> &'static str {
        match self {
            Self::Cancel(_) => "cancel",
            Self::StopWithSavepoint(_) => "stop-with-savepoint",
            Self::CancelAtCheckpoint(_) => "cancel-at-checkpoint",
            Self::Recall(_) => "recall",
            Self::Submit { .. } => "submit",
            Self::Savepoint(_) => "savepoint",
            Self::Checkpoint(_) => "checkpoint",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::From;
    use super::*;

    #[track_caller]
    fn check(steps: &[JobStep], line: Option<&str>, names: &[&str]) {
        let outlook = Outlook { name: "eo".to_owned(), steps: steps.to_vec() };
        assert_eq!(outlook.line().as_deref(), line);
        assert_eq!(outlook.names(), names);
    }

    #[test]
    fn what_is_to_come() {
        let submit = || JobStep::Submit { generation: 2, from: From::Remembered };
        check(&[], None, &[]);
        check(&[submit()], Some("  + job `eo`: submitted"), &["submit"]);
        check(
            &[JobStep::StopWithSavepoint(1), submit()],
            Some("  ~ job `eo`: stopped with a savepoint, then submitted"),
            &["stop-with-savepoint", "submit"],
        );
        check(&[JobStep::Recall(1)], None, &[]);
        check(&[JobStep::Recall(1), submit()], Some("  ~ job `eo`: submitted"), &["submit"]);
    }
}
