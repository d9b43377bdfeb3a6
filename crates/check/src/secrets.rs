//! Variables of the environment whose literal values are secrets.

use super::kubernetes::{Object, last_line};
use super::node::Walk;
use super::source::File;
use nutkin_flink::options;
use nutkin_flink::yaml::Node;

/// Words in the name of a variable that Flink's own list of secrets does not have.
const MORE: &[&str] = &["passwd", "passphrase", "private-key", "account-key", "credential"];

/// Ends of names whose values only say where a secret is, or what it is like.
const ABOUT: &[&str] = &[
    "-arn",
    "-class",
    "-dir",
    "-enabled",
    "-endpoint",
    "-expiration",
    "-file",
    "-id",
    "-location",
    "-name",
    "-path",
    "-provider",
    "-ref",
    "-ttl",
    "-type",
    "-uri",
    "-url",
    "-user",
    "-username",
];

/// Variables of a pod that hold a secret in plain text: name, entry, and value.
pub(super) fn of_pod(pod: &Node) -> impl Iterator<Item = (&str, &Node, &Node)> {
    let containers = ["containers", "initContainers"];
    containers.into_iter().flat_map(|kind| pod.items_of(kind)).flat_map(|container| {
        container.items_of("env").iter().filter_map(|entry| {
            let (name, value) = (entry.text_of("name")?, entry.get("value")?);
            (is_sensitive(name) && is_literal(value.text()?)).then_some((name, entry, value))
        })
    })
}

/// The pods that an object describes: its own, or those of the templates of a session file.
pub(super) fn pods(object: &Object) -> impl Iterator<Item = &Node> {
    const PODS: &[&str] = &[
        "spec/template/spec",
        "spec/podTemplate/spec",
        "spec/jobManager/podTemplate/spec",
        "spec/taskManager/podTemplate/spec",
    ];
    let own = (object.kind == "Pod").then(|| object.node.get("spec")).flatten();
    PODS.iter().filter_map(|path| object.node.at(path)).chain(own)
}

/// Marks the lines of such values as secret.
pub(super) fn hide(files: &mut [File], objects: &[Object]) {
    for object in objects {
        for (_, _, value) in pods(object).flat_map(of_pod) {
            files[object.file].hide(value.line..=last_line(value));
        }
    }
}

fn is_sensitive(name: &str) -> bool {
    let name = name.to_ascii_lowercase().replace(['_', '.'], "-");
    let is_secret = options::is_sensitive(&name) || MORE.iter().any(|word| name.contains(word));
    is_secret && !ABOUT.iter().any(|end| name.ends_with(end))
}

/// Whether a text is the value itself: not empty, not a path or a switch, and nothing that is filled in later.
fn is_literal(text: &str) -> bool {
    let is_filled_in = text.contains("$(") || text.contains("${") || text.contains("{{");
    let is_elsewhere = text.starts_with(['/', '<', '$']) || text.contains("://");
    !text.is_empty() && !is_filled_in && !is_elsewhere && !matches!(text, "true" | "false")
}

#[cfg(test)]
mod tests {
    #[track_caller]
    fn check(name: &str, value: &str, expected: bool) {
        assert_eq!(
            super::is_sensitive(name) && super::is_literal(value),
            expected,
            "{name}={value}"
        );
    }

    #[test]
    fn variables() {
        check("AWS_SECRET_ACCESS_KEY", "abc", true);
        check("AWS_ACCESS_KEY_ID", "abc", false);
        check("MINIO_ROOT_PASSWORD", "minio123", true);
        check("db.password", "x", true);
        check("GITHUB_TOKEN", "abc", true);
        check("API_KEY", "abc", true);
        check("AWS_WEB_IDENTITY_TOKEN_FILE", "/var/run/token", false);
        check("DB_PASSWORD", "$(FROM_ELSEWHERE)", false);
        check("DB_PASSWORD", "", false);
        check("DB_PASSWORD_FILE", "secrets", false);
        check("TOKEN_ENABLED", "yes", false);
        check("JOB_MANAGER_RPC_ADDRESS", "jm", false);
    }
}
