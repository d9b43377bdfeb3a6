//! A JobManager without high availability is lost: its jobs go on, and what they have committed is right to the last number.

use std::collections::BTreeSet;
use std::io::Write as _;
use std::path::PathBuf;
use std::time::Instant;

use nutkin_e2e::exactly_once::{committed, faults};
use nutkin_e2e::lost::{assert_restored_from_checkpoints, have_finished, with_checkpoint};
use nutkin_e2e::{Nutkin, Rest};
use rustix::process::{Pid, Signal, kill_process};

use crate::session::{RECOVERY, pid, rest, up};

/// Numbers of each job, and how many each second: 40 s, of which the JobManager is lost in the first ten.
const NUMBERS: u64 = 8000;
const RATE: &str = "200";

/// So many jobs.
const JOBS: usize = 3;

fn until_all_have_a_checkpoint(nutkin: &Nutkin, flink: &Rest) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    nutkin.eventually("all jobs run and have a checkpoint", RECOVERY, || {
        found = with_checkpoint(flink);
        found.len() == JOBS
    });
    found
}

/// Starts a session with three jobs, and gives where their output will be.
fn start(nutkin: &Nutkin, more: &[&str]) -> Vec<PathBuf> {
    let slots = ["-D", "taskmanager.numberOfTaskSlots=6"];
    up(nutkin, "a", "1.20.5", &[&slots[..], more].concat()).expect(0);
    let jar = nutkin.setup().job("1.20.5", "ExactlyOnce");
    let total = NUMBERS.to_string();
    let outputs: Vec<PathBuf> =
        (0..JOBS).map(|number| nutkin.directory().join(format!("numbers-{number}"))).collect();
    for output in &outputs {
        let [jar, output] = [&jar, output].map(|path| path.to_str().expect("UTF-8"));
        let job = ["--output", output, "--total", &total, "--rate", RATE, "--interval", "1000"];
        nutkin.ok(&[&["run", "-d", jar][..], &job].concat());
    }
    outputs
}

/// Ends the JobManager, and waits until it answers no more: a polite end takes a moment.
fn end_job_manager(nutkin: &Nutkin, flink: &Rest, signal: Signal) {
    let job_manager = pid(nutkin, "a", "jobmanager").and_then(Pid::from_raw).expect("a JobManager");
    kill_process(job_manager, signal).expect("the JobManager can be killed");
    nutkin
        .eventually("the JobManager has gone", RECOVERY, || flink.get("/jobs/overview").is_none());
}

/// The jobs keep their ids, and commit each number once.
fn goes_on_after(signal: Signal) {
    let nutkin = Nutkin::new();
    let outputs = start(&nutkin, &[]);
    let flink = rest(&nutkin, "a");
    let before = until_all_have_a_checkpoint(&nutkin, &flink);
    let lost = Instant::now();
    end_job_manager(&nutkin, &flink, signal);
    let after = until_all_have_a_checkpoint(&nutkin, &flink);
    let seconds = lost.elapsed().as_secs_f64();
    let line = format!("{signal:?}: {JOBS} jobs at their first checkpoints after {seconds:.1} s");
    writeln!(std::io::stdout(), "{line}").expect("somebody listens");
    assert_eq!(before, after);
    assert_restored_from_checkpoints(&flink, &after);
    nutkin.eventually("all jobs have finished", RECOVERY, || have_finished(&flink, JOBS));
    for output in &outputs {
        let lines = committed(output);
        assert_eq!(faults(&lines, NUMBERS), Vec::<String>::new(), "of {} lines", lines.len());
    }
    // What has finished does not come back with the next JobManager.
    end_job_manager(&nutkin, &flink, signal);
    nutkin.eventually("another JobManager answers", RECOVERY, || {
        flink.get("/jobs/overview").is_some()
    });
    nutkin.ok(&["watch", "a", "--once"]);
    let jobs = nutkin.ok(&["jobs", "--all", "-o", "json"]).json();
    assert_eq!(jobs["items"].as_array().map(Vec::len), Some(0), "{jobs}");
}

#[test]
fn jobs_go_on_after_a_kill() {
    goes_on_after(Signal::KILL);
}

#[test]
fn jobs_go_on_after_a_polite_end() {
    goes_on_after(Signal::TERM);
}

/// The control: where that is switched off the jobs are gone, and what they had not done is missing.
#[test]
fn without_recovery_they_are_gone() {
    let nutkin = Nutkin::new();
    let outputs = start(&nutkin, &["-D", "nutkin.jobs.recover=false"]);
    let flink = rest(&nutkin, "a");
    until_all_have_a_checkpoint(&nutkin, &flink);
    end_job_manager(&nutkin, &flink, Signal::KILL);
    nutkin.eventually("another JobManager answers", RECOVERY, || {
        flink.get("/jobs/overview").is_some()
    });
    nutkin.ok(&["watch", "a", "--once"]).says("no lost jobs");
    let jobs = nutkin.ok(&["jobs", "--all", "-o", "json"]).json();
    assert_eq!(jobs["items"].as_array().map(Vec::len), Some(0), "{jobs}");
    let gaps = faults(&committed(&outputs[0]), NUMBERS);
    assert!(gaps.iter().any(|fault| fault.ends_with("is missing")), "{gaps:?}");
}
