//! What is said of a program that the image does not have.

use super::command::{SCRIPTS, base};
use nutkin_flink::words::nearest;

/// The verbs of the entrypoint.
const VERBS: [&str; 7] =
    ["jobmanager", "taskmanager", "standalone-job", "history-server", "cluster", "local", "help"];

/// The name of Flink's command, for which Nutkin stands.
const FLINK: &str = "flink";

/// Programs in `bin` of a distribution for which Nutkin does not stand, because each needs a shell and parts of `opt`, and which
/// talk to the REST API of a session.
const CLIENTS: [&str; 3] = ["pyflink-shell.sh", "sql-client.sh", "sql-gateway.sh"];

/// Other programs in `bin` of a distribution, and what does the same.
const INSTEAD: [(&str, &str); 5] = [
    ("flink-console.sh", "`jobmanager`, `taskmanager` and `history-server` start processes"),
    (
        "flink-daemon.sh",
        "`jobmanager.sh start` and `taskmanager.sh start` start processes in the background",
    ),
    (
        "start-zookeeper-quorum.sh",
        "start a container with `zookeeper.sh start-foreground ID` for each server of `conf/zoo.cfg`",
    ),
    ("stop-zookeeper-quorum.sh", "end the containers of the ZooKeeper servers"),
    (
        "yarn-session.sh",
        "sessions on YARN start from a distribution of Flink, with Hadoop's classes",
    ),
];

/// What helps whoever named a program that is not there.
pub fn hint(program: &str) -> String {
    let name = base(program);
    if let Some((_, instead)) = INSTEAD.iter().find(|(program, _)| *program == name) {
        return format!("images of Nutkin do not have it: {instead}");
    }
    if CLIENTS.contains(&name) {
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
        check("sql-gateway.sh", "-D rest.address=HOST");
        check("bin/yarn-session.sh", "sessions on YARN start from a distribution");
        check("start-zookeeper-quorum.sh", "`zookeeper.sh start-foreground ID`");
        // The controls.
        check("psql", "`help` lists the verbs that need no program");
        check("bash", "`help` lists the verbs that need no program");
    }
}
