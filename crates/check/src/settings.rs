//! The options of a session, from all the places at which they are set.

use std::collections::{BTreeMap, BTreeSet};

use super::conf::{Line, lines};
use super::embedded::{Embedded, Origin};
use super::finding::Place;
use super::image::{self, CONF};
use super::kubernetes::Workload;
use super::node::Walk;
use super::source::{File, FileKind};
use super::world::World;
use nutkin_flink::Problem;
use nutkin_flink::configuration;
use nutkin_flink::dialect::{self, Dialect};
use nutkin_flink::yaml::{Node, NodeKind};
use nutkin_flink::{Configuration, FlinkVersion, Value, options};

/// Flink's default of `rest.port` (`RestOptions.PORT`).
pub(super) const REST: i64 = 8081;

/// An option where it is set.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Setting {
    pub(super) key: String,
    pub(super) value: Value,
    pub(super) place: Place,
    /// Whether it is in a file that only one of the parsers reads.
    pub(super) dialect: Option<Dialect>,
    /// Whether no file says it: the image does, where files are silent.
    pub(super) implied: bool,
}

impl Setting {
    pub(super) fn text(&self) -> String {
        self.value.to_string()
    }

    /// Whether the value names a variable of the environment, which is not known here: Kubernetes puts values in for
    /// `$(NAME)`, shells and the entrypoint of Flink's images (`envsubst`) for `$NAME` and `${NAME}`.
    pub(super) fn is_open(&self) -> bool {
        let text = self.text();
        let begins = |c: char| c == '(' || c == '{' || c == '_' || c.is_ascii_alphabetic();
        text.split('$').skip(1).any(|rest| rest.starts_with(begins))
    }
}

/// All that is set, in the order in which later ones win.
#[derive(Debug, Clone, Default)]
pub(super) struct Settings {
    pub(super) list: Vec<Setting>,
    /// Last setting of a key: index in the list.
    last: BTreeMap<String, usize>,
    /// Keys that an old spelling in the list may answer: rules ask for dozens of options in each session, and the table of
    /// options is searched for those alone.
    spelled: BTreeSet<&'static str>,
    /// The release that reads them, where it is known.
    release: Option<FlinkVersion>,
    /// Keys of the list that the release does not read.
    unread: BTreeSet<String>,
}

impl Settings {
    /// None yet, for a release that reads them.
    pub(super) fn of(release: Option<FlinkVersion>) -> Self {
        Self { release, ..Self::default() }
    }

    /// The same, as a release reads them.
    pub(super) fn read_by(&mut self, release: Option<FlinkVersion>) {
        self.release = release;
        let keys = self.last.keys().filter(|key| !is_read(key, release));
        self.unread = keys.cloned().collect();
    }

    pub(super) fn extend(&mut self, settings: impl IntoIterator<Item = Setting>) {
        settings.into_iter().for_each(|setting| self.push(setting));
    }

    /// What the files say themselves.
    pub(super) fn of_files(&self) -> Self {
        let mut said = Self::of(self.release);
        said.extend(self.list.iter().filter(|setting| !setting.implied).cloned());
        said
    }

    pub(super) fn push(&mut self, setting: Setting) {
        if self.last.insert(setting.key.clone(), self.list.len()).is_none() {
            self.spelled.extend(options::relatives(&setting.key));
            if !is_read(&setting.key, self.release) {
                self.unread.insert(setting.key.clone());
            }
        }
        self.list.push(setting);
    }

    /// What counts for exactly this key.
    pub(super) fn exact(&self, key: &str) -> Option<&Setting> {
        self.last.get(key).map(|index| &self.list[*index])
    }

    /// What counts for an option: its key, otherwise a spelling that the release reads; where none is known, one that some release
    /// reads.
    pub(super) fn get(&self, key: &str) -> Option<&Setting> {
        let is_read = |setting: &&Setting| !self.unread.contains(&setting.key);
        self.exact(key).filter(is_read).or_else(|| {
            let info = self.spelled.contains(key).then(|| options::find(key)).flatten()?;
            let old = info.old_spellings().into_iter();
            old.filter_map(|old| self.exact(old)).find(is_read)
        })
    }

    /// The text of an option.
    pub(super) fn value(&self, key: &str) -> Option<String> {
        self.get(key).map(Setting::text)
    }

    /// A port number of an option; ranges and 0 are none.
    pub(super) fn port(&self, key: &str) -> Option<i64> {
        self.value(key)?.parse().ok().filter(|port| 0 < *port)
    }

    /// The port on which the REST API listens.
    pub(super) fn rest_port(&self) -> i64 {
        self.port("rest.bind-port").or_else(|| self.port("rest.port")).unwrap_or(REST)
    }

    /// What counts of every key.
    pub(super) fn effective(&self) -> impl Iterator<Item = &Setting> {
        self.last.values().map(|index| &self.list[*index])
    }

    pub(super) fn is_empty(&self) -> bool {
        self.list.is_empty()
    }

    /// As the rest of core takes it.
    pub(super) fn configuration(&self) -> Configuration {
        let mut configuration = Configuration::new();
        for setting in self.effective() {
            let origin = configuration::Origin::CommandLine;
            configuration.set(setting.key.clone(), setting.value.clone(), origin);
        }
        configuration
    }

    /// The settings with those of one workload's arguments on top.
    pub(super) fn with_arguments(&self, workload: &Workload<'_>) -> Self {
        let mut all = self.clone();
        for setting in arguments(workload) {
            all.push(setting);
        }
        all
    }
}

/// Whether a release reads a key; where none is known, some release may.
fn is_read(key: &str, release: Option<FlinkVersion>) -> bool {
    release.is_none_or(|release| options::is_read(key, release))
}

/// Reads a configuration file into settings. Problems are those for which Flink refuses it.
pub(super) fn read(
    text: &Embedded,
    files: &[File],
    into: &mut Settings,
) -> Result<(), Vec<(Place, Problem)>> {
    if text.kind == FileKind::ConfigYaml {
        let tie = |problem: Problem| {
            let line = problem.location.as_ref().and_then(|location| location.line).unwrap_or(1);
            (text.place(files, line, 1), problem)
        };
        let reading = dialect::read(Dialect::ConfigYaml, &text.text, &text.name)
            .map_err(|problems| problems.into_iter().map(tie).collect::<Vec<_>>())?;
        for (key, entry) in reading.configuration.iter() {
            let configuration::Origin::File(_, line) = &entry.origin else { continue };
            into.push(Setting {
                key: key.to_owned(),
                value: entry.value.clone(),
                place: text.place(files, *line, 1),
                dialect: Some(Dialect::ConfigYaml),
                implied: false,
            });
        }
        return Ok(());
    }
    let is_file = !matches!(text.origin, Origin::Properties(_));
    let dialect = is_file.then_some(Dialect::FlinkConf);
    for (line, column, content) in lines(&text.text) {
        if let Line::Entry { key, value, .. } = content {
            into.push(Setting {
                key: key.to_owned(),
                value: Value::Text(value.to_owned()),
                place: text.place(files, line, column),
                dialect,
                implied: false,
            });
        }
    }
    Ok(())
}

/// Reads the configuration files among some texts, in their order. What Flink refuses is returned.
pub(super) fn read_all(
    texts: &[&Embedded],
    files: &[File],
    into: &mut Settings,
) -> Vec<(Place, Problem)> {
    let mut refused = Vec::new();
    for text in texts.iter().filter(|text| text.kind.is_options()) {
        refused.extend(read(text, files, into).err().unwrap_or_default());
    }
    refused
}

/// `-D key=value` and `-Dkey=value` in the words of a container, those of shell texts included.
pub(super) fn arguments(workload: &Workload<'_>) -> Vec<Setting> {
    let mut found = Vec::new();
    let mut is_next = false;
    for (word, node) in super::role::words(workload.container) {
        let pair = match word.strip_prefix("-D") {
            Some("") => None,
            Some(pair) => Some(pair),
            None => Some(&*word).filter(|_| is_next),
        };
        is_next = word == "-D";
        let Some((key, value)) = pair.and_then(|pair| pair.split_once('=')) else { continue };
        found.push(Setting {
            key: key.trim().to_owned(),
            value: Value::Text(value.to_owned()),
            place: node.place(workload.file()),
            dialect: None,
            implied: false,
        });
    }
    found
}

/// Options of Flink's generic command line that take a value and have no effect on `kubernetes-session.sh` (`GenericCLI`).
const TARGETS: [&str; 4] = ["t", "target", "e", "executor"];

/// What `kubernetes-session.sh` is told, and the word at which it stops reading: Flink's client drops that word and all
/// behind it, and deploys (`KubernetesSessionCli` with commons-cli, as 1.13 to 2.3 answered when they were run).
pub(super) fn of_boot(boot: &Workload<'_>) -> (Vec<Setting>, Option<(String, Place)>) {
    let words = super::role::words(boot.container);
    let start = words.iter().position(|(word, _)| word.ends_with("kubernetes-session.sh"));
    let mut rest = words.iter().skip(start.map_or(words.len(), |at| at + 1));
    let mut found = Vec::new();
    while let Some((word, node)) = rest.next() {
        let place = node.place(boot.file());
        let pair = match word.strip_prefix("-D") {
            Some("") => rest.next().map(|(pair, _)| pair.to_string()).unwrap_or_default(),
            Some(pair) => pair.to_owned(),
            None if word.starts_with('-') && TARGETS.contains(&word.trim_start_matches('-')) => {
                rest.next();
                continue;
            }
            // Where the shell sends what it prints.
            None if word.contains(['>', '<']) => break,
            None => return (found, Some((word.to_string(), place))),
        };
        let (key, value) = match pair.split_once('=') {
            Some(pair) => pair,
            // `-Dkey: value` sets nothing that Flink has.
            None if pair.ends_with(':') => continue,
            None => (pair.as_str(), "true"),
        };
        let (key, value) = (key.trim().to_owned(), Value::Text(value.to_owned()));
        found.push(Setting { key, value, place, dialect: None, implied: false });
    }
    (found, None)
}

/// Whether a container runs the entrypoint of its image, which that of Flink's own is called.
pub(super) fn runs_entrypoint(workload: &Workload<'_>) -> bool {
    let mut words = workload.words();
    workload.container.get("command").is_none()
        || words.next().is_some_and(|(word, _)| word.ends_with("docker-entrypoint.sh"))
}

/// Whether the image's entrypoint cannot write to the configuration of the pods.
pub(super) fn has_fixed_configuration(workload: &Workload<'_>) -> bool {
    let is_mounted = ["flink-conf.yaml", "config.yaml"].iter().any(|name| {
        workload.mount_of(&format!("{CONF}/{name}")).is_some_and(|mount| mount.is_read_only())
    });
    is_mounted || workload.read_only_root().is_some() && !workload.can_write(CONF)
}

/// Whether a container runs the entrypoint of Flink's own image, with the configuration that is in the image.
pub(super) fn has_configuration_of_image(workload: &Workload<'_>) -> bool {
    let is_mounted = |name: &str| workload.mount_of(&format!("{CONF}/{name}")).is_some();
    runs_entrypoint(workload)
        && image::is_flinks_own(workload.image().and_then(Walk::text).unwrap_or_default())
        && workload.variable("FLINK_CONF_DIR").is_none()
        && !is_mounted("flink-conf.yaml")
        && !is_mounted("config.yaml")
}

/// Whether the entrypoint of Flink's own image runs, and cannot write the variables it takes into the configuration: that is
/// mounted read-only, or in another directory than the one that it writes to.
pub(super) fn has_variables_in_vain(workload: &Workload<'_>) -> bool {
    // An empty command is none.
    let has_entrypoint = runs_entrypoint(workload) || workload.words().next().is_none();
    let is_elsewhere = workload
        .variable("FLINK_CONF_DIR")
        .and_then(|(_, value)| value)
        .is_some_and(|path| path.trim_end_matches('/') != CONF);
    has_entrypoint
        && image::is_flinks_own(workload.image().and_then(Walk::text).unwrap_or_default())
        && (has_fixed_configuration(workload) || is_elsewhere)
}

/// What Flink's image says where the files are silent: its entrypoint writes these on every start, into a configuration
/// that it can write (`docker-entrypoint.sh`, `prepare_configuration`, the same from 1.13 to 2.3).
pub(super) fn of_image(world: &World, workloads: &[Workload<'_>]) -> Vec<Setting> {
    let is_silent = |workload: &&Workload<'_>| {
        has_configuration_of_image(workload) && !has_fixed_configuration(workload)
    };
    let mut found = Vec::new();
    let mut put = |key: &str, value: &str, place: Place| {
        let (key, value) = (key.to_owned(), Value::Text(value.to_owned()));
        found.push(Setting { key, value, place, dialect: None, implied: true });
    };
    if let Some(master) = workloads.iter().filter(|w| w.role.is_job_manager()).find(is_silent) {
        let place = master.image().map_or(master.object.place(), |node| node.place(master.file()));
        put("blob.server.port", "6124", place);
    }
    let slots = workloads.iter().filter(|w| w.role.is_task_manager()).find(is_silent);
    let slots =
        slots.and_then(|worker| world.variable(worker, "TASK_MANAGER_NUMBER_OF_TASK_SLOTS"));
    if let Some(Ok((slots, place))) = slots {
        put("taskmanager.numberOfTaskSlots", slots, place);
    }
    // Where TaskManagers look counts, whatever the JobManager calls itself.
    let named = workloads.iter().filter(is_silent).filter_map(|workload| {
        let (value, place) = world.variable(workload, "JOB_MANAGER_RPC_ADDRESS")?.ok()?;
        Some((workload.role.is_job_manager(), value, place))
    });
    if let Some((_, address, place)) = named.min_by_key(|(is_master, ..)| *is_master) {
        put("jobmanager.rpc.address", address, place);
    }
    found
}

/// `spec.flinkConfiguration` of a session file: nested keys joined, lists as Flink's old lists.
pub(super) fn session(file: usize, node: &Node, into: &mut Settings) {
    fn walk(file: usize, node: &Node, prefix: &str, into: &mut Settings) {
        for (key, value) in node.entries() {
            let name =
                if prefix.is_empty() { key.name.clone() } else { format!("{prefix}.{}", key.name) };
            let text = match &value.kind {
                NodeKind::Map(_) => {
                    walk(file, value, &name, into);
                    continue;
                }
                NodeKind::List(items) => {
                    items.iter().filter_map(Walk::text).collect::<Vec<_>>().join(";")
                }
                _ => value.text().unwrap_or_default().to_owned(),
            };
            let place = super::node::key_place(key, file);
            let value = Value::Text(text);
            into.push(Setting { key: name, value, place, dialect: None, implied: false });
        }
    }
    walk(file, node, "", into);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn old_spellings_of_all_options_are_found() {
        let mut found = 0;
        for option in options::matching("") {
            let keys = [&[option.key][..], &option.old_spellings()].concat();
            for set in option.old_spellings() {
                let mut settings = Settings::default();
                settings.push(Setting {
                    key: set.to_owned(),
                    value: Value::from("a"),
                    place: Place { file: 0, line: 1, column: 1 },
                    dialect: None,
                    implied: false,
                });
                for key in &keys {
                    let info = options::find(key);
                    let wanted =
                        *key == set || info.is_some_and(|info| info.old_spellings().contains(&set));
                    assert_eq!(
                        settings.get(key).is_some(),
                        wanted,
                        "{set} is set, {key} asked for"
                    );
                    found += usize::from(wanted);
                }
            }
        }
        assert!(found > 400, "{found}");
    }
}
