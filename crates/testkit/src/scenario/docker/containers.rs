//! Containers of the daemon.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use serde_json::{Value, json};

use super::files::{Files, unpacked};
use super::{Docker, Done, is_wanted, nothing, refusal};
use crate::scenario::server::{Answer, Request};

/// What happens to a container, and what it was made with.
#[derive(Debug, Clone)]
pub(super) struct Container {
    id: String,
    body: Value,
    state: State,
    /// When it was made, in seconds of the Unix epoch.
    created: u64,
    restarts: u64,
    /// How it ended the last time.
    code: Option<i64>,
    /// When it was started last, in RFC 3339.
    started: String,
    pub(super) files: Files,
    log: String,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    Created,
    Running,
    Paused,
    Exited(i64),
}

impl Container {
    pub(super) fn new(number: u64, body: Value) -> Self {
        let (id, files) = (format!("{number:064x}"), Files::default());
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        let (created, log) = (now.as_secs(), String::new());
        let (state, started) = (State::Created, String::new());
        Self { id, body, state, created, restarts: 0, code: None, started, files, log }
    }

    /// The start with that number of all starts of the daemon.
    pub(super) fn start(&mut self, number: u32) {
        self.state = State::Running;
        let later = Duration::from_secs(10) * number;
        self.started = later_than(self.created, later);
    }

    pub(super) fn id(&self) -> &str {
        &self.id
    }

    pub(super) fn is_running(&self) -> bool {
        self.state == State::Running
    }

    pub(super) fn end(&mut self, code: i64) {
        self.state = State::Exited(code);
        self.code = Some(code);
    }

    /// The daemon starts it again, as the start with that number.
    pub(super) fn restart(&mut self, number: u32) {
        self.restarts += 1;
        self.start(number);
    }

    /// Its last end, as an event.
    pub(super) fn died(&self) -> Option<Value> {
        let code = self.code?.to_string();
        let actor = json!({"ID": self.id, "Attributes": {"exitCode": code}});
        Some(json!({"Type": "container", "Action": "die", "Actor": actor}))
    }

    pub(super) fn say(&mut self, words: &str) {
        self.log.push_str(words);
    }

    pub(super) fn age(&mut self, lived: Duration) {
        self.created = self.created.saturating_sub(lived.as_secs());
        self.started = later_than(self.created, Duration::ZERO);
    }

    pub(super) fn pause(&mut self) {
        self.state = State::Paused;
    }

    pub(super) fn plain(&self) -> Value {
        json!({"body": self.body, "files": self.files.plain(), "state": format!("{:?}", self.state)})
    }

    /// Whether it was made to reach the ledger on a volume.
    pub(super) fn is_helper(&self) -> bool {
        !self.body["Labels"]["nutkin.dev/ledger-of"].is_null()
    }

    pub(super) fn is_in(&self, network: &str) -> bool {
        self.body["HostConfig"]["NetworkMode"] == network
    }

    pub(super) fn uses(&self, volume: &str) -> bool {
        self.mounts().any(|(_, source)| source == volume)
    }

    /// Where volumes are, and which.
    fn mounts(&self) -> impl Iterator<Item = (&str, &str)> {
        let mounts = self.body["HostConfig"]["Mounts"].as_array().into_iter().flatten();
        mounts.filter_map(|one| Some((one["Target"].as_str()?, one["Source"].as_str()?)))
    }

    fn words(&self) -> (&'static str, String) {
        match self.state {
            State::Created => ("created", "Created".to_owned()),
            State::Running => ("running", "Up 2 seconds".to_owned()),
            State::Paused => ("paused", "Up 2 seconds (Paused)".to_owned()),
            State::Exited(code) => ("exited", format!("Exited ({code}) 1 second ago")),
        }
    }

    /// Ports as the list has them: only of those that run.
    fn ports(&self, rest_port: u16) -> Value {
        let bindings = self.body["HostConfig"]["PortBindings"].as_object();
        let runs = self.state == State::Running;
        let ports = bindings.into_iter().flatten().filter(|_| runs).map(|(port, binding)| {
            let private: u16 = port.split('/').next().and_then(|port| port.parse().ok()).unwrap_or(0);
            let asked = binding[0]["HostPort"].as_str().and_then(|port| port.parse().ok());
            let public = if rest_port == 0 { asked.unwrap_or(32768) } else { rest_port };
            json!({"IP": binding[0]["HostIp"], "PrivatePort": private, "PublicPort": public, "Type": "tcp"})
        });
        ports.collect()
    }

    fn inspected(&self, name: &str) -> Value {
        let (status, _) = self.words();
        let code = if let State::Exited(code) = self.state { code } else { 0 };
        let mut config = self.body.clone();
        if let Some(config) = config.as_object_mut() {
            config.remove("HostConfig");
            config.remove("NetworkingConfig");
        }
        json!({
            "Id": self.id,
            "Name": format!("/{name}"),
            "Config": config,
            "HostConfig": self.body["HostConfig"],
            "State": {
                "StartedAt": self.started,
                "Status": status, "Running": matches!(self.state, State::Running | State::Paused), "ExitCode": code, "OOMKilled": code == 137,
            },
            "RestartCount": self.restarts,
            "Mounts": self.mounts().map(|(target, source)| {
                json!({"Type": "volume", "Name": source, "Destination": target, "RW": true})
            }).collect::<Vec<_>>(),
        })
    }
}

impl Docker {
    pub(super) fn make_container(&mut self, request: &Request) -> Done {
        let body = request.json();
        let name = request.query("name").to_owned();
        let image = body["Image"].as_str().unwrap_or_default();
        if let Some(there) = self.containers.get(&name) {
            let message = format!(
                "Conflict. The container name \"/{name}\" is already in use by container \"{}\". You have to remove (or \
                 rename) that container to be able to reuse that name.",
                there.id
            );
            return Err(refusal(409, &message));
        }
        // By its name or its ID.
        if !self.images.contains_key(image.trim_start_matches("sha256:")) {
            return Err(refusal(404, &format!("No such image: {image}")));
        }
        self.ids += 1;
        let name = if name.is_empty() { format!("unnamed_{}", self.ids) } else { name };
        let made = Container::new(self.ids, body);
        let id = made.id.clone();
        self.containers.insert(name, made);
        Ok(Answer::json(201, &json!({"Id": id, "Warnings": []})))
    }

    pub(super) fn list_containers(&self, request: &Request) -> Answer {
        let all = request.query("all") == "true";
        let found = self.containers.iter().filter(|(_, one)| {
            (all || matches!(one.state, State::Running | State::Paused))
                && is_wanted(request, &one.body["Labels"])
        });
        let found = found.map(|(name, one)| {
            let (state, status) = one.words();
            json!({
                "Id": one.id,
                "Created": one.created,
                "Names": [format!("/{name}")],
                "Image": one.body["Image"],
                "Labels": one.body["Labels"],
                "State": state,
                "Status": status,
                "Ports": one.ports(self.rest_port),
            })
        });
        Answer::json(200, &found.collect())
    }

    /// What a container sees, its volumes included.
    pub(super) fn files_of(&self, name: &str) -> Files {
        let Some(container) = self.containers.get(name) else { return Files::default() };
        let mut files = container.files.clone();
        for (target, source) in container.mounts() {
            if let Some((_, volume)) = self.volumes.get(source) {
                files.extend(volume.moved_to(target));
            }
        }
        files
    }

    /// Requests about one container, by its name or ID.
    pub(super) fn of_container(
        &mut self,
        method: &str,
        name: &str,
        what: &str,
        request: &Request,
    ) -> Done {
        let is_meant =
            |(one, container): &(&String, &mut Container)| *one == name || container.id == name;
        let name = self.containers.iter_mut().find(is_meant).map(|(name, _)| name.clone());
        let none = || refusal(404, &format!("No such container: {}", request.path));
        let name = name.ok_or_else(none)?;
        let container = self.containers.get_mut(&name).ok_or_else(none)?;
        match (method, what) {
            ("GET", "json") => Ok(Answer::json(200, &container.inspected(&name))),
            ("POST", "start") if container.state == State::Running => Ok(Answer::text(304, "")),
            ("POST", "start") if container.state == State::Paused => {
                Err(refusal(500, "cannot start a paused container, try unpause instead"))
            }
            ("POST", "start") => {
                self.starts += 1;
                container.start(self.starts);
                if let Some(words) = self.dies.remove(&name) {
                    container.log.push_str(&words);
                    container.state = State::Exited(1);
                }
                Ok(nothing())
            }
            ("POST", "rename") => {
                let to = request.query("name").to_owned();
                if self.containers.contains_key(&to) {
                    let message =
                        format!("Conflict. The container name \"/{to}\" is already in use");
                    return Err(refusal(409, &message));
                }
                let renamed = self.containers.remove(&name).ok_or_else(none)?;
                self.containers.insert(to, renamed);
                Ok(nothing())
            }
            ("POST", "restart") => {
                self.starts += 1;
                container.start(self.starts);
                Ok(nothing())
            }
            ("POST", "exec") => Ok(self.make_exec(&name, request)),
            ("POST", "stop") if container.state != State::Running => Ok(Answer::text(304, "")),
            ("POST", "stop") => {
                container.state = State::Exited(143);
                Ok(nothing())
            }
            ("DELETE", "") => {
                if container.state == State::Running && request.query("force") != "true" {
                    return Err(refusal(409, "cannot remove container: container is running"));
                }
                self.containers.remove(&name);
                Ok(nothing())
            }
            ("GET", "logs") => Ok(logged(&container.log)),
            ("PUT", "archive") => {
                let mut files = unpacked(request.query("path"), &request.body);
                for (target, source) in container.clone().mounts() {
                    if let Some((_, volume)) = self.volumes.get_mut(source) {
                        files.take_below(target, volume);
                    }
                }
                container.files.extend(files);
                Ok(Answer::text(200, ""))
            }
            ("GET", "archive") => {
                let path = request.query("path");
                let found = self.files_of(&name).below(path);
                if found.is_empty() {
                    let message = format!("Could not find the file {path} in container {name}");
                    return Err(refusal(404, &message));
                }
                Ok(Answer { status: 200, headers: Vec::new(), body: found.pack(path).into() })
            }
            _ => Err(refusal(404, "page not found")),
        }
    }
}

/// Seconds of the Unix epoch, and so long after that, in RFC 3339.
fn later_than(created: u64, by: Duration) -> String {
    let seconds = i64::try_from(created + by.as_secs()).unwrap_or_default();
    jiff::Timestamp::from_second(seconds).unwrap_or_default().to_string()
}

fn logged(log: &str) -> Answer {
    Answer { status: 200, headers: Vec::new(), body: framed(log).into() }
}

/// A text in the frames of a stream without a terminal: stream, three zeros, length, text.
pub(super) fn framed(log: &str) -> Vec<u8> {
    let mut body = Vec::new();
    for line in log.lines() {
        let line = format!("{line}\n");
        body.extend([1, 0, 0, 0]);
        body.extend(u32::try_from(line.len()).unwrap_or(u32::MAX).to_be_bytes());
        body.extend(line.as_bytes());
    }
    body
}
