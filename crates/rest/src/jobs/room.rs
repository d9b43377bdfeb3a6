//! Looks whether a session has room for a job.

use nutkin_core::jobs::slots::{self, Shortage};

use crate::{Client, RunRequest};

/// What is missing for a job that is about to be submitted.
///
/// Nothing is said when its plan is not to be had: what main() has to complain of it says at the submission.
pub async fn shortage(client: &Client, jar: &str, request: &RunRequest) -> Option<Shortage> {
    let provision = client.provision().await.unwrap_or_default();
    if provision.on_demand && provision.most.is_none() {
        return None;
    }
    let plan = client.plan(jar, request).await.ok()?;
    let found = slots::shortage(slots::needed(&plan), client.slots().await.ok()?, provision)?;
    Some(with_memory(client, found).await)
}

/// What is missing for a job that is there and waits.
pub async fn shortage_of(client: &Client, id: &str) -> Option<Shortage> {
    let provision = client.provision().await.unwrap_or_default();
    let job = client.job(id, "").await.ok()?;
    let mut slots = client.slots().await.ok()?;
    let needed = slots::needed(&job["plan"]);
    // It has taken the free ones already, unless others have all of them.
    if slots.total < needed {
        slots.free = slots.total;
    }
    Some(with_memory(client, slots::shortage(needed, slots, provision)?).await)
}

async fn with_memory(client: &Client, shortage: Shortage) -> Shortage {
    Shortage { memory: client.memory().await.ok().flatten(), ..shortage }
}
