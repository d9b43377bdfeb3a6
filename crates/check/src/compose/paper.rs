//! The files of a project one below the other, so that each value has the place of the file that says it.

use std::collections::BTreeMap;

use crate::source::{File, Part};
use nutkin_flink::yaml::{Key, Node, NodeKind};

/// The text of a project: its own file, then those that it reads, each once.
#[derive(Debug)]
pub(super) struct Paper {
    text: String,
    parts: Vec<Part>,
    /// How many lines are above the first one of each file.
    above: BTreeMap<usize, u32>,
}

impl Paper {
    /// One that begins with a file.
    pub(super) fn of(index: usize, file: &File) -> Self {
        let parts = vec![Part { first: 0, file: index }];
        Self { text: file.text.clone(), parts, above: BTreeMap::from([(index, 0)]) }
    }

    /// How many lines are above those of a file, which is added below the others.
    pub(super) fn add(&mut self, index: usize, file: &File) -> u32 {
        if let Some(above) = self.above.get(&index) {
            return *above;
        }
        if !self.text.ends_with('\n') {
            self.text.push('\n');
        }
        // The line above the first one of a part is empty.
        self.text.push('\n');
        let lines = self.text.bytes().filter(|byte| *byte == b'\n').count();
        let above = u32::try_from(lines).unwrap_or(u32::MAX);
        self.text.push_str(&file.text);
        self.parts.push(Part { first: above, file: index });
        self.above.insert(index, above);
        above
    }

    /// The line of a file for one of the text.
    pub(super) fn home(&self, line: u32) -> (usize, u32) {
        let at = self.parts.partition_point(|part| part.first < line).saturating_sub(1);
        let part = self.parts[at];
        (part.file, line.saturating_sub(part.first).max(1))
    }

    /// The text as a file.
    pub(super) fn into_file(self, name: &str) -> File {
        File::put_together(name.to_owned(), self.text, self.parts)
    }
}

/// A tree whose lines are further down.
pub(super) fn shifted(node: &Node, by: u32) -> Node {
    let kind = match &node.kind {
        NodeKind::Map(entries) => {
            let entry = |(key, value): &(Key, Node)| {
                let line = key.line.saturating_add(by);
                (Key { line, ..key.clone() }, shifted(value, by))
            };
            NodeKind::Map(entries.iter().map(entry).collect())
        }
        NodeKind::List(items) => {
            NodeKind::List(items.iter().map(|item| shifted(item, by)).collect())
        }
        other => other.clone(),
    };
    Node { kind, line: node.line.saturating_add(by), ..node.clone() }
}

#[cfg(test)]
mod tests {
    use super::Paper;
    use crate::Input;
    use crate::source::File;

    #[test]
    fn lines_lead_back_to_their_files() {
        let file = |text: &str| File::new(&Input { name: "f".to_owned(), text: text.to_owned() });
        let mut paper = Paper::of(7, &file("a\nb"));
        let above = paper.add(3, &file("c\nd\n"));
        assert_eq!((above, paper.add(3, &file("c\nd\n"))), (3, 3));
        let homes = [1, 2, 4, 5].map(|line| paper.home(line));
        assert_eq!(homes, [(7, 1), (7, 2), (3, 1), (3, 2)]);
        assert_eq!(paper.into_file("f").line(4), Some("c"));
    }
}
