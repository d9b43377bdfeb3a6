//! What the command line says before any command runs.

use nutkin_testkit::Test;

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
