//! A machine in memory that carries out steps.

use crate::session::Session;
use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use super::super::*;
use crate::decide::{Again, Ending, Jobs};
use crate::plan::process::Archives;
use crate::spec::{self, Inputs};
use nutkin_flink::digest;
use nutkin_flink::process::Role;

/// More decisions in a row than any change needs.
const ENOUGH: usize = 8;

/// What there is of one session.
#[derive(Debug, Clone, PartialEq, Default)]
pub(super) struct World {
    pub orders: Option<Launch>,
    /// What the ledger wants.
    pub ledger: Option<Session>,
    /// Path and text.
    pub files: BTreeMap<String, String>,
    /// Names of those that live.
    pub living: BTreeSet<String>,
    pub supervisor: bool,
    pub follows: Option<u64>,
    /// Whether the machine has no Java yet.
    pub lacks_java: bool,
    /// Releases that are installed.
    pub installed: BTreeSet<String>,
    /// Extras that are on the machine.
    pub fetched: bool,
    /// Files in folders of data.
    pub data: BTreeMap<String, usize>,
    /// Names of jobs that run while a JobManager lives.
    pub jobs: Vec<String>,
    /// Ports that other programs listen on.
    pub programs: BTreeSet<u16>,
    pub logs: bool,
}

/// What a run of a driver came to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Run {
    /// Steps that were carried out.
    pub steps: Vec<Step>,
    /// What it ended with.
    pub again: Again,
}

/// A session by options and number of TaskManagers.
pub(super) fn session(options: &[(&str, &str)], task_managers: u32) -> Session {
    let options = options.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned())).collect();
    let inputs = Inputs { options, task_managers: Some(task_managers), ..Inputs::default() };
    spec::resolve(&inputs).unwrap()
}

impl World {
    /// A machine with Flink and without a session.
    pub(super) fn new() -> Self {
        let flink = session(&[], 1).flink.to_string();
        Self { installed: [flink].into(), fetched: true, ..Self::default() }
    }

    pub(super) fn observe(&self, wanted: Option<&Session>, told: Option<u64>) -> Observation {
        let names = self.orders.iter().flat_map(|orders| &orders.processes);
        let mut names: BTreeMap<String, Role> =
            names.map(|one| (one.name.clone(), one.role)).collect();
        for name in &self.living {
            names.entry(name.clone()).or_insert(Role::TaskManager);
        }
        let has_job_manager = names
            .iter()
            .any(|(name, role)| *role == Role::JobManager && self.living.contains(name));
        let seen = |(name, role): (String, Role)| {
            let lives = self.living.contains(&name);
            SeenProcess { name, role, lives, runs: lives, died: None }
        };
        let count = |role| {
            names.iter().filter(|(name, one)| **one == role && self.living.contains(*name)).count()
        };
        let task_managers = u32::try_from(count(Role::TaskManager)).unwrap();
        let jobs = self.jobs.iter().filter(|_| has_job_manager);
        Observation {
            session: "default".to_owned(),
            directory: "/session".to_owned(),
            data_directory: "/data".to_owned(),
            orders: match &self.orders {
                None => Orders::Absent,
                Some(launch) => Orders::Given(Box::new(launch.clone())),
            },
            exists: self.orders.is_some(),
            supervisor: self.supervisor,
            follows: self.follows,
            told,
            is_saved: true,
            silent: Duration::from_secs(10),
            files: self
                .files
                .iter()
                .map(|(path, text)| (path.clone(), digest::short(text)))
                .collect(),
            jobs: Jobs::Known(jobs.map(|name| ("0a".to_owned(), name.clone())).collect()),
            overview: has_job_manager
                .then_some(Registered { task_managers, slots: 8 * task_managers }),
            data: Data { exists: !self.data.is_empty(), files: self.data.clone() },
            machine: wanted.map(|wanted| self.machine(wanted)),
            processes: names.into_iter().map(seen).collect(),
        }
    }

    fn machine(&self, wanted: &Session) -> Surroundings {
        let flink = wanted.flink.to_string();
        let home = format!("/flink-{flink}");
        let is_installed = self.installed.contains(&flink);
        let dist = format!("flink-dist-{flink}.jar");
        let lib =
            if is_installed { vec!["log4j-core-2.24.3.jar".to_owned(), dist] } else { vec![dist] };
        let libs: Vec<String> = wanted.configuration.text("nutkin.libs").into_iter().collect();
        let absent = if self.fetched { Vec::new() } else { libs.clone() };
        Surroundings {
            flink: Flink { home: home.clone(), lib, is_installed },
            java: JavaHome { home: "/java".to_owned(), major: 17, is_installed: !self.lacks_java },
            extras: Extras {
                libs,
                plugins: format!("{home}/plugins"),
                plugin_jars: BTreeMap::new(),
                absent,
                is_ready: true,
            },
            archives: Archives::default(),
            environment: BTreeMap::from([("PATH".to_owned(), "/bin".to_owned())]),
            ports: Taken {
                sessions: BTreeMap::new(),
                programs: self.programs.clone(),
                free: (20_001..20_020).collect(),
            },
            memory: Some(16 << 30),
            token: "token".to_owned(),
        }
    }

    /// Carries out one step. Panics where a shell would refuse.
    pub(super) fn act(&mut self, step: &Step) {
        match step {
            Step::InstallJava { .. } => self.lacks_java = false,
            Step::Install { flink } => _ = self.installed.insert(flink.to_string()),
            Step::Fetch { .. } => self.fetched = true,
            Step::SaveLedger { .. } => panic!("only a driver knows what is wanted"),
            Step::Give(give) => {
                let there = self.orders.as_ref();
                let there = there.map(|launch| (launch.token.clone(), launch.generation));
                assert_eq!(there, give.instead, "orders in place of others");
                self.files.extend(give.files.clone());
                self.orders = Some(give.launch.clone());
            }
            Step::Supervise => {
                let orders = self.orders.clone().expect("orders to obey");
                self.supervisor = true;
                self.follows = Some(orders.generation);
                self.living = orders.processes.into_iter().map(|one| one.name).collect();
                self.logs = true;
            }
            Step::End => {
                self.living.clear();
                self.supervisor = false;
            }
            Step::Remove { keep_logs } => {
                self.orders = None;
                self.follows = None;
                self.files.clear();
                self.logs &= keep_logs;
            }
            Step::DeleteData => self.data.clear(),
            Step::DeleteOrphaned { .. } => drop(self.data.remove("ha")),
        }
    }

    /// Runs a driver that agrees to everything, until nothing is left to do or so many steps are done.
    pub(super) fn drive(&mut self, wanted: Result<&Session, Ending>, limit: usize) -> Run {
        let mut steps = Vec::new();
        let mut told = None;
        for _ in 0..ENOUGH {
            let mut seen = self.observe(wanted.ok(), told);
            seen.is_saved = wanted.is_err() || self.ledger.as_ref() == wanted.ok();
            let decision = match wanted {
                Ok(session) => decide(Goal::Session(session), &seen),
                Err(ending) => decide(Goal::Gone(ending), &seen),
            };
            let decision = decision.expect("a decision");
            for step in decision.steps {
                if steps.len() == limit {
                    return Run { steps, again: Again::Look };
                }
                match &step {
                    Step::SaveLedger { .. } => self.ledger = wanted.ok().cloned(),
                    step => self.act(step),
                }
                if step == Step::Supervise {
                    told = self.follows;
                }
                steps.push(step);
            }
            if decision.again != Again::Look {
                return Run { steps, again: decision.again };
            }
        }
        panic!("it never ends: {steps:?}");
    }
}
