//! Step 4, from 2.3 on: PersistentVolumeClaims (`PersistentVolumeClaimMountDecorator`).

use std::collections::BTreeSet;

use serde_json::json;

use super::draft::Draft;
use super::json::{append, list, names, object};
use nutkin_flink::Problem;

const OPTION: &str = "kubernetes.persistent-volume-claims";

/// Longest name of a claim, and of a volume (RFC 1123).
const CLAIM_LIMIT: usize = 253;
const VOLUME_LIMIT: usize = 63;

/// Mounts each claim at its path.
pub(in crate::plan::kubernetes) fn decorate(draft: &mut Draft<'_>) {
    let claims = draft.settings.map(OPTION);
    if claims.is_empty() {
        return;
    }
    let read_only = draft.settings.boolean("kubernetes.persistent-volume-claim-read-only");
    let spec = object(&mut draft.pod, "spec");
    let mut volumes: BTreeSet<String> =
        names(list(spec, "volumes"), "name").map(str::to_owned).collect();
    let mut paths = BTreeSet::new();
    for (claim, path) in claims {
        let volume = format!("{}-pvc", claim.replace('.', "-"));
        let fault = if !is_claim(&claim) {
            Some(format!("`{claim}` cannot be the name of a claim"))
        } else if !path.starts_with('/') {
            Some(format!("the path `{path}` of `{claim}` is not absolute"))
        } else if !paths.insert(path.clone()) {
            Some(format!("the path `{path}` appears twice"))
        } else if VOLUME_LIMIT < volume.len() {
            Some(format!(
                "the volume of `{claim}` would have a name of more than {VOLUME_LIMIT} characters"
            ))
        } else if !volumes.insert(volume.clone()) {
            Some(format!("there would be two volumes of the name `{volume}`"))
        } else {
            None
        };
        if let Some(fault) = fault {
            let hint = "write `claim:/path`, several with `,` between";
            draft.settings.problem(Problem::new(OPTION, fault).hint(hint));
            continue;
        }
        let source = json!({"claimName": claim, "readOnly": read_only});
        let volume_json = json!({"name": volume, "persistentVolumeClaim": source});
        append(object(&mut draft.pod, "spec"), "volumes", [volume_json]);
        let mount = json!({"name": volume, "mountPath": path, "readOnly": read_only});
        append(&mut draft.container, "volumeMounts", [mount]);
    }
}

/// `^[a-z0-9]([-a-z0-9.]*[a-z0-9])?$`, as Flink checks it.
fn is_claim(name: &str) -> bool {
    let good = |c: u8| c.is_ascii_lowercase() || c.is_ascii_digit();
    name.len() <= CLAIM_LIMIT
        && name.bytes().all(|c| good(c) || c == b'-' || c == b'.')
        && name.bytes().next().is_some_and(good)
        && name.bytes().last().is_some_and(good)
}
