//! Files that a Compose file includes, and what it says itself of their services.

use std::collections::{BTreeMap, BTreeSet};

use super::{Project, put_together};
use crate::compose::{Refusal, merge};
use crate::generated;
use crate::node::{Walk, key_place};
use crate::path::{beside, last};
use crate::variables::Variables;
use nutkin_flink::yaml::{Key, Node, NodeKind};

/// What is included once more includes others at most this often: far beyond any, and an end for those in a circle.
const DEEPEST: usize = 8;

/// How many files a project includes at most, each as often as it is named: an end for files that all include each other.
const MOST: usize = 256;

/// The included files above one, and how many there have been.
#[derive(Debug, Default)]
struct Chain {
    files: Vec<usize>,
    count: usize,
}

impl Chain {
    /// Whether to look at a further file, which is then the last of the chain.
    fn enter(&mut self, file: usize) -> bool {
        self.count += 1;
        let is_new = !self.files.contains(&file);
        let enters = is_new && self.files.len() <= DEEPEST && self.count <= MOST;
        if enters {
            self.files.push(file);
        }
        enters
    }
}

impl Project<'_, '_> {
    /// A service on top of what included files say of one of its name: Compose up to 2.21 with an override beside, and from 5 on
    /// (`include.go` of compose-go 2.10). Those between refuse it.
    pub(super) fn over_included(&mut self, key: &Key, service: &Node) -> Node {
        let includes = self.document.items_of("include").to_vec();
        let chain = &mut Chain::default();
        let below = self.of_included(self.name, &includes, &key.name, chain);
        if let Some(below) = &below {
            self.told_twice(key, service, below, &includes);
        }
        below.map_or_else(|| service.clone(), |below| merge::service(&below, service))
    }

    /// A service that is there twice and differs: Compose 2 refuses it, unless `compose.override.yaml` is what says more
    /// (`importResources` of compose-go, with a merge from 2.10 on, which is in Compose 5).
    fn told_twice(&mut self, key: &Key, service: &Node, below: &Node, includes: &[Node]) {
        let has_it = |document: &Node| {
            document.get("services").is_some_and(|all| all.get(&key.name).is_some())
        };
        let (differ, top) = if service.entries().is_empty() {
            let mut all = Vec::new();
            for one in includes {
                let chain = &mut Chain::default();
                let one = std::slice::from_ref(one);
                all.extend(self.of_included(self.name, one, &key.name, chain));
            }
            let differ = all.windows(2).any(|two| two[0].to_json() != two[1].to_json());
            (differ, "the included file that is named first")
        } else {
            let is_own =
                self.files.compose(self.name).is_some_and(|(_, document)| has_it(document));
            (is_own && below.to_json() != service.to_json(), "this file")
        };
        if differ {
            let name = &key.name;
            let message = format!(
                "two files of the project have the service `{name}`, and differ: Docker Compose 2 refuses that (`services.{name} conflicts with \
                 imported resource`); from 5 on {top} counts more"
            );
            self.out.doubles.push((key_place(key, self.file), message));
        }
    }

    /// What included files say of a service, on all levels: a file counts more than what it includes, and of
    /// several that one includes the first.
    fn of_included(
        &mut self,
        name: &str,
        includes: &[Node],
        service: &str,
        chain: &mut Chain,
    ) -> Option<Node> {
        let mut whole: Option<Node> = None;
        for one in includes {
            // Of one entry each file lies on top of the one before it.
            let mut entry: Option<Node> = None;
            for asked in included(one) {
                let path = beside(name, asked);
                let Some((index, document)) = self.files.compose(&path) else { continue };
                if path == self.name || !chain.enter(index) {
                    continue;
                }
                let below = self.of_included(&path, document.items_of("include"), service, chain);
                let from = based(one, asked);
                chain.files.pop();
                for said in below.into_iter().chain(self.said(index, document, service)) {
                    entry = Some(over(entry, merge::rebased(&said, &from)));
                }
            }
            whole = match (entry, whole) {
                (Some(entry), Some(whole)) => Some(merge::service(&entry, &whole)),
                (entry, whole) => whole.or(entry),
            };
        }
        whole
    }

    /// What one file says of a service, with what that extends.
    fn said(&mut self, index: usize, document: &Node, service: &str) -> Option<Node> {
        let (key, found) = document.get("services")?.entry(service)?;
        let found = self.of_file(index, &merge::untagged(found));
        let name = &self.files.all[index].name;
        let mut found = self.extended(name, key, &found, &mut vec![service.to_owned()]);
        if let NodeKind::Map(entries) = &mut found.kind {
            entries.retain(|(field, _)| field.name != "extends");
        }
        Some(found)
    }

    /// Services that several included files have and this one does not, each with its place and nothing said of it. One file that is
    /// included twice has them once.
    pub(super) fn of_several_includes(&mut self) -> Vec<(Key, Node)> {
        let mut found: BTreeMap<String, Vec<BTreeSet<usize>>> = BTreeMap::new();
        for one in self.document.items_of("include") {
            let mut own = BTreeMap::new();
            self.names(self.name, one, &mut Chain::default(), &mut own);
            for (name, files) in own {
                found.entry(name).or_default().push(files);
            }
        }
        let several = |files: &Vec<BTreeSet<usize>>| files.windows(2).any(|two| two[0] != two[1]);
        found.retain(|_, files| several(files));
        let mut services = Vec::new();
        for (name, files) in found {
            let Some(index) = files.first().and_then(BTreeSet::first).copied() else { continue };
            let Some((_, document)) = self.files.compose(&self.files.all[index].name) else {
                continue;
            };
            let Some((key, node)) = document.get("services").and_then(|all| all.entry(&name))
            else {
                continue;
            };
            let above = self.paper.add(index, &self.files.all[index]);
            let key = Key { line: key.line.saturating_add(above), ..key.clone() };
            let at = Node { line: key.line, kind: NodeKind::Map(Vec::new()), ..node.clone() };
            services.push((key, at));
        }
        services
    }

    /// The names of all services of an entry of `include`, each with the files that have it.
    fn names(
        &self,
        name: &str,
        entry: &Node,
        chain: &mut Chain,
        into: &mut BTreeMap<String, BTreeSet<usize>>,
    ) {
        for path in included(entry).into_iter().map(|asked| beside(name, asked)) {
            let Some((index, document)) = self.files.compose(&path) else { continue };
            if path == self.name || !chain.enter(index) {
                continue;
            }
            for (key, _) in document.get("services").map_or(&[][..], Walk::entries) {
                into.entry(key.name.clone()).or_default().insert(index);
            }
            for one in document.items_of("include") {
                self.names(&path, one, chain, into);
            }
            chain.files.pop();
        }
    }

    /// The variables of an included file, whose paths count from `base`: those of the files that the entry names, of which a
    /// later one counts more, otherwise of the `.env` there (`include.go` of compose-go 2.10).
    fn variables_of(&mut self, one: &Node, base: &str) -> Variables {
        let listed = one.items_of("env_file").iter().filter_map(Walk::text);
        let named: Vec<&str> = one.text_of("env_file").into_iter().chain(listed).collect();
        let paths: Vec<(Option<&str>, String)> = if named.is_empty() {
            vec![(None, beside(base, ".env"))]
        } else {
            named.iter().map(|written| (Some(*written), beside(&self.base, written))).collect()
        };
        let mut variables = Variables::new();
        for (written, path) in paths {
            let (file, found) = self.files.variables(&path);
            variables.extend(found);
            self.out.used.extend(file);
            if written.is_some_and(|written| self.lacks_variables(written, &path)) {
                let message =
                    format!("`{path}` is an `env_file` of an include, and there is no such file");
                self.out.refusals.push(Refusal::new(one.place(self.file), message));
            }
            self.out.wanted.insert(path);
        }
        variables
    }

    /// The services of included files, which are those of the project with paths and variables of their own (Compose
    /// Specification, "Include").
    pub(super) fn include(&mut self, chain: &[usize]) {
        for one in self.document.items_of("include").to_vec() {
            let paths: Vec<String> =
                included(&one).into_iter().map(|path| beside(&self.base, path)).collect();
            self.out.wanted.extend(paths.iter().cloned());
            let is_placed = self.is_placed();
            let is_here = |path: &&String| is_placed && !path.contains([':', '@', '$']);
            let is_lost =
                |path: &&String| !self.files.has(path) && !generated::is(self.files.all, path);
            for path in paths.iter().filter(is_here).filter(is_lost) {
                let message = format!("`{path}` is included, but there is no such file");
                self.out.refusals.push(Refusal::new(one.place(self.file), message));
            }
            self.out.included += 1;
            let is_near = chain.len() <= DEEPEST && self.out.included <= MOST;
            let mut found = paths.iter().filter_map(|path| self.files.compose(path));
            let Some((file, document)) = found.next().filter(|_| is_near) else { continue };
            if chain.contains(&file) {
                let message = format!(
                    "`{}` includes itself, by way of others or not",
                    self.files.all[file].name
                );
                self.out.refusals.push(Refusal::new(one.place(self.file), message));
                continue;
            }
            let above: Vec<(usize, &Node)> = found.collect();
            let mut used: Vec<usize> = above.iter().map(|(index, _)| *index).collect();
            used.push(file);
            let name = self.files.all[file].name.as_str();
            let base = beside(&self.base, &based(&one, included(&one).first().unwrap_or(&"")));
            // What the including project sets counts more.
            let mut variables = self.variables_of(&one, &base);
            variables.extend(self.variables.clone());
            self.out.used.extend(used);
            let (place, paper, document) =
                put_together(self.files, file, document, &above, self.out);
            let mut included = Project {
                files: self.files,
                file: place,
                paper,
                name,
                base,
                main: self.main,
                title: self.title.clone(),
                document,
                variables,
                has_siblings: true,
                missing: Vec::new(),
                out: self.out,
            };
            included.services();
            included.include(&[chain, &[file]].concat());
            included.write(file);
        }
    }
}

/// A path in the directory from which the paths of an included file count: its own, or the one that the entry names
/// (`include.go` of compose-go 2.10).
fn based(one: &Node, path: &str) -> String {
    match one.text_of("project_directory") {
        Some(directory) => format!("{directory}/{}", last(path)),
        None => path.to_owned(),
    }
}

/// The paths of an entry of `include`.
fn included(one: &Node) -> Vec<&str> {
    let listed = one.get("path").map_or(&[][..], Walk::items);
    let own = one.text().or_else(|| one.text_of("path"));
    own.into_iter().chain(listed.iter().filter_map(Walk::text)).collect()
}

/// A node on top of another, if there is one.
fn over(below: Option<Node>, node: Node) -> Node {
    match below {
        Some(below) => merge::service(&below, &node),
        None => node,
    }
}
