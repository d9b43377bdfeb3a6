//! The plan in the making: what the steps of Flink's pipeline change and add.

use serde_json::{Map, Value, json};

use super::client::Client;
use super::effective::{self, NAMESPACE};
use super::settings::Settings;
use super::{
    claims, command, deployment, env_secrets, flink_conf, hadoop, init, internal_service, kerberos,
    memory, names, pod_template, rest_service, secrets, template,
};
use crate::Problem;
use crate::plan::kubernetes::Objects;
use crate::session::Session;

/// The main container's name (`Constants.MAIN_CONTAINER_NAME`): a template's container of this name is merged
/// with Flink's.
pub(super) const MAIN_CONTAINER: &str = "flink-main-container";

/// A plan in the making.
pub(super) struct Draft<'a> {
    pub(super) session: &'a Session,
    pub(super) client: &'a Client,
    pub(super) settings: Settings,
    pub(super) cluster_id: &'a str,
    pub(super) namespace: String,
    /// The JobManager's pod without its main container: metadata and spec.
    pub(super) pod: Map<String, Value>,
    /// The main container.
    pub(super) container: Map<String, Value>,
    /// What is created beside the Deployment, in order.
    pub(super) others: Vec<Value>,
}

impl Draft<'_> {
    /// Labels of every object (`KubernetesUtils.getCommonLabels`).
    pub(super) fn labels(&self) -> Map<String, Value> {
        Map::from_iter([
            ("app".to_owned(), json!(self.cluster_id)),
            ("type".to_owned(), json!("flink-native-kubernetes")),
        ])
    }

    /// Labels by which Services and the Deployment find the JobManager's pods.
    pub(super) fn selectors(&self) -> Map<String, Value> {
        let mut labels = self.labels();
        labels.insert("component".to_owned(), json!("jobmanager"));
        labels
    }

    /// A port of a container or Service.
    pub(super) fn port(&mut self, key: &str) -> u16 {
        let text = self.settings.text_or_default(key);
        let told = self.settings.problems.iter().any(|problem| problem.path == key);
        match text.parse() {
            Ok(port) => return port,
            Err(_) if told => {}
            Err(_) => self.settings.problem(effective::no_port(key)),
        }
        0
    }
}

/// Plans the objects in the order of `KubernetesJobManagerFactory.buildKubernetesJobManagerSpecification`.
pub(super) fn plan(session: &Session, client: &Client) -> Result<Objects, Vec<Problem>> {
    let settings = effective::effective(session, client);
    let namespace = settings.text_or_default(NAMESPACE);
    let mut draft = Draft {
        session,
        client,
        settings,
        cluster_id: &session.name,
        namespace,
        pod: Map::new(),
        container: Map::new(),
        others: Vec::new(),
    };
    names::check(&mut draft);
    // Without it there is a problem, and no plan in the end.
    let memory = memory::plan(&mut draft).unwrap_or_default();
    template::start(&mut draft);
    init::decorate(&mut draft, memory);
    env_secrets::decorate(&mut draft);
    secrets::decorate(&mut draft);
    claims::decorate(&mut draft);
    command::decorate(&mut draft);
    internal_service::decorate(&mut draft);
    rest_service::decorate(&mut draft);
    hadoop::decorate(&mut draft);
    kerberos::decorate(&mut draft);
    flink_conf::decorate(&mut draft);
    pod_template::decorate(&mut draft);
    deployment::finish(draft)
}
