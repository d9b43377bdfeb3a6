//! Events as Flink Kubernetes Operator (FKO) writes them: objects of core/v1 whose names follow from what they say, so that the same
//! sentence about the same resource is one object that counts.
//!
//! Source: `EventUtils` and `EventRecorder` of FKO 1.16. Exporters and alert rules read reason, component, count and times.

use nutkin_flink::java_order;
use serde_json::{Value, json};

use crate::resource::API_VERSION;

/// The part that an event is about: `source.component`, and the beginning of its name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum EventComponent {
    /// The operator's own work.
    Operator,
    /// The Deployment of the JobManager.
    JobManagerDeployment,
    /// A job.
    Job,
    /// A savepoint or checkpoint.
    Snapshot,
}

impl EventComponent {
    /// The word.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Operator => "Operator",
            Self::JobManagerDeployment => "JobManagerDeployment",
            Self::Job => "Job",
            Self::Snapshot => "Snapshot",
        }
    }
}

/// Whether somebody has to look.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum EventType {
    /// Nobody.
    Normal,
    /// Somebody.
    Warning,
}

impl EventType {
    /// The word.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Normal => "Normal",
            Self::Warning => "Warning",
        }
    }
}

macro_rules! reasons {
    ($($(#[$doc:meta])* $name:ident $severity:ident,)*) => {
        /// Why something is told. The words are FKO's, without those of its autoscaler, and two of ours.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
        pub enum EventReason { $($(#[$doc])* $name,)* }

        impl EventReason {
            /// All of them.
            pub const ALL: &'static [Self] = &[$(Self::$name,)*];

            /// The word.
            pub const fn word(self) -> &'static str {
                match self { $(Self::$name => stringify!($name),)* }
            }

            /// Whether somebody has to look.
            pub const fn severity(self) -> EventType {
                match self { $(Self::$name => EventType::$severity,)* }
            }
        }
    };
}

reasons! {
    /// A job or session was stopped, to go on later.
    Suspended Normal,
    /// The spec differs from what was deployed.
    SpecChanged Normal,
    /// A change is taken back.
    Rollback Normal,
    /// A job or session is started.
    Submit Normal,
    /// A job is in another state than before.
    JobStatusChanged Normal,
    /// A savepoint failed.
    SavepointError Warning,
    /// A checkpoint failed.
    CheckpointError Warning,
    /// What a deleted resource stands for is ended.
    Cleanup Normal,
    /// It cannot be ended yet.
    CleanupFailed Warning,
    /// Something that was there is not.
    Missing Warning,
    /// The resource is refused.
    ValidationError Warning,
    /// A lost JobManager is made again.
    RecoverDeployment Normal,
    /// A job that is not well is started again.
    RestartUnhealthyJob Warning,
    /// This Flink cannot be run.
    UnsupportedFlinkVersion Warning,
    /// A `FlinkStateSnapshot` failed.
    SnapshotError Warning,
    /// A `FlinkStateSnapshot` was given up.
    SnapshotAbandoned Warning,
    /// A job threw.
    JobException Warning,
    /// Anything else that failed.
    Error Warning,
    /// Nutkin's own: the resource is left alone.
    UnsupportedResource Warning,
    /// Nutkin's own: objects of a session are not as the resource says.
    Drift Warning,
}

/// What is told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ClusterEvent {
    /// About which part.
    pub component: EventComponent,
    /// Why.
    pub reason: EventReason,
    /// The sentence. Secrets are masked by whoever makes it.
    pub message: String,
}

/// The resource that events are about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Regarding<'a> {
    /// `FlinkDeployment`.
    pub kind: &'a str,
    /// Its name.
    pub name: &'a str,
    /// Its namespace.
    pub namespace: &'a str,
    /// Its UID: another resource of this name has events of its own.
    pub uid: &'a str,
}

impl ClusterEvent {
    /// An event.
    pub fn new(component: EventComponent, reason: EventReason, message: impl Into<String>) -> Self {
        Self { component, reason, message: message.into() }
    }

    /// Whether somebody has to look.
    pub const fn severity(&self) -> EventType {
        self.reason.severity()
    }

    /// The name of the object: that of the component, and 31 bits of what makes the event the same.
    pub fn name(&self, regarding: &Regarding<'_>) -> String {
        let text = [
            self.reason.word(),
            &self.message,
            self.severity().word(),
            regarding.kind,
            regarding.name,
            regarding.uid,
        ]
        .concat();
        format!("{}.{}", self.component.word(), java_order::hash(&text) & 0x7fff_ffff)
    }

    /// The object as it is made the first time. `now` is a time in RFC 3339, in whole seconds as core/v1 has them.
    pub fn first(&self, regarding: &Regarding<'_>, now: &str) -> Value {
        json!({
            "apiVersion": "v1",
            "kind": "Event",
            "metadata": {"name": self.name(regarding), "namespace": regarding.namespace},
            "involvedObject": {
                "apiVersion": API_VERSION,
                "kind": regarding.kind,
                "name": regarding.name,
                "namespace": regarding.namespace,
                "uid": regarding.uid,
            },
            "type": self.severity().word(),
            "reason": self.reason.word(),
            "message": self.message,
            "source": {"component": self.component.word()},
            "firstTimestamp": now,
            "lastTimestamp": now,
            "count": 1,
        })
    }

    /// What changes in an object that is there already, as a merge patch: it counts one more, and says the newest sentence.
    pub fn again(&self, old: &Value, now: &str) -> Value {
        let count = old["count"].as_i64().unwrap_or(0).saturating_add(1);
        json!({"lastTimestamp": now, "count": count, "message": self.message})
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ORDERS: Regarding<'_> =
        Regarding { kind: "FlinkDeployment", name: "orders", namespace: "n", uid: "u-1" };

    #[test]
    fn the_same_sentence_is_the_same_event() {
        let event =
            ClusterEvent::new(EventComponent::Operator, EventReason::SpecChanged, "scale to 2");
        let name = event.name(&ORDERS);
        assert!(name.starts_with("Operator."), "{name}");
        assert!(name["Operator.".len()..].parse::<u32>().is_ok_and(|hash| hash <= 0x7fff_ffff));
        let other =
            ClusterEvent::new(EventComponent::Operator, EventReason::SpecChanged, "scale to 3");
        assert_ne!(other.name(&ORDERS), name);
        assert_ne!(event.name(&Regarding { uid: "u-2", ..ORDERS }), name);
    }

    #[test]
    fn objects_count() {
        let event = ClusterEvent::new(
            EventComponent::Job,
            EventReason::JobStatusChanged,
            "from CREATED to RUNNING",
        );
        let first = event.first(&ORDERS, "2026-01-01T00:00:00Z");
        assert_eq!(first["source"]["component"], "Job");
        assert_eq!((first["type"].as_str(), first["count"].as_i64()), (Some("Normal"), Some(1)));
        assert_eq!(first["involvedObject"]["uid"], "u-1");
        let again = event.again(&first, "2026-01-01T00:00:09Z");
        assert_eq!(
            again,
            json!({
                "lastTimestamp": "2026-01-01T00:00:09Z",
                "count": 2,
                "message": "from CREATED to RUNNING",
            })
        );
    }

    #[test]
    fn reasons_have_the_words_of_the_contract() {
        let words: Vec<&str> = EventReason::ALL.iter().map(|reason| reason.word()).collect();
        assert_eq!(words.len(), 20);
        assert!(words.contains(&"RecoverDeployment") && words.contains(&"CleanupFailed"));
        assert_eq!(EventReason::CleanupFailed.severity(), EventType::Warning);
    }
}
