//! What is done for a session by those who do it for the command line, too.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;

use nutkin_core::ledger::Wanted;
use nutkin_core::session::{Session, SessionJob};
use nutkin_core::spec::{self, Inputs};
use nutkin_flink::Problem;
use nutkin_kubernetes::session::KubernetesSession;
use nutkin_operator::resource::{API_VERSION, CustomKind, CustomResource};
use nutkin_rest::Client;
use nutkin_shell::{ClusterPlace, Error, Place};
use serde_json::{Value, json};

use crate::{Context, platform};

/// A session as its resource wants it.
#[derive(Debug, Clone)]
pub struct SessionWish {
    /// The session; a job that is brought to it is among its jobs.
    pub session: Session,
    /// What its ledger is to say of it.
    pub wanted: Wanted,
    /// Where it is.
    pub place: Place,
    /// The folder that relative jars count from.
    pub base: PathBuf,
}

/// What became of jobs that a JobManager has lost.
#[derive(Debug, Clone, Default)]
pub struct Recovery {
    /// Some wait for a JobManager, or for the end of the one before: they are looked for again soon.
    pub waits: bool,
    /// Some go on.
    pub went_on: bool,
    /// Something is to be done, and whoever looked may not.
    pub acts: bool,
    /// Those whose own hands have them go on, by name, each with older checkpoints for where its newest one cannot be read.
    pub resumed: BTreeMap<String, Vec<String>>,
    /// Those that do not go on by themselves, by name, and why.
    pub stays: BTreeMap<String, String>,
}

/// Who else works for jobs of a session that is looked after.
#[derive(Debug, Clone, Default)]
pub struct OtherHands {
    /// Jobs that somebody works for now, by name: nothing is decided about these.
    pub busy: BTreeSet<String>,
    /// Jobs that somebody works for when they are to go on, by name.
    pub jobs: BTreeSet<String>,
    /// Whether somebody may work for a job at any moment, so that nothing is done but to look.
    pub only_looks: bool,
}

/// Does what the command line does.
#[allow(async_fn_in_trait, reason = "the operator runs on one thread")]
pub trait Hands {
    /// Brings a session to what is wanted, as `nutkin up` does, and waits for nothing but its jobs.
    ///
    /// # Errors
    /// Those of `up`.
    async fn bring(&self, wish: &SessionWish, context: &Context<'_>) -> Result<(), Error>;

    /// Has jobs go on that the JobManager of a session without high availability had, as `nutkin watch` does, and waits for the
    /// first checkpoints of those that no other hands have. `jobs`: what resources say of those that have one. `decided` is called
    /// when nothing is left but to wait.
    ///
    /// # Errors
    /// Those of `watch`.
    async fn recover(
        &self,
        session: &platform::Session,
        jobs: Vec<SessionJob>,
        others: OtherHands,
        decided: &dyn Fn(),
        context: &Context<'_>,
    ) -> Result<Recovery, Error>;

    /// Submits the one job of `wish` of which [`Hands::recover`] has said that it goes on, and waits for its first checkpoint.
    /// `older`: what that has said, too.
    ///
    /// # Errors
    /// Those of `watch`.
    async fn resume(
        &self,
        store: &KubernetesSession,
        client: &Client,
        wish: &SessionWish,
        older: &[String],
        context: &Context<'_>,
    ) -> Result<(), Error>;

    /// A session is gone: what was seen of its jobs says nothing of the next one of its name.
    fn forget(&self, namespace: &str, name: &str);
}

impl SessionWish {
    /// Reads resources as a session file would say the same.
    ///
    /// # Errors
    /// All that is wrong with what they say.
    pub(super) fn of(
        session: &CustomResource,
        job: Option<&CustomResource>,
        place: &ClusterPlace,
        context: &Context<'_>,
    ) -> Result<Self, Vec<Problem>> {
        let mut documents = vec![document(CustomKind::Deployment, session)];
        documents.extend(job.map(|job| document(CustomKind::SessionJob, job)));
        let about = &session.metadata;
        let name = format!("{}/{}", CustomKind::Deployment.name(), about.name);
        let file = spec::read_documents(&documents, &name)?;
        let inputs = Inputs { file: Some(file), ..Inputs::default() };
        let session = spec::resolve(&inputs)?;
        let wanted = Wanted::of(&inputs, &session, None);
        let namespace = Some(about.namespace.clone());
        let place = Place::Kubernetes(ClusterPlace { namespace, ..place.clone() });
        Ok(Self { session, wanted, place, base: context.environment.directory.clone() })
    }
}

/// A resource as a document of a session file. Its labels and annotations are about the resource, and not about the session's
/// objects: a tool that tracks it by these would take the objects for its own.
fn document(kind: CustomKind, resource: &CustomResource) -> Value {
    let about = &resource.metadata;
    json!({
        "apiVersion": API_VERSION,
        "kind": kind.name(),
        "metadata": {"name": about.name, "namespace": about.namespace},
        "spec": resource.spec,
    })
}
