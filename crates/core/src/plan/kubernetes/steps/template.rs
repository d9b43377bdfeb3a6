//! Pod templates: where they come from, and how the JobManager's begins the pod.

use serde_json::{Map, Value, json};

use super::client::SeenPath;
use super::draft::{Draft, Role};
use super::json::object;
use super::shape::{self, Step};
use crate::plan::kubernetes::MAIN_CONTAINER;
use crate::plan::pod_template::merged;
use nutkin_flink::yaml::{self, Node, NodeKind};
use nutkin_flink::{Location, Problem};

const JOB_MANAGER: &str = "kubernetes.pod-template-file.jobmanager";
const TASK_MANAGER: &str = "kubernetes.pod-template-file.taskmanager";
/// What holds for a role without a file of its own.
const COMMON: &str = "kubernetes.pod-template-file.default";

/// Begins pod and main container with the role's template, if there is one.
pub(in crate::plan::kubernetes) fn start(draft: &mut Draft<'_>) {
    let session = draft.session;
    let (own, option) = match draft.role {
        Role::JobManager => (&session.job_manager.pod_template, JOB_MANAGER),
        Role::TaskManager => (&session.task_manager.pod_template, TASK_MANAGER),
    };
    let (template, place) = match merged(session.pod_template.as_ref(), own.as_ref()) {
        Some(template) => {
            warn_of_unused(draft, option);
            (template, "spec.podTemplate")
        }
        None => match file(draft, option) {
            Some((_, template)) => (template, option),
            None => return,
        },
    };
    let mut template = template;
    shape::prune(&mut template, draft.settings.version.is_at_least(1, 18));
    let Value::Object(mut pod) = template else {
        draft.settings.problem(Problem::new(place, "the template is not a Pod"));
        return;
    };
    // A file was checked where it was read.
    if place != option {
        for (steps, message) in shape::check(&mut pod) {
            draft.settings.problem(Problem::new(format!("{place}.{}", path_text(&steps)), message));
        }
    }
    pod.retain(|key, _| key != "apiVersion" && key != "kind");
    let spec = object(&mut pod, "spec");
    if let Some(Value::Array(containers)) = spec.get_mut("containers") {
        let main = containers.iter().position(|one| one["name"] == MAIN_CONTAINER);
        if let Some(Value::Object(container)) = main.map(|index| containers.remove(index)) {
            draft.container = container;
        }
    }
    draft.pod = pod;
}

/// Says that a template's file is not used: the operator, which knows no such files, makes them from the fields.
fn warn_of_unused(draft: &mut Draft<'_>, option: &str) {
    if draft.settings.text(option).is_none() {
        return;
    }
    let has_own = draft.settings.configuration.contains(option);
    let key = if has_own { option } else { COMMON };
    let message = "it has no effect: the session file has a `podTemplate`, which holds";
    let warning = Problem::new(key, message)
        .hint("write what the file says into `podTemplate`, or take `podTemplate` out of the session file");
    if !draft.settings.warnings.contains(&warning) {
        draft.settings.warnings.push(warning);
    }
}

/// The TaskManager's template as text: that of the file as it is there.
pub(in crate::plan::kubernetes) fn task_manager_text(draft: &mut Draft<'_>) -> Option<String> {
    let session = draft.session;
    let fields = merged(session.pod_template.as_ref(), session.task_manager.pod_template.as_ref());
    let storage = session.task_manager.ephemeral_storage.as_ref().map(|storage| {
        let amounts = json!({"ephemeral-storage": storage});
        let resources = json!({"requests": amounts, "limits": amounts});
        json!({"spec": {"containers": [{"name": MAIN_CONTAINER, "resources": resources}]}})
    });
    let (text, template) = match fields {
        Some(template) => {
            warn_of_unused(draft, TASK_MANAGER);
            (None, Some(template))
        }
        None => {
            file(draft, TASK_MANAGER).map_or((None, None), |(text, one)| (Some(text), Some(one)))
        }
    };
    if let (Some(text), None) = (text, &storage) {
        return Some(text);
    }
    let mut template = merged(template.as_ref(), storage.as_ref())?;
    if let Some(pod) = template.as_object_mut() {
        pod.entry("apiVersion").or_insert_with(|| json!("v1"));
        pod.entry("kind").or_insert_with(|| json!("Pod"));
    }
    match yaml::to_string(&template) {
        Ok(text) => Some(text),
        Err(error) => {
            draft.settings.problem(Problem::new("spec.podTemplate", error.to_string()));
            None
        }
    }
}

/// Text and document of a template file, or `None` where there is none, or after a problem.
fn file(draft: &mut Draft<'_>, option: &str) -> Option<(String, Value)> {
    let path = draft.settings.text(option)?;
    let fault = match draft.client.files.get(&path) {
        Some(SeenPath::File(bytes)) => match String::from_utf8(bytes.clone()) {
            Ok(text) => return parse(draft, &text, &path).map(|template| (text, template)),
            Err(_) => format!("`{path}` is not UTF-8"),
        },
        Some(SeenPath::Directory) => format!("`{path}` is a directory"),
        Some(SeenPath::Unreadable(reason)) => format!("cannot read `{path}`: {reason}"),
        None => format!("there is no file `{path}` on this machine"),
    };
    draft.settings.problem(Problem::new(option, fault).hint("name the file of a Pod"));
    None
}

/// A template as kubectl reads it.
fn parse(draft: &mut Draft<'_>, text: &str, path: &str) -> Option<Value> {
    let (documents, problems) = yaml::documents(text, path);
    let sound = problems.is_empty();
    draft.settings.problems.extend(problems);
    let mut documents = documents.into_iter().filter(|document| document.kind != NodeKind::Null);
    let place = |line| Location { file: path.to_owned(), line: Some(line), column: None };
    let (first, second) = (documents.next(), documents.next());
    let fault = match (&first, &second) {
        (None, _) => Problem::new("", "the template is empty").at(place(1)),
        (_, Some(second)) => Problem::new("", "a template is one document").at(place(second.line)),
        (Some(one), None) if !matches!(one.kind, NodeKind::Map(_)) => {
            Problem::new("", "the template is not a Pod").at(place(one.line))
        }
        (Some(one), None) => {
            let mut map = to_map(one.to_json());
            let faults = shape::check(&mut map);
            for (steps, message) in &faults {
                let problem = Problem::new(path_text(steps), message.as_str());
                draft.settings.problem(problem.at(place(line_of(one, steps))));
            }
            return (sound && faults.is_empty()).then_some(Value::Object(map));
        }
    };
    if sound {
        draft.settings.problem(fault.hint("write a Pod: `apiVersion: v1`, `kind: Pod`, `spec:`"));
    }
    None
}

/// `spec.containers[0].env`.
fn path_text(steps: &[Step]) -> String {
    let mut text = String::new();
    for step in steps {
        match step {
            Step::Key(key) if text.is_empty() => text.push_str(key),
            Step::Key(key) => text.push_str(&format!(".{key}")),
            Step::Item(index) => text.push_str(&format!("[{index}]")),
        }
    }
    text
}

/// The line of what the steps lead to, or of the last thing on the way that is there.
fn line_of(node: &Node, steps: &[Step]) -> u32 {
    let Some((step, rest)) = steps.split_first() else { return node.line };
    match (&node.kind, step) {
        (NodeKind::Map(entries), Step::Key(name)) => entries
            .iter()
            .find(|(key, _)| key.name == *name)
            .map_or(node.line, |(key, node)| line_of(node, rest).max(key.line)),
        (NodeKind::List(items), Step::Item(index)) => {
            items.get(*index).map_or(node.line, |item| line_of(item, rest))
        }
        _ => node.line,
    }
}

fn to_map(value: Value) -> Map<String, Value> {
    match value {
        Value::Object(map) => map,
        _ => Map::new(),
    }
}
