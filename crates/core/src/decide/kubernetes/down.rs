//! Ends a session: its workload is deleted, and with it what that owns; what outlives it is told, or deleted where that is
//! wanted.

use std::collections::BTreeMap;
use std::time::Duration;

use serde_json::Value;

use super::{Refusal, Step, Target};
use crate::decide::{About, Again, Decision, Ending};
use crate::kubernetes::ha;
use crate::kubernetes::ownership::{self, Owner};
use crate::kubernetes::resource::title;
use crate::kubernetes::shape::{self, WorkloadLayout};
use crate::remedy::{Argument, Remark};
use crate::selection::Platform;
use crate::words::{kept as words, waits};

/// Between two looks.
const POLL: Duration = Duration::from_millis(200);

/// What is known of a session that is to end.
#[derive(Debug, Clone, Default)]
pub struct Ends {
    /// Where.
    pub namespace: String,
    /// The JobManagers' workload as it was when it was to end.
    pub workload: Value,
    /// Whether its deletion was asked for.
    pub is_deleted: bool,
    /// Objects that it owned before, directly or through others.
    pub owned: Vec<Value>,
    /// What `nutkin.rbac.create` had made, as far as it may be seen.
    pub permissions: Vec<Value>,
    /// The options that it ran with: what stays is learnt from them.
    pub options: BTreeMap<String, String>,
    /// Whether the workload is still there.
    pub is_there: bool,
    /// Objects that it owned and that are still there.
    pub left: Vec<Value>,
    /// What is there once all of it is gone.
    pub after: Option<After>,
    /// High availability data that was deleted, by title.
    pub deleted: Vec<String>,
}

/// What outlives a session.
#[derive(Debug, Clone, Default)]
pub struct After {
    /// High availability data of its cluster-id.
    pub maps: Vec<Value>,
    /// Claims with its name; none where they may not be seen.
    pub claims: Vec<Value>,
    /// Pods of JobManagers.
    pub job_managers: Vec<Value>,
}

/// What ended, and what did not.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct EndedObjects {
    /// Objects that were there.
    pub ended: Vec<String>,
    /// What remains on purpose.
    pub kept: Vec<KeptObject>,
}

/// Something that outlives its session.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeptObject {
    /// A path or an object.
    pub what: String,
    /// What it is good for, and what deletes it; may be empty.
    pub remark: Remark,
    /// Whether a session of the same name would find it again.
    pub is_data: bool,
}

impl Ends {
    fn name(&self) -> &str {
        self.workload["metadata"]["name"].as_str().unwrap_or_default()
    }

    /// What is to be done until nothing of the session is left but what stays on purpose. High availability data is
    /// deleted only after the last JobManager has ended: one that lives takes its loss for a fault.
    ///
    /// # Errors
    /// The session is not ours and is not to be adopted; a JobManager still runs.
    pub fn decide(&self, ending: Ending) -> Result<Decision<Step>, Refusal> {
        let is_ours = matches!(ownership::of_workload(&self.workload), Owner::Nutkin(_));
        if !is_ours && !ending.adopt {
            return Err(Refusal::NotOurs {
                workload: title(&self.workload),
                session: self.name().to_owned(),
                namespace: self.namespace.clone(),
                ends: true,
            });
        }
        let mut decision = Decision::nothing(self.about());
        if !self.is_deleted {
            // Foreground: the workload itself goes last, so that it is there for a second try.
            decision.steps = vec![Step::Delete { target: Target::of(&self.workload), last: true }];
            decision.again = Again::Wait { reason: self.waits_for(), after: Duration::ZERO };
            return Ok(decision);
        }
        if self.is_there || !self.left.is_empty() {
            decision.again = Again::Wait { reason: self.waits_for(), after: POLL };
            return Ok(decision);
        }
        let Some(after) = &self.after else {
            decision.again = Again::Look;
            return Ok(decision);
        };
        if ending.delete_ha_data {
            decision.steps = end_data(after)?;
        }
        Ok(decision)
    }

    fn about(&self) -> About {
        let job_managers = shape::job_managers(&self.workload);
        About {
            platform: Platform::Kubernetes,
            name: self.name().to_owned(),
            namespace: Some(self.namespace.clone()),
            flink_version: String::new(),
            job_managers: u32::try_from(job_managers).unwrap_or(u32::MAX),
            task_managers: None,
        }
    }

    fn waits_for(&self) -> String {
        let what = match self.left.first().map(title) {
            Some(first) if self.left.len() == 1 => first,
            Some(first) => format!("{first} and {} more", self.left.len() - 1),
            None => title(&self.workload),
        };
        waits::end_of(&what)
    }

    /// What ended and what stays, once that is decided.
    pub fn report(&self, ending: Ending) -> EndedObjects {
        let mut ended = vec![title(&self.workload)];
        ended.extend(self.owned.iter().chain(&self.permissions).map(title));
        ended.extend(self.deleted.iter().cloned());
        let mut kept = Vec::new();
        let after = self.after.clone().unwrap_or_default();
        if !ending.delete_ha_data && !after.maps.is_empty() {
            kept.push(KeptObject {
                what: after.maps.iter().map(title).collect::<Vec<_>>().join(", "),
                remark: Remark::new(
                    words::comes_back(&ha::jobs(&after.maps)),
                    vec![Argument::DeleteHaData.does("deletes it")],
                ),
                is_data: true,
            });
        }
        if let Some((servers, path)) = ha::zookeeper(&self.options) {
            kept.push(KeptObject {
                what: format!("ZooKeeper {servers} {path}"),
                remark: words::zookeeper_keeps(&servers, &path).into(),
                is_data: true,
            });
        }
        if WorkloadLayout::of(&self.workload) != WorkloadLayout::Native {
            kept.extend(after.claims.iter().map(claim));
        }
        kept.extend(DIRECTORIES.iter().filter_map(|key| {
            let remark = words::not_ours_to_delete(key).into();
            Some(KeptObject { what: self.options.get(*key)?.clone(), remark, is_data: true })
        }));
        EndedObjects { ended, kept }
    }
}

/// Options that name where Flink keeps what outlives a session.
const DIRECTORIES: [&str; 5] = [
    "high-availability.storageDir",
    "execution.checkpointing.dir",
    "state.checkpoints.dir",
    "execution.checkpointing.savepoint-dir",
    "state.savepoints.dir",
];

fn claim(claim: &Value) -> KeptObject {
    let name = claim["metadata"]["name"].as_str().unwrap_or_default();
    KeptObject { what: title(claim), remark: words::claim_stays(name).into(), is_data: true }
}

/// Deletes high availability data of a session whose workload is gone.
///
/// # Errors
/// A JobManager still runs.
pub fn end_data(after: &After) -> Result<Vec<Step>, Refusal> {
    if let Some(pod) = after.job_managers.first() {
        return Err(Refusal::StillRuns { pod: title(pod) });
    }
    let maps = after.maps.iter();
    let steps: Vec<Step> =
        maps.map(|map| Step::Delete { target: Target::of(map), last: false }).collect();
    Ok(if steps.is_empty() { steps } else { vec![Step::Together(steps)] })
}

/// Of all these objects the ones that the workload with this UID owns, directly or through others: down to pods of
/// `ReplicaSets` of a Deployment that the session's own workload owns.
pub fn owned(mut all: Vec<Value>, uid: &str) -> Vec<Value> {
    let is_of = |object: &Value, uid: &Value| {
        uid.as_str().is_some_and(|uid| ownership::is_owned_by(object, uid))
    };
    let mut owners = vec![Value::from(uid)];
    loop {
        let uid = |one: &Value| one["metadata"]["uid"].clone();
        let of_owners = |one: &&Value| owners.iter().any(|owner| is_of(one, owner));
        let known = |one: &&Value| owners.contains(&uid(one));
        let more: Vec<Value> =
            all.iter().filter(of_owners).filter(|one| !known(one)).map(uid).collect();
        if more.is_empty() {
            all.retain(|one| owners[1..].contains(&uid(one)));
            return all;
        }
        owners.extend(more);
    }
}
