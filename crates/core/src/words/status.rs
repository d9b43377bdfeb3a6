//! How a session is, where that is not as it should be, with what fixes it.

use crate::remedy::{Deed, Remark, Remedy, RunAgain, UpWith};

/// What starts a session again: `up` with the file that it was made from, where that is known.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Again<'a>(pub(crate) Option<&'a str>);

impl Again<'_> {
    /// A sentence, and that `up` does this about it.
    fn does(self, text: String, what: &str) -> Remark {
        let remedy = match self.0 {
            Some(file) => {
                Deed::Up(UpWith { file: Some(file.to_owned()), ..UpWith::default() }).does(what)
            }
            None => Deed::up().does(format!("with the same file and options {what}")),
        };
        Remark::new(text, vec![remedy])
    }
}

/// No process runs.
pub(crate) fn stopped(name: &str, up: Again<'_>) -> Remark {
    let mut remark = up.does("none of its processes is running".to_owned(), "starts it again");
    remark.remedies.push(Deed::down(name).does("removes it"));
    remark
}

/// Nothing restarts the processes of this machine.
pub(crate) fn unsupervised(up: Again<'_>) -> Remark {
    let text = "the supervisor is gone: processes that die stay dead";
    up.does(text.to_owned(), "fixes that")
}

/// These processes do not run.
pub(crate) fn not_running(names: &[&str], supervised: bool) -> Remark {
    let remedy = if supervised { "; the supervisor starts it again" } else { "" };
    format!("not running: {}{remedy}", names.join(", ")).into()
}

/// These processes are started for the first time.
pub(crate) fn coming(names: &[&str]) -> Remark {
    format!("being started: {}", names.join(", ")).into()
}

/// These containers do not run; `up` fixes it.
pub(crate) fn stays_stopped(names: &[&str], up: Again<'_>) -> Remark {
    up.does(format!("not running: {}", names.join(", ")), "starts it again")
}

/// These containers were stopped without being ended: name, and the name of the container.
pub(crate) fn paused(all: &[(String, String)]) -> Remark {
    let part = |which: fn(&(String, String)) -> &str, between| {
        all.iter().map(which).collect::<Vec<_>>().join(between)
    };
    let (names, containers) = (part(|one| &one.0, ", "), part(|one| &one.1, " "));
    let remedy = format!("`docker unpause {containers}` lets them go on");
    Remark::new(format!("paused: {names}"), vec![remedy.into()])
}

/// REST does not answer.
pub(crate) fn silent() -> Remark {
    "the JobManager does not answer yet".into()
}

/// REST does not answer, and has had the time for it: seconds.
pub(crate) fn hangs(lived: u64) -> Remark {
    let text =
        format!("the JobManager has run for {}m and does not answer at the moment", lived / 60);
    let cause =
        "if that lasts, it hangs, which its log may explain, or cannot be reached from here";
    Remark::new(text, vec![cause.into()])
}

/// TaskManagers are missing.
pub(crate) fn registered(registered: u32, wanted: u32) -> Remark {
    format!("{registered} of {wanted} TaskManagers are registered").into()
}

/// The objects of a session are being deleted.
pub(crate) fn being_deleted() -> Remark {
    "it is being deleted".into()
}

/// The workload of the JobManagers has no pods, because somebody said so.
pub(crate) fn scaled_to_zero(workload: &str) -> Remark {
    let text = format!("{workload} is scaled to 0");
    Remark::new(text, vec![Deed::up().does("starts it again")])
}

/// Services lead to no JobManager. The probe is asked after so many seconds for the first time.
pub(crate) fn not_ready(delay: u64) -> Remark {
    format!(
        "no JobManager's pod is ready: its Services, node ports and Ingress lead nowhere until its `readinessProbe` \
         succeeds, {delay} s after its container's start at the earliest"
    )
    .into()
}

/// The image has another release than the session's.
pub(crate) fn other_release(runs: &str, wanted: &str) -> Remark {
    let text = format!("the JobManager runs Flink {runs}, and Flink {wanted} is wanted");
    let remedy =
        "give the session an image with that release, or set `flinkVersion` to what the image has";
    Remark::new(text, vec![remedy.into()])
}

/// A pod that does not run: what it waits for, or what is wrong with it.
pub(crate) fn of_pod(name: &str, what: &str) -> String {
    format!("{name}: {what}")
}

/// A session of which the ledger is left.
pub(crate) fn ended(name: &str) -> Remark {
    Remark::new(
        "it was ended",
        vec![
            Deed::up_of(name).does("starts it again"),
            Deed::down_with_data(name, None).does("forgets it"),
        ],
    )
}

/// Who wanted what the ledger says: `command` by `who` at `time`. `session` is what brings it about.
pub(crate) fn wanted_by(event: (&str, &str, &str), session: &str) -> Remark {
    let (command, who, time) = event;
    let text = format!("wanted by `{command}` ({who}, {time})");
    Remark::new(text, vec![Deed::up_of(session).does("brings it about")])
}

/// The same where nobody noted it.
pub(crate) fn wanted_by_ledger(session: &str) -> Remark {
    let text = "wanted by the session's ledger";
    Remark::new(text, vec![Deed::up_of(session).does("brings it about")])
}

/// A job that has ended, where it can go on from, and the command that does it where `up` does not.
pub(crate) fn goes_on(job: &str, from: &str, again: Option<RunAgain>) -> Remedy {
    let text = format!("job `{job}` can go on from {from}");
    match again {
        Some(again) => Deed::Run(again).within(format!("{text}: "), ""),
        None => text.into(),
    }
}
