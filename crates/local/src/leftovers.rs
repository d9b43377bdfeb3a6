//! What sessions of a user have left on this machine: directories of checkpoints, archives of jobs, savepoints.

use std::collections::BTreeSet;
use std::fs;
use std::io;
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
        for available in [HIGH_AVAILABILITY, ASIDE].map(|folder| session.join(folder)) {
            if available.symlink_metadata().is_err() {
                continue;
            }
            let may_bring_back = !is_harmless(&available);
            add(available, LeftoverKind::HighAvailability { may_bring_back });
        }
    }
    found.sort_by(|a, b| a.path.cmp(&b.path));
    found
}

/// Whether high availability data of a session lies there from which jobs may be brought back, or that cannot be read.
pub fn may_bring_back(environment: &Environment, session: &str) -> bool {
    let data = data(environment).join(session);
    let mut all = [HIGH_AVAILABILITY, ASIDE].map(|folder| data.join(folder)).into_iter();
    all.any(|folder| folder.symlink_metadata().is_ok() && !is_harmless(&folder))
}

/// Removes high availability data, unless jobs may be brought back from it by now: only what was looked at goes, so that what somebody
/// writes meanwhile stays. Whether all of it went.
///
/// # Errors
/// The system refuses.
pub fn remove_high_availability(path: &Path) -> io::Result<bool> {
    if !is_harmless(path) {
        return Ok(false);
    }
    // Files of results, then folders, the inner ones first: one that is not empty by now is not removed.
    let (mut files, mut folders, mut at) = (Vec::new(), vec![path.to_owned()], 0);
    while let Some(folder) = folders.get(at).cloned() {
        at += 1;
        for entry in fs::read_dir(folder)? {
            let entry = entry?;
            let is_folder = entry.file_type()?.is_dir();
            if is_folder { folders.push(entry.path()) } else { files.push(entry.path()) }
        }
    }
    // Listed a moment later: something has come meanwhile.
    if !is_harmless(path) || files.iter().any(|file| !is_of_results(file, path)) {
        return Ok(false);
    }
    for file in files {
        gone(fs::remove_file(file))?;
    }
    for folder in folders.into_iter().rev() {
        match gone(fs::remove_dir(folder)) {
            Err(failed) if failed.kind() == io::ErrorKind::DirectoryNotEmpty => return Ok(false),
            other => other?,
        }
    }
    Ok(true)
}

/// What somebody else has removed is gone as well.
fn gone(removed: io::Result<()>) -> io::Result<()> {
    match removed {
        Err(failed) if failed.kind() == io::ErrorKind::NotFound => Ok(()),
        other => other,
    }
}

/// Whether a file is a result of a job that was cleaned up, in high availability data.
fn is_of_results(file: &Path, data: &Path) -> bool {
    let inner = file.strip_prefix(data).unwrap_or(file);
    inner.components().any(|part| part.as_os_str() == RESULTS)
        && name_of(file).is_some_and(|name| !name.ends_with(DIRTY))
}

/// Folder of high availability data, the default `high-availability.storageDir` of sessions on this machine.
const HIGH_AVAILABILITY: &str = "ha";

/// Where an earlier Nutkin put that folder aside before it was removed, and where it stayed if that was cut off.
const ASIDE: &str = "ha.going";

/// Folder of the results of jobs that have ended for good. Source: `FileSystemJobResultStore`, 1.15 to 2.3.
const RESULTS: &str = "job-result-store";

/// End of the name of a result whose job is not cleaned up yet. Source: the same.
const DIRTY: &str = "_DIRTY.json";

/// Whether nothing lies there but folders, and results of jobs that have ended for good and were cleaned up. What is a link, or
/// cannot be read, may be anything.
fn is_harmless(path: &Path) -> bool {
    fn all(path: &Path, is_harmless: impl Fn(&Path) -> bool) -> bool {
        let Ok(entries) = fs::read_dir(path) else { return false };
        entries.into_iter().all(|entry| entry.is_ok_and(|entry| is_harmless(&entry.path())))
    }
    fn is_result(path: &Path) -> bool {
        match path.symlink_metadata().map(|metadata| metadata.file_type()) {
            Ok(kind) if kind.is_dir() => all(path, is_result),
            Ok(kind) => kind.is_file() && name_of(path).is_some_and(|name| !name.ends_with(DIRTY)),
            Err(_) => false,
        }
    }
    let is_folder = path.symlink_metadata().is_ok_and(|metadata| metadata.file_type().is_dir());
    is_folder
        && if name_of(path).as_deref() == Some(RESULTS) {
            all(path, is_result)
        } else {
            all(path, is_harmless)
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
        assert!(!may_bring_back(&environment, "s"));
        let of_ha = || {
            let mut found = all(&environment).into_iter().map(|one| one.what);
            found.find(|what| matches!(what, LeftoverKind::HighAvailability { .. }))
        };
        assert_eq!(of_ha(), None);
        let ha = data.join("ha");
        let write = |name: &str| {
            let path = ha.join(name);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(&path, "x").unwrap();
            path
        };
        let check = |may: bool| {
            assert_eq!(of_ha(), Some(LeftoverKind::HighAvailability { may_bring_back: may }));
            assert_eq!(may_bring_back(&environment, "s"), may);
        };
        write("job-result-store/s/a.json");
        fs::create_dir_all(ha.join("default/blob")).unwrap();
        check(false);
        // Whatever is not known to be of no use may be of use.
        for name in
            ["default/submittedJobGraph0a1b", "default/blob/b", "job-result-store/s/b_DIRTY.json"]
        {
            let path = write(name);
            check(true);
            assert!(!remove_high_availability(&ha).unwrap() && path.exists());
            fs::remove_file(path).unwrap();
            check(false);
        }
        std::os::unix::fs::symlink(temporary.path(), ha.join("link")).unwrap();
        check(true);
        fs::remove_file(ha.join("link")).unwrap();
        // What an earlier Nutkin has left half removed counts as well, and stays if jobs may come back from it.
        let aside = data.join("ha.going");
        fs::create_dir_all(aside.join("default")).unwrap();
        fs::write(aside.join("default/submittedJobGraph0a1b"), "x").unwrap();
        assert!(may_bring_back(&environment, "s"));
        assert!(!remove_high_availability(&aside).unwrap() && aside.exists());
        let count = || all(&environment).len();
        let before = count();
        fs::remove_file(aside.join("default/submittedJobGraph0a1b")).unwrap();
        assert!(!may_bring_back(&environment, "s"));
        assert!(remove_high_availability(&aside).unwrap() && !aside.exists());
        assert_eq!(count(), before - 1);
        assert!(remove_high_availability(&ha).unwrap());
        assert_eq!(of_ha(), None);
        std::os::unix::fs::symlink(temporary.path(), &ha).unwrap();
        check(true);
    }
}
