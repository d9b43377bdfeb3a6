//! What a command prints in a pod, over a `WebSocket` as an API server sends it (subprotocol `v4.channel.k8s.io`).

use serde_json::json;
use tungstenite::handshake::derive_accept_key;

use crate::scenario::server::{Answer, Request};

/// Channels of the subprotocol: what is printed, and how it ended.
const PRINTED: u8 = 1;
const ENDED: u8 = 3;
/// The frame that closes a `WebSocket` as agreed (RFC 6455, 1000).
const CLOSE: [u8; 4] = [0x88, 2, 0x03, 0xe8];

/// The answer to a request that runs a command which prints this, and ends well.
pub(super) fn answer(request: &Request, printed: &str) -> Answer {
    let ended = json!({"metadata": {}, "status": "Success"}).to_string();
    let mut body = frame(PRINTED, printed);
    body.extend(frame(ENDED, &ended));
    body.extend(CLOSE);
    let key = request.headers.get("sec-websocket-key").map_or("", String::as_str);
    Answer { status: 101, headers: Vec::new(), body: body.into() }
        .header("connection", "Upgrade")
        .header("upgrade", "websocket")
        .header("sec-websocket-accept", &derive_accept_key(key.as_bytes()))
        .header("sec-websocket-protocol", "v4.channel.k8s.io")
}

/// A binary frame of a server, whose length has two bytes.
fn frame(channel: u8, text: &str) -> Vec<u8> {
    let length = u16::try_from(text.len() + 1).expect("a short text");
    let mut frame = vec![0x82, 126];
    frame.extend(length.to_be_bytes());
    frame.push(channel);
    frame.extend(text.as_bytes());
    frame
}
