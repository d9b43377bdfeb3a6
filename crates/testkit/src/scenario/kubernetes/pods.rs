//! Controllers that are quick: workloads have the pods that they ask for, which run.

use serde_json::{Value, json};

use super::path::Place;
use super::{Kubernetes, key};

/// Annotation of a pod: what its workload's template was when it was made.
const TEMPLATE: &str = "scenario/template";
/// When pods were started, where a test does not say otherwise.
const LONG_AGO: &str = "2026-01-01T00:00:00Z";

impl Kubernetes {
    /// Brings pods and the statuses of workloads to what the workloads ask for.
    pub fn run_pods(&mut self) {
        let is_workload =
            |one: &&Value| one["kind"] == "Deployment" || one["kind"] == "StatefulSet";
        let workloads: Vec<Value> = self.objects.values().filter(is_workload).cloned().collect();
        for workload in workloads {
            self.run(&workload);
        }
    }

    fn run(&mut self, workload: &Value) {
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        let (name, uid) =
            (text(&workload["metadata"]["name"]), workload["metadata"]["uid"].clone());
        let namespace = text(&workload["metadata"]["namespace"]);
        let wanted = workload["spec"]["replicas"].as_u64().unwrap_or(1);
        let template = workload["spec"]["template"].to_string();
        let strategy = &workload["spec"]["updateStrategy"]["type"];
        let is_held = workload["spec"]["paused"] == true || strategy == "OnDelete";
        let mut updated = 0;
        for number in 0..wanted {
            let pod = format!("{name}-{number}");
            let place = Place {
                api_version: "v1".to_owned(),
                namespace: namespace.clone(),
                plural: "pods".to_owned(),
                name: pod.clone(),
                rest: String::new(),
            };
            let there = self.objects.get(&key(&place));
            let is_new = there.is_some_and(|there| {
                there["metadata"]["annotations"][TEMPLATE] == template.as_str()
            });
            if is_new || (there.is_some() && is_held) {
                updated += u64::from(is_new);
                continue;
            }
            updated += 1;
            let mut made = workload["spec"]["template"].clone();
            made["apiVersion"] = json!("v1");
            made["kind"] = json!("Pod");
            let born = self.born(&place);
            for (key, value) in born.as_object().into_iter().flatten() {
                made["metadata"][key.as_str()] = value.clone();
            }
            made["metadata"]["name"] = json!(pod);
            made["metadata"]["annotations"][TEMPLATE] = json!(template);
            made["metadata"]["ownerReferences"] = json!([{
                "apiVersion": workload["apiVersion"], "kind": workload["kind"], "name": name, "uid": uid, "controller": true,
            }]);
            let container = text(&made["spec"]["containers"][0]["name"]);
            let started = if self.started.is_empty() { LONG_AGO } else { self.started };
            made["status"] = json!({
                "phase": "Running",
                "podIP": format!("192.0.2.{}", number + 10),
                "conditions": [{"type": "Ready", "status": "True"}, {"type": "PodScheduled", "status": "True"}],
                "containerStatuses": [{
                    "name": container, "ready": true, "restartCount": 0, "started": true,
                    "state": {"running": {"startedAt": started}},
                }],
            });
            self.store(&place, made);
        }
        self.objects.retain(|key, one| {
            let is_own =
                one["kind"] == "Pod" && one["metadata"]["ownerReferences"][0]["uid"] == uid;
            let number = key.3.rsplit_once('-').and_then(|(_, number)| number.parse::<u64>().ok());
            !is_own || number.is_some_and(|number| number < wanted)
        });
        let status = json!({
            "observedGeneration": workload["metadata"]["generation"],
            "replicas": wanted, "readyReplicas": wanted, "availableReplicas": wanted, "updatedReplicas": updated,
            "conditions": [
                {"type": "Available", "status": "True"},
                {"type": "Progressing", "status": "True", "reason": "NewReplicaSetAvailable"},
            ],
        });
        let found = self.objects.values_mut().find(|one| one["metadata"]["uid"] == uid);
        if let Some(found) = found {
            found["status"] = status;
        }
    }
}
