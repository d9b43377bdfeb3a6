//! Options of the ZooKeeper that Nutkin brings along: it is near, and its only clients are the JobManagers of one session.

use nutkin_flink::options;
use nutkin_flink::{Configuration, FlinkVersion, Origin};

/// How long a JobManager that died stays the leader. Flink's default of 60 s is for a ZooKeeper far away that many use, and its
/// server cuts it to 20 ticks, 40 s.
const SESSION: &str = "high-availability.zookeeper.client.session-timeout";

/// Who keeps the ZooKeeper running.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum KeptBy {
    /// Our supervisor, which starts JobManagers again whose sessions a ZooKeeper has outstayed.
    Supervisor,
    /// A Docker daemon, which does not. Sessions that end while ZooKeeper is away may leave two leaders (Curator's `LeaderLatch`
    /// takes the node of a dead session for its own), so they last longer than it takes to start a container again.
    Daemon,
}

impl KeptBy {
    /// The session, in milliseconds.
    const fn session(self) -> &'static str {
        match self {
            // A client is heard three times before its session is taken for dead (`ClientCnxn` pings each third of it).
            Self::Supervisor => "6000",
            Self::Daemon => "20000",
        }
    }
}

/// A leader whose connection breaks stays the leader until its session is over: a busy machine, which makes both wait, ends no
/// job. Since 1.14.
const TOLERANT: (&str, &str) =
    ("high-availability.zookeeper.client.tolerate-suspended-connections", "true");

/// Defaults with which another JobManager leads soon after one has died.
pub(super) fn fail_over_soon(all: &mut Configuration, flink: FlinkVersion, kept_by: KeptBy) {
    let origin = Origin::Default("the ZooKeeper that Nutkin brings along is near");
    for (key, value) in [(SESSION, kept_by.session()), TOLERANT] {
        if options::find(key).is_some_and(|one| one.at(flink).is_some()) {
            all.set_default(key, value, origin.clone());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn defaults_of_releases_and_of_users() {
        let set = |own: &[(&str, &str)], flink: &str| {
            let pairs = own.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned()));
            let mut all: Configuration = pairs.collect();
            fail_over_soon(&mut all, flink.parse().unwrap(), KeptBy::Supervisor);
            [SESSION, TOLERANT.0].map(|key| all.text(key))
        };
        let text = |text: &str| Some(text.to_owned());
        assert_eq!(set(&[], "1.20.5"), [text("6000"), text("true")]);
        assert_eq!(set(&[], "1.13.6"), [text("6000"), None]);
        assert_eq!(set(&[(SESSION, "60000")], "2.3.0"), [text("60000"), text("true")]);
    }
}
