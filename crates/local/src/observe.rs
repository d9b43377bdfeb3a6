//! What there is of a session on this machine. Makes, installs, fetches and waits for nothing.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use nutkin_core::decide::Jobs;
use nutkin_core::decide::local::{Data, Observation, Orders, Ports, Registered, SeenProcess};
use nutkin_core::session::Session;
use nutkin_flink::digest;
use nutkin_flink::process::Role;
use nutkin_rest::Ready;
use nutkin_shell::files::document::{self, StateError};
use nutkin_shell::{Context, Error};

use super::launch::{Launch, ProcessPhase, is_helper, probe};
use super::shell::LocalShell;
use super::{control, down, machine, ownership};

impl LocalShell {
    /// Looks at the session; with `wanted` also at what the machine has for it.
    ///
    /// # Errors
    /// No Java; a Flink that cannot be read; entries of options that name nothing.
    pub async fn observe(
        &mut self,
        wanted: Option<&Session>,
        context: &Context<'_>,
    ) -> Result<Observation, Error> {
        let directory = self.directory.clone();
        let orders = match document::read_json::<Launch>(&directory.launch()) {
            Ok(launch) => Orders::Given(Box::new(launch)),
            Err(StateError::Missing(_)) => Orders::Absent,
            Err(_) => Orders::Damaged,
        };
        // Before processes: a port that one of ours took in between would count as a stranger's.
        let machine = match wanted {
            Some(session) => {
                if self.machine.is_none() && orders != Orders::Damaged {
                    let own = orders.given().map_or_else(Ports::new, |old| old.ports.clone());
                    self.machine =
                        Some(machine::observe(session, &directory, &own, context).await?);
                }
                self.machine.clone()
            }
            None => None,
        };
        let looked = control::look(&directory);
        let follows = looked.running.as_ref().map(|running| running.generation);
        let noted = looked.running.into_iter().flat_map(|running| running.processes);
        let mut processes: Vec<SeenProcess> = noted
            .map(|one| SeenProcess {
                lives: one.pid.is_some(),
                runs: one.phase == ProcessPhase::Running,
                died: (one.phase == ProcessPhase::Waiting)
                    .then(|| one.last_end.unwrap_or_else(|| "ended".to_owned())),
                name: one.name,
                role: one.role,
            })
            .collect();
        if wanted.is_none() {
            // An end misses nothing, noted or not.
            for owned in ownership::find_all(directory.path()) {
                let name = owned.process;
                if !is_helper(&name) && !processes.iter().any(|one| one.name == name && one.lives) {
                    let role = Role::of_name(&name);
                    processes.push(SeenProcess { name, role, lives: true, runs: true, died: None });
                }
            }
        }
        let has_job_manager = processes.iter().any(|one| one.role == Role::JobManager && one.lives);
        let (overview, jobs) = match orders.given().filter(|_| has_job_manager) {
            Some(launch) if wanted.is_some() => self.ask(launch).await?,
            _ => (None, Jobs::Known(Vec::new())),
        };
        let files = if wanted.is_some() { files(&directory.conf()) } else { BTreeMap::new() };
        Ok(Observation {
            session: directory.name().to_owned(),
            directory: directory.path().display().to_string(),
            data_directory: directory.data().display().to_string(),
            orders,
            exists: directory.exists() || directory.join("run").exists(),
            processes,
            supervisor: looked.supervisor,
            follows,
            told: self.told,
            is_saved: self.is_saved(),
            silent: self.silent_since.map_or(Duration::ZERO, |since| since.elapsed()),
            files,
            jobs,
            overview,
            data: if wanted.is_none() { data(&directory.data()) } else { Data::default() },
            machine,
        })
    }

    /// What a JobManager says. Its jobs are asked for only until this run has changed something.
    async fn ask(&mut self, launch: &Launch) -> Result<(Option<Registered>, Jobs), Error> {
        let urls = &launch.rest_urls;
        if self.probe.as_ref().is_none_or(|(made_for, _)| made_for != urls) {
            self.probe = Some((urls.clone(), probe(launch)?));
        }
        let Some((_, probe)) = &self.probe else { return Ok((None, Jobs::Unknown)) };
        let answer = probe.overview().await;
        self.answered = answer.map(|(overview, url)| Ready {
            overview,
            url: Some(url.to_owned()),
            remarks: Vec::new(),
        });
        let overview = self.answered.as_ref().map(|ready| Registered {
            task_managers: ready.overview.taskmanagers,
            slots: ready.overview.slots_total,
        });
        if self.told.is_some() {
            return Ok((overview, Jobs::Known(Vec::new())));
        }
        self.silent_since.get_or_insert_with(Instant::now);
        let jobs = match probe.running_jobs().await {
            Some(jobs) => {
                self.silent_since = None;
                Jobs::Known(jobs.into_iter().map(|job| (job.id, job.name)).collect())
            }
            None => Jobs::Unknown,
        };
        Ok((overview, jobs))
    }
}

/// Digests of the files that processes read.
fn files(conf: &std::path::Path) -> BTreeMap<String, String> {
    let entries = std::fs::read_dir(conf).into_iter().flatten().flatten();
    entries
        .filter_map(|entry| {
            let name = entry.file_name().to_string_lossy().into_owned();
            let content = std::fs::read(entry.path()).ok()?;
            Some((format!("conf/{name}"), digest::short(content)))
        })
        .collect()
}

/// Files of each folder below the place for data.
fn data(path: &std::path::Path) -> Data {
    Data { exists: path.exists(), files: down::folders(path) }
}
