//! Which session a command is about, and on which platform.

use std::fmt;

use crate::words::selection as words;

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

/// A session that somebody knows of.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Known {
    /// Its name.
    pub name: String,
    /// Where it runs.
    pub platform: Platform,
}

/// Why no session was chosen.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SelectionError {
    /// Nothing names one and there is none.
    #[error("{}", words::NONE)]
    None,
    /// Nothing names one and there are several.
    #[error("{}", words::several(&list(.0)))]
    Several(Vec<Known>),
    /// One is named, and it is on several platforms.
    #[error("{}", words::ambiguous(&list(.0)))]
    Ambiguous(Vec<Known>),
    /// There is none of that name.
    #[error("{}", words::unknown(.name))]
    Unknown {
        /// The name.
        name: String,
        /// The sessions that there are.
        known: Vec<Known>,
    },
}

/// Sessions for a message; the platform is named only where there is more than one.
pub fn list(known: &[Known]) -> String {
    let mixed = known.iter().any(|one| one.platform != known[0].platform);
    let one = |one: &Known| {
        if mixed { format!("{} ({})", one.name, one.platform) } else { one.name.clone() }
    };
    known.iter().map(one).collect::<Vec<_>>().join(", ")
}

/// Chooses a session among those that there are: 1. by the name given, 2. by the file's, 3. by the
/// variable's, 4. the only one. With a platform given (`--on`, `NUTKIN_PLATFORM`), only those on it count.
///
/// # Errors
/// There is none, there are several, or none has the name.
pub fn choose(
    naming: Naming<'_>,
    on: Option<Platform>,
    known: &[Known],
) -> Result<Known, SelectionError> {
    let there = known.iter().filter(|one| on.is_none_or(|on| one.platform == on));
    let there: Vec<Known> = there.cloned().collect();
    let Some(name) = naming.given.or(naming.file).or(naming.variable) else {
        return match there.as_slice() {
            [only] => Ok(only.clone()),
            [] => Err(SelectionError::None),
            _ => Err(SelectionError::Several(there)),
        };
    };
    let named: Vec<Known> = there.iter().filter(|one| one.name == name).cloned().collect();
    match named.as_slice() {
        [one] => Ok(one.clone()),
        [] => Err(SelectionError::Unknown { name: name.to_owned(), known: there }),
        _ => Err(SelectionError::Ambiguous(named)),
    }
}

/// What decides on the platform, strongest first.
#[derive(Debug, Clone, Copy, Default)]
pub struct Placing<'a> {
    /// 1. and 2. `--on`, otherwise `NUTKIN_PLATFORM`.
    pub given: Option<Platform>,
    /// 3. The option `nutkin.platform`.
    pub option: Option<&'a str>,
    /// 4. Where a session of that name is known.
    pub known: Option<Platform>,
    /// What in the file speaks against starting it on this machine unasked, as a sentence: `spec.mode`,
    /// `metadata.namespace` or a `kubernetes.*` option.
    pub against_local: Option<&'a str>,
}

/// Why the platform is not clear.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PlacingError {
    /// The option has another value.
    #[error("{}", words::no_platform(.0))]
    Option(String),
    /// The file is one for Kubernetes, and nobody said that it shall run here.
    #[error("{}", words::for_kubernetes(.0))]
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

/// The platform of that name.
pub fn parse(text: &str) -> Option<Platform> {
    [Platform::Local, Platform::Docker, Platform::Kubernetes]
        .into_iter()
        .find(|platform| platform.to_string() == text)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// `known` holds names; those that begin with `k:` are on Kubernetes.
    #[track_caller]
    fn check(
        given: Option<&str>,
        file: Option<&str>,
        variable: Option<&str>,
        on: Option<Platform>,
        texts: &[&str],
        expected: &str,
    ) {
        let known = |text: &&str| match text.strip_prefix("k:") {
            Some(name) => Known { name: name.to_owned(), platform: Platform::Kubernetes },
            None => Known { name: (*text).to_owned(), platform: Platform::Local },
        };
        let known: Vec<_> = texts.iter().map(known).collect();
        let found = match choose(Naming { given, file, variable }, on, &known) {
            Ok(one) => format!("{} {}", one.name, one.platform),
            Err(error) => error.to_string(),
        };
        assert_eq!(found, expected);
    }

    #[test]
    fn sessions() {
        check(Some("a"), Some("b"), Some("c"), None, &["a", "b", "c"], "a local");
        check(None, Some("b"), Some("c"), None, &["a", "b", "c"], "b local");
        check(None, None, Some("c"), None, &["a", "b", "c"], "c local");
        check(None, None, None, None, &["a"], "a local");
        check(None, None, None, None, &["a", "b"], "there are several sessions: a, b");
        check(None, None, None, None, &[], "there is no session");
        check(Some("x"), None, None, None, &["a"], "there is no session `x`");
        check(None, None, Some("x"), None, &["a"], "there is no session `x`");
    }

    #[test]
    fn sessions_of_several_platforms() {
        let kubernetes = Some(Platform::Kubernetes);
        check(Some("b"), None, None, None, &["a", "k:b"], "b kubernetes");
        check(None, None, None, None, &["k:b"], "b kubernetes");
        check(None, None, None, kubernetes, &["a", "k:b"], "b kubernetes");
        check(Some("a"), None, None, kubernetes, &["a", "k:a"], "a kubernetes");
        check(Some("a"), None, None, kubernetes, &["a", "k:b"], "there is no session `a`");
        check(
            Some("a"),
            None,
            None,
            None,
            &["a", "k:a", "b"],
            "there are several sessions of that name: a (local), a (kubernetes)",
        );
        check(
            None,
            None,
            None,
            None,
            &["a", "k:b"],
            "there are several sessions: a (local), b (kubernetes)",
        );
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
            against_local: Some("it has `spec.mode`"),
        };
        check(all, Ok(Docker));
        check(Placing { given: None, ..all }, Ok(Kubernetes));
        check(Placing { given: None, option: None, ..all }, Ok(Local));
        check(
            Placing { given: None, option: None, known: None, ..all },
            Err("the file is meant for Kubernetes: it has `spec.mode`"),
        );
        check(Placing::default(), Ok(Local));
        check(
            Placing { option: Some("Local"), ..Placing::default() },
            Err("`nutkin.platform` is `Local`: use local, docker or kubernetes"),
        );
    }
}
