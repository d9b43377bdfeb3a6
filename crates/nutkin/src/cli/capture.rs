//! `nutkin capture`.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::Context as _;
use futures_util::stream::{self, StreamExt as _};
use nutkin_diagnosis::{capture, diagnose, document as findings, text};
use nutkin_rest::Client;
use nutkin_shell::{Error, Kind, ledger};
use serde_json::{Value, json};

use super::client::Target;
use super::shared::{Output, OutputArgs, PlatformArgs, WhichArgs, document};
use super::{Context, select, why};
use crate::platform::Session;
use crate::{Exit, Outcome, runtime};

/// How long one answer of the JobManager may take: a dump of the threads of a busy TaskManager takes a second.
const PATIENCE: Duration = Duration::from_secs(10);

/// Answers at once: a JobManager answers from one event loop.
const AT_ONCE: usize = 8;

/// TaskManagers of which threads are read: more are alike.
const MOST: usize = 50;

/// Arguments of `nutkin capture`.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  nutkin capture                          the only session, into NAME-capture.tar.gz
  nutkin capture orders --archive a.tar.gz

The archive has what `nutkin why` reads, its findings, configurations and threads. Secrets are hidden.")]
pub struct Args {
    #[command(flatten)]
    which: WhichArgs,

    /// The archive to write, which must not exist; NAME-capture.tar.gz by default
    #[arg(long, value_name = "FILE")]
    archive: Option<PathBuf>,

    #[command(flatten)]
    platform: PlatformArgs,

    #[command(flatten)]
    output: OutputArgs,
}

/// Writes what there is to see of a session into one archive, secrets hidden. The session is not changed.
///
/// # Errors
/// No such session (5); the archive exists (2) or cannot be written.
pub fn run(args: Args, context: &Context<'_>) -> Outcome {
    runtime::block_on(async {
        let (name, file) = (args.which.name(), args.which.file());
        let session = select::find(name, file, &args.platform, context).await?;
        let archive = args.archive.clone();
        let archive =
            archive.unwrap_or_else(|| PathBuf::from(format!("{}-capture.tar.gz", session.name())));
        let path = context.environment.directory.join(&archive);
        if path.exists() {
            let message = format!("`{}` exists already", archive.display());
            return Err(Error::new(Kind::Invalid, message).hint("name another file with --archive"));
        }
        let files = collect(&session, context).await?;
        write(&path, session.name(), &files)?;
        let names: Vec<&String> = files.keys().collect();
        if args.output.output == Output::Text {
            let (count, shown) = (files.len(), archive.display());
            context.printer.show(&format!(
                "wrote {count} files about session `{}` to `{shown}`\n",
                session.name()
            ));
            context.printer.suggest("secrets are hidden as far as they are known as such: look into the archive before you give it away");
        } else {
            let fields = json!({
                "session": session.name(),
                "platform": session.platform().to_string(),
                "archive": path.display().to_string(),
                "files": names,
            });
            context.printer.document(&args.output.output, &document("Capture", fields))?;
        }
        Ok(Exit::Done)
    })
}

async fn collect(
    session: &Session,
    context: &Context<'_>,
) -> Result<BTreeMap<String, String>, Error> {
    let mut more = answers(session).await;
    // The ledger is read last: secrets that came meanwhile are in it.
    let (evidence, opened) = why::collect_with_ledger(session).await?;
    let opened = match opened {
        Some(opened) => opened,
        None => ledger::load(session).await,
    };
    let found = diagnose(&evidence);
    more.push(("diagnosis.json".to_owned(), findings(session.name(), &found)));
    let mut secrets = Vec::new();
    match opened {
        Ok(opened) => {
            // As it is stored: in the places of secrets are their names.
            let stored = serde_json::to_value(&opened.base).unwrap_or_default();
            more.push(("ledger.json".to_owned(), stored));
            secrets.extend(opened.secrets.values());
        }
        Err(failure) => {
            let why = format!("{:#}", failure.error);
            context.printer.warn(&format!(
                "the ledger cannot be read ({why}): its secrets are hidden only where their names are"
            ));
            more.push(("ledger-unseen.json".to_owned(), json!({"unseen": why})));
        }
    }
    // The same for people.
    let texts = [("diagnosis.txt".to_owned(), text(session.name(), &found))];
    Ok(capture::files(&evidence, &more, &texts, &secrets))
}

/// What the JobManager says beside what `why` asks for: configurations, TaskManagers, threads.
async fn answers(session: &Session) -> Vec<(String, Value)> {
    let unseen = |why: String| vec![("rest/unseen.json".to_owned(), json!({"why": why}))];
    let target = match Target::of(session.clone(), true).await {
        Ok(target) => target,
        Err(failure) => return unseen(format!("{:#}", failure.error)),
    };
    let client = &target.client;
    let task_managers = read(client, "/taskmanagers").await;
    let ids = task_managers["taskmanagers"].as_array().into_iter().flatten();
    let ids: Vec<&str> = ids.filter_map(|one| one["id"].as_str()).take(MOST).collect();
    let fixed = [
        ("rest/config.json", "/config"),
        ("rest/jobmanager-config.json", "/jobmanager/config"),
        ("rest/jobmanager-threads.json", "/jobmanager/thread-dump"),
    ];
    let fixed = fixed.iter().map(|(name, path)| ((*name).to_owned(), (*path).to_owned()));
    // An id has the address and port of its TaskManager, which are not for names of files.
    let plain = |id: &str| id.replace(|c: char| !c.is_ascii_alphanumeric() && c != '-', "_");
    let of_task_managers = ids.iter().map(|id| {
        (format!("rest/threads-{}.json", plain(id)), format!("/taskmanagers/{id}/thread-dump"))
    });
    let all: Vec<(String, String)> = fixed.chain(of_task_managers).collect();
    let asked = stream::iter(all).map(async |(name, path)| (name, read(client, &path).await));
    let mut answers: Vec<(String, Value)> = asked.buffered(AT_ONCE).collect().await;
    answers.push(("rest/taskmanagers.json".to_owned(), task_managers));
    answers
}

/// An answer, or why there is none.
async fn read(client: &Client, path: &str) -> Value {
    match tokio::time::timeout(PATIENCE, client.read(path)).await {
        Ok(Ok(answer)) => answer,
        Ok(Err(error)) => json!({"unseen": error.to_string()}),
        Err(_) => json!({"unseen": "it did not come in time"}),
    }
}

/// Writes a new archive that only its owner reads: what is not known as a secret may be one. It has its name when it is whole.
fn write(path: &Path, session: &str, files: &BTreeMap<String, String>) -> Result<(), Error> {
    let cannot = || format!("`{}` cannot be written", path.display());
    let folder = path.parent().unwrap_or(Path::new("."));
    let file = tempfile::NamedTempFile::new_in(folder).with_context(cannot)?;
    let packer = flate2::write::GzEncoder::new(file, flate2::Compression::default());
    let mut archive = tar::Builder::new(packer);
    let now = jiff::Timestamp::now().as_second();
    for (name, text) in files {
        let mut header = tar::Header::new_gnu();
        header.set_size(text.len() as u64);
        header.set_mode(0o600);
        header.set_mtime(u64::try_from(now).unwrap_or_default());
        let inside = format!("{session}/{name}");
        archive.append_data(&mut header, inside, text.as_bytes()).with_context(cannot)?;
    }
    let packer = archive.into_inner().with_context(cannot)?;
    let file = packer.finish().with_context(cannot)?;
    file.persist_noclobber(path).map_err(|error| error.error).with_context(cannot)?;
    Ok(())
}
