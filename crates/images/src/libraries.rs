//! The shared objects of this machine that a program needs: what its dynamic linker would load.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::fs;
use std::path::{Path, PathBuf};

use object::Endianness;
use object::elf::{DT_NEEDED, FileHeader64};
use object::read::elf::{FileHeader as _, ProgramHeader as _};

/// Loaded at run time rather than linked: name services of glibc before 2.34, the unwinder that ending a thread needs,
/// and what native libraries inside jars (RocksDB, Snappy, Netty) link to.
const LOADED_LATER: &[&str] = &[
    "libdl.so.2",
    "libgcc_s.so.1",
    "libm.so.6",
    "libnss_dns.so.2",
    "libnss_files.so.2",
    "libpthread.so.0",
    "libresolv.so.2",
    "librt.so.1",
    "libstdc++.so.6",
];

/// The allocator that Flink's images preload (FLINK-19125), by the names that distributions give it.
const JEMALLOC: &[&str] = &["libjemalloc.so.2", "libjemalloc.so.1"];

/// Where the dynamic linker looks without being told (`ld.so(8)`); the first two are Debian's.
const DIRECTORIES: &[&str] = &[
    "/lib/x86_64-linux-gnu",
    "/usr/lib/x86_64-linux-gnu",
    "/lib/aarch64-linux-gnu",
    "/usr/lib/aarch64-linux-gnu",
    "/lib64",
    "/usr/lib64",
    "/lib",
    "/usr/lib",
];

/// Directories that many machines have as links into `/usr`.
const MERGED: &[&str] = &["/bin", "/lib", "/lib64", "/sbin"];

/// What a program says about itself.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Linked {
    /// Names of the shared objects that it needs.
    pub needed: Vec<String>,
    /// Its dynamic linker; `None` for a static program.
    pub interpreter: Option<String>,
}

/// What was found for some programs.
#[derive(Debug, Default)]
pub(super) struct Libraries {
    /// Path in the image, file of this machine, whether it is a program.
    pub files: Vec<(String, String, bool)>,
    /// Links of the root directory.
    pub links: Vec<(String, String)>,
    /// Needed but not there: the library and who needs it.
    pub missing: BTreeMap<String, PathBuf>,
}

/// Reads the dynamic section; `None` when the file is not an ELF file of 64 bits.
pub(super) fn linked(data: &[u8]) -> Option<Linked> {
    let header = FileHeader64::<Endianness>::parse(data).ok()?;
    let endian = header.endian().ok()?;
    let mut linked = Linked::default();
    for segment in header.program_headers(endian, data).ok()? {
        if let Ok(Some(interpreter)) = segment.interpreter(endian, data) {
            linked.interpreter = Some(String::from_utf8_lossy(interpreter).into_owned());
        }
    }
    let table = header.sections(endian, data).ok()?.dynamic_table(endian, data).ok()?;
    for entry in &table {
        if entry.tag == DT_NEEDED
            && let Ok(name) = table.string(entry)
        {
            linked.needed.push(String::from_utf8_lossy(name).into_owned());
        }
    }
    Some(linked)
}

/// Finds what `programs` need, apart from what lies beside them (`own`: names of shared objects that they bring).
/// Everything goes into the directory of this machine's C library, where every program looks.
pub(super) fn find(programs: &[PathBuf], own: &BTreeSet<String>) -> Libraries {
    let places = directories();
    let mut found = Libraries::default();
    let mut seen: BTreeSet<String> = own.clone();
    let mut left: VecDeque<PathBuf> = programs.iter().cloned().collect();
    let mut sources: Vec<(String, PathBuf)> = Vec::new();
    let mut add = |name: &str, left: &mut VecDeque<PathBuf>| {
        let path = places.iter().map(|place| place.join(name)).find(|path| is_of_machine(path));
        if let Some(path) = &path {
            left.push_back(path.clone());
            sources.push((name.to_owned(), path.clone()));
        }
        path.is_some()
    };
    let mut is_first = true;
    while let Some(program) = left.pop_front() {
        let Some(linked) = fs::read(&program).ok().and_then(|data| linked(&data)) else { continue };
        if let Some(interpreter) = linked.interpreter
            && seen.insert(interpreter.clone())
        {
            found.files.push((interpreter.clone(), interpreter, true));
        }
        for name in linked.needed {
            // The dynamic linker is there already, by its full path.
            let is_linker = name.starts_with("ld-linux");
            if !is_linker && seen.insert(name.clone()) && !add(&name, &mut left) {
                found.missing.insert(name, program.clone());
            }
        }
        if left.is_empty() && is_first {
            is_first = false;
            for name in LOADED_LATER {
                if seen.insert((*name).to_owned()) {
                    add(name, &mut left);
                }
            }
            if let Some(name) = JEMALLOC.iter().find(|name| add(name, &mut left)) {
                seen.insert((*name).to_owned());
            }
        }
    }
    let home = sources.iter().find(|(name, _)| name == "libc.so.6").and_then(|(_, path)| {
        let real = fs::canonicalize(path.parent()?).ok()?;
        Some(real.display().to_string())
    });
    let home = home.unwrap_or_else(|| "/usr/lib".to_owned());
    for (name, path) in sources {
        found.files.push((format!("{home}/{name}"), path.display().to_string(), false));
    }
    found.files.sort();
    for path in MERGED {
        if let Ok(target) = fs::read_link(path) {
            found.links.push(((*path).to_owned(), target.display().to_string()));
        }
    }
    found
}

/// Whether it is a shared object for the programs of this machine, not one for 32 bits.
fn is_of_machine(path: &Path) -> bool {
    fs::read(path).is_ok_and(|data| linked(&data).is_some())
}

/// Those of `ld.so.conf` first, as the linker does, then the built-in ones.
fn directories() -> Vec<PathBuf> {
    let mut all = Vec::new();
    configured(Path::new("/etc/ld.so.conf"), &mut all);
    all.extend(DIRECTORIES.iter().map(PathBuf::from));
    all.retain(|path| path.is_dir());
    all
}

/// Reads `ld.so.conf(5)`: a directory on each line, `include` with `*` in the last part.
fn configured(file: &Path, all: &mut Vec<PathBuf>) {
    for line in fs::read_to_string(file).unwrap_or_default().lines() {
        let line = line.split('#').next().unwrap_or_default().trim();
        if let Some(pattern) = line.strip_prefix("include ") {
            let pattern = file.parent().unwrap_or(Path::new("/")).join(pattern.trim());
            let mut files: Vec<PathBuf> = pattern
                .parent()
                .and_then(|parent| fs::read_dir(parent).ok())
                .into_iter()
                .flatten()
                .flatten()
                .map(|entry| entry.path())
                .filter(|path| path.extension() == pattern.extension())
                .collect();
            files.sort();
            for included in files {
                if included != file {
                    configured(&included, all);
                }
            }
        } else if line.starts_with('/') {
            all.push(PathBuf::from(line));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_program_of_this_machine_gets_its_c_library_and_its_linker() {
        let found = find(&[PathBuf::from("/bin/sh")], &BTreeSet::new());
        assert!(found.missing.is_empty(), "{:?}", found.missing);
        let names: Vec<&str> =
            found.files.iter().filter_map(|(path, ..)| path.rsplit('/').next()).collect();
        assert!(names.contains(&"libc.so.6"), "{names:?}");
        assert!(names.iter().any(|name| name.starts_with("ld-")), "{names:?}");
    }

    #[test]
    fn what_is_no_program_has_no_libraries() {
        assert_eq!(linked(b"#!/bin/sh\n"), None);
        assert_eq!(linked(b"\x7fELF\x02\x01\x01\0garbage"), None);
    }

    #[test]
    fn what_is_missing_is_named() {
        let program = fs::canonicalize("/bin/sh").unwrap();
        // A copy that asks for a library that nobody has.
        let data = fs::read(&program).unwrap();
        let name = b"libc.so.6";
        let at = data.windows(name.len()).position(|window| window == name).unwrap();
        let mut data = data;
        data[at..at + name.len()].copy_from_slice(b"libz.so.9");
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("sh");
        fs::write(&path, data).unwrap();
        let found = find(std::slice::from_ref(&path), &BTreeSet::new());
        assert_eq!(found.missing, BTreeMap::from([("libz.so.9".to_owned(), path)]));
    }
}
