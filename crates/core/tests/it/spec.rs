//! Session files: each fixture with what is read from it, or everything that is wrong with it.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]
#![allow(clippy::disallowed_methods, reason = "a test reads its fixtures")]

use std::path::Path;

use nutkin_core::spec::{self, Inputs, fields};
use nutkin_flink::{Configuration, Origin};
use nutkin_testkit::check_golden;
use proptest::prelude::*;

fn directory() -> &'static Path {
    Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/fixtures/spec"))
}

/// What a reader of the test wants to see of a file.
fn outcome(text: &str) -> String {
    let session = match spec::load(text, "session.yaml", Inputs::default()) {
        Ok(session) => session,
        Err(problems) => {
            let line = |problem: &nutkin_flink::Problem| {
                let hint =
                    problem.hint.as_ref().map(|hint| format!("\n    hint: {}", hint.plain()));
                format!("{problem}{}\n", hint.unwrap_or_default())
            };
            return problems.iter().map(line).collect();
        }
    };
    let mut text = format!(
        "session {} on Flink {}: {} JobManagers, {:?} TaskManagers\n",
        session.name,
        session.flink,
        session.job_managers(),
        session.task_manager.replicas
    );
    text.push_str(&options(&session.configuration));
    for job in session.jobs {
        text.push_str(&format!("{job:#?}\n"));
    }
    text
}

fn options(configuration: &Configuration) -> String {
    let origin = |origin: &Origin| match origin {
        Origin::SessionFile(file, line) => format!("{file}:{line}"),
        Origin::Field(field) => field.clone(),
        other => format!("{other:?}"),
    };
    configuration
        .iter()
        .map(|(key, entry)| format!("  {key} = {}   ({})\n", entry.value, origin(&entry.origin)))
        .collect()
}

#[test]
fn every_fixture() {
    let mut count = 0;
    for entry in std::fs::read_dir(directory()).unwrap() {
        let case = entry.unwrap().path();
        let text = std::fs::read_to_string(case.join("session.yaml")).unwrap();
        check_golden(&case.join("outcome.txt"), &outcome(&text));
        count += 1;
    }
    assert!(6 <= count, "the fixtures are there");
}

/// The kinds of a session file, each with its fields.
const KINDS: [(&str, &[fields::Field]); 3] = [
    ("FlinkDeployment", fields::DEPLOYMENT),
    ("FlinkSessionJob", fields::SESSION_JOB),
    ("FlinkStateSnapshot", fields::STATE_SNAPSHOT),
];

#[test]
fn the_table_of_fields_is_documented() {
    let mut text = String::from(
        "# Fields of a session file\n\nMade from the table in `crates/core/src/spec/fields.rs`; a test keeps it current.\n",
    );
    for (kind, table) in KINDS {
        text.push_str(&format!(
            "\n## {kind}\n\n| field | holds | on this machine | on Kubernetes |\n|---|---|---|---|\n"
        ));
        for field in table {
            let kind = match field.kind {
                fields::Type::Text => "text".to_owned(),
                fields::Type::Whole(least) if 0 <= least => format!("whole number from {least}"),
                fields::Type::Whole(_) => "whole number".to_owned(),
                fields::Type::Number => "number".to_owned(),
                fields::Type::Bool => "true or false".to_owned(),
                fields::Type::OneOf(words) => words.join(", "),
                fields::Type::Texts => "list of texts".to_owned(),
                fields::Type::TextMap => "map of texts".to_owned(),
                fields::Type::Options => "Flink options, flat or nested".to_owned(),
                fields::Type::Memory => "memory: `2048m`, `2Gi`".to_owned(),
                fields::Type::Any => "anything".to_owned(),
                fields::Type::Refused(reason) => format!("refused: {reason}"),
            };
            text.push_str(&format!(
                "| `{}` | {kind} | {} | {} |\n",
                field.path, field.local, field.kubernetes
            ));
        }
    }
    check_golden(Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/fields.md")), &text);
}

/// A value of the wrong type for a field of this type, as YAML.
fn wrong(kind: fields::Type) -> Option<&'static str> {
    match kind {
        fields::Type::Any => None,
        fields::Type::Number | fields::Type::Bool => Some("\"text\""),
        fields::Type::Refused(_) => Some("{}"),
        _ => Some("[{}]"),
    }
}

#[test]
fn a_wrong_value_of_any_field_is_refused_at_its_place() {
    for (kind, table) in KINDS {
        for field in table.iter().filter(|field| field.path.starts_with("spec.")) {
            let Some(value) = wrong(field.kind) else { continue };
            let mut text = format!(
                "apiVersion: flink.apache.org/v1beta1\nkind: {kind}\nmetadata: {{name: x}}\n"
            );
            let parts: Vec<&str> = field.path.split('.').collect();
            for (depth, part) in parts.iter().enumerate() {
                let last = depth + 1 == parts.len();
                let indent = "  ".repeat(depth);
                text.push_str(&format!(
                    "{indent}{part}:{}\n",
                    if last { format!(" {value}") } else { String::new() }
                ));
            }
            let problems = spec::read(&text, "f").unwrap_err();
            let found = problems.iter().any(|problem| problem.path.starts_with(field.path));
            assert!(found, "{}: {problems:?}\n{text}", field.path);
        }
    }
}

/// The numbered list of the documentation is the one of the code.
#[test]
fn the_precedence_is_documented() {
    let text = include_str!("../../../../docs/sessions.md");
    let list: String = (1..)
        .zip(spec::PRECEDENCE)
        .map(|(number, source)| format!("{number}. {source}\n"))
        .collect();
    assert!(text.contains(&format!("\n\n{list}\n")), "docs/sessions.md lacks\n{list}");
}

/// Each source of the list beats those before it.
#[test]
fn each_source_takes_precedence_over_those_before() {
    let key = "taskmanager.memory.process.size";
    let resolved = |fields: &str, options: &[(&str, &str)]| {
        let text = format!(
            "apiVersion: flink.apache.org/v1beta1\nkind: FlinkDeployment\nmetadata: {{name: a}}\nspec:\n{fields}"
        );
        let options = options.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned())).collect();
        let file = spec::read(&text, "f").unwrap();
        let inputs = Inputs { file: Some(file), options, ..Inputs::default() };
        spec::resolve(&inputs).unwrap().configuration.text(key).unwrap()
    };
    let default = resolved("  flinkVersion: v1_20\n", &[]);
    let configuration = format!("  flinkVersion: v1_20\n  flinkConfiguration: {{{key}: 2001m}}\n");
    let field = format!("{configuration}  taskManager: {{resource: {{memory: 2002m}}}}\n");
    assert_ne!(default, "2001m");
    assert_eq!(resolved(&configuration, &[]), "2001m");
    assert_eq!(resolved(&field, &[]), format!("{}b", 2002 << 20));
    assert_eq!(resolved(&field, &[(key, "2003m"), (key, "2004m")]), "2004m");
}

proptest! {
    #[test]
    fn no_text_makes_the_reader_panic(text in "(?s).{0,200}") {
        let _ = spec::read(&text, "f");
    }

    #[test]
    fn no_session_file_makes_the_reader_panic(
        lines in proptest::collection::vec("( {0,6})(spec|job|kind|metadata|name|- a|flinkVersion|---|&a|\\*a|'|\\{)?:? ?(FlinkDeployment|1|yes|\\[|v1_20)?", 0..20)
    ) {
        let _ = spec::read(&lines.join("\n"), "f");
    }
}
