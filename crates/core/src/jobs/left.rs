//! What jobs have left in their directories, as a shell in a container of the session lists it.

use std::collections::BTreeMap;

use serde_json::Value;

/// Prints, for a directory of checkpoints and the ids of jobs, each id that has a directory there, and below it each checkpoint that
/// is complete: Flink writes `_metadata` last (`FsCheckpointMetadataOutputStream`). It needs nothing but the shell itself.
pub const LIST: &str = include_str!("left.sh");

/// Reads what [`LIST`] printed: paths by number of the complete checkpoints of each job that has a directory.
pub fn listed(directory: &str, printed: &str) -> BTreeMap<String, BTreeMap<u64, String>> {
    let directory = directory.trim_end_matches('/');
    let mut all: BTreeMap<String, BTreeMap<u64, String>> = BTreeMap::new();
    for line in printed.lines().map(str::trim).filter(|line| !line.is_empty()) {
        let Some((id, below)) = line.split_once('/') else {
            all.entry(line.to_owned()).or_default();
            continue;
        };
        let folder = below.strip_suffix("/_metadata");
        let number = folder.and_then(|folder| folder.strip_prefix("chk-")?.parse().ok());
        if let (Some(folder), Some(number)) = (folder, number) {
            let path = format!("file:{directory}/{id}/{folder}");
            all.entry(id.to_owned()).or_default().insert(number, path);
        }
    }
    all
}

/// What a JobManager has written down of a job.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Archived {
    /// Nothing: as far as that goes, the job has not ended.
    Nothing,
    /// It has ended.
    Ended {
        /// Flink's word for how.
        state: String,
        /// When, in milliseconds since 1970 by the clock of the JobManager, where it says so.
        at: Option<i64>,
    },
    /// Nobody can tell: the JobManager ended while it wrote, for example, or what it wrote was on a disk that went with it.
    Unclear,
}

impl Archived {
    /// What it says of a job that nothing is written down of it. `outlives`: whether what JobManagers before have written is still there.
    pub const fn nothing(outlives: bool) -> Self {
        if outlives { Self::Nothing } else { Self::Unclear }
    }
}

/// Reads what a JobManager wrote down of a job; `None`: there is no such file.
pub fn archived(archive: Option<&[u8]>, job: &str) -> Archived {
    let Some(archive) = archive else { return Archived::Nothing };
    let Some(row) = row(archive, job) else { return Archived::Unclear };
    let Some(state) = row["state"].as_str() else { return Archived::Unclear };
    let at = row["end-time"].as_i64().filter(|time| 0 < *time);
    Archived::Ended { state: state.to_owned(), at }
}

/// The job's row of the list of all (`FsJobArchivist`: each answer of REST as it was, by its path).
fn row(archive: &[u8], job: &str) -> Option<Value> {
    let archive: Value = serde_json::from_slice(archive).ok()?;
    let answers = archive["archive"].as_array()?;
    let overview = answers.iter().find(|one| one["path"] == "/jobs/overview")?;
    let overview: Value = serde_json::from_str(overview["json"].as_str()?).ok()?;
    let jobs = overview["jobs"].as_array()?;
    jobs.iter().find(|one| one["jid"] == job).cloned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn how_and_when_a_job_has_ended() {
        let row = serde_json::json!({"jid": "aa", "state": "FINISHED", "end-time": 1_700_000});
        let overview = serde_json::json!({"jobs": [row]}).to_string();
        let archive =
            serde_json::json!({"archive": [{"path": "/jobs/overview", "json": overview}]});
        let archive = archive.to_string();
        let ended = Archived::Ended { state: "FINISHED".to_owned(), at: Some(1_700_000) };
        assert_eq!(archived(Some(archive.as_bytes()), "aa"), ended);
        // Its JobManager ended while it wrote, or it is of another job: that says nothing of this one.
        assert_eq!(archived(Some(archive.as_bytes()), "bb"), Archived::Unclear);
        assert_eq!(archived(Some(b"{"), "aa"), Archived::Unclear);
        assert_eq!(archived(None, "aa"), Archived::Nothing);
    }

    #[test]
    fn checkpoints_by_number() {
        let printed = "aa\naa/chk-9/_metadata\naa/chk-10/_metadata\nbb\ncc/shared/_metadata\n";
        let all = listed("/data/checkpoints/", printed);
        let newest = all["aa"].last_key_value();
        assert_eq!(newest, Some((&10, &"file:/data/checkpoints/aa/chk-10".to_owned())));
        assert_eq!((all["aa"].len(), all["bb"].len(), all.get("cc")), (2, 0, None));
        assert_eq!(listed("/data", ""), BTreeMap::new());
    }
}
