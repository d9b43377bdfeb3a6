//! Flink's two configuration files: `flink-conf.yaml` and `config.yaml`.
//!
//! They are different languages. `flink-conf.yaml` is a list of `key: value` lines without quotes or
//! types; `config.yaml` (since 1.19, FLIP-366) is YAML 1.2 with its core schema, where `007` is the number
//! 7 and maps are flattened into keys. Both are read and written here as Flink itself does, oddities
//! included; `cargo xtask conformance config` compares with the real thing.
//!
//! Known differences of `config.yaml`: an empty block scalar below the left edge, a lone `?` and a list item
//! that begins with `:` stop Flink and not us; a lone `-` before `}`, a tab that begins a further line of a
//! quoted text and the tags `!!binary` and `!!set` stop us and not Flink.

mod config_yaml;
mod emit;
mod flat;
mod flink_conf;
mod scalar;
mod tabs;
mod tree;

use std::collections::BTreeMap;

pub use flat::flat_yaml;

use super::{Configuration, FlinkVersion, Value};
use crate::Problem;
use tree::Node;

/// One of the two languages.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Dialect {
    /// `flink-conf.yaml`: all that 1.18 and older read.
    FlinkConf,
    /// `config.yaml`: all that 2.0 and newer read.
    ConfigYaml,
}

/// A file that could be read.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Reading {
    /// What Flink takes from it; every entry has file and line as its origin.
    pub configuration: Configuration,
    /// What Flink passes over in silence, or with a line in its log.
    pub warnings: Vec<Problem>,
}

impl Dialect {
    /// What Nutkin writes for a version: `config.yaml` wherever it is understood.
    pub fn for_version(version: FlinkVersion) -> Self {
        if version.line().reads_config_yaml { Self::ConfigYaml } else { Self::FlinkConf }
    }

    /// What a version loads from a directory that holds these files, or `None` where it stops with an
    /// error. 1.19 and 1.20 prefer `flink-conf.yaml`; 2.x does not look at it.
    pub fn loaded(
        version: FlinkVersion,
        has_flink_conf: bool,
        has_config_yaml: bool,
    ) -> Option<Self> {
        let line = version.line();
        if line.reads_flink_conf && has_flink_conf {
            Some(Self::FlinkConf)
        } else if line.reads_config_yaml && has_config_yaml {
            Some(Self::ConfigYaml)
        } else {
            None
        }
    }

    /// The dialect of a file with this name.
    pub fn of_file(name: &str) -> Option<Self> {
        [Self::ConfigYaml, Self::FlinkConf].into_iter().find(|dialect| dialect.file_name() == name)
    }

    /// The name that the file has in a configuration directory.
    pub const fn file_name(self) -> &'static str {
        match self {
            Self::FlinkConf => "flink-conf.yaml",
            Self::ConfigYaml => "config.yaml",
        }
    }
}

/// Reads a configuration file. `file` is how messages and origins name it.
///
/// # Errors
/// Everything for which Flink refuses the file. Only `config.yaml` can be refused. Messages never hold a
/// value, which may be a secret.
pub fn read(dialect: Dialect, text: &str, file: &str) -> Result<Reading, Vec<Problem>> {
    match dialect {
        Dialect::FlinkConf => Ok(flink_conf::read(text, file)),
        Dialect::ConfigYaml => config_yaml::read(text, file),
    }
}

/// Writes a configuration file, in order of the keys. [`read`] and Flink give back the same entries.
///
/// # Errors
/// All entries that Flink would not read back as they are: in `flink-conf.yaml` values with `#`, line
/// breaks or outer blanks; in `config.yaml` a key that is also the beginning of another.
pub fn write(dialect: Dialect, configuration: &Configuration) -> Result<String, Vec<Problem>> {
    match dialect {
        Dialect::FlinkConf => flink_conf::write(configuration),
        Dialect::ConfigYaml => config_yaml::write(configuration),
    }
}

/// Writes `config.yaml` with whole keys (`a.b: c`), which Flink flattens to the same entries. This form can
/// hold a key that is also the beginning of another.
pub fn write_flat(configuration: &Configuration) -> String {
    config_yaml::write_flat(configuration)
}

/// A value in YAML's flow notation: the text that Flink makes of a list in `config.yaml`.
pub(super) fn flow(value: &Value) -> String {
    emit::flow(&Node::from(value))
}

/// A `double` as Java and Flink print it: `1000.0`, `1.0E7`, `.inf`.
pub(super) fn float_text(value: f64) -> String {
    scalar::float_text(value)
}

/// The items of a YAML list, or `None` where Flink falls back to the old notation.
pub(super) fn yaml_list(text: &str) -> Option<Vec<String>> {
    let Node::List(items) = tree::parse(text).ok()?? else { return None };
    items.iter().map(text_of).collect()
}

/// The entries of a YAML map in their order, or `None` where Flink falls back to the old notation.
pub(super) fn yaml_map(text: &str) -> Option<Vec<(String, String)>> {
    string_map(&tree::parse(text).ok()??)
}

/// The maps of a YAML list, or `None` where Flink falls back to the old notation.
pub(super) fn yaml_maps(text: &str) -> Option<Vec<BTreeMap<String, String>>> {
    let Node::List(items) = tree::parse(text).ok()?? else { return None };
    items.iter().map(|item| Some(string_map(item)?.into_iter().collect())).collect()
}

fn string_map(node: &Node) -> Option<Vec<(String, String)>> {
    let Node::Map(pairs) = node else { return None };
    pairs.iter().map(|pair| Some((text_of(&pair.key)?, text_of(&pair.value)?))).collect()
}

/// `ConfigurationUtils.convertToString`: text stays, the rest is printed as YAML; null throws there.
fn text_of(node: &Node) -> Option<String> {
    match node {
        Node::Null => None,
        Node::Text(text) => Some(text.clone()),
        other => Some(emit::flow(other)),
    }
}

#[cfg(test)]
mod tests;
