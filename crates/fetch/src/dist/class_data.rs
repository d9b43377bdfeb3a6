//! Class data archives: what a JobManager and a TaskManager load at their start, parsed and laid out once
//! (JEP 350, `-XX:ArchiveClassesAtExit`), so that the next start takes it from a file.
//!
//! ```text
//! cache/class-data/flink-1.20.5-<key>/jobmanager.jsa, taskmanager.jsa, sizes.json
//! ```
//!
//! The key stands for everything that the JVM compares before it uses an archive: the Java, and path,
//! size and time of every jar. An archive that does not fit after all is passed over by the JVM in
//! silence, so nothing here is ever a reason for a session to fail. One that is cut short would kill the
//! JVM (SIGBUS, seen on Java 17): `sizes.json` beside the archives says how long they must be.

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use nutkin_core::plan::process::{self, Archives, Machine};
use nutkin_core::spec::{self, Inputs};
use nutkin_flink::process::Role;
use rustix::process::{Pid, Signal, kill_process};
use tokio::process::{Child, Command};

use super::Distribution;
use nutkin_rest::Probe;
use nutkin_shell::files::staging::write_atomically;
use nutkin_shell::files::{At, Digest, FileLock, Staging};
use nutkin_shell::ports;
use nutkin_shell::{Context, Environment, Error, Kind};

/// The folder of the cache with all archives.
pub(crate) const FOLDER: &str = "class-data";

/// The first Java that archives the classes of applications at exit (JEP 350).
const SINCE_JAVA: u8 = 13;

/// How long the two JVMs may take to find each other, and to write their archives: ten times what they
/// take on two busy cores.
const PATIENCE: Duration = Duration::from_mins(1);

/// How often the JobManager is asked.
const ASK: Duration = Duration::from_millis(100);

/// Memory of the JVMs that are run to make the archives: enough to start, small enough for any machine.
const MEMORY: &[(&str, &str)] =
    &[("jobmanager.memory.process.size", "1g"), ("taskmanager.memory.process.size", "1g")];

/// A Java as the planner knows it.
#[derive(Debug, Clone, Copy)]
pub struct Java<'a> {
    /// Its home directory.
    pub home: &'a Path,
    /// 8, 11, 17...
    pub major: u8,
}

/// The archives that are there for a distribution and a Java.
pub fn find(distribution: &Distribution, java: Java<'_>, environment: &Environment) -> Archives {
    let Some(folder) = folder(distribution, java, environment) else { return Archives::default() };
    let sizes: BTreeMap<String, u64> = fs::read(folder.join(SIZES))
        .ok()
        .and_then(|text| serde_json::from_slice(&text).ok())
        .unwrap_or_default();
    let there = |role| {
        let path = folder.join(file_name(role));
        let length = fs::metadata(&path).ok()?.len();
        (sizes.get(file_name(role)) == Some(&length)).then(|| path.display().to_string())
    };
    Archives { job_manager: there(Role::JobManager), task_manager: there(Role::TaskManager) }
}

/// Name of the file with the length of each archive.
const SIZES: &str = "sizes.json";

fn file_name(role: Role) -> &'static str {
    match role {
        Role::JobManager => "jobmanager.jsa",
        Role::TaskManager => "taskmanager.jsa",
        Role::ZooKeeper => "zookeeper.jsa",
    }
}

/// Where the archives belong; `None` when this Java makes none.
fn folder(
    distribution: &Distribution,
    java: Java<'_>,
    environment: &Environment,
) -> Option<PathBuf> {
    if java.major < SINCE_JAVA {
        return None;
    }
    let mut key = Digest::sha256();
    let home = fs::canonicalize(java.home).ok()?;
    key.update(home.as_os_str().as_encoded_bytes());
    key.update(&fs::read(home.join("release")).unwrap_or_default());
    for name in &distribution.lib {
        let path = distribution.home.join("lib").join(name);
        let metadata = fs::metadata(&path).ok()?;
        key.update(path.as_os_str().as_encoded_bytes());
        key.update(format!("\0{}\0{}\0", metadata.len(), metadata.mtime()).as_bytes());
    }
    let name = format!("flink-{}-{}", distribution.version, &key.finish()[..16]);
    Some(root(environment).join(name))
}

fn root(environment: &Environment) -> PathBuf {
    environment.cache_directory().join(FOLDER)
}

/// Makes the archives unless they are there: runs a JobManager and a TaskManager until the slots are
/// registered, and ends them. Returns whether there are archives now; a Java that makes none is not an error.
///
/// Dropping the future ends the JVMs; so does the end of this process, however it ends.
///
/// # Errors
/// When the JVMs do not start, or the files cannot be written. Sessions run without archives then.
pub async fn make(
    distribution: &Distribution,
    java: Java<'_>,
    context: &Context<'_>,
) -> Result<bool, Error> {
    let Some(folder) = folder(distribution, java, context.environment) else { return Ok(false) };
    let parent = root(context.environment);
    fs::create_dir_all(&parent).at("make the directory", &parent)?;
    let name = folder.file_name().unwrap_or_default().to_string_lossy().into_owned();
    let _lock = FileLock::take(&parent.join(format!(".lock-{name}")), || {}).await?;
    if is_complete(&find(distribution, java, context.environment)) {
        return Ok(true);
    }
    let staging = Staging::new(&parent, &name)?;
    let archives = staging.path().join("archives");
    fs::create_dir(&archives).at("make the directory", &archives)?;
    run_once(distribution, java, &staging.path().join("session"), &archives).await?;
    staging.publish("archives", &folder)?;
    remove_outdated(&parent, distribution, &name);
    Ok(true)
}

/// Whether both roles have an archive.
pub fn is_complete(archives: &Archives) -> bool {
    archives.job_manager.is_some() && archives.task_manager.is_some()
}

/// Removes archives of the same release that no JVM uses any more: of an older Java or installation.
fn remove_outdated(parent: &Path, distribution: &Distribution, keep: &str) {
    let prefix = format!("flink-{}-", distribution.version);
    for name in super::names(parent, true).unwrap_or_default() {
        if name.starts_with(&prefix) && name != keep {
            // A failure costs disk space only.
            let _ = nutkin_shell::files::staging::remove(&parent.join(name));
        }
    }
}

/// Removes the archives of a release.
pub(super) fn remove(version: nutkin_flink::FlinkVersion, environment: &Environment) {
    let parent = root(environment);
    for name in super::names(&parent, true).unwrap_or_default() {
        if name.starts_with(&format!("flink-{version}-")) {
            let _ = nutkin_shell::files::staging::remove(&parent.join(name));
        }
    }
}

async fn run_once(
    distribution: &Distribution,
    java: Java<'_>,
    directory: &Path,
    archives: &Path,
) -> Result<(), Error> {
    let options = MEMORY.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned()));
    let inputs = Inputs {
        name: Some("class-data".to_owned()),
        flink: Some(distribution.version),
        options: options.collect(),
        ..Inputs::default()
    };
    let session = spec::resolve(&inputs).map_err(Error::input)?;
    let (rest_port, rpc_port) = ports::two_free()?;
    let machine = Machine {
        flink_home: distribution.home.display().to_string(),
        lib: distribution.jars(),
        extra_libs: Vec::new(),
        plugins: distribution.home.join("plugins").display().to_string(),
        plugin_jars: BTreeMap::new(),
        java_home: java.home.display().to_string(),
        java_major: java.major,
        directory: directory.display().to_string(),
        data: directory.join("data").display().to_string(),
        rest_ports: vec![rest_port],
        rpc_port,
        zookeeper_port: None,
        archives: Archives::default(),
        environment: BTreeMap::new(),
    };
    let planned = process::plan(&session, &machine).map_err(Error::input)?;
    for folder in ["conf", "log", "tmp", "jars"] {
        let folder = directory.join(folder);
        fs::create_dir_all(&folder).at("make the directory", &folder)?;
    }
    for (name, text) in &planned.files {
        let path = directory.join(name);
        fs::write(&path, text).at("write", &path)?;
    }
    let mut children = Vec::new();
    for process in &planned.processes {
        let archive = archives.join(file_name(process.role));
        children.push((process.name.clone(), start(process, &archive, directory)?, archive));
    }
    let probe = Probe::new(&planned.rest_urls)?;
    let registered = async {
        loop {
            if let Some((overview, _)) = probe.overview().await
                && 0 < overview.slots_total
            {
                return Ok(());
            }
            for (name, child, _) in &mut children {
                if let Some(status) = child.try_wait()? {
                    return Err(Error::new(Kind::Broken, format!("the {name} ended: {status}")));
                }
            }
            tokio::time::sleep(ASK).await;
        }
    };
    let in_time = |what: &str| Error::new(Kind::TimedOut, format!("{what} took too long"));
    tokio::time::timeout(PATIENCE, registered).await.map_err(|_| in_time("the start"))??;
    // A quiet end makes the JVM write its archive.
    for (_, child, _) in &children {
        if let Some(pid) = child.id().and_then(|pid| Pid::from_raw(i32::try_from(pid).ok()?)) {
            kill_process(pid, Signal::TERM)?;
        }
    }
    let mut sizes = BTreeMap::new();
    for (name, child, archive) in &mut children {
        tokio::time::timeout(PATIENCE, child.wait()).await.map_err(|_| in_time("the end"))??;
        // The JVM does not flush it, and a name without its content would outlive a power failure.
        let flushed = fs::File::open(&*archive).and_then(|file| {
            file.sync_all()?;
            file.metadata()
        });
        let Ok(metadata) = flushed else {
            let message = format!("the JVM of the {name} wrote no archive");
            return Err(Error::new(Kind::Broken, message));
        };
        let file = archive.file_name().unwrap_or_default().to_string_lossy().into_owned();
        sizes.insert(file, metadata.len());
    }
    let path = archives.join(SIZES);
    write_atomically(&path, &serde_json::to_vec(&sizes)?).at("write", &path)?;
    Ok(())
}

fn start(process: &process::Process, archive: &Path, directory: &Path) -> Result<Child, Error> {
    let out = directory.join(&process.out);
    let out = fs::File::create(&out).at("write", &out)?;
    let errors = out.try_clone()?;
    // Through ourselves, so that the JVM dies with us: see `nutkin dist with-parent`.
    let program = std::env::current_exe()?;
    Ok(Command::new(&program)
        .args(["dist", "with-parent", "--parent", &std::process::id().to_string(), "--"])
        .arg(&process.program)
        .arg(format!("-XX:ArchiveClassesAtExit={}", archive.display()))
        .args(&process.arguments)
        .env_clear()
        .envs(&process.environment)
        .current_dir(directory)
        .stdin(Stdio::null())
        .stdout(out)
        .stderr(errors)
        // Not the terminal's: Ctrl-C is ours to handle.
        .process_group(0)
        .kill_on_drop(true)
        .spawn()
        .at("run", &program)?)
}

/// Becomes another program that is killed when `parent` ends.
///
/// # Errors
/// When the program cannot be run, or the parent is gone already.
pub fn become_child_of(parent: u32, command: &[std::ffi::OsString]) -> Error {
    use std::os::unix::process::CommandExt;
    let Some((program, arguments)) = command.split_first() else {
        return Error::new(Kind::Invalid, "there is no program to run");
    };
    if let Err(error) = rustix::process::set_parent_process_death_signal(Some(Signal::KILL)) {
        return error.into();
    }
    // It may have ended before the line above.
    let alive = rustix::process::getppid().is_some_and(|pid| {
        u32::try_from(pid.as_raw_nonzero().get()).is_ok_and(|pid| pid == parent)
    });
    if !alive {
        return Error::new(Kind::Broken, "the parent process is gone");
    }
    std::process::Command::new(program).args(arguments).exec().into()
}
