//! What a session may lose by its own options, which nobody but whoever wrote them can want. `check` finds the same in files.

use std::collections::BTreeMap;

use nutkin_flink::{Configuration, FlinkVersion, Problem, is_highly_available, options};

use crate::plan::retention::{RETAIN, RETENTION};
use crate::session::Session;
use crate::words::risks as words;

/// Who owns the savepoint that a job starts from (1.20 and later; before it is an old spelling).
const CLAIM_MODE: &str = "execution.state-recovery.claim-mode";

/// The format of savepoints that nobody has said another one of.
const FORMAT: &str = "kubernetes.operator.savepoint.format.type";

/// The name of a job.
const NAME: &str = "pipeline.name";

/// The releases of which a first checkpoint after CLAIM of a native savepoint cannot be restored (FLINK-39964): from the first
/// with native savepoints to the last one known that lacks the fix.
const CLAIMS_BADLY: [FlinkVersion; 2] = [FlinkVersion::new(1, 15, 0), FlinkVersion::new(2, 3, 0)];

/// What may be lost, as warnings.
pub fn risks(session: &Session) -> Vec<Problem> {
    let mut found = Vec::new();
    let is_available = is_highly_available(&session.configuration);
    let all = std::iter::once((None, &session.configuration))
        .chain(session.jobs.iter().map(|job| (Some(job.name.as_str()), &job.configuration)));
    for (job, options) in all {
        if !is_available {
            found.extend(not_retained(options, job, session.flink));
        }
        found.extend(claimed(options, job, session));
    }
    if is_available && session.flink.line().has_applications {
        found.extend(one_name(session));
    }
    found
}

/// Checkpoints that end with their JobManager.
fn not_retained(all: &Configuration, job: Option<&str>, version: FlinkVersion) -> Option<Problem> {
    let (key, entry) = options::lookup(all, RETENTION, version)?;
    let value = entry.value.to_string();
    if value.trim().eq_ignore_ascii_case(RETAIN) {
        return None;
    }
    let problem = Problem::new(key, words::not_retained(&value, job));
    Some(problem.hint(words::retains(RETAIN)))
}

/// Native savepoints that Flink comes to own.
fn claimed(all: &Configuration, job: Option<&str>, session: &Session) -> Option<Problem> {
    let version = session.flink;
    let [first, last] = CLAIMS_BADLY;
    let said = all.text(FORMAT).or_else(|| session.configuration.text(FORMAT));
    let is_native = match said {
        Some(said) => said.trim().eq_ignore_ascii_case("NATIVE"),
        None => version.line().native_savepoints,
    };
    if !is_native || version < first || last < version {
        return None;
    }
    let (key, entry) = options::lookup(all, CLAIM_MODE, version)?;
    if !entry.value.to_string().trim().eq_ignore_ascii_case("CLAIM") {
        return None;
    }
    Some(Problem::new(key, words::claimed(job)).hint(words::NO_CLAIM))
}

/// Jobs of one name.
fn one_name(session: &Session) -> Vec<Problem> {
    if let Some(name) = session.configuration.text(NAME) {
        return vec![Problem::new(NAME, words::every_job_is(&name)).hint(words::NAME_EACH)];
    }
    let mut named: BTreeMap<String, Vec<&str>> = BTreeMap::new();
    for job in &session.jobs {
        if let Some(name) = job.configuration.text(NAME) {
            named.entry(name).or_default().push(&job.name);
        }
    }
    let several = named.into_iter().filter(|(_, jobs)| 1 < jobs.len());
    let told = several.map(|(name, jobs)| {
        Problem::new(NAME, words::both_are(&jobs, &name)).hint(words::OTHER_NAMES)
    });
    told.collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::spec::{Inputs, read, resolve};

    /// The codes that are said of a session with these options, and with two jobs of these options.
    #[track_caller]
    fn check(release: &str, options: &str, job: &str, expected: &[&str]) {
        let jobs = ["a", "b"].map(|name| {
            format!(
                "---\napiVersion: flink.apache.org/v1beta1\nkind: FlinkSessionJob\nmetadata: {{name: {name}}}\n\
                 spec: {{deploymentName: s, flinkConfiguration: {{{job}}}, job: {{jarURI: a.jar}}}}\n"
            )
        });
        let text = format!(
            "apiVersion: flink.apache.org/v1beta1\nkind: FlinkDeployment\nmetadata: {{name: s}}\n\
             spec: {{flinkVersion: {release}, flinkConfiguration: {{{options}}}}}\n{}",
            jobs.concat()
        );
        let file = read(&text, "s.yaml").expect("a session file");
        let session =
            resolve(&Inputs { file: Some(file), ..Inputs::default() }).expect("a session");
        let told = risks(&session);
        let codes: Vec<&str> = told
            .iter()
            .map(|one| {
                let (_, code) = one.message.rsplit_once('(').expect("a code");
                code.trim_end_matches(')')
            })
            .collect();
        assert_eq!(codes, expected, "{options} {job}: {told:?}");
    }

    #[test]
    fn what_a_session_may_lose_is_told() {
        const DELETES: &str =
            "execution.checkpointing.externalized-checkpoint-retention: DELETE_ON_CANCELLATION";
        const RETAINS: &str =
            "execution.checkpointing.externalized-checkpoint-retention: RETAIN_ON_CANCELLATION";
        const AVAILABLE: &str =
            "high-availability.type: zookeeper, high-availability.storageDir: s3://b/ha";
        const CLAIMS: &str = "execution.state-recovery.claim-mode: CLAIM";
        check("v1_20", DELETES, "", &["NK0211"]);
        check("v1_20", "", DELETES, &["NK0211", "NK0211"]);
        check("v1_20", RETAINS, "", &[]);
        check("v1_20", &format!("{DELETES}, {AVAILABLE}"), "", &[]);
        check("v1_20", "", "", &[]);
        check("v2_3", CLAIMS, "", &["NK0212"]);
        check("v1_20", CLAIMS, "", &[]);
        let native = "kubernetes.operator.savepoint.format.type: NATIVE";
        check("v1_20", &format!("{CLAIMS}, {native}"), "", &["NK0212"]);
        check("v1_20", native, CLAIMS, &["NK0212", "NK0212"]);
        check("v2_3", "execution.state-recovery.claim-mode: NO_CLAIM", "", &[]);
        let named = "pipeline.name: x";
        check("v2_3", &format!("{named}, {AVAILABLE}"), "", &["NK0213"]);
        check("v2_3", AVAILABLE, named, &["NK0213"]);
        check("v2_3", "", named, &[]);
        check("v2_2", AVAILABLE, named, &[]);
    }
}
