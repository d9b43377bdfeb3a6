//! `nutkin operator run`.

use std::net::SocketAddr;

use nutkin_flink::Configuration;
use nutkin_kubernetes::cluster;
use nutkin_operator::lease::LeaseTerms;
use nutkin_shell::{ClusterPlace, Error};

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
    #[arg(long, short = 'l', value_name = "SELECTOR", default_value = "")]
    selector: String,

    /// Context of the kubeconfig; in a pod its own cluster
    #[arg(long)]
    context: Option<String>,

    /// The Lease that the one has who acts
    #[arg(long, value_name = "NAME", default_value = "flink-operator-lease")]
    lease: String,

    /// Namespace of the Lease; this pod's, or the context's
    #[arg(long, value_name = "NAME")]
    lease_namespace: Option<String>,

    /// Who asks for the Lease; this pod, or this machine
    #[arg(long, value_name = "NAME", env = "POD_NAME")]
    holder: Option<String>,

    /// Act without a Lease: there is no other operator
    #[arg(long, conflicts_with = "lease")]
    no_lease: bool,

    /// Where to tell whether the operator is well
    #[arg(long, value_name = "ADDRESS:PORT", default_value = "0.0.0.0:8085")]
    health: SocketAddr,
}

/// Keeps sessions and jobs as their resources say, until it is told to end.
///
/// # Errors
/// The cluster cannot be asked, the port for health is taken, or the lease was lost (1).
pub(super) fn run(args: Args, context: &Context<'_>) -> Outcome {
    let mut environment = context.environment.clone();
    environment.manager = Some(MANAGER);
    let context = &context.within(&environment);
    runtime::block_on(async {
        let settings = settings(args, context).await?;
        Box::pin(operator::run(&settings, &CommandHands, context)).await?;
        Ok(Exit::Done)
    })
}

async fn settings(args: Args, context: &Context<'_>) -> Result<Settings, Error> {
    let namespaces = args.namespaces.into_iter().map(|one| one.trim().to_owned());
    let namespaces = namespaces.filter(|one| !one.is_empty()).collect();
    let place = ClusterPlace { context: args.context, ..ClusterPlace::default() };
    let mut lease = None;
    if !args.no_lease {
        let access = cluster::find(&place, &Configuration::new(), context.environment).await?;
        let namespace = args.lease_namespace.unwrap_or(access.namespace);
        let holder = args.holder.unwrap_or_else(|| {
            let machine = nutkin_shell::ledger::who(context.environment).host;
            format!("{machine}-{}", std::process::id())
        });
        let terms = LeaseTerms::default();
        lease = Some(LeaseSettings { namespace, name: args.lease, holder, terms });
    }
    Ok(Settings { place, namespaces, selector: args.selector, lease, health: Some(args.health) })
}
