//! Ports of this machine that nobody uses at this moment.

use std::hash::{BuildHasher as _, RandomState};
use std::io;
use std::net::TcpListener;

/// First port that we choose ourselves: below it well-known services live.
pub const FIRST: u16 = 10_000;
/// First port that Linux gives to connections by default (`ip_local_port_range`).
pub const LOCAL_PORTS: u16 = 32_768;

/// Takes a port, where it is free.
pub fn take(port: u16) -> Option<TcpListener> {
    TcpListener::bind(("127.0.0.1", port)).ok()
}

/// Two ports that nobody uses at this moment.
///
/// # Errors
/// The system has none left.
pub fn two_free() -> io::Result<(u16, u16)> {
    let mut listeners = Vec::new();
    Ok((free(&mut listeners, |_| false)?, free(&mut listeners, |_| false)?))
}

/// A port that nobody listens on and that the system hands to nobody: it gives out those of its range of
/// local ports, to connections too, and a JVM takes seconds until it listens on what was chosen for it. It is held by the
/// new listener until that is dropped.
///
/// # Errors
/// The system has none left.
pub fn free(listeners: &mut Vec<TcpListener>, is_held: impl Fn(u16) -> bool) -> io::Result<u16> {
    let range = std::fs::read_to_string("/proc/sys/net/ipv4/ip_local_port_range");
    let first = range.ok().and_then(|range| range.split_whitespace().next()?.parse().ok());
    let end = first.filter(|first| FIRST < *first).unwrap_or(LOCAL_PORTS);
    // Where to begin is by chance, so that two sessions that start together look at different ports.
    let chance = RandomState::new().hash_one(std::process::id());
    let width = u64::from(end - FIRST);
    let begin = FIRST + u16::try_from(chance % width).unwrap_or_default();
    let candidates = (begin..end).chain(FIRST..begin).filter(|port| !is_held(*port));
    let found = candidates.into_iter().find_map(|port| Some((port, take(port)?)));
    // A machine without a free one below its range has one in it, or says why not.
    let (port, listener) = if let Some(found) = found {
        found
    } else {
        let listener = TcpListener::bind("127.0.0.1:0")?;
        (listener.local_addr()?.port(), listener)
    };
    listeners.push(listener);
    Ok(port)
}
