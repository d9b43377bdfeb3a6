//! Step 9: keytab and `krb5.conf` (`KerberosMountDecorator`).

use k8s_openapi::ByteString;
use serde_json::{Map, json};

use super::client::SeenPath;
use super::draft::Draft;
use super::json::{append, object};
use nutkin_flink::Origin;
use nutkin_flink::Problem;

const KEYTAB: &str = "security.kerberos.login.keytab";
const PRINCIPAL: &str = "security.kerberos.login.principal";
const KRB5: &str = "security.kerberos.krb5-conf.path";

/// Where pods find the keytab (`Constants.KERBEROS_KEYTAB_MOUNT_POINT`).
const KEYTAB_DIRECTORY: &str = "/opt/kerberos/kerberos-keytab";

/// Takes the client's files along. Without this step nobody looks at them, either.
pub(in crate::plan::kubernetes) fn decorate(draft: &mut Draft<'_>) {
    let gate = "kubernetes.decorator.kerberos-mount.enabled";
    if draft.settings.has(gate) && !draft.settings.boolean(gate) {
        return;
    }
    let keytab = draft.settings.text(KEYTAB).filter(|path| !path.is_empty());
    let principal = draft.settings.text(PRINCIPAL).filter(|name| !name.is_empty());
    if keytab.is_some() && principal.is_none() {
        let hint = "set both, or neither";
        draft.settings.problem(Problem::new(PRINCIPAL, "a keytab needs a principal").hint(hint));
    }
    // 1.13 lets this pass.
    if keytab.is_none() && principal.is_some() && draft.settings.version.is_at_least(1, 17) {
        let hint = "set both, or neither";
        draft.settings.problem(Problem::new(KEYTAB, "a principal needs a keytab").hint(hint));
    }
    let bytes = keytab.as_ref().and_then(|path| read(draft, KEYTAB, path));
    if let (Some(path), Some(_), Some(bytes)) = (keytab, principal, bytes) {
        mount_keytab(draft, file_name(&path), &bytes);
    }
    if let Some(path) = draft.settings.text(KRB5)
        && let Some(bytes) = read(draft, KRB5, &path)
    {
        mount_krb5(draft, file_name(&path), &bytes);
    }
}

fn mount_keytab(draft: &mut Draft<'_>, file: &str, bytes: &[u8]) {
    let secret = format!("kerberos-keytab-{}", draft.cluster_id);
    draft.others.push(json!({
        "apiVersion": "v1",
        "kind": "Secret",
        "metadata": {"name": secret},
        "data": Map::from_iter([(file.to_owned(), json!(ByteString(bytes.to_vec())))]),
    }));
    let volume = json!({"name": "kerberos-keytab-volume", "secret": {"secretName": secret}});
    append(object(&mut draft.pod, "spec"), "volumes", [volume]);
    let mount = json!({"name": "kerberos-keytab-volume", "mountPath": KEYTAB_DIRECTORY});
    append(&mut draft.container, "volumeMounts", [mount]);
    let origin = Origin::Derived("where the keytab is mounted");
    draft.settings.configuration.set(KEYTAB, format!("{KEYTAB_DIRECTORY}/{file}"), origin);
}

fn mount_krb5(draft: &mut Draft<'_>, file: &str, bytes: &[u8]) {
    let Ok(text) = String::from_utf8(bytes.to_vec()) else {
        draft.settings.problem(Problem::new(KRB5, "the file is not UTF-8"));
        return;
    };
    let map = format!("kerberos-krb5conf-{}", draft.cluster_id);
    draft.others.push(json!({
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": {"name": map},
        "data": Map::from_iter([(file.to_owned(), json!(text))]),
    }));
    let volume = json!({
        "name": "kerberos-krb5conf-volume",
        "configMap": {"name": map, "items": [{"key": file, "path": "krb5.conf"}]},
    });
    append(object(&mut draft.pod, "spec"), "volumes", [volume]);
    let mount = json!({
        "name": "kerberos-krb5conf-volume",
        "mountPath": "/etc/krb5.conf",
        "subPath": "krb5.conf",
    });
    append(&mut draft.container, "volumeMounts", [mount]);
}

/// What is in a file of the client's machine, or `None` after a problem.
fn read(draft: &mut Draft<'_>, option: &str, path: &str) -> Option<Vec<u8>> {
    let fault = match draft.client.files.get(path) {
        Some(SeenPath::File(bytes)) => return Some(bytes.clone()),
        Some(SeenPath::Directory) => format!("`{path}` is a directory"),
        Some(SeenPath::Unreadable(reason)) => format!("cannot read `{path}`: {reason}"),
        None => format!("there is no file `{path}` on this machine"),
    };
    draft.settings.problem(Problem::new(option, fault).hint("name a file that can be read here"));
    None
}

fn file_name(path: &str) -> &str {
    path.rsplit('/').next().unwrap_or(path)
}
