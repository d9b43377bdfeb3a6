//! Registries: bases from them, images to them.

use std::fs;
use std::path::{Path, PathBuf};

use futures_util::StreamExt as _;
use nutkin_container::image::Blob;
use nutkin_flink::{Argument, Problem};
use oci_client::Reference;
use oci_client::client::{Client, ClientConfig, ClientProtocol};
use oci_client::errors::{OciDistributionError, OciErrorCode};
use oci_client::manifest::OciDescriptor;
use oci_client::secrets::RegistryAuth;
use tokio_util::io::ReaderStream;

use super::login::Login;
use super::{BaseLayer, Loaded, assemble, identity, login};
use nutkin_shell::files::At;
use nutkin_shell::files::digest::{is_sha256, sha256_of_file};
use nutkin_shell::{Context, Environment, Error, Kind};

/// Reads an image's name; without a tag it is `latest`.
///
/// # Errors
/// Kind 2.
pub fn reference(text: &str, option: Argument) -> Result<Reference, Error> {
    text.parse().map_err(|error: oci_client::ParseError| {
        Error::input(vec![
            Problem::argument(option, format!("`{text}` is not a valid image name: {error}"))
                .hint("for example registry.example.com/team/flink:1.20.5"),
        ])
    })
}

/// A registry as one image's name sees it.
pub struct Registry {
    client: Client,
    name: Reference,
}

impl std::fmt::Debug for Registry {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Registry").field("name", &self.name).finish_non_exhaustive()
    }
}

impl Registry {
    /// Logs in where there is a login: the environment's, or one that Docker stores.
    ///
    /// # Errors
    /// The registry is not there, or refuses; the login that is stored cannot be used.
    pub async fn open(
        name: Reference,
        architecture: &str,
        operation: oci_client::RegistryOperation,
        environment: &Environment,
    ) -> Result<Self, Error> {
        nutkin_rest::http::prepare_tls();
        let host = name.resolve_registry().to_owned();
        // As Docker does.
        let (scheme, protocol) = if nutkin_rest::http::is_loopback(&host) {
            ("http", ClientProtocol::HttpsExcept(vec![host]))
        } else {
            ("https", ClientProtocol::Https)
        };
        let wanted = architecture.to_owned();
        let config = ClientConfig {
            protocol,
            platform_resolver: Some(Box::new(move |manifests| {
                let is_wanted = |platform: &oci_client::manifest::Platform| {
                    platform.os.to_string() == "linux"
                        && platform.architecture.to_string() == wanted
                };
                let found =
                    manifests.iter().find(|one| one.platform.as_ref().is_some_and(is_wanted));
                found.map(|one| one.digest.clone())
            })),
            ..ClientConfig::default()
        };
        let client = Client::new(config);
        let auth = match login::find(name.resolve_registry(), environment)? {
            Login::Known(auth) => auth,
            Login::Identity(token) => {
                RegistryAuth::Bearer(identity::exchange(&name, scheme, &token, operation).await?)
            }
        };
        client
            .auth(&name, &auth, operation)
            .await
            .map_err(|error| refused(&name, "log in for", error))?;
        client.store_auth_if_needed(name.resolve_registry(), &auth).await;
        Ok(Self { client, name })
    }

    /// Uploads a blob unless the registry has it. Returns whether it was uploaded.
    ///
    /// # Errors
    /// The registry refuses, or the file cannot be read.
    pub async fn push_blob(&self, blob: &Blob, path: &Path) -> Result<bool, Error> {
        let digest = format!("sha256:{}", blob.sha256);
        let fail = |error| refused(&self.name, "push", error);
        if self.client.blob_exists(&self.name, &digest).await.map_err(fail)? {
            return Ok(false);
        }
        let file = tokio::fs::File::open(path).await.at("read", path)?;
        // Large pieces: each is a request.
        let stream = ReaderStream::with_capacity(file, 4 << 20)
            .map(|piece| piece.map_err(OciDistributionError::from));
        self.client
            .push_blob_stream(&self.name, stream, &digest, Some(blob.bytes))
            .await
            .map_err(fail)?;
        Ok(true)
    }

    /// Uploads the manifest, which makes the image visible.
    ///
    /// # Errors
    /// The registry refuses.
    pub async fn push_manifest(&self, manifest: Vec<u8>) -> Result<(), Error> {
        let kind = "application/vnd.oci.image.manifest.v1+json";
        let kind = kind.parse().map_err(|_| Error::new(Kind::Broken, "no media type"))?;
        let pushed = self.client.push_manifest_raw(&self.name, manifest, kind).await;
        pushed.map(drop).map_err(|error| refused(&self.name, "push", error))
    }
}

/// Fetches a base; its blobs stay in the cache.
pub(super) async fn load(
    name: &str,
    architecture: &str,
    context: &Context<'_>,
) -> Result<Loaded, Error> {
    let reference = reference(name, Argument::Base)?;
    let pull = oci_client::RegistryOperation::Pull;
    // Docker Hub refuses names that it does not have as it refuses strangers.
    let only_here = |failure: Error| {
        failure.hint(format!(
            "an image that only the Docker daemon has is given as a file: `docker save {name} -o FILE`, and FILE as the base"
        ))
    };
    let opened = Registry::open(reference, architecture, pull, context.environment).await;
    let registry = opened.map_err(only_here)?;
    let Registry { client, name: reference } = &registry;
    let (manifest, digest, config) = client
        .pull_manifest_and_config(reference, &RegistryAuth::Anonymous)
        .await
        .map_err(|error| only_here(refused(reference, "pull", error)))?;
    let folder = context.environment.cache_directory().join("image/blobs");
    fs::create_dir_all(&folder).at("make the directory", &folder)?;
    let mut layers = Vec::new();
    for layer in &manifest.layers {
        let path = fetch(&registry, layer, &folder, context).await?;
        let sha256 = layer.digest.trim_start_matches("sha256:").to_owned();
        let bytes = u64::try_from(layer.size).unwrap_or_default();
        let media_type = layer.media_type.clone();
        layers.push(BaseLayer { blob: Blob { media_type, sha256, bytes }, path });
    }
    let config = serde_json::from_str(&config)?;
    let mut loaded = assemble(reference.whole(), Some(digest), &config, layers)?;
    loaded.is_in_registry = true;
    Ok(loaded)
}

async fn fetch(
    registry: &Registry,
    layer: &OciDescriptor,
    folder: &Path,
    context: &Context<'_>,
) -> Result<PathBuf, Error> {
    let Some(sha256) = layer.digest.strip_prefix("sha256:").filter(|hex| is_sha256(hex)) else {
        let message = format!("`{}` is not a SHA-256 digest", layer.digest);
        return Err(Error::new(Kind::Broken, message));
    };
    let path = folder.join(sha256);
    if path.is_file() && sha256_of_file(&path).at("read", &path)? == sha256 {
        return Ok(path);
    }
    context.events.say(&format!("Fetching {sha256:.12} ({} MiB)", layer.size >> 20));
    let file = tempfile::NamedTempFile::new_in(folder).at("write into", folder)?;
    let mut out = tokio::fs::File::from_std(file.reopen().at("write into", folder)?);
    let fail = |error| refused(&registry.name, "pull", error);
    // It checks the digest on the way.
    registry.client.pull_blob(&registry.name, layer, &mut out).await.map_err(fail)?;
    tokio::io::AsyncWriteExt::flush(&mut out).await.at("write", &path)?;
    file.persist(&path).map_err(|error| error.error).at("write", &path)?;
    Ok(path)
}

/// A registry's refusal with the remedy.
fn refused(name: &Reference, action: &str, error: OciDistributionError) -> Error {
    let host = name.resolve_registry().to_owned();
    let hint = match &error {
        error if is_login(error) => {
            let login = login::command(&host);
            format!("`{login}`, or set NUTKIN_REGISTRY_USERNAME and NUTKIN_REGISTRY_PASSWORD")
        }
        OciDistributionError::ImageManifestNotFoundError(_)
        | OciDistributionError::ServerError { code: 404, .. } => {
            format!("does `{host}` have it under this name and tag?")
        }
        OciDistributionError::RequestError(_) => {
            format!("is `{host}` reachable from here? A name without a registry means Docker Hub")
        }
        _ => format!("look into the log of the registry `{host}`"),
    };
    let failure: Error =
        anyhow::Error::new(error).context(format!("cannot {action} `{name}`")).into();
    failure.hint(hint)
}

/// Whether another login would help.
fn is_login(error: &OciDistributionError) -> bool {
    match error {
        OciDistributionError::AuthenticationFailure(_)
        | OciDistributionError::UnauthorizedError { .. }
        | OciDistributionError::ServerError { code: 401 | 403, .. } => true,
        OciDistributionError::RequestError(error) => {
            error.status().is_some_and(|status| matches!(status.as_u16(), 401 | 403))
        }
        OciDistributionError::RegistryError { envelope, .. } => envelope
            .errors
            .iter()
            .any(|one| matches!(one.code, OciErrorCode::Unauthorized | OciErrorCode::Denied)),
        _ => false,
    }
}
