//! What keeps the pods alive, and how many of them are which: Deployments, StatefulSets, or Flink itself.

use super::Maker;
use crate::kubernetes::{Role, Workload};
use crate::node::Walk;
use crate::system::System;

/// Who makes the pods of the files.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Shape {
    /// No pods: a configuration directory.
    Files,
    /// A JobManager that asks for TaskManagers itself.
    Native,
    /// A workload for each role.
    Deployments,
    /// A StatefulSet for each role.
    TwoStatefulSets,
    /// One workload whose pods find out which role they have.
    One,
}

impl Shape {
    pub(super) fn of(system: &System<'_>) -> Self {
        if system.boot.is_some() {
            return Self::Native;
        }
        let Some(main) = system.job_managers().next().or(system.workloads.first()) else {
            return Self::Files;
        };
        if main.is_native() {
            return Self::Native;
        }
        if main.role == Role::Both {
            return Self::One;
        }
        // Only the pods of StatefulSets have claims of their own.
        let has_claims = |workload: &Workload<'_>| {
            workload.object.node.at("spec/volumeClaimTemplates").is_some()
        };
        if main.object.kind == "StatefulSet" || system.workloads.iter().any(has_claims) {
            return Self::TwoStatefulSets;
        }
        Self::Deployments
    }

    /// Options that ask for it.
    pub(super) const fn options(self) -> &'static [(&'static str, &'static str)] {
        match self {
            Self::Files | Self::Native | Self::Deployments => &[],
            Self::TwoStatefulSets => &[("nutkin.standalone.workload", "statefulset")],
            Self::One => &[
                ("nutkin.standalone.workload", "statefulset"),
                ("nutkin.standalone.stateful-sets", "1"),
            ],
        }
    }

    /// `spec.mode`.
    pub(super) const fn mode(self) -> Option<&'static str> {
        match self {
            Self::Files => None,
            Self::Native => Some("native"),
            _ => Some("standalone"),
        }
    }
}

/// How many JobManagers and TaskManagers there are.
pub(super) fn replicas(system: &System<'_>, shape: Shape, maker: &mut Maker<'_>) -> (i64, i64) {
    let of = |workload: Option<&Workload<'_>>| workload.map_or(1, |one| one.replicas.max(1));
    let masters = system.job_managers().next();
    if shape == Shape::One {
        let all = of(masters);
        let hosts = masters.map_or(1, named_pods).clamp(1, all.max(2) - 1);
        return (hosts, (all - hosts).max(1));
    }
    let workers = of(system.task_managers().next());
    let count = of(masters);
    if let Some(workload) = masters
        && 1 < count
        && system.high_availability().is_none()
        && !maker.as_is
    {
        let place = workload.object.place_of("spec/replicas");
        maker.cure("NK0204", place, "one JobManager, since nothing makes several of them one");
        return (1, workers);
    }
    (count, workers)
}

/// How many of the workload's own pods a variable names: `cluster-0,cluster-1` are the JobManagers.
fn named_pods(workload: &Workload<'_>) -> i64 {
    let prefix = format!("{}-", workload.object.name);
    let is_pod =
        |text: &str| text.trim().strip_prefix(&prefix).is_some_and(|n| n.parse::<u32>().is_ok());
    let values = workload.container.items_of("env").iter().filter_map(|e| e.text_of("value"));
    let counts =
        values.filter(|value| value.split(',').all(is_pod)).map(|value| value.split(',').count());
    counts.max().and_then(|count| i64::try_from(count).ok()).unwrap_or(1)
}
