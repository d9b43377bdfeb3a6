//! Jobs that outlive changes of their session without high availability: what they have committed is right to the last number.

use nutkin_e2e::exactly_once::{committed, faults};
use nutkin_e2e::{Nutkin, Rest};

use crate::session::{RECOVERY, rest, up};

/// Numbers of a job, and how many each second: of the 30 s the changes come in the first ten, on a loaded machine too.
const NUMBERS: u64 = 30_000;
const RATE: &str = "1000";

/// The only job that runs, once it has a checkpoint.
fn running(nutkin: &Nutkin, flink: &Rest) -> String {
    let mut found = String::new();
    nutkin.eventually("a job runs and has a checkpoint", RECOVERY, || {
        let jobs = flink.get("/jobs/overview").unwrap_or_default();
        let ids = jobs["jobs"].as_array().into_iter().flatten();
        let ids: Vec<_> = ids.filter(|job| job["state"] == "RUNNING").collect();
        let [job] = ids.as_slice() else { return false };
        job["jid"].as_str().unwrap_or_default().clone_into(&mut found);
        let seen = flink.get(&format!("/jobs/{found}/checkpoints")).unwrap_or_default();
        seen["latest"]["completed"].is_object()
    });
    found
}

/// Starts a session and the job, and gives where the jar of the job is and where its output will be.
fn start(nutkin: &Nutkin) -> (std::path::PathBuf, std::path::PathBuf) {
    up(nutkin, "a", "1.20.5", &[]).expect(0);
    // The file may go as soon as the job is submitted.
    let jar = nutkin.directory().join("numbers.jar");
    std::fs::create_dir_all(nutkin.directory()).expect("a directory");
    std::fs::copy(nutkin.setup().job("1.20.5", "ExactlyOnce"), &jar).expect("a copy");
    let output = nutkin.directory().join("numbers");
    let [from, to] = [&jar, &output].map(|path| path.to_str().expect("UTF-8"));
    let total = NUMBERS.to_string();
    nutkin.ok(&["run", "-d", from, "--output", to, "--total", &total, "--rate", RATE]);
    running(nutkin, &rest(nutkin, "a"));
    (jar, output)
}

const SLOTS: [&str; 2] = ["-D", "taskmanager.numberOfTaskSlots=4"];

#[test]
fn a_job_outlives_a_change_and_an_upgrade_of_its_session() {
    let nutkin = Nutkin::new();
    let (jar, output) = start(&nutkin);
    std::fs::remove_file(jar).expect("the jar");
    let first = running(&nutkin, &rest(&nutkin, "a"));
    up(&nutkin, "a", "1.20.5", &SLOTS)
        .expect(6)
        .says("jobs that are stopped with a savepoint and resumed from it: `ExactlyOnce`");
    assert_eq!(running(&nutkin, &rest(&nutkin, "a")), first, "nothing was touched");
    up(&nutkin, "a", "1.20.5", &[&SLOTS[..], &["--yes"]].concat()).expect(0).says("runs again as");
    let flink = rest(&nutkin, "a");
    let second = running(&nutkin, &flink);
    assert_ne!(first, second);
    let restored = flink.get(&format!("/jobs/{second}/checkpoints")).unwrap_or_default();
    assert_eq!(restored["latest"]["restored"]["is_savepoint"], true, "{restored}");

    // Another release line, where the job needs another jar. It is called by its first id, or the one that it has.
    let jar = nutkin.setup().job("2.3.0", "ExactlyOnce");
    let given = format!("{second}={}", jar.display());
    up(&nutkin, "a", "2.3.0", &[&SLOTS[..], &["--yes", "--jar", &given]].concat())
        .expect(0)
        .says("runs again as");
    nutkin.eventually("the job has finished", RECOVERY, || {
        let jobs = rest(&nutkin, "a").get("/jobs/overview").unwrap_or_default();
        jobs["jobs"][0]["state"] == "FINISHED"
    });
    let lines = committed(&output);
    assert_eq!(faults(&lines, NUMBERS), Vec::<String>::new(), "of {} lines", lines.len());
    // Nothing is under way any more.
    up(&nutkin, "a", "2.3.0", &SLOTS).expect(0).says("session `a` is unchanged");
}

/// The control: whoever chooses to lose the job loses what it had not done.
#[test]
fn a_job_that_is_not_moved_leaves_gaps() {
    let nutkin = Nutkin::new();
    let (_, output) = start(&nutkin);
    let lose = ["--jobs", "lose", "--yes"];
    up(&nutkin, "a", "1.20.5", &[&SLOTS[..], &lose].concat()).expect(6).says("will be lost");
    up(&nutkin, "a", "1.20.5", &[&SLOTS[..], &lose, &["--force"]].concat()).expect(0);
    let jobs = nutkin.ok(&["jobs", "--all", "-o", "json"]).json();
    assert_eq!(jobs["items"].as_array().map(Vec::len), Some(0), "the job is lost: {jobs}");
    let gaps = faults(&committed(&output), NUMBERS);
    assert!(gaps.iter().any(|fault| fault.ends_with("is missing")), "{gaps:?}");
}

/// A flag that no JVM knows: the processes end at once.
const WRONG: [&str; 2] = ["-D", "env.java.opts.all=-XX:NoSuchFlag=1"];

#[test]
fn a_change_that_cannot_run_the_job_is_taken_back() {
    let nutkin = Nutkin::new();
    let (_, output) = start(&nutkin);
    let flink = rest(&nutkin, "a");
    let first = running(&nutkin, &flink);
    up(&nutkin, "a", "1.20.5", &[&WRONG[..], &["--yes", "--timeout", "20"]].concat())
        .expect(1)
        .says("goes back to what it was")
        .says("session `a` is as it was before the change");
    let flink = rest(&nutkin, "a");
    let second = running(&nutkin, &flink);
    assert_ne!(first, second);
    let restored = flink.get(&format!("/jobs/{second}/checkpoints")).unwrap_or_default();
    assert_eq!(restored["latest"]["restored"]["is_savepoint"], true, "{restored}");
    nutkin.eventually("the job has finished", RECOVERY, || {
        let jobs = rest(&nutkin, "a").get("/jobs/overview").unwrap_or_default();
        jobs["jobs"][0]["state"] == "FINISHED"
    });
    let lines = committed(&output);
    assert_eq!(faults(&lines, NUMBERS), Vec::<String>::new(), "of {} lines", lines.len());
    up(&nutkin, "a", "1.20.5", &[]).expect(0).says("session `a` is unchanged");
}
