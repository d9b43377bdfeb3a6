//! Brings a session on Kubernetes to what the user wants.

use futures_util::future::join_all;
use nutkin_core::change::Effect;
use nutkin_core::flink::FlinkVersion;
use nutkin_core::kubernetes::change::{self, Change, Pair};
use nutkin_core::kubernetes::desired;
use nutkin_core::kubernetes::resource::title;
use nutkin_core::kubernetes::{rollout, shape};
use nutkin_core::plan::kubernetes::{Objects, marks};
use nutkin_core::session;
use serde_json::{Value, json};

use super::api::{Api, MANAGER};
use super::error::{ApiError, failure};
use super::live::{self, Live};
use super::session::Session;
use super::{apply, cluster, wanted};
use nutkin_core::counted;
use nutkin_rest::Jobs;
use nutkin_shell::Purpose;
use nutkin_shell::{Context, Error, Kind};
use nutkin_shell::{Harm, Wish};

/// What was decided. Of a session that did not exist the workload may be made already, see [`decide`].
#[derive(Debug)]
pub struct Decision {
    /// Asks the API server, in the session's namespace.
    pub api: Api,
    /// What is wanted.
    pub objects: Objects,
    /// The release that is wanted.
    pub flink: FlinkVersion,
    /// `spec.restartNonce`.
    nonce: Option<i64>,
    /// `nutkin.upgrade.max-unavailable`.
    max_unavailable: usize,
    slots: u64,
    /// What there was.
    live: Option<Live>,
    /// What that means.
    pub change: Change,
    /// What there is and will be, object by object: what [`Decision::change`] was made from.
    pairs: Vec<Pair>,
    /// What is sent to the API server, in the order of the plan.
    items: Vec<Value>,
    /// Jobs that run.
    pub jobs: Jobs,
    /// The workload that this very command made.
    made: Option<Value>,
}

/// Plans the session and compares it with what is there.
///
/// For who will act on it the JobManagers' workload is created at once: where there is none there is nothing to compare with and
/// nobody to ask, and a question beforehand would cost as much as the creation, which is its own answer.
///
/// # Errors
/// Bad input (exit 2); something of another one is in the way; the API server cannot be asked.
pub async fn decide(wish: Wish<'_>, context: &Context<'_>) -> Result<Decision, Error> {
    let session = wish.session;
    let eager = wish.purpose == Purpose::Act;
    let access = cluster::find(wish.place, &session.configuration, context.environment).await?;
    let mut objects = wanted::plan(session, wish.place, &access, context)?;
    let api = Api::new(access)?.in_namespace(&objects.namespace);
    let made = if eager && !wish.adopt { make(&api, &objects, session).await? } else { None };
    let live = match made {
        Some(_) => None,
        None => live::look(&api, &objects, wish.adopt).await?,
    };
    let (flink, nonce) = (session.flink, session.restart_nonce);
    let missing = session.configuration.text("nutkin.upgrade.max-unavailable");
    let max_unavailable = missing.and_then(|text| text.trim().parse().ok()).unwrap_or(1);
    let slots = session.configuration.text("taskmanager.numberOfTaskSlots");
    let slots = slots.and_then(|text| text.trim().parse().ok()).unwrap_or(1);
    let Some(mut live) = live else {
        let first = made.clone().unwrap_or_else(|| desired::for_new(&objects, nonce));
        let new = std::iter::once(first).chain(objects.items[1..].iter().cloned());
        let pairs: Vec<Pair> =
            new.map(|new| Pair { old: None, new: Some(new), replace: false }).collect();
        let change = change::of(&pairs, flink, max_unavailable as u64);
        let (live, items, jobs) = (None, Vec::new(), Jobs::Known(Vec::new()));
        return Ok(Decision {
            api,
            objects,
            flink,
            nonce,
            max_unavailable,
            slots,
            live,
            change,
            pairs,
            items,
            jobs,
            made,
        });
    };
    if live.workload["metadata"]["deletionTimestamp"].is_string() {
        let message = format!("session `{}` is being deleted", session.name);
        return Err(
            Error::new(Kind::Broken, message).hint("wait until it is gone: `nutkin down` does")
        );
    }
    if let Some(why) = change::cannot_become(&live.workload, objects.workload()) {
        let message =
            format!("session `{}` cannot be changed to what is wanted: {why}", session.name);
        return Err(Error::new(Kind::Broken, message).hint(format!(
            "`nutkin down {}` ends it; then `up` makes the other one",
            session.name
        )));
    }
    let is_shared = |item: &Value| {
        let name = &item["metadata"]["name"];
        item["kind"] == "ServiceAccount"
            && live.shared.iter().any(|one| one["metadata"]["name"] == *name)
    };
    objects.items.retain(|item| !is_shared(item));
    if eager && !live.adopted {
        // The command that made them may have been cut off before it did this.
        let all = std::iter::once(&mut live.workload).chain(&mut live.others);
        apply::own(&api, all, &[MANAGER]).await;
    }
    let items = desired::for_live(&objects, nonce, &live.workload, |item| live.find(item));
    let pairs = predict(&api, &live, &items).await?;
    let mut change = change::of(&pairs, flink, max_unavailable as u64);
    // A command that was cut off may have left TaskManagers of the old content.
    change.restarts_task_managers |=
        desired::workers_are_old(&objects, &live.workload).unwrap_or(false);
    let jobs = if change.is_empty() && !change.restarts_task_managers {
        Jobs::Known(Vec::new())
    } else {
        Session::of(&api, live.workload.clone()).jobs().await?
    };
    Ok(Decision {
        api,
        objects,
        flink,
        nonce,
        max_unavailable,
        slots,
        live: Some(live),
        change,
        pairs,
        items,
        jobs,
        made: None,
    })
}

/// Creates the JobManagers' workload. `None`: there is one of that kind and name.
async fn make(
    api: &Api,
    objects: &Objects,
    session: &session::Session,
) -> Result<Option<Value>, Error> {
    let deployment = desired::for_new(objects, session.restart_nonce);
    match api.create(&deployment).await {
        Ok(made) => Ok(Some(made)),
        Err(error) if error.is("AlreadyExists") => Ok(None),
        Err(error) => Err(failure(error)),
    }
}

/// What every object will be, by the API server's own word.
async fn predict(api: &Api, live: &Live, items: &[Value]) -> Result<Vec<Pair>, Error> {
    let predicted = items.iter().map(|item| async move {
        let Some(old) = live.find(item) else {
            return Ok(Pair { old: None, new: Some(item.clone()), replace: false });
        };
        let replace = change::must_replace(old, item);
        let old = Some(old.clone());
        if replace {
            return Ok(Pair { old, new: Some(item.clone()), replace });
        }
        match api.apply(item, true).await {
            Ok(new) => Ok(Pair { old, new: Some(new), replace: false }),
            Err(error) if is_immutable(&error) && may_be_replaced(item, live) => {
                Ok(Pair { old, new: Some(item.clone()), replace: true })
            }
            Err(error) => Err(error),
        }
    });
    let mut pairs = Vec::new();
    for (item, one) in items.iter().zip(join_all(predicted).await) {
        pairs.push(one.map_err(|error| refused(item, live, error))?);
    }
    let gone = live.extra.iter().cloned();
    pairs.extend(gone.map(|old| Pair { old: Some(old), new: None, replace: false }));
    Ok(pairs)
}

/// Whether an object may be deleted and made again: not the one that owns all others, and not what holds data.
fn may_be_replaced(item: &Value, live: &Live) -> bool {
    let is_owner = item["kind"] == live.workload["kind"]
        && item["metadata"]["name"] == live.workload["metadata"]["name"];
    !is_owner && item["metadata"]["annotations"].get(marks::OUTLIVES).is_none()
}

/// Why a change cannot be made.
fn refused(item: &Value, live: &Live, error: ApiError) -> Error {
    if !is_immutable(&error) || may_be_replaced(item, live) {
        return failure(error);
    }
    let failed = failure(error);
    if item["kind"] == "PersistentVolumeClaim" {
        return failed
            .hint("a claim holds data: Nutkin never makes it anew. Leave it, or name another one");
    }
    let name = &live.workload["metadata"]["name"];
    let name = name.as_str().unwrap_or_default();
    failed
        .hint(format!("`nutkin down {name}` ends the session; then `up` makes it as it is wanted"))
}

/// Whether a field was refused because it never changes, as a Service's `clusterIP`.
fn is_immutable(error: &ApiError) -> bool {
    let ApiError::Refused { status, .. } = error else { return false };
    status.code == 422
        && [
            "immutable",
            "may not change once set",
            "primary clusterIP can not be unset",
            "field is immutable",
            "updates to statefulset spec for fields other than",
            "spec is immutable after creation",
        ]
        .iter()
        .any(|words| status.message.contains(words))
}

impl Decision {
    /// Whether there was no such session.
    pub const fn is_new(&self) -> bool {
        self.live.is_none()
    }

    /// Whether everything is as it should be. Whether pods run is Kubernetes' business, and waited for in any case.
    pub fn is_done(&self) -> bool {
        !self.is_new()
            && self.change.is_empty()
            && !self.change.restarts_task_managers
            && !self.live.as_ref().is_some_and(|live| live.adopted)
    }

    /// What `plan` prints, and `up` before it changes a session that exists.
    pub fn lines(&self) -> Vec<String> {
        let mut lines = Vec::new();
        if let Some(live) = self.live.as_ref().filter(|live| live.adopted) {
            lines.push(format!(
                "takes over {} and what it owns: they get Nutkin's label",
                title(&live.workload)
            ));
        }
        lines.extend(self.change.lines(self.jobs.names().as_deref()));
        let left = self.live.iter().flat_map(|live| &live.permissions);
        let left: Vec<String> = left.map(title).collect();
        if !left.is_empty() {
            lines.push(format!(
                "keeps {}: of `nutkin.rbac.create`, which is not set any more; pods may still use them, and \
                 `nutkin down {}` removes them",
                left.join(", "),
                self.objects.cluster_id
            ));
        }
        lines
    }

    /// The document of `plan -o json`.
    pub fn document(&self) -> Value {
        let mut document = json!({
            "name": self.objects.cluster_id,
            "platform": "kubernetes",
            "namespace": self.objects.namespace,
            "new": self.is_new(),
            "adopts": self.live.as_ref().is_some_and(|live| live.adopted),
            "runningJobs": self.jobs.count(),
        });
        if let (Some(document), Value::Object(change)) =
            (document.as_object_mut(), self.change.document())
        {
            document.extend(change);
        }
        document
    }

    /// What the user has to agree to: any change of a session that exists but the completion of one that was cut off.
    pub fn harm(&self) -> Harm {
        let restarts = self.change.restarts_job_managers || self.change.restarts_task_managers;
        let only_adds = self.pairs.iter().all(|pair| {
            pair.old.is_none() || (pair.new.is_some() && !pair.replace && is_same(pair))
        });
        let adopts = self.live.as_ref().is_some_and(|live| live.adopted);
        if self.is_new() || (only_adds && !restarts && !adopts) {
            return Harm::None;
        }
        let has_jobs = !self.jobs.are_none();
        if self.change.effect == Effect::Loss && has_jobs { Harm::Loss } else { Harm::Change }
    }

    /// Makes it so. What this very call made and is of no use is removed again. `waits` says that a wait follows, in
    /// which pods are replaced by [`super::rollout`]; else Kubernetes replaces them as it does.
    ///
    /// # Errors
    /// The API server refuses, or cannot be asked: then the same command goes on from there.
    pub async fn carry_out(&mut self, waits: bool) -> Result<(), Error> {
        if let Some(live) = &self.live {
            let change = &self.change;
            if waits {
                for (item, pair) in self.items.iter_mut().zip(&self.pairs) {
                    if change::is_to_be_held(pair, change.effect) {
                        *item = rollout::held(item);
                        if let Some((old, hold)) =
                            pair.old.as_ref().and_then(|old| Some((old, rollout::hold(old)?)))
                        {
                            self.api.patch(old, &hold).await.map_err(failure)?;
                        }
                    }
                }
            }
            apply::change(&self.api, &self.objects, live, &self.items, &self.pairs, change).await?;
        } else {
            if self.made.is_none() {
                let deployment = desired::for_new(&self.objects, self.nonce);
                self.made = Some(self.api.create(&deployment).await.map_err(failure)?);
            }
            let made = self.made.clone().unwrap_or_default();
            apply::complete(&self.api, &self.objects, &made).await?;
        }
        Ok(())
    }

    /// What becomes of the change if nobody waits for its end; `None`: it ends by itself.
    pub fn left_alone(&self) -> Option<&'static str> {
        rollout::left_alone(&self.items)
    }

    /// `Flink 1.20.5, 1 JobManager, namespace default`.
    pub fn summary(&self) -> String {
        let replicas = shape::job_managers(self.objects.workload());
        let namespace = &self.objects.namespace;
        let job_managers = counted(replicas, "JobManager");
        format!("Flink {}, {job_managers}, namespace {namespace}", self.flink)
    }

    /// The session, now that it exists.
    pub fn session(&self) -> Session {
        let deployment =
            self.made.clone().or_else(|| self.live.as_ref().map(|live| live.workload.clone()));
        let session = Session::of(&self.api, deployment.unwrap_or_default());
        Session { max_unavailable: self.max_unavailable, slots: self.slots, ..session }
    }
}

fn is_same(pair: &Pair) -> bool {
    match (&pair.old, &pair.new) {
        (Some(old), Some(new)) => nutkin_core::kubernetes::diff::objects(old, new).is_empty(),
        _ => false,
    }
}
