//! From the words of the user to a [`Session`].

mod defaults;
mod directory;
pub mod fields;
mod file;
mod object;
mod snapshot;
mod walk;

pub use directory::of_directory;
pub use file::{SessionFile, problems_of, read};
pub use object::{options_of, read_documents};

use crate::session::{RoleSpec, Session};
use nutkin_flink::options::{self, Level};
use nutkin_flink::problem::Problem;
use nutkin_flink::{Configuration, FlinkVersion, Origin, is_highly_available};

/// Everything a user can say about a session.
#[derive(Debug, Clone, Default)]
pub struct Inputs {
    /// The session file, read without problems.
    pub file: Option<SessionFile>,
    /// The name on the command line.
    pub name: Option<String>,
    /// Options of the command line, in order.
    pub options: Vec<(String, String)>,
    /// `--flink`.
    pub flink: Option<FlinkVersion>,
    /// `--task-managers`.
    pub task_managers: Option<u32>,
}

/// The name of a session that nobody named.
pub const DEFAULT_NAME: &str = "default";

/// Longest name: Flink's limit for a cluster-id (`KubernetesClusterDescriptor`, all versions).
const NAME_LIMIT: usize = 45;

/// What an option comes from, lowest first: each takes precedence over those before it. `docs/sessions.md` has the
/// same list.
pub const PRECEDENCE: [&str; 4] = [
    "defaults of Nutkin",
    "`spec.flinkConfiguration` of the file",
    "other fields of the file that stand for options",
    "options of the command line, the last one of a key",
];

/// Reads a session file and makes a session of it and of what else was said.
///
/// # Errors
/// All problems at once, in the order of the file's lines: of its text, of what it says as a whole, and, where there
/// are any of these, of the values of options. Values alone are left to [`options::check`].
pub fn load(text: &str, name: &str, inputs: Inputs) -> Result<Session, Vec<Problem>> {
    load_inputs(text, name, inputs).map(|(session, _)| session)
}

/// The same, with everything that was said: what the ledger keeps.
///
/// # Errors
/// As [`load`].
pub fn load_inputs(
    text: &str,
    name: &str,
    inputs: Inputs,
) -> Result<(Session, Inputs), Vec<Problem>> {
    let (file, mut problems) = file::read_what_can_be(text, name);
    if file.session.is_none() && file.flink.is_none() && !problems.is_empty() {
        // Nothing was understood: every part would be reported as missing.
        return Err(problems);
    }
    let inputs = Inputs { file: Some(file), ..inputs };
    match resolve(&inputs) {
        Ok(session) if problems.is_empty() => return Ok((session, inputs)),
        Ok(session) => problems.extend(wrong_values(&session.configuration, session.flink)),
        Err(more) => problems.extend(more),
    }
    problems.sort();
    problems.dedup();
    Err(problems)
}

/// Values of options at which Flink would stop.
fn wrong_values(
    configuration: &Configuration,
    flink: FlinkVersion,
) -> impl Iterator<Item = Problem> {
    let findings = options::check(configuration, flink).into_iter();
    findings.filter(|finding| finding.level == Level::Error).map(|finding| finding.problem)
}

/// Makes a session of what was said, by [`PRECEDENCE`]: the numbers below are those of that list.
///
/// # Errors
/// All problems at once.
pub fn resolve(inputs: &Inputs) -> Result<Session, Vec<Problem>> {
    let mut problems = Vec::new();
    let file = inputs.file.clone().unwrap_or_default();
    let mut configuration = Configuration::new();

    // 2. and 3.
    for (key, value, line) in &file.options {
        let origin = Origin::SessionFile(file.name.clone(), *line);
        configuration.set(key.clone(), value.clone(), origin);
    }
    for (key, value, field) in &file.fields {
        configuration.set(*key, value.clone(), Origin::Field(field.clone()));
    }
    // 4.
    for (key, value) in &inputs.options {
        configuration.set(key.clone(), value.clone(), Origin::CommandLine);
    }
    let pinned = configuration.text("nutkin.flink.version").map(|text| text.parse());
    let flink = match (inputs.flink, pinned) {
        (Some(flink), _) | (None, Some(Ok(flink))) => flink,
        (None, Some(Err(error))) => {
            problems.push(Problem::new("nutkin.flink.version", error.to_string()));
            FlinkVersion::DEFAULT
        }
        (None, None) => file.flink.unwrap_or(FlinkVersion::DEFAULT),
    };
    if file.flink.is_some_and(|line| line.line() != flink.line()) && inputs.flink.is_none() {
        let message = format!("Flink {flink} is not of the line that `spec.flinkVersion` names");
        problems.push(Problem::new("nutkin.flink.version", message));
    }
    as_the_release_reads(&mut configuration, flink);
    // 1.
    defaults::fill(&mut configuration, flink);

    let named = inputs.name.clone().or(file.session.clone());
    // Whoever comes from Flink's own client names a session so.
    let named = named.or_else(|| configuration.text("kubernetes.cluster-id"));
    let name = named.unwrap_or_else(|| DEFAULT_NAME.to_owned());
    // The file's own name was looked at where its line is known.
    if !is_name(&name) && file.session.as_ref() != Some(&name) {
        problems.push(not_a_name(&name));
    }
    let high_availability = is_highly_available(&configuration);
    let job_managers = file.job_managers.unwrap_or(if high_availability { 2 } else { 1 });
    if job_managers == 0 {
        problems.push(Problem::new("spec.jobManager.replicas", "a session needs a JobManager"));
    }
    if 1 < job_managers && !high_availability {
        let message = format!("{job_managers} JobManagers need high availability");
        problems.push(
            Problem::new("spec.jobManager.replicas", message)
                .hint("set `high-availability.type: zookeeper` (or `kubernetes` there)"),
        );
    }
    let task_managers = inputs.task_managers.or(file.task_managers).unwrap_or(1);
    if !problems.is_empty() {
        problems.extend(wrong_values(&configuration, flink));
        return Err(problems);
    }
    Ok(Session {
        name,
        namespace: file.namespace,
        flink,
        mode: file.mode,
        labels: file.labels,
        annotations: file.annotations,
        configuration,
        conf_dir: None,
        log_configuration: file.log_configuration,
        job_manager: RoleSpec {
            replicas: file.job_managers,
            pod_template: file.job_manager_template,
            ephemeral_storage: file.job_manager_storage,
        },
        task_manager: RoleSpec {
            replicas: Some(task_managers),
            pod_template: file.task_manager_template,
            ephemeral_storage: file.task_manager_storage,
        },
        image: file.image,
        image_pull_policy: file.image_pull_policy,
        service_account: file.service_account,
        pod_template: file.pod_template,
        ingress: file.ingress,
        restart_nonce: file.restart_nonce,
        restarted: None,
        jobs: file.jobs,
        snapshots: file.snapshots,
    })
}

/// Writes the option for high availability as a release reads it. Nutkin acts on both names: a release that does not know the newer
/// one would start JobManagers of which each leads.
fn as_the_release_reads(configuration: &mut Configuration, flink: FlinkVersion) {
    const NAMES: [&str; 2] = ["high-availability.type", "high-availability"];
    let [newer, older] = NAMES;
    if options::find(newer).is_none_or(|option| option.at(flink).is_some()) {
        return;
    }
    if let Some(entry) = configuration.remove(newer)
        && !configuration.contains(older)
    {
        configuration.set(older, entry.value, entry.origin);
    }
}

/// Why a session is meant for Kubernetes by its file, as a sentence: it must not start on this machine by
/// default.
pub fn against_local(session: &Session) -> Option<String> {
    if session.mode.is_some() {
        return Some("it has `spec.mode`".to_owned());
    }
    if session.namespace.is_some() {
        return Some("it has a `metadata.namespace`".to_owned());
    }
    let is_about_it = |key: &str, origin: &Origin| {
        matches!(origin, Origin::SessionFile(..))
            && key.starts_with("kubernetes.")
            && !key.starts_with("kubernetes.operator.")
    };
    let mut options = session.configuration.iter();
    let (key, _) = options.find(|(key, entry)| is_about_it(key, &entry.origin))?;
    Some(format!("it sets `{key}`"))
}

fn not_a_name(name: &str) -> Problem {
    let message = format!("`{name}` is not a valid session name");
    Problem::new("metadata.name", message).hint(format!(
        "start with a lower-case letter, continue with those, digits and `-`; at most {NAME_LIMIT} characters"
    ))
}

/// Whether a text can be a session's name: a cluster-id that Kubernetes takes as a name, too.
pub fn is_name(name: &str) -> bool {
    name.len() <= NAME_LIMIT
        && name.starts_with(|c: char| c.is_ascii_lowercase())
        && !name.ends_with('-')
        && name.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(inputs: &Inputs, expected: Result<&str, &[&str]>) {
        let paths =
            |problems: Vec<Problem>| problems.into_iter().map(|p| p.path).collect::<Vec<_>>();
        let result = resolve(inputs).map(|session| session.name).map_err(paths);
        assert_eq!(
            result,
            expected.map(str::to_owned).map_err(|p| p.iter().map(|s| (*s).to_owned()).collect())
        );
    }

    #[test]
    fn without_a_file() {
        check(&Inputs::default(), Ok("default"));
        let session = resolve(&Inputs::default()).unwrap();
        assert_eq!(session.flink, FlinkVersion::DEFAULT);
        assert_eq!(
            session.configuration.text("taskmanager.numberOfTaskSlots").as_deref(),
            Some("2")
        );
    }

    #[test]
    fn high_availability_as_the_release_reads_it() {
        #[track_caller]
        fn check(flink: &str, said: &[(&str, &str)], expected: &[&str]) {
            let said = said.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned()));
            let flink = Some(flink.parse().unwrap());
            let inputs = Inputs { options: said.collect(), flink, ..Inputs::default() };
            let session = resolve(&inputs).unwrap();
            let has = session.configuration.iter().filter(|(key, _)| key.starts_with("high-"));
            let has: Vec<_> = has.map(|(key, entry)| format!("{key}: {}", entry.value)).collect();
            assert_eq!(has, expected, "{said:?}", said = inputs.options);
            let findings = options::check(&session.configuration, session.flink);
            assert_eq!(findings, [], "{flink:?}");
        }
        let newer = ("high-availability.type", "zookeeper");
        let older = ("high-availability", "kubernetes");
        check("1.13.6", &[newer], &["high-availability: zookeeper"]);
        check("1.13.6", &[newer, older], &["high-availability: kubernetes"]);
        check("1.13.6", &[older], &["high-availability: kubernetes"]);
        check("1.13.6", &[], &[]);
        check("1.20.5", &[newer], &["high-availability.type: zookeeper"]);
        check("1.20.5", &[older], &["high-availability: kubernetes"]);
    }

    #[test]
    fn all_problems_at_once() {
        let inputs = Inputs {
            name: Some("Not A Name".to_owned()),
            options: vec![("nutkin.flink.version".to_owned(), "4.0".to_owned())],
            ..Inputs::default()
        };
        check(&inputs, Err(&["nutkin.flink.version", "metadata.name"]));
    }

    #[test]
    fn a_cluster_id_names_a_session_that_nothing_else_names() {
        let options = vec![("kubernetes.cluster-id".to_owned(), "words".to_owned())];
        let inputs = Inputs { options, ..Inputs::default() };
        check(&inputs, Ok("words"));
        check(&Inputs { name: Some("other".to_owned()), ..inputs }, Ok("other"));
    }

    #[test]
    fn the_command_line_wins() {
        let inputs = Inputs {
            options: vec![
                ("taskmanager.numberOfTaskSlots".to_owned(), "3".to_owned()),
                ("taskmanager.numberOfTaskSlots".to_owned(), "4".to_owned()),
            ],
            ..Inputs::default()
        };
        let session = resolve(&inputs).unwrap();
        assert_eq!(
            session.configuration.text("taskmanager.numberOfTaskSlots").as_deref(),
            Some("4")
        );
    }
}
