//! `nutkin jars`.

use nutkin_core::gc::{self, LeftoverKind};
use nutkin_flink::units::MemorySize;
use serde_json::json;

use super::Context;
use super::gc::holders;
use super::shared::{Output, OutputArgs, document};
use crate::jobs::Jars;
use crate::{Exit, Outcome, runtime};

/// Hex digits of a digest that are shown: as many as the name of an uploaded jar has.
const SHOWN: usize = 16;

/// Arguments of `nutkin jars`.
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Nutkin keeps each jar that it submits, so that a job can be resumed when its file has changed. `nutkin gc` removes \
those that no job needs.

Examples:
  nutkin jars
  nutkin jars -o json | jq -r '.items[] | select(.neededBy == []) | .digest'"
)]
pub struct Args {
    #[command(flatten)]
    output: OutputArgs,
}

/// Lists the jars that are kept on this machine.
///
/// # Errors
/// The state directory cannot be read.
pub fn run(args: Args, context: &Context<'_>) -> Outcome {
    runtime::block_on(async {
        let jars = Jars::of(context.environment);
        let all = jars.all();
        let holders = holders(&[], context).await?;
        let mut items = Vec::new();
        let mut rows = vec![["DIGEST", "SIZE", "NAME", "NEEDED BY"].map(str::to_owned)];
        for one in all {
            let LeftoverKind::Jar(digest) = &one.what else { continue };
            let path = jars.find(digest);
            let name = path.as_ref().and_then(|path| path.file_name());
            let name = name.map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
            let needs = gc::needs_jar(digest, &holders);
            let jobs: Vec<String> =
                needs.iter().map(|(session, job)| format!("{session}/{job}")).collect();
            rows.push([
                digest.chars().take(SHOWN).collect(),
                MemorySize::from_bytes(one.bytes).to_string(),
                name.clone(),
                if jobs.is_empty() { "-".to_owned() } else { jobs.join(", ") },
            ]);
            let needs: Vec<_> = needs
                .iter()
                .map(|(session, job)| json!({"session": session, "job": job}))
                .collect();
            items.push(json!({
                "digest": digest, "name": name, "bytes": one.bytes, "neededBy": needs,
            }));
        }
        if args.output.output != Output::Text {
            let document = document("JarList", json!({"items": items}));
            context.printer.document(args.output.output, &document)?;
        } else if items.is_empty() {
            context.printer.say("no jar is kept");
        } else {
            context.printer.show(&crate::report::table(&rows));
        }
        Ok(Exit::Done)
    })
}
