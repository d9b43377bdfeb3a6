//! The only caller of the YAML crate for documents of our own. (Flink's two configuration dialects have
//! readers and writers of their own in [`crate::dialect`].)

/// A document cannot be written as YAML.
#[derive(Debug, thiserror::Error)]
#[error("the document cannot be written as YAML: {0}")]
pub struct YamlError(String);

/// A document as YAML that every reader takes for the same thing: what looks like another type is quoted.
///
/// # Errors
/// The document has a number that YAML cannot say.
pub fn to_string(document: &serde_json::Value) -> Result<String, YamlError> {
    serde_saphyr::to_string(document).map_err(|error| YamlError(error.to_string()))
}

mod tree;

pub use tree::{Key, Node, NodeKind, documents, forgiving, tagged};
