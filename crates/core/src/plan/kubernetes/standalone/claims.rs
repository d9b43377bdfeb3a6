//! Volumes of the user's: `nutkin.claim.<name>.*`. A claim with a size is made along with the session and outlives it;
//! one without a size is there already.

use serde_json::{Value, json};

use super::super::marks;
use super::super::steps::draft::{Draft, Role};
use super::super::steps::json::{append, object};
use super::super::steps::names;
use super::workload::Workload;
use super::{metadata, named};
use nutkin_flink::Problem;

const PREFIX: &str = "nutkin.claim.";

/// What can be said of a claim.
const SETTINGS: [&str; 6] = ["path", "role", "size", "storage-class", "access-mode", "per-pod"];

/// Access modes of Kubernetes (1.22 and later).
const ACCESS_MODES: [&str; 4] =
    ["ReadWriteOnce", "ReadOnlyMany", "ReadWriteMany", "ReadWriteOncePod"];

/// A claim and where it is mounted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Claim {
    pub(super) name: String,
    pub(super) path: String,
    /// Whose pods mount it; `None`: all.
    pub(super) role: Option<Role>,
    /// How much to ask for; `None`: it is there already.
    pub(super) size: Option<String>,
    storage_class: Option<String>,
    pub(super) access_mode: &'static str,
    /// One for each pod of a StatefulSet.
    pub(super) per_pod: bool,
}

impl Claim {
    pub(super) fn is_of(&self, role: Role) -> bool {
        self.role.is_none_or(|own| own == role)
    }

    /// `spec` of the claim, or of the template of claims.
    pub(super) fn spec(&self) -> Value {
        let size = self.size.as_deref().unwrap_or_default();
        let mut spec = json!({
            "accessModes": [self.access_mode],
            "resources": {"requests": {"storage": size}},
        });
        if let Some(class) = &self.storage_class {
            spec["storageClassName"] = json!(class);
        }
        spec
    }
}

/// Reads the claims of the options.
pub(super) fn read(draft: &mut Draft<'_>) -> Vec<Claim> {
    let all = named::read(draft.session, &mut draft.settings, PREFIX, &SETTINGS);
    let mut claims: Vec<Claim> = Vec::new();
    for (name, of_name) in all {
        let mut fault = |setting: &str, message: String, hint: &str| {
            let key = format!("{PREFIX}{name}.{setting}");
            draft.settings.problem(Problem::new(key, message).hint(hint));
        };
        let text = |setting: &str| of_name.get(setting).cloned();
        if !names::is_label(&name) {
            let hint = "lower-case letters, digits and `-` inside; at most 63 characters";
            fault("path", format!("`{name}` cannot be the name of a claim"), hint);
        }
        let path = text("path").unwrap_or_default();
        if !path.starts_with('/') {
            fault("path", "a claim needs an absolute path in the pods".to_owned(), "write /data");
        }
        if let Some(other) = claims.iter().find(|other| other.path == path) {
            let message = format!("`{}` is mounted at `{path}` already", other.name);
            fault("path", message, "give each claim a path of its own");
        }
        let role = match text("role").as_deref() {
            None | Some("all") => None,
            Some("jobmanager") => Some(Role::JobManager),
            Some("taskmanager") => Some(Role::TaskManager),
            Some(_) => {
                fault("role", "no such role".to_owned(), "jobmanager, taskmanager or all");
                None
            }
        };
        let written = text("access-mode");
        let access_mode = match &written {
            None => Some(ACCESS_MODES[0]),
            Some(mode) => ACCESS_MODES.into_iter().find(|known| known == mode),
        };
        if access_mode.is_none() {
            fault("access-mode", "no such access mode".to_owned(), &ACCESS_MODES.join(", "));
        }
        let size = text("size");
        if size.is_none() {
            for setting in ["storage-class", "access-mode", "per-pod"] {
                if of_name.contains_key(setting) {
                    let message = "this is said of a claim that is to be made".to_owned();
                    fault(setting, message, "give it a size, or remove this setting");
                }
            }
        }
        let per_pod = match text("per-pod").as_deref() {
            None | Some("false") => false,
            Some("true") => true,
            Some(_) => {
                fault("per-pod", "neither true nor false".to_owned(), "true or false");
                false
            }
        };
        claims.push(Claim {
            name,
            path,
            role,
            size,
            storage_class: text("storage-class"),
            access_mode: access_mode.unwrap_or(ACCESS_MODES[0]),
            per_pod,
        });
    }
    claims
}

/// Mounts the claims of a role.
pub(super) fn mount(draft: &mut Draft<'_>, claims: &[Claim]) {
    for claim in claims.iter().filter(|claim| claim.is_of(draft.role)) {
        if !claim.per_pod {
            let source = json!({"claimName": claim.name});
            let volume = json!({"name": claim.name, "persistentVolumeClaim": source});
            append(object(&mut draft.pod, "spec"), "volumes", [volume]);
        }
        let mount = json!({"name": claim.name, "mountPath": claim.path});
        append(&mut draft.container, "volumeMounts", [mount]);
    }
}

/// Adds the claims that are to be made.
pub(super) fn add(draft: &mut Draft<'_>, workload: Workload, claims: &[Claim]) {
    for claim in claims {
        if claim.per_pod {
            if workload == Workload::Deployments {
                let key = format!("{PREFIX}{}.per-pod", claim.name);
                let hint = "set `nutkin.standalone.workload: statefulset`";
                let message = "the pods of a Deployment share their claims";
                draft.settings.problem(Problem::new(key, message).hint(hint));
            }
            continue;
        }
        if claim.size.is_none() {
            continue;
        }
        let mut metadata = metadata(draft, &claim.name);
        metadata["annotations"][marks::OUTLIVES] = json!("true");
        draft.others.push(json!({
            "apiVersion": "v1",
            "kind": "PersistentVolumeClaim",
            "metadata": metadata,
            "spec": claim.spec(),
        }));
    }
}

/// Claims for each pod of a role, as a StatefulSet takes them.
pub(super) fn templates(claims: &[Claim], roles: &[Role]) -> Vec<Value> {
    let of_roles = |claim: &&Claim| roles.iter().any(|role| claim.is_of(*role));
    let claims = claims.iter().filter(|claim| claim.per_pod).filter(of_roles);
    claims.map(|claim| json!({"metadata": {"name": claim.name}, "spec": claim.spec()})).collect()
}
