//! Registries that want a name and a password: as `docker login` has stored them, by itself or with a helper.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use nutkin_e2e::Finished;

use crate::image::parts;
use crate::world::{LIMIT, World, variable};

const SECRET: &str = "pass-of-a-test";
/// `user` with that password, as `htpasswd -B` writes it.
const HTPASSWD: &str = "user:$2b$05$abcdefghijklmnopqrstuurmJhX.yVSgflizG6tkrAtlEciliHEtW\n";
/// `user:pass-of-a-test` in Base64.
const AUTH: &str = "dXNlcjpwYXNzLW9mLWEtdGVzdA==";

/// A registry that knows one user.
struct Registry {
    process: Child,
    address: String,
}

impl Registry {
    fn start(world: &World) -> Self {
        let free = std::net::TcpListener::bind("127.0.0.1:0").expect("a port");
        let address = free.local_addr().expect("an address").to_string();
        drop(free);
        let users = world.nutkin.file("registry/htpasswd", HTPASSWD);
        let data = users.with_file_name("data");
        let text = format!(
            "version: 0.1\nlog: {{level: error}}\nstorage: {{filesystem: {{rootdirectory: {}}}}}\n\
             http: {{addr: {address}}}\nauth: {{htpasswd: {{realm: test, path: {}}}}}\n",
            data.display(),
            users.display()
        );
        let configuration = world.nutkin.file("registry/config.yml", &text);
        let process = Command::new("docker-registry")
            .arg("serve")
            .arg(configuration)
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .expect("docker-registry");
        let end = Instant::now() + Duration::from_mins(1);
        while std::net::TcpStream::connect(&address).is_err() {
            assert!(Instant::now() < end, "the registry does not answer");
            std::thread::sleep(Duration::from_millis(50));
        }
        Self { process, address }
    }
}

impl Drop for Registry {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

#[track_caller]
fn build(world: &World, variables: &[(&str, &str)], words: &[&str]) -> Finished {
    let mut command = world.nutkin.command(words);
    command.envs(variables.iter().copied());
    let finished = world.nutkin.start(command).wait(LIMIT);
    let said = format!("{}{}", finished.stdout, finished.stderr);
    assert!(!said.contains(SECRET) && !said.contains(AUTH), "a secret is told:\n{said}");
    finished
}

#[test]
fn a_registry_with_a_password_takes_what_docker_login_has_stored() {
    let world = World::new("login");
    let registry = Registry::start(&world);
    let (host, name) = (registry.address.as_str(), format!("{}/team/flink:1", registry.address));
    let binary = variable("NUTKIN_TEST_STATIC");
    // Nobody starts it, and packing takes its time.
    let small = |word: String| if word == binary { "/bin/true".to_owned() } else { word };
    let parts: Vec<String> = parts(&world).into_iter().map(small).collect();
    let mut push: Vec<&str> = parts.iter().map(String::as_str).collect();
    push.extend(["--push", "-t", &name]);

    let remedy = format!("docker login {host}");
    build(&world, &[], &push).expect(1).says(&remedy).says("NUTKIN_REGISTRY_PASSWORD");
    let wrong =
        [("NUTKIN_REGISTRY_USERNAME", "user"), ("NUTKIN_REGISTRY_PASSWORD", "pass-of-a-test-2")];
    build(&world, &wrong, &push).expect(1).says(&remedy);

    let stored = format!(r#"{{"auths": {{"{host}": {{"auth": "{AUTH}"}}}}}}"#);
    let stored = world.nutkin.file("stored/config.json", &stored);
    let stored = stored.parent().expect("a directory").display().to_string();
    build(&world, &[("DOCKER_CONFIG", &stored)], &push).expect(0);

    // As a base; the login comes from a helper.
    let script = format!(
        "#!/bin/sh\nread -r host\n[ \"$1 $host\" = 'get {host}' ] || exit 1\n\
         echo '{{\"ServerURL\": \"{host}\", \"Username\": \"user\", \"Secret\": \"{SECRET}\"}}'\n"
    );
    let helper = world.nutkin.file("helpers/docker-credential-nutkin-test", &script);
    fs::set_permissions(&helper, fs::Permissions::from_mode(0o755)).expect("permissions");
    let config = format!(r#"{{"credHelpers": {{"{host}": "nutkin-test"}}}}"#);
    // Where `docker login` of the user writes it.
    let home = world.nutkin.file("home/.docker/config.json", &config);
    let home = home.ancestors().nth(2).expect("a directory").display().to_string();
    let path = std::env::var("PATH").unwrap_or_default();
    let path = format!("{}:{path}", helper.parent().expect("a directory").display());
    let base = ["image", "build", "--base", &name, "--flink-from", "base", "--flink", "1.20.5"];
    let more = ["--java-from", "java", "--keep-entrypoint", "--layout", "out"];
    let pull = [&base[..], &more].concat();
    build(&world, &[("HOME", &home), ("PATH", &path)], &pull).expect(0);
    let failing = world.nutkin.file(
        "failing/docker-credential-nutkin-test",
        // It reads first: who ends before it is asked cannot be asked, which is another failure.
        &format!("#!/bin/sh\nread -r host\necho {SECRET}\necho {SECRET} >&2\nexit 1\n"),
    );
    fs::set_permissions(&failing, fs::Permissions::from_mode(0o755)).expect("permissions");
    let path = path.replace("/helpers:", "/failing:");
    build(&world, &[("HOME", &home), ("PATH", &path)], &pull)
        .expect(1)
        .says("docker-credential-nutkin-test")
        .says("failed");
}
