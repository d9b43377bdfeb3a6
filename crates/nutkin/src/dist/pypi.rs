//! The Python package `apache-flink-libraries`, which is a whole distribution, through `pip`: so a company's
//! mirror, certificates and credentials are honoured, and the index's checksum is checked by pip.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use nutkin_core::flink::FlinkVersion;

use crate::Context;
use crate::{Exit, Failure};

/// Downloads the source package into `staging`.
///
/// # Errors
/// Python or its `venv` is missing, or pip fails: its last lines are in the error.
pub(super) fn download(
    version: FlinkVersion,
    staging: &Path,
    _context: &Context<'_>,
) -> Result<PathBuf, Failure> {
    // pip asks the package's setup.py for its name before it keeps the file. That needs `wheel` and a
    // `setuptools` that still has what the script imports, in an environment of its own.
    let python = staging.join("python");
    run(Command::new("python3").args(["-m", "venv"]).arg(&python), version)?;
    let pip = python.join("bin/pip");
    run(Command::new(&pip).args(["install", "--quiet", "wheel", "setuptools<80"]), version)?;
    let packages = staging.join("packages");
    run(
        Command::new(&pip)
            .args([
                "download",
                "--quiet",
                "--no-deps",
                "--no-binary",
                ":all:",
                "--no-build-isolation",
            ])
            .arg(format!("apache-flink-libraries=={version}"))
            .arg("--dest")
            .arg(&packages),
        version,
    )?;
    let files: Vec<PathBuf> =
        fs::read_dir(&packages)?.flatten().map(|entry| entry.path()).collect();
    match files.as_slice() {
        [file] => Ok(file.clone()),
        _ => Err(Failure::new(
            Exit::Failed,
            format!("pip left {} files instead of one", files.len()),
        )),
    }
}

fn run(command: &mut Command, version: FlinkVersion) -> Result<(), Failure> {
    let program = Path::new(command.get_program()).file_name().unwrap_or_default();
    let program = program.to_string_lossy().into_owned();
    let hint = format!(
        "give a distribution with `nutkin dist install {version} --from DIRECTORY_OR_ARCHIVE`, or set FLINK_HOME"
    );
    let output = command.stdin(Stdio::null()).output().map_err(|error| {
        let message = format!("cannot run `{program}`, which fetches Flink {version}");
        Failure::from(anyhow::Error::new(error).context(message))
            .hint("install Python 3 with pip and venv (`apt install python3-venv`)")
            .hint(&hint)
    })?;
    if output.status.success() {
        return Ok(());
    }
    let text = String::from_utf8_lossy(&output.stderr);
    let lines: Vec<&str> = text.lines().filter(|line| !line.trim().is_empty()).collect();
    let end = lines[lines.len().saturating_sub(4)..].join("\n  ");
    let message = format!("`{program}` could not fetch Flink {version}:\n  {end}");
    Err(Failure::new(Exit::Failed, message).hint(hint))
}
