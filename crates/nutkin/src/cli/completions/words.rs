//! What can come next on a command line: subcommands, flags, and values that only a look tells (sessions, jobs, options,
//! releases).

use clap::{Arg, Command};

/// Values that are looked up when they are asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Looked {
    /// Names of sessions.
    Sessions,
    /// Names of jobs.
    Jobs,
    /// Keys of options.
    Options,
    /// Keys of options that get a value.
    Settings,
    /// Releases of Flink.
    Versions,
}

/// What the last word may become.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Next {
    /// One of these: words, each with what it is for.
    Words(Vec<(String, String)>),
    /// A value that is looked up, behind this text in the same word.
    Value(Looked, String),
    /// Anything else, most likely a file.
    Anything,
}

/// What comes next. `words`: those behind the program's name, the last one as far as it is typed.
pub(super) fn next(program: &Command, words: &[String]) -> Next {
    let Some((last, before)) = words.split_last() else { return Next::Anything };
    let (mut command, mut position, mut open, mut only_values) = (program, 0, None, false);
    for word in before {
        if open.take().is_some() {
            continue;
        }
        if only_values {
            position += 1;
        } else if word == "--" {
            only_values = true;
        } else if word.starts_with('-') && 1 < word.len() {
            open = flag(program, command, word)
                .filter(|(one, rest)| takes_value(one) && rest.is_none());
        } else if let Some(inner) = command.find_subcommand(word).filter(|_| position == 0) {
            command = inner;
        } else {
            position += 1;
        }
    }
    if let Some((one, _)) = open {
        return value(one, "");
    }
    if !only_values && last.starts_with('-') {
        return match flag(program, command, last) {
            Some((one, Some(rest))) if takes_value(one) => {
                value(one, &last[..last.len() - rest.len()])
            }
            _ => Next::Words(flags(program, command)),
        };
    }
    let inner = command.get_subcommands().filter(|one| !one.is_hide_set());
    let mut inner: Vec<_> =
        inner.map(|one| (one.get_name().to_owned(), about(one.get_about()))).collect();
    let positional = command.get_positionals().nth(position);
    let positional = positional.or_else(|| {
        command
            .get_positionals()
            .last()
            .filter(|one| one.get_num_args().is_some_and(|range| 1 < range.max_values()))
    });
    match positional.map(|one| value(one, "")) {
        _ if position == 0 && !inner.is_empty() && command.get_name() != "explain" => {
            Next::Words(inner)
        }
        Some(Next::Words(values)) => {
            inner.extend(values);
            Next::Words(inner)
        }
        Some(other) => other,
        None => Next::Anything,
    }
}

/// The flag that a word is, and what stands behind it in the same word: `-Dk`, `--flink=1`.
fn flag<'c, 'w>(
    program: &'c Command,
    command: &'c Command,
    word: &'w str,
) -> Option<(&'c Arg, Option<&'w str>)> {
    let mut all = command.get_arguments().chain(program.get_arguments());
    if let Some(long) = word.strip_prefix("--") {
        let (name, rest) =
            long.split_once('=').map_or((long, None), |(name, rest)| (name, Some(rest)));
        return all.find(|one| one.get_long() == Some(name)).map(|one| (one, rest));
    }
    let mut letters = word[1..].chars();
    let short = letters.next()?;
    let rest = letters.as_str();
    let rest = (!rest.is_empty()).then_some(rest);
    all.find(|one| one.get_short() == Some(short)).map(|one| (one, rest))
}

fn takes_value(one: &Arg) -> bool {
    one.get_action().takes_values()
}

fn flags(program: &Command, command: &Command) -> Vec<(String, String)> {
    let all = command.get_arguments().chain(program.get_arguments());
    let all = all.filter(|one| !one.is_hide_set() && !one.is_positional());
    let word = |one: &Arg| {
        let long = one.get_long().map(|long| format!("--{long}"));
        Some((long.or_else(|| Some(format!("-{}", one.get_short()?)))?, about(one.get_help())))
    };
    let mut all: Vec<_> = all.filter_map(word).collect();
    all.sort();
    all.dedup_by(|one, other| one.0 == other.0);
    all
}

/// What the value of an argument may be. The names of values say what they are, the same in all commands.
fn value(one: &Arg, before: &str) -> Next {
    let possible = one.get_possible_values();
    if !possible.is_empty() && takes_value(one) {
        let shown = possible.iter().filter(|value| !value.is_hide_set());
        let word = |value: &clap::builder::PossibleValue| {
            (format!("{before}{}", value.get_name()), about(value.get_help()))
        };
        return Next::Words(shown.map(word).collect());
    }
    let name =
        one.get_value_names().and_then(|names| names.first()).map(clap::builder::Str::as_str);
    let looked = match name {
        _ if one.get_long() == Some("session") => Looked::Sessions,
        Some("NAME" | "[NAME] PROCESS" | "SESSION|JOB|POD|TASKMANAGER") if one.is_positional() => {
            Looked::Sessions
        }
        Some("JOB") => Looked::Jobs,
        Some("KEY") => Looked::Options,
        Some("KEY=VALUE") => Looked::Settings,
        Some("VERSION") => Looked::Versions,
        _ => return Next::Anything,
    };
    Next::Value(looked, before.to_owned())
}

fn about(text: Option<&clap::builder::StyledStr>) -> String {
    text.map(|text| text.to_string().lines().next().unwrap_or_default().to_owned())
        .unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::*;
    use crate::cli::Cli;

    fn next_of(line: &str) -> Next {
        let words: Vec<String> = line.split(' ').map(str::to_owned).collect();
        let mut program = Cli::command();
        program.build();
        next(&program, &words)
    }

    #[test]
    fn values_that_are_looked_up() {
        #[track_caller]
        fn check(line: &str, looked: Looked, before: &str) {
            assert_eq!(next_of(line), Next::Value(looked, before.to_owned()), "{line}");
        }
        for command in [
            "up", "down", "plan", "status", "why", "doctor", "capture", "open", "scale", "restart",
            "move", "jobs", "logs",
        ] {
            check(&format!("{command} "), Looked::Sessions, "");
        }
        check("down --yes or", Looked::Sessions, "");
        check("run --session or", Looked::Sessions, "");
        check("run --session=or", Looked::Sessions, "--session=");
        for command in ["job", "stop", "cancel", "savepoint", "checkpoint"] {
            check(&format!("{command} --session a "), Looked::Jobs, "");
        }
        check("up -D task", Looked::Settings, "");
        check("up -Dtask", Looked::Settings, "-D");
        check("explain task", Looked::Options, "");
        check("up a --flink 2", Looked::Versions, "");
        check("dist install 2", Looked::Versions, "");
    }

    #[test]
    fn words_that_are_known() {
        #[track_caller]
        fn check(line: &str, expected: &[&str], others: &[&str]) {
            let Next::Words(found) = next_of(line) else { panic!("{line}") };
            let has = |word: &&str| found.iter().any(|(one, _)| one == *word);
            assert!(expected.iter().all(has), "{line}: {found:?}");
            assert!(!others.iter().any(has), "{line}: {found:?}");
        }
        check("", &["up", "restart", "completions"], &["supervise"]);
        check("-q ", &["up"], &[]);
        check("dist ", &["install", "list"], &["up"]);
        check("up --", &["--flink", "--task-managers", "--quiet"], &["--keep-logs"]);
        check("status --on ", &["local", "docker", "kubernetes"], &[]);
        check("status -o ", &["json", "yaml"], &[]);
        check("completions ", &["bash", "zsh", "fish"], &[]);
    }

    #[test]
    fn files_are_left_to_the_shell() {
        for line in ["up -f ", "run ", "up --timeout ", "run a.jar "] {
            assert_eq!(next_of(line), Next::Anything, "{line}");
        }
    }
}
