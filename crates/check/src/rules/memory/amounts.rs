//! Amounts whose unit is not the one that was meant: `500M` of cpu are 500 million processors, `1024m` of memory one byte.

use super::MISREAD;
use crate::finding::Findings;
use crate::kubernetes::Object;
use crate::node::Walk;
use crate::secrets;
use crate::system::System;
use nutkin_core::kubernetes::quantity::{amount, whole as quantity};
use nutkin_flink::yaml::Node;

/// More processors than a machine has.
const MOST: f64 = 1000.0;

/// Less memory, in bytes, than any container starts with: runtimes themselves refuse less than some MiB.
pub(super) const LEAST: u64 = 1 << 20;

pub(super) fn check(system: &System<'_>, out: &mut Findings<'_>) {
    let workloads = system.workloads.iter().chain(&system.boot);
    for workload in workloads.filter(|workload| workload.object.compose.is_none()) {
        of_pod(workload.object, workload.pod, out);
    }
    if let Some(session) = system.session {
        secrets::pods(session).for_each(|pod| of_pod(session, pod, out));
    }
}

fn of_pod(object: &Object, pod: &Node, out: &mut Findings<'_>) {
    let containers = ["initContainers", "containers"].into_iter().flat_map(|all| pod.items_of(all));
    for container in containers {
        for (part, what) in [
            ("requests", "cpu"),
            ("limits", "cpu"),
            ("requests", "memory"),
            ("limits", "memory"),
            ("requests", "ephemeral-storage"),
            ("limits", "ephemeral-storage"),
        ] {
            let Some(node) = container.at(&format!("resources/{part}/{what}")) else { continue };
            let Some((text, number)) = node.text().and_then(|text| Some((text, amount(text)?)))
            else {
                continue;
            };
            let unit = text.trim_start_matches(|c: char| c.is_ascii_digit() || c == '.');
            let number_of_text = &text[..text.len() - unit.len()];
            let (message, meant, is_certain) = if what == "cpu" {
                if number < MOST {
                    continue;
                }
                let meant = matches!(unit, "" | "M" | "Mi").then(|| format!("{number_of_text}m"));
                // A limit is what is asked for, where nothing else is.
                let is_asked =
                    part == "requests" || container.at("resources/requests/cpu").is_none();
                let message = format!(
                    "`{text}` of `cpu` are {number} processors: `m` is a thousandth of one"
                );
                (message, meant, is_asked)
            } else {
                // Zero means that nothing is limited.
                if number <= 0.0 || quantity(text).is_none_or(|bytes| LEAST <= bytes) {
                    continue;
                }
                let meant = (unit == "m").then(|| format!("{number_of_text}Mi"));
                let is_milli = if unit == "m" { ": `m` is a thousandth of a byte" } else { "" };
                let message = format!("`{text}` of `{what}` is less than a mebibyte{is_milli}");
                (message, meant, part == "limits")
            };
            let place = node.place(object.file);
            let patch = meant.and_then(|meant| out.exchange(place, text, &meant));
            let finding = out.add(&MISREAD, place, message);
            finding.patch = patch;
            if !is_certain {
                finding.only_warns();
            }
        }
    }
}
