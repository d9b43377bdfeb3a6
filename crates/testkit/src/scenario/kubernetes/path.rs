//! What a path of the API asks for, and which objects a selector means.

use serde_json::Value;

/// A path of the API, taken apart.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Place {
    /// `v1`, `apps/v1`.
    pub(super) api_version: String,
    /// Empty for what lives in no namespace.
    pub(super) namespace: String,
    /// `deployments`.
    pub(super) plural: String,
    /// Of one object; empty where all are meant.
    pub(super) name: String,
    /// `log`, `proxy/overview`: what follows the name.
    pub(super) rest: String,
}

impl Place {
    /// `None`: the path is not one of the API's.
    pub(super) fn of(path: &str) -> Option<Self> {
        let mut words = path.split('/').skip(1);
        let api_version = match words.next()? {
            "api" => words.next()?.to_owned(),
            "apis" => format!("{}/{}", words.next()?, words.next()?),
            _ => return None,
        };
        let mut words: Vec<&str> = words.collect();
        let mut namespace = String::new();
        if words.len() > 2 && words[0] == "namespaces" {
            words[1].clone_into(&mut namespace);
            words.drain(..2);
        }
        let mut words = words.into_iter();
        let plural = words.next()?.to_owned();
        let name = words.next().unwrap_or_default().to_owned();
        let rest = words.collect::<Vec<_>>().join("/");
        Some(Self { api_version, namespace, plural, name, rest })
    }
}

/// Whether a label selector finds an object: `a=b,c in (d,e),f notin (g),h`.
pub(super) fn selects(selector: &str, object: &Value) -> bool {
    let label = |key: &str| object["metadata"]["labels"][key.trim()].as_str();
    requirements(selector).into_iter().all(|one| {
        if let Some((key, values)) = one.split_once(" notin ") {
            return !label(key).is_some_and(|value| is_in(values, value));
        }
        if let Some((key, values)) = one.split_once(" in ") {
            return label(key).is_some_and(|value| is_in(values, value));
        }
        if let Some((key, value)) = one.split_once("!=") {
            return label(key) != Some(value.trim());
        }
        match one.split_once('=') {
            Some((key, value)) => label(key) == Some(value.trim_start_matches('=').trim()),
            None => label(one).is_some(),
        }
    })
}

/// Whether a field selector finds an object: `involvedObject.kind=Pod`.
pub(super) fn selects_fields(selector: &str, object: &Value) -> bool {
    requirements(selector).into_iter().all(|one| {
        let Some((path, value)) = one.split_once('=') else { return false };
        object.pointer(&format!("/{}", path.replace('.', "/"))).is_some_and(|one| one == value)
    })
}

fn is_in(values: &str, value: &str) -> bool {
    values.trim().trim_matches(['(', ')']).split(',').any(|one| one.trim() == value)
}

/// Commas in brackets part values, others part requirements.
fn requirements(selector: &str) -> Vec<&str> {
    let (mut depth, mut start, mut all) = (0, 0, Vec::new());
    for (index, letter) in selector.char_indices() {
        match letter {
            '(' => depth += 1,
            ')' => depth -= 1,
            ',' if depth == 0 => {
                all.push(&selector[start..index]);
                start = index + 1;
            }
            _ => {}
        }
    }
    all.push(&selector[start..]);
    all.into_iter().map(str::trim).filter(|one| !one.is_empty()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn paths() {
        #[track_caller]
        fn check(path: &str, expected: [&str; 5]) {
            let place = Place::of(path).unwrap();
            let Place { api_version, namespace, plural, name, rest } = &place;
            assert_eq!([api_version, namespace, plural, name, rest], expected);
        }
        check("/api/v1/nodes", ["v1", "", "nodes", "", ""]);
        check("/api/v1/namespaces/n", ["v1", "", "namespaces", "n", ""]);
        check("/api/v1/namespaces/n/pods/p/log", ["v1", "n", "pods", "p", "log"]);
        check(
            "/api/v1/namespaces/n/services/http:a-rest:8081/proxy/jobs/overview",
            ["v1", "n", "services", "http:a-rest:8081", "proxy/jobs/overview"],
        );
        check("/apis/apps/v1/namespaces/n/deployments/a", ["apps/v1", "n", "deployments", "a", ""]);
        assert_eq!(Place::of("/healthz"), None);
    }

    #[test]
    fn selectors() {
        #[track_caller]
        fn check(selector: &str, expected: bool) {
            let object = json!({"metadata": {"labels": {"app": "a", "type": "flink"}}});
            assert_eq!(selects(selector, &object), expected, "{selector}");
        }
        check("", true);
        check("app=a", true);
        check("app=b", false);
        check("app=a,type in (flink,other)", true);
        check("app=a,type in (other)", false);
        check("type in (flink),component notin (taskmanager)", true);
        check("type notin (x,flink)", false);
        check("app", true);
        check("component", false);
        check("app!=b,component!=c", true);
    }
}
