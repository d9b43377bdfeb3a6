//! Whether the daemon behind a socket is one of this machine, whose published ports are on this machine's own addresses.

use std::fs;
use std::os::unix::net::UnixStream;

use rustix::net::sockopt::socket_peercred;

/// The program of a daemon. What hands connections on to another machine, as `ssh -L` does, is called otherwise.
const DAEMON: &str = "dockerd";

/// Whether a daemon that shares the network of this process listens at a socket.
pub(super) fn is_here(socket: &str) -> bool {
    is_served(socket, DAEMON)
}

/// The same for a program of that name. `false` also where this user may not know it.
fn is_served(socket: &str, program: &str) -> bool {
    let peer = || {
        let stream = UnixStream::connect(socket).ok()?;
        // Of a listener the system keeps who began to listen (unix(7), SO_PEERCRED).
        Some(socket_peercred(&stream).ok()?.pid.as_raw_nonzero().get())
    };
    let network = |pid: &str| fs::read_link(format!("/proc/{pid}/ns/net")).ok();
    peer().is_some_and(|pid| {
        let name = fs::read_to_string(format!("/proc/{pid}/comm")).unwrap_or_default();
        let there = network(&pid.to_string());
        name.trim_end() == program && there.is_some() && there == network("self")
    })
}

#[cfg(test)]
mod tests {
    use std::os::unix::net::UnixListener;

    use super::*;

    #[test]
    fn who_listens_counts_and_not_where() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("docker.sock");
        let socket = path.to_str().unwrap();
        let name = fs::read_to_string("/proc/self/comm").unwrap();
        assert!(!is_served(socket, name.trim_end()), "nobody listens");
        let _listener = UnixListener::bind(&path).unwrap();
        assert!(is_served(socket, name.trim_end()));
        // The control: another program that hands on what comes.
        assert!(!is_here(socket));
    }
}
