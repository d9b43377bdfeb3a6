//! Flink's releases: which one a session takes, and how one is installed.

use std::path::Path;
use std::sync::Arc;

use nutkin_core::Remedy;
use nutkin_flink::FlinkVersion;

use super::class_data::{self, Java};
use super::manifest::{ArchiveSum, Manifest};
use super::origin::{DistributionSource, Fetched};
use super::prepare::{self, Workplace};
use super::product::Product;
use super::unpack::{self, Stop, UnpackError};
use super::{Distribution, DistributionStore, names, version_of_lib};
use nutkin_shell::files::Digest;
use nutkin_shell::files::fault::{At, with_hint};
use nutkin_shell::{Context, Environment, Error, Kind, Sink};

/// The distribution that a session needs: `FLINK_HOME` as it is when it holds the release, otherwise the one
/// in the cache, otherwise installed now from the default sources. A damaged one is reported and replaced.
///
/// Dropping the future stops the work and leaves nothing half.
///
/// # Errors
/// When no source can give it, or the disk cannot take it.
pub async fn ensure(
    version: FlinkVersion,
    java: Java<'_>,
    context: &Context<'_>,
) -> Result<Distribution, Error> {
    let (distribution, is_new) = obtain(version, context).await?;
    if is_new {
        prepare_class_data(&distribution, java, context).await;
    }
    Ok(distribution)
}

/// The same without class data archives, for which no Java is needed; and whether it was installed just now.
///
/// # Errors
/// As [`ensure`].
pub async fn obtain(
    version: FlinkVersion,
    context: &Context<'_>,
) -> Result<(Distribution, bool), Error> {
    if let Some(distribution) = find(version, context.environment)? {
        return Ok((distribution, false));
    }
    // FLINK_HOME holds another release, or is not set.
    let sources = [DistributionSource::Apache, DistributionSource::Pypi];
    Ok((install(version, &sources, false, context).await?, true))
}

/// The distribution that [`ensure`] takes without installing anything.
///
/// # Errors
/// When it cannot be read.
pub fn find(
    version: FlinkVersion,
    environment: &Environment,
) -> Result<Option<Distribution>, Error> {
    if let Some(home) = environment.place("FLINK_HOME")
        && let Ok(distribution) = Distribution::open(version, &home)
        && version_of_lib(&distribution.lib).is_some_and(|found| found == version.to_string())
    {
        return Ok(Some(distribution));
    }
    let sound = DistributionStore::new(environment)
        .find(Product::Flink(version))
        .filter(|installed| installed.damage(false).is_empty());
    Ok(match sound {
        Some(installed) => {
            Some(Distribution::open(version, &installed.home).at("read", &installed.home)?)
        }
        None => None,
    })
}

/// What is known of a release that is not installed: where it will be, and its main jar.
pub fn assumed(version: FlinkVersion, environment: &Environment) -> Distribution {
    Distribution {
        version,
        home: DistributionStore::new(environment).home(Product::Flink(version)),
        lib: vec![format!("flink-dist-{version}.jar")],
        opt: Vec::new(),
        plugins: std::collections::BTreeMap::new(),
    }
}

/// Makes the class data archives of a release, which its sessions start faster with. That it fails is
/// said, and nothing else.
pub async fn prepare_class_data(
    distribution: &Distribution,
    java: Java<'_>,
    context: &Context<'_>,
) {
    let there = class_data::find(distribution, java, context.environment);
    if class_data::is_complete(&there) {
        return;
    }
    let progress = context.events.progress(
        format!("preparing faster starts of Flink {} (class data archives)", distribution.version),
        None,
    );
    let made = class_data::make(distribution, java, context).await;
    drop(progress);
    if let Err(failure) = made {
        context.events.warn(&format!(
            "no class data archives for Flink {}: {:#}; sessions start without them",
            distribution.version, failure.error
        ));
    }
}

/// Installs from the first source that has the release. With `force` even if it is there and sound.
///
/// # Errors
/// When no source can give it, or the disk cannot take it. What was installed before then stays.
pub async fn install(
    version: FlinkVersion,
    sources: &[DistributionSource],
    force: bool,
    context: &Context<'_>,
) -> Result<Distribution, Error> {
    let bring = async |source: &DistributionSource, place: &Arc<Workplace>| {
        from_source(version, source, place, context).await
    };
    let by_hand = Remedy::InstallByHand { flink: version.to_string() };
    let product = Product::Flink(version);
    let home = prepare::install(product, sources, force, by_hand, context, bring).await?;
    Ok(Distribution::open(version, &home).at("read", &home)?)
}

async fn from_source(
    version: FlinkVersion,
    source: &DistributionSource,
    place: &Arc<Workplace>,
    context: &Context<'_>,
) -> Result<Manifest, Error> {
    let (folder, prepared) = (place.folder(), place.home());
    std::fs::create_dir_all(&prepared).at("make the directory", &prepared).map_err(with_hint)?;
    let fetched = source.fetch(version, context, folder).await?;
    let stop = Stop::default();
    let guard = stop.on_drop();
    let events = context.events.clone();
    let kept = place.clone();
    let unpacked = fetched.clone();
    // The thread keeps the workplace alive: it is cleared when both are done with it.
    let task = tokio::task::spawn_blocking(move || {
        let _kept = kept;
        unpack_to(&unpacked, &prepared, &events, &stop)
    });
    let (files, archive) = task.await??;
    drop(guard);
    let lib = names(&place.home().join("lib"), false)?;
    match version_of_lib(&lib) {
        Some(found) if found == version.to_string() => {}
        Some(found) => {
            return Err(Error::new(
                Kind::Broken,
                format!("`{}` holds Flink {found}, not {version}", fetched.path().display()),
            )
            .hint(Remedy::Install { flink: found }));
        }
        None => {
            return Err(Error::new(
                Kind::Broken,
                format!(
                    "`{}` holds no Flink distribution: there is no lib/flink-dist-{version}.jar",
                    fetched.path().display()
                ),
            ));
        }
    }
    Ok(Manifest::new(version.to_string(), source.to_string(), archive, files))
}

fn unpack_to(
    fetched: &Fetched,
    home: &Path,
    events: &Sink,
    stop: &Stop,
) -> Result<(unpack::Files, Option<ArchiveSum>), Error> {
    match fetched {
        Fetched::Directory(path) => {
            let mut progress = events.progress(format!("copying {}", path.display()), None);
            let files =
                unpack::directory(path, home, progress.as_mut(), stop).map_err(with_unpack_hint)?;
            Ok((files, None))
        }
        Fetched::Archive { path, published } => {
            let total = std::fs::metadata(path).at("read", path)?.len();
            let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
            let mut progress = events.progress(format!("unpacking {name}"), Some(total));
            let mut digests = [Digest::sha256(), Digest::sha512()];
            // Both only where the published one asks for the longer.
            let wants_512 =
                published.as_ref().is_some_and(|(digest, _)| digest.starts_with("sha512:"));
            let used = if wants_512 { &mut digests[..] } else { &mut digests[..1] };
            let files = unpack::archive(path, home, used, progress.as_mut(), stop)
                .map_err(with_unpack_hint)?;
            let [sha256, sha512] = digests.map(Digest::finish);
            let digest =
                if wants_512 { format!("sha512:{sha512}") } else { format!("sha256:{sha256}") };
            let mut checked_against = None;
            if let Some((expected, who)) = published {
                if *expected != digest {
                    return Err(Error::new(
                        Kind::Broken,
                        format!("`{name}` has checksum {digest}, but {who} says {expected}"),
                    )
                    .hint("the archive is damaged or was tampered with: fetch it again"));
                }
                checked_against = Some(who.clone());
            }
            Ok((files, Some(ArchiveSum { name, digest, checked_against })))
        }
    }
}

fn with_unpack_hint(error: UnpackError) -> Error {
    let damaged = matches!(error, UnpackError::Archive { .. });
    let failure = with_hint(error);
    if damaged && failure.hints.is_empty() {
        return failure.hint("download it again; .tgz and .tar.gz archives are read");
    }
    failure
}
