//! What sessions that are gone have left in a namespace.

use futures_util::future::try_join3;
use nutkin_core::gc::cluster::{LeftMaps, SeenNamespace, left_maps};
use nutkin_core::kubernetes::resource::{CONFIG_MAPS, DEPLOYMENTS, PODS, STATEFUL_SETS};
use nutkin_shell::Error;
use nutkin_shell::ledger::now;

use super::api::Api;
use super::end::delete_what_is_left;
use super::error::failure;

/// High availability data of sessions that are gone.
///
/// # Errors
/// The API server refuses one of the lists: nobody knows what lives.
pub async fn high_availability(api: &Api) -> Result<Vec<LeftMaps>, Error> {
    // The data first: whoever has some by then has a workload in the lists that follow.
    let maps = api.list(CONFIG_MAPS, "").await.map_err(failure)?;
    let lists =
        try_join3(api.list(DEPLOYMENTS, ""), api.list(STATEFUL_SETS, ""), api.list(PODS, ""));
    let (mut workloads, more, pods) = lists.await.map_err(failure)?;
    workloads.extend(more);
    Ok(left_maps(&SeenNamespace { maps, workloads, pods, now: now() }))
}

/// Deletes such data, unless somebody needs it by now. Gives what was deleted.
///
/// # Errors
/// The API server refuses.
pub async fn delete(api: &Api, left: &LeftMaps) -> Result<Vec<String>, Error> {
    let now = high_availability(api).await?;
    let is_it = |one: &&LeftMaps| one.cluster_id == left.cluster_id && one.needed.is_none();
    match now.iter().find(is_it) {
        Some(_) => delete_what_is_left(api, &left.cluster_id).await,
        None => Ok(Vec::new()),
    }
}
