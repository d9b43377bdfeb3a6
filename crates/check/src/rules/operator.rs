//! What the operator refuses of its resources, by the rules that it has itself (`nutkin_operator::validate`). Names, numbers, sizes,
//! directories and standby JobManagers have codes elsewhere.

use std::collections::BTreeMap;

use super::rules;
use crate::finding::{Findings, Place};
use crate::kubernetes::Object;
use crate::node::Walk;
use crate::rule::Rule;
use crate::system::World;
use nutkin_flink::Configuration;
use nutkin_operator::texts;
use nutkin_operator::validate::{
    self, DeploymentFacts, JarPolicy, ResourceRefusal, SessionFacts, SessionJobFacts,
    SnapshotFacts, Sort,
};
use serde_json::Value;

rules! {
    VERSION "NK1101" Warning "a Flink version that the operator refuses"
        happens "The operator says `Flink version ... is not supported by this operator version`, and makes nothing of the resource. It runs 1.15 and later; `nutkin up` runs older ones as well."
        cure "Take a newer Flink, or keep the session with `nutkin up`.";
    FORBIDDEN_OPTION "NK1102" Warning "an option that the operator decides"
        happens "The operator refuses the resource: `Forbidden Flink config key`. It takes the cluster-id and the namespace from the resource."
        cure "Take the option out.";
    NEEDS_OPTION "NK1103" Warning "an option of the operator without the one that it needs"
        happens "The operator refuses the resource."
        cure "Set `high-availability.type`, or switch the option off.";
    INGRESS "NK1104" Warning "an Ingress without a template"
        happens "The operator refuses the resource: `Ingress template must be defined`."
        cure "Set `spec.ingress.template`: `\"{{name}}.{{namespace}}.example.com\"`.";
    LOG_FILE "NK1105" Warning "a log configuration that the operator refuses"
        happens "The operator knows two files and refuses the resource with any other: `Invalid log config key`."
        cure "Name the file `log4j-console.properties` or `logback-console.xml`.";
    SERVICE_ACCOUNT "NK1106" Warning "a session without a ServiceAccount"
        happens "The operator refuses the resource: `spec.serviceAccount must be defined`."
        cure "Set `spec.serviceAccount`: `flink`, which the operator's manifests make.";
    NO_MEMORY "NK1107" Warning "memory that nobody states"
        happens "The operator refuses the resource: `JobManager resource memory must be defined`, or that of TaskManagers. `nutkin up` takes sizes of its own."
        cure "Set `spec.jobManager.resource.memory` and `spec.taskManager.resource.memory`.";
    JOB "NK1108" Warning "a session job of an application"
        happens "The operator makes nothing of it: `Can not submit session job to application cluster`. The `FlinkDeployment` that it names has a job of its own, and ends with it."
        cure "Name a `FlinkDeployment` without `spec.job`.";
    JAR "NK1109" Note "a jar that the operator fetches only when it is told to"
        happens "The operator takes jars from `https` only, unless its option `kubernetes.operator.user.artifacts.allowed-schemes` has more: `jarURI scheme ... is not in the allowlist`."
        cure "Put the jar where `https` reaches it, or extend the option.";
    SNAPSHOT "NK1110" Warning "a snapshot that the operator refuses"
        happens "The operator makes nothing of it: a `FlinkStateSnapshot` has either `savepoint` or `checkpoint`, and names its job."
        cure "Keep one of the two, and set `spec.jobReference`.";
}

/// `is_ours`: the user calls the file a session file of Nutkin's, which fills in what the operator wants to be told.
pub(in crate::rules) fn check(
    world: &World,
    is_ours: impl Fn(&Object) -> bool,
    out: &mut Findings<'_>,
) {
    let kinds = ["FlinkDeployment", "FlinkSessionJob", "FlinkStateSnapshot"];
    let all = kinds.into_iter().flat_map(|kind| world.of_kind(kind));
    let is_foreign = |object: &&Object| {
        object.is_of_operator(&object.kind) && !object.is_canary() && !is_ours(object)
    };
    for object in all.filter(is_foreign) {
        let json = object.node.to_json();
        let found = match object.kind.as_str() {
            "FlinkDeployment" => session(object, &json["spec"]),
            "FlinkSessionJob" => job(world, object, &json["spec"]),
            _ => snapshot(&json["spec"]),
        };
        tell(object, found, out);
    }
}

/// Applications are left alone. What only a cluster needs is said where the file is for one.
fn session(object: &Object, spec: &Value) -> Vec<ResourceRefusal> {
    let options = validate::options_of(spec);
    if !spec["job"].is_null() || !is_for_kubernetes(object, spec, &options) {
        return Vec::new();
    }
    let facts = DeploymentFacts { name: &object.name, spec, options: &options, last: None };
    validate::deployment(&facts)
}

/// Whether anything in it has a meaning on Kubernetes alone. A file with options of Nutkin's is for `nutkin up`, which fills in the rest.
fn is_for_kubernetes(object: &Object, spec: &Value, options: &Configuration) -> bool {
    let fields = ["image", "imagePullPolicy", "serviceAccount", "mode", "ingress", "podTemplate"];
    let has = |prefix: &str| options.iter().any(|(key, _)| key.starts_with(prefix));
    let is_meant = object.namespace.is_some()
        || fields.iter().any(|field| !spec[field].is_null())
        || has("kubernetes.");
    is_meant && !has("nutkin.")
}

fn job(world: &World, object: &Object, spec: &Value) -> Vec<ResourceRefusal> {
    let name = spec["deploymentName"].as_str().unwrap_or_default();
    let session = world.named("FlinkDeployment", name, object);
    let session = session.map(|session| session.node.to_json());
    let mut options = session.as_ref().map(|json| validate::options_of(&json["spec"]));
    if let Some(options) = &mut options {
        validate::add(options, spec);
    }
    let options = options.unwrap_or_default();
    let session = session.as_ref().map(|json| SessionFacts { name, spec: &json["spec"] });
    let jars = JarPolicy::default();
    let facts = SessionJobFacts { spec, options: &options, last: None, session, jars: &jars };
    let mut found = validate::session_job(&facts);
    // A path is what Nutkin's own session files have.
    let jar = spec["job"]["jarURI"].as_str().unwrap_or_default();
    found.retain(|one| one.sort != Sort::Jar || jar.contains(':'));
    found
}

fn snapshot(spec: &Value) -> Vec<ResourceRefusal> {
    // Whether the job is there, only the cluster knows.
    let facts = SnapshotFacts { namespace: "", spec, state: None, has_target: true };
    validate::snapshot(&facts)
}

fn tell(object: &Object, found: Vec<ResourceRefusal>, out: &mut Findings<'_>) {
    let mut told: BTreeMap<&str, Vec<String>> = BTreeMap::new();
    for one in found {
        let Some(rule) = rule_of(one.sort) else { continue };
        // A template is filled in by somebody who knows more; what is missing altogether is NK0005's.
        let is_open = one.text.contains("${") || one.text.contains("{{");
        if is_open || [texts::NO_VERSION, texts::NO_JOB].contains(&one.text.as_str()) {
            continue;
        }
        let texts = told.entry(rule.code).or_default();
        if !texts.contains(&one.text) {
            texts.push(one.text.clone());
            let message = format!("the operator says: {}", one.text.trim_end_matches('.'));
            out.add(rule, place_of(object, one.path), message);
        }
    }
}

/// The place of a field, or of the nearest field above that is there.
fn place_of(object: &Object, path: &str) -> Place {
    let mut path = path.replace('.', "/");
    loop {
        if let Some(node) = object.node.at(&path) {
            return node.place(object.file);
        }
        match path.rfind('/') {
            Some(cut) => path.truncate(cut),
            None => return object.place(),
        }
    }
}

fn rule_of(sort: Sort) -> Option<&'static Rule> {
    Some(match sort {
        Sort::Version => &VERSION,
        Sort::ForbiddenOption => &FORBIDDEN_OPTION,
        Sort::NeedsOption => &NEEDS_OPTION,
        Sort::Ingress => &INGRESS,
        Sort::LogFile => &LOG_FILE,
        Sort::ServiceAccount => &SERVICE_ACCOUNT,
        Sort::NoMemory => &NO_MEMORY,
        Sort::Job => &JOB,
        Sort::Jar => &JAR,
        Sort::Snapshot => &SNAPSHOT,
        // NK0005 says it of names, numbers and sizes, NK0214 of directories, NK0204 of standby JobManagers; a change is not seen in files.
        Sort::Name | Sort::TooFew | Sort::Size | Sort::Directory | Sort::Standby | Sort::Switch => {
            return None;
        }
    })
}
