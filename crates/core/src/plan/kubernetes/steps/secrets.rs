//! Step 3: Secrets as volumes (`MountSecretsDecorator`, `kubernetes.secrets`).

use serde_json::json;

use super::draft::Draft;
use super::json::{append, object};

/// Mounts each Secret at its path.
pub(in crate::plan::kubernetes) fn decorate(draft: &mut Draft<'_>) {
    for (secret, path) in draft.settings.map("kubernetes.secrets") {
        let name = format!("{secret}-volume");
        let volume = json!({"name": name, "secret": {"secretName": secret}});
        append(object(&mut draft.pod, "spec"), "volumes", [volume]);
        let mount = json!({"name": name, "mountPath": path});
        append(&mut draft.container, "volumeMounts", [mount]);
    }
}
