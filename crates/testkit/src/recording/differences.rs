//! Where Nutkin differs from Flink's client on purpose. Each is in `docs/differences-from-flink.md` under its
//! name; a test sees each of them in a recording.

use nutkin_core::plan::kubernetes::Objects;
use nutkin_core::plan::kubernetes::native::SeenPath;
use nutkin_flink::FlinkVersion;
use nutkin_flink::Problem;
use nutkin_flink::dialect::{self, Dialect};
use serde_json::Value;

use super::Recording;

/// A problem of ours that keeps a session from being planned which Flink's client would create: name, option or
/// field (any if empty), part of the message.
const STRICTER: &[(&str, &str, &str)] = &[
    ("invalid-name", "kubernetes.cluster-id", "cannot be the name"),
    ("invalid-name", "kubernetes.namespace", "cannot be the name"),
    ("invalid-port", "", "the value is not a port"),
    ("option-without-key", "-D", "has no key"),
    ("missing-krb5-conf", "security.kerberos.krb5-conf.path", "there is no file"),
    ("incomplete-secret-reference", "kubernetes.env.secretKeyRef", "an entry has no"),
    ("incomplete-owner", "kubernetes.jobmanager.owner.reference", "an owner reference needs"),
    ("template-not-a-pod", "kind", "a template is a Pod"),
    ("template-documents", "", "a template is one document"),
    ("template-empty", "", "the template is empty"),
    ("template-twice", "", "twice in `"),
    ("template-types", "", "invalid type"),
    ("template-types", "", "expected a"),
];

/// Other differences.
const OTHERS: &[&str] = &[
    "client-options",
    "written-twice",
    "krb5-path",
    "prefix-conflict",
    "restart-policy",
    "template-aliases",
    "template-new-fields",
    "template-octal",
    "template-task-manager",
    "template-without-spec",
];

/// Names of all differences, sorted.
pub fn all() -> Vec<&'static str> {
    let mut names: Vec<&str> = STRICTER.iter().map(|(name, ..)| *name).collect();
    names.extend(OTHERS);
    names.sort_unstable();
    names.dedup();
    names
}

/// The differences that explain why we refuse what Flink deploys, if they explain every problem.
pub(super) fn stricter(recording: &Recording, problems: &[Problem]) -> Option<Vec<&'static str>> {
    let template = option(recording, "kubernetes.pod-template-file.taskmanager");
    let known = |problem: &Problem| {
        let file = problem.location.as_ref().map(|location| location.file.as_str());
        if file.is_some() && file == template.as_deref() {
            return Some("template-task-manager");
        }
        let fits = |(_, path, message): &&(&str, &str, &str)| {
            (path.is_empty() || problem.path == *path) && problem.message.contains(message)
        };
        STRICTER.iter().find(fits).map(|(name, ..)| *name)
    };
    problems.iter().map(known).collect()
}

/// The difference that explains why we plan what Flink refuses.
pub(super) fn milder(recording: &Recording, ours: &Objects) -> Option<&'static str> {
    let old = !recording.flink.is_at_least(1, 15);
    let template = TEMPLATES.iter().find_map(|key| option(recording, key));
    let template = template.and_then(|path| text(recording, &path));
    if let (Some(text), true) = (template, old) {
        if !text.contains("spec") {
            return Some("template-without-spec");
        }
        if text.contains(" *") {
            return Some("template-aliases");
        }
    }
    if option(recording, "kubernetes.client.io-pool.size").is_some_and(|size| size == "0") {
        return Some("client-options");
    }
    has_conflict(ours).then_some("prefix-conflict")
}

/// Whether our `config.yaml` holds keys that Flink cannot write into one.
fn has_conflict(ours: &Objects) -> bool {
    let texts = ours.items.iter().filter_map(|item| item["data"]["config.yaml"].as_str());
    texts.into_iter().any(|text| {
        dialect::read(Dialect::ConfigYaml, text, "").is_ok_and(|reading| {
            dialect::write(Dialect::ConfigYaml, &reading.configuration).is_err()
        })
    })
}

/// Options that name the JobManager's template, the strongest first; the others are the fallbacks of later releases and of 1.13.
const TEMPLATES: [&str; 3] = [
    "kubernetes.pod-template-file.jobmanager",
    "kubernetes.pod-template-file.default",
    "kubernetes.pod-template-file",
];

/// The value of an option of the command line, otherwise of the lines of `flink-conf.yaml`.
fn option(recording: &Recording, key: &str) -> Option<String> {
    let prefix = format!("{key}=");
    let mut values = recording.args.iter().rev().filter_map(|arg| {
        arg.strip_prefix("-D").unwrap_or(arg).strip_prefix(&prefix).map(str::to_owned)
    });
    values.next().or_else(|| {
        let lines = text(recording, "$CASE/conf/flink-conf.yaml")?;
        let prefix = format!("{key}: ");
        lines.lines().rev().find_map(|line| line.strip_prefix(&prefix)).map(str::to_owned)
    })
}

/// The text of a file of the case.
fn text(recording: &Recording, path: &str) -> Option<String> {
    match recording.files.get(path) {
        Some(SeenPath::File(bytes)) => Some(String::from_utf8_lossy(bytes).into_owned()),
        _ => None,
    }
}

/// Corrects an object of Flink's where it is wrong, and tells what was.
pub(super) fn correct(item: &mut Value) -> Vec<&'static str> {
    let mut known = Vec::new();
    let spec = item.pointer_mut("/spec/template/spec");
    let Some(spec) = spec.and_then(Value::as_object_mut) else { return known };
    if spec.get("restartPolicy").is_some_and(|policy| policy != "Always") {
        spec.remove("restartPolicy");
        known.push("restart-policy");
    }
    let mut once = once_by_name(spec.get_mut("imagePullSecrets"));
    for container in spec.get_mut("containers").and_then(Value::as_array_mut).into_iter().flatten()
    {
        once |= once_by_name(container.get_mut("env"));
    }
    if once {
        known.push("written-twice");
    }
    known
}

/// Leaves the last of the items with one name; whether there were several.
fn once_by_name(items: Option<&mut Value>) -> bool {
    let Some(items) = items.and_then(Value::as_array_mut) else { return false };
    let count = items.len();
    let mut kept: Vec<Value> = Vec::new();
    for item in items.drain(..).rev() {
        if kept.iter().all(|known| known["name"] != item["name"]) {
            kept.insert(0, item);
        }
    }
    *items = kept;
    items.len() < count
}

/// The difference that explains two values at a place, which is told as `0.spec.template...`.
pub(super) fn explain(
    path: &str,
    ours: Option<&Value>,
    theirs: Option<&Value>,
    flink: FlinkVersion,
) -> Option<&'static str> {
    let in_template = path.starts_with("0.spec.template.");
    match (ours, theirs) {
        (Some(_), None) if in_template && !flink.is_at_least(1, 15) => Some("template-new-fields"),
        (Some(Value::Number(ours)), Some(Value::Number(theirs)))
            if in_template && i64::from_str_radix(&theirs.to_string(), 8).ok() == ours.as_i64() =>
        {
            Some("template-octal")
        }
        (Some(ours), Some(_)) if ours == "krb5.conf" && path.contains(".items[") => {
            Some("krb5-path")
        }
        (ours, theirs) if path.contains(".data.config.yaml.") => {
            // A key that ends in a dot, or stands above another, is lost or cut.
            let oddity = path.ends_with('.') || ours.is_none() || theirs.is_none();
            oddity.then_some("prefix-conflict")
        }
        _ => None,
    }
}
