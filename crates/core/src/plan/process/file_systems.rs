//! File systems that a configuration names and that Flink could not open: found before anything starts, where
//! Flink itself fails late (at the first checkpoint, or when a JobManager becomes leader).
//!
//! Source: `flink-filesystems` of Flink; each of its jars brings the schemes of one row.

use super::Machine;
use nutkin_flink::Problem;
use nutkin_flink::{Configuration, FlinkVersion};

/// Schemes, the word that a jar for them has in its name, and the jar of Flink's to name in a hint.
/// A word is enough: a user's own build of a plugin must not be refused for its name.
const FILE_SYSTEMS: &[(&[&str], &str, &str)] = &[
    (&["s3"], "s3", "flink-s3-fs-presto"),
    (&["s3a"], "s3", "flink-s3-fs-hadoop"),
    (&["s3p"], "s3", "flink-s3-fs-presto"),
    (&["gs"], "gs", "flink-gs-fs-hadoop"),
    (&["abfs", "abfss", "wasb", "wasbs"], "azure", "flink-azure-fs-hadoop"),
    (&["oss"], "oss", "flink-oss-fs-hadoop"),
];

/// Schemes that Hadoop's own jars bring.
const HADOOP: &[&str] = &["hdfs", "viewfs", "webhdfs"];

/// One problem for each option whose value begins with a scheme that nothing here can open.
pub(super) fn missing(
    configuration: &Configuration,
    version: FlinkVersion,
    machine: &Machine,
) -> Vec<Problem> {
    let jars = Jars::of(machine);
    let mut problems = Vec::new();
    for (key, entry) in configuration.iter() {
        // Options of Hadoop name addresses that Flink does not open itself.
        if key.starts_with("flink.hadoop.") {
            continue;
        }
        let value = entry.value.to_string();
        let parts = value.split([',', ';']);
        let mut schemes = parts.filter_map(|part| Some(part.trim().split_once("://")?.0));
        let Some(cure) = schemes.find_map(|scheme| jars.lacks(scheme, version)) else {
            continue;
        };
        let (message, hint) = cure;
        problems.push(Problem::new(key, message).hint(hint));
    }
    problems
}

struct Jars<'a> {
    /// File names in lower case: of `lib`, of plugins, and of what the user adds.
    names: Vec<String>,
    hadoop: Option<&'a String>,
}

impl<'a> Jars<'a> {
    fn of(machine: &'a Machine) -> Self {
        let own = machine.lib.iter().chain(machine.plugin_jars.values().flatten());
        let directories = machine.plugin_jars.keys();
        let file_name = |path: &str| path.rsplit('/').next().unwrap_or_default().to_lowercase();
        let extra = machine.extra_libs.iter().map(|path| file_name(path));
        let names = own.chain(directories).map(|name| name.to_lowercase()).chain(extra).collect();
        Self { names, hadoop: machine.environment.get("HADOOP_CLASSPATH") }
    }

    fn has(&self, word: &str) -> bool {
        self.names.iter().any(|name| name.contains(word))
    }

    /// What is wrong and what to do, where nothing opens the scheme.
    fn lacks(&self, scheme: &str, version: FlinkVersion) -> Option<(String, String)> {
        let scheme = scheme.to_ascii_lowercase();
        if HADOOP.contains(&scheme.as_str()) {
            let is_there = self.hadoop.is_some() || self.has("hadoop");
            return (!is_there).then(|| {
                (
                    format!("Flink has no file system for `{scheme}://`: Hadoop's jars are missing"),
                    "set HADOOP_CLASSPATH (`hadoop classpath` prints it), or name a jar with Hadoop in it \
                     by `nutkin.libs`"
                        .to_owned(),
                )
            });
        }
        let (_, word, jar) =
            FILE_SYSTEMS.iter().find(|(schemes, ..)| schemes.contains(&scheme.as_str()))?;
        // Flink's jars are named `flink-gs-fs-...`; `gs` alone is in many a word.
        let is_there = match *word {
            "gs" => self.has("gs-fs") || self.has("gcs"),
            "oss" => self.has("oss-fs") || self.has("aliyun"),
            word => self.has(word),
        };
        (!is_there).then(|| {
            (
                format!("Flink has no file system for `{scheme}://`: the plugin {jar} is missing"),
                format!("-D nutkin.plugins=mvn:org.apache.flink:{jar}:{version} adds it (or a path, or https://)"),
            )
        })
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::machine;
    use super::*;

    #[track_caller]
    fn check(value: &str, change: impl FnOnce(&mut Machine), expected: Option<&str>) {
        let configuration = [("state.savepoints.dir", value)].into_iter().collect();
        let mut machine = machine();
        change(&mut machine);
        let problems = missing(&configuration, FlinkVersion::DEFAULT, &machine);
        let said = problems.first().map(|problem| format!("{problem}"));
        let fits = match (&said, expected) {
            (Some(said), Some(expected)) => {
                said.contains(expected) && said.contains("`state.savepoints.dir`")
            }
            (None, None) => true,
            _ => false,
        };
        assert!(fits, "{value:?}: {said:?}");
    }

    #[test]
    fn a_scheme_without_its_jar_is_named() {
        check("file:///tmp", |_| {}, None);
        check("/tmp", |_| {}, None);
        check("https://host/a", |_| {}, None);
        check("s3://bucket/a", |_| {}, Some("flink-s3-fs-presto"));
        check("S3A://bucket/a", |_| {}, Some("flink-s3-fs-hadoop"));
        check("gs://bucket/a", |_| {}, Some("flink-gs-fs-hadoop"));
        check("abfss://c@account/a", |_| {}, Some("flink-azure-fs-hadoop"));
        check("oss://bucket/a", |_| {}, Some("flink-oss-fs-hadoop"));
        check("hdfs:///a", |_| {}, Some("Hadoop's jars"));
        check("file:///a, s3://bucket/a", |_| {}, Some("`s3://`"));
    }

    #[test]
    fn a_jar_anywhere_is_enough() {
        let plugin = |jar: &str| {
            let jar = jar.to_owned();
            move |machine: &mut Machine| machine.extra_libs.push(jar)
        };
        check("s3://bucket/a", plugin("/x/flink-s3-fs-hadoop-1.20.5.jar"), None);
        check("s3://bucket/a", plugin("/x/our-s3"), None);
        check("gs://bucket/a", plugin("/x/logs.jar"), Some("flink-gs-fs-hadoop"));
        check("gs://bucket/a", plugin("/x/flink-gs-fs-hadoop-1.20.5.jar"), None);
        check("hdfs:///a", plugin("/x/flink-shaded-hadoop-2-uber.jar"), None);
        let jars = vec!["flink-s3-fs-presto-1.20.5.jar".to_owned()];
        check("s3://b/a", |m| _ = m.plugin_jars.insert("s3-fs-presto".to_owned(), jars), None);
        let in_lib = |m: &mut Machine| m.lib.push("flink-oss-fs-hadoop-1.20.5.jar".to_owned());
        check("oss://b/a", in_lib, None);
        let path = ("HADOOP_CLASSPATH".to_owned(), "/etc/hadoop".to_owned());
        check("hdfs:///a", |m| m.environment.extend([path]), None);
    }
}
