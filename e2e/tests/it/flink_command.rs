//! The `flink` command's place taken: its words and its exit codes on a real session.

use std::fs;
use std::os::unix::fs::{PermissionsExt as _, symlink};

use nutkin_e2e::{Finished, Nutkin};

use crate::session::{status, up};

/// Runs the binary under the name `flink`.
fn flink(nutkin: &Nutkin, words: &[&str]) -> Finished {
    let link = nutkin.directory().join("flink");
    if !link.exists() {
        symlink(&nutkin.setup().binary, &link).expect("a link");
    }
    let template = nutkin.command(&[]);
    let mut command = std::process::Command::new(link);
    command.args(words).current_dir(nutkin.directory()).env_clear();
    for (name, value) in template.get_envs() {
        if let Some(value) = value {
            command.env(name, value);
        }
    }
    nutkin.start(command).wait(std::time::Duration::from_mins(2))
}

#[test]
fn a_job_from_run_to_stop() {
    let nutkin = Nutkin::new();
    up(&nutkin, "drop-in", "1.20.5", &[]).expect(0);
    let url = status(&nutkin, "drop-in")["restUrl"].as_str().expect("an address").to_owned();
    let address = url.trim_start_matches("http://");
    fs::write(nutkin.directory().join("in.txt"), "to be or not to be\n").expect("a file");
    let jar = nutkin.setup().job("1.20.5", "WordCount");
    let jar = jar.to_str().expect("a plain path");
    let input = nutkin.directory().join("in.txt");
    let output = nutkin.directory().join("out");
    let (input, output) = (input.display().to_string(), output.display().to_string());

    // Without -m it is the only session there is.
    flink(&nutkin, &["run", "-p", "1", jar, "--input", &input, "--output", &output])
        .expect(0)
        .prints("Job has been submitted with JobID ")
        .prints("Program execution finished\nJob with JobID ");
    flink(&nutkin, &["list", "-m", address])
        .expect(0)
        .prints("Waiting for response...\nNo running jobs.\nNo scheduled jobs.\n");
    let all = flink(&nutkin, &["list", "-m", address, "-a"]);
    all.expect(0).prints("---------------------- Terminated Jobs -----------------------\n");
    all.prints("(FINISHED)\n");

    flink(&nutkin, &["cancel", "-m", address, "00000000000000000000000000000001"])
        .expect(1)
        .says("The program finished with the following exception:")
        .prints("Cancelling job 00000000000000000000000000000001.\n");
    flink(&nutkin, &["foo"]).expect(1).prints("\"foo\" is not a valid action.\n");
    flink(&nutkin, &["run", "-m", address, "/nope.jar"])
        .expect(1)
        .prints("JAR file does not exist: /nope.jar\n");
}

/// main() of a program that brings results to itself, of two jobs, runs in Flink's own client; of one that does not,
/// in the JobManager.
#[track_caller]
fn check_client(version: &str) {
    let nutkin = Nutkin::new();
    up(&nutkin, "client", version, &[]).expect(0);
    let url = status(&nutkin, "client")["restUrl"].as_str().expect("an address").to_owned();
    let address = url.trim_start_matches("http://");
    let text = |path: &std::path::Path| path.to_str().expect("a plain path").to_owned();
    let jar = text(&nutkin.setup().job(version, "Collects"));
    let ran = flink(&nutkin, &["run", "-p", "1", &jar, "--total", "12"]);
    ran.expect(0)
        .prints("counted 12, doubled 24\n")
        .says("main() runs here (--client jvm): the program calls `DataStreamSource.executeAndC")
        .says("`SingleOutputStreamOperator.executeAndCollect()`");
    assert_eq!(ran.stdout.matches("Job has been submitted with JobID ").count(), 2);
    // At an address alone, with what the JobManager says of itself.
    flink(&nutkin, &["run", "-m", address, "--client", "jvm", &jar])
        .expect(0)
        .prints("counted 10, doubled 20\n");
    // Over REST it cannot be run, which is Flink's own word.
    flink(&nutkin, &["run", "--client", "rest", &jar]).expect(1);
    flink(&nutkin, &["run", "--client", "rest", "-C", "file:///none.jar", &jar])
        .expect(1)
        .says("`-C` means nothing to a JobManager")
        .says("--client jvm");

    let jar = text(&nutkin.setup().job(version, "WordCount"));
    fs::write(nutkin.directory().join("in.txt"), "to be or not to be\n").expect("a file");
    let (input, output) = (nutkin.directory().join("in.txt"), nutkin.directory().join("out"));
    let words = ["--input", &text(&input), "--output", &text(&output)];
    flink(&nutkin, &[&["run", "-d", &jar][..], &words].concat())
        .expect(0)
        .says("main() runs in the JobManager (--client rest)");
    // Attached, with a class path.
    flink(&nutkin, &[&["run", "-C", &format!("file://{jar}"), &jar][..], &words].concat())
        .expect(0)
        .says("main() runs here (--client jvm): `-C` is given")
        .prints("Program execution finished\n");
    python(&nutkin);
}

/// A program in Python: Flink's own client starts a real Python with it, and what that lacks is said before.
#[track_caller]
fn python(nutkin: &Nutkin) {
    let given = "main() runs here (--client jvm): `-py` is given";
    flink(nutkin, &["run", "-py", "none.py"])
        .expect(1)
        .says(given)
        .says("there is no Python program `none.py`");
    // The client tells the program where its gateway is.
    let text = "import os, sys\nprint('got', sys.argv[1:], 'PYFLINK_GATEWAY_PORT' in os.environ)\n";
    nutkin.file("hello.py", text);
    flink(nutkin, &["run", "-pyclientexec", "nowhere", "-py", "hello.py"])
        .expect(1)
        .says("there is no Python `nowhere` on this machine")
        .says("`-pyclientexec python3` names another one");
    // Without the packages that the machine may have: PyFlink is not among the rest.
    let bare = nutkin.file("bare-python", "#!/bin/sh\nexec python3 -S \"$@\"\n");
    fs::set_permissions(&bare, fs::Permissions::from_mode(0o755)).expect("a program");
    let bare = bare.to_str().expect("a plain path");
    flink(nutkin, &["run", "-pyclientexec", bare, "-py", "hello.py", "a", "-b"])
        .expect(0)
        .says(given)
        .says("has no PyFlink")
        .says("-m pip install apache-flink==")
        .prints("got ['a', '-b'] True\n");
}

#[test]
fn main_runs_where_it_can_1_20() {
    check_client("1.20.5");
}

#[test]
fn main_runs_where_it_can_2_3() {
    check_client("2.3.0");
}
