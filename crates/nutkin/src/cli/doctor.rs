//! `nutkin doctor`.

mod before;

use nutkin_diagnosis::doctor::{self, Check};
use nutkin_diagnosis::{Diagnosis, Evidence, diagnose};
use nutkin_shell::{Error, Kind};

use super::shared::{NameArgs, Output, OutputArgs, PlatformArgs, SpecArgs, document};
use super::{Context, select, why};
use crate::platform::Session;
use crate::report::Style;
use crate::{Exit, Outcome, runtime};

/// Arguments of `nutkin doctor`.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  nutkin doctor                        the only session
  nutkin doctor orders
  nutkin doctor --pre                  can a session run on this machine?
  nutkin doctor --pre --on docker
  nutkin doctor --pre -f session.yaml  can this one run where it shall?
  nutkin doctor -f session.yaml -o json

Exit codes: 0 nothing is wrong, 1 something is or could not be looked at, 2 bad input, 5 no such session.")]
pub struct Args {
    #[command(flatten)]
    name: NameArgs,

    /// Check only whether the session can run there, whether it does or not
    #[arg(long)]
    pre: bool,

    #[command(flatten)]
    spec: SpecArgs,

    #[command(flatten)]
    output: OutputArgs,
}

/// Checks the place where a session runs or shall run, and the session. Nothing is changed.
///
/// # Errors
/// No such session (5); bad input (2).
pub fn run(args: Args, context: &Context<'_>) -> Outcome {
    let (name, checks, found) =
        if args.pre { before(&args, context)? } else { after(&args, context)? };
    let printer = context.printer;
    if args.output.output == Output::Text {
        printer.show(&painted(&doctor::ticks(&checks), context));
        if !found.is_empty() {
            printer.show(&format!("\n{}", nutkin_diagnosis::text(&name, &found)));
            printer.suggest("`nutkin explain CODE` says more about a code");
        }
    } else {
        let fields = doctor::document(&name, &checks, &found);
        printer.document(&args.output.output, &document("Checkup", fields))?;
    }
    Ok(if found.is_empty() { Exit::Done } else { Exit::Failed })
}

/// Marks in colour. They are different signs, too.
fn painted(text: &str, context: &Context<'_>) -> String {
    let marks = [("  √ ", Style::Green), ("  × ", Style::Red), ("  ? ", Style::Yellow)];
    let line = |line: &str| {
        let mark = marks.iter().find(|(mark, _)| line.starts_with(mark));
        let line = mark.map_or_else(
            || line.to_owned(),
            |(mark, style)| {
                format!("{}{}", context.printer.style_out(*style, mark), &line[mark.len()..])
            },
        );
        line + "\n"
    };
    text.lines().map(line).collect()
}

type Checked = (String, Vec<Check>, Vec<Diagnosis>);

/// A place, before a session runs there.
fn before(args: &Args, context: &Context<'_>) -> Result<Checked, Error> {
    let (name, checks) = before::checks(&args.spec, args.name.get(), context)?;
    let session = name.clone();
    let evidence = Evidence { session, checks: checks.clone(), ..Evidence::default() };
    Ok((name, checks, diagnose(&evidence)))
}

/// A session that is there: its platform, and all that is wrong with it.
fn after(args: &Args, context: &Context<'_>) -> Result<Checked, Error> {
    runtime::block_on(async {
        let platform: &PlatformArgs = &args.spec.platform;
        let session =
            select::find(args.name.get(), args.spec.file.as_deref(), platform, context).await;
        let session: Session = session.map_err(|failure| match failure.kind {
            Kind::NotFound => {
                failure.hint("`nutkin doctor --pre` checks a place before a session is started")
            }
            _ => failure,
        })?;
        let found = diagnose(&why::collect(&session).await?);
        let checks = doctor::session(session.name(), &found);
        Ok((session.name().to_owned(), checks, found))
    })
}
