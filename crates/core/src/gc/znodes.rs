//! High availability data in a ZooKeeper, and who needs it.

use std::collections::{BTreeMap, BTreeSet};

use super::Needed;
use crate::words::gc as words;

/// A znode, as ZooKeeper lists it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Znode {
    /// Its path.
    pub path: String,
    /// Whether it goes with the client that made it.
    pub is_ephemeral: bool,
    /// How often its data was written.
    pub version: i32,
}

/// What sessions may need, by the path of their data.
#[derive(Debug, Clone, Default)]
pub struct Held {
    /// Paths, each with the session whose ledger names it.
    pub paths: BTreeMap<String, String>,
    /// A session of which nobody knows what it needs.
    pub untold: Option<String>,
}

impl Held {
    /// The session that may need what is at a path, above it or below it.
    fn at(&self, path: &str) -> Option<&String> {
        let is_of = |held: &str| below(path, held).is_some() || below(held, path).is_some();
        self.paths.iter().find(|(held, _)| is_of(held)).map(|(_, session)| session)
    }
}

/// High availability data of one session.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LeftZnodes {
    /// Where it is: the root and the cluster-id.
    pub path: String,
    /// All its znodes, those below before those above.
    pub nodes: Vec<Znode>,
    /// Who needs it; `None`: nobody does.
    pub needed: Option<Needed>,
}

impl LeftZnodes {
    /// The proof, or who needs it.
    pub fn line(&self) -> String {
        let what = words::znodes(&self.path, self.nodes.len());
        match &self.needed {
            None => words::znodes_go(&what),
            Some(needed) => words::stays(&what, &needed.line()),
        }
    }
}

/// Where Flink keeps submitted jobs and applications: a JobManager that starts runs them (`high-availability.zookeeper.path.*`, 1.13 to 2.3).
const JOBS: [&str; 3] = ["jobgraphs", "execution-plans", "applications"];

/// Where a release before 1.15 keeps the places of checkpoints, below it a znode for each job.
const CHECKPOINTS: &str = "checkpoints";

/// What else Flink writes below a cluster-id (`ZooKeeperUtils`, `HighAvailabilityOptions`): who leads, counters, and which jobs have ended.
const OTHERS: [&str; 5] =
    ["leader", "leaderlatch", "jobs", "checkpoint-counter", "running_job_registry"];

fn is_flinks(name: &str) -> bool {
    name == CHECKPOINTS || JOBS.contains(&name) || OTHERS.contains(&name)
}

/// High availability data below a root, one for each cluster-id. What a living session has is not among them: its JobManagers have
/// ephemeral znodes there. `nodes`: the root and all below it, each before those below it.
pub fn left_znodes(root: &str, nodes: &[Znode], held: &Held) -> Vec<LeftZnodes> {
    let mut all: Vec<LeftZnodes> = Vec::new();
    for path in sessions(root, nodes) {
        let is_inside = |node: &&Znode| below(&path, &node.path).is_some();
        let mut inside: Vec<Znode> = nodes.iter().filter(is_inside).cloned().collect();
        if inside.iter().any(|node| node.is_ephemeral) {
            continue;
        }
        let needed = if let Some(session) = held.at(&path) {
            Some(Needed::Ledger(session.clone()))
        } else if let Some(session) = &held.untold {
            Some(Needed::NotTold(session.clone()))
        } else {
            let may = is_ambiguous(root, &path)
                || inside.iter().any(|node| may_bring_back(&path, &node.path));
            may.then_some(Needed::BringsBack)
        };
        inside.reverse();
        all.push(LeftZnodes { path, nodes: inside, needed });
    }
    all
}

/// Paths of sessions: the outermost znodes below the root that have something of Flink's below them. The root itself is none: a
/// session may be called `jobs` or `leader`.
fn sessions(root: &str, nodes: &[Znode]) -> BTreeSet<String> {
    let found: BTreeSet<&str> = nodes
        .iter()
        .filter_map(|node| node.path.rsplit_once('/'))
        .filter(|(above, name)| {
            is_flinks(name) && below(root, above).is_some_and(|rest| !rest.is_empty())
        })
        .map(|(above, _)| above)
        .collect();
    // A server lists znodes in no order.
    let is_outermost =
        |path: &&str| found.iter().all(|other| other == path || below(other, path).is_none());
    found.iter().copied().filter(is_outermost).map(str::to_owned).collect()
}

/// Whether a path below the root has a word of Flink's in it: it may be a session of that name, or a part of a session above.
fn is_ambiguous(root: &str, path: &str) -> bool {
    below(root, path).unwrap_or_default().split('/').any(is_flinks)
}

/// Whether a session at this path would run a job again because of this znode, or start one from a checkpoint of which only it knows, or
/// whether nobody knows what it is for.
fn may_bring_back(session: &str, path: &str) -> bool {
    let parts: Vec<&str> = below(session, path).unwrap_or_default().split('/').collect();
    match parts[..] {
        [""] | [] => false,
        // From 1.15 on below the job, before beside all jobs.
        ["jobs", _, CHECKPOINTS, _, ..] | [CHECKPOINTS, _, _, ..] => true,
        [first, ..] if !is_flinks(first) => true,
        [.., _] => parts
            .split_last()
            .is_some_and(|(_, above)| above.iter().any(|part| JOBS.contains(part))),
    }
}

/// What comes after a path, without the slash; `None`: it is neither the path nor below it.
fn below<'p>(path: &str, other: &'p str) -> Option<&'p str> {
    let rest = other.strip_prefix(path)?;
    if rest.is_empty() { Some(rest) } else { rest.strip_prefix('/') }
}

#[cfg(test)]
mod tests {
    use super::*;

    const JOB: &str = "00000000000000000000000000000001";

    /// All znodes on the way to these. One that ends with `!` is ephemeral.
    fn tree(leaves: &[&str]) -> Vec<Znode> {
        let mut paths = BTreeMap::from([("/flink".to_owned(), false)]);
        for leaf in leaves {
            let mut path = "/flink".to_owned();
            for part in leaf.trim_end_matches('!').split('/') {
                path = format!("{path}/{part}");
                paths.entry(path.clone()).or_insert(false);
            }
            paths.insert(path, leaf.ends_with('!'));
        }
        let of = |(path, is_ephemeral)| Znode { path, is_ephemeral, version: 0 };
        paths.into_iter().map(of).collect()
    }

    #[track_caller]
    fn check(leaves: &[&str], expected: &[(&str, Option<Needed>)]) {
        let left = left_znodes("/flink", &tree(leaves), &Held::default());
        let found: Vec<_> = left.iter().map(|one| (&one.path[..], one.needed.clone())).collect();
        assert_eq!(found, expected);
    }

    #[test]
    fn what_nobody_needs_goes() {
        // What a session leaves that has canceled its jobs, by running it (1.20.5).
        let gone = ["gone/jobgraphs", "gone/jobs", "gone/leader/latch", "gone/leader/dispatcher"];
        check(&gone, &[("/flink/gone", None)]);
        check(&["team/words/leader/latch"], &[("/flink/team/words", None)]);
        let counter = format!("gone/jobs/{JOB}/checkpoint_id_counter");
        check(&["gone/leader", &counter], &[("/flink/gone", None)]);
        check(&["other/things"], &[]);
        check(&[], &[]);
        let left = left_znodes("/flink", &tree(&gone), &Held::default()).remove(0);
        let paths: Vec<&str> = left.nodes.iter().map(|node| node.path.as_str()).collect();
        assert_eq!((paths[0], *paths.last().unwrap()), ("/flink/gone/leader/latch", "/flink/gone"));
    }

    #[test]
    fn nothing_of_a_living_session_goes() {
        let living = ["a/leader/latch/_c_1-latch-0!", "a/jobs", "b/jobs"];
        check(&living, &[("/flink/b", None)]);
        // In whatever order a server lists them: a part of a session is not a session.
        let mut nodes = tree(&["a/leader/latch/_c_1-latch-0!", "a/store/jobgraphs"]);
        nodes.reverse();
        assert_eq!(left_znodes("/flink", &nodes, &Held::default()), []);
    }

    #[test]
    fn what_may_bring_jobs_back_stays() {
        for leaf in [
            format!("a/jobgraphs/{JOB}"),
            format!("a/execution-plans/{JOB}"),
            "a/applications/1".to_owned(),
            format!("a/jobs/{JOB}/checkpoints/0000000000000000007"),
            format!("a/checkpoints/{JOB}/0000000000000000007"),
            "a/mesos-workers".to_owned(),
        ] {
            check(&[&leaf, "a/leader"], &[("/flink/a", Some(Needed::BringsBack))]);
        }
        // Sessions that are called as Flink calls its own, and what may be a part of a session above.
        for (leaf, path) in [
            (format!("jobs/jobgraphs/{JOB}"), "/flink/jobs"),
            (format!("team/jobs/jobgraphs/{JOB}"), "/flink/team"),
            (format!("jobs/{JOB}/checkpoints"), "/flink/jobs/00000000000000000000000000000001"),
        ] {
            check(&[&leaf], &[(path, Some(Needed::BringsBack))]);
        }
        // The control: places of checkpoints without one.
        let empty = format!("a/jobs/{JOB}/checkpoints");
        check(&[&empty, "a/leader"], &[("/flink/a", None)]);
    }

    #[test]
    fn what_a_ledger_names_stays() {
        #[track_caller]
        fn check(held: &Held, expected: Option<Needed>) {
            let left = left_znodes("/flink", &tree(&["a/leader"]), held);
            assert_eq!(left[0].needed, expected);
        }
        let paths = |path: &str| BTreeMap::from([(path.to_owned(), "s".to_owned())]);
        let of = |path| Held { paths: paths(path), untold: None };
        for path in ["/flink/a", "/flink/a/b", "/flink"] {
            check(&of(path), Some(Needed::Ledger("s".to_owned())));
        }
        let untold = Held { untold: Some("s".to_owned()), ..Held::default() };
        check(&untold, Some(Needed::NotTold("s".to_owned())));
        // The control: another path.
        check(&of("/flink/ab"), None);
    }
}
