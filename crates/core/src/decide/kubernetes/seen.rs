//! What is seen of a session on Kubernetes: plain facts, as far as they were asked for.

use std::collections::BTreeMap;

use serde_json::Value;

use crate::decide::Jobs;
use crate::kubernetes::resource::{
    BUDGETS, CONFIG_MAPS, DEPLOYMENTS, INGRESSES, NETWORK_POLICIES, ROLE_BINDINGS, ROLES, Resource,
    SECRETS, SERVICE_ACCOUNTS, SERVICES, STATEFUL_SETS,
};
use crate::kubernetes::shape::WorkloadLayout;
use crate::plan::kubernetes::native::ClientMachine;
use crate::plan::kubernetes::{Objects, marks};

/// What is known at a moment. What was not asked for is `None`.
#[derive(Debug, Clone, Default)]
pub struct Observation {
    /// Who asks, and how.
    pub by: By,
    /// The machine from which the session is made.
    pub client: ClientMachine,
    /// What became of creating the workload before anything was looked at.
    pub creation: Creation,
    /// What the created workload owns, once that was created, too.
    pub made: Option<Vec<Value>>,
    /// Why something that the created workload needs was refused for good.
    pub refused: Option<String>,
    /// The session's objects.
    pub found: Option<FoundObjects>,
    /// Whether the management of their fields was asked for since they were read.
    pub is_owned: bool,
    /// What the API server says that applying would give, by the object's title.
    pub predicted: Option<BTreeMap<String, Predicted>>,
    /// The jobs that run.
    pub jobs: Option<Jobs>,
    /// How far the session is on its way, once everything is ordered.
    pub progress: Option<SeenProgress>,
    /// UIDs of pods that were ended on that way.
    pub ended: Vec<String>,
}

/// Who asks, and how.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct By {
    /// The field manager: what it wrote is its own.
    pub manager: String,
    /// Whether steps are carried out. Then the creation is the first question, and what was left undone is made up for
    /// before a change is foreseen.
    pub acts: bool,
    /// Whether somebody stays until the pods are replaced, and replaces them in the order that harms jobs least. Else
    /// Kubernetes replaces them as it does.
    pub stays: bool,
    /// Whether a session that somebody else made is taken over.
    pub adopts: bool,
    /// Whether what is wanted is written into the ledger.
    pub remembers: bool,
}

impl Default for By {
    fn default() -> Self {
        let manager = "nutkin".to_owned();
        Self { manager, acts: false, stays: false, adopts: false, remembers: false }
    }
}

/// What became of creating the workload first.
#[derive(Debug, Clone, Default, PartialEq)]
pub enum Creation {
    /// It was not tried.
    #[default]
    Untried,
    /// It is made: this one.
    Made(Box<Value>),
    /// There is one of that kind and name.
    Exists,
}

/// The objects of a session.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct FoundObjects {
    /// The workload of the JobManagers; `None`: there is none of that kind and name.
    pub workload: Option<Value>,
    /// Objects of the kinds and names that the plan has.
    pub others: Vec<Value>,
    /// Objects with the session's label.
    pub labelled: Vec<Value>,
    /// Accounts, roles and bindings with the session's label; none where they may not be seen.
    pub permissions: Vec<Value>,
    /// Pods of a native session, whose TaskManagers Flink makes; none where they may not be seen.
    pub pods: Vec<Value>,
}

/// What applying an object would give.
#[derive(Debug, Clone, PartialEq)]
pub enum Predicted {
    /// The object as it would be.
    Becomes(Value),
    /// It is refused, because a field never changes: the server's words.
    Never(String),
}

/// How far a session is that was made or changed.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct SeenProgress {
    /// Whether anything of this was asked for.
    pub is_seen: bool,
    /// The JobManagers' workload; `None`: it is gone, or another one has its name.
    pub workload: Option<Value>,
    /// The TaskManagers' workload, where they have one of their own.
    pub task_managers: Option<Value>,
    /// All pods.
    pub pods: Vec<Value>,
    /// Events about them.
    pub events: Vec<Value>,
    /// `ReplicaSets`, where pods are being replaced.
    pub replica_sets: Option<Vec<Value>>,
    /// Name of the leading JobManager's pod, where pods are being replaced and it is known.
    pub leader: Option<String>,
    /// What REST says.
    pub rest: Rest,
    /// What the API server refuses to the session's own processes, from their logs, as a sentence; `Some(None)`: nothing.
    pub told: Option<Option<String>>,
    /// The end of a crashed container's log; `Some("")`: it is empty, or may not be read.
    pub crash: Option<String>,
    /// Whether all TaskManagers have been there for so long that their slots should be.
    pub is_settled: bool,
}

/// What a session's REST API says.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Rest {
    /// It was not asked.
    #[default]
    Unasked,
    /// It does not answer.
    Silent,
    /// It answers.
    Answers {
        /// TaskManagers that are registered.
        task_managers: u32,
        /// All their slots.
        slots: u32,
    },
}

/// Kinds of which a session may have objects that a new plan does not want.
const KINDS: [Resource; 3] = [CONFIG_MAPS, SERVICES, INGRESSES];

/// More such kinds, of sessions in standalone mode. Claims hold data and are not among them.
const STANDALONE_KINDS: [Resource; 4] = [NETWORK_POLICIES, BUDGETS, DEPLOYMENTS, STATEFUL_SETS];

/// What `nutkin.rbac.create` makes.
const PERMISSIONS: [Resource; 3] = [SERVICE_ACCOUNTS, ROLES, ROLE_BINDINGS];

/// What has to be read to know the objects of a session, all at once.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Look {
    /// The workload.
    pub workload: (Resource, String),
    /// The plan's other objects.
    pub others: Vec<(Resource, String)>,
    /// Label selector of the session.
    pub selector: String,
    /// Kinds to list by it, as far as they may be listed.
    pub labelled: Vec<Resource>,
    /// The one Secret that a session may have; reading all of a namespace's would be too much to ask for.
    pub secret: String,
    /// More kinds to list by the selector: who may not see them cannot have made them.
    pub permissions: Vec<Resource>,
    /// The session whose pods are to be listed, as far as they may be: where no workload of ours makes the TaskManagers.
    pub pods_of: Option<String>,
}

impl Look {
    /// At the objects of a plan.
    pub fn at(objects: &Objects) -> Self {
        let id = &objects.cluster_id;
        let named = |item: &Value| {
            let name = item["metadata"]["name"].as_str()?.to_owned();
            Some((Resource::of(item)?, name))
        };
        let is_native = WorkloadLayout::of(objects.workload()) == WorkloadLayout::Native;
        let more = if is_native { &[][..] } else { &STANDALONE_KINDS[..] };
        Self {
            workload: (Resource::of(objects.workload()).unwrap_or(DEPLOYMENTS), id.clone()),
            others: objects.items.iter().skip(1).filter_map(named).collect(),
            selector: format!("{}={id}", marks::SESSION),
            labelled: KINDS.iter().chain(more).copied().collect(),
            secret: format!("kerberos-keytab-{id}"),
            permissions: PERMISSIONS.to_vec(),
            pods_of: is_native.then(|| id.clone()),
        }
    }

    /// The kind of the one Secret.
    pub const SECRET: Resource = SECRETS;
}
