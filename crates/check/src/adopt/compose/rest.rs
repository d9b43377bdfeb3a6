//! What a user has to know or to do when a session on Docker takes the place of services of a Compose file.

use std::collections::BTreeSet;

use super::options::names_a_service;
use crate::finding::Place;
use crate::kubernetes::{Object, Workload};
use crate::node::Walk;
use crate::service::{Port, Service};
use crate::system::{System, World};
use nutkin_flink::words::shell_word;

/// The notes, in the order in which they matter.
pub(super) fn of(world: &World, system: &System<'_>, name: &str) -> Vec<String> {
    let mut notes = Vec::new();
    let Some(project) = system.workloads.first().and_then(|one| one.object.compose.as_ref()) else {
        return notes;
    };
    let project = project.project.as_str();
    for workload in &system.workloads {
        notes.extend(left(world, system, workload));
    }
    let overlays = world.overlays.iter().filter(|(_, below)| below == project);
    for name in overlays.map(|(file, _)| world.files[*file].name.as_str()) {
        notes.push(format!(
            "{name} is left out: Compose reads it only with `-f`; where it counts, `docker compose -f {} -f {} config > all.yaml` puts \
             both together, and `nutkin init --from all.yaml` takes them over",
            shell_word(project),
            shell_word(name)
        ));
    }
    let services = world.objects.iter().filter_map(|one| Some((one, one.compose.as_ref()?)));
    let services = services.filter(|(_, service)| service.project == project);
    let (left, others): (Vec<_>, Vec<_>) = services.partition(|(_, service)| service.is_left);
    let left: Vec<&str> = left.iter().map(|(object, _)| object.name.as_str()).collect();
    if !left.is_empty() {
        notes.push(format!(
            "services of {project} that only start with a profile are left out: {}",
            left.join(", ")
        ));
    }
    let is_own =
        |object: &Object| system.workloads.iter().any(|own| std::ptr::eq(own.object, object));
    let is_base = |service: &Service| service.is_base;
    let others = others.iter().filter(|(object, service)| !is_own(object) && !is_base(service));
    let others: Vec<&str> = others.map(|(object, _)| object.name.as_str()).collect();
    if !others.is_empty() {
        let plural = if others.len() == 1 { "stays a service" } else { "stay services" };
        notes.push(format!(
            "{} {plural} of {project}; the session has a network of its own: after `nutkin up`, `docker network connect nutkin-{name} \
             CONTAINER` lets the session reach a container, by the name of that container",
            others.join(", ")
        ));
    }
    let own = system.workloads.iter().filter_map(|one| one.object.compose.as_ref());
    let outer: BTreeSet<&str> =
        own.flat_map(|service| service.outer_networks.iter().map(String::as_str)).collect();
    for network in outer {
        notes.push(format!(
            "the session is not in the network `{network}`, which is made elsewhere: after `nutkin up`, `docker network connect nutkin-{name} \
             CONTAINER` lets the session reach a container there, by the name of that container"
        ));
    }
    let settings = system.settings.effective().filter(|setting| {
        setting.key != "jobmanager.rpc.address"
            && setting.key != "high-availability.zookeeper.quorum"
            && !setting.key.ends_with("address")
            && names_a_service(system, &setting.text())
            && setting.text().contains(':')
    });
    for setting in settings {
        notes.push(format!(
            "`{}` names a service of {project}, which the session reaches only after `docker network connect`",
            setting.key
        ));
    }
    if let Some(setting) = system.settings.get("high-availability.zookeeper.quorum")
        && names_a_service(system, &setting.text())
    {
        notes.push(format!(
            "the session has a ZooKeeper of its own in the place of `{}`, which starts empty: it knows no job of the old one",
            setting.text()
        ));
    }
    let own: Vec<&str> = system.workloads.iter().map(|one| one.object.name.as_str()).collect();
    notes.push(format!(
        "`nutkin up` starts a session of its own beside what runs; take savepoints of the jobs, then end the old one with `docker \
         compose -f {} rm --stop {}`",
        shell_word(project),
        own.join(" ")
    ));
    notes
}

/// More JobManagers than any session has: a number in a file may be anything.
const MOST: i64 = 100;

/// Fields and ports of a service that a session has no place for.
fn left(world: &World, system: &System<'_>, workload: &Workload<'_>) -> Vec<String> {
    let mut notes = Vec::new();
    let Some(service) = &workload.object.compose else { return notes };
    let title = workload.title();
    let at = |line: u32| {
        let place = Place { file: workload.file(), line, column: 1 }.home(&world.files);
        format!("{}:{}", world.files[place.file].name, place.line)
    };
    for (field, place) in &service.fields {
        notes.push(format!(
            "{}: `{field}` of {title} has no place in a session on Docker",
            at(place.line)
        ));
    }
    if let Some(profile) = service.profiles.first() {
        notes.push(format!(
            "{title} starts with the profile `{profile}` only; the session always has it"
        ));
    }
    if let Some(amount) = workload.container.at("resources/requests/memory") {
        notes.push(format!(
            "{}: memory is reserved for {title}, which a session on Docker does not do: it has limits only",
            at(amount.line)
        ));
    }
    let settings = system.settings.with_arguments(workload);
    let rest = settings.rest_port();
    // The session publishes REST at one port, and further JobManagers at those behind it (`plan::docker`).
    let of_rest = |port: &Port| i64::from(port.target) == rest;
    let masters = system.job_managers();
    let count: i64 = masters.map(|one| one.replicas.max(1)).sum();
    let mut all = system.job_managers().filter_map(|one| one.object.compose.as_ref());
    let base = all.find_map(|one| one.published.iter().find(|(port, _)| of_rest(port)));
    let first = base.and_then(|(port, _)| port.host).map(i64::from);
    let mut known: Vec<i64> =
        first.map(|first| (first..first + count.min(MOST)).collect()).unwrap_or_default();
    let published = service.published.iter().filter(|_| workload.role.is_job_manager());
    for (port, place) in published.filter(|(port, _)| of_rest(port)) {
        let Some(host) = port.host.map(i64::from) else { continue };
        // Each once: the same number of another address is one more.
        if let Some(at) = known.iter().position(|one| *one == host) {
            known.remove(at);
            continue;
        }
        notes.push(format!(
            "{}: port {host} of {title} is not published: a session on Docker publishes REST once for each JobManager",
            at(place.line)
        ));
    }
    let is_left = |port: &Port| !workload.role.is_job_manager() || i64::from(port.target) != rest;
    // Ports that follow each other on one line are one range.
    let mut ranges: Vec<(u32, u16, u16)> = Vec::new();
    for (port, place) in service.published.iter().filter(|(port, _)| is_left(port)) {
        match ranges.last_mut() {
            Some((line, _, last))
                if *line == place.line && last.checked_add(1) == Some(port.target) =>
            {
                *last = port.target;
            }
            _ => ranges.push((place.line, port.target, port.target)),
        }
    }
    for (line, first, last) in ranges {
        let (what, is) = if first == last {
            (format!("port {first}"), "is")
        } else {
            (format!("ports {first}-{last}"), "are")
        };
        notes.push(format!(
            "{}: {what} of {title} {is} not published: a session on Docker publishes REST only",
            at(line)
        ));
    }
    notes
}
