//! Compose files as Compose itself sees them: against the schema of the library that it reads them with.

use std::fs;
use std::path::Path;

use jsonschema::Validator;
use serde_json::Value;

use crate::world::{World, variable};

fn schema() -> Validator {
    let path = variable("NUTKIN_TEST_COMPOSE_SCHEMA");
    let text = fs::read_to_string(&path).expect("Compose's schema");
    let schema: Value = serde_json::from_str(&text).expect("JSON");
    jsonschema::draft7::options().should_validate_formats(true).build(&schema).expect("a schema")
}

/// What is wrong, each with its place.
fn faults(schema: &Validator, file: &Value) -> Vec<String> {
    schema.iter_errors(file).map(|one| format!("{}: {one}", one.instance_path())).collect()
}

#[track_caller]
fn check(schema: &Validator, case: &str, file: &Value) {
    assert_eq!(faults(schema, file), Vec::<String>::new(), "{case}\n{file:#}");
}

#[test]
fn compose_accepts_what_render_prints() {
    let schema = schema();
    let golden = Path::new(env!("CARGO_MANIFEST_DIR")).join("../crates/core/tests/golden/docker");
    let mut files: Vec<_> = fs::read_dir(golden)
        .expect("golden files")
        .map(|entry| entry.expect("a file").path())
        .collect();
    files.sort();
    assert!(2 <= files.len(), "{files:?}");
    for path in &files {
        let text = fs::read_to_string(path).expect("a golden file");
        let file: Value = serde_saphyr::from_str(&text).expect("YAML");
        check(&schema, &path.display().to_string(), &file);
    }

    let world = World::new("composed");
    let render = |more: &[&str]| -> Value {
        let words = ["render", "--on", "docker", "-o", "json"];
        // No document of ours: it has Compose's schema and none of `docs/schemas`.
        serde_json::from_str(&world.ok(&[&words, more].concat()).stdout).expect("JSON")
    };
    for (case, more) in [
        ("1.13", &["--flink", "1.13.6", "--task-managers", "3"][..]),
        ("2.3", &["--flink", "2.3.0", "-D", "nutkin.docker.publish=0.0.0.0:9999"]),
        ("ZooKeeper", &["-D", "high-availability.type=zookeeper", "-D", "nutkin.docker.publish=0"]),
        ("variables", &["-D", "env.java.opts.all=-Da=$HOME -Db=${B} -Dc=$$"]),
    ] {
        check(&schema, case, &render(more));
    }

    // The control: it sees what Compose would refuse.
    let file = render(&[]);
    let service = "/services/taskmanager-1";
    for (key, value) in [("restrat", "always".into()), ("hostname", 7.into())] {
        let mut broken = file.clone();
        broken.pointer_mut(service).expect("a TaskManager")[key] = value;
        let faults = faults(&schema, &broken);
        assert!(faults.iter().any(|fault| fault.contains(service)), "{key}: {faults:?}");
    }
}
