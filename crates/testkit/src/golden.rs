//! Golden files: what a function gives is in a committed file, so that a review sees the change.

use std::path::Path;

use similar::TextDiff;

/// Compares with the file; with `UPDATE=1` in the environment it writes the file instead.
///
/// # Panics
/// When the file differs, is missing, or cannot be written.
#[track_caller]
pub fn check_golden(path: &Path, actual: &str) {
    if let Some(difference) = golden_difference(path, actual) {
        panic!("{difference}\nUPDATE=1 writes it again; read the change before you commit it");
    }
}

/// The difference from the file as text, for tests that hold many files against theirs; with `UPDATE=1` in the
/// environment it writes the file instead.
///
/// # Panics
/// When the file cannot be written.
#[track_caller]
pub fn golden_difference(path: &Path, actual: &str) -> Option<String> {
    if std::env::var_os("UPDATE").is_some_and(|value| value == "1") {
        if let Some(parent) = path.parent() {
            std::fs::create_dir_all(parent).expect("a directory for the golden file");
        }
        std::fs::write(path, actual).expect("the golden file is written");
        return None;
    }
    compare(path, actual).err()
}

fn compare(path: &Path, actual: &str) -> Result<(), String> {
    let expected = std::fs::read_to_string(path)
        .map_err(|error| format!("golden file `{}`: {error}", path.display()))?;
    if expected == actual {
        return Ok(());
    }
    let diff = TextDiff::from_lines(&expected, actual);
    let diff = diff.unified_diff().header("golden", "actual").to_string();
    Err(format!("`{}` differs:\n{diff}", path.display()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_difference_is_seen() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("golden.txt");
        assert!(compare(&path, "a\n").unwrap_err().contains("golden.txt"));
        std::fs::write(&path, "a\nb\n").unwrap();
        assert_eq!(compare(&path, "a\nb\n"), Ok(()));
        let difference = compare(&path, "a\nc\n").unwrap_err();
        assert!(difference.contains("-b") && difference.contains("+c"), "{difference}");
    }
}
