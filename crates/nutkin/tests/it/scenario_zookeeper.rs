//! What `nutkin gc --on zookeeper` deletes, and what it leaves alone, on a ZooKeeper that lives in the test.

use std::collections::BTreeMap;
use std::io::{Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::thread;

use crate::world::World;

const JOB: &str = "0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a";
/// What a session leaves that has canceled its jobs.
const GONE: [&str; 3] = ["/flink/gone/jobgraphs", "/flink/gone/jobs", "/flink/gone/leader/latch"];

/// Znodes by path, each with the session that it goes with, or 0.
type Nodes = BTreeMap<String, i64>;

/// A server that knows the requests of `gc`.
struct ZooKeeper {
    nodes: Arc<Mutex<Nodes>>,
    /// Comes in before the next transaction.
    comes: Arc<Mutex<Option<String>>>,
    /// How often the root was listed.
    looks: Arc<AtomicUsize>,
    port: u16,
}

fn put(nodes: &mut Nodes, path: &str, owner: i64) {
    let parts: Vec<&str> = path.split('/').collect();
    for end in 2..=parts.len() {
        nodes.entry(parts[..end].join("/")).or_insert(0);
    }
    nodes.insert(path.to_owned(), owner);
}

impl ZooKeeper {
    fn start(paths: &[&str]) -> Self {
        let mut nodes = Nodes::new();
        for path in paths {
            put(&mut nodes, path, 0);
        }
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let nodes = Arc::new(Mutex::new(nodes));
        let comes = Arc::new(Mutex::new(None));
        let looks = Arc::new(AtomicUsize::new(0));
        let (all, next, count) = (Arc::clone(&nodes), Arc::clone(&comes), Arc::clone(&looks));
        thread::spawn(move || {
            for stream in listener.incoming().map_while(Result::ok) {
                let (all, next, count) = (Arc::clone(&all), Arc::clone(&next), Arc::clone(&count));
                thread::spawn(move || serve(stream, &all, &next, &count));
            }
        });
        Self { nodes, comes, looks, port }
    }

    fn put(&self, path: &str, owner: i64) {
        put(&mut self.nodes.lock().unwrap(), path, owner);
    }

    fn has(&self, path: &str) -> bool {
        self.nodes.lock().unwrap().contains_key(path)
    }

    fn gc(&self, world: &World, more: &[&str]) -> nutkin_testkit::Finished {
        let quorum = format!("127.0.0.1:{}", self.port);
        world.run(&[&["gc", "--on", "zookeeper", "--quorum", &quorum], more].concat())
    }
}

fn frame(stream: &mut TcpStream) -> Option<Vec<u8>> {
    let mut length = [0; 4];
    stream.read_exact(&mut length).ok()?;
    let mut frame = vec![0; u32::from_be_bytes(length) as usize];
    stream.read_exact(&mut frame).ok()?;
    Some(frame)
}

fn answer(stream: &mut TcpStream, body: &[u8]) {
    let length = u32::try_from(body.len()).unwrap();
    let _ = stream.write_all(&[&length.to_be_bytes()[..], body].concat());
}

fn int(from: &mut &[u8]) -> i32 {
    let (number, rest) = from.split_at(4);
    *from = rest;
    i32::from_be_bytes(number.try_into().unwrap())
}

fn text(from: &mut &[u8]) -> String {
    let length = usize::try_from(int(from)).unwrap();
    let (text, rest) = from.split_at(length);
    *from = rest;
    String::from_utf8(text.to_vec()).unwrap()
}

fn serve(
    mut stream: TcpStream,
    nodes: &Mutex<Nodes>,
    comes: &Mutex<Option<String>>,
    looks: &AtomicUsize,
) {
    if frame(&mut stream).is_none() {
        return;
    }
    let password = [0; 16];
    let hello = [
        &0_i32.to_be_bytes()[..],
        &30_000_i32.to_be_bytes(),
        &7_i64.to_be_bytes(),
        &16_i32.to_be_bytes(),
        &password,
    ];
    answer(&mut stream, &hello.concat());
    while let Some(request) = frame(&mut stream) {
        let mut request = &request[..];
        let (number, kind) = (int(&mut request), int(&mut request));
        let (code, body) = match kind {
            12 => {
                let path = text(&mut request);
                looks.fetch_add(usize::from(path == "/flink"), Ordering::SeqCst);
                children(&nodes.lock().unwrap(), &path)
            }
            14 => {
                let mut nodes = nodes.lock().unwrap();
                if let Some(path) = comes.lock().unwrap().take() {
                    put(&mut nodes, &path, 7);
                }
                (0, transaction(&mut nodes, request))
            }
            _ => (0, Vec::new()),
        };
        let head = [&number.to_be_bytes()[..], &1_i64.to_be_bytes(), &code.to_be_bytes()];
        answer(&mut stream, &[head.concat(), body].concat());
    }
}

fn below<'n>(nodes: &'n Nodes, path: &str) -> Vec<&'n str> {
    let inside = nodes.keys().filter_map(|one| one.strip_prefix(path)?.strip_prefix('/'));
    inside.filter(|name| !name.contains('/')).collect()
}

fn children(nodes: &Nodes, path: &str) -> (i32, Vec<u8>) {
    let Some(owner) = nodes.get(path) else { return (-101, Vec::new()) };
    let names = below(nodes, path);
    let mut body = i32::try_from(names.len()).unwrap().to_be_bytes().to_vec();
    for name in names {
        body.extend(i32::try_from(name.len()).unwrap().to_be_bytes());
        body.extend(name.as_bytes());
    }
    body.extend([0; 4 * 8 + 3 * 4]);
    body.extend(owner.to_be_bytes());
    body.extend([0; 4 + 4 + 8]);
    (0, body)
}

/// All is deleted, or nothing.
fn transaction(nodes: &mut Nodes, mut request: &[u8]) -> Vec<u8> {
    let (mut after, mut codes) = (nodes.clone(), Vec::new());
    while int(&mut request) == 2 {
        request = &request[5..];
        let path = text(&mut request);
        assert_eq!(int(&mut request), 0, "the version of {path}");
        codes.push(if !below(&after, &path).is_empty() {
            -111
        } else if after.remove(&path).is_none() {
            -101
        } else {
            0
        });
    }
    let part = |kind: i32, is_end: u8, code: i32| {
        [&kind.to_be_bytes()[..], &[is_end], &code.to_be_bytes()].concat()
    };
    let mut body = Vec::new();
    if codes.iter().all(|code| *code == 0) {
        *nodes = after;
        for _ in codes {
            body.extend(part(2, 0, 0));
        }
    } else {
        for code in codes {
            body.extend(part(-1, 0, code));
            body.extend(code.to_be_bytes());
        }
    }
    body.extend(part(-1, 1, -1));
    body
}

#[test]
fn gc_deletes_znodes_that_nobody_uses() {
    let world = World::new();
    let server = ZooKeeper::start(&GONE);
    let checkpoint = format!("/flink/back/jobs/{JOB}/checkpoints/0000000000000000007");
    for path in [
        "/flink/team/words/leader/latch",
        "/flink/lives/jobs",
        &format!("/flink/graph/jobgraphs/{JOB}"),
        &checkpoint,
        "/flink/strange/leader",
        "/flink/strange/mine",
        "/other/leader",
    ] {
        server.put(path, 0);
    }
    server.put("/flink/lives/leader/latch/_c_1-latch-0", 7);
    let before = server.nodes.lock().unwrap().clone();
    let shown = server.gc(&world, &["--dry-run"]);
    shown.expect(0).says("would be deleted:").says("/flink/gone").says("/flink/team/words");
    shown.says("/flink/back").says("may bring jobs back");
    server.gc(&world, &[]).expect(6);
    assert_eq!(*server.nodes.lock().unwrap(), before);
    server.gc(&world, &["graph", "--yes"]).expect(0).says("nothing is left that nobody needs");
    server.gc(&world, &["--yes"]).expect(0).says("deleted: 2");
    assert!(!server.has("/flink/gone") && !server.has("/flink/team/words"));
    let stays = ["lives/jobs", "graph/jobgraphs", "back/jobs", "strange/mine"];
    assert!(stays.iter().all(|path| server.has(&format!("/flink/{path}"))));
    assert!(server.has("/other/leader"));
    // The control: nobody leads it, and nothing is in it any more.
    server.nodes.lock().unwrap().remove("/flink/lives/leader/latch/_c_1-latch-0");
    server.nodes.lock().unwrap().remove(&checkpoint);
    server.gc(&world, &["--yes"]).expect(0).says("deleted: 2");
    assert!(
        !server.has("/flink/lives") && !server.has("/flink/back") && server.has("/flink/graph")
    );
}

#[test]
fn gc_looks_again_once_for_all_that_it_deletes_in_a_moment() {
    let world = World::new();
    let server = ZooKeeper::start(&[]);
    for number in 0..20 {
        server.put(&format!("/flink/gone-{number}/leader"), 0);
    }
    server.gc(&world, &["--yes"]).expect(0).says("deleted: 20");
    // Once to show it, and once more each two seconds.
    let looks = server.looks.load(Ordering::SeqCst);
    assert!((2..10).contains(&looks), "{looks} looks");
}

#[test]
fn gc_deletes_no_znodes_of_a_session_that_starts_meanwhile() {
    let world = World::new();
    let server = ZooKeeper::start(&GONE);
    let latch = "/flink/gone/leader/latch/_c_2-latch-0";
    *server.comes.lock().unwrap() = Some(latch.to_owned());
    server.gc(&world, &["--yes"]).expect(0).says("needed by now").says("deleted: 0");
    assert!(server.has(latch) && server.has("/flink/gone/jobs"));
    server.gc(&world, &["--yes"]).expect(0).says("nothing is left");
    // The control: it is gone again.
    server.nodes.lock().unwrap().remove(latch);
    server.gc(&world, &["--yes"]).expect(0).says("deleted: 1");
    assert!(!server.has("/flink/gone"));
}

#[test]
fn gc_deletes_no_znodes_of_a_session_that_a_ledger_names() {
    let world = World::new();
    let server = ZooKeeper::start(&GONE);
    world.up("gone", &[]).expect(0);
    let shown = server.gc(&world, &["--dry-run"]);
    shown.expect(0).says("the ledger of session `gone` names it");
    server.gc(&world, &["--yes"]).expect(0).says("nothing is left");
    assert!(server.has("/flink/gone"));
    // The control: it has ended, and its ledger went with it.
    world.run(&["down", "gone", "--force"]).expect(0);
    server.gc(&world, &["--yes"]).expect(0).says("deleted: 1");
}

#[test]
fn gc_says_that_a_zookeeper_does_not_answer() {
    let world = World::new();
    let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let quorum = format!("127.0.0.1:{port}");
    let gc = ["gc", "--on", "zookeeper", "--quorum", &quorum, "--yes"];
    world.run(&gc).expect(1).says("cannot be asked");
    world.run(&["gc", "--on", "zookeeper"]).expect(2).says("--quorum");
}
