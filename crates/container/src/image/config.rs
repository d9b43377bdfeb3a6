//! What an image says about itself: configuration, manifest, index, and the manifest of older Docker daemons.
//!
//! Source: OCI image specification 1.1, `config.md`, `manifest.md`, `image-index.md`, `image-layout.md`;
//! `manifest.json` as in `docker save` (image specification 1.2 of Docker).

use std::collections::BTreeMap;

use serde_json::{Value, json};

use crate::image::{ENTRYPOINT, FoundParts, ImageRequest, ImageUser, PORTS};
use nutkin_flink::FlinkVersion;

/// What `PATH` is where a base does not say.
const PATH: &str = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

/// `config` of an image.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Config {
    /// In OCI's words: `amd64`.
    pub architecture: String,
    /// Who runs it.
    pub user: ImageUser,
    /// Variables, in order.
    pub environment: Vec<(String, String)>,
    /// Where it starts.
    pub directory: String,
    /// Whether ours is the entry point; the base's stays otherwise.
    pub has_entrypoint: bool,
    /// Labels.
    pub labels: BTreeMap<String, String>,
    /// `rootfs.diff_ids` of the base.
    pub diff_ids: Vec<String>,
    /// `history` of the base.
    pub history: Vec<Value>,
    /// `FROM` of the Dockerfile.
    pub base: Option<(String, Option<String>)>,
}

/// A layer as the shell wrote it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Blob {
    /// `application/vnd.oci.image.layer.v1.tar+gzip` and the like.
    pub media_type: String,
    /// SHA-256 of the bytes, as hex.
    pub sha256: String,
    /// Their number.
    pub bytes: u64,
}

impl Blob {
    fn descriptor(&self) -> Value {
        json!({
            "mediaType": self.media_type,
            "digest": format!("sha256:{}", self.sha256),
            "size": self.bytes,
        })
    }
}

impl Config {
    /// `JAVA_HOME` of the image.
    pub fn java_home(&self) -> Option<&str> {
        let found = self.environment.iter().find(|(name, _)| name == "JAVA_HOME");
        found.map(|(_, home)| home.as_str())
    }

    pub(super) fn new(request: &ImageRequest, found: &FoundParts, java_home: &str) -> Self {
        let base = found.base.as_ref();
        let home = &request.flink_home;
        let mut environment = Vec::new();
        let mut set = |name: &str, value: String| match environment
            .iter_mut()
            .find(|(given, _)| given == name)
        {
            Some((_, old)) => *old = value,
            None => environment.push((name.to_owned(), value)),
        };
        for (name, value) in base.map(|base| base.environment.as_slice()).unwrap_or_default() {
            set(name, value.clone());
        }
        let path = base.and_then(|base| base.variable("PATH")).unwrap_or(PATH);
        set("PATH", format!("{home}/bin:{java_home}/bin:{path}"));
        set("FLINK_HOME", home.clone());
        set("JAVA_HOME", java_home.to_owned());
        for (name, value) in &request.environment {
            set(name, value.clone());
        }
        let mut labels = base.map(|base| base.labels.clone()).unwrap_or_default();
        labels.extend(own_labels(found.flink));
        if let Some(base) = base {
            labels.insert("org.opencontainers.image.base.name".to_owned(), base.name.clone());
            let digest = base.digest.clone();
            labels
                .extend(digest.map(|all| ("org.opencontainers.image.base.digest".to_owned(), all)));
        }
        labels.extend(request.labels.iter().cloned());
        Self {
            architecture: found.architecture.clone(),
            user: request.user,
            environment,
            directory: home.clone(),
            has_entrypoint: found.binary.is_some(),
            labels,
            diff_ids: base.map(|base| base.diff_ids.clone()).unwrap_or_default(),
            history: base.map(|base| base.history.clone()).unwrap_or_default(),
            base: base.map(|base| (base.name.clone(), base.digest.clone())),
        }
    }
}

fn own_labels(flink: FlinkVersion) -> [(String, String); 3] {
    [
        ("org.opencontainers.image.title", format!("Apache Flink {flink} with Nutkin")),
        ("org.opencontainers.image.version", flink.to_string()),
        ("nutkin.dev/flink-version", flink.to_string()),
    ]
    .map(|(key, value)| (key.to_owned(), value))
}

/// The configuration blob. `layers` are the texts and the digests (`sha256:...`) of the uncompressed tar files of our
/// layers; `created` is a time in RFC 3339, the same for the same input.
pub fn config_json(config: &Config, layers: &[(String, String)], created: &str) -> Value {
    let mut history = config.history.clone();
    for (text, _) in layers {
        history.push(json!({"created": created, "created_by": format!("nutkin: {text}")}));
    }
    let diff_ids: Vec<&String> =
        config.diff_ids.iter().chain(layers.iter().map(|(_, digest)| digest)).collect();
    let environment: Vec<String> =
        config.environment.iter().map(|(name, value)| format!("{name}={value}")).collect();
    let ports: serde_json::Map<String, Value> =
        PORTS.iter().map(|port| (format!("{port}/tcp"), json!({}))).collect();
    let mut inner = json!({
        "User": format!("{}:{}", config.user.uid, config.user.gid),
        "ExposedPorts": ports,
        "Env": environment,
        "WorkingDir": config.directory,
        "Labels": config.labels,
    });
    if config.has_entrypoint {
        inner["Entrypoint"] = json!([ENTRYPOINT]);
        inner["Cmd"] = json!(["help"]);
    }
    json!({
        "created": created,
        "architecture": config.architecture,
        "os": "linux",
        "config": inner,
        "rootfs": {"type": "layers", "diff_ids": diff_ids},
        "history": history,
    })
}

/// The manifest.
pub fn manifest_json(config: &Blob, layers: &[Blob]) -> Value {
    json!({
        "schemaVersion": 2,
        "mediaType": "application/vnd.oci.image.manifest.v1+json",
        "config": config.descriptor(),
        "layers": layers.iter().map(Blob::descriptor).collect::<Vec<_>>(),
    })
}

/// `index.json` of a layout, naming the manifest once for each tag, or once without one.
pub fn index_json(manifest: &Blob, tags: &[String]) -> Value {
    let named = |tag: &String| {
        let mut descriptor = manifest.descriptor();
        // What `docker load` and containerd take the image's name from.
        descriptor["annotations"] = json!({
            "io.containerd.image.name": tag,
            "org.opencontainers.image.ref.name": tag.rsplit_once(':').map_or("latest", |(_, tag)| tag),
        });
        descriptor
    };
    let manifests: Vec<Value> = match tags {
        [] => vec![manifest.descriptor()],
        _ => tags.iter().map(named).collect(),
    };
    json!({
        "schemaVersion": 2,
        "mediaType": "application/vnd.oci.image.index.v1+json",
        "manifests": manifests,
    })
}

/// `manifest.json`, which daemons before 25 need in an archive: it points to the same blobs.
pub fn docker_manifest(config: &Blob, layers: &[Blob], tags: &[String]) -> Value {
    let path = |blob: &Blob| format!("blobs/sha256/{}", blob.sha256);
    json!([{
        "Config": path(config),
        "RepoTags": tags,
        "Layers": layers.iter().map(path).collect::<Vec<_>>(),
    }])
}
