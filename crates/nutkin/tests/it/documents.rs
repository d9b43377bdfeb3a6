//! What `-o json` prints where no JVM is needed, held against `docs/schemas`; and that no kind of document
//! is without a schema.

use std::collections::BTreeSet;
use std::path::Path;

use nutkin_testkit::{Test, schema};

/// Runs a command and holds its document against the schema of this kind.
#[track_caller]
fn check(kind: &str, args: &[&str]) -> serde_json::Value {
    let test = Test::new().args(["-q"]).args(args.iter().copied()).args(["-o", "json"]);
    let document = test.any_stdout().any_stderr().run().json();
    assert_eq!(document["kind"], kind);
    document
}

#[test]
fn documents_are_as_their_schemas_say() {
    assert_eq!(check("SessionList", &["ls"])["items"], serde_json::json!([]));
    assert_eq!(check("JarList", &["jars"])["items"], serde_json::json!([]));
    check("DistributionList", &["dist", "list"]);
    // Both processes, every part.
    assert_eq!(check("MemoryList", &["explain", "memory"])["items"][1]["component"], "taskmanager");
    // Options with and without default, description, older spellings; our own ones; secrets.
    for key in ["taskmanager", "state", "nutkin", "metrics", "security.ssl", "high-availability"] {
        assert_ne!(check("OptionList", &["explain", key])["items"], serde_json::json!([]));
    }
    check("OptionList", &["explain", "rest.port", "--flink", "2.3"]);
    check("Code", &["explain", "NK0101"]);
}

#[test]
fn the_same_document_as_yaml() {
    let run = |form| {
        let test = Test::new().args(["explain", "rest.port", "-o", form]);
        test.any_stdout().run().stdout.clone()
    };
    let (documents, problems) = nutkin_flink::yaml::documents(&run("yaml"), "stdout");
    assert!(problems.is_empty(), "{problems:?}");
    let yaml = documents[0].to_json();
    let json: serde_json::Value = serde_json::from_str(&run("json")).expect("JSON");
    assert_eq!(yaml, json);
}

#[test]
fn every_kind_that_is_printed_has_a_schema() {
    let mut printed: BTreeSet<String> = ["Savepoint", "Checkpoint"].map(str::to_owned).into();
    let mut folders = vec![Path::new(env!("CARGO_MANIFEST_DIR")).join("src")];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).expect("sources") {
            let path = entry.expect("an entry").path();
            if path.is_dir() {
                folders.push(path);
                continue;
            }
            if path.extension().is_none_or(|extension| extension != "rs") {
                // What is built into the binary besides sources: compressed lists.
                continue;
            }
            let text = std::fs::read_to_string(&path).expect("a source");
            for piece in text.split("document(").skip(1) {
                let kind =
                    piece.trim_start().strip_prefix('"').and_then(|rest| rest.split('"').next());
                // Media types of images are called documents too.
                printed.extend(kind.filter(|kind| !kind.contains('/')).map(str::to_owned));
            }
            // A document that is put together by hand.
            for (index, _) in text.match_indices("\"apiVersion\": \"nutkin/v1\"") {
                let next = text[index..].split("\"kind\":").nth(1).unwrap_or_default();
                // Followed by a variable where the kind is a parameter.
                let kind =
                    next.trim_start().strip_prefix('"').and_then(|next| next.split('"').next());
                printed.extend(kind.map(str::to_owned));
            }
        }
    }
    let schemas: BTreeSet<String> = schema::all().into_keys().collect();
    let without: Vec<_> = printed.difference(&schemas).collect();
    assert!(without.is_empty(), "there is no schema in docs/schemas for {without:?}");
    let unprinted: Vec<_> = schemas.difference(&printed).collect();
    assert!(unprinted.is_empty(), "nothing prints {unprinted:?}: their schemas are of no use");
}
