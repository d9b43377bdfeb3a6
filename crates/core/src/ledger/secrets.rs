//! Values that must not be in the ledger: they lie beside it, and the document holds their names and digests.
//!
//! Secret are values of options on Flink's own list, of environment variables with a name of that kind, arguments that
//! carry such a value, and passwords in addresses. A name holds the digest of its value: a value never changes under its
//! name, so that whichever document is read, what lies beside it fits.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::{JobRecord, Ledger, Wanted};
use crate::change::is_secret_variable;
use nutkin_flink::options::{HIDDEN, is_sensitive};

/// Begins a text of the document that stands for a value beside it; its name follows.
const MARK: &str = "nutkin-secret:";

/// Begins a value beside the document that is not text of its own, or that begins as one of the two marks: JSON follows.
const JSON: &str = "nutkin-json:";

/// The name under which the salt of the digests lies beside the values: without it a short password could be guessed
/// from its digest.
const SALT: &str = "salt";

/// Where in the document it is said what was wanted before the change under way.
pub(super) const BEFORE: &str = "phase.before";

/// Where in it it is said what is wanted of the session where it moves to.
pub(super) const THERE: &str = "phase.to.wanted";

/// Longest beginning of a name: with the digest it stays below the 253 characters of a Secret's key.
const LONGEST: usize = 200;

/// Values by name, as a store keeps them beside the document. Names consist of letters, digits, `-`, `.` and `_`.
#[derive(Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Secrets(pub BTreeMap<String, String>);

/// Names only: values are not for logs.
impl std::fmt::Debug for Secrets {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_set().entries(self.0.keys()).finish()
    }
}

/// A value that should lie beside the document and does not.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MissingSecret {
    /// Where it belongs: `wanted.options.s3.secret-key`.
    pub path: String,
    /// Its name.
    pub name: String,
}

impl Secrets {
    /// Whether there is nothing to keep.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The values themselves, to be looked for elsewhere.
    pub fn values(&self) -> impl Iterator<Item = String> {
        let values = self.0.iter().filter(|(name, _)| *name != SALT);
        values.map(|(_, text)| match decoded(text) {
            Value::String(value) => value,
            value => value.to_string(),
        })
    }

    /// These and others: nothing is replaced by something else, for a name belongs to one value.
    #[must_use]
    pub fn with(&self, others: &Self) -> Self {
        let mut all = self.clone();
        for (name, value) in &others.0 {
            all.0.entry(name.clone()).or_insert_with(|| value.clone());
        }
        all
    }
}

/// A value of what is kept of it. What cannot be read is a text.
fn decoded(text: &str) -> Value {
    let value = text.strip_prefix(JSON).and_then(|json| serde_json::from_str(json).ok());
    value.unwrap_or_else(|| Value::String(text.to_owned()))
}

/// Takes the secret values out of a ledger. `before` is what lies beside it so far, `salt` a random text, which counts
/// where there is none yet.
pub(super) fn split(ledger: &mut Ledger, before: &Secrets, salt: &str) -> Secrets {
    let salt = before.0.get(SALT).map_or(salt, String::as_str).to_owned();
    let mut secrets = Secrets::default();
    let mut digests = std::mem::take(&mut ledger.secrets);
    visit(ledger, &mut |path, value, is_secret| {
        let text = match value {
            Value::String(text) => {
                if text.strip_prefix(MARK).is_some_and(|name| digests.contains_key(name)) {
                    // Its value is not there any more: what is known of it stays.
                    return;
                }
                let is_mark = text.starts_with(MARK) || text.starts_with(JSON);
                if !is_secret && !is_mark {
                    return;
                }
                if is_mark { format!("{JSON}{}", Value::from(text.as_str())) } else { text.clone() }
            }
            Value::Number(_) | Value::Bool(_) if is_secret => format!("{JSON}{value}"),
            _ => return,
        };
        let digest = nutkin_flink::digest::short(format!("{salt}\0{path}\0{text}"));
        let name = format!("{}-{digest}", plain(path));
        *value = Value::String(format!("{MARK}{name}"));
        digests.insert(name.clone(), digest);
        secrets.0.insert(name, text);
    });
    // Those of fields that only a newer Nutkin knows.
    digests.retain(|name, _| secrets.0.contains_key(name) || is_named(ledger, name));
    for name in digests.keys() {
        if let (false, Some(value)) = (secrets.0.contains_key(name), before.0.get(name)) {
            secrets.0.insert(name.clone(), value.clone());
        }
    }
    if !secrets.is_empty() {
        secrets.0.insert(SALT.to_owned(), salt);
    }
    ledger.secrets = digests;
    secrets
}

/// Puts the values back. Names of those that are not put back stay in the ledger's list.
pub(super) fn join(ledger: &mut Ledger, secrets: &Secrets) -> Vec<MissingSecret> {
    let mut missing = Vec::new();
    let mut digests = std::mem::take(&mut ledger.secrets);
    let mut joined = Vec::new();
    visit(ledger, &mut |path, value, _| {
        let Some(name) = value.as_str().and_then(|text| text.strip_prefix(MARK)) else { return };
        let name = name.to_owned();
        let Some(text) = secrets.0.get(&name) else {
            missing.push(MissingSecret { path: path.to_owned(), name });
            return;
        };
        *value = decoded(text);
        joined.push(name);
    });
    digests.retain(|name, _| !joined.contains(name));
    ledger.secrets = digests;
    missing
}

/// Words of a command line as they may be told: secret ones are masked.
pub fn masked_words(words: &[String]) -> Vec<String> {
    let secret = secret_words(words.iter().map(String::as_str));
    let shown = words.iter().zip(secret).map(|(word, is_secret)| {
        if !is_secret {
            return word.clone();
        }
        match word.split_once('=') {
            Some((key, _)) if !key.contains("://") => format!("{key}={HIDDEN}"),
            _ => HIDDEN.to_owned(),
        }
    });
    shown.collect()
}

fn is_named(ledger: &Ledger, name: &str) -> bool {
    let wanted = ledger.wanted.as_ref().map(|wanted| &wanted.unknown);
    let jobs = ledger.jobs.values().map(|job| &job.unknown);
    let mark = format!("{MARK}{name}");
    let mut maps = std::iter::once(&ledger.unknown).chain(wanted).chain(jobs);
    // What is not there any more is named in known fields, too.
    maps.any(|map| map.values().any(|value| holds(value, &mark)))
        || serde_json::to_value(ledger).is_ok_and(|value| holds(&value, &mark))
}

fn holds(value: &Value, text: &str) -> bool {
    match value {
        Value::String(found) => found == text,
        Value::Array(items) => items.iter().any(|item| holds(item, text)),
        Value::Object(fields) => fields.values().any(|value| holds(value, text)),
        _ => false,
    }
}

/// A path as a part of a name.
fn plain(path: &str) -> String {
    let is_plain = |c: char| c.is_ascii_alphanumeric() || "-._".contains(c);
    path.chars().take(LONGEST).map(|c| if is_plain(c) { c } else { '_' }).collect()
}

/// Called with the path of a value, the value, and whether it is secret.
type Visitor<'v> = dyn FnMut(&str, &mut Value, bool) + 'v;

fn visit(ledger: &mut Ledger, visitor: &mut Visitor<'_>) {
    if let Some(wanted) = &mut ledger.wanted {
        visit_wanted(wanted, "wanted", visitor);
    }
    for (name, job) in &mut ledger.jobs {
        visit_job(job, &format!("jobs.{name}"), visitor);
    }
    let Some(phase) = &mut ledger.phase else { return };
    if let Some(before) = &mut phase.before {
        visit_wanted(before, BEFORE, visitor);
    }
    if let Some(to) = &mut phase.to {
        visit_wanted(&mut to.wanted, THERE, visitor);
    }
    for (name, job) in &mut phase.jobs {
        visit_job(job, &format!("phase.jobs.{name}"), visitor);
    }
}

fn visit_wanted(wanted: &mut Wanted, path: &str, visitor: &mut Visitor<'_>) {
    visit_options(&mut wanted.options, &format!("{path}.options"), visitor);
    for (index, document) in wanted.documents.iter_mut().enumerate() {
        visit_value(document, &format!("{path}.documents.{index}"), false, visitor);
    }
    if let Some(directory) = &mut wanted.conf_dir {
        for (key, entry) in &mut directory.entries {
            let is_secret = is_sensitive(key) || is_secret_text(&entry.value);
            visit_text(&mut entry.value, &format!("{path}.confDir.{key}"), is_secret, visitor);
        }
    }
}

fn visit_job(job: &mut JobRecord, path: &str, visitor: &mut Visitor<'_>) {
    for (field, text) in [("jar", &mut job.jar), ("startedFrom", &mut job.started_from)] {
        if let Some(text) = text {
            let is_secret = is_secret_text(text);
            visit_text(text, &format!("{path}.{field}"), is_secret, visitor);
        }
    }
    for (index, text) in job.earlier_starts.iter_mut().enumerate() {
        let is_secret = is_secret_text(text);
        visit_text(text, &format!("{path}.earlierStarts.{index}"), is_secret, visitor);
    }
    let secret = secret_words(job.args.iter().map(String::as_str));
    for (index, (argument, is_secret)) in job.args.iter_mut().zip(secret).enumerate() {
        visit_text(argument, &format!("{path}.args.{index}"), is_secret, visitor);
    }
    visit_options(&mut job.options, &format!("{path}.options"), visitor);
    if let Some(pending) = &mut job.pending {
        visit_job(pending, &format!("{path}.pending"), visitor);
    }
}

fn visit_options(options: &mut BTreeMap<String, String>, path: &str, visitor: &mut Visitor<'_>) {
    for (key, text) in options {
        let is_secret = is_sensitive(key) || is_secret_text(text);
        visit_text(text, &format!("{path}.{key}"), is_secret, visitor);
    }
}

fn visit_text(text: &mut String, path: &str, is_secret: bool, visitor: &mut Visitor<'_>) {
    let mut value = Value::String(std::mem::take(text));
    visitor(path, &mut value, is_secret);
    *text = match value {
        Value::String(text) => text,
        other => other.to_string(),
    };
}

/// Any document: options are known by the field that holds them, variables by standing in a list `env`, words of a
/// command by standing in a list. All that is in a secret value is secret.
fn visit_value(value: &mut Value, path: &str, is_secret: bool, visitor: &mut Visitor<'_>) {
    match value {
        Value::Object(fields) => {
            let holds_options = path.ends_with(".flinkConfiguration");
            let is_variable = path.rsplit('.').nth(1) == Some("env")
                && fields
                    .get("name")
                    .and_then(Value::as_str)
                    .is_some_and(|name| is_secret_variable(name, is_sensitive));
            for (key, value) in fields {
                let is_secret = is_secret
                    || holds_options && is_sensitive(key)
                    || is_variable && key == "value";
                visit_value(value, &format!("{path}.{key}"), is_secret, visitor);
            }
        }
        Value::Array(items) => {
            let secret = secret_words(items.iter().map(|item| item.as_str().unwrap_or_default()));
            for (index, (item, is_word)) in items.iter_mut().zip(secret).enumerate() {
                visit_value(item, &format!("{path}.{index}"), is_secret || is_word, visitor);
            }
        }
        Value::String(text) => {
            let is_secret = is_secret || is_secret_text(text);
            visitor(path, value, is_secret);
        }
        Value::Number(_) | Value::Bool(_) => visitor(path, value, is_secret),
        Value::Null => {}
    }
}

/// Which words of a command line are secret: those that say so themselves, and those that follow an option of such a
/// name.
fn secret_words<'a>(words: impl Iterator<Item = &'a str>) -> Vec<bool> {
    let mut follows = false;
    words
        .map(|word| {
            let is_option = word.starts_with('-');
            let is_secret = is_secret_text(word) || follows && !is_option;
            follows = is_option && !word.contains('=') && is_sensitive(word);
            is_secret
        })
        .collect()
}

/// A line of a log as it may be shown: values of secrets in it are hidden, the rest stays.
pub fn masked_line(line: &str) -> String {
    let words: Vec<&str> = line.split(' ').collect();
    let is_sign = |word: &str| word == "=" || word == ":";
    let (mut follows, mut quoted) = (false, false);
    let mut shown = Vec::new();
    for (at, word) in words.iter().copied().enumerate() {
        let hides = quoted || follows && !is_sign(word) && !word.is_empty();
        quoted = (quoted || hides || is_secret_text(word)) && opens(word, quoted);
        let names = word.trim_end_matches([':', '=']);
        let is_key = is_sensitive(names) && !names.contains(['=', ':']);
        let is_named = word.starts_with('-')
            || names.len() < word.len()
            || words.get(at + 1).is_some_and(|next| is_sign(next));
        let is_scheme = word == "Bearer" || word == "Basic";
        follows = !hides
            && (is_key && is_named || is_scheme || follows && (is_sign(word) || word.is_empty()));
        shown.push(match word.split_once('=') {
            _ if hides => HIDDEN.to_owned(),
            Some((key, _)) if is_secret_text(word) && !key.contains("://") => {
                format!("{key}={HIDDEN}")
            }
            _ if is_secret_text(word) && !is_key || is_signed(word) => HIDDEN.to_owned(),
            _ => word.to_owned(),
        });
    }
    shown.join(" ")
}

/// Whether a quoted value goes on behind this word.
fn opens(word: &str, is_open: bool) -> bool {
    let is_even = word.matches('"').count().is_multiple_of(2);
    is_open == is_even
}

/// Whether an address carries a user, or what signs it.
fn is_signed(word: &str) -> bool {
    let Some((scheme, rest)) = word.split_once("://") else { return false };
    // A user of Flink's own addresses (`pekko.tcp://flink@host`) is not a secret, one of a web server may be a token.
    let is_web = scheme.ends_with("http") || scheme.ends_with("https");
    is_web && rest.contains('@')
        || ["sig=", "ignature=", "redential="].iter().any(|part| rest.contains(part))
}

/// Whether a text carries a secret: `x.password=y` anywhere in it, or `://user:password@`.
fn is_secret_text(text: &str) -> bool {
    has_password(text)
        || text.match_indices(['=', ':']).any(|(index, sign)| {
            let rest = &text[index + 1..];
            if sign == ":" && (rest.starts_with('/') || rest.trim().is_empty()) {
                return false;
            }
            let before = text[..index].trim_end_matches([' ', '\t', '"', '\'']);
            let is_of_key = |c: char| c.is_ascii_alphanumeric() || "-._".contains(c);
            let start = before.rfind(|c: char| !is_of_key(c));
            let key = start.map_or(before, |start| {
                let next = start + before[start..].chars().next().map_or(1, char::len_utf8);
                &before[next..]
            });
            is_sensitive(key)
        })
}

/// `scheme://user:password@host`.
fn has_password(text: &str) -> bool {
    text.match_indices("://").any(|(index, _)| {
        let authority = text[index + 3..].split(['/', '?', '#', ' ']).next().unwrap_or_default();
        authority.rsplit_once('@').is_some_and(|(user, _)| user.contains(':'))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_that_carry_secrets() {
        #[track_caller]
        fn check(text: &str, expected: bool) {
            assert_eq!(is_secret_text(text), expected, "{text}");
        }
        for text in [
            "-Djavax.net.ssl.trustStorePassword=x",
            "jdbc:postgresql://db/x?user=a&password=b",
            "https://ann:pw@host/a.jar",
            "a b\nappender.kafka.token = x",
            "{\"apiKey\": 1, \"secret\":\"x\"}",
        ] {
            check(text, true);
        }
        for text in ["a=b", "--input=/secret/in", "s3://bucket/token", "my secret", "", "=", "é=ü:"]
        {
            check(text, false);
        }
    }

    #[test]
    fn lines_of_a_log() {
        #[track_caller]
        fn check(line: &str, expected: &str) {
            assert_eq!(masked_line(line), expected);
        }
        check("INFO a.B [] - fs.s3a.secret.key=x y", "INFO a.B [] - fs.s3a.secret.key=****** y");
        check("s3.secret-key: abc def", "s3.secret-key: ****** def");
        check("ssl.password = abc def", "ssl.password = ****** def");
        check("at https://a:b@h/x.jar now", "at ****** now");
        check("token expired: no luck", "token expired: no luck");
        check("arguments: --user a --password x", "arguments: --user a --password ******");
        check("https://ghp_T@github.com/x now", "****** now");
        check("https://u:pa/ss@host now", "****** now");
        check("https://b.example/x?sv=1&sig=ab%3D now", "****** now");
        check("Authorization: Bearer abc def", "Authorization: Bearer ****** def");
        check("password=\"a b c\" next", "password=****** ****** ****** next");
    }

    #[test]
    fn words_of_a_command_line() {
        #[track_caller]
        fn check(words: &str, expected: &str) {
            let words: Vec<String> = words.split(' ').map(str::to_owned).collect();
            assert_eq!(masked_words(&words).join(" "), expected);
        }
        check("up -D s3.secret-key=x -D a=b", "up -D s3.secret-key=****** -D a=b");
        check("run a.jar --password x --user y", "run a.jar --password ****** --user y");
        check("run https://a:b@h/x.jar", "run ******");
        check("run a.jar --password --user y", "run a.jar --password --user y");
    }
}
