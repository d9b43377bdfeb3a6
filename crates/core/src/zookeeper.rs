//! How a client's connection to a ZooKeeper begins and ends, as bytes. Source: `zookeeper.jute` and `ZooDefs.OpCode`, the same from 3.4 to
//! 3.9.

/// `OpCode.closeSession`.
pub const CLOSE_SESSION: i32 = -11;

/// `ConnectRequest`, with its length before it: takes over a session, or begins one (0). `timeout`: of the session, milliseconds; the
/// server takes what it allows.
pub fn connect(session: u64, password: [u8; 16], timeout: i32) -> Vec<u8> {
    let mut request = Vec::new();
    // Protocol version 0, and no change of the data seen.
    request.extend(0_i32.to_be_bytes());
    request.extend(0_i64.to_be_bytes());
    request.extend(timeout.to_be_bytes());
    request.extend(session.to_be_bytes());
    request.extend(16_i32.to_be_bytes());
    request.extend(password);
    // Not for reading only.
    request.push(0);
    with_length(&request)
}

/// A request or an answer as it is sent. A server takes none that is longer than 1 MiB (`jute.maxbuffer`).
pub fn with_length(body: &[u8]) -> Vec<u8> {
    let length = i32::try_from(body.len()).unwrap_or(i32::MAX);
    [&length.to_be_bytes(), body].concat()
}
