//! What pods say of their own ports and labels.

use super::{
    CONTAINER_PORT, DEAD_PROBE, SELECTOR, SELF, by_name, is_declared, is_known, list, listening,
    rpc_port,
};
use crate::finding::Findings;
use crate::image::{FLINK_CONF, is_official};
use crate::kubernetes::Workload;
use crate::node::Walk;
use crate::path::last;
use crate::settings::{REST, has_fixed_configuration, runs_entrypoint};
use crate::system::System;

/// The port of TaskManagers in Flink's own manifests. It is not a default: unset, the port is a random one.
const TM_RPC: i64 = 6122;

pub(super) fn own_labels(workload: &Workload<'_>, out: &mut Findings<'_>) {
    let Some(selector) = workload.object.node.at("spec/selector/matchLabels") else { return };
    if !workload.is_selected(selector.entries()) {
        let message = format!("{} selects other labels than its pods have", workload.title());
        out.add(&SELECTOR, selector.place(workload.file()), message);
    }
}

pub(super) fn container_ports(
    system: &System<'_>,
    workload: &Workload<'_>,
    out: &mut Findings<'_>,
) {
    if !is_known(system) {
        return;
    }
    let settings = system.settings_of(workload);
    for port in workload.container.items_of("ports") {
        let (Some(node), Some(name)) = (port.get("containerPort"), port.text_of("name")) else {
            continue;
        };
        let master = workload.role.is_job_manager() && !workload.role.is_task_manager();
        let (key, expected) = match name {
            "rpc" | "jobmanager-rpc" | "jm-rpc" if master => {
                let (key, port) = rpc_port(&settings, system.high_availability().is_some());
                (key, Some(port))
            }
            "blob" | "blob-server" | "blobserver" if master => {
                ("blob.server.port", settings.port("blob.server.port"))
            }
            "rest" | "webui" | "web" | "ui" | "flink-ui" if master => {
                ("rest.port", Some(settings.port("rest.port").unwrap_or(REST)))
            }
            "rpc" | "taskmanager-rpc" | "tm-rpc" if !workload.role.is_job_manager() => {
                ("taskmanager.rpc.port", settings.port("taskmanager.rpc.port"))
            }
            _ => continue,
        };
        let Some(expected) = expected else { continue };
        let binds = key.trim_end_matches("port").to_owned() + "bind-port";
        let is_bound = settings.port(&binds).is_some_and(|port| node.whole() == Some(port));
        if node.whole() != Some(expected) && !is_bound && settings.exact("rest.bind-port").is_none()
        {
            let message = format!(
                "the port `{name}` is {}, `{key}` is {expected}",
                node.text().unwrap_or_default()
            );
            let place = node.place(workload.file());
            let old = node.text().unwrap_or_default();
            let patch = out.exchange(place, old, &expected.to_string());
            out.add(&CONTAINER_PORT, place, message).patch = patch;
        }
    }
}

pub(super) fn probes(system: &System<'_>, workload: &Workload<'_>, out: &mut Findings<'_>) {
    if !is_known(system) {
        return;
    }
    let settings = system.settings_of(workload);
    let ports = listening(&settings, workload);
    for kind in ["livenessProbe", "readinessProbe", "startupProbe"] {
        let Some(probe) = workload.container.get(kind) else { continue };
        let asked = ["tcpSocket/port", "httpGet/port"].iter().find_map(|path| probe.at(path));
        let Some(node) = asked else { continue };
        let number = node.whole().or_else(|| by_name(workload, node.text()?));
        let message = match number {
            Some(number) if ports.contains(&number) => continue,
            // An image of somebody's own starts more than Flink where the container names the port.
            Some(number) if is_declared(workload, number) => continue,
            Some(TM_RPC) if ports.is_empty() && runs_entrypoint(workload) => format!(
                "{kind} asks port {TM_RPC}, and `taskmanager.rpc.port` is not set: it is a random one"
            ),
            // Without fixed ports of a TaskManager any number may be right by chance.
            Some(_) if ports.is_empty() => continue,
            Some(number) => format!("{kind} asks port {number}; Flink listens on {}", list(&ports)),
            None => format!(
                "{kind} asks the port `{}`, which the container does not name",
                node.text().unwrap_or_default()
            ),
        };
        out.add(&DEAD_PROBE, node.place(workload.file()), message);
    }
}

pub(super) fn self_address(system: &System<'_>, workload: &Workload<'_>, out: &mut Findings<'_>) {
    let is_official = workload.image().and_then(Walk::text).is_some_and(is_official);
    let has_entrypoint = is_official && workload.container.get("command").is_none();
    // Flink's own script reads the image's configuration alone, which says `localhost`.
    let is_script = is_official && {
        let command = workload.container.items_of("command").first().and_then(Walk::text);
        command.is_some_and(|word| last(word) == "taskmanager.sh")
    };
    if !(has_entrypoint || is_script)
        || workload.role.is_job_manager()
        || system.high_availability().is_some()
    {
        return;
    }
    let named =
        has_entrypoint && workload.variable("JOB_MANAGER_RPC_ADDRESS").is_some()
            || system.settings_of(workload).list.iter().any(|setting| {
                setting.key == "jobmanager.rpc.address" && setting.dialect.is_none()
            });
    let is_elsewhere = workload.variable("FLINK_CONF_DIR").is_some();
    // What an init container writes there is known to nobody.
    let is_written = !workload.pod.items_of("initContainers").is_empty()
        && workload.mount_of(FLINK_CONF).is_some();
    let is_fixed = has_fixed_configuration(workload) || is_elsewhere || is_written;
    if !is_fixed && !named && workload.container.get("envFrom").is_none() {
        let place = workload.container.place(workload.file());
        let message = if is_script {
            format!(
                "{} calls Flink's script past the image's entrypoint, and nothing says where the JobManager is",
                workload.title()
            )
        } else {
            format!("{} does not say where the JobManager is", workload.title())
        };
        out.add(&SELF, place, message);
    }
}
