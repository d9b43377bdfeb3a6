//! Files of a container or a volume, and the archives that they travel in.

use std::collections::BTreeMap;
use std::io::Read as _;
use std::time::{SystemTime, UNIX_EPOCH};

use serde_json::{Map, Value, json};

use crate::scenario::ledger;

/// Where the ledger lies on a volume: in pages that take turns.
const LEDGER: &str = ".nutkin/";

/// Seconds of the Unix epoch.
pub(super) fn now() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_secs()
}

/// A file or, without content, a directory.
#[derive(Debug, Clone)]
struct File {
    content: Option<Vec<u8>>,
    mode: u32,
    owner: (u64, u64),
}

/// By absolute path, or on a volume by the path below its root.
#[derive(Debug, Clone, Default)]
pub(super) struct Files(BTreeMap<String, File>);

impl Files {
    pub(super) fn put(&mut self, path: &str, content: &[u8], mode: u32, owner: (u64, u64)) {
        self.0.insert(path.to_owned(), File { content: Some(content.to_vec()), mode, owner });
    }

    pub(super) fn text(&self, path: &str) -> Option<String> {
        let content = self.0.get(path)?.content.as_ref()?;
        Some(String::from_utf8_lossy(content).into_owned())
    }

    /// Path, mode and text of each file.
    pub(super) fn all(&self) -> impl Iterator<Item = (String, u32, String)> {
        self.0.iter().filter_map(|(path, file)| {
            let text = String::from_utf8_lossy(file.content.as_ref()?).into_owned();
            Some((path.clone(), file.mode, text))
        })
    }

    pub(super) fn plain(&self) -> Value {
        let plain = |file: &File| {
            let text = file.content.as_ref().map(|one| String::from_utf8_lossy(one).into_owned());
            json!({"text": text, "mode": format!("{:o}", file.mode), "owner": file.owner})
        };
        let is_ledger = |path: &str| path.contains(LEDGER);
        let others = self.0.iter().filter(|(path, _)| !is_ledger(path));
        let mut all: Map<String, Value> =
            others.map(|(path, file)| (path.clone(), plain(file))).collect();
        let pages = self.0.iter().filter(|(path, _)| path.contains(&format!("{LEDGER}ledger-")));
        let pages = pages.filter_map(|(_, file)| std::str::from_utf8(file.content.as_ref()?).ok());
        let newest = ledger::newest(pages);
        if !newest.is_null() {
            all.insert(format!("{LEDGER}*"), newest);
        }
        Value::Object(all)
    }

    /// What is at a path and below it.
    pub(super) fn below(&self, path: &str) -> Self {
        let inside = format!("{path}/");
        let found = self.0.iter().filter(|(one, _)| *one == path || one.starts_with(&inside));
        Self(found.map(|(path, file)| (path.clone(), file.clone())).collect())
    }

    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// As an archive, with names relative to the parent of `path`: all of it was written a moment ago.
    pub(super) fn pack(&self, path: &str) -> Vec<u8> {
        let parent = path.rsplit_once('/').map_or("", |(parent, _)| parent);
        let mut archive = tar::Builder::new(Vec::new());
        let now = now();
        for (one, file) in &self.0 {
            let name = one.strip_prefix(parent).unwrap_or(one).trim_start_matches('/');
            let mut header = tar::Header::new_gnu();
            header.set_uid(file.owner.0);
            header.set_gid(file.owner.1);
            header.set_mode(file.mode);
            header.set_mtime(now);
            let content = file.content.clone().unwrap_or_default();
            header.set_size(content.len() as u64);
            if file.content.is_none() {
                header.set_entry_type(tar::EntryType::Directory);
            }
            let packed = archive.append_data(&mut header, name, content.as_slice());
            packed.expect("a path that fits an archive");
        }
        archive.into_inner().expect("an archive in memory")
    }
}

/// Files of an archive that is unpacked in a folder, by absolute path.
pub(super) fn unpacked(folder: &str, archive: &[u8]) -> Files {
    let mut files = Files::default();
    let mut archive = tar::Archive::new(archive);
    for entry in archive.entries().expect("an archive") {
        let mut entry = entry.expect("an archive");
        let name = entry.path().expect("a path").to_string_lossy().into_owned();
        let path = format!("{}/{}", folder.trim_end_matches('/'), name.trim_end_matches('/'));
        let header = entry.header();
        let mode = header.mode().unwrap_or_default();
        let owner = (header.uid().unwrap_or_default(), header.gid().unwrap_or_default());
        let is_directory = header.entry_type().is_dir();
        let mut content = Vec::new();
        entry.read_to_end(&mut content).expect("an archive");
        files.0.insert(path, File { content: (!is_directory).then_some(content), mode, owner });
    }
    files
}

impl Files {
    /// Takes each file by its path; `false` leaves it.
    pub(super) fn take_below(&mut self, folder: &str, into: &mut Self) {
        let inside = format!("{}/", folder.trim_end_matches('/'));
        let paths: Vec<String> =
            self.0.keys().filter(|path| path.starts_with(&inside)).cloned().collect();
        for path in paths {
            if let Some(file) = self.0.remove(&path) {
                into.0.insert(path[inside.len()..].to_owned(), file);
            }
        }
    }

    /// Adds all files of another set.
    pub(super) fn extend(&mut self, other: Self) {
        self.0.extend(other.0);
    }

    /// The same with each path below a folder.
    pub(super) fn moved_to(&self, folder: &str) -> Self {
        let files = self.0.iter().map(|(path, file)| (format!("{folder}/{path}"), file.clone()));
        Self(files.collect())
    }
}
