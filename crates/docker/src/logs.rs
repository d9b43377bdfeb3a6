//! Logs of the containers of a session.

use bollard::query_parameters::LogsOptionsBuilder;
use futures_util::stream::{self, StreamExt as _, select_all};
use nutkin_diagnosis::LogReader;

use super::failure;
use super::session::{DockerSession, ListedContainer, no_container};
use nutkin_shell::Logs;
use nutkin_shell::logs::{self, LogSource, LogStream, Logged, Logger, Stopped};

/// What the containers wrote, in order of time; what is followed as it comes.
///
/// # Errors
/// In the stream: there is no such container (2), or the daemon refuses.
pub fn lines<'a>(session: &'a DockerSession, logs: &'a Logs) -> LogStream<'a> {
    logs::stream(async move |logger| read(session, logs, logger).await)
}

async fn read(session: &DockerSession, logs: &Logs, logger: Logger) -> Result<(), Stopped> {
    let containers = session.containers().await?;
    for wanted in &logs.processes {
        if !containers.iter().any(|one| one.seen.alias == *wanted) {
            return Err(no_container(session, wanted, &containers).into());
        }
    }
    let names = containers.iter().map(|one| one.seen.alias.clone()).collect();
    logger.put(Logged::Processes(names)).await?;
    let is_wanted = |one: &&ListedContainer| {
        logs.processes.is_empty() || logs.processes.contains(&one.seen.alias)
    };
    let wanted = containers.iter().filter(is_wanted);
    let sources: Vec<LogSource<'_>> = wanted.map(|one| source(session, one, logs)).collect();
    if !logs.follow {
        return logger.merged(sources).await;
    }
    let mut all = select_all(sources);
    while let Some(line) = all.next().await {
        logger.put(Logged::Line(line?)).await?;
    }
    Ok(())
}

/// The log of one container. The daemon keeps what it wrote before it was started again, too.
fn source<'a>(session: &'a DockerSession, one: &ListedContainer, logs: &Logs) -> LogSource<'a> {
    let tail = logs.tail.map_or_else(|| "all".to_owned(), |tail| tail.to_string());
    let since = logs.since.and_then(|since| i32::try_from(since.div_euclid(1000)).ok());
    let options = LogsOptionsBuilder::default()
        .stdout(true)
        .stderr(true)
        .timestamps(true)
        .follow(logs.follow)
        .since(since.unwrap_or_default())
        .tail(&tail)
        .build();
    let mut lines = LogReader::of_container(&one.seen.alias, "");
    let outputs = session.docker.logs(&one.seen.name, Some(options));
    let outputs = outputs.map(move |output| match output {
        Ok(output) => {
            let text = String::from_utf8_lossy(&output.into_bytes()).into_owned();
            text.lines().map(|line| Ok(lines.line(line))).collect()
        }
        Err(error) => vec![Err(failure(&error))],
    });
    outputs.flat_map(stream::iter).boxed_local()
}
