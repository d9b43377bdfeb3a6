//! `nutkin operator manifests`: what it prints and writes. What an API server makes of it is tested with a real one.

use nutkin_testkit::Test;

const WORDS: [&str; 4] = ["operator", "manifests", "--image", "nutkin:1"];

#[test]
fn objects_are_printed_as_documents_or_as_a_list() {
    let said = Test::new().args(WORDS).any_stdout().run();
    assert_eq!(said.stdout.matches("\nkind: CustomResourceDefinition\n").count(), 3);
    assert!(said.stdout.contains("image: nutkin:1"), "{}", said.stdout);
    assert!(!said.stdout.contains("ValidatingAdmissionPolicy"));
    let more = ["-o", "json", "--no-crds", "--admission-policy", "--watch-namespaces", "b,a,b"];
    let said = Test::new().args(WORDS).args(more).any_stdout().run();
    let list: serde_json::Value = serde_json::from_str(&said.stdout).expect("a list");
    let items = list["items"].as_array().expect("items");
    assert!(items.iter().all(|one| one["kind"] != "CustomResourceDefinition"));
    assert!(items.iter().any(|one| one["kind"] == "ValidatingAdmissionPolicy"));
    let accounts = items.iter().filter(|one| one["kind"] == "ServiceAccount");
    let places: Vec<&str> =
        accounts.filter_map(|one| one["metadata"]["namespace"].as_str()).collect();
    assert_eq!(places, ["default", "a", "b"]);
}

#[test]
fn names_that_no_namespace_has_are_refused() {
    for name in ["A", "a.b", "-a", ""] {
        let said = Test::new()
            .args(WORDS)
            .args([format!("--namespace={name}")])
            .code(2)
            .any_stderr()
            .run();
        assert!(said.stderr.contains("is not the name of a namespace"), "{}", said.stderr);
    }
}

#[test]
fn a_directory_of_somebody_else_is_left_alone() {
    let into = ["--output-dir", "operator"];
    let watched = ["--watch-namespaces", "a,b"];
    let said = Test::new().args(WORDS).args(into).args(watched).any_stderr().run();
    // Of an account in two namespaces each has its file: 18 objects and the list of them.
    assert!(said.stderr.contains("wrote 19 files"), "{}", said.stderr);
    let read =
        |name: &str| std::fs::read_to_string(said.directory.path().join("operator").join(name));
    assert!(read("serviceaccount-flink.yaml").is_ok_and(|text| text.contains("namespace: a")));
    assert!(read("serviceaccount-flink-b.yaml").is_ok_and(|text| text.contains("namespace: b")));
    let test = Test::new().file("operator/kustomization.yaml", "resources: []\n");
    let said = test.args(WORDS).args(into).code(2).any_stderr().run();
    assert!(said.stderr.contains("that Nutkin did not write"), "{}", said.stderr);
}
