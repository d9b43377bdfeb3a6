//! The `flink` command's place taken: its words and its exit codes on a real session.

use std::fs;
use std::os::unix::fs::symlink;

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
