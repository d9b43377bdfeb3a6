//! Whatever a container is given, the entrypoint decides or says what is wrong.

use std::collections::BTreeMap;

use nutkin_container::entrypoint::launch::{ContainerMachine, LaunchMode, launch};
use nutkin_container::entrypoint::{
    Command, Host, ObservedContainer, command, effective, report, words,
};
use nutkin_flink::FlinkVersion;
use proptest::prelude::*;

fn word() -> impl Strategy<Value = String> {
    prop_oneof![
        Just("jobmanager".to_owned()),
        Just("taskmanager".to_owned()),
        Just("cluster".to_owned()),
        Just("ha".to_owned()),
        Just("local".to_owned()),
        Just("history-server".to_owned()),
        Just("bash".to_owned()),
        Just("-c".to_owned()),
        Just("-D".to_owned()),
        Just("--host".to_owned()),
        Just("start-foreground".to_owned()),
        "kubernetes-(job|task)manager.sh [ -~]{0,30}",
        "-D[a-z.]{0,12}=?[ -~]{0,8}",
        ".{0,12}",
    ]
}

fn name() -> impl Strategy<Value = String> {
    let mut names = vec!["docker-entrypoint.sh".to_owned()];
    names.extend(command::SCRIPTS.iter().map(|name| (*name).to_owned()));
    prop::sample::select(names)
}

fn environment() -> impl Strategy<Value = BTreeMap<String, String>> {
    let names = prop::sample::select(vec![
        "JOB_MANAGER_RPC_ADDRESS",
        "FLINK_PROPERTIES",
        "JOB_MANGER_HOSTS",
        "FLINK_CLUSTER_IDENT",
        "FLINK_ZK_QUORUM",
        "JOB_MANAGER_HEAP_MB",
        "TASK_MANAGER_HEAP_MB",
        "TASK_MANAGER_NUMBER_OF_TASK_SLOTS",
        "NUTKIN_ENTRYPOINT",
        "JVM_ARGS",
        "FLINK_ENV_JAVA_OPTS",
        "FLINK_TM_HEAP",
        "FLINK_TM_JVM_MEM_OPTS",
    ]);
    let value = prop_oneof!["[a-z.]{1,9}: [ -~]{0,9}\n.{0,20}", "[0-9]{0,12}", ".{0,20}"];
    prop::collection::btree_map(names.prop_map(str::to_owned), value, 0..6)
}

proptest! {
    #[test]
    fn nothing_panics(
        name in name(),
        words in prop::collection::vec(word(), 0..6),
        environment in environment(),
        file in "([a-z.]{1,12}: ?[ -~]{0,9}\n){0,4}.{0,30}",
        lib in "(flink-dist[_0-9.-]{0,9}.jar)?",
        version in prop::sample::select(vec!["1.13.6", "1.17.2", "1.20.5", "2.3.0"]),
        writable: bool,
        hosts in ".{0,40}",
    ) {
        let version: FlinkVersion = version.parse().unwrap();
        let host = Host { name: "flink-0".to_owned(), hosts };
        let secret = "hunter2-very-secret";
        let observed = ObservedContainer {
            environment,
            flink_home: "/f".to_owned(),
            lib: vec![lib],
            conf_directory: "/c".to_owned(),
            conf: BTreeMap::from([
                ("flink-conf.yaml".to_owned(), format!("s3.secret-key: {secret}\n{file}")),
                ("config.yaml".to_owned(), format!("s3.secret-key: {secret}\n{file}")),
            ]),
            conf_others: Vec::new(),
            conf_writable: writable,
            host,
            processors: 2,
        };
        let machine = ContainerMachine {
            java: "java".to_owned(),
            java_home: None,
            java_major: 11,
            private: "/p".to_owned(),
            log_directory: "/l".to_owned(),
            index: 0,
            plugins: None,
            jemalloc: None,
            class_data: None,
        };
        let parsed = command::parse(&name, &words, &observed.environment, &observed.host);
        if let Ok(Command::Start(start)) = parsed {
            match effective(&start, version, &observed) {
                Ok(effective) => {
                    let said = report::lines(&start, &effective, &observed).join("\n");
                    prop_assert!(!said.contains(secret), "{}", said);
                    let kind = LaunchMode::Foreground;
                    if let Err(problems) =
                        launch(&start, kind, version, &effective, &observed, &machine)
                    {
                        let said = format!("{problems:?}");
                        prop_assert!(!said.contains(secret), "{}", said);
                    }
                }
                Err(problems) => {
                    let said = format!("{problems:?}");
                    prop_assert!(!said.contains(secret), "{}", said);
                }
            }
        }
    }

    /// A value in the quotes that Flink puts it in comes back as it was, whatever is in it.
    #[test]
    fn values_survive_the_quotes_of_flink(values in prop::collection::vec("[^\0]{0,20}", 0..5)) {
        let mut script = "kubernetes-taskmanager.sh".to_owned();
        for value in &values {
            // `BootstrapTools.escapeWithSingleQuote`.
            script.push_str(&format!(" -Dkey='{}'", value.replace('\'', "'\\''")));
        }
        let mut expected = vec!["kubernetes-taskmanager.sh".to_owned()];
        expected.extend(values.iter().map(|value| format!("-Dkey={value}")));
        prop_assert_eq!(words::split(&script, &BTreeMap::new()), Some(expected));
    }
}
