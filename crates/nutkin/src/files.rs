//! Files and directories as input of a check: read as they are, without judging them.

use std::fs;
use std::path::{Path, PathBuf};

use nutkin_check::{FileKind, Input};
use nutkin_flink::Problem;
use walkdir::{DirEntry, WalkDir};

/// Largest file that is read: no configuration is longer, and a jar with a misleading name is.
const LARGEST: u64 = 4 << 20;

/// Directories of which nobody means the content.
const PASSED_OVER: &[&str] = &["target", "node_modules", "build", "venv"];

/// Reads files, and below directories those whose names say that they matter, in order of their names.
///
/// # Errors
/// All paths that cannot be read.
pub fn read(paths: &[PathBuf]) -> Result<Vec<Input>, Vec<Problem>> {
    let mut inputs: Vec<Input> = Vec::new();
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
            add(path, &mut inputs, &mut problems);
            continue;
        }
        let entries = WalkDir::new(path).sort_by_file_name().into_iter().filter_entry(is_open);
        for entry in entries {
            match entry {
                Ok(entry) if entry.file_type().is_file() => {
                    let name = entry.file_name().to_string_lossy();
                    let is_small = entry.metadata().is_ok_and(|m| m.len() <= LARGEST);
                    if FileKind::of_name(&name).is_some() && is_small {
                        add(entry.path(), &mut inputs, &mut problems);
                    }
                }
                Ok(_) => {}
                Err(error) => problems.push(problem(path, &error.to_string())),
            }
        }
    }
    if problems.is_empty() { Ok(inputs) } else { Err(problems) }
}

/// Whether to go into an entry: hidden directories and those of builds are passed over.
fn is_open(entry: &DirEntry) -> bool {
    let name = entry.file_name().to_string_lossy();
    let hidden = name.starts_with('.') && 1 < name.len() && !name.starts_with("..");
    entry.depth() == 0
        || !(entry.file_type().is_dir() && (hidden || PASSED_OVER.contains(&name.as_ref())))
}

fn add(path: &Path, inputs: &mut Vec<Input>, problems: &mut Vec<Problem>) {
    let name = path.strip_prefix("./").unwrap_or(path).to_string_lossy().replace('\\', "/");
    if inputs.iter().any(|known| known.name == name) {
        return;
    }
    if fs::metadata(path).is_ok_and(|metadata| LARGEST < metadata.len()) {
        problems.push(problem(path, "it is larger than 4 MiB, which no configuration is"));
        return;
    }
    match fs::read(path) {
        Ok(bytes) => {
            inputs.push(Input { name, text: String::from_utf8_lossy(&bytes).into_owned() });
        }
        Err(error) => problems.push(problem(path, &error.to_string())),
    }
}

fn problem(path: &Path, reason: &str) -> Problem {
    Problem::new("", format!("cannot read `{}`: {reason}", path.display()))
}
