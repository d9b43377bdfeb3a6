//! How Flink writes values: the two languages of its configuration files, what a file holds, and the YAML in which
//! lists and maps of newer releases are.

pub(crate) mod emit;
pub(crate) mod node;
pub(crate) mod scalar;
mod tabs;
pub(crate) mod tree;

use std::collections::BTreeMap;
use std::fmt;

use crate::FlinkVersion;
use node::Node;

/// One of the two languages.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Dialect {
    /// `flink-conf.yaml`: all that 1.18 and older read.
    FlinkConf,
    /// `config.yaml`: all that 2.0 and newer read.
    ConfigYaml,
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

/// A value as a configuration file holds it.
///
/// `flink-conf.yaml` and `-D` know only text. `config.yaml` is YAML: an unquoted `007` is the number 7
/// there, and is written back as one, which is why the types are kept.
#[derive(Debug, Clone, PartialEq)]
pub enum Value {
    /// Text, quoted or not.
    Text(String),
    /// `true` or `false` of YAML.
    Bool(bool),
    /// A whole number of YAML.
    Int(i128),
    /// A number with a point or exponent.
    Float(f64),
    /// A YAML list. Maps never occur as values: they are flattened into keys.
    List(Vec<Value>),
    /// A map inside a list.
    Map(Vec<(String, Value)>),
}

impl From<&str> for Value {
    fn from(text: &str) -> Self {
        Self::Text(text.to_owned())
    }
}

impl From<String> for Value {
    fn from(text: String) -> Self {
        Self::Text(text)
    }
}

/// The text that Flink's option parsers see.
impl fmt::Display for Value {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Text(text) => f.write_str(text),
            Self::Bool(value) => write!(f, "{value}"),
            Self::Int(value) => write!(f, "{value}"),
            Self::Float(value) => f.write_str(&scalar::float_text(*value)),
            Self::List(_) | Self::Map(_) => f.write_str(&emit::flow(&Node::from(self))),
        }
    }
}

/// The items of a YAML list, or `None` where Flink falls back to the old notation.
pub(crate) fn list(text: &str) -> Option<Vec<String>> {
    let Node::List(items) = tree::parse(text).ok()?? else { return None };
    items.iter().map(text_of).collect()
}

/// The entries of a YAML map in their order, or `None` where Flink falls back to the old notation.
pub(crate) fn map(text: &str) -> Option<Vec<(String, String)>> {
    string_map(&tree::parse(text).ok()??)
}

/// The maps of a YAML list, or `None` where Flink falls back to the old notation.
pub(crate) fn maps(text: &str) -> Option<Vec<BTreeMap<String, String>>> {
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
