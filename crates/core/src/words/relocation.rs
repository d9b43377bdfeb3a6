//! Why a session cannot move to another platform, in words for people.

/// Only the processes of the session see where its savepoints lie.
pub(crate) fn apart(directory: &str, platform: &str) -> String {
    format!(
        "only the session on {platform} sees its savepoints in `{directory}`: set `state.savepoints.dir` to an object store, or to a \
         folder of this machine that both see at the same path"
    )
}

/// The new session does not see them, or sees something else there.
pub(crate) fn unseen(directory: &str, platform: &str) -> String {
    format!(
        "a session on {platform} does not see the savepoints in `{directory}`: set `state.savepoints.dir` to an object store, or mount \
         that folder of this machine at the same path (`hostPath`) in the containers of both roles"
    )
}
