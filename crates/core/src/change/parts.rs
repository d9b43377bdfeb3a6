//! What happens to one object of a session.

use super::Difference;

/// What happens to an object.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum ObjectAction {
    /// It is made.
    Add,
    /// It is changed in place.
    Change,
    /// It is deleted and made again: a field that cannot be changed shall change.
    Replace,
    /// It is deleted: nothing wants it any more.
    Remove,
    /// Nothing.
    Keep,
}

impl ObjectAction {
    /// The sign before a line, as terraform's users know them.
    pub const fn symbol(self) -> &'static str {
        match self {
            Self::Add => "+",
            Self::Change => "~",
            Self::Replace => "-/+",
            Self::Remove => "-",
            Self::Keep => " ",
        }
    }

    /// The word in documents.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Add => "add",
            Self::Change => "change",
            Self::Replace => "replace",
            Self::Remove => "remove",
            Self::Keep => "keep",
        }
    }
}

/// One object's part of a change.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Object {
    /// `ConfigMap/flink-config-orders`.
    pub title: String,
    /// What happens to it.
    pub action: ObjectAction,
    /// Its fields that differ; none for one that is new or goes.
    pub differences: Vec<Difference>,
}
