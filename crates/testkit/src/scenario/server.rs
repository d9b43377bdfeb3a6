//! A real HTTP server in the test process: on loopback or on a Unix socket, with faults on demand and a note of every
//! request.

use std::collections::BTreeMap;
use std::convert::Infallible;
use std::io;
use std::path::Path;
use std::sync::{Arc, Condvar, Mutex, MutexGuard};
use std::time::{Duration, Instant};

use bytes::Bytes;
use http_body_util::combinators::BoxBody;
use http_body_util::{BodyExt, Full, StreamBody};
use hyper::body::{Frame, Incoming};
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use serde_json::Value;
use tokio::io::{AsyncRead, AsyncWrite, AsyncWriteExt as _};
use tokio::sync::oneshot;

/// A request as it came.
#[derive(Debug, Clone)]
pub struct Request {
    /// In the order of their coming since [`Server::set`], from 1.
    pub number: usize,
    /// `GET`.
    pub method: String,
    /// Without the query.
    pub path: String,
    /// Decoded.
    pub query: BTreeMap<String, String>,
    /// Names in lower case.
    pub headers: BTreeMap<String, String>,
    /// As it was sent.
    pub body: Bytes,
}

impl Request {
    /// The body as JSON; null where it is none.
    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or_default()
    }

    /// A value of the query, or nothing.
    pub fn query(&self, name: &str) -> &str {
        self.query.get(name).map_or("", String::as_str)
    }

    /// `POST /apis/apps/v1/namespaces/default/deployments?fieldManager=nutkin`.
    pub fn line(&self) -> String {
        let query: Vec<String> =
            self.query.iter().map(|(name, value)| format!("{name}={value}")).collect();
        let mark = if query.is_empty() { "" } else { "?" };
        format!("{} {}{mark}{}", self.method, self.path, query.join("&"))
    }
}

/// What a server says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answer {
    /// HTTP status.
    pub status: u16,
    /// Besides the type and the length of the body.
    pub headers: Vec<(String, String)>,
    /// JSON mostly.
    pub body: Bytes,
}

impl Answer {
    /// A JSON document.
    pub fn json(status: u16, body: &Value) -> Self {
        Self { status, headers: Vec::new(), body: body.to_string().into() }
    }

    /// Any text.
    pub fn text(status: u16, body: &str) -> Self {
        Self { status, headers: Vec::new(), body: body.to_owned().into() }
    }

    /// With another header.
    #[must_use]
    pub fn header(mut self, name: &str, value: &str) -> Self {
        self.headers.push((name.to_owned(), value.to_owned()));
        self
    }
}

/// What happens to a request in place of a plain answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Fault {
    /// Nothing: it is carried out and answered.
    None,
    /// This answer; it is not carried out.
    Answer(Answer),
    /// The connection breaks; it is not carried out.
    CutBefore,
    /// It is carried out, and the connection breaks in place of the answer.
    CutAfter,
    /// It is carried out, and the connection breaks in the middle of the answer.
    CutInside,
    /// It is carried out, and the answer takes this long.
    Slow(Duration),
    /// It is carried out and never answered: the client is to be killed, and no further request reaches the server.
    Hang,
}

/// A reply of a backend.
#[derive(Debug)]
pub enum Reply {
    /// The answer.
    Now(Answer),
    /// The answer comes by this way; where its sender is dropped the connection breaks.
    Later(oneshot::Receiver<Answer>),
    /// The connection is that of another protocol from then on: the body of this answer comes in it, and its end.
    Upgraded(Answer),
}

/// What stands behind a server. Requests come one at a time.
pub trait Backend: Send + 'static {
    /// Carries out a request.
    fn reply(&mut self, request: &Request) -> Reply;
}

/// A request with its times.
#[derive(Debug, Clone)]
pub struct Seen {
    /// The request.
    pub request: Request,
    /// When it was there as a whole.
    pub came: Instant,
    /// When its answer was given away; `None`: never.
    pub answered: Option<Instant>,
}

type Rule = Box<dyn FnMut(&Request) -> Fault + Send>;

struct State<B> {
    backend: B,
    rule: Rule,
    seen: Vec<Seen>,
    /// Counts up with every [`Server::set`]: answers to earlier requests are nobody's.
    turn: usize,
    hanging: bool,
}

struct Shared<B> {
    state: Mutex<State<B>>,
    hangs: Condvar,
}

/// A running server. It ends when it is dropped.
pub struct Server<B> {
    shared: Arc<Shared<B>>,
    url: String,
    _stop: oneshot::Sender<Infallible>,
}

impl<B> std::fmt::Debug for Server<B> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Server").field("url", &self.url).finish_non_exhaustive()
    }
}

/// The client sees a connection that breaks.
#[derive(Debug, thiserror::Error)]
#[error("cut")]
struct Cut;

impl<B: Backend> Server<B> {
    /// Listens on loopback, on any port.
    ///
    /// # Panics
    /// When no port can be had.
    pub fn start(backend: B) -> Self {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("a port");
        let address = listener.local_addr().expect("the address");
        listener.set_nonblocking(true).expect("a socket that does not block");
        Self::serve(backend, format!("http://{address}"), async move || {
            let listener = tokio::net::TcpListener::from_std(listener)?;
            Ok(Listener::Tcp(listener))
        })
    }

    /// Listens on a Unix socket.
    ///
    /// # Panics
    /// When it cannot be made.
    pub fn start_at(path: &Path, backend: B) -> Self {
        let listener = std::os::unix::net::UnixListener::bind(path).expect("a socket");
        listener.set_nonblocking(true).expect("a socket that does not block");
        Self::serve(backend, format!("unix://{}", path.display()), async move || {
            let listener = tokio::net::UnixListener::from_std(listener)?;
            Ok(Listener::Unix(listener))
        })
    }

    /// Listens on loopback, on any port, and speaks nothing but TLS.
    ///
    /// # Panics
    /// When no port can be had.
    pub fn start_tls(backend: B, config: Arc<rustls::ServerConfig>) -> Self {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("a port");
        let address = listener.local_addr().expect("the address");
        listener.set_nonblocking(true).expect("a socket that does not block");
        Self::serve(backend, format!("https://{address}"), async move || {
            let listener = tokio::net::TcpListener::from_std(listener)?;
            Ok(Listener::Tls(listener, config.into()))
        })
    }

    fn serve<L>(backend: B, url: String, listen: L) -> Self
    where
        L: AsyncFnOnce() -> io::Result<Listener> + Send + 'static,
    {
        let rule: Rule = Box::new(|_| Fault::None);
        let state = State { backend, rule, seen: Vec::new(), turn: 0, hanging: false };
        let shared = Arc::new(Shared { state: Mutex::new(state), hangs: Condvar::new() });
        let (stop, stopped) = oneshot::channel();
        let serving = Arc::clone(&shared);
        std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
            let runtime = runtime.expect("a runtime");
            runtime.block_on(async {
                let listener = listen().await.expect("the socket can be used");
                tokio::select! {
                    _ = stopped => {}
                    () = accept(listener, serving) => {}
                }
            });
        });
        Self { shared, url, _stop: stop }
    }

    /// `http://127.0.0.1:PORT`, or `unix:///path`.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// The port on loopback.
    ///
    /// # Panics
    /// When it listens on a Unix socket.
    pub fn port(&self) -> u16 {
        let port = self.url.rsplit_once(':').and_then(|(_, port)| port.parse().ok());
        port.expect("a server on loopback")
    }

    /// From now on requests are counted from 1 again, and this rule holds for them.
    pub fn set(&self, rule: impl FnMut(&Request) -> Fault + Send + 'static) {
        let mut state = self.lock();
        state.rule = Box::new(rule);
        state.seen.clear();
        state.turn += 1;
        state.hanging = false;
    }

    /// From now on this rule holds; requests are counted on.
    pub fn set_rule(&self, rule: impl FnMut(&Request) -> Fault + Send + 'static) {
        self.lock().rule = Box::new(rule);
    }

    /// Looks at what stands behind it, or changes it.
    pub fn with<T>(&self, look: impl FnOnce(&mut B) -> T) -> T {
        look(&mut self.lock().backend)
    }

    /// What changes it from elsewhere: from the rule of another server.
    pub fn changer(&self) -> impl Fn(&dyn Fn(&mut B)) + Send + 'static {
        let shared = Arc::clone(&self.shared);
        move |change| change(&mut shared.lock().backend)
    }

    /// The requests since [`Server::set`].
    pub fn seen(&self) -> Vec<Seen> {
        self.lock().seen.clone()
    }

    /// The requests since [`Server::set`] in words, those that were in flight together in one list: each came before any
    /// of the list was answered. Slow answers ([`Fault::Slow`]) make this sure.
    pub fn waves(&self) -> Vec<Vec<String>> {
        let mut waves: Vec<(Option<Instant>, Vec<String>)> = Vec::new();
        for seen in self.seen() {
            let line = seen.request.line();
            match waves.last_mut() {
                Some((first, lines)) if first.is_none_or(|first| seen.came < first) => {
                    lines.push(line);
                    *first = [*first, seen.answered].into_iter().flatten().min();
                }
                _ => waves.push((seen.answered, vec![line])),
            }
        }
        waves
            .into_iter()
            .map(|(_, mut lines)| {
                lines.sort();
                lines
            })
            .collect()
    }

    /// Waits until a request hangs; `false` when none does in time.
    ///
    /// # Panics
    /// When a thread of the server has panicked.
    pub fn hangs_within(&self, limit: Duration) -> bool {
        let wait = self.shared.hangs.wait_timeout_while(self.lock(), limit, |one| !one.hanging);
        wait.expect("no thread of the server panics").0.hanging
    }

    fn lock(&self) -> MutexGuard<'_, State<B>> {
        self.shared.lock()
    }
}

impl<B> Shared<B> {
    fn lock(&self) -> MutexGuard<'_, State<B>> {
        self.state.lock().expect("no thread of the server panics")
    }
}

enum Listener {
    Tcp(tokio::net::TcpListener),
    Tls(tokio::net::TcpListener, tokio_rustls::TlsAcceptor),
    Unix(tokio::net::UnixListener),
}

async fn accept<B: Backend>(listener: Listener, shared: Arc<Shared<B>>) {
    loop {
        let shared = Arc::clone(&shared);
        match &listener {
            Listener::Tcp(listener) => {
                let Ok((stream, _)) = listener.accept().await else { return };
                // Small answers are not held back for more to come.
                let _ = stream.set_nodelay(true);
                tokio::spawn(connection(stream, shared));
            }
            Listener::Tls(listener, tls) => {
                let Ok((stream, _)) = listener.accept().await else { return };
                let handshake = tls.accept(stream);
                tokio::spawn(async {
                    // Who cannot show who they are is sent away, and has been told so.
                    let Ok(stream) = handshake.await else { return };
                    connection(stream, shared).await;
                });
            }
            Listener::Unix(listener) => {
                let Ok((stream, _)) = listener.accept().await else { return };
                tokio::spawn(connection(stream, shared));
            }
        }
    }
}

async fn connection<B: Backend>(
    stream: impl AsyncRead + AsyncWrite + Unpin + Send + 'static,
    shared: Arc<Shared<B>>,
) {
    let service = service_fn(move |request| answer(Arc::clone(&shared), request));
    let http = hyper::server::conn::http1::Builder::new();
    // A client that is killed breaks its connections: no news.
    let _ = http.serve_connection(TokioIo::new(stream), service).with_upgrades().await;
}

type Body = BoxBody<Bytes, io::Error>;

async fn answer<B: Backend>(
    shared: Arc<Shared<B>>,
    mut request: hyper::Request<Incoming>,
) -> Result<hyper::Response<Body>, Cut> {
    let upgrade = hyper::upgrade::on(&mut request);
    let request = read(request).await?;
    let (reply, fault, index, turn) = {
        let mut state = shared.lock();
        let index = state.seen.len();
        let request = Request { number: index + 1, ..request };
        let seen = Seen { request: request.clone(), came: Instant::now(), answered: None };
        state.seen.push(seen);
        let turn = state.turn;
        // What comes after the cut does not reach the server.
        let fault = if state.hanging { Fault::CutBefore } else { (state.rule)(&request) };
        let reply = match &fault {
            Fault::CutBefore => return Err(Cut),
            Fault::Answer(answer) => Reply::Now(answer.clone()),
            _ => state.backend.reply(&request),
        };
        if fault == Fault::Hang {
            state.hanging = true;
            shared.hangs.notify_all();
        }
        (reply, fault, index, turn)
    };
    match fault {
        Fault::CutAfter => return Err(Cut),
        Fault::Hang => return std::future::pending().await,
        Fault::Slow(time) => tokio::time::sleep(time).await,
        _ => {}
    }
    let answer = match reply {
        Reply::Now(answer) => answer,
        Reply::Later(answer) => answer.await.map_err(|_| Cut)?,
        Reply::Upgraded(answer) => {
            let bytes = answer.body.clone();
            tokio::spawn(async move {
                let Ok(stream) = upgrade.await else { return };
                let mut stream = TokioIo::new(stream);
                // A client that is killed breaks its connections: no news.
                let _ = stream.write_all(&bytes).await;
                let _ = stream.shutdown().await;
            });
            Answer { body: Bytes::new(), ..answer }
        }
    };
    {
        let mut state = shared.lock();
        if state.turn == turn {
            state.seen[index].answered = Some(Instant::now());
        }
    }
    response(answer, fault == Fault::CutInside)
}

async fn read(request: hyper::Request<Incoming>) -> Result<Request, Cut> {
    let (head, body) = request.into_parts();
    let body = body.collect().await.map_err(|_| Cut)?.to_bytes();
    let query = head.uri.query().unwrap_or_default();
    let query = query.split('&').filter(|pair| !pair.is_empty());
    let pair = |pair: &str| {
        let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
        (decoded(name), decoded(value))
    };
    let text =
        |value: &hyper::header::HeaderValue| String::from_utf8_lossy(value.as_bytes()).into();
    Ok(Request {
        number: 0,
        method: head.method.to_string(),
        path: decoded(head.uri.path()),
        query: query.map(pair).collect(),
        headers: head.headers.iter().map(|(name, value)| (name.to_string(), text(value))).collect(),
        body,
    })
}

fn response(answer: Answer, cut: bool) -> Result<hyper::Response<Body>, Cut> {
    let mut response = hyper::Response::builder().status(answer.status);
    let is_json = matches!(answer.body.first(), Some(b'{' | b'['));
    if answer.status != 101 {
        response = response
            .header("content-type", if is_json { "application/json" } else { "text/plain" });
    }
    for (name, value) in &answer.headers {
        response = response.header(name, value);
    }
    let body = if cut {
        let half = answer.body.slice(..answer.body.len() / 2);
        response = response.header("content-length", answer.body.len());
        let frames = [Ok(Frame::data(half)), Err(io::ErrorKind::BrokenPipe.into())];
        BodyExt::boxed(StreamBody::new(futures_util::stream::iter(frames)))
    } else {
        Full::new(answer.body).map_err(|never| match never {}).boxed()
    };
    response.body(body).map_err(|_| Cut)
}

/// `a%20b+c` of a path or a query.
fn decoded(text: &str) -> String {
    let mut bytes = Vec::new();
    let mut rest = text.as_bytes();
    while let [first, after @ ..] = rest {
        let hex = after.get(..2).filter(|_| *first == b'%');
        let hex = hex.and_then(|hex| u8::from_str_radix(std::str::from_utf8(hex).ok()?, 16).ok());
        if let Some(byte) = hex {
            bytes.push(byte);
            rest = &after[2..];
        } else {
            bytes.push(if *first == b'+' { b' ' } else { *first });
            rest = after;
        }
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn escapes() {
        #[track_caller]
        fn check(text: &str, expected: &str) {
            assert_eq!(decoded(text), expected);
        }
        check("a%3Db%2Cc", "a=b,c");
        check("plain", "plain");
        check("100%", "100%");
        check("%7B%22label%22%7D", "{\"label\"}");
    }
}
