//! What the command line says before any command runs.

use nutkin_testkit::{Test, side_by_side};

#[test]
fn version_is_the_workspace_version() {
    Test::new()
        .args(["--version"])
        .stdout(concat!("nutkin ", env!("CARGO_PKG_VERSION"), "\n"))
        .run();
}

#[test]
fn an_unknown_command_is_bad_usage() {
    let expected = "error: unrecognized subcommand 'statsu'\n\n  \
        tip: a similar subcommand exists: 'status'\n\n\
        Usage: nutkin [OPTIONS] <COMMAND>\n\nFor more information, try '--help'.\n";
    Test::new().args(["statsu"]).stderr(expected).code(2).run();
}

#[test]
fn output_that_cannot_be_written_is_a_failure() {
    #[track_caller]
    fn check(args: &[&str], code: i32) {
        let home = tempfile::tempdir().unwrap();
        let full = std::fs::File::options().write(true).open("/dev/full").unwrap();
        let said = nutkin_testkit::cli::command(home.path())
            .args(args)
            .stdout(full)
            .stderr(std::process::Stdio::piped())
            .output()
            .unwrap();
        assert_eq!(said.status.code(), Some(code));
        let said = String::from_utf8(said.stderr).unwrap();
        assert!(said.contains("standard output was not written whole: No space left"), "{said}");
    }
    check(&["explain", "rest.port"], 1);
    check(&["ls", "-o", "json"], 1);
    check(&["--help"], 1);
    // The control: what goes to nobody is not an error, as `nutkin ... | head` shows.
    let home = tempfile::tempdir().unwrap();
    let (reader, writer) = std::io::pipe().unwrap();
    drop(reader);
    let said = nutkin_testkit::cli::command(home.path())
        .args(["explain", "rest.port"])
        .stdout(writer)
        .output()
        .unwrap();
    assert_eq!(said.status.code(), Some(0), "{said:?}");
}

/// Flink's client looks there, and so does its stand-in.
#[test]
fn flink_asks_the_address_of_its_configuration() {
    #[track_caller]
    fn check(args: &[&str], file: Option<&str>, expected: &str) {
        let home = tempfile::tempdir().unwrap();
        if let Some(text) = file {
            std::fs::create_dir(home.path().join("conf")).unwrap();
            std::fs::write(home.path().join("conf/flink-conf.yaml"), text).unwrap();
        }
        let mut command = nutkin_testkit::cli::command(home.path());
        command.current_dir(home.path()).arg("flink").args(args).env("FLINK_CONF_DIR", "conf");
        let said = command.output().unwrap();
        assert_eq!(said.status.code(), Some(1), "{said:?}");
        let said = String::from_utf8(said.stderr).unwrap();
        assert!(said.contains(expected), "{expected}: {said}");
    }
    // Nobody listens on port 1.
    let file = "jobmanager.rpc.address: 127.0.0.1\nrest.port: 1\n";
    let cases = [
        (&["list"][..], Some(file), "127.0.0.1:1"),
        (&["list", "-t", "remote"], Some(file), "127.0.0.1:1"),
        (&["list", "-Drest.address=127.0.0.2"], Some(file), "127.0.0.2:1"),
        (&["list", "-m", "127.0.0.3:1"], Some(file), "127.0.0.3:1"),
        (&["list"], Some("high-availability: zookeeper\n"), "-m HOST:PORT"),
        // The control: nothing names a JobManager.
        (&["list"], Some("taskmanager.numberOfTaskSlots: 2\n"), "there is no session"),
        (&["list"], None, "there is no session"),
    ];
    side_by_side(cases, |(args, file, expected)| check(args, file, expected));
}
