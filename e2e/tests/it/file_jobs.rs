//! The `FlinkSessionJob`s of a file: submitted once, and changed as the Java operator changes them.

use nutkin_e2e::{Finished, Nutkin, Rest};
use serde_json::Value;

use crate::session::{RECOVERY, rest};

/// A session file with one job, of which a test changes some lines.
struct File<'a> {
    nutkin: &'a Nutkin,
    jar: String,
    /// Lines of `spec`.
    spec: Vec<String>,
    /// Lines of `spec.job`.
    job: Vec<String>,
}

impl File<'_> {
    /// Writes the file and runs a command on it.
    #[track_caller]
    fn run(&self, command: &[&str]) -> Finished {
        let indented = |lines: &[String], indent: &str| -> String {
            lines.iter().map(|line| format!("{indent}{line}\n")).collect()
        };
        let output = self.nutkin.directory().join("numbers");
        let text = format!(
            "apiVersion: flink.apache.org/v1beta1\nkind: FlinkDeployment\nmetadata:\n  name: a\nspec:\n  \
             flinkVersion: v1_20\n  flinkConfiguration:\n    rest.port: 0\n---\n\
             apiVersion: flink.apache.org/v1beta1\nkind: FlinkSessionJob\nmetadata:\n  name: numbers\nspec:\n  \
             deploymentName: a\n{}  flinkConfiguration:\n    \
             execution.checkpointing.externalized-checkpoint-retention: RETAIN_ON_CANCELLATION\n  job:\n    \
             jarURI: {}\n    args: [--output, {}, --total, '1000000', --rate, '20']\n{}",
            indented(&self.spec, "  "),
            self.jar,
            output.display(),
            indented(&self.job, "    "),
        );
        self.nutkin.file("session.yaml", &text);
        self.nutkin.run(&[command, &["-f", "session.yaml"]].concat())
    }

    /// The job's id with a generation, as it is in the session.
    fn generation(flink: &Rest, number: u64) -> Option<String> {
        let jobs = flink.get("/jobs/overview")?;
        let ids = jobs["jobs"].as_array()?.iter().filter_map(|job| job["jid"].as_str());
        let end = format!("{number:016x}");
        ids.map(str::to_owned).find(|id| id.ends_with(&end))
    }
}

fn count(flink: &Rest) -> usize {
    let jobs = flink.get("/jobs/overview").expect("the list of jobs");
    jobs["jobs"].as_array().map_or(0, Vec::len)
}

fn checkpoints(flink: &Rest, id: &str) -> Value {
    flink.get(&format!("/jobs/{id}/checkpoints")).unwrap_or_default()
}

#[test]
fn a_job_of_a_file_does_what_its_file_says() {
    let nutkin = Nutkin::new();
    let jar = nutkin.setup().job("1.20.5", "ExactlyOnce").display().to_string();
    let mut file = File { nutkin: &nutkin, jar, spec: Vec::new(), job: Vec::new() };
    file.job.push("upgradeMode: savepoint".to_owned());
    file.run(&["up"]).expect(0).says("job `numbers` is submitted as");
    let flink = rest(&nutkin, "a");
    let runs = |number: u64, restored_from: &str| {
        let mut from = String::new();
        nutkin.eventually("the job runs and has a checkpoint", RECOVERY, || {
            let Some(id) = File::generation(&flink, number) else { return false };
            let seen = checkpoints(&flink, &id);
            from = seen["latest"]["restored"]["external_path"].as_str().unwrap_or("").to_owned();
            flink.job_state(&id).as_deref() == Some("RUNNING")
                && !seen["latest"]["completed"].is_null()
        });
        assert_eq!(from, restored_from);
    };
    runs(1, "");

    // Nothing changes: nothing is done, with and without a record.
    file.run(&["up"]).expect(0).says("job `numbers` is unchanged");
    file.run(&["run"]).expect(0).says("job `numbers` is unchanged");
    let record = nutkin.sessions().join("a/record.json");
    std::fs::remove_file(&record).expect("the session has a record");
    file.run(&["run"]).expect(0).says("job `numbers` is unchanged");
    assert_eq!(count(&flink), 1);
    nutkin
        .run(&["plan", "a", "-D", "taskmanager.numberOfTaskSlots=7"])
        .expect(0)
        .says("session `a` was made from `")
        .says("session.yaml` wants what the file says");

    file.job.push("savepointTriggerNonce: 1".to_owned());
    file.run(&["run"]).expect(0).says("job `numbers`: savepoint file:");
    file.run(&["run"]).expect(0).says("job `numbers` is unchanged");

    // Suspended with a savepoint, resumed from it.
    file.run(&["plan", "--detailed-exitcode"]).expect(0).prints("no change");
    file.job.push("state: suspended".to_owned());
    file.run(&["plan", "--detailed-exitcode"])
        .expect(2)
        .prints("~ job `numbers`: stopped with a savepoint");
    let stopped = file.run(&["run"]);
    stopped.expect(0).says("job `numbers` is stopped; its savepoint is");
    let savepoint = after(&stopped.stderr, "its savepoint is ");
    file.run(&["run"]).expect(0).says("job `numbers` is suspended");
    file.job.pop();
    file.run(&["run"]).expect(0).says(&format!(" from {savepoint}"));
    runs(2, &savepoint);

    // Changed, and gone on from the last checkpoint.
    file.job[0] = "upgradeMode: last-state".to_owned();
    file.job.push("allowNonRestoredState: true".to_owned());
    file.run(&["run"]).expect(0).says("job `numbers` is unchanged");
    file.job.push("parallelism: 2".to_owned());
    let changed = file.run(&["run"]);
    changed.expect(0).says("its last state is");
    runs(3, &after(&changed.stderr, "its last state is "));

    // Redeployed from a savepoint, which must be named.
    file.job.push("savepointRedeployNonce: 1".to_owned());
    file.run(&["run"]).expect(2).says("spec.job.initialSavepointPath");
    assert_eq!(File::generation(&flink, 4), None);
    file.job.push(format!("initialSavepointPath: {savepoint}"));
    file.run(&["run"]).expect(0).says(&format!(" from {savepoint}"));
    runs(4, &savepoint);

    // Restarted from nothing.
    file.job[0] = "upgradeMode: stateless".to_owned();
    file.spec.push("restartNonce: 1".to_owned());
    file.run(&["run"]).expect(0).says("job `numbers` is canceled");
    runs(5, "");

    // Canceled by others: the file says that it runs.
    let id = File::generation(&flink, 5).expect("the job");
    nutkin.ok(&["cancel", "numbers"]);
    let shown = nutkin.ok(&["job", "numbers", "-o", "json"]).json();
    assert_eq!(shown["id"], id.as_str());
    assert_eq!(shown["state"], "CANCELED");
    let vertices = shown["vertices"].as_array().expect("a list of vertices");
    assert!(
        !vertices.is_empty() && vertices.iter().all(|one| one["state"] == "CANCELED"),
        "{shown}"
    );
    file.run(&["run"]).expect(0).says("is submitted as");
    runs(6, "");
    let jars = flink.get("/jars").expect("the list of jars");
    assert_eq!(jars["files"].as_array().map(Vec::len), Some(1), "uploaded once: {jars}");
}

#[test]
fn a_jar_that_is_not_there_starts_nothing() {
    let nutkin = Nutkin::new();
    let jar = "target/missing.jar".to_owned();
    let file = File { nutkin: &nutkin, jar, spec: Vec::new(), job: Vec::new() };
    file.run(&["up"]).expect(2).says("spec.job.jarURI").says("target/missing.jar");
    assert_eq!(nutkin.processes(), Vec::<i32>::new());
    nutkin.run(&["status", "a"]).expect(5);
}

/// What follows a piece of text on its line.
#[track_caller]
fn after(text: &str, mark: &str) -> String {
    let line = text.lines().find_map(|line| Some(line.split_once(mark)?.1));
    line.unwrap_or_else(|| panic!("no `{mark}` in\n{text}")).to_owned()
}
