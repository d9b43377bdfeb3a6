//! Asks a JobManager how many slots it has, every few milliseconds, without any library's waits.

use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::time::{Duration, Instant};

use anyhow::{Result, bail, ensure};
use serde_json::Value;

/// Between two questions: a tenth of the delay that is to be seen.
const EVERY: Duration = Duration::from_millis(5);
/// For one answer.
const PATIENCE: Duration = Duration::from_secs(1);
/// For an answer that runs main() first.
const FOR_MAIN: Duration = Duration::from_secs(30);
/// For the session: ten times what a busy machine of two cores takes.
const GIVE_UP: Duration = Duration::from_mins(3);

/// A port that nobody uses at this moment.
///
/// # Errors
/// When there is none.
pub(crate) fn free_port() -> Result<u16> {
    Ok(TcpListener::bind("127.0.0.1:0")?.local_addr()?.port())
}

/// The moment when that many slots are registered.
///
/// # Errors
/// When `check` fails, or it takes too long.
pub(crate) fn registered(
    port: u16,
    slots: u64,
    mut check: impl FnMut() -> Result<()>,
) -> Result<Instant> {
    let started = Instant::now();
    while started.elapsed() < GIVE_UP {
        if slots_of(port).is_some_and(|seen| slots <= seen) {
            return Ok(Instant::now());
        }
        check()?;
        std::thread::sleep(EVERY);
    }
    bail!("{slots} slots were not registered after {} s", GIVE_UP.as_secs())
}

fn slots_of(port: u16) -> Option<u64> {
    slots_in(&ask(SocketAddr::from(([127, 0, 0, 1], port)), "/overview")?).ok()
}

/// The document of a path; `None` when nobody answers in time, or with an error.
pub(crate) fn get(address: SocketAddr, path: &str) -> Option<Value> {
    document(&ask(address, path)?)
}

fn document(answer: &str) -> Option<Value> {
    let (head, body) = answer.split_once("\r\n\r\n")?;
    head.starts_with("HTTP/1.1 200").then(|| serde_json::from_str(body).ok())?
}

/// The same of a request with a document.
pub(crate) fn post(address: SocketAddr, path: &str, body: &str) -> Option<Value> {
    let length = body.len();
    let request = format!(
        "POST {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nContent-Type: application/json\r\n\
         Content-Length: {length}\r\n\r\n{body}"
    );
    document(&exchange(address, &request, FOR_MAIN)?)
}

fn ask(address: SocketAddr, path: &str) -> Option<String> {
    let request = format!("GET {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n");
    exchange(address, &request, PATIENCE)
}

fn exchange(address: SocketAddr, request: &str, patience: Duration) -> Option<String> {
    let mut stream = TcpStream::connect_timeout(&address, PATIENCE).ok()?;
    stream.set_read_timeout(Some(patience)).ok()?;
    stream.write_all(request.as_bytes()).ok()?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer).ok()?;
    Some(answer)
}

/// Reads `slots-total` from an answer: the body is one JSON object.
fn slots_in(answer: &str) -> Result<u64> {
    ensure!(answer.starts_with("HTTP/1.1 200"), "no overview yet");
    let body = answer.split_once("\r\n\r\n").map_or("", |(_, body)| body);
    let overview: Value = serde_json::from_str(body)?;
    overview["slots-total"].as_u64().ok_or_else(|| anyhow::anyhow!("no slots in `{body}`"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(answer: &str, expected: Option<u64>) {
        assert_eq!(slots_in(answer).ok(), expected);
    }

    #[test]
    fn slots_of_answers() {
        let ok = "HTTP/1.1 200 OK\r\ncontent-length: 42\r\n\r\n";
        check(&format!("{ok}{{\"taskmanagers\":2,\"slots-total\":4}}"), Some(4));
        check(&format!("{ok}{{\"taskm"), None);
        check("HTTP/1.1 503 Service Unavailable\r\n\r\n{\"errors\":[]}", None);
    }
}
