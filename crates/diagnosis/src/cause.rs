//! The cause of a Java exception in plain words.

/// The deepest cause of a Java exception, without its class where it has a message.
pub fn root_cause(trace: &str) -> String {
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
}
