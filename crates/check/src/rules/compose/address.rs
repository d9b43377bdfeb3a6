//! Where TaskManagers look for the JobManager among containers, and what the JobManager calls itself.

use std::collections::BTreeSet;

use crate::finding::{Findings, Place};
use crate::image::{self, CONF, CONF_OR_OPTIONS};
use crate::kubernetes::Workload;
use crate::node::Walk;
use crate::path;
use crate::rules::network::{ADDRESS, RPC, SELF};
use crate::service::{Mounted, Source};
use crate::settings::{Setting, Settings};
use crate::system::{System, World, of_service, release_of};
use nutkin_flink::FlinkVersion;

/// How to cure an address of a container.
const CURE: &str = "Set `jobmanager.rpc.address` to the name of the JobManager's service, in the FLINK_PROPERTIES of \
                    both roles.";

pub(super) fn check(system: &System<'_>, out: &mut Findings<'_>) {
    let mut masters = system.job_managers();
    let (Some(master), None) = (masters.next(), masters.next()) else { return };
    if system.high_availability().is_some() {
        return;
    }
    let own = called(system, master);
    for worker in system.task_managers().filter(|worker| !worker.role.is_job_manager()) {
        if let Some((message, place)) = out_of_network(system, master, worker) {
            let cure =
                "Give both services one network, or call the JobManager by an address of the host.";
            out.add(&ADDRESS, place, message).cure = Some(cure.to_owned());
            continue;
        }
        if master.shares_network() || worker.shares_network() {
            continue;
        }
        if let Some(message) = apart(master, worker) {
            let place = worker.object.place();
            let cure = "Give both services one network, under `networks` of each.";
            out.add(&ADDRESS, place, message).cure = Some(cure.to_owned());
            continue;
        }
        if writes_its_own_name(worker) {
            let place = worker.container.place(worker.file());
            let message = format!(
                "the entrypoint of {} writes the name of its own container into the configuration",
                worker.title()
            );
            let cure = "Set JOB_MANAGER_RPC_ADDRESS to the name of the JobManager's service in the services of both roles; or mount \
                        the configuration to be read only (`:ro`).";
            out.add(&SELF, place, message).cure = Some(cure.to_owned());
            continue;
        }
        let Some((address, place)) = called(system, worker) else {
            if is_plain(system.world, worker) {
                let place = worker.container.place(worker.file());
                let message = format!("{} does not say where the JobManager is", worker.title());
                let cure = "Set JOB_MANAGER_RPC_ADDRESS to the name of the JobManager's service, or \
                            `jobmanager.rpc.address` in FLINK_PROPERTIES, in the services of both roles.";
                out.add(&SELF, place, message).cure = Some(cure.to_owned());
            } else if calls_a_script(system.world, worker) {
                let place = worker.container.place(worker.file());
                let message = format!(
                    "{} calls Flink's script past the image's entrypoint, and nothing says where the JobManager is",
                    worker.title()
                );
                let cure = "Leave `entrypoint` out, write `command: taskmanager`, and set JOB_MANAGER_RPC_ADDRESS to the name \
                            of the JobManager's service in the services of both roles.";
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

/// Why a TaskManager has no way to the JobManager, where one of them has no network of its own: and where that is said.
fn out_of_network(
    system: &System<'_>,
    master: &Workload<'_>,
    worker: &Workload<'_>,
) -> Option<(String, Place)> {
    let (ours, theirs) = (master.object.compose.as_ref()?, worker.object.compose.as_ref()?);
    if theirs.network_mode.as_deref() == Some("none") {
        return Some((format!("{} has no network", worker.title()), worker.object.place()));
    }
    let is_on_host = ours.network_mode.as_deref() == Some("host") && theirs.networks.is_some();
    let (address, place) = called(system, worker).filter(|_| is_on_host)?;
    let mut known = theirs.extra_hosts.iter();
    let is_name_of_compose = address == master.object.name;
    let is_known = known.any(|(name, ..)| *name == address);
    (is_name_of_compose && !is_known).then(|| {
        let message = format!(
            "{} has the network of the host, where Compose gives it no name: `{address}` leads nowhere",
            master.title()
        );
        (message, place)
    })
}

/// Whether the entrypoint of a TaskManager's image finds a configuration that it can write, and nothing else that says where the
/// JobManager is: it then writes the name of its container (`docker-entrypoint.sh`, 1.13 to 2.3:
/// `JOB_MANAGER_RPC_ADDRESS=${JOB_MANAGER_RPC_ADDRESS:-$(hostname -f)}`). A file that is mounted by itself cannot be replaced.
fn writes_its_own_name(worker: &Workload<'_>) -> bool {
    const KEY: &str = "jobmanager.rpc.address";
    let Some(service) = &worker.object.compose else { return false };
    let image = worker.image().and_then(Walk::text).unwrap_or_default();
    let can_write = service.mounts.iter().any(|mount| match &mount.source {
        Source::Path(_) => mount.target == CONF && !mount.read_only,
        Source::Text(_) => CONF_OR_OPTIONS.contains(&mount.target.as_str()),
        Source::Volume(_) | Source::Own => false,
    });
    let properties = worker.variable("FLINK_PROPERTIES");
    let is_told = worker.variable("JOB_MANAGER_RPC_ADDRESS").is_some()
        || properties.is_some_and(|(_, text)| text.is_none_or(|text| text.contains(KEY)))
        || worker.words().any(|(word, _)| word.contains(KEY) || word.contains(".sh"));
    can_write
        && !is_told
        && image::is_flinks_own(image)
        && worker.container.get("command").is_none()
        && service.missing.is_empty()
        && service.open.is_empty()
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
        let mut others = system.world.services_of(&service.project);
        let other = others.find(|(_, other)| other.hosts.contains(address));
        let is_worker = other.is_some_and(|(other, _)| std::ptr::eq(other, worker.object));
        // A name with a dot, or of a file beside this one, may be anywhere.
        let is_far =
            address.contains(['.', ':']) || service.has_siblings || has_outer_network(worker);
        return match other {
            Some(_) if is_worker => Some(format!("`{address}` is {} itself", worker.title())),
            None if !is_far => Some(format!("no service is called `{address}`")),
            _ => None,
        };
    }
    let is_alias = service.aliases.iter().any(|(name, _)| name == address);
    let networks = worker.object.compose.as_ref().and_then(|worker| worker.networks.as_ref());
    let is_heard = |networks: &BTreeSet<String>| {
        let mut all = service.aliases.iter();
        all.any(|(name, network)| name == address && networks.contains(network))
    };
    if is_alias
        && address != master.object.name
        && service.hostname.as_deref() != Some(address)
        && !service.has_siblings
        && networks.is_some_and(|networks| !is_heard(networks))
    {
        return Some(format!(
            "`{address}` is a name of {} in a network that {} does not have",
            master.title(),
            worker.title()
        ));
    }
    let calls_itself = match own {
        Some((own, _)) if own == address || own.contains('$') => return None,
        Some((own, _)) => format!("`{own}`"),
        None if !is_plain(system.world, master) || service.hostname.as_deref() == Some(address) => {
            return None;
        }
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

/// Whether a container is in a network that is made elsewhere, where others may have any name.
fn has_outer_network(workload: &Workload<'_>) -> bool {
    workload.object.compose.as_ref().is_some_and(|service| !service.outer_networks.is_empty())
}

/// The address that a service is told, and where.
fn called(system: &System<'_>, workload: &Workload<'_>) -> Option<(String, Place)> {
    let (own, _) = of_service(system.world, workload);
    let settings = own.with_arguments(workload);
    settings.get("jobmanager.rpc.address").map(|setting: &Setting| (setting.text(), setting.place))
}

/// Whether nothing but the image's entrypoint and the file say what is set: an official image, and no configuration
/// that is mounted.
pub(super) fn is_plain(world: &World, workload: &Workload<'_>) -> bool {
    let image = workload.image().and_then(Walk::text).unwrap_or_default();
    let mounts = workload.object.compose.as_ref().map_or(&[][..], |service| &service.mounts[..]);
    image::is_flinks_own(image)
        && workload.container.get("command").is_none()
        && !mounts.iter().any(|mount| is_over_options(workload, world, mount))
}

/// Whether Flink's own script runs past the image's entrypoint: it reads the image's configuration, which says `localhost`.
fn calls_a_script(world: &World, workload: &Workload<'_>) -> bool {
    let image = workload.image().and_then(Walk::text).unwrap_or_default();
    let mounts = workload.object.compose.as_ref().map_or(&[][..], |service| &service.mounts[..]);
    let first = workload.container.items_of("command").first().and_then(Walk::text);
    image::is_official(image)
        && first.is_some_and(|word| path::last(word) == "taskmanager.sh")
        && workload.variable("FLINK_CONF_DIR").is_none()
        && !mounts.iter().any(|mount| is_over_options(workload, world, mount))
}

/// Whether a mount takes the place of the options of the image: a file that the release does not read takes nobody's.
fn is_over_options(workload: &Workload<'_>, world: &World, mount: &Mounted) -> bool {
    let target = mount.target.as_str();
    match release_of(world, workload).map(FlinkVersion::line) {
        Some(line) if target.ends_with("/flink-conf.yaml") => line.reads_flink_conf,
        Some(line) if target.ends_with("/config.yaml") => line.reads_config_yaml,
        Some(_) => target == CONF,
        None => target.starts_with(CONF),
    }
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
