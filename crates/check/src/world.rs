//! Everything that was read, before anybody asks what belongs together.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};

use super::bindings::Bindings;
use super::compose;
use super::dockerfile::{self, Dockerfile};
use super::embedded::{self, Embedded, Origin};
use super::finding::Place;
use super::hosts::{self, Hosts};
use super::kubernetes::{self, Object, Workload};
use super::kustomize::{self, Applied};
use super::made::Made;
use super::names::Names;
use super::node::Walk;
use super::owned;
use super::script::{self, Script};
use super::secrets;
use super::selectors::Selectors;
use super::service::{Build, Service};
use super::source::{File, FileKind, is_json};
use nutkin_flink::Problem;
use nutkin_flink::yaml::Node;

/// Everything that was read, file by file.
pub(super) struct World {
    pub(super) files: Vec<File>,
    pub(super) objects: Vec<Object>,
    pub(super) texts: Vec<Embedded>,
    pub(super) names: Names,
    /// Texts by what they come from: a file is 0, the rest by the index of the object.
    pub(super) texts_of: BTreeMap<Origin, Vec<usize>>,
    /// Texts that are whole files, by the name of the file.
    pub(super) texts_in: BTreeMap<String, Vec<usize>>,
    pub(super) selectors: Selectors,
    pub(super) bindings: Bindings,
    pub(super) dockerfiles: Vec<Dockerfile>,
    /// Indices of the services of each Compose file.
    pub(super) services_of: BTreeMap<String, Vec<usize>>,
    /// Services that build an image, by the Compose file and the name of the image: the first of each.
    pub(super) builders: BTreeMap<(String, String), usize>,
    pub(super) scripts: Vec<Script>,
    pub(super) hosts: Vec<Hosts>,
    /// What commands beside the files make.
    pub(super) made: Made,
    /// YAML that could not be read.
    pub(super) broken: Vec<(Place, Problem)>,
    /// What Docker Compose says to Compose files.
    pub(super) refusals: Vec<compose::Refusal>,
    /// Services that Compose files and those that they include both have, and say differently.
    pub(super) doubles: Vec<(Place, String)>,
    /// What kustomizations apply, and what of it is not known.
    pub(super) applied: Applied,
    /// Indices of files that Compose files and kustomizations name.
    pub(super) used: BTreeSet<usize>,
    /// Paths that they name.
    pub(super) wanted: BTreeSet<String>,
    /// Compose files that are read only with a further `-f`, each with the one below it.
    pub(super) overlays: Vec<(usize, String)>,
    /// Indices of Compose files of format 1.
    pub(super) of_format_one: BTreeSet<usize>,
    /// Whether the objects are for OpenShift, which gives every pod a user that is not root.
    pub(super) is_open_shift: bool,
}

/// What only looks like a blank in YAML: it has a code of its own, and must not hide the rest.
const LIKE_BLANKS: [char; 2] = ['\u{a0}', '\u{3000}'];

/// The text of a file of objects as it can be read, and what is read: with blanks for what looks like one at the beginnings of
/// lines, and everywhere where it cannot be read otherwise. In texts such a character is a part of them.
fn readable(file: &File) -> (Cow<'_, str>, (Vec<Node>, Vec<Problem>)) {
    let read = |text: &str| nutkin_flink::yaml::forgiving(text, &file.name);
    if !file.text.contains(LIKE_BLANKS) {
        return (Cow::Borrowed(&file.text), read(&file.text));
    }
    let with_blanks = |line: &str| {
        let end = line.find(|c: char| !c.is_whitespace()).unwrap_or(line.len());
        line[..end].replace(LIKE_BLANKS, " ") + &line[end..]
    };
    let text: String = file.text.split_inclusive('\n').map(with_blanks).collect();
    let (documents, problems) = read(&text);
    if problems.is_empty() {
        return (Cow::Owned(text), (documents, problems));
    }
    let text = file.text.replace(LIKE_BLANKS, " ");
    let found = read(&text);
    (Cow::Owned(text), found)
}

impl World {
    /// Reads all files.
    pub(super) fn read(mut files: Vec<File>) -> Self {
        let unreadable = files.iter().filter(|file| file.is_unreadable());
        let unreadable: BTreeSet<String> = unreadable.map(|file| file.name.clone()).collect();
        files.retain(|file| !file.is_unreadable());
        let kustomizations = kustomize::read(&mut files);
        let commands = Made::of(&files);
        let mut objects = Vec::new();
        let mut composed = Vec::new();
        let mut broken = Vec::new();
        let mut of_format_one = BTreeSet::new();
        let (mut dockerfiles, mut scripts, mut hosts) = (Vec::new(), Vec::new(), Vec::new());
        for (index, file) in files.iter().enumerate() {
            match file.kind {
                Some(FileKind::Objects) => {
                    let (text, (documents, problems)) = readable(file);
                    // Other people's YAML, such as a workflow, does not concern us.
                    let is_ours =
                        file.text.contains("apiVersion:") || compose::looks_like_one(&file.text);
                    let is_ours = is_ours || is_json(&file.name);
                    for problem in problems.into_iter().filter(|_| is_ours) {
                        let at = problem.location.as_ref();
                        let line = at.and_then(|at| at.line).unwrap_or(1).min(file.count());
                        let column = at.and_then(|at| at.column).unwrap_or(1);
                        broken.push((Place { file: index, line, column }, problem));
                    }
                    match &documents[..] {
                        [one] if compose::is_compose(one) => {
                            let tagged = |one| compose::with_tags(&text, &file.name, one);
                            composed.extend(documents.into_iter().map(|one| (index, tagged(one))));
                        }
                        [one] if compose::is_of_format_one(one, &file.name) => {
                            of_format_one.insert(index);
                        }
                        _ if kustomize::is_one(&file.name) => {}
                        _ => objects.extend(kubernetes::objects(index, documents)),
                    }
                }
                Some(FileKind::Dockerfile) => dockerfiles.push(dockerfile::read(index, file)),
                Some(FileKind::Script) => scripts.push(script::read(index, file)),
                Some(kind @ (FileKind::Masters | FileKind::Workers)) => {
                    hosts.push(hosts::read(index, file, kind));
                }
                _ => {}
            }
        }
        let applied = kustomize::apply(&kustomizations, &unreadable, &mut files, &mut objects);
        let projects = compose::take(&mut files, &unreadable, &composed, &mut objects);
        let made = owned::take(&mut objects);
        build(&mut dockerfiles, &files, &objects);
        for all in [&objects, &applied.written] {
            kubernetes::hide_secrets(&mut files, all);
            secrets::hide(&mut files, all);
        }
        let names = Names::of(&objects, &files);
        let is_open_shift = objects.iter().any(|object| {
            object.group().is_some_and(|group| group.ends_with("openshift.io"))
                || matches!(object.kind.as_str(), "DeploymentConfig" | "Route")
        });
        let mut texts = embedded::collect(&files, &objects, &names, &applied.used);
        let mounted = embedded::mounted(&files, &objects, &projects.contents, &texts);
        texts.extend(mounted);
        let mut texts_of: BTreeMap<Origin, Vec<usize>> = BTreeMap::new();
        let mut texts_in: BTreeMap<String, Vec<usize>> = BTreeMap::new();
        for (index, text) in texts.iter().enumerate() {
            match text.origin {
                Origin::File => {
                    let file = files[text.start().file].name.clone();
                    texts_in.entry(file).or_default().push(index);
                }
                origin => texts_of.entry(origin).or_default().push(index),
            }
        }
        let (selectors, bindings) = (Selectors::of(&objects), Bindings::of(&objects));
        let builders = builders(&objects);
        let mut services_of: BTreeMap<String, Vec<usize>> = BTreeMap::new();
        for (index, object) in objects.iter().enumerate() {
            if let Some(service) = &object.compose {
                services_of.entry(service.project.clone()).or_default().push(index);
            }
        }
        Self {
            files,
            objects,
            texts,
            names,
            texts_of,
            texts_in,
            selectors,
            bindings,
            dockerfiles,
            services_of,
            builders,
            scripts,
            hosts,
            made: commands,
            broken,
            refusals: projects.refusals,
            doubles: projects.doubles,
            overlays: projects.overlays,
            of_format_one,
            is_open_shift,
            used: projects
                .used
                .into_iter()
                .chain(applied.used.iter().copied())
                .chain(made)
                .collect(),
            wanted: projects.wanted.into_iter().chain(applied.wanted.iter().cloned()).collect(),
            applied,
        }
    }

    /// The files that somebody wrote.
    pub(super) fn own_files(&self) -> impl Iterator<Item = (usize, &File)> {
        self.files.iter().enumerate().filter(|(_, file)| !file.is_composed())
    }

    /// The texts of overlays.
    pub(super) fn overlays(&self) -> impl Iterator<Item = &File> {
        self.files.iter().filter(|file| file.is_composed() && file.kind.is_some())
    }

    /// The objects as somebody wrote them: kustomizations apply others.
    pub(super) fn written(&self) -> impl Iterator<Item = &Object> {
        let loose = self.objects.iter().filter(|object| object.overlay.is_none());
        self.applied.written.iter().chain(loose)
    }

    /// Which one an object of it is.
    pub(super) fn index(&self, object: &Object) -> Option<usize> {
        self.objects.element_offset(object)
    }

    /// The object of a kind and a name that another one of the same namespace means: the nearest, if there are several.
    pub(super) fn named(&self, kind: &str, name: &str, from: &Object) -> Option<&Object> {
        self.index_of(kind, name, from).map(|index| &self.objects[index])
    }

    /// Its index.
    pub(super) fn index_of(&self, kind: &str, name: &str, from: &Object) -> Option<usize> {
        self.names.nearest(&self.objects, &self.files, (kind, name), from)
    }

    /// The value of a container's variable and its place: written there, or in a ConfigMap of the files. `Err` is
    /// the place of a variable whose value is not in the files; `None`: the files do not set it.
    pub(super) fn variable<'a>(
        &'a self,
        workload: &Workload<'a>,
        name: &str,
    ) -> Option<Result<(&'a str, Place), Place>> {
        let in_map = |map: &str, key: &str| {
            let map = self.named("ConfigMap", map, workload.object)?;
            let (_, value) = map.node.get("data")?.entry(key)?;
            Some((value.text()?, value.place(map.file)))
        };
        if let Some((entry, value)) = workload.variable(name) {
            let place = entry.place(workload.file());
            let of_map = || {
                let reference = entry.at("valueFrom/configMapKeyRef")?;
                in_map(reference.text_of("name")?, reference.text_of("key")?)
            };
            let found = value.map(|value| (value, place)).or_else(of_map);
            return Some(found.ok_or(place));
        }
        let all = workload.container.items_of("envFrom").iter().rev();
        let mut found = all.filter_map(|from| {
            let key = name.strip_prefix(from.text_of("prefix").unwrap_or_default())?;
            if let Some(secret) = from.at("secretRef/name").and_then(Walk::text) {
                let secret = self.named("Secret", secret, workload.object)?;
                let has =
                    |data: &str| secret.node.get(data).is_some_and(|data| data.get(key).is_some());
                let is_there = has("data") || has("stringData");
                return is_there.then(|| Err(from.place(workload.file())));
            }
            in_map(from.at("configMapRef/name")?.text()?, key).map(Ok)
        });
        found.next()
    }

    /// Objects of a kind.
    pub(super) fn of_kind(&self, kind: &str) -> impl Iterator<Item = &Object> + use<'_> {
        self.names.of_kind(kind).iter().map(|index| &self.objects[*index])
    }

    /// The services of a Compose file.
    pub(super) fn services_of(&self, project: &str) -> impl Iterator<Item = (&Object, &Service)> {
        let indices = self.services_of.get(project).map_or(&[][..], Vec::as_slice);
        let objects = indices.iter().map(|index| &self.objects[*index]);
        objects.filter_map(|object| Some((object, object.compose.as_deref()?)))
    }

    /// Objects of a kind and a name.
    pub(super) fn all_named(
        &self,
        kind: &str,
        name: &str,
    ) -> impl Iterator<Item = &Object> + use<'_> {
        self.names.all(kind, name).iter().map(|index| &self.objects[*index])
    }
}

/// Services that build an image, by the Compose file and the name of the image.
fn builders(objects: &[Object]) -> BTreeMap<(String, String), usize> {
    let mut found = BTreeMap::new();
    for (index, object) in objects.iter().enumerate() {
        let service = object.compose.as_ref().filter(|service| service.build.is_some());
        let containers = object.node.at("spec/template/spec/containers").map(Walk::items);
        let image = containers.and_then(<[_]>::first).and_then(|one| one.text_of("image"));
        if let Some((service, image)) = service.zip(image) {
            found.entry((service.project.clone(), image.to_owned())).or_insert(index);
        }
    }
    found
}

/// Reads Dockerfiles again as Compose files build them: with values of their arguments, up to a stage.
fn build(dockerfiles: &mut [Dockerfile], files: &[File], objects: &[Object]) {
    if dockerfiles.is_empty() {
        return;
    }
    let services = objects.iter().filter_map(|object| object.compose.as_ref());
    let mut builds: BTreeMap<&str, &Build> = BTreeMap::new();
    for one in services.filter_map(|service| service.build.as_ref()) {
        builds.entry(one.dockerfile.as_str()).or_insert(one);
    }
    for dockerfile in dockerfiles {
        let file = &files[dockerfile.file];
        if let Some(one) = builds.get(file.name.as_str()) {
            *dockerfile =
                dockerfile::build(dockerfile.file, file, &one.args, one.target.as_deref());
        }
    }
}
