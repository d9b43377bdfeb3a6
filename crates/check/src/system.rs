//! Which files form one session: workloads that mount one configuration, and what lies beside them.

use std::collections::{BTreeMap, BTreeSet};

use super::dockerfile::{self, Dockerfile};
use super::embedded::{self, Embedded, Origin};
use super::finding::Place;
use super::hosts::{self, Hosts};
use super::image;
use super::kubernetes::{self, Object, Workload, is_flink_image};
use super::node::Walk;
use super::script::{self, Script};
use super::secrets;
use super::selectors::Selectors;
use super::settings::{self, Settings};
use super::source::{File, FileKind};
use nutkin_flink::FlinkVersion;
use nutkin_flink::Problem;

/// Everything that was read, file by file.
pub(super) struct World {
    pub(super) files: Vec<File>,
    pub(super) objects: Vec<Object>,
    pub(super) texts: Vec<Embedded>,
    selectors: Selectors,
    pub(super) dockerfiles: Vec<Dockerfile>,
    pub(super) scripts: Vec<Script>,
    pub(super) hosts: Vec<Hosts>,
    /// YAML that could not be read.
    pub(super) broken: Vec<(Place, Problem)>,
}

impl World {
    /// Reads all files.
    pub(super) fn read(mut files: Vec<File>) -> Self {
        let mut objects = Vec::new();
        let mut broken = Vec::new();
        let (mut dockerfiles, mut scripts, mut hosts) = (Vec::new(), Vec::new(), Vec::new());
        for (index, file) in files.iter().enumerate() {
            match file.kind {
                Some(FileKind::Objects) => {
                    // What only looks like a blank has a code of its own, and must not hide the rest.
                    let text = file.text.replace(['\u{a0}', '\u{3000}'], " ");
                    let (documents, problems) = nutkin_flink::yaml::forgiving(&text, &file.name);
                    // Other people's YAML, such as a workflow, does not concern us.
                    let is_ours = file.text.contains("apiVersion:");
                    for problem in problems.into_iter().filter(|_| is_ours) {
                        let at = problem.location.as_ref();
                        let line = at.and_then(|at| at.line).unwrap_or(1).min(file.count());
                        let column = at.and_then(|at| at.column).unwrap_or(1);
                        broken.push((Place { file: index, line, column }, problem));
                    }
                    objects.extend(kubernetes::objects(index, documents));
                }
                Some(FileKind::Dockerfile) => dockerfiles.push(dockerfile::read(index, file)),
                Some(FileKind::Script) => scripts.push(script::read(index, file)),
                Some(kind @ (FileKind::Masters | FileKind::Workers)) => {
                    hosts.push(hosts::read(index, file, kind));
                }
                _ => {}
            }
        }
        kubernetes::hide_secrets(&mut files, &objects);
        secrets::hide(&mut files, &objects);
        let texts = embedded::collect(&files, &objects);
        let selectors = Selectors::of(&objects);
        Self { files, objects, texts, selectors, dockerfiles, scripts, hosts, broken }
    }

    /// Objects of a kind.
    pub(super) fn of_kind<'a>(&'a self, kind: &'a str) -> impl Iterator<Item = &'a Object> {
        self.objects.iter().filter(move |object| object.kind == kind)
    }
}

/// One session, as far as the files describe it.
pub(super) struct System<'a> {
    pub(super) world: &'a World,
    /// How to call it.
    pub(super) title: String,
    pub(super) workloads: Vec<Workload<'a>>,
    /// Services that select some of its pods.
    pub(super) selecting: Vec<&'a Object>,
    pub(super) texts: Vec<&'a Embedded>,
    /// The `FlinkDeployment`, when it is a session file.
    pub(super) session: Option<&'a Object>,
    pub(super) dockerfiles: Vec<&'a Dockerfile>,
    pub(super) scripts: Vec<&'a Script>,
    pub(super) hosts: Vec<&'a Hosts>,
    pub(super) settings: Settings,
    /// Configuration files that Flink refuses.
    pub(super) refused: Vec<(Place, Problem)>,
    pub(super) version: Option<FlinkVersion>,
}

impl<'a> System<'a> {
    pub(super) fn job_managers(&self) -> impl Iterator<Item = &Workload<'a>> {
        self.workloads.iter().filter(|workload| workload.role.is_job_manager())
    }

    pub(super) fn task_managers(&self) -> impl Iterator<Item = &Workload<'a>> {
        self.workloads.iter().filter(|workload| workload.role.is_task_manager())
    }

    /// Whether anything of it runs on Kubernetes.
    pub(super) fn is_on_kubernetes(&self) -> bool {
        !self.workloads.is_empty() || self.session.is_some()
    }

    /// Services in reach of its pods.
    pub(super) fn services(&self) -> impl Iterator<Item = &'a Object> + use<'a, '_> {
        let near = |service: &&Object| {
            self.workloads.iter().any(|workload| workload.object.shares_namespace(service))
        };
        self.world.objects.iter().filter(|object| object.kind == "Service").filter(near)
    }

    /// Services that lead to its JobManagers.
    pub(super) fn services_of_job_managers(
        &self,
    ) -> impl Iterator<Item = &'a Object> + use<'a, '_> {
        self.selecting.iter().copied().filter(|service| {
            let selector = service.node.at("spec/selector").map_or(&[][..], Walk::entries);
            self.job_managers().any(|workload| workload.is_selected(selector))
        })
    }

    /// What high availability is asked for: `kubernetes`, `zookeeper`, a class name; `None` for none.
    pub(super) fn high_availability(&self) -> Option<(HighAvailability, &settings::Setting)> {
        let setting = self.settings.get("high-availability.type")?;
        let text = setting.text();
        let kind = match text.to_ascii_lowercase().as_str() {
            "none" | "" => return None,
            "kubernetes" => HighAvailability::Kubernetes,
            "zookeeper" => HighAvailability::ZooKeeper,
            _ if text.contains("KubernetesHaServicesFactory") => HighAvailability::Kubernetes,
            _ => HighAvailability::Other,
        };
        Some((kind, setting))
    }

    /// Images that its pods and Dockerfiles name.
    pub(super) fn images(&self) -> impl Iterator<Item = &str> {
        let of_session = self.session.and_then(|session| session.node.at("spec/image"));
        let of_pods = self.workloads.iter().filter_map(Workload::image);
        let named = of_pods.chain(of_session).filter_map(Walk::text);
        named.chain(self.dockerfiles.iter().filter_map(|d| d.from.as_ref().map(|f| f.0.as_str())))
    }

    /// Whether images or Dockerfiles name a Flink of which Nutkin does not know the rules: an older or a later one.
    pub(super) fn is_of_unknown_release(&self) -> bool {
        self.version.is_none()
            && (self.images().any(image::is_unknown)
                || self.dockerfiles.iter().any(|dockerfile| dockerfile.is_unknown))
    }

    /// The namespace of the pods, where the files name one.
    pub(super) fn namespace(&self) -> Option<&'a str> {
        self.workloads.iter().find_map(|workload| workload.object.namespace.as_deref())
    }
}

/// Kinds of high availability.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum HighAvailability {
    Kubernetes,
    ZooKeeper,
    Other,
}

/// Puts together what belongs together.
pub(super) fn group(world: &World, flink: Option<FlinkVersion>) -> Vec<System<'_>> {
    let workloads: Vec<Workload<'_>> = world.objects.iter().filter_map(Workload::of).collect();
    // Workloads first: those that mount one ConfigMap with Flink's files are one session.
    let mut group_of: Vec<usize> = (0..workloads.len()).collect();
    let unite = |groups: &mut Vec<usize>, one: usize, two: usize| {
        let (old, new) = (groups[two], groups[one]);
        for group in groups.iter_mut().filter(|group| **group == old) {
            *group = new;
        }
    };
    let mut owner: BTreeMap<(Option<&str>, &str), usize> = BTreeMap::new();
    for (index, workload) in workloads.iter().enumerate() {
        for mount in workload.mounts() {
            let Some(name) = mount.config_map() else { continue };
            let key = (workload.object.namespace.as_deref(), name);
            match owner.get(&key) {
                Some(first) => unite(&mut group_of, *first, index),
                None => {
                    owner.insert(key, index);
                }
            }
        }
    }
    pair(&workloads, &mut group_of);
    let mut groups: BTreeMap<usize, Vec<Workload<'_>>> = BTreeMap::new();
    for (workload, group) in workloads.iter().zip(&group_of) {
        groups.entry(*group).or_default().push(*workload);
    }
    let mut systems: Vec<System<'_>> = groups.into_values().map(|w| with_pods(world, w)).collect();
    systems.extend(world.of_kind("FlinkDeployment").map(|object| with_session(world, object)));
    systems.extend(without_pods(world, &systems));
    attach(world, &mut systems);
    for system in &mut systems {
        for text in &system.texts {
            if matches!(text.kind, FileKind::FlinkConf | FileKind::ConfigYaml)
                && let Err(problems) = settings::read(text, &world.files, &mut system.settings)
            {
                system.refused.extend(problems);
            }
        }
        system.version = flink.or_else(|| version(system));
    }
    systems
}

/// Unites a JobManager without TaskManagers and TaskManagers without one, where a namespace has only one such
/// JobManager.
fn pair(workloads: &[Workload<'_>], group_of: &mut [usize]) {
    let mut roles: BTreeMap<usize, (bool, bool)> = BTreeMap::new();
    for (workload, group) in workloads.iter().zip(group_of.iter()) {
        let (master, worker) = roles.entry(*group).or_default();
        *master |= workload.role.is_job_manager();
        *worker |= workload.role.is_task_manager();
    }
    // The lonely groups of each namespace. What names none may be applied to any: it is a namespace of its own.
    let mut lonely: BTreeMap<Option<&str>, (Vec<usize>, Vec<usize>)> = BTreeMap::new();
    for (workload, group) in workloads.iter().zip(group_of.iter()) {
        let (masters, workers) = lonely.entry(workload.object.namespace.as_deref()).or_default();
        match roles.get(group) {
            Some((true, false)) if !masters.contains(group) => masters.push(*group),
            Some((false, true)) if !workers.contains(group) => workers.push(*group),
            _ => {}
        }
    }
    for (masters, workers) in lonely.values() {
        let [master] = masters[..] else { continue };
        for group in group_of.iter_mut().filter(|group| workers.contains(group)) {
            *group = master;
        }
    }
}

fn empty(world: &World, title: String) -> System<'_> {
    System {
        world,
        title,
        workloads: Vec::new(),
        selecting: Vec::new(),
        texts: Vec::new(),
        session: None,
        dockerfiles: Vec::new(),
        scripts: Vec::new(),
        hosts: Vec::new(),
        settings: Settings::default(),
        refused: Vec::new(),
        version: None,
    }
}

fn with_pods<'a>(world: &'a World, workloads: Vec<Workload<'a>>) -> System<'a> {
    let main = workloads.iter().find(|w| w.role.is_job_manager()).or(workloads.first());
    let mut system = empty(world, main.map(Workload::title).unwrap_or_default());
    // Looked up once: there may be a thousand sessions with as many ConfigMaps.
    let mounted: Vec<(&Workload<'_>, BTreeSet<&str>)> = workloads
        .iter()
        .map(|w| (w, w.mounts().iter().filter_map(super::kubernetes::Mount::config_map).collect()))
        .collect();
    for text in &world.texts {
        let belongs = mounted.iter().any(|(workload, mounted)| match text.origin {
            Origin::File => false,
            Origin::ConfigMap(index) => {
                let object = &world.objects[index];
                mounted.contains(object.name.as_str()) && object.shares_namespace(workload.object)
            }
            Origin::Properties(index) => {
                std::ptr::eq(&raw const world.objects[index], workload.object)
            }
        });
        if belongs {
            system.texts.push(text);
        }
    }
    // What the entrypoint appends counts after the file.
    system.texts.sort_by_key(|text| matches!(text.origin, Origin::Properties(_)));
    system.selecting = selecting(world, &workloads);
    system.workloads = workloads;
    system
}

fn selecting<'a>(world: &'a World, workloads: &[Workload<'a>]) -> Vec<&'a Object> {
    let mut found = BTreeSet::new();
    for workload in workloads {
        let selects = |index: &usize| {
            let service = &world.objects[*index];
            let selector = service.node.at("spec/selector").map(Walk::entries);
            service.shares_namespace(workload.object)
                && selector.is_some_and(|selector| workload.is_selected(selector))
        };
        found.extend(world.selectors.candidates(workload).into_iter().filter(selects));
    }
    found.into_iter().map(|index| &world.objects[index]).collect()
}

fn with_session<'a>(world: &'a World, object: &'a Object) -> System<'a> {
    let mut system = empty(world, object.title());
    system.session = Some(object);
    if let Some(node) = object.node.at("spec/flinkConfiguration") {
        settings::session(object.file, node, &mut system.settings);
    }
    system
}

/// Configuration directories, and ConfigMaps that no workload of the files mounts.
fn without_pods<'a>(world: &'a World, systems: &[System<'a>]) -> Vec<System<'a>> {
    let taken = |text: &Embedded| {
        systems.iter().any(|system| system.texts.iter().any(|known| std::ptr::eq(*known, text)))
    };
    let mut groups: BTreeMap<(bool, String), Vec<&'a Embedded>> = BTreeMap::new();
    for text in world.texts.iter().filter(|text| !taken(text)) {
        let key = match text.origin {
            Origin::ConfigMap(index) => (true, world.objects[index].title()),
            _ => (false, world.files[text.start().file].directory().to_owned()),
        };
        groups.entry(key).or_default().push(text);
    }
    groups.into_iter().map(|((_, title), texts)| System { texts, ..empty(world, title) }).collect()
}

/// Gives Dockerfiles, scripts, `masters` and `workers` to the sessions beside or below which they lie.
fn attach<'a>(world: &'a World, systems: &mut Vec<System<'a>>) {
    if systems.is_empty() {
        if world.dockerfiles.is_empty() && world.scripts.is_empty() && world.hosts.is_empty() {
            return;
        }
        systems.push(empty(world, "the files".to_owned()));
    }
    let only = systems.len() == 1;
    for system in systems {
        let mut directories: Vec<&str> =
            system.workloads.iter().map(|w| world.files[w.file()].directory()).collect();
        directories.extend(system.texts.iter().map(|t| world.files[t.start().file].directory()));
        directories.extend(system.session.iter().map(|o| world.files[o.file].directory()));
        let near = |file: usize| {
            let above = world.files[file].directory();
            only || directories.iter().any(|below| {
                *below == above
                    || above.is_empty()
                    || below.strip_prefix(above).is_some_and(|rest| rest.starts_with('/'))
            })
        };
        system.dockerfiles = world.dockerfiles.iter().filter(|d| near(d.file)).collect();
        system.scripts = world.scripts.iter().filter(|s| near(s.file)).collect();
        system.hosts = world.hosts.iter().filter(|h| near(h.file)).collect();
    }
}

/// The Flink release: of the session file, of the JobManager's image, of the Dockerfile.
fn version(system: &System<'_>) -> Option<FlinkVersion> {
    let of_session = || {
        let pinned = system.settings.value("nutkin.flink.version");
        let field = system.session?.node.at("spec/flinkVersion")?.text()?.to_owned();
        pinned.and_then(|text| text.parse().ok()).or_else(|| field.parse().ok())
    };
    let of_image = |image: &str| {
        is_flink_image(image).then(|| image::tag(image).and_then(image::version)).flatten()
    };
    let of_pods = || {
        let images = system.job_managers().chain(&system.workloads);
        images.filter_map(Workload::image).filter_map(Walk::text).find_map(of_image)
    };
    let of_dockerfile = || system.dockerfiles.iter().find_map(|d| Some(d.version?.0));
    of_session().or_else(of_pods).or_else(of_dockerfile)
}
