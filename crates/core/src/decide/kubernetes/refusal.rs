//! Why nothing is decided: what is wanted cannot be had as things are.

use serde_json::Value;

use crate::kubernetes::ownership;
use crate::kubernetes::progress::Stuck;
use crate::kubernetes::resource::title;
use crate::plan::kubernetes::marks;
use nutkin_flink::problem::Problem;

/// Why there is no decision. Nothing was touched for it.
#[derive(Debug, Clone, PartialEq)]
pub enum Refusal {
    /// The input is wrong.
    Invalid(Vec<Problem>),
    /// An object of somebody else has a name that the session needs.
    InTheWay {
        /// Its title.
        object: String,
        /// Whose it is, as a sentence.
        whose: String,
        /// The session whose label it has.
        label: Option<String>,
        /// The session that needs the name.
        session: String,
        /// Where.
        namespace: String,
    },
    /// A Flink session is there that Nutkin did not start, and that nobody said to take over.
    NotOurs {
        /// Title of its workload.
        workload: String,
        /// Its name.
        session: String,
        /// Where.
        namespace: String,
        /// Whether it is to be ended, not taken over.
        ends: bool,
    },
    /// It is being deleted.
    BeingDeleted {
        /// The session.
        session: String,
    },
    /// It cannot become what is wanted by a change.
    CannotBecome {
        /// The session.
        session: String,
        /// Why.
        why: String,
    },
    /// A field never changes, and the object may not be made again.
    Immutable {
        /// The session.
        session: String,
        /// The server's words.
        message: String,
        /// Whether the object is a claim, which holds data.
        is_claim: bool,
    },
    /// It was deleted while it was waited for.
    Deleted {
        /// Title of its workload.
        workload: String,
    },
    /// It never will be ready by itself.
    Stuck {
        /// The session.
        session: String,
        /// Why.
        stuck: Stuck,
        /// Lines from the end of a crashed container's log, and what is refused to it.
        log: Vec<String>,
    },
    /// Flink itself decides on the number of TaskManagers.
    NotCounted {
        /// The session.
        session: String,
    },
    /// The workload of the TaskManagers is missing.
    NoTaskManagers {
        /// The session.
        session: String,
    },
    /// A JobManager runs that would take the loss of its high availability data for a fault.
    StillRuns {
        /// Title of its pod.
        pod: String,
    },
}

impl Refusal {
    /// An object of somebody else is in the way of a session.
    pub fn in_the_way(object: &Value, session: &str, namespace: &str) -> Self {
        Self::InTheWay {
            object: title(object),
            whose: ownership::describe(object),
            label: object["metadata"]["labels"][marks::SESSION].as_str().map(str::to_owned),
            session: session.to_owned(),
            namespace: namespace.to_owned(),
        }
    }

    /// One CamelCase word that programs may rely on.
    pub const fn reason(&self) -> &'static str {
        match self {
            Self::Invalid(_) => "Invalid",
            Self::InTheWay { .. } => "InTheWay",
            Self::NotOurs { .. } => "NotOurs",
            Self::BeingDeleted { .. } => "BeingDeleted",
            Self::CannotBecome { .. } => "CannotBecome",
            Self::Immutable { .. } => "Immutable",
            Self::Deleted { .. } => "Deleted",
            Self::Stuck { .. } => "Stuck",
            Self::NotCounted { .. } => "NotCounted",
            Self::NoTaskManagers { .. } => "NoTaskManagers",
            Self::StillRuns { .. } => "StillRuns",
        }
    }

    /// What is wrong, as a sentence.
    pub fn message(&self) -> String {
        match self {
            Self::Invalid(problems) => {
                problems.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n")
            }
            Self::InTheWay { object, whose, namespace, .. } => format!(
                "{object} in namespace {namespace} is in the way: {whose}; it was not touched"
            ),
            Self::NotOurs { workload, namespace, .. } => format!(
                "{workload} in namespace {namespace} is a Flink session that Nutkin did not start"
            ),
            Self::BeingDeleted { session } => format!("session `{session}` is being deleted"),
            Self::CannotBecome { session, why } => {
                format!("session `{session}` cannot be changed to what is wanted: {why}")
            }
            Self::Immutable { message, .. } => message.clone(),
            Self::Deleted { workload } => format!("{workload} was deleted in the meantime"),
            Self::Stuck { session, stuck, log } => {
                let mut text = format!("session `{session}` does not start: {}", stuck.what);
                for line in log {
                    text = format!("{text}\n{line}");
                }
                text
            }
            Self::NotCounted { session } => format!(
                "Flink itself starts and ends the TaskManagers of session `{session}`, as jobs need them"
            ),
            Self::NoTaskManagers { session } => {
                format!("the workload of session `{session}`'s TaskManagers is gone")
            }
            Self::StillRuns { pod } => {
                format!("{pod} still runs: its high availability data was not touched")
            }
        }
    }

    /// What can be done about it.
    pub fn hints(&self) -> Vec<String> {
        match self {
            Self::Invalid(_) | Self::Deleted { .. } | Self::StillRuns { .. } => Vec::new(),
            // The session of this name runs in another kind of workload.
            Self::InTheWay { label, session, .. } if label.as_ref() == Some(session) => {
                vec![format!("`nutkin down {session}` ends the session that it belongs to")]
            }
            Self::InTheWay { .. } => {
                vec!["give the session another name, or another namespace (-n)".to_owned()]
            }
            Self::NotOurs { ends: true, .. } => {
                vec!["--adopt says that Nutkin may delete it all the same".to_owned()]
            }
            Self::NotOurs { session, .. } => vec![
                "--adopt takes it over: it gets Nutkin's label, and `down` may delete it".to_owned(),
                format!("`nutkin status {session} --on kubernetes` shows it as it is"),
            ],
            Self::BeingDeleted { .. } => {
                vec!["wait until it is gone: `nutkin down` does".to_owned()]
            }
            Self::CannotBecome { session, .. } => {
                vec![format!("`nutkin down {session}` ends it; then `up` makes the other one")]
            }
            Self::Immutable { is_claim: true, .. } => vec![
                "a claim holds data: Nutkin never makes it again. Leave it, or name another one"
                    .to_owned(),
            ],
            Self::Immutable { session, .. } => vec![format!(
                "`nutkin down {session}` ends the session; then `up` makes it as it is wanted"
            )],
            Self::Stuck { session, stuck, .. } => vec![
                stuck.hint.clone(),
                format!(
                    "its objects are still there: the same `up` goes on once that is fixed, `nutkin down {session}` \
                     removes them"
                ),
            ],
            Self::NotCounted { .. } => vec![
                "`slotmanager.max-total-resource.cpu` bounds them, `resourcemanager.taskmanager-timeout` ends idle ones"
                    .to_owned(),
            ],
            Self::NoTaskManagers { .. } => vec!["`nutkin up` makes it again".to_owned()],
        }
    }
}
