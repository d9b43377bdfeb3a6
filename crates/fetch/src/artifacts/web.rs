//! Jars from web servers.

use std::path::PathBuf;

use nutkin_flink::artifact::{masked_url, url_file_name};
use reqwest::header::{ETAG, IF_NONE_MATCH};

use super::record::Record;
use super::{FROM_WEB, Fetcher};
use nutkin_rest::http::{self, DownloadError};
use nutkin_shell::files::digest::sha256_of;
use nutkin_shell::files::fault::{At, with_hint};
use nutkin_shell::files::{Digest, FileLock, Staging};
use nutkin_shell::{Error, Kind};

/// Where [`fetch`] puts a jar.
pub(super) fn place(fetcher: &Fetcher<'_>, url: &str) -> PathBuf {
    // Sixteen hex digits, 64 bits: no two addresses of one user meet.
    let key = &sha256_of(url.as_bytes())[..16];
    fetcher.directory(FROM_WEB).join(key).join(url_file_name(url).unwrap_or("artifact.jar"))
}

/// A jar by its address. Content that the user pinned is not asked for again; otherwise the server is
/// asked whether it changed, and an unreachable server is not an error when the cache has the file.
pub(super) async fn fetch(
    fetcher: &Fetcher<'_>,
    url: &str,
    pinned: Option<&str>,
) -> Result<PathBuf, Error> {
    let shown = masked_url(url);
    let name = url_file_name(url).unwrap_or("artifact.jar");
    let key = &sha256_of(url.as_bytes())[..16];
    let parent = fetcher.directory(FROM_WEB);
    let folder = parent.join(key);
    let file = place(fetcher, url);
    std::fs::create_dir_all(&parent).at("make the directory", &parent).map_err(with_hint)?;
    let _lock = FileLock::take(&parent.join(format!(".lock-{key}")), || {
        fetcher.events.say(&format!("waiting for another nutkin that downloads {shown}"));
    })
    .await?;

    let cached = Record::of_intact(&file)
        .filter(|record| pinned.is_none_or(|sha256| sha256 == record.sha256));
    if cached.is_some() && pinned.is_some() {
        return Ok(file);
    }
    let client = http::client()?;
    let mut request = client.get(url);
    if let Some(etag) = cached.as_ref().and_then(|record| record.etag.as_ref()) {
        request = request.header(IF_NONE_MATCH, etag);
    }
    let response = match http::open(request, url).await {
        Ok(response) => response,
        Err(error @ DownloadError::Unreachable { .. }) if cached.is_some() => {
            fetcher.events.warn(&format!("{error}; the copy in the cache is taken"));
            return Ok(file);
        }
        Err(error) => return Err(explained(error)),
    };
    if response.status() == reqwest::StatusCode::NOT_MODIFIED && cached.is_some() {
        return Ok(file);
    }
    let etag =
        response.headers().get(ETAG).and_then(|value| value.to_str().ok()).map(str::to_owned);
    let staging = Staging::new(&parent, key).map_err(with_hint)?;
    let fresh = staging.path().join("files");
    std::fs::create_dir(&fresh).at("make the directory", &fresh).map_err(with_hint)?;
    let mut progress = fetcher.events.progress(format!("downloading {shown}"), None);
    let (sha256, bytes) =
        http::save(response, url, &fresh.join(name), Digest::sha256(), progress.as_mut())
            .await
            .map_err(explained)?;
    if let Some(expected) = pinned.filter(|expected| *expected != sha256) {
        let expected = expected.to_owned();
        return Err(explained(DownloadError::Checksum { url: shown, actual: sha256, expected }));
    }
    Record { source: shown, sha256, bytes, etag }
        .write(&fresh.join(name))
        .at("record", &file)
        .map_err(with_hint)?;
    staging.publish("files", &folder)?;
    Ok(file)
}

fn explained(error: DownloadError) -> Error {
    let hint = match &error {
        DownloadError::Unreachable { .. } => {
            "check the address and the network; proxies are taken from HTTPS_PROXY, certificates from \
             SSL_CERT_FILE; or download the jar yourself and give its path"
        }
        DownloadError::Status { .. } => "check the address; a login may be needed",
        DownloadError::Broken { .. } => "run the command again",
        DownloadError::Checksum { .. } => {
            "the file was changed on the server or on the way: do not use it before you know why"
        }
        DownloadError::Write { .. } => "is the disk full? `df -h` tells",
        DownloadError::Client(_) => "check HTTPS_PROXY and SSL_CERT_FILE",
    };
    Error::of(Kind::Broken, error).hint(hint)
}

#[cfg(test)]
mod tests {
    use wiremock::matchers::{header, method, path};
    use wiremock::{Mock, MockServer, ResponseTemplate};

    use super::*;
    use nutkin_shell::Environment;
    use nutkin_shell::Silent;

    struct World {
        server: MockServer,
        _directory: tempfile::TempDir,
        environment: Environment,
    }

    impl World {
        async fn new() -> Self {
            let directory = tempfile::tempdir().unwrap();
            let home = directory.path().to_str().unwrap();
            let environment =
                Environment::of_test(&[("XDG_CACHE_HOME", home)], directory.path().to_owned());
            Self { server: MockServer::start().await, _directory: directory, environment }
        }

        async fn answer(&self, template: ResponseTemplate, times: u64) {
            Mock::given(method("GET"))
                .and(path("/x/a.jar"))
                .respond_with(template)
                .up_to_n_times(times)
                .mount(&self.server)
                .await;
        }

        async fn fetch(&self, suffix: &str) -> Result<String, String> {
            let events = Silent::sink();
            let fetcher = Fetcher { events: &events, environment: &self.environment };
            let address = format!("{}/x/a.jar{suffix}", self.server.uri());
            match fetcher.fetch(&address, &self.environment.directory).await {
                Ok(file) => Ok(std::fs::read_to_string(file).unwrap()),
                Err(failure) => Err(format!("{:#}", failure.error)),
            }
        }

        fn files(&self) -> Vec<String> {
            walkdir::WalkDir::new(&self.environment.directory)
                .into_iter()
                .map(|entry| entry.unwrap())
                .filter(|entry| entry.file_type().is_file())
                .map(|entry| entry.file_name().to_string_lossy().into_owned())
                .filter(|name| !name.starts_with(".lock-"))
                .collect()
        }
    }

    #[tokio::test]
    async fn an_unchanged_file_is_not_sent_again() {
        let world = World::new().await;
        world
            .answer(
                ResponseTemplate::new(200).insert_header("etag", "\"1\"").set_body_string("jar"),
                1,
            )
            .await;
        Mock::given(header("if-none-match", "\"1\""))
            .respond_with(ResponseTemplate::new(304))
            .expect(1)
            .mount(&world.server)
            .await;
        assert_eq!(world.fetch("").await, Ok("jar".to_owned()));
        assert_eq!(world.fetch("").await, Ok("jar".to_owned()));
    }

    #[tokio::test]
    async fn a_changed_file_replaces_the_old_one() {
        let world = World::new().await;
        world.answer(ResponseTemplate::new(200).set_body_string("old"), 1).await;
        world.answer(ResponseTemplate::new(200).set_body_string("new"), 1).await;
        assert_eq!(world.fetch("").await, Ok("old".to_owned()));
        assert_eq!(world.fetch("").await, Ok("new".to_owned()));
    }

    #[tokio::test]
    async fn a_damaged_copy_is_fetched_again() {
        let world = World::new().await;
        world
            .answer(
                ResponseTemplate::new(200).insert_header("etag", "\"1\"").set_body_string("jar"),
                2,
            )
            .await;
        assert_eq!(world.fetch("").await, Ok("jar".to_owned()));
        for entry in walkdir::WalkDir::new(&world.environment.directory) {
            let entry = entry.unwrap();
            if entry.file_name() == "a.jar" {
                std::fs::write(entry.path(), "bad").unwrap();
            }
        }
        assert_eq!(world.fetch("").await, Ok("jar".to_owned()));
    }

    #[tokio::test]
    async fn pinned_content_is_asked_for_once_and_must_fit() {
        let world = World::new().await;
        world.answer(ResponseTemplate::new(200).set_body_string("jar"), 1).await;
        world.answer(ResponseTemplate::new(200).set_body_string("evil"), 1).await;
        let pin = format!("#sha256={}", sha256_of(b"jar"));
        assert_eq!(world.fetch(&pin).await, Ok("jar".to_owned()));
        assert_eq!(world.fetch(&pin).await, Ok("jar".to_owned()));
        let wrong = format!("#sha256={}", sha256_of(b"other"));
        let error = world.fetch(&wrong).await.unwrap_err();
        assert!(error.contains("is expected"), "{error}");
    }

    #[tokio::test]
    async fn errors_leave_nothing() {
        let world = World::new().await;
        let error = world.fetch("?token=hunter2").await.unwrap_err();
        assert!(error.contains("/x/a.jar?****** answered 404"), "{error}");
        assert_eq!(world.files(), Vec::<String>::new());
    }
}
