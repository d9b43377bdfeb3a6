//! The user's pip, and what it says of its package index.

use std::path::Path;
use std::process::Stdio;

use nutkin_shell::{Context, Error, Kind};
use tokio::process::Command;

/// Names another index, as it does for pip.
pub(crate) const INDEX: &str = "PIP_INDEX_URL";

/// The usual ways to call pip, in the order in which they are tried.
const WAYS: [&[&str]; 4] =
    [&["python3", "-m", "pip"], &["pip3"], &["pip"], &["python", "-m", "pip"]];

/// How wide pip believes the terminal to be: wider than any address. Its help is folded there, otherwise at 80 columns,
/// and an address is cut in two.
const COLUMNS: &str = "9999";

/// What pip writes in place of passwords and names of users in an address.
const MASK: &str = "****";

/// How pip is called here: a program, and the words that come before those for pip.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Pip(&'static [&'static str]);

impl Pip {
    /// The first of the usual ways that answers.
    ///
    /// # Errors
    /// None answers.
    pub(crate) async fn find(context: &Context<'_>) -> Result<Self, Error> {
        for pip in WAYS.map(Self) {
            let mut command = pip.command(context);
            command.arg("--version").stdout(Stdio::null()).stderr(Stdio::null());
            if command.status().await.is_ok_and(|status| status.success()) {
                return Ok(pip);
            }
        }
        Err(Error::new(Kind::Broken, "there is no pip: neither `python3 -m pip` nor `pip` answers")
            .hint("source `pypi` needs pip: `apt install python3-pip`, `dnf install python3-pip`"))
    }

    /// The program, for messages.
    pub(crate) fn program(self) -> &'static Path {
        Path::new(self.0[0])
    }

    /// A command of pip in the user's environment, which ends when nobody waits for it any more.
    pub(crate) fn command(self, context: &Context<'_>) -> Command {
        let mut command = Command::new(self.0[0]);
        command
            .args(&self.0[1..])
            .env_clear()
            .envs(context.environment.variables())
            .stdin(Stdio::null())
            .kill_on_drop(true);
        command
    }
}

/// The address of the package index: of the environment, otherwise the one that pip uses.
///
/// # Errors
/// The environment names none, and there is no pip, or it does not tell.
pub(crate) async fn index_address(context: &Context<'_>) -> Result<String, Error> {
    if let Some(address) = context.environment.text(INDEX) {
        return Ok(address.trim_end_matches('/').to_owned());
    }
    let unknown = |error: Error| {
        error.hint(format!("or set {INDEX} to the address of a package index, as for pip"))
    };
    let pip = Pip::find(context).await.map_err(unknown)?;
    let mut command = pip.command(context);
    command.args(["download", "--help"]).env("COLUMNS", COLUMNS).stderr(Stdio::null());
    let output = command.output().await?;
    let help = String::from_utf8_lossy(&output.stdout);
    let refused = |cause: &str| unknown(Error::new(Kind::Broken, cause.to_owned()));
    let address =
        default_index(&help).ok_or_else(|| refused("pip does not say which index it uses"))?;
    if address.contains(MASK) {
        let cause = format!("pip hides the password of its index in {address}");
        return Err(refused(&cause));
    }
    Ok(address.trim_end_matches('/').to_owned())
}

/// The index that the help of `pip download` names, which is the configured one where there is a configuration.
fn default_index(help: &str) -> Option<&str> {
    let (_, option) = help.split_once("--index-url")?;
    let (_, default) = option.split_once("(default")?;
    let address = default.split([')', ' ', '\n']).find(|word| !word.is_empty())?;
    address.starts_with("http").then_some(address)
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::os::unix::fs::PermissionsExt as _;

    use nutkin_shell::{Environment, Silent};
    use tempfile::TempDir;

    use super::*;

    #[track_caller]
    fn check(help: &str, expected: Option<&str>) {
        assert_eq!(default_index(help), expected);
    }

    #[test]
    fn the_index_in_the_help_of_pip() {
        let folded = "  -i, --index-url <url>       Base URL of the Python Package Index (default\n   \
                      https://index.example/simple). This should point to\n";
        check(folded, Some("https://index.example/simple"));
        check(
            "--index-url <url> Base URL (default https://i.example/a).",
            Some("https://i.example/a"),
        );
        check("--index-url <url> Base URL (default None)", None);
        check("Usage: pip <command>", None);
    }

    /// A machine whose only pip is `pip3`, a script that says this, and whose terminal has 80 columns.
    struct Machine {
        _directory: TempDir,
        environment: Environment,
    }

    impl Machine {
        fn new(echo: &str) -> Self {
            let directory = tempfile::tempdir().unwrap();
            let program = directory.path().join("pip3");
            fs::write(&program, format!("#!/bin/sh\n{echo}\n")).unwrap();
            fs::set_permissions(&program, fs::Permissions::from_mode(0o755)).unwrap();
            let path = directory.path().display().to_string();
            let variables = [("PATH", path.as_str()), ("COLUMNS", "80")];
            let environment = Environment::of_test(&variables, directory.path().to_owned());
            Self { _directory: directory, environment }
        }
    }

    /// Cuts the address in two where the terminal has fewer columns than needed.
    const FOLDING: &str = r#"if [ "${COLUMNS:-80}" -lt 90 ]; then space=' '; fi
echo "--index-url <url> Base URL (default https://index.example/a/long-${space}name/simple).""#;

    #[tokio::test]
    async fn the_address_is_whole_whatever_the_terminal() {
        let (machine, events) = (Machine::new(FOLDING), Silent::sink());
        let context = Context { events: &events, environment: &machine.environment };
        let address = index_address(&context).await.unwrap();
        assert_eq!(address, "https://index.example/a/long-name/simple");

        // With the terminal of the user it would not be.
        let help = Pip(WAYS[1]).command(&context).output().await.unwrap().stdout;
        let cut = String::from_utf8(help).unwrap();
        assert_eq!(default_index(&cut), Some("https://index.example/a/long-"));
    }

    #[tokio::test]
    async fn an_address_without_its_password_is_not_asked() {
        for (says, expected) in [
            (
                "https://me:****@i.example/a",
                Err("pip hides the password of its index in https://me:****@i.example/a"),
            ),
            // A token, which is in the place of a name.
            (
                "https://****@i.example/a",
                Err("pip hides the password of its index in https://****@i.example/a"),
            ),
            ("None", Err("pip does not say which index it uses")),
            ("https://i.example/a/", Ok("https://i.example/a")),
        ] {
            let echo = format!("echo '--index-url <url> Base URL (default {says}).'");
            let (machine, events) = (Machine::new(&echo), Silent::sink());
            let context = Context { events: &events, environment: &machine.environment };
            let found = index_address(&context).await.map_err(|failure| {
                let hints = format!("{:?}", failure.hints);
                assert!(hints.contains(INDEX), "{hints}");
                format!("{:#}", failure.error)
            });
            assert_eq!(found.as_deref().map_err(String::as_str), expected);
        }
    }
}
