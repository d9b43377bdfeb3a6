//! Asks the JobManagers of a session for a sign of life: of their own, and of the TaskManagers that they hear.
//!
//! Plain HTTP on loopback without a runtime, in a thread that ends with the answers: a JobManager that hangs takes the
//! connection and says nothing, and the supervisor has other things to do meanwhile.

use std::collections::{BTreeMap, BTreeSet};
use std::io::{self, Read as _, Write as _};
use std::net::{TcpStream, ToSocketAddrs as _};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use nutkin_core::supervision::life::Heard;
use serde::Deserialize;

use super::launch::{Launch, Role};

/// How long an answer is waited for. Each silence is one of many before anything happens.
const PATIENCE: Duration = Duration::from_secs(5);

/// More than the list of a thousand TaskManagers has.
const LARGEST: usize = 4 * 1024 * 1024;

/// The stack of the thread: an answer is on the heap.
const STACK: usize = 128 * 1024;

/// `GET /taskmanagers`, all versions.
#[derive(Debug, Deserialize)]
struct List {
    taskmanagers: Vec<Registered>,
}

/// See [`List`].
#[derive(Debug, Deserialize)]
struct Registered {
    id: String,
}

/// JobManagers by name with the `HOST:PORT` of their REST API. Empty where they speak TLS or do not say where: then nobody
/// is asked.
pub(super) fn addresses(launch: &Launch) -> BTreeMap<String, String> {
    let is_one = |one: &&super::launch::Definition| one.role == Role::JobManager;
    let names = launch.processes.iter().filter(is_one).map(|one| one.name.clone());
    let plain: Option<Vec<_>> =
        launch.rest_urls.iter().map(|url| url.strip_prefix("http://")).collect();
    let plain = plain.unwrap_or_default().into_iter().map(str::to_owned);
    names.zip(plain).collect()
}

/// A question that is under way.
#[derive(Debug)]
pub(super) struct Question(JoinHandle<BTreeMap<String, Heard>>);

impl Question {
    /// Asks all of them, one after the other. `None` where there is nobody to ask, or the system gives no thread.
    pub(super) fn ask(addresses: BTreeMap<String, String>) -> Option<Self> {
        if addresses.is_empty() {
            return None;
        }
        let thread = thread::Builder::new().stack_size(STACK).spawn(move || {
            let ask = |(name, address): (String, String)| (name, answer(&address, PATIENCE));
            addresses.into_iter().map(ask).collect()
        });
        thread.ok().map(Self)
    }

    /// The answers, or the question again where one is missing.
    pub(super) fn answers(self) -> Result<BTreeMap<String, Heard>, Self> {
        // A thread that failed has heard nobody.
        if self.0.is_finished() { Ok(self.0.join().unwrap_or_default()) } else { Err(self) }
    }
}

fn answer(address: &str, patience: Duration) -> Heard {
    match ask(address, patience) {
        Ok((200, body)) => match serde_json::from_slice::<List>(&body) {
            Ok(List { taskmanagers }) => {
                let ids: BTreeSet<_> = taskmanagers.into_iter().map(|one| one.id).collect();
                Heard::TaskManagers(ids)
            }
            Err(_) => Heard::Other,
        },
        Ok(_) => Heard::Other,
        Err(_) => Heard::Nothing,
    }
}

/// The status and the body of `GET /taskmanagers`.
fn ask(address: &str, patience: Duration) -> io::Result<(u16, Vec<u8>)> {
    let end = Instant::now() + patience;
    let resolved = address.to_socket_addrs()?.next().ok_or(io::ErrorKind::AddrNotAvailable)?;
    let mut stream = TcpStream::connect_timeout(&resolved, patience)?;
    stream.set_write_timeout(Some(patience))?;
    let head = format!("Host: {address}\r\nConnection: close\r\n\r\n");
    stream.write_all(format!("GET /taskmanagers HTTP/1.1\r\n{head}").as_bytes())?;
    let mut bytes = Vec::new();
    let mut buffer = [0; 8192];
    loop {
        let left = end.saturating_duration_since(Instant::now());
        if left.is_zero() || LARGEST < bytes.len() {
            return Err(io::ErrorKind::TimedOut.into());
        }
        stream.set_read_timeout(Some(left))?;
        let count = stream.read(&mut buffer)?;
        bytes.extend_from_slice(&buffer[..count]);
        let Some(Head { status, start, length }) = Head::of(&bytes) else {
            if count == 0 {
                return Err(io::ErrorKind::InvalidData.into());
            }
            continue;
        };
        if count == 0 || length.is_some_and(|length| start + length <= bytes.len()) {
            return Ok((status, bytes.split_off(start)));
        }
    }
}

/// What an answer begins with.
#[derive(Debug, PartialEq, Eq)]
struct Head {
    status: u16,
    /// Where the body starts.
    start: usize,
    /// Bytes of the body; `None` where it ends with the connection.
    length: Option<usize>,
}

impl Head {
    /// `None` while it is not there as a whole, and of what is not HTTP.
    fn of(bytes: &[u8]) -> Option<Self> {
        let end = bytes.windows(4).position(|four| four == b"\r\n\r\n")?;
        let text = std::str::from_utf8(&bytes[..end]).ok()?;
        let mut lines = text.split("\r\n");
        let status = lines.next()?.strip_prefix("HTTP/1.1 ")?.split(' ').next()?.parse().ok()?;
        let length = lines.find_map(|line| {
            let (name, value) = line.split_once(':')?;
            name.eq_ignore_ascii_case("content-length").then(|| value.trim().parse().ok())?
        });
        Some(Self { status, start: end + 4, length })
    }
}

#[cfg(test)]
mod tests {
    use std::net::TcpListener;

    use super::*;

    /// A JobManager that says this.
    #[track_caller]
    fn check(says: &str, expected: &Heard) {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap().to_string();
        let says = says.to_owned();
        let server = thread::spawn(move || {
            let (mut stream, _) = listener.accept().unwrap();
            let mut request = [0; 512];
            let count = stream.read(&mut request).unwrap();
            stream.write_all(says.as_bytes()).unwrap();
            String::from_utf8_lossy(&request[..count]).into_owned()
        });
        let asked = Question::ask([("jobmanager".to_owned(), address)].into()).unwrap();
        let mut answers = asked.answers();
        while let Err(asked) = answers {
            thread::yield_now();
            answers = asked.answers();
        }
        assert_eq!(answers.unwrap()["jobmanager"], *expected);
        assert!(server.join().unwrap().starts_with("GET /taskmanagers HTTP/1.1\r\nHost: 127."));
    }

    #[test]
    fn who_takes_the_question_and_hangs_is_not_waited_for() {
        // The system takes the connection; nobody reads what it brings.
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap().to_string();
        let start = Instant::now();
        let patience = Duration::from_millis(30);
        assert_eq!(answer(&address, patience), Heard::Nothing);
        assert!(patience <= start.elapsed() && start.elapsed() < PATIENCE, "{:?}", start.elapsed());
        // The control: who is not there at all is not waited for either.
        drop(listener);
        assert_eq!(answer(&address, PATIENCE), Heard::Nothing);
    }

    #[test]
    fn without_addresses_nobody_is_asked() {
        assert!(Question::ask(BTreeMap::new()).is_none());
    }

    #[test]
    fn answers_of_job_managers() {
        let of = |names: &[&str]| {
            Heard::TaskManagers(names.iter().map(|name| (*name).to_owned()).collect())
        };
        let body = r#"{"taskmanagers":[{"id":"taskmanager-1","slotsNumber":2}]}"#;
        let length = body.len();
        let head = format!("HTTP/1.1 200 OK\r\ncontent-length: {length}\r\n\r\n");
        check(&format!("{head}{body}"), &of(&["taskmanager-1"]));
        check(&format!("HTTP/1.1 200 OK\r\n\r\n{body}"), &of(&["taskmanager-1"]));
        check("HTTP/1.1 200 OK\r\n\r\n{\"taskmanagers\":[]}", &of(&[]));
        check("HTTP/1.1 200 OK\r\n\r\n<html>", &Heard::Other);
        check("HTTP/1.1 503 Service Unavailable\r\n\r\n{}", &Heard::Other);
        check("not HTTP", &Heard::Nothing);
        check("", &Heard::Nothing);
    }
}
