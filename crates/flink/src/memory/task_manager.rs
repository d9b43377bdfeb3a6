//! The TaskManager's memory.

use super::overhead::{self, ProcessKeys, Route};
use super::read::{self, Key, MAX, RangeFraction, RangeKeys, show, sum};
use super::resources::{self, SLOTS};
use super::{JvmMemory, LegacyTarget, MemoryInput, legacy};
use crate::Problem;
use crate::{Configuration, FlinkVersion, java_double};

const TASK_HEAP: &Key = &["taskmanager.memory.task.heap.size"];
const TASK_OFF_HEAP: &Key = &["taskmanager.memory.task.off-heap.size"];
const FRAMEWORK_HEAP: &Key = &["taskmanager.memory.framework.heap.size"];
const FRAMEWORK_OFF_HEAP: &Key = &["taskmanager.memory.framework.off-heap.size"];
const MANAGED: &Key = &["taskmanager.memory.managed.size", "taskmanager.memory.size"];
const MANAGED_FRACTION: &Key = &["taskmanager.memory.managed.fraction"];
const NETWORK_MIN: &Key = &["taskmanager.memory.network.min", "taskmanager.network.memory.min"];
const NETWORK_MAX: &Key = &["taskmanager.memory.network.max", "taskmanager.network.memory.max"];
const NETWORK_FRACTION: &Key =
    &["taskmanager.memory.network.fraction", "taskmanager.network.memory.fraction"];
const NETWORK_BUFFERS: &Key = &["taskmanager.network.numberOfBuffers"];
const SEGMENT: &Key = &["taskmanager.memory.segment-size"];

const KEYS: ProcessKeys = ProcessKeys {
    name: "TaskManager",
    fine_grained: &[TASK_HEAP, MANAGED],
    flink: &["taskmanager.memory.flink.size"],
    process: &["taskmanager.memory.process.size"],
    metaspace: &["taskmanager.memory.jvm-metaspace.size"],
    overhead: RangeKeys {
        fraction: &["taskmanager.memory.jvm-overhead.fraction"],
        default: 0.1,
        min: (&["taskmanager.memory.jvm-overhead.min"], 192 << 20),
        max: (&["taskmanager.memory.jvm-overhead.max"], 1 << 30),
    },
};

/// Default of both `taskmanager.memory.framework.*.size`.
const FRAMEWORK: u64 = 128 << 20;
/// Default of `taskmanager.memory.segment-size`.
const DEFAULT_SEGMENT: u64 = 32 << 10;
/// The least page of `MemoryManager`.
const LEAST_SEGMENT: u64 = 4 << 10;

/// Where the TaskManager's memory goes, in bytes, and its other resources.
#[derive(Debug, Clone, PartialEq)]
pub struct TaskManagerMemory {
    /// Heap of Flink itself.
    pub framework_heap: u64,
    /// Heap of the tasks.
    pub task_heap: u64,
    /// Direct and native memory of Flink itself.
    pub framework_off_heap: u64,
    /// Direct and native memory of the tasks.
    pub task_off_heap: u64,
    /// Network buffers.
    pub network: u64,
    /// Managed memory: state backends, sorting, Python.
    pub managed: u64,
    /// Metaspace and overhead.
    pub jvm: JvmMemory,
    /// CPU cores.
    pub cpu: f64,
    /// Slots.
    pub slots: i32,
    /// Names of the external resources in Flink's order, each with its amount.
    pub external: Vec<(String, i64)>,
    quotes_external: bool,
}

/// Whether no option says how large the TaskManager shall be, legacy ones included.
pub fn needs_size(input: &MemoryInput<'_>) -> bool {
    !overhead::has_size(input, &KEYS, [&["taskmanager.heap.size"], &["taskmanager.heap.mb"]])
}

/// Calculates the TaskManager's memory.
///
/// # Errors
/// Where Flink's calculator fails: no size is set, a value is not a size, or the parts do not fit.
pub fn task_manager(input: &MemoryInput<'_>) -> Result<TaskManagerMemory, Problem> {
    let target = match input.legacy.target {
        LegacyTarget::Scripts => KEYS.flink[0],
        LegacyTarget::Kubernetes => KEYS.process[0],
    };
    let configuration = &legacy::resolve(
        input,
        ("FLINK_TM_HEAP", input.legacy.task_manager),
        &["taskmanager.heap.size"],
        &["taskmanager.heap.mb"],
        target,
    )?;
    let fixed = Fixed {
        heap: read::size(configuration, FRAMEWORK_HEAP, FRAMEWORK)?,
        off_heap: read::size(configuration, FRAMEWORK_OFF_HEAP, FRAMEWORK)?,
        task: read::size(configuration, TASK_OFF_HEAP, 0)?,
    };
    let (parts, jvm) = match overhead::route(configuration, &KEYS)? {
        Route::FineGrained => {
            let parts = fine_grained(configuration, input.version, &fixed)?;
            let flink = sum(&[fixed.sum()?, parts.task_heap, parts.managed, parts.network])?;
            (parts, overhead::beside(configuration, &KEYS, flink)?)
        }
        Route::Flink(flink) => {
            let parts = split(configuration, input.version, &fixed, flink)?;
            (parts, overhead::beside(configuration, &KEYS, flink)?)
        }
        Route::Process(flink, jvm) => (split(configuration, input.version, &fixed, flink)?, jvm),
    };
    sum(&[
        fixed.sum()?,
        parts.task_heap,
        parts.managed,
        parts.network,
        jvm.metaspace,
        jvm.overhead,
    ])?;
    let slots = read::integer(configuration, SLOTS, 1)?;
    Ok(TaskManagerMemory {
        framework_heap: fixed.heap,
        task_heap: parts.task_heap,
        framework_off_heap: fixed.off_heap,
        task_off_heap: fixed.task,
        network: parts.network,
        managed: parts.managed,
        jvm,
        cpu: resources::cpu(configuration, input.version, slots)?,
        slots,
        external: resources::external(configuration, input.version)?,
        // 1.13 writes the list bare, which a shell would split: quoted since FLINK-24197.
        quotes_external: input.version.is_at_least(1, 14),
    })
}

/// The parts that never depend on the others.
struct Fixed {
    /// Framework heap.
    heap: u64,
    /// Framework off-heap.
    off_heap: u64,
    /// Task off-heap.
    task: u64,
}

impl Fixed {
    fn sum(&self) -> Result<u64, Problem> {
        sum(&[self.heap, self.off_heap, self.task])
    }
}

struct Parts {
    task_heap: u64,
    managed: u64,
    network: u64,
}

fn fine_grained(
    configuration: &Configuration,
    version: FlinkVersion,
    fixed: &Fixed,
) -> Result<Parts, Problem> {
    let task_heap = read::size(configuration, TASK_HEAP, 0)?;
    let managed = read::size(configuration, MANAGED, 0)?;
    let others = sum(&[fixed.sum()?, task_heap, managed])?;
    let network = if read::is_set(configuration, KEYS.flink) {
        let flink = read::size(configuration, KEYS.flink, 0)?;
        rest_for_network(configuration, version, flink, others)?
    } else if uses_buffers(configuration, version) {
        buffers(configuration)?
    } else {
        network_range(configuration, version)?.beside(others)?
    };
    Ok(Parts { task_heap, managed, network })
}

fn split(
    configuration: &Configuration,
    version: FlinkVersion,
    fixed: &Fixed,
    flink: u64,
) -> Result<Parts, Problem> {
    let managed = if read::is_set(configuration, MANAGED) {
        read::size(configuration, MANAGED, 0)?
    } else {
        let fraction = read::float(configuration, MANAGED_FRACTION, 0.4)?;
        RangeFraction::new(MANAGED_FRACTION[0], fraction, 0, MAX)?.of(flink)?
    };
    if read::is_set(configuration, TASK_HEAP) {
        let task_heap = read::size(configuration, TASK_HEAP, 0)?;
        let others = sum(&[fixed.sum()?, task_heap, managed])?;
        let network = rest_for_network(configuration, version, flink, others)?;
        return Ok(Parts { task_heap, managed, network });
    }
    let network = if uses_buffers(configuration, version) {
        buffers(configuration)?
    } else {
        network_range(configuration, version)?.of(flink)?
    };
    let others = sum(&[fixed.sum()?, managed, network])?;
    let task_heap = flink.checked_sub(others).ok_or_else(|| {
        let message = format!(
            "Flink's {} are less than framework heap {}, framework off-heap {}, task off-heap {}, managed {} and \
             network {} together",
            show(flink),
            show(fixed.heap),
            show(fixed.off_heap),
            show(fixed.task),
            show(managed),
            show(network)
        );
        Problem::new(KEYS.process[0], message)
            .hint(format!("raise it, or lower `{}`", MANAGED_FRACTION[0]))
    })?;
    Ok(Parts { task_heap, managed, network })
}

/// Network memory as what remains; it must be what the network options allow.
fn rest_for_network(
    configuration: &Configuration,
    version: FlinkVersion,
    flink: u64,
    others: u64,
) -> Result<u64, Problem> {
    let network = flink.checked_sub(others).ok_or_else(|| {
        let message = format!(
            "heap, off-heap and managed memory, {}, exceed Flink's {}",
            show(others),
            show(flink)
        );
        Problem::new(TASK_HEAP[0], message)
            .hint(format!("lower it, or raise `{}` or `{}`", KEYS.flink[0], KEYS.process[0]))
    })?;
    let (least, most) = if uses_buffers(configuration, version) {
        let exact = buffers(configuration)?;
        (exact, exact)
    } else {
        let range = network_range(configuration, version)?;
        (range.min, range.max)
    };
    if network < least || most < network {
        let message = format!(
            "leaves {} for the network, which is not between {} and {}",
            show(network),
            show(least),
            show(most)
        );
        return Err(Problem::new(TASK_HEAP[0], message)
            .hint(format!("change it, or `{}` and `{}`", NETWORK_MIN[0], NETWORK_MAX[0])));
    }
    Ok(network)
}

fn network_range(
    configuration: &Configuration,
    version: FlinkVersion,
) -> Result<RangeFraction, Problem> {
    // 1 GiB until the bound was dropped; seen in 1.13.6, absent in 1.17.2.
    let max = if version.is_at_least(1, 17) { MAX } else { 1 << 30 };
    RangeFraction::read(
        configuration,
        &RangeKeys {
            fraction: NETWORK_FRACTION,
            default: 0.1,
            min: (NETWORK_MIN, 64 << 20),
            max: (NETWORK_MAX, max),
        },
    )
}

/// Whether the number of buffers determines the network memory: 1.x, and no newer option is set.
fn uses_buffers(configuration: &Configuration, version: FlinkVersion) -> bool {
    let newer = [NETWORK_MIN, NETWORK_MAX, NETWORK_FRACTION];
    version.line().legacy_memory
        && read::is_set(configuration, NETWORK_BUFFERS)
        && !newer.iter().any(|key| read::is_set(configuration, key))
}

fn buffers(configuration: &Configuration) -> Result<u64, Problem> {
    let count = read::integer(configuration, NETWORK_BUFFERS, 0)?;
    let count = u64::try_from(count)
        .map_err(|_| Problem::new(NETWORK_BUFFERS[0], format!("`{count}` is less than none")))?;
    let segment = read::size(configuration, SEGMENT, DEFAULT_SEGMENT)?;
    if segment < LEAST_SEGMENT || !segment.is_power_of_two() {
        return Err(Problem::new(SEGMENT[0], format!("`{segment}` bytes are not a page size"))
            .hint("take a power of 2 from 4k on"));
    }
    count
        .checked_mul(segment)
        .filter(|bytes| *bytes <= MAX)
        .ok_or_else(|| Problem::new(NETWORK_BUFFERS[0], "more bytes than Flink can count"))
}

impl TaskManagerMemory {
    /// JVM heap, bytes.
    pub fn heap(&self) -> u64 {
        self.framework_heap + self.task_heap
    }

    /// What `-XX:MaxDirectMemorySize` bounds, bytes.
    pub fn direct(&self) -> u64 {
        self.framework_off_heap + self.task_off_heap + self.network
    }

    /// Total Flink memory, bytes.
    pub fn flink(&self) -> u64 {
        self.heap() + self.direct() + self.managed
    }

    /// Total process memory, bytes: what the container must allow.
    pub fn process(&self) -> u64 {
        self.flink() + self.jvm.metaspace + self.jvm.overhead
    }

    /// The JVM flags, as Flink's calculator prints them.
    pub fn jvm_args(&self) -> Vec<String> {
        vec![
            format!("-Xmx{}", self.heap()),
            format!("-Xms{}", self.heap()),
            format!("-XX:MaxDirectMemorySize={}", self.direct()),
            format!("-XX:MaxMetaspaceSize={}", self.jvm.metaspace),
        ]
    }

    /// The options that pin the result for the process itself, as Flink's calculator prints them.
    pub fn dynamic_options(&self) -> Vec<(String, String)> {
        let mut options: Vec<(String, String)> = [
            ("framework.heap.size", self.framework_heap),
            ("framework.off-heap.size", self.framework_off_heap),
            ("task.heap.size", self.task_heap),
            ("task.off-heap.size", self.task_off_heap),
            ("network.min", self.network),
            ("network.max", self.network),
            ("managed.size", self.managed),
            ("jvm-metaspace.size", self.jvm.metaspace),
            ("jvm-overhead.min", self.jvm.overhead),
            ("jvm-overhead.max", self.jvm.overhead),
        ]
        .map(|(key, bytes)| (format!("taskmanager.memory.{key}"), format!("{bytes}b")))
        .into();
        options.push((resources::CPU[0].to_owned(), java_double::text(self.cpu)));
        options.push((SLOTS[0].to_owned(), self.slots.to_string()));
        let names: Vec<&str> = self.external.iter().map(|(name, _)| name.as_str()).collect();
        let list = match (names.is_empty(), self.quotes_external) {
            (true, _) => "none".to_owned(),
            (false, true) => format!("\"{}\"", names.join(";")),
            (false, false) => names.join(";"),
        };
        options.push((resources::EXTERNAL.to_owned(), list));
        for (name, amount) in &self.external {
            options.push((format!("external-resource.{name}.amount"), amount.to_string()));
        }
        options
    }
}
