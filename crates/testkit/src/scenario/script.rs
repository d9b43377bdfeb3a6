//! A list of expected calls with their answers. The first call that is another one is named, with what differs.

use std::collections::VecDeque;

use serde_json::{Value, json};
use similar::TextDiff;
use tokio::sync::oneshot;

use super::server::{Answer, Backend, Reply, Request, Server};

/// Status of the answer to a call that nobody expected: no client asks again after it.
const UNEXPECTED: u16 = 418;

type Check = Box<dyn Fn(&Request) -> Result<(), String> + Send>;
type Say = Box<dyn Fn(&Request) -> Answer + Send>;

/// An expected call.
pub struct Call {
    method: &'static str,
    path: String,
    checks: Vec<Check>,
    answer: Say,
}

impl std::fmt::Debug for Call {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.line())
    }
}

impl Call {
    /// This method and this path, which is answered with an empty document.
    pub fn new(method: &'static str, path: &str) -> Self {
        let answer: Say = Box::new(|_| Answer::json(200, &json!({})));
        Self { method, path: path.to_owned(), checks: Vec::new(), answer }
    }

    /// With this value in the query.
    #[must_use]
    pub fn query(mut self, name: &'static str, value: &str) -> Self {
        let value = value.to_owned();
        self.checks.push(Box::new(move |request| {
            let seen = request.query(name);
            if seen == value {
                Ok(())
            } else {
                Err(format!("query `{name}`: expected `{value}`, seen `{seen}`"))
            }
        }));
        self
    }

    /// With this body, as a whole.
    #[must_use]
    pub fn body(mut self, expected: Value) -> Self {
        self.checks.push(Box::new(move |request| same("body", &expected, &request.json())));
        self
    }

    /// With this value at a place of the body (RFC 6901).
    #[must_use]
    pub fn body_at(mut self, place: &'static str, expected: Value) -> Self {
        self.checks.push(Box::new(move |request| {
            let body = request.json();
            same(
                &format!("body at {place}"),
                &expected,
                body.pointer(place).unwrap_or(&Value::Null),
            )
        }));
        self
    }

    /// Is answered with this.
    #[must_use]
    pub fn answer(mut self, answer: Answer) -> Self {
        self.answer = Box::new(move |_| answer.clone());
        self
    }

    /// Is answered with what comes from the request.
    #[must_use]
    pub fn answer_with(mut self, answer: impl Fn(&Request) -> Answer + Send + 'static) -> Self {
        self.answer = Box::new(answer);
        self
    }

    fn line(&self) -> String {
        format!("{} {}", self.method, self.path)
    }

    fn is_meant(&self, request: &Request) -> bool {
        self.method == request.method && self.path == request.path
    }

    fn check(&self, request: &Request) -> Result<(), String> {
        self.checks.iter().try_for_each(|check| check(request))
    }
}

fn same(what: &str, expected: &Value, seen: &Value) -> Result<(), String> {
    if expected == seen {
        return Ok(());
    }
    let (expected, seen) = (format!("{expected:#}\n"), format!("{seen:#}\n"));
    let diff = TextDiff::from_lines(&expected, &seen);
    Err(format!("{what} differs:\n{}", diff.unified_diff().header("expected", "seen")))
}

/// A call that came and waits for the others of its group.
struct Waiting {
    answer: Answer,
    send: oneshot::Sender<Answer>,
}

/// Expected calls, in order. Calls of one group come in any order, and all of them before one is answered: so a group says
/// that they are in flight together. A client that sends one only after the answer to another waits for ever, and is named.
#[derive(Default)]
pub struct Script {
    groups: VecDeque<Vec<Call>>,
    /// Calls of the first group that came.
    waiting: Vec<Waiting>,
    /// May come at any time, any number of times.
    always: Vec<Call>,
    /// Calls that came as expected.
    done: usize,
    fault: Option<String>,
}

impl Script {
    /// Expects nothing yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// Then this one alone.
    #[must_use]
    pub fn then(self, call: Call) -> Self {
        self.together([call])
    }

    /// Then these, in flight together.
    #[must_use]
    pub fn together(mut self, calls: impl IntoIterator<Item = Call>) -> Self {
        self.groups.push_back(calls.into_iter().collect());
        self
    }

    /// This one may come at any time, or not at all.
    #[must_use]
    pub fn always(mut self, call: Call) -> Self {
        self.always.push(call);
        self
    }

    fn unexpected(&mut self, request: &Request, why: &str) -> Reply {
        let expected = self
            .groups
            .front()
            .map(|group| group.iter().map(Call::line).collect::<Vec<_>>().join(", or "));
        let expected = expected.unwrap_or_else(|| "no further call".to_owned());
        let number = self.done + 1;
        let why = if why.is_empty() { String::new() } else { format!("\n{why}") };
        let fault = format!("call {number}: expected {expected}; seen {}{why}", request.line());
        self.fault.get_or_insert(fault);
        Reply::Now(Answer::json(UNEXPECTED, &json!({"message": "not expected by the scenario"})))
    }

    /// What is wrong, now that the client has ended.
    fn verdict(&self) -> Result<(), String> {
        if let Some(fault) = &self.fault {
            return Err(fault.clone());
        }
        let missing: Vec<String> = self.groups.iter().flatten().map(Call::line).collect();
        if missing.is_empty() {
            return Ok(());
        }
        let together = match self.waiting.len() {
            0 => "",
            _ => {
                " (the calls that came with it were not answered until it comes: they belong together)"
            }
        };
        Err(format!("call {} never came: {}{together}", self.done + 1, missing.join(", ")))
    }
}

impl Backend for Script {
    fn reply(&mut self, request: &Request) -> Reply {
        if let Some(call) = self.always.iter().find(|call| call.is_meant(request)) {
            return match call.check(request) {
                Ok(()) => Reply::Now((call.answer)(request)),
                Err(why) => self.unexpected(request, &why),
            };
        }
        let group = self.groups.front_mut();
        let Some((group, index)) = group.and_then(|group| {
            // Of several to one address the one that agrees in all, otherwise the first.
            let is_right = |call: &Call| call.is_meant(request) && call.check(request).is_ok();
            let index = group.iter().position(is_right);
            let index = index.or_else(|| group.iter().position(|call| call.is_meant(request)))?;
            Some((group, index))
        }) else {
            return self.unexpected(request, "");
        };
        if let Err(why) = group[index].check(request) {
            return self.unexpected(request, &why);
        }
        let call = group.remove(index);
        self.done += 1;
        let (send, receive) = oneshot::channel();
        self.waiting.push(Waiting { answer: (call.answer)(request), send });
        if group.is_empty() {
            self.groups.pop_front();
            for Waiting { answer, send } in self.waiting.drain(..) {
                // A client that is gone by now gets none.
                let _ = send.send(answer);
            }
        }
        Reply::Later(receive)
    }
}

impl Server<Script> {
    /// Fails unless all calls came as expected.
    ///
    /// # Panics
    /// With the first call that did not.
    #[track_caller]
    pub fn check(&self) {
        if let Err(fault) = self.with(|script| script.verdict()) {
            panic!("{fault}");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeMap;

    fn request(line: &str, body: &Value) -> Request {
        let (method, path) = line.split_once(' ').unwrap();
        Request {
            number: 1,
            method: method.to_owned(),
            path: path.to_owned(),
            query: BTreeMap::new(),
            headers: BTreeMap::new(),
            body: body.to_string().into(),
        }
    }

    #[track_caller]
    fn check(requests: &[(&str, Value)], expected: &str) {
        let mut script = Script::new()
            .then(Call::new("POST", "/a").body(json!({"x": 1})))
            .together([Call::new("GET", "/b"), Call::new("GET", "/c")])
            .always(Call::new("GET", "/version"));
        let mut replies = Vec::new();
        for (line, body) in requests {
            replies.push(script.reply(&request(line, body)));
        }
        match script.verdict() {
            Ok(()) => assert_eq!(expected, ""),
            Err(said) => assert!(!expected.is_empty() && said.contains(expected), "{said}"),
        }
    }

    #[test]
    fn the_first_call_that_is_another_one_is_named() {
        let post = ("POST /a", json!({"x": 1}));
        let get = |path: &'static str| (path, Value::Null);
        let (b, c, version) = (get("GET /b"), get("GET /c"), get("GET /version"));
        check(&[post.clone(), b.clone(), c.clone()], "");
        check(&[version.clone(), post.clone(), c.clone(), version, b.clone()], "");
        check(std::slice::from_ref(&b), "call 1: expected POST /a; seen GET /b");
        check(&[("POST /a", json!({"x": 2}))], "-  \"x\": 1");
        check(&[post.clone(), b.clone(), b.clone()], "call 3: expected GET /c; seen GET /b");
        check(&[post.clone(), b.clone()], "call 3 never came: GET /c (the calls");
        check(
            &[post.clone(), b, c, post.clone()],
            "call 4: expected no further call; seen POST /a",
        );
        check(&[], "call 1 never came: POST /a, GET /b, GET /c");
    }
}
