//! What a job has left from which another can start, out of `/jobs/:id/checkpoints`.

use nutkin_core::ledger::{Left, Snapshot};
use nutkin_shell::ledger::time_of;
use serde_json::Value;

use crate::types::retains_checkpoints;

/// The last savepoint and checkpoint of the job `id` that are still there. One that lives in the JobManager has no path,
/// and one that Flink has deleted says so.
fn left(checkpoints: &Value, id: &str) -> Left {
    let latest = &checkpoints["latest"];
    let of = |key: &str| {
        let one = &latest[key];
        let path = one["external_path"].as_str().filter(|path| path.contains('/'))?;
        if one["discarded"] == true {
            return None;
        }
        let kind = if key == "savepoint" { "savepoint" } else { "checkpoint" };
        let format = one["savepointFormat"].as_str().filter(|_| key == "savepoint");
        let time = one["latest_ack_timestamp"].as_i64().filter(|time| 0 < *time);
        let snapshot = Snapshot::new(kind, format, path, time.and_then(time_of), id);
        Some((one["id"].as_u64().unwrap_or(0), snapshot))
    };
    let (savepoint, checkpoint) = (of("savepoint"), of("completed"));
    let newest = savepoint.iter().chain(&checkpoint).max_by_key(|(number, _)| *number);
    let newest = newest.map(|(_, snapshot)| snapshot.path.clone());
    let snapshot = |one: Option<(u64, Snapshot)>| one.map(|(_, snapshot)| snapshot);
    Left { savepoint: snapshot(savepoint), checkpoint: snapshot(checkpoint), newest }
}

/// The last completed checkpoint of the job `id` that runs.
pub fn newest_checkpoint(checkpoints: &Value, id: &str) -> Option<Snapshot> {
    left(checkpoints, id).checkpoint
}

/// Where the last savepoint of the job `id` is: the JobManager's, or `noted`, if that is the later one. The JobManager
/// answers from a copy that is up to `web.refresh-interval` old, three seconds by default (`ExecutionGraphCache` since
/// Flink 1.5), and may not know yet of a savepoint that it has just reported as complete.
pub fn last_savepoint(checkpoints: &Value, noted: Option<&Snapshot>, id: &str) -> Option<String> {
    let of_flink = &checkpoints["latest"]["savepoint"];
    let known = left(checkpoints, id).savepoint;
    let is_later = |noted: &&Snapshot| {
        let is_of_job = noted.job.as_deref().is_none_or(|job| job == id);
        let is_told = of_flink["external_path"] == noted.path.as_str();
        let known = known.as_ref().and_then(|known| known.time.as_ref());
        is_of_job && !is_told && known.is_none_or(|known| noted.time.as_ref() >= Some(known))
    };
    noted.filter(is_later).or(known.as_ref()).map(|one| one.path.clone())
}

/// What a job in the state `state` has left. A checkpoint that Flink deletes at such an end is not a part of it, whatever
/// the JobManager still says: the job may have ended a moment ago. `config` is `/jobs/:id/checkpoints/config`.
pub fn left_after(state: &str, checkpoints: &Value, config: &Value, id: &str) -> Left {
    let mut left = left(checkpoints, id);
    if !outlives(state, config) {
        left.checkpoint = None;
        left.newest = left.savepoint.as_ref().map(|one| one.path.clone());
    }
    left
}

/// Where the last checkpoint was that the JobManager names of a job which has left one. It may have deleted that one since: it
/// keeps its answers for a while, and a newer one is there then.
pub fn named_last(state: &str, checkpoints: &Value, config: &Value) -> Option<String> {
    let path = checkpoints["latest"]["completed"]["external_path"].as_str()?;
    outlives(state, config).then(|| path.to_owned())
}

/// Whether Flink keeps the checkpoints of a job that ends like this.
fn outlives(state: &str, config: &Value) -> bool {
    match state {
        "CANCELED" => retains_checkpoints(config),
        "FAILED" => config["externalization"]["enabled"] == true,
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[track_caller]
    fn check(
        latest: Value,
        savepoint: Option<&str>,
        checkpoint: Option<&str>,
        newest: Option<&str>,
    ) {
        let left = left(&json!({"latest": latest}), "ab");
        let shown = |one: &Option<Snapshot>| {
            one.as_ref().map(|one| {
                let time = one.time.as_deref().unwrap_or("-");
                format!("{} {} {time} {}", one.kind, one.path, one.job.as_deref().unwrap_or("-"))
            })
        };
        let text = |one: Option<&str>| one.map(str::to_owned);
        assert_eq!(shown(&left.savepoint), text(savepoint));
        assert_eq!(shown(&left.checkpoint), text(checkpoint));
        assert_eq!(left.newest, text(newest));
    }

    #[test]
    fn what_is_left() {
        check(Value::Null, None, None, None);
        let savepoint = json!({
            "id": 4, "external_path": "file:/sp", "discarded": false, "savepointFormat": "NATIVE",
            "latest_ack_timestamp": 1_795_953_600_123_i64,
        });
        let checkpoint = json!({"id": 7, "external_path": "file:/chk-7", "discarded": false});
        check(
            json!({"savepoint": savepoint, "completed": checkpoint}),
            Some("savepoint/NATIVE file:/sp 2026-11-29T12:00:00Z ab"),
            Some("checkpoint file:/chk-7 - ab"),
            Some("file:/chk-7"),
        );
        let gone = json!({"id": 7, "external_path": "file:/chk-7", "discarded": true});
        check(json!({"savepoint": null, "completed": gone}), None, None, None);
        let within = json!({"id": 7, "external_path": "<checkpoint-not-externally-addressable>"});
        check(json!({"completed": within}), None, None, None);
    }

    #[test]
    fn the_last_savepoint() {
        #[track_caller]
        fn check(of_flink: Value, noted: (&str, Option<&str>, &str), expected: Option<&str>) {
            let (path, time, job) = noted;
            let noted = Snapshot::new("savepoint", None, path, time.map(str::to_owned), job);
            let checkpoints = json!({"latest": {"savepoint": of_flink}});
            assert_eq!(last_savepoint(&checkpoints, Some(&noted), "ab").as_deref(), expected);
        }
        let of_flink = |discarded: bool| {
            let time = 1_795_953_600_123_i64;
            json!({"id": 4, "external_path": "file:/4", "discarded": discarded, "latest_ack_timestamp": time})
        };
        let (before, after) = (Some("2026-11-29T11:59:59Z"), Some("2026-11-29T12:00:03Z"));
        // The JobManager does not know yet of the savepoint that was noted.
        check(Value::Null, ("file:/5", after, "ab"), Some("file:/5"));
        check(of_flink(false), ("file:/5", after, "ab"), Some("file:/5"));
        // Somebody else took a later one, or an earlier run of the job was noted.
        check(of_flink(false), ("file:/3", before, "ab"), Some("file:/4"));
        check(of_flink(false), ("file:/3", None, "ab"), Some("file:/4"));
        check(of_flink(false), ("file:/5", after, "cd"), Some("file:/4"));
        // It is gone.
        check(of_flink(true), ("file:/4", after, "ab"), None);
        assert_eq!(last_savepoint(&Value::Null, None, "ab"), None);
    }

    #[test]
    fn a_checkpoint_outlives_some_ends() {
        #[track_caller]
        fn check(state: &str, config: (bool, bool), expected: &str) {
            let checkpoint = json!({"id": 7, "external_path": "file:/chk-7"});
            let savepoint = json!({"id": 4, "external_path": "file:/sp"});
            let all = json!({"latest": {"completed": checkpoint, "savepoint": savepoint}});
            let (enabled, deletes) = config;
            let config =
                json!({"externalization": {"enabled": enabled, "delete_on_cancellation": deletes}});
            let left = left_after(state, &all, &config, "ab");
            assert_eq!(left.newest.as_deref(), Some(expected));
            assert_eq!(left.checkpoint.is_some(), expected.contains("chk"));
        }
        check("FINISHED", (true, false), "file:/sp");
        check("CANCELED", (true, false), "file:/chk-7");
        check("CANCELED", (true, true), "file:/sp");
        check("FAILED", (true, true), "file:/chk-7");
        check("FAILED", (false, false), "file:/sp");
    }
}
