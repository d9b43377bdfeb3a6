//! Logs of all pods of a session, those of containers that ended before included.

use std::collections::BTreeSet;
use std::time::Duration;

use futures_util::io::AsyncBufReadExt;
use futures_util::{StreamExt as _, TryStreamExt as _};
use http::Request;
use nutkin_core::kubernetes::forbidden;
use nutkin_core::kubernetes::resource::PODS;
use serde_json::Value;

use super::error::{ApiError, failure};
use super::session::KubernetesSession;
use nutkin_core::Remedy;
use nutkin_shell::logs::{Closed, LogStream, Logged, Logger, Stopped, stream};
use nutkin_shell::{Error, Kind, Logs};

/// Logs that are read at once: an API server answers some side by side as soon as one, and holds them in memory.
const AT_ONCE: usize = 4;

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

/// Logs of all containers.
///
/// # Errors
/// In the stream: there is no such pod (2), or the API server cannot be asked.
pub fn lines<'a>(session: &'a KubernetesSession, logs: &'a Logs) -> LogStream<'a> {
    stream(async move |logger| all(session, logs, logger).await)
}

/// What one container has logged.
enum Text {
    Lines(String),
    /// It does not run yet.
    Nothing,
}

async fn all(session: &KubernetesSession, logs: &Logs, logger: Logger) -> Result<(), Stopped> {
    let logger = &logger;
    let sources = sources(session, logs).await?;
    let mut refused = Refused::default();
    // Containers that do not run yet have no log.
    let mut waiting: Vec<&str> = Vec::new();
    let texts = futures_util::stream::iter(&sources).map(async |source| {
        let texts = (previous(session, source, logs).await, now(session, source, logs).await);
        (source, texts)
    });
    let mut texts = std::pin::pin!(texts.buffered(AT_ONCE));
    while let Some((source, (previous, now))) = texts.next().await {
        let mut text = previous;
        match now? {
            Text::Lines(lines) => text.push_str(&lines),
            Text::Nothing => waiting.push(&source.prefix),
        }
        text.lines().for_each(|line| refused.see(line));
        logger.lines(&source.prefix, text.lines().map(str::to_owned)).await?;
    }
    if sources.is_empty() {
        let message = format!("session `{}` has no pod", session.name);
        logger.put(Logged::Said(message)).await?;
    }
    if !waiting.is_empty() {
        let message = format!("nothing is logged yet: {}", waiting.join(", "));
        logger.put(Logged::Said(message)).await?;
        logger.put(Logged::Hint(Remedy::Status { name: Some(session.name.clone()) })).await?;
    }
    refused.tell(logger).await?;
    if logs.follow { follow(session, logs, refused, logger).await } else { Ok(()) }
}

/// What the container wrote before it was started again.
async fn previous(session: &KubernetesSession, source: &Source, logs: &Logs) -> String {
    if !logs.previous || source.restarts == 0 {
        return String::new();
    }
    // Kubernetes keeps one previous log, and not for ever.
    let text = session.log(&source.pod, Some(&source.container), true, logs.tail).await;
    ended(text.unwrap_or_default())
}

async fn now(session: &KubernetesSession, source: &Source, logs: &Logs) -> Result<Text, Error> {
    if logs.follow {
        return Ok(Text::Lines(String::new()));
    }
    match session.log(&source.pod, Some(&source.container), false, logs.tail).await {
        // Of a pod without a node the API server gives an empty one.
        Ok(text) if text.is_empty() && logs.tail != Some(0) => Ok(Text::Nothing),
        Ok(text) => Ok(Text::Lines(text)),
        Err(error) if error.is("BadRequest") => Ok(Text::Nothing),
        Err(error) => Err(failure(error)),
    }
}

/// With an end to its last line.
fn ended(mut text: String) -> String {
    if !text.is_empty() && !text.ends_with('\n') {
        text.push('\n');
    }
    text
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
async fn follow(
    session: &KubernetesSession,
    logs: &Logs,
    mut refused: Refused,
    logger: &Logger,
) -> Result<(), Stopped> {
    let (lines, mut read_lines) = tokio::sync::mpsc::channel::<(String, String)>(AHEAD);
    let mut known: BTreeSet<Source> = BTreeSet::new();
    let mut readers = tokio::task::JoinSet::new();
    let mut look = tokio::time::interval(NEW_PODS);
    loop {
        tokio::select! {
            Some((prefix, line)) = read_lines.recv() => {
                refused.see(&line);
                logger.lines(&prefix, [line]).await?;
            }
            _ = look.tick() => {
                refused.tell(logger).await?;
                let all = Logs { processes: Vec::new(), ..logs.clone() };
                for source in sources(session, &all).await? {
                    let meant = logs.processes.is_empty() || logs.processes.contains(&source.pod);
                    if meant && known.insert(source.clone()) {
                        let (session, lines) = (session.clone(), lines.clone());
                        let tail = logs.tail;
                        readers.spawn(async move {
                            let _ = read(&session, &source, tail, &lines).await;
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
    tail: Option<usize>,
    lines: &tokio::sync::mpsc::Sender<(String, String)>,
) -> Result<(), kube::Error> {
    let path = path(session, &source.pod, Some(&source.container), false, tail, true);
    loop {
        let request = Request::get(&path).body(Vec::new()).map_err(kube::Error::HttpError)?;
        match session.api.client().request_stream(request).await {
            Ok(stream) => {
                let mut stream = std::pin::pin!(stream.lines());
                while let Ok(Some(line)) = stream.try_next().await {
                    if lines.send((source.prefix.clone(), line)).await.is_err() {
                        return Ok(());
                    }
                }
                return Ok(());
            }
            // The container is not started yet.
            Err(kube::Error::Api(status)) if status.code == 400 => {
                // Nothing tells when a container has a log: whoever follows it asks now and then.
                tokio::time::sleep(NEW_PODS).await;
            }
            Err(error) => return Err(error),
        }
    }
}

fn path(
    session: &KubernetesSession,
    pod: &str,
    container: Option<&str>,
    previous: bool,
    tail: Option<usize>,
    follow: bool,
) -> String {
    let mut path =
        format!("{}/log?previous={previous}", PODS.path_of(session.api.namespace(), pod));
    if let Some(container) = container {
        path.push_str(&format!("&container={container}"));
    }
    if let Some(tail) = tail {
        path.push_str(&format!("&tailLines={tail}"));
    }
    if follow {
        path.push_str("&follow=true");
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
        let path = path(self, pod, container, previous, tail, false);
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
        let path = path(self, pod, container, previous, Some(lines), false);
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
        let path = path(self, pod, container, false, None, false);
        let path = format!("{path}&sinceSeconds={seconds}");
        self.api.text(&path, &format!("read the log of Pod/{pod}")).await
    }
}
