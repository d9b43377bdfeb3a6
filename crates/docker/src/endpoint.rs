//! Which daemon is meant, as Docker's own command finds it: `DOCKER_HOST`, a context, or the socket of this machine.
//!
//! Source: `resolveContextName` and `cli/context/store` of docker/cli 28. What is read there is `config.json` and
//! `contexts/meta/*/meta.json` of `DOCKER_CONFIG`, otherwise `~/.docker`.

use std::fs;
use std::path::{Path, PathBuf};

use nutkin_shell::{Environment, Error, Kind};
use serde_json::Value;

/// Where a daemon listens unless something else is said.
pub(super) const SOCKET: &str = "unix:///var/run/docker.sock";

/// The context that stands for no context.
const DEFAULT: &str = "default";

/// A daemon's address, and who says so.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Endpoint {
    /// `unix:///var/run/docker.sock`, `tcp://10.0.0.1:2375`.
    pub host: String,
    /// The variable or the context, for messages; `None` for the socket of this machine.
    pub by: Option<String>,
}

/// The daemon that commands of this environment talk to.
///
/// # Errors
/// The context does not exist, its files cannot be read, or it needs TLS or SSH, which Nutkin does not support.
pub fn find(environment: &Environment) -> Result<Endpoint, Error> {
    if let Some(host) = environment.text("DOCKER_HOST") {
        if environment.text("DOCKER_TLS_VERIFY").is_some() && host.starts_with("tcp://") {
            return Err(no_tls(host, "DOCKER_TLS_VERIFY is set"));
        }
        return Ok(Endpoint { host: host.to_owned(), by: Some("DOCKER_HOST".to_owned()) });
    }
    let folder = folder(environment);
    let (name, by) = if let Some(name) = environment.text("DOCKER_CONTEXT") {
        (Some(name.to_owned()), "DOCKER_CONTEXT".to_owned())
    } else {
        let path = folder.join("config.json");
        let config = read(&path)?.unwrap_or_default();
        (config["currentContext"].as_str().map(str::to_owned), path.display().to_string())
    };
    match name.filter(|name| !name.is_empty() && name != DEFAULT) {
        None => Ok(Endpoint { host: SOCKET.to_owned(), by: None }),
        Some(name) => of_context(&folder, &name, &by),
    }
}

fn folder(environment: &Environment) -> PathBuf {
    environment.path("DOCKER_CONFIG").unwrap_or_else(|| environment.home().join(".docker"))
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
        let host = meta["Endpoints"]["docker"]["Host"].as_str().unwrap_or(SOCKET);
        let by = format!("the Docker context `{name}` of {by}");
        let tls = folder.join("contexts/tls").join(entry.file_name()).join("docker");
        if tls.is_dir() {
            return Err(no_tls(host, &format!("{by} has certificates")));
        }
        return Ok(Endpoint { host: host.to_owned(), by: Some(by) });
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

/// Plain HTTP to a daemon that is meant to be reached by TLS would send everything in clear.
fn no_tls(host: &str, why: &str) -> Error {
    let message = format!(
        "the Docker daemon at `{host}` is to be reached by TLS ({why}), which Nutkin does not speak"
    );
    Error::new(Kind::Invalid, message).hint(
        "forward its socket by SSH and name that: `ssh -nNT -L ./docker.sock:/var/run/docker.sock USER@HOST`, \
         DOCKER_HOST=unix://$PWD/docker.sock",
    )
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

    /// A home with the contexts `far` (a plain address), `safe` (with certificates) and, in use, `current`.
    #[track_caller]
    fn check(current: &str, variables: &[(&str, &str)], expected: Result<&str, &str>) {
        let home = tempfile::tempdir().unwrap();
        let docker = home.path().join(".docker");
        for (id, name, host) in
            [("1", "far", "tcp://10.0.0.1:2375"), ("2", "safe", "tcp://10.0.0.2:2376")]
        {
            let meta = docker.join("contexts/meta").join(id);
            fs::create_dir_all(&meta).unwrap();
            let text = serde_json::json!({"Name": name, "Endpoints": {"docker": {"Host": host}}});
            fs::write(meta.join("meta.json"), text.to_string()).unwrap();
        }
        fs::create_dir_all(docker.join("contexts/tls/2/docker")).unwrap();
        let config = serde_json::json!({"currentContext": current});
        fs::write(docker.join("config.json"), config.to_string()).unwrap();
        let home = home.path().display().to_string();
        let variables = [variables, &[("HOME", home.as_str())]].concat();
        let found = find(&Environment::of_test(&variables, "/".into()));
        match (found, expected) {
            (Ok(found), Ok(expected)) => assert_eq!(found.host, expected),
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
    fn tls_is_refused_rather_than_left_out() {
        let tcp = ("DOCKER_HOST", "tcp://10.0.0.1:2376");
        check("", &[tcp, ("DOCKER_TLS_VERIFY", "1")], Err("DOCKER_TLS_VERIFY is set"));
        check("safe", &[], Err("has certificates"));
        // The controls: without it, and on a socket, where there is none.
        check("", &[tcp], Ok("tcp://10.0.0.1:2376"));
        check("", &[("DOCKER_HOST", "unix:///x"), ("DOCKER_TLS_VERIFY", "1")], Ok("unix:///x"));
    }
}
