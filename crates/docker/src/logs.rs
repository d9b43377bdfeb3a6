//! Logs of the containers of a session.

use bollard::query_parameters::LogsOptionsBuilder;
use futures_util::stream::{StreamExt as _, select_all};

use super::failure;
use super::session::{DockerSession, no_container};
use nutkin_shell::Logs;
use nutkin_shell::logs::{LogStream, Logged, Logger, Stopped, stream};

/// What the containers wrote.
///
/// # Errors
/// In the stream: there is no such container (2), or the daemon refuses.
pub fn lines<'a>(session: &'a DockerSession, logs: &'a Logs) -> LogStream<'a> {
    stream(async move |logger| read(session, logs, logger).await)
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
    let mut streams = Vec::new();
    for one in &containers {
        if !logs.processes.is_empty() && !logs.processes.contains(&one.seen.alias) {
            continue;
        }
        let tail = logs.tail.map_or_else(|| "all".to_owned(), |tail| tail.to_string());
        let options = LogsOptionsBuilder::default()
            .stdout(true)
            .stderr(true)
            .follow(logs.follow)
            .tail(&tail)
            .build();
        let alias = one.seen.alias.clone();
        let stream = session.docker.logs(&one.seen.name, Some(options));
        streams.push(stream.map(move |output| (alias.clone(), output)).boxed());
    }
    // One after the other, as the local platform does, unless they are followed: a whole log may be larger than memory.
    let groups = if logs.follow {
        vec![streams]
    } else {
        streams.into_iter().map(|one| vec![one]).collect()
    };
    for group in groups {
        let mut outputs = select_all(group);
        while let Some((alias, output)) = outputs.next().await {
            let bytes = output.map_err(|error| failure(&error))?.into_bytes();
            let text = String::from_utf8_lossy(&bytes);
            logger.lines(&alias, text.lines().map(str::to_owned)).await?;
        }
    }
    Ok(())
}
