//! Identity tokens: what `docker login` stores for registries whose users log in elsewhere, in place of a password.
//! Such a token is exchanged for one that opens one repository, as the registry's challenge says where.
//!
//! Source: the token protocol of the Distribution project, "OAuth2 token authentication", as Docker's daemon speaks it.

use http_auth::ChallengeParser;
use oci_client::{Reference, RegistryOperation};
use reqwest::Url;
use reqwest::header::{CONTENT_TYPE, WWW_AUTHENTICATE};
use serde::Deserialize;

use nutkin_rest::http;
use nutkin_shell::{Error, Kind};

/// Who asks, in the words of the protocol, which wants a name.
const CLIENT: &str = "nutkin";

/// What a registry that nobody has logged in to answers with: whom to ask, and for which service.
#[derive(Debug, PartialEq, Eq)]
struct Challenge {
    realm: String,
    service: Option<String>,
}

/// The answer, of which nothing else is of use.
#[derive(Deserialize)]
struct Granted {
    access_token: String,
}

/// Exchanges an identity token for one that reads, or writes, one image's repository.
///
/// # Errors
/// The registry knows no such exchange, or refuses it; it would have to be carried over a network in the clear.
pub(super) async fn exchange(
    name: &Reference,
    scheme: &str,
    token: &str,
    operation: RegistryOperation,
) -> Result<String, Error> {
    let host = name.resolve_registry();
    let client = http::client()?;
    let url = format!("{scheme}://{host}/v2/");
    let answer = client.get(&url).send().await.map_err(|error| cannot(host, error))?;
    let mut said = answer.headers().get_all(WWW_AUTHENTICATE).iter();
    let challenge = said.find_map(|value| challenge(value.to_str().ok()?));
    let challenge = challenge.ok_or_else(|| {
        let message =
            format!("`{host}` takes no identity token, which `docker login` has stored for it");
        by_password(Error::new(Kind::Broken, message))
    })?;
    let realm = Url::parse(&challenge.realm).ok().filter(is_private).ok_or_else(|| {
        let message = format!("`{host}` wants its identity token sent to `{}`", challenge.realm);
        by_password(Error::new(Kind::Broken, message))
            .hint("which is not an https address: anybody on the way could read it")
    })?;
    let rights = match operation {
        RegistryOperation::Pull => "pull",
        RegistryOperation::Push => "pull,push",
    };
    let scope = format!("repository:{}:{rights}", name.repository());
    let mut form = vec![
        ("grant_type", "refresh_token"),
        ("client_id", CLIENT),
        ("scope", &scope),
        ("refresh_token", token),
    ];
    form.extend(challenge.service.as_deref().map(|service| ("service", service)));
    let answer = client
        .post(realm)
        .header(CONTENT_TYPE, "application/x-www-form-urlencoded")
        .body(encoded(&form))
        .send()
        .await
        .map_err(|error| cannot(host, error))?;
    let status = answer.status();
    if !status.is_success() {
        // What the server says is left out: it may repeat what it was sent.
        let message = format!(
            "`{host}` does not accept the identity token that `docker login` has stored: {status}"
        );
        let login = super::login::command(host);
        return Err(by_password(
            Error::new(Kind::Broken, message).hint(format!("`{login}` stores a new one")),
        ));
    }
    let granted: Granted = answer.json().await.map_err(|error| cannot(host, error))?;
    Ok(granted.access_token)
}

/// Whether only the two ends can read along: over TLS, or on this machine.
fn is_private(realm: &Url) -> bool {
    let is_here = realm.host_str().is_some_and(http::is_loopback);
    realm.scheme() == "https" || realm.scheme() == "http" && is_here
}

fn challenge(header: &str) -> Option<Challenge> {
    let bearer = ChallengeParser::new(header)
        .flatten()
        .find(|one| one.scheme.eq_ignore_ascii_case("bearer"))?;
    let parameter = |wanted: &str| {
        let mut all = bearer.params.iter();
        all.find(|(name, _)| name.eq_ignore_ascii_case(wanted))
            .map(|(_, value)| value.to_unescaped())
    };
    Some(Challenge { realm: parameter("realm")?, service: parameter("service") })
}

/// A form as the body of a request: it is written as the query of an address is.
fn encoded(form: &[(&str, &str)]) -> String {
    let address = Url::parse_with_params("http://form.invalid", form);
    address.ok().and_then(|address| address.query().map(str::to_owned)).unwrap_or_default()
}

fn cannot(host: &str, error: reqwest::Error) -> Error {
    // Its address is not of interest, and may hold what a redirection put there.
    let message = format!("cannot exchange the identity token for `{host}`");
    Error::from(anyhow::Error::new(error.without_url()).context(message))
}

fn by_password(failure: Error) -> Error {
    failure.hint("or set NUTKIN_REGISTRY_USERNAME and NUTKIN_REGISTRY_PASSWORD")
}

#[cfg(test)]
mod tests {
    use std::io::{BufRead as _, BufReader, Read as _, Write as _};
    use std::net::{TcpListener, TcpStream};

    use super::*;

    const SECRET: &str = "token&of a-test";

    /// A request as it came: its first line, and its body.
    fn read(stream: &TcpStream) -> (String, String) {
        let mut reader = BufReader::new(stream);
        let (mut first, mut length) = (String::new(), 0);
        reader.read_line(&mut first).unwrap();
        loop {
            let mut line = String::new();
            reader.read_line(&mut line).unwrap();
            let lower = line.to_ascii_lowercase();
            if let Some(value) = lower.strip_prefix("content-length:") {
                length = value.trim().parse().unwrap();
            }
            if line.trim().is_empty() {
                break;
            }
        }
        let mut body = vec![0; length];
        reader.read_exact(&mut body).unwrap();
        (first.trim().to_owned(), String::from_utf8(body).unwrap())
    }

    /// Exchanges a token with a registry that gives these two answers; returns what it was asked, too.
    fn ask(challenge: &str, granted: (&str, &str)) -> (Result<String, Error>, Vec<String>) {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let challenge = challenge.replace("HERE", &format!("http://{address}"));
        let first = format!("HTTP/1.1 401 Unauthorized\r\nWWW-Authenticate: {challenge}\r\n");
        let (status, json) = granted;
        let second = format!("HTTP/1.1 {status}\r\nContent-Type: application/json\r\n");
        let answers = [(first, String::new()), (second, json.to_owned())];
        let server = std::thread::spawn(move || {
            let mut asked = Vec::new();
            for (head, body) in answers {
                let (mut stream, _) = listener.accept().unwrap();
                let (line, form) = read(&stream);
                if line.starts_with("END") {
                    break;
                }
                asked.push(format!("{line} {form}"));
                let length = body.len();
                write!(stream, "{head}Content-Length: {length}\r\nConnection: close\r\n\r\n{body}")
                    .unwrap();
            }
            asked
        });
        let name: Reference = format!("{address}/team/flink:1").parse().unwrap();
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        let result = runtime.block_on(exchange(&name, "http", SECRET, RegistryOperation::Push));
        // Where it did not ask a second time, somebody has to.
        if let Ok(mut stream) = TcpStream::connect(address) {
            let _ = stream.write_all(b"END\r\n\r\n");
        }
        (result, server.join().unwrap())
    }

    #[test]
    fn a_token_is_exchanged_for_one_of_the_repository() {
        let challenge = "Bearer realm=\"HERE/token\",service=\"r.example\"";
        let (result, asked) =
            ask(challenge, ("200 OK", "{\"access_token\": \"granted\", \"expires_in\": 300}"));
        assert_eq!(result.unwrap(), "granted");
        assert_eq!(asked[0], "GET /v2/ HTTP/1.1 ");
        assert_eq!(
            asked[1],
            "POST /token HTTP/1.1 grant_type=refresh_token&client_id=nutkin&\
             scope=repository%3Ateam%2Fflink%3Apull%2Cpush&refresh_token=token%26of+a-test&service=r.example"
        );
    }

    #[track_caller]
    fn check_refused(challenge: &str, granted: (&str, &str), expected: &str, requests: usize) {
        let (result, asked) = ask(challenge, granted);
        let failure = result.unwrap_err();
        let said = format!("{:#} {:?}", failure.error, failure.hints);
        assert!(said.contains(expected), "{said}");
        assert!(!said.contains(SECRET), "{said}");
        assert_eq!(asked.len(), requests, "{asked:?}");
    }

    #[test]
    fn what_is_refused_is_said_without_the_token() {
        let good = ("200 OK", "{\"access_token\": \"granted\"}");
        check_refused("Basic realm=\"test\"", good, "takes no identity token", 1);
        // It would be read on the way.
        let far = "Bearer realm=\"http://auth.example/token\"";
        check_refused(far, good, "not an https address", 1);
        let here = "Bearer realm=\"HERE/token\"";
        let denied = ("401 Unauthorized", "token&of a-test is unknown");
        check_refused(here, denied, "does not accept the identity token", 2);
        check_refused(here, ("200 OK", "{}"), "cannot exchange the identity token", 2);
    }
}
