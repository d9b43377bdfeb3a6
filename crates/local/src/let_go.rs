//! Closes the session that a dead process has left in the session's own ZooKeeper: another JobManager leads at once, and not
//! after `high-availability.zookeeper.client.session-timeout`.
//!
//! Only the supervisor does it, of a process that it has seen end: nobody is left who could take itself for the leader.

use std::fs::File;
use std::io::{self, Read as _, Seek as _, SeekFrom, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::path::Path;
use std::time::Duration;

use nutkin_core::supervision::letting_go;

/// How long ZooKeeper may take to answer: it is on this machine, and meanwhile nobody looks at the other processes.
const PATIENCE: Duration = Duration::from_millis(500);

/// Bytes that are read of each end of a log: a session begins within the first seconds of a process, or was lost and begun again.
const ENDS: u64 = 1 << 20;

/// Far more bytes than the answer to a connection has, which is 37.
const LONGEST_ANSWER: u64 = 256;

/// The last session that a process had, as far as its log tells; `None`: it does not, and it lasts until its timeout. Those before
/// are over, and a ZooKeeper that was started anew may have given their numbers to others.
///
/// The log is read before the process is started again: it goes on in the same file.
pub(super) fn session(log: &Path) -> Option<u64> {
    letting_go::sessions_in(&ends(log).ok()?).pop()
}

/// What a log has at its beginning and at its end.
fn ends(log: &Path) -> io::Result<String> {
    let mut file = File::open(log)?;
    let mut bytes = Vec::new();
    (&mut file).take(ENDS).read_to_end(&mut bytes)?;
    let length = file.metadata()?.len();
    if 2 * ENDS < length {
        file.seek(SeekFrom::Start(length - ENDS))?;
        bytes.push(b'\n');
    }
    file.take(ENDS).read_to_end(&mut bytes)?;
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}

/// Closes a session; `false`: it was over.
///
/// # Errors
/// ZooKeeper is away, or does not answer.
pub(super) fn close(port: u16, session: u64) -> io::Result<bool> {
    let address = SocketAddr::from(([127, 0, 0, 1], port));
    let mut stream = TcpStream::connect_timeout(&address, PATIENCE)?;
    stream.set_read_timeout(Some(PATIENCE))?;
    stream.set_write_timeout(Some(PATIENCE))?;
    stream.write_all(&letting_go::connect(session))?;
    let mut length = [0; 4];
    stream.read_exact(&mut length)?;
    let mut answer = Vec::new();
    let length = u64::from(u32::from_be_bytes(length)).min(LONGEST_ANSWER);
    (&mut stream).take(length).read_to_end(&mut answer)?;
    if !letting_go::has_session(&answer, session) {
        return Ok(false);
    }
    stream.write_all(&letting_go::close())?;
    // It hangs up when it has done it.
    stream.read_to_end(&mut Vec::new())?;
    Ok(true)
}

#[cfg(test)]
mod tests {
    use std::net::TcpListener;
    use std::thread;

    use super::*;

    /// A ZooKeeper that has this session, or none, and what it was sent after it said so.
    fn zookeeper(has: u64) -> (u16, thread::JoinHandle<Vec<u8>>) {
        let listener = TcpListener::bind(("127.0.0.1", 0)).unwrap();
        let port = listener.local_addr().unwrap().port();
        let serve = move || {
            let (mut stream, _) = listener.accept().unwrap();
            let mut request = [0; 49];
            stream.read_exact(&mut request).unwrap();
            let mut answer = [&36_i32.to_be_bytes()[..], &[0; 4], &4000_i32.to_be_bytes()].concat();
            answer.extend(has.to_be_bytes());
            answer.extend([0; 20]);
            stream.write_all(&answer).unwrap();
            let mut rest = vec![0; 12];
            let read = stream.read(&mut rest).unwrap();
            rest.truncate(read);
            rest
        };
        (port, thread::spawn(serve))
    }

    #[test]
    fn a_session_that_is_there_is_closed() {
        let (port, server) = zookeeper(5);
        assert!(close(port, 5).unwrap());
        assert_eq!(server.join().unwrap(), letting_go::close());
        // The controls: one that is over, and a ZooKeeper that is away.
        let (port, server) = zookeeper(0);
        assert!(!close(port, 5).unwrap());
        assert_eq!(server.join().unwrap(), Vec::<u8>::new());
        assert!(close(port, 5).is_err());
    }

    #[test]
    fn the_last_session_of_a_large_log() {
        let folder = tempfile::tempdir().unwrap();
        let log = folder.path().join("a.log");
        let line = |number: u64| {
            format!(
                "INFO Session establishment complete on server a:1, session id = 0x{number:x}, negotiated timeout = 6000\n"
            )
        };
        let much = "x\n".repeat(2 << 20);
        std::fs::write(&log, [line(1), much.clone(), line(2), much, line(3)].concat()).unwrap();
        assert_eq!(session(&log), Some(3));
        std::fs::write(&log, (1..=6).map(line).collect::<String>()).unwrap();
        assert_eq!(session(&log), Some(6));
        assert_eq!(session(&folder.path().join("none")), None);
    }
}
