//! `nutkin operator run`.

use std::fs;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};

use nutkin_core::plan::kubernetes::config_map;
use nutkin_flink::Configuration;
use nutkin_flink::dialect::Dialect;
use nutkin_kubernetes::cluster;
use nutkin_operator::settings::{self, OperatorWide, WatchedNamespaces};
use nutkin_shell::{ClusterPlace, Tenure};

use super::hands::CommandHands;
use crate::operator::{self, LeaseSettings, Settings};
use crate::{Context, Exit, Outcome, runtime};

/// The field manager of what the operator writes.
const MANAGER: &str = "nutkin-operator";

/// Arguments of `nutkin operator run`.
#[derive(Debug, clap::Args)]
#[command(
    after_help = "The custom resources are those of Flink Kubernetes Operator (flink.apache.org/v1beta1). Sessions are kept: a \
FlinkDeployment with `spec.job`, an application, is left alone. Only one of several operators acts: the one that holds the lease.

Examples:
  nutkin operator run                          all namespaces
  nutkin operator run --namespaces dev,test    two of them
  nutkin operator run --no-lease --health 127.0.0.1:8085
                                               the only operator, on this machine"
)]
pub(super) struct Args {
    /// Namespaces to watch; all where none is named
    #[arg(long, short, value_name = "NAMES", value_delimiter = ',', env = "WATCH_NAMESPACES")]
    namespaces: Vec<String>,

    /// Keep only resources that have these labels
    #[arg(long, short = 'l', value_name = "SELECTOR")]
    selector: Option<String>,

    /// Directory with the operator's options (`config.yaml` or `flink-conf.yaml`); flags count more
    #[arg(long, value_name = "DIRECTORY", env = "FLINK_CONF_DIR")]
    conf_dir: Option<PathBuf>,

    /// Context of the kubeconfig; in a pod its own cluster
    #[arg(long)]
    context: Option<String>,

    /// Name of the Lease of the active operator; `flink-operator-lease` by default
    #[arg(long, value_name = "NAME")]
    lease: Option<String>,

    /// Namespace of the Lease; this pod's, or the context's
    #[arg(long, value_name = "NAME")]
    lease_namespace: Option<String>,

    /// Who asks for the Lease; this pod, or this machine
    #[arg(long, value_name = "NAME", env = "POD_NAME")]
    holder: Option<String>,

    /// Act without a Lease: there is no other operator
    #[arg(long, conflicts_with = "lease")]
    no_lease: bool,

    /// Address of the health endpoint; 0.0.0.0:8085 by default
    #[arg(long, value_name = "ADDRESS:PORT")]
    health: Option<SocketAddr>,
}

/// Keeps sessions and jobs as their resources say, until it is told to end.
///
/// # Errors
/// The cluster cannot be asked, the port for health is taken, or the lease was lost (1).
pub(super) fn run(args: Args, context: &Context<'_>) -> Outcome {
    let mut environment = context.environment.clone();
    environment.manager = Some(MANAGER);
    environment.tenure = (!args.no_lease).then(Tenure::default);
    let context = &context.within(&environment);
    runtime::block_on(async {
        let place = ClusterPlace { context: args.context.clone(), ..ClusterPlace::default() };
        let access = cluster::find(&place, &Configuration::new(), context.environment).await?;
        let settings = settings(args, &access.namespace, context);
        Box::pin(operator::run(access, &settings, &CommandHands::default(), context)).await?;
        Ok(Exit::Done)
    })
}

/// What the arguments and the options say. `namespace`: this pod's, or the context's.
fn settings(args: Args, namespace: &str, context: &Context<'_>) -> Settings {
    let options = args.conf_dir.map(|directory| options(&directory, context)).unwrap_or_default();
    for problem in settings::problems(&options) {
        context.events.warn_problem(&problem);
    }
    let wide = OperatorWide::of(&options);
    let own = args.lease_namespace.unwrap_or_else(|| namespace.to_owned());
    let flags = args.namespaces.into_iter().map(|one| one.trim().to_owned());
    let mut namespaces: Vec<String> = flags.filter(|one| !one.is_empty()).collect();
    if namespaces.is_empty() {
        namespaces = match wide.namespaces {
            WatchedNamespaces::All => Vec::new(),
            WatchedNamespaces::Own => vec![own.clone()],
            WatchedNamespaces::These(names) => names,
        };
    }
    let lease = (!args.no_lease).then(|| LeaseSettings {
        namespace: own,
        name: args.lease.unwrap_or(wide.lease),
        holder: args.holder.unwrap_or_else(|| {
            let machine = nutkin_shell::ledger::who(context.environment).host;
            format!("{machine}-{}", std::process::id())
        }),
        terms: wide.terms,
    });
    let port = wide.health.map(|port| SocketAddr::from((Ipv4Addr::UNSPECIFIED, port)));
    Settings {
        namespaces,
        selector: args.selector.or(wide.selector).unwrap_or_default(),
        lease,
        health: args.health.or(port),
        jars: wide.jars,
    }
}

/// The operator's options, as FKO keeps them: `config.yaml`, otherwise `flink-conf.yaml`.
fn options(directory: &Path, context: &Context<'_>) -> Configuration {
    let directory = context.environment.directory.join(directory);
    let read = |dialect: Dialect| {
        let text = fs::read_to_string(directory.join(dialect.file_name())).ok()?;
        Some(config_map::settings(dialect, &text))
    };
    let found = [Dialect::ConfigYaml, Dialect::FlinkConf].into_iter().find_map(read);
    let options = found.unwrap_or_default().into_iter();
    options.filter(|(key, _)| key.starts_with(settings::PREFIX)).collect()
}
