//! What was seen of a `FlinkSessionJob` and its session.

use nutkin_core::jobs::ObservedJob;
use nutkin_core::ledger::JobRecord;
use nutkin_flink::Configuration;

/// The session that a job belongs to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum SessionGate {
    /// No `FlinkDeployment` has that name.
    #[default]
    Absent,
    /// It is an application.
    Application,
    /// It does not answer, and its high availability data brings its jobs back when it does.
    SilentWithJobs,
    /// It does not answer.
    Silent,
    /// It answers.
    Ready,
}

/// The job as Flink has it.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct SeenRun {
    /// Its id.
    pub id: String,
    /// The generation in it.
    pub generation: u64,
    /// Its name in Flink.
    pub name: String,
    /// Flink's word for its state.
    pub state: String,
    /// When it started, milliseconds since 1970.
    pub start: i64,
    /// Whether every task runs, or has come to its own end.
    pub runs_all: bool,
    /// Why it failed.
    pub cause: Option<String>,
}

impl SessionGate {
    /// Of a session whose resource is there. `is_ready`: its status says so, and REST answers; `comes_back`: high availability has its
    /// jobs.
    pub const fn of(is_application: bool, is_ready: bool, comes_back: bool) -> Self {
        match (is_application, is_ready, comes_back) {
            (true, ..) => Self::Application,
            (false, true, _) => Self::Ready,
            (false, false, true) => Self::SilentWithJobs,
            (false, false, false) => Self::Silent,
        }
    }
}

impl SeenRun {
    /// Whether it will not change any more.
    pub fn has_ended(&self) -> bool {
        !ObservedJob::of_state(&self.state).is_alive()
    }
}

/// Whether the JobManager of a job is lost without high availability, and the job with it.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum SeenLoss {
    /// It is not; or what it had is not wanted any more, and it begins anew.
    #[default]
    No,
    /// Whoever looks after its session has not seen yet what is left of it.
    Open,
    /// It goes on from what its ledger has of it, and has not come to its first checkpoint yet.
    GoesOn,
    /// It does not go on by itself, and why.
    Stays(String),
}

/// What was seen of a job.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct SeenSessionJob {
    /// Its session.
    pub gate: SessionGate,
    /// The session's options, which count where the job does not say otherwise.
    pub options: Configuration,
    /// Whether it is lost.
    pub loss: SeenLoss,
    /// What is wrong with what the resource asks for.
    pub problems: Vec<String>,
    /// What the session's ledger has of it.
    pub record: Option<JobRecord>,
    /// The newest run that Flink knows; `None`: it knows none.
    pub run: Option<SeenRun>,
    /// Whether what is wanted was just brought about, in this very round.
    pub is_brought: bool,
    /// Why it was not.
    pub failed: Option<String>,
}
