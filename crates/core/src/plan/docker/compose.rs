//! The same as a Compose file (Compose Specification; `configs` with `content` came with Docker Compose 2.23.1).

use serde_json::{Map, Value, json};

use super::{Container, Containers, MountSource, SESSION};
use nutkin_flink::official::FLINK_ID;
use nutkin_flink::process::Role;

/// Between two looks at a container's health, how long one may take, and how often it may fail: a JVM needs some
/// seconds to answer, on a loaded machine ten.
pub const HEALTH_SECONDS: (u64, u64, u64) = (5, 3, 6);

/// Seconds that a start may take before failed looks count.
pub const START_SECONDS: u64 = 30;

/// What an image needs that starts as root and becomes another user by itself, as the official one does with `gosu`: it
/// writes configuration that is another user's, and changes its user and groups. Whoever starts as another user has none
/// of it.
pub const TO_BECOME_ANOTHER: [&str; 5] = ["CHOWN", "DAC_OVERRIDE", "FOWNER", "SETGID", "SETUID"];

/// Size and number of the files that keep what a container prints: Flink prints its log, and a job may print each record.
pub const LOG_LIMITS: [(&str, &str); 2] = [("max-size", "100m"), ("max-file", "3")];

/// Fields of each service that keep it within bounds: its log, and what of root's privileges it has. They are those of
/// containers that `up` makes, but for the log driver of the daemon, which a file does not know.
pub fn protections(hardened: bool) -> Map<String, Value> {
    let limits = LOG_LIMITS.map(|(key, value)| (key.to_owned(), json!(value)));
    let options = Value::Object(limits.into_iter().collect());
    let mut fields = Map::new();
    fields.insert("logging".to_owned(), json!({"driver": "json-file", "options": options}));
    if hardened {
        fields.insert("cap_drop".to_owned(), json!(["ALL"]));
        fields.insert("cap_add".to_owned(), json!(TO_BECOME_ANOTHER));
        fields.insert("security_opt".to_owned(), json!(["no-new-privileges:true"]));
    }
    fields
}

/// The document. `extras` are the jars and plugins that are mounted: path below `FLINK_HOME`, path on the host.
pub fn compose(wanted: &Containers, flink_home: &str, extras: &[(String, String)]) -> Value {
    let mut services = Map::new();
    let health_of = |role| wanted.containers.iter().filter(move |one| one.role == role);
    for one in &wanted.containers {
        let mut service = service(one, wanted, flink_home, extras);
        let needs: Vec<&Container> = match one.role {
            Role::ZooKeeper => Vec::new(),
            Role::JobManager => health_of(Role::ZooKeeper).collect(),
            Role::TaskManager => health_of(Role::JobManager).collect(),
        };
        if !needs.is_empty() {
            let needs = needs
                .iter()
                .map(|need| (need.alias.clone(), json!({"condition": "service_healthy"})));
            service["depends_on"] = Value::Object(needs.collect());
        }
        services.insert(one.alias.clone(), service);
    }
    let label = json!({SESSION: wanted.session});
    let configs =
        wanted.files.iter().map(|(name, text)| (config_name(name), json!({"content": text})));
    let mut volumes = Map::new();
    volumes.insert("data".to_owned(), json!({"name": wanted.volume, "labels": label}));
    for mount in wanted.containers.iter().flat_map(|one| &one.mounts) {
        if let MountSource::Volume(name) = &mount.source {
            volumes.insert(volume_key(name), json!({"name": name}));
        }
    }
    literal(json!({
        "name": wanted.network,
        "services": services,
        "networks": {"session": {"name": wanted.network, "labels": label}},
        "volumes": volumes,
        "configs": Value::Object(configs.collect()),
    }))
}

/// The same without variables: Compose fills them into every value, and `$$` is one `$`.
fn literal(value: Value) -> Value {
    match value {
        Value::String(text) => Value::String(text.replace('$', "$$")),
        Value::Array(all) => all.into_iter().map(literal).collect(),
        Value::Object(all) => all.into_iter().map(|(key, one)| (key, literal(one))).collect(),
        other => other,
    }
}

fn service(
    one: &Container,
    wanted: &Containers,
    flink_home: &str,
    extras: &[(String, String)],
) -> Value {
    let (interval, timeout, retries) = HEALTH_SECONDS;
    let mut test = vec!["CMD".to_owned()];
    test.extend(one.health.iter().cloned());
    let mut limits = json!({"memory": one.memory.to_string()});
    if let Some(cpus) = one.millicpus {
        limits["cpus"] = json!(format!("{}.{:03}", cpus / 1000, cpus % 1000));
    }
    let configs: Vec<Value> = wanted
        .files
        .keys()
        .map(|name| {
            json!({
                "source": config_name(name),
                "target": format!("{flink_home}/conf/{name}"),
                "uid": FLINK_ID.to_string(),
                "gid": FLINK_ID.to_string(),
            })
        })
        .collect();
    let mut volumes = vec![json!({"type": "volume", "source": "data", "target": wanted.data})];
    volumes.extend(extras.iter().map(|(path, source)| {
        json!({"type": "bind", "source": source, "target": format!("{flink_home}/{path}"), "read_only": true})
    }));
    for mount in &one.mounts {
        volumes.push(match &mount.source {
            MountSource::Folder { path, is_made } => json!({
                "type": "bind", "source": path, "target": mount.target, "read_only": mount.read_only,
                "bind": {"create_host_path": is_made},
            }),
            MountSource::Volume(name) => json!({
                "type": "volume", "source": volume_key(name), "target": mount.target,
                "read_only": mount.read_only,
            }),
            MountSource::Scratch => json!({"type": "volume", "target": mount.target}),
        });
    }
    let mut service = json!({
        "image": one.image,
        "container_name": one.name,
        "hostname": one.alias,
        "command": one.command,
        "environment": one.environment,
        "labels": one.labels,
        "networks": ["session"],
        "configs": configs,
        "volumes": volumes,
        "restart": "unless-stopped",
        "deploy": {"resources": {"limits": limits}},
        "healthcheck": {
            "test": test,
            "interval": format!("{interval}s"),
            "timeout": format!("{timeout}s"),
            "retries": retries,
            "start_period": format!("{START_SECONDS}s"),
        },
    });
    if !one.extra_hosts.is_empty() {
        let all = one.extra_hosts.iter().map(|(host, address)| format!("{host}:{address}"));
        service["extra_hosts"] = all.collect();
    }
    if let Some(published) = &one.published {
        let mut port = json!({
            "target": super::REST_PORT,
            "host_ip": published.address,
            "protocol": "tcp",
        });
        if published.port != 0 {
            port["published"] = json!(published.port.to_string());
        }
        service["ports"] = json!([port]);
    }
    if let Value::Object(service) = &mut service {
        service.extend(protections(one.hardened));
    }
    service
}

/// A volume of somebody else's among those of the file: `data` is the session's own.
fn volume_key(name: &str) -> String {
    format!("volume-{name}")
}

/// Names of configs are those of Compose's resources.
fn config_name(file: &str) -> String {
    file.chars()
        .map(|c| if c.is_ascii_alphanumeric() || "-_.".contains(c) { c } else { '-' })
        .collect()
}
