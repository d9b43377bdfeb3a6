//! What somebody knows who has looked at a session before.

use std::collections::{BTreeMap, BTreeSet};

use nutkin_core::jobs::Looks;
use nutkin_core::ledger::{JobRecord, Ledger, Opened, Sighting};
use nutkin_core::session::SessionJob;
use nutkin_core::supervision::fence::{LivingProcesses, Watched};
use nutkin_flink::Problem;
use nutkin_rest::{Client, Connected, Job};
use nutkin_shell::{Error, ledger};

use super::super::noted::Notes;
use crate::operator::OtherHands;
use crate::platform::Session;

/// What somebody knows who has looked before.
#[derive(Debug, Default)]
pub(in super::super) struct Told {
    /// Lines that were said about jobs that stay lost, so that nobody reads them twice.
    pub(super) lines: BTreeSet<String>,
    /// Whether there will be more looks.
    pub(super) watches: bool,
    /// The processes at the last look.
    pub(super) processes: Watched,
    /// The way to the JobManager that was started at that time.
    pub(super) connected: Option<(String, Connected)>,
    /// Looks at which it ran and did not answer.
    pub(super) silent: usize,
    /// What it has seen of jobs and of the end of their JobManager.
    pub(super) looks: Looks,
    /// The start of the JobManager that lived at the last look.
    job_manager: Option<String>,
    /// Jobs, by their names in the ledger, that somebody wants to go on although nobody knows whether they had ended.
    pub(super) wanted: BTreeSet<String>,
    /// Jobs as somebody says them who has no file with them.
    pub(super) jobs: Vec<SessionJob>,
    /// Who else works for jobs.
    pub(super) others: OtherHands,
    /// Jobs that go on by other hands, by their names in the ledger, with the start of the JobManager that is to have them.
    pub(super) handed: BTreeMap<String, Option<String>>,
    /// Looks at which there were several.
    pub(super) doubled: usize,
    pub(super) notes: Notes,
}

impl Told {
    /// For many looks.
    pub(in super::super) fn watching() -> Self {
        Self { watches: true, ..Self::default() }
    }

    /// The same with what these jobs are, beside those of the session's file, and with those who work for them.
    pub(in super::super) fn knowing(self, jobs: Vec<SessionJob>, others: OtherHands) -> Self {
        Self { jobs, others, ..self }
    }

    /// Whether other hands have this job now.
    pub(super) fn is_others(&self, name: &str, since: Option<&str>) -> bool {
        let handed = self.handed.get(name);
        self.others.busy.contains(name) || handed.is_some_and(|of| of.as_deref() == since)
    }

    /// Those of these jobs that others have go on, with what they need for that.
    pub(super) fn resumed_by_others(
        &self,
        names: &[String],
        older: &BTreeMap<String, Vec<String>>,
    ) -> BTreeMap<String, Vec<String>> {
        let theirs = names.iter().filter(|name| self.others.jobs.contains(*name));
        let with_older = |name: &String| older.get(name).cloned().unwrap_or_default();
        theirs.map(|name| (name.clone(), with_older(name))).collect()
    }

    /// Hands jobs over to those who work for them. Gives the others.
    pub(super) fn hand_over(&mut self, names: Vec<String>, since: Option<&str>) -> Vec<String> {
        let (theirs, ours): (Vec<_>, _) =
            names.into_iter().partition(|name| self.others.jobs.contains(name));
        self.handed.extend(theirs.into_iter().map(|name| (name, since.map(str::to_owned))));
        ours
    }

    /// For one look, after which these jobs go on although nobody knows whether they had ended: by their names in the ledger.
    pub(super) fn wanting(wanted: BTreeSet<String>) -> Self {
        Self { wanted, ..Self::default() }
    }

    /// The same where these jobs go on although nobody knows whether they had ended: by their names or ids.
    ///
    /// # Errors
    /// The ledger does not have one of them (2).
    pub(in super::super) fn resuming(
        mut self,
        jobs: &[String],
        ledger: &Ledger,
    ) -> Result<Self, Error> {
        for said in jobs {
            let is_it = |(name, record): &(&String, &JobRecord)| {
                *name == said || record.ids().any(|id| id == said)
            };
            let found = ledger.jobs.iter().find(is_it);
            let (name, _) = found.ok_or_else(|| {
                let message = format!("the ledger does not have a job `{said}`");
                Error::input(vec![Problem::new("--resume", message)])
            })?;
            self.wanted.insert(name.clone());
        }
        Ok(self)
    }

    /// Takes the JobManager that lives into account.
    pub(super) fn sees_job_manager(&mut self, seen: &LivingProcesses) {
        let now = seen.job_manager_since().map(str::to_owned);
        let before = std::mem::replace(&mut self.job_manager, now);
        let has_ended = |before: &String| seen.job_managers.iter().all(|one| one.since != *before);
        if let Some(before) = before.filter(has_ended) {
            self.looks.ended = Some((before, ledger::now()));
        }
    }

    /// Takes the jobs that it lists into account, by their states.
    pub(super) fn sees_jobs(
        &mut self,
        open: &[&JobRecord],
        states: &BTreeMap<String, String>,
        since: Option<&str>,
    ) {
        let sightings = &mut self.looks.sightings;
        // What was not submitted by Nutkin is of no interest once it has gone.
        sightings.retain(|id, _| open.iter().any(|record| record.ids().any(|one| one == id)));
        let time = ledger::now();
        for id in open.iter().flat_map(|record| record.ids()) {
            let Some(state) = states.get(id) else { continue };
            let (state, time) = (state.clone(), time.clone());
            let job_manager = since.map(str::to_owned);
            let seen = Sighting { state, time, job_manager, ..Sighting::default() };
            sightings.insert(id.clone(), seen);
        }
    }

    /// Notes how jobs are.
    pub(super) async fn note(
        &mut self,
        session: &Session,
        client: &Client,
        opened: &Opened,
        jobs: &[Job],
        since: Option<&str>,
    ) -> Result<(), Error> {
        let sightings = &self.looks.sightings;
        self.notes
            .write(
                session,
                client,
                opened,
                jobs,
                (since.unwrap_or_default(), sightings),
                &self.others.busy,
            )
            .await
    }

    /// The way to the JobManager, which stays open from look to look.
    pub(super) async fn client(
        &mut self,
        session: &Session,
        since: Option<&str>,
    ) -> Result<Client, Error> {
        let since = since.unwrap_or_default();
        let connected =
            match self.connected.take().filter(|(of, _)| of == since && !since.is_empty()) {
                Some((_, connected)) => connected,
                None => session.connect(true).await?,
            };
        let client = connected.client()?;
        self.connected = Some((since.to_owned(), connected));
        Ok(client)
    }
}
