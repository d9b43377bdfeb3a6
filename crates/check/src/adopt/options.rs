//! The options of a session, from all files, as `spec.flinkConfiguration` holds them.

use super::{Maker, defaults, ports, roles};
use crate::finding::Place;
use crate::kubernetes::{Role, Workload};
use crate::node::Walk;
use crate::settings::{Setting, Settings};
use crate::system::{Assumed, System};
use nutkin_flink::units::MemorySize;
use nutkin_flink::{FlinkVersion, options, process};

/// The options, and the sizes that have fields of their own.
#[derive(Debug, Default)]
pub(super) struct Options {
    /// In the order of the files.
    pub(super) lines: Vec<Line>,
    /// `jobmanager.memory.process.size`.
    pub(super) job_manager: Option<String>,
    /// `taskmanager.memory.process.size`.
    pub(super) task_manager: Option<String>,
}

impl Options {
    /// Adds an option of Nutkin's own.
    pub(super) fn push(&mut self, key: &str, value: &str, origin: String) {
        self.lines.push(Line { key: key.to_owned(), value: value.to_owned(), origin });
    }

    /// `volumeClaimTemplates` as `nutkin.claim.<name>.*`.
    pub(super) fn claims(&mut self, workload: &Workload<'_>, maker: &mut Maker<'_>) {
        let claims = workload.object.node.at("spec/volumeClaimTemplates");
        for claim in claims.map_or(&[][..], Walk::items) {
            let text = |path: &str| claim.at(path).and_then(Walk::text);
            let Some(name) = text("metadata/name") else { continue };
            let mounts = workload.mounts();
            let Some(mount) = mounts.iter().find(|m| m.node.text_of("name") == Some(name)) else {
                continue;
            };
            let place = claim.place(workload.file());
            let origin = maker.origin(place);
            let mode = claim.at("spec/accessModes").map_or(&[][..], Walk::items).first();
            let role = match workload.role {
                Role::JobManager => Some("jobmanager"),
                Role::TaskManager => Some("taskmanager"),
                Role::Both => None,
            };
            for (setting, value) in [
                ("path", Some(mount.path)),
                ("size", text("spec/resources/requests/storage")),
                ("storage-class", text("spec/storageClassName")),
                ("access-mode", mode.and_then(Walk::text)),
                ("per-pod", Some("true")),
                ("role", role),
            ] {
                if let Some(value) = value {
                    self.push(&format!("nutkin.claim.{name}.{setting}"), value, origin.clone());
                }
            }
            maker.put(place, name, format!("spec.flinkConfiguration, `nutkin.claim.{name}.path`"));
        }
    }
}

/// One option of the session file.
#[derive(Debug)]
pub(super) struct Line {
    pub(super) key: String,
    pub(super) value: String,
    /// Where it came from, for a comment.
    pub(super) origin: String,
}

/// All options that count, cured where that is wanted.
pub(super) fn of(system: &System<'_>, version: FlinkVersion, maker: &mut Maker<'_>) -> Options {
    let mut made = Options::default();
    let merged = roles::merge(system, version);
    for (setting, to) in &merged.dropped {
        maker.put(setting.place, setting.key.clone(), to.clone());
    }
    let all = merged.settings;
    let mut counting: Vec<&Setting> = all.effective().collect();
    counting.sort_by_key(|setting| setting.place);
    let is_guess = matches!(system.assumed(), Some((_, Assumed::Tag(_) | Assumed::Newest(_))));
    for setting in counting {
        one(system, &all, setting, (version, is_guess), &mut made, maker);
    }
    for defaults::Unsaid { setting, origin } in defaults::of(system, &all) {
        let (key, text) = (setting.key.as_str(), setting.text());
        match key {
            "jobmanager.memory.process.size" => made.job_manager = Some(text),
            "taskmanager.memory.process.size" => made.task_manager = Some(text),
            _ => made.push(key, &text, origin.to_owned()),
        }
    }
    if let Some((port, place)) = web_port(system, &all) {
        let origin = maker.origin(place);
        maker.put(place, port.clone(), "spec.flinkConfiguration, `rest.port`");
        made.push("rest.port", &port, origin);
    }
    // The lines that a later one replaced.
    for setting in &all.list {
        let winner = all.exact(&setting.key);
        if let Some(winner) = winner.filter(|winner| winner.place != setting.place) {
            let at = maker.location(winner.place);
            let in_one_text = system
                .texts
                .iter()
                .any(|text| text.holds(setting.place) && text.holds(winner.place));
            // What both roles are told in the same words is not a defect.
            if !in_one_text && setting.value == winner.value {
                maker.put(
                    setting.place,
                    setting.key.clone(),
                    format!("nowhere: {at} says the same"),
                );
                continue;
            }
            maker.put(
                setting.place,
                setting.key.clone(),
                format!("nowhere: {at} counts in its place"),
            );
            // One that an argument or a variable replaces is not a defect either.
            if in_one_text {
                let message = format!("`{}` appears once, with the last value", setting.key);
                maker.cure("NK0104", winner.place, message);
            }
        }
    }
    if let (Some((_, setting)), true) = (system.high_availability(), super::uses_kubernetes(system))
    {
        let settings = system.settings_of_job_managers();
        let set = settings.value("kubernetes.namespace").unwrap_or_else(|| "default".to_owned());
        if let Some(namespace) = system.namespace().filter(|namespace| *namespace != set) {
            let message =
                format!("`metadata.namespace: {namespace}` is the namespace of everything");
            maker.cure("NK0202", setting.place, message);
        }
    }
    made
}

/// The port of the web UI that only the container describes, where it is not Flink's own.
fn web_port(system: &System<'_>, all: &Settings) -> Option<(String, Place)> {
    if all.get("rest.port").is_some() || all.get("rest.bind-port").is_some() {
        return None;
    }
    let workload = system.job_managers().next()?;
    let ports = workload.container.items_of("ports");
    let is_web = |name: &str| ["ui", "web", "rest"].iter().any(|word| name.contains(word));
    let port = ports.iter().find(|port| port.text_of("name").is_some_and(is_web))?;
    let number = port.get("containerPort")?;
    let text = number.text().filter(|text| *text != "8081")?;
    Some((text.to_owned(), number.place(workload.file())))
}

/// All that counts: what the files say, and what Flink does where they are silent.
pub(super) fn all(system: &System<'_>, version: FlinkVersion) -> Settings {
    let mut all = roles::merge(system, version).settings;
    for unsaid in defaults::of(system, &all) {
        all.push(unsaid.setting);
    }
    all
}

fn one(
    system: &System<'_>,
    all: &Settings,
    setting: &Setting,
    (version, is_guess): (FlinkVersion, bool),
    made: &mut Options,
    maker: &mut Maker<'_>,
) {
    let (place, mut text) = (setting.place, setting.text());
    let key = setting.key.as_str();
    if (!system.workloads.is_empty() || system.boot.is_some()) && roles::OWN.contains(&key) {
        maker.put(place, key, "nowhere: set for every session from its name and namespace");
        return;
    }
    if !system.workloads.is_empty() && roles::ADDRESSES.contains(&key) {
        maker.put(place, key, "nowhere: each pod answers at its own address");
        return;
    }
    // Every session on Kubernetes has the flags that Flink ships.
    let is_flags = matches!(key, "env.java.opts.all" | "env.java.opts");
    if is_flags && !system.workloads.is_empty() && version.is_at_least(1, 18) {
        match process::beside_module_flags(&text) {
            Some(rest) if rest.is_empty() => {
                maker.put(place, key, "nowhere: set for every session, to open Java's modules");
                return;
            }
            Some(rest) => text = rest,
            None => {}
        }
    }
    if !maker.as_is {
        if key == "scheduler-mode" && text.trim().eq_ignore_ascii_case("reactive") {
            let new = "jobmanager.scheduler";
            maker.put(place, key, format!("spec.flinkConfiguration, `{new}`"));
            maker.cure(
                "NK0509",
                place,
                "`jobmanager.scheduler: adaptive` takes the slots that are there",
            );
            let origin = maker.origin(place);
            made.push(new, "adaptive", origin);
            return;
        }
        let is_of_queries = key.starts_with("queryable-state.") || key == "query.server.port";
        if is_of_queries && !ports::answers_queries(system) {
            maker.put(place, key, "nowhere: queryable state was off");
            maker.cure("NK0410", place, format!("`{key}` is left out"));
            return;
        }
        if system.version.is_some() && !is_known(key, version) {
            maker.put(place, key, format!("nowhere: Flink {version} has no such option"));
            maker.cure("NK0102", place, format!("`{key}` is left out"));
            return;
        }
    }
    let size = match key {
        "jobmanager.memory.process.size" => Some((&mut made.job_manager, "jobManager")),
        "taskmanager.memory.process.size" => Some((&mut made.task_manager, "taskManager")),
        _ => None,
    };
    if let (Some((slot, role)), Ok(bytes)) = (size, text.parse::<MemorySize>()) {
        // The field knows no blanks and no words for units.
        let bytes = bytes.bytes();
        let short = text.chars().all(|c| c.is_ascii_digit() || c == 'm' || c == 'g');
        *slot = Some(match (short && !text.is_empty(), bytes % (1 << 20)) {
            (true, _) => text,
            (false, 0) => format!("{}m", bytes >> 20),
            (false, _) => format!("{bytes}b"),
        });
        maker.put(place, key, format!("spec.{role}.resource.memory"));
        return;
    }
    let current = options::canonical(key, version);
    // A release that is guessed from an image changes nothing, but where no config.yaml can say both: `high-availability:
    // zookeeper` beside keys below it.
    let is_beginning = || {
        all.effective()
            .any(|one| one.key.strip_prefix(key).is_some_and(|rest| rest.starts_with('.')))
    };
    let is_nested = || version.line().reads_config_yaml && is_beginning();
    let stays = maker.as_is || is_guess && !is_nested();
    let new = if stays { key } else { &*current };
    // The current spelling counts, should both be set.
    if new != key {
        if all.exact(new).is_some() {
            maker.put(place, key, format!("nowhere: `{new}` counts in its place"));
            return;
        }
        maker.cure("NK0111", place, format!("`{key}` is written `{new}`"));
    }
    maker.put(place, key, format!("spec.flinkConfiguration, `{new}`"));
    let origin = maker.origin(place);
    made.lines.push(Line { key: new.to_owned(), value: text, origin });
}

/// Whether the version reads the key, or nobody knows it: jobs may.
fn is_known(key: &str, version: FlinkVersion) -> bool {
    let current = options::canonical(key, version);
    options::find(&current).is_none_or(|info| {
        info.pattern.is_some() || info.own.is_some() || info.at(version).is_some()
    })
}
