//! Reading a session file.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::walk::{Values, entry, walk};
use super::{fields, is_name, not_a_name, snapshot};
use crate::session::{Mode, SessionJob, SnapshotDocument, UpgradeMode};
use nutkin_flink::remedy::Deed;
use nutkin_flink::units::MemorySize;
use nutkin_flink::values::double_text;
use nutkin_flink::yaml::{self, Node, NodeKind};
use nutkin_flink::{Configuration, FlinkVersion, Origin, Value};
use nutkin_flink::{Fault, Location, Problem};

/// What a session file says, without problems.
#[derive(Debug, Clone, Default)]
pub struct SessionFile {
    /// The file as the user named it.
    pub name: String,
    /// `metadata.name`.
    pub session: Option<String>,
    /// `metadata.namespace`.
    pub namespace: Option<String>,
    /// `metadata.labels`.
    pub labels: BTreeMap<String, String>,
    /// `metadata.annotations`.
    pub annotations: BTreeMap<String, String>,
    /// `spec.flinkVersion`.
    pub flink: Option<FlinkVersion>,
    /// `spec.mode`.
    pub mode: Option<Mode>,
    /// `spec.flinkConfiguration`, flattened: key, value, line.
    pub options: Vec<(String, Value, u32)>,
    /// Options for which other fields stand: key, value, field path.
    pub fields: Vec<(&'static str, Value, String)>,
    /// `spec.jobManager.replicas`.
    pub job_managers: Option<u32>,
    /// `spec.taskManager.replicas`.
    pub task_managers: Option<u32>,
    /// `spec.logConfiguration`.
    pub log_configuration: BTreeMap<String, String>,
    /// `spec.jobManager.podTemplate`.
    pub job_manager_template: Option<serde_json::Value>,
    /// `spec.taskManager.podTemplate`.
    pub task_manager_template: Option<serde_json::Value>,
    /// `spec.jobManager.resource.ephemeralStorage`.
    pub job_manager_storage: Option<String>,
    /// `spec.taskManager.resource.ephemeralStorage`.
    pub task_manager_storage: Option<String>,
    /// `spec.image`.
    pub image: Option<String>,
    /// `spec.imagePullPolicy`.
    pub image_pull_policy: Option<String>,
    /// `spec.serviceAccount`.
    pub service_account: Option<String>,
    /// `spec.podTemplate`.
    pub pod_template: Option<serde_json::Value>,
    /// `spec.ingress`.
    pub ingress: Option<serde_json::Value>,
    /// `spec.restartNonce`.
    pub restart_nonce: Option<i64>,
    /// The `FlinkSessionJob`s.
    pub jobs: Vec<SessionJob>,
    /// The `FlinkStateSnapshot`s.
    pub snapshots: Vec<SnapshotDocument>,
    /// The documents that it was read from, for [`SessionFile::documents`].
    pub(super) nodes: Arc<[Node]>,
}

/// The API version of all kinds.
const API_VERSION: &str = "flink.apache.org/v1beta1";

/// Reads a session file: one `FlinkDeployment`, its `FlinkSessionJob`s and their `FlinkStateSnapshot`s.
///
/// # Errors
/// All problems of the text, in the order of its lines.
pub fn read(text: &str, name: &str) -> Result<SessionFile, Vec<Problem>> {
    let (file, problems) = read_what_can_be(text, name);
    if problems.is_empty() { Ok(file) } else { Err(problems) }
}

/// What is wrong with one `FlinkDeployment` or `FlinkSessionJob` by itself, whatever lies beside it.
pub fn problems_of(object: &Node, name: &str) -> Vec<Problem> {
    let (file, mut problems) = read_nodes(vec![object.clone()], name, Vec::new());
    // A job alone is a session file without a session, and nothing else is wrong with it.
    problems.retain(|problem| problem.location.is_some() || file.jobs.is_empty());
    problems
}

/// Reads a session file as far as it can be understood, with all problems in the order of its lines.
pub(super) fn read_what_can_be(text: &str, name: &str) -> (SessionFile, Vec<Problem>) {
    let (documents, problems) = yaml::documents(text, name);
    read_nodes(documents, name, problems)
}

/// Reads the documents of a session file. `problems` are those of its text.
pub(super) fn read_nodes(
    documents: Vec<Node>,
    name: &str,
    mut problems: Vec<Problem>,
) -> (SessionFile, Vec<Problem>) {
    let mut file = SessionFile { name: name.to_owned(), ..SessionFile::default() };
    let mut sessions = 0;
    let mut owners = Vec::new();
    let mut taken = Vec::new();
    for document in documents.iter().filter(|document| document.kind != NodeKind::Null) {
        let at = |node: &Node, path: &str, message: String| {
            let place = Location {
                file: name.to_owned(),
                line: Some(node.line),
                column: Some(node.column),
            };
            Problem::new(path, message).at(place)
        };
        let kind = entry(document, "kind");
        let table = match kind.and_then(as_text) {
            Some("FlinkDeployment") => fields::DEPLOYMENT,
            Some("FlinkSessionJob") => fields::SESSION_JOB,
            Some("FlinkStateSnapshot") => fields::STATE_SNAPSHOT,
            other => {
                let (fault, message) = match other {
                    Some(other) => {
                        let message = format!("`{other}` is not a kind that a session file holds");
                        (Fault::StrangeKind, message)
                    }
                    None => (Fault::Told, "the document has no `kind`".to_owned()),
                };
                problems.push(at(kind.unwrap_or(document), "kind", message).of(fault).hint(
                    "a session file holds one `FlinkDeployment`, its `FlinkSessionJob`s and `FlinkStateSnapshot`s; other objects go to kubectl",
                ));
                continue;
            }
        };
        let before = problems.len();
        let values = walk(document, table, name, &mut problems);
        let is_read = problems.len() == before;
        match values.text("apiVersion") {
            Some(version) if version == API_VERSION => {}
            _ => problems.push(at(
                entry(document, "apiVersion").unwrap_or(document),
                "apiVersion",
                format!("`apiVersion: {API_VERSION}` is expected"),
            )),
        }
        let named = entry(document, "metadata").and_then(|metadata| entry(metadata, "name"));
        if named.is_none_or(|name| name.kind == NodeKind::Null) {
            problems.push(at(document, "metadata.name", "a name is missing".to_owned()));
        }
        if table == fields::SESSION_JOB {
            match values.text("spec.deploymentName") {
                None => problems.push(at(
                    document,
                    "spec.deploymentName",
                    "the session's name is missing".to_owned(),
                )),
                Some(session) => owners.push((session, document)),
            }
            let read = job(&values);
            // A field that is missing because it is misspelt is one problem, not two.
            let wrong = read.problem().filter(|_| is_read);
            let place = Location {
                file: name.to_owned(),
                line: Some(document.line),
                column: Some(document.column),
            };
            problems.extend(wrong.map(|problem| problem.at(place.clone())));
            file.jobs.push(read);
            continue;
        }
        if table == fields::STATE_SNAPSHOT {
            if problems.len() == before {
                taken.push((snapshot::read(&values, document, name, &mut problems), document));
            }
            continue;
        }
        sessions += 1;
        if 1 < sessions {
            let message =
                "a second `FlinkDeployment`: a session file describes one session".to_owned();
            problems.push(at(document, "", message).hint("put it into a file of its own"));
            continue;
        }
        deployment(&values, &mut file, &mut problems);
    }
    if sessions == 0 && problems.is_empty() {
        problems.push(
            Problem::new("", format!("`{name}` holds no `FlinkDeployment`"))
                .hint(Deed::Init.does("writes a session file to start from")),
        );
    }
    file.snapshots = snapshot::of_jobs(taken, &file.jobs, name, &mut problems);
    for (session, document) in owners {
        if file.session.as_ref().is_some_and(|name| *name != session) {
            let place = Location {
                file: name.to_owned(),
                line: Some(document.line),
                column: Some(document.column),
            };
            let message = format!(
                "the job belongs to session `{session}`, which is not the one of this file"
            );
            problems.push(Problem::new("spec.deploymentName", message).at(place));
        }
    }
    problems.sort();
    file.nodes = documents.into();
    (file, problems)
}

fn as_text(node: &Node) -> Option<&str> {
    if let NodeKind::Text(text) = &node.kind { Some(text) } else { None }
}

fn deployment(values: &Values<'_>, file: &mut SessionFile, problems: &mut Vec<Problem>) {
    let place = |path: &str| {
        values.node(path).map(|node| Location {
            file: file.name.clone(),
            line: Some(node.line),
            column: Some(node.column),
        })
    };
    if let Some(name) = values.text("metadata.name").filter(|name| !is_name(name)) {
        let mut wrong = not_a_name(&name);
        wrong.location = place("metadata.name");
        problems.push(wrong);
    }
    let mut problem = |path: &str, message: String| {
        let mut problem = Problem::new(path, message);
        problem.location = place(path);
        problems.push(problem);
    };
    match values.text("spec.flinkVersion") {
        None => problem(
            "spec.flinkVersion",
            "the Flink version is missing: write `flinkVersion: v1_20`".to_owned(),
        ),
        Some(name) => match FlinkVersion::from_operator_name(&name) {
            Some(version) => file.flink = Some(version),
            None => problem("spec.flinkVersion", format!("`{name}` is not one of v1_13 to v2_3")),
        },
    }
    for (role, option, cpu, cpu_factor, memory_factor) in [
        (
            "jobManager",
            "jobmanager.memory.process.size",
            "kubernetes.jobmanager.cpu.amount",
            "kubernetes.jobmanager.cpu.limit-factor",
            "kubernetes.jobmanager.memory.limit-factor",
        ),
        (
            "taskManager",
            "taskmanager.memory.process.size",
            "kubernetes.taskmanager.cpu.amount",
            "kubernetes.taskmanager.cpu.limit-factor",
            "kubernetes.taskmanager.memory.limit-factor",
        ),
    ] {
        let memory = ["resources.requests.memory", "resources.limits.memory", "resource.memory"]
            .iter()
            .map(|part| format!("spec.{role}.{part}"))
            .find_map(|path| Some((values.text(&path)?, path)));
        if let Some((text, path)) = memory {
            match memory_size(&text) {
                Some(bytes) => file.fields.push((option, Value::Text(format!("{bytes}b")), path)),
                None => problem(
                    &path,
                    format!("`{text}` is not an amount of memory: write `2048m` or `2Gi`"),
                ),
            }
        }
        let requested = ["resources.requests.cpu", "resources.limits.cpu", "resource.cpu"]
            .iter()
            .map(|part| format!("spec.{role}.{part}"))
            .find_map(|path| Some((values.text(&path)?, path)));
        if let Some((text, path)) = requested {
            match cpus(&text) {
                Some(cpus) => file.fields.push((cpu, Value::Text(double_text(cpus)), path)),
                None => problem(
                    &path,
                    format!("`{text}` is not a number of CPUs: write `0.5`, `2` or `500m`"),
                ),
            }
        }
        for (kind, amount, option) in [
            ("cpu", cpus as fn(&str) -> Option<f64>, cpu_factor),
            ("memory", |text| memory_size(text).map(|bytes| bytes as f64), memory_factor),
        ] {
            let [request, limit] = ["requests", "limits"]
                .map(|part| values.text(&format!("spec.{role}.resources.{part}.{kind}")));
            let Some((request, limit)) = request.zip(limit) else { continue };
            let Some((request, limit)) = amount(&request).zip(amount(&limit)) else { continue };
            let path = format!("spec.{role}.resources.limits.{kind}");
            if limit < request {
                problem(&path, "a limit must not be below the request".to_owned());
            } else if 0.0 < request {
                file.fields.push((option, Value::Text(double_text(limit / request)), path));
            }
        }
    }
    file.labels = values.text_map("metadata.labels");
    file.annotations = values.text_map("metadata.annotations");
    file.job_manager_storage = values.text("spec.jobManager.resource.ephemeralStorage");
    file.task_manager_storage = values.text("spec.taskManager.resource.ephemeralStorage");
    file.session = values.text("metadata.name");
    file.namespace = values.text("metadata.namespace");
    file.mode = values.text("spec.mode").map(|mode| match mode.as_str() {
        "standalone" => Mode::Standalone,
        _ => Mode::Native,
    });
    file.options = values.options("spec.flinkConfiguration");
    file.job_managers = values.whole("spec.jobManager.replicas");
    file.task_managers = values.whole("spec.taskManager.replicas");
    file.log_configuration = values.text_map("spec.logConfiguration");
    file.job_manager_template = values.json("spec.jobManager.podTemplate");
    file.task_manager_template = values.json("spec.taskManager.podTemplate");
    file.image = values.text("spec.image");
    file.image_pull_policy = values.text("spec.imagePullPolicy");
    file.service_account = values.text("spec.serviceAccount");
    file.pod_template = values.json("spec.podTemplate");
    file.ingress = values.json("spec.ingress");
    file.restart_nonce = values.whole("spec.restartNonce");
}

/// The operator's reading: Flink's notation first (`2g`, `2048m`), then Kubernetes' (`2Gi`).
fn memory_size(text: &str) -> Option<u64> {
    if let Ok(size) = text.parse::<MemorySize>() {
        return Some(size.bytes());
    }
    let shifts = [("Ki", 10), ("Mi", 20), ("Gi", 30), ("Ti", 40)];
    let (number, shift) =
        shifts.iter().find_map(|(unit, shift)| Some((text.strip_suffix(unit)?, *shift)))?;
    number.trim().parse::<u64>().ok()?.checked_mul(1 << shift)
}

/// A number of CPUs in Kubernetes' notation: `2`, `0.5`, `500m`.
fn cpus(text: &str) -> Option<f64> {
    let cpus = match text.strip_suffix('m') {
        Some(thousandths) => thousandths.parse::<f64>().ok()? / 1000.0,
        None => text.parse().ok()?,
    };
    (cpus.is_finite() && 0.0 < cpus).then_some(cpus)
}

fn job(values: &Values<'_>) -> SessionJob {
    let mut configuration = Configuration::new();
    for (key, value, _) in values.options("spec.flinkConfiguration") {
        configuration.set(key, value, Origin::Field("spec.flinkConfiguration".to_owned()));
    }
    SessionJob {
        name: values.text("metadata.name").unwrap_or_default(),
        jar_uri: values.text("spec.job.jarURI"),
        entry_class: values.text("spec.job.entryClass"),
        args: values.texts("spec.job.args"),
        parallelism: values.whole("spec.job.parallelism"),
        running: values.text("spec.job.state").is_none_or(|state| state == "running"),
        upgrade_mode: match values.text("spec.job.upgradeMode").as_deref() {
            Some("savepoint") => UpgradeMode::Savepoint,
            Some("last-state") => UpgradeMode::LastState,
            _ => UpgradeMode::Stateless,
        },
        initial_savepoint_path: values.text("spec.job.initialSavepointPath"),
        allow_non_restored_state: values.is_true("spec.job.allowNonRestoredState"),
        savepoint_trigger_nonce: values.whole("spec.job.savepointTriggerNonce"),
        checkpoint_trigger_nonce: values.whole("spec.job.checkpointTriggerNonce"),
        savepoint_redeploy_nonce: values.whole("spec.job.savepointRedeployNonce"),
        restart_nonce: values.whole("spec.restartNonce"),
        configuration,
    }
}
