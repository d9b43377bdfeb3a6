//! Names that Kubernetes would refuse, told before anything is asked of it.

use super::draft::Draft;
use super::effective::NAMESPACE;
use nutkin_flink::Problem;

/// Longest cluster-id (`Constants.MAXIMUM_CHARACTERS_OF_CLUSTER_ID`).
const CLUSTER_ID_LIMIT: usize = 45;

/// Longest DNS label (RFC 1123): names of namespaces, Services and volumes.
const LABEL_LIMIT: usize = 63;

/// Checks cluster-id and namespace. Flink's documentation names the pattern of a cluster-id; its client checks
/// the length only, and the API server then refuses the second or third object.
pub(in crate::plan::kubernetes) fn check(draft: &mut Draft<'_>) {
    let id = draft.cluster_id;
    let begins = id.starts_with(|c: char| c.is_ascii_lowercase());
    if !begins || !is_label(id) || CLUSTER_ID_LIMIT < id.len() {
        let message = format!("`{id}` cannot be the name of a session on Kubernetes");
        draft.settings.problem(Problem::new("kubernetes.cluster-id", message).hint(format!(
            "start with a lower-case letter, continue with those, digits and `-`; at most {CLUSTER_ID_LIMIT} \
             characters"
        )));
    }
    if !is_label(&draft.namespace) {
        let message = format!("`{}` cannot be the name of a namespace", draft.namespace);
        draft.settings.problem(Problem::new(NAMESPACE, message).hint(format!(
            "lower-case letters, digits and `-` inside; at most {LABEL_LIMIT} characters"
        )));
    }
}

/// Whether a text is a DNS label (RFC 1123), which can name anything.
pub fn is_label(name: &str) -> bool {
    let good = |c: u8| c.is_ascii_lowercase() || c.is_ascii_digit();
    name.len() <= LABEL_LIMIT
        && name.bytes().all(|c| good(c) || c == b'-')
        && name.bytes().next().is_some_and(good)
        && name.bytes().last().is_some_and(good)
}
