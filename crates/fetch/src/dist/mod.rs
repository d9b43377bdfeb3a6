//! Flink distributions and Javas in the user's cache, shared by all sessions.
//!
//! ```text
//! cache/dist/
//!   flink-1.20.5/            lib, opt, plugins, bin, licenses: visible as a whole or not at all
//!   java-17/                 bin, conf, legal, lib: the same
//!     nutkin-dist.json       source, checksums of all files
//!   .lock-flink-1.20.5       one installs, the others wait
//!   .staging-flink-1.20.5/   being prepared; what a killed process leaves is removed by the next
//! ```
//!
//! [`ensure`] is what `nutkin up` calls.

pub mod class_data;
pub mod install;
pub mod manifest;
mod origin;
pub(crate) mod prepare;
mod product;
#[cfg(test)]
mod tests;
pub(crate) mod unpack;

use std::collections::BTreeMap;
use std::io;
use std::path::{Path, PathBuf};

use nutkin_flink::FlinkVersion;

pub use install::{assumed, ensure, find, install, obtain};
pub use manifest::Manifest;
pub use origin::DistributionSource;
pub use prepare::remove;
pub use product::Product;

use nutkin_shell::Environment;

/// An installed Flink with what is in it, as the planner wants to know it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Distribution {
    /// The release.
    pub version: FlinkVersion,
    /// What Flink's scripts call `FLINK_HOME`.
    pub home: PathBuf,
    /// File names in `lib`, sorted.
    pub lib: Vec<String>,
    /// File names in `opt`, sorted.
    pub opt: Vec<String>,
    /// Folders in `plugins` with the file names in each, sorted.
    pub plugins: BTreeMap<String, Vec<String>>,
}

impl Distribution {
    /// Looks into an unpacked distribution.
    ///
    /// # Errors
    /// When `lib` cannot be read; absent `opt` and `plugins` are empty.
    pub fn open(version: FlinkVersion, home: &Path) -> io::Result<Self> {
        let mut plugins = BTreeMap::new();
        for folder in names(&home.join("plugins"), true)? {
            let files = names(&home.join("plugins").join(&folder), false)?;
            plugins.insert(folder, files);
        }
        let (lib, opt) = (names(&home.join("lib"), false)?, names(&home.join("opt"), false)?);
        Ok(Self { version, home: home.to_owned(), lib, opt, plugins })
    }

    /// The jars in `lib`: what is on the class path.
    pub fn jars(&self) -> Vec<String> {
        let is_jar = |name: &&String| Path::new(name).extension().is_some_and(|end| end == "jar");
        self.lib.iter().filter(is_jar).cloned().collect()
    }
}

/// Sorted names of the files, or of the folders, in a directory; an absent one has none.
fn names(directory: &Path, folders: bool) -> io::Result<Vec<String>> {
    let entries = match std::fs::read_dir(directory) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        other => other?,
    };
    let mut names = Vec::new();
    for entry in entries {
        let entry = entry?;
        // Follows links: a jar may be one.
        if entry.path().is_dir() == folders {
            names.push(entry.file_name().to_string_lossy().into_owned());
        }
    }
    names.sort();
    Ok(names)
}

/// The directory of all distributions.
#[derive(Debug, Clone)]
pub struct DistributionStore {
    root: PathBuf,
}

/// One entry of the store.
#[derive(Debug)]
pub struct Installed {
    /// What it is.
    pub product: Product,
    /// Its directory.
    pub home: PathBuf,
    /// What is known about it, or why nothing is.
    pub manifest: Result<Manifest, String>,
}

impl Installed {
    /// What is wrong with it, by the sizes of its files or, when `thorough`, by their content.
    pub fn damage(&self, thorough: bool) -> Vec<String> {
        match &self.manifest {
            Ok(manifest) => manifest.damage(&self.home, thorough),
            Err(reason) => vec![reason.clone()],
        }
    }
}

impl DistributionStore {
    /// The store of this user.
    pub fn new(environment: &Environment) -> Self {
        Self { root: environment.cache_directory().join("dist") }
    }

    /// The directory of the store.
    pub fn root(&self) -> &Path {
        &self.root
    }

    /// Where a product is, or would be.
    pub fn home(&self, product: Product) -> PathBuf {
        self.root.join(product.folder())
    }

    /// A product that is there, damaged or not.
    pub fn find(&self, product: Product) -> Option<Installed> {
        let home = self.home(product);
        home.is_dir().then(|| Installed { product, manifest: Manifest::read(&home), home })
    }

    /// All that is there: releases of Flink, oldest first, then Javas.
    ///
    /// # Errors
    /// When the directory cannot be read; an absent one is empty.
    pub fn all(&self) -> io::Result<Vec<Installed>> {
        self.those(|_| true)
    }

    /// The Javas that are there, oldest first: nothing is read of a Flink, whose manifest names hundreds of files.
    ///
    /// # Errors
    /// As [`DistributionStore::all`].
    pub fn javas(&self) -> io::Result<Vec<Installed>> {
        self.those(|product| matches!(product, Product::Java(_)))
    }

    fn those(&self, are_meant: impl Fn(&Product) -> bool) -> io::Result<Vec<Installed>> {
        let names = names(&self.root, true)?;
        let mut products: Vec<_> =
            names.iter().filter_map(|name| Product::of_folder(name)).filter(are_meant).collect();
        products.sort();
        Ok(products.into_iter().filter_map(|product| self.find(product)).collect())
    }
}

/// The release that a `lib` belongs to, by the name of its main jar: `flink-dist-1.20.5.jar`, up to 1.14
/// `flink-dist_2.12-1.14.6.jar`.
pub fn version_of_lib(names: &[String]) -> Option<String> {
    names.iter().find_map(|name| {
        let rest = name.strip_prefix("flink-dist")?.strip_suffix(".jar")?;
        let (scala, version) = rest.split_once('-')?;
        (scala.is_empty() || scala.starts_with('_')).then(|| version.to_owned())
    })
}
