//! A client of ZooKeeper, as far as `gc` needs one: what is below a path, and its removal in one transaction. Source:
//! `zookeeper.jute`, `ClientCnxn` and `MultiOperationRecord` of ZooKeeper 3.5 to 3.9.

use std::io;
use std::time::Duration;

use nutkin_core::gc::znodes::Znode;
use nutkin_core::zookeeper::{self, CLOSE_SESSION};
use nutkin_shell::{Error, Kind};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

/// How long a server may take for an answer: one that is well needs some milliseconds.
const PATIENCE: Duration = Duration::from_secs(10);

/// For how long a server keeps a client that says nothing, in milliseconds: no request here takes longer.
const SESSION: i32 = 30_000;

/// The port of a server that names none.
const PORT: u16 = 2181;

/// More than a server sends by far (`jute.maxbuffer` is 1 MiB): whatever says so does not speak this protocol.
const LARGEST: i32 = 64 << 20;

/// Kinds of requests (`ZooDefs.OpCode`).
const GET_CHILDREN: i32 = 12;
const MULTI: i32 = 14;
const DELETE: i32 = 2;
/// The kind of a part of a transaction that was not done, and of its end.
const NONE: i32 = -1;

/// Answers (`KeeperException.Code`): there is no such znode, it is another one by now, or has some below it.
const MISSING: i32 = -101;
const OTHER_VERSION: i32 = -103;
const NOT_EMPTY: i32 = -111;
/// Its list of who may do what forbids it.
const FORBIDDEN: i32 = -102;

/// A connection to one of the servers.
#[derive(Debug)]
pub(crate) struct ZooKeeper {
    server: String,
    stream: TcpStream,
    requests: i32,
}

impl ZooKeeper {
    /// Connects to the first of these servers that answers: `HOST:PORT`, with commas between them.
    ///
    /// # Errors
    /// None does.
    pub(crate) async fn connect(servers: &str) -> Result<Self, Error> {
        let mut last = Error::new(Kind::Invalid, format!("`{servers}` names no server"));
        for server in servers.split(',').map(str::trim).filter(|server| !server.is_empty()) {
            let connected = tokio::time::timeout(PATIENCE, Self::open(server)).await;
            match connected.map_err(io::Error::from).flatten() {
                Ok(connected) => return Ok(connected),
                Err(error) => last = unanswered(server, &error),
            }
        }
        Err(last)
    }

    async fn open(server: &str) -> io::Result<Self> {
        let has_port = server.rsplit_once(':').is_some_and(|(_, port)| port.parse::<u16>().is_ok());
        let address = if has_port { server.to_owned() } else { format!("{server}:{PORT}") };
        let stream = TcpStream::connect(&address).await?;
        let mut client = Self { server: address, stream, requests: 0 };
        client.stream.write_all(&zookeeper::connect(0, [0; 16], SESSION)).await?;
        let answer = client.receive().await?;
        let mut answer = Answer(&answer);
        answer.int()?;
        // A server that is not part of a quorum refuses with no time at all.
        if answer.int()? <= 0 {
            return Err(io::Error::other("it gives no session"));
        }
        Ok(client)
    }

    /// A znode and all below it, each before those below it.
    ///
    /// # Errors
    /// The server refuses one of the lists.
    pub(crate) async fn tree(&mut self, root: &str) -> Result<Vec<Znode>, Error> {
        let mut found = Vec::new();
        let mut open = vec![root.to_owned()];
        while let Some(path) = open.pop() {
            let mut body = Vec::new();
            put_text(&mut body, &path);
            body.push(0);
            let (code, answer) = self.call(GET_CHILDREN, &body).await?;
            if code == MISSING {
                // It went meanwhile, or was never there.
                continue;
            }
            self.check(code, &path)?;
            let (node, children) = listed(&answer, &path).map_err(|error| self.broken(&error))?;
            found.push(node);
            open.extend(
                children.iter().map(|name| format!("{}/{name}", path.trim_end_matches('/'))),
            );
        }
        Ok(found)
    }

    /// Removes all of these znodes, those below before those above, or none: `false` where one was written to since it was listed, is gone,
    /// or has got another one below it.
    ///
    /// # Errors
    /// The server refuses.
    pub(crate) async fn remove(&mut self, nodes: &[Znode]) -> Result<bool, Error> {
        let mut body = Vec::new();
        for node in nodes {
            put_part(&mut body, DELETE, false);
            put_text(&mut body, &node.path);
            put_int(&mut body, node.version);
        }
        put_part(&mut body, NONE, true);
        let (code, answer) = self.call(MULTI, &body).await?;
        let code =
            if code == 0 { refusal(&answer).map_err(|error| self.broken(&error))? } else { code };
        if [MISSING, OTHER_VERSION, NOT_EMPTY].contains(&code) {
            return Ok(false);
        }
        let path = nodes.last().map_or("", |node| node.path.as_str());
        self.check(code, path).map(|()| true)
    }

    /// Ends the session, so that the server need not wait for its end.
    pub(crate) async fn close(mut self) {
        // It ends by itself otherwise.
        let _ = self.call(CLOSE_SESSION, &[]).await;
    }

    fn check(&self, code: i32, path: &str) -> Result<(), Error> {
        let server = &self.server;
        match code {
            0 => Ok(()),
            FORBIDDEN => Err(Error::new(
                Kind::Denied,
                format!("ZooKeeper {server} does not allow this for `{path}`"),
            )),
            code => Err(Error::new(
                Kind::Broken,
                format!("ZooKeeper {server} answers with the code {code} for `{path}`"),
            )),
        }
    }

    fn broken(&self, error: &io::Error) -> Error {
        unanswered(&self.server, error)
    }

    /// The code and what follows it.
    async fn call(&mut self, kind: i32, body: &[u8]) -> Result<(i32, Vec<u8>), Error> {
        let asked = tokio::time::timeout(PATIENCE, self.ask(kind, body)).await;
        asked.map_err(io::Error::from).flatten().map_err(|error| self.broken(&error))
    }

    async fn ask(&mut self, kind: i32, body: &[u8]) -> io::Result<(i32, Vec<u8>)> {
        self.requests += 1;
        let mut request = Vec::new();
        put_int(&mut request, self.requests);
        put_int(&mut request, kind);
        request.extend(body);
        self.send(&request).await?;
        loop {
            let frame = self.receive().await?;
            let mut answer = Answer(&frame);
            let number = answer.int()?;
            answer.take(8)?;
            let code = answer.int()?;
            // What is not an answer to this is a note.
            if number == self.requests {
                return Ok((code, answer.0.to_vec()));
            }
        }
    }

    async fn send(&mut self, body: &[u8]) -> io::Result<()> {
        self.stream.write_all(&zookeeper::with_length(body)).await
    }

    async fn receive(&mut self) -> io::Result<Vec<u8>> {
        let length = self.stream.read_i32().await?;
        let length = usize::try_from(length).ok().filter(|_| length <= LARGEST);
        let length =
            length.ok_or_else(|| io::Error::other("it does not speak ZooKeeper's protocol"))?;
        let mut frame = vec![0; length];
        self.stream.read_exact(&mut frame).await?;
        Ok(frame)
    }
}

fn unanswered(server: &str, error: &io::Error) -> Error {
    Error::new(Kind::Retry, format!("ZooKeeper {server} cannot be asked: {error}"))
        .hint("only servers without TLS can be asked")
}

/// The znode, and the names of those below it.
fn listed(answer: &[u8], path: &str) -> io::Result<(Znode, Vec<String>)> {
    let mut answer = Answer(answer);
    let count = answer.int()?;
    let children = (0..count).map(|_| answer.text()).collect::<io::Result<Vec<String>>>()?;
    // Four times of changes; version, versions of children and of rights; who made it.
    answer.take(4 * 8)?;
    let version = answer.int()?;
    answer.take(2 * 4)?;
    let owner = answer.take(8)?;
    let is_ephemeral = is_session(owner);
    Ok((Znode { path: path.to_owned(), is_ephemeral, version }, children))
}

/// Whether the owner of a znode is a client's session. Curator makes most of those above others as containers, which go by themselves once
/// they are empty and have a mark of their own (`EphemeralType.CONTAINER_EPHEMERAL_OWNER`).
fn is_session(owner: &[u8]) -> bool {
    owner != [0; 8] && owner != [0x80, 0, 0, 0, 0, 0, 0, 0]
}

/// Why a transaction was not done: the first code that says so, and 0 where it was.
fn refusal(answer: &[u8]) -> io::Result<i32> {
    let mut answer = Answer(answer);
    loop {
        let (kind, is_end) = (answer.int()?, answer.take(1)? != [0]);
        answer.int()?;
        if is_end {
            return Ok(0);
        }
        if kind == NONE {
            let code = answer.int()?;
            if code != 0 {
                return Ok(code);
            }
        }
    }
}

fn put_int(to: &mut Vec<u8>, number: i32) {
    to.extend(number.to_be_bytes());
}

fn put_text(to: &mut Vec<u8>, text: &str) {
    put_int(to, i32::try_from(text.len()).unwrap_or(i32::MAX));
    to.extend(text.as_bytes());
}

/// What comes before a part of a transaction.
fn put_part(to: &mut Vec<u8>, kind: i32, is_end: bool) {
    put_int(to, kind);
    to.push(u8::from(is_end));
    put_int(to, NONE);
}

/// What is left of an answer.
struct Answer<'a>(&'a [u8]);

impl<'a> Answer<'a> {
    fn take(&mut self, count: usize) -> io::Result<&'a [u8]> {
        let cut = self.0.split_at_checked(count);
        let (taken, rest) = cut.ok_or(io::ErrorKind::UnexpectedEof)?;
        self.0 = rest;
        Ok(taken)
    }

    fn int(&mut self) -> io::Result<i32> {
        let bytes = self.take(4)?.try_into().map_err(io::Error::other)?;
        Ok(i32::from_be_bytes(bytes))
    }

    fn text(&mut self) -> io::Result<String> {
        let length = usize::try_from(self.int()?).map_err(io::Error::other)?;
        String::from_utf8(self.take(length)?.to_vec()).map_err(io::Error::other)
    }
}
