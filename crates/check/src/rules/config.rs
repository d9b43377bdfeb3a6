//! Options: those that do not exist, are not read, or arrive as something else.

use std::collections::BTreeSet;

mod heartbeat;

use super::files::alike;
use super::rules;
use crate::conf::{Line, lines};
use crate::embedded::{Embedded, Origin};
use crate::finding::{Findings, Place};
use crate::image::{CONF, is_newest};
use crate::kubernetes::Workload;
use crate::settings::{Setting, Settings};
use crate::source::FileKind;
use crate::system::{System, texts_of_service};
use nutkin_flink::dialect::{self, Dialect};
use nutkin_flink::options::{self, Level};
use nutkin_flink::{Configuration, FlinkVersion, Value, configuration};

rules! {
    UNKNOWN "NK0101" Warning "no version of Flink has this option"
        happens "Flink reads the line and never asks for it: the default stays in force, and no log says so. Mostly it is a misspelling."
        cure "Fix the spelling, or remove the line. `nutkin explain PREFIX` lists the options that begin with a prefix.";
    NOT_IN_VERSION "NK0102" Warning "this version of Flink does not have the option"
        happens "The line has no effect: the option was removed, renamed, or came only with a later version. Flink does not say so."
        cure "Write the option that this version has, or remove the line. `nutkin convert --to VERSION` does it for a whole file.";
    WRONG_VALUE "NK0103" Error "the option does not accept this value"
        happens "Flink stops with an exception when it reads the option: at the start, or when the first job asks for it."
        cure "Write a value of the option's type; `nutkin explain KEY` shows type, default and an example.";
    TWICE "NK0104" Warning "an option is set twice"
        happens "In flink-conf.yaml the last line counts, and a change of the first one has no effect. In config.yaml Flink stops at a key that appears twice on one level."
        cure "Remove one of the two lines.";
    NO_OPTION "NK0105" Warning "a line of flink-conf.yaml is not a `key: value`"
        happens "Flink leaves the line out, with one warning in its log. Nested YAML, a colon without a space after it, and text without `#` have this effect."
        cure "Write `key: value` with a space after the colon, or put `#` before a comment.";
    CUT "NK0106" Warning "the value is cut at `#`"
        happens "In flink-conf.yaml everything after a `#` is a comment, even inside a value or quotes: Flink gets the part before it."
        cure "Put such a value into config.yaml (Flink 1.19 and later), in quotes, or give it with -D.";
    NOT_READ_2X "NK0107" Error "Flink 2.x does not read flink-conf.yaml"
        happens "Flink 2.x reads config.yaml only. With a flink-conf.yaml alone it stops: `The Flink config file ... config.yaml does not exist`."
        cure "`nutkin convert flink-conf.yaml --to 2.3 -o config.yaml` writes the new file, with renamed options and comments kept.";
    NOT_READ_OLD "NK0108" Error "this version of Flink does not read config.yaml"
        happens "config.yaml is read from Flink 1.19 on. Older versions look for flink-conf.yaml, find none, and stop, or start with the defaults of their image."
        cure "`nutkin convert config.yaml --to 1.18 -o flink-conf.yaml` writes the old form, or take a newer Flink.";
    BOTH "NK0109" Warning "flink-conf.yaml and config.yaml lie side by side"
        happens "Flink 1.19 and 1.20 read flink-conf.yaml and do not look at config.yaml; 2.x does it the other way round. Half of what you wrote has no effect."
        cure "Keep one of the two files.";
    REFUSED "NK0110" Error "Flink refuses this config.yaml"
        happens "Flink parses the file strictly and stops with an exception; nothing starts."
        cure "Fix the line. A key appears once, has a value, and the whole file is one YAML map.";
    OLD_SPELLING "NK0111" Note "an old spelling of an option"
        happens "It works in this version. Flink calls the spelling deprecated, and 2.x has removed many of them."
        cure "Write the current spelling; `nutkin convert` does it for a whole file.";
    BLANKS_LOST "NK0112" Warning "FLINK_PROPERTIES loses the spaces of this value"
        happens "From Flink 1.19 on the image's entrypoint removes every space from the lines of FLINK_PROPERTIES: `-Xmx1g -Xms1g` arrives as `-Xmx1g-Xms1g`."
        cure "Put the option into the mounted configuration, or give it as two arguments: `-D`, `key=value`.";
    BLANK_IN_SIZE "NK0113" Note "a size with a space inside"
        happens "Flink understands it. Shell scripts, FLINK_PROPERTIES and Kubernetes do not: there the space ends the value or makes it invalid."
        cure "Write number and unit together: `2048m`.";
    PREFIX "NK0114" Error "one option is the beginning of another in config.yaml"
        happens "config.yaml is a tree: a key cannot have a value and entries below it. Where Flink writes the file again, as the image's entrypoint and native Kubernetes do, it stops with a ClassCastException, or loses one of the two."
        cure "Use the current spelling of the shorter key; it exists for this reason.";
    QUOTED "NK0115" Warning "quotes become part of the value in flink-conf.yaml"
        happens "flink-conf.yaml is not YAML, whatever its name says: quotes are part of the value. A path or address with quotes around it does not exist."
        cure "Remove the quotes.";
    RETYPED "NK0116" Warning "config.yaml makes a number of the text"
        happens "Without quotes YAML takes the value for a number and gives Flink another text: `1.10` becomes 1.1, `007` becomes 7."
        cure "Put the value in quotes.";
    LAST_OF_1X "NK0117" Note "flink-conf.yaml, which ends with Flink 1.x"
        happens "It works in this version. Flink 2.x does not read the file any more and stops without a config.yaml."
        cure "From Flink 1.19 on `nutkin convert flink-conf.yaml -o config.yaml` prepares the change; for an older Flink it is part of the upgrade.";
    DROPPED "NK0118" Error "kubernetes-session.sh does not read all of its options"
        happens "Flink's client stops at the first word that it does not know, drops it and everything behind it, and deploys the session all the same: options that come later, high availability among them, are not in force, and nothing says so."
        cure "Write each option as one word, `-Dkey=value`, with `=` and without blanks around it.";
    HEARTBEAT "NK0119" Error "heartbeats come less often than they are waited for"
        happens "JobManagers and TaskManagers stop at the start: `The heartbeat timeout should be larger or equal than the heartbeat interval`."
        cure "Make `heartbeat.timeout` several times `heartbeat.interval`. The defaults are 50 and 10 seconds.";
}

pub(super) fn check(system: &System<'_>, out: &mut Findings<'_>) {
    files(system, out);
    for text in system.texts.iter().copied() {
        match text.kind {
            FileKind::FlinkConf => old_file(system, text, out),
            FileKind::ConfigYaml => new_file(system, text, out),
            _ => {}
        }
    }
    for (place, problem) in &system.refused {
        let message = if problem.path.is_empty() {
            problem.message.clone()
        } else {
            format!("`{}` {}", problem.path, problem.message)
        };
        out.add(&REFUSED, *place, message).cure = problem.hint.as_ref().map(|hint| hint.plain());
    }
    both_files(system, out);
    heartbeat::check(system, out);
    arguments(system, out);
    boot(system, out);
}

/// Options of the files as each workload has them: one that another workload sets otherwise counts as well.
fn files(system: &System<'_>, out: &mut Findings<'_>) {
    if system.workloads.is_empty() || system.is_of_compose() {
        system.settings.effective().for_each(|one| one_option(system, &system.settings, one, out));
        return;
    }
    let mut judged: BTreeSet<(Place, String)> = BTreeSet::new();
    for workload in &system.workloads {
        let settings = system.files_of(workload);
        for setting in settings.effective() {
            if judged.insert((setting.place, setting.key.clone())) {
                one_option(system, &settings, setting, out);
            }
        }
    }
}

/// A word at which `kubernetes-session.sh` stops reading.
fn boot(system: &System<'_>, out: &mut Findings<'_>) {
    let stray = system.boot.as_ref().and_then(|boot| crate::settings::of_boot(boot).1);
    let Some((word, place)) = stray else { return };
    let message = if options::is_sensitive(&word) {
        "the client stops reading its options at a word that is not one".to_owned()
    } else {
        format!("the client stops reading its options at `{word}`")
    };
    out.add(&DROPPED, place, message);
}

/// Options in `-D` arguments of containers.
fn arguments(system: &System<'_>, out: &mut Findings<'_>) {
    for workload in &system.workloads {
        let settings = system.settings_of(workload);
        for setting in crate::settings::arguments(workload) {
            one_option(system, &settings, &setting, out);
        }
    }
}

fn one_option(system: &System<'_>, settings: &Settings, setting: &Setting, out: &mut Findings<'_>) {
    let version = system.version;
    // What a Flink of 2018 had is in no table here; and the image's entrypoint itself writes this port (NK0410).
    if system.is_of_unknown_release() || setting.key == "query.server.port" {
        return;
    }
    if reporter_by_class(system, settings, setting, out) {
        return;
    }
    // A variable of the environment stands for a value that is not known here.
    let (text, is_open) = (setting.text(), setting.is_open());
    let mut versions: Vec<FlinkVersion> =
        version.map_or_else(|| options::OBSERVED.to_vec(), |version| vec![version]);
    if is_foreign(&setting.key) {
        // What no version knows is the same to all of them.
        versions.truncate(1);
    }
    let findings: Vec<_> = versions.iter().map(|version| finding(setting, *version)).collect();
    // Without a known version only what is wrong in all of them is wrong.
    if let Some(Some((level, problem))) =
        findings.iter().all(Option::is_some).then(|| findings.into_iter().next()).flatten()
    {
        let rule = match level {
            Level::Error if is_open => return,
            Level::Error => &WRONG_VALUE,
            Level::Warning
                if options::find(&setting.key).is_none()
                    || options::slip(&setting.key).is_some() =>
            {
                &UNKNOWN
            }
            Level::Warning if version.is_none() => return,
            Level::Warning => &NOT_IN_VERSION,
        };
        let message = format!("`{}`: {}", setting.key, problem.message);
        if let Some((key, value)) = with_colon(setting) {
            let patch = out.exchange(setting.place, &setting.key, &format!("{key}={value}"));
            let finding = out.add(rule, setting.place, message);
            finding.cure = Some(format!("Write `-D{key}={value}`, with `=` and without blanks."));
            finding.patch = patch;
            return;
        }
        let suggested = problem.hint.as_ref().map(|hint| hint.plain());
        let suggested = suggested.as_deref().and_then(suggestion);
        let patch = suggested.and_then(|key| out.exchange(setting.place, &setting.key, key));
        let finding = out.add(rule, setting.place, message);
        finding.cure = problem.hint.map(|hint| sentence(&hint.plain()));
        finding.patch = patch;
        return;
    }
    let Some(version) = version else { return };
    let current = options::canonical(&setting.key, version);
    if current != setting.key {
        let message = format!(
            "`{}` is an old spelling of `{current}` in Flink {}.{}",
            setting.key, version.major, version.minor
        );
        let patch = out.exchange(setting.place, &setting.key, &current);
        out.add(&OLD_SPELLING, setting.place, message).patch = patch;
    }
    let is_size = options::find(&current)
        .and_then(|info| info.at(version).map(|facts| facts.type_name == "MemorySize"));
    if is_size == Some(true) && text.trim().contains(' ') {
        let joined: String = text.split_whitespace().collect();
        let patch = out.exchange(setting.place, &text, &joined);
        let message = format!("`{}`: `{text}` has a space between number and unit", setting.key);
        out.add(&BLANK_IN_SIZE, setting.place, message).patch = patch;
    }
}

/// Key and value of an argument `-Dkey: value`, which is one key with blanks to Flink's client, and `true`.
fn with_colon(setting: &Setting) -> Option<(&str, &str)> {
    let (key, value) = setting.key.split_once(": ").filter(|_| setting.dialect.is_none())?;
    (options::find(key).is_some() && !value.trim().is_empty()).then_some((key, value.trim()))
}

/// The release from which on reporters are made by their factories alone. Observed: 1.13.6 has
/// `metrics.reporter.<name>.class`, 1.17.2 does not; its deprecation is FLINK-27206.
const FACTORIES_ONLY: (u16, u16) = (1, 17);

/// Whether a setting names a metric reporter by its class, which this version does not ask for.
fn reporter_by_class(
    system: &System<'_>,
    settings: &Settings,
    setting: &Setting,
    out: &mut Findings<'_>,
) -> bool {
    let Some(version) = system.version else { return false };
    let reporter = setting.key.strip_prefix("metrics.reporter.");
    let reporter = reporter.and_then(|rest| rest.strip_suffix(".class"));
    let Some(reporter) = reporter.filter(|reporter| !reporter.contains('.')) else { return false };
    let factory = format!("metrics.reporter.{reporter}.factory.class");
    let (major, minor) = FACTORIES_ONLY;
    if !version.is_at_least(major, minor) {
        return false;
    }
    let message = if settings.exact(&factory).is_some() {
        format!("Flink {version} does not read `{}`; `{factory}` counts", setting.key)
    } else {
        format!("Flink {version} makes no reporter of `{}`: nothing is reported", setting.key)
    };
    let finding = out.add(&NOT_IN_VERSION, setting.place, message);
    // `org.apache.flink.metrics.influxdb.InfluxdbReporter` has an `InfluxdbReporterFactory` beside it, as all of Flink's.
    finding.cure = Some(format!(
        "Write `{factory}: {}Factory`, the factory of the reporter.",
        setting.text().trim()
    ));
    true
}

/// Whether neither the key nor one above it is an option of any version.
fn is_foreign(key: &str) -> bool {
    let ends = key.match_indices('.').map(|(at, _)| at).chain([key.len()]);
    ends.into_iter().all(|end| options::find(&key[..end]).is_none())
}

/// What the table of options says of one setting in one version.
fn finding(setting: &Setting, version: FlinkVersion) -> Option<(Level, nutkin_flink::Problem)> {
    let mut one = Configuration::new();
    one.set(setting.key.clone(), setting.value.clone(), configuration::Origin::CommandLine);
    options::check(&one, version).into_iter().next().map(|finding| (finding.level, finding.problem))
}

/// The only option that a hint suggests.
fn suggestion(hint: &str) -> Option<&str> {
    let mut parts = hint.split('`');
    let (_, key, _) = (parts.next()?, parts.next()?, parts.next()?);
    parts.next().is_none().then_some(key)
}

/// A hint as a sentence.
fn sentence(hint: &str) -> String {
    let mut letters = hint.chars();
    let Some(first) = letters.next() else { return String::new() };
    let text: String = first.to_uppercase().chain(letters).collect();
    if text.ends_with(['?', '.']) { text } else { format!("{text}.") }
}

fn old_file(system: &System<'_>, text: &Embedded, out: &mut Findings<'_>) {
    let is_properties = matches!(text.origin, Origin::Properties(_));
    if beside_the_image(system, text, out) {
        return;
    }
    let has_other = system.texts.iter().any(|new| is_beside(new, text, out));
    let newest =
        system.images().find(|image| is_newest(image)).filter(|_| system.version.is_none());
    if is_properties || has_other {
        // The entrypoint writes its variable into the file that counts, and two files have a code of their own.
    } else if let Some(version) = system.version
        && !version.line().reads_flink_conf
    {
        let message = format!("Flink {version} does not read flink-conf.yaml");
        out.add(&NOT_READ_2X, text.start(), message);
    } else if let Some(image) = newest {
        let message = format!("`{image}` is Flink 2.x, which does not read flink-conf.yaml");
        let finding = out.add(&NOT_READ_2X, text.start(), message);
        finding.cure = Some(format!(
            "Name a release that reads the file, such as `flink:{}`; or write config.yaml: `nutkin convert flink-conf.yaml --to 2.3 -o config.yaml`.",
            FlinkVersion::DEFAULT
        ));
    } else if !is_properties && system.version.is_some() {
        let file = text.start().file;
        let name = out.files[file].name.clone();
        let finding = out.add(&LAST_OF_1X, text.start(), "Flink 2.x does not read this file");
        if matches!(text.origin, Origin::ConfigMap(_)) && !text.is_block() {
            finding.cure = Some(format!(
                "Write the text of `{}` into a file flink-conf.yaml: from Flink 1.19 on `nutkin convert flink-conf.yaml -o \
                 config.yaml` prepares the change; for an older Flink it is part of the upgrade.",
                text.key
            ));
        } else if matches!(text.origin, Origin::ConfigMap(_)) {
            finding.cure = Some(format!(
                "From Flink 1.19 on `nutkin convert {name} -o NEW.yaml` prepares the change inside the ConfigMap; for an \
                 older Flink it is part of the upgrade."
            ));
        }
    }
    let mut seen: Vec<(&str, u32)> = Vec::new();
    for (number, column, line) in lines(&text.text) {
        let place = text.place(out.files, number, column);
        match line {
            // NK0007 says it, in other words.
            Line::Bare(words) if alike::is_left_out(words) => {}
            Line::Bare(words) => {
                let message = match words.split_once(':') {
                    Some((key, _)) => {
                        format!("no space follows the colon of `{key}`; the line is left out")
                    }
                    None => {
                        "the line is neither an option nor a comment; it is left out".to_owned()
                    }
                };
                let fixed = match words.split_once(':') {
                    Some((key, value)) => format!("{key}: {value}"),
                    None => match words.split_once('=') {
                        Some((key, value)) if options::find(key.trim()).is_some() => {
                            format!("{}: {}", key.trim(), value.trim())
                        }
                        _ => format!("# {words}"),
                    },
                };
                // In a value on one line it is a part of the line only.
                let patch = out.replace(place, &fixed);
                let patch = patch.filter(|patch| patch.remove[0].trim() == words.trim());
                out.add(&NO_OPTION, place, message).patch = patch;
            }
            Line::Incomplete(key) => {
                let message = format!("`{key}` has no value on its line; the line is left out");
                out.add(&NO_OPTION, place, message);
            }
            Line::Entry { key, value, cut } => {
                if cut {
                    let message = format!("the value of `{key}` ends at the `#`");
                    out.add(&CUT, place, message);
                }
                let quoted =
                    |quote| 1 < value.len() && value.starts_with(quote) && value.ends_with(quote);
                // `config.sh` takes double quotes away from the flags of the JVM.
                let is_unquoted = key.starts_with("env.java.opts") && quoted('"');
                if !is_properties && !is_unquoted && (quoted('"') || quoted('\'')) {
                    let message = format!("the quotes belong to the value of `{key}`");
                    let patch = out.exchange(place, value, &value[1..value.len() - 1]);
                    out.add(&QUOTED, place, message).patch = patch;
                }
                let first = seen.iter().find(|(known, _)| *known == key).map(|(_, line)| *line);
                if let Some(first) = first {
                    let line = text.place(out.files, first, 1).home(out.files).line;
                    let message = format!("`{key}` is also on line {line}; this line counts");
                    out.add(&TWICE, place, message);
                }
                seen.push((key, number));
                let loses = system.version.is_none_or(|version| version.is_at_least(1, 19));
                if is_properties && loses && value.contains(char::is_whitespace) {
                    let message = format!("the value of `{key}` loses its spaces");
                    out.add(&BLANKS_LOST, place, message);
                }
            }
        }
    }
}

fn new_file(system: &System<'_>, text: &Embedded, out: &mut Findings<'_>) {
    if beside_the_image(system, text, out) {
        return;
    }
    // Of Compose services that mount both, the one that is read is there.
    let has_old = system.is_of_compose()
        && system.texts.iter().any(|other| {
            other.kind == FileKind::FlinkConf && !matches!(other.origin, Origin::Properties(_))
        });
    if let Some(version) = system.version
        && !version.line().reads_config_yaml
        && !has_old
    {
        let message = format!("Flink {version} does not read config.yaml");
        out.add(&NOT_READ_OLD, text.start(), message);
    }
    let Ok(reading) = dialect::read(Dialect::ConfigYaml, &text.text, &text.name) else { return };
    for problem in &reading.warnings {
        let line = problem.location.as_ref().and_then(|at| at.line).unwrap_or(1);
        let message = format!("`{}`: {}", problem.path, problem.message);
        out.add(&TWICE, text.place(out.files, line, 1), message);
    }
    let mut previous: Option<(&str, u32)> = None;
    let entries: Vec<(&str, u32, &Value)> = reading
        .configuration
        .iter()
        .filter_map(|(key, entry)| match &entry.origin {
            configuration::Origin::File(_, line) => Some((key, *line, &entry.value)),
            _ => None,
        })
        .collect();
    for (key, line, value) in &entries {
        let below = entries
            .iter()
            .find(|(other, ..)| other.strip_prefix(key).is_some_and(|rest| rest.starts_with('.')));
        if let Some((other, ..)) = below.filter(|_| previous.is_none_or(|(known, _)| known != *key))
        {
            let message = format!("`{key}` has a value, and `{other}` is below it");
            let finding = out.add(&PREFIX, text.place(out.files, *line, 1), message);
            if let Some(current) = options::newest_spelling(key) {
                finding.cure = Some(format!("Write `{current}` for `{key}`."));
            }
        }
        previous = Some((key, *line));
        if matches!(value, Value::Int(_) | Value::Float(_)) {
            retyped(text, key, *line, value, out);
        }
    }
}

fn retyped(text: &Embedded, key: &str, line: u32, value: &Value, out: &mut Findings<'_>) {
    let is_number = options::find(key)
        .and_then(|info| info.newest().map(|f| f.type_name))
        .is_some_and(|name| {
            matches!(name, "Integer" | "Long" | "Double" | "Float" | "Duration" | "MemorySize")
        });
    let index = usize::try_from(line).unwrap_or(1).saturating_sub(1);
    let Some((_, raw)) = text.text.lines().nth(index).and_then(|line| line.rsplit_once(": "))
    else {
        return;
    };
    let raw = raw.split(" #").next().unwrap_or(raw).trim();
    let read = value.to_string();
    // In a map or list on one line this is not the value alone.
    let is_alone = raw.chars().all(|c| c.is_ascii_alphanumeric() || "+-._".contains(c));
    if !is_number && is_alone && raw != read && raw.starts_with(|c: char| c.is_ascii_digit()) {
        let message = format!("`{key}`: Flink gets `{read}` for `{raw}`");
        let place = text.place(out.files, line, 1);
        let patch = out.exchange(place, &format!(": {raw}"), &format!(": '{raw}'"));
        out.add(&RETYPED, place, message).patch = patch;
    }
}

/// A file that containers mount by itself, beside the one of the image, which their release reads: they start as if it were not
/// there.
fn beside_the_image(system: &System<'_>, text: &Embedded, out: &mut Findings<'_>) -> bool {
    let Some(line) = system.version.map(FlinkVersion::line) else { return false };
    let other = match text.kind {
        FileKind::FlinkConf if !line.reads_flink_conf => "config.yaml",
        FileKind::ConfigYaml if !line.reads_config_yaml => "flink-conf.yaml",
        _ => return false,
    };
    let is_own = |workload: &&Workload<'_>| {
        let texts = texts_of_service(system.world, workload);
        texts.iter().any(|one| std::ptr::eq(*one, text))
    };
    let hides = |workload: &Workload<'_>| {
        let mounts = workload.object.compose.iter().flat_map(|service| &service.mounts);
        mounts.into_iter().any(|mount| {
            mount.target == CONF || mount.target.strip_prefix(CONF) == Some(&format!("/{other}"))
        })
    };
    let mut own = system.workloads.iter().filter(is_own).peekable();
    let is_beside = !matches!(text.origin, Origin::Properties(_))
        && system.is_of_compose()
        && own.peek().is_some()
        && !own.any(hides);
    if is_beside {
        let message = format!("{other} of the image is read, and {} beside it is not", text.name);
        let finding = out.add(&BOTH, text.start(), message);
        finding.cure = Some(format!(
            "Write the options into a file that is mounted at `{CONF}/{other}`, with what the image's own has; or into FLINK_PROPERTIES."
        ));
    }
    is_beside
}

/// Whether a config.yaml lies in the same directory or ConfigMap as a flink-conf.yaml.
fn is_beside(new: &Embedded, old: &Embedded, out: &Findings<'_>) -> bool {
    let directory = |text: &Embedded| out.files[text.start().file].directory();
    new.kind == FileKind::ConfigYaml
        && match (new.origin, old.origin) {
            (Origin::File, Origin::File) => directory(new) == directory(old),
            (one, two) => one == two,
        }
}

/// Both files in one directory or ConfigMap.
fn both_files(system: &System<'_>, out: &mut Findings<'_>) {
    for old in system.texts.iter().filter(|text| text.kind == FileKind::FlinkConf) {
        if let Some(new) = system.texts.iter().find(|new| is_beside(new, old, out)) {
            let read = match system.version.map(|version| version.line().reads_flink_conf) {
                Some(true) => "flink-conf.yaml is read, config.yaml is not",
                Some(false) => "config.yaml is read, flink-conf.yaml is not",
                None => "only one of the two is read, which one depends on the version",
            };
            out.add(&BOTH, new.start(), read);
        }
    }
}
