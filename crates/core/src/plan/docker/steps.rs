//! From the containers that there are to those that shall be.

use super::Containers;
use nutkin_flink::process::Role;

/// A container that there is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SeenContainer {
    /// Its name for the daemon.
    pub name: String,
    /// Its name below the session.
    pub alias: String,
    /// What it is for; `None` for a role that this release does not know.
    pub role: Option<Role>,
    /// The hash of its label.
    pub hash: String,
    /// Whether it runs.
    pub runs: bool,
}

/// What to do, by names for the daemon, in the order of the fields.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Steps {
    /// Containers that are no longer wanted.
    pub remove: Vec<String>,
    /// Containers to make again, because something that they are made of differs.
    pub replace: Vec<String>,
    /// Containers that are missing.
    pub create: Vec<String>,
    /// Containers that are as they shall be and do not run.
    pub start: Vec<String>,
    /// Containers that are as they shall be and run, of which somebody wants a restart.
    pub restart: Vec<String>,
}

/// Compares. A container that differs only in labels stays.
pub fn steps(wanted: &Containers, seen: &[SeenContainer]) -> Steps {
    let mut steps = Steps::default();
    for one in seen {
        if !wanted.containers.iter().any(|wanted| wanted.name == one.name) {
            steps.remove.push(one.name.clone());
        }
    }
    for one in &wanted.containers {
        let name = one.name.clone();
        match seen.iter().find(|seen| seen.name == one.name) {
            None => steps.create.push(name),
            Some(seen) if seen.hash != one.hash => steps.replace.push(name),
            Some(seen) if !seen.runs => steps.start.push(name),
            Some(_) => {}
        }
    }
    steps
}

impl Steps {
    /// Whether there is nothing to do.
    pub const fn is_empty(&self) -> bool {
        self.remove.is_empty()
            && self.replace.is_empty()
            && self.create.is_empty()
            && self.start.is_empty()
            && self.restart.is_empty()
    }

    /// Whether a living container of a role ends.
    pub fn ends(&self, role: Role, seen: &[SeenContainer]) -> bool {
        let mut ended = self.remove.iter().chain(&self.replace).chain(&self.restart);
        ended.any(|name| {
            seen.iter().any(|one| one.name == *name && one.runs && one.role == Some(role))
        })
    }
}
