//! One place under several names: which texts name the same savepoint, and whether a job would start from one that is being deleted.

use crate::ledger::{JobRecord, Ledger};
use crate::words::snapshots as words;

/// The file in the directory of a savepoint, by which it is named as well. Source: `AbstractFsCheckpointStorageAccess`, 1.13 to 2.3.
const METADATA: &str = "/_metadata";

/// The kind of a request that submits a job which no session file names.
const SUBMIT: &str = "submit";

/// What a text has that names a savepoint, in the form that [`Needle::is_in`] compares.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Needle(String);

impl Needle {
    /// Of the place that a path names: the directory of a savepoint has a name that is used once (`savepoint-5f3a8c-0b1c…`), so that the same
    /// place is known by `file:/sp`, `file:///sp` and a mount elsewhere.
    pub(super) fn of(path: &str) -> Self {
        let mut path = plain(path.trim());
        loop {
            let short = path.trim_end_matches('/').trim_end_matches("/.");
            let short = short.strip_suffix(METADATA).unwrap_or(short);
            if short.len() == path.len() {
                break;
            }
            path = short.to_owned();
        }
        let last = path.rsplit('/').next().unwrap_or(&path);
        if last.starts_with("savepoint-") {
            return Self(last.to_owned());
        }
        let rest = path.split_once(':').map_or(&*path, |(_, rest)| rest);
        Self(rest.trim_start_matches('/').to_owned())
    }

    /// Whether a text names it. What only looks like it counts as well.
    pub(super) fn is_in(&self, text: &str) -> bool {
        text.contains(&self.0) || plain(text).contains(&self.0)
    }
}

/// A text whose paths have neither empty parts nor `.` nor `..`, as Flink's `Path` reads them (`URI.normalize`).
fn plain(text: &str) -> String {
    let mut parts: Vec<&str> = Vec::new();
    for part in text.split('/') {
        // A part with another end of a path in it is none that `..` takes back.
        let is_part = |part: &&str| {
            !part.is_empty() && *part != ".." && !part.contains([':', '"', ' ', ',', '=', ';'])
        };
        let is_inner = !parts.is_empty();
        match part {
            "" | "." if is_inner => {}
            ".." if 1 < parts.len() && parts.last().is_some_and(is_part) => drop(parts.pop()),
            part => parts.push(part),
        }
    }
    let mut plain = parts.join("/");
    if text.ends_with('/') && !plain.ends_with('/') {
        plain.push('/');
    }
    plain
}

/// Why a job does not start from what the submission names that is under way: that savepoint is being deleted; `None`: it may start.
pub fn going(ledger: &Ledger, record: &JobRecord) -> Option<String> {
    let is_begun =
        |record: &&JobRecord| record.request.as_ref().is_some_and(|one| one.kind == SUBMIT);
    let of = record.pending.as_deref().or_else(|| Some(record).filter(is_begun))?;
    let from = of.started_from.as_deref()?;
    let mut marked = ledger.snapshots.iter().filter(|(_, one)| one.disposing);
    marked.find_map(|(name, one)| {
        let path = one.path.as_deref()?;
        Needle::of(path).is_in(from).then(|| words::is_going(name, path))
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ledger::{Request, SnapshotRecord};

    #[track_caller]
    fn check(path: &str, text: &str, expected: bool) {
        assert_eq!(Needle::of(path).is_in(text), expected, "{path} in {text}");
    }

    #[test]
    fn one_place_has_many_names() {
        let all = [
            "/sp/savepoint-a",
            "/sp/savepoint-a/",
            "/sp/savepoint-a//",
            "/sp/savepoint-a/_metadata",
            "/sp/savepoint-a/_metadata/",
            "/sp/savepoint-a/.",
            "file:/sp/savepoint-a",
            "file:///sp//savepoint-a/_metadata",
            "/sp/x/../savepoint-a",
        ];
        for path in all {
            for text in all {
                check(path, text, true);
                check(path, &format!("{{\"from\":\"{text}\"}}"), true);
                let [path, text] =
                    [path, text].map(|one| one.replace("savepoint-a", "before/upgrade"));
                check(&path, &text, true);
                check(&path, &format!("{{\"a\":\"x y\",\"from\":\"{text}\"}}"), true);
            }
            check(path, "/sp/savepoint-b", false);
            check(path, "/sp", false);
        }
        check("/sp/before", "/other/before", false);
        check("/sp/before", "s3://b/sp/./before", true);
        // Other places in between take nothing away.
        check("/sp/before", r#"{"a":"/sp/before","b":"../x"}"#, true);
        check("/sp/before", r#"{"a":"sp/before/..","b":"/../x"}"#, true);
    }

    #[test]
    fn no_job_starts_from_what_is_being_deleted() {
        let mut ledger = Ledger::new("a");
        let path = Some("file:/sp/savepoint-a/_metadata".to_owned());
        let marked = SnapshotRecord { path, disposing: true, ..SnapshotRecord::default() };
        ledger.snapshots.insert("s".to_owned(), marked);
        let request = Request { kind: SUBMIT.to_owned(), ..Request::default() };
        let from = |path: &str| JobRecord {
            started_from: Some(path.to_owned()),
            request: Some(request.clone()),
            ..JobRecord::default()
        };
        let same = from("/sp/savepoint-a/");
        assert!(going(&ledger, &same).is_some_and(|why| why.contains("`s`")));
        let waits = JobRecord { pending: Some(Box::new(same.clone())), ..from("/sp/savepoint-b") };
        assert!(going(&ledger, &waits).is_some());
        // The controls: another one, and one that is there.
        assert_eq!(going(&ledger, &from("/sp/savepoint-b")), None);
        assert_eq!(going(&ledger, &JobRecord::default()), None);
        let runs = JobRecord { request: None, ..same.clone() };
        assert_eq!(going(&ledger, &runs), None, "it has started");
        ledger.snapshots.values_mut().for_each(|one| one.disposing = false);
        assert_eq!(going(&ledger, &same), None);
    }
}
