//! Two listeners of one process on one port.

use super::{RPC, TWO_LISTENERS};
use crate::finding::{Findings, Place};
use crate::kubernetes::Role;
use crate::settings::{REST, Settings};
use crate::system::System;

/// A port, what opens it, and where it is said.
type Listener = (i64, String, Option<Place>);

pub(super) fn check(system: &System<'_>, out: &mut Findings<'_>) {
    if !system.refused.is_empty() {
        return;
    }
    let mut told: Vec<Place> = Vec::new();
    for workload in &system.workloads {
        let settings = system.settings_of(workload);
        let all = match workload.role {
            Role::JobManager => of_job_manager(&settings, system.high_availability().is_some()),
            Role::TaskManager => of_task_manager(&settings),
            Role::Both => continue,
        };
        for (index, (port, key, place)) in all.iter().enumerate() {
            let mut others = all[..index].iter();
            let Some((_, other, there)) = others.find(|(other, ..)| other == port) else {
                continue;
            };
            let Some(place) = place.or(*there).filter(|place| !told.contains(place)) else {
                continue;
            };
            told.push(place);
            let message = format!("`{key}` and `{other}` are both {port} in {}", workload.title());
            out.add(&TWO_LISTENERS, place, message);
        }
    }
}

fn one(settings: &Settings, keys: &[&str], default: Option<i64>) -> Option<Listener> {
    // A range moves on to the next port.
    let said = keys.iter().find_map(|key| settings.get(key));
    match said {
        Some(setting) => {
            let port = setting.text().trim().parse().ok().filter(|port| 0 < *port)?;
            Some((port, setting.key.clone(), Some(setting.place)))
        }
        None => Some((default?, (*keys.last()?).to_owned(), None)),
    }
}

fn of_job_manager(settings: &Settings, is_highly_available: bool) -> Vec<Listener> {
    let rpc = if is_highly_available {
        one(settings, &["high-availability.jobmanager.port"], None)
    } else {
        one(settings, &["jobmanager.rpc.bind-port", "jobmanager.rpc.port"], Some(RPC))
    };
    let mut all: Vec<Listener> = rpc.into_iter().collect();
    all.extend(one(settings, &["blob.server.port"], None));
    all.extend(one(settings, &["rest.bind-port", "rest.port"], Some(REST)));
    all.extend(prometheus(settings));
    all
}

fn of_task_manager(settings: &Settings) -> Vec<Listener> {
    let mut all = Vec::new();
    all.extend(one(settings, &["taskmanager.rpc.bind-port", "taskmanager.rpc.port"], None));
    all.extend(one(settings, &["taskmanager.data.bind-port", "taskmanager.data.port"], None));
    all.extend(prometheus(settings));
    all
}

/// The ports of reporters that listen, which are those of Prometheus; others send to a port elsewhere.
fn prometheus(settings: &Settings) -> Vec<Listener> {
    let started = settings.value("metrics.reporters");
    let is_started = |name: &str| {
        started
            .as_ref()
            .is_none_or(|names| names.split([',', ';', ' ', '[', ']']).any(|one| one == name))
    };
    let named = settings.effective().filter_map(|setting| {
        let rest = setting.key.strip_prefix("metrics.reporter.")?;
        let name = rest.strip_suffix(".factory.class").or_else(|| rest.strip_suffix(".class"))?;
        setting.text().contains("PrometheusReporter").then_some(name)
    });
    let named = named.filter(|name| is_started(name));
    let keys = named.map(|name| format!("metrics.reporter.{name}.port"));
    keys.filter_map(|key| one(settings, &[&key], None)).collect()
}
