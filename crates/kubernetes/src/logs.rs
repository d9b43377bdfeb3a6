//! Logs of all pods of a session, those of containers that ended before included.

use std::cell::RefCell;
use std::collections::BTreeSet;
use std::pin::Pin;
use std::time::Duration;

use futures_util::stream::{self, LocalBoxStream};
use futures_util::{StreamExt as _, TryStreamExt as _};
use jiff::Timestamp;
use nutkin_core::kubernetes::forbidden;
use nutkin_core::kubernetes::resource::PODS;
use nutkin_diagnosis::LogReader;
use serde_json::Value;

use super::error::{ApiError, failure};
use super::session::KubernetesSession;
use nutkin_core::Remedy;
use nutkin_shell::logs::{self, Closed, LogLine, LogSource, LogStream, Logged, Logger, Stopped};
use nutkin_shell::{Error, Kind, Logs};

/// Lines of all followed pods that may be read before anybody wants them.
const AHEAD: usize = 1024;

/// Bytes of a log of so many lines at most: a line may be of any length, and logs of all pods are in memory together.
const MOST_BYTES: u64 = 256 << 10;

/// How often new pods are looked for while logs are followed.
const NEW_PODS: Duration = Duration::from_secs(2);

/// A container whose log can be read.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
struct Source {
    pod: String,
    container: String,
    /// How often it was started again: each start has a log of its own.
    restarts: u64,
    prefix: String,
}

/// Logs of all containers, in order of time; what is followed as it comes.
///
/// # Errors
/// In the stream: there is no such pod (2), or the API server cannot be asked.
pub fn lines<'a>(session: &'a KubernetesSession, logs: &'a Logs) -> LogStream<'a> {
    logs::stream(async move |logger| all(session, logs, logger).await)
}

/// What is noticed while logs are read side by side.
#[derive(Debug, Default)]
struct Noticed {
    refused: Refused,
    /// Containers that do not run yet have no log.
    waiting: Vec<String>,
}

async fn all(session: &KubernetesSession, logs: &Logs, logger: Logger) -> Result<(), Stopped> {
    let logger = &logger;
    if logs.follow {
        return follow(session, logs, logger).await;
    }
    let sources = sources(session, logs).await?;
    let names = sources.iter().map(|source| source.prefix.clone()).collect();
    logger.put(Logged::Processes(names)).await?;
    let noticed = RefCell::new(Noticed::default());
    let read = sources.iter().flat_map(|source| {
        // Kubernetes keeps one previous log, and not for ever.
        let previous = (logs.previous && 0 < source.restarts).then_some(true);
        let lives = previous.into_iter().chain([false]);
        lives.map(|previous| of_life(session, source, previous, logs, &noticed))
    });
    logger.merged(read.collect()).await?;
    let Noticed { mut refused, mut waiting } = noticed.into_inner();
    if sources.is_empty() {
        let message = format!("session `{}` has no pod", session.name);
        logger.put(Logged::Said(message)).await?;
    }
    if !waiting.is_empty() {
        waiting.sort();
        let message = format!("nothing is logged yet: {}", waiting.join(", "));
        logger.put(Logged::Said(message)).await?;
        logger.put(Logged::Hint(Remedy::Status { name: Some(session.name.clone()) })).await?;
    }
    Ok(refused.tell(logger).await?)
}

/// The log of one life of a container.
fn of_life<'a>(
    session: &'a KubernetesSession,
    source: &'a Source,
    previous: bool,
    logs: &'a Logs,
    noticed: &'a RefCell<Noticed>,
) -> LogSource<'a> {
    let log = if previous { "previous" } else { "" };
    let mut reader = LogReader::of_container(&source.prefix, log);
    let opened = stream::once(async move {
        let opened = opened(session, source, previous, logs).await?;
        if opened.is_none() && !previous {
            noticed.borrow_mut().waiting.push(source.prefix.clone());
        }
        Ok::<_, Error>(opened.unwrap_or_else(|| stream::empty().boxed_local()))
    });
    let read = opened.try_flatten().map_ok(move |line| {
        let line = reader.line(&line);
        noticed.borrow_mut().refused.see(&line.text);
        line
    });
    read.boxed_local()
}

/// Its lines; `None`: it has not begun, or is not kept any more.
async fn opened(
    session: &KubernetesSession,
    source: &Source,
    previous: bool,
    logs: &Logs,
) -> Result<Option<LocalBoxStream<'static, Result<String, Error>>>, Error> {
    let path = path(session, &source.pod, Some(&source.container), previous, logs, false);
    let what = format!("read the log of Pod/{}", source.pod);
    let lines = match session.api.lines(&path, &what).await {
        Ok(lines) => lines,
        Err(_) if previous => return Ok(None),
        Err(error) if error.is("BadRequest") => return Ok(None),
        Err(error) => return Err(failure(error)),
    };
    let broken = |error: std::io::Error| failure(ApiError::Broken(error.to_string()));
    let mut lines = lines.map_err(broken).boxed_local().peekable();
    // Of a pod without a node the API server gives an empty one.
    let is_all = logs.tail != Some(0) && logs.since.is_none();
    let is_empty = is_all && Pin::new(&mut lines).peek().await.is_none();
    Ok((!is_empty).then(|| lines.boxed_local()))
}

/// Lines that describe what the API server refused to a process: who reads them must know what to do.
#[derive(Debug, Default)]
struct Refused {
    lines: String,
    told: Option<String>,
}

impl Refused {
    fn see(&mut self, line: &str) {
        if forbidden::told(line).is_none() {
            return;
        }
        let all = format!("{}{line}\n", self.lines);
        // The same refusal comes again and again.
        if forbidden::told(&all) != forbidden::told(&self.lines) {
            self.lines = all;
        }
    }

    /// Tells what was refused, each once.
    async fn tell(&mut self, logger: &Logger) -> Result<(), Closed> {
        let told = forbidden::told(&self.lines);
        if told != self.told {
            logger.put(Logged::Warned(told.clone().unwrap_or_default())).await?;
            logger.put(Logged::Hint(Remedy::ProcessPermissions)).await?;
            self.told = told;
        }
        Ok(())
    }
}

/// Containers of the pods that are meant.
async fn sources(session: &KubernetesSession, logs: &Logs) -> Result<Vec<Source>, Error> {
    let pods = session.pods().await?;
    let names: Vec<&str> = pods.iter().filter_map(|pod| pod["metadata"]["name"].as_str()).collect();
    for wanted in &logs.processes {
        if !names.contains(&wanted.as_str()) {
            let message = format!("session `{}` has no pod `{wanted}`", session.name);
            return Err(
                Error::new(Kind::Invalid, message).hint(format!("there are: {}", names.join(", ")))
            );
        }
    }
    let meant = |pod: &&Value| {
        let name = pod["metadata"]["name"].as_str().unwrap_or_default();
        logs.processes.is_empty() || logs.processes.iter().any(|one| one == name)
    };
    Ok(pods.iter().filter(meant).flat_map(containers).collect())
}

fn containers(pod: &Value) -> Vec<Source> {
    let name = pod["metadata"]["name"].as_str().unwrap_or_default();
    let all = pod["spec"]["containers"].as_array().map_or(&[][..], Vec::as_slice);
    let restarts = |container: &str| {
        let statuses = pod["status"]["containerStatuses"].as_array();
        let of = statuses.into_iter().flatten().find(|one| one["name"] == container);
        of.and_then(|one| one["restartCount"].as_u64()).unwrap_or(0)
    };
    all.iter()
        .filter_map(|container| container["name"].as_str())
        .map(|container| Source {
            pod: name.to_owned(),
            container: container.to_owned(),
            restarts: restarts(container),
            prefix: if all.len() == 1 { name.to_owned() } else { format!("{name}/{container}") },
        })
        .collect()
}

/// Reads what is logged from now on, by pods that come later, too.
async fn follow(session: &KubernetesSession, logs: &Logs, logger: &Logger) -> Result<(), Stopped> {
    // A pod that does not exist is said at once.
    sources(session, logs).await?;
    let mut refused = Refused::default();
    let (lines, mut read_lines) = tokio::sync::mpsc::channel::<LogLine>(AHEAD);
    let mut known: BTreeSet<Source> = BTreeSet::new();
    let mut readers = tokio::task::JoinSet::new();
    let mut look = tokio::time::interval(NEW_PODS);
    loop {
        tokio::select! {
            Some(line) = read_lines.recv() => {
                refused.see(&line.text);
                logger.lines([line]).await?;
            }
            _ = look.tick() => {
                refused.tell(logger).await?;
                let all = Logs { processes: Vec::new(), ..logs.clone() };
                for source in sources(session, &all).await? {
                    let meant = logs.processes.is_empty() || logs.processes.contains(&source.pod);
                    if meant && known.insert(source.clone()) {
                        let (session, lines, logs) = (session.clone(), lines.clone(), logs.clone());
                        readers.spawn(async move {
                            let _ = read(&session, &source, &logs, &lines).await;
                            source
                        });
                    }
                }
            }
            // A stream that ended is read again when its container is another one.
            Some(_) = readers.join_next() => {}
        }
    }
}

/// Reads one container's log until it ends.
async fn read(
    session: &KubernetesSession,
    source: &Source,
    logs: &Logs,
    lines: &tokio::sync::mpsc::Sender<LogLine>,
) -> Result<(), ApiError> {
    let path = path(session, &source.pod, Some(&source.container), false, logs, true);
    let mut reader = LogReader::of_container(&source.prefix, "");
    loop {
        match session.api.lines(&path, &format!("read the log of Pod/{}", source.pod)).await {
            Ok(stream) => {
                let mut stream = std::pin::pin!(stream);
                while let Ok(Some(line)) = stream.try_next().await {
                    if lines.send(reader.line(&line)).await.is_err() {
                        return Ok(());
                    }
                }
                return Ok(());
            }
            // The container is not started yet.
            Err(error) if error.is("BadRequest") => {
                // Nothing tells when a container has a log: whoever follows it asks now and then.
                tokio::time::sleep(NEW_PODS).await;
            }
            Err(error) => return Err(error),
        }
    }
}

/// The path of a log of which each line has the time at which it was written.
fn path(
    session: &KubernetesSession,
    pod: &str,
    container: Option<&str>,
    previous: bool,
    logs: &Logs,
    follow: bool,
) -> String {
    let mut path = path_of(session, pod, container, previous, logs.tail);
    path.push_str("&timestamps=true");
    if let Some(since) = logs.since.and_then(|since| Timestamp::from_millisecond(since).ok()) {
        path.push_str(&format!("&sinceTime={since}"));
    }
    if follow {
        path.push_str("&follow=true");
    }
    path
}

fn path_of(
    session: &KubernetesSession,
    pod: &str,
    container: Option<&str>,
    previous: bool,
    tail: Option<usize>,
) -> String {
    let mut path =
        format!("{}/log?previous={previous}", PODS.path_of(session.api.namespace(), pod));
    if let Some(container) = container {
        path.push_str(&format!("&container={container}"));
    }
    if let Some(tail) = tail {
        path.push_str(&format!("&tailLines={tail}"));
    }
    path
}

impl KubernetesSession {
    /// The log of a container; of the pod's own where none is named.
    ///
    /// # Errors
    /// See [`ApiError`].
    pub async fn log(
        &self,
        pod: &str,
        container: Option<&str>,
        previous: bool,
        tail: Option<usize>,
    ) -> Result<String, ApiError> {
        let path = path_of(self, pod, container, previous, tail);
        self.api.text(&path, &format!("read the log of Pod/{pod}")).await
    }

    /// The last lines of a container, each with the time at which it was written.
    ///
    /// # Errors
    /// See [`ApiError`].
    pub(super) async fn dated_log(
        &self,
        pod: &str,
        container: Option<&str>,
        previous: bool,
        lines: usize,
    ) -> Result<String, ApiError> {
        let path = path_of(self, pod, container, previous, Some(lines));
        let path = format!("{path}&timestamps=true&limitBytes={MOST_BYTES}");
        self.api.text(&path, &format!("read the log of Pod/{pod}")).await
    }

    /// What a container logged in the last seconds.
    ///
    /// # Errors
    /// See [`ApiError`].
    pub async fn recent_log(
        &self,
        pod: &str,
        container: Option<&str>,
        seconds: u64,
    ) -> Result<String, ApiError> {
        let path = path_of(self, pod, container, false, None);
        let path = format!("{path}&sinceSeconds={seconds}");
        self.api.text(&path, &format!("read the log of Pod/{pod}")).await
    }
}
