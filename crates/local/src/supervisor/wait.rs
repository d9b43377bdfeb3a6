//! Sleeping until something has happened: a signal, the end of a process, or a time.

use std::collections::BTreeMap;
use std::io::{self, Read as _};
use std::os::fd::AsFd as _;
use std::os::unix::net::UnixStream;
use std::time::Instant;

use rustix::event::{PollFd, PollFlags, Timespec, poll};

use super::process::Process;

/// A stream that can be read once one of these signals has come.
///
/// # Errors
/// The system refuses.
pub(super) fn on_signal(signals: &[i32]) -> io::Result<UnixStream> {
    let (read, write) = UnixStream::pair()?;
    read.set_nonblocking(true)?;
    for signal in signals {
        signal_hook::low_level::pipe::register(*signal, write.try_clone()?)?;
    }
    Ok(read)
}

/// Whether a signal has come since this was asked last.
pub(super) fn drain(mut stream: &UnixStream) -> bool {
    let mut any = false;
    let mut buffer = [0; 64];
    while stream.read(&mut buffer).is_ok_and(|count| 0 < count) {
        any = true;
    }
    any
}

/// Sleeps until a signal, the end of a process or the deadline; names the processes that ended.
///
/// # Errors
/// The system refuses.
pub(super) fn wait(
    hang_up: &UnixStream,
    terminate: &UnixStream,
    processes: &BTreeMap<String, Process>,
    deadline: Instant,
) -> io::Result<Vec<String>> {
    let living: Vec<_> = processes
        .iter()
        .filter_map(|(name, process)| process.living().map(|living| (name, living)))
        .collect();
    let mut fds = vec![PollFd::new(hang_up, PollFlags::IN), PollFd::new(terminate, PollFlags::IN)];
    for (_, living) in &living {
        fds.push(PollFd::from_borrowed_fd(living.pidfd.as_fd(), PollFlags::IN));
    }
    let timeout = Timespec::try_from(deadline.saturating_duration_since(Instant::now()))
        .map_err(io::Error::other)?;
    match poll(&mut fds, Some(&timeout)) {
        Ok(_) | Err(rustix::io::Errno::INTR) => {}
        Err(error) => return Err(error.into()),
    }
    let ended = fds[2..].iter().zip(&living).filter(|(fd, _)| !fd.revents().is_empty());
    Ok(ended.map(|(_, (name, _))| (*name).clone()).collect())
}
