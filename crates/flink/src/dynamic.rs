//! `-D key=value` on a command line.

use super::{Configuration, Origin};
use crate::Problem;

/// Reads what stood behind each `-D`: `key=value`, or `key` alone, which means `true` as it does for
/// Flink's own commands (`org.apache.flink.client.cli.DynamicPropertiesUtil`). The last of two wins.
///
/// # Errors
/// All arguments that have no key.
pub fn parse<S: AsRef<str>>(arguments: &[S]) -> Result<Configuration, Vec<Problem>> {
    let mut configuration = Configuration::new();
    let mut problems = Vec::new();
    for argument in arguments {
        let argument = argument.as_ref();
        let (key, value) = argument.split_once('=').unwrap_or((argument, "true"));
        if key.trim().is_empty() {
            // The value stays out of the message: it may be a secret.
            problems.push(Problem::new("-D", "has no key").hint("write -D key=value"));
        } else {
            configuration.set(key, value, Origin::CommandLine);
        }
    }
    if problems.is_empty() { Ok(configuration) } else { Err(problems) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(arguments: &[&str], expected: Option<&[(&str, &str)]>) {
        let expected = expected.map(|pairs| pairs.iter().copied().collect::<Configuration>());
        assert_eq!(parse(arguments).ok(), expected, "{arguments:?}");
    }

    #[test]
    fn arguments() {
        check(&["a=b"], Some(&[("a", "b")]));
        check(&["a"], Some(&[("a", "true")]));
        check(&["a="], Some(&[("a", "")]));
        check(&["a=b=c"], Some(&[("a", "b=c")]));
        check(&["a=1", "a=2"], Some(&[("a", "2")]));
        check(&[], Some(&[]));
        check(&["=secret", "", "a=b"], None);
    }

    #[test]
    fn all_problems_are_told_and_no_value() {
        let problems = parse(&["=hunter2", ""]).unwrap_err();
        assert_eq!(problems.len(), 2);
        assert!(!format!("{problems:?}").contains("hunter2"));
    }
}
