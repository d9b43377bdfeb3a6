//! A session that is brought to its end: core decides, this looks and acts.

use futures_util::future::{join, join_all, join3};
use nutkin_core::decide::kubernetes::{After, Ends, Step};
use nutkin_core::decide::{Decision, Ending};
use nutkin_core::kubernetes::resource::{
    CLAIMS, CONFIG_MAPS, DEPLOYMENTS, PODS, REPLICA_SETS, ROLE_BINDINGS, ROLES, Resource,
    SERVICE_ACCOUNTS, SERVICES, STATEFUL_SETS, title,
};
use nutkin_core::kubernetes::shape::WorkloadLayout;
use nutkin_core::kubernetes::{ha, ownership};
use nutkin_core::plan::kubernetes::config_map;
use nutkin_core::plan::kubernetes::marks;
use nutkin_shell::{Ended, Error, Kept, Kind, Shell};
use serde_json::Value;

use crate::act::{Actor, Undone};
use crate::api::Api;
use crate::error::{failure, refusal};
use crate::session::KubernetesSession;

/// Kinds that the garbage collector removes with the session's workload, and that are waited for.
const OWNED: [Resource; 4] = [PODS, REPLICA_SETS, SERVICES, CONFIG_MAPS];

/// More such kinds, of sessions in standalone mode.
const WORKLOADS: [Resource; 2] = [DEPLOYMENTS, STATEFUL_SETS];

/// A session on its way to its end.
#[derive(Debug)]
pub struct EndRun {
    session: KubernetesSession,
    ending: Ending,
    seen: Ends,
    /// Whether what it owns was looked at before it is deleted.
    is_known: bool,
}

impl EndRun {
    /// Begins with a session as it was found. No request is made.
    pub fn new(session: &KubernetesSession, ending: Ending) -> Self {
        let seen = Ends {
            namespace: session.api.namespace().to_owned(),
            workload: session.workload.clone(),
            is_there: true,
            ..Ends::default()
        };
        Self { session: session.clone(), ending, seen, is_known: false }
    }

    async fn look(&mut self) -> Result<(), Error> {
        // What is not to be ended is not looked into, either.
        self.seen.decide(self.ending).map_err(refusal)?;
        if !self.is_known {
            return self.look_before().await;
        }
        if self.seen.is_there || !self.seen.left.is_empty() {
            // Another one of that name does not concern us.
            let (there, left) = join(self.session.now(), owned(&self.session)).await;
            self.seen.is_there = there?.is_some();
            self.seen.left = left?;
        }
        if !self.seen.is_there && self.seen.left.is_empty() && self.seen.after.is_none() {
            self.seen.after = Some(after(&self.session).await?);
        }
        Ok(())
    }

    /// What stays is learnt from what goes.
    async fn look_before(&mut self) -> Result<(), Error> {
        let session = &self.session;
        let map = format!("flink-config-{}", session.name);
        let configuration = session.api.get(CONFIG_MAPS, &map);
        let (configuration, owned, permissions) =
            join3(configuration, owned(session), permissions(session)).await;
        let map = configuration.ok().flatten();
        self.seen.options = map.map(|map| config_map::options_of(&map)).unwrap_or_default();
        self.seen.owned = owned?;
        self.seen.left.clone_from(&self.seen.owned);
        self.seen.permissions = permissions;
        self.is_known = true;
        Ok(())
    }

    /// What ended and what stays.
    pub fn report(&self) -> Ended {
        let report = self.seen.report(self.ending);
        let kept = report.kept.into_iter();
        let kept =
            kept.map(|one| Kept { what: one.what, remark: one.remark, is_data: one.is_data });
        Ended { ended: report.ended, kept: kept.collect(), deleted: Vec::new() }
    }
}

impl Shell for EndRun {
    type Seen = Ends;
    type Step = Step;

    async fn observe(&mut self) -> Result<Ends, Error> {
        self.look().await?;
        Ok(self.seen.clone())
    }

    fn decide(&self, seen: &Ends) -> Result<Decision<Step>, Error> {
        seen.decide(self.ending).map_err(refusal)
    }

    async fn act(&mut self, step: &Step) -> Result<(), Error> {
        let steps = match step {
            Step::Together(steps) => steps.as_slice(),
            step => std::slice::from_ref(step),
        };
        let api = self.session.api.clone();
        let actor = Actor { api: &api, session: &self.session.name };
        for (step, done) in steps.iter().zip(join_all(steps.iter().map(|one| actor.act(one))).await)
        {
            match (step, done) {
                (Step::Delete { last: true, .. }, Err(error)) if is_conflict(&error) => {
                    let message = format!("{} is another one by now", title(&self.seen.workload));
                    return Err(Error::new(Kind::Conflict, message)
                        .hint("run the same command again for the one that is there now"));
                }
                (_, Err(error)) => return Err(error.into_error(&api, &self.session.name)),
                (Step::Delete { last: true, .. }, Ok(_)) => self.seen.is_deleted = true,
                (Step::Delete { target, .. }, Ok(_)) => self.seen.deleted.push(target.title()),
                (_, Ok(_)) => {}
            }
        }
        let deleted = &self.seen.deleted;
        if let Some(after) = &mut self.seen.after {
            after.maps.retain(|map| !deleted.contains(&title(map)));
        }
        Ok(())
    }
}

fn is_conflict(error: &Undone) -> bool {
    matches!(error, Undone::Api(error) if error.is("Conflict"))
}

/// Deletes the high availability data of a cluster-id whose session is gone already, and gives what that was.
///
/// # Errors
/// A JobManager still runs; the API server refuses.
pub async fn delete_what_is_left(api: &Api, cluster_id: &str) -> Result<Vec<String>, Error> {
    let gone = KubernetesSession::gone(api, cluster_id);
    let after = after(&gone).await?;
    let steps = nutkin_core::decide::kubernetes::end_data(&after).map_err(refusal)?;
    let ending = Ending { adopt: true, ..Ending::default() };
    let mut run = EndRun::new(&gone, ending);
    for step in &steps {
        run.act(step).await?;
    }
    Ok(run.seen.deleted)
}

/// What outlives a session. Claims are not told where they may not be seen.
async fn after(session: &KubernetesSession) -> Result<After, Error> {
    let selector = format!("app={}", session.name);
    let maps = session.api.list(CONFIG_MAPS, &selector);
    let claims = async {
        if WorkloadLayout::of(&session.workload) == WorkloadLayout::Native {
            return Vec::new();
        }
        session.api.list(CLAIMS, &selector).await.unwrap_or_default()
    };
    let (maps, claims, job_managers) = join3(maps, claims, session.job_managers()).await;
    let maps = maps.map_err(failure)?.into_iter().filter(|map| ha::is_map(map, &session.name));
    Ok(After { maps: maps.collect(), claims, job_managers: job_managers? })
}

/// All objects that the JobManagers' workload owns, directly or through others.
async fn owned(session: &KubernetesSession) -> Result<Vec<Value>, Error> {
    let app = format!("app={}", session.name);
    let labelled = format!("{}={}", marks::SESSION, session.name);
    let is_native = WorkloadLayout::of(&session.workload) == WorkloadLayout::Native;
    let more = if is_native { &[][..] } else { &WORKLOADS[..] };
    let lists = OWNED.iter().chain(more).flat_map(|kind| [(kind, &app), (kind, &labelled)]);
    let lists = lists.map(|(kind, selector)| session.api.list(*kind, selector));
    let mut all: Vec<Value> = Vec::new();
    for list in join_all(lists).await {
        for object in list.map_err(failure)? {
            if !all.iter().any(|one| one["metadata"]["uid"] == object["metadata"]["uid"]) {
                all.push(object);
            }
        }
    }
    Ok(nutkin_core::decide::kubernetes::owned(all, session.uid()))
}

/// What `nutkin.rbac.create` has made for the session's pods and goes with it; nothing where it may not be seen.
async fn permissions(session: &KubernetesSession) -> Vec<Value> {
    let labelled = format!("{}={}", marks::SESSION, session.name);
    let kinds = [SERVICE_ACCOUNTS, ROLES, ROLE_BINDINGS];
    let lists = join_all(kinds.map(|kind| session.api.list(kind, &labelled))).await;
    let objects = lists.into_iter().flat_map(Result::unwrap_or_default);
    objects.filter(|object| ownership::is_owned_by(object, session.uid())).collect()
}
