//! What Nutkin plans for the input of a recording.

use nutkin_core::plan::kubernetes::Objects;
use nutkin_core::plan::kubernetes::native::{self, ClientMachine, SeenPath};
use nutkin_core::session::ConfDir;
use nutkin_core::spec;
use nutkin_flink::Problem;
use nutkin_flink::dialect::{self, Dialect};
use nutkin_flink::dynamic;

use super::Recording;

/// The name that the recorder gives to a cluster that the client named by itself.
const GENERATED: &str = "flink-cluster-0000000000000000000000000000000";

/// Reads the configuration directory and the arguments, and plans.
pub(super) fn plan(recording: &Recording) -> Result<Objects, Vec<Problem>> {
    let flink = recording.flink;
    let directory = "$CASE/conf".to_owned();
    let path = |dialect: Dialect| format!("{directory}/{}", dialect.file_name());
    let has = |dialect| recording.files.contains_key(&path(dialect));
    let dialect = Dialect::loaded(flink, has(Dialect::FlinkConf), has(Dialect::ConfigYaml))
        .ok_or_else(|| vec![Problem::new("", "there is no configuration file")])?;
    let text = match recording.files.get(&path(dialect)) {
        Some(SeenPath::File(bytes)) => String::from_utf8_lossy(bytes).into_owned(),
        _ => String::new(),
    };
    let reading = dialect::read(dialect, &text, dialect.file_name())?;
    let options = dynamic::parse(&dynamic_options(&recording.args)?)?;
    let conf_dir = ConfDir { path: directory, dialect };
    let session = spec::of_directory(conf_dir, reading.configuration, &options, flink, GENERATED);
    let wanted = native::wanted(&session, &recording.env).into_iter();
    let seen = wanted.filter_map(|path| Some((path.clone(), recording.files.get(&path)?.clone())));
    let client = ClientMachine {
        context_namespace: None,
        environment: recording.env.clone(),
        files: seen.collect(),
    };
    native::plan(&session, &client)
}

/// What stands behind each `-D`, up to the first word that Flink's parser does not know: it drops the rest.
fn dynamic_options(args: &[String]) -> Result<Vec<String>, Vec<Problem>> {
    let mut options = Vec::new();
    let mut args = args.iter();
    while let Some(arg) = args.next() {
        let option = match arg.strip_prefix("-D") {
            // What looks like an option is not a value.
            Some("") => args.next().map(String::as_str).filter(|word| !word.starts_with('-')),
            Some(option) => Some(option),
            None if ["-t", "--target", "-e", "--executor"].contains(&arg.as_str()) => {
                if args.next().is_none() {
                    return Err(vec![Problem::new(arg, "needs a value")]);
                }
                continue;
            }
            None => break,
        };
        match option {
            Some(option) => options.push(option.to_owned()),
            None => return Err(vec![Problem::new("-D", "needs a value")]),
        }
    }
    Ok(options)
}
