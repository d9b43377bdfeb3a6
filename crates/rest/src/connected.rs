//! How a session's REST API is reached.

use nutkin_core::selection::Platform;
use nutkin_flink::FlinkVersion;

use crate::{Client, Identity, Tunnel};
use nutkin_shell::{Error, Tenure};

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
    /// What its JobManagers are known by, where others may answer at their addresses.
    pub identity: Option<Identity>,
    /// What keeps the addresses reachable, where they are not so by themselves.
    pub tunnel: Option<Tunnel>,
    /// For how long its jobs may be started and stopped, where that ends.
    pub tenure: Option<Tenure>,
}

impl Connected {
    /// A client for its jobs, which keeps the way open for as long as it lives.
    ///
    /// # Errors
    /// The HTTP client cannot be set up.
    pub fn client(&self) -> Result<Client, Error> {
        let client = Client::new(&self.rest_urls, self.flink)?.of(self.identity.clone());
        Ok(client.through(self.tunnel.clone()).during(self.tenure.clone()))
    }
}
