//! Installations of made-up distributions, from every source.

use std::fs;
use std::io::Write;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use flate2::Compression;
use flate2::write::GzEncoder;
use nutkin_flink::FlinkVersion;
use wiremock::matchers::{method, path};
use wiremock::{Mock, MockServer, ResponseTemplate};

use super::{DistributionSource, DistributionStore, Product, install, version_of_lib};
use nutkin_shell::Silent;
use nutkin_shell::files::Digest;
use nutkin_shell::files::digest::sha256_of;
use nutkin_shell::{Context, Environment};

const VERSION: FlinkVersion = FlinkVersion::new(1, 20, 5);

#[test]
fn releases_are_known_by_their_main_jar() {
    #[track_caller]
    fn check(names: &[&str], expected: Option<&str>) {
        let names: Vec<String> = names.iter().map(ToString::to_string).collect();
        assert_eq!(version_of_lib(&names).as_deref(), expected, "{names:?}");
    }
    check(&["flink-cep-1.20.5.jar", "flink-dist-1.20.5.jar"], Some("1.20.5"));
    check(&["flink-dist_2.12-1.13.6.jar"], Some("1.13.6"));
    check(&["flink-dist-2.4-SNAPSHOT.jar"], Some("2.4-SNAPSHOT"));
    check(&["flink-distribution.jar", "flink-dist.jar"], None);
    check(&[], None);
}

/// Files of a distribution of one release, below `prefix`.
fn files(prefix: &str, version: &str) -> Vec<(String, Vec<u8>)> {
    // Noise does not compress: a cut archive is then cut in the middle of a file.
    let mut seed = 1_u32;
    let noise = std::iter::repeat_with(|| {
        seed = seed.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        seed.to_be_bytes()[0]
    });
    vec![
        (format!("{prefix}lib/flink-dist-{version}.jar"), noise.take(300_000).collect()),
        (format!("{prefix}lib/log4j-api.jar"), b"log".to_vec()),
        (format!("{prefix}plugins/metrics-jmx/jmx.jar"), b"jmx".to_vec()),
        (format!("{prefix}README.txt"), b"not needed".to_vec()),
    ]
}

fn archive(files: &[(String, Vec<u8>)]) -> Vec<u8> {
    let mut tar = tar::Builder::new(GzEncoder::new(Vec::new(), Compression::fast()));
    for (name, content) in files {
        let mut header = tar::Header::new_gnu();
        header.set_size(content.len() as u64);
        header.set_mode(0o644);
        tar.append_data(&mut header, name, content.as_slice()).unwrap();
    }
    tar.into_inner().unwrap().finish().unwrap()
}

fn apache() -> Vec<u8> {
    archive(&files("flink-1.20.5/", "1.20.5"))
}

/// A user with an empty cache.
struct World {
    directory: tempfile::TempDir,
    variables: Vec<(String, String)>,
}

impl World {
    fn new() -> Self {
        let directory = tempfile::tempdir().unwrap();
        let cache = directory.path().join("cache").display().to_string();
        Self { directory, variables: vec![("XDG_CACHE_HOME".to_owned(), cache)] }
    }

    fn set(&mut self, name: &str, value: impl Into<String>) {
        self.variables.push((name.to_owned(), value.into()));
    }

    fn environment(&self) -> Environment {
        let pairs: Vec<(&str, &str)> =
            self.variables.iter().map(|(k, v)| (k.as_str(), v.as_str())).collect();
        Environment::of_test(&pairs, self.directory.path().to_owned())
    }

    fn store(&self) -> DistributionStore {
        DistributionStore::new(&self.environment())
    }

    fn write(&self, name: &str, content: &[u8]) -> PathBuf {
        let path = self.directory.path().join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(&path, content).unwrap();
        path
    }

    /// Installs and tells the error with its causes and hints.
    async fn install(&self, sources: &[DistributionSource]) -> Result<PathBuf, String> {
        let environment = self.environment();
        let events = Silent::sink();
        let context = Context { events: &events, environment: &environment };
        match install::install(VERSION, sources, false, &context).await {
            Ok(distribution) => Ok(distribution.home),
            Err(failure) => Err(format!("{:#}; {:?}", failure.error, failure.hints)),
        }
    }

    async fn install_file(&self, content: &[u8]) -> Result<PathBuf, String> {
        let file = self.write("flink.tgz", content);
        self.install(&[DistributionSource::Path(file)]).await
    }

    /// What lies in the store, locks aside.
    fn left(&self) -> Vec<String> {
        let Ok(entries) = fs::read_dir(self.store().root()) else { return Vec::new() };
        let names = entries.map(|entry| entry.unwrap().file_name().to_string_lossy().into_owned());
        names.filter(|name| !name.starts_with(".lock-")).collect()
    }

    #[track_caller]
    fn expect_refusal(&self, result: Result<PathBuf, String>, parts: &[&str]) {
        let error = result.expect_err("it cannot be installed");
        for part in parts {
            assert!(error.contains(part), "{part:?} is missing in: {error}");
        }
        assert_eq!(self.left(), Vec::<String>::new());
    }
}

#[tokio::test]
async fn archives_of_both_layouts() {
    for prefix in ["flink-1.20.5/", "apache_flink_libraries-1.20.5/deps/"] {
        let world = World::new();
        let home = world.install_file(&archive(&files(prefix, "1.20.5"))).await.unwrap();
        assert_eq!(fs::read(home.join("plugins/metrics-jmx/jmx.jar")).unwrap(), b"jmx");
        assert!(!home.join("README.txt").exists());
        assert_eq!(world.left(), ["flink-1.20.5"]);
        let installed = world.store().find(Product::Flink(VERSION)).unwrap();
        assert_eq!(installed.damage(true), Vec::<String>::new());
        assert_eq!(installed.manifest.unwrap().files.len(), 3);
    }
}

#[tokio::test]
async fn directories_of_both_layouts() {
    for prefix in ["home/", "home/deps/"] {
        let world = World::new();
        for (name, content) in files(prefix, "1.20.5") {
            world.write(&name, &content);
        }
        world.write(&format!("{prefix}conf/flink-conf.yaml"), b"s3.secret-key: hunter2");
        let source = DistributionSource::Path(world.directory.path().join("home"));
        let home = world.install(&[source]).await.unwrap();
        assert!(!home.join("conf").exists());
        assert_eq!(
            world.store().find(Product::Flink(VERSION)).unwrap().damage(true),
            Vec::<String>::new()
        );
    }
}

#[tokio::test]
async fn bad_archives_leave_nothing() {
    let world = World::new();
    let good = apache();
    let result = world.install_file(&good[..good.len() / 2]).await;
    world.expect_refusal(result, &["flink.tgz` is damaged"]);
    let mut flipped = good.clone();
    let middle = good.len() / 2;
    flipped[middle] ^= 1;
    let result = world.install_file(&flipped).await;
    world.expect_refusal(result, &["flink.tgz` is damaged"]);
    world.expect_refusal(world.install_file(b"no archive").await, &["is damaged, or no .tgz"]);
    world.expect_refusal(world.install_file(b"").await, &["is damaged, or no .tgz"]);
    let result = world.install_file(&archive(&files("flink-1.20.4/", "1.20.4"))).await;
    world.expect_refusal(
        result,
        &["holds Flink 1.20.4, not 1.20.5", "Install { flink: \"1.20.4\" }"],
    );
    let result = world.install_file(&archive(&[("x/lib/a.jar".to_owned(), vec![])])).await;
    world.expect_refusal(result, &["holds no Flink distribution"]);
}

#[tokio::test]
async fn a_published_checksum_beside_the_archive_must_fit() {
    let world = World::new();
    let good = apache();
    let mut sum = Digest::sha512();
    sum.update(&good);
    world.write("flink.tgz.sha512", format!("{}  flink.tgz", "0".repeat(128)).as_bytes());
    world
        .expect_refusal(world.install_file(&good).await, &["has checksum sha512:", "sha512` says"]);
    world.write("flink.tgz.sha512", format!("{}  flink.tgz", sum.finish()).as_bytes());
    world.install_file(&good).await.unwrap();
}

#[tokio::test]
async fn a_damaged_installation_is_replaced_and_a_sound_one_kept() {
    let world = World::new();
    let home = world.install_file(&apache()).await.unwrap();
    let jar = home.join("lib/log4j-api.jar");
    fs::write(&jar, "longer than it was").unwrap();
    fs::write(home.join("lib/mine.jar"), "").unwrap();
    let damage = world.store().find(Product::Flink(VERSION)).unwrap().damage(false).join("; ");
    assert!(damage.contains("`lib/log4j-api.jar` has 18 bytes instead of 3"), "{damage}");
    assert!(damage.contains("`lib/mine.jar` was added"), "{damage}");
    world.install_file(&apache()).await.unwrap();
    assert_eq!(fs::read(&jar).unwrap(), b"log");
    // The source is not even looked at.
    world.install(&[DistributionSource::Path("/nonexistent".into())]).await.unwrap();

    fs::write(&jar, "lot").unwrap();
    let installed = world.store().find(Product::Flink(VERSION)).unwrap();
    assert_eq!(installed.damage(false), Vec::<String>::new());
    assert_eq!(installed.damage(true).len(), 1);
}

#[tokio::test]
async fn a_failed_replacement_keeps_what_was_there() {
    let world = World::new();
    let home = world.install_file(&apache()).await.unwrap();
    fs::remove_file(home.join("lib/log4j-api.jar")).unwrap();
    world.install_file(b"no archive").await.unwrap_err();
    assert!(home.join("lib/flink-dist-1.20.5.jar").is_file());
    assert_eq!(world.left(), ["flink-1.20.5"]);
}

#[tokio::test]
async fn what_a_killed_installation_left_is_removed() {
    let world = World::new();
    for name in [".staging-flink-1.20.5/home/lib/half.jar", ".retired-flink-1.20.5/lib/old.jar"] {
        world.write(&format!("cache/nutkin/dist/{name}"), b"x");
    }
    world.install_file(&apache()).await.unwrap();
    assert_eq!(world.left(), ["flink-1.20.5"]);
}

#[tokio::test]
async fn two_at_once_install_once() {
    let world = World::new();
    let file = world.write("flink.tgz", &apache());
    let sources = [DistributionSource::Path(file)];
    let (one, two) = tokio::join!(world.install(&sources), world.install(&sources));
    assert_eq!(one.unwrap(), two.unwrap());
    assert_eq!(world.left(), ["flink-1.20.5"]);
}

#[tokio::test]
async fn a_dropped_installation_leaves_nothing() {
    let world = World::new();
    let server = MockServer::start().await;
    let slow = ResponseTemplate::new(200).set_delay(std::time::Duration::from_mins(1));
    Mock::given(method("GET")).respond_with(slow).mount(&server).await;
    let mut world = world;
    world.set("NUTKIN_APACHE_ARCHIVE", server.uri());
    let sources = [DistributionSource::Apache];
    let installation = world.install(&sources);
    let patience = std::time::Duration::from_millis(300);
    assert!(tokio::time::timeout(patience, installation).await.is_err());
    assert_eq!(world.left(), Vec::<String>::new());
}

/// A mirror of Apache's archive with this archive and checksum.
async fn mirror(content: &[u8], sum: String) -> (World, MockServer) {
    let server = MockServer::start().await;
    let address = "/flink-1.20.5/flink-1.20.5-bin-scala_2.12.tgz";
    for (address, body) in
        [(address.to_owned(), content.to_vec()), (format!("{address}.sha512"), sum.into_bytes())]
    {
        Mock::given(method("GET"))
            .and(path(address))
            .respond_with(ResponseTemplate::new(200).set_body_bytes(body))
            .mount(&server)
            .await;
    }
    let mut world = World::new();
    world.set("NUTKIN_APACHE_ARCHIVE", server.uri());
    (world, server)
}

fn sha512(content: &[u8]) -> String {
    let mut digest = Digest::sha512();
    digest.update(content);
    digest.finish()
}

#[tokio::test]
async fn apache_with_its_checksum() {
    let good = apache();
    let (world, _server) = mirror(&good, format!("{}  flink.tgz\n", sha512(&good))).await;
    world.install(&[DistributionSource::Apache]).await.unwrap();
    let manifest = world.store().find(Product::Flink(VERSION)).unwrap().manifest.unwrap();
    let archive = manifest.archive.unwrap();
    assert_eq!(archive.checked_against.as_deref(), Some("Apache's archive"));
    assert!(archive.digest.starts_with("sha512:"));
}

#[tokio::test]
async fn apache_with_faults() {
    let good = apache();
    let (world, _server) = mirror(&good, "0".repeat(128)).await;
    world.expect_refusal(world.install(&[DistributionSource::Apache]).await, &["is expected"]);
    let (world, _server) = mirror(&good, "<html>log in</html>".to_owned()).await;
    world.expect_refusal(
        world.install(&[DistributionSource::Apache]).await,
        &["holds no checksum", "proxy"],
    );
    // A cut body with a matching checksum: the mirror itself is damaged.
    let half = &good[..good.len() / 2];
    let (world, _server) = mirror(half, sha512(half)).await;
    world.expect_refusal(world.install(&[DistributionSource::Apache]).await, &["is damaged"]);
    let mut world = World::new();
    let server = MockServer::start().await;
    world.set("NUTKIN_APACHE_ARCHIVE", server.uri());
    world.expect_refusal(
        world.install(&[DistributionSource::Apache]).await,
        &["404", "does this release exist"],
    );
}

#[tokio::test]
async fn a_connection_that_breaks_off() {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let mut world = World::new();
    world.set("NUTKIN_APACHE_ARCHIVE", format!("http://{}", listener.local_addr().unwrap()));
    let server = std::thread::spawn(move || {
        let sum = "0".repeat(128);
        for body in
            [format!("content-length: 128\r\n\r\n{sum}"), "content-length: 99\r\n\r\nx".to_owned()]
        {
            let (mut stream, _) = listener.accept().unwrap();
            let mut request = [0; 4096];
            assert!(std::io::Read::read(&mut stream, &mut request).unwrap() > 0);
            write!(stream, "HTTP/1.1 200 OK\r\nconnection: close\r\n{body}").unwrap();
        }
    });
    let result = world.install(&[DistributionSource::Apache]).await;
    world.expect_refusal(result, &["broke off after 1 bytes", "run the command again"]);
    server.join().unwrap();
}

/// Puts a `python3` into the world that acts as pip: answers to `--version`, otherwise runs `script` with
/// the directory to download to in `$dest`.
fn fake_pip(world: &mut World, script: &str) {
    let text = format!(
        "#!/bin/sh\nfor arg; do [ \"$last\" = --dest ] && dest=$arg; last=$arg; done\n\
         [ \"$last\" = --version ] && exit 0\n{script}\n"
    );
    let path = world.write("bin/python3", text.as_bytes());
    fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).unwrap();
    let bin = path.parent().unwrap().display().to_string();
    world.set("PATH", format!("{bin}:/usr/bin:/bin"));
}

fn saying(sha256: &str, source: &Path) -> String {
    format!(
        "echo \"  Added p==1.20.5 from https://h/p-1.20.5.tar.gz#sha256={sha256} to build tracker\"\n\
         cp '{}' \"$dest/apache_flink_libraries-1.20.5.tar.gz\"",
        source.display()
    )
}

#[tokio::test]
async fn pip_with_the_checksum_of_its_index() {
    let mut world = World::new();
    let content = archive(&files("apache_flink_libraries-1.20.5/deps/", "1.20.5"));
    let source = world.write("source", &content);
    fake_pip(&mut world, &saying(&"0".repeat(64), &source));
    let result = world.install(&[DistributionSource::Pypi]).await;
    world.expect_refusal(result, &["has checksum sha256:", "the package index says"]);
    fake_pip(&mut world, &saying(&sha256_of(&content), &source));
    world.variables.remove(1);
    world.install(&[DistributionSource::Pypi]).await.unwrap();
    let manifest = world.store().find(Product::Flink(VERSION)).unwrap().manifest.unwrap();
    assert_eq!(manifest.archive.unwrap().checked_against.as_deref(), Some("the package index"));
}

#[tokio::test]
async fn pip_with_faults() {
    let mut world = World::new();
    world.set("PATH", "");
    world.expect_refusal(
        world.install(&[DistributionSource::Pypi]).await,
        &["no pip", "apt install python3-pip"],
    );
    for (script, parts) in [
        (
            "echo 'ERROR: No matching distribution found for x' >&2; exit 1",
            ["no source package", "pip index"],
        ),
        (
            "echo \"ERROR: Could not install: [Errno 28] No space\" >&2; exit 1",
            ["No space left", "df -h"],
        ),
        ("exit 3", ["nothing about why", "pip config list"]),
        ("exit 0", ["saved no", ""]),
    ] {
        let mut world = World::new();
        fake_pip(&mut world, script);
        world.expect_refusal(world.install(&[DistributionSource::Pypi]).await, &parts);
    }
}

#[tokio::test]
async fn the_next_source_is_tried() {
    let mut world = World::new();
    // The discard port: nothing listens there.
    world.set("NUTKIN_APACHE_ARCHIVE", "http://127.0.0.1:9");
    let file = world.write("flink.tgz", &apache());
    world.install(&[DistributionSource::Apache, DistributionSource::Path(file)]).await.unwrap();
    let world = World::new();
    let sources = [
        DistributionSource::Path("/nonexistent".into()),
        DistributionSource::Path("/dev/null".into()),
    ];
    let result = world.install(&sources).await;
    world.expect_refusal(result, &["no source has Flink 1.20.5", "InstallByHand"]);
}
