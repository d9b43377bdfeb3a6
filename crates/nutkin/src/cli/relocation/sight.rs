//! Whether pods see the files of this machine where the savepoints of a session lie: something is written there, and looked for through them.

use std::fs;
use std::path::{Path, PathBuf};

use nutkin_core::jobs::reads_savepoints;
use nutkin_core::relocation::{Side, StateSight, sight as of_sides};
use nutkin_core::selection::Platform;
use nutkin_core::session;
use nutkin_shell::files::At as _;
use nutkin_shell::{Error, Kind};

use crate::files::of_address;
use crate::jobs::{moving, random_id};
use crate::platform::Session;

/// Refuses where the new session could not read the savepoints of the old one.
///
/// # Errors
/// It could not, and why.
pub(in crate::cli) async fn check_state(
    (old, before): (&Session, &session::Session),
    (there, new): (&Session, &session::Session),
) -> Result<(), Error> {
    let on = there.platform();
    let connected = old.connect(true).await?;
    let client = connected.client()?;
    let refused = |why: String| {
        let message = format!("session `{}` cannot move to {on}: {why}", old.name());
        Err(Error::new(Kind::Invalid, message))
    };
    if !reads_savepoints(new.flink, client.version()) {
        let (new, old) = (new.flink, client.version());
        return refused(format!("Flink {new} does not read savepoints of Flink {old}"));
    }
    let Some(directory) = moving::directory(&client).await? else { return Ok(()) };
    let seen = sight(&directory, (old, before), (there, new));
    // The new one is asked once it is up.
    let is_asked = old.platform() == Platform::Kubernetes;
    match seen {
        StateSight::Blind(why) => refused(why),
        StateSight::Mounted(folder) if is_asked => {
            look(&folder, &directory, old, before).await?.map_or(Ok(()), refused)
        }
        StateSight::Sees | StateSight::Mounted(_) => Ok(()),
    }
}

/// Whether the new session can read what the old one writes to its directory of savepoints.
pub(super) fn sight(
    directory: &str,
    (old, before): (&Session, &session::Session),
    (new, wanted): (&Session, &session::Session),
) -> StateSight {
    let side = |one: &Session, session| Side {
        platform: one.platform(),
        session,
        is_here: one.sees_folders(),
    };
    of_sides(directory, of_address(directory), side(old, before), side(new, wanted))
}

/// Looks through the pods of `session`, which is `wanted`, whether they see what lies in a folder of this machine. Gives why they do not.
///
/// # Errors
/// Nothing can be written there.
pub(super) async fn look(
    folder: &Path,
    directory: &str,
    session: &Session,
    wanted: &session::Session,
) -> Result<Option<String>, Error> {
    let Some(path) = of_address(directory) else { return Ok(None) };
    let (mut here, mut there) = (folder.to_owned(), path.to_owned());
    // A directory that this makes would belong to somebody else than those who are to write to it.
    while !here.is_dir() && here.pop() && there.pop() {}
    let side = Side { platform: session.platform(), session: wanted, is_here: false };
    let is_seen = side.mounts(&there) && sees(&here, &there, session).await?;
    Ok((!is_seen).then(|| not_the_same(folder)))
}

fn not_the_same(folder: &Path) -> String {
    format!(
        "what this machine has in `{}` is not what the pods see there, or nobody may look (`pods/exec`): mount a folder that both \
         have, or set `state.savepoints.dir` to an object store",
        folder.display()
    )
}

/// Writes a mark, as a checkpoint lies below its directory, and asks the pods for it.
async fn sees(here: &Path, there: &Path, session: &Session) -> Result<bool, Error> {
    let id = random_id()?;
    let mark = Mark(here.join(&id));
    let checkpoint = mark.0.join("chk-1");
    fs::create_dir_all(&checkpoint).at("make the directory", &checkpoint)?;
    let file = checkpoint.join("_metadata");
    fs::write(&file, "nutkin").at("write", &file)?;
    let listed = session.checkpoints(&format!("file://{}", there.display()), &[&id]).await;
    Ok(listed.is_some_and(|listed| listed.get(&id).is_some_and(|found| !found.is_empty())))
}

/// Goes when it has been looked for, whether or not it was found.
struct Mark(PathBuf);

impl Drop for Mark {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}
