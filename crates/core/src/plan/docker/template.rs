//! What of a `podTemplate` has a meaning for a container: variables, folders of the daemon's machine, volumes of the daemon,
//! folders that begin empty, further hosts. Everything else in it is said.

use std::collections::BTreeMap;

use serde_json::Value;

use crate::plan::pod_template::{MAIN_CONTAINER, merged};
use crate::session::{RoleSpec, Session};
use nutkin_flink::Problem;

/// What a container gets by a template.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Template {
    /// Variables.
    pub environment: BTreeMap<String, String>,
    /// Folders and files.
    pub mounts: Vec<ContainerMount>,
    /// Further hosts: name and address.
    pub extra_hosts: Vec<(String, String)>,
    /// Paths within the template that have no meaning here.
    pub unused: Vec<String>,
}

/// A folder or a file in a container.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ContainerMount {
    /// Where it is in the container.
    pub target: String,
    /// What is there.
    pub source: MountSource,
    /// Whether the container may only read it.
    pub read_only: bool,
}

/// What a container mounts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum MountSource {
    /// A folder or a file of the daemon's machine.
    Folder {
        /// Its path there.
        path: String,
        /// Whether the daemon makes the folder if it is not there.
        is_made: bool,
    },
    /// A volume of the daemon, which it makes if it is not there. No session owns it: `down` leaves it.
    Volume(String),
    /// A folder that begins empty and ends with the container.
    Scratch,
}

impl MountSource {
    /// The path or the name of what is mounted: only paths begin with `/`. `None`: nothing that others know.
    pub fn name(&self) -> Option<&str> {
        match self {
            Self::Folder { path, .. } => Some(path),
            Self::Volume(name) => Some(name),
            Self::Scratch => None,
        }
    }
}

/// Fields of a Pod that say nothing about a container.
const SILENT: &[&str] = &["apiVersion", "kind", "metadata"];

/// Fields of the main container that say nothing more than the session does.
const OWN: &[&str] = &["name", "env", "volumeMounts"];

/// Reads the template of a role.
///
/// # Errors
/// A folder whose path is not absolute, or a mount of a volume that the template does not define.
pub(super) fn read(session: &Session, role: &RoleSpec) -> Result<Template, Vec<Problem>> {
    let Some(template) = merged(session.pod_template.as_ref(), role.pod_template.as_ref()) else {
        return Ok(Template::default());
    };
    let mut reading = Reading { found: Template::default(), problems: Vec::new() };
    for (field, value) in template.as_object().into_iter().flatten() {
        match field.as_str() {
            "spec" => reading.spec(value),
            field if SILENT.contains(&field) => {}
            field => reading.found.unused.push(field.to_owned()),
        }
    }
    if reading.problems.is_empty() { Ok(reading.found) } else { Err(reading.problems) }
}

struct Reading {
    found: Template,
    problems: Vec<Problem>,
}

impl Reading {
    fn spec(&mut self, spec: &Value) {
        for (field, value) in spec.as_object().into_iter().flatten() {
            let is_read = ["containers", "volumes", "hostAliases"].contains(&field.as_str());
            if !is_read && !is_empty(value) {
                self.found.unused.push(format!("spec.{field}"));
            }
        }
        for one in items(&spec["hostAliases"]) {
            let Some(address) = one["ip"].as_str() else { continue };
            let names = items(&one["hostnames"]).filter_map(Value::as_str);
            self.found.extra_hosts.extend(names.map(|name| (name.to_owned(), address.to_owned())));
        }
        for one in items(&spec["containers"]) {
            let name = one["name"].as_str().unwrap_or_default();
            if name == MAIN_CONTAINER {
                self.container(one, &spec["volumes"]);
            } else {
                self.found.unused.push(format!("container `{name}`"));
            }
        }
    }

    fn container(&mut self, container: &Value, volumes: &Value) {
        for (field, value) in container.as_object().into_iter().flatten() {
            if !OWN.contains(&field.as_str()) && !is_empty(value) {
                self.found.unused.push(format!("spec.containers[].{field}"));
            }
        }
        for one in items(&container["env"]) {
            let name = one["name"].as_str().unwrap_or_default().to_owned();
            let value = match (&one["value"], one.get("valueFrom")) {
                (_, Some(_)) => {
                    self.found.unused.push(format!("variable `{name}` (valueFrom)"));
                    continue;
                }
                (Value::String(value), None) => value.clone(),
                (Value::Null, None) => String::new(),
                (other, None) => other.to_string(),
            };
            self.found.environment.insert(name, value);
        }
        for mount in items(&container["volumeMounts"]) {
            self.mount(mount, volumes);
        }
    }

    fn mount(&mut self, mount: &Value, volumes: &Value) {
        let name = mount["name"].as_str().unwrap_or_default();
        let target = mount["mountPath"].as_str().unwrap_or_default().to_owned();
        let volume = items(volumes).find(|one| one["name"] == name);
        let place = format!("podTemplate volume `{name}`");
        let Some(volume) = volume else {
            self.problems.push(Problem::new(
                "spec.podTemplate",
                format!("there is no volume `{name}`, which is mounted at `{target}`"),
            ));
            return;
        };
        let read_only = mount["readOnly"] == true;
        let below = mount["subPath"].as_str().map(|path| format!("/{path}")).unwrap_or_default();
        if let Some(path) = volume["hostPath"]["path"].as_str() {
            if !path.starts_with('/') {
                let message = format!("`{path}` is not an absolute path of the daemon's machine");
                self.problems.push(Problem::new(place, message));
                return;
            }
            let is_made = volume["hostPath"]["type"] == "DirectoryOrCreate";
            let path = format!("{}{below}", path.trim_end_matches('/'));
            let path = if path.is_empty() { "/".to_owned() } else { path };
            let source = MountSource::Folder { path, is_made };
            self.found.mounts.push(ContainerMount { target, source, read_only });
        } else if let (Some(claim), "") = (claim_of(volume), below.as_str()) {
            let source = MountSource::Volume(claim.to_owned());
            let is_read = volume["persistentVolumeClaim"]["readOnly"] == true;
            let read_only = read_only || is_read;
            self.found.mounts.push(ContainerMount { target, source, read_only });
        } else if volume.get("emptyDir").is_some() {
            let source = MountSource::Scratch;
            self.found.mounts.push(ContainerMount { target, source, read_only });
        } else {
            let fields = volume.as_object().into_iter().flatten();
            let kind = fields.map(|(field, _)| field.as_str()).find(|field| *field != "name");
            self.found.unused.push(format!("volume `{name}` ({})", kind.unwrap_or("empty")));
        }
    }
}

/// The claim of a volume: on Docker the name of a volume, where it can be one (`RestrictedNamePattern` of moby).
fn claim_of(volume: &Value) -> Option<&str> {
    let name = volume["persistentVolumeClaim"]["claimName"].as_str()?;
    let fits = |c: char| c.is_ascii_alphanumeric() || "_.-".contains(c);
    let is_name = name.starts_with(|c: char| c.is_ascii_alphanumeric()) && name.chars().all(fits);
    is_name.then_some(name)
}

fn items(list: &Value) -> impl Iterator<Item = &Value> {
    list.as_array().into_iter().flatten()
}

fn is_empty(value: &Value) -> bool {
    match value {
        Value::Null => true,
        Value::Array(items) => items.is_empty(),
        Value::Object(fields) => fields.is_empty(),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::spec::{self, Inputs};

    fn read_of(common: Value, own: Value) -> Result<Template, Vec<Problem>> {
        let mut session = spec::resolve(&Inputs::default()).unwrap();
        session.pod_template = Some(common);
        session.task_manager.pod_template = Some(own);
        read(&session, &session.task_manager)
    }

    /// A template whose main container mounts `data` at `/data` with these fields.
    fn mounted(volume: &Value, mount: &Value) -> Value {
        let mut volume = volume.clone();
        volume["name"] = json!("data");
        let mut mount = mount.clone();
        mount["name"] = json!("data");
        mount["mountPath"] = json!("/data");
        let container = json!({"name": MAIN_CONTAINER, "volumeMounts": [mount]});
        json!({"spec": {"containers": [container], "volumes": [volume]}})
    }

    #[test]
    fn folders() {
        #[track_caller]
        fn check(
            volume: Value,
            mount: Value,
            expected: Option<(MountSource, bool)>,
            unused: &[&str],
        ) {
            let found = read_of(mounted(&volume, &mount), json!({})).unwrap();
            let shown = found.mounts.first().map(|one| (one.source.clone(), one.read_only));
            assert_eq!(
                (shown, found.unused),
                (expected, unused.iter().map(|one| (*one).to_owned()).collect())
            );
        }
        let folder = |path: &str, is_made| MountSource::Folder { path: path.to_owned(), is_made };
        let host = json!({"hostPath": {"path": "/srv/in/"}});
        check(host.clone(), json!({}), Some((folder("/srv/in", false), false)), &[]);
        check(
            host,
            json!({"readOnly": true, "subPath": "a"}),
            Some((folder("/srv/in/a", false), true)),
            &[],
        );
        let made = json!({"hostPath": {"path": "/srv", "type": "DirectoryOrCreate"}});
        check(made, json!({}), Some((folder("/srv", true), false)), &[]);
        check(json!({"emptyDir": {}}), json!({}), Some((MountSource::Scratch, false)), &[]);
        let claim = json!({"persistentVolumeClaim": {"claimName": "c", "readOnly": true}});
        let volume = MountSource::Volume("c".to_owned());
        check(claim.clone(), json!({}), Some((volume, true)), &[]);
        // A part of a volume, and what cannot be the name of one.
        let unused = ["volume `data` (persistentVolumeClaim)"];
        check(claim, json!({"subPath": "a"}), None, &unused);
        let odd = json!({"persistentVolumeClaim": {"claimName": "/c"}});
        check(odd, json!({}), None, &unused);
        check(json!({"secret": {"secretName": "s"}}), json!({}), None, &["volume `data` (secret)"]);
    }

    #[test]
    fn further_hosts() {
        let aliases = json!([{"ip": "10.0.0.1", "hostnames": ["a", "b"]}, {"hostnames": ["c"]}]);
        let found = read_of(json!({"spec": {"hostAliases": aliases}}), json!({})).unwrap();
        let expected = ["a", "b"].map(|name| (name.to_owned(), "10.0.0.1".to_owned()));
        assert_eq!((found.extra_hosts, found.unused), (expected.to_vec(), Vec::new()));
    }

    #[test]
    fn variables_of_the_role_come_over_the_common_ones() {
        let container =
            |env: Value| json!({"spec": {"containers": [{"name": MAIN_CONTAINER, "env": env}]}});
        let common = container(json!([{"name": "A", "value": "1"}, {"name": "B", "value": "1"}]));
        let own = container(json!([
            {"name": "B", "value": "2"},
            {"name": "C", "valueFrom": {"fieldRef": {"fieldPath": "metadata.name"}}},
        ]));
        let found = read_of(common, own).unwrap();
        let expected =
            [("A", "1"), ("B", "2")].map(|(key, value)| (key.to_owned(), value.to_owned()));
        assert_eq!(found.environment, expected.into());
        assert_eq!(found.unused, ["variable `C` (valueFrom)"]);
    }

    #[test]
    fn what_says_nothing_about_a_container_is_named() {
        let common = json!({"metadata": {"labels": {"a": "b"}}, "spec": {
            "nodeSelector": {"disk": "ssd"}, "tolerations": [],
            "containers": [{"name": MAIN_CONTAINER, "resources": {"limits": {}}}, {"name": "logs"}],
        }});
        let found = read_of(common, json!({})).unwrap();
        assert_eq!(
            found.unused,
            ["spec.nodeSelector", "spec.containers[].resources", "container `logs`"]
        );
        assert_eq!(read_of(json!({}), json!({})).unwrap(), Template::default());
    }

    #[test]
    fn what_cannot_be_mounted_is_refused() {
        #[track_caller]
        fn check(template: Value, expected: &str) {
            let problems = read_of(template, json!({})).unwrap_err();
            assert_eq!(problems[0].message, expected);
        }
        let relative = mounted(&json!({"hostPath": {"path": "in"}}), &json!({}));
        check(relative, "`in` is not an absolute path of the daemon's machine");
        let mut missing = mounted(&json!({"emptyDir": {}}), &json!({}));
        missing["spec"]["volumes"] = json!([]);
        check(missing, "there is no volume `data`, which is mounted at `/data`");
    }
}
