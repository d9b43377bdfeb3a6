//! The place of `kubernetes-session.sh` taken: its words, its answers and its exit codes, and what it does wrong not done.

use std::collections::BTreeMap;
use std::fs::File;
use std::os::unix::fs::symlink;
use std::process::{Command, Stdio};
use std::time::Duration;

use nutkin_e2e::{Cluster, Finished, assert_same};
use nutkin_testkit::recording::with_settings;
use serde_json::{Value, json};

/// What Flink's client needs, and nothing more.
const CONFIG: &str = "\
jobmanager.memory.process.size: 1600m
taskmanager.memory.process.size: 1728m
";

/// The commands that somebody attached is told.
const COMMANDS: &str = "Available commands:\nhelp - show these commands\nstop - stop the \
                        kubernetes cluster\nquit - quit attach mode\n";

/// Runs a command with the words of the script: in the cluster's namespace, with a configuration directory, and
/// with what somebody types.
#[track_caller]
fn run(cluster: &Cluster, mut command: Command, words: &[&str], typed: &str) -> Finished {
    cluster.nutkin.file("conf/config.yaml", CONFIG);
    let input = cluster.nutkin.file("typed.txt", typed);
    command
        .arg(format!("-Dkubernetes.namespace={}", cluster.namespace))
        .args(words)
        .current_dir(cluster.nutkin.directory())
        .env_clear()
        .stdin(Stdio::from(File::open(input).expect("what is typed")));
    for (name, value) in cluster.nutkin.command(&[]).get_envs() {
        command.env(name, value.unwrap_or_default());
    }
    command.env("KUBECONFIG", cluster.kubeconfig());
    command.env("FLINK_CONF_DIR", cluster.nutkin.directory().join("conf"));
    cluster.nutkin.start(command).wait(Duration::from_mins(2))
}

/// The binary under the script's name.
#[track_caller]
fn script(cluster: &Cluster, words: &[&str], typed: &str) -> Finished {
    let link = cluster.nutkin.directory().join("kubernetes-session.sh");
    if !link.exists() {
        symlink(&cluster.nutkin.setup().binary, &link).expect("a link");
    }
    run(cluster, Command::new(link), words, typed)
}

/// Flink's own client.
#[track_caller]
fn original(cluster: &Cluster, version: &str, words: &[&str]) -> Finished {
    let class = "org.apache.flink.kubernetes.cli.KubernetesSessionCli";
    run(cluster, cluster.nutkin.setup().java(version, &[], class), words, "")
}

const ID: &str = "-Dkubernetes.cluster-id=my-first";
const ATTACHED: &str = "-Dexecution.attached=true";

/// Objects without what is Nutkin's own about them.
fn without_marks(mut objects: BTreeMap<String, Value>) -> BTreeMap<String, Value> {
    for object in objects.values_mut() {
        for place in ["/metadata", "/spec/template/metadata"] {
            for kind in ["labels", "annotations"] {
                let Some(metadata) = object.pointer_mut(place).and_then(Value::as_object_mut)
                else {
                    continue;
                };
                let Some(marks) = metadata.get_mut(kind).and_then(Value::as_object_mut) else {
                    continue;
                };
                marks.retain(|key, _| !key.starts_with("nutkin.dev/"));
                if marks.is_empty() {
                    metadata.remove(kind);
                }
            }
        }
        with_settings(object);
        // Given out by the API server.
        if let Some(port) = object.pointer_mut("/spec/ports/0").and_then(Value::as_object_mut) {
            port.remove("nodePort");
        }
    }
    objects
}

/// The same command line gives the same objects in a real cluster, defaults of the API server included; and the
/// session of the one is found, and ended, by the other.
#[track_caller]
fn check_original(version: &str, options: &[&str]) {
    let (theirs, ours) = (Cluster::new(), Cluster::new());
    let words = [&[ID], options].concat();
    original(&theirs, version, &words).expect(0);
    let version = format!("-Dnutkin.flink.version={version}");
    let words = [&words[..], &[&version]].concat();
    script(&ours, &words, "").expect(0).prints("Create flink session cluster my-first success");
    let (found, expected) = (without_marks(ours.objects()), without_marks(theirs.objects()));
    assert_same(&found, &expected, "Nutkin's objects, Flink's objects");

    let before = theirs.objects();
    script(&theirs, &words, "").expect(0).prints("Retrieve flink cluster my-first successfully");
    assert_eq!(theirs.objects(), before);
    let stopped = script(&theirs, &[&words[..], &[ATTACHED]].concat(), "stop\n");
    stopped.expect(0).says("Deployment/my-first was started by another client");
    assert!(theirs.objects().is_empty(), "{:?}", theirs.objects().keys());
}

#[test]
fn the_objects_of_flinks_own_client_1_20() {
    let labels = "-Dkubernetes.jobmanager.labels=team:words,env:test";
    let toleration = "-Dkubernetes.jobmanager.tolerations=key:k,operator:Exists,effect:NoSchedule";
    let headless = "-Dkubernetes.rest-service.exposed.type=Headless_ClusterIP";
    check_original("1.20.5", &[labels, toleration, headless]);
}

#[test]
fn the_objects_of_flinks_own_client_2_3() {
    let options = ["-Dkubernetes.jobmanager.replicas=2", "-Dhigh-availability.type=kubernetes"];
    let storage = "-Dhigh-availability.storageDir=file:///ha";
    check_original("2.3.0", &[&options[..], &[storage]].concat());
}

#[test]
fn commands_of_attached_mode() {
    let cluster = Cluster::new();
    let typed = "help\nfoo\n\nquit\n";
    let unknown = |word: &str| format!("Unknown command '{word}'. Showing help:\n{COMMANDS}");
    script(&cluster, &[ID, ATTACHED], typed)
        .expect(0)
        .prints("Create flink session cluster my-first successfully, JobManager Web Interface: ")
        .prints(&format!("http://my-first-rest.{}:8081\n", cluster.namespace))
        .says(&[COMMANDS, &unknown("foo"), &unknown("")].concat());
    let before = cluster.objects();
    // The end of the input is the end of the attachment; Flink's client would never end.
    script(&cluster, &[ID, ATTACHED], "").expect(0).prints("Retrieve flink cluster my-first");
    assert_eq!(cluster.objects(), before);
    script(&cluster, &[ID, ATTACHED], "stop\n").expect(0);
    assert!(cluster.objects().is_empty(), "{:?}", cluster.objects().keys());
}

/// Flink's client has made the session by then, and fails.
#[test]
fn an_address_that_is_not_known_yet_is_no_failure() {
    let cluster = Cluster::new();
    script(&cluster, &[ID, "-Dkubernetes.rest-service.exposed.type=NodePort"], "")
        .expect(0)
        .prints("Create flink session cluster my-first successfully\n")
        .says("nutkin open my-first");
}

#[test]
fn a_foreign_deployment_is_not_touched() {
    let cluster = Cluster::new();
    let pod = json!({
        "metadata": {"labels": {"x": "y"}},
        "spec": {"containers": [{"name": "c", "image": "i"}]},
    });
    let spec = json!({"selector": {"matchLabels": {"x": "y"}}, "template": pod});
    let metadata = json!({"name": "my-first"});
    cluster.apply(&json!({
        "apiVersion": "apps/v1", "kind": "Deployment", "metadata": metadata, "spec": spec,
    }));
    let before = cluster.objects();
    script(&cluster, &[ID, ATTACHED], "stop\n")
        .expect(1)
        .says("The program finished with the following exception:")
        .says("Could not create Kubernetes cluster \"my-first\".")
        .says("Deployment/my-first in namespace")
        .says("it was not touched");
    assert_eq!(cluster.objects(), before);
}

#[test]
fn what_is_no_command_line_starts_nothing() {
    let cluster = Cluster::new();
    script(&cluster, &[ID, "-h"], "").expect(0).prints("-Dkubernetes.cluster-id=ID");
    script(&cluster, &[ID, "-jm", "1024m", "word", "-Drest.port=1"], "")
        .expect(1)
        .prints("Unrecognized option: -jm; instead: -Djobmanager.memory.process.size=1024m\n")
        .prints("Unrecognized argument: word\n")
        .prints("Use the help option (-h or --help) to get help on the command.\n");
    script(&cluster, &[ID, "-t"], "").expect(1).prints("Missing argument for option: t\n");
    script(&cluster, &["-Dkubernetes.cluster-id=My_First"], "")
        .expect(1)
        .says("The program finished with the following exception:");
    script(&cluster, &[ID, "-Dexecution.attached=perhaps"], "").expect(1).says("`true` or `false`");
    assert!(cluster.objects().is_empty(), "{:?}", cluster.objects().keys());
}

#[test]
fn a_name_is_made_up_and_what_was_cut_off_is_completed() {
    let cluster = Cluster::new();
    script(&cluster, &[], "").expect(0).prints("Create flink session cluster flink-cluster-");
    let all = cluster.objects();
    let names: Vec<&str> = all.keys().map(String::as_str).collect();
    let id = names.iter().find_map(|name| name.strip_prefix("Deployment/")).expect("one");
    assert_eq!(id.len(), 45);
    cluster.kubectl(&["delete", &format!("configmap/flink-config-{id}")]);
    let id = format!("-Dkubernetes.cluster-id={id}");
    script(&cluster, &[&id], "").expect(0).prints("Create flink session cluster");
    assert_same(&cluster.objects(), &all, "after it was completed");
}
