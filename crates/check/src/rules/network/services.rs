//! Services: whether they select anything, and whether anybody listens behind them.

use super::{
    DEAD_TARGET, NODE_PORT, REST, SELECTS_NOTHING, SPREAD_REST, WRONG_CALL, by_name, is_declared,
    is_ip, is_known, list, listening,
};
use crate::finding::Findings;
use crate::kubernetes::{Object, Workload};
use crate::node::Walk;
use crate::rules::storage;
use crate::selectors::Pods;
use crate::system::{System, World};
use nutkin_flink::yaml::Node;

/// Services that select nothing are looked at once, for all sessions together.
pub(in crate::rules) fn without_pods(world: &World, out: &mut Findings<'_>) {
    let pods = Pods::of(&world.objects);
    for service in world.of_kind("Service") {
        let Some(selector) = service.node.at("spec/selector") else { continue };
        let entries = selector.entries();
        // A Service that has nothing to do with these pods has its own somewhere else.
        let is_akin = || {
            pods.are_akin(service, entries)
                || is_flink_name(&service.name) && pods.are_near(service)
        };
        if !pods.are_selected(service, entries) && is_akin() {
            let message = format!("{} selects none of the pods in these files", service.title());
            out.add(&SELECTS_NOTHING, selector.place(service.file), message);
        }
    }
}

fn is_flink_name(name: &str) -> bool {
    ["flink", "jobmanager", "taskmanager"].iter().any(|word| name.contains(word))
}

pub(super) fn of_service(system: &System<'_>, service: &Object, out: &mut Findings<'_>) {
    let Some(selector) = service.node.at("spec/selector") else { return };
    let selected: Vec<&Workload<'_>> = system
        .workloads
        .iter()
        .filter(|w| w.object.shares_namespace(service) && w.is_selected(selector.entries()))
        .collect();
    if selected.is_empty() {
        return;
    }
    let ports = service.node.at("spec/ports").map_or(&[][..], Walk::items);
    for port in ports {
        if let Some(node) = port.get("nodePort")
            && node.whole().is_some_and(|number| !(30000..=32767).contains(&number))
        {
            let message =
                format!("node port {} of {}", node.text().unwrap_or_default(), service.title());
            out.add(&NODE_PORT, node.place(service.file), message);
        }
        if is_known(system) {
            target(system, service, port, &selected, out);
        }
    }
    spread_rest(system, service, &selected, out);
}

/// Whether somebody listens behind a port of a Service.
fn target(
    system: &System<'_>,
    service: &Object,
    port: &Node,
    selected: &[&Workload<'_>],
    out: &mut Findings<'_>,
) {
    let Some(node) = port.get("targetPort").or_else(|| port.get("port")) else { return };
    let mut known = Vec::new();
    for workload in selected {
        let number = node.whole().or_else(|| by_name(workload, node.text()?));
        let ports = listening(&system.settings_of(workload), workload);
        let is_known = number.is_some_and(|n| ports.contains(&n) || is_declared(workload, n));
        if is_known || ports.is_empty() {
            return;
        }
        // Containers beside Flink listen where they like.
        if workload.pod.items_of("containers").len() != 1 {
            return;
        }
        known.extend(ports);
    }
    let text = node.text().unwrap_or_default();
    let message = format!("port {text} of {}: Flink listens on {}", service.title(), list(&known));
    let dead_by_option = port.text_of("name").is_some_and(|name| name.contains("query"));
    if !dead_by_option {
        out.add(&DEAD_TARGET, node.place(service.file), message);
    }
}

fn spread_rest(
    system: &System<'_>,
    service: &Object,
    selected: &[&Workload<'_>],
    out: &mut Findings<'_>,
) {
    let rest = system.settings_of_job_managers().port("rest.port").unwrap_or(REST);
    let mut ports = service.node.at("spec/ports").map_or(&[][..], Walk::items).iter();
    let port = ports.find(|port| {
        port.get("targetPort").or_else(|| port.get("port")).and_then(Walk::whole) == Some(rest)
    });
    let Some(port) = port else { return };
    let several = selected
        .iter()
        .find(|w| w.role.is_job_manager() && !w.role.is_task_manager() && 1 < w.replicas);
    let Some(workload) = several else { return };
    let directory = system.settings_of_job_managers().value("web.upload.dir").unwrap_or_default();
    let uploads = format!("{}/flink-web-upload", directory.trim_end_matches('/'));
    let shared =
        !directory.is_empty() && storage::reach(system, workload, &uploads) == storage::Reach::All;
    let is_sticky =
        service.node.at("spec/sessionAffinity").and_then(Walk::text) == Some("ClientIP");
    // The Service that gives the pods of a StatefulSet their names is not there to be called itself.
    let gives_names = system.workloads.iter().any(|workload| {
        workload.object.node.at("spec/serviceName").and_then(Walk::text) == Some(&service.name)
    });
    let is_headless = service.node.at("spec/clusterIP").and_then(Walk::text) == Some("None");
    let is_harmless = shared || is_sticky || gives_names && is_headless;
    if !is_harmless {
        let message = format!(
            "{} spreads requests over {} JobManagers, each with uploaded jars of its own",
            service.title(),
            workload.replicas
        );
        out.add(&SPREAD_REST, port.place(service.file), message);
    }
}

pub(super) fn calls(system: &System<'_>, out: &mut Findings<'_>) {
    let mut open: Vec<(i64, Option<i64>)> = Vec::new();
    for service in system.services_of_job_managers() {
        for port in service.node.at("spec/ports").map_or(&[][..], Walk::items) {
            let Some(number) = port.get("port").and_then(Walk::whole) else { continue };
            open.push((number, port.get("nodePort").and_then(Walk::whole)));
        }
    }
    let from_outside: Vec<i64> = open.iter().filter_map(|(_, node_port)| *node_port).collect();
    if from_outside.is_empty() {
        return;
    }
    for (place, host, port) in system.scripts.iter().flat_map(|script| &script.calls) {
        // A port that no Service knows may be anything: a tunnel, a container published by Docker.
        let is_inner = open.iter().any(|(inner, _)| inner == port) && !from_outside.contains(port);
        if is_ip(host) && is_inner && !host.starts_with("127.") {
            let message = format!(
                "nothing answers at {host}:{port}; from outside it is port {}",
                list(&from_outside)
            );
            let old = out.files[place.file].line(place.line).unwrap_or_default();
            let new =
                old.replacen(&format!("{host}:{port}"), &format!("{host}:{}", from_outside[0]), 1);
            let patch = out.replace(*place, new.trim());
            out.add(&WRONG_CALL, *place, message).patch = patch;
        }
    }
}
