//! The document that reads Flink's source: what native mode makes of a session, as its author saw it in the code of
//! 1.13. A configuration with the options that the code sets becomes a session file, and the objects of that file
//! have what the document says.

use std::path::Path;

use anyhow::{Result, ensure};
use nutkin_check::Input;
use nutkin_check::adopt::difference::rendered;
use nutkin_check::adopt::{AdoptionRequest, adopt};

use super::{explained, has_options, text_of, told};

/// Words that are in the document's Deployment and must be in ours; `ID` is the cluster-id.
const WORDS: &[(&str, &str)] = &[
    ("type: flink-native-kubernetes", "type: flink-native-kubernetes"),
    ("app: {kubernetes.cluster-id}", "app: ID"),
    ("component: jobmanager", "component: jobmanager"),
    ("- name: flink-main-container", "- name: flink-main-container"),
    ("/docker-entrypoint.sh", "/docker-entrypoint.sh"),
    ("kubernetes-jobmanager.sh [kubernetes-session", "kubernetes-jobmanager.sh kubernetes-session"),
    ("- name: rest", "- name: rest"),
    ("- name: jobmanager-rpc", "- name: jobmanager-rpc"),
    ("- name: blobserver", "- name: blobserver"),
    ("- name: _POD_IP_ADDRESS", "- name: _POD_IP_ADDRESS"),
    ("- name: flink-config-volume", "- name: flink-config-volume"),
    ("/opt/flink/conf", "mountPath: /opt/flink/conf"),
    ("name: flink-config-{kubernetes.cluster-id}", "name: flink-config-ID"),
    ("- key: log4j-console.properties", "- key: log4j-console.properties"),
    ("- key: flink-conf.yaml", "- key: flink-conf.yaml"),
];

/// What the code of the document sets: `// blob.server.port = 6124` says it of the line of code below it.
fn options(document: &str) -> Vec<(&str, &str)> {
    let said =
        document.lines().filter_map(|line| line.trim().strip_prefix("// ")?.split_once(" = "));
    let is_option = |(key, value): &(&str, &str)| {
        let is_key =
            key.contains('.') && key.chars().all(|c| c.is_ascii_lowercase() || ".-".contains(c));
        is_key && value.parse::<u16>().is_ok()
    };
    said.filter(is_option).collect()
}

/// The configuration that the code of the document makes.
pub(super) fn configuration(document: &str) -> Input {
    let lines = options(document).into_iter().map(|(key, value)| format!("{key}: {value}\n"));
    Input { name: "003/conf/flink-conf.yaml".to_owned(), text: lines.collect() }
}

/// Takes the configuration over and compares.
pub(super) fn check(directory: &Path) -> Result<()> {
    let document = text_of(directory, "003")?;
    let mut options = options(&document);
    ensure!(3 <= options.len(), "the document sets ports: {options:?}");
    options.extend([
        ("kubernetes.cluster-id", "words"),
        ("kubernetes.namespace", "team"),
        ("kubernetes.container.image", "flink:1.13.6"),
        ("kubernetes.jobmanager.service-account", "flink"),
        ("kubernetes.jobmanager.cpu", "0.5"),
        ("jobmanager.memory.process.size", "1600m"),
        ("taskmanager.memory.process.size", "1728m"),
    ]);
    let text = options.iter().map(|(key, value)| format!("{key}: {value}\n")).collect();
    let files = [Input { name: "conf/flink-conf.yaml".to_owned(), text }];
    let flink = "1.13.6".parse().ok();
    let request = AdoptionRequest { flink, ..AdoptionRequest::default() };
    let adoption = adopt(&files, &request).map_err(told)?;
    ensure!(adoption.name == "words", "the cluster-id is the name, not {}", adoption.name);
    has_options(&adoption, &options)?;
    explained(&files, &request, &adoption)?;
    let objects = rendered(&adoption).map_err(told)?;
    for (theirs, ours) in WORDS {
        ensure!(document.contains(theirs), "the document has no `{theirs}`");
        let ours = ours.replace("ID", "words");
        ensure!(objects.contains(&ours), "no `{ours}` in\n{objects}");
    }
    Ok(())
}
