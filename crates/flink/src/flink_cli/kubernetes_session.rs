//! The words of `kubernetes-session.sh`, and what it says while somebody is attached to a session.
//!
//! Sources: `KubernetesSessionCli`, `GenericCLI` and commons-cli's parser as 1.13.6, 1.17.2, 1.20.5 and 2.3.0 answered
//! when they were run. Flink's client stops reading at the first word that it does not know, drops the rest and
//! deploys: here every such word is an error.

/// What `kubernetes-session.sh` was told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SessionCall {
    /// Print help.
    Help,
    /// Start or find a session, with what stood behind each `-D`.
    Session(Vec<String>),
}

/// Options of Flink's generic command line; both name a target, which is a session on Kubernetes whatever they say.
const TARGETS: [&str; 4] = ["t", "target", "e", "executor"];

/// Options of Flink 1.10's own command line and of `yarn-session.sh`, which guides still name: whether a value follows,
/// and what says the same today.
const FORMER: [(&[&str], bool, &str); 9] = [
    (&["id", "clusterId", "nm", "name"], true, "-Dkubernetes.cluster-id="),
    (&["i", "image"], true, "-Dkubernetes.container.image.ref="),
    (&["jm", "jobManagerMemory"], true, "-Djobmanager.memory.process.size="),
    (&["tm", "taskManagerMemory"], true, "-Dtaskmanager.memory.process.size="),
    (&["s", "slots"], true, "-Dtaskmanager.numberOfTaskSlots="),
    (&["at", "attached"], false, "-Dexecution.attached=true"),
    (&["d", "detached"], false, "nothing: that is how it starts"),
    (&["n", "namespace"], true, "-Dkubernetes.namespace="),
    (&["m", "jobmanager", "c", "container", "qu", "queue", "z"], true, "nothing: that is YARN's"),
];

/// Reads the words behind `kubernetes-session.sh`.
///
/// # Errors
/// What is printed on standard output before it ends with 1, line breaks included: all words that are wrong.
pub fn parse(words: &[String]) -> Result<SessionCall, String> {
    let mut options = Vec::new();
    let mut wrong = Vec::new();
    let mut rest = words.iter().peekable();
    while let Some(word) = rest.next() {
        if word == "-h" || word == "--help" {
            return Ok(SessionCall::Help);
        }
        if word == "--" {
            wrong.extend(rest.by_ref().map(|word| unknown(word)));
            break;
        }
        if let Some(option) = word.strip_prefix("-D").filter(|option| !option.is_empty()) {
            options.push(option.to_owned());
            continue;
        }
        let Some(bare) = word.strip_prefix('-') else {
            wrong.push(unknown(word));
            continue;
        };
        let (name, attached) = split(bare.strip_prefix('-').unwrap_or(bare));
        // What looks like an option is not a value.
        let mut value = || {
            let next = || rest.next_if(|next| !next.starts_with('-')).map(String::as_str);
            attached.or_else(next)
        };
        if name == "D" || TARGETS.contains(&name) {
            match value() {
                Some(value) if name == "D" => options.push(value.to_owned()),
                Some(_) => {}
                None => wrong.push(format!("Missing argument for option: {name}")),
            }
        } else if let Some((_, takes, instead)) =
            FORMER.iter().find(|(names, ..)| names.contains(&name))
        {
            let value = if *takes { value() } else { None };
            let value = value.filter(|_| instead.ends_with('=')).unwrap_or_default();
            wrong.push(format!("{}; instead: {instead}{value}", unknown(word)));
        } else {
            wrong.push(unknown(word));
        }
    }
    if wrong.is_empty() {
        return Ok(SessionCall::Session(options));
    }
    let help = "Use the help option (-h or --help) to get help on the command.";
    Err(format!("{}\n\n{help}\n", wrong.join("\n")))
}

/// A name and the value that is part of the word.
fn split(bare: &str) -> (&str, Option<&str>) {
    bare.split_once('=').map_or((bare, None), |(name, value)| (name, Some(value)))
}

fn unknown(word: &str) -> String {
    // What stands behind `=` may be a secret.
    let word = word.split_once('=').map_or(word, |(name, _)| name);
    let kind = if word.starts_with('-') { "option" } else { "argument" };
    format!("Unrecognized {kind}: {word}")
}

/// The longest cluster-id that Flink takes (`Constants.MAXIMUM_CHARACTERS_OF_CLUSTER_ID`).
const LONGEST_ID: usize = 45;

/// The name that a cluster without one gets: `random` is hexadecimal, and cut where the name gets too long
/// (`KubernetesClusterClientFactory.generateClusterId`).
pub fn generated_id(random: &str) -> String {
    format!("flink-cluster-{random}").chars().take(LONGEST_ID).collect()
}

/// What somebody attached to a session typed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Typed {
    /// `stop`: the session ends.
    Stop,
    /// `quit`: the session goes on.
    Quit,
    /// Anything else.
    Other,
}

/// The commands of attached mode.
pub const COMMANDS: &str = "\
Available commands:
help - show these commands
stop - stop the kubernetes cluster
quit - quit attach mode";

/// Reads a line that was typed, and what is said to it.
pub fn typed(line: &str) -> (Typed, Option<String>) {
    match line {
        "stop" => (Typed::Stop, None),
        "quit" => (Typed::Quit, None),
        "help" => (Typed::Other, Some(COMMANDS.to_owned())),
        _ => (Typed::Other, Some(format!("Unknown command '{line}'. Showing help:\n{COMMANDS}"))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(words: &str, expected: Result<&[&str], &str>) {
        let words: Vec<String> = words.split_whitespace().map(str::to_owned).collect();
        let help = "\n\nUse the help option (-h or --help) to get help on the command.\n";
        let expected = expected
            .map(|options| {
                SessionCall::Session(options.iter().map(|&one| one.to_owned()).collect())
            })
            .map_err(|message| format!("{message}{help}"));
        assert_eq!(parse(&words), expected, "{words:?}");
    }

    #[test]
    fn options() {
        check("", Ok(&[]));
        check("-Da=b -D c=d -De", Ok(&["a=b", "c=d", "e"]));
        check("-t remote -e yarn-session --target=x -Da=b", Ok(&["a=b"]));
        check("-D", Err("Missing argument for option: D"));
        check("-Da=b -t -Dc=d", Err("Missing argument for option: t"));
    }

    #[test]
    fn every_word_that_flink_would_drop_is_told() {
        check("word -Da=b", Err("Unrecognized argument: word"));
        check("-Da=b --foo=secret -Dc=d", Err("Unrecognized option: --foo"));
        check(
            "-nm n -jm 1024m -d -at x",
            Err("Unrecognized option: -nm; instead: -Dkubernetes.cluster-id=n\n\
                 Unrecognized option: -jm; instead: -Djobmanager.memory.process.size=1024m\n\
                 Unrecognized option: -d; instead: nothing: that is how it starts\n\
                 Unrecognized option: -at; instead: -Dexecution.attached=true\n\
                 Unrecognized argument: x"),
        );
        check("-- -Da=b", Err("Unrecognized option: -Da"));
        check("--", Ok(&[]));
    }

    #[test]
    fn help_deploys_nothing() {
        let words = ["-Da=b".to_owned(), "-h".to_owned()];
        assert_eq!(parse(&words), Ok(SessionCall::Help));
    }

    #[test]
    fn a_generated_id_fits() {
        let id = generated_id(&"0123456789abcdef".repeat(2));
        assert_eq!(id, "flink-cluster-0123456789abcdef0123456789abcde");
        assert_eq!(id.len(), LONGEST_ID);
    }

    #[test]
    fn what_is_typed() {
        assert_eq!(typed("stop"), (Typed::Stop, None));
        assert_eq!(typed("quit"), (Typed::Quit, None));
        assert_eq!(typed("help").1.as_deref(), Some(COMMANDS));
        let foo = format!("Unknown command 'foo'. Showing help:\n{COMMANDS}");
        assert_eq!(typed("foo"), (Typed::Other, Some(foo)));
        assert_eq!(typed(" stop").0, Typed::Other);
    }
}
