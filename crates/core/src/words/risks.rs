//! What a session may lose by its own options, in words for people.

fn of(job: Option<&str>) -> String {
    job.map(|job| format!(" of job `{job}`")).unwrap_or_default()
}

/// Checkpoints that end with their JobManager.
pub(crate) fn not_retained(value: &str, job: Option<&str>) -> String {
    format!(
        "`{value}`{}, and no high availability: checkpoints are deleted when the JobManager is told to end (NK0211)",
        of(job)
    )
}

/// What keeps them.
pub(crate) fn retains(value: &str) -> String {
    format!("`{value}` keeps them")
}

/// Native savepoints that Flink comes to own.
pub(crate) fn claimed(job: Option<&str>) -> String {
    format!(
        "CLAIM{}, and savepoints are native: with incremental checkpoints the first one after a start cannot be restored (NK0212)",
        of(job)
    )
}

/// What to write instead.
pub(crate) const NO_CLAIM: &str = "NO_CLAIM is safe, and what Nutkin starts jobs with";

/// A name that the session gives all jobs.
pub(crate) fn every_job_is(name: &str) -> String {
    format!(
        "every job is named `{name}`: high availability tells jobs of an application by their names (NK0213)"
    )
}

/// What helps.
pub(crate) const NAME_EACH: &str = "leave it out, or set it for each job";

/// Jobs that have one name.
pub(crate) fn both_are(jobs: &[&str], name: &str) -> String {
    let jobs: Vec<String> = jobs.iter().map(|job| format!("`{job}`")).collect();
    format!(
        "{} are named `{name}`: high availability tells jobs of an application by their names (NK0213)",
        jobs.join(", ")
    )
}

/// What helps.
pub(crate) const OTHER_NAMES: &str = "give each job its own name";
