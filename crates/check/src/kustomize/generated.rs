//! Files that a script makes before Kustomize reads them, such as what a post-renderer of Helm gets.

use crate::path::{directory, is_above, joined, last};
use crate::source::{File, FileKind};

/// Whether a script in the directory of a path, or above it, writes a file of that name.
pub(super) fn is(files: &[File], path: &str) -> bool {
    let (name, below) = (last(path), directory(path));
    files.iter().any(|file| {
        file.kind == Some(FileKind::Script)
            && is_above(&joined("", file.directory()), below)
            && file.text.lines().any(|line| writes(line, name))
    })
}

/// Whether a line of a shell writes a file of a name: `cat > all.yaml`, `helm template x | tee base/all.yaml`.
fn writes(line: &str, name: &str) -> bool {
    if line.trim_start().starts_with('#') || !line.contains(name) {
        return false;
    }
    let mut behind = line.split(['>', '|']).skip(1).map(str::trim_start);
    behind.any(|text| {
        let target = text.strip_prefix("tee ").unwrap_or(text).split_whitespace().next();
        target.is_some_and(|word| last(word.trim_matches(['"', '\''])) == name)
    })
}

#[cfg(test)]
mod tests {
    use super::writes;

    #[test]
    fn lines_that_write_a_file() {
        #[track_caller]
        fn check(line: &str, expected: bool) {
            assert_eq!(writes(line, "all.yaml"), expected, "{line}");
        }
        check("cat > all.yaml", true);
        check("  cat <&0 >\"$here/all.yaml\"", true);
        check("helm template words . | tee base/all.yaml", true);
        check("kubectl kustomize . >> all.yaml && exit", true);
        check("# cat > all.yaml", false);
        check("kubectl apply -f all.yaml > log", false);
        check("cat > all.yaml.old", false);
    }
}
