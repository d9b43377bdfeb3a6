//! What `nutkin render` prints, given to a real API server by `kubectl apply --server-side`.

use std::fs;
use std::path::Path;
use std::time::Duration;

use nutkin_e2e::{Cluster, assert_same};
use serde_json::Value;

/// The beginning of the line that says where an object belongs.
const NAMESPACE: &str = "  namespace: ";

/// Every golden file of `render --on kubernetes` is taken as it is: no field is unknown, none is refused.
#[test]
fn every_golden_file_is_accepted() {
    let cluster = Cluster::new();
    let directory =
        Path::new(env!("CARGO_MANIFEST_DIR")).join("../crates/nutkin/tests/it/golden/render");
    let mut count = 0;
    for entry in fs::read_dir(&directory).expect("golden files") {
        let path = entry.expect("an entry").path();
        if path.extension().is_none_or(|extension| extension != "yaml") {
            continue;
        }
        let text = fs::read_to_string(&path).expect("a text");
        let text: String = text
            .lines()
            .map(|line| match line.strip_prefix(NAMESPACE) {
                Some(_) => format!("{NAMESPACE}{}\n", cluster.namespace),
                None => format!("{line}\n"),
            })
            .collect();
        let file = cluster.nutkin.file("golden.yaml", &text);
        let file = file.to_str().expect("a path in UTF-8");
        let said = cluster.kubectl(&[
            "apply",
            "--server-side",
            "--dry-run=server",
            "--validate=strict",
            "-f",
            file,
        ]);
        let documents = text.lines().filter(|line| *line == "---").count();
        assert_eq!(said.lines().count(), documents, "{}: {said}", path.display());
        count += 1;
    }
    assert!(10 < count, "only {count} golden files");
}

/// `render | kubectl apply` makes what `up` makes, and `up` completes it.
#[test]
fn what_is_rendered_is_what_is_made() {
    let (applied, made) = (Cluster::new(), Cluster::new());
    let options =
        ["-D", "high-availability.type=kubernetes", "-D", "high-availability.storageDir=s3://b/ha"];
    let session = "apiVersion: flink.apache.org/v1beta1\nkind: FlinkDeployment\n\
                   metadata: {name: a}\nspec: {flinkVersion: v1_20}\n";
    let input = applied.nutkin.file("input.yaml", session);
    let input = ["-f", input.to_str().expect("a path in UTF-8")];
    let text = applied.run(&[&["render"], &input[..], &options].concat());
    let file = applied.nutkin.file("session.yaml", &text.expect(0).stdout);
    applied.kubectl(&["apply", "--server-side", "-f", file.to_str().expect("a path in UTF-8")]);
    let input = made.nutkin.file("input.yaml", session);
    let input = ["-f", input.to_str().expect("a path in UTF-8")];
    made.run(&[&["up", "--no-wait"], &input[..], &options].concat()).expect(0);
    let up = applied.run(&[&["up", "--no-wait", "--yes"], &input[..], &options].concat());
    up.expect(0);
    assert_same(&applied.objects(), &made.objects(), "applied and completed, made");
    applied.run(&["down", "a"]).expect(0);
    applied
        .nutkin
        .eventually("nothing is left", Duration::from_secs(20), || applied.objects().is_empty());
}

/// What is rendered without a namespace goes where `up` goes: to that of the kubeconfig's context. `plan` and `up` then
/// find it there, and add only the owners, which nobody can write before the Deployment has its UID.
#[test]
fn what_is_rendered_goes_where_up_goes() {
    let cluster = Cluster::new();
    let config = cluster.kubectl(&["config", "view", "--raw", "-o", "json"]);
    let mut config: Value = serde_json::from_str(&config).expect("JSON");
    for named in config["contexts"].as_array_mut().expect("contexts") {
        named["context"]["namespace"] = cluster.namespace.as_str().into();
    }
    let kubeconfig = cluster.nutkin.file("context.kubeconfig", &config.to_string());
    let session = "apiVersion: flink.apache.org/v1beta1\nkind: FlinkDeployment\n\
                   metadata: {name: a}\nspec: {flinkVersion: v1_20}\n";
    let session = cluster.nutkin.file("input.yaml", session);
    let run = |words: &[&str]| {
        let options = ["--on", "kubernetes", "-f", session.to_str().expect("a path in UTF-8")];
        let mut command = cluster.nutkin.command(&[words, &options].concat());
        command.env("KUBECONFIG", &kubeconfig);
        cluster.finish(command)
    };
    let rendered = run(&["render"]);
    rendered.says(&format!("namespace `{}`, as the kubeconfig's context says", cluster.namespace));
    let file = cluster.nutkin.file("objects.yaml", &rendered.expect(0).stdout);
    cluster.kubectl(&["apply", "--server-side", "-f", file.to_str().expect("a path in UTF-8")]);
    let planned = run(&["plan"]);
    planned.expect(0).prints("restarts nothing\nplan: 0 to add, 3 to change, 0 to remove\n");
    run(&["up", "--no-wait", "--yes"]).expect(0);
    run(&["plan", "--detailed-exitcode"]).expect(0);
}
