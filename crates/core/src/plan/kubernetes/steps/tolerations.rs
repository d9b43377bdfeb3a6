//! `kubernetes.jobmanager.tolerations` (`KubernetesToleration.fromMap`).

use serde_json::{Map, Value, json};

use super::settings::Settings;
use nutkin_flink::Problem;

/// The fields of a toleration; keys are read without regard to case.
const FIELDS: [&str; 5] = ["effect", "key", "operator", "tolerationSeconds", "value"];

/// Reads tolerations. A key that is not one of theirs is passed over with a warning, as Flink does.
pub(in crate::plan::kubernetes) fn read(settings: &mut Settings, option: &str) -> Vec<Value> {
    let maps = settings.maps(option);
    maps.into_iter()
        .map(|map| {
            let mut toleration = Map::new();
            for (name, text) in map {
                let Some(field) = FIELDS.iter().find(|field| field.eq_ignore_ascii_case(&name))
                else {
                    let message = format!("a toleration has no field `{name}`: it is left out");
                    settings.warnings.push(Problem::new(option, message));
                    continue;
                };
                let value = if *field == "tolerationSeconds" {
                    let Ok(seconds) = text.parse::<i64>() else {
                        let message = "tolerationSeconds is not a whole number";
                        settings.problem(Problem::new(option, message));
                        continue;
                    };
                    json!(seconds)
                } else {
                    json!(text)
                };
                toleration.insert((*field).to_owned(), value);
            }
            Value::Object(toleration)
        })
        .collect()
}
