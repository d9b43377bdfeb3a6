//! The user's pip, and what it says of its package index.

use std::path::PathBuf;
use std::process::Stdio;

use nutkin_shell::{Context, Error, Kind};
use tokio::process::Command;

/// The index of pip without any configuration.
const PYPI: &str = "https://index.example/simple";

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

/// The address of the package index: of the environment, otherwise of pip's files where there is a pip, otherwise PyPI's.
pub(crate) async fn index_address(context: &Context<'_>) -> String {
    let address = match context.environment.text(INDEX) {
        Some(address) => address.to_owned(),
        None => configured(context).await.unwrap_or_else(|| PYPI.to_owned()),
    };
    address.trim_end_matches('/').to_owned()
}

async fn configured(context: &Context<'_>) -> Option<String> {
    let pip = find(context).await.ok()?;
    let output = Command::new(&pip[0])
        .args(&pip[1..])
        .args(["config", "get", "global.index-url"])
        .env_clear()
        .envs(context.environment.variables())
        .stdin(Stdio::null())
        .stderr(Stdio::null())
        .kill_on_drop(true)
        .output()
        .await
        .ok()?;
    let address = String::from_utf8(output.stdout).ok()?.trim().to_owned();
    (output.status.success() && !address.is_empty()).then_some(address)
}
