//! What an API server refused to a process of Flink's, as a sentence.

use std::fmt::Write as _;

/// Who may not do what: a user as Kubernetes names it, verbs and resources.
pub(crate) fn may_not(user: Option<&str>, what: &[(String, String)]) -> String {
    let parts = user.map(|user| user.split(':').collect::<Vec<_>>());
    let mut text = match (parts.as_deref(), user) {
        (Some(["system", "serviceaccount", namespace, name]), _) => {
            format!("ServiceAccount `{name}` of namespace `{namespace}` may not ")
        }
        (_, Some(user)) => format!("`{user}` may not "),
        (_, None) => "the ServiceAccount of its pods may not ".to_owned(),
    };
    for (index, (verb, resource)) in what.iter().enumerate() {
        let _ = write!(text, "{}{verb} {resource}", if index == 0 { "" } else { ", " });
    }
    text
}
