//! A proxy in front of an API server that gives what a real one does not give on demand: it stops in the middle, says
//! no for a while, or tells what was true a moment ago.
//!
//! Plain HTTP on loopback on both sides (`kubectl proxy` is the other side), one connection for each request.

use std::io::{self, BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Condvar, Mutex};
use std::time::Duration;

/// What the proxy does with a request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Fault {
    /// Passes it on.
    None,
    /// Answers itself, without asking the server: status line, headers, body.
    Answer(&'static str, &'static str),
    /// Passes it on, and breaks the connection in place of the answer.
    LoseAnswer,
    /// Passes it on and never answers: the client is to be killed.
    Hang,
}

/// A request: its number from 1, its method and path.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Seen {
    /// In the order of their coming.
    pub number: usize,
    /// `GET`.
    pub method: String,
    /// With the query.
    pub path: String,
}

type Rule = dyn Fn(&Seen) -> Fault + Send + Sync;

/// A running proxy. It ends with the process.
#[derive(Clone)]
pub struct ApiProxy {
    address: SocketAddr,
    state: Arc<(Mutex<State>, Condvar)>,
}

struct State {
    rule: Arc<Rule>,
    seen: Vec<Seen>,
    /// How many requests hang, and no further one is passed on.
    hanging: usize,
}

impl ApiProxy {
    /// Starts one before the server at `upstream`. At first it passes everything on.
    ///
    /// # Errors
    /// No port can be had.
    pub fn start(upstream: SocketAddr) -> io::Result<Self> {
        let listener = TcpListener::bind("127.0.0.1:0")?;
        let state = State { rule: Arc::new(|_| Fault::None), seen: Vec::new(), hanging: 0 };
        let proxy = Self {
            address: listener.local_addr()?,
            state: Arc::new((Mutex::new(state), Condvar::new())),
        };
        let serving = proxy.clone();
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let proxy = serving.clone();
                // A client that is killed breaks its connections: no news.
                std::thread::spawn(move || drop(proxy.serve(stream, upstream)));
            }
        });
        Ok(proxy)
    }

    /// `http://127.0.0.1:PORT`.
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// From now on requests are counted from 1 again, and this rule holds for them.
    ///
    /// # Panics
    /// When a thread of the proxy has panicked.
    pub fn set(&self, rule: impl Fn(&Seen) -> Fault + Send + Sync + 'static) {
        let mut state = self.state.0.lock().expect("no thread of the proxy panics");
        state.rule = Arc::new(rule);
        state.seen.clear();
        state.hanging = 0;
    }

    /// The requests since [`ApiProxy::set`].
    ///
    /// # Panics
    /// When a thread of the proxy has panicked.
    pub fn seen(&self) -> Vec<Seen> {
        self.state.0.lock().expect("no thread of the proxy panics").seen.clone()
    }

    /// Waits until a request hangs; `false` when none does in time.
    ///
    /// # Panics
    /// When a thread of the proxy has panicked.
    pub fn hangs_within(&self, limit: Duration) -> bool {
        let state = self.state.0.lock().expect("no thread of the proxy panics");
        let wait = self.state.1.wait_timeout_while(state, limit, |state| state.hanging == 0);
        wait.is_ok_and(|(state, _)| 0 < state.hanging)
    }

    fn serve(&self, client: TcpStream, upstream: SocketAddr) -> io::Result<()> {
        let mut reader = BufReader::new(client.try_clone()?);
        let (first, head, body) = read_message(&mut reader)?;
        let mut words = first.split(' ');
        let mut word = || words.next().unwrap_or_default().to_owned();
        let (method, path) = (word(), word());
        let fault = {
            let mut state = self.state.0.lock().map_err(|_| io::ErrorKind::Other)?;
            let number = state.seen.len() + 1;
            let seen = Seen { number, method, path };
            let fault = if 0 < state.hanging { Fault::Hang } else { (state.rule)(&seen) };
            let first_to_hang = fault == Fault::Hang && state.hanging == 0;
            state.seen.push(seen);
            if fault == Fault::Hang {
                state.hanging += 1;
            }
            if fault == Fault::Hang && !first_to_hang {
                // What comes after the cut does not reach the server.
                drop(state);
                std::thread::park();
                return Ok(());
            }
            fault
        };
        let mut client = client;
        if let Fault::Answer(status, body) = &fault {
            let length = body.len();
            return write!(
                client,
                "HTTP/1.1 {status}\r\nContent-Type: application/json\r\nContent-Length: {length}\r\n\
                 Connection: close\r\n\r\n{body}"
            );
        }
        let mut server = TcpStream::connect(upstream)?;
        write!(server, "{first}\r\n")?;
        for line in head.iter().filter(|line| !is_about_connection(line)) {
            write!(server, "{line}\r\n")?;
        }
        write!(server, "Host: 127.0.0.1\r\nConnection: close\r\n\r\n")?;
        server.write_all(&body)?;
        let mut answer = Vec::new();
        server.read_to_end(&mut answer)?;
        match fault {
            Fault::Hang => {
                self.state.1.notify_all();
                std::thread::park();
                Ok(())
            }
            Fault::LoseAnswer => Ok(()),
            Fault::None | Fault::Answer(..) => client.write_all(&answer),
        }
    }
}

fn is_about_connection(line: &str) -> bool {
    let name = line.split(':').next().unwrap_or_default().to_ascii_lowercase();
    ["host", "connection", "upgrade"].contains(&name.as_str())
}

/// First line, other lines of the head, body.
fn read_message(reader: &mut impl BufRead) -> io::Result<(String, Vec<String>, Vec<u8>)> {
    let mut lines = Vec::new();
    loop {
        let mut line = String::new();
        if reader.read_line(&mut line)? == 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        let line = line.trim_end();
        if line.is_empty() {
            break;
        }
        lines.push(line.to_owned());
    }
    let length = lines.iter().find_map(|line| {
        let (name, value) = line.split_once(':')?;
        name.eq_ignore_ascii_case("content-length").then(|| value.trim().parse().ok())?
    });
    let mut body = vec![0; length.unwrap_or(0)];
    reader.read_exact(&mut body)?;
    let first = if lines.is_empty() { String::new() } else { lines.remove(0) };
    Ok((first, lines, body))
}
