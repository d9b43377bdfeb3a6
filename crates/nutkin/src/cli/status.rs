//! `nutkin status`.

use nutkin_core::decide::Drift;
use nutkin_core::ledger::Phase;
use nutkin_core::status::SessionState;

use super::again::{self, WatchArgs};
use super::job_details::duration;
use super::select;
use super::shared::{Output, OutputArgs, PlatformArgs, WhichArgs, document};
use super::{Context, outcomes};
use crate::platform::{
    self,
    drift::{self, Drifted},
};
use crate::remedies::words;
use crate::report::Style;
use crate::{Exit, Outcome};
use nutkin_diagnosis::Diagnosis;
use nutkin_rest::{Overview, ProcessView, View};
use nutkin_shell::ledger;

/// Arguments of `nutkin status`.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  nutkin status
  nutkin status orders --watch
  nutkin status orders -o json
  nutkin status orders -o jsonpath='{.state}'")]
pub struct Args {
    #[command(flatten)]
    which: WhichArgs,

    #[command(flatten)]
    platform: PlatformArgs,

    #[command(flatten)]
    watch: WatchArgs,

    #[command(flatten)]
    output: OutputArgs,
}

/// Shows one session, and what of it is not as the ledger wants it.
///
/// # Errors
/// No such session (5).
pub fn run(args: Args, context: &Context<'_>) -> Outcome {
    again::repeat(args.watch, context, async || {
        let (name, file) = (args.which.name(), args.which.file());
        let session = select::find(name, file, &args.platform, context).await?;
        let view = platform::look(&session).await?;
        // Of a session that does not run there is nothing to compare.
        let runs = !matches!(
            view.state,
            SessionState::Stopped | SessionState::Damaged | SessionState::Ended
        );
        let has_ended = |one: &ProcessView| one.restarts != 0 || one.last_end.is_some();
        let is_ill = view.state == SessionState::Degraded
            || view.state == SessionState::Starting && view.processes.iter().any(has_ended);
        let causes = if is_ill { super::why::causes(&session).await } else { Vec::new() };
        let drifted = if runs { Box::pin(drift::of(&session, context)).await } else { None };
        let open = drifted.as_ref().map_or(0, |one| one.ledger.open_jobs());
        let has_news = |one: Overview| one.has_ended_jobs() || (one.jobs_running as usize) < open;
        let has_news = view.overview.is_some_and(has_news);
        let noted = if has_news { outcomes::look(&session).await } else { None };
        let read = if noted.is_none() && drifted.is_none() {
            ledger::load(&session).await.ok().map(|opened| opened.ledger)
        } else {
            None
        };
        let ledger = noted.as_ref().or(drifted.as_ref().map(|one| &one.ledger)).or(read.as_ref());
        let phase = ledger.and_then(|ledger| ledger.phase.as_ref());
        if args.output.output == Output::Text {
            let gone = ledger.filter(|_| view.overview.is_some()).map_or(0, outcomes::gone);
            show(&view, drifted.as_ref(), gone, phase, context);
            show_causes(&view.name, &causes, context);
        } else {
            let mut fields = view.document(words);
            if let Some(drifted) = &drifted {
                fields["drift"] = drifted.drift.iter().map(Drift::document).collect();
            }
            if let Some(phase) = phase {
                fields["underWay"] = phase.document();
            }
            if !causes.is_empty() {
                fields["causes"] = causes.iter().map(Diagnosis::brief).collect();
            }
            context.printer.document(&args.output.output, &document("Session", fields))?;
        }
        Ok(Exit::Done)
    })
}

/// What `why` finds, in one line for each cause.
fn show_causes(name: &str, causes: &[Diagnosis], context: &Context<'_>) {
    let lines: String = causes.iter().map(|one| format!("  cause: {}\n", one.line())).collect();
    context.printer.show(&lines);
    if !causes.is_empty() {
        context.printer.suggest(&format!("`nutkin why {name}` has the evidence, and what to do"));
    }
}

fn show(
    view: &View,
    drifted: Option<&Drifted>,
    gone: usize,
    phase: Option<&Phase>,
    context: &Context<'_>,
) {
    let printer = context.printer;
    let style = match view.state {
        SessionState::Running => Style::Green,
        SessionState::Starting => Style::Yellow,
        _ => Style::Red,
    };
    let mut lines = vec![format!(
        "{}  {}",
        printer.style_out(Style::Bold, &view.name),
        printer.style_out(style, &view.state.to_string())
    )];
    let longest = view.processes.iter().map(|one| one.name.len() + 2).max().unwrap_or(0);
    // Wide enough for `taskmanager-12`; pods have longer names.
    let width = longest.max(15);
    let mut field = |name: &str, value: String| lines.push(format!("  {name:<width$}{value}"));
    if let Some(version) = &view.flink_version {
        field("Flink", version.clone());
    }
    if let Some(namespace) = &view.namespace {
        field("namespace", namespace.clone());
    }
    let source = drifted.and_then(|one| one.ledger.wanted.as_ref()?.source.as_ref());
    if let Some(source) = source {
        field("file", source.file.clone());
    }
    if let Some(url) = &view.rest_url {
        field("web UI", url.clone());
    }
    if let Some(overview) = &view.overview {
        field("slots", format!("{} of {} free", overview.slots_available, overview.slots_total));
        field(
            "jobs",
            format!(
                "{} running, {} finished, {} canceled, {} failed",
                overview.jobs_running,
                overview.jobs_finished,
                overview.jobs_cancelled,
                overview.jobs_failed
            ),
        );
    }
    if gone != 0 {
        let name = &view.name;
        let text = format!(
            "{gone} with a JobManager that was started again: `nutkin jobs {name}` names them"
        );
        field("jobs gone", text);
    }
    for process in &view.processes {
        let restarts = match process.restarts {
            0 => String::new(),
            1 => ", restarted once".to_owned(),
            count => format!(", restarted {count} times"),
        };
        // Docker's own words for the state say it.
        let is_said = process.state.starts_with("Up ");
        let since = process.uptime.and_then(|seconds| i64::try_from(seconds).ok());
        let since =
            since.filter(|_| !is_said).map(|seconds| format!(", up {}", duration(1000 * seconds)));
        let ended =
            process.last_end.as_ref().filter(|_| process.restarts != 0 || process.uptime.is_none());
        let ended = ended.map(|end| format!(", ended last: {end}")).unwrap_or_default();
        let since = since.unwrap_or_default();
        let leads = if process.leads == Some(true) { ", leads" } else { "" };
        field(&process.name, format!("{}{leads}{since}{restarts}{ended}", process.state));
    }
    if let Some(phase) = phase {
        field("change", phase.line());
    }
    if let Some(Drifted { drift, ledger }) = drifted.filter(|one| !one.drift.is_empty()) {
        for one in drift {
            field("drift", one.line());
        }
        field("", ledger.says_wanted_by().line(words));
    }
    for message in &view.messages {
        lines.push(format!("  {}", message.line(words)));
    }
    printer.show(&(lines.join("\n") + "\n"));
}
