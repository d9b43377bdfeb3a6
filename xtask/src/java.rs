//! Runs a Java program of this repository (`xtask/java/`) on the jars of a real Flink.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context as _, Result, ensure};
use nutkin_flink::FlinkVersion;

/// A Flink distribution on this machine: `VERSION=DIRECTORY` on the command line.
#[derive(Debug, Clone)]
pub(crate) struct Flink {
    pub(crate) version: FlinkVersion,
    pub(crate) home: PathBuf,
}

impl std::str::FromStr for Flink {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let (version, home) = text.split_once('=').ok_or("expected VERSION=DIRECTORY")?;
        let version = version.parse().map_err(|error| format!("{error}"))?;
        Ok(Self { version, home: home.into() })
    }
}

impl Flink {
    /// All jars below `lib`, `opt` and `plugins`, sorted.
    pub(crate) fn jars(&self) -> Result<Vec<PathBuf>> {
        let mut jars = Vec::new();
        for directory in ["lib", "opt", "plugins"] {
            collect(&self.home.join(directory), &mut jars)?;
        }
        ensure!(!jars.is_empty(), "`{}` holds no jars of Flink", self.home.display());
        jars.sort();
        Ok(jars)
    }

    /// The program, compiled into `directory` and ready to be started: no arguments, all streams null.
    pub(crate) fn program(&self, name: &str, directory: &Path) -> Result<Command> {
        let source = Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("java/{name}.java"));
        let mut jars = self.jars()?;
        // The classes of the start scripts, which flink-dist does not have.
        jars.push(self.home.join("bin/bash-java-utils.jar"));
        let jars = jars.iter().map(|jar| jar.display().to_string()).collect::<Vec<_>>();
        let class_path = jars.join(":");
        let status = Command::new("javac")
            .args(["-nowarn", "-Xlint:none", "-cp", &class_path, "-d"])
            .arg(directory)
            .arg(&source)
            .stderr(Stdio::null())
            .status()
            .context("`javac` of a JDK is needed")?;
        ensure!(
            status.success(),
            "`{}` does not compile against Flink {}",
            source.display(),
            self.version
        );
        let mut java = Command::new("java");
        // A short run: the second compiler only costs.
        java.args(["-XX:TieredStopAtLevel=1", "-XX:+UseSerialGC", "-Xmx512m", "-cp"])
            .arg(format!("{}:{class_path}", directory.display()))
            .arg(name)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null());
        Ok(java)
    }

    /// What the program prints, in UTF-8, when it is given `input` on its standard input.
    pub(crate) fn answers(&self, name: &str, input: &str) -> Result<String> {
        let classes = tempfile::tempdir()?;
        let file = tempfile::NamedTempFile::new()?;
        fs::write(file.path(), input)?;
        let output = self
            .program(name, classes.path())?
            .env("LC_ALL", "C.UTF-8")
            .stdin(fs::File::open(file.path())?)
            .stdout(Stdio::piped())
            .output()?;
        ensure!(output.status.success(), "`{name}` failed on Flink {}", self.version);
        Ok(String::from_utf8_lossy(&output.stdout).into_owned())
    }
}

fn collect(directory: &Path, jars: &mut Vec<PathBuf>) -> Result<()> {
    let Ok(entries) = fs::read_dir(directory) else { return Ok(()) };
    for entry in entries {
        let path = entry?.path();
        if path.is_dir() {
            collect(&path, jars)?;
        } else if path.extension().is_some_and(|extension| extension == "jar") {
            jars.push(path);
        }
    }
    Ok(())
}
