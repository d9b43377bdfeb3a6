//! What a process is for, as the files of a session spell it.

use serde::{Deserialize as _, Deserializer, Serializer, de};

use nutkin_flink::process::Role;

/// The word in a file.
pub(super) const fn word(role: Role) -> &'static str {
    match role {
        Role::JobManager => "jobmanager",
        Role::TaskManager => "taskmanager",
        Role::ZooKeeper => "zookeeper",
    }
}

#[allow(clippy::trivially_copy_pass_by_ref, reason = "serde hands over a reference")]
pub(super) fn serialize<S: Serializer>(role: &Role, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(word(*role))
}

pub(super) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Role, D::Error> {
    let text = String::deserialize(deserializer)?;
    let mut roles = [Role::JobManager, Role::TaskManager, Role::ZooKeeper].into_iter();
    roles.find(|role| word(*role) == text).ok_or_else(|| {
        de::Error::unknown_variant(&text, &["jobmanager", "taskmanager", "zookeeper"])
    })
}
