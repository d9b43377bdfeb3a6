//! ConfigMaps with a Flink configuration.

use std::collections::BTreeMap;

use serde_json::Value;

use nutkin_flink::dialect::{self, Dialect};

/// The options in a ConfigMap of Flink's: what a session runs with.
pub fn options_of(map: &Value) -> BTreeMap<String, String> {
    let files = [Dialect::ConfigYaml, Dialect::FlinkConf];
    let found = files
        .into_iter()
        .find_map(|dialect| Some((dialect, map["data"][dialect.file_name()].as_str()?)));
    found.map(|(dialect, text)| settings(dialect, text)).unwrap_or_default()
}

/// The options in the text of a configuration file; none where it cannot be read.
pub fn settings(dialect: Dialect, text: &str) -> BTreeMap<String, String> {
    let reading = dialect::read(dialect, text, dialect.file_name()).unwrap_or_default();
    let options = reading.configuration;
    options.iter().map(|(key, entry)| (key.to_owned(), entry.value.to_string())).collect()
}
