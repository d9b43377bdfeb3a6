//! Random pod templates: Pods as people write them, and now and then something that is none.

use serde_json::{Map, Value, json};

use crate::conformance::random::Random;

/// A template as YAML, or as JSON, which is YAML as well.
pub(super) fn random(random: &mut Random) -> String {
    if random.one_in(25) {
        return random
            .word(&[
                "",
                "# nothing\n",
                "{}\n",
                "kind: Pod\n",
                "no pod\n",
                "kind: Deployment\nspec: {}\n",
                "kind: Pod\nspec: {containers: none}\n",
                "kind: Pod\nspec: [\n",
                "kind: Pod\nspec: {}\n---\nkind: Pod\n",
                "kind: Pod\nspec: {terminationGracePeriodSeconds: soon}\n",
            ])
            .to_owned();
    }
    let pod = pod(random);
    if random.one_in(4) {
        return format!("{pod:#}\n");
    }
    let text = nutkin_flink::yaml::to_string(&pod).unwrap_or_default();
    if random.one_in(6) { format!("# a template\n---\n{text}") } else { text }
}

fn pod(random: &mut Random) -> Value {
    let mut metadata = Map::new();
    if random.one_in(3) {
        metadata.insert("name".to_owned(), json!("template"));
    }
    if random.one_in(3) {
        metadata
            .insert("labels".to_owned(), json!({"team": "data", "app": "mine", "version": "1.50"}));
    }
    if random.one_in(3) {
        metadata.insert("annotations".to_owned(), json!({"note": "a: b # c", "yes": "no"}));
    }
    let mut spec = Map::new();
    for (key, rarity, values) in fields() {
        if random.one_in(rarity) {
            spec.insert(key.to_owned(), random.pick(&values).clone());
        }
    }
    let mut containers: Vec<Value> = Vec::new();
    for name in ["logs", "proxy"] {
        if random.one_in(4) {
            containers.push(container(random, name));
        }
    }
    if !random.one_in(8) {
        let at = random.below(containers.len() + 1);
        containers.insert(at, container(random, "flink-main-container"));
    }
    spec.insert("containers".to_owned(), json!(containers));
    if random.one_in(4) {
        spec.insert("initContainers".to_owned(), json!([container(random, "init")]));
    }
    let mut pod =
        Map::from_iter([("apiVersion".to_owned(), json!("v1")), ("kind".to_owned(), json!("Pod"))]);
    if !metadata.is_empty() || random.one_in(3) {
        pod.insert("metadata".to_owned(), Value::Object(metadata));
    }
    pod.insert("spec".to_owned(), Value::Object(spec));
    Value::Object(pod)
}

/// Fields of a pod: how rare they are, and what is there.
fn fields() -> Vec<(&'static str, usize, Vec<Value>)> {
    vec![
        ("serviceAccountName", 6, vec![json!("new")]),
        ("serviceAccount", 8, vec![json!("old")]),
        ("dnsPolicy", 6, vec![json!("Default"), json!("None")]),
        ("hostNetwork", 6, vec![json!(true), json!(false)]),
        ("restartPolicy", 6, vec![json!("Never"), json!("Always")]),
        ("priorityClassName", 6, vec![json!("high")]),
        ("schedulerName", 8, vec![json!("volcano")]),
        ("terminationGracePeriodSeconds", 6, vec![json!(45)]),
        ("nodeSelector", 5, vec![json!({"disk": "ssd"}), json!({})]),
        ("tolerations", 5, vec![json!([{"key": "t", "operator": "Exists"}])]),
        ("imagePullSecrets", 6, vec![json!([{"name": "s1"}])]),
        ("securityContext", 5, vec![json!({"runAsUser": 9999, "runAsNonRoot": true})]),
        ("hostAliases", 8, vec![json!([{"ip": "10.1.2.3", "hostnames": ["a.local"]}])]),
        (
            "affinity",
            6,
            vec![json!({"podAntiAffinity": {"requiredDuringSchedulingIgnoredDuringExecution": [
                {"topologyKey": "kubernetes.io/hostname", "labelSelector": {"matchLabels": {"app": "x"}}},
            ]}})],
        ),
        (
            "volumes",
            2,
            vec![
                json!([{"name": "scratch", "emptyDir": {}}]),
                json!([{"name": "scratch", "emptyDir": {"medium": "Memory", "sizeLimit": "1Gi"}}]),
                json!([{"name": "scratch", "configMap": {"name": "m", "items": [{"key": "a", "path": "b"}]}}]),
                json!([{"name": "scratch", "persistentVolumeClaim": {"claimName": "p"}}]),
                json!([{"name": "flink-config-volume", "emptyDir": {}}]),
            ],
        ),
    ]
}

fn container(random: &mut Random, name: &str) -> Value {
    let mut container = Map::from_iter([("name".to_owned(), json!(name))]);
    if name != "flink-main-container" || random.one_in(3) {
        container.insert("image".to_owned(), json!("example.com/img:1"));
    }
    let choices: [(&str, usize, Vec<Value>); 9] = [
        ("imagePullPolicy", 4, vec![json!("Always"), json!("Never")]),
        (
            "env",
            3,
            vec![
                json!([{"name": "A", "value": "from the template"}, {"name": "FLINK_LOG_DIR", "value": "/x"}]),
                json!([{"name": "_POD_IP_ADDRESS", "value": "1.2.3.4"}]),
                json!([{"name": "REF", "valueFrom": {"fieldRef": {"fieldPath": "metadata.name"}}}]),
                json!([{"name": "LIMIT", "valueFrom": {"resourceFieldRef": {"resource": "limits.cpu"}}}]),
            ],
        ),
        ("envFrom", 7, vec![json!([{"configMapRef": {"name": "m"}}])]),
        (
            "ports",
            4,
            vec![
                json!([{"containerPort": 9249, "name": "metrics", "protocol": "TCP"}]),
                json!([{"containerPort": 9250}]),
            ],
        ),
        (
            "resources",
            3,
            vec![
                json!({"requests": {"cpu": 2, "memory": "1Gi"}, "limits": {"nvidia.com/gpu": 1}}),
                json!({"limits": {"cpu": "500m", "ephemeral-storage": 1000}}),
            ],
        ),
        (
            "livenessProbe",
            4,
            vec![
                json!({"httpGet": {"path": "/overview", "port": "rest"}, "periodSeconds": 60}),
                json!({"tcpSocket": {"port": 6123}}),
                json!({"exec": {"command": ["ls", "/"]}}),
            ],
        ),
        ("securityContext", 4, vec![json!({"capabilities": {"drop": ["ALL"]}})]),
        (
            "volumeMounts",
            3,
            vec![json!([{"name": "scratch", "mountPath": "/scratch", "subPath": "sub"}])],
        ),
        ("command", 6, vec![json!(["sh", "-c", "echo 'a: b'"])]),
    ];
    for (key, rarity, values) in choices {
        if random.one_in(rarity) {
            container.insert(key.to_owned(), random.pick(&values).clone());
        }
    }
    Value::Object(container)
}
