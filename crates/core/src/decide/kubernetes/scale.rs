//! Another number of TaskManagers for a session of which nobody noted what is wanted.

use serde_json::{Value, json};

use super::{Authors, Refusal, Step, Target};
use crate::kubernetes::ownership::{self, Owner};
use crate::kubernetes::shape::{self, WorkloadLayout};

/// A change of the number of TaskManagers.
#[derive(Debug, Clone, PartialEq)]
pub struct Scaling {
    /// TaskManagers that are asked for now.
    pub old: u64,
    /// What to do; nothing where the number is the same.
    pub steps: Vec<Step>,
}

/// What it takes to have so many TaskManagers. `workload` is that of the JobManagers, `own` that of the TaskManagers, where
/// they have one.
///
/// # Errors
/// Flink itself makes the TaskManagers; their workload is missing.
pub fn scaling(workload: &Value, own: Option<&Value>, wanted: u32) -> Result<Scaling, Refusal> {
    let session = || workload["metadata"]["name"].as_str().unwrap_or_default().to_owned();
    let (of_pods, others) = match WorkloadLayout::of(workload) {
        WorkloadLayout::Native => return Err(Refusal::NotCounted { session: session() }),
        WorkloadLayout::United(job_managers) => (workload, job_managers),
        WorkloadLayout::Standalone => {
            (own.ok_or_else(|| Refusal::NoTaskManagers { session: session() })?, 0)
        }
    };
    let old = shape::replicas(of_pods).saturating_sub(others);
    let replicas = others + u64::from(wanted);
    let is_ours = matches!(ownership::of_workload(workload), Owner::Nutkin(_));
    let patch = json!([
        {"op": "test", "path": "/metadata/uid", "value": of_pods["metadata"]["uid"]},
        {"op": "add", "path": "/spec/replicas", "value": replicas},
    ]);
    let step = Step::Scale {
        target: Target::of(of_pods),
        patch,
        authors: if is_ours { Authors::Ours } else { Authors::Nobody },
    };
    let steps = if old == u64::from(wanted) { Vec::new() } else { vec![step] };
    Ok(Scaling { old, steps })
}
