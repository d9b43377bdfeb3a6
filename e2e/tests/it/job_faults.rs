//! Jobs that behave badly, jars that are none, and users who change their mind: what is said, and what goes on.

use std::io::{BufRead as _, BufReader};
use std::process::Stdio;

use nutkin_e2e::{Nutkin, Rest};
use nutkin_testkit::Terminal;

use crate::session::{RECOVERY, rest, status, up};

/// A session, and the jars of the repository's own jobs.
struct Faults {
    nutkin: Nutkin,
    version: &'static str,
    flink: Rest,
}

impl Faults {
    #[track_caller]
    fn new(version: &'static str) -> Self {
        let nutkin = Nutkin::new();
        up(&nutkin, "a", version, &[]).expect(0);
        let flink = rest(&nutkin, "a");
        Self { nutkin, version, flink }
    }

    fn jar(&self, name: &str) -> String {
        self.nutkin.setup().job(self.version, name).display().to_string()
    }

    /// State of the only job whose name is this; `None` while there is none.
    fn state(&self, name: &str) -> Option<String> {
        let jobs = self.flink.get("/jobs/overview")?;
        let mut jobs = jobs["jobs"].as_array()?.iter().filter(|job| job["name"] == name);
        Some(jobs.next()?["state"].as_str()?.to_owned())
    }

    fn jobs_that_fail(&self) {
        let fails = self.jar("TaskFails");
        self.nutkin.run(&["run", &fails, "--at", "7"]).expect(3).says("failed as asked, at 7");
        let thrown =
            self.nutkin.run(&["run", &self.jar("MainThrows"), "--message", "no such luck"]);
        thrown.expect(1).says("no such luck").says("the job was not submitted to `a`");
    }

    fn jars_that_are_none(&self) {
        let nutkin = &self.nutkin;
        nutkin.run(&["run", "missing.jar"]).expect(2).says("there is no file");
        nutkin.run(&["run", "."]).expect(2).says("there is no jar in");
        nutkin.file("text.jar", "no jar at all");
        nutkin.run(&["run", "text.jar"]).expect(2).says("is not a jar");
        let whole = std::fs::read(self.jar("TaskFails")).expect("a jar");
        std::fs::write(nutkin.directory().join("half.jar"), &whole[..whole.len() / 2])
            .expect("half a jar");
        nutkin.run(&["run", "half.jar"]).expect(2).says("is not a jar");
        let home = nutkin.ok(&["dist", "which", self.version]).stdout;
        let library = format!("{}/lib/flink-json-{}.jar", home.trim(), self.version);
        nutkin.run(&["run", &library]).expect(2).says("does not name its main class");
        let absent = nutkin.run(&["run", "--class", "org.example.Absent", &library]);
        absent.expect(1).says("org.example.Absent");
    }

    fn too_many_slots(&self) {
        let nutkin = &self.nutkin;
        let said = "the job needs 5 slots; 2 of 2 are free, 3 are missing";
        let jar = self.jar("TooManySlots");
        let run = ["run", "--timeout", "7", &jar, "--slots", "5"];
        let waited = nutkin.run(&run);
        waited.expect(4).says(&format!("warning: {said}")).says("scale --task-managers 3");
        waited.says(&format!("the job waits for slots: {said}"));
        nutkin.ok(&["cancel", "TooManySlots"]);
        // Flink's client would wait for ever and say nothing.
        let mut run = nutkin.command(&["flink", "run", &jar, "--slots", "5"]);
        let mut run = run.stdout(Stdio::null()).stderr(Stdio::piped()).spawn().expect("a program");
        let mut lines = BufReader::new(run.stderr.take().expect("it is piped")).lines();
        let is_said = |line: &String| line.contains(&format!("the job waits for slots: {said}"));
        assert!(lines.by_ref().map_while(Result::ok).any(|line| is_said(&line)));
        run.kill().and_then(|()| run.wait()).expect("it ends");
        nutkin.ok(&["cancel", "TooManySlots"]);
    }

    fn interrupts(&self) {
        let nutkin = &self.nutkin;
        let jar = self.jar("TaskFails");
        let interrupt = |more: &[&str]| {
            let run = [&["run"], more, &[jar.as_str(), "--at", "-1"]].concat();
            let mut terminal = Terminal::start(nutkin.command(&run));
            terminal.until_shown("RUNNING");
            nutkin.eventually("the job runs", RECOVERY, || {
                self.flink.get("/jobs/overview").is_some_and(|jobs| {
                    let jobs = jobs["jobs"].as_array().into_iter().flatten();
                    jobs.filter(|job| job["state"] == "RUNNING").count() == 1
                })
            });
            terminal.interrupt()
        };
        let left = interrupt(&[]);
        let job = left.text.split("interrupted; job ").nth(1).and_then(|rest| rest.get(..32));
        let job = job.expect("the id of the job");
        left.expect(
            130,
            &[
                &format!("error: interrupted; job {job} goes on"),
                &format!("hint: `nutkin job {job}` shows it, `nutkin cancel {job}` ends it"),
            ],
        );
        nutkin.eventually("the job runs", RECOVERY, || {
            self.flink.job_state(job).as_deref() == Some("RUNNING")
        });
        nutkin.ok(&["cancel", job]);
        let canceled = interrupt(&["--cancel-on-interrupt"]);
        canceled.expect(130, &[]);
        assert!(canceled.text.ends_with("is being canceled"), "{canceled:?}");
        nutkin.eventually("the job is canceled", RECOVERY, || {
            status(nutkin, "a")["slots"]["available"] == 2
        });
    }

    fn paths_that_only_the_user_sees(&self) {
        let text = self.nutkin.file("text.txt", "to be");
        let jar = self.jar("MainThrows");
        let run = self.nutkin.run(&["run", &jar, "--message", "text.txt"]);
        run.expect(1).says(&format!("`text.txt` is passed as `{}`", text.display()));
    }

    fn uploads(&self) -> usize {
        let jars = self.flink.get("/jars").expect("the list of jars");
        jars["files"].as_array().map_or(0, Vec::len)
    }
}

#[track_caller]
fn check_faults(version: &'static str) {
    let faults = Faults::new(version);
    faults.jars_that_are_none();
    assert_eq!(faults.uploads(), 1, "only the one whose class is absent");
    faults.jobs_that_fail();
    faults.paths_that_only_the_user_sees();
    faults.too_many_slots();
    faults.interrupts();
    assert_eq!(faults.uploads(), 4, "each jar once, however often it ran");
    assert_eq!(status(&faults.nutkin, "a")["state"], "running");
    assert_eq!(faults.state("MainThrows"), None);
}

#[test]
fn faults_of_jobs_on_flink_1_20() {
    check_faults("1.20.5");
}

#[test]
fn faults_of_jobs_on_flink_2_3() {
    check_faults("2.3.0");
}

/// Each run takes metaspace for good. The TaskManager that has no more ends, its supervisor starts another, and the user
/// reads what is wrong.
#[test]
fn a_job_that_leaks_classes_is_told_and_survived() {
    let faults = {
        let nutkin = Nutkin::new();
        let small = ["-D", "taskmanager.memory.jvm-metaspace.size=128m"];
        up(&nutkin, "a", "1.20.5", &small).expect(0);
        let flink = rest(&nutkin, "a");
        Faults { nutkin, version: "1.20.5", flink }
    };
    let jar = faults.jar("LeaksMetaspace");
    let run = |classes: &str| faults.nutkin.run(&["run", &jar, "--classes", classes]);
    let failed = (0..20).map(|_| run("5000")).find(|run| run.code != Some(0));
    let failed = failed.expect("the metaspace of 128 MiB ends");
    failed.expect(3).says("taskmanager.memory.jvm-metaspace.size");
    faults.nutkin.eventually("the session has its slots again", RECOVERY, || {
        status(&faults.nutkin, "a")["slots"]["available"] == 2
    });
    run("1").expect(0);
}
