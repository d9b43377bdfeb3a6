//! Command lines of the JVMs.

use super::log::Logging;
use super::{Machine, Process};
use nutkin_flink::Configuration;
use nutkin_flink::memory::{JobManagerMemory, TaskManagerMemory};
use nutkin_flink::process::{self, LOG_FILES, Role, UserFlags, class_path, dynamic, words};

pub(super) struct Jvm<'a> {
    pub(super) machine: &'a Machine,
    pub(super) configuration: &'a Configuration,
    pub(super) logging: &'a Logging,
}

impl Jvm<'_> {
    pub(super) fn job_manager(
        &self,
        name: String,
        port: u16,
        memory: &JobManagerMemory,
    ) -> Process {
        let mut arguments = self.main_arguments();
        arguments.extend(dynamic(memory.dynamic_options()));
        arguments.extend(dynamic([("rest.port".to_owned(), port.to_string())]));
        // Last: 2.x knows the option no more, and reads nothing that stands behind its word.
        arguments.extend(["--executionMode".to_owned(), "cluster".to_owned()]);
        let class = process::SESSION_CLASS;
        let archive = self.machine.archives.job_manager.as_deref();
        self.process(name, Role::JobManager, archive, memory.jvm_args(), class, arguments)
    }

    pub(super) fn task_manager(&self, index: u32, memory: &TaskManagerMemory) -> Process {
        let name = format!("taskmanager-{index}");
        let mut arguments = self.main_arguments();
        arguments.extend(dynamic(memory.dynamic_options()));
        arguments.extend(dynamic([("taskmanager.resource-id".to_owned(), name.clone())]));
        let class = process::TASK_MANAGER_CLASS;
        let archive = self.machine.archives.task_manager.as_deref();
        self.process(name, Role::TaskManager, archive, memory.jvm_args(), class, arguments)
    }

    pub(super) fn zookeeper(&self) -> Process {
        let arguments = vec![
            "--zkConfigFile".to_owned(),
            format!("{}/conf/zoo.cfg", self.machine.directory),
            "--peerId".to_owned(),
            "1".to_owned(),
        ];
        // Enough for the few kilobytes that Flink keeps there; seen at 92 MiB resident after use.
        let flags = vec!["-Xmx128m".to_owned()];
        let class = process::ZOOKEEPER_CLASS;
        self.process("zookeeper".to_owned(), Role::ZooKeeper, None, flags, class, arguments)
    }

    fn process(
        &self,
        name: String,
        role: Role,
        archive: Option<&str>,
        memory: Vec<String>,
        class: &str,
        arguments: Vec<String>,
    ) -> Process {
        let Machine { directory, java_home, java_major, flink_home, plugins, .. } = self.machine;
        let log = format!("log/{name}.log");
        let conf = format!("{directory}/conf");
        let jvm = process::Jvm {
            first: Vec::new(),
            task_manager: role == Role::TaskManager,
            memory,
            major: *java_major,
            user: self.options(role, &name),
            archive: archive.map(str::to_owned),
            log: format!("{directory}/{log}"),
            log4j: format!("{conf}/{}", self.logging.log4j),
            logback: self.logging.logback.as_ref().map(|logback| format!("{conf}/{logback}")),
            class_path: self.class_path(),
            class: class.to_owned(),
            arguments,
        };
        let mut environment = self.machine.environment.clone();
        environment.extend(
            [
                ("FLINK_CONF_DIR", conf.as_str()),
                ("FLINK_HOME", flink_home),
                ("FLINK_LIB_DIR", &format!("{flink_home}/lib")),
                ("FLINK_OPT_DIR", &format!("{flink_home}/opt")),
                ("FLINK_PLUGINS_DIR", plugins),
                ("FLINK_LOG_DIR", &format!("{directory}/log")),
                ("FLINK_LOG_PREFIX", &self.log_prefix(&name)),
                ("JAVA_HOME", java_home),
            ]
            .map(|(key, value)| (key.to_owned(), value.to_owned())),
        );
        let log_files = self.configuration.text("env.log.max");
        let log_files = log_files.unwrap_or_else(|| LOG_FILES.to_owned());
        environment.insert("MAX_LOG_FILE_NUMBER".to_owned(), log_files);
        if let Some(level) = self.configuration.text("env.log.level") {
            environment.insert("ROOT_LOG_LEVEL".to_owned(), level);
        }
        Process {
            out: format!("log/{name}.out"),
            log,
            name,
            role,
            program: format!("{java_home}/bin/java"),
            arguments: jvm.arguments(),
            environment,
        }
    }

    fn class_path(&self) -> String {
        let Machine { flink_home, lib, extra_libs, environment, .. } = self.machine;
        let lib: Vec<String> =
            lib.iter().filter(|jar| !self.logging.excludes(jar)).cloned().collect();
        class_path(flink_home, &lib, extra_libs, environment, self.configuration)
    }

    fn main_arguments(&self) -> Vec<String> {
        vec!["--configDir".to_owned(), format!("{}/conf", self.machine.directory)]
    }

    /// Flags of the user for one role.
    fn options(&self, role: Role, name: &str) -> Vec<String> {
        let UserFlags { all, own } = UserFlags::of(self.configuration, role.java_options());
        all.iter().chain(&own).flat_map(|text| words(&self.expanded(text, name))).collect()
    }

    /// The variables that Flink's documentation uses in flags, filled in as the shell of `flink-daemon.sh` does.
    fn expanded(&self, text: &str, name: &str) -> String {
        let prefix = self.log_prefix(name);
        let log = format!("{}/log", self.machine.directory);
        let home = &self.machine.flink_home;
        [("FLINK_LOG_PREFIX", &prefix), ("FLINK_LOG_DIR", &log), ("FLINK_HOME", home)]
            .into_iter()
            .fold(text.to_owned(), |text, (variable, value)| {
                text.replace(&format!("${{{variable}}}"), value)
                    .replace(&format!("${variable}"), value)
            })
    }

    /// Log files of a process without their extension.
    fn log_prefix(&self, name: &str) -> String {
        format!("{}/log/{name}", self.machine.directory)
    }
}
