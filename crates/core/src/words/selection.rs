//! Why no session was chosen, and why it is not clear where one is to run.

/// Nothing names one, and there is none.
pub(crate) const NONE: &str = "there is no session";

/// Nothing names one, and there are these.
pub(crate) fn several(list: &str) -> String {
    format!("there are several sessions: {list}")
}

/// One is named, and these have the name.
pub(crate) fn ambiguous(list: &str) -> String {
    format!("there are several sessions of that name: {list}")
}

/// None has the name.
pub(crate) fn unknown(name: &str) -> String {
    format!("there is no session `{name}`")
}

/// The option that names a platform has another value.
pub(crate) fn no_platform(text: &str) -> String {
    format!("`nutkin.platform` is `{text}`: use local, docker or kubernetes")
}

/// What in a file speaks for Kubernetes, where nobody said that it shall run here.
pub(crate) fn for_kubernetes(why: &str) -> String {
    format!("the file is meant for Kubernetes: {why}")
}
