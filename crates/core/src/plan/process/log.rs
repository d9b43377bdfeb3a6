//! Logging of processes on one machine.

use std::collections::BTreeMap;

use nutkin_flink::Problem;
use nutkin_flink::log4j;

/// What the JVMs are told about logging.
pub(super) struct Logging {
    /// File name below `conf/` of the log4j 2 configuration.
    pub(super) log4j: String,
    /// File name below `conf/` of the logback configuration, if the user gave one.
    pub(super) logback: Option<String>,
    /// Whether logback is what logs: the user gave its configuration and its jars.
    pub(super) is_logback: bool,
}

impl Logging {
    /// Whether a jar of Flink's is to be left out: of several bindings SLF4J takes the first one, which would be
    /// Flink's to log4j.
    pub(super) fn excludes(&self, jar: &str) -> bool {
        self.is_logback && jar.starts_with("log4j-slf4j")
    }
}

/// Says no to a configuration of logback alone where logback is not.
pub(super) fn problem(given: &BTreeMap<String, String>, jars: &[String]) -> Option<Problem> {
    let of = |framework: &str| given.keys().find(|name| name.starts_with(framework));
    let (Some(logback), None) = (of("logback"), of("log4j")) else { return None };
    (!has_logback(jars)).then(|| {
        let message = format!("`{logback}` needs logback, which Flink does not bring");
        Problem::new("spec.logConfiguration", message).hint(
            "add its jars: -D 'nutkin.libs=mvn:ch.qos.logback:logback-classic:1.2.13;\
             mvn:ch.qos.logback:logback-core:1.2.13' (or paths); or give a log4j-console.properties",
        )
    })
}

fn has_logback(jars: &[String]) -> bool {
    jars.iter()
        .any(|jar| jar.rsplit('/').next().is_some_and(|name| name.contains("logback-classic")))
}

/// Adds the logging files to `files`. `spec.logConfiguration` wins; its files keep their names.
pub(super) fn files(
    given: &BTreeMap<String, String>,
    jars: &[String],
    files: &mut BTreeMap<String, String>,
) -> Logging {
    for (name, text) in given {
        files.insert(format!("conf/{name}"), text.clone());
    }
    // What `flink-daemon.sh` takes, then what `flink-console.sh` takes, then whatever there is.
    let of = |framework: &str, wanted: [&str; 2]| {
        let named = wanted.into_iter().find(|name| given.contains_key(*name)).map(str::to_owned);
        // Those of the client do not matter to a process.
        let is_other = |name: &&String| name.starts_with(framework) && !name.contains("-cli");
        named.or_else(|| given.keys().find(is_other).cloned())
    };
    let log4j =
        of("log4j", ["log4j.properties", "log4j-console.properties"]).unwrap_or_else(|| {
            files.insert("conf/log4j.properties".to_owned(), log4j::FILE.to_owned());
            "log4j.properties".to_owned()
        });
    let logback = of("logback", ["logback.xml", "logback-console.xml"]);
    let is_logback = logback.is_some() && has_logback(jars);
    Logging { log4j, logback, is_logback }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(given: &[&str], jars: &[&str], is_refused: bool, is_logback: bool) {
        let given = given.iter().map(|name| ((*name).to_owned(), String::new())).collect();
        let jars: Vec<String> = jars.iter().map(|jar| (*jar).to_owned()).collect();
        assert_eq!(problem(&given, &jars).is_some(), is_refused);
        let logging = files(&given, &jars, &mut BTreeMap::new());
        assert_eq!(logging.excludes("log4j-slf4j-impl-2.24.3.jar"), is_logback);
        assert!(!logging.excludes("log4j-core-2.24.3.jar"));
    }

    #[test]
    fn logback_needs_its_jars() {
        let jars = ["/x/logback-core-1.2.13.jar", "/x/logback-classic-1.2.13.jar"];
        let both = ["log4j-console.properties", "logback-console.xml"];
        check(&[], &jars, false, false);
        check(&["logback-console.xml"], &[], true, false);
        check(&["logback-console.xml"], &jars, false, true);
        // As the Java operator's defaults have it: log4j logs, unless logback was brought.
        check(&both, &[], false, false);
        check(&both, &jars, false, true);
    }
}
