//! What every installation has in common: one at a time, prepared aside, visible as a whole, from the first source that
//! has it.

use std::fmt::Display;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use nutkin_core::Remedy;

use super::manifest::{ArchiveSum, FILE, Manifest};
use super::product::Product;
use super::{DistributionStore, Installed};
use nutkin_shell::files::fault::{At, with_hint};
use nutkin_shell::files::staging::{self, write_atomically};
use nutkin_shell::files::{FileError, FileLock, Staging};
use nutkin_shell::{Context, Error, Kind, size};

/// What is prepared, and the right to do it. Fields drop in this order: the lock is let go last.
#[derive(Debug)]
pub(crate) struct Workplace {
    staging: Staging,
    _lock: FileLock,
}

/// Folder of the staging directory that becomes the home.
const HOME: &str = "home";

impl Workplace {
    /// Takes the lock of a product, and makes room beside its home.
    async fn of(product: Product, root: &Path, context: &Context<'_>) -> Result<Self, Error> {
        let name = product.folder();
        let waiting = || {
            context.events.say(&format!("waiting for another nutkin that installs {product}"));
        };
        let lock = FileLock::take(&root.join(format!(".lock-{name}")), waiting).await;
        let lock = lock.map_err(with_hint)?;
        let staging = Staging::new(root, &name).map_err(with_hint)?;
        Ok(Self { staging, _lock: lock })
    }

    /// Where to download and to unpack.
    pub(crate) fn folder(&self) -> &Path {
        self.staging.path()
    }

    /// What becomes the home of the product, as a whole.
    pub(crate) fn home(&self) -> PathBuf {
        self.folder().join(HOME)
    }
}

/// Installs a product from the first source of which `bring` can make its home. With `force` even if it is there and sound.
/// Returns its home.
///
/// # Errors
/// When no source can give it, for which `by_hand` helps, or the disk cannot take it. What was there before then stays.
pub(crate) async fn install<S: Display>(
    product: Product,
    sources: &[S],
    force: bool,
    by_hand: Remedy,
    context: &Context<'_>,
    bring: impl AsyncFn(&S, &Arc<Workplace>) -> Result<Manifest, Error>,
) -> Result<PathBuf, Error> {
    let store = DistributionStore::new(context.environment);
    let (root, home) = (store.root(), store.home(product));
    std::fs::create_dir_all(root).at("make the directory", root).map_err(with_hint)?;
    let place = Arc::new(Workplace::of(product, root, context).await?);
    if is_there(store.find(product), force, context) {
        return Ok(home);
    }
    let mut refusals = Vec::new();
    for source in sources {
        match bring(source, &place).await {
            Ok(manifest) => {
                let text = serde_json::to_vec_pretty(&manifest)?;
                let file = place.home().join(FILE);
                write_atomically(&file, &text).at("write", &file).map_err(with_hint)?;
                place.staging.publish(HOME, &home).map_err(with_hint)?;
                context.events.say(&format!(
                    "{product} installed from {source} ({}, {})",
                    size(manifest.bytes()),
                    checked(manifest.archive.as_ref())
                ));
                return Ok(home);
            }
            // A full disk is the same for the next source.
            Err(failure) if failure.error.chain().any(is_of_disk) => return Err(failure),
            Err(failure) => {
                let prepared = place.home();
                staging::remove(&prepared).at("remove", &prepared)?;
                if sources.len() > 1 {
                    context.events.warn(&format!("{source}: {:#}", failure.error));
                }
                refusals.push(failure);
            }
        }
    }
    Err(none_left(product, sources, by_hand, refusals))
}

/// Whether nothing has to be done. A damaged installation is said.
fn is_there(installed: Option<Installed>, force: bool, context: &Context<'_>) -> bool {
    let Some(installed) = installed else { return false };
    let damage = installed.damage(false);
    if !damage.is_empty() {
        context.events.warn(&format!(
            "{} in the cache is damaged ({}); it is installed again",
            installed.product,
            damage.join(", ")
        ));
    }
    damage.is_empty() && !force
}

fn checked(archive: Option<&ArchiveSum>) -> String {
    match archive {
        Some(ArchiveSum { checked_against: Some(who), .. }) => format!("checksum as {who} says"),
        Some(_) => "no published checksum to compare with".to_owned(),
        None => "copied".to_owned(),
    }
}

fn is_of_disk(cause: &(dyn std::error::Error + 'static)) -> bool {
    use std::io::ErrorKind::{FileTooLarge, QuotaExceeded, ReadOnlyFilesystem, StorageFull};
    let file = cause.downcast_ref::<FileError>().map(|error| error.source.kind());
    let download = match cause.downcast_ref::<nutkin_rest::http::DownloadError>() {
        Some(nutkin_rest::http::DownloadError::Write { source, .. }) => Some(source.kind()),
        _ => None,
    };
    file.or(download).is_some_and(|kind| {
        matches!(kind, StorageFull | QuotaExceeded | FileTooLarge | ReadOnlyFilesystem)
    })
}

fn none_left<S: Display>(
    product: Product,
    sources: &[S],
    by_hand: Remedy,
    mut refusals: Vec<Error>,
) -> Error {
    match refusals.len() {
        1 => refusals.remove(0),
        0 => Error::new(Kind::Invalid, "there is no source to install from"),
        _ => {
            let tried: Vec<String> = sources.iter().map(ToString::to_string).collect();
            let message = format!("no source has {product}; tried {}", tried.join(", "));
            let failure = Error::new(Kind::Broken, message).hint(by_hand);
            refusals.into_iter().flat_map(|refusal| refusal.hints).fold(failure, Error::hint)
        }
    }
}

/// Removes a product from the store.
///
/// # Errors
/// When the files cannot be removed.
pub async fn remove(product: Product, context: &Context<'_>) -> Result<PathBuf, Error> {
    let store = DistributionStore::new(context.environment);
    let home = store.home(product);
    let place = Workplace::of(product, store.root(), context).await?;
    // Out of sight first: a removal that is cut short leaves no half of it.
    let aside = place.home();
    std::fs::rename(&home, &aside).at("remove", &home).map_err(with_hint)?;
    staging::remove(&aside).at("remove", &aside).map_err(with_hint)?;
    if let Product::Flink(version) = product {
        super::class_data::remove(version, context.environment);
    }
    Ok(home)
}
