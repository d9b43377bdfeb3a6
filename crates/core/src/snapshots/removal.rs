//! Snapshots that nobody wants any more: which are deleted, which are forgotten, and which stay because something refers
//! to them. A file is deleted before its record is forgotten.

use std::collections::{BTreeMap, BTreeSet};

use super::place::Needle;
use super::{SAVEPOINT, SnapshotPolicy, seconds_of};
use crate::gc::is_done;
use crate::ledger::{Ledger, SnapshotOrigin, SnapshotRecord, SnapshotState};
use crate::session::{Session, WantedSnapshot};
use crate::words::snapshots as words;
use nutkin_flink::Configuration;

/// What may refer to a snapshot, beside the ledger of its session.
#[derive(Debug, Clone, Copy, Default)]
pub struct Around<'a> {
    /// What is wanted now, where somebody says it: documents that it does not have are not wanted any more.
    pub wanted: Option<&'a Session>,
    /// Ledgers of other sessions.
    pub others: &'a [Ledger],
    /// What jobs that run were restored from, wherever they come from.
    pub restored: &'a [String],
    /// Options of jobs, where their age and number count: what is not there says nothing, and nothing of it goes.
    pub policies: Option<&'a BTreeMap<String, SnapshotPolicy>>,
    /// The time, in seconds since 1970.
    pub now: i64,
    /// Whether files may be deleted: not where somebody may refer to them of whom nobody knows here.
    pub deletes: bool,
}

/// A snapshot that nobody wants any more.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Removal {
    /// Its name in the ledger.
    pub name: String,
    /// What becomes of it.
    pub step: RemovalStep,
}

/// What becomes of such a snapshot.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RemovalStep {
    /// Its files are deleted, then it is forgotten.
    Dispose(String),
    /// It is forgotten: it has no files, or they stay.
    Forget(Option<String>),
    /// It is forgotten: the JobManager does not find its files.
    Missing(String),
    /// It stays for now: where it is, and who refers to it.
    Stays(String, String),
}

/// Says what becomes of each snapshot that nobody wants any more. What is under way is wanted.
pub fn removals(ledger: &Ledger, around: &Around<'_>) -> Vec<Removal> {
    let expired = expired(ledger, around);
    let mut all = Vec::new();
    for (name, record) in &ledger.snapshots {
        let is_document = record.origin == SnapshotOrigin::Document;
        let is_wanted = match around.wanted {
            Some(session) => session.snapshots.iter().any(|one| one.name == *name),
            None => !record.dropped,
        };
        let goes = record.disposing
            || expired.contains(name)
            || (is_document && (record.dropped || !is_wanted));
        // What is under way comes to its end first, and what a newer Nutkin knows is its affair.
        let is_known = !matches!(record.state, SnapshotState::InProgress | SnapshotState::Other(_));
        if !(goes && is_known) {
            continue;
        }
        let is_there = record.state == SnapshotState::Completed;
        let path = record.path.clone().filter(|_| is_there && record.kind == SAVEPOINT);
        let step = match path {
            Some(path)
                if record.disposes && around.deletes && is_file(&path) && still(record, around) =>
            {
                match referrer(&path, name, ledger, around) {
                    Some(who) => RemovalStep::Stays(path, who),
                    None => RemovalStep::Dispose(path),
                }
            }
            path => RemovalStep::Forget(path),
        };
        all.push(Removal { name: name.clone(), step });
    }
    all
}

/// Whether a path is of a file system, and not of a store that others use as well.
fn is_file(path: &str) -> bool {
    path.starts_with('/') || path.starts_with("file:")
}

/// Whether what the clock asked for is still deleted by what the options say now, or was begun to be.
fn still(record: &SnapshotRecord, around: &Around<'_>) -> bool {
    let policy = || around.policies?.get(record.job.as_deref()?);
    record.origin != SnapshotOrigin::Periodic
        || record.disposing
        || policy().is_some_and(|policy| policy.disposes)
}

/// Names of periodic snapshots that are too many or too old. The newest one of each job and kind that is there stays. Their age is that
/// at the one before the newest, and two are never too old: a clock that is ahead for a moment makes only one new. What is noted for a time
/// that is still to come says nothing, and stays. Where the clock asks for none any more, and of a job that nobody knows, all stay.
fn expired(ledger: &Ledger, around: &Around<'_>) -> BTreeSet<String> {
    let Some(policies) = around.policies else { return BTreeSet::new() };
    let mut by_job: BTreeMap<_, Vec<(i64, &String, &SnapshotRecord)>> = BTreeMap::new();
    for (name, record) in &ledger.snapshots {
        if record.origin == SnapshotOrigin::Periodic && record.state.is_final() {
            let time = record.time.as_deref().and_then(seconds_of);
            let Some(time) = time.filter(|time| *time <= around.now) else { continue };
            let of = (record.job.as_deref().unwrap_or_default(), record.kind.as_str());
            by_job.entry(of).or_default().push((time, name, record));
        }
    }
    let mut gone = BTreeSet::new();
    for ((job, kind), mut all) in by_job {
        let Some(policy) = policies.get(job).filter(|policy| policy.asks_for(kind)) else {
            continue;
        };
        // Newest first.
        all.sort_by(|a, b| (b.0, b.1).cmp(&(a.0, a.1)));
        let mut there = 0;
        let mut complete = all.iter().filter(|one| one.2.state == SnapshotState::Completed);
        let before = complete.nth(1).map(|one| one.0);
        for (index, (time, name, record)) in all.into_iter().enumerate() {
            if record.state != SnapshotState::Completed {
                // What failed is of interest until the next one.
                if 0 < index {
                    gone.insert(name.clone());
                }
                continue;
            }
            there += 1;
            let age = before.unwrap_or(time).saturating_sub(time);
            let is_too_old = policy.age_for(record.keeps).is_some_and(|most| most < age);
            let is_too_many = policy.count_for(record.keeps).is_some_and(|most| most < there);
            if is_too_many || (2 < there && is_too_old) {
                gone.insert(name.clone());
            }
        }
    }
    gone
}

/// Who refers to a snapshot; `None`: nobody.
fn referrer(path: &str, name: &str, ledger: &Ledger, around: &Around<'_>) -> Option<String> {
    let needle = Needle::of(path);
    let holds = |text: &str| needle.is_in(text);
    if around.restored.iter().any(|restored| holds(restored)) {
        return Some(words::RESTORED.to_owned());
    }
    if around.wanted.is_some_and(|session| names(session, name, &needle)) {
        return Some(words::FILE.to_owned());
    }
    let mut own = ledger.clone();
    own.snapshots.remove(name);
    if let Some(wanted) = &mut own.wanted {
        // A document that is its own.
        wanted.documents.retain(|document| {
            document["kind"] != "FlinkStateSnapshot" || document["metadata"]["name"] != name
        });
    }
    std::iter::once(&own).chain(around.others).find_map(|ledger| {
        let mut rest = ledger.clone();
        rest.history.clear();
        let mut jobs = std::mem::take(&mut rest.jobs).into_iter();
        let job = jobs.find(|(_, record)| {
            !is_done(record) && serde_json::to_string(record).is_ok_and(|text| holds(&text))
        });
        if let Some((job, _)) = job {
            return Some(words::job(&ledger.name, &job));
        }
        let text = serde_json::to_string(&rest).ok()?;
        holds(&text).then(|| words::ledger(&ledger.name))
    })
}

/// Whether a session file refers to it with anything but its own document.
fn names(session: &Session, name: &str, needle: &Needle) -> bool {
    let holds = |path: &Option<String>| path.as_ref().is_some_and(|path| needle.is_in(path));
    let is_in = |options: &Configuration| {
        options.iter().any(|(_, entry)| needle.is_in(&entry.value.to_string()))
    };
    let jobs = session.jobs.iter().any(|job| {
        holds(&job.initial_savepoint_path)
            || job.args.iter().any(|word| needle.is_in(word))
            || is_in(&job.configuration)
    });
    let others = session.snapshots.iter().filter(|one| one.name != name);
    let mut paths = others.filter_map(|one| match &one.what {
        WantedSnapshot::Savepoint { path, .. } => path.as_ref(),
        WantedSnapshot::Checkpoint => None,
    });
    let options = is_in(&session.configuration);
    jobs || options || paths.any(|path| needle.is_in(path))
}

impl Removal {
    /// What is said when it was done, for people.
    pub fn line(&self) -> String {
        match &self.step {
            RemovalStep::Dispose(path) => words::disposed(&self.name, path),
            RemovalStep::Forget(path) => words::forgotten(&self.name, path.as_deref()),
            RemovalStep::Missing(path) => words::not_found(&self.name, path),
            RemovalStep::Stays(path, who) => words::stays(&self.name, path, who),
        }
    }
}
