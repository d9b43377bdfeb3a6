//! From facts to findings: facts of one kind are one finding, however often they happen and to however many.

use nutkin_core::crash_log;
use nutkin_flink::process::Role;

use crate::codes;
use crate::diagnosis::{Diagnosis, Proof};
use crate::evidence::Evidence;
use crate::fact::{Fact, Source};
use crate::rules;
use crate::symptom::{Counts, Symptom};
use crate::time;

/// Facts that are shown of one finding: the first ones, which are nearest to the cause.
const PROOFS: usize = 3;

/// Lines of the log of a process of which nothing else says why it has ended.
const EXCERPT: usize = 4;

/// For how long what is repeated while it is so counts after it was seen last, milliseconds: Flink tries what was refused again every five
/// seconds at the latest (`high-availability.kubernetes.leader-election.retry-period`).
const LATELY: i64 = 60_000;

/// How old a line may be that says something about a session in which nothing is missing, or how long before the end of its process it was
/// written, milliseconds: what leads to an end or a failure does so within minutes.
const NEAR: i64 = 10 * 60_000;

/// How old it may be while something is missing, milliseconds: what has kept processes away for longer was written again since.
const NEAR_WHILE_MISSING: i64 = 60 * 60_000;

/// By how much the end of a process may be noted before its last lines, milliseconds: times of ends are in whole seconds.
const SLACK: i64 = 5000;

/// How the session is at this moment.
#[derive(Debug, Clone, Copy)]
struct Health {
    /// Processes are missing, or nothing is known of them.
    misses: bool,
    /// Jobs fail or wait, or nothing is known of them.
    fails: bool,
    /// Now.
    now: Option<i64>,
}

impl Health {
    fn of(facts: &[Fact], evidence: &Evidence) -> Self {
        // Logs alone do not say how it is now.
        let is_blind = evidence.flink.is_none()
            && evidence.processes.is_empty()
            && evidence.objects.is_empty();
        let present = || facts.iter().filter(|fact| !fact.previous);
        let is_missing = |fact: &Fact| {
            let is_pod = fact.source == Source::Event && fact.role.is_some();
            let missing =
                [codes::NOT_RUNNING, codes::TASK_MANAGERS_MISSING, codes::SILENT, codes::HANGS];
            is_pod
                || fact.source == Source::End
                || fact.code.is_some_and(|code| missing.contains(&code))
        };
        let is_of_job = |fact: &Fact| {
            fact.source == Source::Job || fact.code.is_some_and(|code| code.starts_with("NK25"))
        };
        let misses = is_blind || present().any(is_missing);
        let fails = misses || facts.iter().any(is_of_job);
        Self { misses, fails, now: evidence.now.as_deref().and_then(time::of_rfc3339) }
    }

    /// Whether what a log says counts at this moment.
    fn counts(
        self,
        symptom: &Symptom,
        fact: &Fact,
        ended: &[(&str, Option<i64>)],
        first: &[&str],
    ) -> bool {
        match fact.source {
            // What was said of a pod that runs by now, or is gone, is over.
            Source::Event if fact.previous => return self.misses,
            // A job that runs again after its TaskManager has gone has done what it shall.
            Source::Job if fact.previous && symptom.rule.code == codes::TASK_MANAGER_LOST => {
                return self.misses;
            }
            Source::End | Source::Event | Source::Job | Source::Look => return true,
            Source::Log => {}
        }
        if !self.is_near(fact, ended, first) {
            return false;
        }
        let is_late = || self.age(fact).is_some_and(|age| age <= LATELY);
        match symptom.counts {
            Counts::Always => true,
            Counts::WhileMissing => self.misses,
            Counts::WhileFailing => self.fails,
            Counts::Lately => self.misses || is_late(),
        }
    }

    fn age(self, fact: &Fact) -> Option<i64> {
        self.now.zip(fact.at).map(|(now, at)| now.saturating_sub(at))
    }

    /// Whether a line of a log is near to now, or to an end of its process that is of interest.
    fn is_near(self, fact: &Fact, ended: &[(&str, Option<i64>)], first: &[&str]) -> bool {
        let ends = || ended.iter().filter(|(of, _)| *of == fact.of);
        // What lives its first life in this session has no end that older lines explain: they are of a session before.
        let is_of_another = || fact.previous && first.contains(&fact.of.as_str());
        let Some(at) = fact.at else {
            // The JVM writes no times: what it says belongs to a life that has ended or does not begin.
            return self.misses && !is_of_another() || ends().next().is_some();
        };
        let is_before = |end: i64| at <= end + SLACK && end - at <= NEAR;
        if ends().any(|(_, end)| end.is_none_or(is_before)) {
            return true;
        }
        let limit = if self.misses { NEAR_WHILE_MISSING } else { NEAR };
        let is_new = self.age(fact).is_none_or(|age| age <= limit);
        is_new && (!fact.previous || self.misses && !is_of_another())
    }
}

/// What was found, in order of time.
pub(crate) fn findings(facts: &[Fact], evidence: &Evidence) -> Vec<Diagnosis> {
    let health = Health::of(facts, evidence);
    let ends = facts.iter().filter(|fact| fact.source == Source::End);
    let ended: Vec<(&str, Option<i64>)> = ends.map(|fact| (fact.of.as_str(), fact.at)).collect();
    let firsts = evidence.processes.iter();
    let firsts = firsts.filter(|one| one.runs && one.restarts == 0 && one.end.is_none());
    let firsts: Vec<&str> = firsts.map(|one| one.name.as_str()).collect();
    let mut found: Vec<Diagnosis> = Vec::new();
    for fact in facts {
        let Some(symptom) = symptom_of(fact) else { continue };
        if health.counts(symptom, fact, &ended, &firsts) {
            add(&mut found, symptom, fact);
        }
    }
    let explained: Vec<(String, crate::symptom::Layer)> = found
        .iter()
        .flat_map(|one| one.subjects.iter().map(|subject| (subject.clone(), one.symptom.layer)))
        .collect();
    for one in &mut found {
        let layer = one.symptom.layer;
        let is_explained = |subject: &String| {
            explained.iter().any(|(other, lower)| other == subject && *lower < layer)
        };
        if one.has_end && !one.subjects.iter().any(is_explained) {
            one.proofs.extend(last_words(&one.subjects, one.at, evidence));
        }
    }
    found
}

/// The row that a fact is a case of: of those whose words are in it the one nearest to the beginning of a chain, and for exceptions of jobs otherwise the one of all others.
fn symptom_of(fact: &Fact) -> Option<&'static Symptom> {
    let of_job = || rules::all().find(|one| one.rule.code == codes::JOB_FAILS);
    let seen = rules::all().filter(|symptom| symptom.is_seen_in(fact));
    let found = seen.min_by_key(|symptom| symptom.layer);
    found.or_else(|| of_job().filter(|_| fact.source == Source::Job))
}

fn add(found: &mut Vec<Diagnosis>, symptom: &'static Symptom, fact: &Fact) {
    // Failures of jobs that have nothing in common but that they are failures.
    let cause = fact.cause.clone().filter(|_| symptom.rule.code == codes::JOB_FAILS);
    let place = found.iter_mut().position(|one| {
        one.symptom.rule.code == symptom.rule.code && (cause.is_none() || one.cause == cause)
    });
    let place = place.unwrap_or_else(|| {
        found.push(Diagnosis::new(symptom, cause));
        found.len() - 1
    });
    let one = &mut found[place];
    one.count += 1;
    one.at = one.at.or(fact.at);
    one.has_end |= fact.source == Source::End;
    one.touches(fact.role);
    if !one.subjects.contains(&fact.of) {
        one.subjects.push(fact.of.clone());
    }
    one.words.push_str(&fact.text);
    one.words.push('\n');
    let is_new = one.proofs.iter().all(|proof| proof.lines != fact.quote);
    if is_new && one.proofs.len() < PROOFS {
        one.proofs.push(Proof {
            at: fact.at,
            source: fact.source.name(),
            of: fact.of.clone(),
            lines: fact.quote.clone(),
        });
    }
}

/// What the first of these processes wrote before it ended, where that is known. `end`: when that was.
fn last_words(subjects: &[String], end: Option<i64>, evidence: &Evidence) -> Option<Proof> {
    let of = subjects.first()?;
    let logs = evidence.logs.iter().filter(|log| log.process == *of);
    let mut excerpts: Vec<Vec<String>> = logs
        .map(|log| crate::facts::written_before(log, end))
        .filter(|text| !text.trim().is_empty())
        .map(|text| crash_log::excerpt(&text, EXCERPT))
        .collect();
    let says = |lines: &Vec<String>| {
        lines.iter().any(|line| line.contains("Exception") || line.contains("Error"))
    };
    let place = excerpts.iter().position(says).or(excerpts.len().checked_sub(1))?;
    let lines = excerpts.swap_remove(place).iter().map(|line| crate::facts::shown(line)).collect();
    Some(Proof { at: None, source: Source::Log.name(), of: of.clone(), lines })
}

impl Diagnosis {
    fn touches(&mut self, role: Option<Role>) {
        match role {
            Some(Role::TaskManager) => self.of_task_managers = true,
            Some(Role::JobManager) => self.of_job_managers = true,
            Some(Role::ZooKeeper) | None => {}
        }
    }
}
