//! A session of a Compose file as a session file for a Docker daemon. What a session on Docker has no place for is said.

mod mounts;
mod options;
mod refuse;
mod rest;

use serde_json::{Map, Value};

use super::images::image_of;
use super::write::{Content, write};
use super::{Adoption, AdoptionRequest, Maker, logging};
use super::{refuse as judge, resources};
use crate::finding::{Findings, Place};
use crate::kubernetes::Workload;
use crate::node::Walk;
use crate::rules;
use crate::system::{System, World};
use nutkin_core::spec;
use nutkin_flink::Problem;

/// Defects that no session on Docker has: code and what is in their place.
const VANISHING: &[(&str, &str)] = &[
    ("NK0208", "checkpoints and savepoints are on the volume of the session"),
    ("NK0201", "the leaders' files are on the volume of the session"),
    ("NK0206", "Nutkin brings a ZooKeeper along"),
    ("NK0207", "each JobManager has a name of its own"),
    ("NK0405", "containers of the session find the JobManager by its name"),
    ("NK0414", "containers of the session find the JobManager by its name"),
    ("NK0417", "each container answers at its own address"),
    ("NK0418", "each container has a name of its own"),
    ("NK0502", "each container may have the memory that its process takes"),
    ("NK0601", "each container answers at its own address"),
    ("NK0602", "each container answers at its own address"),
    ("NK0621", "containers of the session can write to their root file systems"),
    ("NK0605", "the log configuration of the session is there"),
    ("NK0614", "Nutkin opens the modules"),
    ("NK0702", "all containers have one image"),
    ("NK1002", "a session on Docker publishes REST only"),
    ("NK1005", "a session on Docker publishes REST where it listens"),
];

/// Makes the session file.
///
/// # Errors
/// The services are nothing that a session on Docker can be.
pub(super) fn make(
    world: &World,
    system: &System<'_>,
    request: &AdoptionRequest,
) -> Result<Adoption, Vec<Problem>> {
    let mut maker = Maker::new(world, request);
    let mut refused = judge::of(system, &maker);
    refused.extend(refuse::of(system, &maker, request));
    if !refused.is_empty() {
        return Err(refused);
    }
    let name = request.name.clone().unwrap_or_else(|| name_of(system));
    let version = system.release();
    let mut notes = Vec::new();
    let mut made = options::of(system, version, &mut maker);
    let mut spec = Map::new();
    spec.insert("flinkVersion".to_owned(), version.operator_name().into());
    if let Some(main) = system.job_managers().next()
        && let Some(image) = image_of(main, version, &mut made, &mut maker)
    {
        spec.insert("image".to_owned(), image.into());
        let policy = match main.container.text_of("imagePullPolicy") {
            Some("always") => Some("Always"),
            Some("missing" | "if_not_present") => Some("IfNotPresent"),
            Some("never") => Some("Never"),
            _ => None,
        };
        if let Some(policy) = policy {
            spec.insert("imagePullPolicy".to_owned(), policy.into());
        }
    }
    mounts::of(system, &mut made, &mut maker, &mut notes);
    let log = logging::of(system, &mut maker);
    let first = |is_master: bool| {
        system.workloads.iter().find(|workload| workload.role.is_job_manager() == is_master)
    };
    let template = |is_master: bool| mounts::template(system, first(is_master)?, request);
    let templates = [template(true), template(false)];
    let is_common = templates[0] == templates[1];
    if let (Some(template), true) = (&templates[0], is_common) {
        spec.insert("podTemplate".to_owned(), template.clone());
    }
    for (role, is_master) in [("jobManager", true), ("taskManager", false)] {
        let of_role: Vec<&Workload<'_>> =
            system.workloads.iter().filter(|w| w.role.is_job_manager() == is_master).collect();
        let Some(first) = of_role.first() else { continue };
        let replicas: i64 = of_role.iter().map(|workload| workload.replicas.max(1)).sum();
        let mut side = Map::new();
        side.insert("replicas".to_owned(), replicas.into());
        for workload in &of_role {
            maker.put(workload.object.place(), workload.title(), format!("spec.{role}"));
        }
        let process = if is_master { &made.job_manager } else { &made.task_manager };
        resources::of(system, first, role, process.clone(), &mut side, &mut maker);
        let own = templates[usize::from(!is_master)].as_ref().filter(|_| !is_common);
        side.extend(own.map(|template| ("podTemplate".to_owned(), template.clone())));
        spec.insert(role.to_owned(), Value::Object(side));
    }
    if !request.as_is {
        vanished(world, system, &mut maker);
    }
    notes.extend(super::notes::guess(system).filter(|_| request.flink.is_none()));
    notes.extend(rest::of(world, system, &name));
    let content = Content { name: &name, namespace: None, spec: &spec, options: &made.lines, log };
    let text = with_notes(&write(content, &maker)?, &notes);
    let all = super::options::all(system, version);
    judge::judge(&text, &name, false, |key| {
        all.get(key).map(|setting| maker.location(setting.place))
    })?;
    maker.placed.sort();
    Ok(Adoption { name, text, beside: Vec::new(), placed: maker.placed, cures: maker.cures, notes })
}

/// The notes in the head of the file, for whoever reads it later.
fn with_notes(text: &str, notes: &[String]) -> String {
    let lines: String =
        notes.iter().map(|note| format!("# Note: {}\n", note.replace(['\n', '\r'], " "))).collect();
    text.replacen("apiVersion:", &format!("{lines}apiVersion:"), 1)
}

/// What the project calls itself, otherwise the directory of its file.
fn name_of(system: &System<'_>) -> String {
    let service = system.workloads.first().and_then(|one| one.object.compose.as_ref());
    let file = service.map_or("", |service| service.project.as_str());
    let directory = file.rsplit('/').nth(1).unwrap_or_default().to_owned();
    // A session that Nutkin rendered calls its project after itself.
    let project = service.and_then(|service| service.name.as_deref());
    let project = project.map(|name| name.strip_prefix("nutkin-").unwrap_or(name).to_owned());
    let names = [project, Some(directory)];
    let mut names = names.into_iter().flatten();
    names.find(|name| spec::is_name(name)).unwrap_or_else(|| spec::DEFAULT_NAME.to_owned())
}

/// Describes each defect that was found and that a session on Docker does not have.
fn vanished(world: &World, system: &System<'_>, maker: &mut Maker<'_>) {
    let mut findings = Findings::new(maker.files);
    rules::of_system(system, &mut findings);
    for refusal in refuse::refusals(world, system) {
        if let Some(cure) = refusal.cure {
            maker.cure("NK1001", refusal.place, cure);
        }
    }
    let mut of_files = Findings::new(maker.files);
    rules::compose::of_world(world, &mut of_files);
    // Ports of TaskManagers are not published.
    let is_of_worker = |place: &Place| {
        let mut services = system.task_managers().filter_map(|one| one.object.compose.as_ref());
        services.any(|service| service.published.iter().any(|(_, at)| at == place))
    };
    of_files.list.retain(|(place, one)| one.rule.code == "NK1002" && is_of_worker(place));
    findings.list.append(&mut of_files.list);
    let found: Vec<_> =
        findings.list.iter().map(|(place, finding)| (*place, finding.rule.code)).collect();
    for (place, code) in found {
        let Some((_, message)) = VANISHING.iter().find(|(known, _)| *known == code) else {
            continue;
        };
        let location = maker.location(place);
        let is_kept = matches!(code, "NK0201" | "NK0208")
            && !maker
                .placed
                .iter()
                .any(|part| part.location == location && part.to.starts_with(options::ON_VOLUME));
        let is_told = |cure: &super::Cure| cure.rule.code == code && cure.location == location;
        if !is_kept && !maker.cures.iter().any(is_told) {
            maker.cure(code, place, *message);
        }
    }
}

#[cfg(test)]
mod tests;
