//! What is wanted, as the ledger keeps it: enough to resolve the same session again without the file.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::session::{ConfDir, Session};
use crate::spec::{self, Inputs, SessionFile};
use nutkin_flink::Argument;
use nutkin_flink::dialect::Dialect;
use nutkin_flink::problem::Problem;
use nutkin_flink::remedy::{Deed, UpWith};
use nutkin_flink::version::UnknownVersion;
use nutkin_flink::{Configuration, FlinkVersion, Origin, configuration};

/// Something that was wanted and is not repeated.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum LeftOut {
    /// The session file, as the user named it.
    File(String),
    /// The directory of Flink's configuration.
    ConfDir(String),
    /// An option of Flink, by its key.
    Option(String),
    /// The release of Flink.
    Flink(String),
    /// The number of TaskManagers.
    TaskManagers(u32),
}

/// What is wanted.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Wanted {
    /// The documents of the session file, each value as it was understood.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub documents: Vec<Value>,
    /// Lines of the options in the file, for messages about them.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub lines: BTreeMap<String, u32>,
    /// Where that came from.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub source: Option<Source>,
    /// A configuration directory in place of a file.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub conf_dir: Option<ConfDirectory>,
    /// The name on the command line.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// Options of the command line.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub options: BTreeMap<String, String>,
    /// The Flink release of the command line.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub flink: Option<String>,
    /// The Flink release that was resolved, so that a newer Nutkin continues with it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub release: Option<String>,
    /// Number of TaskManagers that was said apart from the file.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub task_managers: Option<u32>,
    /// The folder that relative paths of options count from: where the command was run, absolute.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub directory: Option<String>,
    /// Paths of values that should lie beside the ledger and do not, see [`super::open`].
    #[serde(skip)]
    pub missing: Vec<String>,
    /// Fields of a newer Nutkin, which are kept.
    #[serde(flatten)]
    pub unknown: BTreeMap<String, Value>,
}

/// Where a session file was.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Source {
    /// As the user named it, for messages; `-` is standard input.
    #[serde(default)]
    pub file: String,
    /// The folder that relative jars count from, absolute.
    #[serde(default)]
    pub base: String,
    /// The machine that it is on.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub host: Option<String>,
}

/// A Flink configuration directory, with what it held.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ConfDirectory {
    /// As the user named it.
    pub path: String,
    /// The file that was read, for messages.
    pub file: String,
    /// `config.yaml` or `flink-conf.yaml`: the form that it had.
    pub form: String,
    /// The options.
    #[serde(default)]
    pub entries: BTreeMap<String, ConfEntry>,
    /// Fields of a newer Nutkin, which are kept.
    #[serde(flatten)]
    pub unknown: BTreeMap<String, Value>,
}

/// An option of such a file.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ConfEntry {
    /// The value: text as it is, of another type as JSON.
    #[serde(default)]
    pub value: String,
    /// Whether it has another type than text.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub is_typed: bool,
    /// Its line.
    #[serde(default)]
    pub line: u32,
}

impl Wanted {
    /// What a session was resolved from. `source` says where the file was.
    pub fn of(inputs: &Inputs, session: &Session, source: Option<Source>) -> Self {
        let file = inputs.file.as_ref();
        let lines = file.iter().flat_map(|file| &file.options);
        Self {
            documents: file.map(SessionFile::documents).unwrap_or_default(),
            lines: lines.map(|(key, _, line)| (key.clone(), *line)).collect(),
            source,
            name: inputs.name.clone(),
            options: inputs.options.iter().cloned().collect(),
            flink: inputs.flink.map(|flink| flink.to_string()),
            release: Some(session.flink.to_string()),
            task_managers: inputs.task_managers,
            ..Self::default()
        }
    }

    /// What the session of a Flink configuration directory was resolved from: `file` as it was read, `options` of the
    /// command line, the name that counts where no option names the cluster.
    pub fn of_directory(
        file: &Configuration,
        options: &Configuration,
        name: &str,
        session: &Session,
    ) -> Self {
        let mut of_file = String::new();
        let entries = file.iter().map(|(key, entry)| {
            let mut line = 0;
            if let Origin::File(file, at) = &entry.origin {
                of_file.clone_from(file);
                line = *at;
            }
            let (value, is_typed) = match &entry.value {
                configuration::Value::Text(text) => (text.clone(), false),
                other => (encoded(other).to_string(), true),
            };
            (key.to_owned(), ConfEntry { value, is_typed, line })
        });
        let entries = entries.collect();
        let conf_dir = session.conf_dir.as_ref().map(|directory| ConfDirectory {
            path: directory.path.clone(),
            file: of_file,
            form: directory.dialect.file_name().to_owned(),
            entries,
            unknown: BTreeMap::new(),
        });
        let text =
            |(key, entry): (&str, &configuration::Entry)| (key.to_owned(), entry.value.to_string());
        Self {
            conf_dir,
            name: Some(name.to_owned()),
            options: options.iter().map(text).collect(),
            release: Some(session.flink.to_string()),
            ..Self::default()
        }
    }

    /// What was wanted so far and is not any more, because it is not
    /// repeated.
    pub fn left_out(&self, new: &Self) -> Vec<LeftOut> {
        let file = |wanted: &Self| wanted.source.as_ref().map(|source| source.file.clone());
        let mut left_out = Vec::new();
        if let Some(file) =
            file(self).filter(|_| new.documents.is_empty() && !self.documents.is_empty())
        {
            left_out.push(LeftOut::File(file));
        }
        if let (Some(directory), None) = (&self.conf_dir, &new.conf_dir) {
            left_out.push(LeftOut::ConfDir(directory.path.clone()));
        }
        let options = self.options.keys().filter(|key| !new.options.contains_key(*key));
        left_out.extend(options.cloned().map(LeftOut::Option));
        if let (Some(flink), None) = (&self.flink, &new.flink) {
            left_out.push(LeftOut::Flink(flink.clone()));
        }
        if let (Some(number), None) = (self.task_managers, new.task_managers) {
            left_out.push(LeftOut::TaskManagers(number));
        }
        left_out
    }

    /// Whether the same was said, wherever and by whichever Nutkin.
    pub fn is_same_wish(&self, other: &Self) -> bool {
        self.documents == other.documents
            && self.conf_dir == other.conf_dir
            && self.name == other.name
            && self.options == other.options
            && self.flink == other.flink
            && self.task_managers == other.task_managers
    }

    /// Resolves the session again.
    ///
    /// # Errors
    /// A value that lay beside the ledger is not there any more; what is wanted is damaged, or this Nutkin takes it for
    /// wrong.
    pub fn session(&self) -> Result<Session, Vec<Problem>> {
        let lost = self.missing.iter().map(|path| {
            let name = path.rsplit("flinkConfiguration.").next().unwrap_or_default();
            Problem::new(name, "the value lay beside the ledger and is not there any more").hint(
                Deed::Up(UpWith { file: Some("FILE".to_owned()), ..UpWith::default() })
                    .within("give it again: ", " with all options"),
            )
        });
        let lost: Vec<Problem> = lost.collect();
        if !lost.is_empty() {
            return Err(lost);
        }
        if let Some(directory) = &self.conf_dir {
            return self.of_conf_dir(directory);
        }
        spec::resolve(&self.inputs()?)
    }

    /// Everything that was said about the session.
    ///
    /// # Errors
    /// As [`Wanted::session`].
    pub fn inputs(&self) -> Result<Inputs, Vec<Problem>> {
        let name = self.source.as_ref().map(|source| source.file.as_str()).unwrap_or_default();
        let file = if self.documents.is_empty() {
            None
        } else {
            let mut file = spec::read_documents(&self.documents, name)?;
            for (key, _, line) in &mut file.options {
                *line = self.lines.get(key).copied().unwrap_or(*line);
            }
            Some(file)
        };
        Ok(Inputs {
            file,
            name: self.name.clone(),
            options: self.options.clone().into_iter().collect(),
            flink: self.release()?,
            task_managers: self.task_managers,
        })
    }

    fn release(&self) -> Result<Option<FlinkVersion>, Vec<Problem>> {
        let said = self.release.as_ref().or(self.flink.as_ref());
        said.map(|text| text.parse()).transpose().map_err(|error: UnknownVersion| {
            vec![Problem::argument(Argument::Flink, error.to_string())]
        })
    }

    fn of_conf_dir(&self, directory: &ConfDirectory) -> Result<Session, Vec<Problem>> {
        let damaged = |path: &str| vec![Problem::new(path, "the ledger is damaged here")];
        let mut file = Configuration::new();
        for (key, entry) in &directory.entries {
            let value = if entry.is_typed {
                let value = serde_json::from_str(&entry.value).ok().as_ref().and_then(decoded);
                value.ok_or_else(|| damaged(key))?
            } else {
                entry.value.as_str().into()
            };
            file.set(key.clone(), value, Origin::File(directory.file.clone(), entry.line));
        }
        let dialect = Dialect::of_file(&directory.form).ok_or_else(|| damaged("confDir"))?;
        let conf_dir = ConfDir { path: directory.path.clone(), dialect };
        let options: Configuration =
            self.options.iter().map(|(key, value)| (key.as_str(), value.as_str())).collect();
        let flink = self.release()?.unwrap_or(FlinkVersion::DEFAULT);
        let name = self.name.as_deref().unwrap_or(spec::DEFAULT_NAME);
        let session = spec::of_directory(conf_dir, file, &options, flink, name);
        Ok(match self.task_managers {
            Some(number) => session.scaled(number),
            None => session,
        })
    }
}

/// A value with its type. Numbers are written so that nothing of them is lost.
fn encoded(value: &configuration::Value) -> Value {
    use configuration::Value as Typed;
    match value {
        Typed::Text(text) => Value::from(text.as_str()),
        Typed::Bool(value) => Value::Bool(*value),
        Typed::Int(value) => json!({"int": value.to_string()}),
        Typed::Float(value) => json!({"float": format!("{value:?}")}),
        Typed::List(items) => items.iter().map(encoded).collect(),
        Typed::Map(entries) => {
            let pairs = entries.iter().map(|(key, value)| json!([key, encoded(value)]));
            json!({"map": pairs.collect::<Vec<_>>()})
        }
    }
}

fn decoded(value: &Value) -> Option<configuration::Value> {
    use configuration::Value as Typed;
    Some(match value {
        Value::String(text) => Typed::Text(text.clone()),
        Value::Bool(value) => Typed::Bool(*value),
        Value::Array(items) => Typed::List(items.iter().map(decoded).collect::<Option<_>>()?),
        Value::Object(fields) => {
            if let Some(text) = fields.get("int") {
                Typed::Int(text.as_str()?.parse().ok()?)
            } else if let Some(text) = fields.get("float") {
                Typed::Float(text.as_str()?.parse().ok()?)
            } else {
                let pair = |pair: &Value| Some((pair[0].as_str()?.to_owned(), decoded(&pair[1])?));
                Typed::Map(fields.get("map")?.as_array()?.iter().map(pair).collect::<Option<_>>()?)
            }
        }
        Value::Null | Value::Number(_) => return None,
    })
}
