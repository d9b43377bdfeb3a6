//! `nutkin ls`.

use futures_util::stream::{self, StreamExt as _, TryStreamExt as _};
use serde_json::json;

use super::again::{self, WatchArgs};
use super::shared::{Output, OutputArgs, PlatformArgs, document};
use super::{Context, select};
use crate::platform::{AT_ONCE, Session};
use crate::remedies::words;
use crate::{Exit, Outcome};
use nutkin_rest::View;

/// Arguments of `nutkin ls`.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  nutkin ls
  nutkin ls --watch
  nutkin ls -o name
  nutkin ls -o jsonpath='{range .items[*]}{.name}{\"\\t\"}{.state}{\"\\n\"}{end}'")]
pub struct Args {
    #[command(flatten)]
    platform: PlatformArgs,

    #[command(flatten)]
    watch: WatchArgs,

    #[command(flatten)]
    output: OutputArgs,
}

/// Lists the sessions.
///
/// # Errors
/// The state directory cannot be read.
pub fn run(args: Args, context: &Context<'_>) -> Outcome {
    again::repeat(args.watch, context, async || {
        let sessions = select::all(&args.platform, context).await?;
        let looks = stream::iter(&sessions).map(Session::look).buffered(AT_ONCE);
        let views: Vec<View> = looks.try_collect().await?;
        if args.output.output != Output::Text {
            let items: Vec<_> = views.iter().map(|view| view.document(words)).collect();
            let document = document("SessionList", json!({"items": items}));
            context.printer.document(&args.output.output, &document)?;
            return Ok(Exit::Done);
        }
        if views.is_empty() {
            context.printer.say("there is no session; `nutkin up` starts one");
            return Ok(Exit::Done);
        }
        let mut rows =
            vec![["NAME", "STATE", "FLINK", "SLOTS", "JOBS", "WEB UI"].map(str::to_owned)];
        for view in &views {
            let overview = view.overview.as_ref();
            rows.push([
                view.name.clone(),
                view.state.to_string(),
                view.flink_version.clone().unwrap_or_else(|| "-".to_owned()),
                overview
                    .map_or("-".to_owned(), |o| format!("{}/{}", o.slots_available, o.slots_total)),
                overview.map_or("-".to_owned(), |o| o.jobs_running.to_string()),
                view.rest_url.clone().unwrap_or_else(|| "-".to_owned()),
            ]);
        }
        context.printer.show(&crate::report::table(&rows));
        Ok(Exit::Done)
    })
}
