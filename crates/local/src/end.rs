//! Ends a session on this machine.

use nutkin_core::Remark;
use nutkin_core::decide::Goal;
use nutkin_core::remedy::Argument;
use nutkin_shell::{Context, Ended, Ending, Error, Kept};

use super::directory::SessionDirectory;
use super::shell::LocalShell;

/// Ends its processes and removes its state. Works on a damaged one, too.
///
/// # Errors
/// Something could not be ended or removed.
pub async fn end(
    directory: &SessionDirectory,
    ending: Ending,
    context: &Context<'_>,
) -> Result<Ended, Error> {
    let mut shell = LocalShell::new(directory.clone());
    let wanted = Goal::Gone(ending);
    // Before the look: what another command starts after it would lose its files, and live on.
    shell.hold(context).await?;
    let (decision, seen) = shell.look(wanted, context).await?;
    for step in &decision.steps {
        shell.act(step, wanted, context).await?;
    }
    // Of a session that is gone there is nothing but the lock that was made for this.
    directory.remove_bare()?;
    let mut ended = std::mem::take(&mut shell.ended);
    let lasting = seen.lasting_data();
    if !lasting.files.is_empty() && !ending.delete_data {
        let holds = lasting.describe();
        let remark = Remark::new(
            format!("{holds}: a session of this name finds it again"),
            vec![Argument::DeleteData.does("deletes it")],
        );
        ended.kept.push(Kept { what: seen.data_directory, remark, is_data: true });
    }
    Ok(ended)
}
