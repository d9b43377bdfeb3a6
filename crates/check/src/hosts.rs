//! `masters` and `workers`: the machines of `start-cluster.sh`.

use super::finding::Place;
use super::source::{File, FileKind};

/// One of the two files.
#[derive(Debug, Clone)]
pub(super) struct Hosts {
    pub(super) file: usize,
    pub(super) kind: FileKind,
    /// Place, host and port of each line.
    pub(super) lines: Vec<(Place, String, Option<String>)>,
}

/// Reads one.
pub(super) fn read(index: usize, file: &File, kind: FileKind) -> Hosts {
    let lines = file.text.lines().enumerate().filter_map(|(number, line)| {
        let content = line.split('#').next().unwrap_or_default().trim();
        if content.is_empty() {
            return None;
        }
        let line = u32::try_from(number + 1).unwrap_or(u32::MAX);
        let place = Place { file: index, line, column: 1 };
        // The first word counts: the scripts cut the line at blanks.
        let word = content.split_whitespace().next().unwrap_or_default();
        let (host, port) = match word.split_once(':') {
            Some((host, port)) => (host, Some(port.to_owned())),
            None => (word, None),
        };
        Some((place, host.to_owned(), port))
    });
    Hosts { file: index, kind, lines: lines.collect() }
}
