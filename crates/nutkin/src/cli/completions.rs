//! `nutkin completions`.

use clap::CommandFactory;

use super::Context;
use crate::{Exit, Outcome};

/// Arguments of `nutkin completions`.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  nutkin completions bash > ~/.local/share/bash-completion/completions/nutkin
  nutkin completions zsh > \"${fpath[1]}/_nutkin\"
  nutkin completions fish > ~/.config/fish/completions/nutkin.fish")]
pub struct Args {
    /// The shell
    #[arg(value_enum)]
    shell: clap_complete::Shell,
}

/// Prints the completions of one shell on stdout.
///
/// # Errors
/// None; the signature is that of all commands.
pub fn run(args: Args, context: &Context<'_>) -> Outcome {
    let mut script = Vec::new();
    clap_complete::generate(args.shell, &mut super::Cli::command(), "nutkin", &mut script);
    context.printer.out(&String::from_utf8_lossy(&script));
    Ok(Exit::Done)
}
