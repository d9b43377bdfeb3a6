//! TLS to a Docker daemon, as Docker's own command speaks it: an authority, a certificate and a key, which lie beside
//! each other as `ca.pem`, `cert.pem` and `key.pem`.
//!
//! Source: `cli/flags/options.go` and `cli/context/docker/load.go` of docker/cli 28.

use std::error::Error as StdError;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use bollard::{API_DEFAULT_VERSION, BollardRequest, Docker};
use hyper_rustls::{ConfigBuilderExt as _, HttpsConnector};
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;
use nutkin_shell::{Error, Kind};
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::{CryptoProvider, ring, verify_tls12_signature, verify_tls13_signature};
use rustls::pki_types::pem::{self, PemObject};
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName, UnixTime};
use rustls::{
    CertificateError, ClientConfig, DigitallySignedStruct, RootCertStore, SignatureScheme,
};

/// Who signs daemons' certificates.
const AUTHORITY: &str = "ca.pem";
/// What the daemon knows this client by.
const CERTIFICATE: &str = "cert.pem";
/// The key of the certificate.
const KEY: &str = "key.pem";

/// How long a connection may take to be made (`withHTTPClient` of docker/cli).
const CONNECT: Duration = Duration::from_secs(30);

/// How long an answer may take, in seconds: that of connections without TLS (`DEFAULT_TIMEOUT` of bollard).
const ANSWER: u64 = 120;

/// How a daemon is to be reached by TLS.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tls {
    /// Where the files lie. Without a certificate there the client has none.
    pub folder: PathBuf,
    /// Whether the folder must have an authority; otherwise those of the system count where it has none.
    pub needs_authority: bool,
    /// Whether the certificate of the daemon is looked at.
    pub verifies: bool,
}

impl Tls {
    /// A daemon at `tcp://HOST:PORT`, which is not asked anything yet.
    ///
    /// # Errors
    /// A file cannot be read, or does not have what it should.
    pub(super) fn connect(&self, host: &str) -> Result<Docker, Error> {
        let mut tcp = HttpConnector::new();
        tcp.enforce_http(false);
        tcp.set_connect_timeout(Some(CONNECT));
        let connector = HttpsConnector::from((tcp, self.config()?));
        // As bollard does without TLS: connections are not kept.
        let client =
            Client::builder(TokioExecutor::new()).pool_max_idle_per_host(0).build(connector);
        let transport = move |request: BollardRequest| {
            let answer = client.request(request);
            async move { answer.await.map_err(bollard::errors::Error::from) }
        };
        let address = host.strip_prefix("tcp://").unwrap_or(host);
        let address = Some(format!("https://{address}"));
        Docker::connect_with_custom_transport(transport, address, ANSWER, API_DEFAULT_VERSION)
            .map_err(|error| Error::new(Kind::Invalid, format!("`{host}`: {error}")))
    }

    fn config(&self) -> Result<ClientConfig, Error> {
        let provider = Arc::new(ring::default_provider());
        let builder = ClientConfig::builder_with_provider(Arc::clone(&provider))
            .with_safe_default_protocol_versions()
            .map_err(|error| Error::of(Kind::Broken, error))?;
        let authority = self.folder.join(AUTHORITY);
        let builder = if !self.verifies {
            let verifier = Arc::new(Unverified(provider));
            builder.dangerous().with_custom_certificate_verifier(verifier)
        } else if self.needs_authority || authority.exists() {
            builder.with_root_certificates(roots(&authority)?)
        } else {
            builder.with_native_roots().map_err(|error| Error::of(Kind::Broken, error))?
        };
        let (certificate, key) = (self.folder.join(CERTIFICATE), self.folder.join(KEY));
        match (certificate.exists(), key.exists()) {
            (false, false) => Ok(builder.with_no_client_auth()),
            (true, false) => Err(alone(&certificate, KEY)),
            (false, true) => Err(alone(&key, CERTIFICATE)),
            (true, true) => {
                let chain = certificates(&certificate)?;
                builder.with_client_auth_cert(chain, private(&key)?).map_err(|error| {
                    let (certificate, key) = (certificate.display(), key.display());
                    let message = format!("`{key}` is not the key of `{certificate}`: {error}");
                    Error::new(Kind::Invalid, message)
                })
            }
        }
    }

    /// Why a daemon is not reached, and what to look at, where TLS is the reason.
    pub(super) fn explain(&self, error: &(dyn StdError + 'static)) -> Option<(String, String)> {
        let authority = self.folder.join(AUTHORITY).display().to_string();
        let certificate = self.folder.join(CERTIFICATE);
        let error = rustls_error(error)?;
        Some(match error {
            // A stranger may have the name of the authority.
            rustls::Error::InvalidCertificate(
                CertificateError::UnknownIssuer | CertificateError::BadSignature,
            ) => (
                format!("no authority of `{authority}` has signed its certificate"),
                format!("`{authority}` has to be the one that the daemon's certificate was made with"),
            ),
            rustls::Error::InvalidCertificate(_) => (
                error.to_string(),
                "the daemon needs a valid certificate that has this address as a name".to_owned(),
            ),
            rustls::Error::AlertReceived(_) if certificate.exists() => (
                format!("it refuses the certificate `{}` ({error})", certificate.display()),
                "the authority of the daemon (`tlscacert`) has to have signed it for clients".to_owned(),
            ),
            rustls::Error::AlertReceived(_) => (
                format!("it wants a certificate of its client ({error})"),
                format!("there is no `{}`", certificate.display()),
            ),
            rustls::Error::InvalidMessage(_) => (
                "what listens there does not speak TLS".to_owned(),
                "unset DOCKER_TLS_VERIFY, or make the context without certificates, if that is right".to_owned(),
            ),
            _ => (error.to_string(), format!("the certificates are those in `{}`", self.folder.display())),
        })
    }
}

/// The error of TLS in an error, however deep. Errors of the system hide theirs from `source`.
fn rustls_error<'e>(error: &'e (dyn StdError + 'static)) -> Option<&'e rustls::Error> {
    if let Some(found) = error.downcast_ref() {
        return Some(found);
    }
    let inner = error.downcast_ref::<io::Error>().and_then(io::Error::get_ref);
    match inner {
        Some(inner) => rustls_error(inner),
        None => rustls_error(error.source()?),
    }
}

fn roots(path: &Path) -> Result<RootCertStore, Error> {
    let mut roots = RootCertStore::empty();
    for one in certificates(path)? {
        roots.add(one).map_err(|error| {
            let message = format!("`{}` has a certificate of no use: {error}", path.display());
            Error::new(Kind::Invalid, message)
        })?;
    }
    Ok(roots)
}

fn certificates(path: &Path) -> Result<Vec<CertificateDer<'static>>, Error> {
    let all: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(&read(path)?).collect();
    match all {
        Ok(all) if !all.is_empty() => Ok(all),
        Ok(_) => Err(without(path, "a certificate", &pem::Error::NoItemsFound)),
        Err(error) => Err(without(path, "a certificate", &error)),
    }
}

fn private(path: &Path) -> Result<PrivateKeyDer<'static>, Error> {
    let text = read(path)?;
    PrivateKeyDer::from_pem_slice(&text).map_err(|error| {
        let is_encrypted = String::from_utf8_lossy(&text).contains("ENCRYPTED");
        let failure = without(path, "a private key", &error);
        let hint = "its key is encrypted, which Docker's own command does not take either";
        if is_encrypted { failure.hint(hint) } else { failure }
    })
}

fn read(path: &Path) -> Result<Vec<u8>, Error> {
    fs::read(path).map_err(|error| {
        Error::new(Kind::Invalid, format!("cannot read `{}`: {error}", path.display()))
            .hint("DOCKER_CERT_PATH names the directory with ca.pem, cert.pem and key.pem")
    })
}

fn without(path: &Path, what: &str, error: &pem::Error) -> Error {
    let reason = match error {
        pem::Error::NoItemsFound => "nothing of the kind is in it".to_owned(),
        error => error.to_string(),
    };
    let message = format!("`{}` is not a PEM file with {what}: {reason}", path.display());
    Error::new(Kind::Invalid, message)
}

fn alone(path: &Path, other: &str) -> Error {
    let message = format!("there is `{}`, and no `{other}` beside it", path.display());
    Error::new(Kind::Invalid, message)
}

/// Takes any certificate, as DOCKER_TLS without DOCKER_TLS_VERIFY and contexts with `skip-tls-verify` want it. That the
/// other side has the certificate's key is still looked at.
#[derive(Debug)]
struct Unverified(Arc<CryptoProvider>);

impl ServerCertVerifier for Unverified {
    fn verify_server_cert(
        &self,
        _: &CertificateDer<'_>,
        _: &[CertificateDer<'_>],
        _: &ServerName<'_>,
        _: &[u8],
        _: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        let algorithms = &self.0.signature_verification_algorithms;
        verify_tls12_signature(message, certificate, signature, algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        let algorithms = &self.0.signature_verification_algorithms;
        verify_tls13_signature(message, certificate, signature, algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.0.signature_verification_algorithms.supported_schemes()
    }
}

#[cfg(test)]
mod tests {
    use nutkin_shell::Environment;
    use nutkin_testkit::scenario::tls::Authority;
    use nutkin_testkit::scenario::{self, Server};

    use super::*;
    use crate::connect;

    /// A daemon that wants clients of `authority`, and what a client says that has these files in DOCKER_CERT_PATH.
    #[track_caller]
    fn check(
        files: &[(&str, &str)],
        authority: &Authority,
        more: &[(&str, &str)],
        expected: &[&str],
    ) {
        let server = Server::start_tls(scenario::Docker::default(), authority.server("127.0.0.1"));
        let folder = tempfile::tempdir().unwrap();
        for (name, text) in files {
            fs::write(folder.path().join(name), text).unwrap();
        }
        let path = folder.path().display().to_string();
        let host = format!("tcp://127.0.0.1:{}", server.port());
        let variables = [("DOCKER_HOST", host.as_str()), ("DOCKER_CERT_PATH", path.as_str())];
        let environment = Environment::of_test(&[&variables, more].concat(), "/".into());
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        let answer = runtime.block_on(async {
            let docker = connect(&environment).await?;
            let version = docker.version().await.map_err(|error| crate::failure(&error))?;
            Ok::<_, Error>(version.api_version.unwrap_or_default())
        });
        let said = match answer {
            Ok(version) => format!("connected by API {version}"),
            Err(failure) => {
                format!("{:#} / {:?}", failure.error, failure.hints).replace(&path, "DIR")
            }
        };
        for text in expected {
            assert!(said.contains(text), "{said}");
        }
    }

    #[test]
    fn a_daemon_with_tls_and_what_is_said_where_it_fails() {
        let authority = Authority::new();
        let (certificate, key) = authority.client();
        let ca = authority.pem();
        let (other_certificate, other_key) = Authority::new().client();
        let verify = &[("DOCKER_TLS_VERIFY", "1")][..];
        let all = [("ca.pem", ca), ("cert.pem", &certificate), ("key.pem", &key)];
        let check = |files: &[(&str, &str)], more: &[(&str, &str)], expected: &[&str]| {
            check(files, &authority, more, expected);
        };
        check(&all, verify, &["connected by API 1.48"]);
        // Nobody else's authority, certificate or silence is taken.
        let other = Authority::new();
        let wrong = [("ca.pem", other.pem()), all[1], all[2]];
        check(&wrong, verify, &["no authority of `DIR/ca.pem` has signed its certificate"]);
        let stranger = [all[0], ("cert.pem", other_certificate.as_str()), ("key.pem", &other_key)];
        check(&stranger, verify, &["it refuses the certificate `DIR/cert.pem`"]);
        check(&all[..1], verify, &["it wants a certificate of its client", "no `DIR/cert.pem`"]);
        // Where nobody asks for it the daemon's certificate is not looked at; its own look stays.
        check(&wrong, &[("DOCKER_TLS", "1")], &["connected by API 1.48"]);
        check(&all[..1], &[("DOCKER_TLS", "1")], &["it wants a certificate of its client"]);
        // Files that are none.
        check(&all[1..], verify, &["cannot read `DIR/ca.pem`: No such file", "DOCKER_CERT_PATH"]);
        check(&[all[0], all[1]], verify, &["there is `DIR/cert.pem`, and no `key.pem` beside it"]);
        check(&[all[0], all[1], ("key.pem", &other_key)], verify, &["is not the key of"]);
        check(&[("ca.pem", "ca"), all[1], all[2]], verify, &["`DIR/ca.pem` is not a PEM file"]);
        check(&[all[0], all[1], ("key.pem", ca)], verify, &["`DIR/key.pem` is not a PEM file"]);
        // The control: without TLS the daemon says so itself.
        check(&all, &[], &["no Docker daemon answers at"]);
    }

    #[test]
    fn a_daemon_without_tls_is_not_spoken_to_in_clear() {
        let server = Server::start(scenario::Docker::default());
        let authority = Authority::new();
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("ca.pem"), authority.pem()).unwrap();
        let tls = Tls { folder: folder.path().to_owned(), needs_authority: true, verifies: true };
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        let error = runtime.block_on(async {
            let docker = tls.connect(&format!("tcp://127.0.0.1:{}", server.port())).unwrap();
            docker.version().await.unwrap_err()
        });
        assert_eq!(tls.explain(&error).unwrap().0, "what listens there does not speak TLS");
        assert!(server.seen().is_empty(), "nothing was asked");
    }
}
