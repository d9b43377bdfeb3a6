//! Who a registry is told we are: the environment's name and password, otherwise what `docker login` stored, otherwise nobody.

use std::fs;
use std::path::Path;

use docker_credential::{CredentialRetrievalError, DockerCredential, get_credential_from_reader};
use oci_client::secrets::RegistryAuth;

use nutkin_shell::files::At;
use nutkin_shell::{Environment, Error, Kind};

/// Docker Hub as `oci-client` resolves it, and under which name Docker stores its login.
const HUB: (&str, &str) = ("index.docker.io", "https://index.docker.io/v1/");
/// What every helper says that has no login for a registry (docker-credential-helpers, `credentials/error.go`).
const NOT_FOUND: &str = "credentials not found";

/// What there is to log in with.
#[derive(Clone, PartialEq, Eq)]
pub(super) enum Login {
    /// A name and a password, or nothing.
    Known(RegistryAuth),
    /// A token that is to be exchanged first.
    Identity(String),
}

/// The login for a registry. Of the environment's variables both have to be set.
///
/// # Errors
/// What is stored cannot be used: said with where it is stored, and never with what.
pub(super) fn find(host: &str, environment: &Environment) -> Result<Login, Error> {
    let variable = |name| environment.text(name).map(str::to_owned);
    let stated = variable("NUTKIN_REGISTRY_USERNAME").zip(variable("NUTKIN_REGISTRY_PASSWORD"));
    if let Some((name, password)) = stated {
        return Ok(Login::Known(RegistryAuth::Basic(name, password)));
    }
    let folder = environment.path("DOCKER_CONFIG");
    let path = folder.unwrap_or_else(|| environment.home().join(".docker")).join("config.json");
    if !path.is_file() {
        return Ok(Login::Known(RegistryAuth::Anonymous));
    }
    let text = fs::read(&path).at("read", &path)?;
    let (hub, stored_as) = HUB;
    let names = if host == hub { vec![stored_as, host] } else { vec![host] };
    for name in names {
        match get_credential_from_reader(text.as_slice(), name) {
            Ok(DockerCredential::UsernamePassword(name, password)) => {
                return Ok(Login::Known(RegistryAuth::Basic(name, password)));
            }
            Ok(DockerCredential::IdentityToken(token)) => return Ok(Login::Identity(token)),
            Err(error) if is_nothing(&error) => {}
            Err(error) => return Err(unusable(host, &path, &error)),
        }
    }
    Ok(Login::Known(RegistryAuth::Anonymous))
}

/// Where a login is looked for, for people: `docker login` writes there.
pub(super) fn command(host: &str) -> String {
    if host == HUB.0 { "docker login".to_owned() } else { format!("docker login {host}") }
}

fn is_nothing(error: &CredentialRetrievalError) -> bool {
    match error {
        CredentialRetrievalError::NoCredentialConfigured => true,
        CredentialRetrievalError::HelperFailure { stdout, stderr, .. } => {
            [stdout, stderr].iter().any(|said| said.contains(NOT_FOUND))
        }
        _ => false,
    }
}

fn unusable(host: &str, path: &Path, error: &CredentialRetrievalError) -> Error {
    let shown = path.display();
    // What a helper says may hold what it should keep.
    let (what, hint) = match error {
        CredentialRetrievalError::HelperFailure { helper, .. } => (
            format!("`{helper}`, which `{shown}` names, failed"),
            format!("`echo {host} | {helper} get` shows why"),
        ),
        CredentialRetrievalError::HelperCommunicationError => (
            format!("the program `docker-credential-...` that `{shown}` names cannot be run"),
            "install it into a directory of PATH".to_owned(),
        ),
        CredentialRetrievalError::MalformedHelperResponse => (
            format!("the program `docker-credential-...` that `{shown}` names gave no login"),
            format!("`{}` stores it again", command(host)),
        ),
        _ => (
            format!("`{shown}` cannot be understood"),
            format!("`{}` writes it again", command(host)),
        ),
    };
    Error::new(Kind::Broken, format!("no login for `{host}`: {what}"))
        .hint(hint)
        .hint("or set NUTKIN_REGISTRY_USERNAME and NUTKIN_REGISTRY_PASSWORD")
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECRET: &str = "pass-of-a-test";
    /// `user:pass-of-a-test` in Base64.
    const AUTH: &str = "dXNlcjpwYXNzLW9mLWEtdGVzdA==";

    fn look(host: &str, config: &str, more: &[(&str, &str)]) -> Result<Login, Error> {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("config.json"), config).unwrap();
        let place = folder.path().display().to_string();
        let variables = [&[("DOCKER_CONFIG", place.as_str())], more].concat();
        find(host, &Environment::of_test(&variables, folder.path().to_owned()))
    }

    #[track_caller]
    fn check(host: &str, config: &str, expected: Option<&str>) {
        let expected = expected.map_or(RegistryAuth::Anonymous, |name| {
            RegistryAuth::Basic(name.to_owned(), SECRET.to_owned())
        });
        assert!(look(host, config, &[]).unwrap() == Login::Known(expected), "{host} in {config}");
    }

    #[track_caller]
    fn check_failure(config: &str, expected: &str) {
        let Err(failure) = look("r.example:5000", config, &[]) else { panic!("{config}") };
        let said = format!("{:#} {:?}", failure.error, failure.hints);
        assert!(said.contains(expected), "{said}");
        assert!(said.contains("NUTKIN_REGISTRY_PASSWORD"), "{said}");
        assert!(!said.contains(SECRET) && !said.contains(AUTH), "{said}");
    }

    #[test]
    fn what_docker_login_has_stored() {
        let auths = |key: &str| format!(r#"{{"auths": {{"{key}": {{"auth": "{AUTH}"}}}}}}"#);
        check("r.example:5000", &auths("r.example:5000"), Some("user"));
        check("r.example:5000", &auths("https://r.example:5000/v1/"), Some("user"));
        check("r.example:5000", &auths("other.example"), None);
        check("r.example:5000", "{}", None);
        for key in ["https://index.docker.io/v1/", "docker.io", "index.docker.io"] {
            check("index.docker.io", &auths(key), Some("user"));
        }
    }

    #[test]
    fn the_environment_wins() {
        let more = [("NUTKIN_REGISTRY_USERNAME", "me"), ("NUTKIN_REGISTRY_PASSWORD", "mine")];
        let mine = RegistryAuth::Basic("me".to_owned(), "mine".to_owned());
        assert!(look("r.example", "no JSON", &more).unwrap() == Login::Known(mine));
        let environment = Environment::of_test(&[], "/nowhere".into());
        assert!(find("r.example", &environment).unwrap() == Login::Known(RegistryAuth::Anonymous));
    }

    #[test]
    fn what_cannot_be_used_is_said_without_it() {
        check_failure("no JSON", "config.json` cannot be understood");
        check_failure(r#"{"auths": {"r.example:5000": {"auth": "?"}}}"#, "cannot be understood");
        let helper = r#"{"credsStore": "nutkin-test-that-is-not-there"}"#;
        check_failure(helper, "cannot be run");
    }

    #[test]
    fn identity_tokens_are_told_from_passwords() {
        let token = Login::Identity(SECRET.to_owned());
        let config = format!(
            r#"{{"auths": {{"r.example:5000": {{"auth": "{AUTH}", "identitytoken": "{SECRET}"}}}}}}"#
        );
        assert!(look("r.example:5000", &config, &[]).unwrap() == token);
    }
}
