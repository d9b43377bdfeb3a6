//! The JobManager's REST API, Flink 1.13 to 2.3.

use std::path::Path;
use std::time::{Duration, Instant};

use nutkin_core::jobs::slots::{Memory, Provision, Slots};
use nutkin_flink::FlinkVersion;
use reqwest::{Client as Http, Method, RequestBuilder, StatusCode};
use serde_json::{Value, json};

use crate::error::RestError;
use crate::http;
use crate::trigger::{Polled, Trigger, TriggerId};
use crate::types::{Job, JobState, Outcome, RunRequest};
use crate::{Identity, Tunnel};
use nutkin_shell::Tenure;

/// How long one answer may take. A standby hangs while a leader is elected; main() of a job runs inside the
/// answer to its submission, which therefore has no limit of its own.
const PATIENCE: Duration = Duration::from_secs(10);

/// How long one of several JobManagers may take to show that it leads. A standby accepts connections and says
/// nothing during an election; a request that changes something must not be spent on it.
const PROBE: Duration = Duration::from_secs(2);

/// How long a leader may be looked for: an election takes up to 10 s with ZooKeeper's default session.
const ELECTION: Duration = Duration::from_secs(30);

/// How long a single JobManager that does not answer is tried: it may be starting its dispatcher.
const ALONE: Duration = Duration::from_secs(3);

/// How long the plan of a job may take: main() runs for it, up to `execute()`. Nothing depends on it.
const PLAN: Duration = Duration::from_secs(30);

/// Between two looks at something that takes time.
pub const POLL: Duration = Duration::from_millis(100);

/// Hex digits of a SHA-256 that the name of an uploaded jar begins with: enough that no two jars share them.
pub const UPLOAD_DIGITS: usize = 16;

/// Talks to the JobManagers of one session.
#[derive(Debug, Clone)]
pub struct Client {
    http: Http,
    urls: Vec<String>,
    version: FlinkVersion,
    identity: Option<Identity>,
    tenure: Option<Tenure>,
    /// Open for as long as somebody may ask.
    _tunnel: Option<Tunnel>,
}

/// What a request does to a JobManager, and so whether it may be sent again once it may have been heard.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Sent {
    /// It may.
    Reads,
    /// It must not.
    ChangesOnce,
    /// It may: a second time does no harm.
    ChangesAgain,
}

impl Client {
    /// A client for a session's REST addresses, without a slash at the end.
    ///
    /// # Errors
    /// The HTTP client cannot be set up.
    pub fn new(urls: &[String], version: FlinkVersion) -> Result<Self, http::DownloadError> {
        // Reading may take as long as main() does; requests that should be quick have their own limit.
        let http = http::client_for(urls, Duration::from_secs(2), Duration::from_hours(24))?;
        Ok(Self { http, urls: urls.to_vec(), version, identity: None, tenure: None, _tunnel: None })
    }

    /// The same client, which has nothing to do with the JobManagers of other sessions.
    #[must_use]
    pub fn of(self, identity: Option<Identity>) -> Self {
        Self { identity, ..self }
    }

    /// The same client, which keeps the way to its addresses open.
    #[must_use]
    pub fn through(self, tunnel: Option<Tunnel>) -> Self {
        Self { _tunnel: tunnel, ..self }
    }

    /// The same client, which changes nothing once that is over.
    #[must_use]
    pub fn during(self, tenure: Option<Tenure>) -> Self {
        Self { tenure, ..self }
    }

    /// The addresses that are asked.
    pub fn urls(&self) -> &[String] {
        &self.urls
    }

    /// The Flink release of the session.
    pub const fn version(&self) -> FlinkVersion {
        self.version
    }

    /// The address of the first JobManager that answers.
    ///
    /// # Errors
    /// See [`RestError`].
    pub async fn answering(&self) -> Result<String, RestError> {
        let started = Instant::now();
        loop {
            let mut last = None;
            for url in &self.urls {
                match self.probe(url).await {
                    Ok(()) => return Ok(url.clone()),
                    Err(error) => last = Some(error),
                }
            }
            self.go_on_after(started, last).await?;
        }
    }

    /// Sends a request to the first JobManager that answers, for as long as an election may take.
    async fn ask(
        &self,
        method: Method,
        path: &str,
        body: Option<&Value>,
    ) -> Result<Value, RestError> {
        let request = async |url: &str| {
            let mut request = self.http.request(method.clone(), format!("{url}{path}"));
            if let Some(body) = body {
                request = request.json(body);
            }
            if path.ends_with("/plan") {
                request = request.timeout(PLAN);
            } else if !path.ends_with("/run") {
                request = request.timeout(PATIENCE);
            }
            Ok(request)
        };
        let sent = if method == Method::GET { Sent::Reads } else { Sent::ChangesOnce };
        self.send(sent, request).await
    }

    /// Sends what `request` makes for an address to the first JobManager that answers, for as long as an election
    /// may take. What must not be done twice is not sent again once it may have been heard.
    async fn send(
        &self,
        sent: Sent,
        request: impl AsyncFn(&str) -> Result<RequestBuilder, RestError>,
    ) -> Result<Value, RestError> {
        let started = Instant::now();
        loop {
            let mut last = None;
            for url in &self.urls {
                if let Err(error) = self.probe(url).await {
                    last = Some(error);
                    continue;
                }
                let request = request(url).await?;
                if let Some(tenure) = self.tenure.as_ref().filter(|_| sent != Sent::Reads) {
                    tenure.lasts().map_err(RestError::Over)?;
                }
                match request.send().await {
                    Ok(response) if response.status() == StatusCode::SERVICE_UNAVAILABLE => {
                        last = Some(RestError::NoLeader);
                    }
                    Ok(response) => return RestError::check(response).await,
                    Err(error) if !error.is_connect() && sent == Sent::ChangesOnce => {
                        return Err(RestError::Broken(error.without_url()));
                    }
                    Err(error) => {
                        last = Some(RestError::Unreachable(url.clone(), error.without_url()));
                    }
                }
            }
            self.go_on_after(started, last).await?;
        }
    }

    /// Waits a moment before the JobManagers are tried again, unless an election would be over by now.
    async fn go_on_after(
        &self,
        started: Instant,
        last: Option<RestError>,
    ) -> Result<(), RestError> {
        // A session of one JobManager that refuses the connection is not electing anybody.
        let limit = if self.urls.len() == 1 { ALONE } else { ELECTION };
        if limit < started.elapsed() {
            return Err(last.unwrap_or(RestError::NoLeader));
        }
        // A part of the one request: whoever asks wants its answer, not the news that somebody is being elected.
        tokio::time::sleep(POLL).await;
        Ok(())
    }

    /// Whether this one of several JobManagers answers. Of one alone only is asked whose it is: there is no other choice.
    async fn probe(&self, url: &str) -> Result<(), RestError> {
        if let Some(identity) = &self.identity
            && identity.is_anothers(&self.http, url).await
        {
            return Err(RestError::Stranger(url.to_owned()));
        }
        if self.urls.len() == 1 {
            return Ok(());
        }
        let unreachable =
            |error: reqwest::Error| RestError::Unreachable(url.to_owned(), error.without_url());
        let request = self.http.get(format!("{url}/overview")).timeout(PROBE);
        let response = request.send().await.map_err(unreachable)?;
        if !response.status().is_success() {
            return Err(RestError::NoLeader);
        }
        // Only a dispatcher counts slots; a proxy in front of none may answer as well.
        let overview: Value = response.json().await.map_err(unreachable)?;
        if overview["slots-total"].is_u64() { Ok(()) } else { Err(RestError::NoLeader) }
    }

    /// What is at a path of the JobManager, such as `/taskmanagers`.
    ///
    /// # Errors
    /// See [`RestError`].
    pub async fn read(&self, path: &str) -> Result<Value, RestError> {
        self.get(path).await
    }

    async fn get(&self, path: &str) -> Result<Value, RestError> {
        self.ask(Method::GET, path, None).await
    }

    /// The Flink release that the JobManager says it is; the default one where that is none known here.
    ///
    /// # Errors
    /// See [`RestError`].
    pub async fn flink_version(&self) -> Result<FlinkVersion, RestError> {
        let overview = self.get("/overview").await?;
        let text = overview["flink-version"].as_str().unwrap_or_default();
        Ok(text.parse().unwrap_or(FlinkVersion::DEFAULT))
    }

    /// How many slots and TaskManagers there are.
    ///
    /// # Errors
    /// See [`RestError`].
    pub async fn slots(&self) -> Result<Slots, RestError> {
        let overview = self.get("/overview").await?;
        let number = |key: &str| overview[key].as_u64().unwrap_or(0);
        Ok(Slots {
            total: number("slots-total"),
            free: number("slots-available"),
            task_managers: number("taskmanagers"),
        })
    }

    /// The memory of the TaskManagers; `None`: there are none, or Flink does not know it.
    ///
    /// # Errors
    /// See [`RestError`].
    pub async fn memory(&self) -> Result<Option<Memory>, RestError> {
        Ok(Memory::of(&self.get("/taskmanagers").await?))
    }

    /// Whether a TaskManager with this id (`taskmanager.resource-id`) has no task.
    ///
    /// # Errors
    /// See [`RestError`].
    pub async fn is_idle(&self, task_manager: &str) -> Result<bool, RestError> {
        let answer = self.get(&format!("/taskmanagers/{task_manager}")).await?;
        let slots = answer["slotsNumber"].as_u64();
        Ok(slots.is_some() && slots == answer["freeSlots"].as_u64())
    }

    /// How the session gets slots, from the JobManager's own options.
    ///
    /// # Errors
    /// See [`RestError`].
    pub async fn provision(&self) -> Result<Provision, RestError> {
        let config = self.configuration().await?;
        let option = |key: &str| {
            config.iter().find(|(found, _)| found == key).map(|(_, value)| value.clone())
        };
        Ok(Provision::of(option))
    }

    /// The JobManager's own options, with `******` for secrets.
    ///
    /// # Errors
    /// See [`RestError`].
    pub async fn configuration(&self) -> Result<Vec<(String, String)>, RestError> {
        let config = self.get("/jobmanager/config").await?;
        let text = |value: &Value| value.as_str().map(str::to_owned);
        let rows = config.as_array().into_iter().flatten();
        Ok(rows.filter_map(|row| Some((text(&row["key"])?, text(&row["value"])?))).collect())
    }

    /// All jobs that the session knows, oldest first.
    ///
    /// # Errors
    /// See [`RestError`].
    pub async fn jobs(&self) -> Result<Vec<Job>, RestError> {
        let overview = self.get("/jobs/overview").await?;
        let mut jobs: Vec<Job> =
            overview["jobs"].as_array().into_iter().flatten().filter_map(Job::of).collect();
        jobs.sort_by_key(|job| job.start_time);
        Ok(jobs)
    }

    /// The state of a job, not from the cache that `/jobs/:id` answers from.
    ///
    /// # Errors
    /// See [`RestError`].
    pub async fn state(&self, id: &str) -> Result<JobState, RestError> {
        let path = if self.version.line().has_job_status { "/status" } else { "" };
        let answer = self.get(&format!("/jobs/{id}{path}")).await?;
        let state = answer["status"].as_str().or_else(|| answer["state"].as_str());
        Ok(JobState::of(state.unwrap_or_default()))
    }

    /// One document about a job: "" for the description, "/exceptions", "/checkpoints", "/config"...
    ///
    /// # Errors
    /// See [`RestError`].
    pub async fn job(&self, id: &str, part: &str) -> Result<Value, RestError> {
        self.get(&format!("/jobs/{id}{part}")).await
    }

    /// What the JobManager says of itself: its release and revision.
    ///
    /// # Errors
    /// See [`RestError`].
    pub async fn about(&self) -> Result<Value, RestError> {
        self.get("/config").await
    }

    /// How long the JobManager repeats what it last said about a job.
    ///
    /// # Errors
    /// See [`RestError`].
    pub async fn refresh_interval(&self) -> Result<Duration, RestError> {
        let config = self.about().await?;
        // `web.refresh-interval`, 3 s by default in 1.13 to 2.3.
        Ok(Duration::from_millis(config["refresh-interval"].as_u64().unwrap_or(3000)))
    }

    /// How a finished job ended, with its exception if it failed.
    ///
    /// # Errors
    /// See [`RestError`].
    pub async fn outcome(&self, id: &str) -> Result<Outcome, RestError> {
        Ok(Outcome::of(&self.get(&format!("/jobs/{id}/execution-result")).await?))
    }

    /// The id of the jar with this upload name, if the session has it.
    ///
    /// # Errors
    /// See [`RestError`].
    pub async fn find_jar(&self, name: &str) -> Result<Option<String>, RestError> {
        self.find_jar_that(|uploaded| uploaded == name).await
    }

    /// The id of the jar with this SHA-256, if the session has it from Nutkin, which says the digest in its upload name.
    ///
    /// # Errors
    /// See [`RestError`].
    pub async fn find_jar_of(&self, digest: &str) -> Result<Option<String>, RestError> {
        let begins = format!("{}-", digest.get(..UPLOAD_DIGITS).unwrap_or(digest));
        self.find_jar_that(|uploaded| uploaded.starts_with(&begins)).await
    }

    async fn find_jar_that(
        &self,
        is_it: impl Fn(&str) -> bool,
    ) -> Result<Option<String>, RestError> {
        let answer = self.get("/jars").await?;
        let mut files = answer["files"].as_array().into_iter().flatten();
        let found = files.find(|file| file["name"].as_str().is_some_and(&is_it));
        Ok(found.and_then(|file| file["id"].as_str()).map(str::to_owned))
    }

    /// Uploads a jar under a name and returns its id.
    ///
    /// # Errors
    /// See [`RestError`]; the jar cannot be read.
    pub async fn upload(&self, path: &Path, name: &str) -> Result<String, RestError> {
        let request = async |url: &str| {
            let part = reqwest::multipart::Part::file(path).await.map_err(RestError::Jar)?;
            let part = part.file_name(name.to_owned()).mime_str("application/java-archive");
            let part = part.map_err(RestError::Broken)?;
            let form = reqwest::multipart::Form::new().part("jarfile", part);
            Ok(self.http.post(format!("{url}/jars/upload")).multipart(form))
        };
        // A second copy of a jar does no harm, unlike a second job.
        let answer = self.send(Sent::ChangesAgain, request).await?;
        let file = answer["filename"].as_str().unwrap_or_default();
        Ok(file.rsplit('/').next().unwrap_or_default().to_owned())
    }

    /// The plan of what [`Client::run`] would run. main() runs for it up to `execute()`.
    ///
    /// # Errors
    /// See [`RestError`]; main() threw, or took too long.
    pub async fn plan(&self, jar: &str, request: &RunRequest) -> Result<Value, RestError> {
        let body = request.body(self.version);
        let mut answer = self.ask(Method::POST, &format!("/jars/{jar}/plan"), Some(&body)).await?;
        Ok(answer["plan"].take())
    }

    /// Runs main() of an uploaded jar in the JobManager and returns the job's id.
    ///
    /// # Errors
    /// See [`RestError`]; main() threw.
    pub async fn run(&self, jar: &str, request: &RunRequest) -> Result<String, RestError> {
        let body = request.body(self.version);
        let answer = self.ask(Method::POST, &format!("/jars/{jar}/run"), Some(&body)).await?;
        Ok(answer["jobid"].as_str().unwrap_or_default().to_owned())
    }

    /// Asks for the cancelation of a job. A job that has ended already is not an error.
    ///
    /// # Errors
    /// See [`RestError`].
    pub async fn cancel(&self, id: &str) -> Result<(), RestError> {
        self.ask(Method::PATCH, &format!("/jobs/{id}?mode=cancel"), None).await.map(|_| ())
    }

    /// Asks for the cancelation of an application, and with it of its jobs. Only 2.3 and later have some.
    ///
    /// # Errors
    /// See [`RestError`].
    pub async fn cancel_application(&self, id: &str) -> Result<(), RestError> {
        self.ask(Method::POST, &format!("/applications/{id}/cancel"), None).await.map(|_| ())
    }

    /// Asks for a savepoint, a stop with one, or a checkpoint, and returns where its result is asked for. `id` is chosen by
    /// the caller, so that a request whose answer is lost can be found again, and sent again without harm; releases that
    /// take none ([`takes_trigger_id`](nutkin_flink::version::ReleaseLine::takes_trigger_id)) choose one of their own.
    ///
    /// # Errors
    /// See [`RestError`].
    pub async fn trigger(
        &self,
        job: &str,
        trigger: &Trigger,
        id: Option<&str>,
    ) -> Result<TriggerId, RestError> {
        let (path, mut body) = trigger.request(self.version);
        if let Some(id) = id.filter(|_| self.version.line().takes_trigger_id) {
            body["triggerId"] = id.into();
        }
        let answer = self.ask(Method::POST, &format!("/jobs/{job}/{path}"), Some(&body)).await?;
        Ok(TriggerId::of(job, trigger, answer["request-id"].as_str().unwrap_or_default()))
    }

    /// Disposes of a savepoint, and returns where its result is asked for.
    ///
    /// # Errors
    /// See [`RestError`].
    pub async fn dispose(&self, path: &str) -> Result<TriggerId, RestError> {
        let body = json!({"savepoint-path": path});
        let answer = self.ask(Method::POST, "/savepoint-disposal", Some(&body)).await?;
        Ok(TriggerId::of_disposal(answer["request-id"].as_str().unwrap_or_default()))
    }

    /// How far it is what [`Client::trigger`] or [`Client::dispose`] began. Waits for nothing.
    ///
    /// # Errors
    /// See [`RestError`]: [`RestError::NotFound`] where no JobManager knows of it (any more).
    pub async fn poll(&self, trigger: &TriggerId) -> Result<Polled, RestError> {
        let mut answer = self.get(trigger.path()).await?;
        if answer["status"]["id"] != "COMPLETED" {
            return Ok(Polled::InProgress);
        }
        let operation = &mut answer["operation"];
        Ok(match operation["failure-cause"]["stack-trace"].as_str() {
            Some(trace) => Polled::Failed(RestError::of_trace(trace)),
            None => Polled::Completed(operation.take()),
        })
    }
}
