//! Renderings of our own: the session file that they came from. What it makes is held against them, field by field;
//! a rendering that somebody changed is adopted as any other file.

mod objects;
mod template;

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

use super::{Adoption, AdoptionRequest, PlacedPart};
use crate::system::World;
use nutkin_core::plan::kubernetes::native::ClientMachine;
use nutkin_core::plan::kubernetes::{config_map, marks, plan};
use nutkin_core::plan::registration::FIND_AGAIN;
use nutkin_core::plan::retention::{ARCHIVE, RETENTION};
use nutkin_core::spec::{self, Inputs};
use nutkin_flink::dialect::Dialect;
use nutkin_flink::{FlinkVersion, Location, options, yaml};
use objects::Rendering;

/// Options that the planner writes where nobody said them, or that fields of the session file say: left out where the
/// objects are the same without them.
const DERIVED: [&str; 21] = [
    "blob.server.port",
    FIND_AGAIN,
    "env.java.opts.all",
    RETENTION,
    "execution.target",
    "high-availability.cluster-id",
    "high-availability.jobmanager.port",
    "internal.cluster.execution-mode",
    ARCHIVE,
    "jobmanager.rpc.address",
    "jobmanager.rpc.port",
    "kubernetes.cluster-id",
    "kubernetes.container.image",
    "kubernetes.container.image.ref",
    "kubernetes.internal.jobmanager.entrypoint.class",
    REPLICAS,
    "kubernetes.namespace",
    "kubernetes.rest-service.exposed.type",
    "kubernetes.service-account",
    "rest.bind-port",
    "taskmanager.rpc.port",
];

/// The number of JobManagers, which a field says.
const REPLICAS: &str = "kubernetes.jobmanager.replicas";

/// Options that name directories of state: the planner looks at their volumes, which are in templates.
const DIRECTORIES: [&str; 4] = [
    "execution.checkpointing.dir",
    "execution.checkpointing.savepoint-dir",
    "state.checkpoints.dir",
    "state.savepoints.dir",
];

/// The session file of a rendering, or `None` where the files are none, or not one as it was printed.
pub(super) fn adopt(world: &World, request: &AdoptionRequest) -> Option<Adoption> {
    let all: Vec<Value> = world.objects.iter().map(|object| object.node.to_json()).collect();
    let label =
        |item: &Value| item["metadata"]["labels"][marks::SESSION].as_str().map(str::to_owned);
    let name = all.iter().find_map(label)?;
    let is_made = |item: &Value| label(item).as_ref() == Some(&name);
    let (items, beside): (Vec<Value>, Vec<Value>) =
        all.into_iter().filter(|item| item["kind"] != "Kustomization").partition(is_made);
    // Another session among them: the usual words ask for one of them.
    if !world.broken.is_empty() || beside.iter().any(|item| label(item).is_some()) {
        return None;
    }
    let rendering = Rendering::of(&name, &items)?;
    let mut file = session_file(&rendering)?;
    add_templates(&rendering, &mut file)?;
    if !file.makes(&items) {
        return None;
    }
    leave_out_derived(&items, &mut file);
    if let Some(name) = &request.name {
        file.name.clone_from(name);
        file.planned()?;
    }
    let objects = world.objects.iter().map(|object| (object, object.place().home(&world.files)));
    let placed = objects.map(|(object, place)| PlacedPart {
        location: Location {
            file: world.files[place.file].name.clone(),
            line: Some(place.line),
            column: Some(place.column),
        },
        what: object.title(),
        to: "the session file, which makes it as it is here".to_owned(),
    });
    Some(Adoption {
        name: file.name.clone(),
        text: file.text()?,
        beside,
        placed: placed.collect(),
        cures: Vec::new(),
        notes: Vec::new(),
    })
}

/// A session file in the making.
#[derive(Debug, Clone)]
struct File {
    name: String,
    namespace: Option<String>,
    labels: Map<String, Value>,
    annotations: Map<String, Value>,
    /// Fields of `spec` before the options.
    head: Map<String, Value>,
    options: BTreeMap<String, String>,
    /// Fields of `spec` behind them.
    tail: Map<String, Value>,
}

impl File {
    fn text(&self) -> Option<String> {
        let mut metadata = json!({ "name": self.name });
        if let Some(namespace) = &self.namespace {
            metadata["namespace"] = json!(namespace);
        }
        for (field, words) in [("labels", &self.labels), ("annotations", &self.annotations)] {
            if !words.is_empty() {
                metadata[field] = Value::Object(words.clone());
            }
        }
        let mut spec = self.head.clone();
        if !self.options.is_empty() {
            spec.insert("flinkConfiguration".to_owned(), json!(self.options));
        }
        spec.extend(self.tail.clone());
        let document = json!({
            "apiVersion": "flink.apache.org/v1beta1",
            "kind": "FlinkDeployment",
            "metadata": metadata,
            "spec": spec,
        });
        let head = "# Made by `nutkin init --from` of objects that Nutkin made.\n";
        Some(head.to_owned() + &yaml::to_string(&document).ok()?)
    }

    /// The objects that it makes.
    fn planned(&self) -> Option<Vec<Value>> {
        let file = spec::read(&self.text()?, "session file").ok()?;
        let session = spec::resolve(&Inputs { file: Some(file), ..Inputs::default() }).ok()?;
        Some(plan(&session, &ClientMachine::default()).ok()?.items)
    }

    /// Whether it makes just these objects.
    fn makes(&self, items: &[Value]) -> bool {
        let Some(made) = self.planned() else { return false };
        // What is printed is read back: numbers and texts as YAML has them.
        let same = |one: &Value, other: &Value| plain(one) == plain(other);
        made.len() == items.len() && items.iter().all(|item| made.iter().any(|one| same(one, item)))
    }
}

/// An object without the hash of itself.
fn plain(item: &Value) -> Value {
    let mut item = item.clone();
    if let Some(Value::Object(annotations)) = item.pointer_mut("/metadata/annotations") {
        annotations.shift_remove(marks::HASH);
    }
    item
}

/// All but templates and logging.
fn session_file(rendering: &Rendering<'_>) -> Option<File> {
    let mut options = config_map::options_of(rendering.configuration);
    let flink: FlinkVersion =
        rendering.workload["metadata"]["annotations"][marks::FLINK].as_str()?.parse().ok()?;
    let mut head = Map::new();
    let mut put = |field: &str, value: Value| drop(head.insert(field.to_owned(), value));
    put("flinkVersion", json!(flink.operator_name()));
    put("mode", json!(if rendering.is_standalone { "standalone" } else { "native" }));
    for (field, keys) in [
        ("image", &["kubernetes.container.image.ref", "kubernetes.container.image"][..]),
        ("serviceAccount", &["kubernetes.service-account"]),
    ] {
        let value = keys.iter().find_map(|key| options.get(*key));
        if let Some(value) = value {
            put(field, json!(value));
        }
    }
    if let Some(nonce) = rendering.restart_nonce() {
        put("restartNonce", json!(nonce));
    }
    if let Some(ingress) = rendering.ingress() {
        put("ingress", ingress);
    }
    if FlinkVersion::from_operator_name(&flink.operator_name()) != Some(flink) {
        options.insert("nutkin.flink.version".to_owned(), flink.to_string());
    }
    options.extend(rendering.options());
    let mut tail = Map::new();
    // Where the release has the option, it says whether somebody wrote the number.
    let is_silent = options::find(REPLICAS).is_some_and(|info| info.at(flink).is_some())
        && !options.contains_key(REPLICAS);
    for (role, replicas) in rendering.replicas() {
        let mut side = Map::new();
        if role != "jobManager" || !is_silent {
            side.insert("replicas".to_owned(), json!(replicas));
        }
        if !side.is_empty() {
            tail.insert(role.to_owned(), Value::Object(side));
        }
    }
    for role in ["jobManager", "taskManager"] {
        if let Some(resource) = amounts(role, flink, rendering.storage(role), &mut options) {
            tail.entry(role).or_insert_with(|| json!({}))["resource"] = resource;
        }
    }
    let words = |field: &str, own: &[&str]| {
        let words = rendering.configuration["metadata"][field].as_object();
        let words = words.into_iter().flatten();
        let is_own = |key: &str| own.contains(&key) || key.starts_with("nutkin.dev/");
        words
            .filter(|(key, _)| !is_own(key))
            .map(|(key, value)| (key.clone(), value.clone()))
            .collect()
    };
    // Flink's client writes it down only where somebody said it.
    let is_said = rendering.is_standalone || options.contains_key("kubernetes.namespace");
    let namespace = rendering.workload["metadata"]["namespace"].as_str();
    let namespace = namespace.filter(|_| is_said).map(str::to_owned);
    Some(File {
        name: rendering.name.to_owned(),
        namespace,
        labels: words("labels", &["app", "type"]),
        annotations: words("annotations", &[]),
        head,
        options,
        tail,
    })
}

/// `resource` of a role, where options have the form that these fields give them: bytes.
fn amounts(
    role: &str,
    flink: FlinkVersion,
    storage: Option<&str>,
    said: &mut BTreeMap<String, String>,
) -> Option<Value> {
    let lower = role.to_lowercase();
    let mut resource = Map::new();
    let key = format!("{lower}.memory.process.size");
    let bytes = said.get(&key).and_then(|text| text.strip_suffix('b')?.parse::<u64>().ok());
    if let Some(bytes) = bytes {
        said.remove(&key);
        let memory = match bytes % (1 << 20) {
            0 => format!("{}m", bytes >> 20),
            _ => format!("{bytes}b"),
        };
        resource.insert("memory".to_owned(), json!(memory));
        // The field writes the name that the release has; another one was an option of its own.
        let is_of_release =
            |key: &String| options::find(key).is_some_and(|info| info.at(flink).is_some());
        let keys = ["amount", ""].map(|end| format!("kubernetes.{lower}.cpu.{end}"));
        let keys = keys.map(|key| key.trim_end_matches('.').to_owned());
        let cpu = keys.into_iter().find(is_of_release).and_then(|key| said.remove(&key));
        resource.extend(
            cpu.and_then(|text| Some(("cpu".to_owned(), json!(text.parse::<f64>().ok()?)))),
        );
    }
    resource.extend(storage.map(|storage| ("ephemeralStorage".to_owned(), json!(storage))));
    (!resource.is_empty()).then_some(Value::Object(resource))
}

/// Adds logging and pod templates: what the objects have beside what a session without them has.
fn add_templates(rendering: &Rendering<'_>, file: &mut File) -> Option<()> {
    let mut bare = file.clone();
    bare.options.retain(|key, _| !DIRECTORIES.contains(&key.as_str()));
    // Of a native session the JobManager's pods mount the template of TaskManagers.
    let native = rendering.native_template();
    if let Some(template) = &native {
        bare.tail.entry("taskManager").or_insert_with(|| json!({}))["podTemplate"] =
            template.clone();
    }
    // Logging first: its files are items of a volume of the pods.
    if let Some(logging) = logging(rendering, &bare.planned()?) {
        for file in [&mut bare, &mut *file] {
            file.head.insert("logConfiguration".to_owned(), logging.clone());
        }
    }
    let planned = bare.planned()?;
    let bare = Rendering::of(rendering.name, &planned)?;
    let job_manager = template::remainder(rendering.workload, bare.workload);
    let task_manager = match (rendering.task_manager, bare.task_manager) {
        (Some(one), Some(other)) => template::remainder(one, other),
        _ => native,
    };
    if rendering.is_standalone && rendering.task_manager.is_none() || job_manager == task_manager {
        file.tail.extend(job_manager.map(|template| ("podTemplate".to_owned(), template)));
    } else {
        for (role, template) in [("jobManager", job_manager), ("taskManager", task_manager)] {
            let Some(template) = template else { continue };
            let side = file.tail.entry(role).or_insert_with(|| json!({}));
            side["podTemplate"] = template;
        }
    }
    Some(())
}

/// The log files that a session without `logConfiguration` does not have.
fn logging(rendering: &Rendering<'_>, bare: &[Value]) -> Option<Value> {
    let bare = Rendering::of(rendering.name, bare)?;
    let texts = rendering.configuration["data"].as_object()?;
    let said = texts.iter().filter(|(name, text)| {
        Dialect::of_file(name).is_none()
            && bare.configuration["data"].get(name.as_str()) != Some(text)
    });
    let logs: Map<String, Value> = said.map(|(name, text)| (name.clone(), text.clone())).collect();
    (!logs.is_empty()).then_some(Value::Object(logs))
}

/// Leaves out what the planner writes again.
fn leave_out_derived(items: &[Value], file: &mut File) {
    let mut short = file.clone();
    short.options.retain(|key, _| !DERIVED.contains(&key.as_str()));
    if short.makes(items) {
        *file = short;
        return;
    }
    for key in DERIVED {
        let Some(value) = file.options.remove(key) else { continue };
        if !file.makes(items) {
            file.options.insert(key.to_owned(), value);
        }
    }
}

#[cfg(test)]
mod tests;
