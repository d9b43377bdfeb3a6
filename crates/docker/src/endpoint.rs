//! Which daemon is meant, as Docker's own command finds it: `DOCKER_HOST`, a context, or the socket of this machine.
//!
//! Source: `resolveContextName`, `cli/context/store`, `cli/flags/options.go` and `opts/hosts.go` of docker/cli 28. What is
//! read there is `config.json`, `contexts/meta/*/meta.json` and `contexts/tls/*/docker` of `DOCKER_CONFIG`, otherwise
//! `~/.docker`.

use std::fs;
use std::path::{Path, PathBuf};

use nutkin_shell::{Environment, Error, Kind};
use serde_json::Value;

use super::served;
use super::tls::Tls;

/// Where a daemon listens unless something else is said.
const SOCKET: &str = "unix:///var/run/docker.sock";

/// Where a daemon listens for TLS unless something else is said (`defaultTLSHost`).
const TLS_HOST: &str = "tcp://localhost:2376";

/// The host of an address without one (`defaultHTTPHost`).
const HOST: &str = "localhost";

/// The port of an address without one (`defaultHTTPPort`, with and without TLS).
const PORT: &str = "2375";

/// The context that stands for no context.
const DEFAULT: &str = "default";

/// A daemon's address, and who says so.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Endpoint {
    /// `unix:///var/run/docker.sock`, `tcp://10.0.0.1:2375`.
    pub host: String,
    /// The variable or the context, for messages; `None` for the socket of this machine.
    pub by: Option<String>,
    /// How TLS is spoken; `None` without it, and on sockets.
    pub tls: Option<Tls>,
}

impl Endpoint {
    /// Whether the daemon is one of this machine for sure: a socket of another place may be forwarded.
    pub(super) fn is_of_this_machine(&self) -> bool {
        self.host == SOCKET || self.host.strip_prefix("unix://").is_some_and(served::is_here)
    }
}

/// The daemon that commands of this environment talk to.
///
/// # Errors
/// The context does not exist, or its files cannot be read.
pub fn find(environment: &Environment) -> Result<Endpoint, Error> {
    let folder = folder(environment);
    if let Some(host) = environment.text("DOCKER_HOST") {
        let host = full(host);
        let tls = tls_of_variables(environment, &folder).filter(|_| host.starts_with("tcp://"));
        return Ok(Endpoint { host, by: Some("DOCKER_HOST".to_owned()), tls });
    }
    let (name, by) = if let Some(name) = environment.text("DOCKER_CONTEXT") {
        (Some(name.to_owned()), "DOCKER_CONTEXT".to_owned())
    } else {
        let path = folder.join("config.json");
        let config = read(&path)?.unwrap_or_default();
        (config["currentContext"].as_str().map(str::to_owned), path.display().to_string())
    };
    match name.filter(|name| !name.is_empty() && name != DEFAULT) {
        Some(name) => of_context(&folder, &name, &by),
        None => Ok(match tls_of_variables(environment, &folder) {
            Some(tls) => {
                let by = Some("DOCKER_TLS_VERIFY without DOCKER_HOST".to_owned());
                Endpoint { host: TLS_HOST.to_owned(), by, tls: Some(tls) }
            }
            None => Endpoint { host: SOCKET.to_owned(), by: None, tls: None },
        }),
    }
}

/// An address as Docker's own command understands it (`ParseTCPAddr`): a path is a socket, what has no scheme is `tcp`, and
/// what `tcp` leaves out is the usual host and port.
fn full(host: &str) -> String {
    let host = host.trim();
    let address = match host.split_once("://") {
        None if host.starts_with('/') || host.starts_with("./") => return format!("unix://{host}"),
        None => host,
        Some(("tcp", address)) => address,
        Some(_) => return host.to_owned(),
    };
    // The colons of `[::1]` are its own.
    let parts = address.rsplit_once(':').filter(|(_, port)| !port.ends_with(']'));
    let (name, port) = parts.unwrap_or((address, ""));
    let name = if name.is_empty() { HOST } else { name };
    let port = if port.is_empty() { PORT } else { port };
    format!("tcp://{name}:{port}")
}

/// TLS by `DOCKER_TLS_VERIFY`, or without a look at the daemon's certificate by `DOCKER_TLS`: the files of
/// `DOCKER_CERT_PATH`, otherwise those of the folder of Docker's configuration.
fn tls_of_variables(environment: &Environment, folder: &Path) -> Option<Tls> {
    let verifies = environment.text("DOCKER_TLS_VERIFY").is_some();
    if !verifies && environment.text("DOCKER_TLS").is_none() {
        return None;
    }
    let files = environment.place("DOCKER_CERT_PATH").unwrap_or_else(|| folder.to_owned());
    Some(Tls { folder: files, needs_authority: verifies, verifies })
}

fn folder(environment: &Environment) -> PathBuf {
    environment.place("DOCKER_CONFIG").unwrap_or_else(|| environment.home().join(".docker"))
}

/// The address of a context. `by`: who names it.
fn of_context(folder: &Path, name: &str, by: &str) -> Result<Endpoint, Error> {
    let all = fs::read_dir(folder.join("contexts/meta")).into_iter().flatten().flatten();
    let mut names = Vec::new();
    for entry in all {
        let Some(meta) = read(&entry.path().join("meta.json"))? else { continue };
        let found = meta["Name"].as_str().unwrap_or_default();
        if found != name {
            names.push(found.to_owned());
            continue;
        }
        let endpoint = &meta["Endpoints"]["docker"];
        let host = full(endpoint["Host"].as_str().unwrap_or(SOCKET));
        let by = format!("the Docker context `{name}` of {by}");
        let files = folder.join("contexts/tls").join(entry.file_name()).join("docker");
        let verifies = endpoint["SkipTLSVerify"].as_bool() != Some(true);
        let has_tls = host.starts_with("tcp://") && (files.is_dir() || !verifies);
        let tls = has_tls.then_some(Tls { folder: files, needs_authority: false, verifies });
        return Ok(Endpoint { host, by: Some(by), tls });
    }
    names.sort();
    let message = format!("there is no Docker context `{name}`, which {by} names");
    let failure = Error::new(Kind::Invalid, message);
    Err(if names.is_empty() {
        failure.hint("`docker context ls` lists them; DOCKER_HOST names a daemon by its address")
    } else {
        failure.hint(format!("there are: {}", names.join(", ")))
    })
}

/// A JSON file; `None` where there is none.
fn read(path: &Path) -> Result<Option<Value>, Error> {
    let text = match fs::read_to_string(path) {
        Ok(text) => text,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
        Err(error) => {
            let message = format!("cannot read `{}`: {error}", path.display());
            return Err(Error::new(Kind::Invalid, message));
        }
    };
    serde_json::from_str(&text).map(Some).map_err(|error| {
        Error::new(Kind::Invalid, format!("`{}` is not JSON: {error}", path.display()))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A home with the contexts `far` (a plain address), `safe` (with certificates), `lax` (any certificate) and, in use,
    /// `current`. Expected is the address, and with TLS the folder in the home and whether the daemon is looked at.
    #[track_caller]
    fn check(current: &str, variables: &[(&str, &str)], expected: Result<&str, &str>) {
        let home = tempfile::tempdir().unwrap();
        let docker = home.path().join(".docker");
        for (id, name, host) in [
            ("1", "far", "tcp://10.0.0.1:2375"),
            ("2", "safe", "tcp://10.0.0.2:2376"),
            ("3", "lax", "tcp://10.0.0.3:2376"),
        ] {
            let meta = docker.join("contexts/meta").join(id);
            fs::create_dir_all(&meta).unwrap();
            let endpoint = serde_json::json!({"Host": host, "SkipTLSVerify": name == "lax"});
            let text = serde_json::json!({"Name": name, "Endpoints": {"docker": endpoint}});
            fs::write(meta.join("meta.json"), text.to_string()).unwrap();
        }
        fs::create_dir_all(docker.join("contexts/tls/2/docker")).unwrap();
        let config = serde_json::json!({"currentContext": current});
        fs::write(docker.join("config.json"), config.to_string()).unwrap();
        let home = home.path().display().to_string();
        let variables = [variables, &[("HOME", home.as_str())]].concat();
        let found = find(&Environment::of_test(&variables, "/".into()));
        match (found, expected) {
            (Ok(found), Ok(expected)) => {
                let tls = found.tls.map_or(String::new(), |tls| {
                    let folder = tls.folder.display().to_string();
                    let looks = if tls.verifies { "looks" } else { "any" };
                    format!(" {} {looks}", folder.trim_start_matches(&home))
                });
                assert_eq!(format!("{}{tls}", found.host), expected);
            }
            (Err(failure), Err(expected)) => {
                let said = failure.error.to_string();
                assert!(said.contains(expected), "{said}");
            }
            (found, _) => panic!("{found:?}"),
        }
    }

    #[test]
    fn the_daemon_that_docker_itself_would_take() {
        check("", &[], Ok(SOCKET));
        check("default", &[], Ok(SOCKET));
        check("far", &[], Ok("tcp://10.0.0.1:2375"));
        check("", &[("DOCKER_CONTEXT", "far")], Ok("tcp://10.0.0.1:2375"));
        check("far", &[("DOCKER_CONTEXT", "default")], Ok(SOCKET));
        check("far", &[("DOCKER_HOST", "unix:///x"), ("DOCKER_CONTEXT", "no")], Ok("unix:///x"));
        check("gone", &[], Err("there is no Docker context `gone`"));
        check("", &[("DOCKER_CONTEXT", "nope")], Err("`nope`, which DOCKER_CONTEXT names"));
    }

    #[test]
    fn addresses_in_short() {
        let of = |host| [("DOCKER_HOST", host)];
        check("", &of("/x/docker.sock"), Ok("unix:///x/docker.sock"));
        check("", &of("10.0.0.1:99"), Ok("tcp://10.0.0.1:99"));
        check("", &of("tcp://far"), Ok("tcp://far:2375"));
        check("", &of("tcp://far:"), Ok("tcp://far:2375"));
        check("", &of("tcp://:2376"), Ok("tcp://localhost:2376"));
        check("", &of("tcp://"), Ok("tcp://localhost:2375"));
        check("", &of("tcp://[::1]"), Ok("tcp://[::1]:2375"));
        check("", &of("tcp://[::1]:99"), Ok("tcp://[::1]:99"));
        check("", &of("ssh://me@far"), Ok("ssh://me@far"));
    }

    #[test]
    fn tls_where_docker_itself_speaks_it() {
        let tcp = ("DOCKER_HOST", "tcp://10.0.0.1:2376");
        let (verify, lax) = (("DOCKER_TLS_VERIFY", "1"), ("DOCKER_TLS", "1"));
        let files = ("DOCKER_CERT_PATH", "certs");
        check("", &[tcp, verify], Ok("tcp://10.0.0.1:2376 /.docker looks"));
        check("", &[tcp, verify, files], Ok("tcp://10.0.0.1:2376 /certs looks"));
        check("", &[tcp, lax, files], Ok("tcp://10.0.0.1:2376 /certs any"));
        check("", &[verify, files], Ok("tcp://localhost:2376 /certs looks"));
        check("safe", &[], Ok("tcp://10.0.0.2:2376 /.docker/contexts/tls/2/docker looks"));
        check("lax", &[], Ok("tcp://10.0.0.3:2376 /.docker/contexts/tls/3/docker any"));
        // The controls: without it, with files alone, in a context without it, and on a socket, where there is none.
        check("", &[tcp, files], Ok("tcp://10.0.0.1:2376"));
        check("far", &[verify, files], Ok("tcp://10.0.0.1:2375"));
        check("", &[("DOCKER_HOST", "unix:///x"), verify], Ok("unix:///x"));
    }
}
