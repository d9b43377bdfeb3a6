//! Brings a session to what is wanted.

use std::time::Duration;

use serde_json::Value;

use super::live::{self, Live};
use super::{
    Ask, Authors, Creation, FoundObjects, Look, Observation, Plan, Predicted, Refusal, Step, Target,
};
use crate::decide::{self, Again, Change, Decision, Jobs, Restarts};
use crate::kubernetes::by_hand::{self, ByHand};
use crate::kubernetes::change::{self, Pair};
use crate::kubernetes::resource::title;
use crate::kubernetes::shape::WorkloadLayout;
use crate::kubernetes::{desired, diff, managed, progress, restart, rollout, workers};
use crate::plan::kubernetes::Objects;
use crate::remedy::{Deed, Remark};
use crate::words::{kept as words, waits};

/// How far what was seen leads.
enum Stage<'s> {
    /// The workload is made, and what it owns is to follow.
    Made(&'s Value),
    /// There is no session, as far as is known.
    New,
    /// There is something of that kind and name, and nobody has looked at it.
    Unseen,
    /// There is a session.
    Live(Box<Wanted<'s>>),
}

/// A session that is there, and what shall become of it.
struct Wanted<'s> {
    live: Live<'s>,
    /// The plan without accounts that somebody else made.
    objects: Objects,
    /// What is asked of the API server, in the order of the plan.
    items: Vec<Value>,
    /// What others have set in the pods of each of its workloads; nothing of a session that is taken over.
    by_hand: Vec<(&'s Value, Vec<ByHand>)>,
}

impl Wanted<'_> {
    /// What others have set in a workload's pods.
    fn by_hand(&self, workload: &Value) -> &[ByHand] {
        let of = self.by_hand.iter().find(|(one, _)| live::is_same(one, workload));
        of.map_or(&[], |(_, fields)| fields)
    }
}

fn stage<'s>(plan: &Plan, seen: &'s Observation) -> Result<Stage<'s>, Refusal> {
    if let Creation::Made(workload) = &seen.creation {
        return Ok(Stage::Made(workload));
    }
    let Some(found) = &seen.found else {
        let creates = seen.by.acts && !seen.by.adopts && seen.creation == Creation::Untried;
        return Ok(if creates { Stage::New } else { Stage::Unseen });
    };
    Ok(match wanted(plan, seen, found)? {
        Some(wanted) => Stage::Live(Box::new(wanted)),
        None => Stage::New,
    })
}

/// The session that was found with what shall become of it; `None`: there is none.
fn wanted<'s>(
    plan: &Plan,
    seen: &'s Observation,
    found: &'s FoundObjects,
) -> Result<Option<Wanted<'s>>, Refusal> {
    let Some(live) = live::of(&plan.objects, found, seen.by.adopts)? else { return Ok(None) };
    let session = plan.objects.cluster_id.clone();
    if progress::is_ending(live.workload) {
        return Err(Refusal::BeingDeleted { session });
    }
    if let Some(why) = change::cannot_become(live.workload, plan.objects.workload()) {
        return Err(Refusal::CannotBecome { session, why: why.to_owned() });
    }
    let mut objects = plan.objects.clone();
    objects.items.retain(|item| !live.shared.iter().any(|one| live::is_same(one, item)));
    let mut items =
        desired::for_live(&objects, plan.restart_nonce, live.workload, |item| live.find(item));
    restart::ask(&mut items, plan.restarted.as_deref(), |item| live.find(item));
    let all = std::iter::once(&live.workload).chain(&live.others).copied();
    let workloads = all.filter(|one| desired::is_workload(one) && !live.adopted);
    let by_hand = workloads.map(|one| (one, by_hand::of(one, &seen.by.manager))).collect();
    Ok(Some(Wanted { live, objects, items, by_hand }))
}

/// See [`super::question`].
pub(super) fn question(plan: &Plan, seen: &Observation) -> Result<Option<Ask>, Refusal> {
    let wanted = match stage(plan, seen)? {
        Stage::Made(_) | Stage::New => return Ok(None),
        Stage::Unseen => return Ok(Some(Ask::Look(Look::at(&plan.objects)))),
        Stage::Live(wanted) => wanted,
    };
    if !owns(seen, &wanted.live).is_empty() {
        return Ok(None);
    }
    if seen.predicted.is_none() {
        let asked = wanted.items.iter().filter(|item| {
            wanted.live.find(item).is_some_and(|old| !change::must_replace(old, item))
        });
        return Ok(Some(Ask::Predict(asked.cloned().collect())));
    }
    let (_, change) = compare(plan, seen, &wanted)?;
    let asks = seen.jobs.is_none() && !change.is_empty();
    Ok(asks.then(|| Ask::Jobs(wanted.live.workload.clone())))
}

/// See [`super::decide`].
pub(super) fn decide(plan: &Plan, seen: &Observation) -> Result<Decision<Step>, Refusal> {
    match stage(plan, seen)? {
        Stage::Made(workload) => Ok(complete(plan, seen, workload)),
        Stage::New => {
            let workload = desired::for_new(&plan.objects, plan.restart_nonce);
            let steps = vec![Step::CreateWorkload(workload)];
            Ok(Decision { steps, again: Again::Look, ..new(plan, None) })
        }
        Stage::Unseen => Ok(looks(plan, Vec::new())),
        Stage::Live(wanted) => bring(plan, seen, &wanted),
    }
}

/// Nothing can be said yet but what must be done before more is seen.
fn looks(plan: &Plan, steps: Vec<Step>) -> Decision<Step> {
    Decision { steps, again: Again::Look, ..Decision::nothing(plan.about()) }
}

/// What is waited for by [`super::follow`], which says what it is at the first look.
fn starts() -> Again {
    Again::Wait { reason: waits::KUBERNETES.to_owned(), after: Duration::ZERO }
}

/// A session that does not exist, but perhaps for the workload that was just made.
fn new(plan: &Plan, made: Option<&Value>) -> Decision<Step> {
    let first = made.cloned();
    let first = first.unwrap_or_else(|| desired::for_new(&plan.objects, plan.restart_nonce));
    let all = std::iter::once(first).chain(plan.objects.items.iter().skip(1).cloned());
    let pairs: Vec<Pair> =
        all.map(|new| Pair { old: None, new: Some(new), replace: false }).collect();
    let change = change::of(&pairs, plan.flink, plan.max_unavailable as u64);
    let remarks = plan.open.iter().cloned().map(Remark::from).collect();
    Decision {
        change: Change { is_new: true, remarks, ..shared(change) },
        ..Decision::nothing(plan.about())
    }
}

/// Everything that the new workload owns, all at once. Where one is refused for good the workload goes again, and with it
/// what it owns: nothing else.
fn complete(plan: &Plan, seen: &Observation, workload: &Value) -> Decision<Step> {
    let mut decision = new(plan, Some(workload));
    if seen.refused.is_some() {
        decision.steps = vec![Step::Undo(Target::of(workload))];
        return decision;
    }
    if let Some(made) = &seen.made {
        // So that a later apply can remove fields.
        let all = std::iter::once(workload).chain(made);
        let owns = if seen.is_owned { Vec::new() } else { taken_over(seen, all) };
        if !owns.is_empty() {
            decision.steps = vec![Step::Together(owns)];
        }
        decision.again = starts();
        return decision;
    }
    let uid = workload["metadata"]["uid"].as_str().unwrap_or_default();
    let others = plan.objects.owned_by(uid).into_iter();
    let others = others.map(|object| Step::Create {
        object,
        workload: workload.clone(),
        authors: Authors::Nobody,
    });
    // The creation has shown that nobody else makes the session: what it shall be is remembered with all the rest.
    let steps = remembered(seen).into_iter().chain(others).collect();
    decision.steps = vec![Step::Together(steps)];
    decision.again = Again::Look;
    decision
}

/// What is wanted is remembered where that is asked for.
fn remembered(seen: &Observation) -> Option<Step> {
    seen.by.remembers.then_some(Step::SaveLedger)
}

/// Steps that make our creations of these objects applies.
fn taken_over<'o>(seen: &Observation, objects: impl Iterator<Item = &'o Value>) -> Vec<Step> {
    let manager = seen.by.manager.as_str();
    let is_open = |one: &&Value| managed::take_over(one, manager, &[manager]).is_some();
    let own = |one: &Value| Step::Own { object: one.clone(), authors: Authors::Ours };
    objects.filter(is_open).map(own).collect()
}

/// Takes over what an earlier run created and may have been cut off before it did this: a change is foreseen right only
/// where a later apply can remove fields.
fn owns(seen: &Observation, live: &Live<'_>) -> Vec<Step> {
    if !seen.by.acts || seen.is_owned || live.adopted {
        return Vec::new();
    }
    taken_over(seen, std::iter::once(&live.workload).chain(&live.others).copied())
}

/// Compares what is there with what would be.
fn compare(
    plan: &Plan,
    seen: &Observation,
    wanted: &Wanted<'_>,
) -> Result<(Vec<Pair>, Change), Refusal> {
    let Wanted { live, objects, items, by_hand } = wanted;
    let mut pairs = Vec::new();
    for item in items {
        let Some(old) = live.find(item) else {
            pairs.push(Pair { old: None, new: Some(item.clone()), replace: false });
            continue;
        };
        let predicted = seen.predicted.as_ref().and_then(|all| all.get(&title(item)));
        let (mut new, replace) = match predicted {
            Some(Predicted::Becomes(new)) => (new.clone(), false),
            Some(Predicted::Never(message)) if !live.may_be_replaced(item) => {
                return Err(Refusal::Immutable {
                    session: objects.cluster_id.clone(),
                    message: message.clone(),
                    is_claim: item["kind"] == "PersistentVolumeClaim",
                });
            }
            // Nobody was asked where it must be made again in any case.
            Some(Predicted::Never(_)) | None => (item.clone(), true),
        };
        if !replace {
            by_hand::put_back(wanted.by_hand(old), &mut new);
        }
        pairs.push(Pair { old: Some(old.clone()), new: Some(new), replace });
    }
    let gone = live.extra.iter();
    pairs.extend(gone.map(|old| Pair { old: Some((*old).clone()), new: None, replace: false }));
    // A run that was cut off may have left TaskManagers of the old content. Those of a workload are replaced by that: then
    // only the note is missing.
    let is_native = WorkloadLayout::of(live.workload) == WorkloadLayout::Native;
    let sizes = workers::wanted(objects, plan.flink);
    let mut pods = seen.found.iter().flat_map(|found| &found.pods);
    let are_old = desired::workers_are_old(objects, live.workload) == Some(true)
        || (is_native && pods.any(|pod| workers::is_old(pod, &sizes)))
        || restart::is_due(live.workload, plan.restarted.as_deref());
    let max_unavailable = plan.max_unavailable as u64;
    let change = change::of_session(&pairs, plan.flink, max_unavailable, are_old && is_native);
    let mut change = shared(change);
    change.completes = are_old && change.is_empty();
    change.adopts = live.adopted.then(|| title(live.workload));
    if !change.is_empty() {
        change.remarks.extend(plan.open.iter().cloned().map(Remark::from));
    }
    let left: Vec<String> = live.permissions.iter().map(|one| title(one)).collect();
    if !left.is_empty() {
        let down = Deed::down(objects.cluster_id.as_str());
        change.remarks.push(Remark::new(
            words::keeps_permissions(&left.join(", ")),
            vec![down.does("removes them")],
        ));
    }
    for (workload, fields) in by_hand {
        let stay = fields.iter().filter(|field| !field.is_of_a_person());
        let said = stay.map(|field| words::by_hand(&title(workload), &field.path, &field.author));
        change.remarks.extend(said.map(Remark::from));
    }
    Ok((pairs, change))
}

/// A change of objects in the form that all platforms share.
fn shared(change: change::KubernetesChange) -> Change {
    let change::KubernetesChange {
        objects,
        restarts_job_managers: job_managers,
        restarts_task_managers: task_managers,
        effect,
        not_recovered,
        sizes,
        failovers,
    } = change;
    let restarts = Restarts { job_managers, task_managers, zookeeper: false };
    Change { objects, sizes, restarts, effect, not_recovered, failovers, ..Change::default() }
}

/// What a session that is there needs to become what is wanted.
fn bring(plan: &Plan, seen: &Observation, wanted: &Wanted<'_>) -> Result<Decision<Step>, Refusal> {
    let owns = owns(seen, &wanted.live);
    if !owns.is_empty() {
        return Ok(looks(plan, vec![Step::Together(owns)]));
    }
    if seen.predicted.is_none() {
        return Ok(looks(plan, Vec::new()));
    }
    let (pairs, change) = compare(plan, seen, wanted)?;
    let is_same = change.is_empty();
    let jobs = seen.jobs.clone().unwrap_or(Jobs::Unknown);
    let mut decision = Decision { again: starts(), ..Decision::nothing(plan.about()) };
    if !is_same {
        decision.harm = decide::harm(touches(&pairs, &change), change.effect, &jobs);
        decision.jobs = decide::fates(change.effect, &jobs);
    }
    if !is_same || change.completes {
        decision.steps = steps(seen, wanted, &pairs, &change);
    }
    decision.assumptions = assumptions(wanted);
    decision.change = change;
    Ok(decision)
}

/// What nobody noted, and what is taken for it.
fn assumptions(wanted: &Wanted<'_>) -> Vec<String> {
    let Wanted { live, objects, .. } = wanted;
    let is_native = WorkloadLayout::of(live.workload) == WorkloadLayout::Native;
    // What is adopted shows all its differences as it is.
    if !is_native || live.adopted || desired::workers_are_old(objects, live.workload).is_some() {
        return Vec::new();
    }
    vec![waits::PRESENT.to_owned()]
}

/// Whether something that runs is touched: not where only what a cut-off creation left out is added.
fn touches(pairs: &[Pair], change: &Change) -> bool {
    let is_same = |pair: &Pair| match (&pair.old, &pair.new) {
        (Some(old), Some(new)) => !pair.replace && diff::objects(old, new).is_empty(),
        _ => false,
    };
    let only_adds = pairs.iter().all(|pair| pair.old.is_none() || is_same(pair));
    !only_adds || change.restarts != Restarts::default() || change.adopts.is_some()
}

/// The steps in an order that may be cut off anywhere: what is wanted, so that of two commands one is told before it
/// touches anything, then what pods read, then what makes TaskManagers, then the JobManagers'
/// workload that says for which content they are, then what nothing wants any more, then the TaskManagers of the old
/// content, then the note that they were ended.
fn steps(seen: &Observation, wanted: &Wanted<'_>, pairs: &[Pair], change: &Change) -> Vec<Step> {
    let Wanted { live, objects, items, .. } = wanted;
    let authors = if live.adopted { Authors::Everyone } else { Authors::Ours };
    let mut steps: Vec<Step> = remembered(seen).into_iter().collect();
    let (mut first, mut workloads, mut others) = (Vec::new(), Vec::new(), Vec::new());
    for (index, (item, pair)) in items.iter().zip(pairs).enumerate() {
        let mut object = item.clone();
        if seen.by.stays && change::is_to_be_held(pair, change.effect) {
            object = rollout::held(item);
            if let Some(old) = &pair.old
                && let Some(patch) = rollout::hold(old)
            {
                steps.push(Step::Hold { target: Target::of(old), patch });
            }
        }
        if let Some(old) = &pair.old
            && wanted.by_hand(old).iter().any(ByHand::is_of_a_person)
        {
            // Applying takes away only what is ours.
            steps.push(Step::Own { object: old.clone(), authors: Authors::People });
        }
        let step = match &pair.old {
            None => Step::Create { object, workload: live.workload.clone(), authors },
            Some(old) if pair.replace => Step::Replace { old: Target::of(old), object, authors },
            Some(_) => Step::Apply { object, authors },
        };
        match (index, desired::is_workload(item)) {
            (0, _) => first.push(step),
            (_, true) => workloads.push(step),
            (_, false) => others.push(step),
        }
    }
    // TaskManagers of their own start with what is there at that moment.
    for group in [others, workloads] {
        if !group.is_empty() {
            steps.push(Step::Together(group));
        }
    }
    steps.extend(first);
    let removed: Vec<Step> = live
        .extra
        .iter()
        .map(|extra| Step::Delete { target: Target::of(extra), last: false })
        .collect();
    if !removed.is_empty() {
        steps.push(Step::Together(removed));
    }
    // In standalone mode a workload replaces them by itself.
    if change.restarts.task_managers && WorkloadLayout::of(live.workload) == WorkloadLayout::Native
    {
        steps.push(Step::EndTaskManagers);
    }
    let patch = desired::note_workers(objects);
    steps.push(Step::Note { target: Target::of(live.workload), patch, authors });
    steps
}

impl Observation {
    /// Takes note of what a step has made; what else is known of the session is asked for again where it may have changed.
    pub fn after(&mut self, step: &Step, answer: Option<Value>) {
        match (step, answer) {
            (Step::CreateWorkload(_), Some(made)) => self.creation = Creation::Made(Box::new(made)),
            (Step::CreateWorkload(_), None) => {
                self.creation = Creation::Exists;
                self.found = None;
            }
            (Step::Own { .. }, answer) => {
                self.is_owned = true;
                let found = self.found.iter_mut();
                let known =
                    found.flat_map(|found| found.workload.iter_mut().chain(&mut found.others));
                if let Some(now) = answer {
                    for one in known.filter(|one| live::is_same(one, &now)) {
                        one.clone_from(&now);
                    }
                }
            }
            (Step::Create { .. }, answer) if matches!(self.creation, Creation::Made(_)) => {
                self.made.get_or_insert_default().extend(answer);
            }
            (Step::Together(_) | Step::SaveLedger, _) => {}
            (Step::EndPods(pods), _) => {
                self.ended.extend(pods.iter().map(|pod| pod.uid.clone()));
                self.later();
            }
            _ => self.later(),
        }
    }

    /// Time has passed: how far the session is, is asked for again.
    pub fn later(&mut self) {
        self.progress = Some(super::SeenProgress::default());
    }
}
