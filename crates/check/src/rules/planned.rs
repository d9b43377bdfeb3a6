//! What the planner says of a session file that the user names as one: `up` and `render` would refuse it. For other
//! people's files, which an operator may run, this is not asked.

use std::collections::BTreeMap;

use super::files::SESSION_FILE;
use crate::finding::Findings;
use crate::rule::Severity;
use crate::system::System;
use nutkin_core::plan::docker::{self, DaemonImage, HealthCheck};
use nutkin_core::plan::kubernetes::native::{ClientMachine, wanted};
use nutkin_core::plan::kubernetes::plan;
use nutkin_core::session::Session;
use nutkin_core::spec::{self, Inputs};
use nutkin_flink::Problem;

pub(super) fn check(system: &System<'_>, out: &mut Findings<'_>) {
    let Some(object) = system.session else { return };
    let place = object.place();
    for problem in problems(system).unwrap_or_default() {
        let setting = system.settings.get(&problem.path);
        let place = setting.map_or(place, |setting| setting.place);
        let is_said = |(known, finding): &(crate::finding::Place, crate::Finding)| {
            (known.file, known.line) == (place.file, place.line)
                && finding.severity() == Severity::Error
        };
        if out.list.iter().any(is_said) {
            continue;
        }
        let message = if problem.path.is_empty() {
            problem.message
        } else {
            format!("`{}`: {}", problem.path, problem.message)
        };
        let cure = problem.hint.as_ref().map(|hint| hint.plain());
        out.add(&SESSION_FILE, place, message).cure = cure;
    }
}

/// The problems, or `None` where the file cannot be read, which is said elsewhere, or needs files of the client's machine.
fn problems(system: &System<'_>) -> Option<Vec<Problem>> {
    let file = &system.world.files[system.session?.file];
    let file = spec::read(&file.text, &file.name).ok()?;
    let session = match spec::resolve(&Inputs { file: Some(file), ..Inputs::default() }) {
        Ok(session) => session,
        Err(problems) => return Some(problems),
    };
    if spec::against_local(&session).is_none() {
        return containers(&session).err();
    }
    if !wanted(&session, &BTreeMap::new()).is_empty() {
        return None;
    }
    plan(&session, &ClientMachine::default()).err()
}

/// The session as containers of the official image: where it runs on this machine its memory is the same.
///
/// # Errors
/// All that `up` and `render` would refuse before they look at a daemon.
pub(crate) fn containers(session: &Session) -> Result<(), Vec<Problem>> {
    let around = DaemonImage {
        image: session.image.clone().unwrap_or_default(),
        flink_home: "/opt/flink".to_owned(),
        probe: HealthCheck::Bash,
        extras: BTreeMap::new(),
        port: None,
    };
    docker::plan(session, &around).map(|_| ())
}
