//! The options of services, as a session on Docker has them: it names its containers and its volume itself.

use super::mounts;
use crate::adopt::options::{self, Options};
use crate::adopt::{Maker, PlacedPart};
use crate::kubernetes::Workload;
use crate::node::Walk;
use crate::service::Service;
use crate::system::System;
use nutkin_flink::FlinkVersion;

/// How the place of a directory begins that is mounted in the files.
pub(super) const ON_VOLUME: &str = "nowhere: the session has a volume of its own for it";

/// Addresses and ports that every session on Docker gives its containers (`plan::docker`).
const NAMED: &[&str] = &[
    "rest.address",
    "rest.port",
    "rest.bind-port",
    "taskmanager.host",
    "taskmanager.rpc.port",
    "taskmanager.rpc.bind-port",
    "taskmanager.resource-id",
];

/// Variables that tell the image's entrypoint what the session file tells Nutkin.
const ENTRYPOINT: &[&str] =
    &["FLINK_PROPERTIES", "JOB_MANAGER_RPC_ADDRESS", "TASK_MANAGER_NUMBER_OF_TASK_SLOTS"];

/// All options, with those that say where REST is published and which variables containers have.
pub(super) fn of(system: &System<'_>, version: FlinkVersion, maker: &mut Maker<'_>) -> Options {
    let mut made = options::of(system, version, maker);
    let lines = std::mem::take(&mut made.lines);
    for line in lines {
        match fate(system, &line.key, &line.value) {
            None => made.lines.push(line),
            Some(fate) => replace(&line.key, fate, maker),
        }
    }
    let origin = system.workloads.first().map(|one| maker.origin(one.object.place()));
    made.push("nutkin.platform", "docker", origin.unwrap_or_default());
    published(system, &mut made, maker);
    for workload in &system.workloads {
        variables(workload, &mut made, maker);
    }
    made
}

/// Why an option is left out.
fn fate(system: &System<'_>, key: &str, value: &str) -> Option<&'static str> {
    if NAMED.contains(&key) {
        return Some("nowhere: the same in every session on Docker");
    }
    if key == "high-availability.zookeeper.quorum" && names_a_service(system, value) {
        return Some("nowhere: Nutkin brings a ZooKeeper along");
    }
    mounts::is_on_own_volume(system, key, value).then_some(ON_VOLUME)
}

/// Whether an address is that of another service of the file.
pub(super) fn names_a_service(system: &System<'_>, value: &str) -> bool {
    let project = |service: &Service| service.project.clone();
    let own = system.workloads.first().and_then(|one| one.object.compose.as_deref()).map(project);
    let words: Vec<&str> = value.split([',', ';', ':', '/', '@']).map(str::trim).collect();
    system.world.objects.iter().any(|object| {
        object.compose.as_deref().is_some_and(|service| {
            Some(project(service)) == own && words.iter().any(|word| service.hosts.contains(*word))
        })
    })
}

/// Says that an option went elsewhere than was said before.
fn replace(key: &str, to: &str, maker: &mut Maker<'_>) {
    let told = format!("spec.flinkConfiguration, `{key}`");
    for part in &mut maker.placed {
        let PlacedPart { what, to: place, .. } = part;
        if *place == told {
            key.clone_into(what);
            to.clone_into(place);
        }
    }
}

/// Where REST is published.
fn published(system: &System<'_>, made: &mut Options, maker: &mut Maker<'_>) {
    for workload in system.job_managers() {
        let Some(service) = &workload.object.compose else { continue };
        let settings = system.settings.with_arguments(workload);
        let rest = settings.rest_port();
        for (port, place) in &service.published {
            let is_first = !made.lines.iter().any(|line| line.key == "nutkin.docker.publish");
            if i64::from(port.target) != rest || !is_first {
                continue;
            }
            let is_open = matches!(port.address.as_deref(), None | Some("0.0.0.0" | "::"));
            let number = port.host.unwrap_or(0);
            let address = match &port.address {
                _ if is_open && maker.as_is => "0.0.0.0",
                Some(address) if !is_open => address.as_str(),
                _ => "127.0.0.1",
            };
            let value = if address.contains(':') {
                format!("[{address}]:{number}")
            } else {
                format!("{address}:{number}")
            };
            if is_open && !maker.as_is {
                maker.cure("NK0904", *place, format!("REST is published at `{value}` only"));
            }
            let origin = maker.origin(*place);
            maker.put(*place, "ports", "spec.flinkConfiguration, `nutkin.docker.publish`");
            made.push("nutkin.docker.publish", &value, origin);
        }
    }
}

/// Variables of the containers. Those of several services of one role are the same: others are refused.
fn variables(workload: &Workload<'_>, made: &mut Options, maker: &mut Maker<'_>) {
    let role = if workload.role.is_job_manager() { "master" } else { "taskmanager" };
    for entry in workload.container.items_of("env") {
        let name = entry.text_of("name").unwrap_or_default();
        let place = entry.place(workload.file());
        if ENTRYPOINT.contains(&name) {
            maker.put(place, name, "nowhere: an option of the session file says it");
            continue;
        }
        let Some(value) = entry.text_of("value") else { continue };
        let key = format!("containerized.{role}.env.{name}");
        if !made.lines.iter().any(|line| line.key == key) {
            maker.put(place, name, format!("spec.flinkConfiguration, `{key}`"));
            let origin = maker.origin(place);
            made.push(&key, value, origin);
        }
    }
}
