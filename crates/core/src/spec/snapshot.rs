//! Reading a `FlinkStateSnapshot`.

use super::walk::{Values, entry};
use crate::session::{SessionJob, SnapshotDocument, WantedSnapshot};
use nutkin_flink::yaml::{Node, NodeKind};
use nutkin_flink::{Location, Problem};

/// A problem at a node of a file.
fn at(node: &Node, file: &str, path: &str, message: String) -> Problem {
    let location =
        Location { file: file.to_owned(), line: Some(node.line), column: Some(node.column) };
    Problem::new(path, message).at(location)
}

/// What a document asks for, whose fields are right each by itself.
pub(super) fn read(
    values: &Values<'_>,
    document: &Node,
    file: &str,
    problems: &mut Vec<Problem>,
) -> SnapshotDocument {
    let spec = entry(document, "spec");
    let part = |name: &str| {
        let part = spec.and_then(|spec| entry(spec, name));
        part.filter(|part| part.kind != NodeKind::Null)
    };
    let exists = values.is_true("spec.savepoint.alreadyExists");
    let path = values.text("spec.savepoint.path").filter(|path| !path.is_empty());
    match (part("savepoint"), part("checkpoint")) {
        (Some(_), None) => {}
        (None, Some(checkpoint)) => {
            if !matches!(&checkpoint.kind, NodeKind::Map(entries) if entries.is_empty()) {
                let message = "a checkpoint has no fields".to_owned();
                problems.push(at(checkpoint, file, "spec.checkpoint", message).hint(
                    "write `checkpoint: {}`: Flink writes it where the job has its checkpoints",
                ));
            }
        }
        (Some(_), Some(two)) => {
            let message = "a snapshot is a savepoint or a checkpoint, not both".to_owned();
            problems.push(
                at(two, file, "spec.checkpoint", message)
                    .hint("put one of them into a document of its own"),
            );
        }
        (None, None) => {
            let message = "it does not say what is taken".to_owned();
            problems.push(
                at(spec.unwrap_or(document), file, "spec", message)
                    .hint("write `savepoint: {}` or `checkpoint: {}`"),
            );
        }
    }
    if exists && path.is_none() {
        let message = "a savepoint that is there already needs its path".to_owned();
        let node = values.node("spec.savepoint.alreadyExists").unwrap_or(document);
        problems.push(at(node, file, "spec.savepoint.path", message));
    }
    let kind = values.text("spec.jobReference.kind");
    if let Some(node) = values.node("spec.jobReference.kind")
        && kind.as_deref() == Some("FlinkDeployment")
    {
        let message = "this is the job of an application cluster: Nutkin runs sessions".to_owned();
        problems.push(
            at(node, file, "spec.jobReference.kind", message)
                .hint("name a job of the file: `kind: FlinkSessionJob`"),
        );
    }
    let job = values.text("spec.jobReference.name").filter(|name| !name.is_empty());
    if job.is_none() && !exists {
        let message = "the job is missing of which it is taken".to_owned();
        problems.push(
            at(spec.unwrap_or(document), file, "spec.jobReference.name", message)
                .hint("write `jobReference: {kind: FlinkSessionJob, name: JOB}`"),
        );
    }
    let said = values.node("spec.savepoint.disposeOnDelete");
    let disposes = said.map_or(!exists, |node| node.kind == NodeKind::Bool(true));
    let format = values.text("spec.savepoint.formatType").filter(|format| format != "UNKNOWN");
    SnapshotDocument {
        name: values.text("metadata.name").unwrap_or_default(),
        job,
        what: match part("savepoint") {
            Some(_) => WantedSnapshot::Savepoint { path, format, exists, disposes },
            None => WantedSnapshot::Checkpoint,
        },
        backoff_limit: values.whole("spec.backoffLimit"),
    }
}

/// Holds the snapshots against the jobs of the file and against each other.
pub(super) fn of_jobs(
    read: Vec<(SnapshotDocument, &Node)>,
    jobs: &[SessionJob],
    file: &str,
    problems: &mut Vec<Problem>,
) -> Vec<SnapshotDocument> {
    let mut all: Vec<SnapshotDocument> = Vec::new();
    for (snapshot, document) in read {
        let metadata = entry(document, "metadata");
        let name = metadata.and_then(|metadata| entry(metadata, "name")).unwrap_or(document);
        if all.iter().any(|other| other.name == snapshot.name) {
            let message =
                format!("a second `FlinkStateSnapshot` with the name `{}`", snapshot.name);
            problems.push(at(name, file, "metadata.name", message));
        }
        if let Some(job) = &snapshot.job
            && !jobs.iter().any(|one| one.name == *job)
        {
            let reference = entry(document, "spec").and_then(|spec| entry(spec, "jobReference"));
            let node = reference.and_then(|reference| entry(reference, "name"));
            let message = format!("the file has no job `{job}`");
            let problem = at(node.unwrap_or(document), file, "spec.jobReference.name", message);
            problems.push(if jobs.is_empty() {
                problem.hint("add its `FlinkSessionJob`")
            } else {
                let names: Vec<&str> = jobs.iter().map(|job| job.name.as_str()).collect();
                problem.hint(format!("its jobs are: {}", names.join(", ")))
            });
        }
        all.push(snapshot);
    }
    all
}
