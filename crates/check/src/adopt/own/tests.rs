//! What `render` prints is adopted as the session file that it came from: the examples, and any session file.

use nutkin_core::plan::kubernetes::native::ClientMachine;
use nutkin_core::plan::kubernetes::plan;
use nutkin_core::session::Session;
use nutkin_core::spec::{self, Inputs};
use nutkin_flink::{Problem, yaml};
use proptest::prelude::*;
use proptest::sample::{select, subsequence};

use crate::Input;
use crate::adopt::difference::{differences, rendered};
use crate::adopt::{Adoption, AdoptionRequest, adopt};

fn session(text: &str) -> Result<Session, Vec<Problem>> {
    let file = spec::read(text, "session.yaml")?;
    spec::resolve(&Inputs { file: Some(file), ..Inputs::default() })
}

/// What `render` prints of a session file.
fn render(text: &str) -> Result<String, Vec<Problem>> {
    let items = plan(&session(text)?, &ClientMachine::default())?.items;
    let documents: Vec<String> = items.iter().map(|item| yaml::to_string(item).unwrap()).collect();
    Ok(documents.join("---\n"))
}

fn adopted(objects: &str) -> Adoption {
    let inputs = [Input { name: "objects.yaml".to_owned(), text: objects.to_owned() }];
    let request = AdoptionRequest::default();
    let adoption = adopt(&inputs, &request).unwrap_or_else(|p| panic!("{p:?}\n{objects}"));
    let head = "# Made by `nutkin init --from` of objects that Nutkin made";
    assert!(adoption.text.starts_with(head), "{}", adoption.text);
    let found = differences(&inputs, &request, &adoption).unwrap();
    let unexplained: Vec<_> = found.iter().filter(|one| one.why.is_none()).collect();
    assert!(unexplained.is_empty(), "{unexplained:#?}");
    adoption
}

/// Documents without the order in which their maps were written.
fn documents(text: &str) -> Vec<serde_json::Value> {
    let (documents, problems) = yaml::documents(text, "objects.yaml");
    assert!(problems.is_empty(), "{problems:?}");
    documents.iter().map(yaml::Node::to_json).filter(|one| !one.is_null()).collect()
}

/// The session file of a rendering makes the same rendering, and says of Nutkin's own options what the first said.
#[track_caller]
fn check(text: &str) {
    let objects = render(text).unwrap();
    let adoption = adopted(&objects);
    assert!(
        adoption.text.starts_with("# Made by `nutkin init --from` of objects that Nutkin made")
    );
    assert!(adoption.beside.is_empty(), "{:?}", adoption.beside);
    assert_eq!(documents(&rendered(&adoption).unwrap()), documents(&objects), "{}", adoption.text);
    let own = |text: &str| -> Vec<(String, String)> {
        let session = session(text).unwrap();
        let own = session.configuration.iter().filter(|(key, _)| key.starts_with("nutkin."));
        own.map(|(key, entry)| (key.to_owned(), entry.value.to_string())).collect()
    };
    let (was, is) = (own(text), own(&adoption.text));
    let is_shown = |(key, _): &&(String, String)| !TRACELESS.contains(&key.as_str());
    let shown = |all: &[(String, String)]| -> Vec<(String, String)> {
        all.iter().filter(is_shown).cloned().collect()
    };
    assert_eq!(shown(&is), shown(&was), "{}", adoption.text);
    assert!(is.iter().all(|one| was.contains(one)), "{}", adoption.text);
}

/// Options that may leave no trace: how many pods a change may take at once, rights where nothing has to be allowed, a
/// budget for a single pod, the role of a claim where all pods are of one StatefulSet.
const TRACELESS: [&str; 4] = [
    "nutkin.upgrade.max-unavailable",
    "nutkin.rbac.create",
    "nutkin.pod-disruption-budget",
    "nutkin.claim.old.role",
];

#[test]
fn examples() {
    check(include_str!("../../../../../examples/session.yaml"));
    check(include_str!("../../../../../examples/node-port.yaml"));
    check(include_str!("../../../../../examples/stateful-set.yaml"));
    check(include_str!("../../../../../examples/native.yaml"));
    check(include_str!("../../../../../examples/high-availability.yaml"));
}

/// What the pods have by `resource` stays there: it is neither a template nor an option.
#[test]
fn amounts_of_both_roles() {
    for mode in ["native", "standalone"] {
        let text = format!(
            "apiVersion: flink.apache.org/v1beta1\nkind: FlinkDeployment\nmetadata: {{name: orders}}\nspec:\n  flinkVersion: v1_20\n  mode: {mode}\n  \
             jobManager:\n    resource: {{memory: 2g, cpu: 1, ephemeralStorage: 1Gi}}\n  taskManager:\n    resource: {{memory: 3g, cpu: 2}}\n"
        );
        check(&text);
        let made = adopted(&render(&text).unwrap()).text;
        for (word, is_there) in [
            ("memory: 2048m", true),
            ("cpu: 1.0", true),
            ("ephemeralStorage: 1Gi", true),
            ("memory: 3072m", true),
            ("podTemplate", false),
            ("process.size", false),
            ("cpu.amount", false),
        ] {
            assert_eq!(made.contains(word), is_there, "{word} in {mode}:\n{made}");
        }
    }
}

/// As `render -o kustomize` writes it: a list of the files lies beside the objects.
#[test]
fn a_directory_for_kustomize() {
    let text = include_str!("../../../../../examples/session.yaml");
    let list = "apiVersion: kustomize.config.k8s.io/v1beta1\nkind: Kustomization\nresources: [all.yaml]\n---\n";
    let adoption = adopted(&(list.to_owned() + &render(text).unwrap()));
    assert_eq!(
        rendered(&adoption).unwrap().replace("---\n", ""),
        render(text).unwrap().replace("---\n", "")
    );
}

/// The control: a rendering that somebody changed is not taken for one.
#[test]
fn a_changed_rendering_is_adopted_as_a_file_of_somebody() {
    let objects = render(include_str!("../../../../../examples/session.yaml")).unwrap();
    let changed = objects.replace("replicas: 2", "replicas: 2\n  paused: true");
    assert_ne!(changed, objects);
    let inputs = [Input { name: "objects.yaml".to_owned(), text: changed }];
    let adoption = adopt(&inputs, &AdoptionRequest::default()).unwrap();
    assert!(!adoption.text.contains("objects that Nutkin made"), "{}", adoption.text);
}

/// A native rendering that somebody changed keeps the template of its TaskManagers, or is refused without it.
#[test]
fn a_changed_native_rendering_keeps_its_template() {
    let text = "apiVersion: flink.apache.org/v1beta1\nkind: FlinkDeployment\nmetadata: {name: orders}\nspec:\n  flinkVersion: v1_20\n  mode: native\n  \
                taskManager:\n    resource: {memory: 3g, cpu: 2}\n    podTemplate: {spec: {priorityClassName: high}}\n";
    let objects =
        render(text).unwrap().replace("  replicas: 1\n", "  replicas: 1\n  paused: true\n");
    let made = |objects: String| {
        adopt(
            &[Input { name: "objects.yaml".to_owned(), text: objects }],
            &AdoptionRequest::default(),
        )
    };
    let adoption = made(objects.clone()).unwrap();
    assert!(adoption.text.contains("priorityClassName: high"), "{}", adoption.text);
    assert!(adoption.beside.iter().all(|one| one["kind"] != "ConfigMap"), "{:?}", adoption.beside);
    let is_template =
        |one: &&str| one.contains("kind: ConfigMap") && one.contains("name: pod-template-orders");
    let without: Vec<&str> = objects.split("---\n").filter(|one| !is_template(one)).collect();
    let refused = made(without.join("---\n")).unwrap_err();
    assert!(refused[0].message.contains("ConfigMap pod-template-orders"), "{refused:?}");
}

/// Lines of `spec` that go together with any others.
const FIELDS: [&str; 5] = [
    "  image: registry.example.com/flink:7\n",
    "  imagePullPolicy: Always\n",
    "  restartNonce: 4\n",
    "  ingress: {template: \"{{name}}.example.com/ui\", className: nginx, annotations: {a: b}}\n",
    "  serviceAccount: streams\n",
];

/// Log files of Log4j, of logback, and of both.
const LOGGING: [&str; 4] = [
    "",
    "  logConfiguration: {log4j-console.properties: \"rootLogger.level = WARN\\n\"}\n",
    "  logConfiguration: {logback-console.xml: \"<configuration/>\\n\"}\n",
    "  logConfiguration: {logback-console.xml: \"<configuration/>\\n\", log4j-console.properties: \"rootLogger.level = WARN\\n\"}\n",
];

/// Amounts of a role.
const AMOUNTS: [&str; 3] = [
    "    resource: {memory: 3g, cpu: 2}\n",
    "    resource: {memory: 3g, ephemeralStorage: 5Gi}\n",
    "    resource: {memory: 2049m, cpu: 0.5, ephemeralStorage: 500M}\n",
];

/// Options that go together with any others.
const OPTIONS: [&str; 18] = [
    "nutkin.rbac.create: \"true\"",
    "nutkin.network-policy: \"true\"",
    "nutkin.pod-disruption-budget: \"true\"",
    "nutkin.security-context: none",
    "nutkin.service.old-name.ports: rpc,blob,rest",
    "nutkin.claim.jars.path: /opt/flink/usrlib\n    nutkin.claim.jars.size: 2Gi",
    "nutkin.claim.old.path: /old\n    nutkin.claim.old.role: jobmanager",
    "taskmanager.numberOfTaskSlots: \"3\"",
    "parallelism.default: \"3\"",
    "rest.port: \"9081\"",
    "blob.server.port: \"7124\"",
    "queryable-state.enable: \"true\"",
    "kubernetes.container.image.pull-secrets: login;mirror",
    "kubernetes.taskmanager.node-selector: disk:fast",
    "kubernetes.taskmanager.cpu.amount: \"0.5\"",
    "kubernetes.taskmanager.memory.limit-factor: \"1.5\"",
    "containerized.master.env.REGION: north",
    "execution.checkpointing.dir: s3://state/checkpoints",
];

/// Pod templates, whole.
const TEMPLATES: [&str; 4] = [
    "",
    "spec: {nodeSelector: {zone: a}}",
    "metadata: {labels: {team: a}, annotations: {b: c}}, spec: {containers: [{name: logs, image: \"logs:1\"}, {name: flink-main-container, env: [{name: A, value: b}], livenessProbe: {tcpSocket: {port: rest}}}]}",
    "spec: {securityContext: {fsGroup: 7}, volumes: [{name: x, emptyDir: {}}], containers: [{name: flink-main-container, volumeMounts: [{name: x, mountPath: /x}], resources: {limits: {nvidia.com/gpu: \"1\"}}}]}",
];

/// A session file, and whether its pods are those of one StatefulSet.
fn files() -> impl Strategy<Value = String> {
    (
        (select(&["v1_15", "v1_18", "v1_20", "v2_0"][..]), select(&["native", "standalone"][..])),
        subsequence(&FIELDS[..], 0..=FIELDS.len()),
        subsequence(&OPTIONS[..], 0..=OPTIONS.len()),
        (select(&TEMPLATES[..]), select(&TEMPLATES[..]), select(&["", "1", "2"][..])),
        (any::<bool>(), any::<bool>(), 1..4_u32, select(&LOGGING[..]), select(&AMOUNTS[..])),
    )
        .prop_map(|((flink, mode), fields, options, templates, others)| {
            let (of_all, of_workers, sets) = templates;
            let (ha, sized, workers, logging, amounts) = others;
            let mut text = format!(
                "apiVersion: flink.apache.org/v1beta1\nkind: FlinkDeployment\nmetadata: {{name: orders, namespace: shop}}\n\
                 spec:\n  flinkVersion: {flink}\n  mode: {mode}\n{}{logging}  flinkConfiguration:\n    jobmanager.memory.process.size: 2g\n",
                fields.concat()
            );
            let standalone = mode == "standalone";
            for option in options {
                if standalone || !option.starts_with("nutkin.") || option.contains("rbac") {
                    text.push_str(&format!("    {option}\n"));
                }
            }
            if ha {
                text.push_str("    high-availability: zookeeper\n    high-availability.zookeeper.quorum: zk:2181\n    high-availability.storageDir: s3://state/ha\n");
            }
            if standalone && !sets.is_empty() {
                text.push_str("    nutkin.standalone.workload: statefulset\n");
                if sets == "1" {
                    text.push_str("    nutkin.standalone.stateful-sets: \"1\"\n");
                }
            }
            if !of_all.is_empty() {
                text.push_str(&format!("  podTemplate: {{{of_all}}}\n"));
            }
            text.push_str("  taskManager:\n");
            if standalone {
                text.push_str(&format!("    replicas: {workers}\n"));
            }
            if sized || !standalone {
                text.push_str(amounts);
            }
            if !of_workers.is_empty() && sets != "1" {
                text.push_str(&format!("    podTemplate: {{{of_workers}}}\n"));
            }
            text
        })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn any_rendering(text in files()) {
        match render(&text) {
            Ok(_) => check(&text),
            Err(problems) => panic!("not a session file: {problems:?}\n{text}"),
        }
    }
}
