//! Flink's REST API, asked without Nutkin: the second opinion on what Nutkin says.

use std::io::{Read as _, Write as _};
use std::net::{TcpStream, ToSocketAddrs as _};
use std::path::Path;
use std::time::Duration;

use serde_json::{Value, json};

/// While a leader is elected a standby keeps a call waiting; asking again costs less than waiting.
const PATIENCE: Duration = Duration::from_secs(2);
/// Parts of a multipart body end here. Any text that a jar does not hold.
const BOUNDARY: &str = "nutkin-e2e-7d6c1f0b";

/// One JobManager.
#[derive(Debug, Clone)]
pub struct Rest {
    authority: String,
}

impl Rest {
    /// Of `http://HOST:PORT`.
    pub fn new(url: &str) -> Self {
        let authority = url.trim_start_matches("http://").trim_end_matches('/');
        Self { authority: authority.to_owned() }
    }

    /// What a path answers; `None` when nobody answers in time, or with an error.
    pub fn get(&self, path: &str) -> Option<Value> {
        self.ask("GET", path, "application/json", &[])
    }

    /// Uploads a jar and runs it. Gives the job's ID.
    ///
    /// # Panics
    /// When Flink refuses.
    #[track_caller]
    pub fn submit(&self, jar: &Path, args: &[&str]) -> String {
        let mut body = format!(
            "--{BOUNDARY}\r\nContent-Disposition: form-data; name=\"jarfile\"; filename=\"job.jar\"\r\n\
             Content-Type: application/x-java-archive\r\n\r\n"
        )
        .into_bytes();
        body.extend(std::fs::read(jar).expect("the jar is readable"));
        body.extend(format!("\r\n--{BOUNDARY}--\r\n").into_bytes());
        let kind = format!("multipart/form-data; boundary={BOUNDARY}");
        let uploaded = self.ask("POST", "/jars/upload", &kind, &body).expect("an upload");
        let file = uploaded["filename"].as_str().expect("the name of the upload");
        let id = file.rsplit('/').next().unwrap_or(file);
        let body = json!({"programArgsList": args}).to_string();
        let path = format!("/jars/{id}/run");
        let run = self.ask("POST", &path, "application/json", body.as_bytes());
        run.and_then(|run| Some(run["jobid"].as_str()?.to_owned())).expect("a job ID")
    }

    /// Cancels a job.
    pub fn cancel(&self, id: &str) {
        self.ask("PATCH", &format!("/jobs/{id}"), "application/json", &[]);
    }

    /// Ends the cluster.
    pub fn end(&self) {
        self.ask("DELETE", "/cluster", "application/json", &[]);
    }

    /// State of a job, past the cache that `/jobs/<id>` has.
    pub fn job_state(&self, id: &str) -> Option<String> {
        Some(self.get(&format!("/jobs/{id}/status"))?["status"].as_str()?.to_owned())
    }

    fn ask(&self, method: &str, path: &str, kind: &str, body: &[u8]) -> Option<Value> {
        // The address of a pod that has just ended answers nothing, not even a refusal, and the kernel tries for two minutes.
        let mut addresses = self.authority.to_socket_addrs().ok()?;
        let connect = |address| TcpStream::connect_timeout(&address, PATIENCE).ok();
        let mut stream = addresses.find_map(connect)?;
        // main() of a job runs within the call.
        let patience = if method == "GET" { PATIENCE } else { 30 * PATIENCE };
        stream.set_read_timeout(Some(patience)).ok()?;
        let head = format!(
            "{method} {path} HTTP/1.1\r\nHost: {}\r\nConnection: close\r\nContent-Type: {kind}\r\n\
             Content-Length: {}\r\n\r\n",
            self.authority,
            body.len()
        );
        stream.write_all(head.as_bytes()).ok()?;
        stream.write_all(body).ok()?;
        let mut answer = Vec::new();
        stream.read_to_end(&mut answer).ok()?;
        let answer = String::from_utf8(answer).ok()?;
        let (head, body) = answer.split_once("\r\n\r\n")?;
        let status = head.split(' ').nth(1)?;
        if !status.starts_with('2') {
            return None;
        }
        serde_json::from_str(body).ok()
    }
}
