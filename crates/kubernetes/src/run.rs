//! A session that is brought to what is wanted: core decides, this looks and acts.

use std::time::{Duration, Instant};

use futures_util::future::{join, join_all, join4};
use nutkin_core::decide::kubernetes::{
    self as rules, Ask, By, Creation, FoundObjects, Observation, Plan, SeenProgress, Step, Target,
};
use nutkin_core::decide::{Decision, Jobs};
use nutkin_core::kubernetes::resource::REPLICA_SETS;
use nutkin_core::kubernetes::{progress, rollout, shape};
use nutkin_core::ledger::Opened;
use nutkin_core::remedy::Deed;
use nutkin_rest::Ready;
use nutkin_shell::{Context, Error, Kind, Place, Purpose, Shell, Wish};
use serde_json::Value;

use crate::act::{Actor, Undone};
use crate::api::Api;
use crate::error::{failure, refusal};
use crate::look::{look_at, predict};
use crate::note::Note;
use crate::reach;
use crate::session::KubernetesSession;
use crate::way::Way;
use crate::{cluster, native_client, refused};

/// How often the logs of processes that run and do not answer are looked at for what is refused to them.
const REFUSED: Duration = Duration::from_secs(5);

/// What to do where a request failed that may succeed another time.
const GOES_ON: &str = "run the same command again: it goes on from there";

/// A session on its way to what is wanted.
#[derive(Debug)]
pub struct Run {
    /// Asks the API server, in the session's namespace.
    pub api: Api,
    /// What is wanted.
    pub plan: Plan,
    seen: Observation,
    /// Why something that the new workload needs was refused for good.
    refused: Option<Undone>,
    /// The way to REST, and what was said there.
    way: Way,
    /// When logs were last looked at for refusals.
    told: Instant,
    /// Whether it was looked at before.
    is_seen: bool,
    /// Whether a step was done since the last look. Where none was, only time has passed.
    has_acted: bool,
    /// The ledger.
    note: Note,
}

impl Run {
    /// Plans the session. No request is made to the API server.
    ///
    /// # Errors
    /// All that is wrong with options, templates, files and the kubeconfig.
    pub async fn new(wish: Wish<'_>, context: &Context<'_>) -> Result<Self, Error> {
        let place = wish.place.cluster();
        let access =
            cluster::find(&place, &wish.session.configuration, context.environment).await?;
        let implied = access.context_namespace.as_deref();
        let given = place.namespace.as_deref();
        let session = native_client::in_namespace(wish.session, given, implied);
        let client = native_client::observe(&session, access.context_namespace.clone(), context);
        let plan = Plan::of(&session, &client).map_err(Error::input)?;
        for warning in &plan.objects.warnings {
            context.events.warn_problem(warning);
        }
        let api = Api::new(access)?.in_namespace(&plan.objects.namespace);
        let by = By {
            manager: api.manager().to_owned(),
            acts: wish.purpose == Purpose::Act,
            stays: false,
            adopts: wish.adopt,
            remembers: false,
        };
        Ok(Self {
            api,
            plan,
            seen: Observation { by, client, ..Observation::default() },
            refused: None,
            way: Way::default(),
            told: Instant::now(),
            is_seen: false,
            has_acted: false,
            note: Note::default(),
        })
    }

    /// Keeps the ledger: it is read side by side with the creation, and written as [`Step::SaveLedger`] says.
    #[must_use]
    pub const fn with_ledger(mut self) -> Self {
        self.seen.by.remembers = true;
        self
    }

    /// The ledger as it was read side by side with the creation; `None`: it was not, or could not be.
    ///
    /// # Errors
    /// A newer Nutkin wrote it. What was created by then is removed again.
    pub async fn ledger(&mut self) -> Result<Option<Opened>, Error> {
        match self.note.read() {
            Err(error) if !self.has_begun() => Err(error),
            Err(error) => {
                let undo = Step::Undo(Target::of(&self.workload()));
                let name = self.plan.objects.cluster_id.clone();
                let actor = Actor { api: &self.api, session: &name };
                actor.act(&undo).await.map_err(|undone| undone.into_error(&self.api, &name))?;
                Err(error.hint("what this command had made was removed again"))
            }
            read => read,
        }
    }

    /// Says what the ledger is to be. It is written with the change itself.
    pub fn remember(&mut self, wanted: Opened) {
        self.note.remember(wanted);
    }

    /// What became of writing the ledger; `None`: nothing was written.
    pub const fn saved(&mut self) -> Option<Result<(), Error>> {
        self.note.saved()
    }

    /// Says whether somebody stays until pods are replaced, and replaces them in the order that harms jobs least.
    pub const fn stays(&mut self, stays: bool) {
        self.seen.by.stays = stays;
    }

    /// Does not ask which jobs run: what differs is known without them.
    #[must_use]
    pub fn without_jobs(mut self) -> Self {
        self.seen.jobs = Some(Jobs::Unknown);
        self
    }

    /// What is known.
    pub const fn seen(&self) -> &Observation {
        &self.seen
    }

    /// Whether steps are carried out.
    pub const fn acts(&self) -> bool {
        self.seen.by.acts
    }

    /// Where the session is, for commands to come.
    pub fn place(&self) -> Place {
        Place::Kubernetes(self.api.place())
    }

    /// The session, now that it exists.
    pub fn session(&self) -> KubernetesSession {
        KubernetesSession::of(&self.api, self.workload())
    }

    /// What REST says, and the address to show, once everything is there.
    pub fn ready(&self) -> Option<Ready> {
        let progress = self.seen.progress.iter();
        let pods = progress.flat_map(|seen| &seen.pods).filter(|pod| shape::is_job_manager(pod));
        let pods: Vec<Value> = pods.cloned().collect();
        self.way.ready(progress::unready(&pods).into_iter().collect())
    }

    /// What becomes of the change that this decision orders if nobody waits for its end; `None`: it ends by itself.
    pub fn left_alone(decision: &Decision<Step>) -> Option<&'static str> {
        let flat = decision.steps.iter().flat_map(|step| match step {
            Step::Together(steps) => steps.as_slice(),
            step => std::slice::from_ref(step),
        });
        let applied = flat.filter_map(|step| match step {
            Step::Apply { object, .. } => Some(object.clone()),
            _ => None,
        });
        rollout::left_alone(&applied.collect::<Vec<_>>())
    }

    fn workload(&self) -> Value {
        match (&self.seen.creation, &self.seen.found) {
            (Creation::Made(made), _) => (**made).clone(),
            (_, Some(FoundObjects { workload: Some(workload), .. })) => workload.clone(),
            _ => Value::Null,
        }
    }

    /// Why a creation was taken back. `failed`: it could not be.
    fn undone(&mut self, failed: Option<Undone>) -> Error {
        let name = &self.plan.objects.cluster_id;
        let error = match self.refused.take() {
            Some(refused) => refused.into_error(&self.api, name),
            None => Error::new(Kind::Broken, "the creation was refused"),
        };
        // Looking again would make and remove it once more.
        let kind = if error.kind == Kind::Conflict { Kind::Broken } else { error.kind };
        let error = Error { kind, ..error };
        match failed {
            None => error.hint("what this command had made was removed again"),
            Some(failed) => {
                let why = failed.into_error(&self.api, name).error;
                error.hint(Deed::down(name.as_str()).within(
                    format!("what this command had made is still there ({why}): "),
                    " removes it",
                ))
            }
        }
    }

    async fn answer(&mut self, ask: Ask) -> Result<(), Error> {
        match ask {
            Ask::Look(look) => {
                self.seen.found = Some(look_at(&self.api, &look).await?);
                self.seen.is_owned = false;
            }
            Ask::Predict(items) => self.seen.predicted = Some(predict(&self.api, &items).await?),
            Ask::Jobs(workload) => {
                let jobs = KubernetesSession::of(&self.api, workload).jobs().await?;
                self.seen.jobs = Some(match jobs {
                    nutkin_rest::RunningJobs::Unknown => Jobs::Unknown,
                    nutkin_rest::RunningJobs::Known(jobs) => {
                        Jobs::Known(jobs.into_iter().map(|job| (job.id, job.name)).collect())
                    }
                });
            }
            Ask::Progress => {
                let session = self.session();
                let (workload, pods, events, task_managers) =
                    join4(session.now(), session.pods(), session.events(), session.task_managers())
                        .await;
                self.seen.progress = Some(SeenProgress {
                    is_seen: true,
                    workload: workload?,
                    pods: pods?,
                    events,
                    task_managers: task_managers?,
                    ..SeenProgress::default()
                });
            }
            ask => self.follow(ask).await?,
        }
        Ok(())
    }

    /// Answers what is asked of a session on its way.
    async fn follow(&mut self, ask: Ask) -> Result<(), Error> {
        let session = self.session();
        let Some(mut progress) = self.seen.progress.take() else { return Ok(()) };
        match ask {
            Ask::Replacing => {
                let selector = format!("app={}", session.name);
                let sets = self.api.list(REPLICA_SETS, &selector);
                let leader = reach::leader(&self.api, &session.name);
                let (sets, (leader, _)) = join(sets, leader).await;
                progress.replica_sets = Some(sets.map_err(failure)?);
                progress.leader = leader;
            }
            Ask::Rest => {
                progress.rest = self.way.ask(&session, self.plan.slots).await?;
                progress.is_settled = self.way.is_settled();
            }
            Ask::Told => {
                let is_due = REFUSED <= self.told.elapsed();
                let told = if is_due {
                    self.told = Instant::now();
                    refused::told(&session, &progress.pods).await
                } else {
                    None
                };
                progress.told = Some(told);
            }
            Ask::Crash(pod) => {
                progress.crash = Some(refused::crash(&session, &progress.pods, &pod).await);
            }
            Ask::Look(_) | Ask::Predict(_) | Ask::Jobs(_) | Ask::Progress => {}
        }
        self.seen.progress = Some(progress);
        Ok(())
    }
}

impl Shell for Run {
    type Seen = Observation;
    type Step = Step;

    async fn observe(&mut self) -> Result<Observation, Error> {
        if self.is_seen && !self.has_acted {
            self.seen.later();
        }
        (self.is_seen, self.has_acted) = (true, false);
        while let Some(ask) = rules::question(&self.plan, &self.seen).map_err(refusal)? {
            self.answer(ask).await?;
        }
        Ok(self.seen.clone())
    }

    fn decide(&self, seen: &Observation) -> Result<Decision<Step>, Error> {
        rules::decide(&self.plan, seen).map_err(refusal)
    }

    fn has_begun(&self) -> bool {
        matches!(self.seen.creation, Creation::Made(_))
    }

    async fn act(&mut self, step: &Step) -> Result<(), Error> {
        let steps = match step {
            Step::Together(steps) => steps.as_slice(),
            step => std::slice::from_ref(step),
        };
        self.has_acted = true;
        let api = self.api.clone();
        let name = self.plan.objects.cluster_id.clone();
        let actor = Actor { api: &api, session: &name };
        let done = join_all(steps.iter().map(|step| actor.act(step)));
        let store = KubernetesSession::gone(&api, &name);
        let note = async {
            if self.seen.by.remembers && matches!(step, Step::CreateWorkload(_)) {
                self.note.load(&store).await;
            }
            if steps.contains(&Step::SaveLedger) {
                return self.note.save(&store).await;
            }
            Ok(())
        };
        let (done, noted) = join(done, note).await;
        let mut undone: Option<Undone> = None;
        for (step, done) in steps.iter().zip(done) {
            match done {
                Ok(answer) => self.seen.after(step, answer),
                // A refusal for good weighs more than a connection that broke.
                Err(error) if undone.as_ref().is_none_or(|first| !first.is_final()) => {
                    undone = Some(error);
                }
                Err(_) => {}
            }
        }
        if let Step::Undo(_) = step {
            self.note.forget(&store).await?;
            return Err(self.undone(undone));
        }
        noted.map_err(|error| match error.kind {
            Kind::Conflict => error,
            _ => error.hint(GOES_ON),
        })?;
        let Some(undone) = undone else { return Ok(()) };
        if matches!(step, Step::CreateWorkload(_)) {
            return Err(undone.into_error(&self.api, &name));
        }
        if undone.is_final() && self.has_begun() {
            // What becomes of what was made is decided, too.
            self.seen.refused = Some(format!("{undone:?}"));
            self.refused = Some(undone);
            return Ok(());
        }
        let error = undone.into_error(&self.api, &name);
        if error.kind == Kind::Conflict {
            // It is looked at again, as it is then.
            self.seen.found = None;
            self.seen.predicted = None;
            self.seen.jobs = None;
            self.seen.progress = None;
        }
        Err(error.hint(GOES_ON))
    }
}
