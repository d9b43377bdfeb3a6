//! Drift: what runs is not what the ledger wants. It is what `up` without a file would change, without what depends on
//! the machine that looks.

use serde_json::{Value, json};

use crate::change::Difference;
use crate::decide::{Decision, ObjectAction};
use crate::selection::Platform;

/// One thing that is not as it is wanted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Drift {
    /// What `up` would do about it.
    pub action: ObjectAction,
    /// The object that it is of, on Kubernetes: `ConfigMap/flink-config-orders`.
    pub object: Option<String>,
    /// The option, field or file; `None`: the whole object.
    pub what: Option<String>,
    /// The value there is.
    pub old: Option<String>,
    /// The value that is wanted.
    pub new: Option<String>,
}

impl<S> Decision<S> {
    /// What is not as it is wanted, where this decision is about what the ledger wants. `None`: it is not known, because
    /// the session was not found, or something had to be assumed.
    pub fn drift(&self) -> Option<Vec<Drift>> {
        let change = &self.change;
        if change.is_new || !self.assumptions.is_empty() {
            return None;
        }
        let is_local = self.about.platform == Platform::Local;
        let mut all: Vec<Drift> = change
            .differences
            .iter()
            .filter(|one| !is_local || !is_of_machine(&one.what))
            .map(|one| Drift::of(None, one))
            .collect();
        for object in change.objects.iter().filter(|one| one.action != ObjectAction::Keep) {
            let title = Some(object.title.clone());
            if object.differences.is_empty() {
                let action = object.action;
                all.push(Drift { action, object: title.clone(), what: None, old: None, new: None });
            }
            all.extend(object.differences.iter().map(|one| Drift::of(title.clone(), one)));
        }
        Some(all)
    }
}

/// Whether a difference between two sessions on this machine comes from the terminal that looks: its Java, its variables,
/// where its Flink lies. Nobody wanted these of the session.
fn is_of_machine(what: &str) -> bool {
    what == "java" || what.starts_with("environment ") || what.ends_with(" arguments")
}

impl Drift {
    fn of(object: Option<String>, difference: &Difference) -> Self {
        let Difference { what, old, new } = difference.clone();
        let action = match (&old, &new) {
            (None, Some(_)) => ObjectAction::Add,
            (Some(_), None) => ObjectAction::Remove,
            _ => ObjectAction::Change,
        };
        Self { action, object, what: Some(what), old, new }
    }

    /// `taskManager.replicas: 2 -> 3`, with a sign in front where something is missing or too much.
    pub fn line(&self) -> String {
        let object = self.object.clone().unwrap_or_default();
        match &self.what {
            None => format!("{} {object}", self.action.symbol()),
            Some(what) => {
                let what = format!("{object} {what}");
                let (old, new) = (self.old.clone(), self.new.clone());
                let line = Difference { what: what.trim().to_owned(), old, new }.line();
                line.strip_prefix("~ ").unwrap_or(&line).to_owned()
            }
        }
    }

    /// The same for programs.
    pub fn document(&self) -> Value {
        json!({
            "action": self.action.word(),
            "object": self.object,
            "what": self.what,
            "old": self.old,
            "new": self.new,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::decide::{About, Object};

    fn decision(platform: Platform) -> Decision<()> {
        Decision::nothing(About {
            platform,
            name: "s".to_owned(),
            namespace: None,
            flink_version: "1.20.5".to_owned(),
            job_managers: 1,
            task_managers: Some(1),
        })
    }

    fn difference(what: &str, old: Option<&str>, new: Option<&str>) -> Difference {
        let (old, new) = (old.map(str::to_owned), new.map(str::to_owned));
        Difference { what: what.to_owned(), old, new }
    }

    #[track_caller]
    fn check(decision: &Decision<()>, expected: Option<&[&str]>) {
        let lines = decision.drift().map(|all| all.iter().map(Drift::line).collect::<Vec<_>>());
        let expected = expected.map(|lines| lines.iter().map(|line| (*line).to_owned()).collect());
        assert_eq!(lines, expected);
    }

    #[test]
    fn what_differs_from_what_is_wanted() {
        let mut one = decision(Platform::Local);
        check(&one, Some(&[]));
        one.change.differences = vec![
            difference("taskManager.replicas", Some("2"), Some("3")),
            difference("a.b", None, Some("1")),
            difference("c.d", Some("1"), None),
            difference("java", Some("/a"), Some("/b")),
            difference("environment HADOOP_CONF_DIR", None, Some("/h")),
            difference("JobManager arguments", Some("-Xmx1g"), None),
        ];
        check(&one, Some(&["taskManager.replicas: 2 -> 3", "+ a.b: 1", "- c.d: 1"]));
    }

    #[test]
    fn objects_that_are_missing_changed_or_too_much() {
        let mut one = decision(Platform::Kubernetes);
        let object = |title: &str, action, differences| Object {
            title: title.to_owned(),
            action,
            differences,
        };
        let replicas = vec![difference("spec.replicas", Some("2"), Some("3"))];
        one.change.objects = vec![
            object("Deployment/s", ObjectAction::Keep, Vec::new()),
            object("Deployment/s-taskmanager", ObjectAction::Change, replicas),
            object("Service/s-rest", ObjectAction::Add, Vec::new()),
            object("Ingress/s", ObjectAction::Remove, Vec::new()),
        ];
        check(
            &one,
            Some(&[
                "Deployment/s-taskmanager spec.replicas: 2 -> 3",
                "+ Service/s-rest",
                "- Ingress/s",
            ]),
        );
    }

    #[test]
    fn what_is_not_known_is_not_claimed() {
        let mut new = decision(Platform::Docker);
        new.change.differences = vec![difference("a", None, Some("1"))];
        check(&new, Some(&["+ a: 1"]));
        let mut assumed = new.clone();
        assumed.assumptions.push("the daemon has no image".to_owned());
        check(&assumed, None);
        new.change.is_new = true;
        check(&new, None);
    }
}
