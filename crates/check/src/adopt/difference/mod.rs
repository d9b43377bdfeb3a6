//! What is otherwise in the system that a session file makes than in the files that it was made of: line by line,
//! each with the reason. What no reason explains is told as such.

mod facts;
mod reasons;

use super::super::source::{File, Input};
use super::super::system::{self, System, World};
use super::{Adoption, AdoptionRequest, options};
use facts::{Fact, Facts, OPTIONS};
use nutkin_core::plan;
use nutkin_core::spec::{self, Inputs};
use nutkin_flink::units::MemorySize;
use nutkin_flink::{FlinkVersion, options as flink_options};
use nutkin_flink::{Location, Problem, yaml};

/// One line that is not the same.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LineDifference {
    /// What it is about: a role, `options`, a log file, an object.
    pub object: String,
    /// The path in it; empty for the whole object.
    pub path: String,
    /// Where it stood; `None` for what is new.
    pub location: Option<Location>,
    /// What it was.
    pub was: Option<String>,
    /// What it is.
    pub is: Option<String>,
    /// Why; `None` where nothing explains it.
    pub why: Option<String>,
}

impl LineDifference {
    /// `path: was -> is`, secrets masked, long texts cut.
    pub fn line(&self) -> String {
        let is_secret =
            flink_options::is_sensitive(&self.path) || self.object.starts_with("Secret ");
        let shown = |value: &String| {
            if is_secret {
                return flink_options::HIDDEN.to_owned();
            }
            let first = value.lines().next().unwrap_or_default();
            let cut: String = first.chars().take(SHOWN).collect();
            if cut.len() < value.len() { format!("{cut}...") } else { cut }
        };
        let change = match (self.was.as_ref().map(shown), self.is.as_ref().map(shown)) {
            (Some(was), Some(is)) => format!("{was} -> {is}"),
            (Some(was), None) => format!("{was} -> nothing"),
            (None, Some(is)) => format!("new: {is}"),
            (None, None) => String::new(),
        };
        let path = if self.path.is_empty() { &self.object } else { &self.path };
        format!("{path}: {change}")
    }
}

/// Longest value that is shown, in characters: two of them and a path fit a wide terminal.
const SHOWN: usize = 60;

/// The system of a session file: the objects that it is made of, and those beside it, as YAML documents.
///
/// # Errors
/// What is wrong with the session file where it is planned.
pub fn rendered(adoption: &Adoption) -> Result<String, Vec<Problem>> {
    let file = spec::read(&adoption.text, "session file")?;
    let session = spec::resolve(&Inputs { file: Some(file), ..Inputs::default() })?;
    let client = plan::kubernetes::native::ClientMachine::default();
    let objects = plan::kubernetes::plan(&session, &client)?;
    let mut text = String::new();
    for item in objects.items.iter().chain(&adoption.beside) {
        text.push_str("---\n");
        text.push_str(&yaml::to_string(item).unwrap_or_default());
    }
    Ok(text)
}

/// Compares the files with what their session file makes.
///
/// # Errors
/// The files describe no session, or the session file cannot be planned.
pub fn differences(
    inputs: &[Input],
    request: &AdoptionRequest,
    adoption: &Adoption,
) -> Result<Vec<LineDifference>, Vec<Problem>> {
    let world = super::read(inputs);
    let systems = super::without_applications(&world, system::group(&world, request.flink));
    let is_main = |system: &&System<'_>| {
        !system.workloads.is_empty() || system.session.is_some() || system.boot.is_some()
    };
    let Some(system) = systems.iter().find(is_main).or(systems.first()) else {
        return Ok(Vec::new());
    };
    let version = system.release();
    let mut old = facts::of(&world, system, &options::all(system, version));
    let is_of_compose = system.is_of_compose();
    if is_of_compose {
        // A session on Docker has containers instead of objects: what Flink reads is compared.
        let is_read =
            |name: &String| name == OPTIONS || system.texts.iter().any(|text| text.name == *name);
        old.retain(|name, _| is_read(name));
    }
    let new = match (system.session, &system.workloads[..]) {
        (Some(_), _) => of_kept(adoption),
        (None, []) => {
            let mut facts = of_file(adoption)?;
            facts.extend(of_objects(adoption));
            facts
        }
        _ if is_of_compose => of_file(adoption)?,
        _ => of_pods(adoption, system.version)?,
    };
    let mut found = Vec::new();
    let none = std::collections::BTreeMap::new();
    let mut names: Vec<&String> = old.keys().chain(new.keys()).collect();
    names.sort();
    names.dedup();
    for name in names {
        compare(name, old.get(name).unwrap_or(&none), new.get(name).unwrap_or(&none), &mut found);
    }
    let context = reasons::Context { system, adoption };
    let tell = |(mut one, place): (LineDifference, Option<super::Place>)| {
        one.why = reasons::why(&one, &context);
        if is_of_compose && one.object == OPTIONS {
            one.why = one.why.or_else(|| reasons::of_containers(&adoption.placed, &one.path));
        }
        one.location = place.map(|place| place.home(&world.files)).map(|place| Location {
            file: world.files[place.file].name.clone(),
            line: Some(place.line),
            column: Some(place.column),
        });
        one
    };
    Ok(found.into_iter().map(tell).collect())
}

/// The facts of what the session file makes on Kubernetes.
fn of_pods(adoption: &Adoption, version: Option<FlinkVersion>) -> Result<Facts, Vec<Problem>> {
    let input = Input { name: "objects.yaml".to_owned(), text: rendered(adoption)? };
    let world = World::read(vec![File::new(&input)]);
    let systems = system::group(&world, version);
    let Some(system) = systems.iter().find(|system| !system.workloads.is_empty()) else {
        return Ok(Facts::new());
    };
    let mut settings = system.settings.clone();
    for workload in &system.workloads {
        for setting in super::super::settings::arguments(workload) {
            if !setting.text().contains("$(") {
                settings.push(setting);
            }
        }
    }
    Ok(facts::of(&world, system, &settings))
}

/// The facts of the objects beside the session file.
fn of_objects(adoption: &Adoption) -> Facts {
    let texts = adoption.beside.iter().map(|object| yaml::to_string(object).unwrap_or_default());
    let text = texts.collect::<Vec<_>>().join("---\n");
    let world = World::read(vec![File::new(&Input { name: "objects.yaml".to_owned(), text })]);
    let system = system::empty(&world, String::new());
    facts::of(&world, &system, &system.settings)
}

/// The facts of a session file that was kept.
fn of_kept(adoption: &Adoption) -> Facts {
    let mut text = adoption.text.clone();
    for object in &adoption.beside {
        text.push_str("---\n");
        text.push_str(&yaml::to_string(object).unwrap_or_default());
    }
    let world = World::read(vec![File::new(&Input { name: "session.yaml".to_owned(), text })]);
    let systems = system::group(&world, None);
    let system = systems.iter().find(|system| system.session.is_some());
    system.map_or_else(Facts::new, |system| facts::of(&world, system, &system.settings))
}

/// The facts of the session file itself, where there are no pods.
fn of_file(adoption: &Adoption) -> Result<Facts, Vec<Problem>> {
    let file = spec::read(&adoption.text, "session file")?;
    let logging = file.log_configuration.clone();
    let session = spec::resolve(&Inputs { file: Some(file), ..Inputs::default() })?;
    let mut facts = Facts::new();
    let of_options = facts.entry(OPTIONS.to_owned()).or_default();
    for (key, entry) in session.configuration.iter() {
        let value = entry.value.to_string();
        of_options.insert(key.to_owned(), Fact { value, place: None });
    }
    for (name, text) in logging {
        let lines = text.lines().map(str::trim);
        let lines = lines.filter(|line| !line.is_empty() && !line.starts_with('#'));
        let fact = |line: &str| Fact { value: line.to_owned(), place: None };
        facts.entry(name).or_default().extend(lines.map(|line| (line.to_owned(), fact(line))));
    }
    Ok(facts)
}

type Lines = std::collections::BTreeMap<String, Fact>;

/// Compares one object. One that is missing or new is one difference.
fn compare(
    name: &str,
    old: &Lines,
    new: &Lines,
    found: &mut Vec<(LineDifference, Option<super::Place>)>,
) {
    let difference = |path: &str, was: Option<&Fact>, is: Option<&Fact>| {
        let one = LineDifference {
            object: name.to_owned(),
            path: path.to_owned(),
            location: None,
            was: was.map(|fact| fact.value.clone()),
            is: is.map(|fact| fact.value.clone()),
            why: None,
        };
        (one, was.and_then(|fact| fact.place))
    };
    if let (Some(whole), true) = (old.get(""), new.is_empty()) {
        return found.push(difference("", Some(whole), None));
    }
    if let (true, Some(whole)) = (old.is_empty(), new.get("")) {
        return found.push(difference("", None, Some(whole)));
    }
    let mut paths: Vec<&String> = old.keys().chain(new.keys()).filter(|p| !p.is_empty()).collect();
    paths.sort();
    paths.dedup();
    for path in paths {
        let (was, is) = (old.get(path), new.get(path));
        let is_same = match (was, is) {
            (Some(was), Some(is)) => same(&was.value, &is.value),
            _ => false,
        };
        if !is_same {
            found.push(difference(path, was, is));
        }
    }
}

/// Whether two texts say the same: sizes are compared as numbers.
fn same(one: &str, other: &str) -> bool {
    let size = |text: &str| text.parse::<MemorySize>().ok().map(MemorySize::bytes);
    let has_unit = |text: &str| text.ends_with(|c: char| c.is_ascii_alphabetic());
    one.trim() == other.trim()
        || (has_unit(one) && has_unit(other) && size(one).is_some() && size(one) == size(other))
}
