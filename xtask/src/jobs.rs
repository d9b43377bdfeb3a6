//! Compiles the jobs of `examples/jobs` against an installed Flink: one jar per program.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context as _, Result, ensure};
use nutkin_flink::FlinkVersion;
use sha2::{Digest as _, Sha256};

use crate::root::{root, run, say};

/// The oldest Java on which the oldest Flink we run is tested; later ones read its class files too.
const JAVA_RELEASE: &str = "11";

/// Compiles them into `directory/<version>/<Program>.jar`, unless that was done from the same sources
/// for the same Flink. Gives `directory/<version>`.
///
/// # Errors
/// No JDK, or a source that does not compile.
pub(crate) fn compile(version: FlinkVersion, home: &Path, directory: &Path) -> Result<PathBuf> {
    let jars = directory.join(version.to_string());
    let sources = sources(version)?;
    let hash = hash(&sources, home)?;
    let mark = jars.join("sources.sha256");
    if fs::read_to_string(&mark).is_ok_and(|before| before == hash) {
        return Ok(jars);
    }
    say(&format!("Compiling examples/jobs against Flink {version}"));
    if jars.exists() {
        fs::remove_dir_all(&jars).with_context(|| format!("cannot empty {}", jars.display()))?;
    }
    let classes = jars.join("classes");
    fs::create_dir_all(&classes)?;
    let lints = "-Xlint:all,-processing,-classfile,-path,-serial,-options";
    run(Command::new("javac")
        .args(["-encoding", "UTF-8", "--release", JAVA_RELEASE, "-Werror", lints, "-cp"])
        .arg(home.join("lib").join("*"))
        .arg("-d")
        .arg(&classes)
        .args(&sources))
    .with_context(|| format!("the jobs need `javac` of a JDK {JAVA_RELEASE} or later"))?;
    for source in &sources {
        let text = fs::read_to_string(source)?;
        if text.contains("public static void main(") {
            jar(&classes, source, &jars)?;
        }
    }
    fs::remove_dir_all(&classes)?;
    fs::write(&mark, hash)?;
    Ok(jars)
}

/// One program: its own classes and the shared ones, and its name in the manifest.
fn jar(classes: &Path, source: &Path, jars: &Path) -> Result<()> {
    let name = stem(source)?;
    let mut command = Command::new("jar");
    command.current_dir(classes).args(["--create", "--main-class", name, "--file"]);
    command.arg(jars.join(format!("{name}.jar")));
    let mut files: Vec<_> = fs::read_dir(classes)?
        .map(|entry| entry.map(|entry| entry.file_name()))
        .collect::<Result<_, _>>()?;
    files.sort();
    for file in files {
        let class = file.to_string_lossy();
        let class = class.split(['.', '$']).next().unwrap_or_default();
        if class == name || SHARED.contains(&class) {
            command.arg(&file);
        }
    }
    run(&mut command).context("the jobs need `jar` of a JDK")
}

/// Classes that programs use.
const SHARED: &[&str] = &["Arguments", "Words"];

fn sources(version: FlinkVersion) -> Result<Vec<PathBuf>> {
    // Flink 1.15 put flink-connector-files, the file connector of the DataStream API, into `lib`. Before
    // it flink-dist holds the DataSet API.
    let own = if version.is_at_least(1, 15) { "datastream" } else { "dataset" };
    let mut sources = Vec::new();
    for directory in ["common", own] {
        let directory = root().join("examples/jobs").join(directory);
        let entries = fs::read_dir(&directory)
            .with_context(|| format!("cannot read {}", directory.display()))?;
        for entry in entries {
            let path = entry?.path();
            if path.extension().is_some_and(|extension| extension == "java") {
                sources.push(path);
            }
        }
    }
    sources.sort();
    ensure!(!sources.is_empty(), "examples/jobs holds no sources");
    Ok(sources)
}

fn hash(sources: &[PathBuf], home: &Path) -> Result<String> {
    let mut hash = Sha256::new();
    hash.update(home.as_os_str().as_encoded_bytes());
    hash.update(include_bytes!("jobs.rs"));
    for source in sources {
        hash.update([0]);
        hash.update(source.as_os_str().as_encoded_bytes());
        hash.update(fs::read(source)?);
    }
    Ok(hash.finalize().iter().map(|byte| format!("{byte:02x}")).collect())
}

fn stem(path: &Path) -> Result<&str> {
    path.file_stem().and_then(|stem| stem.to_str()).context("a source has a name")
}
