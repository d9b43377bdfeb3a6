//! What is done to a session on Kubernetes, as data.

use serde_json::{Value, json};

use crate::kubernetes::resource::title;
use crate::kubernetes::{by_hand, managed};

/// One thing to do. Whoever carries it out answers with what the API server made of it.
#[derive(Debug, Clone, PartialEq)]
pub enum Step {
    /// Creates the JobManagers' workload. That there is one of that kind and name is an answer, not a failure.
    CreateWorkload(Value),
    /// Creates an object that the workload owns. One of the session that is there is brought to what it shall be.
    Create {
        /// The object.
        object: Value,
        /// The workload by which it is known whose an object is that is there already.
        workload: Value,
        /// Whose fields become ours with it.
        authors: Authors,
    },
    /// Takes the management of an object's fields over, so that a later apply can remove fields. What cannot be done now
    /// is done another time.
    Own {
        /// The object as it was seen.
        object: Value,
        /// Whose fields.
        authors: Authors,
    },
    /// Keeps Kubernetes from ending pods at once: a patch that must come before the change itself.
    Hold {
        /// The workload.
        target: Target,
        /// The JSON patch.
        patch: Value,
    },
    /// Server-side apply of a whole object that is there.
    Apply {
        /// The object.
        object: Value,
        /// Whose fields become ours with it.
        authors: Authors,
    },
    /// Deletes an object and makes it again: a field that cannot be changed shall change.
    Replace {
        /// What is there.
        old: Target,
        /// What shall be there.
        object: Value,
        /// Whose fields become ours with it.
        authors: Authors,
    },
    /// Deletes an object.
    Delete {
        /// Which.
        target: Target,
        /// Whether it goes only after all that it owns.
        last: bool,
    },
    /// Ends pods: others follow.
    EndPods(Vec<Target>),
    /// Ends the pods of all TaskManagers that there are at that moment: Flink asks for new ones as jobs need them.
    EndTaskManagers,
    /// Takes the hold away from a workload.
    Release {
        /// The workload.
        target: Target,
        /// The JSON patch.
        patch: Value,
    },
    /// Notes for which content the TaskManagers are, now that those of another one are ended.
    Note {
        /// The JobManagers' workload.
        target: Target,
        /// The JSON patch.
        patch: Value,
        /// Whose fields become ours with it.
        authors: Authors,
    },
    /// Asks for another number of pods.
    Scale {
        /// The workload that makes them.
        target: Target,
        /// The JSON patch.
        patch: Value,
        /// Whose fields become ours with it.
        authors: Authors,
    },
    /// Writes into the ledger what is wanted.
    SaveLedger,
    /// Deletes the workload that this very run made, because what it needs was refused for good, and tells that.
    Undo(Target),
    /// All of these at once; none of them waits for another.
    Together(Vec<Step>),
}

/// Whose fields of an object become ours.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Authors {
    /// Nobody's: the object stays as it is managed.
    Nobody,
    /// What we made ourselves.
    Ours,
    /// What we made ourselves, and what people have set since, see [`by_hand::PEOPLE`].
    People,
    /// What any of the known authors made, see [`managed::AUTHORS`].
    Everyone,
}

impl Authors {
    /// Beginnings of their names. `manager` is our own.
    pub fn names(self, manager: &str) -> Vec<&str> {
        match self {
            Self::Nobody => Vec::new(),
            Self::Ours => vec![manager],
            Self::People => vec![manager, by_hand::PEOPLE],
            Self::Everyone => managed::AUTHORS.to_vec(),
        }
    }
}

/// Which object: its kind, its name and, so that no other one of that name is meant, its UID.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Target {
    /// `apps/v1`.
    pub api_version: String,
    /// `Deployment`.
    pub kind: String,
    /// Its name.
    pub name: String,
    /// Its UID.
    pub uid: String,
}

impl Target {
    /// Of an object as the API server tells it.
    pub fn of(object: &Value) -> Self {
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        Self {
            api_version: text(&object["apiVersion"]),
            kind: text(&object["kind"]),
            name: text(&object["metadata"]["name"]),
            uid: text(&object["metadata"]["uid"]),
        }
    }

    /// As much of an object as a request needs.
    pub fn object(&self) -> Value {
        json!({
            "apiVersion": self.api_version,
            "kind": self.kind,
            "metadata": {"name": self.name, "uid": self.uid},
        })
    }

    /// `Service/orders-rest`.
    pub fn title(&self) -> String {
        format!("{}/{}", self.kind, self.name)
    }
}

impl Step {
    /// The step as one line, for people and for tests.
    pub fn line(&self) -> String {
        let titles =
            |targets: &[Target]| targets.iter().map(Target::title).collect::<Vec<_>>().join(", ");
        match self {
            Self::CreateWorkload(object) => format!("create {}, unless it is there", title(object)),
            Self::Create { object, .. } => format!("create {}", title(object)),
            Self::Own { object, .. } => format!("own the fields of {}", title(object)),
            Self::Hold { target, .. } => format!("hold {}", target.title()),
            Self::Apply { object, .. } => format!("apply {}", title(object)),
            Self::Replace { object, .. } => format!("replace {}", title(object)),
            Self::Delete { target, last: false } => format!("delete {}", target.title()),
            Self::Delete { target, last: true } => {
                format!("delete {} and all that it owns", target.title())
            }
            Self::EndPods(pods) => format!("end {}", titles(pods)),
            Self::EndTaskManagers => "end the pods of all TaskManagers".to_owned(),
            Self::Release { target, .. } => format!("release {}", target.title()),
            Self::Note { target, .. } => {
                format!("note the TaskManagers' content on {}", target.title())
            }
            Self::Scale { target, patch, .. } => {
                let replicas = patch.as_array().and_then(|steps| steps.last());
                let replicas = replicas.map_or(&Value::Null, |step| &step["value"]);
                format!("scale {} to {replicas}", target.title())
            }
            Self::SaveLedger => "save the ledger".to_owned(),
            Self::Undo(target) => format!("undo the creation of {}", target.title()),
            Self::Together(steps) => {
                let lines: Vec<String> = steps.iter().map(Self::line).collect();
                format!("at once: {}", lines.join("; "))
            }
        }
    }
}
