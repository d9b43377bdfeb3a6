//! Jobs on real sessions: their results, and what a failover does to them.

use nutkin_e2e::exactly_once::{committed, faults};
use nutkin_e2e::{Nutkin, Rest};
use serde_json::Value;

use crate::session::{RECOVERY, kill, pid, status, up};

/// Numbers of a job that is to live through a failover, and how many each second: 30 s of work, of which
/// the failover comes in the second or third; later where commands take seconds instead of milliseconds.
const NUMBERS: u64 = 6000;
const RATE: &str = "200";

const TEXT: &str = "To be, or not to be: that is the question.\nWhether 'tis nobler\n\nto count\n";
const COUNTS: &str =
    "be 2,count 1,is 1,nobler 1,not 1,or 1,question 1,that 1,the 1,tis 1,to 3,whether 1";

/// The word count runs to its end, and its result is right.
#[track_caller]
fn check_word_count(version: &str) {
    let nutkin = Nutkin::new();
    up(&nutkin, "a", version, &[]).expect(0);
    let jar = nutkin.setup().job(version, "WordCount");
    let input = nutkin.file("text.txt", TEXT);
    let output = nutkin.directory().join("counts");
    let [jar, input, to] = [&jar, &input, &output].map(|path| path.to_str().expect("UTF-8"));
    nutkin.ok(&["run", jar, "--input", input, "--output", to]).says("has finished");

    let mut lines = if output.is_dir() {
        committed(&output)
    } else {
        let text = std::fs::read_to_string(&output).expect("the counts");
        text.lines().map(ToOwned::to_owned).collect()
    };
    lines.sort();
    assert_eq!(lines.join(","), COUNTS);
}

#[test]
fn word_count_on_flink_1_20() {
    check_word_count("1.20.5");
}

#[test]
fn word_count_on_flink_2_3() {
    check_word_count("2.3.0");
}

#[test]
fn word_count_on_flink_1_13() {
    check_word_count("1.13.6");
}

/// A job with checkpoints on a highly available session outlives the leading JobManager, and its
/// committed output holds everything once.
#[track_caller]
fn check_failover(version: &str) {
    let nutkin = Nutkin::new();
    let ha = "high-availability.type=zookeeper";
    up(&nutkin, "a", version, &["-D", ha]).expect(0);
    let jar = nutkin.setup().job(version, "ExactlyOnce");
    let output = nutkin.directory().join("numbers");
    let [jar, to] = [&jar, &output].map(|path| path.to_str().expect("UTF-8"));
    let total = NUMBERS.to_string();
    let run = ["run", "-d", "-o", "json", jar, "--output", to, "--total", &total, "--rate", RATE];
    let submitted = nutkin.ok(&run).json();
    let job = submitted["id"].as_str().expect("an ID").to_owned();

    nutkin.eventually("two checkpoints are completed", RECOVERY, || {
        2 <= count(&nutkin, &job, "completed")
    });
    let mut leader = String::new();
    nutkin.eventually("one JobManager leads", RECOVERY, || {
        let leaders = leaders(&nutkin);
        leader = leaders.first().cloned().unwrap_or_default();
        leaders.len() == 1
    });
    let session = zookeeper_session(&nutkin, &leader);
    kill(pid(&nutkin, "a", &leader).expect("the leader runs"));

    nutkin.eventually("the job goes on from a checkpoint", RECOVERY, || {
        1 <= count(&nutkin, &job, "restored")
    });
    // The supervisor has closed it: nobody has waited for its timeout.
    let log = nutkin.ok(&["logs", "--session", "a", "zookeeper"]).stdout;
    assert!(!log.contains(&format!("Expiring session {session},")), "{session}: {log}");
    nutkin.eventually("the job has finished", RECOVERY, || {
        let state = rests(&nutkin).iter().find_map(|rest| rest.job_state(&job));
        state.as_deref() == Some("FINISHED")
    });
    let lines = committed(&output);
    assert_eq!(faults(&lines, NUMBERS), Vec::<String>::new(), "of {} lines", lines.len());
}

#[test]
fn nothing_is_lost_or_doubled_when_the_leader_of_flink_1_20_is_killed() {
    check_failover("1.20.5");
}

#[test]
fn nothing_is_lost_or_doubled_when_the_leader_of_flink_2_3_is_killed() {
    check_failover("2.3.0");
}

/// The control of the tests above: without high availability the job is lost with its JobManager, and who runs it once
/// more does everything twice. The checker must see both.
#[test]
fn without_high_availability_the_checker_sees_gaps_and_doubles() {
    let nutkin = Nutkin::new();
    up(&nutkin, "a", "1.20.5", &["-D", "nutkin.jobs.recover=false"]).expect(0);
    let jar = nutkin.setup().job("1.20.5", "ExactlyOnce");
    let output = nutkin.directory().join("numbers");
    let [jar, to] = [&jar, &output].map(|path| path.to_str().expect("UTF-8"));
    let (total, text) = (2000, "2000");
    let run = ["run", "-d", "-o", "json", jar, "--output", to, "--total", text, "--rate", RATE];
    let job = nutkin.ok(&run).json()["id"].as_str().expect("an ID").to_owned();
    nutkin.eventually("two checkpoints are completed", RECOVERY, || {
        2 <= count(&nutkin, &job, "completed")
    });
    let before = pid(&nutkin, "a", "jobmanager").expect("it runs");
    kill(before);
    nutkin.eventually("another JobManager has the slots", RECOVERY, || {
        let seen = status(&nutkin, "a");
        pid(&nutkin, "a", "jobmanager").is_some_and(|now| now != before)
            && seen["slots"]["available"] == 2
    });
    let jobs = nutkin.ok(&["jobs", "--all", "-o", "json"]).json();
    assert_eq!(jobs["items"].as_array().map(Vec::len), Some(0), "the job is lost: {jobs}");
    let gaps = faults(&committed(&output), total);
    assert!(gaps.iter().any(|fault| fault.ends_with("is missing")), "{gaps:?}");

    let rate = "1000";
    nutkin.ok(&["run", jar, "--output", to, "--total", text, "--rate", rate]).says("has finished");
    let doubles = faults(&committed(&output), total);
    for fault in ["number 0 is there twice", "key 0 has counted 1 twice"] {
        assert!(doubles.iter().any(|seen| seen == fault), "no `{fault}` in {doubles:?}");
    }
}

/// Both JobManagers: whichever lives answers for the leader.
fn rests(nutkin: &Nutkin) -> Vec<Rest> {
    let launch = nutkin.sessions().join("a/launch.json");
    let launch = std::fs::read(launch).expect("the session's orders");
    let launch: Value = serde_json::from_slice(&launch).expect("JSON");
    let urls = launch["restUrls"].as_array().expect("addresses");
    urls.iter().map(|url| Rest::new(url.as_str().expect("an address"))).collect()
}

/// A count of the job's checkpoints; 0 while nobody answers.
fn count(nutkin: &Nutkin, job: &str, what: &str) -> u64 {
    let path = format!("/jobs/{job}/checkpoints");
    let checkpoints = rests(nutkin).iter().find_map(|rest| rest.get(&path));
    checkpoints.and_then(|seen| seen["counts"][what].as_u64()).unwrap_or(0)
}

/// The session of a JobManager with ZooKeeper, as both write it.
fn zookeeper_session(nutkin: &Nutkin, job_manager: &str) -> String {
    let log = nutkin.ok(&["logs", "--session", "a", job_manager]).stdout;
    let established =
        log.rsplit_once("Session establishment complete on server").expect("a session");
    let number = established.1.split_once("0x").and_then(|(_, rest)| rest.split(',').next());
    format!("0x{}", number.expect("its number"))
}

/// The JobManagers that lead, by what each has logged last of it: Flink's REST answers the same from each.
fn leaders(nutkin: &Nutkin) -> Vec<String> {
    let status = status(nutkin, "a");
    let processes = status["processes"].as_array().expect("processes");
    let managers = processes.iter().filter(|one| one["role"] == "JobManager");
    let names = managers.map(|one| one["name"].as_str().expect("a name").to_owned());
    let leads = |name: &String| {
        let log = nutkin.ok(&["logs", "--session", "a", name]).stdout;
        let granted = log.rfind("was granted leadership");
        granted.is_some() && log.rfind("was revoked leadership") < granted
    };
    names.filter(leads).collect()
}
