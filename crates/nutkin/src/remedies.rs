//! Remedies in words: the one place that knows which command and which flag brings about what core and the shells advise.

use nutkin_core::Remedy;
use nutkin_core::ledger::LeftOut;
use nutkin_core::remedy::{Argument, Deed, RunAgain, UpWith};
use nutkin_flink::Problem;

/// A hint for people at a terminal.
pub fn words(remedy: &Remedy) -> String {
    match remedy {
        Remedy::Words(words) => words.clone(),
        Remedy::Deed { before, call: asked, after } => format!("{before}{}{after}", call(asked)),
        Remedy::Down { name } => {
            format!("`nutkin down {name}` ends what runs of it and removes the rest")
        }
        Remedy::Status { name: None } => {
            "`nutkin status` says what the session waits for".to_owned()
        }
        Remedy::Status { name: Some(name) } => {
            format!("`nutkin status {name}` says what is waited for")
        }
        Remedy::TaskManagersMissing => {
            "no TaskManager has registered: `nutkin status` shows why".to_owned()
        }
        Remedy::Scale { task_managers } => {
            format!("`nutkin scale --task-managers {task_managers}` adds the slots")
        }
        Remedy::AddSlots => {
            "`nutkin scale --task-managers N` adds slots, `nutkin status` shows them".to_owned()
        }
        Remedy::ListJobs => {
            "`nutkin jobs --all` lists them, those that ended included".to_owned()
        }
        Remedy::SlotsAreHeld => {
            "`nutkin jobs` shows what holds the others; the job waits until they end".to_owned()
        }
        Remedy::ProcessPermissions => {
            "`nutkin rbac` with the same file and options prints the ServiceAccount, Role and RoleBinding that Flink \
             needs (`| kubectl apply -f -`); `nutkin.rbac.create: true` has `up` make them"
                .to_owned()
        }
        Remedy::ProcessAccount => {
            "create the ServiceAccount (`nutkin rbac` prints it), or set `nutkin.rbac.create: true`"
                .to_owned()
        }
        Remedy::ListDistributions => "`nutkin dist list` shows what the cache holds".to_owned(),
        Remedy::Install { flink } => {
            format!("`nutkin dist install {flink}` with the same source installs it")
        }
        Remedy::InstallByHand { flink } => format!(
            "download an archive of Flink {flink} by other means and give it: `nutkin dist install {flink} --from \
             FILE`; or set FLINK_HOME to an unpacked one"
        ),
        Remedy::JavaByHand { major } => format!(
            "download a .tar.gz of Java {major} by other means and give it: `nutkin dist install java-{major} --from FILE`"
        ),
        Remedy::Reinstall { flink } => format!(
            "install Flink again: `nutkin dist remove {flink}`, `nutkin dist install {flink}`"
        ),
        Remedy::OtherPort { holder } => {
            let free = "leave the option out to get a free one";
            match holder {
                None => format!("give another one (-D rest.port=N), or {free}"),
                Some(name) => format!(
                    "give another one (-D rest.port=N), {free}, or end that session: `nutkin down {name}`"
                ),
            }
        }
        Remedy::JavaOfThisMachine => {
            "--java-from host takes this machine's, --java-from DIR another one".to_owned()
        }
        Remedy::OtherJava => {
            "or take another one: --java-from DIR|ARCHIVE, or a base that has one (--base eclipse-temurin:17-jre)"
                .to_owned()
        }
        Remedy::NewerJava { least } => {
            format!("take Java {least} or later (--java-from), or leave --class-data out")
        }
    }
}

/// A problem of the input in one line, as [`Problem`] shows it, with arguments as they are typed.
pub fn problem(problem: &Problem) -> String {
    let Some(argument) = problem.argument else { return problem.to_string() };
    let path = flag(argument).to_owned();
    Problem { argument: None, path, ..problem.clone() }.to_string()
}

/// What of a session's wish is not repeated, as it was typed.
pub fn left_out(what: &LeftOut) -> String {
    match what {
        LeftOut::File(file) => format!("the session file `{file}`"),
        LeftOut::ConfDir(directory) => format!("the configuration directory `{directory}`"),
        LeftOut::Option(key) => format!("{} {key}", flag(Argument::Option)),
        LeftOut::Flink(version) => format!("{} {version}", flag(Argument::Flink)),
        LeftOut::TaskManagers(number) => format!("{} {number}", flag(Argument::TaskManagers)),
    }
}

/// A command or flag as it is typed; commands in backquotes.
fn call(call: &Deed) -> String {
    let name =
        |name: &Option<String>| name.as_ref().map(|name| format!(" {name}")).unwrap_or_default();
    let platform = |on: Option<&str>| on.map(|on| format!(" --on {on}")).unwrap_or_default();
    match call {
        Deed::Run(again) => run(again),
        Deed::Argument(argument) => flag(*argument).to_owned(),
        Deed::Up(UpWith { name: session, file, task_managers, on }) => {
            let file = file.as_ref().map(|file| format!(" -f {file}")).unwrap_or_default();
            let number = task_managers.as_ref().map(|number| format!(" --task-managers {number}"));
            format!(
                "`nutkin up{}{file}{}{}`",
                name(session),
                number.unwrap_or_default(),
                platform(*on)
            )
        }
        Deed::Down { name: session, delete_data, on } => {
            let data = if *delete_data { " --delete-data" } else { "" };
            format!("`nutkin down{}{data}{}`", name(session), platform(*on))
        }
        Deed::Status { name, on } => format!("`nutkin status {name} --on {on}`"),
        Deed::Open { name: session } => format!("`nutkin open{}`", name(session)),
        Deed::Permissions => "`nutkin rbac`".to_owned(),
        Deed::PreviousLog { session } => format!("`nutkin logs --previous --session {session}`"),
        Deed::Init => "`nutkin init`".to_owned(),
        Deed::Convert => "`nutkin convert`".to_owned(),
        Deed::ImageBuild { flink, tag } => {
            let tag = tag.as_ref().map(|tag| format!(" -t {tag}")).unwrap_or_default();
            format!("`nutkin image build --flink {flink}{tag} --load`")
        }
    }
}

fn run(again: &RunAgain) -> String {
    let RunAgain { from, class, parallelism, jar, has_arguments } = again;
    let mut words = format!("`nutkin run --from-savepoint {from}");
    if let Some(class) = class {
        words += &format!(" -c {class}");
    }
    if let Some(parallelism) = parallelism {
        words += &format!(" -p {parallelism}");
    }
    let rest = if *has_arguments { " ARGS" } else { "" };
    format!("{words} {}{rest}`", jar.as_deref().unwrap_or("JAR"))
}

/// The flag of an argument.
pub const fn flag(argument: Argument) -> &'static str {
    match argument {
        Argument::Adopt => "--adopt",
        Argument::AllowNonRestoredState => "--allow-non-restored-state",
        Argument::Base => "--base",
        Argument::Binary => "--binary",
        Argument::ClassData => "--class-data",
        Argument::Conf => "--conf",
        Argument::ConfDir => "--conf-dir",
        Argument::Context => "--context",
        Argument::Copy => "--copy",
        Argument::DeleteData => "--delete-data",
        Argument::DeleteHaData => "--delete-ha-data",
        Argument::Directory => "--dir",
        Argument::Environment => "--env",
        Argument::Flink => "--flink",
        Argument::FlinkHome => "--flink-home",
        Argument::FlinkFrom => "--flink-from",
        Argument::From => "--from",
        Argument::FromSavepoint => "--from-savepoint",
        Argument::JavaFrom => "--java-from",
        Argument::Label => "--label",
        Argument::Namespace => "-n",
        Argument::NoJlink => "--no-jlink",
        Argument::Opt => "--opt",
        Argument::Option => "-D",
        Argument::Platform => "--on",
        Argument::Plugin => "--plugin",
        Argument::Program => "--program",
        Argument::Tag => "--tag",
        Argument::TaskManagers => "--task-managers",
        Argument::User => "--user",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn remedies_name_commands_that_there_are() {
        #[track_caller]
        fn check(remedy: Remedy, expected: &str) {
            assert_eq!(words(&remedy), expected);
        }
        let file = Deed::Up(UpWith { file: Some("s.yaml".to_owned()), ..UpWith::default() });
        check(file.does("starts it"), "`nutkin up -f s.yaml` starts it");
        check(Deed::up_on("docker").does("starts it"), "`nutkin up --on docker` starts it");
        check(
            Deed::down_with_data("s", Some("docker")).does("deletes it"),
            "`nutkin down s --delete-data --on docker` deletes it",
        );
        check(Argument::ClassData.within("leave ", " out"), "leave --class-data out");
        check(
            Remedy::Scale { task_managers: 3 },
            "`nutkin scale --task-managers 3` adds the slots",
        );
        check("wait".into(), "wait");
        let from = "file:/sp".to_owned();
        let least = RunAgain { from, ..RunAgain::default() };
        check(
            Deed::Run(least.clone()).within("by ", ""),
            "by `nutkin run --from-savepoint file:/sp JAR`",
        );
        let all = RunAgain {
            class: Some("M".to_owned()),
            parallelism: Some(2),
            jar: Some("/j.jar".to_owned()),
            has_arguments: true,
            ..least
        };
        check(
            Deed::Run(all).does("starts it"),
            "`nutkin run --from-savepoint file:/sp -c M -p 2 /j.jar ARGS` starts it",
        );
    }

    #[test]
    fn arguments_are_flags_in_problems() {
        let said = problem(&Problem::argument(Argument::Tag, "`a b` is not a name"));
        assert_eq!(said, "`--tag`: `a b` is not a name");
        assert_eq!(problem(&Problem::new("spec.image", "no")), "`spec.image`: no");
    }
}
