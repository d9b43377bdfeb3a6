//! A Docker daemon with its containers, networks, volumes and images in memory. Containers run nothing: they are said to
//! run, and their files can be brought and fetched.

mod containers;
mod exec;
mod files;

use std::collections::BTreeMap;
use std::time::Duration;

use serde_json::{Value, json};

use self::containers::Container;
use self::files::Files;
use super::server::{Answer, Backend, Reply, Request};

/// The version of the API that it speaks: that of Docker 28.
const VERSION: &str = "1.48";

/// The daemon.
#[derive(Debug, Clone, Default)]
pub struct Docker {
    /// By name.
    containers: BTreeMap<String, Container>,
    /// What they were made with, by name.
    networks: BTreeMap<String, Value>,
    /// Labels and files, by name.
    volumes: BTreeMap<String, (Value, Files)>,
    /// Configurations (`Env`, `Labels`, `User`) by name: images that are there.
    pub images: BTreeMap<String, Value>,
    /// Names of images that can be pulled.
    pub registry: Vec<String>,
    /// The port that REST is published on, whichever is asked for: there a server of the test listens.
    pub rest_port: u16,
    /// What a container says the first time that it is started, in place of running, by its name: it ends at once.
    pub dies: BTreeMap<String, String>,
    /// Counts containers.
    ids: u64,
    /// Counts starts of containers: each is ten seconds later than the one before, so that nobody has to wait.
    starts: u32,
    /// What is to be run in containers, by name of the container.
    execs: Vec<(String, Vec<String>)>,
    /// Who waits for events.
    listeners: exec::Listeners,
}

/// How a request ends.
type Done = Result<Answer, Answer>;

impl Backend for Docker {
    fn reply(&mut self, request: &Request) -> Reply {
        if request.path.ends_with("/events") && !request.query("until").is_empty() {
            return Reply::Now(self.ends_of(request));
        }
        if request.path.ends_with("/events") {
            return Reply::Later(self.listeners.listen(request));
        }
        let answer = self.carry_out(request).unwrap_or_else(|refused| refused);
        if answer.status == 101 { Reply::Upgraded(answer) } else { Reply::Now(answer) }
    }
}

/// A refusal in the daemon's form.
pub fn refusal(status: u16, message: &str) -> Answer {
    Answer::json(status, &json!({"message": message}))
}

fn nothing() -> Answer {
    Answer::text(204, "")
}

impl Docker {
    /// With the official image of this release.
    #[must_use]
    pub fn with_image(mut self, name: &str) -> Self {
        let config = json!({"Env": ["FLINK_HOME=/opt/flink"], "Labels": {}, "User": ""});
        self.images.insert(name.to_owned(), config);
        self
    }

    /// Everything there is, by what it is and its name, without what differs between two sessions that were made in the
    /// same way.
    pub fn plain(&self) -> BTreeMap<String, Value> {
        // Helpers of the ledger's store are nobody's: whoever writes next removes one that was left.
        let containers = self.containers.iter().filter(|(_, one)| !one.is_helper());
        let mut all: BTreeMap<String, Value> =
            containers.map(|(name, one)| (format!("container/{name}"), one.plain())).collect();
        for (name, one) in &self.networks {
            all.insert(format!("network/{name}"), one["Labels"].clone());
        }
        for (name, (labels, files)) in &self.volumes {
            all.insert(format!("volume/{name}"), json!({"labels": labels, "files": files.plain()}));
        }
        all
    }

    /// What there is, by kind and name.
    pub fn titles(&self) -> Vec<String> {
        self.plain().into_keys().collect()
    }

    /// A container that somebody else made.
    pub fn put_container(&mut self, name: &str, labels: &Value) {
        let body = json!({"Image": "other", "Labels": labels});
        self.ids += 1;
        self.containers.insert(name.to_owned(), Container::new(self.ids, body));
    }

    /// Puts a container of somebody else there that uses a volume.
    pub fn put_container_on(&mut self, name: &str, volume: &str) {
        let mounts = json!([{"Target": "/data", "Source": volume, "Type": "volume"}]);
        let body = json!({"Image": "other", "Labels": {}, "HostConfig": {"Mounts": mounts}});
        self.ids += 1;
        self.containers.insert(name.to_owned(), Container::new(self.ids, body));
    }

    /// Ends a container as a crash would: it stays, with this exit code.
    ///
    /// # Panics
    /// When there is none of that name.
    pub fn crash(&mut self, name: &str, code: i64) {
        self.containers.get_mut(name).expect("a container").end(code);
        self.listeners.tell();
    }

    /// The daemon starts a container again that has ended.
    ///
    /// # Panics
    /// When there is none of that name.
    pub fn restart(&mut self, name: &str) {
        self.starts += 1;
        let starts = self.starts;
        self.containers.get_mut(name).expect("a container").restart(starts);
        self.listeners.tell();
    }

    /// A container logs this.
    ///
    /// # Panics
    /// When there is none of that name.
    pub fn say(&mut self, name: &str, words: &str) {
        self.containers.get_mut(name).expect("a container").say(words);
    }

    /// Somebody stops the processes of a container without ending them.
    ///
    /// # Panics
    /// When there is none of that name.
    pub fn pause(&mut self, name: &str) {
        self.containers.get_mut(name).expect("a container").pause();
    }

    /// The same for one that has run for so long.
    ///
    /// # Panics
    /// There is none.
    pub fn age(&mut self, name: &str, lived: Duration) {
        self.containers.get_mut(name).expect("a container").age(lived);
    }

    /// Names of the containers that were made to reach the ledger on a volume, and are left.
    pub fn helpers(&self) -> Vec<String> {
        let helpers = self.containers.iter().filter(|(_, one)| one.is_helper());
        helpers.map(|(name, _)| name.clone()).collect()
    }

    /// IDs of the containers that run.
    pub fn running(&self) -> Vec<String> {
        let running = self.containers.values().filter(|one| one.is_running());
        running.map(|one| one.id().to_owned()).collect()
    }

    /// Whether a container runs.
    pub fn is_running(&self, name: &str) -> bool {
        self.containers.get(name).is_some_and(Container::is_running)
    }

    /// Somebody removes a container by hand.
    pub fn remove_container(&mut self, name: &str) {
        self.containers.remove(name);
    }

    /// The content of a file of a volume; `None` where it is not there.
    pub fn file(&self, volume: &str, path: &str) -> Option<String> {
        self.volumes.get(volume)?.1.text(path)
    }

    /// Puts a file on a volume.
    ///
    /// # Panics
    /// When there is no such volume.
    pub fn put_file(&mut self, volume: &str, path: &str, text: &str) {
        self.volumes.get_mut(volume).expect("a volume").1.put(
            path,
            text.as_bytes(),
            0o600,
            (9999, 9999),
        );
    }

    /// Every file of containers and volumes as text, by its place, with its mode: for a look for what nobody may read.
    pub fn all_files(&self) -> Vec<(String, u32, String)> {
        let containers =
            self.containers.iter().map(|(name, one)| (format!("container {name}"), &one.files));
        let volumes =
            self.volumes.iter().map(|(name, (_, files))| (format!("volume {name}"), files));
        let all = containers.chain(volumes);
        all.flat_map(|(owner, files)| {
            files.all().map(move |(path, mode, text)| (format!("{owner}: {path}"), mode, text))
        })
        .collect()
    }

    fn carry_out(&mut self, request: &Request) -> Done {
        let path = request.path.trim_start_matches('/');
        let path = match path.split_once('/') {
            Some((version, rest)) if version.starts_with("v1.") => rest,
            _ => path,
        };
        let parts: Vec<&str> = path.split('/').collect();
        match (request.method.as_str(), parts.as_slice()) {
            ("GET", ["version"]) => Ok(Answer::json(
                200,
                &json!({
                    "Version": "28.0.0", "ApiVersion": VERSION, "MinAPIVersion": "1.24", "Os": "linux", "Arch": "amd64",
                }),
            )),
            ("GET", ["info"]) => Ok(Answer::json(200, &json!({"LoggingDriver": "json-file"}))),
            ("GET" | "HEAD", ["_ping"]) => Ok(Answer::text(200, "OK")),
            ("GET", ["images", "json"]) => Ok(self.list_images()),
            ("GET", ["images", name @ .., "json"]) => self.image(&name.join("/")),
            ("POST", ["images", "create"]) => self.pull(request),
            ("POST", ["networks", "create"]) => self.make_network(request),
            ("GET", ["networks", name]) => self.network(name),
            ("DELETE", ["networks", name]) => self.remove_network(name),
            ("POST", ["volumes", "create"]) => Ok(self.make_volume(request)),
            ("GET", ["volumes"]) => Ok(self.list_volumes(request)),
            ("GET", ["volumes", name]) => self.volume(name),
            ("DELETE", ["volumes", name]) => self.remove_volume(name),
            ("POST", ["containers", "create"]) => self.make_container(request),
            ("POST", ["exec", number, "start"]) => self.run(number),
            ("GET", ["exec", number, "json"]) => self.ran(number),
            ("GET", ["containers", "json"]) => Ok(self.list_containers(request)),
            (method, ["containers", name, rest @ ..]) => {
                self.of_container(method, name, rest.first().copied().unwrap_or(""), request)
            }
            _ => Err(refusal(404, "page not found")),
        }
    }

    fn list_images(&self) -> Answer {
        let one = |(name, config): (&String, &Value)| {
            json!({
                "Id": format!("sha256:{name}"), "ParentId": "", "RepoTags": [name], "RepoDigests": [], "Created": 0,
                "Size": 0, "SharedSize": 0, "Labels": config["Labels"], "Containers": 0,
            })
        };
        Answer::json(200, &self.images.iter().map(one).collect())
    }

    fn image(&self, name: &str) -> Done {
        let config = self.images.get(name);
        let config = config.ok_or_else(|| refusal(404, &format!("No such image: {name}")))?;
        Ok(Answer::json(
            200,
            &json!({"Id": format!("sha256:{name}"), "RepoTags": [name], "Config": config}),
        ))
    }

    fn pull(&mut self, request: &Request) -> Done {
        let tag = request.query("tag");
        let colon = if tag.is_empty() { "" } else { ":" };
        let name = format!("{}{colon}{tag}", request.query("fromImage"));
        if !self.registry.contains(&name) {
            let message = format!("pull access denied for {name}, repository does not exist");
            return Err(refusal(404, &message));
        }
        *self = std::mem::take(self).with_image(&name);
        Ok(Answer::text(200, "{\"status\":\"Pull complete\"}\r\n"))
    }

    fn make_network(&mut self, request: &Request) -> Done {
        let body = request.json();
        let name = body["Name"].as_str().unwrap_or_default().to_owned();
        if self.networks.contains_key(&name) {
            return Err(refusal(409, &format!("network with name {name} already exists")));
        }
        self.networks.insert(name.clone(), body);
        Ok(Answer::json(201, &json!({"Id": name, "Warning": ""})))
    }

    fn network(&self, name: &str) -> Done {
        let found = self.networks.get(name);
        let found = found.ok_or_else(|| refusal(404, &format!("network {name} not found")))?;
        Ok(Answer::json(200, &json!({"Name": name, "Id": name, "Labels": found["Labels"]})))
    }

    fn remove_network(&mut self, name: &str) -> Done {
        if self.containers.values().any(|one| one.is_in(name)) {
            let message =
                format!("error while removing network: network {name} has active endpoints");
            return Err(refusal(403, &message));
        }
        let removed = self.networks.remove(name);
        removed.map(|_| nothing()).ok_or_else(|| refusal(404, &format!("network {name} not found")))
    }

    fn make_volume(&mut self, request: &Request) -> Answer {
        let body = request.json();
        let name = body["Name"].as_str().unwrap_or_default().to_owned();
        let new = || (body["Labels"].clone(), Files::default());
        let (labels, _) = self.volumes.entry(name.clone()).or_insert_with(new);
        Answer::json(201, &volume(&name, labels))
    }

    fn volume(&self, name: &str) -> Done {
        let found = self.volumes.get(name);
        let (labels, _) =
            found.ok_or_else(|| refusal(404, &format!("get {name}: no such volume")))?;
        Ok(Answer::json(200, &volume(name, labels)))
    }

    fn list_volumes(&self, request: &Request) -> Answer {
        let found = self.volumes.iter().filter(|(_, (labels, _))| is_wanted(request, labels));
        let found: Vec<Value> = found.map(|(name, (labels, _))| volume(name, labels)).collect();
        Answer::json(200, &json!({"Volumes": found, "Warnings": null}))
    }

    fn remove_volume(&mut self, name: &str) -> Done {
        if self.containers.values().any(|one| one.uses(name)) {
            return Err(refusal(409, &format!("remove {name}: volume is in use")));
        }
        let removed = self.volumes.remove(name);
        removed
            .map(|_| nothing())
            .ok_or_else(|| refusal(404, &format!("get {name}: no such volume")))
    }
}

fn volume(name: &str, labels: &Value) -> Value {
    json!({
        "Name": name, "Driver": "local", "Mountpoint": format!("/volumes/{name}"), "Labels": labels, "Scope": "local",
        "Options": {},
    })
}

/// Whether the filters of a list let it through: labels, with or without values.
fn is_wanted(request: &Request, labels: &Value) -> bool {
    let filters: Value = serde_json::from_str(request.query("filters")).unwrap_or_default();
    let wanted = filters["label"].as_array().into_iter().flatten().filter_map(Value::as_str);
    let mut wanted = wanted;
    wanted.all(|one| match one.split_once('=') {
        Some((key, value)) => labels[key] == value,
        None => labels[one].is_string(),
    })
}
