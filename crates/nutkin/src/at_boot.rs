//! `up --at-boot`: a unit of systemd that brings a session of this machine up when the machine starts.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use nutkin_shell::files::staging::write_atomically;
use nutkin_shell::files::{At as _, fault::with_hint};
use nutkin_shell::{Environment, Error};

use crate::Context;

/// Variables that decide which session is meant and what it runs on.
const VARIABLES: [&str; 6] =
    ["PATH", "JAVA_HOME", "FLINK_HOME", "XDG_STATE_HOME", "XDG_CACHE_HOME", "HADOOP_CLASSPATH"];

/// The unit of a session: of the system for root, otherwise of the user.
#[derive(Debug)]
pub struct BootUnit {
    name: String,
    path: PathBuf,
    is_of_system: bool,
}

impl BootUnit {
    /// Where the unit of a session is, or would be.
    pub fn of(session: &str, environment: &Environment) -> Self {
        let name = format!("nutkin-{session}.service");
        // A root that has a place for the configuration of users is asked to use it.
        let own_place = environment.place("XDG_CONFIG_HOME");
        let is_of_system = rustix::process::geteuid().is_root() && own_place.is_none();
        let folder = if is_of_system {
            PathBuf::from("/etc/systemd/system")
        } else {
            own_place.unwrap_or_else(|| environment.home().join(".config")).join("systemd/user")
        };
        Self { path: folder.join(&name), name, is_of_system }
    }

    /// Writes the unit and has systemd start it at boot.
    ///
    /// # Errors
    /// It cannot be written.
    pub fn install(&self, session: &str, context: &Context<'_>) -> Result<(), Error> {
        let program = std::env::current_exe()?;
        let text = text(session, &program, self.is_of_system, context.environment);
        if let Some(folder) = self.path.parent() {
            std::fs::create_dir_all(folder).at("make the directory", folder).map_err(with_hint)?;
        }
        write_atomically(&self.path, text.as_bytes()).at("write", &self.path).map_err(with_hint)?;
        context.printer.say(&format!("  at boot    {}", self.path.display()));
        let commands = [self.words(&["daemon-reload"]), self.words(&["enable", &self.name])];
        if commands.iter().all(|words| succeeds(words, context)) {
            if !self.is_of_system {
                context.printer.suggest("`loginctl enable-linger` starts it before you log in");
            }
            return Ok(());
        }
        let typed: Vec<String> =
            commands.iter().map(|words| format!("`{}`", words.join(" "))).collect();
        context
            .printer
            .warn("systemd did not take the unit: the session does not start at boot yet");
        context.printer.hint(&format!("run {} where systemd runs", typed.join(", then ")));
        Ok(())
    }

    /// Removes the unit, where there is one: the session has ended.
    ///
    /// # Errors
    /// It cannot be removed.
    pub fn remove(&self, context: &Context<'_>) -> Result<(), Error> {
        if !self.path.is_file() {
            return Ok(());
        }
        succeeds(&self.words(&["disable", &self.name]), context);
        std::fs::remove_file(&self.path).at("remove", &self.path).map_err(with_hint)?;
        context
            .printer
            .say(&format!("it does not start at boot any more: {} removed", self.path.display()));
        Ok(())
    }

    fn words(&self, words: &[&str]) -> Vec<String> {
        let whose: &[&str] = if self.is_of_system { &[] } else { &["--user"] };
        [&["systemctl"], whose, words].concat().into_iter().map(str::to_owned).collect()
    }
}

/// The unit. `up` has started the session when it ends, and JVMs and their supervisor stay; at shutdown systemd ends them,
/// and the next boot brings the session back with its jobs, from their last checkpoints.
fn text(session: &str, program: &Path, is_of_system: bool, environment: &Environment) -> String {
    let of_environment = VARIABLES.into_iter().filter_map(|name| {
        let value = environment.text(name)?;
        Some(format!("Environment={}\n", quoted(&format!("{name}={value}"))))
    });
    let target = if is_of_system { "multi-user.target" } else { "default.target" };
    let program = quoted(&program.display().to_string());
    let name = quoted(session);
    format!(
        "# Made by `nutkin up {session} --at-boot`; `nutkin down {session}` removes it.\n\
         [Unit]\n\
         Description=Flink session {session} (Nutkin)\n\
         After=network-online.target\n\
         \n\
         [Service]\n\
         Type=oneshot\n\
         RemainAfterExit=yes\n\
         {}\
         ExecStart={program} up {name} --on local --yes --no-wait\n\
         \n\
         [Install]\n\
         WantedBy={target}\n",
        of_environment.collect::<String>()
    )
}

/// A word of a unit, in quotes, with the `%` that systemd would replace doubled. Source: systemd.syntax(7), systemd.unit(5).
fn quoted(word: &str) -> String {
    let escaped = word.replace('\\', "\\\\").replace('"', "\\\"").replace('%', "%%");
    format!("\"{escaped}\"")
}

/// Runs a command that says nothing to the user.
fn succeeds(words: &[String], context: &Context<'_>) -> bool {
    let mut command = Command::new(&words[0]);
    command.args(&words[1..]).env_clear().envs(context.environment.variables());
    command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    command.status().is_ok_and(|status| status.success())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_unit_says_what_the_user_had() {
        let variables =
            [("PATH", "/usr/bin:/bin"), ("XDG_STATE_HOME", "/a b/100%"), ("HOME", "/root")];
        let environment = Environment::of_test(&variables, PathBuf::from("/"));
        let text = text("orders", Path::new("/opt/nutkin"), false, &environment);
        let lines: Vec<&str> = text.lines().skip(6).collect();
        let expected = [
            "Type=oneshot",
            "RemainAfterExit=yes",
            "Environment=\"PATH=/usr/bin:/bin\"",
            "Environment=\"XDG_STATE_HOME=/a b/100%%\"",
            "ExecStart=\"/opt/nutkin\" up \"orders\" --on local --yes --no-wait",
            "",
            "[Install]",
            "WantedBy=default.target",
        ];
        assert_eq!(lines, expected);
    }

    #[test]
    fn words_are_quoted_for_systemd_and_not_for_a_shell() {
        #[track_caller]
        fn check(session: &str, expected: &str) {
            let environment = Environment::of_test(&[], PathBuf::from("/"));
            let text = text(session, Path::new("/n"), false, &environment);
            let line = text.lines().find_map(|line| line.strip_prefix("ExecStart=\"/n\" up "));
            assert_eq!(line, Some(format!("{expected} --on local --yes --no-wait").as_str()));
        }
        check("orders", "\"orders\"");
        // A shell would want `'a b'`, of which systemd makes a name with quotes.
        check("a b", "\"a b\"");
    }
}
