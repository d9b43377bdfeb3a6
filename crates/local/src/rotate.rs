//! Rotation of the `.out` files, into which the processes write stdout and stderr. The `.log` files are
//! log4j's or logback's own business.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

/// How many old `.out` files of a process are kept: enough to see the last deaths of one that keeps dying.
const KEPT: u32 = 5;

/// A file that grew beyond this is put aside while the process lives. Real output goes to the log, so
/// this much on stdout is a job that prints; 64 MiB can still be opened in an editor.
pub const LARGEST: u64 = 64 << 20;

/// `x.out.1` of `x.out`.
pub fn older(out: &Path, number: u32) -> PathBuf {
    let mut path = out.as_os_str().to_owned();
    path.push(format!(".{number}"));
    PathBuf::from(path)
}

/// Puts the file of the last life aside, before the next one.
///
/// # Errors
/// The system refused.
pub fn before_start(out: &Path) -> io::Result<()> {
    if fs::metadata(out).map_or(0, |file| file.len()) == 0 {
        return Ok(());
    }
    shift(out)?;
    fs::rename(out, older(out, 1))
}

/// Puts the content of a file that has grown too large aside. The process keeps its file descriptor,
/// opened for appending, and goes on at the new beginning; what it writes in between is lost.
///
/// # Errors
/// The system refused.
pub fn if_larger(out: &Path, limit: u64) -> io::Result<bool> {
    if fs::metadata(out).map_or(0, |file| file.len()) <= limit {
        return Ok(false);
    }
    shift(out)?;
    fs::copy(out, older(out, 1))?;
    fs::OpenOptions::new().write(true).open(out)?.set_len(0)?;
    Ok(true)
}

fn shift(out: &Path) -> io::Result<()> {
    for number in (1..KEPT).rev() {
        let from = older(out, number);
        if from.exists() {
            fs::rename(from, older(out, number + 1))?;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use super::*;

    #[track_caller]
    fn check(out: &Path, expected: &[&str]) {
        let text = |path: PathBuf| fs::read_to_string(path).unwrap_or_default();
        let found: Vec<_> =
            (1..=9).map(|n| text(older(out, n))).take_while(|t| !t.is_empty()).collect();
        assert_eq!(found, expected);
    }

    #[test]
    fn each_life_has_a_file() {
        let temporary = tempfile::tempdir().unwrap();
        let out = temporary.path().join("tm.out");
        before_start(&out).unwrap();
        check(&out, &[]);
        for life in 1..=7 {
            fs::write(&out, format!("life {life}")).unwrap();
            before_start(&out).unwrap();
            assert!(!out.exists());
        }
        check(&out, &["life 7", "life 6", "life 5", "life 4", "life 3"]);
        fs::write(&out, "").unwrap();
        before_start(&out).unwrap();
        check(&out, &["life 7", "life 6", "life 5", "life 4", "life 3"]);
    }

    #[test]
    fn a_large_file_is_cut_under_its_writer() {
        let temporary = tempfile::tempdir().unwrap();
        let out = temporary.path().join("tm.out");
        let mut writer = fs::OpenOptions::new().create(true).append(true).open(&out).unwrap();
        writer.write_all(b"12345678").unwrap();
        assert!(!if_larger(&out, 8).unwrap());
        writer.write_all(b"9").unwrap();
        assert!(if_larger(&out, 8).unwrap());
        writer.write_all(b"new").unwrap();
        assert_eq!(fs::read_to_string(&out).unwrap(), "new");
        check(&out, &["123456789"]);
    }
}
