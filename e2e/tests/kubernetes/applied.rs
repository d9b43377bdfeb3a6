//! What `nutkin render` prints, given to a real API server by `kubectl apply --server-side`.

use std::fs;
use std::path::Path;
use std::time::Duration;

use nutkin_e2e::{Cluster, assert_same};

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
