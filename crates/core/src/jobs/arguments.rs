//! Arguments that name files: main() runs in the JobManager, not where the user is.

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

/// Options of programs whose value is a path, by what is in their names.
const OF_PATHS: [&str; 5] = ["input", "output", "path", "file", "dir"];

/// Arguments as the JobManager gets them.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Resolved {
    /// All of them, in their order.
    pub arguments: Vec<String>,
    /// What became of which, each in one line.
    pub said: Vec<String>,
}

/// Relative paths of somebody who is in `directory`, as the JobManager finds them: whole, where it sees the files of this
/// machine. A relative path is an argument that is there and looks like a path (it has a `/` or an extension, or follows an
/// option of `OF_PATHS`), or the value of `--output`.
///
/// # Errors
/// The JobManager does not see the files of this machine: each argument that names one by a relative path.
pub fn resolved(
    arguments: &[String],
    sight: &Sight,
    directory: &Path,
    is_there: impl Fn(&Path) -> bool,
) -> Result<Resolved, Vec<Problem>> {
    let mut resolved = Resolved::default();
    let mut problems = Vec::new();
    let mut before = "";
    for argument in arguments {
        let option = argument.split_once('=').map_or(before, |(name, _)| name);
        before = argument;
        let found = named(argument).filter(|path| path.is_relative()).filter(|path| {
            let is_output = *sight != Sight::Elsewhere && option == "--output";
            is_output || (is_path(path, option) && is_there(&directory.join(path)))
        });
        let whole = match (found, sight) {
            (Some(path), Sight::Elsewhere) => {
                problems.push(
                    Problem::new("ARGS", words::relative_elsewhere(&path.display().to_string()))
                        .hint(words::REACHED_BY_BOTH),
                );
                None
            }
            (Some(path), Sight::Here { directory: theirs })
                if theirs.as_deref() != Some(directory) =>
            {
                let shown = path.display().to_string();
                let plain = path.strip_prefix("./").unwrap_or(path);
                let whole = directory.join(plain).display().to_string();
                resolved.said.push(words::passed_as(&shown, &whole));
                Some(argument.strip_suffix(&shown).unwrap_or_default().to_owned() + &whole)
            }
            _ => None,
        };
        resolved.arguments.push(whole.unwrap_or_else(|| argument.clone()));
    }
    if problems.is_empty() { Ok(resolved) } else { Err(problems) }
}

/// Whether a word is meant as a path rather than as a word that happens to be the name of a file.
fn is_path(path: &Path, option: &str) -> bool {
    let is_of_paths = option.starts_with('-') && {
        let option = option.to_lowercase();
        OF_PATHS.iter().any(|part| option.contains(part))
    };
    is_of_paths || path.extension().is_some() || 1 < path.components().count()
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

    /// `text.txt`, `in/a` and `word` exist in `/home`, where the user is. `None`: refused.
    #[track_caller]
    fn check_resolved(arguments: &str, sight: &Sight, expected: Option<&str>) {
        let arguments: Vec<String> = arguments.split(' ').map(str::to_owned).collect();
        let there = ["/home/text.txt", "/home/in/a", "/home/./in/a", "/home/word"];
        let is_there = |path: &Path| there.iter().any(|one| path == Path::new(one));
        let found = resolved(&arguments, sight, Path::new("/home"), is_there);
        let found = found.map(|one| (one.arguments.join(" "), one.said.len()));
        let changed = expected.map(|expected| {
            let words = expected.split(' ').zip(&arguments);
            (expected.to_owned(), words.filter(|(new, old)| new != old).count())
        });
        assert_eq!(found.ok(), changed);
    }

    #[test]
    fn relative_paths_are_those_of_the_user() {
        let near = Sight::Here { directory: None };
        check_resolved("--input text.txt", &near, Some("--input /home/text.txt"));
        check_resolved("--input=./in/a --n 7", &near, Some("--input=/home/in/a --n 7"));
        check_resolved("file:text.txt", &near, Some("file:/home/text.txt"));
        check_resolved("--output out", &near, Some("--output /home/out"));
        check_resolved("--output=out/b", &near, Some("--output=/home/out/b"));
        check_resolved("--file word", &near, Some("--file /home/word"));
        // The controls: what is a word, what is not there, what is whole, and where the JobManager is in the same directory.
        let same = "word --mode word none.txt /data/text.txt s3://text.txt --output s3://out";
        check_resolved(same, &near, Some(same));
        let there = Sight::Here { directory: Some("/home".into()) };
        check_resolved("--input text.txt", &there, Some("--input text.txt"));
        let far = Sight::Elsewhere;
        check_resolved("--input text.txt", &far, None);
        check_resolved("in/a", &far, None);
        let same = "word --output out --input none.txt --input /home/text.txt";
        check_resolved(same, &far, Some(same));
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
