//! What sessions of a user have left on this machine: directories of checkpoints, archives of jobs, savepoints.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use nutkin_core::gc::{Leftover, LeftoverKind, ids_in};
use nutkin_flink::flink_cli::is_job_id;
use nutkin_shell::Environment;

/// All that lies where sessions keep data by default, of sessions that are gone as well.
pub fn all(environment: &Environment) -> Vec<Leftover> {
    let mut found = Vec::new();
    for session in entries(&data(environment)) {
        let Some(name) = name_of(&session) else { continue };
        let mut add = |path: PathBuf, what: LeftoverKind| {
            found.push(Leftover {
                session: Some(name.clone()),
                what,
                bytes: size(&path),
                mentions: mentions(&path),
                path: path.display().to_string(),
            });
        };
        let mut of_jobs = |folder: &str, kind: fn(String) -> LeftoverKind| {
            for path in entries(&session.join(folder)) {
                if let Some(job) = name_of(&path).filter(|name| is_job_id(name)) {
                    add(path, kind(job));
                }
            }
        };
        of_jobs("checkpoints", LeftoverKind::Checkpoints);
        of_jobs("archive", LeftoverKind::Archive);
        for path in entries(&session.join("savepoints")) {
            if path.join("_metadata").is_file() {
                add(path, LeftoverKind::Savepoint);
            }
        }
        let available = session.join(HIGH_AVAILABILITY);
        if !entries(&available).is_empty() {
            let jobs = submitted(&available);
            add(available, LeftoverKind::HighAvailability(jobs));
        }
    }
    found.sort_by(|a, b| a.path.cmp(&b.path));
    found
}

/// Whether high availability data of a session lies there that brings jobs back.
pub fn brings_jobs_back(environment: &Environment, session: &str) -> bool {
    0 < submitted(&data(environment).join(session).join(HIGH_AVAILABILITY))
}

/// Folder of high availability data, the default `high-availability.storageDir` of sessions on this machine.
const HIGH_AVAILABILITY: &str = "ha";

/// Beginning of the names of files that hold a job which a JobManager brings back: `submittedJobGraph` up to 1.20,
/// `submittedExecutionPlan` and `submittedApplication` since. Source: constants of `ZooKeeperUtils`, 1.13 to 2.3.
const SUBMITTED: &str = "submitted";

/// How many jobs high availability data would bring back. Links are not followed.
fn submitted(path: &Path) -> usize {
    match path.symlink_metadata() {
        Ok(metadata) if metadata.is_dir() => entries(path).iter().map(|one| submitted(one)).sum(),
        Ok(_) => usize::from(name_of(path).is_some_and(|name| name.starts_with(SUBMITTED))),
        Err(_) => 0,
    }
}

/// Where sessions keep data by default.
fn data(environment: &Environment) -> PathBuf {
    environment.directory.join(environment.state_directory()).join("data")
}

fn entries(folder: &Path) -> Vec<PathBuf> {
    let all = fs::read_dir(folder).into_iter().flatten().flatten();
    all.map(|entry| entry.path()).collect()
}

fn name_of(path: &Path) -> Option<String> {
    path.file_name()?.to_str().map(str::to_owned)
}

/// Bytes of a file, or of all files below a directory. Links are not followed.
fn size(path: &Path) -> u64 {
    match path.symlink_metadata() {
        Ok(metadata) if metadata.is_dir() => entries(path).iter().map(|one| size(one)).sum(),
        Ok(metadata) => metadata.len(),
        Err(_) => 0,
    }
}

/// Ids in the `_metadata` of a savepoint, or of each checkpoint of a job.
fn mentions(path: &Path) -> BTreeSet<String> {
    let own = path.join("_metadata");
    let of_checkpoints = entries(path).into_iter().map(|one| one.join("_metadata"));
    let files = of_checkpoints.chain([own]).filter(|file| file.is_file());
    files.filter_map(|file| fs::read(file).ok()).flat_map(|bytes| ids_in(&bytes)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_left_with_what_it_refers_to() {
        let temporary = tempfile::tempdir().unwrap();
        let state = temporary.path().display().to_string();
        let environment =
            Environment::of_test(&[("XDG_STATE_HOME", &state)], temporary.path().to_owned());
        assert_eq!(all(&environment), []);
        let data = temporary.path().join("nutkin/data/s");
        let [a, b] = ["a", "b"].map(|digit| digit.repeat(32));
        for (path, text) in [
            (format!("checkpoints/{a}/chk-7/_metadata"), format!("\0file:/c/{b}/shared/x")),
            (format!("checkpoints/{a}/shared/x"), "12345".to_owned()),
            ("checkpoints/notes/x".to_owned(), String::new()),
            (format!("archive/{b}"), "{}".to_owned()),
            ("savepoints/savepoint-aaaaaa-1/_metadata".to_owned(), "m".to_owned()),
            ("savepoints/savepoint-aaaaaa-2/part".to_owned(), "m".to_owned()),
        ] {
            let path = data.join(path);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, text).unwrap();
        }
        let found = all(&environment);
        let kinds: Vec<&LeftoverKind> = found.iter().map(|one| &one.what).collect();
        let (checkpoints, archive) =
            (LeftoverKind::Checkpoints(a.clone()), LeftoverKind::Archive(b.clone()));
        assert_eq!(kinds, [&archive, &checkpoints, &LeftoverKind::Savepoint]);
        assert_eq!(found[1].mentions, [b].into());
        assert!(5 < found[1].bytes);
        assert!(!brings_jobs_back(&environment, "s"));
        // A result store holds what has ended; a job graph is brought back.
        for (path, jobs) in [("job-result-store/s/a.json", 0), ("default/submittedJobGraph0a1b", 1)]
        {
            let path = data.join("ha").join(path);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, "x").unwrap();
            let found = all(&environment).into_iter().map(|one| one.what);
            let found = found.filter(|what| matches!(what, LeftoverKind::HighAvailability(_)));
            assert_eq!(found.collect::<Vec<_>>(), [LeftoverKind::HighAvailability(jobs)]);
            assert_eq!(brings_jobs_back(&environment, "s"), 0 < jobs);
        }
    }
}
