//! What has no effect.

/// Parts of a pod template that say nothing about a container.
pub(crate) fn unused_on_docker(parts: &[String]) -> String {
    format!("no effect on Docker: {} of `podTemplate`", parts.join(", "))
}
