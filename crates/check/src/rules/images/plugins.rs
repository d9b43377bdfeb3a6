//! `ENABLE_BUILT_IN_PLUGINS`: names of jars that the image has in `opt`.

use super::NO_SUCH_PLUGIN;
use crate::finding::{Findings, Place};
use crate::image::{self, is_official};
use crate::node::Walk;
use crate::system::System;
use nutkin_flink::yaml::Node;

/// Beginnings of the names of jars in `opt` of the official images, 1.13 to 2.3.
const IN_OPT: &[&str] = &[
    "flink-azure-fs-hadoop-",
    "flink-cep-scala",
    "flink-gelly",
    "flink-gs-fs-hadoop-",
    "flink-metrics-",
    "flink-oss-fs-hadoop-",
    "flink-python",
    "flink-queryable-state-runtime",
    "flink-s3-fs-hadoop-",
    "flink-s3-fs-native-",
    "flink-s3-fs-presto-",
    "flink-shaded-",
    "flink-sql-",
    "flink-state-processor-api",
    "flink-swift-fs-hadoop-",
    "flink-table-",
];

pub(super) fn check(system: &System<'_>, out: &mut Findings<'_>) {
    for workload in &system.workloads {
        let image = workload.image().and_then(Walk::text);
        // A command of somebody's own goes past the entrypoint, which reads the variable.
        let is_entrypoint = workload.container.get("command").is_none();
        let entry = workload.variable("ENABLE_BUILT_IN_PLUGINS").map(|(entry, _)| entry);
        if let Some(entry) = entry.filter(|_| is_entrypoint) {
            of_entry(entry, image, workload.file(), out);
        }
    }
    let Some(session) = system.session else { return };
    let image = session.node.at("spec/image").and_then(Walk::text);
    let image = image.map_or_else(
        || system.version.map(|version| format!("flink:{version}")),
        |image| Some(image.to_owned()),
    );
    for path in ["spec/podTemplate", "spec/jobManager/podTemplate", "spec/taskManager/podTemplate"]
    {
        let containers = session.node.at(path).and_then(|template| template.at("spec/containers"));
        for container in containers.map_or(&[][..], Walk::items) {
            let mut env = container.items_of("env").iter();
            let entry = env.find(|e| e.text_of("name") == Some("ENABLE_BUILT_IN_PLUGINS"));
            if let Some(entry) = entry {
                of_entry(entry, image.as_deref(), session.file, out);
            }
        }
    }
}

fn of_entry(entry: &Node, image: Option<&str>, file: usize, out: &mut Findings<'_>) {
    let Some(node) = entry.get("value") else { return };
    let text = node.text().unwrap_or_default();
    let place: Place = node.place(file);
    if text.contains('$') {
        return;
    }
    // The entrypoint separates names by `;`, and the shell does by spaces.
    for name in text.split(|c: char| c == ';' || c.is_whitespace()).filter(|name| !name.is_empty())
    {
        let Some(fault) = fault(name, image) else { continue };
        let with = text.replace(',', ";").replace("; ", ";");
        let patch = out.exchange(place, text, &with).filter(|_| name.contains(','));
        out.add(&NO_SUCH_PLUGIN, place, format!("`{name}`: {fault}")).patch = patch;
    }
}

/// Why no jar of the image has a name.
fn fault(name: &str, image: Option<&str>) -> Option<String> {
    if name.contains(',') {
        return Some("names are separated by `;`, so that this is one name".to_owned());
    }
    if name.strip_suffix(".jar").is_none() {
        return Some("the name of a jar ends with `.jar`".to_owned());
    }
    let image = image.filter(|image| is_official(image))?;
    let release = image::patch(image);
    if !IN_OPT.iter().any(|known| name.starts_with(known)) {
        return Some(format!("`{image}` has no jar of this name in `/opt/flink/opt`"));
    }
    // Shaded libraries have versions of their own.
    let version = release.filter(|_| !name.starts_with("flink-shaded-"))?;
    let is_its =
        name.strip_suffix(".jar").is_some_and(|name| name.ends_with(&format!("-{version}")));
    (!is_its).then(|| format!("the jars of `{image}` end with `-{version}.jar`"))
}

#[cfg(test)]
mod tests {
    #[track_caller]
    fn check(name: &str, image: &str, expected: bool) {
        let found = super::fault(name, Some(image));
        assert_eq!(found.is_none(), expected, "{name} of {image}: {found:?}");
    }

    #[test]
    fn names_of_jars() {
        check("flink-s3-fs-hadoop-1.17.2.jar", "flink:1.17.2", true);
        check("flink-s3-fs-hadoop-1.17.2.jar", "flink:1.17.2-scala_2.12-java11", true);
        check("flink-s3-fs-hadoop-1.17.1.jar", "flink:1.17.2", false);
        check("flink-s3-fs-hadoop-1.17.2", "flink:1.17.2", false);
        check("flink-s3-fs-hadop-1.17.2.jar", "flink:1.17.2", false);
        check("flink-cep-scala_2.12-1.17.2.jar", "flink:1.17.2", true);
        check("flink-shaded-netty-tcnative-dynamic-2.0.54.Final-16.1.jar", "flink:1.17.2", true);
        // What a moving tag or an image of somebody's own has is not known.
        check("flink-s3-fs-hadoop-1.17.1.jar", "flink:1.17", true);
        check("our-fs-3.jar", "shop/flink:1.17.2", true);
        check("a.jar,b.jar", "shop/flink:1.17.2", false);
    }
}
