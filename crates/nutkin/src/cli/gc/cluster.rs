//! `nutkin gc --on kubernetes`: high availability data in a namespace.

use nutkin_core::gc::cluster::LeftMaps;
use nutkin_flink::Configuration;
use nutkin_kubernetes::api::Api;
use nutkin_kubernetes::{cluster, leftovers};

use super::super::select::cluster_of;
use super::super::shared::PlatformArgs;
use super::{Args, Context, to_delete};
use crate::{Exit, Outcome};

/// Removes the high availability data of sessions that are gone.
///
/// # Errors
/// Consent needed (6); the API server refuses (1).
pub(super) async fn run(args: &Args, context: &Context<'_>) -> Outcome {
    let printer = context.printer;
    let (namespace, of_kubeconfig) = (args.namespace.clone(), args.context.clone());
    let place = cluster_of(&PlatformArgs { on: None, namespace, context: of_kubeconfig });
    let access = cluster::find(&place, &Configuration::new(), context.environment).await?;
    let api = Api::new(access)?;
    let mut left = leftovers::high_availability(&api).await?;
    left.retain(|one| args.name.as_ref().is_none_or(|name| one.cluster_id == *name));
    let goes = to_delete(left, |one| one.needed.is_none(), LeftMaps::line, args, context)?;
    if goes.is_empty() {
        return Ok(Exit::Done);
    }
    let mut count = 0;
    for one in goes {
        let deleted = leftovers::delete(&api, &one).await?;
        if deleted.is_empty() {
            printer.warn(&format!("data of `{}` is needed by now, or gone", one.cluster_id));
        }
        count += deleted.len();
    }
    printer.say(&format!("deleted: {count}"));
    Ok(Exit::Done)
}
