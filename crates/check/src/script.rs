//! Shell scripts: where they write Flink's configuration, and which addresses they call.

use super::finding::Place;
use super::kubernetes::Role;
use super::role::{self, Program};
use super::source::File;

/// What a script does that matters.
#[derive(Debug, Clone)]
pub(super) struct Script {
    pub(super) file: usize,
    /// Lines that change `flink-conf.yaml` or `config.yaml` in place.
    pub(super) edits: Vec<Place>,
    /// `flink run -m HOST:PORT` and the like: place, host and port.
    pub(super) calls: Vec<(Place, String, i64)>,
    /// Whether it reads the container's memory to size the heap by hand.
    pub(super) is_entrypoint: bool,
    /// The role that it starts whatever words it is given.
    pub(super) only: Option<Role>,
}

/// How shells call the words that a script is given.
const WORDS: [&str; 9] = ["$@", "$*", "$#", "$1", "${@", "${*", "${#", "${1", "getopts"];

/// The role that a script starts whatever words it is given.
fn only(text: &str) -> Option<Role> {
    let code: String = text.lines().filter(|line| !line.trim_start().starts_with('#')).collect();
    if WORDS.iter().any(|word| code.contains(word)) {
        return None;
    }
    match role::of_script(text) {
        Program::JobManager => Some(Role::JobManager),
        Program::TaskManager => Some(Role::TaskManager),
        _ => None,
    }
}

/// Reads one.
pub(super) fn read(index: usize, file: &File) -> Script {
    let (edits, calls, only) = (Vec::new(), Vec::new(), only(&file.text));
    let mut script = Script { file: index, edits, calls, is_entrypoint: false, only };
    for (number, line) in file.text.lines().enumerate() {
        let line_number = u32::try_from(number + 1).unwrap_or(u32::MAX);
        let column = line.chars().take_while(|c| c.is_whitespace()).count() + 1;
        let column = u32::try_from(column).unwrap_or(u32::MAX);
        let place = Place { file: index, line: line_number, column };
        let code = line.trim_start();
        if code.starts_with('#') {
            continue;
        }
        let names_conf = code.contains("flink-conf.yaml") || code.contains("conf/config.yaml");
        let writes = code.contains("sed -i") || code.contains(">>") || code.contains("> \"$");
        if names_conf && writes {
            script.edits.push(place);
        }
        script.is_entrypoint |= code.contains("start-foreground");
        let mut words = code.split_whitespace();
        if words.any(|word| word == "flink" || word.ends_with("/flink")) {
            let mut words = words.skip_while(|word| {
                !matches!(*word, "-m" | "--jobmanager") && !word.starts_with("-m=")
            });
            let address = words.next().and_then(|flag| {
                flag.split_once('=').map(|(_, address)| address).or_else(|| words.next())
            });
            if let Some((host, port)) = address.and_then(|address| address.rsplit_once(':'))
                && let Ok(port) = port.parse()
            {
                script.calls.push((place, host.to_owned(), port));
            }
        }
    }
    script
}

#[cfg(test)]
mod tests {
    use super::only;
    use crate::kubernetes::Role;

    #[test]
    fn roles_whatever_a_script_is_told() {
        #[track_caller]
        fn check(text: &str, expected: Option<Role>) {
            assert_eq!(only(text), expected, "{text}");
        }
        let (master, worker) = (Some(Role::JobManager), Some(Role::TaskManager));
        check("#!/bin/sh\nset -e\nexec /docker-entrypoint.sh jobmanager\n", master);
        check("exec $FLINK_HOME/bin/taskmanager.sh start-foreground\n", worker);
        check("# \"$@\"\nexec /docker-entrypoint.sh jobmanager\n", master);
        check("exec /docker-entrypoint.sh \"$@\"\n", None);
        check("exec /docker-entrypoint.sh jobmanager \"${@}\"\n", None);
        check("exec /docker-entrypoint.sh $ROLE\n", None);
        check(
            "case $ROLE in a) jobmanager.sh start-foreground;; b) taskmanager.sh start-foreground;; esac",
            None,
        );
        check("curl http://flink-jobmanager:8081\n", None);
    }
}
