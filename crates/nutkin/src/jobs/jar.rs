//! A job's jar on this machine.

use std::fs::File;
use std::io::{Read as _, Write as _};
use std::path::{Path, PathBuf};

use nutkin_rest::{Client, RestError, UPLOAD_DIGITS};
use nutkin_shell::files::digest::sha256_of_file;

/// A jar that can be uploaded.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Jar {
    /// Where it is.
    pub path: PathBuf,
    /// Its name in the session: digest and file name, so that the same jar is seen to be there.
    pub upload_name: String,
    /// SHA-256, hex.
    pub digest: String,
    /// The main class of its manifest.
    pub main_class: Option<String>,
}

/// Why a file is not a jar to run.
#[derive(Debug, thiserror::Error)]
pub enum JarError {
    /// It cannot be read.
    #[error("`{0}` cannot be read: {1}")]
    Unreadable(PathBuf, std::io::Error),
    /// It is not a zip file.
    #[error("`{0}` is not a jar: {1}")]
    NoJar(PathBuf, zip::result::ZipError),
}

impl Jar {
    /// Reads a jar: its digest and its manifest. A large one takes long: it is read on a thread of its own.
    ///
    /// # Errors
    /// It cannot be read, or is not a jar.
    pub async fn read(path: &Path) -> Result<Self, JarError> {
        let (place, path) = (path.to_owned(), path.to_owned());
        let read = tokio::task::spawn_blocking(move || Self::read_here(&path)).await;
        read.unwrap_or_else(|ended| Err(JarError::Unreadable(place, ended.into())))
    }

    fn read_here(path: &Path) -> Result<Self, JarError> {
        let unreadable = |error| JarError::Unreadable(path.to_owned(), error);
        let digest = sha256_of_file(path).map_err(unreadable)?;
        let file = File::open(path).map_err(unreadable)?;
        let mut archive =
            zip::ZipArchive::new(file).map_err(|error| JarError::NoJar(path.to_owned(), error))?;
        let mut manifest = String::new();
        if let Ok(mut entry) = archive.by_name("META-INF/MANIFEST.MF") {
            // A manifest that is not text names no class.
            let _ = entry.read_to_string(&mut manifest);
        }
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        // Flink takes only names that end so.
        let suffix = if name.ends_with(".jar") { "" } else { ".jar" };
        Ok(Self {
            path: path.to_owned(),
            upload_name: format!("{}-{name}{suffix}", &digest[..UPLOAD_DIGITS]),
            digest,
            main_class: main_class(&manifest),
        })
    }

    /// Classes of a jar that have a `main(String[])`, in its order; at most so many. What cannot be read has none.
    pub fn with_main(path: &Path, most: usize) -> Vec<String> {
        let archive = File::open(path).ok().and_then(|file| zip::ZipArchive::new(file).ok());
        let Some(mut archive) = archive else { return Vec::new() };
        let (mut found, mut content) = (Vec::new(), Vec::new());
        for index in 0..archive.len() {
            let Ok(mut entry) = archive.by_index(index) else { continue };
            let name = entry.name().ok();
            let class = name.and_then(|name| Some(name.strip_suffix(".class")?.replace('/', ".")));
            let Some(name) = class else { continue };
            content.clear();
            if entry.read_to_end(&mut content).is_ok() && has_main(&content) {
                found.push(name);
                if found.len() == most {
                    break;
                }
            }
        }
        found
    }

    /// Writes a jar without content, for a job whose classes the session has.
    ///
    /// # Errors
    /// It cannot be written.
    pub fn empty(path: &Path) -> Result<Self, JarError> {
        let unwritable = |error| JarError::Unreadable(path.to_owned(), error);
        let file = File::create(path).map_err(unwritable)?;
        let mut archive = zip::ZipWriter::new(file);
        // The same bytes every time, so that the session is seen to have it.
        let options = zip::write::SimpleFileOptions::default()
            .last_modified_time(zip::DateTime::default())
            .compression_method(zip::CompressionMethod::Stored);
        let manifest = b"Manifest-Version: 1.0\r\n\r\n";
        archive
            .start_file("META-INF/MANIFEST.MF", options)
            .and_then(|()| archive.write_all(manifest).map_err(Into::into))
            .and_then(|()| archive.finish())
            .map_err(|error| JarError::NoJar(path.to_owned(), error))?;
        Self::read_here(path)
    }

    /// The id under which the session has this jar; it is uploaded when it has it not.
    ///
    /// # Errors
    /// See [`RestError`].
    pub async fn bring(&self, client: &Client) -> Result<String, RestError> {
        match client.find_jar(&self.upload_name).await? {
            Some(id) => Ok(id),
            None => client.upload(&self.path, &self.upload_name).await,
        }
    }
}

/// Whether a class file names a method `main` and the type of one that takes words: its constants, each with its kind and
/// length before it (Java Virtual Machine Specification, 4.4.7).
fn has_main(class: &[u8]) -> bool {
    let has = |constant: &[u8]| class.windows(constant.len()).any(|here| here == constant);
    has(b"\x01\x00\x04main") && has(b"\x01\x00\x16([Ljava/lang/String;)V")
}

/// Flink looks at `program-class` before `Main-Class`. Source: `PackagedProgram`, 1.13 to 2.3. Long lines go on after a line
/// break and a blank.
fn main_class(manifest: &str) -> Option<String> {
    let text = manifest.replace("\r\n", "\n").replace("\n ", "");
    let of = |key: &str| {
        text.lines().find_map(|line| {
            let (name, value) = line.split_once(':')?;
            name.eq_ignore_ascii_case(key).then(|| value.trim().to_owned())
        })
    };
    of("program-class").or_else(|| of("Main-Class"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn manifests() {
        #[track_caller]
        fn check(manifest: &str, expected: Option<&str>) {
            assert_eq!(main_class(manifest).as_deref(), expected, "{manifest:?}");
        }
        check("Manifest-Version: 1.0\r\nMain-Class: a.B\r\n", Some("a.B"));
        check("Main-Class: a.B\nprogram-class: c.D\n", Some("c.D"));
        check("Main-Class: a.very.long\n .Name\n", Some("a.very.long.Name"));
        check("Manifest-Version: 1.0\n", None);
    }

    #[test]
    fn classes_with_a_main() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("x.jar");
        let mut archive = zip::ZipWriter::new(File::create(&path).unwrap());
        let mut add = |name: &str, content: &[u8]| {
            archive.start_file(name, zip::write::SimpleFileOptions::default()).unwrap();
            archive.write_all(content).unwrap();
        };
        let main = b"\xca\xfe\x01\x00\x04main\x01\x00\x16([Ljava/lang/String;)V";
        add("shop/Orders.class", main);
        add("shop/Helper.class", b"\xca\xfe\x01\x00\x06domain\x01\x00\x16([Ljava/lang/String;)V");
        add("shop/readme.txt", main);
        add("shop/Stock.class", main);
        archive.finish().unwrap();
        assert_eq!(Jar::with_main(&path, 5), ["shop.Orders", "shop.Stock"]);
        assert_eq!(Jar::with_main(&path, 1), ["shop.Orders"]);
    }

    #[test]
    fn what_is_no_jar() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("x.jar");
        assert!(matches!(Jar::read_here(&path), Err(JarError::Unreadable(..))));
        std::fs::write(&path, "text").unwrap();
        assert!(matches!(Jar::read_here(&path), Err(JarError::NoJar(..))));
    }

    #[test]
    fn a_jar_without_content_is_always_the_same() {
        let directory = tempfile::tempdir().unwrap();
        let jar = |name: &str| Jar::empty(&directory.path().join(name)).unwrap();
        assert_eq!(jar("a.jar").digest, jar("b.jar").digest);
        assert_eq!(jar("a.jar").main_class, None);
    }
}
