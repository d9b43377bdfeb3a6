//! Which files form one session: workloads that mount one configuration, and what lies beside them.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};

use super::dockerfile::Dockerfile;
use super::embedded::{self, Embedded, Origin};
use super::finding::Place;
use super::hosts::Hosts;
use super::image::{self, FLINK_CONF};
use super::kubernetes::{Mount, Object, Role, Workload};
use super::node::Walk;
use super::path;
use super::script::Script;
use super::settings::{self, Setting, Settings};
use super::source::FileKind;
use super::together::{self, Group};
pub(super) use super::world::World;
use near::attach;
use nutkin_flink::{FlinkVersion, Problem};
use release::version;

mod near;
mod release;
mod services;

pub(super) use release::{Assumed, release_of};
pub(super) use services::{of as of_service, texts as texts_of_service};

/// One session, as far as the files describe it.
pub(super) struct System<'a> {
    pub(super) world: &'a World,
    /// How to call it.
    pub(super) title: String,
    pub(super) workloads: Vec<Workload<'a>>,
    /// What deploys the session by `kubernetes-session.sh`, and is not a part of it.
    pub(super) boot: Option<Workload<'a>>,
    /// JobManagers that the files have in the place of this one.
    pub(super) alternatives: Vec<&'a Object>,
    /// Services that select some of its pods.
    pub(super) selecting: Vec<&'a Object>,
    pub(super) texts: Vec<&'a Embedded>,
    /// The `FlinkDeployment`, when it is a session file.
    pub(super) session: Option<&'a Object>,
    pub(super) dockerfiles: Vec<&'a Dockerfile>,
    pub(super) scripts: Vec<&'a Script>,
    pub(super) hosts: Vec<&'a Hosts>,
    pub(super) settings: Settings,
    /// What counts for each of the workloads, in their order; `None`: the same as for the session.
    told: Vec<Option<Settings>>,
    /// Configuration files that Flink refuses.
    pub(super) refused: Vec<(Place, Problem)>,
    /// The release, where the user or something of the files says it for certain.
    pub(super) version: Option<FlinkVersion>,
}

impl<'a> System<'a> {
    pub(super) fn job_managers(&self) -> impl Iterator<Item = &Workload<'a>> {
        self.workloads.iter().filter(|workload| workload.role.is_job_manager())
    }

    pub(super) fn task_managers(&self) -> impl Iterator<Item = &Workload<'a>> {
        self.workloads.iter().filter(|workload| workload.role.is_task_manager())
    }

    /// Whether its containers are those of a Compose file.
    pub(super) fn is_of_compose(&self) -> bool {
        self.workloads.first().is_some_and(|workload| workload.object.compose.is_some())
    }

    /// Whether anything of it runs on Kubernetes.
    pub(super) fn is_on_kubernetes(&self) -> bool {
        let has_pods = !self.workloads.is_empty() && !self.is_of_compose();
        has_pods || self.session.is_some() || self.boot.is_some()
    }

    /// What runs a job instead of a session: the object, and where that is said.
    pub(super) fn application(&self) -> Option<(&'a Object, Place)> {
        if let Some(session) = self.session {
            let (key, _) = session.node.at("spec")?.entry("job")?;
            return Some((session, super::node::key_place(key, session.file)));
        }
        let workload = self.job_managers().find(|workload| workload.is_application())?;
        let word = workload.words().next().map_or(workload.container, |(_, node)| node);
        Some((workload.object, word.place(workload.file())))
    }

    /// The Service of a name in reach of its pods.
    pub(super) fn service(&self, name: &str) -> Option<&'a Object> {
        let mut all = self.workloads.iter().map(|workload| workload.object);
        all.find_map(|object| self.world.named("Service", name, object))
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
    pub(super) fn high_availability(&self) -> Option<(HighAvailability, &Setting)> {
        let setting = self.settings_of_job_managers().get("high-availability.type")?;
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

    /// What counts for the processes of a workload, with its arguments: of texts that pods mount or are given, only those of
    /// its own. A JobManager and TaskManagers may each have a configuration, and so may two groups of TaskManagers.
    pub(super) fn settings_of(&self, workload: &Workload<'_>) -> Cow<'_, Settings> {
        let is_own = |one: &Workload<'_>| std::ptr::eq(one.container, workload.container);
        match self.workloads.iter().position(is_own).and_then(|index| self.told.get(index)) {
            Some(own) => Cow::Borrowed(own.as_ref().unwrap_or(&self.settings)),
            None => self.read_for(workload),
        }
    }

    /// The same, read anew.
    fn read_for(&self, workload: &Workload<'_>) -> Cow<'_, Settings> {
        let arguments = settings::arguments(workload);
        if arguments.is_empty() {
            return self.files_of(workload);
        }
        let mut settings = self.files_of(workload).into_owned();
        settings.extend(arguments);
        Cow::Owned(settings)
    }

    /// Its texts: those that its pods mount or are given, and those that lie beside the files.
    pub(super) fn texts_of(&self, workload: &Workload<'_>) -> impl Iterator<Item = &'a Embedded> {
        let index = self.world.index(workload.object);
        let origins = index.map(|index| origins(self.world, index, workload)).unwrap_or_default();
        let is_of_compose = self.is_of_compose();
        let (world, mounts) = (self.world, workload.mounts());
        self.texts.iter().copied().filter(move |text| match text.origin {
            Origin::Properties(_) | Origin::ConfigMap(_) => {
                is_of_compose || origins.contains(&text.origin) && is_shown(world, &mounts, text)
            }
            Origin::File | Origin::Content(_) => true,
        })
    }

    /// The same without its arguments.
    pub(super) fn files_of(&self, workload: &Workload<'_>) -> Cow<'_, Settings> {
        if self.is_of_compose() {
            let mut settings = Settings::of(self.version);
            settings.extend(settings::of_image(self.world, std::slice::from_ref(workload)));
            settings.extend(services::of(self.world, workload).0.list);
            return Cow::Owned(settings);
        }
        let own: Vec<&Embedded> = self.texts_of(workload).collect();
        if own.len() == self.texts.len() {
            return Cow::Borrowed(&self.settings);
        }
        let own = self.counting(own);
        let mut settings = Settings::of(self.version);
        settings.extend(settings::of_image(self.world, std::slice::from_ref(workload)));
        settings::read_all(&own, &self.world.files, &mut settings);
        Cow::Owned(settings)
    }

    /// Texts that Flink reads: not what its entrypoint cannot write, and one of two configurations in one place.
    fn counting(&self, texts: Vec<&'a Embedded>) -> Vec<&'a Embedded> {
        let of = |index: usize| {
            let object = &self.world.objects[index];
            self.workloads.iter().find(|workload| std::ptr::eq(workload.object, object))
        };
        let directory = |text: &Embedded| self.world.files[text.start().file].directory();
        let is_in_vain = |text: &Embedded| match text.origin {
            Origin::Properties(index) => of(index).is_some_and(settings::has_variables_in_vain),
            _ => false,
        };
        let is_hidden = |text: &Embedded| {
            let Some(line) = self.version.map(FlinkVersion::line) else { return false };
            let other = match text.kind {
                FileKind::ConfigYaml if line.reads_flink_conf => FileKind::FlinkConf,
                FileKind::FlinkConf if !line.reads_flink_conf => FileKind::ConfigYaml,
                _ => return false,
            };
            texts.iter().any(|one| {
                one.kind == other
                    && one.origin == text.origin
                    && (one.origin != Origin::File || directory(one) == directory(text))
            })
        };
        texts.iter().copied().filter(|text| !is_in_vain(text) && !is_hidden(text)).collect()
    }

    /// The ConfigMap over the image's configuration of a workload that is not among the files: nobody here knows its options.
    pub(super) fn absent_map(&self, workload: &Workload<'a>) -> Option<&'a str> {
        if !self.is_of_compose() && self.texts_of(workload).any(Embedded::is_options_of_map) {
            return None;
        }
        let (map, _) = workload.mount_of(FLINK_CONF)?.config_maps().next()?;
        self.world.named("ConfigMap", map, workload.object).is_none().then_some(map)
    }

    /// What counts for JobManagers; for the session, where the files have none.
    pub(super) fn settings_of_job_managers(&self) -> &Settings {
        self.settings_of_first(Role::is_job_manager)
    }

    /// What counts for TaskManagers; for the session, where the files have none.
    pub(super) fn settings_of_task_managers(&self) -> &Settings {
        self.settings_of_first(Role::is_task_manager)
    }

    fn settings_of_first(&self, is_meant: fn(Role) -> bool) -> &Settings {
        let mut all = self.workloads.iter().zip(&self.told);
        let first = all.find(|(workload, _)| is_meant(workload.role));
        first.and_then(|(_, own)| own.as_ref()).unwrap_or(&self.settings)
    }

    /// Whether images or Dockerfiles name a Flink of which Nutkin does not know the rules: an older or a later one.
    pub(super) fn is_of_unknown_release(&self) -> bool {
        self.version.is_none()
            && (self.images().any(|image| image::is_official(image) && image::is_unknown(image))
                || self.dockerfiles.iter().any(|dockerfile| dockerfile.is_unknown))
    }

    /// The release for which a session file is written.
    pub(super) fn release(&self) -> FlinkVersion {
        self.version.unwrap_or_else(|| release::assumed(self).0)
    }

    /// The release that is taken and why, where nothing says it for certain.
    pub(super) fn assumed(&self) -> Option<(FlinkVersion, Assumed<'_>)> {
        self.version.is_none().then(|| release::assumed(self))
    }

    /// The namespace of the pods, where the files name one.
    pub(super) fn namespace(&self) -> Option<&'a str> {
        let mut all = self.workloads.iter().chain(&self.boot);
        all.find_map(|workload| workload.object.namespace.as_deref())
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
    let groups = together::groups(world);
    let mut systems: Vec<System<'_>> =
        groups.into_iter().map(|one| with_pods(world, one)).collect();
    for (index, object) in world.objects.iter().enumerate() {
        if let Some(boot) = Workload::boot(object) {
            let mut system = with_pods(
                world,
                Group { workloads: vec![(index, boot)], alternatives: Vec::new() },
            );
            system.workloads.clear();
            system.boot = Some(boot);
            systems.push(system);
        }
        if object.is_of_operator("FlinkDeployment") && !object.is_canary() {
            systems.push(with_session(world, object));
        }
    }
    systems.extend(services::group(world));
    systems.extend(without_pods(world, &systems));
    attach(world, &mut systems);
    for system in &mut systems {
        system.version = flink.or_else(|| version(system));
        system.settings.read_by(system.version);
        system.settings.extend(settings::of_image(world, &system.workloads));
        if system.is_of_compose() {
            services::read(system);
        } else {
            let texts = system.counting(system.texts.clone());
            let refused = settings::read_all(&texts, &world.files, &mut system.settings);
            system.refused.extend(refused);
        }
        if let Some(boot) = &system.boot {
            system.settings.extend(settings::of_boot(boot).0);
        }
        let told = system.workloads.iter().map(|one| match system.read_for(one) {
            Cow::Borrowed(_) => None,
            Cow::Owned(own) => Some(own),
        });
        system.told = told.collect();
    }
    systems
}

/// A session of which nothing is known.
pub(super) fn empty(world: &World, title: String) -> System<'_> {
    System {
        world,
        title,
        workloads: Vec::new(),
        boot: None,
        alternatives: Vec::new(),
        selecting: Vec::new(),
        texts: Vec::new(),
        session: None,
        dockerfiles: Vec::new(),
        scripts: Vec::new(),
        hosts: Vec::new(),
        settings: Settings::default(),
        told: Vec::new(),
        refused: Vec::new(),
        version: None,
    }
}

/// Where the texts of a workload come from: the ConfigMaps that its container mounts, and its variables. `index` is that of its
/// object.
fn origins(world: &World, index: usize, workload: &Workload<'_>) -> BTreeSet<Origin> {
    let maps = workload.mounts().into_iter().flat_map(|mount| mount.config_maps());
    let maps = maps.filter_map(|(name, _)| world.index_of("ConfigMap", name, workload.object));
    maps.map(Origin::ConfigMap).chain([Origin::Properties(index)]).collect()
}

/// Whether mounts show a text, of whose ConfigMap they may show some keys only. One that lists a key which is not there means the
/// text of that kind (NK0610).
fn is_shown(world: &World, mounts: &[Mount<'_>], text: &Embedded) -> bool {
    let Origin::ConfigMap(index) = text.origin else { return true };
    let map = &world.objects[index];
    let is_lost = |key: &str| {
        let parts = ["data", "binaryData"].into_iter().filter_map(|part| map.node.get(part));
        parts.flat_map(Walk::entries).all(|(known, _)| known.name != key)
    };
    let is_meant = |mount: &Mount<'_>| {
        let mut mapped = mount.mapped().into_iter();
        text.kind.is_options()
            && mapped.any(|(name, key, file)| {
                name == map.name && embedded::of_name(file) == Some(text.kind) && is_lost(key)
            })
    };
    mounts.iter().any(|mount| mount.shows(&map.name, &text.key) || is_meant(mount))
}

fn with_pods<'a>(world: &'a World, group: Group<'a>) -> System<'a> {
    let workloads: Vec<Workload<'a>> = group.workloads.iter().map(|(_, one)| *one).collect();
    let main = workloads.iter().find(|w| w.role.is_job_manager()).or(workloads.first());
    let mut title = main.map(Workload::title).unwrap_or_default();
    let overlay = main.and_then(|main| main.object.overlay);
    if let Some(overlay) = overlay.filter(|_| 1 < world.overlays().count()) {
        title = format!("{title} of {}", path::here(world.files[overlay].directory()));
    }
    let mut system = empty(world, title);
    let mut texts = BTreeSet::new();
    for (index, workload) in &group.workloads {
        let mounts = workload.mounts();
        for origin in origins(world, *index, workload) {
            let all = world.texts_of.get(&origin).into_iter().flatten().copied();
            texts.extend(all.filter(|text| is_shown(world, &mounts, &world.texts[*text])));
        }
    }
    system.texts = texts.into_iter().map(|index| &world.texts[index]).collect();
    // What the entrypoint appends counts after the file.
    system.texts.sort_by_key(|text| matches!(text.origin, Origin::Properties(_)));
    system.selecting = selecting(world, &workloads);
    system.workloads = workloads;
    system.alternatives = group.alternatives;
    system
}

/// Services that select pods of some workloads.
pub(super) fn selecting<'a>(world: &'a World, workloads: &[Workload<'a>]) -> Vec<&'a Object> {
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
    let all = systems.iter().flat_map(|system| &system.texts);
    let taken: BTreeSet<*const Embedded> = all.map(|text| std::ptr::from_ref(*text)).collect();
    // What else is in a ConfigMap of a session is a part of no other.
    let mut mounted: BTreeSet<usize> = BTreeSet::new();
    let loose = world.texts.iter().filter(|text| !taken.contains(&std::ptr::from_ref(*text)));
    let loose: Vec<&'a Embedded> = loose.collect();
    let is_of_map = |text: &&Embedded| matches!(text.origin, Origin::ConfigMap(_));
    let is_asked = loose.iter().any(is_of_map);
    let operators = world.objects.iter().filter(|_| is_asked).filter_map(Workload::operator);
    let operators: Vec<Workload<'_>> = operators.collect();
    let workloads = systems.iter().filter(|_| is_asked).flat_map(|system| &system.workloads);
    for workload in workloads.chain(&operators) {
        let maps = workload.mounts().into_iter().flat_map(|mount| mount.config_maps());
        let maps = maps.filter_map(|(name, _)| world.index_of("ConfigMap", name, workload.object));
        mounted.extend(maps);
    }
    let is_mounted = |text: &&Embedded| match text.origin {
        Origin::ConfigMap(index) => mounted.contains(&index),
        _ => false,
    };
    let mut groups: BTreeMap<(bool, String), Vec<&'a Embedded>> = BTreeMap::new();
    for text in loose.iter().copied().filter(|text| !is_mounted(text)) {
        let key = match text.origin {
            Origin::ConfigMap(index) => (true, world.objects[index].title()),
            _ => (false, world.files[text.start().file].directory().to_owned()),
        };
        groups.entry(key).or_default().push(text);
    }
    groups.into_iter().map(|((_, title), texts)| System { texts, ..empty(world, title) }).collect()
}
