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
