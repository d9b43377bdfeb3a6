//! Services: whether they select anything, and whether anybody listens behind them.

use std::collections::BTreeSet;

use super::{
    DEAD_TARGET, NODE_PORT, SELECTS_NOTHING, SPREAD_REST, WRONG_CALL, by_name, is_declared, is_ip,
    is_known, list, listening,
};
use crate::finding::Findings;
use crate::kubernetes::{Object, Role, Workload};
use crate::names::is_flink_name;
use crate::node::Walk;
use crate::rules::storage;
use crate::selectors::Pods;
use crate::settings::REST;
use crate::system::{System, World};
use nutkin_flink::yaml::{Key, Node};

/// Services that select nothing are looked at once, for all sessions together.
pub(in crate::rules) fn without_pods(world: &World, pods: &Pods<'_>, out: &mut Findings<'_>) {
    let directory = |file: usize| world.files[file].directory();
    let broken: BTreeSet<&str> =
        world.broken.iter().map(|(place, _)| directory(place.file)).collect();
    let runs = |is_meant: fn(Role) -> bool| {
        let mut all = world.objects.iter().filter_map(Workload::of);
        all.any(|workload| is_meant(workload.role))
    };
    // Of one role alone the other one is somewhere else, with the pods of its Services.
    if runs(Role::is_task_manager) && !runs(Role::is_job_manager) {
        return;
    }
    for service in world.of_kind("Service") {
        // The pods may be in what could not be read.
        if broken.contains(directory(service.file)) {
            continue;
        }
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

/// A workload that a Service selects, and the ports on which it listens.
type Listener<'w, 'a> = (&'w Workload<'a>, Vec<i64>);

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
    // Each with the ports on which it listens.
    let listeners: Option<Vec<Listener<'_, '_>>> = is_known(system).then(|| {
        let of = |workload| (workload, listening(&system.settings_of(workload), workload));
        selected.iter().copied().map(of).collect()
    });
    let ports = service.node.at("spec/ports").map_or(&[][..], Walk::items);
    for port in ports {
        if let Some(node) = port.get("nodePort")
            && node.whole().is_some_and(|number| !(30000..=32767).contains(&number))
        {
            let message =
                format!("node port {} of {}", node.text().unwrap_or_default(), service.title());
            out.add(&NODE_PORT, node.place(service.file), message);
        }
        if let Some(listeners) = &listeners {
            target(service, port, listeners, out);
        }
    }
    if let Some(listeners) = &listeners {
        too_wide(system, service, selector, listeners, out);
    }
    spread_rest(system, service, &selected, out);
}

/// A Service whose selector has pods of both roles, where only JobManagers listen.
fn too_wide(
    system: &System<'_>,
    service: &Object,
    selector: &Node,
    listeners: &[Listener<'_, '_>],
    out: &mut Findings<'_>,
) {
    let of = |role| listeners.iter().filter(move |(workload, _)| workload.role == role);
    // Names of pods below it are called, not the Service itself.
    if gives_names(system, service) {
        return;
    }
    let listens = |(workload, known): &Listener<'_, '_>, port: &Node| {
        let target = port.get("targetPort").or_else(|| port.get("port"))?;
        let number = target.whole().or_else(|| by_name(workload, target.text()?))?;
        let is_there = known.contains(&number)
            || is_declared(workload, number)
            || 1 < workload.pod.items_of("containers").len();
        Some(number).filter(|_| is_there)
    };
    let Some((worker, _)) = of(Role::TaskManager).next() else { return };
    let ports = service.node.at("spec/ports").map_or(&[][..], Walk::items);
    let dead = ports.iter().find_map(|port| {
        let number = of(Role::JobManager).find_map(|master| listens(master, port))?;
        of(Role::TaskManager).all(|worker| listens(worker, port).is_none()).then_some(number)
    });
    let Some(number) = dead else { return };
    let message = format!(
        "{} selects the pods of {} as well, where nothing listens on port {number}",
        service.title(),
        worker.object.title()
    );
    let is_apart = |(key, value): &&(Key, Node)| {
        let mut workers = of(Role::TaskManager);
        workers.all(|(worker, _)| {
            let mut own = worker.labels().iter();
            !own.any(|(other, text)| other.name == key.name && text.text() == value.text())
        })
    };
    let master = of(Role::JobManager).next();
    let label = master.and_then(|(master, _)| master.labels().iter().find(is_apart));
    let finding = out.add(&DEAD_TARGET, selector.place(service.file), message);
    finding.cure = Some(match label {
        Some((key, value)) => format!(
            "Add `{}: {}`, which only the JobManager's pods have, to the selector.",
            key.name,
            value.text().unwrap_or_default()
        ),
        None => "Give the JobManager's pods a label of their own, and add it to the selector."
            .to_owned(),
    });
}

/// Whether a Service only gives the pods of a StatefulSet their names.
fn gives_names(system: &System<'_>, service: &Object) -> bool {
    service.is_headless()
        && system.workloads.iter().any(|workload| {
            workload.object.node.at("spec/serviceName").and_then(Walk::text) == Some(&service.name)
        })
}

/// Whether somebody listens behind a port of a Service.
fn target(service: &Object, port: &Node, listeners: &[Listener<'_, '_>], out: &mut Findings<'_>) {
    // Without an address of its own it is only a name: whoever calls the pods says the port.
    if service.is_headless() {
        return;
    }
    let Some(node) = port.get("targetPort").or_else(|| port.get("port")) else { return };
    let mut known = Vec::new();
    for (workload, ports) in listeners {
        let number = node.whole().or_else(|| by_name(workload, node.text()?));
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
    // One without an address of its own gives the pods of a set their names.
    let is_of_set = service.is_headless() && workload.object.kind == "StatefulSet";
    let is_harmless = shared || is_sticky || is_of_set || gives_names(system, service);
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

#[cfg(test)]
mod tests {
    use crate::{Input, Settings, check};

    /// A Service of JobManagers beside workloads of some roles.
    #[test]
    fn services_of_a_role_that_is_somewhere_else() {
        #[track_caller]
        fn finds(roles: &[&str], expected: bool) {
            let mut text = "apiVersion: v1\nkind: Service\nmetadata: {name: flink-jobmanager}\nspec: {selector: {app: flink, part: leader}, \
                            ports: [{port: 6123}]}\n"
                .to_owned();
            for role in roles {
                text.push_str(&format!(
                    "---\napiVersion: apps/v1\nkind: Deployment\nmetadata: {{name: flink-{role}}}\nspec:\n  selector: {{matchLabels: {{app: \
                     flink, part: {role}}}}}\n  template:\n    metadata: {{labels: {{app: flink, part: {role}}}}}\n    spec:\n      \
                     containers: [{{name: flink, image: 'flink:1.20.5', args: [{role}]}}]\n"
                ));
            }
            let report =
                check(&[Input { name: "all.yaml".to_owned(), text }], &Settings::default());
            let found = report.findings.iter().any(|one| one.rule.code == "NK0401");
            assert_eq!(found, expected, "{roles:?}");
        }
        finds(&["taskmanager"], false);
        finds(&["jobmanager", "taskmanager"], true);
        finds(&["jobmanager"], true);
    }
}
