//! A JobManager without high availability is lost on a scenario server: its TaskManagers are ended, and its jobs go on once.

use std::fs::File;
use std::io::Write as _;
use std::time::Duration;

use nutkin_testkit::scenario::flink::Submitted;
use nutkin_testkit::scenario::{Backend, Docker, Fault, Flink, Kubernetes, Request, Server};
use nutkin_testkit::{Running, eventually};
use serde_json::json;

use crate::scenario::{Place, standalone, trouble};
use crate::scenario_rbac::{Asked, needs, rows};

pub(crate) const JOB: &str = "0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a";
/// Far more than anything here takes.
pub(crate) const LIMIT: Duration = Duration::from_secs(30);
/// What would be too much was waited for this long.
const NOTHING: Duration = Duration::from_secs(2);
/// A watch that hears of nothing by itself for as long as the test runs.
const WATCH: &[&str] = &["watch", "a", "--interval", "600"];
const VOLUME: &str = "nutkin-a-data";
const JOB_MANAGER: &str = "nutkin-a-jobmanager";

pub(crate) fn flink(archive: bool) -> Flink {
    let mut options = vec![("state.checkpoints.dir", "file:///opt/flink/data/checkpoints")];
    if archive {
        options.push(("jobmanager.archive.fs.dir", "file:///opt/flink/data/archive"));
    }
    Flink { slots: 4, options, ..Flink::default() }
}

/// A jar beside the commands.
fn jar<B: Backend>(place: &Place<B>) {
    let jar = place.file("count.jar", "");
    let mut zip = zip::ZipWriter::new(File::create(jar).unwrap());
    zip.start_file("a/B.class", zip::write::SimpleFileOptions::default()).unwrap();
    zip.write_all(b"class").unwrap();
    zip.finish().unwrap();
}

const RUN: &[&str] = &["run", "-d", "--job-id", JOB, "-c", "a.B", "count.jar"];

/// A daemon with a session and its job, which has left checkpoints.
struct Daemon {
    place: Place<Docker>,
    flink: Server<Flink>,
}

impl Daemon {
    fn new(options: &[&str]) -> Self {
        Self::with("file:///opt/flink/data/archive", options)
    }

    /// Its JobManager writes down there which jobs have ended.
    fn with(archive: &'static str, options: &[&str]) -> Self {
        let mut flink = flink(false);
        flink.options.push(("jobmanager.archive.fs.dir", archive));
        let flink = Server::start(flink);
        let place = Place::docker(flink.port());
        place.run(&[&["up", "a"], options].concat()).expect(0);
        jar(&place);
        place.run(RUN).expect(0);
        let daemon = Self { place, flink };
        daemon.leave(9);
        daemon.leave(10);
        daemon
    }

    /// The job completes a checkpoint.
    fn leave(&self, number: u64) {
        let path = format!("checkpoints/{JOB}/chk-{number}/_metadata");
        self.place.server.with(|docker| docker.put_file(VOLUME, &path, "x"));
    }

    /// The JobManager ends, and the daemon starts it again at once or not at all.
    fn lose(&self, is_back: bool) {
        self.flink.with(|flink| flink.work.forget());
        self.place.server.with(|docker| docker.crash(JOB_MANAGER, 143));
        if is_back {
            self.come_back();
        }
    }

    fn come_back(&self) {
        self.place.server.with(|docker| docker.restart(JOB_MANAGER));
    }

    fn jobs(&self) -> Vec<(String, Submitted)> {
        self.flink.with(|flink| flink.work.jobs.clone()).into_iter().collect()
    }

    fn restarts(&self) -> usize {
        self.place.count("nutkin-a-taskmanager-1/restart") + self.restarts_by_id()
    }

    fn restarts_by_id(&self) -> usize {
        let is_one =
            |request: &Request| request.path.ends_with("/restart") && request.query("t") == "0";
        self.place.server.seen().iter().filter(|seen| is_one(&seen.request)).count()
    }

    /// A watch that has looked once.
    fn watch(&self, args: &[&str]) -> Running {
        self.flink.set(|_| Fault::None);
        let watch = self.place.start(args);
        eventually("the watch has looked", LIMIT, || {
            self.flink.seen().iter().any(|seen| seen.request.path == "/jobs/overview")
        });
        watch
    }

    fn until_it_goes_on(&self, from: &str) {
        eventually("the job goes on", LIMIT, || !self.jobs().is_empty());
        let jobs = self.jobs();
        assert_eq!(jobs.len(), 1);
        assert_eq!((jobs[0].0.as_str(), jobs[0].1.from.as_deref()), (JOB, Some(from)));
    }

    /// Whether the ledger says that the job is on its way.
    fn is_moving(&self) -> bool {
        let files = self.place.server.with(|docker| docker.plain());
        let files = files.values().filter_map(|one| one["files"].as_object());
        let mut files = files.flat_map(|files| files.values());
        let ledger = files.find(|file| file["jobs"].is_object()).expect("a ledger").clone();
        ledger["jobs"].as_object().expect("jobs").values().any(|job| job["moving"] == true)
    }
}

pub(crate) const NEWEST: &str =
    "file:/opt/flink/data/checkpoints/0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a/chk-10";

#[test]
fn docker_tells_of_the_end_at_once() {
    for is_back in [true, false] {
        let daemon = Daemon::new(&[]);
        let watch = daemon.watch(WATCH);
        daemon.lose(is_back);
        if !is_back {
            eventually("the TaskManager is ended", LIMIT, || daemon.restarts() == 1);
            assert_eq!(daemon.jobs(), [], "nobody is there to take the job");
            daemon.come_back();
        }
        daemon.until_it_goes_on(NEWEST);
        assert_eq!(daemon.restarts(), 1);
        drop(watch);
    }
}

#[test]
fn up_does_the_same_without_a_watch() {
    let daemon = Daemon::new(&[]);
    daemon.lose(true);
    daemon.place.run(&["up", "a"]).expect(0).says("has lost its JobManager and goes on from");
    daemon.until_it_goes_on(NEWEST);
    assert_eq!(daemon.restarts(), 1);
    // Once more: nothing is lost.
    daemon.place.run(&["watch", "a", "--once"]).expect(0).says("no lost jobs");
    assert_eq!((daemon.jobs().len(), daemon.restarts(), daemon.is_moving()), (1, 1, false));
}

#[test]
fn what_has_not_ended_is_left_alone() {
    // Switched off.
    let daemon = Daemon::new(&["-D", "nutkin.jobs.recover=false"]);
    daemon.lose(true);
    daemon.place.run(&["watch", "a", "--once"]).expect(0).says("no lost jobs");
    assert_eq!((daemon.jobs(), daemon.restarts()), (Vec::new(), 0));
    // It runs, and does not answer.
    let daemon = Daemon::new(&[]);
    daemon.flink.set(|_| trouble(503));
    let watch = daemon.place.start(&["watch", "a", "--interval", "1"]);
    eventually("the watch has asked", LIMIT, || daemon.flink.seen().len() > 3);
    daemon.flink.set(|_| Fault::None);
    drop(watch);
    assert_eq!((daemon.jobs().len(), daemon.restarts()), (1, 0));
    assert_eq!(daemon.jobs()[0].1.from, None, "it is the one that was there");
}

#[test]
fn a_job_that_had_finished_does_not_come_back() {
    let daemon = Daemon::new(&[]);
    let overview = json!({"jobs": [{"jid": JOB, "state": "FINISHED"}]}).to_string();
    let archive = json!({"archive": [{"path": "/jobs/overview", "json": overview}]}).to_string();
    daemon.place.server.with(|docker| {
        docker.put_file(VOLUME, &format!("archive/{JOB}"), &archive);
    });
    daemon.lose(true);
    let run = daemon.place.run(&["watch", "a", "--once"]);
    run.expect(0).says("was FINISHED before its JobManager was lost");
    assert_eq!((daemon.jobs(), daemon.restarts()), (Vec::new(), 0));
}

#[test]
fn an_archive_that_goes_with_its_job_manager_says_nothing_of_jobs_that_are_not_in_it() {
    /// `archive`: where JobManagers of containers write down ends.
    #[track_caller]
    fn docker(archive: &'static str, goes_on: bool) {
        let daemon = Daemon::with(archive, &[]);
        daemon.lose(true);
        let run = daemon.place.run(&["watch", "a", "--once"]);
        run.expect(0).says(if goes_on { "goes on from" } else { "is not known" });
        assert_eq!(daemon.jobs().len(), usize::from(goes_on), "{archive}");
    }

    /// `volume`: what is mounted where JobManagers of pods write down ends; `archived`: what they wrote.
    #[track_caller]
    fn kubernetes(volume: &str, archived: Option<&str>, says: &str, goes_on: bool) {
        let place = cluster_on(&standalone(1), volume, LATER, true);
        place.server.with(|one| {
            one.archives.extend(archived.map(|text| (JOB.to_owned(), text.to_owned())));
        });
        lose_in_pod(&place);
        place.run(&["watch", "a", "--once"]).expect(0).says(says);
        assert_eq!(jobs(&place).len(), usize::from(goes_on), "{volume}");
    }

    docker("file:///tmp/archive", false);
    docker("file:///opt/flink/database/archive", false);
    // The control: the volume outlives the container.
    docker("file:///opt/flink/data/archive", true);
    let of_pod = CLAIM.replace("persistentVolumeClaim: {claimName: data}", "emptyDir: {}");
    kubernetes("", None, "is not known", false);
    kubernetes(&of_pod, None, "is not known", false);
    // The controls: what is there counts wherever it is, and a claim outlives the pod.
    let overview = json!({"jobs": [{"jid": JOB, "state": "CANCELED"}]}).to_string();
    let archive = json!({"archive": [{"path": "/jobs/overview", "json": overview}]}).to_string();
    kubernetes("", Some(&archive), "was CANCELED before", false);
    kubernetes(CLAIM, None, "goes on from", true);
}

#[test]
fn no_job_runs_twice_whatever_is_cut() {
    let once: &[&str] = &["watch", "a", "--once"];
    let is_change = |request: &Request| !["GET", "HEAD"].contains(&request.method.as_str());
    // How often the JobManager is asked to change something in a run that nobody cuts.
    let daemon = Daemon::new(&[]);
    daemon.lose(true);
    daemon.flink.set(|_| Fault::None);
    daemon.place.run(once).expect(0);
    let count = daemon.flink.seen().iter().filter(|seen| is_change(&seen.request)).count();
    assert!(1 < count, "{count}");
    for cut in 1..=count {
        let daemon = Daemon::new(&[]);
        daemon.lose(true);
        let mut changes = 0;
        daemon.flink.set(move |request| {
            changes += usize::from(is_change(request));
            if is_change(request) && changes == cut { Fault::Hang } else { Fault::None }
        });
        let watch = daemon.place.start(once);
        assert!(daemon.flink.hangs_within(LIMIT), "cut {cut}");
        drop(watch);
        daemon.flink.set(|_| Fault::None);
        let watch = daemon.watch(&["watch", "a", "--interval", "1"]);
        daemon.until_it_goes_on(NEWEST);
        eventually("nothing is on its way", LIMIT, || !daemon.is_moving());
        drop(watch);
    }
}

/// A cluster with a session and its job. Its JobManager writes down jobs that end.
pub(crate) fn cluster(file: &str, started: &'static str) -> Place<Kubernetes> {
    cluster_with(file, started, true)
}

/// The same, with an archive or without one.
pub(crate) fn cluster_with(file: &str, started: &'static str, archive: bool) -> Place<Kubernetes> {
    cluster_on(file, CLAIM, started, archive)
}

/// A claim where the JobManager keeps what outlives it.
const CLAIM: &str = "  podTemplate:
    spec:
      volumes: [{name: data, persistentVolumeClaim: {claimName: data}}]
      containers: [{name: flink-main-container, volumeMounts: [{name: data, mountPath: /opt/flink/data}]}]
";

/// The same, on this volume. Empty: on the container's own disk.
fn cluster_on(file: &str, volume: &str, started: &'static str, archive: bool) -> Place<Kubernetes> {
    let place = Place::kubernetes();
    place.server.with(|one| {
        one.runs_pods = true;
        one.flink = flink(archive);
    });
    place.file("session.yaml", &format!("{file}{volume}"));
    place.run(&["up", "-f", "session.yaml"]).expect(0);
    jar(&place);
    place.run(RUN).expect(0);
    let printed = format!("{JOB}\n{JOB}/chk-9/_metadata\n{JOB}/chk-10/_metadata\n");
    place.server.with(|one| {
        one.printed = Some(printed);
        one.started = started;
    });
    place
}

/// Far from now: later than everything.
pub(crate) const LATER: &str = "2099-01-01T00:00:00Z";

fn native() -> String {
    standalone(1)
        .replace("mode: standalone", "mode: native")
        .replace("taskManager: {replicas: 1}", "")
}

/// The container of a pod has ended, or was started again.
pub(crate) fn container(place: &Place<Kubernetes>, pod: &str, state: &serde_json::Value) {
    place.server.with(|one| {
        let mut found = one.get("Pod", pod);
        found["status"]["containerStatuses"][0]["state"] = state.clone();
        one.put("pods", found);
    });
}

pub(crate) fn jobs(place: &Place<Kubernetes>) -> Vec<(String, Option<String>)> {
    let jobs = place.server.with(|one| one.flink.work.jobs.clone());
    jobs.into_iter().map(|(id, job)| (id, job.from)).collect()
}

fn ended_task_managers(place: &Place<Kubernetes>) -> usize {
    place.count("DELETE /api/v1/namespaces/default/pods/")
}

/// What `watch` has asked for has its row in `nutkin rbac`.
#[track_caller]
fn has_rows(place: &Place<Kubernetes>) {
    let seen = place.server.seen();
    let asked: Asked = seen.iter().filter_map(|seen| needs(&seen.request.line())).collect();
    let missing: Vec<_> = asked.difference(&rows("watch")).cloned().collect();
    assert_eq!(missing, Vec::<String>::new());
}

#[test]
fn a_job_manager_of_kubernetes_that_is_started_again_in_its_pod() {
    let place = cluster(&standalone(1), LATER);
    place.server.set(|_| Fault::None);
    place.server.with(|one| one.flink.work.forget());
    container(&place, "a-0", &json!({"running": {"startedAt": "2098-01-01T00:00:00Z"}}));
    let run = place.run(&["watch", "a", "--once"]);
    run.expect(0).says("1 job runs again");
    assert_eq!(jobs(&place), [(JOB.to_owned(), Some(NEWEST.to_owned()))], "{}", run.all());
    assert_eq!(ended_task_managers(&place), 1, "{}", run.all());
    has_rows(&place);
    place.run(&["watch", "a", "--once"]).expect(0).says("no lost jobs");
    assert_eq!(jobs(&place).len(), 1);
}

#[test]
fn a_job_manager_of_kubernetes_that_goes_with_its_pod() {
    for file in [standalone(1), native()] {
        let place = cluster(&file, LATER);
        place.server.set(|_| Fault::None);
        let watch = place.start(&["watch", "a", "--interval", "1"]);
        eventually("the watch has looked", LIMIT, || 0 < place.count("/proxy/jobs/overview"));
        place.server.with(|one| {
            one.flink.work.forget();
            one.remove("Pod", "a-0");
        });
        let task_managers = usize::from(file.contains("standalone"));
        eventually("the TaskManagers are ended", LIMIT, || {
            ended_task_managers(&place) == task_managers
        });
        place.server.with(Kubernetes::run_pods);
        let expected = [(JOB.to_owned(), Some(NEWEST.to_owned()))];
        eventually("the job goes on", LIMIT, || jobs(&place) == expected);
        drop(watch);
        assert_eq!(ended_task_managers(&place), task_managers);
        has_rows(&place);
    }
}

#[test]
fn a_pod_that_is_to_end_has_not_ended() {
    let place = cluster(&standalone(1), "");
    place.server.with(|one| {
        let mut pod = one.get("Pod", "a-0");
        pod["metadata"]["deletionTimestamp"] = json!("2026-11-30T12:00:00Z");
        one.put("pods", pod);
    });
    place.server.set(
        |request| {
            if request.path.contains("/proxy/") { trouble(503) } else { Fault::None }
        },
    );
    let watch = place.start(&["watch", "a", "--interval", "1"]);
    eventually("the watch has asked", LIMIT, || 3 < place.count("/proxy/"));
    std::thread::sleep(NOTHING);
    drop(watch);
    assert_eq!(ended_task_managers(&place), 0);
    assert_eq!(jobs(&place), [(JOB.to_owned(), None)]);
}

#[test]
fn where_nobody_may_look_the_checkpoint_counts_that_was_noted() {
    for watches_on in [true, false] {
        let place = cluster(&standalone(1), LATER);
        place.server.with(|one| one.printed = None);
        place.server.set(|_| Fault::None);
        let watch = place.start(&["watch", "a", "--interval", "1"]);
        eventually("a checkpoint is noted", LIMIT, || {
            let map = place.server.with(|one| one.get("ConfigMap", "nutkin-a"));
            map.to_string().contains("chk-1")
        });
        let noted = format!("file:/checkpoints/{JOB}/chk-1");
        let expected = [(JOB.to_owned(), Some(noted))];
        if watches_on {
            // Who has seen it run knows that it goes on.
            lose_in_pod(&place);
            eventually("the job goes on", LIMIT, || jobs(&place) == expected);
            continue;
        }
        // The control: who comes later cannot know it, and asks.
        drop(watch);
        lose_in_pod(&place);
        let once = place.run(&["watch", "a", "--once"]);
        once.expect(0).says("had failed before is not known").says("--once --resume");
        assert_eq!(jobs(&place), []);
        let resume = ["watch", "a", "--once", "--resume", JOB];
        place.run(&resume).expect(0).says("1 job runs again");
        assert_eq!(jobs(&place), expected);
    }
}

/// The JobManager of the pod has ended, and was started again there.
pub(crate) fn lose_in_pod(place: &Place<Kubernetes>) {
    place.server.with(|one| one.flink.work.forget());
    container(place, "a-0", &json!({"running": {"startedAt": "2098-01-01T00:00:00Z"}}));
}

#[test]
fn what_nobody_saw_end_is_not_started_again() {
    let archive = |state: &str| {
        let row = json!({"jid": JOB, "state": state, "end-time": 4_000_000_000_000_i64});
        let overview = json!({"jobs": [row]}).to_string();
        json!({"archive": [{"path": "/jobs/overview", "json": overview}]}).to_string()
    };
    let once: &[&str] = &["watch", "a", "--once"];
    for command in [once, &["up", "a"]] {
        // It was canceled, its JobManager wrote that down, and was started again.
        for state in ["CANCELED", "FAILED"] {
            let place = cluster(&standalone(1), LATER);
            place.server.with(|one| drop(one.archives.insert(JOB.to_owned(), archive(state))));
            lose_in_pod(&place);
            place.run(command).expect(0).says(&format!("was {state} before"));
            assert_eq!(jobs(&place), [], "{command:?}");
        }
        // It ended while it wrote, or nothing is written down: then nobody knows.
        for is_torn in [true, false] {
            let place = cluster_with(&standalone(1), LATER, is_torn);
            place.server.with(|one| drop(one.archives.insert(JOB.to_owned(), "{".to_owned())));
            lose_in_pod(&place);
            let run = place.run(command);
            run.expect(0).says("is not known").says(&format!("--once --resume {JOB}"));
            assert_eq!(jobs(&place), [], "{command:?}");
        }
        // The control: it ran.
        let place = cluster(&standalone(1), LATER);
        lose_in_pod(&place);
        place.run(command).expect(0).says("goes on from");
        assert_eq!(jobs(&place), [(JOB.to_owned(), Some(NEWEST.to_owned()))], "{command:?}");
    }
}

#[test]
fn jobs_wait_for_the_end_of_the_job_manager_before() {
    let place = cluster(&standalone(1), LATER);
    place.server.set(|_| Fault::None);
    place.server.with(|one| {
        one.flink.work.forget();
        let mut old = one.get("Pod", "a-0");
        old["metadata"]["name"] = json!("a-old");
        old["metadata"]["uid"] = json!("old");
        old["metadata"]["deletionTimestamp"] = json!("2026-11-30T12:00:00Z");
        one.put("pods", old);
    });
    container(&place, "a-0", &json!({"running": {"startedAt": "2098-01-01T00:00:00Z"}}));
    let watch = place.start(&["watch", "a", "--once"]);
    eventually("it has looked", LIMIT, || 2 < place.count("/proxy/jobs/overview"));
    assert_eq!(jobs(&place), [], "the one before may still write");
    place.server.with(|one| one.remove("Pod", "a-old"));
    let run = crate::scenario::finish(watch);
    run.expect(0).says("1 job runs again");
    assert_eq!(jobs(&place), [(JOB.to_owned(), Some(NEWEST.to_owned()))], "{}", run.all());
}

#[test]
fn a_job_that_fails_again_is_resumed_once() {
    let daemon = Daemon::new(&[]);
    daemon.lose(true);
    daemon.flink.with(|flink| flink.work.fails = Some(flink.work.before));
    let watch = daemon.watch(&["watch", "a", "--interval", "1"]);
    eventually("the job was resumed", LIMIT, || !daemon.jobs().is_empty());
    std::thread::sleep(NOTHING);
    drop(watch);
    assert_eq!(daemon.jobs().len(), 1, "{:?}", daemon.jobs());
    // The control: who wants it to go on says so.
    daemon.flink.with(|flink| flink.work.fails = None);
    daemon.place.run(&["up", "a"]).expect(0);
    assert_eq!((daemon.jobs().len(), daemon.is_moving()), (2, false));
}
