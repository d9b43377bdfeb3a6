//! What helps against failures of jobs that Flink's own words name.

use crate::remedy::{Argument, Remedy};

/// Texts of causes, and what to do. Sources: `TaskManagerExceptionUtils`, `NoResourceAvailableException` and
/// `FileSystem` of Flink, the JVM.
const ADVICE: &[(&str, &str)] = &[
    (
        "Metaspace",
        "classes fill the metaspace: raise `taskmanager.memory.jvm-metaspace.size` (in main(): \
         `jobmanager.memory.jvm-metaspace.size`); when each run takes more of it, the job leaks classes: threads that \
         never end and static registries hold them",
    ),
    (
        "Direct buffer memory",
        "raise `taskmanager.memory.task.off-heap.size`, or `taskmanager.memory.framework.off-heap.size` for the network",
    ),
    ("Java heap space", "raise `taskmanager.memory.process.size`: most of it becomes heap"),
    ("GC overhead limit", "raise `taskmanager.memory.process.size`: most of it becomes heap"),
    ("Insufficient number of network buffers", "raise `taskmanager.memory.network.max`"),
    (
        "Could not find a file system implementation",
        "`nutkin.plugins` gives the session the plugin of a file system",
    ),
    ("ClassNotFoundException", NO_CLASS),
    ("NoClassDefFoundError", NO_CLASS),
];

/// Texts of causes for which more slots are the remedy.
const NO_SLOTS: [&str; 2] = ["minimum required resources", "NoResourceAvailable"];

const NO_CLASS: &str = "put the class into the jar, or its jar into the session with `nutkin.libs`";

/// What helps against a failure with these texts, most telling first.
pub fn advice<'a>(texts: impl IntoIterator<Item = &'a str>) -> Option<Remedy> {
    texts.into_iter().find_map(|text| {
        if NO_SLOTS.iter().any(|cause| text.contains(cause)) {
            return Some(Remedy::AddSlots);
        }
        if text.contains("cannot map checkpoint/savepoint state") {
            let before = "give operators the uids that they had, or drop the state with ";
            return Some(Argument::AllowNonRestoredState.within(before, ""));
        }
        ADVICE.iter().find(|(cause, _)| text.contains(cause)).map(|(_, advice)| (*advice).into())
    })
}

/// Parts of a pod template that say nothing about a container.
pub(crate) fn unused_on_docker(parts: &[String]) -> String {
    format!("no effect on Docker: {} of `podTemplate`", parts.join(", "))
}

#[cfg(test)]
mod tests {
    use super::advice;

    #[test]
    fn what_helps() {
        #[track_caller]
        fn check(texts: &[&str], expected: Option<&str>) {
            let advice = advice(texts.iter().copied());
            assert_eq!(advice.is_some(), expected.is_some(), "{advice:?}");
            assert!(format!("{advice:?}").contains(expected.unwrap_or_default()));
        }
        check(&["java.lang.OutOfMemoryError: Metaspace. The"], Some("jvm-metaspace.size"));
        check(&["Java heap space", "Metaspace"], Some("process.size"));
        check(&["no", "Caused by: java.lang.ClassNotFoundException: a.B"], Some("nutkin.libs"));
        check(&["NoResourceAvailableException: no"], Some("AddSlots"));
        check(&["failed as asked"], None);
        check(&[], None);
    }
}
