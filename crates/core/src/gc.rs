//! What sessions have left on a machine, and who needs it. What cannot be proven to be needed by nobody stays.

pub mod cluster;
#[cfg(test)]
mod tests;
pub mod znodes;

use std::collections::{BTreeMap, BTreeSet};

use crate::ledger::{JobRecord, Ledger};
use crate::words::gc as words;

/// A session that may need what is left.
#[derive(Debug, Clone)]
pub struct Holder {
    /// Its name.
    pub session: String,
    /// Its ledger; `None`: it cannot be read.
    pub ledger: Option<Ledger>,
    /// Ids of its jobs that have not ended; `None`: it may have some and does not tell.
    pub running: Option<BTreeSet<String>>,
    /// Whether it has processes or a workload: what it left is not left yet.
    pub lives: bool,
    /// Whether high availability may bring jobs back that nobody else knows.
    pub is_highly_available: bool,
}

/// One thing that is left, which goes whole or not at all.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Leftover {
    /// The session below whose data it is; a jar belongs to none.
    pub session: Option<String>,
    /// What it is.
    pub what: LeftoverKind,
    /// Where it is.
    pub path: String,
    /// How much room it takes.
    pub bytes: u64,
    /// Ids that its complete checkpoints and savepoints mention: their files may lie in the directories of these jobs.
    pub mentions: BTreeSet<String>,
}

/// What a leftover is.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum LeftoverKind {
    /// A kept jar, by its SHA-256.
    Jar(String),
    /// The directory of checkpoints of a job, by its id.
    Checkpoints(String),
    /// What a JobManager wrote down of a job that has ended, by its id.
    Archive(String),
    /// A savepoint.
    Savepoint,
    /// What high availability wrote of a session.
    HighAvailability {
        /// Whether jobs may be brought back from it, or it cannot be read.
        may_bring_back: bool,
    },
}

/// A leftover, and why it stays.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Judged {
    /// It.
    pub leftover: Leftover,
    /// Who needs it; `None`: nobody does.
    pub needed: Option<Needed>,
}

/// Why something stays.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Needed {
    /// The job runs in this session.
    Runs(String),
    /// The ledger of this session names it.
    Ledger(String),
    /// This session is gone, and what is left of its high availability may bring back jobs, of which nobody knows what they need.
    MayReturn(String),
    /// This session has a ledger that cannot be read, or jobs that it does not tell.
    NotTold(String),
    /// High availability of this session may bring its jobs back.
    HighAvailability(String),
    /// What stays there refers to it.
    Refers(String),
    /// A session of its name may bring jobs back from it.
    BringsBack,
    /// Its session is still there.
    Lives(String),
    /// Somebody may have taken it by hand: this session is still there.
    ByHand(String),
}

impl Judged {
    /// The proof, or who needs it.
    pub fn line(&self) -> String {
        let size = nutkin_flink::units::MemorySize::from_bytes(self.leftover.bytes).to_string();
        let path = &self.leftover.path;
        match (&self.needed, &self.leftover.what) {
            (None, LeftoverKind::Jar(_)) => words::jar_goes(path, &size),
            (None, LeftoverKind::Checkpoints(job)) => words::checkpoints_go(path, &size, job),
            (None, LeftoverKind::Archive(job)) => words::archive_goes(path, &size, job),
            (None, LeftoverKind::Savepoint) => words::savepoint_goes(path, &size),
            (None, LeftoverKind::HighAvailability { .. }) => {
                words::high_availability_goes(path, &size)
            }
            (Some(needed), _) => words::stays(path, &needed.line()),
        }
    }
}

impl Needed {
    /// What people read.
    pub fn line(&self) -> String {
        match self {
            Self::Runs(session) => words::runs(session),
            Self::Ledger(session) => words::in_ledger(session),
            Self::NotTold(session) => words::not_told(session),
            Self::MayReturn(session) => words::may_return(session),
            Self::HighAvailability(session) => words::may_come_back(session),
            Self::Refers(path) => words::refers(path),
            Self::BringsBack => words::BRINGS_BACK.to_owned(),
            Self::Lives(session) => words::lives(session),
            Self::ByHand(session) => words::by_hand(session),
        }
    }
}

/// Which jobs need a jar, as session and job: those that run with it, and those that a change under way may bring back with it.
pub fn needs_jar<'h>(digest: &str, holders: &'h [Holder]) -> Vec<(&'h str, &'h str)> {
    let has = |record: &JobRecord| record.jar_digest.as_deref() == Some(digest);
    let needs = |record: &JobRecord| has(record) || record.pending.as_deref().is_some_and(has);
    let mut found = BTreeSet::new();
    for holder in holders {
        let Some(ledger) = &holder.ledger else { continue };
        let now = ledger.jobs.iter().filter(|(_, record)| !is_done(record));
        let before = ledger.phase.iter().flat_map(|phase| &phase.jobs);
        let all = now.chain(before).filter(|(_, record)| needs(record));
        found.extend(all.map(|(name, _)| (holder.session.as_str(), name.as_str())));
    }
    found.into_iter().collect()
}

/// Says of each leftover whether it is needed.
pub fn judge(leftovers: Vec<Leftover>, holders: &[Holder]) -> Vec<Judged> {
    let texts: Vec<String> = holders.iter().map(text).collect();
    let mut all: Vec<Judged> = leftovers
        .into_iter()
        .map(|leftover| Judged { needed: by_holders(&leftover, holders, &texts), leftover })
        .collect();
    // What stays keeps what it refers to, which keeps what that refers to.
    loop {
        let mut referred: BTreeMap<String, String> = BTreeMap::new();
        for judged in all.iter().filter(|judged| judged.needed.is_some()) {
            for id in &judged.leftover.mentions {
                referred.entry(id.clone()).or_insert_with(|| judged.leftover.path.clone());
            }
        }
        let mut is_new = false;
        for judged in all.iter_mut().filter(|judged| judged.needed.is_none()) {
            let LeftoverKind::Checkpoints(job) = &judged.leftover.what else { continue };
            if let Some(path) = referred.get(job) {
                judged.needed = Some(Needed::Refers(path.clone()));
                is_new = true;
            }
        }
        if !is_new {
            return all;
        }
    }
}

/// Ids of jobs in the bytes of a `_metadata`: files that a checkpoint shares lie below the directory of a job.
pub fn ids_in(bytes: &[u8]) -> BTreeSet<String> {
    let runs = bytes.split(|byte| !byte.is_ascii_digit() && !(b'a'..=b'f').contains(byte));
    let ids = runs.filter(|run| run.len() == 32);
    ids.map(|run| String::from_utf8_lossy(run).into_owned()).collect()
}

/// A job of which nothing is needed any more.
pub(crate) fn is_done(record: &JobRecord) -> bool {
    let has_ended = record.ended.as_deref().is_some_and(|state| state != crate::ledger::FORGOTTEN);
    let waits = record.suspended || record.moving || record.pending.is_some();
    record.has_finished() || (has_ended && !waits && !record.is_resumable())
}

/// All that a ledger says but its history and the jobs of which nothing is needed any more.
fn text(holder: &Holder) -> String {
    let Some(mut ledger) = holder.ledger.clone() else { return String::new() };
    ledger.history.clear();
    ledger.jobs.retain(|_, record| !is_done(record));
    serde_json::to_string(&ledger).unwrap_or_default()
}

fn by_holders(leftover: &Leftover, holders: &[Holder], texts: &[String]) -> Option<Needed> {
    let own = leftover.session.as_ref();
    if leftover.what == (LeftoverKind::HighAvailability { may_bring_back: true }) {
        return Some(Needed::BringsBack);
    }
    let is_jar = matches!(leftover.what, LeftoverKind::Jar(_));
    for (holder, text) in holders.iter().zip(texts) {
        let name = &holder.session;
        let is_own = own == Some(name);
        let needle = match &leftover.what {
            LeftoverKind::Jar(digest) => digest.as_str(),
            LeftoverKind::Checkpoints(job) | LeftoverKind::Archive(job) => {
                if holder.running.as_ref().is_some_and(|running| running.contains(job)) {
                    return Some(Needed::Runs(name.clone()));
                }
                job.as_str()
            }
            LeftoverKind::Savepoint => leftover.path.rsplit('/').next().unwrap_or_default(),
            // Any session may be told to keep its jobs there.
            LeftoverKind::HighAvailability { .. } => leftover.path.as_str(),
        };
        if text.contains(needle) {
            return Some(Needed::Ledger(name.clone()));
        }
        if holder.ledger.is_none() && holder.running.is_none() && !holder.lives {
            return Some(Needed::MayReturn(name.clone()));
        }
        if holder.ledger.is_none() || (holder.running.is_none() && !is_jar) {
            return Some(Needed::NotTold(name.clone()));
        }
        if is_own && holder.is_highly_available {
            return Some(Needed::HighAvailability(name.clone()));
        }
        if is_own && matches!(leftover.what, LeftoverKind::HighAvailability { .. }) {
            return Some(Needed::Lives(name.clone()));
        }
        if is_own && leftover.what == LeftoverKind::Savepoint {
            return Some(Needed::ByHand(name.clone()));
        }
    }
    None
}
