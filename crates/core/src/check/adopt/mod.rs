//! `nutkin init --from`: hand-written files as one session file, with what was found cured.
//!
//! The session file takes what a `FlinkDeployment` has a place for. What Nutkin makes itself (the Services of
//! a JobManager, its address, the mounted configuration) is left out and told; all other objects lie beside.

mod options;
mod pods;

use serde_json::{Value, json};

use super::codes::Rule;
use super::finding::{Findings, Place};
use super::kubernetes::Workload;
use super::node::Walk;
use super::source::{File, FileKind, Input};
use super::system::{self, HighAvailability, System, World};
use super::{image, rules};
use crate::flink::FlinkVersion;
use crate::{Location, Problem, spec, yaml};

/// What to make of the files.
#[derive(Debug, Clone, Default)]
pub struct Request {
    /// The session's name; without one, that of the files.
    pub name: Option<String>,
    /// The Flink release, where the files do not say it.
    pub flink: Option<FlinkVersion>,
    /// Keep what was found, as far as a session file can hold it.
    pub as_is: bool,
}

/// A session file made of other files.
#[derive(Debug, Clone, PartialEq)]
pub struct Adoption {
    /// The session's name.
    pub name: String,
    /// The session file, with comments.
    pub text: String,
    /// Objects that have no place in it.
    pub beside: Vec<Value>,
    /// What became of each part of the files, by file and line.
    pub placed: Vec<Placed>,
    /// What was found and is not there any more.
    pub cures: Vec<Cure>,
}

/// Where a part of the files went.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Placed {
    /// Where it stood.
    pub location: Location,
    /// What it is: a key, a field, an object.
    pub what: String,
    /// Where it is now, or why it is nowhere.
    pub to: String,
}

/// A defect that the session file does not have.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cure {
    /// The code of `nutkin check`.
    pub rule: &'static Rule,
    /// Where it stood.
    pub location: Location,
    /// What was done about it.
    pub message: String,
}

/// Collects while the file is made.
struct Maker<'a> {
    files: &'a [File],
    as_is: bool,
    placed: Vec<Placed>,
    cures: Vec<Cure>,
}

impl Maker<'_> {
    fn location(&self, place: Place) -> Location {
        Location {
            file: self.files[place.file].name.clone(),
            line: Some(place.line),
            column: Some(place.column),
        }
    }

    fn put(&mut self, place: Place, what: impl Into<String>, to: impl Into<String>) {
        let location = self.location(place);
        self.placed.push(Placed { location, what: what.into(), to: to.into() });
    }

    fn cure(&mut self, code: &str, place: Place, message: impl Into<String>) {
        if let Some(rule) = super::codes::find(code) {
            let location = self.location(place);
            self.cures.push(Cure { rule, location, message: message.into() });
        }
    }
}

/// Makes a session file of other files.
///
/// # Errors
/// The files describe no session or several, or hold a session file already.
pub fn adopt(inputs: &[Input], request: &Request) -> Result<Adoption, Vec<Problem>> {
    let world = World::read(inputs.iter().map(File::new).collect());
    let systems = system::group(&world, request.flink);
    let with_pods: Vec<&System<'_>> = systems.iter().filter(|s| !s.workloads.is_empty()).collect();
    let system = match (&with_pods[..], &systems[..]) {
        ([one], _) => *one,
        ([], [one]) => one,
        ([], []) => {
            return Err(vec![
                Problem::new("--from", "the files describe no session of Flink")
                    .hint("name the Kubernetes files, or the directory with flink-conf.yaml"),
            ]);
        }
        (several, all) => {
            let titles: Vec<String> = if several.is_empty() {
                all.iter().map(|system| system.title.clone()).collect()
            } else {
                several.iter().map(|system| system.title.clone()).collect()
            };
            let message = format!("the files describe several sessions: {}", titles.join(", "));
            return Err(vec![
                Problem::new("--from", message).hint("name the files of one of them"),
            ]);
        }
    };
    if system.session.is_some() {
        return Err(vec![
            Problem::new("--from", format!("{} is a session file already", system.title))
                .hint("`nutkin up -f FILE` takes it as it is, `nutkin check -f FILE` looks at it"),
        ]);
    }
    make(&world, system, request)
}

fn make(world: &World, system: &System<'_>, request: &Request) -> Result<Adoption, Vec<Problem>> {
    let mut maker =
        Maker { files: &world.files, as_is: request.as_is, placed: Vec::new(), cures: Vec::new() };
    let name = request.name.clone().unwrap_or_else(|| name_of(system));
    let version = system.version.unwrap_or(FlinkVersion::DEFAULT);
    let options = options::of(system, version, &mut maker);
    let job_manager = system.job_managers().next().copied();
    let task_manager = system.task_managers().find(|w| w.role != super::kubernetes::Role::Both);

    let mut spec = serde_json::Map::new();
    spec.insert("flinkVersion".to_owned(), version.operator_name().into());
    let main = job_manager.as_ref().or(system.workloads.first());
    if let Some(main) = main {
        spec.insert("mode".to_owned(), "standalone".into());
        if let Some(image) = image_of(main, version, &mut maker) {
            spec.insert("image".to_owned(), image.into());
        }
        let policy = main.container.text_of("imagePullPolicy");
        if let Some(policy) = policy.filter(|p| matches!(*p, "Always" | "IfNotPresent" | "Never")) {
            spec.insert("imagePullPolicy".to_owned(), policy.into());
        }
        if let Some(account) = main.service_account() {
            maker.put(account.place(main.file()), "serviceAccountName", "spec.serviceAccount");
            spec.insert("serviceAccount".to_owned(), account.text().unwrap_or_default().into());
        }
    }
    let log = log_configuration(system, &mut maker);
    for (role, workload) in [("jobManager", job_manager.as_ref()), ("taskManager", task_manager)] {
        let mut side = serde_json::Map::new();
        if let Some(workload) = workload {
            let replicas = replicas(system, workload, role == "jobManager", &mut maker);
            side.insert("replicas".to_owned(), replicas.into());
            maker.put(workload.object.place(), workload.title(), format!("spec.{role}"));
        }
        let memory =
            if role == "jobManager" { &options.job_manager } else { &options.task_manager };
        if let Some(memory) = memory {
            side.insert("resource".to_owned(), json!({ "memory": memory }));
        }
        let template =
            workload.and_then(|workload| pods::template(system, workload, role, &mut maker));
        if let Some(template) = template {
            side.insert("podTemplate".to_owned(), template);
        }
        if !side.is_empty() {
            spec.insert(role.to_owned(), Value::Object(side));
        }
    }
    let beside = pods::beside(world, system, &mut maker);
    let namespace = system.namespace().map(str::to_owned);
    let text = write(&name, namespace.as_deref(), &spec, &options.lines, log, &maker)?;
    // Our own reader is the judge: what it does not take is no session file.
    spec::read(&text, &format!("{name}.yaml"))?;
    maker.placed.sort();
    Ok(Adoption { name, text, beside, placed: maker.placed, cures: maker.cures })
}

/// The cluster-id, else the name of the JobManager's workload without what every such name has.
fn name_of(system: &System<'_>) -> String {
    let id = system.settings.value("kubernetes.cluster-id");
    let workload = system.job_managers().next().or(system.workloads.first());
    let short = workload.map(|w| {
        let name = w.object.name.as_str();
        let cut =
            ["-jobmanager", "-job-manager", "-jm"].iter().find_map(|end| name.strip_suffix(end));
        cut.unwrap_or(name).to_owned()
    });
    let names = [id, short].into_iter().flatten();
    names
        .into_iter()
        .find(|name| spec::is_name(name))
        .unwrap_or_else(|| spec::DEFAULT_NAME.to_owned())
}

/// The image, with a tag that does not move.
fn image_of(
    workload: &Workload<'_>,
    version: FlinkVersion,
    maker: &mut Maker<'_>,
) -> Option<String> {
    let node = workload.image()?;
    let text = node.text()?;
    let place = node.place(workload.file());
    let numbers = image::tag(text).map(image::numbers).unwrap_or_default();
    let is_flink = super::kubernetes::is_flink_image(text);
    let brings = image::tag(text).and_then(image::version);
    if !maker.as_is && is_flink && brings.is_none() && 2 <= numbers.len() {
        let message = format!("`{text}` is left out: Flink {version} comes with its own image");
        maker.cure("NK0704", place, message);
        return None;
    }
    let base = text.split('@').next().unwrap_or(text);
    let official = matches!(base.split(':').next(), Some("flink" | "apache/flink"));
    if !maker.as_is && official && numbers.len() < 2 && !text.contains('@') {
        let name = base.split(':').next().unwrap_or(base);
        maker.cure("NK0701", place, format!("the image is `{name}:{version}`"));
        maker.put(place, "image", "spec.image");
        return Some(format!("{name}:{version}"));
    }
    maker.put(place, "image", "spec.image");
    Some(text.to_owned())
}

fn replicas(
    system: &System<'_>,
    workload: &Workload<'_>,
    is_job_manager: bool,
    maker: &mut Maker<'_>,
) -> i64 {
    let place = workload.object.place_of("spec/replicas");
    if workload.role == super::kubernetes::Role::Both {
        // One workload for both roles: how many are JobManagers only its scripts know.
        return 1;
    }
    if is_job_manager
        && 1 < workload.replicas
        && system.high_availability().is_none()
        && !maker.as_is
    {
        maker.cure("NK0204", place, "one JobManager, since nothing makes several of them one");
        return 1;
    }
    workload.replicas.max(1)
}

/// The log files, mended.
fn log_configuration(system: &System<'_>, maker: &mut Maker<'_>) -> Vec<(String, String)> {
    let mut found: Vec<(String, String)> = Vec::new();
    for text in &system.texts {
        if !matches!(text.kind, FileKind::Log4j | FileKind::Logback)
            || found.iter().any(|(n, _)| *n == text.name)
        {
            continue;
        }
        let mut content = text.text.trim_end().to_owned() + "\n";
        if !maker.as_is && text.kind == FileKind::Log4j {
            let mut findings = Findings::new(maker.files);
            rules::of_log(system, text, &mut findings);
            for (place, finding) in findings.list {
                if let (Some(patch), "NK0801") = (&finding.patch, finding.rule.code) {
                    let (Some(old), Some(new)) = (patch.remove.first(), patch.insert.first())
                    else {
                        continue;
                    };
                    content = content.replace(old.trim(), new.trim());
                    maker.cure("NK0801", place, format!("`{}`", new.trim()));
                }
            }
        }
        maker.put(
            text.start(),
            text.name.clone(),
            format!("spec.logConfiguration, `{}`", text.name),
        );
        found.push((text.name.clone(), content));
    }
    found
}

/// The file itself: head, fields, options with where they came from.
fn write(
    name: &str,
    namespace: Option<&str>,
    spec: &serde_json::Map<String, Value>,
    options: &[options::Line],
    log: Vec<(String, String)>,
    maker: &Maker<'_>,
) -> Result<String, Vec<Problem>> {
    let failed = |error: yaml::YamlError| vec![Problem::new("--from", error.to_string())];
    let mut text = format!(
        "# Made by `nutkin init --from` of {}.\n# `nutkin up -f FILE` starts it; `nutkin check -f FILE` looks at it.\n",
        sources(maker)
    );
    for cure in &maker.cures {
        let line = format!("# Cured {} ({}): {}", cure.rule.code, cure.location, cure.message);
        text.push_str(&line.replace(['\n', '\r'], " "));
        text.push('\n');
    }
    text.push_str("apiVersion: flink.apache.org/v1beta1\nkind: FlinkDeployment\n");
    let metadata = match namespace {
        Some(namespace) => json!({"metadata": {"name": name, "namespace": namespace}}),
        None => json!({"metadata": {"name": name}}),
    };
    text.push_str(&yaml::to_string(&metadata).map_err(failed)?);
    text.push_str("spec:\n");
    for (field, value) in spec {
        if field == "jobManager" {
            write_options(options, &mut text).map_err(failed)?;
            if !log.is_empty() {
                let files: serde_json::Map<String, Value> = log
                    .iter()
                    .map(|(name, content)| (name.clone(), content.clone().into()))
                    .collect();
                let value = json!({ "logConfiguration": files });
                push_indented(&yaml::to_string(&value).map_err(failed)?, &mut text);
            }
        }
        let value = json!({ field.as_str(): value });
        push_indented(&yaml::to_string(&value).map_err(failed)?, &mut text);
    }
    if !spec.contains_key("jobManager") {
        write_options(options, &mut text).map_err(failed)?;
    }
    Ok(text)
}

fn write_options(options: &[options::Line], text: &mut String) -> Result<(), yaml::YamlError> {
    if options.is_empty() {
        return Ok(());
    }
    text.push_str("  flinkConfiguration:\n");
    for option in options {
        text.push_str(&format!("    # {}\n", option.origin.replace(['\n', '\r'], " ")));
        let pair = json!({ option.key.as_str(): option.value });
        for line in yaml::to_string(&pair)?.lines() {
            text.push_str(&format!("    {line}\n"));
        }
    }
    Ok(())
}

fn push_indented(part: &str, text: &mut String) {
    for line in part.lines() {
        if line.is_empty() {
            text.push('\n');
        } else {
            text.push_str(&format!("  {line}\n"));
        }
    }
}

/// The names of the files, at most three.
fn sources(maker: &Maker<'_>) -> String {
    let names: Vec<&str> = maker.files.iter().map(|file| file.name.as_str()).collect();
    let text = match &names[..] {
        [first, second, third, rest @ ..] if !rest.is_empty() => {
            format!("{first}, {second}, {third} and {} more", rest.len())
        }
        _ => names.join(", "),
    };
    text.replace(['\n', '\r'], " ")
}

/// Whether Kubernetes keeps the leader, for parts that ask only this.
fn uses_kubernetes(system: &System<'_>) -> bool {
    matches!(system.high_availability(), Some((HighAvailability::Kubernetes, _)))
}

#[cfg(test)]
mod tests;
