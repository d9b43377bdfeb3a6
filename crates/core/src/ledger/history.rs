//! Who changed what.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::Ledger;
use super::secrets;
use crate::Remark;
use crate::words::status as words;

/// Who runs a command. Shells look, core gets it as a value.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Who {
    /// The user.
    #[serde(default)]
    pub user: String,
    /// The machine.
    #[serde(default)]
    pub host: String,
}

/// One line of the history.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Event {
    /// When, in RFC 3339.
    #[serde(default)]
    pub time: String,
    /// By whom.
    #[serde(flatten)]
    pub who: Who,
    /// The command with its words, without secrets.
    #[serde(default)]
    pub command: String,
    /// What it changed, for people.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub changes: Vec<String>,
    /// Fields of a newer Nutkin, which are kept.
    #[serde(flatten)]
    pub unknown: BTreeMap<String, Value>,
}

impl Event {
    /// A line for a command that is run now. Values of the command line that are secret are masked.
    pub fn new(time: &str, who: &Who, words: &[String], changes: Vec<String>) -> Self {
        let (time, who) = (time.to_owned(), who.clone());
        let command = secrets::masked_words(words).join(" ");
        Self { time, who, command, changes, unknown: BTreeMap::new() }
    }

    /// `ann@laptop, 2026-11-29T12:00:00Z: nutkin up -f a.yaml`.
    pub fn line(&self) -> String {
        format!("{}@{}, {}: {}", self.who.user, self.who.host, self.time, self.command)
    }
}

/// What is noted of a session that was ended: the only change that says nothing about what is wanted.
pub const ENDED: &str = "ended";

impl Ledger {
    /// Who said last what is wanted; `None`: nobody noted it.
    pub fn wanted_by(&self) -> Option<&Event> {
        let says = |event: &&Event| event.changes != [ENDED];
        self.wanted.as_ref().and_then(|_| self.history.iter().rev().find(says))
    }

    /// The same in words, with what brings it about.
    pub fn says_wanted_by(&self) -> Remark {
        match self.wanted_by() {
            Some(event) => {
                let who = format!("{}@{}", event.who.user, event.who.host);
                words::wanted_by((&event.command, &who, &event.time), &self.name)
            }
            None => words::wanted_by_ledger(&self.name),
        }
    }

    /// What was noted of a job, oldest first: changes that name it by any of these names.
    pub fn history_of(&self, names: &[&str]) -> Vec<(&Event, Vec<&str>)> {
        let quoted: Vec<String> = names.iter().map(|name| format!("`{name}`")).collect();
        let is_about = |change: &&str| quoted.iter().any(|name| change.contains(name.as_str()));
        let all = self.history.iter().map(|event| {
            (event, event.changes.iter().map(String::as_str).filter(is_about).collect::<Vec<_>>())
        });
        all.filter(|(_, changes)| !changes.is_empty()).collect()
    }

    /// Notes who changed what.
    pub fn note(&mut self, event: Event) {
        self.history.push(event);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_noted_of_a_job() {
        let mut ledger = Ledger::new("s");
        let who = Who { user: "ann".to_owned(), host: "laptop".to_owned() };
        let mut note = |changes: &[&str]| {
            let changes = changes.iter().map(|change| (*change).to_owned()).collect();
            ledger.note(Event::new("2026-11-30T12:00:00Z", &who, &[], changes));
        };
        note(&["job `a` goes on from x", "job `ab` goes on from y"]);
        note(&["TaskManagers: 3"]);
        note(&["jobs that are stopped: `Orders`, `b`"]);
        let about = |names: &[&str]| -> Vec<String> {
            let found = ledger.history_of(names);
            found.into_iter().flat_map(|(_, changes)| changes).map(str::to_owned).collect()
        };
        assert_eq!(about(&["a"]), ["job `a` goes on from x"]);
        let both = ["job `a` goes on from x", "jobs that are stopped: `Orders`, `b`"];
        assert_eq!(about(&["a", "Orders"]), both);
        assert_eq!(about(&["c"]), Vec::<String>::new());
    }
}
