//! Directories that several pods must share: a file of one pod's own disk is gone with the pod, and no other pod can
//! read it.

use super::super::steps::draft::Draft;
use super::super::steps::effective::is_highly_available;
use super::claims::Claim;
use nutkin_flink::Problem;
use nutkin_flink::options;

/// A directory that Flink keeps things in for others to read.
struct Directory {
    key: &'static str,
    what: &'static str,
    /// Whether TaskManagers write there as well.
    both: bool,
}

const CHECKPOINTS: Directory =
    Directory { key: "state.checkpoints.dir", what: "checkpoints", both: true };
const SAVEPOINTS: Directory =
    Directory { key: "state.savepoints.dir", what: "savepoints", both: true };
const HIGH_AVAILABILITY: Directory =
    Directory { key: "high-availability.storageDir", what: "jobs and leaders", both: false };

/// Refuses directories that pods cannot share, and warns of those that only pods of one node share.
pub(super) fn check(job_manager: &mut Draft<'_>, task_manager: &Draft<'_>, claims: &[Claim]) {
    let mut directories = vec![CHECKPOINTS, SAVEPOINTS];
    if is_highly_available(&job_manager.settings) {
        directories.push(HIGH_AVAILABILITY);
    }
    for directory in directories {
        // 2.x and 1.20 have new names for two of them; a release that lacks a name reads the other.
        let newer = match directory.key {
            "state.checkpoints.dir" => "execution.checkpointing.dir",
            "state.savepoints.dir" => "execution.checkpointing.savepoint-dir",
            key => key,
        };
        let keys = [newer, directory.key];
        let settings = &job_manager.settings;
        let written = |key: &str| {
            let (key, entry) = options::lookup(&settings.configuration, key, settings.version)?;
            Some((key.to_owned(), entry.value.to_string()))
        };
        let Some((key, uri)) = keys.into_iter().find_map(written) else { continue };
        let Some(path) = local_path(&uri) else { continue };
        let is_for_several = directory.both || 1 < job_manager.session.job_managers();
        let mut worst = volume_of(job_manager, path, claims, is_for_several);
        if directory.both {
            worst = worst.max(volume_of(task_manager, path, claims, is_for_several));
        }
        let what = directory.what;
        let problem = Problem::new(key, worst.told(path, what)).hint(worst.hint());
        match worst {
            Reach::Shared => {}
            Reach::Node | Reach::Attached(_) => job_manager.settings.warnings.push(problem),
            Reach::OnePod(_) | Reach::Pod | Reach::ReadOnly => {
                job_manager.settings.problem(problem);
            }
        }
    }
}

/// Who sees a file, the worst last; and of which claim.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Reach<'c> {
    Shared,
    /// Pods of one node, whichever that is.
    Attached(&'c str),
    /// Pods of one node, each node with files of its own.
    Node,
    /// One pod at a time.
    OnePod(&'c str),
    /// One pod, and the files go with it.
    Pod,
    /// Everybody, and nobody writes.
    ReadOnly,
}

impl Reach<'_> {
    fn told(self, path: &str, what: &str) -> String {
        match self {
            Self::Shared => format!("`{path}` is for all pods"),
            Self::Attached(claim) => format!(
                "`{path}` is on the claim `{claim}`, which is ReadWriteOnce: pods of one node alone can share {what}"
            ),
            Self::Node => {
                format!(
                    "`{path}` is a directory of the node: pods of another node see other {what}"
                )
            }
            Self::OnePod(claim) => format!(
                "`{path}` is on the claim `{claim}`, which is ReadWriteOncePod: several pods cannot share {what}"
            ),
            Self::Pod => {
                format!("`{path}` is on each pod's own disk: {what} would be lost with the pod")
            }
            Self::ReadOnly => format!("`{path}` is mounted read-only: {what} cannot be written"),
        }
    }

    fn hint(self) -> String {
        match self {
            Self::Attached(claim) | Self::OnePod(claim) => {
                let hint = format!("set `nutkin.claim.{claim}.access-mode: ReadWriteMany`");
                let where_needed = " where there is more than one node";
                if self == Self::OnePod(claim) { hint } else { hint + where_needed }
            }
            Self::Shared | Self::Node => {
                "use a claim or an object store where there is more than one node".to_owned()
            }
            Self::Pod | Self::ReadOnly => {
                "name an object store or HDFS, or mount a claim there: `nutkin.claim.<name>.path`"
                    .to_owned()
            }
        }
    }
}

/// Volumes of Kubernetes that no pod writes to.
const READ_ONLY: [&str; 5] = ["configMap", "secret", "projected", "downwardAPI", "image"];

/// Who sees the files below a path of a pod: what the innermost mount says.
fn volume_of<'c>(
    draft: &Draft<'_>,
    path: &str,
    claims: &'c [Claim],
    is_for_several: bool,
) -> Reach<'c> {
    let Some((mount, Some(volume))) = draft.mounted_at(path) else { return Reach::Pod };
    let is = |kind: &&str| volume.get(*kind).is_some();
    let source = &volume["persistentVolumeClaim"];
    if ["emptyDir", "ephemeral"].iter().any(is) {
        return Reach::Pod;
    }
    if mount["readOnly"] == true || source["readOnly"] == true || READ_ONLY.iter().any(is) {
        return Reach::ReadOnly;
    }
    if volume.get("hostPath").is_some() {
        return Reach::Node;
    }
    // What a claim that is there already allows, nobody says here.
    let made = claims.iter().find(|one| one.size.is_some() && source["claimName"] == *one.name);
    match made.map(|claim| (claim.access_mode, claim.name.as_str())) {
        Some(("ReadOnlyMany", _)) => Reach::ReadOnly,
        Some(("ReadWriteOncePod", name)) if is_for_several => Reach::OnePod(name),
        Some(("ReadWriteOnce", name)) if is_for_several => Reach::Attached(name),
        _ => Reach::Shared,
    }
}

/// The path of a URI that means the local file system. A path without a scheme means the default file system, which
/// is the local one unless `fs.default-scheme` says otherwise.
fn local_path(uri: &str) -> Option<&str> {
    let rest = uri.strip_prefix("file:").or_else(|| uri.starts_with('/').then_some(uri))?;
    let rest = rest.strip_prefix("//").unwrap_or(rest);
    rest.starts_with('/').then_some(rest)
}
