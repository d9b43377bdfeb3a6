//! Java 17 and later without what opens its modules to Flink.

use super::MODULES;
use crate::embedded::Origin;
use crate::finding::Findings;
use crate::image::{self, CONF};
use crate::kubernetes::Workload;
use crate::node::Walk;
use crate::service::Mounted;
use crate::source::FileKind;
use crate::system::{System, texts_of_service};
use nutkin_flink::{FlinkVersion, process};

/// The first Java that closes its own classes (JEP 403).
const CLOSED_SINCE: u8 = 17;

/// Variables that reach the JVM past the configuration.
const VARIABLES: &[&str] =
    &["FLINK_ENV_JAVA_OPTS", "JAVA_TOOL_OPTIONS", "JDK_JAVA_OPTIONS", "JVM_ARGS", "_JAVA_OPTIONS"];

/// The Java of a workload's image, where its modules are closed: what the tag says, otherwise what Dockerfiles build on.
fn closed_java(system: &System<'_>, workload: &Workload<'_>) -> Option<u8> {
    let image = workload.image().and_then(Walk::text)?;
    let of_builds = || {
        let froms = system.dockerfiles.iter().filter_map(|d| d.from.as_ref());
        froms.filter_map(|(image, _)| image::java(image)).min()
    };
    image::java(image).or_else(of_builds).filter(|java| CLOSED_SINCE <= *java)
}

pub(super) fn check(system: &System<'_>, workload: &Workload<'_>, out: &mut Findings<'_>) {
    let Some(image) = workload.image().and_then(Walk::text) else { return };
    let Some(java) = closed_java(system, workload) else { return };
    let service = workload.object.compose.as_ref();
    // The file that hides the image's own: one of a ConfigMap, over the directory or over the file.
    let line = system.version.map(FlinkVersion::line);
    let is_read = |file: &str| match line {
        Some(line) if file == "flink-conf.yaml" => line.reads_flink_conf,
        Some(line) => line.reads_config_yaml,
        None => true,
    };
    let files = ["config.yaml", "flink-conf.yaml"];
    let is_hidden = files.iter().filter(|file| is_read(file)).any(|file| {
        let path = format!("{CONF}/{file}");
        let is_over = |mounted: &Mounted| mounted.target == CONF || mounted.target == path;
        let mount = workload.mount_of(&path);
        mount.is_some_and(|mount| mount.config_map().is_some())
            || service.is_some_and(|service| service.mounts.iter().any(is_over))
    });
    let own = texts_of_service(system.world, workload);
    let text = system.texts_of(workload).find(|text| {
        text.kind.is_options()
            && is_read(&text.name)
            && match text.origin {
                Origin::ConfigMap(_) => true,
                Origin::File | Origin::Content(_) => {
                    service.is_some() && own.iter().any(|one| std::ptr::eq(*one, *text))
                }
                Origin::Properties(_) => false,
            }
    });
    let Some(text) = text.filter(|_| is_hidden && system.refused.is_empty()) else { return };
    // The newest Flink does not read that file at all (NK0107).
    if text.kind == FileKind::FlinkConf && image::is_newest(image) {
        return;
    }
    let settings = system.settings_of(workload);
    let by_option = settings.effective().any(|setting| {
        setting.key.starts_with("env.java.") && process::opens_modules(&setting.text())
    });
    let by_variable = VARIABLES.iter().any(|name| {
        workload.variable(name).is_some_and(|(_, value)| value.is_none_or(process::opens_modules))
    });
    let by_command = workload.words().any(|(word, _)| process::opens_modules(word));
    if by_option || by_variable || by_command || workload.container.get("envFrom").is_some() {
        return;
    }
    let place = text.start();
    let key = "env.java.opts.all";
    let line = format!("{key}: {}", process::module_flags());
    // Of a file whose lines are those of the object; flags that are there already have to be put together by hand.
    let is_alone = settings.get(key).is_none() && text.text.contains('\n');
    let patch =
        out.append(crate::finding::Place { line: place.line.saturating_sub(1), ..place }, "");
    let patch = patch.filter(|_| is_alone).map(|patch| {
        let first = out.files[place.file].line(place.line).unwrap_or_default();
        let indent: String = first.chars().take_while(|c| *c == ' ').collect();
        crate::finding::Patch { insert: vec![format!("{indent}{line}")], ..patch }
    });
    let message =
        format!("the image runs Java {java}, and nothing in this configuration opens its modules");
    out.add(&MODULES, place, message).patch = patch;
}
