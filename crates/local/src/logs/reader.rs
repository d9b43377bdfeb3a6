//! Reads a log while it is written, each line once.

use std::fs::File;
use std::io::Read as _;
use std::os::unix::fs::{FileExt as _, MetadataExt as _};
use std::path::{Path, PathBuf};

/// Bytes that are read at once: all logs of a session are read side by side, and each may be larger than memory.
const AT_ONCE: u64 = 256 << 10;

/// The longest line in bytes: what does not end before is shown in several.
const LONGEST: usize = 1 << 20;

/// A file that grows, is put aside for a new one under its name, or is cut to nothing.
#[derive(Debug)]
pub(super) struct Reader {
    path: PathBuf,
    /// Open, so that what was written to it last can be read after it was put aside.
    file: Option<File>,
    seen: u64,
    /// A line whose end is not written yet.
    begun: Vec<u8>,
}

impl Reader {
    /// From the beginning of the file, which need not be there yet.
    pub(super) fn new(path: &Path) -> Self {
        Self { path: path.to_owned(), file: None, seen: 0, begun: Vec::new() }
    }

    /// The lines that were completed since the last call.
    pub(super) fn news(&mut self) -> Vec<String> {
        let mut lines = self.until_its_end();
        if self.is_another() {
            lines.extend(self.until_its_end());
            lines.extend(self.rest());
            self.file = None;
            self.seen = 0;
            lines.extend(self.until_its_end());
        }
        lines
    }

    fn until_its_end(&mut self) -> Vec<String> {
        std::iter::from_fn(|| self.more()).flatten().collect()
    }

    /// What stands behind the last line, and is not shown again.
    pub(super) fn rest(&mut self) -> Option<String> {
        let rest = std::mem::take(&mut self.begun);
        (!rest.is_empty()).then(|| text(&rest))
    }

    /// Whether another file has the name by now.
    fn is_another(&self) -> bool {
        let identity = |metadata: std::fs::Metadata| (metadata.dev(), metadata.ino());
        let here = self.file.as_ref().and_then(|file| file.metadata().ok()).map(identity);
        let there = self.path.metadata().ok().map(identity);
        here.is_some() && there.is_some() && here != there
    }

    /// The next completed lines, which may be none although more follow; `None`: nothing more is written.
    pub(super) fn more(&mut self) -> Option<Vec<String>> {
        if self.file.is_none() {
            self.file = File::open(&self.path).ok();
        }
        let file = self.file.as_ref()?;
        if file.metadata().map_or(0, |metadata| metadata.len()) < self.seen {
            self.seen = 0;
            self.begun.clear();
        }
        let mut bytes = Vec::new();
        let from = At { file, offset: self.seen };
        // What was read before an error is shown; the next call tries again.
        let _ = from.take(AT_ONCE).read_to_end(&mut bytes);
        if bytes.is_empty() {
            return None;
        }
        self.seen += bytes.len() as u64;
        let (before, end) = (self.begun.len(), bytes.iter().rposition(|byte| *byte == b'\n'));
        self.begun.extend(bytes);
        let Some(end) = end.map(|end| before + end) else {
            let is_too_long = LONGEST < self.begun.len();
            return Some(if is_too_long { self.rest().into_iter().collect() } else { Vec::new() });
        };
        let rest = self.begun.split_off(end + 1);
        let whole = std::mem::replace(&mut self.begun, rest);
        Some(whole[..end].split(|byte| *byte == b'\n').map(text).collect())
    }
}

fn text(line: &[u8]) -> String {
    String::from_utf8_lossy(line).trim_end_matches('\r').to_owned()
}

/// Reads from a place of its own.
struct At<'a> {
    file: &'a File,
    offset: u64,
}

impl std::io::Read for At<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        let count = self.file.read_at(buffer, self.offset)?;
        self.offset += count as u64;
        Ok(count)
    }
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::io::Write as _;

    use super::*;

    fn append(path: &Path, text: &str) {
        let mut file = File::options().create(true).append(true).open(path).unwrap();
        file.write_all(text.as_bytes()).unwrap();
    }

    #[test]
    fn each_line_once_and_whole() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("x.log");
        let mut reader = Reader::new(&path);
        assert_eq!(reader.news(), [""; 0]);
        append(&path, "one\ntwo\nth");
        assert_eq!(reader.news(), ["one", "two"]);
        assert_eq!(reader.news(), [""; 0]);
        append(&path, "ree\n\nfo");
        assert_eq!(reader.news(), ["three", ""]);
        assert_eq!(reader.rest().as_deref(), Some("fo"));
        assert_eq!(reader.rest(), None);
    }

    #[test]
    fn a_file_that_is_put_aside_is_read_to_its_end() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("x.log");
        let mut reader = Reader::new(&path);
        append(&path, "one\n");
        assert_eq!(reader.news(), ["one"]);
        append(&path, "two\nlast words");
        fs::rename(&path, directory.path().join("x.log.1")).unwrap();
        assert_eq!(reader.news(), ["two"], "nothing has the name yet");
        append(&path, "a longer first line of the new one\n");
        assert_eq!(reader.news(), ["last words", "a longer first line of the new one"]);
    }

    #[test]
    fn a_file_that_is_cut_begins_anew() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("x.out");
        let mut reader = Reader::new(&path);
        append(&path, "one\ntw");
        assert_eq!(reader.news(), ["one"]);
        fs::write(&path, "").unwrap();
        append(&path, "new\n");
        assert_eq!(reader.news(), ["new"]);
    }
}
