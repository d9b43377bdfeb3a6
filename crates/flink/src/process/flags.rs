//! Flags of the JVM: what Flink needs, and what its user asks for.

use crate::Configuration;

/// Beginnings of the flags with which a JVM is given a class data archive; the path follows the first one.
pub const ARCHIVE_FLAGS: [&str; 5] = [
    "-XX:SharedArchiveFile=",
    "-Xshare:auto",
    "-XX:+VerifySharedSpaces",
    "-Xlog:cds*=off",
    "-Xlog:class+path=off",
];

/// What Flink needs opened since Java 16 closed it. Releases from 1.18 on have the same list in the
/// configuration that they ship (`env.java.default-opts.all`, FLINK-33221).
const OPENED: &[&str] = &[
    "java.base/java.lang",
    "java.base/java.net",
    "java.base/java.io",
    "java.base/java.nio",
    "java.base/sun.nio.ch",
    "java.base/java.lang.reflect",
    "java.base/java.text",
    "java.base/java.time",
    "java.base/java.util",
    "java.base/java.util.concurrent",
    "java.base/java.util.concurrent.atomic",
    "java.base/java.util.concurrent.locks",
];

/// What Flink calls in the JDK without its being exported; from the same list.
const EXPORTED: &[&str] = &[
    "java.base/sun.net.util",
    "java.rmi/sun.rmi.registry",
    "java.security.jgss/sun.security.krb5",
    "jdk.compiler/com.sun.tools.javac.api",
    "jdk.compiler/com.sun.tools.javac.file",
    "jdk.compiler/com.sun.tools.javac.parser",
    "jdk.compiler/com.sun.tools.javac.tree",
    "jdk.compiler/com.sun.tools.javac.util",
];

/// First Java with modules: older ones do not know the flags.
const MODULES_SINCE: u8 = 9;

/// Java versions that know a security manager but refuse to set one unless told: `config.sh` does so above 17;
/// 24 took it away (JEP 486) and would not start.
const SECURITY_MANAGER_ALLOWED: std::ops::Range<u8> = 18..24;

/// The flags that open modules, as one text: what the configuration that Flink ships has in `env.java.opts.all` since
/// 1.18, which was the first release for Java 17 (FLINK-32378, FLINK-33221).
pub fn module_flags() -> String {
    java_flags(MODULES_SINCE).join(" ")
}

/// Whether a text of flags opens modules.
pub fn opens_modules(text: &str) -> bool {
    text.contains("--add-opens")
}

/// What a text of flags has beside those of [`module_flags`], in whatever order; `None` where it lacks one of them.
pub fn beside_module_flags(text: &str) -> Option<String> {
    let mut rest = format!("{text} ");
    for flag in java_flags(MODULES_SINCE) {
        let flag = format!("{flag} ");
        rest = rest.contains(&flag).then(|| rest.replacen(&flag, "", 1))?;
    }
    Some(rest.trim().to_owned())
}

/// What a Java of this major version must be told before Flink runs on it.
pub fn java_flags(java_major: u8) -> Vec<String> {
    let mut flags = Vec::new();
    if MODULES_SINCE <= java_major {
        flags.extend(EXPORTED.iter().map(|name| format!("--add-exports={name}=ALL-UNNAMED")));
        flags.extend(OPENED.iter().map(|name| format!("--add-opens={name}=ALL-UNNAMED")));
    }
    if SECURITY_MANAGER_ALLOWED.contains(&java_major) {
        flags.push("-Djava.security.manager=allow".to_owned());
    }
    flags
}

/// Flags of the user as the configuration has them, unsplit: those for all processes, then those for one kind; each time
/// the defaults first, which Flink's own configuration file sets since 1.18. In the order of `config.sh`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UserFlags {
    /// For all processes.
    pub all: Vec<String>,
    /// For one kind of process.
    pub own: Vec<String>,
}

impl UserFlags {
    /// Those for a kind of process, by the end of its `env.java.opts.*`.
    pub fn of(configuration: &Configuration, kind: &str) -> Self {
        let all = ["env.java.opts.all", "env.java.opts"];
        let all = all.into_iter().find(|key| configuration.contains(key));
        let texts = |keys: [Option<String>; 2]| {
            let texts = keys.into_iter().flatten().filter_map(|key| configuration.text(&key));
            texts.map(|text| unquoted(&text).to_owned()).collect()
        };
        Self {
            all: texts([Some("env.java.default-opts.all".to_owned()), all.map(str::to_owned)]),
            own: texts([
                Some(format!("env.java.default-opts.{kind}")),
                Some(format!("env.java.opts.{kind}")),
            ]),
        }
    }
}

/// Flags without the double quotes around all of them, which `config.sh` takes away.
fn unquoted(text: &str) -> &str {
    let inner = text.trim().strip_prefix('"').and_then(|text| text.strip_suffix('"'));
    inner.filter(|inner| !inner.contains('"')).unwrap_or(text)
}

/// Splits flags as a shell would: at blanks, quotes keep a word together.
pub fn words(text: &str) -> Vec<String> {
    let mut words = Vec::new();
    let mut word: Option<String> = None;
    let mut quote = None;
    for c in text.chars() {
        match (quote, c) {
            (Some(open), c) if c == open => quote = None,
            (None, '"' | '\'') => {
                quote = Some(c);
                word.get_or_insert_default();
            }
            (None, c) if c.is_whitespace() => words.extend(word.take()),
            (_, c) => word.get_or_insert_default().push(c),
        }
    }
    words.extend(word);
    words
}

#[cfg(test)]
mod tests {
    #[test]
    fn quotes_around_all_flags_are_not_part_of_them() {
        #[track_caller]
        fn check(text: &str, expected: &str) {
            let configuration = [("env.java.opts.all", text)].into_iter().collect();
            let flags = super::UserFlags::of(&configuration, "jobmanager");
            assert_eq!(flags.all, [expected], "{text:?}");
        }
        check("\"-Xlog:gc -Da=b\"", "-Xlog:gc -Da=b");
        check("-Da=\"b c\"", "-Da=\"b c\"");
        check("\"-Da=b c\" \"-Dd=e\"", "\"-Da=b c\" \"-Dd=e\"");
        check("'-Xlog:gc'", "'-Xlog:gc'");
    }

    #[test]
    fn flags_beside_those_that_flink_ships() {
        #[track_caller]
        fn check(text: &str, expected: Option<&str>) {
            assert_eq!(super::beside_module_flags(text).as_deref(), expected, "{text:?}");
        }
        let shipped = super::module_flags();
        check(&shipped, Some(""));
        check(&format!("-Xss1m {shipped} -Da='b  c'"), Some("-Xss1m -Da='b  c'"));
        check(&shipped.replacen("java.text", "java.sql", 1), None);
        check("-Xss1m", None);
    }

    #[test]
    fn flags_are_split_as_a_shell_does() {
        #[track_caller]
        fn check(text: &str, expected: &[&str]) {
            assert_eq!(super::words(text), expected, "{text:?}");
        }
        check("", &[]);
        check(" -Xss1m  -Da=b ", &["-Xss1m", "-Da=b"]);
        check("-Da=\"b c\" -De='f\"g'", &["-Da=b c", "-De=f\"g"]);
        check("''", &[""]);
    }
}
