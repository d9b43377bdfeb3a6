//! `nutkin init --from`: hand-written files as one session file.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use nutkin_check::adopt::difference::{LineDifference, differences};
use nutkin_check::adopt::{Adoption, AdoptionRequest, adopt};
use nutkin_check::{Input, Settings, Severity, check};
use nutkin_flink::FlinkVersion;
use nutkin_flink::yaml;

use super::{Args, absent, save};
use crate::cli::Context;
use crate::{Exit, Outcome, files};
use nutkin_shell::Error;

/// Arguments for taking over what is there.
#[derive(Debug, Clone, Default, clap::Args)]
pub(super) struct FromArgs {
    /// Make the session file from these files and directories: Kubernetes YAML, configuration, logging
    #[arg(long, value_name = "FILE|DIR", num_args = 1..)]
    pub(super) from: Vec<PathBuf>,

    /// Keep what `nutkin check` would complain about
    #[arg(long, requires = "from")]
    pub(super) as_is: bool,

    /// Show where each line of the files went
    #[arg(long, requires = "from")]
    pub(super) explain: bool,

    /// Flink release, if the files do not name it
    #[arg(long, value_name = "VERSION", requires = "from")]
    pub(super) flink: Option<FlinkVersion>,
}

/// Where the command runs, as the files are named.
fn directory() -> Option<String> {
    Some(std::env::current_dir().ok()?.to_str()?.to_owned())
}

/// Writes the session file, and the objects that have no place in it beside it.
///
/// # Errors
/// The files cannot be read or describe no session, or the output exists (2).
pub(super) fn run(args: &Args, context: &Context<'_>) -> Outcome {
    let files::Found { inputs, skipped } = files::read(&args.taken.from).map_err(Error::input)?;
    for skipped in &skipped {
        context.printer.warn(&format!("not looked at: {skipped}"));
    }
    let request = AdoptionRequest {
        name: args.name.clone(),
        flink: args.taken.flink,
        as_is: args.taken.as_is,
        directory: directory(),
    };
    let adoption = adopt(&inputs, &request).map_err(Error::input)?;
    let path = args.output.clone().unwrap_or_else(|| format!("{}.yaml", adoption.name).into());
    let objects = objects(&adoption)?;
    let differences = differences(&inputs, &request, &adoption).map_err(Error::input)?;
    let printer = context.printer;
    if path.as_os_str() == "-" {
        printer.out(&adoption.text);
        if !objects.is_empty() {
            printer.warn("the files hold objects that have no place in a session file; --output FILE writes them beside it");
        }
    } else {
        // The second file first, and neither where one of them is there: who is refused finds nothing written.
        let beside = beside(&path);
        if !args.force {
            absent(&path)?;
        }
        if !objects.is_empty() {
            save(&beside, &objects, args.force)?;
        }
        save(&path, &adoption.text, args.force)?;
    }
    for cure in &adoption.cures {
        printer.say(&format!("cured {} ({}): {}", cure.rule.code, cure.location, cure.message));
    }
    explain(&differences, args.taken.explain, context);
    if args.taken.explain {
        for placed in &adoption.placed {
            printer.say(&format!("{}: {} -> {}", placed.location, placed.what, placed.to));
        }
    }
    if path.as_os_str() != "-" {
        let mut line = format!("wrote `{0}`; `nutkin check -f {0}` looks at it", path.display());
        if !objects.is_empty() {
            let _ = write!(
                line,
                "; {} more objects are in `{}`",
                adoption.beside.len(),
                beside(&path).display()
            );
        }
        printer.say(&line);
        left(&path, &adoption, context);
    }
    for note in &adoption.notes {
        printer.say(&format!("note: {note}"));
    }
    if path.as_os_str() != "-" && !args.taken.explain {
        printer.say("--explain says of each line of the files where it went");
    }
    Ok(Exit::Done)
}

/// Tells what is left to the user: what only the user can fix, and what comes next.
fn left(path: &Path, adoption: &Adoption, context: &Context<'_>) {
    let name = path.display().to_string();
    let input = Input { name: name.clone(), text: adoption.text.clone() };
    // As `nutkin check -f` looks at it.
    let settings = Settings { session_files: vec![name], ..Settings::default() };
    let report = check(&[input], &settings);
    for finding in report.findings.iter().filter(|found| found.severity() != Severity::Note) {
        context.printer.say(&format!(
            "left to you: {} ({}): {}",
            finding.rule.code, finding.location, finding.message
        ));
    }
}

/// Tells what is otherwise than it was: all of it with the reasons, or what no reason explains.
fn explain(differences: &[LineDifference], all: bool, context: &Context<'_>) {
    let mut groups: BTreeMap<(&str, Option<&str>), Vec<String>> = BTreeMap::new();
    for one in differences.iter().filter(|one| all || one.why.is_none()) {
        groups.entry((&one.object, one.why.as_deref())).or_default().push(one.line());
    }
    for ((object, why), lines) in groups {
        let why = why.unwrap_or("otherwise than in the files; see whether that is well");
        context.printer.say(&format!("{object}: {why}"));
        for line in lines {
            context.printer.say(&format!("  {line}"));
        }
    }
}

/// All other objects as one file.
fn objects(adoption: &Adoption) -> Result<String, Error> {
    let texts: Result<Vec<String>, _> = adoption.beside.iter().map(yaml::to_string).collect();
    Ok(texts?.join("---\n"))
}

/// `orders.yaml` has its other objects in `orders-objects.yaml`.
fn beside(path: &Path) -> PathBuf {
    let stem = path.file_stem().unwrap_or_default().to_string_lossy();
    path.with_file_name(format!("{stem}-objects.yaml"))
}
