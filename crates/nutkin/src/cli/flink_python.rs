//! `nutkin flink run -py`: what a program in Python needs on this machine, told before a JVM starts that would tell it
//! in a stack trace.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Stdio;

use nutkin_flink::flink_cli::python::{self, Python};
use nutkin_flink::{Configuration, FlinkVersion};
use tokio::process::Command;

use super::Context;
use nutkin_shell::{Error, Kind};

/// Ends with 1 where there is no module of this name, as the program itself would.
const LOOK: &str =
    "import importlib.util, sys; sys.exit(importlib.util.find_spec('pyflink') is None)";

/// Checks the program's file and the Python, and warns where that has no `PyFlink`. `home` is that of the
/// distribution, which may bring `PyFlink`.
///
/// # Errors
/// There is no such file, or no Python.
pub(super) async fn check(
    program: &Python,
    home: &Path,
    flink: FlinkVersion,
    (configuration, environment): (&Configuration, &BTreeMap<String, String>),
    context: &Context<'_>,
) -> Result<(), Error> {
    let directory = &context.environment.directory;
    if let Some(file) = python::local_file(program).filter(|file| !directory.join(file).is_file()) {
        let message = format!("there is no Python program `{file}`");
        return Err(Error::new(Kind::Broken, message).hint("`-py` names its file, `-pym` a module"));
    }
    if program.brings {
        // Python and its modules may come with the program.
        return Ok(());
    }
    let executable = python::executable(program, configuration, environment);
    let Some(path) = find(&executable, context) else {
        let message =
            format!("there is no Python `{executable}` on this machine to run the program");
        return Err(Error::new(Kind::Broken, message).hint(
            "`-pyclientexec python3` names another one, and so does PYFLINK_CLIENT_EXECUTABLE",
        ));
    };
    let mut command = Command::new(path);
    command.args(["-c", LOOK]).env("PYTHONPATH", modules(home, context));
    command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    let looked = command.status().await;
    if looked.is_ok_and(|status| !status.success()) {
        context.printer.warn(&python::without_pyflink(&executable, flink));
    }
    Ok(())
}

/// The program of this name: on `PATH`, or at a path.
fn find(executable: &str, context: &Context<'_>) -> Option<PathBuf> {
    if executable.contains('/') {
        let path = context.environment.directory.join(executable);
        return path.is_file().then_some(path);
    }
    context.environment.program(executable)
}

/// Where Python looks for modules: what the user says, and the archives that Flink's client adds.
fn modules(home: &Path, context: &Context<'_>) -> OsString {
    let given = context.environment.path("PYTHONPATH");
    let mut all: Vec<PathBuf> = given.iter().flat_map(std::env::split_paths).collect();
    let archives = fs::read_dir(home.join("opt/python"));
    let mut archives: Vec<PathBuf> =
        archives.into_iter().flatten().flatten().map(|entry| entry.path()).collect();
    archives.sort();
    all.extend(archives);
    // A path with a colon cannot be in the list, and Flink's client would not find it either.
    std::env::join_paths(all).unwrap_or_default()
}
