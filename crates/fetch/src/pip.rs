//! The user's pip, and what it says of its package index.

use std::path::PathBuf;
use std::process::Stdio;

use nutkin_shell::{Context, Error, Kind};
use tokio::process::Command;

/// Names another index, as it does for pip.
pub(crate) const INDEX: &str = "PIP_INDEX_URL";

/// How pip is called here: the first of the usual ways that answers.
///
/// # Errors
/// None answers.
pub(crate) async fn find(context: &Context<'_>) -> Result<Vec<PathBuf>, Error> {
    let ways: [&[&str]; 4] =
        [&["python3", "-m", "pip"], &["pip3"], &["pip"], &["python", "-m", "pip"]];
    for way in ways {
        let mut command = Command::new(way[0]);
        command
            .args(&way[1..])
            .arg("--version")
            .env_clear()
            .envs(context.environment.variables())
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .kill_on_drop(true);
        if command.status().await.is_ok_and(|status| status.success()) {
            return Ok(way.iter().map(PathBuf::from).collect());
        }
    }
    Err(Error::new(Kind::Broken, "there is no pip: neither `python3 -m pip` nor `pip` answers")
        .hint("source `pypi` needs pip: `apt install python3-pip`, `dnf install python3-pip`"))
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
    let pip = find(context).await.map_err(unknown)?;
    let output = Command::new(&pip[0])
        .args(&pip[1..])
        .args(["download", "--help"])
        .env_clear()
        .envs(context.environment.variables())
        .stdin(Stdio::null())
        .stderr(Stdio::null())
        .kill_on_drop(true)
        .output()
        .await?;
    let help = String::from_utf8_lossy(&output.stdout);
    default_index(&help)
        .map(|address| address.trim_end_matches('/').to_owned())
        .ok_or_else(|| unknown(Error::new(Kind::Broken, "pip does not say which index it uses")))
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
}
