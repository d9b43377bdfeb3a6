//! Configuration files inside Kubernetes manifests, converted where they stand.

use super::embedded::Origin;
use super::kubernetes::{Workload, last_line};
use super::node::Walk;
use super::source::{File, FileKind, Input};
use super::world::World;
use nutkin_flink::Problem;
use nutkin_flink::convert::{Conversion, ConversionRequest, ConvertedLine, convert};
use nutkin_flink::dialect::Dialect;
use nutkin_flink::yaml::{Node, NodeKind};
use nutkin_flink::{Configuration, Location};

/// Lines of the manifest from one on, and what takes their place.
struct Edit {
    first: u32,
    removed: u32,
    with: Vec<String>,
}

/// Converts the configuration in the ConfigMaps of a manifest, and renames the file where pods of the manifest name it.
///
/// # Errors
/// No ConfigMap of the manifest holds a configuration as a block of text, or one of them cannot be converted.
pub fn convert_manifest(
    text: &str,
    name: &str,
    request: ConversionRequest,
) -> Result<Conversion, Vec<Problem>> {
    let input = Input { name: name.to_owned(), text: text.to_owned() };
    let world = World::read(vec![File::new(&input)]);
    let (from, to) = (request.from.file_name(), request.to.file_name());
    let kind = match request.from {
        Dialect::FlinkConf => FileKind::FlinkConf,
        Dialect::ConfigYaml => FileKind::ConfigYaml,
    };
    let mut edits: Vec<Edit> = Vec::new();
    let mut changes: Vec<ConvertedLine> = Vec::new();
    let mut configuration = Configuration::new();
    for object in world.objects.iter().filter(|object| object.kind == "ConfigMap") {
        for (key, node) in object.node.get("data").map_or(&[][..], Walk::entries) {
            let embedded = world.texts.iter().find(|text| {
                matches!(text.origin, Origin::ConfigMap(_)) && text.start().line == key.line + 1
            });
            let Some(embedded) = embedded.filter(|text| text.kind == kind && node.block) else {
                continue;
            };
            let converted = convert(&embedded.text, name, request).map_err(|problems| {
                problems.into_iter().map(|p| below(p, key.line)).collect::<Vec<_>>()
            })?;
            let indent = embedded.place(&world.files, 1, 1).column.saturating_sub(1) as usize;
            let indented = |line: &str| {
                if line.is_empty() { String::new() } else { format!("{:indent$}{line}", "") }
            };
            edits.push(Edit {
                first: key.line + 1,
                removed: u32::try_from(embedded.text.lines().count()).unwrap_or(u32::MAX),
                with: converted.text.lines().map(indented).collect(),
            });
            rename(&world.files[0], key.line, from, to, &mut edits);
            changes.extend(
                converted
                    .changes
                    .into_iter()
                    .map(|change| ConvertedLine { line: change.line + key.line, ..change }),
            );
            for (key, entry) in converted.configuration.iter() {
                configuration.set(key.to_owned(), entry.value.clone(), entry.origin.clone());
            }
        }
    }
    if edits.is_empty() {
        let message = format!(
            "`{name}` is a Kubernetes manifest, and no ConfigMap in it holds {from} as a block of text"
        );
        return Err(vec![Problem::new("", message).hint(format!("name {from} itself"))]);
    }
    for workload in world.objects.iter().filter_map(Workload::of) {
        names(workload.pod, &world.files[0], from, to, &mut edits);
    }
    edits.sort_by_key(|edit| edit.first);
    edits.dedup_by_key(|edit| edit.first);
    Ok(Conversion { text: edited(&world.files[0], &edits), changes, configuration })
}

/// A problem of a text that begins below a line.
fn below(mut problem: Problem, line: u32) -> Problem {
    if let Some(Location { line: Some(of_text), .. }) = &mut problem.location {
        *of_text += line;
    }
    problem
}

/// Writes the new name into a line that has the old one.
fn rename(file: &File, line: u32, from: &str, to: &str, edits: &mut Vec<Edit>) {
    let Some(old) = file.line(line).filter(|old| old.contains(from)) else { return };
    edits.push(Edit { first: line, removed: 1, with: vec![old.replace(from, to)] });
}

/// Renames the file where a pod mounts it.
fn names(node: &Node, file: &File, from: &str, to: &str, edits: &mut Vec<Edit>) {
    match &node.kind {
        NodeKind::Text(text)
            if text.rsplit('/').next() == Some(from) && last_line(node) == node.line =>
        {
            rename(file, node.line, from, to, edits);
        }
        NodeKind::Map(entries) => {
            for (_, value) in entries {
                names(value, file, from, to, edits);
            }
        }
        NodeKind::List(items) => items.iter().for_each(|item| names(item, file, from, to, edits)),
        _ => {}
    }
}

/// The text with the edits, which are in order.
fn edited(file: &File, edits: &[Edit]) -> String {
    let mut text = String::with_capacity(file.text.len());
    let mut edits = edits.iter().peekable();
    let mut number = 1;
    let count = file.count() - u32::from(file.text.ends_with('\n'));
    while number <= count {
        if let Some(edit) = edits.next_if(|edit| edit.first <= number) {
            edit.with.iter().for_each(|line| push(line, &mut text));
            number += edit.removed;
        } else {
            push(file.line(number).unwrap_or_default(), &mut text);
            number += 1;
        }
    }
    text
}

fn push(line: &str, text: &mut String) {
    text.push_str(line);
    text.push('\n');
}

#[cfg(test)]
mod tests {
    use super::*;
    use nutkin_flink::FlinkVersion;

    fn converted(text: &str) -> Result<String, Vec<Problem>> {
        let version = FlinkVersion::new(2, 0, 0);
        let request =
            ConversionRequest { from: Dialect::FlinkConf, to: Dialect::ConfigYaml, version };
        convert_manifest(text, "all.yaml", request).map(|conversion| conversion.text)
    }

    #[test]
    fn the_configuration_is_converted_where_it_stands() {
        let text = "\
# kept
apiVersion: v1
kind: ConfigMap
metadata: {name: conf}
data:
  flink-conf.yaml: |
    rest.port: 8082
    # why
    parallelism.default: 2
  log4j.properties: |
    rootLogger.level = INFO
---
apiVersion: apps/v1
kind: Deployment
metadata: {name: jm}
spec:
  template:
    spec:
      containers:
      - {name: jm, image: 'flink:1.20.5', args: [jobmanager]}
      volumes:
      - {name: conf, configMap: {name: conf, items: [{key: flink-conf.yaml, path: flink-conf.yaml}]}}
";
        let made = converted(text).unwrap();
        assert!(made.contains("  config.yaml: |\n    rest.port: 8082\n    # why\n    parallelism.default: 2\n  log4j"), "{made}");
        assert!(made.contains("items: [{key: config.yaml, path: config.yaml}]"), "{made}");
        assert!(made.starts_with("# kept\n") && !made.contains("flink-conf"), "{made}");
    }

    #[test]
    fn a_manifest_without_a_configuration_is_refused() {
        let problems =
            converted("apiVersion: v1\nkind: Secret\nmetadata: {name: a}\n").unwrap_err();
        assert!(problems[0].message.contains("is a Kubernetes manifest"), "{problems:?}");
        // Of JSON no line is one of the configuration; it is not taken for the configuration itself.
        let json = "{\"kind\": \"ConfigMap\", \"apiVersion\": \"v1\", \"metadata\": {\"name\": \"a\"},\n\
                    \"data\": {\"flink-conf.yaml\": \"rest.port: 8082\\n\"}}\n";
        assert!(crate::is_manifest(json));
        assert!(!crate::is_manifest("kind: a\n") && !crate::is_manifest("{a: b}\n"));
        assert!(converted(json).is_err());
    }
}
