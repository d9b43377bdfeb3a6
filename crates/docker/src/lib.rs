//! The connection to a Docker daemon, and its refusals in plain words.

mod act;
pub mod checkpoints;
mod copy;
pub mod doctor;
pub mod end;
pub mod endpoint;
mod helper;
pub mod load;
mod lock;
pub mod logs;
pub mod make;
mod observe;
pub mod render;
pub mod scale;
mod served;
mod session;
mod shell;
pub mod store;
pub mod tls;
pub mod view;
pub mod watch;
pub mod why;

use std::io;
use std::path::Path;

use bollard::Docker;
use bollard::errors::Error as DaemonError;

use nutkin_shell::{Environment, Error, Kind};

use endpoint::Endpoint;
pub use observe::{Aim, Run};
pub use session::DockerSession;
pub use shell::DockerShell;

/// Containers and volumes that are looked at side by side: a daemon answers so many no later than one.
const AT_ONCE: usize = 8;

/// What Go's `net/http` answers to a request without TLS at a port with it.
const WANTS_TLS: &str = "HTTP request to an HTTPS server";
/// See above.
const SPEAK_TLS: &str = "set DOCKER_TLS_VERIFY=1, and DOCKER_CERT_PATH to the directory with ca.pem, cert.pem and key.pem";

/// Connects, and asks the daemon for its version, so that a daemon that is not there is noticed here.
///
/// # Errors
/// No daemon, no permission, an address that is none: with the remedy.
pub async fn connect(environment: &Environment) -> Result<Docker, Error> {
    let Endpoint { host, by, tls } = endpoint::find(environment)?;
    let host = host.as_str();
    let by = by.unwrap_or_else(|| "the default".to_owned());
    let path = host.strip_prefix("unix://").map(Path::new);
    if let Some(path) = path
        && let Err(error) = std::os::unix::net::UnixStream::connect(path)
    {
        return Err(no_socket(path, &error));
    }
    let docker = match &tls {
        Some(tls) => tls.connect(host)?,
        None => Docker::connect_with_host(host).map_err(|error| {
            Error::new(Kind::Invalid, format!("`{host}` ({by}): {error}"))
                .hint("write DOCKER_HOST=unix:///path/docker.sock or DOCKER_HOST=tcp://HOST:PORT")
        })?,
    };
    docker.negotiate_version().await.map_err(|error| {
        let explained = tls.and_then(|tls| tls.explain(&error));
        match (explained, status(&error)) {
            (Some((why, hint)), _) => refused(host, &why).hint(hint),
            (None, Some(_)) => {
                let failure = failure(&error).hint(format!("its address is `{host}` ({by})"));
                if message(&error).contains(WANTS_TLS) { failure.hint(SPEAK_TLS) } else { failure }
            }
            (None, None) => no_answer(host, &by, &error),
        }
    })
}

fn refused(host: &str, why: &str) -> Error {
    Error::new(Kind::Broken, format!("no Docker daemon answers at `{host}`: {why}"))
}

/// What listens at the address does not speak as a daemon does.
fn no_answer(host: &str, by: &str, error: &DaemonError) -> Error {
    refused(host, &message(error))
        .hint(format!("{by} names this address: see that its daemon runs and listens there"))
}

fn no_socket(path: &Path, error: &io::Error) -> Error {
    let shown = path.display();
    match error.kind() {
        io::ErrorKind::PermissionDenied => {
            Error::new(Kind::Broken, format!("this user may not use the Docker daemon at `{shown}`")).hint(
                "add yourself to the group `docker` (usermod -aG docker USER, log in again), or run a rootless daemon",
            )
        }
        _ => Error::new(Kind::Broken, format!("no Docker daemon listens at `{shown}`: {error}"))
            .hint("start it (systemctl start docker), or set DOCKER_HOST=unix:///path/docker.sock"),
    }
}

/// A daemon's error in its own words, without the layers around it.
pub fn failure(error: &DaemonError) -> Error {
    Error::new(Kind::Broken, format!("the Docker daemon: {}", message(error)))
}

/// What the daemon said; of what came in between, the first cause.
pub fn message(error: &DaemonError) -> String {
    match error {
        // What is not a daemon may say nothing: a proxy for example.
        DaemonError::DockerResponseServerError { status_code, message } if message.is_empty() => {
            format!("it answers with HTTP status {status_code} and without a message")
        }
        DaemonError::DockerResponseServerError { message, .. } => message.clone(),
        DaemonError::RequestTimeoutError => "it does not answer in time".to_owned(),
        DaemonError::DockerStreamError { error } => error.clone(),
        other => {
            let mut cause: &dyn std::error::Error = other;
            while let Some(deeper) = cause.source() {
                cause = deeper;
            }
            cause.to_string()
        }
    }
}

/// The HTTP status that the daemon answered with.
pub fn status(error: &DaemonError) -> Option<u16> {
    match error {
        DaemonError::DockerResponseServerError { status_code, .. } => Some(*status_code),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_daemon_that_is_not_there_is_said_plainly() {
        let folder = tempfile::tempdir().unwrap();
        let socket = folder.path().join("docker.sock");
        let host = format!("unix://{}", socket.display());
        let environment = Environment::of_test(&[("DOCKER_HOST", &host)], folder.path().to_owned());
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        let failure = runtime.block_on(connect(&environment)).unwrap_err();
        let said = format!("no Docker daemon listens at `{}`", socket.display());
        assert!(failure.error.to_string().starts_with(&said), "{failure:?}");
        assert!(
            format!("{:?}", failure.hints[0]).contains("systemctl start docker"),
            "{failure:?}"
        );
    }

    #[test]
    fn a_daemon_elsewhere_that_does_not_answer_is_said_with_the_cause() {
        // Port 1 is nobody's.
        let host = "tcp://127.0.0.1:1";
        let environment = Environment::of_test(&[("DOCKER_HOST", host)], "/".into());
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        let failure = runtime.block_on(connect(&environment)).unwrap_err();
        let said = failure.error.to_string();
        assert!(said.starts_with("no Docker daemon answers at `tcp://127.0.0.1:1`"), "{said}");
        assert!(said.contains("refused"), "{said}");
        assert!(format!("{:?}", failure.hints[0]).contains("DOCKER_HOST"), "{failure:?}");
    }

    #[test]
    fn a_daemon_that_wants_tls_is_not_only_quoted() {
        use nutkin_testkit::scenario::{Answer, Docker, Fault, Server};
        #[track_caller]
        fn check(answer: &str, is_tls: bool) {
            let server = Server::start(Docker::default());
            let answer = Answer::text(400, answer);
            server.set(move |_| Fault::Answer(answer.clone()));
            let host = format!("tcp://127.0.0.1:{}", server.port());
            let environment = Environment::of_test(&[("DOCKER_HOST", &host)], "/".into());
            let runtime =
                tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
            let failure = runtime.block_on(connect(&environment)).unwrap_err();
            assert_eq!(format!("{:?}", failure.hints).contains("DOCKER_TLS_VERIFY=1"), is_tls);
        }
        check("Client sent an HTTP request to an HTTPS server.\n", true);
        check("no", false);
    }

    #[test]
    fn a_refusal_without_words_has_a_cause() {
        #[track_caller]
        fn check(error: &DaemonError, expected: &str) {
            let said = failure(error).error.to_string();
            assert_eq!(said, format!("the Docker daemon: {expected}"));
        }
        let of = |message: &str| DaemonError::DockerResponseServerError {
            status_code: 404,
            message: message.to_owned(),
        };
        check(&of("no such image"), "no such image");
        check(&of(""), "it answers with HTTP status 404 and without a message");
        check(&DaemonError::RequestTimeoutError, "it does not answer in time");
    }

    #[test]
    fn a_missing_permission_names_the_group() {
        let error = io::Error::from(io::ErrorKind::PermissionDenied);
        let failure = no_socket(Path::new("/var/run/docker.sock"), &error);
        assert!(format!("{:?}", failure.hints[0]).contains("group `docker`"), "{failure:?}");
    }
}
