//! What a program does in main() that only a client of its own can give it.
//!
//! A jar that is uploaded runs main() in the JobManager: detached, one execution, its output in the JobManager's `.out` file
//! (`JarRunHandler`, `DetachedApplicationRunner`). A program that needs more has Flink's own client.

use std::collections::BTreeSet;

use super::class_file;

/// Classes whose methods of these names wait for a result, or bring it to the client.
const WAIT: [(&[&str], &[&str]); 5] = [
    (
        &["org/apache/flink/api/java/DataSet", "org/apache/flink/api/scala/DataSet"],
        &["print", "printToErr", "collect", "count"],
    ),
    (
        &[
            "org/apache/flink/streaming/api/datastream/DataStream",
            "org/apache/flink/streaming/api/datastream/SingleOutputStreamOperator",
            "org/apache/flink/streaming/api/datastream/DataStreamSource",
            "org/apache/flink/streaming/api/datastream/KeyedStream",
            "org/apache/flink/streaming/api/scala/DataStream",
        ],
        &["executeAndCollect", "collectAsync"],
    ),
    (
        &[
            "org/apache/flink/streaming/api/datastream/DataStreamUtils",
            "org/apache/flink/streaming/experimental/DataStreamUtils",
        ],
        &["collect", "collectBoundedStream", "collectUnboundedStream", "collectWithClient"],
    ),
    (&["org/apache/flink/table/api/TableResult"], &["print", "collect", "await"]),
    (
        &["org/apache/flink/api/common/JobExecutionResult"],
        &["getNetRuntime", "getAccumulatorResult", "getAllAccumulatorResults"],
    ),
];

/// Methods with which a client waits for its job.
const CLIENT: (&str, &[&str]) = (
    "org/apache/flink/core/execution/JobClient",
    &["getJobExecutionResult", "getAccumulators", "getJobStatus", "stopWithSavepoint"],
);

/// Classes whose methods of these names start a job.
const EXECUTE: [(&str, &[&str]); 6] = [
    (
        "org/apache/flink/streaming/api/environment/StreamExecutionEnvironment",
        &["execute", "executeAsync"],
    ),
    ("org/apache/flink/api/java/ExecutionEnvironment", &["execute", "executeAsync"]),
    (
        "org/apache/flink/streaming/api/scala/StreamExecutionEnvironment",
        &["execute", "executeAsync"],
    ),
    ("org/apache/flink/api/scala/ExecutionEnvironment", &["execute", "executeAsync"]),
    ("org/apache/flink/table/api/StatementSet", &["execute"]),
    ("org/apache/flink/table/api/Table", &["executeInsert", "execute"]),
];

/// SQL that may be an `INSERT`, which starts a job, or a definition, which does not.
const SQL: (&[&str], &str) = (
    &[
        "org/apache/flink/table/api/TableEnvironment",
        "org/apache/flink/table/api/bridge/java/StreamTableEnvironment",
        "org/apache/flink/table/api/bridge/scala/StreamTableEnvironment",
    ],
    "executeSql",
);

/// Flink's own classes, which programs are not made of.
const FLINK: &str = "org/apache/flink/";

/// Why main() has to run in a client of its own: nothing where it need not. `class` gives a class file of the program by
/// its name in the JVM's notation, and is asked for `main` and what can be reached from there.
pub fn needs(main: &str, class: impl Fn(&str) -> Option<Vec<u8>>) -> Vec<String> {
    let main = main.replace('.', "/");
    let own = main.rsplit_once('/').map_or("", |(package, _)| package);
    let is_program = |name: &str| !name.starts_with(FLINK) || name.starts_with(own);
    let mut to_read = vec![main.clone()];
    let mut known: BTreeSet<String> = to_read.iter().cloned().collect();
    let mut waits = BTreeSet::new();
    let mut executions = 0;
    while let Some(name) = to_read.pop() {
        let Some(read) = class(&name).and_then(|bytes| class_file::read(&bytes)) else { continue };
        for ((owner, method), times) in &read.calls {
            let waiting = WAIT.iter().any(|(owners, methods)| {
                owners.contains(&owner.as_str()) && methods.contains(&method.as_str())
            });
            if 0 < *times && (waiting || is(CLIENT, owner, method)) {
                waits.insert(format!("`{}.{method}()`", simple(owner)));
            }
            let is_sql = SQL.0.contains(&owner.as_str()) && method == SQL.1;
            if is_sql || EXECUTE.iter().any(|one| is(*one, owner, method)) {
                executions += times;
            }
        }
        for next in read.classes {
            if is_program(&next) && known.insert(next.clone()) {
                to_read.push(next);
            }
        }
    }
    let mut reasons = Vec::new();
    if !waits.is_empty() {
        let calls: Vec<String> = waits.into_iter().collect();
        reasons.push(format!("the program calls {}", calls.join(", ")));
    }
    if 1 < executions {
        reasons.push(format!("the program may run {executions} jobs"));
    }
    reasons
}

fn is((class, methods): (&str, &[&str]), owner: &str, method: &str) -> bool {
    owner == class && methods.contains(&method)
}

fn simple(class: &str) -> &str {
    class.rsplit('/').next().unwrap_or(class)
}

#[cfg(test)]
mod tests {
    use super::super::class_file::tests::class;
    use super::*;

    const ENVIRONMENT: &str =
        "org/apache/flink/streaming/api/environment/StreamExecutionEnvironment";
    const STREAM: &str = "org/apache/flink/streaming/api/datastream/DataStream";

    /// Classes of a jar by name: what each calls, and how often.
    #[track_caller]
    fn check(main: &str, jar: &[(&str, (&str, &str), u8)], expected: &[&str]) {
        let found = needs(main, |name| {
            let (_, (owner, method), times) = jar.iter().find(|(class, ..)| *class == name)?;
            Some(class(owner, method, *times))
        });
        assert_eq!(found, expected);
    }

    #[test]
    fn a_job_that_is_only_started() {
        check("a.Main", &[("a/Main", (ENVIRONMENT, "execute"), 1)], &[]);
        check("a.Main", &[("a/Main", (STREAM, "print"), 1)], &[]);
        check("a.Main", &[], &[]);
    }

    #[test]
    fn results_and_several_jobs() {
        let collects = ("a/Main", (STREAM, "executeAndCollect"), 1);
        check("a.Main", &[collects], &["the program calls `DataStream.executeAndCollect()`"]);
        let several = ("a/Main", (ENVIRONMENT, "executeAsync"), 2);
        check("a.Main", &[several], &["the program may run 2 jobs"]);
    }

    #[test]
    fn only_what_main_reaches_counts() {
        let other = ("a/Other", ("org/apache/flink/table/api/TableResult", "print"), 1);
        check("a.Main", &[("a/Main", ("a/Helper", "go"), 1), other], &[]);
        let reached = ["the program calls `TableResult.print()`"];
        check("a.Main", &[("a/Main", ("a/Other", "go"), 1), other], &reached);
        // Flink's own classes are not a program, unless main() is there.
        let flink = ("org/apache/flink/x/A", (STREAM, "executeAndCollect"), 1);
        check("a.Main", &[("a/Main", ("org/apache/flink/x/A", "go"), 1), flink], &[]);
    }
}
