//! Files that commands make before Kustomize or Compose read them, such as what a post-renderer of Helm gets, and those that
//! are kept out of the repository.

use crate::commands;
use crate::path::{directory, is_above, joined, last};
use crate::source::{File, FileKind};

/// Whether a command makes the file of a path, or a list says that the repository does not have it.
pub(super) fn is(files: &[File], path: &str) -> bool {
    let below = directory(path);
    let is_kept_out = |file: &File| {
        file.kind == Some(FileKind::Ignored)
            && is_above(&joined("", file.directory()), below)
            && file.text.lines().any(|line| names(line, path))
    };
    let is_made = |file: &File| {
        commands::has_commands(file) && {
            let is_near = is_above(&commands::directory(file), below);
            let is_goal = file.kind == Some(FileKind::Recipe)
                && file.text.lines().any(|line| goals(line).any(|goal| leads(goal, path, is_near)));
            let lines = commands::lines(&file.text);
            is_goal || lines.iter().any(|line| writes(line, path, is_near))
        }
    };
    files.iter().any(|file| is_kept_out(file) || is_made(file))
}

/// Whether a word is a path: the name alone where the commands are near, otherwise with a directory of it.
fn leads(word: &str, path: &str, is_near: bool) -> bool {
    let word = word.trim_matches(['"', '\'', ')', ';']);
    if last(word) != last(path) {
        return false;
    }
    let known = word.rsplit(['$', '}', ')']).next().unwrap_or(word);
    let known = known.split_once('/').filter(|_| known != word).map_or(known, |(_, known)| known);
    let known = joined("", known.trim_start_matches("../"));
    is_near || known.contains('/') && (path == known || path.ends_with(&format!("/{known}")))
}

/// Whether a command of a line writes a file: `cat > all.yaml`, `helm template x | tee base/all.yaml`, `curl -o all.yaml URL`.
fn writes(line: &str, path: &str, is_near: bool) -> bool {
    if !line.contains(last(path)) {
        return false;
    }
    let leads = |word: &str| leads(word, path, is_near);
    let mut behind = line.split('>').skip(1).map(str::trim_start);
    if behind.any(|text| text.split_whitespace().next().is_some_and(leads)) {
        return true;
    }
    commands::words(line).any(|words| {
        let is_called = |names: &[&str]| words.iter().any(|word| names.contains(&last(word)));
        let mut pairs = words.windows(2);
        let is_output = |flag: &str| matches!(flag, "-o" | "-O" | "--output" | "--out");
        let is_copied = is_called(&["cp", "mv", "install", "ln", "touch"])
            && words.last().is_some_and(|word| leads(word));
        let is_given = is_called(&["tee"]) && words.iter().any(|word| leads(word));
        is_copied
            || is_given
            || pairs.any(|two| is_output(two[0]) && leads(two[1]))
            || words.iter().any(|word| {
                word.split_once('=').is_some_and(|(flag, value)| is_output(flag) && leads(value))
            })
    })
}

/// What a line of a Makefile says how to make.
fn goals(line: &str) -> impl Iterator<Item = &str> {
    let goals = line.split_once(':').filter(|_| !line.starts_with(['\t', ' ', '#', '.']));
    goals.into_iter().flat_map(|(goals, _)| goals.split_whitespace())
}

/// Whether a line of `.gitignore` names a file: by its name, its path, or the end of its name behind `*`.
fn names(line: &str, path: &str) -> bool {
    let line = line.trim().trim_start_matches("**/");
    match line.strip_prefix('*') {
        Some(end) => !end.is_empty() && !end.contains(['*', '/']) && last(path).ends_with(end),
        None if line.contains('/') => joined("", line) == path || path.ends_with(line),
        None => line == last(path),
    }
}

#[cfg(test)]
mod tests {
    use super::{goals, is, names, writes};
    use crate::source::{File, Input};

    #[test]
    fn lines_that_write_a_file() {
        #[track_caller]
        fn check(line: &str, expected: bool) {
            assert_eq!(writes(line, "base/all.yaml", true), expected, "{line}");
        }
        check("cat > all.yaml", true);
        check("cat <&0 >\"$here/all.yaml\"", true);
        check("helm template words . | tee base/all.yaml", true);
        check("kubectl kustomize . >> all.yaml && exit", true);
        check("curl -sfLo x -o all.yaml https://example.com", true);
        check("wget --output=base/all.yaml https://example.com", true);
        check("cp ../x.yaml all.yaml", true);
        check("cp all.yaml ../x.yaml", false);
        check("kubectl apply -f all.yaml > log", false);
        check("cat > all.yaml.old", false);
    }

    #[test]
    fn files_that_are_made_or_kept_out() {
        #[track_caller]
        fn check(name: &str, text: &str, expected: bool) {
            let file = File::new(&Input { name: name.to_owned(), text: text.to_owned() });
            assert_eq!(is(&[file], "k8s/base/all.yaml"), expected, "{name}: {text}");
        }
        check("up.sh", "cat > all.yaml\n", true);
        check("up.sh", "# cat > all.yaml\n", false);
        check("k8s/overlay/up.sh", "cat > all.yaml\n", false);
        check("ci/up.sh", "cat > ../k8s/base/all.yaml\n", true);
        check("ci/up.sh", "cat > \"$ROOT/k8s/base/all.yaml\"\n", true);
        check("ci/up.sh", "cat > ../k8s/other/all.yaml\n", false);
        check("Makefile", "k8s/base/all.yaml: values.yaml\n\tmake-it $@\n", true);
        check("Makefile", "up: k8s/base/all.yaml\n\tkubectl apply -k k8s/base\n", false);
        check(".github/workflows/go.yml", "a:\n- run: sops -d a > k8s/base/all.yaml\n", true);
        check(".gitignore", "/target\nall.yaml\n", true);
        check(".gitignore", "all.yml\n", false);
        check("ci/.gitignore", "all.yaml\n", false);
    }

    #[test]
    fn lines_of_lists() {
        assert!(names("*.env", "a/s3.env") && names("a/s3.env", "a/s3.env"));
        assert!(!names("*", "a/s3.env") && !names("s3", "a/s3.env"));
        assert_eq!(goals("a b: c").collect::<Vec<_>>(), ["a", "b"]);
        assert_eq!(goals("\techo a: b").count(), 0);
    }
}
