//! Decisions about Docker, with a daemon in memory that carries them out.

mod daemon;
mod golden;
mod properties;

use crate::session::Session;
use crate::spec::{self, Inputs};
use nutkin_flink::FlinkVersion;

/// A session of these options.
fn session(task_managers: u32, options: &[(&str, &str)]) -> Session {
    let inputs = Inputs {
        name: Some("s".to_owned()),
        flink: Some(FlinkVersion::new(1, 20, 5)),
        task_managers: Some(task_managers),
        options: options.iter().map(|(key, value)| ((*key).into(), (*value).into())).collect(),
        ..Inputs::default()
    };
    spec::resolve(&inputs).expect("a session")
}

const HA: (&str, &str) = ("high-availability.type", "zookeeper");
