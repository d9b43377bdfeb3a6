//! Options as commons-cli reads them: `-x V`, `-xV`, `--long V`, `--long=V`, `-Dkey=value`.

/// Whether an option has a value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Value {
    None,
    Needed,
    /// Taken where the next word is not an option.
    Optional,
}

/// One option: its short name, its long one, its value.
type Option_ = (&'static str, &'static str, Value);

/// What all actions have.
const COMMON: &[Option_] = &[
    ("h", "help", Value::None),
    ("v", "verbose", Value::None),
    ("D", "", Value::Needed),
    ("e", "executor", Value::Needed),
    ("t", "target", Value::Needed),
    ("m", "jobmanager", Value::Needed),
    ("z", "zookeeperNamespace", Value::Needed),
];

const PROGRAM: &[Option_] = &[
    ("c", "class", Value::Needed),
    ("p", "parallelism", Value::Needed),
    ("C", "classpath", Value::Needed),
    ("d", "detached", Value::None),
    ("n", "allowNonRestoredState", Value::None),
    ("s", "fromSavepoint", Value::Needed),
    ("cm", "claimMode", Value::Needed),
    ("rm", "restoreMode", Value::Needed),
    ("sae", "shutdownOnAttachedExit", Value::None),
    ("py", "python", Value::Needed),
    ("pym", "pyModule", Value::Needed),
    ("pyfs", "pyFiles", Value::Needed),
    ("pyarch", "pyArchives", Value::Needed),
    ("pyexec", "pyExecutable", Value::Needed),
    ("pyclientexec", "pyClientExecutable", Value::Needed),
    ("pyreq", "pyRequirements", Value::Needed),
    ("pypath", "pyPythonPath", Value::Needed),
    // Ours.
    ("client", "client", Value::Needed),
];

/// Options that mean something to a client in which main() runs, and nothing to REST.
pub(super) const CLIENT_ONLY: [&str; 10] =
    ["C", "sae", "py", "pym", "pyfs", "pyarch", "pyexec", "pyclientexec", "pyreq", "pypath"];

/// Options that name a Python program, which has no jar.
pub(super) const PYTHON_PROGRAM: [&str; 2] = ["py", "pym"];

/// The options of one action.
#[derive(Debug, Clone)]
pub(super) struct Options {
    own: &'static [Option_],
    /// Behind the first other word everything is the program's.
    stops: bool,
}

/// What was found.
#[derive(Debug, Default)]
pub(super) struct Taken {
    found: Vec<(&'static str, Option<String>)>,
    /// The same as they were there.
    pub(super) raw: Vec<(&'static str, Vec<String>)>,
    /// Words that are not options.
    pub(super) words: Vec<String>,
}

impl Taken {
    pub(super) fn has(&self, name: &str) -> bool {
        self.found.iter().any(|(found, _)| *found == name)
    }

    /// The first value of an option.
    pub(super) fn value(&self, name: &str) -> Option<&str> {
        self.found.iter().find(|(found, _)| *found == name)?.1.as_deref()
    }

    pub(super) fn all(&self, name: &str) -> Vec<String> {
        let mine = self.found.iter().filter(|(found, _)| *found == name);
        mine.filter_map(|(_, value)| value.clone()).collect()
    }
}

impl Options {
    pub(super) fn of(verb: &str) -> Self {
        let own: &[Option_] = match verb {
            "run" | "info" => PROGRAM,
            "list" => &[
                ("a", "all", Value::None),
                ("r", "running", Value::None),
                ("s", "scheduled", Value::None),
            ],
            "cancel" => &[("s", "withSavepoint", Value::Optional)],
            "stop" => &[
                ("p", "savepointPath", Value::Optional),
                ("d", "drain", Value::None),
                ("type", "type", Value::Needed),
                ("detached", "detached", Value::None),
            ],
            "savepoint" => &[
                ("d", "dispose", Value::Needed),
                ("j", "jarfile", Value::Needed),
                ("type", "type", Value::Needed),
                ("detached", "detached", Value::None),
            ],
            "checkpoint" => &[("full", "full", Value::None)],
            _ => &[],
        };
        Self { own, stops: matches!(verb, "run" | "info") }
    }

    /// Takes the options from the words.
    ///
    /// # Errors
    /// The message of commons-cli.
    pub(super) fn take(&self, words: &[String]) -> Result<Taken, String> {
        let mut taken = Taken::default();
        let mut rest = words.iter().peekable();
        while let Some(word) = rest.next() {
            if word == "--" {
                break;
            }
            if !word.starts_with('-') || word == "-" {
                taken.words.push(word.clone());
                if self.stops {
                    break;
                }
                continue;
            }
            let Some(((name, _, kind), attached)) = self.find(word) else {
                if self.stops {
                    // Flink takes an unknown option for the program, as it takes everything behind it.
                    taken.words.push(word.clone());
                    break;
                }
                return Err(format!("Unrecognized option: {word}"));
            };
            let is_attached = attached.is_some();
            let value = match (kind, attached) {
                (Value::None, _) => None,
                (_, Some(value)) => Some(value),
                (Value::Needed, None) => {
                    let value = rest.next_if(|next| !self.is_option(next));
                    let value =
                        value.ok_or_else(|| format!("Missing argument for option: {name}"))?;
                    Some(value.clone())
                }
                (Value::Optional, None) => rest.next_if(|next| !self.is_option(next)).cloned(),
            };
            let next = value.clone().filter(|_| !is_attached);
            taken.raw.push((name, std::iter::once(word.clone()).chain(next).collect()));
            taken.found.push((name, value));
        }
        taken.words.extend(rest.cloned());
        Ok(taken)
    }

    fn is_option(&self, word: &str) -> bool {
        word.starts_with('-') && self.find(word).is_some()
    }

    /// The option that a word is, and the value that is part of it.
    fn find(&self, word: &str) -> Option<(Option_, Option<String>)> {
        let all = || self.own.iter().chain(COMMON).copied();
        let (name, value) = match word.split_once('=') {
            Some((name, value)) => (name, Some(value.to_owned())),
            None => (word, None),
        };
        let bare = name.trim_start_matches('-');
        let long = || all().find(|(_, long, _)| !long.is_empty() && *long == bare);
        if name.starts_with("--") {
            return long().map(|option| (option, value));
        }
        if let Some(option) = word.strip_prefix("-D").filter(|option| !option.is_empty())
            && let Some(found) = all().find(|(name, ..)| *name == "D")
        {
            return Some((found, Some(option.to_owned())));
        }
        if let Some(option) = all().find(|(short, ..)| *short == bare) {
            return Some((option, value));
        }
        if let Some(option) = long() {
            return Some((option, value));
        }
        // `-p4`: one letter with its value.
        let (letter, value) = word[1..].split_at_checked(1)?;
        let option = all().find(|(short, _, kind)| *short == letter && *kind == Value::Needed)?;
        Some((option, Some(value.to_owned())))
    }
}
