//! Memory and resources: what Flink takes, what the container may have, and what the slots get.

mod amounts;

use super::rules;
use crate::embedded::{Embedded, Origin};
use crate::finding::{Findings, Place};
use crate::image::{self, CONF_OR_OPTIONS, FLINK_CONF};
use crate::kubernetes::{Mount, Role, Workload};
use crate::node::Walk;
use crate::settings::{self, Setting, Settings};
use crate::source::FileKind;
use crate::system::{System, texts_of_service};
use nutkin_core::kubernetes::quantity::whole as quantity;
use nutkin_flink::memory::{self, LegacyHeap, MemoryInput};
use nutkin_flink::{Configuration, FlinkVersion, Problem, Value};

rules! {
    IMPOSSIBLE "NK0501" Error "memory that does not add up"
        happens "Flink calculates the parts of its memory before it starts and stops with an IllegalConfigurationException. The container restarts for ever."
        cure "Set one total, `jobmanager.memory.process.size` and `taskmanager.memory.process.size`, and leave the parts to Flink. `nutkin explain memory` shows where it goes.";
    LIMIT "NK0502" Error "the container may have less memory than Flink takes"
        happens "Flink sizes itself after its options, not after the container. As soon as it uses what it believes to have, the kernel kills it: OOMKilled, exit code 137, usually under load."
        cure "Set the limit to the process size of the options, or the other way round.";
    WASTE "NK0503" Note "the container may have much more memory than Flink takes"
        happens "Flink uses what its options say; the rest is reserved on the node and stays empty."
        cure "Raise the process size to the limit, or lower the limit.";
    SMALL_SLOTS "NK0504" Warning "too little heap for each slot"
        happens "All slots of a TaskManager share one heap. With so little heap jobs spend their time in garbage collection and end with `OutOfMemoryError: Java heap space`."
        cure "Take fewer slots for each TaskManager and more TaskManagers, or more memory. `nutkin explain memory` shows the heap of a size.";
    NO_RESOURCES "NK0505" Warning "a container of Flink without resources"
        happens "The pod is BestEffort: it may land on a node without room, and it is the first to be evicted when memory gets short. Each eviction restarts the jobs."
        cure "Set `resources.requests` and `resources.limits` for memory to the process size of the options, and a request for cpu.";
    BY_HAND "NK0506" Warning "a heap size that somebody calculated by hand"
        happens "The heap is only one part; metaspace, network buffers, managed memory and the JVM's own take more, and how much depends on the version. A limit that fits today kills the container after an upgrade. Flink 2.x does not read such options at all."
        cure "Set the total with `*.memory.process.size` and remove the heap size: Flink then takes care of the parts.";
    ONE_SIZE "NK0507" Note "JobManagers and TaskManagers share one pod"
        happens "Both get the same memory, cpu and labels, although their needs differ, and no Service can select the JobManagers alone."
        cure "Use a Deployment or StatefulSet for each of the two.";
    TOO_PARALLEL "NK0508" Warning "the default parallelism is more than all slots"
        happens "A job that says nothing about its parallelism needs that many slots at once and waits for ever: `NoResourceAvailableException`."
        cure "Lower `parallelism.default`, or run more TaskManagers or more slots.";
    REACTIVE "NK0509" Error "reactive mode in a session"
        happens "The JobManager stops at the start: `Reactive mode is configured for an unsupported cluster type`. Reactive mode gives all resources to one job, which only a standalone application has."
        cure "Remove `scheduler-mode`. In a session `jobmanager.scheduler: adaptive` takes the slots that are there; for one job that uses whatever there is, run an application (`standalone-job.sh`).";
    MISREAD "NK0510" Error "an amount whose unit is not the one that was meant"
        happens "Units of Kubernetes are not those of Flink or Docker: `m` is a thousandth, `M` a million, `Mi` a mebibyte. `cpu: 500M` asks for 500 million processors, and the pod stays in Pending: `Insufficient cpu`. `memory: 1024m` is one byte, in which no container starts."
        cure "Write `500m` for half a processor, and `1024Mi` for a gibibyte of memory.";
}

/// Heap for one slot below which hardly any job runs: Flink's own default gives 192 MiB to each of two.
const LITTLE: u64 = 64 << 20;

/// Memory that a limit may have above the process size without being waste.
const SLACK: u64 = 512 << 20;

pub(super) fn check(system: &System<'_>, out: &mut Findings<'_>) {
    for workload in &system.workloads {
        resources(workload, out);
        by_hand(workload, out);
        if workload.role == Role::Both {
            let place = workload.object.place_of("spec/template");
            let message = format!("{} runs both", workload.title());
            out.add(&ONE_SIZE, place, message);
        }
        of_workload(system, workload, out);
    }
    let is_alone = system.workloads.is_empty() && system.session.is_none();
    if is_alone && !system.settings.is_empty() && !system.is_of_unknown_release() {
        plain(system, out);
    }
    amounts::check(system, out);
    session(system, out);
    reactive(system, out);
    parallelism(system, out);
}

/// The memory of a session file: what its fields give the processes has to add up with its options.
fn session(system: &System<'_>, out: &mut Findings<'_>) {
    let Some(session) = system.session.filter(|_| !system.is_of_unknown_release()) else { return };
    for (role, key) in [
        ("jobManager", "jobmanager.memory.process.size"),
        ("taskManager", "taskmanager.memory.process.size"),
    ] {
        let Some(node) = session.node.at(&format!("spec/{role}/resource/memory")) else { continue };
        // Quantities of Kubernetes are sizes of Flink but for their last letter.
        let text = node.text().unwrap_or_default().to_ascii_lowercase();
        let value = Value::Text(text.strip_suffix('i').unwrap_or(&text).to_owned());
        let mut settings = system.settings.clone();
        let place = node.place(session.file);
        let key = key.to_owned();
        settings.push(Setting { key, value, place, dialect: None, implied: false });
        if settings.list.iter().any(|setting| is_of_memory(&setting.key) && setting.is_open()) {
            continue;
        }
        let configuration = settings.configuration();
        let input = input(&configuration, system.version);
        let problem = match role {
            "jobManager" => memory::job_manager(&input).err(),
            _ => memory::task_manager(&input).err(),
        };
        let Some(problem) = problem else { continue };
        let place = blamed(&settings, &problem.path).map_or(place, |setting| setting.place);
        let message = format!("`spec.{role}` of {}: {}", session.title(), problem.message);
        impossible(place, message, &problem, out);
    }
}

/// `ClusterEntrypoint.startCluster` of 1.13 and later refuses reactive mode for all but standalone applications.
fn reactive(system: &System<'_>, out: &mut Findings<'_>) {
    let is_application =
        |workload: &Workload<'_>| workload.words().any(|(word, _)| word.contains("standalone-job"));
    let mut found = Vec::new();
    for workload in system.job_managers().filter(|workload| !is_application(workload)) {
        let settings = system.settings_of(workload);
        found.extend(settings.get("scheduler-mode").cloned());
    }
    if system.session.is_some_and(|session| session.node.at("spec/job").is_none()) {
        found.extend(system.settings.get("scheduler-mode").cloned());
    }
    for setting in found.iter().filter(|s| s.text().trim().eq_ignore_ascii_case("reactive")) {
        let message = format!("`{}` is `{}`, and this is a session", setting.key, setting.text());
        out.add(&REACTIVE, setting.place, message);
    }
}

fn input(configuration: &Configuration, version: Option<FlinkVersion>) -> MemoryInput<'_> {
    let version = version.unwrap_or(FlinkVersion::DEFAULT);
    MemoryInput { configuration, version, legacy: LegacyHeap::default() }
}

/// Whether the whole configuration of a workload is known: it mounts a ConfigMap that is in the files.
fn is_whole(system: &System<'_>, workload: &Workload<'_>) -> bool {
    system.refused.is_empty() && system.texts_of(workload).any(Embedded::is_options_of_map)
}

/// What the image of a container sets where its files are silent: nothing where all its configuration is mounted, `None`
/// where nobody knows.
fn of_image(
    system: &System<'_>,
    workload: &Workload<'_>,
) -> Option<&'static [(&'static str, &'static str)]> {
    let Some(service) = &workload.object.compose else {
        return settings::has_configuration_of_image(workload).then_some(&image::SIZES);
    };
    // A file that its release does not read takes nobody's place.
    let is_read = |target: &str| match system.version.map(FlinkVersion::line) {
        Some(line) if target.ends_with("/flink-conf.yaml") => line.reads_flink_conf,
        Some(line) if target.ends_with("/config.yaml") => line.reads_config_yaml,
        _ => true,
    };
    let mut targets = service.mounts.iter().map(|mount| mount.target.as_str());
    if targets.any(|target| CONF_OR_OPTIONS.contains(&target) && is_read(target)) {
        let is_conf = |text: &&Embedded| {
            text.kind.is_options() && !matches!(text.origin, Origin::Properties(_))
        };
        let own = texts_of_service(system.world, workload);
        return (system.refused.is_empty() && own.iter().any(is_conf)).then_some(&[]);
    }
    let image = workload.image().and_then(Walk::text)?;
    image::is_flinks_own(image).then_some(&image::SIZES)
}

/// Whether an option counts when the memory of a process is computed.
fn is_of_memory(key: &str) -> bool {
    key.contains("memory") || key.contains("heap")
}

/// Heap that an environment variable or a script sets is not known here.
fn is_sized_elsewhere(system: &System<'_>, workload: &Workload<'_>) -> bool {
    let sizes = |name: &str| name.contains("HEAP") || name.contains("MEMORY");
    let mut named = workload.container.items_of("env").iter().filter_map(|e| e.text_of("name"));
    if named.any(sizes) {
        return true;
    }
    workload.container.items_of("envFrom").iter().any(|from| {
        let of = |kind, field: &str| {
            let name = from.at(field)?.text()?;
            system.world.named(kind, name, workload.object)
        };
        let source =
            of("ConfigMap", "configMapRef/name").or_else(|| of("Secret", "secretRef/name"));
        // What is not among the files may hold anything.
        source.is_none_or(|source| {
            let parts = ["data", "stringData"].into_iter().filter_map(|part| source.node.get(part));
            parts.flat_map(Walk::entries).any(|(key, _)| sizes(&key.name))
        })
    })
}

fn of_workload(system: &System<'_>, workload: &Workload<'_>, out: &mut Findings<'_>) {
    let of_image = of_image(system, workload);
    if !is_whole(system, workload) && of_image.is_none()
        || system.is_of_unknown_release()
        || is_sized_elsewhere(system, workload)
        || workload.role == Role::Both
    {
        return;
    }
    let mut settings = system.settings_of(workload).into_owned();
    for (key, value) in of_image.unwrap_or_default() {
        if settings.get(key).is_none() {
            let place = workload.object.place();
            let value = Value::Text((*value).to_owned());
            settings.push(Setting {
                key: (*key).to_owned(),
                value,
                place,
                dialect: None,
                implied: true,
            });
        }
    }
    let counts = |key: &str| is_of_memory(key) || key == "taskmanager.numberOfTaskSlots";
    if settings.list.iter().any(|setting| counts(&setting.key) && setting.is_open()) {
        return;
    }
    let configuration = settings.configuration();
    let input = input(&configuration, system.version);
    let (process, slots) = if workload.role == Role::JobManager {
        match memory::job_manager(&input) {
            Ok(memory) => (memory.process(), None),
            Err(problem) => return impossible_of(system, &settings, &problem, workload, out),
        }
    } else {
        match memory::task_manager(&input) {
            Ok(memory) => (memory.process(), Some((memory.task_heap, memory.slots))),
            Err(problem) => return impossible_of(system, &settings, &problem, workload, out),
        }
    };
    limit(workload, process, out);
    if let Some((heap, slots)) = slots {
        small_slots(&settings, heap, slots, out);
    }
}

/// What the process of a workload takes by its options, in bytes; `None` where they do not say it, or do not add up.
pub(crate) fn process_size(system: &System<'_>, workload: &Workload<'_>) -> Option<u64> {
    let settings = system.settings_of(workload);
    if settings.list.iter().any(|setting| is_of_memory(&setting.key) && setting.is_open()) {
        return None;
    }
    let configuration = settings.configuration();
    let input = input(&configuration, system.version);
    match workload.role {
        Role::JobManager => Some(memory::job_manager(&input).ok()?.process()),
        _ => Some(memory::task_manager(&input).ok()?.process()),
    }
}

/// A configuration directory: only what it sets itself can be wrong, for an image may add the rest.
fn plain(system: &System<'_>, out: &mut Findings<'_>) {
    if !system.refused.is_empty() {
        return;
    }
    let configuration = system.settings.configuration();
    let input = input(&configuration, system.version);
    let fallback = system.settings.list[0].place;
    let tell = |problem: &Problem, out: &mut Findings<'_>| {
        let place =
            blamed(&system.settings, &problem.path).map_or(fallback, |setting| setting.place);
        let message = format!("`{}`: {}", problem.path, problem.message);
        impossible(place, message, problem, out);
    };
    if !memory::job_manager_needs_size(&input)
        && let Err(problem) = memory::job_manager(&input)
    {
        tell(&problem, out);
    }
    if !memory::task_manager_needs_size(&input) {
        match memory::task_manager(&input) {
            Ok(memory) => small_slots(&system.settings, memory.task_heap, memory.slots, out),
            Err(problem) => tell(&problem, out),
        }
    }
}

fn as_sentence(hint: &str) -> String {
    let mut letters = hint.chars();
    let first = letters.next().map(|first| first.to_uppercase().to_string()).unwrap_or_default();
    format!("{first}{}.", letters.as_str().trim_end_matches('.'))
}

/// The setting from which a calculation started: of the option that is blamed, otherwise the size of the same process,
/// under the spellings that Flink looks for.
fn blamed<'s>(settings: &'s Settings, path: &str) -> Option<&'s Setting> {
    let process = path.split('.').next().unwrap_or_default();
    let sizes = ["memory.process.size", "memory.flink.size", "heap.size", "heap.mb"];
    let size = || {
        sizes.iter().find_map(|end| settings.exact(&format!("{process}.{end}"))).or_else(|| {
            let part = format!("{process}.memory.");
            settings.effective().find(|setting| setting.key.starts_with(&part))
        })
    };
    settings.get(path).or_else(size)
}

fn impossible(place: Place, message: String, problem: &Problem, out: &mut Findings<'_>) {
    let finding = out.add(&IMPOSSIBLE, place, message);
    finding.cure = problem.hint.as_ref().map(|hint| as_sentence(&hint.plain()));
}

/// The same of a workload.
fn impossible_of(
    system: &System<'_>,
    settings: &Settings,
    problem: &Problem,
    workload: &Workload<'_>,
    out: &mut Findings<'_>,
) {
    // Where no size is set at all, it would be in the configuration.
    let of_file =
        || system.texts.iter().find(|text| text.kind != FileKind::Log4j).map(|t| t.start());
    let place = blamed(settings, &problem.path)
        .map(|setting| setting.place)
        .or_else(of_file)
        .unwrap_or_else(|| workload.object.place());
    let message = format!("{} of {}: {}", workload.role.name(), workload.title(), problem.message);
    impossible(place, message, problem, out);
}

fn limit(workload: &Workload<'_>, process: u64, out: &mut Findings<'_>) {
    let Some(node) = workload.container.at("resources/limits/memory") else { return };
    let Some(limit) = node.text().and_then(quantity).filter(|limit| amounts::LEAST <= *limit)
    else {
        return;
    };
    let place = node.place(workload.file());
    let words = format!(
        "the limit is {}, Flink takes {}",
        node.text().unwrap_or_default(),
        mebibytes(process)
    );
    // Flink's own client rounds down to whole MiB.
    if limit >> 20 < process >> 20 {
        let needed = format!("{}Mi", process.div_ceil(1 << 20));
        let patch = out.exchange(place, node.text().unwrap_or_default(), &needed);
        out.add(&LIMIT, place, words).patch = patch;
    } else if process.saturating_add(SLACK).max(process / 2 * 3) < limit {
        out.add(&WASTE, place, words);
    }
}

fn small_slots(settings: &Settings, heap: u64, slots: i32, out: &mut Findings<'_>) {
    let Ok(count) = u64::try_from(slots) else { return };
    let place = settings
        .get("taskmanager.numberOfTaskSlots")
        .or_else(|| settings.get("taskmanager.memory.process.size"))
        .map(|setting| setting.place);
    if let (true, Some(place)) = (0 < count && heap / count.max(1) < LITTLE, place) {
        let message = format!(
            "{slots} slots share {} of task heap: {} for each",
            mebibytes(heap),
            mebibytes(heap / count)
        );
        out.add(&SMALL_SLOTS, place, message);
    }
}

fn mebibytes(bytes: u64) -> String {
    format!("{} MiB", bytes >> 20)
}

fn resources(workload: &Workload<'_>, out: &mut Findings<'_>) {
    let resources = workload.container.get("resources");
    let has = |kind: &str| {
        resources.and_then(|node| node.get(kind)).is_some_and(|node| !node.entries().is_empty())
    };
    if !has("limits") && !has("requests") {
        let place = workload.container.place(workload.file());
        let name = workload.container.text_of("name").unwrap_or_default();
        let message = format!("the container `{name}` of {} sets no resources", workload.title());
        out.add(&NO_RESOURCES, place, message);
    }
}

fn by_hand(workload: &Workload<'_>, out: &mut Findings<'_>) {
    for entry in workload.container.items_of("env") {
        let Some(name) = entry.text_of("name") else { continue };
        let is_heap = name.contains("HEAP") && (name.contains("MANAGER") || name.contains("FLINK"));
        if is_heap {
            let limit = workload.container.at("resources/limits/memory").and_then(Walk::text);
            let value = entry.text_of("value").unwrap_or("a reference");
            let message = match limit {
                Some(limit) => format!("`{name}` is {value}, the limit of the container {limit}"),
                None => format!("`{name}` is {value}"),
            };
            out.add(&BY_HAND, entry.place(workload.file()), message);
        }
    }
}

fn parallelism(system: &System<'_>, out: &mut Findings<'_>) {
    let settings = system.settings_of_job_managers();
    let Some(setting) = settings.get("parallelism.default") else { return };
    let Ok(wanted) = setting.text().parse::<i64>() else { return };
    let mut workers = system.task_managers().peekable();
    // Without TaskManagers in the files, or with a number that somebody else changes, nothing is known.
    if workers.peek().is_none() || system.session.is_some() {
        return;
    }
    // A configuration that is not among the files may say any number.
    let is_unknown = |workload: &Workload<'_>| {
        let mount = workload.mount_of(FLINK_CONF);
        let mut maps = mount.iter().flat_map(Mount::config_maps);
        maps.any(|(map, _)| system.world.named("ConfigMap", map, workload.object).is_none())
    };
    if system.task_managers().any(is_unknown) {
        return;
    }
    let slots: i64 = workers
        .map(|workload| {
            let settings = system.settings_of(workload);
            let each = settings.value("taskmanager.numberOfTaskSlots");
            each.and_then(|each| each.parse::<i64>().ok())
                .unwrap_or(1)
                .saturating_mul(workload.replicas)
        })
        .fold(0, i64::saturating_add);
    if slots < wanted {
        let message =
            format!("`parallelism.default` is {wanted}, all TaskManagers have {slots} slots");
        out.add(&TOO_PARALLEL, setting.place, message);
    }
}
