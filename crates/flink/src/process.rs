//! Processes of Flink on any platform: what each is for, and the parts of its command line that are the same wherever it
//! runs. Source: `config.sh` and `flink-daemon.sh` of flink-dist 1.13 to 2.3.

use std::collections::BTreeMap;

use crate::Configuration;

/// What a process is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Role {
    /// A JobManager.
    JobManager,
    /// A TaskManager.
    TaskManager,
    /// The ZooKeeper that Nutkin brings along.
    ZooKeeper,
}

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

/// As `constructFlinkClassPath` of `config.sh`: sorted, flink-dist last, then what the user adds, then Hadoop.
pub fn class_path(
    flink_home: &str,
    lib: &[String],
    extra_libs: &[String],
    environment: &BTreeMap<String, String>,
    configuration: &Configuration,
) -> String {
    let (dist, mut others): (Vec<&String>, Vec<&String>) =
        lib.iter().partition(|name| is_dist(name));
    others.sort();
    let in_lib = |name: &String| format!("{flink_home}/lib/{name}");
    let mut path: Vec<String> = others.into_iter().chain(dist).map(in_lib).collect();
    path.extend(extra_libs.iter().cloned());
    let hadoop = [
        ("HADOOP_CLASSPATH", None),
        ("HADOOP_CONF_DIR", Some("env.hadoop.conf.dir")),
        ("YARN_CONF_DIR", Some("env.yarn.conf.dir")),
        ("HBASE_CONF_DIR", Some("env.hbase.conf.dir")),
    ];
    for (variable, option) in hadoop {
        let of_option = || configuration.text(option?);
        path.extend(environment.get(variable).cloned().or_else(of_option));
    }
    path.retain(|entry| !entry.is_empty());
    path.join(":")
}

/// Whether a jar of `lib/` is Flink's main one.
pub fn is_dist(name: &str) -> bool {
    name.starts_with("flink-dist")
}

/// Options as words of a command line: `-D`, `key=value`.
pub fn dynamic(options: impl IntoIterator<Item = (String, String)>) -> Vec<String> {
    options
        .into_iter()
        .flat_map(|(key, value)| ["-D".to_owned(), format!("{key}={value}")])
        .collect()
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
