//! Every verb about jobs, on jobs that nobody here wrote where Flink has some.

use std::path::Path;

use nutkin_e2e::exactly_once::committed;
use nutkin_e2e::{Nutkin, Rest};

use crate::session::{RECOVERY, rest, up};

/// A job that runs until it is told to stop, with state where it is Flink's own example.
struct Unbounded<'a> {
    /// Options of `run`, the jar, and what the job is given.
    run: &'a [&'a str],
    /// Whether the release takes what came with 1.17: checkpoints on request, claim modes.
    is_recent: bool,
}

struct Verbs<'a> {
    nutkin: &'a Nutkin,
    flink: Rest,
    job: Unbounded<'a>,
}

impl Verbs<'_> {
    /// Submits the job and waits until it runs.
    #[track_caller]
    fn start(&self, more: &[&str]) -> String {
        let run = [&["run", "-d", "-o", "json"], more, self.job.run].concat();
        let id = self.nutkin.ok(&run).json()["id"].as_str().expect("an ID").to_owned();
        self.nutkin.eventually("all its tasks run", RECOVERY, || {
            let jobs = self.flink.get("/jobs/overview").unwrap_or_default();
            let jobs = jobs["jobs"].as_array().cloned().unwrap_or_default();
            jobs.iter().filter(|job| job["jid"] == *id).any(|job| {
                let tasks = &job["tasks"];
                job["state"] == "RUNNING" && tasks["running"] == tasks["total"]
            })
        });
        id
    }

    fn state(&self, id: &str) -> String {
        let seen = self.nutkin.ok(&["jobs", "--all", "-o", "json"]).json();
        let jobs = seen["items"].as_array().expect("jobs");
        let job = jobs.iter().find(|job| job["id"] == id).expect("the job");
        job["state"].as_str().expect("a state").to_owned()
    }

    /// Whether the job was started from this savepoint. Flink's answer is cached for 3 s.
    fn is_restored(&self, id: &str, path: &str) {
        self.nutkin.eventually("the job is restored", RECOVERY, || {
            let seen = self.flink.get(&format!("/jobs/{id}/checkpoints")).unwrap_or_default();
            seen["latest"]["restored"]["external_path"] == path
        });
    }

    fn looks(&self, id: &str) {
        let nutkin = self.nutkin;
        nutkin.ok(&["jobs"]).prints(id).prints("RUNNING");
        let seen = nutkin.ok(&["job", &id[..8], "-o", "json"]).json();
        assert_eq!(seen["kind"], "Job");
        assert_eq!(seen["id"], id);
        assert_ne!(seen["vertices"].as_array().map(Vec::len), Some(0), "{seen}");
        nutkin.ok(&["job", id]).prints("RUNNING");
        nutkin.run(&["job", "none"]).expect(5).says("the session has no job `none`");
    }

    fn snapshots(&self, id: &str, directory: &str) -> String {
        let nutkin = self.nutkin;
        let checkpoint = nutkin.run(&["checkpoint", id]);
        if self.job.is_recent {
            let number = checkpoint.expect(0).stdout.trim().parse::<u64>();
            assert!(number.is_ok(), "a checkpoint has a number: {number:?}");
        } else {
            checkpoint.expect(2).says("takes checkpoints only by its own clock");
        }
        let savepoint = nutkin.ok(&["savepoint", id, directory]).stdout.trim().to_owned();
        assert!(on_disk(&savepoint).join("_metadata").is_file(), "{savepoint}");
        assert_eq!(self.state(id), "RUNNING");
        nutkin.ok(&["savepoint", "--dispose", &savepoint]);
        assert!(!on_disk(&savepoint).exists(), "{savepoint} is disposed of");
        let stopped = nutkin.ok(&["stop", id, "--savepoint", directory]).stdout;
        nutkin.eventually("the job has stopped", RECOVERY, || self.state(id) == "FINISHED");
        stopped.trim().to_owned()
    }

    fn all(&self) {
        let nutkin = self.nutkin;
        let directory = format!("file://{}", nutkin.directory().join("savepoints").display());
        let id = self.start(&[]);
        self.looks(&id);
        let savepoint = self.snapshots(&id, &directory);
        nutkin.ok(&["jobs"]).says("no job runs");

        let claim = ["--from-savepoint", &savepoint, "--claim-mode", "no-claim"];
        if !self.job.is_recent {
            let refused = nutkin.run(&[&["run"], &claim[..], self.job.run].concat());
            refused.expect(2).says("--claim-mode");
        }
        let id = self.start(if self.job.is_recent { &claim } else { &claim[..2] });
        self.is_restored(&id, &savepoint);
        let drained = nutkin.ok(&["stop", &id, "--drain"]).stdout;
        assert!(on_disk(drained.trim()).join("_metadata").is_file(), "{drained}");
        nutkin.eventually("the job has drained", RECOVERY, || self.state(&id) == "FINISHED");

        let id = self.start(&["--job-id", "00000000000000000000000000000abc"]);
        assert_eq!(id, "00000000000000000000000000000abc");
        // What it has left is kept, and named. The job of old releases takes no checkpoints.
        if self.job.is_recent {
            nutkin.ok(&["checkpoint", &id]);
        }
        nutkin.ok(&["cancel", &id]).says("is CANCELED");
        nutkin.ok(&["cancel", &id]).says("had ended already: CANCELED");
        let left =
            if self.job.is_recent { "; it has left file:" } else { ": it has no state any more" };
        nutkin.run(&["savepoint", &id]).expect(1).says(&format!("job {id} is CANCELED{left}"));
    }
}

fn on_disk(path: &str) -> &Path {
    Path::new(path.trim_start_matches("file:"))
}

/// Which release of the examples runs on this one: not every repository has every release.
fn examples(version: &str) -> String {
    let release = if version.starts_with("1.20") { "1.20.0" } else { version };
    format!("mvn:org.apache.flink:flink-examples-streaming:{release}")
}

#[track_caller]
fn check_examples(version: &str) {
    let nutkin = Nutkin::new();
    up(&nutkin, "a", version, &[]).expect(0);
    let text = nutkin.file("text.txt", "To be, or not\nto be\n");
    let counts = nutkin.directory().join("counts");
    let [input, output] = [&text, &counts].map(|path| format!("file://{}", path.display()));
    let jar = format!("{}:WordCount", examples(version));
    let batch = ["--execution-mode", "BATCH"];
    let run = ["run", &jar, "--input", &input, "--output", &output];
    nutkin.ok(&[&run[..], &batch].concat()).says("has finished");
    let mut lines = committed(&counts);
    lines.sort();
    assert_eq!(lines, ["(be,2)", "(not,1)", "(or,1)", "(to,2)"]);

    let class = "org.apache.flink.streaming.examples.statemachine.StateMachineExample";
    let checkpoints = format!("file://{}", nutkin.directory().join("checkpoints").display());
    let jar = examples(version);
    let run = ["-c", class, &jar, "--backend", "hashmap", "--checkpoint-dir", &checkpoints];
    let run = [&run[..], &["--rps", "100"]].concat();
    let flink = rest(&nutkin, "a");
    Verbs { nutkin: &nutkin, flink, job: Unbounded { run: &run, is_recent: true } }.all();
}

#[test]
fn flinks_own_examples_on_flink_1_20() {
    check_examples("1.20.5");
}

#[test]
fn flinks_own_examples_on_flink_2_3() {
    check_examples("2.3.0");
}

/// Its examples are in no repository that answers here: a job of ours.
#[test]
fn every_verb_on_flink_1_13() {
    let nutkin = Nutkin::new();
    up(&nutkin, "a", "1.13.6", &[]).expect(0);
    let jar = nutkin.setup().job("1.13.6", "TaskFails").display().to_string();
    let run = [jar.as_str(), "--at", "-1"];
    let flink = rest(&nutkin, "a");
    Verbs { nutkin: &nutkin, flink, job: Unbounded { run: &run, is_recent: false } }.all();
}
