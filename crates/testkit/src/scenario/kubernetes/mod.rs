//! An API server with its objects in memory: versions, server-side apply, dry runs, and a garbage collector that is
//! quick.

mod exec;
mod fields;
mod patch;
mod path;
mod pods;
mod refusal;

use std::collections::BTreeMap;

use serde_json::{Value, json};

use self::path::{Place, selects, selects_fields};
use super::flink::Flink;
use super::ledger;
use super::server::{Answer, Backend, Reply, Request};
pub use refusal::{forbidden, status};

/// The API server. All its namespaces exist unless [`Kubernetes::namespaces`] says which do.
#[derive(Debug, Clone, Default)]
pub struct Kubernetes {
    /// By API version, namespace, resource and name.
    objects: BTreeMap<(String, String, String, String), Value>,
    /// Counts writes; the `resourceVersion` of the last one.
    version: u64,
    /// Counts objects.
    uids: u64,
    /// What happened, for watches.
    events: Vec<(u64, &'static str, Value)>,
    /// What nobody may do, as reviews have it: `create deployments`.
    pub may_not: Vec<String>,
    /// Accounts that have no permission.
    pub unbound: Vec<String>,
    /// Namespaces that exist; empty: all do.
    pub namespaces: Vec<String>,
    /// Whether workloads get pods, which run at once.
    pub runs_pods: bool,
    /// What answers behind the proxies of Services and pods, where pods run.
    pub flink: Flink,
    /// Logs by the names of pods; `NAME.previous`: what its container wrote before it was started again.
    pub logs: BTreeMap<String, String>,
    /// When pods are started from now on, in RFC 3339; empty: long ago.
    pub started: &'static str,
    /// What a shell prints in pods; `None`: nobody may run one.
    pub printed: Option<String>,
    /// What JobManagers wrote down of jobs that ended, by the id of the job.
    pub archives: BTreeMap<String, String>,
}

/// How a request ends.
type Done = Result<Answer, Answer>;

impl Backend for Kubernetes {
    fn reply(&mut self, request: &Request) -> Reply {
        let answer = self.carry_out(request).unwrap_or_else(|refused| refused);
        if request.method != "GET" && request.query("dryRun").is_empty() {
            self.collect();
            if self.runs_pods {
                self.run_pods();
            }
        }
        if answer.status == 101 { Reply::Upgraded(answer) } else { Reply::Now(answer) }
    }
}

impl Kubernetes {
    /// A configuration for clients: one context, this server and this token.
    pub fn kubeconfig(server: &str, token: &str) -> String {
        json!({
            "apiVersion": "v1",
            "kind": "Config",
            "current-context": "c",
            "clusters": [{"name": "c", "cluster": {"server": server}}],
            "users": [{"name": "u", "user": {"token": token}}],
            "contexts": [{"name": "c", "context": {"cluster": "c", "user": "u"}}],
        })
        .to_string()
    }

    /// Everything there is, by `Kind/name`, without what differs between two sessions that were made in the same way:
    /// UIDs, versions, times, addresses.
    pub fn plain(&self) -> BTreeMap<String, Value> {
        self.objects
            .iter()
            .map(|((_, _, _, name), object)| {
                let kind = object["kind"].as_str().unwrap_or_default();
                (format!("{kind}/{name}"), plain(object.clone()))
            })
            .collect()
    }

    /// `Kind/name` of everything there is.
    pub fn titles(&self) -> Vec<String> {
        let title = |object: &Value| {
            let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
            format!("{}/{}", text(&object["kind"]), text(&object["metadata"]["name"]))
        };
        self.objects.values().map(title).collect()
    }

    /// One object of any namespace; null where it is not there.
    pub fn get(&self, kind: &str, name: &str) -> Value {
        let found = self.objects.iter().find(|(key, one)| key.3 == name && one["kind"] == kind);
        found.map(|(_, object)| object.clone()).unwrap_or_default()
    }

    /// Puts an object there as somebody else would, in the namespace that it says, or `default`.
    ///
    /// # Panics
    /// When it has no name.
    pub fn put(&mut self, plural: &str, mut object: Value) {
        let text = |value: &Value| value.as_str().map(str::to_owned);
        let namespace =
            text(&object["metadata"]["namespace"]).unwrap_or_else(|| "default".to_owned());
        let place = Place {
            api_version: text(&object["apiVersion"]).unwrap_or_default(),
            namespace: if plural == "nodes" { String::new() } else { namespace },
            plural: plural.to_owned(),
            name: text(&object["metadata"]["name"]).expect("a name"),
            rest: String::new(),
        };
        let entry = self.objects.get(&key(&place)).cloned();
        let metadata = entry.map_or_else(|| self.born(&place), |old| old["metadata"].clone());
        for (name, value) in metadata.as_object().into_iter().flatten() {
            if object["metadata"][name.as_str()].is_null() {
                object["metadata"][name.as_str()] = value.clone();
            }
        }
        self.store(&place, object);
    }

    /// Deletes an object as somebody else would, with all that it owns.
    pub fn remove(&mut self, kind: &str, name: &str) {
        self.objects.retain(|key, one| !(key.3 == name && one["kind"] == kind));
        self.collect();
    }

    /// From now on watches of what happened before are told that it is gone (410).
    pub fn forget_events(&mut self) {
        self.events.clear();
    }

    fn carry_out(&mut self, request: &Request) -> Done {
        if request.path == "/version" {
            return Ok(Answer::json(
                200,
                &json!({"major": "1", "minor": "34", "gitVersion": "v1.34.0"}),
            ));
        }
        if request.path.starts_with("/apis/authorization.k8s.io/v1/") {
            return Ok(self.review(request));
        }
        if let Some(name) = request.path.strip_prefix("/api/v1/namespaces/")
            && !name.contains('/')
        {
            if self.namespaces.is_empty() || self.namespaces.iter().any(|one| one == name) {
                return Ok(Answer::json(
                    200,
                    &json!({"kind": "Namespace", "metadata": {"name": name}}),
                ));
            }
            let message = format!("namespaces \"{name}\" not found");
            return Err(status(404, "NotFound", &message));
        }
        let place =
            Place::of(&request.path).ok_or_else(|| refusal::not_found_path(&request.path))?;
        if !place.namespace.is_empty()
            && !self.namespaces.is_empty()
            && !self.namespaces.contains(&place.namespace)
            && request.method != "GET"
        {
            let message = format!("namespaces \"{}\" not found", place.namespace);
            return Err(status(404, "NotFound", &message));
        }
        if request.method == "PATCH" && place.rest == "status" {
            return self.patch(&place, request);
        }
        if !place.rest.is_empty() {
            return self.below(&place, request);
        }
        match (request.method.as_str(), place.name.is_empty()) {
            ("GET", true) if request.query("watch") == "true" => Ok(self.watch(&place, request)),
            ("GET", true) => Ok(self.list(&place, request)),
            ("GET", false) => self.found(&place).map(|object| Answer::json(200, object)),
            ("POST", true) => self.create(place, request),
            ("PUT", false) => self.replace(&place, request),
            ("PATCH", false) => self.patch(&place, request),
            ("DELETE", false) => self.delete(&place, request),
            _ => Err(status(
                405,
                "MethodNotAllowed",
                "the server does not allow this method on the requested resource",
            )),
        }
    }

    /// Whether somebody is allowed something.
    fn review(&self, request: &Request) -> Answer {
        let mut review: Value = serde_json::from_slice(&request.body).unwrap_or_default();
        let attributes = &review["spec"]["resourceAttributes"];
        let text = |key: &str| attributes[key].as_str().unwrap_or_default();
        let asked = format!("{} {}", text("verb"), text("resource"));
        let user = review["spec"]["user"].as_str().unwrap_or_default();
        let account = user.rsplit_once(':').map_or("", |(_, account)| account);
        let is_unbound = self.unbound.iter().any(|one| one == account);
        review["status"] = json!({"allowed": !is_unbound && !self.may_not.contains(&asked)});
        Answer::json(201, &review)
    }

    fn found(&self, place: &Place) -> Result<&Value, Answer> {
        self.objects.get(&key(place)).ok_or_else(|| refusal::not_found(place))
    }

    /// Logs and proxies.
    fn below(&mut self, place: &Place, request: &Request) -> Done {
        if let Some(path) = place.rest.strip_prefix("proxy") {
            let runs = self
                .objects
                .values()
                .any(|one| one["kind"] == "Pod" && one["status"]["phase"] == "Running");
            if !runs {
                let name = place.name.split(':').nth(1).unwrap_or(&place.name);
                let message = format!("no endpoints available for service \"{name}\"");
                return Err(status(503, "ServiceUnavailable", &message));
            }
            let asked = Request { path: path.to_owned(), ..request.clone() };
            return Ok(self.flink.now(&asked));
        }
        if place.rest == "exec" {
            self.found(place)?;
            let printed = self.printed.as_ref().ok_or_else(|| forbidden(request))?;
            // The last word of the command.
            let Some((_, job)) = request.query("command").rsplit_once("/archive/") else {
                return Ok(exec::answer(request, printed));
            };
            return Ok(exec::answer(request, self.archives.get(job).map_or("", String::as_str)));
        }
        if place.rest == "log" {
            self.found(place)?;
            let before = Some(format!("{}.previous", place.name));
            let before = before.filter(|_| request.query("previous") == "true");
            let before = before.and_then(|name| self.logs.get(&name));
            let log = before.or_else(|| self.logs.get(&place.name));
            return Ok(Answer::text(200, log.map_or("", String::as_str)));
        }
        Err(refusal::not_found_path(&request.path))
    }

    fn selected(&self, place: &Place, request: &Request) -> impl Iterator<Item = &Value> {
        let (labels, fields) = (request.query("labelSelector"), request.query("fieldSelector"));
        let (labels, fields) = (labels.to_owned(), fields.to_owned());
        let place = place.clone();
        self.objects
            .iter()
            .filter(move |(key, _)| {
                (&key.0, &key.1, &key.2) == (&place.api_version, &place.namespace, &place.plural)
            })
            .map(|(_, object)| object)
            .filter(move |object| selects(&labels, object) && selects_fields(&fields, object))
    }

    fn list(&self, place: &Place, request: &Request) -> Answer {
        let items: Vec<Value> = self
            .selected(place, request)
            .map(|object| {
                let mut item = object.clone();
                // Items of a list do not say what they are.
                if let Some(item) = item.as_object_mut() {
                    item.remove("apiVersion");
                    item.remove("kind");
                }
                item
            })
            .collect();
        Answer::json(
            200,
            &json!({
                "apiVersion": place.api_version,
                "kind": "List",
                "metadata": {"resourceVersion": self.version.to_string()},
                "items": items,
            }),
        )
    }

    /// What happened since the version that is asked for, and the end: a watch that expires at once.
    fn watch(&self, place: &Place, request: &Request) -> Answer {
        let since: u64 = request.query("resourceVersion").parse().unwrap_or(self.version);
        let oldest = self.events.first().map_or(self.version, |(version, ..)| version - 1);
        if since < oldest {
            let error = json!({"type": "ERROR", "object": refusal::document(410, "Expired", "too old resource version")});
            return Answer::text(200, &format!("{error}\n"));
        }
        let (labels, fields) = (request.query("labelSelector"), request.query("fieldSelector"));
        let of_place = |object: &&(u64, &'static str, Value)| {
            object.2["apiVersion"] == place.api_version.as_str()
                && refusal::is_of(&place.plural, &object.2)
                && object.2["metadata"]["namespace"] == place.namespace.as_str()
        };
        let events = self.events.iter().filter(|(version, ..)| since < *version).filter(of_place);
        let events =
            events.filter(|(_, _, one)| selects(labels, one) && selects_fields(fields, one));
        let lines = events
            .map(|(_, what, object)| json!({"type": what, "object": object}).to_string() + "\n");
        Answer::text(200, &lines.collect::<String>())
    }

    fn create(&mut self, mut place: Place, request: &Request) -> Done {
        let mut object = request.json();
        let Some(name) = object["metadata"]["name"].as_str().filter(|name| !name.is_empty()) else {
            let message = "resource name may not be empty";
            return Err(status(422, "Invalid", message));
        };
        name.clone_into(&mut place.name);
        if self.objects.contains_key(&key(&place)) {
            return Err(refusal::exists(&place));
        }
        if object["metadata"]["resourceVersion"].is_string() {
            let message = "resourceVersion should not be set on objects to be created";
            return Err(status(400, "BadRequest", message));
        }
        fields::created(&mut object, manager(request));
        let born = self.born(&place);
        for (name, value) in born.as_object().into_iter().flatten() {
            object["metadata"][name.as_str()] = value.clone();
        }
        if object["kind"] == "Service" && object["spec"]["clusterIP"].is_null() {
            object["spec"]["clusterIP"] = json!(format!("192.0.2.{}", self.uids % 250 + 1));
        }
        Ok(self.written(201, &place, object, request))
    }

    /// What every new object gets.
    fn born(&mut self, place: &Place) -> Value {
        self.uids += 1;
        let mut metadata = json!({
            "uid": format!("00000000-0000-4000-8000-{:012}", self.uids),
            "creationTimestamp": "2026-01-01T00:00:00Z",
            "generation": 1,
        });
        if !place.namespace.is_empty() {
            metadata["namespace"] = json!(place.namespace);
        }
        metadata
    }

    fn replace(&mut self, place: &Place, request: &Request) -> Done {
        let old = self.found(place)?.clone();
        let mut object = request.json();
        let version = &object["metadata"]["resourceVersion"];
        if version.is_string() && *version != old["metadata"]["resourceVersion"] {
            return Err(refusal::modified(place));
        }
        for name in ["uid", "creationTimestamp", "generation", "namespace"] {
            object["metadata"][name] = old["metadata"][name].clone();
        }
        fields::created(&mut object, manager(request));
        Ok(self.written(200, place, object, request))
    }

    fn patch(&mut self, place: &Place, request: &Request) -> Done {
        let kind = request.headers.get("content-type").map_or("", String::as_str);
        if kind.starts_with("application/apply-patch") {
            return self.apply(place, request);
        }
        let old = self.found(place)?.clone();
        let mut object = old.clone();
        if kind.starts_with("application/merge-patch") {
            patch::merge(&mut object, &request.json());
            // A part of an object is written by itself.
            match place.rest.as_str() {
                "status" => {
                    let status = object["status"].take();
                    object = Value::clone(&old);
                    object["status"] = status;
                    object["metadata"]["resourceVersion"] =
                        request.json()["metadata"]["resourceVersion"].clone();
                }
                _ => object["status"] = old["status"].clone(),
            }
        } else {
            let done = patch::apply(&mut object, &request.json());
            done.map_err(|said| status(422, "Invalid", &said))?;
        }
        if object["metadata"]["resourceVersion"] != old["metadata"]["resourceVersion"] {
            return Err(refusal::modified(place));
        }
        if object["metadata"]["managedFields"] == old["metadata"]["managedFields"] {
            fields::updated(&mut object, &old, manager(request));
        }
        let held = object["metadata"]["finalizers"].as_array().is_some_and(|all| !all.is_empty());
        if object["metadata"]["deletionTimestamp"].is_string() && !held {
            self.objects.remove(&key(place));
            self.version += 1;
            self.events.push((self.version, "DELETED", object.clone()));
            return Ok(Answer::json(200, &object));
        }
        Ok(self.written(200, place, object, request))
    }

    fn apply(&mut self, place: &Place, request: &Request) -> Done {
        let config = request.json();
        let old = match self.objects.get(&key(place)) {
            Some(old) => old.clone(),
            None if config["metadata"]["uid"].is_string() => return Err(refusal::modified(place)),
            None => {
                let mut new = json!({"apiVersion": config["apiVersion"], "kind": config["kind"], "metadata": self.born(place)});
                new["metadata"]["name"] = json!(place.name);
                new
            }
        };
        let uid = &config["metadata"]["uid"];
        if uid.is_string() && *uid != old["metadata"]["uid"] {
            return Err(refusal::modified(place));
        }
        let object = fields::applied(&old, &config, manager(request));
        Ok(self.written(200, place, object, request))
    }

    fn delete(&mut self, place: &Place, request: &Request) -> Done {
        let old = self.found(place)?.clone();
        let options = request.json();
        let uid = &options["preconditions"]["uid"];
        if uid.is_string() && *uid != old["metadata"]["uid"] {
            return Err(refusal::other_uid(place, uid, &old["metadata"]["uid"]));
        }
        let version = &options["preconditions"]["resourceVersion"];
        if version.is_string() && *version != old["metadata"]["resourceVersion"] {
            return Err(refusal::modified(place));
        }
        if request.query("dryRun").is_empty() {
            if old["metadata"]["finalizers"].as_array().is_some_and(|all| !all.is_empty()) {
                let mut object = old;
                object["metadata"]["deletionTimestamp"] = json!("2026-01-01T00:00:00Z");
                return Ok(Answer::json(200, &self.store(place, object)));
            }
            self.objects.remove(&key(place));
            self.version += 1;
            self.events.push((self.version, "DELETED", old));
        }
        Ok(Answer::json(200, &json!({"apiVersion": "v1", "kind": "Status", "status": "Success"})))
    }

    /// Stores an object unless it is only to be known what it would be, or nothing has changed.
    fn written(&mut self, code: u16, place: &Place, object: Value, request: &Request) -> Answer {
        let is_same = self.objects.get(&key(place)).is_some_and(|old| *old == object);
        if is_same || !request.query("dryRun").is_empty() {
            return Answer::json(code, &object);
        }
        Answer::json(code, &self.store(place, object))
    }

    fn store(&mut self, place: &Place, mut object: Value) -> Value {
        self.version += 1;
        object["metadata"]["resourceVersion"] = json!(self.version.to_string());
        let old = self.objects.insert(key(place), object.clone());
        if let Some(old) = old.as_ref().filter(|old| old["spec"] != object["spec"]) {
            let generation = old["metadata"]["generation"].as_u64().unwrap_or(1) + 1;
            object["metadata"]["generation"] = json!(generation);
            self.objects.insert(key(place), object.clone());
        }
        let what = if old.is_some() { "MODIFIED" } else { "ADDED" };
        self.events.push((self.version, what, object.clone()));
        object
    }

    /// Removes what is owned by nobody that is there any more.
    fn collect(&mut self) {
        loop {
            let uids: Vec<Value> =
                self.objects.values().map(|one| one["metadata"]["uid"].clone()).collect();
            let before = self.objects.len();
            self.objects.retain(|_, one| {
                let owners = one["metadata"]["ownerReferences"].as_array();
                let Some(owners) = owners.filter(|owners| !owners.is_empty()) else { return true };
                owners.iter().any(|owner| uids.contains(&owner["uid"]))
            });
            if self.objects.len() == before {
                return;
            }
        }
    }
}

fn key(place: &Place) -> (String, String, String, String) {
    let Place { api_version, namespace, plural, name, .. } = place.clone();
    (api_version, namespace, plural, name)
}

/// Who writes: the query says it.
fn manager(request: &Request) -> &str {
    match request.query("fieldManager") {
        "" => "unknown",
        manager => manager,
    }
}

fn plain(mut object: Value) -> Value {
    if let Some(metadata) = object["metadata"].as_object_mut() {
        for key in ["uid", "resourceVersion", "creationTimestamp", "generation"] {
            metadata.remove(key);
        }
    }
    let owners = object["metadata"]["ownerReferences"].as_array_mut();
    for owner in owners.into_iter().flatten() {
        owner["uid"] = json!("UID");
    }
    // Sets of fields name UIDs of owners as well.
    if let Some(metadata) = object["metadata"].as_object_mut() {
        metadata.remove("managedFields");
    }
    if let Some(document) = object["data"]["record.json"].as_str() {
        object["data"]["record.json"] = ledger::plain(document);
    }
    if object["kind"] == "Secret" && !object["data"]["salt"].is_null() {
        object["data"] = ledger::plain_values(&object["data"]);
    }
    if object["spec"]["clusterIP"] != "None"
        && let Some(spec) = object["spec"].as_object_mut()
    {
        spec.remove("clusterIP");
    }
    object
}
