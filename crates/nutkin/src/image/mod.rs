//! Building images without a Docker daemon and without a Dockerfile.
//!
//! ```text
//! Options ──► prepare (look: base, Java, Flink, libraries) ──► core's plan ──► build (layers, documents)
//!                                                                              └──► output
//! ```
//!
//! The same input gives the same digest, wherever and whenever it is built: `nutkin-core` decides about order,
//! owners and permissions, and no layer holds a time.

pub mod base;
pub mod class_data;
mod contents;
mod java;
pub mod layer;
mod libraries;
pub mod output;
mod root;

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use nutkin_core::Problem;
use nutkin_core::flink::{Configuration, FlinkVersion};
use nutkin_core::image::sbom::{Component, Kind};
use nutkin_core::image::{
    self as planned, Blob, Found, FoundFlink, FoundJava, Plan, Request, Words,
};
use serde_json::Value;
use tempfile::TempDir;

use crate::cache::At;
use crate::cache::digest::sha256_of;
use crate::dist::{self, Distribution};
use crate::{Context, Exit, Failure};

use base::Loaded;
use java::Java;
use layer::Written;
use output::Built;

/// The time that images state unless `SOURCE_DATE_EPOCH` gives another: one that is the same everywhere
/// (reproducible-builds.org).
pub const CREATED: &str = "1970-01-01T00:00:00Z";

/// What the command line says.
#[derive(Debug, Default)]
pub struct Options {
    /// What core reads.
    pub words: Words,
    /// `--base`.
    pub base: Option<String>,
    /// `--java-from`.
    pub java_from: Option<String>,
    /// `--no-jlink`.
    pub no_jlink: bool,
    /// `--flink`.
    pub flink: Option<FlinkVersion>,
    /// `--flink-from`.
    pub flink_from: Option<String>,
    /// `--conf`.
    pub configuration: Option<PathBuf>,
    /// `--program`.
    pub programs: Vec<String>,
    /// `--binary`.
    pub binary: Option<PathBuf>,
    /// `--keep-entrypoint`.
    pub keep_entrypoint: bool,
    /// `--class-data`.
    pub class_data: bool,
    /// `--tag`.
    pub tags: Vec<String>,
}

/// Everything looked at, nothing written yet but below a temporary directory.
#[derive(Debug)]
pub struct Prepared {
    /// The decision.
    pub plan: Plan,
    /// Names of the image.
    pub tags: Vec<String>,
    base: Option<Loaded>,
    flink: FlinkVersion,
    java_version: Option<String>,
    architecture: String,
    created: String,
    work: TempDir,
}

/// Looks at all that goes into the image, and plans it.
///
/// # Errors
/// Exit 2 with all problems of the input; exit 1 when something cannot be fetched or read.
pub async fn prepare(mut options: Options, context: &Context<'_>) -> Result<Prepared, Failure> {
    let directory = context.environment.directory.clone();
    let created = created(context)?;
    for tag in &options.tags {
        base::reference(tag, "--tag")?;
    }
    let fetcher =
        crate::artifacts::Fetcher { printer: context.printer, environment: context.environment };
    let mut jars = Vec::new();
    for jar in &options.words.jars {
        jars.push(fetcher.fetch(jar, &directory).await?.display().to_string());
    }
    options.words.jars = jars;
    let mut request = std::mem::take(&mut options.words).read().map_err(Failure::input)?;
    let directories = absolute_sources(&mut request, &directory)?;
    let source = base::source(options.base.as_deref().unwrap_or("none"), &directory)?;

    let work = context.environment.cache_directory().join("image");
    fs::create_dir_all(&work).at("make the directory", &work)?;
    let work = TempDir::with_prefix_in("build-", &work).at("make a directory in", &work)?;
    let architecture = architecture()?;
    let loaded = base::load(&source, &architecture, work.path(), context).await?;

    let (flink, distribution) = flink(&options, work.path(), context).await?;
    let java = java_of(&options, loaded.as_ref(), flink, work.path(), context)?;
    let binary = binary(&options)?;
    let mut programs = Vec::new();
    let mut own = BTreeSet::new();
    if let Some((Some(java), _)) = &java {
        programs.extend(java.objects.iter().cloned());
        own.extend(java.own.iter().cloned());
    }
    programs.extend(binary.clone());
    let named = self::programs(&options.programs, context)?;
    programs.extend(named.iter().map(|(_, path)| path.clone()));
    let (mut system, mut system_links) = (Vec::new(), Vec::new());
    match &loaded {
        None => {
            let found = libraries::find(&programs, &own);
            for (library, program) in &found.missing {
                // Desktop parts of Java ask for libraries of the display; anything else is said.
                context.printer.warn(&format!(
                    "`{library}`, which `{}` needs, is not on this machine: that part will not load",
                    program.display()
                ));
            }
            (system, system_links) = (found.files, found.links);
        }
        Some(loaded) => linkers_are_there(&programs, loaded)?,
    }
    for (path, source) in named {
        system.push((path, source.display().to_string(), true));
    }
    let (java, java_version) = match java {
        None => (FoundJava::Nowhere, None),
        Some((None, home)) => (FoundJava::InBase(home), None),
        Some((Some(java), home)) => (FoundJava::Copied(home), java::version(&java.home)),
    };
    let mut found = Found {
        base: loaded.as_ref().map(|loaded| loaded.base.clone()),
        architecture: architecture.clone(),
        java,
        system,
        system_links,
        flink,
        distribution: distribution.as_ref().map(found_flink),
        configuration: configuration(&options, &directory)?,
        directories,
        binary: binary.map(|path| path.display().to_string()),
        archives: Vec::new(),
    };
    let mut plan = planned::plan(&request, &found).map_err(Failure::input)?;
    if options.class_data {
        let java_home = plan.config.java_home().unwrap_or(planned::JAVA_HOME);
        let (home, base) = (&request.flink_home, loaded.as_ref());
        let layers = &plan.layers;
        found.archives =
            class_data::make(flink, home, java_home, base, layers, work.path(), context)?;
        plan = planned::plan(&request, &found).map_err(Failure::input)?;
    }
    let mut tags = options.tags;
    if tags.is_empty() {
        tags.push(format!("nutkin/flink:{flink}"));
    }
    for tag in &mut tags {
        let name = tag.rsplit('/').next().unwrap_or(tag);
        if !name.contains(':') && !name.contains('@') {
            tag.push_str(":latest");
        }
    }
    Ok(Prepared { plan, tags, base: loaded, flink, java_version, architecture, created, work })
}

impl Prepared {
    /// Writes the layers. What it gives is good as long as `self` lives.
    ///
    /// # Errors
    /// A file cannot be read, or the disk is full.
    pub fn build(&self, context: &Context<'_>) -> Result<(Built, Vec<Written>), Failure> {
        let mut written = Vec::new();
        for layer in &self.plan.layers {
            context.printer.say(&format!("Packing {}", layer.text));
            written.push(layer::write(layer, self.work.path())?);
        }
        let texts: Vec<(String, String)> =
            written.iter().map(|one| (one.text.clone(), one.diff_id.clone())).collect();
        let config = planned::config_json(&self.plan.config, &texts, &self.created);
        let config = document("application/vnd.oci.image.config.v1+json", &config);
        let of_base = self.base.iter().flat_map(|base| &base.layers);
        let mut layers: Vec<(Blob, PathBuf)> =
            of_base.map(|layer| (layer.blob.clone(), layer.path.clone())).collect();
        layers.extend(written.iter().map(|one| (one.blob.clone(), one.path.clone())));
        let blobs: Vec<Blob> = layers.iter().map(|(blob, _)| blob.clone()).collect();
        let manifest = planned::manifest_json(&config.0, &blobs);
        let manifest = document("application/vnd.oci.image.manifest.v1+json", &manifest);
        let built = Built {
            tags: self.tags.clone(),
            architecture: self.architecture.clone(),
            config,
            manifest,
            layers,
        };
        Ok((built, written))
    }

    /// A directory that lives as long as `self`.
    pub fn work(&self) -> &Path {
        self.work.path()
    }

    /// The Dockerfile.
    pub fn dockerfile(&self) -> String {
        planned::dockerfile(&self.plan, self.layers_to_add().len())
    }

    /// Writes the Dockerfile and the tar files that it names into a directory.
    ///
    /// # Errors
    /// A file cannot be read, or the disk is full.
    pub fn write_context(&self, directory: &Path) -> Result<(), Failure> {
        fs::create_dir_all(directory).at("make the directory", directory)?;
        for (index, layer) in self.layers_to_add().iter().enumerate() {
            let path = directory.join(format!("base-{}.tar", index + 1));
            // `ADD` unpacks compressed files as well, whatever their names.
            fs::copy(&layer.path, &path).at("write", &path)?;
        }
        for (index, layer) in self.plan.layers.iter().enumerate() {
            layer::write_plain(layer, &directory.join(planned::file_name(index, layer)))?;
        }
        let path = directory.join("Dockerfile");
        fs::write(&path, self.dockerfile()).at("write", &path)?;
        Ok(())
    }

    fn layers_to_add(&self) -> &[base::BaseLayer] {
        match &self.base {
            Some(base) if !base.is_in_registry => &base.layers,
            _ => &[],
        }
    }

    /// The bill of materials of a built image.
    pub fn bill_of_materials(&self, built: &Built, written: &[Written]) -> Value {
        let mut components = Vec::new();
        let plain = |kind, name: String, version| Component {
            kind,
            group: None,
            name,
            version,
            path: None,
            sha256: None,
            inside: Vec::new(),
        };
        if let Some(Loaded { base, .. }) = &self.base {
            components.push(plain(Kind::Container, base.name.clone(), base.digest.clone()));
        }
        let java = planned::JAVA_HOME.trim_start_matches('/');
        if let Some(version) = &self.java_version {
            let path = Some(planned::JAVA_HOME.to_owned());
            let java = plain(Kind::Platform, "java".to_owned(), Some(version.clone()));
            components.push(Component { path, ..java });
        }
        for file in written.iter().flat_map(|layer| &layer.files) {
            // Java is one component; texts of licences are none.
            if file.path.starts_with(java) || file.path.contains("/licenses/") {
                continue;
            }
            let mut component = contents::component(file);
            if let (Some(one), true) =
                (&mut component, file.path == planned::BINARY.trim_start_matches('/'))
            {
                one.kind = Kind::Application;
                one.version = Some(env!("CARGO_PKG_VERSION").to_owned());
            }
            components.extend(component);
        }
        let name = self.tags.first().cloned().unwrap_or_else(|| format!("flink:{}", self.flink));
        planned::sbom::document(&name, &format!("sha256:{}", built.config.0.sha256), &components)
    }
}

fn document(media_type: &str, document: &Value) -> (Blob, Vec<u8>) {
    let bytes = document.to_string().into_bytes();
    let blob = Blob {
        media_type: media_type.to_owned(),
        sha256: sha256_of(&bytes),
        bytes: bytes.len() as u64,
    };
    (blob, bytes)
}

/// `SOURCE_DATE_EPOCH` in RFC 3339.
fn created(context: &Context<'_>) -> Result<String, Failure> {
    let Some(text) = context.environment.text("SOURCE_DATE_EPOCH") else {
        return Ok(CREATED.to_owned());
    };
    let time = text.parse().ok().and_then(|second| jiff::Timestamp::from_second(second).ok());
    time.map(|time| time.to_string()).ok_or_else(|| {
        let message = format!("`{text}` is no number of seconds since 1970");
        Failure::input(vec![Problem::new("SOURCE_DATE_EPOCH", message)])
    })
}

fn architecture() -> Result<String, Failure> {
    match std::env::consts::ARCH {
        "x86_64" => Ok("amd64".to_owned()),
        "aarch64" => Ok("arm64".to_owned()),
        other => {
            let message = format!("images for {other} are not built");
            Err(Failure::new(Exit::Failed, message).hint("x86_64 and aarch64 are"))
        }
    }
}

/// Makes the sources of copies and plugins absolute. Returns those that are directories.
fn absolute_sources(request: &mut Request, from: &Path) -> Result<BTreeSet<String>, Failure> {
    let mut problems = Vec::new();
    let mut directories = BTreeSet::new();
    let mut look = |option: &str, source: &mut String| {
        let path = from.join(&*source);
        match fs::metadata(&path) {
            Ok(metadata) => {
                *source = path.display().to_string();
                if metadata.is_dir() {
                    directories.insert(source.clone());
                }
            }
            Err(error) => problems.push(Problem::new(option, format!("`{source}`: {error}"))),
        }
    };
    for copy in &mut request.copies {
        look("--copy", &mut copy.source);
    }
    for plugin in &mut request.plugins {
        // Names of built-in plugins have neither.
        if plugin.contains('/') || Path::new(&*plugin).extension().is_some_and(|end| end == "jar") {
            look("--plugin", plugin);
        }
    }
    if problems.is_empty() { Ok(directories) } else { Err(Failure::input(problems)) }
}

/// Flink's release and files; no files when the base has them.
async fn flink(
    options: &Options,
    work: &Path,
    context: &Context<'_>,
) -> Result<(FlinkVersion, Option<Distribution>), Failure> {
    let wanted = options.flink.unwrap_or(FlinkVersion::DEFAULT);
    let Some(from) = options.flink_from.as_deref() else {
        let (home, major) = crate::java::find(&Configuration::default(), wanted, context)?;
        let java = dist::class_data::Java { home: &home, major };
        return Ok((wanted, Some(dist::ensure(wanted, java, context).await?)));
    };
    if from == "base" {
        return Ok((wanted, None));
    }
    let path = context.environment.directory.join(from);
    let home = if path.is_file() { unpacked(&path, work)? } else { path };
    let lib = home.join("lib");
    let names: Vec<String> = fs::read_dir(&lib)
        .at("read", &lib)?
        .flatten()
        .map(|entry| entry.file_name().to_string_lossy().into_owned())
        .collect();
    let version = dist::version_of_lib(&names).and_then(|version| version.parse().ok());
    let Some(version) = version else {
        let message = format!("`{}` has no flink-dist jar of a known release", lib.display());
        return Err(Failure::input(vec![
            Problem::new("--flink-from", message)
                .hint("name the directory or the .tgz of a Flink distribution, or `base`"),
        ]));
    };
    if options.flink.is_some_and(|flink| flink != version) {
        let message = format!("`{}` is Flink {version}, not {wanted}", home.display());
        return Err(Failure::input(vec![Problem::new("--flink", message)]));
    }
    let distribution = Distribution::open(version, &home).at("read", &home)?;
    Ok((version, Some(distribution)))
}

/// Unpacks an archive of Flink: one folder with everything below it.
fn unpacked(archive: &Path, work: &Path) -> Result<PathBuf, Failure> {
    let folder = work.join("flink-archive");
    let file = fs::File::open(archive).at("read", archive)?;
    let gzip = flate2::read::GzDecoder::new(std::io::BufReader::new(file));
    tar::Archive::new(gzip).unpack(&folder).at("unpack", archive)?;
    let below = fs::read_dir(&folder).at("read", &folder)?.flatten().map(|entry| entry.path());
    let found = std::iter::once(folder.clone()).chain(below).find(|home| home.join("lib").is_dir());
    found.ok_or_else(|| {
        let message = format!("there is no `lib` in `{}`", archive.display());
        Failure::input(vec![Problem::new("--flink-from", message)])
    })
}

fn found_flink(distribution: &Distribution) -> FoundFlink {
    let legal = ["licenses", "LICENSE", "NOTICE"];
    let is_there = |name: &&str| distribution.home.join(name).exists();
    FoundFlink {
        home: distribution.home.display().to_string(),
        lib: distribution.lib.clone(),
        opt: distribution.opt.clone(),
        plugins: distribution.plugins.clone(),
        legal: legal.into_iter().filter(is_there).map(str::to_owned).collect(),
    }
}

/// A Java to copy with the directory that is copied, or the home of the base's; `None`: there is none.
#[allow(clippy::type_complexity, reason = "the two kinds of Java and their one home")]
fn java_of(
    options: &Options,
    base: Option<&Loaded>,
    flink: FlinkVersion,
    work: &Path,
    context: &Context<'_>,
) -> Result<Option<(Option<Java>, String)>, Failure> {
    let from = match (options.java_from.as_deref(), base) {
        (Some(from), _) => from,
        (None, None) => "host",
        (None, Some(loaded)) => {
            let base = &loaded.base;
            let stated = base.variable("JAVA_HOME").map(str::to_owned);
            let usual =
                ["/opt/java/openjdk", "/usr/lib/jvm/default-java", "/usr"].map(str::to_owned);
            let mut homes = stated.into_iter().chain(usual);
            return Ok(homes
                .find(|home| base.has(&format!("{home}/bin/java")))
                .map(|home| (None, home)));
        }
    };
    let home = if from == "host" {
        crate::java::find(&Configuration::default(), flink, context)?.0
    } else {
        let path = context.environment.directory.join(from);
        if path.is_file() { java::unpack(&path, work)? } else { path }
    };
    let home = fs::canonicalize(&home).at("read", &home)?;
    let reduced = if options.no_jlink { None } else { java::reduce(&home, work, context)? };
    let java = java::open(&reduced.unwrap_or(home))?;
    let home = java.home.display().to_string();
    Ok(Some((Some(java), home)))
}

/// Our own binary. A static one runs on every base; one with libraries brings them along, or needs a base that
/// has them.
fn binary(options: &Options) -> Result<Option<PathBuf>, Failure> {
    if options.keep_entrypoint {
        return Ok(None);
    }
    let path = match &options.binary {
        Some(path) => path.clone(),
        None => std::env::current_exe()?,
    };
    let data = fs::read(&path).at("read", &path)?;
    if libraries::linked(&data).is_none() {
        let message = format!("`{}` is no program for Linux", path.display());
        return Err(Failure::input(vec![Problem::new("--binary", message)]));
    }
    Ok(Some(path))
}

/// Programs of this machine by name or path: place in the image, file.
fn programs(words: &[String], context: &Context<'_>) -> Result<Vec<(String, PathBuf)>, Failure> {
    let path = context.environment.path("PATH").unwrap_or_default();
    let (mut found, mut problems) = (Vec::new(), Vec::new());
    for word in words {
        let mut places = std::env::split_paths(&path).map(|folder| folder.join(word));
        let place = if word.starts_with('/') {
            Some(PathBuf::from(word)).filter(|path| path.is_file())
        } else {
            places.find(|path| path.is_file())
        };
        match place.as_deref().map(|place| (place, fs::canonicalize(place))) {
            Some((place, Ok(file))) => found.push((place.display().to_string(), file)),
            _ => problems.push(
                Problem::new("--program", format!("there is no `{word}` on this machine"))
                    .hint("give its path"),
            ),
        }
    }
    if problems.is_empty() { Ok(found) } else { Err(Failure::input(problems)) }
}

/// Checks that a base can start what is copied from this machine.
fn linkers_are_there(programs: &[PathBuf], loaded: &Loaded) -> Result<(), Failure> {
    let mut problems = Vec::new();
    for program in programs {
        let said = fs::read(program).ok().and_then(|data| libraries::linked(&data));
        let Some(linker) = said.and_then(|said| said.interpreter) else { continue };
        if !loaded.base.has(&linker) {
            let message =
                format!("the base has no `{linker}`, which `{}` needs", program.display());
            problems.push(Problem::new("--base", message).hint(
                "take a base with glibc, a Java made for this base, or no base (--base none)",
            ));
        }
    }
    if problems.is_empty() { Ok(()) } else { Err(Failure::input(problems)) }
}

/// Files of `--conf`, sorted by name.
fn configuration(options: &Options, from: &Path) -> Result<Vec<(String, String)>, Failure> {
    let Some(directory) = &options.configuration else { return Ok(Vec::new()) };
    let directory = from.join(directory);
    let mut files = Vec::new();
    for entry in fs::read_dir(&directory).at("read", &directory)? {
        let path = entry.at("read", &directory)?.path();
        if path.is_file() {
            let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
            files.push((name, path.display().to_string()));
        }
    }
    files.sort();
    if files.is_empty() {
        let message = format!("`{}` has no files", directory.display());
        return Err(Failure::input(vec![Problem::new("--conf", message)]));
    }
    Ok(files)
}
