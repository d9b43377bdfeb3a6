//! How soon a TaskManager looks again for a ResourceManager that it has not found.
//!
//! Both start side by side, also after a JobManager was lost, and with Flink's 10 s (`cluster.registration.error-delay`) a TaskManager
//! that comes first by a moment would make the session wait for it that long. More often than needed only fills logs: a TaskManager
//! that finds nobody tries for five minutes (`taskmanager.registration.timeout`).

use nutkin_flink::{Configuration, Origin};

/// The option, the same from 1.13 to 2.3.
pub const FIND_AGAIN: &str = "cluster.registration.error-delay";

/// Milliseconds, where JVMs start at once. Without a unit, as releases that take a number want it.
const SOON: &str = "250";

/// The same where a pod may wait for its node or its image meanwhile.
const IN_PODS: &str = "1000";

/// On one machine.
pub(crate) fn find_again(all: &mut Configuration) {
    set(all, SOON);
}

/// In pods.
pub(crate) fn find_again_in_pods(all: &mut Configuration) {
    set(all, IN_PODS);
}

fn set(all: &mut Configuration, delay: &str) {
    let why = Origin::Default("JobManagers and TaskManagers start at the same time");
    all.set_default(FIND_AGAIN, delay, why);
}
