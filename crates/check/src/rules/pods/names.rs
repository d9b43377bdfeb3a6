//! Names of objects that the files do not have, beside others that may be meant.

use std::collections::BTreeSet;

use super::OTHER_NAME;
use crate::finding::{Findings, Place};
use crate::kubernetes::{Object, Workload};
use crate::names::is_flink_name;
use crate::node::Walk;
use crate::path::last;
use crate::role;
use crate::rules::network::routes;
use crate::secrets;
use crate::shell;
use crate::slip;
use crate::system::{self, System, World};

/// Where ZooKeeper listens for clients (`clientPort` of its own example).
const ZOOKEEPER: i64 = 2181;

fn is_open(name: &str) -> bool {
    name.is_empty() || name.contains(['$', '{', '<', '%'])
}

/// Whether a name is another one with a slip.
fn is_near_name(one: &str, other: &str) -> bool {
    slip::SHORTEST <= one.len().min(other.len()) && slip::is_slip(one, other, 2)
}

/// Whether an object of a kind and a name may be where another one is.
fn is_there(world: &World, kind: &str, name: &str, from: &Object) -> bool {
    world.all_named(kind, name).any(|object| object.shares_namespace(from))
        || world.made.has(kind, name)
}

/// Claims that pods mount, targets of autoscalers, Services behind an Ingress.
pub(in crate::rules) fn of_world(world: &World, out: &mut Findings<'_>) {
    let objects = world.objects.iter().filter(|object| object.compose.is_none());
    let workloads: Vec<Workload<'_>> = objects.clone().filter_map(Workload::of).collect();
    jobs(world, out);
    if workloads.is_empty() {
        return;
    }
    claims(world, &workloads, out);
    targets(world, &workloads, out);
    // Whatever makes sessions makes their Services as well.
    let makes =
        |object: &Object| object.kind == "FlinkDeployment" || Workload::boot(object).is_some();
    if objects.clone().any(makes) {
        return;
    }
    let mut selecting = None;
    for object in objects {
        for (name, place) in called(object) {
            if !is_there(world, "Service", &name, object) {
                let selecting =
                    selecting.get_or_insert_with(|| system::selecting(world, &workloads));
                tell(selecting, object, (&name, place), &object.title(), out);
            }
        }
    }
    for (way, backend) in routes::backends(world) {
        let name = backend.service.text().unwrap_or_default();
        let is_akin = is_flink_name(name) && !is_open(name);
        if is_akin && !is_there(world, "Service", name, way) {
            let place = backend.service.place(way.file);
            let selecting = selecting.get_or_insert_with(|| system::selecting(world, &workloads));
            tell(selecting, way, (name, place), &way.title(), out);
        }
    }
}

/// The Services that a program names which gives jobs to a session: `flink run -m HOST:PORT`.
fn called(object: &Object) -> Vec<(String, Place)> {
    let of_jobs = object.node.at("spec/jobTemplate/spec/template/spec");
    let pods = secrets::pods(object).chain(of_jobs);
    let mut found = Vec::new();
    for container in pods.flat_map(|pod| pod.items_of("containers")) {
        for words in role::processes(container) {
            if !words.iter().take(2).any(|(word, _)| last(word) == "flink") {
                continue;
            }
            let mut rest =
                words.iter().skip_while(|(word, _)| !matches!(&**word, "-m" | "--jobmanager"));
            let Some((address, node)) = rest.nth(1) else { continue };
            let host = address.split(':').next().unwrap_or_default();
            // A name with dots is a pod, or in another namespace.
            let is_host = host.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-');
            if is_host && is_flink_name(host) {
                found.push((host.to_owned(), node.place(object.file)));
            }
        }
    }
    found
}

/// Jobs of a session that the files do not have, beside one with nearly the same name.
fn jobs(world: &World, out: &mut Findings<'_>) {
    const SESSION: &str = "FlinkDeployment";
    for job in world.of_kind("FlinkSessionJob") {
        let Some(node) = job.node.at("spec/deploymentName") else { continue };
        let name = node.text().unwrap_or_default();
        if is_open(name) || is_there(world, SESSION, name, job) {
            continue;
        }
        let near = world.of_kind(SESSION).filter(|one| one.shares_namespace(job));
        let near: BTreeSet<&str> =
            near.map(|one| one.name.as_str()).filter(|other| is_near_name(other, name)).collect();
        let Some(meant) = near.first().filter(|_| near.len() == 1) else { continue };
        let message = format!(
            "{} names {SESSION} `{name}`, which is not among the files; `{meant}` is",
            job.title()
        );
        let place = node.place(job.file);
        let patch = out.exchange(place, name, meant);
        out.add(&OTHER_NAME, place, message).patch = patch;
    }
}

/// Says that a Service is missing, if the files have one of the session's pods. `selecting`: those that select pods.
fn tell(
    selecting: &[&Object],
    from: &Object,
    (name, place): (&str, Place),
    who: &str,
    out: &mut Findings<'_>,
) {
    let near = selecting.iter().filter(|service| service.shares_namespace(from));
    let known: BTreeSet<&str> = near.map(|service| service.name.as_str()).collect();
    let Some(first) = known.iter().next() else { return };
    let message =
        format!("{who} names Service `{name}`, which is not among the files; `{first}` is");
    let patch = out.exchange(place, name, first).filter(|_| known.len() == 1);
    out.add(&OTHER_NAME, place, message).patch = patch;
}

/// Claims that are not in the files, beside one that nobody mounts.
fn claims(world: &World, workloads: &[Workload<'_>], out: &mut Findings<'_>) {
    const KIND: &str = "PersistentVolumeClaim";
    if world.of_kind(KIND).next().is_none() {
        return;
    }
    // Other kinds may have the fields of a pod as their own.
    let pods = world.objects.iter().flat_map(|object| {
        let of_jobs = object.node.at("spec/jobTemplate/spec/template/spec");
        secrets::pods(object).chain(of_jobs).chain(object.node.get("spec"))
    });
    let volumes = pods.flat_map(|pod| pod.items_of("volumes"));
    let mounted: BTreeSet<&str> = volumes
        .filter_map(|volume| volume.at("persistentVolumeClaim/claimName").and_then(Walk::text))
        .collect();
    for workload in workloads {
        for volume in workload.pod.items_of("volumes") {
            let Some(node) = volume.at("persistentVolumeClaim/claimName") else { continue };
            let name = node.text().unwrap_or_default();
            if is_open(name) || is_there(world, KIND, name, workload.object) {
                continue;
            }
            let is_free = |claim: &&Object| {
                claim.shares_namespace(workload.object) && !mounted.contains(claim.name.as_str())
            };
            let Some(free) = world.of_kind(KIND).find(is_free) else { continue };
            let message = format!(
                "{} mounts claim `{name}`, which is not among the files; nobody mounts `{}`",
                workload.title(),
                free.name
            );
            let place = node.place(workload.file());
            let patch = out.exchange(place, name, &free.name);
            out.add(&OTHER_NAME, place, message).patch = patch;
        }
    }
}

/// Targets of autoscalers that are called nearly as a workload of Flink.
fn targets(world: &World, workloads: &[Workload<'_>], out: &mut Findings<'_>) {
    let plain = |name: &str| name.replace(['-', '_', '.'], "");
    for (kind, field) in [
        ("HorizontalPodAutoscaler", "spec/scaleTargetRef"),
        ("ScaledObject", "spec/scaleTargetRef"),
        ("VerticalPodAutoscaler", "spec/targetRef"),
    ] {
        for scaler in world.of_kind(kind) {
            let Some(node) = scaler.node.at(field).and_then(|target| target.get("name")) else {
                continue;
            };
            let of = scaler.node.at(field).and_then(|target| target.text_of("kind"));
            let (of, name) = (of.unwrap_or("Deployment"), node.text().unwrap_or_default());
            if is_open(name) || is_there(world, of, name, scaler) {
                continue;
            }
            let near = workloads.iter().filter(|one| one.object.shares_namespace(scaler));
            let meant = near.clone().find(|one| {
                plain(&one.object.name) == plain(name)
                    || is_near_name(&one.object.name, name)
                    || one.object.name == name && one.object.kind != of
            });
            let Some(meant) = meant else { continue };
            let message = format!(
                "{} scales {of} `{name}`, which is not among the files; {} is",
                scaler.title(),
                meant.object.title()
            );
            let place = node.place(scaler.file);
            let patch = out.exchange(place, name, &meant.object.name);
            out.add(&OTHER_NAME, place, message).patch = patch;
        }
    }
}

/// Hosts that a session's pods look for: what they wait for, and ZooKeeper.
pub(super) fn of_system(system: &System<'_>, out: &mut Findings<'_>) {
    let Some(first) = system.workloads.first().filter(|_| !system.is_of_compose()) else { return };
    for workload in &system.workloads {
        let lists = ["initContainers", "containers"].iter().flat_map(|l| workload.pod.items_of(l));
        for container in lists {
            let words = ["command", "args"].iter().flat_map(|key| container.items_of(key));
            for node in words {
                let Some(host) = node.text().and_then(|text| waits_for(system, workload, text))
                else {
                    continue;
                };
                let place = node.place(workload.file());
                let who = format!("{} waits and", workload.title());
                tell(&system.selecting, workload.object, (&host, place), &who, out);
            }
        }
    }
    let quorum = "high-availability.zookeeper.quorum";
    let settings = system.settings_of_job_managers();
    let Some(setting) = settings.get(quorum).filter(|setting| !setting.is_open()) else { return };
    let text = setting.text();
    let hosts: Vec<&str> = text
        .split([',', ';', '[', ']'])
        .map(|one| one.trim().split(':').next().unwrap_or_default())
        .filter(|host| !host.is_empty())
        .collect();
    // A pod of a StatefulSet has the name of the Service behind its own.
    let is_known = |host: &&str| {
        let mut labels = host.split('.').take(2);
        labels.any(|label| is_there(system.world, "Service", label, first.object))
    };
    let is_of_cluster = |host: &&str| !host.contains('.') && *host != "localhost";
    if hosts.is_empty() || hosts.iter().any(is_known) || !hosts.iter().all(is_of_cluster) {
        return;
    }
    let is_zookeeper = |service: &&Object| {
        let ports = service.node.at("spec/ports").map_or(&[][..], Walk::items);
        service.shares_namespace(first.object)
            && ports.iter().any(|port| port.get("port").and_then(Walk::whole) == Some(ZOOKEEPER))
    };
    let Some(service) = system.world.of_kind("Service").find(is_zookeeper) else { return };
    let message = format!(
        "`{}` names `{}`, which is not a Service of the files; `{}` is",
        setting.key,
        hosts.join("`, `"),
        service.name
    );
    let patch = match hosts[..] {
        [only] => out.exchange(setting.place, only, &service.name),
        _ => None,
    };
    out.add(&OTHER_NAME, setting.place, message).patch = patch;
}

/// A host of Flink's that a text for a shell waits for, and that no Service has.
fn waits_for(system: &System<'_>, workload: &Workload<'_>, text: &str) -> Option<String> {
    const ASKS: [&str; 4] = ["nc", "ncat", "nslookup", "getent"];
    for command in shell::commands(text) {
        let asks = command.iter().position(|word| ASKS.contains(&word.as_str()));
        let Some(asks) = asks else { continue };
        for word in &command[asks + 1..] {
            let host = word.split(':').next().unwrap_or_default();
            let is_host = host.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'.');
            // A name with dots is a pod, or in another namespace.
            if !is_host || !is_flink_name(host) || host.contains('.') {
                continue;
            }
            return (!is_there(system.world, "Service", host, workload.object))
                .then(|| host.to_owned());
        }
    }
    None
}
