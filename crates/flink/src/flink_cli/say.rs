//! What the `flink` command prints, in the words of each version.

use super::Action;
use crate::FlinkVersion;

/// A row of a list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Row {
    /// Start, milliseconds since 1970: the order of the rows.
    pub start: i64,
    /// The same as `dd.MM.yyyy HH:mm:ss` where the user is.
    pub when: String,
    /// The job's id.
    pub id: String,
    /// Its name.
    pub name: String,
    /// Its state, in Flink's word.
    pub state: String,
}

/// States that a job does not leave any more.
const ENDED: [&str; 3] = ["FINISHED", "CANCELED", "FAILED"];

/// The text of `list`.
pub fn list(rows: &[Row], running: bool, scheduled: bool, all: bool) -> String {
    // Without options, what is there; with `-a`, what was there too.
    let (running, scheduled) =
        if all || !(running || scheduled) { (true, true) } else { (running, scheduled) };
    let mut rows: Vec<&Row> = rows.iter().collect();
    rows.sort_by(|a, b| (a.start, &a.state).cmp(&(b.start, &b.state)));
    let of = |wanted: fn(&str) -> bool| {
        let lines = rows.iter().filter(|row| wanted(&row.state));
        lines
            .map(|row| format!("{} : {} : {} ({})\n", row.when, row.id, row.name, row.state))
            .collect::<String>()
    };
    let end = "--------------------------------------------------------------";
    let section = |head: &str, lines: &str| format!("{head}\n{lines}{end}\n");
    let mut text = String::new();
    if running {
        let lines = of(|state| state != "CREATED" && !ENDED.contains(&state));
        text.push_str(&if lines.is_empty() {
            "No running jobs.\n".to_owned()
        } else {
            section("------------------ Running/Restarting Jobs -------------------", &lines)
        });
    }
    if scheduled {
        let lines = of(|state| state == "CREATED");
        text.push_str(&if lines.is_empty() {
            "No scheduled jobs.\n".to_owned()
        } else {
            section("----------------------- Scheduled Jobs -----------------------", &lines)
        });
    }
    let lines = of(|state| ENDED.contains(&state));
    if all && !lines.is_empty() {
        text.push_str(&section(
            "---------------------- Terminated Jobs -----------------------",
            &lines,
        ));
    }
    text
}

/// How a savepoint is called: 1.15 named the formats.
fn kind(format: &str, version: FlinkVersion) -> String {
    if version.is_at_least(1, 15) { format!("{format} savepoint") } else { "savepoint".to_owned() }
}

/// What is there before the cluster is asked. `format` is the savepoint's, `CANONICAL` or `NATIVE`.
pub fn before(action: &Action, format: &str, version: FlinkVersion) -> String {
    let wait = "Waiting for response...\n";
    match action {
        Action::Run(_) | Action::Info(_) => String::new(),
        Action::List { .. } => wait.to_owned(),
        Action::Cancel { job, savepoint: None } => format!("Cancelling job {job}.\n"),
        Action::Cancel { job, savepoint: Some(directory) } => {
            let place = match directory {
                Some(directory) => directory.clone(),
                None => "default savepoint directory".to_owned(),
            };
            format!(
                "DEPRECATION WARNING: Cancelling a job with savepoint is deprecated. Use \"stop\" instead.\n\
                 Cancelling job {job} with {} to {place}.\n",
                kind(format, version)
            )
        }
        Action::Stop { job, drain, .. } => {
            let verb = if *drain { "Draining" } else { "Suspending" };
            let article = format!("{verb} job \"{job}\" with a {}.\n", kind(format, version));
            if version.is_at_least(1, 15) {
                format!("{article}Triggering stop-with-savepoint for job {job}.\n{wait}")
            } else {
                article
            }
        }
        Action::Savepoint { job, detached: true, .. } => {
            format!("Triggering savepoint in detached mode for job {job}.\n")
        }
        Action::Savepoint { job, .. } => format!("Triggering savepoint for job {job}.\n{wait}"),
        Action::Dispose { path } => format!("Disposing savepoint '{path}'.\n{wait}"),
        Action::Checkpoint { job, .. } => format!("Triggering checkpoint for job {job}.\n{wait}"),
    }
}

/// What is there when it is done. `result` is a savepoint's place, a checkpoint's number, or the id of a request that
/// nobody waits for.
pub fn after(action: &Action, result: &str) -> String {
    match action {
        Action::Run(_) | Action::Info(_) | Action::List { .. } => String::new(),
        Action::Cancel { job, savepoint: None } => format!("Cancelled job {job}.\n"),
        Action::Cancel { job, .. } => {
            format!("Cancelled job {job}. Savepoint stored in {result}.\n")
        }
        Action::Stop { detached: true, job, .. } => {
            format!("Successfully trigger stop-with-savepoint of job {job}, triggerId: {result}\n")
        }
        Action::Savepoint { detached: true, .. } => {
            format!("Successfully trigger manual savepoint, triggerId: {result}\n")
        }
        Action::Stop { .. } => format!("Savepoint completed. Path: {result}\n"),
        Action::Savepoint { .. } => format!(
            "Savepoint completed. Path: {result}\n\
             You can resume your program from this savepoint with the run command.\n"
        ),
        Action::Dispose { path } => format!("Savepoint '{path}' disposed.\n"),
        Action::Checkpoint { job, full } => format!(
            "Checkpoint{} {result} for job {job} completed.\n\
             You can resume your program from this checkpoint with the run command.\n",
            if *full { "(FULL)" } else { "" }
        ),
    }
}
