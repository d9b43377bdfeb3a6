//! `nutkin explain memory`: where the memory of both processes goes.

use std::path::PathBuf;

use nutkin_core::session::Mode;
use nutkin_flink::Problem;
use nutkin_flink::dialect::{self, Dialect};
use nutkin_flink::memory::{
    self, JobManagerMemory, JvmMemory, LegacyHeap, LegacyTarget, MemoryInput, TaskManagerMemory,
};
use nutkin_flink::{Configuration, FlinkVersion, dynamic};
use serde_json::{Map, Value, json};

use super::bars;
use super::shown::{Bound, Part, Shown};
use crate::cli::shared::{Output, OutputArgs, Platform, PlatformArgs, SpecArgs, document};
use crate::cli::{Context, session_file};
use crate::{Exit, Outcome, files};
use nutkin_shell::Error;

/// Arguments of `nutkin explain memory`.
#[derive(Debug, clap::Args)]
#[command(
    after_help = "With --conf-dir or -D alone it calculates what Flink's own calculator would with just these
options (and FLINK_JM_HEAP, FLINK_TM_HEAP); with -f, or nothing, it shows the session.

Examples:
  nutkin explain memory
  nutkin explain memory -f session.yaml
  nutkin explain memory --component taskmanager -D taskmanager.memory.process.size=4g
  nutkin explain memory --conf-dir conf --flink 1.17 -o json"
)]
pub struct MemoryArgs {
    /// The session file
    #[arg(long, short, conflicts_with = "conf_dir")]
    file: Option<PathBuf>,

    /// A Flink configuration directory
    #[arg(long, value_name = "DIR")]
    conf_dir: Option<PathBuf>,

    /// Set a Flink option: -D key=value
    #[arg(short = 'D', value_name = "KEY=VALUE")]
    options: Vec<String>,

    /// Flink release: 1.20, 1.20.5, v1_20
    #[arg(long, value_name = "VERSION")]
    flink: Option<FlinkVersion>,

    /// Only one of the two
    #[arg(long, value_enum)]
    component: Option<Component>,

    #[command(flatten)]
    platform: PlatformArgs,

    #[command(flatten)]
    output: OutputArgs,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
#[value(rename_all = "lower")]
enum Component {
    JobManager,
    TaskManager,
}

/// Runs the command.
///
/// # Errors
/// Exit 2: bad options, or memory that does not fit; all problems of both processes.
pub fn run(args: &MemoryArgs, context: &Context<'_>) -> Outcome {
    let (configuration, version, target) = configuration(args, context)?;
    // An empty variable is not a size, and Flink says so.
    let legacy = LegacyHeap {
        job_manager: context.environment.exact("FLINK_JM_HEAP"),
        task_manager: context.environment.exact("FLINK_TM_HEAP"),
        target,
    };
    let input = MemoryInput { configuration: &configuration, version, legacy };
    let wanted = |component| args.component.is_none_or(|only| only == component);
    let mut shown = Vec::new();
    let mut problems = Vec::new();
    if wanted(Component::JobManager) {
        match memory::job_manager(&input) {
            Ok(memory) => shown.push(of_job_manager(&memory)),
            Err(problem) => problems.push(problem),
        }
    }
    if wanted(Component::TaskManager) {
        match memory::task_manager(&input) {
            Ok(memory) => shown.push(of_task_manager(&memory)),
            Err(problem) => problems.push(problem),
        }
    }
    if !problems.is_empty() {
        return Err(Error::input(problems));
    }
    if args.output.output == Output::Text {
        let drawn: Vec<String> = shown.iter().map(|one| bars::draw(one, context.printer)).collect();
        context.printer.out(&drawn.join("\n"));
    } else {
        let items: Vec<Value> = shown.iter().map(item).collect();
        let document = document("MemoryList", json!({ "items": items }));
        context.printer.document(&args.output.output, &document)?;
    }
    Ok(Exit::Done)
}

fn configuration(
    args: &MemoryArgs,
    context: &Context<'_>,
) -> Result<(Configuration, FlinkVersion, LegacyTarget), Error> {
    let version = args.flink.unwrap_or(FlinkVersion::DEFAULT);
    if args.file.is_some() || (args.conf_dir.is_none() && args.options.is_empty()) {
        let mut platform = args.platform.clone();
        // Nothing is started: any file may be looked at.
        platform.on.get_or_insert(Platform::Local);
        let spec = SpecArgs {
            file: args.file.clone(),
            conf_dir: None,
            options: args.options.clone(),
            flink: args.flink.map(|version| version.to_string()),
            platform,
        };
        let is_on_kubernetes = spec.platform.on == Some(Platform::Kubernetes);
        let session = session_file::load(&spec, None, None, context)?;
        // Flink's client gives an old heap size another meaning than the scripts that start all other processes.
        let is_native = is_on_kubernetes && session.mode != Some(Mode::Standalone);
        let target = if is_native { LegacyTarget::Kubernetes } else { LegacyTarget::Scripts };
        return Ok((session.configuration, session.flink, target));
    }
    let mut configuration = match &args.conf_dir {
        Some(directory) => read_directory(directory, version)?,
        None => Configuration::new(),
    };
    for (key, entry) in dynamic::parse(&args.options).map_err(Error::input)?.iter() {
        configuration.set(key, entry.value.clone(), entry.origin.clone());
    }
    Ok((configuration, version, LegacyTarget::Scripts))
}

fn read_directory(
    directory: &std::path::Path,
    version: FlinkVersion,
) -> Result<Configuration, Error> {
    let has = |dialect: Dialect| directory.join(dialect.file_name()).is_file();
    let Some(dialect) = Dialect::loaded(version, has(Dialect::FlinkConf), has(Dialect::ConfigYaml))
    else {
        let message =
            format!("`{}` holds no configuration that Flink {version} reads", directory.display());
        return Err(Error::input(vec![
            Problem::new("--conf-dir", message)
                .hint(format!("it reads `{}`", Dialect::for_version(version).file_name())),
        ]));
    };
    let path = directory.join(dialect.file_name());
    let name = path.display().to_string();
    let text = files::text(&path).map_err(|error| {
        Error::input(vec![Problem::new("--conf-dir", format!("cannot read `{name}`: {error}"))])
    })?;
    Ok(dialect::read(dialect, &text, &name).map_err(Error::input)?.configuration)
}

const fn part(name: &'static str, field: &'static str, bytes: u64, bound: Bound) -> Part {
    Part { name, field, bytes, bound, is_shared_out: false }
}

const fn of_jvm(jvm: JvmMemory) -> [Part; 2] {
    [
        part("metaspace", "metaspace", jvm.metaspace, Bound::Metaspace),
        part("JVM overhead", "overhead", jvm.overhead, Bound::Nothing),
    ]
}

fn of_job_manager(memory: &JobManagerMemory) -> Shown {
    let JobManagerMemory { heap, off_heap, jvm, limits_direct } = *memory;
    let direct = if limits_direct { Bound::Direct } else { Bound::Nothing };
    let mut parts = vec![
        part("heap", "heap", heap, Bound::Heap),
        part("off-heap", "offHeap", off_heap, direct),
    ];
    parts.extend(of_jvm(jvm));
    Shown {
        component: "jobmanager",
        jvm_args: memory.jvm_args(),
        dynamic: memory.dynamic_options(),
        parts,
        process: memory.process(),
        slots: 0,
    }
}

fn of_task_manager(memory: &TaskManagerMemory) -> Shown {
    let shared = |part| Part { is_shared_out: true, ..part };
    let mut parts = vec![
        part("framework heap", "frameworkHeap", memory.framework_heap, Bound::Heap),
        shared(part("task heap", "taskHeap", memory.task_heap, Bound::Heap)),
        shared(part("managed", "managed", memory.managed, Bound::Flink)),
        part("framework off-heap", "frameworkOffHeap", memory.framework_off_heap, Bound::Direct),
        shared(part("task off-heap", "taskOffHeap", memory.task_off_heap, Bound::Direct)),
        shared(part("network", "network", memory.network, Bound::Direct)),
    ];
    parts.extend(of_jvm(memory.jvm));
    Shown {
        component: "taskmanager",
        jvm_args: memory.jvm_args(),
        dynamic: memory.dynamic_options(),
        parts,
        process: memory.process(),
        slots: u64::try_from(memory.slots).unwrap_or(0),
    }
}

fn item(shown: &Shown) -> Value {
    let dynamic: Map<String, Value> = shown
        .dynamic
        .iter()
        .map(|(key, value)| (key.clone(), Value::from(value.clone())))
        .collect();
    let parts = shown.parts.iter().map(|part| (part.field.to_owned(), Value::from(part.bytes)));
    let mut bytes: Map<String, Value> = parts.collect();
    bytes.insert("process".to_owned(), shown.process.into());
    json!({
        "component": shown.component,
        "jvmArgs": shown.jvm_args,
        "dynamicOptions": dynamic,
        "bytes": bytes,
    })
}
