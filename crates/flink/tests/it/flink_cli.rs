//! The words of the `flink` command, as recorded from Flink's own.

use nutkin_flink::flink_cli::python::Python;
use nutkin_flink::flink_cli::{Action, Call, MainPlace, ProgramRun, for_client, parse};

const JOB: &str = "6f3aac97ee7fbe19e44869ae33b326c1";
const USE_HELP: &str = "\n\nUse the help option (-h or --help) to get help on the command.\n";

#[track_caller]
fn check(words: &str, expected: Action) {
    let words: Vec<String> = words.replace("JOB", JOB).split(' ').map(str::to_owned).collect();
    match parse(&words) {
        Ok(Call::Act { action, .. }) => assert_eq!(action, expected, "{words:?}"),
        other => panic!("{words:?}: {other:?}"),
    }
}

#[track_caller]
fn refused(words: &str, message: &str) {
    let words: Vec<String> =
        words.split(' ').filter(|word| !word.is_empty()).map(str::to_owned).collect();
    assert_eq!(parse(&words), Err(format!("{message}{USE_HELP}")), "{words:?}");
}

fn run(jar: &str) -> ProgramRun {
    ProgramRun { jar: jar.to_owned(), ..ProgramRun::default() }
}

#[test]
fn jobs_that_are_ended() {
    let job = || JOB.to_owned();
    check("cancel -m 127.0.0.1:28590 JOB", Action::Cancel { job: job(), savepoint: None });
    check("cancel JOB -m a:1", Action::Cancel { job: job(), savepoint: None });
    check(
        "cancel -m a:1 -s dir/cs JOB",
        Action::Cancel { job: job(), savepoint: Some(Some("dir/cs".to_owned())) },
    );
    check("cancel -s JOB", Action::Cancel { job: job(), savepoint: Some(None) });
    let stop = |directory: Option<&str>, drain| Action::Stop {
        job: job(),
        directory: directory.map(str::to_owned),
        drain,
        format: None,
        detached: false,
    };
    check("stop -m a:1 -p dir/stop JOB", stop(Some("dir/stop"), false));
    check("stop --drain JOB", stop(None, true));
    check("stop -d JOB", stop(None, true));
    check("stop -p JOB", stop(None, false));
    refused("cancel", "Missing JobID. Specify a JobID to cancel a job.");
    refused("stop", "Missing JobId");
    refused(
        "cancel -m 127.0.0.1:28590 123",
        "Cannot parse JobID from \"123\". The expected format is [0-9a-fA-F]{32}, e.g. \
         fd72014d4c864993a2e5a9287b4a9c5d.",
    );
}

#[test]
fn snapshots() {
    let savepoint = |directory: Option<&str>, format: Option<&str>, detached| Action::Savepoint {
        job: JOB.to_owned(),
        directory: directory.map(str::to_owned),
        format: format.map(str::to_owned),
        detached,
    };
    check("savepoint -m a:1 JOB", savepoint(None, None, false));
    check("savepoint -m a:1 JOB dir/sub", savepoint(Some("dir/sub"), None, false));
    check("savepoint -type native JOB", savepoint(None, Some("NATIVE"), false));
    check("savepoint -detached JOB", savepoint(None, None, true));
    check("savepoint -d file:dir/x", Action::Dispose { path: "file:dir/x".to_owned() });
    check("savepoint --dispose=file:dir/x", Action::Dispose { path: "file:dir/x".to_owned() });
    check("checkpoint -full JOB", Action::Checkpoint { job: JOB.to_owned(), full: true });
    check("checkpoint JOB", Action::Checkpoint { job: JOB.to_owned(), full: false });
    refused("savepoint", "Missing JobID. Specify a Job ID to trigger a savepoint.");
}

#[test]
fn programs() {
    check("run -m a:1 job.jar", Action::Run(Box::new(run("job.jar"))));
    check(
        "run -m a:1 -d -p 1 -c Unbounded -n -Dpipeline.name=FromD dir/u.jar x -p 7",
        Action::Run(Box::new(ProgramRun {
            class: Some("Unbounded".to_owned()),
            parallelism: Some(1),
            allow_non_restored_state: true,
            detached: true,
            arguments: vec!["x".to_owned(), "-p".to_owned(), "7".to_owned()],
            ..run("dir/u.jar")
        })),
    );
    check(
        "run -p4 -s file:x -rm claim job.jar",
        Action::Run(Box::new(ProgramRun {
            parallelism: Some(4),
            savepoint: Some("file:x".to_owned()),
            claim_mode: Some("CLAIM".to_owned()),
            ..run("job.jar")
        })),
    );
    check(
        "run ../examples/batch/WordCount.jar --input aaa.txt --output bbb.txt/",
        Action::Run(Box::new(ProgramRun {
            arguments: ["--input", "aaa.txt", "--output", "bbb.txt/"].map(str::to_owned).to_vec(),
            ..run("../examples/batch/WordCount.jar")
        })),
    );
    check(
        "info -p 3 job.jar",
        Action::Info(Box::new(ProgramRun { parallelism: Some(3), ..run("job.jar") })),
    );
    check(
        "run -C file:a.jar --classpath=file:b.jar --client jvm job.jar --client x",
        Action::Run(Box::new(ProgramRun {
            place: MainPlace::Jvm,
            client_only: vec!["C"],
            arguments: vec!["--client".to_owned(), "x".to_owned()],
            ..run("job.jar")
        })),
    );
    check(
        "run -pym a.b -pyfs dir word",
        Action::Run(Box::new(ProgramRun {
            client_only: vec!["pym", "pyfs"],
            arguments: vec!["word".to_owned()],
            python: Some(Python { brings: true, ..Python::default() }),
            ..run("")
        })),
    );
    refused("run --client x job.jar", "The client is auto, rest or jvm: x");
    refused("run", "Java program should be specified a JAR file.");
    refused("run -p x job.jar", "The parallelism must be a positive number: x");
    refused("run -p 0 job.jar", "The parallelism must be a positive number: 0");
    refused("list -m", "Missing argument for option: m");
    refused("list -x", "Unrecognized option: -x");
}

#[test]
fn lists_and_what_is_no_action() {
    check("list -a", Action::List { running: false, scheduled: false, all: true });
    check("list -r -s", Action::List { running: true, scheduled: true, all: false });
    let words =
        |words: &[&str]| parse(&words.iter().map(|word| (*word).to_owned()).collect::<Vec<_>>());
    assert_eq!(words(&["-h"]), Ok(Call::Help(None)));
    assert_eq!(words(&["list", "--help"]), Ok(Call::Help(Some("list".to_owned()))));
    assert_eq!(words(&["--version"]), Ok(Call::Version));
    assert!(
        words(&["foo"])
            .unwrap_err()
            .starts_with("\"foo\" is not a valid action.\n\nValid actions are")
    );
    let Ok(Call::Act { address, options, .. }) =
        words(&["list", "-m", "a:1", "-D", "x=1", "-Dy=2"])
    else {
        panic!("no action")
    };
    assert_eq!(
        (address.as_deref(), options),
        (Some("a:1"), vec!["x=1".to_owned(), "y=2".to_owned()])
    );
}

#[test]
fn what_flinks_own_client_gets() {
    let given =
        "run -m a:1 -t remote -C file:a --client=jvm -D a=b -Dc=d -p4 job.jar -m x --client y";
    let given: Vec<String> = given.split(' ').map(str::to_owned).collect();
    let expected = "run -C file:a -D a=b -Dc=d -p4 job.jar -m x --client y";
    assert_eq!(for_client(&given).join(" "), expected);
}
