//! `kubernetes.jobmanager.owner.reference` (`KubernetesOwnerReference.fromMap`).

use serde_json::{Map, Value, json};

use super::settings::Settings;
use nutkin_flink::Problem;

const OPTION: &str = "kubernetes.jobmanager.owner.reference";

/// The fields of an owner reference; keys are read without regard to case.
const FIELDS: [&str; 6] = ["apiVersion", "blockOwnerDeletion", "controller", "kind", "name", "uid"];

/// Fields without which the API server refuses one.
const NEEDED: [&str; 4] = ["apiVersion", "kind", "name", "uid"];

/// Reads the owners of the Deployment.
pub(in crate::plan::kubernetes) fn read(settings: &mut Settings) -> Vec<Value> {
    let maps = settings.maps(OPTION);
    let mut owners = Vec::new();
    for map in maps {
        let mut owner = Map::new();
        for (name, text) in map {
            let Some(field) = FIELDS.iter().find(|field| field.eq_ignore_ascii_case(&name)) else {
                let message = format!("an owner reference has no field `{name}`: it is left out");
                settings.warnings.push(Problem::new(OPTION, message));
                continue;
            };
            let value = match *field {
                "controller" | "blockOwnerDeletion" => json!(text.eq_ignore_ascii_case("true")),
                _ => json!(text),
            };
            owner.insert((*field).to_owned(), value);
        }
        for field in NEEDED {
            if !owner.contains_key(field) {
                let message = format!("an owner reference needs `{field}`");
                settings.problem(Problem::new(OPTION, message));
            }
        }
        owners.push(Value::Object(owner));
    }
    owners
}
