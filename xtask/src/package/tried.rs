//! Each package is unpacked as people do it, and its binary is run.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Result, ensure};

use crate::root::{output, run, say};

/// Tries all packages.
///
/// # Errors
/// One cannot be unpacked, or its binary does not say the version.
pub(super) fn all(files: &[PathBuf; 3], version: &str) -> Result<()> {
    let [tar, deb, wheel] = files;
    let directory = tempfile::tempdir()?;
    let [from_tar, from_deb, from_wheel] =
        ["tar", "deb", "wheel"].map(|name| directory.path().join(name));
    std::fs::create_dir(&from_tar)?;
    run(Command::new("tar").arg("-xzf").arg(tar).arg("-C").arg(&from_tar))?;
    let folder = tar.file_name().unwrap_or_default().to_string_lossy().into_owned();
    let folder = from_tar.join(folder.trim_end_matches(".tar.gz"));
    says_version(&folder.join("nutkin"), version)?;
    ensure!(folder.join("man/man1/nutkin-up.1").is_file(), "the archive has no manual pages");

    if output(Command::new("dpkg-deb").arg("--version")).is_ok() {
        run(Command::new("dpkg-deb").arg("-x").arg(deb).arg(&from_deb))?;
        says_version(&from_deb.join("usr/bin/nutkin"), version)?;
    } else {
        say("there is no dpkg-deb: the Debian package was not tried");
    }

    let mut pip = Command::new("python3");
    pip.args([
        "-m",
        "pip",
        "install",
        "--quiet",
        "--no-index",
        "--no-deps",
        "--disable-pip-version-check",
    ]);
    run(pip.arg("--target").arg(&from_wheel).arg(wheel))?;
    says_version(&from_wheel.join("bin/nutkin"), version)
}

fn says_version(program: &Path, version: &str) -> Result<()> {
    let said = output(Command::new(program).arg("--version"))?;
    ensure!(said.trim() == format!("nutkin {version}"), "{} says {said}", program.display());
    Ok(())
}
