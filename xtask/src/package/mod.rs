//! What people install: an archive, a Debian package and a wheel with one static binary, its manual pages, completions and
//! the licences of all libraries in it, and the checksums of all that.

mod archives;
mod licences;
mod pages;
mod tried;

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result};
use sha2::{Digest as _, Sha256};

use crate::root::{root, say, target};
use crate::test::static_release;

/// Arguments of `cargo xtask package`.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Pack this binary in place of a release build, which takes minutes
    #[arg(long, value_name = "FILE")]
    binary: Option<PathBuf>,

    /// Where packages go; by default target/package
    #[arg(long, value_name = "DIR")]
    output: Option<PathBuf>,
}

/// A file of a package.
#[derive(Debug, Clone)]
struct Item {
    /// Its name there, with `/`.
    name: String,
    content: Vec<u8>,
    is_program: bool,
}

impl Item {
    fn text(name: impl Into<String>, content: impl Into<Vec<u8>>) -> Self {
        Self { name: name.into(), content: content.into(), is_program: false }
    }

    /// The same under another name.
    fn at(&self, name: impl Into<String>) -> Self {
        Self { name: name.into(), ..self.clone() }
    }

    /// Its last name.
    fn file_name(&self) -> &str {
        self.name.rsplit('/').next().unwrap_or_default()
    }
}

/// What every package is made from.
#[derive(Debug)]
struct Parts {
    version: String,
    /// As Rust names it; packages name it their own way.
    architecture: &'static str,
    program: Item,
    /// `nutkin.1` and its like.
    pages: Vec<Item>,
    /// `nutkin.bash`, `_nutkin`, `nutkin.fish`.
    completions: Vec<Item>,
    /// Licences, the README and the changelog.
    texts: Vec<Item>,
}

/// Makes all packages and tries each of them.
///
/// # Errors
/// Something cannot be built or written, or does not run once it is unpacked.
pub(crate) fn run(args: &Args) -> Result<()> {
    let binary = match &args.binary {
        Some(binary) => binary.clone(),
        None => static_release()?,
    };
    let output = args.output.clone().unwrap_or_else(|| target().join("package"));
    if output.exists() {
        fs::remove_dir_all(&output)?;
    }
    fs::create_dir_all(&output)?;
    let parts = parts(&binary)?;
    let files = [
        archives::tar_gz(&parts, &output)?,
        archives::deb(&parts, &output)?,
        archives::wheel(&parts, &output)?,
    ];
    let mut sums = String::new();
    for file in &files {
        let digest = Sha256::digest(fs::read(file)?);
        let hex: String = digest.iter().map(|byte| format!("{byte:02x}")).collect();
        let name = file.file_name().unwrap_or_default().to_string_lossy();
        sums += &format!("{hex}  {name}\n");
    }
    fs::write(output.join("SHA256SUMS"), sums)?;
    tried::all(&files, &parts.version)?;
    for file in &files {
        say(&format!("{}  {} kB", file.display(), fs::metadata(file)?.len() / 1000));
    }
    Ok(())
}

fn parts(binary: &Path) -> Result<Parts> {
    let content = fs::read(binary).with_context(|| format!("cannot read {}", binary.display()))?;
    let program = Item { name: "nutkin".to_owned(), content, is_program: true };
    let text = |name: &str| -> Result<Item> {
        Ok(Item::text(name, fs::read(root().join(name)).with_context(|| name.to_owned())?))
    };
    let mut texts = vec![text("LICENSE")?, text("README.md")?, text("CHANGELOG.md")?];
    texts.push(Item::text("THIRD-PARTY.txt", licences::of_libraries()?));
    Ok(Parts {
        version: env!("CARGO_PKG_VERSION").to_owned(),
        architecture: std::env::consts::ARCH,
        program,
        pages: pages::manual(binary)?,
        completions: pages::completions(binary)?,
        texts,
    })
}
