//! One case of an entrypoint, and what can be asked of it.

use std::collections::BTreeMap;

use nutkin_container::entrypoint::launch::{ContainerMachine, LaunchMode, ProcessLaunch, launch};
use nutkin_container::entrypoint::{
    Command, Effective, Host, ObservedContainer, Start, command, effective,
};
use nutkin_flink::FlinkVersion;
use nutkin_flink::Problem;

/// Versions up to 1.18, whose entrypoints edit the file with `sed`.
pub(crate) const OLD: [&str; 2] = ["1.13.6", "1.17.2"];

/// Sizes that every case has: without them no version starts.
const SIZES: &str =
    "jobmanager.memory.process.size: 1600m\ntaskmanager.memory.process.size: 1728m\n";

/// What a container is given.
#[derive(Clone)]
pub(crate) struct Case {
    words: Vec<String>,
    file: String,
    environment: BTreeMap<String, String>,
    writable: bool,
}

/// A case in one version.
pub(crate) struct At<'c> {
    case: &'c Case,
    version: FlinkVersion,
}

impl Case {
    /// The words of the container, at blanks; a no-break space is a blank inside a word.
    pub(crate) fn new(words: &str) -> Self {
        let words = words.split(' ').filter(|word| !word.is_empty());
        let words = words.map(|word| word.replace('\u{a0}', " ")).collect();
        Self { words, file: String::new(), environment: BTreeMap::new(), writable: true }
    }

    /// Lines of the mounted file, in words that both languages read alike.
    pub(crate) fn file(mut self, text: &str) -> Self {
        text.clone_into(&mut self.file);
        self
    }

    pub(crate) fn variable(mut self, name: &str, value: &str) -> Self {
        self.environment.insert(name.to_owned(), value.to_owned());
        self
    }

    pub(crate) fn read_only(mut self) -> Self {
        self.writable = false;
        self
    }

    pub(crate) fn at(&self, version: &str) -> At<'_> {
        At { case: self, version: version.parse().expect("a version") }
    }
}

/// The same option in 1.13, 1.20 and 2.3.
#[track_caller]
pub(crate) fn all(case: &Case, key: &str, expected: Option<&str>) {
    for version in ["1.13.6", "1.20.5", "2.3.0"] {
        case.at(version).option(key, expected);
    }
}

impl At<'_> {
    fn observed(&self) -> ObservedContainer {
        let sized = !self.case.file.contains("process.size");
        let text = format!("{}\n{}", self.case.file, if sized { SIZES } else { "" });
        let name = if self.version.is_at_least(2, 0) { "config.yaml" } else { "flink-conf.yaml" };
        ObservedContainer {
            environment: self.case.environment.clone(),
            flink_home: "/opt/flink".to_owned(),
            lib: vec![format!("flink-dist-{}.jar", self.version)],
            conf_directory: "/opt/flink/conf".to_owned(),
            conf: BTreeMap::from([(name.to_owned(), text)]),
            conf_others: vec!["log4j-console.properties".to_owned(), "masters".to_owned()],
            conf_writable: self.case.writable,
            host: Host {
                name: "flink-0".to_owned(),
                hosts: "127.0.0.1 localhost\n10.0.0.7 flink-0.flink.svc flink-0\n".to_owned(),
            },
            processors: 3,
        }
    }

    #[track_caller]
    pub(crate) fn command(&self) -> Command {
        let observed = self.observed();
        let words = &self.case.words;
        let (name, words) = match words.split_first() {
            Some((name, rest)) if command::is_entrypoint(name) => (name.as_str(), rest),
            _ => (command::ENTRYPOINT, words.as_slice()),
        };
        let parsed = command::parse(name, words, &observed.environment, &observed.host);
        parsed.expect("no problems")
    }

    #[track_caller]
    pub(crate) fn start(&self) -> Start {
        match self.command() {
            Command::Start(start) => start,
            other => panic!("{other:?}"),
        }
    }

    #[track_caller]
    fn effective(&self) -> Result<Effective, Vec<Problem>> {
        effective(&self.start(), self.version, &self.observed())
    }

    #[track_caller]
    pub(crate) fn option(&self, key: &str, expected: Option<&str>) {
        let effective = self.effective().expect("no problems");
        assert_eq!(
            effective.configuration.text(key).as_deref(),
            expected,
            "{key} in {}",
            self.version
        );
    }

    #[track_caller]
    pub(crate) fn arguments(&self) -> Vec<String> {
        self.effective().expect("no problems").arguments
    }

    #[track_caller]
    pub(crate) fn problems(&self) -> Vec<Problem> {
        self.effective().expect_err("problems")
    }

    #[track_caller]
    pub(crate) fn service(&self, name: &str) {
        assert_eq!(self.start().service.name(), name);
    }

    #[track_caller]
    pub(crate) fn unchanged(&self) {
        assert!(!self.effective().expect("no problems").changed);
    }

    #[track_caller]
    pub(crate) fn launched(&self) -> Vec<String> {
        self.launch(&machine()).arguments
    }

    #[track_caller]
    pub(crate) fn launch(&self, machine: &ContainerMachine) -> ProcessLaunch {
        let effective = self.effective().expect("no problems");
        let kind = LaunchMode::Foreground;
        let observed = self.observed();
        launch(&self.start(), kind, self.version, &effective, &observed, machine)
            .expect("no problems")
    }
}

/// What the shell found: a Java, and nothing else.
pub(crate) fn machine() -> ContainerMachine {
    ContainerMachine {
        java: "/java/bin/java".to_owned(),
        java_home: Some("/java".to_owned()),
        java_major: 17,
        private: "/tmp/nutkin-9999-1".to_owned(),
        log_directory: "/opt/flink/log".to_owned(),
        index: 0,
        plugins: None,
        jemalloc: None,
        class_data: None,
    }
}
