//! Applications: what one program has submitted, which Flink 2.3 runs as a unit (FLIP-549).

use std::collections::BTreeSet;

use serde_json::Value;

use crate::client::Client;
use crate::error::RestError;
use crate::types::JobState;

/// An application that is more than one job which was submitted by itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Application {
    /// Its id.
    pub id: String,
    /// Its name.
    pub name: String,
    /// Its jobs so far, each with its state; its program may submit more.
    pub jobs: Vec<(String, JobState)>,
}

impl Application {
    /// Of an answer to `/applications/:id` (`ApplicationDetailsInfo`, 2.3.0).
    fn of(answer: &Value) -> Option<Self> {
        let jobs = answer["jobs"].as_array().into_iter().flatten();
        let job = |row: &Value| {
            let state = JobState::of(row["state"].as_str().unwrap_or_default());
            Some((row["jid"].as_str()?.to_owned(), state))
        };
        Some(Self {
            id: answer["id"].as_str()?.to_owned(),
            name: answer["name"].as_str().unwrap_or_default().to_owned(),
            jobs: jobs.filter_map(job).collect(),
        })
    }

    /// Its jobs that have not ended.
    pub fn running(&self) -> impl Iterator<Item = &String> {
        self.jobs.iter().filter(|(_, state)| !state.has_ended()).map(|(id, _)| id)
    }

    /// Whether a job is of it.
    pub fn has(&self, job: &str) -> bool {
        self.jobs.iter().any(|(id, _)| id == job)
    }

    /// Whether it has submitted several jobs.
    pub fn is_of_several(&self) -> bool {
        1 < self.jobs.len()
    }
}

/// Ids of the applications that have not ended and are not a job that was submitted by itself: that is an application of the job's
/// own id (`SingleJobApplication`, 2.3.0). `jobs`: those of the session, as far as they may be of one.
fn open(overview: &Value, jobs: &BTreeSet<&str>) -> Vec<String> {
    let rows = overview["applications"].as_array().into_iter().flatten();
    let is_open = |row: &&Value| {
        !JobState::of(row["status"].as_str().unwrap_or_default()).has_ended()
            && row["id"].as_str().is_some_and(|id| !jobs.contains(id))
    };
    rows.filter(is_open).filter_map(|row| Some(row["id"].as_str()?.to_owned())).collect()
}

impl Client {
    /// The applications that have not ended, without those that are one of these jobs, submitted by itself. None before 2.3.
    ///
    /// # Errors
    /// See [`RestError`].
    pub async fn applications(
        &self,
        jobs: impl IntoIterator<Item = &str>,
    ) -> Result<Vec<Application>, RestError> {
        if !self.version().line().has_applications {
            return Ok(Vec::new());
        }
        let overview = self.read("/applications/overview").await?;
        let mut all = Vec::new();
        for id in open(&overview, &jobs.into_iter().collect()) {
            all.extend(self.application(&id).await?);
        }
        Ok(all)
    }

    /// The application that a job is of, unless that is the job, submitted by itself.
    ///
    /// # Errors
    /// See [`RestError`].
    pub async fn application_of(&self, job: &str) -> Result<Option<Application>, RestError> {
        if !self.version().line().has_applications {
            return Ok(None);
        }
        let details = self.job(job, "").await?;
        match details["application-id"].as_str().filter(|id| *id != job) {
            Some(id) => self.application(id).await,
            None => Ok(None),
        }
    }

    /// `None`: it has ended, and is forgotten.
    async fn application(&self, id: &str) -> Result<Option<Application>, RestError> {
        match self.read(&format!("/applications/{id}")).await {
            Ok(answer) => Ok(Application::of(&answer)),
            Err(RestError::NotFound(_)) => Ok(None),
            Err(error) => Err(error),
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_job_that_was_submitted_by_itself_is_no_application() {
        #[track_caller]
        fn check(id: &str, status: &str, expected: &[&str]) {
            let overview = json!({"applications": [{"id": id, "status": status}]});
            assert_eq!(open(&overview, &BTreeSet::from(["0a"])), expected);
        }
        check("0a", "RUNNING", &[]);
        check("0b", "RUNNING", &["0b"]);
        check("0b", "FAILING", &["0b"]);
        check("0b", "FINISHED", &[]);
        check("0b", "CANCELED", &[]);
        assert_eq!(open(&Value::Null, &BTreeSet::new()), Vec::<String>::new());
    }

    #[test]
    fn an_application_has_its_jobs() {
        let job = |id: &str, state: &str| json!({"jid": id, "name": "j", "state": state});
        let jobs = [job("0a", "RUNNING"), job("0c", "FINISHED")];
        let answer = json!({"id": "0b", "name": "orders", "status": "RUNNING", "jobs": jobs});
        let application = Application::of(&answer).unwrap();
        assert_eq!((&application.id[..], &application.name[..]), ("0b", "orders"));
        assert_eq!(application.running().collect::<Vec<_>>(), ["0a"]);
        assert!(application.has("0c") && !application.has("0d") && application.is_of_several());
        assert_eq!(Application::of(&json!({"errors": []})), None);
    }
}
