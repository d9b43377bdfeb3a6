//! Where TaskManagers look for the JobManager among containers, and what the JobManager calls itself.

use std::collections::BTreeSet;

use crate::finding::{Findings, Place};
use crate::image::{self, CONF};
use crate::kubernetes::Workload;
use crate::node::Walk;
use crate::rules::network::{ADDRESS, RPC, SELF};
use crate::settings::{Setting, Settings};
use crate::system::{System, of_service};

/// How to cure an address of a container.
const CURE: &str = "Set `jobmanager.rpc.address` to the name of the JobManager's service, in the FLINK_PROPERTIES of \
                    both roles.";

pub(super) fn check(system: &System<'_>, out: &mut Findings<'_>) {
    let mut masters = system.job_managers();
    let (Some(master), None) = (masters.next(), masters.next()) else { return };
    if system.high_availability().is_some() || master.shares_network() {
        return;
    }
    let own = called(system, master);
    for worker in system.task_managers().filter(|worker| !worker.role.is_job_manager()) {
        if worker.shares_network() {
            continue;
        }
        if let Some(message) = apart(master, worker) {
            let place = worker.object.place();
            let cure = "Give both services one network, under `networks` of each.";
            out.add(&ADDRESS, place, message).cure = Some(cure.to_owned());
            continue;
        }
        let Some((address, place)) = called(system, worker) else {
            if is_plain(worker) {
                let place = worker.container.place(worker.file());
                let message = format!("{} does not say where the JobManager is", worker.title());
                let cure = "Set JOB_MANAGER_RPC_ADDRESS to the name of the JobManager's service, or \
                            `jobmanager.rpc.address` in FLINK_PROPERTIES, in the services of both roles.";
                out.add(&SELF, place, message).cure = Some(cure.to_owned());
            }
            continue;
        };
        if let Some(message) = wrong(system, master, worker, &address, own.as_ref()) {
            out.add(&ADDRESS, place, message).cure = Some(CURE.to_owned());
        } else {
            other_port(system, master, worker, out);
        }
    }
}

/// A port at which TaskManagers look for a JobManager that listens at another one.
fn other_port(
    system: &System<'_>,
    master: &Workload<'_>,
    worker: &Workload<'_>,
    out: &mut Findings<'_>,
) {
    const KEY: &str = "jobmanager.rpc.port";
    let (ours, theirs) = (system.settings_of(master), system.settings_of(worker));
    let port = |settings: &Settings| settings.port(KEY).unwrap_or(RPC);
    let is_open = |settings: &Settings| settings.get(KEY).is_some_and(Setting::is_open);
    let (our, their) = (port(&ours), port(&theirs));
    if our == their || is_open(&ours) || is_open(&theirs) {
        return;
    }
    let Some(setting) = theirs.get(KEY).or_else(|| ours.get(KEY)) else { return };
    let message = format!(
        "{} looks for the JobManager at port {their}, {} listens at {our}",
        worker.title(),
        master.title()
    );
    out.add(&ADDRESS, setting.place, message).cure =
        Some(format!("Set `{KEY}` in the services of both roles, or in none."));
}

/// Why an address does not lead to the JobManager.
fn wrong(
    system: &System<'_>,
    master: &Workload<'_>,
    worker: &Workload<'_>,
    address: &str,
    own: Option<&(String, Place)>,
) -> Option<String> {
    if address.contains('$') {
        return None;
    }
    if address == "localhost" || address.starts_with("127.") {
        return Some(format!("`{address}` is {} itself", worker.title()));
    }
    let service = master.object.compose.as_ref()?;
    if !service.hosts.contains(address) {
        let other = system.world.objects.iter().find(|object| {
            object.compose.as_ref().is_some_and(|other| {
                other.project == service.project && other.hosts.contains(address)
            })
        });
        let is_worker = other.is_some_and(|other| std::ptr::eq(other, worker.object));
        // A name with a dot, or of a file beside this one, may be anywhere.
        let is_far = address.contains(['.', ':']) || service.has_siblings;
        return match other {
            Some(_) if is_worker => Some(format!("`{address}` is {} itself", worker.title())),
            None if !is_far => Some(format!("no service is called `{address}`")),
            _ => None,
        };
    }
    let calls_itself = match own {
        Some((own, _)) if own == address || own.contains('$') => return None,
        Some((own, _)) => format!("`{own}`"),
        None if !is_plain(master) || service.hostname.as_deref() == Some(address) => return None,
        None => match &service.hostname {
            Some(hostname) => format!("`{hostname}`"),
            None => "the id of its container".to_owned(),
        },
    };
    Some(format!(
        "{} calls the JobManager `{address}`, which calls itself {calls_itself} and drops messages to other names",
        worker.title()
    ))
}

/// The address that a service is told, and where.
fn called(system: &System<'_>, workload: &Workload<'_>) -> Option<(String, Place)> {
    let (own, _) = of_service(system.world, workload);
    let settings = own.with_arguments(workload);
    settings.get("jobmanager.rpc.address").map(|setting: &Setting| (setting.text(), setting.place))
}

/// Whether nothing but the image's entrypoint and the file say what is set: an official image, and no configuration
/// that is mounted.
fn is_plain(workload: &Workload<'_>) -> bool {
    let image = workload.image().and_then(Walk::text).unwrap_or_default();
    let mounts = workload.object.compose.as_ref().map_or(&[][..], |service| &service.mounts[..]);
    image::is_flinks_own(image)
        && workload.container.get("command").is_none()
        && !mounts.iter().any(|mount| mount.target.starts_with(CONF))
}

/// Networks of two services that have none in common.
fn apart(master: &Workload<'_>, worker: &Workload<'_>) -> Option<String> {
    let (one, other) = (master.object.compose.as_ref()?, worker.object.compose.as_ref()?);
    // A further file may add a network.
    if one.has_siblings || other.has_siblings {
        return None;
    }
    let (ours, theirs) = (one.networks.as_ref()?, other.networks.as_ref()?);
    let listed =
        |names: &BTreeSet<String>| names.iter().map(String::as_str).collect::<Vec<_>>().join(", ");
    ours.is_disjoint(theirs).then(|| {
        format!(
            "{} is in the network {}, {} in {}: they do not reach each other",
            worker.title(),
            listed(theirs),
            master.title(),
            listed(ours)
        )
    })
}
