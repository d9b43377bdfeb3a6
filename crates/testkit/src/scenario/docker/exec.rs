//! Commands that are run in containers, of which only one is known, and who waits for events.

use std::sync::{Arc, Mutex};

use serde_json::json;
use tokio::sync::oneshot;

use super::containers::framed;
use super::files::now;
use super::{Docker, Done, refusal};
use crate::scenario::server::{Answer, Request};

/// What happened, and requests for events, each of which is told one and ends. A copy of a daemon has none.
#[derive(Debug, Default)]
pub(super) struct Listeners(Arc<Mutex<Told>>);

#[derive(Debug, Default)]
struct Told {
    /// When something happened last, in seconds of the Unix epoch.
    last: Option<u64>,
    waiting: Vec<oneshot::Sender<Answer>>,
}

impl Clone for Listeners {
    fn clone(&self) -> Self {
        Self::default()
    }
}

impl Listeners {
    pub(super) fn listen(&self, request: &Request) -> oneshot::Receiver<Answer> {
        let (tell, told) = oneshot::channel();
        let mut all = self.0.lock().expect("no thread panics");
        let since = request.query("since").parse().ok();
        if all.last.is_some_and(|last| since.is_some_and(|since: u64| since <= last)) {
            let _ = tell.send(event());
        } else {
            all.waiting.push(tell);
        }
        told
    }

    /// Tells that something has happened to a container.
    pub(super) fn tell(&self) {
        let mut all = self.0.lock().expect("no thread panics");
        all.last = Some(now());
        for one in all.waiting.drain(..) {
            let _ = one.send(event());
        }
    }
}

fn event() -> Answer {
    let event = json!({"Type": "container", "Action": "die", "Actor": {"ID": "1"}});
    Answer::text(200, &format!("{event}\n"))
}

impl Docker {
    /// What happened before: the last end of the container that is asked for.
    pub(super) fn ends_of(&self, request: &Request) -> Answer {
        let asked = request.query("filters").to_owned();
        let all = self.containers.values().filter(|one| asked.contains(one.id()));
        let lines: String = all.filter_map(|one| Some(format!("{}\n", one.died()?))).collect();
        Answer::text(200, &lines)
    }

    pub(super) fn make_exec(&mut self, container: &str, request: &Request) -> Answer {
        let words = request.json()["Cmd"].as_array().cloned().unwrap_or_default();
        let words = words.iter().filter_map(|word| word.as_str().map(str::to_owned));
        self.execs.push((container.to_owned(), words.collect()));
        Answer::json(201, &json!({"Id": (self.execs.len() - 1).to_string()}))
    }

    /// What it prints: the list of complete checkpoints of jobs. `None`: it fails.
    fn printed(&self, number: &str) -> Result<Option<String>, Answer> {
        let none = || refusal(404, &format!("No such exec instance: {number}"));
        let exec = number.parse().ok().and_then(|number: usize| self.execs.get(number));
        let (container, words) = exec.ok_or_else(none)?;
        let [_, _, script, _, directory, jobs @ ..] = words.as_slice() else { return Ok(None) };
        if script != nutkin_core::jobs::LIST || !self.is_running(container) {
            return Ok(None);
        }
        let files = self.files_of(container);
        let mut printed = String::new();
        for job in jobs {
            let below = files.below(&format!("{directory}/{job}"));
            if !below.is_empty() {
                printed += &format!("{job}\n");
            }
            for (path, _, text) in below.all() {
                if path.ends_with("/_metadata") && !text.is_empty() {
                    printed += &format!("{}\n", &path[directory.len() + 1..]);
                }
            }
        }
        Ok(Some(printed))
    }

    pub(super) fn run(&self, number: &str) -> Done {
        let printed = self.printed(number)?.unwrap_or_default();
        let answer = Answer { status: 101, headers: Vec::new(), body: framed(&printed).into() };
        Ok(answer.header("connection", "Upgrade").header("upgrade", "tcp"))
    }

    pub(super) fn ran(&self, number: &str) -> Done {
        let code = i64::from(self.printed(number)?.is_none());
        Ok(Answer::json(200, &json!({"ID": number, "Running": false, "ExitCode": code})))
    }
}
