//! `nutkin gc --on zookeeper`: high availability data in a ZooKeeper.

use nutkin_core::gc::znodes::{Held, LeftZnodes, left_znodes};
use nutkin_core::kubernetes::ha;
use nutkin_core::ledger::Wanted;
use nutkin_flink::Problem;

use super::{Args, Context, LookAgain, to_delete};
use crate::zookeeper::ZooKeeper;
use crate::{Exit, Outcome};
use nutkin_shell::Error;

/// Removes the high availability data of sessions that are gone.
///
/// # Errors
/// Consent needed (6); ZooKeeper refuses (1).
pub(super) async fn run(args: &Args, context: &Context<'_>) -> Outcome {
    let printer = context.printer;
    let goes = to_delete(
        left(args, context).await?,
        |one| one.needed.is_none(),
        LeftZnodes::line,
        args,
        context,
    )?;
    if goes.is_empty() {
        return Ok(Exit::Done);
    }
    let (mut count, mut again) = (0, LookAgain::default());
    for one in goes {
        // What has come in since is seen; what comes in from now on has ZooKeeper refuse.
        let now = again.look(async || left(args, context).await).await?;
        let same = now.iter().find(|now| now.needed.is_none() && now.path == one.path);
        let is_deleted = match same {
            Some(same) => {
                let mut client = ZooKeeper::connect(servers(args)).await?;
                let deleted = client.remove(&same.nodes).await;
                client.close().await;
                deleted?
            }
            None => false,
        };
        if is_deleted {
            count += 1;
        } else {
            printer.warn(&format!("data at `{}` is needed by now, or gone", one.path));
        }
    }
    printer.say(&format!("deleted: {count}"));
    Ok(Exit::Done)
}

/// Where Flink keeps the data of all sessions, unless `high-availability.zookeeper.path.root` says otherwise.
const ROOT: &str = "/flink";

/// Those that were named.
fn servers(args: &Args) -> &str {
    args.quorum.as_deref().unwrap_or_default()
}

/// High availability data of sessions that are gone.
async fn left(args: &Args, context: &Context<'_>) -> Result<Vec<LeftZnodes>, Error> {
    let root = args.root.as_deref().unwrap_or(ROOT).trim_matches('/');
    if root.is_empty() {
        // Others have their own words for what they keep there.
        let problem = Problem::new("--root", "`/` is all that the ZooKeeper has, not only Flink's");
        return Err(Error::input(vec![problem.hint("name the znode below which sessions are")]));
    }
    let root = format!("/{root}");
    let mut client = ZooKeeper::connect(servers(args)).await?;
    let listed = client.tree(&root).await;
    client.close().await;
    // The data first: whoever has some by then is known afterwards.
    let nodes = listed?;
    let held = held(&root, context).await?;
    let mut left = left_znodes(&root, &nodes, &held);
    let is_asked = |one: &LeftZnodes| {
        let id = one.path.strip_prefix(&root).unwrap_or_default().trim_start_matches('/');
        args.name.as_ref().is_none_or(|name| id == name.trim_start_matches('/'))
    };
    left.retain(is_asked);
    Ok(left)
}

/// What sessions that are known here may need.
async fn held(root: &str, context: &Context<'_>) -> Result<Held, Error> {
    let mut held = Held::default();
    for holder in super::holders(&[], context).await? {
        let name = holder.session;
        // Whatever its options are called: its name is its cluster-id where nothing says otherwise.
        held.paths.insert(format!("{root}/{name}"), name.clone());
        let wanted = holder.ledger.as_ref().and_then(|ledger| ledger.wanted.as_ref());
        match wanted.map(Wanted::session) {
            Some(Ok(session)) => {
                let all = session.configuration.iter();
                let options =
                    all.map(|(key, entry)| (key.to_owned(), entry.value.to_string())).collect();
                held.paths.extend(ha::zookeeper(&options).map(|(_, path)| (path, name)));
            }
            // A ledger without a session has no options.
            None if holder.ledger.is_some() => {}
            None | Some(Err(_)) => held.untold = Some(name),
        }
    }
    Ok(held)
}
