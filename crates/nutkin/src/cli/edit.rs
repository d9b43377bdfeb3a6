//! `nutkin edit`: what the ledger wants of a session, in the user's editor, and then as `up` does.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use nutkin_core::ledger::Wanted;
use nutkin_core::spec::{self, Inputs};
use nutkin_flink::version::UnknownVersion;
use nutkin_flink::{FlinkVersion, Problem, yaml};
use nutkin_shell::{Error, Kind};
use serde_json::{Value, json};

use super::consent::ConsentArgs;
use super::shared::{MoveArgs, OutputArgs, PlatformArgs, SESSION_SECONDS, WhichArgs};
use super::{Context, select, up, wanted};
use crate::platform::ledger;
use crate::{Outcome, remedies, runtime};

/// Arguments of `nutkin edit`.
#[derive(Debug, clap::Args)]
#[command(
    after_help = "The editor is the one of VISUAL, otherwise of EDITOR, otherwise vi. It gets the session file as the ledger has it, of a session \
without one a file with its options. Nutkin then shows what changes, asks, and does it as `up` does. What is wrong in the file is \
written into it, and the editor opens again; a file without a change ends the command.

The file that `up -f` was given stays as it is.

Examples:
  nutkin edit orders
  EDITOR=nano nutkin edit orders --jobs move"
)]
pub struct Args {
    #[command(flatten)]
    which: WhichArgs,

    #[command(flatten)]
    platform: PlatformArgs,

    /// How long to wait until the session is ready
    #[arg(long, default_value_t = SESSION_SECONDS, value_name = "SECONDS")]
    timeout: u64,

    #[command(flatten)]
    moves: MoveArgs,

    #[command(flatten)]
    consent: ConsentArgs,

    #[command(flatten)]
    output: OutputArgs,
}

/// Changes what is wanted of a session in an editor, and brings it to that.
///
/// # Errors
/// No such session (5), what was written is wrong (2), those of `up`.
pub fn run(args: Args, context: &Context<'_>) -> Outcome {
    let (session, before) = runtime::block_on(async {
        let session =
            select::find(args.which.name(), args.which.file(), &args.platform, context).await?;
        let opened = ledger::rebuilt(&session, context).await?;
        Ok((session, opened.ledger.wanted))
    })?;
    let name = session.name();
    let before = before.ok_or_else(|| {
        Error::new(Kind::Invalid, format!("no ledger says what is wanted of session `{name}`"))
            .hint("`nutkin up -f FILE` with all options says it anew")
    })?;
    if let Some(directory) = &before.conf_dir {
        let path = &directory.path;
        let message =
            format!("session `{name}` is made from the directory `{path}`, not from a file");
        return Err(Error::new(Kind::Invalid, message)
            .hint(format!("edit its files, then `nutkin up {name} --conf-dir {path}`")));
    }
    let after = edited(name, &before, context)?;
    if before.is_same_wish(&after) {
        context.printer.say(&format!("nothing was changed; session `{name}` is as it was"));
        return Ok(crate::Exit::Done);
    }
    if let Some(source) = &before.source {
        let file = &source.file;
        context
            .printer
            .warn(&format!("`{file}` is not changed: `nutkin up -f {file}` takes this back"));
    }
    let mut wish = wanted::Wish::of_ledger(&session, after, context)?;
    wish.of_ledger = Some(format!("edited with `nutkin edit {name}`"));
    let file = before.source.map(|source| PathBuf::from(source.file));
    up::bring(
        up::Args::of_edit(file, args.timeout, args.moves, args.consent, args.output),
        &wish,
        context,
    )
}

/// What is wanted after the editor has ended, and nothing in the file is wrong.
fn edited(name: &str, before: &Wanted, context: &Context<'_>) -> Result<Wanted, Error> {
    let directory = tempfile::Builder::new().prefix("nutkin-edit-").tempdir()?;
    let file = directory.path().join(format!("{name}.yaml"));
    let original = text_of(name, before)?;
    let mut shown = format!("{}{original}", heading(before));
    loop {
        // The directory is the user's alone: the file may hold passwords.
        fs::write(&file, &shown)?;
        open_editor(&file, context)?;
        let text = fs::read_to_string(&file)?;
        let said = without_comments(&text);
        if said == without_comments(&original) {
            return Ok(before.clone());
        }
        let problems = match read(name, &said, before) {
            Ok(wanted) => return Ok(wanted),
            Err(problems) => problems,
        };
        // Nobody is there to correct it, or does.
        let is_given_up = !context.printer.can_ask() || said == without_comments(&shown);
        if is_given_up {
            let kept = directory.keep().join(format!("{name}.yaml"));
            return Err(Error::input(problems)
                .hint(format!("nothing was changed; your text is kept in `{}`", kept.display())));
        }
        let lines =
            problems.iter().map(|problem| format!("# wrong: {}\n", remedies::problem(problem)));
        shown = format!("{}{}{said}", heading(before), lines.collect::<String>());
    }
}

/// Comments at the top: what this is, and what else is wanted.
fn heading(wanted: &Wanted) -> String {
    let mut text = "# What is wanted of the session. Save it and leave the editor to see what changes; an unchanged file changes nothing.\n"
        .to_owned();
    let has_file = !wanted.documents.is_empty();
    if has_file && !wanted.options.is_empty() {
        let keys: Vec<&str> = wanted.options.keys().map(String::as_str).collect();
        text += &format!("# Options of the command line stay, and win: {}.\n", keys.join(", "));
    }
    text
}

/// Whole lines of comments, which are ours or mean nothing, are not part of what is wanted.
fn without_comments(text: &str) -> String {
    text.lines().filter(|line| !line.starts_with('#')).map(|line| format!("{line}\n")).collect()
}

/// The session file of a ledger; where there is none, one with the options.
fn text_of(name: &str, wanted: &Wanted) -> Result<String, Error> {
    if wanted.documents.is_empty() {
        return Ok(yaml::to_string(&made_up(name, wanted)).map_err(anyhow::Error::new)?);
    }
    let texts: Result<Vec<String>, _> = wanted.documents.iter().map(yaml::to_string).collect();
    Ok(texts.map_err(anyhow::Error::new)?.join("---\n"))
}

fn made_up(name: &str, wanted: &Wanted) -> Value {
    let mut options = json!(wanted.options);
    let said = wanted.release.as_ref().or(wanted.flink.as_ref());
    let release = said.and_then(|text| text.parse().ok()).unwrap_or(FlinkVersion::DEFAULT);
    options["nutkin.flink.version"] = json!(release.to_string());
    let mut spec = json!({"flinkVersion": release.operator_name(), "flinkConfiguration": options});
    if let Some(number) = wanted.task_managers {
        spec["taskManager"] = json!({"replicas": number});
    }
    json!({
        "apiVersion": "flink.apache.org/v1beta1",
        "kind": "FlinkDeployment",
        "metadata": {"name": name},
        "spec": spec,
    })
}

/// What is wanted by the text, with what the command line said before where there was a file.
fn read(name: &str, text: &str, before: &Wanted) -> Result<Wanted, Vec<Problem>> {
    let said = if before.documents.is_empty() { Wanted::default() } else { before.clone() };
    let flink = said.flink.map(|text| text.parse()).transpose();
    let flink = flink.map_err(|error: UnknownVersion| {
        vec![Problem::new("spec.flinkVersion", error.to_string())]
    })?;
    let inputs = Inputs {
        file: None,
        name: said.name,
        options: said.options.into_iter().collect(),
        flink,
        task_managers: said.task_managers,
    };
    let (session, inputs) = spec::load_inputs(text, &format!("{name}.yaml"), inputs)?;
    if session.name != name {
        let message = format!("the session is `{name}`, and a name cannot be changed");
        return Err(vec![
            Problem::new("metadata.name", message)
                .hint("start another session with `nutkin up -f FILE`"),
        ]);
    }
    let mut wanted = Wanted::of(&inputs, &session, before.source.clone());
    wanted.directory.clone_from(&before.directory);
    wanted.unknown.clone_from(&before.unknown);
    Ok(wanted)
}

/// Runs the user's editor on a file, by a shell, as its variable may have arguments.
fn open_editor(file: &Path, context: &Context<'_>) -> Result<(), Error> {
    let variable = ["VISUAL", "EDITOR"].into_iter().find_map(|name| context.environment.text(name));
    let editor = variable.unwrap_or("vi");
    let status =
        Command::new("sh").args(["-c", &format!("{editor} \"$1\""), "sh"]).arg(file).status();
    let status = status
        .map_err(|error| Error::new(Kind::Broken, format!("cannot start `{editor}`: {error}")))?;
    if status.success() {
        return Ok(());
    }
    Err(Error::new(
        Kind::Broken,
        format!("the editor `{editor}` failed ({status}); nothing was changed"),
    )
    .hint("VISUAL or EDITOR names another one"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(before: &Wanted, change: (&str, &str), expected: Result<&str, &str>) {
        let text = text_of("a", before).unwrap_or_default();
        assert!(text.contains(change.0), "{text}");
        match (read("a", &text.replace(change.0, change.1), before), expected) {
            (Ok(wanted), Ok(part)) => {
                let text = json!(wanted).to_string();
                assert!(text.contains(part), "{text}");
            }
            (Err(problems), Err(part)) => {
                let text: Vec<String> = problems.iter().map(ToString::to_string).collect();
                assert!(text.concat().contains(part), "{text:?}");
            }
            (found, _) => panic!("{found:?}"),
        }
    }

    #[test]
    fn what_is_wanted_after_the_editor() {
        let options = [("taskmanager.numberOfTaskSlots".to_owned(), "2".to_owned())];
        let plain = Wanted { options: options.into(), task_managers: Some(1), ..Wanted::default() };
        check(&plain, ("replicas: 1", "replicas: 3"), Ok(r#""replicas":3"#));
        check(&plain, ("name: a", "name: b"), Err("a name cannot be changed"));
        check(&plain, ("replicas: 1", "replicsa: 1"), Err("replicsa"));
        let documents = vec![made_up("a", &plain)];
        let of_file = Wanted { documents, task_managers: Some(5), ..plain };
        check(&of_file, ("replicas: 1", "replicas: 2"), Ok(r#""taskManagers":5"#));
    }
}
