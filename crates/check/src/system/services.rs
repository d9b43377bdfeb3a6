//! Which services of a Compose file form one session, and what is set for them.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Bound;

use super::{System, World, empty, release_of, settings};
use crate::embedded::{Embedded, Origin};
use crate::finding::Place;
use crate::image::{self, CONF};
use crate::kubernetes::{Role, Workload};
use crate::node::Walk;
use crate::service::{Mounted, Source};
use crate::settings::{Setting, Settings};
use crate::source::FileKind;
use nutkin_flink::{FlinkVersion, Problem, Value};

/// What variables of the image's entrypoint set, before `FLINK_PROPERTIES` (`docker-entrypoint.sh` of Flink's images,
/// `prepare_configuration`).
const VARIABLES: &[(&str, &str)] = &[
    ("JOB_MANAGER_RPC_ADDRESS", "jobmanager.rpc.address"),
    ("TASK_MANAGER_NUMBER_OF_TASK_SLOTS", "taskmanager.numberOfTaskSlots"),
];

/// The same of Bitnami's images (`libflink.sh`).
const VARIABLES_OF_BITNAMI: &[(&str, &str)] = &[
    ("FLINK_JOB_MANAGER_RPC_ADDRESS", "jobmanager.rpc.address"),
    ("FLINK_TASK_MANAGER_NUMBER_OF_TASK_SLOTS", "taskmanager.numberOfTaskSlots"),
];

/// Services of one file that know each other: TaskManagers belong to the JobManager whose name they are given, and
/// JobManagers of one highly available cluster to each other.
pub(super) fn group(world: &World) -> Vec<System<'_>> {
    let objects = world.objects.iter().filter(|object| object.compose.is_some());
    let services = objects.filter_map(Workload::of);
    let mut projects: BTreeMap<&str, Vec<Workload<'_>>> = BTreeMap::new();
    for workload in services {
        let project = workload.object.compose.as_ref().map_or("", |one| one.project.as_str());
        projects.entry(project).or_default().push(workload);
    }
    let mut systems = Vec::new();
    for services in projects.into_values() {
        let mut groups: Vec<(Option<String>, Vec<Workload<'_>>)> = Vec::new();
        let cluster = |workload: &Workload<'_>| {
            let (own, _) = of(world, workload);
            let kind = own
                .value("high-availability.type")
                .filter(|kind| !kind.eq_ignore_ascii_case("none"))?;
            let id = own.value("high-availability.cluster-id").unwrap_or_default();
            Some(format!("{kind} {id}"))
        };
        let (masters, workers): (Vec<_>, Vec<_>) =
            services.into_iter().partition(|workload| workload.role.is_job_manager());
        for master in masters {
            let id = cluster(&master);
            match groups.iter_mut().find(|(known, _)| id.is_some() && *known == id) {
                Some((_, members)) => members.push(master),
                None => groups.push((id, vec![master])),
            }
        }
        let several = 1 < groups.len();
        let mut lonely = Vec::new();
        for worker in workers {
            let id = cluster(&worker);
            let host = of(world, &worker).0.value("jobmanager.rpc.address");
            let is_called = |workload: &Workload<'_>| {
                let hosts = workload.object.compose.as_ref().map(|service| &service.hosts);
                host.as_ref().is_some_and(|host| hosts.is_some_and(|hosts| hosts.contains(host)))
            };
            let found = groups.iter_mut().find(|(known, members)| {
                !several || id.is_some() && *known == id || members.iter().any(is_called)
            });
            match found {
                Some((_, members)) => members.push(worker),
                None => lonely.push(worker),
            }
        }
        if !lonely.is_empty() {
            groups.push((None, lonely));
        }
        systems.extend(groups.into_iter().map(|(_, members)| of_services(world, members)));
    }
    systems
}

fn of_services<'a>(world: &'a World, workloads: Vec<Workload<'a>>) -> System<'a> {
    let project = workloads.first().and_then(|one| one.object.compose.as_ref());
    let project = project.map_or("", |service| service.project.as_str());
    let title = workloads.first().map(Workload::title).unwrap_or_default();
    let mut system = empty(world, format!("{title} of {project}"));
    for workload in &workloads {
        for text in texts(world, workload) {
            if !system.texts.iter().any(|known| std::ptr::eq(*known, text)) {
                system.texts.push(text);
            }
        }
    }
    system.workloads = workloads;
    system
}

/// The configuration and log files of a service, in the order in which they count.
pub(crate) fn texts<'a>(world: &'a World, workload: &Workload<'a>) -> Vec<&'a Embedded> {
    let own = world.index(workload.object).into_iter();
    let own = own.flat_map(|index| [Origin::Properties(index), Origin::Content(index)]);
    let own = own.filter_map(|origin| world.texts_of.get(&origin)).flatten().copied();
    let mut found: BTreeSet<usize> = own.collect();
    let mounts = workload.object.compose.as_ref().map_or(&[][..], |service| &service.mounts[..]);
    for mount in mounts {
        let Source::Path(path) = &mount.source else { continue };
        let below =
            world.texts_in.range::<str, _>((Bound::Included(path.as_str()), Bound::Unbounded));
        for (file, texts) in below.take_while(|(file, _)| file.starts_with(path.as_str())) {
            let rest = &file[path.len()..];
            let inside = rest.strip_prefix('/').or_else(|| path.is_empty().then_some(rest));
            let target = match inside {
                Some(rest) => format!("{}/{rest}", mount.target),
                None if rest.is_empty() => mount.target.clone(),
                None => continue,
            };
            let is_there =
                |text: &&usize| target == format!("/opt/flink/conf/{}", world.texts[**text].name);
            found.extend(texts.iter().filter(is_there));
        }
    }
    let mut found: Vec<&Embedded> = found.into_iter().map(|index| &world.texts[index]).collect();
    found.sort_by_key(|text| matches!(text.origin, Origin::Properties(_)));
    found
}

/// Whether the release of a service reads a file of its configuration: of the two flink-conf.yaml counts as long as there is
/// a reader of it (`GlobalConfiguration.loadConfiguration` of 1.19 and 1.20).
fn is_read(text: &Embedded, all: &[&Embedded], release: Option<FlinkVersion>) -> bool {
    let Some(line) = release.map(FlinkVersion::line) else { return true };
    let has_old = all.iter().any(|other| other.kind == FileKind::FlinkConf);
    match text.kind {
        FileKind::FlinkConf => line.reads_flink_conf,
        FileKind::ConfigYaml => line.reads_config_yaml && !(line.reads_flink_conf && has_old),
        _ => true,
    }
}

/// Whether the entrypoint cannot write the configuration of a service: what counts of it is mounted to be read only.
fn is_closed(workload: &Workload<'_>, files: &[&Embedded]) -> bool {
    if workload.read_only_root().is_some() && !workload.can_write(CONF) {
        return true;
    }
    let mounts = workload.object.compose.as_ref().map_or(&[][..], |service| &service.mounts[..]);
    let is_over = |target: &str| {
        target == CONF
            || files.iter().any(|text| {
                text.kind.is_options()
                    && target.strip_prefix(CONF) == Some(&format!("/{}", text.name))
            })
    };
    let is_bind = |mount: &&Mounted| matches!(mount.source, Source::Path(_));
    let mut over = mounts.iter().filter(|mount| is_over(&mount.target)).filter(is_bind);
    over.any(|mount| mount.read_only) && files.iter().any(|text| text.kind.is_options())
}

/// What is set for one service: variables, files, `FLINK_PROPERTIES`, arguments. Variables of the entrypoint have no effect on
/// a configuration that it cannot write.
pub(crate) fn of(world: &World, workload: &Workload<'_>) -> (Settings, Vec<(Place, Problem)>) {
    let release = release_of(world, workload);
    let mut own = Settings::of(release);
    let mut refused = Vec::new();
    let texts = texts(world, workload);
    let (properties, files): (Vec<&Embedded>, Vec<&Embedded>) =
        texts.into_iter().partition(|text| matches!(text.origin, Origin::Properties(_)));
    let files: Vec<&Embedded> =
        files.iter().copied().filter(|text| is_read(text, &files, release)).collect();
    refused.extend(settings::read_all(&files, &world.files, &mut own));
    if is_closed(workload, &files) {
        return (own, refused);
    }
    let image = workload.image().and_then(Walk::text).unwrap_or_default();
    let variables = if image::is_bitnami(image) { VARIABLES_OF_BITNAMI } else { VARIABLES };
    for (variable, key) in variables {
        if let Some((entry, Some(value))) = workload.variable(variable) {
            own.push(Setting {
                key: (*key).to_owned(),
                value: Value::Text(value.to_owned()),
                place: entry.place(workload.file()),
                dialect: None,
                implied: false,
            });
        }
    }
    refused.extend(settings::read_all(&properties, &world.files, &mut own));
    (own, refused)
}

/// What is set for the session: where the roles are told different things, each option counts as it is told to the
/// role that reads it.
pub(super) fn read(system: &mut System<'_>) {
    let all: Vec<(Role, Settings)> = system
        .workloads
        .iter()
        .map(|workload| {
            let (own, refused) = of(system.world, workload);
            system.refused.extend(refused);
            (workload.role, own)
        })
        .collect();
    let (masters, workers): (Vec<_>, Vec<_>) =
        all.into_iter().partition(|(role, _)| role.is_job_manager());
    let is_of_worker = |setting: &&Setting| setting.key.starts_with("taskmanager.");
    for (_, own) in workers.iter().chain(&masters) {
        for setting in &own.list {
            system.settings.push(setting.clone());
        }
    }
    for (_, own) in &workers {
        for setting in own.list.iter().filter(is_of_worker) {
            system.settings.push(setting.clone());
        }
    }
}
