//! How a session's REST API is reached.

use std::sync::Arc;

use nutkin_core::selection::Platform;
use nutkin_flink::FlinkVersion;
use tokio::task::JoinHandle;

use crate::Client;
use nutkin_shell::Error;

/// A session that can be talked to.
#[derive(Debug, Clone)]
pub struct Connected {
    /// Its name.
    pub name: String,
    /// Where it runs.
    pub platform: Platform,
    /// REST addresses, one for each JobManager, without a slash at the end. With high availability any
    /// of them may be the one that answers.
    pub rest_urls: Vec<String>,
    /// Its Flink release.
    pub flink: FlinkVersion,
    /// What keeps the addresses reachable, where they are not so by themselves.
    pub tunnel: Option<Tunnel>,
}

impl Connected {
    /// A client for its jobs, which keeps the way open for as long as it lives.
    ///
    /// # Errors
    /// The HTTP client cannot be set up.
    pub fn client(&self) -> Result<Client, Error> {
        Ok(Client::new(&self.rest_urls, self.flink)?.through(self.tunnel.clone()))
    }
}

/// A way to a session that closes when the last copy of this is dropped.
#[derive(Debug, Clone)]
pub struct Tunnel {
    _task: Arc<Task>,
}

impl Tunnel {
    /// The way that this task keeps open.
    pub fn of(task: JoinHandle<()>) -> Self {
        Self { _task: Arc::new(Task(task)) }
    }
}

#[derive(Debug)]
struct Task(JoinHandle<()>);

impl Drop for Task {
    fn drop(&mut self) {
        self.0.abort();
    }
}
