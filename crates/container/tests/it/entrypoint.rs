//! The effective configuration of every verb and variable of both entrypoints, for 1.13, 1.20 and 2.3.

use std::collections::BTreeMap;

use crate::entrypoint_case::{Case, OLD, all, machine};
use nutkin_container::entrypoint::launch::{ContainerMachine, wants_jemalloc};
use nutkin_container::entrypoint::{Command, Service};

const VERSIONS: [&str; 3] = ["1.13.6", "1.20.5", "2.3.0"];

#[test]
fn the_official_defaults_take_the_place_of_a_file_that_can_be_written() {
    let case =
        Case::new("jobmanager").file("jobmanager.rpc.address: localhost\nblob.server.port: 1");
    all(&case, "jobmanager.rpc.address", Some("flink-0.flink.svc"));
    all(&case, "blob.server.port", Some("6124"));
    all(&case, "query.server.port", Some("6125"));
    case.at("1.13.6").option("taskmanager.numberOfTaskSlots", Some("1"));
    case.at("1.14.6").option("taskmanager.numberOfTaskSlots", None);
    case.at("2.3.0").option("taskmanager.numberOfTaskSlots", None);
}

#[test]
fn a_read_only_file_keeps_what_it_says() {
    let case = Case::new("taskmanager")
        .file("jobmanager.rpc.address: jm\ntaskmanager.numberOfTaskSlots: 4")
        .read_only();
    all(&case, "jobmanager.rpc.address", Some("jm"));
    all(&case, "taskmanager.numberOfTaskSlots", Some("4"));
    all(&case, "blob.server.port", None);
    let silent = Case::new("jobmanager").file("a: b").read_only();
    all(&silent, "jobmanager.rpc.address", Some("flink-0.flink.svc"));
}

#[test]
fn variables_win_over_the_file_wherever_it_lies() {
    for case in [Case::new("taskmanager"), Case::new("taskmanager").read_only()] {
        let case = case
            .file("jobmanager.rpc.address: localhost\ntaskmanager.numberOfTaskSlots: 1")
            .variable("JOB_MANAGER_RPC_ADDRESS", "jm-7")
            .variable("TASK_MANAGER_NUMBER_OF_TASK_SLOTS", "8");
        all(&case, "jobmanager.rpc.address", Some("jm-7"));
        all(&case, "taskmanager.numberOfTaskSlots", Some("8"));
    }
}

#[test]
fn flink_properties_win_over_everything_but_arguments() {
    let case = Case::new("jobmanager -D parallelism.default=5")
        .file("parallelism.default: 1\nx: 1\njobmanager.rpc.address: a")
        .variable("JOB_MANAGER_RPC_ADDRESS", "b")
        .variable("WHO", "me")
        .variable(
            "FLINK_PROPERTIES",
            "# a remark\njobmanager.rpc.address: c\n  x: -Da=b -Dc=d \nparallelism.default: 4\ny: $WHO-${WHO}\n",
        );
    all(&case, "jobmanager.rpc.address", Some("c"));
    all(&case, "x", Some("-Da=b -Dc=d"));
    all(&case, "parallelism.default", Some("5"));
    all(&case, "y", Some("me-me"));
}

#[test]
fn flink_properties_are_lines_of_the_old_file_up_to_1_18() {
    let case = Case::new("jobmanager").variable("FLINK_PROPERTIES", "a:b\nc: d#e\nf: g # h");
    for version in OLD {
        case.at(version).option("a", None);
        case.at(version).option("c", Some("d"));
        case.at(version).option("f", Some("g"));
    }
    for version in ["1.20.5", "2.3.0"] {
        case.at(version).option("a", Some("b"));
        case.at(version).option("c", Some("d#e"));
        case.at(version).option("f", Some("g"));
    }
}

#[test]
fn the_file_goes_through_envsubst_up_to_1_18_where_it_can_be_written() {
    let case = Case::new("jobmanager").file("a: $WHO").variable("WHO", "me");
    case.at("1.13.6").option("a", Some("me"));
    case.at("1.20.5").option("a", Some("$WHO"));
    case.at("2.3.0").option("a", Some("$WHO"));
    let case = case.read_only();
    all(&case, "a", Some("$WHO"));
}

#[test]
fn the_host_of_1_x_is_an_option_for_all() {
    for words in [
        "jobmanager 10.0.0.7",
        "jobmanager --host 10.0.0.7",
        "jobmanager --host=10.0.0.7",
        "jobmanager -D jobmanager.rpc.address=x 10.0.0.7",
        "jobmanager.sh start-foreground 10.0.0.7",
    ] {
        let case = Case::new(words).file("jobmanager.rpc.address: a");
        all(&case, "jobmanager.rpc.address", Some("10.0.0.7"));
        for version in ["1.13.6", "1.20.5", "2.3.0"] {
            let arguments = case.at(version).arguments();
            assert!(
                !arguments.iter().any(|word| word == "10.0.0.7" || word == "--host"),
                "{words}"
            );
        }
    }
    let case = Case::new("jobmanager host 8082 -Da=b");
    all(&case, "rest.port", Some("8082"));
    all(&case, "a", Some("b"));
}

#[test]
fn roles_by_host_name() {
    let case = |hosts: &str| {
        Case::new("cluster ha")
            .file("high-availability: zookeeper\njobmanager.rpc.address: localhost")
            .variable("JOB_MANGER_HOSTS", hosts)
            .variable("FLINK_CLUSTER_IDENT", "default/flink-cluster")
            .variable("FLINK_ZK_QUORUM", "zk:2181")
    };
    case("flink-0,flink-1").at("1.20.5").service("standalonesession");
    case("flink-1, flink-0").at("1.20.5").service("standalonesession");
    case("flink-1").at("1.20.5").service("taskexecutor");
    case("flink-01").at("1.20.5").service("taskexecutor");
    Case::new("cluster").at("1.20.5").service("taskexecutor");
    let right = Case::new("cluster").variable("JOB_MANAGER_HOSTS", "flink-0");
    right.at("1.20.5").service("standalonesession");
    let case = case("flink-0");
    all(&case, "high-availability.cluster-id", Some("default/flink-cluster"));
    all(&case, "high-availability.zookeeper.quorum", Some("zk:2181"));
    all(&case, "high-availability.storageDir", Some("hdfs:///user/flink/ha/default/flink-cluster"));
    let checkpoints = "hdfs:///user/flink/flink-checkpoints/default/flink-cluster";
    case.at("1.13.6").option("state.checkpoints.dir", Some(checkpoints));
    case.at("1.20.5").option("execution.checkpointing.dir", Some(checkpoints));
    case.at("2.3.0").option("execution.checkpointing.dir", Some(checkpoints));
}

#[test]
fn placeholders_of_the_file_give_way_and_values_stay() {
    let case = Case::new("cluster ha")
        .file(
            "high-availability.cluster-id: cluster-id\nhigh-availability.zookeeper.quorum: localhost:2181\n\
             state.backend.fs.checkpointdir: checkpointdir\nhigh-availability.storageDir: s3://b/ha",
        )
        .variable("FLINK_CLUSTER_IDENT", "n/c")
        .variable("FLINK_ZK_QUORUM", "zk:2181");
    all(&case, "high-availability.storageDir", Some("s3://b/ha"));
    all(&case, "state.backend.fs.checkpointdir", None);
    all(&case, "high-availability.cluster-id", Some("n/c"));
    case.at("1.13.6").option("high-availability", Some("zookeeper"));
    case.at("2.3.0").option("high-availability.type", Some("zookeeper"));
    let problems = Case::new("cluster ha").at("1.20.5").problems();
    assert_eq!(problems.len(), 2, "{problems:?}");
    let other = Case::new("cluster ha").file("high-availability: kubernetes");
    all(&other, "high-availability.zookeeper.quorum", None);
}

#[test]
fn heap_variables_take_the_place_of_sizes() {
    let case = Case::new("cluster")
        .file(
            "jobmanager.heap.mb: 1024\njobmanager.memory.process.size: 1600m\ntaskmanager.memory.process.size: 1728m",
        )
        .variable("JOB_MANGER_HOSTS", "flink-0")
        .variable("JOB_MANAGER_HEAP_MB", "3072")
        .variable("TASK_MANAGER_HEAP_MB", "2048");
    all(&case, "jobmanager.memory.heap.size", Some("3072m"));
    all(&case, "jobmanager.memory.process.size", None);
    all(&case, "jobmanager.heap.mb", None);
    all(&case, "taskmanager.memory.flink.size", Some("2048m"));
    all(&case, "taskmanager.memory.process.size", None);
    for version in ["1.13.6", "1.20.5", "2.3.0"] {
        assert!(case.at(version).launched().contains(&"-Xmx3221225472".to_owned()), "{version}");
    }
    let wrong = Case::new("jobmanager").variable("JOB_MANAGER_HEAP_MB", "3g");
    assert_eq!(wrong.at("1.20.5").problems().len(), 1);
}

#[test]
fn slots_of_such_a_cluster_are_its_processors() {
    let case = Case::new("cluster").file("taskmanager.numberOfTaskSlots: 1");
    all(&case, "taskmanager.numberOfTaskSlots", Some("3"));
    let case = Case::new("cluster").file("taskmanager.numberOfTaskSlots: 2");
    all(&case, "taskmanager.numberOfTaskSlots", Some("2"));
    let case = case.variable("TASK_MANAGER_NUMBER_OF_TASK_SLOTS", "7");
    all(&case, "taskmanager.numberOfTaskSlots", Some("7"));
    let seed = Case::new("taskmanager").variable("TASK_MANAGER_HEAP_MB", "1024").read_only();
    all(&seed, "taskmanager.numberOfTaskSlots", Some("3"));
}

#[test]
fn local_has_both_processes() {
    let case = Case::new("local").file("jobmanager.rpc.address: elsewhere");
    all(&case, "jobmanager.rpc.address", Some("localhost"));
    all(&case, "taskmanager.numberOfTaskSlots", Some("3"));
    assert!(case.at("1.20.5").start().with_task_manager);
}

#[test]
fn scripts_and_native_commands_follow_the_file_alone() {
    for words in [
        "jobmanager.sh start-foreground",
        "taskmanager.sh start-foreground",
        "bash -c kubernetes-jobmanager.sh\u{a0}kubernetes-session\u{a0}",
        "bash -c kubernetes-taskmanager.sh\u{a0}-D\u{a0}a=b",
    ] {
        let case = Case::new(words)
            .file("jobmanager.rpc.address: a\nx: $WHO")
            .variable("JOB_MANAGER_RPC_ADDRESS", "b")
            .variable("FLINK_PROPERTIES", "x: y");
        all(&case, "jobmanager.rpc.address", Some("a"));
        all(&case, "x", Some("$WHO"));
        case.at("1.20.5").unchanged();
    }
}

#[test]
fn scripts_say_which_variables_they_do_not_read() {
    #[track_caller]
    fn check(words: &str, variable: &str, expected: &[&str]) {
        let case = Case::new(words).variable(variable, "x");
        assert_eq!(case.at("1.20.5").start().said, expected, "{words}");
    }
    let said = "taskmanager.sh reads the configuration alone, not FLINK_PROPERTIES: the verb `taskmanager` reads both";
    check("taskmanager.sh start-foreground", "FLINK_PROPERTIES", &[said]);
    // The controls: the verb reads them, other variables are everybody's, and the native mode has none.
    check("taskmanager", "FLINK_PROPERTIES", &[]);
    check("taskmanager.sh start-foreground", "HOME", &[]);
    check("kubernetes-taskmanager.sh -Da=b", "FLINK_PROPERTIES", &[]);
}

/// The main class of what takes the container's place, in every version.
#[track_caller]
fn becomes(words: &str, class: &str) {
    for case in [Case::new(words), Case::new(words).variable("JOB_MANAGER_HEAP_MB", "700")] {
        for version in VERSIONS {
            let arguments = case.at(version).launched();
            let found = arguments.iter().any(|word| word.ends_with(&format!(".{class}")));
            assert!(found, "{words} in {version}: {arguments:?}");
        }
    }
}

#[test]
fn every_verb_becomes_its_process() {
    becomes("jobmanager", "StandaloneSessionClusterEntrypoint");
    becomes("local", "StandaloneSessionClusterEntrypoint");
    becomes("taskmanager", "TaskManagerRunner");
    becomes("cluster", "TaskManagerRunner");
    becomes("history-server", "HistoryServer");
    let application = "StandaloneApplicationClusterEntryPoint";
    becomes("standalone-job --job-classname a.B", application);
    for (script, class) in [
        ("jobmanager.sh", "StandaloneSessionClusterEntrypoint"),
        ("taskmanager.sh", "TaskManagerRunner"),
        ("historyserver.sh", "HistoryServer"),
        ("zookeeper.sh", "FlinkZooKeeperQuorumPeer"),
        ("standalone-job.sh", application),
    ] {
        becomes(&format!("{script} start-foreground"), class);
        // As a shell's word, by its path.
        becomes(&format!("bash -c exec\u{a0}/opt/flink/bin/{script}\u{a0}start-foreground"), class);
    }
    let native = "bash -c kubernetes-jobmanager.sh\u{a0}kubernetes-";
    becomes(&format!("{native}session"), "KubernetesSessionClusterEntrypoint");
    becomes(&format!("{native}application"), "KubernetesApplicationClusterEntrypoint");
    becomes("kubernetes-taskmanager.sh -Da=b", "KubernetesTaskExecutorRunner");
}

#[test]
fn verbs_without_a_process_of_ours() {
    let command = |words: &str| Case::new(words).at("1.20.5").command();
    for words in ["", "help", "--help", "-h"] {
        assert_eq!(command(words), Command::Help, "{words}");
    }
    for words in ["bash", "bash -c ls", "flink run a.jar", "/opt/flink/bin/sql-client.sh"] {
        assert!(matches!(command(words), Command::PassThrough(_)), "{words}");
    }
    let native = "bash -c kubernetes-taskmanager.sh\u{a0}-Da=b";
    let kept = Case::new(native).variable("NUTKIN_ENTRYPOINT", "passthrough");
    assert!(matches!(kept.at("1.20.5").command(), Command::PassThrough(_)));
    let (service, all) = (Service::TaskExecutor, true);
    assert_eq!(command("taskmanager.sh stop-all"), Command::Stop { service, all });
    assert!(matches!(command("zookeeper.sh start 2"), Command::Daemon { .. }));
    assert_eq!(command("start-cluster.sh"), Command::StartCluster);
    assert_eq!(command("stop-cluster.sh"), Command::StopCluster);
}

#[test]
fn a_role_that_is_named_has_high_availability_where_hosts_have_it() {
    for words in ["jobmanager ha", "taskmanager ha"] {
        let case = Case::new(words)
            .file("high-availability: zookeeper")
            .variable("FLINK_CLUSTER_IDENT", "n/c")
            .variable("FLINK_ZK_QUORUM", "zk:2181");
        all(&case, "high-availability.cluster-id", Some("n/c"));
        all(&case, "high-availability.zookeeper.quorum", Some("zk:2181"));
    }
    // Elsewhere it is a host.
    all(&Case::new("jobmanager ha"), "jobmanager.rpc.address", Some("ha"));
}

#[test]
fn what_only_the_process_sees() {
    let hadoop = Case::new("jobmanager").variable("HADOOP_CONF_DIR", "/etc/hadoop");
    let found = ContainerMachine {
        plugins: Some("/tmp/nutkin-9999-1/plugins".to_owned()),
        jemalloc: Some("/usr/lib/libjemalloc.so".to_owned()),
        ..machine()
    };
    for version in VERSIONS {
        let launch = hadoop.at(version).launch(&found);
        let at = launch.arguments.iter().position(|word| word == "-classpath").expect("one");
        assert!(launch.arguments[at + 1].contains(":/etc/hadoop"), "{:?}", launch.arguments);
        assert_eq!(launch.environment["FLINK_PLUGINS_DIR"], "/tmp/nutkin-9999-1/plugins");
        assert_eq!(launch.environment["LD_PRELOAD"], "/usr/lib/libjemalloc.so");
        let other = hadoop.clone().variable("LD_PRELOAD", "/a.so").at(version).launch(&found);
        assert_eq!(other.environment["LD_PRELOAD"], "/a.so:/usr/lib/libjemalloc.so");
        assert!(!hadoop.at(version).launch(&machine()).environment.contains_key("LD_PRELOAD"));
    }
}

#[test]
fn jemalloc_can_be_left_out() {
    #[track_caller]
    fn check(name: &str, value: &str, expected: bool) {
        let environment = BTreeMap::from([(name.to_owned(), value.to_owned())]);
        assert_eq!(wants_jemalloc(&environment), expected, "{name}={value}");
    }
    check("A", "", true);
    check("DISABLE_JEMALLOC", "", true);
    check("DISABLE_JEMALLOC", "false", true);
    check("DISABLE_JEMALLOC", "true", false);
    check("DISABLE_JEMALLOC", "1", false);
    check("LD_PRELOAD", "/usr/lib/libjemalloc.so.2", false);
}
