//! What a container runs before Flink: the entrypoint of Flink's own image, another one of the same manners, or something that
//! no session can be.

use super::directory::Reason;
use crate::finding::Place;
use crate::image;
use crate::kubernetes::Workload;
use crate::node::Walk;
use crate::path;
use crate::rules::pods::of_one_role;
use crate::system::System;

/// Programs that start Flink, or whatever follows them; shells are looked at elsewhere.
const USUAL: &[&str] = &[
    "docker-entrypoint.sh",
    "jobmanager.sh",
    "taskmanager.sh",
    "kubernetes-jobmanager.sh",
    "kubernetes-session.sh",
    "start-cluster.sh",
    "jobmanager",
    "taskmanager",
    "tini",
    "dumb-init",
    "env",
    "gosu",
    "su-exec",
    "exec",
    "sh",
    "bash",
    "ash",
    "dash",
    "java",
];

/// The ENTRYPOINT of the only Dockerfile, where it is one program of the user's own, and containers of an image of the
/// user's own run it.
pub(super) fn own(system: &System<'_>) -> Option<(String, Place)> {
    let [dockerfile] = &system.dockerfiles[..] else { return None };
    let runs = |workload: &Workload<'_>| {
        let image = workload.image().and_then(Walk::text).unwrap_or_default();
        workload.container.get("command").is_none() && !image::is_official(image)
    };
    if system.workloads.is_empty()
        || !system.workloads.iter().all(runs)
        || system.scripts.iter().any(|script| script.is_entrypoint)
    {
        return None;
    }
    let (place, text) = dockerfile.last("ENTRYPOINT")?;
    let words = text.trim_matches(['[', ']']).trim();
    let word = words.trim_matches(['"', '\'']);
    let is_one = !word.is_empty() && !word.contains([',', ' ', '"', '$']);
    (is_one && !USUAL.contains(&path::last(word))).then(|| (word.to_owned(), place))
}

/// All reasons for which a session would not run what a container runs.
pub(super) fn refuse(system: &System<'_>, workload: &Workload<'_>) -> Vec<Reason> {
    let title = workload.title();
    let mut reasons = Vec::new();
    let mut add = |message: String, hint: &str| {
        reasons.push(Reason { message, hint: hint.to_owned() });
    };
    let image = workload.image().and_then(Walk::text).unwrap_or_default();
    if image.contains("bitnami") || workload.variable("FLINK_MODE").is_some() {
        let message =
            format!("`{image}` of {title} has an entrypoint of its own, with variables of its own");
        add(message, "take an image of Flink's own, and write the variables as options");
    }
    if let Some((_, message)) = of_one_role(system, workload) {
        add(message, "end the script with `exec /docker-entrypoint.sh \"$@\"`");
    }
    let first = workload.container.items_of("command").first().and_then(Walk::text);
    let is_own =
        |first: &&str| !first.contains([' ', '$', '\n']) && !USUAL.contains(&path::last(first));
    if let Some(first) = first.filter(is_own) {
        let message =
            format!("{title} runs `{first}` before Flink, which a session file cannot say");
        add(message, "do it in the image, or in an init container");
    }
    let settings = system.settings_of(workload);
    for role in ["jobmanager", "taskmanager"] {
        let bind = settings.get(&format!("{role}.rpc.bind-port")).filter(|_| is_of(workload, role));
        if let Some(bind) = bind.filter(|bind| {
            settings.value(&format!("{role}.rpc.port")).as_ref() != Some(&bind.text())
        }) {
            let message = format!(
                "{title} listens on port {} and is called at another one: the Services and probes of a session know one",
                bind.text()
            );
            add(message, "set both to one number, or leave the option out");
        }
    }
    reasons
}

fn is_of(workload: &Workload<'_>, role: &str) -> bool {
    match role {
        "jobmanager" => workload.role.is_job_manager(),
        _ => workload.role.is_task_manager(),
    }
}
