//! Containers whose root file system is read-only, and the directories in which Flink writes.

use super::READ_ONLY;
use crate::finding::Findings;
use crate::image::is_flinks_own;
use crate::kubernetes::Workload;
use crate::node::Walk;
use crate::secrets;
use crate::settings::{Settings, runs_entrypoint};
use crate::system::System;

/// Where Java keeps temporary files unless it is told otherwise.
const TMP: &str = "/tmp";

/// The option of Java that says otherwise.
const TOLD: &str = "-Djava.io.tmpdir=";

/// Where the entrypoint of Flink's images puts plugins (`docker-entrypoint.sh`, `copy_plugins_if_required`).
const PLUGINS: &str = "/opt/flink/plugins";

pub(super) fn check(system: &System<'_>, workload: &Workload<'_>, out: &mut Findings<'_>) {
    let Some(switch) = workload.read_only_root() else { return };
    let title = workload.title();
    let is_flinks = workload.image().and_then(Walk::text).is_some_and(is_flinks_own);
    let settings = system.settings_of(workload);
    let variables = workload.container.items_of("env").iter();
    let variables = variables.filter_map(|entry| entry.text_of("value").map(str::to_owned));
    let words = workload.words().map(|(word, _)| word.to_owned());
    let java = told_to_java(&settings, variables.chain(words));
    let lost = directories(&settings, workload.role.is_job_manager(), &java)
        .into_iter()
        .find(|(path, _)| !path.contains('$') && !workload.can_write(path));
    if let Some((path, what)) = lost {
        let message = format!(
            "the root file system of {title} is read-only, and Flink keeps {what} in `{path}`"
        );
        let finding = out.add(&READ_ONLY, switch.place(workload.file()), message);
        // The configuration of somebody else's image may name other directories.
        let is_known = is_flinks && system.absent_map(workload).is_none();
        if !is_known {
            finding.only_warns();
        }
    }
    if is_flinks
        && runs_entrypoint(workload)
        && !workload.can_write(PLUGINS)
        && let Some((entry, Some(_))) = workload.variable("ENABLE_BUILT_IN_PLUGINS")
    {
        let message = format!(
            "the root file system of {title} is read-only, and ENABLE_BUILT_IN_PLUGINS is written to `{PLUGINS}`"
        );
        out.add(&READ_ONLY, entry.place(workload.file()), message);
    }
}

/// The templates of a session, whose containers get no further volume for temporary files.
pub(super) fn of_session(system: &System<'_>, out: &mut Findings<'_>) {
    let Some(session) = system.session else { return };
    let mains = || {
        let all = secrets::pods(session).flat_map(|pod| pod.items_of("containers"));
        all.filter(|one| one.text_of("name") == Some(super::refused::MAIN))
    };
    let switch = |container: &'_ nutkin_flink::yaml::Node| {
        let node = container.at("securityContext/readOnlyRootFilesystem");
        node.filter(|node| node.text() == Some("true")).map(|node| node.place(session.file))
    };
    let Some(place) = mains().find_map(switch) else { return };
    let path = system
        .settings
        .value("io.tmp.dirs")
        .unwrap_or_else(|| told_to_java(&system.settings, std::iter::empty()));
    let first = path.split([',', ':']).next().unwrap_or(&path);
    let is_there = mains().flat_map(|one| one.items_of("volumeMounts")).any(|mount| {
        let above = mount.text_of("mountPath").unwrap_or_default().trim_end_matches('/');
        let is_above =
            first.strip_prefix(above).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'));
        is_above && mount.text_of("readOnly") != Some("true")
    });
    if !is_there && !path.contains('$') {
        let message = format!(
            "the root file system of {} is read-only, and Flink keeps temporary files in `{first}`",
            session.title()
        );
        out.add(&READ_ONLY, place, message);
    }
}

/// The directories in which a process makes files at the start, and what they are. A JobManager stops where it cannot make the
/// directory for uploads, and both where they cannot write the JAAS file and the blobs. Observed: 1.13.6, 1.20.5 and 2.3.0 with
/// `io.tmp.dirs` and `web.tmpdir` that cannot be written.
fn directories(settings: &Settings, is_master: bool, java: &str) -> Vec<(String, &'static str)> {
    let of = |key: &str| settings.value(key).unwrap_or_else(|| java.to_owned());
    // Paths are separated as in `ConfigurationUtils.splitPaths`.
    let all = of("io.tmp.dirs");
    let split = all.split([',', ':', '|']).map(str::trim).filter(|path| !path.is_empty());
    let mut found: Vec<(String, &str)> =
        split.map(|path| (path.to_owned(), "temporary files")).collect();
    if is_master {
        let uploads = settings.value("web.upload.dir").unwrap_or_else(|| of("web.tmpdir"));
        found.push((uploads, "uploaded files"));
    }
    found
}

/// The directory for temporary files that the options of Java name: those of the session, and texts of a container.
fn told_to_java(settings: &Settings, texts: impl Iterator<Item = String>) -> String {
    let options = ["env.java.opts.all", "env.java.opts.jobmanager", "env.java.opts.taskmanager"];
    let options = options.into_iter().filter_map(|key| settings.value(key));
    let mut told = options.chain(texts).filter_map(|text| {
        let (_, path) = text.split_once(TOLD)?;
        let end = path.find(|c: char| c.is_whitespace() || "\"',;".contains(c));
        Some(path[..end.unwrap_or(path.len())].to_owned())
    });
    told.next().unwrap_or_else(|| TMP.to_owned())
}
