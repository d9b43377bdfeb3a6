//! Files and directories as input of a check: read as they are, without judging them.

use std::collections::BTreeSet;
use std::fs;
use std::io::{self, ErrorKind, Read};
use std::path::{Path, PathBuf};

use nutkin_check::{FileKind, Input, Skipped};
use nutkin_flink::Problem;
use walkdir::{DirEntry, WalkDir};

/// Largest file that is read: no configuration is longer, and a jar with a misleading name is.
const LARGEST: u64 = 4 << 20;

/// Directories of which nobody means the content.
const PASSED_OVER: &[&str] = &["target", "node_modules", "build", "venv"];

/// Hidden directories with commands that make what manifests name: those of CI.
const OF_CI: &[&str] = &[".circleci", ".forgejo", ".gitea", ".github", ".gitlab", ".woodpecker"];

/// What was read, and what was not.
#[derive(Debug, Default)]
pub struct Found {
    /// The files, in order of their names.
    pub inputs: Vec<Input>,
    /// Files below directories whose names say that they matter, and that cannot be looked at.
    pub skipped: Vec<Skipped>,
}

/// Reads files, and below directories those whose names say that they matter, in order of their names.
///
/// # Errors
/// All paths that cannot be read, and files that were named themselves and are too large or not text.
pub fn read(paths: &[PathBuf]) -> Result<Found, Vec<Problem>> {
    let mut found = Found::default();
    let mut known = BTreeSet::new();
    let mut problems = Vec::new();
    for path in paths {
        let is_directory = match fs::metadata(path) {
            Ok(metadata) => metadata.is_dir(),
            Err(error) => {
                problems.push(problem(path, &error.to_string()));
                continue;
            }
        };
        if !is_directory {
            let name = name_of(path);
            match bytes_of(path).and_then(text_of) {
                Ok(text) if known.insert(name.clone()) => found.inputs.push(Input { name, text }),
                Ok(_) => {}
                Err(error) => problems.push(problem(path, &error.to_string())),
            }
            continue;
        }
        let entries = WalkDir::new(path).sort_by_file_name().into_iter().filter_entry(is_open);
        for entry in entries {
            match entry {
                Ok(entry) if entry.file_type().is_file() => {
                    let name = name_of(entry.path());
                    let is_known =
                        FileKind::of_name(&entry.file_name().to_string_lossy()).is_some();
                    if !is_known || !known.insert(name.clone()) {
                        continue;
                    }
                    match bytes_of(entry.path()).and_then(text_of) {
                        Ok(text) if nutkin_check::is_other_json(&name, &text) => {}
                        Ok(text) => found.inputs.push(Input { name, text }),
                        // Most JSON is data.
                        Err(_) if is_json(&name) => {}
                        Err(error) if error.kind() == ErrorKind::InvalidData => {
                            found.inputs.push(Input::unreadable(name.clone()));
                            found.skipped.push(Skipped { name, reason: error.to_string() });
                        }
                        Err(error) => problems.push(problem(entry.path(), &error.to_string())),
                    }
                }
                Ok(_) => {}
                Err(error) => problems.push(problem(path, &error.to_string())),
            }
        }
    }
    add_beside(&mut found, &mut known);
    if problems.is_empty() { Ok(found) } else { Err(problems) }
}

/// How often files may name others that name others: an override that extends a file with a file of variables is two.
const ROUNDS: usize = 4;

/// Reads what the files name and belongs to them, where it is there and is text: what a Compose file mounts and extends.
fn add_beside(found: &mut Found, known: &mut BTreeSet<String>) {
    for _ in 0..ROUNDS {
        let before = found.inputs.len();
        for name in nutkin_check::beside(&found.inputs) {
            let path = Path::new(&name);
            let mut paths = Vec::new();
            if path.is_dir() {
                let entries = WalkDir::new(path).max_depth(1).sort_by_file_name().into_iter();
                let named = |entry: &DirEntry| {
                    FileKind::of_name(&entry.file_name().to_string_lossy()).is_some()
                };
                let entries = entries.filter_map(Result::ok).filter(named);
                paths.extend(entries.map(DirEntry::into_path));
            } else {
                paths.push(path.to_owned());
            }
            for path in paths.iter().filter(|path| path.is_file()) {
                let name = name_of(path);
                if known.contains(&name) {
                    continue;
                }
                match bytes_of(path).and_then(text_of) {
                    Ok(text) => found.inputs.push(Input { name: name.clone(), text }),
                    Err(error) if error.kind() == ErrorKind::InvalidData => {
                        found.inputs.push(Input::unreadable(name.clone()));
                    }
                    Err(_) => continue,
                }
                known.insert(name);
            }
        }
        if found.inputs.len() == before {
            return;
        }
    }
}

/// The text of a file, as far as a configuration can be long; `-` is standard input.
///
/// # Errors
/// It cannot be read, is larger than 4 MiB, or is not UTF-8.
pub fn text(path: &Path) -> io::Result<String> {
    let bytes =
        if path.as_os_str() == "-" { limited(io::stdin().lock())? } else { bytes_of(path)? };
    String::from_utf8(bytes).map_err(|_| refused("it is not UTF-8"))
}

fn bytes_of(path: &Path) -> io::Result<Vec<u8>> {
    limited(fs::File::open(path)?)
}

/// All bytes of what may have no end, such as `/dev/zero`.
fn limited(from: impl Read) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    from.take(LARGEST + 1).read_to_end(&mut bytes)?;
    if LARGEST < bytes.len() as u64 {
        return Err(refused("it is larger than 4 MiB, which no configuration is"));
    }
    Ok(bytes)
}

/// The text of bytes. What has zeros in it is another encoding, or no text at all.
fn text_of(bytes: Vec<u8>) -> io::Result<String> {
    if bytes.starts_with(&[0xff, 0xfe]) || bytes.starts_with(&[0xfe, 0xff]) {
        return Err(refused("it is UTF-16; save it as UTF-8"));
    }
    if bytes.contains(&0) {
        return Err(refused(
            "it holds bytes of zero: it is UTF-16, which can be saved as UTF-8, or not text",
        ));
    }
    String::from_utf8(bytes).map_err(|error| {
        let read = &error.as_bytes()[..error.utf8_error().valid_up_to()];
        let line = 1 + read.split(|byte| *byte == b'\n').count().saturating_sub(1);
        refused(&format!("line {line} is not UTF-8; save the file as UTF-8"))
    })
}

/// The path that an address of Flink's means, as `file:///a`, `file:/a` and `/a` do; `None`: it means something else.
pub fn of_address(address: &str) -> Option<&Path> {
    match address.split_once(':') {
        Some(("file", path)) => Some(Path::new(path.strip_prefix("//").unwrap_or(path))),
        Some(_) => None,
        None => Some(Path::new(address)),
    }
}

fn refused(reason: &str) -> io::Error {
    io::Error::new(ErrorKind::InvalidData, reason)
}

/// A file as the user named it, with `/` between directories.
fn name_of(path: &Path) -> String {
    path.strip_prefix("./").unwrap_or(path).to_string_lossy().replace('\\', "/")
}

/// Whether a file is JSON by its name.
fn is_json(name: &str) -> bool {
    Path::new(name).extension().is_some_and(|end| end.eq_ignore_ascii_case("json"))
}

/// Whether to go into an entry: hidden directories and those of builds are passed over.
fn is_open(entry: &DirEntry) -> bool {
    let name = entry.file_name().to_string_lossy();
    let hidden = name.starts_with('.')
        && 1 < name.len()
        && !name.starts_with("..")
        && !OF_CI.contains(&name.as_ref());
    entry.depth() == 0
        || !(entry.file_type().is_dir() && (hidden || PASSED_OVER.contains(&name.as_ref())))
}

fn problem(path: &Path, reason: &str) -> Problem {
    Problem::new("", format!("cannot read `{}`: {reason}", path.display()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_of_files() {
        #[track_caller]
        fn check(directory: &str, expected: Option<&str>) {
            assert_eq!(of_address(directory), expected.map(Path::new));
        }
        check("file:///data/sp", Some("/data/sp"));
        check("file:/data/sp", Some("/data/sp"));
        check("/data/sp", Some("/data/sp"));
        check("s3://bucket/sp", None);
        check("hdfs:///sp", None);
    }
}
