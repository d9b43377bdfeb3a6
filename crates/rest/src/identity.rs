//! Whether a JobManager is one of the session that is meant: ports of one machine are everybody's, and two sessions that
//! start at the same moment may both have chosen the same one.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use serde_json::Value;

/// How long the question may take. Who does not answer it is believed.
const PATIENCE: Duration = Duration::from_secs(2);

/// An option that the JobManagers of one session have, and nobody else.
#[derive(Debug, Clone)]
pub struct Identity(Arc<Known>);

#[derive(Debug)]
struct Known {
    key: &'static str,
    value: String,
    /// Addresses where it was found.
    found: Mutex<BTreeSet<String>>,
}

impl Identity {
    /// The option and its value.
    pub fn new(key: &'static str, value: String) -> Self {
        Self(Arc::new(Known { key, value, found: Mutex::default() }))
    }

    /// Whether a JobManager of another session answers here. It is asked once.
    pub(super) async fn is_anothers(&self, http: &reqwest::Client, url: &str) -> bool {
        if self.0.found.lock().is_ok_and(|found| found.contains(url)) {
            return false;
        }
        let request = http.get(format!("{url}/jobmanager/config")).timeout(PATIENCE);
        let Ok(answer) = request.send().await else { return false };
        let Ok(options) = answer.json().await else { return false };
        self.notes(url, &options)
    }

    /// Whether a JobManager of another session has given this answer. That of one's own is remembered, and only that: a
    /// JobManager that is starting does not say whose it is.
    fn notes(&self, url: &str, options: &Value) -> bool {
        let differs = self.differs(options);
        if differs == Some(false)
            && let Ok(mut found) = self.0.found.lock()
        {
            found.insert(url.to_owned());
        }
        differs == Some(true)
    }

    /// Whether these are the options of another JobManager: `GET /jobmanager/config` (`ConfigurationInfo`, all versions).
    /// `None` where they are not options.
    fn differs(&self, options: &Value) -> Option<bool> {
        let rows = options.as_array().filter(|rows| !rows.is_empty())?;
        let own = rows.iter().find(|row| row["key"] == self.0.key);
        Some(own.is_none_or(|row| row["value"] != self.0.value.as_str()))
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn another_sessions_job_manager() {
        #[track_caller]
        fn check(options: &Value, differs: Option<bool>) {
            let identity = Identity::new("web.upload.dir", "/a".to_owned());
            assert_eq!(identity.differs(options), differs);
            assert_eq!(identity.notes("http://a", options), differs == Some(true));
            let is_remembered = identity.0.found.lock().unwrap().contains("http://a");
            assert_eq!(is_remembered, differs == Some(false), "{options}");
        }
        let port = json!({"key": "rest.port", "value": "8081"});
        check(&json!([port, {"key": "web.upload.dir", "value": "/a"}]), Some(false));
        check(&json!([port, {"key": "web.upload.dir", "value": "/b"}]), Some(true));
        check(&json!([port]), Some(true));
        // What is not a JobManager's answer says nothing.
        check(&json!([]), None);
        check(&json!({"errors": ["no"]}), None);
    }
}
