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
mod flat;
mod flink_conf;

pub use flat::flat_yaml;

pub use crate::notation::Dialect;
use crate::{Configuration, Problem};

/// A file that could be read.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Reading {
    /// What Flink takes from it; every entry has file and line as its origin.
    pub configuration: Configuration,
    /// What Flink passes over in silence, or with a line in its log.
    pub warnings: Vec<Problem>,
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

#[cfg(test)]
mod tests;
