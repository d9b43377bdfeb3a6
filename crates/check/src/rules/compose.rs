//! What only Compose files can have wrong, and which of the other rules hold for containers of one machine.

mod address;
mod clients;
mod configuration;
mod reach;
mod storage;

use std::collections::BTreeMap;

use super::rules;
use crate::conf::{Line, lines};
use crate::embedded::Origin;
use crate::finding::{Finding, Findings, Place};
use crate::kubernetes::Workload;
use crate::node::Walk;
use crate::system::{System, World};
use nutkin_flink::options;

rules! {
    REFUSED_FILE "NK1001" Error "Docker Compose refuses this file"
        happens "`docker compose up` ends before it starts anything."
        cure "Correct the line; `docker compose config` prints the file as Compose understands it.";
    SAME_PORT "NK1002" Error "two containers publish one port of the host"
        happens "The second container does not start: `Bind for 0.0.0.0:8081 failed: port is already allocated`."
        cure "Give each of them a port of its own, or leave the port of the host out: then the daemon chooses a free one.";
    ONE_LINE "NK1003" Error "several options on one line of FLINK_PROPERTIES"
        happens "Flink reads one option from each line: the first one gets all that follows as its value, and the others are not set."
        cure "Write FLINK_PROPERTIES as a block that keeps its lines: `|`, not `>` and not one line of text.";
    OPEN_VARIABLE "NK1004" Note "a variable that no file gives a value"
        happens "Where the shell that starts Compose does not have it either, Compose takes nothing for it, with a warning: an image without a tag, an option without a value. Of `${NAME:?}` it stops."
        cure "Write the variable into `.env` beside the Compose file, or give it a default: `${NAME:-value}`.";
    DEAD_PORT "NK1005" Error "a port of a container on which nothing listens"
        happens "The daemon publishes the port, and connections to it are refused: the web UI does not open. A health check that asks such a port never succeeds; services that wait for `service_healthy` are not started: `dependency failed to start: container is unhealthy`."
        cure "Take the port that `rest.port` sets, 8081 by default, or change the option.";
    LOST_CLIENT "NK1006" Error "a client looks for the JobManager at a name that no service has"
        happens "The client ends with `UnknownHostException` or `Connection refused`: no job is submitted, and no query of the SQL client runs."
        cure "Write the name of the JobManager's service.";
    HIDDEN_JARS "NK1007" Warning "a directory is mounted over the jars of Flink"
        happens "What is mounted takes the place of the image's files. Without `flink-dist` and Flink's other jars no process starts: `Could not find or load main class`."
        cure "Mount each jar by itself, `./my.jar:/opt/flink/lib/my.jar`, or copy it in a Dockerfile. Where the directory has all jars of the image, silence this code with that reason.";
    LEFT_OUT "NK1008" Warning "a service needs another one that does not start with it"
        happens "Services with profiles start only when one of them is named. Without it Compose refuses the file: `depends on undefined service`."
        cure "Give both services the same profiles, or none; or take the service out of `depends_on`.";
}

/// Findings that hold for containers of Compose as they do for pods. The rules of all others are about objects,
/// permissions or nodes of Kubernetes, or are told in words of containers by this module.
const HOLD: &[&str] = &[
    "NK0008", "NK0101", "NK0102", "NK0103", "NK0104", "NK0105", "NK0106", "NK0107", "NK0108",
    "NK0109", "NK0110", "NK0111", "NK0112", "NK0113", "NK0114", "NK0115", "NK0116", "NK0117",
    "NK0204", "NK0205", "NK0206", "NK0207", "NK0410", "NK0412", "NK0417", "NK0418", "NK0501",
    "NK0502", "NK0503", "NK0504", "NK0506", "NK0508", "NK0509", "NK0601", "NK0602", "NK0611",
    "NK0614", "NK0616", "NK0620", "NK0621", "NK0701", "NK0702", "NK0704", "NK0705", "NK0707",
    "NK0708", "NK0801", "NK0802", "NK0803", "NK0804", "NK0806", "NK0902", "NK0903",
];

/// Those whose patches are written in the notation of Kubernetes.
const NOT_PATCHED: &[&str] = &["NK0204", "NK0502"];

/// Keeps what holds of the findings of the other rules. A value that is not one is told once, not as memory that
/// does not add up as well.
pub(super) fn keep(list: &mut Vec<(Place, Finding)>) {
    let values: Vec<Place> = list
        .iter()
        .filter(|(_, finding)| finding.rule.code == "NK0103")
        .map(|(place, _)| *place)
        .collect();
    list.retain_mut(|(place, finding)| {
        holds(finding) && !(finding.rule.code == "NK0501" && values.contains(place))
    });
}

/// Cures of other rules in the words of Compose.
const CURES: &[(&str, &str)] = &[
    (
        "NK0204",
        "Run one JobManager, or set `high-availability.type: zookeeper` with a quorum and a storage directory that all containers mount.",
    ),
    (
        "NK0207",
        "Leave JOB_MANAGER_RPC_ADDRESS and `jobmanager.rpc.address` out of the service: each container then takes its own name.",
    ),
    ("NK0601", "Leave the host out, and set JOB_MANAGER_RPC_ADDRESS to the name of the service."),
    ("NK0602", "Leave the host out, and set JOB_MANAGER_RPC_ADDRESS to the name of the service."),
    (
        "NK0616",
        "Write `command: jobmanager` or `command: taskmanager`; call Flink's scripts with `start-foreground`.",
    ),
    (
        "NK0903",
        "Take the value out of the file: write `${NAME:?}` in its place, and the value into a file of variables that is not in the \
         repository, such as `.env`.",
    ),
];

fn holds(finding: &mut Finding) -> bool {
    let code = finding.rule.code;
    if let Some((_, cure)) = CURES.iter().find(|(known, _)| *known == code) {
        finding.cure = Some((*cure).to_owned());
    }
    let changes = |patch: &crate::Patch| {
        !NOT_PATCHED.contains(&code)
            // A value that a variable has is not in the line.
            && patch.remove.iter().map(|l| l.trim()).ne(patch.insert.iter().map(|l| l.trim()))
    };
    finding.patch = finding.patch.take().filter(changes);
    HOLD.contains(&code)
}

/// What Docker Compose says to the files.
pub(crate) fn of_world(world: &World, out: &mut Findings<'_>) {
    for refusal in &world.refusals {
        out.add(&REFUSED_FILE, refusal.place, refusal.message.clone());
    }
    for (place, message) in &world.doubles {
        let finding = out.add(&REFUSED_FILE, *place, message.clone());
        finding.only_warns();
        finding.cure = Some(
            "Give one of the two another name, or run Docker Compose 5 or later wherever the files are used."
                .to_owned(),
        );
    }
    same_ports(world, out);
    left_out(world, out);
}

/// Services that need one which starts with other profiles only.
fn left_out(world: &World, out: &mut Findings<'_>) {
    for object in &world.objects {
        let Some(service) = &object.compose else { continue };
        for (name, place) in &service.needs {
            let mut all = world.services_of(&service.project);
            let Some((_, other)) = all.find(|(other, _)| other.name == *name) else { continue };
            let is_shared = other.profiles.iter().any(|one| service.profiles.contains(one));
            if let Some(profile) = other.profiles.first().filter(|_| !is_shared) {
                let message = format!(
                    "`{}` depends on `{name}`, which starts with the profile `{profile}` only",
                    object.name
                );
                out.add(&LEFT_OUT, *place, message);
            }
        }
    }
}

pub(super) fn check(system: &System<'_>, out: &mut Findings<'_>) {
    address::check(system, out);
    storage::check(system, out);
    configuration::check(system, out);
    reach::check(system, out);
    clients::check(system, out);
    one_line(system, out);
    for workload in &system.workloads {
        open_variables(workload, out);
        if workload.role.is_job_manager() {
            published(system, workload, out);
        }
    }
}

/// A service that publishes a port, and the address of the host: `None` for all of them.
type Publisher<'a> = (&'a str, Option<&'a str>);

/// Containers that always run and publish one port of the host.
fn same_ports(world: &World, out: &mut Findings<'_>) {
    let mut known: BTreeMap<(&str, u16), Vec<Publisher<'_>>> = BTreeMap::new();
    for object in &world.objects {
        let Some(service) = &object.compose else { continue };
        // Of profiles one may exclude the other.
        if !service.profiles.is_empty() {
            continue;
        }
        let count = object.node.at("spec/replicas").and_then(Walk::whole).unwrap_or(1);
        for (port, place) in service.published.iter().filter(|(port, _)| port.is_tcp) {
            let Some(host) = port.host else { continue };
            let address = port.address.as_deref().filter(|address| *address != "0.0.0.0");
            let known = known.entry((&service.project, host)).or_default();
            let mut others = known.iter();
            let other =
                others.find(|(_, there)| address.is_none() || there.is_none() || address == *there);
            if 1 < count {
                let message =
                    format!("{count} containers of `{}` publish port {host}", object.name);
                out.add(&SAME_PORT, *place, message);
            } else if let Some((name, _)) = other {
                let message = format!("`{name}` publishes port {host} as well");
                out.add(&SAME_PORT, *place, message);
            }
            known.push((&object.name, address));
        }
    }
}

/// A value of FLINK_PROPERTIES that has a further option in it.
fn one_line(system: &System<'_>, out: &mut Findings<'_>) {
    for (place, message) in one_lines(system) {
        out.add(&ONE_LINE, place, message);
    }
}

/// The places of such values, and what follows them.
pub(crate) fn one_lines(system: &System<'_>) -> Vec<(Place, String)> {
    let mut found = Vec::new();
    for text in system.texts.iter().filter(|text| matches!(text.origin, Origin::Properties(_))) {
        for (number, column, line) in lines(&text.text) {
            let Line::Entry { key, value, .. } = line else { continue };
            // In quotes that keep them, a backslash and an `n` are two letters.
            let words = value.replace("\\n", " ");
            let mut words = words.split_whitespace().skip(1);
            let more = words.find(|word| {
                word.strip_suffix(':').is_some_and(|word| options::find(word).is_some())
            });
            if let Some(more) = more {
                let more = more.trim_end_matches(':');
                let message = format!("`{more}` follows the value of `{key}` on its line");
                found.push((text.place(&system.world.files, number, column), message));
            }
        }
    }
    found
}

fn open_variables(workload: &Workload<'_>, out: &mut Findings<'_>) {
    let Some(service) = &workload.object.compose else { return };
    for name in &service.open {
        let place = used_at(name, workload, out);
        let is_needed = out.files[place.file].line(place.line).is_some_and(|line| {
            let begin = format!("${{{name}");
            let mut after = line.split(begin.as_str()).skip(1);
            after.any(|rest| rest.starts_with(":?") || rest.starts_with('?'))
        });
        let message = if is_needed {
            format!("no file gives `{name}` a value, and Compose stops without one")
        } else {
            format!("no file gives `{name}` a value")
        };
        out.add(&OPEN_VARIABLE, place, message);
    }
}

/// The first line of a service on which a variable is, otherwise that of the service.
fn used_at(name: &str, workload: &Workload<'_>, out: &Findings<'_>) -> Place {
    let start = workload.container.place(workload.file());
    let file = &out.files[start.file];
    let own = [format!("${{{name}"), format!("${name}")];
    let line = (start.line..=file.count())
        .find(|line| file.line(*line).is_some_and(|text| own.iter().any(|one| text.contains(one))));
    line.map_or(start, |line| Place { line, column: 1, ..start })
}

/// The REST API on all addresses of the host.
fn published(system: &System<'_>, workload: &Workload<'_>, out: &mut Findings<'_>) {
    let secured = system.settings.value("security.ssl.rest.authentication-enabled");
    let Some(service) =
        workload.object.compose.as_ref().filter(|_| secured.as_deref() != Some("true"))
    else {
        return;
    };
    let settings = system.settings.with_arguments(workload);
    let rest = settings.rest_port();
    for (port, place) in &service.published {
        let is_open = matches!(port.address.as_deref(), None | Some("0.0.0.0" | "::"));
        if i64::from(port.target) != rest || !is_open {
            continue;
        }
        let host = port.host.map_or_else(String::new, |host| host.to_string());
        let message = format!(
            "port {} leads to the REST API from all addresses of the host",
            port.host.unwrap_or(port.target)
        );
        let closed = format!("127.0.0.1:{host}:{}", port.target);
        let line = out.files[place.file].line(place.line).unwrap_or_default();
        let written =
            [format!("{host}:{}", port.target), format!("0.0.0.0:{host}:{}", port.target)];
        let found = written.iter().rev().find(|text| line.matches(text.as_str()).count() == 1);
        let patch = found.filter(|_| !host.is_empty()).and_then(|found| {
            out.replace(*place, line.replacen(found.as_str(), &closed, 1).trim())
        });
        let finding = out.add(&super::exposure::ALL_INTERFACES, *place, message);
        finding.cure = Some(format!(
            "Publish it as `{closed}`, and reach it through ssh or a proxy with a login. Where only trusted machines reach the port, silence this code with that reason."
        ));
        finding.patch = patch;
    }
}

#[cfg(test)]
mod tests;
