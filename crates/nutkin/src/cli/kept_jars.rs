//! `nutkin jars`.

use std::collections::{BTreeMap, BTreeSet};

use nutkin_core::gc::{self, Holder};
use nutkin_core::jars::JarStore;
use nutkin_core::ledger::Ledger;
use nutkin_flink::units::MemorySize;
use serde_json::json;

use super::Context;
use super::gc::holders;
use super::shared::{Output, OutputArgs, document};
use crate::jobs::{Jars, KeptJar};
use crate::{Exit, Outcome, runtime};

/// Hex digits of a digest that are shown: as many as the name of an uploaded jar has.
const SHOWN: usize = 16;

/// Arguments of `nutkin jars`.
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Nutkin keeps each jar that it submits, so that a job can be resumed when its file has changed: on this machine, \
or where `nutkin.jars.store` of its session says. `nutkin gc` removes those of this machine that no job needs.

Examples:
  nutkin jars
  nutkin jars -o json | jq -r '.items[] | select(.neededBy == []) | .digest'"
)]
pub struct Args {
    #[command(flatten)]
    output: OutputArgs,
}

/// Lists the jars that are kept: on this machine, and where sessions say that they keep theirs.
///
/// # Errors
/// The state directory cannot be read.
pub fn run(args: Args, context: &Context<'_>) -> Outcome {
    runtime::block_on(async {
        let holders = holders(&[], context).await?;
        let all = places(&holders, context).await;
        let mut items = Vec::new();
        let mut rows = vec![["DIGEST", "SIZE", "NAME", "WHERE", "NEEDED BY"].map(str::to_owned)];
        for Kept { jar, place } in all {
            let KeptJar { digest, name, bytes } = jar;
            let needs = gc::needs_jar(&digest, &holders);
            let jobs: Vec<String> =
                needs.iter().map(|(session, job)| format!("{session}/{job}")).collect();
            rows.push([
                digest.chars().take(SHOWN).collect(),
                bytes.map_or_else(
                    || "-".to_owned(),
                    |bytes| MemorySize::from_bytes(bytes).to_string(),
                ),
                name.clone(),
                place.clone(),
                if jobs.is_empty() { "-".to_owned() } else { jobs.join(", ") },
            ]);
            let needs: Vec<_> = needs
                .iter()
                .map(|(session, job)| json!({"session": session, "job": job}))
                .collect();
            let mut item = json!({
                "digest": digest, "name": name, "where": place, "neededBy": needs,
            });
            if let Some(bytes) = bytes {
                item["bytes"] = json!(bytes);
            }
            items.push(item);
        }
        if args.output.output != Output::Text {
            let document = document("JarList", json!({"items": items}));
            context.printer.document(&args.output.output, &document)?;
        } else if items.is_empty() {
            context.printer.say("no jar is kept");
        } else {
            context.printer.show(&crate::report::table(&rows));
        }
        Ok(Exit::Done)
    })
}

/// A jar, and where it is kept.
struct Kept {
    jar: KeptJar,
    place: String,
}

/// What is kept on this machine, and in the stores of all sessions that are known here: each store once. A claim is not looked
/// into: it has what was submitted to its session.
async fn places(holders: &[Holder], context: &Context<'_>) -> Vec<Kept> {
    let mut all = Vec::new();
    let mut list = async |jars: Jars<'_>, place: String| match jars.listed().await {
        Ok(listed) => {
            all.extend(listed.into_iter().map(|jar| Kept { jar, place: place.clone() }));
        }
        Err(error) => context.events.warn(&format!("`{place}` cannot be listed: {error}")),
    };
    list(Jars::of(context.environment), "this machine".to_owned()).await;
    let mut listed = BTreeSet::new();
    let mut on_claims = Vec::new();
    for ledger in holders.iter().filter_map(|holder| holder.ledger.as_ref()) {
        let wanted = ledger.wanted.as_ref().and_then(|wanted| wanted.session().ok());
        let Some(session) = wanted else { continue };
        match JarStore::of(&session.configuration) {
            Ok(JarStore::Directory(place) | JarStore::Bucket(place)) => {
                if listed.insert(place.clone()) {
                    list(Jars::of_session(&session.configuration, context.environment), place)
                        .await;
                }
            }
            Ok(JarStore::Claim) => on_claims.extend(of_claim(ledger)),
            Ok(JarStore::Machine) | Err(_) => {}
        }
    }
    all.extend(on_claims);
    all
}

/// Jars of the jobs of a session that keeps its uploads.
fn of_claim(ledger: &Ledger) -> Vec<Kept> {
    let mut all: BTreeMap<&str, String> = BTreeMap::new();
    for job in ledger.jobs.values() {
        let (Some(digest), Some(uri)) = (&job.jar_digest, &job.jar) else { continue };
        let name = uri.rsplit(['/', ':']).next().unwrap_or_default();
        all.entry(digest).or_insert_with(|| name.to_owned());
    }
    let place = format!("claim of session `{}`", ledger.name);
    let jar =
        |(digest, name): (&str, String)| KeptJar { digest: digest.to_owned(), name, bytes: None };
    all.into_iter().map(|one| Kept { jar: jar(one), place: place.clone() }).collect()
}
