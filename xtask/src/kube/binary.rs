//! The Kubernetes programs: those of `KUBEBUILDER_ASSETS`, or one binary built from their Go modules and
//! cached outside the repository under a key of its sources and the Go version. The same for the cluster's DNS.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Instant;

use anyhow::{Context, Result, bail, ensure};
use sha2::{Digest, Sha256};

use crate::root::say;

/// The parts of a control plane, in the order in which they start.
pub(super) const PARTS: [&str; 4] =
    ["etcd", "kube-apiserver", "kube-controller-manager", "kube-scheduler"];

/// What a node has besides.
const NODE_PARTS: [&str; 2] = ["kubelet", "kube-proxy"];

/// Where the programs are.
#[derive(Debug, Clone)]
pub(crate) enum Binaries {
    /// One program for each part in a directory.
    Directory(PathBuf),
    /// All parts in one program.
    One(PathBuf),
}

impl Binaries {
    /// Finds or builds the programs. A cold build takes about seven minutes on two cores.
    ///
    /// # Errors
    /// When `KUBEBUILDER_ASSETS` lacks a part, or Go is missing or fails.
    pub(crate) fn ensure() -> Result<Self> {
        if let Some(directory) = std::env::var_os("KUBEBUILDER_ASSETS").map(PathBuf::from) {
            for part in PARTS.iter().chain(&["kubectl"]) {
                ensure!(
                    directory.join(part).is_file(),
                    "KUBEBUILDER_ASSETS (`{}`) has no `{part}`: add it, or unset the variable to build all parts",
                    directory.display()
                );
            }
            return Ok(Self::Directory(directory));
        }
        let sources = sources("binary");
        let binary =
            cache_directory()?.join(format!("kubernetes-{}", key(&sources)?)).join("kubernetes");
        if !binary.is_file() {
            say("building Kubernetes from its Go modules, once: about 7 minutes on 2 cores");
            let flags = format!("-s -w {}", version_flags(&sources)?);
            build(&sources, ".", &flags, &binary)?;
        }
        Ok(Self::One(binary))
    }

    /// The same, and that the parts of a node are among them.
    ///
    /// # Errors
    /// As [`Self::ensure`].
    pub(crate) fn ensure_node() -> Result<Self> {
        let binaries = Self::ensure()?;
        if let Self::Directory(directory) = &binaries {
            for part in NODE_PARTS {
                ensure!(
                    directory.join(part).is_file(),
                    "KUBEBUILDER_ASSETS (`{}`) has no `{part}`, which a node needs: add it, or unset the variable to build all parts",
                    directory.display()
                );
            }
        }
        Ok(binaries)
    }

    /// A command that runs one part.
    pub(crate) fn command(&self, part: &str) -> Command {
        match self {
            Self::Directory(directory) => Command::new(directory.join(part)),
            Self::One(binary) => {
                let mut command = Command::new(binary);
                command.arg(part);
                command
            }
        }
    }

    /// How to call one part from a shell.
    pub(crate) fn display(&self, part: &str) -> String {
        match self {
            Self::Directory(directory) => directory.join(part).display().to_string(),
            Self::One(binary) => format!("{} {part}", binary.display()),
        }
    }
}

/// `$XDG_CACHE_HOME/nutkin-tests`: what tests make once for a machine.
pub(crate) fn cache_directory() -> Result<PathBuf> {
    let cache = std::env::var_os("XDG_CACHE_HOME")
        .map(PathBuf::from)
        .or_else(|| Some(PathBuf::from(std::env::var_os("HOME")?).join(".cache")));
    Ok(cache.context("neither XDG_CACHE_HOME nor HOME is set")?.join("nutkin-tests"))
}

/// What pods of every cluster need, for images without a registry.
#[derive(Debug, Clone)]
pub(crate) struct PodPrograms {
    /// `CoreDNS` with the plugins of a cluster.
    pub(crate) dns: PathBuf,
    /// What holds the namespaces of a pod.
    pub(crate) pause: PathBuf,
}

impl PodPrograms {
    /// Takes those of `KUBEBUILDER_ASSETS` where it has them, or builds them: a minute and a half.
    ///
    /// # Errors
    /// When Go is missing or fails.
    pub(crate) fn ensure() -> Result<Self> {
        if let Some(directory) = std::env::var_os("KUBEBUILDER_ASSETS").map(PathBuf::from) {
            let found = Self { dns: directory.join("coredns"), pause: directory.join("pause") };
            if found.dns.is_file() && found.pause.is_file() {
                return Ok(found);
            }
        }
        let sources = sources("dns");
        let directory = cache_directory()?.join(format!("dns-{}", key(&sources)?));
        let found = Self { dns: directory.join("coredns"), pause: directory.join("pause") };
        if !found.dns.is_file() {
            say("building CoreDNS from its Go module, once: about a minute and a half on 2 cores");
            build(&sources, ".", "-s -w", &found.dns)?;
        }
        if !found.pause.is_file() {
            build(&sources, "./pause", "-s -w", &found.pause)?;
        }
        Ok(found)
    }
}

fn sources(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("kubernetes").join(name)
}

fn key(sources: &Path) -> Result<String> {
    let version = output(Command::new("go").args(["env", "GOVERSION"]))
        .context("Go 1.24 or later is needed to build Kubernetes for the tests")?;
    let mut hash = Sha256::new();
    hash.update(version);
    add(&mut hash, sources)?;
    Ok(hash.finalize().iter().take(8).map(|byte| format!("{byte:02x}")).collect())
}

/// Adds all files below a directory, in an order that is the same everywhere.
fn add(hash: &mut Sha256, directory: &Path) -> Result<()> {
    let mut paths: Vec<PathBuf> =
        fs::read_dir(directory)?.map(|entry| Ok(entry?.path())).collect::<Result<_>>()?;
    paths.sort();
    for path in paths {
        if path.is_dir() {
            add(hash, &path)?;
        } else {
            hash.update(fs::read(path)?);
        }
    }
    Ok(())
}

/// Without these the API server calls itself v0.0.0 and clients refuse to negotiate.
fn version_flags(sources: &Path) -> Result<String> {
    let version = output(
        Command::new("go")
            .args(["list", "-m", "-f", "{{.Version}}", "k8s.io/kubernetes"])
            .current_dir(sources),
    )?;
    let number = version.trim_start_matches('v');
    let mut numbers = number.split('.');
    let package = "k8s.io/component-base/version";
    Ok(format!(
        "-X {package}.gitVersion={version} -X {package}.gitMajor={} -X {package}.gitMinor={} \
         -X {package}.gitTreeState=clean -X {package}.gitCommit=modules -X {package}.buildDate=1970-01-01T00:00:00Z",
        numbers.next().unwrap_or("1"),
        numbers.next().unwrap_or("0"),
    ))
}

fn build(sources: &Path, package: &str, flags: &str, binary: &Path) -> Result<()> {
    let started = Instant::now();
    let directory = binary.parent().context("the binary has a directory")?;
    fs::create_dir_all(directory)?;
    // Built beside its place and renamed: an interrupted build leaves nothing that looks complete.
    let unfinished = directory.join(format!("unfinished-{}", std::process::id()));
    let status = Command::new("go")
        .args(["build", "-mod=readonly", "-trimpath", "-ldflags", flags, "-o"])
        .arg(&unfinished)
        .arg(package)
        .current_dir(sources)
        .env("CGO_ENABLED", "0")
        .status()?;
    ensure!(status.success(), "go build in `{}` failed ({status})", sources.display());
    fs::rename(&unfinished, binary)?;
    say(&format!("built in {} s: `{}`", started.elapsed().as_secs(), binary.display()));
    Ok(())
}

fn output(command: &mut Command) -> Result<String> {
    let output = command.output().with_context(|| format!("failed to run {command:?}"))?;
    if !output.status.success() {
        bail!("{command:?} failed: {}", String::from_utf8_lossy(&output.stderr).trim());
    }
    Ok(String::from_utf8(output.stdout)?.trim().to_owned())
}
