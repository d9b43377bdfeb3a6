//! `nutkin probe`: whether somebody listens, for the health checks of containers that have no other tool.

use std::net::{TcpStream, ToSocketAddrs};
use std::time::Duration;

use super::Context;
use crate::{Exit, Outcome};
use nutkin_shell::{Error, Kind};

/// Shorter than what a health check may take.
const PATIENCE: Duration = Duration::from_secs(2);

/// Arguments of `nutkin probe`.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  nutkin probe 127.0.0.1:8081")]
pub struct Args {
    /// Host and port
    #[arg(value_name = "HOST:PORT")]
    address: String,
}

/// Connects, and says nothing when that works.
///
/// # Errors
/// Nobody listens there.
pub fn run(args: Args, _context: &Context<'_>) -> Outcome {
    let addresses = args.address.to_socket_addrs().map_err(|error| {
        Error::new(Kind::Invalid, format!("`{}` is not an address: {error}", args.address))
    })?;
    let mut last = None;
    for address in addresses {
        match TcpStream::connect_timeout(&address, PATIENCE) {
            Ok(_) => return Ok(Exit::Done),
            Err(error) => last = Some(error),
        }
    }
    let reason = last.map(|error| format!(": {error}")).unwrap_or_default();
    Err(Error::new(Kind::Broken, format!("nobody listens at {}{reason}", args.address)))
}
