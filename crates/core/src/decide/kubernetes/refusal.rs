//! Why nothing is decided: what is wanted cannot be had as things are.

use serde_json::Value;

use crate::kubernetes::ownership;
use crate::kubernetes::progress::Stuck;
use crate::kubernetes::resource::title;
use crate::plan::kubernetes::marks;
use crate::remedy::{Argument, Deed, Remedy};
use crate::words::refusal as words;
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
        stuck: Box<Stuck>,
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
            Self::InTheWay { object, whose, namespace, .. } => {
                words::in_the_way(object, whose, namespace)
            }
            Self::NotOurs { workload, namespace, .. } => words::not_ours(workload, namespace),
            Self::BeingDeleted { session } => words::being_deleted(session),
            Self::CannotBecome { session, why } => words::cannot_become(session, why),
            Self::Immutable { message, .. } => message.clone(),
            Self::Deleted { workload } => words::deleted(workload),
            Self::Stuck { session, stuck, log } => words::stuck(session, &stuck.what, log),
            Self::NotCounted { session } => words::not_counted(session),
            Self::NoTaskManagers { session } => words::no_task_managers(session),
            Self::StillRuns { pod } => words::still_runs(pod),
        }
    }

    /// What can be done about it.
    pub fn hints(&self) -> Vec<Remedy> {
        match self {
            Self::Invalid(_) | Self::Deleted { .. } | Self::StillRuns { .. } => Vec::new(),
            // The session of this name runs in another kind of workload.
            Self::InTheWay { label, session, .. } if label.as_ref() == Some(session) => {
                vec![Deed::down(session).does("ends the session that it belongs to")]
            }
            Self::InTheWay { .. } => vec![Argument::Namespace.within(words::OTHER_PLACE, ")")],
            Self::NotOurs { ends: true, .. } => {
                vec![Argument::Adopt.does("says that Nutkin may delete it all the same")]
            }
            Self::NotOurs { session, .. } => vec![
                Argument::Adopt.does(words::ADOPTION),
                Deed::Status { name: session.clone(), on: "kubernetes" }.does("shows it as it is"),
            ],
            Self::BeingDeleted { .. } => vec![
                Deed::Down { name: None, delete_data: false, on: None }
                    .within("wait until it is gone: ", " does"),
            ],
            Self::CannotBecome { session, .. } => {
                vec![Deed::down(session).does("ends it; then `up` makes the other one")]
            }
            Self::Immutable { is_claim: true, .. } => vec![words::CLAIM.into()],
            Self::Immutable { session, .. } => {
                vec![
                    Deed::down(session)
                        .does("ends the session; then `up` makes it as it is wanted"),
                ]
            }
            Self::Stuck { session, stuck, .. } => vec![
                stuck.hint.clone(),
                Deed::down(session).within(words::STUCK_LEAVES, " removes them"),
            ],
            Self::NotCounted { .. } => vec![words::BOUNDS.into()],
            Self::NoTaskManagers { .. } => vec![Deed::up().does("makes it again")],
        }
    }
}
