//! The command that has the jobs of a lost JobManager go on, as the supervisor runs it. It is a process of its own, which ends when
//! it is done: it needs the ledger, REST and jars, and a supervisor that can do little can fail little.

use std::collections::BTreeMap;
use std::io;
use std::os::unix::process::CommandExt as _;
use std::process::{Child, Command, Stdio};

use super::directory::SessionDirectory;
use super::launch::{PROCESS_VARIABLE, RECOVERY, TOKEN_VARIABLE};

/// The variable that says where the sessions of a user are.
const STATE_HOME: &str = "XDG_STATE_HOME";

/// Where it is.
#[derive(Debug, Default)]
pub(super) struct Recovery {
    child: Option<Child>,
}

impl Recovery {
    /// Starts it anew: what an earlier one has begun is in the ledger.
    ///
    /// # Errors
    /// The directory is not that of a user's session, or the system refuses.
    pub(super) fn begin(
        &mut self,
        directory: &SessionDirectory,
        token: &str,
        environment: &BTreeMap<String, String>,
    ) -> io::Result<()> {
        self.end();
        let home = directory.state_home().ok_or_else(|| {
            io::Error::other(format!(
                "`{}` is not below `nutkin/sessions`",
                directory.path().display()
            ))
        })?;
        // Also where the file of this very program has been replaced.
        let child = Command::new("/proc/self/exe")
            .arg0("nutkin")
            .args(["watch", directory.name(), "--once", "--on", "local"])
            .env_clear()
            .envs(environment)
            .env(STATE_HOME, home)
            .env(TOKEN_VARIABLE, token)
            .env(PROCESS_VARIABLE, RECOVERY)
            .current_dir("/")
            .stdin(Stdio::null())
            .spawn()?;
        self.child = Some(child);
        Ok(())
    }

    /// How it ended, once it has.
    pub(super) fn ended(&mut self) -> Option<std::process::ExitStatus> {
        let status = self.child.as_mut()?.try_wait().ok()??;
        self.child = None;
        Some(status)
    }

    /// Ends it.
    pub(super) fn end(&mut self) {
        if let Some(mut child) = self.child.take() {
            let _ = child.kill();
            let _ = child.wait();
        }
    }
}
