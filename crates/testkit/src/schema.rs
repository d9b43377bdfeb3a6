//! The schemas of `docs/schemas`: every document that `-o json` prints has one, by its kind.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use jsonschema::{Registry, Validator};
use serde_json::Value;

/// Where the schemas are.
pub fn directory() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/schemas")
}

/// All schemas, by kind.
///
/// # Panics
/// When one cannot be read.
pub fn all() -> BTreeMap<String, Value> {
    let files = std::fs::read_dir(directory()).expect("docs/schemas");
    let schemas = files.map(|file| {
        let path = file.expect("a file").path();
        let kind = path.file_stem().unwrap_or_default().to_string_lossy().into_owned();
        let text = std::fs::read_to_string(&path).expect("a schema");
        let schema = serde_json::from_str(&text);
        (kind, schema.unwrap_or_else(|error| panic!("`{}`: {error}", path.display())))
    });
    schemas.collect()
}

/// Reads the one document that a command printed, and holds it against the schema of its kind.
///
/// # Panics
/// As [`check`], and when it is not JSON.
#[track_caller]
pub fn read(printed: &str) -> Value {
    let document = serde_json::from_str(printed);
    let document: Value = document.unwrap_or_else(|error| panic!("{error}:\n{printed}"));
    check(&document);
    document
}

/// Holds a document against the schema of its kind.
///
/// # Panics
/// When there is none, or the document does not follow it; the message says where to add a new field.
#[track_caller]
pub fn check(document: &Value) {
    let faults = faults(document);
    assert!(
        faults.is_empty(),
        "the document is not as its schema says:\n{}\nA field that is new on purpose belongs into `docs/schemas`.\n{document:#}",
        faults.join("\n")
    );
}

/// What is wrong with a document, with the place of each fault.
///
/// # Panics
/// When a schema is none.
pub fn faults(document: &Value) -> Vec<String> {
    let schemas = all();
    let kind = document["kind"].as_str().unwrap_or_default();
    let Some(schema) = schemas.get(kind) else {
        return vec![format!("there is no `docs/schemas/{kind}.json`")];
    };
    let validator = validator(schema, &schemas);
    let faults = validator.iter_errors(document);
    faults.map(|fault| format!("  {}: {fault}", fault.instance_path())).collect()
}

fn validator(schema: &Value, all: &BTreeMap<String, Value>) -> Validator {
    // Schemas refer to each other by file name, which is in their `$id`.
    let pairs = all.values().map(|schema| (schema["$id"].as_str().expect("an `$id`"), schema));
    let registry = Registry::new().extend(pairs).and_then(jsonschema::RegistryBuilder::prepare);
    let registry = registry.unwrap_or_else(|error| panic!("{error}"));
    let built = jsonschema::options().with_registry(&registry).offline().build(schema);
    built.unwrap_or_else(|error| panic!("{} is not a schema: {error}", schema["$id"]))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn every_schema_holds_for_its_examples_and_names_itself() {
        let all = all();
        assert!(10 < all.len(), "{:?}", all.keys());
        for (kind, schema) in &all {
            assert!(jsonschema::meta::is_valid(schema), "{kind} is not a schema");
            assert_eq!(schema["title"], kind.as_str());
            let id = schema["$id"].as_str().unwrap_or_default();
            assert!(id.ends_with(&format!("/v1/{kind}.json")), "{id}");
            let examples = schema["examples"].as_array().expect("examples");
            assert!(!examples.is_empty(), "{kind} has no example");
            for example in examples {
                assert_eq!(example["kind"], kind.as_str());
                check(example);
            }
        }
    }

    #[test]
    fn a_field_too_many_and_one_too_few_are_seen() {
        let mut document = all()["SessionList"]["examples"][0].clone();
        document["items"][0]["surprise"] = json!(1);
        let found = faults(&document);
        assert!(found.len() == 1 && found[0].contains("surprise"), "{found:?}");
        let mut document = all()["Session"]["examples"][0].clone();
        document.as_object_mut().expect("an object").remove("restUrl");
        let found = faults(&document);
        assert!(found.len() == 1 && found[0].contains("restUrl"), "{found:?}");
        let unknown = faults(&json!({"apiVersion": "nutkin/v1", "kind": "Nonsense"}));
        assert_eq!(unknown, ["there is no `docs/schemas/Nonsense.json`"]);
    }
}
