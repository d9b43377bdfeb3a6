//! What can go wrong with a JobManager, in words for people.

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

/// The deepest cause of a Java exception, without its class where it has a message.
pub(super) fn root_cause(trace: &str) -> String {
    let is_frame = |line: &&str| {
        let line = line.trim_start();
        line.starts_with("at ") || line.starts_with("... ")
    };
    let heads: Vec<&str> = trace
        .lines()
        .filter(|line| !line.trim().is_empty() && !is_frame(line))
        .map(str::trim)
        .collect();
    let deepest = heads.iter().rposition(|line| line.starts_with("Caused by: ")).or_else(|| {
        // Flink's own words stand before the exception, which is the more telling one.
        heads.iter().rposition(|line| exception(line).is_some())
    });
    let line =
        deepest.map_or_else(|| heads.first().copied().unwrap_or_default(), |index| heads[index]);
    let line = line.strip_prefix("Caused by: ").unwrap_or(line);
    match exception(line) {
        // The message of these is nothing but the name of the class.
        Some((class, name)) if class.ends_with("ClassNotFoundException") => {
            format!("there is no class `{name}`")
        }
        Some((class, name)) if class.ends_with("NoClassDefFoundError") && !name.contains(' ') => {
            format!("there is no class `{}`", name.replace('/', "."))
        }
        // Flink then looks for Hadoop, which says nothing of the scheme that nobody opens.
        Some((class, "Hadoop is not in the classpath/dependencies."))
            if class.ends_with("UnsupportedFileSystemSchemeException") =>
        {
            let scheme =
                trace.split("for scheme '").nth(1).and_then(|rest| rest.split('\'').next());
            format!("nothing in the session opens paths of the scheme `{}`", scheme.unwrap_or("?"))
        }
        Some((class, "")) => class.rsplit('.').next().unwrap_or(class).to_owned(),
        Some((_, message)) => message.to_owned(),
        None => line.to_owned(),
    }
}

/// Class and message of a line such as `java.lang.RuntimeException: no`.
fn exception(line: &str) -> Option<(&str, &str)> {
    let line = line.strip_prefix("Caused by: ").unwrap_or(line);
    let line = line.strip_prefix("<Exception on server side:").unwrap_or(line).trim();
    let (class, message) = line.split_once(": ").unwrap_or((line, ""));
    let is_class = class.contains('.')
        && !class.contains(' ')
        && (class.ends_with("Exception") || class.ends_with("Error") || class.contains('$'));
    is_class.then_some((class, message.trim()))
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
    fn the_root_cause_in_plain_words() {
        #[track_caller]
        fn check(trace: &str, expected: &str) {
            assert_eq!(super::root_cause(trace), expected);
        }
        check(
            "org.apache.flink.runtime.rest.handler.RestHandlerException: Could not execute application.\n\tat a.B.c(D.java:1)\n\
             Caused by: java.util.concurrent.CompletionException: x\n\t... 2 more\n\
             Caused by: java.lang.IllegalStateException: the input is missing\n\tat a.B.c(D.java:1)\n",
            "the input is missing",
        );
        check(
            "Caused by: java.lang.NullPointerException\n\tat a.B.c(D.java:1)",
            "NullPointerException",
        );
        check("Caused by: java.lang.ClassNotFoundException: a.B\n", "there is no class `a.B`");
        check(
            "Caused by: org.apache.flink.core.fs.UnsupportedFileSystemSchemeException: Could not find a file system \
             implementation for scheme 's4'. The\nCaused by: \
             org.apache.flink.core.fs.UnsupportedFileSystemSchemeException: Hadoop is not in the classpath/dependencies.",
            "nothing in the session opens paths of the scheme `s4`",
        );
        check("Job 123 not found", "Job 123 not found");
        check("", "");
        check(
            "Internal server error.\n<Exception on server side:\njava.lang.Error: no\n\tat x\nEnd>",
            "no",
        );
    }

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
