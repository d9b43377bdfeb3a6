//! Processes that may still work for a lost JobManager: which TaskManagers are ended before its jobs go on.
//!
//! Without high availability a JobManager knows nothing of the one before it. TaskManagers of that one go on writing for as long
//! as a heartbeat is waited for, and refuse a job of an id that they know from it (`BlobLibraryCacheManager`, FLINK-32212).
//! Nothing is ended for a JobManager that does not answer: it is lost where its platform says that it has ended.

#[cfg(test)]
mod tests;

/// One start of a process, as its platform tells.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ProcessStart {
    /// What people call it: a container, a pod.
    pub name: String,
    /// What the platform calls it, which no other one ever has.
    pub id: String,
    /// When it was, in RFC 3339.
    pub since: String,
}

/// The processes of a session that run, those that are to end and have not yet included.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct LivingProcesses {
    /// JobManagers.
    pub job_managers: Vec<ProcessStart>,
    /// TaskManagers.
    pub task_managers: Vec<ProcessStart>,
}

/// What somebody knows of the processes of a session who has looked at them before.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Watched {
    /// Whether somebody has looked.
    has_looked: bool,
    /// The JobManager that lived last: of several the oldest, which has the jobs. `None`: none did.
    job_manager: Option<ProcessStart>,
    /// TaskManagers that had been there when the JobManager went away.
    suspects: Vec<ProcessStart>,
    /// TaskManagers that came while it was away: no JobManager before the next one knows them.
    fresh: Vec<ProcessStart>,
}

impl LivingProcesses {
    fn oldest(&self) -> Option<&ProcessStart> {
        self.job_managers.iter().min_by_key(|one| &one.since)
    }

    /// The JobManagers, where there is more than one: without high availability each of them may write.
    pub fn doubled(&self) -> Option<String> {
        let names: Vec<&str> = self.job_managers.iter().map(|one| one.name.as_str()).collect();
        (1 < names.len()).then(|| names.join(", "))
    }

    /// When the JobManager was started that has been there for longest.
    pub fn job_manager_since(&self) -> Option<&str> {
        self.oldest().map(|one| one.since.as_str())
    }
}

impl Watched {
    /// Takes a look into account, and gives the TaskManagers that are to be ended at once: the JobManager has ended, and jobs of
    /// it are to go on. `jobs`: when each of these was submitted, where that is known.
    pub fn look(&mut self, seen: &LivingProcesses, jobs: &[Option<&str>]) -> Vec<ProcessStart> {
        let now = seen.oldest().cloned();
        let is_first = !std::mem::replace(&mut self.has_looked, true);
        let before = std::mem::replace(&mut self.job_manager, now.clone());
        let end = match (&before, &now) {
            (Some(before), Some(_)) if seen.job_managers.contains(before) => return Vec::new(),
            (None, Some(_)) if is_first => return Vec::new(),
            // Whoever was not there when it went away does not know it.
            (None, _) if !is_first => {
                let living = seen.task_managers.iter().cloned();
                let (suspects, fresh) = living.partition(|one| self.suspects.contains(one));
                self.fresh = fresh;
                suspects
            }
            (_, None) => {
                self.suspects.clone_from(&seen.task_managers);
                self.fresh.clear();
                seen.task_managers.clone()
            }
            (_, Some(_)) => {
                // The next one was quicker than this look.
                self.fresh.clear();
                self.old(seen)
            }
        };
        let since = seen.job_manager_since();
        // What was submitted to the new one runs on these TaskManagers.
        let all_before = jobs.iter().all(|job| is_before(*job, since));
        if jobs.is_empty() || !all_before { Vec::new() } else { end }
    }

    /// TaskManagers that may know jobs of a JobManager before the one that lives.
    pub fn old(&self, seen: &LivingProcesses) -> Vec<ProcessStart> {
        let since = seen.job_manager_since();
        let is_old =
            |one: &&ProcessStart| !self.fresh.contains(one) && is_before(Some(&one.since), since);
        seen.task_managers.iter().filter(is_old).cloned().collect()
    }
}

/// Whether a job was submitted before that time. What is not known was.
pub(crate) fn is_before(submitted: Option<&str>, since: Option<&str>) -> bool {
    match (submitted, since) {
        (Some(submitted), Some(since)) => second(submitted) < second(since),
        _ => true,
    }
}

/// A time to the second: Docker has nanoseconds, Kubernetes has not, and all of them are in UTC.
fn second(time: &str) -> &str {
    time.get(.."2026-11-30T12:00:00".len()).unwrap_or(time)
}
