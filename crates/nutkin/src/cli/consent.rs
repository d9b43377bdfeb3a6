//! Asking before something is done that cannot be undone.

use std::io::{self, BufRead};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, mpsc};
use std::time::Duration;

use super::Context;
use nutkin_shell::{Error, Kind};

/// How soon Ctrl-C is noticed.
const LISTEN: Duration = Duration::from_millis(50);

/// What a user agreed to beforehand.
#[derive(Debug, Clone, Copy, Default, clap::Args)]
pub struct ConsentArgs {
    /// Do what was shown without asking
    #[arg(long, short)]
    pub yes: bool,

    /// Accept that running jobs are lost
    #[arg(long)]
    pub force: bool,
}

/// Goes on only with consent. `loss` says that jobs are lost, which `--yes` alone does not accept.
///
/// # Errors
/// Exit 6: nobody can be asked, or the answer was no.
pub fn ask(
    consent: ConsentArgs,
    loss: bool,
    question: &str,
    context: &Context<'_>,
) -> Result<(), Error> {
    if consent.force || (consent.yes && !loss) {
        return Ok(());
    }
    let flag = if loss { "--force" } else { "--yes" };
    if !context.printer.can_ask() {
        return Err(Error::new(Kind::Unconfirmed, "consent is needed; nothing was changed")
            .hint(format!("run it again with {flag} to do what is shown above")));
    }
    context.printer.ask(&format!("{question} [y/N] "));
    let Some(answer) = read_answer()? else {
        // The terminal has shown `^C` behind the question.
        context.printer.ask("\n");
        return Err(Error::new(Kind::Interrupted, "interrupted; nothing was changed"));
    };
    if matches!(answer.trim(), "y" | "Y" | "yes") {
        return Ok(());
    }
    Err(Error::new(Kind::Unconfirmed, "not agreed; nothing was changed"))
}

/// A line from the keyboard; `None` at Ctrl-C, which a blocking read would not hear where a command has taken it away
/// from the system.
fn read_answer() -> io::Result<Option<String>> {
    let interrupted = Arc::new(AtomicBool::new(false));
    let handler = signal_hook::flag::register(signal_hook::consts::SIGINT, interrupted.clone())?;
    let (send, receive) = mpsc::channel();
    // Left behind at Ctrl-C: it ends with the process.
    std::thread::spawn(move || {
        let mut answer = String::new();
        let read = io::stdin().lock().read_line(&mut answer);
        let _ = send.send(read.map(|_| answer));
    });
    let answer = loop {
        match receive.recv_timeout(LISTEN) {
            Ok(answer) => break answer.map(Some),
            Err(_) if interrupted.load(Ordering::Relaxed) => break Ok(None),
            Err(mpsc::RecvTimeoutError::Timeout) => {}
            Err(mpsc::RecvTimeoutError::Disconnected) => break Ok(Some(String::new())),
        }
    };
    signal_hook::low_level::unregister(handler);
    answer
}
