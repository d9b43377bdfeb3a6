//! Says by HTTP whether the operator is well: on any path, as FKO's probe does on `/`.

use std::net::SocketAddr;

use nutkin_shell::{Error, Kind};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};

use super::board::Board;

/// Listens at the address; without one nowhere.
///
/// # Errors
/// It is taken.
pub(super) async fn listen(address: Option<SocketAddr>) -> Result<Option<TcpListener>, Error> {
    let Some(address) = address else { return Ok(None) };
    let listener = TcpListener::bind(address).await.map_err(|error| {
        let message = format!("Nutkin cannot listen at {address} for health: {error}");
        Error::new(Kind::Broken, message).hint("choose another one with `--health ADDRESS:PORT`")
    })?;
    Ok(Some(listener))
}

/// Answers, for ever. One that waits for the lease is as well as the one that has it.
pub(super) async fn answer(listener: Option<TcpListener>, board: &Board) {
    let Some(listener) = listener else { return std::future::pending().await };
    loop {
        if let Ok((stream, _)) = listener.accept().await {
            let _ = reply(stream, board.illness()).await;
        }
    }
}

async fn reply(mut stream: TcpStream, illness: Option<String>) -> std::io::Result<()> {
    // One read: a probe's request is smaller than a packet, and what it asks for does not matter.
    let _ = stream.read(&mut [0; 1024]).await?;
    let status = if illness.is_none() { "200 OK" } else { "503 Service Unavailable" };
    let body = illness.as_deref().unwrap_or("ok");
    let answer = format!(
        "HTTP/1.1 {status}\r\nContent-Type: text/plain\r\nConnection: close\r\nContent-Length: {}\r\n\r\n{body}\n",
        body.len() + 1
    );
    stream.write_all(answer.as_bytes()).await?;
    stream.shutdown().await
}
