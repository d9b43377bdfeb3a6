//! `nutkin explain memory`: where the memory of both processes goes.

use std::fs;
use std::path::PathBuf;

use nutkin_core::Problem;
use nutkin_core::flink::dialect::{self, Dialect};
use nutkin_core::flink::memory::{
    self, Input, JobManagerMemory, JvmMemory, LegacyHeap, TaskManagerMemory,
};
use nutkin_core::flink::{Configuration, FlinkVersion, dynamic};
use serde_json::{Map, Value, json};

use crate::cli::shared::{Output, OutputArgs, PlatformArgs, SpecArgs, document};
use crate::cli::{Context, session_file};
use crate::report::Style;
use crate::{Exit, Failure, Outcome};

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

/// One process, ready to be shown.
struct Shown {
    component: &'static str,
    jvm_args: Vec<String>,
    dynamic: Vec<(String, String)>,
    /// Name, bytes, whether it is part of the JVM heap.
    parts: Vec<(&'static str, u64)>,
    process: u64,
    slots: u64,
}

/// Runs the command.
///
/// # Errors
/// Exit 2: bad options, or memory that does not fit; all problems of both processes.
pub fn run(args: &MemoryArgs, context: &Context<'_>) -> Outcome {
    let (configuration, version) = configuration(args)?;
    let legacy = LegacyHeap {
        job_manager: context.environment.text("FLINK_JM_HEAP"),
        task_manager: context.environment.text("FLINK_TM_HEAP"),
        ..LegacyHeap::default()
    };
    let input = Input { configuration: &configuration, version, legacy };
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
        return Err(Failure::input(problems));
    }
    if args.output.output == Output::Text {
        for one in &shown {
            context.printer.out(&draw(one, context));
        }
    } else {
        let items: Vec<Value> = shown.iter().map(item).collect();
        let document = document("MemoryList", json!({ "items": items }));
        context.printer.document(args.output.output, &document)?;
    }
    Ok(Exit::Done)
}

fn configuration(args: &MemoryArgs) -> Result<(Configuration, FlinkVersion), Failure> {
    let version = args.flink.unwrap_or(FlinkVersion::DEFAULT);
    if args.file.is_some() || (args.conf_dir.is_none() && args.options.is_empty()) {
        let mut platform = args.platform.clone();
        // Nothing is started: any file may be looked at.
        platform.on.get_or_insert(crate::cli::shared::Platform::Local);
        let spec = SpecArgs {
            file: args.file.clone(),
            options: args.options.clone(),
            flink: args.flink.map(|version| version.to_string()),
            platform,
        };
        let session = session_file::load(&spec, None, None)?;
        return Ok((session.configuration, session.flink));
    }
    let mut configuration = match &args.conf_dir {
        Some(directory) => read_directory(directory, version)?,
        None => Configuration::new(),
    };
    for (key, entry) in dynamic::parse(&args.options).map_err(Failure::input)?.iter() {
        configuration.set(key, entry.value.clone(), entry.origin.clone());
    }
    Ok((configuration, version))
}

fn read_directory(
    directory: &std::path::Path,
    version: FlinkVersion,
) -> Result<Configuration, Failure> {
    let has = |dialect: Dialect| directory.join(dialect.file_name()).is_file();
    let Some(dialect) = Dialect::loaded(version, has(Dialect::FlinkConf), has(Dialect::ConfigYaml))
    else {
        let message =
            format!("`{}` holds no configuration that Flink {version} reads", directory.display());
        return Err(Failure::input(vec![
            Problem::new("--conf-dir", message)
                .hint(format!("it reads `{}`", Dialect::for_version(version).file_name())),
        ]));
    };
    let path = directory.join(dialect.file_name());
    let name = path.display().to_string();
    let text = fs::read_to_string(&path).map_err(|error| {
        Failure::input(vec![Problem::new("--conf-dir", format!("cannot read `{name}`: {error}"))])
    })?;
    Ok(dialect::read(dialect, &text, &name).map_err(Failure::input)?.configuration)
}

fn of_job_manager(memory: &JobManagerMemory) -> Shown {
    let JobManagerMemory { heap, off_heap, jvm, .. } = *memory;
    let JvmMemory { metaspace, overhead } = jvm;
    Shown {
        component: "jobmanager",
        jvm_args: memory.jvm_args(),
        dynamic: memory.dynamic_options(),
        parts: vec![
            ("heap", heap),
            ("off-heap", off_heap),
            ("metaspace", metaspace),
            ("overhead", overhead),
        ],
        process: memory.process(),
        slots: 0,
    }
}

fn of_task_manager(memory: &TaskManagerMemory) -> Shown {
    Shown {
        component: "taskmanager",
        jvm_args: memory.jvm_args(),
        dynamic: memory.dynamic_options(),
        parts: vec![
            ("framework heap", memory.framework_heap),
            ("task heap", memory.task_heap),
            ("managed", memory.managed),
            ("framework off-heap", memory.framework_off_heap),
            ("task off-heap", memory.task_off_heap),
            ("network", memory.network),
            ("metaspace", memory.jvm.metaspace),
            ("overhead", memory.jvm.overhead),
        ],
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
    let mut bytes: Map<String, Value> =
        shown.parts.iter().map(|(name, bytes)| ((*name).to_owned(), Value::from(*bytes))).collect();
    bytes.insert("process".to_owned(), shown.process.into());
    json!({
        "component": shown.component,
        "jvmArgs": shown.jvm_args,
        "dynamicOptions": dynamic,
        "bytes": bytes,
    })
}

/// Columns of the longest bar: with names and numbers the whole stays within 80.
const BAR: u64 = 36;

fn draw(shown: &Shown, context: &Context<'_>) -> String {
    let printer = context.printer;
    let mib = |bytes: u64| format!("{:.0} MiB", bytes as f64 / f64::from(1 << 20));
    let largest = shown.parts.iter().map(|(_, bytes)| *bytes).max().unwrap_or(1).max(1);
    let mut text = format!(
        "{}  {} in all\n",
        printer.style_out(Style::Bold, shown.component),
        mib(shown.process)
    );
    for (name, bytes) in &shown.parts {
        let length =
            usize::try_from((u128::from(*bytes) * u128::from(BAR)).div_ceil(u128::from(largest)))
                .unwrap_or(0);
        let style = match *name {
            "heap" | "framework heap" | "task heap" => Style::Green,
            "managed" => Style::Cyan,
            "metaspace" | "overhead" => Style::Dim,
            _ => Style::Yellow,
        };
        let bar = printer.style_out(style, &"█".repeat(length));
        let pad = " ".repeat(usize::try_from(BAR).unwrap_or(0).saturating_sub(length));
        text.push_str(&format!("  {name:<19}{bar}{pad} {:>10}\n", mib(*bytes)));
    }
    if 0 < shown.slots {
        let of = |wanted: &str| {
            shown.parts.iter().find(|(name, _)| *name == wanted).map_or(0, |(_, bytes)| *bytes)
        };
        text.push_str(&format!(
            "  each of {} slots: {} task heap, {} managed, {} network\n",
            shown.slots,
            mib(of("task heap") / shown.slots),
            mib(of("managed") / shown.slots),
            mib(of("network") / shown.slots)
        ));
    }
    text.push_str(&format!(
        "  a container needs {}: all parts above, {} of them outside the JVM's flags\n",
        mib(shown.process),
        mib(shown
            .parts
            .iter()
            .filter(|(name, _)| ["managed", "overhead"].contains(name))
            .map(|(_, bytes)| bytes)
            .sum())
    ));
    text.push_str(&format!("  JVM: {}\n\n", shown.jvm_args.join(" ")));
    text
}
