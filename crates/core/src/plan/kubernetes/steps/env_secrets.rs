//! Step 2: variables that come from Secrets (`EnvSecretsDecorator`, `kubernetes.env.secretKeyRef`).

use serde_json::{Value, json};

use super::draft::Draft;
use super::json::append;
use nutkin_flink::Problem;

const OPTION: &str = "kubernetes.env.secretKeyRef";

/// Adds the variables. A map without one of its three keys is a problem: Flink would send a reference to
/// nothing.
pub(in crate::plan::kubernetes) fn decorate(draft: &mut Draft<'_>) {
    let mut env: Vec<Value> = Vec::new();
    for map in draft.settings.maps(OPTION) {
        let mut part = |key: &str| {
            let value = map.get(key).filter(|value| !value.is_empty()).cloned();
            if value.is_none() {
                let message = format!("an entry has no `{key}`");
                let hint = "write `env:NAME,secret:SECRET,key:KEY`, several with `;` between";
                draft.settings.problem(Problem::new(OPTION, message).hint(hint));
            }
            value
        };
        if let (Some(name), Some(secret), Some(key)) = (part("env"), part("secret"), part("key")) {
            let reference = json!({"secretKeyRef": {"name": secret, "key": key}});
            env.push(json!({"name": name, "valueFrom": reference}));
        }
    }
    append(&mut draft.container, "env", env);
}
