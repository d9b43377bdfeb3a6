//! A daemon in memory: what it has, what is seen of it, and what a step makes of it.

use std::collections::{BTreeMap, BTreeSet};

use crate::decide::docker::{
    Extras, FoundContainer, Image, Make, Mine, Observation, Registered, Step, TakenPort, Thing,
    decide, images,
};
use crate::decide::{Again, Decision, Goal, Jobs};
use crate::plan::docker::{HASH, HealthCheck, NAME, ROLE, SeenContainer, next_name, old_name};
use crate::session::Session;
use nutkin_flink::official::{FLINK_HOME, FLINK_ID};
use nutkin_flink::process::Role;

/// More rounds than any session needs.
const ROUNDS: usize = 10;

/// What there is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Daemon {
    pub(super) images: BTreeMap<String, Image>,
    /// Images that can be pulled.
    pub(super) registry: BTreeMap<String, Image>,
    pub(super) containers: Vec<FoundContainer>,
    pub(super) network: Thing,
    pub(super) volume: Thing,
    pub(super) jobs: Vec<(String, String)>,
    /// Digests of jars that the session names; `None`: to be fetched.
    pub(super) extras: BTreeMap<String, Option<String>>,
    /// Ports that others have.
    pub(super) taken: Vec<TakenPort>,
    /// Whether the ledger says what the present run wants.
    saved: bool,
    next: u32,
}

/// An image as the official one, or as ours.
pub(super) fn image(probe: HealthCheck) -> Image {
    let owner = (FLINK_ID, FLINK_ID);
    let starts_as_root = probe == HealthCheck::Bash;
    Image { flink_home: FLINK_HOME.to_owned(), probe, owner, starts_as_root, is_fresh: false }
}

impl Daemon {
    /// One that has our image, and nothing else.
    pub(super) fn new() -> Self {
        Self {
            images: BTreeMap::from([(
                "nutkin/flink:1.20.5".to_owned(),
                image(HealthCheck::Nutkin),
            )]),
            registry: [
                ("nutkin/flink:1.20.5", HealthCheck::Nutkin),
                ("flink:1.20.5", HealthCheck::Bash),
                ("mine/flink:1", HealthCheck::Bash),
            ]
            .map(|(name, probe)| (name.to_owned(), image(probe)))
            .into(),
            containers: Vec::new(),
            network: Thing::Absent,
            volume: Thing::Absent,
            jobs: Vec::new(),
            extras: BTreeMap::new(),
            taken: Vec::new(),
            saved: false,
            next: 0,
        }
    }

    /// What a shell sees.
    pub(super) fn seen(&self, wanted: Goal<'_>, mine: &Mine) -> Observation {
        let names = match wanted {
            Goal::Session(session) => images(session),
            Goal::Gone(_) => Vec::new(),
        };
        let running = |role| {
            self.containers.iter().filter(move |one| one.seen.runs && one.seen.role == Some(role))
        };
        let task_managers = u32::try_from(running(Role::TaskManager).count()).expect("few");
        let lives = running(Role::JobManager).next().is_some();
        Observation {
            session: "s".to_owned(),
            images: names
                .into_iter()
                .map(|name| (name.clone(), self.images.get(&name).cloned()))
                .collect(),
            extras: Extras::Named(self.extras.clone()),
            containers: self.containers.clone(),
            network: self.network,
            volume: self.volume,
            volumes: (self.volume == Thing::Ours)
                .then(|| "nutkin-s-data".to_owned())
                .into_iter()
                .collect(),
            taken: self.taken.clone(),
            jobs: Jobs::Known(if lives { self.jobs.clone() } else { Vec::new() }),
            overview: lives.then_some(Registered { task_managers, slots: 8 * task_managers }),
            is_saved: self.saved,
            mine: mine.clone(),
        }
    }

    /// Does a step, as the daemon does it.
    pub(super) fn act(&mut self, step: &Step, mine: &mut Mine) {
        match step {
            Step::Fetch { paths } => {
                for path in paths {
                    self.extras.insert(path.clone(), Some("fetched".to_owned()));
                }
            }
            Step::Pull { image } => {
                let mut found = self.registry.get(image).cloned().expect("a registry that has it");
                found.is_fresh = true;
                self.images.insert(image.clone(), found);
            }
            Step::Need { image } => assert!(self.images.contains_key(image), "{image}"),
            Step::MakeNetwork { .. } => {
                assert_eq!(self.network, Thing::Absent);
                self.network = Thing::Ours;
            }
            Step::MakeVolume { .. } => {
                assert_eq!(self.volume, Thing::Absent);
                self.volume = Thing::Ours;
                mine.volume = true;
            }
            Step::SaveLedger => {
                assert!(self.volume != Thing::Absent, "a ledger without its volume");
                self.saved = true;
            }
            Step::Copy { name, alias, like } => {
                let like = self.containers.iter().find(|one| one.id == *like).expect("there");
                let mut one = like.clone();
                one.seen.name.clone_from(name);
                one.seen.alias.clone_from(alias);
                self.next += 1;
                one.id = format!("{:04}", self.next);
                self.containers.push(one);
            }
            Step::End { id, .. } => self.containers.retain(|one| one.id != *id),
            Step::Make(make) => {
                let id = self.make(make, mine);
                self.rename(&id, &make.container.name);
                mine.started.insert(id);
            }
            Step::Prepare(make) => {
                let name = make.container.name.clone();
                let id = self.make(make, mine);
                let one = self.containers.iter_mut().find(|one| one.id == id).expect("there");
                assert_eq!(one.seen.name, name);
                one.seen.runs = false;
                one.status = "Created".to_owned();
                // One that was never started is none that is wanted.
                one.seen.hash = String::new();
                self.rename(&id, &next_name(&name));
            }
            Step::Retire { name, id } => {
                let one = self.containers.iter_mut().find(|one| one.id == *id).expect("there");
                assert!(one.seen.runs, "{name}");
                one.seen.runs = false;
                one.status = "Exited (143) 1 second ago".to_owned();
                mine.retired.insert(id.clone());
                self.rename(id, &old_name(name));
            }
            Step::Promote { name } => {
                let next = next_name(name);
                let one = self.containers.iter_mut().find(|one| one.seen.name == next);
                let one = one.expect("prepared");
                one.seen.runs = true;
                one.status = "Up 1 second".to_owned();
                one.seen.hash.clone_from(&one.labels[HASH]);
                one.seen.alias.clone_from(&one.labels[NAME]);
                let id = one.id.clone();
                mine.started.insert(id.clone());
                self.rename(&id, name);
            }
            Step::Start { id, .. } => {
                let one = self.containers.iter_mut().find(|one| one.id == *id).expect("there");
                one.seen.runs = true;
                one.status = "Up 1 second".to_owned();
                mine.started.insert(id.clone());
            }
            Step::Restart { id, .. } => {
                let one = self.containers.iter().find(|one| one.id == *id).expect("there");
                assert!(one.seen.runs, "{}", one.seen.name);
                mine.started.insert(id.clone());
            }
            Step::RemoveNetwork { .. } => {
                assert!(self.containers.is_empty(), "a network in use");
                assert_eq!(self.network, Thing::Ours);
                self.network = Thing::Absent;
            }
            Step::RemoveVolume { .. } => {
                assert!(self.containers.is_empty(), "a volume in use");
                self.volume = Thing::Absent;
            }
        }
    }

    /// Makes a container that runs. Returns its ID.
    fn make(&mut self, make: &Make, mine: &mut Mine) -> String {
        assert!(self.network != Thing::Absent && self.volume != Thing::Absent);
        let one = &make.container;
        assert!(self.images.contains_key(&one.image), "{}", one.image);
        self.next += 1;
        let id = format!("{:04}", self.next);
        mine.made.push(id.clone());
        self.containers.push(FoundContainer {
            rest: one.published.as_ref().map(|one| (one.address.clone(), one.port)),
            seen: SeenContainer {
                name: one.name.clone(),
                alias: one.alias.clone(),
                role: Some(one.role),
                hash: one.hash.clone(),
                runs: true,
            },
            id: id.clone(),
            status: "Up 1 second".to_owned(),
            labels: one.labels.clone(),
        });
        id
    }

    /// Gives a container another name. One that does not have its own has no role, as a shell sees it.
    fn rename(&mut self, id: &str, name: &str) {
        assert!(!self.containers.iter().any(|one| one.seen.name == name && one.id != id), "{name}");
        let one = self.containers.iter_mut().find(|one| one.id == id).expect("there");
        name.clone_into(&mut one.seen.name);
        let is_own = name == format!("nutkin-s-{}", one.labels[NAME]);
        one.seen.role = match one.labels[ROLE].as_str() {
            _ if !is_own => None,
            "ZooKeeper" => Some(Role::ZooKeeper),
            "JobManager" => Some(Role::JobManager),
            _ => Some(Role::TaskManager),
        };
        self.containers.sort_by_key(|one| {
            let role = match one.seen.role {
                Some(Role::ZooKeeper) => 0,
                Some(Role::JobManager) => 1,
                Some(Role::TaskManager) => 2,
                None => 3,
            };
            (role, one.seen.alias.len(), one.seen.alias.clone())
        });
    }

    /// Decides and acts until nothing is left to do, or until so many steps are done. Returns the first decision.
    #[track_caller]
    pub(super) fn carry_out(&mut self, wanted: Goal<'_>, steps: usize) -> Decision<Step> {
        let (mut mine, mut left) = (Mine::default(), steps);
        let mut first = None;
        self.saved = false;
        self.images.values_mut().for_each(|image| image.is_fresh = false);
        for _ in 0..ROUNDS {
            let decision = decide(wanted, &self.seen(wanted, &mine)).expect("a decision");
            for step in &decision.steps {
                if left == 0 {
                    return first.unwrap_or(decision);
                }
                self.act(step, &mut mine);
                left -= 1;
            }
            let again = decision.again.clone();
            let first = first.get_or_insert(decision);
            if again == Again::Done {
                return first.clone();
            }
            assert!(!matches!(again, Again::Wait { .. }), "{again:?}");
        }
        panic!("still something to do after {ROUNDS} rounds");
    }

    /// The same without an end in between.
    #[track_caller]
    pub(super) fn bring(&mut self, session: &Session) -> Decision<Step> {
        self.carry_out(Goal::Session(session), usize::MAX)
    }

    /// Stops a container as if by itself.
    pub(super) fn stop(&mut self, alias: &str) {
        for one in self.containers.iter_mut().filter(|one| one.seen.alias == alias) {
            one.seen.runs = false;
            one.status = "Exited (1) 2 seconds ago".to_owned();
        }
    }

    /// What is the same however a state was reached: everything but IDs.
    pub(super) fn shape(&self) -> (BTreeSet<(String, String, bool)>, Thing, Thing) {
        let containers = self.containers.iter();
        let containers = containers
            .map(|one| (one.seen.name.clone(), one.seen.hash.clone(), one.seen.runs))
            .collect();
        (containers, self.network, self.volume)
    }
}
