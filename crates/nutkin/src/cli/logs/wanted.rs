//! Which entries of the logs are wanted, from arguments to a filter.

use clap::ValueEnum;
use jiff::Timestamp;
use nutkin_core::logs::{LogFilter, LogLevel};
use nutkin_flink::FlinkVersion;
use nutkin_flink::flink_cli::is_job_id;
use nutkin_flink::values::duration;
use regex::Regex;
use serde_json::Value;

use crate::cli::client::Target;
use crate::platform::Session;
use nutkin_shell::{Error, Kind, ledger};

/// Arguments that leave out entries.
#[derive(Debug, clap::Args)]
pub(super) struct WantedArgs {
    /// Only entries that name this job or its vertices: its name or id
    #[arg(long, value_name = "JOB")]
    job: Option<String>,

    /// Only entries since then: 10m, 2h, or a time such as 2026-01-01T00:00:00Z
    #[arg(long, value_name = "TIME", value_parser = since)]
    since: Option<i64>,

    /// Only entries with a match of this regular expression in any line
    #[arg(long, value_name = "PATTERN")]
    grep: Option<Regex>,

    /// Only entries of this level and louder ones, and what has no level
    #[arg(long, value_name = "LEVEL", ignore_case = true)]
    level: Option<LevelArg>,
}

/// Levels of entries.
#[derive(Debug, Clone, Copy, ValueEnum)]
enum LevelArg {
    Trace,
    Debug,
    Info,
    Warn,
    Error,
}

/// A time of the past, in milliseconds since 1970.
fn since(text: &str) -> Result<i64, String> {
    if let Ok(time) = text.parse::<Timestamp>() {
        return Ok(time.as_millisecond());
    }
    let says =
        || "expected a duration with a unit (`10m`, `2h`), or a time (`2026-01-01T00:00:00Z`)";
    let is_number = text.bytes().all(|byte| byte.is_ascii_digit());
    let ago = duration(text, FlinkVersion::DEFAULT).ok().filter(|_| !is_number);
    let time = ago.and_then(|ago| Timestamp::now().checked_sub(ago).ok());
    time.map(Timestamp::as_millisecond).ok_or_else(|| says().to_owned())
}

impl WantedArgs {
    /// What is wanted of a session's logs.
    ///
    /// # Errors
    /// There is no such job (5), or there are several (2).
    pub(super) async fn filter(&self, session: &Session) -> Result<LogFilter, Error> {
        let words = match &self.job {
            Some(job) => words_of(job, session).await?,
            None => Vec::new(),
        };
        let level = self.level.map(|level| match level {
            LevelArg::Trace => LogLevel::Trace,
            LevelArg::Debug => LogLevel::Debug,
            LevelArg::Info => LogLevel::Info,
            LevelArg::Warn => LogLevel::Warn,
            LevelArg::Error => LogLevel::Error,
        });
        Ok(LogFilter { since: self.since, level, words, pattern: self.grep.clone() })
    }
}

/// The words by which entries name a job: its id, and ids and names of its vertices, which tasks have in theirs.
async fn words_of(wanted: &str, session: &Session) -> Result<Vec<String>, Error> {
    let failure = match of_flink(wanted, session).await {
        Ok(words) => return Ok(words),
        Err(failure) => failure,
    };
    // A JobManager that has ended, or forgotten the job, does not know it.
    let opened = ledger::load(session).await.ok();
    let jobs = opened.iter().flat_map(|opened| &opened.ledger.jobs);
    let is_meant = |id: &str| 4 <= wanted.len() && id.starts_with(wanted);
    let known = jobs.filter_map(|(name, job)| {
        let id = job.id.as_ref()?;
        (name == wanted || is_meant(id)).then(|| id.clone())
    });
    let known: Vec<String> = known.collect();
    if !known.is_empty() {
        return Ok(known);
    }
    match failure.kind {
        // Nobody knows which jobs there were: an id is enough to search for.
        _ if is_job_id(wanted) => Ok(vec![wanted.to_lowercase()]),
        Kind::NotFound | Kind::Invalid => Err(failure),
        _ => Err(failure.hint("say the whole id of the job: its JobManager does not answer")),
    }
}

async fn of_flink(wanted: &str, session: &Session) -> Result<Vec<String>, Error> {
    let target = Target::of(session.clone(), true).await?;
    let job = target.job(wanted).await?;
    let details = target.client.job(&job.id, "").await.unwrap_or(Value::Null);
    let vertices = details["vertices"].as_array().into_iter().flatten();
    let words = vertices.flat_map(|vertex| [&vertex["id"], &vertex["name"]]);
    let words = words.filter_map(Value::as_str).filter(|word| !word.is_empty());
    Ok(words.map(str::to_owned).chain([job.id]).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_of_the_past() {
        assert_eq!(since("1970-01-01T00:00:01Z"), Ok(1000));
        let now = Timestamp::now().as_millisecond();
        let ago = now - since("10m").unwrap();
        assert!((590_000..=600_000).contains(&ago), "{ago}");
        // The controls.
        for text in ["10", "", "yesterday", "-10m", "10 fortnights"] {
            assert!(since(text).is_err(), "{text}");
        }
    }
}
