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
mod flink;
mod java;
pub mod layer;
mod libraries;
pub mod output;
mod programs;
mod root;

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use nutkin_container::image::sbom::{Component, ComponentType};
use nutkin_container::image::{
    self as planned, Blob, FoundJava, FoundParts, ImagePlan, ImageRequest, Words,
};
use nutkin_fetch::cache;
use nutkin_flink::FlinkVersion;
use nutkin_flink::{Argument, Problem};
use serde_json::Value;
use tempfile::TempDir;

use nutkin_shell::files::At;
use nutkin_shell::files::digest::sha256_of;
use nutkin_shell::{Context, Error, Kind};

use base::Loaded;
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
    pub plan: ImagePlan,
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
/// [`Kind::Invalid`](nutkin_shell::Kind) with all problems of the input; broken when something cannot be fetched or read.
pub async fn prepare(mut options: Options, context: &Context<'_>) -> Result<Prepared, Error> {
    let directory = context.environment.directory.clone();
    let created = created(context)?;
    for tag in &options.tags {
        base::reference(tag, Argument::Tag)?;
    }
    let fetcher = nutkin_fetch::artifacts::Fetcher {
        events: context.events,
        environment: context.environment,
    };
    let mut jars = Vec::new();
    for jar in &options.words.jars {
        jars.push(fetcher.fetch(jar, &directory).await?.display().to_string());
    }
    options.words.jars = jars;
    let mut request = std::mem::take(&mut options.words).read().map_err(Error::input)?;
    let directories = absolute_sources(&mut request, &directory)?;
    let source = base::source(options.base.as_deref().unwrap_or("none"), &directory)?;

    let work = context.environment.cache_directory().join(cache::BUILDS);
    fs::create_dir_all(&work).at("make the directory", &work)?;
    let work = TempDir::with_prefix_in("build-", &work).at("make a directory in", &work)?;
    let architecture = architecture()?;
    let loaded = base::load(&source, &architecture, work.path(), context).await?;

    let (release, distribution) = flink::find(&options, work.path(), context).await?;
    if let Some(distribution) = &distribution {
        // Before Java is packed, which takes its time.
        planned::missing_parts(&request, &flink::found(distribution), release)
            .map_err(Error::input)?;
    }
    let java = java::choose(&options, loaded.as_ref(), release, work.path(), context).await?;
    let binary = programs::binary(&options)?;
    let mut linked = Vec::new();
    let mut own = BTreeSet::new();
    if let Some((Some(java), _)) = &java {
        linked.extend(java.objects.iter().cloned());
        own.extend(java.own.iter().cloned());
    }
    linked.extend(binary.clone());
    let named = programs::named(&options.programs, context)?;
    linked.extend(named.iter().map(|(_, path)| path.clone()));
    let (mut system, mut system_links) = (Vec::new(), Vec::new());
    match &loaded {
        None => {
            let found = libraries::find(&linked, &own);
            for (library, program) in &found.missing {
                // Desktop parts of Java ask for libraries of the display; anything else is said.
                context.events.warn(&format!(
                    "`{library}`, which `{}` needs, is not on this machine: that part will not load",
                    program.display()
                ));
            }
            (system, system_links) = (found.files, found.links);
        }
        Some(loaded) => programs::linkers_are_there(&linked, loaded)?,
    }
    for (path, source) in named {
        system.push((path, source.display().to_string(), true));
    }
    let (java, java_version) = match java {
        None => (FoundJava::Nowhere, None),
        Some((None, home)) => (FoundJava::InBase(home), None),
        Some((Some(java), home)) => {
            (FoundJava::Copied(home), nutkin_fetch::java::version(&java.home))
        }
    };
    let mut found = FoundParts {
        base: loaded.as_ref().map(|loaded| loaded.base.clone()),
        architecture: architecture.clone(),
        java,
        system,
        system_links,
        flink: release,
        distribution: distribution.as_ref().map(flink::found),
        configuration: configuration(&options, &directory)?,
        directories,
        binary: binary.map(|path| path.display().to_string()),
        archives: Vec::new(),
    };
    let mut plan = planned::plan(&request, &found).map_err(Error::input)?;
    if options.class_data {
        let java_home = plan.config.java_home().unwrap_or(planned::JAVA_HOME);
        let (home, base) = (&request.flink_home, loaded.as_ref());
        let layers = &plan.layers;
        found.archives =
            class_data::make(release, home, java_home, base, layers, work.path(), context)?;
        plan = planned::plan(&request, &found).map_err(Error::input)?;
    }
    let mut tags = options.tags;
    if tags.is_empty() {
        tags.push(format!("nutkin/flink:{release}"));
    }
    for tag in &mut tags {
        let name = tag.rsplit('/').next().unwrap_or(tag);
        if !name.contains(':') && !name.contains('@') {
            tag.push_str(":latest");
        }
    }
    Ok(Prepared {
        plan,
        tags,
        base: loaded,
        flink: release,
        java_version,
        architecture,
        created,
        work,
    })
}

impl Prepared {
    /// Writes the layers. What it gives is good as long as `self` lives.
    ///
    /// # Errors
    /// A file cannot be read, or the disk is full.
    pub fn build(&self, context: &Context<'_>) -> Result<(Built, Vec<Written>), Error> {
        let mut written = Vec::new();
        for layer in &self.plan.layers {
            context.events.say(&format!("Packing {}", layer.text));
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
    pub fn write_context(&self, directory: &Path) -> Result<(), Error> {
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
            components.push(plain(
                ComponentType::Container,
                base.name.clone(),
                base.digest.clone(),
            ));
        }
        let java = planned::JAVA_HOME.trim_start_matches('/');
        if let Some(version) = &self.java_version {
            let path = Some(planned::JAVA_HOME.to_owned());
            let java = plain(ComponentType::Platform, "java".to_owned(), Some(version.clone()));
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
                one.kind = ComponentType::Application;
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
fn created(context: &Context<'_>) -> Result<String, Error> {
    let Some(text) = context.environment.text("SOURCE_DATE_EPOCH") else {
        return Ok(CREATED.to_owned());
    };
    let time = text.parse().ok().and_then(|second| jiff::Timestamp::from_second(second).ok());
    time.map(|time| time.to_string()).ok_or_else(|| {
        let message = format!("`{text}` is not a number of seconds since 1970");
        Error::input(vec![Problem::new("SOURCE_DATE_EPOCH", message)])
    })
}

fn architecture() -> Result<String, Error> {
    match std::env::consts::ARCH {
        "x86_64" => Ok("amd64".to_owned()),
        "aarch64" => Ok("arm64".to_owned()),
        other => {
            let message = format!("images for {other} are not built");
            Err(Error::new(Kind::Broken, message).hint("x86_64 and aarch64 are"))
        }
    }
}

/// Makes the sources of copies and plugins absolute. Returns those that are directories.
fn absolute_sources(request: &mut ImageRequest, from: &Path) -> Result<BTreeSet<String>, Error> {
    let mut problems = Vec::new();
    let mut directories = BTreeSet::new();
    let mut look = |option: Argument, source: &mut String| {
        let path = from.join(&*source);
        match fs::metadata(&path) {
            Ok(metadata) => {
                *source = path.display().to_string();
                if metadata.is_dir() {
                    directories.insert(source.clone());
                }
            }
            Err(error) => problems.push(Problem::argument(option, format!("`{source}`: {error}"))),
        }
    };
    for copy in &mut request.copies {
        look(Argument::Copy, &mut copy.source);
    }
    for plugin in &mut request.plugins {
        // Names of built-in plugins have neither.
        if plugin.contains('/') || Path::new(&*plugin).extension().is_some_and(|end| end == "jar") {
            look(Argument::Plugin, plugin);
        }
    }
    if problems.is_empty() { Ok(directories) } else { Err(Error::input(problems)) }
}

/// Files of `--conf`, sorted by name.
fn configuration(options: &Options, from: &Path) -> Result<Vec<(String, String)>, Error> {
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
        return Err(Error::input(vec![Problem::argument(Argument::Conf, message)]));
    }
    Ok(files)
}
