//! Addresses that only fit a single machine, or a single TaskManager.

use super::{OF_MACHINE, ONE_WORKER};
use crate::finding::{Findings, Place};
use crate::kubernetes::{Role, Workload};
use crate::node::Walk;
use crate::service::Service;
use crate::settings::{Setting, Settings};
use crate::source::FileKind;
use crate::system::System;

/// Options that bind a process of a role to an address, or name it.
const OF_ROLES: &[(Role, &[&str])] = &[
    (Role::JobManager, &["jobmanager.bind-host", "rest.bind-address"]),
    (Role::TaskManager, &["taskmanager.bind-host", "taskmanager.host"]),
];

pub(super) fn check(system: &System<'_>, out: &mut Findings<'_>) {
    // Where both are in one pod `localhost` is a place where they meet.
    let is_together = |workload: &Workload<'_>| {
        workload.role == Role::Both || 1 < workload.pod.items_of("containers").len()
    };
    let mut workers: Vec<(String, i64, Place)> = Vec::new();
    for workload in &system.workloads {
        // A native session takes these options away from its pods (FLINK-25771).
        if is_together(workload) || workload.is_native() || workload.shares_network() {
            continue;
        }
        let settings = system.settings_of(workload);
        let is_container = workload.object.compose.is_some();
        let keys = OF_ROLES.iter().filter(|(role, _)| *role == workload.role);
        for key in keys.flat_map(|(_, keys)| *keys) {
            let Some(setting) = settings.exact(key).filter(|s| is_loopback(&s.text())) else {
                continue;
            };
            // Without a Service the REST API may be meant for `kubectl port-forward` alone, and without a published port for
            // programs in the container.
            let is_rest = *key == "rest.bind-address";
            let is_asked = match &workload.object.compose {
                Some(service) => publishes_rest(service, &settings),
                None => system.services_of_job_managers().next().is_some(),
            };
            if is_rest && !is_asked {
                continue;
            }
            let others = match (is_container, is_rest) {
                (true, true) => "a published port does not lead to",
                (true, false) => "other containers do not reach",
                (false, _) => "other pods do not reach",
            };
            let message = format!("`{key}` is `{}`: {others} {}", setting.text(), workload.title());
            let patch = key
                .contains("bind")
                .then(|| out.exchange(setting.place, &setting.text(), "0.0.0.0"))
                .flatten();
            out.add(&OF_MACHINE, setting.place, message).patch = patch;
        }
        if workload.role == Role::TaskManager
            && let Some(setting) = settings.exact("taskmanager.host")
            && is_for_all(workload, setting)
        {
            match workers.iter_mut().find(|(host, ..)| *host == setting.text()) {
                Some((_, pods, _)) => *pods = pods.saturating_add(workload.replicas),
                None => workers.push((setting.text(), workload.replicas, setting.place)),
            }
        }
    }
    for (host, pods, place) in workers {
        if 1 < pods {
            let message = format!("{pods} TaskManagers all call themselves `{host}`");
            let finding = out.add(&ONE_WORKER, place, message);
            if system.is_of_compose() {
                finding.cure = Some(
                    "Leave `taskmanager.host` out: each container then takes its own address."
                        .to_owned(),
                );
            }
        }
    }
}

/// The same on machines of which `masters` and `workers` name several.
pub(super) fn of_hosts(system: &System<'_>, out: &mut Findings<'_>) {
    if !system.workloads.is_empty() || system.session.is_some() {
        return;
    }
    let of_kind = |kind: FileKind| {
        let hosts = system.hosts.iter().filter(move |hosts| hosts.kind == kind);
        hosts.flat_map(|hosts| hosts.lines.iter().map(|(_, host, _)| host.as_str()))
    };
    let Some(master) = of_kind(FileKind::Masters).next() else { return };
    let is_same = |host: &str| host == master || is_loopback(host) && is_loopback(master);
    let Some(far) = of_kind(FileKind::Workers).find(|host| !is_same(host)) else { return };
    let keys =
        OF_ROLES.iter().flat_map(|(_, keys)| *keys).filter(|key| **key != "rest.bind-address");
    for key in keys {
        let Some(setting) = system.settings.exact(key).filter(|s| is_loopback(&s.text())) else {
            continue;
        };
        // Other directories have files of their own.
        let mut files = system.hosts.iter().map(|hosts| out.files[hosts.file].directory());
        if !files.any(|directory| directory == out.files[setting.place.file].directory()) {
            continue;
        }
        let message = format!(
            "`{key}` is `{}`: TaskManagers on {far} and the JobManager on {master} do not reach each other",
            setting.text()
        );
        let patch = key
            .contains("bind")
            .then(|| out.exchange(setting.place, &setting.text(), "0.0.0.0"))
            .flatten();
        out.add(&OF_MACHINE, setting.place, message).patch = patch;
    }
}

/// Whether a service publishes the port of the REST API.
fn publishes_rest(service: &Service, settings: &Settings) -> bool {
    let rest = settings.rest_port();
    service.published.iter().any(|(port, _)| i64::from(port.target) == rest)
}

/// Whether an address is the same text in every pod.
fn is_for_all(workload: &Workload<'_>, setting: &Setting) -> bool {
    let text = setting.text();
    let fills_in = text.contains('$') || text.contains("POD") || text.contains("{{");
    // A script of the container may write another one.
    let is_plain = workload.container.get("command").is_none()
        || workload.words().all(|(word, _)| !word.contains(' '));
    !fills_in
        && !is_loopback(&text)
        && is_plain
        && workload.pod.text_of("hostNetwork") != Some("true")
}

/// Whether an address leads to where one is.
fn is_loopback(text: &str) -> bool {
    let text = text.trim();
    text == "localhost" || text.starts_with("127.") || matches!(text, "::1" | "[::1]")
}
