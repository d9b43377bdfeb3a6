//! From an effective configuration to files and one command line of Java.

use std::collections::BTreeMap;

use super::{Effective, ObservedContainer, Service, Sizing, Start, logging, substitute};
use crate::class_data::{self, Index};
use nutkin_flink::Problem;
use nutkin_flink::dialect::{self, Dialect};
use nutkin_flink::memory::{self, LegacyHeap, LegacyTarget, MemoryInput};
use nutkin_flink::process::{self, Jvm, LOG_FILES, UserFlags};
use nutkin_flink::{Configuration, FlinkVersion};

pub use super::logging::LaunchMode;

/// What the shell chose and found once the configuration was known.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ContainerMachine {
    /// The `java` program.
    pub java: String,
    /// Its home, where known.
    pub java_home: Option<String>,
    /// 8, 11, 17, 21...
    pub java_major: u8,
    /// A directory of this process's own.
    pub private: String,
    /// Where log files go: [`log_directory`], if it can be written.
    pub log_directory: String,
    /// How many processes of this kind were started here before.
    pub index: usize,
    /// A directory with plugins besides Flink's own.
    pub plugins: Option<String>,
    /// The jemalloc library to load first.
    pub jemalloc: Option<String>,
    /// Class data archives of the image, if they fit its files: [`Index::fits`]. Only those of the right length.
    pub class_data: Option<Index>,
}

/// One process, ready to be started.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ProcessLaunch {
    /// The `java` program.
    pub program: String,
    /// Its arguments.
    pub arguments: Vec<String>,
    /// Variables to set; all others stay.
    pub environment: BTreeMap<String, String>,
    /// Files to write below the private directory: path, text.
    pub files: BTreeMap<String, String>,
    /// Links to make below it: path, target.
    pub links: BTreeMap<String, String>,
    /// Where standard output and error of a daemon go.
    pub out: String,
}

/// Where log files shall go: `FLINK_LOG_DIR`, `env.log.dir`, otherwise `log` below Flink's home.
pub fn log_directory(effective: &Effective, observed: &ObservedContainer) -> String {
    let of_environment = observed.environment.get("FLINK_LOG_DIR").filter(|path| !path.is_empty());
    of_environment
        .cloned()
        .or_else(|| effective.configuration.text("env.log.dir"))
        .unwrap_or_else(|| format!("{}/log", observed.flink_home))
}

/// The name that a process's log and PID files begin with: `flink-<ident>-<service>`.
pub fn prefix(service: Service, environment: &BTreeMap<String, String>) -> String {
    let text = |name: &str| environment.get(name).filter(|value| !value.is_empty());
    let ident = text("FLINK_IDENT_STRING").or_else(|| text("USER")).map_or("", String::as_str);
    format!("flink-{ident}-{}", service.name())
}

/// Plans one process.
///
/// # Errors
/// Memory that does not fit, values that the file cannot hold, a Flink without its main jar.
pub fn launch(
    start: &Start,
    kind: LaunchMode,
    version: FlinkVersion,
    effective: &Effective,
    observed: &ObservedContainer,
    machine: &ContainerMachine,
) -> Result<ProcessLaunch, Vec<Problem>> {
    let mut problems = Vec::new();
    if !observed.lib.iter().any(|jar| process::is_dist(jar)) {
        let message = format!("`{}/lib` has no flink-dist jar", observed.flink_home);
        problems.push(Problem::new("FLINK_HOME", message).hint("set it to where Flink lies"));
    }
    let mut files = BTreeMap::new();
    let mut links = BTreeMap::new();
    let conf = if effective.changed {
        let name = effective.dialect.file_name();
        match file(effective) {
            Ok(text) => drop(files.insert(format!("conf/{name}"), text)),
            Err(all) => problems.extend(all),
        }
        for other in &observed.conf_others {
            links.insert(format!("conf/{other}"), format!("{}/{other}", observed.conf_directory));
        }
        format!("{}/conf", machine.private)
    } else {
        observed.conf_directory.clone()
    };
    let logging = logging::choose(observed, kind, &conf, &machine.private);
    if let Some((name, text)) = logging.write {
        files.insert(name.to_owned(), text.to_owned());
    }
    let memory = match sizes(start.service, version, effective, observed) {
        Ok(memory) => memory,
        Err(problem) => {
            problems.push(problem);
            Memory::default()
        }
    };
    if !problems.is_empty() {
        return Err(problems);
    }

    let log_prefix = format!(
        "{}/{}-{}-{}",
        machine.log_directory,
        prefix(start.service, &observed.environment),
        machine.index,
        observed.host.name
    );
    let mut environment = variables(effective, observed, machine, &conf);
    environment.insert("FLINK_LOG_PREFIX".to_owned(), log_prefix.clone());
    let class_path = process::class_path(
        &observed.flink_home,
        &observed.lib,
        &[],
        &observed.environment,
        &effective.configuration,
    );
    let mut jvm = Jvm {
        first: jvm_args(&observed.environment),
        task_manager: matches!(start.service.sizing(), Sizing::TaskManager | Sizing::Given),
        memory: memory.flags,
        major: machine.java_major,
        user: user_flags(start.service, &effective.configuration, observed, &environment),
        archive: None,
        log: format!("{log_prefix}.log"),
        log4j: logging.log4j,
        logback: logging.logback,
        class_path,
        class: start.service.class().to_owned(),
        arguments: main_arguments(start.service, effective, memory.options, &conf),
    };
    jvm.archive = archive(start.service, observed, machine, &jvm.class_path, &jvm.flags());
    Ok(ProcessLaunch {
        program: machine.java.clone(),
        arguments: jvm.arguments(),
        environment,
        files,
        links,
        out: format!("{log_prefix}.out"),
    })
}

/// Beginnings of flags with which users choose an archive themselves, or none, or write one.
const OWN_ARCHIVE: [&str; 6] = [
    "-XX:SharedArchiveFile",
    "-Xshare",
    "-XX:ArchiveClassesAtExit",
    "-XX:DumpLoadedClassList",
    "-XX:+AutoCreateSharedArchive",
    "-XX:SharedClassListFile",
];

/// The class data archive for a process; none where the JVM would not take it, or the user says otherwise.
fn archive(
    service: Service,
    observed: &ObservedContainer,
    machine: &ContainerMachine,
    class_path: &str,
    flags: &[String],
) -> Option<String> {
    let index = machine.class_data.as_ref().filter(|index| index.begins(class_path))?;
    let name = class_data::of_service(service).filter(|name| index.archives.contains_key(*name))?;
    let is_own = |flag: &String| OWN_ARCHIVE.iter().any(|own| flag.starts_with(own));
    if flags.iter().any(is_own) {
        return None;
    }
    Some(format!("{}/{}/{name}", observed.flink_home, class_data::DIRECTORY))
}

/// The text of the configuration file of a process whose options are not those of the mounted one.
///
/// # Errors
/// All values that the file cannot hold.
pub fn file(effective: &Effective) -> Result<String, Vec<Problem>> {
    let head = "# Written by nutkin for this process; the mounted file is as it was.\n";
    let text = match effective.dialect {
        Dialect::FlinkConf => dialect::write(Dialect::FlinkConf, &effective.file)?,
        Dialect::ConfigYaml => dialect::flat_yaml(&effective.file),
    };
    Ok(format!("{head}{text}"))
}

#[derive(Default)]
struct Memory {
    flags: Vec<String>,
    options: Vec<(String, String)>,
}

fn sizes(
    service: Service,
    version: FlinkVersion,
    effective: &Effective,
    observed: &ObservedContainer,
) -> Result<Memory, Problem> {
    let text = |name: &str| {
        observed.environment.get(name).map(String::as_str).filter(|value| !value.is_empty())
    };
    let input = MemoryInput {
        configuration: &effective.configuration,
        version,
        legacy: LegacyHeap {
            job_manager: text("FLINK_JM_HEAP"),
            task_manager: text("FLINK_TM_HEAP"),
            target: LegacyTarget::Scripts,
        },
    };
    Ok(match service.sizing() {
        Sizing::JobManager => {
            let memory = memory::job_manager(&input)?;
            Memory { flags: memory.jvm_args(), options: memory.dynamic_options() }
        }
        Sizing::TaskManager => {
            let memory = memory::task_manager(&input)?;
            Memory { flags: memory.jvm_args(), options: memory.dynamic_options() }
        }
        Sizing::Given => {
            let flags = text("FLINK_TM_JVM_MEM_OPTS").map(process::words).unwrap_or_default();
            Memory { flags, options: Vec::new() }
        }
        Sizing::None => {
            let heap = text("ZK_HEAP")
                .map(str::to_owned)
                .or_else(|| effective.configuration.text("zookeeper.heap.mb"))
                .filter(|_| service == Service::ZooKeeper)
                .and_then(|heap| heap.trim().parse::<u32>().ok())
                .filter(|heap| 0 < *heap);
            let flags = heap.map(|heap| vec![format!("-Xms{heap}m"), format!("-Xmx{heap}m")]);
            Memory { flags: flags.unwrap_or_default(), options: Vec::new() }
        }
    })
}

/// What stands behind the main class, in the order of each script.
fn main_arguments(
    service: Service,
    effective: &Effective,
    memory: Vec<(String, String)>,
    conf: &str,
) -> Vec<String> {
    let mut arguments = Vec::new();
    match service {
        // These two find their configuration by FLINK_CONF_DIR.
        Service::KubernetesSession | Service::KubernetesApplication => {
            arguments.extend(process::dynamic(memory));
            arguments.extend(effective.arguments.iter().cloned());
        }
        Service::ZooKeeper => {
            arguments.extend(["--zkConfigFile".to_owned(), format!("{conf}/zoo.cfg")]);
            let peer = effective.arguments.first().cloned().unwrap_or_else(|| "1".to_owned());
            arguments.extend(["--peerId".to_owned(), peer]);
        }
        Service::HistoryServer => {
            arguments.extend(["--configDir".to_owned(), conf.to_owned()]);
        }
        _ => {
            arguments.extend(["--configDir".to_owned(), conf.to_owned()]);
            arguments.extend(process::dynamic(memory));
            arguments.extend(effective.arguments.iter().cloned());
            if service == Service::StandaloneSession {
                // Last: 2.x knows the option no more, and reads nothing that stands behind its word.
                arguments.extend(["--executionMode".to_owned(), "cluster".to_owned()]);
            }
        }
    }
    arguments
}

fn jvm_args(environment: &BTreeMap<String, String>) -> Vec<String> {
    environment.get("JVM_ARGS").map(|text| process::words(text)).unwrap_or_default()
}

/// Flags of the user: those for all processes, then those of this one. A variable takes the place of the options.
fn user_flags(
    service: Service,
    configuration: &Configuration,
    observed: &ObservedContainer,
    more: &BTreeMap<String, String>,
) -> Vec<String> {
    let (role, variable) = service.java_options();
    let UserFlags { all, own } = UserFlags::of(configuration, role);
    let of_variable = |name: &str| {
        observed
            .environment
            .get(name)
            .filter(|text| !text.is_empty())
            .map(|text| vec![text.clone()])
    };
    let mut texts = of_variable("FLINK_ENV_JAVA_OPTS").unwrap_or(all);
    texts.extend(of_variable(variable).unwrap_or(own));
    let mut variables = observed.environment.clone();
    variables.extend(more.clone());
    texts
        .iter()
        .map(|text| unquoted(text))
        // `flink-console.sh` evaluates them, so that `${FLINK_LOG_PREFIX}` can be in them.
        .flat_map(|text| process::words(&substitute::substitute(text, &variables)))
        .collect()
}

/// `config.sh` takes away quotes that stand around the whole.
fn unquoted(text: &str) -> &str {
    let inner = text.strip_prefix('"').and_then(|text| text.strip_suffix('"'));
    inner.filter(|inner| !inner.contains('"')).unwrap_or(text)
}

fn variables(
    effective: &Effective,
    observed: &ObservedContainer,
    machine: &ContainerMachine,
    conf: &str,
) -> BTreeMap<String, String> {
    let home = &observed.flink_home;
    let mut variables: BTreeMap<String, String> = [
        ("FLINK_CONF_DIR", conf.to_owned()),
        ("FLINK_HOME", home.clone()),
        ("FLINK_BIN_DIR", format!("{home}/bin")),
        ("FLINK_LIB_DIR", format!("{home}/lib")),
        ("FLINK_OPT_DIR", format!("{home}/opt")),
        ("FLINK_LOG_DIR", machine.log_directory.clone()),
    ]
    .map(|(name, value)| (name.to_owned(), value))
    .into();
    let plugins = machine.plugins.clone().or_else(|| {
        observed.environment.get("FLINK_PLUGINS_DIR").filter(|path| !path.is_empty()).cloned()
    });
    let plugins = plugins.unwrap_or_else(|| format!("{home}/plugins"));
    variables.insert("FLINK_PLUGINS_DIR".to_owned(), plugins);
    if let Some(java) = &machine.java_home {
        variables.insert("JAVA_HOME".to_owned(), java.clone());
    }
    if let Some(library) = &machine.jemalloc {
        variables.insert("LD_PRELOAD".to_owned(), preload(&observed.environment, library));
    }
    for (name, key, default) in [
        ("MAX_LOG_FILE_NUMBER", "env.log.max", Some(LOG_FILES)),
        ("ROOT_LOG_LEVEL", "env.log.level", None),
    ] {
        let value = effective.configuration.text(key).or_else(|| default.map(str::to_owned));
        if let Some(value) = value
            && !super::command::is_set(&observed.environment, name)
        {
            variables.insert(name.to_owned(), value);
        }
    }
    variables
}

/// Whether jemalloc is to be loaded, where there is one: not when `DISABLE_JEMALLOC` is anything but `false`, and not
/// twice.
pub fn wants_jemalloc(environment: &BTreeMap<String, String>) -> bool {
    let text = |name: &str| environment.get(name).map_or("", String::as_str);
    matches!(text("DISABLE_JEMALLOC"), "" | "false") && !text("LD_PRELOAD").contains("jemalloc")
}

/// The value of `LD_PRELOAD` with one more library.
pub fn preload(environment: &BTreeMap<String, String>, library: &str) -> String {
    match environment.get("LD_PRELOAD").filter(|before| !before.is_empty()) {
        Some(before) => format!("{before}:{library}"),
        None => library.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::class_data::File;

    fn machine() -> ContainerMachine {
        let path = "/opt/flink/lib/flink-dist-1.20.5.jar".to_owned();
        ContainerMachine {
            java: "/java/bin/java".to_owned(),
            java_home: None,
            java_major: 17,
            private: String::new(),
            log_directory: String::new(),
            index: 0,
            plugins: None,
            jemalloc: None,
            class_data: Some(Index {
                class_path: vec![File { path, ..File::default() }],
                archives: [("jobmanager.jsa".to_owned(), 7), ("taskmanager.jsa".to_owned(), 7)]
                    .into(),
                ..Index::default()
            }),
        }
    }

    #[track_caller]
    fn check(service: Service, class_path: &str, flag: &str, expected: Option<&str>) {
        let observed = ObservedContainer {
            flink_home: "/opt/flink".to_owned(),
            ..ObservedContainer::default()
        };
        let found = archive(service, &observed, &machine(), class_path, &[flag.to_owned()]);
        assert_eq!(found.as_deref(), expected, "{service:?} {class_path} {flag}");
    }

    #[test]
    fn archives_go_to_their_role_unless_the_user_says_otherwise() {
        let dist = "/opt/flink/lib/flink-dist-1.20.5.jar";
        let manager = Some("/opt/flink/class-data/jobmanager.jsa");
        let worker = Some("/opt/flink/class-data/taskmanager.jsa");
        check(Service::StandaloneSession, dist, "-Xmx1g", manager);
        check(Service::KubernetesSession, dist, "-Xmx1g", manager);
        check(Service::TaskExecutor, dist, "-Xmx1g", worker);
        check(Service::KubernetesTaskManager, &format!("{dist}:/etc/hadoop"), "-Xmx1g", worker);
        check(Service::HistoryServer, dist, "-Xmx1g", None);
        check(Service::ZooKeeper, dist, "-Xmx1g", None);
        check(Service::StandaloneSession, &format!("/opt/flink/lib/a.jar:{dist}"), "-Xmx1g", None);
        for own in ["-XX:SharedArchiveFile=/own.jsa", "-Xshare:off", "-XX:ArchiveClassesAtExit=/x"]
        {
            check(Service::StandaloneSession, dist, own, None);
        }
    }
}
