//! Jars from Maven repositories, through `mvn`, so that a company's settings, mirrors and passwords
//! hold.

use std::path::{Path, PathBuf};
use std::process::Stdio;

use nutkin_flink::artifact::Coordinate;
use tokio::process::Command;

use super::record::Record;
use super::{FROM_MAVEN, Fetcher};
use nutkin_rest::http;
use nutkin_shell::files::digest::sha256_of_file;
use nutkin_shell::files::fault::{At, with_hint};
use nutkin_shell::files::{Digest, FileLock, Staging};
use nutkin_shell::{Error, Kind};

/// The goal that copies one file. Version 2.10 resolves the file alone; 3.x reads the descriptor and
/// its parents first and fails where a repository lacks one of them.
const COPY: &str = "org.apache.maven.plugins:maven-dependency-plugin:2.10:copy";

/// A repository to read directly where there is no `mvn`.
const REPOSITORY: &str = "NUTKIN_MAVEN_REPOSITORY";

/// Where [`fetch`] puts a jar.
pub(super) fn place(fetcher: &Fetcher<'_>, coordinate: &Coordinate) -> PathBuf {
    // A folder for each classifier, so that each is replaced as a whole.
    let folder = coordinate.classifier.as_deref().unwrap_or("main");
    let parent = fetcher.directory(FROM_MAVEN).join(coordinate.folder());
    parent.join(folder).join(coordinate.file_name())
}

/// A jar by its coordinate. A release that the cache has is taken without asking.
pub(super) async fn fetch(
    fetcher: &Fetcher<'_>,
    coordinate: &Coordinate,
) -> Result<PathBuf, Error> {
    let name = coordinate.file_name();
    let parent = fetcher.directory(FROM_MAVEN).join(coordinate.folder());
    let folder_name = coordinate.classifier.as_deref().unwrap_or("main");
    let folder = parent.join(folder_name);
    let file = place(fetcher, coordinate);
    std::fs::create_dir_all(&parent).at("make the directory", &parent).map_err(with_hint)?;
    let _lock = FileLock::take(&parent.join(format!(".lock-{folder_name}")), || {
        fetcher.events.say(&format!("waiting for another nutkin that fetches {coordinate}"));
    })
    .await?;
    if !coordinate.is_snapshot() && Record::of_intact(&file).is_some() {
        return Ok(file);
    }
    let staging = Staging::new(&parent, folder_name).map_err(with_hint)?;
    let fresh = staging.path().join("files");
    std::fs::create_dir(&fresh).at("make the directory", &fresh).map_err(with_hint)?;
    let target = fresh.join(&name);
    if let Some(mvn) = fetcher.environment.program("mvn") {
        fetcher.events.say(&format!("fetching {coordinate} with {}", mvn.display()));
        by_mvn(fetcher, &mvn, coordinate, &fresh).await?;
    } else if let Some(repository) = fetcher.environment.text(REPOSITORY) {
        by_http(fetcher, repository, coordinate, &target).await?;
    } else {
        return Err(Error::new(
            Kind::Broken,
            format!("cannot fetch {coordinate}: there is no `mvn` on the PATH"),
        )
        .hint(format!(
            "install Maven (`apt install maven`), or set {REPOSITORY} to the address of a Maven \
             repository, or give the jar's path or https:// address"
        )));
    }
    if !target.is_file() {
        return Err(Error::new(
            Kind::Broken,
            format!("`mvn` reported success for {coordinate} but wrote no `{name}`"),
        ));
    }
    let sha256 = sha256_of_file(&target).at("read", &target)?;
    let bytes = std::fs::metadata(&target).at("read", &target)?.len();
    Record { source: coordinate.to_string(), sha256, bytes, etag: None }
        .write(&target)
        .at("record", &file)
        .map_err(with_hint)?;
    staging.publish("files", &folder)?;
    Ok(file)
}

async fn by_mvn(
    fetcher: &Fetcher<'_>,
    mvn: &Path,
    coordinate: &Coordinate,
    folder: &Path,
) -> Result<(), Error> {
    let output = Command::new(mvn)
        .arg("--batch-mode")
        .arg(COPY)
        .arg(format!("-Dartifact={}", coordinate.for_plugin()))
        .arg(format!("-DoutputDirectory={}", folder.display()))
        // A snapshot keeps its plain name instead of the timestamp of the server.
        .arg("-Dmdep.useBaseVersion=true")
        // Not the user's directory: a pom.xml there would be read.
        .current_dir(folder)
        .env_clear()
        .envs(fetcher.environment.variables())
        .stdin(Stdio::null())
        .kill_on_drop(true)
        // Ctrl-C is for this command, which ends it: its own failure at that moment would be taken for news.
        .process_group(0)
        .output()
        .await
        .at("run", mvn)?;
    if output.status.success() {
        return Ok(());
    }
    let said = String::from_utf8_lossy(&output.stdout);
    let failure =
        Error::new(Kind::Broken, format!("`mvn` could not fetch {coordinate}: {}", reason(&said)));
    Err(failure.hint(
        "check the coordinate; repositories and passwords are taken from Maven's settings.xml; or \
         give the jar's path or https:// address",
    ))
}

/// The one line of Maven's output that says why.
fn reason(output: &str) -> String {
    let errors = || output.lines().filter_map(|line| line.strip_prefix("[ERROR] "));
    let line = errors()
        .find(|line| line.contains("Could not ") || line.contains("Unable to "))
        .or_else(|| errors().next())
        .unwrap_or("it said nothing about why");
    // `Failed to execute goal <plugin> (default-cli) on project standalone-pom: <why> -> [Help 1]`
    let line = line.split_once("standalone-pom: ").map_or(line, |(_, why)| why);
    line.trim_end_matches(" -> [Help 1]").to_owned()
}

async fn by_http(
    fetcher: &Fetcher<'_>,
    repository: &str,
    coordinate: &Coordinate,
    target: &Path,
) -> Result<(), Error> {
    let url = format!(
        "{}/{}/{}",
        repository.trim_end_matches('/'),
        coordinate.folder(),
        coordinate.file_name()
    );
    let client = http::client()?;
    let response = http::open(client.get(&url), &url).await?;
    let mut progress = fetcher.events.progress(format!("downloading {coordinate}"), None);
    let (sha256, _) =
        http::save(response, &url, target, Digest::sha256(), progress.as_mut()).await?;
    // Not every repository publishes it; TLS then has to do.
    if let Ok(published) = http::text(&client, &format!("{url}.sha256")).await {
        let expected = published.split_whitespace().next().unwrap_or_default().to_lowercase();
        if expected != sha256 {
            return Err(http::DownloadError::Checksum { url, actual: sha256, expected }.into());
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(output: &str, expected: &str) {
        assert_eq!(reason(output), expected);
    }

    #[test]
    fn reasons() {
        check(
            "[INFO] Scanning\n[ERROR] Failed to execute goal p:2.10:copy (default-cli) on project \
             standalone-pom: Unable to find artifact. Could not find artifact g:a:jar:1 in r\n\
             [ERROR] \n[ERROR] Try",
            "Unable to find artifact. Could not find artifact g:a:jar:1 in r",
        );
        check("[ERROR] Something -> [Help 1]", "Something");
        check("", "it said nothing about why");
    }
}
