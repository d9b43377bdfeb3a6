//! The entrypoint's configuration: what the official entrypoint makes of a file and of variables, and what we make.
//!
//! Up to 1.18 the official way is `sed`, `echo` and `envsubst` on the file, done here line by line; since 1.19 it is a
//! class of Flink's, which is asked. Both files are read by Flink itself. Left out of the cases, because we differ on
//! purpose: blanks and comments in `FLINK_PROPERTIES` since 1.19, and files that cannot be written.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::process::ExitCode;

use anyhow::{Result, ensure};
use nutkin_container::entrypoint::{Command, Host, ObservedContainer, command, effective, launch};
use nutkin_flink::FlinkVersion;
use nutkin_flink::dialect::Dialect;

use super::config::unescape;
use super::random::Random;
use crate::java::Flink;
use crate::root::say;

/// Arguments of `cargo xtask conformance entrypoint`.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// A distribution to compare with; may be given several times
    #[arg(long, value_name = "VERSION=DIRECTORY", required = true)]
    flink: Vec<Flink>,

    /// Where the cases come from: the same seed makes the same ones
    #[arg(long, default_value_t = 1)]
    seed: u64,

    /// Number of cases of each version and file
    #[arg(long, default_value_t = 200)]
    count: u64,
}

const KEYS: &[&str] = &[
    "jobmanager.rpc.address",
    "blob.server.port",
    "query.server.port",
    "taskmanager.numberOfTaskSlots",
    "parallelism.default",
    "a",
    "some.key",
    "some.other",
    "env.java.opts.all",
];
const VALUES: &[&str] = &[
    "1",
    "4",
    "007",
    "true",
    "localhost",
    "jm-0.jm",
    "s3://b/c",
    "$WHO",
    "${WHO}/x",
    "$NOBODY",
    "a;b",
    "k:v",
    "'q'",
    "\"d\"",
    "-Da=b",
    "10s",
    "é",
    "1.50",
    "[x]",
    "{y}",
    "~",
    "null",
    "a=b",
    "%",
    "0x1F",
];

struct Case {
    dialect: Dialect,
    file: String,
    environment: BTreeMap<String, String>,
}

/// Compares, says every difference, and fails if there is one.
pub(crate) fn run(args: &Args) -> Result<ExitCode> {
    let differences = compare(&args.flink, args.seed, args.count)?;
    say(&format!("differences: {differences}"));
    Ok(if differences == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// Compares, says every difference and gives their number.
///
/// # Errors
/// When Flink cannot be asked.
pub(crate) fn compare(flinks: &[Flink], seed: u64, count: u64) -> Result<u64> {
    let mut differences = 0;
    for flink in flinks {
        let cases = cases(seed, count, flink.version);
        let (ours, theirs) = answers(flink, &cases)?;
        let mut refused = 0;
        for ((case, ours), theirs) in cases.iter().zip(&ours).zip(&theirs) {
            refused += usize::from(theirs.is_err());
            let is_same = match (ours, theirs) {
                (Ok(ours), Ok(theirs)) => ours == theirs,
                (Err(_), Err(_)) => true,
                _ => false,
            };
            if !is_same {
                differences += 1;
                say(&format!(
                    "Flink {}: we reach {ours:?}\n  Flink {theirs:?}\n  variables {:?}\n--- {:?}\n{}---",
                    flink.version, case.environment, case.dialect, case.file
                ));
            }
        }
        say(&format!(
            "Flink {}: {} cases, {refused} of them refused by Flink",
            flink.version,
            cases.len()
        ));
    }
    Ok(differences)
}

fn cases(seed: u64, count: u64, version: FlinkVersion) -> Vec<Case> {
    let line = version.line();
    let mut cases = Vec::new();
    for (dialect, is_read) in
        [(Dialect::FlinkConf, line.reads_flink_conf), (Dialect::ConfigYaml, line.reads_config_yaml)]
    {
        for index in 0..if is_read { count } else { 0 } {
            cases.push(case(&mut Random::new(seed, index), dialect));
        }
    }
    cases
}

fn case(random: &mut Random, dialect: Dialect) -> Case {
    let lines = |random: &mut Random, quoted: bool| {
        let mut text = String::new();
        let mut seen = Vec::new();
        for _ in 0..random.below(6) {
            let (key, value) = (random.pick(KEYS), random.pick(VALUES));
            // YAML refuses a key that appears twice, and the notation of a value is not the point here.
            if seen.contains(&key) {
                continue;
            }
            seen.push(key);
            let value = if quoted {
                format!("'{}'", value.replace('\'', "''"))
            } else {
                (*value).to_owned()
            };
            text.push_str(&format!("{key}: {value}\n"));
        }
        text
    };
    let file = lines(random, dialect == Dialect::ConfigYaml);
    let mut environment = BTreeMap::from([("WHO".to_owned(), "me".to_owned())]);
    let mut maybe = |random: &mut Random, name: &str, value: String| {
        if random.below(2) == 0 {
            environment.insert(name.to_owned(), value);
        }
    };
    maybe(random, "JOB_MANAGER_RPC_ADDRESS", "jm-7.svc".to_owned());
    maybe(random, "TASK_MANAGER_NUMBER_OF_TASK_SLOTS", "8".to_owned());
    let properties = lines(random, false);
    maybe(random, "FLINK_PROPERTIES", properties);
    Case { dialect, file, environment }
}

type Answer = Result<BTreeMap<String, String>, String>;

fn answers(flink: &Flink, cases: &[Case]) -> Result<(Vec<Answer>, Vec<Answer>)> {
    let directory = tempfile::tempdir()?;
    let mut lines = String::new();
    let mut refused = Vec::new();
    for (index, case) in cases.iter().enumerate() {
        let name = case.dialect.file_name();
        for whose in ["ours", "theirs"] {
            fs::create_dir_all(directory.path().join(format!("{index}/{whose}")))?;
        }
        let ours = directory.path().join(format!("{index}/ours"));
        let written = ours_of(case, flink.version);
        if let Ok(text) = &written {
            fs::write(ours.join(name), text)?;
        }
        refused.push(written.err());
        lines.push_str(&format!("{}\u{1}{name}\n", ours.display()));
        let theirs = directory.path().join(format!("{index}/theirs"));
        let rounds = theirs_of(case, flink.version, &theirs)?;
        lines.push_str(&format!("{}\u{1}{name}{rounds}\n", theirs.display()));
    }
    let mut all = parse(&flink.answers("EntrypointProbe", &lines)?);
    ensure!(all.len() == 2 * cases.len(), "{} answers to {} cases", all.len(), cases.len());
    let theirs = (1..all.len())
        .step_by(2)
        .map(|index| std::mem::replace(&mut all[index], Err(String::new())));
    let theirs: Vec<Answer> = theirs.collect();
    let ours = all.into_iter().step_by(2).zip(refused);
    Ok((ours.map(|(answer, refused)| refused.map_or(answer, Err)).collect(), theirs))
}

/// The file that a process of ours reads.
fn ours_of(case: &Case, version: FlinkVersion) -> Result<String, String> {
    let observed = ObservedContainer {
        environment: case.environment.clone(),
        conf_directory: "conf".to_owned(),
        conf: BTreeMap::from([(case.dialect.file_name().to_owned(), case.file.clone())]),
        conf_writable: true,
        host: Host { name: "here".to_owned(), hosts: String::new() },
        ..ObservedContainer::default()
    };
    let words = ["jobmanager".to_owned()];
    let parsed = command::parse(command::ENTRYPOINT, &words, &observed.environment, &observed.host);
    let Ok(Command::Start(start)) = parsed else { return Err(format!("{parsed:?}")) };
    let effective =
        effective(&start, version, &observed).map_err(|problems| format!("{problems:?}"))?;
    launch::file(&effective).map_err(|problems| format!("{problems:?}"))
}

/// Prepares the file for the official way; gives the rounds of options that are left for Flink's own class.
fn theirs_of(case: &Case, version: FlinkVersion, directory: &Path) -> Result<String> {
    let variable = |name: &str| case.environment.get(name).filter(|value| !value.is_empty());
    let address = variable("JOB_MANAGER_RPC_ADDRESS").map_or("here", String::as_str);
    let mut options = vec![
        ("jobmanager.rpc.address", address),
        ("blob.server.port", "6124"),
        ("query.server.port", "6125"),
    ];
    match variable("TASK_MANAGER_NUMBER_OF_TASK_SLOTS") {
        Some(slots) => options.push(("taskmanager.numberOfTaskSlots", slots)),
        None if !version.is_at_least(1, 14) => options.push(("taskmanager.numberOfTaskSlots", "1")),
        None => {}
    }
    let path = directory.join(case.dialect.file_name());
    let properties = variable("FLINK_PROPERTIES").map_or("", String::as_str);
    if version.is_at_least(1, 19) {
        fs::write(path, &case.file)?;
        let join = |options: Vec<(String, String)>| {
            let words: Vec<String> =
                options.into_iter().map(|(key, value)| format!("{key}={value}")).collect();
            if words.is_empty() { String::new() } else { format!("\u{1}{}", words.join("\u{2}")) }
        };
        let first = options.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned()));
        let second = properties
            .lines()
            .filter_map(|line| line.split_once(':'))
            .map(|(key, value)| (key.to_owned(), envsubst(&value.replace(' ', ""))));
        return Ok(join(first.collect()) + &join(second.collect()));
    }
    let mut lines: Vec<String> = case.file.lines().map(str::to_owned).collect();
    for (key, value) in options {
        let mark = format!("{key}:");
        let set = format!("{key}: {value}");
        if lines.iter().any(|line| line.starts_with(&mark)) {
            for line in lines.iter_mut().filter(|line| line.contains(&mark)) {
                let at = line.find(&mark).unwrap_or_default();
                *line = format!("{}{set}", &line[..at]);
            }
        } else {
            lines.push(set);
        }
    }
    let text = lines.join("\n") + "\n" + properties + "\n";
    fs::write(path, envsubst(&text))?;
    Ok(String::new())
}

/// The three variables of the cases, as envsubst fills them in.
fn envsubst(text: &str) -> String {
    text.replace("${WHO}", "me").replace("$WHO", "me").replace("$NOBODY", "")
}

fn parse(output: &str) -> Vec<Answer> {
    let mut answers: Vec<Answer> = Vec::new();
    for line in output.split('\n') {
        let (mark, rest) = line.split_once(' ').unwrap_or((line, ""));
        match (mark, answers.last_mut()) {
            ("case", _) => answers.push(Ok(BTreeMap::new())),
            ("error", Some(answer)) => *answer = Err(unescape(rest)),
            ("k", Some(Ok(options))) => {
                let (key, value) = rest.split_once('\t').unwrap_or((rest, ""));
                options.insert(unescape(key), unescape(value));
            }
            _ => {}
        }
    }
    answers
}
