//! The class path of a process.

use std::collections::BTreeMap;

use crate::Configuration;

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
