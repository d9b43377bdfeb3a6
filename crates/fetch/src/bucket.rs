//! Jars in an object store, by content: S3, Google Cloud Storage, Azure. Who may write there says the environment, in the
//! variables that the tools of these stores read.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use futures_util::TryStreamExt as _;
use nutkin_shell::Environment;
use nutkin_shell::files::digest::Digest;
use object_store::aws::AmazonS3Builder;
use object_store::azure::MicrosoftAzureBuilder;
use object_store::buffered::BufWriter;
use object_store::gcp::GoogleCloudStorageBuilder;
use object_store::path::Path as Key;
use object_store::{ObjectMeta, ObjectStore, ObjectStoreExt as _, RetryConfig};
use tokio::io::AsyncWriteExt as _;

/// How often a request is repeated: nobody answers for credentials outside of a cloud, and each try waits for that.
const RETRIES: usize = 2;

/// After how long nothing is repeated any more.
const RETRY_TIMEOUT: Duration = Duration::from_secs(20);

/// Jars below an address of an object store: `<SHA-256>/<file name>`.
#[derive(Debug, Clone)]
pub struct Bucket {
    store: Arc<dyn ObjectStore>,
    prefix: Key,
}

/// A jar in an object store.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredJar {
    /// Its SHA-256, as its folder is called.
    pub digest: String,
    /// The name of its file.
    pub name: String,
    /// How large it is.
    pub bytes: u64,
}

/// How the variables begin that the tools of these stores read. The builders know bare names as well, which mean anything elsewhere: `TOKEN`.
const PREFIXES: [&str; 3] = ["AWS_", "AZURE_", "GOOGLE_"];

/// The variables of the environment that are meant for a store.
fn meant(environment: &Environment) -> impl Iterator<Item = (&str, &str)> {
    let texts =
        environment.variables().filter_map(|(name, value)| Some((name.to_str()?, value.to_str()?)));
    texts.filter(|(name, _)| PREFIXES.iter().any(|prefix| name.starts_with(prefix)))
}

/// A builder with the variables that it knows.
macro_rules! with_variables {
    ($builder:expr, $environment:expr) => {{
        let retry = RetryConfig {
            max_retries: RETRIES,
            retry_timeout: RETRY_TIMEOUT,
            ..RetryConfig::default()
        };
        meant($environment).fold($builder.with_retry(retry), |builder, (name, value)| {
            match name.to_ascii_lowercase().parse() {
                Ok(key) => builder.with_config(key, value),
                Err(_) => builder,
            }
        })
    }};
}

impl Bucket {
    /// The one at an address: `s3://BUCKET/PREFIX`, `gs://…` or `abfs://CONTAINER@ACCOUNT.dfs.core.windows.net/PREFIX`.
    ///
    /// # Errors
    /// The address or a variable of the environment is wrong.
    pub fn of(address: &str, environment: &Environment) -> io::Result<Self> {
        nutkin_rest::http::prepare_tls();
        let (scheme, rest) = address.split_once("://").unwrap_or_default();
        let (_, prefix) = rest.split_once('/').unwrap_or((rest, ""));
        let store: Arc<dyn ObjectStore> = match scheme {
            "s3" => {
                let builder = AmazonS3Builder::new().with_url(address);
                Arc::new(with_variables!(builder, environment).build()?)
            }
            "gs" => {
                let builder = GoogleCloudStorageBuilder::new().with_url(address);
                Arc::new(with_variables!(builder, environment).build()?)
            }
            "abfs" => {
                let builder = MicrosoftAzureBuilder::new().with_url(address);
                Arc::new(with_variables!(builder, environment).build()?)
            }
            _ => return Err(io::Error::other(format!("`{address}` is not an object store"))),
        };
        Ok(Self { store, prefix: Key::parse(prefix).map_err(object_store::Error::from)? })
    }

    /// Keeps a jar, unless it is there. Whole or not at all: an object appears when all of it has arrived.
    ///
    /// # Errors
    /// The jar cannot be read, or the store refuses.
    pub async fn keep(&self, jar: &Path, digest: &str) -> io::Result<()> {
        if self.entry(digest).await?.is_some() {
            return Ok(());
        }
        let name = jar.file_name().and_then(|name| name.to_str()).unwrap_or("job.jar");
        let mut file = tokio::fs::File::open(jar).await?;
        let key = self.prefix.clone().join(digest).join(name);
        let mut writer = BufWriter::new(Arc::clone(&self.store), key);
        tokio::io::copy(&mut file, &mut writer).await?;
        writer.shutdown().await
    }

    /// Brings a jar into a folder, where it has its own name. `None`: it is not there.
    ///
    /// # Errors
    /// The store refuses, what it has is another file, or the folder cannot be written.
    pub async fn fetch(&self, digest: &str, folder: &Path) -> io::Result<Option<PathBuf>> {
        let Some(entry) = self.entry(digest).await? else { return Ok(None) };
        let path = folder.join(entry.location.filename().unwrap_or("job.jar"));
        let mut stream = self.store.get(&entry.location).await?.into_stream();
        let mut file = tokio::fs::File::create(&path).await?;
        let mut sum = Digest::sha256();
        while let Some(part) = stream.try_next().await? {
            sum.update(&part);
            file.write_all(&part).await?;
        }
        file.flush().await?;
        // A power failure leaves all of it, or nothing that is called by its digest.
        file.sync_all().await?;
        if sum.finish() != digest {
            return Err(io::Error::other(format!("`{}` is another file", entry.location)));
        }
        Ok(Some(path))
    }

    /// All that are kept, in order of their digests.
    ///
    /// # Errors
    /// The store refuses.
    pub async fn all(&self) -> io::Result<Vec<StoredJar>> {
        let entries: Vec<ObjectMeta> = self.store.list(Some(&self.prefix)).try_collect().await?;
        let mut all: Vec<StoredJar> = entries
            .into_iter()
            .filter_map(|entry| {
                let mut parts = entry.location.prefix_match(&self.prefix)?;
                let digest = parts.next()?.as_ref().to_owned();
                let name = parts.next()?.as_ref().to_owned();
                parts.next().is_none().then_some(StoredJar { digest, name, bytes: entry.size })
            })
            .collect();
        all.sort_by(|a, b| a.digest.cmp(&b.digest));
        Ok(all)
    }

    async fn entry(&self, digest: &str) -> io::Result<Option<ObjectMeta>> {
        let folder = self.prefix.clone().join(digest);
        Ok(self.store.list(Some(&folder)).try_next().await?)
    }
}

#[cfg(test)]
mod tests {
    use nutkin_shell::files::digest::sha256_of_file;
    use object_store::memory::InMemory;

    use super::*;

    #[tokio::test]
    async fn a_jar_is_kept_by_content_and_must_be_the_same() {
        let temporary = tempfile::tempdir().unwrap();
        let jar = temporary.path().join("a.jar");
        std::fs::write(&jar, "jar").unwrap();
        let digest = sha256_of_file(&jar).unwrap();
        let prefix = Key::parse("jars").unwrap();
        let bucket = Bucket { store: Arc::new(InMemory::new()), prefix };
        let folder = temporary.path().join("fetched");
        std::fs::create_dir(&folder).unwrap();
        assert_eq!(bucket.fetch(&digest, &folder).await.unwrap(), None);
        for _ in 0..2 {
            bucket.keep(&jar, &digest).await.unwrap();
        }
        let kept = StoredJar { digest: digest.clone(), name: "a.jar".to_owned(), bytes: 3 };
        assert_eq!(bucket.all().await.unwrap(), [kept]);
        let path = bucket.fetch(&digest, &folder).await.unwrap().unwrap();
        assert_eq!(std::fs::read(&path).unwrap(), b"jar");
        // The control: another file under the same digest.
        let key = Key::parse(format!("jars/{digest}/a.jar")).unwrap();
        bucket.store.put(&key, "other".into()).await.unwrap();
        assert!(bucket.fetch(&digest, &folder).await.is_err());
    }

    #[test]
    fn variables_that_mean_something_else_are_not_sent() {
        let variables = [("AWS_REGION", "x"), ("TOKEN", "y"), ("ENDPOINT", "z"), ("TIMEOUT", "30")];
        let environment = Environment::of_test(&variables, PathBuf::from("/"));
        assert_eq!(meant(&environment).collect::<Vec<_>>(), [("AWS_REGION", "x")]);
        assert!(Bucket::of("s3://b", &environment).is_ok());
    }

    #[test]
    fn addresses() {
        #[track_caller]
        fn check(address: &str, prefix: Option<&str>) {
            let variables = [
                ("AWS_REGION", "eu-central-1"),
                ("AZURE_STORAGE_ACCOUNT_KEY", "a2V5"),
                ("AZURE_STORAGE_ACCOUNT_NAME", "a"),
            ];
            let environment = Environment::of_test(&variables, PathBuf::from("/"));
            let found = Bucket::of(address, &environment).map(|bucket| bucket.prefix.to_string());
            assert_eq!(found.ok().as_deref(), prefix, "{address}");
        }
        check("s3://b/jars/of/x", Some("jars/of/x"));
        check("s3://b", Some(""));
        check("abfs://c@a.dfs.core.windows.net/jars", Some("jars"));
        check("hdfs://n/jars", None);
    }
}
