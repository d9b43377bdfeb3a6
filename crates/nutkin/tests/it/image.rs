//! `nutkin image build` as a whole process, with a Flink and a Java that are a few bytes long.

use std::collections::BTreeMap;
use std::fs;
use std::io::Read;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use serde_json::Value;
use zip::ZipWriter;
use zip::write::SimpleFileOptions;

/// A directory with `java`, `flink-1.20.5` and `my.jar`.
struct World {
    directory: tempfile::TempDir,
}

impl World {
    fn new() -> Self {
        let world = Self { directory: tempfile::tempdir().unwrap() };
        world.write("java/release", "JAVA_VERSION=\"17.0.15\"\n");
        world.write("java/lib/modules", "modules");
        world.write("java/jmods/java.base.jmod", "not for the image");
        world.write("java/legal/a", "licence");
        std::os::unix::fs::symlink("a", world.path("java/legal/b")).unwrap();
        fs::create_dir_all(world.path("java/bin")).unwrap();
        fs::copy("/bin/true", world.path("java/bin/java")).unwrap();
        world.write("flink-1.20.5/lib/flink-dist-1.20.5.jar", "dist");
        world.jar("flink-1.20.5/lib/flink-cep-1.20.5.jar", &["flink-cep", "shaded-thing"]);
        world.write("flink-1.20.5/opt/flink-s3-fs-presto-1.20.5.jar", "s3");
        world.write("flink-1.20.5/plugins/metrics-jmx/flink-metrics-jmx-1.20.5.jar", "jmx");
        world.write("flink-1.20.5/licenses/LICENSE.x", "licence");
        world.write("my.jar", "one");
        world
    }

    fn path(&self, name: &str) -> PathBuf {
        self.directory.path().join(name)
    }

    fn write(&self, name: &str, text: &str) {
        let path = self.path(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }

    /// A jar that holds the coordinates of some artifacts.
    fn jar(&self, name: &str, artifacts: &[&str]) {
        let mut zip = ZipWriter::new(fs::File::create(self.path(name)).unwrap());
        for artifact in artifacts {
            let path = format!("META-INF/maven/org.apache.flink/{artifact}/pom.properties");
            let options = SimpleFileOptions::default().last_modified_time(
                zip::DateTime::from_date_and_time(2020, 1, 1, 0, 0, 0).unwrap(),
            );
            zip.start_file(path, options).unwrap();
            let text = format!("groupId=org.apache.flink\nartifactId={artifact}\nversion=1.20.5\n");
            std::io::Write::write_all(&mut zip, text.as_bytes()).unwrap();
        }
        zip.finish().unwrap();
    }

    fn output(&self, prefix: &str, args: &[&str]) -> Output {
        let binary = env!("CARGO_BIN_EXE_nutkin");
        Command::new("sh")
            .args(["-c", &format!("{prefix} exec {binary} image build \"$@\""), "sh"])
            .args(["--java-from", "java", "--flink-from", "flink-1.20.5", "--binary", "/bin/true"])
            .args(args)
            .env_clear()
            .env("PATH", "/usr/bin:/bin")
            .env("XDG_CACHE_HOME", self.path("cache"))
            .current_dir(self.directory.path())
            .output()
            .unwrap()
    }

    /// Builds, and gives the document that is printed.
    #[track_caller]
    fn build(&self, prefix: &str, args: &[&str]) -> Value {
        let output = self.output(prefix, &[args, &["-o", "json"]].concat());
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        assert_eq!(left(&self.path("cache/nutkin/image")), Vec::<String>::new());
        nutkin_testkit::schema::read(&String::from_utf8_lossy(&output.stdout))
    }
}

/// What builds left in the cache.
fn left(cache: &Path) -> Vec<String> {
    let names = fs::read_dir(cache).into_iter().flatten();
    names.map(|entry| entry.unwrap().file_name().to_string_lossy().into_owned()).collect()
}

/// Paths of a layout's image, each with its owner and permissions, as a container sees them.
fn image(layout: &Path) -> (BTreeMap<String, String>, Value) {
    let json =
        |path: PathBuf| -> Value { serde_json::from_slice(&fs::read(path).unwrap()).unwrap() };
    let blob = |value: &Value| {
        layout.join("blobs").join(value["digest"].as_str().unwrap().replace(':', "/"))
    };
    let index = json(layout.join("index.json"));
    let manifest = json(blob(&index["manifests"][0]));
    let mut all = BTreeMap::new();
    for layer in manifest["layers"].as_array().unwrap() {
        let file = fs::File::open(blob(layer)).unwrap();
        let mut tar = tar::Archive::new(flate2::read::GzDecoder::new(file));
        for entry in tar.entries().unwrap() {
            let mut entry = entry.unwrap();
            let name = entry.path().unwrap().display().to_string();
            let header = entry.header().clone();
            assert_eq!(header.mtime().unwrap(), 0, "{name}");
            let (uid, gid) = (header.uid().unwrap(), header.gid().unwrap());
            let link = entry.link_name().unwrap().map(|link| format!(" -> {}", link.display()));
            let mut text = String::new();
            if header.size().unwrap() < 200 {
                let _ = entry.read_to_string(&mut text);
            }
            let mode = header.mode().unwrap();
            let link = link.unwrap_or_default();
            all.insert(name, format!("{uid}:{gid} {mode:o}{link} {text}").trim_end().to_owned());
        }
    }
    (all, json(blob(&manifest["config"])))
}

#[test]
fn the_same_parts_give_the_same_digest_anywhere_and_at_any_time() {
    let args = ["--jar", "my.jar", "--dir", "/data", "--copy", "my.jar:/x/", "--archive", "a.tar"];
    let (one, other) = (World::new(), World::new());
    // Files of another time, another order and another umask.
    let old = std::time::SystemTime::UNIX_EPOCH + std::time::Duration::from_secs(1_000_000);
    fs::File::options().write(true).open(other.path("my.jar")).unwrap().set_modified(old).unwrap();
    fs::set_permissions(other.path("my.jar"), fs::Permissions::from_mode(0o600)).unwrap();
    fs::set_permissions(other.path("java/bin/java"), fs::Permissions::from_mode(0o700)).unwrap();
    let first = one.build("umask 022;", &args);
    let second = other.build("umask 077;", &args);
    assert_eq!(first["digest"], second["digest"]);
    assert_eq!(fs::read(one.path("a.tar")).unwrap(), fs::read(other.path("a.tar")).unwrap());
    let mode = fs::metadata(other.path("a.tar")).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode & 0o600, 0o600);
}

#[test]
fn a_new_jar_changes_one_layer() {
    let world = World::new();
    let digests = |value: &Value| -> Vec<String> {
        let layers = value["layers"].as_array().unwrap().iter();
        layers.map(|layer| layer["digest"].as_str().unwrap().to_owned()).collect()
    };
    let args = ["--jar", "my.jar", "--layout", "image"];
    let old = digests(&world.build("", &args));
    world.write("my.jar", "two");
    let new = digests(&world.build("", &args));
    let same = new.iter().filter(|digest| old.contains(digest)).count();
    assert_eq!((old.len(), same), (new.len(), new.len() - 1));
}

#[test]
fn what_is_inside() {
    let world = World::new();
    let args = ["--opt", "flink-s3-fs-presto", "--dir", "/opt/flink/web:7", "--layout", "image"];
    let args = [&args[..], &["--env", "TZ=UTC", "--program", "ls"]].concat();
    world.build("", &args);
    let (files, config) = image(&world.path("image"));
    let check = |path: &str, expected: &str| {
        assert_eq!(files.get(path).map(String::as_str), Some(expected), "{path} in {files:#?}");
    };
    check("opt/flink/lib/flink-dist-1.20.5.jar", "9999:9999 644 dist");
    check("opt/flink/plugins/s3-fs-presto/flink-s3-fs-presto-1.20.5.jar", "9999:9999 644 s3");
    check("opt/flink/web/", "7:7 755");
    check("opt/flink/data/", "9999:9999 755");
    check("opt/flink/bin/jobmanager.sh", "0:0 777 -> /usr/local/bin/nutkin");
    check("docker-entrypoint.sh", "0:0 777 -> /usr/local/bin/nutkin");
    check("opt/java/openjdk/legal/b", "0:0 777 -> a");
    check("tmp/", "0:0 1777");
    check("etc/nsswitch.conf", "0:0 644 passwd: files\ngroup: files\nhosts: files dns");
    assert!(files["usr/local/bin/nutkin"].starts_with("0:0 755"));
    assert!(files.keys().any(|path| path.ends_with("/libc.so.6")), "{files:#?}");
    assert!(files.keys().any(|path| path.ends_with("bin/ls")), "{files:#?}");
    assert!(!files.keys().any(|path| path.contains("jmods")));
    assert_eq!(config["config"]["User"], "9999:9999");
    assert_eq!(config["config"]["Entrypoint"][0], "/docker-entrypoint.sh");
    let variables = config["config"]["Env"].to_string();
    assert!(variables.contains("\"JAVA_HOME=/opt/java/openjdk\""), "{variables}");
    assert!(variables.contains("\"TZ=UTC\""), "{variables}");
}

/// The same layout with layers in zstd.
fn in_zstd(from: &Path, to: &Path) {
    let blobs = to.join("blobs/sha256");
    fs::create_dir_all(&blobs).unwrap();
    let json =
        |path: PathBuf| -> Value { serde_json::from_slice(&fs::read(path).unwrap()).unwrap() };
    let put = |descriptor: &mut Value, bytes: &[u8]| {
        let sha256 = nutkin_shell::files::digest::sha256_of(bytes);
        fs::write(blobs.join(&sha256), bytes).unwrap();
        descriptor["digest"] = format!("sha256:{sha256}").into();
        descriptor["size"] = bytes.len().into();
    };
    let blob = |descriptor: &Value| {
        from.join("blobs").join(descriptor["digest"].as_str().unwrap().replace(':', "/"))
    };
    let mut index = json(from.join("index.json"));
    let mut manifest = json(blob(&index["manifests"][0]));
    let config = fs::read(blob(&manifest["config"])).unwrap();
    put(&mut manifest["config"], &config);
    for layer in manifest["layers"].as_array_mut().unwrap() {
        let plain = flate2::read::GzDecoder::new(fs::File::open(blob(layer)).unwrap());
        let level = ruzstd::encoding::CompressionLevel::Fastest;
        put(layer, &ruzstd::encoding::compress_to_vec(plain, level));
        layer["mediaType"] = "application/vnd.oci.image.layer.v1.tar+zstd".into();
    }
    put(&mut index["manifests"][0], manifest.to_string().as_bytes());
    fs::write(to.join("index.json"), index.to_string()).unwrap();
    fs::copy(from.join("oci-layout"), to.join("oci-layout")).unwrap();
}

#[test]
fn on_a_base_of_each_kind() {
    let world = World::new();
    // A base of our own making: with a C library, a Java, and `/bin` as a link.
    let base =
        ["--layout", "base", "--archive", "base.tar", "--program", "ls", "--keep-entrypoint"];
    world.build("", &base);
    world.write("root/etc/passwd", "root:x:0:0::/:/bin/sh\n");
    world.write("root/opt/jdk/bin/java", "");
    world.write("root/proc/1/cmdline", "not for the image");
    let mut pack = Command::new("tar");
    pack.arg("-C").arg(world.path("root")).arg("-czf").arg(world.path("root.tgz")).arg(".");
    let packed = pack.status().unwrap();
    assert!(packed.success());
    let binary = env!("CARGO_BIN_EXE_nutkin");
    in_zstd(&world.path("base"), &world.path("zstd"));
    for (base, environment) in [
        ("base", None),
        ("zstd", None),
        ("base.tar", None),
        ("root", Some("/opt/jdk")),
        ("root.tgz", Some("/opt/jdk")),
    ] {
        let mut build = Command::new(binary);
        build.env("XDG_CACHE_HOME", world.path("cache"));
        build.args(["image", "build", "--base", base, "--flink-from", "flink-1.20.5"]);
        build.args(["--keep-entrypoint", "--jar", "my.jar", "--layout", "image"]);
        if let Some(home) = environment {
            // A root file system says nothing about its Java.
            build.args(["--env", &format!("JAVA_HOME={home}"), "--java-from", "java"]);
            // Its C library is not there: the Java of this machine would not start.
            let output = build.current_dir(world.directory.path()).output().unwrap();
            let said = String::from_utf8_lossy(&output.stderr).into_owned();
            assert_eq!(output.status.code(), Some(2), "{said}");
            assert!(said.contains("the base has no `/lib"), "{said}");
            continue;
        }
        let output = build.current_dir(world.directory.path()).output().unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        let (files, config) = image(&world.path("image"));
        assert!(files.contains_key("opt/flink/lib/my.jar"), "{base}: {files:#?}");
        assert!(files.contains_key("opt/java/openjdk/bin/java"), "{base}: {files:#?}");
        // What every daemon takes, whatever the base was.
        let blobs = fs::read_dir(world.path("image/blobs/sha256")).unwrap();
        for path in blobs.map(|entry| entry.unwrap().path()) {
            let text = String::from_utf8(fs::read(path).unwrap()).unwrap_or_default();
            assert!(!text.contains("tar+zstd"), "{base}: {text}");
        }
        let layers = config["rootfs"]["diff_ids"].as_array().unwrap().len();
        assert_eq!(layers, config["history"].as_array().unwrap().len(), "{base}");
        fs::remove_dir_all(world.path("image")).unwrap();
    }
}

#[test]
fn the_bill_of_materials_is_valid_and_names_what_is_inside_of_jars() {
    let world = World::new();
    let args = ["--jar", "my.jar", "--layout", "image", "--sbom", "bom.json", "--program", "ls"];
    world.build("", &args);
    let text = fs::read(world.path("bom.json")).unwrap();
    let bom = cyclonedx_bom::prelude::Bom::parse_from_json_v1_5(text.as_slice()).unwrap();
    let validated = cyclonedx_bom::prelude::Validate::validate(&bom);
    assert!(validated.passed(), "{validated:#?}");
    let json: Value = serde_json::from_slice(&text).unwrap();
    let find = |name: &str| {
        let all = json["components"].as_array().unwrap();
        all.iter().find(|one| one["name"] == name).unwrap_or_else(|| panic!("no {name}: {json:#}"))
    };
    assert_eq!(find("java")["version"], "17.0.15");
    assert_eq!(find("nutkin")["type"], "application");
    let cep = find("flink-cep");
    assert_eq!(cep["purl"], "pkg:maven/org.apache.flink/flink-cep@1.20.5");
    assert_eq!(cep["components"][0]["name"], "shaded-thing");
    assert_eq!(find("my.jar")["evidence"]["occurrences"][0]["location"], "/opt/flink/lib/my.jar");
    assert_eq!(find("libc.so.6")["hashes"][0]["alg"], "SHA-256");
}

#[test]
fn the_dockerfile_comes_with_what_it_adds() {
    let world = World::new();
    let output = world.output("", &["--print-dockerfile", "--context", "context"]);
    let text = String::from_utf8(output.stdout).unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    assert_eq!(text, fs::read_to_string(world.path("context/Dockerfile")).unwrap());
    let added = text.lines().filter_map(|line| line.strip_prefix("ADD ")?.strip_suffix(" /"));
    let added: Vec<&str> = added.collect();
    assert!(5 <= added.len(), "{text}");
    for name in added {
        let file = fs::File::open(world.path("context").join(name)).unwrap();
        assert!(0 < tar::Archive::new(file).entries().unwrap().count(), "{name}");
    }
}

#[test]
fn bad_input_touches_nothing() {
    #[track_caller]
    fn check(args: &[&str], expected: &[&str]) {
        let world = World::new();
        let output = world.output("", args);
        let said = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(2), "{said}");
        for text in expected {
            assert!(said.contains(text), "{text} in {said}");
        }
        assert!(!world.path("image").exists());
    }
    check(&[], &["would go nowhere", "--load"]);
    let layout = ["--layout", "image"];
    check(
        &[&layout[..], &["--copy", "nothing:/x", "--copy", "none:/y"]].concat(),
        &["`nothing`: No such file", "`none`: No such file"],
    );
    check(
        &[&layout[..], &["--opt", "flink-x", "--plugin", "y"]].concat(),
        &[
            "no `flink-x`",
            "there are flink-s3-fs-presto-1.20.5.jar",
            "no `y`",
            "there are metrics-jmx",
        ],
    );
    check(
        &[&layout[..], &["--tag", "UPPER CASE"]].concat(),
        &["`UPPER CASE` is not a valid image name"],
    );
    check(&[&layout[..], &["--base", "./nothing.tar"]].concat(), &["there is no", "nothing.tar"]);
    check(&[&layout[..], &["--flink", "2.3"]].concat(), &["is Flink 1.20.5, not 2.3"]);
    check(&[&layout[..], &["--program", "no-such-program"]].concat(), &["no `no-such-program`"]);
}

#[test]
fn a_base_that_no_registry_has_may_be_the_daemons() {
    #[track_caller]
    fn check(answer: &'static str, hint: &str) {
        let listener = std::net::TcpListener::bind(("127.0.0.1", 0)).unwrap();
        let base = format!("127.0.0.1:{}/mine:1", listener.local_addr().unwrap().port());
        std::thread::spawn(move || {
            for mut stream in listener.incoming().flatten() {
                let _ = std::io::Read::read(&mut stream, &mut [0; 4096]);
                let head =
                    format!("HTTP/1.1 {answer}\r\nContent-Length: 0\r\nConnection: close\r\n\r\n");
                let _ = std::io::Write::write_all(&mut stream, head.as_bytes());
            }
        });
        let output = World::new().output("", &["--layout", "out", "--base", &base]);
        let said = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(1), "{said}");
        assert!(said.contains(hint), "{said}");
        assert!(said.contains(&format!("`docker save {base} -o FILE`")), "{said}");
    }
    check("404 Not Found", "under this name and tag");
    // As Docker Hub answers of a name that it does not have.
    check("401 Unauthorized", "NUTKIN_REGISTRY_USERNAME");
}

#[test]
fn an_absent_daemon_is_said_plainly() {
    let world = World::new();
    let output = world.output("export DOCKER_HOST=unix:///nowhere/docker.sock;", &["--load"]);
    let said = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(1), "{said}");
    assert!(said.contains("no Docker daemon listens at `/nowhere/docker.sock`"), "{said}");
}
