//! Paths as files are named here: with `/` between their parts, from where the command runs or from the root.

/// The directory of a file, `""` where its name has none.
pub(super) fn directory(name: &str) -> &str {
    name.rsplit_once('/').map_or("", |(directory, _)| directory)
}

/// A directory as an argument of a command.
pub(super) fn here(directory: &str) -> &str {
    if directory.is_empty() { "." } else { directory }
}

/// The last part of a path.
pub(super) fn last(path: &str) -> &str {
    path.rsplit('/').next().unwrap_or(path)
}

/// A path from a directory on.
pub(super) fn joined(directory: &str, path: &str) -> String {
    let mut parts: Vec<&str> = directory.split('/').filter(|part| !part.is_empty()).collect();
    for part in path.split('/') {
        match part {
            "" | "." => {}
            ".." if parts.last().is_some_and(|last| *last != "..") => {
                parts.pop();
            }
            part => parts.push(part),
        }
    }
    let start = if directory.starts_with('/') { "/" } else { "" };
    format!("{start}{}", parts.join("/"))
}

/// A path that a file names, from its own directory on unless it begins at the root.
pub(super) fn beside(name: &str, path: &str) -> String {
    if path.starts_with('/') {
        return path.to_owned();
    }
    let joined = joined(directory(name), path);
    // A file of the root directory.
    if name.starts_with('/') && !joined.starts_with('/') { format!("/{joined}") } else { joined }
}

/// A directory and all above it, from the nearest on.
pub(super) fn above(directory: &str) -> impl Iterator<Item = &str> {
    let ends = directory.rmatch_indices('/').map(|(at, _)| at);
    let root = (!directory.is_empty()).then_some(0);
    let ends = std::iter::once(directory.len()).chain(ends).chain(root);
    ends.map(|end| &directory[..end])
}

/// Whether a directory is above another one, or the same.
pub(super) fn is_above(directory: &str, below: &str) -> bool {
    directory.is_empty()
        || below
            .strip_prefix(directory)
            .is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_beside_a_file() {
        #[track_caller]
        fn check(name: &str, path: &str, expected: &str) {
            assert_eq!(beside(name, path), expected);
        }
        check("compose.yaml", "./conf/a", "conf/a");
        check("deploy/compose.yaml", "../conf", "conf");
        check("deploy/compose.yaml", "../conf/./a", "conf/a");
        check("../deploy/compose.yaml", "../../x", "../../x");
        check("/srv/compose.yaml", "conf", "/srv/conf");
        check("/compose.yaml", "conf", "/conf");
        check("a/compose.yaml", "/etc/x", "/etc/x");
        check("compose.yaml", "..", "..");
        check("compose.yaml", ".", "");
    }

    #[test]
    fn directories_above() {
        #[track_caller]
        fn check(directory: &str, expected: &[&str]) {
            assert_eq!(above(directory).collect::<Vec<_>>(), expected);
        }
        check("a/b", &["a/b", "a", ""]);
        check("a", &["a", ""]);
        check("", &[""]);
        check("/a/b", &["/a/b", "/a", "", ""]);
    }
}
