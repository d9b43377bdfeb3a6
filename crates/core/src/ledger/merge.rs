//! What the slower of two commands does with its change of the ledger: it reads the ledger again and makes its change
//! again where the other one touched something else.

use std::collections::BTreeMap;

use super::{Event, Ledger, Sighting};
use crate::words::ledger as words;

/// Two commands changed the same part.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{}", words::conflict(.name, .what, &by(.who.as_deref())))]
pub struct Conflict {
    /// The session.
    pub name: String,
    /// The part: `what is wanted`, ``job `x` ``.
    pub what: String,
    /// The last change of the other one, as far as it says so.
    pub who: Option<Box<Event>>,
}

fn by(who: Option<&Event>) -> String {
    who.map(|event| format!(" ({})", event.line())).unwrap_or_default()
}

/// The ledger with two changes: `ours` and `theirs` both began at `base`.
///
/// # Errors
/// Both changed the same part, and not to the same.
pub fn merge(base: &Ledger, ours: &Ledger, theirs: &Ledger) -> Result<Ledger, Conflict> {
    let conflict = |what: &str| Conflict {
        name: theirs.name.clone(),
        what: what.to_owned(),
        who: theirs
            .history
            .last()
            .filter(|event| !base.history.contains(event))
            .cloned()
            .map(Box::new),
    };
    let mut merged = theirs.clone();
    let wanted = one(&base.wanted, &ours.wanted, &theirs.wanted);
    merged.wanted.clone_from(wanted.ok_or_else(|| conflict(words::WANTED))?);
    let namespace = one(&base.namespace, &ours.namespace, &theirs.namespace);
    merged.namespace.clone_from(namespace.ok_or_else(|| conflict(words::NAMESPACE))?);
    let phase = one(&base.phase, &ours.phase, &theirs.phase);
    merged.phase.clone_from(phase.ok_or_else(|| conflict(words::PHASE))?);
    let made_by = one(&base.made_by, &ours.made_by, &theirs.made_by);
    merged.made_by.clone_from(made_by.ok_or_else(|| conflict(words::WANTED))?);
    // What was read later is not older: who was deposed does not come so far.
    let operator = one(&base.operator, &ours.operator, &theirs.operator);
    merged.operator.clone_from(operator.unwrap_or(&theirs.operator));
    // Where both changed it, whichever is later: both say that nothing before it goes on.
    let given_up = one(&base.given_up, &ours.given_up, &theirs.given_up);
    merged.given_up.clone_from(given_up.unwrap_or((&ours.given_up).max(&theirs.given_up)));
    let both = [&base.jobs, &ours.jobs, &theirs.jobs];
    merge_each(both, &mut merged.jobs).map_err(|name| conflict(&words::job(&name)))?;
    let both = [&base.snapshots, &ours.snapshots, &theirs.snapshots];
    merge_each(both, &mut merged.snapshots).map_err(|name| conflict(&words::snapshot(&name)))?;
    merge_sightings([&base.sightings, &ours.sightings], &mut merged.sightings);
    let new = ours.history.iter().filter(|event| !base.history.contains(event));
    merged.history.extend(new.cloned());
    Ok(merged)
}

/// Merges entry by entry what base, ours and theirs have.
///
/// # Errors
/// The name of an entry that both changed.
fn merge_each<T: Clone + PartialEq>(
    [base, ours, theirs]: [&BTreeMap<String, T>; 3],
    merged: &mut BTreeMap<String, T>,
) -> Result<(), String> {
    for name in base.keys().chain(ours.keys()) {
        let (base, ours, there) = (base.get(name), ours.get(name), theirs.get(name));
        match one(&base, &ours, &there).ok_or_else(|| name.clone())? {
            Some(entry) => merged.insert(name.clone(), (*entry).clone()),
            None => merged.remove(name),
        };
    }
    Ok(())
}

/// Merges sightings: of two of one job the later one counts, so that no command fails because another one has looked.
fn merge_sightings(
    [base, ours]: [&BTreeMap<String, Sighting>; 2],
    merged: &mut BTreeMap<String, Sighting>,
) {
    for id in base.keys().chain(ours.keys()) {
        let (before, mine) = (base.get(id), ours.get(id));
        let both = one(&before, &mine, &merged.get(id)).copied();
        let time = |of: Option<&Sighting>| of.map(|of| of.time.clone());
        let is_mine = both.map_or(time(merged.get(id)) < time(mine), |both| both == mine);
        match mine {
            Some(mine) if is_mine => drop(merged.insert(id.clone(), mine.clone())),
            None if is_mine => drop(merged.remove(id)),
            _ => {}
        }
    }
}

/// The one of two that is new, if it is one.
fn one<'a, T: PartialEq>(base: &'a T, ours: &'a T, theirs: &'a T) -> Option<&'a T> {
    if ours == base || ours == theirs {
        Some(theirs)
    } else if theirs == base {
        Some(ours)
    } else {
        None
    }
}
