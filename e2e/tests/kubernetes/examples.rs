//! Every example is accepted by a real API server, as it is and by way of Kustomize.

use std::path::Path;

use nutkin_e2e::Cluster;
use serde_json::{Value, json};

/// Every example, with the number of its objects.
const EXAMPLES: [(&str, usize); 5] = [
    ("session", 7),
    ("node-port", 5),
    ("stateful-set", 5),
    ("native", 7),
    ("high-availability", 12),
];

fn text(path: &Path) -> &str {
    path.to_str().expect("a path in UTF-8")
}

/// The file of an example.
fn example(name: &str) -> std::path::PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("../examples/{name}.yaml"))
}

/// What the API server says to objects, without making them.
#[track_caller]
fn tried(cluster: &Cluster, file: &Path) -> usize {
    let dry = ["apply", "--server-side", "--dry-run=server", "-o", "name", "-f", text(file)];
    cluster.kubectl(&dry).lines().count()
}

#[test]
fn the_api_server_takes_every_object() {
    let cluster = Cluster::new();
    for (name, count) in EXAMPLES {
        let rendered = cluster.run(&["render", "-f", text(&example(name)), "-o", "json"]);
        let file = cluster.nutkin.file("objects.json", &rendered.expect(0).stdout);
        assert_eq!(tried(&cluster, &file), count, "{name}");
    }
    assert!(cluster.objects().is_empty());
}

#[test]
fn the_api_server_takes_what_is_made_on_request() {
    let cluster = Cluster::new();
    let options = ["nutkin.network-policy=true", "nutkin.pod-disruption-budget=true"];
    let file = json!({
        "apiVersion": "flink.apache.org/v1beta1", "kind": "FlinkDeployment",
        "metadata": {"name": "a"},
        "spec": {
            "flinkVersion": "v2_0", "mode": "standalone", "taskManager": {"replicas": 2},
            "ingress": {
                "template": "flink.example.com/{{namespace}}/{{name}}(/|$)(.*)", "className": "nginx",
                "annotations": {"nginx.ingress.kubernetes.io/rewrite-target": "/$2"},
                "tls": [{"hosts": ["flink.example.com"], "secretName": "certificate"}],
            },
        },
    });
    let file = cluster.nutkin.file("a.yaml", &file.to_string());
    for (workload, count) in [(&[][..], 9), (&["nutkin.standalone.workload=statefulset"][..], 10)] {
        let mut words = vec!["render", "-f", text(&file), "-o", "json"];
        for option in options.iter().chain(workload) {
            words.extend(["-D", option]);
        }
        let rendered = cluster.run(&words);
        let objects = cluster.nutkin.file("objects.json", &rendered.expect(0).stdout);
        let list: Value = serde_json::from_str(&rendered.stdout).expect("JSON");
        assert_eq!(list["items"].as_array().map(Vec::len), Some(count));
        assert_eq!(tried(&cluster, &objects), count);
    }
}

#[test]
fn kustomize_takes_the_directory_as_it_is() {
    let cluster = Cluster::new();
    for (name, count) in EXAMPLES {
        let directory = cluster.nutkin.directory().join(name);
        let example = example(name);
        let render = ["render", "-f", text(&example), "-o", "kustomize", "--output-dir"];
        let render = [&render[..], &[text(&directory)]].concat();
        cluster.run(&render).expect(0).says(&format!("wrote {} files", count + 1));
        let built = cluster.kubectl(&["kustomize", text(&directory)]);
        let file = cluster.nutkin.file("built.yaml", &built);
        assert_eq!(tried(&cluster, &file), count, "{name}");
        // In the order of creation, and with nothing changed.
        let documents: Vec<&str> = built.split("\n---\n").collect();
        assert_eq!(documents.len(), count);
        cluster.run(&render).expect(0);
    }
    let own = cluster.nutkin.file("own/notes.txt", "mine");
    let directory = own.parent().expect("a directory");
    let example = example("session");
    let render = ["render", "-f", text(&example), "-o", "kustomize", "--output-dir"];
    let refused = cluster.run(&[&render[..], &[text(directory)]].concat());
    refused.expect(2).says("files that Nutkin did not write");
    cluster.run(&render[..5]).expect(2).says("--output-dir");
}
