//! Which cluster `nutkin flink` talks to: told by `-m` and `-t`, by options, by `FLINK_CONF_DIR`, as to Flink's client.

use std::fs;
use std::path::PathBuf;

use nutkin_flink::dialect::{self, Dialect};
use nutkin_flink::flink_cli::target::{ConfiguredTarget, configured};
use nutkin_flink::{Configuration, FlinkVersion, dynamic};
use nutkin_kubernetes::native_client::CONF_DIR_VARIABLE;

use super::Context;
use super::client::{Target, target};
use super::select::SESSION_VARIABLE;
use super::shared::SessionArgs;
use crate::platform;
use nutkin_shell::{ClusterPlace, Place};
use nutkin_shell::{Error, Kind};

/// Which cluster was meant.
pub(super) struct Whom {
    /// `-m`.
    pub(super) address: Option<String>,
    /// `-t`, or `-e`.
    pub(super) target: Option<String>,
}

/// Finds the cluster. `secret` is for an address that only this command knows.
///
/// # Errors
/// There is none, or no way leads to it; the configuration directory cannot be read.
pub(super) async fn reach(
    whom: &Whom,
    options: &[String],
    secret: bool,
    context: &Context<'_>,
) -> Result<Target, Error> {
    let options = dynamic::parse(options).map_err(Error::input)?;
    let mut all = directory(context)?;
    for (key, entry) in options.iter() {
        all.set(key, entry.value.clone(), entry.origin.clone());
    }
    let named = whom.target.clone().or_else(|| all.text("execution.target"));
    match named.as_deref() {
        None | Some("remote") => {
            let address = match whom.address.clone() {
                Some(address) => Some(address),
                None => address(&all)?,
            };
            target(&SessionArgs { address, ..SessionArgs::default() }, context).await
        }
        Some("kubernetes-session") => {
            let id = all.text("kubernetes.cluster-id").ok_or_else(|| {
                let message = "No cluster id was specified. Please specify a cluster to which you \
                               would like to connect.";
                Error::new(Kind::Broken, message).hint("-Dkubernetes.cluster-id=ID")
            })?;
            // As Flink's client: the namespace of the kubeconfig's context does not count.
            let namespace = all.text("kubernetes.namespace");
            let place = Place::Kubernetes(ClusterPlace {
                namespace: Some(namespace.unwrap_or_else(|| "default".to_owned())),
                context: all.text("kubernetes.context"),
                kubeconfig: all.text("kubernetes.config.file").map(PathBuf::from),
            });
            let session = platform::open(&id, &place, context).await?;
            Target::of(session, secret).await
        }
        Some(other) => {
            let message =
                format!("`{other}` is not a session target; use `remote` or `kubernetes-session`");
            Err(Error::new(Kind::Broken, message)
                .hint("-t remote -m HOST:PORT, or -t kubernetes-session"))
        }
    }
}

/// The address that is configured; `None`: the session that is there.
fn address(all: &Configuration) -> Result<Option<String>, Error> {
    match configured(all) {
        ConfiguredTarget::Address(address) => Ok(Some(address)),
        ConfiguredTarget::Unnamed => Ok(None),
        ConfiguredTarget::Leader(kind) => {
            let message = format!(
                "the configuration asks for high availability ({kind}), where only the leader's own record has its address"
            );
            Err(Error::new(Kind::Broken, message)
                .hint("name a JobManager with -m HOST:PORT, or a session in NUTKIN_SESSION"))
        }
    }
}

/// The configuration in `FLINK_CONF_DIR`. It may be set for other programs: who names a session of Nutkin means that.
fn directory(context: &Context<'_>) -> Result<Configuration, Error> {
    let place = context.environment.place(CONF_DIR_VARIABLE);
    let is_named = context.environment.text(SESSION_VARIABLE).is_some();
    let Some(directory) = place.filter(|_| !is_named) else { return Ok(Configuration::new()) };
    let has = |dialect: Dialect| directory.join(dialect.file_name()).is_file();
    let (old, new) = (has(Dialect::FlinkConf), has(Dialect::ConfigYaml));
    let newest = FlinkVersion::new(2, 0, 0);
    let loaded = Dialect::loaded(FlinkVersion::DEFAULT, old, new)
        .or_else(|| Dialect::loaded(newest, old, new));
    let Some(dialect) = loaded else { return Ok(Configuration::new()) };
    let path = directory.join(dialect.file_name());
    let bytes = fs::read(&path).map_err(|error| {
        let message = format!("cannot read `{}`: {error}", path.display());
        Error::new(Kind::Invalid, message)
    })?;
    let name = path.display().to_string();
    let reading = dialect::read(dialect, &String::from_utf8_lossy(&bytes), &name);
    Ok(reading.map_err(Error::input)?.configuration)
}
