//! `nutkin doctor`: what can be known of a place before a session runs there, and how sessions are that do.
//!
//! Shells look; here it is decided what a look means: a [`Check`] that has passed, failed with a code, or could not be made. Those that
//! failed become findings like all others.

mod cluster;
mod fit;
mod machine;
mod pod;
mod quota;
mod session;
mod text;

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::codes;
use crate::diagnosis::{self, Diagnosis};

pub use cluster::{ClusterSeen, Permission, StorageClass, cluster};
pub use machine::{DaemonSeen, MachineSeen, daemon, machine, planned};
pub use pod::PodWish;
pub use session::session;
pub use text::ticks;

/// One thing that was looked at.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Check {
    /// What it is about: `Kubernetes`, ``session `orders` ``.
    pub group: String,
    /// What should be so: `the API server answers`.
    pub what: String,
    /// What is so.
    pub result: CheckResult,
}

/// What became of a check.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", tag = "is")]
pub enum CheckResult {
    /// It is so; more about it, where there is more.
    Passed {
        /// A version, an amount.
        detail: String,
    },
    /// It is not so.
    Failed {
        /// The code of what is wrong.
        code: String,
        /// Whose it is.
        of: String,
        /// What proves it, each in one line.
        lines: Vec<String>,
    },
    /// It could not be looked at, and why.
    Unseen {
        /// The reason.
        why: String,
    },
}

impl Check {
    fn new(group: &str, what: impl Into<String>, result: CheckResult) -> Self {
        Self { group: group.to_owned(), what: what.into(), result }
    }

    fn passed(group: &str, what: impl Into<String>, detail: impl Into<String>) -> Self {
        Self::new(group, what, CheckResult::Passed { detail: detail.into() })
    }

    /// Passed where there are no lines that prove the opposite.
    fn of(group: &str, what: &str, code: &str, of: &str, lines: Vec<String>, detail: &str) -> Self {
        if lines.is_empty() {
            return Self::passed(group, what, detail);
        }
        let (code, of) = (code.to_owned(), of.to_owned());
        Self::new(group, what, CheckResult::Failed { code, of, lines })
    }

    fn unseen(group: &str, what: impl Into<String>, why: &str) -> Self {
        Self::new(group, what, CheckResult::Unseen { why: why.to_owned() })
    }

    /// Whether the place does not answer at all.
    pub fn is_silence(&self) -> bool {
        matches!(&self.result, CheckResult::Failed { code, .. } if code == codes::NO_PLATFORM)
    }

    fn item(&self) -> Value {
        let (result, detail, code) = match &self.result {
            CheckResult::Passed { detail } => ("passed", detail.clone(), None),
            CheckResult::Failed { code, lines, .. } => ("failed", lines.join("; "), Some(code)),
            CheckResult::Unseen { why } => ("unseen", why.clone(), None),
        };
        json!({
            "group": self.group, "what": self.what, "result": result, "detail": detail, "code": code,
        })
    }
}

/// The document of `-o json`, without `apiVersion` and `kind`.
pub fn document(session: &str, checks: &[Check], found: &[Diagnosis]) -> Value {
    let mut fields = diagnosis::document(session, found);
    fields["checks"] = checks.iter().map(Check::item).collect();
    fields
}
