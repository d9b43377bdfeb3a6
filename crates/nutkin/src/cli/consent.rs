//! Asking before something is done that cannot be undone.

use std::io::{self, BufRead, Write};

use super::Context;
use crate::{Exit, Failure};

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
) -> Result<(), Failure> {
    if consent.force || (consent.yes && !loss) {
        return Ok(());
    }
    let flag = if loss { "--force" } else { "--yes" };
    if !context.printer.can_ask() {
        return Err(Failure::new(Exit::ConsentNeeded, "consent is needed; nothing was changed")
            .hint(format!("run it again with {flag} to do what is shown above")));
    }
    let mut stderr = io::stderr().lock();
    write!(stderr, "{question} [y/N] ")?;
    stderr.flush()?;
    let mut answer = String::new();
    io::stdin().lock().read_line(&mut answer)?;
    if matches!(answer.trim(), "y" | "Y" | "yes") {
        return Ok(());
    }
    Err(Failure::new(Exit::ConsentNeeded, "not agreed; nothing was changed"))
}
