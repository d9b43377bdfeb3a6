//! Answers what is asked about the objects of a session: what there is, and what applying others would give.

use std::collections::BTreeMap;

use futures_util::future::{join_all, join3, join4};
use nutkin_core::decide::kubernetes::{FoundObjects, Look, Predicted};
use nutkin_core::kubernetes::resource::{Resource, title};
use nutkin_shell::Error;
use serde_json::Value;

use crate::api::Api;
use crate::error::{failure, is_immutable};
use crate::session::KubernetesSession;

/// Reads the session's objects, all at once.
///
/// # Errors
/// The API server cannot be asked.
pub(crate) async fn look_at(api: &Api, look: &Look) -> Result<FoundObjects, Error> {
    let (kind, name) = &look.workload;
    let others = join_all(look.others.iter().map(|(kind, name)| api.get(*kind, name)));
    let list = |kind: &Resource| api.list(*kind, &look.selector);
    let labelled = join_all(look.labelled.iter().map(list));
    let permissions = join_all(look.permissions.iter().map(list));
    let pods = join_all(look.pods_of.iter().map(|name| KubernetesSession::pods_of(api, name)));
    let rest = join4(labelled, api.get(Look::SECRET, &look.secret), permissions, pods);
    let (workload, others, (labelled, secret, permissions, pods)) =
        join3(api.get(*kind, name), others, rest).await;
    let mut found =
        FoundObjects { workload: workload.map_err(failure)?, ..FoundObjects::default() };
    for other in others {
        found.others.extend(other.map_err(failure)?);
    }
    let labelled = labelled.into_iter().flat_map(Result::unwrap_or_default);
    found.labelled = labelled.chain(secret.unwrap_or_default()).collect();
    found.pods = pods.into_iter().flat_map(Result::unwrap_or_default).collect();
    // Who may not see them cannot have made them.
    found.permissions = permissions.into_iter().flat_map(Result::unwrap_or_default).collect();
    Ok(found)
}

/// What every object would be, by the API server's own word.
///
/// # Errors
/// It refuses one of them for another reason than that a field never changes.
pub(crate) async fn predict(
    api: &Api,
    items: &[Value],
) -> Result<BTreeMap<String, Predicted>, Error> {
    let asked = join_all(items.iter().map(|item| api.apply(item, true))).await;
    let mut predicted = BTreeMap::new();
    for (item, answer) in items.iter().zip(asked) {
        let one = match answer {
            Ok(new) => Predicted::Becomes(new),
            Err(error) if is_immutable(&error) => Predicted::Never(error.to_string()),
            Err(error) => return Err(failure(error)),
        };
        predicted.insert(title(item), one);
    }
    Ok(predicted)
}
