//! The files that an overlay is made of, one below the other: a text in which every value that it applies has a line.

use std::collections::BTreeMap;

use super::edit::shifted;
use crate::source::{File, Part};
use nutkin_flink::yaml::Node;

/// Most bytes of all overlays together: far beyond anybody's, and safe for the memory.
pub(super) const MOST: usize = 32 << 20;

/// Files one below the other.
#[derive(Debug)]
pub(super) struct Paper {
    pub(super) text: String,
    pub(super) parts: Vec<Part>,
    lines: u32,
    /// How many lines are above a file.
    above: BTreeMap<usize, u32>,
}

impl Paper {
    /// Nothing yet.
    pub(super) const EMPTY: Self =
        Self { text: String::new(), parts: Vec::new(), lines: 0, above: BTreeMap::new() };

    /// How many lines are above a file, which is put below all others where it is not there yet. The line before its first is
    /// empty.
    pub(super) fn above(&mut self, index: usize, files: &[File]) -> u32 {
        if let Some(above) = self.above.get(&index) {
            return *above;
        }
        let file = &files[index];
        self.text.push('\n');
        self.lines += 1;
        let above = self.lines;
        self.above.insert(index, above);
        self.parts.push(Part { first: above, file: index });
        self.text.push_str(&file.text);
        self.lines = self.lines.saturating_add(file.count());
        if file.text.ends_with('\n') {
            // A line that the file does not have is counted behind its last end.
            self.lines -= 1;
        } else {
            self.text.push('\n');
        }
        above
    }

    /// A value of a file, at its line of the text.
    pub(super) fn node(&mut self, node: &Node, index: usize, files: &[File]) -> Node {
        let above = self.above(index, files);
        shifted(node, above)
    }
}
