//! Which session a command is about, and on which platform.

use std::fmt;

/// Where a session runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Platform {
    /// Processes of this machine.
    Local,
    /// Containers of a Docker daemon.
    Docker,
    /// A Kubernetes cluster.
    Kubernetes,
}

impl fmt::Display for Platform {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Local => "local",
            Self::Docker => "docker",
            Self::Kubernetes => "kubernetes",
        })
    }
}

/// What names a session, strongest first. The numbers are those of `docs/sessions.md`.
#[derive(Debug, Clone, Copy, Default)]
pub struct Naming<'a> {
    /// 1. The argument, or `--session`.
    pub given: Option<&'a str>,
    /// 2. The `metadata.name` of the file of `-f`.
    pub file: Option<&'a str>,
    /// 3. `NUTKIN_SESSION`.
    pub variable: Option<&'a str>,
}

/// Why no session was chosen.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SelectionError {
    /// Nothing names one and there is none.
    #[error("there is no session")]
    None,
    /// Nothing names one and there are several.
    #[error("there are several sessions: {}", .0.join(", "))]
    Several(Vec<String>),
    /// There is none of that name.
    #[error("there is no session `{name}`")]
    Unknown {
        /// The name.
        name: String,
        /// The sessions that there are.
        known: Vec<String>,
    },
}

/// Chooses a session among those that there are: 1. by the name given, 2. by the file's, 3. by the
/// variable's, 4. the only one.
///
/// # Errors
/// There is none, there are several, or none has the name.
pub fn choose(naming: Naming<'_>, known: &[String]) -> Result<String, SelectionError> {
    let named = naming.given.or(naming.file).or(naming.variable);
    match (named, known) {
        (Some(name), _) if known.iter().any(|one| one == name) => Ok(name.to_owned()),
        (Some(name), _) => {
            Err(SelectionError::Unknown { name: name.to_owned(), known: known.to_vec() })
        }
        (None, [only]) => Ok(only.clone()),
        (None, []) => Err(SelectionError::None),
        (None, several) => Err(SelectionError::Several(several.to_vec())),
    }
}

/// What decides on the platform, strongest first.
#[derive(Debug, Clone, Copy, Default)]
pub struct Placing<'a> {
    /// 1. and 2. `--on`, else `NUTKIN_PLATFORM`.
    pub given: Option<Platform>,
    /// 3. The option `nutkin.platform`.
    pub option: Option<&'a str>,
    /// 4. Where a session of that name is known.
    pub known: Option<Platform>,
    /// What in the file speaks against starting it on this machine unasked: `spec.mode`,
    /// `metadata.namespace` or a `kubernetes.*` option.
    pub against_local: Option<&'a str>,
}

/// Why the platform is not clear.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PlacingError {
    /// The option has another value.
    #[error("`nutkin.platform` is `{0}`: use local, docker or kubernetes")]
    Option(String),
    /// The file is one for Kubernetes, and nobody said that it shall run here.
    #[error("the file has `{0}`, which is about Kubernetes, and it is not said where to start it")]
    Unclear(String),
}

/// Decides where a session is started: 1. and 2. what was given, 3. the option, 4. where it is known,
/// 5. on this machine, unless the file speaks against it.
///
/// # Errors
/// The option has no such value, or the user must say `--on`.
pub fn place(placing: Placing<'_>) -> Result<Platform, PlacingError> {
    if let Some(platform) = placing.given {
        return Ok(platform);
    }
    if let Some(option) = placing.option {
        return parse(option).ok_or_else(|| PlacingError::Option(option.to_owned()));
    }
    match (placing.known, placing.against_local) {
        (Some(platform), _) => Ok(platform),
        (None, Some(reason)) => Err(PlacingError::Unclear(reason.to_owned())),
        (None, None) => Ok(Platform::Local),
    }
}

fn parse(text: &str) -> Option<Platform> {
    [Platform::Local, Platform::Docker, Platform::Kubernetes]
        .into_iter()
        .find(|platform| platform.to_string() == text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(
        given: Option<&str>,
        file: Option<&str>,
        variable: Option<&str>,
        known: &[&str],
        expected: &str,
    ) {
        let known: Vec<_> = known.iter().map(|name| (*name).to_owned()).collect();
        let found = match choose(Naming { given, file, variable }, &known) {
            Ok(name) => name,
            Err(error) => error.to_string(),
        };
        assert_eq!(found, expected);
    }

    #[test]
    fn sessions() {
        check(Some("a"), Some("b"), Some("c"), &["a", "b", "c"], "a");
        check(None, Some("b"), Some("c"), &["a", "b", "c"], "b");
        check(None, None, Some("c"), &["a", "b", "c"], "c");
        check(None, None, None, &["a"], "a");
        check(None, None, None, &["a", "b"], "there are several sessions: a, b");
        check(None, None, None, &[], "there is no session");
        check(Some("x"), None, None, &["a"], "there is no session `x`");
        check(None, None, Some("x"), &["a"], "there is no session `x`");
    }

    #[test]
    fn platforms() {
        use Platform::{Docker, Kubernetes, Local};
        #[track_caller]
        fn check(placing: Placing<'_>, expected: Result<Platform, &str>) {
            assert_eq!(
                place(placing).map_err(|error| error.to_string()),
                expected.map_err(str::to_owned)
            );
        }
        let all = Placing {
            given: Some(Docker),
            option: Some("kubernetes"),
            known: Some(Local),
            against_local: Some("spec.mode"),
        };
        check(all, Ok(Docker));
        check(Placing { given: None, ..all }, Ok(Kubernetes));
        check(Placing { given: None, option: None, ..all }, Ok(Local));
        check(
            Placing { given: None, option: None, known: None, ..all },
            Err(
                "the file has `spec.mode`, which is about Kubernetes, and it is not said where to \
                 start it",
            ),
        );
        check(Placing::default(), Ok(Local));
        check(
            Placing { option: Some("Local"), ..Placing::default() },
            Err("`nutkin.platform` is `Local`: use local, docker or kubernetes"),
        );
    }
}
