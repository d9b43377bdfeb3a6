//! What the objects of a rendering say of Nutkin's own options, which no configuration of Flink holds.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

use super::super::workers;
use nutkin_core::plan::kubernetes::{MAIN_CONTAINER, marks};

/// The objects of one session.
pub(super) struct Rendering<'a> {
    pub(super) name: &'a str,
    items: &'a [Value],
    /// That of the JobManagers.
    pub(super) workload: &'a Value,
    /// That of the TaskManagers, where they have one of their own.
    pub(super) task_manager: Option<&'a Value>,
    /// The ConfigMap with Flink's configuration.
    pub(super) configuration: &'a Value,
    pub(super) is_standalone: bool,
}

/// Kinds of workload.
const WORKLOADS: [&str; 2] = ["Deployment", "StatefulSet"];

/// The volume with Flink's configuration: what is mounted after it are claims of options, what comes before is the
/// template's or Flink's.
const CONFIGURATION: &str = "flink-config-volume";

impl<'a> Rendering<'a> {
    pub(super) fn of(name: &'a str, items: &'a [Value]) -> Option<Self> {
        let named = |kinds: &[&str], name: &str| {
            items.iter().find(|item| {
                item["metadata"]["name"] == name && kinds.iter().any(|kind| item["kind"] == *kind)
            })
        };
        let workload = named(&WORKLOADS, name)?;
        Some(Self {
            name,
            items,
            workload,
            task_manager: named(&WORKLOADS, &format!("{name}-taskmanager")),
            configuration: named(&["ConfigMap"], &format!("flink-config-{name}"))?,
            is_standalone: workload["metadata"]["labels"]["type"] == "flink-standalone-kubernetes",
        })
    }

    fn of_kind(&self, kind: &str) -> impl Iterator<Item = &'a Value> {
        self.items.iter().filter(move |item| item["kind"] == kind)
    }

    fn is_stateful(&self) -> bool {
        self.workload["kind"] == "StatefulSet"
    }

    /// Pods of each role: the field of the role, and the number.
    pub(super) fn replicas(&self) -> Vec<(&'static str, u64)> {
        let of = |workload: &Value| workload["spec"]["replicas"].as_u64().unwrap_or(1);
        let all = of(self.workload);
        match self.task_manager {
            Some(workers) => vec![("jobManager", all), ("taskManager", of(workers))],
            None if self.is_standalone => {
                let hosts = self.variable("JOB_MANAGER_HOSTS").unwrap_or_default();
                let hosts = hosts.split(',').count() as u64;
                vec![("jobManager", hosts), ("taskManager", all.saturating_sub(hosts).max(1))]
            }
            None => vec![("jobManager", all)],
        }
    }

    /// `resource.ephemeralStorage` of a role: request and limit of its main container. Of a native session the template
    /// of TaskManagers has it.
    pub(super) fn storage(&self, role: &str) -> Option<&'a str> {
        let workload = if role == "jobManager" { self.workload } else { self.task_manager? };
        let resources = &main(workload)["resources"];
        let [asked, most] =
            ["requests", "limits"].map(|kind| &resources[kind]["ephemeral-storage"]);
        (asked == most).then(|| asked.as_str()).flatten()
    }

    /// `spec.restartNonce`.
    pub(super) fn restart_nonce(&self) -> Option<i64> {
        let annotations = &self.workload["spec"]["template"]["metadata"]["annotations"];
        annotations[marks::RESTART].as_str()?.parse().ok()
    }

    fn variable(&self, name: &str) -> Option<&'a str> {
        let env = list(&main(self.workload)["env"]);
        env.iter().find(|one| one["name"] == name)?["value"].as_str()
    }

    /// `spec.ingress`.
    pub(super) fn ingress(&self) -> Option<Value> {
        let ingress = self.of_kind("Ingress").find(|one| one["metadata"]["name"] == self.name)?;
        let rule = &ingress["spec"]["rules"][0];
        let host = rule["host"].as_str().unwrap_or_default();
        let path = rule["http"]["paths"][0]["path"].as_str().unwrap_or_default();
        let template = match path {
            "/" if !host.is_empty() => host.to_owned(),
            path => format!("{host}{path}"),
        };
        let mut made = Map::from_iter([("template".to_owned(), json!(template))]);
        for (field, value) in [
            ("className", &ingress["spec"]["ingressClassName"]),
            ("tls", &ingress["spec"]["tls"]),
            ("labels", &words(&ingress["metadata"]["labels"])),
            ("annotations", &words(&ingress["metadata"]["annotations"])),
        ] {
            if !value.is_null() {
                made.insert(field.to_owned(), value.clone());
            }
        }
        Some(Value::Object(made))
    }

    /// The template of TaskManager pods that a native JobManager reads.
    pub(super) fn native_template(&self) -> Option<Value> {
        let name = format!("pod-template-{}", self.name);
        let map = self.of_kind("ConfigMap").find(|one| one["metadata"]["name"] == *name)?;
        let text = map["data"].as_object()?.values().next()?.as_str()?;
        workers::read(text, &name)
    }

    /// Nutkin's own options.
    pub(super) fn options(&self) -> BTreeMap<String, String> {
        let mut made = BTreeMap::new();
        let mut put = |key: &str, value: &str| drop(made.insert(key.to_owned(), value.to_owned()));
        if ["ServiceAccount", "Role"].iter().any(|kind| self.of_kind(kind).next().is_some()) {
            put("nutkin.rbac.create", "true");
        }
        if self.is_standalone {
            if self.is_stateful() {
                put("nutkin.standalone.workload", "statefulset");
                if self.task_manager.is_none() {
                    put("nutkin.standalone.stateful-sets", "1");
                }
            }
            if self.workload["spec"]["template"]["spec"]["securityContext"]["runAsUser"].is_null() {
                put("nutkin.security-context", "none");
            }
            if self.of_kind("NetworkPolicy").next().is_some() {
                put("nutkin.network-policy", "true");
            }
            for budget in self.of_kind("PodDisruptionBudget") {
                put("nutkin.pod-disruption-budget", "true");
                let missing = budget["spec"]["maxUnavailable"].as_u64().unwrap_or(1);
                if 1 < missing {
                    put("nutkin.upgrade.max-unavailable", &missing.to_string());
                }
            }
            for service in self.of_kind("Service") {
                self.service(service, &mut put);
            }
            self.claims(&mut put);
        }
        made
    }

    /// `nutkin.rest.node-port` and `nutkin.service.<name>.*`.
    fn service(&self, service: &Value, put: &mut impl FnMut(&str, &str)) {
        let name = service["metadata"]["name"].as_str().unwrap_or_default();
        let rest = format!("{}-rest", self.name);
        let ports = list(&service["spec"]["ports"]);
        if name == rest {
            if let Some(port) = ports.first().and_then(|port| port["nodePort"].as_u64()) {
                put("nutkin.rest.node-port", &port.to_string());
            }
            return;
        }
        // The further ones of one StatefulSet, whose pods are selected by their names.
        let pod = service["spec"]["selector"]["statefulset.kubernetes.io/pod-name"].as_str();
        let number = pod.and_then(|pod| pod.rsplit_once('-')).map_or("0", |(_, number)| number);
        let is_own = name == self.name || name == format!("{}-taskmanager", self.name);
        if is_own || name.starts_with(&rest) && pod.is_some() || number != "0" {
            return;
        }
        let word = |port: &Value| {
            let name = port["name"].as_str().unwrap_or_default();
            let name = name.strip_prefix("port-").unwrap_or(name);
            port["nodePort"].as_u64().map_or(name.to_owned(), |node| format!("{name}:{node}"))
        };
        let words: Vec<String> = ports.iter().map(word).collect();
        put(&format!("nutkin.service.{name}.ports"), &words.join(","));
        if service["spec"]["selector"]["component"] == "taskmanager" {
            put(&format!("nutkin.service.{name}.role"), "taskmanager");
        }
        match service["spec"]["type"].as_str() {
            None | Some("ClusterIP") => {}
            Some(kind) => put(&format!("nutkin.service.{name}.type"), kind),
        }
    }

    /// `nutkin.claim.<name>.*`.
    fn claims(&self, put: &mut impl FnMut(&str, &str)) {
        let of_pods = |workload: &'a Value| {
            let mounts = list(&main(workload)["volumeMounts"]);
            let at = mounts.iter().position(|mount| mount["name"] == CONFIGURATION);
            let claimed = at.map_or(&[][..], |at| &mounts[at + 1..]);
            let named = claimed
                .iter()
                .filter_map(|mount| Some((mount["name"].as_str()?, mount["mountPath"].as_str()?)));
            named.collect::<BTreeMap<&str, &str>>()
        };
        let masters = of_pods(self.workload);
        let workers = self.task_manager.map_or_else(|| masters.clone(), of_pods);
        let all: BTreeMap<&str, &str> =
            masters.iter().chain(&workers).map(|(k, v)| (*k, *v)).collect();
        for (name, path) in all {
            let mut said = |setting: &str, value: &str| {
                put(&format!("nutkin.claim.{name}.{setting}"), value);
            };
            said("path", path);
            match (masters.contains_key(name), workers.contains_key(name)) {
                (true, false) => said("role", "jobmanager"),
                (false, true) => said("role", "taskmanager"),
                _ => {}
            }
            let templates = [Some(self.workload), self.task_manager].into_iter().flatten();
            let mut templates =
                templates.flat_map(|one| list(&one["spec"]["volumeClaimTemplates"]));
            let template = templates.find(|one| one["metadata"]["name"] == name);
            let mut made = self.of_kind("PersistentVolumeClaim");
            let Some(claim) = template.or_else(|| made.find(|one| one["metadata"]["name"] == name))
            else {
                continue;
            };
            if template.is_some() {
                said("per-pod", "true");
            }
            let spec = &claim["spec"];
            if let Some(size) = spec["resources"]["requests"]["storage"].as_str() {
                said("size", size);
            }
            if let Some(class) = spec["storageClassName"].as_str() {
                said("storage-class", class);
            }
            match spec["accessModes"][0].as_str() {
                None | Some("ReadWriteOnce") => {}
                Some(access) => said("access-mode", access),
            }
        }
    }
}

/// Words of the user's among labels or annotations; nothing where there are none.
fn words(all: &Value) -> Value {
    let is_own = |key: &str| key.starts_with("nutkin.dev/") || ["app", "type"].contains(&key);
    let kept: Map<String, Value> = all
        .as_object()
        .into_iter()
        .flatten()
        .filter(|(key, _)| !is_own(key))
        .map(|(key, value)| (key.clone(), value.clone()))
        .collect();
    if kept.is_empty() { Value::Null } else { Value::Object(kept) }
}

/// The main container of a workload's pods.
fn main(workload: &Value) -> &Value {
    let containers = list(&workload["spec"]["template"]["spec"]["containers"]);
    containers.iter().find(|one| one["name"] == MAIN_CONTAINER).unwrap_or(&Value::Null)
}

fn list(value: &Value) -> &[Value] {
    value.as_array().map_or(&[], Vec::as_slice)
}
