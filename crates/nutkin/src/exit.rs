//! Exit codes. Scripts rely on them: a number never changes its meaning.

use std::process::ExitCode;

use nutkin_shell::{Error, Kind};

/// What every command returns.
pub type Outcome = Result<Exit, Error>;

/// How a command ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Exit {
    /// 0: done.
    Done,
    /// 1: failed.
    Failed,
    /// 2: bad input or usage; nothing was touched.
    BadInput,
    /// 2 of `plan --detailed-exitcode`: there are changes.
    Changes,
    /// 3: the job ended FAILED or CANCELED.
    JobFailed,
    /// 4: timed out.
    TimedOut,
    /// 5: no such session or job.
    NotFound,
    /// 6: consent is needed and was not given.
    ConsentNeeded,
    /// 130: interrupted by Ctrl-C.
    Interrupted,
}

impl Exit {
    /// What a failure is to a script.
    pub const fn of(error: &Error) -> Self {
        match error.kind {
            Kind::Denied | Kind::Conflict | Kind::Retry | Kind::Broken => Self::Failed,
            Kind::Invalid => Self::BadInput,
            Kind::JobFailed => Self::JobFailed,
            Kind::TimedOut => Self::TimedOut,
            Kind::NotFound => Self::NotFound,
            Kind::Unconfirmed => Self::ConsentNeeded,
            Kind::Interrupted => Self::Interrupted,
        }
    }

    /// The number that the shell sees.
    pub const fn code(self) -> u8 {
        match self {
            Self::Done => 0,
            Self::Failed => 1,
            Self::BadInput | Self::Changes => 2,
            Self::JobFailed => 3,
            Self::TimedOut => 4,
            Self::NotFound => 5,
            Self::ConsentNeeded => 6,
            Self::Interrupted => 130,
        }
    }
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(exit.code())
    }
}
