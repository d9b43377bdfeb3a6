//! What the entrypoint sees: variables, files, names, processors.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use nutkin_container::entrypoint::{Host, ObservedContainer, plugins, processors};
use rustix::fs::{Access, access};

use nutkin_shell::Environment;

/// Where the official images have Flink.
const FLINK_HOME: &str = "/opt/flink";

/// Names of the configuration files.
const CONFIGURATION: [&str; 2] = ["flink-conf.yaml", "config.yaml"];

/// The variables that are text.
pub(super) fn variables(environment: &Environment) -> BTreeMap<String, String> {
    let text = |text: &std::ffi::OsStr| text.to_str().map(str::to_owned);
    environment.variables().filter_map(|(name, value)| Some((text(name)?, text(value)?))).collect()
}

/// The machine's names.
pub(super) fn host() -> Host {
    let name = fs::read_to_string("/proc/sys/kernel/hostname").unwrap_or_default();
    let hosts = fs::read_to_string("/etc/hosts").unwrap_or_default();
    Host { name: name.trim().to_owned(), hosts }
}

/// Everything that the configuration depends on.
pub(super) fn observe(environment: BTreeMap<String, String>, host: Host) -> ObservedContainer {
    let text = |name: &str| environment.get(name).filter(|value| !value.is_empty()).cloned();
    let flink_home = text("FLINK_HOME").unwrap_or_else(home_of_link);
    let conf_directory = text("FLINK_CONF_DIR").unwrap_or_else(|| format!("{flink_home}/conf"));
    let mut conf = BTreeMap::new();
    let mut conf_others = Vec::new();
    for name in names(Path::new(&conf_directory)) {
        if CONFIGURATION.contains(&name.as_str()) {
            let text = fs::read(Path::new(&conf_directory).join(&name)).unwrap_or_default();
            conf.insert(name, String::from_utf8_lossy(&text).into_owned());
        } else if !name.starts_with("..") {
            // What begins with two dots is how Kubernetes swaps the files of a volume.
            conf_others.push(name);
        }
    }
    let may_write = |path: &Path| access(path, Access::WRITE_OK).is_ok();
    let directory = Path::new(&conf_directory);
    let conf_writable =
        may_write(directory) && conf.keys().all(|name| may_write(&directory.join(name)));
    let lib = jars(&Path::new(&flink_home).join("lib"));
    let processors = processors();
    ObservedContainer {
        environment,
        flink_home,
        lib,
        conf_directory,
        conf,
        conf_others,
        conf_writable,
        host,
        processors,
    }
}

/// What there is of plugins; only looked at when some are wanted.
pub(super) fn available(flink_home: &str) -> plugins::Available {
    let home = Path::new(flink_home);
    let folder = |name: String| {
        let path = home.join("plugins").join(&name);
        path.is_dir().then(|| (name, jars(&path)))
    };
    plugins::Available {
        opt: jars(&home.join("opt")),
        plugins: names(&home.join("plugins")).into_iter().filter_map(folder).collect(),
    }
}

/// Flink's home where this program is linked into its `bin`, otherwise that of the official images.
fn home_of_link() -> String {
    let link = std::env::args_os().next().map(PathBuf::from);
    let home = link.as_deref().and_then(Path::parent).and_then(Path::parent);
    let home = home.filter(|home| home.is_absolute() && home.join("lib").is_dir());
    home.and_then(Path::to_str).unwrap_or(FLINK_HOME).to_owned()
}

fn processors() -> u32 {
    let machine = fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let machine = machine.lines().filter(|line| line.starts_with("processor")).count();
    let read = |path: &str| fs::read_to_string(Path::new("/sys/fs/cgroup").join(path)).ok();
    let limits = processors::Limits {
        cpu_max: read("cpu.max"),
        cfs_quota: read("cpu/cpu.cfs_quota_us"),
        cfs_period: read("cpu/cpu.cfs_period_us"),
    };
    processors::count(u32::try_from(machine).unwrap_or(1), &limits)
}

/// Names in a directory, in order; none where it cannot be read.
fn names(directory: &Path) -> Vec<String> {
    let entries = fs::read_dir(directory).into_iter().flatten().flatten();
    let mut names: Vec<String> =
        entries.filter_map(|entry| entry.file_name().into_string().ok()).collect();
    names.sort();
    names
}

fn jars(directory: &Path) -> Vec<String> {
    let mut names = names(directory);
    names.retain(|name| {
        Path::new(name).extension().is_some_and(|extension| extension.eq_ignore_ascii_case("jar"))
    });
    names
}
