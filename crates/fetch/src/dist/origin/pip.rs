//! The source package `apache-flink-libraries`, which is a whole distribution, through the user's `pip`:
//! its configuration, index, proxies, passwords and certificates hold because pip itself downloads.
//!
//! `pip download` of a source package runs the package's `setup.py` to learn its metadata, and loses the
//! download when that fails: with `setuptools` 80 or without `wheel` it does. So pip is shown a build
//! backend of ours under the name it looks for, which answers with name and version and builds nothing.
//! No code of the package is run, and no other package is needed.

use std::path::Path;
use std::process::Stdio;
use std::time::Duration;

use nutkin_flink::FlinkVersion;
use tokio::io::{AsyncBufReadExt, AsyncRead, BufReader};

use super::Fetched;
use crate::index;
use crate::pip::Pip;
use nutkin_shell::Context;
use nutkin_shell::files::fault::{At, FileError, with_hint};
use nutkin_shell::{Error, Kind};

/// The package.
const PACKAGE: &str = "apache-flink-libraries";

/// How often the size of the download is looked at, for the progress bar.
const LOOK: Duration = Duration::from_millis(200);

/// The build backend that pip is shown as `setuptools.build_meta`: PEP 517, only what metadata needs.
/// Older packages ask for its attribute `__legacy__`.
const BACKEND: &str = r#"import os, sys


def get_requires_for_build_wheel(config_settings=None):
    return []


def prepare_metadata_for_build_wheel(metadata_directory, config_settings=None):
    name = "apache_flink_libraries-@VERSION@.dist-info"
    os.mkdir(os.path.join(metadata_directory, name))
    with open(os.path.join(metadata_directory, name, "METADATA"), "w") as file:
        file.write("Metadata-Version: 2.1\nName: apache-flink-libraries\nVersion: @VERSION@\n")
    return name


__legacy__ = sys.modules[__name__]
"#;

pub(super) async fn fetch(
    version: FlinkVersion,
    context: &Context<'_>,
    folder: &Path,
) -> Result<Fetched, Error> {
    let pip = Pip::find(context).await?;
    let (backend, target, scratch) =
        (folder.join("backend"), folder.join("download"), folder.join("pip"));
    let package = backend.join("setuptools");
    for directory in [&package, &target, &scratch] {
        std::fs::create_dir_all(directory)
            .at("make the directory", directory)
            .map_err(with_hint)?;
    }
    for (name, text) in [
        ("__init__.py", String::new()),
        ("build_meta.py", BACKEND.replace("@VERSION@", &version.to_string())),
    ] {
        let path = package.join(name);
        std::fs::write(&path, text).at("write", &path).map_err(with_hint)?;
    }
    let mut child = pip
        .command(context)
        .args(["download", "-vv", "--no-deps", "--no-binary", PACKAGE, "--no-build-isolation"])
        // Our cache is the cache: pip's would hold each archive a second time.
        .args(["--use-pep517", "--no-cache-dir", "--progress-bar", "off", "--no-input"])
        .arg("--dest")
        .arg(&target)
        .arg(format!("{PACKAGE}=={version}"))
        .env("PYTHONPATH", python_path(context, &backend))
        .env("PYTHONDONTWRITEBYTECODE", "1")
        .env("PYTHONUNBUFFERED", "1")
        .env("PIP_DISABLE_PIP_VERSION_CHECK", "1")
        .env("TMPDIR", &scratch)
        // Its messages are read.
        .env("LC_ALL", "C.UTF-8")
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        // Ctrl-C is for this command, which ends it: its own failure at that moment would be taken for news.
        .process_group(0)
        .spawn()
        .at("run", pip.program())?;

    let label = format!("downloading {PACKAGE} {version} with pip");
    let mut progress = context.events.progress(label, None);
    let (mut out, mut err) = (Heard::new(version), Heard::new(version));
    let streams = (child.stdout.take(), child.stderr.take());
    {
        let listening = async {
            tokio::join!(out.listen(streams.0), err.listen(streams.1));
        };
        tokio::pin!(listening);
        let mut tick = tokio::time::interval(LOOK);
        loop {
            tokio::select! {
                () = &mut listening => break,
                _ = tick.tick() => progress.set(downloaded(&scratch)),
            }
        }
    }
    let status = child.wait().await.at("wait for", pip.program())?;
    drop(progress);
    if !status.success() {
        return Err(refused(version, folder, &out, &err));
    }
    let file = super::super::names(&target, false)?.into_iter().next();
    let Some(file) = file else {
        return Err(Error::new(
            Kind::Broken,
            format!("pip reported success but saved no {PACKAGE}"),
        ));
    };
    let _ = nutkin_shell::files::staging::remove(&scratch);
    let mut sha256 = out.sha256.or(err.sha256);
    if let Some(link) = out.link.or(err.link).filter(|_| sha256.is_none()) {
        for page in out.pages.iter().chain(&err.pages) {
            sha256 = index::published(page, &link).await;
            if sha256.is_some() {
                break;
            }
        }
    }
    let published = sha256.map(|hex| (format!("sha256:{hex}"), "the package index".to_owned()));
    Ok(Fetched::Archive { path: target.join(file), published })
}

fn python_path(context: &Context<'_>, backend: &Path) -> std::ffi::OsString {
    let mut value = backend.as_os_str().to_owned();
    if let Some(theirs) = context.environment.path("PYTHONPATH") {
        value.push(":");
        value.push(theirs);
    }
    value
}

/// Bytes of the archive that pip is writing: the largest file, since pip unpacks it beside.
fn downloaded(scratch: &Path) -> u64 {
    walkdir::WalkDir::new(scratch)
        .max_depth(2)
        .into_iter()
        .filter_map(Result::ok)
        .filter(|entry| entry.file_name().to_string_lossy().ends_with(".tar.gz"))
        .filter_map(|entry| Some(entry.metadata().ok()?.len()))
        .max()
        .unwrap_or(0)
}

/// What matters of pip's output.
struct Heard {
    /// The end of the archive's name.
    suffix: String,
    /// Where the archive is.
    link: Option<String>,
    /// Of the archive, as the index states it in the link.
    sha256: Option<String>,
    /// Pages of the index that state it elsewhere.
    pages: Vec<String>,
    /// Lines that tell what went wrong.
    errors: Vec<String>,
}

impl Heard {
    fn new(version: FlinkVersion) -> Self {
        let suffix = format!("-{version}.tar.gz");
        Self { suffix, link: None, sha256: None, pages: Vec::new(), errors: Vec::new() }
    }

    async fn listen(&mut self, stream: Option<impl AsyncRead + Unpin>) {
        let Some(stream) = stream else { return };
        let mut lines = BufReader::new(stream).split(b'\n');
        while let Ok(Some(line)) = lines.next_segment().await {
            self.line(&String::from_utf8_lossy(&line));
        }
    }

    fn line(&mut self, line: &str) {
        // `Added apache-flink-libraries==1.20.5 from https://..-1.20.5.tar.gz#sha256=<hex> to build
        // tracker`: the line about the link that was chosen, not one that was only seen.
        if line.trim_start().starts_with("Added ")
            && let Some((_, rest)) = line.split_once(" from ")
            && let Some(link) = rest.split(' ').next()
            && let (link, hex) = link.split_once("#sha256=").unwrap_or((link, ""))
            && link.ends_with(&self.suffix)
        {
            self.link = Some(link.to_owned());
            let hex: String = hex.chars().take_while(char::is_ascii_hexdigit).collect();
            if hex.len() == 64 {
                self.sha256 = Some(hex);
            }
        }
        if let Some((page, kind)) =
            line.trim_start().strip_prefix("Fetched page ").and_then(|rest| rest.split_once(" as "))
            && kind.starts_with(index::JSON)
        {
            self.pages.push(page.to_owned());
        }
        if let Some(error) = line.trim_start().strip_prefix("ERROR: ") {
            self.errors.push(error.to_owned());
        } else if line.contains("[Errno 28]") || line.contains("connection broken by") {
            self.errors.push(line.trim().to_owned());
        }
    }
}

fn refused(version: FlinkVersion, folder: &Path, out: &Heard, err: &Heard) -> Error {
    let errors: Vec<&String> = err.errors.iter().chain(&out.errors).collect();
    let said = |part: &str| errors.iter().any(|line| line.contains(part));
    if said("[Errno 28]") || said("No space left") {
        let path = folder.to_owned();
        let source = std::io::Error::from_raw_os_error(rustix::io::Errno::NOSPC.raw_os_error());
        return with_hint(FileError { action: "download with pip into", path, source });
    }
    if said("broken by") || said("Max retries") || said("NewConnectionError") {
        return Error::new(Kind::Broken, "pip cannot reach its package index")
            .hint("pip's settings hold: `pip config list`, PIP_INDEX_URL, PIP_PROXY, PIP_CERT");
    }
    if said("No matching distribution") {
        return Error::new(
            Kind::Broken,
            format!("pip's package index has no source package {PACKAGE} {version}"),
        )
        .hint("`pip index versions apache-flink-libraries` lists what it has; `pip config list` shows which index");
    }
    let last = errors.last().map_or("it said nothing about why", |line| line.as_str());
    Error::new(Kind::Broken, format!("pip failed: {last}"))
        .hint("pip's settings hold: `pip config list`, PIP_INDEX_URL, PIP_PROXY, PIP_CERT")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_checksum_of_the_chosen_link_is_heard() {
        let hex = "ab".repeat(32);
        let mut heard = Heard::new(FlinkVersion::new(1, 20, 5));
        heard.line(&format!("  Found link https://h/x-1.20.5.tar.gz#sha256={hex} (from h)"));
        assert_eq!(heard.sha256, None);
        heard.line(&format!(
            "  Added p==1.20.5 from https://h/p-1.20.5.tar.gz#sha256={hex} to build"
        ));
        assert_eq!(heard.sha256, Some(hex));
        assert_eq!(heard.pages, Vec::<String>::new());
    }

    #[test]
    fn where_the_checksum_is_when_the_link_has_none() {
        let mut heard = Heard::new(FlinkVersion::new(1, 20, 5));
        heard.line("Fetched page https://h/simple/p/ as text/html");
        heard.line("Fetched page https://h/simple/p/ as application/vnd.pypi.simple.v1+json");
        heard.line("  Added p==1.20.5 from https://h/p-1.20.5.tar.gz to build tracker '/t'");
        assert_eq!((heard.sha256, heard.pages), (None, vec!["https://h/simple/p/".to_owned()]));
        assert_eq!(heard.link.as_deref(), Some("https://h/p-1.20.5.tar.gz"));
    }

    #[track_caller]
    fn check(line: &str, expected: &str) {
        let version = FlinkVersion::new(1, 20, 5);
        let mut heard = Heard::new(version);
        heard.line(line);
        let text =
            format!("{:#}", refused(version, Path::new("d"), &Heard::new(version), &heard).error);
        assert!(text.contains(expected), "{line}: {text}");
    }

    #[test]
    fn reasons() {
        check("ERROR: No matching distribution found for x==1", "no source package");
        check(
            "WARNING: Retrying (Retry(total=0)) after connection broken by 'NewConnectionError': Connection refused",
            "cannot reach",
        );
        check("ERROR: Could not install: [Errno 28] No space left on device", "No space left");
        check("ERROR: odd", "pip failed: odd");
        check("", "nothing about why");
    }
}
