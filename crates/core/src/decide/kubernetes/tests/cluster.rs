//! An API server in memory, and somebody who carries decisions out on it: without a network, a clock or a terminal.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

use crate::decide::kubernetes::{
    Ask, Authors, By, FoundObjects, Observation, Plan, Predicted, Refusal, Step, Target, decide,
    question,
};
use crate::decide::{Again, Decision, Jobs};
use crate::kubernetes::managed;
use crate::kubernetes::ownership::is_owned_by;
use crate::kubernetes::resource::title;

/// The field manager.
const MANAGER: &str = "nutkin";

/// Objects by title.
#[derive(Debug, Clone, Default)]
pub(super) struct Cluster {
    pub(super) objects: BTreeMap<String, Value>,
    /// What was created so far.
    pub(super) uids: u64,
    /// Pods of the session.
    pub(super) pods: Vec<Value>,
    /// Kind and name of what nobody may create.
    pub(super) refused: Option<String>,
}

/// How far somebody came.
#[derive(Debug)]
pub(super) struct Course {
    /// All steps, one line each.
    pub(super) lines: Vec<String>,
    /// The last decision.
    pub(super) last: Decision<Step>,
    /// Number of requests that change something.
    pub(super) writes: usize,
}

impl Cluster {
    fn create(&mut self, object: &Value) -> Result<Value, &'static str> {
        let title = title(object);
        if self.refused.as_ref() == Some(&title) {
            return Err("Forbidden");
        }
        if self.objects.contains_key(&title) {
            return Err("AlreadyExists");
        }
        self.uids += 1;
        let mut made = object.clone();
        made["metadata"]["uid"] = json!(format!("uid-{}", self.uids));
        made["metadata"]["managedFields"] = json!([entry(&made, "Update", fields(&made))]);
        self.objects.insert(title, made.clone());
        Ok(made)
    }

    /// Server-side apply, with lists as one value each.
    fn apply(&mut self, object: &Value, dry_run: bool) -> Value {
        let title = title(object);
        let mut new = self.objects[&title].clone();
        assert_eq!(new["metadata"]["uid"], object["metadata"]["uid"], "another object {title}");
        let entries = new["metadata"]["managedFields"].as_array().cloned().unwrap_or_default();
        let is_ours = |one: &&Value| one["manager"] == MANAGER && one["operation"] == "Apply";
        let before = entries.iter().find(is_ours).map(|one| one["fieldsV1"].clone());
        let now = fields(object);
        let others: Vec<Value> = entries.iter().filter(|one| !is_ours(one)).cloned().collect();
        if let Some(before) = before {
            let kept: Vec<&Value> = others.iter().map(|one| &one["fieldsV1"]).collect();
            prune(&mut new, &before, &now, &kept);
        }
        merge(&mut new, object);
        let entries = others.into_iter().chain([entry(&new, "Apply", now)]);
        new["metadata"]["managedFields"] = entries.collect();
        if !dry_run {
            self.objects.insert(title, new.clone());
        }
        new
    }

    fn patch(&mut self, target: &Target, patch: &Value) -> Value {
        let title = target.title();
        let object = self.objects.get_mut(&title).expect("what is patched is there");
        for step in patch.as_array().expect("a list") {
            let place = step["path"].as_str().expect("a path");
            let (parent, key) = place.rsplit_once('/').expect("a path");
            let key = key.replace("~1", "/").replace("~0", "~");
            let parent = object.pointer_mut(parent).expect("a parent");
            match step["op"].as_str() {
                Some("test") => assert_eq!(parent[&key], step["value"]),
                _ => parent[&key] = step["value"].clone(),
            }
        }
        object.clone()
    }

    fn delete(&mut self, target: &Target) {
        let is_it = |object: &Value| object["metadata"]["uid"] == *target.uid;
        if self.objects.get(&target.title()).is_some_and(is_it) {
            self.objects.remove(&target.title());
        }
        // The garbage collector.
        self.objects.retain(|_, object| !is_owned_by(object, &target.uid));
    }

    fn own(&mut self, title: &str, authors: Authors) {
        let Some(object) = self.objects.get(title) else { return };
        if let Some(patch) = managed::take_over(object, MANAGER, &authors.names(MANAGER)) {
            let fields = patch[1]["value"].clone();
            self.objects.get_mut(title).expect("it is there")["metadata"]["managedFields"] = fields;
        }
    }

    fn answer(&mut self, ask: Ask, seen: &mut Observation) {
        match ask {
            Ask::Look(look) => {
                let get =
                    |kind: &str, name: &str| self.objects.get(&format!("{kind}/{name}")).cloned();
                let (key, value) = look.selector.split_once('=').expect("a label");
                let list = |kind: &str| -> Vec<Value> {
                    let is_meant = |one: &&Value| {
                        one["kind"] == kind && one["metadata"]["labels"][key] == value
                    };
                    self.objects.values().filter(is_meant).cloned().collect()
                };
                seen.found = Some(FoundObjects {
                    workload: get(look.workload.0.kind, &look.workload.1),
                    others: look
                        .others
                        .iter()
                        .filter_map(|(kind, name)| get(kind.kind, name))
                        .collect(),
                    labelled: look.labelled.iter().flat_map(|kind| list(kind.kind)).collect(),
                    permissions: look.permissions.iter().flat_map(|kind| list(kind.kind)).collect(),
                    pods: look.pods_of.iter().flat_map(|_| self.pods.clone()).collect(),
                });
            }
            Ask::Predict(items) => {
                let predicted = items
                    .iter()
                    .map(|item| (title(item), Predicted::Becomes(self.apply(item, true))));
                seen.predicted = Some(predicted.collect());
            }
            Ask::Jobs(_) => seen.jobs = Some(Jobs::Known(Vec::new())),
            ask => panic!("nobody waits here: {ask:?}"),
        }
    }

    /// Carries a step out. `Err`: it was cut off before it.
    fn act(
        &mut self,
        step: &Step,
        seen: &mut Observation,
        writes: &mut usize,
        cut: Option<usize>,
    ) -> Result<(), ()> {
        if let Step::Together(steps) = step {
            return steps.iter().try_for_each(|one| self.act(one, seen, writes, cut));
        }
        if Some(*writes) == cut {
            return Err(());
        }
        *writes += 1;
        let mut answer = None;
        match step {
            Step::CreateWorkload(object) => answer = self.create(object).ok(),
            Step::Create { object, authors, .. } => match self.create(object) {
                Ok(made) => {
                    self.own(&title(object), *authors);
                    answer = Some(made);
                }
                Err("AlreadyExists") => {
                    let mut object = object.clone();
                    let there = &self.objects[&title(&object)];
                    object["metadata"]["uid"] = there["metadata"]["uid"].clone();
                    self.apply(&object, false);
                }
                Err(why) => {
                    seen.refused = Some(why.to_owned());
                    return Ok(());
                }
            },
            Step::Own { object, authors } => {
                self.own(&title(object), *authors);
                answer = self.objects.get(&title(object)).cloned();
            }
            Step::Apply { object, authors } => {
                self.apply(object, false);
                self.own(&title(object), *authors);
            }
            Step::Replace { old, object, authors } => {
                self.delete(old);
                let mut object = object.clone();
                object["metadata"].as_object_mut().expect("metadata").remove("uid");
                self.create(&object).expect("it was just deleted");
                self.own(&title(&object), *authors);
            }
            Step::Delete { target, .. } | Step::Undo(target) => self.delete(target),
            Step::Hold { target, patch } | Step::Release { target, patch } => {
                self.patch(target, patch);
            }
            Step::Note { target, patch, authors } | Step::Scale { target, patch, authors } => {
                self.patch(target, patch);
                self.own(&target.title(), *authors);
            }
            Step::EndTaskManagers => self.pods.clear(),
            Step::EndPods(_) | Step::SaveLedger | Step::Together(_) => {}
        }
        seen.after(step, answer);
        Ok(())
    }

    /// Observes, decides and acts until it is waited for; at most so many writes.
    pub(super) fn run(
        &mut self,
        plan: &Plan,
        by: &By,
        cut: Option<usize>,
    ) -> Result<Course, Refusal> {
        let mut seen = Observation { by: by.clone(), ..Observation::default() };
        let (mut lines, mut writes) = (Vec::new(), 0);
        for _ in 0..10 {
            while let Some(ask) = question(plan, &seen)? {
                self.answer(ask, &mut seen);
            }
            let last = decide(plan, &seen)?;
            for step in last.steps.iter().filter(|_| by.acts) {
                lines.push(step.line());
                if self.act(step, &mut seen, &mut writes, cut).is_err() {
                    return Ok(Course { lines, last, writes });
                }
            }
            if last.again != Again::Look || !by.acts || last.steps.iter().any(is_undo) {
                return Ok(Course { lines, last, writes });
            }
        }
        panic!("it never comes to an end: {lines:#?}");
    }

    /// All objects without what the server keeps for itself.
    pub(super) fn shown(&self) -> BTreeMap<String, Value> {
        let mut objects = self.objects.clone();
        for object in objects.values_mut() {
            let metadata = object["metadata"].as_object_mut().expect("metadata");
            metadata
                .retain(|key, _| !["uid", "managedFields", "ownerReferences"].contains(&&**key));
        }
        objects
    }
}

fn is_undo(step: &Step) -> bool {
    matches!(step, Step::Undo(_))
}

fn entry(object: &Value, operation: &str, fields: Value) -> Value {
    json!({
        "manager": MANAGER, "operation": operation, "apiVersion": object["apiVersion"],
        "time": "2026-01-01T00:00:00Z", "fieldsType": "FieldsV1", "fieldsV1": fields,
    })
}

/// The fields of an object; those that every object has belong to nobody.
fn fields(object: &Value) -> Value {
    fn of(value: &Value) -> Value {
        match value {
            Value::Object(map) if !map.is_empty() => {
                map.iter().map(|(key, value)| (format!("f:{key}"), of(value))).collect()
            }
            _ => json!({}),
        }
    }
    let mut object = object.clone();
    if let Some(map) = object.as_object_mut() {
        map.remove("apiVersion");
        map.remove("kind");
    }
    if let Some(metadata) = object["metadata"].as_object_mut() {
        metadata.retain(|key, _| !["name", "namespace", "uid", "managedFields"].contains(&&**key));
    }
    of(&object)
}

/// Removes what was applied before and is not any more.
fn prune(object: &mut Value, before: &Value, now: &Value, others: &[&Value]) {
    let Some(before) = before.as_object() else { return };
    for (key, below) in before {
        let name = key.strip_prefix("f:").unwrap_or(key);
        let others: Vec<&Value> =
            others.iter().map(|one| &one[key]).filter(|one| !one.is_null()).collect();
        // Somebody else may have set other fields of it.
        let is_shared = !others.is_empty() && below.as_object().is_some_and(|all| !all.is_empty());
        if !now[key].is_null() || is_shared {
            prune(&mut object[name], below, &now[key], &others);
        } else if others.is_empty()
            && let Some(map) = object.as_object_mut()
        {
            map.remove(name);
        }
    }
}

fn merge(into: &mut Value, from: &Value) {
    match (into, from) {
        (Value::Object(into), Value::Object(from)) => {
            for (key, value) in from {
                merge(into.entry(key.clone()).or_insert(Value::Object(Map::new())), value);
            }
        }
        (into, from) => into.clone_from(from),
    }
}
