//! What of the log of a process that crashed is shown: the exception that ended it with its causes, not what follows them.

/// Texts by which Flink and the JVM say that the process ends because of what follows. Sources: `ClusterEntrypoint`,
/// `FatalExitExceptionHandler`, `TaskManagerRunner`, and the JVM's own handler.
const FATAL: [&str; 6] = [
    "Fatal error occurred",
    "FATAL: ",
    "Could not start cluster",
    "Terminating TaskManagerRunner",
    "TaskManager initialization failed",
    "Exception in thread \"main\"",
];

/// The lines of a log that say why a process ended, at most so many: the entry about the exception that ended it, with
/// the causes and without their stacks; otherwise its last lines.
pub fn excerpt(log: &str, most: usize) -> Vec<String> {
    let lines: Vec<&str> = log.trim_end().lines().collect();
    let entries = entries(&lines).into_iter();
    let thrown: Vec<&[&str]> =
        entries.filter(|entry| entry.iter().any(|line| names(line))).collect();
    let is_fatal = |entry: &&&[&str]| FATAL.iter().any(|text| entry[0].contains(text));
    let is_error = |entry: &&&[&str]| entry[0].contains(" ERROR ");
    // What is fatal is said once or twice, the second time without the cause.
    let chosen = thrown.iter().find(is_fatal).or_else(|| thrown.iter().find(is_error));
    let Some(entry) = chosen else {
        return owned(&lines[lines.len().saturating_sub(most)..]);
    };
    let shown = without_stacks(entry);
    if shown.len() <= most {
        return owned(&shown);
    }
    // The first line and the deepest causes.
    let last = &shown[shown.len().saturating_sub(most.saturating_sub(1))..];
    owned(&[&shown[..1], last].concat())
}

/// The entries of a log: each begins with a line of its own, and has the exception that belongs to it. What comes before the first
/// one belongs to none.
pub fn entries<'a, 'l>(lines: &'a [&'l str]) -> Vec<&'a [&'l str]> {
    let heads: Vec<usize> = (0..lines.len()).filter(|at| is_head(lines[*at])).collect();
    let entry = |(index, &from): (usize, &usize)| {
        let to = heads.get(index + 1).copied().unwrap_or(lines.len());
        &lines[from..to]
    };
    heads.iter().enumerate().map(entry).collect()
}

fn owned(lines: &[&str]) -> Vec<String> {
    lines.iter().map(|line| (*line).to_owned()).collect()
}

/// Whether a line begins an entry: what belongs to one is indented, or continues with an exception.
pub fn is_head(line: &str) -> bool {
    let goes_on = ["Caused by: ", "Suppressed: "].iter().any(|text| line.starts_with(text));
    let is_exception = names(line) && !line.contains(' ') || is_thrown(line);
    !(line.is_empty() || line.starts_with(char::is_whitespace) || goes_on || is_exception)
}

/// Whether a line is an exception's own: `a.b.SomeException: why`.
fn is_thrown(line: &str) -> bool {
    let is_class = |class: &str| {
        !class.contains(' ') && (names(class) || class.contains('.') && class.ends_with("Error"))
    };
    line.split_once(": ").is_some_and(|(class, _)| is_class(class))
}

/// Whether an exception is named.
fn names(line: &str) -> bool {
    ["Exception", "Error: ", "OutOfMemoryError"].iter().any(|text| line.contains(text))
}

/// An entry without the frames of its exceptions.
pub fn without_stacks<'l>(entry: &[&'l str]) -> Vec<&'l str> {
    let is_frame = |line: &str| line.starts_with("at ") || line.starts_with("... ");
    entry.iter().filter(|line| !is_frame(line.trim_start())).copied().collect()
}

#[cfg(test)]
mod tests {
    use super::excerpt;

    /// What Flink writes when a directory cannot be used, shortened, and the end of its shutdown.
    const LOG: &str = "2026-01-01 00:00:00,000 INFO  a.b.C [] - starting
2026-01-01 00:00:01,000 ERROR o.a.f.r.e.ClusterEntrypoint [] - Fatal error occurred in the cluster entrypoint.
java.util.concurrent.CompletionException: the store
\tat a.B.c(D.java:1)
\tat a.B.d(D.java:2)
Caused by: java.lang.IllegalStateException: The base directory isn't accessible.
\tat a.B.e(D.java:3)
\tat a.B.f(D.java:4)
\tat a.B.g(D.java:5)
\t... 3 more
2026-01-01 00:00:02,000 INFO  a.b.C [] - Shutting down
2026-01-01 00:00:03,000 ERROR a.b.C [] - Exception while closing.
java.io.IOException: late
2026-01-01 00:00:04,000 INFO  a.b.C [] - Remote daemon shut down.
";

    #[track_caller]
    fn check(log: &str, most: usize, expected: &[&str]) {
        assert_eq!(excerpt(log, most), expected);
    }

    #[test]
    fn the_cause_is_shown_and_not_the_shutdown() {
        let head = "2026-01-01 00:00:01,000 ERROR o.a.f.r.e.ClusterEntrypoint [] - Fatal error occurred in the cluster \
                    entrypoint.";
        let cause =
            "Caused by: java.lang.IllegalStateException: The base directory isn't accessible.";
        let outer = "java.util.concurrent.CompletionException: the store";
        check(LOG, 15, &[head, outer, cause]);
        check(LOG, 2, &[head, cause]);
    }

    #[test]
    fn without_a_fatal_error_the_first_one_counts() {
        let log = LOG.replace("Fatal error occurred in the cluster entrypoint.", "no");
        assert!(excerpt(&log, 15)[2].contains("IllegalStateException"));
    }

    #[test]
    fn what_names_no_exception_is_shown_from_its_end() {
        check("one\ntwo\n", 15, &["one", "two"]);
        check("one\ntwo\nthree\n", 2, &["two", "three"]);
        check("", 15, &[]);
    }
}
