//! `nutkin run` of a program whose main() waits for results: it runs in Flink's own client here, as `flink run` runs it.

use nutkin_flink::flink_cli::{self, Action, Call, ProgramRun};

use super::Args;
use crate::cli::client::Target;
use crate::cli::shared::Output;
use crate::cli::{Context, flink_jvm};
use crate::jobs::Jar;
use crate::{Exit, Outcome};
use nutkin_rest::RunRequest;
use nutkin_shell::Error;

/// Why main() cannot run in the JobManager, by the classes of the jar; nothing where it can.
pub(super) fn reasons(args: &Args, jar: &Jar) -> Vec<String> {
    let main = args.class.clone().or_else(|| jar.main_class.clone());
    main.map(|main| flink_jvm::of_program(&jar.path, &main)).unwrap_or_default()
}

/// Whether Flink's own client can do what is asked for: it chooses the job's id itself, prints what the program prints, and
/// is not followed.
pub(super) const fn is_possible(args: &Args) -> bool {
    matches!(args.output.output, Output::Text)
        && !args.detached
        && args.job_id.is_none()
        && args.timeout.is_none()
        && !args.cancel_on_interrupt
}

/// Warns of a program that needs Flink's own client and does not get it.
pub(super) fn warn(reasons: &[String], context: &Context<'_>) {
    let reasons = reasons.join(", ");
    context.printer.warn(&format!("main() runs in the JobManager, which may fail: {reasons}"));
    context.printer.hint(
        "without -d, -o, --job-id, --timeout and --cancel-on-interrupt it runs in Flink's own client here",
    );
}

/// A program and the session that it is for.
pub(super) struct Program {
    words: Vec<String>,
    run: ProgramRun,
    request: RunRequest,
    target: Target,
}

impl Program {
    /// The program in the words of `flink run`.
    ///
    /// # Errors
    /// Flink's command does not take these words; no way leads to the session that its client could use.
    pub(super) async fn new(
        args: &Args,
        (jar, reasons): (&Jar, &[String]),
        request: RunRequest,
        target: Target,
        context: &Context<'_>,
    ) -> Result<Self, Error> {
        let words = words(args, &request, &jar.path.display().to_string());
        let run = match flink_cli::parse(&words) {
            Ok(Call::Act { action: Action::Run(run), .. }) => *run,
            Ok(_) => return Err(anyhow::anyhow!("`flink` takes {words:?} for another call").into()),
            Err(text) => return Err(anyhow::anyhow!(text).into()),
        };
        let reasons = reasons.join(", ");
        context.printer.say(&format!("main() runs here, in Flink's own client: {reasons}"));
        let target = match target.session.clone() {
            Some(session) if flink_jvm::needs_plain_address(&target.client) => {
                Target::of(session, false).await?
            }
            _ => target,
        };
        Ok(Self { words, run, request, target })
    }

    /// Runs it to its end.
    ///
    /// # Errors
    /// There is no Java here, Flink cannot be installed, or the JobManager does not answer.
    pub(super) async fn run(self: Box<Self>, context: &Context<'_>) -> Outcome {
        let Self { words, run, request, target } = &*self;
        let exit = flink_jvm::run(words, (run, request), target, context).await?;
        if exit == Exit::Done {
            context.printer.say("the program has finished");
        }
        Ok(exit)
    }
}

/// What `flink` would be told.
fn words(args: &Args, request: &RunRequest, jar: &str) -> Vec<String> {
    let mut words = vec!["run".to_owned()];
    let mut option = |name: &str, value: Option<String>| {
        if let Some(value) = value {
            words.extend([name.to_owned(), value]);
        }
    };
    option("-c", args.class.clone());
    option("-p", args.parallelism.map(|number| number.to_string()));
    option("-s", request.savepoint.clone());
    option("-cm", args.claim_mode.clone());
    if args.allow_non_restored_state {
        words.push("-n".to_owned());
    }
    words.extend(args.options.iter().map(|option| format!("-D{option}")));
    words.push(jar.to_owned());
    words.extend(request.arguments.iter().cloned());
    words
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::run::tests::parsed;

    #[track_caller]
    fn check(line: &str, expected: &str) {
        let args = parsed(line).unwrap_or_else(|error| panic!("{error}"));
        let request = crate::cli::run::request(&args).unwrap();
        let words = words(&args, &request, "/a.jar");
        assert_eq!(words.join(" "), expected);
        assert!(matches!(flink_cli::parse(&words), Ok(Call::Act { .. })));
    }

    #[test]
    fn what_flink_is_told() {
        check("run a.jar --x y", "run /a.jar --x y");
        check(
            "run -c M -p 2 --from-savepoint s --claim-mode CLAIM --allow-non-restored-state -D a=b a.jar -c",
            "run -c M -p 2 -s s -cm CLAIM -n -Da=b /a.jar -c",
        );
    }

    #[test]
    fn what_flinks_own_client_cannot_do() {
        #[track_caller]
        fn check(line: &str, expected: bool) {
            assert_eq!(parsed(line).map(|args| is_possible(&args)).ok(), Some(expected), "{line}");
        }
        check("run a.jar -d", true);
        check("run -d a.jar", false);
        check("run -o json a.jar", false);
        check("run --timeout 9 a.jar", false);
    }
}
