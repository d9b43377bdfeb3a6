//! What is said of a program that the image does not have.

use super::command::{SCRIPTS, base};
use nutkin_flink::words::nearest;

/// The verbs of the entrypoint.
const VERBS: [&str; 7] =
    ["jobmanager", "taskmanager", "standalone-job", "history-server", "cluster", "local", "help"];

/// The name of Flink's command, for which Nutkin stands.
const FLINK: &str = "flink";

/// Programs in `bin` of a distribution for which Nutkin does not stand: each needs its shell and parts of `opt`.
const OF_FLINK: [&str; 6] = [
    "kubernetes-session.sh",
    "pyflink-shell.sh",
    "sql-client.sh",
    "sql-gateway.sh",
    "start-zookeeper-quorum.sh",
    "yarn-session.sh",
];

/// What helps whoever named a program that is not there.
pub fn hint(program: &str) -> String {
    let name = base(program);
    if OF_FLINK.contains(&name) {
        return format!(
            "images of Nutkin do not have it: run `{name}` from a distribution of Flink or in one of its official images, and give it \
             the address of this session (`-D rest.address=HOST -D rest.port=PORT`)"
        );
    }
    let known = VERBS.iter().chain(&SCRIPTS).chain([&FLINK]).copied();
    match nearest(name, known) {
        Some(meant) => format!("did you mean `{meant}`? `help` lists the verbs"),
        None => "`help` lists the verbs that need no program".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    #[test]
    fn what_was_meant() {
        #[track_caller]
        fn check(program: &str, says: &str) {
            assert!(super::hint(program).contains(says), "{}", super::hint(program));
        }
        check("jobmanger", "did you mean `jobmanager`?");
        check("task-manager", "did you mean `taskmanager`?");
        check("/opt/flink/bin/taskmanger.sh", "did you mean `taskmanager.sh`?");
        check("sql-client.sh", "run `sql-client.sh` from a distribution");
        // The controls.
        check("psql", "`help` lists the verbs that need no program");
        check("bash", "`help` lists the verbs that need no program");
    }
}
