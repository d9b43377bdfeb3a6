//! What services a session on Docker cannot be: said before anything is written.

use std::collections::BTreeSet;

use super::mounts;
use crate::adopt::refuse::half;
use crate::adopt::{AdoptionRequest, Maker};
use crate::compose::Refusal;
use crate::finding::Place;
use crate::image::{self, CONF_OR_OPTIONS};
use crate::kubernetes::{Role, Workload};
use crate::node::Walk;
use crate::rules::compose::one_lines;
use crate::service::{Service, Source};
use crate::system::{System, World, of_service, release_of};
use nutkin_flink::options::{self, Level};
use nutkin_flink::{Argument, Problem};

/// All reasons.
pub(super) fn of(
    system: &System<'_>,
    maker: &Maker<'_>,
    request: &AdoptionRequest,
) -> Vec<Problem> {
    let mut problems: Vec<Problem> = half(system, maker).into_iter().collect();
    let mut add = |place: Place, message: String, hint: &str| {
        let problem = Problem::argument(Argument::From, message).hint(hint);
        problems.push(problem.at(maker.location(place)));
    };
    for workload in &system.workloads {
        let (place, title) = (workload.object.place(), workload.title());
        let Some(service) = &workload.object.compose else { continue };
        if !service.open.is_empty() {
            let names = service.open.join("`, `");
            let message = format!("{title} uses `{names}`, and no file gives it a value");
            add(place, message, "write NAME=VALUE into `.env` beside the Compose file");
        }
        for file in &service.missing {
            let message = format!("{title} needs `{file}`, which is not among the files");
            add(place, message, "name it as well");
        }
        if workload.role == Role::Both {
            let message = format!("{title} runs JobManager and TaskManager in one container");
            add(place, message, "give each of them a service of its own");
        }
        if workload.shares_network() {
            let mode = service.fields.iter().find(|(field, _)| field == "network_mode");
            let place = mode.map_or(place, |(_, place)| *place);
            let message = format!(
                "{title} has the network of the host or of another container, and a session on Docker has a network of its own"
            );
            add(place, message, "take `network_mode` out, and name other hosts by their names");
        }
        for (mount, reason, hint) in mounts::refusals(system, workload, request) {
            add(mount.place, reason, hint);
        }
        let counts = |field: &str| COUNTING.contains(&field);
        for (field, place) in service.fields.iter().filter(|(field, _)| counts(field)) {
            let message = format!("`{field}` of {title} is nothing that a session on Docker has");
            add(
                *place,
                message,
                "take it out where Flink and its jobs do without it, or do it in the image",
            );
        }
        if let Some((user, place)) = &service.user
            && !OWN_USERS.contains(&user.as_str())
        {
            let message = format!(
                "{title} runs as the user `{user}`, and containers of a session as that of the image"
            );
            add(*place, message, "leave `user` out, and give the directories to uid 9999");
        }
        let bitnami =
            workload.image().and_then(Walk::text).filter(|image| image::is_bitnami(image));
        if let Some(image) = bitnami {
            let release = system.release();
            let message = format!(
                "`{image}` of {title} has an entrypoint and directories of its own, which no session has"
            );
            let hint = format!(
                "give the services Flink's own image, `flink:{release}`, with `command: jobmanager` or `command: taskmanager` and \
                 JOB_MANAGER_RPC_ADDRESS"
            );
            add(place, message, &hint);
        }
        if let Some(script) = strange_script(workload) {
            let message = format!(
                "{title} starts by `{script}`, which is not a script of Flink's: what it does is not known"
            );
            let hint = "let the image's ENTRYPOINT do it, and start it by `command: jobmanager` or `command: taskmanager`";
            add(place, message, hint);
        }
        if workload.image().is_none() {
            let message = format!("{title} is built here, and its image has no name");
            add(place, message, "give the service `image: NAME` beside `build`, and build it");
        }
        if let Some(mount) = unread(system, service) {
            let message =
                format!("the configuration of {title} at `{mount}` is not among the files");
            add(place, message, "name its file or directory as well");
        }
        let empty =
            workload.container.items_of("env").iter().find(|entry| entry.get("value").is_none());
        if let Some(name) = empty.and_then(|entry| entry.text_of("name")) {
            let message = format!("the variable `{name}` of {title} has the value of a shell");
            add(place, message, "write NAME=VALUE in the Compose file or in an `env_file`");
        }
    }
    for refusal in refusals(system.world, system).filter(|refusal| refusal.cure.is_none()) {
        let message = format!("Docker Compose refuses this file: {}", refusal.message);
        add(
            refusal.place,
            message,
            "correct the line; `docker compose config` prints the file as Compose reads it",
        );
    }
    for (place, message) in one_lines(system) {
        add(place, message, "write FLINK_PROPERTIES as a block that keeps its lines, `|`");
    }
    images(system, &mut add);
    alike(system, &mut add);
    for problem in wrong_values(system, maker) {
        if !problems.contains(&problem) {
            problems.push(problem);
        }
    }
    problems
}

/// Fields on which a container may depend, and that no session on Docker has.
const COUNTING: &[&str] = &[
    "cgroup",
    "cgroup_parent",
    "credential_spec",
    "device_cgroup_rules",
    "devices",
    "dns",
    "dns_opt",
    "dns_search",
    "external_links",
    "gpus",
    "group_add",
    "ipc",
    "isolation",
    "models",
    "pid",
    "post_start",
    "pre_stop",
    "privileged",
    "provider",
    "runtime",
    "security_opt",
    "shm_size",
    "sysctls",
    "ulimits",
    "use_api_socket",
    "userns_mode",
    "volumes_from",
    "working_dir",
];

/// Users with which containers of Flink's images end up as `flink`: the entrypoint starts as root, and becomes another one.
const OWN_USERS: &[&str] =
    &["root", "root:root", "0", "0:0", "flink", "flink:flink", "9999", "9999:9999"];

/// Values at which Flink stops, also those of a role that does not ask for the option: nobody knows what was meant.
fn wrong_values(system: &System<'_>, maker: &Maker<'_>) -> Vec<Problem> {
    let version = system.release();
    let mut found = Vec::new();
    for workload in &system.workloads {
        let settings = system.settings_of(workload);
        let wrong = options::check(&settings.configuration(), version).into_iter();
        for finding in wrong.filter(|finding| finding.level == Level::Error) {
            let setting = settings.get(&finding.problem.path).filter(|one| !one.is_open());
            found.extend(setting.map(|one| finding.problem.at(maker.location(one.place))));
        }
    }
    found
}

/// What Compose says to the files of a session's services.
pub(super) fn refusals<'a>(
    world: &'a World,
    system: &System<'_>,
) -> impl Iterator<Item = &'a Refusal> {
    let own: BTreeSet<usize> = system.workloads.iter().map(Workload::file).collect();
    world.refusals.iter().filter(move |refusal| own.contains(&refusal.place.file))
}

/// A script of somebody's own with which a container starts.
fn strange_script<'a>(workload: &Workload<'a>) -> Option<&'a str> {
    const OF_FLINK: [&str; 3] = ["docker-entrypoint.sh", "jobmanager.sh", "taskmanager.sh"];
    let (first, _) = workload.words().next()?;
    let name = crate::path::last(first);
    let is_strange =
        name.strip_suffix(".sh").is_some() && !OF_FLINK.contains(&name) && !name.contains("wait");
    is_strange.then_some(first)
}

/// Where a configuration is mounted whose text is not known.
fn unread(system: &System<'_>, service: &Service) -> Option<String> {
    let mut mounts =
        service.mounts.iter().filter(|mount| CONF_OR_OPTIONS.contains(&mount.target.as_str()));
    let mount = mounts.find(|mount| {
        let path = match &mount.source {
            Source::Path(path) => path,
            Source::Text(_) => return false,
            Source::Volume(_) | Source::Own => return true,
        };
        !system.texts.iter().any(|text| {
            let file = system.world.files[text.start().file].name.as_str();
            text.kind.is_options() && (file == path || file.starts_with(path.as_str()))
        })
    });
    mount.map(|mount| mount.target.clone())
}

/// A session has one image.
fn images(system: &System<'_>, add: &mut impl FnMut(Place, String, &str)) {
    let Some(first) = system.job_managers().next() else { return };
    let name = |workload: &Workload<'_>| {
        let text = workload.image().and_then(Walk::text).unwrap_or_default();
        let name = text.split('@').next().unwrap_or(text);
        let tag = image::tag(text).map_or(0, |tag| tag.len() + 1);
        name[..name.len() - tag.min(name.len())].to_owned()
    };
    let text = |workload: &Workload<'_>| workload.image().and_then(Walk::text).map(str::to_owned);
    for other in system.workloads.iter().filter(|one| text(one).is_some() && text(first).is_some())
    {
        let is_flinks = text(other).is_some_and(|image| image::is_flinks_own(&image));
        let release = |one: &Workload<'_>| release_of(system.world, one);
        let is_mixed = release(other) != release(first);
        // Releases of Flink that are mixed are a defect, which one image cures.
        if text(other) != text(first) && !(is_flinks && is_mixed && name(other) == name(first)) {
            let message = format!(
                "{} runs `{}`, {} runs `{}`: a session has one image",
                first.title(),
                text(first).unwrap_or_default(),
                other.title(),
                text(other).unwrap_or_default()
            );
            add(other.object.place(), message, "give both roles one image");
        }
    }
}

/// Services of one role are as many containers of one kind.
fn alike(system: &System<'_>, add: &mut impl FnMut(Place, String, &str)) {
    for is_master in [true, false] {
        let mut of_role =
            system.workloads.iter().filter(|one| one.role.is_job_manager() == is_master);
        let Some(first) = of_role.next() else { continue };
        for other in of_role {
            if let Some(what) = difference(system, first, other) {
                let message = format!(
                    "{} and {} differ in `{what}`: containers of one role are alike in a session",
                    first.title(),
                    other.title()
                );
                add(other.object.place(), message, "name a Compose file in which they are alike");
            }
        }
    }
}

/// Options in which containers of one role have to differ, and that a session gives each of them.
const OWN: &[&str] = &[
    "jobmanager.rpc.address",
    "rest.address",
    "rest.port",
    "taskmanager.host",
    "taskmanager.resource-id",
    "taskmanager.rpc.port",
];

/// What two services of one role do not have in common.
fn difference(system: &System<'_>, one: &Workload<'_>, other: &Workload<'_>) -> Option<String> {
    let settings = |workload: &Workload<'_>| {
        let (own, _) = of_service(system.world, workload);
        let all = own.with_arguments(workload);
        let all: std::collections::BTreeMap<String, String> =
            all.effective().map(|setting| (setting.key.clone(), setting.text())).collect();
        all
    };
    let (left, right) = (settings(one), settings(other));
    let keys = left.keys().chain(right.keys());
    let mut keys = keys.filter(|key| !OWN.contains(&key.as_str()));
    if let Some(key) = keys.find(|key| left.get(*key) != right.get(*key)) {
        return Some(key.clone());
    }
    let json = |workload: &Workload<'_>| {
        workload.container.get("resources").map(nutkin_flink::yaml::Node::to_json)
    };
    if json(one) != json(other) {
        return Some("deploy.resources".to_owned());
    }
    if mounts::kept(system, one) != mounts::kept(system, other) {
        return Some("volumes".to_owned());
    }
    let hosts = |workload: &Workload<'_>| -> Vec<(String, String)> {
        let all = workload.object.compose.iter().flat_map(|service| &service.extra_hosts);
        all.map(|(name, address, _)| (name.clone(), address.clone())).collect()
    };
    if hosts(one) != hosts(other) {
        return Some("extra_hosts".to_owned());
    }
    let variables = |workload: &Workload<'_>| -> std::collections::BTreeMap<String, String> {
        let entries = workload.container.items_of("env").iter();
        let all = entries.filter_map(|entry| {
            Some((entry.text_of("name")?.to_owned(), entry.text_of("value")?.to_owned()))
        });
        all.filter(|(name, _)| name != "FLINK_PROPERTIES" && name != "JOB_MANAGER_RPC_ADDRESS")
            .collect()
    };
    let (left, right) = (variables(one), variables(other));
    let mut names = left.keys().chain(right.keys());
    names.find(|name| left.get(*name) != right.get(*name)).cloned()
}
