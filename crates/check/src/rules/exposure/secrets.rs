//! Secrets in plain text: in options, in arguments and in the environment of containers.

use super::PLAIN_SECRET;
use crate::finding::{Findings, Place};
use crate::node::Walk;
use crate::secrets;
use crate::settings::{Setting, arguments};
use crate::system::System;
use nutkin_flink::options;

pub(super) fn check(system: &System<'_>, out: &mut Findings<'_>) {
    for setting in &system.settings.list {
        of_setting(setting, out);
    }
    for workload in &system.workloads {
        for setting in arguments(workload) {
            of_setting(&setting, out);
        }
    }
    for object in system.workloads.iter().map(|workload| workload.object).chain(system.session) {
        for (name, entry, _) in secrets::pods(object).flat_map(secrets::of_pod) {
            add(name, entry.place(object.file), out);
        }
    }
}

fn of_setting(setting: &Setting, out: &mut Findings<'_>) {
    let text = setting.text();
    let is_open = text.starts_with("${") || text.starts_with("$(") || text == options::HIDDEN;
    if options::is_sensitive(&setting.key) && !is_open && !is_reference(&setting.key) {
        add(&setting.key, setting.place, out);
    }
}

fn add(name: &str, place: Place, out: &mut Findings<'_>) {
    let message = format!("the value of `{name}` is readable for everyone who has this file");
    out.add(&PLAIN_SECRET, place, message);
}

/// Options with a word of secrets in their names whose values are none.
fn is_reference(key: &str) -> bool {
    key.starts_with("kubernetes.")
        || key.starts_with("security.delegation.token")
        || key.rsplit('.').next() == Some("class")
        || key.ends_with(".provider")
}
