//! Arguments that name files which main() will not find: it runs in the JobManager, not here.

use std::path::{Path, PathBuf};

use crate::words::jobs as words;
use nutkin_flink::Problem;

/// Where the JobManager looks for files.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Sight {
    /// It sees this machine's files; relative paths start at its working directory.
    Here {
        /// That directory, where known.
        directory: Option<PathBuf>,
    },
    /// It has files of its own.
    Elsewhere,
}

/// What to say about arguments that name a file of this machine which the JobManager does not find there.
///
/// `directory` is where the user is, and `is_there` tells whether a path exists on this machine.
pub fn hints(
    arguments: &[String],
    sight: &Sight,
    directory: &Path,
    is_there: impl Fn(&Path) -> bool,
) -> Vec<String> {
    let mut hints = Vec::new();
    let mut before = "";
    for argument in arguments {
        // What is written need not be there yet.
        let is_output = *sight != Sight::Elsewhere
            && (before == "--output" || argument.starts_with("--output="));
        before = argument;
        let Some(path) = named(argument) else { continue };
        let here = directory.join(path);
        if !is_output && !is_there(&here) {
            continue;
        }
        let shown = path.display().to_string();
        match sight {
            Sight::Elsewhere => hints.push(words::file_elsewhere(&shown)),
            Sight::Here { directory: theirs } => {
                if path.is_absolute() || theirs.as_deref() == Some(directory) {
                    continue;
                }
                hints.push(words::relative_file(&shown, &here.display().to_string()));
            }
        }
    }
    hints
}

/// A savepoint, or a directory for one, as the JobManager finds it: a relative path of somebody who is in `directory`
/// would start at the JobManager's working directory, which ends with the session.
///
/// # Errors
/// A relative path that the JobManager cannot see.
pub fn snapshot_path(
    text: &str,
    sight: &Sight,
    directory: &Path,
    option: &str,
) -> Result<String, Problem> {
    let has_scheme = text.split_once(':').is_some_and(|(scheme, _)| {
        scheme.starts_with(|c: char| c.is_ascii_alphabetic())
            && scheme.chars().all(|c| c.is_ascii_alphanumeric() || "+-.".contains(c))
    });
    let path = Path::new(text);
    if has_scheme || path.is_absolute() {
        return Ok(text.to_owned());
    }
    if *sight == Sight::Elsewhere {
        let message = format!("`{text}` is relative; the JobManager has directories of its own");
        return Err(Problem::new(option, message)
            .hint("write the whole path, or an address such as `s3://bucket/savepoints`"));
    }
    let path = path.strip_prefix("./").unwrap_or(path);
    Ok(directory.join(path).display().to_string())
}

/// The path that an argument may be: `a/b`, `--input=a/b`, `file:///a/b`. An option alone and a number are none; other
/// schemes (`hdfs://`) are found from everywhere.
fn named(argument: &str) -> Option<&Path> {
    let value = match argument.split_once('=') {
        Some((name, value)) if name.starts_with('-') => value,
        _ if argument.starts_with('-') => return None,
        _ => argument,
    };
    let value = match value.split_once(':') {
        Some(("file", path)) => path.strip_prefix("//").unwrap_or(path),
        Some((scheme, rest)) if rest.starts_with("//") && !scheme.contains('/') => return None,
        _ => value,
    };
    let is_plain = !value.is_empty() && value.parse::<f64>().is_err();
    is_plain.then(|| Path::new(value))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_savepoint_does_not_lie_in_the_directory_of_a_session() {
        #[track_caller]
        fn check(text: &str, here: &str, elsewhere: Option<&str>) {
            let path = |sight| snapshot_path(text, &sight, Path::new("/home"), "DIR").ok();
            assert_eq!(path(Sight::Here { directory: None }).as_deref(), Some(here));
            assert_eq!(path(Sight::Elsewhere).as_deref(), elsewhere);
        }
        check("sp/one", "/home/sp/one", None);
        check("./sp", "/home/sp", None);
        check("a/b:c", "/home/a/b:c", None);
        check("/data/sp", "/data/sp", Some("/data/sp"));
        check("s3://b/sp", "s3://b/sp", Some("s3://b/sp"));
        check("file:/data/sp", "file:/data/sp", Some("file:/data/sp"));
    }

    /// `text.txt` and `/data/in` exist; the user is in `/home`.
    #[track_caller]
    fn check(arguments: &str, sight: &Sight, expected: &[&str]) {
        let arguments: Vec<String> = arguments.split(' ').map(str::to_owned).collect();
        let is_there =
            |path: &Path| path == Path::new("/home/text.txt") || path == Path::new("/data/in");
        let hints = hints(&arguments, sight, Path::new("/home"), is_there);
        assert_eq!(hints.len(), expected.len(), "{hints:?}");
        for (hint, expected) in hints.iter().zip(expected) {
            assert!(hint.contains(expected), "{hint}");
        }
    }

    #[test]
    fn what_the_job_manager_does_not_find() {
        let far = Sight::Elsewhere;
        check("--input text.txt", &far, &["`text.txt` is a file of this machine"]);
        check("--input=text.txt --n 7", &far, &["`text.txt` is a file"]);
        check("file:///data/in /data/in", &far, &["`/data/in` is", "`/data/in` is"]);
        check("hdfs://data/in s3://text.txt other.txt --text.txt", &far, &[]);
        let near = Sight::Here { directory: Some("/sessions/a".into()) };
        check("text.txt", &near, &["write `/home/text.txt`"]);
        check("--output new", &near, &["write `/home/new`"]);
        check("--output=/new --output s3://new", &near, &[]);
        check("--output new", &far, &[]);
        check("file:///data/in /data/in out", &near, &[]);
        check("text.txt", &Sight::Here { directory: None }, &["write `/home/text.txt`"]);
        check("text.txt", &Sight::Here { directory: Some("/home".into()) }, &[]);
    }
}
