//! What no session file can be: said before anything is written.

use super::difference::rendered;
use super::{
    Adoption, AdoptionRequest, Maker, defaults, directory, entry, images, pods, roles, unclear,
};
use crate::commands;
use crate::finding::Place;
use crate::kubernetes::{Role, Workload};
use crate::node::Walk;
use crate::rules::planned::containers;
use crate::settings::has_variables_in_vain;
use crate::source::File;
use crate::system::{Assumed, System, World};
use crate::{Finding, Input, Settings, Severity, check};
use nutkin_core::plan::kubernetes::native::{ClientMachine, wanted};
use nutkin_core::plan::kubernetes::plan;
use nutkin_core::session::Session;
use nutkin_core::spec::{self, Inputs};
use nutkin_flink::options::{self, Level};
use nutkin_flink::yaml::Node;
use nutkin_flink::{Argument, Location, Problem};

/// All reasons for which the files cannot become a session file.
pub(super) fn of(system: &System<'_>, maker: &Maker<'_>) -> Vec<Problem> {
    let has_pods = !system.workloads.is_empty() || system.boot.is_some();
    if !has_pods && system.texts.is_empty() {
        return vec![unclear::nothing(system.world)];
    }
    // What Flink cannot read has options that nobody knows.
    let unread = |(place, problem): &(Place, Problem)| {
        let message = format!("Flink does not read this configuration: {}", problem.message);
        Problem::argument(Argument::From, message).hint("fix the line").at(maker.location(*place))
    };
    let mut problems: Vec<Problem> = system.refused.iter().map(unread).collect();
    let version = system.release();
    let mut conflicts = roles::merge(system, version).conflicts;
    conflicts.sort_by_key(|conflict| conflict.place);
    problems.extend(conflicts.into_iter().map(|conflict| {
        let problem = Problem::argument(Argument::From, conflict.message).hint(conflict.hint);
        problem.at(maker.location(conflict.place))
    }));
    // Whatever release it is, a session file would be of another one; an old spelling shows that it may be.
    let old = system.settings.list.iter().find(|setting| {
        options::canonical(&setting.key, version) != setting.key
            && !setting.key.starts_with("kubernetes.")
    });
    let is_guess = match system.assumed() {
        Some((_, Assumed::Default | Assumed::Newest(_))) => has_pods && !system.is_of_compose(),
        Some((_, Assumed::Tag(_))) | None => false,
    };
    if system.is_of_unknown_release() && !maker.as_is {
        problems.push(images::of_unknown_release(system, maker));
    }
    if let Some(setting) = old.filter(|_| is_guess && !maker.as_is) {
        let message = format!(
            "no file names a release of Flink, and `{}` is an old spelling, which not all of them read",
            setting.key
        );
        let problem = Problem::argument(Argument::From, message);
        let problem = problem.hint("`--flink VERSION` says which release it is");
        problems.push(problem.at(maker.location(setting.place)));
    }
    problems.extend(half(system, maker));
    problems.extend(folded(system, maker));
    let mut add = |workload: &Workload<'_>, path: &str, message: String, hint: &str| {
        let place = workload.object.place_of(path);
        let problem = Problem::argument(Argument::From, message).hint(hint);
        problems.push(problem.at(maker.location(place)));
    };
    for workload in &system.workloads {
        let title = workload.title();
        let is_of_compose = workload.object.compose.is_some();
        if workload.object.kind == "DaemonSet" {
            let message =
                format!("{title} has a pod on every node, which a session file cannot say");
            add(workload, "kind", message, "make it a Deployment with the number of pods");
        }
        if workload.replicas < 1 {
            let message = format!("{title} has no pods, and a session has one at least");
            add(workload, "spec/replicas", message, "say how many pods it has when it runs");
        }
        if !is_of_compose {
            let entry = entry::refuse(system, workload);
            for reason in directory::refuse(system, workload).into_iter().chain(entry) {
                add(workload, "spec/template", reason.message, &reason.hint);
            }
        }
        if let Some(other) = workload.others().first() {
            let name = |container: &Node| container.text_of("name").unwrap_or_default().to_owned();
            let message = format!(
                "{title} runs two processes of Flink in one pod, in the containers `{}` and `{}`",
                name(workload.container),
                name(other)
            );
            add(workload, "spec/template", message, "give each of them a workload of its own");
        }
        if let Some(more) = more_than_flink(workload).filter(|_| !maker.as_is) {
            let message =
                format!("{title} runs `{more}` before Flink, which a session file cannot say");
            let hint = if is_of_compose {
                "do it in the image"
            } else {
                "do it in the image, or in an init container"
            };
            add(workload, "spec/template", message, hint);
        }
        let slots = defaults::SLOTS_VARIABLE;
        if let Some(Err(_)) = system.world.variable(workload, slots)
            && !is_of_compose
            && !has_variables_in_vain(workload)
        {
            let message = format!("the value of {slots} of {title} is not in the files");
            add(workload, "spec/template", message, "name the file of its ConfigMap as well");
        }
        let properties = system.world.variable(workload, "FLINK_PROPERTIES");
        if let Some(Err(_)) = properties {
            let message = format!(
                "FLINK_PROPERTIES of {title} comes from a Secret, or from an object that is not among the files"
            );
            let hint = "name the file of its ConfigMap as well; options of a Secret have to be written where a session file may show them";
            add(workload, "spec/template", message, hint);
        }
    }
    for (role, what) in [(Role::JobManager, "JobManagers"), (Role::TaskManager, "TaskManagers")] {
        // Of Compose each process may be a service of its own.
        let is_of_role = |one: &&Workload<'_>| one.role == role && one.object.compose.is_none();
        let mut of_role = system.workloads.iter().filter(is_of_role);
        if let (Some(one), Some(other)) = (of_role.next(), of_role.next()) {
            let message = format!(
                "{} and {} are two workloads of {what}, and a session has one",
                one.title(),
                other.title()
            );
            add(other, "kind", message, "make one of them, or name the files of one");
        }
    }
    let (on_host, others): (Vec<&Workload<'_>>, Vec<&Workload<'_>>) =
        system.workloads.iter().partition(|workload| is_on_host(workload));
    if let (Some(one), Some(other), true) =
        (on_host.first(), others.first(), pods::has_host_network(system))
    {
        let message = format!(
            "{} uses the network of its node, and {} does not: a session has one option for all pods",
            one.title(),
            other.title()
        );
        let hint = format!(
            "set hostNetwork for both, or for none; the option is `{}`",
            pods::HOST_NETWORK
        );
        add(one, "spec/template", message, &hint);
    }
    problems
}

/// An address that took in the options behind it, as folded text does: they would be lost.
fn folded(system: &System<'_>, maker: &Maker<'_>) -> Option<Problem> {
    // Of Compose each option behind another one is told.
    if system.is_of_compose() {
        return None;
    }
    let is_folded = |text: &str| text.contains(": ");
    let mut told = system.workloads.iter().filter_map(|workload| {
        let settings = system.settings_of(workload);
        let setting = settings.get("jobmanager.rpc.address");
        setting.map(|setting| (setting.text(), setting.place))
    });
    let (text, place) = told.find(|(text, _)| is_folded(text))?;
    let message = format!("`jobmanager.rpc.address` is `{text}`: several options in one line");
    let hint = "write each option in a line of its own, behind `value: |`";
    Some(Problem::argument(Argument::From, message).hint(hint).at(maker.location(place)))
}

/// A system of which the files have one role only: the other one is elsewhere, and a session would have a second one. A
/// JobManager of Flink's own client makes its TaskManagers itself.
pub(super) fn half(system: &System<'_>, maker: &Maker<'_>) -> Option<Problem> {
    let first = system.workloads.first()?;
    // Said by itself.
    if system.workloads.iter().any(|one| !one.others().is_empty()) {
        return None;
    }
    let missing = if system.job_managers().next().is_none() {
        "JobManager"
    } else if system.task_managers().next().is_none() && !first.is_native() {
        "TaskManager"
    } else {
        return None;
    };
    let (what, file) = match first.object.compose {
        Some(_) => ("service", "Compose file"),
        None => ("workload", "file"),
    };
    let message = format!("no {what} beside {} runs a {missing}", first.title());
    let problem = Problem::argument(Argument::From, message)
        .hint(format!("name the {file} that has one as well"));
    Some(problem.at(maker.location(first.object.place())))
}

/// Words with which a shell begins what only starts Flink, or waits until it can.
const HARMLESS: [&str; 17] = [
    "exec", "set", "cd", "sleep", "until", "while", "done", "fi", "[", "[[", "test", "nc", "true",
    ":", "#", "echo", "printf",
];

/// Words of a shell before a command, which say only when it runs.
const KEYWORDS: [&str; 6] = ["if", "then", "else", "elif", "do", "!"];

/// Scripts that start Flink.
const STARTS: [&str; 4] =
    ["docker-entrypoint.sh", "jobmanager.sh", "taskmanager.sh", "kubernetes-jobmanager.sh"];

/// What a shell does beside starting Flink: the first command of that kind.
fn more_than_flink(workload: &Workload<'_>) -> Option<String> {
    let words: Vec<&str> = workload.words().map(|(word, _)| word).collect();
    let at = words.iter().position(|word| {
        word.strip_prefix('-').is_some_and(|flags| flags.len() < 4 && flags.ends_with('c'))
    })?;
    let script = words.get(at + 1)?.replace("\\\n", " ");
    let commands = script.split(['\n', ';', '&', '|']).map(str::trim);
    let is_more = |command: &&str| {
        let mut words = command.split_whitespace().skip_while(|word| KEYWORDS.contains(word));
        let first = words.next().unwrap_or(":");
        let writes = command.contains('>') && !command.contains("/dev/null");
        let is_harmless = HARMLESS.contains(&first) || first.starts_with('#');
        !STARTS.iter().any(|script| command.contains(script)) && (writes || !is_harmless)
    };
    commands.into_iter().find(is_more).map(shortened)
}

/// The beginning of a command that is too long for a sentence.
fn shortened(command: &str) -> String {
    const LONGEST: usize = 60;
    match command.char_indices().nth(LONGEST) {
        Some((end, _)) => format!("{} ...", command[..end].trim_end()),
        None => command.to_owned(),
    }
}

/// Whether pods use the network of their node.
pub(super) fn is_on_host(workload: &Workload<'_>) -> bool {
    workload.pod.text_of("hostNetwork") == Some("true")
}

/// What `render` and `up` would say of a session file: values at which Flink stops, and on Kubernetes all that its
/// planner refuses.
pub(super) fn judge(
    text: &str,
    name: &str,
    is_on_kubernetes: bool,
    place: impl Fn(&str) -> Option<Location>,
) -> Result<(), Vec<Problem>> {
    let judged = || -> Result<(), Vec<Problem>> {
        // Our own reader is the judge: what it does not take is not a session file.
        let file = spec::read(text, &format!("{name}.yaml"))?;
        let session = spec::resolve(&Inputs { file: Some(file), ..Inputs::default() })?;
        let findings = options::check(&session.configuration, session.flink).into_iter();
        let wrong: Vec<Problem> = findings
            .filter(|finding| finding.level == Level::Error)
            .map(|finding| finding.problem)
            .collect();
        if !wrong.is_empty() {
            return Err(wrong);
        }
        if is_on_kubernetes { planned(&session) } else { containers(&session) }
    };
    // Nobody has seen the file of these lines.
    let of_the_files = |problem: Problem| {
        let location = place(&problem.path);
        Problem { location, ..problem }
    };
    judged().map_err(|problems| problems.into_iter().map(of_the_files).collect())
}

/// Whether the session can be planned, as far as no file of the client's machine is needed for that.
fn planned(session: &Session) -> Result<(), Vec<Problem>> {
    if !wanted(session, &std::collections::BTreeMap::new()).is_empty() {
        return Ok(());
    }
    plan(session, &ClientMachine::default()).map(|_| ())
}

/// Errors of a session file that the files did not have: what their own image brings is not in a session file that has to
/// name another image. `check` tells its author.
const OF_THE_IMAGE: [&str; 1] = ["NK0902"];

/// Whether an object beside the session file has the kind and the name of one that the session makes.
fn twice(objects: &str) -> Result<(), Vec<Problem>> {
    let world = World::read(vec![File::new(&Input {
        name: "objects".to_owned(),
        text: objects.to_owned(),
    })]);
    let twin = world.names.repeated().find_map(|indices| {
        let mut pairs =
            indices.windows(2).map(|two| (&world.objects[two[0]], &world.objects[two[1]]));
        pairs.find(|(one, two)| one.is_twin(two))
    });
    let Some((object, _)) = twin else { return Ok(()) };
    let message =
        format!("{} of the files has the name of an object of the session", object.title());
    let hint = "give the session another name: `nutkin init NAME --from ...`";
    Err(vec![Problem::argument(Argument::From, message).hint(hint)])
}

/// Errors of services beside the session, which stay as they are: NK1006, of clients.
const BESIDE: [&str; 1] = ["NK1006"];

/// Looks for what is wrong in the files and not cured there: a session file without it would be another system, and nobody
/// would know. What is wrong beside the session is told.
///
/// # Errors
/// Each error of the files that is left, unless it is silenced.
pub(super) fn lost(
    adoption: &Adoption,
    inputs: &[Input],
    request: &AdoptionRequest,
) -> Result<Vec<String>, Vec<Problem>> {
    let settings = Settings { flink: request.flink, ..Settings::default() };
    let mut problems: Vec<Problem> = Vec::new();
    let mut told = Vec::new();
    for error in check(inputs, &settings).findings {
        let line = |at: &Location| (at.file.clone(), at.line);
        let is_cured = adoption.cures.iter().any(|cure| {
            cure.rule.code == error.rule.code && line(&cure.location) == line(&error.location)
        });
        if error.severity() != Severity::Error || error.silenced.is_some() || is_cured {
            continue;
        }
        let message = format!("{} is left to you: {}", error.rule.code, error.message);
        if BESIDE.contains(&error.rule.code) {
            told.push(format!("{message} ({})", error.location));
            continue;
        }
        let problem = Problem::argument(Argument::From, message).hint(error.advice());
        problems.push(problem.at(error.location.clone()));
    }
    if problems.is_empty() { Ok(told) } else { Err(problems) }
}

/// The commands beside the files that create objects: what they make is in the cluster as it was, whatever becomes of the rest.
pub(crate) fn created(inputs: &[Input]) -> Option<Input> {
    let files: Vec<File> = inputs.iter().map(File::new).collect();
    let mut text = String::new();
    for file in files.iter().filter(|file| commands::has_commands(file)) {
        for line in commands::lines(&file.text) {
            let is_plain = |words: &Vec<&str>| {
                let names_files =
                    |word: &&str| word.starts_with("-f") || word.starts_with("--filename");
                words.contains(&"create") && !words.iter().any(names_files)
            };
            for words in commands::words(&line).filter(is_plain) {
                text.push_str(&words.join(" "));
                text.push('\n');
            }
        }
    }
    (!text.is_empty()).then(|| Input { name: "commands.sh".to_owned(), text })
}

/// What is still an error in a session file, or in the objects that it makes: whoever writes such a file has to cure it
/// again. What the user silenced in the files is well.
pub(super) fn left(
    adoption: &Adoption,
    inputs: &[Input],
    request: &AdoptionRequest,
    is_on_kubernetes: bool,
) -> Result<(), Vec<Problem>> {
    let mut made = vec![("session file", adoption.text.clone())];
    if is_on_kubernetes && let Ok(objects) = rendered(adoption) {
        twice(&objects)?;
        made.push(("objects", objects));
    }
    let commands = created(inputs);
    let mut errors: Vec<Finding> = Vec::new();
    for (name, text) in made {
        let mut all = vec![Input { name: name.to_owned(), text }];
        all.extend(commands.clone());
        let settings = Settings { session_files: vec![name.to_owned()], ..Settings::default() };
        let found = check(&all, &settings).findings.into_iter();
        let is_error = |one: &Finding| one.severity() == Severity::Error && one.silenced.is_none();
        errors.extend(found.filter(is_error));
    }
    errors.dedup_by(|one, other| one.rule == other.rule);
    if errors.is_empty() {
        return Ok(());
    }
    let settings = Settings { flink: request.flink, ..Settings::default() };
    let before = check(inputs, &settings).findings;
    let mut problems: Vec<Problem> = Vec::new();
    for error in errors {
        let mut same = before.iter().filter(|one| one.rule == error.rule);
        let first = same.next();
        let is_brought = first.is_none() && OF_THE_IMAGE.contains(&error.rule.code);
        if is_brought || first.is_some_and(|one| one.silenced.is_some()) {
            continue;
        }
        let told = first.unwrap_or(&error);
        let message = format!("{} is left to you: {}", error.rule.code, told.message);
        let problem = Problem::argument(Argument::From, message).hint(told.advice());
        let problem = match first {
            Some(one) => problem.at(one.location.clone()),
            None => problem,
        };
        if !problems.iter().any(|known| known.message == problem.message) {
            problems.push(problem);
        }
    }
    if problems.is_empty() { Ok(()) } else { Err(problems) }
}
