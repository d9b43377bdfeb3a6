//! A native session: the objects that Flink's own client creates (`kubernetes-session.sh`). The JobManager
//! then asks the API server for TaskManager pods by itself.
//!
//! Sources: `KubernetesClusterDescriptor`, `KubernetesJobManagerFactory` and its decorators in 1.13.6,
//! 1.17.2, 1.20.5 and 2.3.0, as observed by running them: see `docs/conformance.md`. Where Flink's client is
//! wrong, this is right, and `docs/differences-from-flink.md` says so.

mod command;
mod deployment;
mod internal_service;
mod pod_template;

pub use super::steps::client::{ClientMachine, SeenPath, wanted};

use serde_json::Map;

use super::Objects;
use super::steps::draft::{Draft, Role};
use super::steps::effective::{self, NAMESPACE};
use super::steps::{
    claims, env_secrets, flink_conf, hadoop, init, jars, kerberos, memory, names, rest_service,
    secrets, template,
};
use crate::session::Session;
use nutkin_flink::Problem;

/// Plans the objects of a native session, in the order of
/// `KubernetesJobManagerFactory.buildKubernetesJobManagerSpecification`.
///
/// # Errors
/// All that is wrong with options, templates and files, at once.
pub fn plan(session: &Session, client: &ClientMachine) -> Result<Objects, Vec<Problem>> {
    let settings = effective::effective(session, client);
    let namespace = settings.text_or_default(NAMESPACE);
    let mut draft = Draft {
        session,
        client,
        settings,
        cluster_id: &session.name,
        namespace,
        made_by: "flink-native-kubernetes",
        role: Role::JobManager,
        pod: Map::new(),
        container: Map::new(),
        others: Vec::new(),
    };
    names::check(&mut draft);
    effective::warn_of_missing_storage(&mut draft.settings);
    // Without it there is a problem, and no plan in the end.
    let memory = memory::plan(&mut draft).unwrap_or_default();
    template::start(&mut draft);
    init::decorate(&mut draft, memory);
    env_secrets::decorate(&mut draft);
    secrets::decorate(&mut draft);
    claims::decorate(&mut draft);
    jars::decorate(&mut draft, false);
    command::decorate(&mut draft);
    internal_service::decorate(&mut draft);
    rest_service::decorate(&mut draft);
    hadoop::decorate(&mut draft);
    kerberos::decorate(&mut draft);
    flink_conf::decorate(&mut draft);
    pod_template::decorate(&mut draft);
    jars::check(&mut draft);
    deployment::finish(draft)
}

#[cfg(test)]
mod tests;
