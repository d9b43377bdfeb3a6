//! What can go wrong with a JobManager, in words for people.

use nutkin_diagnosis::root_cause;
use nutkin_shell::TenureOver;
use reqwest::{Response, StatusCode};
use serde_json::Value;

/// Why a request failed.
#[derive(Debug, thiserror::Error)]
pub enum RestError {
    /// No JobManager could be connected to.
    #[error("no JobManager answers at {0}")]
    Unreachable(String, #[source] reqwest::Error),
    /// Somebody else's JobManager has the port.
    #[error("what answers at {0} is the JobManager of another session, which has the port")]
    Stranger(String),
    /// JobManagers are there, and none leads.
    #[error("no JobManager leads: the session is starting or electing one")]
    NoLeader,
    /// The connection broke in the middle.
    #[error("the connection to the JobManager broke; whether it did what was asked is not known")]
    Broken(#[source] reqwest::Error),
    /// The jar cannot be read.
    #[error("the jar cannot be read")]
    Jar(#[source] std::io::Error),
    /// It was not asked: another operator may be at work.
    #[error(transparent)]
    Over(TenureOver),
    /// There is no such thing.
    #[error("the JobManager knows no such thing: {0}")]
    NotFound(String),
    /// Flink said no.
    #[error("{cause}")]
    Refused {
        /// The root cause in one line.
        cause: String,
        /// The Java exception, as far as it helps.
        trace: Vec<String>,
    },
}

/// Lines of a Java exception that are shown: its head and every cause, with the job's own frames below each.
const TRACE_LINES: usize = 20;

/// Frames of the job's own code below each of them: where it threw, and who called that.
const OWN_FRAMES: usize = 2;

/// Packages of Java: whoever reads a trace did not write these.
const JAVA: [&str; 4] = ["java.", "javax.", "jdk.", "sun."];

/// Packages of Flink and of what it is built on.
const FLINK: [&str; 4] = ["org.apache.flink.", "org.apache.pekko.", "akka.", "scala."];

impl RestError {
    /// The JSON of a good answer, or what Flink says is wrong.
    pub(super) async fn check(response: Response) -> Result<Value, Self> {
        let status = response.status();
        let text = response.text().await.map_err(Self::Broken)?;
        if status.is_success() {
            return Ok(serde_json::from_str(&text).unwrap_or(Value::Null));
        }
        let answer: Value = serde_json::from_str(&text).unwrap_or(Value::Null);
        let errors: Vec<&str> =
            answer["errors"].as_array().into_iter().flatten().filter_map(Value::as_str).collect();
        let whole = if errors.is_empty() { text } else { errors.join("\n") };
        // `/jobs/:id/status` tells it as an error of its own (`JobStatusHandler`, 1.20).
        if status == StatusCode::NOT_FOUND || whole.contains("FlinkJobNotFoundException") {
            return Err(Self::NotFound(root_cause(&whole)));
        }
        Err(Self::of_trace(&whole))
    }

    /// All that Flink said, as far as it is kept.
    pub fn whole(&self) -> String {
        match self {
            Self::Refused { cause, trace } => format!("{cause}\n{}", trace.join("\n")),
            other => other.to_string(),
        }
    }

    /// An error out of a Java stack trace.
    pub(super) fn of_trace(trace: &str) -> Self {
        Self::Refused { cause: root_cause(trace), trace: shorten(trace) }
    }
}

/// The lines of a trace that say something: heads, and below each the frames of the job's own code, two at most. Where the
/// last head has none, the first frame of Flink says where it was thrown.
pub(super) fn shorten(trace: &str) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    let (mut own, mut thrown) = (0, None);
    for line in trace.lines().filter(|line| !line.trim().is_empty()) {
        let line = line.trim_end();
        let Some(frame) = line.trim_start().strip_prefix("at ") else {
            // `... 12 more`
            if !line.trim_start().starts_with("... ") {
                (own, thrown) = (0, None);
                lines.push(line.to_owned());
            }
            continue;
        };
        // `java.base/java.net.URLClassLoader.findClass`, `app//a.Job.main`
        let method = frame.rsplit('/').next().unwrap_or(frame);
        let is_of = |packages: &[&str]| packages.iter().any(|package| method.starts_with(package));
        if is_of(&JAVA) {
            continue;
        }
        thrown.get_or_insert(line);
        if own < OWN_FRAMES && !is_of(&FLINK) {
            own += 1;
            lines.push(line.to_owned());
        }
    }
    lines.extend(thrown.filter(|_| own == 0).map(str::to_owned));
    lines.truncate(TRACE_LINES);
    lines
}

#[cfg(test)]
mod tests {
    #[test]
    fn of_a_trace_the_heads_and_the_jobs_own_code_are_shown() {
        #[track_caller]
        fn check(trace: &[&str], expected: &[&str]) {
            assert_eq!(super::shorten(&trace.join("\n")), expected);
        }
        check(
            &[
                "org.apache.flink.client.program.ProgramInvocationException: The main method caused an error",
                "\tat org.apache.flink.client.program.PackagedProgram.callMainMethod(PackagedProgram.java:373)",
                "\tat java.base/java.lang.Thread.run(Thread.java:840)",
                "Caused by: java.lang.IllegalArgumentException: expected --name value, found -q",
                "\tat app//shop.Arguments.read(Arguments.java:12)",
                "\tat shop.Orders.main(Orders.java:7)",
                "\tat shop.Start.main(Start.java:3)",
                "\tat java.base/java.lang.reflect.Method.invoke(Method.java:569)",
                "\t... 12 more",
            ],
            &[
                "org.apache.flink.client.program.ProgramInvocationException: The main method caused an error",
                "Caused by: java.lang.IllegalArgumentException: expected --name value, found -q",
                "\tat app//shop.Arguments.read(Arguments.java:12)",
                "\tat shop.Orders.main(Orders.java:7)",
            ],
        );
        let thrown = "\tat org.apache.flink.runtime.jobmaster.JobMaster.start(JobMaster.java:9)";
        check(
            &[
                "java.lang.NullPointerException",
                thrown,
                "\tat java.base/java.lang.Thread.run(Thread.java:840)",
            ],
            &["java.lang.NullPointerException", thrown],
        );
        // However many causes there are, and with the frame of the last one.
        let causes = ["Caused by: java.lang.Error"; super::TRACE_LINES];
        check(&[&causes[..], &[thrown]].concat(), &causes);
        check(&[&causes[1..], &[thrown]].concat(), &[&causes[1..], &[thrown]].concat());
    }
}
