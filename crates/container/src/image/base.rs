//! What is in the image that ours begins with.

use std::collections::BTreeMap;

use crate::image::ImageUser;

/// The layers of a base, seen as one tree, and its configuration.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Base {
    /// By path without the leading slash; what an upper layer removed is gone.
    pub nodes: BTreeMap<String, BaseNode>,
    /// `/etc/passwd`.
    pub passwd: Option<String>,
    /// `/etc/group`.
    pub group: Option<String>,
    /// `config.Env`.
    pub environment: Vec<(String, String)>,
    /// `config.Labels`.
    pub labels: BTreeMap<String, String>,
    /// `rootfs.diff_ids`, lowest first.
    pub diff_ids: Vec<String>,
    /// `history` of its configuration, as it is there.
    pub history: Vec<serde_json::Value>,
    /// As the user named it, and its digest where it has one.
    pub name: String,
    /// Digest of its manifest, of a base that has one.
    pub digest: Option<String>,
}

/// One path of a base.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum BaseNode {
    /// A directory with its owner and permissions.
    Directory(ImageUser, u32),
    /// A symbolic link.
    Link(String),
    /// Anything else.
    File,
}

/// How many links may stand behind each other: what Linux allows (`path_resolution(7)`).
const LINKS: usize = 40;

/// Takes in one entry of a layer, the way a container runtime does: `.wh.x` removes `x`, `.wh..wh..opq` all
/// that lower layers have in its directory (OCI image specification, "Whiteouts").
pub fn lay_over(nodes: &mut BTreeMap<String, BaseNode>, path: &str, node: BaseNode) {
    let (parent, name) = path.rsplit_once('/').unwrap_or(("", path));
    let below = |name: &str| match parent {
        "" => name.to_owned(),
        _ => format!("{parent}/{name}"),
    };
    if name == ".wh..wh..opq" {
        remove_below(nodes, parent);
    } else if let Some(removed) = name.strip_prefix(".wh.") {
        let removed = below(removed);
        remove_below(nodes, &removed);
        nodes.remove(&removed);
    } else {
        if !matches!(node, BaseNode::Directory(..)) {
            remove_below(nodes, path);
        }
        nodes.insert(path.to_owned(), node);
    }
}

fn remove_below(nodes: &mut BTreeMap<String, BaseNode>, path: &str) {
    let prefix = if path.is_empty() { String::new() } else { format!("{path}/") };
    nodes.retain(|name, _| !name.starts_with(&prefix));
}

/// Where a path really is, once the links among its parents are followed; the last part is not followed.
/// Without leading slash on both sides. A circle of links ends where it is noticed.
pub(super) fn resolve(nodes: &BTreeMap<String, BaseNode>, path: &str) -> String {
    let mut left: Vec<String> = path.split('/').rev().map(str::to_owned).collect();
    let mut done: Vec<String> = Vec::new();
    let mut links = 0;
    while let Some(part) = left.pop() {
        match part.as_str() {
            "" | "." => continue,
            ".." => {
                done.pop();
                continue;
            }
            _ => done.push(part),
        }
        if left.is_empty() {
            break;
        }
        if let Some(BaseNode::Link(target)) = nodes.get(&done.join("/"))
            && links < LINKS
        {
            links += 1;
            done.pop();
            if target.starts_with('/') {
                done.clear();
            }
            left.extend(target.split('/').rev().map(str::to_owned));
        }
    }
    done.join("/")
}

impl Base {
    /// A variable of its configuration.
    pub fn variable(&self, name: &str) -> Option<&str> {
        let found = self.environment.iter().rev().find(|(key, _)| key == name);
        found.map(|(_, value)| value.as_str())
    }

    /// Whether there is something at an absolute path, links followed.
    pub fn has(&self, path: &str) -> bool {
        let mut path = resolve(&self.nodes, path.trim_start_matches('/'));
        for _ in 0..LINKS {
            match self.nodes.get(&path) {
                Some(BaseNode::Link(target)) => {
                    let from = path.rsplit_once('/').map_or("", |(parent, _)| parent);
                    let target = match target.strip_prefix('/') {
                        Some(absolute) => absolute.to_owned(),
                        None => format!("{from}/{target}"),
                    };
                    // The slash makes the last part a parent too.
                    path = resolve(&self.nodes, &target);
                }
                other => return other.is_some(),
            }
        }
        false
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn nodes(all: &[(&str, Option<&str>)]) -> BTreeMap<String, BaseNode> {
        let mut nodes = BTreeMap::new();
        for (path, link) in all {
            let node = link.map_or(BaseNode::File, |target| BaseNode::Link(target.to_owned()));
            lay_over(&mut nodes, path, node);
        }
        nodes
    }

    #[test]
    fn links_among_the_parents_are_followed() {
        #[track_caller]
        fn check(path: &str, expected: &str) {
            let nodes = nodes(&[
                ("bin", Some("usr/bin")),
                ("usr/lib/jvm/default", Some("../../../opt/java")),
                ("opt/java", Some("/srv/java-17")),
                ("a", Some("b")),
                ("b", Some("a")),
            ]);
            assert_eq!(resolve(&nodes, path), expected);
        }
        check("bin/bash", "usr/bin/bash");
        check("bin", "bin");
        check("usr/lib/jvm/default/bin/java", "srv/java-17/bin/java");
        check("etc/passwd", "etc/passwd");
        check("a/x", "a/x");
    }

    #[test]
    fn whiteouts_remove() {
        let all = nodes(&[
            ("etc/a", None),
            ("etc/b/c", None),
            ("opt/x", None),
            ("etc/.wh.b", None),
            ("opt/.wh..wh..opq", None),
        ]);
        assert_eq!(all.keys().collect::<Vec<_>>(), ["etc/a"]);
    }

    #[test]
    fn presence_follows_the_last_link_too() {
        let base = Base {
            nodes: nodes(&[
                ("usr/bin/java", Some("/etc/alternatives/java")),
                ("etc/alternatives/java", Some("../../opt/java/bin/java")),
                ("opt/java/bin/java", None),
                ("dangling", Some("nowhere")),
            ]),
            ..Base::default()
        };
        assert!(base.has("/usr/bin/java"));
        assert!(!base.has("/dangling"));
        assert!(!base.has("/usr/bin/jvm"));
    }
}
