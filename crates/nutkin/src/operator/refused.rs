//! What is refused of a resource, in FKO's words, before anything is done for it.

use std::time::Duration;

use nutkin_operator::resource::{CustomResource, last_spec};
use nutkin_operator::status::ReconciliationState;
use nutkin_operator::validate::{self, DeploymentFacts, SessionFacts, SessionJobFacts};
use tokio::net::lookup_host;

use super::board::Board;
use super::world::Key;

/// The port of `https`: a host is looked up with one, and any would do.
const PORT: u16 = 443;

/// A resolver that works answers within a second; this is what its own repetitions take.
const LOOKUP: Duration = Duration::from_secs(5);

/// Of a deployment. An application is left alone, and nothing is refused of it.
pub(super) fn session(key: &Key, resource: &CustomResource) -> Vec<String> {
    if resource.is_application() || resource.is_deleted() {
        return Vec::new();
    }
    let options = validate::options_of(&resource.spec);
    let last = last_spec(&resource.status);
    let (name, spec) = (key.name.as_str(), &resource.spec);
    let facts = DeploymentFacts { name, spec, options: &options, last: last.as_ref() };
    validate::deployment(&facts).into_iter().map(|one| one.text).collect()
}

/// Of a job, and whether that may be otherwise the next time. The host of its jar is looked up while the job is not as its resource
/// says: later nothing is fetched. What is fetched may come from elsewhere, where the server redirects or the name changes.
pub(super) async fn job(
    resource: &CustomResource,
    session: Option<&CustomResource>,
    board: &Board,
) -> (Vec<String>, bool) {
    if resource.is_deleted() {
        return (Vec::new(), false);
    }
    let mut options =
        session.map(|session| validate::options_of(&session.spec)).unwrap_or_default();
    validate::add(&mut options, &resource.spec);
    let last = last_spec(&resource.status);
    let session =
        session.map(|session| SessionFacts { name: &session.metadata.name, spec: &session.spec });
    let (spec, jars) = (&resource.spec, &board.jars);
    let facts = SessionJobFacts { spec, options: &options, last: last.as_ref(), session, jars };
    let mut found: Vec<String> =
        validate::session_job(&facts).into_iter().map(|one| one.text).collect();
    let is_deployed =
        ReconciliationState::of(&resource.status) == Some(ReconciliationState::Deployed);
    let is_new = resource.status["observedGeneration"] != resource.metadata.generation;
    let jar = spec["job"]["jarURI"].as_str().unwrap_or_default();
    if let Some(host) = validate::host(jar, jars).filter(|_| is_new || !is_deployed)
        && found.is_empty()
    {
        let looked = tokio::time::timeout(LOOKUP, lookup_host((host, PORT))).await;
        let looked = looked.into_iter().flatten().flatten();
        let addresses: Vec<_> = looked.map(|address| address.ip()).collect();
        found.extend(validate::resolved(host, &addresses).map(|one| one.text));
        return (found, addresses.is_empty());
    }
    (found, false)
}
