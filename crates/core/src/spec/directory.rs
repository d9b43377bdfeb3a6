//! A session as Flink's own client makes one: of a configuration directory and options alone.

use std::collections::BTreeMap;

use crate::session::{ConfDir, RoleSpec, Session};
use nutkin_flink::{Configuration, FlinkVersion};

/// The session that a configuration directory and `-D` options describe. Options win over the file. Nothing is
/// added: what Flink's own client would run with is what runs. `name` counts where no option names the cluster.
pub fn of_directory(
    conf_dir: ConfDir,
    file: Configuration,
    options: &Configuration,
    flink: FlinkVersion,
    name: &str,
) -> Session {
    let mut configuration = file;
    for (key, entry) in options.iter() {
        configuration.set(key, entry.value.clone(), entry.origin.clone());
    }
    let name = configuration.text("kubernetes.cluster-id").unwrap_or_else(|| name.to_owned());
    let role = RoleSpec { replicas: None, pod_template: None, ephemeral_storage: None };
    Session {
        name,
        namespace: None,
        flink,
        mode: None,
        labels: BTreeMap::new(),
        annotations: BTreeMap::new(),
        configuration,
        conf_dir: Some(conf_dir),
        log_configuration: BTreeMap::new(),
        job_manager: role.clone(),
        task_manager: role,
        image: None,
        image_pull_policy: None,
        service_account: None,
        pod_template: None,
        ingress: None,
        restart_nonce: None,
        restarted: None,
        jobs: Vec::new(),
        snapshots: Vec::new(),
    }
}
