//! `nutkin convert`.

use std::fs;
use std::io::{ErrorKind, Write as _};
use std::path::{Path, PathBuf};

use nutkin_check::{convert_manifest, is_compose_file, is_manifest};
use nutkin_flink::Problem;
use nutkin_flink::convert::{Conversion, ConversionRequest, convert};
use nutkin_flink::dialect::Dialect;
use nutkin_flink::{FlinkVersion, options};

use super::Context;
use super::shared::refuse_format;
use crate::{Exit, Outcome, files};
use nutkin_shell::Error;

/// Arguments of `nutkin convert`.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  nutkin convert conf/flink-conf.yaml                         config.yaml for the newest Flink, printed
  nutkin convert conf/flink-conf.yaml --to 1.20 -o conf/config.yaml
  nutkin convert conf/config.yaml --to 1.17                   back: flink-conf.yaml for an old Flink
  cat flink-conf.yaml | nutkin convert - > config.yaml
  nutkin convert configmap.yaml --to 2.3                      the file inside a ConfigMap, where it stands

What was renamed, changed or removed is told on stderr, line by line. Comments stay.")]
pub struct Args {
    /// flink-conf.yaml or config.yaml, or the directory that holds it; `-` for standard input
    #[arg(value_name = "FILE|DIR")]
    file: PathBuf,

    /// The Flink release for the new file; the newest by default
    #[arg(long, value_name = "VERSION")]
    to: Option<FlinkVersion>,

    /// The file to write; `-` for standard output
    #[arg(long, short, value_name = "FILE", default_value = "-")]
    output: PathBuf,

    /// Overwrite an existing file
    #[arg(long)]
    force: bool,
}

/// Converts a configuration file.
///
/// # Errors
/// The file cannot be read or converted, or the output exists (2).
pub fn run(args: Args, context: &Context<'_>) -> Outcome {
    refuse_format(&args.output)?;
    let path = source(&args.file);
    let name = if path.as_os_str() == "-" {
        "standard input".to_owned()
    } else {
        path.display().to_string()
    };
    let text = files::text(&path).map_err(|error| {
        Error::input(vec![Problem::new("", format!("cannot read `{name}`: {error}"))])
    })?;
    let newest = options::OBSERVED[options::OBSERVED.len() - 1];
    let version = args.to.unwrap_or(newest);
    let from = of_name(&path).unwrap_or(Dialect::FlinkConf);
    // The name of the output says what is wanted, otherwise the version does.
    let to = of_name(&args.output).unwrap_or_else(|| Dialect::for_version(version));
    let line = version.line();
    let reads = match to {
        Dialect::FlinkConf => line.reads_flink_conf,
        Dialect::ConfigYaml => line.reads_config_yaml,
    };
    if !reads {
        let message = format!("Flink {version} does not read {}", to.file_name());
        return Err(Error::input(vec![Problem::new("--output", message)]));
    }
    let request = ConversionRequest { from, to, version };
    if is_compose_file(&text, &name) {
        let message = format!("`{name}` is a Docker Compose file, not a configuration file");
        let hint = "name the configuration file that it mounts; FLINK_PROPERTIES stays as it is, because the image's entrypoint writes it \
                    into the file of its release";
        return Err(Error::input(vec![Problem::new("", message).hint(hint)]));
    }
    // A manifest is not the file that it holds, whatever its name is.
    let conversion = if is_manifest(&text) {
        convert_manifest(&text, &name, request)
    } else {
        convert(&text, &name, request)
    };
    let conversion = conversion.map_err(Error::input)?;
    if args.output.as_os_str() == "-" {
        context.printer.out(&conversion.text);
    } else {
        write(&args, &conversion)?;
    }
    for change in &conversion.changes {
        let key =
            if change.key.is_empty() { "the line".to_owned() } else { format!("`{}`", change.key) };
        context.printer.say(&format!("{name}:{}: {key} {}", change.line, change.message));
    }
    if args.output.as_os_str() != "-" {
        context.printer.say(&format!(
            "wrote `{}` for Flink {version}: {} options, {} changes",
            args.output.display(),
            conversion.configuration.len(),
            conversion.changes.len()
        ));
    }
    Ok(Exit::Done)
}

/// The file itself, or the one of the directory.
fn source(path: &Path) -> PathBuf {
    if !path.is_dir() {
        return path.to_owned();
    }
    let files =
        [Dialect::FlinkConf, Dialect::ConfigYaml].map(|dialect| path.join(dialect.file_name()));
    files.iter().find(|file| file.exists()).cloned().unwrap_or_else(|| files[0].clone())
}

fn of_name(path: &Path) -> Option<Dialect> {
    let name = path.file_name()?.to_str()?;
    if name.contains("flink-conf") {
        Some(Dialect::FlinkConf)
    } else if name.starts_with("config.y") {
        Some(Dialect::ConfigYaml)
    } else {
        None
    }
}

fn write(args: &Args, conversion: &Conversion) -> Result<(), Error> {
    let mut options = fs::File::options();
    options.write(true).create(true).truncate(true).create_new(!args.force);
    let file = options.open(&args.output);
    if file.as_ref().is_err_and(|error| error.kind() == ErrorKind::AlreadyExists) {
        return Err(Error::input(vec![
            Problem::new("--output", format!("`{}` exists", args.output.display()))
                .hint("--force writes over it; --output names another"),
        ]));
    }
    let written = file.and_then(|mut file| file.write_all(conversion.text.as_bytes()));
    written.map_err(|error| {
        anyhow::Error::new(error).context(format!("cannot write `{}`", args.output.display()))
    })?;
    Ok(())
}
