//! `nutkin completions`.

mod words;

use std::collections::BTreeSet;

use clap::CommandFactory;
use clap_complete::Shell;
use nutkin_flink::options;
use nutkin_flink::version::LINES;
use nutkin_local::directory::SessionDirectory;
use nutkin_shell::files::document;
use serde_json::Value;

use self::words::{Looked, Next, next};
use super::Context;
use crate::{Exit, Outcome, platform};

/// Arguments of `nutkin completions`.
#[derive(Debug, clap::Args)]
#[command(
    after_help = "In bash, zsh and fish they know sessions, jobs, options and releases of Flink.

Examples:
  nutkin completions bash > ~/.local/share/bash-completion/completions/nutkin
  nutkin completions zsh > \"${fpath[1]}/_nutkin\"
  nutkin completions fish > ~/.config/fish/completions/nutkin.fish"
)]
pub struct Args {
    /// The shell
    #[arg(value_enum, required_unless_present = "words")]
    shell: Option<Shell>,

    /// Print what the last word may become
    #[arg(long, hide = true, num_args = 0.., allow_hyphen_values = true)]
    words: Option<Vec<String>>,
}

/// Asks Nutkin for each word.
const BASH: &str = r#"_nutkin() {
    local IFS=$'\n'
    COMPREPLY=($(compgen -W "$(nutkin completions --words "${COMP_WORDS[@]:1:COMP_CWORD}" 2>/dev/null | cut -f1)" -- "${COMP_WORDS[COMP_CWORD]}"))
    [[ ${#COMPREPLY[@]} == 1 && ${COMPREPLY[0]} == *= ]] && compopt -o nospace
}
complete -o default -o bashdefault -F _nutkin nutkin
"#;

/// The same for zsh.
const ZSH: &str = r#"#compdef nutkin
_nutkin() {
    local -a found
    found=(${(f)"$(nutkin completions --words "${(@)words[2,CURRENT]}" 2>/dev/null | cut -f1)"})
    if (( ${#found} )); then compadd -- "${found[@]}"; else _files; fi
}
if [[ $funcstack[1] == _nutkin ]]; then _nutkin "$@"; else compdef _nutkin nutkin; fi
"#;

/// The same for fish.
const FISH: &str = "complete -c nutkin -a '(nutkin completions --words (commandline -opc)[2..-1] (commandline -ct) 2>/dev/null)'\n";

/// Prints the completions of one shell on stdout, or what may come next.
///
/// # Errors
/// None; the signature is that of all commands.
pub fn run(args: Args, context: &Context<'_>) -> Outcome {
    let text = match (args.words, args.shell) {
        (Some(words), _) => candidates(&words, context),
        (None, Some(Shell::Bash)) => BASH.to_owned(),
        (None, Some(Shell::Zsh)) => ZSH.to_owned(),
        (None, Some(Shell::Fish)) => FISH.to_owned(),
        (None, shell) => {
            let (mut script, shell) = (Vec::new(), shell.unwrap_or(Shell::Bash));
            clap_complete::generate(shell, &mut super::Cli::command(), "nutkin", &mut script);
            String::from_utf8_lossy(&script).into_owned()
        }
    };
    context.printer.out(&text);
    Ok(Exit::Done)
}

/// A line for each word that the last one may become, with what it is for behind a tab.
fn candidates(typed: &[String], context: &Context<'_>) -> String {
    let mut program = super::Cli::command();
    program.build();
    let last = typed.last().map(String::as_str).unwrap_or_default();
    let found = match next(&program, typed) {
        Next::Words(words) => words,
        Next::Anything => Vec::new(),
        Next::Value(looked, before) => {
            let begun = last.strip_prefix(before.as_str()).unwrap_or_default();
            let with = |(word, text): (String, String)| (format!("{before}{word}"), text);
            look(looked, begun, context).into_iter().map(with).collect()
        }
    };
    let fitting = found.into_iter().filter(|(word, _)| word.starts_with(last));
    fitting.map(|(word, text)| format!("{word}\t{text}\n")).collect()
}

/// What there is, as far as this machine knows it at once: whoever presses a key does not wait for a cluster.
fn look(what: Looked, begun: &str, context: &Context<'_>) -> Vec<(String, String)> {
    match what {
        Looked::Sessions => {
            let known = platform::known(context.environment).unwrap_or_default();
            known.into_iter().map(|(one, _)| (one.name, one.platform.to_string())).collect()
        }
        Looked::Jobs => jobs(context).into_iter().map(|name| (name, String::new())).collect(),
        Looked::Options => options_of(begun, ""),
        Looked::Settings => options_of(begun, "="),
        Looked::Versions => {
            let lines = LINES.iter().rev();
            lines.map(|line| (line.newest.to_string(), String::new())).collect()
        }
    }
}

/// Jobs in the ledgers of this machine's sessions, those of session files by their names.
fn jobs(context: &Context<'_>) -> BTreeSet<String> {
    let mut names = BTreeSet::new();
    for session in SessionDirectory::all(context.environment).unwrap_or_default() {
        let ledger: Option<Value> = document::read_json(&session.record()).ok();
        let jobs = ledger.as_ref().and_then(|ledger| ledger["jobs"].as_object());
        names.extend(jobs.into_iter().flatten().map(|(name, _)| name.clone()));
    }
    names
}

/// Options of Flink and Nutkin, with `end` behind each key.
fn options_of(begun: &str, end: &str) -> Vec<(String, String)> {
    let all = options::matching("").into_iter().filter(|one| one.key.starts_with(begun));
    all.map(|one| (format!("{}{end}", one.key), one.text.unwrap_or_default().to_owned())).collect()
}
