//! The ledger of a session on a daemon: on its volume, with or without containers.

use std::path::Path;

use bollard::models::VolumeCreateRequest;
use nutkin_core::ledger::{JobRecord, Ledger, Wanted};
use nutkin_docker::DockerSession;
use nutkin_shell::ledger::{self, Saving, Store};
use nutkin_shell::{Context, Environment, Silent};
use nutkin_testkit::scenario::docker::refusal;
use nutkin_testkit::scenario::{Docker, Fault, Server};

const VOLUME: &str = "nutkin-a-data";
const SECRET: &str = "hunter2";

/// A daemon with the volume of a session, and the session.
async fn world(directory: &Path) -> (Server<Docker>, DockerSession) {
    let daemon = Docker::default().with_image("flink:1.20.5");
    let server = Server::start_at(&directory.join("docker.sock"), daemon);
    let variables = [("DOCKER_HOST", server.url()), ("HOME", "home")];
    let environment = Environment::of_test(&variables, directory.to_owned());
    let events = Silent::sink();
    let context = Context { events: &events, environment: &environment };
    let session = DockerSession::of("a", &context).await.expect("a daemon");
    assert!(ledger::load(&session).await.expect("a ledger").is_new(), "there is no volume");
    let volume = VolumeCreateRequest { name: Some(VOLUME.to_owned()), ..Default::default() };
    session.docker.create_volume(volume).await.expect("a volume");
    (server, session)
}

fn wanted(ledger: &mut Ledger) {
    let options = [("s3.secret-key".to_owned(), SECRET.to_owned())];
    ledger.wanted = Some(Wanted { options: options.into(), ..Wanted::default() });
}

fn with_job(name: &str) -> impl FnOnce(&mut Ledger) {
    move |ledger| drop(ledger.jobs.insert(name.to_owned(), JobRecord::default()))
}

#[tokio::test]
async fn what_is_saved_is_loaded_and_only_the_owner_reads_what_is_secret() {
    let directory = tempfile::tempdir().unwrap();
    let (server, session) = world(directory.path()).await;
    ledger::update(&session, wanted).await.unwrap();
    ledger::update(&session, with_job("b")).await.unwrap();
    let opened = ledger::load(&session).await.unwrap();
    assert_eq!(opened.ledger.wanted.unwrap().options["s3.secret-key"], SECRET);
    assert!(opened.ledger.jobs.contains_key("b"));
    let files = server.with(|docker| docker.all_files());
    assert!(files.iter().any(|(_, _, text)| text.contains(SECRET)));
    for (path, mode, text) in files {
        assert_eq!(mode & 0o077, 0, "{path}");
        assert!(!text.contains(SECRET) || path.contains("/secrets-"), "{path}");
    }
    let volume = format!("volume/{VOLUME}");
    assert_eq!(server.with(|docker| docker.titles()), [volume], "helpers are gone");
}

#[tokio::test]
async fn the_slower_of_two_writes_nothing_over_the_other() {
    let directory = tempfile::tempdir().unwrap();
    let (_server, session) = world(directory.path()).await;
    let opened = ledger::load(&session).await.unwrap();
    let sealed = opened.seal("salt").unwrap();
    assert_ne!(session.save(&sealed, &opened.version).await.unwrap(), Saving::Changed);
    assert_eq!(session.save(&sealed, &opened.version).await.unwrap(), Saving::Changed);
    // Whoever goes by the contract makes its change again.
    let (one, other) = tokio::join!(
        ledger::update(&session, with_job("b")),
        ledger::update(&session, with_job("c"))
    );
    one.and(other).unwrap();
    assert_eq!(ledger::load(&session).await.unwrap().ledger.jobs.len(), 2);
}

#[tokio::test]
async fn what_an_older_release_remembered_is_carried_over() {
    let directory = tempfile::tempdir().unwrap();
    let (server, session) = world(directory.path()).await;
    let old = r#"{"apiVersion": "nutkin/v1", "kind": "SessionRecord", "name": "a", "jobs":
        {"b": {"generation": 2, "digest": "d", "lastSavepoint": "file:/s"}}}"#;
    server.with(|docker| docker.put_file(VOLUME, ".nutkin/record.json", old));
    ledger::update(&session, with_job("c")).await.unwrap();
    let jobs = ledger::load(&session).await.unwrap().ledger.jobs;
    assert_eq!((jobs.len(), jobs["b"].generation), (2, 2));
}

#[tokio::test]
async fn a_write_that_is_refused_changes_nothing_and_leaves_no_helper() {
    let directory = tempfile::tempdir().unwrap();
    let (server, session) = world(directory.path()).await;
    ledger::update(&session, with_job("b")).await.unwrap();
    server.set(|request| {
        if request.line().contains("PUT") {
            Fault::Answer(refusal(500, "no space left on device"))
        } else {
            Fault::None
        }
    });
    let failure = ledger::update(&session, with_job("c")).await.unwrap_err();
    assert!(failure.error.to_string().contains("no space left on device"), "{failure:?}");
    server.set_rule(|_| Fault::None);
    assert_eq!(ledger::load(&session).await.unwrap().ledger.jobs.len(), 1);
    assert_eq!(server.with(|docker| docker.titles()).len(), 1);
}
