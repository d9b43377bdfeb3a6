//! `nutkin render --on kubernetes`: one golden file per feature. What it is made of beyond these is held against
//! recordings of Flink's own client, in `nutkin-core`.

use std::path::Path;

use nutkin_testkit::{Test, check_golden};

const SIZES: &str =
    "jobmanager.memory.process.size: 1600m\ntaskmanager.memory.process.size: 1728m\n";

/// A configuration directory as both dialects read it, and what a command says of it.
#[track_caller]
fn check(name: &str, test: Test, args: &[&str]) {
    let said = test
        .file("conf/config.yaml", SIZES)
        .file("conf/log4j-console.properties", "rootLogger.level = INFO\n")
        .args(["render", "--on", "kubernetes", "--conf-dir", "conf"])
        .args(["-Dkubernetes.cluster-id=words", "-Dkubernetes.namespace=ns1"])
        .args(args.iter().copied())
        .any_stdout()
        .run();
    golden(name, &said.stdout);
}

#[track_caller]
fn golden(name: &str, text: &str) {
    let file = format!("tests/it/golden/render/{name}.yaml");
    check_golden(&Path::new(env!("CARGO_MANIFEST_DIR")).join(file), text);
}

#[test]
fn the_least() {
    check("least", Test::new(), &[]);
    check("flink-2.3", Test::new(), &["--flink", "2.3"]);
    let old = || Test::new().file("conf/flink-conf.yaml", SIZES);
    check("flink-1.13", old(), &["--flink", "1.13"]);
    check("flink-1.17", old(), &["--flink", "1.17"]);
    // 1.20 continues with the dialect that it finds.
    check("flink-1.20-flink-conf", old(), &[]);
}

#[test]
fn high_availability() {
    check(
        "high-availability",
        Test::new(),
        &[
            "-Dhigh-availability.type=kubernetes",
            "-Dhigh-availability.storageDir=s3://bucket/ha",
            "-Dkubernetes.jobmanager.replicas=2",
        ],
    );
}

#[test]
fn the_pod() {
    check(
        "pod",
        Test::new(),
        &[
            "-Dkubernetes.jobmanager.labels=team:data",
            "-Dkubernetes.jobmanager.annotations='note:''a, b'''",
            "-Dkubernetes.jobmanager.node-selector=disk:ssd",
            "-Dkubernetes.jobmanager.tolerations=key:spot,operator:Exists,effect:NoSchedule",
            "-Dkubernetes.jobmanager.owner.reference=apiVersion:v1,kind:Pod,name:me,uid:u-1",
            "-Dkubernetes.jobmanager.service-account=flink",
            "-Dkubernetes.jobmanager.cpu.amount=0.5",
            "-Dkubernetes.jobmanager.cpu.limit-factor=2",
            "-Dkubernetes.jobmanager.memory.limit-factor=1.5",
            "-Dkubernetes.container.image.ref=me/flink:1",
            "-Dkubernetes.container.image.pull-policy=Always",
            "-Dkubernetes.container.image.pull-secrets=registry",
            "-Dcontainerized.master.env.TZ=UTC",
            "-Dkubernetes.jobmanager.entrypoint.args=--verbose",
            "-Dkubernetes.flink.log.dir=/var/log/flink",
        ],
    );
}

#[test]
fn services() {
    check(
        "services",
        Test::new(),
        &[
            "--flink=2.3",
            "-Dkubernetes.rest-service.exposed.type=NodePort",
            "-Dkubernetes.rest-service.annotations=a:b",
            "-Dkubernetes.rest-service.labels=c:d",
            "-Dkubernetes.internal-service.annotations=e:f",
            "-Drest.port=9091",
            "-Drest.bind-port=9092",
        ],
    );
    check("headless", Test::new(), &["-Dkubernetes.rest-service.exposed.type=Headless_ClusterIP"]);
    check("host-network", Test::new(), &["-Dkubernetes.hostnetwork.enabled=true"]);
}

#[test]
fn secrets_and_claims() {
    check(
        "secrets-and-claims",
        Test::new(),
        &[
            "--flink=2.3",
            "-Dkubernetes.secrets=s3:/opt/s3",
            "-Dkubernetes.env.secretKeyRef=env:KEY,secret:s3,key:key",
            "-Dkubernetes.persistent-volume-claims=data:/data",
        ],
    );
}

#[test]
fn pod_templates() {
    let template = "apiVersion: v1\nkind: Pod\nmetadata:\n  labels: {team: data}\nspec:\n  containers:\n  \
                    - name: logs\n    image: fluent-bit:3\n  - name: flink-main-container\n    env:\n    \
                    - {name: TZ, value: UTC}\n    volumeMounts:\n    - {name: data, mountPath: /data}\n  \
                    volumes:\n  - {name: data, emptyDir: {}}\n";
    check(
        "templates",
        Test::new().file("jm.yaml", template).file("tm.yaml", "kind: Pod\nspec: {}\n"),
        &[
            "-Dkubernetes.pod-template-file.jobmanager=jm.yaml",
            "-Dkubernetes.pod-template-file.taskmanager=tm.yaml",
        ],
    );
}

#[test]
fn hadoop_and_kerberos() {
    let test = Test::new()
        .file("hadoop/core-site.xml", "<configuration/>\n")
        .file("me.keytab", "not a real one")
        .file("krb5.conf", "[libdefaults]\n")
        .env("HADOOP_CONF_DIR", "hadoop");
    check(
        "hadoop-and-kerberos",
        test,
        &[
            "-Dsecurity.kerberos.login.keytab=me.keytab",
            "-Dsecurity.kerberos.login.principal=me@EXAMPLE.COM",
            "-Dsecurity.kerberos.krb5-conf.path=krb5.conf",
            "--show-secrets",
        ],
    );
}

#[test]
fn a_secret_is_printed_only_when_asked_for() {
    let test = || {
        Test::new()
            .file("conf/config.yaml", SIZES)
            .args(["render", "--on", "kubernetes", "--conf-dir", "conf"])
            .args(["-Ds3.secret-key=hunter2"])
    };
    test()
        .code(2)
        .stderr(
            "error: the value of `s3.secret-key` is a secret and would be printed\nhint: --show-secrets prints it\n",
        )
        .run();
    let said = test().args(["--show-secrets"]).any_stdout().run();
    assert!(said.stdout.contains("secret-key: hunter2"), "{}", said.stdout);
}

#[test]
fn json_is_a_list_in_order_of_creation() {
    let said = Test::new()
        .file("conf/config.yaml", SIZES)
        .env("FLINK_CONF_DIR", "conf")
        .args(["render", "--on", "kubernetes", "-o", "json"])
        .any_stdout()
        .run();
    let list: serde_json::Value = serde_json::from_str(&said.stdout).unwrap();
    assert_eq!((&list["apiVersion"], &list["kind"]), (&"v1".into(), &"List".into()));
    let kinds: Vec<&str> =
        list["items"].as_array().unwrap().iter().filter_map(|item| item["kind"].as_str()).collect();
    assert_eq!(kinds, ["Deployment", "Service", "Service", "ConfigMap"]);
    assert_eq!(list["items"][0]["metadata"]["name"], "default");
}

#[test]
fn all_problems_at_once_with_their_places() {
    Test::new()
        .file("conf/config.yaml", SIZES)
        .file("pod.yaml", "kind: Pod\nspec:\n  terminationGracePeriodSeconds: soon\n  containers: one\n")
        .args(["render", "--on", "kubernetes", "--conf-dir", "conf"])
        .args(["-Dkubernetes.cluster-id=My_Words", "-Dblob.server.port=1-2"])
        .args(["-Dkubernetes.pod-template-file.jobmanager=pod.yaml"])
        .code(2)
        .stderr(
            "error: the input has 4 problems; nothing was changed\n  \
             `blob.server.port`: on Kubernetes this must be one port, not a range or a list\n    \
             hint: write a number from 1 to 65535, or remove the option\n  \
             `kubernetes.cluster-id`: `My_Words` cannot be the name of a session on Kubernetes\n    \
             hint: start with a lower-case letter, continue with those, digits and `-`; at most 45 characters\n  \
             pod.yaml:3: `spec.terminationGracePeriodSeconds`: invalid type: string \"soon\", expected i64\n  \
             pod.yaml:4: `spec.containers`: expected a list\n",
        )
        .run();
}

#[test]
fn a_session_file() {
    let said = Test::new()
        .file("s.yaml", SESSION)
        .args(["render", "--on", "kubernetes", "-f", "s.yaml", "-n", "ns2"])
        .any_stdout()
        .run();
    golden("session-file", &said.stdout);
}

/// Fields that mean something on Kubernetes.
const SESSION: &str = "\
apiVersion: flink.apache.org/v1beta1
kind: FlinkDeployment
metadata:
  name: words
  namespace: ns1
  labels: {team: data}
spec:
  flinkVersion: v2_3
  image: me/flink:1
  imagePullPolicy: Always
  serviceAccount: flink
  restartNonce: 3
  ingress: {template: '{{name}}.example.com', className: nginx}
  podTemplate:
    spec:
      priorityClassName: high
      containers:
      - name: flink-main-container
        env: [{name: TZ, value: UTC}]
  jobManager:
    resources:
      requests: {cpu: 500m, memory: 2Gi}
      limits: {cpu: '1', memory: 3Gi}
  taskManager:
    resource: {cpu: 1, memory: 2Gi, ephemeralStorage: 5Gi}
";

/// Two clusters' worth of contexts, the first of them current.
const KUBECONFIG: &str = "\
apiVersion: v1
kind: Config
current-context: first
clusters: [{name: c, cluster: {server: 'http://127.0.0.1:1'}}]
users: [{name: u, user: {token: t}}]
contexts:
- {name: first, context: {cluster: c, user: u, namespace: one}}
- {name: second, context: {cluster: c, user: u}}
";

/// Who asks no cluster takes the namespace that `up` would take: `said` is what is told about it. `note` is what is
/// remembered of the session, if it is known.
#[track_caller]
fn check_namespace_of(
    note: Option<&str>,
    file: &str,
    words: &[&str],
    (expected, said): (&str, &str),
) {
    for command in ["render", "rbac"] {
        let mut test = Test::new();
        if let Some(note) = note {
            test = test.file(".local/state/nutkin/elsewhere/kubernetes/words.json", note);
        }
        let test = test
            .file("kubeconfig", KUBECONFIG)
            .file("s.yaml", file)
            .env("KUBECONFIG", "kubeconfig")
            .args([command, "--on", "kubernetes", "-f", "s.yaml", "-o", "json"])
            .args(words)
            .stderr(said)
            .any_stdout()
            .run();
        let list: serde_json::Value = serde_json::from_str(&test.stdout).unwrap();
        for item in list["items"].as_array().unwrap() {
            assert_eq!(item["metadata"]["namespace"], expected, "{command}: {item}");
        }
        if command == "render" {
            // The address of the JobManager.
            assert!(test.stdout.contains(&format!("words.{expected}")), "{}", test.stdout);
        }
    }
}

#[track_caller]
fn check_namespace(file: &str, words: &[&str], expected: &str, said: &str) {
    check_namespace_of(None, file, words, (expected, said));
}

#[test]
fn the_namespace_that_was_noted() {
    let note = Some(r#"{"namespace": "noted", "context": "first"}"#);
    let plain = "apiVersion: flink.apache.org/v1beta1\nkind: FlinkDeployment\nmetadata: {name: words}\n\
                 spec: {flinkVersion: v1_20}\n";
    let named = plain.replace("name: words", "name: words, namespace: ns1");
    check_namespace_of(note, plain, &[], ("noted", ""));
    check_namespace_of(note, plain, &["-n", "two"], ("two", ""));
    check_namespace_of(note, plain, &["-D", "kubernetes.namespace=two"], ("two", ""));
    check_namespace_of(note, &named, &[], ("ns1", ""));
    // Said on the command line, which is stronger than the file.
    check_namespace_of(note, &named, &["-D", "kubernetes.namespace=two"], ("two", ""));
}

#[test]
fn the_namespace_of_the_context() {
    let plain = "apiVersion: flink.apache.org/v1beta1\nkind: FlinkDeployment\nmetadata: {name: words}\n\
                 spec: {flinkVersion: v1_20}\n";
    let named = plain.replace("name: words", "name: words, namespace: ns1");
    let told = "namespace `one`, as the kubeconfig's context says\n";
    check_namespace(plain, &[], "one", told);
    check_namespace(plain, &["--context", "second"], "default", "");
    check_namespace(plain, &["-D", "kubernetes.context=second"], "default", "");
    check_namespace(plain, &["-D", "kubernetes.namespace=two"], "two", "");
    check_namespace(plain, &["-n", "default"], "default", "");
    check_namespace(&named, &[], "ns1", "");
    check_namespace(&named, &["-n", "two"], "two", "");
}

#[test]
fn a_context_that_is_not_there() {
    Test::new()
        .file("kubeconfig", KUBECONFIG)
        .env("KUBECONFIG", "kubeconfig")
        .args(["render", "--on", "kubernetes", "--context", "third"])
        .code(2)
        .stderr(
            "error: the kubeconfig `$DIR/kubeconfig` cannot be used\n  \
             caused by: failed to load current context: third\n\
             hint: `kubectl config get-contexts` shows what it holds; --context and KUBECONFIG choose\n\
             hint: -n NAME says the namespace without it\n",
        )
        .run();
}
