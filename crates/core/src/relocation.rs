//! A session that moves to another platform with its jobs: whether their state can be read there, and what comes next.
//!
//! The new session comes up beside the old one, which keeps its JobManager until every job has a first checkpoint in the new
//! one: until then the jobs can go on where they were, from the same savepoints.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use serde_json::Value;

use crate::jobs::open;
use crate::ledger::{Destination, JobRecord, Ledger, Wanted};
use crate::selection::Platform;
use crate::session::Session;
use crate::supervision::fence::is_before;
use crate::words::relocation as words;

/// A session on a platform, as far as it matters which files it sees.
#[derive(Debug, Clone, Copy)]
pub struct Side<'a> {
    /// Where it runs.
    pub platform: Platform,
    /// It.
    pub session: &'a Session,
    /// Whether its containers see folders of this machine where they ask for them.
    pub is_here: bool,
}

/// Whether the new session can read what the old one writes to its directory of savepoints.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum StateSight {
    /// It can.
    Sees,
    /// It cannot, and why.
    Blind(String),
    /// One of them is pods that have something mounted there: what is written to this folder of this machine has to be seen by them.
    Mounted(PathBuf),
}

/// Whether it can. `path`: the directory where it is one of files, and not of a store that is reached over the network.
pub fn sight(directory: &str, path: Option<&Path>, old: Side<'_>, new: Side<'_>) -> StateSight {
    let Some(path) = path else { return StateSight::Sees };
    let apart = || StateSight::Blind(words::apart(directory, &old.platform.to_string()));
    let unseen = || StateSight::Blind(words::unseen(directory, &new.platform.to_string()));
    match (old.platform, new.platform) {
        (_, Platform::Kubernetes) => match old.folder(path) {
            None => apart(),
            Some(folder) if new.mounts(path) => StateSight::Mounted(folder),
            Some(_) => unseen(),
        },
        (Platform::Kubernetes, _) => match new.folder(path) {
            _ if !old.mounts(path) => apart(),
            Some(folder) => StateSight::Mounted(folder),
            None => unseen(),
        },
        _ => match old.folder(path) {
            None => apart(),
            Some(folder) if new.folder(path) == Some(folder.clone()) => StateSight::Sees,
            Some(_) => unseen(),
        },
    }
}

impl Side<'_> {
    /// The folder of this machine that all its processes see at a path; `None`: that is another one, or not known.
    fn folder(self, path: &Path) -> Option<PathBuf> {
        match self.platform {
            Platform::Local => Some(path.to_owned()),
            Platform::Docker if self.is_here => {
                let [job_manager, task_manager] = self.of_roles(|one| host_path(path, one));
                let folder = job_manager?;
                (task_manager? == folder).then_some(folder)
            }
            // Which machine's folder it is nobody can tell.
            Platform::Docker | Platform::Kubernetes => None,
        }
    }

    /// Whether its pods have something mounted at a path or above it, which is more than the pod's own disk.
    pub fn mounts(self, path: &Path) -> bool {
        let is_shared = |one: &Value| {
            let (_, volume) = volume_at(path, one)?;
            volume["emptyDir"].is_null().then_some(())
        };
        self.of_roles(is_shared).iter().all(Option::is_some)
    }

    /// What the template of each role has, or the common one.
    fn of_roles<T>(self, find: impl Fn(&Value) -> Option<T>) -> [Option<T>; 2] {
        let Session { pod_template, job_manager, task_manager, .. } = self.session;
        [job_manager, task_manager].map(|role| {
            let templates = [&role.pod_template, pod_template];
            templates.iter().find_map(|one| find(one.as_ref()?))
        })
    }
}

/// The folder of the machine that containers of this template see at a path.
fn host_path(path: &Path, template: &Value) -> Option<PathBuf> {
    let (below, volume) = volume_at(path, template)?;
    Some(PathBuf::from(volume["hostPath"]["path"].as_str()?).join(below))
}

/// The volume that containers of this template see at a path, and where in it.
fn volume_at(path: &Path, template: &Value) -> Option<(PathBuf, Value)> {
    let list = |value: &Value| value.as_array().cloned().unwrap_or_default();
    let volumes = list(&template["spec"]["volumes"]);
    let containers = list(&template["spec"]["containers"]);
    let mounts = containers.iter().flat_map(|one| list(&one["volumeMounts"]));
    // The longest path is the mount that counts.
    let found = mounts.filter_map(|mount| {
        let rest = path.strip_prefix(mount["mountPath"].as_str()?).ok()?.to_owned();
        Some((rest, mount))
    });
    let (rest, mount) = found.min_by_key(|(rest, _)| rest.components().count())?;
    let volume = volumes.iter().find(|one| one["name"] == mount["name"])?;
    let mut below = PathBuf::new();
    below.extend(mount["subPath"].as_str().map(Path::new));
    below.extend(rest.components());
    Some((below, volume.clone()))
}

/// What is seen of a move to another platform that was begun.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Seen {
    /// Whether all jobs run in the new session, by the ledger: the old one is only to end.
    pub has_arrived: bool,
    /// Whether this command has brought the new session up, or has seen that it serves.
    pub serves: bool,
    /// Whether jobs run in the old session.
    pub runs: bool,
    /// Whether the new ledger has what [`Ledger::hand_over`] gives it.
    pub is_handed_over: bool,
    /// Whether the new ledger has jobs that wait to be resumed.
    pub waits: bool,
}

/// What comes next.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RelocationStep {
    /// Bring the new session up. The old one runs with its jobs.
    Start,
    /// Stop the jobs of the old session with savepoints.
    Stop,
    /// Write them into the new ledger.
    HandOver,
    /// Resume them in the new session, to the first checkpoint of each.
    Resume,
    /// Note that they run there: from now on there is only one way.
    Arrive,
    /// End the old session, whose ledger goes last.
    End,
}

/// The next step. Carried out one by one they come to an end, whatever is cut.
pub fn next(seen: Seen) -> RelocationStep {
    match seen {
        Seen { has_arrived: true, .. } => RelocationStep::End,
        Seen { serves: false, .. } => RelocationStep::Start,
        Seen { runs: true, .. } => RelocationStep::Stop,
        Seen { is_handed_over: false, .. } => RelocationStep::HandOver,
        Seen { waits: true, .. } => RelocationStep::Resume,
        _ => RelocationStep::Arrive,
    }
}

impl Ledger {
    /// Gives its jobs to the ledger of the new session, of which this is `wanted`. What has been submitted there since stays.
    pub fn hand_over(&self, new: &mut Self, wanted: &Wanted) {
        let mark = self.phase.iter().find_map(|phase| phase.to.as_ref()?.mark.clone());
        new.begin_from(mark, wanted);
        new.namespace.clone_from(&self.namespace);
        for (name, job) in &self.jobs {
            if !new.jobs.get(name).is_some_and(|there| is_ahead(there, job)) {
                new.jobs.insert(name.clone(), job.clone());
            }
        }
        for (name, snapshot) in &self.snapshots {
            new.snapshots.entry(name.clone()).or_insert_with(|| snapshot.clone());
        }
    }

    /// A move makes the session, of which this is wanted.
    pub fn begin_from(&mut self, mark: Option<String>, wanted: &Wanted) {
        self.wanted = Some(wanted.clone());
        self.made_by = mark.or_else(|| self.made_by.take());
    }

    /// Whether the session was made by this move, or nobody has written yet what it is. Otherwise it is somebody else's, who wants it to
    /// stay.
    pub fn is_made_by(&self, to: &Destination) -> bool {
        let is_unwritten = self.wanted.is_none() && self.jobs.is_empty() && self.history.is_empty();
        is_unwritten || to.mark.is_none() || self.made_by == to.mark
    }

    /// The jobs are to go on where they were: `new` is the ledger of the session that they were to run in, and in it these have
    /// come to their own end. Ids that were used there are not used again.
    pub fn return_from(&mut self, new: &Self, finished: &[String], why: &str) {
        let names: Vec<String> =
            self.phase.iter().flat_map(|phase| phase.jobs.keys().cloned()).collect();
        for name in &names {
            let (Some(there), Some(here)) = (new.jobs.get(name), self.jobs.get_mut(name)) else {
                continue;
            };
            if is_ahead(there, here) {
                *here = there.clone();
            }
        }
        for name in finished {
            self.stays_ended(name);
            if let Some(job) = self.jobs.get_mut(name) {
                if let Some(last) = job.pending.take() {
                    *job = JobRecord { moving: false, ..*last };
                }
                job.ended = Some(FINISHED.to_owned());
            }
        }
        self.take_back(why);
    }

    /// Jobs that run as far as this ledger knows, that the JobManager does not list, and that were not submitted in the new session:
    /// it is another JobManager than the one that had them. `since`: its start, where that is known; what was submitted to it later
    /// it has forgotten since (`jobstore.expiration-time`).
    pub fn lost_on_the_way(
        &self,
        new: &Self,
        listed: &BTreeSet<String>,
        since: Option<&str>,
    ) -> Vec<String> {
        let is_lost = |(name, job): &(&String, &JobRecord)| {
            let pending = job.pending.as_deref().and_then(|pending| pending.id.as_ref());
            let is_listed = job.id.iter().chain(pending).any(|id| listed.contains(id));
            let has_ended =
                !job.moving && since.is_some() && !is_before(job.submitted.as_deref(), since);
            let is_there = new.jobs.get(*name).is_some_and(|there| is_ahead(there, job));
            job.ended.is_none() && job.id.is_some() && !is_listed && !has_ended && !is_there
        };
        let all = open(self).filter(is_lost);
        all.map(|(name, _)| name.clone()).collect()
    }

    /// The jobs of the change under way that were submitted in the new session, by the ledger of that one: name, and what it has
    /// of each.
    pub fn submitted_there<'n>(&self, new: &'n Self) -> Vec<(String, &'n JobRecord)> {
        let names = self.phase.iter().flat_map(|phase| phase.jobs.keys());
        let of = |name: &String| {
            let (there, here) = (new.jobs.get(name)?, self.jobs.get(name)?);
            is_ahead(there, here).then(|| (name.clone(), there))
        };
        names.filter_map(of).collect()
    }
}

/// Flink's word for the state of a job that has come to its own end.
const FINISHED: &str = "FINISHED";

/// Whether a job was submitted since it was what `before` says.
fn is_ahead(now: &JobRecord, before: &JobRecord) -> bool {
    before.generation < now.pending.as_deref().unwrap_or(now).generation
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::ledger::{Phase, Snapshot};
    use crate::spec::{Inputs, resolve};

    fn session(hosts: &[(&str, &str)]) -> Session {
        let mut session = resolve(&Inputs::default()).unwrap();
        let volumes: Vec<Value> = hosts
            .iter()
            .map(|(host, _)| json!({"name": host, "hostPath": {"path": host}}))
            .collect();
        let mounts: Vec<Value> =
            hosts.iter().map(|(host, at)| json!({"name": host, "mountPath": at})).collect();
        session.pod_template = Some(json!({"spec": {
            "volumes": volumes, "containers": [{"volumeMounts": mounts}],
        }}));
        session
    }

    #[test]
    fn state_lies_where_both_can_read_it() {
        use Platform::{Docker, Kubernetes, Local};
        #[track_caller]
        fn check(old: Platform, new: Platform, hosts: &[(&str, &str)], says: Option<&str>) {
            let session = session(hosts);
            let side = |platform| Side { platform, session: &session, is_here: true };
            let path = Some(Path::new("/state/sp"));
            let found = sight("file:///state/sp", path, side(old), side(new));
            match says {
                None => assert_eq!(found, StateSight::Sees),
                Some(says) => {
                    let StateSight::Blind(why) = &found else { panic!("{found:?}") };
                    assert!(why.contains(says), "{why}");
                }
            }
            // A store is reached from everywhere.
            assert_eq!(sight("s3://b/sp", None, side(old), side(new)), StateSight::Sees);
            // Folders of a daemon of another machine are others.
            let far = |platform| Side { is_here: false, ..side(platform) };
            let found = sight("file:///state/sp", path, far(old), far(new));
            assert!(matches!(found, StateSight::Blind(_)), "{found:?}");
        }
        let same: &[_] = &[("/state", "/state")];
        check(Local, Docker, same, None);
        check(Docker, Local, same, None);
        check(Local, Docker, &[], Some("a session on docker does not see"));
        check(Local, Docker, &[("/other", "/state")], Some("does not see"));
        check(Local, Docker, &[("/state", "/state"), ("/x", "/state/sp")], Some("does not see"));
        check(Docker, Local, &[], Some("only the session on docker sees"));
        check(Local, Kubernetes, &[], Some("a session on kubernetes does not see"));
        check(Kubernetes, Docker, &[], Some("only the session on kubernetes sees"));
        check(Docker, Kubernetes, &[], Some("only the session on docker sees"));
    }

    #[test]
    fn what_pods_mount_is_looked_at() {
        use Platform::{Docker, Kubernetes, Local};
        fn side(platform: Platform, session: &Session) -> Side<'_> {
            Side { platform, session, is_here: true }
        }
        let path = Some(Path::new("/state/sp"));
        let mounted = || StateSight::Mounted(PathBuf::from("/state/sp"));
        let both = session(&[("/state", "/state")]);
        for (old, new) in [(Local, Kubernetes), (Kubernetes, Local), (Docker, Kubernetes)] {
            let found = sight("/state/sp", path, side(old, &both), side(new, &both));
            assert_eq!(found, mounted(), "{old} to {new}");
        }
        // Whatever it is that they mount, unless it goes with the pod.
        let volume = |volume: Value| {
            let mut session = session(&[("/state", "/state")]);
            session.pod_template.as_mut().unwrap()["spec"]["volumes"][0] = volume;
            sight("/state/sp", path, side(Local, &session), side(Kubernetes, &session))
        };
        let claim = json!({"name": "/state", "persistentVolumeClaim": {"claimName": "data"}});
        assert_eq!(volume(claim), mounted());
        assert!(matches!(volume(json!({"name": "/state", "emptyDir": {}})), StateSight::Blind(_)));
        let mut one_role = session(&[("/state", "/state")]);
        one_role.job_manager.pod_template = one_role.pod_template.take();
        let found = sight("/state/sp", path, side(Local, &one_role), side(Kubernetes, &one_role));
        assert!(matches!(found, StateSight::Blind(_)), "{found:?}");
    }

    #[test]
    fn both_roles_have_to_see_it() {
        let mut session = session(&[("/state", "/state")]);
        session.job_manager.pod_template = session.pod_template.take();
        let side = |platform| Side { platform, session: &session, is_here: true };
        let path = Some(Path::new("/state/sp"));
        let found = sight("/state/sp", path, side(Platform::Local), side(Platform::Docker));
        assert!(matches!(found, StateSight::Blind(_)), "{found:?}");
    }

    /// A world that a move changes: cut anywhere, the same steps lead to the end.
    #[derive(Debug, Clone, PartialEq)]
    struct World {
        old: Option<Ledger>,
        new: Ledger,
        runs: [bool; 2],
    }

    fn job(generation: u64, id: &str) -> JobRecord {
        JobRecord { generation, id: Some(id.to_owned()), ..JobRecord::default() }
    }

    fn begun() -> World {
        let mut old = Ledger::new("s");
        old.wanted = Some(Wanted::default());
        old.begin(Phase { change: "move".to_owned(), ..Phase::default() }, &Wanted::default());
        old.jobs.insert("a".to_owned(), job(1, "old"));
        old.jobs.insert(
            "done".to_owned(),
            JobRecord { ended: Some("FINISHED".to_owned()), ..job(1, "done") },
        );
        World { old: Some(old), new: Ledger::new("s"), runs: [true, false] }
    }

    impl World {
        fn seen(&self, serves: bool, has_arrived: bool) -> Option<Seen> {
            let old = self.old.as_ref()?;
            let mut handed = self.new.clone();
            old.hand_over(&mut handed, &Wanted::default());
            Some(Seen {
                has_arrived,
                serves,
                runs: self.runs[0],
                is_handed_over: handed == self.new,
                waits: !self.new.moving().is_empty(),
            })
        }

        /// Does a step. `half` leaves what a cut in its middle leaves.
        fn act(&mut self, step: RelocationStep, half: bool) {
            let Some(old) = &mut self.old else { return };
            match step {
                RelocationStep::Start | RelocationStep::Arrive => {}
                RelocationStep::Stop => {
                    if old.phase.as_ref().unwrap().jobs.is_empty() {
                        let record = old.jobs["a"].clone();
                        old.will_stop("a", record);
                    }
                    if !half {
                        let job = old.jobs.get_mut("a").unwrap();
                        job.suspended = true;
                        job.remember_savepoint(Snapshot::new(
                            "savepoint",
                            None,
                            "sp-1",
                            None,
                            "old",
                        ));
                        self.runs[0] = false;
                    }
                }
                RelocationStep::HandOver => old.hand_over(&mut self.new, &Wanted::default()),
                RelocationStep::Resume => {
                    let mut now = self.new.jobs["a"].clone();
                    now.started_from.clone_from(&now.last_savepoint);
                    (now.generation, now.id) = (2, Some("new".to_owned()));
                    (now.suspended, now.moving) = (false, half);
                    self.new.jobs.insert("a".to_owned(), now);
                    self.runs[1] = true;
                }
                RelocationStep::End => self.old = None,
            }
        }
    }

    #[test]
    fn whatever_is_cut_the_same_steps_lead_to_the_end() {
        for cut in 0..8 {
            let (mut world, mut arrived, mut count) = (begun(), false, 0);
            // The command that is cut off, and the same once more.
            for is_first in [true, false] {
                // Each finds out anew whether the new session serves.
                let mut serves = false;
                while let Some(seen) = world.seen(serves, arrived) {
                    let step = next(seen);
                    let is_cut = is_first && count == cut;
                    count += 1;
                    world.act(step, is_cut);
                    if is_cut {
                        break;
                    }
                    serves |= step == RelocationStep::Start;
                    arrived |= step == RelocationStep::Arrive;
                }
            }
            assert_eq!((world.old.as_ref(), world.runs), (None, [false, true]), "cut {cut}");
            let job = &world.new.jobs["a"];
            assert_eq!(job.started_from.as_deref(), Some("sp-1"));
            assert!(!job.moving && world.new.jobs["done"].has_finished());
        }
    }

    #[test]
    fn jobs_go_on_where_they_were_under_ids_of_their_own() {
        #[track_caller]
        fn check(steps: &[RelocationStep], half: bool, finished: bool, expected: (u64, bool)) {
            let mut world = begun();
            for (index, step) in steps.iter().enumerate() {
                world.act(*step, half && index + 1 == steps.len());
            }
            let mut old = world.old.unwrap();
            let finished = if finished { vec!["a".to_owned()] } else { Vec::new() };
            old.return_from(&world.new, &finished, "it does not start");
            let job = &old.jobs["a"];
            assert_eq!((job.generation, job.moving), expected);
            if job.suspended {
                assert_eq!(job.last_savepoint.as_deref(), Some("sp-1"));
                assert_eq!(job.savepoint.as_ref().unwrap().job, job.id);
            }
            let once = old.clone();
            old.return_from(&world.new, &finished, "again");
            assert_eq!(old.jobs["a"].moving, once.jobs["a"].moving);
        }
        use RelocationStep::{HandOver, Resume, Start, Stop};
        check(&[Start], false, false, (1, false));
        check(&[Start, Stop], true, false, (1, true));
        check(&[Start, Stop], false, false, (1, true));
        check(&[Start, Stop, HandOver], false, false, (1, true));
        check(&[Start, Stop, HandOver, Resume], true, false, (2, true));
        check(&[Start, Stop, HandOver, Resume], false, false, (2, true));
        check(&[Start, Stop, HandOver, Resume], false, true, (2, false));
    }

    #[test]
    fn a_session_that_somebody_else_has_made_is_told_from_the_one_of_the_move() {
        let to = |mark: Option<&str>| Destination {
            mark: mark.map(str::to_owned),
            ..Destination::default()
        };
        let made = |mark: Option<&str>| {
            let mut ledger = Ledger::new("s");
            ledger.begin_from(mark.map(str::to_owned), &Wanted::default());
            ledger
        };
        assert!(Ledger::new("s").is_made_by(&to(Some("a"))), "nobody has written it yet");
        assert!(made(Some("a")).is_made_by(&to(Some("a"))));
        for other in [made(Some("b")), made(None)] {
            assert!(!other.is_made_by(&to(Some("a"))));
            assert!(other.is_made_by(&to(None)), "an older Nutkin has begun the move");
        }
        // What the old session gives has the mark, too.
        let mut old = begun().old.unwrap();
        old.phase.as_mut().unwrap().to = Some(to(Some("a")));
        let mut new = Ledger::new("s");
        old.hand_over(&mut new, &Wanted::default());
        assert!(new.is_made_by(&to(Some("a"))) && !new.is_made_by(&to(Some("b"))));
    }

    #[test]
    fn jobs_that_their_job_manager_has_lost_are_not_forgotten() {
        #[track_caller]
        fn check(change: impl Fn(&mut World), listed: &[&str], since: Option<&str>, lost: bool) {
            let mut world = begun();
            change(&mut world);
            let old = world.old.unwrap();
            let listed = listed.iter().map(|id| (*id).to_owned()).collect();
            let expected: &[&str] = if lost { &["a"] } else { &[] };
            assert_eq!(old.lost_on_the_way(&world.new, &listed, since), expected);
        }
        use RelocationStep::{HandOver, Resume, Stop};
        let (before, after) = (Some("2026-11-30T11:00:00Z"), Some("2026-11-30T13:00:00Z"));
        let submitted = |world: &mut World| {
            let job = world.old.as_mut().unwrap().jobs.get_mut("a").unwrap();
            job.submitted = Some("2026-11-30T12:00:00Z".to_owned());
        };
        check(submitted, &["old"], after, false);
        check(submitted, &[], after, true);
        check(submitted, &[], None, true);
        check(submitted, &[], before, false);
        // It was to be stopped; it is stopped; it runs there.
        check(|world| world.act(Stop, true), &[], before, true);
        check(|world| world.act(Stop, true), &["old"], before, false);
        check(|world| world.act(Stop, false), &[], before, false);
        let resumed = |world: &mut World| {
            for step in [Stop, HandOver, Resume] {
                world.act(step, false);
            }
        };
        check(resumed, &[], None, false);
    }

    #[test]
    fn what_has_finished_there_is_known_to_have() {
        use RelocationStep::{HandOver, Resume, Stop};
        let mut world = begun();
        let names = |world: &World| {
            let old = world.old.as_ref().unwrap();
            let there = old.submitted_there(&world.new);
            there.into_iter().map(|(name, _)| name).collect::<Vec<_>>()
        };
        for step in [Stop, HandOver] {
            world.act(step, false);
        }
        assert_eq!(names(&world), Vec::<String>::new());
        // Submitted, and whether that has arrived is not in the ledger yet.
        let mut pending = world.clone();
        pending.act(Resume, false);
        let last = Box::new(pending.new.jobs["a"].clone());
        pending.new.jobs.insert(
            "a".to_owned(),
            JobRecord { pending: Some(last), ..world.new.jobs["a"].clone() },
        );
        world.act(Resume, false);
        for world in [world, pending] {
            assert_eq!(names(&world), ["a"]);
            let mut old = world.old.unwrap();
            old.return_from(&world.new, &["a".to_owned()], "it does not start");
            let job = &old.jobs["a"];
            assert!(job.has_finished() && !job.moving && job.pending.is_none(), "{job:?}");
            assert_eq!((job.generation, job.id.as_deref()), (2, Some("new")));
        }
    }
}
