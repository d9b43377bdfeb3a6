//! The client against answers in the form of Flink's.

use std::time::{Duration, Instant};

use nutkin_core::jobs::slots::Memory;
use nutkin_core::ledger::LeaseMark;
use nutkin_shell::Tenure;
use serde_json::{Value, json};
use wiremock::matchers::{body_json, method, path};
use wiremock::{Mock, MockServer, ResponseTemplate};

use super::{Client, Polled, RestError, RunRequest, Trigger, TriggerId};

fn client(urls: &[String], version: &str) -> Client {
    Client::new(urls, version.parse().unwrap()).unwrap()
}

async fn serve(server: &MockServer, verb: &str, place: &str, status: u16, body: Value) {
    let answer = ResponseTemplate::new(status).set_body_json(body);
    Mock::given(method(verb)).and(path(place)).respond_with(answer).mount(server).await;
}

/// What a dispatcher counts.
fn overview() -> Value {
    json!({"taskmanagers": 2, "slots-total": 4, "slots-available": 1, "flink-version": "1.20.5"})
}

#[tokio::test]
async fn only_a_dispatcher_leads() {
    let proxy = MockServer::start().await;
    serve(&proxy, "GET", "/overview", 200, json!({"message": "welcome"})).await;
    serve(&proxy, "GET", "/jobs/overview", 200, json!({"jobs": [{"jid": "wrong"}]})).await;
    let leader = MockServer::start().await;
    serve(&leader, "GET", "/overview", 200, overview()).await;
    serve(&leader, "GET", "/jobs/overview", 200, json!({"jobs": [{"jid": "right"}]})).await;
    let jobs = client(&[proxy.uri(), leader.uri()], "1.20").jobs().await.unwrap();
    assert_eq!(jobs[0].id, "right");
}

#[tokio::test]
async fn nothing_is_changed_once_the_tenure_is_over() {
    let server = MockServer::start().await;
    serve(&server, "GET", "/jobs/overview", 200, json!({"jobs": []})).await;
    serve(&server, "PATCH", "/jobs/a", 202, json!({})).await;
    let tenure = Tenure::default();
    let client = client(&[server.uri()], "1.20").during(Some(tenure.clone()));
    let directory = tempfile::tempdir().unwrap();
    let jar = directory.path().join("x.jar");
    std::fs::write(&jar, "a jar").unwrap();
    let trigger = Trigger::Checkpoint { kind: "FULL" };
    assert!(matches!(client.cancel("a").await, Err(RestError::Over(_))));
    assert!(matches!(client.upload(&jar, "x.jar").await, Err(RestError::Over(_))));
    assert!(matches!(client.trigger("a", &trigger, None).await, Err(RestError::Over(_))));
    assert!(matches!(client.run("x", &RunRequest::default()).await, Err(RestError::Over(_))));
    assert_eq!(server.received_requests().await.unwrap().len(), 0);
    // To look is free, and whoever has it again goes on.
    assert!(client.jobs().await.is_ok());
    let mark = LeaseMark { lease: "l".to_owned(), transitions: 0 };
    tenure.renew(Duration::from_mins(1), mark);
    assert!(client.cancel("a").await.is_ok());
}

#[tokio::test]
async fn an_upload_waits_for_the_election() {
    let server = MockServer::start().await;
    let electing = ResponseTemplate::new(503).set_body_json(json!({"errors": ["no leader"]}));
    let first = Mock::given(method("POST")).and(path("/jars/upload")).respond_with(electing);
    first.up_to_n_times(2).expect(2).mount(&server).await;
    let uploaded = json!({"filename": "/tmp/flink-web-upload/1_x.jar", "status": "success"});
    serve(&server, "POST", "/jars/upload", 200, uploaded).await;
    let directory = tempfile::tempdir().unwrap();
    let jar = directory.path().join("x.jar");
    std::fs::write(&jar, "a jar").unwrap();
    let id = client(&[server.uri()], "1.20").upload(&jar, "x.jar").await.unwrap();
    assert_eq!(id, "1_x.jar");
}

#[tokio::test]
async fn room_for_a_job_is_looked_for_before_it_is_there() {
    let server = MockServer::start().await;
    serve(&server, "GET", "/overview", 200, overview()).await;
    let config = json!([{"key": "jobmanager.scheduler", "value": "Default"}]);
    serve(&server, "GET", "/jobmanager/config", 200, config).await;
    let plan = json!({"plan": {"type": "STREAMING", "nodes": [{"parallelism": 3}]}});
    let wanted = json!({"programArgsList": [], "parallelism": 3});
    let asked = Mock::given(method("POST")).and(path("/jars/j/plan")).and(body_json(wanted));
    asked.respond_with(ResponseTemplate::new(200).set_body_json(plan)).mount(&server).await;
    let client = client(&[server.uri()], "1.20");
    let request = RunRequest { parallelism: Some(3), ..RunRequest::default() };
    let shortage = crate::jobs::shortage(&client, "j", &request).await.unwrap();
    assert_eq!(shortage.to_string(), "the job needs 3 slots; 1 of 4 is free, 2 are missing");
    assert_eq!(shortage.memory, None);
    let one = json!({"memoryConfiguration": {"totalProcessMemory": 3}, "hardware": {"physicalMemory": 9}});
    serve(&server, "GET", "/taskmanagers", 200, json!({"taskmanagers": [one]})).await;
    let shortage = crate::jobs::shortage(&client, "j", &request).await.unwrap();
    assert_eq!(shortage.memory, Some(Memory { each: 3, machine: 9 }));
    // main() has something to complain of: the submission will say it.
    assert_eq!(crate::jobs::shortage(&client, "other", &request).await, None);
}

#[tokio::test]
async fn the_state_comes_from_where_the_release_has_it() {
    let server = MockServer::start().await;
    serve(&server, "GET", "/jobs/a", 200, json!({"state": "RUNNING"})).await;
    serve(&server, "GET", "/jobs/a/status", 200, json!({"status": "FINISHED"})).await;
    let urls = [server.uri()];
    assert_eq!(client(&urls, "1.13").state("a").await.unwrap().to_string(), "RUNNING");
    assert_eq!(client(&urls, "1.20").state("a").await.unwrap().to_string(), "FINISHED");
}

#[tokio::test]
async fn a_jar_that_is_there_is_found_by_its_upload_name() {
    let server = MockServer::start().await;
    let files = json!({"files": [{"id": "1_x.jar", "name": "x.jar"}]});
    serve(&server, "GET", "/jars", 200, files).await;
    let client = client(&[server.uri()], "1.20");
    assert_eq!(client.find_jar("x.jar").await.unwrap().as_deref(), Some("1_x.jar"));
    assert_eq!(client.find_jar("y.jar").await.unwrap(), None);
}

#[tokio::test]
async fn main_that_throws_is_told_by_its_root_cause() {
    let server = MockServer::start().await;
    let trace =
        "a.b.OuterException: x\n\tat a.B.c(D.java:1)\nCaused by: a.b.InnerException: no input";
    serve(&server, "POST", "/jars/j/run", 400, json!({"errors": ["Bad.", trace]})).await;
    let refused = client(&[server.uri()], "1.20").run("j", &RunRequest::default()).await;
    let Err(RestError::Refused { cause, trace }) = refused else { panic!("{refused:?}") };
    assert_eq!(cause, "no input");
    assert!(trace.iter().any(|line| line.contains("OuterException")), "{trace:?}");
}

#[tokio::test]
async fn an_unknown_job_is_not_found() {
    let server = MockServer::start().await;
    serve(&server, "PATCH", "/jobs/a", 404, json!({"errors": ["Job a not found"]})).await;
    let refused = client(&[server.uri()], "1.20").cancel("a").await;
    assert!(matches!(refused, Err(RestError::NotFound(_))), "{refused:?}");
}

#[tokio::test]
async fn a_savepoint_is_asked_for_once_and_polled_until_it_is_there() {
    let server = MockServer::start().await;
    let body = json!({
        "target-directory": "file:///s", "cancel-job": false, "formatType": "NATIVE", "triggerId": "r"
    });
    let answer = ResponseTemplate::new(202).set_body_json(json!({"request-id": "r"}));
    let post = Mock::given(method("POST")).and(path("/jobs/a/savepoints")).and(body_json(body));
    post.respond_with(answer).expect(1).mount(&server).await;
    let place = "/jobs/a/savepoints/r";
    let waiting = ResponseTemplate::new(200)
        .set_body_json(json!({"status": {"id": "IN_PROGRESS"}, "operation": null}));
    let first = Mock::given(method("GET")).and(path(place)).respond_with(waiting);
    first.up_to_n_times(1).expect(1).mount(&server).await;
    let done = json!({"status": {"id": "COMPLETED"}, "operation": {"location": "file:///s/1"}});
    serve(&server, "GET", place, 200, done).await;

    let client = client(&[server.uri()], "2.3");
    let trigger = Trigger::Savepoint { directory: Some("file:///s".to_owned()), format: None };
    let asked = client.trigger("a", &trigger, Some("r")).await.unwrap();
    assert_eq!(asked, TriggerId::of("a", &trigger, "r"));
    assert!(matches!(client.poll(&asked).await.unwrap(), Polled::InProgress));
    let Polled::Completed(result) = client.poll(&asked).await.unwrap() else { panic!("no result") };
    assert_eq!(result["location"], "file:///s/1");
    let lost = client.poll(&TriggerId::of("a", &trigger, "other")).await;
    assert!(matches!(lost, Err(RestError::NotFound(_))), "{lost:?}");
}

#[tokio::test]
async fn a_standby_that_hangs_is_passed_over_and_gets_no_change() {
    let standby = MockServer::start().await;
    let silence = ResponseTemplate::new(200).set_delay(Duration::from_mins(1));
    Mock::given(method("GET")).respond_with(silence).mount(&standby).await;
    let none = Mock::given(method("PATCH")).respond_with(ResponseTemplate::new(202));
    none.expect(0).mount(&standby).await;
    let leader = MockServer::start().await;
    serve(&leader, "GET", "/overview", 200, overview()).await;
    let cancel = Mock::given(method("PATCH")).and(path("/jobs/a"));
    cancel.respond_with(ResponseTemplate::new(202)).expect(1).mount(&leader).await;

    let started = Instant::now();
    client(&[standby.uri(), leader.uri()], "1.20").cancel("a").await.unwrap();
    assert!(started.elapsed() < Duration::from_secs(9), "{:?}", started.elapsed());
}

#[tokio::test]
async fn a_job_that_has_just_ended_is_shown_with_tasks_that_have() {
    let server = MockServer::start().await;
    let row = json!({"jid": "a", "name": "x", "state": "FINISHED"});
    serve(&server, "GET", "/jobs/overview", 200, json!({"jobs": [row]})).await;
    let answer = |state: &str| json!({"state": state, "vertices": [{"status": state}]});
    let cached = ResponseTemplate::new(200).set_body_json(answer("RUNNING"));
    let first = Mock::given(method("GET")).and(path("/jobs/a")).respond_with(cached);
    first.up_to_n_times(2).expect(2).mount(&server).await;
    serve(&server, "GET", "/jobs/a", 200, answer("FINISHED")).await;
    let client = client(&[server.uri()], "1.20");
    let job = crate::jobs::find(&client, None, "x").await.unwrap();
    let mut looks = Vec::new();
    for _ in 0..3 {
        looks.push(crate::jobs::describe(&client, &job).await.unwrap());
    }
    assert_eq!(looks.iter().map(|look| look.is_stale).collect::<Vec<_>>(), [true, true, false]);
    assert_eq!(looks[2].job.state.to_string(), "FINISHED");
    assert_eq!(looks[2].answer["vertices"][0]["status"], "FINISHED");
}
