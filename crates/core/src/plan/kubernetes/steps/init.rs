//! Step 1: the pod itself (`InitJobManagerDecorator`).

use serde_json::{Value, json};

use super::draft::{Draft, Role};
use super::json::{append, object, texts};
use super::{resources, tolerations};
use crate::plan::kubernetes::MAIN_CONTAINER;
use crate::session::Mode;
use nutkin_flink::FlinkVersion;

/// Where Flink puts jars that it fetched (`Constants.USER_ARTIFACTS_VOLUME`), from 1.20 on.
const ARTIFACTS_VOLUME: &str = "user-artifacts-volume";

/// Fills pod and main container.
pub(in crate::plan::kubernetes) fn decorate(draft: &mut Draft<'_>, mebibytes: u64) {
    pod(draft);
    container(draft, mebibytes);
    if draft.settings.has("user.artifacts.base-dir") {
        let directory = draft.settings.text_or_default("user.artifacts.base-dir");
        let spec = object(&mut draft.pod, "spec");
        append(spec, "volumes", [json!({"name": ARTIFACTS_VOLUME, "emptyDir": {}})]);
        let mount = json!({"name": ARTIFACTS_VOLUME, "mountPath": directory});
        append(&mut draft.container, "volumeMounts", [mount]);
    }
}

fn pod(draft: &mut Draft<'_>) {
    let account = service_account(draft);
    let host_network = draft.settings.boolean("kubernetes.hostnetwork.enabled");
    let sets_network = draft.settings.has("kubernetes.hostnetwork.enabled");
    let mut labels = texts(draft.settings.map(&draft.role.option("labels")));
    labels.extend(draft.selectors());
    let annotations = texts(draft.settings.map(&draft.role.option("annotations")));
    let pull_secrets = draft.settings.list("kubernetes.container.image.pull-secrets");
    let selector = texts(draft.settings.map(&draft.role.option("node-selector")));
    let tolerations = tolerations::read(&mut draft.settings, &draft.role.option("tolerations"));
    let writes_empty = !draft.settings.version.is_at_least(1, 18);

    let metadata = object(&mut draft.pod, "metadata");
    object(metadata, "labels").extend(labels);
    if !annotations.is_empty() || writes_empty {
        object(metadata, "annotations").extend(annotations);
    }
    let spec = object(&mut draft.pod, "spec");
    spec.insert("serviceAccount".to_owned(), json!(account));
    spec.insert("serviceAccountName".to_owned(), json!(account));
    if sets_network {
        spec.insert("hostNetwork".to_owned(), json!(host_network));
        if host_network {
            spec.insert("dnsPolicy".to_owned(), json!("ClusterFirstWithHostNet"));
        } else {
            spec.entry("dnsPolicy").or_insert_with(|| json!("ClusterFirst"));
        }
    }
    append(spec, "imagePullSecrets", pull_secrets.into_iter().map(|name| json!({"name": name})));
    if !selector.is_empty() || writes_empty {
        object(spec, "nodeSelector").extend(selector);
    }
    append(spec, "tolerations", tolerations);
}

fn container(draft: &mut Draft<'_>, mebibytes: u64) {
    let image_key = "kubernetes.container.image.ref";
    let image_key =
        if draft.settings.has(image_key) { image_key } else { "kubernetes.container.image" };
    let image = draft
        .settings
        .text(image_key)
        .or_else(|| draft.container.get("image")?.as_str().map(str::to_owned))
        .unwrap_or_else(|| default_image(draft.settings.version));
    if image.trim().is_empty() {
        draft.settings.problem(
            nutkin_flink::Problem::new(image_key, "an image is needed")
                .hint("name one, or remove the option"),
        );
    }
    let policy_key = "kubernetes.container.image.pull-policy";
    let policy = draft.settings.name(policy_key);
    let policy = match policy {
        Some(policy) if draft.settings.text(policy_key).is_some() => policy.to_owned(),
        _ => resolved(draft, policy_key, "imagePullPolicy"),
    };
    draft.container.insert("name".to_owned(), json!(MAIN_CONTAINER));
    draft.container.insert("image".to_owned(), json!(image));
    draft.container.insert("imagePullPolicy".to_owned(), json!(policy));
    resources::set(draft, mebibytes);
    // A native JobManager takes any ports of its node; ours has those that probes and Services name.
    let has_ports = draft.session.mode == Some(Mode::Standalone)
        || !draft.settings.boolean("kubernetes.hostnetwork.enabled");
    if has_ports {
        let ports = match draft.role {
            Role::JobManager => vec![
                ("rest", draft.port("rest.port")),
                ("jobmanager-rpc", draft.port("jobmanager.rpc.port")),
                ("blobserver", draft.port("blob.server.port")),
            ],
            Role::TaskManager => vec![("taskmanager-rpc", draft.port("taskmanager.rpc.port"))],
        };
        let ports =
            ports.into_iter().map(|(name, port)| json!({"name": name, "containerPort": port}));
        append(&mut draft.container, "ports", ports);
    }
    let variables = match draft.role {
        Role::JobManager => "containerized.master.env.",
        Role::TaskManager => "containerized.taskmanager.env.",
    };
    let mut env: Vec<Value> = draft
        .settings
        .below(variables)
        .into_iter()
        .map(|(name, value)| json!({"name": name, "value": value}))
        .collect();
    env.push(json!({
        "name": "_POD_IP_ADDRESS",
        "valueFrom": {"fieldRef": {"apiVersion": "v1", "fieldPath": "status.podIP"}},
    }));
    if let Some(directory) = draft.settings.text("kubernetes.flink.log.dir") {
        env.push(json!({"name": "FLINK_LOG_DIR", "value": directory}));
    }
    append(&mut draft.container, "env", env);
}

/// The image that Flink's client takes unless one is named: that of its own release
/// (`KubernetesConfigOptions.getDefaultFlinkImage`, 1.13 to 2.3). The table of options has it only for the releases that it was made from.
fn default_image(version: FlinkVersion) -> String {
    format!("apache/flink:{version}-scala_2.12")
}

/// `KubernetesUtils.resolveUserDefinedValue`: the option where it is set, otherwise the template's value, otherwise the
/// option's default.
fn resolved(draft: &Draft<'_>, key: &str, field: &str) -> String {
    draft
        .settings
        .text(key)
        .or_else(|| draft.container.get(field)?.as_str().map(str::to_owned))
        .unwrap_or_else(|| draft.settings.text_or_default(key))
}

/// As [`resolved`]; of the template's two fields the older one counts.
fn service_account(draft: &mut Draft<'_>) -> String {
    let key = &draft.role.option("service-account");
    let spec = object(&mut draft.pod, "spec");
    let template = ["serviceAccount", "serviceAccountName"];
    let template = template.iter().find_map(|field| spec.get(*field)?.as_str());
    let template = template.map(str::to_owned);
    let settings = &draft.settings;
    settings.text(key).or(template).unwrap_or_else(|| settings.text_or_default(key))
}
